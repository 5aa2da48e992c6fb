#!/usr/bin/env bats
# lmtpd as its Debian packages leave it, under a systemd that is process 1 of a
# private machine (../rig/systemd), set up as README.Debian says.  The cases go
# on from each other.
#
# Needs root, and $builddir.

load fronttest

# What is installed looks for its own.
unset LMTPD_LIBEXECDIR LMTPD_DATADIR

phone=0791234567@sms.example.net

can_boot() {
	can_run_systemd && command -v dh >/dev/null
}

# As apt would call it, with nobody to be asked.
dpkg_does() {
	inside env DEBIAN_FRONTEND=noninteractive dpkg "$@" </dev/null
}

# Another test may have it that no package starts a service here.
setup_file() {
	can_boot || return 0
	packages=$("$rig/packages")
	export packages
	"$rig/systemd" start -t 600 -b "$packages" "$dir" </dev/null 3>&-
	inside rm -f /usr/sbin/policy-rc.d
	dpkg_does -i "$packages"/lmtpd_*.deb
}

setup() {
	can_boot || skip "no systemd can be booted here, or no debhelper"
}

teardown() {
	[ -n "$BATS_TEST_COMPLETED" ] ||
	    inside journalctl -q --no-pager -n 60
}

teardown_file() {
	can_boot || return 0
	"$rig/systemd" stop "$dir"
}

# state VERB UNIT: systemctl's word for it
state() {
	inside systemctl "is-$1" "$2" || true
}

# kept_by_outbox: the messages that the backend as shipped has taken
kept_by_outbox() {
	inside sh -c 'cat /var/lib/lmtpd/outbox/*'
}

@test "nothing listens after the installation" {
	[ "$(state enabled lmtpd.socket)" = disabled ]
	[ "$(state active lmtpd.socket)" = inactive ]
	[ "$(state enabled lmtpd-sweep.timer)" = disabled ]
	inside test ! -e /run/lmtpd.sock
}

@test "README.Debian's commands open the socket" {
	run inside lmtpctl check
	echo "$output"
	[ "$status" -le 1 ]
	inside systemctl enable --now lmtpd.socket lmtpd-sweep.timer
	[ "$(state active lmtpd-sweep.timer)" = active ]
	[ "$(inside stat -c "%U %G %a" /run/lmtpd.sock)" = "root root 660" ]
}

@test "a message is delivered through it, and one is refused" {
	hand taken alice@example.com "$phone" | tee "$dir/dialogue"
	grep "<-  250 2\.0\.0 <$phone>: delivered, id " "$dir/dialogue"
	[ "$(kept_by_outbox | grep -c '^X-First: taken$')" -eq 1 ]
	run hand refused eve@example.org "$phone"
	[[ $output == *"550 5.7.1 "*"not registered"* ]]
	[ "$(kept_by_outbox | grep -c '^X-First: ')" -eq 1 ]
}

@test "a backend that wants text waits for the other package" {
	inside sed -i 's|command = {"outbox"}|& input = "text"|' \
	    /etc/lmtpd/lmtpd.conf
	run inside lmtpctl check
	[[ $output == *lmtptext* ]]
	run hand text alice@example.com "$phone"
	[[ $output == *"451 4.3.0 "* ]]
	dpkg_does -i "$packages"/lmtptext_*.deb
	hand text alice@example.com "$phone" | grep "250 2\.0\.0 "
	kept_by_outbox | grep -x "Grüße to text"
}

@test "an upgrade keeps the socket open, and the configuration" {
	dpkg_does -i "$packages"/lmtpd_*.deb
	[ "$(state active lmtpd.socket)" = active ]
	inside grep 'input = "text"' /etc/lmtpd/lmtpd.conf
	hand again alice@example.com "$phone" | grep "250 2\.0\.0 "
}

@test "a purge leaves neither unit nor state" {
	dpkg_does --purge lmtptext lmtpd
	inside test ! -e /var/lib/lmtpd -a ! -e /etc/lmtpd
	[ "$(inside systemctl list-units --all --plain --no-legend 'lmtpd*' |
	    wc -l)" -eq 0 ]
}
