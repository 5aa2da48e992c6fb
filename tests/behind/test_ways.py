#!/usr/bin/python3
"""The examples for those who come from another gateway: what each of them
shows is put to the real lmtpd, one mail that is taken and one that is not.
SPF's are served by a DNS server of the test's own, which only root can have."""

import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../spf")
sys.path.insert(0, HERE + "/../behaviour")

import spftest                                          # noqa: E402

if os.getuid() == 0:
    spftest.enter()
    spftest.name_servers("nameserver 127.0.0.1")

from behindtest import CONF, LIBEXEC, Gateway            # noqa: E402
from lmtpclient import xforward                          # noqa: E402
from lmtptest import ROOT                                # noqa: E402
from taptest import (Skip, case, check, equal, match, run, table,  # noqa: E402
                     wait_for)

LMTPCTL = spftest.LMTPCTL
SERVER = spftest.Server() if ROOT else None

YES, NO, FAIL = "250 2.0.0", "550 5.7.1", "550 5.7.23"
SMS = "0791234567@sms.example.net"
FAX = "0441234567@fax.example.net"
VOICE = "0441234567@voice.example.net"
THREEMA = "ABCD1234@threema.example.net"
HERE4, THERE4 = "192.0.2.7", "203.0.113.77"
INSIDE = "v=spf1 ip4:192.0.2.0/24 -all"

MAILER = """#!/bin/sh
cat >RECORDS/part.$$ && mv RECORDS/part.$$ RECORDS/mail.$$
"""


class Way(Gateway):
    """One of the examples, with the backend that is in it."""

    def __init__(self, name, *changes):
        super().__init__(name, "outbox", *changes)
        if not self.libexec.startswith(self.dir):
            self.libexec = self.dir + "/libexec"
            os.mkdir(self.libexec)
        os.chmod(self.libexec, 0o755)
        shutil.copy(LIBEXEC + "/lmtpd-resolver", self.libexec)

    def ctl(self, *words, text=None):
        """Exit status, and all that it prints."""
        done = subprocess.run(
            [LMTPCTL, "-f", self.conf, *words], input=text or "", text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
            check=False, cwd="/",
            env={"PATH": "/usr/bin:/bin", "LMTPD_DATADIR": CONF,
                 "LMTPD_LIBEXECDIR": LIBEXEC})
        return done.returncode, done.stdout

    def doubts(self, *wanted):
        """What check warns of is just this."""
        status, said = self.ctl("check")
        equal(status, 1, "exit of check: " + said)
        lines = said.splitlines()
        for words in wanted:
            found = [line for line in lines if words in line]
            equal(len(found), 1, "warnings with %r in %s" % (words, said))
            lines.remove(found[0])
        equal(lines, [], "other warnings")

    def come(self, sender, client, *recipients, header=""):
        out = self.deliver(*recipients, sender=sender,
                           forward=xforward(ADDR=client), patience=60,
                           message=("Subject: x\n%s\nhello\n" % header
                                    ).encode())
        return out.verdicts

    def kept(self):
        found = []
        for path in glob.glob(self.state + "/outbox/*"):
            with open(path) as f:
                found.append(f.read())
        return found

    def judge(self, sender, client, recipient, verdict, user, header=""):
        """One mail; where it is taken, from that forwarding user."""
        got = self.come(sender, client, recipient, header=header)
        equal(got, [verdict], "verdict")
        equal(len(self.kept()), int(verdict == YES), "messages kept")
        if verdict == YES:
            equal(self.the_line().fields["user"], user, "forwarding user")


def need_dns():
    if not ROOT:
        raise Skip("needs root, for a DNS server")


# -- eCall --------------------------------------------------------------------

ALICE, LISTED = "alice@example.com", "anna@example.org"
SERVED = "Received: from pc (pc [192.0.2.%d]) by mail.example.net; now\n"
NAMED = "Received: from %s by x; now\nReceived: from y ([203.0.113.%d]); now\n"


@case("ecall: check warns of what the example says")
def _():
    with Way("ecall") as g:
        g.doubts('alice@example.com: security "none"',
                 "alternative 1 is no secret", "alternative 2 is no secret")


@table("ecall: {0}", [
    ("the string of SMS, in any field", ALICE, THERE4, SMS,
     "X-Any: hZavjjx5JT1Y2ff\n", YES),
    ("no string", ALICE, THERE4, SMS, "", NO),
    ("the string in the body", ALICE, THERE4, SMS,
     "\nhZavjjx5JT1Y2ff\n", NO),
    ("the string, and a stranger", "eve@example.net", THERE4, SMS,
     "X-Any: hZavjjx5JT1Y2ff\n", NO),
    ("the field of a fax", ALICE, THERE4, FAX, "X-Key: Qm7nTz04RvB1\n", YES),
    ("the other string of a fax", ALICE, THERE4, FAX,
     "Comments: 8cJbDdh2wqLz\n", YES),
    ("its value in another field", ALICE, THERE4, FAX,
     "X-Other: Qm7nTz04RvB1\n", NO),
    ("one channel's string for another", ALICE, THERE4, FAX,
     "X-Any: hZavjjx5JT1Y2ff\n", NO),
    ("an address as the string", ALICE, THERE4, VOICE, SERVED % 5, YES),
    ("an address beside", ALICE, THERE4, VOICE, SERVED % 6, NO),
    ("a server's name, and an address", ALICE, THERE4, VOICE,
     NAMED % ("mail.example.com", 3), YES),
    ("an address that is not in the list", ALICE, THERE4, VOICE,
     NAMED % ("mail.example.com", 2), NO),
    ("another server's name", ALICE, THERE4, VOICE,
     NAMED % ("mail.example.net", 3), NO),
    ("no string is asked for", ALICE, THERE4, THREEMA, "", YES),
    ("a stranger where none is asked for", "eve@example.net", THERE4, THREEMA,
     "", NO),
    ("a domain from its servers", LISTED, HERE4, THREEMA, "", YES),
    ("a domain from elsewhere", LISTED, THERE4, THREEMA, "", NO),
    ("a domain from its servers, without the string", LISTED, HERE4, SMS, "",
     NO)])
def _(_name, sender, client, recipient, header, verdict):
    with Way("ecall") as g:
        g.judge(sender, client, recipient, verdict, "example", header)


@case("ecall: a keyword in Cc is a recipient that gets nothing")
def _():
    key = "hZavjjx5JT1Y2ff@sms.example.net"
    with Way("ecall") as g:
        equal(g.come(ALICE, THERE4, SMS, key, header="Cc: <%s>\n" % key),
              [YES, YES], "verdicts")
        equal(len(g.kept()), 1, "messages kept")
        check("hZavjjx5JT1Y2ff" not in g.kept()[0], "the keyword is in it")
    with Way("ecall") as g:
        equal(g.come(ALICE, THERE4, SMS, "wrong@sms.example.net",
                     header="Cc: <wrong@sms.example.net>\n"),
              [NO, "550 5.1.1"], "verdicts")
        equal(g.kept(), [], "messages kept")


# -- Echo ---------------------------------------------------------------------

@case("echo: check warns of what the example says")
def _():
    with Way("echo") as g:
        g.doubts('alice@example.com: security "none"',
                 'account "trial": enforce = false')


@table("echo: {0}", [
    ("off: a listed sender from anywhere", "off", ALICE, THERE4, YES),
    ("off: a sender who is not listed", "off", "eve@example.com", THERE4, NO),
    ("off: the null sender", "off", "", THERE4, NO),
    ("addresses: a listed one", "addresses", "bob@example.com", "192.0.2.10",
     YES),
    ("addresses: another listed one", "addresses", "carol@example.org",
     "198.51.100.15", YES),
    ("addresses: one of IPv6", "addresses", "bob@example.com",
     "IPv6:2001:db8:1::7", YES),
    ("addresses: another, though the sender is listed", "addresses",
     "bob@example.com", "192.0.2.11", NO),
    ("addresses: a sender who is not listed", "addresses",
     "eve@example.com", "192.0.2.10", NO)])
def _(_name, account, sender, client, verdict):
    with Way("echo") as g:
        g.judge(sender, client, SMS, verdict, account)


@table("echo: {0}", [
    ("SPF lets it pass", "spf", "dave@example.com", HERE4, YES),
    ("SPF does not", "spf", "dave@example.com", THERE4, FAIL),
    ("SPF of a domain without a record", "spf", "erin@example.org", HERE4,
     NO),
    ("SPF, and a sender who is not listed", "spf", "eve@example.com", HERE4,
     NO),
    ("trial: SPF does not let it pass", "trial", "frank@example.com", THERE4,
     YES)])
def _(_name, account, sender, client, verdict):
    need_dns()
    with Way("echo") as g:
        SERVER.serve({"example.com": [{"TXT": INSIDE}]})
        g.judge(sender, client, SMS, verdict, account)
        if account == "trial":
            equal(g.the_line().verdict, "would-refuse", "the log's word")


@case("echo: explain tells before, and delivers nothing")
def _():
    with Way("echo") as g:
        for client, status in (("192.0.2.10", 0), ("192.0.2.11", 1)):
            equal(g.ctl("explain", "--client", client, "--sender",
                        "bob@example.com", "--recipient", SMS,
                        text="Subject: x\n\nhello\n")[0], status, client)
        equal(g.kept(), [], "messages kept")


# -- Messenger ----------------------------------------------------------------

PROVED = "example.com", "sales.example.com"
STAFF = "Email,Username\nann@staff.example,acme.ann\nben@example.com,acme.ben\n"
GOOGLE, OUTLOOK = "198.51.100.9", "198.51.100.200"
TXT = {
    "staff.example": INSIDE,
    "_spf.google.com": "v=spf1 ip4:198.51.100.0/25 -all",
    "spf.protection.outlook.com": "v=spf1 ip4:198.51.100.128/25 -all",
}


class Messenger(Way):
    """As shipped, and what the example says is to be done once."""

    def __init__(self, ready=True):
        super().__init__("messenger", ('"/usr/bin/msmtp"', '"DIR/mailer"'))
        self.script("mailer", self.fill_in(MAILER))
        zone = {d: [{"TXT": t}] for d, t in TXT.items()}
        if ready:
            for domain in PROVED:
                token = self.ctl("domain", "token", domain)[1].split('"')[1]
                zone[domain] = [{"TXT": token},
                                {"TXT": INSIDE}]
            self.load(STAFF)
        SERVER.serve(zone)
        if ready:
            for domain in PROVED:
                equal(self.ctl("domain", "verify", domain)[0], 0, domain)

    def load(self, text):
        status, said = self.ctl("import", "staff", "-", "--yes", text=text)
        equal(status, 0, "import: " + said)

    def mails(self):
        found = []
        for path in glob.glob(self.records + "/mail.*"):
            with open(path) as f:
                found.append(f.read())
        return found


LASTING = ("sales.example.com: every customer", "carol@example.org: every",
           'ip "203.0.113.9"')


@case("messenger: check says what is to be done, and then what the example "
      "says")
def _():
    need_dns()
    with Messenger(ready=False) as g:
        g.doubts(*LASTING, "lmtpctl domain token example.com",
                 "lmtpctl domain token sales.example.com",
                 "lmtpctl import staff")
    with Messenger() as g:
        g.doubts(*LASTING)


OFFICE, SALES = "example.office", "example.sales"


@table("messenger: {0}", [
    ("a domain, where SPF lets it pass", "dan@example.com", HERE4, YES,
     OFFICE),
    ("a domain, where SPF does not", "dan@example.com", THERE4, FAIL, None),
    ("a domain below it, registered on its own", "dan@sales.example.com",
     GOOGLE, YES, SALES),
    ("not from Google, though its SPF lets it pass", "dan@sales.example.com",
     HERE4, NO, None),
    ("a domain below it that is not", "dan@hr.example.com", HERE4, NO, None),
    ("an address from Outlook", "carol@example.org", OUTLOOK, YES, OFFICE),
    ("an address from Google, not Outlook", "carol@example.org", GOOGLE, NO,
     None),
    ("an address from a listed one", "boss@example.com", "192.0.2.3", YES,
     "example.boss"),
    ("an address, whose security is not its domain's", "boss@example.com",
     "192.0.2.77", NO, None),
    ("an imported address, in a domain of its own", "ann@staff.example",
     HERE4, YES, "acme.ann"),
    ("an imported address, in a domain that is registered", "ben@example.com",
     HERE4, YES, "acme.ben"),
    ("an imported address from elsewhere", "ann@staff.example", THERE4, FAIL,
     None),
    ("a server, for any sender", "eve@example.net", "203.0.113.9", YES,
     "example.scanner"),
    ("any sender through another", "eve@example.net", "203.0.113.10", NO,
     None)])
def _(_name, sender, client, verdict, user):
    need_dns()
    with Messenger() as g:
        g.judge(sender, client, SMS, verdict, user)


@case("messenger: before it is proved, a domain may send nothing")
def _():
    need_dns()
    with Messenger(ready=False) as g:
        equal(g.come("dan@example.com", HERE4, SMS), ["451 4.3.0"],
              "before the import")
        g.load("Email,Username\n")
        equal(g.come("dan@example.com", HERE4, SMS), [NO], "after it")
        match("reason=domain-not-verified", g.log())
        equal(g.kept(), [], "messages kept")


@case("messenger: an address that is imported may send at once")
def _():
    need_dns()
    with Messenger() as g:
        equal(g.come("zoe@staff.example", HERE4, SMS), [NO], "before")
        g.load("zoe@staff.example,acme.zoe\n")
        equal(g.come("zoe@staff.example", HERE4, SMS), [YES], "after")


@case("messenger: the admin hears of a new server once")
def _():
    need_dns()
    with Messenger() as g:
        for _ in range(2):
            equal(g.come("dan@example.com", HERE4, SMS), [YES], "verdict")
        wait_for(g.mails, "the mail to the admin")
        equal(g.come("dan@example.com", "192.0.2.8", SMS), [YES], "another")
        wait_for(lambda: len(g.mails()) > 1, "the second mail")
        for child in g.children:
            child.wait()
        equal(len(g.mails()), 2, "mails")
        for mail in g.mails():
            match("(?m)^To: .*it@example.com", mail)
            match(r"192\.0\.2\.[78]", mail)


run()
