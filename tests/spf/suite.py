#!/usr/bin/python3
"""The OpenSPF suites of RFC 7208 and RFC 4408, and pyspf's own, put to the
real resolver over real DNS packets.  No case may pass where its suite forbids
it, whatever the table of differences says."""

import concurrent.futures
import os

import spftest
from taptest import CASES, check, comment, equal, run

SUITES = "/usr/share/gocode/src/blitiri.com.ar/go/spf/testdata"
DNS_TIMEOUT = 4         # seconds: what a case with a silent name costs
AT_ONCE = 4
SIZES = {"rfc7208": 203, "rfc4408": 191, "pyspf": 16}

# Where an older suite expects something else, or leaves open what RFC 7208
# decides: our word, and the section of RFC 7208 that decides.
DIFFERENCES = {
    # Records of type SPF (99) are gone, only TXT counts.
    ("rfc4408", "txtonly"): ("fail", "3.1"),
    ("rfc4408", "spfonly"): ("none", "3.1"),
    ("rfc4408", "spftimeout"): ("fail", "3.1"),
    ("rfc4408", "txttimeout"): ("temperror", "3.1, 4.4"),
    ("rfc4408", "nospftxttimeout"): ("temperror", "3.1, 4.4"),
    ("rfc4408", "spfoverride"): ("fail", "3.1"),
    ("rfc4408", "multitxt1"): ("permerror", "3.2, 4.5"),
    ("rfc4408", "multispf2"): ("pass", "3.1"),
    # A DNS error ends the check, it is no mismatch.
    ("rfc4408", "exists-dnserr"): ("temperror", "5"),
    # An IPv4 client never matches ip6, mapped or not.
    ("rfc4408", "cidr6-0-ip4"): ("neutral", "5"),
    ("rfc4408", "cidr6-ip4"): ("neutral", "5"),
    # Over ten MX hosts is an error, not a random ten of them.
    ("rfc4408", "mx-limit"): ("permerror", "4.6.4"),
    # "default=" is an unknown modifier; "ambiguous" is pyspf's own word.
    ("pyspf", "default-modifier"): ("neutral", "6, 4.7"),
    ("pyspf", "default-modifier-harsh"): ("neutral", "6, 4.7"),
}


class Scenario:
    """Cases that share a zone; all of them are asked when the first is."""

    def __init__(self, server, site, data):
        self.server = server
        self.site = site
        self.data = data
        self.verdicts = None

    def ask(self, test):
        return self.site.ask(test["host"], test["helo"], test["mailfrom"])

    def verdict(self, name):
        tests = self.data["tests"]
        if self.verdicts is None:
            self.server.serve(self.data["zonedata"])
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                self.verdicts = {n: pool.submit(self.ask, test)
                                 for n, test in tests.items()}
        return self.verdicts[name].result()

    def explain(self, name):
        """Ask once more, alone, and show what led to the verdict."""
        test = self.data["tests"][name]
        self.server.serve(self.data["zonedata"])
        verdict = self.ask(test)
        comment("client %(host)s helo %(helo)s sender %(mailfrom)s" % test)
        spftest.show(verdict, self.server)


def right_words(suite, name, test):
    """What the suite allows, and what we say."""
    allowed = test["result"]
    allowed = allowed if isinstance(allowed, list) else [allowed]
    if (suite, name) in DIFFERENCES:
        return allowed, [DIFFERENCES[suite, name][0]]
    return allowed, allowed


def run_case(suite, scenario, name):
    allowed, right = right_words(suite, name, scenario.data["tests"][name])
    word = scenario.verdict(name).word
    if word not in right or (word == "pass" and word not in allowed):
        scenario.explain(name)
        check(word != "pass", "FALSE PASS, want " + " or ".join(right))
        check(False, "%s, want %s" % (word, " or ".join(right)))


def check_size(suite, count):
    """A suite that shrank would pass unseen."""
    equal(count, SIZES[suite], "cases of the suite")


def add_suite(yaml, suite, server, site):
    count = 0
    with open("%s/%s-tests.yml" % (SUITES, suite), encoding="utf-8") as f:
        for number, data in enumerate(yaml.safe_load_all(f), 1):
            scenario = Scenario(server, site, data)
            title = data.get("description", "part %d" % number)
            for name in data["tests"]:
                label = "%s: %s: %s" % (suite, title, name)
                if (suite, name) in DIFFERENCES:
                    label += " (RFC 7208, %s)" % DIFFERENCES[suite, name][1]
                CASES.append((label, run_case, (suite, scenario, name)))
                count += 1
    CASES.append(("%s: all %d cases were there" % (suite, SIZES[suite]),
                  check_size, (suite, count)))


def main():
    spftest.enter()
    try:
        import yaml
    except ImportError:
        spftest.skip_all("python3-yaml is not installed")
    if not os.path.isdir(SUITES):
        spftest.skip_all("golang-blitiri-go-spf-dev is not installed")
    server = spftest.Server()
    site = spftest.Site(DNS_TIMEOUT)
    for suite in SIZES:
        add_suite(yaml, suite, server, site)
    run()


if __name__ == "__main__":
    main()
