# SPDX-License-Identifier: GPL-2.0
"""Was a run good?

A run is good only if the token of this very run is there, the console is clean and the kernel's
taint is no more than was allowed. The self-check goes through the same code.

    verdict DIR NONCE TAINT PROBLEM

reads the logs in DIR; TAINT is the flags that are allowed, PROBLEM what went wrong outside the
guest. It writes what it finds to verdict.txt, as "KIND: TEXT" lines; to races.txt what KCSAN
watched, and a count of the races that are the kernel's own; report.txt and out.txt, what the guest
reported and printed. Status 0 only for a good run.
"""
from pathlib import Path

from .console import race_words, read_console
from .logs import lines_of, said, write_lines

TAINT_LETTERS = "PFSRMBUDAWCIOELKXTN"


def taint_letters(number: int) -> str:
    """Return the flags, in the kernel's letters."""
    letters = "".join(letter for bit, letter in enumerate(TAINT_LETTERS) if number >> bit & 1)
    return letters + ("?" if number >> len(TAINT_LETTERS) else "")


def judge_token(folder: Path, nonce: str) -> list[str]:
    """Return what is wrong with the token, which is to be the last line."""
    tokens = said(folder, "token")
    if not tokens:
        return ["token: the guest did not report success"]
    if tokens != [nonce]:
        return ["token: the guest's token is not this run's"]
    last = list(lines_of(folder / "port.log"))[-1]
    return [] if last == f"token: {nonce}" else [f"token: something came after the token: {last}"]


def judge_taint(folder: Path, allowed: str) -> list[str]:
    """Return which flags are not allowed. A guest that does not say has no token already."""
    taint = said(folder, "taint")[-1:]
    if not taint or not taint[0].isdigit():
        return []
    letters = taint_letters(int(taint[0]))
    if set(letters) <= set(allowed):
        return []
    return [f"taint: the kernel is tainted {letters}, allowed are {allowed or 'none'}"]


def main(path: str, nonce: str, allowed: str, problem: str) -> int:
    folder = Path(path)
    console = read_console(lines_of(folder / "console.log"))
    verdict = ([problem] if problem else []) + [f"guest: {text}" for text in said(folder, "fail")]
    verdict += [f"leak: {text}" for text in said(folder, "leak")] + console.findings
    verdict += judge_taint(folder, allowed) + judge_token(folder, nonce)
    write_lines(folder / "verdict.txt", verdict)
    write_lines(folder / "races.txt", said(folder, "races") + race_words(console.races))
    write_lines(folder / "report.txt", said(folder, "report"))
    write_lines(folder / "out.txt", said(folder, "out"))
    return 1 if verdict else 0
