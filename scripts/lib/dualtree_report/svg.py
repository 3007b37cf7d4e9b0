# SPDX-License-Identifier: GPL-2.0
"""Pictures that can be read on a telephone: bars, dots, lines, as SVG.

A picture is WIDTH units wide, which a page shows on about as many pixels. So nothing is set in a
font of less than SMALL, and texts stand above what they name, not next to it.
"""
import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .plot import COLOURS

WIDTH = 400
# Where bars and axes begin and end.
LEFT, RIGHT = 4, 372
# Sizes of fonts.
TITLE, TEXT, SMALL = 16, 15, 14
# About how wide a character is, of its size.
CHARACTER = 0.56
GRID = "#d8d8d8"
INK = "#222"


class Bar(NamedTuple):
    """A bar: what it stands for, how long it is, what is written at its end, and its colour."""
    label: str
    value: float
    text: str
    colour: int


def text(x: float, y: float, words: str, size: int = TEXT, anchor: str = "start",
         weight: str = "normal", fill: str = INK) -> str:
    """A line of text, whose baseline is at y."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{fill}">{html.escape(words, quote=False)}</text>\n')


def colour(number: int) -> str:
    """One of the plots' colours, from 1 on."""
    return "#" + COLOURS[(number - 1) % len(COLOURS)]


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = GRID, width: float = 1) -> str:
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
            f'stroke-width="{width}"/>\n')


def picture(height: float, content: str, title: str) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" font-family="sans-serif">\n'
            f'<title>{html.escape(title, quote=False)}</title>\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>\n{content}</svg>\n')


def wrapped(words: str, size: int, width: float) -> list[str]:
    """The words in lines that are about as wide as that at most."""
    return textwrap.wrap(words, int(width / (size * CHARACTER)), break_long_words=False,
                         break_on_hyphens=False)


def heading(words: str, y: float) -> tuple[str, float]:
    """A title in as many lines as it needs, and where what follows it may begin."""
    content = ""
    for part in wrapped(words, TITLE, RIGHT - LEFT):
        y += TITLE + 5
        content += text(LEFT, y, part, TITLE, weight="bold")
    return content, y + 8


def bars(title: str, groups: Iterable[tuple[str, Sequence[Bar]]]) -> str:
    """Groups of bars, each group with its own scale. A bar's label and text stand above it."""
    content, y = heading(title, 0)
    for name, group in groups:
        y += 18
        content += text(LEFT, y, name, TEXT, weight="bold")
        longest = max(bar.value for bar in group)
        for bar in group:
            y += 22
            width = max(bar.value / longest, 0.004) * (RIGHT - LEFT)
            content += text(LEFT, y, bar.label, SMALL) + text(RIGHT, y, bar.text, SMALL, "end")
            content += (f'<rect x="{LEFT}" y="{y + 5:.1f}" width="{width:.1f}" height="12" '
                        f'fill="{colour(bar.colour)}"/>\n')
            y += 15
        y += 14
    return picture(y, content, title)


def nice_ticks(most: float, about: int = 4) -> list[float]:
    """Round numbers from 0 to beyond @most."""
    if most <= 0:
        return [0, 1]
    unit = 10.0 ** math.floor(math.log10(most / about))
    step = next(unit * i for i in (1, 2, 2.5, 5, 10) if unit * i * about >= most)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def log_ticks(most: float) -> list[float]:
    """1, 2, 5, 10 and so on, to beyond @most."""
    ticks = [1.0]
    while ticks[-1] < most or len(ticks) < 3:
        ticks.append(ticks[-1] * (2.5 if f"{ticks[-1]:g}"[0] == "2" else 2))
    return ticks


def number(value: float) -> str:
    """A number, without a fraction that is none, in groups of three digits."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"


class Chart:
    """A chart: its x axis is linear, with names for some values. Its y axis has the ticks, which
    are ascending: from 0 it is linear, from any other logarithmic."""

    def __init__(self, top: float, height: float, xs: Sequence[float], ticks: Sequence[float]):
        self.top, self.bottom = top, top + height
        self.first, self.last = xs[0], xs[-1]
        self.ticks = ticks
        self.left, self.right = 48.0, 392.0

    def up(self, y: float) -> float:
        """Which part of the way up a value is; what lies below the axis is on it."""
        low, high = self.ticks[0], self.ticks[-1]
        if not low:
            return y / high
        return math.log(max(y, low) / low) / math.log(high / low)

    def place(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.first) / ((self.last - self.first) or 1)
        return (self.left + across * (self.right - self.left),
                self.bottom - self.up(y) * (self.bottom - self.top))

    def frame(self, names: Iterable[tuple[float, str]]) -> str:
        """The grid, and what it says at both axes."""
        content = ""
        for tick in self.ticks:
            y = self.place(self.first, tick)[1]
            content += line(self.left, y, self.right, y)
            content += text(self.left - 6, y + 5, number(tick), SMALL, "end")
        for x, name in names:
            at = self.place(x, self.ticks[0])[0]
            content += line(at, self.bottom, at, self.bottom + 4, INK)
            anchor = "end" if at > self.right - 12 else "middle"
            content += text(min(at, 398), self.bottom + 19, name, SMALL, anchor)
        return content

    def path(self, points: Iterable[tuple[float, float]], number_of_colour: int,
             dash: str = "none") -> str:
        places = " ".join("{:.1f},{:.1f}".format(*self.place(*point)) for point in points)
        return (f'<polyline points="{places}" fill="none" stroke="{colour(number_of_colour)}" '
                f'stroke-width="3" stroke-dasharray="{dash}" stroke-linejoin="round"/>\n')

    def area(self, points: Sequence[tuple[float, float]], fill: str) -> str:
        """What lies below a line through the points."""
        ends = [(points[0][0], 0.0), *points, (points[-1][0], 0.0)]
        places = " ".join("{:.1f},{:.1f}".format(*self.place(*point)) for point in ends)
        return f'<polygon points="{places}" fill="{fill}"/>\n'


def mark(x: float, y: float, number_of_colour: int) -> str:
    """A dot; a ring once there are no more colours."""
    fill = colour(number_of_colour) if number_of_colour <= len(COLOURS) else "white"
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" fill-opacity="0.85" '
            f'stroke="{colour(number_of_colour)}" stroke-width="1.5"/>\n')


def legend(names: Sequence[tuple[str, int]], y: float) -> tuple[str, float]:
    """Names and their colours, in rows; and where what follows may begin."""
    content, x = "", float(LEFT)
    y += 14
    for name, number_of_colour in names:
        width = 20 + len(name) * SMALL * CHARACTER + 14
        if x > LEFT and x + width > WIDTH:
            x, y = float(LEFT), y + 21
        content += mark(x + 7, y - 5, number_of_colour) + text(x + 17, y, name, SMALL)
        x += width
    return content, y + 10


# Of one contender: its value, or its median with both quartiles.
Values = dict[str, tuple[float, ...]]


class LogScale:
    """A logarithmic axis across the picture."""

    def __init__(self, values: Iterable[float]):
        values = [value for value in values if value > 0]
        self.low, self.high = math.log10(min(values)) - 0.03, math.log10(max(values)) + 0.03

    def place(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + 8 + part * (RIGHT - LEFT - 8)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them if there are few."""
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        units = (1,) if self.high - self.low > 2.5 else (1, 3) if self.high - self.low > 1.2 else (
            1, 2, 5)
        return [unit * 10.0 ** decade for decade in decades for unit in units
                if self.low <= math.log10(unit * 10.0 ** decade) <= self.high]

    def names(self, y: float) -> str:
        return "".join(text(self.place(tick), y, number(tick), SMALL,
                            "middle" if self.place(tick) < RIGHT - 16 else "end")
                       for tick in self.ticks())


def dots(title: str, axis: str, rows: Sequence[tuple[str, Values]],
         contenders: Sequence[str]) -> str:
    """For each row, under its name, a dot for each contender's value; with quartiles a line between
    these. A contender has the same colour, and its dot the same height, in all rows."""
    content, y = heading(title, 0)
    content += text(LEFT, y + 12, axis, SMALL)
    key, y = legend([(name, i) for i, name in enumerate(contenders, 1)], y + 20)
    scale = LogScale(value for _, values in rows for each in values.values() for value in each)
    content += key + scale.names(y + 16)
    top, y = y + 22, y + 22
    marks = ""
    for name, values in rows:
        y += 18
        marks += text(LEFT, y, name, SMALL)
        for i, contender in enumerate(contenders, 1):
            if contender not in values or values[contender][0] <= 0:
                continue
            at, each = y + 6 + 2.5 * i, values[contender]
            if len(each) == 3:
                marks += line(scale.place(max(each[1], 1e-9)), at, scale.place(each[2]), at,
                              colour(i), 2)
            marks += mark(scale.place(each[0]), at, i)
        y += 12 + 2.5 * len(contenders)
        marks += line(LEFT, y, RIGHT, y)
    grid = "".join(line(scale.place(tick), top, scale.place(tick), y) for tick in scale.ticks())
    return picture(y + 26, content + grid + marks + scale.names(y + 18), title)
