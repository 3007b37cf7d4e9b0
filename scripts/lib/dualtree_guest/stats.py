# SPDX-License-Identifier: GPL-2.0
"""Numbers that a guest reported, as lines "stat NAME VALUE" or "stat MODE NAME VALUE"."""
import re
from collections.abc import Callable
from pathlib import Path

from .logs import lines_of, unstamped, write_lines

# What the kernel says of modules that are not its own, and what a sample's last words are, which
# are judged as numbers.
NO_COMPLAINT = r": (loading out-of-tree module|module verification failed|unloaded: )"


class Run:
    """What a guest reported, and what is wrong with it. A number that was not reported is -1."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.numbers: dict[str, int] = {}
        self.failures: list[str] = []
        report = folder / "report.txt"
        for line in lines_of(report) if report.exists() else ():
            words = line.split()
            if words[:1] == ["stat"] and words[-1].isdecimal():
                self.numbers[".".join(words[1:-1])] = int(words[-1])

    def value(self, *names: str) -> int:
        """Return the number of that name, after that of a mode where there are modes."""
        return self.numbers.get(".".join(names), -1)

    def require(self, condition: bool, text: str) -> None:
        """Fail for this reason, unless the condition holds."""
        if not condition:
            self.failures.append(text)

    def complaints(self, modules: str, harmless: str = NO_COMPLAINT) -> None:
        """Fail for what the verdict says, and for what our modules say that is not harmless."""
        self.failures += lines_of(self.folder / "verdict.txt")
        for text in map(unstamped, lines_of(self.folder / "console.log")):
            if re.match(rf"({modules}): ", text) and not re.search(harmless, text):
                self.failures.append("console: " + text)

    def finish(self) -> int:
        """Leave the failures in failures.txt."""
        write_lines(self.folder / "failures.txt", self.failures)
        return 1 if self.failures else 0


def amount(nr: int) -> str:
    if nr < 0:
        return "-"
    if nr < 10240:
        return f"{nr:,} B"
    if nr < 10 << 20:
        return f"{nr >> 10:,} KiB"
    return f"{nr >> 20:,}.{nr % (1 << 20) * 10 >> 20} MiB"


def formatted(form: str, unit: int = 1) -> Callable[[int], str]:
    """Return what shows a number by this format, in units; one that was not reported is a dash."""
    return lambda nr: "-" if nr < 0 else form.format(nr // unit)


mbit = formatted("{} Mbit/s", 1000000)


def ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if part >= 0 and whole > 0 else "-"


def row(label: str, text: str) -> None:
    print(f"  {label:10} {text}")
