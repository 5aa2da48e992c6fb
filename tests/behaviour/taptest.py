"""A TAP runner with named cases, and the assertions they use."""

import os
import re
import signal
import sys
import time
import traceback

PATIENCE = 10           # seconds for anything that should take none
CASE_SECONDS = 120
CASES = []


class Skip(Exception):
    """This machine or user cannot run the case; the text says why."""


def case(name, *args):
    """Register the decorated function, called with args, as a named case."""
    def register(function):
        CASES.append((name, function, args))
        return function
    return register


def table(pattern, rows):
    """A case for each row; pattern is formatted with the row's elements."""
    def register(function):
        for row in rows:
            CASES.append((pattern.format(*row), function, tuple(row)))
        return function
    return register


def run():
    """Run the cases (those whose name has an argument's text) and exit."""
    signal.signal(signal.SIGALRM, _too_slow)
    wanted = sys.argv[1:]
    cases = [c for c in CASES
             if not wanted or any(w in c[0] for w in wanted)]
    print("1..%d" % len(cases), flush=True)
    failed = 0
    for number, (name, function, args) in enumerate(cases, 1):
        started = time.monotonic()
        word, note = "ok", ""
        signal.alarm(CASE_SECONDS)
        try:
            function(*args)
        except Skip as why:
            note = " # SKIP %s" % why
        except Exception:
            word = "not ok"
            failed += 1
            comment(traceback.format_exc())
        signal.alarm(0)
        print("%s %d - %s%s" % (word, number, _clean(name), note), flush=True)
        if "LMTPTEST_TIMES" in os.environ:
            comment("%.2f s" % (time.monotonic() - started))
    sys.exit(1 if failed else 0)


def _clean(name):
    """A name as TAP can bear it: one line, no directive."""
    return "".join(c if c.isascii() and c.isprintable()
                   else c.encode("unicode_escape").decode()
                   for c in name).replace("#", "\\#")


def _too_slow(_signal, _frame):
    raise AssertionError("the case took too long")


def comment(text):
    for line in text.splitlines():
        print("#", line.encode("ascii", "backslashreplace").decode())


def equal(got, want, what="value"):
    if got != want:
        raise AssertionError("%s\n  got:  %r\n  want: %r" % (what, got, want))


def match(pattern, text, what="text"):
    if not re.search(pattern, text):
        raise AssertionError("%s\n  got:     %r\n  pattern: %r"
                             % (what, text, pattern))


def check(truth, what):
    if not truth:
        raise AssertionError(what)


def need_root():
    if os.getuid() != 0:
        raise Skip("needs root")


def wait_for(condition, what, patience=PATIENCE):
    """Poll until condition() is true and return what it returned."""
    limit = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        check(time.monotonic() < limit, "waited in vain for " + what)
        time.sleep(0.005)
