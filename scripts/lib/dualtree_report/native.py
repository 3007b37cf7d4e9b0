# SPDX-License-Identifier: GPL-2.0
"""Nanoseconds of an operation in user-mode Linux, and of other allocators' in the same run."""
import argparse
from pathlib import Path

from . import svg
from .conditions import config_words, host, wrap
from .results import (NO_BAR, REPORT, columns, quartiles, read_bars, reported, spread, write_csv,
                      write_lines)

HEADER = ("operation,contender,rounds,ns,quartile,quartile,dualtree of it,quartile,quartile,must,"
          "goal")
LAYOUT = "<26 <24 >24 >23 >6 >6"
# What of the kernel's configuration bears on the times.
CONFIG = ("CC_OPTIMIZE_FOR_PERFORMANCE SMP PREEMPT_COUNT SLUB SLUB_DEBUG SLAB_FREELIST_HARDENED "
          "SLAB_FREELIST_RANDOM MEMCG TRACEPOINTS JUMP_LABEL RETPOLINE HZ")

# (contender, operation) -> nanoseconds of each round.
Times = dict[tuple[str, str], list[float]]


def read(report: Path) -> Times:
    """Read lines CONTENDER|OPERATION|ROUND|OPERATIONS|NANOSECONDS."""
    times: Times = {}
    for _, line in reported(report):
        contender, operation, _, count, total = line.split("|")
        times.setdefault((contender, operation), []).append(int(total) / int(count))
    return times


def summary(times: Times) -> list[list[str]]:
    """The columns of HEADER: medians and quartiles of an operation's time; and where it is not
    ours, what dualtree takes of that: the ratio of the medians, and the quartiles of the ratios in
    a round."""
    bars, rows = read_bars("native", 2), []
    for (who, what), rounds in times.items():
        theirs, ours = quartiles(rounds), times.get(("dualtree", what))
        row = [what, who, str(len(rounds)), *(f"{value:.2f}" for value in theirs)]
        if who.startswith(("dualtree", "baseline")) or not ours:
            row += [""] * 5
        else:
            ratios = quartiles([a / b for a, b in zip(ours, rounds)])
            row += [f"{value:.3f}" for value in (quartiles(ours)[0] / theirs[0], *ratios[1:])]
            row += bars.get((what, who), NO_BAR)
        rows.append(row)
    return rows


def table(rows: list[list[str]]) -> str:
    """A line for each row, an empty one before another operation, if it is no baseline."""
    lines = [columns(LAYOUT, "operation", "contender", "ns, median (quartiles)",
                     "dualtree takes of it", "must", "goal")]
    last = ""
    for what, who, _, *numbers, must, goal in rows:
        if last and what != last and who != "baseline":
            lines.append("")
        last = what
        ratio = spread(".2f", [float(cell) for cell in numbers[3:]]) if numbers[3] else ""
        lines.append(columns(LAYOUT, what, who, spread(".1f", [float(cell) for cell in numbers[:3]]),
                             ratio, must, goal))
    return "\n".join(lines)


def without_irqsave(rows: list[list[str]]) -> str:
    """SLUB's fast path takes no irqsave on x86, and here one each way."""
    ns = {(row[1], row[0]): float(row[3]) for row in rows}
    lines = []
    for what in (operation for who, operation in ns if who == "kmalloc"):
        theirs = ns["kmalloc", what] - 2 * ns["baseline", "irqsave"]
        lines.append(columns(LAYOUT, what, "kmalloc less 2 x irqsave", f"{theirs:.1f}",
                             f"{ns['dualtree', what] / theirs:.2f}").rstrip())
    return "\n".join(lines)


def against(rows: list[list[str]]) -> list[tuple]:
    """dualtree EXACT_FIT is compared as well."""
    return [("native", ours[0] + ours[1].removeprefix("dualtree"), row[1], ours[3], row[3], "ns")
            for row in rows if not row[1].startswith(("dualtree", "baseline"))
            for ours in rows if ours[0] == row[0] and ours[1].startswith("dualtree")]


def picture(rows: list[list[str]]) -> str:
    """A dot for each median, a line from quartile to quartile."""
    operations: dict[str, svg.Values] = {}
    for what, who, _, *numbers in rows:
        if who != "baseline":
            operations.setdefault(what, {})[who] = tuple(float(cell) for cell in numbers[:3])
    contenders = list(dict.fromkeys(row[1] for row in rows if row[1] != "baseline"))
    return svg.dots("What an operation takes, natively (user-mode Linux, one CPU)",
                    "nanoseconds of an operation", list(operations.items()), contenders)


def conditions(args: argparse.Namespace) -> str:
    """Under what it was measured; the host had other things to do as well."""
    text = [args.conditions, wrap("Configuration: " + config_words(args.config, CONFIG), 96, 4),
            f"Host: {host(args.load)}"]
    for _, line in reported(args.report, "time"):
        had, lasted = (int(word) for word in line.split("|"))
        text.append(f"Pinned to CPU {args.cpu}, of which it had {had * 100 / lasted:.0f} % "
                    f"({had / 1e9:.1f} s of {lasted / 1e9:.1f} s); times are of what it had")
    return "\n".join(text)


ARGUMENTS = {
    **REPORT,
    "--config": {"type": Path, "required": True, "help": "the kernel's .config"},
    "--conditions": {"required": True, "help": "a line for the head"},
    "--load": {"required": True, "help": "the host's load at the start"},
    "--cpu": {"required": True, "help": "which one of the host's it was pinned to"},
}


def run(args: argparse.Namespace) -> None:
    """Print conditions and table; leave native.csv, .against, .bars and the plot."""
    rows = summary(read(args.report))
    write_csv(args.out / "native.csv", HEADER, rows)
    write_lines(args.out / "native.against", against(rows))
    write_lines(args.out / "native.bars", (
        ("native", f"{row[0]}, of {row[1]}", f"{float(row[6]):.2f}", *row[9:], "")
        for row in rows if row[9] or row[10]))
    print(conditions(args), table(rows), without_irqsave(rows), sep="\n\n")
    (args.out / "native-ns.svg").write_text(picture(rows), encoding="utf-8")
