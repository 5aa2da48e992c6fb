#!/usr/bin/python3
"""README, typed as it stands, as far as that needs no mail server: on the
configuration as shipped, each command does what README says, and what is shown
below one is what it prints.  Its blocks of configuration are compared with
conf/examples by tests/build/keys.py.  Root runs it in a network of its own."""

import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../spf")

import spftest                                              # noqa: E402

spftest.enter()

from desk import Desk, pattern, server                      # noqa: E402
from lmtptest import LOG_KEYS, PHONE, Site                  # noqa: E402
from readme import block, blocks, read                      # noqa: E402
from stringtest import NO, YES, grant, mail, several        # noqa: E402
from taptest import (Skip, case, check, equal, match, run,  # noqa: E402
                     table)

OURS = re.compile("(?:# )?((?:lmtpctl|lmtpd -|swaks -).*\n)")


def commands(text):
    """[(what is typed, what is shown below it)], of the words that are lmtpd's
    own; root's prompt stands in front, or nothing does."""
    found, goes_on = [["", ""]], False
    for line in text.splitlines(keepends=True):
        typed = OURS.match(line)
        if typed:
            found.append([typed[1], ""])
        else:
            found[-1][0 if goes_on else 1] += line
        goes_on = (typed or goes_on) and line.endswith("\\\n")
    return [(typed.rstrip("\n"), shown) for typed, shown in found[1:]]


class Shipped(Desk):
    """The configuration as shipped, with its state here."""

    def __init__(self, more=""):
        super().__init__(text='state-dir = "STATE"\n' +
                         read("conf/lmtpd.conf") + more)

    def do(self, typed, shown=""):
        """What it printed; a command that shows nothing must succeed, "check"
        may doubt."""
        if typed.startswith("swaks") and not shutil.which("swaks"):
            raise Skip("no swaks")
        asks = "[q]uit" in shown
        status, got = (self.answer if asks else self.type)(typed)
        doubts = typed.startswith("lmtpctl check")
        check(status <= doubts,
              "exit status %d of %s: %s" % (status, typed, got))
        if shown:
            # a delivery's id is another each time, and swaks says more
            cut = re.sub(r"\bid [0-9a-f]+\.\.\.\n\Z", "id ...", shown)
            match(pattern(cut, self), " ".join(got.split()), typed)
        return got


@case("From an address book to an authorised delivery: the whole screen")
def _():
    heading = "From an address book to an authorised delivery"
    csv = block(heading, "Email,Username")
    with Shipped() as site:
        site.file("staff.csv", csv)
        done = []
        for one in blocks(heading):
            if one.startswith("account "):
                with open(site.conf, "a", encoding="utf-8") as f:
                    f.write(one)
            for typed, shown in commands(one):
                site.do(typed, shown)
                done.append(" ".join(typed.split(" ")[:2]))
        equal(done, ["lmtpctl import", "lmtpctl check", "lmtpctl lookup",
                     "lmtpctl explain", "swaks --protocol"], "what was typed")
        equal(site.do("lmtpctl export staff"), csv, "the same CSV back")


@table("{0}: {1}", [
    (heading, typed) for heading in ("Postfix in five lines",
                                     "Trying it with swaks")
    for one in blocks(heading) for typed, _shown in commands(one)])
def _(_heading, typed):
    with Shipped() as site:
        got = site.do(typed)
        if typed.startswith("swaks"):
            match(r"(?m)^<-  250 2\.0\.0 <0791234567@sms\.example\.net>", got)


@case("Proving a domain: the token, its record, the proof")
def _():
    (token, _), (verify, _) = commands(block("Proving a domain", "lmtpctl"))
    domain = ('account "x" {\nforwarding-user = "x"\nverify = true\n'
              'channel "sms" { }\ndomain "example.com" { }\n}\n')
    with Shipped(domain) as site:
        record = re.search(r'TXT "([0-9a-f]+)"', site.do(token))
        server.serve({"example.com": [{"TXT": "v=spf1 -all"}]})
        check(site.type(verify)[0] != 0, "it is not there yet")
        server.serve({"example.com": [{"TXT": "v=spf1 -all"},
                                      {"TXT": record[1]}]})
        site.do(verify)


@case("A second factor: the field opens, so does the recipient in Cc")
def _():
    heading = "A second factor: security strings"
    string = re.search("security-string = '(.*)' }", block(
        heading, 'channel "sms"'))[1]
    field = block(heading, "X-Key: ").rstrip()
    to, cc = (line.split(": ") for line in block(heading, "To: ").splitlines())
    with several(grant(string)) as site:
        equal(site.verdict(message=mail("From: x")), NO, "without")
        equal(site.verdict(message=mail(field)), YES, "with the field")
        out = site.deliver(to[1], cc[1], message=mail(": ".join(to),
                                                      ": ".join(cc)))
        equal(out.verdicts, [YES, YES], "To and Cc")
        equal(len(site.runs()), 2, "runs: none for the keyword")
        check("<*@sms.example.net>" in site.log() and
              string not in site.log(), "the log")


@case("A second factor: both keys count for a while")
def _():
    heading = "A second factor: security strings"
    both = re.search("'(.*)'", block(heading, "security-string"))[1]
    with several(grant(both)) as site:
        for string in both.split(";"):
            equal(site.verdict(message=mail("X-Key: " + string)), YES, string)


def replies():
    """[(exit code, reply)]"""
    return re.findall(r"(\d+|any other:?) +[a-z ]+[a-z] \((\d+(?: [\d.]+)?)\)",
                      block("Writing a backend", "0 "))


@table("Writing a backend: {0} is {1}", replies())
def _(code, reply):
    check(len(replies()) > 5, "replies: %r" % replies())
    code = code if code.isdigit() else "1"
    with Site(backend="#!/bin/sh\nexit %s\n" % code) as site:
        match("^%s( |$)" % re.escape(reply), site.verdict(PHONE))


@case("Why was this refused: explain says, and the log's line has its fields")
def _():
    heading = "Why was this refused?"
    (typed, _), = commands(block(heading, "lmtpctl"))
    with Shipped() as site:
        status, got = site.type(typed)
        equal(status, 1, "refused: " + got)
        for word in ("steps", "verdict"):
            match(r"(?m)^%s +" % word, got)
    line = block(heading, "refused ").split()
    equal([field.split("=")[0] for field in line[1:]], LOG_KEYS, "fields")


run()
