#!/usr/bin/python3
"""New server addresses: one mail to the admin for each, whatever happens to
the mailer or to lmtpd, and never at the expense of the message."""

import collections
import glob
import os
import re
import shutil
import subprocess
import threading
import time

from lmtpclient import ALICE, xforward
from lmtptest import LMTPD, PHONE, Site, acme, merge
from proctest import alive
from taptest import (Skip, case, check, equal, match, need_root, run, table,
                     wait_for)

LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(LMTPD) + "/lmtpctl")
GOOD = "250 2.0.0"

# Keeps each mail in a file of its own, whole or not at all.
MAILER = """#!/bin/sh
cat >RECORDS/part.$$ && mv RECORDS/part.$$ RECORDS/mail.$$
"""


class NoticeSite(Site):
    def __init__(self, *sources, mailer=MAILER, account=None, **options):
        changes = merge(
            acme(*sources or [("email", ALICE, {"security": ["none"]})],
                 **{"admin": ["it@example.com"], **(account or {})}),
            {"mailer": ["DIR/mailer"]})
        super().__init__(changes, **options)
        self.script("mailer", mailer)

    def mails(self):
        found = []
        for path in sorted(glob.glob(self.records + "/mail.*"),
                           key=os.path.getmtime):
            with open(path) as f:
                found.append(f.read())
        return found

    def addresses(self):
        """Those that mails tell of, one by one."""
        return sorted(re.search("(?m)^    (?:Address|Provider): *(.*)$", m)[1]
                      for m in self.mails())

    def come_from(self, address, **options):
        got = self.deliver(PHONE, forward=xforward(ADDR=address), **options)
        return got.verdicts[0]

    def hurry_from(self, address):
        """The same, but whoever tells is not waited for."""
        client = self.connect()
        try:
            client.lhlo()
            got = client.deliver(PHONE, forward=xforward(ADDR=address))
            client.quit()
        finally:
            client.close()
        return got.verdicts[0]

    def settled(self):
        """Wait until no lmtpd is left that may still tell."""
        for child in self.children:
            child.wait()


def mailer(text):
    return "#!/bin/sh\n" + text + "\n"


HANGS = mailer("echo $$ >RECORDS/pid; exec sleep 300")


@case("P41 one mail for the first message, none for the second")
def _():
    with NoticeSite() as site:
        for _ in range(3):
            equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        equal(site.addresses(), ["192.0.2.7"], "told")
        mail = site.mails()[0]
        match("(?m)^To: it@example.com$", mail)
        match("(?m)^Auto-Submitted: auto-generated$", mail)
        match("(?m)^    Sender: +" + re.escape(ALICE) + "$", mail)
        match("(?m)^    Decision: +authorised$", mail)
        match("(?m)^    lmtpctl seen acme$", mail)
        match("(?m)^    When: +" + time.strftime("%Y-%m-%d", time.gmtime()),
              mail)
        match(r'security = \{"192\.0\.2\.7"\}', mail)


@case("P41 one for each address; IPv6 by /64")
def _():
    with NoticeSite() as site:
        for address in ("192.0.2.7", "192.0.2.8", "IPV6:2001:db8::7",
                        "IPV6:2001:db8::8", "IPV6:2001:db8:0:1::7"):
            equal(site.come_from(address), GOOD, "verdict")
        equal(site.addresses(), ["192.0.2.7", "192.0.2.8",
                                 "2001:db8:0:1::/64", "2001:db8::/64"],
              "told")


@case("a refused message of a registered sender counts, and says so")
def _():
    with NoticeSite(("email", ALICE, {"security": ["192.0.2.0/24"]})) as site:
        equal(site.come_from("198.51.100.7")[:3], "550", "verdict")
        mail = site.mails()[0]
        match("(?m)^    Decision: +refused: ", mail)
        match("if that is a server of\nthe account, add it", mail)
        check("security = {" not in mail, "a forger's address to be copied")


@table("P41 nobody is told of {0}", [
    ("a sender who is not registered", {"sender": "eve@example.org"}, {}),
    ("an account without an admin", {}, {"admin": []}),
    ("any with notices-per-hour = 0", {}, {"notices_per_hour": 0})])
def _(_name, session, account):
    with NoticeSite(account=account) as site:
        site.come_from("192.0.2.7", **session)
        equal(site.mails(), [], "mails")


# -- a mailer that does not do its work --------------------------------------

@table("a mailer that {0}: the message is delivered, the admin told later", [
    ("fails", "exit 75"), ("dies", "kill -9 $$"),
    ("writes much", "yes | head -c 1000000; exit 1")])
def _(_name, text):
    with NoticeSite(mailer=mailer(text)) as site:
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        check(len(site.log()) < 8000, "a log of %d bytes" % len(site.log()))
        match("mailer: ", site.log())
        site.script("mailer", MAILER)
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        equal(site.addresses(), ["192.0.2.7"], "told")


@case("a mailer that hangs does not delay a reply, nor the next message")
def _():
    with NoticeSite(mailer=HANGS) as site:
        started = time.monotonic()
        equal(site.hurry_from("192.0.2.7"), GOOD, "verdict")
        wait_for(lambda: site.note("pid").endswith("\n"), "the mailer")
        equal(site.come_from("192.0.2.8"), GOOD, "verdict")
        check(time.monotonic() - started < 5, "it took long")
        site.script("mailer", MAILER)
        site.children[0].terminate()
        site.settled()
        pid = int(site.note("pid"))
        wait_for(lambda: not alive(pid), "the mailer's end")
        match("lmtpd is told to stop", site.log())
        equal(site.come_from("192.0.2.9"), GOOD, "verdict")
        equal(site.addresses(), ["192.0.2.7", "192.0.2.8", "192.0.2.9"],
              "told")


@case("the client has its last reply, and is gone, before the mailer runs")
def _():
    with NoticeSite(mailer=mailer("date +%s.%N >RECORDS/began")) as site:
        with site.connect() as client:
            client.lhlo()
            client.deliver(PHONE, forward=xforward(ADDR="192.0.2.7"))
            time.sleep(0.3)
            quit_at = time.time()
            client.quit()
        check(float(site.note("began")) > quit_at, "it began before QUIT")


@case("no mailer: the message is delivered, the log says what is missing")
def _():
    with NoticeSite() as site:
        with open(site.conf) as f:
            text = f.read()
        site.write_conf(re.sub("(?m)^mailer = .*$", "", text))
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        match("no mailer is configured", site.log())


@case("a state directory that cannot be written: the log says so")
def _():
    with NoticeSite() as site:
        with open(site.state + "/seen", "w"):
            pass
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        equal(site.mails(), [], "mails")
        match("cannot note a new server address", site.log())


# -- many --------------------------------------------------------------------

@case("P41 thirty at once from one address: one mail")
def _():
    with NoticeSite() as site:
        verdicts = at_once(site, ["192.0.2.7"] * 30)
        equal(verdicts, [GOOD] * 30, "verdicts")
        equal(site.addresses(), ["192.0.2.7"], "told")


@case("thirty at once from thirty addresses: each is told once, none is left")
def _():
    everyone = sorted("192.0.2.%d" % i for i in range(1, 31))
    with NoticeSite(account={"notices_per_hour": 100}) as site:
        equal(at_once(site, everyone), [GOOD] * 30, "verdicts")
        equal(site.addresses(), everyone, "told")


@case("P41 a flood: as many mails as the hour has, the rest in one summary")
def _():
    with NoticeSite(account={"notices_per_hour": 3}) as site:
        for i in range(1, 9):
            site.come_from("192.0.2.%d" % i)
        equal(site.addresses(), ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
              "told")
        with open(site.state + "/notices/acme", "r+") as f:
            line = f.readline()
            f.seek(0)
            f.write("0" * (len(line) - 1))  # one place becomes free
        site.come_from("192.0.2.1")
        told = site.mails()
        equal(len(told), 4, "mails")
        equal(re.findall(r"(?m)^    (192\.0\.2\.\d) ", told[3]),
              ["192.0.2.%d" % i for i in range(4, 9)], "summary")


def at_once(site, addresses):
    verdicts = [None] * len(addresses)

    def deliver(i):
        verdicts[i] = site.come_from(addresses[i])

    threads = [threading.Thread(target=deliver, args=(i,))
               for i in range(len(addresses))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return verdicts


# -- killed ------------------------------------------------------------------

@case("lmtpd killed while the mailer runs: a later delivery tells")
def _():
    with NoticeSite(mailer=HANGS) as site:
        equal(site.hurry_from("192.0.2.7"), GOOD, "verdict")
        wait_for(lambda: site.note("pid").endswith("\n"), "the mailer")
        for child in site.children:
            child.kill()
        pid = int(site.note("pid"))
        wait_for(lambda: not alive(pid), "the mailer's end")
        site.script("mailer", MAILER)
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        equal(site.addresses(), ["192.0.2.7"], "told")


def sweep(site, wrapper=()):
    """lmtpctl sweep, which tells what is left to tell."""
    return subprocess.run([*wrapper, LMTPCTL, "-f", site.conf, "sweep"],
                          capture_output=True, text=True, timeout=60)


def calls(site):
    """The system calls of a telling, from its first: each by its name and
    which one of that name it is."""
    trace = site.dir + "/trace"
    done = sweep(site, ["strace", "-qq", "-o", trace])
    equal((done.returncode, done.stderr), (0, ""), "sweep")
    found, count, ours = [], collections.Counter(), False
    with open(trace) as f:
        for line in f:
            name = re.match(r"(\w+)\(", line)
            if name:
                count[name[1]] += 1
                ours = ours or "/seen/acme/" in line
                if ours and name[1] != "exit_group":
                    found.append((name[1], count[name[1]]))
    return found


def need_strace():
    if not shutil.which("strace"):
        raise Skip("no strace")
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"],
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise Skip("may not trace here")


@case("killed at each system call of a telling: told, and once but for one")
def _():
    need_root()
    need_strace()
    with NoticeSite(mailer=mailer("exit 75")) as site:
        equal(site.come_from("192.0.2.7"), GOOD, "verdict")
        site.script("mailer", MAILER)
        before = site.dir + "/before"
        subprocess.run(["cp", "-a", site.state, before], check=True)
        found = calls(site)
        check(len(found) > 40, "%d system calls are too few" % len(found))
        mails = collections.Counter()
        for call in found:
            site.forget()
            shutil.rmtree(site.state)
            subprocess.run(["cp", "-a", before, site.state], check=True)
            sweep(site, ["strace", "-qq", "-o", "/dev/null", "-e",
                         "trace=" + call[0], "-e",
                         "inject=%s:signal=KILL:when=%d" % call])
            for _ in range(2):
                equal(sweep(site).returncode, 0, "sweep after %s %d" % call)
            told = site.mails()
            mails[len(told)] += 1
            check(len(told) in (1, 2), "%d mails, killed at %s %d" %
                  (len(told), *call))
            ids = {re.search("(?m)^Message-ID: .*$", m)[0] for m in told}
            equal(len(ids), 1, "Message-IDs, killed at %s %d" % call)
        check(mails[1] > 100 and mails[2] < 30, "mails: %r" % mails)


run()
