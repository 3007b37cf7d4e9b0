# SPDX-License-Identifier: GPL-2.0
"""
The cover letter: packaging/series/cover.txt, whose first line is the subject. Figures come from the
tables of Documentation/. In the text, {cost|pair 1500 B|kmalloc} is a cell: table, row, column. A
fourth word is the number of a part, from 0, of a cell that has several. {table|readers} is a whole
table. {memory|520 bytes} are words of the section on memory of performance.rst. {base} names the
kernel, {left} says what is left of compat/.

In the section on costs all figures come in this way. A number there that is written by hand is
refused, unless it says what was measured: then it is in the name of a row, column or table.
"""
import csv
import re
import textwrap
from pathlib import Path

from kernel_tree import Refusal

COVER = "packaging/series/cover.txt"
WIDTH = 75
FIGURE = r"\{([^{}\n]+)\}"
# The section of the letter that has figures, and the one of performance.rst that has sizes.
COSTS = "Costs, what loses first"
MEMORY = "What memory it needs"
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
FILES = ("performance-tables.inc", "slow-readers.inc")
TABLES = {
    "cost": "Instructions of an operation",
    "own": "Instructions of dualtree's own operations",
    "sections": "Instructions of the longest sections",
    "other": "Instructions on other kernels",
    "remote": "Nanoseconds of a packet",
    "held": "Bytes held for bytes live",
    "readers": "What slow readers keep",
    "datagram": "Instructions for one datagram",
}
# The table of nic.rst that is no list of cells: what its columns are here.
DATAGRAMS = ("ours", "e1000", "ratio", "ours, IOMMU", "e1000, IOMMU", "ratio, IOMMU")
LACKS = """lib/dualtree/compat.h has what {base} lacks and our code calls: {names}. It goes when the
kernel has it."""
NOTHING = """Nothing of our code for other kernels is left: it calls {base}'s functions by their
names."""


def tables(project):
    """Title -> {row: {column: cell}}, of all generated tables."""
    found = {}
    for name in FILES:
        text = Path(project, "Documentation", name).read_text(encoding="utf-8")
        for part in text.split(".. csv-table:: ")[1:]:
            title, _, body = part.partition("\n")
            lines = [line.strip() for line in body.splitlines() if line.strip().startswith('"')]
            rows = list(csv.reader(lines, skipinitialspace=True))
            found[title] = {row[0]: dict(zip(rows[0], row)) for row in rows[1:]}
    found[TABLES["datagram"]] = datagrams(project)
    return found


def datagrams(project):
    """What a datagram costs: a row is "1472 bytes, 9000, 32", with MTU and number at once."""
    text = Path(project, "Documentation/nic.rst").read_text(encoding="utf-8")
    rows = re.findall(r"^(\d+ bytes) +(\d+) +(\d+) +([\d,]+) +([\d,]+) +([\d.]+) +([\d,]+) +([\d,]+)"
                      r" +([\d.]+)$", text, re.MULTILINE)
    return {", ".join(row[:3]): dict(zip(DATAGRAMS, row[3:])) for row in rows}


def parts_of(cell):
    """The numbers of a cell that has several: "175, 1,055" are two."""
    return re.findall(NUMBER, cell)


def section(text, title):
    """What is under a heading."""
    match = re.search(rf"^{re.escape(title)}\n([=-])\1+\n(.*?)(?=^\S[^\n]*\n\1{{3,}}\n|\Z)", text,
                      re.MULTILINE | re.DOTALL)
    if not match:
        raise Refusal(f"no section {title}")
    return match[2]


def numbers(text):
    """The numbers in a text, without commas: "10k" is 10 and 10000."""
    found = {number.replace(",", "") for number in re.findall(NUMBER, text)}
    return found | {thousands + "000" for thousands in re.findall(r"(\d+)k\b", text)}


def by_hand(text, found):
    """The numbers in the letter's section on costs that are in no table: (number, item)."""
    heads = {name for rows in found.values() for row in rows.values() for name in row}
    known = numbers(" ".join(heads | set(found)))
    for part in re.split(r"\n\n|\n(?=- )", section(text, COSTS)):
        named = numbers(" ".join(re.findall(FIGURE, part)))
        for number in sorted(numbers(re.sub(FIGURE, "", part)) - known - named):
            yield number, " ".join(part.split())


def titled(found, table):
    """The table of that short name."""
    titles = [title for title in found if table in TABLES and title.startswith(TABLES[table])]
    if not titles:
        raise Refusal(f"no table {table} in Documentation/")
    return found[titles[0]]


def whole(found, table, indent):
    """A table as text, in columns."""
    rows = titled(found, table)
    heads = list(next(iter(rows.values())))
    lines = [heads] + [list(row.values()) for row in rows.values()]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return f"\n{indent}".join(
        f"{line[0]:<{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in
                                            zip(line[1:], widths[1:])) for line in lines)


def figure(found, words):
    table, row, column, *part = words
    cell = titled(found, table).get(row, {}).get(column, "")
    if not cell:
        raise Refusal(f"no figure {'|'.join(words)} in the tables of Documentation/")
    return parts_of(cell)[int(part[0])] if part else cell


def memory(project, words):
    """Words of the section on memory."""
    text = Path(project, "Documentation/performance.rst").read_text(encoding="utf-8")
    if words not in " ".join(section(text, MEMORY).split()):
        raise Refusal(f"performance.rst does not say {words} under {MEMORY}")
    return words


def left(rewriter, base):
    """What is left of compat/, in a sentence or two."""
    rest = rewriter.rest("compat.h")
    if not rest:
        return NOTHING.format(base=base)
    names = sorted({n for r in rewriter.compat.rests.values() if r.home == "compat.h"
                    for n in r.names if re.search(rf"\b{n}\b", rest[1])})
    return LACKS.format(base=base, names=", ".join(names))


def folded(text, indent=""):
    """A paragraph, or an item of a list, in lines of at most WIDTH."""
    return textwrap.fill(" ".join(text.split()), WIDTH, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def letter(project, rewriter, base):
    """The text, its subject first."""
    text = Path(project, COVER).read_text(encoding="utf-8")
    return filled(project, text, left(rewriter, base), base)


def filled(project, text, rest, base):
    """The letter with its figures; rest says what is left of compat/."""
    found = tables(project)

    def value(match):
        table, *words = match[1].split("|")
        return memory(project, *words) if table == "memory" else figure(found, [table, *words])

    def fill(text, indent=""):
        return folded(re.sub(FIGURE, value, text), indent) if re.search(FIGURE, text) else text

    for number, part in by_hand(text, found):
        raise Refusal(f"{number} is in no table of Documentation/: {part}")
    text = text.replace("{left}", folded(rest)).replace("{base}", base)
    text = re.sub(r"(?m)^( *)\{table\|(\w+)\}",
                  lambda match: match[1] + whole(found, match[2], match[1]), text)
    text = re.sub(r"(?m)^- .*(?:\n  .*)*", lambda item: fill(item[0], "  "), text)
    text = "\n\n".join(map(fill, text.split("\n\n")))
    if "{" in text or "}" in text:
        raise Refusal(f"the cover letter is not filled in: {re.search(r'.*[{}].*', text)[0]}")
    long = next((line for line in text.splitlines()[1:] if len(line) > WIDTH), None)
    if long:
        raise Refusal(f"the cover letter has a line over {WIDTH} columns: {long}")
    return text
