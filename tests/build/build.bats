#!/usr/bin/env bats
# How the programs are built: without warnings, hardened, linked to no more
# than they need; and that `make check` forgets no test.
# Needs $srcdir, $builddir, $CLANG, $LMTPD, $LMTPCTL.

# make, but not as a part of the make that runs us
make_alone() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" "$@"
}

needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\([^.]*\)\.so.*/\1/p' | sort
}

@test "gcc compiles every C file without a warning" {
	command -v gcc || skip "no gcc"
	make_alone strict CC=gcc
}

@test "clang compiles every C file without a warning" {
	[ "$CLANG" != false ] || skip "no clang"
	make_alone strict CC="$CLANG"
}

@test "clang compiles every C file for aarch64 without a warning" {
	[ "$CLANG" != false ] || skip "no clang"
	[ -d /usr/aarch64-linux-gnu/include ] || skip "no libc6-dev-arm64-cross"
	make_alone cross
}

@test "configure refuses a machine that the sandbox was never tried on" {
	mkdir "$BATS_TEST_TMPDIR/other"
	cd "$BATS_TEST_TMPDIR/other"
	other=-U__LP64__
	run "$srcdir/configure" CPPFLAGS="$other"
	[ "$status" -ne 0 ]
	echo "$output" | grep -e '--enable-untested-arch builds it'
	run "$srcdir/configure" --enable-untested-arch CPPFLAGS="$other"
	echo "$output" | grep 'checking for pkg-config'
}

@test "the programs are position independent, with full RELRO" {
	for program in "$LMTPD" "$LMTPCTL"; do
		readelf -h "$program" | grep 'Type:.*DYN'
		readelf -d "$program" | grep 'FLAGS_1.*NOW.*PIE'
		readelf -l "$program" | grep GNU_RELRO
	done
}

@test "the programs have stack protector and fortified functions" {
	for program in "$LMTPD" "$LMTPCTL"; do
		readelf -W --dyn-syms "$program" >"$BATS_TEST_TMPDIR/symbols"
		grep __stack_chk_fail "$BATS_TEST_TMPDIR/symbols"
		grep '__[a-z]*_chk@' "$BATS_TEST_TMPDIR/symbols" |
		    grep -v __stack_chk_fail
	done
}

@test "no stack of the programs is executable" {
	for program in "$LMTPD" "$LMTPCTL"; do
		readelf -W -l "$program" | grep 'GNU_STACK.* RW '
	done
}

@test "lmtpd links nothing that a delivery does not need" {
	run needed "$LMTPD"
	echo "$output"
	[ "$output" = "$(printf '%s\n' libbsd libc libcdb libconfuse libmd)" ]
}

@test "make check runs every test that is there" {
	cd "$srcdir"
	ls tests/unit/test_*.c tests/fuzz/fuzz_*.c tests/behaviour/test_* \
	    tests/build/*.bats tests/build/*.py tests/behind/test_*.py \
	    tests/faults/*.py tests/front/test_* tests/text/*.py \
	    tests/spf/*.py |
	    grep -v -e spf/dnsserver -e spf/spftest -e build/variant \
	    -e faults/faulttest -e faults/scenes |
	    sed 's/\.c$//' >"$BATS_TEST_TMPDIR/there"
	make_alone list-tests | sed 's/\.fuzz$//' | sort \
	    >"$BATS_TEST_TMPDIR/run"
	sort "$BATS_TEST_TMPDIR/there" | diff - "$BATS_TEST_TMPDIR/run"
}

# A test's log is its name without .py or .bats: of two, one would not run.
@test "no two tests have one name" {
	cd "$srcdir"
	[ -z "$(make_alone list-tests | sed 's/\.[a-z]*$//' | sort | uniq -d)" ]
}

# Before the tests have run there is no log that it could pack, so one is made.
@test "make dist packs every file that git knows, and no log" {
	command -v git || skip "no git"
	[ -e "$srcdir/.git" ] || skip "this is no clone"
	cd "$srcdir"
	git -c safe.directory='*' ls-files | grep -v -x .gitignore | sort \
	    >"$BATS_TEST_TMPDIR/known"
	grep -x configure.ac "$BATS_TEST_TMPDIR/known"
	mkdir -p "$builddir/tests/front" "$builddir/tests/text"
	touch "$builddir/tests/front/x.trs" "$builddir/tests/text/x.trs"
	make_alone distdir distdir="$BATS_TEST_TMPDIR/dist"
	rm "$builddir/tests/front/x.trs" "$builddir/tests/text/x.trs"
	(cd "$BATS_TEST_TMPDIR/dist" && find . -type f) | sed 's|^\./||' | sort \
	    >"$BATS_TEST_TMPDIR/packed"
	comm -23 "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/packed" \
	    >"$BATS_TEST_TMPDIR/left"
	cat "$BATS_TEST_TMPDIR/left"
	[ ! -s "$BATS_TEST_TMPDIR/left" ]
	run grep '\.\(log\|trs\)$' "$BATS_TEST_TMPDIR/packed"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "SECURITY.md names every fuzz target, and only tests that are there" {
	cd "$srcdir"
	grep -o 'tests/[a-z0-9_/]*\.[a-z]*' SECURITY.md | sort -u \
	    >"$BATS_TEST_TMPDIR/named"
	[ -s "$BATS_TEST_TMPDIR/named" ]
	xargs ls -d <"$BATS_TEST_TMPDIR/named"
	ls tests/fuzz/fuzz_*.c | sort | comm -23 - "$BATS_TEST_TMPDIR/named" \
	    >"$BATS_TEST_TMPDIR/unnamed"
	cat "$BATS_TEST_TMPDIR/unnamed"
	[ ! -s "$BATS_TEST_TMPDIR/unnamed" ]
}

@test "every fuzz target has a corpus" {
	for target in "$srcdir"/tests/fuzz/fuzz_*.c; do
		name=$(basename "$target" .c)
		[ -n "$(ls "$srcdir/tests/fuzz/corpus/${name#fuzz_}")" ]
	done
}

@test "the manual pages have no warning" {
	command -v mandoc || skip "no mandoc"
	mandoc -T lint -W warning "$srcdir"/man/*.[158]
}

@test "the shell scripts have no warning" {
	command -v shellcheck || skip "no shellcheck"
	cd "$srcdir"
	shellcheck bootstrap .ci/run conf/outbox conf/dovecot conf/gammu \
	    conf/http conf/hylafax conf/kannel conf/rabbitmq conf/smstools \
	    conf/smtp tests/demo tests/fuzz/run \
	    tests/rig/postfix tests/rig/overlay tests/rig/machine \
	    tests/rig/systemd \
	    tests/rig/packages debian/lmtpd.postinst debian/lmtpd.postrm \
	    debian/tests/delivery \
	    tests/front/fronttest.bash \
	    tests/behaviour/postfixtest.bash tests/unit/run
}
