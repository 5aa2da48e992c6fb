#!/usr/bin/env bats
# Dovecot's LMTP proxy in front of lmtpd, and Postfix in front of that:
# conf/examples/dovecot is how it is set up.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load fronttest

write_main() {
	cat <<-MAIN
	relay_domains = $sms
	transport_maps = inline:{ { $sms = lmtp:unix:dovecot } }
	MAIN
}

# The example, and for those who speak LMTP to Dovecot by the network a domain
# for which lmtpd believes XCLIENT.
write_dovecot() {
	cat <<-DOVECOT
	log_path = $dir/dovecot.log
	ssl = no
	DOVECOT
	example dovecot/dovecot.conf
	example dovecot/dovecot.conf "/^passdb/,/^}/!d" \
	    "s/port=24/port=2401/" "s/$sms/xclient.$sms/"
	cat <<-DOVECOT
	service lmtp {
	  inet_listener lmtp {
	    address = 127.0.0.1
	    port = 2400
	  }
	}
	DOVECOT
}

start_dovecot() {
	write_dovecot | add_dovecot dovecot-lmtpd
	inside dovecot
	await answers 2400
}

setup_file() {
	can_overlay || return 0
	write_main | start_mx
	install_lmtpd
	put_site proxy.conf dovecot/lmtpd.conf
	sed "s/received/xclient/" "$examples/dovecot/lmtpd.conf" |
	    cat - <(write_site) | put /etc/lmtpd/xclient.conf
	inside sh -euc 'chgrp lmtpd "$1" && chmod 640 "$1"' sh \
	    /etc/lmtpd/xclient.conf
	start_sink
	start_dovecot
	listen_as dovecot proxy.conf
	inside "$SERVE" -p 2401 -t 600 \
	    /usr/local/sbin/lmtpd -f /etc/lmtpd/xclient.conf \
	    </dev/null >"$dir/serve.xclient.log" 2>&1 3>&- &
	await answers 2401
}


@test "an accepted message arrives whole, once, with the client's address" {
	send whole a@open.example.com whole@$sms --local-interface 192.0.2.7
	got whole@$sms whole
	fact whole@$sms "client=192.0.2.7 sender=a@open.example.com"
	sent whole@$sms
}

@test "a number's plus is part of it, and letters keep their case" {
	post number a@open.example.com +41791234567@$sms
	send letters a@open.example.com Mixed.Case@$sms
	got +41791234567@$sms number
	got Mixed.Case@$sms letters
}

@test "what lmtpd and the gateway refuse comes back in their words" {
	refused_in_words $sms
}

@test "what is deferred stays in Postfix's queue, and comes later, once" {
	deferred_until_open
}

@test "recipients of one message have each their own verdict" {
	each_its_own_verdict
}

@test "the client's address decides where security is a network" {
	send in a@net.example.com in@$sms --local-interface 192.0.2.7
	send out a@net.example.com out@$sms --local-interface 198.51.100.7
	send helo a@net.example.com helo@$sms \
	    --local-interface 198.51.100.7 --helo "[192.0.2.7]"
	got in@$sms in
	told out out@$sms "550 5.7.1"
	told helo helo@$sms "550 5.7.1"
	none_kept out@$sms helo@$sms
}

# xclient NAME FROM TO ADDRESS: by LMTP to Dovecot, from there
xclient() {
	inside swaks --protocol LMTP --server 127.0.0.1:2400 \
	    --local-interface "$4" --from "$2" --to "$3" \
	    --data "@$(message "$1")"
}

@test "XCLIENT tells lmtpd who has connected to Dovecot, before RCPT" {
	domain=xclient.$sms
	run xclient x1 a@net.example.com in@$domain 192.0.2.7
	[ "$status" -eq 0 ]
	got in@$domain x1
	fact in@$domain client=192.0.2.7
	run xclient x2 a@net.example.com out@$domain 198.51.100.7
	[ "$status" -ne 0 ]
	[[ $output == *"<** 550 5.7.1 <out@$domain>"* ]]
	kept_none out@$domain
	verdicts "recipient=<out@$domain>" | grep "client=198\.51\.100\.7 .*size=0"
	run xclient x3 a@net.example.com later3@$domain 192.0.2.7
	[[ $output == *"<** 451 4.3.0 <later3@$domain>"* ]]
}
