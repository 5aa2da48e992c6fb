#!/usr/bin/python3
"""The code, the manual and conf/lmtpd.conf tell of the same keys, options,
words, reasons and replies, none missing and none too many; a key's default and
bounds are the same wherever they stand, and every example is one that the
program takes; README shows what conf/examples has; and each file stands on its
floor.  That the defaults of
conf/lmtpd.conf are the program's own is asked of the program by
tests/unit/test_conf.c.  Needs $srcdir, $LMTPD, $LMTPCTL, $LMTPTEXT."""

import collections
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

from readme import SRCDIR, block, blocks, read               # noqa: E402
from taptest import Skip, case, check, equal, run, table    # noqa: E402

PROGRAMS = os.path.abspath(HERE + "/../../build/lmtpd")
LMTPD = os.environ.get("LMTPD", PROGRAMS + "/lmtpd")
LMTPCTL = os.environ.get("LMTPCTL", PROGRAMS + "/lmtpctl")
LMTPTEXT = os.environ.get("LMTPTEXT", PROGRAMS + "/lmtptext")
ERRORS = 2              # of lmtpctl check
SOURCES = ("email", "users", "domain", "ip", "anyone")
INHERITED = "the account's"

Key = collections.namedtuple("Key", "type default since example")


def all_code():
    return {name: read("lmtpd/" + name)
            for name in sorted(os.listdir(SRCDIR + "/lmtpd"))
            if name.endswith((".c", ".h"))}


def same(got, want, what):
    """Two sets, or what either has alone."""
    equal((sorted(set(got) - set(want)), sorted(set(want) - set(got))),
          ([], []), what + ": too many, missing")


# -- the manual's source ------------------------------------------------------

def plain(text):
    """Text as a reader sees it, without macros in the line."""
    for escape, what in ((r"\(dq", '"'), (r"\(aq", "'"), (r"\&", ""),
                         (r"\e", "\\"), (r"\-", "-")):
        text = text.replace(escape, what)
    return re.sub(r"(?:^|(?<= ))(?:Ic|Cm|Li|Pa|No|Ar) ", "", text)


def manual(page):
    """Its lines, those that go on in the next one joined."""
    return re.sub(r"\\\n", "", read("man/" + page)).splitlines()


def part(lines, *headings):
    """The lines below these headings of two levels, up to the next."""
    for heading in headings:
        level = heading[:3]
        start = lines.index(heading) + 1
        ends = [i for i in range(start, len(lines))
                if lines[i][:3] in (".Sh", level)]
        lines = lines[start:ends[0] if ends else None]
    return lines


def entries(lines):
    """The keys of a list as [(heads, body)]: those that share one body stand
    under one another."""
    found = []
    for line in lines:
        if line.startswith(".It Ic "):
            if not found or found[-1][1]:
                found.append(([], []))
            found[-1][0].append(line[len(".It Ic "):])
        elif found:
            found[-1][1].append(line)
    return found


def example(name, body):
    """What the manual shows of a key, as one would write it."""
    text = "\n".join(plain(re.sub(r"^\.Dl ", "", line)) for line in body)
    found = re.search(r"^%s = (.*(?:\n +.*)*)" % name, text, re.M)
    check(found, "an example of " + name)
    return found[1]


def manual_key(head, body):
    """(name, its Key, the kinds of source that have it)."""
    found = re.fullmatch(r"(\S+) Pq (.*)", head)
    check(found, "type, default and version behind " + head)
    name, fields = found[1], plain(found[2]).split("; ")
    kinds = ()
    if fields[-1].startswith("in "):
        kinds = tuple(fields.pop()[3:].split(" , "))
    check(len(fields) == 3, "type; default; since: " + head)
    default, since = fields[1:]
    check(default == "required" or default.startswith("default "), head)
    check(re.fullmatch(r"since \d+\.\d+", since), "since: " + head)
    return name, Key(fields[0], default.removeprefix("default "),
                     since.removeprefix("since "), example(name, body)), kinds


def manual_keys():
    """{(section, name): Key} of lmtpd.conf(5)."""
    lines = manual("lmtpd.conf.5")
    keys = {}
    for section, where in (("top", (".Sh TOP KEYS",)),
                           ("backend", (".Sh BACKENDS",)),
                           ("channel", (".Sh CHANNELS",)),
                           ("account", (".Sh ACCOUNTS",))):
        place = section
        for heads, body in entries(part(lines, *where)):
            for head in heads:
                if "Qo Ar name Qc Brq" in head:
                    place = ("grant" if head.startswith("channel ") and
                             section == "account" else section)
                    continue
                name, key, kinds = manual_key(head, body)
                for where_ in kinds or (place,):
                    check((where_, name) not in keys, head + " is there twice")
                    keys[where_, name] = key
    return keys


# -- the code -----------------------------------------------------------------

def code_keys():
    """{(section, name): "VALUE", "LIST", or a section's kind}."""
    keys = {}
    for section, body in re.findall(
            r"^static cfg_opt_t (\w+)_keys\[\] = \{(.*?)\bCFG_END\(\)",
            read("lmtpd/conf_parse.c"), re.M | re.S):
        for kind, name in re.findall(r'(\w+)\("([a-z-]+)"', body):
            keys[section, name] = kind
    check(len(keys) > 50, "keys in conf_parse.c")
    return keys


CODE = code_keys()
CODE_KEYS = {place: kind for place, kind in CODE.items()
             if kind in ("VALUE", "LIST")}
MANUAL = manual_keys()


# -- conf/lmtpd.conf ----------------------------------------------------------

def shipped_keys():
    """{(section, name): (value, whether it is behind "# ", the text of its
    paragraph above it)}."""
    keys, stack, above = {}, ["top"], []
    for line in read("conf/lmtpd.conf").splitlines():
        opened = re.match(r'\s*([a-z]+)(?: "[^"]*")? \{', line)
        found = re.match(r"\s*(# )?([a-z-]+) = (.+)", line)
        if opened:
            kind = opened[1]
            if kind == "channel" and stack[-1] == "account":
                kind = "grant"
            stack.append(kind)
        if found and not opened:
            place = stack[-1], found[2]
            check(place not in keys, "%s in %s is there twice" % place[::-1])
            keys[place] = found[3], bool(found[1]), "\n".join(above)
        if "}" in line and not line.lstrip().startswith("#") and \
                line.count("}") > line.count("{"):
            stack.pop()
        above = above + [line] if line.strip() else []
    equal(stack, ["top"], "sections that are open at the end")
    return keys


SHIPPED = shipped_keys()


def without_keys(text):
    """The prose of comments alone."""
    return re.sub(r"(?m)^\s*(?:[^#\s].*|# [a-z-]+ = .*|#\s*)$", "", text)


# -- the program --------------------------------------------------------------

HEADS = {"top": "%s", "backend": 'backend "outbox" {\n%s}\n',
         "channel": 'channel "sms" {\n%s}\n',
         "grant": 'channel "sms" {\n%s}\n',
         "email": 'email "alice@example.com" {\n%s}\n',
         "users": 'users "staff" {\n%s}\n',
         "domain": 'domain "example.com" {\n%s}\n',
         "ip": 'ip "192.0.2.9" {\n%s}\n', "anyone": "anyone {\n%s}\n",
         "account": 'account "acme" {\n%s}\n'}
LEAST = {("backend", "command"): '{"outbox"}',
         ("channel", "recipient"): '"*@sms.example.net"',
         ("channel", "backend"): '"outbox"',
         ("account", "forwarding-user"): '"acme"'}


def configuration(changes):
    """A small one of every section, {(section, name): value} changed."""
    def section(kind, *inner):
        return HEADS[kind] % "".join(
            ["%s = %s\n" % (name, value) for (place, name), value in
             {**LEAST, **changes}.items() if place == kind] + list(inner))
    return (section("top") + section("backend") + section("channel") +
            section("account", *map(section, ("grant",) + SOURCES)))


def asked(text):
    """The status of lmtpctl check, and what it said."""
    with tempfile.TemporaryDirectory() as site:
        path = site + "/lmtpd.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o640)
        done = subprocess.run(
            [LMTPCTL, "-f", path, "check"], timeout=60,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "LMTPD_STATE_DIR": site,
                 "LMTPD_DATADIR": os.path.abspath(SRCDIR) + "/conf"})
        return done.returncode, done.stdout


def takes(text, truth=True, what=""):
    """The program finds no error in it; or does, where truth is False."""
    status, said = asked(text)
    check(status in (0, 1, ERRORS), "it ran: %d %s" % (status, said))
    check((status < ERRORS) == truth, "%s: %s\n%s" % (what, said, text))


# -- keys ---------------------------------------------------------------------

@case("every key that the program knows is in lmtpd.conf(5), and no other")
def _():
    same(MANUAL, CODE_KEYS, "lmtpd.conf.5")


@case("every section that the program knows is in lmtpd.conf(5)")
def _():
    text = read("man/lmtpd.conf.5")
    for (_section, name), kind in CODE.items():
        if kind in ("TITLED", "PLAIN"):
            check(re.search(r"^\.(It )?Ic %s (Qo Ar \w+ Qc )?Brq \.\.\." % name,
                            text, re.M), "section " + name)
        elif kind == "CFG_FUNC":
            check("Li %s(" % name in text, name)


@case("every key is in conf/lmtpd.conf, and no other")
def _():
    text = read("conf/lmtpd.conf")
    same({p for p in SHIPPED if p not in CODE_KEYS}, (), "conf/lmtpd.conf")
    missing = set(CODE_KEYS) - set(SHIPPED)
    # Those of sources stand where they are first of use.
    for place in sorted(missing):
        kind, name = place
        if kind in SOURCES and (
                ("email", name) in SHIPPED or
                MANUAL[place].default == INHERITED and
                ("account", name) in SHIPPED or
                "%s = %s" % (name, MANUAL[place].default) in text or
                ("account", name) in SHIPPED and kind in ("ip", "anyone")):
            missing.remove(place)
    equal(missing, set(), "not in conf/lmtpd.conf")
    for kind in SOURCES:
        check(re.search(r'^\s*(# )?%s( "\S+")? \{' % kind, text, re.M),
              "a source of the kind " + kind)


@case("every key of conf/lmtpd.conf has its reason")
def _():
    equal([place for place, (_value, _behind, above) in SHIPPED.items()
           if not re.search(r"[a-z]{2} [a-z]", without_keys(above))], [],
          "no comment in the paragraph above")


@table("the default of {1} in {0} is the same in both", [
    place for place in SHIPPED if place in MANUAL])
def _(section, name):
    value, behind, above = SHIPPED[section, name]
    default = MANUAL[section, name].default
    if name == "hostname":
        check(default == "this machine's name" and "this machine's" in above,
              "whose name it is")
    elif behind:
        equal(value.strip('"'), default.strip('"'), "behind # stands")
    elif default not in ("required", "none", INHERITED, value):
        # What stands there is another value: the comment tells it.
        check(re.search(r"default (is )?" + re.escape(default), above),
              "the comment tells of the default " + default)


@case("the lines of conf/lmtpd.conf go into a terminal")
def _():
    for line in read("conf/lmtpd.conf").splitlines():
        check(len(line.expandtabs()) <= 80, line)


@case("a key is a list in lmtpd.conf(5) where the program takes several")
def _():
    same({place for place, key in MANUAL.items() if key.type[:4] == "list"},
         {place for place, kind in CODE_KEYS.items() if kind == "LIST"},
         "lists")


@case("no key came with a version that is not there yet")
def _():
    now = re.search(r"AC_INIT\(\[lmtpd\], \[([\d.]+)\]\)",
                    read("configure.ac"))[1]
    for (_section, name), key in MANUAL.items():
        check(tuple(map(int, key.since.split("."))) <=
              tuple(map(int, now.split("."))), name + " since " + key.since)


@table("the program takes the example and the default of {1} in {0}",
       sorted(MANUAL))
def _(section, name):
    key = MANUAL[section, name]
    takes(configuration({}), what="the small one")
    takes(configuration({(section, name): key.example}), what="the example")
    if name not in ("hostname", "state-dir") and key.default not in (
            "required", "none", INHERITED):
        takes(configuration({(section, name): key.default}), what="default")
    if key.type == "boolean":
        takes(configuration({(section, name): '"maybe"'}), False, "boolean")


def bounds(key):
    return [int(n) for found in re.findall(r"(\d+) to (\d+)$", key.type)
            for n in found]


@table("the bounds of {1} in {0} are the program's", [
    place for place in sorted(MANUAL) if bounds(MANUAL[place])])
def _(section, name):
    low, high = bounds(MANUAL[section, name])
    for value, truth in ((low, True), (high, True), (low - 1, False),
                         (high + 1, False)):
        takes(configuration({(section, name): value}), truth,
              "%s = %d" % (name, value))


@case("every number of the program's has its bounds in lmtpd.conf(5)")
def _():
    found = set()
    for name, text in all_code().items():
        if name.startswith("conf_"):
            found |= set(re.findall(
                r'take_number\(e,\s+\w+,\s+"([a-z-]+)"', text))
    check(len(found) > 8, "numbers in the code: %r" % found)
    same({name for (_, name), key in MANUAL.items() if bounds(key)},
         found, "numbers")


@case("the examples of lmtpd.conf(5) are one configuration that it takes")
def _():
    text = plain("\n".join(part(manual("lmtpd.conf.5"), ".Sh EXAMPLES")))
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.M | re.S)
    equal(len(blocks), 3, "examples")
    takes("".join(blocks))


# -- README -------------------------------------------------------------------

SET_UP = ("Postfix in five lines", "What systemd's units deny",
          "Exim, Dovecot and others")
TYPED = ("lmtpctl ", "lmtpd -", "systemctl ", "useradd ")


def squeezed(text):
    """A file's settings: no comments, and blanks count for one."""
    return " ".join(re.sub(r"(?m)(^|\s)#.*", "", text).split())


def example_settings():
    """Every file of conf/examples, and what is there behind a "#"."""
    found = {}
    for path, _, names in os.walk(SRCDIR + "/conf/examples"):
        for name in names:
            with open(path + "/" + name, encoding="utf-8") as f:
                text = f.read()
            found[path + "/" + name] = squeezed(text) + "\n" + squeezed(
                re.sub(r"(?m)^#(?=\S)", "", text))
    return found


@table("README, {0}: {1}", [
    (heading, one.splitlines()[0], one) for heading in SET_UP
    for one in blocks(heading) if not one.startswith(TYPED)])
def _(heading, first, text):
    if first.startswith("trusted-peers") and heading != SET_UP[0]:
        # Others' users and addresses
        takes(text + configuration({}), what="README")
        return
    check([path for path, settings in example_settings().items()
           if squeezed(text) in settings], "in no file of conf/examples")


@case("what README shows of lmtpd.conf elsewhere is taken")
def _():
    takes(block("Writing a backend", "backend ") + configuration({}))
    rates = "Rates, and who is told"
    account = block(rates, "account ").replace(
        "...", 'forwarding-user = "u"\nchannel "sms" { }\n'
        'email "a@b.example" { }\n}')
    takes(block(rates, "mailer ") + account.replace('"acme"', '"other"') +
          configuration({}))


@case("README's packages are those that bootstrap builds with")
def _():
    wanted = re.search(r'^to_build="(.*?)"', read("bootstrap"), re.M | re.S)
    typed = block("Building by hand", "apt-get install ").replace("\\\n", "")
    same(typed.splitlines()[0].split()[2:], wanted[1].split(), "packages")


@case("README's backends are those of conf, each with an example")
def _():
    backends = [line.split()[0] for line in
                block("Writing a backend", "outbox ").splitlines()]
    same(backends, {name for name in os.listdir(SRCDIR + "/conf")
                    if os.access(SRCDIR + "/conf/" + name, os.X_OK)
                    and name != "examples"}, "backends")
    settings = "\n".join(example_settings().values())
    equal([name for name in backends if '"%s"' % name not in settings
           and name != "outbox"], [], "in no example")


@case("every file of conf/examples that README names is there")
def _():
    named = re.findall(r"conf/examples/([\w.-]*\w)", read("README"))
    named += re.search(r"finds (\S+),\s(\S+)\sand\s(\S+)\sthere",
                       read("README")).groups()
    check(len(named) > 6, "names: %r" % named)
    equal([name for name in named
           if not os.path.exists(SRCDIR + "/conf/examples/" + name)], [],
          "not there")


# -- options and words --------------------------------------------------------

def code_options(name):
    """All that a file's getopt_long(3) or getopt(3) takes."""
    text = read("lmtpd/" + name)
    found = re.search(r"struct option options\[\] = \{(.*?)\};", text, re.S)
    options = set(re.findall(r'\{ "([a-z-]+)",', found[1])) if found else set()
    for letters in re.findall(r'getopt(?:_long)?\(argc, argv, "([^"]*)"',
                              text):
        options |= set(re.sub(r"[+:]", "", letters))
    return options


def written_options(text):
    """The options of a usage text."""
    options = set()
    for dashes, name in re.findall(r"(?<![\w-])(--?)([a-zA-Z][a-z-]*)", text):
        options |= {name} if dashes == "--" else set(name)
    return options


def manual_options(lines):
    """Those that lines of a manual's source name."""
    options = set()
    for either in re.findall(r"\bFl (-?[a-zA-Z][a-z-]*(?: \| -[a-z-]+)*)",
                             "\n".join(lines)):
        for name in either.split(" | "):
            options |= {name[1:]} if name[0] == "-" else set(name)
    return options


def usage(*command):
    if not os.access(command[0], os.X_OK):
        raise Skip("built without " + command[0])
    done = subprocess.run([*command, "--no-such-option"], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    equal(done.returncode, 64, "exit status")
    check("usage: " in done.stderr, done.stderr)
    return done.stderr[done.stderr.index("usage: "):]


def usage_lines():
    """{what is said of a word on lmtpctl's own usage: the word}."""
    lines = re.findall(r"^  (\S.*?)(?:  |$)", usage(LMTPCTL), re.M)
    check(lines, "words of lmtpctl")
    return {line: line.split()[0] for line in lines}


def words():
    return sorted(set(re.findall(r'\{ "([a-z]+)", ctl_',
                                 read("lmtpd/lmtpctl.c"))))


@table("{0}: every option is in the usage text, the synopsis and the list", [
    ("lmtpd", LMTPD, "lmtpd.8"), ("lmtptext", LMTPTEXT, "lmtptext.1")])
def _(name, program, page):
    options = code_options(name + ".c")
    check(len(options) > 4, "options: %r" % options)
    lines = manual(page)
    same(written_options(usage(program)), options, "usage")
    same(manual_options(part(lines, ".Sh SYNOPSIS")), options, "SYNOPSIS")
    same(manual_options([line for line in part(lines, ".Sh DESCRIPTION")
                         if line.startswith(".It Fl ")]), options, "the list")


def of_word(lines, start, word):
    """The pieces of lines, each begun by start, that are about a word."""
    pieces = re.split("^" + re.escape(start), "\n".join(lines), flags=re.M)
    return [piece for piece in pieces[1:]
            if re.search(r"(^|\n\.Cm |^ *)%s\b" % word, piece)]


@table("lmtpctl {0}: its options and its place in lmtpctl(8)", [
    (word,) for word in words()])
def _(word):
    lines = manual("lmtpctl.8")
    options = code_options("ctl_%s.c" % word)
    if word == "domain":
        options = {"all"}       # one word in a place, not by getopt(3)
        check('"--all"' in read("lmtpd/ctl_domain.c"), "--all")
    synopsis = of_word(part(lines, ".Sh SYNOPSIS"), ".Nm", word)
    check(synopsis, "in the synopsis")
    same(manual_options(synopsis) - {"f"}, options, "SYNOPSIS")
    same(written_options(usage(LMTPCTL, word)) - {"f"} if options else set(),
         options, "usage")
    said = of_word(part(lines, ".Sh DESCRIPTION"), ".It Cm ", word)
    check(said, "in the description")
    same(options - manual_options(said), (), "DESCRIPTION")
    check(".Cm %s :" % word in part(lines, ".Sh EXIT STATUS"), "exit status")


@case("lmtpctl's own usage and its manual have the words that there are")
def _():
    lines = manual("lmtpctl.8")
    same(usage_lines().values(), words(), "usage")
    named = re.findall(r"^\.It Cm ([a-z]+)", "\n".join(
        part(lines, ".Sh DESCRIPTION")), re.M)
    same(named, words(), "DESCRIPTION")
    equal(code_options("lmtpctl.c"), {"f"}, "options of lmtpctl itself")


@case("every word of lmtpctl has an example")
def _():
    examples = "\n".join(part(manual("lmtpctl.8"), ".Sh EXAMPLES"))
    for line in usage_lines():
        # What is typed as it stands, such as "domain token"
        typed = re.match(r"[a-z]+(?: (?:--forget|[a-z]+\b))?", line)[0]
        check(re.search(r"\blmtpctl (-f \S+ )?%s\b" % typed, examples),
              "an example of " + typed)


# What lint*.c warns of, and how lmtpctl(8) has it: a few words of each.
DOUBTS = [
    ("any local user can be this peer", "a trusted peer that is a loopback"),
    ("no user of this machine", "a user of this machine"),
    ("nobody's XFORWARD counts", "nobody's XFORWARD counts"),
    ("there is no program", "whose program is missing"),
    ("is not executable", "not executable"),
    ("everyone may change", "writable by everyone"),
    ("used by no channel", "that no channel uses"),
    ("have no effect without input", "keys of a text"),
    ("which cannot be executed", "where there is no\n.Xr lmtptext 1"),
    ("there is no channel", "no channel, no account"),
    ("is never reached", "a channel that is never reached"),
    ("any sender through that server", ".Ic ip\nsource"),
    ('security \\"none\\" accepts', ".Ic security\n.Dq none"),
    ("the security list holds loopback", "loopback in\n.Ic security"),
    ("every customer of that provider", ".Dq google\nor\n.Dq outlook"),
    ("dkim and dmarc never hold", "they never hold"),
    ("dkim and dmarc are believed", "must strip forged"),
    ("may use no channel", "an account with no channel"),
    ("has no source", "an account with no channel or no source"),
    ("enforce = false", ".Ic enforce = false"),
    ("in one file are read slowly", "more than 200 sources in one file"),
    ("there is no account", "no channel, no account"),
    ("%s is writable by", "others than lmtpd's user may change"),
    ("is user %u's", "others than lmtpd's user may change"),
    ("there is no such table", "a users table that is missing"),
    ("the table is damaged", "damaged"),
    ("may change the table", "or that others may\nchange"),
    ("the table cannot be read", "cannot be read"),
    ("has no token yet", "has no token"),
    ("its file below state-dir cannot be read", "whose file cannot be read"),
    ("is not verified", "is not verified yet"),
    ("more servers than are kept", "more servers than are kept"),
    ("there is no mailer", "where there is no\n.Ic mailer"),
    ("alternative %zu has %s", "has octets or an IPv6 address"),
    ("is no secret", "is no secret"),
    ("is never needed", "is never needed"),
]


@case("every warning of lmtpctl check is in lmtpctl(8)")
def _():
    said = "\n".join(of_word(part(manual("lmtpctl.8"), ".Sh DESCRIPTION"),
                             ".It Cm ", "check"))
    left = {words for words, _told in DOUBTS}
    for name, text in all_code().items():
        for call in re.findall(r"\bconf_doubt\((.*?)\);", text, re.S) if \
                name.startswith("lint") and name.endswith(".c") else ():
            told = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', call))
            known = [pair for pair in DOUBTS if pair[0] in told]
            check(known, "%s: not among these here: %s" % (name, told))
            for words, there in known:
                left.discard(words)
                check(there in said, "%s, in lmtpctl(8)" % there)
    equal(left, set(), "warnings that are none")


# -- reasons and replies ------------------------------------------------------

@case("every reason is in lmtpd(8), with its reply, and no other")
def _():
    told = dict(re.findall(r"^\.It ([a-z-]+) Ta (.*?) Ta", "\n".join(
        part(manual("lmtpd.8"), ".Sh DESCRIPTION", ".Ss Replies")), re.M))
    known = {name: code + " " + enhanced for name, code, enhanced in
             re.findall(r'\] = \{ "([a-z-]+)", (\d+), "([\d.]+)"',
                        read("lmtpd/verdict.c"))}
    check(len(known) > 40, "reasons in verdict.c")
    # Whose reply is another program's
    known.update({"backend-reply": "the backend's",
                  "text-refused": "lmtptext's"})
    equal({n: r for n, r in told.items() if known.get(n) != r}, {},
          "in lmtpd.8, and not the program's")
    same(told, known, "reasons")


@case("every 421 is in lmtpd(8), and no other")
def _():
    said = set()
    for text in all_code().values():
        said |= set(re.findall(r'"421 (\d\.\d\.\d) ', text))
    check(len(said) > 5, "421 in the code")
    same(re.findall(r"^\.It 421 ([\d.]+) Ta", read("man/lmtpd.8"), re.M),
         said, "421")


@case("what may become of a recipient, and the log's fields, are in lmtpd(8)")
def _():
    lines = part(manual("lmtpd.8"), ".Sh DESCRIPTION", ".Ss The log")
    told = [word for line in lines if line.startswith(".It Cm ")
            for word in re.split(r" , |=", line[len(".It Cm "):])]
    outcomes = re.findall(r'\[OUTCOME_\w+\] = "([a-z-]+)"',
                          read("lmtpd/envelope.c"))
    report = read("lmtpd/report.c")
    fields = re.findall(r'add_\w+\(\w+, "(\w+)",', report) + re.findall(
        r'add_\w+\(&l, "(\w+)",', report) + re.findall(
        r"[ \"](\w+)=[%<1-]", report)
    check(len(outcomes) > 5 and len(fields) > 10, "words in the code")
    same(set(told) - {"1"}, set(outcomes + fields) - {"undecided"}, "words")


@case("every variable of the environment that is read is in lmtpd(8)")
def _():
    found = set()
    for text in all_code().values():
        found |= set(re.findall(r'getenv\("(LMTPD_\w+)"\)', text))
    check(found, "getenv() in the code")
    same(re.findall(r"^\.It Ev (LMTPD_\w+)", "\n".join(
        part(manual("lmtpd.8"), ".Sh ENVIRONMENT")), re.M), found, "variables")


@case("every variable that a backend gets, and every macro, is in "
      "lmtpd.conf(5)")
def _():
    page = "\n".join(part(manual("lmtpd.conf.5"),
                          ".Sh THE CONTRACT OF A BACKEND"))
    given = set(re.findall(r'"(LMTPD_\w+)', read("lmtpd/delivery.c")))
    check(len(given) > 10, "variables in delivery.c: %r" % given)
    same(re.findall(r"^\.It Ev (LMTPD_\w+)", page, re.M), given, "variables")
    macros = re.search(r'#define MACROS\s+"(.*?)"',
                       read("lmtpd/conf_backend.c"))[1]
    same(re.findall(r"^\.It Li (?:\\&)?%(.)$", page, re.M), macros, "macros")


# -- the floors ---------------------------------------------------------------

def floors():
    """{module: floor}, as CONTRIBUTING has them."""
    modules = {name.rsplit(".", 1)[0] for name in all_code()}
    found = {}
    for floor, text in re.findall(r"^    floor (\d)  (.*(?:\n {13}.*)*)",
                                  read("CONTRIBUTING"), re.M):
        for pattern in re.split(r"[,;\s]+", re.sub(r"\(.*?\)", "", text)):
            names = fnmatch.filter(modules, pattern)
            check(names or not pattern, "no module is " + pattern)
            for name in names:
                check(name not in found, name + " stands on two floors")
                found[name] = int(floor)
    same(found, modules, "floors of CONTRIBUTING")
    return found


@case("every file is on a floor of CONTRIBUTING, and includes none above it")
def _():
    floor = floors()
    for name, text in all_code().items():
        for header in re.findall(r'^#include "(.*)\.h"', text, re.M):
            check(floor[header] <= floor[name.rsplit(".", 1)[0]],
                  "%s includes %s.h, which is above it" % (name, header))


run()
