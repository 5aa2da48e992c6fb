"""Security strings under test: a site of four channels, mails made of fields,
and what a delivery and a dry run say of each."""

import collections
import functools
import json
import os
import subprocess

from lmtpclient import ALICE
from lmtptest import BASE, LMTPD, PHONE, Site, merge, render
from taptest import PATIENCE, check, equal

LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(LMTPD) + "/lmtpctl")
KEY = "hZavjjx5JT1Y2ff"

YES, NO, LATER = "250 2.0.0", "550 5.7.1", "451 4.7.1"
ACCEPT, REJECT, DEFER, USAGE = 0, 1, 2, 64

CHANNELS = ("sms", "fax", "threema", "voice")
AT = {"sms": PHONE, "fax": "+41431234567@fax.example.net",
      "threema": "ECHOECHO@threema.example.net",
      "voice": "0041447654321@voice.example.net"}

Said = collections.namedtuple("Said", "status out err")


def four(**strings):
    """Changes for four channels, each with its string; or with keys of its
    grant, where that is a dict."""
    changes = {("channel", "box"): None,
               ("account", "acme"): {("channel", "box"): None}}
    for name in CHANNELS:
        keys = strings.get(name, {})
        changes[("channel", name)] = {
            "recipient": "*@%s.example.net" % name, "backend": "recorder",
            "number": name != "threema"}
        changes[("account", "acme")][("channel", name)] = (
            keys if isinstance(keys, dict) else {"security-string": keys})
    return changes


def grant(string, **keys):
    """Changes that give the account's SMS this string."""
    return {("account", "acme"): {
        ("channel", "sms"): {"security-string": string, **keys}}}


def several(*changes):
    """A site with one set of changes over another."""
    return Site(text=render(functools.reduce(merge, changes, BASE)))


def mail(*fields, body="Good morning.\n"):
    """A message of these fields, each without its line end."""
    lines = [f if isinstance(f, bytes) else f.encode() for f in fields]
    return b"".join(line + b"\n" for line in lines) + b"\n" + body.encode()


def deliver_all(site, messages, recipient=PHONE, **session):
    """The last word on each message, all of them in one connection."""
    with site.connect() as client:
        client.lhlo()
        found = []
        for message in messages:
            out = client.deliver(recipient, message=message, **session)
            found.append(out.verdicts[0])
            equal(client.say("RSET"), "250 2.0.0", "RSET")
        client.quit()
    return found


def lmtpctl(*words, message=b""):
    """Run it as it would be by hand; what it prints are bytes."""
    done = subprocess.run(
        [LMTPCTL, *words], input=message, capture_output=True,
        timeout=PATIENCE, cwd="/",
        env={"PATH": "/usr/bin:/bin", "LMTPD_LIBEXECDIR": "/nonexistent"})
    return Said(done.returncode, done.stdout, done.stderr)


def explain(site, *options, message, sender=ALICE, recipient=PHONE):
    return lmtpctl("-f", site.conf, "explain", "--sender", sender,
                   "--recipient", recipient, *options, message=message)


def facts(site, *options, **more):
    """The object that explain prints for programs, and the exit status."""
    said = explain(site, "--json", *options, **more)
    equal(said.err, b"", "standard error")
    check(said.out.isascii(), "not ASCII: %r" % said.out)
    return json.loads(said.out), said.status


def step(site, *options, **more):
    """The one step about the string, and the exit status."""
    told, status = facts(site, *options, **more)
    found = [s for s in told["steps"] if s.startswith("security string")]
    equal(len(found), 1, "steps about the string in %r" % (told["steps"],))
    return found[0], status


def line_of(site, key="security-string"):
    """Where the configuration has a key."""
    with open(site.conf, encoding="latin-1") as f:
        return 1 + [key in line for line in f].index(True)


def dry_run(site):
    """lmtpd -n: exit status and output."""
    done = subprocess.run(site.command() + ["-n"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=2 * PATIENCE)
    return done.returncode, (done.stdout + done.stderr).decode("latin-1")
