#!/usr/bin/python3
"""The log: one line a recipient, every key, nothing raw."""

import re

from lmtpclient import ALICE, xforward
from lmtptest import BOX, LOG_KEYS, PHONE, Site
from taptest import case, check, equal, match, run, table

FORWARD = xforward(NAME="mail.example.com", ADDR="192.0.2.7",
                   HELO="helo.example.com", IDENT="QID7")
MESSAGE = b"From: boss@example.org\nSubject: x\n\nbody\n"


@case("an accepted recipient: every key has its value")
def _():
    with Site() as site:
        reply = site.deliver(PHONE, forward=FORWARD, message=MESSAGE).final[0]
        line = site.the_line()
        equal(line.verdict, "accepted", "verdict")
        got = dict(line.fields)
        check(got.pop("id") in reply.text, "id not in " + reply.text)
        match(r"^\d+$", got.pop("ms"), "ms=")
        match(r"^\d+$", got.pop("size"), "size=")
        equal(got.pop("source"), "email:" + ALICE, "source=")
        check(got.pop("reason") not in ("", "-"), "no reason")
        equal(got, {"qid": "QID7", "client": "192.0.2.7",
                    "sender": "<%s>" % ALICE, "from": "boss@example.org",
                    "recipient": "<%s>" % PHONE,
                    "account": "acme", "user": "acme.reception",
                    "channel": "sms", "exit": "0"}, "values")


@case("a line for each recipient, accepted or not, with one id")
def _():
    recipients = [PHONE, BOX, "exit67@box.example.net",
                  "exit75@box.example.net", "abc@sms.example.net",
                  "x@nowhere.example"]
    with Site() as site:
        site.deliver(*recipients, forward=FORWARD)
        lines = {line.fields["recipient"].strip("<>"): line
                 for line in site.lines()}
        equal(len(site.lines()), 6, "lines")
        equal({r: lines[r].verdict for r in recipients},
              dict(zip(recipients, ["accepted", "accepted", "refused",
                                    "deferred", "refused", "refused"])),
              "verdicts")
        equal(len({line.fields["reason"] for line in lines.values()}), 5,
              "different reasons")
        equal(len({line.fields["id"] for line in lines.values()}), 1, "ids")


@case("a refusal at RCPT is logged though no message follows")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        client.say("MAIL FROM:<eve@evil.example>", "RCPT TO:<%s>" % PHONE)
        client.quit()
        line = site.the_line()
        equal((line.verdict, line.fields["sender"], line.fields["account"]),
              ("refused", "<eve@evil.example>", "-"), "line")


@case("an unknown client address is logged with what to do")
def _():
    with Site({("account", "acme"): {("email", ALICE): {
            "security": ["192.0.2.0/24"]}}}) as site:
        equal(site.verdict(), "451 4.7.1", "verdict")
        equal(site.the_line().verdict, "deferred", "verdict")
        match(r"set lmtp_send_xforward_command = yes", site.log())


# What goes where, and where it may not show raw.
HOSTILE = [
    ("a queue id with blanks",
     {"forward": "XFORWARD ADDR=192.0.2.7 IDENT=a+20accepted+20id+3D9"}),
    ("a HELO with quotes and 8-bit bytes",
     {"forward": xforward(ADDR="192.0.2.7", HELO="+22+C3+A9+FF+5Cx")}),
    ("a From with escapes and a forged line",
     {"message": b"From: \x1b[31m \x07 x accepted id=1 exit=0 \xff\n\nb\n"}),
    ("a From that is folded",
     {"message": b"From: a\n\taccepted id=1 qid=\n b@c\n\nb\n"}),
    ("a quoted sender",
     {"sender": '"x accepted id=1"@example.com'}),
    ("a From without end", {"message": b"From: " + b"y" * 50000 + b"\n\nb\n"}),
]


@table("hostile text is escaped: {0}", HOSTILE)
def _(_name, session):
    changes = {("account", "acme"): {("domain", "example.com"):
                                     {"security": ["none"]}}}
    with Site(changes) as site:
        equal(site.verdict(BOX, **session), "250 2.0.0", "verdict")
        log = site.log()
        check(re.fullmatch(r"[ -~\n]*", log), "raw bytes: %r" % log)
        line = site.the_line()
        equal(log.count(" id="), 1, "more than one id= in %r" % log)
        check(max(map(len, log.splitlines())) < 4096, "too long a line")
        equal(list(line.fields), LOG_KEYS, "keys")


@table("a hostile recipient is escaped: {0}", [
    ('"a b=c"@box.example.net',), ('"a\\"b"@box.example.net',),
    ("a=b@box.example.net",)])
def _(recipient):
    with Site() as site:
        equal(site.verdict(recipient), "250 2.0.0", "verdict")
        check(" " not in site.the_line().fields["recipient"], "a blank")
        check('"' not in site.the_line().fields["recipient"], "a quote")
        check("a=b" not in site.the_line().fields["recipient"], "an =")


@case("nothing of the caller's environment or of a secret is logged")
def _():
    secret = "s3cr3t-" + "x" * 20
    with Site({("backend", "recorder"): {"environment": ["KEY=" + secret]}}) \
            as site:
        equal(site.verdict(), "250 2.0.0", "verdict")
        equal(site.verdict("exit75@box.example.net"), "451 4.3.0", "failing")
        check(secret not in site.log(), "the secret is in the log")


@case("each message has an id of its own")
def _():
    with Site() as site:
        for _ in range(5):
            site.deliver(PHONE)
        with site.connect() as client:
            client.lhlo()
            for _ in range(5):
                client.deliver(PHONE)
            client.quit()
        ids = [line.fields["id"] for line in site.lines()]
        equal((len(ids), len(set(ids))), (10, 10), "ids")


@case("size= and ms= tell the truth")
def _():
    with Site(backend="#!/bin/sh\nsleep 0.3\n") as site:
        text = b"A: b\n\n" + b"x" * 49993 + b"\n"
        site.deliver(PHONE, message=text)
        fields = site.the_line().fields
        check(len(text) <= int(fields["size"]) <= len(text) + 10,
              "size=" + fields["size"])
        check(290 <= int(fields["ms"]) <= 3000, "ms=" + fields["ms"])


run()
