#!/usr/bin/python3
"""DATA: where it ends, what it is made into, and what refuses it."""

import hashlib
import random

from lmtpclient import ALICE, commands, session, wire, xforward
from lmtptest import BOX, PHONE, Site
from taptest import case, check, equal, run, table

START = commands("LHLO client.example", "MAIL FROM:<%s>" % ALICE,
                 "RCPT TO:<%s>" % PHONE, "DATA")
BEFORE = ["220", "250", "250 2.1.0", "250 2.1.5", "354"]
BODY_ONLY = {("backend", "recorder"): {"input": "body"}}
BIG = 25 * 1024 * 1024


def prepended(stdin, message):
    """The lines put before a message, which must be there unchanged."""
    check(stdin.endswith(message), "not the message: %r ... %r"
          % (stdin[:300], stdin[-100:]))
    return stdin[:len(stdin) - len(message)].decode()


@table("a message arrives as it was sent: {0}", [
    ("plain", b"Subject: x\n\nbody\n"),
    ("no body", b"Subject: x\n"),
    ("no header", b"\nbody\n"),
    ("a single blank line", b"\n"),
    ("dots at line starts", b"A: b\n\n.\n..\n...\n.x\n. \nend.\n.\n"),
    ("a dot as the very first byte", b".dot: x\n\nb\n"),
    ("many blank lines", b"A: b\n" + b"\n" * 500),
    ("8-bit bytes", b"A: b\n\n" + bytes(range(128, 256)) + b"\n"),
    ("control characters", b"A: b\n\n" + bytes(range(1, 10)) + b"\x1b\x7f\n"),
    ("a line of 100000 bytes", b"A: b\n\n" + b"x" * 100000 + b"\n"),
])
def _(_name, message):
    with Site() as site:
        equal(site.talk(session(PHONE, message=message))[4:],
              ["354", "250 2.0.0", "221 2.0.0"], "replies")
        prepended(site.the_run().stdin, message)


@case("an empty message is a message")
def _():
    with Site() as site:
        equal(site.talk(START + b".\r\nQUIT\r\n"),
              BEFORE + ["250 2.0.0", "221 2.0.0"], "replies")
        prepended(site.the_run().stdin, b"")


@case("Return-Path and Received stand before the message, once each")
def _():
    message = b"Subject: x\n\nbody\n"
    with Site() as site:
        site.wrapper = ["env", "TZ=UTC"]
        site.deliver(PHONE, message=message, forward=xforward(
            NAME="mail.example.com", ADDR="192.0.2.7",
            HELO="helo.example.com", IDENT="QID7"))
        lines = prepended(site.the_run().stdin, message).splitlines()
        equal(lines[0], "Return-Path: <%s>" % ALICE, "first line")
        names = [line.split(":")[0] for line in lines
                 if line[0] not in " \t"]
        equal(names, ["Return-Path", "Received"], "fields")
        received = " ".join(lines[1:])
        for word in ("from client.example", "by gw.example.net", "with LMTP",
                     site.the_line().fields["id"], "+0000"):
            check(word in received, "no %s in %s" % (word, received))


@case("no hostile byte gets into the prepended fields")
def _():
    helo = "x+20by+20evil+28+22+5C+C3+A9+7F"
    with Site({("account", "acme"): {("domain", "example.com"):
                                     {"security": ["none"]}}}) as site:
        out = site.deliver(PHONE, sender='"a\\"b c>"@example.com',
                           message=b"A: b\n\nc\n",
                           forward=xforward(HELO=helo, ADDR="192.0.2.7"))
        if out.verdicts == ["250 2.0.0"]:
            head = prepended(site.the_run().stdin, b"A: b\n\nc\n")
            check(head.replace("\n", "").replace("\t", "").isprintable()
                  and head.isascii(), "raw bytes: %r" % head)
            equal(sum(line[0] not in " \t" for line in head.splitlines()), 2,
                  "fields in %r" % head)


@table('input = "body" hands over the body alone: {0}', [
    ("plain", b"Subject: x\n\nbody\n", b"body\n"),
    ("no body", b"Subject: x\n", b""),
    ("no header", b"\nbody\n", b"body\n"),
    ("a folded header", b"A: b\n c\nD: e\n\n\nsecond\n", b"\nsecond\n"),
    ("no blank line", b"A: b\nnot a field\nmore\n", b"not a field\nmore\n"),
    ("empty", b"", b""),
])
def _(_name, message, body):
    with Site(BODY_ONLY) as site:
        equal(site.verdict(message=message), "250 2.0.0", "verdict")
        equal(site.the_run().stdin, body, "standard input")


def dotted(edge, shift):
    """Lines with dots around one place; every line start is a dot or two."""
    fill = edge + shift - 6
    text = b"".join(b"x" * 62 + b"\r\n" for _ in range(fill // 64))
    text += b"y" * (fill % 64) + b"\r\n..\r\n...\r\n..z\r\n"
    return text + b"end\r\n"


@table("dot-stuffing around byte {0}", [
    (edge,) for edge in (1024, 2048, 4096, 8192, 16384, 32768, 65536)])
def _(edge):
    with Site() as site, site.connect() as client:
        client.lhlo()
        for shift in range(-6, 7):
            client.start(PHONE)
            sent = dotted(edge, shift)
            client.send(sent + b".\r\n")
            equal(client.reply(), "250 2.0.0", "shift %d" % shift)
            want = sent.replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")
            check(site.the_run().stdin.endswith(b"\n" + want),
                  "message, shift %d" % shift)
            site.forget()
        client.quit()


@table("the end of data around byte {0}", [
    (edge,) for edge in (4096, 8192, 32768, 65536)])
def _(edge):
    with Site() as site:
        for shift in range(-6, 2):
            with site.connect() as client:
                client.lhlo()
                client.start(PHONE)
                sent = b"A: b\r\n\r\n" + b"x" * (edge + shift - 8)
                client.send(sent + b"\r\n.\r\n" + commands("NOOP"))
                equal(client.replies(2), ["250 2.0.0"] * 2,
                      "shift %d" % shift)
                client.quit()
            check(site.the_run().stdin.endswith(
                b"\nA: b\n\n" + b"x" * (edge + shift - 8) + b"\n"),
                  "message, shift %d" % shift)
            site.forget()


SMUGGLED = commands("MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % BOX, "DATA",
                    "Subject: smuggled", "", "x")


@table("{0} neither ends the data nor passes", [
    (repr(end)[1:], end) for end in (
        b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r",
        b"\n.\r", b"\r.\n", b"\r\r\n.\r\n"[:3], b"\r\n.\r\r\n", b"\n\n.\n\n",
        b"\r\n\n.\r\n", b"\r\n.\n\r\n", b"x\ny", b"x\ry", b"\r\n..\n",
        b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\0")])
def _(_name, end):
    with Site() as site:
        data = START + b"Subject: x\r\n\r\nbody" + end + SMUGGLED \
            + b".\r\nQUIT\r\n"
        equal(site.talk(data), BEFORE + ["550 5.6.0", "221 2.0.0"], "replies")
        equal(site.runs(), [], "runs")
        equal(site.the_line().verdict, "refused", "log")
        equal(site.state_files(), [], "left in the state dir")


@table("a fake end as the very first bytes: {0}", [
    (repr(end)[1:], end) for end in (b".\n", b".\r", b"\n.\r\n", b"\n.\n")])
def _(_name, end):
    with Site() as site:
        got = site.talk(START + end + b"x\r\n.\r\nQUIT\r\n")
        equal(got, BEFORE + ["550 5.6.0", "221 2.0.0"], "replies")
        equal(site.runs(), [], "runs")


@case("a refused message refuses each recipient, and the next one passes")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE, BOX)
        client.send(b"A: b\r\n\r\nbare\nline\r\n.\r\n")
        equal(client.replies(2), ["550 5.6.0"] * 2, "final replies")
        equal(client.deliver(PHONE, BOX).final, ["250 2.0.0"] * 2, "next")
        client.quit()
        equal(len(site.runs()), 2, "runs")


@case("a lone LF in the last of 300000 bytes refuses the whole message")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        client.send(b"A: b\r\n\r\n" + b"x" * 300000 + b"\n\r\n.\r\n")
        equal(client.reply(), "550 5.6.0", "final reply")
        client.quit()
        equal(site.runs(), [], "runs")


@case("a message of 25 MiB, byte for byte")
def _():
    lines = random.Random(25)
    line = [lines.randbytes(75).translate(
        bytes.maketrans(b"\0\r\n", b"...")) + b"\n" for _ in range(1024)]
    message = b"Subject: big\n\n" + b"".join(line) * (BIG // (76 * 1024) + 1)
    with Site({"max-message-size": BIG + BIG // 8}) as site:
        equal(site.verdict(message=message), "250 2.0.0", "verdict")
        stdin = site.the_run().stdin
        head = len(stdin) - len(message)
        check(0 < head < 2000, "length: %d" % len(stdin))
        equal(hashlib.sha256(stdin[head:]).hexdigest(),
              hashlib.sha256(message).hexdigest(), "SHA-256")
        equal(site.state_files(), [], "left in the state dir")


@case("each recipient's backend reads the message from its start")
def _():
    message = b"Subject: x\n\n" + b"0123456789abcde\n" * 8192
    names = ["r%d@box.example.net" % i for i in range(12)]
    with Site() as site:
        equal(site.deliver(*names, message=message).final,
              ["250 2.0.0"] * 12, "final replies")
        runs = site.runs()
        equal(sorted(r.args[1] for r in runs), sorted(names), "recipients")
        equal(len({r.stdin for r in runs}), 1, "different messages")
        prepended(runs[0].stdin, message)


@case("the wire form used by these tests is right")
def _():
    equal(wire(b".a\n..\n\n.\nb\n"), b"..a\r\n...\r\n\r\n..\r\nb\r\n.\r\n")
    equal(wire(b""), b".\r\n")


run()
