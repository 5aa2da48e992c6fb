# The default backend: each message is in the outbox whole, once, or the
# backend says 75.

setup() {
	outbox=$BATS_TEST_DIRNAME/../../conf/outbox
	box=$BATS_TEST_TMPDIR/state/outbox
	mkdir "$BATS_TEST_TMPDIR/state"
	export LMTPD_STATE_DIR=$BATS_TEST_TMPDIR/state
	export LMTPD_DELIVERY_ID=0123abcd
}

@test "the file is the message, byte for byte, and nothing else is there" {
	printf 'Subject: x\n\n\0\377no line end' >"$BATS_TEST_TMPDIR/message"
	"$outbox" <"$BATS_TEST_TMPDIR/message"
	cmp "$BATS_TEST_TMPDIR/message" "$box/0123abcd"
	[ "$(ls -A "$box")" = 0123abcd ]
}

@test "an empty message is an empty file" {
	"$outbox" </dev/null
	[ -f "$box/0123abcd" ] && [ ! -s "$box/0123abcd" ]
}

@test "a retry replaces its first try, another message does not" {
	echo one | "$outbox"
	echo two | "$outbox"
	echo three | LMTPD_DELIVERY_ID=4567 "$outbox"
	[ "$(cat "$box/0123abcd")" = two ]
	[ "$(cat "$box/4567")" = three ]
	[ "$(ls -A "$box" | wc -l)" -eq 2 ]
}

@test "the directory may be named, with blanks and a dash in front" {
	cd "$BATS_TEST_TMPDIR"
	echo one | "$outbox" "-a b/c"
	[ "$(cat "./-a b/c/0123abcd")" = one ]
}

@test "no one else may read a message" {
	echo one | "$outbox"
	[ "$(stat -c %a "$box/0123abcd")" = 600 ]
	[ "$(stat -c %a "$box")" = 700 ]
}

@test "a directory that cannot be made is 75, with a line on stderr" {
	: >"$BATS_TEST_TMPDIR/file"
	run "$outbox" "$BATS_TEST_TMPDIR/file/box" </dev/null
	[ "$status" -eq 75 ]
	[[ ${lines[-1]} == "outbox: cannot make $BATS_TEST_TMPDIR/file/box" ]]
}

@test "a full disk is 75, and leaves nothing" {
	mkdir "$box"
	ulimit -f 1
	trap '' XFSZ
	run "$outbox" < <(head -c 100000 /dev/zero)
	[ "$status" -eq 75 ]
	[ -z "$(ls -A "$box")" ]
}

@test "without a place or with a bad name it is 75" {
	run env -u LMTPD_STATE_DIR "$outbox" </dev/null
	[ "$status" -eq 75 ]
	for name in ../x .x a/b; do
		LMTPD_DELIVERY_ID=$name run "$outbox" </dev/null
		[ "$status" -eq 75 ]
	done
	[ ! -e "$box" ] || [ -z "$(ls -A "$box")" ]
}

@test "ended in the middle of a message it leaves nothing" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$outbox" <"$BATS_TEST_TMPDIR/in" 2>/dev/null 3>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/in"
	echo half >&9
	for _ in {1..100}; do
		[ -z "$(ls -A "$box" 2>/dev/null)" ] || break
		sleep 0.1
	done
	[ -n "$(ls -A "$box")" ]
	kill "$pid"
	exec 9>&-
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 75 ]
	[ -z "$(ls -A "$box")" ]
}
