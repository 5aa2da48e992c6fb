"""What the tests of the backends share: servers that end with the test, and a
gateway whose configuration is the example that is shipped, but for paths."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

import lmtptest                                          # noqa: E402
from lmtpclient import ALICE, xforward                   # noqa: E402
from lmtptest import ME, ROOT, SERVER_USER               # noqa: E402
from proctest import descendants, reap                   # noqa: E402
from taptest import check, comment, equal, wait_for      # noqa: E402

CONF = HERE + "/../../conf"
LIBEXEC = os.environ.get("LMTPD_LIBEXECDIR", HERE + "/../../build/lmtpd")
LMTPTEXT = os.environ.get("LMTPTEXT", LIBEXEC + "/lmtptext")
CLIENT = "192.0.2.1"
START = 60              # seconds for a server to come up on a busy machine


def need(*programs):
    """End the test, skipped, where the machine has no such program."""
    for path in programs:
        if not os.access(path, os.X_OK):
            print("1..0 # SKIP no", path)
            sys.exit(0)


def own_network():
    """Start this test anew on a network of its own, where root may: then no
    port is taken."""
    if ROOT and "BEHIND_NETWORK" not in os.environ and subprocess.run(
            ["unshare", "--net", "true"], check=False).returncode == 0:
        os.environ["BEHIND_NETWORK"] = "own"
        os.execvp("unshare", [
            "unshare", "--net", "--", "/bin/sh", "-c",
            'PATH=$PATH:/sbin; ip link set lo up && exec "$@"', "sh",
            sys.executable] + sys.argv)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Servers:
    """A directory and the servers that live there, as lmtpd's user; use it in
    a with statement."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="behind.")
        os.chmod(self.dir, 0o755)
        self.own(self.dir)
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for child in reversed(self.children):
            self.end(child)
        reap()
        if kind not in (None, SystemExit):
            self.show_logs()
        shutil.rmtree(self.dir, ignore_errors=True)

    def show_logs(self):
        for name in os.listdir(self.dir):
            if name.endswith(".log"):
                comment("%s: %s" % (name, self.read(name)[-3000:]))

    @staticmethod
    def own(path):
        if ROOT:
            os.chown(path, SERVER_USER.pw_uid, SERVER_USER.pw_gid)

    def make(self, *names):
        for name in names:
            path = "%s/%s" % (self.dir, name)
            os.makedirs(path)
            while path != self.dir:
                self.own(path)
                path = os.path.dirname(path)

    def write(self, name, text, mode=0o600):
        path = "%s/%s" % (self.dir, name)
        with open(path, "w") as f:
            f.write(text.replace("DIR", self.dir))
        os.chmod(path, mode)
        self.own(path)
        return path

    def read(self, name):
        try:
            with open("%s/%s" % (self.dir, name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def start(self, *command, who=SERVER_USER, **env):
        """Its output goes to PROGRAM.log; who is to run it, where root may
        say."""
        log = "%s/%s.log" % (self.dir, os.path.basename(command[0]))
        user = {"user": who.pw_uid, "group": who.pw_gid,
                "extra_groups": []} if ROOT else {}
        with open(log, "ab") as out:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.dir, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                   "HOME": self.dir, "LC_ALL": "C.UTF-8",
                                   **env}, **user)
        self.children.append(child)
        return child

    def up(self, condition, what):
        """Wait for a server that is starting."""
        def ready():
            for child in self.children:
                check(child.poll() is None, "%s has ended" % child.args[0])
            return condition()
        try:
            return wait_for(ready, what, START)
        except AssertionError:
            self.show_logs()
            raise

    def end(self, child, patience=10):
        """All of it: what it started too."""
        family = descendants(child.pid)
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for p in family:
            try:
                os.kill(p.pid, 9)
            except ProcessLookupError:
                pass
        if child in self.children:
            self.children.remove(child)

    def pids(self):
        found = set()
        for child in self.children:
            found.add(child.pid)
            found.update(p.pid for p in descendants(child.pid))
        return found


def example(name, *changes):
    """The shipped example's text, each (old, new) replaced; the old ones must
    be there."""
    with open("%s/examples/%s.conf" % (CONF, name)) as f:
        text = f.read()
    for old, new in (('{"postfix"}', '{"%s"}' % ME), *changes):
        check(old in text, "%s.conf has no %r" % (name, old))
        text = text.replace(old, new)
    return 'state-dir = "STATE"\n' + text


class Gateway(lmtptest.Site):
    """lmtpd with an example's configuration and a copy of its backend, in
    front of servers that outlive it."""

    def __init__(self, name, backend, *changes, servers=None):
        self.servers = servers
        super().__init__(text=re.sub(
            r'(command = \{\s*")(%s")' % backend, r"\1DIR/\2",
            example(name, *changes)))
        with open("%s/%s" % (CONF, backend)) as f:
            self.program = self.script(backend, f.read())
        # Where root's lmtpd can reach it as another user.
        if os.access(LMTPTEXT, os.X_OK):
            self.libexec = self.dir + "/libexec"
            os.mkdir(self.libexec)
            os.chmod(self.libexec, 0o755)
            shutil.copy(LMTPTEXT, self.libexec + "/lmtptext")

    def script(self, name, text):
        """An executable in DIR, with no word replaced."""
        path = "%s/%s" % (self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    def _stray(self):
        limit = time.monotonic() + 2
        while True:
            ours = self.servers.pids() if self.servers else set()
            found = [p for p in descendants(os.getpid()) if p.pid not in ours]
            if not found or time.monotonic() > limit:
                return found
            time.sleep(0.01)

    def send(self, recipient, text="hello\n", sender=ALICE, queue_id=None,
             header=b"Subject: x\n", mail=None, **more):
        """One message, of a text or a whole mail; the reply to it."""
        text = text if isinstance(text, bytes) else text.encode()
        facts = {"ADDR": CLIENT}
        if queue_id:
            facts["IDENT"] = queue_id
        out = self.deliver(recipient, sender=sender, patience=60,
                           message=mail or header + b"\n" + text,
                           forward=xforward(**facts), **more)
        return out.verdicts[0]

    def run(self, *args, text=b"hello", env=None, wrapper=()):
        """The backend by itself, as lmtpd's user: (exit, reply line)."""
        user = {"user": SERVER_USER.pw_uid, "group": SERVER_USER.pw_gid,
                "extra_groups": []} if ROOT else {}
        done = subprocess.run(
            [*wrapper, self.program, *args], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
            timeout=90, check=False,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **(env or {})},
            **user)
        lines = done.stderr.decode(errors="replace").splitlines()
        return done.returncode, lines[0] if lines else ""


# What people's programs send: name, mail, and all that a telephone should get.
LETTERS = [
    ("a plain text and HTML, with an attachment", b"""\
From: Alice <alice@example.com>
Subject: =?utf-8?Q?Ihr_Velo_=F0=9F=9A=B2?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="mixed"

This is a multi-part message in MIME format.
--mixed
Content-Type: multipart/alternative; boundary="alt"

--alt
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Gr=C3=BCezi Frau M=C3=BCller =F0=9F=98=80

Ihr Velo ist fertig =E2=80=93 Sie k=C3=B6nnen es=20
ab 9 Uhr abholen. 100=3D100 =F0=9F=91=8D=F0=9F=8F=BD

--=20
Velo Meier AG
Z=C3=BCrich
--alt
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

<html><body><p>Gr=C3=BCezi, <b>nicht dies</b></p></body></html>

--alt--

--mixed
Content-Type: application/pdf; name="Rechnung.pdf"
Content-Disposition: attachment; filename="Rechnung.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQKJSVFT0YK
--mixed--
""", """\
Grüezi Frau Müller \U0001f600

Ihr Velo ist fertig – Sie können es ab 9 Uhr abholen. 100=100 \
\U0001f44d\U0001f3fd"""),
    ("HTML alone, which answers another", b"""\
From: Alice <alice@example.com>
Subject: AW: Termin
MIME-Version: 1.0
Content-Type: text/html; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

<html><head><style>p { color: black }</style></head><body>
<p class=3D"MsoNormal">Sch=F6ne Gr=FCsse &#128578;<br>
Bis&nbsp;sp=E4ter &amp; tsch=FCss</p>
<div>Am 3. November 2026 um 09:12 schrieb Bob &lt;bob@example.org&gt;:</div>
<blockquote>Wann kommst du=3F</blockquote>
<p>-- <br>Alice</p></body></html>
""", "Schöne Grüsse \U0001f642\nBis später & tschüss"),
]
SIGNATURE = "-- \nAlice\n"


def send_texts(gateway, phone, texts):
    """Texts (name, text, ...) and all LETTERS; {name: reply}."""
    with gateway:
        replies = {name: gateway.send(phone, text + "\n")
                   for name, text, *_ in texts}
        replies.update((name, gateway.send(phone, mail=mail))
                       for name, mail, _ in LETTERS)
    return replies


def refused(reply, code, words):
    equal(reply, code, "reply %r" % reply.text)
    check(words in reply.text, "%r is not in %r" % (words, reply.text))
