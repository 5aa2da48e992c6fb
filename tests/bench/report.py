"""How bench tells what it measured: as a table, or as JSON."""

import json
import os
import statistics
import sys

COLUMNS = "%-48s %8s %8s  %-18s %4s  %6s %8s  %-18s %-18s"
PEERS = ("Dovecot", "Postfix")
AGAINST_BAR = 1.05


def size_name(size):
    return "%d %s" % ((size >> 10, "KiB") if size < 1 << 20 else
                      (size >> 20, "MiB"))


def load_name(load):
    return "%s, %d session%s, %s" % (
        size_name(load.size), load.sessions, "s" * (load.sessions > 1),
        "one" if load.one else "each")


def spread(values):
    """Median, least, most."""
    return statistics.median(values), min(values), max(values)


def ratios(costs, base, what="cpu"):
    return [getattr(c, what) / getattr(b, what) if getattr(b, what) else 0.0
            for c, b in zip(costs, base)]


def in_brackets(values):
    return "%.2f [%.2f, %.2f]" % spread(values)


def machine():
    uname = os.uname()
    return {"kernel": uname.release, "architecture": uname.machine,
            "cores": os.cpu_count(), "load": os.getloadavg()}


class Bars:
    """What was over its bar, as it is measured."""

    def __init__(self):
        self.over = []

    def hold(self, name, median, bar):
        if bar and median > bar:
            self.over.append("%s: %.2f, bar %s" % (name, median, bar))

    def words(self):
        return "\n".join(["over its bar (is the machine quiet?):", *self.over]
                         ) if self.over else "every bar holds"


class Table:
    def __init__(self):
        self.bars = Bars()
        m = machine()
        print("kernel %s, %d cores, load %s" % (
            m["kernel"], m["cores"], " ".join("%.2f" % x for x in m["load"])))

    def figures(self, figures):
        for f in figures:
            median, least, most = spread(f.samples)
            print("%-62s %9.2f %-4s %-22s%s" % (
                f.name, median, f.unit, "[%.2f, %.2f]" % (least, most)
                if len(f.samples) > 1 else "",
                "bar %s" % f.bar if f.bar else ""), flush=True)
            self.bars.hold(f.name, median, f.bar)

    def head(self, options, why_no_peers, with_spf):
        print("\nmedians of %d rounds [least, most]; CPU x: by the floor's; "
              "each: a connection for each message, one: for all"
              % options.rounds)
        print("peers: CPU x of all their processes, Postfix's with its queue"
              if not why_no_peers else "no peers: " + why_no_peers)
        if not with_spf:
            print("no SPF: only root can make it a name server")
        print(COLUMNS % ("", "floor ms", "lmtpd ms", "lmtpd CPU x", "bar",
                         "wall x", "KiB peak", *[p + " CPU x" for p in PEERS]),
              flush=True)

    def cell(self, cell, costs):
        names = list(costs)
        floor, lmtpd = costs[names[0]], costs[names[1]]
        print(COLUMNS % (
            cell.name, "%.3f" % spread([c.cpu for c in floor])[0],
            "%.3f" % spread([c.cpu for c in lmtpd])[0],
            in_brackets(ratios(lmtpd, floor)), cell.bar or "",
            "%.2f" % spread(ratios(lmtpd, floor, "wall"))[0],
            max(c.peak for c in lmtpd),
            *[in_brackets(ratios(costs[p], floor)) if p in costs else ""
              for p in PEERS]), flush=True)
        self.bars.hold(cell.name, spread(ratios(lmtpd, floor))[0], cell.bar)
        for name in names[2:]:
            if name not in PEERS:
                against = "  against " + name.partition(", ")[2]
                of_it = spread(ratios(lmtpd, costs[name]))
                print("%-48s %26s  (bar %s)" % (
                    against, "%.3f [%.3f, %.3f]" % of_it, AGAINST_BAR))
                self.bars.hold(cell.name + against, of_it[0], AGAINST_BAR)

    def end(self):
        print("\n" + self.bars.words())


def triple(values):
    return dict(zip(("median", "min", "max"), spread(values)))


class Json:
    def __init__(self):
        self.all = {"machine": machine(), "figures": [], "cells": []}

    def figures(self, figures):
        self.all["figures"] += [
            {"name": f.name, "unit": f.unit, "bar": f.bar,
             **triple(f.samples)} for f in figures]

    def head(self, options, why_no_peers, with_spf):
        self.all.update(rounds=options.rounds, spf=with_spf,
                        no_peers=why_no_peers)

    def cell(self, cell, costs):
        floor = next(iter(costs.values()))
        told = {}
        for name, runs in costs.items():
            told[name] = {
                "cpu_ms": triple([c.cpu for c in runs]),
                "wall_ms": triple([c.wall for c in runs]),
                "cpu_ratio": triple(ratios(runs, floor)),
                "wall_ratio": triple(ratios(runs, floor, "wall")),
                "peak_kib": max(c.peak or 0 for c in runs) or None}
        self.all["cells"].append({
            "name": cell.name, **cell.load._asdict(), "variant": cell.variant,
            "bar": cell.bar, "handlers": told})

    def end(self):
        json.dump(self.all, sys.stdout, indent=2)
        print()
