# SPDX-License-Identifier: GPL-2.0
"""What scripts/demo makes of a run: what the numbers have to be, and the report.

    demo DIR MIN_PACKETS MIN_MIB

Prints the report, if the guest came to its end, and leaves in failures.txt what does not hold.
"""
import re
from collections import defaultdict
from pathlib import Path

from .logs import lines_of
from .stats import Run, amount, ratio, row

MAP_LINES_MAX = 10


def judge(run: Run, packets: int, seen_bytes: int, min_packets: int, min_mib: int) -> None:
    value = run.value
    run.complaints("dualtree|packet_ring")
    run.require(packets >= min_packets, f"too few packets: {packets}, {min_packets} are due")
    run.require(seen_bytes >= min_mib << 20,
                f"too little traffic: {seen_bytes} bytes, {min_mib} MiB are due")
    run.require(value("ipv4_packets") > 0 and value("ipv6_packets") > 0, "no IPv4, or no IPv6")
    run.require(value("tcp_packets") > 0 and value("udp_packets") > 0, "no TCP, or no UDP")
    run.require(value("remote_frees") > 0, "no free crossed CPUs")
    for name, text in (
            ("dropped_unreadable", "packets could not be read: {}"),
            ("refused_frees", "frees were refused: {}"),
            ("end_live", "not given back: {} bytes are live after unloading"),
            ("end_held", "not given back: {} bytes are held after unloading"),
            ("end_bad_frees", "bad frees: {}"),
            ("end_corrupt", "payloads that were not what they had been: {}")):
        run.require(value(name) == 0, text.format(value(name)))
    run.require(0 < value("end_kept") == value("end_checked"),
                f"payloads were lost: kept {value('end_kept')}, checked {value('end_checked')}")


def show_heap(report: Path) -> None:
    """Print the heap in which the most is live, as far as there is room.

    A line of the map is "cpu 0  ADDRESS  64 KiB |CELLS|", or begins with "shared".
    """
    heaps = defaultdict(list)
    for line in lines_of(report):
        found = re.match(r"map (?:cpu (\S+)|(\S+)) .*?([0-9]+ KiB )(\|.*\|)$", line)
        if found:
            heap = f"CPU {found[1]}" if found[1] else f"the {found[2]} heap"
            heaps[heap].append((found[3], found[4]))
    if not heaps:
        return
    fullest = max(heaps, key=lambda heap: sum(len(re.findall("[#+]", cells))
                                              for _, cells in heaps[heap]))
    regions = heaps[fullest]
    print(f"  heap of {fullest}, {len(regions)} regions (# live, + partly live, . free)")
    for size, cells in regions[:MAP_LINES_MAX]:
        print(f"{size:>12}{cells}")
    if len(regions) > MAP_LINES_MAX:
        print(f"{'':12} and {len(regions) - MAP_LINES_MAX} more")


def show_top(report: Path) -> None:
    """Print what dualtree-top has shown, if the guest had it."""
    lines = [line.removeprefix("top ") for line in lines_of(report) if line.startswith("top ")]
    if lines:
        print("  dualtree-top")
    for line in lines:
        print(f"    {line}")


def show(run: Run, packets: int, seen_bytes: int) -> None:
    value = run.value

    def freed(label: str, what: str, nr: int, nr_bytes: int | None = None) -> None:
        row(label, f"{what:7} {nr:>9,}" + (f", {amount(nr_bytes)}" if nr_bytes is not None else ""))

    def footprint(label: str, live: int, held: int) -> None:
        row(label, f"live {amount(live):10}  held {amount(held):10}  held/live {ratio(held, live)}")

    row("seen", f"{packets:,} packets, {amount(seen_bytes)}, and each once more on its way out")
    row("", "of both: " + ", ".join(f"{name} {value(f'{name.lower()}_packets'):,}"
                                    for name in ("IPv4", "IPv6", "TCP", "UDP")))
    row("kept", f"{value('kept_packets'):,} payloads, {amount(value('kept_bytes'))}")
    row("dropped", f"no memory {value('dropped_memory')}, consumer late {value('dropped_backlog')}")
    for label, what in (("freed", "tail"), ("", "front"), ("", "piece")):
        freed(label, what + "s", value(what + "_frees"), value(what + "_bytes"))
    freed("", "local", value("frees") - value("remote_frees"))
    freed("", "remote", value("remote_frees"))
    footprint("peak", value("peak_live_bytes"), value("peak_held_bytes"))
    footprint("ring full", value("live_bytes"), value("held_bytes"))
    show_heap(run.folder / "report.txt")
    show_top(run.folder / "report.txt")
    row("unloaded", f"live {amount(value('end_live'))}, held {amount(value('end_held'))}")
    row("", f"bad frees {value('end_bad_frees')}, corrupt payloads {value('end_corrupt')}")


def main(folder: str, min_packets: str, min_mib: str) -> int:
    run = Run(Path(folder))
    # What is seen where it enters a device was seen where it left one, too.
    packets = run.value("seen_packets") - run.value("outgoing_packets")
    seen_bytes = run.value("seen_bytes") // 2
    judge(run, packets, seen_bytes, int(min_packets), int(min_mib))
    if run.value("end_live") >= 0:
        show(run, packets, seen_bytes)
    return run.finish()
