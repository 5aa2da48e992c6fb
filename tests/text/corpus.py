#!/usr/bin/python3
"""The text of messages, as the real and confined lmtptext has it.

corpus/NAME.eml is a message and NAME.txt what must come of it (without its last
line end); NAME.args has options, a line each, and NAME.err what is said.  Where
there is no NAME.txt the message is refused.  Behind the corpus: what is too
much, what a stranger may not do, and what is asked for wrongly."""

import glob
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../behaviour")

from proctest import descriptors, status  # noqa: E402
from taptest import (case, check, equal, match, need_root, run,  # noqa: E402
                     table, wait_for)

LMTPTEXT = os.environ.get("LMTPTEXT",
                          HERE + "/../../build/lmtpd/lmtptext")
DATAERR, USAGE, SOFTWARE, OSERR = 65, 64, 70, 71
MIB = 1024 * 1024
SECONDS = 60            # none takes as long; its own CPU is limited to 10
CALLS = {"write", "brk", "mmap", "mremap", "munmap", "madvise", "futex",
         "clock_gettime", "getrandom", "restart_syscall", "exit_group"}


def slurp(path, default=b""):
    if not os.path.exists(path):
        return default
    with open(path, "rb") as f:
        return f.read()


def lmtptext(message, *options, **more):
    """Run it as the monitor does: files at 0 and 1, a pipe at 2."""
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as out:
        spool.write(message)
        spool.seek(0)
        more.setdefault("stdin", spool)
        more.setdefault("stdout", out)
        done = subprocess.run([LMTPTEXT, *options], stderr=subprocess.PIPE,
                              timeout=SECONDS, env={}, **more)
        out.seek(0)
        return done.returncode, out.read(), done.stderr.decode()


def want(message, options, text, error="", code=0):
    got = lmtptext(message, *options)
    equal((got[1].decode("utf-8", "backslashreplace"), got[2], got[0]),
          (text, error, code), "text, stderr, exit code")


def refused(message, options, why):
    want(message, options, "", why + "\n", DATAERR)


# -- the corpus ---------------------------------------------------------------

NAMES = sorted(os.path.basename(path)[:-4]
               for path in glob.glob(HERE + "/corpus/*.eml"))


@case("there are 60 messages at least, and nothing beside them")
def _():
    check(len(NAMES) >= 60, "%d messages" % len(NAMES))
    for name in os.listdir(HERE + "/corpus"):
        check(re.fullmatch(r"(.*)\.(eml|txt|args|err)", name) and
              name.rpartition(".")[0] in NAMES, name)


@table("{0}", [(name,) for name in NAMES])
def _(name):
    base = HERE + "/corpus/" + name
    text = slurp(base + ".txt", None)
    want(slurp(base + ".eml"), slurp(base + ".args").decode().splitlines(),
         "" if text is None else text.decode()[:-1],
         slurp(base + ".err").decode(), DATAERR if text is None else 0)


# -- what is too much ---------------------------------------------------------

def nested(depth):
    """Multiparts in each other, and a text in the innermost."""
    yield b"Subject: Deep\n"
    for i in range(depth):
        yield (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n"
               % (i, i))
    yield b"Content-Type: text/plain\n\nbottom\n"
    for i in reversed(range(depth)):
        yield b"--b%d--\n" % i


@case("50 parts in each other: the text of the innermost")
def _():
    want(b"".join(nested(50)), [], "Deep\nbottom")


@table("{0} parts in each other: refused", [(51,), (2000,), (10000,)])
def _(depth):
    refused(b"".join(nested(depth)), [],
            "5.6.0 parts of the message are nested more than 50 deep")


@case("10,000 parts side by side: the text of each")
def _():
    want(b"Content-Type: multipart/mixed; boundary=b\n\n" +
         b"--b\n\nx\n" * 10000 + b"--b--\n", [], "x\n" * 9999 + "x")


@case("10,000 alternatives that say nothing: refused")
def _():
    refused(b"Content-Type: multipart/alternative; boundary=b\n\n" +
            b"--b\n\n\n" * 10000 + b"--b--\n", [],
            "5.6.0 no text in the message")


@case("10 MiB of attachment: the text beside it")
def _():
    line = b"QUJD" * 18 + b"\n"
    want(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee it\n"
         b"--b\nContent-Type: image/jpeg; name=a.jpg\n"
         b"Content-Transfer-Encoding: base64\n\n" +
         line * (10 * MIB // len(line)) + b"--b--\n", [], "See it")


@table("10 MiB of {0}: all of it", [
    ("plain text", "text/plain; charset=utf-8", "Zürich, ".encode()),
    ("ISO 8859-2", "text/plain; charset=iso-8859-2",
     "gęślą jaźń, ".encode("iso-8859-2")),
    ("flowed text", "text/plain; charset=utf-8; format=flowed",
     b"one two three \n"),
    ("HTML", "text/html; charset=utf-8", b"<b>one</b> two<p>"),
])
def _(_what, kind, unit):
    head = b"Content-Type: %s\nContent-Transfer-Encoding: 8bit\n\n"
    code, text, error = lmtptext(head % kind.encode() +
                                 unit * (10 * MIB // len(unit)))
    equal((code, error), (0, ""))
    check(len(text) > 10 * MIB // 3, "%d bytes" % len(text))


@case("HTML that takes libxml2 for ever: ended by the limit, nothing written")
def _():
    with tempfile.TemporaryFile() as spool:
        spool.write(b"Content-Type: text/html\n\n" + b"<b>" * 2000000 +
                    b"</i>" * 2000000)
        spool.seek(0)
        process = subprocess.Popen([LMTPTEXT], stdin=spool, env={},
                                   stdout=subprocess.PIPE)
        wait_for(lambda: limit(process.pid, "Max cpu time") == ["10", "11"],
                 "a limit")
        # 10 seconds would be as good
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (1, 11))
        text, _ = process.communicate(timeout=SECONDS)
    equal((process.returncode, text), (-signal.SIGXCPU, b""))


@case("a million parts: ended where memory does, nothing written")
def _():
    code, text, _ = lmtptext(b"Content-Type: multipart/mixed; boundary=b\n\n" +
                             b"--b\n\nx\n" * 1500000)
    check(code < 0, "exit code %d" % code)
    equal(text, b"")


@case("40 MiB of euro signs, thrice as much in UTF-8: over the memory limit")
def _():
    code, text, error = lmtptext(
        b"Content-Type: text/plain; charset=windows-1252\n\n" +
        b"\x80" * (40 * MIB))
    equal((code, len(text), error),
          (SOFTWARE, 0, "5.6.0 the text takes too much memory\n"))


@case("a message over 256 MiB: refused before it is read")
def _():
    with tempfile.TemporaryFile() as big:
        os.truncate(big.fileno(), 256 * MIB + 1)
        equal(lmtptext(b"", stdin=big),
              (DATAERR, b"", "5.3.4 a message over 256 MiB is not read for "
                             "its text\n"))


# -- what a stranger may do ---------------------------------------------------

class Blocked:
    """A confined lmtptext whose text has no room in the pipe it goes to."""

    def __enter__(self):
        self.spool = tempfile.TemporaryFile()
        self.spool.write(b"\n" + b"0123456789" * 100000)
        self.spool.seek(0)
        # one more than the monitor would give: it must be closed
        self.process = subprocess.Popen(
            [LMTPTEXT], stdin=self.spool, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=[self.spool.fileno()], env={})
        wait_for(lambda: status(self.process.pid, "Seccomp") == "2",
                 "a filter")
        return self.process.pid

    def __exit__(self, *_why):
        text, error = self.process.communicate(timeout=SECONDS)
        self.spool.close()
        equal((len(text), error, self.process.returncode), (1000000, b"", 0))


def limit(pid, name):
    with open("/proc/%d/limits" % pid) as f:
        for line in f:
            if line.startswith(name + "  "):
                return line[len(name):].split()[:2]
    raise KeyError(name)


@case("it runs with a filter, without privileges, and cannot gain any")
def _():
    with Blocked() as pid:
        equal(status(pid, "Seccomp"), "2")
        equal(status(pid, "NoNewPrivs"), "1")
        for key in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            equal(int(status(pid, key), 16), 0, key)
        equal(status(pid, "Threads"), "1")


@table("limit of {0}: {1}, and {2}", [
    (name, soft, hard[0] if hard else soft) for name, soft, *hard in [
        ("Max cpu time", 10, 11), ("Max core file size", 0),
        ("Max processes", 0), ("Max open files", 4),
        ("Max file size", 256 * MIB),
        ("Max address space", 256 * MIB + 1000001 + 2),
        ("Max data size", 256 * MIB + 1000001 + 2)]])
def _(name, soft, hard):
    with Blocked() as pid:
        equal(limit(pid, name), [str(soft), str(hard)])


@case("it holds three descriptors, and its memory is nobody's to read")
def _():
    need_root()
    with Blocked() as pid:
        equal(sorted(descriptors(pid)), [0, 1, 2])
        # not dumpable: a user cannot look into it, were it their own
        equal(os.stat("/proc/%d/mem" % pid).st_uid, 0)


def traced(message, *options):
    """The system calls, in order, from the filter on."""
    with tempfile.NamedTemporaryFile("r") as trace:
        with tempfile.TemporaryFile() as spool:
            spool.write(message)
            spool.seek(0)
            done = subprocess.run(
                ["strace", "-f", "-o", trace.name, LMTPTEXT, *options],
                stdin=spool, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                timeout=SECONDS, env={"PATH": "/usr/bin:/bin"})
        lines = trace.read().splitlines()
    calls = [re.sub(r"^\d+ +", "", line) for line in lines]
    at = max(i for i, call in enumerate(calls) if call.startswith("seccomp("))
    return calls[:at], calls[at + 1:], done


@table("{0}: what it does once it is confined", [
    (name,) for name in ("iso-2022-jp", "ks-c-5601", "gb2312-in-truth-gbk",
                         "file-name-in-gb2312", "html-outlook", "utf-7",
                         "subject-glibc-knows-alone", "segments-cut",
                         "segments-seven", "plain-unknown-charset")])
def _(name):
    base = HERE + "/corpus/" + name
    before, after, _ = traced(slurp(base + ".eml"),
                              *slurp(base + ".args").decode().splitlines())
    words = {call.split("(")[0] for call in after
             if not call.startswith(("+++", "---"))}
    check(words <= CALLS, "calls: %s" % (words - CALLS))
    check({"write", "exit_group"} <= words, "calls: %s" % words)
    check(any(c.startswith("landlock_restrict_self(") and c.endswith("= 0")
              for c in before), "no Landlock")
    # what it reads, it reads first
    check(any(c.startswith("read(0,") for c in before), "nothing was read")


@table("it opens the converters that {0} names, and no more", [
    ("koi8-r", {"KOI8-R"}), ("plain-ascii", set()),
    ("plain-utf8-8bit", set()), ("windows-1251", {"CP1251"})])
def _(name, modules):
    before, _, _ = traced(slurp(HERE + "/corpus/%s.eml" % name))
    opened = {m.group(1) for m in (
        re.match(r'openat\(.*gconv/([^/"]+)\.so".*= \d+$', call)
        for call in before) if m}
    # GMime takes this one for header fields that have bytes above 127
    equal(opened, modules | {"ISO8859-1"})


@case("a charset that glibc alone knows: in a text, no file is opened for it")
def _():
    want(b"Subject: =?ebcdic-us?Q?abc?=\n"
         b"Content-Type: text/plain; charset=ibm1047\n\nwords\n", [],
         "abc\nwords")


@table("{0}, a charset that glibc alone knows, in a file's name: the text", [
    ("ibm1047",), ("armscii-8",), ("big5hkscs",)])
def _(name):
    for field in (b"attachment; filename*=%s''%%81%%82",
                  b"attachment; filename=\"=?%s?Q?=81?=\""):
        want(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n"
             b"--b\nContent-Type: image/png\nContent-Disposition: " +
             field % name.encode() + b"\n\nx\n--b--\n", [], "words")


@table("where {0} cannot be had: nothing is parsed", [
    ("landlock_restrict_self", "Landlock"), ("capset", "capset"),
    ("seccomp", "seccomp"), ("prctl", "no_new_privs"),
    ("close_range", "descriptors")])
def _(call, step):
    with tempfile.TemporaryFile() as spool:
        spool.write(b"Subject: x\n\nwords\n")
        spool.seek(0)
        done = subprocess.run(
            ["strace", "-qq", "-e", "trace=" + call, "-e",
             "inject=%s:error=EPERM" % call, "-o", "/dev/null", LMTPTEXT],
            stdin=spool, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=SECONDS, env={"PATH": "/usr/bin:/bin"})
    equal((done.returncode, done.stdout), (OSERR, b""))
    match(step + ": Operation not permitted", done.stderr.decode())


# -- what is asked for --------------------------------------------------------

SIMPLE = b"Subject: One\n\ntwo\n-- \nthree\n"


@table("options {0}: {1!r}", [
    ([], "One\ntwo"),
    (["--text=subject,body"], "One\ntwo"),
    (["--text=body,subject"], "two\nOne"),
    (["--text", "body"], "two"),
    (["--text=subject"], "One"),
    (["--cut-at=two"], "One"),
    (["--cut-at=t*", "--cut-at=-- "], "One"),
    (["--cut-at=three"], "One\ntwo\n--"),
    (["--cut-at="], "One\ntwo\n--\nthree"),
    (["--cut-at=", "--cut-at=th#ee", "--cut-at=[a-t]hr?e"], "One\ntwo\n--"),
    (["--cut-at=TWO"], "One\ntwo\n--\nthree"),
    (["--cut-at=One"], "One\ntwo\n--\nthree"),
    (["--max-segments=0"], "One\ntwo"),
    (["--max-segments=255", "--overflow=refuse"], "One\ntwo"),
    (["--no-sandbox"], "One\ntwo"),
])
def _(options, text):
    want(SIMPLE, options, text)


@table("options {0}: refused", [
    (["--text="], "subject and body"),
    (["--text=subject,subject"], "subject and body"),
    (["--text=subject,body,subject"], "subject and body"),
    (["--text=header"], "header: subject and body"),
    (["--text=subject,"], "subject and body"),
    (["--cut-at=[z-a]"], "character 2: reversed range"),
    (["--cut-at=[a"], "unclosed"),
    (["--max-segments=-1"], "0 to 255"),
    (["--max-segments=256"], "0 to 255"),
    (["--max-segments=3x"], "0 to 255"),
    (["--max-segments="], "0 to 255"),
    (["--overflow=drop"], "refuse or cut"),
    (["--what"], "usage: lmtptext"),
    (["message"], "usage: lmtptext"),
])
def _(options, why):
    code, text, error = lmtptext(SIMPLE, *options)
    equal((code, text), (USAGE, b""))
    match(re.escape(why), error)


@table("a limit of the service's below its own, of {0}: our own fault", [
    ("RLIMIT_AS", 200 * MIB, "memory"), ("RLIMIT_DATA", 200 * MIB, "memory"),
    ("RLIMIT_CPU", 10, "CPU time")])
def _(name, most, what):
    code, text, error = lmtptext(
        SIMPLE, preexec_fn=lambda: resource.setrlimit(
            getattr(resource, name), (most, most)))
    equal((code, text), (OSERR, b""))
    match("limits: the service's own leaves too little " + what, error)


@case("a full disk: our own fault")
def _():
    with open("/dev/full", "w") as full:
        code, _, error = lmtptext(SIMPLE, stdout=full)
    equal(code, OSERR)
    match("standard output: No space left", error)


@case("standard input that cannot be read: our own fault")
def _():
    fd = os.open("/", os.O_RDONLY)
    code, text, error = lmtptext(b"", stdin=fd)
    os.close(fd)
    equal((code, text), (OSERR, b""))
    match("standard input: Is a directory", error)


@case("standard input that is a pipe")
def _():
    done = subprocess.run([LMTPTEXT], input=SIMPLE, capture_output=True,
                          timeout=SECONDS)
    equal((done.returncode, done.stdout), (0, b"One\ntwo"))


@case("a NUL in a message does not end it")
def _():
    want(b"Subject: a\n\nbe\0fore\nafter\n", [], "a\nbefore\nafter")


run()
