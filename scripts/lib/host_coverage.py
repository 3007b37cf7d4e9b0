# SPDX-License-Identifier: GPL-2.0
"""Which lines and branches of the core do the tests of host/ reach, and is that enough?

Usage: host_coverage.py PROJECT SUMMARY LCOV

SUMMARY is what `llvm-cov export -summary-only` prints, LCOV what `-format=lcov` does. Prints a
table of the files, then each line that is not reached, with its reason from host/uncovered.txt.
Fails where a line has none, where a line is reached that has one, and below the bars.
"""
import json
import os
import re
import sys
from pathlib import Path

FOLDERS = ("buddy", "dualtree", "netbuf", "samples")
# Percent of all lines, and of all branches, that must be reached.
BARS = {"lines": 97.0, "branches": 90.0}
FUNCTION = re.compile(r"^[a-z].*?\b(\w+)\(")


def percent(sums):
    return 100.0 * sums[1] / sums[0] if sums[0] else 100.0


def in_core(path, project):
    """The name of a file of the core from the top of the tree, or None."""
    name = os.path.relpath(os.path.realpath(path), project)
    return name if name.split(os.sep)[0] in FOLDERS else None


def print_row(name, row):
    lines, branches = row["lines"], row["branches"]
    print(f"{name:<32} {lines[0]:>6} {percent(lines):>6.1f} {branches[0]:>9} "
          f"{percent(branches):>6.1f}")


def print_table(project, summary):
    """Return: for lines and branches, how many there are and how many are reached."""
    totals = {kind: [0, 0] for kind in BARS}
    print(f"{'file':<32} {'lines':>6} {'%':>6} {'branches':>9} {'%':>6}")
    for entry in summary["data"][0]["files"]:
        name = in_core(entry["filename"], project)
        if not name:
            continue
        row = {}
        for kind, total in totals.items():
            counts = entry["summary"][kind]
            row[kind] = (counts["count"], counts["covered"])
            total[0] += counts["count"]
            total[1] += counts["covered"]
        print_row(name, row)
    print_row("all", totals)
    return totals


def function_at(lines, number):
    """The function that a line is in: the last one before it whose name begins a line."""
    for line in reversed(lines[:number]):
        match = FUNCTION.match(line)
        if match and not line.endswith(";"):
            return match.group(1)
    return ""


def unreached(project, lcov):
    """The lines that are not reached: (file, number, function, text)."""
    found, name, lines = [], None, []
    for record in lcov:
        kind, _, value = record.partition(":")
        if kind == "SF":
            name = in_core(value, project)
            if name:
                lines = Path(project, name).read_text(encoding="utf-8").split("\n")
        elif kind == "DA" and name:
            number, count = (int(field) for field in value.split(",")[:2])
            text = lines[number - 1].strip()
            # A brace is no line, and a macro's definition counts where it is used.
            if not count and text not in "{}" and not text.startswith("#define"):
                found.append((name, number, function_at(lines, number), text))
    return found


def read_reasons(path):
    """The list: {(file, function, text or "*"): (may be reached, reason)}."""
    reasons = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, function, rest = line.split(": ", 2)
        text, _, reason = rest.rpartition(": ") if rest.count(": ") == 1 else split_text(rest)
        if not reason:
            sys.exit(f"{path}: no reason: {line}")
        reasons[name, function, text.lstrip("?")] = (text.startswith("?"), reason)
    return reasons


def split_text(rest):
    """A line's text ends with a semicolon or is "*": what follows is its reason."""
    match = re.match(r"(\??\*|.*?[;)}]): (.*)$", rest)
    return (match.group(1), ": ", match.group(2)) if match else (rest, "", "")


def compare(found, reasons):
    """Prints each line that is not reached. Return: the number of faults."""
    faults, used = 0, set()
    for name, number, function, text in found:
        key = (name, function, text)
        if key not in reasons:
            key = (name, function, "*")
        if key not in reasons:
            print(f"{name}:{number}: in {function}, not reached and not listed: {text}")
            faults += 1
            continue
        used.add(key)
        print(f"{name}:{number}: {text}\n    {reasons[key][1]}")
    for key, (maybe, _) in reasons.items():
        if key not in used and not maybe:
            print(f"{key[0]}: in {key[1]}, listed and reached: {key[2]}")
            faults += 1
    return faults


def main():
    project = os.path.realpath(sys.argv[1])
    summary, lcov = (Path(path).read_text(encoding="utf-8") for path in sys.argv[2:])
    totals = print_table(project, json.loads(summary))
    faults = compare(unreached(project, lcov.splitlines()),
                     read_reasons(Path(project, "host/uncovered.txt")))
    for kind, bar in BARS.items():
        if percent(totals[kind]) < bar:
            print(f"{percent(totals[kind]):.1f} % of the {kind} are reached, less than {bar:.0f} %")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
