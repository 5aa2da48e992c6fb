#!/usr/bin/python3
"""The rate of an account: a window that slides, counted per recipient whom a
backend runs for and gives back where that fails, exact with fifty at once."""

import fcntl
import os
import re
import time

from lmtpclient import ALICE, MESSAGE, wire, xforward
from lmtptest import PHONE, Site, acme, backend, merge, shell
from taptest import case, check, equal, match, run, table, wait_for

BOB = "bob@example.com"
NONE = {"security": ["none"]}
DONE, LATER, SPENT = "250 2.0.0", "451 4.3.0", "451 4.7.1"
KEY = "hZavjjx5JT1Y2ff"
FREE = "%015d\n" % 0

# Ends as RECORDS/how says.
BACKEND = shell(r"""
echo "$LMTPD_RECIPIENT" >>RECORDS/runs
while [ -e RECORDS/gate ]; do sleep 0.01; done
[ ! -e RECORDS/how ] || eval "$(cat RECORDS/how)"
""")


def phones(count, first=0):
    return ["+4179%07d@sms.example.net" % n
            for n in range(first, first + count)]


def queued(n):
    """A queue id of its own."""
    return xforward(ADDR="192.0.2.7", IDENT="4XyZ%05d" % n)


def rated(rate, *changes, **keys):
    """Changes that give the account a rate."""
    changed = acme(("email", ALICE, NONE), rate=rate, **keys)
    for more in changes:
        changed = merge(changed, more)
    return changed


class Rated(Site):
    def __init__(self, rate, *changes, **keys):
        super().__init__(rated(rate, *changes, **keys), backend=BACKEND)
        self.path = self.state + "/rate/acme"

    def ran(self):
        return self.note("runs").splitlines()

    def how(self, text):
        with open(self.records + "/how", "w") as f:
            f.write(text)

    def say(self, *recipients, **more):
        """The verdicts."""
        return self.deliver(*recipients or (PHONE,), **more).verdicts

    def places(self):
        """The times in the file, free ones as None."""
        with open(self.path) as f:
            text = f.read()
        match(r"\A(\d{15}\n)*\Z", text, "the file")
        return [int(t) / 1000 or None for t in text.split()]

    def put(self, *ages):
        """Places taken so many seconds ago; None is a free one."""
        now = time.time()
        self.write("".join(
            FREE if age is None else "%015d\n" % ((now - age) * 1000)
            for age in ages))

    def write(self, text):
        """As lmtpd's own: in place."""
        with open(self.path, "r+b") as f:
            f.truncate()
            f.write(text if isinstance(text, bytes) else text.encode())

    def left(self, limit=20):
        """How many more are delivered, one by one."""
        with self.connect() as client:
            client.lhlo()
            for n in range(limit + 1):
                verdict = client.deliver(PHONE).verdicts[0]
                if verdict == SPENT:
                    break
                equal(verdict, DONE, "verdict")
            client.quit()
        check(n <= limit, "no end of it")
        return n


# -- what is counted

@table("{0} per {1}: the next is told to come later", [
    (2, "second"), (3, "minute"), (3, "hour"), (3, "day")])
def _(count, unit):
    """All in one message: within a second."""
    with Rated("%d/%s" % (count, unit)) as site:
        out = site.deliver(*phones(count + 2))
        equal(out.verdicts, [DONE] * count + [SPENT] * 2)
        equal(out.verdicts[count].text,
              "451 4.7.1 <%s>: too many messages for now" % phones(9)[count])
        equal(sorted(site.ran()), sorted(phones(count)), "runs")
        equal([line.fields["reason"] for line in site.lines()],
              ["delivered"] * count + ["rate"] * 2)
        equal({line.verdict for line in site.lines()[count:]}, {"deferred"})
        now = time.time()
        places = site.places()
        equal(len(places), count, "places")
        check(all(now - 10 < p <= now for p in places), "times: %r" % places)
        if unit == "second":
            time.sleep(1.05)
            equal(site.say(), [DONE])
        else:
            equal(site.say(), [SPENT])


@case("counted per recipient, over messages and connections")
def _():
    with Rated("5/hour") as site:
        equal(site.say(*phones(2)), [DONE] * 2)
        with site.connect() as client:
            client.lhlo()
            equal(client.deliver(PHONE).verdicts, [DONE])
            equal(client.deliver(*phones(3, 2)).verdicts,
                  [DONE, DONE, SPENT])
            client.quit()
        equal(len(site.ran()), 5, "runs")


@case("no rate: no file, and no end")
def _():
    with Rated("") as site:
        equal(site.say(*phones(30)), [DONE] * 30)
        check(not os.path.exists(site.state + "/rate"), "rate was made")


@case("two accounts do not count each other's")
def _():
    other = {("account", "beta"): {
        "forwarding-user": "beta", "rate": "1/hour", ("channel", "sms"): {},
        ("email", BOB): NONE}}
    with Rated("2/hour", other) as site:
        equal(site.say(*phones(2), sender=ALICE), [DONE] * 2)
        equal(site.say(*phones(2), sender=BOB), [DONE, SPENT])
        equal(site.say(sender=ALICE), [SPENT])
        equal(sorted(f for f in os.listdir(site.state + "/rate")
                     if not f.startswith(".")), ["acme", "beta"])


@case("accepted for enforce = false: limited all the same")
def _():
    with Rated("2/hour", acme(("email", ALICE, {"security": ["192.0.2.1"]}),
                              enforce=False)) as site:
        equal(site.say(*phones(4)), [DONE, DONE, SPENT, SPENT])
        equal([line.verdict for line in site.lines()],
              ["would-refuse"] * 2 + ["deferred"] * 2)


# -- and what is not

@table("{0} takes no place", [
    ("a recipient that no channel takes", "x@nowhere.example", ALICE,
     "550 5.1.1"),
    ("a number that is none", "x@sms.example.net", ALICE, "553 5.1.3"),
    ("a sender who is not registered", PHONE, BOB, "550 5.7.1")])
def _(_what, recipient, sender, want):
    with Rated("1/hour") as site:
        for _ in range(2):
            equal(site.say(recipient, sender=sender), [want])
        equal(site.say(recipient, PHONE) if sender == ALICE else
              [want] + site.say(PHONE), [want, DONE])
        equal(site.say(), [SPENT])


@case("a message refused after DATA takes no place")
def _():
    string = {("account", "acme"): {("channel", "sms"):
                                    {"security-string": KEY}}}
    with Rated("1/hour", string) as site:
        for _ in range(2):
            equal(site.say(), ["550 5.7.1"])
        good = b"X-Key: " + KEY.encode() + b"\n" + MESSAGE
        equal(site.say(message=good), [DONE])
        equal(site.say(message=good), [SPENT])


@case("a keyword recipient takes none, and is right where the rate is spent")
def _():
    string = {("account", "acme"): {("channel", "sms"):
                                    {"security-string": KEY}}}
    keyword = KEY + "@sms.example.net"
    good = b"Cc: " + keyword.encode() + b"\n" + MESSAGE
    with Rated("2/hour", string) as site:
        for want in DONE, DONE, SPENT:
            equal(site.say(keyword, PHONE, message=good), [DONE, want])
        equal(len(site.ran()), 2, "runs")
        equal(len(site.places()), 2, "places")


@case("what was delivered before takes none, and is said when all are spent")
def _():
    with Rated("2/hour") as site:
        equal(site.say(forward=queued(1)), [DONE])
        for _ in range(3):
            equal(site.say(forward=queued(1)), [DONE])
        equal(site.say(forward=queued(2)), [DONE])
        equal(site.say(forward=queued(3)), [SPENT])
        equal(site.say(forward=queued(1)), [DONE])
        equal(len(site.ran()), 2, "runs")
        equal([line.fields["reason"] for line in site.lines()],
              ["delivered"] + ["remembered"] * 3 +
              ["delivered", "rate", "remembered"])


@case("what was told to come later is not held, and comes")
def _():
    """A claim that outlived its refusal would keep it out for ever."""
    with Rated("1/hour") as site:
        equal(site.say(forward=queued(1)), [DONE])
        equal(site.say(forward=queued(2)), [SPENT])
        equal(len([f for f in site.state_files() if "/done/" in f]), 1,
              "claims")
        site.put(3601)
        equal(site.say(forward=queued(2)), [DONE])


@case("what another handler is at takes no place")
def _():
    with Rated("2/hour") as site:
        open(site.records + "/gate", "w").close()
        with site.connect() as client:
            client.lhlo()
            client.start(PHONE, forward=queued(1))
            client.send(wire(MESSAGE))
            wait_for(site.ran, "the backend")
            for _ in range(3):
                equal(site.say(forward=queued(1)), [LATER])
            os.unlink(site.records + "/gate")
            equal(client.reply(), DONE)
            client.quit()
        equal(site.say(forward=queued(2)), [DONE])
        equal(site.say(forward=queued(3)), [SPENT])


@case("a recipient twice in a message takes one")
def _():
    with Rated("2/hour") as site:
        one, two, three = phones(3)
        equal(site.say(one, one, two, one, three),
              [DONE, DONE, DONE, DONE, SPENT])
        equal(site.say(three, three), [SPENT, SPENT])


# -- what is given back

FAILURES = [
    ("exit 1", LATER), ("exit 65", "554 5.6.0"), ("exit 67", "550 5.1.1"),
    ("exit 69", "554 5.3.0"), ("exit 75", LATER), ("exit 77", "550 5.7.1"),
    ("echo 4.2.1 full >&2; exit 1", "451 4.2.1"),
    ("echo 5.2.1 gone >&2; exit 1", "550 5.2.1"),
    ("kill -KILL $$; sleep 5", LATER), ("exec sleep 60", LATER)]


@table("given back where the backend ends with: {0}", FAILURES)
def _(how, want):
    with Rated("2/hour", backend(timeout=1)) as site:
        equal(site.say(), [DONE])
        site.how(how)
        for _ in range(2 if "sleep 60" not in how else 1):
            equal(site.say(), [want])
            equal([p is None for p in site.places()], [False, True])
        site.how("exit 0")
        equal(site.say(), [DONE])
        equal(site.say(), [SPENT])
        equal(len(site.places()), 2, "places")


@case("given back where the backend could not be started")
def _():
    with Rated("1/hour") as site:
        os.rename(site.dir + "/backend", site.dir + "/away")
        equal(site.say(), [LATER])
        os.rename(site.dir + "/away", site.dir + "/backend")
        equal(site.say(), [DONE])
        equal(site.say(), [SPENT])


@case("given back where an argument would have begun with a dash")
def _():
    with Rated("1/hour", backend(command=["BACKEND", "%s"]),
               acme(("email", "-x@example.com", NONE))) as site:
        equal(site.say(sender="-x@example.com"), ["553 5.1.3"])
        site.write_conf(open(site.conf).read().replace("%s", "%r"))
        equal(site.say(sender="-x@example.com"), [DONE])


@case("given back places are taken by others of the same message")
def _():
    """parallel = 1: one ends before the next begins."""
    with Rated("1/hour", backend(parallel=1)) as site:
        site.how('case $LMTPD_RECIPIENT in *0@*|*1@*) exit 75 ;; esac')
        equal(site.say(*phones(4)), [LATER, LATER, DONE, SPENT])


# -- the window

@table("places of {0} s ago, at 3 an hour: {1} left", [
    ((0, 10, 3590), 0),
    ((3610, 10, 3590), 1),
    ((10, 3590, 3610), 1),
    ((3610, 3610, 3590), 2),
    ((3610, 3610, 3610), 3),
    ((None, 10, None), 2),
    ((10,), 2),
    ((), 3),
    ((10, 20, 30, 40, 50), 0),          # the rate was higher
    ((3610, 20, 3610, 40, 50), 0),
    ((3610, 3610, 3610, 40, 50), 1),
    ((3610, 3610, 3610, 3610, 50), 2),
    ((20, 3610, 3610, 3610, 3610), 2)])
def _(ages, want):
    with Rated("3/hour") as site:
        equal(site.say(), [DONE])
        site.put(*ages)
        equal(site.left(), want, "left")
        equal(len(site.ran()), 1 + want, "runs")


@case("the window slides: each place is free when it is an hour old")
def _():
    with Rated("3/hour") as site:
        equal(site.say(), [DONE])
        site.put(3598.5, 1800, 10)
        equal(site.say(), [SPENT])
        time.sleep(1.6)
        equal(site.left(), 1, "left")
        check([p for p in site.places() if p < time.time() - 1700],
              "the place of half an hour ago")


@table("another rate, {1} for {0}: what was taken counts by it", [
    ("3/hour", "3/day", 0), ("3/hour", "3/minute", 3),
    ("3/hour", "5/hour", 2), ("5/hour", "3/hour", 0)])
def _(first, then, want):
    with Rated(first) as site:
        equal(set(site.say(*phones(int(first[0])))), {DONE})
        site.put(*[90] * int(first[0]))
        with open(site.conf) as f:
            text = f.read()
        site.write_conf(text.replace('"%s"' % first, '"%s"' % then))
        equal(site.left(), want, "left")


# -- what is wrong with the file

@table("damaged, {0}: full for a window, and then as new", [
    ("a line cut", ("%015d\n" % 1)[:-3]), ("text", "hello, world\n" * 16),
    ("NULs", b"\0" * 32), ("a line without a digit", "x" + FREE[1:]),
    ("CRLF", "%014d\r\n" % 1), ("minus", "-%014d\n" % 1)])
def _(_what, text):
    with Rated("3/hour") as site:
        equal(site.say(), [DONE])
        site.write(text)
        equal(site.say(*phones(2)), [SPENT] * 2)
        match(r"%s is damaged: counted as 3 taken now" % re.escape(site.path),
              site.log())
        now = time.time()
        check(all(now - 10 < p <= now for p in site.places()), "times")
        equal(len(site.places()), 3, "places")
        site.put(3601, 3601, 3601)
        equal(site.left(), 3, "left")
        equal(site.log().count("is damaged"), 1, "lines in the log")


@case("of another year: the clock was wrong, and it counts from now")
def _():
    year = 365 * 86400
    with Rated("3/hour") as site:
        equal(site.say(), [DONE])
        site.put(-year, -year, 20)
        equal(site.say(), [SPENT])
        now = time.time()
        check(all(now - 60 < p <= now for p in site.places()), "times")
        site.put(-year, 3601, 3601)
        equal(site.left(), 2, "left")


@case("a file that is removed: begun anew")
def _():
    with Rated("1/hour") as site:
        for _ in range(2):
            equal(site.say(), [DONE])
            equal(site.say(), [SPENT])
            os.unlink(site.path)


@table("a {0} in its place: later, nothing runs, nothing is claimed", [
    ("directory",), ("FIFO",), ("symbolic link",)])
def _(what):
    with Rated("3/hour") as site:
        equal(site.say(), [DONE])
        os.unlink(site.path)
        if what == "directory":
            os.mkdir(site.path)
        elif what == "FIFO":
            os.mkfifo(site.path)
            owner = os.stat(site.state)
            os.chown(site.path, owner.st_uid, owner.st_gid)
        else:
            os.symlink("/etc/passwd", site.path)
        equal(site.say(forward=queued(1)), [LATER])
        equal(len(site.ran()), 1, "runs")
        match(r'cannot count the rate of account "acme"', site.log())
        equal([f for f in site.state_files() if "/done/" in f], [], "claims")
        (os.rmdir if what == "directory" else os.unlink)(site.path)
        equal(site.say(forward=queued(1)), [DONE])


# -- at once

def waiting(fd):
    """How many processes wait for the lock that we hold."""
    with open("/proc/locks") as f:
        return len(re.findall(r"-> FLOCK .*:%d " % os.fstat(fd).st_ino,
                              f.read()))


def at_once(site, count):
    """So many handlers, each with a message of its own, all come to a lock that
    we hold; the verdicts once it is free."""
    clients = [site.connect() for _ in range(count)]
    for n, client in enumerate(clients):
        client.lhlo()
        client.start(PHONE, forward=queued(n))
    with open(site.state + "/rate/.acme.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for client in clients:
            client.send(wire(MESSAGE))
        wait_for(lambda: waiting(lock.fileno()) == count, "all to wait")
    verdicts = [client.reply() for client in clients]
    for client in clients:
        client.quit()
        client.close()
        client.gone()
    return verdicts


def count_begun(site):
    """A site whose account has a file of places, all free."""
    equal(site.say(), [DONE])
    site.put()
    site.forget()


@table("fifty at once, twenty allowed, round {0}: twenty", [(1,), (2,)])
def _(_round):
    with Rated("20/hour") as site:
        count_begun(site)
        verdicts = at_once(site, 50)
        equal((verdicts.count(DONE), verdicts.count(SPENT)), (20, 30))
        equal(len(site.ran()), 20, "runs")
        equal(len(site.places()), 20, "places")
        check(None not in site.places(), "a free place")


@case("fifty at once and all fail: every place is given back")
def _():
    with Rated("20/hour") as site:
        count_begun(site)
        site.how("exit 75")
        verdicts = at_once(site, 50)
        equal({*verdicts} - {SPENT}, {LATER})
        check(20 <= verdicts.count(LATER) <= 50, "verdicts: %r" % verdicts)
        equal({*site.places()}, {None}, "places")
        site.how("exit 0")
        equal(site.left(), 20, "left")


run()
