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
from pathlib import Path


def entries(lines):
    """Return: (version, date, changes) of each heading."""
    changes = []
    found = []
    for line in lines:
        heading = re.match(r"## (\S+) \((\d{4}-\d{2}-\d{2})\)$", line)
        if heading:
            changes = []
            found.append((heading[1], datetime.date.fromisoformat(heading[2]), changes))
        elif line.startswith("- "):
            changes.append(line[2:].strip())
        elif changes and line.startswith("  "):
            changes[-1] += " " + line.strip()
    return found


def main():
    path, maintainer = sys.argv[1:]
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    for version, date, changes in entries(lines):
        print(f"dualtree ({version}) unstable; urgency=medium\n")
        for change in changes:
            print(textwrap.fill(change, 78, initial_indent="  * ", subsequent_indent="    "))
        print(f"\n -- {maintainer}  {date.strftime('%a, %d %b %Y')} 00:00:00 +0000\n")


main()
