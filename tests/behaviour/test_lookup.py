#!/usr/bin/python3
"""lmtpctl lookup, seen, sweep and export where their output goes into a pipe:
what they print, for people and for programs, their exit status, and that root
becomes the state directory's owner first."""

import json
import os
import pwd
import re
import subprocess
import time

from lmtpclient import ALICE, MESSAGE
from lmtptest import PHONE, SERVER_USER, Site, acme
from stringtest import LMTPCTL, USAGE, lmtpctl
from taptest import case, check, equal, match, need_root, run, table

FOUND, NONE, UNTOLD = 0, 1, 2
NET = ["192.0.2.0/24", "2001:db8::/32"]
USERS = [("table@example.com", "tina"), ("boss@example.com", "wrong"),
         ("j\u00fcrg@example.com", "jurg"),
         ("long.local+tag@sub.example.com", "acme.long")]
WORLD = acme(
    ("email", "boss@example.com", {"security": ["none"]}),
    ("email", "fwd@example.com", {"security": ["none"], "forwarded": True}),
    ("users", "staff", {"security": NET}),
    ("domain", "example.com", {"security": NET, "forwarding-user": "dom"}),
    ("domain", "b\u00fccher.example", {"security": ["spf"]}),
    ("ip", "203.0.113.9", {"forwarding-user": "server"}),
    **{"forwarding-user": "acme.reception"})

# Adds a line to RECORDS/mails for each mail, which it keeps; 75 while
# RECORDS/broken is there.
MAILER = """#!/bin/sh
test ! -e RECORDS/broken || exit 75
umask 022
cat >>RECORDS/mails
echo =====END >>RECORDS/mails
"""
WITH_MAILER = {"mailer": ["DIR/mailer"], "notice-from": "gw@example.net"}


def ctl(site, *words, message=b""):
    said = lmtpctl("-f", site.conf, *words, message=message)
    for text in said.out, said.err:
        check(re.fullmatch(rb"[\n -~]*", text), "raw bytes: %r" % text)
    return said


def facts(site, *words):
    """What a word prints for programs, and its exit status."""
    said = ctl(site, *words)
    equal(said.err, b"", "standard error")
    return json.loads(said.out), said.status


def fill(site, users=USERS, name="staff"):
    """A users table, made by the program."""
    path = site.dir + "/users.csv"
    with open(path, "w") as f:
        f.write("Email,Username\n")
        f.writelines("%s,%s\n" % row for row in users)
    said = ctl(site, "import", "--yes", "--replace", name, path)
    equal((said.status, said.err), (0, b""), "import")


def owner(path):
    return pwd.getpwuid(os.lstat(path).st_uid).pw_name


def all_owners(site):
    return {owner(path) for path in site.state_files()}


def damage(site, name="staff"):
    path = "%s/tables/%s.cdb" % (site.state, name)
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 7)


# -- lookup ------------------------------------------------------------------

LOOKUPS = [
    ("an address of its own section", [], "boss@example.com",
     ("email", "boss@example.com", "acme.reception")),
    ("which beats the table", [], "BOSS@EXAMPLE.COM",
     ("email", "boss@example.com", "acme.reception")),
    ("one of the table, which beats its domain", [], "table@example.com",
     ("users", "staff", "tina")),
    ("in any case of letters", [], "Table@Example.COM",
     ("users", "staff", "tina")),
    ("in brackets", [], "<table@example.com>", ("users", "staff", "tina")),
    ("with a BATV tag", [], "prvs=0123abcdef=table@example.com",
     ("users", "staff", "tina")),
    ("beyond ASCII", [], "j\u00fcrg@example.com", ("users", "staff", "jurg")),
    ("another of the domain", [], "x@example.com",
     ("domain", "example.com", "dom")),
    ("an internationalised domain", [], "x@b\u00fccher.example",
     ("domain", "xn--bcher-kva.example", "acme.reception")),
    ("its A-labels", [], "x@xn--bcher-kva.example",
     ("domain", "xn--bcher-kva.example", "acme.reception")),
    ("through a server", ["--client", "203.0.113.9"], "x@nowhere.example",
     ("ip", "203.0.113.9", "server")),
    ("that server, mapped into IPv6", ["--client", "::ffff:203.0.113.9"],
     "x@nowhere.example", ("ip", "203.0.113.9", "server")),
    ("a client that is not asked for", ["--client", "203.0.113.9"],
     "table@example.com", ("users", "staff", "tina")),
]


@table("lookup: {0}", LOOKUPS)
def _(_name, options, address, want):
    kind, name, user = want
    with Site(WORLD) as site:
        fill(site)
        told, status = facts(site, "lookup", "--json", *options, address)
        equal(status, FOUND, "status")
        where = told.pop("file"), told.pop("line")
        equal((told.pop("address").count("prvs"), told),
              (0, {"found": True, "reason": "ok", "account": "acme",
                   "source": kind, "name": name, "user": user}), "object")
        with open(where[0]) as f:
            match(r'^ *%s "' % kind, f.read().split("\n")[where[1] - 1])
        said = ctl(site, "lookup", *options, address)
        equal((said.status, said.err), (FOUND, b""), "for people")
        match(r'(?m)\Aaccount "acme", %s "%s" \(\S+:%d\)$'
              % (kind, name, where[1]), said.out.decode())
        match(r"(?m)^account acme, forwarding user %s\Z" % user,
              said.out.decode().rstrip("\n"))


NONES = [
    ("a stranger", ["--client", "192.0.2.1"], "x@nowhere.example", NONE,
     "not-registered"),
    ("a domain below one that is there", ["--client", "192.0.2.1"],
     "x@sub.example.com", NONE, "not-registered"),
    ("a stranger, where an ip source may match", [], "x@nowhere.example",
     UNTOLD, "client-unknown"),
    ("the null sender", [], "<>", NONE, "null-sender"),
    ("the null sender, spelt as nothing", [], "", NONE, "null-sender"),
]


@table("lookup, nobody's: {0}", NONES)
def _(_name, options, address, status, reason):
    with Site(WORLD) as site:
        fill(site)
        told, got = facts(site, "lookup", "--json", *options, address)
        equal((got, told["found"], told["reason"]), (status, False, reason),
              "status, found, reason")
        for key in "account", "source", "user", "file", "line":
            check(key not in told, key)
        said = ctl(site, "lookup", *options, address)
        equal((said.status, said.err), (status, b""), "for people")
        check(b"forwarding user" not in said.out, said.out)


@case("lookup: a rewritten sender has a source, and is refused")
def _():
    with Site(WORLD) as site:
        fill(site)
        sender = "SRS0=HH=TT=s.example=u@example.com"
        told, status = facts(site, "lookup", "--json", sender)
        equal((status, told["found"], told["source"], told["reason"]),
              (NONE, True, "domain", "rewritten-sender"), "answer")
        equal(ctl(site, "lookup", sender).status, NONE, "for people")


@case("lookup: no table, or a damaged one: 2, and what to do")
def _():
    with Site(WORLD) as site:
        said = ctl(site, "lookup", "table@example.com")
        equal(said.status, UNTOLD, "no table")
        match(r"lmtpctl import staff ", said.err.decode())
        equal(ctl(site, "lookup", "boss@example.com").status, FOUND,
              "one who does not need it")
        fill(site)
        damage(site)
        said = ctl(site, "lookup", "table@example.com")
        equal(said.status, UNTOLD, "damaged")
        match(r"damaged.*lmtpctl import --replace staff ", said.err.decode())


@case("P45 what was imported is active at once, and lookup says as much")
def _():
    changes = acme(("users", "staff", {"security": ["none"]}))
    with Site(changes) as site:
        fill(site, USERS[1:])
        with site.connect() as client:
            client.lhlo()
            out = client.deliver(PHONE, sender="table@example.com")
            equal(out.verdicts[0], "550 5.7.1", "before the import")
            equal(ctl(site, "lookup", "table@example.com").status, NONE,
                  "lookup before")
            fill(site)
            equal(client.say("RSET"), "250 2.0.0", "RSET")
            out = client.deliver(PHONE, sender="Table@example.com")
            equal(out.verdicts[0], "250 2.0.0", "after it")
            client.quit()
        told, _status = facts(site, "lookup", "--json", "table@example.com")
        fields = site.lines()[-1].fields
        equal((fields["account"], fields["source"], fields["user"]),
              (told["account"], "%(source)s:%(name)s" % told, told["user"]),
              "the log's line, and lookup")
        fill(site, USERS[1:])
        equal(site.verdict(sender="table@example.com"), "550 5.7.1",
              "removed")


@table("lookup, exit status 64: {0}", [
    ("nothing to look up", []),
    ("two addresses", [ALICE, ALICE]),
    ("no address", ["a b"]),
    ("no address in brackets", ["<a@b"]),
    ("a client that is no address", ["--client", "mx.example", ALICE]),
    ("a network for a client", ["--client", "192.0.2.0/24", ALICE]),
    ("an unknown option", ["--yes", ALICE]),
])
def _(_name, words):
    with Site(WORLD) as site:
        said = ctl(site, "lookup", *words)
        equal((said.status, said.out), (USAGE, b""), "status, output")
        check(said.err, "nothing said")


@table("lookup, hostile text escaped: {0}", [
    ("an escape sequence", "\x1b[2J@example.com"),
    ("a line feed", "a\nb@example.com"),
    ("a C1 control", "a\u009b2J@example.com"),
    ("a right-to-left override", "a\u202eb@example.com"),
    ("bytes that are no UTF-8", b"a\xff\xc0\xaf@example.com"),
    ("half a character at the end", b"a@example.com\xc3"),
    ("quotes and braces", '"\\"}],\\\\ x"@example.com'),
])
def _(_name, address):
    with Site(WORLD) as site:
        fill(site)
        said = ctl(site, "lookup", address)     # sees to the escaping
        machine = ctl(site, "lookup", "--json", address)
        equal(machine.status, said.status, "status")
        check(said.status in (FOUND, USAGE), "status %d" % said.status)
        if said.status == FOUND:
            equal(json.loads(machine.out)["source"], "domain", "source")
        else:
            equal((said.out, machine.out), (b"", b""), "output")


@table("a configuration with an error: {0}: 2, and where", [
    ("lookup", [ALICE]), ("seen", []), ("seen", ["--json"]), ("sweep", []),
    ("export", ["staff"]),
])
def _(word, words):
    with Site(text="chanel\n") as site:
        said = ctl(site, word, *words)
        equal((said.status, said.out), (UNTOLD, b""), "status, output")
        match(r"lmtpd\.conf:1: ", said.err.decode())


# -- export ------------------------------------------------------------------

@case("P47 export into a pipe: the CSV again, and --json the same rows")
def _():
    with Site(WORLD) as site:
        fill(site)
        raw = lmtpctl("-f", site.conf, "export", "staff")
        equal((raw.status, raw.err), (0, b""), "export")
        lines = raw.out.decode().split("\n")
        equal((lines[0], lines[-1]), ("Email,Username", ""), "head and end")
        equal(sorted(lines[1:-1]), sorted("%s,%s" % row for row in USERS),
              "rows")
        told, status = facts(site, "export", "--json", "staff")
        equal(status, 0, "--json")
        equal([(o["address"], o["user"]) for o in told],
              [tuple(line.rsplit(",", 1)) for line in lines[1:-1]], "objects")
        again = site.dir + "/again.csv"
        with open(again, "wb") as f:
            f.write(raw.out)
        told, _ = facts(site, "import", "--dry-run", "--replace", "--json",
                        "staff", again)
        equal([told[k] for k in ("added", "changed", "removed", "unchanged")],
              [0, 0, 0, len(USERS)], "imported again")


@case("export of an empty table: a head alone, and an empty list")
def _():
    with Site(WORLD) as site:
        fill(site, [])
        equal(ctl(site, "export", "staff").out, b"Email,Username\n", "CSV")
        equal(facts(site, "export", "--json", "staff"), ([], 0), "--json")


@table("export that cannot be: {0}: 2, and why", [
    ("no such table", "nosuch", "no table nosuch"),
    ("a damaged one", "staff", "damaged.*import --replace staff"),
    ("a path for a name", "../users",
     "lmtpctl: a table's name is printable ASCII without blanks"),
    ("a name with an escape sequence", "\x1b[2J", "a table's name is "),
])
def _(_name, name, why):
    with Site(WORLD) as site:
        fill(site)
        damage(site)
        for options in [], ["--json"]:
            said = ctl(site, "export", *options, name)
            equal(said.status, UNTOLD, "status")
            match(why, said.err.decode())


@case("export onto a full disk: 2, not a short file and 0")
def _():
    with Site(WORLD) as site:
        fill(site)
        for options in [], ["--json"]:
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [LMTPCTL, "-f", site.conf, "export", *options, "staff"],
                    stdout=full, stderr=subprocess.PIPE, timeout=20)
            equal(done.returncode, UNTOLD, "status")
            check(done.stderr, "nothing said")


# -- seen --------------------------------------------------------------------

def visit(site, address, sender=ALICE, message=MESSAGE, want="250 2.0.0"):
    """One message that came from there."""
    site.options = ["--client-address", address]
    equal(site.verdict(sender=sender, message=message), want, address)


@case("P42 seen: who came from where, when, and what was decided")
def _():
    with Site(acme(("email", ALICE, {"security": NET}))) as site:
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        visit(site, "192.0.2.7",
              message=b"Message-ID: <first@example.com>\n" + MESSAGE)
        visit(site, "192.0.2.7",
              message=b"Message-ID: <second@example.com>\n" + MESSAGE)
        visit(site, "2001:db8:1:2:3::4")
        visit(site, "198.51.100.7", want="550 5.7.1")
        after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        told, status = facts(site, "seen", "--json")
        equal(status, 0, "status")
        equal(sorted(o["address"] for o in told),
              ["192.0.2.7", "198.51.100.7", "2001:db8:1:2::/64"],
              "addresses")
        one = {o["address"]: o for o in told}
        for o in told:
            equal((o["account"], o["sender"], o["told"]),
                  ("acme", ALICE, None), "entry")
            check(before <= o["when"] <= after, o["when"])
        equal(one["192.0.2.7"]["decision"], "authorised", "decision")
        match(r"<first@example\.com>", one["192.0.2.7"]["message"])
        match(r"^refused: ", one["198.51.100.7"]["decision"])
        said = ctl(site, "seen", "acme")
        equal((said.status, said.err), (0, b""), "for people")
        lines = said.out.decode().splitlines()
        equal(len(lines), 3, "lines")
        for line in lines:
            match(r"^acme \S+ first seen \S+Z, sender <%s>, (authorised|refused"
                  r": .*), message .*, admins not told$" % re.escape(ALICE),
                  line)


@case("seen of nobody: nothing, and an empty list")
def _():
    with Site(WORLD) as site:
        said = ctl(site, "seen")
        equal((said.status, said.out, said.err), (0, b"", b""), "seen")
        equal(facts(site, "seen", "--json"), ([], 0), "--json")


@case("seen ACCOUNT is of that one alone; one that is not there is 2")
def _():
    beta = {("account", "beta"): {
        "forwarding-user": "beta", ("channel", "sms"): {},
        ("email", "b@beta.example"): {"security": ["none"]}}}
    with Site(beta) as site:
        visit(site, "192.0.2.7")
        visit(site, "192.0.2.7", sender="b@beta.example")
        equal([o["account"] for o in facts(site, "seen", "--json")[0]],
              ["acme", "beta"], "all")
        equal([o["account"] for o in facts(site, "seen", "--json", "beta")[0]],
              ["beta"], "one")
        said = ctl(site, "seen", "gamma")
        equal((said.status, said.out), (UNTOLD, b""), "none such")
        match("gamma", said.err.decode())


HOSTILE = (b"Message-ID: <\x1b[2J\xff\x9b\"}],\\>\nSubject: \x1b]0;x\x07\n"
           + MESSAGE)


@case("seen: hostile text of mails is escaped, and valid JSON")
def _():
    changes = acme(("domain", "example.com", {"security": ["none"]}))
    senders = {"192.0.2.1": "j\u00fcrg\u202e@example.com",
               "192.0.2.2": '"a\\"}],{ b"@example.com',
               "192.0.2.3": '"\\\\033[2J"@example.com'}
    with Site(changes) as site:
        for address, sender in senders.items():
            visit(site, address, sender=sender, message=HOSTILE)
        told, _ = facts(site, "seen", "--json")         # sees to ASCII
        equal({o["address"]: o["sender"] for o in told}, senders, "senders")
        lines = ctl(site, "seen").out.decode().splitlines()
        equal(len(lines), len(senders), "a line each")


FORGETS = [
    ("as it is shown", "192.0.2.7", "192.0.2.7"),
    ("mapped into IPv6", "192.0.2.7", "::ffff:192.0.2.7"),
    ("IPv6 as it is shown", "2001:db8:1:2::7", "2001:db8:1:2::/64"),
    ("any IPv6 address of the network", "2001:db8:1:2::7",
     "2001:DB8:1:2:ffff:0:0:1"),
]


@table("seen --forget, {0}: the next mail is a new one again", FORGETS)
def _(_name, address, spelling):
    with Site(acme(("email", ALICE, {"security": NET}))) as site:
        visit(site, address)
        visit(site, "192.0.2.99")
        said = ctl(site, "seen", "--forget", "acme", spelling)
        equal((said.status, said.err), (0, b""), "forgotten")
        equal([o["address"] for o in facts(site, "seen", "--json")[0]],
              ["192.0.2.99"], "the other stays")
        said = ctl(site, "seen", "--forget", "acme", spelling)
        equal(said.status, NONE, "again")
        match(r'^lmtpctl: account "acme", \S+: nothing was there to forget$',
              said.err.decode().rstrip("\n"))
        visit(site, address)
        equal(len(facts(site, "seen", "--json")[0]), 2, "noted again")


@case("seen --forget of all, and of an account that is not there")
def _():
    with Site(acme(("email", ALICE, {"security": NET}))) as site:
        equal(ctl(site, "seen", "--forget", "acme").status, NONE, "of none")
        for address in "192.0.2.7", "192.0.2.8":
            visit(site, address)
        said = ctl(site, "seen", "--forget", "nosuch")
        equal((said.status, said.err), (
            NONE, b'lmtpctl: account "nosuch": nothing was there to forget\n'),
              "of another")
        for words, why in ((["../x"], '"../x" is no account\'s name: '),
                           (["acme", "garbage!"], '"garbage!" is no server '
                            'address: one such as "192.0.2.7" would be right'),
                           (["acme", "7" * 99], "is no server address"),
                           (["acme", ""], '"" is no server address')):
            said = ctl(site, "seen", "--forget", *words)
            equal(said.status, UNTOLD, words)
            match(re.escape(why), said.err.decode())
        equal(len(facts(site, "seen", "--json")[0]), 2, "still there")
        equal(ctl(site, "seen", "--forget", "acme").status, 0, "of all")
        equal(facts(site, "seen", "--json"), ([], 0), "none left")


@table("seen, exit status 64: {0}", [
    ("two accounts", ["acme", "beta"]),
    ("forget whose?", ["--forget"]),
    ("three operands", ["--forget", "acme", "192.0.2.7", "192.0.2.8"]),
    ("forget for a program", ["--forget", "--json", "acme"]),
    ("an unknown option", ["--all"]),
])
def _(_name, words):
    with Site() as site:
        said = ctl(site, "seen", *words)
        equal((said.status, said.out), (USAGE, b""), "status, output")
        check(said.err, "nothing said")


@case("seen: a damaged file is passed over, and named")
def _():
    with Site(acme(("email", ALICE, {"security": NET}))) as site:
        visit(site, "192.0.2.7")
        visit(site, "192.0.2.8")
        with open(site.state + "/seen/acme/192.0.2.7", "w") as f:
            f.write("no such line")
        said = ctl(site, "seen", "--json")
        equal([o["address"] for o in json.loads(said.out)], ["192.0.2.8"],
              "the whole one")
        match(r"seen/acme/192\.0\.2\.7", said.err.decode())


# -- sweep -------------------------------------------------------------------

QUEUED = b"Message-ID: <%d@example.com>\n" + MESSAGE


def remembered(site):
    return sorted(path for path in site.state_files()
                  if "/done/" in path and "/." not in path)


def age(path, seconds):
    """As if it had been delivered that long ago."""
    then = time.time() - seconds
    with open(path) as f:
        text = f.read()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))
    text, n = re.subn(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, text)
    equal(n, 1, "a time in %r" % text)
    with open(path, "w") as f:
        f.write(text)
    os.utime(path, (then, then))


@case("sweep: what is no longer remembered goes, the rest stays")
def _():
    with Site({"remember": "2 days"}) as site:
        for n in range(3):
            equal(site.verdict(message=QUEUED % n), "250 2.0.0", "mail")
        paths = remembered(site)
        equal(len(paths), 3, "remembered: %r" % paths)
        age(paths[0], 2 * 86400 + 5)
        age(paths[1], 2 * 86400 - 3600)
        said = ctl(site, "sweep")
        equal((said.status, said.out, said.err), (0, b"", b""), "sweep")
        equal(remembered(site), paths[1:], "left")
        equal(ctl(site, "sweep").status, 0, "again")
        equal(remembered(site), paths[1:], "left after that")


@case("sweep: rates of an hour that is over, and no other")
def _():
    with Site(acme(("email", ALICE, {"security": ["none"]}),
                   rate="60/hour")) as site:
        equal(site.verdict(), "250 2.0.0", "mail")
        path = site.state + "/rate/acme"
        with open(path, "rb") as f:
            now = f.read()
        equal(ctl(site, "sweep").status, 0, "sweep")
        with open(path, "rb") as f:
            equal(f.read(), now, "a place taken now")
        digits = re.match(rb"\d+", now).group()
        old = b"%0*d" % (len(digits), int(digits) - 2 * 86400 * 1000)
        with open(path, "wb") as f:
            f.write(now.replace(digits, old))
        equal(ctl(site, "sweep").status, 0, "sweep two days later")
        check(not os.path.exists(path), "the rate is still there")
        equal(site.verdict(), "250 2.0.0", "the next mail")


@case("sweep: tells admins what a broken mailer did not take")
def _():
    with Site({**acme(("email", ALICE, {"security": ["none"]}),
                      admin=["it@example.com"]), **WITH_MAILER}) as site:
        site.script("mailer", MAILER)
        broken = site.records + "/broken"
        open(broken, "w").close()
        visit(site, "192.0.2.7")
        equal(ctl(site, "sweep").status, 0, "with a broken mailer")
        equal([o["told"] for o in facts(site, "seen", "--json")[0]], [None],
              "told")
        os.unlink(broken)
        equal(ctl(site, "sweep").status, 0, "with a sound one")
        mails = site.note("mails").split("=====END\n")
        equal(len(mails), 2, "mails")
        match(r"(?m)^To: it@example\.com$", mails[0])
        match(r"192\.0\.2\.7", mails[0])
        check(facts(site, "seen", "--json")[0][0]["told"], "not told")
        match(r"admins told \S+Z\n", ctl(site, "seen").out.decode())
        equal(ctl(site, "sweep").status, 0, "once more")
        equal(site.note("mails").count("=====END\n"), 1, "mails after that")


@case("sweep of a site that never had a mail, and its usage")
def _():
    with Site() as site:
        said = ctl(site, "sweep")
        equal((said.status, said.out, said.err), (0, b"", b""), "sweep")
        equal(site.state_files(), [], "files")
        equal(ctl(site, "sweep", "now").status, USAGE, "an operand")


@case("sweep: what it cannot do it says: 2")
def _():
    with Site({"remember": "1 day"}) as site:
        equal(site.verdict(message=QUEUED % 1), "250 2.0.0", "mail")
        done = site.state + "/done"
        os.chmod(done, 0)
        said = ctl(site, "sweep")
        os.chmod(done, 0o700)
        equal(said.status, UNTOLD, "status")
        match("done", said.err.decode())


# -- root --------------------------------------------------------------------

@case("root becomes the state directory's owner: nothing there is root's")
def _():
    need_root()
    with Site({**acme(("email", ALICE, {"security": ["none"]}),
                      ("users", "staff", {"security": ["none"]}),
                      admin=["it@example.com"], rate="60/hour"),
               **WITH_MAILER}) as site:
        site.script("mailer", "#!/bin/sh\nid -un >>RECORDS/who\nexit 75\n")
        fill(site)
        visit(site, "192.0.2.7")
        visit(site, "192.0.2.8", message=QUEUED % 1)
        before = site.note("who").split()
        for words in (["lookup", "table@example.com"],
                      ["export", "--json", "staff"],
                      ["seen"], ["seen", "--json"],
                      ["seen", "--forget", "acme", "192.0.2.7"], ["sweep"]):
            equal(ctl(site, *words).status, 0, words)
            equal(all_owners(site), {SERVER_USER.pw_name}, words)
        users = site.note("who").split()
        check(len(users) > len(before), "sweep ran no mailer")
        equal(set(users), {SERVER_USER.pw_name}, "who the mailer runs as")


@table("a state directory of root's: {0}: 2, and nothing done", [
    ("lookup", [ALICE]), ("seen", ["--json"]), ("sweep", []),
    ("export", ["staff"]),
])
def _(word, words):
    need_root()
    with Site(WORLD) as site:
        os.chown(site.state, 0, 0)
        said = ctl(site, word, *words)
        equal((said.status, said.out), (UNTOLD, b""), "status, output")
        match(r"state-dir .* root owns it", said.err.decode())
        equal(site.state_files(), [], "files")


@case("another user than root or the owner sees nothing of the state")
def _():
    need_root()
    with Site(WORLD) as site:
        fill(site)
        os.chmod(site.conf, 0o644)
        done = subprocess.run(
            ["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups",
             LMTPCTL, "-f", site.conf, "export", "staff"],
            capture_output=True, timeout=20)
        check(done.returncode != 0, "status 0")
        check(b"table@example.com" not in done.stdout, done.stdout)


run()
