#!/usr/bin/env bats
# Where mail comes from, end to end: a private Postfix (../rig/postfix) tells by
# XFORWARD, lmtpd asks its resolver, and that a DNS server of our own
# (../spf/dnsserver.py), all in one machine without a network.
#
# Needs root, and $LMTPD, $SERVE and $LMTPD_LIBEXECDIR: the program under test,
# ../rig/serve, and where lmtpd-resolver lies ($LMTPD's directory).

load postfixtest

spf=$BATS_TEST_DIRNAME/../spf

# Keeps what it gets, one file a run.
write_backend() {
	put_backend <<-'BACKEND'
	#!/bin/sh
	set -C
	exec cat >"$OUT/$LMTPD_RECIPIENT.$$"
	BACKEND
}

write_conf() {
	put_conf <<-CONF
	hostname = "gw.example.test"
	state-dir = "$dir/state"
	trusted-peers = {"postfix"}
	dns-timeout = 3
	google-spf = "_spf.google.example"
	backend "keep" {
	  command = {"$dir/backend"}
	  environment = {"OUT=$dir/out"}
	}
	channel "any" {
	  recipient = "*@*any.example.test"
	  backend = "keep"
	  number = false
	}
	account "acme" {
	  forwarding-user = "acme"
	  channel "any" { }
	  domain "tenant.example" { }
	  domain "servfail.example" { }
	  domain "silent.example" { }
	  domain "broken.example" { }
	  domain "soft.example" { }
	  domain "all.example" { }
	  domain "hosted.example" { security = {"google"} }
	  domain "list.example" { forwarded = true }
	}
	CONF
}

write_zone() {
	cat >"$dir/zone" <<-'ZONE'
	tenant.example: [TXT: "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:1::/48 -all"]
	list.example: [TXT: "v=spf1 ip4:192.0.2.0/24 -all"]
	soft.example: [TXT: "v=spf1 ip4:192.0.2.0/24 ~all"]
	broken.example: [TXT: "v=spf1 ip4:192.0.2.0/24/9 -all"]
	all.example: [TXT: "v=spf1 +all"]
	servfail.example: [SERVFAIL]
	silent.example: [TIMEOUT]
	_spf.google.example: [TXT: "v=spf1 ip4:203.0.113.0/24 ~all"]
	ZONE
}

write_postfix() {
	cat >"$dir/main.cf" <<-MAIN
	lmtp_send_xforward_command = yes
	transport_maps = inline:{
	  { any.example.test = lmtp:unix:$dir/lmtpd.sock }
	  { mute.any.example.test = mute:unix:$dir/lmtpd.sock } }
	MAIN
	cat >"$dir/master.cf" <<-MASTER
	mute unix - - n - - lmtp
	  -o lmtp_send_xforward_command=no
	MASTER
}

serve_dns() {
	inside /usr/bin/python3 "$dir/spf/dnsserver.py" "$dir/zone" \
	    </dev/null >"$dir/dns.log" 2>&1 3>&- &
	await grep -qs ready "$dir/dns.log"
}

setup_file() {
	can_overlay || return 0
	mkdir "$dir/libexec"	# for nobody, who may not reach the build
	cp "${LMTPD_LIBEXECDIR:-${LMTPD%/*}}/lmtpd-resolver" "$dir/libexec/"
	cp -r "$spf" "$dir/spf"
	write_backend
	write_conf
	write_zone
	write_postfix
	start_postfix
	serve_dns
	LMTPD_LIBEXECDIR=$dir/libexec listen lmtpd "$dir/lmtpd.conf"
}

# mail FROM TO CLIENT [HELO]: hands smtpd a message as that client would
mail() {
	submit --helo rig.example \
	    --from "$1" --to "$2" --header "Subject: to $2" \
	    --xclient "ADDR=$3 NAME=[UNAVAILABLE] HELO=${4:-mx.example}"
}

# accepted TO, or refused|postponed TO CODE: what became of it, and that no
# backend ran but for what was accepted
accepted() {
	sent "$1"
	kept_once "$1"
}

refused() {
	bounced "$1" "said: $2 "
	kept_none "$1"
}

postponed() {
	deferred "$1" "said: $2 "
	kept_none "$1"
}

# received_spf TO: the field that the backend got, unfolded
received_spf() {
	sed -n '/^Received-SPF:/,/identity=/p' "$(kept "$1")" | tr -d '\n'
}

@test "P26 a pass is delivered, and Received-SPF says from where" {
	mail a@tenant.example pass4@any.example.test 192.0.2.7
	mail a@tenant.example pass6@any.example.test IPV6:2001:db8:1::7
	accepted pass4@any.example.test
	accepted pass6@any.example.test
	received_spf pass4@any.example.test |
	    grep -q '^Received-SPF: pass.*client-ip=192\.0\.2\.7;'
	received_spf pass6@any.example.test |
	    grep -q '^Received-SPF: pass.*client-ip=2001:db8:1::7;'
	[ "$(grep -ci '^received-spf:' "$(kept pass4@any.example.test)")" -eq 1 ]
}

@test "P26 what is no pass is bounced, each with its own code" {
	mail a@tenant.example fail4@any.example.test 198.51.100.7
	mail a@tenant.example fail6@any.example.test IPV6:2001:db8:2::7
	mail a@broken.example broken@any.example.test 192.0.2.7
	mail a@soft.example soft@any.example.test 198.51.100.7
	refused fail4@any.example.test '550 5\.7\.23'
	refused fail6@any.example.test '550 5\.7\.23'
	refused broken@any.example.test '550 5\.7\.24'
	refused soft@any.example.test '550 5\.7\.1'
}

@test "P26 a DNS that fails or is silent defers, and the mail stays queued" {
	mail a@servfail.example servfail@any.example.test 192.0.2.7
	mail a@silent.example silent@any.example.test 192.0.2.7
	postponed servfail@any.example.test '451 4\.7\.24'
	postponed silent@any.example.test '451 4\.7\.24'
	inside postqueue -j | grep -q '"servfail@any'
	inside postqueue -j | grep -q '"silent@any'
}

@test "recipients of one message share one verdict" {
	mail a@tenant.example a1@any.example.test,a2@any.example.test 192.0.2.7
	mail a@tenant.example b1@any.example.test,b2@any.example.test \
	    198.51.100.7
	accepted a1@any.example.test
	accepted a2@any.example.test
	refused b1@any.example.test '550 5\.7\.23'
	refused b2@any.example.test '550 5\.7\.23'
}

@test "what comes by loopback, or is submitted locally, is no SPF pass" {
	mail a@all.example lo4@any.example.test 127.0.0.1
	mail a@all.example lo6@any.example.test IPV6:::1
	printf 'Subject: local\n\nhello\n' |
	    inside sendmail -f a@all.example local@any.example.test
	refused lo4@any.example.test '550 5\.7\.1'
	refused lo6@any.example.test '550 5\.7\.1'
	refused local@any.example.test '550 5\.7\.1'
}

@test "without XFORWARD nothing passes, and the log says what to set" {
	mail a@all.example x@mute.any.example.test 192.0.2.7
	postponed x@mute.any.example.test '451 4\.7\.1'
	grep -q "lmtp_send_xforward_command = yes" "$dir/lmtpd.log"
}

@test "P37 the provider's record counts, not the domain's" {
	mail a@hosted.example google@any.example.test 203.0.113.9
	mail a@hosted.example other@any.example.test 192.0.2.7
	accepted google@any.example.test
	refused other@any.example.test '550 5\.7\.1'
}

@test "a BATV sender is the sender within" {
	batv=prvs=0123abcdef=a@tenant.example
	mail $batv batv.in@any.example.test 192.0.2.7
	mail $batv batv.out@any.example.test 198.51.100.7
	accepted batv.in@any.example.test
	grep -qxF "Return-Path: <$batv>" "$(kept batv.in@any.example.test)"
	refused batv.out@any.example.test '550 5\.7\.23'
}

@test "a stranger whose mail a tenant forwards is refused, SPF pass or not" {
	srs=SRS0=HHHH=TT=stranger.example=bob
	mail $srs@tenant.example srs0@any.example.test 192.0.2.7
	mail SRS1=HHHH=relay.example==HHHH=TT=stranger.example=bob@tenant.example \
	    srs1@any.example.test 192.0.2.7
	mail a+SRS=HHHHH=TT=stranger.example=bob@tenant.example \
	    plus@any.example.test 192.0.2.7
	mail a+caf_=desk=any.example.test@tenant.example \
	    caf@any.example.test 192.0.2.7
	for name in srs0 srs1 plus caf; do
		refused $name@any.example.test '550 5\.7\.1'
	done
}

@test "where forwarded = true a rewritten sender is taken, if SPF passes" {
	srs=SRS0=HHHH=TT=stranger.example=bob@list.example
	mail $srs listed@any.example.test 192.0.2.7
	mail $srs faked@any.example.test 198.51.100.7
	accepted listed@any.example.test
	refused faked@any.example.test '550 5\.7\.23'
}

@test "a HELO cannot write itself into the message or the verdict" {
	mail a@tenant.example helo1@any.example.test 198.51.100.7 \
	    'x+3B+20client-ip+3D192.0.2.7'
	mail a@tenant.example helo2@any.example.test 192.0.2.7 \
	    'x+22+3B+20identity+3Dhelo'
	refused helo1@any.example.test '550 5\.7\.23'
	accepted helo2@any.example.test
	received_spf helo2@any.example.test |
	    grep -Eq '; *.helo="[^";]*"; identity=mailfrom$'
}
