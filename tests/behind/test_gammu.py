#!/usr/bin/python3
"""SMS by gammu-smsd: the real daemon, and its dummy for a phone."""

import os
import pwd
import re

from behindtest import (LETTERS, LMTPTEXT, SIGNATURE, Gateway, Servers, need,
                        refused, send_texts)
from lmtptest import ROOT
from taptest import Skip, case, check, equal, run, table, wait_for

SMSD, INJECT = "/usr/bin/gammu-smsd", "/usr/bin/gammu-smsd-inject"
need(SMSD, INJECT, LMTPTEXT)

PHONE = "0791234567@sms.example.net"
NUMBER = "+41791234567"

CONFIG = """
[gammu]
connection = none
model = dummy
device = DIR/phone

[smsd]
service = files
logfile = DIR/smsd.trace.log
loopsleep = 1
statusfrequency = 0
receive = 0
commtimeout = 1
sendtimeout = 1
checksecurity = 0
inboxpath = DIR/inbox/
outboxpath = DIR/outbox/
sentsmspath = DIR/sent/
errorsmspath = DIR/error/
"""


class Smsd(Servers):
    """The daemon and its directories."""

    def __init__(self):
        super().__init__()
        self.make("inbox", "outbox", "sent", "error",
                  *("phone/sms/%d" % i for i in range(1, 6)))
        self.rc = self.write("smsdrc", CONFIG)

    def serve(self, **more):
        self.start(SMSD, "-c", self.rc, **more)
        self.up(lambda: "Starting phone communication" in
                self.read("smsd.trace.log"), "gammu-smsd")

    def gateway(self, *changes):
        return Gateway("gammu", "gammu", ("/etc/gammu-smsdrc", self.rc),
                       *changes, servers=self)

    def env(self, **more):
        return {"GAMMU_CONFIG": self.rc, **more}

    def files(self, box):
        return sorted(os.listdir("%s/%s" % (self.dir, box)))

    def message(self, name):
        """(number, text, parts) of a file in sent."""
        backup = self.read("sent/" + name)
        numbers = set(re.findall(r'^Number = "(.*)"', backup, re.M))
        # The daemon writes some of the parts more than once.
        parts = dict(re.findall(r"^\[SMSBackup(\d+)\]$(.*?)(?=^\[|\Z)",
                                backup, re.M | re.S))
        octets = "".join(h for p in sorted(parts) for h in re.findall(
            r"^Text\d\d = ([0-9A-F]*)", parts[p], re.M))
        text = bytes.fromhex(octets).decode("utf-16-be")
        return numbers.pop() if len(numbers) == 1 else numbers, text, \
            len(parts)


TEXTS = [
    ("plain", "Good morning", 1),
    ("umlauts", "Grüezi, schöne Grüsse", 1),
    ("Cyrillic", "Доброе утро", 1),
    ("emoji", "Hi \U0001f600 there", 1),
    ("emoji beside umlauts", "Grüezi \U0001f44d\U0001f3fd", 1),
    ("lines", "one\n\ntwo", 1),
    ("160 characters", "x" * 160, 1),
    ("161 characters", "x" * 160 + ".", 2),
    ("459 of two bytes", "ä" * 459, 3),
    ("200 of Cyrillic", "Ж" * 200, 3),
    ("99 emoji", "\U0001f600" * 99, 3),
    ("what a shell would run", "$(id) `id` %s ${HOME} ' \" *", 1),
]
replies, messages = {}, []


def send_all():
    """All of the texts, once; then the daemon, which sends one a second.
    Those of a second that it sends meanwhile have one name, in sent too."""
    replies.update(send_texts(smsd.gateway(), PHONE, TEXTS))
    smsd.serve()
    wait_for(lambda: not smsd.files("outbox"), "gammu-smsd", 100)
    messages.extend(smsd.message(name) for name in smsd.files("sent"))


@table("a text is sent whole: {0}", TEXTS)
def _(name, text, parts):
    if not replies:
        send_all()
    equal(replies[name], "250 2.0.0", "reply")
    found = [m for m in messages if m[1] == text]
    check(found, "it is not in %r" % (messages,))
    equal([m[:2] for m in found], [(NUMBER, text)], "messages")
    check(found[0][2] in (parts, parts + 1), "%d parts" % found[0][2])
    equal(smsd.files("error"), [], "failed")


@table("of a mail the words alone are sent: {0}", LETTERS)
def _(name, _mail, text):
    if not replies:
        send_all()
    equal(replies[name], "250 2.0.0", "reply")
    check((NUMBER, text) in [m[:2] for m in messages],
          "it is not in %r" % (messages,))


@table("no SMS: {0}", [
    ("an empty text", "", "550 5.6.0", "no text"),
    ("blanks and empty lines", " \n\t\n\n", "550 5.6.0", "no text"),
    ("a signature alone", SIGNATURE, "550 5.6.0", "no text"),
    ("one character too many", "x" * 460, "550 5.2.3", "takes 4 segments"),
    ("100 emoji", "\U0001f600" * 100, "550 5.2.3", "takes 4 segments"),
    ("a very long text", "x" * 5000000, "550 5.2.3", "3 are allowed"),
])
def _(_name, text, code, words):
    with smsd.gateway() as gateway:
        before = smsd.files("sent")
        refused(gateway.send(PHONE, text), code, words)
        equal((smsd.files("outbox"), smsd.files("sent")), ([], before),
              "queued")


@table("the backend by itself takes no such text: {0}", [
    ("empty", b"", "5.6.0 "),
    ("blanks and empty lines", b" \n\t\n\n", "5.6.0 "),
    ("not UTF-8", b"Gr\xfcezi", "5.6.0 "),
    ("one character too many", b"x" * 460, "5.2.3 "),
    ("very long", b"x" * 5000000, "5.2.3 "),
])
def _(_name, text, want):
    with smsd.gateway() as gateway:
        before = smsd.files("sent")
        code, reply = gateway.run(NUMBER, text=text,
                                  env=smsd.env(GAMMU_MAX="459"))
        equal((code, reply[:6]), (65, want), "exit, reply")
        equal((smsd.files("outbox"), smsd.files("sent")), ([], before),
              "queued")


@table("a bad number is 67: {0}", [
    ("abc",), ("+",), ("",), ("abc;rm",), ("12",), ("4179 123",),
    ("1234567890123456",)])
def _(number):
    with smsd.gateway() as gateway:
        code, reply = gateway.run(number, env=smsd.env())
        equal((code, reply[:6]), (67, "5.1.3 "), "exit, reply")
        equal(smsd.files("outbox"), [], "queued")


@case("the most that a text may have arrives whole")
def _():
    if not smsd.children:
        smsd.serve()
    with smsd.gateway() as gateway:
        before = smsd.files("sent")
        text = "0123456789" * 80 + "\U0001f600" * 190 + "the end..."
        equal(gateway.run(NUMBER, text=text.encode(), env=smsd.env()),
              (0, ""), "run")
        new = wait_for(lambda: set(smsd.files("sent")) - set(before),
                       "gammu-smsd", 60)
        equal(smsd.message(new.pop())[:2], (NUMBER, text), "message")


@case("a full disk, which gammu-smsd-inject does not tell: later")
def _():
    with smsd.gateway() as gateway:
        before = smsd.files("sent")
        code, reply = gateway.run(NUMBER, env=smsd.env(), wrapper=(
            "/bin/sh", "-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "sh"))
        equal((code, reply[:4]), (75, "4.3."), "exit, reply")
        equal((smsd.files("outbox"), smsd.files("sent")), ([], before),
              "queued")


@table("{0}: later", [
    ("no configuration", "smsdrc", "nothing"),
    ("a queue that is not there", "smsdrc", "norc"),
])
def _(_name, old, new):
    smsd.write("norc", CONFIG.replace("outbox/", "nowhere/"))
    with smsd.gateway((smsd.rc, smsd.rc.replace(old, new))) as gateway:
        refused(gateway.send(PHONE), "451 4.3.0", "queue")


@table("gammu-smsd runs as {0}: the SMS is in {1}", [
    ("root", "sent"), ("daemon", "error")])
def _(name, box):
    if not ROOT:
        raise Skip("needs root, for a daemon that is another user")
    for child in list(smsd.children):
        smsd.end(child)
    with Smsd() as other, other.gateway() as gateway:
        for path, _, _ in os.walk(other.dir):
            os.chmod(path, 0o777)
        os.chmod(other.rc, 0o644)
        equal(gateway.send(PHONE), "250 2.0.0", "reply")
        other.serve(who=pwd.getpwnam(name))
        wait_for(lambda: not other.files("outbox"), "gammu-smsd", 60)
        equal([len(other.files(b)) for b in ("sent", "error")],
              [int(b == box) for b in ("sent", "error")], "SMS")


with Smsd() as smsd:
    run()
