"""The whole tree once more, built with other flags in $builddir/variant/NAME,
so that a test can see how the tests fare there."""

import glob
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

import taptest                                              # noqa: E402
from taptest import check, comment                          # noqa: E402

SRCDIR = os.environ["srcdir"]
BUILDDIR = os.environ["builddir"]
JOBS = "-j%d" % (os.cpu_count() or 1)
RIGS = ["tests/rig/announce", "tests/rig/intruder", "tests/rig/serve",
        "tests/rig/state", "tests/rig/trespasser"]
ALL = "all of it"               # a program that skipped itself
taptest.CASE_SECONDS = 900      # a case is a build, or many programs
# make here is no part of the make that runs us.
ENVIRONMENT = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR",
                            "srcdir", "builddir", "TESTS")}


class Result:
    """How a test program fared: its cases by the lines of TAP it said."""

    def __init__(self, text):
        self.text = text
        self.passed, self.skipped, self.failed = [], [], []
        for word, name in re.findall(r"^(ok|not ok) \d+ -? ?(.*)$", self.text,
                                     re.M):
            if re.search("# SKIP", name):
                self.skipped.append(name)
            else:
                (self.passed if word == "ok" else self.failed).append(name)
        plan = re.search(r"^1\.\.(\d+)(.*# SKIP)?", text, re.M)
        if plan and plan[2]:
            self.skipped.append(ALL)
        # ERROR is what automake makes of a program's end
        self.ended = plan is not None and int(plan[1]) == len(
            re.findall(r"^(?:not )?ok \d", text, re.M)) and not re.search(
            r"^(ERROR: .*(missing|- too |terminated)|Bail out)", text, re.M)
        if re.search(r"^ERROR: .*exited with", text, re.M):
            self.ended = self.ended and bool(self.failed)


def read(path):
    """What a file holds, "" where there is none."""
    try:
        with open(path, errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def sources(pattern):
    """Tests of the tree, as `make check` names them."""
    return sorted(os.path.relpath(p, SRCDIR)
                  for p in glob.glob(SRCDIR + "/" + pattern))


def listed():
    """All that `make check` runs."""
    return subprocess.run(["make", "-s", "-C", BUILDDIR, "list-tests"],
                          env=ENVIRONMENT, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.split()


def unit_tests():
    return [p[:-2] for p in sources("tests/unit/test_*.c")]


class Variant:
    """A copy of the tree as `make dist` would pack it; built by build()."""

    def __init__(self, name, *arguments):
        self.dir = os.path.join(BUILDDIR, "variant", name)
        self.arguments = list(arguments)
        self.variables = []             # of every make, last
        self.environment = dict(ENVIRONMENT)

    def path(self, name):
        return os.path.join(self.dir, name)

    def do(self, command, must=True, **keys):
        keys.setdefault("cwd", self.dir)
        done = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            **keys)
        if must and done.returncode != 0:
            comment("\n".join(done.stdout.splitlines()[-40:]))
        check(not must or done.returncode == 0, " ".join(command[:4]))
        return done.stdout

    def make(self, *arguments, must=True):
        return self.do(["make", "-s", "-k", JOBS, "check_DATA=",
                         *arguments, *self.variables], must)

    def build(self, *targets):
        started = time.monotonic()
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(os.path.dirname(self.dir), exist_ok=True)
        self.do(["make", "-s", "-C", BUILDDIR, "distdir",
                  "distdir=" + self.dir], cwd=BUILDDIR)
        self.do(["./configure", "-q", *self.arguments])
        self.make(*targets)
        comment("built in %.0f s" % (time.monotonic() - started))

    def check(self, tests, programs=(), **environment):
        """Run test programs; {name: Result}."""
        self.environment.update(environment)
        self.make("check", "TESTS=" + " ".join(tests),
                  "check_PROGRAMS=" + " ".join(programs), must=False)
        return {test: Result(read(self.path(
            re.sub(r"\.(py|bats|fuzz)$", "", test) + ".log")))
            for test in tests}

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def figure(text):
    """A line that the run of all tests shows."""
    comment("figure: " + text)


def count(results):
    """How the cases of test programs went, in words."""
    sums = [(sum(len(getattr(r, word)) for r in results), word)
            for word in ("passed", "failed", "skipped")]
    return "%d cases " % sum(n for n, _ in sums) + ", ".join(
        "%d %s" % pair for pair in sums if pair[0] or pair[1] == "passed")


def faults(test, result, excused):
    """What is wrong with a test program's result, as lines; all of its output
    is told where there is something.  An excuse must excuse something."""
    wrong = []
    for name in result.failed:
        why = [w for text, w in excused if text in name]
        if why:
            comment("excused: %s: %s: %s" % (test, name, why[0]))
        else:
            wrong.append("%s: not ok: %s" % (test, name))
    wrong += ["%s: %r excuses nothing" % (test, text) for text, _ in excused
              if not any(text in n or n == ALL
                         for n in result.failed + result.skipped)]
    if not result.ended:
        wrong.append("%s did not run to its end" % test)
    if wrong:
        comment(result.text[-6000:])
    return wrong


def judge(results, excused=()):
    """What is wrong with them, as lines, but for what is excused: {program:
    [(text in the case's name, why)]}."""
    wrong = []
    for test, result in sorted(results.items()):
        wrong += faults(test, result, dict(excused).get(
            os.path.basename(test), ()))
    return wrong


def judge_all(results, excused=()):
    wrong = judge(results, excused)
    check(not wrong, "\n".join(wrong))
