"""Others who can do about the same, unpacked from Debian's packages into a
private machine: Dovecot's LMTP with a Sieve script that looks at the sender
and pipes to the backend, and Postfix's pipe(8) into a shell script that does.
They are daemons: what they cost is the CPU time of all processes of that
machine, in /proc/PID/stat, the waited-for children's too, behind a run less
that before it.  A tick of 10 ms is the least that it knows."""

import contextlib
import os
import subprocess
import time

from handlers import RIG, RUN_SECONDS, SENDER, SINK, Cost, Failed, source
from proctest import descendants
from taptest import wait_for

PACKAGES = ["postfix", "dovecot-core", "dovecot-lmtpd", "dovecot-sieve"]
SECONDS = 600
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
SPOOL = "/var/spool/postfix/"
QUEUES = ("maildrop", "incoming", "active")

MAIN = """relay_domains = bench.example.test
transport_maps = inline:{ { bench.example.test = sink: } }
message_size_limit = 20971520
smtpd_client_message_rate_limit = 0
sink_destination_concurrency_limit = 4
sink_destination_recipient_limit = 1
"""
MASTER = ("sink unix - n n - 4 pipe flags=q user=nobody null_sender= "
          "argv=DIR/sink ${sender}\n")
SCRIPT = """#!/bin/sh
grep -qixF -e "$1" DIR/senders || exit 77
exec %s
""" % " ".join(SINK)
DOVECOT = """log_path = DIR/dovecot.log
info_log_path = DIR/dovecot.log
ssl = no
protocols = lmtp
mail_location = maildir:~/mail
first_valid_uid = 1
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/home allow_all_users=yes
}
service lmtp {
  unix_listener DIR/lmtp {
    mode = 0666
  }
}
protocol lmtp {
  mail_plugins = sieve
}
plugin {
  sieve = file:DIR/bench.sieve
  sieve_plugins = sieve_extprograms
  sieve_extensions = +vnd.dovecot.pipe
  sieve_pipe_bin_dir = DIR/bin
}
"""
SIEVE = """require ["envelope", "vnd.dovecot.pipe"];
if envelope :is "from" "%s" {
  pipe "dd" ["%s"];
} else {
  discard;
}
""" % (SENDER, '", "'.join(SINK[1:]))


def fetch():
    """The packages, while there is a network; whether they are there."""
    try:
        subprocess.run([RIG + "/machine", "fetch", *PACKAGES], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


class Machine:
    """The private machine, from start() to end()."""

    def __init__(self, directory):
        self.dir = directory
        os.makedirs(directory)

    def start(self):
        self.put("main.cf", MAIN)
        self.put("master.cf", MASTER)
        self.put("senders", SENDER + "\nothers@example.com\n")
        os.chmod(self.put("sink", SCRIPT), 0o755)
        self.rig("postfix", "start", "-t", str(SECONDS), self.dir)
        with open(self.dir + "/pid") as f:
            self.pid = int(f.read())
        self.start_dovecot()

    def end(self):
        self.rig("postfix", "stop", self.dir)
        with contextlib.suppress(AssertionError, AttributeError):
            wait_for(lambda: not os.path.exists("/proc/%d" % self.pid),
                     "the end of the machine")

    def put(self, name, text):
        path = "%s/%s" % (self.dir, name)
        with open(path, "w") as f:
            f.write(text.replace("DIR", self.dir))
        return path

    def rig(self, program, *words):
        """A daemon keeps its standard error: that must be a file."""
        with open(self.dir + "/rig.log", "ab") as log:
            subprocess.run([RIG + "/" + program, *words], check=True,
                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                           timeout=RUN_SECONDS)

    def said(self):
        with open(self.dir + "/rig.log", errors="replace") as log:
            return " ".join(log.read().split())[-300:]

    def inside(self, *command):
        return [RIG + "/overlay", "enter", self.dir, *command]

    def start_dovecot(self):
        self.put("local.conf", DOVECOT)
        self.put("bench.sieve", SIEVE)
        os.mkdir(self.dir + "/bin")
        os.symlink(SINK[0], self.dir + "/bin/dd")
        os.mkdir(self.dir + "/home")
        os.chmod(self.dir + "/home", 0o1777)
        self.rig("machine", "add", self.dir, *PACKAGES[1:])
        self.rig("overlay", "enter", self.dir, "/bin/sh", "-euc", """
            for user in dovecot dovenull; do
                getent passwd $user >/dev/null ||
                    useradd --system --user-group --no-create-home $user
            done
            rm -rf /etc/dovecot /run/dovecot
            mkdir /etc/dovecot
            cp "$1/local.conf" /etc/dovecot/dovecot.conf
            sievec -c /etc/dovecot/dovecot.conf "$1/bench.sieve"
            exec dovecot""", "sh", self.dir)
        wait_for(lambda: os.path.exists(self.dir + "/lmtp"), "Dovecot")

    def cpu(self):
        """ms since it was started."""
        total = 0
        pids = [self.pid] + [p.pid for p in descendants(self.pid)]
        for pid in pids:
            with contextlib.suppress(OSError):
                with open("/proc/%d/stat" % pid) as f:
                    total += sum(map(int, f.read().rpartition(")")[2]
                                     .split()[11:15]))
        return total * TICK_MS

    def count(self, log, text):
        with open("%s/%s" % (self.dir, log), errors="replace") as f:
            return f.read().count(text)


class Peer:
    """One of its servers: log, and what that says of each delivered
    message."""

    def __init__(self, machine, client):
        self.machine, self.client = machine, client

    def run(self, load, messages):
        seen = self.machine.count(self.log, self.delivered)
        cpu, began = self.machine.cpu(), time.monotonic()
        done = subprocess.run(self.command(load, messages),
                              stdin=subprocess.DEVNULL, timeout=RUN_SECONDS,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failed("%s: %s" % (self.name, done.stdout[-500:]))
        self.finish()
        wall = (time.monotonic() - began) * 1e3
        used = self.machine.cpu() - cpu
        wait_for(lambda: self.machine.count(self.log, self.delivered) - seen
                 >= messages, self.name + " to have delivered all")
        return Cost(wall / messages, used / messages, None)

    def finish(self):
        """All is delivered when the client has ended."""


class Dovecot(Peer):
    name, log, delivered = "Dovecot", "dovecot.log", "piped message to"

    def command(self, load, messages):
        return source(self.client, load, messages,
                      "unix:%s/lmtp" % self.machine.dir)


class Postfix(Peer):
    """It has its queue in between."""

    name, log, delivered = "Postfix", "maillog", "status=sent"

    def command(self, load, messages):
        return self.machine.inside(*source(["smtp-source"], load, messages,
                                           "inet:127.0.0.1:25", ()))

    def finish(self):
        root = "/proc/%d/root%s" % (self.machine.pid, SPOOL)
        wait_for(lambda: not any(os.listdir(root + q) for q in QUEUES),
                 "Postfix's queue to be empty", RUN_SECONDS)


@contextlib.contextmanager
def peers(directory, client, fetched, wanted):
    """All of them, and why there is none."""
    if not wanted:
        yield [], "nobody asked"
    elif os.getuid() != 0:
        yield [], "only root can make them a machine"
    elif not fetched:
        yield [], "their packages cannot be downloaded"
    else:
        machine, why = Machine(directory), None
        try:
            machine.start()
        except (AssertionError, OSError, subprocess.SubprocessError) as e:
            why = "they do not start: %s: %s" % (e, machine.said())
        try:
            yield ([] if why else [Dovecot(machine, client),
                                   Postfix(machine, client)]), why
        finally:
            machine.end()
