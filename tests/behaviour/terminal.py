"""A program on a terminal of its own, as a person sits at it."""

import errno
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

from taptest import PATIENCE, check


class Terminal:
    """Use it in a with statement.  stdin, where it is given, is the
    program's standard input; the terminal still is the one that controls it."""

    def __init__(self, command, env=None, stdin=None):
        self.seen = ""
        self.told = 0           # of seen, what expect() has gone past
        self.fd, theirs = pty.openpty()
        self.child = subprocess.Popen(
            command, stdin=theirs if stdin is None else stdin, stdout=theirs,
            stderr=theirs, cwd="/", start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
            env={"PATH": "/usr/bin:/bin", "TERM": "xterm", **(env or {})})
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self.fd)

    def _read(self, limit):
        """More of what it wrote; False at its end."""
        left = limit - time.monotonic()
        check(left > 0 and select.select([self.fd], [], [], left)[0],
              "the terminal shows only: %r" % self.seen[-2000:])
        try:
            data = os.read(self.fd, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            data = b""
        self.seen += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, pattern, patience=PATIENCE):
        """Wait for it in what was not yet gone past."""
        limit = time.monotonic() + patience
        while True:
            found = re.search(pattern, self.seen[self.told:])
            if found:
                self.told += found.end()
                return found
            check(self._read(limit), "it ended before %r: %r"
                  % (pattern, self.seen[-2000:]))

    def send(self, text):
        os.write(self.fd, text.encode())

    def end(self, patience=PATIENCE):
        """Its exit status, once it has said all."""
        limit = time.monotonic() + patience
        while self._read(limit):
            pass
        return self.child.wait(timeout=patience)
