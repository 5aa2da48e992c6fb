#!/usr/bin/python3
"""`make bench` runs, for one cell and for a moment, and tells for programs what
it measured.  No figure is judged: a busy machine is no error.  Needs
$builddir."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

from taptest import case, check, comment, equal, match, run # noqa: E402

CELL = "address list"
# make here is no part of the make that runs us.
ENVIRONMENT = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def bench(*options):
    """Exit status and standard output."""
    done = subprocess.run(
        ["make", "-s", "-C", os.environ["builddir"], "bench",
         "BENCH=" + " ".join("'%s'" % option for option in options)],
        env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    comment(done.stderr)
    return done.returncode, done.stdout


@case("make bench BENCH=--json: one cell, the floor and lmtpd in it")
def _():
    status, out = bench("--json", "-r", "1", "-b", "0.02", CELL)
    equal(status, 0, "exit status")
    told = json.loads(out[out.index("{"):])
    equal(told["rounds"], 1, "rounds")
    check(told["cells"], "no cell: " + out)
    for cell in told["cells"]:
        check(CELL in cell["name"], "cells: " + cell["name"])
        names = list(cell["handlers"])
        equal((names[0], names[1].split(",")[0]), ("floor", "lmtpd"), "who")
        for name, costs in cell["handlers"].items():
            check(costs["cpu_ms"]["median"] > 0, "CPU of " + name)


@case("make bench, as a table")
def _():
    status, out = bench("-r", "1", "-b", "0.02", CELL)
    equal(status, 0, "exit status")
    check([line for line in out.splitlines() if CELL in line], out)
    match(r"\n\n(every bar holds\n|over its bar .*:\n(.*, bar \S+\n)+)\Z",
          out)


@case("make bench: what it does not know is nothing")
def _():
    status, out = bench("--json", "-r", "1", "no such cell")
    equal(status, 0, "exit status")
    equal(json.loads(out[out.index("{"):])["cells"], [], "cells")


run()
