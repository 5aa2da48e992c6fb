#!/usr/bin/python3
"""kill -9, a full disk and a disk that may not be written, at every system call
that seen, rate and done change files with: what was under way happened or did
not, and whoever comes next finds nothing in the way.  And what happens between
two calls of one who is slow."""

import collections
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from taptest import Skip, case, check, equal, match, run, table, wait_for

STATE = os.environ["STATE"]
CALLS = ("openat,mkdir,mkdirat,flock,write,pwrite64,fdatasync,fsync,ftruncate,"
         "rename,renameat,renameat2,unlink,unlinkat,close")
KEY = "0123456789abcdef0123456789abcdef"
OTHER = "01ffffffffffffffffffffffffffffff"
WHERE = "192.0.2.1"
HOUR = 3600
YEAR = 365 * 86400

Result = collections.namedtuple("Result", "status lines log")


class Place:
    """A state directory, and what is called on it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="test_state_kill.")
        self.trace = self.dir + ".trace"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.trace)

    def call(self, word, *args, wrapper=()):
        done = subprocess.run([*wrapper, STATE, word, self.dir, *args],
                              capture_output=True, text=True, timeout=10)
        return Result(done.returncode, done.stdout.splitlines(), done.stderr)

    def ask(self, word, *args):
        """A call that nobody disturbs; its lines."""
        result = self.call(word, *args)
        equal(result.status, 0, "%s: %s" % (word, result))
        return result.lines

    def put(self, path, text):
        path = os.path.join(self.dir, path)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def strace(self, *options):
        return ["strace", "-f", "-qq", "-o", self.trace, "-s", "0", *options]


# -- what is called, from what it begins with, and what holds after it

def places(*ages):
    """A file of places, each so many seconds old."""
    now = time.time()
    return "".join("%015d\n" % (0 if age is None else (now - age) * 1000)
                   for age in ages)


def stamp(age):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))


def entry(told=False):
    return ("sender a@example.com\nwhen %s\n" % stamp(HOUR) +
            ("told %s\n" % stamp(60) if told else ""))


def entries(place):
    """Each address with "told" or "untold", all whole; untold is marked."""
    result = place.call("list", "acme")
    equal((result.status, result.log), (0, ""), "list")
    lines = [line for line in result.lines if line != "marked"]
    if any(line.startswith("untold") for line in lines):
        check("marked" in result.lines, "an entry would never be told")
    return {line.split()[1]: line.split()[0] for line in lines}


def noted(place):
    before = entries(place)
    check(before in ({}, {WHERE: "untold"}), "entries: %s" % before)
    equal(place.ask("note", "acme", WHERE), ["0" if before else "1"])
    equal(entries(place), {WHERE: "untold"})
    equal(place.ask("tell", "acme"), ["1"])


def noted_beside(place):
    before = entries(place)
    equal(before.pop("192.0.2.7"), "told")
    check(before in ({}, {WHERE: "untold"}), "entries: %s" % before)
    equal(place.ask("note", "acme", WHERE), ["0" if before else "1"])
    equal(place.ask("note", "acme", "192.0.2.7"), ["0"])
    equal(place.ask("tell", "acme"), ["1"])


def told(place):
    before = entries(place)
    equal(sorted(before), ["192.0.2.1", "192.0.2.2"])
    untold = [where for where in before if before[where] == "untold"]
    equal(place.ask("tell", "acme"), [str(len(untold))])
    equal(place.ask("list", "acme"),
          ["told 192.0.2.1", "told 192.0.2.2"])       # and no mark


def forgotten(place):
    left = entries(place)
    check(set(left) <= {"192.0.2.1", "192.0.2.2"}, "entries: %s" % left)
    equal(place.ask("forget", "acme", "all"), ["1" if left else "0"])
    equal(place.ask("list", "acme"), [])
    equal(place.ask("note", "acme", WHERE), ["1"])


def reservations(place, count):
    """How many more there are."""
    for n in range(count + 1):
        result = place.ask("reserve", "acme", "%d/hour" % count)
        if result == ["0"]:
            return n
    raise AssertionError("more than %d were reserved" % count)


def left(count, *possible):
    def look(place):
        n = reservations(place, count)
        check(n in possible, "%d left, not %s" % (n, possible))
    return look


def kept(place):
    """Delivered from when the line is there, which is one write."""
    wrote = re.search(r"pwrite64\(.*\)\s+= [1-9]", place.traced)
    equal(place.ask("release", KEY), ["before" if wrote else "claimed"])
    if not wrote:
        equal(place.ask("keep", KEY), ["claimed", "0"])
    equal(place.ask("release", KEY), ["before"])


def claimed(place):
    equal(place.ask("release", KEY), ["claimed"])
    equal(place.ask("keep", KEY), ["claimed", "0"])
    equal(place.ask("release", KEY), ["before"])


def swept(place):
    equal(place.ask("release", OTHER), ["before"])
    equal(place.ask("sweep-done", str(HOUR)), ["0"])
    equal(os.listdir(os.path.join(place.dir, "done", "01")), [OTHER])
    claimed(place)


SEVEN = {"seen/acme/192.0.2.7": entry(told=True)}
TWO = {"seen/acme/192.0.2.1": entry(), "seen/acme/192.0.2.2": entry(),
       "seen/acme/.untold": ""}
SCENES = {
    "note, the first": ({}, ["note", "acme", WHERE], noted),
    "note, another": (SEVEN, ["note", "acme", WHERE], noted_beside),
    "tell of two": (TWO, ["tell", "acme"], told),
    "forget one": (TWO, ["forget", "acme", WHERE], forgotten),
    "forget all": (TWO, ["forget", "acme", "all"], forgotten),
    "reserve, the first":
        ({}, ["reserve", "acme", "3/hour"], left(3, 2, 3)),
    "reserve, one more":
        ({"rate/acme": places(60)}, ["reserve", "acme", "3/hour"],
         left(3, 1, 2)),
    "reserve, an old one's":
        ({"rate/acme": places(60, HOUR + 1)}, ["reserve", "acme", "2/hour"],
         left(2, 0, 1)),
    "reserve of fewer than there were":
        ({"rate/acme": places(60, HOUR + 1, None, 60, HOUR + 1)},
         ["reserve", "acme", "3/hour"], left(3, 0, 1)),
    "reserve where the clock was ahead":
        ({"rate/acme": places(-YEAR, -YEAR, HOUR + 1)},
         ["reserve", "acme", "3/hour"], left(3, 0, 1)),
    "reserve in a damaged file":
        ({"rate/acme": "damaged" + places(HOUR + 1) * 4},
         ["reserve", "acme", "3/hour"], left(3, 0)),
    "reserve and return":
        ({"rate/acme": places(60)}, ["return", "acme", "3/hour"],
         left(3, 1, 2)),
    "sweep rate":
        ({"rate/acme": places(60), "rate/.acme.lock": "",
          "rate/old": places(HOUR + 1), "rate/.dead.lock": ""},
         ["sweep-rate", str(HOUR)], left(3, 2)),
    "keep": ({}, ["keep", KEY], kept),
    "keep where one ran out":
        ({"done/01/" + KEY: stamp(2 * HOUR) + " old\n"},
         ["keep", KEY], kept),
    "release": ({}, ["release", KEY], claimed),
    "sweep done":
        ({"done/01/" + KEY: stamp(2 * HOUR) + " old\n",
          "done/01/" + OTHER: stamp(60) + " new\n",
          "done/01/" + "0" * 32: "", "done/01/" + "1" * 32: stamp(60)},
         ["sweep-done", str(HOUR)], swept),
}


def prepare(place, files):
    for path, text in files.items():
        place.put(path, text)


def rehearse(files, args):
    """The calls of a run that nobody disturbs: the name of each, and its number
    among those of that name.  Not the loader's; nor what is none of the
    state's: the time zone, the answer, the log."""
    with Place() as place:
        prepare(place, files)
        result = place.call(*args, wrapper=place.strace("-e", "trace=" + CALLS,
                                                        "-s", "4096"))
        equal(result.status, 0, result)
        number, found, started = collections.Counter(), [], False
        with open(place.trace) as f:
            for line in f:
                name = re.search(r"\b(\w+)\(", line).group(1)
                number[name] += 1
                started = started or place.dir in line
                if started and not re.search(r'"/etc/|write\([12],', line):
                    found.append((name, number[name]))
        return found


def need_strace():
    if not shutil.which("strace"):
        raise Skip("no strace")
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"],
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise Skip("may not trace")


def disturb(files, args, look, name, number, what):
    """One run with the number-th call of a name killed or failed."""
    with Place() as place:
        prepare(place, files)
        result = place.call(*args, wrapper=place.strace(
            "-e", "trace=" + CALLS,
            "-e", "inject=%s:%s:when=%d" % (name, what, number)))
        with open(place.trace) as f:
            place.traced = f.read()
        try:
            yield result, place
            look(place)
        except AssertionError as why:
            raise AssertionError("%s at %s %d: %s\n%s" % (
                what, name, number, why, place.traced))


@table("killed at every call: {0}", [(name,) for name in SCENES])
def _(scene):
    need_strace()
    files, args, look = SCENES[scene]
    calls = rehearse(files, args)
    check(len(calls) >= 4, "calls: %s" % calls)
    for name, number in calls:
        for result, _place in disturb(files, args, look, name, number,
                                      "signal=KILL"):
            equal(result.status, -signal.SIGKILL, "killed")


# close(2) has nothing to lose here; a lock is no file's.
WRITING = {"openat", "mkdir", "mkdirat", "write", "pwrite64", "fdatasync",
           "fsync", "ftruncate", "rename", "renameat", "unlink", "unlinkat"}


@table("{1} at every call: {0}",
       [(scene, error) for error in ("ENOSPC", "EROFS") for scene in SCENES])
def _(scene, error):
    """It is told, but where a claim is released; and does no harm."""
    need_strace()
    files, args, look = SCENES[scene]
    calls = [call for call in rehearse(files, args) if call[0] in WRITING]
    for name, number in calls:
        for result, _place in disturb(files, args, look, name, number,
                                      "error=" + error):
            told = result.lines[-1:] == ["-1 " + error] and result.status == 1
            check(told or error_is_harmless(name, args), result)


def error_is_harmless(name, args):
    """A claim that cannot be released: empty, and nobody's; the log tells."""
    return args[0] == "release" and name == "unlink"


# -- and what no kill shows

@table("on disk before it is answered: {0}", [
    ("keep", [KEY], r"pwrite64\((\d+), .*\bfdatasync\(\1\) .*\bwrite\(1, "),
    ("note", ["acme", WHERE],
     r'\.untold".*\bopenat\((\d+), "\.new".* = (\d+)\n.*\bwrite\(\2, '
     r'.*\bfsync\(\2\) .*\brenameat\(\1, .*\bfsync\(\1\) '
     r'.*\bwrite\(1, '),
])
def _(word, args, order):
    need_strace()
    with Place() as place:
        result = place.call(word, *args, wrapper=place.strace(
            "-e", "trace=" + CALLS, "-s", "99"))
        equal(result.status, 0, result)
        with open(place.trace) as f:
            match("(?s)" + order, f.read(), "the order")


@contextlib.contextmanager
def before_lock(place, path, word, *args):
    """A call that has opened a file, and takes its lock only when the body has
    ended."""
    path = os.path.join(place.dir, path)
    command = [*place.strace("-e", "trace=flock", "-e",
                             "inject=flock:delay_enter=500000:when=1"),
               STATE, word, place.dir, *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          text=True) as tracer:
        wait_for(lambda: opened(tracer.pid, path), "the file")
        time.sleep(0.05)
        yield path
        check(tracer.poll() is None, "the test was too slow for its call")
        out = tracer.communicate(timeout=10)[0]
        equal((tracer.returncode, out.split()[-1]),
              (0, "1" if word == "reserve" else "0"))


def opened(tracer, path):
    """Whether a child of the tracer has a file open."""
    with open("/proc/%d/task/%d/children" % (tracer, tracer)) as f:
        children = f.read().split()
    for child in children:
        with contextlib.suppress(OSError):
            base = "/proc/%s/fd/" % child
            if path in [os.readlink(base + fd) for fd in os.listdir(base)]:
                return True
    return False


@case("a claim of a file that is released meanwhile is made anew")
def _():
    need_strace()
    with Place() as place:
        with before_lock(place, "done/01/" + KEY, "keep", KEY) as path:
            os.unlink(path)
        equal(place.ask("release", KEY), ["before"])


@case("a lock that is swept meanwhile is taken anew")
def _():
    need_strace()
    with Place() as place:
        with before_lock(place, "rate/.acme.lock", "reserve", "acme",
                         "1/hour") as path:
            os.unlink(path)
        check(os.path.exists(path), "the lock is nobody's")
        equal(place.ask("reserve", "acme", "1/hour"), ["0"])


@case("sweep leaves what is kept meanwhile")
def _():
    need_strace()
    with Place() as place:
        place.put("done/01/" + KEY, "")
        with before_lock(place, "done/01/" + KEY, "sweep-done", "3600"):
            place.put("done/01/" + KEY, stamp(0) + " new\n")
        equal(place.ask("release", KEY), ["before"])


@case("sweep leaves what is claimed meanwhile under the same name")
def _():
    need_strace()
    with Place() as place:
        place.put("done/01/" + KEY, "")
        with before_lock(place, "done/01/" + KEY, "sweep-done",
                         "3600") as path:
            os.unlink(path)
            place.put("done/01/" + KEY, "")
        check(os.path.exists(path), "another's claim was swept")


run()
