# SPDX-License-Identifier: GPL-2.0
"""Does the table of steps in model.rst name what the models and the code have?

Usage: model_steps.py PROJECT

The left column names inlines and processes of the models. The right one names functions: they
exist, and after "f():" come those that f calls, directly, in that order. Functions that the page
names as those that publish or follow a pointer exist, too. Prints what does not hold.
"""
import re
import sys
from pathlib import Path

PAGE = "Documentation/model.rst"
SOURCES = ("dualtree/*.[ch]", "buddy/*.[ch]")
TABLE = re.compile(r"list-table::")
ROW = re.compile(r"^\s+\* - (.*)$")
CELL = re.compile(r"^\s+- (.*)$")
NAME = re.compile(r"``([\w/.\[\]]+?)(\(\))?``")
# What the kernel has.
KERNEL = {"call_rcu", "cmpxchg", "llist_add", "llist_del_all", "llist_empty", "preempt_disable",
          "preempt_enable", "set_bit", "smp_call_function_single", "smp_mb", "smp_rmb",
          "smp_store_release"}


def sources(project, *patterns):
    return "\n".join(path.read_text(encoding="utf-8") for pattern in patterns
                     for path in sorted(Path(project).glob(pattern)))


def body_of(function, code):
    """The body of a function, between the braces that stand alone in a line; or None."""
    match = re.search(rf"^(?!\s|#|static_assert)[^;{{}}\n]*\b{function}\([^;{{}}]*\)\s*"
                      rf"(?:__\w+\([^)]*\)\s*)?\n{{\n(.*?)\n}}", code, re.M | re.S)
    return match.group(1) if match else None


def exists(function, code):
    return (function in KERNEL or body_of(function, code) is not None or
            re.search(rf"^#define {function}\(", code, re.M) is not None)


def tables(page):
    """Each table of lists, as rows of cells."""
    rows = None
    for line in page.split("\n"):
        if TABLE.search(line):
            rows = []
        elif rows is not None and ROW.match(line):
            rows.append([ROW.match(line).group(1)])
        elif rows and CELL.match(line):
            rows[-1].append(CELL.match(line).group(1))
        elif rows and line.strip() and line.startswith(" " * 5):
            rows[-1][-1] += " " + line.strip()
        elif rows and line.strip():
            yield rows
            rows = None
    if rows:
        yield rows


def check_order(function, called, code):
    body, at = body_of(function, code) or "", 0
    for name in called:
        # compat/ has dt_X() where X() differs from one kernel to the next.
        prefix = "(?:dt_)?" if name in KERNEL else ""
        match = re.compile(rf"\b{prefix}{name}\(").search(body, at)
        if not match:
            return f"{function}() does not call {name}(), or not in that order"
        at = match.end()
    return None


def missing(cell, code):
    """Faults of a cell: functions that do not exist."""
    return [f"there is no {name}()" for name, call in NAME.findall(cell)
            if call and not exists(name, code)]


def check_cell(cell, code):
    """Faults of a cell: clauses with semicolons between, each of functions, or "f(): a(), b()"."""
    faults = missing(cell, code)
    for clause in cell.split(";"):
        head, colon, rest = clause.partition(":")
        if not colon:
            continue
        names = [name for name, _ in NAME.findall(head)]
        fault = check_order(names[-1], [name for name, _ in NAME.findall(rest)], code)
        faults += [fault] if fault else []
    return faults


def check_steps(rows, models, code):
    faults = []
    for left, right in rows[1:]:
        faults += [f"no model has {name}" for name, _ in NAME.findall(left)
                   if not re.search(rf"\b(inline|proctype) {name}\(|#define {name}\b|\b{name}:",
                                    models)]
        faults += check_cell(right, code)
    return faults


def main():
    project = sys.argv[1]
    code = sources(project, *SOURCES)
    steps, *others = tables(sources(project, PAGE))
    faults = check_steps(steps, sources(project, "Documentation/model/*.pml"), code)
    for rows in others:
        for row in rows[1:]:
            for cell in row[1:]:
                faults += missing(cell, code)
    for fault in faults:
        print(f"{PAGE}: {fault}")
    if len(steps) < 10 or not others:
        print(f"{PAGE}: no table of steps was found")
        return 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
