#!/usr/bin/python3
"""The keeper: the first process, that reads nothing, holds nothing, passes on
what it is told, and ends what a killed monitor leaves behind."""

import os
import signal

from lmtpclient import commands
from lmtptest import PHONE, Site, shell
from proctest import alive, descendants, descriptors
from taptest import case, check, equal, match, need_root, run, table, wait_for

TEMPFAIL, CONFIG = 75, 78       # of <sysexits.h>
NULL = ("/dev/null", os.O_RDWR)

# Leaves a daemon behind: a session of its own, and no parent.
BACKEND = shell("""
setsid sh -c 'sh -c "echo \\$\\$ >RECORDS/daemon; exec sleep 60" &'
echo $$ >RECORDS/pid
exec sleep 60
""")


def at_work(site):
    """A client whose backend runs, and the pids of that and its daemon."""
    client = site.connect()
    client.lhlo()
    client.start(PHONE)
    client.send(b"A: b\r\n\r\nc\r\n.\r\n")
    return client, [int(wait_for(lambda name=name: site.note(name).strip(),
                                 name)) for name in ("pid", "daemon")]


@table("the monitor is killed{0}: a backend ends, and the daemon it started", [
    ("",), (", and the keeper is told to stop",)])
def _(too):
    with Site(backend=BACKEND) as site:
        client, running = at_work(site)
        with client:
            family = [p.pid for p in descendants(client.keeper)]
            check(set(running) <= set(family), "below the keeper")
            os.kill(client.monitor, signal.SIGKILL)
            if too:
                os.kill(client.keeper, signal.SIGTERM)
            equal(client.rest(), [], "replies")
            equal(client.gone(), TEMPFAIL, "exit status")
            equal([p for p in family if alive(p)], [], "left behind")
        match("(?m)lmtpd: the monitor was ended by signal 9$", site.log())


@table("SIG{0} to the keeper tells the monitor", [
    ("TERM",), ("INT",), ("HUP",)])
def _(name):
    with Site() as site, site.connect() as client:
        client.lhlo()
        os.kill(client.keeper, getattr(signal, "SIG" + name))
        equal(client.rest(), ["421 4.3.2"], "replies")
        equal(client.gone(), 0, "exit status")


@case("the keeper is killed: the monitor stops as if it had been told to")
def _():
    with Site(backend=BACKEND) as site:
        client, running = at_work(site)
        with client:
            os.kill(client.keeper, signal.SIGKILL)
            equal(client.rest(), ["451 4.3.2", "421 4.3.2"], "replies")
            wait_for(lambda: not any(map(alive, running)), "their end")
        equal(site.the_line().verdict, "maybe-sent", "log")


@case("it holds nothing of the client's, and no file but -d's")
def _():
    need_root()
    with Site() as site, site.connect() as client:
        client.lhlo()
        # the monitor may greet before it lets go of the client
        wait_for(lambda: not [path for path, _ in descriptors(
            client.keeper).values() if path.startswith("socket:")], "no socket")
        held = {fd: (path, flags & os.O_ACCMODE)
                for fd, (path, flags) in descriptors(client.keeper).items()}
        equal([held[fd] for fd in range(3)], [NULL] * 3, "0 to 2")
        equal([path for fd, (path, _) in held.items() if fd > 2],
              [site.log_path], "beyond")
        client.quit()


@case("its exit status is the monitor's")
def _():
    with Site(text="nonsense {\n") as site, site.connect() as client:
        equal(client.rest(), ["421 4.3.5"], "reply")
        equal(client.gone(), CONFIG, "exit status")
    with Site() as site, site.connect() as client:
        client.send(commands("QUIT"))
        equal(client.rest(), ["220", "221 2.0.0"], "replies")
        equal(client.gone(), 0, "exit status")


run()
