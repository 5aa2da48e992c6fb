#!/usr/bin/python3
"""Random SPF records, judged by lmtpd-resolver and by Debian's python3-spf,
both asking the same server.  Where they differ, python3-spf with some of its
known faults corrected (RULES, each with the section of RFC 7208 that rules)
must come to our word: any other difference fails.

    differential.py [SEED [COUNT]]
"""

import collections
import concurrent.futures
import itertools
import os
import random
import re
import sys

import spftest
from taptest import CASES, check, comment, equal, run

spftest.enter()
sys.modules["dns"] = None   # python3-dns, not dnspython where that is too
try:
    import spf
except ImportError:
    spftest.skip_all("python3-spf is not installed")

COUNT = 2000
BATCH = 100
AT_ONCE = 3
DNS_TIMEOUT = 20

# What python3-spf does otherwise, and the section of RFC 7208 against it.
RULES = {
    "server-failure": ("2.6.6, 5", "SERVFAIL is no empty answer"),
    "ptr-failure": ("5.5", "a DNS error is no match of ptr (lmtpd: of +ptr)"),
    "unused-redirect": ("6.1", "redirect beside all costs no lookup"),
    "unknown-modifiers": ("6", "they may be repeated"),
    "modifier-case": ("4.6.1, 12", "names compare without regard to case"),
    "macro-grammar": ("7.1", "no zero digits, no other delimiters"),
    "macro-case": ("7.1, 12", "the R of %{iR} reverses as r does"),
    "visible": ("7.1, 12", "terms are of visible characters"),
    "first-match": ("5.4", "mx ends at the first host that matches"),
    "alias-void": ("4.6.4", "an alias to nothing is one void lookup, not two"),
    "self-include": ("4.6.2", "an error only where evaluation comes to it"),
}


# -- random records -----------------------------------------------------------

CLIENTS = ("192.0.2.1", "192.0.2.77", "198.51.100.20", "203.0.113.200",
           "2001:db8::1", "2001:db8:ffff::7")
LOCALS = ("alice", "bob-smith", "a.b.c", "x+y", "")
HELOS = ("mail.pool.example", "h1.pool.example", "unknown.example")
POOL = "pool.example"
HOSTS = {
    "h1": [{"A": "192.0.2.1"}, {"AAAA": "2001:db8::1"}],
    "h2": [{"A": "198.51.100.20"}, {"A": "192.0.2.78"}],
    "h3": [{"AAAA": "2001:db8:ffff::7"}],
    "h4": [{"A": "203.0.113.9"}, {"AAAA": "2001:db8:1::1"}],
    "h5": [{"A": "192.0.2.%d" % i} for i in range(70, 95)],
    "mail": [{"A": "192.0.2.77"}, {"MX": [5, "h2.pool.example"]},
             {"MX": [1, "h4.pool.example"]}],
    "mx1": [{"MX": [10, "h1.pool.example"]}, {"MX": [20, "h3.pool.example"]}],
    "mx2": [{"MX": [10, "gone.pool.example"]},
            {"MX": [5, "h2.pool.example"]}],
    "mx3": [{"MX": [i, "h%d.pool.example" % (i % 5 + 1)]} for i in range(9)],
    "mx11": [{"MX": [i, "h4.pool.example"]} for i in range(11)],
    "nullmx": [{"MX": [0, ""]}],
    "alias": [{"CNAME": "h1.pool.example"}],
    "alias2": [{"CNAME": "alias.pool.example"}],
    "nowhere": [{"CNAME": "gone.pool.example"}],
    "fails": ["SERVFAIL"],
    "empty": [],
    "all": [{"TXT": "v=spf1 +all"}],
    "nobody": [{"TXT": "v=spf1 -all"}],
    "soft": [{"TXT": "v=spf1 ip4:192.0.2.0/25 ~all"}],
    "bare": [{"TXT": "v=spf1"}],
    "two": [{"TXT": "v=spf1 +all"}, {"TXT": "v=spf1 -all"}],
    "broken": [{"TXT": "v=spf1 foo:bar +all"}],
    "deep": [{"TXT": "v=spf1 include:soft.pool.example "
                     "a:h2.pool.example mx:mx1.pool.example ?all"}],
    "text": [{"TXT": "no record"}, {"TXT": "v=spf10 +all"}],
    "192.0.2.1.ok": [{"A": "127.0.0.2"}],
    "alice.ok": [{"A": "127.0.0.2"}],
    "b.a.ok": [{"A": "127.0.0.2"}],
    "77.2.0.192.in-addr.ok": [{"A": "127.0.0.2"}],
}
HEALTHY = ("h1", "h2", "h3", "h4", "h5", "mail", "alias", "alias2")
MAILERS = ("mx1", "mx2", "mx3", "mail")
PUBLISHERS = ("all", "nobody", "soft", "bare", "deep")
REVERSE = {
    "1.2.0.192.in-addr.arpa": [{"PTR": "h1.pool.example"}],
    "77.2.0.192.in-addr.arpa": [{"PTR": "h4.pool.example"},
                                {"PTR": "mail.pool.example"}],
    "20.100.51.198.in-addr.arpa": ["SERVFAIL"],
}


class Maker:
    """Records, from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = 0

    def name(self, usual):
        pick = self.random.random()
        if pick < 0.02:
            return "fails." + POOL
        if pick < 0.6:
            return self.random.choice(usual) + "." + POOL
        if pick < 0.8:
            return self.random.choice(list(HOSTS)) + "." + POOL
        if pick < 0.85:
            return "gone%d.%s" % (self.random.randrange(3), POOL)
        if pick < 0.95 and self.made:
            return domain(self.random.randrange(self.made))
        return self.random.choice(("%{d}", "%{h}", "%{d2}", "h1." + POOL + ".",
                                   "H1.POOL.EXAMPLE"))

    def macros(self):
        letter = self.random.choice("sloidhvSLODIHV")
        digits = self.random.choice(("", "", "", "1", "2", "3", "9", "20"))
        reverse = self.random.choice(("", "", "r"))
        cut = self.random.choice(("", "", "", ".", "-", "+-", ".-+,/_="))
        return "%%{%s%s%s%s}" % (letter, digits, reverse, cut)

    def spec(self, usual=HEALTHY):
        """A domain-spec, most often of a name that is what it should be."""
        if self.random.random() < 0.8:
            return self.name(usual)
        known = ("%{i}", "%{l}", "%{ir}.%{v}", "%{lr}", "%{l2r-}", "%{o2}")
        macro = (self.random.choice(known) if self.random.random() < 0.6
                 else self.macros())
        return macro + ".ok." + POOL

    def cidr(self):
        four = self.random.choice(("", "", "", "/24", "/32", "/26", "/0"))
        six = self.random.choice(("", "", "", "//64", "//128", "//0", "//33"))
        return four + six

    def network(self):
        address = self.random.choice(CLIENTS)
        if ":" in address:
            return "ip6:" + address + self.random.choice(
                ("", "/128", "/64", "/32", "/0"))
        if self.random.random() < 0.5:
            address = "10.%d.0.%d" % (self.random.randrange(256),
                                      self.random.randrange(256))
        return "ip4:" + address + self.random.choice(
            ("", "/32", "/24", "/25", "/8", "/0"))

    def mechanism(self):
        kind = self.random.choice(("a", "a", "mx", "mx", "ip", "ip", "ip",
                                   "exists", "exists", "include", "include",
                                   "ptr"))
        if kind == "ip":
            return self.network()
        usual = {"mx": MAILERS, "include": PUBLISHERS}.get(kind, HEALTHY)
        where = ":" + self.spec(usual)
        if kind in ("a", "mx", "ptr") and self.random.random() < 0.2:
            where = ""
        return kind + where + (self.cidr() if kind in ("a", "mx") else "")

    def modifier(self):
        return self.random.choice((
            "exp=%s" % self.spec(), "x-note=%{d}", "op=auth", "default=pass",
            "x-note=%{d}", "Exp=gone.pool.example"))

    def redirect(self):
        return "redirect=" + self.spec(PUBLISHERS)

    def damaged(self, term):
        """The term with one character changed, lost or doubled."""
        at = self.random.randrange(len(term))
        new = self.random.choice(("", term[at] * 2, "/", ":", "=", ".", "%",
                                  "0", "-", "}", "\x01", "\t", "A", " "))
        return term[:at] + new + term[at + 1:]

    def record(self):
        terms = []
        for _ in range(self.random.choice((0, 1, 2, 2, 3, 3, 4, 6, 9, 13))):
            term = self.random.choice(("", "", "", "+", "-", "~", "?"))
            term += self.mechanism()
            if self.random.random() < 0.08:
                term = self.random.choice((str.upper, self.damaged))(term)
            terms.append(term)
        if self.random.random() < 0.05:
            terms += ["ip4:10.0.%d.%d" % (i, i) for i in range(70)]
        if self.random.random() < 0.7:
            terms.append(self.random.choice("+-~?") + "all")
        for chance, make in ((0.15, self.redirect), (0.15, self.modifier),
                             (0.05, self.modifier)):
            if self.random.random() < chance:
                terms.insert(self.random.randint(0, len(terms)), make())
        self.made += 1
        gap = "  " if self.random.random() < 0.03 else " "
        return gap.join(["v=spf1"] + terms)


Case = collections.namedtuple("Case", "number record client helo sender")


def domain(number):
    return "r%d.diff.example" % number


def make_cases(seed, count):
    maker = Maker(seed)
    cases = []
    for number in range(count):
        record = maker.record()
        local = maker.random.choice(LOCALS)
        cases.append(Case(number, record, maker.random.choice(CLIENTS),
                          maker.random.choice(HELOS),
                          local + "@" + domain(number)))
    return cases


def make_zone(cases):
    zone = {name + "." + POOL: entries for name, entries in HOSTS.items()}
    zone.update(REVERSE)
    zone.update((domain(c.number), [{"TXT": c.record}, {"A": "192.0.2.77"}])
                for c in cases)
    return zone


# -- python3-spf, and what it should have done --------------------------------

MACRO = re.compile(r"%(?!%|_|-|\{[slodiphvcrt]([1-9][0-9]*|0[0-9]*[1-9][0-9]*)"
                   r"?r?[.\-+,/_=]*\})", re.IGNORECASE)
ALL = re.compile(r" [-+?~]?all(?= |$)", re.IGNORECASE)
REDIRECT = re.compile(r" redirect=[^ ]*", re.IGNORECASE)
UNKNOWN = re.compile(r" (?!exp=|redirect=)([a-z][a-z0-9_.\-]*=)",
                     re.IGNORECASE)
REVERSED = re.compile(r"(%\{[A-Za-z][0-9]*)R")
# No name here has a delimiter but the dot, so these expand to the name itself.
SELF = re.compile(r"( [-+?~]?include:)%\{[do][.\-+,/_=]*\}(?= |$)",
                  re.IGNORECASE)
KNOWN = re.compile(r" (exp|redirect)=", re.IGNORECASE)


PLAIN_LOOKUP = spf.DNSLookup
FAILING = {name for name, entries in REVERSE.items() if "SERVFAIL" in entries}
FAILING |= {n + "." + POOL for n, e in HOSTS.items() if "SERVFAIL" in e}


class Corrected(spf.query):
    """The query of python3-spf, with rules as they are asked for."""

    def __init__(self, case, rules):
        self.rules = rules
        super().__init__(i=case.client, s=case.sender, h=case.helo)

    def verdict(self):
        spf.DNSLookup = self.lookup
        return self.check()[0]

    def lookup(self, name, kind, strict=True, timeout=20):
        if "server-failure" in self.rules and name.lower() in FAILING:
            raise spf.TempError("server failure")
        return PLAIN_LOOKUP(name, kind, strict, timeout)

    def dns_spf(self, name):
        text = super().dns_spf(name)
        return text and self.rewrite(text, name)

    def rewrite(self, text, name):
        if "visible" in self.rules and re.search("[^ -~]", text):
            raise spf.PermError("a control character")
        if "macro-grammar" in self.rules and MACRO.search(text):
            raise spf.PermError("a macro")
        if "macro-case" in self.rules:
            text = REVERSED.sub(r"\1r", text)
        if "modifier-case" in self.rules:
            text = KNOWN.sub(lambda m: m[0].lower(), text)
        if "unknown-modifiers" in self.rules:
            text = UNKNOWN.sub(lambda m: " n%d%s" % (m.start(), m[1]),
                               text)
        if "unused-redirect" in self.rules and ALL.search(text) and (
                len(REDIRECT.findall(text)) == 1):
            text = REDIRECT.sub("", text)
        if "self-include" in self.rules:
            # The same name, but not to a comparison of bytes.
            text = SELF.sub(lambda m: m[1] + name.swapcase(), text)
        return text

    def dns(self, name, kind, cnames=None, ignore_void=False):
        if "alias-void" in self.rules and cnames is not None:
            ignore_void = True
        return super().dns(name, kind, cnames, ignore_void)

    def dns_mx(self, name):
        if "first-match" not in self.rules:
            return super().dns_mx(name)
        hosts = sorted(self.dns(name, "MX"))
        if len(hosts) > 10:
            raise spf.PermError("more than 10 MX")
        return (a for _, host in hosts for a in self.dns_a(host, self.A))

    def cidrmatch(self, addresses, length):
        match = super().cidrmatch
        return any(match([a], length) for a in addresses)

    def validated_ptrs(self):
        try:
            return super().validated_ptrs()
        except spf.TempError:
            if "ptr-failure" not in self.rules:
                raise
            return []


class Differential:
    def __init__(self, seed, count):
        self.cases = make_cases(seed, count)
        self.server = spftest.Server()
        self.server.serve(make_zone(self.cases))
        self.site = spftest.Site(DNS_TIMEOUT)
        self.words = collections.Counter()
        self.used = collections.Counter()
        self.false_passes = 0

    def ours(self, case):
        return self.site.ask(case.client, case.helo, case.sender).word

    def theirs(self, case, rules=()):
        return Corrected(case, rules).verdict()

    def explanation(self, case, word):
        """The fewest rules that make python3-spf come to our word, or
        None."""
        for size in (1, 2, 3):
            for rules in itertools.combinations(RULES, size):
                if self.theirs(case, set(rules)) == word:
                    return rules
        return None

    def compare(self, case, word):
        """None where all is well, else what is not."""
        self.words[word] += 1
        other = self.theirs(case)
        if word == other:
            return None
        rules = self.explanation(case, word)
        if rules:
            self.used[" + ".join(rules)] += 1
            return None
        self.false_passes += word == "pass"
        return "%sclient %s helo %s sender %s\n  record: %r\n" \
            "  lmtpd: %s, python3-spf: %s, corrected: %s" % (
                "FALSE PASS: " if word == "pass" else "", case.client,
                case.helo, case.sender, case.record, word, other,
                self.theirs(case, set(RULES)))

    def batch(self, first):
        cases = self.cases[first:first + BATCH]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            words = list(pool.map(self.ours, cases))
        self.server.queries.clear()
        wrong = list(filter(None, map(self.compare, cases, words)))
        check(not wrong, "%d disagreements without an explanation\n%s"
              % (len(wrong), "\n".join(wrong)))

    def summary(self):
        for word, count in sorted(self.words.items()):
            comment("%-10s %5d" % (word, count))
        for rules, count in self.used.most_common():
            comment("explained by %s: %d" % (rules, count))
        equal(self.false_passes, 0, "false passes")
        equal(sum(self.words.values()), len(self.cases), "records judged")

    def varied(self):
        """A generator gone stale would prove nothing."""
        for word in ("pass", "fail", "neutral", "softfail", "permerror",
                     "temperror"):
            check(self.words[word] >= len(self.cases) // 100, "few " + word)
        explained = sum(self.used.values())
        check(explained <= len(self.cases) // 5,
              "%d of %d had to be explained" % (explained, len(self.cases)))


# The same records at each run: a red test must mean that something changed.
# To look for news, give another seed.
SEED = 7208


def main():
    arguments = [int(a) for a in sys.argv[1:]]
    sys.argv[1:] = []
    seed = arguments[0] if arguments else SEED
    count = arguments[1] if len(arguments) > 1 else COUNT
    comment("seed %d, %d records" % (seed, count))
    for name, (section, says) in RULES.items():
        comment("%s: %s (RFC 7208, %s)" % (name, says, section))
    difference = Differential(seed, count)
    for first in range(0, count, BATCH):
        CASES.append((
            "records %d to %d of seed %d: python3-spf agrees, or a rule tells"
            " why" % (first, first + BATCH - 1, seed),
            difference.batch, (first,)))
    CASES.append(("no false pass in %d records" % count,
                  difference.summary, ()))
    CASES.append(("the records were varied", difference.varied, ()))
    run()


if __name__ == "__main__":
    main()
