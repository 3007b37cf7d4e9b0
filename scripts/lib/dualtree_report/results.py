# SPDX-License-Identifier: GPL-2.0
"""Reading what guests report, and writing what the parts of scripts/bench leave.

A guest reports lines "RUN KIND REST"; RUN is a name of the plan, KIND a file in debugfs. A part
leaves PART.csv, and for the lists at the end of the report

    PART.against   lines WHERE|OPERATION|PEER|OURS|THEIRS|UNIT
    PART.bars      lines WHERE|WHAT|MEASURED|MUST|GOAL|UNIT, MUST or GOAL empty if there is none

in which less is better.
"""
import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
NO_BAR = ["", ""]
# What most commands take.
REPORT = {"report": {"type": Path, "help": "what the guest reported"}}


def reported(path: Path, kind: str = "results") -> Iterator[tuple[str, str]]:
    """Yield (RUN, REST) of each line of that kind."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split(" ", 2)
        if len(words) == 3 and words[1] == kind:
            yield words[0], words[2]


def read_bars(name: str, keys: int) -> dict[tuple[str, ...], list[str]]:
    """Read bench/NAME.bars: the first fields of a line are the key, the others the bars."""
    text = (PROJECT / "bench" / f"{name}.bars").read_text(encoding="utf-8")
    lines = [line.split("|") for line in text.splitlines() if line and line[0] != "#"]
    return {tuple(line[:keys]): line[keys:] for line in lines}


def write_csv(path: Path, header: str, rows: Iterable[Sequence]) -> None:
    """Write rows below a header, whose columns are separated by commas."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read what write_csv() wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_lines(path: Path, rows: Iterable[Sequence]) -> None:
    """Write fields separated by "|"."""
    path.write_text("".join("|".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


def columns(layout: str, *cells: object) -> str:
    """Format each cell by its format specification, and separate them by one space."""
    return " ".join(f"{cell!s:{spec}}" for spec, cell in zip(layout.split(), cells))


def ratio(part: float, whole: float) -> str:
    """A quotient to two places, if there is a whole."""
    return f"{part / whole:.2f}" if whole else "-"


def quantile(values: Iterable[float], part: float) -> float:
    """Return the value nearest to that part of the sorted ones: one that was measured."""
    ordered = sorted(values)
    return ordered[int(part * (len(ordered) - 1) + 0.5)]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, the lower and the upper quartile."""
    return quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75)


def spread(form: str, values: Sequence[float]) -> str:
    return "{0:{f}} ({1:{f}}..{2:{f}})".format(*values, f=form)
