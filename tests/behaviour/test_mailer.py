#!/usr/bin/python3
"""Our mail through a mailer that people have: msmtp, and a server."""

import os
import re
import shutil
import subprocess
import tempfile

from smtpserver import SmtpServer
from taptest import Skip, case, equal, match, run

HERE = os.path.dirname(os.path.abspath(__file__))
ANNOUNCE = os.environ.get("ANNOUNCE",
                          HERE + "/../../build/tests/rig/announce")
MSMTP = "/usr/bin/msmtp"


class Rig:
    """Users to be told through msmtp."""

    def __init__(self, *users):
        if not os.access(MSMTP, os.X_OK):
            raise Skip("no msmtp")
        self.state = tempfile.mkdtemp(prefix="mailertest.")
        self.quiet = os.pipe()
        self.do("table", *users)
        self.do("add", *users)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in self.quiet:
            os.close(end)
        shutil.rmtree(self.state)

    def do(self, word, *args):
        return subprocess.run([ANNOUNCE, word, self.state, "staff", *args],
                              stdin=self.quiet[0], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)

    def tell(self, port, *words):
        """By the words of man lmtpd.conf, but for the port."""
        return self.do("run", MSMTP, "--host=127.0.0.1", "--port=%d" % port,
                       *words, "--read-recipients")

    def left(self):
        return int(self.do("left").stdout)


@case("the null sender, the recipient, the text as it was written")
def _():
    with SmtpServer() as server, Rig("a@x.example") as rig:
        done = rig.tell(server.port, "--from=%f")
        equal((done.returncode, done.stderr), (0, ""), "run")
        equal(len(server.mails), 1, "mails")
        mail = server.mails[0]
        equal(mail.sender, "<>", "sender")
        equal(mail.recipients, ["<a@x.example>"], "recipients")
        match(r'(?m)^From: "lmtpd" <lmtpd@gw\.example\.net>$', mail.text)
        match(r"(?m)^To: a@x\.example$", mail.text)
        match(r"(?m)^Auto-Submitted: auto-generated$", mail.text)
        for field in "Date", "Message-ID", "From", "To", "Subject":
            equal(len(re.findall("(?m)^%s: " % field, mail.text)), 1, field)
        match(r"\n\nu\n\n$", mail.text)


@case("the same where the null sender is a word of its own")
def _():
    with SmtpServer() as server, Rig("a@x.example") as rig:
        equal(rig.tell(server.port, "-f", "%f").returncode, 0, "run")
        equal([m.sender for m in server.mails], ["<>"], "senders")


@case("an address that the server refuses stays, the others are told")
def _():
    with SmtpServer() as server:
        with Rig("refused@x.example", "b@x.example") as rig:
            done = rig.tell(server.port, "--from=%f")
            equal(done.returncode, 1, "exit status")
            match(r"mailer: .*nobody of that name", done.stderr)
            match(r"refused@x\.example was not told", done.stderr)
            equal([m.recipients for m in server.mails], [["<b@x.example>"]],
                  "recipients")
            equal(rig.left(), 1, "left")


@case("without a server nobody is told, and nobody is lost")
def _():
    with SmtpServer() as server:
        port = server.port
    with Rig("a@x.example", "b@x.example") as rig:
        done = rig.tell(port, "--from=%f")
        equal(done.returncode, 1, "exit status")
        match(r"mailer: exit status \d+: it did not take", done.stderr)
        equal(rig.left(), 2, "left")
        with SmtpServer() as server:
            equal(rig.tell(server.port, "--from=%f").returncode, 0, "run")
            equal(len(server.mails), 2, "mails")


run()
