#!/usr/bin/env bats
# OpenSMTPD in front: by mail.lmtp, which it runs for each recipient and which
# conf/examples/opensmtpd sets up, and as the LMTP client that it is itself
# ("relay"), which is best left alone.  A domain for each, for lmtpd all one.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load fronttest

# variant KIND [SED-COMMAND]: the example, under a name and for a domain of its
# own
variant() {
	example opensmtpd/smtpd.conf "s/\"sms\"/\"$1\"/; s/<sms>/<$1>/" \
	    "s/table sms/table $1/; s/$sms/$1.$sms/" "${2-}"
}

write_smtpd() {
	cat <<-SMTPD
	listen on lo port 25
	bounce warn-interval 1h
	action "relay" relay host "lmtp://127.0.0.1:24"
	action "sink" relay host "smtp://127.0.0.1:2525"
	SMTPD
	variant prog
	variant brief "s/ttl .*/ttl 5s/"
	cat <<-SMTPD
	match from any for domain "relay.$sms" action "relay"
	match from any for any action "sink"
	SMTPD
}

start_opensmtpd() {
	"$rig/machine" add "$dir" opensmtpd
	put_user opensmtpd /var/lib/opensmtpd/empty
	put_user opensmtpq /var/lib/opensmtpd/empty
	inside sh -euc '
		echo mx.example.test >/etc/mailname
		: >/etc/aliases
		chgrp opensmtpq /usr/sbin/smtpctl
		chmod 2555 /usr/sbin/smtpctl
	'
	write_smtpd | put /etc/smtpd.conf
	inside smtpd -n
	inside smtpd -d </dev/null >"$dir/maillog" 2>&1 3>&- &
	await answers 25
}

setup_file() {
	can_overlay || return 0
	start_machine
	install_lmtpd
	put_site prog.conf opensmtpd/lmtpd.conf
	put_site relay.conf exim-tcp/lmtpd.conf
	start_sink
	start_opensmtpd
	listen_as opensmtpd prog.conf
	listen_as exim-tcp relay.conf
}

# each COMMAND...: for both, with KIND in its arguments
each() {
	for kind in prog relay; do
		"${@//KIND/$kind}"
	done
}

# queued: the recipients that smtpd still has
queued() {
	inside smtpctl show queue | cut -d"|" -f6
}

# in_log TO TEXT: smtpd's line about that recipient
in_log() {
	logged " (mda|mta) delivery .* to=<$1> .*$2"
}

@test "an accepted message arrives whole, once, with the client's address" {
	each send whole.KIND a@open.example.com whole@KIND.$sms \
	    --local-interface 192.0.2.7
	each got whole@KIND.$sms whole.KIND
	each in_log whole@KIND.$sms 'result="?Ok'
	each fact whole@KIND.$sms "client=192.0.2.7 sender=a@open.example.com"
}

@test "as a client, what lmtpd refuses comes back in its words" {
	refused_in_words relay.$sms
}

# It is mail.lmtp that takes any refusal for one that may pass: README says so.
@test "mail.lmtp tries again what lmtpd refuses, and it bounces in the end" {
	send slow a@stranger.example.com stranger@prog.$sms
	send soon a@stranger.example.com stranger@brief.$sms
	in_log stranger@prog.$sms 'result=TempFail .*550 5\.7\.1'
	in_log stranger@brief.$sms 'result=TempFail .*550 5\.7\.1'
	told soon stranger@brief.$sms
	queued | grep -qx stranger@prog.$sms
	untold slow
	none_kept stranger@prog.$sms stranger@brief.$sms
}

@test "what is deferred stays in the queue, and is delivered later, once" {
	each send later.KIND a@open.example.com later@KIND.$sms
	each in_log later@KIND.$sms '451 4\.3\.0'
	[ "$(queued | grep -c '^later@')" -eq 2 ]
	each kept_none later@KIND.$sms
	each untold later.KIND
	: >"$dir/out/open"
	inside smtpctl schedule all
	each got later@KIND.$sms later.KIND
	rm "$dir/out/open"
	each in_log later@KIND.$sms 'result="?Ok'
	[ "$(queued | grep -c '^later@')" -eq 0 ]
}

# send_mixed KIND: one message to five
send_mixed() {
	local domain=$1.$sms to
	to=one@$domain,exit75.m@$domain,closed@$domain,refuse.m@$domain
	send mixed.$1 a@open.example.com $to,two@$domain
}

# queued_is KIND NAME...: just those are left of it
queued_is() {
	[ "$(queued | grep -E "^(one|two|closed|.*\.m)@$1\." | sort)" = \
	    "$(printf "%s@$1.$sms\n" "${@:2}")" ]
}

@test "recipients of one message have each their own verdict" {
	send_mixed prog
	got one@prog.$sms mixed.prog
	got two@prog.$sms mixed.prog
	in_log exit75.m@prog.$sms 'TempFail.*451 4\.3\.0'
	in_log closed@prog.$sms 'TempFail.*550 5\.7\.1'
	in_log refuse.m@prog.$sms 'TempFail.*550 5\.3\.9'
	queued_is prog closed exit75.m refuse.m
}

# It reads one reply, and takes those that came with it for an error: whether
# they do is luck.  What it sends again then is not delivered again.
@test "as a client it fails on many recipients, and nothing comes twice" {
	send_mixed relay
	got one@relay.$sms mixed.relay
	got two@relay.$sms mixed.relay
	told mixed.relay closed@relay.$sms "550 5.7.1"
	logged 'to=<one@relay.* result='
	logged 'to=<two@relay.* result='
	inside smtpctl schedule all
	within_time settled one two
	kept_once one@relay.$sms
	kept_once two@relay.$sms
}

# settled NAME...: smtpd has read that reply, or lmtpd has given it twice
settled() {
	for name; do
		maillog | grep -q "to=<$name@relay\..* result=\"Ok\"" ||
		    verdicts "recipient=<$name@relay\..*reason=remembered" ||
		    return 1
	done
}

@test "the client's address decides where security is a network" {
	each send in.KIND a@net.example.com in@KIND.$sms \
	    --local-interface 192.0.2.7
	each send out.KIND a@net.example.com out@KIND.$sms \
	    --local-interface 198.51.100.7
	each send helo.KIND a@net.example.com helo@KIND.$sms \
	    --local-interface 198.51.100.7 --helo "[192.0.2.7]"
	each got in@KIND.$sms in.KIND
	each in_log out@KIND.$sms 'Fail.*550 5\.7\.1'
	each in_log helo@KIND.$sms 'Fail.*550 5\.7\.1'
	each none_kept out@KIND.$sms helo@KIND.$sms
}

# submit_here NAME FROM TO: on the machine itself, without SMTP
submit_here() {
	inside sendmail -f "$2" "$3" <"$(message "$1")"
}

@test "the machine's own mail is local, what came by loopback is not" {
	each submit_here here.KIND a@local.example.com here@KIND.$sms
	each send afar.KIND a@local.example.com afar@KIND.$sms
	each got here@KIND.$sms here.KIND
	each in_log afar@KIND.$sms 'Fail.*550 5\.7\.1'
	each kept_none afar@KIND.$sms
}
