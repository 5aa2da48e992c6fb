#!/usr/bin/env bats
# The Debian packages: built, looked into, and installed, upgraded and purged
# by the real dpkg in a private root; the machine's own knows nothing of it.
# The cases that install go on from each other.  Needs $srcdir and $builddir; to
# install, root.

rig=$BATS_TEST_DIRNAME/../rig
dir=$BATS_FILE_TMPDIR

# As a sysadmin would: our environment leads programs to the build.
inside() {
	"$rig/overlay" enter "$dir" \
	    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

can_overlay() {
	[ "$(id -u)" -eq 0 ] && unshare --mount --net --pid --fork true
}

need_overlay() {
	can_overlay || skip "no overlay: not root, or namespaces are denied"
}

setup_file() {
	command -v dpkg-buildpackage && command -v dh ||
	    skip "no dpkg-dev or debhelper"
	# once for all cases, and for other tests
	packages=$("$rig/packages")
	export packages
	known >"$dir/known"
	! can_overlay ||
	    "$rig/machine" start -t 600 -b "$packages" "$dir" 3>&-
}

teardown_file() {
	"$rig/machine" stop "$dir"
}

# lacks PATTERN: what `run` ran did not say that
lacks() {
	! echo "$output" | grep -i "$1"
}

# deb PACKAGE: its file
deb() {
	ls "$packages/$1"_*.deb
}

# A line for each file and what is special about it, as dpkg would unpack it.
contents() {
	dpkg-deb -c "$(deb "$1")" |
	    sed -n 's/^-\([^ ]*\) *root\/root .* \.\(\/.*\)/\1 \2/p' |
	    sed 's/^rw-r--r-- //; s/^rwxr-xr-x /x /'
}

# install [OPTION...] FILE...: nobody is there to be asked
install() {
	inside DEBIAN_FRONTEND=noninteractive dpkg -i "$@" </dev/null
}

purge() {
	inside dpkg -P "$@" </dev/null
}

# next VERSION [LINE]: prints the file of an lmtpd that has that version, and
# another line at the end of the configuration.
next() {
	tree=$(mktemp -d "$dir/next.XXXXXX")
	dpkg-deb -R "$(deb lmtpd)" "$tree"
	sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
	[ $# -eq 1 ] || echo "$2" >>"$tree/etc/lmtpd/lmtpd.conf"
	dpkg-deb -b "$tree" "$dir/lmtpd_$1_next.deb" >"$tree.log"
	echo "$dir/lmtpd_$1_next.deb"
}

# mode PATH: who may do what with it
mode() {
	inside stat -c '%U:%G %a' "$1"
}

# All that is there of lmtpd where packages put something.
traces() {
	inside find /etc /usr /var/lib -xdev -name '*lmtp*' | sort
}

# What the machine itself knows of lmtpd.
known() {
	dpkg-query -W 'lmtp*' 2>&1 || true
	getent passwd lmtpd || true
	find /etc /usr /var/lib -xdev -name '*lmtp*' | sort
}

@test "lintian has nothing to say, not even what it only suspects" {
	command -v lintian || skip "no lintian"
	run lintian --allow-root -I "$packages"/*.changes
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "lmtpd's package has these files" {
	{
		cat <<-FILES
		/etc/lmtpd/lmtpd.conf
		/lib/systemd/system/lmtpd-sweep.service
		/lib/systemd/system/lmtpd-sweep.timer
		/lib/systemd/system/lmtpd-verify.service
		/lib/systemd/system/lmtpd-verify.timer
		/lib/systemd/system/lmtpd.socket
		/lib/systemd/system/lmtpd@.service
		/usr/lib/sysusers.d/lmtpd.conf
		/usr/lib/tmpfiles.d/lmtpd.conf
		/usr/share/doc/lmtpd/NEWS.gz
		/usr/share/doc/lmtpd/README.Debian
		/usr/share/doc/lmtpd/README.gz
		/usr/share/doc/lmtpd/SECURITY.md.gz
		/usr/share/doc/lmtpd/changelog.gz
		/usr/share/doc/lmtpd/copyright
		/usr/share/lintian/overrides/lmtpd
		/usr/share/lmtpd/authorised.txt
		/usr/share/man/man5/lmtpd.conf.5.gz
		/usr/share/man/man8/lmtpctl.8.gz
		/usr/share/man/man8/lmtpd.8.gz
		x /usr/libexec/lmtpd/lmtpd-resolver
		x /usr/sbin/lmtpctl
		x /usr/sbin/lmtpd
		x /usr/share/lmtpd/dovecot
		x /usr/share/lmtpd/gammu
		x /usr/share/lmtpd/http
		x /usr/share/lmtpd/hylafax
		x /usr/share/lmtpd/kannel
		x /usr/share/lmtpd/outbox
		x /usr/share/lmtpd/rabbitmq
		x /usr/share/lmtpd/smstools
		x /usr/share/lmtpd/smtp
		FILES
		cd "$srcdir/conf"
		find examples -type f | sed 's|^|/usr/share/doc/lmtpd/|'
	} | sort >"$BATS_TEST_TMPDIR/want"
	contents lmtpd | sort | diff "$BATS_TEST_TMPDIR/want" -
}

@test "lmtptext's package has these files" {
	cat >"$BATS_TEST_TMPDIR/want" <<-FILES
	/usr/share/doc/lmtptext/changelog.gz
	/usr/share/doc/lmtptext/copyright
	/usr/share/lintian/overrides/lmtptext
	/usr/share/man/man1/lmtptext.1.gz
	x /usr/libexec/lmtpd/lmtptext
	FILES
	contents lmtptext | sort | diff "$BATS_TEST_TMPDIR/want" -
}

@test "only lmtptext brings GMime and libxml2, and nothing brings lmtptext" {
	dpkg-deb -f "$(deb lmtptext)" Depends | grep 'libgmime.*libxml2'
	run dpkg-deb -f "$(deb lmtpd)" Pre-Depends Depends Recommends
	echo "$output"
	echo "$output" | grep libspf2
	echo "$output" | grep libidn2	# which is opened by its name
	lacks 'gmime\|libxml2\|glib\|lmtptext'
}

@test "the packages' version is that of the build" {
	version=$(sed -n 's/^PACKAGE_VERSION = //p' "$builddir/Makefile")
	[ "$(dpkg-deb -f "$(deb lmtpd)" Version)" = "$version" ]
	[ "$(dpkg-deb -f "$(deb lmtptext)" Version)" = "$version" ]
}

@test "the configuration is a conffile" {
	[ "$(dpkg-deb -I "$(deb lmtpd)" conffiles)" = /etc/lmtpd/lmtpd.conf ]
}

@test "the units start the programs where the package has them" {
	dpkg-deb -x "$(deb lmtpd)" "$BATS_TEST_TMPDIR/root"
	cd "$BATS_TEST_TMPDIR/root"
	sed -n 's/^ExecStart=\([^ ]*\).*/.\1/p' lib/systemd/system/*.service \
	    >"$BATS_TEST_TMPDIR/programs"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/programs")" -ge 3 ]
	while read -r program; do
		[ -x "$program" ]
	done <"$BATS_TEST_TMPDIR/programs"
}

@test "manuals and examples name programs where the package has them" {
	for package in lmtpd lmtptext; do
		dpkg-deb -x "$(deb $package)" "$BATS_TEST_TMPDIR/root"
	done
	cd "$BATS_TEST_TMPDIR/root/usr/share"
	run find man doc -type f -exec \
	    zgrep -lE '/usr/local/(sbin|lib|libexec|share)/' {} +
	echo "$output"
	[ -z "$output" ]
	grep -rq /usr/sbin/lmtpd doc/lmtpd/examples
}

# What a build daemon would meet; all of package_tests would take minutes.
@test "the package's tests pass for a plain user" {
	need_overlay
	cp -a "$packages/source" "$dir/plain"
	chown -R nobody "$dir/plain"
	build=$(echo "$dir"/plain/obj-*)
	some=tests/behaviour
	run inside runuser -u nobody -- make -C "$build" check fuzz_tests= \
	    abs_srcdir="$dir/plain" abs_builddir="$build" \
	    check_PROGRAMS="tests/unit/test_number tests/rig/serve" \
	    TESTS="tests/unit/test_number $some/test_keeper.py
		$some/test_session.py $some/test_outbox.bats"
	echo "$output"
	[ "$status" -eq 0 ]
	echo "$output" | grep '^# PASS: *[1-9][0-9]'
	echo "$output" | grep '^# SKIP: *[1-9]'
}

@test "the tests of the package are the project's, without other builds" {
	list=$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" \
	    list-tests TESTS='$(package_tests)')
	echo "$list"
	for name in unit/test_lmtp behaviour/test_session.py spf/suite.py \
	    text/corpus.py; do
		echo "$list" | grep -x "tests/$name"
	done
	run echo "$list"
	lacks 'tests/fuzz\|tests/build\|tests/front\|tests/behind'
}

@test "installed: the configuration is for root and lmtpd, and nothing runs" {
	need_overlay
	traces >"$dir/before"
	install "$(deb lmtpd)"
	[ "$(mode /etc/lmtpd)" = "root:lmtpd 750" ]
	[ "$(mode /etc/lmtpd/lmtpd.conf)" = "root:lmtpd 640" ]
	[ "$(mode /var/lib/lmtpd)" = "lmtpd:lmtpd 700" ]
	inside getent passwd lmtpd | grep ':/var/lib/lmtpd:/usr/sbin/nologin$'
	run inside find /etc/systemd/system -name '*lmtpd*'
	echo "$output"
	[ -z "$output" ]
}

@test "without lmtptext, lmtpctl check names it where a backend wants text" {
	need_overlay
	inside lmtpd -n
	run inside lmtpctl check
	echo "$output"
	lacks lmtptext
	inside sed 's|^	command = .*|& input = "text"|' \
	    /etc/lmtpd/lmtpd.conf >"$dir/text.conf"
	inside install -m 640 -g lmtpd "$dir/text.conf" /etc/lmtpd/text.conf
	run inside lmtpctl -f /etc/lmtpd/text.conf check
	echo "$output"
	echo "$output" | grep 'needs /usr/libexec/lmtpd/lmtptext'
	install "$(deb lmtptext)"
	run inside lmtpctl -f /etc/lmtpd/text.conf check
	echo "$output"
	lacks lmtptext
	inside rm /etc/lmtpd/text.conf
}

@test "what is installed delivers" {
	need_overlay
	command -v swaks || skip "no swaks"
	inside sh "$packages/source/debian/tests/delivery"
}

@test "upgraded: a new configuration is for as few, an edited one is kept" {
	need_overlay
	conf=/etc/lmtpd/lmtpd.conf
	install "$(next 1.0 '# new')"
	[ "$(inside tail -n 1 $conf)" = '# new' ]
	[ "$(mode $conf)" = "root:lmtpd 640" ]
	inside sh -euc 'echo "# mine" >>$1; chmod 600 $1; chown lmtpd $1' \
	    sh $conf
	install "$(next 1.1 '# new')"
	install --force-confold "$(next 1.2 '# newer')"
	[ "$(inside tail -n 1 $conf)" = '# mine' ]
	[ "$(mode $conf)" = "lmtpd:lmtpd 600" ]
	inside chown root:root $conf
	install --force-confold "$(next 1.3 '# newest')"
	[ "$(mode $conf)" = "root:root 600" ]
	inside chown lmtpd:lmtpd $conf
	inside test -e /var/lib/lmtpd/outbox
}

@test "removed: configuration and state are kept; purged: only the user" {
	need_overlay
	inside dpkg -r lmtpd lmtptext
	inside test -e /etc/lmtpd/lmtpd.conf
	inside test -e /var/lib/lmtpd/outbox
	purge lmtpd lmtptext
	traces | diff "$dir/before" -
	inside getent passwd lmtpd
}

@test "dpkg-statoverride has the last word" {
	need_overlay
	inside sh -euc '
		mkdir /var/lib/lmtpd
		dpkg-statoverride --update --add root root 701 /var/lib/lmtpd
		dpkg-statoverride --add root adm 755 /etc/lmtpd
		dpkg-statoverride --add root root 604 /etc/lmtpd/lmtpd.conf'
	install "$(deb lmtpd)"
	[ "$(mode /var/lib/lmtpd)" = "root:root 701" ]
	[ "$(mode /etc/lmtpd)" = "root:adm 755" ]
	[ "$(mode /etc/lmtpd/lmtpd.conf)" = "root:root 604" ]
	purge lmtpd
}

@test "the machine itself has noticed nothing" {
	known | diff "$dir/known" -
}
