#!/usr/bin/python3
"""The dialogue: greetings, commands in and out of turn, several messages on
one connection, and what may stand behind the final dot."""

import time

from lmtpclient import ALICE, MESSAGE, commands, session, wire, xforward
from lmtptest import BOX, PHONE, Site
from taptest import case, check, equal, match, run, table

LHLO = "LHLO client.example"
MAIL = "MAIL FROM:<%s>" % ALICE
RCPT = "RCPT TO:<%s>" % PHONE


@table("a message goes through over: {0}", [
    ("pair",), ("unix",), ("tcp",), ("fifo",), ("spawn",)])
def _(how):
    with Site() as site:
        equal(site.talk(session(PHONE, BOX), how),
              ["220", "250", "250 2.1.0", "250 2.1.5", "250 2.1.5", "354",
               "250 2.0.0", "250 2.0.0", "221 2.0.0"], "replies")
        equal(sorted(r.args[1] for r in site.runs()), sorted([PHONE, BOX]),
              "recipients")


@case("the greeting is one line that names the host")
def _():
    with Site() as site, site.connect() as client:
        reply = client.reply()
        equal(len(reply.lines), 1, "lines")
        match(r"^220 gw\.example\.net ", reply.text)


BASIC = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
         "SIZE 12345"]
FORWARD = ["XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
           "XCLIENT NAME ADDR PORT PROTO HELO"]


@table("LHLO offers exactly the right extensions to {0}", [
    ("a trusted user", {}, "pair", BASIC + FORWARD),
    ("a stranger", {"trusted-peers": []}, "pair", BASIC),
    ("a caller on FIFOs", {"trusted-peers": []}, "fifo", BASIC + FORWARD),
    ("a trusted address", {"trusted-peers": ["127.0.0.1"]}, "tcp",
     BASIC + FORWARD),
    ("another address", {"trusted-peers": ["127.0.0.2"]}, "tcp", BASIC),
])
def _(_who, changes, how, want):
    with Site({"max-message-size": 12345, **changes}) as site, \
            site.connect(how) as client:
        reply = client.lhlo()
        match(r"^250-gw\.example\.net\b", reply.lines[0], "first line")
        equal(sorted(line[4:] for line in reply.lines[1:]), sorted(want),
              "extensions")


# Lines sent and the replies behind the greeting.
DIALOGUES = [
    ("MAIL before LHLO", [MAIL], ["503 5.5.1"]),
    ("RCPT before LHLO", [RCPT], ["503 5.5.1"]),
    ("DATA before LHLO", ["DATA"], ["503 5.5.1"]),
    ("RCPT before MAIL", [LHLO, RCPT], ["250", "503 5.5.1"]),
    ("DATA before MAIL", [LHLO, "DATA"], ["250", "503 5.5.1"]),
    ("DATA without a recipient", [LHLO, MAIL, "DATA"],
     ["250", "250 2.1.0", "503 5.5.1"]),
    ("DATA without a valid recipient",
     [LHLO, MAIL, "RCPT TO:<x@nowhere.example>", "DATA"],
     ["250", "250 2.1.0", "550 5.1.1", "503 5.5.1"]),
    ("nested MAIL", [LHLO, MAIL, MAIL], ["250", "250 2.1.0", "503 5.5.1"]),
    ("nested MAIL keeps the first", [LHLO, MAIL, "MAIL FROM:<m@example.com>",
                                     RCPT],
     ["250", "250 2.1.0", "503 5.5.1", "250 2.1.5"]),
    ("XFORWARD in a transaction",
     [LHLO, MAIL, xforward(ADDR="192.0.2.7"), RCPT],
     ["250", "250 2.1.0", "503 5.5.1", "250 2.1.5"]),
    ("RSET ends the transaction", [LHLO, MAIL, RCPT, "RSET", "DATA", MAIL],
     ["250", "250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1",
      "250 2.1.0"]),
    ("LHLO ends the transaction", [LHLO, MAIL, LHLO, RCPT],
     ["250", "250 2.1.0", "250", "503 5.5.1"]),
    ("RSET before LHLO", ["RSET"], ["250 2.0.0"]),
    ("NOOP at any time", ["NOOP", LHLO, "NOOP hello", MAIL, "NOOP"],
     ["250 2.0.0", "250", "250 2.0.0", "250 2.1.0", "250 2.0.0"]),
    ("verbs in any case", ["lhlo x", "mail from:<%s>" % ALICE,
                           "Rcpt To:<%s>" % PHONE, "rSET"],
     ["250", "250 2.1.0", "250 2.1.5", "250 2.0.0"]),
    ("HELO", ["HELO client.example"], ["500 5.5.1"]),
    ("EHLO", ["EHLO client.example"], ["500 5.5.1"]),
    ("LHLO without a name", ["LHLO"], ["501 5.5.4"]),
    ("unknown commands", ["FROB", "BDAT 10 LAST", "STARTTLS", "AUTH PLAIN =",
                          ""],
     ["500 5.5.2"] * 5),
    ("a control character", ["NOOP \1"], ["500 5.5.2"]),
    ("a NUL", [b"NOOP \0x"], ["500 5.5.2"]),
    ("a bare LF in a command", [b"NOOP\nNOOP"], ["500 5.5.2"]),
    ("a bare CR in a command", [b"NOOP\rNOOP"], ["500 5.5.2"]),
    ("bad sender", [LHLO, "MAIL FROM:<@>", "MAIL FROM:alice"],
     ["250", "501 5.1.7", "501 5.1.7"]),
    ("bad recipient", [LHLO, MAIL, "RCPT TO:<@>", "RCPT TO:<a b@c>"],
     ["250", "250 2.1.0", "501 5.1.3", "501 5.1.3"]),
    ("unknown parameters", [LHLO, MAIL + " FROB=1", MAIL, RCPT + " FROB=1"],
     ["250", "555 5.5.4", "250 2.1.0", "555 5.5.4"]),
    ("a bad SIZE", [LHLO, MAIL + " SIZE=big", MAIL + " SIZE=-1"],
     ["250", "501 5.5.4", "501 5.5.4"]),
    ("8BITMIME and SMTPUTF8", [LHLO, MAIL + " BODY=8BITMIME SMTPUTF8", RCPT],
     ["250", "250 2.1.0", "250 2.1.5"]),
    ("DSN's parameters though not offered",
     [LHLO, MAIL + " RET=HDRS ENVID=QQ314159",
      RCPT + " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;pager+2B1@example.com"],
     ["250", "250 2.1.0", "250 2.1.5"]),
    ("the null sender", [LHLO, "MAIL FROM:<> SIZE=10"], ["250", "250 2.1.0"]),
    ("a source route", [LHLO, "MAIL FROM:<@a.example,@b.example:%s>" % ALICE,
                        RCPT], ["250", "250 2.1.0", "250 2.1.5"]),
    ("XFORWARD", [LHLO, xforward(NAME="h.example", ADDR="192.0.2.7"),
                  xforward(PROTO="ESMTP", SOURCE="LOCAL")],
     ["250", "250 2.0.0", "250 2.0.0"]),
    ("a malformed XFORWARD", [LHLO, "XFORWARD", "XFORWARD ADDR=nonsense",
                              "XFORWARD FROB=1", "XFORWARD HELO=a+0Ab"],
     ["250"] + ["501 5.5.4"] * 4),
    ("a Postfix dialogue to the letter",
     ["LHLO mail.example", "XFORWARD NAME=h.example ADDR=192.0.2.7 PORT=4444",
      "XFORWARD PROTO=ESMTP HELO=we+2Bird=h?elo IDENT=QID SOURCE=REMOTE",
      "MAIL FROM:<%s> SIZE=585" % ALICE, RCPT + " ORCPT=rfc822;a@y"],
     ["250", "250 2.0.0", "250 2.0.0", "250 2.1.0", "250 2.1.5"]),
]


@table("dialogue: {0}", DIALOGUES)
def _(_name, lines, want):
    with Site() as site:
        got = site.talk(commands(*lines, "QUIT"))
        equal(got, ["220"] + want + ["221 2.0.0"], "replies")


@case("VRFY is 252 and says nothing about anyone")
def _():
    with Site() as site:
        got = site.talk(commands(LHLO, "VRFY alice", "VRFY nobody", "QUIT"))
        match(r"^252 2\.", got[2])
        equal(got[2].text, got[3].text, "VRFY of two names")


@case("nine bad commands are forgiven, the tenth is 421")
def _():
    with Site() as site:
        got = site.talk(commands(LHLO, *["FROB"] * 9, "NOOP", "QUIT"))
        equal(got, ["220", "250"] + ["500 5.5.2"] * 9
              + ["250 2.0.0", "221 2.0.0"], "nine")
        got = site.talk(commands(LHLO, *["FROB"] * 10, "NOOP", "QUIT"))
        match(r"^421 4\.", got[-1], "the last reply")
        check("250 2.0.0" not in got and "221 2.0.0" not in got,
              "it went on: %r" % (got,))
        check(len(got) - 2 <= 11, "too many replies: %r" % (got,))


@case("bad commands are counted across messages")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        equal(client.say(*["FROB"] * 5), ["500 5.5.2"] * 5, "first five")
        equal(client.deliver(PHONE).final, ["250 2.0.0"], "a message between")
        client.send(commands(*["FROB"] * 5, "NOOP"))
        got = client.rest()
        match(r"^421 4\.", got[-1], "the last reply")
        check("250 2.0.0" not in got, "it went on: %r" % (got,))


@case("a command line may have 4096 bytes and no more")
def _():
    with Site() as site:
        fits = "NOOP " + "x" * (4096 - len("NOOP \r\n"))
        got = site.talk(commands(fits, fits + "x", "NOOP " + "y" * 100000,
                                 "NOOP", "QUIT"))
        equal(got, ["220", "250 2.0.0", "500 5.5.6", "500 5.5.6",
                    "250 2.0.0", "221 2.0.0"], "replies")


@case("a line without end does not grow without end")
def _():
    with Site({"idle-timeout": 2}) as site, site.connect() as client:
        client.send(b"NOOP " + b"x" * 3000000 + b"\r\nQUIT\r\n")
        equal(client.rest(), ["220", "500 5.5.6", "221 2.0.0"], "replies")


@case("several messages on one connection, with RSET between or not")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        for i in range(6):
            if i % 2:
                equal(client.say("RSET"), "250 2.0.0", "RSET")
            text = b"Subject: %d\n\nnumber %d\n" % (i, i)
            equal(client.deliver(PHONE, BOX, message=text).final,
                  ["250 2.0.0"] * 2, "message %d" % i)
        client.quit()
        runs = site.runs()
        equal(len(runs), 12, "runs")
        for i in range(6):
            equal(sum(r.stdin.endswith(b"\n\nnumber %d\n" % i)
                      for r in runs), 2, "runs of message %d" % i)
        ids = {line.fields["id"] for line in site.lines()}
        check(len(ids) >= 6, "ids recur: %r" % (ids,))


@case("a transaction that came to nothing leaves the next one whole")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        equal(client.deliver("x@nowhere.example").data, "503 5.5.1", "DATA")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.deliver(PHONE).final, ["250 2.0.0"], "second")
        equal(client.say(MAIL, RCPT, "RSET")[2], "250 2.0.0", "RSET")
        equal(client.deliver(BOX).final, ["250 2.0.0"], "third")
        client.quit()
        equal(sorted(r.args[1] for r in site.runs()), sorted([PHONE, BOX]),
              "recipients")


BEHIND = commands(LHLO, MAIL, RCPT, "DATA") + wire(MESSAGE)
FIRST = ["220", "250", "250 2.1.0", "250 2.1.5", "354", "250 2.0.0"]


@table("behind the final dot, in the same write: {0}", [
    ("QUIT", ["QUIT"], ["221 2.0.0"]),
    ("RSET, QUIT", ["RSET", "QUIT"], ["250 2.0.0", "221 2.0.0"]),
    ("NOOP, QUIT", ["NOOP", "QUIT"], ["250 2.0.0", "221 2.0.0"]),
    ("RSET, NOOP, RSET, QUIT", ["RSET", "NOOP", "RSET", "QUIT"],
     ["250 2.0.0"] * 3 + ["221 2.0.0"]),
])
def _(_name, lines, want):
    with Site() as site:
        equal(site.talk(BEHIND + commands(*lines)), FIRST + want, "replies")
        site.the_run()


@table("{0} behind the final dot: final replies, 421, close, nothing lost", [
    ("MAIL", [MAIL, RCPT, "DATA"]),
    ("RSET and MAIL", ["RSET", MAIL, RCPT, "DATA"]),
    ("LHLO", [LHLO, "QUIT"]),
    ("rubbish", ["\1\2\3"]),
    ("half a message", [MAIL, RCPT, "DATA", "Subject: two", "", "x", "."]),
])
def _(_name, lines):
    with Site() as site:
        got = site.talk(BEHIND + commands(*lines))
        equal(got[:len(FIRST)], FIRST, "as far as the final reply")
        match(r"^421 4\.", got[-1], "the last reply")
        check(got[len(FIRST):-1] in ([], ["250 2.0.0"] * lines.count("RSET")),
              "between them: %r" % (got,))
        site.the_run()
        equal(site.the_line().verdict, "accepted", "log")


@case("what was read behind the dot and RSET leaves the connection usable")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        client.send(wire(MESSAGE) + commands("RSET", "NOOP"))
        equal(client.replies(3), ["250 2.0.0"] * 3, "dot, RSET, NOOP")
        equal(client.deliver(BOX).final, ["250 2.0.0"], "second message")
        client.quit()
        equal(len(site.runs()), 2, "runs")


@case("a client that is silent gets 421 at idle-timeout")
def _():
    with Site({"idle-timeout": 1}) as site, site.connect() as client:
        client.lhlo()
        started = time.monotonic()
        match(r"^421 4\.4\.2", client.reply(), "reply")
        equal(client.reply(), None, "after it")
        check(0.8 < time.monotonic() - started < 4, "not at the timeout")


@case("a client that is silent in DATA: 421, and the backend does not run")
def _():
    with Site({"idle-timeout": 1}) as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        client.send(b"Subject: half\r\n\r\nof it")
        match(r"^421 4\.", client.reply(), "reply")
        equal(client.reply(), None, "after it")
        client.gone()
        equal((site.runs(), site.state_files()), ([], []), "what is left")


@case("a client slower than idle-timeout as a whole, but never idle")
def _():
    with Site({"idle-timeout": 2}) as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        for _ in range(7):
            client.send(b"another line\r\n")
            time.sleep(0.4)
        client.send(b".\r\n")
        equal(client.reply(), "250 2.0.0", "final reply")
        client.quit()


run()
