# SPDX-License-Identifier: GPL-2.0
"""Plots, drawn by gnuplot.

All look alike: size, font and the first eight colours are set here, which readers who see colours
otherwise tell apart too (Okabe and Ito's). They are as wide as a telephone, so that their text can
be read there.
"""
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

COLOURS = "0072b2 d55e00 009e73 cc79a7 e69f00 56b4e9 000000 f0e442".split()
BLACK = 7
# Pixels: the picture without names of lines, and what each of these needs.
WIDTH, HEIGHT, KEY_HEIGHT = 400, 350, 22
STYLE = """\
set terminal svg noenhanced size {width},{height} dynamic font 'sans-serif,14' background rgb 'white'
set grid linecolor rgb '#d8d8d8' linewidth 1
set key outside bottom center vertical maxcols 1 reverse Left samplen 2 spacing 1.1
set rmargin 3
set xlabel offset 0,0.5
""" + "".join(
    f"set linetype {i} linewidth 2 pointtype {i} pointsize 0.6 linecolor rgb '#{colour}'\n"
    for i, colour in enumerate(COLOURS, 1))


# Characters of a line of a title.
TITLE_WIDTH = 44


def block(name: str, rows: Iterable[Sequence]) -> str:
    """Return the data block $NAME. A string with a blank in it is quoted."""
    lines = (" ".join(f'"{cell}"' if isinstance(cell, str) and " " in cell else str(cell)
                      for cell in row) for row in rows)
    return f"${name} << EOD\n" + "".join(f"{line}\n" for line in lines) + "EOD\n"


def draw(path: Path, title: str, commands: str) -> None:
    """Draw an SVG with gnuplot's commands."""
    height = HEIGHT + KEY_HEIGHT * len(re.findall(r"\btitle ", commands))
    style = STYLE.replace("{width}", str(WIDTH)).replace("{height}", str(height))
    lines = "\\n".join(textwrap.wrap(title, TITLE_WIDTH))
    text = f'{style}set output "{path}"\nset title "{lines}"\n{commands}\n'
    done = subprocess.run(["gnuplot"], input=text, text=True, stdout=subprocess.DEVNULL, check=False)
    if done.returncode or not path.exists() or not path.stat().st_size:
        sys.exit(f"gnuplot could not draw {path}")
