"""README's sections, and what stands indented in them."""

import os
import re

from taptest import check, equal

SRCDIR = os.environ.get("srcdir", os.path.dirname(os.path.abspath(__file__))
                        + "/../..")


def read(name):
    with open(SRCDIR + "/" + name, encoding="utf-8") as f:
        return f.read()


def blocks(heading):
    """The blocks of a section, a text each."""
    text = read("README").split("\n%s\n%s\n" % (heading, "-" * len(heading)))
    equal(len(text), 2, "sections " + heading)
    text = re.split(r"\n[^\n]+\n-+\n", text[1])[0] + "\n"
    return [re.sub(r"(?m)^    ", "", found)
            for found in re.findall(r"(?m)((?:^    .*\n)+)", text)]


def block(heading, start):
    """The one that begins so."""
    found = [one for one in blocks(heading) if one.startswith(start)]
    check(found, "%s: no block that begins with %s" % (heading, start))
    return found[0]
