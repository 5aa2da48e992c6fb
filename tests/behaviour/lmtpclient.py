"""An LMTP client that sends any bytes it is told to, and the ways to reach a
server.  It interprets a reply no further than splitting it, so that a test
says in full what it wants to see."""

import collections
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import termios
import time

from proctest import children
from taptest import PATIENCE, check, equal, wait_for

ALICE = "alice@example.com"
MESSAGE = b"From: alice@example.com\nSubject: hello\n\nGood morning.\n"


# -- transports: each gives our two ends and the server's two ----------------

def _pair(_site, _uid):
    ours, theirs = socket.socketpair()
    return (ours, ours), (theirs, theirs)


def _listening(family, address, uid):
    with socket.socket(family) as server:
        server.bind(address)
        if family == socket.AF_UNIX:
            os.chmod(address, 0o777)
        server.listen(1)
        ours = socket.socket(family)
        if uid is not None:
            os.seteuid(uid)
        try:
            ours.connect(server.getsockname())
        finally:
            if uid is not None:
                os.seteuid(0)
        theirs = server.accept()[0]
    return (ours, ours), (theirs, theirs)


def _unix(site, uid):
    path = tempfile.mktemp(prefix="s", dir=site.dir)
    return _listening(socket.AF_UNIX, path, uid)


def _tcp(_site, uid):
    return _listening(socket.AF_INET, ("127.0.0.1", 0), uid)


def _fifo(site, _uid):
    ends = []
    for _ in range(2):
        path = tempfile.mktemp(prefix="fifo", dir=site.dir)
        os.mkfifo(path, 0o600)
        read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        write = os.open(path, os.O_WRONLY)
        os.set_blocking(read, True)
        ends.append((open(read, "rb", 0), open(write, "wb", 0)))
    return (ends[1][0], ends[0][1]), (ends[0][0], ends[1][1])


TRANSPORTS = {"pair": _pair, "spawn": _pair, "unix": _unix, "tcp": _tcp,
              "fifo": _fifo}


# -- replies and commands ----------------------------------------------------

class Reply(str):
    """The first two words, or one where there is no enhanced code; .lines
    has all of it."""

    def __new__(cls, lines):
        m = re.match(r"(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3})(?= |$))?",
                     lines[-1])
        check(m, "no reply: %r" % (lines,))
        self = super().__new__(cls, " ".join(filter(None, m.groups())))
        self.lines = lines
        return self

    @property
    def text(self):
        return "\n".join(self.lines)


Outcome = collections.namedtuple("Outcome",
                                 "xforward mail rcpt data final verdicts")


def wire(message):
    """A message with LF line ends as DATA takes it, final dot included."""
    text = message.replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    return text + b".\r\n"


def xforward(**attributes):
    return "XFORWARD " + " ".join("%s=%s" % a for a in attributes.items())


def as_bytes(line):
    return line if isinstance(line, bytes) else line.encode()


def commands(*lines):
    return b"".join(as_bytes(line) + b"\r\n" for line in lines)


def session(*recipients, sender=ALICE, message=MESSAGE, forward=None):
    """Everything a client says for one message, in one string of bytes."""
    return commands("LHLO client.example", *[forward] if forward else [],
                    "MAIL FROM:<%s>" % sender,
                    *["RCPT TO:<%s>" % r for r in recipients],
                    "DATA") + wire(message) + commands("QUIT")


class Client:
    """A connection; raw bytes out, replies in."""

    def __init__(self, ends, child):
        self.input, self.output = ends
        self.child = child
        self.buffer = b""
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            self.gone()

    def close(self):
        self.input.close()
        self.output.close()

    @property
    def keeper(self):
        """The first of lmtpd's processes."""
        return self.child.pid

    @property
    def monitor(self):
        """The keeper's only child."""
        return wait_for(lambda: children(self.keeper), "the monitor")[0]

    def gone(self):
        """The program must have ended; its exit status."""
        try:
            return self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError("lmtpd did not end") from None

    def half_close(self):
        if isinstance(self.output, socket.socket):
            self.output.shutdown(socket.SHUT_WR)
        else:
            self.output.close()

    def send(self, data):
        """Write all of data, reading replies meanwhile; what the server does
        not take because it has gone is dropped."""
        data = memoryview(data)
        limit = time.monotonic() + PATIENCE
        while data:
            check(time.monotonic() < limit, "the server does not read")
            readers = [] if self.ended else [self.input]
            r, w, _ = select.select(readers, [self.output], [], 1)
            if r:
                self._read()
            if w:
                try:
                    n = os.write(self.output.fileno(), data[:4096])
                except (BrokenPipeError, ConnectionResetError):
                    return
                data = data[n:]

    def _read(self):
        try:
            chunk = os.read(self.input.fileno(), 65536)
        except ConnectionResetError:
            chunk = b""
        self.buffer += chunk
        self.ended = not chunk

    def taken(self):
        """Wait until the server has read what was written (unix sockets)."""
        limit = time.monotonic() + 1
        while time.monotonic() < limit:
            word = fcntl.ioctl(self.output.fileno(), termios.TIOCOUTQ, bytes(4))
            if struct.unpack("i", word)[0] == 0:
                return
            time.sleep(0.0002)

    def fill(self, patience):
        r, _, _ = select.select([self.input], [], [], max(0, patience))
        check(r, "no answer; so far %r" % self.buffer)
        self._read()

    def reply(self, patience=PATIENCE):
        """The next reply; None where the connection ended."""
        limit = time.monotonic() + patience
        lines = []
        while True:
            while b"\r\n" not in self.buffer:
                if self.ended:
                    equal(self.buffer, b"", "bytes at the end")
                    return None
                self.fill(limit - time.monotonic())
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            lines.append(line.decode("latin-1"))
            if line[3:4] != b"-":
                return Reply(lines)

    def replies(self, count, patience=PATIENCE):
        return [self.reply(patience) for _ in range(count)]

    def rest(self, patience=PATIENCE):
        """All replies until the server closes."""
        found = []
        while True:
            r = self.reply(patience)
            if r is None:
                return found
            found.append(r)

    def whole(self, data, split=None, patience=PATIENCE):
        if split is None:
            self.send(data)
        else:
            self.send(data[:split])
            self.taken()
            self.send(data[split:])
        return self.rest(patience)

    def say(self, *lines):
        """Send commands in one write; the reply, or a list of them."""
        self.send(commands(*lines))
        got = self.replies(len(lines))
        return got[0] if len(lines) == 1 else got

    def lhlo(self):
        equal(self.reply(), "220", "greeting")
        r = self.say("LHLO client.example")
        equal(r, "250", "LHLO")
        return r

    def quit(self):
        equal(self.say("QUIT"), "221 2.0.0", "QUIT")
        equal(self.reply(), None, "after QUIT")

    def start(self, *recipients, sender=ALICE, forward=None, mail=""):
        """As far as DATA's 354, which must come."""
        lines = [forward] if forward else []
        lines += ["MAIL FROM:<%s>%s" % (sender, mail)]
        lines += ["RCPT TO:<%s>" % r for r in recipients] + ["DATA"]
        got = self.say(*lines)
        equal(got[-1], "354", "DATA among %r" % (got,))
        return got

    def deliver(self, *recipients, sender=ALICE, message=MESSAGE,
                forward=None, mail="", rcpt="", patience=PATIENCE):
        """A transaction as a client with PIPELINING does it."""
        forwards = [forward] if isinstance(forward, str) else forward or []
        got = self.say(*forwards, "MAIL FROM:<%s>%s" % (sender, mail),
                       *["RCPT TO:<%s>%s" % (r, rcpt) for r in recipients],
                       "DATA")
        xf = [got.pop(0) for _ in forwards]
        mail_reply, data, rcpts = got[0], got[-1], got[1:-1]
        final = []
        if data == "354":
            self.send(wire(message))
            final = self.replies(sum(r[0] == "2" for r in rcpts), patience)
        last = iter(final)
        verdicts = [r if r[0] != "2" else next(last, data) for r in rcpts]
        return Outcome(xf, mail_reply, rcpts, data, final, verdicts)
