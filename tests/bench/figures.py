"""What is not a message's cost against the floor: patterns, tables, text, and
memory.  A figure has a unit, samples or one number, and maybe a bar."""

import collections
import contextlib
import glob
import json
import os
import resource
import socket
import statistics
import subprocess
import time

import handlers
from handlers import (CLIENT, HERE, LARGE, LMTPCTL, LMTPTEXT, RECIPIENT, ROOT,
                      SENDER, SMALL, STRING, Load)
from lmtpclient import Client, wire
from proctest import children, processes, status
from taptest import wait_for

import lmtptest

MATCH = os.environ["MATCH"]
CORPUS = HERE + "/../text/corpus/"
ROWS = 1000000
SIZES = ((1024, "1 KiB"), (102400, "100 KiB"), (10485760, "10 MiB"))
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
STARTS, MESSAGES = 25, 400

Figure = collections.namedtuple("Figure", "name samples unit bar")


def used_ms(before):
    """CPU of the children that ended since."""
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (now.ru_utime + now.ru_stime
            - before.ru_utime - before.ru_stime) * 1e3


def cpu_of(command, **keys):
    """CPU ms of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True, **keys)
    return used_ms(before)


# -- patterns ----------------------------------------------------------------

def match():
    told = json.loads(subprocess.run([MATCH, "--json"], check=True,
                                     stdout=subprocess.PIPE).stdout)
    return [Figure("match 64 KiB x 1,000, " + name,
                   [told[key]["ms"], told[key]["low"], told[key]["high"]],
                   "ms", told.get("bar-" + bar))
            for name, key, bar in (
                ("typical", "typical", "typical"),
                ("typical, text", "typical-text", "typical"),
                ("any input (%s)" % told["worst"], "hostile", "hostile"),
                ("compiling", "load", ""))]


# -- tables ------------------------------------------------------------------

def csv(path, rows):
    """So many addresses, the sender's the last."""
    with open(path, "w") as f:
        f.write("Email,Username\n")
        f.writelines("user%d@example.org,user%d\n" % (i, i % 1000)
                     for i in range(1, rows))
        f.write(SENDER + ",bench\n")
    os.chmod(path, 0o644)
    return path


def peak_of(command):
    """Wall s, CPU ms, and peak KiB, as the kernel tells it while it runs: what
    wait4(2) tells has our own in it, from before the program was executed."""
    peak, before = 0, resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        while child.poll() is None:
            with contextlib.suppress(OSError, KeyError):
                peak = max(peak, int(status(child.pid, "VmHWM").split()[0]))
            time.sleep(0.002)
    if child.returncode != 0:
        raise handlers.Failed("%s: status %d" % (" ".join(command[:4]),
                                                 child.returncode))
    return time.monotonic() - began, used_ms(before), peak


def tables(site):
    """Both are made, and looked into."""
    found = []
    for name, rows, variant in (
            ("small", 1000, SMALL), ("large", ROWS, LARGE)):
        conf = site.conf(variant)
        wall, cpu, peak = peak_of([
            LMTPCTL, "-f", conf, "import", "--yes", name,
            csv(site.dir + "/csv", rows)])
        words = "{:,} rows".format(rows)
        bars = (2, 65536) if rows == ROWS else (None, None)
        found += [Figure("import of " + words, [wall], "s", bars[0]),
                  Figure("import of " + words + ", CPU", [cpu], "ms", None),
                  Figure("import of " + words + ", peak", [peak], "KiB",
                         bars[1])]
        found.append(Figure(
            "lmtpctl lookup in " + words,
            [cpu_of([LMTPCTL, "-f", conf, "lookup", SENDER])
             for _ in range(15)], "ms", None))
    os.unlink(site.dir + "/csv")
    return found


# -- the text of messages ----------------------------------------------------

def text_of(path):
    options = []
    args = path[:-len("eml")] + "args"
    if os.path.exists(args):
        with open(args) as f:
            options = f.read().splitlines()
    with open(path, "rb") as mail:
        return cpu_of([LMTPTEXT, *options], stdin=mail, env={})


def text():
    """Of each message of the tests' corpus that has a text."""
    if not os.access(LMTPTEXT, os.X_OK):
        return []
    mails = [path for path in sorted(glob.glob(CORPUS + "*.eml"))
             if os.path.exists(path[:-len("eml")] + "txt")]
    return [Figure("lmtptext, a message (of %d in tests/text)" % len(mails),
                   [text_of(path) for path in mails], "ms", None)]


# -- memory ------------------------------------------------------------------

def tree(keeper):
    """lmtpd's processes: {what it is: its number}."""
    monitor = wait_for(lambda: children(keeper), "the monitor")[0]
    found = {"keeper": keeper, "monitor": monitor}
    everyone = processes()
    for pid in children(monitor):
        name = everyone[pid].name if pid in everyone else ""
        found.setdefault("resolver" if name == "lmtpd-resolver" else
                         "host" if name == "lmtpd" else "backend", pid)
    if children(found["host"]):
        found["engine"] = children(found["host"])[0]
    return found


def proportional_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("Pss:"))


class Waiting(lmtptest.Site):
    """An lmtpd whose backend reads all and waits for the case to end."""

    def __init__(self, security="none"):
        super().__init__(
            {"trusted-peers": [], "max-message-size": 20971520,
             ("backend", "recorder"): {"command": [
                 "/bin/sh", "-c", "cat >/dev/null; : >RECORDS/up; "
                 "while [ ! -e RECORDS/go ]; do sleep 0.1; done"]},
             ("account", "acme"): {
                 ("email", lmtptest.ALICE): None,
                 "anyone": {"security": [security]}}},
            options=["--client-address", CLIENT],
            libexec=os.environ["LMTPD_LIBEXECDIR"])


def idle():
    """A connection that only said LHLO, alone."""
    if not ROOT:
        return []
    with Waiting() as site, site.connect() as client:
        client.lhlo()
        pids = wait_for(lambda: len(tree(client.keeper)) == 4
                        and tree(client.keeper), "four processes")
        sizes = {kind: proportional_kib(pid) for kind, pid in pids.items()}
        client.quit()
    return [Figure("idle connection, memory (PSS of its processes)",
                   [sum(sizes.values())], "KiB", None)]


def peaks(size, security="none"):
    """Peak resident KiB of each of its processes while a message of that size
    is delivered: before the final dot, and while the backend runs."""
    message = b"Subject: %s\n\n" % STRING.encode() + \
        (b"x" * 62 + b"\n") * (size // 64)
    found = collections.Counter()

    def look():
        for kind, pid in tree(client.keeper).items():
            if kind != "backend":
                found[kind] = max(found[kind],
                                  int(status(pid, "VmHWM").split()[0]))

    with Waiting(security) as site, site.connect() as client:
        client.lhlo()
        client.start("x@box.example.net", sender=SENDER)
        client.send(wire(message)[:-3])
        client.taken()
        look()
        client.send(b".\r\n")
        wait_for(lambda: os.path.exists(site.records + "/up"), "the backend")
        look()
        with open(site.records + "/go", "w"):
            pass                # the backend may end
        lmtptest.equal(client.reply(), "250 2.0.0", "verdict")
        client.quit()
    return found


def memory(site, with_spf):
    figures = idle()
    for size, words in SIZES:
        found = peaks(size, "spf" if with_spf else "none")
        figures += [Figure("peak memory, %s, %s" % (words, kind), [kib],
                           "KiB", 3072) for kind, kib in sorted(found.items())]
    if os.access(LMTPTEXT, os.X_OK):
        reader = site.floor([site.program(LMTPTEXT)])
        figures += [Figure("peak memory, %s of text, lmtptext" % words,
                           [reader.run(Load(size, 1, False), 1).peak], "KiB",
                           None) for size, words in SIZES]
    return figures


# -- where it goes -----------------------------------------------------------

def cpu_ms(pid):
    """Of itself, and of its children that it waited for (by the tick)."""
    with open("/proc/%d/schedstat" % pid) as f:
        own = int(f.read().split()[0]) / 1e6
    with open("/proc/%d/stat" % pid) as f:
        words = f.read().rpartition(")")[2].split()
    return own, (int(words[13]) + int(words[14])) * TICK_MS


class Handled:
    """A handler of site's on a connection, and what its processes used."""

    def __init__(self, served):
        ours, theirs = socket.socketpair()
        child = subprocess.Popen(
            [*handlers.AS_USER, *served.command], stdin=theirs, stdout=theirs,
            env={"LMTPD_LIBEXECDIR": served.site.programs})
        theirs.close()
        self.client = Client((ours, ours), child)
        self.client.lhlo()

    def used(self):
        """CPU ms: {process: of itself, of its children}."""
        first = self.client.keeper
        below = tree(first) if children(first) else {"floor": first}
        return {kind: cpu_ms(pid) for kind, pid in below.items()}

    def deliver(self, messages):
        for _ in range(messages):
            lmtptest.equal(self.client.deliver(
                RECIPIENT, sender=SENDER, message=b"x" * 1023 + b"\n"
                ).verdicts[0][:3], "250", "verdict")

    def end(self):
        self.client.say("QUIT")
        self.client.close()
        self.client.gone()


def starts(served):
    """Of a connection until LHLO is answered, by process."""
    found = collections.defaultdict(list)
    for _ in range(STARTS):
        handled = Handled(served)
        for kind, (own, _children) in handled.used().items():
            found[kind].append(own)
        handled.end()
    return {kind: statistics.median(used) for kind, used in found.items()}


def a_message(served):
    """On a connection that is there, by process: of itself, of its children."""
    handled = Handled(served)
    handled.deliver(2)
    before = handled.used()
    handled.deliver(MESSAGES)
    after = handled.used()
    handled.end()
    return {kind: [(b - a) / MESSAGES for a, b in zip(before[kind], used)]
            for kind, used in after.items() if kind in before}


def where(site):
    """By process.  What an end costs is not among it."""
    floor, lmtpd = site.floor(), site.lmtpd()
    start, least = starts(lmtpd), starts(floor)["floor"]
    start["keeper"] -= least
    found = [Figure("start of a connection, above the floor's: " + kind,
                    [start[kind]], "ms", None)
             for kind in ("keeper", "monitor", "host", "engine")
             if kind in start]
    least, used = a_message(floor)["floor"], a_message(lmtpd)
    return found + [
        Figure("a message on a connection, " + name, [ms], "ms", None)
        for name, ms in (
            ("floor: itself", least[0]), ("floor: backend", least[1]),
            ("lmtpd: monitor", used["monitor"][0]),
            ("lmtpd: host", used["host"][0]),
            ("lmtpd: engine", used["host"][1]),
            ("lmtpd: backend", used["monitor"][1]))]


# What is measured together; a word of it asks for it.
GROUPS = (
    ("match", lambda site, with_spf: match()),
    ("import lookup users table", lambda site, with_spf: tables(site)),
    ("lmtptext", lambda site, with_spf: text()),
    ("idle peak memory", memory),
    ("start connection message", lambda site, with_spf: where(site)),
)
