#!/usr/bin/python3
"""Nothing twice: a retry after a lost reply runs no backend, and what is
another message, or was not delivered, is never taken for such a retry."""

import contextlib
import glob
import os
import re
import signal
import time

from lmtpclient import ALICE, MESSAGE, wire, xforward
from lmtptest import ME, PHONE, Site, acme, backend, merge, shell
from proctest import descendants
from taptest import (case, check, equal, match, need_root, run, table,
                     wait_for)

BOB = "bob@example.com"
OTHER = "+41791234568@sms.example.net"
THIRD = "+41791234569@sms.example.net"
ONE = xforward(ADDR="192.0.2.7", IDENT="4XyZ1a2b3c")
TWO = xforward(ADDR="192.0.2.7", IDENT="4XyZ1a2b3d")
UNNAMED = xforward(ADDR="192.0.2.7")
DONE, LATER, STOPPED = "250 2.0.0", "451 4.3.0", "451 4.3.2"
BOTH = acme(("email", ALICE, {"security": ["none"]}),
            ("email", BOB, {"security": ["none"]}))
WEEK = 7 * 86400

# Notes each run in a line, waits while there is a gate, and ends as RECORDS/how
# or RECORDS/how.RECIPIENT says.  Two runs at once are an overlap.
BACKEND = shell(r"""
echo "$LMTPD_DELIVERY_ID $LMTPD_RECIPIENT" >>RECORDS/runs
mkdir "RECORDS/at.$LMTPD_RECIPIENT" || echo overlap >>RECORDS/overlap
while [ -e RECORDS/gate ]; do sleep 0.01; done
how="exit 0"
for f in RECORDS/how "RECORDS/how.$LMTPD_RECIPIENT"; do
	[ ! -e "$f" ] || how=$(cat "$f")
done
rmdir "RECORDS/at.$LMTPD_RECIPIENT"
eval "$how"
""")


class Once(Site):
    """A site with that backend."""

    def __init__(self, changes=None):
        trusted = {"trusted-peers": [ME, "127.0.0.1"]}
        super().__init__(merge(trusted, changes or {}), backend=BACKEND)

    def ran(self):
        """(delivery id, recipient) of each run, in order."""
        return [tuple(line.split()) for line in
                self.note("runs").splitlines()]

    def how(self, text, recipient=None):
        """How a run is to end; None: well."""
        path = self.records + ("/how." + recipient if recipient else "/how")
        if text is None:
            os.unlink(path)
        else:
            with open(path, "w") as f:
                f.write(text)

    def gate(self):
        open(self.records + "/gate", "w").close()

    def open_gate(self):
        os.unlink(self.records + "/gate")

    def clear(self):
        """After a backend that was killed."""
        for name in os.listdir(self.records):
            if name.startswith("at."):
                os.rmdir(self.records + "/" + name)

    def send(self, *recipients, **more):
        """The replies to each recipient, in full."""
        more = {"forward": ONE, **more}
        out = self.deliver(*recipients or (PHONE,), **more)
        return [r.text for r in out.verdicts]

    def done_file(self, key=None):
        """The one file that remembers, or that of a key."""
        if key is not None:
            return "%s/done/%s/%s" % (self.state, key[:2], key)
        found = [f for f in self.state_files() if "/done/" in f]
        equal(len(found), 1, "files below done: %r" % (found,))
        return found[0]

    def remember(self, text, path=None):
        """Have it say something else; bytes or text."""
        with open(path or self.done_file(), "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())


def stamp(age):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))


def delivered(text, recipient=PHONE):
    """The id in the reply of a delivery."""
    found = re.fullmatch(r"250 2\.0\.0 <%s>: delivered, id (\S+)"
                         % re.escape(recipient), text)
    check(found, "no delivery: %r" % text)
    return found.group(1)


def before(text, recipient=PHONE):
    found = re.fullmatch(r"250 2\.0\.0 <%s>: delivered before, id (\S+)"
                         % re.escape(recipient), text)
    check(found, "not remembered: %r" % text)
    return found.group(1)


def held(text, recipient=PHONE):
    equal(text, "451 4.3.0 <%s>: this message is being delivered now"
          % recipient, "reply")


# -- one recipient in other words

@table("a retry by another spelling is no other delivery: {0}", [
    ("of a number", PHONE, "0791234567@sms.example.net"),
    ("of a number, foreign", PHONE, "0041791234567@sms.example.net"),
    ("of the domain", PHONE, PHONE.replace("sms.example", "SMS.Example")),
    ("of a name's domain", "desk@box.example.net", "desk@BOX.example.net"),
])
def _(_name, first, again):
    with Once() as site:
        # one message to both, of which only the first reply came through
        equal(len(set(r[:9] for r in site.send(first, again))), 1, "both")
        equal(len(site.ran()), 1, "runs of both")
        match("delivered before", site.send(again)[0])
        match("delivered before", site.send(first)[0])
        equal(len(site.ran()), 1, "runs")


@case("a retry to another name, or in another case of it, is delivered")
def _():
    with Once() as site:
        for name in "desk", "Desk", "disk":
            delivered(*[(r, name + "@box.example.net") for r in
                        site.send(name + "@box.example.net")][0])
        equal(len(site.ran()), 3, "runs")


@contextlib.contextmanager
def at_gate(site, how="pair", **more):
    """A client whose message the backend has got, and waits at the gate."""
    runs = len(site.ran())
    site.gate()
    with site.connect(how) as client:
        client.lhlo()
        client.start(PHONE, forward=ONE, **more)
        client.send(wire(MESSAGE))
        wait_for(lambda: len(site.ran()) > runs, "the backend")
        yield client


# -- a lost reply

def lose_reply(site, how="pair", **more):
    """A client that goes between the final dot and the reply."""
    with at_gate(site, how, **more) as client:
        client.close()
        site.open_gate()


@table("a reply lost over {0}: the retry is told so, and runs nothing", [
    ("pair",), ("tcp",), ("unix",), ("fifo",)])
def _(how):
    with Once() as site:
        lose_reply(site, how)
        equal(len(site.ran()), 1, "runs")
        first = site.the_line()
        equal((first.verdict, first.fields["reason"]),
              ("accepted", "delivered"))
        mine = before(site.send()[0])
        equal(len(site.ran()), 1, "runs")
        line = site.lines()[1]
        equal((line.verdict, line.fields["reason"], line.fields["exit"],
               line.fields["id"]), ("accepted", "remembered", "-", mine))
        key = site.ran()[0][0]
        match(r"delivery %s was done before, by id=%s$"
              % (key, re.escape(first.fields["id"])),
              "\n".join(line for line in site.log().splitlines()
                        if "done before" in line))


@case("the retry's retry, on the same connection and on others")
def _():
    with Once() as site:
        lose_reply(site)
        with site.connect() as client:
            client.lhlo()
            for _ in range(3):
                out = client.deliver(PHONE, forward=ONE)
                before(out.verdicts[0].text)
            client.quit()
        before(site.send()[0])
        equal(len(site.ran()), 1, "runs")


@case("the file that remembers: when and by whom, for lmtpd's user alone")
def _():
    with Once() as site:
        told = delivered(site.send()[0])
        key = site.ran()[0][0]
        path = site.done_file(key)
        with open(path) as f:
            text = f.read()
        match(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ %s\n\Z" % re.escape(told),
              text)
        check(stamp(60) < text[:20] <= stamp(0), "when: %r" % text)
        equal(os.stat(path).st_mode & 0o777, 0o600, "mode")


@case("remember = 0: run each time, and nothing kept")
def _():
    with Once({"remember": "0"}) as site:
        for _ in range(3):
            delivered(site.send()[0])
        equal(len(site.ran()), 3, "runs")
        equal(len(set(site.ran())), 1, "delivery ids")
        check(not os.path.exists(site.state + "/done"), "done was made")


@table("remembered for {0} s of the week: {1}", [
    (60, True), (WEEK - 60, True), (WEEK, False), (WEEK + 60, False),
    (-WEEK, True)])
def _(age, still):
    """A time to come: the clock was wrong, and the message was delivered."""
    with Once() as site:
        delivered(site.send()[0])
        site.remember(stamp(age) + " older\n")
        text = site.send()[0]
        if still:
            before(text)
            match("done before, by id=older$", site.log().splitlines()[-2])
        else:
            mine = delivered(text)
            with open(site.done_file()) as f:
                match(r"\A%s\S+ %s\n\Z" % (stamp(0)[:11], re.escape(mine)),
                      f.read())
        equal(len(site.ran()), 1 if still else 2, "runs")
        before(site.send()[0])


@case("remember = 1 seconds")
def _():
    with Once({"remember": "1 seconds"}) as site:
        delivered(site.send()[0])
        time.sleep(1.1)
        delivered(site.send()[0])
        equal(len(site.ran()), 2, "runs")


# -- what is another message

def variant(**more):
    message = more.pop("message", MESSAGE)
    return {"forward": ONE, "message": message, **more}


SUBJECT = MESSAGE.replace(b"hello", b"world")
COLLISIONS = [
    ("another subject of the same length", variant(message=SUBJECT)),
    ("a subject with another blank",
     variant(message=MESSAGE.replace(b": hello", b":\thello"))),
    ("another field's name in another case",
     variant(message=MESSAGE.replace(b"Subject", b"SUBJECT"))),
    ("its fields in another order",
     variant(message=b"Subject: hello\nFrom: alice@example.com\n\n"
             b"Good morning.\n")),
    ("one field more",
     variant(message=b"X-A: b\n" + MESSAGE.replace(b"Good mor", b""))),
    ("a longer body", variant(message=MESSAGE + b"x\n")),
    ("another sender", variant(sender=BOB)),
    ("the sender in another case", variant(sender="Alice@example.com")),
    ("another recipient", variant(recipient=OTHER)),
    ("another queue id", variant(forward=TWO)),
    ("no queue id, but a Message-ID",
     variant(forward=UNNAMED, message=b"Message-ID: <1@x>\n" + MESSAGE)),
]


@table("a queue id that recurs, with {0}: delivered", COLLISIONS)
def _(_what, changes):
    changes = dict(changes)
    recipient = changes.pop("recipient", PHONE)
    with Once(BOTH) as site:
        delivered(site.send()[0])
        delivered(site.send(recipient, **changes)[0], recipient)
        equal(len(set(key for key, _ in site.ran())), 2, "delivery ids")
        before(site.send()[0])
        before(site.send(recipient, **changes)[0], recipient)
        equal(len(site.ran()), 2, "runs")


def alert(received=None, message_id=None):
    text = b"From: alice@example.com\nSubject: ALERT disk full\n\nsda1\n"
    if message_id:
        text = b"Message-ID: <%s@nagios>\n" % message_id.encode() + text
    if received:
        text = (b"Received: by mx.example.net (Postfix, from userid 0)\n"
                b"\tid 1234567890; Sun, 22 Nov 2026 %s +0000 (UTC)\n"
                % received.encode() + text)
    return text


NAMES = [("Message-ID", {"message_id": "1"}, {"message_id": "2"}),
         ("Received", {"received": "01:00:00"}, {"received": "01:00:01"}),
         ("Received, the same Message-ID",
          {"received": "01:00:00", "message_id": "1"},
          {"received": "01:05:00", "message_id": "1"}),
         ("Message-ID, the same Received",
          {"received": "01:00:00", "message_id": "1"},
          {"received": "01:00:00", "message_id": "2"})]


@table("an alert that repeats, with another {0}: sent; its retry is not", [
    (name, first, second, forward)
    for name, first, second in NAMES for forward in (ONE, UNNAMED)])
def _(_name, first, second, forward):
    with Once() as site:
        for words in first, second:
            message = alert(**words)
            delivered(site.send(message=message, forward=forward)[0])
            before(site.send(message=message, forward=forward)[0])
        equal(len(site.ran()), 2, "runs")
        equal(len(set(site.ran())), 2, "delivery ids")


@table("nothing names the message, {0}: delivered each time", [
    ("no queue id", UNNAMED), ("no XFORWARD", None),
    ("IDENT is unavailable", xforward(IDENT="[UNAVAILABLE]"))])
def _(_what, forward):
    with Once() as site, site.connect() as client:
        client.lhlo()
        for _ in range(2):
            delivered(client.deliver(PHONE, forward=forward).verdicts[0].text)
        client.quit()
        delivered(site.send(forward=forward)[0])
        equal(len(set(site.ran())), 3, "delivery ids")
        check(not os.path.exists(site.state + "/done"), "done was made")


@case("a stranger's queue id names nothing")
def _():
    with Once({"trusted-peers": []}) as site:
        for _ in range(2):
            delivered(site.send(forward=None)[0])
        for _ in range(2):
            out = site.deliver(PHONE, forward=ONE)
            equal(out.xforward, ["550 5.7.0"], "XFORWARD")
            delivered(out.verdicts[0].text)
        equal(len(set(site.ran())), 4, "delivery ids")


# -- what was not delivered

@case("LMTPD_DELIVERY_ID: the same on every retry, and on no other message")
def _():
    with Once(BOTH) as site:
        site.how("exit 75")
        for _ in range(3):
            equal(site.deliver(PHONE, OTHER, forward=ONE).verdicts,
                  [LATER, LATER])
        site.how(None)
        site.send(PHONE, OTHER)
        ids = {to: {k for k, r in site.ran() if r == to}
               for to in (PHONE, OTHER)}
        equal(len(site.ran()), 8, "runs")
        equal([len(ids[PHONE]), len(ids[OTHER])], [1, 1], "ids a recipient")
        check(ids[PHONE] != ids[OTHER], "one id for two recipients")
        seen = ids[PHONE] | ids[OTHER]
        for _what, changes in COLLISIONS:
            changes = dict(changes)
            recipient = changes.pop("recipient", THIRD)
            site.send(recipient, **changes)
        seen |= {k for k, _ in site.ran()}
        # All but "another recipient", which is OTHER.
        equal(len(seen), 2 + len(COLLISIONS) - 1, "delivery ids")
        for key in seen:
            match(r"\A[0-9a-f]{32}\Z", key)


@table("a backend that ends with {0}: run again", [
    ("exit 1", "451 4.3.0"), ("exit 65", "554 5.6.0"),
    ("exit 67", "550 5.1.1"), ("exit 69", "554 5.3.0"),
    ("exit 75", "451 4.3.0"), ("exit 77", "550 5.7.1"),
    ("exit 126", "451 4.3.0"), ("exit 127", "451 4.3.0"),
    ("exit 255", "451 4.3.0"),
    ("echo 4.2.1 later >&2; exit 1", "451 4.2.1"),
    ("echo 5.1.1 nobody >&2; exit 1", "550 5.1.1"),
    ("kill -KILL $$; sleep 5", "451 4.3.0"),
    ("kill -TERM $$; sleep 5", "451 4.3.0")])
def _(how, want):
    with Once() as site:
        site.how(how)
        for n in 1, 2:
            equal(site.deliver(PHONE, forward=ONE).verdicts, [want])
            equal(len(site.ran()), n, "runs")
            equal([f for f in site.state_files() if "/done/" in f], [],
                  "what is left of the claim")
        site.how(None)
        delivered(site.send()[0])
        equal(len(site.ran()), 3, "runs")
        before(site.send()[0])


@case("a backend that could not be started: run once it can")
def _():
    with Once() as site:
        path = site.dir + "/backend"
        os.rename(path, path + ".away")
        equal(site.deliver(PHONE, forward=ONE).verdicts, [LATER])
        os.rename(path + ".away", path)
        delivered(site.send()[0])
        equal(len(site.ran()), 1, "runs")


@table("maybe sent, for {0}: run again", [
    ("its timeout", backend(timeout=1)),
    ("the reply's", {"reply-timeout": 2})])
def _(_what, changes):
    with Once(changes) as site:
        site.how("exec sleep 60")
        equal(site.deliver(PHONE, forward=ONE).verdicts, [LATER])
        equal(site.the_line().verdict, "maybe-sent")
        site.how(None)
        delivered(site.send()[0])
        equal(len(site.ran()), 2, "runs")


@case("told to stop while the backend runs: run again")
def _():
    with Once() as site:
        with at_gate(site) as client:
            os.kill(client.child.pid, signal.SIGTERM)
            equal(client.rest()[0], STOPPED, "reply")
        site.open_gate()
        site.clear()
        delivered(site.send()[0])
        equal(len(site.ran()), 2, "runs")


@case("mixed recipients: the retry runs those that failed, and no other")
def _():
    with Once() as site:
        site.how("exit 75", OTHER)
        site.how("exit 67", THIRD)
        first = site.deliver(PHONE, OTHER, THIRD, forward=ONE)
        equal(first.verdicts, [DONE, LATER, "550 5.1.1"])
        site.how(None, OTHER)
        again = site.send(OTHER, PHONE, THIRD)
        delivered(again[0], OTHER)
        before(again[1])
        check(again[2].startswith("550 5.1.1 "), again[2])
        equal(sorted(r for _, r in site.ran()),
              sorted([PHONE, OTHER, OTHER, THIRD, THIRD]), "runs")


@case("a recipient twice in a message: one run, and one memory")
def _():
    with Once() as site:
        first = site.send(PHONE, OTHER, PHONE)
        equal(delivered(first[0]), delivered(first[2]), "ids")
        equal(len(site.ran()), 2, "runs")
        again = site.send(PHONE, PHONE, OTHER)
        equal(before(again[0]), before(again[1]), "ids")
        before(again[2], OTHER)
        equal(len(site.ran()), 2, "runs")


@case("accepted for enforce = false: remembered, too")
def _():
    changes = acme(("email", ALICE, {"security": ["198.51.100.1"]}),
                   enforce=False)
    with Once(changes) as site:
        delivered(site.send()[0])
        before(site.send()[0])
        equal(len(site.ran()), 1, "runs")
        equal([line.verdict for line in site.lines()], ["would-refuse"] * 2)


@case("what is remembered is no permission: the sender is judged anew")
def _():
    with Once() as site:
        delivered(site.send()[0])
        with open(site.conf) as f:
            text = f.read()
        site.write_conf(text.replace(ALICE, BOB))
        equal(site.deliver(PHONE, forward=ONE).verdicts, ["550 5.7.1"])


# -- damage

DAMAGE = [
    ("a line without its end", stamp(60) + " id", True),
    ("half a time", stamp(60)[:10], True),
    ("a time that is none", "2026-13-45T99:00:00Z id\n", True),
    ("no id", stamp(60) + " \n", True),
    ("an id that is too long", stamp(60) + " " + "x" * 40 + "\n", True),
    ("a line more", stamp(60) + " id\n" * 2, True),
    ("NULs", b"\0" * 30, True),
    ("64 KiB", b"x" * 65536, True),
    ("nothing", b"", False)]


@table("the file holds {0}: not delivered, and mended", DAMAGE)
def _(_what, text, told):
    """What was written whole only was; half a line was cut by a crash."""
    with Once() as site:
        delivered(site.send()[0])
        site.remember(text)
        delivered(site.send()[0])
        equal("%s is damaged: taken as not delivered" % site.done_file()
              in site.log(), told, "a line in the log")
        before(site.send()[0])
        equal(len(site.ran()), 2, "runs")


PUT = {"directory": os.mkdir, "FIFO": os.mkfifo,
       "symbolic link": lambda path: os.symlink("/etc/passwd", path)}


@table("a {0} in its place: not now, and nothing runs", [
    (what,) for what in PUT])
def _(what):
    with Once() as site:
        delivered(site.send()[0])
        path = site.done_file()
        os.unlink(path)
        PUT[what](path)
        if what == "FIFO" and os.getuid() == 0:
            owner = os.stat(site.state)
            os.chown(path, owner.st_uid, owner.st_gid)
        equal(site.deliver(PHONE, forward=ONE).verdicts, [LATER])
        equal(len(site.ran()), 1, "runs")
        match(r"cannot remember deliveries in %s/done: " % site.state,
              site.log())


# -- at once

@case("two at once: the second is told to come back, then that it was done")
def _():
    with Once() as site:
        with at_gate(site) as client:
            held(site.send()[0])
            site.open_gate()
            delivered(client.reply().text)
            client.quit()
        before(site.send()[0])
        equal(len(site.ran()), 1, "runs")
        equal([line.fields["reason"] for line in site.lines()],
              ["held", "delivered", "remembered"])


@case("two at once, and the first fails: the second's retry runs")
def _():
    with Once() as site:
        with at_gate(site) as client:
            held(site.send()[0])
            site.how("exit 75")
            site.open_gate()
            equal(client.reply(), LATER, "the first")
            client.quit()
        site.how(None)
        delivered(site.send()[0])


def all_at_once(site, count):
    """So many handlers that get the same message; their replies."""
    clients = [site.connect() for _ in range(count)]
    for client in clients:
        client.lhlo()
        client.start(PHONE, forward=ONE)
    for client in clients:
        client.send(wire(MESSAGE))
    replies = [client.reply().text for client in clients]
    for client in clients:
        client.quit()
        client.close()
        client.gone()
    return replies


@table("twenty at once, round {0}: one run, whatever the others are told", [
    (n,) for n in range(1, 5)])
def _(_round):
    with Once() as site:
        replies = all_at_once(site, 20)
        ran = [r for r in replies if ": delivered, id " in r]
        equal(len(ran), 1, "deliveries among %r" % (replies,))
        delivered(ran[0])
        for r in replies:
            if r != ran[0]:
                (before if r.startswith("250 ") else held)(r)
        equal(len(site.ran()), 1, "runs")
        before(site.send()[0])


@table("twenty at once of a backend that fails, round {0}: one by one", [
    (n,) for n in range(1, 4)])
def _(_round):
    with Once() as site:
        site.how("exit 75")
        for r in all_at_once(site, 20):
            check(r.startswith("451 4.3.0 "), "reply %r" % r)
        check(1 <= len(site.ran()) <= 20, "runs")
        equal(site.note("overlap"), "", "two runs at once")
        site.how(None)
        delivered(site.send()[0])


# -- killed

KILLED = {  # who of those below the keeper, and the first message's reply
    "the keeper": (lambda below: below[0].ppid, STOPPED),
    "the monitor": (lambda below: below[0].pid, None),
    "the engine's host": (lambda below: below[1].pid, DONE),
    "the backend": (lambda below: next(
        p.pid for p in below if p.name in ("backend", "sh")), LATER)}


@table("{0} is killed while the backend runs", [(who,) for who in KILLED])
def _(who):
    """Nobody stays, and it is run again unless it was delivered."""
    pick, want = KILLED[who]
    with Once() as site:
        with at_gate(site) as client:
            os.kill(pick(descendants(client.keeper)), signal.SIGKILL)
            if want == DONE:
                site.open_gate()
            equal(client.reply(), want, "reply")
        wait_for(lambda: not descendants(os.getpid()), "the end of all")
        if want == DONE:
            before(site.send()[0])
        else:
            site.clear()
            site.open_gate()
            delivered(site.send()[0])
        before(site.send()[0])
        equal(len(site.ran()), 1 if want == DONE else 2, "runs")


@table("P48 what was delivered is not asked of {0}", [
    ("a directory for everyone", "done", 0o777, None),
    ("a shard for everyone", "done/*", 0o777, None),
    ("a file for everyone", "done/*/*", 0o666, None),
    ("another user's file", "done/*/*", 0o666, 12345)])
def _(_what, pattern, mode, owner):
    """Or who may write there could have a message taken, and not run."""
    if owner:
        need_root()
    with Once() as site:
        delivered(site.send()[0])
        path, = glob.glob(site.state + "/" + pattern)
        os.chmod(path, mode)
        if owner:
            os.chown(path, owner, -1)
        equal(site.send()[0][:9], LATER, "the same again")
        match("cannot remember deliveries", site.log())
        equal(len(site.ran()), 1, "runs")


run()
