# SPDX-License-Identifier: GPL-2.0
"""What a healthy kernel does not say.

One table, used by real runs and by the self-check, which also reads selfcheck/console-samples.txt
through it. The last rows catch what the table does not know by its particular marks.

    console findings FILE...   print "KIND: LINE" for every complaint; status 1 if there is one
    console samples FILE       print each sample that is not taken for what it is
"""
import re
from collections.abc import Iterable
from typing import NamedTuple

from .logs import lines_of, unstamped

# KIND and a regular expression for the message after the time stamp. The first match names a
# line, so the particular comes before the general.
TABLE = [(kind, re.compile(pattern)) for kind, pattern in (
    ("kasan", r"KASAN: "),
    ("lockdep", r"WARNING: possible (circular locking|recursive locking|irq lock inversion)"),
    ("lockdep", r"WARNING: (inconsistent lock state|suspicious RCU usage|bad unlock balance|bad contention)"),
    ("lockdep", r"WARNING: (held lock freed|lock held when returning|Nested lock was not taken)"),
    ("lockdep", r"WARNING: .* still has locks held"),
    ("lockdep", r"-safe -> .*-unsafe lock order detected"),
    ("lockdep", r"INFO: (possible |trying to register non-static key)"),
    ("lockdep", r"BUG: (Invalid wait context|MAX_LOCK|MAX_STACK_TRACE|key .* has not been registered)"),
    ("lockdep", r"DEBUG_LOCKS_WARN_ON|turning off the locking correctness validator"),
    ("atomic-sleep", r"sleeping function called from invalid context"),
    ("atomic-sleep", r"scheduling while (atomic|in)"),
    ("atomic-sleep", r"BUG: using .* in preemptible"),
    ("atomic-sleep", r"[Vv]oluntary context switch within RCU"),
    ("atomic-sleep", r"workqueue leaked (lock|atomic)|leaked lock or atomic"),
    ("atomic-sleep", r"returned with (preemption imbalance|disabled interrupts)"),
    ("atomic-sleep", r"softirq: huh, entered"),
    ("leak", r"kmemleak: "),
    ("odebug", r"ODEBUG: "),
    ("ubsan", r"UBSAN: "),
    ("hang", r"blocked for more than [0-9]+ seconds"),
    ("hang", r"soft lockup|[Hh]ard LOCKUP"),
    ("hang", r"self-detected stall|detected (expedited )?stalls|kthread starved"),
    ("hang", r"workqueue lockup"),
    ("slub", r"^BUG [^ ]+ \((Not tainted|Tainted: .*)\): "),
    ("slub", r"Slab corruption|cache_from_obj|Wrong slab cache|Objects remaining in"),
    ("list", r"list_(add|del) (corruption|double)"),
    ("page", r"page allocation failure"),
    ("page", r"BUG: Bad |page dumped because"),
    ("page", r"Out of memory|oom-kill|invoked oom-killer"),
    ("panic", r"Kernel panic"),
    ("oops", r"[Uu]nable to handle|kernel NULL pointer dereference|Oops|general protection fault"),
    ("oops", r"kernel BUG at|invalid opcode|divide error|double fault"),
    ("oops", r"stack guard page|corrupted stack end|stack-protector"),
    ("module", r"disagrees about version|Unknown symbol|version magic|Exec format error"),
    ("module", r"refcount_t: |percpu ref .*<= 0|Trying to vfree"),
    ("module", r"with parent .* already present|cannot create duplicate filename|tried to (add|init)"),
    ("warning", r"WARNING|\[ cut here \]"),
    ("bug", r"BUG|INFO: task"),
    ("trace", r"Call [Tt]race:|RIP: 0010:|Internal error: |^Hardware name: "),
)]

# What has a word of the table in it and is no complaint: whole beginnings of messages. A kernel
# of ppc64el names its hardware when it boots; a splat there has other marks as well.
HARMLESS = re.compile(
    r"kmemleak: (Kernel memory leak detector initialized|Automatic memory scanning thread)"
    r"|Hardware name: IBM pSeries ")

# Between these two notes of scripts/guest/init the kernel shows where its tasks are, because it
# was asked to. The traces there are no complaints; all else is judged as everywhere.
ASKED = re.compile(r"dualtree-harness: no step for [0-9]+ seconds: ")
ANSWERED = "dualtree-harness: these were the blocked tasks"

FRAME_OF_MODULE = re.compile(r"\[[A-Za-z0-9_]+\]( |$)")
INTERRUPTED = re.compile(r" (asm_|__do_softirq)")
STACK_BEGINS = re.compile(r"\S.* of [0-9]+ bytes by (task|interrupt)\b")


class Console(NamedTuple):
    """The complaints in a console log, and the data races that are the kernel's own."""
    findings: list[str]
    races: list[str]


class Race:
    """A report of KCSAN, from its title to a line of "=", with two stacks.

    6.1 has races of its own that its developers accept; a report counts if a module is in it, in
    the title or in a frame, since kernels with KCSAN have no modules but ours. Frames of what was
    interrupted are not part of the access: a stack ends where an interrupt or a softirq begins.
    What other CPUs print amid a stack does not end it.
    """

    def __init__(self, title: str):
        self.title = title
        self.ours = False
        self.interrupted = False

    def read(self, text: str) -> None:
        """Look at a line of the report."""
        if STACK_BEGINS.match(text):
            self.interrupted = False
        if INTERRUPTED.match(text):
            self.interrupted = True
        if not self.interrupted and FRAME_OF_MODULE.search(text):
            self.ours = True


def read_console(lines: Iterable[str]) -> Console:
    """Read a console log. Lines amid a report of KCSAN, which another CPU may have printed, are
    judged as everywhere."""
    console = Console([], [])
    race = None
    asked = False

    def end_race() -> None:
        if race and race.ours:
            console.findings.append("kcsan: " + race.title)
        elif race:
            console.races.append(race.title.split("BUG: KCSAN: ", 1)[1])

    for line in lines:
        text = unstamped(line)
        if text.startswith("BUG: KCSAN: "):
            end_race()
            race = Race(line)
        if race:
            race.read(text)
            if text.startswith("===="):
                end_race()
                race = None
            if text.startswith(("BUG: KCSAN: ", "Hardware name: ")):
                continue
        if ASKED.match(text):
            asked = True
        if text.startswith(ANSWERED):
            asked = False
        kind = kind_of(text)
        if kind and not (asked and kind == "trace"):
            console.findings.append(f"{kind}: {line}")
    end_race()
    return console


def kind_of(text: str) -> str | None:
    if HARMLESS.match(text):
        return None
    return next((kind for kind, pattern in TABLE if pattern.search(text)), None)


def race_words(races: list[str]) -> list[str]:
    """Return a line on the kernel's own races, if there are any."""
    return races and [f"KCSAN: {len(races)} reports in {len(set(races))} places of the kernel "
                      "itself, none of our code"]


def wrong_sample(kind: str, text: list[str]) -> list[str]:
    """Return what is wrong, if the first complaint of this text is of another kind."""
    findings = read_console(text).findings
    got = findings[0].split(":")[0] if findings else "clean"
    return [] if got == kind else [f"{got} instead of {kind}: {text[0]}"]


def samples(path: str) -> list[str]:
    expected: list[tuple[str, list[str]]] = []
    for line in lines_of(path):
        kind, _, text = line.partition("\t")
        if kind == "+":
            expected[-1][1].append(text)
        elif kind and not kind.startswith("#"):
            expected.append((kind, [text]))
    return [line for sample in expected for line in wrong_sample(*sample)]


def main(what: str, *paths: str) -> int:
    """Print the findings in files, or the wrong ones of samples."""
    found = []
    for path in paths:
        found += samples(path) if what == "samples" else read_console(lines_of(path)).findings
    for line in found:
        print(line)
    return 1 if found else 0
