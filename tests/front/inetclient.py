"""LMTP from inside a machine to what its inetd starts.

    inetclient.py say WHERE SENDER RECIPIENT [SOURCE [CLIENT]]
    inetclient.py burst NUMBER WHERE SENDER

WHERE is a port of 127.0.0.1 or a unix socket.

say    sends one message and prints all that came back, whatever it is; from
       the address SOURCE, and saying by XFORWARD that CLIENT sent it.
burst  sends that many, each on a connection of its own and all at once, to a
       recipient each; prints the recipients with what became of them.
"""

import os
import socket
import struct
import sys
import threading

sys.path.append(os.path.dirname(os.path.abspath(__file__)) + "/../behaviour")
from lmtpclient import session, xforward

SECONDS = 120
# Where the kernel sends SYN cookies and its queue is full, a client of TCP may
# believe in a connection that nobody has, and wait.  A mail server gives up.
GREETING_SECONDS = 20


class NoGreeting(Exception):
    """Nobody has heard of us, so the message can be sent again."""


def set_patience(s, seconds):
    """As settimeout(), with which a full backlog would be an error at once."""
    for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
        s.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


def connect(where, source):
    unix = where.startswith("/")
    s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    set_patience(s, SECONDS if unix else GREETING_SECONDS)
    if source and not unix:
        s.bind((source, 0))
    s.connect(where if unix else ("127.0.0.1", int(where)))
    return s


def read_greeting(s):
    got = b""
    while b"\r\n" not in got:
        part = s.recv(65536)
        if not part:
            return got
        got += part
    return got


def talk(where, sender, recipient, source=None, client=None):
    """A whole session, once there is a greeting; all that came back."""
    forward = xforward(ADDR=client) if client else None
    try:
        s = connect(where, source)
        got = read_greeting(s)
    except OSError as e:
        raise NoGreeting from e
    with s:
        set_patience(s, SECONDS)
        if b"220 " in got:
            s.sendall(session(recipient, sender=sender, forward=forward))
        return got + b"".join(iter(lambda: s.recv(65536), b""))


def became(where, sender, recipient):
    try:
        got = talk(where, sender, recipient)
    except NoGreeting:
        return "deferred"
    except OSError as e:
        return "broken by %r" % e
    if b"\r\n250 2.0.0 " in got:
        return "taken"
    return "refused" if b"\n5" in got else "deferred"


def burst(number, where, sender):
    found = {}

    def one(recipient):
        found[recipient] = became(where, sender, recipient)

    threads = [threading.Thread(target=one, args=(
        "burst%d@sms.example.net" % n,)) for n in range(int(number))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for item in sorted(found.items()):
        print(*item)


if sys.argv[1] == "say":
    sys.stdout.buffer.write(talk(*sys.argv[2:]))
else:
    burst(*sys.argv[2:])
