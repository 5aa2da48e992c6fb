#!/usr/bin/python3
"""The suite once more, built with AddressSanitizer, LeakSanitizer and
UndefinedBehaviorSanitizer.

They need system calls, memory and files that the sandbox denies, so that each
program of that build takes itself for confined and is not: see
sanitize_options.c.  A second build, whose undefined behaviour is a trap and
needs nothing from the system, is confined, and what is tested there is just
that.  Needs $srcdir, $builddir, $CLANG, $FUZZ_CC."""

import glob
import os
import re
import shutil
import signal
import subprocess
import time

import variant
from taptest import Skip, case, check, comment, equal, run
from variant import RIGS, figure

CLANG = os.environ.get("CLANG", "clang")
LOGS = os.path.join(variant.BUILDDIR, "variant", "sanitize.logs")
OPTIONS = LOGS + "/../sanitize_options.o"
COMMON = "-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined " \
         "-fsanitize="

# The sandbox is what these are about.
CONFINED = ["test_confine.py", "test_resolver.py"]
# So are some cases of these, and others are a program's in its sandbox.
TRAPPED = CONFINED + ["corpus.py", "test_domain.py", "test_faults.py",
                      "test_input_text.py", "test_keeper.py",
                      "test_privsep.py", "test_spf.py"]
# One run for each call of a run, minutes of it; and an SPF that is not ours.
LEFT_OUT = ["calls.py", "memory.py", "test_announce_kill.py",
            "test_state_kill.py", "differential.py"]
EXCUSED = {
    "corpus.py": [(what, "it is not confined") for what in (
        "limit", "filter", "memory is nobody's", "confined",
        "cannot be had", "opens the converters")],
    "faults.py": [("confined and not as root", "it is not confined")],
    "test_faults.py": [("an engine may not fork", "its limits are not set")],
    "test_import.py": [("less than 64 MiB", "a sanitizer's own is counted")],
    "test_input_text.py": [("no memory for it", "a sanitizer's own is counted"),
                           ("lmtptext's own, of memory", "the same")],
    "test_limits.py": [("a client that never reads, over", "the same"),
                       ("memory does not grow", "the same")],
    "test_privsep.py": [("secrets are in the monitor", "a sanitizer's own is "
                         "searched, and more than can be")],
}

address = variant.Variant("address", "CC=" + CLANG,
                          "CFLAGS=" + COMMON + "address,undefined")
trap = variant.Variant("trap", "CC=" + CLANG, "CFLAGS=" + COMMON +
                       "undefined -fsanitize-trap=undefined",
                       "--enable-static-libs")


def need_clang():
    if "false" in (CLANG, os.environ.get("FUZZ_CC")):
        raise Skip("no clang with sanitizers")


def behaviour():
    """All that behave, by name; not those that start an MTA, for what it sends
    others send."""
    return {os.path.basename(test): test for test in variant.listed()
            if re.match("tests/(behaviour|faults|spf|text)/.*py$", test)}


def known(names):
    """Each is a test, or one of lmtptext where that is not built."""
    tests = behaviour()
    for name in names:
        check(name in tests or "text" in name or name == "corpus.py",
              "no test is called " + name)
    return names


def reports():
    """What the sanitizers told; read once.  One that was killed before its
    first word left nothing but the file, and one that a test leaves too little
    memory told just that."""
    found = []
    for path in sorted(glob.glob(LOGS + "/*")):
        with open(path, errors="replace") as f:
            found.append(f.read())
        os.unlink(path)
    return [text for text in found
            if text and "you're using ulimit -v" not in text]


def run_tests(tree, what, tests, programs, excused=()):
    """All of them pass, and no sanitizer had anything to say."""
    started = time.monotonic()
    results = tree.check(tests, programs)
    figure("%s: %s of %d programs in %.0f s" % (
        what, variant.count(results.values()), len(tests),
        time.monotonic() - started))
    found = reports()
    for text in found[:5]:
        comment(text[:6000])
    wrong = variant.judge(results, excused)
    if found:
        wrong.append("%d reports of a sanitizer" % len(found))
    check(not wrong, "\n".join(wrong))


# Told to, it makes the fault of a number, confined like an engine.
BAD = r"""
#include <sys/resource.h>
#include <sys/syscall.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	volatile int i = INT_MAX;
	char *volatile p = malloc(8);

	(void)argv;
	if (setrlimit(RLIMIT_NOFILE, &none) || setrlimit(RLIMIT_FSIZE, &none) ||
	    syscall(SYS_seccomp, 0, 0, NULL))
		return 0;
	if (argc == 1)
		p[argc * 8] = 1;
	else if (argc == 2)
		i += argc;
	if (argc < 3)
		free(p);
	p = NULL;
	return 0;
}
"""


def compile_bad(tree, *arguments):
    """Its name is like that of what is confined."""
    program = tree.path("lmtpd-bad")
    with open(program + ".c", "w") as f:
        f.write(BAD)
    flags = tree.arguments[1][len("CFLAGS="):].split()
    subprocess.run([CLANG, "-D_GNU_SOURCE", *flags, "-o", program,
                    program + ".c", *arguments], check=True)
    return program


@case("the tree builds with ASan and UBSan")
def _():
    need_clang()
    shutil.rmtree(LOGS, ignore_errors=True)
    os.makedirs(LOGS)
    os.chmod(LOGS, 0o1777)
    subprocess.run([CLANG, "-D_GNU_SOURCE", "-c", "-o", OPTIONS,
                    '-DSANITIZE_LOG="%s/report"' % LOGS,
                    variant.SRCDIR + "/tests/build/sanitize_options.c"],
                   check=True)
    address.variables = ["LIBS=" + OPTIONS]
    address.build("all", *RIGS, *variant.unit_tests())


@case("the sanitizers see what they are for")
def _():
    """A heap overflow, a leak and an overflow of an int are reported."""
    need_clang()
    bad = compile_bad(address, OPTIONS)
    for count, what in ((1, "heap-buffer-overflow"),
                        (2, "signed integer overflow"),
                        (3, "detected memory leaks")):
        subprocess.run([bad] + ["x"] * (count - 1), env={})
        found = reports()
        equal(len(found), 1, "reports")
        check(what in found[0], found[0])


@case("every unit test is clean under ASan, LSan and UBSan")
def _():
    need_clang()
    tests = variant.unit_tests()
    run_tests(address, "sanitizers, units", tests, tests)


@case("the behaviour tests are clean under ASan, LSan and UBSan")
def _():
    need_clang()
    left_out = known(CONFINED + LEFT_OUT)
    run_tests(address, "sanitizers, behaviour",
              [test for name, test in behaviour().items()
               if name not in left_out], RIGS, EXCUSED)


@case("the tree builds with undefined behaviour as a trap")
def _():
    need_clang()
    address.remove()
    trap.build("all", *RIGS)


@case("its small libraries are linked in, as it was configured")
def _():
    need_clang()
    for name, shared in (("lmtpd", {"libc"}),
                         ("lmtpctl", {"libc", "libcsv", "libjansson"})):
        told = subprocess.run(["readelf", "-d", trap.path("lmtpd/" + name)],
                              stdout=subprocess.PIPE, text=True, check=True)
        equal(set(re.findall(r"NEEDED.*\[(\w+)\.so", told.stdout)), shared,
              name)


@case("the trap is there")
def _():
    need_clang()
    done = subprocess.run(["prlimit", "--core=0", compile_bad(trap), "x"])
    equal(done.returncode, -signal.SIGILL, "its end")


@case("what is confined is free of undefined behaviour")
def _():
    need_clang()
    trapped = known(TRAPPED)
    run_tests(trap, "UBSan with the sandbox on",
              [test for name, test in behaviour().items()
               if name in trapped], RIGS)
    trap.remove()


run()
