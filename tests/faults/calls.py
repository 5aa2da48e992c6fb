#!/usr/bin/python3
"""Every system call of a delivery fails in turn, or kills the process that
makes it, or another one: from lmtpd's start to the end of the connection, in
each of its processes, and between fork and exec of what they start.

calls.py [TEXT...] runs the cases whose name has a text.  With
FAULT="SPF: resolver m12 read 1 EIO" (or "... kill m1") in the environment it
runs just that, and shows the log."""

import collections
import errno
import os
import re
import shutil
import subprocess

from faulttest import (attempt, deliver, in_workers, need, survive,
                       tell_tally)
from scenes import (ACCEPTED, AGAIN, BUILD, REFUSED, SPF, TEXT, TWO, USERS,
                    FaultSite, scenario)
from taptest import Skip, case, check, equal, run

INJECT = os.environ.get("INJECT", BUILD + "/tests/faults/inject")


# -- who is who: by descent, and by what was executed ------------------------

KEEPER, MONITOR, HOST = "m", "m1", "m11"
PROGRAMS = {"recorder": "backend", "false": "backend",
            "lmtpd-resolver": "resolver", "lmtptext": "lmtptext"}
# which no loader calls
FIRST_OF_MAIN = {"close_range", "getsockopt", "clone", "rt_sigaction"}


def role_of(process, program, call):
    """What a process does at a call, after it executed program (or None)."""
    if process == KEEPER:
        return "keeper"
    if process == MONITOR:
        return "monitor"
    if process == HOST:
        return "host"
    if process.startswith(HOST):
        return "engine"
    if len(process) > len(MONITOR) + 1:
        return "grandchild"
    if program is None:
        return "signals" if call == "rt_sigaction" else "launch"
    return PROGRAMS[program]


# -- system calls, and how they fail -----------------------------------------

def _numbers():
    """As the compiler knows them."""
    compiler = shutil.which("cc") or shutil.which("gcc") or \
        shutil.which("clang")
    text = subprocess.run(
        [compiler, "-E", "-dM", "-x", "c", "-include", "sys/syscall.h",
         "/dev/null"], check=True, capture_output=True, text=True).stdout
    return {m[1]: int(m[2]) for m in
            re.finditer(r"#define __NR_(\w+) (\d+)\n", text)}


NUMBERS = _numbers()
NAMES = {number: name for name, number in NUMBERS.items()}

# What cannot fail, what ends, and what glibc itself does not survive (a failed
# brk(2), also where a limit does it).
NEVER = set("""exit exit_group rt_sigreturn restart_syscall getpid getppid
    gettid getuid geteuid getgid getegid set_tid_address set_robust_list rseq
    arch_prctl umask alarm futex brk pause""".split())
PATH = ("EACCES", "EIO")
FILES = ("EMFILE", "ENFILE")
ERRORS = {
    "open": FILES, "openat": ("EMFILE", "EIO", "ENOSPC"), "socket": FILES,
    "socketpair": FILES, "pipe2": FILES, "memfd_create": ("EMFILE",),
    "dup2": ("EBADF",), "dup3": ("EBADF",), "fcntl": ("EMFILE",),
    "pidfd_open": ("EMFILE",), "close": ("EIO",), "close_range": ("EINVAL",),
    "read": ("EIO", "EINTR"), "pread64": ("EIO",),
    "write": ("ENOSPC", "EIO"), "pwrite64": ("ENOSPC", "EIO"),
    "fallocate": ("ENOSPC", "EOPNOTSUPP"),
    "lseek": ("EINVAL",), "ftruncate": ("EIO",), "fsync": ("EIO",),
    "fdatasync": ("EIO", "ENOSPC"), "flock": ("ENOLCK", "EINTR"),
    "mkdir": ("ENOSPC",), "mkdirat": ("ENOSPC",), "rename": ("ENOSPC",),
    "renameat": ("ENOSPC",), "unlink": ("EIO",), "unlinkat": ("EIO",),
    "newfstatat": PATH, "fstat": ("EIO",), "stat": PATH, "access": PATH,
    "faccessat": PATH, "faccessat2": PATH, "readlink": PATH,
    "getdents64": ("EIO",), "chdir": ("EACCES",),
    "clone": ("EAGAIN",), "clone3": ("EAGAIN",), "vfork": ("EAGAIN", "ENOMEM"),
    "fork": ("EAGAIN",), "execve": ("ENOENT", "ENOMEM"),
    "wait4": ("ECHILD", "EINTR"), "waitid": ("ECHILD", "EINTR"),
    "kill": ("EPERM",), "pidfd_send_signal": ("EPERM",),
    "poll": ("ENOMEM", "EINTR"),
    "ppoll": ("ENOMEM", "EINTR"), "recvmsg": ("ENOMEM", "EMFILE", "EINTR"),
    "sendmsg": ("ENOBUFS",), "sendto": ("ENOBUFS", "EPIPE"),
    "recvfrom": ("ENOMEM", "EINTR"), "connect": ("ECONNREFUSED",),
    "getsockopt": ("ENOPROTOOPT",), "setsockopt": ("ENOPROTOOPT",),
    "getrlimit": ("EPERM",), "setrlimit": ("EPERM",), "prlimit64": ("EPERM",),
    "prctl": ("EPERM",), "seccomp": ("EPERM",), "capset": ("EPERM",),
    "capget": ("EPERM",), "setsid": ("EPERM",), "setgroups": ("EPERM",),
    "setresgid": ("EPERM",), "setresuid": ("EPERM", "EAGAIN"),
    "signalfd4": ("EMFILE",), "rt_sigaction": ("EINVAL",),
    "rt_sigprocmask": ("EINVAL",),
    "rt_sigtimedwait": ("EINTR",), "ioctl": ("EIO",),
    "getrandom": ("EINTR",), "sendmmsg": ("ENOBUFS",),
    "landlock_create_ruleset": ("EOPNOTSUPP", "ENOSYS"),
    "landlock_add_rule": ("ENOMEM",), "landlock_restrict_self": ("EPERM",),
}
PERFORMED = {"close"}           # it is closed, whatever close(2) says
KILL = "kill"

# What confines a process: without it no message comes to a backend.
SANDBOX = {"seccomp", "capget", "capset", "landlock_create_ruleset",
           "landlock_add_rule", "landlock_restrict_self"}
CONFINES = SANDBOX | {"dup2", "dup3", "close_range", "prctl", "getrlimit",
                      "setrlimit", "prlimit64"}
CONFINING = {"keeper": {"setgroups", "setresgid", "setresuid"},
             "host": CONFINES, "engine": CONFINES, "launch": CONFINES,
             "lmtptext": CONFINES}
UNCONFINED = {"lmtptext": "lmtptext: sandbox: "}    # else "cannot confine"


class Call:
    """A fault: the nth call of a name in a process fails, or somebody (it,
    where nobody else is named) is killed at it."""

    def __init__(self, made, what, victim=None):
        self.role, self.process, self.name, self.nth, self.loading = made[:5]
        self.what, self.victim = what, victim or self.process

    def __str__(self):
        return "%s %s %s %d %s" % (
            self.role, self.process, self.name, self.nth,
            self.what if self.what != KILL else "kill " + self.victim)

    def set(self, site):
        site.fragile = self.loading
        site.wrapper = [INJECT, "-o", site.dir + "/trace", "-p", self.process,
                        "-c", str(NUMBERS[self.name]), "-n", str(self.nth)]
        if self.what == KILL:
            site.wrapper += ["-k", self.victim]
        else:
            site.wrapper += ["-e", str(getattr(errno, self.what))]
            if self.name in PERFORMED:
                site.wrapper.append("-d")

    @staticmethod
    def hit(site):
        with open(site.dir + "/trace") as f:
            return "hit" in f.read()

    def check(self, site, runs):
        """What no other fault must do."""
        if self.what == KILL or not self.hit(site):
            return
        if self.name in SANDBOX:
            check(UNCONFINED.get(self.role, "cannot confine") in site.log(),
                  "nobody saw it")
        if site.what in (ACCEPTED, TEXT) and not self.loading and \
                self.name in CONFINING.get(self.role, ()):
            equal(runs, [], "runs, though %s failed" % self.name)


# -- the calls there are -----------------------------------------------------

REHEARSALS = 5
Made = collections.namedtuple("Made", "role process name nth loading place")


def rehearse(name):
    """Every call of a delivery that nothing disturbs.  loading: before
    main(); place: how many of its process and role came before it."""
    with FaultSite(scenario(name)) as site:
        site.wrapper = [INJECT, "-o", site.dir + "/trace"]
        deliver(site)
        with open(site.dir + "/trace") as f:
            lines = [line.split() for line in f]
    program, loading, found = {}, set(), []
    nth, place = collections.Counter(), collections.Counter()
    for process, *words in lines:
        if words[0] == "exec":
            program[process] = words[1]
            loading.add(process)
            continue
        call = NAMES[int(words[0])]
        if call in FIRST_OF_MAIN:
            loading.discard(process)
        role = role_of(process, program.get(process), call)
        nth[process, call] += 1
        found.append(Made(role, process, call, nth[process, call],
                          process in loading, place[process, role]))
        place[process, role] += 1
    # the first exec is not lmtpd's yet
    return [m for m in found if m[1:3] != (KEEPER, "execve")]


def rehearsed(what):
    need_tracing()
    need(what)
    if what.name not in rehearsed.found:
        # the shortest has least of what is there by chance
        rehearsed.found[what.name] = min(
            in_workers(rehearse, [what.name] * REHEARSALS), key=len)
    return rehearsed.found[what.name]


rehearsed.found = {}


def need_tracing():
    probe = subprocess.run([INJECT, "-o", "/dev/null", "/bin/true"],
                           stderr=subprocess.DEVNULL, check=False)
    if probe.returncode != 0:
        raise Skip("may not trace")


# -- which of them -----------------------------------------------------------

GROUPS = {"between fork and exec": ("launch", "signals")}
SAMPLE = 16             # of dozens of signals, where it is not thorough
LIBRARIES = 5           # of the hundreds of calls that load lmtptext's, but
FIRST_LIBRARIES = 40    # for these


def greeting(made):
    """Where the client is greeted: the host is given its first order."""
    return next(i for i, m in enumerate(made)
                if m.role == "monitor" and m.name == "sendmsg")


def is_much_the_same(made):
    return made.role == "lmtptext" and made.loading and \
        made.place >= FIRST_LIBRARIES and made.place % LIBRARIES != 0


def calls(what, group, thorough):
    """Of a group; what is much the same for all scenarios (what comes before
    the greeting, the loader, most signals) where it is thorough only."""
    made = rehearsed(what)
    start = greeting(made)
    wanted = [m for i, m in enumerate(made)
              if m.role in GROUPS.get(group, (group,)) and
              not is_much_the_same(m) and
              (thorough or i > start and not m.loading and
               (m.role != "signals" or m.place % SAMPLE == 0))]
    check(wanted, "the rehearsal saw none")
    return wanted


def failures(made, thorough):
    """Each error of a call, or one of them."""
    for m in made:
        if m.name not in NEVER:
            errors = ERRORS.get(m.name, ("ENOMEM",))
            yield from (Call(m, error) for error in (
                errors if thorough else [errors[m.nth % len(errors)]]))


def fail_each(what, group, thorough):
    survive(what, list(failures(calls(what, group, thorough), thorough)))


def kill_each(what, group, thorough):
    survive(what, [Call(m, KILL) for m in calls(what, group, thorough)])


def kill_other(what, victim, group):
    made = calls(what, group, False)
    survive(what, [Call(m, KILL, victim) for m in made])


LAUNCH = "between fork and exec"
SCENES = [      # thorough where a group comes first
    (ACCEPTED, ["keeper", "monitor", "host", "engine", LAUNCH, "backend"]),
    (USERS, ["monitor", LAUNCH, "backend"]),
    (TWO, ["monitor", "engine"]),
    (REFUSED, ["monitor"]),
    (AGAIN, ["monitor", "host", "engine"]),
    (SPF, ["monitor", "resolver", LAUNCH]),
    (TEXT, ["monitor", "lmtptext", LAUNCH]),
]
WAITING = [     # who is killed while others are at work
    (ACCEPTED, "keeper", KEEPER, ["monitor", "engine", "backend"]),
    (ACCEPTED, "monitor", MONITOR, ["engine", LAUNCH, "backend"]),
    (ACCEPTED, "host", HOST, ["engine"]),
    (USERS, "keeper", KEEPER, ["monitor", "backend"]),
    (SPF, "keeper", KEEPER, ["resolver"]),
    (SPF, "monitor", MONITOR, ["resolver"]),
    (TEXT, "monitor", MONITOR, ["lmtptext"]),
]


def register():
    seen = set()
    for what, groups in SCENES:
        for group in groups:
            arguments = what, group, group not in seen
            seen.add(group)
            if group != "backend":      # its failures are a backend's own
                case("every call fails: %s, %s" % (what.name, group),
                     *arguments)(fail_each)
            case("killed at every call: %s, %s" % (what.name, group),
                 *arguments)(kill_each)
    for what, victim, process, groups in WAITING:
        for group in groups:
            case("the %s is killed at every call: %s, %s" %
                 (victim, what.name, group), what, process, group)(kill_other)


def alone(text):
    name, fault = text.split(": ")
    role, process, call, nth, error, *victim = fault.split()
    need(scenario(name))
    tried = in_workers(attempt, [(name, Call(
        (role, process, call, int(nth), True), error, *victim))])[0]
    print(tried.fault, tried.met, tried.trouble)
    print(tried.log)


if "FAULT" in os.environ:
    alone(os.environ["FAULT"])
else:
    register()
    tell_tally("system calls")
    run()
