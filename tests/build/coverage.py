#!/usr/bin/python3
"""How much of the pure files, those that read what strangers wrote and those
that judge it, the unit tests and the corpora of the fuzz targets run through.
Counted by gcc and gcov.  Needs $srcdir, $builddir."""

import glob
import os
import re
import shutil
import subprocess

import variant
from taptest import Skip, case, check, comment, equal, run, table
from variant import SRCDIR, figure

BAR = 90                # per cent of lines, in each file
# What reads a stranger's bytes or the configuration's words, and what judges.
PURE = """
    addr authorise authres conf_rule conf_scan conf_string conf_text conf_value
    csvfile delivery dns_answer email encword engine factor header identity idn
    inspect ip judge keyword like like_jump like_scan like_token lint_string
    lmtp lmtp_text lmtp_valid number origin received record rules rules_place
    rules_recipient rules_sender seen_text security source_kind spf spf_macro
    spf_record text_buf text_clean text_cut text_flowed text_html text_names
    text_segments text_utf8 unstuff verdict xforward
""".split()
# What is not counted, so that a new file is sorted by whoever writes it.
REST = """
    admit backend deliver delivery_id errand extract handover host keeper
    landlock launch lmtpd message monitor newcomer orphans output peer privsep
    reply report resolver resolver_run sandbox scrub stop transaction
    calls seccomp
    dns lmtpd-resolver spf_client spf_eval spf_lib
    lmtptext text_charset text_mime
    conf conf_account conf_backend conf_check conf_file conf_make conf_node
    conf_parse conf_say conf_take envelope policy
    announce announce_add announce_queue announce_text done domains mailer
    mailer_head msg notice notice_text rate seen seen_count state table
    table_make users
    clock log
    ctl_check ctl_domain ctl_explain ctl_export ctl_import ctl_load ctl_lookup
    ctl_match ctl_seen ctl_spf ctl_sweep editor explain import import_row
    import_show import_tell import_twice lint lint_state lmtpctl progress
""".split()
# These start programs, or wait.
WAITING = r"announce|mailer|notice|reply|resolver"

tree = variant.Variant("coverage", "CC=gcc", "CFLAGS=-O0 -g --coverage")
covered = {}
# Its target includes it.
ENGINE = "tests/fuzz/replay_engine-fuzz_engine"


def fuzz_targets():
    return [os.path.basename(p)[len("fuzz_"):-2]
            for p in variant.sources("tests/fuzz/fuzz_*.c")]


def flags(*packages):
    return subprocess.run(["pkg-config", "--cflags", "--libs", *packages],
                          check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()


def read_gcov():
    """{file: (per cent, lines)}"""
    said = subprocess.run(
        ["gcov", "-n", *glob.glob("lmtpd/*.gcda", root_dir=tree.dir),
         ENGINE + ".gcda"], cwd=tree.dir, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True).stdout
    return {os.path.basename(name)[:-2]: (float(part), int(lines))
            for name, part, lines in re.findall(
                r"^File '([^']*/?lmtpd/[^/']*\.c)'\n"
                r"Lines executed:([0-9.]+)% of (\d+)", said, re.M)}


@case("the tree builds with its lines counted")
def _():
    if not (shutil.which("gcc") and shutil.which("gcov")):
        raise Skip("no gcc, or no gcov")
    tree.build("all")
    # every file that has no main, for the fuzz targets to pick from
    tree.do(["ar", "rcs", "pure.a", *[
        "lmtpd/" + os.path.basename(p) for p in glob.glob(
            tree.path("lmtpd/*.o"))]])


@case("every file is one that is counted, or one that is not")
def _():
    there = {os.path.basename(p)[:-2] for p in variant.sources("lmtpd/*.c")}
    equal(there - set(PURE + REST), set(), "add to PURE or REST")
    equal(set(PURE + REST) - there, set(), "no longer there")


@case("the unit tests of the pure files pass in it")
def _():
    tests = [t for t in variant.unit_tests()
             if not re.match("test_(%s)" % WAITING, os.path.basename(t))]
    check(len(tests) > 40, "unit tests to run: %r" % tests)
    variant.judge_all(tree.check(tests, tests))


@table("the corpus of {0} goes through its target", [
    (name,) for name in fuzz_targets()])
def _(name):
    program = "tests/fuzz/replay_" + name
    tree.do(["gcc", "--coverage", "-O0", "-g", "-std=gnu11", "-D_GNU_SOURCE",
              "-Ilmtpd", "-Wno-deprecated", "-o", program,
              "tests/build/coverage_replay.c",
              "tests/fuzz/fuzz_%s.c" % name, "pure.a",
              *flags("libbsd-overlay", "libcdb", "libidn2", "libxml-2.0"),
              "-lcsv",
              "-lresolv"])
    files = sorted(glob.glob("%s/tests/fuzz/corpus/%s/*" % (SRCDIR, name)))
    check(files, "a corpus")
    said = tree.do([program, *files])
    check("%d inputs" % len(files) in said, said)


@case("every file is counted")
def _():
    covered.update(read_gcov())
    check(covered, "gcov told nothing")
    for name in PURE:
        if name in covered:
            comment("%-20s %6.2f %% of %4d lines"
                    % (name + ".c", *covered[name]))
    lines = sum(covered[name][1] for name in PURE)
    ran = sum(covered[name][0] * covered[name][1] / 100 for name in PURE)
    least = min(PURE, key=lambda name: covered[name][0])
    figure("coverage of %d pure files: %.1f %% of %d lines, least %.1f %% "
           "(%s.c)" % (len(PURE), 100 * ran / lines, lines,
                       covered[least][0], least))
    tree.remove()


@table("{0}.c: %d %% of its lines or more" % BAR, [(name,) for name in PURE])
def _(name):
    check(name in covered, "no line of it was counted")
    part, lines = covered[name]
    check(part >= BAR, "%.2f %% of %d lines" % (part, lines))


run()
