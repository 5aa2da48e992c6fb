#!/usr/bin/python3
"""The replies of DESIGN's table, each with its enhanced code."""

from lmtpclient import ALICE, MESSAGE, xforward
from lmtptest import BOX, PHONE, Site
from taptest import case, check, equal, match, run, table

FROM_HOME = xforward(ADDR="192.0.2.7", HELO="mail.example.com", IDENT="QID7")
FROM_AFAR = xforward(ADDR="198.51.100.1", HELO="mail.example.com")
ONLY_HOME = {("account", "acme"): {("email", ALICE):
                                   {"security": ["192.0.2.0/24"]}}}


@case("a right message is 250 2.0.0 with the log's id in it")
def _():
    with Site() as site:
        out = site.deliver(PHONE)
        equal((out.mail, out.rcpt, out.data, out.final),
              ("250 2.1.0", ["250 2.1.5"], "354", ["250 2.0.0"]), "replies")
        line = site.the_line()
        equal(line.verdict, "accepted", "verdict in the log")
        check(line.fields["id"], "no id in the log")
        check(line.fields["id"] in out.final[0].text,
              "no id in " + out.final[0].text)
        equal(site.the_run().args, ["+41791234567", PHONE], "arguments")


# What RCPT alone decides: name, changes, sender, recipient, XFORWARD, reply.
AT_RCPT = [
    ("no channel takes the recipient", {}, ALICE,
     "x@elsewhere.example.net", None, "550 5.1.1"),
    ("no channel, sender unknown", {}, "mallory@example.com",
     "x@elsewhere.example.net", None, "550 5.1.1"),
    ("a bad number", {}, ALICE, "abc@sms.example.net", None, "553 5.1.3"),
    ("sender not registered", {}, "mallory@example.com", PHONE, None,
     "550 5.7.1"),
    ("sender not registered, a name as recipient", {},
     "mallory@example.com", BOX, None, "550 5.7.1"),
    ("channel not active for the account",
     {("account", "acme"): {("channel", "sms"): None}}, ALICE, PHONE, None,
     "550 5.7.1"),
    ("number not allowed",
     {("account", "acme"): {("channel", "sms"): {"numbers": ["+4178*"]}}},
     ALICE, PHONE, None, "550 5.7.1"),
    ("client address not among those allowed", ONLY_HOME, ALICE, PHONE,
     FROM_AFAR, "550 5.7.1"),
    ("client address needed and not known", ONLY_HOME, ALICE, PHONE, None,
     "451 4.7.1"),
    ("too long a local part", {}, ALICE, "a" * 600 + "@box.example.net", None,
     "501 5.1.3"),
]


@table("at RCPT: {0}", AT_RCPT)
def _(_name, changes, sender, recipient, forward, want):
    with Site(changes) as site:
        out = site.deliver(recipient, sender=sender, forward=forward)
        equal((out.rcpt, out.data), ([want], "503 5.5.1"), "RCPT, DATA")
        equal(site.runs(), [], "runs")


@case("the right address opens what the wrong one does not")
def _():
    with Site(ONLY_HOME) as site:
        equal(site.verdict(forward=FROM_HOME), "250 2.0.0", "from home")


# Without a resolver (this library starts none) the DNS cannot tell; without
# an authserv-id no Authentication-Results count.
DEFERS, REFUSED = ("451 4.7.24", "deferred"), ("550 5.7.1", "refused")
WORDS = [("spf", *DEFERS), ("google", *DEFERS), ("outlook", *DEFERS),
         ("dkim", *REFUSED), ("dmarc", *REFUSED)]


@table('security "{0}" alone, which nobody can confirm: {1}', WORDS)
def _(word, want, fate):
    changes = {("account", "acme"): {("email", ALICE): {"security": [word]}}}
    with Site(changes) as site:
        out = site.deliver(PHONE, forward=FROM_HOME)
        equal(out.verdicts, [want], "verdict")
        equal(site.runs(), [], "runs")
        equal(site.the_line().verdict, fate, "log")


@table('security "{0}" beside an address that holds lets pass', WORDS)
def _(word, _want, _fate):
    changes = {("account", "acme"): {("email", ALICE): {
        "security": [word, "192.0.2.7"]}}}
    with Site(changes) as site:
        equal(site.verdict(forward=FROM_HOME), "250 2.0.0", "verdict")


@table('security "{0}" beside an address that does not hold: {1}', WORDS)
def _(word, want, _fate):
    changes = {("account", "acme"): {("email", ALICE): {
        "security": [word, "192.0.2.8"]}}}
    with Site(changes) as site:
        equal(site.verdict(forward=FROM_HOME), want, "verdict")
        equal(site.runs(), [], "runs")


@case("security is spf where nothing is said")
def _():
    changes = {("account", "acme"): {("email", ALICE): {"security": None}}}
    with Site(changes) as site:
        equal(site.verdict(forward=FROM_HOME), "451 4.7.24", "verdict")
        equal(site.runs(), [], "runs")


@case("replies name what failed, and each recipient gets its own")
def _():
    recipients = [PHONE, "x@elsewhere.example.net", "abc@sms.example.net",
                  "exit67@box.example.net", "exit75@box.example.net", BOX]
    with Site() as site:
        out = site.deliver(*recipients)
        equal(out.rcpt, ["250 2.1.5", "550 5.1.1", "553 5.1.3", "250 2.1.5",
                         "250 2.1.5", "250 2.1.5"], "RCPT")
        equal(out.final, ["250 2.0.0", "550 5.1.1", "451 4.3.0",
                          "250 2.0.0"], "final replies, in RCPT order")
        equal(sorted(r.args[1] for r in site.runs()),
              sorted([PHONE, "exit67@box.example.net",
                      "exit75@box.example.net", BOX]), "runs")
        match(r"<x@elsewhere\.example\.net>", out.rcpt[1].text)
        equal(sorted(line.verdict for line in site.lines()),
              ["accepted"] * 2 + ["deferred"] + ["refused"] * 3, "log")


@case("a refusal's text does not tell addresses or accounts apart")
def _():
    changes = {("account", "acme"): {("email", "bob@example.com"):
                                     {"security": ["192.0.2.0/24"]}}}
    with Site(changes) as site:
        for sender in ("mallory@example.com", "bob@example.com"):
            out = site.deliver(PHONE, sender=sender, forward=FROM_AFAR)
            equal(out.rcpt, ["550 5.7.1"], sender)
            check("192.0.2" not in out.rcpt[0].text
                  and "acme" not in out.rcpt[0].text,
                  "too much told: " + out.rcpt[0].text)


@case("every reply is one clean line")
def _():
    rude = 'a"quoted \\"x\\" local\\\\part"'
    with Site() as site:
        out = site.deliver('"' + "\\\"" + ' x"@box.example.net',
                           "%s%n%n@box.example.net", sender=ALICE,
                           message=MESSAGE)
        for reply in out.rcpt + out.final:
            equal(len(reply.lines), 1, "lines")
            check(reply.text.isprintable() and reply.text.isascii(),
                  repr(reply.text))
        equal(out.verdicts, ["250 2.0.0"] * 2, rude)


run()
