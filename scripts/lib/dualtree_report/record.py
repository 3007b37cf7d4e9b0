# SPDX-License-Identifier: GPL-2.0
"""The self-check of scripts/record: what is wrong with a trace file or a record is found.

    record DIR TOOL           writes the trace files of the check and the guest's plan into DIR, and
                              has the trace tool read each of them, and each record
    record DIR TOOL --guest   compares what the guest reported with what the tool says

A message names the line of the file that is wrong.
"""
import argparse
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

HEAD = "# dualtree-trace 1\n"
FREED = "some of these bytes have been freed already"
CUT_OFF = 'the file is truncated: it has no last line "z OPERATIONS"'

# Name, what follows HEAD, and LINE: WHAT IS WRONG, or nothing.
TRACES = [
    ("whole", "a 0 100\nf 0 0 100\nz 2\n", ""),
    ("front, tail, middle", "a 0 100\nf 0 0 10\nf 0 90 10\nf 0 40 20\nf 0 10 30\nf 0 60 30\nz 6\n",
     ""),
    ("of a CPU", "a 0 100 3\nf 0 0 100 2\nz 2\n", ""),
    ("left live", "a 0 100\nz 1\n", ""),
    ("number used again", "a 0 1\nf 0 0 1\na 0 2\nz 3\n", ""),
    ("steps", "# steps\na 0 64\n.\n= steady\n.\n= end\nz 1\n", ""),
    ("nothing", "z 0\n", ""),
    ("unknown operation", "a 0 1\nx 1\nz 2\n", "3: no such operation"),
    ("operation glued", "a0 1\nz 1\n", "2: numbers are to be separated by one space"),
    ("empty line", "a 0 1\n\nz 1\n", "3: an empty line"),
    ("size 0", "a 0 0\nz 1\n", "2: an allocation of 0 bytes"),
    ("no size", "a 0\nz 1\n", "2: a number is missing"),
    ("too many numbers", "a 0 1 2 3\nz 1\n", "2: more follows the numbers"),
    ("two spaces", "a 0  1\nz 1\n", "2: not a decimal number below 4294967296"),
    ("negative", "a 0 -1\nz 1\n", "2: not a decimal number below 4294967296"),
    ("too large a number", "a 0 4294967296\nz 1\n", "2: not a decimal number below 4294967296"),
    ("hexadecimal", "a 0 0x10\nz 1\n", "2: numbers are to be separated by one space"),
    ("live ID", "a 0 1\na 0 1\nz 2\n", "3: an object of that ID is still live"),
    ("skipped ID", "a 0 1\na 2 1\nz 2\n", "3: the ID leaves numbers out"),
    ("unknown ID", "a 0 1\nf 1 0 1\nz 2\n", "3: no object of that ID is live"),
    ("dead ID", "a 0 1\nf 0 0 1\nf 0 0 1\nz 3\n", "4: no object of that ID is live"),
    ("free of 0 bytes", "a 0 1\nf 0 0 0\nz 2\n", "3: a free of 0 bytes"),
    ("beyond the end", "a 0 100\nf 0 50 51\nz 2\n",
     "3: the free goes beyond the end of the object"),
    ("after the end", "a 0 100\nf 0 100 1\nz 2\n", "3: the free goes beyond the end of the object"),
    ("dead front", "a 0 100\nf 0 0 50\nf 0 49 2\nz 3\n", f"4: {FREED}"),
    ("dead tail", "a 0 100\nf 0 50 50\nf 0 99 1\nz 3\n", f"4: {FREED}"),
    ("across a hole", "a 0 100\nf 0 40 20\nf 0 0 100\nz 3\n", f"4: {FREED}"),
    ("step without header", "a 0 1\n.\nz 1\n", '3: a step ends, but the header has no "# steps"'),
    ("unknown mark", "= begin\nz 0\n", "2: no such mark, or not in this place"),
    ("marks in disorder", "= end\n= steady\nz 0\n", "3: no such mark, or not in this place"),
    ("no last line", "a 0 1\n", f"2: {CUT_OFF}"),
    ("half a line", "a 0 1\nf 0 0", f"3: {CUT_OFF}"),
    ("half a last line", "a 0 1\nz 1", f"3: {CUT_OFF}"),
    ("lines are missing", "a 0 1\nz 2\n",
     "3: there are not as many operations as the last line says"),
    ("more after the last line", "z 0\na 0 1\n", "3: more follows the last line"),
    ("carriage return", "a 0 1\r\nz 1\r\n", "2: a byte that is not text"),
]
# The same of whole files.
FILES = [
    ("empty file", "", f"0: {CUT_OFF}"),
    ("no first line", "a 0 1\nz 1\n",
     '1: not a trace: the first line is to be "# dualtree-trace 1"'),
]
# Name, events, and the trace or LINE: WHAT IS WRONG. An event is "CPU KIND ADDRESS BYTES", the
# address less ffff888000000000.
RECORDS = [
    ("whole", "1 alloc 40 64\n2 free 40 64", "a 0 64 1\nf 0 0 64 2\nz 2"),
    ("tail, front, rest", "0 alloc 0 100\n0 free 50 20\n0 free 0 80",
     "a 0 100 0\nf 0 80 20 0\nf 0 0 80 0\nz 3"),
    ("two neighbours at once", "0 alloc 0 64\n0 alloc 40 64\n0 free 20 64",
     "a 0 64 0\na 1 64 0\nf 0 32 32 0\nf 1 0 32 0\nz 4"),
    ("extension", "0 alloc 0 40\n0 alloc 28 100\n0 free 0 140",
     "a 0 40 0\na 1 100 0\nf 0 0 40 0\nf 1 0 100 0\nz 4"),
    ("number used again", "0 alloc 0 64\n0 free 0 64\n0 alloc 80 64",
     "a 0 64 0\nf 0 0 64 0\na 0 64 0\nz 3"),
    ("stamped late", "0 alloc 0 64\n1 alloc 0 64\n0 free 0 64\n1 free 0 64",
     "a 0 64 0\nf 0 0 64 1\na 0 64 1\nf 0 0 64 1\nz 4"),
    ("stamped late, of another size", "0 alloc 0 100\n1 alloc 0 64\n1 free 0 64\n0 free 0 100",
     "a 0 100 0\nf 0 0 64 1\na 1 64 1\nf 1 0 64 0\nf 0 64 36 0\nz 5"),
    ("stamped late, twice",
     "0 alloc 0 64\n1 alloc 0 64\n2 alloc 0 64\n0 free 0 64\n1 free 0 64\n2 free 0 64",
     "a 0 64 0\nf 0 0 64 1\na 0 64 1\nf 0 0 64 2\na 0 64 2\nf 0 0 64 2\nz 6"),
    ("destroyed live", "0 alloc 0 64\n1 region_put 0 4096\n0 alloc 0 64\n0 free 0 64",
     "a 0 64 0\nf 0 0 64 1\na 0 64 0\nf 0 0 64 0\nz 4"),
    ("stamped after its region went", "0 alloc 0 64\n1 region_put 0 4096\n0 free 0 64",
     "a 0 64 0\nf 0 0 64 1\nz 2"),
    ("freed twice", "0 alloc 0 64\n0 free 0 64\n0 free 0 64",
     "6: a free of bytes that have been freed already"),
    ("never allocated", "0 free 0 64", "4: a free of bytes whose allocation is not in the record"),
    ("a free is missing", "0 alloc 0 64\n0 alloc 0 64",
     "64 bytes were allocated twice and freed once"),
]
# Name, what is replaced by what in the record of one allocation, and LINE: WHAT IS WRONG.
BAD_RECORDS = [
    ("hashed address", "ffff8880", "00000000", "4: the address is hashed: options/hash-ptr was on"),
    ("lost events", "    a .*", "CPU:1 [LOST 5 EVENTS]", "4: events were lost"),
    ("cut off", "# end\n", "", '4: the record is truncated: it has no last line "# end"'),
    ("no event", "dualtree_alloc", "sched_switch", "4: not an event"),
    ("half an event", " size=.*", "", "4: an event that is not complete"),
]
# A trace that is exported, and its export; the second has to take what the first takes.
SAME_TRACES = [("M", 20000), ("E1k", 20000), ("C16s", 20000)]
SEED, FLAGS = 7, (0, 1)

# Name, what has to come out, what came out.
Outcome = tuple[str, str, str]


def traces() -> list[tuple[str, str, str]]:
    """Name, text and what is wrong of each trace file; it is called NUMBER.trace, from 1 on."""
    whole = [(name, HEAD + text, wrong) for name, text, wrong in TRACES] + FILES
    return [(name, text, f"{nr}.trace:{wrong}" if wrong else "")
            for nr, (name, text, wrong) in enumerate(whole, 1)]


def record_of(events: str) -> str:
    """A record of these events, as scripts/guest/record.sh makes it of the kernel's."""
    names = {"alloc": ("ptr", "size"), "region_put": ("base", "bytes")}
    text = "# dualtree-record 1\n# name self-check\n# kernel none\n"
    for event in events.splitlines():
        cpu, kind, address, size = event.split()
        key, value = names.get(kind, ("ptr", "len"))
        text += (f"    a [b] c-12    [{int(cpu):03}] ..... 77: dualtree_{kind}: name=x ptr=1 "
                 f"{key}=ffff8880{int(address, 16):08x} {value}={int(size)}\n")
    return text + "# end\n"


def say(folder: Path, *command: str) -> tuple[int, str, str]:
    """Run a command in the folder; return its status and what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr.strip()


def prepare(folder: Path, tool: str) -> None:
    """Write the trace files and the guest's plan."""
    for nr, (_, text, _) in enumerate(traces(), 1):
        (folder / f"{nr}.trace").write_text(text, encoding="utf-8", newline="")
    plan = ""
    for name, ops in SAME_TRACES:
        status, text, said = say(folder, tool, "export", name, str(SEED), str(ops), "1")
        if status:
            raise SystemExit(f"the trace {name} cannot be exported: {said}")
        (folder / f"{name}.trace").write_text(text, encoding="utf-8")
        for flags in FLAGS:
            plan += (f"{name}/{flags}/generated trace={name},{SEED},{ops},1 flags={flags}\n"
                     f"{name}/{flags}/replayed file=/run/harness/{name}.trace flags={flags}\n")
    (folder / "plan").write_text(plan, encoding="utf-8")


def host_outcomes(folder: Path, tool: str) -> Iterator[Outcome]:
    """What the trace tool says of each trace file and record."""
    for nr, (name, _, wrong) in enumerate(traces(), 1):
        yield f"trace: {name}", wrong, say(folder, tool, "check", f"{nr}.trace")[2]
    record = folder / "record"
    for name, events, expected in RECORDS:
        record.write_text(record_of(events), encoding="utf-8")
        status, text, said = say(folder, tool, "convert", "record")
        lines = "\n".join(line for line in text.splitlines() if line[0] != "#")
        yield f"record: {name}", expected, re.sub("^record: *", "", said) if status else lines
    for name, old, new, wrong in BAD_RECORDS:
        record.write_text(re.sub(old, new, record_of("0 alloc 0 64")), encoding="utf-8")
        yield f"record: {name}", f"record:{wrong}", say(folder, tool, "convert", "record")[2]


def guest_outcomes(folder: Path) -> Iterator[Outcome]:
    """The module has to say of each broken trace what the tool says, and nothing of the good ones;
    a trace that is replayed from a file has to take what it takes without."""
    lines = (folder / "report.txt").read_text(encoding="utf-8").splitlines()

    def reported(key: str) -> str:
        return "\n".join(line[len(key) + 1:] for line in lines if line.startswith(f"{key} "))

    for nr, (name, _, wrong) in enumerate(traces(), 1):
        yield f"in the kernel: {name}", wrong, reported(f"broken {nr}")
    for name, _ in SAME_TRACES:
        for flags in FLAGS:
            generated, replayed = (reported(f"{name}/{flags}/{how}")
                                   for how in ("generated", "replayed"))
            yield f"replay: {name}, flags {flags}", generated or "nothing", replayed


ARGUMENTS = {
    "tool": {"help": "the trace tool"},
    "--guest": {"action": "store_true", "help": "the guest has run"},
}


def run(args: argparse.Namespace) -> int:
    """Print what did not come out, and the counts; return the status."""
    checked = failed = 0
    if not args.guest:
        prepare(args.out, args.tool)
    for name, expected, found in (guest_outcomes(args.out) if args.guest else
                                  host_outcomes(args.out, args.tool)):
        checked += 1
        if expected != found:
            failed += 1
            print(f"not ok  {name}\n    expected: {expected.replace(chr(10), ', ')}\n"
                  f"    found:    {found.replace(chr(10), ', ')}")
    print(f"{'in the guest' if args.guest else 'trace files and records'}: {checked} checked, "
          f"{failed} failed")
    return 1 if failed else 0
