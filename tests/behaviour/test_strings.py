#!/usr/bin/python3
"""Security strings, promise by promise, against the real lmtpd and lmtpctl:
what opens a channel, what does not, and what no configuration may say."""

import base64
import os
import random
import re

from lmtpclient import ALICE, MESSAGE, session, xforward
from lmtptest import BASE, PHONE, Site, acme, merge, render
from stringtest import (ACCEPT, AT, CHANNELS, DEFER, KEY, LATER, NO, REJECT,
                        USAGE, YES, deliver_all, dry_run, explain, facts, four,
                        grant, line_of, lmtpctl, mail, several, step)
from taptest import case, check, equal, match, run, table

MANUAL = os.environ.get("srcdir", os.path.dirname(os.path.abspath(__file__))
                        + "/../..") + "/man/"
NET = ["192.0.2.0/24"]
INSIDE = xforward(ADDR="192.0.2.7")
OUTSIDE = xforward(ADDR="198.51.100.7")
LOCKED = grant(KEY)
OPENS = mail("From: alice@example.com", "X-Key: " + KEY)
MISSING = "550 5.7.1 <%s>: sender not authorised (no security string)"
OLD = "Vr7mQ2xLp0Zt9k"
BITS = 256 * 1024       # of header, in bytes, and no more


def received(by, ident="4F", ip="198.51.100.9"):
    return ("Received: from mx.example.org (mx.example.org [%s])\n\tby %s "
            "with ESMTP id %s;\n\tSat, 21 Nov 2026 09:00:00 +0000"
            % (ip, by, ident))


# -- P01: one channel's string does not open another ---------------------------

STRINGS = {"sms": KEY, "fax": "q8WnT3bLx0Fk2", "threema": "Rt5yHw9Zc4Pd7",
           "voice": "mB6uJe1Xs3Gv8"}
EVERYWHERE = [AT[name] for name in CHANNELS]


@table("P01 the string of {0} opens {0} and none of the other three", [
    (name,) for name in CHANNELS])
def _(name):
    with Site(four(**STRINGS)) as site:
        out = site.deliver(*EVERYWHERE, message=mail("X-Key: " +
                                                     STRINGS[name]))
        equal(out.rcpt, ["250 2.1.5"] * 4, "RCPT")
        equal(out.verdicts, [YES if c == name else NO for c in CHANNELS],
              "verdicts")
        equal([r.args[1] for r in site.runs()], [AT[name]], "runs")
        equal({line.fields["channel"]: line.fields["reason"]
               for line in site.lines()},
              {c: "delivered" if c == name else "string-missing"
               for c in CHANNELS}, "reasons")


@table("P01 {0} of the four strings in one mail: {1}", [
    (0, []), (2, ["fax", "voice"]), (3, ["sms", "threema", "voice"]),
    (4, list(CHANNELS))])
def _(_count, names):
    with Site(four(**STRINGS)) as site:
        message = mail(*["X-Key: " + STRINGS[name] for name in names])
        equal(site.deliver(*EVERYWHERE, message=message).verdicts,
              [YES if c in names else NO for c in CHANNELS], "verdicts")


@case("P01 two accounts, one channel: each has a string of its own")
def _():
    other = {("account", "beta"): {
        "forwarding-user": "beta", ("channel", "sms"): {
            "security-string": OLD},
        ("domain", "beta.example"): {"security": ["none"]}}}
    with Site({**LOCKED, **other}) as site:
        for sender, want in ((ALICE, [YES, NO]), ("x@beta.example",
                                                  [NO, YES])):
            equal(deliver_all(site, [mail("X: " + KEY), mail("X: " + OLD)],
                              sender=sender), want, sender)


@case("mixed verdicts come in RCPT's order, a duplicate's twice")
def _():
    order = [AT[c] for c in ("voice", "sms", "fax", "sms", "threema", "fax")]
    with Site(four(sms=KEY, threema=OLD)) as site:
        out = site.deliver(*order, message=mail("X-Key: " + KEY))
        equal(out.verdicts, [YES, YES, YES, YES, NO, YES], "verdicts")
        equal(len(site.runs()), 3, "runs")
        out = site.deliver(*order, message=MESSAGE)
        equal(out.verdicts, [YES, NO, YES, NO, NO, YES], "without")
        for reply, recipient in zip(out.final, order):
            if recipient != AT["threema"]:
                match(re.escape(recipient), reply.text, "whose reply")


# -- P02, P03: where it may stand ----------------------------------------------

PLACES = [
    ("a field's name", KEY, "X-%s: yes" % KEY),
    ("the name of a field without value", KEY, KEY + ":"),
    ("a field's value", KEY, "X-Key: " + KEY),
    ("within a value", KEY, "X-Key: a%sb" % KEY),
    ("To", KEY, 'To: "%s" <+41791234567@sms.example.net>' % KEY),
    ("Cc", KEY, "Cc: %s@sms.example.net" % KEY),
    ("Subject", KEY, "Subject: Alarm %s now" % KEY),
    ("Date, all of it", "Sat, 21 Nov 2026 09:07:08 +0000",
     "Date: Sat, 21 Nov 2026 09:07:08 +0000"),
    ("Date's comment", KEY, "Date: Sat, 21 Nov 2026 09:00:00 +0000 (%s)"
     % KEY),
    ("a Received line", KEY, received("mx.example.net", ident=KEY)),
    ("the mail server's name", "mail.acme.example",
     received("mail.acme.example")),
    ("an address", "robot7@plant.example", "From: <robot7@plant.example>"),
    ("an address, its local part", "robot7k2", "Sender: robot7k2@x.example"),
    ("a domain", "plant.example", "Reply-To: a@plant.example"),
    ("Message-ID", KEY, "Message-ID: <%s@x.example>" % KEY),
    ("a custom field, name and value", "X-Gate: 7f3a9c41",
     "X-Gate: 7f3a9c41"),
    ("over a colon", "Gate:7f*", "X-Gate:7f3a9c41"),
]


@table("P02 found in {0}", PLACES)
def _(_name, string, field):
    with Site(grant(string)) as site:
        first, last = (field, "Subject: hello"), ("Subject: hello", field)
        equal(deliver_all(site, [mail(*first), mail(*last), MESSAGE]),
              [YES, YES, NO], "first, last, not there")


@table("P02 a field of lmtpd's own opens nothing: {0}", [
    ("Return-Path", ALICE), ("Received's by", "gw.example.net"),
    ("Received's from", "client.example"), ("Received's LMTP", "with LMTP*")])
def _(_name, string):
    with Site(grant(string)) as site:
        equal(site.verdict(message=mail("Subject: hello")), NO, "verdict")


MULTIPART = ("--=b\nX-Part: %s\nContent-Type: text/plain; name=%s\n\n%s\n"
             "--=b\nContent-Type: message/rfc822\n\nX-Key: %s\n"
             "Subject: %s\n\nhello\n--=b--\n") % ((KEY,) * 5)
TYPE = 'Content-Type: multipart/mixed; boundary="=b"'
NEVER = [
    ("the body", mail("Subject: x", body=KEY + "\n")),
    ("a body that looks like a header", mail("Subject: x",
                                             body="X-Key: %s\n" % KEY)),
    ("a body whose first line looks folded", mail("Subject: x",
                                                  body="\t%s\n" % KEY)),
    ("MIME parts and their headers, an attached message's header",
     mail(TYPE, "MIME-Version: 1.0", body=MULTIPART)),
    ("a header behind a second empty line",
     mail("Subject: x", body="\nX-Key: %s\n\n" % KEY)),
    ("a body without header", b"\nX-Key: " + KEY.encode() + b"\n"),
    ("text from the first line on",
     b"Hello, %s\nX-Key: %s\n" % (KEY.encode(), KEY.encode())),
    ("the line that ends a header without an empty one",
     b"Subject: x\nthis is %s\n" % KEY.encode()),
    ("fields behind such a line",
     b"Subject: x\nthis is text\nX-Key: %s\n\n" % KEY.encode()),
    ("mbox's From line",
     b"From %s Sat Nov 21 09:00:00 2026\nSubject: x\n\n" % KEY.encode()),
    ("nothing at all", b""),
]


@table("P03 never found in {0}", NEVER)
def _(_name, message):
    with Site(LOCKED) as site:
        equal(site.verdict(message=message), NO, "verdict")
        equal(site.the_line().fields["reason"], "string-missing", "reason")
        said, status = step(site, message=message)
        equal(status, REJECT, "explain")
        match("^security string missing: ", said)


@case("P03 nor half in the header and half in the body")
def _():
    with Site(grant("Customer*" + KEY)) as site:
        equal(deliver_all(site, [mail("Subject: Customer", body=KEY + "\n"),
                                 mail("Subject: Customer " + KEY)]),
              [NO, YES], "verdicts")


@table("found in {0}", [
    ("a header without empty line", b"X-Key: %s\nthis is text\n"),
    ("a header and nothing else", b"Subject: x\nX-Key: %s\n"),
    ("a header behind mbox's From line",
     b"From a@b.example Sat Nov 21 09:00:00 2026\nX-Key: %s\n\nhello\n"),
    ("a field with a blank before its colon", b"X-Key : %s\n\n")])
def _(_name, message):
    with Site(LOCKED) as site:
        equal(site.verdict(message=message % KEY.encode()), YES, "verdict")


# -- P04, P05: beside the sender -----------------------------------------------

@case("P04 no string: that check is off, channel by channel")
def _():
    with Site(four(sms=KEY, fax="")) as site:
        equal(site.deliver(*EVERYWHERE).verdicts, [NO, YES, YES, YES],
              "verdicts")


DKIM = ("Authentication-Results: mx.example.net; dkim=%s "
        "header.d=example.com")
DKIM_SITE = {"authserv-id": "mx.example.net",
             **acme(("email", ALICE, {"security": ["dkim"]}))}
FACTORS = [
    ("the sender is not registered", {}, {"sender": "eve@evil.example"},
     NO, "not-registered"),
    ("the null sender", {}, {"sender": ""}, NO, "null-sender"),
    ("another address of the domain", {}, {"sender": "bob@example.com"},
     NO, "not-registered"),
    ("from the wrong place", acme(("email", ALICE, {"security": NET})),
     {"forward": OUTSIDE}, NO, "security-failed"),
    ("from a place unknown", acme(("email", ALICE, {"security": NET})),
     {}, LATER, "client-unknown"),
    ("the DNS cannot tell", acme(("email", ALICE, {"security": ["spf"]})),
     {"forward": INSIDE}, "451 4.7.24", "dns"),
    ("the domain is not verified",
     acme(("domain", "example.com", {"security": ["none"], "verify": True})),
     {}, NO, "domain-not-verified"),
    ("rewritten by a forwarder",
     acme(("domain", "example.com", {"security": ["none"]})),
     {"sender": "SRS0=HH=TT=s.example=u@example.com"}, NO,
     "rewritten-sender"),
    ("DKIM fails", DKIM_SITE,
     {"message": mail(DKIM % "fail", "X-Key: " + KEY)}, NO,
     "security-failed"),
    ("the number is not allowed", {("account", "acme"): {
        ("channel", "sms"): {"numbers": ["+49*"]}}}, {}, NO,
     "number-not-allowed"),
]


@table("P05 the right string and {0}: {4}", FACTORS)
def _(_name, changes, mailed, want, reason):
    with several(LOCKED, changes) as site:
        out = site.deliver(PHONE, **{"message": OPENS, **mailed})
        equal(out.verdicts, [want], "verdict")
        equal(site.the_line().fields["reason"], reason, "reason")
        equal(site.runs(), [], "runs")


# Speaks for lmtpd-resolver: the answer to all questions is RESULT.
ORACLE = """#!/usr/bin/python3
import socket, struct
channel = socket.socket(fileno=3)
while channel.recv(65536):
    channel.send(struct.pack("@IIIII", RESULT, 1, 0, 0, 0))
"""
SPF = acme(("email", ALICE, {"security": ["spf"]}))


def oracle(site, result):
    site.libexec = site.dir
    site.script("lmtpd-resolver", ORACLE.replace("RESULT", str(result)))


@table("P05 SPF {0}: with the string {2}, without {3}", [
    ("pass", 2, YES, NO), ("fail", 3, "550 5.7.23", "550 5.7.23"),
    ("softfail", 4, NO, NO), ("none", 0, NO, NO),
    ("temperror", 5, "451 4.7.24", "451 4.7.24")])
def _(_word, result, right, wrong):
    with several(LOCKED, SPF) as site:
        oracle(site, result)
        equal(deliver_all(site, [OPENS, MESSAGE], forward=INSIDE),
              [right, wrong], "verdicts")


@table("P05 DKIM {0}, the string {1}: {2}", [
    ("pass", "there", YES), ("pass", "missing", NO), ("fail", "there", NO),
    ("fail", "missing", NO)])
def _(result, there, want):
    fields = [DKIM % result] + ["X-Key: " + KEY] * (there == "there")
    with several(LOCKED, DKIM_SITE) as site:
        equal(site.verdict(message=mail(*fields)), want, "verdict")


HOP = ("Received: from x (x [%s])\n\tby mx.example.net (Postfix) with ESMTP "
       "id 4F\n\tfor <x@example.net>; Sat, 21 Nov 2026 09:00:00 +0000")


@table("P05 the place by Received, {0}, the string {1}: {2}", [
    ("right", "there", YES), ("right", "missing", NO), ("wrong", "there", NO),
    ("unknown", "there", LATER), ("unknown", "missing", LATER)])
def _(place, there, want):
    fields = [HOP % ("192.0.2.7" if place == "right" else "198.51.100.7")]
    fields = fields * (place != "unknown") + \
        ["X-Key: " + KEY] * (there == "there")
    with several(LOCKED, acme(("email", ALICE, {"security": NET})),
                 {"client-address": "received"}) as site:
        out = site.deliver(PHONE, how="unix", message=mail(*fields))
        equal((out.rcpt, out.verdicts), (["250 2.1.5"], [want]), "verdict")


@case("P05 a server's address is no second factor")
def _():
    with several(LOCKED, acme(("ip", "192.0.2.7", {}))) as site:
        equal(deliver_all(site, [OPENS, MESSAGE], forward=INSIDE), [YES, NO],
              "verdicts")


@case("P05 neither: the place is told, the string is not looked for")
def _():
    with several(LOCKED, acme(("email", ALICE, {"security": NET}))) as site:
        told, _ = facts(site, "--client", "198.51.100.7", message=MESSAGE)
        equal(told["reason"], "security-failed", "reason")
        check("string" not in "".join(told["steps"]), told["steps"])


# -- P06, P07: addresses, fields, servers --------------------------------------

ADDRESSES = [
    ("in Received", "22.22.22.22", [received("mx", ip="22.22.22.22")],
     [received("mx", ip="22.22.22.2")]),
    ("in X-Originating-IP", "22.22.22.22",
     ["X-Originating-IP: [22.22.22.22]"], ["X-Originating-IP: [22.22.2.22]"]),
    ("in Subject", "22.22.22.22", ["Subject: from 22.22.22.22."],
     ["Subject: from 22.22.22"]),
    ("IPv6", "2001:db8::7", ["Received: from x ([IPv6:2001:db8::7])"],
     ["Received: from x ([IPv6:2001:db8::8])"]),
    ("anchored by brackets", "[[]22.22.22.22]",
     [received("mx", ip="22.22.22.22"), "X-Originating-IP: [22.22.22.22]"],
     [received("mx", ip="122.22.22.22"), received("mx", ip="22.22.22.221"),
      "X-Originating-IP: 22.22.22.22", "X: [22.22.22.22", "X: 22.22.22.22]"]),
    ("anchored to its field", "Received: from *[[]22.22.22.22])",
     [received("mx", ip="22.22.22.22")],
     ["X-Originating-IP: [22.22.22.22]"]),
]


@table("P06 an IP address, {0}", ADDRESSES)
def _(_name, string, right, wrong):
    with Site(grant(string)) as site:
        equal(deliver_all(site, [mail(f) for f in right + wrong]),
              [YES] * len(right) + [NO] * len(wrong), "verdicts")


@table("P07 {0}", [
    ("a custom field with a constant", "X-Gateway-Key: 7f3a9c41d0",
     ["X-Gateway-Key: 7f3a9c41d0", "X-Gateway-Key: 7f3a9c41d0ff"],
     ["X-Gateway-Key: 7f3a9c41d1", "X-Gateway: 7f3a9c41d0",
      "X-Gateway-Key:7f3a9c41d0"]),
    ("the server's name in Received", "mail.acme.example",
     [received("mail.acme.example"), received("MX1.mail.acme.example")],
     [received("mail.acme.example.org".replace("acme", "acne"))]),
    ("the server's name and its place", "by mail.acme.example *",
     [received("mail.acme.example")],
     ["Received: from mail.acme.example by mx.example.net"])])
def _(_name, string, right, wrong):
    with Site(grant(string)) as site:
        equal(deliver_all(site, [mail(f) for f in right + wrong]),
              [YES] * len(right) + [NO] * len(wrong), "verdicts")


# -- P09, P10, P11, P18, P19: what no configuration may say --------------------

ASCII = "has a character that is not printable ASCII"
NO_ADDRESS = "has a character that no address has"
DOT = "begins or ends with a dot"
EMPTY = "is empty"
ALL = "matches every header"
REFUSED = [
    ("P09", "UTF-8", "caf\u00e9-77key", 1, ASCII),
    ("P09", "ISO 8859-1", "caf\udce9-77key", 1, ASCII),
    ("P09", "a no-break space", "Kunde\u00a077*", 1, ASCII),
    ("P09", "a byte of 128", "k77\udc80key", 1, ASCII),
    ("P09", "a tab", "k77\tkey*", 1, ASCII),
    ("P09", "within a list", "k77[\u00e9e]key", 1, ASCII),
    ("P09", "in the second alternative", KEY + ";k77\u00e9", 2, ASCII),
    ("P10", "a blank in plain text", "two words", 1, NO_ADDRESS),
    ("P10", "a bracket", "a(b77", 1, NO_ADDRESS),
    ("P10", "a comma", "k77,key", 1, NO_ADDRESS),
    ("P10", "a quote", 'k77"key', 1, NO_ADDRESS),
    ("P10", "a backslash", "k77\\key", 1, NO_ADDRESS),
    ("P10", "a closing bracket alone", "k77]key", 1, NO_ADDRESS),
    ("P10", "angle brackets", "<k77key>", 1, NO_ADDRESS),
    ("P10", "the third alternative", "a7*b;%s;k77 key" % KEY, 3, NO_ADDRESS),
    ("P10", "a blank behind the semicolon", KEY + "; " + OLD, 2, NO_ADDRESS),
    ("P10", "nothing but digits", "0123456789", 1, "nothing but digits"),
    ("P11", "a dot in front", ".k77key", 1, DOT),
    ("P11", "a dot behind", "k77key.", 1, DOT),
    ("P11", "nothing but a dot", ".", 1, DOT),
    ("P11", "a dot in front of the second", KEY + ";.k77", 2, DOT),
    ("P11", "a dot behind the first", "22.22.;" + KEY, 1, DOT),
    ("P11", "a dot in front of a wildcard", ".*key77", 1, DOT),
    ("P11", "a dot behind a list", "22.22.[1-5].", 1, DOT),
    ("P18", "a semicolon alone", ";", 1, EMPTY),
    ("P18", "in front", ";" + KEY, 1, EMPTY),
    ("P18", "behind", KEY + ";", 2, EMPTY),
    ("P18", "in the middle", "%s;;%s" % (KEY, OLD), 2, EMPTY),
    ("P18", "matches everything", "*", 1, ALL),
    ("P18", "matches everything", "**", 1, ALL),
    ("P18", "matches everything", "?*", 1, ALL),
    ("P18", "matches everything", "??", 1, ALL),
    ("P18", "matches everything", "[]", 1, ALL),
    ("P18", "matches everything", "*[]*", 1, ALL),
    ("P18", "matches everything", "[!a]", 1, ALL),
    ("P18", "stands in every field", ":", 1, ALL),
    ("P18", "stands in every field", "*:*", 1, ALL),
    ("P18", "stands in every field", "[:]", 1, ALL),
    ("P18", "stands in every field", "?:", 1, ALL),
    ("P18", "stands in every field", "[ -~]", 1, ALL),
    ("P18", "matches everything, beside a good one", KEY + ";*", 2, ALL),
    ("P18", "a list without end", "k77[1-5", 1, r"\["),
    ("P18", "a list without end, which takes the semicolon",
     "k77[1-5;" + KEY, 1, r"\["),
    ("P18", "a range backwards", "k77[5-1]key", 1, "range"),
    ("P18", "a range backwards, in the second", KEY + ";k7[z-a]", 2, "range"),
]


def refused(quoted, pattern):
    """lmtpd -n, check, explain and the log tell the place and what is wrong,
    and never the string; a client is told to come again."""
    text = render(merge(BASE, grant("@"))).replace('"@"', quoted)
    with Site() as site:
        with open(site.conf, "wb") as f:
            f.write(site.fill_in(text).encode("utf-8", "surrogateescape"))
        place = r"lmtpd\.conf:%d: %s" % (line_of(site), pattern)
        status, output = dry_run(site)
        check(status != 0, "-n is content")
        equal(site.talk(session(PHONE, message=OPENS)), ["421 4.3.5"],
              "a client's replies")
        checked = lmtpctl("-f", site.conf, "check")
        told = explain(site, message=OPENS)
        equal((checked.status, told.status, told.out), (2, 2, b""), "lmtpctl")
        for said in (output, site.log(), checked.out.decode("latin-1"),
                     told.err.decode("latin-1")):
            match(place, said)
            equal(set(re.findall(r"lmtpd\.conf:(\d+): ", said)),
                  {str(line_of(site))}, "lines with errors")
            check(len(quoted) < 8 or quoted[1:-1] not in said, "told: " + said)


@table("{0} refused: {1}: {2}", [
    (promise, name, ascii(string), string, nth, what)
    for promise, name, string, nth, what in REFUSED])
def _(_promise, _name, _shown, string, nth, what):
    refused("'%s'" % string, r"security-string: alternative %d\b.*%s"
            % (nth, what))


@case("P09 refused: a byte of 127")
def _():
    refused("'k77\x7fkey'", "control character 0x7f in a string")


TAKEN = [
    ("P10", "a pattern with a blank", "two words*", "Subject: two words"),
    ("P10", "a blank and ?", "two?words now", "Subject: two words now"),
    ("P10", "what no address has, and a list", "a(b,c[)]", "X: a(b,c)"),
    ("P10", "with a colon any printable", 'Note: a(b) "c" <d>, \\e',
     'Note: a(b) "c" <d>, \\e'),
    ("P10", "a colon with a blank", "Subject: two words",
     "Subject: two words"),
    ("P10", "all that an address may have", "k7!$%&+-/=^_`{|}~.x@y",
     "X: k7!$%&+-/=^_`{|}~.x@y"),
    ("P10", "digits with a list", "12345678[9]", "X: 123456789"),
    ("P11", "a dot inside", "k77.key", "X: k77.key"),
    ("P11", "a dot in a list at either end", "[.]k77[.]", "X: .k77."),
    ("P11", "a dot behind a wildcard", "?.k77", "X: 2.k77"),
    ("P19", "a semicolon in a list", "k77[;]key", "X: k77;key"),
    ("P19", "a semicolon first in a list", "k77[;,]key", "X: k77,key"),
    ("P19", "all but a semicolon", "k77[!;]key", "X: k77:key"),
    ("P19", "a list, then another alternative", "x[;]y77;" + KEY,
     "X: " + KEY),
    ("P18", "a list that takes one character of many", "k[!a]7[]7", "X: kb77"),
    ("P18", "a ! alone in a list", "k77[!]", "X: k77!"),
]


@table("{0} taken: {1}", TAKEN)
def _(_promise, _name, string, field):
    with Site(grant(string)) as site:
        status, output = dry_run(site)
        equal(status, 0, output)
        equal(deliver_all(site, [mail(field), MESSAGE]), [YES, NO], "verdicts")


@table("P19 {0}", [
    ("a semicolon in a list is no end", "k77[;]key", 1, "X: k77;key",
     ["X: k77[", "X: ]key", "X: k77", "X: k77]key"]),
    ("outside it is one", "x[;]y77;" + KEY, 2, "X: " + KEY,
     ["X: x", "X: xy77", "X: y77"]),
    ("a list with two", "k[;;]7;z7[a;b]", 2, "X: z7;", ["X: k7", "X: z7c"])])
def _(_name, string, nth, field, others):
    with Site(grant(string)) as site:
        match(r"^security string: alternative %d stands " % nth,
              step(site, message=mail(field))[0])
        equal(deliver_all(site, [mail(f) for f in others]),
              [NO] * len(others), "verdicts")


# -- quotes --------------------------------------------------------------------

QUOTED = ["Customer*33.33.33.33", "k77[1-5];" + KEY, "k//b#c{d}e",
          "X-Gate: a#*/*b", "[[]22.22.22.22]", "a77;b77;[;]c77"]


@table("{1} quotes around {0}", [
    (string, name, mark) for string in QUOTED
    for name, mark in (("single", "'"), ("double", '"'))])
def _(string, _name, mark):
    text = render(merge(BASE, grant("@"))).replace('"@"', mark + string + mark)
    opens = {"Customer*33.33.33.33": "X: Customer 33.33.33.33",
             "k77[1-5];" + KEY: "X: k773", "k//b#c{d}e": "X: k//b5c{d}e",
             "X-Gate: a#*/*b": "X-Gate: a5 / b",
             "[[]22.22.22.22]": "X: [22.22.22.22]",
             "a77;b77;[;]c77": "X: ;c77"}
    with Site(text=text) as site:
        equal(deliver_all(site, [mail(opens[string]), mail("Y: none")]),
              [YES, NO], "verdicts")


@table("double quotes are refused around {0}", [
    ("a backslash", "Note: k77\\key"), ("an escaped star", "k77\\*key"),
    ("a variable", "k77${NOT_SET:-x}key"),
    ("a variable unset", "k77${NOT_SET}")])
def _(_name, string):
    refused('"%s"' % string, ".*single quotes")


@table("single quotes are fine around {0}", [
    ("a backslash", "Note: k77\\key", "Note: k77\\key"),
    ("a variable", "k77${HOME}key", "X: k77${HOME}key")])
def _(_name, string, field):
    with Site(grant(string)) as site:
        equal(site.verdict(message=mail(field)), YES, "verdict")


# -- P12 to P16: the grammar as mails meet it ----------------------------------

def x(*values):
    return [mail("X: " + value) for value in values]


@table("P12 any alternative is enough: {0}", [
    ("addresses", "22.22.22;33.33.33", ["22.22.22.9", "33.33.33.9"],
     ["44.44.44.9", "22.33.22"]),
    ("of three kinds", "hZavjjx5JT1Y2ff;22.22.22.[1-5];Customer*33.33.33.33",
     [KEY, "22.22.22.5", "Customer 33.33.33.33"],
     ["hZavjjx5JT1Y2f", "22.22.22.6", "customer 33.33.33.33", "Customer"])])
def _(_name, string, right, wrong):
    with Site(grant(string)) as site:
        equal(deliver_all(site, x(*right, *wrong)),
              [YES] * len(right) + [NO] * len(wrong), "verdicts")
        for nth, value in enumerate(right, 1):
            equal(step(site, message=x(value)[0]),
                  ("security string: alternative %d stands in field X, "
                   "3 bytes in" % nth, ACCEPT), value)


@case("P12 rotation: the old key, then either, then the new one alone")
def _():
    with Site() as site:
        def keys(string):
            site.write_conf(render(merge(BASE, grant(string))))
            return deliver_all(site, x(OLD, KEY))

        equal(keys(OLD), [YES, NO], "before")
        equal(keys(OLD + ";" + KEY), [YES, YES], "both")
        for nth, key in enumerate((OLD, KEY), 1):
            match("^security string: alternative %d stands " % nth,
                  step(site, message=x(key)[0])[0])
        equal(keys(KEY), [NO, YES], "after")
        equal(len(site.runs()), 4, "runs")


@case("P12 where both stand the first is told")
def _():
    with Site(grant(OLD + ";" + KEY)) as site:
        match("alternative 1 stands in field Y, ",
              step(site, message=mail("X: " + KEY, "Y: " + OLD))[0])


@case("P13 three octets are a plain substring, and check warns of that")
def _():
    with Site(grant("22.22.22")) as site:
        equal(deliver_all(site, x("22.22.22.1", "122.22.221", "22.22.220.1",
                                  "22.22.2.22", "22.222.22")),
              [YES, YES, YES, NO, NO], "verdicts")
        said = lmtpctl("-f", site.conf, "check")
        equal(said.status, 1, "check")
        match(r"(?m)^warning: \S*lmtpd\.conf:%d: security-string: alternative "
              r"1 has octets without an anchor: .*122\.22\.221"
              % (line_of(site) - 1), said.out.decode())


DIGITS = "0123456789"


@table("P14 22.22.22.{0} opens for {1}", [
    ("[1-5]", "12345", ""), ("[1,3,5,9]", "1359", ","), ("[!1-5]", "06789",
                                                         ",x"),
    ("#", DIGITS, ""), ("?", DIGITS, ",x"), ("[13-57]", "13457", ""),
    ("[0]", "0", ""), ("[-5]", "5", "-"), ("[1-3-5]", "1235", "-")])
def _(tail, digits, others):
    with Site(grant("([[]22.22.22.%s])" % tail)) as site:
        tried = DIGITS + ",-x"
        verdicts = deliver_all(site, x(*["x ([22.22.22.%s])" % d
                                         for d in tried]))
        if tail in ("[!1-5]", "?"):
            others += "-"
        equal("".join(d for d, v in zip(tried, verdicts) if v == YES),
              "".join(d for d in tried if d in digits + others), "opens for")


@table("P15 Customer*33.33.33.33 {0}: {2}", [
    ("with text between", ["X: Customer 7 of 33.33.33.33"], YES),
    ("with nothing between", ["X: Customer33.33.33.33"], YES),
    ("in two fields", ["X: Customer", "Y: 33.33.33.33"], YES),
    ("in two fields far apart",
     ["X: Customer"] + ["F%d: x" % i for i in range(500)] +
     ["Y: 33.33.33.33"], YES),
    ("in a name and a value", ["Customer: x", "Y: 33.33.33.33"], YES),
    ("in the wrong order", ["X: 33.33.33.33 Customer"], NO),
    ("in two fields in the wrong order", ["X: 33.33.33.33", "Y: Customer"],
     NO),
    ("with one half twice", ["X: Customer Customer", "Y: 33.33.33.3"], NO),
    ("without the first", ["X: 33.33.33.33"], NO),
    ("without the second", ["X: Customer"], NO)])
def _(_name, fields, want):
    with Site(grant("Customer*33.33.33.33")) as site:
        equal(site.verdict(message=mail(*fields)), want, "verdict")


WORDS = ["Customer-Key7", "customer-Key7", "CUSTOMER-KEY7", "cUSTOMER-kEY7"]


@table('P16 {0}', [
    ("case counts", {}, "Customer-Key7", WORDS, [YES, NO, NO, NO]),
    ('compare = "binary" says the same', {"compare": "binary"},
     "Customer-Key7", WORDS, [YES, NO, NO, NO]),
    ('compare = "text" folds it', {"compare": "text"}, "Customer-Key7",
     WORDS, [YES] * 4),
    ("in lists too", {"compare": "text"}, "k77[a-c][!D]",
     ["k77bx", "K77Cx", "k77bD", "k77bd", "k77dx"], [YES, YES, NO, NO, NO]),
    ("a field's name is text like any other", {}, "X-Gate: key7",
     ["key7"], [NO]),
    ("letters outside ASCII are no letters", {"compare": "text"}, "k[!z]7?x",
     ["k\u00e97x", "kZ7ax"], [NO, NO])])
def _(_name, keys, string, values, want):
    with Site(grant(string, **keys)) as site:
        equal(deliver_all(site, x(*values)), want, "verdicts")


@case("P16 each channel compares in its own way")
def _():
    both = four(sms={"security-string": KEY, "compare": "text"}, fax=KEY)
    with Site(both) as site:
        out = site.deliver(AT["sms"], AT["fax"], message=x(KEY.upper())[0])
        equal(out.verdicts, [YES, NO], "verdicts")


# -- P17: folding and encoded words --------------------------------------------

@table("P17 folded {0}: {3}", [
    ("at a blank", "Subject: two words", "Subject: two\n words", YES),
    ("behind the colon", "Subject: two words", "Subject:\n two words", YES),
    ("at every blank", "X: a b c d", "X: a\n b\n c\n d", YES),
    ("in Received", "by mx.acme.example with *",
     "Received: from x\n by mx.acme.example\n with ESMTP", YES),
    ("at a tab, which stays one", "two\twords".replace("\t", " ") + "*",
     "Subject: two\n\twords", NO),
    ("at a tab, and any character will do", "two?words",
     "Subject: two\n\twords", YES),
    ("at two blanks, which stay two", "two words*", "Subject: two\n  words",
     NO),
    ("within the key, which parts it", KEY, "X: hZavjj\n x5JT1Y2ff", NO),
    ("with a line of blanks between", "two?*words", "X: two\n \n words",
     YES)])
def _(_name, string, field, want):
    with Site(grant(string)) as site:
        equal(site.verdict(message=mail(field)), want, "verdict")


def b(text, charset="utf-8"):
    data = text if isinstance(text, bytes) else text.encode()
    return "=?%s?B?%s?=" % (charset, base64.b64encode(data).decode())


def q(text, charset="utf-8"):
    """Every byte written =XX, so that nothing shows raw."""
    data = text if isinstance(text, bytes) else text.encode()
    return "=?%s?Q?%s?=" % (charset, "".join("=%02X" % c for c in data))


UMLAUT = "Gr\u00fc\u00dfe " + KEY
CHARSETS = ["us-ascii", "UTF-8", "utf-8*de", "ISO-8859-1", "iso-8859-15",
            "Windows-1252", "windows-1251", "cp1252", "KOI8-R",
            "koi8-u"]
DECODED = [("%s in %s" % (name, charset), KEY, "Subject: " +
            form(KEY, charset))
           for name, form in (("B", b), ("Q", q)) for charset in CHARSETS] + [
    ("B and Q in lower case", KEY,
     "Subject: " + b(KEY).replace("?B?", "?b?")),
    ("Q in lower case", KEY, "Subject: " + q(KEY).replace("?Q?", "?q?")),
    ("Q with small hex digits", KEY,
     "Subject: =?utf-8?Q?=68=5aavjjx5JT1Y2f=66?="),
    ("among letters outside ASCII, B", KEY, "Subject: " + b(UMLAUT)),
    ("among letters outside ASCII, Q", KEY, "Subject: " + q(UMLAUT)),
    ("among letters outside ASCII, ISO 8859-1", KEY,
     "Subject: " + b(UMLAUT.encode("latin-1"), "iso-8859-1")),
    ("a blank as _", "Kunde 77*", "Subject: =?utf-8?Q?Kunde_=37=37?="),
    ("wildcards over bytes, two for a letter of UTF-8", "Gr????e k77*",
     "Subject: " + q("Gr\u00fc\u00dfe k77")),
    ("wildcards over bytes, one for a letter of ISO 8859-1", "Gr??e k77*",
     "Subject: " + q("Gr\u00fc\u00dfe k77".encode("latin-1"), "iso-8859-1")),
    ("in a display name", KEY, "From: %s <alice@example.com>" % b(KEY)),
    ("a key split over two words", KEY,
     "Subject: %s %s" % (b(KEY[:6]), b(KEY[6:]))),
    ("over two words and a fold", KEY,
     "Subject: %s\n %s" % (q(KEY[:6]), q(KEY[6:]))),
    ("over B and Q, and two charsets", KEY,
     "Subject: %s\n\t%s" % (b(KEY[:6], "iso-8859-1"), q(KEY[6:]))),
    ("over five words", KEY, "Subject: " + "\n ".join(
        b(KEY[i:i + 3]) for i in range(0, 15, 3))),
    ("half raw, half decoded", "Customer*" + KEY,
     "Subject: Customer " + b(KEY)),
    ("across fields", "Customer*" + KEY, "X: %s\nY: %s"
     % (b("Customer"), q(KEY))),
    ("with a field's name before it", "Subject: " + KEY,
     "Subject: " + b(KEY)),
]


@table("P17 decoded: {0}", DECODED)
def _(_name, string, field):
    with Site(grant(string)) as site:
        message = mail(field)
        check(string.encode() not in message, "it stands there raw")
        equal(site.verdict(message=message), YES, "verdict")
        said, status = step(site, message=message)
        equal(status, ACCEPT, "explain")
        match("^security string: alternative 1 stands in field .* bytes in "
              "with encoded words decoded$", said)


STAYS = [("of charset " + name, form(KEY.encode(codec), name))
         for name, codec in (("gb2312", "ascii"), ("utf-16", "utf-16-be"),
                             ("utf-7", "ascii"), ("iso-2022-jp", "ascii"),
                             ("x-unknown", "ascii"), ("", "ascii"))
         for form in (b, q)] + [
    ("without its end", b(KEY)[:-2]),
    ("without its question mark", b(KEY)[:-2] + "="),
    ("of another encoding", b(KEY).replace("?B?", "?X?")),
    ("with a blank in it", b(KEY)[:20] + " " + b(KEY)[20:]),
    ("with a character that base64 has not", b(KEY)[:16] + "!" + b(KEY)[17:]),
    ("with a broken =XX", q(KEY)[:-2] + "=4?="),
    ("with letters for =XX", q(KEY)[:-2] + "=ZZ?="),
    ("with no text", "=?utf-8?B??="),
]


@table("P17 a word stays as it is written, {0}", STAYS)
def _(_name, word):
    with Site(grant("=[?]*[?]=;" + KEY)) as site:
        if word.endswith("?="):
            equal(step(site, message=mail("Subject: " + word)),
                  ("security string: alternative 1 stands in field Subject, "
                   "9 bytes in", ACCEPT), "raw")
        site.write_conf(render(merge(BASE, LOCKED)))
        equal(site.verdict(message=mail("Subject: " + word)), NO, "verdict")


@case("P17 the raw form of a word matches as well")
def _():
    with Site(grant(b(KEY).replace("?", "[?]"))) as site:
        right = mail("Subject: " + b(KEY))
        equal(deliver_all(site, [right, mail("Subject: " + KEY)]),
              [YES, NO], "verdicts")
        equal(step(site, message=right)[0],
              "security string: alternative 1 stands in field Subject, "
              "9 bytes in", "step")


@case("P17 text between two words parts them, a blank does not")
def _():
    one, two = b(KEY[:6]), b(KEY[6:])
    with Site(LOCKED) as site:
        equal(deliver_all(site, x("%s x %s" % (one, two),
                                  "%s %s" % (one, KEY[6:]),
                                  "%s\n\t \n %s" % (one, two))),
              [NO, NO, YES], "verdicts")


@case("P17 a line end that a word hides ends no field and begins none")
def _():
    inner = q("\nX-Gate: k77") + "\n " + b("\r\n\r\n" + KEY)
    with Site(grant("X-Gate: k77;" + KEY)) as site:
        said, status = step(site, message=mail("Subject: a " + inner))
        equal((said, status),
              ("security string: alternative 1 stands in field Subject, 12 "
               "bytes in with encoded words decoded", ACCEPT), "step")


# -- what the client and the log are told --------------------------------------

@case("RCPT is 250, the final reply is exact, and nothing runs")
def _():
    with Site(LOCKED) as site:
        out = site.deliver(PHONE)
        equal((out.rcpt, out.data), (["250 2.1.5"], "354"), "RCPT, DATA")
        equal([r.text for r in out.final], [MISSING % PHONE], "final reply")
        line = site.the_line()
        equal((line.verdict, line.fields["reason"], line.fields["account"],
               line.fields["exit"]),
              ("refused", "string-missing", "acme", "-"), "log")
        equal(site.runs(), [], "runs")


@table("neither a reply nor the log tells the string: {0}", [
    ("it is missing", [MESSAGE]), ("it is there", [OPENS]),
    ("it is in what the log tells", [
        mail("From: %s@example.com" % KEY),
        mail("From: %s <a@example.com>" % KEY),
        mail("X-Original-To: %s@sms.example.net" % KEY)]),
    ("it is there, and DKIM fails",
     [mail(DKIM % "fail", "From: %s@example.com" % KEY)])])
def _(_name, messages):
    with several(LOCKED, DKIM_SITE if DKIM.encode()[:20] in messages[0]
                 else {}) as site, site.connect() as client:
        client.lhlo()
        for message in messages:
            out = client.deliver(PHONE, message=message)
            check(KEY not in out.final[0].text, "told: " + out.final[0].text)
            client.say("RSET")
        client.quit()
        equal(len(site.lines()), len(messages), "lines")
        check(KEY not in site.log(), "logged: " + site.log())
        for path in site.state_files():
            with open(path, "rb") as f:
                check(KEY.encode() not in f.read(), "kept in " + path)


@case("enforce = false: delivered, and the log says what would have been")
def _():
    changes = merge(LOCKED, {("account", "acme"): {"enforce": False}})
    with Site(changes) as site:
        equal(deliver_all(site, [MESSAGE, OPENS]), [YES, YES], "verdicts")
        equal([(line.verdict, line.fields["reason"])
               for line in site.lines()],
              [("would-refuse", "string-missing"), ("accepted", "delivered")],
              "log")
        equal(len(site.runs()), 2, "runs")
        told, status = facts(site, message=MESSAGE)
        equal((told["verdict"], told["reason"], told["would_refuse"], status),
              ("accept", "string-missing", True, ACCEPT), "explain")


@table('refusals = "proven": a string missing is {2} where {0}', [
    ("the sender is not proven", {"security": ["none"]}, "discarded", YES),
    ("the place proves the sender", {"security": NET}, "refused", NO)])
def _(_name, keys, fate, want):
    with several(LOCKED, {"refusals": "proven"},
                 acme(("email", ALICE, keys))) as site:
        oracle(site, 0)
        out = site.deliver(PHONE, how="unix", forward=INSIDE)
        equal(out.verdicts, [want], "verdict")
        line = site.the_line()
        equal((line.verdict, line.fields["reason"]),
              (fate, "string-missing"), "log")
        equal(site.runs(), [], "runs")
        site.forget()
        equal(site.verdict(message=OPENS, forward=INSIDE), YES, "with it")
        equal(len(site.runs()), 1, "runs with it")


@table("a probe from <{0}> is told of the recipient alone", [
    ("",), ("double-bounce@mta.example",)])
def _(sender):
    with Site(LOCKED) as site, site.connect() as client:
        client.lhlo()
        equal(client.say("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % PHONE,
                         "RCPT TO:<x@nowhere.example>", "RSET"),
              ["250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.0.0"], "probe")
        out = client.deliver(PHONE, sender=sender, message=OPENS)
        equal((out.rcpt, out.final), (["250 2.1.5"], [NO]), "with DATA")
        client.quit()
        equal([line.fields["reason"] for line in site.lines()[1:]],
              ["not-registered" if sender else "null-sender"], "log")


@case("the null sender that may deliver needs the string too")
def _():
    anyone = acme(("anyone", None, {"security": ["none"],
                                    "null-sender": True}))
    with several(LOCKED, anyone) as site:
        equal(deliver_all(site, [OPENS, MESSAGE], sender=""), [YES, NO],
              "verdicts")


# -- sizes ---------------------------------------------------------------------

LONG = "a" * 65536
FOLDED = "\n ".join(["a" * 72] * 900)


@table("a field of 64 KiB: {0}", [
    ("the string at its beginning", KEY, "X: " + KEY + LONG, YES),
    ("at its end", KEY, "X: " + LONG + KEY, YES),
    ("folded 900 times, at its end", KEY, "X: %s\n %s" % (FOLDED, KEY), YES),
    ("from one end to the other", "k77*z99", "X: k77%sz99" % LONG, YES),
    ("its name", KEY, "%s%s: x" % (LONG, KEY), YES),
    ("decoded", KEY, "X: %s\n %s" % (q("a" * 20000), q(KEY)), YES),
    ("it is not there", KEY, "X: " + LONG, NO),
    ("all but the last character", KEY, "X: " + LONG + KEY[:-1], NO),
    ("a pattern that is slow to try", "*%sb*" % ("a" * 50), "X: " + LONG, NO),
    ("a pattern slower still", "*".join(["a" * 20] * 20) + "*b", "X: " + LONG,
     NO)])
def _(_name, string, field, want):
    with Site(grant(string)) as site:
        equal(site.verdict(message=mail(field)), want, "verdict")


def filled(size):
    """A header of that many bytes, the string at its end."""
    last = "X-Key: %s\n" % KEY
    return mail("X: " + "a" * (size - len(last) - 4), last[:-1])


@table("{0}: {2}", [
    ("a header of 256 KiB", filled(BITS), YES),
    ("one byte more", filled(BITS + 1), "550 5.6.0"),
    ("1,000 fields", mail(*["X: y"] * 999, "X-Key: " + KEY), YES),
    ("1,001 fields", mail(*["X: y"] * 1000, "X-Key: " + KEY), "550 5.6.0"),
    ("the string first, then 1,001 fields",
     mail("X-Key: " + KEY, *["X: y"] * 1000), "550 5.6.0")])
def _(_name, message, want):
    with Site(four(sms=KEY)) as site:
        out = site.deliver(AT["sms"], AT["fax"], message=message)
        equal(out.verdicts, [want, want], "verdicts")
        equal(len(site.runs()), 2 * (want == YES), "runs")
        said = explain(site, message=message)
        equal(said.status, ACCEPT if want == YES else REJECT, "explain")


# -- explain -------------------------------------------------------------------

STANDS = "security string: alternative %d stands in field %s, %d bytes in"
NEAREST = ("security string missing: alternative %d came nearest, %d of its "
           "%d characters, in field %s")
NONE_NEAR = "security string missing: no alternative came near"
STEPS = [
    ("in a value", KEY, ["X-Key: " + KEY], STANDS % (1, "X-Key", 7)),
    ("in a name", KEY, ["X-%s: y" % KEY], STANDS % (1, "X-" + KEY, 2)),
    ("at a field's first byte", "X-Key: k77", ["Y: z", "X-Key: k77"],
     STANDS % (1, "X-Key", 0)),
    ("twice", KEY, ["X: a" + KEY, "Y: " + KEY], STANDS % (1, "X", 4)),
    ("behind a fold", KEY, ["Subject: a\n\tb " + KEY],
     STANDS % (1, "Subject", 13)),
    ("the second alternative", OLD + ";" + KEY, ["Subject: x " + KEY],
     STANDS % (2, "Subject", 11)),
    ("over two fields, it is where it begins", "Customer*33.33.33.33",
     ["A: b", "Subject: a Customer", "X: 33.33.33.33"],
     STANDS % (1, "Subject", 11)),
    ("decoded", KEY, ["Subject: a " + b("b " + KEY)],
     STANDS % (1, "Subject", 13) + " with encoded words decoded"),
    ("a field's name that looks like a format", KEY, ["X-%s%n%5d: " + KEY],
     STANDS % (1, "X-%s%n%5d", 11)),
    ("a field's name of 70,000 bytes, of which 63 are told", KEY,
     ["N" * 70000 + ": " + KEY], STANDS % (1, "N" * 63, 70002)),
    ("seven characters of it", KEY, ["Subject: " + KEY[:7]],
     NEAREST % (1, 7, 15, "Subject")),
    ("all but one", KEY, ["Y: z", "Subject: x" + KEY[:14]],
     NEAREST % (1, 14, 15, "Subject")),
    ("the second is nearer", KEY + ";" + OLD,
     ["Subject: " + KEY[:5], "X: " + OLD[:12]], NEAREST % (2, 12, 14, "X")),
    ("the first is nearer", KEY + ";" + OLD,
     ["Subject: " + KEY[:9], "X: " + OLD[:5]], NEAREST % (1, 9, 15,
                                                          "Subject")),
    ("one of two parts", "Customer*33.33.33.33", ["X: a Customer"],
     NEAREST % (1, 8, 19, "X")),
    ("nearer decoded than raw", KEY, ["Subject: " + KEY[:3],
                                      "X: " + b(KEY[:9])],
     NEAREST % (1, 9, 15, "X") + " with encoded words decoded"),
    ("nothing of it", "~~Q7Key", ["X: y"], NONE_NEAR),
    ("no header", "~~Q7Key", [], NONE_NEAR),
]


@table("explain, the step in full: {0}", STEPS)
def _(_name, string, fields, want):
    with Site(grant(string)) as site:
        message = mail(*fields)
        status = ACCEPT if want.startswith("security string:") else REJECT
        equal(step(site, message=message), (want, status), "step")
        equal(site.verdict(message=message), YES if status == ACCEPT else NO,
              "daemon")
        head = message.split(b"\n\n")[0] + b"\n" * bool(fields)
        equal(step(site, "--header-only", message=head), (want, status),
              "--header-only")
        human = explain(site, message=message).out.decode()
        match("(?m)^            %s$" % re.escape(want), human)
        match(r"(?m)^verdict +%s$" % ("accept, .*" if status == ACCEPT else
              r"reject, 550 5\.7\.1 sender not authorised "
              r"\(no security string\) \(string-missing\)"), human)


@case("explain: a place unknown is 2, string or not")
def _():
    with several(LOCKED, acme(("email", ALICE, {"security": NET}))) as site:
        for message in OPENS, MESSAGE:
            equal(explain(site, message=message).status, DEFER, "unknown")
        for message, status in ((OPENS, ACCEPT), (MESSAGE, REJECT)):
            equal(explain(site, "--client", "192.0.2.7",
                          message=message).status, status, "inside")


@case("explain: no string, no step of it")
def _():
    with Site() as site:
        told, status = facts(site, message=MESSAGE)
        equal(status, ACCEPT, "status")
        check("string" not in " ".join(told["steps"]), told["steps"])


WORLD = merge(four(sms="%s;22.22.22.[1-5];Customer*33.33.33.33" % KEY,
                   fax={"security-string": OLD, "compare": "text"},
                   voice="[[]22.22.22.22];Subject: k77"), {
    "authserv-id": "mx.example.net",
    ("account", "beta"): {
        "forwarding-user": "beta", "enforce": False,
        ("channel", "sms"): {"security-string": "beta7*key"},
        ("channel", "threema"): {},
        ("domain", "beta.example"): {"security": ["none"]}},
    ("account", "gamma"): {
        "forwarding-user": "gamma",
        ("channel", "sms"): {"security-string": KEY + ";g77[;]"},
        ("domain", "gamma.example"): {"security": ["dkim"]}}})
PIECES = ["X-Key: " + KEY, "X-Key: " + KEY.lower(), "X-Key: " + KEY[:9],
          "X-Old: " + OLD.upper(), "X-Old: " + OLD, "X: 22.22.22.3",
          "X: 22.22.22.7", "X: [22.22.22.22]", "Subject: k77",
          "Subject:\n k77", "X: Customer", "X: 33.33.33.33", "X: g77;",
          "Subject: " + b(KEY), "Subject: " + q(OLD),
          "Subject: " + b(KEY, "utf-16"), "X: beta7", "Y: a key",
          (DKIM % "pass").replace("example.com", "gamma.example"),
          "Auto-Submitted: auto-replied"]
SENDERS = [ALICE, ALICE, ALICE, "x@beta.example", "x@gamma.example",
           "eve@evil.example", ""]
MAILS = 64
SEED = int(os.environ.get("STRINGS_SEED", "20261122"))


def generate():
    rng = random.Random(SEED)
    for _ in range(MAILS):
        fields = [rng.choice(PIECES) for _ in range(rng.randrange(6))]
        body = rng.choice(["hello\n", "X-Key: %s\n%s\n" % (KEY, OLD)])
        yield (rng.choice(SENDERS), AT[rng.choice(CHANNELS)],
               mail(*fields, body=body))


@case("explain and the daemon agree on %d mails" % MAILS)
def _():
    mails, met = list(generate()), set()
    with Site(WORLD) as site:
        with site.connect() as client:
            client.lhlo()
            replies = []
            for sender, recipient, message in mails:
                out = client.deliver(recipient, sender=sender,
                                     message=message)
                replies.append(out.verdicts[0])
                client.say("RSET")
            client.quit()
        lines = site.lines()
        equal(len(lines), MAILS, "lines")
        for (sender, recipient, message), reply, line in zip(mails, replies,
                                                             lines):
            told, status = facts(site, sender=sender, recipient=recipient,
                                 message=message)
            equal(status, {"2": ACCEPT, "5": REJECT, "4": DEFER}[reply[0]],
                  "%s to %s, seed %d: %r" % (sender, recipient, SEED,
                                             message))
            reason = told["reason"] if status or told["would_refuse"] else \
                "delivered"
            equal(line.fields["reason"], reason, "reason")
            equal(line.verdict == "would-refuse", told["would_refuse"],
                  "would refuse")
            if status:
                equal(reply, "%(code)d %(enhanced)s" % told["reply"], "reply")
            met.add((line.verdict, reason))
    for one in (("accepted", "delivered"), ("refused", "string-missing"),
                ("would-refuse", "string-missing"),
                ("refused", "not-registered"), ("refused", "auto-reply"),
                ("refused", "security-failed")):
        check(one in met, "none is %r: %r" % (one, met))


# -- lmtpctl match -------------------------------------------------------------

@table("match {0} {1}: {2}", [
    ("a[!b-m]#", "aM0", 0), ("a[!b-m]#", "ac0", 1), ("a[!b-m]#", "aMx", 1),
    ("a", "A", 1), ("abc", "xabcx", 1), ("*abc*", "xabcx", 0), ("", "", 0),
    ("*", "", 0), ("?", "", 1), ("#", "\u0663", 1), ("a;b", "a;b", 0),
    ("a;b", "a", 1), ("[*]", "*", 0), ("[*]", "x", 1), ("[[]", "[", 0),
    ("]", "]", 0), ("[]a", "a", 0), ("[]", "", 0), ("[!]", "!", 0),
    ("[a-c-e]", "-", 0), ("[a-c-e]", "d", 1), ("[--D]", "5", 0),
    ("[1,3,5]", ",", 0)])
def _(pattern, text, want):
    said = lmtpctl("match", "--", pattern, text)
    equal(said, (want, b"", b""), "match")


@table("match --text {0} {1}: {2}", [
    ("abc", "aBC", 0), ("[a-c]", "B", 0), ("[!a-c]", "B", 1), ("A", "b", 1)])
def _(pattern, text, want):
    equal(lmtpctl("match", "--text", pattern, text).status, want, "match")


def manual_patterns():
    """[(stands for, example)] of the table of lmtpd.conf(5)."""
    with open(MANUAL + "lmtpd.conf.5", encoding="utf-8") as f:
        text = f.read().split("\n.Sh PATTERNS\n")[1].split("\n.El\n")[0]
    rows = [row.split("\n", 1) for row in text.split("\n.It ")[2:]]
    check(len(rows) > 20, "rows of PATTERNS")
    return [(head.split(" Ta ")[1].removesuffix(" Ta"),
             " ".join(example.split())) for head, example in rows]


@table("PATTERNS of lmtpd.conf(5), {0}: {1}", manual_patterns())
def _(stands_for, example):
    options = ["--text"] if "either case" in stands_for else []
    found = re.fullmatch(r"\.Li (\S+) matches (\S+)", example)
    if found:
        pattern, text = found.groups()
        for text, want in (text, 0), (text + "\n", 1):
            said = lmtpctl("match", *options, "--", pattern, text)
            equal(said, (want, b"", b""), "match %r" % text)
        return
    # What only a security string has
    found = re.fullmatch(r"\.Li (\S+) is \.Li (\S+) or \.Li (\S+)", example)
    check(found, "what it shows")
    with several(grant(found[1])) as site:
        for text, want in ((found[2], ACCEPT), (found[3], ACCEPT),
                           ("-", REJECT)):
            said = explain(site, message=mail("X: " + text))
            equal(said.status, want, "a header with " + text)


@table("match {0}: 2, and a mark under character {1}", [
    ("[", 1), ("abc[de", 4), ("a[b]c[d*", 6), ("[!", 1), ("k77[z-a]y", 5),
    ("[a-c][9-1]", 7), ("\u00e9[z-a]", 4)])
def _(pattern, nth):
    said = lmtpctl("match", pattern, "text")
    equal((said.status, said.out), (2, b""), "status, output")
    what, shown, mark = said.err.decode().splitlines()
    match("^pattern, character %d: [a-z]" % nth, what)
    at = mark.index("^")
    equal(mark, " " * at + "^", "mark")
    equal(shown[at], pattern.encode()[nth - 1:].decode()[0], "over the mark")


@table("match with {0}: 64", [
    ("nothing", []), ("one word", ["a"]), ("three words", ["a", "b", "c"]),
    ("an unknown option", ["--case", "a", "b"])])
def _(_name, words):
    said = lmtpctl("match", *words)
    equal((said.status, said.out), (USAGE, b""), "status, output")
    match("(?m)^usage: ", said.err.decode())


run()
