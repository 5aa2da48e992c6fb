#!/usr/bin/python3
"""The state directory under a running lmtpd: users tables, whole, replaced or
damaged; a disk that is full or may not be written; kill -9 at every system call
between a claim and its reply."""

import collections
import ctypes
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time

from lmtpclient import ALICE, MESSAGE, commands, wire, xforward
from lmtptest import (PHONE, ROOT, SERVER_USER, Site, acme, backend,
                      merge, render, shell)
from proctest import descendants, status
from taptest import (Skip, case, check, equal, match, need_root, run, table,
                     wait_for)

BOB, EVE = "bob@example.com", "eve@example.com"
OTHER = "+41791234568@sms.example.net"
NONE = {"security": ["none"]}
STAFF = ("users", "staff", NONE)
DONE, NO, LATER, FULL = "250 2.0.0", "550 5.7.1", "451 4.3.0", "452 4.3.1"
KNOWN = "250 2.1.5"                     # at RCPT
ONE = xforward(ADDR="192.0.2.7", IDENT="4XyZ1a2b3c")


# -- users tables

def cdb_hash(key):
    h = 5381
    for byte in key:
        h = (h * 33 & 0xffffffff) ^ byte
    return h


def cdb(*rows):
    """A constant database of these (key, value), as cdb(5) has it."""
    roots = [[] for _ in range(256)]
    records, at = b"", 2048
    for key, value in rows:
        key, value = key.encode(), value.encode()
        h = cdb_hash(key)
        roots[h % 256].append((h, at))
        record = struct.pack("<II", len(key), len(value)) + key + value
        records += record
        at += len(record)
    head = tables = b""
    for entries in roots:
        slots = [(0, 0)] * (2 * len(entries))
        for h, pos in entries:
            nth = (h >> 8) % len(slots)
            while slots[nth] != (0, 0):
                nth = (nth + 1) % len(slots)
            slots[nth] = (h, pos)
        head += struct.pack("<II", at + len(tables), len(slots))
        tables += b"".join(struct.pack("<II", *slot) for slot in slots)
    return head + records + tables


class Tables(Site):
    """A site with users tables; its backend is told sender and user."""

    def __init__(self, *sources, **tables):
        super().__init__(merge(acme(*sources), backend(
            command=["BACKEND", "%s", "%u"])))
        self.directory(self.state + "/tables")
        for name, rows in tables.items():
            self.put(name, cdb(*rows.items()))

    def directory(self, path):
        os.mkdir(path, 0o700)
        if ROOT:
            os.chown(path, SERVER_USER.pw_uid, SERVER_USER.pw_gid)

    def path(self, name="staff"):
        return "%s/tables/%s.cdb" % (self.state, name)

    def put(self, name, data):
        """By rename, as import does."""
        new = "%s/tables/.%s.%d" % (self.state, name, threading.get_ident())
        with open(new, "wb") as f:
            f.write(data)
        os.chmod(new, 0o644)
        os.rename(new, self.path(name))

    def users(self):
        return sorted(run.args[1] for run in self.runs())

    def at_rcpt(self, client, sender):
        """The reply to RCPT, of a transaction that is given up."""
        got = client.say("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % PHONE,
                         "RSET")
        equal((got[0], got[2]), ("250 2.1.0", "250 2.0.0"), "MAIL and RSET")
        return got[1]


EMAIL = ("email", ALICE, {"forwarding-user": "by.email", **NONE})
DOMAIN = ("domain", "example.com", {"forwarding-user": "by.domain", **NONE})
SERVER = ("ip", "192.0.2.7", {"forwarding-user": "by.ip"})
ANYONE = ("anyone", None, {"forwarding-user": "by.anyone", **NONE})


@table("{0}: users is one of them, and {1} decides", [
    ("email, users, domain", "email", [DOMAIN, STAFF, EMAIL], "by.email"),
    ("users, domain", "users", [DOMAIN, STAFF], "by.table"),
    ("users, ip", "users", [SERVER, STAFF], "by.table"),
    ("users, anyone", "users", [ANYONE, STAFF], "by.table"),
    ("users", "users", [STAFF], "by.table")])
def _(_what, kind, sources, want):
    with Tables(*sources, staff={ALICE: "by.table"}) as site:
        out = site.deliver(PHONE, forward=xforward(ADDR="192.0.2.7"))
        equal(out.verdicts, [DONE])
        equal(site.the_run().args, [ALICE, want])
        fields = site.the_line().fields
        equal((fields["source"].split(":")[0], fields["user"]), (kind, want))


@case("who is in no table falls to the domain, and without one to nobody")
def _():
    with Tables(DOMAIN, STAFF, staff={ALICE: "by.table"}) as site:
        equal(site.verdict(sender=BOB), DONE)
        equal(site.users(), ["by.domain"])
        equal(site.verdict(sender="bob@example.org"), NO)


@case("the table decides alone: no falling through to a domain that would")
def _():
    strict = ("users", "staff", {"security": ["198.51.100.1"]})
    with Tables(DOMAIN, strict, staff={ALICE: "by.table"}) as site:
        equal(site.verdict(forward=xforward(ADDR="192.0.2.7")), NO)
        equal(site.the_line().fields["reason"], "security-failed")
        equal(site.verdict(sender=BOB), DONE)
        equal(site.verdict(forward=xforward(ADDR="198.51.100.1")), DONE)


@case("the forwarding user of the table: %u and LMTPD_USER")
def _():
    with Tables(STAFF, staff={ALICE: "acme.alice", BOB: "x" * 127}) as site:
        site.script("backend", shell('echo "$2 $LMTPD_USER" >>RECORDS/users'))
        equal([site.verdict(), site.verdict(sender=BOB)], [DONE, DONE])
        equal(site.note("users"),
              "acme.alice acme.alice\n%s %s\n" % ("x" * 127, "x" * 127))


@table("the sender as {0} finds its row", [
    ("it is", ALICE, ALICE),
    ("upper case", "ALICE@EXAMPLE.COM", ALICE),
    ("mixed case", "Alice@Example.Com", ALICE),
    ("BATV tags it", "prvs=1234abcdef=" + ALICE, ALICE),
    ("A-labels", "alice@xn--bcher-kva.example",
     "alice@xn--bcher-kva.example"),
    ("A-labels in upper case", "alice@XN--BCHER-KVA.example",
     "alice@xn--bcher-kva.example"),
    ("an IDN", "alice@b\u00fccher.example", "alice@xn--bcher-kva.example"),
    ("an IDN in upper case", "alice@B\u00dcCHER.example",
     "alice@xn--bcher-kva.example")])
def _(_what, sender, row):
    with Tables(STAFF, staff={row: "found"}) as site:
        utf8 = "" if sender.isascii() else " SMTPUTF8"
        equal(site.verdict(sender=sender, mail=utf8), DONE)
        equal(site.users(), ["found"])


@table("<{0}> is not in the table of {1}", [
    ("", ALICE), ("alice@example.co", ALICE), ("lice@example.com", ALICE),
    ("alice+x@example.com", ALICE),
    ("alice@sub.example.com", ALICE), ("example.com@example.com", ALICE)])
def _(sender, row):
    with Tables(STAFF, staff={row: "found"}) as site:
        equal(site.verdict(sender=sender), NO)
        equal(site.runs(), [], "runs")


@table("{1} for a rewritten sender in the table, forwarded = {0}", [
    (True, DONE), (False, NO)])
def _(forwarded, want):
    srs = "srs0=hhh=tt=evil.example=eve@example.com"
    source = ("users", "staff", {"forwarded": forwarded, **NONE})
    with Tables(source, staff={srs: "found", ALICE: "found"}) as site:
        equal(site.verdict(sender=srs), want)
        equal(site.verdict(sender=srs.upper()), want)
        equal(site.verdict(), DONE)


@case("two tables, two accounts: the first in the file that has the sender")
def _():
    second = {("account", "beta"): {
        "forwarding-user": "beta", ("channel", "sms"): {},
        ("users", "second"): NONE}}
    with Tables(STAFF, ("users", "more", NONE),
                staff={ALICE: "one"}, more={ALICE: "two", BOB: "two"},
                second={ALICE: "three", BOB: "three",
                        EVE: "three"}) as site:
        with open(site.conf) as f:
            text = f.read()
        site.write_conf(text + render(second))
        for sender in ALICE, BOB, EVE:
            equal(site.verdict(sender=sender), DONE)
        equal([(line.fields["account"], line.fields["source"],
                line.fields["user"]) for line in site.lines()],
              [("acme", "users:staff", "one"), ("acme", "users:more", "two"),
               ("beta", "users:second", "three")])


# -- replaced

@table("a sender {0} the table between RCPT and DATA: as at RCPT", [
    ("taken from", True), ("put into", False), ("given another user in", None)])
def _(_what, known):
    """And the next transaction sees the new one."""
    old = {ALICE: "old"} if known in (True, None) else {EVE: "old"}
    new = {EVE: "new"} if known else {ALICE: "new"}
    with Tables(STAFF, staff=old) as site, site.connect() as client:
        client.lhlo()
        equal(client.say("MAIL FROM:<%s>" % ALICE), "250 2.1.0")
        first = client.say("RCPT TO:<%s>" % PHONE)
        site.put("staff", cdb(*new.items()))
        equal(client.say("RCPT TO:<%s>" % OTHER), first, "the other RCPT")
        if known is False:
            equal(first, NO, "RCPT")
        else:
            equal((first, client.say("DATA")), (KNOWN, "354"))
            client.send(wire(MESSAGE))
            equal(client.replies(2), [DONE, DONE])
            equal(site.users(), ["old", "old"])
        equal(client.say("RSET"), "250 2.0.0")
        equal(client.deliver(PHONE).verdicts, [NO if known else DONE])
        if not known:
            check("new" in site.users(), "users: %r" % site.users())
        client.quit()


@case("replaced all the while: each transaction sees one whole table")
def _():
    filler = {"u%04d@example.org" % n: "u%d" % n for n in range(2000)}
    tables = [cdb(*{**filler, ALICE: "old", BOB: "old"}.items()),
              cdb(*{EVE: "new", ALICE: "new", **filler}.items())]
    with Tables(STAFF, staff={ALICE: "old"}) as site:
        stop = threading.Event()

        def replace():
            while not stop.wait(0.0005):
                tables.append(tables.pop(0))
                site.put("staff", tables[0])

        thread = threading.Thread(target=replace)
        thread.start()
        try:
            with site.connect() as a, site.connect() as b:
                for client in a, b:
                    client.lhlo()
                limit = time.monotonic() + 3
                while time.monotonic() < limit:
                    for client in a, b:
                        equal(client.deliver(PHONE, OTHER).verdicts,
                              [DONE, DONE])
                    out = b.deliver(PHONE, OTHER, sender=BOB)
                    check(out.verdicts in ([DONE] * 2, [NO] * 2), out)
                    equal(b.say("RSET"), "250 2.0.0")
                a.quit()
                b.quit()
        finally:
            stop.set()
            thread.join()
        lines = collections.defaultdict(list)
        for line in site.lines():
            lines[line.fields["id"]].append(line.fields["user"])
        pairs = collections.Counter(map(tuple, lines.values()))
        check(set(pairs) <= {("old", "old"), ("new", "new"), ("-", "-")},
              "users within a transaction: %r" % pairs)
        check(pairs["old", "old"] > 5 and pairs["new", "new"] > 5,
              "both were seen: %r" % pairs)


# -- others' hands

LOOSE = [("of mode 666", "", 0o666, None), ("of mode 664", "", 0o664, None),
         ("in a directory of mode 777", "dir", 0o777, None),
         ("in a directory of mode 775", "dir", 0o775, None),
         ("of another user", "", 0o644, 12345),
         ("in a directory of another user", "dir", 0o755, 12345)]


def ctl(site, *words):
    """What lmtpctl says, having doubts."""
    done = subprocess.run([os.environ["LMTPCTL"], "-f", site.conf, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    check(done.returncode != 0, "content: " + done.stdout)
    return done.stdout


@table("P48 a table {0} is not asked, and check says so", LOOSE)
def _(_what, which, mode, owner):
    if owner:
        need_root()
    with Tables(STAFF, staff={ALICE: "u"}) as site:
        equal(site.verdict(), DONE)
        path = os.path.dirname(site.path()) if which else site.path()
        os.chmod(path, mode)
        if owner:
            os.chown(path, owner, -1)
        equal(site.verdict(), LATER, "verdict")
        check("lmtpctl check says where" in site.log(), site.log())
        check("lmtpctl check says where" in ctl(site, "export", "staff"),
              "export")
        said = ctl(site, "check")
        check("chown it to " in said if owner else
              "chmod go-w it" in said, said)


# -- missing, damaged

TROUBLE = "lmtpctl import"
WHOLE = cdb((ALICE, "acme.alice"), (BOB, "acme.bob"))


def not_a_table(site, what):
    path = site.path()
    if what == "empty":
        open(path, "w").close()
    elif what == "a directory":
        os.mkdir(path)
    elif what == "a FIFO":
        os.mkfifo(path, 0o666)
    elif what == "a symbolic link":
        os.symlink("/etc/passwd", path)
    elif what == "not readable":
        site.put("staff", WHOLE)
        os.chmod(path, 0)
        os.chown(path, 0, 0)
    elif what == "text":
        site.put("staff", b"alice@example.com,acme.alice\n" * 200)
    elif what == "of another time's tail":
        site.put("staff", WHOLE + b"\0" * 8)


@table("the table is {0}: 451, a line in the log, and nothing runs", [
    ("missing",), ("empty",), ("a directory",), ("a FIFO",),
    ("a symbolic link",), ("text",), ("of another time's tail",)]
    + ([("not readable",)] if ROOT else []))
def _(what):
    with Tables(DOMAIN, STAFF) as site:
        not_a_table(site, what)
        out = site.deliver(PHONE)
        equal(out.rcpt, [LATER])
        equal(site.runs(), [], "runs")
        match(r'users "staff"', site.log())
        if what in ("missing", "empty", "text"):
            match(r"lmtpctl import (--replace )?staff FILE\.csv", site.log())
        equal(site.the_line().fields["reason"], "internal")
        if what == "a directory":
            os.rmdir(site.path())
        site.put("staff", WHOLE)
        equal(site.verdict(), DONE)


@case("an e-mail source needs no table: a damaged one is not looked at")
def _():
    with Tables(EMAIL, STAFF) as site:
        equal(site.verdict(), DONE)
        equal(site.verdict(sender=BOB), LATER)
        equal(site.users(), ["by.email"])


@case("a table without a row is a table")
def _():
    with Tables(STAFF, staff={}) as site:
        equal(site.verdict(), NO)
        check("users \"" not in site.log(), "a complaint")


@case("cut anywhere: 451, whoever asks")
def _():
    cuts = [*range(0, 2048, 64), *range(2048, len(WHOLE))]
    with Tables(DOMAIN, STAFF) as site, site.connect() as client:
        client.lhlo()
        for cut in cuts:
            site.put("staff", WHOLE[:cut])
            for sender in ALICE, EVE:
                equal(site.at_rcpt(client, sender), LATER,
                      "cut at %d, %s" % (cut, sender))
        equal(site.log().count('users "staff": the table is damaged'),
              2 * len(cuts), "lines in the log")
        site.put("staff", WHOLE)
        equal(site.at_rcpt(client, ALICE), KNOWN)
        client.quit()


def damage(data, at, value):
    return data[:at] + bytes([value]) + data[at + 1:]


@case("damaged at a byte: as it was or 451, never a crash")
def _():
    """What lies behind the head, at each byte; the head, here and there.  (A
    row that now names another user cannot be told from one that always did.)
    """
    rng = random.Random(5)
    places = [*range(2048, len(WHOLE)), *rng.sample(range(2048), 200)]
    told = collections.Counter()
    with Tables(STAFF) as site, site.connect() as client:
        client.lhlo()
        for at in places:
            site.put("staff", damage(WHOLE, at, WHOLE[at] ^
                                     rng.randrange(1, 256)))
            complaints = site.log().count("the table is damaged")
            for sender in ALICE, BOB, EVE:
                verdict = site.at_rcpt(client, sender)
                told[sender, verdict] += 1
                check(verdict in (LATER, NO if sender == EVE else KNOWN),
                      "%s for %s, byte %d" % (verdict, sender, at))
                complaints += verdict == LATER
            equal(site.log().count("the table is damaged"), complaints,
                  "lines in the log, byte %d" % at)
        client.quit()
        check(told[ALICE, LATER] > 50, "damage that was seen: %r" % told)
        check(told[ALICE, KNOWN] > 50, "damage elsewhere: %r" % told)


# -- disks

CLONE_NEWNS = 0x20000
BACKEND = shell("""echo "$LMTPD_RECIPIENT" >>RECORDS/runs
cat >/dev/null
echo "$LMTPD_RECIPIENT" >>RECORDS/ended""")


def mount(*words):
    subprocess.run(["mount", *words], check=True, capture_output=True,
                   timeout=10)


def own_mounts():
    """What we mount from now on is nobody else's, and ends with us."""
    need_root()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == -1:
        raise Skip("may not unshare: %s" % os.strerror(ctypes.get_errno()))
    mount("--make-rprivate", "/")


class Disk(Site):
    """A site whose state directory is a small disk of its own."""

    def __init__(self, changes=None, pages=64, inodes=64):
        own_mounts()
        counted = acme(("email", ALICE, NONE), rate="100/hour")
        super().__init__(merge(counted, changes or {}), backend=BACKEND)
        mount("-t", "tmpfs", "-o", "size=%d,nr_inodes=%d,uid=%d,gid=%d,"
              "mode=700" % (pages * 4096, inodes, SERVER_USER.pw_uid,
                            SERVER_USER.pw_gid), "none", self.state)
        self.fillers = []

    def __exit__(self, *why):
        subprocess.run(["umount", "-R", "-l", self.state], check=True)
        return super().__exit__(*why)

    def fill(self, pages=0, inodes=None):
        """Leave so many free pages; or files that can be made."""
        disk = os.statvfs(self.state)
        count = 1 if inodes is None else disk.f_ffree - inodes
        for _ in range(count):
            self.fillers.append(tempfile.mktemp(dir=self.state))
            open(self.fillers[-1], "w").close()
        if inodes is None:
            with open(self.fillers[-1], "wb") as f:
                f.write(bytes((disk.f_bfree - pages) * 4096))
            equal(os.statvfs(self.state).f_bfree, pages, "free pages")

    def empty(self):
        for path in self.fillers:
            os.unlink(path)
        self.fillers = []

    def ran(self):
        return self.note("runs").splitlines()

    def part_read_only(self, name):
        path = "%s/%s" % (self.state, name)
        os.makedirs(path, exist_ok=True)
        os.chown(path, SERVER_USER.pw_uid, SERVER_USER.pw_gid)
        mount("--bind", path, path)
        mount("-o", "remount,bind,ro", path)


@case("no room: 452 at DATA, the log says where; later it is taken")
def _():
    with Disk() as site:
        site.fill()
        out = site.deliver(PHONE, forward=ONE)
        equal(out.data, FULL, "DATA")
        equal(site.ran(), [], "runs")
        match(r"cannot spool in %s: No space left" % site.state, site.log())
        equal((site.the_line().verdict, site.the_line().fields["reason"]),
              ("deferred", "disk-full"))
        site.empty()
        equal(site.verdict(forward=ONE), DONE)
        equal(len(site.ran()), 1, "runs")


@case("no room for all of a message: 452, and the next is taken")
def _():
    big = MESSAGE + b"x" * 70 + b"\n"
    big += (b"x" * 70 + b"\n") * 3000
    with Disk() as site, site.connect() as client:
        client.lhlo()
        site.fill(pages=32)
        equal(client.deliver(PHONE, message=big, forward=ONE).verdicts, [FULL])
        equal(site.ran(), [], "runs")
        equal(client.deliver(PHONE, forward=ONE).verdicts, [DONE])
        site.empty()
        equal(client.deliver(PHONE, message=big, forward=ONE).verdicts, [DONE])
        client.quit()
        equal(len(site.ran()), 2, "runs")


FORGOTTEN = "should the client send it again, it is delivered twice"


def settle(site, out):
    """Either it was delivered, or nothing ran; then there is room again.  What
    could not be remembered any more, the log says."""
    verdict, = out.verdicts
    check(verdict in (DONE, LATER, FULL), "verdict %s" % verdict)
    equal(len(site.ran()), int(verdict == DONE), "runs")
    if verdict != DONE:
        match(r"cannot .*%s.*: No space left" % re.escape(site.state),
              site.log())
    runs = 2 if FORGOTTEN in site.log() else 1
    site.empty()
    for _ in range(2):
        equal(site.verdict(forward=ONE), DONE)
        equal(len(site.ran()), runs, "runs, with the retry")
    return verdict


@table("{0} to spare: delivered or not begun, and delivered once", [
    (what,) for what in ("pages", "inodes")])
def _(what):
    told = []
    for count in range(20 if what == "inodes" else 10):
        with Disk() as site:
            site.fill(**{what: count})
            told.append(settle(site, site.deliver(PHONE, forward=ONE)))
    equal(sorted(set(told)), sorted([DONE, LATER, FULL]), "verdicts")
    equal(told, sorted(told, key=[FULL, LATER, DONE].index), "in that order")


@case("a disk that may not be written: 451 at DATA; later it is taken")
def _():
    with Disk() as site:
        mount("-o", "remount,ro", site.state)
        equal(site.deliver(PHONE, forward=ONE).data, LATER, "DATA")
        equal(site.ran(), [], "runs")
        match(r"cannot spool in %s: Read-only file system" % site.state,
              site.log())
        mount("-o", "remount,rw", site.state)
        equal(site.verdict(forward=ONE), DONE)


@table("{0} may not be written: {1}", [
    ("done", LATER), ("rate", LATER), ("seen", DONE)])
def _(name, want):
    """Who cannot note a new server still delivers."""
    with Disk() as site:
        site.part_read_only(name)
        equal(site.verdict(forward=ONE), want)
        equal(len(site.ran()), int(want == DONE), "runs")
        match(r"cannot .*%s/%s.*: Read-only file system"
              % (site.state, name), site.log())
        subprocess.run(["umount", site.state + "/" + name], check=True)
        equal(site.verdict(forward=ONE), DONE)
        equal(len(site.ran()), 1, "runs")


@case("done may not be written after a delivery: later, and then known")
def _():
    with Disk() as site:
        equal(site.verdict(forward=ONE), DONE)
        site.part_read_only("done")
        equal(site.verdict(forward=ONE), LATER)
        subprocess.run(["umount", site.state + "/done"], check=True)
        equal(site.verdict(forward=ONE), DONE)
        equal(len(site.ran()), 1, "runs")
        equal([line.fields["reason"] for line in site.lines()],
              ["delivered", "internal", "remembered"])


# -- kill -9

FIRST = re.compile(r'openat\(.*"[^"]*/done/')
LAST = re.compile(r'(sendto|write)\(.*"250 2\.0\.0')
TOLD = [DONE, DONE, "221 2.0.0"]


def need_strace():
    if not shutil.which("strace"):
        raise Skip("no strace")
    if subprocess.run(["strace", "-o", "/dev/null", "true"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("may not trace")


class Killable(Site):
    """A site whose monitor is traced while it has a message in hand."""

    def __init__(self):
        super().__init__(acme(("email", ALICE, NONE), rate="100/hour"),
                         backend=BACKEND)
        self.trace = self.dir + "/trace"

    def traced(self, *options):
        """Hand over one message to two; the monitor's exit and the replies."""
        with self.connect() as client:
            pid = client.monitor
            client.lhlo()
            client.start(PHONE, OTHER, forward=ONE)
            strace = subprocess.Popen(
                ["strace", "-qq", "-o", self.trace, "-s", "4096", "-p",
                 str(pid), *options], stderr=subprocess.DEVNULL)
            wait_for(lambda: status(pid, "TracerPid") != "0", "strace")
            client.send(wire(MESSAGE) + commands("QUIT"))
            replies = client.rest()
            exit_status = client.gone()
        strace.wait(10)
        wait_for(lambda: len(descendants(os.getpid())) == 0, "the end of all")
        return exit_status, replies

    def calls(self):
        """Those of the trace between claim and reply: name, and the number
        among those of that name."""
        number, found, started = collections.Counter(), [], False
        with open(self.trace) as f:
            for line in f:
                name = re.match(r"(\w+)\(", line)
                if not name:
                    continue
                name = name.group(1)
                number[name] += 1
                started = started or FIRST.match(line)
                if started:
                    found.append((name, number[name]))
                if started and LAST.match(line):
                    return found
        raise AssertionError("no reply in the trace")

    def on_disk(self):
        """How many deliveries are, whole."""
        found = 0
        for path in self.state_files():
            if "/done/" in path:
                with open(path) as f:
                    found += bool(re.match(r"\S{20} \S+\n\Z", f.read()))
        return found

    def count(self, name):
        return collections.Counter(self.note(name).splitlines())


def killed(site, name, nth):
    """And the retry: how many deliveries were on disk."""
    exit_status, replies = site.traced(
        "-e", "inject=%s:signal=KILL:when=%d" % (name, nth))
    if exit_status == 0:            # it got by with fewer of these
        equal(replies, TOLD)
        return None
    equal(exit_status, 75, "exit")
    kept, before = site.on_disk(), site.count("runs")
    check(replies == [] or (replies, kept) == (TOLD, 2),
          "%r, and on disk %d" % (replies, kept))
    out = site.deliver(PHONE, OTHER, forward=ONE)
    equal(out.verdicts, [DONE, DONE])
    known = sum(": delivered before, id " in r.text for r in out.verdicts)
    equal(known, kept, "what the retry found delivered")
    again = site.count("runs") - before
    equal((len(again), sum(again.values())), (2 - kept, 2 - kept),
          "runs of the retry")
    ended = site.count("ended")
    equal(set(ended), {PHONE, OTHER}, "delivered at last")
    check(max(ended.values()) <= 2, "delivered: %r" % ended)
    return kept


@case("the monitor is killed at each call between claim and reply")
def _():
    """Nothing is lost; and what was on disk as delivered is not run again."""
    need_root()
    need_strace()
    with Killable() as site:
        equal(site.traced()[1], TOLD)
        calls = site.calls()
    check(60 < len(calls) < 250, "calls: %d" % len(calls))
    found = collections.Counter()
    for name, nth in calls:
        with Killable() as site:
            try:
                found[killed(site, name, nth)] += 1
            except AssertionError as why:
                raise AssertionError("killed at %s %d: %s"
                                     % (name, nth, why)) from None
    check(found[0] > 20 and found[1] > 0 and found[2] > 5,
          "deliveries on disk: %r" % found)
    check(found[None] < len(calls) / 10, "not killed: %r" % found)


run()
