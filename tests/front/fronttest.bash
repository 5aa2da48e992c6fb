# shellcheck shell=bash disable=SC2154,SC2016
# For the tests beside this: a private mail server on a private machine
# (../rig/machine) that takes mail by SMTP and hands it to the real lmtpd, set
# up by the very files of conf/examples.  lmtpd, its configuration, its user
# and its sockets are where a sysadmin would have them.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load ../behaviour/postfixtest

examples=$BATS_TEST_DIRNAME/../../conf/examples
sms=sms.example.net

# example FILE [SED-SCRIPT]...: prints an example, changed where a test must
example() {
	local file=$1 script=
	shift
	for arg; do
		script+="$arg;"
	done
	sed -e "$script" "$examples/$file"
}

# put FILE: writes it, in the machine
put() {
	inside sh -euc 'mkdir -p "${1%/*}" && cat >"$1"' sh "$1"
}

# put_user NAME HOME: what adduser would do, where there is no such user yet
put_user() {
	inside sh -c 'getent passwd "$1" >/dev/null ||
	    useradd --system --user-group \
	    --home-dir "$2" --shell /usr/sbin/nologin "$1"' sh "$@"
}

# add_dovecot PACKAGE... <LOCAL.CONF: Dovecot and more packages of its, as
# Debian ships it but for that
add_dovecot() {
	"$rig/machine" add "$dir" dovecot-core "$@"
	put_user dovecot /usr/lib/dovecot
	put_user dovenull /nonexistent
	inside sh -euc '
		rm -rf /etc/dovecot /run/dovecot
		mkdir /etc/dovecot
		cp -r /usr/share/dovecot/dovecot.conf \
		    /usr/share/dovecot/conf.d /etc/dovecot/
		rm /etc/dovecot/conf.d/10-ssl.conf
	'
	put /etc/dovecot/local.conf
}

start_machine() {
	"$rig/machine" start -t 600 -b "$(dirname "$SERVE")" "$dir" 3>&-
}

# start_mx <MAIN.CF: a machine with Postfix (../rig/postfix), whose mail for
# others, bounces too, goes to the sink
start_mx() {
	{
		echo "default_transport = smtp:[127.0.0.1]:2525"
		cat
	} >"$dir/main.cf"
	cat >"$dir/master.cf" <<-MASTER
	smtp unix - - n - - smtp
	lmtp unix - - y - - lmtp
	MASTER
	"$rig/postfix" start -t 600 -b "$(dirname "$SERVE")" "$dir" 3>&-
	for address in 192.0.2.7 198.51.100.7; do
		inside ip address add "$address/32" dev lo
	done
}

# queued: the recipients that Postfix still has
queued() {
	inside postqueue -j | grep -o '"address": "[^"]*"' | cut -d'"' -f4
}

# Keeps the message below a line of facts, or does as the recipient says:
# exit75.x ends with 75, refuse.x with words, later.x with 75 until
# $dir/out/open is there, for which held.x waits.
put_recorder() {
	put_backend <<-'BACKEND'
	#!/bin/sh
	set -C		# one file a run, never written over
	case $LMTPD_RECIPIENT in
	exit*)
		code=${LMTPD_RECIPIENT#exit}
		exit "${code%%.*}" ;;
	refuse*)
		echo "5.3.9 the gateway says no" >&2
		exit 69 ;;
	later*)
		[ -e "$OUT/open" ] || exit 75 ;;
	held*)
		until [ -e "$OUT/open" ]; do sleep 0.1; done ;;
	esac
	{
		echo "client=$LMTPD_CLIENT_ADDRESS sender=$LMTPD_SENDER" \
		    "helo=$LMTPD_CLIENT_HELO"
		cat
	} >"$OUT/part.$$"
	mv "$OUT/part.$$" "$OUT/$LMTPD_RECIPIENT.$$"
	BACKEND
}

# write_site: what every configuration has, whomever it trusts
write_site() {
	cat <<-CONF
	hostname = "gw.example.test"
	state-dir = "/var/lib/lmtpd"
	max-message-size = 100000
	backend "keep" {
	  command = {"$dir/backend"}
	  environment = {"OUT=$dir/out"}
	}
	channel "closed" {	# to nobody's account
	  recipient = "closed*@*sms.example.net"
	  backend = "keep"
	  number = false
	}
	channel "any" {
	  recipient = "*@*sms.example.net"
	  backend = "keep"
	  number = false
	}
	channel "listed" {
	  recipient = "listed@probe.example.net"
	  backend = "keep"
	  number = false
	}
	account "acme" {
	  forwarding-user = "acme"
	  channel "any" { }
	  channel "listed" { }
	  domain "open.example.com" { security = {"none"} }
	  domain "net.example.com" { security = {"192.0.2.0/28"} }
	  domain "local.example.com" { security = {"local"} }
	}
	CONF
}

# put_site NAME [EXAMPLE]: /etc/lmtpd/NAME, of such an example and the above
put_site() {
	{
		[ $# -lt 2 ] || example "$2"
		write_site
	} | put "/etc/lmtpd/$1"
	inside sh -euc 'chgrp lmtpd "$1" && chmod 640 "$1"' sh "/etc/lmtpd/$1"
}

# The program in its place, whatever the build was told of paths.
install_lmtpd() {
	put_recorder
	cp "$LMTPD" "$dir/lmtpd.program"
	put_user lmtpd /var/lib/lmtpd
	inside sh -euc '
		install -d -m 700 -o lmtpd -g lmtpd /var/lib/lmtpd
		install -D "$1/lmtpd.program" /usr/local/libexec/lmtpd/lmtpd
	' sh "$dir"
	put /usr/local/sbin/lmtpd <<-'PROGRAM'
	#!/bin/sh
	[ "$(id -u)" -ne 0 ] || set -- -u lmtpd "$@"
	exec /usr/local/libexec/lmtpd/lmtpd -f /etc/lmtpd/lmtpd.conf "$@"
	PROGRAM
	inside chmod 755 /usr/local/sbin/lmtpd
	put_site lmtpd.conf
	start_syslogd
}

# The machine's /dev is its own, and so is what syslog(3) sends there.
start_syslogd() {
	cat >"$dir/syslogd" <<-'SYSLOGD'
	import os, socket, sys
	server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	server.bind("/dev/log.new")
	os.chmod("/dev/log.new", 0o666)
	os.rename("/dev/log.new", "/dev/log")
	with open(sys.argv[1], "wb", 0) as log:
	    while True:
	        log.write(server.recv(65536) + b"\n")
	SYSLOGD
	inside /usr/bin/python3 "$dir/syslogd" "$dir/syslog" \
	    </dev/null >"$dir/syslogd.log" 2>&1 3>&- &
	await inside test -S /dev/log
}

# unit_says KEY FILE...: the last value that a unit and its drop-ins give it
unit_says() {
	sed -n "s/^$1=\(..*\)/\1/p" "${@:2}" | tail -n 1
}

# listen_as EXAMPLE CONF: what systemd would do for lmtpd.socket with that
# drop-in, or as shipped where there is none.  A socket is for its group alone.
listen_as() {
	local units=("$BATS_TEST_DIRNAME/../../systemd/lmtpd.socket.in")
	local socket group where
	[ ! -e "$examples/$1/lmtpd.socket" ] ||
	    units+=("$examples/$1/lmtpd.socket")
	socket=$(unit_says ListenStream "${units[@]}")
	group=$(unit_says SocketGroup "${units[@]}")
	where=(-u "$socket")
	[[ $socket == /* ]] || where=(-p "${socket#127.0.0.1:}")
	inside "$SERVE" "${where[@]}" -t 600 \
	    /usr/local/sbin/lmtpd -f "/etc/lmtpd/$2" \
	    </dev/null >"$dir/serve.$1.log" 2>&1 3>&- &
	if [[ $socket == /* ]]; then
		await inside test -S "$socket"
		inside chgrp "$group" "$socket"
		inside chmod "$(unit_says SocketMode "${units[@]}")" "$socket"
	else
		await answers "${socket#*:}"
	fi
}

# answers PORT
answers() {
	inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}

# What the mail server's bounces and other mail come to.
start_sink() {
	mkdir -p "$dir/front" "$dir/behaviour" "$dir/sink"
	cp "$BATS_TEST_DIRNAME/sink.py" "$dir/front/"
	cp "$BATS_TEST_DIRNAME"/../behaviour/{smtp,tcp}server.py \
	    "$dir/behaviour/"
	inside /usr/bin/python3 -B "$dir/front/sink.py" 2525 "$dir/sink" \
	    </dev/null >"$dir/sink.log" 2>&1 3>&- &
	await grep -qs ready "$dir/sink.log"
}

# can_run_systemd: as process 1 of a private machine (../rig/systemd)
can_run_systemd() {
	can_overlay && command -v systemd-analyze >/dev/null &&
	    grep -q cgroup2 /proc/mounts
}

# hand NAME FROM TO: one message by LMTP, as root, to the socket
# as shipped; the dialogue
hand() {
	inside swaks --protocol LMTP --socket /run/lmtpd.sock \
	    --from "$2" --to "$3" --data "@$(message "$1")"
}

# put_client: inetclient.py, for the machine
put_client() {
	mkdir -p "$dir/front" "$dir/behaviour"
	cp "$BATS_TEST_DIRNAME/inetclient.py" "$dir/front/"
	cp "$BATS_TEST_DIRNAME"/../behaviour/{lmtpclient,proctest,taptest}.py \
	    "$dir/behaviour/"
}

# say_as USER SAY-ARGUMENT...: one message; all that comes back is in $dir/said.
# Whatever that is, it may be nothing but replies.
say_as() {
	inside setpriv --reuid="$1" --clear-groups \
	    /usr/bin/python3 -B "$dir/front/inetclient.py" say "${@:2}" \
	    >"$dir/said"
	cat "$dir/said"
	[ -s "$dir/said" ] && ! grep -avE $'^[2-5][0-9][0-9][ -].*\r$' \
	    "$dir/said"
}

# burst WHERE: 300 messages, each on a connection of its own, all at once.
# Those that were taken were delivered, no others, and none was refused.
burst() {
	rm -f "$dir"/out/burst*
	inside /usr/bin/python3 -B "$dir/front/inetclient.py" burst 300 "$1" \
	    a@open.example.com >"$dir/burst"
	cut -d" " -f2 "$dir/burst" | sort | uniq -c
	[ "$(grep -cE " (broken by .*|refused)$" "$dir/burst")" -eq 0 ]
	taken | cmp - <(find "$dir/out" -name "burst*" -printf '%f\n' |
	    sed 's/\.[0-9]*$//' | sort)
}

# taken: the recipients of the last burst who were
taken() {
	sed -n 's/ taken$//p' "$dir/burst" | sort
}

# tree NAME: all below processes of that name, each with its uids, gids and
# groups
tree() {
	inside ps -e -o pid=,ppid=,ruid=,euid=,suid=,fuid= \
	    -o rgid=,egid=,sgid=,fgid=,supgrp=,comm= | awk -v name="$1" '
		$12 == name { top[$1] = 1 }
		{ parent[$1] = $2; line[$1] = $0 }
		END {
			for (pid in line) {
				p = parent[pid]
				while (p > 1 && !(p in top))
					p = parent[p]
				if (p in top)
					print line[pid]
			}
		}'
}

# runs_below NAME COMMAND, none_below NAME
runs_below() {
	tree "$1" | grep -q " $2$"
}

none_below() {
	[ -z "$(tree "$1")" ]
}

# its_user_alone NAME GROUP...: lmtpd runs below that process as its own user,
# backend and all, in those groups
its_user_alone() {
	local uid gid
	tree "$1" >"$dir/tree"
	cat "$dir/tree"
	grep -q "backend$" "$dir/tree"
	[ "$(wc -l <"$dir/tree")" -ge 4 ]
	uid=$(inside id -u lmtpd)
	gid=$(inside id -g lmtpd)
	[ "$(awk '{ print $3, $4, $5, $6, $7, $8, $9, $10 }' "$dir/tree" |
	    sort -u)" = "$uid $uid $uid $uid $gid $gid $gid $gid" ]
	[ "$(awk '{ print $11 }' "$dir/tree" | sort -u | tr , "\n" | sort)" = \
	    "$(printf '%s\n' "${@:2}" | sort)" ]
}

# message NAME: writes one, and prints the path of what swaks is to send, which
# adds the last line end.  Its first field starts what nobody on the way may
# change.
message() {
	mkdir -p "$dir/mail"
	{
		printf '%s\n' "X-First: $1" "From: Alice <a@open.example.com>" \
		    "To: The gateway <gateway@$sms>" \
		    "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= to $1" \
		    "Date: Thu, 01 Jan 2026 00:00:00 +0000" \
		    "Message-ID: <$1@open.example.com>" "MIME-Version: 1.0" \
		    "Content-Type: text/plain; charset=utf-8" \
		    "Content-Transfer-Encoding: 8bit" "" "the first line" \
		    ".a dot" "..two dots" "." "" "From here on: Grüße" "QUIT"
		printf 'long %0900d\n' 7
		printf '\nthe last line\n'
	} >"$dir/mail/$1"
	head -c -1 "$dir/mail/$1" >"$dir/mail/$1.data"
	echo "$dir/mail/$1.data"
}

# send NAME FROM TO[,TO]... [SWAKS-OPTION...]: the message of that name, by SMTP
send() {
	submit --helo client.example.com --from "$2" --to "$3" \
	    --data "@$(message "$1")" "${@:4}"
}

# post NAME FROM TO...: as send, for addresses that swaks cannot take
post() {
	message "$1" >/dev/null
	inside /usr/bin/python3 - "$dir/mail/$1" "${@:2}" <<-'CLIENT'
	import smtplib, sys
	name, sender, *recipients = sys.argv[1:]
	with open(name, "rb") as f, smtplib.SMTP("127.0.0.1") as smtp:
	    smtp.sendmail(sender, recipients, f.read().replace(b"\n", b"\r\n"),
	                  ["SMTPUTF8"] if not sender.isascii() else [])
	CLIENT
}

# within_time COMMAND...: until it holds, or this long
within_time() {
	for _ in $(seq 300); do
		"$@" && return 0
		sleep 0.1
	done
	echo "waited in vain for: $*"
	return 1
}

# got TO NAME: within time a recipient has that message, whole, once
got() {
	within_time kept_once "$1"
	sed -n '/^X-First: /,$p' "$(kept "$1")" | cmp - "$dir/mail/$2"
}

# fact TO TEXT: what the backend of its one run was told
fact() {
	head -n 1 "$(kept "$1")" | grep -F -- "$2"
}

# none_kept TO...: no backend ran for any of them
none_kept() {
	for to; do
		kept_none "$to"
	done
}

# has_bounce NAME TEXT...: a bounce of that message, with all those texts
has_bounce() {
	local file
	for file in "$dir"/sink/*.mail; do
		! bounce_of "$file" "$@" || return 0
	done
	return 1
}

# bounce_of FILE NAME TEXT...
bounce_of() {
	local text
	grep -qs "<$2@open\.example\.com>" "$1" || return 1
	for text in "${@:3}"; do
		unfolded "$1" | grep -F -- "$text" >/dev/null || return 1
	done
}

# unfolded FILE: a bounce in one line, as mail servers fold replies
unfolded() {
	tr -s '\n\t ' ' ' <"$1"
}

# told NAME TEXT...: within time the sender has such a bounce
told() {
	within_time has_bounce "$@"
}

# untold NAME: nobody bounced it
untold() {
	[ "$(cat "$dir"/sink/*.mail 2>/dev/null |
	    grep -c "<$1@open\.example\.com>")" -eq 0 ]
}

# refused_in_words DOMAIN: what lmtpd and the gateway refuse is bounced in their
# words
refused_in_words() {
	send stranger a@stranger.example.com stranger@"$1"
	send hard a@open.example.com refuse.hard@"$1"
	told stranger "recipient <a@stranger.example.com>" \
	    stranger@"$1" "550 5.7.1" "not registered"
	told hard refuse.hard@"$1" "550 5.3.9" "the gateway says no"
	none_kept stranger@"$1" refuse.hard@"$1"
}

# deferred_until_open: Postfix keeps what is deferred, and delivers it once
deferred_until_open() {
	send later a@open.example.com later@$sms
	deferred later@$sms "451 4\.3\.0"
	queued | grep -qx later@$sms
	kept_none later@$sms
	: >"$dir/out/open"
	inside postqueue -f
	got later@$sms later
	rm "$dir/out/open"
	sent later@$sms
	untold later
}

# each_its_own_verdict: Postfix has one message to five, and keeps one of them
each_its_own_verdict() {
	local to=one@$sms,exit75.m@$sms,closed@$sms,refuse.m@$sms,two@$sms
	send mixed a@open.example.com $to
	got one@$sms mixed
	got two@$sms mixed
	told mixed closed@$sms "550 5.7.1" refuse.m@$sms "550 5.3.9"
	deferred exit75.m@$sms "451 4\.3\.0"
	none_kept exit75.m@$sms closed@$sms refuse.m@$sms
	[ "$(queued | grep "^\(one\|two\|closed\|.*\.m\)@")" = exit75.m@$sms ]
}

# verdicts PATTERN: lmtpd's lines about recipients that match
verdicts() {
	grep -E "$1" "$dir/syslog"
}

show_logs() {
	echo "--- the mail server's log:"
	maillog
	echo "--- lmtpd's:"
	tail -n 30 "$dir/syslog"
	tail -n 20 "$dir"/*.log
}
