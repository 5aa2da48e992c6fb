#!/usr/bin/env bats
# Keyword addresses in real mail: a private Postfix (../rig/postfix) hands lmtpd
# a number and, from Cc, a keyword.  What Postfix logs of each recipient is what
# its users would see.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load postfixtest

key=hZavjjx5JT1Y2ff
old=Qm7vTr0xLwPd3
fax=Rf4nUy8cKzEb6
sms=sms.example.test
one=one.sms.example.test	# a transaction for each recipient
probe=probe.sms.example.test	# smtpd verifies its addresses

# Keeps all that a run can see: what it was told, then the message.
write_backend() {
	put_backend <<-'BACKEND'
	#!/bin/sh
	set -C		# one file a run, never written over
	exec >"$OUT/$LMTPD_RECIPIENT.$$"
	tr '\0' ' ' <"/proc/$$/cmdline"
	tr '\0\n' '  ' <"/proc/$$/environ"
	echo
	exec cat
	BACKEND
}

write_conf() {
	put_conf <<-CONF
	hostname = "gw.example.test"
	state-dir = "$dir/state"
	trusted-peers = {"postfix"}
	backend "keep" {
	  command = {"$dir/backend", "%n", "%r", "%l", "%s", "%q"}
	  environment = {"OUT=$dir/out"}
	}
	channel "fax" {
	  recipient = "*@fax.example.test"
	  backend = "keep"
	}
	channel "sms" {
	  recipient = "*@*sms.example.test"
	  backend = "keep"
	}
	account "acme" {
	  forwarding-user = "acme"
	  channel "sms" { security-string = "$key;$old" }
	  channel "fax" { security-string = "$fax" }
	  domain "open.example.com" { security = {"none"} }
	}
	CONF
}

write_postfix() {
	cat >"$dir/main.cf" <<-MAIN
	lmtp_send_xforward_command = yes
	transport_maps = inline:{
	  { $sms = lmtp:unix:$dir/lmtpd.sock }
	  { fax.example.test = lmtp:unix:$dir/lmtpd.sock }
	  { $probe = lmtp:unix:$dir/lmtpd.sock }
	  { $one = one:unix:$dir/lmtpd.sock } }
	one_destination_recipient_limit = 1
	smtpd_recipient_restrictions = check_recipient_access
	  inline:{ { $probe = reject_unverified_recipient } }
	unverified_recipient_reject_code = 550
	address_verify_poll_delay = 1s
	MAIN
	cat >"$dir/master.cf" <<-MASTER
	one unix - - n - - lmtp flags=DOR
	MASTER
}

# The overlay's /dev is its own, and so is what syslog(3) sends there.
write_syslogd() {
	cat >"$dir/syslogd" <<-'SYSLOGD'
	import os, socket, sys
	server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	server.bind("/dev/log")
	os.chmod("/dev/log", 0o666)
	with open(sys.argv[1], "wb", 0) as log:
	    while True:
	        log.write(server.recv(65536) + b"\n")
	SYSLOGD
}

start_daemons() {
	inside /usr/bin/python3 "$dir/syslogd" "$dir/syslog" \
	    </dev/null >"$dir/syslogd.log" 2>&1 3>&- &
	await inside test -e /dev/log
	listen lmtpd "$dir/lmtpd.conf"
}

setup_file() {
	can_overlay || return 0
	write_backend
	write_conf
	write_postfix
	write_syslogd
	start_postfix
	start_daemons
}

setup() {
	begin_case
	rm -f "$dir"/out/*
}

teardown() {
	[ -z "$BATS_TEST_COMPLETED" ] || return 0
	show_logs
	echo "--- runs:"
	tail -n 99 "$dir"/out/*
}

# mail TO CC [SWAKS OPTION...]: one message for all of both
mail() {
	to=$1
	cc=$2
	shift 2
	submit --helo client.example.com --from a@open.example.com \
	    --to "$to,$cc" --body "key: $key" \
	    --header "To: $to" --add-header "Cc: $cc" "$@"
}

# Postfix keeps nothing, within twenty seconds: all is settled.
queue_empty() {
	for _ in $(seq 200); do
		[ -n "$(inside postqueue -j)" ] || return 0
		sleep 0.1
	done
	inside postqueue -p
	return 1
}

# ran_once TO: one backend ran since the test began, for that recipient
ran_once() {
	find "$dir/out" -type f
	[ "$(find "$dir/out" -type f | wc -l)" -eq 1 ]
	file=$(find "$dir/out" -name "$1.*")
	[ -n "$file" ]
}

ran_none() {
	[ -z "$(find "$dir/out" -type f)" ]
}

# header FILE: the fields that a backend got, its arguments in front
header() {
	sed '/^$/q' "$1"
}

# Neither a backend's arguments, environment and header nor any log of lmtpd's
# has a keyword; /dev/log got as many lines as stderr.
hidden() {
	for file in "$dir"/out/*; do
		[ ! -e "$file" ] || header "$file" >>"$dir/told"
	done
	cat "$dir/lmtpd.log" "$dir/syslog" >>"$dir/told"
	for word in "$key" "$old" "$fax"; do
		[ "$(grep -ic "$word" "$dir/told")" -eq 0 ]
	done
	[ "$(grep -c ' recipient=' "$dir/syslog")" -eq \
	    "$(grep -c ' recipient=' "$dir/lmtpd.log")" ]
	grep -q " recipient=<\*@" "$dir/syslog"
}

# gone FILE DOMAIN: Cc's keyword is x in the header, the body is as it came
gone() {
	grep -qx "Cc: xxxxxxxxxxxxxxx@$2" "$1"
	grep -qx "key: $key" "$1"
}

@test "P08 a number in To and a keyword in Cc: one run, both sent" {
	mail "0041791234567@$sms" "$key@$sms"
	sent "0041791234567@$sms"
	sent "$key@$sms"
	queue_empty
	unlogged "status=(bounced|deferred)"
	logged "to=<$key@$sms>.*250 2\.0\.0 <\*@$sms>: keyword taken, id "
	ran_once "0041791234567@$sms"
	grep -q "/backend +41791234567 0041791234567@$sms 0041791234567 " "$file"
	gone "$file" "$sms"
	hidden
}

@test "P08 two keywords, two numbers, another channel's keyword" {
	mail "0041791234567@$sms,0041791234567@fax.example.test" \
	    "$key@$sms,$old@$sms,$fax@fax.example.test"
	for to in "0041791234567@$sms" "$key@$sms" "$old@$sms" \
	    "0041791234567@fax.example.test" "$fax@fax.example.test"; do
		sent "$to"
	done
	queue_empty
	unlogged "status=(bounced|deferred)"
	[ "$(find "$dir/out" -type f | wc -l)" -eq 2 ]
	hidden
}

@test "P08 a wrong keyword bounces alone: the number is delivered" {
	mail "0041791234567@$sms" "nonsense@$sms" --add-header "X-Key: $key"
	sent "0041791234567@$sms"
	bounced "nonsense@$sms" "said: 550 5\.1\.1 <\*@$sms>: "
	queue_empty
	unlogged "to=<0041791234567@$sms>.* status=bounced"
	ran_once "0041791234567@$sms"
	grep -qx "X-Key: xxxxxxxxxxxxxxx" "$file"
	[ "$(grep -c nonsense "$dir/lmtpd.log")" -eq 0 ]
	hidden
}

@test "P08 the keyword of another channel bounces alone" {
	mail "0041791234567@$sms" "$fax@$sms" --add-header "X-Key: $key"
	sent "0041791234567@$sms"
	bounced "$fax@$sms" "said: 550 5\.1\.1 <\*@$sms>: "
	queue_empty
	ran_once "0041791234567@$sms"
	hidden
}

@test "P08 a transaction for each recipient: the same" {
	mail "0041791234567@$one" "$key@$one"
	sent "0041791234567@$one"
	sent "$key@$one"
	queue_empty
	unlogged "status=(bounced|deferred)"
	ran_once "0041791234567@$one"
	gone "$file" "$one"
	grep -q "LMTPD_ORIGINAL_RECIPIENT=0041791234567@$one" "$file"
	hidden
}

@test "P08 a transaction for each recipient: a wrong one bounces alone" {
	mail "0041791234567@$one" "nonsense@$one" --add-header "X-Key: $key"
	sent "0041791234567@$one"
	bounced "nonsense@$one" "said: 550 5\.1\.1 <\*@$one>: "
	queue_empty
	ran_once "0041791234567@$one"
	hidden
}

@test "P08 a keyword alone is sent, and nothing runs" {
	submit --helo client.example.com --from a@open.example.com \
	    --to "$key@$sms" --body hello
	sent "$key@$sms"
	queue_empty
	unlogged "status=(bounced|deferred)"
	ran_none
	hidden
}

@test "P08 the keyword in Bcc: the number bounces, the keyword is sent" {
	submit --helo client.example.com --from a@open.example.com \
	    --to "0041791234567@$sms,$key@$sms" \
	    --header "To: 0041791234567@$sms" --body "key: $key"
	sent "$key@$sms"
	bounced "0041791234567@$sms" "said: 550 5\.7\.1 .*no security string"
	queue_empty
	ran_none
	hidden
}

@test "P08 a sender who is unknown is bounced for both alike" {
	mail "0041791234567@$sms" "$key@$sms" --from a@stranger.example.com
	bounced "0041791234567@$sms" "said: 550 5\.7\.1 .*RCPT TO"
	bounced "$key@$sms" "said: 550 5\.7\.1 <\*@$sms>.*RCPT TO"
	queue_empty
	ran_none
	hidden
}

@test "P08 address verification is no oracle, and learns nothing false" {
	mail "0041791234567@$probe" "$key@$probe,nonsense@$probe" \
	    --from a@stranger.example.com
	bounced "$key@$probe" "said: 550 5\.7\.1 "
	mail "0041791234567@$probe" "$key@$probe,gibberish@$probe"
	sent "0041791234567@$probe"
	sent "$key@$probe"
	bounced "gibberish@$probe" "said: 550 5\.1\.1 "
	mail "0041791234568@$probe" "$key@$probe,gibberish@$probe"
	sent "0041791234568@$probe"
	queue_empty
	unlogged "NOQUEUE: reject"
	logged "to=<$key@$probe>.* status=deliverable"
	logged "to=<nonsense@$probe>.* status=deliverable"
	unlogged "status=undeliverable"
	[ "$(find "$dir/out" -type f | wc -l)" -eq 2 ]
	hidden
}
