"""What is delivered while something fails: mails with what is right for each
recipient, and a site for them."""

import atexit
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(HERE + "/../../build")
sys.path[:0] = [HERE + "/../behaviour", HERE + "/../spf"]

from lmtpclient import ALICE, xforward                      # noqa: E402
from lmtptest import BASE, LMTPD, Site, merge, render       # noqa: E402
from spftest import enter                                   # noqa: E402

RECORDER = os.environ.get("RECORDER", BUILD + "/tests/faults/recorder")
LMTPCTL = os.environ.get("LMTPCTL", BUILD + "/lmtpd/lmtpctl")

NETNS = os.getuid() == 0 and subprocess.run(
    ["unshare", "--net", "--mount", "true"], check=False).returncode == 0
if NETNS:
    enter()


# -- what is delivered: mails, and what is right for each recipient ----------

PHONE, OTHER = "+41791234567@sms.example.net", "+41791234568@sms.example.net"
DESK, DOWN = "desk@box.example.net", "desk@down.example.net"
KEY = "hZavjjx5JT1Y2ff"
STAFF = "bob@example.com"
INSIDE = xforward(ADDR="192.0.2.7", HELO="mx.example.com")

# What a recipient is to come to: a run of its backend, or a reply.
WHOLE, BODY, TAKEN = "whole message", "body", "250 2.0.0"
READABLE = "Grüße\nGood morning. . Bye.".encode()
Mail = collections.namedtuple("Mail", "sender message rights forward",
                              defaults=(None,))


def message(name, *fields, more=0):
    lines = ["From: alice@example.com", "Message-ID: <%s@example.com>" % name,
             *fields, "", "Good morning.", ".", *["And more."] * more, "Bye."]
    return "".join(line + "\n" for line in lines).encode()


def acme(**keys):
    return {("account", "acme"): {k.replace("_", "-"): v
                                  for k, v in keys.items()}}


COMMON = {
    "idle-timeout": 60, "reply-timeout": 20, "dns-timeout": 1,
    ("backend", "recorder"): {"command": ["TOOL", "-g", "RECORDS/run", "%r"],
                              "timeout": 10},
    ("backend", "body"): {"command": ["TOOL", "-g", "RECORDS/run", "%r"],
                          "input": "body", "timeout": 10},
    ("backend", "down"): {"command": ["/bin/false"], "timeout": 10},
    ("backend", "text"): {"command": ["TOOL", "-g", "RECORDS/run", "%r"],
                          "input": "text", "timeout": 10},
    ("channel", "box"): {"backend": "body"},
    ("channel", "down"): {"recipient": "*@down.example.net",
                          "backend": "down", "number": False},
    ("account", "acme"): {("channel", "down"): {}},
}
STRING = {("account", "acme"): {("channel", "sms"): {"security-string": KEY}}}
SPF_ZONE = {"example.com": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
            "example.org": [{"TXT": "v=spf1 ip4:198.51.100.1 -all"}]}


class Scenario:
    def __init__(self, name, *mails, changes=None, table=False, dns=False,
                 text=False, notices=0):
        self.name, self.mails, self.changes = name, mails, changes or {}
        self.table, self.dns, self.notices = table, dns, notices
        self.text = text


ACCEPTED, USERS, TWO, REFUSED, AGAIN, SPF, TEXT = SCENARIOS = [
    Scenario("accepted", Mail(ALICE, message("one"), {PHONE: WHOLE})),
    Scenario(
        "users table, string, keyword, rate, new server address",
        Mail(STAFF, message("two", "Cc: %s@sms.example.net" % KEY),
             {PHONE: WHOLE, KEY + "@sms.example.net": TAKEN}, INSIDE),
        changes=merge(merge(STRING, acme(rate="60/hour",
                                         admin=["it@example.com"])),
                      {"mailer": ["TOOL", "-g", "RECORDS/mail"],
                       ("account", "acme"): {
                           ("users", "staff"): {
                               "security": ["192.0.2.0/24"]}}}),
        table=True, notices=1),
    Scenario(
        "two recipients, and one that is refused",
        Mail(ALICE, message("three", more=14000),  # comes in pieces
             {PHONE: WHOLE, DESK: BODY, "+4179@sms.example.org": "550 5.1.1"})),
    Scenario(
        "refused: no string, a wrong keyword, a backend that fails",
        Mail(ALICE, message("four"),
             {PHONE: "550 5.7.1", "wrong@sms.example.net": "550 5.1.1"}),
        Mail(ALICE, message("five"), {DOWN: "451 4.3.0"}), changes=STRING),
    Scenario(
        "two mails on one connection",
        Mail(ALICE, message("six"), {PHONE: WHOLE}),
        Mail(ALICE, message("seven"), {OTHER: WHOLE})),
    Scenario(
        "SPF",
        Mail(ALICE, message("eight"), {PHONE: WHOLE}, INSIDE),
        Mail("eve@example.org", message("nine"), {PHONE: "550 5.7.23"}, INSIDE),
        changes={("account", "acme"): {
            ("email", ALICE): {"security": ["spf"]},
            ("email", "eve@example.org"): {"security": ["spf"]}}},
        dns=True),
    Scenario(
        "text",
        Mail(ALICE, message("ten", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
                            "Content-Type: text/html; charset=utf-8"),
             {PHONE: READABLE}),
        changes={("channel", "sms"): {"backend": "text"}}, text=True),
]


def scenario(name):
    return next(s for s in SCENARIOS if s.name == name)


# -- a site for it -----------------------------------------------------------

def _tools():
    """Where lmtpd's user may reach them; of this test program alone.  In
    memory, where nobody else sees it: there are thousands of sites."""
    path = tempfile.mkdtemp(prefix="faults.")
    owner = os.getpid()

    def remove():
        if os.getpid() == owner:
            if NETNS:
                subprocess.run(["umount", "-l", path], check=True)
            shutil.rmtree(path)

    atexit.register(remove)
    if NETNS:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "faults",
                        path], check=True)
    os.chmod(path, 0o755)
    tempfile.tempdir = path
    shutil.copy(RECORDER, path + "/recorder")
    os.mkdir(path + "/libexec", 0o755)
    os.chmod(path + "/libexec", 0o755)
    source = os.environ.get("LMTPD_LIBEXECDIR", os.path.dirname(LMTPD))
    shutil.copy(source + "/lmtpd-resolver", path + "/libexec")
    if os.access(source + "/lmtptext", os.X_OK):
        shutil.copy(source + "/lmtptext", path + "/libexec")
    return path


TOOLS = _tools()


class FaultSite(Site):
    def __init__(self, what):
        text = render(merge(merge(BASE, COMMON), what.changes))
        super().__init__(text=text.replace("TOOL", TOOLS + "/recorder"),
                         libexec=TOOLS + "/libexec")
        self.what = what
        self.crashed = self.fragile = False     # see deliver()
        self.aborted = self.aborting = False
        if what.table:
            self._table()

    def _table(self):
        csv = self.dir + "/staff.csv"
        with open(csv, "w") as f:
            f.write("Email,Username\n%s,acme.bob\n" % STAFF)
        subprocess.run([LMTPCTL, "-f", self.conf, "import", "staff", csv,
                        "--yes"], check=True, capture_output=True)
        os.unlink(csv)

    def _stray(self):
        """As the site's, but asks the kernel first, which costs less."""
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        return super()._stray()

    def files(self, prefix):
        """What the recorder kept: (first line, the rest), whole runs only."""
        found = []
        for name in os.listdir(self.records):
            if re.fullmatch(prefix + r"\.\d+", name):
                with open(self.records + "/" + name, "rb") as f:
                    found.append(f.read().split(b"\n", 1))
        return [(first.decode(), rest) for first, rest in found]

    def remembered(self):
        """How many deliveries are on disk as done."""
        lines = 0
        for directory, _, names in os.walk(self.state + "/done"):
            for name in names:
                with open(os.path.join(directory, name), "rb") as f:
                    lines += f.read().endswith(b"\n")
        return lines
