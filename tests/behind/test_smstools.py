#!/usr/bin/python3
"""SMS by smstools: the real smsd, and a modem that is none."""

import os

from behindtest import (LETTERS, LMTPTEXT, SIGNATURE, Gateway, Servers, need,
                        refused, send_texts)
from modem import EXTENSION, GSM, Modem
from taptest import case, check, equal, run, table, wait_for

SMSD = "/usr/sbin/smsd"
need(SMSD, LMTPTEXT)

PHONE = "0791234567@sms.example.net"
NUMBER = "41791234567"
SPOOL = ("outgoing", "checked", "failed", "sent", "incoming")

CONFIG = """
devices = GSM1
outgoing = DIR/spool/outgoing
checked = DIR/spool/checked
failed = DIR/spool/failed
sent = DIR/spool/sent
incoming = DIR/spool/incoming
logfile = DIR/smsd.trace.log
infofile = DIR/info
pidfile = DIR/pid
delaytime = 1
errorsleeptime = 1
receive_before_send = no

[GSM1]
device = @127.0.0.1:%d
init = AT
incoming = no
"""


class Spool(Servers):
    """smsd's directories, and smsd."""

    def __init__(self, modem):
        super().__init__()
        self.modem = modem
        self.make(*("spool/" + name for name in SPOOL))
        self.write("smsd.conf", CONFIG % modem.port)

    def serve(self):
        self.start(SMSD, "-t", "-n", "MAIN", "-c", self.dir + "/smsd.conf")
        self.up(lambda: os.path.exists(self.dir + "/pid"), "smsd")

    def gateway(self, *changes):
        return Gateway("smstools", "smstools",
                       ("/var/spool/sms", self.dir + "/spool"), *changes,
                       servers=self)

    def env(self, **more):
        return {"SMSTOOLS_SPOOL": self.dir + "/spool", **more}

    def files(self, *names):
        return [f for name in names
                for f in os.listdir("%s/spool/%s" % (self.dir, name))]

    def left(self):
        """What is in no box of smsd's."""
        return [f for f in os.listdir(self.dir + "/spool") if f not in SPOOL]


ALL_GSM = "".join(c for c in GSM if c not in "\n\r\x1b¤") + \
    "".join(EXTENSION.values())

TEXTS = [
    ("plain", "Good morning", 1),
    ("umlauts", "Grüezi, schöne Grüsse", 1),
    ("all of the GSM alphabet", ALL_GSM, 1),
    ("a sign that smsd takes for another", "1 ¤ is no 1 €", 1),
    ("Cyrillic", "Доброе утро", 1),
    ("emoji", "Hi \U0001f600 there", 1),
    ("emoji beside umlauts", "Grüezi \U0001f44d\U0001f3fd", 1),
    ("lines that look like smsd's header", "To: 123\n\nFlash: yes\n\nx", 1),
    ("160 characters", "ü" * 160, 1),
    ("161 characters", "ü" * 160 + ".", 2),
    ("459 characters", "abcdefghi" * 51, 3),
    ("459 of two bytes", "ä" * 459, 3),
    ("200 of Cyrillic", "Ж" * 200, 3),
    ("what a shell would run", "$(id) `id` \\n %s ${HOME} ' \" *", 1),
]


replies = {}


def send_all():
    """All of the texts, once, as smsd looks only now and then."""
    replies.update(send_texts(spool.gateway(), PHONE, TEXTS))
    wait_for(lambda: not spool.files("outgoing", "checked"), "smsd", 60)


@table("a text arrives whole: {0}", TEXTS)
def _(name, text, parts):
    if not replies:
        send_all()
    equal(replies[name], "250 2.0.0", "reply")
    equal([m for m in modem.messages if m[1] == text],
          [(NUMBER, text, parts)], "messages")
    equal((spool.files("failed"), spool.left()), ([], []), "left")


@table("of a mail the words alone arrive: {0}", LETTERS)
def _(name, _mail, text):
    if not replies:
        send_all()
    equal(replies[name], "250 2.0.0", "reply")
    check((NUMBER, text) in [m[:2] for m in modem.messages],
          "it is not in %r" % (modem.messages,))


@table("no SMS: {0}", [
    ("an empty text", "", "550 5.6.0", "no text"),
    ("blanks and empty lines", " \n\t\n\n", "550 5.6.0", "no text"),
    ("a signature alone", SIGNATURE, "550 5.6.0", "no text"),
    ("one character too many", "x" * 460, "550 5.2.3", "takes 4 segments"),
    ("a very long text", "x" * 5000000, "550 5.2.3", "3 are allowed"),
])
def _(_name, text, code, words):
    with spool.gateway() as gateway:
        before = len(modem.messages)
        refused(gateway.send(PHONE, text), code, words)
        equal((spool.files("outgoing", "checked"), spool.left()), ([], []),
              "left")
        equal(len(modem.messages), before, "messages")


@table("the backend by itself takes no such text: {0}", [
    ("empty", b"", "5.6.0 "),
    ("blanks and empty lines", b" \n\t\n\n", "5.6.0 "),
    ("not UTF-8", b"Gr\xfcezi", "5.6.0 "),
    ("one character too many", b"x" * 460, "5.2.3 "),
    ("very long", b"x" * 5000000, "5.2.3 "),
])
def _(_name, text, want):
    with spool.gateway() as gateway:
        code, reply = gateway.run(NUMBER, text=text,
                                  env=spool.env(SMSTOOLS_MAX="459"))
        equal((code, reply[:6]), (65, want), "exit, reply")
        equal((spool.files("outgoing", "checked"), spool.left()), ([], []),
              "left")


@table("a bad number is 67: {0}", [
    ("abc",), ("+",), ("",), ("41;rm",), ("12",), ("4179 123",),
    ("1234567890123456",), ("41\nFlash: yes",)])
def _(number):
    with spool.gateway() as gateway:
        code, reply = gateway.run(number, env=spool.env())
        equal((code, reply[:6]), (67, "5.1.3 "), "exit, reply")
        equal(spool.files("outgoing", "checked"), [], "left")


@case("a retry is no second SMS: waiting, or sent")
def _():
    with spool.gateway() as gateway:
        before = len(modem.messages)
        env = spool.env(LMTPD_DELIVERY_ID="0123abcd")
        for _ in range(3):
            equal(gateway.run(NUMBER, env=env), (0, ""), "run")
        wait_for(lambda: spool.files("sent").count("0123abcd"), "smsd", 30)
        equal(gateway.run(NUMBER, env=env), (0, ""), "run behind it")
        equal(spool.files("outgoing", "checked"), [], "waiting")
        equal(len(modem.messages) - before, 1, "messages")


@case("the spool is too full, as smsd has stopped: later")
def _():
    with spool.gateway() as gateway:
        for child in list(spool.children):
            spool.end(child)
        try:
            env = spool.env(SMSTOOLS_QUEUE="3")
            codes = [gateway.run(NUMBER, env={**env, "LMTPD_DELIVERY_ID": i})
                     for i in "abcd"]
            equal([c for c, _ in codes], [0, 0, 0, 75], "exits")
            equal(codes[3][1][:6], "4.3.1 ", "reply")
            equal(sorted(spool.files("outgoing")), ["a", "b", "c"], "waiting")
        finally:
            spool.serve()
        wait_for(lambda: not spool.files("outgoing", "checked"), "smsd", 30)


@case("a full disk: later, and nothing is left of it")
def _():
    with spool.gateway() as gateway:
        code, reply = gateway.run(NUMBER, env=spool.env(), wrapper=(
            "/bin/sh", "-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "sh"))
        equal((code, reply[:6]), (75, "4.3.1 "), "exit, reply")
        equal((spool.files("outgoing"), spool.left()), ([], []), "left")


@table("{0}: later", [
    ("no spool", "/spool", "/nowhere"),
    ("a spool of another's", "/spool", "/../../proc"),
])
def _(_name, _old, new):
    with spool.gateway((spool.dir + "/spool", spool.dir + new)) as gateway:
        refused(gateway.send(PHONE), "451 4.3.0", "spool")


@case("smsd can read what no other user can")
def _():
    with spool.gateway() as gateway:
        for child in list(spool.children):
            spool.end(child)
        try:
            equal(gateway.send(PHONE), "250 2.0.0", "reply")
            name, = spool.files("outgoing")
            mode = os.stat("%s/spool/outgoing/%s" % (spool.dir, name)).st_mode
            equal(mode & 0o777, 0o660, "mode")
            check(len(name) == 32, "it is named by the delivery: " + name)
        finally:
            spool.serve()


with Modem() as modem, Spool(modem) as spool:
    spool.serve()
    run()
