#!/usr/bin/env bats
# What `make install` puts where, and what it leaves alone.
# Needs $srcdir and $builddir.

setup() {
	root=$BATS_TEST_TMPDIR/root
}

# make, but not as a part of the make that runs us
make_alone() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" \
	    DESTDIR="$root" "$@"
}

# The value of a Makefile's variable
value() {
	printf 'include Makefile\nvalue:\n\t@echo $(%s)\n' "$1" |
	    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    make -s -C "$builddir" -f - value
}

# Built --without-text, there is neither lmtptext nor its manual.
with_text() {
	case $(value pkglibexec_PROGRAMS) in
	*lmtptext*) cat ;;
	*) grep -v /lmtptext ;;
	esac
}

@test "it installs the programs, their files, and no test" {
	make_alone install
	cat >"$BATS_TEST_TMPDIR/want" <<-WANT
	$(value libexecdir)/lmtpd/lmtpd-resolver
	$(value libexecdir)/lmtpd/lmtptext
	$(value sbindir)/lmtpctl
	$(value sbindir)/lmtpd
	$(value sysconfdir)/lmtpd/lmtpd.conf
	$(value datadir)/lmtpd/authorised.txt
	$(value datadir)/lmtpd/dovecot
	$(value datadir)/lmtpd/gammu
	$(value datadir)/lmtpd/http
	$(value datadir)/lmtpd/hylafax
	$(value datadir)/lmtpd/kannel
	$(value datadir)/lmtpd/outbox
	$(value datadir)/lmtpd/rabbitmq
	$(value datadir)/lmtpd/smstools
	$(value datadir)/lmtpd/smtp
	$(value docdir)/NEWS
	$(value docdir)/README
	$(value docdir)/SECURITY.md
	$(value mandir)/man1/lmtptext.1
	$(value mandir)/man5/lmtpd.conf.5
	$(value mandir)/man8/lmtpctl.8
	$(value mandir)/man8/lmtpd.8
	$(value systemdsystemunitdir)/lmtpd-sweep.service
	$(value systemdsystemunitdir)/lmtpd-sweep.timer
	$(value systemdsystemunitdir)/lmtpd-verify.service
	$(value systemdsystemunitdir)/lmtpd-verify.timer
	$(value systemdsystemunitdir)/lmtpd.socket
	$(value systemdsystemunitdir)/lmtpd@.service
	$(value sysusersdir)/lmtpd.conf
	$(value tmpfilesdir)/lmtpd.conf
	WANT
	(cd "$srcdir/conf" && find examples -type f) |
	    sed "s|^|$(value docdir)/|" >>"$BATS_TEST_TMPDIR/want"
	cd "$root"
	find . -type f | sed 's/^\.//' | sort >"$BATS_TEST_TMPDIR/got"
	with_text <"$BATS_TEST_TMPDIR/want" | sort |
	    diff - "$BATS_TEST_TMPDIR/got"
}

@test "the configuration is not for everyone to read" {
	make_alone install
	[ "$(stat -c %a "$root$(value sysconfdir)/lmtpd/lmtpd.conf")" = 640 ]
}

@test "the backends that come with it can be executed" {
	make_alone install
	for name in dovecot gammu http hylafax kannel outbox rabbitmq \
	    smstools smtp; do
		[ -x "$root$(value datadir)/lmtpd/$name" ]
	done
}

@test "a sysadmin's configuration survives install and uninstall" {
	conf=$root$(value sysconfdir)/lmtpd/lmtpd.conf
	make_alone install
	echo '# mine' >>"$conf"
	cp "$conf" "$BATS_TEST_TMPDIR/mine"
	make_alone install
	cmp "$conf" "$BATS_TEST_TMPDIR/mine"
	make_alone uninstall
	cmp "$conf" "$BATS_TEST_TMPDIR/mine"
}

@test "uninstall leaves no file of ours" {
	make_alone install
	make_alone uninstall
	run find "$root" -type f
	echo "$output"
	[ -z "$output" ]
}

@test "the units start the program that was installed, as its user" {
	cd "$builddir/systemd"
	grep -x "ExecStart=$(value sbindir)/lmtpd" lmtpd@.service
	grep -x "ExecStart=$(value sbindir)/lmtpctl domain verify --all" \
	    lmtpd-verify.service
	grep -x "ExecStart=$(value sbindir)/lmtpctl sweep" lmtpd-sweep.service
	for unit in *.service; do
		grep -x "User=$(value user)" "$unit"
	done
	! grep -r '@[a-z_]*@' .
}

@test "the template of import --notify is one that it takes" {
	make_alone install
	template=$root$(value datadir)/lmtpd/authorised.txt
	head -n 1 "$template" | grep '^Subject: .'
	[ -z "$(sed -n 2p "$template")" ]
	[ -z "$(sed 's/%[auc%]//g' "$template" | grep %)" ]
}

@test "systemd finds nothing to say against the units" {
	command -v systemd-analyze || skip "no systemd-analyze"
	make_alone install
	units=$root$(value systemdsystemunitdir)
	sed -i "s|^ExecStart=.*|ExecStart=/bin/true|" "$units"/*.service
	run systemd-analyze verify --man=no "$units"/lmtpd*
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# Nothing else runs what a stranger types first.
@test "the demo shows what it says" {
	run sh "$srcdir/tests/demo" "$builddir"
	echo "$output"
	[ "$status" -eq 0 ]
}
