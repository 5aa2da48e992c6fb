#!/usr/bin/python3
"""Every allocation of a delivery gives NULL in turn, and then it and all that
follow: in keeper, monitor, resolver and lmtptext.  Host and engine make none,
for which they would be killed.

What lmtptext makes of the message may take all the memory that it gives itself.
That is the message's fault, and looks as what is done here; so from its first
byte on the service has no more memory, either, and nothing is a 5xx."""

import os
import shlex
import shutil
import struct
import subprocess

from faulttest import deliver, in_workers, need, survive, tell_tally
from scenes import BUILD, SCENARIOS, TOOLS, USERS, FaultSite, scenario
from taptest import case, check, comment, equal, run

NOMEM = os.environ.get("NOMEM", BUILD + "/tests/faults/nomem.so")
LAYOUT = struct.Struct("4I4I")      # struct nomem of nomem.c
DEPTHS = {"keeper": 0, "monitor": 1, "host and engine": 2}  # forks from lmtpd
LIBEXEC = {"resolver": "lmtpd-resolver", "lmtptext": "lmtptext"}
LIBRARY = TOOLS + "/nomem.so"       # where every user may read it
SAMPLE = 8                          # of what lmtptext's libraries begin with
# a soft limit, above which lmtptext goes by itself
SCANT = ["prlimit", "--as=%d:unlimited" % (200 * 1024 * 1024)]

if not os.access(NOMEM, os.R_OK):
    print("Bail out! no", NOMEM)
    raise SystemExit(1)
shutil.copy(NOMEM, LIBRARY)
os.chmod(LIBRARY, 0o755)


def counter(path, depth=0, nth=0, more=0):
    """A file for a process, and the words before its program."""
    with open(path, "wb") as f:
        f.write(LAYOUT.pack(depth, nth, more, 0, 0, 0, 0, 0))
    os.chmod(path, 0o666)
    return ["/usr/bin/env", "LD_PRELOAD=" + LIBRARY, "NOMEM_FILE=" + path]


def counted(path):
    with open(path, "rb") as f:
        return LAYOUT.unpack(f.read())


class Allocation:
    """A fault: the nth allocation of a process; more: and all after it; scant:
    the service has no more memory, either."""

    def __init__(self, process, nth, more, scant=False):
        self.process, self.nth, self.more = process, nth, more
        self.scant = scant

    def __str__(self):
        return "%s %d%s" % (self.process, self.nth, "+" if self.more else "")

    def set(self, site):
        site.libexec = site.dir + "/nomem"
        os.mkdir(site.libexec)
        os.chmod(site.libexec, 0o755)
        mine = self.process if self.process in LIBEXEC else "lmtpd"
        words = {name: counter("%s/%s.count" % (site.libexec, name),
                               DEPTHS.get(self.process, 0),
                               self.nth if name == mine else 0, self.more)
                 for name in ("lmtpd", *LIBEXEC)}
        site.wrapper = (SCANT if self.scant else []) + words["lmtpd"]
        site.aborting = self.process == "lmtptext"
        for name, program in LIBEXEC.items():
            site.script("nomem/" + program, "#!/bin/sh\nexec %s \"$@\"\n" %
                        shlex.join([*words[name],
                                    TOOLS + "/libexec/" + program]))

    @staticmethod
    def counts(site, name):
        return counted("%s/nomem/%s.count" % (site.dir, name))

    def hit(self, site):
        return any(self.counts(site, name)[3] for name in
                   ("lmtpd", *LIBEXEC))

    def check(self, site, runs):
        """No more than of any fault."""


def rehearse(job):
    """How many allocations each process makes, with these mails."""
    name, mails = job
    with FaultSite(scenario(name)) as site:
        Allocation("none", 0, 0).set(site)
        deliver(site, mails)
        counts = Allocation.counts(site, "lmtpd")[4:]
        found = {p: counts[depth] for p, depth in DEPTHS.items()}
        for name in LIBEXEC:
            found[name] = Allocation.counts(site, name)[4]
        return found


def unread():
    """How many of lmtptext's allocations come before it reads: here it may not
    read what it is given."""
    path = TOOLS + "/unread.count"
    fd = os.open("/", os.O_RDONLY)
    done = subprocess.run([*counter(path), TOOLS + "/libexec/lmtptext"],
                          stdin=fd, stderr=subprocess.PIPE, check=False)
    os.close(fd)
    check(b"Is a directory" in done.stderr, "it reads: %r" % done.stderr)
    return counted(path)[4]


def of_lmtptext(last, more):
    """Its libraries' start is hundreds of allocations, much the same."""
    first = unread()
    comment("of lmtptext before it reads: %d" % first)
    check(0 < first < last, "none before, or none behind")
    return [Allocation("lmtptext", nth, more, nth > first)
            for nth in range(1, last + 1) if nth > first or nth % SAMPLE == 1]


def starve(what, more):
    """What comes before the greeting is much the same for all."""
    need(what)
    counts = in_workers(rehearse, [(what.name, None)])[0]
    before = {} if what == USERS else \
        in_workers(rehearse, [(what.name, [])])[0]
    comment("allocations: " + ", ".join(
        "%s %d" % pair for pair in counts.items()))
    check(counts["monitor"] > 50, "the interposer sees none")
    equal(counts["host and engine"], 0, "of host and engine")
    check(bool(counts["resolver"]) == what.dns, "the resolver's")
    check(bool(counts["lmtptext"]) == what.text, "lmtptext's")
    survive(what, [Allocation(process, nth, more)
                   for process, count in counts.items()
                   for nth in range(before.get(process, 0) + 1, count + 1)
                   if process != "lmtptext"] +
            (of_lmtptext(counts["lmtptext"], more) if what.text else []))


for _what in SCENARIOS:
    case("every allocation fails: " + _what.name, _what, 0)(starve)
    case("every allocation fails, and all after it: " + _what.name,
         _what, 1)(starve)

tell_tally("allocations")
run()
