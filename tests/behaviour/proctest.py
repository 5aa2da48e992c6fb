"""Processes as /proc shows them.  Importing this makes the test the reaper of
every orphan, so that nothing a program leaves behind goes unseen."""

import collections
import contextlib
import ctypes
import os
import re

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

Process = collections.namedtuple("Process", "pid ppid state name session")


def processes():
    """All processes of the machine, by pid."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, errors="replace") as f:
                stat = f.read()
        except OSError:
            continue
        name = stat[stat.index("(") + 1:stat.rindex(")")]
        state, ppid, _, session = stat[stat.rindex(")") + 2:].split()[:4]
        found[int(pid)] = Process(int(pid), int(ppid), state, name,
                                  int(session))
    return found


def descendants(pid):
    """Living descendants of pid, parents before children."""
    everyone = processes()
    found, parents = [], [pid]
    while parents:
        parent = parents.pop(0)
        for p in everyone.values():
            if p.ppid == parent:
                parents.append(p.pid)
                if p.state not in "ZX":
                    found.append(p)
    return found


def children(pid):
    """Living ones, the oldest first."""
    return sorted(p.pid for p in processes().values()
                  if p.ppid == pid and p.state not in "ZX")


def alive(pid):
    p = processes().get(pid)
    return p is not None and p.state not in "ZX"


def status(pid, key):
    """A line of /proc/PID/status, without its key."""
    with open("/proc/%d/status" % pid, errors="replace") as f:
        for line in f:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
    raise KeyError(key)


def descriptors(pid):
    """{fd: (what it is, open flags)}"""
    found = {}
    base = "/proc/%d/" % pid
    for fd in os.listdir(base + "fd"):
        with open(base + "fdinfo/" + fd) as f:
            flags = re.search(r"^flags:\s*([0-7]+)", f.read(), re.M)
        found[int(fd)] = (os.readlink(base + "fd/" + fd),
                          int(flags.group(1), 8))
    return found


def reap():
    """Orphans come to us; forget those that are dead."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
