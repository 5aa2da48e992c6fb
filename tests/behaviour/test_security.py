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


@table("over TCP the peer's address decides: {0}", [
    ("127.0.0.1", YES), ("127.0.0.2", LATER), ("::1", LATER), (ME, LATER)])
def _(peer, want):
    with Site({**EMAIL_NET, "trusted-peers": [peer]}) as site:
        equal(believed(site, "tcp").verdicts, [want], "verdict")


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


@table('client-address = "{0}" is not built yet: never a pass', [
    ("xclient",), ("received",)])
def _(word):
    with Site({**EMAIL_NET, "client-address": word}) as site:
        message = b"Received: from x (x [192.0.2.7]) by y; z\n\nb\n"
        with site.connect() as client:
            if client.reply() == "220":
                client.say("LHLO x")
                out = client.deliver(PHONE, forward=INSIDE, message=message)
                equal(out.verdicts[0][:1], "4", "verdict")
        equal(site.runs(), [], "runs")


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
