#!/usr/bin/python3
"""lmtpd-resolver's confinement: as /proc shows it, and as a resolver meets it
that a name server has taken over.  $TRESPASSER is lmtpd-resolver itself, main
and sandbox, with tests/rig/trespass.c in libspf2's place."""

import contextlib
import errno
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

from proctest import alive, descendants, descriptors, reap, status
from taptest import (Skip, case, check, equal, match, need_root, run, table,
                     wait_for)

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = HERE + "/../../build/"
LMTPCTL = os.environ.get("LMTPCTL", BUILD + "lmtpd/lmtpctl")
RESOLVER = os.environ.get("LMTPD_RESOLVER", BUILD + "lmtpd/lmtpd-resolver")
TRESPASSER = os.environ.get("TRESPASSER", BUILD + "tests/rig/trespasser")
NOBODY = pwd.getpwnam("nobody")

QUESTION = struct.Struct("@IIi16s256s512s256s65s3x")
ANSWER = struct.Struct("@IIIII")
CHECK = 0
NONE = 0
UNCONFINED = 77
SECRET = "correct-horse-%d-battery" % os.getpid()

for program in (LMTPCTL, RESOLVER, TRESPASSER):
    if not os.access(program, os.X_OK):
        print("Bail out! no program at", program)
        sys.exit(1)


# Of a domain that can have no record: no name server is asked.
def question(helo="localhost", **changes):
    values = {"op": CHECK, "timeout": 20, "family": socket.AF_INET,
              "client": bytes([192, 0, 2, 1]), "helo": helo.encode(),
              "sender": b"a@[192.0.2.1]", "domain": b"", "token": b""}
    values.update(changes)
    return QUESTION.pack(*values.values())


class Resolver:
    """A program that is given a channel as lmtpd gives it one."""

    def __init__(self, program=RESOLVER, *options, wrapper=()):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX,
                                                 socket.SOCK_SEQPACKET)
        self.channel.settimeout(20)
        with theirs:
            self.child = subprocess.Popen(
                [*wrapper, program, *options], env={}, pass_fds=(3,),
                preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        self.pid = self.child.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    def ask(self, *args, **changes):
        """The answer's five numbers; None: it hung up instead."""
        with contextlib.suppress(ConnectionError):
            self.channel.send(question(*args, **changes))
            answer = self.channel.recv(ANSWER.size + 1)
            if answer:
                equal(len(answer), ANSWER.size, "size of the answer")
                return ANSWER.unpack(answer)
        return None

    def end(self):
        return self.child.wait(20)


def try_to(what, *options, wrapper=()):
    """(errno, count) of a try, or the name of the signal that ended it."""
    with Resolver(TRESPASSER, *options, wrapper=wrapper) as resolver:
        answer = resolver.ask(what)
        if answer is None:
            code = resolver.end()
            check(code < 0, "exit status %d" % code)
            return signal.Signals(-code).name
        check(answer[1] != 2 ** 32 - 1, "no such try")
        return errno.errorcode.get(answer[1], answer[1]), answer[2]


def strace(*inject):
    """A tracer that answers system calls in the kernel's stead."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"],
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise Skip("may not trace")
    options = []
    for rule in inject:
        options += ["-e", "inject=" + rule]
    calls = ",".join(rule.split(":")[0] for rule in inject)
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls,
            *options]


def landlock_version():
    """As landlock_create_ruleset(2) tells it: 444 on every architecture."""
    probe = ("import ctypes; print(ctypes.CDLL(None).syscall("
             "444, None, ctypes.c_size_t(0), 1))")
    return int(subprocess.check_output([sys.executable, "-c", probe]))


# -- as /proc shows it -------------------------------------------------------

@case("what the process may not do, as /proc/PID/status has it")
def _():
    with Resolver() as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        pid = resolver.pid
        equal(status(pid, "NoNewPrivs"), "1", "NoNewPrivs")
        equal(status(pid, "Seccomp"), "2", "Seccomp: a filter")
        for key in "CapInh", "CapPrm", "CapEff", "CapAmb":
            equal(int(status(pid, key), 16), 0, key)
        equal(status(pid, "Threads"), "1", "Threads")


@case("its limits, hard ones")
def _():
    wanted = {
        "Max address space": 256 << 20, "Max data size": 64 << 20,
        "Max open files": 16, "Max file size": 0, "Max core file size": 0,
        "Max processes": 0,
    }
    with Resolver() as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        with open("/proc/%d/limits" % resolver.pid) as f:
            text = f.read()
    for name, limit in wanted.items():
        match(r"(?m)^%s +%d +%d " % (name, limit, limit), text, name)


@case("limits of the caller's that are lower still are kept")
def _():
    wrapper = ["sh", "-c", 'ulimit -d 32768; exec "$0" "$@"']
    with Resolver(wrapper=wrapper) as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        with open("/proc/%d/limits" % resolver.pid) as f:
            match(r"(?m)^Max data size +%d +%d " % (32 << 20, 32 << 20),
                  f.read(), "limits")


@case("descriptors: /dev/null three times, and the channel")
def _():
    need_root()
    wrapper = ["sh", "-c", 'exec 7</etc/passwd 9>&1 && exec "$0" "$@"']
    with Resolver(wrapper=wrapper) as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        held = descriptors(resolver.pid)
        equal(sorted(held), [0, 1, 2, 3], "descriptors")
        for fd in range(3):
            equal(held[fd][0], "/dev/null", "descriptor %d" % fd)
        match(r"^socket:", held[3][0], "descriptor 3")


@case("started without descriptors 0 to 2 it has them none the less")
def _():
    need_root()
    wrapper = ["sh", "-c", 'exec 0<&- 1>&- 2>&- && exec "$0" "$@"']
    with Resolver(wrapper=wrapper) as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        held = descriptors(resolver.pid)
        equal([held[fd][0] for fd in sorted(held)][:3], ["/dev/null"] * 3,
              "descriptors 0 to 2")
        equal(sorted(held), [0, 1, 2, 3], "descriptors")


@case("another process of its user may not look into it")
def _():
    need_root()
    wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if not shutil.which("setpriv"):
        raise Skip("no setpriv")
    with Resolver(TRESPASSER, wrapper=wrapper) as resolver:
        equal(resolver.ask("nothing")[1], 0, "errno of nothing")
        for name in "mem", "environ", "maps":
            path = "/proc/%d/%s" % (resolver.pid, name)
            done = subprocess.run([*wrapper, "cat", path],
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            match("Permission denied", done.stderr, path)


# -- its caller's secrets ----------------------------------------------------

CONF = """state-dir = "%s"
trusted-peers = {"root"}
backend "b" { command = {"/bin/true"}  environment = {"KEY=%s"} }
channel "c" { recipient = "*@c.example"  backend = "b" }
account "a" {
  forwarding-user = "u"
  channel "c" { security-string = "%s" }
  email "a@b.example" { security = {"spf"} }
}
"""


class Caller:
    """lmtpctl spf, asking a trespasser, with a secret everywhere."""

    def __init__(self, word, wrapper=(), libexec=TRESPASSER):
        self.directory = tempfile.TemporaryDirectory(prefix="lmtptest.")
        top = self.directory.name
        os.chmod(top, 0o755)
        os.mkdir(top + "/state")
        os.symlink(os.path.abspath(libexec), top + "/lmtpd-resolver")
        with open(top + "/conf", "w", encoding="ascii") as f:
            f.write(CONF % (top + "/state", SECRET, SECRET))
        os.chmod(top + "/conf", 0o600)
        if os.getuid() == 0:
            os.chown(top + "/state", NOBODY.pw_uid, NOBODY.pw_gid)
        env = {**os.environ, "LMTPD_LIBEXECDIR": top, "KEY": SECRET}
        self.child = subprocess.Popen(
            [*wrapper, LMTPCTL, "-f", top + "/conf", "spf", "--client",
             "192.0.2.1", "--helo", word, "--sender", "a@example.com"],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()
        reap()
        self.directory.cleanup()

    def resolver(self):
        """The resolver's pid, once it is confined and has its question."""
        def confined():
            for p in descendants(self.child.pid):
                with contextlib.suppress(OSError, KeyError):
                    if p.name == "lmtpd-resolver" and \
                            status(p.pid, "Seccomp") == "2":
                        return p.pid
            return None
        return wait_for(confined, "a confined resolver")


def memory_holds(pid, needle):
    """Whether a process's memory has needle in it."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            if mode[0] != "r" or "[v" in line:
                continue
            lo, hi = (int(x, 16) for x in span.split("-"))
            with contextlib.suppress(OSError, OverflowError):
                mem.seek(lo)
                if needle in mem.read(hi - lo):
                    return True
    return False


@case("no secret of its caller's is in its memory or its environment")
def _():
    need_root()
    with Caller("sleep") as caller:
        pid = caller.resolver()
        check(memory_holds(caller.child.pid, SECRET.encode()),
              "the scan is blind")
        check(not memory_holds(pid, SECRET.encode()), "it knows the secret")
        with open("/proc/%d/environ" % pid, "rb") as f:
            equal(f.read(), b"", "environment")
        equal(sorted(descriptors(pid)), [0, 1, 2, 3], "descriptors")
        equal(status(pid, "Uid").split(), [str(NOBODY.pw_uid)] * 4, "uids")


@case("its caller killed, it is gone")
def _():
    with Caller("sleep") as caller:
        pid = caller.resolver()
        os.kill(caller.child.pid, signal.SIGKILL)
        wait_for(lambda: not alive(pid), "its end", 3)


@table("lmtpctl says temperror of one that tries to {0}, and why", [
    ("open",), ("exec",), ("unix",)])
def _(word):
    with Caller(word) as caller:
        said, told = caller.child.communicate(timeout=20)
        match(r"\Atemperror \(0 lookups, 0 void\)\n\Z", said)
        match("lmtpd-resolver was ended by signal %d" % signal.SIGSYS, told)
        equal(caller.child.returncode, 2, "exit status")


# -- a sandbox that cannot be ------------------------------------------------

@table("{0} fails: no question is answered", [
    ("landlock_create_ruleset",), ("landlock_add_rule",),
    ("landlock_restrict_self",), ("seccomp",), ("prctl",), ("capset",)])
def _(call):
    # prctl's is the program's own: PR_SET_NO_NEW_PRIVS
    if call == "landlock_add_rule" and landlock_version() < 4:
        raise Skip("this kernel's Landlock has no ports")
    wrapper = strace(call + ":error=EPERM")
    with Resolver(wrapper=wrapper) as resolver:
        equal(resolver.ask(), None, "answer")
        equal(resolver.end(), UNCONFINED, "exit status")
    with Resolver(RESOLVER, "--no-sandbox", wrapper=wrapper) as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "unconfined")


@case("a kernel without Landlock: lmtpctl says temperror and what to do")
def _():
    wrapper = strace("landlock_create_ruleset:error=EOPNOTSUPP")
    with Caller("nothing", wrapper, RESOLVER) as caller:
        said, told = caller.child.communicate(timeout=20)
        match(r"\Atemperror ", said)
        match("cannot confine itself.*--no-sandbox", told)
        equal(caller.child.returncode, 2, "exit status")


@case("--no-sandbox is what it says")
def _():
    with Resolver(RESOLVER, "--no-sandbox") as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        equal(status(resolver.pid, "Seccomp"), "0", "Seccomp")


# -- what it cannot do -------------------------------------------------------

@table("to try {0} is death", [
    (word,) for word in
    "bind bpf code dumpable exec fast-open fork kill limit memfd mprotect "
    "mptcp netlink open ptrace raw sendmsg setsockopt setuid socketpair stat "
    "terminal unix unlink unshare".split()])
def _(word):
    equal(try_to(word), "SIGSYS", "what became of it")


@case("the numbers of another ABI are death")
def _():
    check(try_to("other-numbers") in ("SIGSYS", "SIGSEGV"), "alive")


@case("TCP: no port but 53")
def _():
    if landlock_version() < 4:
        raise Skip("this kernel's Landlock has no ports")
    equal(try_to("connect-80"), ("EACCES", 0), "port 80")
    check(try_to("connect-53") in (("ECONNREFUSED", 0), (0, 0)), "port 53")


@case("UDP it has, and nothing more is needed")
def _():
    equal(try_to("udp"), (0, 0), "a UDP socket")
    equal(try_to("nothing"), (0, 0), "nothing")


@case("system call -1 is ENOSYS, for tracers' sake")
def _():
    equal(try_to("minus-one"), ("ENOSYS", 0), "errno")


@case("memory and sockets come to an end")
def _():
    equal(try_to("memory"), ("ENOMEM", 0), "65 MiB")
    got, count = try_to("sockets")
    equal(got, 0, "sockets")
    equal(count, 12, "how many beside 0 to 3")


@case("Landlock alone, without seccomp, denies files and ports")
def _():
    wrapper = strace("seccomp:retval=0")
    equal(try_to("open", wrapper=wrapper), ("EACCES", 0), "open")
    equal(try_to("exec", wrapper=wrapper), ("EACCES", 0), "exec")
    equal(try_to("unlink", wrapper=wrapper)[0], "ENOENT", "no such file")
    if landlock_version() >= 4:
        equal(try_to("connect-80", wrapper=wrapper), ("EACCES", 0), "port 80")
        equal(try_to("bind", wrapper=wrapper), ("EACCES", 0), "bind")


@table("without a sandbox {0} works: the tries are real", [
    (word,) for word in
    "dumpable kill limit memfd mprotect open setsockopt setuid socketpair "
    "stat unix code netlink".split()])
def _(word):
    got = try_to(word, "--no-sandbox")
    equal(got[0], 0, "errno")


# -- nonsense from its caller ------------------------------------------------

@table("{0}: it ends without an answer", [
    ("a question too short", lambda q: q[:-1]),
    ("a question too long", lambda q: q + b"\0"),
    ("a question of no kind", lambda q: b"\3\0\0\0" + q[4:]),
    ("a question without a time", lambda q: q[:4] + bytes(4) + q[8:]),
    ("a question about no client", lambda q: q[:8] + bytes(20) + q[28:]),
    ("a HELO that never ends", lambda q: q[:28] + b"x" * 256 + q[284:]),
    ("a sender that never ends", lambda q: q[:284] + b"x" * 512 + q[796:]),
])
def _(_name, change):
    with Resolver() as resolver:
        resolver.channel.send(change(question()))
        equal(resolver.channel.recv(64), b"", "answer")
        equal(resolver.end(), os.EX_PROTOCOL, "exit status")


@case("its caller hangs up: it ends, and well")
def _():
    with Resolver() as resolver:
        equal(resolver.ask(), (NONE, 0, 0, 0, 0), "answer")
        resolver.channel.close()
        equal(resolver.end(), 0, "exit status")


@case("many questions, one process: descriptors and memory stay")
def _():
    with Resolver() as resolver:
        for n in range(200):
            equal(resolver.ask("host%d" % n)[0], NONE, "answer")
        before = status(resolver.pid, "VmRSS")
        for n in range(2000):
            equal(resolver.ask("host%d" % n)[0], NONE, "answer")
        equal(status(resolver.pid, "VmRSS"), before, "resident memory")


@table("run by hand, {0}: it says whose it is", [
    ("alone", [], None), ("with an option", ["-x"], None),
    ("with a file for a channel", [], "/dev/null")])
def _(_name, options, third):
    redirect = "3<%s" % third if third else "3<&-"
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" ' + redirect, RESOLVER, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=20)
    equal(done.returncode, os.EX_USAGE, "exit status")
    match("lmtpd-resolver: is started by lmtpd", done.stderr)
    check(not re.search("pass", done.stdout), "output")


run()
