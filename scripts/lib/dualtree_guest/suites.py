# SPDX-License-Identifier: GPL-2.0
"""What came of suites. What was not seen to pass has failed.

    suites guest DIR KERNEL_SRC    of a guest's logs, with its plan
    suites um DIR AREA...          of user-mode Linux: kunit.py has left results.txt

print "PASSED FAILED SKIPPED" and leave results.txt, what the kernel's kunit.py says, and
failures.txt, what else is wrong, as "KIND: TEXT" lines.
"""
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .console import read_console
from .logs import lines_of, unstamped, write_lines

NOTE = re.compile(r"dualtree-harness: suite (.*) (begins|ends)$")
RESULT = re.compile(r"((?:not )?ok )[0-9]+ ")
# A test counts when it has a result; a skipped one did not run.
TEST = re.compile(r"    (not )?ok [0-9]+ (?!.*# SKIP)")
ADDRESS = re.compile(r"0x([0-9a-f]+)|(ffffffff[0-9a-f]+)")


def suite_lines(console: Path) -> Iterator[tuple[str, str]]:
    """Yield what the kernel printed between the guest's notes, with the suite's module."""
    inside = None
    for line in lines_of(console):
        text = unstamped(line)
        note = NOTE.match(text)
        if note:
            inside = note[1] if note[2] == "begins" else None
        elif inside:
            yield inside, text


def ktap_document(lines: list[tuple[str, str]]) -> list[str]:
    """Return one document of all suites, for kunit.py.

    A suite that insmod runs prints its KTAP indented, as if a document were around it, but prints
    no such document; and each module starts at number 1. A suite that broke off stays broken off:
    kunit.py sees it and says so.
    """
    document = []
    results = 0
    for _, text in lines:
        if RESULT.match(text):
            results += 1
            text = RESULT.sub(rf"\g<1>{results} ", text, count=1)
        document.append(text)
    suites = sum(text.startswith("    # Subtest: ") for _, text in lines)
    return ["KTAP version 1", f"1..{suites}", *document]


def counts(results: Path, word: str) -> int:
    """Return the sum of the numbers after a word in kunit.py's summary lines."""
    found = re.findall(rf"Testing complete\..*[ :]{word}: ([0-9]+)",
                       results.read_text(encoding="utf-8", errors="surrogateescape"))
    return sum(map(int, found))


def named_leaks(folder: Path) -> Iterator[str]:
    """Yield the verdict's lines. The addresses of a leak's trace mean nothing once the module is
    gone: the line says whose they were."""
    places = []
    for line in lines_of(folder / "port.log"):
        words = line.split()
        if words[:1] == ["place:"] and len(words) == 4:
            start = int(words[3], 16)
            places.append((words[1], range(start, start + int(words[2]))))
    for line in lines_of(folder / "verdict.txt"):
        found = ADDRESS.search(line)
        at = int(found[1] or found[2], 16) if found else -1
        yield line + "".join(f"  (module {name})" for name, place in places if at in place)


def parse(folder: Path, kernel_src: str) -> list[tuple[str, str]]:
    """Leave ktap.txt and results.txt; return what the suites printed."""
    lines = list(suite_lines(folder / "console.log"))
    write_lines(folder / "ktap.txt", ktap_document(lines))
    with open(folder / "results.txt", "wb") as results:
        if any(re.match(" *# Subtest: ", text) for _, text in lines):
            subprocess.run([sys.executable, f"{kernel_src}/tools/testing/kunit/kunit.py", "parse",
                            folder / "ktap.txt"], stdout=results, stderr=results, check=False)
    return lines


def empty_suites(plan: Path, lines: list[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each suite of the plan of which no test ran."""
    ran = {name for name, text in lines if TEST.match(text)}
    for words in map(str.split, lines_of(plan)):
        if words[0] == "suite" and words[1].removesuffix(".ko") not in ran:
            yield f"empty: no test of {words[1].removesuffix('.ko')} ran"


def missing_suites(console: Path, areas: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each suite that did not end well under user-mode Linux."""
    ended = {found[1] for line in lines_of(console)
             if (found := re.match(r"ok [0-9]+ (?:- )?dualtree_(\S+)", line))}
    for area in areas:
        if area not in ended:
            yield f"missing: the suite {area} did not end well, or did not run"


def main(where: str, path: str, *more: str) -> int:
    folder = Path(path)
    results = folder / "results.txt"
    if where == "um":
        failures = read_console(lines_of(folder / "console.log")).findings
        failures += missing_suites(folder / "console.log", more)
    else:
        lines = parse(folder, *more)
        failures = [*named_leaks(folder), *empty_suites(folder / "plan", lines)]
    failed = counts(results, "failed") + counts(results, "crashed")
    errors = counts(results, "errors")
    # A crashed test is counted above; an error without one must not go under.
    if errors and (where == "um" or not failed):
        failures.append(f"results: kunit.py found {errors} errors in the results")
    write_lines(folder / "failures.txt", failures)
    # Ten lines of one splat are one failure.
    failed += len({line.split(":")[0] for line in failures})
    print(counts(results, "passed"), failed, counts(results, "skipped"))
    return 0
