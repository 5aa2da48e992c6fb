#!/usr/bin/python3
"""A configuration that is broken or loose: nothing starts, nothing is lost."""

import os
import subprocess

from lmtpclient import ALICE, session, xforward
from lmtptest import BASE, ME, PHONE, ROOT, Site, merge, render
from taptest import case, check, equal, match, need_root, run, table

SECRETS = {("backend", "recorder"): {"environment": ["KEY=s3cr3t"]}}
GOOD = render(BASE)


def dry_run(site):
    """lmtpd -n: exit status and output."""
    done = subprocess.run(site.command() + ["-n"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=20)
    return done.returncode, (done.stdout + done.stderr).decode()


def refused(site, pattern):
    """Both -n and a client are told; the log names the place."""
    site.forget()
    status, output = dry_run(site)
    check(status != 0, "-n is content")
    match(pattern, output, "-n")
    equal(site.talk(session(PHONE)), ["421 4.3.5"], "a client's replies")
    match(pattern, site.log(), "log")
    equal(site.runs(), [], "runs")


@case("-n says so where all is well, and reads no mail")
def _():
    with Site() as site:
        status, output = dry_run(site)
        equal(status, 0, "exit status: " + output)
        match("(?i)ok", output)


BROKEN = [
    ("an unknown key", GOOD + "frobnicate = 1\n", len(GOOD.splitlines()) + 1),
    ("a repeated key", 'hostname = "a.example"\n' + GOOD, 2),
    ("a section without end", GOOD + "# the end\nbackend \"x\" {\n",
     len(GOOD.splitlines()) + 3),
    ("a stray brace", "\n\n}\n" + GOOD, 3),
    ("a bad range", GOOD.replace('{"none"}', '{"192.0.2.0/33"}'), None),
    ("bits behind the prefix", GOOD.replace('{"none"}', '{"192.0.2.1/24"}'),
     None),
    ("an unknown word in security", GOOD.replace('{"none"}', '{"nine"}'),
     None),
    ("an unknown backend", GOOD.replace('backend = "recorder"',
                                        'backend = "recorded"', 1), None),
    ("an unknown channel", GOOD.replace('channel "sms" {\n  }',
                                        'channel "smx" {\n  }'), None),
    ("an unset variable", "notice-from = ${LMTPTEST_NOT_SET}\n" + GOOD, 1),
    ("+=", 'trusted-peers += {"daemon"}\n' + GOOD, 1),
    ("a number out of range", "max-recipients = 0\n" + GOOD, 1),
    ("a negative number", "max-message-size = -1\n" + GOOD, 1),
    ("a bad pattern", GOOD.replace("*@sms", "[z-a]@sms"), None),
    ("an address in two accounts", GOOD + render({("account", "b"): {
        "forwarding-user": "b", ("email", ALICE): {"security": ["none"]}}}),
     None),
    ("nothing but rubbish", "\1\2\3 {{{{\n", 1),
    ("an include that is not there", 'include("missing.conf")\n' + GOOD, 1),
]


@table("refused at its line: {0}", BROKEN)
def _(_name, text, line):
    with Site(text=text) as site:
        place = r"%d" % line if line else r"\d+"
        refused(site, r"lmtpd\.conf:%s: " % place)


@case("no configuration at all")
def _():
    with Site() as site:
        os.unlink(site.conf)
        refused(site, "lmtpd.conf")


@case("an included file is read, relative to the file that includes it")
def _():
    text = render(merge(BASE, {("account", "acme"): None}))
    account = render({("account", "acme"): BASE[("account", "acme")]})
    with Site(text=text + 'include("accounts.d/*.conf")\n') as site:
        os.mkdir(site.dir + "/accounts.d", 0o755)
        path = site.dir + "/accounts.d/acme.conf"
        site.write_conf(account, path=path)
        equal(site.verdict(), "250 2.0.0", "verdict")
        site.write_conf(account + "frob = 1\n", path=path)
        refused(site, r"accounts\.d/acme\.conf:%d: "
                % (len(account.splitlines()) + 1))


@table("P48 a configuration of mode {0:o} is refused, secrets {2}", [
    (mode, secrets, "in it" if secrets else "or not")
    for mode, secrets in ((0o644, SECRETS), (0o604, SECRETS), (0o660, {}),
                          (0o646, {}), (0o642, {}), (0o666, SECRETS))])
def _(mode, secrets, _word):
    with Site(secrets) as site:
        os.chmod(site.conf, mode)
        refused(site, r"lmtpd\.conf")


@table("P48 a configuration of mode {0:o} is fine, secrets {2}", [
    (0o640, SECRETS, "in it"), (0o440, SECRETS, "in it"),
    (0o644, {}, "nowhere")])
def _(mode, secrets, _word):
    with Site(secrets) as site:
        os.chmod(site.conf, mode)
        equal(site.verdict(), "250 2.0.0", "verdict")


@case("P48 a configuration owned by someone else is refused")
def _():
    need_root()
    with Site() as site:
        os.chown(site.conf, 1, -1)
        refused(site, r"lmtpd\.conf")


@table("P48 a state directory of mode {0:o} is refused", [
    (0o777,), (0o770,), (0o702,)])
def _(mode):
    with Site() as site:
        os.chmod(site.state, mode)
        refused(site, r"lmtpd\.conf:\d+: state-dir .* is writable by .*: "
                "chmod go-w it")


@case("P48 a state directory of another user is refused")
def _():
    need_root()
    with Site() as site:
        os.chmod(site.state, 0o755)
        os.chown(site.state, 12345, -1)
        equal(site.talk(session(PHONE)), ["421 4.3.5"], "a client's replies")
        match("state-dir .* is user 12345's, .*: chown it to ", site.log())
        equal(site.runs(), [], "runs")


@case("P48 an included file is checked like the first")
def _():
    with Site(text='include("more.conf")\n' + GOOD) as site:
        path = site.write_conf("max-hops = 10\n", path=site.dir + "/more.conf")
        equal(site.verdict(), "250 2.0.0", "verdict")
        os.chmod(path, 0o666)
        refused(site, r"more\.conf")
        if ROOT:
            os.chmod(path, 0o640)
            os.chown(path, 1, -1)
            refused(site, r"more\.conf")


LOCKED = """hostname = "gw.example.net"
state-dir = "STATE"
trusted-peers = {"%s"}
backend "recorder" { command = {"BACKEND", "%%l", "%%r"} }
channel "sms" { recipient = "*@sms.example.net"  backend = "recorder" }
account "acme" {
  security = {"192.0.2.0/28", "198.51.100.1"}   # not from elsewhere }
  forwarding-user = 'x'
  channel "sms" { numbers = {"+41*"} }
  email "alice@example.com" { security = {"203.0.113.1"} }
  domain "example.com" { }
}
max-hops = 30
""" % ME


@case("a configuration cut off at any byte opens nothing that was closed")
def _():
    with Site(text=LOCKED) as site:
        for at in range(len(LOCKED) + 1):
            site.write_conf(LOCKED[:at])
            status, _ = dry_run(site)
            if status != 0:
                continue
            for sender in (ALICE, "bob@example.com"):
                with site.connect() as client:
                    client.lhlo()
                    out = client.deliver(
                        PHONE, sender=sender,
                        forward=xforward(ADDR="203.0.113.99"))
                    check(out.verdicts[0][0] in "45",
                          "cut at %d: %r" % (at, out.verdicts))
        site.write_conf(LOCKED)
        equal(site.verdict(forward=xforward(ADDR="203.0.113.1")), "250 2.0.0",
              "the whole of it")


@case("LMTPD_STATE_DIR is the state directory, to run uninstalled")
def _():
    with Site({"state-dir": "/nonexistent/state"}) as site:
        site.wrapper = ["env", "LMTPD_STATE_DIR=" + site.state]
        equal(site.verdict(), "250 2.0.0", "verdict")


run()
