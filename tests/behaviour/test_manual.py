#!/usr/bin/python3
"""The examples of the manual, typed as they stand: each does what it says, and
what is shown below a command is what the command prints.  Root runs it in a
network of its own (tests/spf/netns)."""

import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../spf")

import spftest                                              # noqa: E402

spftest.enter()

from desk import MANUAL, Desk, pattern, take_apart          # noqa: E402
from lmtptest import LMTPD                                  # noqa: E402
from taptest import Skip, check, equal, match, run, table   # noqa: E402

LMTPTEXT = os.environ.get("LMTPTEXT", os.path.dirname(LMTPD) + "/lmtptext")
INSTALLED = "/usr/local/libexec/lmtpd/lmtptext"


def examples(page, least):
    """[(page, what is said in front, the block)] of a page's EXAMPLES."""
    with open(MANUAL + page, encoding="utf-8") as f:
        text = f.read().split("\n.Sh EXAMPLES\n")[1].split("\n.Sh ")[0]
    pieces = ("\n.Pp\n" + text).split("\n.Bd -literal -offset indent\n")
    found = []
    for before, piece in zip(pieces, pieces[1:]):
        said = before.split("\n.Pp\n")[-1].replace("\n", " ")
        block = (piece + "\n").split("\n.Ed\n")[0]
        found.append((page, re.sub(r"(^| )\.\w+ ", " ", said).strip(),
                      block.replace(r"\e", "\\").replace(r"\&", "")))
    check(len(found) >= least, "examples of %s: %r" % (page, found))
    return found


@table("{0}: {1}", examples("lmtpctl.8", 18) + examples("lmtptext.1", 2) + [
    one for one in examples("lmtpd.8", 2) if "lmtpd -d" in one[2]])
def _(page, said, block):
    if page == "lmtptext.1" and not os.access(LMTPTEXT, os.X_OK):
        raise Skip("built without lmtptext")
    if "jq " in block and not shutil.which("jq"):
        raise Skip("no jq")
    typed, shown = take_apart(block.replace(INSTALLED, LMTPTEXT))
    with Desk("received" if "address does" in said else "xforward") as site:
        site.prepare(block)
        asks = "import" in typed and not re.search("--yes|--dry-run", typed)
        status, got = (site.answer if asks else site.type)(typed)
        if shown is None:
            equal(status, 0, "exit status of %s: %s" % (typed, got))
        else:
            match(pattern(shown, site), " ".join(got.split()), typed)
        if "lmtpd -d" in block:
            match(r"(?m)^250 2\.1\.5 ", got, "RCPT")


run()
