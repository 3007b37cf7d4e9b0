# SPDX-License-Identifier: GPL-2.0
"""The instructions that cost left in two directories, side by side."""
import argparse
from collections import Counter
from pathlib import Path

from .results import columns, read_csv, write_csv

# In percent: what differs by less is the same.
NOISE = 1
LAYOUT = "<8 <20 <42 >10 >10 >8"
KEYS = ("kernel", "contender", "operation")


def change(before: str, after: str) -> tuple[str, str]:
    """Return which count this row belongs to, and the difference in words."""
    if not after or not before or float(before) <= 0:
        return "alone", "-"
    percent = (float(after) / float(before) - 1) * 100
    if abs(percent) < NOISE:
        return "same", ""
    return "more" if percent > 0 else "less", f"{percent:+.0f} %"


ARGUMENTS = {"before": {"type": Path}, "after": {"type": Path}}


def run(args: argparse.Namespace) -> None:
    """Print what differs; leave compare.csv, where a row of one alone has an empty field."""
    costs: dict[tuple[str, ...], list[str]] = {}
    for place, folder in enumerate((args.before, args.after)):
        for line in read_csv(folder / "cost.csv"):
            cost = costs.setdefault(tuple(line[key] for key in KEYS), ["", ""])
            cost[place] = line["instructions"]
    write_csv(args.out / "compare.csv", ",".join(KEYS) + ",before,after",
              ((*key, *cost) for key, cost in costs.items()))
    print(columns(LAYOUT, *KEYS, "before", "after", ""))
    counts: Counter = Counter()
    for key, cost in costs.items():
        kind, words = change(*cost)
        counts[kind] += 1
        if kind != "same":
            print(columns(LAYOUT, *key, *cost, words))
    print(f"\n{counts['less']} take less, {counts['more']} more, {counts['same']} the same within "
          f"{NOISE} %, {counts['alone']} are in one alone")
