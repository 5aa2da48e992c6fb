#!/usr/bin/python3
"""Many recipients, mixed verdicts, duplicates, and what a number is."""

from lmtpclient import ALICE, MESSAGE
from lmtptest import PHONE, Site
from taptest import case, equal, match, run, table

# A backend that only counts, and much of it at once.
COUNTER = '#!/bin/sh\necho "$1" >>RECORDS/list\n'
WIDE = {("backend", "recorder"): {"parallel": 16}}


@table("{0} recipients, each its own reply", [(1,), (2,), (3,), (100,)])
def _(count):
    names = ["r%d@box.example.net" % i for i in range(count)]
    with Site(WIDE, backend=COUNTER) as site:
        out = site.deliver(*names)
        equal(out.rcpt, ["250 2.1.5"] * count, "RCPT")
        equal(out.final, ["250 2.0.0"] * count, "final")
        equal(sorted(site.note("list").split()),
              sorted("r%d" % i for i in range(count)), "runs")


@case("100 recipients with mixed verdicts and duplicates, in RCPT order")
def _():
    kinds = [("ok%d@box.example.net", "250 2.0.0"),
             ("exit67@box.example.net", "550 5.1.1"),
             ("gone%d@nowhere.example", "550 5.1.1"),
             ("exit75@box.example.net", "451 4.3.0"),
             ("abc%d@sms.example.net", "553 5.1.3"),
             ("same@box.example.net", "250 2.0.0"),
             ("exit69@box.example.net", "554 5.3.0")]
    names, want = [], []
    for i in range(100):
        pattern, verdict = kinds[i % len(kinds)]
        names.append(pattern % i if "%d" in pattern else pattern)
        want.append(verdict)
    with Site() as site:
        out = site.deliver(*names)
        equal(out.verdicts, want, "verdicts in order")
        accepted = {n for n, v in zip(names, out.rcpt) if v[0] == "2"}
        equal(sorted(r.args[1] for r in site.runs()), sorted(accepted),
              "one run each")


@table("a duplicate runs once and is answered twice: {0}", [
    ("the same text", PHONE, PHONE, 1),
    ("domain in other case", PHONE, PHONE.upper(), 1),
    ("a failing one", "exit67@box.example.net", "exit67@box.example.net", 1),
    ("different recipients", "a@box.example.net", "b@box.example.net", 2),
])
def _(_name, first, second, count):
    with Site() as site:
        out = site.deliver(first, second)
        equal(out.rcpt, ["250 2.1.5"] * 2, "RCPT")
        equal(len(out.final), 2, "final replies")
        equal(out.final[0], out.final[1], "the two answers")
        equal(len(site.runs()), count, "runs")


@case("three of one among others: answers in their places")
def _():
    same = "exit69@box.example.net"
    names = [same, "a@box.example.net", same, "b@box.example.net", same]
    with Site() as site:
        equal(site.deliver(*names).final,
              ["554 5.3.0", "250 2.0.0"] * 2 + ["554 5.3.0"], "final")
        equal(len(site.runs()), 3, "runs")


@case("1000 recipients pass, half of them twice; the 1001st is 452 4.5.3")
def _():
    names = ["r%d@box.example.net" % (i // 2) for i in range(1000)]
    with Site(WIDE, backend=COUNTER) as site:
        out = site.deliver(*names, "late@box.example.net", patience=60)
        equal(out.rcpt, ["250 2.1.5"] * 1000 + ["452 4.5.3"], "RCPT")
        equal(out.final, ["250 2.0.0"] * 1000, "final")
        equal(sorted(site.note("list").split()),
              sorted("r%d" % i for i in range(500)), "runs")


@case("max-recipients is obeyed, and counted anew for each message")
def _():
    names = ["r%d@box.example.net" % i for i in range(4)]
    with Site({"max-recipients": 3}) as site, site.connect() as client:
        client.lhlo()
        for _ in range(2):
            out = client.deliver(*names)
            equal(out.rcpt, ["250 2.1.5"] * 3 + ["452 4.5.3"], "RCPT")
            equal(out.final, ["250 2.0.0"] * 3, "final")
        client.quit()


SMS = "@sms.example.net"
GERMAN = {"country-code": "49", "trunk-prefix": "0"}
NO_COUNTRY = {"country-code": None}
HUNGARIAN = {"country-code": "36", "trunk-prefix": "06"}


@table("number {0} is {1}", [
    (local, want, changes) for local, want, changes in [
        ("+41791234567", "+41791234567", {}),
        ("0041791234567", "+41791234567", {}),
        ("0791234567", "+41791234567", {}),
        ("41791234567", "+41791234567", {}),
        ("079.123.45.67", "+41791234567", {}),
        ("079-123-45-67", "+41791234567", {}),
        ("079/1234567", "+41791234567", {}),
        ('"079 123 45 67"', "+41791234567", {}),
        ('"+41 (0)79 123 45 67"', "+41791234567", {}),
        ('"0041(0)791234567"', "+41791234567", {}),
        ('"(079) 123.45-67"', "+41791234567", {}),
        ("+4912345678901234"[:16], "+491234567890123", {}),
        ("0301234567", "+49301234567", GERMAN),
        ("06301234567", "+36301234567", HUNGARIAN),
        ("+41791234567", "+41791234567", NO_COUNTRY),
        ("41791234567", "+41791234567", NO_COUNTRY),
    ]])
def _(local, want, changes):
    both = {("backend", "recorder"): {"command": ["BACKEND", "%n", "%N"]}}
    with Site({("channel", "sms"): changes, **both}) as site:
        equal(site.verdict(local + SMS), "250 2.0.0", "verdict")
        equal(site.the_run().args, [want, want[1:]], "%n %N")


@table("{0} is no number", [(local, changes) for local, changes in [
    ("abc", {}), ("12", {}), ("1", {}), ("+12", {}), ("+", {}),
    ("+4179123456789012", {}), ("++41791234567", {}), ("+0791234567", {}),
    ("000791234567", {}), ("079x1234567", {}), ("41791234567x", {}),
    ("+41-79a", {}), ("079;reboot", {}), ('"079,1234567"', {}),
    ('"$(id)"', {}), ("#41791234567", {}), ("*144#", {}),
    ("0791234567", NO_COUNTRY), ("\u0661\u0662\u0663\u0664", {}),
]])
def _(local, changes):
    with Site({("channel", "sms"): changes}) as site:
        out = site.deliver(local + SMS, mail=" SMTPUTF8")
        match(r"^(553|501) 5\.1\.3$", out.rcpt[0], "RCPT")
        equal(site.runs(), [], "runs")


def with_numbers(*patterns):
    return {("account", "acme"): {("channel", "sms"):
                                  {"numbers": list(patterns)}}}


@table("numbers = {0}: {1} is {2}", [
    (patterns, local, want) for patterns, local, want in [
        (("+4179*",), "0791234567", "250 2.0.0"),
        (("+4179*",), "0781234567", "550 5.7.1"),
        (("+4179*", "+4178*"), "0781234567", "250 2.0.0"),
        (("+41#########",), "0781234567", "250 2.0.0"),
        (("+41########",), "0781234567", "550 5.7.1"),
        (("144", "+41*"), "144", "250 2.0.0"),
        (("144", "+41*"), "0791234567", "250 2.0.0"),
        (("144",), "0791234567", "550 5.7.1"),
        (("14[0-5]",), "143", "250 2.0.0"),
    ]])
def _(patterns, local, want):
    with Site(with_numbers(*patterns)) as site:
        equal(site.verdict(local + SMS), want, "verdict")
        equal(len(site.runs()), int(want[0] == "2"), "runs")


@table("a short code is refused where numbers = {0}", [
    ((),), (("+41*",),), (("145",),)])
def _(patterns):
    with Site(with_numbers(*patterns) if patterns else {}) as site:
        equal(site.verdict("144" + SMS), "550 5.7.1", "verdict")
        equal(site.runs(), [], "runs")


@table("number = false takes {0} as a name", [
    ("desk",), ("Desk.One",), ("+41791234567",), ("144",), ("a'b",),
    ("x" * 64,)])
def _(local):
    with Site() as site:
        equal(site.verdict(local + "@box.example.net"), "250 2.0.0", "verdict")
        equal(site.the_run().args[0], local, "%l")


@table("the channel's pattern: {0} is {1}", [
    ("41791234567@SMS.Example.NET", "250 2.0.0"),
    ("41791234567@xsms.example.net", "550 5.1.1"),
    ("41791234567@sms.example.net.evil.example", "550 5.1.1"),
    ("41791234567@a.sms.example.net", "550 5.1.1"),
    ('"41791234567@sms.example.net"@evil.example', "550 5.1.1"),
])
def _(recipient, want):
    with Site() as site:
        equal(site.verdict(recipient), want, "verdict")


@case("of two channels that claim a recipient, the first in the file has it")
def _():
    changes = {("channel", "late"): {"recipient": "*@box.example.net",
                                     "backend": "recorder", "number": False}}
    with Site(changes) as site:
        equal(site.verdict("x@box.example.net"), "250 2.0.0", "verdict")
        equal(site.the_line().fields["channel"], "box", "channel")


@case("SMTPUTF8 recipients and senders")
def _():
    changes = {("account", "acme"): {("email", "bj\u00f6rn@example.com"):
                                     {"security": ["none"]}}}
    with Site(changes) as site:
        equal(site.verdict("gr\u00fc\u00dfe@box.example.net",
                           sender="bj\u00f6rn@example.com",
                           mail=" SMTPUTF8", message=MESSAGE),
              "250 2.0.0", "verdict")
        equal(site.the_run().args[0], "gr\u00fc\u00dfe", "%l")
        equal(site.verdict("desk@box.example.net", sender=ALICE),
              "250 2.0.0", "plain")


run()
