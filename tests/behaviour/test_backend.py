#!/usr/bin/python3
"""How a backend ends, what its end means, and that nothing of it outlives its
message."""

import re
import time

from lmtptest import BOX, PHONE, Site, backend, shell
from proctest import alive, descendants
from taptest import case, check, equal, match, run, table, wait_for

# -- how it ends -------------------------------------------------------------

SAID = {0: "250 2.0.0", 65: "554 5.6.0", 67: "550 5.1.1", 69: "554 5.3.0",
        77: "550 5.7.1"}
VERDICT = {"2": "accepted", "4": "deferred", "5": "refused"}


@table("exit {0}", [(code,) for code in
                    [0, 1, 2, *range(64, 80), 100, 126, 127, 128, 137, 255]])
def _(code):
    want = SAID.get(code, "451 4.3.0")
    with Site() as site:
        equal(site.verdict("exit%d@box.example.net" % code), want, "reply")
        line = site.the_line()
        equal((line.verdict, line.fields["exit"]),
              (VERDICT[want[0]], str(code)), "log")


@table("killed by signal {0}", [(1,), (6,), (9,), (11,), (13,), (15,)])
def _(number):
    with Site() as site:
        equal(site.verdict("kill%d@box.example.net" % number), "451 4.3.0",
              "reply")
        line = site.the_line()
        equal((line.verdict, line.fields["exit"]),
              ("maybe-sent", "signal:%d" % number), "log")


@table("{0} is 451 4.3.0, never a bounce", [
    ("a script whose interpreter is missing", "#!/nonexistent/sh\n"),
    ("a file that is no program", "just text\n"),
    ("an empty file", ""),
])
def _(_name, text):
    with Site(backend=text) as site:
        equal(site.verdict(), "451 4.3.0", "reply")
        equal(site.the_line().verdict, "deferred", "log")


@case("a backend that does not exist loses and bounces nothing")
def _():
    with Site(backend(command=["/nonexistent/backend"])) as site, \
            site.connect() as client:
        first = client.reply()
        if first == "220":
            client.say("LHLO client.example")
            equal(client.deliver(PHONE).verdicts, ["451 4.3.0"], "verdict")
        else:
            equal(first, "421 4.3.5", "greeting")
        match("/nonexistent/backend", site.log())


# What a backend says first on stderr: text, exit, verdict.
OVERRIDES = [
    ("5.1.1 no such pager", 1, "550 5.1.1"),
    ("4.2.1 pager is off", 1, "451 4.2.1"),
    ("4.2.1 pager is off", 67, "451 4.2.1"),
    ("5.7.0 never", 75, "550 5.7.0"),
    ("5.1.1", 1, "550 5.1.1"),
    ("5.1.1 no such pager", 0, "250 2.0.0"),
    ("2.0.0 all is well", 1, "451 4.3.0"),
    ("2.0.0 all is well", 67, "550 5.1.1"),
    ("250 2.0.0 all is well", 1, "451 4.3.0"),
    ("3.1.1 x", 1, "451 4.3.0"),
    ("5.1 x", 1, "451 4.3.0"),
    ("5.1.1.1 x", 1, "451 4.3.0"),
    ("5.1.1x", 1, "451 4.3.0"),
    ("5.1234.1 x", 1, "451 4.3.0"),
    ("5.-1.1 x", 1, "451 4.3.0"),
    ("5.+1.1 x", 1, "451 4.3.0"),
    ("5. 1. 1 x", 1, "451 4.3.0"),
    ("5.1. x", 1, "451 4.3.0"),
    ("x 5.1.1", 1, "451 4.3.0"),
    ("x\\n5.1.1 not on the second line", 1, "451 4.3.0"),
]


@table("stderr says '{0}' and exit {1}: {2}", OVERRIDES)
def _(text, code, want):
    with Site(backend=shell("printf '%s\\n' >&2; exit %d"
                            % (text, code))) as site:
        reply = site.verdict()
        equal(reply[:1] + reply[3:], want[:1] + want[3:], "class and code")
        match("^%s" % (want[:3] if want[0] == "2" else want[0] + r"\d\d "),
              reply)
        if want in ("550 5.1.1", "451 4.2.1") and code == 1:
            match("pager|5.1.1", reply.text, "text")


@case("hostile bytes on stderr reach neither reply nor log raw")
def _():
    evil = r"5.1.1 \033[31mred\r\n250 2.0.0 fine\001\377\r\nMAIL FROM:<x>"
    with Site(backend=shell("printf '%s\\n' >&2; exit 1" % evil)) as site:
        with site.connect() as client:
            client.lhlo()
            out = client.deliver(PHONE)
            client.quit()
        equal(out.verdicts, ["550 5.1.1"], "verdict")
        text = out.final[0].text
        check(text.isprintable() and text.isascii(), "raw: %r" % text)
        log = site.log()
        check(re.fullmatch(r"[ -~\n\t]*", log), "raw: %r" % log)


@case("a very long first line on stderr: a reply of bounded length")
def _():
    with Site(backend=shell("printf '5.1.1 %0100000d\\n' 0 >&2; exit 1")) \
            as site:
        reply = site.verdict()
        equal(reply, "550 5.1.1", "verdict")
        check(len(reply.text) <= 510, "%d bytes" % len(reply.text))


@case("what a backend prints goes to the log, not to the client")
def _():
    text = shell("echo on-stdout; echo on-stderr >&2; exit 0")
    with Site(backend=text) as site:
        reply = site.verdict()
        equal(reply, "250 2.0.0", "verdict")
        check("on-std" not in reply.text, reply.text)
        match("on-stdout", site.log())
        match("on-stderr", site.log())


@table("a backend that floods {0} delivers all the same", [
    ("stdout", ""), ("stderr", ">&2")])
def _(_name, where):
    with Site(backend=shell("head -c 50000000 /dev/zero | tr '\\0' 'x%s"
                            % ("' " + where))) as site:
        equal(site.verdict(), "250 2.0.0", "verdict")
        check(len(site.log()) < 1 << 20, "log of %d" % len(site.log()))


@case("a flood of lines, too, and both outputs at once")
def _():
    with Site(backend=shell("yes | head -c 20000000 & "
                            "yes no | head -c 20000000 >&2; wait")) as site:
        equal(site.verdict(), "250 2.0.0", "verdict")
        check(len(site.log()) < 1 << 20, "log of %d" % len(site.log()))


@table("standard input ignored, {0}", [
    ("1 KiB", 10), ("10 MiB", 100000)])
def _(_name, lines):
    with Site({**backend(), "max-message-size": 20 << 20},
              backend=shell("exit 0")) as site, site.connect() as client:
        client.lhlo()
        message = b"A: b\n\n" + (b"x" * 104 + b"\n") * lines
        equal(client.deliver(PHONE, BOX, message=message).final,
              ["250 2.0.0"] * 2, "verdicts")
        equal(client.deliver(PHONE).final, ["250 2.0.0"], "the next message")
        client.quit()


# -- time --------------------------------------------------------------------

@table("a backend that hangs is ended at its timeout: {0}", [
    ("sleeping", "exec sleep 300"),
    ("with a child", "sleep 300; true"),
    ("deaf to SIGTERM", "trap '' TERM HUP INT; sleep 300; sleep 300"),
    ("stopped", "kill -STOP $$; sleep 300"),
    ("closing its outputs", "exec >&- 2>&- <&-; sleep 300"),
    ("busy", "while :; do :; done"),
])
def _(_name, text):
    with Site(backend(timeout=1), backend=shell(text)) as site, \
            site.connect() as client:
        client.lhlo()
        started = time.monotonic()
        equal(client.deliver(PHONE).verdicts, ["451 4.3.0"], "verdict")
        took = time.monotonic() - started
        check(0.9 < took < 5, "took %.1f s" % took)
        match("deferred|maybe-sent", site.the_line().verdict)
        names = {p.name for p in descendants(client.child.pid)}
        check("sleep" not in names and "backend" not in names,
              "it lives: %r" % (names,))
        client.quit()


GRANDCHILDREN = [
    ("in the background", "sleep 300 & echo $! >RECORDS/pid"),
    ("in a session of its own",
     "setsid sh -c 'echo $$ >RECORDS/pid; exec sleep 300' &\n"
     "until [ -s RECORDS/pid ]; do :; done"),
    ("forked twice, orphaned, its outputs closed",
     "( ( setsid sh -c 'echo $$ >RECORDS/pid; exec sleep 300' "
     "<&- >&- 2>&- & ) & )\nuntil [ -s RECORDS/pid ]; do :; done"),
    ("deaf to signals",
     "( trap '' HUP TERM INT; setsid sh -c 'echo $$ >RECORDS/pid; "
     "while :; do sleep 1; done' & )\nuntil [ -s RECORDS/pid ]; do :; done"),
]


@table("a grandchild {0} is dead after the transaction, {2}",
       [(n, t, how, tail) for n, t in GRANDCHILDREN
        for how, tail in (("exit 0", "exit 0"), ("timeout", "sleep 300"))])
def _(_name, text, how, tail):
    with Site(backend(timeout=1), backend=shell(text + "\n" + tail)) as site, \
            site.connect() as client:
        client.lhlo()
        started = time.monotonic()
        want = "250 2.0.0" if how == "exit 0" else "451 4.3.0"
        equal(client.deliver(PHONE).verdicts, [want], "verdict")
        if how == "exit 0":
            check(time.monotonic() - started < 0.9, "waited for it")
        pid = int(site.note("pid"))
        wait_for(lambda: not alive(pid), "the end of it", 1)
        client.quit()


@case("a fork bomb of a few hundred is swept")
def _():
    text = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do " \
        "setsid sh -c 'sleep 300 & sleep 300 & sleep 300' & done; exit 0"
    with Site(backend=shell(text)) as site, site.connect() as client:
        client.lhlo()
        equal(client.deliver(PHONE).verdicts, ["250 2.0.0"], "verdict")
        wait_for(lambda: not [p for p in descendants(client.child.pid)
                              if p.name in ("sleep", "sh")], "the sweep", 2)
        client.quit()


COUNTING = shell("""
: >RECORDS/on.$$
set -- RECORDS/on.*
echo $# >>RECORDS/count
sleep 0.2
rm RECORDS/on.$$
""")


@table("parallel = {0} with {1} recipients", [(1, 3), (3, 9), (4, 2)])
def _(parallel, recipients):
    with Site(backend(parallel=parallel), backend=COUNTING) as site:
        names = ["r%d@box.example.net" % i for i in range(recipients)]
        equal(site.deliver(*names).final, ["250 2.0.0"] * recipients, "final")
        counts = [int(n) for n in site.note("count").split()]
        equal((len(counts), max(counts)),
              (recipients, min(parallel, recipients)), "runs, most at once")


@case("parallel counts each backend by itself")
def _():
    other = {("backend", "other"): {"command": ["/bin/true"], "parallel": 3},
             ("channel", "sms"): {"backend": "other"}}
    with Site({**backend(parallel=1), **other}, backend=COUNTING) as site:
        names = ["r%d@box.example.net" % i for i in range(3)] + [PHONE]
        equal(site.deliver(*names).final, ["250 2.0.0"] * 4, "final")
        equal(site.note("count").split(), ["1"] * 3, "runs at once")


@case("reply-timeout: all replies in time, what was running is maybe-sent")
def _():
    changes = {"reply-timeout": 2, **backend(parallel=2, timeout=60)}
    with Site(changes, backend=shell(
            'case $1 in quick) exit 0 ;; esac; sleep 30')) as site, \
            site.connect() as client:
        client.lhlo()
        names = ["quick@box.example.net"]
        names += ["r%d@box.example.net" % i for i in range(6)]
        started = time.monotonic()
        final = client.deliver(*names).final
        took = time.monotonic() - started
        check(1 < took < 8, "took %.1f s" % took)
        equal(final[0], "250 2.0.0", "the quick one")
        for reply in final[1:]:
            match(r"^451 4\.", reply)
        equal(sorted(line.verdict for line in site.lines()),
              ["accepted"] + ["deferred"] * 4 + ["maybe-sent"] * 2, "log")
        left = [p for p in descendants(client.child.pid) if p.name == "sleep"]
        equal(left, [], "backends still there")
        client.quit()


@case("a client that closes while backends run: they are ended or finish")
def _():
    with Site(backend=shell("sleep 0.3; echo done >>RECORDS/done")) as site:
        with site.connect() as client:
            client.lhlo()
            client.start(PHONE)
            client.send(b"A: b\r\n\r\nc\r\n.\r\n")
        equal(site.state_files(), [], "left in the state dir")
        line = site.the_line()
        if line.verdict == "accepted":
            equal(site.note("done"), "done\n", "runs")


run()
