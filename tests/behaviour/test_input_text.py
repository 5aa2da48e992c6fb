#!/usr/bin/python3
"""A backend with input = "text": it gets what lmtptext makes of the message,
and a message that has no text, or too much, is refused with the reason."""

import os
import re
import shutil

from lmtptest import BOX, HERE, PHONE, Site, backend, merge
from taptest import case, equal, match, run, table

OTHER = "+41791234568@sms.example.net"
LIBEXEC = os.environ.get("LMTPD_LIBEXECDIR", HERE + "/../../build/lmtpd")

MAIL = """From: alice@example.com
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Guten T=E4g
-- =

Alice
--b
Content-Type: text/html

<p>no</p>
--b--
"""
EMPTY = b"From: alice@example.com\n\n-- \nAlice\n"
LONG = b"From: alice@example.com\n\n" + b"word " * 60 + b"\n"


class TextSite(Site):
    """Its backend gets the text: of lmtptext's copy, or of a script's."""

    def __init__(self, changes=None, script="", wrapper=(), **keys):
        super().__init__(merge(backend(input="text", **keys), changes or {}),
                         wrapper=wrapper)
        self.libexec = self.dir + "/libexec"
        os.mkdir(self.libexec)
        os.chmod(self.libexec, 0o755)
        if script:
            self.script("libexec/lmtptext", "#!/bin/sh\n" + script)
        elif script is not None:
            shutil.copy(LIBEXEC + "/lmtptext", self.libexec)


def told(site, message, *recipients):
    out = site.deliver(*recipients or (PHONE,), message=message)
    return out.verdicts


@table("it gets the text: {0}", [
    ("subject and body", {}, "Grüße\nGuten Täg"),
    ("the body", {"text": ["body"]}, "Guten Täg"),
    ("the subject", {"text": ["subject"]}, "Grüße"),
    ("the other way round", {"text": ["body", "subject"]},
     "Guten Täg\nGrüße"),
    ("cut nowhere", {"text": ["body"], "cut-at": []},
     "Guten Täg\n--\nAlice"),
    ("cut at lines", {"cut-at": ["-- ", "Guten*"]}, "Grüße")])
def _(_name, keys, want):
    with TextSite(**keys) as site:
        equal(told(site, MAIL.encode()), ["250 2.0.0"], "reply")
        equal(site.the_run().stdin.decode(), want, "text")


@case("no text: 550 5.6.0, and lmtptext's words")
def _():
    with TextSite() as site:
        out = site.deliver(PHONE, message=EMPTY)
        equal(out.verdicts, ["550 5.6.0"], "reply")
        match("no text in the message", out.verdicts[0].text)
        equal(site.the_line().fields["reason"], "text-refused", "log")
        equal(site.runs(), [], "runs")


@case("more segments than allowed: 550 5.2.3 with the count")
def _():
    with TextSite(**{"max-segments": 1}) as site:
        out = site.deliver(PHONE, message=LONG)
        equal(out.verdicts, ["550 5.2.3"], "reply")
        match("takes 2 segments, 1 is allowed", out.verdicts[0].text)
        equal(site.runs(), [], "runs")


@case("more segments than allowed, cut: delivered, and logged")
def _():
    with TextSite(**{"max-segments": 1, "overflow": "cut"}) as site:
        equal(told(site, LONG), ["250 2.0.0"], "reply")
        equal(len(site.the_run().stdin), 159, "bytes: no blank at the end")
        match("lmtptext [0-9a-f.]+: cut: the text took 2 segments",
              site.log())


@case("two recipients, and one of a backend that gets the message")
def _():
    with TextSite({("backend", "whole"): {"command": ["BACKEND"]},
                   ("channel", "box"): {"backend": "whole"}}) as site:
        equal(told(site, LONG, PHONE, OTHER, BOX), ["250 2.0.0"] * 3, "told")
        ran = [r.stdin for r in site.runs()]
        equal(sum(r == (b"word " * 60).strip() for r in ran), 2, "texts")
        equal(sum(r.endswith(LONG) for r in ran), 1, "messages")
        equal(told(site, EMPTY, PHONE, OTHER, BOX),
              ["550 5.6.0", "550 5.6.0", "250 2.0.0"], "no text")


# -- an lmtptext that is none ------------------------------------------------

READ = "cat >/dev/null; "
TOO_MUCH = "echo 5.6.0 too much >&2; exit 70"


@table("lmtptext {0}: {2}", [
    ("crashes", READ + "kill -SEGV $$", "554 5.6.0", "no-text"),
    ("crashes in the midst of the message", "read line; kill -SEGV $$",
     "554 5.6.0", "no-text"),
    ("crashes before it reads", "kill -SEGV $$", "451 4.3.0", "internal"),
    ("has no memory before it reads", "kill -ABRT $$", "451 4.3.0",
     "internal"),
    ("is ended for a call that a new library makes", READ + "kill -SYS $$",
     "451 4.3.0", "internal"),
    ("takes too much processor time", READ + "kill -XCPU $$", "554 5.6.0",
     "no-text"),
    ("takes it before it reads", "kill -XCPU $$", "451 4.3.0", "internal"),
    ("is killed", READ + "kill -KILL $$", "451 4.3.0", "internal"),
    ("fails by itself", READ + "exit 71", "451 4.3.0", "internal"),
    ("has no word for its refusal", "exit 65", "554 5.6.0", "no-text"),
    ("defers", "echo 4.3.1 later >&2; exit 65", "451 4.3.1", "text-refused"),
    ("writes half and crashes", READ + "echo half; kill -ABRT $$",
     "554 5.6.0", "no-text"),
    ("has used up its memory", READ + TOO_MUCH, "550 5.6.0", "text-refused"),
    ("is not there", None, "451 4.3.0", "internal")])
def _(_name, script, want, reason):
    with TextSite(script=script) as site:
        equal(told(site, LONG), [want], "reply")
        equal(site.the_line().fields["reason"], reason, "log")
        equal(site.runs(), [], "runs")


# Of a service that has less than lmtptext may take, as of such a machine.
SCANT = ["prlimit", "--as=%d" % (200 * 1024 * 1024)]


@table("no memory for it, and lmtptext {0}: {2}", [
    ("is ended by a library", READ + "kill -ABRT $$", "451 4.3.0"),
    ("crashes", READ + "kill -SEGV $$", "451 4.3.0"),
    ("says so", READ + TOO_MUCH, "451 4.3.0"),
    ("takes too much processor time", READ + "kill -XCPU $$", "554 5.6.0"),
    ("refuses", READ + "echo 5.6.0 no >&2; exit 65", "550 5.6.0")])
def _(_name, script, want):
    with TextSite(script=script, wrapper=SCANT) as site:
        equal(told(site, LONG), [want], "reply")
        equal(len(re.findall("no memory for it, 268[0-9]{6} bytes",
                             site.log())), want[0] == "4", "log")
        equal(site.runs(), [], "runs")


@table("a limit of the service's below lmtptext's own, of {0}: 451", [
    ("CPU time", ["prlimit", "--cpu=10"]), ("memory", SCANT)])
def _(what, wrapper):
    with TextSite(wrapper=wrapper) as site:
        equal(told(site, LONG), ["451 4.3.0"], "reply")
        match("limits: the service's own leaves too little " + what,
              site.log())
        equal(site.runs(), [], "runs")


@case("a text beyond a file size limit of the service: 451, our fault")
def _():
    euros = b"Content-Type: text/plain; charset=windows-1252\n\n" + b"\x80" * 8000
    limit = ["sh", "-c", 'ulimit -f 32; exec "$@"', "sh"]   # of 512 bytes
    with TextSite({"max-message-size": 8192}, wrapper=limit) as site:
        equal(told(site, euros), ["451 4.3.0"], "reply")
        match("(?m)lmtptext .*: exit status 71$", site.log(), "log")
        equal(site.runs(), [], "runs")


@case("told to stop meanwhile: no other backend is started, either")
def _():
    with TextSite({("backend", "whole"): {"command": ["BACKEND"]},
                   ("channel", "box"): {"backend": "whole"}},
                  "kill -TERM $PPID; exec sleep 600") as site:
        with site.connect() as client:
            client.lhlo()
            told = client.deliver(PHONE, BOX, message=LONG).verdicts
        equal(told, ["451 4.3.2"] * 2, "replies")
        equal([(line.verdict, line.fields["reason"])
               for line in site.lines()], [("deferred", "stopped")] * 2)
        equal(site.runs(), [], "runs")


@case("one that does not end is ended in time for the reply")
def _():
    with TextSite({"reply-timeout": 2}, "exec sleep 600") as site:
        equal(told(site, LONG), ["451 4.3.0"], "reply")
        equal(site.runs(), [], "runs")


@table("delivered before, and lmtptext {0} now: 250, and no run", [
    ("crashes", READ + "kill -SEGV $$"),
    ("refuses", "echo 5.2.3 no >&2; exit 65"),
    ("fails", "exit 71")])
def _(_what, script):
    with TextSite() as site:
        message = b"Message-ID: <1@example.com>\n" + LONG
        equal(told(site, message), ["250 2.0.0"], "first")
        site.script("libexec/lmtptext", "#!/bin/sh\n" + script)
        equal(told(site, message), ["250 2.0.0"], "again")
        equal(len(site.runs()), 1, "runs")


@case("remembered is a delivery, not a text that was refused")
def _():
    with TextSite(**{"max-segments": 1}) as site:
        equal(told(site, LONG), ["550 5.2.3"], "first")
        equal(told(site, LONG), ["550 5.2.3"], "again")
        equal(told(site, b"A: b\n\nshort\n"), ["250 2.0.0"], "short")


run()
