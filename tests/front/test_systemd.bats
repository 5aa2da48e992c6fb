#!/usr/bin/env bats
# lmtpd as `make install` leaves it, under a systemd that is process 1 of a
# private machine (../rig/systemd): what its units allow, what they deny, and
# that no mail is lost at their limits.  A Postfix with a chrooted lmtp(8), set
# up as conf/examples/postfix says, and swaks deliver.
#
# Needs root, $SERVE and $builddir.

load fronttest

# What is installed looks for its own.
unset LMTPD_LIBEXECDIR LMTPD_DATADIR

chroot=/var/spool/postfix/lmtpd
state=/var/lib/lmtpd
units=(lmtpd.socket lmtpd@.service lmtpd-{sweep,verify}.{service,timer})

# --- the machine --------------------------------------------------------------

# make, but not as a part of the make that runs us
make_alone() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" "$@"
}

# Elsewhere systemd would not look for units.
usual_prefix() {
	printf 'include Makefile\nvalue:\n\t@echo $(prefix)\n' |
	    make_alone -f - value | grep -qx '/usr\(/local\)\?'
}

can_boot() {
	can_run_systemd && usual_prefix
}

# As a sysadmin would: whom make was told of is not there before
# systemd-sysusers.
install_all() {
	(umask 022 && make_alone install DESTDIR="$dir/installed")
	tar -C "$dir/installed" --owner=root --group=root -c . |
	    inside tar -x -C / --keep-directory-symlink --no-overwrite-dir
	inside systemd-sysusers
	inside systemd-tmpfiles --create
	inside chgrp lmtpd /etc/lmtpd/lmtpd.conf
}

# allow UNIT EXAMPLE [SED-SCRIPT]...: `systemctl edit`, by an example
allow() {
	example "${@:2}" | put "/etc/systemd/system/$1.d/${2##*/}.conf"
	inside systemctl daemon-reload
}

# take_back UNIT: it is as shipped again
take_back() {
	inside rm -r "/etc/systemd/system/$1.d"
	inside systemctl daemon-reload
}

# put_program PATH <SCRIPT: for whoever may execute it
put_program() {
	put "$1"
	inside chmod 755 "$1"
}

# What backends write is seen from outside in $dir/out.
put_backends() {
	put_recorder
	inside install "$dir/backend" /usr/local/libexec/recorder
	inside install -d -m 700 -o lmtpd -g lmtpd $state/out
	inside mount --bind "$dir/out" $state/out
	# what it leaves behind is in a session and a group of its own
	put_program /usr/local/libexec/hang <<-'HANG'
	#!/bin/sh
	trap ': >"$OUT/heard"; exit 69' TERM
	(setsid sleep 61713 &)
	sleep 61714 &
	: >"$OUT/hangs"
	wait
	HANG
	put_program /usr/local/libexec/count <<-'COUNT'
	#!/bin/sh
	echo "$LMTPD_RECIPIENT" >>"$OUT/counted"
	COUNT
	# try COMMAND: says what came of it
	put_program /usr/local/libexec/try <<-'TRY'
	#!/bin/sh
	. "$OUT/try" >"$OUT/tried" 2>&1
	TRY
}

# more_site NAME...: a backend and a channel each
more_site() {
	local name
	for name; do
		cat <<-CONF
		backend "$name" {
		  command = {"/usr/local/libexec/$name"}
		  environment = {"OUT=$state/out"}
		}
		channel "$name" {
		  recipient = "*$name@$sms"
		  backend = "$name"
		  number = false
		}
		CONF
	done
}

put_whole_site() {
	{
		example postfix/lmtpd.conf
		more_site hang count try
		cat <<-CONF
		backend "words" {
		  command = {"/usr/local/libexec/recorder"}
		  environment = {"OUT=$state/out"}
		  input = "text"
		}
		channel "words" {
		  recipient = "words@$sms"
		  backend = "words"
		  number = false
		}
		account "more" {
		  forwarding-user = "more"
		  channel "any" { }
		  channel "hang" { }
		  channel "count" { }
		  channel "try" { }
		  channel "words" { }
		  domain "more.example.com" { security = {"none"} }
		  domain "spf.example.com" { security = {"spf"} }
		  domain "proved.example.com" { verify = true }
		}
		CONF
		write_site
	} | sed "s|$dir/backend|/usr/local/libexec/recorder|
	    s|$dir/out|$state/out|" | put /etc/lmtpd/lmtpd.conf
}

write_zone() {
	cat <<-'ZONE'
	{"spf.example.com": [{"TXT": "v=spf1 ip4:192.0.2.7 -all"}]}
	ZONE
}

# serve_zone FILE ADDRESS
serve_zone() {
	inside /usr/bin/python3 -B "$dir/spf/dnsserver.py" "$dir/$1" "$2" \
	    </dev/null >"$dir/dns.$2.log" 2>&1 3>&- &
}

# One as systemd-resolved's stub, and one across the network.
start_name_servers() {
	local address
	mkdir "$dir/spf"
	cp "$BATS_TEST_DIRNAME/../spf/dnsserver.py" "$dir/spf/"
	write_zone >"$dir/zone"
	inside ip address add 192.0.2.53/32 dev lo
	for address in 127.0.0.53 192.0.2.53; do
		serve_zone zone $address
	done
	inside mkdir -p /run/systemd/resolve
	inside rm -f /etc/resolv.conf
	inside ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
	ask 127.0.0.53
}

# prove DOMAIN TOKEN: a name server that has it, asked from then on
prove() {
	echo "{\"$1\": [{\"TXT\": \"$2\"}]}" >"$dir/zone.proof"
	serve_zone zone.proof 127.0.0.55
	ask 127.0.0.55
	within_time inside lmtpctl domain verify "$1"
}

# ask ADDRESS: the machine's name server
ask() {
	echo "nameserver $1" | put /run/systemd/resolve/stub-resolv.conf
}

add_postfix() {
	example postfix/main.cf >"$dir/main.cf"
	cat >>"$dir/main.cf" <<-MAIN
	minimal_backoff_time = 1s
	maximal_backoff_time = 2s
	queue_run_delay = 1s
	MAIN
	echo "lmtp unix - - y - - lmtp" >"$dir/master.cf"
	"$rig/postfix" add "$dir" </dev/null 3>&-
	example postfix/transport | put /etc/postfix/transport
	inside postmap /etc/postfix/transport
}

setup_file() {
	can_boot || return 0
	"$rig/systemd" start -t 600 -b "$(dirname "$SERVE")" "$dir" \
	    </dev/null 3>&-
	install_all
	put_backends
	put_whole_site
	start_name_servers
	add_postfix
	allow lmtpd.socket postfix/lmtpd.socket \
	    's|^ListenStream=$|&\n&/run/lmtpd.sock|'
	inside systemctl start lmtpd.socket
}

setup() {
	can_boot || skip "no systemd can be booted here, or not in /usr"
	begin_case
	began=$(date +%s)
	rm -f "$dir"/out/hangs "$dir"/out/heard "$dir"/out/tried "$dir"/out/counted
}

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || show_all
	inside systemctl stop 'lmtpd@*'
}

show_all() {
	maillog | grep -v "overriding earlier entry"
	inside journalctl -q --no-pager -n 60 --since "@$began" |
	    grep -v "overriding earlier entry"
}

teardown_file() {
	can_boot || return 0
	"$rig/systemd" stop "$dir"
}

# --- what it does -------------------------------------------------------------

# hold NAME <COMMANDS: says that and waits; the replies are in $dir/NAME.said
hold() {
	cat >"$dir/hold.py" <<-'HOLD'
	import socket, sys
	with socket.socket(socket.AF_UNIX) as server:
	    server.connect("/run/lmtpd.sock")
	    server.sendall(sys.stdin.buffer.read().replace(b"\n", b"\r\n"))
	    while data := server.recv(4096):
	        print(data.decode(), end="", flush=True)
	HOLD
	cat >"$dir/$1.says"
	inside /usr/bin/python3 "$dir/hold.py" \
	    <"$dir/$1.says" >"$dir/$1.said" 2>&1 3>&- &
}

# hold_backend NAME: one that hangs, and has left another behind
hold_backend() {
	hold "$1" <<-COMMANDS
	LHLO x
	MAIL FROM:<a@more.example.com>
	RCPT TO:<hang@$sms>
	DATA
	Subject: x

	x
	.
	COMMANDS
	within_time test -e "$dir/out/hangs"
	within_time both_sleep
}

sleepers() {
	inside pgrep -fc '^sleep 6171[34]' || true
}

both_sleep() {
	[ "$(sleepers)" -eq 2 ]
}

# instances: the units of the connections, also of those that failed
instances() {
	inside systemctl list-units --all --plain --no-legend 'lmtpd@*' |
	    awk '{ print $1 }'
}

no_instance() {
	[ -z "$(instances)" ]
}

# only_instance: the unit of the only connection
only_instance() {
	local all
	all=$(instances)
	[ "$(echo "$all" | wc -l)" -eq 1 ]
	echo "$all"
}

# processes UNIT: their ids, inside
processes() {
	inside sh -c 'cat "/sys/fs/cgroup$(systemctl show -P ControlGroup "$1"
	    )/cgroup.procs"' sh "$1"
}

# journal_has TEXT: within time
journal_has() {
	within_time in_journal "$1"
}

in_journal() {
	inside journalctl -q --no-pager -o cat -t lmtpd |
	    grep -F -- "$1" >/dev/null
}

# tries NAME <SCRIPT: what comes of it where a backend does that
tries() {
	rm -f "$dir/out/tried"
	cat >"$dir/out/try"
	hand "$1" a@more.example.com try@$sms >"$dir/hand.out"
	cat "$dir/out/tried"
}

@test "systemd makes the user and the state directory" {
	[ "$(inside stat -c "%U %G %a" $state)" = "lmtpd lmtpd 700" ]
	[ "$(inside stat -c "%U %G %a" /etc/lmtpd/lmtpd.conf)" = \
	    "root lmtpd 640" ]
	[ "$(inside getent passwd lmtpd | cut -d: -f6,7)" = \
	    "$state:/usr/sbin/nologin" ]
}

@test "systemd has nothing to say against the units" {
	run inside systemd-analyze verify "${units[@]/@/@x}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the services are exposed no more than 1.2" {
	for unit in lmtpd@.service lmtpd-sweep.service lmtpd-verify.service; do
		file=$(find "$dir/installed" -name $unit)
		run systemd-analyze security --no-pager --offline=yes \
		    --threshold=12 "$file"
		[ "$status" -eq 0 ]
		exposure=$(echo "$output" | tr -s " " |
		    sed -n "s/.*exposure level.*: \([0-9.]*\).*/\1/p")
		echo "# figure: $unit: exposure $exposure" >&3
	done
}

@test "the socket is for its group alone" {
	for socket in /run/lmtpd.sock $chroot; do
		[ "$(inside stat -c "%F %U %G %a" $socket)" = \
		    "socket root postfix 660" ]
	done
	run inside runuser -u nobody -- swaks --protocol LMTP \
	    --socket /run/lmtpd.sock --quit-after CONNECT
	echo "$output" | grep "Permission denied"
	inside runuser -u postfix -- swaks --protocol LMTP \
	    --socket /run/lmtpd.sock --quit-after LHLO
}

@test "swaks delivers, whole and once, and the connection's unit is gone" {
	hand swaks a@open.example.com swaks@$sms | grep "250 2.0.0"
	got swaks@$sms swaks
	journal_has "recipient=<swaks@$sms>"
	within_time no_instance
}

@test "Postfix delivers from its chroot, and is believed" {
	send chroot a@net.example.com chroot@$sms --local-interface 192.0.2.7
	got chroot@$sms chroot
	fact chroot@$sms client=192.0.2.7
	sent chroot@$sms
	send far a@net.example.com far@$sms --local-interface 198.51.100.7
	bounced far@$sms "550 5\.7\.1"
}

@test "SPF is asked of a stub on this machine, and of a server elsewhere" {
	for server in 127.0.0.53 192.0.2.53; do
		ask $server
		send spf a@spf.example.com spf.$server@$sms \
		    --local-interface 192.0.2.7
		got spf.$server@$sms spf
		send forged a@spf.example.com forged.$server@$sms \
		    --local-interface 198.51.100.7
		bounced forged.$server@$sms "550 5\.7\.23"
	done
	ask 127.0.0.54		# where nobody answers
	send unknown a@spf.example.com unknown@$sms --local-interface 192.0.2.7
	deferred unknown@$sms "451 4\.7\.24"
	ask 127.0.0.53
	got unknown@$sms unknown
}

@test "the text of a message is made" {
	hand words a@more.example.com words@$sms | grep "250 2.0.0"
	within_time kept_once words@$sms
	grep -q "^the last line" "$(kept words@$sms)"
}

@test "every process of a connection is confined" {
	hold confined <<-COMMANDS
	LHLO x
	MAIL FROM:<a@open.example.com>
	RCPT TO:<held@$sms>
	DATA
	COMMANDS
	within_time grep -q ^354 "$dir/confined.said"
	unit=$(only_instance)
	uid=$(inside id -u lmtpd)
	[ "$(processes "$unit" | wc -l)" -eq 4 ]
	for pid in $(processes "$unit"); do
		inside cat "/proc/$pid/status" >"$dir/status"
		grep -P "^Uid:\t$uid\t$uid\t$uid\t$uid\$" "$dir/status"
		grep -P "^NoNewPrivs:\t1" "$dir/status"
		grep -P "^Seccomp:\t2" "$dir/status"
		[ "$(grep -cP "^Cap...:\t0+\$" "$dir/status")" -eq 5 ]
	done
	# root in their mounts
	in_there="nsenter -t $pid --mount --"
	for where in /usr /etc /var/lib /boot /dev; do
		run inside $in_there touch $where/x
		echo "$output" | grep "Read-only file system"
	done
	inside touch /home/x /root/x /tmp/x
	for where in /home /root /tmp; do
		[ -z "$(inside $in_there ls $where)" ]
	done
	[ -z "$(inside $in_there find /dev -type b)" ]
}

@test "a backend can write to the state directory and a /tmp of its own" {
	said=$(tries write <<-'TRY'
	for d in /usr /etc /home /var/spool /var/tmp /tmp "$OUT"; do
		touch "$d/b" && echo "to $d"
	done
	rm "$OUT/b"
	TRY
	)
	echo "$said"
	[ "$(echo "$said" | grep "^to /")" = "$(printf "to %s\n" \
	    /var/tmp /tmp $state/out)" ]
	[ "$(inside find /tmp /var/tmp -maxdepth 1 -name b)" = "" ]
}

@test "a backend sees no other user's process, nor the kernel's files" {
	said=$(tries see <<-'TRY'
	for f in 1/comm kmsg cpuinfo; do
		cat /proc/$f
	done
	TRY
	)
	echo "$said"
	[ "$(echo "$said" | grep -c "No such file")" -eq 3 ]
}

@test "a backend reaches the network" {
	said=$(tries reach <<-'TRY'
	python3 -c "import socket
	print(socket.create_connection(('127.0.0.1', 25)).recv(3))"
	TRY
	)
	[ "$said" = "b'220'" ]
}

@test "a backend gains nothing by system calls that few programs need" {
	said=$(tries calls <<-'TRY'
	touch "$OUT/b"
	chown lmtpd "$OUT/b"
	chmod u+s "$OUT/b"
	chrt -b 0 true
	unshare -U true
	python3 -c "import mmap; mmap.mmap(-1, 9, prot=7)"
	python3 -c "import socket
	socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"
	TRY
	)
	echo "$said"
	[ "$(echo "$said" | grep -c "Operation not permitted")" -eq 5 ]
	[ "$(echo "$said" | grep -c "Address family not supported")" -eq 1 ]
}

@test "a mistake in lmtpd.conf is 421, and the journal has its line" {
	inside sh -c 'echo "nonsense = 1" >>/etc/lmtpd/lmtpd.conf'
	run hand mistake a@open.example.com mistake@$sms
	put_whole_site
	echo "$output" | grep "421 4.3.5"
	journal_has "no such option 'nonsense'"
	within_time no_instance
}

@test "a connection that is stopped says so, and takes its backends along" {
	hold_backend stopped
	inside systemctl stop "$(only_instance)"
	[ "$(sleepers)" -eq 0 ]
	within_time grep "^451 4.3.2" "$dir/stopped.said"
	[ ! -e "$dir/out/heard" ]
	within_time no_instance
}

@test "a connection that is killed leaves nothing behind" {
	hold_backend killed
	inside systemctl kill --signal=KILL "$(only_instance)"
	within_time no_instance
	[ "$(sleepers)" -eq 0 ]
	! grep "^250 2.0.0" "$dir/killed.said"
}

@test "domains are verified, and the state is swept, by their units" {
	token=$(inside lmtpctl domain token proved.example.com |
	    sed -n 's/.* IN TXT "\(.*\)"$/\1/p')
	[ -n "$token" ]
	run inside systemctl start lmtpd-verify.service
	[ "$status" -ne 0 ]
	prove proved.example.com "$token"
	inside systemctl start lmtpd-verify.service
	hand swept a@open.example.com swept@$sms | grep "250 2.0.0"
	[ -n "$(inside find $state/done -type f -size +0)" ]
	echo 'remember = 0' | inside tee -a /etc/lmtpd/lmtpd.conf
	inside systemctl start lmtpd-sweep.service
	put_whole_site
	[ -z "$(inside find $state/done -type f -size +0)" ]
}

@test "a drop-in lets a backend write to a spool directory" {
	inside groupadd --system --force smsd
	inside install -d -m 2775 -g smsd /var/spool/sms \
	    /var/spool/sms/outgoing
	cat >"$dir/spool" <<-'TRY'
	touch /var/spool/sms/x && rm /var/spool/sms/x
	for usr in /usr/local /usr; do
		[ ! -x "$usr/share/lmtpd/smstools" ] || break
	done
	echo words | "$usr/share/lmtpd/smstools" 41791234567
	TRY
	said=$(tries no-spool <"$dir/spool")
	[[ $said == *"Read-only file system"*"no access to the spool"* ]]
	allow lmtpd@.service systemd/spool.conf
	said=$(tries spool <"$dir/spool")
	take_back lmtpd@.service
	[ -z "$said" ]
	[ "$(inside sh -c 'stat -c "%U %G %a" /var/spool/sms/outgoing/*')" = \
	    "lmtpd smsd 660" ]
}

# Dovecot whose mailboxes are all vmail's
start_dovecot() {
	put_user vmail /var/vmail
	inside install -d -m 700 -o vmail -g vmail /var/vmail
	add_dovecot <<-'DOVECOT'
	ssl = no
	mail_location = maildir:~/Maildir
	userdb {
	  driver = static
	  args = uid=vmail gid=vmail home=/var/vmail/%u allow_all_users=yes
	}
	DOVECOT
	inside systemctl daemon-reload
	inside systemctl start dovecot
}

# desk NAME [SED-SCRIPT]: what a mail to desk's mailbox comes to with the
# drop-in, changed
desk() {
	allow lmtpd@.service systemd/dovecot.conf "${@:2}"
	for service in lmtpd-sweep lmtpd-verify; do
		allow $service.service systemd/dovecot.conf '/^\[\|^User=/!d'
	done
	example dovecot-lda.conf 's|"192.0.2.0/28"|"none"|' |
	    put /etc/lmtpd/lmtpd.conf
	hand "$1" a@open.example.com desk@box.example.net || true
	inside systemctl start lmtpd-sweep.service
	inside find /var/vmail -type f -path '*/new/*'
	put_whole_site
	for service in lmtpd@ lmtpd-sweep lmtpd-verify; do
		take_back $service.service
	done
}

@test "a drop-in lets dovecot-lda deliver, and make the mailbox" {
	start_dovecot
	inside adduser --quiet vmail lmtpd
	denied=$(desk denied "/^SystemCallFilter=/d")
	inside rm -rf /var/vmail/desk
	said=$(desk made)
	owner=$(inside stat -c %U $state)
	inside systemctl stop dovecot
	echo "$denied $said"
	[[ $denied == *"451 4.3.0"* ]]
	[[ $said == *"250 2.0.0"*"/var/vmail/desk/Maildir/new/"* ]]
	[ "$(inside stat -c %U "$(echo "$said" | tail -n 1)")" = vmail ]
	[ "$owner" = vmail ]
	hand back a@open.example.com back@$sms | grep "250 2.0.0"
}

@test "a drop-in lets a large gateway program run" {
	put_program /home/gateway/bin/gateway <<-'GATEWAY'
	#!/usr/bin/python3
	import mmap, socket
	mmap.mmap(-1, 9, prot=7)
	socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
	open("/proc/meminfo").close()
	print("it runs")
	GATEWAY
	echo /home/gateway/bin/gateway >"$dir/gateway"
	[[ $(tries no-gateway <"$dir/gateway") != *"it runs"* ]]
	allow lmtpd@.service systemd/gateway.conf
	said=$(tries gateway <"$dir/gateway")
	take_back lmtpd@.service
	echo "$said"
	[ "$said" = "it runs" ]
}

@test "a drop-in makes lmtpd another user, whose the state then is" {
	inside useradd --system --gid nogroup fax
	inside adduser --quiet fax lmtpd
	for service in lmtpd@ lmtpd-sweep lmtpd-verify; do
		allow $service.service systemd/user.conf
	done
	said=$(tries user <<<"id -un")
	owner=$(inside stat -c %U $state)
	inside systemctl start lmtpd-sweep.service
	run inside lmtpctl check
	for service in lmtpd@ lmtpd-sweep lmtpd-verify; do
		take_back $service.service
	done
	echo "$output"
	[ "$status" -eq 1 ]		# the site has security = {"none"}
	[ "$(echo "$output" | grep -cv '^warning: .*/lmtpd.conf:')" -eq 0 ]
	[ "$said" = fax ]
	[ "$owner" = fax ]
	[ "$(tries user-again <<<"id -un")" = lmtpd ]
}

@test "a drop-in leaves no network where no rule asks the DNS" {
	cat >"$dir/net" <<-'TRY'
	python3 -c "import socket; socket.socket()"
	readlink /proc/self/ns/net
	TRY
	allow lmtpd@.service systemd/no-dns.conf
	said=$(tries no-dns <"$dir/net")
	send local a@net.example.com local@$sms --local-interface 192.0.2.7
	got local@$sms local
	take_back lmtpd@.service
	echo "$said" | grep "Address family not supported"
	echo "$said" | grep "^net:"
	[[ $said != *$(inside readlink /proc/self/ns/net)* ]]
}

@test "of 1,000 connections at once some are served, and the socket lives" {
	cat >"$dir/burst.py" <<-'BURST'
	import resource, socket
	resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
	clients = [socket.socket(socket.AF_UNIX) for _ in range(1000)]
	for client in clients:
	    client.setblocking(False)       # as an MTA does
	    client.connect("/run/lmtpd.sock")
	greetings = []
	for client in clients:
	    client.settimeout(60)
	    try:
	        greetings.append(client.recv(3))
	    except ConnectionResetError:
	        greetings.append(b"")
	print(greetings.count(b"220"), greetings.count(b""))
	BURST
	read -r served closed < <(inside /usr/bin/python3 "$dir/burst.py")
	echo "$served served, $closed closed"
	[ "$served" -ge 100 ]		# all of a Postfix's
	[ $((served + closed)) -eq 1000 ]
	[ "$served" -le "$(inside systemctl show -P MaxConnections \
	    lmtpd.socket)" ]
	inside systemctl is-active lmtpd.socket
	hand after a@open.example.com after@$sms | grep "250 2.0.0"
	within_time no_instance
}

all_counted() {
	[ "$(wc -l <"$dir/out/counted")" -ge 1000 ]
}

none_queued() {
	[ -z "$(queued)" ]
}

@test "of 1,000 mails over a limit each arrives, once" {
	echo "[Socket]
	MaxConnections=4" | put /etc/systemd/system/lmtpd.socket.d/most.conf
	inside systemctl daemon-reload
	inside smtp-source -d -s 10 -m 1000 -N -f a@more.example.com \
	    -t count@$sms 127.0.0.1:25
	# A mail that Postfix tries again while its lmtp(8) still holds it is
	# put back into incoming, which is next looked at when mail comes or
	# on a word.
	for _ in 1 2 3 4 5; do
		! within_time all_counted || break
		inside postqueue -f
	done
	within_time none_queued
	inside rm /etc/systemd/system/lmtpd.socket.d/most.conf
	inside systemctl daemon-reload
	[ "$(wc -l <"$dir/out/counted")" -eq 1000 ]
	[ "$(sort -u "$dir/out/counted" | wc -l)" -eq 1000 ]
	echo "# figure: 1,000 mails, deferred $(maillog |
	    grep -c "status=deferred") times at MaxConnections=4" >&3
	maillog | grep -q "status=deferred"
}
