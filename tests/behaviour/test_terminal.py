#!/usr/bin/python3
"""Every word of lmtpctl on a terminal says what it says in a pipe: no colours,
with NO_COLOR or without, and nothing that moves the cursor."""

import re
import shutil
import subprocess

from lmtpclient import ALICE, MESSAGE, xforward
from lmtptest import PHONE, Site, acme
from stringtest import LMTPCTL, lmtpctl
from taptest import case, check, equal, run, table
from terminal import Terminal

HOSTILE = "\033[2J\033[31mx"
SERVER = ["--client", "192.0.2.7", "--helo", "mx.x.example"]
WORLD = acme(("users", "staff", {"security": ["none"]}),
             ("domain", "x.example", {"security": ["spf"], "verify": True}),
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
    ("seen", ["acme"]), ("seen", [HOSTILE]),
    ("seen", ["--forget", "acme"]), ("seen", ["--forget", HOSTILE]),
    ("sweep", []), ("domain", ["list"]), ("domain", ["verify", "--all"]),
    ("domain", ["token", "x.example"]), ("domain", ["token", HOSTILE]),
    ("spf", [*SERVER, "--sender", "a@x.example"]),
    ("spf", [*SERVER, "--sender", HOSTILE]),
    ("import", ["--dry-run", "staff", "CSV"]),
    ("import", ["--yes", "staff", "BAD"]), ("nonsense", []),
]


def arguments(site, words):
    names = {"CSV": site.dir + "/good.csv", "BAD": site.dir + "/bad.csv"}
    return [names.get(word, word) for word in words]


def listed():
    """What lmtpctl's usage has, as far as it is typed as it stands: "check",
    "domain token", "seen --forget"."""
    return re.findall(r"^  ([a-z]+(?: (?:--forget|[a-z]+)\b)?)",
                      lmtpctl().err.decode(), re.M)


def world():
    """A table, a proof that is asked for, a server address that was seen."""
    site = Site(WORLD)
    for name, text in (("good", "a@x.example,u\nb@x.example,v\n"),
                       ("bad", "a@x.example,u\n%s,v\n" % HOSTILE)):
        with open("%s/%s.csv" % (site.dir, name), "w") as f:
            f.write(text)
    for words in (["import", "--yes", "staff", *arguments(site, ["CSV"])],
                  ["domain", "token", "x.example"]):
        equal(lmtpctl("-f", site.conf, *words).status, 0, words[0])
    equal(site.verdict(PHONE, message=MESSAGE,
                       forward=xforward(ADDR="192.0.2.7")), "250 2.0.0")
    copy(site.state, site.dir + "/before")
    return site


def copy(old, new):
    """A directory with its owners, in place of another."""
    shutil.rmtree(new, ignore_errors=True)
    subprocess.run(["cp", "-a", old, new], check=True)


def on_terminal(site, words, env):
    env = {"LMTPD_LIBEXECDIR": "/nonexistent", **env}
    with Terminal([LMTPCTL, "-f", site.conf, *words], env) as terminal:
        status = terminal.end()
        return status, terminal.seen


@table("{0} {1} on a terminal as in a pipe", WORDS)
def _(word, rest):
    with world() as site:
        words = [word, *arguments(site, rest)]
        piped = lmtpctl("-f", site.conf, *words)
        for env in ({}, {"NO_COLOR": "1"}):
            copy(site.dir + "/before", site.state)
            status, seen = on_terminal(site, words, env)
            equal(status, piped.status, "status")
            check(not re.search("[^\n -~]", seen), "raw: %r" % seen)
            equal(sorted(seen.split("\n")),
                  sorted((piped.out + piped.err).decode().split("\n")),
                  "what it says")


@case("no word of lmtpctl's usage is left out")
def _():
    typed = [" ".join([word, *rest]) + " " for word, rest in WORDS]
    words = listed()
    check("check" in words and "domain token" in words, "words: %r" % words)
    equal([word for word in words
           if not any(line.startswith(word + " ") for line in typed)], [],
          "on no terminal")


@case("match by hand, as the manual has it")
def _():
    with world() as site:
        equal(on_terminal(site, ["match", "a[!b-m]#", "aM0"], {}), (0, ""))


run()
