#!/usr/bin/python3
"""Limits: sizes, header bounds, a client that never reads, a full disk."""

import select
import os
import time

from lmtpclient import ALICE, commands
from lmtptest import BOX, PHONE, SERVER_USER, Site
from proctest import descendants, status
from taptest import case, check, equal, match, need_root, run, table

SMALL = {"max-message-size": 10000}
KIB = 1024


@table("SIZE={0} at MAIL is {1}", [
    (10000, "250 2.1.0"), (10001, "552 5.3.4"), (0, "250 2.1.0"),
    (99999999999999, "552 5.3.4"), ("9" * 20, "552 5.3.4")])
def _(size, want):
    with Site(SMALL) as site:
        out = site.deliver(PHONE, mail=" SIZE=%s" % size)
        equal(out.mail, want, "MAIL")
        equal(out.rcpt, ["250 2.1.5" if want[0] == "2" else "503 5.5.1"],
              "RCPT")


@case("after 552 at MAIL the connection goes on")
def _():
    with Site(SMALL) as site, site.connect() as client:
        client.lhlo()
        equal(client.deliver(PHONE, mail=" SIZE=10001").mail, "552 5.3.4",
              "MAIL")
        equal(client.deliver(PHONE).final, ["250 2.0.0"], "next")
        client.quit()


def message(size):
    """Exactly size bytes with LF line ends, in lines of 80."""
    text = b"A: b\n\n" + (b"x" * 79 + b"\n") * (size // 80 + 1)
    return text[:size - 1] + b"\n"


@table("without SIZE, {0} bytes are {1} after the last of them", [
    (9500, "250 2.0.0"), (10200, "552 5.3.4"), (100000, "552 5.3.4"),
    (3000000, "552 5.3.4")])
def _(size, want):
    with Site(SMALL) as site, site.connect() as client:
        client.lhlo()
        out = client.deliver(PHONE, BOX, message=message(size))
        equal(out.data, "354", "DATA")
        equal(out.final, [want] * 2, "final replies")
        equal(client.deliver(PHONE).final, ["250 2.0.0"], "next message")
        client.quit()
        equal(len(site.runs()), 3 if want[0] == "2" else 1, "runs")
        equal(site.state_files(), [], "left in the state dir")


@case("a lie about SIZE helps nobody")
def _():
    with Site(SMALL) as site:
        out = site.deliver(PHONE, mail=" SIZE=10", message=message(20000))
        equal(out.final, ["552 5.3.4"], "final")
        equal(site.runs(), [], "runs")


def header_of(size):
    """A header block of size bytes, its lines short."""
    line = b"X-Filler: " + b"y" * 89 + b"\n"
    text = line * (size // 100)
    return text + b"Z: " + b"z" * (size - len(text) - 4) + b"\n"


FOLDED = b"X-Folded: a\n"


@table("a header block of {0} is {1}", [
    ("90 KiB", "250 2.0.0", header_of(90 * KIB)),
    ("255 KiB in long lines", "250 2.0.0",
     (b"X: " + b"y" * 5000 + b"\n") * (255 * KIB // 5004)),
    ("257 KiB in long lines", "550 5.6.0",
     (b"X: " + b"y" * 5000 + b"\n") * (257 * KIB // 5004 + 1)),
    ("one field of 257 KiB", "550 5.6.0", b"X: " + b"y" * 257 * KIB + b"\n"),
    ("one field folded to 257 KiB", "550 5.6.0",
     FOLDED + (b" " + b"y" * 70 + b"\n") * (257 * KIB // 72 + 1)),
    ("1000 fields", "250 2.0.0", b"X: y\n" * 1000),
    ("1001 fields", "550 5.6.0", b"X: y\n" * 1001),
])
def _(_name, want, header):
    with Site() as site:
        out = site.deliver(PHONE, BOX, message=header + b"\nbody\n")
        equal(out.rcpt, ["250 2.1.5"] * 2, "RCPT")
        equal(out.final, [want] * 2, "final")
        equal(len(site.runs()), 2 if want[0] == "2" else 0, "runs")


@case("a body may be what a header may not")
def _():
    with Site() as site:
        text = b"A: b\n\n" + b"X: y\n" * 2000 + b"z" * 300 * KIB + b"\n"
        equal(site.verdict(message=text), "250 2.0.0", "verdict")


def push(client, data, seconds):
    """Write without reading until the peer goes or time is up; how much."""
    sent, limit = 0, time.monotonic() + seconds
    os.set_blocking(client.output.fileno(), False)
    while time.monotonic() < limit:
        _, w, _ = select.select([], [client.output], [], 0.1)
        if not w:
            yield sent
            continue
        try:
            sent += os.write(client.output.fileno(), data)
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            return
        yield sent


@table("a client that never reads, over {0}", [
    ("pair",), ("tcp",), ("fifo",)])
def _(how):
    with Site({"idle-timeout": 1}) as site, site.connect(how) as client:
        peak = {}
        started = time.monotonic()
        for _ in push(client, commands("VRFY someone") * 100, 15):
            for p in descendants(client.child.pid):
                try:
                    anon = int(status(p.pid, "RssAnon").split()[0])
                except (OSError, KeyError, ValueError):
                    continue
                peak[p.pid] = max(peak.get(p.pid, 0), anon)
            if client.child.poll() is not None:
                break
        client.gone()
        check(time.monotonic() - started < 12, "it did not give up")
        check(peak and max(peak.values()) < 3 * KIB,
              "anonymous memory in KiB: %r" % (peak,))


@case("a client that sends a message and never reads: it is delivered once")
def _():
    with Site({"idle-timeout": 1}) as site, site.connect() as client:
        client.send(commands(
            "LHLO c", "MAIL FROM:<%s>" % ALICE, "RCPT TO:<%s>" % PHONE,
            "DATA", "A: b", "", "c", "."))
        client.gone()
        site.the_run()
        equal(site.the_line().verdict, "accepted", "log")


@case("memory does not grow with the message")
def _():
    with Site({"max-message-size": 64 << 20}) as site, \
            site.connect() as client:
        client.lhlo()
        client.start(PHONE)
        peak = 0
        for _ in range(20):
            client.send((b"x" * 998 + b"\r\n") * 1000)
            pids = [client.child.pid] + \
                [p.pid for p in descendants(client.child.pid)]
            equal(len(pids), 4, "processes")
            peak = max(peak, *(int(status(p, "VmHWM").split()[0])
                               for p in pids))
        client.send(b".\r\n")
        equal(client.reply(), "250 2.0.0", "final")
        client.quit()
        check(peak < 6 * KIB, "peak resident memory: %d KiB" % peak)


@case("a full disk is 452 4.3.1, and the next message passes")
def _():
    need_root()
    full = ("unshare", "-m", "sh", "-c",
            'mount -t tmpfs -o size=64k,mode=0700,uid=%d tmpfs "$0" && '
            'exec "$@"' % SERVER_USER.pw_uid)
    with Site() as site:
        site.wrapper = list(full) + [site.state]
        with site.connect() as client:
            client.lhlo()
            out = client.deliver(PHONE, BOX, message=message(200000))
            equal(out.final, ["452 4.3.1"] * 2, "final replies")
            equal(client.deliver(PHONE).final, ["250 2.0.0"], "next")
            client.quit()
        site.the_run()
        match("deferred .*reason=", site.log())


@case("a state directory that is not there is a 4xx, never a 5xx")
def _():
    with Site({"state-dir": "STATE/missing"}) as site, \
            site.connect() as client:
        first = client.reply()
        if first == "220":
            client.say("LHLO client.example")
            out = client.deliver(PHONE)
            match(r"^4\d\d 4\.3\.", out.verdicts[0] if out.data == "354"
                  else out.data)
        else:
            match(r"^421 4\.3\.", first, "greeting")
        equal(site.runs(), [], "runs")


run()
