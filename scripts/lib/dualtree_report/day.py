# SPDX-License-Identifier: GPL-2.0
"""Memory over a day of streams that come and go, all in.

A guest reports "day results" lines as bench/day.c has them.
"""
import argparse

from . import figures
from .results import REPORT, columns, ratio, reported, write_csv

HEADER = "allocator,hour,streams,live,all,held,all/live,held/live"
LAYOUT = "<10 >5 >8 >10 >10 >10 >9 >9"
# The first hour of the day, in the morning.
FIRST_HOUR = 5
KIB = 1 << 10


def row(line: str) -> list:
    """The columns of HEADER."""
    allocator, *numbers = line.split("|")
    hour, streams, live, everything, held = map(int, numbers)
    ours = allocator == "dualtree"
    return [allocator, hour + FIRST_HOUR, streams, live, everything, held if ours else "",
            ratio(everything, live), ratio(held, live) if ours else ""]


def hourly(rows: list[list]) -> list[list]:
    """For a reader: the time of the day, and KiB."""
    return [[line[0], f"{line[1] % 24}:00", line[2],
             *(cell // KIB if cell != "" else "" for cell in line[3:6]), *line[6:]] for line in rows]


ARGUMENTS = REPORT


def run(args: argparse.Namespace) -> None:
    """Print the table; leave footprint-day.csv and the figure."""
    rows = [row(line) for _, line in reported(args.report)]
    write_csv(args.out / "footprint-day.csv", HEADER, rows)
    figures.leave(args.out, "day", (line[:6] for line in rows))
    for line in [HEADER.split(","), *hourly(rows)]:
        print(columns(LAYOUT, *line).rstrip())
    print("KiB; a day is compressed to some minutes")
