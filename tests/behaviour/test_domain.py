#!/usr/bin/python3
"""lmtpctl domain: tokens, their check over real DNS packets, and what lmtpd
makes of it.  Root runs it in a network of its own (tests/spf/netns)."""

import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../spf")

import spftest                                      # noqa: E402

spftest.enter()

from lmtptest import (PHONE, SERVER_USER, Site, acme)      # noqa: E402
from taptest import (case, check, equal, match, run, table)  # noqa: E402

LMTPCTL = spftest.LMTPCTL
DOMAIN = "example.com"
WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
TOKEN = "0123456789abcdef0123456789abcdef"
LONG_AGO = "2020-02-29T12:00:00Z"

server = spftest.Server()


class Tenant(Site):
    """One account, whose domain counts once it is verified."""

    def __init__(self, verify=True, **keys):
        changes = acme(("domain", DOMAIN,
                        {"security": ["none"], "verify": verify}))
        super().__init__({**changes, "dns-timeout": 2, **keys})
        self.domains = self.state + "/domains"
        server.serve({})

    def ctl(self, *words):
        """Exit status and standard output; standard error is in errors."""
        done = subprocess.run([LMTPCTL, "-f", self.conf, "domain", *words],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60)
        self.errors = done.stderr.decode()
        return done.returncode, done.stdout.decode()

    def token(self, domain=DOMAIN):
        status, output = self.ctl("token", domain)
        equal((status, self.errors), (0, ""), "lmtpctl domain token")
        line = output.splitlines()[0]
        match(r'\A%s\. 300 IN TXT "[0-9a-f]{32}"\Z' % re.escape(domain), line)
        return line.split('"')[1]

    def file(self, domain=DOMAIN):
        with open(self.domains + "/" + domain, encoding="ascii") as f:
            return f.read()

    def write(self, text, domain=DOMAIN):
        os.makedirs(self.domains, mode=0o700, exist_ok=True)
        path = self.domains + "/" + domain
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        for name in self.domains, path:
            os.chown(name, SERVER_USER.pw_uid, SERVER_USER.pw_gid)

    def write_proof(self, verified=True, domain=DOMAIN):
        self.write("token %s\nissued %s\n%s" % (
            TOKEN, LONG_AGO, "verified %s\n" % LONG_AGO if verified else ""),
            domain)


def verified(site):
    return re.findall("(?m)^verified (.*)$", site.file())


# -- promises -----------------------------------------------------------------

@case("P38: a domain is unusable until a TXT record equal to its token of 32 "
      "hex digits verifies it")
def _():
    with Tenant() as site:
        equal(site.verdict(), "550 5.7.1", "before it is registered")
        token = site.token()
        equal(site.verdict(), "550 5.7.1", "before its TXT record")
        server.serve({DOMAIN: [{"TXT": token[:-1]}, {"TXT": token + "0"},
                               {"TXT": token.upper() + " "}]})
        equal(site.ctl("verify", DOMAIN)[0], 1, "with another TXT record")
        equal(site.verdict(), "550 5.7.1", "after that")
        equal(site.runs(), [], "runs of the backend")
        server.serve({DOMAIN: [{"TXT": token}]})
        equal(site.ctl("verify", DOMAIN)[0], 0, "with its TXT record")
        equal(site.verdict(), "250 2.0.0", "verified")


@case("P38: the refusal says that the domain is not verified")
def _():
    with Tenant() as site:
        outcome = site.deliver(PHONE)
        equal(outcome.verdicts, ["550 5.7.1"], "verdicts")
        match("domain not verified", outcome.rcpt[0].text, "reply")
        equal(site.the_line().fields["reason"], "domain-not-verified",
              "reason")


@case("P38: with verify = false no token is needed")
def _():
    with Tenant(verify=False) as site:
        equal(site.verdict(), "250 2.0.0", "verdict")


@case("P39: the token is shown at once, as a DNS record, and kept")
def _():
    with Tenant() as site:
        status, output = site.ctl("token", DOMAIN)
        equal((status, site.errors), (0, ""), "lmtpctl domain token")
        first, *hints = output.splitlines()
        match(r'\Aexample\.com\. 300 IN TXT "[0-9a-f]{32}"\Z', first)
        check(all(h.startswith("; ") for h in hints), "a zone's comments")
        match("TTL 300", "".join(hints), "hints")
        equal(site.ctl("token", DOMAIN), (0, output), "the second time")
        check(site.token("example.org") != site.token(), "another's token")


@case("P39: other TXT records beside the token do no harm")
def _():
    with Tenant() as site:
        token = site.token()
        server.serve({DOMAIN: [
            {"TXT": "v=spf1 -all"}, {"TXT": "x" * 3000}, {"TXT": []},
            {"TXT": b"\xff\x00\x01"}, {"TXT": token}, {"TXT": "0" * 32}]})
        status, output = site.ctl("verify", DOMAIN)
        equal((status, site.errors), (0, ""), output)
        match(r"\b6 TXT records\b", output, "output")


@case("P40: the record stands at the domain itself, nowhere else")
def _():
    with Tenant() as site:
        token = site.token()
        server.serve({name: [{"TXT": token}] for name in (
            "www." + DOMAIN, "_lmtpd." + DOMAIN, "com", "example.org")})
        status, output = site.ctl("verify", DOMAIN)
        equal(status, 1, output)
        match("no TXT record at example.com itself", output, "output")
        equal({q[:2] for q in server.queries}, {(DOMAIN, "TXT")}, "questions")


@case("P40: the TTL is reported")
def _():
    with Tenant() as site:
        token = site.token()
        server.serve({DOMAIN: [{"TXT": token}, {"TTL": 1234}]})
        status, output = site.ctl("verify", DOMAIN)
        equal(status, 0, output)
        match(r"\A%s: verified since %s: found, 1 TXT record, TTL 1234 s\n\Z"
              % (re.escape(DOMAIN), WHEN), output, "output")
        server.serve({DOMAIN: [{"TXT": "x"}, {"TTL": 777}]})
        match(r"not verified: 1 TXT record, TTL 777 s", site.ctl(
            "verify", DOMAIN)[1], "output")


@case("P40: a re-check needs no restart: one connection sees it")
def _():
    with Tenant() as site:
        token = site.token()
        with site.connect() as client:
            client.lhlo()
            equal(client.deliver(PHONE).verdicts,
                  ["550 5.7.1"], "before")
            server.serve({DOMAIN: [{"TXT": token}]})
            equal(site.ctl("verify", "--all")[0], 0, "verify")
            equal(client.deliver(PHONE).verdicts,
                  ["250 2.0.0"], "verified")
            server.serve({})
            equal(site.ctl("verify", "--all")[0], 1, "verify")
            equal(client.deliver(PHONE).verdicts,
                  ["550 5.7.1"], "after the record has gone")
            client.quit()


# -- the daemon and the state -------------------------------------------------

@case("a state file is enough: lmtpd asks no DNS")
def _():
    with Tenant() as site:
        site.write_proof()
        equal(site.verdict(), "250 2.0.0", "verdict")
        equal(server.queries, [], "questions")


@case("a damaged state file: deferred, never accepted or bounced")
def _():
    with Tenant() as site:
        site.write("verified %s\n" % LONG_AGO)
        match(r"\A4", site.verdict(), "verdict")
        equal(site.ctl("verify", DOMAIN), (2, ""), "verify")
        match("damaged", site.errors, "standard error")
        equal(site.ctl("token", DOMAIN), (2, ""), "token")
        equal(site.ctl("list"), (2, ""), "list")
        equal(site.file(), "verified %s\n" % LONG_AGO, "the file")


@case("another domain's proof, or the parent's, counts for nothing")
def _():
    with Tenant() as site:
        for domain in "com", "sub." + DOMAIN, "example.org":
            site.write_proof(domain=domain)
        equal(site.verdict(), "550 5.7.1", "verdict")


@case("P48 a proof that others may write is none: later")
def _():
    with Tenant() as site:
        site.write_proof()
        equal(site.verdict(), "250 2.0.0", "verdict")
        os.chmod(site.domains + "/" + DOMAIN, 0o666)
        equal(site.verdict(), "451 4.3.0", "verdict, for everyone to write")


@case("the state: the owner's alone, in plain text, nothing beside it")
def _():
    with Tenant() as site:
        site.token()
        equal(os.listdir(site.state), ["domains"], "the state directory")
        equal(os.listdir(site.domains), [DOMAIN], "domains")
        for path, mode in ((site.domains, 0o700),
                           (site.domains + "/" + DOMAIN, 0o600)):
            st = os.stat(path)
            equal((st.st_mode & 0o7777, st.st_uid, st.st_gid),
                  (mode, SERVER_USER.pw_uid, SERVER_USER.pw_gid), path)
        match(r"\Atoken [0-9a-f]{32}\nissued %s\n\Z" % WHEN, site.file())


# -- verify -------------------------------------------------------------------

@table("{0}: could not tell (2), a verified domain stays verified",
       [(f,) for f in ("TIMEOUT", "SERVFAIL", "REFUSED", "FORMERR")])
def _(fault):
    with Tenant() as site:
        site.write_proof()
        before = site.file()
        server.serve({DOMAIN: [fault]})
        status, output = site.ctl("verify", DOMAIN)
        equal(status, 2, output)
        match("did not tell; stays verified since " + LONG_AGO, output)
        check(server.queries, "it was asked")
        equal(site.file(), before, "the file")
        equal(site.verdict(), "250 2.0.0", "verdict")


@case("no resolver: could not tell (2), nothing changes, and it says why")
def _():
    with Tenant() as site:
        site.write_proof(verified=False)
        before = site.file()
        there = os.environ["LMTPD_LIBEXECDIR"]
        os.environ["LMTPD_LIBEXECDIR"] = "/nonexistent"
        try:
            status, output = site.ctl("verify", DOMAIN)
        finally:
            os.environ["LMTPD_LIBEXECDIR"] = there
        equal(status, 2, output)
        match("did not tell; stays not verified", output, "output")
        match("/nonexistent/lmtpd-resolver", site.errors, "standard error")
        equal(site.file(), before, "the file")


@table("{0}: definite, so a verified domain is not verified any more",
       [("the name does not exist", {}),
        ("no TXT record", {DOMAIN: [{"A": "192.0.2.1"}]}),
        ("others only", {DOMAIN: [{"TXT": "v=spf1 -all"}]}),
        ("a part of the token", {DOMAIN: [{"TXT": TOKEN[:31]}]}),
        ("the token, a NUL and more", {DOMAIN: [{"TXT": TOKEN + "\0x"}]}),
        ("the token in quotes", {DOMAIN: [{"TXT": '"%s"' % TOKEN}]}),
        ("the token below the name", {"_x." + DOMAIN: [{"TXT": TOKEN}]})])
def _(_what, zone):
    with Tenant() as site:
        site.write_proof()
        server.serve(zone)
        status, output = site.ctl("verify", DOMAIN)
        equal(status, 1, output)
        match(r'(?m)^example\.com: missing: example\.com\. 300 IN TXT "%s"$'
              % TOKEN, output, "output")
        equal(verified(site), [], "verified")
        match("(?m)^checked %s$" % WHEN, site.file(), "the file")
        equal(site.verdict(), "550 5.7.1", "verdict")


@case("verified again: since when it was stays, the last check moves")
def _():
    with Tenant() as site:
        site.write_proof()
        server.serve({DOMAIN: [{"TXT": TOKEN}]})
        status, output = site.ctl("verify", DOMAIN)
        equal(status, 0, output)
        equal(verified(site), [LONG_AGO], "verified")
        match("(?m)^checked %s$" % WHEN, site.file(), "the file")
        match("(?m)^issued %s$" % LONG_AGO, site.file(), "the file")


@table("{0} verifies all: the worst counts", [("--all",), (None,)])
def _(option):
    with Tenant() as site:
        words = ["verify"] + ([option] if option else [])
        equal(site.ctl(*words), (0, ""), "with none at all")
        for domain in "a.example", "b.example", "c.example":
            site.write_proof(verified=False, domain=domain)
        good = {d + ".example": [{"TXT": TOKEN}] for d in "abc"}
        server.serve(good)
        status, output = site.ctl(*words)
        equal(status, 0, output)
        equal(re.findall(r"(?m)^(\S+): verified", output),
              ["a.example", "b.example", "c.example"], "verified")
        server.serve({**good, "a.example": []})
        equal(site.ctl(*words)[0], 1, "one is not")
        server.serve({**good, "a.example": [], "b.example": ["SERVFAIL"]})
        status, output = site.ctl(*words)
        equal(status, 2, "one is not, one could not tell")
        match(r"(?m)^c\.example: verified", output, "the last one")


@case("dns-timeout is for each domain: a silent one harms no other")
def _():
    with Tenant() as site:
        for domain in "a.example", "b.example", "c.example":
            site.write_proof(verified=False, domain=domain)
        server.serve({"a.example": ["TIMEOUT"], "b.example": ["TIMEOUT"],
                      "c.example": [{"TXT": TOKEN}]})
        status, output = site.ctl("verify", "--all")
        equal(status, 2, output)
        match(r"(?m)^c\.example: verified", output, "output")


@case("verify without a token: 1, and it names the word that issues one")
def _():
    with Tenant() as site:
        status, output = site.ctl("verify", DOMAIN)
        equal((status, site.errors), (1, ""), output)
        match("no token yet: lmtpctl domain token example.com", output)
        equal(server.queries, [], "questions")
        equal(os.listdir(site.state), [], "the state directory")


@case("a file removed while the DNS is asked is not written again")
def _():
    with Tenant() as site:
        site.write_proof(verified=False)
        server.serve({DOMAIN: [{"TXT": TOKEN}]})
        server.on_query = lambda *_: os.unlink(site.domains + "/" + DOMAIN)
        equal(site.ctl("verify", DOMAIN), (2, ""), "verify")
        match("meanwhile", site.errors, "standard error")
        equal(os.listdir(site.domains), [], "domains")


# -- names --------------------------------------------------------------------

@table("token {0}: the domain is {1}",
       [("Example.COM", DOMAIN), ("example.com.", DOMAIN),
        ("m\u00fcller.example", "xn--mller-kva.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example")])
def _(name, wanted):
    with Tenant() as site:
        status, output = site.ctl("token", name)
        equal(status, 0, site.errors)
        match(r"\A%s\. 300 IN TXT " % re.escape(wanted), output, "output")
        equal(os.listdir(site.domains), [wanted], "domains")
        server.serve({wanted: [{"TXT": output.split('"')[1]}]})
        equal(site.ctl("verify", name)[0], 0, "verify")


@table("{0!r} is no domain: nothing is read or written",
       [(n,) for n in ("", ".", "..", "../state", "/etc/passwd", ".new", "a/b",
                       "a..b", "a b", "*.example.com", "a\nb", "x" * 64,
                       "a." * 127 + "b")])
def _(name):
    with Tenant() as site:
        for word in "token", "verify":
            equal(site.ctl(word, name), (2, ""), word)
            match(r"\Almtpctl: .*: not a domain\n\Z", site.errors, "said")
        files = site.state_files()
        equal(files, [], "files below the state directory")
        equal(server.queries, [], "questions")


# -- list, and how it is called -----------------------------------------------

@case("list: domain, verified since when, token, last check")
def _():
    with Tenant() as site:
        equal(site.ctl("list"), (0, ""), "with none at all")
        site.write_proof(domain="b.example")
        site.write_proof(verified=False, domain="a.example")
        equal(site.ctl("list"), (0, (
            "a.example: not verified, token %s, never checked\n"
            "b.example: verified since %s, token %s, never checked\n")
            % (TOKEN, LONG_AGO, TOKEN)), "before a check")
        server.serve({"b.example": [{"TXT": TOKEN}]})
        site.ctl("verify", "b.example")
        match(r"(?m)^b\.example: verified since %s, token %s, last check %s$"
              % (LONG_AGO, TOKEN, WHEN), site.ctl("list")[1], "output")


@table("domain {0}: usage, 64",
       [(" ".join(w), w) for w in (
           (), ("token",), ("token", "a", "b"), ("token", "--all"),
           ("list", "a"), ("verify", "--ALL"), ("verify", "a", "b"),
           ("tokens", "a"))])
def _(_words, words):
    with Tenant() as site:
        equal(site.ctl(*words), (64, ""), "status and output")
        match(r"\Ausage: lmtpctl ", site.errors, "standard error")
        equal(os.listdir(site.state), [], "the state directory")


@case("a broken configuration: 2, and what is wrong")
def _():
    with Tenant() as site:
        site.write_conf("max-hops = 0\n")
        equal(site.ctl("verify", "--all"), (2, ""), "status and output")
        match("max-hops", site.errors, "standard error")


@case("a state directory of root's: 2, nothing is written")
def _():
    with Tenant() as site:
        os.chown(site.state, 0, 0)
        equal(site.ctl("token", DOMAIN), (2, ""), "status and output")
        match("root owns it", site.errors, "standard error")
        equal(os.listdir(site.state), [], "the state directory")


@case("eight at once: one token")
def _():
    with Tenant() as site:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            tokens = set(pool.map(lambda _: site.token(), range(8)))
        equal(len(tokens), 1, "tokens")
        match("token %s\n" % tokens.pop(), site.file(), "the file")
        equal(os.listdir(site.domains), [DOMAIN], "domains")


run()
