# SPDX-License-Identifier: GPL-2.0
"""Prints a table of what llvm-cov has exported: lines and branches of each file of the core.

Usage: llvm-cov export -summary-only ... | host_coverage.py PROJECT
"""
import json
import os
import sys

FOLDERS = ("buddy", "dualtree", "netbuf", "samples")


def percent(sums):
    return 100.0 * sums[1] / sums[0] if sums[0] else 100.0


def main():
    project = os.path.realpath(sys.argv[1])
    totals = {"lines": [0, 0], "branches": [0, 0]}
    print(f"{'file':<32} {'lines':>6} {'%':>6} {'branches':>9} {'%':>6}")
    for entry in json.load(sys.stdin)["data"][0]["files"]:
        name = os.path.relpath(os.path.realpath(entry["filename"]), project)
        if name.split(os.sep)[0] not in FOLDERS:
            continue
        row = {}
        for kind, total in totals.items():
            summary = entry["summary"][kind]
            row[kind] = (summary["count"], summary["covered"])
            total[0] += summary["count"]
            total[1] += summary["covered"]
        print_row(name, row)
    print_row("all", totals)


def print_row(name, row):
    lines, branches = row["lines"], row["branches"]
    print(f"{name:<32} {lines[0]:>6} {percent(lines):>6.1f} {branches[0]:>9} "
          f"{percent(branches):>6.1f}")


if __name__ == "__main__":
    main()
