# SPDX-License-Identifier: GPL-2.0
"""The whole report of scripts/bench, of what its parts left: report.txt and index.html."""
import argparse
import html
from collections import Counter
from pathlib import Path

from . import figures
from .conditions import config_words, host, wrap
from .results import read_csv

# What of a kernel's configuration bears on what is measured.
CONFIG = """PREEMPT_DYNAMIC PREEMPT_VOLUNTARY PREEMPT_LAZY PREEMPT PREEMPT_RT HZ
INIT_ON_ALLOC_DEFAULT_ON INIT_ON_FREE_DEFAULT_ON SLUB SLUB_CPU_PARTIAL SLUB_DEBUG
SLAB_FREELIST_RANDOM SLAB_FREELIST_HARDENED SLAB_MERGE_DEFAULT RANDOM_KMALLOC_CACHES
SHUFFLE_PAGE_ALLOCATOR HARDENED_USERCOPY PAGE_TABLE_CHECK KFENCE MEMCG MEMCG_KMEM
TRACEPOINTS JUMP_LABEL FUNCTION_TRACER RETPOLINE MITIGATION_RETPOLINE X86_KERNEL_IBT CFI"""
TITLE = "dualtree: what it costs, and what the kernel's own allocators do"
AGAINST_LINE = "{:>7}  {:<18} {:<34} {:>12}  {:<20} {:>12}  {}"
BARS_LINE = "{:<18} {:<42} {:>10} {:>8} {:>8}  {}"
HTML_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>dualtree: what it costs</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font-family: sans-serif; max-width: 75em; margin: 1em auto; padding: 0 0.75em;
	overflow-wrap: break-word }
pre, code { font-family: monospace, monospace; font-size: 13px }
pre { overflow-x: auto; line-height: 1.35 }
img { width: 30em; max-width: 100%; vertical-align: top }
.figures, .plots { display: grid; gap: 1.5em;
	grid-template-columns: repeat(auto-fill, minmax(min(100%, 22em), 1fr)) }
figure { margin: 0 }
figure img { width: 100% }
figcaption { font-size: 90%; line-height: 1.4; margin-top: 0.5em }
h1, h2 { line-height: 1.2 }
</style></head><body>
<h1>dualtree: what it costs</h1>
"""


def header_line(key: str, text: str) -> str:
    return f"{key:<10} {text}"


def baselines(out: Path) -> list[str]:
    """What the machine itself takes, of each kernel."""
    costs: dict[str, list[str]] = {}
    for row in read_csv(out / "cost.csv") if (out / "cost.csv").exists() else []:
        if row["contender"] == "baseline":
            costs.setdefault(row["kernel"], []).append(f"{row['operation']} {row['instructions']}")
    lines = [header_line("" if i else "Baselines", f"{kernel}: {', '.join(each)}")
             for i, (kernel, each) in enumerate(costs.items())]
    return lines + [header_line("", "(instructions; subtracted from nothing)")] * bool(lines)


def header(args: argparse.Namespace) -> list[str]:
    """Under what all of it was measured."""
    lines = [header_line("Tree", args.tree), header_line("Made", args.made),
             header_line("Host", host(args.load)),
             header_line("Guests", args.guests),
             header_line("", "counted: TCG, -icount shift=0,sleep=off, one CPU; "
                         f"timed: {args.timed}, four CPUs"), header_line("Boot", args.boot)]
    for release, config in (text.split("=", 1) for text in args.kernel):
        words = wrap(config_words(Path(config), CONFIG), 89, 0)
        lines += [header_line("Kernel", release),
                  *(header_line("", line) for line in words.splitlines())]
    lines += baselines(args.out)
    left_out = (args.out / "left-out.txt").read_text(encoding="utf-8").splitlines()
    if left_out:
        lines += [header_line("Left out", "being quick:"),
                  *(header_line("", line) for line in left_out)]
    return lines


def part_lines(args: argparse.Namespace, kind: str) -> list[list[str]]:
    """The fields of PART.KIND of each part that has one."""
    paths = [args.out / f"{part.split('=')[0]}.{kind}" for part in args.parts]
    return [line.split("|") for path in paths if path.exists()
            for line in path.read_text(encoding="utf-8").splitlines()]


def against(lines: list[list[str]]) -> str:
    """Both lists: the worst loss and the best win first."""
    rated = sorted(((round(float(ours) / float(theirs), 4), (where, operation, ours, peer, theirs, unit))
                    for where, operation, peer, ours, theirs, unit in lines
                    if ours and theirs and float(ours) > 0 and float(theirs) > 0),
                   key=lambda rate: -rate[0])
    losses = [rate for rate in rated if rate[0] > 1]
    wins = [rate for rate in reversed(rated) if rate[0] <= 1]
    text = [f"Of {len(rated)} comparisons dualtree takes more in {len(losses)}, and as much or less "
            f"in {len(wins)}."]
    for title, rates in (("It loses:", losses), ("It wins:", wins)):
        text += ["", title, AGAINST_LINE.format("ratio", "where", "operation", "dualtree", "peer",
                                                "", "")]
        text += [AGAINST_LINE.format(f"{rate:.2f}", *cells) for rate, cells in rates]
    return "\n".join(text)


def reached(measured: float, must: str, goal: str) -> tuple[str, str]:
    """Return which count a bar belongs to, and the same in words."""
    def missed(by: str) -> str:
        return f"missed by {(measured / float(by) - 1) * 100:.0f} %"
    if must and measured > float(must):
        return "miss", f"must {missed(must)}"
    if not goal:
        return "must", "must reached"
    if measured > float(goal):
        return "must", ("must reached, " if must else "") + f"goal {missed(goal)}"
    return "goal", "goal reached"


def bars(lines: list[list[str]]) -> str:
    """Each bar, and how many are reached."""
    text = [BARS_LINE.format("where", "what", "measured", "must", "goal", "")]
    counts: Counter = Counter()
    for where, what, measured, must, goal, _ in lines:
        kind, words = reached(float(measured), must, goal)
        counts[kind] += 1
        text.append(BARS_LINE.format(where, what, measured, must, goal, words))
    return "\n".join(text + [
        "", f"Of {len(lines)} bars {counts['goal']} reach their goal, {counts['must']} their must "
        f"alone (some have no goal), {counts['miss']} neither."])


def html_part(out: Path, name: str, title: str, text: str) -> str:
    """A part with its plots, and links to its tables."""
    plots, tables = ([path.name for pattern in (f"{name}{kind}", f"{name}-*{kind}")
                      for path in sorted(out.glob(pattern))] for kind in (".svg", ".csv"))
    return (f'<h2 id="{name}">{title}</h2>\n{pre(text)}<div class="plots">\n' +
            "".join(f'<img src="{file}" alt="{file}">\n' for file in plots) + "</div>\n<p>" +
            "\n".join(f'<a href="{file}">{file}</a>' for file in tables) + "</p>\n")


def pre(text: str) -> str:
    return f"<pre>\n{html.escape(text, quote=False)}\n</pre>\n"


ARGUMENTS = {
    "parts": {"nargs": "*", "metavar": "PART=TITLE", "help": "what ran, in order"},
    "--kernel": {"action": "append", "default": [], "metavar": "RELEASE=CONFIG"},
    "--figures": {"action": "append", "default": [], "type": Path, "metavar": "DIR",
                  "help": "where data of figures is looked for that the report has not"},
    **{f"--{name}": {"required": True, "help": text} for name, text in (
        ("tree", "what was measured, and how"), ("made", "the date"),
        ("load", "the host's at the start"), ("guests", "what ran them"),
        ("timed", "what ran those that take the time"), ("boot", "the kernels' options"))},
}


def run(args: argparse.Namespace) -> None:
    """Write report.txt and index.html."""
    parts = [part.split("=", 1) for part in args.parts]
    texts = {name: (args.out / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")
             for name, _ in parts}
    head = "\n".join(header(args))
    last = [("Where it wins, where it loses", against(part_lines(args, "against"))),
            ("Bars: what should come out, and what did", bars(part_lines(args, "bars")))]
    sections = [(title, texts[name]) for name, title in parts] + last
    (args.out / "report.txt").write_text(
        f"{TITLE}\n\n{head}\n" + "".join(f"\n\n{title}\n{'=' * len(title)}\n\n{text}\n"
                                         for title, text in sections), encoding="utf-8")
    (args.out / "index.html").write_text(
        HTML_HEAD + figures.page(args.out, args.figures) + pre(head) +
        "".join(f"<h2>{title}</h2>\n{pre(text)}" for title, text in last) +
        "".join(html_part(args.out, name, title, texts[name]) for name, title in parts) +
        "</body></html>\n", encoding="utf-8")
