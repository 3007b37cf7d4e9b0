# SPDX-License-Identifier: GPL-2.0
"""Instructions of an operation, on one kernel or several side by side."""
import argparse
from collections import Counter
from pathlib import Path

from . import figures, svg
from .results import (NO_BAR, columns, read_bars, reported, write_csv, write_lines)

# (contender, operation) -> kernel -> instructions, in the order in which they were reported.
Costs = dict[tuple[str, str], dict[str, str]]


def read(runs: dict[str, Path]) -> Costs:
    """Read lines CONTENDER|OPERATION|OPERATIONS|INSTRUCTIONS of each kernel's report."""
    costs: Costs = {}
    for kernel, path in runs.items():
        for _, line in reported(path):
            contender, operation, count, total = line.split("|")
            each = f"{int(total) / int(count):.1f}"
            costs.setdefault((contender, operation), {})[kernel] = each
    return costs


def is_ours(contender: str) -> bool:
    return contender.startswith("dualtree")


def table(costs: Costs, kernels: list[str], bars: dict) -> str:
    """A line for each row, an empty one where the contender changes."""
    layout = "<20 <42 " + ">10 " * len(kernels) + ">8 >8"
    lines = [columns(layout, "contender", "operation", *kernels, "must", "goal")]
    last = None
    for row, cost in costs.items():
        if last and row[0] != last:
            lines.append("")
        last = row[0]
        lines.append(columns(layout, *row, *(cost.get(k, "") for k in kernels),
                             *bars.get(row, NO_BAR)))
    return "\n".join(lines)


def against(costs: Costs) -> list[tuple]:
    """Compare each row of ours with the rows of the same name of other contenders."""
    lines = []
    for (ours, operation), cost in costs.items():
        for (peer, other), theirs in costs.items():
            if is_ours(ours) and not is_ours(peer) and other == operation:
                name = operation + ours.removeprefix("dualtree")
                lines += [(f"counted, {kernel}", name, peer, cost[kernel], theirs[kernel],
                           "instructions") for kernel in cost if kernel in theirs]
    return lines


def picture(costs: Costs, kernel: str) -> str:
    """The operations that several contenders have; variants of dualtree are extra."""
    here = {row: float(cost[kernel]) for row, cost in costs.items() if kernel in cost}
    having = Counter(op for who, op in here if who == "dualtree" or not is_ours(who))
    shared = [op for op in dict.fromkeys(op for _, op in here) if having[op] >= 2]
    contenders = [who for who in dict.fromkeys(who for who, _ in here)
                  if any((who, op) in here for op in shared)]
    rows = [(op, {who: (here[who, op],) for who in contenders if (who, op) in here})
            for op in shared]
    return svg.dots(f"Instructions of an operation, Linux {kernel}", "instructions", rows,
                    contenders)


ARGUMENTS = {"runs": {"nargs": "+", "metavar": "KERNEL=REPORT", "help": "what guests reported"}}


def run(args: argparse.Namespace) -> None:
    """Print the table; leave cost.csv, cost.against, cost.bars, a plot for each kernel, and the
    figure of a packet."""
    runs = {kernel: Path(path) for kernel, path in (text.split("=", 1) for text in args.runs)}
    costs, bars = read(runs), read_bars("cost", 2)
    cells = [(kernel, row, each) for row, cost in costs.items() for kernel, each in cost.items()]
    write_csv(args.out / "cost.csv", "kernel,contender,operation,instructions,must,goal",
              ((kernel, *row, each, *bars.get(row, NO_BAR)) for kernel, row, each in cells))
    write_lines(args.out / "cost.against", against(costs))
    write_lines(args.out / "cost.bars", (
        (f"counted, {kernel}", ", ".join(row), each, *bars[row], "instructions")
        for kernel, row, each in cells if row in bars))
    print(table(costs, list(runs), bars))
    for kernel in runs:
        (args.out / f"cost-{kernel}.svg").write_text(picture(costs, kernel), encoding="utf-8")
    first = next(iter(runs))
    figures.leave(args.out, "packet", figures.packet_rows(
        (*row, each) for kernel, row, each in cells if kernel == first))
