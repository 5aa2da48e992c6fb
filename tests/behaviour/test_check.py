#!/usr/bin/python3
"""lmtpctl check: 0 clean, 1 warnings, 2 errors, and what it says of each."""

import os
import subprocess
import tempfile

from taptest import Skip, case, equal, match, run, table

HERE = os.path.dirname(os.path.abspath(__file__))
LMTPCTL = os.environ.get("LMTPCTL", HERE + "/../../build/lmtpd/lmtpctl")
SHIPPED = HERE + "/../../conf"

CLEAN = """trusted-peers = {"root"} backend "b" { command = {"/bin/true"} }
channel "c" { recipient = "*@c.example"  backend = "b" }
account "a" {
  forwarding-user = "u"
  KEY
  channel "c" { GRANT }
  email "a@b.example" { security = {"192.0.2.1"} }
  SOURCE
}
"""


NOBODY = 65534
ROOT = os.geteuid() == 0


def check(text, mode=0o640, owner=NOBODY, **environment):
    """Exit status and output, the directory cut out.  Root is asked as it
    would be on a site: the state directory is lmtpd's (owner), the file is
    root's and readable by lmtpd's group."""
    with tempfile.TemporaryDirectory() as site:
        path = site + "/m"
        state = site + "/state"
        with open(path, "wb") as f:
            f.write(text.encode("utf-8", "surrogateescape"))
        os.mkdir(state)
        os.chmod(site, 0o755)
        if ROOT:
            os.chown(path, 0, NOBODY)
            os.chown(state, owner, owner)
        os.chmod(path, mode)
        done = subprocess.run([LMTPCTL, "-f", path, "check"], timeout=20,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env={**os.environ, **environment,
                                   "LMTPD_STATE_DIR": state})
    equal(done.stderr, b"", "standard error")
    return done.returncode, done.stdout.decode().replace(site + "/", "")


def clean(key="", grant="", source=""):
    return (CLEAN.replace("KEY", key).replace("GRANT", grant)
            .replace("SOURCE", source))


@case("a clean configuration: 0, and it says so")
def _():
    equal(check(clean()), (0, "configuration OK\n"))


@case("warnings: 1, each on its line")
def _():
    status, output = check(clean(key="enforce = false",
                                 source='ip "192.0.2.2" { }'))
    equal(status, 1, "exit status")
    match(r"\Awarning: m:3: account \"a\": enforce = false .*\n"
          r"warning: m:8: ip \"192\.0\.2\.2\": .*\n\Z", output)


@case("a trusted peer who is no user here is told, with what would be right")
def _():
    text = clean().replace('"root"', '"root", "postfixx", "192.0.2.1", 4294')
    equal(check(text), (
        1, 'warning: m:1: trusted-peers "postfixx": no user of this machine '
        "has that name; the user that the MTA's LMTP client runs as would be "
        "right, his number, or the address of a peer by TCP\n"))


@case("errors: 2, all of them, each on its line")
def _():
    status, output = check("max-hops = 0\n" + clean(
        key="rate = 5", source='domain "*.b.example" { }'))
    equal(status, 2, "exit status")
    match(r"\Aerror: m:1: max-hops = 0: .*\nerror: m:6: rate = .*\n"
          r"error: m:9: domain .*\n\Z", output)


@case("root asks: what lmtpd's user cannot read is an error")
def _():
    if not ROOT:
        raise Skip("needs root")
    status, output = check(clean(), mode=0o600)
    equal(status, 2, "exit status")
    match(r"\Aerror: m:1: cannot be opened \(Permission denied\): .*\n\Z",
          output)


@case("root asks: a state directory of root's is a warning")
def _():
    if not ROOT:
        raise Skip("needs root")
    status, output = check(clean(), owner=0)
    equal(status, 1, "exit status")
    match(r"\Awarning: m:1: state-dir \S+ must be there and belong .*\n\Z",
          output)


@case("no file: 2")
def _():
    done = subprocess.run([LMTPCTL, "-f", "/nowhere/m", "check"], timeout=20,
                          stdin=subprocess.DEVNULL, capture_output=True)
    equal((done.returncode, done.stdout, done.stderr),
          (2, b"error: /nowhere/m:1: cannot be opened (No such file or "
           b"directory): name a file that is there\n", b""))


@case("hostile bytes of the file reach the terminal escaped")
def _():
    status, output = check(clean(key='rate = "\udc9b\u00fc"'))
    equal(status, 2, "exit status")
    match(r"\Aerror: m:5: rate = [ -~]*\n\Z", output)


STRINGS = [
    ("P09", "a character above ASCII 127", "caf\u00e9", "not printable ASCII"),
    ("P10", "a character that no address has", "a(b",
     "a character that no address has"),
    ("P11", "a dot in front", ".abc", "begins or ends with a dot"),
    ("P11", "a dot at the end of an alternative", "x;abc.",
     "alternative 2 begins or ends with a dot"),
    ("P18", "an empty alternative", "abc;;def", "alternative 2 is empty"),
    ("P18", "a string that matches everything", "*",
     "matches every header"),
]


@table("{0} refused in a security string: {1}", STRINGS)
def _(_promise, _name, string, error):
    status, output = check(clean(grant="security-string = '%s'" % string))
    equal(status, 2, "exit status")
    match(r"\Aerror: m:6: security-string: .*%s.*\n\Z" % error, output)
    if len(string) > 1 and string in output:
        raise AssertionError("the secret is told: " + output)


@case("P10 wildcards and blanks are fine in a pattern, P19 ; in a list too")
def _():
    equal(check(clean(grant="security-string = "
                      "'from ?x [;,] hZavjjx5JT1Y2ff*'")),
          (0, "configuration OK\n"))


ADVICE = "warning: m:6: security-string: alternative %d "
SECRET = ADVICE + (
    "is no secret: any sender can write it into a field of their own mail; "
    "put a keyword of 12 or more random letters and digits in its place "
    "(openssl rand -hex 8)\n")
OCTETS = ADVICE + (
    "has octets without an anchor: 22.22.22 also hits 122.22.221; write them "
    'as the field has them, as in "[[]22.22.22.22]"\n')
IPV6 = ADVICE + (
    "has an IPv6 address without an anchor: 2001:db8::1 also hits "
    '2001:db8::12; write it as the field has it, as in '
    '"[[]IPv6:2001:db8::1]"\n')
NEEDLESS = ADVICE + (
    "is never needed: where it stands, alternative 1 is found too; take one "
    "of the two out\n")
KEYWORD = "hZavjjx5JT1Y2ff"

DOUBTS = [
    ("P13", "octets without an anchor", "22.22.22",
     [OCTETS % 1, SECRET % 1]),
    ("P14", "octets with a list at their end", "22.22.22.[1-5]",
     [OCTETS % 1, SECRET % 1]),
    ("P15", "octets behind any run", "Customer*33.33.33.33",
     [OCTETS % 1, SECRET % 1]),
    ("P06", "octets as Received fields have them", "[[]22.22.22.22]",
     [SECRET % 1]),
    ("P06", "an IPv6 address without an anchor", "2001:db8::22",
     [IPV6 % 1, SECRET % 1]),
    ("P07", "the name of a mail server", "mail-server22.b.example",
     [SECRET % 1]),
    ("P07", "a field and a word", "X-Gateway: please", [SECRET % 1]),
    ("P10", "a mail address", "john-smith-1970@b.example", [SECRET % 1]),
    ("P10", "a keyword", KEYWORD, []),
    ("P07", "a field and a keyword", "X-Gateway: " + KEYWORD, []),
    ("P12", "the second alternative alone", KEYWORD + ";sesame",
     [SECRET % 2]),
    ("P12", "two keywords, for a rotation", KEYWORD + ";Qm7nTz04RvB1", []),
    ("P12", "an alternative that holds another",
     "%s;X-Key: %s" % (KEYWORD, KEYWORD), [NEEDLESS % 2]),
]


@table("{0} what is doubtful in a security string is told: {1}", DOUBTS)
def _(_promise, _name, string, warnings):
    equal(check(clean(grant="security-string = '%s'" % string)),
          (1, "".join(warnings)) if warnings else (0, "configuration OK\n"))


@case("P32 an ip source is warned of")
def _():
    status, output = check(clean(source='ip "192.0.2.2" { }'))
    equal(status, 1, "exit status")
    match(r"\Awarning: m:8: ip .*any sender through that server.*\n\Z", output)


@case("P33 a source without a forwarding user is an error")
def _():
    text = clean().replace('forwarding-user = "u"', "")
    status, output = check(text)
    equal(status, 2, "exit status")
    match(r"\Aerror: m:7: \"a@b\.example\" has no forwarding user: ", output)


@case("P48 a secret that everyone can read is an error")
def _():
    status, output = check(clean(grant="security-string = 'abc*'"), 0o644)
    equal(status, 2, "exit status")
    match(r"\Aerror: m:6: security-string is a secret, ", output)


@case("the shipped configuration has one warning, which it explains")
def _():
    with open(SHIPPED + "/lmtpd.conf") as f:
        text = f.read().replace('{"postfix"}', '{"root"}')
    status, output = check(text, LMTPD_DATADIR=SHIPPED)
    equal(status, 1, "exit status")
    match(r"\Awarning: m:\d+: alice@example\.com: security \"none\" .*\n\Z",
          output)


run()
