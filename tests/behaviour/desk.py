"""Where the admin of the documentation's examples sits, who types them as they
stand.  For root, in a network of his own: spftest.enter() comes first."""

import os
import re
import shutil
import subprocess

import spftest
from lmtpclient import xforward
from lmtptest import LMTPD, PHONE, SERVER_USER, Site, acme
from taptest import equal
from terminal import Terminal

SRCDIR = os.environ.get("srcdir", os.path.dirname(os.path.abspath(__file__))
                        + "/../..")
MANUAL = SRCDIR + "/man/"
STAFF = ("Email,Username\nalice@example.com,acme.alice\n"
         "bob@example.com,acme.bob\n")
# Four segments, and neither a signature nor a reply
MESSAGE = ("Received: from mail.example.com (mail.example.com [192.0.2.77])\r\n"
           "\tby mx.example.net (Postfix) with ESMTP id 1;\r\n"
           "\tSun, 22 Nov 2026 00:00:00 +0000\r\n"
           "Subject: A long one\r\n\r\n" + "0123456789\r\n" * 50)

server = spftest.Server()


def take_apart(block):
    """What is typed, and what is shown below it; nothing is shown where no
    line has a prompt."""
    if not re.search(r"^\$ ", block, re.M):
        return block, None
    typed, shown, goes_on = [], [], False
    for line in block.splitlines():
        if goes_on or line.startswith("$ "):
            typed.append(line if goes_on else line[2:])
            goes_on = line.endswith(("\\", "|", "&&", "||"))
        else:
            shown.append(line)
    return "\n".join(typed), "\n".join(shown)


def pattern(shown, site):
    """What is shown as a pattern: times and lines of the configuration are
    others, "..." is anything, and lines are broken anywhere."""
    shown = shown.replace("/etc/lmtpd/lmtpd.conf", site.conf)
    text = re.escape(" ".join(shown.split()))
    text = re.sub(r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\dZ", r"\\S{20}", text)
    text = re.sub(r"(lmtpd\\.conf:)\d+", r"\1\\d+", text)
    return r"\A%s\Z" % text.replace(r"\.\.\.", ".*?")


class Desk(Site):
    """With all that the examples of the manual speak of; or with another
    configuration."""

    def __init__(self, client_address="xforward", text=None):
        super().__init__({
            **acme(("domain", "example.com", {"security": ["spf"]}),
                   ("users", "staff", {"security": ["192.0.2.7"]}),
                   forwarding_user="acme"),
            "mailer": ["/bin/true"], "dns-timeout": 5,
            "client-address": client_address,
        }, text=text, libexec=os.path.dirname(LMTPD))
        self.file("staff.csv", STAFF)
        self.file("message", MESSAGE)
        shutil.copy2(self.conf, self.dir + "/lmtpd.conf.new")
        shutil.chown(self.dir + "/lmtpd.conf.new", 0, SERVER_USER.pw_gid)
        os.mkdir(self.dir + "/bin")
        self.script("bin/lmtpctl", "#!/bin/sh\nexec '%s' -f '%s' \"$@\"\n"
                    % (spftest.LMTPCTL, self.conf))
        self.script("bin/lmtpd", "#!/bin/sh\nexec '%s' -u %s -f '%s' \"$@\"\n"
                    % (LMTPD, self.user, self.conf))
        # The editor of the examples takes a line out.
        self.script("bin/vi", "#!/bin/sh\nexec sed -i /bob/d \"$1\"\n")
        self.script("bin/logger", "#!/bin/sh\nexit 1\n")
        self.env = {"PATH": self.dir + "/bin:/usr/bin:/bin",
                    "LMTPD_LIBEXECDIR": self.libexec,
                    "LMTPD_DATADIR": os.path.abspath(MANUAL + "../conf")}

    def file(self, name, text):
        with open(self.dir + "/" + name, "w", encoding="ascii") as f:
            f.write(text)

    def prepare(self, block):
        """What an example takes for granted."""
        server.serve({
            "example.com": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
            "_spf.google.com": [{"TXT": "v=spf1 ip4:192.0.2.77 ~all"}]})
        if "added " not in block:
            equal(self.type("lmtpctl import --yes staff staff.csv")[0], 0,
                  "a table")
        if "bob at example.com" in block:
            self.file("staff.csv", STAFF.replace("bob@", "bob at "))
        if "lmtpctl seen" in block:
            equal(self.verdict(PHONE, sender="alice@example.com",
                               forward=xforward(ADDR="192.0.2.7")), "250 2.0.0")
        token = re.search('TXT "([0-9a-f]{32})"', block)
        if token:
            self.prove(token[1])

    def prove(self, token):
        """The token of the example is example.com's, and in the DNS."""
        os.makedirs(self.state + "/domains", mode=0o700)
        path = self.state + "/domains/example.com"
        with open(path, "w", encoding="ascii") as f:
            f.write("token %s\nissued 2026-11-21T00:00:00Z\n" % token)
        for name in os.path.dirname(path), path:
            os.chown(name, SERVER_USER.pw_uid, SERVER_USER.pw_gid)
        server.serve({"example.com": [
            {"TXT": token}, {"TXT": "v=spf1 ip4:192.0.2.1 -all"}]})

    def type(self, typed):
        """Exit status, and all that a terminal would show."""
        done = subprocess.run(
            ["/bin/sh", "-c", typed], cwd=self.dir, env=self.env, timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def answer(self, typed):
        """The same, on a terminal, where the question is answered."""
        with Terminal(["/bin/sh", "-c", "cd '%s'\n%s" % (self.dir, typed)],
                      self.env) as terminal:
            terminal.expect(r"\[q\]uit\? ")
            terminal.send("a\n")
            return terminal.end(), terminal.seen
