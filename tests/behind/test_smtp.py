#!/usr/bin/python3
"""Mail that goes on to a mail server, by the real msmtp: the server's reply is
the reply, whatever it is."""

import os

from behindtest import Gateway, free_port, need, own_network, refused
from lmtptest import ROOT, SERVER_USER
from taptest import case, check, equal, match, run, table
from tcpserver import TcpServer

need("/usr/bin/msmtp")
own_network()

LIST = "all@list.example.net"


class Server(TcpServer):
    """An SMTP server; replies says what it answers to a command (END: to the
    message) instead of 250."""

    def __init__(self, **replies):
        super().__init__()
        self.replies, self.said, self.data = replies, [], b""

    def session(self, client):
        with client.makefile("rwb", 0) as f:
            self._session(f)

    def _say(self, f, command, reply="250 2.0.0 fine"):
        reply = self.replies.get(command, reply)
        f.write(reply.encode() + b"\r\n")
        return reply[0] == "3"

    def _session(self, f):
        self._say(f, "GREETING", "220 mx.example.net")
        for line in f:
            line = line.decode().strip()
            self.said.append(line)
            command = line[:4].strip().upper()
            default = {"EHLO": "250-mx.example.net\r\n250-AUTH PLAIN\r\n"
                       "250 8BITMIME", "DATA": "354 go on",
                       "QUIT": "221 bye", "AUTH": "235 2.7.0 fine"}
            if self._say(f, command, default.get(command, "250 2.0.0 fine")):
                for data in f:
                    if data == b".\r\n":
                        break
                    self.data += data
                if "DROP" in self.replies:
                    return
                self._say(f, "END")
            if command == "QUIT":
                return


def gateway(server, *changes):
    return Gateway("smtp", "smtp", ("--port=10026", "--port=%d" % server.port),
                   *changes)


@case("envelope and message arrive as they were, but for Return-Path")
def _():
    with Server() as server, gateway(server) as g:
        body = ".\n..two\nGrüezi\n" + "x" * 2000 + "\n\n"
        header = b"Bcc: b@example.com\nSubject: x\n"
        equal(g.send(LIST, body, header=header), "250 2.0.0", "reply")
        equal(server.said[1:3], ["MAIL FROM:<alice@example.com>",
                                 "RCPT TO:<all@list.example.net>"], "envelope")
        text = b"".join(line[1:] if line[:1] == b"." else line for line in
                        server.data.replace(b"\r\n", b"\n").splitlines(True))
        check(text.startswith(b"Received: "), "not Received first: %r"
              % text[:99])
        check(text.endswith(header + b"\n" + body.encode()), "not whole: %r"
              % text)
        check(b"Return-Path" not in text, "it has a Return-Path")


@case("the null sender is the null sender")
def _():
    anyone = ('domain "example.com" { security = {"192.0.2.0/28"} }',
              'anyone { security = {"192.0.2.0/28"} null-sender = true }')
    with Server() as server, gateway(server, anyone) as g:
        equal(g.send(LIST, sender=""), "250 2.0.0", "reply")
        equal(server.said[1], "MAIL FROM:<>", "envelope")


REPLIES = [
    ({"MAIL": "550 5.7.1 sender"}, "550 5.7.1", "sender"),
    ({"MAIL": "451 4.7.1 sender"}, "451 4.4.0", "later|now"),
    ({"RCPT": "550 5.1.1 nobody"}, "550 5.1.1", "nobody"),
    ({"RCPT": "550-5.1.1 nobody\r\n550 5.1.1 at all"}, "550 5.1.1", "at all"),
    ({"RCPT": "553 nobody"}, "550 5.0.0", "nobody"),
    ({"RCPT": "450 4.2.1 greylisted"}, "451 4.4.0", "now"),
    ({"RCPT": "452 4.2.2 full"}, "451 4.4.0", "now"),
    ({"DATA": "554 5.5.1 no"}, "550 5.5.1", "no"),
    ({"DATA": "451 4.3.0 later"}, "451 4.4.0", "now"),
    ({"END": "554 5.6.0 spam"}, "550 5.6.0", "spam"),
    ({"END": "552 5.2.2 full"}, "550 5.2.2", "full"),
    ({"END": "451 4.3.0 later"}, "451 4.4.0", "now"),
    ({"END": "452 4.3.1 disk"}, "451 4.4.0", "now"),
    ({"DROP": "x"}, "451 4.4.0", "now"),
    ({"GREETING": "554 5.7.1 go away"}, "451 4.4.0", "now"),
    ({"GREETING": "421 4.3.2 busy"}, "451 4.4.0", "now"),
    ({"EHLO": "550 5.7.1 you", "HELO": "550 5.7.1 you"}, "451 4.4.0", "now"),
]


@table("{0} is {1}", REPLIES)
def _(replies, want, words):
    with Server(**replies) as server, gateway(server) as g:
        reply = g.send(LIST)
        equal(reply, want, "reply %r" % reply.text)
        match(words, reply.text)


@case("no server: later")
def _():
    with Server() as server, gateway(server, (
            "--host=127.0.0.1", "--host=127.0.0.1\", \"--port=%d"
            % free_port())) as g:
        with open(g.conf) as f:
            text = f.read()
        g.write_conf(text.replace(', "--port=%d"' % server.port, ""))
        refused(g.send(LIST), "451 4.4.0", "now")
        equal(server.said, [], "said")


@table("a password from msmtp's own file, which the server {0}", [
    ("takes", "235 2.7.0 fine", "250 2.0.0"),
    ("does not take", "535 5.7.8 wrong", "451 4.4.0"),
])
def _(_name, answer, want):
    with Server(AUTH=answer) as server, gateway(server, (
            '"--host=127.0.0.1", ', '"--file=DIR/msmtprc", ')) as g:
        g.write_conf("defaults\nhost 127.0.0.1\nauth plain\ntls off\n"
                     "user lmtpd\npassword s3cret\naccount default\n",
                     path=g.dir + "/msmtprc", mode=0o600)
        if ROOT:
            os.chown(g.dir + "/msmtprc", SERVER_USER.pw_uid, -1)
        reply = g.send(LIST)
        equal(reply, want, "reply")
        check(any(s.startswith("AUTH PLAIN") for s in server.said),
              "no AUTH: %r" % (server.said,))
        for text in (reply.text, g.log()):
            check("s3cret" not in text, "the password is told")


@case("no such file: later")
def _():
    with Server() as server, gateway(server, (
            "--host=127.0.0.1", "--file=/nonexistent")) as g:
        refused(g.send(LIST), "451 4.4.0", "now")


@table("an address of which msmtp would make another is refused: {0}", [
    ("-t@list.example.net",), ('"a b"@list.example.net',),
    ('"x> NOTIFY=NEVER"@list.example.net',),
    ('"(c)"@list.example.net',), ('"a\\\\b"@list.example.net',)])
def _(recipient):
    with Server() as server, gateway(server) as g:
        equal(g.send(recipient)[:3] in ("550", "553"), True, "reply")
        equal(server.said, [], "said")


@table("an address that is unusual goes as it is: {0}", [
    ("a+b_c=d!e#f%g&h'i*j/k?l^m`n{o|p}q~r$s",), ("a.b-c",)])
def _(local):
    with Server() as server, gateway(server) as g:
        equal(g.send(local + "@list.example.net"), "250 2.0.0", "reply")
        equal(server.said[2], "RCPT TO:<%s@list.example.net>" % local, "said")


run()
