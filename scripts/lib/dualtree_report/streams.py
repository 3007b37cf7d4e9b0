# SPDX-License-Identifier: GPL-2.0
"""Footprint of many streams and many CPUs, all in.

A guest reports "streams results" lines as bench/streams.c has them.
"""
import argparse

from .results import REPORT, columns, ratio, read_bars, reported, write_csv

HEADER = "case,allocator,CPUs,streams,live each,all each,held each,all/live,held/live,peak,mean,bar"
LAYOUT = "<16 <10 >4 >7 >9 >9 >9 >8 >9 >6 >6 >7"

# Of 10,000 streams are those that the bars are about, and what is computed.
MANY = 10000
COMPUTED = 100000

# Which column the bar of a case is for.
COLUMN = {"movers": 10, "quiet": 5, "audio": 7, "audio, 7 s later": 7, "message": 6,
          "keepalive": 6}
BYTES = (5, 6)


def row(line: str, bars: dict) -> list:
    """The columns of HEADER."""
    name, allocator, *numbers = line.split("|")
    cpus, streams, live, everything, held, peak, mean = map(int, numbers)
    bar = bars.get((f"{name} {cpus}",), [""])[0] if allocator == "dualtree" else ""
    if name == "quiet" and (streams != MANY or live != 200 * MANY):
        bar = ""
    dualtree = allocator == "dualtree"
    return [name, allocator, cpus, streams, live // streams, everything // streams,
            held // streams if dualtree else "",
            ratio(everything, live), ratio(held, live) if dualtree else "",
            ratio(peak, 1000) if peak else "", ratio(mean, 1000) if mean else "", bar]


def computed(rows: list[list]) -> list[list]:
    """What COMPUTED streams would take, by what each of MANY took."""
    return [["computed", *line[1:3], COMPUTED, *line[4:6], "", line[7], *[""] * 4] for line in rows
            if line[0] == "quiet" and line[3] == MANY]


def bar_rows(rows: list[list]) -> list[tuple]:
    """For the report: what has a bar."""
    return [("many streams", f"{line[0]}, {line[2]} CPUs", line[COLUMN[line[0]]], line[-1], "",
             "bytes" if COLUMN[line[0]] in BYTES else "times") for line in rows if line[-1]]


ARGUMENTS = REPORT


def run(args: argparse.Namespace) -> None:
    """Print the table; leave footprint-streams.csv, and add to footprint.bars."""
    bars = read_bars("streams", 1)
    rows = [row(line, bars) for _, line in reported(args.report)]
    write_csv(args.out / "footprint-streams.csv", HEADER, rows)
    with (args.out / "footprint.bars").open("a", encoding="utf-8") as file:
        file.writelines("|".join(map(str, line)) + "\n" for line in bar_rows(rows))
    for line in [HEADER.split(","), *rows, *computed(rows)]:
        print(columns(LAYOUT, *line))
    print(f"bytes; {COMPUTED} streams are not measured but computed, from {MANY}")
