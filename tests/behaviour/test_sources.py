#!/usr/bin/python3
"""Who may send from where: sources by rank, security, what is not known.  Cases
whose names begin with P are the promises of that number."""

from lmtpclient import ALICE, xforward
from lmtptest import BOX, Site, acme
from taptest import case, check, equal, match, run, table

BOB = "bob@example.com"
NET = ["192.0.2.0/24"]
INSIDE = xforward(ADDR="192.0.2.7")
OUTSIDE = xforward(ADDR="198.51.100.7")
LOCAL = xforward(SOURCE="LOCAL")
YES, NO, LATER = "250 2.0.0", "550 5.7.1", "451 4.7.1"


def judge(changes, sender, forward, want, **more):
    with Site(changes) as site:
        equal(site.verdict(sender=sender, forward=forward, **more), want,
              "verdict")
        equal(len(site.runs()), int(want == YES), "runs")
        return site.the_line().fields


NONE = {"security": ["none"]}
IN_NET = {"security": NET}
TWO_NETS = {"security": ["203.0.113.9", "2001:db8::/32", "192.0.2.0/24"]}
EMAIL_NONE = acme(("email", ALICE, NONE))
EMAIL_NET = acme(("email", ALICE, IN_NET))
DOMAIN = acme(("domain", "example.com", NONE))
SERVER = acme(("ip", "192.0.2.7", {}))

RULES = [
    ("P20 with security off, from anywhere", EMAIL_NONE, ALICE, OUTSIDE, YES),
    ("P20 with security off, from a place unknown", EMAIL_NONE, ALICE, None,
     YES),
    ("P21 a sender not on the list, security off", EMAIL_NONE, BOB, INSIDE,
     NO),
    ("P21 a sender not on the list, from the right place", EMAIL_NET, BOB,
     INSIDE, NO),
    ("P22 a listed sender at an authorised address", EMAIL_NET, ALICE, INSIDE,
     YES),
    ("P22 an authorised address, another sender", EMAIL_NET,
     "alice@example.org", INSIDE, NO),
    ("P23 a listed sender at another address", EMAIL_NET, ALICE, OUTSIDE, NO),
    ("P23 a listed sender just outside the range", EMAIL_NET, ALICE,
     xforward(ADDR="192.0.3.0"), NO),
    ("P24 several addresses, the first", acme(("email", ALICE, TWO_NETS)),
     ALICE, xforward(ADDR="203.0.113.9"), YES),
    ("P24 several addresses, the last", acme(("email", ALICE, TWO_NETS)),
     ALICE, INSIDE, YES),
    ("P24 several addresses, an IPv6 one", acme(("email", ALICE, TWO_NETS)),
     ALICE, xforward(ADDR="IPv6:2001:db8::7"), YES),
    ("P24 several addresses, none of them", acme(("email", ALICE, TWO_NETS)),
     ALICE, xforward(ADDR="203.0.113.10"), NO),
    ("P27 the null sender", EMAIL_NONE, "", None, NO),
    ("P27 the null sender, domain and server registered",
     acme(("domain", "example.com", NONE), ("ip", "192.0.2.7", {})), "",
     INSIDE, NO),
    ("P27 the null sender and anyone", acme(("anyone", None, NONE)), "",
     INSIDE, NO),
    ("the null sender and anyone { null-sender }",
     acme(("anyone", None, {**NONE, "null-sender": True})), "", None, YES),
    ("P29 a domain", DOMAIN, BOB, None, YES),
    ("P29 an e-mail address", EMAIL_NONE, ALICE, None, YES),
    ("P29 an IP address", SERVER, "anyone@at.example", INSIDE, YES),
    ("P30 a domain covers exactly that domain", DOMAIN,
     "bob@sales.example.com", None, NO),
    ("P30 a domain covers not what ends alike", DOMAIN,
     "bob@badexample.com", None, NO),
    ("P30 a domain covers not what begins alike", DOMAIN,
     "bob@example.com.evil.example", None, NO),
    ("P30 a domain covers not its parent",
     acme(("domain", "sales.example.com", NONE)), BOB, None, NO),
    ("P30 a domain, quoted into the local part", DOMAIN,
     '"bob@example.com"@evil.example', None, NO),
    ("P31 an e-mail address covers exactly one", EMAIL_NONE,
     "alice.b@example.com", None, NO),
    ("P31 an e-mail address without regard to case", EMAIL_NONE,
     "ALICE@Example.COM", None, YES),
    ("P31 an e-mail address registered in capitals",
     acme(("email", "ALICE@EXAMPLE.COM", NONE)), ALICE, None, YES),
    ("P31 an e-mail address, not with a plus", EMAIL_NONE,
     "alice+x@example.com", None, NO),
    ("an e-mail address in needless quotes", EMAIL_NONE,
     '"alice"@example.com', None, YES),
    ("P32 an IP address, another server", SERVER, "anyone@at.example",
     OUTSIDE, NO),
    ("P32 an IP address, server unknown", SERVER, "anyone@at.example", None,
     LATER),
    ("P32 an IP address needs no more security",
     acme(("ip", "192.0.2.7", {}), security=["203.0.113.1"]),
     "anyone@at.example", INSIDE, YES),
    ("an IDN domain by its A-labels",
     acme(("domain", "b\u00fccher.example", NONE)),
     "bob@xn--bcher-kva.example", None, YES),
    ("an IDN domain by its U-labels",
     acme(("domain", "xn--bcher-kva.example", NONE)),
     "bob@b\u00fccher.example", None, YES),
    ("anyone", acme(("anyone", None, NONE)), "x@y.example", None, YES),
    ("anyone, from the right place", acme(("anyone", None, IN_NET)),
     "x@y.example", INSIDE, YES),
    ("anyone, from the wrong place", acme(("anyone", None, IN_NET)),
     "x@y.example", OUTSIDE, NO),
    # the winner decides alone
    ("P35 email beats domain, stricter",
     acme(("email", ALICE, IN_NET), ("domain", "example.com", NONE)), ALICE,
     OUTSIDE, NO),
    ("P35 email beats domain, looser",
     acme(("email", ALICE, NONE), ("domain", "example.com", IN_NET)), ALICE,
     OUTSIDE, YES),
    ("P35 the rest of the domain by the domain's",
     acme(("email", ALICE, IN_NET), ("domain", "example.com", NONE)), BOB,
     OUTSIDE, YES),
    ("P35 security of the account where the source has none",
     acme(("email", ALICE, {}), security=NET), ALICE, INSIDE, YES),
    ("P35 security of the account refuses, too",
     acme(("email", ALICE, {}), security=NET), ALICE, OUTSIDE, NO),
    ("P35 the source's security beats the account's",
     acme(("email", ALICE, NONE), security=NET), ALICE, OUTSIDE, YES),
    ("domain beats ip", acme(("domain", "example.com", IN_NET),
                             ("ip", "198.51.100.7", {})), BOB, OUTSIDE, NO),
    ("ip beats anyone", acme(("anyone", None, {"security": ["203.0.113.1"]}),
                             ("ip", "192.0.2.7", {})), BOB, INSIDE, YES),
    ("ip does not hide anyone", acme(("anyone", None, NONE),
                                     ("ip", "192.0.2.7", {})), BOB, OUTSIDE,
     YES),
    # BATV and rewritten senders
    ("a BATV tag", EMAIL_NONE, "prvs=1234abcdef=" + ALICE, None, YES),
    ("a BATV tag in capitals", EMAIL_NONE, "PRVS=1234ABCDEF=" + ALICE, None,
     YES),
    ("a BATV tag before another's address", EMAIL_NONE,
     "prvs=1234abcdef=" + BOB, None, NO),
    ("SRS0", DOMAIN, "SRS0=HHH=TT=evil.example=eve@example.com", None, NO),
    ("SRS1", DOMAIN, "srs1+HHH=a.example==HHH=TT=b.example=e@example.com",
     None, NO),
    ("+SRS=", DOMAIN, "bob+SRS=aBcDe=XY=evil.example=eve@example.com", None,
     NO),
    ("+caf_=", DOMAIN, "bob+caf_=desk=gw.example.net@example.com", None, NO),
    ("SRS0 behind a BATV tag", DOMAIN,
     "prvs=1234abcdef=SRS0=HHH=TT=evil.example=eve@example.com", None, NO),
    ("SRS0 where forwarded = true",
     acme(("domain", "example.com", {**NONE, "forwarded": True})),
     "SRS0=HHH=TT=evil.example=eve@example.com", None, YES),
    ("+caf_= where forwarded = true",
     acme(("domain", "example.com", {**NONE, "forwarded": True})),
     "bob+caf_=desk=gw.example.net@example.com", None, YES),
    # what is not known is never a pass
    ("an address needed, [UNAVAILABLE]", EMAIL_NET, ALICE,
     xforward(ADDR="[UNAVAILABLE]"), LATER),
    ("an address needed, [TEMPUNAVAIL]", EMAIL_NET, ALICE,
     xforward(ADDR="[TEMPUNAVAIL]"), LATER),
    ("an address needed, only a name given", EMAIL_NET, ALICE,
     xforward(NAME="mail.example.com", HELO="192.0.2.7"), LATER),
    ("an address needed, two XFORWARDs add up", EMAIL_NET, ALICE,
     [xforward(NAME="h.example", ADDR="192.0.2.7"),
      xforward(HELO="h", SOURCE="REMOTE")], YES),
    ("an address needed, the last one counts", EMAIL_NET, ALICE,
     [INSIDE, OUTSIDE], NO),
    ("an address needed, a good and a malformed XFORWARD", EMAIL_NET, ALICE,
     [INSIDE, xforward(ADDR="nonsense")], LATER),
    ("an address needed, a malformed and a good XFORWARD", EMAIL_NET, ALICE,
     [xforward(HELO="a+0Ab"), INSIDE], LATER),
    ("a malformed XFORWARD where none is needed", EMAIL_NONE, ALICE,
     xforward(ADDR="nonsense"), YES),
    # addresses
    ("an IPv4-mapped client", EMAIL_NET, ALICE,
     xforward(ADDR="IPv6:::ffff:192.0.2.7"), YES),
    ("an IPv4-mapped client outside", EMAIL_NET, ALICE,
     xforward(ADDR="IPv6:::ffff:198.51.100.7"), NO),
    ("ipv6: in small letters", acme(("email", ALICE, TWO_NETS)), ALICE,
     xforward(ADDR="ipv6:2001:DB8::7"), YES),
    ("IPv6 outside", acme(("email", ALICE, TWO_NETS)), ALICE,
     xforward(ADDR="IPv6:2001:db9::7"), NO),
    ("an IPv6 address is not in an IPv4 range", EMAIL_NET, ALICE,
     xforward(ADDR="IPv6:c000:207::"), NO),
    ("the last address of a range", EMAIL_NET, ALICE,
     xforward(ADDR="192.0.2.255"), YES),
    # local submission
    ("local, submitted locally",
     acme(("email", ALICE, {"security": ["local"]})), ALICE, LOCAL, YES),
    ("local, SOURCE=LOCAL beside an ADDR",
     acme(("email", ALICE, {"security": ["local"]})), ALICE,
     xforward(ADDR="192.0.2.7", SOURCE="LOCAL"), NO),
    ("local, from elsewhere",
     acme(("email", ALICE, {"security": ["local"]})), ALICE,
     xforward(ADDR="192.0.2.7", SOURCE="REMOTE"), NO),
    ("local, nothing known",
     acme(("email", ALICE, {"security": ["local"]})), ALICE, None, LATER),
    ("local, XFORWARD malformed",
     acme(("email", ALICE, {"security": ["local"]})), ALICE,
     ["XFORWARD SOURCE=LOCAL", "XFORWARD ADDR=x"], LATER),
    ("local or a range, from the range",
     acme(("email", ALICE, {"security": ["local"] + NET})), ALICE, INSIDE,
     YES),
    ("a range, submitted locally", EMAIL_NET, ALICE, LOCAL, NO),
    ("a server, submitted locally", SERVER, ALICE, LOCAL, NO),
    # monitor mode
    ("P28 enforce = false, from the wrong place",
     acme(("email", ALICE, IN_NET), enforce=False), ALICE, OUTSIDE, YES),
    ("P28 enforce = false, from the right place",
     acme(("email", ALICE, IN_NET), enforce=False), ALICE, INSIDE, YES),
    ("enforce = false is not for strangers",
     acme(("email", ALICE, IN_NET), enforce=False), "eve@evil.example",
     OUTSIDE, NO),
    ("enforce = false opens no channel",
     {("account", "acme"): {"enforce": False, ("channel", "sms"): None}},
     ALICE, None, NO),
]


@table("{0}", RULES)
def _(name, changes, sender, forward, want):
    mail = "" if sender.isascii() else " SMTPUTF8"
    fields = judge(changes, sender, forward, want, mail=mail)
    check(fields["reason"], "no reason in the log for " + name)


@case("P28 enforce = false: delivered, logged would-refuse with its reason")
def _():
    with Site(acme(("email", ALICE, IN_NET), enforce=False)) as site:
        equal(site.verdict(forward=OUTSIDE), YES, "wrong place")
        equal(site.verdict(forward=INSIDE), YES, "right place")
        first, second = site.lines()
        equal((first.verdict, first.fields["exit"]), ("would-refuse", "0"),
              "first line")
        equal((second.verdict, second.fields["exit"]), ("accepted", "0"),
              "second line")
        check(first.fields["reason"] != second.fields["reason"], "reasons")


@case("P33 every source is allocated to a forwarding user, the sender")
def _():
    changes = acme(
        ("email", ALICE, {**NONE, "forwarding-user": "acme.alice"}),
        ("domain", "example.com", NONE))
    changes[("backend", "recorder")] = {"command": ["BACKEND", "%u"]}
    with Site(changes) as site:
        for sender in (ALICE, BOB):
            equal(site.verdict(sender=sender), YES, sender)
        equal(sorted(r.args[0] for r in site.runs()),
              ["acme.alice", "acme.reception"], "%u")
        equal([line.fields["user"] for line in site.lines()],
              ["acme.alice", "acme.reception"], "user= in the log")


@table("P33 no forwarding user is a configuration error: {0}", [
    ("email", ALICE), ("domain", "example.com"), ("ip", "192.0.2.7")])
def _(kind, name):
    keys = {} if kind == "ip" else NONE
    changes = acme((kind, name, keys), forwarding_user=None)
    with Site(changes) as site:
        equal(site.talk(b"QUIT\r\n"), ["421 4.3.5"], "greeting")
        match(r"lmtpd\.conf:\d+: .*forwarding", site.log())


@case("P34 many addresses share a forwarding user; a domain goes through one")
def _():
    changes = acme(("email", ALICE, NONE), ("email", BOB, NONE),
                   ("domain", "example.org", NONE))
    senders = [ALICE, BOB, "x@example.org", "y@example.org"]
    with Site(changes) as site:
        for sender in senders:
            equal(site.verdict(sender=sender), YES, sender)
        equal({line.fields["user"] for line in site.lines()},
              {"acme.reception"}, "users")


@case("two accounts: the better source wins, whatever the order")
def _():
    other = {"forwarding-user": "other.user", ("channel", "sms"): {},
             ("email", BOB): NONE}
    changes = {**DOMAIN, ("account", "other"): other}
    with Site(changes) as site:
        equal(site.verdict(sender=BOB), YES, "bob")
        equal(site.verdict(sender=ALICE), YES, "alice")
        equal([line.fields["account"] for line in site.lines()],
              ["other", "acme"], "accounts")
        equal(site.verdict(BOX, sender=BOB), NO, "a channel of acme's only")


run()
