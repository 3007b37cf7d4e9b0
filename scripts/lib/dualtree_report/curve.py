# SPDX-License-Identifier: GPL-2.0
"""How cost grows: tables, plots, and what growth it is.

All pictures and words are made of curve.csv. Counted curves have one cost for each point; the
curve of CPUs has nanoseconds, of all CPUs together, once for each round.
"""
import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from . import plot
from .growth import growth
from .results import columns, quartiles, read_csv, reported, spread, write_csv, write_lines


class Point(NamedTuple):
    """One cost of an operation."""
    contender: str
    operation: str
    x: int
    cost: float


Rates = dict[str, dict[int, list[float]]]

# What x is, and the title.
CURVES = {
    "size": ("bytes", "Size: instructions of an operation, against bytes of a block"),
    "live": ("live allocations", "Live: instructions of a free and an allocation, in random order, "
             "against what lives"),
    "extents": ("free extents", "Extents: instructions of a free and an allocation, against free "
                "extents"),
    "instances": ("instances", "Instances: instructions of a pair, round robin, against instances"),
    "cpus": ("CPUs", "CPUs: pairs a second on so many CPUs at once"),
}
# A contender has the same colour in all curves.
KNOWN = ("dualtree", "dualtree EXACT_FIT", "kmalloc", "gen_pool first fit", "page_frag",
         "alloc_pages")


def csv_rows(reports: Iterable[Path]) -> list[list]:
    """Of lines CONTENDER|OPERATION|X|OPERATIONS|TOTAL."""
    rows = []
    for path in reports:
        for curve, line in reported(path):
            *names, x, count, total = line.split("|")
            rows.append([curve, *names, x, count, total, f"{int(total) / int(count):.4f}"])
    return rows


def unique(items: Iterable) -> list:
    """Each item once, in the order in which they come first."""
    return list(dict.fromkeys(items))


def lines_of(points: list[Point]) -> dict[tuple[str, str], dict[int, float]]:
    """The cost at each x of each contender's operation."""
    lines: dict[tuple[str, str], dict[int, float]] = {}
    for point in points:
        lines.setdefault(point[:2], {})[point.x] = point.cost
    return lines


def tables(points: list[Point], label: str) -> str:
    """A table for each operation, with a column for each contender."""
    lines, text = lines_of(points), []
    for operation in unique(point.operation for point in points):
        costs = {who: line for (who, what), line in lines.items() if what == operation}
        layout = "<24 " + ">18 " * len(costs)
        text += ["", columns(layout, operation, *costs), f"{label:<24}"]
        for x in sorted({x for line in costs.values() for x in line}):
            cells = (f"{line[x]:.1f}" if x in line else "-" for line in costs.values())
            text.append(columns(layout, x, *cells))
    return "\n".join(text + [""])


def growths(points: list[Point]) -> str:
    """A line in words for each line of the plot."""
    text = ["growth, by the best fit:"]
    for name, line in lines_of(points).items():
        xs = list(line)
        text.append(f"  {', '.join(name):<40} n = {f'{xs[0]}..{xs[-1]}':<12} "
                    f"{growth(list(line.items()))}")
    return "\n".join(text)


def plot_commands(points: list[Point], label: str, base: int) -> str:
    """Both axes logarithmic; x has ticks at powers of base. A contender has a colour, an operation
    a dash; where there is one contender, an operation has a colour."""
    lines = lines_of(points)
    who, what = unique(name for name, _ in lines), unique(name for _, name in lines)
    colours = unique([*KNOWN, *who])

    def style(contender: str, operation: str, black: bool = False) -> str:
        dash = what.index(operation) + 1
        colour = plot.BLACK if black else colours.index(contender) + 1
        return f"linetype {dash if len(who) == 1 else colour} dashtype {dash}"

    # At least two octaves and a bit: or a slope that is none would look like one.
    low, high = min(point.cost for point in points), max(point.cost for point in points)
    margin = 2 if high / low < 4 else 1.25
    decades = [10 ** i for i in range(20) if 10 ** i <= high * margin]
    units = (1, 2, 5) if high / low < 100 else (1,)
    blocks = "".join(plot.block(f"line{i}", line.items()) for i, line in enumerate(lines.values(), 1))
    parts = [f"$line{i} using 1:2 with linespoints {style(*name)} notitle"
             for i, name in enumerate(lines, 1)]
    # What colours are, and dashes, where both say something.
    if len(who) > 1:
        parts += [f"keyentry with linespoints linetype {colours.index(name) + 1} title '{name}'"
                  for name in who]
    if len(what) > 1:
        parts += [f"keyentry with lines {style(who[0], name, black=True)} title '{name}'"
                  for name in what]
    return f"""\
set logscale x {base}
set logscale y
set yrange [{low / margin:g}:{high * margin:g}]
set ytics ({", ".join(str(unit * decade) for decade in decades for unit in units)})
set key noenhanced
set xlabel '{label}'
set ylabel 'instructions'
set format x '{"%.0f" if base == 2 else "%.0s%c"}'
{blocks}plot {", ".join(parts)}"""


def against(points: list[Point], label: str, where: str) -> list[tuple]:
    """Compare at the last x that both have."""
    lines, rows = lines_of(points), []
    for (who, what), line in lines.items():
        ours, x = lines.get(("dualtree", what), {}), list(line)[-1]
        if not who.startswith("dualtree") and x in ours:
            rows.append((where, f"{what}, {x} {label}", who, f"{ours[x]:.1f}", f"{line[x]:.1f}",
                         "instructions"))
    return rows


def cpu_rates(points: list[Point]) -> Rates:
    """Million operations a second, of each round."""
    rates: Rates = {}
    for point in points:
        rates.setdefault(point.contender, {}).setdefault(point.x, []).append(1000 / point.cost)
    return rates


def cpus_table(rates: Rates) -> str:
    """Medians with quartiles; contenders of one round ran one after the other."""
    layout, half = "<5 >26 >8 >26 >8 >22", ("median (quartiles)", "CPU")
    text = ["", columns(layout, "CPUs", "dualtree, million/s", "of one", "kmalloc, million/s",
                        "of one", "dualtree/kmalloc"),
            columns(layout, "", *half, *half, "median of rounds")]
    ours, theirs = rates["dualtree"], rates["kmalloc"]
    for cpus in sorted(ours):
        cells = [cell for each in (ours, theirs) for cell in (
            spread(".2f", quartiles(each[cpus])),
            f"{quartiles(each[cpus])[0] / quartiles(each[1])[0]:.2f}")]
        ratios = quartiles([a / b for a, b in zip(ours[cpus], theirs[cpus])])
        text.append(columns(layout, cpus, *cells, spread(".2f", ratios)))
    return "\n".join(text)


def cpus_plot(rates: Rates) -> str:
    """A point for each median, a bar from quartile to quartile."""
    blocks = "".join(plot.block(who, ([cpus, *(f"{rate:g}" for rate in quartiles(rates[who][cpus]))]
                                      for cpus in sorted(rates[who])))
                     for who in ("dualtree", "kmalloc"))
    return f"""\
set xlabel 'CPUs'
set ylabel 'million pairs a second'
set xtics 1
set xrange [0.8:{max(rates["dualtree"]) + 0.2:g}]
set yrange [0:]
{blocks}plot $dualtree using 1:2:3:4 with yerrorlines linetype 1 title 'dualtree', \
$kmalloc using 1:2:3:4 with yerrorlines linetype 3 title 'kmalloc'"""


def cpus_against(rates: Rates, where: str) -> list[tuple]:
    """Compare at each number of CPUs."""
    return [(where, f"pair 1500 B, on {cpus} at once", "kmalloc",
             *(f"{1000 / quartiles(rates[who][cpus])[0]:.0f}" for who in ("dualtree", "kmalloc")),
             "ns") for cpus in sorted(rates["dualtree"])]


def show_cpus(points: list[Point], svg: Path, title: str, version: str) -> list[tuple]:
    """Print and draw the curve of CPUs; return the comparisons."""
    rates = cpu_rates(points)
    print(cpus_table(rates))
    plot.draw(svg, title, cpus_plot(rates))
    return cpus_against(rates, f"TCG, {version}, 4 CPUs")


def show_counted(points: list[Point], svg: Path, curve: str, version: str) -> list[tuple]:
    """Print and draw a curve of instructions; return the comparisons."""
    label, title = CURVES[curve]
    print(tables(points, label))
    # What an instance weighs is no cost, and has one point.
    lines = [point for point in points if " bytes, " not in f"{point.contender}|{point.operation}|"]
    print(growths(lines))
    plot.draw(svg, title, plot_commands(lines, label, 2 if curve == "size" else 10))
    return against(points, label, f"counted, {version}")


ARGUMENTS = {
    "reports": {"type": Path, "nargs": "+", "help": "what guests reported"},
    "--curves": {"required": True, "help": "which ones, separated by commas"},
    "--version": {"required": True, "help": "the kernel's, in short"},
    "--counted": {"default": "", "help": "the conditions of counted curves"},
    "--timed": {"default": "", "help": "the conditions of the curve of CPUs"},
}


def run(args: argparse.Namespace) -> None:
    """Print each curve; leave curve.csv, curve.against and a plot for each."""
    write_csv(args.out / "curve.csv", "curve,contender,operation,x,operations,total,each",
              csv_rows(args.reports))
    rows, comparisons = read_csv(args.out / "curve.csv"), []
    for curve in args.curves.split(","):
        points = [Point(row["contender"], row["operation"], int(row["x"]), float(row["each"]))
                  for row in rows if row["curve"] == curve]
        svg, title = args.out / f"curve-{curve}.svg", CURVES[curve][1]
        print(f"\n{title}\n{args.timed if curve == 'cpus' else args.counted}")
        comparisons += (show_cpus(points, svg, title, args.version) if curve == "cpus" else
                        show_counted(points, svg, curve, args.version))
    write_lines(args.out / "curve.against", comparisons)
