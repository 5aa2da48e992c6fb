#!/usr/bin/python3
"""lmtpctl explain: what it prints, its exit status, and that it says just what
the daemon would.  No DNS is asked: there is no resolver here, or one that is a
script and makes its answers up."""

import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys

from lmtpclient import ALICE, MESSAGE
from lmtptest import (BOX, LMTPD, PHONE, ROOT, Site, acme, backend,
                      merge)
from taptest import PATIENCE, Skip, case, check, equal, match, run, table

LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(LMTPD) + "/lmtpctl")
LIBEXEC = os.environ.get("LMTPD_LIBEXECDIR", os.path.dirname(LMTPD))
LMTPTEXT = LIBEXEC + "/lmtptext"
SEED = int(os.environ.get("EXPLAIN_SEED", "20261121"))
ACCEPT, REJECT, DEFER, USAGE = 0, 1, 2, 64

if not os.access(LMTPCTL, os.X_OK):
    print("Bail out! no program at", LMTPCTL)
    sys.exit(1)

Said = collections.namedtuple("Said", "status out err")

KEY, OTHER = "hZavjjx5JT1Y2ff", "Qm7nTz04RvB1"
NET = ["192.0.2.0/24", "2001:db8:1::/48"]
EMAIL_NET = acme(("email", ALICE, {"security": NET}))
RECEIVED = {**EMAIL_NET, "client-address": "received",
            "trusted-relays": ["203.0.113.0/28"]}


def explain(site, *options, sender=ALICE, recipient=PHONE, message=MESSAGE,
            libexec="/nonexistent"):
    """Run it; what it printed are bytes."""
    done = subprocess.run(
        [LMTPCTL, "-f", site.conf, "explain", "--sender", sender,
         "--recipient", recipient, *options], input=message,
        capture_output=True, timeout=PATIENCE, cwd="/",
        env={"PATH": "/usr/bin:/bin", "LMTPD_LIBEXECDIR": libexec})
    return Said(done.returncode, done.stdout, done.stderr)


def facts(site, *options, **more):
    """The object that --json prints, and the exit status."""
    said = explain(site, "--json", *options, **more)
    check(re.fullmatch(rb"(lmtpctl: (lmtptext explain|cannot run \S+/lmtptext)"
                       rb": .*\n)*", said.err), "standard error: %r" % said.err)
    check(said.out.isascii(), "not ASCII: %r" % said.out)
    return json.loads(said.out), said.status


def fill(site, **tables):
    """Users tables: NAME=[(address, user), ...], made by the program."""
    for name, rows in tables.items():
        path = "%s/%s.csv" % (site.dir, name)
        with open(path, "w") as f:
            f.writelines("%s,%s\n" % row for row in rows)
        done = subprocess.run(
            [LMTPCTL, "-f", site.conf, "import", "--yes", "--replace", name,
             path],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
        equal((done.returncode, done.stderr), (0, b""), "import")


def hop(line):
    return (b"Received: " + line + b"\n\tby in.example.net (Postfix) with "
            b"ESMTP id 4F\n\tfor <x@example.net>; "
            b"Sat, 21 Nov 2026 12:00:00 +0000 (UTC)\n")


# -- for people --------------------------------------------------------------

@case("P28 a dry run tells who, each step, the verdict, and what would run")
def _():
    with Site(EMAIL_NET) as site:
        said = explain(site, "--client", "192.0.2.7")
        equal((said.status, said.err), (ACCEPT, b""), "status")
        for pattern in (r"client +192\.0\.2\.7 \(option\)",
                        r"sender +alice@example\.com",
                        r"recipient +\+41791234567@sms\.example\.net",
                        r"channel +sms", r"account +acme",
                        r"user +acme\.reception", r"number +\+41791234567",
                        r"steps +channel \"sms\" takes .*",
                        r" +account \"acme\", email \"alice@.*",
                        r" +client 192\.0\.2\.7", r" +security holds",
                        r"verdict +accept, 250 2\.1\.5 .* \(ok\)",
                        r"would run +'%s/backend' '\+41791234567' .*"
                        % site.dir):
            match("(?m)^%s$" % pattern, said.out.decode("ascii"))


@case("P28 a dry run runs nothing and writes no state")
def _():
    with Site(EMAIL_NET) as site:
        for client in "192.0.2.7", "198.51.100.7":
            explain(site, "--client", client)
        equal(site.runs(), [], "runs")
        equal(os.listdir(site.records), [], "records")
        equal(site.state_files(), [], "state")


@table("exit status {3}: {0}", [
    ("the right place", ["--client", "192.0.2.7"], "accept", ACCEPT),
    ("the wrong place", ["--client", "198.51.100.7"], "reject", REJECT),
    ("a place unknown", [], "defer", DEFER),
])
def _(_name, options, word, status):
    with Site(EMAIL_NET) as site:
        said = explain(site, *options)
        equal(said.status, status, "status")
        match(r"(?m)^verdict +%s, " % word, said.out.decode())
        equal(b"would run" in said.out, status == ACCEPT, "a command")
        told, again = facts(site, *options)
        equal((told["verdict"], again), (word, status), "--json")


@table("exit status 64 and nothing printed: {0}", [
    ("no sender", ["--recipient", PHONE]),
    ("no recipient", ["--sender", ALICE]),
    ("a client that is no address",
     ["--sender", ALICE, "--recipient", PHONE, "--client", "mx.example"]),
    ("a network for a client",
     ["--sender", ALICE, "--recipient", PHONE, "--client", "192.0.2.0/24"]),
    ("a sender that is no address",
     ["--sender", "a b@example.com", "--recipient", PHONE]),
    ("the null recipient", ["--sender", ALICE, "--recipient", "<>"]),
    ("an operand", ["--sender", ALICE, "--recipient", PHONE, "more"]),
    ("an unknown option", ["--sender", ALICE, "--recipient", PHONE, "-x"]),
])
def _(_name, options):
    with Site() as site:
        done = subprocess.run([LMTPCTL, "-f", site.conf, "explain", *options],
                              input=MESSAGE, capture_output=True,
                              timeout=PATIENCE)
        equal((done.returncode, done.stdout), (USAGE, b""), "status, output")
        check(done.stderr, "nothing said")


@case("a configuration with an error: 2, and where it is")
def _():
    with Site(text="chanel\n") as site:
        said = explain(site)
        equal((said.status, said.out), (2, b""), "status, output")
        match(rb"lmtpd\.conf:1: ".decode(), said.err.decode())


@case("a sender in angle brackets, and the null sender")
def _():
    with Site() as site:
        told, status = facts(site, sender="<%s>" % ALICE)
        equal((told["sender"], status), (ALICE, ACCEPT), "in brackets")
        for null in "", "<>":
            told, status = facts(site, sender=null)
            equal((told["sender"], told["reason"], status),
                  ("", "null-sender", REJECT), repr(null))


# -- where it comes from -----------------------------------------------------

FORGED = hop(b"from x (x [192.0.2.7])")
RELAY = hop(b"from relay.example.net (relay [203.0.113.1])")

ORIGINS = [
    ("--client", {}, ["--client", "192.0.2.7"], b"",
     ("192.0.2.7", "option"), ACCEPT),
    ("--client, IPv6 in another spelling", {},
     ["--client", "2001:0DB8:1:0::7"], b"", ("2001:db8:1::7", "option"),
     ACCEPT),
    ("--client, an IPv4 address mapped", {},
     ["--client", "::ffff:192.0.2.7"], b"", ("192.0.2.7", "option"), ACCEPT),
    ("nothing", {}, [], b"", (None, "xforward"), DEFER),
    ("Received, where XFORWARD is to tell", {}, [], FORGED,
     (None, "xforward"), DEFER),
    ("Received", RECEIVED, [], hop(b"from mx.example.com (mx [192.0.2.7])"),
     ("192.0.2.7", "received"), ACCEPT),
    ("Received, IPv6", RECEIVED, [],
     hop(b"from mx.example.com (mx [IPv6:2001:db8:1::7])"),
     ("2001:db8:1::7", "received"), ACCEPT),
    ("Received, HELO claims another", RECEIVED, [],
     hop(b"from [192.0.2.7] (unknown [198.51.100.7])"),
     ("198.51.100.7", "received"), REJECT),
    ("Received, one forged below", RECEIVED, [],
     hop(b"from x (x [198.51.100.7])") + FORGED,
     ("198.51.100.7", "received"), REJECT),
    ("Received, behind a trusted relay", RECEIVED, [], RELAY + FORGED,
     ("192.0.2.7", "received"), ACCEPT),
    ("Received, nothing behind the relay", RECEIVED, [], RELAY,
     (None, "received"), DEFER),
    ("no Received", RECEIVED, [], b"", (None, "received"), DEFER),
    ("a Received that is none", RECEIVED, [], b"Received: x\n" + FORGED,
     (None, "received"), DEFER),
    ("--client wins over Received", RECEIVED, ["--client", "198.51.100.7"],
     FORGED, ("198.51.100.7", "option"), REJECT),
]


@table("the client's address and how it was found: {0}", ORIGINS)
def _(_name, changes, options, fields, want, status):
    with Site({**EMAIL_NET, **changes}) as site:
        told, got = facts(site, *options, message=fields + MESSAGE)
        client = told["client"]
        equal((client.get("address"), client["source"]), want, "client")
        equal(client["local"], False, "local")
        equal(got, status, "status")
        human = explain(site, *options, message=fields + MESSAGE).out.decode()
        match(r"(?m)^client +%s \(%s\)$"
              % (re.escape(want[0] or "unknown"), want[1]), human)


@case("a local submission, by Received")
def _():
    field = (b"Received: by in.example.net (Postfix, from userid 1000)\n"
             b"\tid 4F; Sat, 21 Nov 2026 12:00:00 +0000 (UTC)\n")
    local = acme(("email", ALICE, {"security": ["local"]}))
    with Site({**RECEIVED, **local}) as site:
        told, status = facts(site, message=field + MESSAGE)
        equal((told["client"], status),
              ({"local": True, "source": "received"}, ACCEPT), "client")
        match(r"(?m)^client +local \(received\)$",
              explain(site, message=field + MESSAGE).out.decode())


# -- the message -------------------------------------------------------------

RESULTS = (b"Authentication-Results: mx.example.net;\n"
           b"\tdkim=pass header.d=example.com\n")
DKIM = {**acme(("email", ALICE, {"security": ["dkim"]})),
        "authserv-id": "mx.example.net"}


@table("the message: {0}", [
    ("a header alone, no empty line", RESULTS + b"From: a@b\n", ACCEPT),
    ("a header alone, its last line without end", RESULTS + b"From: a@b",
     ACCEPT),
    ("with CRLF", (RESULTS + MESSAGE).replace(b"\n", b"\r\n"), ACCEPT),
    ("a header alone, with CRLF", RESULTS.replace(b"\n", b"\r\n"), ACCEPT),
    ("with a body of two megabytes", RESULTS + MESSAGE + b"x\n" * (1 << 20),
     ACCEPT),
    ("the field in the body, LF", MESSAGE + RESULTS, REJECT),
    ("the field in the body, CRLF",
     (MESSAGE + RESULTS).replace(b"\n", b"\r\n"), REJECT),
    ("empty", b"", REJECT),
    ("nothing but bytes above 127", b"\xff" * 1000, REJECT),
])
def _(_name, message, status):
    with Site(DKIM) as site:
        for options in [], ["--header-only"]:
            equal(facts(site, *options, message=message)[1], status, options)


@case("a header that no delivery takes is rejected, and that is said")
def _():
    with Site() as site:
        said = explain(site, message=b"X: y\n" * 1001 + MESSAGE)
        equal(said.status, REJECT, "status")
        match("header", (said.out + said.err).decode())


# -- for programs, and hostile text ------------------------------------------

@case("--json says all that the text does")
def _():
    with Site(EMAIL_NET) as site:
        told, _ = facts(site, "--client", "192.0.2.7")
        steps = told.pop("steps")
        equal(told, {
            "verdict": "accept", "reason": "ok",
            "reply": {"code": 250, "enhanced": "2.1.5",
                      "text": "recipient ok"},
            "would_refuse": False, "discarded": False,
            "client": {"address": "192.0.2.7", "local": False,
                       "source": "option"},
            "sender": ALICE, "recipient": PHONE, "channel": "sms",
            "account": "acme", "user": "acme.reception",
            "number": "+41791234567",
            "command": [site.dir + "/backend", "+41791234567", PHONE],
        }, "object")
        check("security holds" in steps, steps)
        told, _ = facts(site, "--client", "198.51.100.7")
        equal(told["command"], [], "command of a refusal")
        told, _ = facts(site, recipient="x@nowhere.example")
        for key in "channel", "account", "user", "number":
            check(key not in told, key)


HOSTILE = (b"\xff\xfe: \x1b[2J\n"
           b"Subject: =?utf-8?q?=1B?= \x1b]0;owned\x07\x9b2J\n"
           b"From: \xc0\xaf\"}]<a\x00b@\xff>\x1b\n"
           b"X-Original-To: \x1b[31m\xff@example.com\n"
           b"Received: from \x1b[2J\xff (\xff [192.0.2.7]) by \xff; \xff\n"
           b"Authentication-Results: mx.example.net; dkim=\xff\x1b\n\n\x1b\xff")

ARGUMENTS = [
    ("a quoted local part", '"\\"}],\\\\ x"@example.com', BOX),
    ("quotes and braces", "{\"x\":1}@example.com", BOX),
    ("UTF-8", "j\u00fcrg@example.com", "gr\u00fc\u00dfe@box.example.net"),
    ("a C1 control", "a\u009b2J@example.com", "b\u009b2J@box.example.net"),
    ("a right-to-left override", "a\u202eb@example.com",
     "b\u202ea@box.example.net"),
    ("an escape sequence", "a\x1b[2Jb@example.com", "\x1b[2J@box.example.net"),
    ("a line feed", "a\nverdict accept@example.com", BOX),
    ("bytes that are no UTF-8", b"a\xff\xc0\xaf@example.com",
     b"\xff\xed\xa0\x80@box.example.net"),
    ("half a character at the end", b"a@example.com\xc3", BOX),
    ("backslashes", "a\\u0000@example.com", "\\033[2J@box.example.net"),
    ("long ones", "a" * 60 + "@" + "d" * 60 + ".example", "é" * 100 +
     "@box.example.net"),
]


@table("hostile text, {0}: valid JSON, and a terminal unharmed", ARGUMENTS)
def _(_name, sender, recipient):
    changes = {**acme(("anyone", None, {"security": ["none"]})),
               "authserv-id": "mx.example.net"}
    with Site(changes) as site:
        mail = {"sender": sender, "recipient": recipient, "message": HOSTILE}
        helo = ["--client", "192.0.2.7", "--helo", b"\x1b[2J\xff\n\"}"]
        said = explain(site, *helo, **mail)
        machine = explain(site, "--json", *helo, **mail)
        equal(machine.status, said.status, "status")
        for text in said.out, said.err, machine.out, machine.err:
            check(re.fullmatch(rb"[\n -~]*", text), "raw bytes: %r" % text)
        if said.status == USAGE:
            equal((said.out, machine.out), (b"", b""), "output")
            return
        equal(len(re.findall(rb"(?m)^verdict", said.out)), 1, "verdicts")
        told = json.loads(machine.out)
        equal(told["recipient"], recipient, "recipient")
        equal(told["sender"].lower().split("@")[0],
              sender.lower().split("@")[0], "sender")
        check(told["steps"], "no steps")
        if said.status == ACCEPT:
            check(told["command"][-1] == recipient, told["command"])


# -- steps of their own ------------------------------------------------------

STAFF = acme(("users", "staff", {"security": NET}),
             ("domain", "example.com", {"security": ["none"]}))


@case("a users table: which, and the forwarding user it names")
def _():
    with Site(STAFF) as site:
        fill(site, staff=[(ALICE, "acme.alice")])
        told, status = facts(site, "--client", "192.0.2.7")
        equal((status, told["user"]), (ACCEPT, "acme.alice"), "of the table")
        check(any(re.match(r'account "acme", users "staff" \(.*:\d+\)', s)
                  for s in told["steps"]), told["steps"])
        equal(facts(site, "--client", "198.51.100.7")[1], REJECT,
              "its security decides alone")
        told, status = facts(site, sender="bob@example.com")
        equal((status, told["user"]), (ACCEPT, "acme.reception"),
              "another of the domain")


@case("a users table that is missing or damaged: deferred, and why")
def _():
    with Site(STAFF) as site:
        for what in "no such table", "damaged":
            said = explain(site, "--json", "--client", "192.0.2.7")
            told = json.loads(said.out)
            equal((said.status, told["verdict"], told["reason"]),
                  (DEFER, "defer", "internal"), what)
            match("users \"staff\" .*lmtpctl check", " ".join(told["steps"]))
            fill(site, staff=[(ALICE, "acme.alice")])
            os.truncate(site.state + "/tables/staff.cdb", 2050)


@case("a rate: the step says that delivery counts it, and nothing is counted")
def _():
    changes = acme(("email", ALICE, {"security": ["none"]}), rate="1/day")
    with Site(changes) as site:
        for _ in range(3):
            told, status = facts(site)
            equal(status, ACCEPT, "status")
            check("rate 1/day: counted at delivery" in told["steps"],
                  told["steps"])
        equal(site.state_files(), [], "state")
        equal(site.verdict(), "250 2.0.0", "the first mail")
        equal(site.verdict(), "451 4.7.1", "the second")
        equal(facts(site)[1], ACCEPT, "explain after that")


SMALL = {"max-message-size": 2048}


def of_size(size):
    return MESSAGE + b"x" * (size - len(MESSAGE) - 1) + b"\n"


@table("the message as a whole: {0}", [
    ("as large as may be", of_size(2048), ACCEPT, "ok"),
    ("a byte more", of_size(2049), REJECT, "too-large"),
    ("a byte less, and the last line has no end", of_size(2048)[:-1], ACCEPT,
     "ok"),
    ("as large, and the last line has no end", of_size(2049)[:-1], REJECT,
     "too-large"),
    ("a bare CR", MESSAGE + b"a\rb\n", REJECT, "bare-line-end"),
    ("a NUL", MESSAGE + b"a\0b\n", REJECT, "bare-line-end"),
    ("a bare CR in the header", b"X: a\rb\n" + MESSAGE, REJECT,
     "bare-line-end"),
    ("with CRLF, as large as may be with LF",
     of_size(2048).replace(b"\n", b"\r\n"), ACCEPT, "ok"),
])
def _(_name, message, status, reason):
    with Site(SMALL) as site:
        told, got = facts(site, message=message)
        equal((got, told["reason"]), (status, reason), "status, reason")
        equal(site.verdict(message=message.replace(b"\r\n", b"\n")),
              {"ok": "250 2.0.0", "too-large": "552 5.3.4",
               "bare-line-end": "550 5.6.0"}[reason], "the daemon")
        told, got = facts(site, sender="stranger@nowhere.example",
                          message=message)
        equal((got, told["reason"]), (REJECT, "not-registered"),
              "RCPT comes before the message")


@case("P08 a keyword and a wrong one are told apart, the keyword not told")
def _():
    with Site({("account", "acme"): {
            ("channel", "sms"): {"security-string": KEY}}}) as site:
        mail = b"Cc: %s@sms.example.net\n" % KEY.encode() + MESSAGE
        for local, status, reason in ((KEY, ACCEPT, "keyword"),
                                      ("wrong", REJECT, "wrong-keyword")):
            told, got = facts(site, recipient=local + "@sms.example.net",
                              message=mail)
            equal((got, told["reason"]), (status, reason), local)
            equal(told["command"], [], "command")
        told, _ = facts(site, message=mail)
        match("security string: alternative 1 stands in field Cc",
              " ".join(told["steps"]))
        check(KEY not in json.dumps(told), told)


@table('refusals = "proven": {0}', [
    ("a stranger is discarded", "stranger@nowhere.example", [], PHONE, True),
    ("a known one in a wrong place is discarded", ALICE,
     ["--client", "127.0.0.1"], PHONE, True),
    ("what is wrong with the recipient is told anyone",
     "stranger@nowhere.example", [], "x@nowhere.example", False),
    ("the null sender gets the truth", "", [], PHONE, False),
])
def _(_name, sender, options, recipient, discarded):
    with Site({**EMAIL_NET, "refusals": "proven"}) as site:
        site.libexec = made_up_resolver(site)
        mail = {"sender": sender, "recipient": recipient,
                "libexec": site.libexec}
        told, status = facts(site, *options, **mail)
        equal((status, told["verdict"], told["discarded"]),
              (REJECT, "reject", discarded), "verdict")
        equal(told["command"], [], "command")
        said = explain(site, *options, **mail).out.decode()
        equal("answered 250 and discarded" in said, discarded, said)


# -- what the daemon says ----------------------------------------------------

# In lmtpd-resolver's place: the client's address says what SPF says.
MADE_UP = """#!/usr/bin/python3 -IS
import socket, struct
NONE, NEUTRAL, PASS, FAIL, SOFTFAIL, TEMPERROR, PERMERROR = range(7)
SAYS = {"192.0.2.7": PASS, "2001:db8:1::7": SOFTFAIL,
        "203.0.113.9": TEMPERROR, "198.51.100.7": FAIL}
with socket.socket(fileno=3) as channel:
    while True:
        question = channel.recv(4096)
        if not question:
            break
        family, = struct.unpack_from("@i", question, 8)
        n = 4 if family == socket.AF_INET else 16
        client = socket.inet_ntop(family, question[12:12 + n])
        channel.send(struct.pack("@IIIII", SAYS.get(client, NONE), 0, 0, 0, 0))
"""


def made_up_resolver(site):
    site.script("lmtpd-resolver", MADE_UP)
    return site.dir


def with_lmtptext(site):
    """And nothing beside it but what the site has; where it was not built,
    it is missing."""
    if os.access(LMTPTEXT, os.X_OK):
        shutil.copy(LMTPTEXT, site.dir)
    return site.dir


TABLES = {"staff": [("staff@net.example", "acme.staff"),
                    ("vip@locked.example", "not.this.one")],
          "vips": [("vip@locked.example", "locked.vip"),
                   ("j\u00fcrg@vip.example", "locked.jurg")]}
WORLD = merge({
    "authserv-id": "mx.example.net", "max-message-size": 8192,
    ("backend", "texter"): {"command": ["BACKEND", "%l", "%r"],
                            "input": "text", "max-segments": 1},
    ("channel", "note"): {"recipient": "*@note.example.net",
                          "backend": "texter", "number": False},
    ("account", "beta"): {
        "forwarding-user": "beta", "enforce": False,
        ("channel", "sms"): {"security-string": "betaKey77"},
        ("channel", "box"): {}, ("channel", "note"): {},
        ("domain", "beta.example"): {"security": NET},
    },
    ("account", "mute"): {
        "forwarding-user": "mute", ("channel", "box"): {},
        ("domain", "mute.example"): {"security": ["none"]},
    },
    ("account", "locked"): {
        "forwarding-user": "locked", "rate": "100000/day",
        ("channel", "sms"): {
            "security-string": KEY + ";X-Key: [0-9]hJ92vkXw0pL",
            "numbers": ["+41*"]},
        ("channel", "box"): {"security-string": OTHER, "compare": "text"},
        ("domain", "locked.example"): {"security": ["none"]},
        ("users", "vips"): {"security": ["none", "dkim"]},
    },
    ("account", "acme"): {("channel", "note"): {}},
}, acme(
    ("users", "staff", {"security": NET}),
    ("email", ALICE, {"security": ["none"]}),
    ("email", "boss@net.example", {"security": ["203.0.113.9"]}),
    ("domain", "net.example", {"security": NET}),
    ("domain", "dkim.example", {"security": ["dkim"]}),
    ("domain", "both.example", {"security": ["dkim", *NET]}),
    ("domain", "fwd.example", {"security": ["none"], "forwarded": True}),
    ("domain", "proof.example", {"security": ["none"], "verify": True}),
    ("domain", "local.example", {"security": ["local"]}),
    ("domain", "spf.example", {"security": ["spf"]}),
    ("domain", "spf2.example", {"security": ["spf", "192.0.2.9"]}),
    ("ip", "203.0.113.9", {})))

CLIENTS = [None, "192.0.2.7", "2001:db8:1::7", "::ffff:192.0.2.9",
           "198.51.100.7", "203.0.113.9", "127.0.0.1"]
SENDERS = [ALICE, "ALICE@Example.COM", "bob@example.com", "boss@net.example",
           "bob@net.example", "x@dkim.example", "x@both.example",
           "x@fwd.example", "SRS0=HH=TT=s.example=u@fwd.example",
           "SRS0=HH=TT=s.example=u@net.example",
           "prvs=0123abcdef=alice@example.com", "x@proof.example",
           "x@local.example", "x@spf.example", "x@beta.example",
           "x@spf2.example", "y@spf.example",
           "x@mute.example", "stranger@nowhere.example",
           "double-bounce@example.com", "",
           "x@locked.example", "VIP@locked.example", "x@locked.example",
           "j\u00fcrg@vip.example", "staff@net.example", "STAFF@NET.example"]
RECIPIENTS = [PHONE, PHONE, PHONE, BOX, BOX, "nonumber@sms.example.net",
              "x@nowhere.example", "-dash@box.example.net",
              KEY + "@sms.example.net", OTHER + "@box.example.net",
              "+49301234567@sms.example.net", "x@note.example.net",
              "x@note.example.net", "-dash@note.example.net"]
MESSAGES = [
    MESSAGE, MESSAGE,
    b"Auto-Submitted: (x) auto-replied\n" + MESSAGE,
    hop(b"from x (x [192.0.2.7])") * 51 + MESSAGE,
    b"Authentication-Results: mx.example.net; dkim=pass "
    b"header.d=dkim.example; dkim=pass header.d=both.example\n" + MESSAGE,
    b"Authentication-Results: mx.example.net; dkim=fail "
    b"header.d=dkim.example\nAuthentication-Results: mx.example.net; "
    b"dkim=pass header.d=dkim.example\n" + MESSAGE,
    b"X-Key: 4hJ92vkXw0pL\n" + MESSAGE,
    b"Cc: %s@sms.example.net,\n %s@box.example.net\n"
    % (KEY.encode(), OTHER.lower().encode()) + MESSAGE,
    b"Subject: =?utf-8?q?hZavjjx5JT1Y2=66f?= betaKey77\n" + MESSAGE,
    MESSAGE + KEY.encode() + b"\n",
    of_size(8192), of_size(8193),
    b"Cc: %s@sms.example.net\n" % KEY.encode() + of_size(8193),
    MESSAGE + b"a\rb\n", b"X: a\0b\n" + MESSAGE,
    b"X: y\n" * 1001 + b"\n",
    MESSAGE + b"word " * 60, b"Content-Type: application/pdf\n\nx\n",
    b"no header\nand no text\n", b"From x\n y: z\nSubject: a\n\n-- \n",
]
A_CLIENT = 60
Mail = collections.namedtuple("Mail", "sender recipient message")
seen = set()


def generate(what):
    rng = random.Random("%d %s" % (SEED, what))
    return [Mail(rng.choice(SENDERS), rng.choice(RECIPIENTS),
                 rng.choice(MESSAGES)) for _ in range(A_CLIENT)]


def daemon_says(site, mails):
    """(final reply, line of the log) of each, all in one session."""
    with site.connect() as client:
        client.lhlo()
        replies = []
        for mail in mails:
            out = client.deliver(mail.recipient, sender=mail.sender,
                                 message=mail.message, mail=" SMTPUTF8")
            replies.append(out.verdicts[0])
            equal(client.say("RSET"), "250 2.0.0", "RSET")
        client.quit()
    lines = site.lines()
    equal(len(lines), len(mails), "lines in the log")
    check("cannot be put" not in site.log(), "a question without a client")
    return list(zip(replies, lines))


def agree(told, status, reply, line):
    """Whether a dry run's words are those of the delivery."""
    word, reason = line.verdict, line.fields["reason"]
    want = {"2": ACCEPT, "5": REJECT, "4": DEFER}[reply[0]]
    if word == "discarded":
        equal(reply, "250 2.0.0", "reply of what is discarded")
        want = REJECT
    equal(status, want, "status, where the daemon says %s" % reply.text)
    equal(told["discarded"], word == "discarded", "discarded")
    if want == ACCEPT:
        equal(told["would_refuse"], word == "would-refuse", "would-refuse")
        equal(reason, "delivered" if told["reason"] == "ok"
              else told["reason"], "reason in the log")
        equal(told["command"] == [], line.fields["exit"] == "-",
              "nothing is run")
        return
    equal(told["reason"], reason, "reason")
    for key, field in ("account", "account"), ("user", "user"):
        equal(told.get(key) or "-", line.fields[field], key)
    if word != "discarded":
        equal("%(code)d %(enhanced)s" % told["reply"], reply, "reply")
        check(told["reply"]["text"] in reply.text, "text of " + reply.text)


def compare(site, client, mails):
    """Hold the daemon and a dry run of each mail against each other."""
    options = ["--client", client] if client else []
    site.options = ["--client-address", client] if client else []
    for mail, (reply, line) in zip(mails, daemon_says(site, mails)):
        told, status = facts(site, *options, libexec=site.libexec,
                             **mail._asdict())
        try:
            agree(told, status, reply, line)
        except AssertionError as wrong:
            raise AssertionError(
                "%s\n  seed %d, client %s, %s -> %s, message %d"
                % (wrong, SEED, client, mail.sender, mail.recipient,
                   MESSAGES.index(mail.message))) from None
        seen.add((status, told["reason"], line.verdict))


@table("the daemon's verdict is explain's: %d mails from {0}" % A_CLIENT,
       [(client,) for client in CLIENTS])
def _(client):
    with Site(WORLD) as site:
        fill(site, **TABLES)
        site.libexec = with_lmtptext(site)
        compare(site, client, generate(client))


@table("as much with refusals = \"proven\" and an SPF: %d mails from {0}"
       % A_CLIENT, [(client,) for client in CLIENTS])
def _(client):
    with Site({**WORLD, "refusals": "proven"}) as site:
        fill(site, **TABLES)
        site.libexec = made_up_resolver(site)
        with_lmtptext(site)
        compare(site, client, generate("proven %s" % client))


@case("as much where a users table is missing, and one is damaged")
def _():
    with Site(WORLD) as site:
        fill(site, staff=TABLES["staff"])
        compare(site, "192.0.2.7", generate("missing")[:20])
        fill(site, vips=TABLES["vips"])
        os.truncate(site.state + "/tables/vips.cdb", 2050)
        os.unlink(site.log_path)
        compare(site, "192.0.2.7", generate("damaged")[:20])


LONG = MESSAGE + b"word " * 60


@table("a text, where lmtptext {0}: the daemon's verdict and words", [
    ("is not there", None), ("has no text", "echo 5.6.0 no text >&2; exit 65"),
    ("defers", "echo 4.3.1 later >&2; exit 65"),
    ("has no word for its refusal", "exit 65"), ("fails", "exit 71"),
    ("crashes", "kill -SEGV $$"), ("is killed", "kill -KILL $$"),
    ("does not end", "exec sleep 600")])
def _(_name, script):
    changes = merge(backend(input="text"), acme(
        ("email", ALICE, {"security": NET}), enforce=False))
    with Site({**changes, "reply-timeout": 2}) as site:
        site.libexec = site.dir
        if script:
            site.script("lmtptext", "#!/bin/sh\n" + script + "\n")
        reply = site.verdict(message=LONG)
        told, status = facts(site, message=LONG, libexec=site.dir)
        agree(told, status, reply, site.the_line())
        equal((site.runs(), told["would_refuse"]), ([], False), "no run")


@case("a text that was refused, and one that would be taken: told, and why")
def _():
    with Site(backend(input="text", **{"max-segments": 1})) as site:
        site.libexec = with_lmtptext(site)
        if not os.access(site.dir + "/lmtptext", os.X_OK):
            raise Skip("built without lmtptext")
        said = explain(site, message=LONG, libexec=site.dir)
        words = "the text takes 3 segments, 1 is allowed"
        equal(said.status, REJECT, "status")
        match(r"(?m)^ +text: " + words, said.out.decode())
        match(r"(?m)^verdict +reject, 550 5\.2\.3 %s \(text-refused\)$" % words,
              said.out.decode())
        told, status = facts(site, libexec=site.dir)
        equal((status, told["steps"][-1]),
              (ACCEPT, "text: lmtptext takes it out of the message"), "taken")
        told, status = facts(site, "--header-only", message=LONG,
                             libexec=site.dir)
        equal((status, told["steps"][-1]),
              (ACCEPT, "text: only a whole message tells"), "a header alone")
        equal((site.runs(), site.state_files()), ([], []), "nothing is done")


@case("a text is taken out where the caller ignores SIGCHLD, and never as root")
def _():
    with Site(backend(input="text")) as site:
        site.libexec = with_lmtptext(site)
        if not os.access(site.dir + "/lmtptext", os.X_OK):
            raise Skip("built without lmtptext")
        shown = subprocess.run(
            ["/usr/bin/env", "--ignore-signal=CHLD", LMTPCTL, "-f", site.conf,
             "explain", "--json", "--sender", ALICE, "--recipient", PHONE],
            input=MESSAGE, stdout=subprocess.PIPE, cwd="/",
            env={"LMTPD_LIBEXECDIR": site.dir}).stdout
        equal(json.loads(shown)["verdict"], "accept", "verdict")
        if ROOT:
            os.chown(site.state, 0, 0)
            said = explain(site, libexec=site.dir)
            equal(said.status, ACCEPT, "as root")
            match(r"(?m)^ +text: not taken out as root$", said.out.decode())


@case("a text has no keywords, and so may take fewer segments")
def _():
    key = "k" + "^" * 20 + "y7"      # in GSM, each ^ is two
    with Site(merge(backend(input="text", **{"max-segments": 1}), {
            ("account", "acme"): {
                ("channel", "sms"): {"security-string": key}}})) as site:
        site.libexec = with_lmtptext(site)
        mail = b"Subject: %s\n\n%s\n" % (key.encode(), b"x" * 130)
        told, status = facts(site, message=mail, libexec=site.dir)
        reply = site.verdict(message=mail)
        agree(told, status, reply, site.the_line())
        if os.access(LMTPTEXT, os.X_OK):
            equal(status, ACCEPT, "status")


@case("those mails met every verdict, monitor mode, and two dozen reasons")
def _():
    equal({status for status, _, _ in seen}, {ACCEPT, REJECT, DEFER},
          "statuses")
    equal({word for _, _, word in seen},
          {"accepted", "refused", "deferred", "discarded", "would-refuse"},
          "verdicts in the log")
    reasons = {reason for _, reason, _ in seen}
    equal({"ok", "no-channel", "bad-number", "null-sender", "not-registered",
           "rewritten-sender", "channel-not-active", "number-not-allowed",
           "security-failed", "string-missing", "spf-fail", "dns",
           "domain-not-verified", "client-unknown", "loop", "auto-reply",
           "leading-dash", "keyword", "wrong-keyword", "too-large",
           "bare-line-end", "header-too-large", "internal"} - reasons, set(),
          "reasons that no mail met")
    check("text-refused" in reasons or not os.access(LMTPTEXT, os.X_OK),
          "no text was refused")


run()
