#!/usr/bin/python3
"""The unit tests, and a delivery of each kind, under valgrind: no error, no
leak.  The sandbox is off: it permits nothing that valgrind needs.  The
resolver and the backends are programs of their own, and run without: the first
leaves itself less memory than valgrind takes, and ASan has seen it.  Needs
$srcdir, $builddir, and the programs built."""

import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import variant
import taptest
from taptest import Skip, case, check, comment, equal, need_root, run
from variant import BUILDDIR, HERE, JOBS, figure

taptest.PATIENCE = 60           # a process starts in a second, or more
LIBEXEC = os.environ.setdefault("LMTPD_LIBEXECDIR", BUILDDIR + "/lmtpd")
LMTPCTL = os.environ.setdefault("LMTPCTL", BUILDDIR + "/lmtpd/lmtpctl")
os.environ.setdefault("LMTPD", BUILDDIR + "/lmtpd/lmtpd")
sys.path.insert(0, HERE + "/../spf")
import lmtptest                                             # noqa: E402
import proctest                                             # noqa: E402
import spftest                                              # noqa: E402
from lmtpclient import ALICE, xforward                      # noqa: E402
from lmtptest import (BOX, GLIBC_SIGNALS, PHONE, Site, acme,  # noqa: E402
                      backend, merge)

if os.getuid() == 0:
    spftest.enter()             # a network where we are the name server

# It counts descriptors, of which a handle costs one more here.
LEFT_OUT = ["tests/unit/test_resolver"]
EXCUSED = {
    "test_mailer": [("none_or_a_missing_one",
                     "valgrind's vfork(2) shares no memory")],
}
if int(proctest.status(os.getpid(), "SigIgn"), 16) & GLIBC_SIGNALS:
    EXCUSED["test_mailer"].append(
        ("has_a_bare_world", "what make ignores of glibc's own signals, "
         "valgrind gives nobody back"))
MIB = 1024 * 1024
LOGS = tempfile.mkdtemp(prefix="valgrind.")
os.chmod(LOGS, 0o1777)
HELP = LOGS + "/help.so"
# glibc's loader reads words of a string that ends earlier, for a converter of
# iconv(3) that has an RPATH.
KNOWN = LOGS + "/known"
with open(KNOWN, "w") as known:
    known.write("{\nrpath\nMemcheck:Addr8\nfun:strncmp\nfun:is_dst\n}\n")
# Allocators of other libraries are none: HELP's mallopt(3) is called.
COMMAND = ["env", "LD_PRELOAD=" + HELP, "valgrind", "-q", "--vgdb=no",
           "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
           "--show-leak-kinds=definite,indirect", "--num-callers=20",
           "--suppressions=" + KNOWN,
           "--soname-synonyms=somalloc=libc.so.6", "--log-file=%s/%%p" % LOGS]
PROCESSES = 4                   # keeper, monitor, host, engine
OPEN = ["--no-sandbox"]


def reports():
    """What valgrind told, by process; read once."""
    found = []
    for path in glob.glob(LOGS + "/[0-9]*"):
        found.append(variant.read(path))
        os.unlink(path)
    return found


def clean(what, processes=1):
    """No process had an error, and so many were looked at."""
    found = reports()
    bad = [text for text in found if re.search(r"^==\d+== \S", text, re.M)]
    for text in bad[:3]:
        comment(text[:5000])
    check(not bad, "%s: %d processes with errors" % (what, len(bad)))
    check(len(found) >= processes, "%s: %d processes" % (what, len(found)))


def need_valgrind():
    if not shutil.which("valgrind"):
        raise Skip("no valgrind")


@case("valgrind has what it needs")
def _():
    need_valgrind()
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC",
                    "-pthread", "-o", HELP,
                    variant.SRCDIR + "/tests/build/valgrind_pidfd.c"],
                   check=True)


@case("valgrind sees what it is for")
def _():
    """A byte that was never written decides, and a leak."""
    need_valgrind()
    source, program = LOGS + "/bad.c", LOGS + "/bad"
    with open(source, "w") as f:
        f.write("#include <stdlib.h>\n"
                "int main(int n, char **v) { char *volatile p = malloc(8);\n"
                "(void)v; if (n == 1) { if (p[1] == 7) n = 3; free(p); }\n"
                "p = NULL; return 0; }\n")
    subprocess.run(["gcc", "-g", "-O0", "-o", program, source], check=True)
    for words, what in ([], "uninitialised"), (["x"], "definitely lost"):
        subprocess.run(COMMAND + [program] + words, check=True)
        found = reports()
        equal(len(found), 1, "logs")
        check(what in found[0], what)


# -- units -------------------------------------------------------------------

def unit(test):
    done = subprocess.run(
        ["sh", variant.SRCDIR + "/tests/unit/run", *COMMAND,
         BUILDDIR + "/" + test], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
        env={**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    return variant.Result(done.stdout)


@case("the unit tests are clean under valgrind")
def _():
    need_valgrind()
    started = time.monotonic()
    tests = [t for t in variant.unit_tests() if t not in LEFT_OUT]
    with concurrent.futures.ThreadPoolExecutor(int(JOBS[2:])) as pool:
        results = dict(zip(tests, pool.map(unit, tests)))
    figure("valgrind: %s of %d unit test programs of %d, in %.0f s"
           % (variant.count(results.values()), len(tests),
              len(variant.unit_tests()), time.monotonic() - started))
    clean("unit tests", len(tests))
    variant.judge_all(results, EXCUSED)


# -- deliveries --------------------------------------------------------------

def site(changes=None, **keys):
    need_valgrind()
    return Site(changes, wrapper=COMMAND, options=OPEN, **keys)


def deliver(changes=None, recipient=PHONE, want="250 2.0.0", runs=1,
            **session):
    with site(changes) as s:
        equal(s.verdict(recipient, **session), want, "verdict")
        equal(len(s.runs()), runs, "runs of the backend")
    clean("delivery", PROCESSES)


@case("a message that is accepted")
def _():
    deliver()


@case("a sender that nobody knows")
def _():
    deliver(sender="eve@example.net", want="550 5.7.1", runs=0)


@case("a recipient of no channel")
def _():
    deliver(recipient="no@where.example", want="550 5.1.1", runs=0)


@case("a backend that defers, and one that says more")
def _():
    deliver(backend(command=["BACKEND", "exit75"]), want="451 4.3.0")
    deliver(backend(command=["/bin/sh", "-c", "echo 5.1.1 gone >&2; exit 1"]),
            want="550 5.1.1", runs=0)


@case("a backend that hangs, with a child")
def _():
    deliver(backend(command=["/bin/sh", "-c", "sleep 60 & sleep 60"],
                    timeout=1), want="451 4.3.0", runs=0)


@case("a message of 1 MiB, and one that is too large")
def _():
    large = b"Subject: long\n\n" + (b"x" * 76 + b"\n") * (MIB // 77)
    deliver(message=large)
    deliver({"max-message-size": MIB // 2}, message=large, want="552 5.3.4",
            runs=0)


@case("a client that goes away in DATA")
def _():
    with site() as s:
        with s.connect() as client:
            client.lhlo()
            client.start(PHONE)
            client.send(b"Subject: cut\r\n")
        equal(s.runs(), [], "runs")
    clean("cut", PROCESSES)


KEYWORD = {("account", "acme"): {
    ("channel", "sms"): {"security-string": "hZavjjx5JT1Y2ff"}}}


@case("a security string that is missing, and one in the header")
def _():
    deliver(KEYWORD, want="550 5.7.1", runs=0)
    deliver(KEYWORD, message=b"X-Key: hZavjjx5JT1Y2ff\n\nHello\n")


@case("a keyword as one more recipient")
def _():
    with site(KEYWORD) as s:
        outcome = s.deliver(
            PHONE, "hZavjjx5JT1Y2ff@sms.example.net",
            message=b"Cc: hZavjjx5JT1Y2ff@sms.example.net\n\nHello\n")
        equal(outcome.verdicts, ["250 2.0.0"] * 2, "verdicts")
    clean("keyword", PROCESSES)


@case("many recipients of many messages: a rate, and what was delivered")
def _():
    queued = xforward(ADDR="192.0.2.7", IDENT="4XyZ1a2b3d")
    with site(acme(("email", ALICE, {"security": ["none"]}), rate="2/hour"),
              ) as s, s.connect() as client:
        client.lhlo()
        for _ in range(2):
            out = client.deliver(PHONE, BOX, "b" + BOX, forward=queued)
            equal(out.verdicts, ["250 2.0.0", "250 2.0.0", "451 4.7.1"],
                  "verdicts")
        client.quit()
        equal(len(s.runs()), 2, "runs of the backend")
    clean("two messages", PROCESSES)


@case("a new server's address, of which the account is told")
def _():
    changes = merge(acme(("email", ALICE, {"security": ["none"]}),
                         admin=["it@example.com"]),
                    {"mailer": ["/bin/sh", "-c", "cat >RECORDS/mail"]})
    with site(changes) as s:
        equal(s.verdict(forward=xforward(ADDR="192.0.2.7")), "250 2.0.0",
              "verdict")
        check("192.0.2.7" in s.note("mail"), "the mail")
        status, said = lmtpctl(s, "seen", "acme")
        check("192.0.2.7" in said, said)
    clean("notice", PROCESSES + 1)


@case("SPF, of which the resolver tells: pass, fail and none")
def _():
    need_root()
    spftest.name_servers("nameserver 127.0.0.1")
    server = spftest.Server()
    server.serve({"example.com": [{"TXT": "v=spf1 ip4:192.0.2.7 -all"}]})
    libexec = LOGS + "/libexec"
    os.mkdir(libexec)
    shutil.copy(LIBEXEC + "/lmtpd-resolver", libexec)
    changes = acme(("anyone", None, {"security": ["spf"]}))
    with site(changes, libexec=libexec) as s, s.connect() as client:
        client.lhlo()
        for sender, address, want in (
                (ALICE, "192.0.2.7", "250 2.0.0"),
                (ALICE, "192.0.2.8", "550 5.7.23"),
                ("a@example.net", "192.0.2.7", "550 5.7.1")):
            out = client.deliver(PHONE, sender=sender,
                                 forward=xforward(ADDR=address))
            equal(out.verdicts, [want], address)
            equal(client.say("RSET"), "250 2.0.0", "RSET")
        client.quit()
    clean("SPF", PROCESSES)


# -- lmtpctl -----------------------------------------------------------------

def lmtpctl(s, *words, stdin=b""):
    """Its status and its output."""
    done = subprocess.run([*COMMAND, LMTPCTL, "-f", s.conf, *words],
                          input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace")


@case("import, lookup, export, and a message of one in a users table")
def _():
    with site(acme(("users", "staff", {"security": ["none"]}))) as s:
        csv = s.dir + "/staff.csv"
        with open(csv, "w") as f:
            f.write("Email,Username\nalice@example.com,acme.alice\n"
                    "bob@example.com,acme.bob\n")
        os.chmod(csv, 0o644)
        status, said = lmtpctl(s, "import", "--yes", "staff", csv)
        equal(status, 0, said)
        status, said = lmtpctl(s, "lookup", "alice@example.com")
        check("staff" in said, said)
        status, said = lmtpctl(s, "export", "staff")
        check("acme.alice" in said, said)
        equal(s.verdict(PHONE), "250 2.0.0", "verdict")
    clean("users", PROCESSES + 3)


@case("explain, check, match, domain and sweep")
def _():
    with site(KEYWORD) as s:
        status, said = lmtpctl(
            s, "explain", "--client", "192.0.2.7", "--sender",
            "alice@example.com", "--recipient", PHONE,
            stdin=b"X-Key: hZavjjx5JT1Y2ff\n\nHello\n")
        equal(status, 0, said)
        status, said = lmtpctl(s, "check")
        check(status in (0, 1), said)
        for words in (["match", "a*c", "abc"], ["sweep"],
                      ["domain", "token", "example.com"], ["domain", "list"]):
            status, said = lmtpctl(s, *words)
            equal(status, 0, said)
    clean("lmtpctl", 6)


try:
    run()
finally:
    shutil.rmtree(LOGS, ignore_errors=True)
