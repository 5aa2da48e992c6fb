#!/usr/bin/env bats
# Exim in front, by each of its three ways to speak LMTP: lmtpd run over pipes,
# a unix socket, and TCP.  conf/examples/exim-* is how each is set up; a domain
# for each, for lmtpd all one.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

load fronttest

# variant KIND: its router and transport under that name
variant() {
	local change="s/^sms:/$1:/; s/transport = sms/transport = $1/"
	example "exim-$1/router" "$change" "s/$sms/$1.$sms/" >"$dir/$1.router"
	example "exim-$1/transport" "$change" >"$dir/$1.transport"
}

write_exim() {
	variant command
	variant socket
	variant tcp
	cat <<-EXIM
	primary_hostname = mx.example.test
	log_file_path = $dir/log/%slog
	daemon_smtp_ports = 25
	local_interfaces = 127.0.0.1
	tls_advertise_hosts =
	keep_environment =
	rfc1413_query_timeout = 0s
	smtputf8_advertise_hosts = *
	acl_smtp_rcpt = rcpt
	acl_smtp_data = accept
	queue_run_max = 1
	begin acl
	rcpt:
	  accept local_parts = ^wait
	         control = queue
	  accept
	begin routers
	.include $dir/command.router
	.include $dir/socket.router
	.include $dir/tcp.router
	rest:
	  driver = manualroute
	  transport = sink
	  route_list = * 127.0.0.1
	  self = send
	begin transports
	.include $dir/command.transport
	.include $dir/socket.transport
	.include $dir/tcp.transport
	sink:
	  driver = smtp
	  port = 2525
	begin retry
	* * F,1h,10m
	EXIM
}

start_exim() {
	"$rig/machine" add "$dir" exim4-base exim4-daemon-light
	mkdir -m 777 "$dir/log"
	put_user Debian-exim /var/spool/exim4
	inside sh -euc '
		install -d -o Debian-exim -g Debian-exim /var/spool/exim4 \
		    /var/spool/exim4/db /run/exim4
		chown -R Debian-exim "$1/log"
		chmod 755 "$1/log"
	' sh "$dir"
	write_exim | put /etc/exim4/exim4.conf
	inside chgrp Debian-exim /etc/exim4/exim4.conf
	ln -s log/mainlog "$dir/maillog"
	inside exim4 -bd
	await answers 25
}

setup_file() {
	can_overlay || return 0
	start_machine
	install_lmtpd
	put_site socket.conf exim-socket/lmtpd.conf
	put_site tcp.conf exim-tcp/lmtpd.conf
	start_sink
	start_exim
	listen_as exim-socket socket.conf
	listen_as exim-tcp tcp.conf
}


# each COMMAND...: for each of the three, with @KIND in its arguments
each() {
	for kind in command socket tcp; do
		"${@//KIND/$kind}"
	done
}

# queued: the recipients that Exim still has
queued() {
	inside exim4 -bpu | grep -o '[^ <]*@[^ >]*sms.example.net'
}

# in_log TO TEXT: Exim's line about that recipient, by its own flags
in_log() {
	logged "(=>|->|==|\*\*) [^ ]* ?<?$1>? .*$2"
}

@test "an accepted message arrives whole, once, with the client's address" {
	each send whole.KIND a@open.example.com whole@KIND.$sms \
	    --local-interface 192.0.2.7
	each got whole@KIND.$sms whole.KIND
	each in_log whole@KIND.$sms 'C="250 2\.0\.0 .*delivered, id '
	each fact whole@KIND.$sms "client=192.0.2.7 sender=a@open.example.com"
}

@test "a sender who is not registered gets a bounce with our words" {
	each send stranger.KIND a@stranger.example.com stranger@KIND.$sms
	each told stranger.KIND "recipient <a@stranger.example.com>" \
	    stranger@KIND.$sms "550 5.7.1" "not registered"
	each kept_none stranger@KIND.$sms
}

@test "what the gateway refuses comes back in the gateway's words" {
	each send hard.KIND a@open.example.com refuse.hard@KIND.$sms
	each told hard.KIND refuse.hard@KIND.$sms "550 5.3.9" \
	    "the gateway says no"
}

@test "what is deferred stays in the queue, and is delivered later, once" {
	each send later.KIND a@open.example.com later@KIND.$sms
	each in_log later@KIND.$sms '451 4\.3\.0'
	[ "$(queued | grep -c '^later@')" -eq 3 ]
	inside exim4 -qff
	each kept_none later@KIND.$sms
	each untold later.KIND
	: >"$dir/out/open"
	inside exim4 -qff
	rm "$dir/out/open"
	each got later@KIND.$sms later.KIND
	[ "$(queued | grep -c '^later@')" -eq 0 ]
}

# mixed KIND: one message to five, each with a verdict of its own
mixed() {
	send mixed.$1 a@open.example.com \
	    one@$1.$sms,exit75.m@$1.$sms,closed@$1.$sms,refuse.m@$1.$sms,two@$1.$sms
	got one@$1.$sms mixed.$1
	got two@$1.$sms mixed.$1
	told mixed.$1 closed@$1.$sms "550 5.7.1"
	told mixed.$1 refuse.m@$1.$sms "550 5.3.9"
	in_log exit75.m@$1.$sms '451 4\.3\.0'
	none_kept exit75.m@$1.$sms closed@$1.$sms refuse.m@$1.$sms
	[ "$(queued | grep "@$1.$sms")" = exit75.m@$1.$sms ]
}

@test "recipients of one message have each their own verdict" {
	each mixed KIND
}

@test "one message to many is one session" {
	each send many.KIND a@open.example.com \
	    many1@KIND.$sms,many2@KIND.$sms,many3@KIND.$sms
	for n in 1 2 3; do
		each got many$n@KIND.$sms many.KIND
	done
	for kind in command socket tcp; do
		[ "$(verdicts "recipient=<many.@$kind" |
		    grep -o ' id=[^ ]*' | sort -u | wc -l)" -eq 1 ]
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
	each told out.KIND out@KIND.$sms "550 5.7.1"
	each told helo.KIND helo@KIND.$sms "550 5.7.1"
	each none_kept out@KIND.$sms helo@KIND.$sms
}

# submit_here NAME FROM TO: on the machine itself, without SMTP
submit_here() {
	inside exim4 -i -f "$2" "$3" <"$(message "$1")"
}

@test "the machine's own mail is local by Received, and waits without" {
	each submit_here here.KIND a@local.example.com here@KIND.$sms
	each send afar.KIND a@local.example.com afar@KIND.$sms
	got here@socket.$sms here.socket
	got here@tcp.$sms here.tcp
	in_log here@command.$sms '451 4\.7\.1'
	[ "$(queued | grep -c '^here@')" -eq 1 ]
	each told afar.KIND afar@KIND.$sms "550 5.7.1"
	each none_kept afar@KIND.$sms
}

# lmtpd sends the client's own UTF-8 through, whichever way it came.
utf8() {
	submit_here utf8.$1 jürg@open.example.com grüße@$1.$sms
	got grüße@$1.$sms utf8.$1
	fact grüße@$1.$sms sender=jürg@open.example.com
}

@test "mail with UTF-8 addresses goes through" {
	each utf8 KIND
}

# queue_emptied: what Exim is at work on at this moment cannot be removed
queue_emptied() {
	inside exim4 -bp | awk '$3 ~ /-.*-/ { print $3 }' >"$dir/queue"
	[ -s "$dir/queue" ] || return 0
	inside xargs exim4 -Mrm <"$dir/queue"
	return 1
}

@test "one connection takes what was queued, each message with its verdict" {
	# What failed before would come in between, and end the connection.
	within_time queue_emptied
	for name in wait1 wait2; do
		send $name a@open.example.com $name@tcp.$sms
	done
	send wait3 a@stranger.example.com wait3@tcp.$sms
	send wait4 a@net.example.com wait4@tcp.$sms \
	    --local-interface 192.0.2.7
	none_kept wait1@tcp.$sms wait2@tcp.$sms wait4@tcp.$sms
	inside exim4 -qqff
	for name in wait1 wait2 wait4; do
		got $name@tcp.$sms $name
	done
	fact wait4@tcp.$sms client=192.0.2.7
	told wait3 wait3@tcp.$sms "550 5.7.1"
	logged '=> wait[124]@.* H=127\.0\.0\.1 \[127\.0\.0\.1\]\*'
}

# too_large KIND
too_large() {
	message big.$1 >/dev/null
	{
		cat "$dir/mail/big.$1"
		head -c 150000 /dev/zero | tr '\0' '\n'
	} >"$dir/mail/big.$1.data"
	submit --from a@open.example.com --to big@$1.$sms \
	    --data "@$dir/mail/big.$1.data"
	told big.$1 big@$1.$sms "552 5.3.4"
	kept_none big@$1.$sms
}

@test "what is over our size comes back, and says so" {
	each too_large KIND
}
