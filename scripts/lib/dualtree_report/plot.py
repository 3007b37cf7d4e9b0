# SPDX-License-Identifier: GPL-2.0
"""Plots, drawn by gnuplot.

All look alike: size, font and the first eight colours are set here, which readers who see colours
otherwise tell apart too (Okabe and Ito's).
"""
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

COLOURS = "0072b2 d55e00 009e73 cc79a7 e69f00 56b4e9 000000 f0e442".split()
BLACK = 7
STYLE = """\
set terminal svg noenhanced size 820,520 dynamic font 'sans-serif,13' background rgb 'white'
set grid linecolor rgb '#d8d8d8' linewidth 1
set key outside bottom center horizontal
""" + "".join(
    f"set linetype {i} linewidth 2 pointtype {i} pointsize 0.6 linecolor rgb '#{colour}'\n"
    for i, colour in enumerate(COLOURS, 1))


def block(name: str, rows: Iterable[Sequence]) -> str:
    """Return the data block $NAME. A string with a blank in it is quoted."""
    lines = (" ".join(f'"{cell}"' if isinstance(cell, str) and " " in cell else str(cell)
                      for cell in row) for row in rows)
    return f"${name} << EOD\n" + "".join(f"{line}\n" for line in lines) + "EOD\n"


def draw(path: Path, title: str, commands: str) -> None:
    """Draw an SVG with gnuplot's commands."""
    text = f'{STYLE}set output "{path}"\nset title "{title}"\n{commands}\n'
    done = subprocess.run(["gnuplot"], input=text, text=True, stdout=subprocess.DEVNULL, check=False)
    if done.returncode or not path.exists() or not path.stat().st_size:
        sys.exit(f"gnuplot could not draw {path}")
