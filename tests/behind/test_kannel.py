#!/usr/bin/python3
"""SMS by Kannel: the real bearerbox and smsbox, and Kannel's own fakesmsc."""

import os
import re
import urllib.parse
import urllib.request

from behindtest import (LETTERS, LMTPTEXT, SIGNATURE, Gateway, Servers,
                        free_port, listens, need, own_network, refused)
from taptest import case, check, equal, run, table, wait_for

BOXES = "/usr/sbin/bearerbox", "/usr/sbin/smsbox"
FAKE = "/usr/lib/kannel/test/fakesmsc"
need(*BOXES, FAKE, LMTPTEXT, "/usr/bin/curl")
own_network()

PHONE = "0791234567@sms.example.net"
NUMBER = "+41791234567"

CONFIG = """
group = core
admin-port = %(admin)d
admin-password = bar
smsbox-port = %(box)d
log-level = 0
box-allow-ip = "127.0.0.1"
sms-outgoing-queue-limit = 2

group = smsc
smsc = fake
smsc-id = FAKE
port = %(smsc)d
connect-allow-ip = 127.0.0.1
allowed-prefix = "+41;41"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %(http)d
log-level = 0

group = sendsms-user
username = lmtpd
password = "8cbJdDh2wq"
max-messages = 3
concatenation = true
black-list-regex = "666$"

group = sendsms-user
username = single
password = "8cbJdDh2wq"

"""


class Kannel(Servers):
    """Both boxes and the centre."""

    def __init__(self):
        super().__init__()
        self.port = {n: free_port() for n in ("admin", "box", "smsc", "http")}
        self.write("kannel.conf", CONFIG % self.port)
        self.centre = None

    def boot(self):
        self.start(BOXES[0], self.dir + "/kannel.conf")
        self.up(lambda: listens(self.port["box"]), "bearerbox")
        self.start(BOXES[1], self.dir + "/kannel.conf")
        self.up(lambda: listens(self.port["http"]), "smsbox")
        self.connect()

    def connect(self):
        self.centre = self.start(FAKE, "-H", "127.0.0.1", "-r",
                                 str(self.port["smsc"]), "-m", "0",
                                 "1 2 text x")
        self.up(lambda: "(online" in self.status(), "fakesmsc")

    def status(self):
        """Of what is connected, as bearerbox has it."""
        url = "http://127.0.0.1:%d/status.txt" % self.port["admin"]
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def messages(self):
        """(number, kind, octets) of all that fakesmsc got, a part each."""
        return re.findall(r"Got message \d+: <\S+ (\S+) (?:udh \S+ )?(\S+) "
                          r"(.*)>$", self.read("fakesmsc.log"), re.M)

    def url(self):
        return "http://127.0.0.1:%d/cgi-bin/sendsms" % self.port["http"]

    def gateway(self, *changes):
        return Gateway("kannel", "kannel",
                       ("http://127.0.0.1:13013/cgi-bin/sendsms", self.url()),
                       *changes, servers=self)

    def env(self, **more):
        return {"KANNEL_URL": self.url(), "KANNEL_USER": "lmtpd",
                "KANNEL_PASSWORD": "8cbJdDh2wq", "KANNEL_FROM": "13013",
                **more}


def text_of(parts, wide=False):
    """What the centre's parts spell, in UCS-2 where wide: fakesmsc says so of
    one part alone, and of several that they are data."""
    text = ""
    for _, kind, octets in parts:
        raw = urllib.parse.unquote_to_bytes(octets.replace("+", " "))
        text += raw.decode("utf-16-be") if wide or kind == "ucs-2" else \
            octets.replace("+", " ") if kind == "data" else octets
    return text


TEXTS = [
    ("plain", "Good morning", "text", 1),
    ("Cyrillic", "Доброе утро", "ucs-2", 1),
    ("emoji", "Hi \U0001f600 there", "ucs-2", 1),
    ("emoji beside umlauts", "Grüezi \U0001f44d\U0001f3fd", "ucs-2", 1),
    ("160 characters", "x" * 160, "text", 1),
    ("161 characters", "x" * 160 + "y", "data", 2),
    ("459 characters", "abcdefghi" * 51, "data", 3),
    ("70 of Cyrillic", "Ж" * 70, "ucs-2", 1),
    ("what a shell would run", "$(id) `id` ${HOME}", "ucs-2", 1),
]


def sent(action, count):
    """What action() answers, and what the centre then gets of it."""
    before = len(kannel.messages())
    answer = action()
    wait_for(lambda: len(kannel.messages()) >= before + count, "the message",
             30)
    return answer, kannel.messages()[before:]


@table("a text reaches the centre: {0}", TEXTS)
def _(_name, text, kind, parts):
    with kannel.gateway() as gateway:
        reply, got = sent(lambda: gateway.send(PHONE, text + "\n"), parts)
        equal(reply, "250 2.0.0", "reply")
        equal([m[:2] for m in got], [(NUMBER, kind)] * parts, "parts")
        equal(text_of(got), text, "text")


@table("of a mail the words alone reach the centre: {0}", LETTERS)
def _(_name, mail, text):
    with kannel.gateway() as gateway:
        units = len(text.encode("utf-16-be")) // 2
        parts = 1 if units <= 70 else -(-units // 67)
        reply, got = sent(lambda: gateway.send(PHONE, mail=mail), parts)
        equal(reply, "250 2.0.0", "reply")
        equal((text_of(got, wide=True), len(got)), (text, parts), "text")


@case("umlauts are no reason for the dear alphabet, nor for a second part")
def _():
    with kannel.gateway() as gateway:
        reply, got = sent(lambda: gateway.send(PHONE, "ü" * 160 + "\n"), 1)
        equal(reply, "250 2.0.0", "reply")
        equal([m[:2] for m in got], [(NUMBER, "text")], "parts")
        equal(len(got[0][2].encode()), 320, "octets of UTF-8")


@table("no SMS: {0}", [
    ("an empty text", "", "550 5.6.0"),
    ("blanks and empty lines", " \n\t\n\n", "550 5.6.0"),
    ("one character too many", "x" * 460, "550 5.2.3"),
    ("one too many, as braces count twice", "{}" * 115, "550 5.2.3"),
    ("one too many in UCS-2", "Ж" * 202, "550 5.2.3"),
    ("one too many, as an emoji counts twice", "\U0001f600" * 101,
     "550 5.2.3"),
])
def _(_name, text, code):
    with kannel.gateway() as gateway:
        before = kannel.messages()
        refused(gateway.send(PHONE, text), code, "no text"
                if "5.6.0" in code else "takes 4 segments, 3 are allowed")
        # The backend by itself does not take it either.
        exit_code, reply = gateway.run(NUMBER, text=text.encode(),
                                       env=kannel.env(KANNEL_PARTS="3"))
        equal((exit_code, reply[:5]), (65, code[4:]), "exit, reply")
        equal(kannel.messages(), before, "messages")


@case("no SMS of a signature alone")
def _():
    with kannel.gateway() as gateway:
        refused(gateway.send(PHONE, SIGNATURE), "550 5.6.0", "no text")


@case("the backend by itself takes nothing that is not UTF-8")
def _():
    with kannel.gateway() as gateway:
        code, reply = gateway.run(NUMBER, text=b"Gr\xfcezi",
                                  env=kannel.env())
        equal((code, reply[:6]), (65, "5.6.0 "), "exit, reply")


@table("where Kannel has max-messages = 1: {0}", [
    ("160", "x" * 160, 0), ("161", "x" * 161, 65),
    ("70 of Cyrillic", "Ж" * 70, 0), ("71 of Cyrillic", "Ж" * 71, 65),
    ("80 brackets", "[]" * 40, 0), ("81 brackets", "[]" * 40 + "[", 65)])
def _(_name, text, want):
    with kannel.gateway() as gateway:
        code, _reply = gateway.run(NUMBER, text=text.encode(),
                                   env=kannel.env(KANNEL_USER="single"))
        equal(code, want, "exit")


@table("a bad number is 67: {0}", [
    ("abc",), ("",), ("12",), ("417 44123",), ("1234567890123456",)])
def _(number):
    with kannel.gateway() as gateway:
        code, reply = gateway.run(number, env=kannel.env())
        equal((code, reply[:6]), (67, "5.1.3 "), "exit, reply")


@case("a number that Kannel has no way to: 550 5.1.1")
def _():
    with kannel.gateway() as gateway:
        refused(gateway.send("+44201234567@sms.example.net"), "550 5.1.1",
                "no way")


@case("a number on Kannel's black list: 550 5.7.1")
def _():
    with kannel.gateway() as gateway:
        refused(gateway.send("0790000666@sms.example.net"), "550 5.7.1",
                "forbids")


@case("a wrong password is no fault of the sender's: 451")
def _():
    with kannel.gateway(("8cbJdDh2wq", "wrong")) as gateway:
        refused(gateway.send(PHONE), "451 4.3.0", "Kannel")
        check("Authorization failed" in gateway.log(), "not in the log")


@case("no smsbox: 451")
def _():
    with kannel.gateway((kannel.url(), "http://127.0.0.1:%d/" % free_port())) \
            as gateway:
        refused(gateway.send(PHONE), "451 4.3.0", "Kannel")


@case("no centre: Kannel takes what its queue holds; more is 451")
def _():
    with kannel.gateway() as gateway:
        before = len(kannel.messages())
        kannel.end(kannel.centre)
        wait_for(lambda: "(online" not in kannel.status(),
                 "bearerbox", 30)
        texts = ["one", "two", "three", "four"]
        replies = [gateway.send(PHONE, t + "\n") for t in texts]
        equal(replies[0], "250 2.0.0", "the first")
        equal(replies[-1], "451 4.3.0", "the last")
        os.unlink(kannel.dir + "/fakesmsc.log")
        kannel.connect()
        taken = [t for t, r in zip(texts, replies) if r[0] == "2"]
        wait_for(lambda: len(kannel.messages()) >= len(taken), "messages", 60)
        equal(sorted(m[2] for m in kannel.messages()), sorted(taken), "sent")
        check(before > 0, "none before")


@case("the password is in no argument, reply or log")
def _():
    with kannel.gateway() as gateway:
        gateway.script("bin.curl", "#!/bin/sh\n"
                       "printf '%%s\\n' \"$@\" >%s/args; exec /usr/bin/curl "
                       '"$@"\n' % gateway.records)
        os.mkdir(gateway.dir + "/bin")
        os.rename(gateway.dir + "/bin.curl", gateway.dir + "/bin/curl")
        code, _ = gateway.run(NUMBER, env=kannel.env(
            PATH=gateway.dir + "/bin:/usr/bin:/bin"))
        equal(code, 0, "exit")
        check("sendsms" in gateway.note("args"), "no arguments seen")
        check("8cbJdDh2wq" not in gateway.note("args"), "it is there")
        equal(gateway.send(PHONE), "250 2.0.0", "reply")
        check("8cbJdDh2wq" not in gateway.log(), "it is in the log")


with Kannel() as kannel:
    kannel.boot()
    run()
