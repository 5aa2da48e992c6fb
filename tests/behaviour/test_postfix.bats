#!/usr/bin/env bats
# Real mail: a private Postfix (../rig/postfix) hands it to the real lmtpd, and
# what its log says of each recipient is what its users would see.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load postfixtest

# Keeps the message below a line of facts, or exits with the code that the
# recipient names: exit75.b@... with 75.
write_backend() {
	put_backend <<-'BACKEND'
	#!/bin/sh
	set -C		# one file a run, never written over
	code=${LMTPD_RECIPIENT#exit}
	[ "$code" = "$LMTPD_RECIPIENT" ] || exit "${code%%.*}"
	exec >"$OUT/$LMTPD_RECIPIENT.$$"
	echo "client=$LMTPD_CLIENT_ADDRESS qid=$LMTPD_QUEUE_ID"
	exec cat
	BACKEND
}

write_conf() {
	put_conf <<-CONF
	hostname = "gw.example.test"
	state-dir = "$dir/state"
	trusted-peers = {"postfix"}
	backend "keep" {
	  command = {"$dir/backend"}
	  environment = {"OUT=$dir/out"}
	}
	channel "any" {
	  recipient = "*@*any.example.test"
	  backend = "keep"
	  number = false
	}
	channel "listed" {
	  recipient = "listed@probe.example.test"
	  backend = "keep"
	  number = false
	}
	account "acme" {
	  forwarding-user = "acme"
	  channel "any" { }
	  channel "listed" { }
	  domain "open.example.com" { security = {"none"} }
	  domain "net.example.com" {
	    security = {"192.0.2.0/28", "2001:db8:1::/48"}
	  }
	  domain "local.example.com" { security = {"local"} }
	}
	CONF
}

# A domain for each way to lmtpd, all of them to one channel.
write_postfix() {
	cat >"$dir/main.cf" <<-MAIN
	lmtp_send_xforward_command = yes
	transport_maps = inline:{
	  { any.example.test = lmtp:unix:$dir/lmtpd.sock }
	  { none.example.test = lmtp:unix:$dir/lmtpd.sock }
	  { probe.example.test = lmtp:unix:$dir/lmtpd.sock }
	  { keep.any.example.test = keep:unix:$dir/lmtpd.sock }
	  { mute.any.example.test = mute:unix:$dir/lmtpd.sock }
	  { spawn.any.example.test = lmtp:unix:private/filter }
	  { broken.any.example.test = lmtp:unix:$dir/broken.sock } }
	smtpd_recipient_restrictions = check_recipient_access
	  inline:{ { probe.example.test = reject_unverified_recipient } }
	unverified_recipient_reject_code = 550
	address_verify_poll_delay = 1s
	MAIN
	cat >"$dir/master.cf" <<-MASTER
	keep unix - - n - - lmtp
	  -o lmtp_connection_cache_destinations=static:all
	  -o lmtp_connection_cache_time_limit=30s
	mute unix - - n - - lmtp
	  -o lmtp_send_xforward_command=no
	filter unix - n n - 20 spawn
	  user=nobody argv=$dir/lmtpd -f $dir/lmtpd.conf
	MASTER
}

setup_file() {
	can_overlay || return 0
	cp "$LMTPD" "$dir/"	# for nobody, who may not reach the build
	write_backend
	write_conf
	write_postfix
	start_postfix
	listen lmtpd "$dir/lmtpd.conf"
}

# mail FROM TO [SWAKS OPTION...]: hands smtpd one message
mail() {
	from=$1
	to=$2
	shift 2
	submit --helo client.example.com \
	    --from "$from" --to "$to" --header "Subject: to $to" "$@"
}

# facts TO: the first line of the one file kept
facts() {
	kept_once "$1" && head -n 1 "$(kept "$1")"
}

# queued: the recipients that Postfix still has
queued() {
	inside postqueue -j | grep -o '"address": "[^"]*"' | cut -d'"' -f4
}

@test "an accepted message arrives whole, with the facts of its delivery" {
	mail a@open.example.com whole@any.example.test \
	    --body "the first line\n.a line with a dot\nthe last line" \
	    --xclient "ADDR=203.0.113.9 NAME=mail.example.com"
	sent whole@any.example.test
	qid=$(grep -o '[0-9A-F]*: to=<whole@' "$dir/maillog" | cut -d: -f1)
	[ "$(facts whole@any.example.test)" = "client=203.0.113.9 qid=$qid" ]
	file=$(kept whole@any.example.test)
	[ "$(sed -n 2p "$file")" = "Return-Path: <a@open.example.com>" ]
	grep -qx "Subject: to whole@any.example.test" "$file"
	grep -qx "the first line" "$file"
	grep -qx "\.a line with a dot" "$file"
	[ "$(grep -c "$(printf '\r')" "$file")" -eq 0 ]
}

@test "soft failures are deferred and hard ones bounced, told apart" {
	mail a@open.example.com exit75.a@any.example.test
	mail a@open.example.com exit1.a@any.example.test
	mail a@open.example.com exit69.a@any.example.test
	mail a@open.example.com exit67.a@any.example.test
	deferred exit75.a@any.example.test "said: 451 4\.3\.0 "
	deferred exit1.a@any.example.test "said: 451 4\.3\.0 "
	bounced exit69.a@any.example.test "said: 554 5\.3\.0 "
	bounced exit67.a@any.example.test "said: 550 5\.1\.1 "
	queued | grep -qx exit75.a@any.example.test
	queued | grep -qx exit1.a@any.example.test
	[ "$(queued | grep -cE 'exit6[79]\.a@')" -eq 0 ]
}

@test "recipients of one message have each their own verdict" {
	to=one@any.example.test,exit75.m@any.example.test
	to=$to,two@any.example.test,exit65.m@any.example.test
	to=$to,nobody@none.example.test,three@any.example.test
	mail a@open.example.com "$to"
	for name in one two three; do
		sent $name@any.example.test
		kept_once $name@any.example.test
	done
	deferred exit75.m@any.example.test "said: 451 4\.3\.0 "
	bounced exit65.m@any.example.test "said: 554 5\.6\.0 "
	bounced nobody@none.example.test "said: 550 5\.1\.1 .*RCPT TO"
	[ "$(queued | grep -c 'm@any')" -eq 1 ]
}

@test "a sender who is not registered is bounced, before any backend runs" {
	mail a@stranger.example.com stranger@any.example.test
	bounced stranger@any.example.test "said: 550 5\.7\.1 .*RCPT TO"
	kept_none stranger@any.example.test
}

@test "the client's address, by XFORWARD, decides where security is a network" {
	mail a@net.example.com in4@any.example.test \
	    --xclient "ADDR=192.0.2.7 NAME=mx.net.example.com"
	mail a@net.example.com in6@any.example.test \
	    --xclient "ADDR=IPV6:2001:db8:1::7 NAME=[UNAVAILABLE]"
	mail a@net.example.com out4@any.example.test \
	    --xclient "ADDR=192.0.2.16 NAME=mx.net.example.com"
	mail a@net.example.com out6@any.example.test \
	    --xclient "ADDR=IPV6:2001:db8:2::7 NAME=[UNAVAILABLE]"
	mail a@net.example.com outlo@any.example.test
	sent in4@any.example.test
	sent in6@any.example.test
	facts in4@any.example.test | grep -q "^client=192\.0\.2\.7 "
	facts in6@any.example.test | grep -q "^client=2001:db8:1::7 "
	for name in out4 out6 outlo; do
		bounced $name@any.example.test "said: 550 5\.7\.1 "
		kept_none $name@any.example.test
	done
}

@test "without XFORWARD such a rule defers, and the log says what to set" {
	mail a@net.example.com x@mute.any.example.test \
	    --xclient "ADDR=192.0.2.7 NAME=mx.net.example.com"
	deferred x@mute.any.example.test "said: 451 4\.7\.1 "
	kept_none x@mute.any.example.test
	grep -q "lmtp_send_xforward_command = yes" "$dir/lmtpd.log"
}

@test "local submission is known from mail that came by the network" {
	printf 'Subject: local\n\nhello\n' |
	    inside sendmail -f a@local.example.com local@any.example.test
	mail a@local.example.com remote@any.example.test
	mail a@local.example.com afar@any.example.test \
	    --xclient "ADDR=192.0.2.7 NAME=mx.net.example.com"
	sent local@any.example.test
	kept_once local@any.example.test
	bounced remote@any.example.test "said: 550 5\.7\.1 "
	bounced afar@any.example.test "said: 550 5\.7\.1 "
	kept_none remote@any.example.test
	kept_none afar@any.example.test
}

# reuse DOMAIN: good, soft and hard messages in turn
reuse() {
	for n in 1 2 3; do
		mail a@open.example.com "good$n@$1"
		sent "good$n@$1"
		mail a@open.example.com "exit75.$n@$1"
		deferred "exit75.$n@$1" "said: 451 4\.3\.0 "
		mail a@net.example.com "fence$n@$1" \
		    --xclient "ADDR=192.0.2.$((13 + n)) NAME=[UNAVAILABLE]"
		logged "to=<fence$n@$1>"
		kept_once "good$n@$1"
	done
	sent "fence1@$1"
	sent "fence2@$1"
	bounced "fence3@$1" "said: 550 5\.7\.1 "
	kept_none "fence3@$1"
}

@test "connections are not reused: each message has its verdict" {
	reuse any.example.test
	unlogged conn_use
}

@test "connections are reused: each message has its verdict" {
	reuse keep.any.example.test
	logged "to=<fence3@keep.any.example.test>.* conn_use=[3-9]"
}

@test "address verification learns of good and bad recipients" {
	mail a@open.example.com listed@probe.example.test
	sent listed@probe.example.test
	kept_once listed@probe.example.test
	run mail a@open.example.com unlisted@probe.example.test
	[ "$status" -ne 0 ]
	logged "reject: RCPT from .* <unlisted@probe\.example\.test>.* 5\.1\.1 "
	kept_none unlisted@probe.example.test
}

@test "verification does not poison an address for want of a good sender" {
	mail a@stranger.example.com listed@probe.example.test
	bounced listed@probe.example.test "said: 550 5\.7\.1 "
	mail a@open.example.com listed@probe.example.test
	sent listed@probe.example.test
}

@test "mail with UTF-8 addresses goes through" {
	printf 'Subject: Grüße\n\nhello\n' |
	    inside sendmail -f jürg@open.example.com grüße@any.example.test
	sent grüße@any.example.test
	file=$(kept grüße@any.example.test)
	[ "$(sed -n 2p "$file")" = "Return-Path: <jürg@open.example.com>" ]
	grep -qx "Subject: Grüße" "$file"
}

# flood NAME [OPTION]: 500 messages straight into lmtpd, in four sessions
flood() {
	to=flood.$1@any.example.test
	inside timeout 100 smtp-source -L ${2:+"$2"} -s 4 -m 500 \
	    -f a@open.example.com -t "$to" "unix:$dir/lmtpd.sock"
	[ "$(kept "$to" | wc -l)" -eq 500 ]
	ids=$(kept "$to" | xargs grep -h '^Message-I[dD]:' | sort -u | wc -l)
	[ "$ids" -eq 500 ]
}

@test "500 messages in 4 sessions, a connection each, arrive once each" {
	flood each
}

@test "500 messages in 4 sessions of one connection arrive once each" {
	flood one -d
}

@test "a broken configuration keeps mail in the queue until it is mended" {
	cp -p "$dir/lmtpd.conf" "$dir/broken.conf"
	echo "chanel" >>"$dir/broken.conf"
	listen broken "$dir/broken.conf"
	for n in 1 2 3; do
		mail a@open.example.com w$n@broken.any.example.test
	done
	for n in 1 2 3; do
		deferred w$n@broken.any.example.test "421 4\.3\.5 "
	done
	[ "$(queued | grep -c '^w[123]@broken')" -eq 3 ]
	cp -p "$dir/lmtpd.conf" "$dir/broken.conf"
	inside postqueue -f
	for n in 1 2 3; do
		sent w$n@broken.any.example.test
		kept_once w$n@broken.any.example.test
	done
	[ "$(queued | grep -c '^w[123]@broken')" -eq 0 ]
}

@test "Postfix's own spawn(8) runs it, its standard error on the socket too" {
	mail a@net.example.com in@spawn.any.example.test \
	    --xclient "ADDR=192.0.2.7 NAME=mx.net.example.com"
	mail a@net.example.com out@spawn.any.example.test \
	    --xclient "ADDR=192.0.2.16 NAME=mx.net.example.com"
	mail a@open.example.com exit75.s@spawn.any.example.test
	sent in@spawn.any.example.test
	kept_once in@spawn.any.example.test
	bounced out@spawn.any.example.test "said: 550 5\.7\.1 "
	deferred exit75.s@spawn.any.example.test "said: 451 4\.3\.0 "
	kept_none out@spawn.any.example.test
}

# swaks ignores SIGCHLD, and so does what it starts, if it does not mind.
@test "swaks speaks to it through pipes" {
	run inside swaks --protocol LMTP \
	    --pipe "$LMTPD -u nobody -f $dir/lmtpd.conf" \
	    --from a@open.example.com \
	    --to pipe@any.example.test,exit69.p@any.example.test
	echo "$output"
	[[ "$output" == *"250 2.0.0 "* ]]
	[[ "$output" == *"554 5.3.0 "* ]]
	kept_once pipe@any.example.test
	run inside swaks --protocol LMTP \
	    --pipe "$LMTPD -u nobody -f $dir/lmtpd.conf" \
	    --from a@stranger.example.com --to pipe2@any.example.test
	[ "$status" -ne 0 ]
	[[ "$output" == *"550 5.7.1 "* ]]
	kept_none pipe2@any.example.test
}
