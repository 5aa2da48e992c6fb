#!/usr/bin/env bats
# inetd in front, Debian's two, which cannot be installed side by side: each has
# a machine of its own, and on it every service of conf/examples/inetd and
# xinetd, and one whose root names no user.  Both put standard error on the
# socket too.
#
# Needs root, $LMTPD and $SERVE, the programs under test and ../rig/serve, and
# $builddir, whose Makefile knows configure's user.

load fronttest

inetd_services="unix user root default"
xinetd_services="user root default"

# on SERVER COMMAND...: on the machine of that one
on() {
	dir=$BATS_FILE_TMPDIR/$1
	"${@:2}"
}

# each COMMAND...: for every service, with SERVER and SERVICE in its arguments
each() {
	local server service services args
	for server in inetd xinetd; do
		services=${server}_services
		for service in ${!services}; do
			args=("${@//SERVER/$server}")
			echo "--- $server, $service:"
			on "$server" "${args[@]//SERVICE/$service}"
		done
	done
}

# where SERVICE: where it listens; those by root are not on the example's port
where() {
	case $1 in
	unix) echo /run/lmtpd.sock ;;
	user) echo 24 ;;
	root) echo 25 ;;
	default) echo 26 ;;
	esac
}

# The program as a sysadmin has it, which has to become its user by itself, and
# what it or another may write to standard error.
put_program() {
	put /usr/local/sbin/lmtpd <<-PROGRAM
	#!/bin/sh
	[ ! -e $dir/noise ] || echo noise >&2
	[ ! -e $dir/debug ] || set -- -d "\$@"
	exec /usr/local/libexec/lmtpd/lmtpd -f /etc/lmtpd/lmtpd.conf "\$@"
	PROGRAM
	inside chmod 755 /usr/local/sbin/lmtpd
}

# configure's user, by whatever name, is the one that has the files here.
put_default_user() {
	inside sh -c 'id "$1" >/dev/null 2>&1 ||
	    useradd -o -u "$(id -u lmtpd)" -g lmtpd "$1"' sh \
	    "$(sed -n 's/^user = //p' "$builddir/Makefile")"
}

# inetd_line N [SED-COMMAND]: one of the example's services, comment or not
inetd_line() {
	example inetd/inetd.conf 's/^#\{0,1\}\([^ ]* stream \)/\1/' \
	    '/ stream /!d' "${2-}" | sed -n "$1p"
}

# The example, and its comments.
put_inetd() {
	{
		example inetd/inetd.conf
		inetd_line 2
		inetd_line 3 's/:24/:25/'
		inetd_line 3 's/:24/:26/;s/ -u lmtpd//'
	} | put /etc/inetd.conf
	inside inetd -i </dev/null >"$dir/inetd.log" 2>&1 3>&- &
	await inside test -S /run/lmtpd.sock
}

# xinetd_as NAME PORT SED-COMMAND: the example with the user that is a comment
xinetd_as() {
	example xinetd/lmtpd "s/^service lmtpd/&-$1/" "s/= 24/= $2/" \
	    '/user.*= lmtpd/d' "$3" | put "/etc/xinetd.d/lmtpd-$1"
}

put_xinetd() {
	example xinetd/lmtpd | put /etc/xinetd.d/lmtpd
	xinetd_as root 25 's/^#\t/\t/'
	xinetd_as default 26 's/^#\(\tuser\)/\1/'
	inside xinetd -dontfork </dev/null >"$dir/xinetd.log" 2>&1 3>&- &
}

# start_site SERVER PACKAGE: its machine
start_site() {
	mkdir "$dir"
	start_machine
	"$rig/machine" add "$dir" netbase "$2"
	install_lmtpd
	put_program
	put_default_user
	put_user postfix /nonexistent
	inside usermod -a -G mail lmtpd
	put_site lmtpd.conf inetd/lmtpd.conf
	put_client
	put_"$1"
	for port in 24 25 26; do
		await answers $port
	done
}

setup_file() {
	can_overlay || return 0
	on inetd start_site inetd openbsd-inetd
	on xinetd start_site xinetd xinetd
}

setup() {
	can_overlay || skip "no overlay: not root, or namespaces are denied"
}

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] ||
	    tail -n 20 "$BATS_FILE_TMPDIR"/*/syslog "$BATS_FILE_TMPDIR"/*/*.log
}

teardown_file() {
	on inetd "$rig/machine" stop "$dir"
	on xinetd "$rig/machine" stop "$dir"
}

# say SERVICE SENDER TO [CLIENT]: by the mail server
say() {
	say_as postfix "$(where "$1")" "$2" "$3" 127.0.0.1 "${@:4}"
}

# said REPLY...: they were among the replies
said() {
	local reply
	for reply; do
		grep -q "^$reply" "$dir/said"
	done
}

take() {
	say "$1" a@net.example.com in.$1@$sms 192.0.2.7
	said "250 2.0.0 <in.$1@$sms>: delivered, id "
	kept_once in.$1@$sms
	fact in.$1@$sms "client=192.0.2.7 sender=a@net.example.com"
}

@test "a message is taken, from whom the mail server says" {
	each take SERVICE
}

refuse() {
	say "$1" a@stranger.example.com stranger.$1@$sms
	said "550 5.7.1 <stranger.$1@$sms>: .*not registered"
	say "$1" a@net.example.com out.$1@$sms 198.51.100.7
	said "550 5.7.1 <out.$1@$sms>: "
	say "$1" a@open.example.com refuse.$1@$sms
	said "550 5.3.9 <refuse.$1@$sms>: the gateway says no"
	none_kept stranger.$1@$sms out.$1@$sms refuse.$1@$sms
}

@test "a message is refused, by lmtpd and by the gateway" {
	each refuse SERVICE
}

# distrust SERVICE: of a unix socket the user counts, of TCP the address
distrust() {
	local user=postfix
	[ "$1" != unix ] || user=nobody
	say_as $user "$(where "$1")" a@net.example.com forged.$1@$sms \
	    192.0.2.7 192.0.2.7
	[ "$(grep -c "^250.XFORWARD" "$dir/said")" -eq 0 ]
	said "451 4.7.1 <forged.$1@$sms>: "
	kept_none forged.$1@$sms
}

@test "nobody else says where a message is from" {
	each distrust SERVICE
}

run_held() {
	say "$2" a@open.example.com held.$2@$sms >"$dir/held" &
	within_time runs_below "$1" backend
	its_user_alone "$1" "$(inside id -gn lmtpd)" mail
	: >"$dir/out/open"
	wait $!
	rm "$dir/out/open"
	said "250 2.0.0 <held.$2@$sms>: "
}

@test "all that runs is lmtpd's user, in its groups, whoever starts it" {
	each run_held SERVER SERVICE
}

mistake() {
	inside sh -c 'cp -p /etc/lmtpd/lmtpd.conf /etc/lmtpd/right.conf &&
	    echo chanel >>/etc/lmtpd/lmtpd.conf'
	say "$1" a@open.example.com wrong.$1@$sms
	[ "$(cut -c1-10 "$dir/said")" = "421 4.3.5 " ]
	within_time verdicts "lmtpd.conf:[0-9]+: .*chanel"
	inside mv /etc/lmtpd/right.conf /etc/lmtpd/lmtpd.conf
	say "$1" a@open.example.com wrong.$1@$sms
	said "250 2.0.0 "
}

@test "a mistake in the configuration is 421, until it is mended" {
	each mistake SERVICE
}

# Each say wants nothing but replies.
shout() {
	: >"$dir/debug"
	say "$1" a@open.example.com refuse.$1@$sms
	say "$1" a@open.example.com loud.$1@$sms
	said "250 2.0.0 "
	: >"$dir/noise"
	run say "$1" a@open.example.com loud.$1@$sms
	rm "$dir/debug" "$dir/noise"
	[ "$status" -ne 0 ]
	[ "$(head -n 1 "$dir/said")" = noise ]
}

@test "nothing but replies comes back, though standard error is the socket" {
	each shout SERVICE
}

# files_of NAME: how many the process has open
files_of() {
	inside sh -c 'ls "/proc/$(pidof "$1")/fd" | wc -l' sh "$1"
}

# flood SERVER SERVICE N: a burst, of which so many have to be taken
flood() {
	local before
	before=$(files_of "$1")
	burst "$(where "$2")"
	[ "$(taken | wc -l)" -ge "$3" ]
	[ "$(grep -cE "failing|[Dd]eactivating" "$dir/syslog")" -eq 0 ]
	say "$2" a@open.example.com after.$2@$sms
	said "250 2.0.0 "
	within_time none_below "$1"
	[ "$(files_of "$1")" -eq "$before" ]
}

# The examples say why: by default, neither server would go on.  With TCP the
# kernel may lose some of so many, and xinetd hangs up on those above its
# "instances": a mail server sends again.
@test "300 connections at once are served, or deferred by xinetd and TCP" {
	on inetd flood inetd unix 300
	on inetd flood inetd user 50
	on xinetd flood xinetd user 50
}

@test "nothing is left behind" {
	for server in inetd xinetd; do
		on $server within_time none_below $server
		on $server left >"$BATS_TEST_TMPDIR/left"
		cat "$BATS_TEST_TMPDIR/left"
		[ ! -s "$BATS_TEST_TMPDIR/left" ]
	done
}

# What lmtpd's user still has, but for what it is to remember.
left() {
	inside ps -u lmtpd -o pid=,args= || true
	inside find /tmp /dev/shm /run -xdev -user lmtpd
	inside find /var/lib/lmtpd -type f ! -path "*/done/*" ! -path "*/seen/*"
}
