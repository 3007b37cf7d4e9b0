# SPDX-License-Identifier: GPL-2.0
"""How it grows with CPUs, instances and memory, of what host/growth reports.

    cpus results PATTERN|CPUS|ALLOCATOR|OPERATIONS|ACCESSES|LINES|REMOTE|REMOTE LINES|PACKET|BUSIEST
    instances results MODE|INSTANCES|PAIRS|ACCESSES|LINES|0|BYTES
    times results MODE|INSTANCES|PAIRS|0|0|NANOSECONDS|BYTES
    memory results WHAT|NUMBER

A remote access is one for which a cache line has to come from another CPU, or be taken from one.
"""
import argparse
from pathlib import Path
from typing import NamedTuple

from . import plot
from .growth import growth
from .results import columns, reported, write_csv

CPUS_HEADER = ("pattern,CPUs,allocator,operations,accesses,lines,remote,remote lines,"
               "remote of the packet,remote of the busiest line")
# Below so many CPUs a packet's two may be one, or what was another's is often the same one's.
FROM_CPUS = 4
# Columns of the table; the fits have all.
SHOWN_CPUS = (1, 2, 4, 16, 64)
GIB = 1 << 30
MEMORY = [GIB << shift for shift in range(0, 11, 2)]


class Cost(NamedTuple):
    """What an operation took: an allocation and its free."""
    accesses: float
    lines: float
    remote: float
    remote_lines: float
    packet: float
    busiest: float


# (pattern, allocator) -> CPUs -> cost.
Costs = dict[tuple[str, str], dict[int, Cost]]


def read_cpus(report: Path) -> tuple[Costs, list[list[str]]]:
    """The costs, and the rows of CPUS_HEADER."""
    costs: Costs = {}
    rows = []
    for name, line in reported(report):
        if name != "cpus":
            continue
        pattern, cpus, allocator, operations, *totals = line.split("|")
        cost = Cost(*(int(total) / int(operations) for total in totals))
        costs.setdefault((pattern, allocator), {})[int(cpus)] = cost
        rows.append([pattern, cpus, allocator, operations, *(f"{value:.4f}" for value in cost)])
    return costs, rows


def words(line: dict[int, Cost]) -> str:
    """Which growth it is."""
    return growth([(cpus, cost.remote) for cpus, cost in line.items() if cpus >= FROM_CPUS],
                  bounded=True)


def cpus_table(costs: Costs) -> str:
    """Remote accesses of the allocator's calls, by CPUs, and the growth in words."""
    layout = "<36 <9 " + ">6 " * len(SHOWN_CPUS) + " <40"
    lines = [columns(layout, "packets of 1500 bytes", "allocator", *SHOWN_CPUS,
                     f" n = {FROM_CPUS}..{max(SHOWN_CPUS)} CPUs")]
    for (pattern, allocator), line in costs.items():
        cells = (f"{line[cpus].remote:.2f}" if cpus in line else "-" for cpus in SHOWN_CPUS)
        lines.append(columns(layout, pattern if allocator == "dualtree" else "", allocator, *cells,
                             f" {words(line)}").rstrip())
    return "\n".join(lines)


def most_table(costs: Costs) -> str:
    """All that an operation takes with the most CPUs."""
    layout = "<36 <9 >9 >6 >7 >8 >8 >8"
    cpus = max(max(line) for line in costs.values())
    lines = [columns(layout, f"with {cpus} CPUs", "allocator", "accesses", "lines", "remote",
                     "in lines", "packet's", "busiest")]
    for (pattern, allocator), line in costs.items():
        cost = line[cpus]
        lines.append(columns(layout, pattern if allocator == "dualtree" else "", allocator,
                             *(f"{value:.1f}" for value in cost[:2]),
                             *(f"{value:.2f}" for value in cost[2:])))
    return "\n".join(lines)


def cpus_plot(costs: Costs) -> str:
    """A colour for each pattern in which packets change CPUs, a dash for the other allocator."""
    patterns = list(dict.fromkeys(pattern for (pattern, _), line in costs.items()
                                  if line[max(line)].remote))
    allocators = list(dict.fromkeys(allocator for _, allocator in costs))
    blocks, plots = "", []
    for (pattern, allocator), line in costs.items():
        if pattern not in patterns:
            continue
        name = f"line{len(plots) + 1}"
        blocks += plot.block(name, ((cpus, f"{cost.remote:.3f}") for cpus, cost in line.items()))
        plots.append(f"${name} using 1:2 with linespoints linetype {patterns.index(pattern) + 1} "
                     f"dashtype {allocators.index(allocator) + 1} notitle")
    plots += [f'keyentry with linespoints linetype {i} title "{pattern}"'
              for i, pattern in enumerate(patterns, 1)]
    plots += [f'keyentry with lines linetype {plot.BLACK} dashtype {i} title "{allocator}"'
              for i, allocator in enumerate(allocators, 1)]
    return f"""\
set logscale x 2
set yrange [0:*]
set xlabel "CPUs"
set ylabel "remote accesses of an operation"
{blocks}plot {", ".join(plots)}"""


def instance_rows(report: Path) -> list[list]:
    """Mode, instances, accesses, lines and nanoseconds of a pair, bytes of an instance."""
    rows: dict[tuple[str, int], list] = {}
    for name, line in reported(report):
        if name not in ("instances", "times"):
            continue
        mode, *numbers = line.split("|")
        nr, pairs, accesses, lines, ns, held = map(int, numbers)
        row = rows.setdefault((mode, nr), [mode, nr, "-", "-", "-", held // nr])
        if name == "times":
            row[4] = f"{ns / pairs:.0f}"
        else:
            row[2:4] = [f"{accesses / pairs:.0f}", f"{lines / pairs:.0f}"]
    return sorted(rows.values(), key=lambda row: (row[0], row[1]))


def instances_text(rows: list[list]) -> str:
    """The table, and each mode's growth in words."""
    layout = "<12 >9 >9 >6 >8 >12"
    text = [columns(layout, "a pair in", "instances", "accesses", "lines", "ns", "bytes of one")]
    text += [columns(layout, *row) for row in rows]
    for mode in dict.fromkeys(row[0] for row in rows):
        line = [row for row in rows if row[0] == mode]
        for what, column in (("accesses", 2), ("bytes of one", 5)):
            points = [(row[1], float(row[column])) for row in line if row[column] != "-"]
            text.append(f"{mode}, {what}: {growth(points)}")
    return "\n".join(text)


def memory_rows(report: Path) -> list[list]:
    """Memory, and what is computed of the parts: bytes of the table's arrays; of all records if
    pools hold all of that memory; per cent."""
    parts = {what: int(value) for name, line in reported(report) if name == "memory"
             for what, value in [line.split("|")]}
    rows = []
    for memory in MEMORY if parts else []:
        arenas = memory // parts["arena"]
        arrays = 2 * -(-arenas // parts["spans of a block"]) * parts["array block"]
        records = arenas * parts["of an arena"]
        rows.append([memory, arrays, arenas, records, f"{(arrays + records) / memory * 100:.2f}"])
    return rows


def size(count: float) -> str:
    """Bytes, in the largest unit of which there is one."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024:
            break
        count /= 1024
    return f"{count:.0f} {unit}" if count == int(count) or count >= 100 else f"{count:.1f} {unit}"


def memory_table(rows: list[list]) -> str:
    """As memory_rows() says."""
    layout = "<10 >16 >12 >16 >10"
    text = [columns(layout, "memory", "table's arrays", "arenas", "their records", "per cent")]
    text += [columns(layout, size(memory), size(arrays), f"{arenas:,}", size(records), percent)
             for memory, arrays, arenas, records, percent in rows]
    return "\n".join(text)


ARGUMENTS = {
    "report": {"type": Path, "help": "what the programs of host/growth reported"},
}


def run(args: argparse.Namespace) -> None:
    """Print the tables; leave growth.csv, growth-instances.csv, growth-memory.csv and a plot."""
    costs, rows = read_cpus(args.report)
    instances, memory = instance_rows(args.report), memory_rows(args.report)
    write_csv(args.out / "growth.csv", CPUS_HEADER + ",growth",
              (row + [words(costs[row[0], row[2]])] for row in rows))
    write_csv(args.out / "growth-instances.csv",
              "a pair in,instances,accesses,lines,ns,bytes of one", instances)
    write_csv(args.out / "growth-memory.csv", "memory,arrays,arenas,records,per cent", memory)
    print("CPUs: remote accesses of an operation, by a model of caches; a packet's own bytes apart",
          cpus_table(costs), "", most_table(costs), "",
          "Instances: one pair of 1500 bytes in each in turn, on one CPU", instances_text(instances),
          "", "Memory: computed of parts that were measured; records if pools hold all of it",
          memory_table(memory), sep="\n")
    plot.draw(args.out / "growth.svg", "Accesses to lines of other CPUs, by a model of caches",
              cpus_plot(costs))
