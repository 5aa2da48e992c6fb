#!/usr/bin/python3
"""The processes, seen from outside: who they are, what they hold, and what
becomes of a mail when one of them is killed."""

import os
import re
import signal
import time

from lmtpclient import ALICE, commands, session
from lmtptest import BOX, GLIBC_SIGNALS, PHONE, ROOT, SERVER_USER, Site
from proctest import alive, descendants, descriptors, processes, status
from taptest import (Skip, case, check, equal, match, need_root, run, table,
                     wait_for)

SECRET = "correct-horse-%d-battery" % os.getpid()
WITH_SECRET = {("backend", "recorder"): {"environment": ["KEY=" + SECRET]}}
SLEEPER = "#!/bin/sh\necho $$ >RECORDS/pid\nexec sleep 60\n"
SCRIPT = SLEEPER.replace("exec sleep 60", "sleep 60; sleep 60")
HALF = b"Subject: half\r\n\r\nof a message\r\n"


class Tree:
    """Keeper, monitor, host and engine of a connection with a transaction."""

    def __init__(self, client):
        self.keeper, self.monitor = client.keeper, client.monitor
        found = wait_for(lambda: self.children(2), "host and engine")
        self.host, self.engine = (p.pid for p in found)
        equal((processes()[self.host].ppid, processes()[self.engine].ppid),
              (self.monitor, self.host), "parents")

    def children(self, count):
        found = descendants(self.monitor)
        return found if len(found) == count else None

    def all(self):
        return [self.keeper, self.monitor, self.host, self.engine]


def in_data(site, how="pair"):
    """A connection in the middle of DATA, and its processes."""
    client = site.connect(how)
    client.lhlo()
    client.start(PHONE, BOX)
    client.send(HALF)
    if how != "fifo":
        client.taken()
    return client, Tree(client)


def memory_holds(pid, needle):
    """Whether a process's memory has needle in it."""
    try:
        with open("/proc/%d/maps" % pid) as maps, \
                open("/proc/%d/mem" % pid, "rb", 0) as mem:
            for line in maps:
                span, mode = line.split()[:2]
                if mode[0] != "r" or "[v" in line:
                    continue
                lo, hi = (int(x, 16) for x in span.split("-"))
                try:
                    mem.seek(lo)
                    if needle in mem.read(hi - lo):
                        return True
                except (OSError, OverflowError):
                    continue
    except PermissionError:
        raise Skip("may not read /proc/PID/mem") from None
    return False


@case("four processes while a message comes in, all of the right user")
def _():
    with Site() as site:
        client, tree = in_data(site)
        with client:
            equal(len(descendants(tree.keeper)), 3, "descendants")
            uid, gid = SERVER_USER.pw_uid, SERVER_USER.pw_gid
            for pid in tree.all():
                equal(status(pid, "Uid").split(), [str(uid)] * 4, "uids")
                equal(status(pid, "Gid").split(), [str(gid)] * 4, "gids")
                if ROOT:
                    check(status(pid, "Groups") in ("", str(gid)), "groups")
                    equal(int(status(pid, "CapEff"), 16), 0, "capabilities")
                    equal(int(status(pid, "CapPrm"), 16), 0, "capabilities")
            client.send(b".\r\n")
            equal(client.replies(2), ["250 2.0.0"] * 2, "final")
            client.quit()


@case("while a backend runs there is no engine")
def _():
    with Site(backend=SLEEPER) as site:
        client, tree = in_data(site)
        client.send(b".\r\n")
        wait_for(lambda: site.note("pid"), "the backend")
        check(not alive(tree.engine), "the engine of the ended transaction")
        for pid in descendants(tree.monitor):
            equal(status(pid.pid, "Uid").split(),
                  [str(SERVER_USER.pw_uid)] * 4, "uid of " + pid.name)
        client.close()
        os.kill(tree.monitor, signal.SIGKILL)


@case("each transaction has an engine of its own; host and monitor stay")
def _():
    with Site() as site, site.connect() as client:
        client.lhlo()
        seen = []
        for _ in range(3):
            client.start(PHONE)
            client.send(HALF)
            client.taken()
            seen.append(Tree(client))
            client.send(b".\r\n")
            equal(client.reply(), "250 2.0.0", "final")
        equal(len({t.engine for t in seen}), 3, "engines")
        equal(len({t.host for t in seen}), 1, "hosts")
        client.quit()


@case("the configuration's secrets are in the monitor alone")
def _():
    with Site(WITH_SECRET) as site:
        client, tree = in_data(site)
        with client:
            needle = SECRET.encode()
            check(memory_holds(tree.monitor, needle), "the scan is blind")
            check(not memory_holds(tree.keeper, needle), "keeper knows it")
            check(not memory_holds(tree.host, needle), "host knows it")
            check(not memory_holds(tree.engine, needle), "engine knows it")
            client.send(b".\r\n")
            equal(client.replies(2), ["250 2.0.0"] * 2, "final")
            # The host of a second message, too.
            client.start(PHONE)
            client.send(HALF)
            tree = Tree(client)
            check(not memory_holds(tree.engine, needle), "second engine")
            check(not memory_holds(tree.host, needle), "host, later")
        equal(len(site.runs()), 2, "runs")


@table("what an engine holds, over {0}", [("pair",), ("tcp",), ("fifo",)])
def _(how):
    need_root()
    with Site() as site:
        client, tree = in_data(site, how)
        with client:
            held = descriptors(tree.engine)
            spool = [(path, flags) for path, flags in held.values()
                     if path.startswith(site.state)]
            equal(len(spool), 1, "spool descriptors in %r" % (held,))
            path, flags = spool[0]
            equal(flags & os.O_ACCMODE, os.O_WRONLY, "spool access")
            check(flags & os.O_APPEND, "spool is not append-only")
            match(r"\(deleted\)$", path, "spool has a name")
            for fd, (path, flags) in held.items():
                if path.startswith("/dev/null") or path.startswith(site.state):
                    continue
                match(r"^(socket|pipe):|/fifo", path, "fd %d" % fd)
                check(not path.startswith(site.log_path), "holds the log")
                if "/fifo" in path:
                    equal(flags & os.O_ACCMODE, os.O_RDONLY,
                          "the client's FIFO")
            ends = [path for path, _ in held.values()
                    if re.match(r"socket:|pipe:|.*/fifo", path)]
            equal(len(ends), 2, "client and channel in %r" % (held,))
            host = descriptors(tree.host)
            check(not [p for p, _ in host.values()
                       if p.startswith(site.state)], "host has the spool")


@case("the spool has no name, and nothing is in the state dir meanwhile")
def _():
    with Site() as site:
        client, _ = in_data(site)
        with client:
            equal(site.state_files(), [], "files in mid DATA")
            client.send(b".\r\n")
            equal(client.replies(2), ["250 2.0.0"] * 2, "final")
            client.quit()


# -- killing them ------------------------------------------------------------

@table("{0} killed in mid DATA: 4xx or a close, and no backend", [
    ("engine",), ("host",), ("monitor",), ("keeper",)])
def _(which):
    with Site() as site:
        client, tree = in_data(site)
        with client:
            victim = getattr(tree, which)
            os.kill(victim, signal.SIGKILL)
            # its children hear of it as it ends, not as it is killed
            wait_for(lambda: not alive(victim), "its end")
            client.send(b"more\r\n.\r\n" + commands("QUIT"))
            got = client.rest()
            for reply in got[:-1] if "221 2.0.0" in got else got:
                match(r"^4\d\d 4\.", reply, "replies %r" % (got,))
            if which == "engine":
                check(got, "no reply at all")
        wait_for(lambda: not any(map(alive, tree.all())), "the end", 3)
        equal(site.runs(), [], "runs")
        equal(site.state_files(), [], "left in the state dir")


@case("the engine stopped for good: idle-timeout ends it")
def _():
    with Site({"idle-timeout": 1}) as site:
        client, tree = in_data(site)
        with client:
            os.kill(tree.engine, signal.SIGSTOP)
            client.send(b"more\r\n.\r\n")
            started = time.monotonic()
            for reply in client.rest():
                match(r"^4\d\d 4\.", reply)
            check(time.monotonic() - started < 6, "took too long")
        equal(site.runs(), [], "runs")


@case("the monitor killed while a backend runs: nothing survives")
def _():
    with Site(backend=SLEEPER) as site:
        client, tree = in_data(site)
        with client:
            client.send(b".\r\n")
            pid = int(wait_for(lambda: site.note("pid"), "the backend"))
            os.kill(tree.monitor, signal.SIGKILL)
            equal(client.rest(), [], "replies")
        wait_for(lambda: not alive(pid), "the backend's end", 3)
        wait_for(lambda: not any(map(alive, tree.all())), "the end", 3)


@case("SIGTERM to the monitor: no backend survives, no 250 is said")
def _():
    with Site(backend=SCRIPT) as site:
        client, tree = in_data(site)
        with client:
            client.send(b".\r\n")
            pid = int(wait_for(lambda: site.note("pid"), "the backend"))
            os.kill(tree.monitor, signal.SIGTERM)
            for reply in client.rest():
                match(r"^4\d\d 4\.", reply)
        wait_for(lambda: not alive(pid), "the backend's end", 3)


@case("the host killed between messages: the connection ends, nothing lost")
def _():
    with Site() as site:
        client, tree = in_data(site)
        with client:
            client.send(b".\r\n")
            equal(client.replies(2), ["250 2.0.0"] * 2, "final")
            os.kill(tree.host, signal.SIGKILL)
            client.send(commands("MAIL FROM:<%s>" % ALICE))
            got = client.rest()
            match(r"^421 4\.", got[-1])
            check(got[:-1] in ([], ["250 2.1.0"]), "replies: %r" % (got,))
        equal(len(site.runs()), 2, "runs")


@case("a client that has gone before its backend would run: not delivered")
def _():
    with Site() as site:
        client, tree = in_data(site)
        with client:
            os.kill(tree.monitor, signal.SIGSTOP)
            client.send(b".\r\n")
            client.taken()
            client.close()
            os.kill(tree.monitor, signal.SIGCONT)
            client.gone()
        equal(site.runs(), [], "runs: it will be sent again")
        equal([line.verdict for line in site.lines()], ["deferred"] * 2, "log")


# -- start -------------------------------------------------------------------

@case("fds 0, 1 and 2 all one socket: only LMTP reaches the client, with -d")
def _():
    with Site() as site:
        got = site.talk(session(PHONE, "x@nowhere.example", BOX), "spawn")
        equal(got, ["220", "250", "250 2.1.0", "250 2.1.5", "550 5.1.1",
                    "250 2.1.5", "354", "250 2.0.0", "250 2.0.0",
                    "221 2.0.0"], "replies")
        equal(site.log(), "", "the log's file")


@case("fds 0, 1 and 2 all one socket and a broken configuration")
def _():
    with Site(text="nonsense {\n") as site:
        equal(site.talk(b"QUIT\r\n", "spawn"), ["421 4.3.5"], "replies")


@case("a backend's chatter does not reach a client on fds 0 to 2")
def _():
    text = "#!/bin/sh\necho chatter\necho chatter >&2\nexit 0\n"
    with Site(backend=text) as site:
        equal(site.talk(session(PHONE), "spawn")[-2:],
              ["250 2.0.0", "221 2.0.0"], "replies")


@case("started as root with no such user: 421")
def _():
    need_root()
    with Site(user="no-such-user") as site:
        got = site.talk(b"QUIT\r\n")
        equal(len(got), 1, "replies")
        match(r"^421 4\.3\.", got[0])
        match("no-such-user", site.log())


@case("-u root is no way to stay root")
def _():
    need_root()
    with Site(user="root") as site:
        got = site.talk(b"QUIT\r\n")
        equal(len(got), 1, "replies")
        match(r"^421 4\.3\.", got[0])


@case("started without a descriptor 2")
def _():
    with Site() as site:
        site.wrapper = ["sh", "-c", 'exec 2>&- && exec "$0" "$@"']
        equal(site.talk(session(PHONE, BOX))[-3:],
              ["250 2.0.0", "250 2.0.0", "221 2.0.0"], "replies")
        equal(len(site.runs()), 2, "runs")


@case("the caller's descriptors do not reach backends")
def _():
    text = "#!/bin/sh\nls /proc/self/fd >RECORDS/fds\n"
    with Site(backend=text) as site:
        site.wrapper = ["sh", "-c", 'exec 7<&0 9<&0 && exec "$0" "$@"']
        equal(site.verdict(), "250 2.0.0", "verdict")
        fds = set(site.note("fds").split())
        check(not fds & {"7", "9"}, "descriptors: %r" % (fds,))


@case("signals ignored by the caller are not ignored in the backend")
def _():
    text = "#!/bin/sh\ngrep SigIgn /proc/self/status >RECORDS/ign\n"
    with Site(backend=text) as site:
        site.wrapper = ["sh", "-c", "trap '' TERM INT HUP PIPE CHLD; "
                        'exec "$0" "$@"']
        equal(site.verdict(), "250 2.0.0", "verdict")
        ignored = int(site.note("ign").split()[1], 16) & ~GLIBC_SIGNALS
        equal(ignored, 0, "signals ignored")


run()
