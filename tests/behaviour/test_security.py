#!/usr/bin/python3
"""Whom XFORWARD is believed, how long it is remembered, what a probe is told,
and what ends a loop."""

from lmtpclient import ALICE, MESSAGE, xforward
from lmtptest import BOX, ME, PHONE, Site, acme
from taptest import case, check, equal, match, need_root, run, table

NET = ["192.0.2.0/24"]
INSIDE = xforward(ADDR="192.0.2.7")
OUTSIDE = xforward(ADDR="198.51.100.7")
LOCAL = xforward(SOURCE="LOCAL")
YES, NO, LATER = "250 2.0.0", "550 5.7.1", "451 4.7.1"
NONE = {"security": ["none"]}
EMAIL_NET = acme(("email", ALICE, {"security": NET}))
EMAIL_NONE = acme(("email", ALICE, NONE))


# -- whom XFORWARD is believed -----------------------------------------------

def believed(site, how="unix", forward=INSIDE, uid=None):
    return site.deliver(PHONE, how=how, forward=forward, uid=uid)


@case("XFORWARD from a stranger is refused, and counts for nothing")
def _():
    with Site({**EMAIL_NET, "trusted-peers": []}) as site:
        out = believed(site)
        match(r"^5\d\d 5\.", out.xforward[0], "XFORWARD")
        equal(out.verdicts, [LATER], "verdict")
        equal(site.runs(), [], "runs")
        match("lmtp_send_xforward_command", site.log())


@case("a stranger's SOURCE=LOCAL is no local submission")
def _():
    changes = acme(("email", ALICE, {"security": ["local"]}))
    with Site({**changes, "trusted-peers": []}) as site:
        check(believed(site, forward=LOCAL).verdicts[0][0] in "45", "a pass")
        equal(site.runs(), [], "runs")


@case("a stranger with a registered sender and security none")
def _():
    with Site({**EMAIL_NONE, "trusted-peers": []}) as site:
        equal(believed(site, forward=None).verdicts, [YES], "verdict")


@case("on a unix socket the peer's user decides")
def _():
    need_root()
    with Site({**EMAIL_NET, "trusted-peers": ["daemon"]}) as site:
        equal(believed(site, uid=1).verdicts, [YES], "daemon")
        equal(believed(site, uid=2).verdicts, [LATER], "bin")
        equal(believed(site, uid=4000).verdicts, [LATER], "a nameless uid")
        equal(believed(site).verdicts, [LATER], "root is no exception")
        for peer in r"user bin \(2\)", "user 4000", r"user root \(0\)":
            match("(?m)the peer is %s$" % peer, site.log(), "who it is")


@table("over TCP the peer's address decides: {0}", [
    ("127.0.0.1", YES), ("127.0.0.2", LATER), ("::1", LATER), (ME, LATER)])
def _(peer, want):
    with Site({**EMAIL_NET, "trusted-peers": [peer]}) as site:
        equal(believed(site, "tcp").verdicts, [want], "verdict")
        if want == LATER:
            match(r"(?m)the peer is 127\.0\.0\.1$", site.log(), "who it is")


@case("on FIFOs the caller is trusted")
def _():
    with Site({**EMAIL_NET, "trusted-peers": []}) as site:
        equal(believed(site, "fifo").verdicts, [YES], "inside")
        equal(believed(site, "fifo", OUTSIDE).verdicts, [NO], "outside")


@table("XFORWARD is forgotten after {0}", [
    ("end of data", None), ("RSET", "RSET"), ("LHLO", "LHLO again.example")])
def _(_name, command):
    with Site(EMAIL_NET) as site, site.connect() as client:
        client.lhlo()
        if command:
            equal(client.say(INSIDE), "250 2.0.0", "XFORWARD")
            equal(client.say(command)[:3], "250", command)
        else:
            equal(client.deliver(PHONE, forward=INSIDE).verdicts, [YES],
                  "with it")
        equal(client.deliver(PHONE).verdicts, [LATER], "without it")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.deliver(PHONE, forward=INSIDE).verdicts, [YES],
              "with it again")
        client.quit()


@case("XFORWARD survives a refused MAIL, not the end of its transaction")
def _():
    with Site({**EMAIL_NET, "max-message-size": 5000}) as site, \
            site.connect() as client:
        client.lhlo()
        out = client.deliver(PHONE, forward=INSIDE, mail=" SIZE=9999")
        equal(out.mail, "552 5.3.4", "MAIL")
        equal(client.deliver(PHONE).verdicts, [YES], "next MAIL")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.deliver(PHONE).verdicts, [LATER], "after RSET")
        client.quit()


@case("the first XFORWARD of a message blanks what an earlier one gave")
def _():
    with Site({**EMAIL_NET, ("backend", "recorder"):
               {"command": ["BACKEND", "%q"]}}) as site, \
            site.connect() as client:
        client.lhlo()
        equal(client.deliver(PHONE, forward=INSIDE + " IDENT=ONE").verdicts,
              [YES], "first")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.deliver(PHONE, forward=INSIDE).verdicts, [YES], "second")
        client.quit()
        equal(sorted(r.args[0] for r in site.runs()), ["", "ONE"], "%q")


PEER = {"client-address": "peer"}


@table('client-address = "peer": {0}', [
    ("over TCP, allowed", ["127.0.0.1"], "tcp", None, YES),
    ("over TCP, not allowed", NET, "tcp", None, NO),
    ("over TCP, XFORWARD counts for nothing", NET, "tcp", INSIDE, NO),
    ("over a unix socket there is none", NET, "unix", None, LATER),
    ("over a unix socket, XFORWARD counts for nothing", NET, "unix", INSIDE,
     LATER),
])
def _(_name, security, how, forward, want):
    changes = {**acme(("email", ALICE, {"security": security})), **PEER,
               "trusted-peers": [ME, "127.0.0.1"]}
    with Site(changes) as site:
        equal(believed(site, how, forward).verdicts, [want], "verdict")


# -- XCLIENT -----------------------------------------------------------------

XCLIENT = {"client-address": "xclient"}
CLIENT = "XCLIENT ADDR=192.0.2.7 HELO=x NAME=mail.example.com"


def proxied(site, *lines, how="unix", forward=None):
    """A session by Dovecot's manners: LHLO, XCLIENT, 220, LHLO, mail."""
    with site.connect(how) as client:
        client.lhlo()
        for line in lines:
            client.say(line)
        out = client.deliver(PHONE, forward=forward)
        client.quit()
        return out.verdicts[0]


@table("XCLIENT, {0}", [
    ("its address is the client's", XCLIENT, [CLIENT, "LHLO x"], None, YES),
    ("another address", XCLIENT,
     ["XCLIENT ADDR=198.51.100.7", "LHLO x"], None, NO),
    ("none came", XCLIENT, [], None, LATER),
    ("none came, and XFORWARD does not count", XCLIENT, [], INSIDE, LATER),
    ("unavailable", XCLIENT, ["XCLIENT ADDR=[UNAVAILABLE]", "LHLO x"], None,
     LATER),
    ("but client-address is xforward", {}, [CLIENT, "LHLO x"], None, LATER),
    ("a later one is malformed", XCLIENT,
     [CLIENT, "LHLO x", "XCLIENT ADDR=x", "LHLO x"], None, LATER),
    ("a later one is too long", XCLIENT,
     [CLIENT, "LHLO x", "XCLIENT HELO=" + "x" * 4200, "LHLO x"], None, LATER),
    ("a later one is not clean", XCLIENT,
     [CLIENT, "LHLO x", "XCLIENT HELO=\1x", "LHLO x"], None, LATER),
    ("a later one comes behind MAIL", XCLIENT,
     [CLIENT, "LHLO x", "MAIL FROM:<%s>" % ALICE, "RSET",
      "XCLIENT ADDR=198.51.100.7", "LHLO x"], None, LATER),
    ("twice: the last counts", XCLIENT,
     ["XCLIENT ADDR=198.51.100.7", "LHLO x", CLIENT, "LHLO x"], None, YES),
])
def _(_name, changes, lines, forward, want):
    with Site({**EMAIL_NET, **changes}) as site:
        equal(proxied(site, *lines, forward=forward), want, "verdict")


@case("an XFORWARD that is refused within a transaction costs it a 451")
def _():
    with Site(EMAIL_NET) as site, site.connect("unix") as client:
        client.lhlo()
        for line in INSIDE, "MAIL FROM:<%s>" % ALICE:
            equal(client.say(line)[:3], "250", line)
        equal(client.say(OUTSIDE), "503 5.5.1", "XFORWARD")
        equal(client.say("RCPT TO:<%s>" % PHONE), LATER, "RCPT")
        client.quit()


@case("XCLIENT is answered 220, and LHLO is asked for anew")
def _():
    with Site({**EMAIL_NET, **XCLIENT}) as site, \
            site.connect("unix") as client:
        client.lhlo()
        equal(client.say(CLIENT), "220", "XCLIENT")
        equal(client.say("MAIL FROM:<%s>" % ALICE), "503 5.5.1", "MAIL")


@case("XCLIENT behind MAIL is out of turn, for the whole connection")
def _():
    with Site({**EMAIL_NET, **XCLIENT}) as site, \
            site.connect("unix") as client:
        client.lhlo()
        equal(client.say("MAIL FROM:<%s>" % ALICE), "250 2.1.0", "MAIL")
        equal(client.say(CLIENT), "503 5.5.1", "within")
        equal(client.say("RSET"), "250 2.0.0", "RSET")
        equal(client.say(CLIENT), "503 5.5.1", "behind")


@case("a stranger's XCLIENT is refused, and counts for nothing")
def _():
    with Site({**EMAIL_NET, **XCLIENT, "trusted-peers": []}) as site:
        equal(proxied(site, CLIENT), LATER, "verdict")


# -- the command line, for a caller that executes us (Exim) -------------------

@table("--client-address {0} {1}", [
    ("192.0.2.7", "is the client's", {}, None, YES),
    ("198.51.100.7", "wins over XFORWARD", {}, INSIDE, NO),
    ("198.51.100.7", "wins over what Received says",
     {"client-address": "received"}, None, NO),
    ("::ffff:192.0.2.7", "is unmapped", {}, None, YES),
    ("", "is unknown", {}, None, LATER),
])
def _(address, _name, changes, forward, want):
    with Site({**EMAIL_NET, **changes},
              options=["--client-address", address]) as site:
        equal(believed(site, "fifo", forward).verdicts, [want], "verdict")


@case("--client-helo and --client-name reach the backend")
def _():
    script = 'echo "$LMTPD_CLIENT_HELO $LMTPD_CLIENT_NAME" >RECORDS/told\n'
    with Site(backend="#!/bin/sh\n" + script,
              options=["--client-helo", "h.example", "--client-name",
                       "n.example"]) as site:
        equal(site.deliver(PHONE, how="fifo").verdicts, [YES])
        equal(site.note("told"), "h.example n.example\n")


@case("a malformed --client-address starts nothing")
def _():
    with Site(options=["--client-address", "192.0.2"]) as site:
        equal(site.talk(b"QUIT\r\n", "fifo"), [], "replies")


# -- Received ----------------------------------------------------------------

RECEIVED = {"client-address": "received"}
POSTFIX = ("Received: from %s (unknown [%s])\n\tby mx.example.net (Postfix) "
           "with ESMTP id 4XyZ\n\tfor <x@example.net>; "
           "Sat, 21 Nov 2026 10:00:00 +0000 (UTC)\n")


def hop(ip, helo="mail.example.com"):
    return POSTFIX % (helo, ip)


@table("client-address = received: {0}", [
    ("the topmost field's", hop("192.0.2.7"), {}, YES),
    ("another address", hop("198.51.100.7"), {}, NO),
    ("a lower field is the sender's own text",
     hop("198.51.100.7") + hop("192.0.2.7"), {}, NO),
    ("behind a trusted relay", hop("203.0.113.5") + hop("192.0.2.7"),
     {"trusted-relays": ["203.0.113.0/28"]}, YES),
    ("an address in HELO is none",
     hop("198.51.100.7", "x(unknown[192.0.2.7])"), {}, LATER),
    ("no field", "", {}, LATER),
    ("a field of no known form", "Received: by magic\n", {}, LATER),
    ("a stranger's field", hop("192.0.2.7"), {"trusted-peers": []}, LATER),
])
def _(_name, fields, changes, want):
    message = fields.encode() + MESSAGE
    with Site({**EMAIL_NET, **RECEIVED, **changes}) as site:
        out = site.deliver(PHONE, how="unix", message=message)
        equal(out.verdicts, [want], "verdict")


# -- Authentication-Results --------------------------------------------------

RESULTS = {**acme(("email", ALICE, {"security": ["dkim", "dmarc"]})),
           "authserv-id": "mx.example.net"}
GOOD = "dkim=pass header.d=example.com"


def results(text, who="mx.example.net"):
    return "Authentication-Results: %s; %s\n" % (who, text)


@table("dkim and dmarc: {0}", [
    ("dkim passes", results(GOOD), {}, YES),
    ("dmarc passes", results("dmarc=pass header.from=example.com"), {}, YES),
    ("another domain", results("dkim=pass header.d=example.org"), {}, NO),
    ("dkim fails", results("dkim=fail header.d=example.com"), {}, NO),
    ("somebody else's id", results(GOOD, "mx.example.org"), {}, NO),
    ("below one of another id", results("none", "mx.example.org") +
     results(GOOD), {}, YES),
    ("forged below the topmost", results("dkim=none") + results(GOOD), {},
     NO),
    ("in a comment", results("dkim=none (dkim=pass header.d=example.com)"),
     {}, NO),
    ("a stranger's", results(GOOD), {"trusted-peers": []}, NO),
    ("no authserv-id", results(GOOD), {"authserv-id": None}, NO),
    ("none", "", {}, NO),
])
def _(_name, fields, changes, want):
    with Site({**RESULTS, **changes}) as site:
        out = site.deliver(PHONE, how="unix",
                           message=fields.encode() + MESSAGE)
        equal((out.rcpt, out.verdicts), (["250 2.1.5"], [want]))


# -- refusals = "proven" -----------------------------------------------------

PROVEN = {"refusals": "proven"}


@table('refusals = "proven": {0}', [
    ("an unproven stranger is discarded", {}, "mallory@example.org", None,
     "250 2.0.0", "discarded"),
    ("the null sender gets the truth: nobody is told", {}, "", None, NO,
     "refused"),
    ("a local submission gets the truth", {}, "mallory@example.org", LOCAL,
     NO, "refused"),
    ("while the DNS cannot tell, later", {}, "mallory@example.org", OUTSIDE,
     "451 4.7.24", "deferred"),
    ("a proven sender gets the truth",
     {**acme(("email", ALICE, {"security": NET})),
      ("account", "acme"): {("channel", "sms"): None, ("email", ALICE): {
          "security": NET}}}, ALICE, INSIDE, NO, "refused"),
])
def _(_name, changes, sender, forward, want, fate):
    with Site({**PROVEN, **changes}) as site:
        out = site.deliver(PHONE, how="unix", sender=sender, forward=forward)
        equal(out.verdicts, [want], "verdict")
        equal(site.the_line().verdict, fate, "log")
        equal(site.runs(), [], "runs")


@case('refusals = "proven" is about senders: a bad recipient is told')
def _():
    with Site(PROVEN) as site:
        equal(site.deliver("x@nowhere.example").rcpt, ["550 5.1.1"])


# -- probes ------------------------------------------------------------------

@table("a probe from <{0}> for {1} is {2} at RCPT", [
    (sender, rcpt, want)
    for sender in ("double-bounce@mta.example", "DOUBLE-BOUNCE@x.example", "")
    for rcpt, want in ((PHONE, "250 2.1.5"), (BOX, "250 2.1.5"),
                       ("x@nowhere.example", "550 5.1.1"),
                       ("abc@sms.example.net", "553 5.1.3"))])
def _(sender, rcpt, want):
    with Site(EMAIL_NET) as site, site.connect() as client:
        client.lhlo()
        got = client.say("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % rcpt)
        equal(got, ["250 2.1.0", want], "MAIL, RCPT")
        client.quit()


@case("a probe that goes on to DATA is judged there")
def _():
    with Site() as site:
        out = site.deliver(PHONE, sender="double-bounce@mta.example")
        equal((out.rcpt, out.final), (["250 2.1.5"], [NO]), "replies")
        equal(site.runs(), [], "runs")


@case("a registered probe sender may deliver")
def _():
    changes = acme(("email", "double-bounce@mta.example", NONE))
    with Site(changes) as site:
        equal(site.verdict(sender="double-bounce@mta.example"), YES, "verdict")


@case("probe-senders can be named")
def _():
    with Site({**EMAIL_NET, "probe-senders": ["verify@*"]}) as site:
        for sender, want in (("verify@mta.example", "250 2.1.5"),
                             ("double-bounce@mta.example", NO)):
            equal(site.deliver(PHONE, sender=sender).rcpt, [want], sender)


# -- loops and automatic replies ---------------------------------------------

HOP = b"Received: from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000\n"


@table("{0} hops of {1} allowed: {2}", [
    (50, 50, YES, {}), (51, 50, "554 5.4.6", {}),
    (3, 3, YES, {"max-hops": 3}), (4, 3, "554 5.4.6", {"max-hops": 3})])
def _(hops, _limit, want, changes):
    with Site(changes) as site:
        out = site.deliver(PHONE, message=HOP * hops + MESSAGE)
        equal((out.rcpt, out.final), (["250 2.1.5"], [want]), "replies")
        equal(len(site.runs()), int(want == YES), "runs")


@table("Auto-Submitted: {0}", [
    ("auto-replied", NO, False), ("Auto-Replied; x=y", NO, False),
    ("\n auto-replied", NO, False), ("(comment) auto-replied", NO, False),
    ("auto-generated", YES, False), ("no", YES, False),
    ("auto-replied", YES, True)])
def _(value, want, allowed):
    message = b"auto-submitted: " + value.encode() + b"\n" + MESSAGE
    with Site({("channel", "sms"): {"auto-replies": allowed}}) as site:
        out = site.deliver(PHONE, message=message)
        equal((out.rcpt, out.final), (["250 2.1.5"], [want]), "replies")
        equal(len(site.runs()), int(want == YES), "runs")


@case("Auto-Submitted in the body or an attached message is nothing")
def _():
    with Site() as site:
        message = MESSAGE + b"\nAuto-Submitted: auto-replied\n"
        equal(site.verdict(message=message), YES, "verdict")


run()
