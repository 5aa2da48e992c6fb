#!/usr/bin/python3
"""Records that mean harm: that cost many lookups (RFC 7208, 4.6.4), or the
resolver its stack.  Never a pass, and never more questions than allowed."""

import os
import random

import spftest
from spftest import CLIENT, STRANGER, record
from taptest import case, check, comment, equal, run, table

spftest.enter()

LIMIT = 10              # terms that ask the DNS
VOIDS = 2
MANGLED = 300           # answers with damage
MX_HOSTS = 10

rig = spftest.Rig()
ask, want, server = rig.ask, rig.want, rig.server


# -- amplification ------------------------------------------------------------

def within_limits(word, zone, questions):
    """Right, and the server was not asked for more than that."""
    want(word, zone)
    count = len(server.queries)
    comment("%d questions" % count)
    check(count <= questions, "%d questions, at most %d" % (count, questions))


@case("an include tree of 1,111,111 lookups: ten, and permerror")
def _():
    zone = {}
    for level in range(6):
        text = "".join(" include:%s.l%d.example.com" % (d, level + 1)
                       for d in "abcdefghij")
        for d in "abcdefghij":
            zone["%s.l%d.example.com" % (d, level)] = [
                {"TXT": "v=spf1" + text}]
    for d in "abcdefghij":
        zone["%s.l6.example.com" % d] = [{"TXT": "v=spf1 ?all"}]
    zone["example.com"] = [{"TXT": "v=spf1 include:a.l0.example.com +all"}]
    within_limits("permerror", zone, LIMIT + 1)


@table("eleven {0}: permerror, ten are looked up", [
    ("a", " a:n%d.example.com"), ("mx", " mx:n%d.example.com"),
    ("include", " include:n%d.example.com"),
    ("ptr", " ptr:n%d.example.com")])
def _(_kind, term):
    zone = {"1.2.0.192.in-addr.arpa": [{"PTR": "other.example.net"}],
            "other.example.net": [{"A": CLIENT}]}
    for i in range(11):
        name = "n%d.example.com" % i
        zone[name] = [{"A": STRANGER}, {"TXT": "v=spf1 ?all"},
                      {"MX": [0, name]}]
    terms = "".join(term % i for i in range(11))
    zone["example.com"] = [{"TXT": "v=spf1%s +all" % terms}]
    within_limits("permerror", zone, 2 * LIMIT + 1)
    zone["example.com"] = [{"TXT": "v=spf1%s +all"
                            % terms.rpartition(" ")[0]}]
    within_limits("pass", zone, 2 * LIMIT + 1)


@case("ten includes of redirects: the limit is one for the whole check")
def _():
    zone = {"example.com": [{"TXT": "v=spf1 include:a.example.com "
                                    "include:b.example.com +all"}]}
    for side in "ab":
        chain = [side] + [side + str(i) for i in range(1, 7)]
        for here, there in zip(chain, chain[1:]):
            zone[here + ".example.com"] = [
                {"TXT": "v=spf1 redirect=%s.example.com" % there}]
        zone[chain[-1] + ".example.com"] = [{"TXT": "v=spf1 -all"}]
    within_limits("permerror", zone, LIMIT + 1)


@table("{0} missing names: {1}, no more are asked for",
       [(2, "pass"), (3, "permerror"), (9, "permerror")])
def _(count, word):
    terms = "".join(" a:gone%d.example.com" % i for i in range(count))
    within_limits(word, record("v=spf1%s ip4:%s -all" % (terms, CLIENT)),
                  1 + min(count, VOIDS + 1))


@case("voids count over includes, not in each anew")
def _():
    zone = record("v=spf1 include:one.example.com include:two.example.com "
                  "+all",
                  one=[{"TXT": "v=spf1 a:g1.example.com a:g2.example.com"}],
                  two=[{"TXT": "v=spf1 a:g3.example.com a:g4.example.com"}])
    within_limits("permerror", zone, 3 + VOIDS + 1)


@case("an mx of eleven hosts: permerror, not eleven lookups")
def _():
    hosts = {"h%d" % i: [{"A": STRANGER}] for i in range(11)}
    zone = record("v=spf1 mx +all", **hosts)
    zone["example.com"] += [{"MX": [i, "h%d.example.com" % i]}
                            for i in range(11)]
    within_limits("permerror", zone, 2 + MX_HOSTS)


@case("ten mx of ten hosts each: a hundred addresses, not more")
def _():
    zone = {}
    for m in range(10):
        zone["m%d.example.com" % m] = [
            {"MX": [i, "h%d.m%d.example.com" % (i, m)]} for i in range(10)]
        for i in range(10):
            zone["h%d.m%d.example.com" % (i, m)] = [{"A": STRANGER}]
    terms = "".join(" mx:m%d.example.com" % m for m in range(10))
    zone["example.com"] = [{"TXT": "v=spf1%s -all" % terms}]
    within_limits("fail", zone, 1 + LIMIT * (1 + MX_HOSTS))


@case("a thousand PTRs: ten are looked at")
def _():
    zone = record("v=spf1 ptr -all")
    zone["1.2.0.192.in-addr.arpa"] = [
        {"PTR": "p%d.example.com" % i} for i in range(1000)]
    for i in range(1000):
        zone["p%d.example.com" % i] = [{"A": STRANGER}]
    within_limits("fail", zone, 3 + 10)


@case("%{p} in every term: its lookups are bounded too")
def _():
    zone = record("v=spf1%s -all" % (" exists:%{p}.x.example.com" * 10))
    zone["1.2.0.192.in-addr.arpa"] = [
        {"PTR": "p%d.example.com" % i} for i in range(10)]
    for i in range(10):
        zone["p%d.example.com" % i] = [{"A": STRANGER}]
    server.serve(zone)
    check(ask(None).word in ("fail", "permerror"), "verdict")
    check(len(server.queries) <= 1 + LIMIT * 12,
          "%d questions" % len(server.queries))


# -- hostile records ----------------------------------------------------------

@case("the exp that smashes libspf2's stack: fail, and never asked for")
def _():
    zone = record("v=spf1 -all exp=boom.example.com",
                  boom=[{"TXT": "%{d}" * 127 + "A" * 300}])
    want("fail", zone)
    equal(rig.asked(), {("example.com", "TXT")}, "questions")


@table("{0}: permerror, not a crash", [
    ("a term of 127 macros", "a:" + "%{d}" * 127 + ".example.com"),
    ("a term of 21 macros", "a:" + "%{d}" * 21 + ".example.com"),
    ("a term of 300 bytes", "exists:" + "a." * 150 + "example.com"),
    ("an include of 60,000 bytes", "include:" + "a" * 60000 + ".example.com"),
    ("a macro of 99999999999 labels", "a:%{d99999999999}x"),
    ("an open macro", "a:%{d"),
    ("a redirect of macros", "redirect=" + "%{h}" * 100 + ".example.com"),
    ("a high byte", "a:\xe4.example.com"),
])
def _(_what, term):
    want("permerror", record("v=spf1 %s +all" % term))


@case("long macros of a long HELO and sender: no crash, no pass")
def _():
    long_name = ".".join(["h" * 60] * 4)
    zone = record("v=spf1 " + " ".join(
        "exists:%s.example.com" % m for m in (
            "%{h}%{h}%{h}%{h}", "%{S}%{S}%{S}", "%{L}%{L}.%{H}", "%{lr-}"))
        + " -all")
    sender = "%" * 60 + "@example.com"
    word = ask(zone, helo=long_name, sender=sender).word
    check(word in ("fail", "permerror"), word)


@table("HELO {0!r} is nobody's name: no crash, no pass", [
    (h,) for h in ("[192.0.2.1]", "a" * 64 + ".example.com", "a..b", ".",
                   "-", "%{d}", "x" * 250, "mail example.com")])
def _(helo):
    zone = record("v=spf1 exists:%{h}.ok.example.com -all")
    want("fail", zone, helo=helo)
    word = ask(None, helo=helo, sender="").word
    check(word in ("none", "permerror"), word)


def mangler(generator):
    """Damages a reply behind its question, or in its counts of records."""
    def mangle(reply, start):
        reply = bytearray(reply)
        if generator.random() < 0.1:
            return bytes(reply[:generator.randrange(start, len(reply) + 1)])
        for _ in range(generator.choice((1, 1, 2, 8))):
            places = [*range(6, 12), *range(start, len(reply))]
            at = generator.choice(places)
            reply[at] = generator.choice((0, 1, 63, 0xc0, 0xff,
                                          generator.randrange(256)))
        return bytes(reply)
    return mangle


@case("%d damaged answers: the resolver survives them all" % MANGLED)
def _():
    seed = int.from_bytes(os.urandom(4), "big")
    comment("seed %d" % seed)
    zone = record("v=spf1 include:i.example.com exists:%{p}.example.com "
                  "mx:m.example.com ptr:example.com a:a.example.com -all",
                  i=[{"TXT": ["v=spf1 ip4:192.0.2.9", " ?all"]}],
                  m=[{"MX": [1, "a.example.com"]}, {"MX": [2, "example.com"]}],
                  a=[{"CNAME": "b.example.com"}],
                  b=[{"A": STRANGER}, {"A": CLIENT}])
    zone["1.2.0.192.in-addr.arpa"] = [{"PTR": "b.example.com"}]
    server.serve(zone)
    server.mangle = mangler(random.Random(seed))
    words = {ask(None).word for _ in range(MANGLED)}
    check(len(words) > 1, "only " + " ".join(words))
    check(len(server.queries) > MANGLED, "few questions")


run()
