"""What the SPF tests share: a network of their own, a DNS server on its port
53, and the question put to the real lmtpd-resolver by lmtpctl spf."""

import collections
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

from dnsserver import Server                        # noqa: E402
from taptest import check, comment, equal                # noqa: E402

BUILD = os.path.abspath(HERE + "/../../build/lmtpd")
LMTPCTL = os.environ.get("LMTPCTL", BUILD + "/lmtpctl")
RESOLV_CONF = "/etc/resolv.conf"
NOBODY = 65534
WORDS = ("none", "neutral", "pass", "fail", "softfail", "temperror",
         "permerror")
CLIENT, STRANGER = "192.0.2.1", "203.0.113.9"
LATE = 4                # seconds behind dns-timeout, on a busy machine
HANG = 30               # seconds behind dns-timeout: lmtpctl itself hangs

# What lmtpctl logs of a resolver that did not answer as it should.
DIED = re.compile(r"lmtpd-resolver (was |exited |answered |did not )")

Verdict = collections.namedtuple("Verdict", "word seconds output")

CONF = """dns-timeout = %d
trusted-peers = {"root"}
backend "b" { command = {"/bin/true"} }
channel "c" { recipient = "*@c.example"  backend = "b" }
account "a" {
  forwarding-user = "u"
  channel "c" { }
  email "a@b.example" { security = {"spf"} }
}
"""


def skip_all(why):
    print("1..0 # SKIP", why)
    sys.exit(0)


def enter():
    """Go on in a network of our own; call it before anything else."""
    if os.environ.get("SPF_NETNS"):
        return
    if os.getuid() != 0:
        skip_all("needs root")
    if not os.access(LMTPCTL, os.X_OK):
        print("Bail out! no program at", LMTPCTL)
        sys.exit(1)
    os.environ["SPF_NETNS"] = "1"
    os.environ.setdefault("LMTPD_LIBEXECDIR", os.path.dirname(LMTPCTL))
    netns = HERE + "/netns"
    os.execv("/bin/sh", ["sh", netns, sys.executable] + sys.argv)


def name_servers(*lines):
    """Of the machine that netns made, and of no other."""
    check(os.environ.get("SPF_NETNS"), "inside the namespaces")
    with open(RESOLV_CONF, "w", encoding="ascii") as f:
        f.writelines(line + "\n" for line in lines)


class Site:
    """A configuration that says how long the DNS may take, as root would
    have it: readable by the owner of the state directory only."""

    def __init__(self, dns_timeout):
        self.dns_timeout = dns_timeout
        self.directory = tempfile.TemporaryDirectory(prefix="spftest.")
        self.conf = self.directory.name + "/lmtpd.conf"
        self.state = self.directory.name + "/state"
        os.chmod(self.directory.name, 0o755)
        os.mkdir(self.state)
        os.chown(self.state, NOBODY, NOBODY)
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(CONF % dns_timeout)
            f.write('state-dir = "%s"\n' % self.state)
        os.chown(self.conf, 0, NOBODY)
        os.chmod(self.conf, 0o640)

    def command(self, client, helo, sender, *options):
        return [LMTPCTL, "-f", self.conf, "spf", "--client", client,
                "--helo", helo, "--sender", sender, *options]

    def ask(self, client, helo, sender, *options, dies=False):
        """The verdict.  An answer that is none of RFC 7208's words, or comes
        more than HANG seconds late, is a failure of the case; so is a
        resolver's death, unless the case's own hand does it (dies), or it may
        come (dies is None)."""
        started = time.monotonic()
        done = subprocess.run(self.command(client, helo, sender, *options),
                              stdin=subprocess.DEVNULL,
                              capture_output=True,
                              timeout=self.dns_timeout + HANG)
        seconds = time.monotonic() - started
        output, log = (stream.decode("ascii", "backslashreplace")
                       for stream in (done.stdout, done.stderr))
        word = re.match(r"[a-z]+\b", output)
        check(word and word[0] in WORDS,
              "no verdict (status %d):\n%s" % (done.returncode, output + log))
        check(dies in (None, bool(DIED.search(log))), "the resolver's log:\n" + log)
        return Verdict(word[0], seconds, output + log)


def show(verdict, server):
    """What led to a wrong verdict, as comments."""
    comment("said: " + verdict.output)
    for name, kind, way in server.queries[:40]:
        comment("asked: %s %s (%s)" % (name, kind, way))


class Rig:
    """A server, and questions about what it serves."""

    def __init__(self):
        self.server = Server()
        self.sites = {}

    def ask(self, zone, client=CLIENT, sender="alice@example.com", timeout=10,
            helo="mail.example.net", options=(), dies=False):
        """The verdict over a zone, or over the one before (None); never
        later than it may be."""
        if timeout not in self.sites:
            self.sites[timeout] = Site(timeout)
        if zone is not None:
            self.server.serve(zone)
        verdict = self.sites[timeout].ask(client, helo, sender, *options,
                                          dies=dies)
        check(verdict.seconds <= timeout + LATE, "%.1f s for a dns-timeout "
              "of %d s" % (verdict.seconds, timeout))
        return verdict

    def want(self, word, zone, **how):
        verdict = self.ask(zone, **how)
        if verdict.word != word:
            show(verdict, self.server)
        equal(verdict.word, word, "verdict")
        return verdict

    def asked(self, kind=None):
        """What was asked for, each once however often it was repeated."""
        return {(n, k) for n, k, _ in self.server.queries
                if kind in (None, k)}


def record(text, **names):
    """A zone of example.com's record, and names below it."""
    zone = {"example.com": [{"TXT": text}]}
    for name, entries in names.items():
        zone[name + ".example.com"] = entries
    return zone
