"""What is measured: the floor, lmtpd with one configuration or another, and
what a run of messages through either costs.  $SERVE starts a handler for each
connection, runs the client, and tells the wall time, the CPU of the handlers
and all their descendants (by rusage, as it reaps every one of them) and the
largest process.  All of it is an ordinary user's, as by systemd's User=: root's
lmtpd has a user and groups to look up, which the floor has not."""

import collections
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/../behaviour", HERE + "/../spf"]

from lmtptest import LMTPD, ROOT, SERVER_USER, render       # noqa: E402

SERVE, FLOOR, LMTPCTL = (os.environ[name]
                         for name in ("SERVE", "FLOOR", "LMTPCTL"))
LMTPTEXT = os.environ.get("LMTPTEXT", "")       # where it was built
RIG = HERE + "/../rig"
SENDER, RECIPIENT = "a@example.com", "b@bench.example.test"
CLIENT = "192.0.2.7"            # whom SPF and the address lists are asked about
STRING = "hZavjjx5JT1Y2ff"
# The backend, everybody's: reads all, writes nothing.
SINK = ["/bin/dd", "of=/dev/null", "bs=128k", "status=none"]
RUN_SECONDS = 60
AS_USER = ["setpriv", "--reuid=%d" % SERVER_USER.pw_uid, "--regid=%d" %
           SERVER_USER.pw_gid, "--clear-groups"] if ROOT else []

# Of one message: wall and CPU in ms; and the largest process's KiB, or None.
Cost = collections.namedtuple("Cost", "wall cpu peak")
Load = collections.namedtuple("Load", "size sessions one")


class Failed(Exception):
    """A run that came to nothing; the text says why."""


def client_command(directory):
    """smtp-source: the machine's own, or out of Debian's package."""
    own = shutil.which("smtp-source",
                       path=os.environ["PATH"] + ":/usr/sbin")
    if own:
        return [own]
    subprocess.run([RIG + "/postfix", "client", directory], check=True)
    return ["env", "LD_LIBRARY_PATH=" + directory + "/usr/lib/postfix",
            directory + "/usr/sbin/smtp-source"]


def source(client, load, messages, target, protocol=("-L",)):
    """The client's command line for one run."""
    return [*client, *protocol, *["-d"] * load.one, "-m", str(messages),
            "-s", str(load.sessions), "-l", str(load.size), "-f", SENDER,
            "-t", RECIPIENT, "-S", "to the bench " + STRING, target]


class Served:
    """A handler that is started for each connection."""

    def __init__(self, name, command, site):
        self.name, self.command, self.site = name, command, site

    def run(self, load, messages):
        path = self.site.run + "/socket"
        line = shlex.join(source(self.site.client, load, messages,
                                 "unix:" + path))
        done = subprocess.run(
            [*AS_USER, self.site.program(SERVE), "-u", path, "-t",
             str(RUN_SECONDS), "-C", line, *self.command],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LMTPD_LIBEXECDIR": self.site.programs})
        if done.returncode != 0:
            raise Failed("%s: %s %s" % (self.name, done.stdout,
                                        done.stderr[-500:]))
        told = {key: int(value) for key, value in
                re.findall(r"(\w+)=(\d+)", done.stdout)}
        return Cost(told["wall_us"] / 1e3 / messages,
                    told["cpu_us"] / 1e3 / messages, told["maxrss_kb"])


class Site:
    """The directory of it all: configurations by name, lmtpd's state, and the
    programs, where the user can execute them."""

    def __init__(self, directory):
        self.dir = directory
        self.state, self.run = directory + "/state", directory + "/run"
        self.programs = directory + "/programs"
        os.chmod(directory, 0o755)
        for made in (self.state, self.run):
            os.mkdir(made, 0o700)
            if ROOT:
                os.chown(made, SERVER_USER.pw_uid, SERVER_USER.pw_gid)
        os.mkdir(self.programs, 0o755)
        for path in (SERVE, FLOOR, LMTPD, LMTPTEXT,
                     os.environ["LMTPD_LIBEXECDIR"] + "/lmtpd-resolver"):
            if os.access(path, os.X_OK):
                shutil.copy(path, self.programs)
        self.client = client_command(directory + "/client")
        for name, (account, top) in VARIANTS.items():
            self.write_conf(name, account, top)

    def program(self, path):
        return self.programs + "/" + os.path.basename(path)

    def conf(self, name):
        return "%s/%s.conf" % (self.dir, name)

    def write_conf(self, name, account, top):
        text = render({
            "hostname": "bench.example.test", "state-dir": self.state,
            "remember": "0", "max-message-size": 20971520, **top,
            ("backend", "sink"): {"command": SINK},
            ("channel", "bench"): {"recipient": "*@bench.example.test",
                                   "backend": "sink", "number": False},
            ("account", "bench"): {"forwarding-user": "bench",
                                   ("channel", "bench"): {}, **account}})
        with open(self.conf(name), "w") as f:
            f.write(text)
        if ROOT:
            os.chown(self.conf(name), 0, SERVER_USER.pw_gid)
        os.chmod(self.conf(name), 0o640)

    def floor(self, command=SINK):
        return Served("floor", [self.program(FLOOR), *command], self)

    def lmtpd(self, variant="none"):
        return Served("lmtpd, " + variant,
                      [self.program(LMTPD), "-f", self.conf(variant),
                       "--client-address", CLIENT], self)


def anyone(*security):
    return {"anyone": {"security": security}}


def sources(count):
    """So many of them, the sender's the last."""
    names = ["user%d@example.org" % i for i in range(count - 1)] + [SENDER]
    return {("email", name): {"security": ["none"]} for name in names}


SMALL, LARGE = "users table of 1,000", "users table of 1,000,000"
# The account's keys and the top's, of each configuration.
VARIANTS = {
    "none": (anyone("none"), {}),
    "remember": (anyone("none"), {"remember": "7 days"}),
    "address list": (anyone("198.51.100.0/24", "203.0.113.0/24",
                            "192.0.2.0/28"), {}),
    "SPF": (anyone("spf"), {}),
    "security string": ({**anyone("none"), ("channel", "bench"): {
        "security-string": STRING}}, {}),
    SMALL: ({("users", "small"): {"security": ["none"]}}, {}),
    LARGE: ({("users", "large"): {"security": ["none"]}}, {}),
    "config of 10 sources": (sources(10), {}),
    "config of 100 sources": (sources(100), {}),
}
