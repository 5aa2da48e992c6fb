#!/usr/bin/python3
"""Every allocation of a delivery gives NULL in turn, and then it and all that
follow: in keeper, monitor and resolver.  Host and engine make none, for which
they would be killed."""

import os
import shlex
import shutil
import struct

from faulttest import deliver, in_workers, need, survive, tell_tally
from scenes import BUILD, SCENARIOS, TOOLS, USERS, FaultSite, scenario
from taptest import case, check, comment, equal, run

NOMEM = os.environ.get("NOMEM", BUILD + "/tests/faults/nomem.so")
LAYOUT = struct.Struct("4I4I")      # struct nomem of nomem.c
DEPTHS = {"keeper": 0, "monitor": 1, "host and engine": 2}  # forks from lmtpd
LIBRARY = TOOLS + "/nomem.so"       # where every user may read it

if not os.access(NOMEM, os.R_OK):
    print("Bail out! no", NOMEM)
    raise SystemExit(1)
shutil.copy(NOMEM, LIBRARY)
os.chmod(LIBRARY, 0o755)


class Allocation:
    """A fault: the nth allocation of a process; more: and all after it."""

    def __init__(self, process, nth, more):
        self.process, self.nth, self.more = process, nth, more

    def __str__(self):
        return "%s %d%s" % (self.process, self.nth, "+" if self.more else "")

    def set(self, site):
        os.mkdir(site.dir + "/nomem")
        os.chmod(site.dir + "/nomem", 0o755)
        for name in ("lmtpd", "resolver"):
            path = site.dir + "/nomem/" + name
            mine = (name == "resolver") == (self.process == "resolver")
            with open(path, "wb") as f:
                f.write(LAYOUT.pack(DEPTHS.get(self.process, 0),
                                    self.nth if mine else 0, self.more,
                                    0, 0, 0, 0, 0))
            os.chmod(path, 0o666)
        preload = ["LD_PRELOAD=" + LIBRARY]
        site.wrapper = ["/usr/bin/env", *preload,
                        "NOMEM_FILE=%s/nomem/lmtpd" % site.dir]
        site.libexec = site.dir + "/nomem"
        site.script("nomem/lmtpd-resolver", "#!/bin/sh\nexec env %s %s \"$@\"\n"
                    % (shlex.join([*preload, "NOMEM_FILE=%s/nomem/resolver" %
                                   site.dir]),
                       TOOLS + "/libexec/lmtpd-resolver"))

    @staticmethod
    def counts(site, name):
        with open(site.dir + "/nomem/" + name, "rb") as f:
            return LAYOUT.unpack(f.read())

    def hit(self, site):
        return any(self.counts(site, name)[3] for name in
                   ("lmtpd", "resolver"))

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
        found["resolver"] = Allocation.counts(site, "resolver")[4]
        return found


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
    survive(what, [Allocation(process, nth, more)
                   for process, count in counts.items()
                   for nth in range(before.get(process, 0) + 1, count + 1)])


for _what in SCENARIOS:
    case("every allocation fails: " + _what.name, _what, 0)(starve)
    case("every allocation fails, and all after it: " + _what.name,
         _what, 1)(starve)

tell_tally("allocations")
run()
