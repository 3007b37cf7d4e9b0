# SPDX-License-Identifier: GPL-2.0
"""Frees on another CPU than the allocation's, and packets from CPU to CPU."""
import argparse
from collections import defaultdict
from pathlib import Path

from . import plot
from .results import (NO_BAR, REPORT, columns, quartiles, ratio, read_bars, reported, spread,
                      write_csv, write_lines)

PIPE_HEADER = ("shape,rounds,dualtree ns,quartile,quartile,kmalloc ns,quartile,quartile,"
               "ratio of medians,quartile,quartile,must,goal")


def remote_rows(report: Path) -> list[tuple]:
    """Of lines CONTENDER|ROW|OPERATIONS|NANOSECONDS: (row, ours, theirs, ratio)."""
    times: dict[str, dict[str, float]] = {}
    for name, line in reported(report):
        if name == "remote":
            contender, row, count, total = line.split("|")
            times.setdefault(row, {})[contender] = round(int(total) / int(count), 1)
    return [(row, each["dualtree"], each["kmalloc"],
             ratio(each["dualtree"], each["kmalloc"]))
            for row, each in times.items()]


def pipe_rows(report: Path) -> list[list]:
    """Of lines SHAPE|CONTENDER|PACKETS|NANOSECONDS, one for each run, the columns of PIPE_HEADER:
    a ratio's quartiles are those of the ratios in one round."""
    runs: dict[str, dict[str, list[float]]] = {}
    for name, line in reported(report):
        if name == "pipe":
            shape, contender, packets, total = line.split("|")
            each = runs.setdefault(shape, defaultdict(list))
            each[contender].append(int(total) / int(packets))
    bars = read_bars("pipe", 1)
    rows = []
    for shape, each in runs.items():
        ours, theirs = quartiles(each["dualtree"]), quartiles(each["kmalloc"])
        rounds = quartiles([a / b for a, b in zip(each["dualtree"], each["kmalloc"])])
        rows.append([shape, len(each["kmalloc"]), *(f"{value:.4g}" for value in ours + theirs),
                     *(f"{value:.2f}" for value in (ours[0] / theirs[0], *rounds[1:])),
                     *bars.get((shape,), NO_BAR)])
    return rows


def pipe_table(rows: list[list]) -> str:
    """Medians with quartiles."""
    layout = "<14 >24 >24 >20 >6 >6"
    head = [columns(layout, "producers ->", "dualtree ns a packet", "kmalloc ns a packet", "ratio",
                    "must", "goal"),
            columns(layout, "consumers", "median (quartiles)", "median (quartiles)",
                    "medians (of rounds)")]
    return "\n".join(head + [
        columns(layout, row[0], spread(".0f", numbers[:3]), spread(".0f", numbers[3:6]),
                spread(".2f", numbers[6:]), *row[11:])
        for row in rows for numbers in [[float(cell) for cell in row[2:11]]]])


def pipe_plot(rows: list[list]) -> str:
    """A point for each median, a bar from quartile to quartile."""
    return f"""\
set ylabel "nanoseconds a packet"
set yrange [0:*]
{plot.block("d", (row[:1] + row[2:8] for row in rows))}\
set xrange [-0.5:{len(rows) - 0.5}]
plot $d using ($0 - 0.05):2:3:4:xtic(1) with yerrorbars title "dualtree", \
$d using ($0 + 0.05):5:6:7 with yerrorbars title "kmalloc\""""


ARGUMENTS = {
    **REPORT, "--where": {"required": True, "help": "under what it was measured, in few words"}}


def run(args: argparse.Namespace) -> None:
    """Print both tables; leave remote.csv, .against, .bars, remote-pipe.csv and its plot."""
    rows, pipes = remote_rows(args.report), pipe_rows(args.report)
    write_csv(args.out / "remote.csv", "operation,dualtree ns,kmalloc ns,ratio", rows)
    write_csv(args.out / "remote-pipe.csv", PIPE_HEADER, pipes)
    write_lines(args.out / "remote.against", [
        (args.where, name, "kmalloc", ours, theirs, "ns") for name, ours, theirs, _ in rows] + [
        (args.where, f"packets {row[0]}", "kmalloc", f"{float(row[2]):.0f}", f"{float(row[5]):.0f}",
         "ns") for row in pipes])
    write_lines(args.out / "remote.bars", (
        (args.where, f"packets {row[0]}, of kmalloc", row[8], *row[11:], "") for row in pipes))
    print(columns("<26 >10 >10 >8", "1500 B", "dualtree", "kmalloc", "ratio"))
    for name, ours, theirs, part in rows:
        print(columns("<26 >10 >10 >8", name, f"{ours} ns", f"{theirs} ns", part))
    print("\n" + pipe_table(pipes))
    plot.draw(args.out / "remote-pipe.svg", "Packets that one CPU allocates and another frees",
              pipe_plot(pipes))
