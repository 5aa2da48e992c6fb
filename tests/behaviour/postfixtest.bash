# shellcheck shell=bash
# For the tests that load this: a private Postfix (../rig/postfix) that hands
# mail to the real lmtpd, and what became of it.  $dir holds all of a file's,
# $dir/main.cf and $dir/master.cf too, which are to be there before the start.
#
# Needs root, and $LMTPD and $SERVE: the programs under test and ../rig/serve.

rig=$BATS_TEST_DIRNAME/../rig
dir=$BATS_FILE_TMPDIR

inside() {
	"$rig/overlay" enter "$dir" "$@"
}

# Root in a container may be denied namespaces.
can_overlay() {
	[ "$(id -u)" -eq 0 ] && unshare --mount --net --pid --fork true
}

# put_backend <SCRIPT: it may write to $dir/out
put_backend() {
	mkdir -m 1777 "$dir/out"
	cat >"$dir/backend"
	chmod 755 "$dir/backend"
}

# put_conf <TEXT: and $dir/state.  Readable by lmtpd's user alone: a backend's
# environment is a secret.
put_conf() {
	mkdir "$dir/state"
	chown nobody "$dir/state"
	chmod 700 "$dir/state"
	cat >"$dir/lmtpd.conf"
	chgrp nogroup "$dir/lmtpd.conf"
	chmod 640 "$dir/lmtpd.conf"
}

start_postfix() {
	"$rig/postfix" start -t 300 -b "$(dirname "$LMTPD")" \
	    -b "$(dirname "$SERVE")" "$dir" 3>&-
	inside "$LMTPD" -n -u nobody -f "$dir/lmtpd.conf"
}

# await COMMAND...: until it holds, or what was last put in the background ends
await() {
	until "$@"; do
		kill -0 $!
		sleep 0.1
	done
}

# listen NAME CONF: lmtpd on the socket NAME, its log in NAME.log
listen() {
	inside "$SERVE" -u "$dir/$1.sock" -t 300 \
	    "$LMTPD" -d -u nobody -f "$2" \
	    </dev/null >"$dir/$1.log" 2>&1 3>&- &
	await test -S "$dir/$1.sock"
}

begin_case() {
	can_overlay || skip "no overlay: not root, or namespaces are denied"
	log_start=$(($(wc -l <"$dir/maillog") + 1))
}

# What Postfix has logged since then.
maillog() {
	tail -n "+$log_start" "$dir/maillog"
}

show_logs() {
	echo "--- Postfix's log:"
	maillog
	echo "--- lmtpd's, and the others':"
	tail -n 20 "$dir"/*.log
}

# These three are for files that have no more to do.
setup() {
	begin_case
}

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] || show_logs
}

teardown_file() {
	"$rig/postfix" stop "$dir"
}

# submit SWAKS-OPTION...: hands smtpd one message
submit() {
	inside swaks --silent 2 --server 127.0.0.1 "$@"
}

# logged PATTERN: within twenty seconds this case's log has a line like that
logged() {
	for _ in $(seq 200); do
		maillog | grep -Eq -- "$1" && return 0
		sleep 0.1
	done
	echo "not in the log: $1"
	return 1
}

# unlogged PATTERN: this case's log has no line like that
unlogged() {
	[ "$(maillog | grep -Ec -- "$1")" -eq 0 ]
}

# sent|deferred|bounced TO [TEXT]: what became of one recipient, and why
sent() {
	logged "to=<$1>.* dsn=2\.0\.0, status=sent \(250 2\.0\.0 "
}

deferred() {
	logged "to=<$1>.* status=deferred .*$2"
}

bounced() {
	logged "to=<$1>.* status=bounced .*$2"
}

# kept TO: prints the files that the backend made for a recipient
kept() {
	find "$dir/out" -name "$1.*"
}

# kept_once TO
kept_once() {
	[ "$(kept "$1" | wc -l)" -eq 1 ]
}

kept_none() {
	[ -z "$(kept "$1")" ]
}
