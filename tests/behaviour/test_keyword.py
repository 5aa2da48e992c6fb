#!/usr/bin/python3
"""Keyword addresses: a plain keyword of a security string as the local part of
one more recipient.  Who is told what, and that nobody is told the keyword."""

import base64
import email.header
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from lmtpclient import ALICE, commands, xforward
from lmtptest import LMTPD, ME, PHONE, Site, acme, merge
from taptest import PATIENCE, Skip, case, check, equal, match, need_root, run, table

HERE = os.path.dirname(os.path.abspath(__file__))
LMTPCTL = os.environ.get("LMTPCTL", os.path.dirname(LMTPD) + "/lmtpctl")
sys.path.insert(0, HERE + "/../spf")

from spftest import Server, enter, name_servers    # noqa: E402

# Only the case about SPF needs a network of its own.
NETNS = os.getuid() == 0 and subprocess.run(
    ["unshare", "--net", "--mount", "true"], check=False).returncode == 0
if NETNS:
    enter()

SMS, FAX, BOX = "@sms.example.net", "@fax.example.net", "@box.example.net"
KEY, OLD = "hZavjjx5JT1Y2ff", "Qm7vTr0xLwPd3"       # acme's two for sms
FAXKEY, BOXKEY = "Rf4nUy8cKz.Eb6t9", "Wd2gHs5jVaNo1"
BETA = "Tg6bYh7nUj8mIk9"                            # another account's
SECRETS = [KEY, OLD, FAXKEY, BOXKEY, BETA]
GARBAGE = ["x", "12", KEY + "x", KEY[:-1], "x" + KEY[1:], KEY.lower(),
           KEY.upper(), "x" * 64, '"a b"', "%s", "*", "a.b", "+4179x",
           "+0791234567", "a=b"]

TAKEN, DELIVERED, WRONG = "250 2.0.0", "250 2.0.0", "550 5.1.1"
NO, BAD, MAYBE = "550 5.7.1", "553 5.1.3", "250 2.1.5"
BOB, CAROL = "bob@beta.example", "carol@mute.example"
NET = ["192.0.2.0/24"]
INSIDE = xforward(ADDR="192.0.2.7")
OUTSIDE = xforward(ADDR="198.51.100.7")


def x(text, *keywords):
    """The text with every keyword (all secrets) overwritten."""
    for word in sorted(keywords or SECRETS, key=len, reverse=True):
        text = text.replace(word, "x" * len(word))
    return text


def mail(*fields, body="Good morning.\n"):
    """A message of those fields: bytes."""
    return ("From: alice@example.com\n"
            + "".join(f + "\n" for f in fields) + "\n" + body).encode()


CC = "Cc: <%s>" % (KEY + SMS)
MAIL = mail("To: " + PHONE, CC, "Subject: hello")

# Keeps all that a backend can see; exits as the number says.
DUMP = r"""#!/bin/sh
umask 022
printf '%s\0' "$@" >RECORDS/$$.args
cat /proc/$$/cmdline /proc/$$/environ >RECORDS/$$.proc
cat >RECORDS/$$.part
mv RECORDS/$$.part RECORDS/$$.stdin
case $1 in
*000067) exit 67 ;;
*000075) exit 75 ;;
esac
exit 0
"""
SOFT, HARD = "+41790000075" + SMS, "+41790000067" + SMS

MACROS = ["%n", "%N", "%r", "%l", "%d", "%s", "%u", "%a", "%c", "%i", "%q"]
WORLD = {
    ("backend", "recorder"): {"command": ["BACKEND"] + MACROS},
    ("channel", "fax"): {"recipient": "*" + FAX, "backend": "recorder",
                         "country-code": "41"},
    ("channel", "plain"): {"recipient": "*@plain.example.net",
                           "backend": "recorder"},
    ("account", "acme"): {
        ("channel", "sms"): {"security-string": KEY + ";" + OLD},
        ("channel", "fax"): {"security-string": FAXKEY},
        ("channel", "plain"): {},
    },
    ("account", "beta"): {
        "forwarding-user": "beta",
        ("channel", "sms"): {"security-string": BETA},
        ("email", BOB): {"security": ["none"]},
    },
    ("account", "mute"): {
        "forwarding-user": "mute",
        ("channel", "sms"): {}, ("channel", "fax"): {},
        ("email", CAROL): {"security": ["none"]},
    },
}
# Names, and a keyword among them.
NAMES = {("account", "acme"): {("channel", "box"): {
    "security-string": BOXKEY}}}


def world(changes=None, **how):
    """A site of three accounts: two keywords, another's, and none."""
    return Site(merge(WORLD, changes or {}), backend=DUMP, **how)


def string(text, **keys):
    """Changes that give acme's sms this security string."""
    return {("account", "acme"): {("channel", "sms"): {
        "security-string": text, **keys}}}


def texts(replies):
    """Whole replies, without what differs from mail to mail."""
    return [re.sub(r"\bid \S+$", "id ID", r.text) for r in replies]


def told(site, *outcomes):
    """All that was said or kept, but the messages themselves."""
    text = site.log()
    for out in outcomes:
        text += "\n".join(r.text for r in
                          [out.mail, out.data, *out.rcpt, *out.final])
    names = [os.path.join(site.records, n) for n in os.listdir(site.records)
             if not n.endswith(".stdin")]
    for name in names + site.state_files():
        with open(name, encoding="latin-1") as f:
            text += "\n" + f.read()
    return text


def hidden(site, *outcomes, secrets=tuple(SECRETS)):
    """No keyword is told, in whatever case; nor in a header's block."""
    blocks = [r.stdin.split(b"\n\n")[0].decode("latin-1")
              for r in site.runs()]
    text = "\n".join([told(site, *outcomes), *blocks]).lower()
    for secret in secrets:
        check(secret.lower() not in text, "told: " + secret)


def shown(site):
    """recipient= of each line of the log, those of duplicates too."""
    return re.findall(r" recipient=(\S+) ", site.log())


def message_of(stdin, message):
    """What stands behind the fields that lmtpd writes itself."""
    front, got = stdin[:-len(message)], stdin[-len(message):]
    match(r"\AReturn-Path: <alice@example\.com>\n"
          r"Received: from client\.example\n\tby gw\.example\.net \(lmtpd\) "
          r"with LMTP id \S+;\n\t\w{3}, [^\n]*\n\Z", front.decode())
    return got


def environment(site):
    """Of the one run: LMTPD_ variables."""
    equal(len(site.runs()), 1, "runs")
    name, = (n for n in os.listdir(site.records) if n.endswith(".proc"))
    return dict(e[6:].split("=", 1) for e in site.note(name).split("\0")
                if e.startswith("LMTPD_"))


# -- to a number, with a keyword beside it -----------------------------------

@case("P08 a keyword in Cc comes as one more recipient: 250, and no run")
def _():
    with world() as site:
        out = site.deliver(PHONE, KEY + SMS, message=MAIL)
        equal(out.rcpt, [MAYBE] * 2, "RCPT")
        equal(out.final, [DELIVERED, TAKEN], "final")
        equal(site.the_run().args[:3], ["+41791234567", "41791234567", PHONE],
              "%n %N %r")
        equal([line.verdict for line in site.lines()], ["accepted"] * 2)
        equal([line.fields["reason"] for line in site.lines()],
              ["delivered", "keyword"], "reasons")
        equal([line.fields["exit"] for line in site.lines()], ["0", "-"])
        equal(shown(site), ["<%s>" % PHONE, "<*%s>" % SMS], "recipients")
        hidden(site, out)


@case("P08 the order of the two does not matter")
def _():
    with world() as site:
        out = site.deliver(KEY + SMS, PHONE, message=MAIL)
        equal((out.rcpt, out.final), ([MAYBE] * 2, [TAKEN, DELIVERED]))
        equal(site.the_run().args[2], PHONE, "%r")
        hidden(site, out)


@table("P08 several keyword recipients: {0}", [
    ("right, of two alternatives", [KEY, OLD], [TAKEN, TAKEN]),
    ("right and wrong", [KEY, "nonsense"], [TAKEN, WRONG]),
    ("wrong and right", ["nonsense", OLD], [WRONG, TAKEN]),
    ("two wrong", ["nonsense", "gibberish"], [WRONG, WRONG]),
    ("one twice", [KEY, KEY], [TAKEN, TAKEN]),
    ("a wrong one twice", ["nonsense", "nonsense"], [WRONG, WRONG]),
    ("another channel's", [FAXKEY, KEY], [WRONG, TAKEN]),
    ("another account's", [BETA, KEY], [WRONG, TAKEN]),
    ("in quotes", ['"%s"' % KEY, '"nonsense"'], [TAKEN, WRONG]),
    ("the domain in capitals", [KEY], [TAKEN]),
])
def _(name, words, want):
    domain = SMS.upper() if "capitals" in name else SMS
    with world() as site:
        out = site.deliver(PHONE, *[w + domain for w in words], message=MAIL)
        equal(out.rcpt, [MAYBE] * (1 + len(words)), "RCPT")
        equal(out.final, [DELIVERED] + want, "final")
        equal(site.the_run().args[2], PHONE, "%r")
        equal(shown(site)[1:], ["<*%s>" % domain] * len(words), "log")
        hidden(site, out)
        check("nonsense" not in told(site, out), "a wrong one is told")


@table("P08 {0} alone: no backend runs", [
    ("a keyword", [KEY], [TAKEN]), ("two keywords", [KEY, OLD], [TAKEN] * 2),
    ("a wrong keyword", ["nonsense"], [WRONG]),
    ("right and wrong", ["nonsense", KEY], [WRONG, TAKEN])])
def _(_name, words, want):
    with world() as site:
        out = site.deliver(*[w + SMS for w in words], message=MAIL)
        equal((out.rcpt, out.data, out.final),
              ([MAYBE] * len(words), "354", want), "replies")
        equal(os.listdir(site.records), [], "records")
        hidden(site, out)


@case("P08 verdicts of all kinds come in RCPT order")
def _():
    names = [(KEY + SMS, TAKEN), (PHONE, DELIVERED), ("wrong" + SMS, WRONG),
             (HARD, "550 5.1.1"), (OLD + SMS, TAKEN),
             ("x@nowhere.example", "550 5.1.1"), (PHONE, DELIVERED),
             (KEY + SMS, TAKEN), (SOFT, "451 4.3.0"), (FAXKEY + SMS, WRONG),
             ("0791234567" + SMS, DELIVERED), ("x@plain.example.net", BAD)]
    with world() as site:
        out = site.deliver(*[n for n, _ in names], message=MAIL)
        equal(out.verdicts, [want for _, want in names], "verdicts")
        equal(texts(out.final), [
            "250 2.0.0 <*@sms.example.net>: keyword taken, id ID",
            "250 2.0.0 <+41791234567@sms.example.net>: delivered, id ID",
            "550 5.1.1 <*@sms.example.net>: no such recipient",
            "550 5.1.1 <%s>: recipient unknown to the backend" % HARD,
            "250 2.0.0 <*@sms.example.net>: keyword taken, id ID",
            "250 2.0.0 <+41791234567@sms.example.net>: delivered, id ID",
            "250 2.0.0 <*@sms.example.net>: keyword taken, id ID",
            "451 4.3.0 <%s>: backend failed for now" % SOFT,
            "550 5.1.1 <*@sms.example.net>: no such recipient",
            "250 2.0.0 <0791234567@sms.example.net>: delivered, id ID"],
            "texts")
        equal(sorted(r.args[2] for r in site.runs()),
              sorted([PHONE, HARD, SOFT]), "runs")
        hidden(site, out)


@case("P08 each message of a connection has its own keywords")
def _():
    with world() as site, site.connect() as client:
        client.lhlo()
        for words, want in (([KEY], [TAKEN]), (["x"], [WRONG]),
                            ([OLD, KEY], [TAKEN] * 2)):
            out = client.deliver(PHONE, *[w + SMS for w in words],
                                 message=MAIL)
            equal(out.final, [DELIVERED] + want, words)
            equal(client.say("RSET"), "250 2.0.0", "RSET")
        client.quit()
        equal(len(site.runs()), 3, "runs")


# -- no oracle ---------------------------------------------------------------

def said_at_rcpt(site, local, sender=ALICE, domain=SMS):
    with site.connect() as client:
        client.lhlo()
        mail_reply, reply = client.say("MAIL FROM:<%s>" % sender,
                                       "RCPT TO:<%s>" % (local + domain))
        equal(mail_reply, "250 2.1.0", "MAIL")
        client.quit()
        return reply.lines


@case("P08 right, wrong and garbage are answered alike at RCPT")
def _():
    want = ["250 2.1.5 <*@sms.example.net>: recipient ok"]
    with world() as site:
        for local in [KEY, OLD, FAXKEY, BETA, *GARBAGE]:
            equal(said_at_rcpt(site, local), want, local)
        equal(site.lines(), [], "log")
        hidden(site)


@case("P08 all wrong ones are answered alike after DATA, and logged so")
def _():
    with world() as site:
        out = site.deliver(*[g + SMS for g in GARBAGE], message=MAIL)
        equal(texts(out.final), ["550 5.1.1 <*@sms.example.net>: "
                                 "no such recipient"] * len(GARBAGE))
        equal({(line.verdict, line.fields["reason"],
                line.fields["recipient"]) for line in site.lines()},
              {("refused", "wrong-keyword", "<*@sms.example.net>")}, "log")
        hidden(site, out)


@case("P08 a local part in UTF-8 is no keyword")
def _():
    with world() as site:
        out = site.deliver("gr\u00fc\u00dfe" + SMS, mail=" SMTPUTF8",
                           message=MAIL)
        equal((out.rcpt, out.final), ([MAYBE], [WRONG]))
        equal(texts(out.rcpt), ["250 2.1.5 <*@sms.example.net>: recipient ok"])
        check("gr" not in "".join(shown(site)), "told in the log")


REFUSED = [
    ("an unknown sender", "eve@evil.example", SMS, NO, "not registered"),
    ("an account with none for the channel", CAROL, SMS, BAD,
     "not a telephone number"),
    ("an account without the channel", BOB, FAX, NO, "channel not active"),
]


@table("P08 a keyword recipient of {0}: {3}, right or wrong", REFUSED)
def _(_name, sender, domain, want, text):
    with world() as site:
        replies = [said_at_rcpt(site, local, sender, domain)
                   for local in [KEY, FAXKEY, *GARBAGE]]
        match(r"^%s <\*%s>: .*%s" % (want, domain, text), replies[0][0])
        equal(replies, [replies[0]] * len(replies), "replies")
        equal(shown(site), ["<*%s>" % domain] * len(replies), "log")
        hidden(site)


@case("P08 an unknown sender's keyword recipient beside its number")
def _():
    with world() as site:
        out = site.deliver(PHONE, KEY + SMS, sender="eve@evil.example",
                           message=MAIL)
        equal((out.rcpt, out.data), ([NO] * 2, "503 5.5.1"), "replies")
        equal(site.runs(), [], "runs")
        hidden(site, out)


@case("P08 another account's keyword is a wrong one")
def _():
    with world() as site:
        message = mail("Cc: " + BETA + SMS)
        out = site.deliver(PHONE, KEY + SMS, BETA + SMS, sender=BOB,
                           message=message)
        equal(out.rcpt, [MAYBE] * 3, "RCPT")
        equal(out.final, [DELIVERED, WRONG, TAKEN], "final")
        hidden(site, out)


@case("P08 where nobody has a keyword for the channel: 553 at once")
def _():
    with world() as site:
        out = site.deliver(*["nonsense@plain.example.net", KEY.lower()[::-1] +
                             "@plain.example.net"], message=MAIL)
        equal((out.rcpt, out.data), ([BAD] * 2, "503 5.5.1"), "replies")


@table("P08 an alternative with {0} is no keyword", [
    ("a wildcard", "hz8kqw2*v5", ["hz8kqw2*v5", "hz8kqw2v5"]),
    ("a list", "hz8kqw2[ab]", ["hz8kqw2a", "hz8kqw2[ab]"]),
    ("a digit sign", "hz8kqw2#", ["hz8kqw2#", "hz8kqw21"]),
    ("a colon", "X-Key:hz8kqw2", ["hz8kqw2", "X-Key:hz8kqw2"]),
    ("an at sign", "hz8kqw2@sms.example.net", ["hz8kqw2"]),
    ("two dots", "hz8k..qw2", ["hz8k..qw2", '"hz8k..qw2"']),
])
def _(_name, text, locals_):
    changes = merge(string(text), {("account", "beta"): None})
    with world(changes) as site:
        for local in locals_:
            out = site.deliver(local + SMS)
            match(r"^(553|501) 5\.1\.3$", out.rcpt[0], local)
        equal(site.runs(), [], "runs")


@table("P08 {0}: {1} is {3}", [
    ("binary", KEY.upper(), {}, WRONG), ("binary", KEY, {}, TAKEN),
    ("text", KEY.upper(), {"compare": "text"}, TAKEN),
    ("text", KEY.lower(), {"compare": "text"}, TAKEN),
    ("text", KEY + "x", {"compare": "text"}, WRONG)])
def _(_name, local, keys, want):
    message = mail("Cc: " + KEY + SMS, "X-Other: a" + KEY.upper() + "b")
    with world(string(KEY, **keys)) as site:
        out = site.deliver(PHONE, local + SMS, message=message)
        equal((out.rcpt, out.final), ([MAYBE] * 2, [DELIVERED, want]))
        stdin = site.the_run().stdin.decode()
        equal(KEY.upper() in stdin, not keys, "the other case is kept")
        check(KEY not in stdin, "the keyword is kept")


@case("P08 compare = text: the string is found, and goes, in any case")
def _():
    message = mail("Cc: %s%s" % (KEY.swapcase(), SMS))
    with world(string(KEY, compare="text")) as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(message_of(site.the_run().stdin, message),
              message.replace(KEY.swapcase().encode(), b"x" * len(KEY)))
        hidden(site)


# -- probes ------------------------------------------------------------------

@table("P08 a probe from <{0}> is told nothing", [
    ("",), ("double-bounce@mta.example",)])
def _(sender):
    with world() as site:
        for local in [KEY, BETA, *GARBAGE]:
            equal(said_at_rcpt(site, local, sender),
                  ["250 2.1.5 <*@sms.example.net>: recipient ok"], local)
        equal(said_at_rcpt(site, "x", sender, "@plain.example.net")[0][:9],
              BAD, "where no account has one")
        equal(said_at_rcpt(site, "x", sender, "@nowhere.example")[0][:9],
              "550 5.1.1", "no channel")
        hidden(site)


@table("P08 a probe from <{0}> that goes on to DATA: {1}", [
    ("", "null-sender"), ("double-bounce@mta.example", "not-registered")])
def _(sender, reason):
    with world() as site:
        out = site.deliver(KEY + SMS, "x" + SMS, PHONE, sender=sender,
                           message=MAIL)
        equal((out.rcpt, out.final), ([MAYBE] * 3, [NO] * 3), "replies")
        equal(texts(out.final)[0], texts(out.final)[1], "right and wrong")
        equal({line.fields["reason"] for line in site.lines()}, {reason})
        equal(site.runs(), [], "runs")
        hidden(site, out)


# -- the channel of names ----------------------------------------------------

def named(changes=None):
    return world(merge(NAMES, changes or {}))


@case("P08 number = false: only the exact keyword is one")
def _():
    names = ["desk", BOXKEY.lower(), BOXKEY + "x", "+41791234567"]
    message = mail("To: desk" + BOX, "Cc: %s%s" % (BOXKEY, BOX))
    with named() as site:
        out = site.deliver(*[n + BOX for n in names], BOXKEY + BOX,
                           message=message)
        equal(texts(out.rcpt),
              ["250 2.1.5 <*@box.example.net>: recipient ok"] * 5, "RCPT")
        equal(out.final, [DELIVERED] * 4 + [TAKEN], "final")
        for reply in out.final:
            match(r"^250 2\.0\.0 <\*@box\.example\.net>: ", reply.text)
        equal(sorted(r.args[3] for r in site.runs()), sorted(names), "%l")
        equal(sorted(shown(site)), sorted(
            ["<%s>" % (n + BOX) for n in names] + ["<*%s>" % BOX]), "log")
        for run_ in site.runs():
            equal(message_of(run_.stdin, message),
                  x(message.decode()).encode(), "message")


@case("P08 number = false: without the string in the header")
def _():
    with named() as site:
        out = site.deliver("desk" + BOX, BOXKEY + BOX)
        equal((out.rcpt, out.final), ([MAYBE] * 2, [NO, TAKEN]), "replies")
        match(r"<\*@box\.example\.net>: .*no security string",
              out.final[0].text)
        equal(site.runs(), [], "runs")
        hidden(site, out)


@case("P08 number = false: refusals at RCPT are alike, too")
def _():
    with named() as site:
        replies = [said_at_rcpt(site, local, "eve@evil.example", BOX)
                   for local in ("desk", BOXKEY, KEY, "x")]
        equal(replies, [replies[0]] * 4, "replies")
        match(r"^550 5\.7\.1 <\*@box", replies[0][0])
        check(BOXKEY not in site.log(), "told in the log")


@case("P08 number = false, another channel's keyword: as a name, none gets it")
def _():
    with world() as site:
        out = site.deliver("desk" + BOX, KEY + BOX, FAXKEY + BOX, BETA + BOX,
                           sender=ALICE)
        equal(texts(out.rcpt), ["250 2.1.5 <*@box.example.net>: recipient ok"]
              * 4, "RCPT")
        # a stranger's keyword is a name like any other, and is not logged
        equal(out.final, [DELIVERED, WRONG, WRONG, DELIVERED], "final")
        equal(shown(site), ["<desk@box.example.net>"]
              + ["<*@box.example.net>"] * 3, "log")


@case("P08 no account has a keyword: names are told as before")
def _():
    strings = {("account", a): {("channel", c): {"security-string": ""}}
               for a, c in (("acme", "sms"), ("beta", "sms"))}
    strings[("account", "acme")][("channel", "fax")] = {"security-string": ""}
    with world(strings) as site:
        out = site.deliver("desk" + BOX)
        equal(texts(out.rcpt + out.final), [
            "250 2.1.5 <desk@box.example.net>: recipient ok",
            "250 2.0.0 <desk@box.example.net>: delivered, id ID"], "texts")


@case("P08 a keyword to the wrong place is refused, and told to nobody")
def _():
    places = ("@plain.example.net", "@nowhere.example", "@[192.0.2.1]")
    with world() as site:
        out = site.deliver(*[KEY + place for place in places])
        equal(out.rcpt, [BAD, "550 5.1.1", "550 5.1.1"])
        hidden(site, out)
        equal(shown(site), ["<*%s>" % place for place in places], "log")


@case("P08 From longer than the log keeps: nothing of a keyword at the cut")
def _():
    words = [KEY, b_word("zz" + KEY + "aa")]
    for at in range(225, 256):
        for word in words:
            fields = ["From: %s%s <a@b.c>" % ("y" * at, word), CC]
            with world() as site:
                site.deliver(PHONE, message=mail(*fields))
                log = site.log()
                check(KEY[:4] not in log and "?=" not in log
                      and b_word("zz" + KEY)[10:18] not in log, log)


@case("P08 LMTPD_DELIVERY_ID tells nobody whether a guess is right")
def _():
    ids = set()
    for key in (KEY, OLD):      # as long as each other, but for two
        with world(string(KEY + ";" + OLD + "aa")) as site:
            site.deliver(PHONE, message=mail(
                "Message-ID: <1@x>", "Cc: <%s>" % ((key + "aa")[:15] + SMS)))
            ids.add(environment(site)["DELIVERY_ID"])
    equal(len(ids), 1, "ids")


# -- what the backend gets ---------------------------------------------------

def b_word(text):
    return "=?utf-8?B?%s?=" % base64.b64encode(text.encode()).decode()


def q_word(text):
    return "=?iso-8859-1?Q?%s?=" % "".join(
        "=%02X" % ord(c) if i % 3 == 0 else c for i, c in enumerate(text))


HEADERS = [
    ("To and Cc", "To: {n}, <{k}@sms.example.net>\nCc: {k}@sms.example.net"),
    ("Subject", "Subject: {k} {o}, {k}{k}"),
    ("Received", "Received: from a.example (a.example [192.0.2.7])\n"
     "\tby mx.example.net (Postfix) with ESMTP id 4XyZ\n"
     "\tfor <{k}@sms.example.net>; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)"),
    ("a field of its own", "X-Key: {k}\nX-Other:{k}"),
    ("a field's name", "X-{k}: yes"),
    ("a folded field", "Cc: a@b.example,\n {k}@sms.example.net,\n"
     "\t<{o}@sms.example.net>\nX-Z: {k}\n {k}\n\t{k}"),
    ("a field of another channel's", "Cc: {k}@sms.example.net, "
     "{f}@fax.example.net"),
    ("a word around it", "Subject: pre{k}post"),
    ("Message-ID and Return-Path", "Message-ID: <1.{k}@b.example>\n"
     "Return-Path: <{k}@b.example>\nX-Original-To: {k}@sms.example.net\n"
     "Delivered-To: {k}@sms.example.net"),
    ("8-bit bytes beside it", "Subject: gr\u00fc\u00dfe {k} \u00e9"),
    ("the last line", "X-Last: {k}"),
]


@table("P08 overwritten for the backend: {0}", HEADERS)
def _(_name, text):
    body = ("{k} in the body, {f} too\n\nCc: {k}\n" * 500).format(
        k=KEY, f=FAXKEY)
    fields = text.format(k=KEY, o=OLD, f=FAXKEY, n=PHONE)
    message = mail(CC, fields, body=body)
    want = mail(x(CC), x(fields), body=body)
    with world() as site:
        out = site.deliver(PHONE, KEY + SMS, message=message)
        equal(out.final, [DELIVERED, TAKEN], "final")
        equal(message_of(site.the_run().stdin, message), want, "message")
        equal(environment(site)["SIZE"], str(len(message)), "LMTPD_SIZE")
        hidden(site, out)


def decoded(header):
    """The block's fields, unfolded, encoded words read: one text."""
    text = re.sub(r"\r?\n(?=[ \t])", "", header)
    return str(email.header.make_header(email.header.decode_header(text)))


@table("P08 overwritten in encoded words: {0}", [
    ("B", b_word("hello " + KEY + " there")),
    ("Q", q_word("hello") + " " + q_word(KEY)),
    ("Q, an underscore beside it", "=?utf-8?q?a_%s_b?=" % KEY),
    ("B, only the keyword", b_word(KEY)),
    ("two words that make one", b_word(KEY[:7]) + "\n " + b_word(KEY[7:])),
    ("B and Q that make one", b_word(KEY[:4]) + " " + q_word(KEY[4:])),
])
def _(_name, text):
    message = mail(CC, "Subject: " + text, "X-Behind: it")
    with world() as site:
        out = site.deliver(PHONE, message=message)
        equal(out.final, [DELIVERED], "final")
        got = message_of(site.the_run().stdin, message).decode()
        check(KEY not in decoded(got), "left: %r" % got)
        match(r"\nSubject: [^\n]*(\n [^\n]*)*\nX-Behind: it\n\nGood morning",
              got)
        equal([got[:got.index("Subject")], got[got.index("\nX-Behind"):]],
              [x(message.decode().split("Subject")[0]),
               "\nX-Behind: it\n\nGood morning.\n"], "the rest")
        hidden(site, out)


@case("P08 an encoded word alone is the string, and goes")
def _():
    message = mail("Subject: " + b_word(KEY))
    with world() as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        got = message_of(site.the_run().stdin, message).decode()
        check(KEY not in decoded(got), "left: %r" % got)


@case("P08 overwritten at every place of a large block")
def _():
    lines = ["X-%d: %s%s%s" % (i, "." * (i % 97), KEY, "," * (i % 61))
             for i in range(900)]
    lines += ["X-Long: " + ("%s\n " % (KEY * 3)) * 2000 + "end"]
    message = mail(*lines)
    check(len(message) < 256 * 1024, "more than a header may have")
    with world() as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(message_of(site.the_run().stdin, message),
              x(message.decode()).encode(), "message")


@case("P08 a keyword that begins another is overwritten with the other")
def _():
    short, long = "Kq7Zt2Wm9", "Kq7Zt2Wm9Lp4Xc8"
    for text in (short + ";" + long, long + ";" + short):
        message = mail("Cc: " + long + SMS, "X: " + short + " " + long)
        with world(string(text)) as site:
            out = site.deliver(PHONE, long + SMS, short + SMS,
                               message=message)
            equal(out.final, [DELIVERED, TAKEN, TAKEN], text)
            equal(message_of(site.the_run().stdin, message),
                  x(message.decode(), short, long).encode(), text)


@case("P08 two keywords that overlap are both overwritten")
def _():
    one, two = "Kq7Zt2Wm9Lp4", "m9Lp4Xc8Vb1N"
    both = one + two[len("m9Lp4"):]
    message = mail("Cc: " + one + SMS, "X: " + both)
    with world(string(one + ";" + two)) as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(message_of(site.the_run().stdin, message), x(
            message.decode(), both, one).encode(), "message")


@case("P08 what is no keyword stays: patterns, another account's, the body's")
def _():
    message = mail(CC, "X-Key: hz8kqw2v5", "X-Other: " + BETA,
                   "X-Near: " + KEY[:-1], body="Cc: %s\n\n%s\n" % (KEY, KEY))
    with world(string(KEY + ";hz8kqw2*v5")) as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(message_of(site.the_run().stdin, message), message.replace(
            CC.encode(), x(CC).encode()), "message")


@case("P08 headers of MIME parts are body")
def _():
    message = mail(CC, "MIME-Version: 1.0",
                   'Content-Type: multipart/mixed; boundary="b"',
                   body="--b\nContent-Type: message/rfc822\n\nCc: %s\n\n"
                   "x\n--b\nX-Key: %s\n\ny\n--b--\n" % (KEY, KEY))
    with world() as site:
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(message_of(site.the_run().stdin, message), message.replace(
            CC.encode(), x(CC).encode()), "message")


@case('P08 input = "body" is the body, untouched')
def _():
    with world({("backend", "recorder"): {"input": "body"}}) as site:
        message = mail(CC, body=KEY + "\n")
        equal(site.deliver(PHONE, message=message).final, [DELIVERED])
        equal(site.the_run().stdin, KEY.encode() + b"\n", "body")


@case("P08 one message for two channels: each backend sees no keyword")
def _():
    fax = "+41791234567" + FAX
    message = mail("To: %s, %s" % (PHONE, fax),
                   "Cc: %s, %s" % (KEY + SMS, FAXKEY + FAX))
    with world() as site:
        out = site.deliver(PHONE, fax, KEY + SMS, FAXKEY + FAX, KEY + FAX,
                           FAXKEY + SMS, message=message)
        equal(out.rcpt, [MAYBE] * 6, "RCPT")
        equal(out.final, [DELIVERED] * 2 + [TAKEN] * 2 + [WRONG] * 2)
        runs = site.runs()
        equal(sorted(r.args[2] for r in runs), sorted([PHONE, fax]), "runs")
        for run_ in runs:
            equal(message_of(run_.stdin, message),
                  x(message.decode()).encode(), "message")
        hidden(site, out)


# -- where else it could show ------------------------------------------------

@table("P08 the original recipient is never a keyword: {0}", [
    ("ORCPT", " ORCPT=rfc822;" + KEY + SMS, [], ""),
    ("X-Original-To", "", ["X-Original-To: " + KEY + SMS], ""),
    ("ORCPT, another channel's", " ORCPT=rfc822;" + FAXKEY + FAX, [], ""),
    ("ORCPT, a keyword; X-Original-To, none", " ORCPT=rfc822;" + KEY + SMS,
     ["X-Original-To: a@b.example"], None),
    ("ORCPT, in quotes", " ORCPT=rfc822;+22" + KEY + "+22" + SMS, [], ""),
    ("none", " ORCPT=rfc822;a@b.example", [], "a@b.example"),
])
def _(_name, rcpt, fields, want):
    with world() as site:
        out = site.deliver(PHONE, message=mail(CC, *fields), rcpt=rcpt)
        equal(out.final, [DELIVERED], "final")
        got = environment(site)["ORIGINAL_RECIPIENT"]
        check(want is None or got == want, "original recipient %r" % got)
        hidden(site, out)


SAID_FROM = [
    ("its display name", "From: %s <alice@example.com>" % KEY),
    ("its display name, quoted", 'From: "a %s b" <alice@example.com>' % KEY),
    ("its address", "From: <%s@example.com>" % KEY),
    ("a comment", "From: alice@example.com (%s)" % KEY),
    ("an encoded word", "From: %s <alice@example.com>" % b_word(KEY)),
    ("an encoded word, Q", "From: %s <alice@example.com>" % q_word(KEY)),
    ("a folded field", "From: a\n %s\n <alice@example.com>" % KEY),
    ("the end of what is logged", "From: %s" % (KEY + " ") * 40),
]
TRACES = (KEY, b_word(KEY), b_word(KEY)[10:-2], q_word(KEY)[15:-2])


@table("P08 a keyword in From is not logged: {0}", SAID_FROM)
def _(_name, field):
    with world() as site:
        out = site.deliver(PHONE, message=(field + "\n" + CC + "\n\nx\n")
                           .encode())
        equal(out.final, [DELIVERED], "final")
        hidden(site, out, secrets=TRACES)
        check(KEY[:7] not in site.log(), "half of it is told")


@case("P08 a keyword of odd characters in From is not logged")
def _():
    odd = "k3y=ab#9d8{e7".replace("#", "$")
    message = ('From: "%s" <a@b.example>\nX: y\n\nx\n' % odd).encode()
    with world(string(odd)) as site:
        out = site.deliver(PHONE, odd + SMS, message=message)
        equal(out.final, [DELIVERED, TAKEN], "final")
        equal(message_of(site.the_run().stdin, message),
              x(message.decode(), odd).encode(), "message")
        check("ab$9d8{e7" not in told(site, out), "told")


@table("P08 a keyword in From is not logged for want of an account: {0}", [
    ("the null sender", "", {}),
    ("one that is discarded", "mallory@example.org",
     {"refusals": "proven"})])
def _(_name, sender, changes):
    message = ("From: %s <a@b.example>\n\nx\n" % KEY).encode()
    with world(changes) as site:
        out = site.deliver(PHONE, KEY + SMS, sender=sender, message=message)
        equal(out.rcpt, [MAYBE] * 2, "RCPT")
        equal(site.runs(), [], "runs")
        hidden(site, out)


@table("P08 a message refused as a whole tells no keyword: {0}", [
    ("too large", b"x" * 6000 + b"\n", "552 5.3.4"),
    ("a bare LF", None, "550 5.6.0"),
    ("a header too long", b"", "550 5.6.0")])
def _(name, body, want):
    message = MAIL + (body or b"")
    if name == "a header too long":
        message = b"X: y\n" * 990 + ("X: %s\n" % KEY).encode() * 20 + MAIL
    with world({"max-message-size": 20000 if body == b"" else 5000}) as site, \
            site.connect() as client:
        client.lhlo()
        if body is None:
            client.start(PHONE, KEY + SMS, "x" + SMS)
            client.send(b"Subject: a\nb\r\n\r\nx\r\n.\r\n")
            final = client.replies(3)
        else:
            final = client.deliver(PHONE, KEY + SMS, "x" + SMS,
                                   message=message).final
        equal(final, [want] * 3, "final")
        equal(texts(final)[1], texts(final)[2], "right and wrong")
        client.quit()
        equal(shown(site)[1:], ["<*%s>" % SMS] * 2, "log")
        hidden(site)


@case("P08 a client that goes away in DATA: the log tells no keyword")
def _():
    with world() as site, site.connect() as client:
        client.lhlo()
        client.start(PHONE, KEY + SMS, "x" + SMS)
        client.send(b"Cc: " + (KEY + SMS).encode() + b"\r\n")
        client.close()
        client.gone()
        equal(shown(site)[1:], ["<*%s>" % SMS] * 2, "log")
        hidden(site)


@case("P08 commands that are refused tell no keyword")
def _():
    with world() as site:
        rcpt = "RCPT TO:<%s>" % (KEY + SMS)
        replies = site.talk(commands(
            "LHLO c.example", rcpt, "VRFY " + KEY, "RCPT TO:<%s" % KEY,
            "MAIL FROM:<%s>" % ALICE, rcpt + " FOO=BAR", KEY, "QUIT"))
        equal([r[0] for r in replies[2:-1]], list("525255"), "replies")
        check(KEY not in "".join(r.text for r in replies), "told in a reply")
        hidden(site)


@case("P08 max-recipients counts keywords")
def _():
    with world({"max-recipients": 3}) as site:
        out = site.deliver(PHONE, KEY + SMS, "wrong" + SMS, OLD + SMS,
                           SOFT, message=MAIL)
        equal(out.rcpt, [MAYBE] * 3 + ["452 4.5.3"] * 2, "RCPT")
        equal(out.final, [DELIVERED, TAKEN, WRONG], "final")
        match(r"<\*@sms\.example\.net>", out.rcpt[3].text)
        hidden(site, out)


# -- beside the other rules --------------------------------------------------

@case("P08 the keyword in Bcc: the number has no string, the keyword is taken")
def _():
    with world() as site:
        out = site.deliver(PHONE, KEY + SMS)
        equal((out.rcpt, out.final), ([MAYBE] * 2, [NO, TAKEN]), "replies")
        match(r"<\+41791234567@.*no security string", out.final[0].text)
        equal([(line.verdict, line.fields["reason"])
               for line in site.lines()],
              [("refused", "string-missing"), ("accepted", "keyword")])
        equal(site.runs(), [], "runs")
        hidden(site, out)


PLACED = acme(("email", ALICE, {"security": NET}))
DKIM = {**acme(("email", ALICE, {"security": ["dkim"]})),
        "authserv-id": "mx.example.net"}


@table("P08 a keyword recipient's sender is judged like any other: {0}", [
    ("from the right place", PLACED, INSIDE, MAYBE, [DELIVERED, TAKEN, WRONG]),
    ("from the wrong place", PLACED, OUTSIDE, NO, []),
    ("from a place unknown", PLACED, None, "451 4.7.1", []),
    ("without DKIM", DKIM, None, MAYBE, [NO] * 3),
    ("numbers do not bind a keyword", string(KEY, numbers=["+4179*"]), None,
     MAYBE, [DELIVERED, TAKEN, WRONG]),
])
def _(_name, changes, forward, rcpt, final):
    with world(changes) as site:
        out = site.deliver(PHONE, KEY + SMS, "x" + SMS, forward=forward,
                           message=MAIL)
        equal((out.rcpt, out.final), ([rcpt] * 3, final), "replies")
        equal(len(site.runs()), int(DELIVERED in final), "runs")
        hidden(site, out)


@case("P08 SPF fails: 550 5.7.23 for the keyword as for the number")
def _():
    need_root()
    if not NETNS:
        raise Skip("namespaces are denied")
    name_servers("nameserver 127.0.0.1")
    server = Server()
    server.serve({"example.com": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}]})
    with tempfile.TemporaryDirectory() as libexec:
        os.chmod(libexec, 0o755)
        shutil.copy(os.environ["LMTPD_LIBEXECDIR"] + "/lmtpd-resolver",
                    libexec)
        changes = acme(("email", ALICE, {"security": ["spf"]}))
        with world(changes, libexec=libexec) as site:
            for forward, rcpt, final in (
                    (INSIDE, MAYBE, [DELIVERED, TAKEN, WRONG]),
                    (OUTSIDE, "550 5.7.23", [])):
                out = site.deliver(PHONE, KEY + SMS, "x" + SMS,
                                   forward=forward, message=MAIL)
                equal((out.rcpt, out.final), ([rcpt] * 3, final), forward)
            equal(texts(out.rcpt)[1], texts(out.rcpt)[2], "right and wrong")
            stdin = site.the_run().stdin.decode()
            match(r"\AReturn-Path: [^\n]*\nReceived: .*\nReceived-SPF: pass\n",
                  re.sub(r"\n\t", " ", stdin).replace("pass ", "pass\n"))
            check(stdin.endswith(x(MAIL.decode())), "message: " + stdin)
            hidden(site, out)
    server.close()


PROVEN = {"refusals": "proven"}


@case('P08 refusals = "proven": a stranger hears nothing, right or wrong')
def _():
    with world(PROVEN) as site:
        out = site.deliver(PHONE, KEY + SMS, "x" + SMS, message=MAIL,
                           sender="mallory@example.org")
        equal((out.rcpt, out.final), ([MAYBE] * 3, ["250 2.0.0"] * 3))
        equal(texts(out.final)[1:],
              ["250 2.0.0 <*@sms.example.net>: discarded, id ID"] * 2)
        equal([line.verdict for line in site.lines()], ["discarded"] * 3)
        equal(site.runs(), [], "runs")
        hidden(site, out)


@case('P08 refusals = "proven": right or wrong sounds alike to the unproven')
def _():
    with world(PROVEN) as site:
        out = site.deliver(PHONE, KEY + SMS, "x" + SMS)
        equal(out.rcpt, [MAYBE] * 3, "RCPT")
        equal(texts(out.final)[1:],
              ["250 2.0.0 <*@sms.example.net>: keyword taken, id ID"] * 2)
        equal([line.verdict for line in site.lines()],
              ["discarded", "accepted", "discarded"], "log")
        hidden(site, out)


@case("P08 enforce = false: from elsewhere, right or wrong is not told apart")
def _():
    changes = {("account", "acme"): {
        "enforce": False, ("email", ALICE): {"security": NET}}}
    with world(changes) as site:
        out = site.deliver(KEY + SMS, "x" + SMS, forward=OUTSIDE)
        equal(texts(out.final),
              ["250 2.0.0 <*@sms.example.net>: keyword taken, id ID"] * 2)
        equal([(line.verdict, line.fields["reason"])
               for line in site.lines()],
              [("would-refuse", "security-failed")] * 2, "log")
        out = site.deliver(KEY + SMS, "x" + SMS, forward=INSIDE)
        equal(out.final, [TAKEN, WRONG], "from its place")


@case("P08 enforce = false: a wrong keyword is refused all the same")
def _():
    with world({("account", "acme"): {"enforce": False}}) as site:
        out = site.deliver(PHONE, KEY + SMS, "x" + SMS)
        equal((out.rcpt, out.final), ([MAYBE] * 3, [DELIVERED, TAKEN, WRONG]))
        equal([(line.verdict, line.fields["reason"])
               for line in site.lines()],
              [("would-refuse", "string-missing"), ("accepted", "keyword"),
               ("refused", "wrong-keyword")], "log")
        equal(site.the_run().args[2], PHONE, "%r")
        hidden(site, out)


# -- lmtpctl -----------------------------------------------------------------

def lmtpctl(site, *words, message=b""):
    done = subprocess.run([LMTPCTL, "-f", site.conf, *words], input=message,
                          capture_output=True, timeout=PATIENCE, cwd="/",
                          env={"PATH": "/usr/bin:/bin",
                               "LMTPD_LIBEXECDIR": "/nonexistent"})
    equal(done.stderr, b"", "standard error")
    return done.returncode, done.stdout.decode("ascii")


MAY = "no number: it may be a keyword"


@table("P08 explain, {0}: {3}", [
    ("a keyword", ALICE, KEY, "keyword", 0, "250 2.0.0",
     [MAY, "a keyword of the account"]),
    ("a wrong one", ALICE, "nonsense", "wrong-keyword", 1, WRONG,
     [MAY, "no keyword of the account"]),
    ("another account's", ALICE, BETA, "wrong-keyword", 1, WRONG,
     [MAY, "no keyword of the account"]),
    ("an account without", CAROL, KEY, "bad-number", 1, BAD, [MAY]),
    ("an unknown sender", "eve@evil.example", KEY, "not-registered", 1, NO,
     [MAY]),
])
def _(_name, sender, local, reason, status, reply, steps):
    with world() as site:
        words = ["--sender", sender, "--recipient", local + SMS]
        got, text = lmtpctl(site, "explain", *words, message=MAIL)
        equal(got, status, "exit status")
        match(r"(?m)^verdict +%s, %s .* \(%s\)$"
              % ("reject" if status else "accept", re.escape(reply), reason),
              text)
        check("would run" not in text, "a command: " + text)
        for step in steps:
            match(r"(?m)(^| )%s$" % re.escape(step), text, "steps")
        got, text = lmtpctl(site, "explain", "--json", *words, message=MAIL)
        told_ = json.loads(text)
        equal((got, told_["reason"], told_["command"]), (status, reason, []))
        equal(site.runs() + site.state_files(), [], "runs and state")
        match(re.escape(steps[-1]), "\n".join(told_["steps"]), "JSON's steps")


@case("P08 check has nothing to say of a random keyword")
def _():
    changes = acme(("email", ALICE, {"security": NET}))
    changes = merge(changes, {("account", "acme"): {
        ("channel", "sms"): {"security-string": KEY + ";" + OLD},
        ("channel", "box"): {"security-string": BOXKEY}}})
    with Site(merge({"trusted-peers": [ME]}, changes)) as site:
        equal(lmtpctl(site, "check"), (0, "configuration OK\n"), "check")


run()
