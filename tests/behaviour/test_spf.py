#!/usr/bin/python3
"""SPF and the providers' records as a delivery meets them: the real lmtpd, the
real lmtpd-resolver, and a DNS server on a network of the test's own."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from lmtpclient import ALICE, MESSAGE, xforward
from lmtptest import BOX, LMTPD, PHONE, Site, acme, shell
from taptest import PATIENCE, case, check, equal, match, run, table

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../spf")

from spftest import LMTPCTL, Server, enter, name_servers    # noqa: E402

enter()
name_servers("nameserver 127.0.0.1")
SERVER = Server()

YES, NO = "250 2.0.0", "550 5.7.1"
FAIL, PERMERROR, DNS = "550 5.7.23", "550 5.7.24", "451 4.7.24"
INSIDE = xforward(ADDR="192.0.2.7", HELO="mx.example.com")
OUTSIDE = xforward(ADDR="198.51.100.7", HELO="mx.example.com")
INSIDE6 = xforward(ADDR="IPv6:2001:db8:1::7")
OUTSIDE6 = xforward(ADDR="IPv6:2001:db8:2::7")
MAPPED = "IPv6:::ffff:"
DNS_TIMEOUT = 2
GRACE = 3               # the monitor's two seconds, and one for a slow machine

SPF = {"security": ["spf"]}
PROVIDERS = {"google-spf": "_spf.google.example",
             "outlook-spf": "spf.outlook.example"}


def txt(text):
    return [{"TXT": text}]


ZONE = {
    "example.com": txt("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:1::/48 -all"),
    "soft.example": txt("v=spf1 ip4:192.0.2.0/24 ~all"),
    "neutral.example": txt("v=spf1 ip4:192.0.2.0/24 ?all"),
    "silent-end.example": txt("v=spf1 ip4:192.0.2.0/24"),
    "none.example": txt("no policy"),
    "broken.example": txt("v=spf1 ip4:192.0.2.0/24/9 -all"),
    "twice.example": txt("v=spf1 +all") + txt("v=spf1 -all"),
    "servfail.example": ["SERVFAIL"],
    "silent.example": ["TIMEOUT"],
    "garbage.example": txt("v=spf1 +all") + ["GARBAGE"],
    "all.example": txt("v=spf1 +all"),
    "xn--bcher-kva.example": txt("v=spf1 ip4:192.0.2.0/24 -all"),
    "mx.example.com": txt("v=spf1 ip4:192.0.2.0/24 -all"),
    "silent-helo.example": ["TIMEOUT"],
    "_spf.google.example": txt("v=spf1 include:_net.google.example ~all"),
    "_net.google.example": txt("v=spf1 ip4:203.0.113.0/24 "
                               "ip6:2001:db8:9::/48 -all"),
    "spf.outlook.example": txt("v=spf1 ip4:203.0.113.128/25 -all"),
}
GOOGLE = xforward(ADDR="203.0.113.9")
OUTLOOK = xforward(ADDR="203.0.113.200")


def libexec():
    """The resolver where lmtpd's user may reach it."""
    if not hasattr(libexec, "made"):
        libexec.made = tempfile.TemporaryDirectory(prefix="libexec.")
        os.chmod(libexec.made.name, 0o755)
        source = os.environ.get("LMTPD_LIBEXECDIR", os.path.dirname(LMTPD))
        shutil.copy(source + "/lmtpd-resolver", libexec.made.name)
    return libexec.made.name


def site(*sources, zone=None, **changes):
    """A site of those sources whose name server has the zone."""
    SERVER.serve({**ZONE, **(zone or {})})
    top = {k.replace("_", "-"): v for k, v in changes.items()}
    return Site({"dns-timeout": DNS_TIMEOUT, **PROVIDERS, **acme(*sources),
                 **top}, libexec=libexec())


def asked(*kinds):
    """The names that the server was asked for, repetitions too."""
    return [name for name, kind, _ in SERVER.queries
            if not kinds or kind in kinds]


def anyone(**keys):
    return ("anyone", None, keys)


def received_spf(stdin):
    """The one such field of a delivered message, unfolded."""
    head = re.sub(rb"\n[ \t]+", b" ", stdin.split(b"\n\n")[0])
    found = [line for line in head.split(b"\n")
             if line.lower().startswith(b"received-spf:")]
    equal(len(found), 1, "Received-SPF fields in %r" % head)
    return found[0].decode("latin-1")


# -- RFC 7208's words --------------------------------------------------------

WORDS = [
    ("P25 no word of security: SPF decides, pass", "example.com", INSIDE, YES),
    ("P25 no word of security: SPF decides, fail", "example.com", OUTSIDE,
     FAIL),
    ("P26 pass, over IPv6", "example.com", INSIDE6, YES),
    ("P26 fail, over IPv6", "example.com", OUTSIDE6, FAIL),
    ("P26 pass, the IPv4 address mapped", "example.com",
     xforward(ADDR=MAPPED + "192.0.2.7"), YES),
    ("P26 fail, the IPv4 address mapped", "example.com",
     xforward(ADDR=MAPPED + "198.51.100.7"), FAIL),
    ("P26 softfail is no pass", "soft.example", OUTSIDE, NO),
    ("P26 a softfail domain's own server", "soft.example", INSIDE, YES),
    ("P26 neutral is no pass", "neutral.example", OUTSIDE, NO),
    ("P26 a record without an end is neutral", "silent-end.example", OUTSIDE,
     NO),
    ("P26 no record is no pass", "none.example", INSIDE, NO),
    ("P26 no such domain is no pass", "nosuch.example", INSIDE, NO),
    ("P26 a broken record", "broken.example", INSIDE, PERMERROR),
    ("P26 two records", "twice.example", INSIDE, PERMERROR),
    ("P26 SERVFAIL", "servfail.example", INSIDE, DNS),
    ("P26 an answer that is garbage", "garbage.example", INSIDE, DNS),
    ("the domain in capitals", "EXAMPLE.COM", INSIDE, YES),
    ("an IDN domain is asked by its A-labels", "b\u00fccher.example", INSIDE,
     YES),
    ("an IDN domain, outside", "b\u00fccher.example", OUTSIDE, FAIL),
    ("+all passes from anywhere", "all.example", OUTSIDE, YES),
]


@table("{0}", WORDS)
def _(_name, domain, forward, want):
    with site(anyone()) as s:
        utf8 = "" if domain.isascii() else " SMTPUTF8"
        out = s.deliver(PHONE, BOX, sender="a@" + domain, forward=forward,
                        mail=utf8)
        equal(out.verdicts, [want] * 2, "verdicts")
        equal(len(s.runs()), 2 if want == YES else 0, "runs")


@table("loopback is never a pass: {0}", [
    ("127.0.0.1",), ("127.9.9.9",), ("IPv6:::1",), (MAPPED + "127.0.0.1",)])
def _(addr):
    with site(anyone(**SPF)) as s:
        equal(s.verdict(sender="a@all.example", forward=xforward(ADDR=addr)),
              NO, "verdict")
        equal(s.runs(), [], "runs")


@table("P26 a client address that is not known, {0}: nothing is asked", [
    ("no XFORWARD", None), ("UNAVAILABLE", "XFORWARD ADDR=[UNAVAILABLE]")])
def _(_name, forward):
    with site(anyone(**SPF)) as s:
        equal(s.verdict(sender="a@all.example", forward=forward), "451 4.7.1",
              "verdict")
        equal(asked(), [], "questions")


@case("a local submission is no SPF pass, and asks nothing")
def _():
    with site(anyone(**SPF)) as s:
        equal(s.verdict(sender="a@all.example",
                        forward=xforward(SOURCE="LOCAL")), NO, "verdict")
        equal(asked(), [], "questions")


@case("P26 a silent server: 451 within dns-timeout")
def _():
    with site(anyone(**SPF)) as s:
        started = time.monotonic()
        out = s.deliver(PHONE, BOX, "two@box.example.net", forward=INSIDE,
                        sender="a@silent.example")
        took = time.monotonic() - started
        equal(out.verdicts, [DNS] * 3, "verdicts")
        check(took < DNS_TIMEOUT + GRACE, "it took %.1f s" % took)
        match("reason=dns ", s.log())


@case("dns-timeout is for all questions of a transaction together")
def _():
    zone = {name: ["TIMEOUT"] for name in PROVIDERS.values()}
    with site(anyone(security=["spf", "google", "outlook"]), zone=zone) as s:
        started = time.monotonic()
        equal(s.verdict(sender="a@silent.example", forward=INSIDE), DNS,
              "verdict")
        took = time.monotonic() - started
        check(took < DNS_TIMEOUT + GRACE, "it took %.1f s" % took)


@case("the next transaction of a connection has its own dns-timeout")
def _():
    with site(anyone(**SPF)) as s, s.connect() as client:
        client.lhlo()
        equal(client.deliver(PHONE, sender="a@silent.example",
                             forward=INSIDE).verdicts, [DNS], "silence")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.deliver(PHONE, sender=ALICE, forward=INSIDE).verdicts,
              [YES], "the next")
        client.quit()


@case("a resolver that is not there: 451, and the log says so")
def _():
    with site(anyone(**SPF)) as s:
        s.libexec = s.dir
        equal(s.verdict(forward=INSIDE), DNS, "verdict")
        match("lmtpd-resolver", s.log())


@case('client-address = "received": SPF is asked after DATA')
def _():
    field = (b"Received: from mx.example.com (mx.example.com [%s])\n"
             b"\tby in.example.net (Postfix) with ESMTP id 4F\n"
             b"\tfor <x@example.net>; Sat, 21 Nov 2026 12:00:00 +0000 (UTC)\n")
    with site(anyone(**SPF), client_address="received") as s:
        for addr, want in ((b"192.0.2.7", YES), (b"198.51.100.7", FAIL)):
            out = s.deliver(PHONE, message=field % addr + MESSAGE)
            equal(out.rcpt, ["250 2.1.5"], "RCPT")
            equal(out.verdicts, [want], "final reply for %r" % addr)
        equal(asked("TXT"), ["example.com"] * 2, "questions")


@case("enforce = false: an SPF fail is delivered, and logged would-refuse")
def _():
    with site(("email", ALICE, SPF)) as s:
        with open(s.conf) as f:
            text = f.read()
        s.write_conf(text.replace('account "acme" {',
                                  'account "acme" {\n  enforce = false'))
        equal(s.verdict(forward=OUTSIDE), YES, "verdict")
        equal(len(s.runs()), 1, "runs")
        match("(?m)would-refuse .* reason=spf-fail ", s.log())


# -- whose SPF ---------------------------------------------------------------

BATV = "prvs=0123abcdef=alice@example.com"


@table("the identity: {0}", [
    ("a BATV tag is taken off", BATV, INSIDE, YES),
    ("a BATV tag, from elsewhere", BATV, OUTSIDE, FAIL),
])
def _(_name, sender, forward, want):
    with site(("email", ALICE, SPF)) as s:
        equal(s.verdict(sender=sender, forward=forward), want, "verdict")


@table("a stranger's mail that a tenant forwards is refused: {0}", [
    ("SRS0=HHH=TT=stranger.example=bob@example.com",),
    ("SRS1=HHH=relay.example==HHH=TT=stranger.example=bob@example.com",),
    ("srs0+HHH=TT=stranger.example=bob@example.com",),
    ("tenant+SRS=HHHHH=TT=stranger.example=bob@example.com",),
    ("tenant+caf_=desk=box.example.net@example.com",),
])
def _(sender):
    with site(("domain", "example.com", SPF)) as s:
        equal(s.verdict(sender=sender, forward=INSIDE), NO, "verdict")
        equal(asked(), [], "questions")
        equal(s.runs(), [], "runs")
        match("reason=rewritten-sender ", s.log())


@case("forwarded = true takes it where the forwarder's SPF passes")
def _():
    sender = "SRS0=HHH=TT=stranger.example=bob@example.com"
    with site(("domain", "example.com", {**SPF, "forwarded": True})) as s:
        equal(s.verdict(sender=sender, forward=INSIDE), YES, "inside")
        equal(s.verdict(sender=sender, forward=OUTSIDE), FAIL, "outside")


@table("the null sender is judged by HELO: {0}", [
    ("pass", "mx.example.com", "192.0.2.7", YES),
    ("fail", "mx.example.com", "198.51.100.7", FAIL),
    ("no record", "none.example", "192.0.2.7", NO),
    ("a broken record", "broken.example", "192.0.2.7", PERMERROR),
    ("SERVFAIL", "servfail.example", "192.0.2.7", DNS),
    ("a literal", "[192.0.2.7]", "192.0.2.7", NO),
    ("no HELO", "[UNAVAILABLE]", "192.0.2.7", NO),
])
def _(_name, helo, addr, want):
    with site(anyone(**SPF, **{"null-sender": True})) as s:
        equal(s.verdict(sender="", forward=xforward(ADDR=addr, HELO=helo)),
              want, "verdict")


@case("a sender with an address is not judged by HELO")
def _():
    with site(anyone(**SPF)) as s:
        forward = xforward(ADDR="192.0.2.7", HELO="silent-helo.example")
        equal(s.verdict(forward=forward), YES, "pass by the sender")
        forward = xforward(ADDR="192.0.2.7", HELO="mx.example.com")
        equal(s.verdict(sender="a@none.example", forward=forward), NO,
              "no pass by HELO")
        check("silent-helo.example" not in asked(), "HELO was asked for")
        check("mx.example.com" not in asked(), "HELO was asked for")


# -- Received-SPF ------------------------------------------------------------

@case("Received-SPF: pass is what the backend gets, and in front")
def _():
    with site(anyone(**SPF)) as s:
        equal(s.verdict(forward=INSIDE), YES, "verdict")
        stdin = s.the_run().stdin
    head, rest = stdin.split(b"From: alice", 1)
    equal(rest, MESSAGE.split(b"From: alice", 1)[1], "the message")
    equal(re.findall(rb"(?m)^([A-Za-z-]+):", head),
          [b"Return-Path", b"Received", b"Received-SPF"], "fields in front")
    field = received_spf(stdin)
    match(r"^Received-SPF: pass\b", field)
    for part in ("receiver=gw.example.net", "client-ip=192.0.2.7",
                 'envelope-from="alice@example.com"', "identity=mailfrom"):
        match(r"[ ;]%s(;|$)" % re.escape(part), field)
    match(r'[ ;]helo="mx\.example\.com"(;|$)', field)


@case("Received-SPF tells what SPF said where another word held")
def _():
    with site(anyone(security=["spf", "google"])) as s:
        equal(s.verdict(forward=GOOGLE), YES, "verdict")
        match("^Received-SPF: fail ", received_spf(s.the_run().stdin))


@case("no rule that asks for SPF: no Received-SPF, no question")
def _():
    with site(anyone(security=["none"])) as s:
        equal(s.verdict(forward=INSIDE), YES, "verdict")
        check(b"received-spf" not in s.the_run().stdin.lower(), "a field")
        equal(asked(), [], "questions")


# key=value pairs (RFC 7208 section 9.1): a dot-atom or a quoted string.
VALUE = r'(?:[A-Za-z0-9!#$%&\'*+/=?^_`{|}~.:-]+|"(?:[^"\\\n]|\\.)*")'
FIELD = (r"Received-SPF: pass receiver=%s; client-ip=192\.0\.2\.7; "
         r'envelope-from=%s; helo=%s; identity=mailfrom$'
         % (VALUE, VALUE, VALUE))


@table("a HELO cannot write into Received-SPF: {0}", [
    ("CR LF", b"x+0D+0AX-Evil:+20yes"),
    ("LF", b"x+0AX-Evil:+20yes"),
    ("an empty line", b"x+0D+0A+0D+0AX-Evil:+20yes"),
    ("NUL", b"x+00X-Evil"),
    ("a semicolon", b"x;+20identity+3Dhelo;+20X-Evil+3D1"),
    ("a quote", b"x+22;+20X-Evil+3D+221"),
    ("a backslash", b"x+5C"),
    ("a comment", b"x(comment"),
    ("blanks", b"x+20identity+3Dhelo"),
    ("a tab", b"x+09y"),
    ("an octet above 127", b"x+E9y"),
    ("UTF-8", b"x+C3+A9y"),
    ("a line separator", b"x+C2+85y+E2+80+A8z"),
    ("500 characters", b"x" * 500),
    ("an address literal", b"[IPv6:2001:db8::1]"),
    ("nothing", b"[UNAVAILABLE]"),
])
def _(_name, helo):
    with site(anyone(**SPF)) as s:
        out = s.deliver(PHONE, forward="XFORWARD ADDR=192.0.2.7 HELO=" +
                        helo.decode())
        if out.xforward[0][0] == "5":
            equal(out.verdicts, ["451 4.7.1"], "XFORWARD refused")
            equal(s.runs(), [], "runs")
            return
        equal(out.verdicts, [YES], "verdict")
        stdin = s.the_run().stdin
        head = stdin[:stdin.index(b"From: alice")]
        check(head.isascii() and b"\r" not in head and b"\0" not in head,
              "bytes in %r" % head)
        equal(re.findall(rb"(?m)^(\S+?):", head),
              [b"Return-Path", b"Received", b"Received-SPF"], "fields")
        match(FIELD, received_spf(stdin))


@table("a sender cannot write into Received-SPF: {0}", [
    ('"x; identity=helo"@example.com',),
    ('"x\\"; X-Evil=\\"1"@example.com',),
    ('"x\\\\"@example.com',),
    ("x;y@example.com",),
])
def _(sender):
    with site(anyone(**SPF)) as s:
        out = s.deliver(PHONE, sender=sender, forward=INSIDE)
        if out.mail[0] == "5":
            equal(s.runs(), [], "runs")
            return
        equal(out.verdicts, [YES], "verdict")
        match(FIELD, received_spf(s.the_run().stdin))


@case("a sender's own Received-SPF is below ours, and counts for nothing")
def _():
    forged = b"Received-SPF: pass client-ip=192.0.2.7; identity=mailfrom\n"
    with site(anyone(**SPF)) as s:
        out = s.deliver(PHONE, forward=OUTSIDE, message=forged + MESSAGE)
        equal(out.verdicts, [FAIL], "verdict")
    with site(anyone(security=["spf", "google"])) as s:
        out = s.deliver(PHONE, forward=GOOGLE, message=forged + MESSAGE)
        equal(out.verdicts, [YES], "verdict")
        fields = re.findall(rb"(?m)^Received-SPF: (\w+)",
                            s.the_run().stdin)
        equal(fields, [b"fail", b"pass"], "fields, from the top")


@table("LMTPD_SPF is what was found: {0}", [
    ("pass", {"security": ["spf"]}, INSIDE, "pass"),
    ("fail, where another word held", {"security": ["spf", "google"]}, GOOGLE,
     "fail"),
    ("nothing, where nothing was asked", {"security": ["none"]}, INSIDE, ""),
])
def _(_name, keys, forward, want):
    with site(anyone(**keys)) as s:
        s.script("backend", shell('echo "[$LMTPD_SPF]" >RECORDS/spf'))
        equal(s.verdict(forward=forward), YES, "verdict")
        equal(s.note("spf"), "[%s]\n" % want, "LMTPD_SPF")


# -- google and outlook ------------------------------------------------------

@table("P36 {0}", [
    ("google: from Google", ["google"], GOOGLE, YES),
    ("google: from Google over IPv6", ["google"],
     xforward(ADDR="IPv6:2001:db8:9::1"), YES),
    ("google: from Google, the address mapped", ["google"],
     xforward(ADDR=MAPPED + "203.0.113.9"), YES),
    ("google: from elsewhere", ["google"], INSIDE, NO),
    ("outlook: from Outlook", ["outlook"], OUTLOOK, YES),
    ("outlook: from elsewhere", ["outlook"], GOOGLE, NO),
    ("an address: from there", ["198.51.100.0/24"], OUTSIDE, YES),
    ("an address: from elsewhere", ["198.51.100.0/24"], INSIDE, NO),
    ("spf: pass", ["spf"], INSIDE, YES),
    ("spf: fail", ["spf"], OUTSIDE, FAIL),
    ("any one is enough: spf", ["spf", "google"], INSIDE, YES),
    ("any one is enough: google", ["spf", "google"], GOOGLE, YES),
    ("any one is enough: outlook", ["google", "outlook"], OUTLOOK, YES),
    ("none holds", ["spf", "google", "outlook"], OUTSIDE, FAIL),
])
def _(_name, security, forward, want):
    with site(("email", ALICE, {"security": security})) as s:
        equal(s.verdict(forward=forward), want, "verdict")


@table("P37 Google counts whatever the sender's domain publishes: {0}", [
    ("nothing", "none.example"), ("no such domain", "nosuch.example"),
    ("-all without Google", "example.com"),
    ("a broken record", "broken.example"), ("SERVFAIL", "servfail.example"),
    ("silence", "silent.example"),
])
def _(_name, domain):
    with site(anyone(security=["google"])) as s:
        equal(s.verdict(sender="a@" + domain, forward=GOOGLE), YES, "in")
        equal(s.verdict(sender="a@" + domain, forward=OUTSIDE), NO, "out")
        check(domain not in asked(), "the sender's domain was asked for")


@table("P37 +all of the sender's does not make it {0}", [
    ("Google", "google"), ("Outlook", "outlook")])
def _(_name, word):
    with site(anyone(security=[word])) as s:
        equal(s.verdict(sender="a@all.example", forward=OUTSIDE), NO,
              "verdict")


BROKEN = [
    ("broken", txt("v=spf1 ip4:203.0.113.0/24/9 -all")),
    ("there twice", txt("v=spf1 +all") * 2),
    ("SERVFAIL", ["SERVFAIL"]),
    ("silent", ["TIMEOUT"]),
    ("one that includes nothing there", txt("v=spf1 include:nosuch.example")),
]


@table("P37 a provider's record that is {0} is no fault of the sender's", [
    (name, record) for name, record in BROKEN])
def _(_name, record):
    with site(anyone(security=["google"]),
              zone={"_spf.google.example": record}) as s:
        equal(s.verdict(forward=GOOGLE), DNS, "verdict")


@case("one pass outweighs a provider's broken record, a fail does not")
def _():
    with site(anyone(security=["spf", "google"]),
              zone={"_spf.google.example": ["SERVFAIL"]}) as s:
        equal(s.verdict(forward=INSIDE), YES, "SPF pass")
        equal(s.verdict(forward=OUTSIDE), DNS, "SPF fail")


@case("loopback is not Google's either")
def _():
    with site(anyone(security=["google"]),
              zone={"_spf.google.example": txt("v=spf1 +all")}) as s:
        equal(s.verdict(forward=xforward(ADDR="127.0.0.1")), NO, "verdict")


# -- how often the DNS is asked ----------------------------------------------

@table('"spf" or an address: {0}', [
    ("in the network nothing is asked", OUTSIDE, YES, []),
    ("elsewhere SPF is", INSIDE, YES, ["example.com"]),
    ("neither holds", xforward(ADDR="203.0.113.1"), FAIL, ["example.com"]),
])
def _(_name, forward, want, questions):
    security = ["spf", "198.51.100.0/24"]
    with site(("email", ALICE, {"security": security})) as s:
        equal(s.verdict(forward=forward), want, "verdict")
        equal(asked(), questions, "questions")


@case("what needs no SPF asks nothing: a stranger, no channel, no number")
def _():
    with site(("email", ALICE, SPF)) as s:
        out = s.deliver(PHONE, sender="bob@all.example", forward=INSIDE)
        equal(out.verdicts, [NO], "a stranger")
        out = s.deliver("x@nowhere.example", "nonumber@sms.example.net",
                        forward=INSIDE)
        equal(out.verdicts, ["550 5.1.1", "553 5.1.3"], "recipients")
        equal(asked(), [], "questions")


@table("one evaluation, however many recipients: {0}", [
    ("pass", "example.com", INSIDE, YES), ("fail", "example.com", OUTSIDE,
                                           FAIL),
    ("SERVFAIL", "servfail.example", INSIDE, DNS)])
def _(_name, domain, forward, want):
    recipients = ["r%d@box.example.net" % i for i in range(20)]
    with site(anyone(**SPF)) as s, s.connect() as client:
        client.lhlo()
        out = client.deliver(recipients[0], sender="a@" + domain,
                             forward=forward)
        equal(out.verdicts, [want], "verdict")
        alone = len(SERVER.queries)
        check(alone > 0, "nothing was asked")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        out = client.deliver(*recipients, sender="a@" + domain,
                             forward=forward)
        equal(out.verdicts, [want] * 20, "verdicts")
        client.quit()
    equal(len(SERVER.queries), 2 * alone, "questions: one transaction's each")


@case("one evaluation a record: spf, google and outlook beside each other")
def _():
    security = ["spf", "google", "outlook"]
    recipients = ["r%d@box.example.net" % i for i in range(10)]
    with site(anyone(security=security)) as s:
        equal(s.deliver(*recipients, forward=OUTSIDE).verdicts, [FAIL] * 10,
              "verdicts")
    equal(sorted(asked("TXT")), ["_net.google.example", "_spf.google.example",
                                 "example.com", "spf.outlook.example"],
          "questions")


# -- refusals = "proven" -----------------------------------------------------

@table('refusals = "proven": {0}', [
    ("SPF passes, the place is wrong: told", ALICE, INSIDE, "refused", NO),
    ("SPF fails: discarded", ALICE, OUTSIDE, "discarded", "250"),
    ("no record: discarded", "bob@none.example", INSIDE, "discarded", "250"),
    ("not registered, SPF passes: told", "bob@all.example", INSIDE, "refused",
     NO),
    ("a broken record: discarded", "bob@broken.example", INSIDE, "discarded",
     "250"),
    ("the DNS does not tell: deferred", "bob@servfail.example", INSIDE,
     "deferred", DNS),
    ("a local submission: told", ALICE, xforward(SOURCE="LOCAL"), "refused",
     NO),
    ("an unknown client, not registered: discarded", "bob@all.example", None,
     "discarded", "250"),
])
def _(_name, sender, forward, word, want):
    with site(("email", ALICE, {"security": ["203.0.113.1"]}),
              refusals="proven") as s:
        verdict = s.verdict(sender=sender, forward=forward)
        equal(verdict[:len(want)], want, "verdict")
        equal(s.runs(), [], "runs")
        equal(s.the_line().verdict, word, "in the log")


@case('refusals = "proven": security spf, each sender by its own SPF')
def _():
    with site(anyone(**SPF), refusals="proven") as s:
        for domain, forward, want in (("example.com", OUTSIDE, "250"),
                                      ("soft.example", OUTSIDE, "250"),
                                      ("servfail.example", INSIDE, DNS),
                                      ("example.com", INSIDE, YES)):
            verdict = s.verdict(sender="a@" + domain, forward=forward)
            equal(verdict[:len(want)], want, domain)
        equal(len(s.runs()), 1, "runs: the pass alone")
        equal([line.verdict for line in s.lines()],
              ["discarded", "discarded", "deferred", "accepted"], "log")


@case('refusals = "proven": what is wrong with the recipient is told anyone')
def _():
    with site(("email", ALICE, SPF), refusals="proven") as s:
        out = s.deliver("x@nowhere.example", "nonumber@sms.example.net",
                        sender="bob@none.example", forward=OUTSIDE)
        equal(out.verdicts, ["550 5.1.1", "553 5.1.3"], "verdicts")


# -- explain -----------------------------------------------------------------

@table("explain asks the same DNS by the same resolver: {0}", [
    ("pass", "example.com", "192.0.2.7", YES),
    ("fail", "example.com", "198.51.100.7", FAIL),
    ("softfail", "soft.example", "198.51.100.7", NO),
    ("permerror", "broken.example", "192.0.2.7", PERMERROR),
    ("temperror", "servfail.example", "192.0.2.7", DNS),
    ("none", "none.example", "192.0.2.7", NO),
])
def _(word, domain, client, want):
    sender = "a@" + domain
    with site(anyone(**SPF)) as s:
        equal(s.verdict(sender=sender, forward=xforward(ADDR=client)), want,
              "the daemon's")
        daemon, SERVER.queries = sorted(asked()), []
        done = subprocess.run(
            [LMTPCTL, "-f", s.conf, "explain", "--json", "--client", client,
             "--sender", sender, "--recipient", PHONE], input=MESSAGE,
            capture_output=True, timeout=PATIENCE,
            env={"PATH": "/usr/bin:/bin", "LMTPD_LIBEXECDIR": libexec()})
        told = json.loads(done.stdout)
        equal(done.returncode, {"2": 0, "5": 1, "4": 2}[want[0]], "status")
        if want != YES:
            equal("%(code)d %(enhanced)s" % told["reply"], want, "reply")
        check("spf: " + word in told["steps"], told["steps"])
        equal(sorted(asked()), daemon, "questions")


run()
