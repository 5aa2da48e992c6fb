#!/usr/bin/python3
"""Users are told once: the program is killed at each of its system calls, and
what it left is gone on with.  Nobody is written to twice; whoever was not is
named, and there is at most one of those."""

import collections
import os
import re
import shutil
import subprocess
import tempfile

from taptest import Skip, case, check, equal, run

HERE = os.path.dirname(os.path.abspath(__file__))
ANNOUNCE = os.environ.get("ANNOUNCE",
                          HERE + "/../../build/tests/rig/announce")
USERS = ["%s@x.example" % name for name in "abcd"]

# One process, so that nothing of it lives on when its parent is killed.
MAILER = r"""#!/bin/sh
while read -r key value; do
	case $key in To:) to=$value ;; esac
done
%s
echo "$to" >>DIR/told
"""
GOOD = ""
FAILS_ONCE = """case $to in b*)
	test -e DIR/failed || { : >DIR/failed; exit 75; }
esac"""


class Place:
    """A state directory with a table of the users, and a mailer."""

    def __init__(self, mailer):
        self.dir = tempfile.mkdtemp(prefix="announcetest.")
        self.quiet = os.pipe()  # nothing to read there: nobody says stop
        self.mailer = self.dir + "/mailer"
        with open(self.mailer, "w") as f:
            f.write((MAILER % mailer).replace("DIR", self.dir))
        os.chmod(self.mailer, 0o755)
        self.state = self.dir + "/state"
        os.mkdir(self.state)
        self.must("table", *USERS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in self.quiet:
            os.close(end)
        shutil.rmtree(self.dir)

    def command(self, word, *args):
        return [ANNOUNCE, word, self.state, "staff"] + list(args)

    def do(self, word, *args, wrapper=()):
        return subprocess.run(list(wrapper) + self.command(word, *args),
                              stdin=self.quiet[0], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)

    def must(self, word, *args):
        done = self.do(word, *args)
        equal(done.returncode, 0, "exit status; " + done.stderr)
        return done.stdout

    def told(self):
        try:
            with open(self.dir + "/told") as f:
                return f.read().split()
        except FileNotFoundError:
            return []

    def left(self):
        return int(self.must("left"))

    def files(self):
        return sorted(name for name in os.listdir(self.state + "/tables")
                      if "notify" in name and not name.endswith("-lock"))


def need_strace():
    if not shutil.which("strace"):
        raise Skip("no strace")
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"],
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise Skip("strace may not trace here")


def calls(place, word, *args):
    """Its system calls from the first that is for us, each by its name and
    which one of that name it is."""
    trace = place.dir + "/trace"
    done = place.do(word, *args, wrapper=["strace", "-qq", "-o", trace])
    equal(done.returncode, 0, "exit status; " + done.stderr)
    found, count, ours = [], collections.Counter(), False
    with open(trace) as f:
        for line in f:
            name = re.match(r"(\w+)\(", line)
            if name:
                count[name[1]] += 1
                ours = ours or '/tables"' in line
                if ours:
                    found.append((name[1], count[name[1]]))
    return found


def kill_at(place, call, word, *args):
    """Not each trace is like the other: it may end before the call."""
    done = place.do(word, *args, wrapper=[
        "strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call[0],
        "-e", "inject=%s:signal=KILL:when=%d" % call])
    check(done.returncode in (0, 137, -9),
          "%r: exit status %d: %s" % (call, done.returncode, done.stderr))
    return done


def doubts(text):
    return re.findall(r"(\S+) may not have been told", text)


def go_on(place):
    """Run it until all are told; what it says."""
    said = ""
    for _ in range(3):
        done = place.do("run", place.mailer)
        said += done.stderr
        if done.returncode == 0:
            return said
    raise AssertionError("it does not come to an end: " + said)


def killed_run(mailer, call):
    """Kill a run at a system call, go on; who is in doubt, who was told,
    whether there was such a call."""
    with Place(mailer) as place:
        place.must("add", *USERS)
        first = kill_at(place, call, "run", place.mailer)
        equal(doubts(first.stderr), [], "doubts before the kill")
        doubt = doubts(go_on(place))
        told = place.told()
        twice = [who for who, n in collections.Counter(told).items() if n > 1]
        equal(twice, [], "told twice, killed at %s %d" % call)
        check(len(doubt) <= 1, "in doubt, killed at %s %d" % call)
        equal(sorted(set(told) | set(doubt)), USERS,
              "told or named, killed at %s %d" % call)
        equal(place.left(), 0, "left")
        equal(place.files(), [], "files left")
        return set(doubt), set(told), first.returncode != 0


def kill_runs(mailer):
    need_strace()
    with Place(mailer) as place:
        place.must("add", *USERS)
        found = calls(place, "run", place.mailer)
        equal(sorted(place.told()), USERS, "told, nobody being killed")
    in_doubt, untold, kills = set(), set(), 0
    for call in found:
        doubt, told, killed = killed_run(mailer, call)
        kills += killed
        in_doubt |= doubt
        untold |= set(USERS) - told
    check(kills > 60, "%d kills are too few" % kills)
    equal(sorted(in_doubt), USERS, "in doubt at one call or another")
    equal(sorted(untold), USERS, "killed before the mailer had it")


@case("a run killed at each system call")
def _():
    kill_runs(GOOD)


@case("the same where the mailer fails once")
def _():
    kill_runs(FAILS_ONCE)


@case("adding, killed at each system call: all or none, and none lost")
def _():
    need_strace()
    old, new = USERS[:2], USERS[1:]
    with Place(GOOD) as place:
        place.must("add", *old)
        found = calls(place, "add", *new)
        equal(place.left(), 4, "left")
    lengths = set()
    for call in found:
        with Place(GOOD) as place:
            place.must("add", *old)
            kill_at(place, call, "add", *new)
            left = place.left()
            check(left in (2, 4), "%d are queued" % left)
            lengths.add(left)
            place.must("add", *new)
            equal(place.left(), 4, "left, killed at %s %d" % call)
            go_on(place)
            equal(place.told(), USERS, "told")
            equal(place.files(), [], "files left")
    equal(lengths, {2, 4}, "lengths of the queue")


run()
