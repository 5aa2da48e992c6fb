#!/usr/bin/python3
"""Other people's LMTP clients against the real lmtpd: nodemailer, msmtp, swaks,
cyrus' lmtptest and Postfix's smtp-source.  Each for a message that is taken,
refused and deferred, and for recipients of which each has its own reply."""

import collections
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")
from lmtptest import ALICE, BOX, Site
from taptest import PATIENCE, case, check, equal, match, run, table, wait_for

SERVE = os.environ.get("SERVE", HERE + "/../../build/tests/rig/serve")
RIG = HERE + "/../rig/"
STRANGER = "mallory@stranger.example"
SOFT, HARD = "exit75@box.example.net", "exit69@box.example.net"
NOBODY = "desk@elsewhere.example.net"
MIXED = [BOX, SOFT, NOBODY, HARD, "two@box.example.net"]
MESSAGE = """\
X-First: yes
From: Alice <alice@example.com>
To: The gateway <desk@box.example.net>
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=
Date: Thu, 01 Jan 2026 00:00:00 +0000
Message-ID: <1@example.com>

the first line
.a dot
..two dots
.

Grüße
QUIT

the last line
""".encode()


class Served(Site):
    """A site whose lmtpd listens, as systemd's would: on a unix socket, or on
    a port of loopback.  Its clients write to DIR."""

    def __init__(self, changes=None, port=None):
        super().__init__(changes)
        self.port, self.socket = port, self.dir + "/sock"
        self.file = self._write("message", MESSAGE)
        # for clients that add the last line end themselves
        self.open_file = self._write("open-message", MESSAGE[:-1])

    def _write(self, name, data):
        with open(self.dir + "/" + name, "wb") as f:
            f.write(data)
        return f.name

    def __enter__(self):
        super().__enter__()
        where = ["-p", str(self.port)] if self.port else ["-u", self.socket]
        with open(self.log_path, "ab") as log:
            self.server = subprocess.Popen(
                [SERVE, *where, *self.command()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": "/usr/bin:/bin",
                     "LMTPD_LIBEXECDIR": self.libexec})
        wait_for(self.listens, "the server")
        return self

    def __exit__(self, *exception):
        self.server.terminate()
        self.server.wait()
        return super().__exit__(*exception)

    def listens(self):
        if not self.port:
            return os.path.exists(self.socket)
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def client(self, *command, **options):
        """Run a client to its end."""
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE * 6, cwd=self.dir, **options)
        return done.returncode, done.stdout.decode(errors="replace")

    def kept(self, end=b""):
        """Whom the backend has taken a message for; each is whole, and has
        that end more."""
        taken = [r for r in self.runs() if not r.args[0].startswith("exit")]
        for one in taken:
            check(one.stdin.endswith(b"\n" + MESSAGE + end),
                  "the message is not as it was sent: %r" % one.stdin)
        return sorted(one.args[1] for one in taken)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


# -- nodemailer ---------------------------------------------------------------

def nodemailer(site, sender, *to):
    rc, out = site.client("node", HERE + "/send.js", site.socket, site.file,
                          sender, *to, env={**os.environ,
                                            "NODE_PATH": "/usr/share/nodejs"})
    equal(rc, 0, "node's exit code, and it said: " + out)
    return json.loads(out)


@case("nodemailer: a message is taken, whole")
def _():
    with Served() as site:
        equal(nodemailer(site, ALICE, BOX),
              {"accepted": [BOX], "rejected": [], "said": {}})
        equal(site.kept(), [BOX])


@table("nodemailer: a message is {0}", [
    ("refused", STRANGER, BOX, "not-registered"),
    ("deferred", ALICE, SOFT, "backend-failed"),
    ("refused by the gateway", ALICE, HARD, "backend-unavailable")])
def _(_name, sender, to, reason):
    with Served() as site:
        result = nodemailer(site, sender, to)
        equal((result["accepted"], result["rejected"]), ([], [to]))
        equal(site.the_line().fields["reason"], reason)
        equal(site.kept(), [])


@case("nodemailer: recipients have each their own reply")
def _():
    with Served() as site:
        result = nodemailer(site, ALICE, *MIXED)
        equal(result["accepted"], [MIXED[0], MIXED[4]])
        equal({who: said[:9] for who, said in result["said"].items()},
              {NOBODY: "550 5.1.1", SOFT: "451 4.3.0", HARD: "554 5.3.0"})
        equal(site.kept(), [MIXED[0], MIXED[4]])


@case("nodemailer: UTF-8 addresses")
def _():
    with Served({("account", "acme"): {
            ("domain", "example.com"): {"security": ["none"]}}}) as site:
        to = "größe@box.example.net"
        equal(nodemailer(site, "jürg@example.com", to)["accepted"], [to])
        equal(site.kept(), [to])


# -- msmtp --------------------------------------------------------------------

def msmtp(site, sender, *to):
    with open(site.file, "rb") as f:
        return site.client("msmtp", "--file=/dev/null", "--protocol=lmtp",
                           "--host=localhost", "--port=24",
                           "--socket=" + site.socket,
                           "--from=" + sender, "--", *to, stdin=f)


@case("msmtp: a message is taken, whole")
def _():
    with Served() as site:
        equal(msmtp(site, ALICE, BOX), (0, ""))
        equal(site.kept(), [BOX])


# Its exit code is no guide: 65 for what RCPT refuses, and 69, "unavailable",
# for all that comes after the message, even 451.
@table("msmtp: a message is {0}", [
    ("refused", STRANGER, BOX, r"550 5\.7\.1 ", 65),
    ("deferred", ALICE, SOFT, r"451 4\.3\.0 ", 69),
    ("refused by the gateway", ALICE, HARD, r"554 5\.3\.0 ", 69)])
def _(_name, sender, to, reply, code):
    with Served() as site:
        rc, out = msmtp(site, sender, to)
        match(reply, out)
        equal(rc, code, "exit code; it said: " + out)
        equal(site.kept(), [])


@case("msmtp: recipients have each their own reply")
def _():
    with Served() as site:
        rc, out = msmtp(site, ALICE, BOX, SOFT, HARD, MIXED[4])
        equal(re.findall(r"LMTP server message: (.{9}) <(\S+)>", out),
              [("451 4.3.0", SOFT), ("554 5.3.0", HARD)])
        equal(rc, 69)
        equal(site.kept(), [MIXED[0], MIXED[4]])


@case("msmtp: one recipient who is refused at RCPT, and it sends to none")
def _():
    with Served() as site:
        rc, out = msmtp(site, ALICE, *MIXED)
        match("server message: 550 5.1.1 <" + NOBODY, out)
        equal((rc, site.kept()), (65, []))


@case("msmtp: by TCP")
def _():
    with Served(port=free_port()) as site:
        with open(site.file, "rb") as f:
            equal(site.client("msmtp", "--file=/dev/null", "--protocol=lmtp",
                              "--host=127.0.0.1", "--port=%d" % site.port,
                              "--from=" + ALICE, "--", BOX, stdin=f), (0, ""))
        equal(site.kept(), [BOX])


# -- swaks --------------------------------------------------------------------

def swaks(site, sender, *to, options=("--pipeline",)):
    return site.client("swaks", "--protocol", "LMTP", "--socket", site.socket,
                       "--from", sender, "--to", ",".join(to),
                       "--data", "@" + site.open_file, *options)


@table("swaks: a message is taken, whole, {0}", [
    ("pipelined", ["--pipeline"]), ("step by step", [])])
def _(_name, options):
    with Served() as site:
        rc, out = swaks(site, ALICE, BOX, options=options)
        equal(rc, 0, "exit code; it said: " + out)
        match(r"<-  250 2\.0\.0 <desk@.*delivered, id ", out)
        equal(site.kept(), [BOX])


@table("swaks: a message is {0}", [
    ("refused", STRANGER, BOX, r"550 5\.7\.1 ", 24),
    ("deferred", ALICE, SOFT, r"451 4\.3\.0 ", 26),
    ("refused by the gateway", ALICE, HARD, r"554 5\.3\.0 ", 26)])
def _(_name, sender, to, reply, code):
    with Served() as site:
        rc, out = swaks(site, sender, to)
        match(r"<\*\* +" + reply, out)
        equal(rc, code, "exit code; it said: " + out)
        equal(site.kept(), [])


@case("swaks: recipients have each their own reply")
def _():
    with Served() as site:
        _rc, out = swaks(site, ALICE, *MIXED)
        equal(re.findall(r"^<.. *(\d+ \d\.\d\.\d) <(\w+@[\w.]+)>", out, re.M),
              [("250 2.1.5", MIXED[0]), ("250 2.1.5", MIXED[1]),
               ("550 5.1.1", MIXED[2]), ("250 2.1.5", MIXED[3]),
               ("250 2.1.5", MIXED[4]), ("250 2.0.0", MIXED[0]),
               ("451 4.3.0", MIXED[1]), ("554 5.3.0", MIXED[3]),
               ("250 2.0.0", MIXED[4])])
        equal(site.kept(), [MIXED[0], MIXED[4]])


# -- cyrus' lmtptest ----------------------------------------------------------

@contextlib.contextmanager
def unpacked(*command):
    """A directory with Debian packages that are not installed: a rig's command
    puts them into its first argument."""
    rig, word, *packages = command
    with tempfile.TemporaryDirectory(prefix="clients.") as directory:
        subprocess.run([RIG + rig, word, directory, *packages],
                       check=True, stdout=subprocess.DEVNULL)
        yield directory


def lmtptest(site, sender, *to):
    """It has no AUTH to do, hands over what it reads, and says QUIT.  What it
    prints of all that."""
    lines = ["MAIL FROM:<%s>" % sender, *("RCPT TO:<%s>" % t for t in to),
             "DATA", *re.sub(r"(?m)^\.", "..", MESSAGE.decode()).split("\n")]
    with unpacked("machine", "unpack", "cyrus-clients", "cyrus-common") as root:
        rc, out = site.client(
            root + "/usr/lib/cyrus/bin/lmtptest", "-p", str(site.port),
            "127.0.0.1", input="\r\n".join(lines[:-1] + [".", ""]).encode(),
            env={"LD_LIBRARY_PATH": root + "/usr/lib/x86_64-linux-gnu"})
    equal(rc, 0, "exit code; it said: " + out)
    return re.findall(r"^(\d{3} \d\.\d\.\d)(?: <(\S+)>)?", out, re.M)


@table("lmtptest: {0}", [
    ("a message is taken, whole", ALICE, [BOX],
     [("250 2.1.0", ""), ("250 2.1.5", BOX), ("250 2.0.0", BOX)], [BOX]),
    ("a message is refused", STRANGER, [BOX],
     [("250 2.1.0", ""), ("550 5.7.1", BOX), ("503 5.5.1", "")], []),
    ("a message is deferred", ALICE, [SOFT],
     [("250 2.1.0", ""), ("250 2.1.5", SOFT), ("451 4.3.0", SOFT)], []),
    ("recipients have each their own reply", ALICE, MIXED,
     [("250 2.1.0", ""), ("250 2.1.5", MIXED[0]), ("250 2.1.5", SOFT),
      ("550 5.1.1", NOBODY), ("250 2.1.5", HARD), ("250 2.1.5", MIXED[4]),
      ("250 2.0.0", MIXED[0]), ("451 4.3.0", SOFT), ("554 5.3.0", HARD),
      ("250 2.0.0", MIXED[4])], [MIXED[0], MIXED[4]])])
def _(_name, sender, to, replies, kept):
    with Served(port=free_port()) as site:
        equal(lmtptest(site, sender, *to)[:len(replies)], replies)
        equal(site.kept(), kept)


# -- smtp-source --------------------------------------------------------------

THREE = [BOX, "2" + BOX, "3" + BOX]     # what "-r 3" makes of it


def smtp_source(site, sender, to, *options):
    with unpacked("postfix", "client") as root:
        return site.client(
            root + "/usr/sbin/smtp-source", "-L", "-f", sender, "-t", to,
            *options, "unix:" + site.socket,
            env={"LD_LIBRARY_PATH": root + "/usr/lib/postfix"})


@case("smtp-source: a message to three is taken, whole, by each")
def _():
    with Served() as site:
        equal(smtp_source(site, ALICE, BOX, "-r", "3", "-F", site.file),
              (0, ""))
        equal(site.kept(end=b"\n"), sorted(THREE))


@table("smtp-source: 60 messages to three in four sessions, {0}", [
    ("a connection each", []), ("of one connection", ["-d"])])
def _(_name, options):
    with Served() as site:
        equal(smtp_source(site, ALICE, BOX, "-s", "4", "-m", "60", "-r", "3",
                          "-l", "5000", *options), (0, ""))
        equal(collections.Counter(r.args[1] for r in site.runs()),
              {name: 60 for name in THREE})
        ids = {re.search(rb"(?mi)^message-id: *(\S+)$", r.stdin)[1]
               for r in site.runs()}
        equal(len(ids), 60, "messages")


@table("smtp-source: a message is {0}", [
    ("refused", STRANGER, BOX, r"550 5\.7\.1 "),
    ("deferred", ALICE, SOFT, r"451 4\.3\.0 "),
    ("refused by the gateway", ALICE, HARD, r"554 5\.3\.0 ")])
def _(_name, sender, to, reply):
    with Served() as site:
        rc, out = smtp_source(site, sender, to)
        match(reply, out)
        equal((rc, site.kept()), (1, []))


run()
