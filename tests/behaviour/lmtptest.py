"""A Site to test: a temporary directory with a configuration, a state directory
and a backend that records its runs.  Each connection starts the real program
($LMTPD) as inetd would.
"""

import collections
import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from lmtpclient import ALICE, TRANSPORTS, Client
from proctest import descendants, reap
from taptest import Skip, check, comment, equal

HERE = os.path.dirname(os.path.abspath(__file__))
LMTPD = os.environ.get("LMTPD", HERE + "/../../build/lmtpd/lmtpd")
ROOT = os.getuid() == 0
ME = pwd.getpwuid(os.getuid()).pw_name
SERVER_USER = pwd.getpwnam("nobody") if ROOT else pwd.getpwuid(os.getuid())
# glibc's own 32 and 33: posix_spawn, so make, leaves its children ignoring them.
GLIBC_SIGNALS = 3 << 31

PHONE = "+41791234567@sms.example.net"
BOX = "desk@box.example.net"

if not os.access(LMTPD, os.X_OK):
    print("Bail out! no program at", LMTPD)
    sys.exit(1)

# A backend that keeps its arguments and its standard input, then does as the
# first argument says: exitN, killN, or anything else for success.
RECORDER = r"""#!/bin/sh
umask 022
printf '%s\0' "$@" >RECORDS/$$.args
cat >RECORDS/$$.part
mv RECORDS/$$.part RECORDS/$$.stdin
case $1 in
exit*) exit "${1#exit}" ;;
kill*) kill -"${1#kill}" $$; sleep 5 ;;
esac
exit 0
"""


# -- configuration -----------------------------------------------------------

BASE = {
    "hostname": "gw.example.net",
    "state-dir": "STATE",
    "trusted-peers": [ME],
    ("backend", "recorder"): {"command": ["BACKEND", "%l", "%r"]},
    ("channel", "sms"): {
        "recipient": "*@sms.example.net",
        "backend": "recorder",
        "country-code": "41",
    },
    ("channel", "box"): {
        "recipient": "*@box.example.net",
        "backend": "recorder",
        "number": False,
    },
    ("account", "acme"): {
        "forwarding-user": "acme.reception",
        ("channel", "sms"): {},
        ("channel", "box"): {},
        ("email", ALICE): {"security": ["none"]},
    },
}


def merge(base, changes):
    """Changes over base, section by section; None takes a key away."""
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def render(section, indent=""):
    """A dict as the text of a configuration file; tuples are titles."""
    text = ""
    for key, value in section.items():
        if isinstance(value, dict):
            title = '%s "%s"' % key if isinstance(key, tuple) else key
            text += "%s%s {\n%s%s}\n" % (indent, title,
                                         render(value, indent + "  "), indent)
        else:
            text += "%s%s = %s\n" % (indent, key, _value(value))
    return text


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "{%s}" % ", ".join(map(_value, value))
    return "'%s'" % value if re.search(r'[\\"]|\$\{', value) else \
        '"%s"' % value


def acme(*sources, **keys):
    """Changes that give the account just these sources: (kind, name, keys)."""
    section = {("email", ALICE): None}
    section.update({k.replace("_", "-"): v for k, v in keys.items()})
    for kind, name, inner in sources:
        section[(kind, name) if name else kind] = {"security": None, **inner}
    return {("account", "acme"): section}


def backend(**keys):
    """Changes to the backend's section."""
    return {("backend", "recorder"): keys}


def shell(text):
    """A backend that runs these commands."""
    return "#!/bin/sh\n" + text + "\n"


# -- a site -----------------------------------------------------------------

Run = collections.namedtuple("Run", "args stdin")
Line = collections.namedtuple("Line", "verdict fields")
LOG_KEYS = ("id qid client sender from recipient account source user channel "
            "reason exit ms size").split()
LOG_LINE = re.compile(
    r"\b(accepted|refused|deferred|maybe-sent|discarded|would-refuse) "
    + " ".join(r"%s=(\S*)" % key for key in LOG_KEYS) + "$", re.M)


class Site:
    """A temporary installation; use it in a with statement.

    changes go over BASE; text replaces the whole configuration; backend is
    the script to run instead of RECORDER; user is whom root's lmtpd becomes;
    wrapper is a command to run lmtpd by, options more for its own
    command line; libexec is where the resolver lies,
    by default nowhere: what a machine's DNS says is no test's affair.  In configurations and scripts DIR,
    STATE, RECORDS and BACKEND stand for the paths.
    """

    def __init__(self, changes=None, text=None, backend=RECORDER,
                 user=SERVER_USER.pw_name, wrapper=(), libexec="/nonexistent",
                 options=()):
        self.user, self.wrapper = user, list(wrapper)
        self.libexec, self.options = libexec, list(options)
        self.dir = tempfile.mkdtemp(prefix="lmtptest.")
        os.chmod(self.dir, 0o755)
        self.state = self._own_dir("state", 0o700)
        self.records = self._own_dir("records", 0o755)
        self.log_path = self.dir + "/log"
        self.conf = self.dir + "/lmtpd.conf"
        self.children = []
        self.script("backend", backend)
        self.write_conf(text or render(merge(BASE, changes or {})))

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        stray = self._stray()
        for p in stray:
            with contextlib.suppress(ProcessLookupError):
                os.kill(p.pid, signal.SIGKILL)
        for child in self.children:
            child.wait()
        reap()
        if kind not in (None, Skip):
            comment("log: " + self.log()[-4000:])
        shutil.rmtree(self.dir, ignore_errors=True)
        if kind is None:
            check(not stray, "processes left behind: %r" % (stray,))

    def _stray(self):
        """Descendants that do not go away."""
        limit = time.monotonic() + 2
        while True:
            found = descendants(os.getpid())
            if not found or time.monotonic() > limit:
                return found
            time.sleep(0.01)

    def _own_dir(self, name, mode):
        path = "%s/%s" % (self.dir, name)
        os.mkdir(path, mode)
        os.chmod(path, mode)
        if ROOT:
            os.chown(path, SERVER_USER.pw_uid, SERVER_USER.pw_gid)
        return path

    def fill_in(self, text):
        for word, path in (("DIR", self.dir), ("STATE", self.state),
                           ("RECORDS", self.records),
                           ("BACKEND", self.dir + "/backend")):
            text = re.sub(r"\b%s\b" % word, path, text)
        return text

    def write_conf(self, text, mode=0o640, path=None):
        path = path or self.conf
        with open(path, "w") as f:
            f.write(self.fill_in(text))
        if ROOT:
            os.chown(path, 0, SERVER_USER.pw_gid)
        os.chmod(path, mode)
        return path

    def script(self, name, text):
        """An executable in DIR."""
        path = "%s/%s" % (self.dir, name)
        with open(path, "w") as f:
            f.write(self.fill_in(text))
        os.chmod(path, 0o755)
        return path

    def command(self):
        user = ["-u", self.user] if ROOT else []
        return (self.wrapper + [LMTPD, "-d", "-f", self.conf] + user +
                self.options)

    def connect(self, how="pair", uid=None):
        """Start lmtpd as a server would for a new connection; a Client."""
        ours, theirs = TRANSPORTS[how](self, uid)
        with open(self.log_path, "ab") as log:
            stderr = theirs[1] if how == "spawn" else log
            child = subprocess.Popen(
                self.command(), stdin=theirs[0], stdout=theirs[1],
                stderr=stderr, cwd="/",
                env={"PATH": "/usr/bin:/bin", "CALLERS_OWN": "leaked",
                     "LMTPD_LIBEXECDIR": self.libexec})
        for end in set(theirs):
            end.close()
        self.children.append(child)
        return Client(ours, child)

    def talk(self, data, how="pair", split=None):
        """Write a whole session (in two writes, where split), read to the
        end: all replies, the greeting first."""
        with self.connect(how) as client:
            return client.whole(data, split)

    def deliver(self, *recipients, how="pair", uid=None, **session):
        """One message, step by step; see Client.deliver()."""
        with self.connect(how, uid) as client:
            client.lhlo()
            outcome = client.deliver(*recipients, **session)
            client.quit()
            return outcome

    def verdict(self, recipient=PHONE, **session):
        """The last word on one recipient: "550 5.7.1"."""
        return self.deliver(recipient, **session).verdicts[0]

    def runs(self):
        """The finished runs of the recording backend, in no order."""
        found = []
        for name in os.listdir(self.records):
            if name.endswith(".stdin"):
                path = self.records + "/" + name
                with open(path, "rb") as f:
                    stdin = f.read()
                with open(path[:-len("stdin")] + "args", "rb") as f:
                    args = f.read().decode().split("\0")[:-1]
                found.append(Run(args, stdin))
        return found

    def the_run(self):
        runs = self.runs()
        equal(len(runs), 1, "runs of the backend")
        return runs[0]

    def forget(self):
        for name in os.listdir(self.records):
            os.unlink(self.records + "/" + name)

    def note(self, name):
        """What a script wrote to RECORDS/name, or ""."""
        try:
            with open(self.records + "/" + name, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def log(self):
        try:
            with open(self.log_path, encoding="latin-1") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def lines(self):
        """The log's lines about recipients."""
        return [Line(m[0], dict(zip(LOG_KEYS, m[1:])))
                for m in LOG_LINE.findall(self.log())]

    def the_line(self):
        lines = self.lines()
        equal(len(lines), 1, "lines about recipients in the log")
        return lines[0]

    def state_files(self):
        return [os.path.join(d, f) for d, _, files in os.walk(self.state)
                for f in files]
