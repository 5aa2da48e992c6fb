#!/usr/bin/python3
"""The confinement of engine, host and monitor: as /proc shows it, and as an
engine meets it that a stranger has taken over.  $INTRUDER is lmtpd itself, with
tests/rig/intrude.c in its engine: a message, or a NOOP, says what it tries.
Whatever it is, the mail before it on the connection has been delivered, its
own is not, and another connection's goes on."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time

import lmtptest
from lmtpclient import ALICE, MESSAGE, commands, wire
from lmtptest import BOX, PHONE, ROOT, SERVER_USER, Site, shell
from proctest import alive, descendants, descriptors, status
from taptest import (Skip, case, check, equal, match, need_root, run, table,
                     wait_for)

HONEST = lmtptest.LMTPD
LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(HONEST) + "/lmtpctl")
AS_USER = ["setpriv", "--reuid=%d" % SERVER_USER.pw_uid, "--regid=%d" %
           SERVER_USER.pw_gid, "--clear-groups"] if ROOT else []
INTRUDER = os.environ.get(
    "INTRUDER", lmtptest.HERE + "/../../build/tests/rig/intruder")
WORKED = 200
SIGSYS = "was ended by signal %d$" % signal.SIGSYS
SECRETS = {word: "%s-horse-%d-battery" % (word, os.getpid())
           for word in ("string", "keyword", "environment", "variable")}

if not os.access(INTRUDER, os.X_OK):
    print("Bail out! no program at", INTRUDER)
    sys.exit(1)


def strace(*inject):
    """A tracer that answers system calls in the kernel's stead."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    if subprocess.run(["strace", "-o", "/dev/null", "true"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("may not trace")
    options = []
    for rule in inject:
        options += ["-e", "inject=" + rule]
    calls = ",".join(rule.split(":")[0] for rule in inject)
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls,
            *options]


class Intruded(Site):
    """A site whose engines do as they are told by a mail."""

    def __init__(self, idle=30, **keys):
        super().__init__({"idle-timeout": idle}, **keys)
        lmtptest.LMTPD = INTRUDER

    def __exit__(self, *why):
        lmtptest.LMTPD = HONEST
        return super().__exit__(*why)


def intrusion(word):
    return wire(b"Subject: x\nIntrude: %s\n\nbody\n" % word.encode())


def tell(client, word, where):
    """Let the engine try it, in the middle of a transaction."""
    if where == "data":
        client.start(PHONE)
        client.send(intrusion(word))
    else:
        equal(client.say("MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % PHONE),
              ["250 2.1.0", "250 2.1.5"], "MAIL and RCPT")
        client.send(commands("NOOP intrude " + word))


def try_to(word, where="data", **keys):
    """(replies to it, log) of one try, the rest of the world untouched."""
    with Intruded(**keys) as site:
        with site.connect() as other, site.connect() as client:
            other.lhlo()
            other.start(BOX)
            client.lhlo()
            equal(client.deliver(PHONE).verdicts, ["250 2.0.0"], "before")
            tell(client, word, where)
            got = [client.reply()]
            if got[0] != "421 4.3.0":
                equal(client.deliver(PHONE).verdicts, ["250 2.0.0"], "after")
                client.quit()
                got.append("and on")
            got += client.rest()
            other.send(b"Subject: other\r\n\r\n.\r\n")
            equal(other.reply(), "250 2.0.0", "another connection")
            other.quit()
        equal(len(site.runs()), 2 + got.count("and on"), "runs")
        check(not any(b"Intrude:" in r.stdin for r in site.runs()),
              "it was delivered")
        equal(site.state_files(), [], "left in the state dir")
        return got, site.log()


def dies(word, how, where="data", **keys):
    """The engine's death is the connection's."""
    got, log = try_to(word, where, **keys)
    equal(got, ["421 4.3.0"], "replies")
    match("(?m)the engine " + how, log, "log")


# -- as /proc shows it -------------------------------------------------------

def tree(client, count=2):
    """Monitor, host and engine of a connection."""
    pids = wait_for(lambda: (lambda found: found if len(found) == count
                             else None)(descendants(client.monitor)),
                    "host and engine")
    return [client.monitor] + [p.pid for p in pids]


def limits(pid):
    """{name: (soft, hard)}"""
    with open("/proc/%d/limits" % pid) as f:
        return {m[1]: (m[2], m[3]) for m in re.finditer(
            r"(?m)^(Max .*?)  +(\S+) +(\S+)", f.read())}


def in_data(site):
    client = site.connect()
    client.lhlo()
    client.start(PHONE)
    client.send(b"Subject: half\r\n")
    client.taken()
    return client, tree(client)


@case("no new privileges, no capabilities, a filter: host and engine")
def _():
    with Site() as site:
        client, (_monitor, host, engine) = in_data(site)
        with client:
            for pid, filters in (host, 1), (engine, 2):
                equal(status(pid, "NoNewPrivs"), "1", "NoNewPrivs")
                equal(status(pid, "Seccomp"), "2", "Seccomp: a filter")
                equal(status(pid, "Seccomp_filters"), str(filters), "filters")
                for key in "CapInh", "CapPrm", "CapEff", "CapAmb":
                    equal(int(status(pid, key), 16), 0, key)


@case("limits of all, soft and hard")
def _():
    size = 10485760 + 8192
    with Site() as site:
        client, pids = in_data(site)
        with client:
            for pid in [client.keeper, *pids]:
                equal(limits(pid)["Max core file size"], ("0", "0"), "core")
            engine = limits(pids[2])
            for name, limit in (("Max open files", 3), ("Max processes", 0),
                                ("Max file size", size),
                                ("Max cpu time", 60 + size // 1048576)):
                equal(engine[name], (str(limit),) * 2, name)
            equal(limits(pids[1])["Max open files"], ("4", "4"), "host's")


@table("descriptors over {0}: an engine has three, its host at most three", [
    ("pair",), ("tcp",), ("fifo",), ("spawn",)])
def _(how):
    need_root()
    with Site() as site:
        with site.connect(how) as client:
            client.lhlo()
            client.start(PHONE)
            client.send(b"Subject: half\r\n")
            _monitor, host, engine = tree(client)
            held = wait_for(lambda: (lambda d: d if 2 in d else None)(
                descriptors(engine)), "the spool")
            equal(sorted(held), [0, 1, 2], "the engine's")
            match(r"^socket:" if how != "fifo" else "/fifo", held[0][0])
            match(r"^socket:", held[1][0], "its channel")
            check(held[2][0].startswith(site.state), "its spool")
            equal(held[2][1] & (os.O_ACCMODE | os.O_APPEND),
                  os.O_WRONLY | os.O_APPEND, "its spool's flags")
            held = descriptors(host)
            equal(sorted(held), [0, 1, 3], "the host's")
            match("pidfd", held[3][0], "its handle")


@case("no process of the same user may look into any of them")
def _():
    need_root()
    if not shutil.which("setpriv"):
        raise Skip("no setpriv")
    wrapper = ["setpriv", "--reuid=%d" % SERVER_USER.pw_uid,
               "--regid=%d" % SERVER_USER.pw_gid, "--clear-groups"]
    # Already that user when it starts, it gives nothing up: it must say so.
    with Site(wrapper=wrapper) as site:
        client, pids = in_data(site)
        with client:
            for pid in [client.keeper, *pids]:
                equal(status(pid, "Uid").split()[1],
                      str(SERVER_USER.pw_uid), "uid")
                for name in "mem", "environ", "maps":
                    path = "/proc/%d/%s" % (pid, name)
                    done = subprocess.run(
                        [*wrapper, "cat", path], stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE, text=True)
                    match("Permission denied", done.stderr, path)


# -- a sandbox that cannot be ------------------------------------------------

@table("{0} fails: 421, and the log says that it is {1}", [
    ("capget", "capset"), ("landlock_create_ruleset", "Landlock"),
    ("landlock_restrict_self", "Landlock"), ("seccomp", "seccomp"),
    ("prlimit64:when=6", "resource limits")])
def _(call, word):
    # strace counts by process: none but an engine has a sixth prlimit64(2)
    name, _, when = call.partition(":")
    wrapper = strace(":".join(filter(None, (name, "error=EOPNOTSUPP", when))))
    with Site(wrapper=wrapper) as site:
        with site.connect() as client:
            client.send(commands("LHLO x", "MAIL FROM:<%s>" % ALICE))
            got = client.rest()
            equal(got[-1], "421 4.3.0", "last reply of %r" % (got,))
            check(got[:-1] in ([], ["220"]), "replies: %r" % (got,))
        # what is said to help helps
        hint = "" if when else r" \(--no-sandbox would let it run unconfined\)"
        match("cannot confine the engine%s: %s: Operation not supported" %
              (hint, word), site.log(), "log")
        equal(site.runs(), [], "runs")
    if not when:
        with Site(wrapper=wrapper, options=["--no-sandbox"]) as site:
            equal(site.verdict(), "250 2.0.0", "unconfined")


@case("--no-sandbox is what it says")
def _():
    with Site(options=["--no-sandbox"]) as site:
        client, (_monitor, host, engine) = in_data(site)
        with client:
            for pid in host, engine:
                equal(status(pid, "Seccomp"), "0", "Seccomp")


# -- system calls ------------------------------------------------------------

CALLS = """openat openat2 proc getdents stat unlink link execve
    execveat memfd socket socketpair connect bind shutdown kill tgkill
    signal-host pidfd ptrace vm-read wait client-write client-writev
    client-sendto client-sendmsg client-recvmsg channel-write channel-read
    spool-read spool-pread spool-pwrite spool-truncate spool-seek spool-stat
    spool-mode spool-room spool-append splice sendfile dup dup3 close clone
    clone-as-host clone3 unshare mmap mmap-exec mprotect brk dumpable deathsig
    limit host-limit setuid seccomp bpf io-uring keyctl shm signals terminal
    futex""".split()
if os.uname().machine == "x86_64":
    CALLS += "open dup2 fork vfork x32".split()


@table("an engine that tries {0} in DATA is killed", [(w,) for w in CALLS])
def _(word):
    dies(word, SIGSYS)


@table("an engine that tries {0} among commands is killed", [
    (w,) for w in "openat execve socket client-write client-sendmsg ptrace "
    "clone-as-host mmap-exec dup3".split()])
def _(word):
    dies(word, SIGSYS, "commands")


@case("the numbers of another ABI are death")
def _():
    dies("numbers", "was ended by signal (%d|%d)$" % (signal.SIGSYS,
                                                signal.SIGSEGV))


@case("system call -1 is ENOSYS, for tracers' sake")
def _():
    dies("minus-one", "ended before its time, status 38$")


@table("without a sandbox {0} works: the try is real", [
    (w,) for w in "openat stat memfd kill client-write spool-pwrite "
    "spool-truncate spool-seek spool-append mmap-exec brk dumpable "
    "setuid".split()])
def _(word):
    # memfd and openat need a free descriptor: the spool's
    where = "commands" if word in ("openat", "memfd") else "data"
    with Intruded(options=["--no-sandbox"]) as site:
        with site.connect() as client:
            client.lhlo()
            tell(client, word, where)
            got = client.rest()
            if word == "client-write":
                equal(got.pop(0).text, "250 2.0.0 ahead", "the forged reply")
            equal(got, ["421 4.3.0"], "replies")
        match("(?m)status %d$" % WORKED, site.log(), "log")
        equal(site.runs(), [], "runs")


@table("without seccomp {0} is refused by {1} alone", [
    ("openat", "Landlock", 13, "commands"),
    ("execve", "Landlock", 13, "commands"),
    ("openat", "the limit of descriptors", 24, "data"),
    ("socket", "the limit of descriptors", 24, "data"),
    ("clone", "the limit of processes", 11, "data"),
    ("spool-read", "the spool's mode", 9, "data")])
def _(word, _by, error, where):
    if word == "clone" and os.getuid() == 0 and SERVER_USER.pw_uid == 0:
        raise Skip("root has no such limit")
    dies(word, "ended before its time, status %d$" % error, where,
         wrapper=strace("seccomp:retval=0"))


# -- records -----------------------------------------------------------------

NONSENSE = """type type-go type-run type-dead type-unconfined no-header short
    long giant unclean""".split()


@table("nonsense among commands, {0}: the connection ends", [
    (w,) for w in NONSENSE + ["end"] if w != "type-unconfined"])
def _(word):
    got, log = try_to(word, "commands")
    equal(got, ["421 4.3.0"], "replies")
    match("(?m)the engine sent nonsense$", log, "log")


@table("nonsense in DATA, {0}: the connection ends", [
    (w,) for w in NONSENSE + ["dry", "command", "envelope"]])
def _(word):
    got, log = try_to(word)
    equal(got, ["421 4.3.0"], "replies")
    match("(?m)the engine sent nonsense$", log, "log")


@case("\"unconfined\" said by an engine at work: the connection ends")
def _():
    equal(try_to("type-unconfined", "commands")[0], ["421 4.3.0"], "replies")


@case("an empty packet and silence: ended, and the connection with it")
def _():
    dies("empty", "was ended by signal %d$" % signal.SIGKILL)


@table("silence in {0}: idle-timeout ends it", [("data",), ("commands",)])
def _(where):
    with Intruded(idle=2) as site, site.connect() as client:
        client.lhlo()
        tell(client, "silence", where)
        started = time.monotonic()
        equal(client.rest(), ["421 4.4.2"], "replies")
        check(1.5 < time.monotonic() - started < 6, "when it ended")
        equal(site.runs(), [], "runs")


@case("a descriptor sent along is closed unseen, and the mail goes on")
def _():
    with Intruded() as site, site.connect() as client:
        client.lhlo()
        equal(client.say("MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % PHONE,
                         "NOOP intrude fd"),
              ["250 2.1.0", "250 2.1.5", "250 2.0.0"], "replies")
        if ROOT:
            held = [what for what, _ in
                    descriptors(client.monitor).values()]
            client_end = "socket:[%d]" % os.fstat(
                client.input.fileno()).st_ino
            check(client_end not in held, "our end?")
            equal(len([w for w in held if w.startswith("socket:")]), 4,
                  "in, out, channel and control of %r" % (held,))
        equal(client.say("DATA"), "354", "DATA")
        client.send(wire(MESSAGE))
        equal(client.reply(), "250 2.0.0", "final")
        client.quit()


def one_second_for(pid):
    """Of processor time, where it has a minute; only its own user may."""
    user = {"user": SERVER_USER.pw_uid, "group": SERVER_USER.pw_gid,
            "extra_groups": []} if ROOT else {}
    lower = "import resource as r; r.prlimit(%d, r.RLIMIT_CPU, (1, 1))" % pid
    subprocess.run([sys.executable, "-c", lower], check=True, **user)


@table("a flood, {0}: its processor time ends it, and SIGTERM the monitor", [
    ("flood",), ("flood-dry",)])
def _(word):
    for end in "cpu", "term":
        with Intruded() as site, site.connect() as client:
            client.lhlo()
            tell(client, word, "commands" if word == "flood-dry" else "data")
            monitor, _, engine = tree(client)
            if end == "cpu":
                one_second_for(engine)
            else:
                os.kill(monitor, signal.SIGTERM)
            want = "421 4.3.0" if end == "cpu" else "421 4.3.2"
            equal(client.rest(), [want], "replies")
            wait_for(lambda: not alive(engine), "the engine's end")
            equal(site.runs(), [], "runs")


# -- the end of a message ----------------------------------------------------

@table("an END that lies, {0}: 451, and the connection goes on", [
    (w,) for w in "size-more size-less size-none size-giant size-wrap "
    "end-write end-crash end-status".split()])
def _(word):
    equal(try_to(word)[0], ["451 4.3.0", "and on"], "replies")


@table("an END that is none, {0}: the connection ends", [
    (w,) for w in "end-twice end-command end-flags end-tails "
    "end-mail".split()])
def _(word):
    got, log = try_to(word)
    equal(got, ["421 4.3.0"], "replies")
    match("(?m)the engine sent nonsense$", log, "log")


@table("an end without END, {0}: the connection ends", [
    ("exit", "ended before its time, status 0$"),
    ("crash", "was ended by signal (4|5|11)$"),
    ("fill-disk", "ended before its time, status 27$")])
def _(word, how):
    dies(word, how)


@case("END, and then no end: it is killed, 451, and the connection goes on")
def _():
    equal(try_to("end")[0], ["451 4.3.0", "and on"], "replies")


SMUGGLED = commands("RSET", "NOOP", "MAIL FROM:<%s>" % ALICE,
                    "RCPT TO:<%s>" % BOX, "DATA", "Subject: smuggled", "", "x",
                    ".")


@table("a message ended early: its rest is no mail, {0}", [
    ("in the socket already", b"x" * 65536 + b"\r\n", 0),
    ("come while it is delivered", b"", 0.2),
    ("come after the replies", b"", 1.5)])
def _(_name, filler, wait):
    with Intruded(backend=shell("cat >RECORDS/$$; sleep 0.5")) as site:
        with site.connect() as client:
            client.lhlo()
            client.start(PHONE)
            begin = b"Intrude: early\r\n\r\n" + filler
            if wait:
                client.send(begin)
                client.taken()
                time.sleep(wait)
                # as an MTA that reads no reply before its dot is out
                os.write(client.output.fileno(), SMUGGLED)
                client.taken()
                time.sleep(0.2)
            else:
                client.send(begin + SMUGGLED)
            got = client.rest()
            equal(got[0], "250 2.0.0", "what the engine could forge")
            equal(got[-1], "421 4.5.0", "the last of %r" % (got,))
            check(set(got[1:-1]) <= {"250 2.0.0"}, "replies: %r" % (got,))
        equal(len(os.listdir(site.records)), 1, "runs")


# -- secrets -----------------------------------------------------------------

CONF = {
    ("backend", "recorder"): {
        "environment": ["A=" + SECRETS["environment"], "B=${VARIABLE}"]},
    ("account", "acme"): {("channel", "sms"): {
        "security-string": "%(string)s*;%(keyword)s" % SECRETS}},
}


def memory(pid):
    """All of a process's memory that can be read."""
    found = []
    try:
        with open("/proc/%d/maps" % pid) as maps, \
                open("/proc/%d/mem" % pid, "rb", 0) as mem:
            for line in maps:
                span, mode = line.split()[:2]
                if mode[0] != "r" or "[v" in line:
                    continue
                lo, hi = (int(x, 16) for x in span.split("-"))
                mem.seek(lo)
                found.append(mem.read(hi - lo))
    except PermissionError:
        raise Skip("may not read /proc/PID/mem") from None
    return b"\0".join(found)


def known_secrets(pid):
    held = memory(pid)
    return [w for w, s in sorted(SECRETS.items()) if s.encode() in held]


@table("the configuration's secrets are in the monitor alone: {0} message", [
    ("first",), ("second",)])
def _(which):
    wrapper = ["env", "VARIABLE=" + SECRETS["variable"]]
    with Site(CONF, wrapper=wrapper) as site:
        with site.connect() as client:
            client.lhlo()
            if which == "second":
                text = b"Subject: %s\n\n" % SECRETS["string"].encode()
                equal(client.deliver(PHONE, message=text).verdicts,
                      ["250 2.0.0"], "first message")
            client.start(PHONE)
            client.send(b"Subject: half\r\n")
            client.taken()
            monitor, host, engine = tree(client)
            equal(known_secrets(monitor), sorted(SECRETS), "the scan is blind")
            equal(known_secrets(client.keeper), [], "the keeper's")
            equal(known_secrets(host), [], "the host's")
            equal(known_secrets(engine), [], "the engine's")


# -- lmtpctl -------------------------------------------------------------------

def unread(pipe):
    """Bytes in it that nobody has taken."""
    n = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4))
    return int.from_bytes(n, sys.byteorder)


def may_look(pid):
    """What of a process another one of the server's user may open."""
    look = 'for f; do (: <"/proc/%d/$f") 2>/dev/null && echo "$f"; done' % pid
    return subprocess.run(
        [*AS_USER, "sh", "-c", look, "sh", "environ", "maps", "mem"],
        stdout=subprocess.PIPE, text=True).stdout.split()


@case("lmtpctl leaves no core file, and its own user cannot look into it")
def _():
    with Site(CONF) as site:
        # lmtpctl's own directory may be closed to that user
        ctl = shutil.copy2(LMTPCTL, site.dir)
        command = [*AS_USER, ctl, "-f", site.conf, "explain", "--sender",
                   ALICE, "--recipient", PHONE]
        env = {"PATH": "/usr/bin:/bin", "VARIABLE": SECRETS["variable"]}
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=env,
                              stdout=subprocess.DEVNULL) as asked, \
                subprocess.Popen([*AS_USER, "cat"],
                                 stdin=subprocess.PIPE) as other:
            asked.stdin.write(MESSAGE)
            asked.stdin.flush()
            # then it has read the configuration, too
            wait_for(lambda: unread(asked.stdin) == 0, "the message to be read")
            if ROOT:
                check("string" in known_secrets(asked.pid), "what it holds")
            equal(limits(asked.pid)["Max core file size"], ("0", "0"), "core")
            check("environ" in may_look(other.pid), "the look is blind")
            equal(may_look(asked.pid), [], "its user may open")
        equal(asked.returncode, 1, "the message has no secret: refused")


run()
