#!/usr/bin/python3
"""What the DNS can do to the resolver: be silent, slow, broken or large, and
what can happen to the resolver itself.  Doubt is temperror, never a pass, and
never takes longer than dns-timeout."""

import os
import signal
import time

import spftest
from proctest import descendants, status
from spftest import CLIENT, STRANGER, record
from taptest import case, check, comment, equal, run, table, wait_for

spftest.enter()

CLIENT6 = "2001:db8::1"
OK = [{"TXT": "v=spf1 ip4:%s -all" % CLIENT}]

rig = spftest.Rig()
ask, want, asked, server = rig.ask, rig.want, rig.asked, rig.server


# -- the rig itself -----------------------------------------------------------

@case("a healthy server: pass for the client, fail for a stranger")
def _():
    want("pass", {"example.com": OK})
    want("fail", None, client=STRANGER)
    equal(asked(), {("example.com", "TXT")}, "questions")


@case("the null sender is checked as postmaster of the HELO name")
def _():
    zone = {"mail.example.net": [
        {"TXT": "v=spf1 exists:%{l}.yes.example.net -all"}],
        "postmaster.yes.example.net": [{"A": "127.0.0.2"}]}
    want("pass", zone, sender="")
    want("pass", None, sender="<>")


@case("--record: whether that record authorises, whatever the sender's says")
def _():
    zone = {"example.com": [{"TXT": "v=spf1 +all"}],
            "_spf.provider.example": [{"TXT": "v=spf1 ip4:%s ?all" % CLIENT}]}
    named = ("--record", "_spf.provider.example")
    want("pass", zone, options=named)
    verdict = ask(None, client=STRANGER, options=named)
    check(verdict.word in ("fail", "neutral", "none", "softfail"),
          verdict.output)


@case("a loopback client never passes, nor one that IPv6 disguises")
def _():
    server.serve({"example.com": [{"TXT": "v=spf1 ip4:0.0.0.0/0 +all"}]})
    for client in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        check(ask(None, client=client).word != "pass", client)


@case("an IPv4 client in IPv6 clothes is the IPv4 client")
def _():
    want("pass", {"example.com": OK}, client="::ffff:" + CLIENT)
    want("fail", record("v=spf1 ip6:::ffff:0:0/96 ip6:::/0 -all"),
         client="::ffff:" + CLIENT)


# -- silence and slowness -----------------------------------------------------

@table("a healthy server named {0} times, dns-timeout {1}: asked in time", [
    (1, 1), (2, 1), (2, 2), (3, 1), (3, 3)])
def _(times, seconds):
    """A first question that found no whole second left was never asked."""
    spftest.name_servers(*["nameserver 127.0.0.1"] * times)
    try:
        want("pass", {"example.com": OK}, timeout=seconds)
    finally:
        spftest.name_servers("nameserver 127.0.0.1")



@case("a silent server: temperror at dns-timeout")
def _():
    verdict = want("temperror", {"example.com": ["TIMEOUT"]}, timeout=2)
    check(server.queries, "it was asked")
    comment("%.1f s" % verdict.seconds)


@case("nothing listens on port 53: temperror")
def _():
    spftest.name_servers("nameserver 127.0.0.2")
    try:
        want("temperror", {"example.com": OK}, timeout=2)
    finally:
        spftest.name_servers("nameserver 127.0.0.1")
    equal(server.queries, [], "questions to the other server")


@case("no name server is configured: temperror")
def _():
    spftest.name_servers("# nothing", "nameserver 192.0.2.53")
    try:
        want("temperror", {"example.com": OK}, timeout=2)
    finally:
        spftest.name_servers("nameserver 127.0.0.1")


@case("the first name server is dead, the second answers: pass")
def _():
    spftest.name_servers("nameserver 127.0.0.2", "nameserver 127.0.0.1")
    try:
        want("pass", {"example.com": OK})
    finally:
        spftest.name_servers("nameserver 127.0.0.1")


@case("a slow server: right, within dns-timeout")
def _():
    zone = record("v=spf1 a:a.example.com a:b.example.com -all",
                  a=[{"A": STRANGER}, {"DELAY": 0.7}],
                  b=[{"A": CLIENT}, {"DELAY": 0.7}])
    zone["example.com"].append({"DELAY": 0.7})
    verdict = want("pass", zone)
    check(verdict.seconds >= 2, "it was slow: %.1f s" % verdict.seconds)


@case("dns-timeout is for all lookups together: ten slow ones are temperror")
def _():
    slow = {"s%d" % i: [{"A": STRANGER}, {"DELAY": 0.8}] for i in range(10)}
    text = "".join(" a:s%d.example.com" % i for i in range(9))
    zone = record("v=spf1%s ip4:%s -all" % (text, CLIENT), **slow)
    verdict = want("temperror", zone, timeout=3)
    check(len(asked("A")) < 9, "it gave up on the way")
    comment("%.1f s" % verdict.seconds)


@case("silent names one after the other do not add up")
def _():
    silent = {"s%d" % i: ["TIMEOUT"] for i in range(9)}
    text = "".join(" a:s%d.example.com" % i for i in range(9))
    want("temperror", record("v=spf1%s +all" % text, **silent), timeout=2)


# -- answers that are none ----------------------------------------------------

PLACES = [
    ("the record itself", "example.com", None),
    ("an a", "bad.example.com", "v=spf1 a:bad.example.com +all"),
    ("an mx", "bad.example.com", "v=spf1 mx:bad.example.com +all"),
    ("a host of an mx", "bad.example.com", "v=spf1 mx:mx.example.com +all"),
    ("an exists", "bad.example.com", "v=spf1 exists:bad.example.com +all"),
    ("an include", "bad.example.com", "v=spf1 include:bad.example.com +all"),
    ("a redirect", "bad.example.com", "v=spf1 redirect=bad.example.com"),
    ("a negative a", "bad.example.com", "v=spf1 -a:bad.example.com +all"),
]
FAULTS = ("SERVFAIL", "FORMERR", "REFUSED", "GARBAGE", "TIMEOUT")


@table("{0} in {1}: temperror",
       [(fault, *place) for fault in FAULTS for place in PLACES
        if fault != "GARBAGE" or place[0] in ("the record itself", "an a")])
def _(fault, _where, name, text):
    zone = {"mx.example.com": [{"MX": [0, "bad.example.com"]}]}
    if text:
        zone["example.com"] = [{"TXT": text}]
    zone[name] = [fault]
    if fault == "GARBAGE":
        zone[name] += [{"TXT": "v=spf1 +all"}, {"A": CLIENT}]
    want("temperror", zone, timeout=2 if fault == "TIMEOUT" else 10)


@table("{0} for the PTR: ptr does not match (RFC 7208, 5.5)",
       [(f,) for f in ("SERVFAIL", "FORMERR")])
def _(fault):
    zone = record("v=spf1 ptr -all")
    zone["1.2.0.192.in-addr.arpa"] = [fault]
    want("fail", zone)


@case("a record whose aliases never end: no hang, no pass")
def _():
    zone = {"example.com": [{"CNAME": "one.example.com"}],
            "one.example.com": [{"CNAME": "example.com"}],
            "self.example.com": ["CNAMELOOP"]}
    check(ask(zone).word in ("none", "temperror"), "two names")
    zone = record("v=spf1 a:self.example.com -all", self=["CNAMELOOP"])
    check(ask(zone).word in ("fail", "temperror"), "one name")


# -- size ---------------------------------------------------------------------

@case("truncated over UDP: TCP is asked and believed")
def _():
    zone = {"example.com": OK + ["TRUNCATE"]}
    want("pass", zone)
    want("fail", None, client=STRANGER)
    check(("example.com", "TXT", "tcp") in server.queries, "over TCP")


@case("truncated over UDP, silent over TCP: temperror at dns-timeout")
def _():
    # glibc knows no deadline for TCP: it may be lmtpctl who ends the wait.
    want("temperror", {"example.com": OK + ["TCPTIMEOUT"]}, timeout=2,
         dies=None)


def long_record(size):
    """A record of about that size, whose last ip4 is the client's."""
    terms, total = [], 0
    for i in range(size):
        if total > size - 40:
            break
        terms.append("ip4:198.51.%d.%d" % (100 + i // 250, i % 250))
        total += len(terms[-1]) + 1
    return "v=spf1 %s ip4:%s -all" % (" ".join(terms), CLIENT)


@table("a record of {0} bytes: its last ip4 counts, and its -all",
       [(450,), (520,), (2000,)])
def _(size):
    want("pass", record(long_record(size)))
    want("fail", None, client=STRANGER)


@case("a record of 10,000 bytes: right, or permerror; its -all is not lost")
def _():
    text = long_record(10000)
    check(9900 < len(text) < 10100, "size")
    word = ask(record(text)).word
    check(word in ("pass", "permerror"), "for the client: " + word)
    word = ask(None, client=STRANGER).word
    check(word in ("fail", "permerror"), "for a stranger: " + word)


@case("a TXT of 10,000 bytes that is no SPF record does no harm beside one")
def _():
    zone = {"example.com": [{"TXT": "x" * 10000}] + OK + [{"TXT": "y" * 255}]}
    want("pass", zone)
    want("fail", None, client=STRANGER)


@case("a TXT without strings, one with a NUL and one of bytes do no harm")
def _():
    zone = {"example.com": [{"TXT": []}, {"TXT": "v=spf1\0 +all"},
                            {"TXT": b"\xff\x80\x01"}] + OK}
    want("fail", zone, client=STRANGER)


# -- the machine --------------------------------------------------------------

@case("an IPv6-only name server: pass, fail, and TCP there too")
def _():
    zone = {"example.com": OK, "tc.example.com": OK + ["TRUNCATE"]}
    server.serve(zone)
    server6 = spftest.Server("::1")
    server6.serve(zone)
    spftest.name_servers("nameserver ::1")
    try:
        want("pass", None)
        want("fail", None, client=STRANGER)
        want("pass", None, sender="a@tc.example.com")
    finally:
        spftest.name_servers("nameserver 127.0.0.1")
        server6.close()
    equal(server.queries, [], "questions to the IPv4 server")
    check(("tc.example.com", "TXT", "tcp") in server6.queries, "over TCP")


@case("an IPv6 client: ip6, a and mx by AAAA")
def _():
    zone = record("v=spf1 ip6:2001:db8::/64 -all")
    want("pass", zone, client=CLIENT6)
    want("fail", None, client="2001:db9::1")
    zone = record("v=spf1 a:h.example.com mx//64 -all", h=[{"A": CLIENT}],
                  m=[{"AAAA": "2001:db8::ffff"}])
    zone["example.com"].append({"MX": [0, "m.example.com"]})
    want("pass", zone, client=CLIENT6)


def kill_resolver(signal_number):
    """A hook for the server: the resolver dies as it waits for an answer."""
    killed = []

    def hook(_name, _kind):
        for process in descendants(os.getpid()):
            if process.name == "lmtpd-resolver" and not killed:
                killed.append(process.pid)
                os.kill(process.pid, signal_number)
    return hook, killed


@table("the resolver gets {0} in mid-answer: temperror, at once",
       [(n,) for n in ("SIGKILL", "SIGSEGV", "SIGABRT")])
def _(name):
    server.serve({"example.com": [{"TXT": "v=spf1 +all"}]})
    server.on_query, killed = kill_resolver(getattr(signal, name))
    verdict = want("temperror", None, timeout=20, dies=True)
    check(killed, "there was one to kill")
    check(verdict.seconds < 5, "%.1f s" % verdict.seconds)


@case("the resolver hangs: temperror soon after dns-timeout, and it is gone")
def _():
    server.serve({"example.com": [{"TXT": "v=spf1 +all"}]})
    server.on_query, killed = kill_resolver(signal.SIGSTOP)
    started = time.monotonic()
    want("temperror", None, timeout=2, dies=True)
    check(killed, "there was one to stop")
    check(time.monotonic() - started >= 2, "it was waited for")
    wait_for(lambda: not [p for p in descendants(os.getpid())
                          if p.name == "lmtpd-resolver"], "its end")


@case("it is lmtpd-resolver that asks, confined and not as root")
def _():
    seen = []

    def hook(_name, _kind):
        seen.extend(
            [status(p.pid, key) for key in ("Seccomp", "NoNewPrivs", "Uid")]
            for p in descendants(os.getpid()) if p.name == "lmtpd-resolver")
    server.serve({"example.com": OK})
    server.on_query = hook
    want("pass", None)
    seccomp, no_new_privileges, users = seen[0]
    equal((seccomp, no_new_privileges), ("2", "1"), "confinement")
    check("0" not in users.split(), "users " + users)


run()
