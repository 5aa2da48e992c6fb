#!/usr/bin/python3
"""What went wrong once, or would have: failures of our own, and backends and
callers that do not play along.  Each case tells its story."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import time

from lmtpclient import ALICE, commands
from lmtptest import (BOX, LMTPD, PHONE, SERVER_USER, Site, acme, backend,
                      merge, shell)
from proctest import alive, descendants
from taptest import (case, check, equal, match, need_root, run, table,
                     wait_for)

GAMES = 5               # a user who runs nothing else


@case("no more processes: 421, and nobody else of that user is touched")
def _():
    """A failed fork(2) once left -1 to be killed: everyone."""
    need_root()

    def become_games():
        resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))
        os.setgid(SERVER_USER.pw_gid)
        os.setuid(GAMES)

    with Site() as site:
        os.chmod(site.conf, 0o644)
        bystander = subprocess.Popen(
            ["sleep", "60"], preexec_fn=lambda: os.setuid(GAMES))
        try:
            ours, theirs = socket.socketpair()
            with open(site.log_path, "ab") as log:
                lmtpd = subprocess.Popen(
                    [LMTPD, "-d", "-f", site.conf], stdin=theirs,
                    stdout=theirs, stderr=log, preexec_fn=become_games)
            theirs.close()
            ours.settimeout(10)
            got = b""
            while chunk := ours.recv(4096):
                got += chunk
            lmtpd.wait(10)
            equal(lmtpd.returncode >= 0, True, "lmtpd ended by itself")
            match(r"\A(220 [^\r]*\r\n)?421 4\.3\.0 [^\r]*\r\n\Z",
                  got.decode())
            equal(bystander.poll(), None, "the bystander's exit")
        finally:
            bystander.kill()
            bystander.wait()


@case("one backend that hangs holds up no recipient of another")
def _():
    """The first recipient whose backend was full once stopped all others."""
    changes = merge(backend(parallel=1, timeout=60), {
        "reply-timeout": 3,
        ("backend", "quick"): {"command": ["/bin/true"]},
        ("channel", "box"): {"backend": "quick"},
    })
    with Site(changes, backend=shell("exec sleep 60")) as site:
        out = site.deliver(PHONE, "+41791234568@sms.example.net", BOX)
        equal(out.verdicts, ["451 4.3.0", "451 4.3.0", "250 2.0.0"])


@table("told to stop, a backend that answers with {0} is not believed", [
    ("exit 69",), ("echo 5.1.1 gone >&2; exit 1",)])
def _(answer):
    """Shutting down is our affair: it must not become a bounce."""
    text = shell("trap '%s' TERM\necho $$ >RECORDS/pid\n"
                 "while :; do sleep 0.05; done" % answer)
    with Site(backend=text) as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        client.send(b"Subject: x\r\n\r\ny\r\n.\r\n")
        pid = int(wait_for(lambda: site.note("pid").strip(), "the backend"))
        # lmtpd hears of both at once
        os.kill(client.monitor, signal.SIGSTOP)
        os.kill(client.monitor, signal.SIGTERM)
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not alive(pid), "the backend's end")
        os.kill(client.monitor, signal.SIGCONT)
        final = client.rest()
        check(not any(r.startswith("5") for r in final),
              "a 5xx: %r" % (final,))
        equal(final[-1], "421 4.3.2", "the last reply")


@case("a backend that became another user: the reply does not wait for it")
def _():
    """Of a setuid backend not even its timeout could make an end."""
    need_root()
    with Site(backend(timeout=1, setuid=True,
                      command=["DIR/python", "-c", "import os, time; "
                               "os.setuid(0); time.sleep(6)"])) as site:
        python = site.dir + "/python"
        shutil.copy("/usr/bin/python3", python)
        os.chmod(python, 0o4755)
        started = time.monotonic()
        out = site.deliver(PHONE)
        equal(out.verdicts, ["451 4.3.0"])
        check(time.monotonic() - started < 5, "waited for it")
        equal(site.the_line().verdict, "maybe-sent")
        for p in descendants(os.getpid()):
            if p.name == "python":
                os.kill(p.pid, signal.SIGKILL)


@case("a caller's socket that does not block is no client that closed")
def _():
    with Site() as site:
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        with open(site.log_path, "ab") as log:
            child = subprocess.Popen(site.command(), stdin=theirs,
                                     stdout=theirs, stderr=log)
        theirs.close()
        ours.settimeout(10)
        check(ours.recv(4096).startswith(b"220 "), "greeting")
        for line in commands("LHLO x"), commands("MAIL FROM:<%s>" % ALICE):
            time.sleep(0.1)
            ours.sendall(line)
            check(ours.recv(4096).startswith(b"250"), "reply")
        ours.sendall(b"QUIT\r\n")
        check(ours.recv(4096).startswith(b"221 "), "QUIT")
        child.wait(10)


@case("a first line that continues nothing hides no header field")
def _():
    """For a backend it continues our own Received field."""
    with Site() as site:
        equal(site.verdict(message=b" x\nAuto-Submitted: auto-replied\n\nhi\n"),
              "550 5.7.1")
        equal(site.runs(), [], "runs")


@case("recipients without end: 421, and the log does not fill the disk")
def _():
    with Site({"max-recipients": 10}) as site:
        rcpt = commands("RCPT TO:<x@nowhere.example>")
        got = site.talk(commands("LHLO x", "MAIL FROM:<%s>" % ALICE) +
                        rcpt * 2000)
        equal(got[-1], "421 4.5.3", "the last reply")
        check(len(site.lines()) < 100, "lines in the log")


@case("host and engine hold nothing of the caller's: files, environment")
def _():
    need_root()
    with Site() as site:
        ours, theirs = socket.socketpair()
        spare = os.open("/etc/hostname", os.O_RDONLY)
        with open(site.log_path, "ab") as log:
            child = subprocess.Popen(
                site.command(), stdin=theirs, stdout=theirs, stderr=log,
                pass_fds=(spare,), env={"CALLERS_OWN": "a-secret"})
        theirs.close()
        os.close(spare)
        ours.settimeout(10)
        check(ours.recv(4096).startswith(b"220 "), "greeting")
        family = wait_for(lambda: descendants(child.pid)[2:] and
                          descendants(child.pid), "monitor, host and engine")
        for pid in [child.pid] + [p.pid for p in family]:
            held = [os.readlink("/proc/%d/fd/%s" % (pid, fd))
                    for fd in os.listdir("/proc/%d/fd" % pid)]
            check("/etc/hostname" not in held, "a file of the caller's")
        # the monitor's may be asked for by its configuration
        for pid in [child.pid] + [p.pid for p in family[1:]]:
            with open("/proc/%d/environ" % pid, "rb") as f:
                check(b"a-secret" not in f.read(), "the environment")
        ours.sendall(b"QUIT\r\n")
        check(ours.recv(4096).startswith(b"221 "), "QUIT")
        child.wait(10)


@case("an engine may not fork, and has only so much time to compute")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        _host, engine = wait_for(lambda: descendants(client.monitor)[1:] and
                                 descendants(client.monitor), "the engine")
        with open("/proc/%d/limits" % engine.pid) as f:
            limits = f.read()
        match(r"Max processes +0 +0 ", limits)
        check("Max cpu time              unlimited" not in limits, "CPU")
        client.quit()


@case("a state directory that is gone is our fault: no verified domain bounces")
def _():
    changes = acme(("domain", "example.com", {"security": ["none"],
                                              "verify": True}))
    with Site({**changes, "state-dir": "DIR/gone"}) as site:
        equal(site.deliver(PHONE).rcpt, ["451 4.3.0"])


@case("a greeting that nobody can hear ends it, though the client may write on")
def _():
    """An engine was started all the same, and waited for idle-timeout."""
    with Site() as site:
        says, reads = socket.socketpair()
        gone, writes = socket.socketpair()
        gone.close()
        child = subprocess.Popen(site.command(), stdin=reads, stdout=writes,
                                 stderr=subprocess.DEVNULL, cwd="/",
                                 env={"PATH": "/usr/bin:/bin",
                                      "LMTPD_LIBEXECDIR": site.libexec})
        reads.close()
        writes.close()
        wait_for(lambda: child.poll() is not None, "its end")
        equal(child.returncode, 0, "exit status")
        says.close()


@case("RSET sent late, then MAIL once the replies were read: 250, not 421")
def _():
    """What came before the replies was held against all that came after."""
    slow = shell("cat >/dev/null; sleep 0.3")
    for late in b"RSET\r\n", b"NOOP\r\n":
        with Site(backend=slow) as site, site.connect() as client:
            client.lhlo()
            client.start(PHONE)
            client.send(b"A: b\r\n\r\ntext\r\n.\r\n")
            client.taken()
            time.sleep(0.1)
            client.send(late)
            equal(client.reply(), "250 2.0.0", "the message")
            equal(client.reply(), "250 2.0.0", "the late command")
            client.send(commands("MAIL FROM:<%s>" % ALICE))
            equal(client.reply(), "250 2.1.0", "MAIL")
            client.quit()


@case("no file may have a byte: 451, and not a signal's end")
def _():
    with Site(wrapper=["sh", "-c", 'ulimit -Sf 0; exec "$@"', "sh"]) as site:
        with site.connect() as client:
            client.lhlo()
            client.send(commands("MAIL FROM:<%s>" % ALICE,
                                 "RCPT TO:<%s>" % PHONE, "DATA"))
            equal([client.reply() for _ in range(3)],
                  ["250 2.1.0", "250 2.1.5", "451 4.3.0"], "replies")
            client.quit()


run()
