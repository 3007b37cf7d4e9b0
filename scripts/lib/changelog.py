# SPDX-License-Identifier: GPL-2.0
"""
Usage: changelog.py CHANGELOG.md MAINTAINER

Prints Debian's changelog of CHANGELOG.md: each "## VERSION (YYYY-MM-DD)" is an entry, each
"- " below it a change.
"""
import datetime
import re
import sys
import textwrap


def entries(lines):
    """Yields (version, date, changes) for each heading."""
    entry = None
    for line in lines:
        heading = re.match(r"## (\S+) \((\d{4}-\d{2}-\d{2})\)$", line)
        if heading:
            if entry:
                yield entry
            entry = (heading[1], datetime.date.fromisoformat(heading[2]), [])
        elif entry and line.startswith("- "):
            entry[2].append(line[2:].strip())
        elif entry and entry[2] and line.startswith("  "):
            entry[2][-1] += " " + line.strip()
    if entry:
        yield entry


def main():
    path, maintainer = sys.argv[1:]
    with open(path, encoding="utf-8") as changes_file:
        lines = changes_file.read().splitlines()
    for version, date, changes in entries(lines):
        print(f"dualtree ({version}) unstable; urgency=medium\n")
        for change in changes:
            print(textwrap.fill(change, 78, initial_indent="  * ", subsequent_indent="    "))
        print(f"\n -- {maintainer}  {date.strftime('%a, %d %b %Y')} 00:00:00 +0000\n")


main()
