# SPDX-License-Identifier: GPL-2.0
"""Bytes held for bytes live, of traces and of trace files.

A guest reports "TRACE/FIT results NAME VALUE" and, over time, "TRACE/FIT curve ALLOCS LIVE HELD".
"""
import argparse
import re
from pathlib import Path

from . import plot
from .results import REPORT, columns, ratio, read_bars, reported, write_csv, write_lines

# For each of peak, mean and after: held/live, and the bar. "stop" is held/live when most streams
# have just stopped, "gets" and "puts" are regions for 1000 allocations.
HEADER = "trace,fit,live KiB,held KiB,peak,bar,mean,bar,after,bar,stop,gets,puts"
LAYOUT = "<12 <8 >9 >9 >7 >5 >7 >5 >7 >5 >7 >7 >6"
MIB = 1 << 20

Values = dict[str, dict[str, str]]
Curves = dict[str, list[list[int]]]


def read(report: Path) -> tuple[Values, Curves]:
    """Read both of each "TRACE/FIT"."""
    values: Values = {}
    curves: Curves = {}
    for name, line in reported(report):
        values.setdefault(name, {}).update([line.split(" ", 1)])
    for name, line in reported(report, "curve"):
        curves.setdefault(name, []).append([int(word) for word in line.split()])
    return values, curves


def held_for_live(value: dict[str, str], what: str) -> str:
    live = int(value.get(f"{what}_live", 0))
    return ratio(int(value[f"{what}_held"]), live) if live else "-"


def row(name: str, value: dict[str, str], bars: dict) -> list:
    """The columns of HEADER."""
    trace, fit = name.split("/")
    bar = bars.get((trace,), ["", "", ""])
    # One stream alone: there is none to stop. Not all files say when most have.
    many = "stopped_held" in value and not re.fullmatch("[A-D]1", trace)
    # Of a trace that is cut short its beginning may be all there is.
    steady = int(value.get("steady_allocs", 0))
    regions = (ratio(int(value[what]) * 1000, steady) if steady else "-"
               for what in ("steady_gets", "steady_puts"))
    kib = (-(-int(value[f"peak_{what}"]) // 1024) for what in ("live", "held"))
    peak, mean = (held_for_live(value, what) for what in ("peak", "mean"))
    after, stop = (held_for_live(value, what) if many else "" for what in ("cycled", "stopped"))
    return [trace, fit, *kib, peak, bar[0], mean, bar[1], after, bar[2], stop, *regions]


def bar_rows(rows: list[list]) -> list[tuple]:
    """For the report: the bars of the default fit, where there is a ratio to compare."""
    return [("replayed", f"{line[0]}, {what} held/live", line[i], line[i + 1], "", "times")
            for line in rows if line[1] == "default"
            for what, i in (("peak", 4), ("mean", 6), ("after the stop", 8))
            if line[i + 1] and line[i] not in ("", "-")]


def plot_commands(trace: str, values: Values, curves: Curves) -> str:
    """Memory over time, with a line where most streams have stopped, if that is known."""
    names = {"default": "held", "exact": "held, EXACT_FIT"}
    held = {fit: title for fit, title in names.items() if f"{trace}/{fit}" in curves}
    mark = ""
    stopped = values[f"{trace}/default"].get("stopped_allocs")
    if stopped:
        at = f"first {int(stopped) / 1000:.3f}, graph"
        late = int(stopped) * 2 > curves[f"{trace}/default"][-1][0]
        mark = (f"set arrow from {at} 0 to {at} 1 nohead dashtype 2 linetype 7\n"
                f'set label "most streams stop" at {at} 0.04 '
                f'{"right offset -1,0" if late else "left offset 1,0"}\n')
    blocks = "".join(plot.block(fit, ((f"{allocs / 1000:.3f}", f"{live / MIB:.4f}",
                                       f"{bytes_held / MIB:.4f}")
                                      for allocs, live, bytes_held in curves[f"{trace}/{fit}"]))
                     for fit in held)
    lines = [f'${fit} using 1:3 with lines linetype {i} title "{title}"'
             for i, (fit, title) in enumerate(held.items(), 1)]
    return f"""\
{mark}set xlabel "allocations, in thousands"
set autoscale xfixmax
set ylabel "MiB"
set yrange [0:*]
{blocks}plot {", ".join(lines)}, $default using 1:2 with lines linetype 3 title "live\""""


ARGUMENTS = {
    "part": {"help": "what the results are named after"}, **REPORT,
    "--bars": {"action": "store_true", "help": "leave the bars, too"},
}


def run(args: argparse.Namespace) -> None:
    """Print the table; leave PART.csv, PART-curve.csv, PART.bars and a plot for each trace."""
    values, curves = read(args.report)
    bars = read_bars("footprint", 1)
    rows = [row(name, value, bars) for name, value in values.items()]
    write_csv(args.out / f"{args.part}.csv", HEADER, rows)
    write_csv(args.out / f"{args.part}-curve.csv", "trace,fit,allocs,live,held",
              (name.split("/") + point for name, points in curves.items() for point in points))
    if args.bars:
        write_lines(args.out / f"{args.part}.bars", bar_rows(rows))
    for line in [HEADER.split(","), *rows]:
        print(columns(LAYOUT, *line))
    # What took more memory than had been put in order depends on the boot.
    for name, value in values.items():
        if int(value.get("arenas", 0)) > int(value.get("arenas_in_order", 0)):
            print(f"{name}: took more memory than had been put in order; another boot may differ")
    for trace in (name.removesuffix("/default") for name in values if name.endswith("/default")):
        plot.draw(args.out / f"{args.part}-{trace}.svg", f"{trace}: memory over time",
                  plot_commands(trace, values, curves))
