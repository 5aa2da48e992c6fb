#!/usr/bin/env bats
# Postfix in front, set up as conf/examples/postfix says: lmtp(8) in its chroot,
# the socket in there and for its group alone.  What its users see of refusals
# and delays.  And Postfix as lmtpd's inetd: conf/examples/postfix-spawn, with a
# domain of its own.  More of Postfix is in ../behaviour.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load fronttest

write_main() {
	example postfix/main.cf "s/^relay_domains = .*/& spawn.$sms/"
	cat <<-MAIN
	virtual_alias_domains = alias.example.test
	virtual_alias_maps = inline:{
	  { desk@alias.example.test = desk@orig.$sms } }
	MAIN
}

# Both examples', and a domain whose mail is to name its first recipient.
write_transport() {
	example postfix/transport
	example postfix-spawn/transport "s/$sms/spawn.$sms/"
	example postfix/transport "s/$sms/orig.$sms/; s/lmtp:/orig:/"
}

# More for master.cf: beside the example one that logs to standard error too, a
# program that has nothing but errors to say, and one for root.
write_master_more() {
	echo "orig unix - - y - - lmtp flags=O"
	example postfix-spawn/master.cf
	example postfix-spawn/master.cf 's/^lmtpd/loud/' 's/sbin.lmtpd$/& -d/'
	echo "errors unix - n n - - spawn user=nobody argv=/bin/ls /errors"
	example postfix-spawn/master.cf 's/^lmtpd/rooted/' \
	    's/user=lmtpd/user=root/'
}

setup_file() {
	can_overlay || return 0
	write_main | start_mx
	write_transport | put /etc/postfix/transport
	inside postmap /etc/postfix/transport
	install_lmtpd
	write_master_more |
	    inside sh -c 'cat >>/etc/postfix/master.cf && postfix reload'
	put_site postfix.conf postfix/lmtpd.conf
	put_site lmtpd.conf postfix/lmtpd.conf
	put_client
	start_sink
	listen_as postfix postfix.conf
}

@test "an accepted message arrives whole, once, from the chroot" {
	send whole a@open.example.com whole@$sms --local-interface 192.0.2.7
	got whole@$sms whole
	fact whole@$sms "client=192.0.2.7 sender=a@open.example.com"
	sent whole@$sms
	[ "$(inside stat -c "%U %G %a" /var/spool/postfix/lmtpd)" = \
	    "root postfix 660" ]
}

@test "what lmtpd and the gateway refuse comes back in their words" {
	refused_in_words $sms
}

@test "what is deferred stays in the queue, and is delivered later, once" {
	deferred_until_open
}

@test "recipients of one message have each their own verdict, in one bounce" {
	each_its_own_verdict
	[ "$(grep -l "<mixed@open" "$dir"/sink/*.mail | wc -l)" -eq 1 ]
}

@test "a HELO comes as it was said, and does not say where from" {
	helo='we+2Bird=h?elo'
	send helo1 a@net.example.com helo1@$sms \
	    --local-interface 192.0.2.7 --helo "$helo"
	send helo2 a@net.example.com helo2@$sms \
	    --local-interface 198.51.100.7 --helo "[192.0.2.7]"
	got helo1@$sms helo1
	fact helo1@$sms "helo=$helo"
	told helo2 helo2@$sms "550 5.7.1"
	kept_none helo2@$sms
}

@test "what is over our size is bounced by Postfix itself, unsent" {
	{
		cat "$(message big)"
		head -c 150000 /dev/zero | tr '\0' '\n'
	} >"$dir/mail/big.data.new"
	submit --from a@open.example.com --to big@$sms \
	    --data "@$dir/mail/big.data.new"
	told big big@$sms "size limit 100000"
	[ "$(grep -c "recipient=<big@" "$dir/syslog")" -eq 0 ]
}

@test "who a message was first for stands in its header" {
	send alias a@open.example.com desk@alias.example.test
	got desk@orig.$sms alias
	grep -qx "X-Original-To: desk@alias.example.test" \
	    "$(kept desk@orig.$sms)"
}

@test "a socket that Postfix may not open delays mail, and loses none" {
	inside chgrp nogroup /var/spool/postfix/lmtpd
	send shut a@open.example.com shut@$sms
	deferred shut@$sms "Permission denied"
	inside chgrp postfix /var/spool/postfix/lmtpd
	inside postqueue -f
	got shut@$sms shut
	sent shut@$sms
	untold shut
}

@test "UTF-8 addresses come by SMTP, are deferred, and come later" {
	post utf8 jürg@open.example.com later.später@$sms später@$sms
	got später@$sms utf8
	fact später@$sms sender=jürg@open.example.com
	deferred later.später@$sms "451 4\.3\.0"
	: >"$dir/out/open"
	inside postqueue -f
	got later.später@$sms utf8
	rm "$dir/out/open"
	kept_once später@$sms
}

spawned=/var/spool/postfix/private/lmtpd

@test "spawn(8): a message is taken or refused, by the client's address" {
	send s.in a@net.example.com s.in@spawn.$sms \
	    --local-interface 192.0.2.7
	send s.out a@net.example.com s.out@spawn.$sms \
	    --local-interface 198.51.100.7
	send s.hard a@open.example.com refuse.s@spawn.$sms
	got s.in@spawn.$sms s.in
	fact s.in@spawn.$sms "client=192.0.2.7 sender=a@net.example.com"
	told s.out s.out@spawn.$sms "550 5.7.1"
	told s.hard refuse.s@spawn.$sms "550 5.3.9" "the gateway says no"
	none_kept s.out@spawn.$sms refuse.s@spawn.$sms
}

@test "spawn(8): whose standard error is the socket: only replies come back" {
	for name in lmtpd loud; do
		say_as postfix ${spawned%lmtpd}$name a@open.example.com \
		    refuse.$name@spawn.$sms
		grep "^550 5.3.9 " "$dir/said"
	done
	run say_as postfix ${spawned%lmtpd}errors a@open.example.com x@$sms
	grep "^/bin/ls: " "$dir/said"
}

@test "spawn(8): all that runs is lmtpd's user, in its own group" {
	say_as postfix $spawned a@open.example.com held@spawn.$sms \
	    >"$dir/held" &
	within_time runs_below spawn backend
	its_user_alone spawn "$(inside id -gn lmtpd)"
	: >"$dir/out/open"
	wait $!
	rm "$dir/out/open"
	kept_once held@spawn.$sms
}

@test "spawn(8): a mistake in the configuration is 421, until it is mended" {
	inside sh -c 'cp -p /etc/lmtpd/lmtpd.conf /etc/lmtpd/right.conf &&
	    echo chanel >>/etc/lmtpd/lmtpd.conf'
	say_as postfix $spawned a@open.example.com wrong@spawn.$sms
	[ "$(cut -c1-10 "$dir/said")" = "421 4.3.5 " ]
	send wrong a@open.example.com wrong@spawn.$sms
	deferred wrong@spawn.$sms "421 4\.3\.5"
	inside mv /etc/lmtpd/right.conf /etc/lmtpd/lmtpd.conf
	inside postqueue -f
	got wrong@spawn.$sms wrong
}

@test "spawn(8): 300 connections at once are served, and it goes on" {
	burst $spawned
	[ "$(taken | wc -l)" -eq 300 ]
	send after a@open.example.com after@spawn.$sms
	got after@spawn.$sms after
	within_time none_below spawn
}

@test "spawn(8) starts nothing as root, and mail waits" {
	run say_as postfix ${spawned%lmtpd}rooted a@open.example.com \
	    rooted@spawn.$sms
	[ "$status" -ne 0 ]
	logged "spawn\[[0-9]*\]: fatal: .*root"
	kept_none rooted@spawn.$sms
}
