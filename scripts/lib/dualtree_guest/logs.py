# SPDX-License-Identifier: GPL-2.0
"""Lines of the logs that scripts/vm leaves, and files made of lines."""
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# The time, and with some kernels the task or CPU that printed the line.
STAMP = re.compile(r"^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? ?")


def lines_of(path: Path | str) -> Iterator[str]:
    """Yield the lines of a log without their ends; a serial port writes CR LF."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as log:
        for line in log:
            yield line.rstrip("\n").rstrip("\r")


def unstamped(line: str) -> str:
    """Return a line of the kernel's log without its time stamp."""
    return STAMP.sub("", line, count=1)


def said(folder: Path, key: str) -> list[str]:
    begin = key + ": "
    return [line[len(begin):] for line in lines_of(folder / "port.log") if line.startswith(begin)]


def write_lines(path: Path, lines: Iterable[str]) -> None:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(line + "\n" for line in lines)
