# SPDX-License-Identifier: GPL-2.0
"""The three figures that the report opens with.

    packet    what a received packet costs: scripts/bench cost
    readers   what slow readers keep, and what it takes: scripts/nic
    day       bytes taken for each byte live, over a day: scripts/bench footprint day

Whatever measures one leaves figure-NAME.svg, and figure-NAME.csv with the date and the tree in each
row. The report takes the data that it finds first: its own, or what an earlier run has left in the
cache. It says which command makes a figure, and when and of which tree it was made.
"""
import datetime
import html
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from . import svg
from .results import PROJECT, read_csv, write_csv

Rows = list[dict[str, str]]
# A contender has the same colour in all figures.
COLOUR = {"dualtree": 1, "kmalloc": 2, "page_frag": 3, "page_pool": 3, "plain copy": 2,
          "the kernel's": 2}
SIZES = (1514, 9014)
OPERATION = "received {} B"
PEERS = ("dualtree", "page_pool", "plain copy")
HELD = "dualtree, without its pool's free memory"
DRIVERS = {"ours": "dualtree", "kernels": "the kernel's"}


def tree() -> str:
    """What the tree is, as scripts/bench calls it."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def now() -> str:
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M}"


def packet_rows(costs: Iterable[tuple[str, str, str]]) -> list[list[str]]:
    """Of (contender, operation, instructions) what the figure needs; none if any is missing."""
    found = {(who, what): each for who, what, each in costs}
    keys = [(who, OPERATION.format(size), str(size)) for size in SIZES for who in PEERS]
    if any((who, what) not in found for who, what, _ in keys):
        return []
    return [[size, who, found[who, what]] for who, what, size in keys]


def packet_svg(rows: Rows) -> str:
    groups = [(f"a packet of {size} bytes",
               [svg.Bar(row["contender"], float(row["instructions"]),
                        f"{float(row['instructions']):,.0f}", COLOUR[row["contender"]])
                for row in rows if row["bytes"] == str(size)]) for size in SIZES]
    return svg.bars("Instructions to receive a packet", groups)


def packet_words(rows: Rows) -> str:
    cost = {(row["bytes"], row["contender"]): float(row["instructions"]) for row in rows}
    ratios = []
    for peer in PEERS[1:]:
        each = (f"{cost[str(size), PEERS[0]] / cost[str(size), peer]:.2f} at {size}" for size in SIZES)
        ratios.append(f"{' and '.join(each)} bytes of what {peer} takes")
    return ("dualtree takes " + "; ".join(ratios) +
            ". A driver fills a slot, makes a packet of it, the packet is consumed, and its memory "
            "comes back. A copy by the string instructions counts each byte, or each eight, as one.")


def readers_svg(rows: Rows) -> str:
    def group(name: str, value: Callable[[dict[str, str]], float]) -> tuple[str, list[svg.Bar]]:
        return name, [svg.Bar(DRIVERS[row["driver"]], value(row), f"{value(row):,.0f}",
                              COLOUR[DRIVERS[row["driver"]]]) for row in rows]

    return svg.bars("Sockets that are not read, until their receive buffers are full", [
        group("datagrams kept", lambda row: float(row["kept"])),
        group("bytes of memory for each of them",
              lambda row: float(row["taken"]) / float(row["kept"]))])


def readers_words(rows: Rows) -> str:
    """What was kept of which bytes."""
    ours, theirs = rows
    kept = int(ours["kept"]) / int(theirs["kept"])
    taken = float(ours["taken"]) / int(ours["kept"]) / (float(theirs["taken"]) / int(theirs["kept"]))
    return (f"In the same receive buffers packets of dualtree's driver keep {kept:.2f} times as many "
            f"datagrams as those of the kernel's, and each takes {taken:.2f} of the memory that the "
            "machine has less of. Datagrams have 100 to 1400 bytes, at an MTU of 9000.")


def day_lines(rows: Rows) -> dict[str, list[tuple[float, float]]]:
    """For each allocator the hours, and bytes taken for each byte live."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if int(row["live"]):
            lines.setdefault(row["allocator"], []).append(
                (int(row["hour"]), int(row["all"]) / int(row["live"])))
    return lines


def day_held(rows: Rows) -> list[tuple[float, float]]:
    """The same of what dualtree's instances hold. The rest is the pool's, for other instances."""
    return [(int(row["hour"]), int(row["held"]) / int(row["live"])) for row in rows
            if row["held"] and int(row["live"])]


def day_svg(rows: Rows) -> str:
    """Lines over the day, and how many streams there are."""
    lines = day_lines(rows)
    title = "Memory for each byte that is live, over a day of streams that come and go"
    content, y = svg.heading(title, 0)
    key, y = svg.legend([*((name, COLOUR[name]) for name in lines), (f"{HELD} (dashed)", 1)], y)
    hours = [hour for hour, _ in next(iter(lines.values()))]
    ticks = [(hour, f"{hour % 24:.0f}:00") for hour in hours if (hour - hours[0]) % 6 == 0]
    most = max(value for line in lines.values() for _, value in line)
    chart = svg.Chart(y + 14, 210, hours, svg.log_ticks(most))
    content += key + chart.frame(ticks)
    content += "".join(chart.path(line, COLOUR[name]) for name, line in lines.items())
    content += chart.path(day_held(rows), 1, "5 4")
    y = chart.bottom + 44
    content += svg.text(svg.LEFT, y, "streams", svg.SMALL)
    streams = [(float(row["hour"]), float(row["streams"])) for row in rows
               if row["allocator"] == rows[0]["allocator"]]
    chart = svg.Chart(y + 12, 60, hours, svg.nice_ticks(max(nr for _, nr in streams), 2))
    content += chart.area(streams, "#c8d8e4") + chart.frame(ticks)
    return svg.picture(chart.bottom + 28, content, title)


def most_streams(rows: Rows, line: list[tuple[float, float]]) -> float:
    """The value of the hour that has most streams."""
    hour = int(max(rows, key=lambda row: int(row["streams"]))["hour"])
    return next(value for at, value in line if at == hour)


def day_words(rows: Rows) -> str:
    """The hour with most streams, and the worst."""
    lines = day_lines(rows)
    lines[HELD] = day_held(rows)
    said = [f"{name}: {most_streams(rows, line):.2f} with most streams, "
            f"{max(value for _, value in line):.2f} at most" for name, line in lines.items() if line]
    return ("; ".join(said) + ". All that the machine has less of counts, records with it. Every 20th "
            "stream reads slowly and lasts all day; each hour a quarter of the others are new.")


class Figure(NamedTuple):
    """One of them: the columns of its data, the command that makes it, and what shows it."""
    name: str
    header: str
    command: str
    draw: Callable[[Rows], str]
    words: Callable[[Rows], str]


FIGURES = {figure.name: figure for figure in (
    Figure("packet", "bytes,contender,instructions", "./scripts/bench cost", packet_svg,
           packet_words),
    Figure("readers", "driver,kept,payload,charged,taken", "./scripts/nic", readers_svg,
           readers_words),
    Figure("day", "allocator,hour,streams,live,all,held", "./scripts/bench footprint day", day_svg,
           day_words))}


def leave(out: Path, name: str, rows: Iterable[Sequence]) -> None:
    """Leave a figure and its data, made now of this tree; neither if there are no rows."""
    rows, path = list(rows), out / f"figure-{name}.csv"
    for old in (path, path.with_suffix(".svg")):
        old.unlink(missing_ok=True)
    if not rows:
        return
    made = [now(), tree()]
    write_csv(path, FIGURES[name].header + ",date,tree", ([*row, *made] for row in rows))
    path.with_suffix(".svg").write_text(FIGURES[name].draw(read_csv(path)), encoding="utf-8")


def page(out: Path, places: Sequence[Path]) -> str:
    """All of them, for the report in @out: the data is in the first place that has some."""
    parts = []
    for figure in FIGURES.values():
        path = next((place / f"figure-{figure.name}.csv" for place in (out, *places)
                     if (place / f"figure-{figure.name}.csv").exists()), None)
        parts.append(shown(out, figure, path) if path else
                     f"<p>Not measured yet: <code>{figure.command}</code> makes this figure, "
                     f"<code>./scripts/bench --again</code> puts it here.</p>\n")
    return ('<div class="figures">\n' +
            "".join(f"<figure>\n{part}</figure>\n" for part in parts) + "</div>\n")


def shown(out: Path, figure: Figure, path: Path) -> str:
    """A figure with what it says, and how it was made."""
    rows = read_csv(path)
    picture = f"figure-{figure.name}.svg"
    (out / picture).write_text(figure.draw(rows), encoding="utf-8")
    words = html.escape(figure.words(rows))
    return (f'<img src="{picture}" alt="{words}">\n<figcaption>{words}<br>\n'
            f"<code>{figure.command}</code> made it on {rows[0]['date']}, of the tree "
            f"{html.escape(rows[0]['tree'], quote=False)}.</figcaption>\n")
