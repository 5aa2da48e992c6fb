#!/usr/bin/python3
"""However the bytes are cut, the session is the same."""

from lmtpclient import ALICE, commands, session, wire, xforward
from lmtptest import BOX, PHONE, Site
from taptest import case, check, equal, run, table

TEXT = b"Subject: x\n\n.dot\nend\n"
SESSION = session(PHONE, BOX, "no@where.example", message=TEXT,
                  forward=xforward(ADDR="192.0.2.7", IDENT="Q1"))
REPLIES = ["220", "250", "250 2.0.0", "250 2.1.0", "250 2.1.5", "250 2.1.5",
           "550 5.1.1", "354", "250 2.0.0", "250 2.0.0", "221 2.0.0"]
DOT_ENDS = SESSION.index(b"\r\n.\r\n") + len(b"\r\n.\r\n")

# One session, over and over: it is to be delivered each time.
AGAIN = {"remember": "0"}


def left(site):
    """Files that tell of no server address."""
    return [f for f in site.state_files() if "/seen/" not in f]


def quarters():
    """Ranges of byte positions, so that each case stays short."""
    step = (len(SESSION) + 3) // 4
    return [(lo, min(lo + step, len(SESSION) + 1))
            for lo in range(0, len(SESSION) + 1, step)]


def delivered(site, where):
    """Each of the two recipients exactly once, with the whole message."""
    runs = site.runs()
    equal(sorted(r.args[1] for r in runs), sorted([PHONE, BOX]),
          "runs at " + where)
    for r in runs:
        check(r.stdin.endswith(b"\n" + TEXT), "message at " + where)
    site.forget()


@case("a whole session in one write")
def _():
    with Site(AGAIN) as site:
        equal(site.talk(SESSION), REPLIES, "replies")
        delivered(site, "one write")


@table("a session in two writes, cut at each byte from {0} up to {1}",
       quarters())
def _(lo, hi):
    with Site(AGAIN) as site:
        for at in range(lo, hi):
            equal(site.talk(SESSION, split=at), REPLIES, "cut at %d" % at)
            delivered(site, "byte %d" % at)
        equal(left(site), [], "left in the state dir")


@case("a session byte by byte")
def _():
    with Site(AGAIN) as site, site.connect() as client:
        for byte in SESSION:
            client.send(bytes([byte]))
            client.taken()
        equal(client.rest(), REPLIES, "replies")
        delivered(site, "byte by byte")


@table("end of file after each byte from {0} up to {1}", quarters())
def _(lo, hi):
    with Site(AGAIN) as site:
        for at in range(lo, hi):
            with site.connect() as client:
                client.send(SESSION[:at])
                client.half_close()
                got = client.rest()
            if at >= DOT_ENDS:
                equal(got[:10], REPLIES[:10], "replies at %d" % at)
                delivered(site, "byte %d" % at)
            else:
                equal(site.runs(), [], "runs at %d" % at)
                check(got.count("250 2.0.0") <= 1, "said at %d: %r"
                      % (at, got))
        equal(left(site), [], "left in the state dir")


@case("a client that vanishes without reading, at every third byte")
def _():
    with Site(AGAIN) as site:
        for at in range(0, len(SESSION) + 1, 3):
            with site.connect() as client:
                client.send(SESSION[:at])
            # Whoever is not there for the reply will send it again.
            runs = [r.args[1] for r in site.runs()]
            check(len(set(runs)) == len(runs), "twice at %d" % at)
            check(at >= DOT_ENDS or not runs, "runs at %d" % at)
            site.forget()
        accepted = [line for line in site.lines() if line.verdict[0] == "a"]
        check(all(line.fields["exit"] == "0" for line in accepted), "log")
        equal(left(site), [], "left in the state dir")


@case("end of file on FIFOs in the middle of DATA runs nothing")
def _():
    with Site(AGAIN) as site:
        for at in (DOT_ENDS - 1, DOT_ENDS - 3, DOT_ENDS - 9):
            with site.connect("fifo") as client:
                client.send(SESSION[:at])
                client.half_close()
                client.rest()
            equal(site.runs(), [], "runs at %d" % at)


@case("replies to a pipelined group come in one piece")
def _():
    with Site(AGAIN) as site, site.connect() as client:
        client.lhlo()
        client.send(commands("MAIL FROM:<%s>" % ALICE,
                             *["RCPT TO:<%s>" % PHONE] * 50, "DATA"))
        client.fill(5)
        first = client.buffer
        equal(client.replies(52)[-1], "354", "DATA")
        check(first.count(b"\r\n") > 25,
              "the first read brought only %d replies" % first.count(b"\r\n"))
        client.send(wire(TEXT))
        equal(client.replies(50), ["250 2.0.0"] * 50, "final")
        client.quit()


@case("DATA refused: what follows is commands, not a message")
def _():
    with Site(AGAIN) as site:
        got = site.talk(session("no@where.example", message=b"NOOP\n"))
        equal(got, ["220", "250", "250 2.1.0", "550 5.1.1", "503 5.5.1",
                    "250 2.0.0", "500 5.5.2", "221 2.0.0"], "replies")
        equal(site.runs(), [], "runs")


run()
