#!/usr/bin/python3
"""What a backend is given: descriptors, environment, arguments, and nothing
more."""

from lmtpclient import ALICE, MESSAGE, xforward
from lmtptest import (BOX, GLIBC_SIGNALS, PHONE, SERVER_USER, Site, backend,
                      shell)
from taptest import case, check, equal, match, run, table

FORWARD = xforward(NAME="mail.example.com", ADDR="192.0.2.7",
                   HELO="helo.example.com", IDENT="QID7")


LOOK = r"""#!/usr/bin/python3 -I
import os
out = open("RECORDS/look", "w")
mine = out.fileno()
for fd in range(1024):
    try:
        st = os.fstat(fd)
    except OSError:
        continue
    if fd != mine:
        print("fd", fd, os.readlink("/proc/self/fd/%d" % fd), file=out)
with open("/proc/self/fdinfo/0") as f:
    info = f.read().split()
print("stdin-flags", int(info[info.index("flags:") + 1], 8) & 3, file=out)
print("stdin-pos", info[info.index("pos:") + 1], file=out)
print("umask %03o" % os.umask(0), file=out)
print("session", os.getsid(0) == os.getpid(), file=out)
print("group", os.getpgid(0) == os.getpid(), file=out)
print("uid", os.getresuid(), os.getresgid(), os.getgroups(), file=out)
"""


def looked(site):
    return dict(line.split(" ", 1)
                for line in site.note("look").splitlines()
                if not line.startswith("fd "))


@table("descriptors 0, 1 and 2 and nothing else, over {0}", [
    ("pair",), ("tcp",), ("fifo",), ("spawn",)])
def _(how):
    with Site(backend=LOOK) as site:
        equal(site.deliver(PHONE, how=how).final, ["250 2.0.0"], "final")
        fds = [line.split(" ", 2)[1:]
               for line in site.note("look").splitlines()
               if line.startswith("fd ")]
        equal([fd for fd, _ in fds], ["0", "1", "2"], "descriptors")
        check("socket" not in fds[1][1] + fds[2][1]
              and "log" not in fds[1][1] + fds[2][1], "outputs: %r" % (fds,))


@case("stdin is read-only at the start, umask 077, a session of its own")
def _():
    with Site(backend=LOOK) as site:
        equal(site.verdict(), "250 2.0.0", "verdict")
        got = looked(site)
        uid, gid = SERVER_USER.pw_uid, SERVER_USER.pw_gid
        groups = got.pop("uid")
        equal(got, {"stdin-flags": "0", "stdin-pos": "0", "umask": "077",
                    "session": "True", "group": "True"}, "process facts")
        check(groups.startswith("%r %r" % ((uid,) * 3, (gid,) * 3)),
              "ids: " + groups)
        if uid != 0 and SERVER_USER.pw_name == "nobody":
            match(r"\[(%d)?\]$" % gid, groups, "groups")


@case("no signal is ignored or blocked, and privileges cannot be gained")
def _():
    text = shell("grep -E '^(SigBlk|SigIgn|NoNewPrivs):' /proc/self/status "
                 ">RECORDS/look")
    with Site(backend=text) as site:
        equal(site.verdict(), "250 2.0.0", "verdict")
        look = dict(line.split(":\t")
                    for line in site.note("look").splitlines())
        ignored = int(look.pop("SigIgn"), 16) & ~GLIBC_SIGNALS
        equal(ignored, 0, "signals ignored")
        equal(look, {"SigBlk": "0" * 16, "NoNewPrivs": "1"}, "status")


ENVIRONMENT = shell("cat /proc/$$/environ >RECORDS/environ.$1")


def environment(site, name):
    return dict(entry.split("=", 1) for entry in
                site.note("environ." + name).split("\0")[:-1])


KEYS = """SENDER RECIPIENT ORIGINAL_RECIPIENT NUMBER USER ACCOUNT CHANNEL
CLIENT_ADDRESS CLIENT_HELO CLIENT_NAME QUEUE_ID SIZE SPF DELIVERY_ID
STATE_DIR""".split()


@case("the environment is fresh and complete")
def _():
    message = b"Subject: x\n\nbody\n"
    with Site(backend(environment=["SECRET=a b=c", "URL=http://x/"]),
              backend=ENVIRONMENT) as site:
        equal(site.deliver(PHONE, message=message, forward=FORWARD,
                           rcpt=" ORCPT=rfc822;pager+2B1@example.com").final,
              ["250 2.0.0"], "final")
        got = environment(site, "+41791234567")
        equal(sorted(got), sorted(["PATH", "LC_ALL", "SECRET", "URL"]
                                  + ["LMTPD_" + k for k in KEYS]), "names")
        match(r"^\d+$", got["LMTPD_SIZE"], "LMTPD_SIZE")
        check(got["LMTPD_DELIVERY_ID"], "no delivery id")
        for key in ("PATH", "LMTPD_SIZE", "LMTPD_DELIVERY_ID"):
            del got[key]
        equal(got, {
            "LC_ALL": "C.UTF-8", "SECRET": "a b=c", "URL": "http://x/",
            "LMTPD_SENDER": ALICE, "LMTPD_RECIPIENT": PHONE,
            "LMTPD_ORIGINAL_RECIPIENT": "pager+1@example.com",
            "LMTPD_NUMBER": "+41791234567", "LMTPD_USER": "acme.reception",
            "LMTPD_ACCOUNT": "acme", "LMTPD_CHANNEL": "sms",
            "LMTPD_CLIENT_ADDRESS": "192.0.2.7",
            "LMTPD_CLIENT_HELO": "helo.example.com",
            "LMTPD_CLIENT_NAME": "mail.example.com",
            "LMTPD_QUEUE_ID": "QID7", "LMTPD_SPF": "",
            "LMTPD_STATE_DIR": site.state}, "values")


@case("what is not known is empty in the environment")
def _():
    with Site(backend=ENVIRONMENT) as site:
        equal(site.verdict(BOX), "250 2.0.0", "verdict")
        got = environment(site, "desk")
        equal(sorted(got), sorted(["PATH", "LC_ALL"]
                                  + ["LMTPD_" + k for k in KEYS]), "names")
        for key in ("NUMBER", "CLIENT_ADDRESS", "CLIENT_HELO", "CLIENT_NAME",
                    "QUEUE_ID"):
            equal(got["LMTPD_" + key], "", key)


@table("the original recipient is {0}", [
    ("ORCPT's", " ORCPT=rfc822;pager@example.com",
     b"X-Original-To: other@example.com\n\nx\n", "pager@example.com"),
    ("else X-Original-To's", "",
     b"A: b\nX-Original-To: other@example.com\n\nx\n", "other@example.com"),
])
def _(_name, rcpt, message, want):
    with Site(backend=ENVIRONMENT) as site:
        equal(site.verdict(BOX, rcpt=rcpt, message=message), "250 2.0.0",
              "verdict")
        equal(environment(site, "desk")["LMTPD_ORIGINAL_RECIPIENT"], want,
              "original recipient")


@case("the delivery id is the same on a retry, and no other's")
def _():
    def deliver(site, recipient, message=MESSAGE, forward=FORWARD):
        site.verdict(recipient, message=message, forward=forward)
        name = recipient.split("@")[0]
        return environment(site, name)["LMTPD_DELIVERY_ID"]

    with Site(backend=ENVIRONMENT) as site:
        first = deliver(site, BOX)
        equal(deliver(site, BOX), first, "a retry")
        others = [deliver(site, "two@box.example.net"),
                  deliver(site, BOX, b"Subject: other\n\nx\n"),
                  deliver(site, BOX, forward=xforward(IDENT="QID8"))]
        equal(len({first, *others}), 4, "ids: %r" % ([first] + others,))


@case("every macro")
def _():
    words = ["%n", "%N", "%r", "%l", "%d", "%s", "%u", "%a", "%c", "%i", "%q",
             "%%", "a%%b%l", "--to=%r", ""]
    with Site(backend(command=["BACKEND"] + words)) as site:
        equal(site.verdict(forward=FORWARD), "250 2.0.0", "verdict")
        equal(site.the_run().args,
              ["+41791234567", "41791234567", PHONE, "+41791234567",
               "sms.example.net", ALICE, "acme.reception", "acme", "sms",
               "192.0.2.7", "QID7", "%", "a%b+41791234567", "--to=" + PHONE,
               ""], "arguments")


@table("no shell sees the recipient {0}", [
    ("`id`",), ("$HOME",), ("a|b",), ("${IFS}x",), ("a'b",), ("*",),
    ("%r%s%%",), ("{ab}",), ('"$(touch pwned)"',), ('"; exit 67; "',),
    ('"a b  c"',), ('"<>&"',), ('"a\\"b"',), ("!!",), ("~root",)])
def _(local):
    # The local part without quotes and backslashes, or as it was written.
    bare = local[1:-1].replace('\\"', '"') if local[0] == '"' else local
    with Site(backend(command=["BACKEND", "x", "%l", "%r"])) as site:
        equal(site.verdict(local + "@box.example.net"), "250 2.0.0", "verdict")
        args = site.the_run().args
        check(args[1] in (bare, local), "%%l: %r" % args[1])
        equal(args[2], args[1] + "@box.example.net", "%r")


@table("no shell sees the sender {0}", [("`id`",), ("$HOME",), ("a|b",)])
def _(local):
    sender = local + "@example.com"
    changes = {("account", "acme"): {("domain", "example.com"):
                                     {"security": ["none"]}}}
    with Site({**changes, **backend(command=["BACKEND", "x", "%s"])}) as site:
        equal(site.verdict(sender=sender), "250 2.0.0", "verdict")
        equal(site.the_run().args, ["x", sender], "arguments")


DASHES = {("account", "acme"): {("domain", "example.com"):
                                {"security": ["none"]}}}


@table("a value that begins with - starts no argument: {0}", [
    ("recipient", "%r", "-rf@box.example.net", ALICE, None),
    ("local part", "%l", "-rf@box.example.net", ALICE, None),
    ("sender", "%s", BOX, "-oQ/tmp@example.com", None),
    ("queue id", "%q", BOX, ALICE, xforward(IDENT="-q")),
    ("before more text", "%l=x", "-rf@box.example.net", ALICE, None),
])
def _(_name, word, recipient, sender, forward):
    with Site({**DASHES, **backend(command=["BACKEND", "x", word])}) as site:
        verdict = site.verdict(recipient, sender=sender, forward=forward)
        equal(verdict, "553 5.1.3", "verdict")
        equal(site.runs(), [], "runs")
        equal(site.the_line().verdict, "refused", "log")


@table("in the middle of an argument a - does no harm: {0}", [
    ("local part", "--to=%l", "-rf@box.example.net", "--to=-rf"),
    ("behind a percent", "%%%l", "-rf@box.example.net", "%-rf"),
])
def _(_name, word, recipient, want):
    with Site({**DASHES, **backend(command=["BACKEND", "x", word])}) as site:
        equal(site.verdict(recipient), "250 2.0.0", "verdict")
        equal(site.the_run().args, ["x", want], "arguments")


@case("two backends, each its own limits")
def _():
    second = {("backend", "other"): {"command": ["BACKEND", "other"],
                                     "input": "body"},
              ("channel", "box"): {"backend": "other"}}
    with Site(second) as site:
        equal(site.deliver(PHONE, BOX).final, ["250 2.0.0"] * 2, "final")
        runs = sorted(site.runs())
        equal([r.args for r in runs], [["+41791234567", PHONE], ["other"]],
              "arguments")
        equal(runs[1].stdin, b"Good morning.\n", "body")


run()
