#!/usr/bin/python3
"""Every word of lmtpctl on a terminal says what it says in a pipe: no colours,
with NO_COLOR or without, and nothing that moves the cursor."""

import re

from lmtpclient import ALICE, MESSAGE
from lmtptest import PHONE, Site, acme
from stringtest import LMTPCTL, lmtpctl
from taptest import case, check, equal, run, table
from terminal import Terminal

HOSTILE = "\033[2J\033[31mx"
WORLD = acme(("users", "staff", {"security": ["none"]}),
             ("email", ALICE, {"security": ["none"]}))

WORDS = [
    ("check", []), ("lookup", [ALICE]), ("lookup", ["nobody@x.example"]),
    ("lookup", ["--json", ALICE]), ("lookup", [HOSTILE]),
    ("explain", ["--sender", ALICE, "--recipient", PHONE]),
    ("explain", ["--json", "--sender", ALICE, "--recipient", PHONE]),
    ("explain", ["--sender", HOSTILE, "--recipient", PHONE]),
    ("match", ["a*", "abc"]), ("match", ["a[", "abc"]),
    ("match", [HOSTILE + "[", "x"]),
    ("export", ["staff"]), ("export", ["--json", "staff"]),
    ("export", ["nothing"]), ("seen", []), ("seen", ["--json"]),
    ("seen", ["acme"]), ("seen", [HOSTILE]), ("sweep", []),
    ("domain", ["list"]), ("domain", ["verify", "--all"]),
    ("import", ["--dry-run", "staff", "CSV"]),
    ("import", ["--yes", "staff", "BAD"]), ("nonsense", []),
]


def arguments(site, words):
    names = {"CSV": site.dir + "/good.csv", "BAD": site.dir + "/bad.csv"}
    return [names.get(word, word) for word in words]


def world():
    site = Site(WORLD)
    for name, text in (("good", "a@x.example,u\nb@x.example,v\n"),
                       ("bad", "a@x.example,u\n%s,v\n" % HOSTILE)):
        with open("%s/%s.csv" % (site.dir, name), "w") as f:
            f.write(text)
    return site


def on_terminal(site, words, env):
    with Terminal([LMTPCTL, "-f", site.conf, *words], env) as terminal:
        status = terminal.end()
        return status, terminal.seen


@table("{0} {1} on a terminal as in a pipe", WORDS)
def _(word, rest):
    with world() as site:
        good = arguments(site, ["CSV"])
        equal(lmtpctl("-f", site.conf, "import", "--yes", "staff", *good)
              .status, 0, "import")
        site.deliver(PHONE, message=MESSAGE)
        words = [word, *arguments(site, rest)]
        piped = lmtpctl("-f", site.conf, *words)
        for env in ({}, {"NO_COLOR": "1"}):
            status, seen = on_terminal(site, words, env)
            equal(status, piped.status, "status")
            check(not re.search("[^\n -~]", seen), "raw: %r" % seen)
            equal(sorted(seen.split("\n")),
                  sorted((piped.out + piped.err).decode().split("\n")),
                  "what it says")


@case("match by hand, as the manual has it")
def _():
    with world() as site:
        equal(on_terminal(site, ["match", "a[!b-m]#", "aM0"], {}), (0, ""))


run()
