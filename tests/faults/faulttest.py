"""Faults on demand, and what holds whatever fails: one delivery that meets one
fault, looked at from outside (the client's replies, what the backend got, what
is left), and then the same mail again, undisturbed."""

import atexit
import collections
import contextlib
import ctypes
import multiprocessing
import os
import re
import signal
import time

from scenes import (BODY, KEY, NETNS, READABLE, SPF_ZONE, TOOLS, WHOLE,
                    FaultSite, scenario)        # and paths to what follows
import taptest
from lmtpclient import commands, wire
from proctest import PR_SET_CHILD_SUBREAPER, descendants
from spftest import Server, name_servers
from taptest import Skip, check, comment, equal

WORKERS = 2
BOUND = 15              # seconds for a reply, well below any limit of lmtpd's
GONE = 10               # for the last process to be gone, behind the client
CRASHES = 8             # of glibc and libconfuse, where memory runs out
ROUNDS = 3              # for a fault whose call is not always made
GIVE_UP = 20            # faults of a case that are not survived
OWNER = os.getpid()
taptest.CASE_SECONDS = 900      # a case is hundreds of deliveries


# -- a conversation, and the last word on each recipient as an MTA takes it --

def converse(client, mails):
    """For each mail a dict: recipient to reply, or None where the connection
    ended before."""
    verdicts = []
    first = [client.reply(BOUND)]           # the greeting
    alive = client.greeted = first[0] == "220"
    for number, mail in enumerate(mails):
        last = number + 1 == len(mails)
        verdicts.append(dict.fromkeys(mail.rights))
        if alive:
            alive = transact(client, mail, number == 0, last, verdicts[-1],
                             first)
    for reply in filter(None, first):
        check(reply[0] in "24", "5xx: %r" % reply.lines)
    return verdicts


def transact(client, mail, begin, last, verdicts, others):
    """One mail; False: the connection has ended.  Replies that are no
    recipient's go to others."""
    lines = ["LHLO client.example"] if begin else []
    lines += [mail.forward] if mail.forward else []
    lines += ["MAIL FROM:<%s>" % mail.sender]
    client.send(commands(*lines, *["RCPT TO:<%s>" % r for r in mail.rights],
                         "DATA"))
    for who in [None] * len(lines) + list(mail.rights):
        reply = client.reply(BOUND)
        if reply is None or reply.startswith("421"):
            return False
        if who is None:
            others.append(reply)
        elif reply[0] != "2":
            verdicts[who] = reply
    waiting = [r for r in mail.rights if verdicts[r] is None]
    data = client.reply(BOUND)
    if data is None or data.startswith("421"):
        return False
    if data == "354":
        return send_message(client, mail, last, waiting, verdicts)
    verdicts.update((recipient, data) for recipient in waiting)
    client.send(commands("RSET"))
    return client.reply(BOUND) == "250 2.0.0"


def send_message(client, mail, last, waiting, verdicts):
    client.send(wire(mail.message) + (commands("QUIT") if last else b""))
    for recipient in waiting:
        reply = client.reply(BOUND)
        if reply is None or reply.startswith("421"):
            return False
        verdicts[recipient] = reply
    return True


ENDED = re.compile(r"ended by signal (?!%d\b)\d+" % signal.SIGKILL)
# How GLib gives up, and falls where it has no memory to say so.
ABORTED = re.compile(r"lmtptext [0-9a-f.]+: ended by signal (%d|%d|%d)\n" % (
    signal.SIGTRAP, signal.SIGABRT, signal.SIGSEGV))


def all_gone(child):
    """Reaps child and whatever is left of it: orphans come to this worker."""
    limit = time.monotonic() + GONE
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == child.pid:
                child.returncode = os.waitstatus_to_exitcode(status)
            elif pid == 0:
                check(time.monotonic() < limit,
                      "left behind: %r" % descendants(os.getpid()))
                time.sleep(0.0005)


def crash(log, child):
    """What ended by a signal that nobody sent, or None.  The exit status of a
    tracer is as a shell's."""
    found = ENDED.search(log)
    status = child.returncode
    own = -status if status < 0 else status - 128
    if found is None and own > 0 and own != signal.SIGKILL:
        return "signal %d" % own
    return found and found[0]


def deliver(site, mails=None):
    """All mails (those of the site's scenario) on one connection, up to the
    end of the last process.  A crash is forgiven, and noted, where the fault is
    in a loader, or nobody has been greeted: a library's start; and where
    lmtptext has no memory, for which GLib has no other answer."""
    before = len(site.log())
    client = site.connect()
    try:
        verdicts = converse(client, site.what.mails if mails is None else mails)
    finally:
        client.close()
    all_gone(client.child)
    log = site.log()[before:]
    if site.aborting:
        site.aborted |= bool(ABORTED.search(log))
        log = ABORTED.sub("", log)
    crashed = crash(log, client.child)
    check(not crashed or site.fragile or not client.greeted,
          "crashed: %s" % crashed)
    site.crashed |= bool(crashed)
    return verdicts


# -- what must hold ----------------------------------------------------------

PREPENDED = re.compile(
    rb"Return-Path: <[^>]*>\n"
    rb"Received: from client\.example\n\tby gw\.example\.net \(lmtpd\) with "
    rb"LMTP id [0-9a-f.]+;\n\t[^\n]+\n"
    rb"(Received-SPF: [a-z]+\n(\t[^\n]*\n)+)?")


def wants_run(right):
    return right in (WHOLE, BODY, READABLE)


def right_reply(right):
    return "250 2.0.0" if wants_run(right) else right


def each(what):
    """(number of the mail, mail, recipient, what is right for it)"""
    return [(n, mail, r, right) for n, mail in enumerate(what.mails)
            for r, right in mail.rights.items()]


def body_of(mail):
    return mail.message.split(b"\n\n", 1)[1]


def stdin_is_right(stdin, mail, right):
    if right == READABLE:
        return stdin == READABLE
    if right == BODY:
        return stdin == body_of(mail)
    front = PREPENDED.match(stdin)
    hidden = mail.message.replace(KEY.encode(), b"x" * len(KEY))
    return front is not None and stdin[front.end():] == hidden


def check_runs(site, runs):
    """None but for who may have it, and of nothing but the whole message."""
    for recipient, stdin in runs:
        check(any(stdin_is_right(stdin, mail, right)
                  for _, mail, r, right in each(site.what)
                  if r == recipient and wants_run(right)),
              "a backend got what nobody sent, for %s: %d bytes, %r" %
              (recipient, len(stdin), stdin[:500]))


def check_verdicts(site, verdicts, runs):
    """No false 250 and no 5xx of our own; how many were told delivered."""
    ran = collections.Counter(r for r, _ in runs)
    told = 0
    for n, _mail, recipient, right in each(site.what):
        got = verdicts[n][recipient]
        if got is None or got[0] == "4":
            continue
        equal(got, right_reply(right), "%s is told" % recipient)
        if wants_run(right):
            told += 1
            check(ran[recipient] > 0, "250 for %s without a run" % recipient)
            ran[recipient] -= 1
    return told


LEFT = re.compile(r"""tables/(staff\.cdb|\.staff\.cdb\.lock)
    | done/[0-9a-f]{2}/[0-9a-f]{32} | seen/\.tell
    | seen/acme/(\.count|\.tell|192\.0\.2\.7)
    | (rate|notices)/(acme|\.acme\.lock)""", re.X)


def check_state(site):
    """Nothing but documented files, once all has gone well again."""
    found = [os.path.relpath(p, site.state) for p in site.state_files()]
    if not site.what.notices:
        found = [p for p in found if p != "seen/acme/.untold"]
    strange = [p for p in found if not LEFT.fullmatch(p)]
    equal(strange, [], "files in state-dir")
    equal(sorted(set(os.listdir(site.dir)) -
                 {"state", "records", "log", "lmtpd.conf", "backend",
                  "trace", "nomem"}), [], "files beside it")
    for path in site.state_files():
        if "/done/" in path:
            check(os.path.getsize(path) > 0, "an empty claim")


def again(site, before):
    """The same mails, undisturbed: right for each, and none twice whose
    success was on disk."""
    done = site.remembered()
    wanted = sum(wants_run(right) for *_, right in each(site.what))
    check(done <= len(before), "%d remembered, %d ran" % (done, len(before)))
    site.wrapper, site.libexec = [], TOOLS + "/libexec"
    site.aborting = False
    verdicts = deliver(site)
    for n, _mail, recipient, right in each(site.what):
        equal(verdicts[n][recipient], right_reply(right), "the retry's reply")
    runs = site.files("run")
    check_runs(site, runs)
    equal(len(runs) - len(before), wanted - done, "runs of the retry, where "
          "%d were done" % done)
    check_state(site)
    check(len(site.files("mail")) >= site.what.notices, "nobody was told")


def one_delivery(site, fault):
    """With the fault, and then the next without."""
    verdicts = deliver(site)
    runs = site.files("run")
    check_runs(site, runs)
    told = check_verdicts(site, verdicts, runs)
    check(told <= site.remembered() or
          "cannot remember a delivery" in site.log(),
          "a 250 that is not on disk")
    fault.check(site, runs)
    again(site, runs)


Trial = collections.namedtuple(
    "Trial", "fault met seconds trouble crashed aborted log")


def trial(name, fault):
    started = time.monotonic()
    trouble = ""
    with FaultSite(scenario(name)) as site:
        fault.set(site)
        try:
            one_delivery(site, fault)
        except AssertionError as why:
            trouble = "%s\n%s" % (why, site.log()[-1500:])
            for p in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(p.pid, signal.SIGKILL)
        met = fault.hit(site)
        return Trial(fault, met, time.monotonic() - started, trouble,
                     site.crashed, site.aborted, site.log())


# -- many of them, two at a time ---------------------------------------------

def _worker(bad):
    global BAD
    BAD = bad
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def in_workers(function, jobs):
    """What it returns for each job, in no order.  In a worker alone a process
    that is left behind is told from a worker."""
    context = multiprocessing.get_context("fork")
    with context.Pool(WORKERS, _worker, [context.Value("i", 0)]) as pool:
        return list(pool.imap_unordered(function, jobs))


def attempt(job):
    """A trial, or None: what is that broken need not be tried to the end."""
    if BAD.value >= GIVE_UP:
        return None
    tried = trial(*job)
    with BAD.get_lock():
        BAD.value += bool(tried.trouble)
    return tried


BAD = None              # a worker's: how many were not survived
SERVER = None


def need(what):
    """lmtptext, where the scenario is about it; a name server, where it asks
    one: one for all cases."""
    global SERVER
    if what.text and not os.access(TOOLS + "/libexec/lmtptext", os.X_OK):
        raise Skip("built without lmtptext")
    if not what.dns:
        return
    if not NETNS:
        raise Skip("needs root")
    if SERVER is None:
        name_servers("nameserver 127.0.0.1")
        SERVER = Server()
        SERVER.serve(SPF_ZONE)


TALLY = collections.Counter()


def try_each(what, faults):
    """A trial of each fault; what meets none is repeated, for a poll(2) more
    or less is by chance."""
    done, left = [], list(faults)
    for _ in range(ROUNDS):
        trials = list(filter(None, in_workers(
            attempt, [(what.name, fault) for fault in left])))
        done += [t for t in trials if t.met or t.trouble]
        left = [t.fault for t in trials if not t.met and not t.trouble]
        if not left:
            break
    return done, left


def survive(what, faults):
    """Every fault; names those that were not survived."""
    need(what)
    check(faults, "there are none")
    trials, unmet = try_each(what, faults)
    bad = [t for t in trials if t.trouble]
    early = [str(t.fault) for t in trials if t.crashed]
    TALLY.update(tried=len(trials), survived=len(trials) - len(bad),
                 crashed=len(early), aborted=sum(t.aborted for t in trials))
    slow = max(trials, key=lambda t: t.seconds, default=None)
    comment("%d met, the slowest in %.1f s: %s" %
            (len(trials), slow.seconds, slow.fault) if slow else "none met")
    if unmet:
        comment("not met: " + "; ".join(map(str, unmet)))
    if early:
        comment("a library crashed at its start: " + "; ".join(early))
    check(not bad, "%d of %d not survived:\n%s\nall: %s" % (
        len(bad), len(trials),
        "\n".join("-- %s\n%s" % (t.fault, t.trouble) for t in bad[:5]),
        "; ".join(str(t.fault) for t in bad)))
    check(len(early) <= CRASHES, "lmtpd crashed")
    check(len(unmet) * 10 <= len(faults), "not met: %d of %d" %
          (len(unmet), len(faults)))


def tell_tally(kind):
    """At the end, of all cases."""
    def tell():
        if os.getpid() == OWNER:
            print("# figure: %s: %d tried, %d survived%s%s" % (
                kind, TALLY["tried"], TALLY["survived"],
                " (%d of them by a crash of a library at its start)" %
                TALLY["crashed"] if TALLY["crashed"] else "",
                " (%d by the end of lmtptext, which GLib aborts)" %
                TALLY["aborted"] if TALLY["aborted"] else ""), flush=True)
    atexit.register(tell)
