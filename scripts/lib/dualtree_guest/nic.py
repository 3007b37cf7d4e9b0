# SPDX-License-Identifier: GPL-2.0
"""What scripts/nic makes of a run: what the numbers have to be, and tables of both drivers.

    nic DIR WHAT PART...

WHAT are the MTUs of the part traffic, or what the part count has counted, as MTU:SIZE:BATCH. Prints
the tables and leaves in failures.txt what does not hold. No throughput is judged.
"""
import re
from pathlib import Path

from dualtree_report import figures

from .logs import lines_of, unstamped
from .stats import NO_COMPLAINT, Run, amount, mbit, ratio

# Of our driver, what it and the kernel say of a healthy card.
HEALTHY = re.compile(r": (link (up|down)|renamed from|Adding to iommu group|enabling device|"
                     r"doing one thing wrong)")
# What an IOMMU says of an address that the device was not given: Intel's, and Arm's.
FAULT = re.compile(r"DMAR: (DRHD: handling fault|\[|.*fault addr)|swiotlb buffer is full|"
                   r"arm-smmu-v3 .*: (event|unexpected)")

MODES = ("ours", "kernels")
CHANGES = ("close_and_open", "change_rings", "receive_fragments", "negotiate", "see_addresses",
           "sleep_and_wake")
# Milliseconds that removal and unloading may take, which wait for no packet: a second, on a machine
# that leaves the guest a tenth of a CPU. To wait for a socket took until it is read.
REMOVE_MS_MAX = 10000

# Percent by which two numbers may differ that do not depend on the driver that receives: what its
# sender takes, and how often it is interrupted.
ALIKE_PERCENT = 3


def check_console(run: Run) -> None:
    """Fail for faults, and for what our driver says that is not healthy. Of each the first ten."""
    lines = map(unstamped, lines_of(run.folder / "console.log"))
    run.failures += [line for line in lines if FAULT.search(line) or (
        line.startswith("dualtree_e1000 ") and not HEALTHY.search(line))][:10]


def judge_traffic(run: Run, mtus: list[str]) -> None:
    """Require that each program got through, whichever driver received."""
    for mode in MODES:
        for mtu in mtus:
            for name in ("tcp_bps", "reverse_bps", "udp_packets", "wget_kib"):
                run.require(run.value(mode, f"{name}_{mtu}") > 0,
                            f"{mode}: nothing came through: {name}_{mtu}")


def judge_remove(run: Run) -> None:
    """Require that nothing is lost, and that nothing was waited for."""
    for name in ("removed", "unloaded"):
        bad, live = (run.value("ours", f"{name}_{what}") for what in ("bad_frees", "live"))
        run.require(bad == 0, f"bad frees: {bad}")
        run.require(live == 0, f"not given back: {live} bytes are live")
        run.require(run.value("ours", f"{name}_in_place") > 0, f"{name}: nothing came in place")
    for name in ("remove_ms", "unloaded_ms"):
        took = run.value("ours", name)
        run.require(0 <= took <= REMOVE_MS_MAX, f"{name} is {took}, {REMOVE_MS_MAX} are allowed")
    run.require(run.value("ours", "held_kept") > 0, "no socket held anything")
    run.require(run.value("ours", "held_wrong") == 0,
                f"datagrams that were damaged: {run.value('ours', 'held_wrong')}")


def judge_readers(run: Run) -> None:
    """Require that every buffer became full, with what was sent."""
    for mode in MODES:
        run.require(run.value(mode, "readers_kept") > 0, f"{mode}: slow readers kept nothing")
        run.require(run.value(mode, "readers_wrong") == 0, f"{mode}: damaged datagrams")
        run.require(run.value(mode, "readers_unfilled") == 0,
                    f"{mode}: buffers did not become full")


def leave_readers(run: Run) -> None:
    """Leave the figure of slow readers for the report of scripts/bench, if nothing is wrong."""
    names = ("kept", "payload", "charged", "taken")
    figures.leave(run.folder, "readers", [] if run.failures else [
        (mode, *(run.value(mode, f"readers_{name}") for name in names)) for mode in MODES])


def cells(label: str, values: list[str]) -> None:
    print(f"  {label:32}" + "".join(f" {value:>16}" for value in values))


def each(run: Run, name: str) -> list[int]:
    return [run.value(mode, name) for mode in MODES]


def quotients(parts: list[int], wholes: list[int]) -> list[str]:
    return [str(part // whole) if whole > 0 else "-" for part, whole in zip(parts, wholes)]


def show_traffic(run: Run, mtus: list[str]) -> None:
    """Print what came through, by the driver that received."""
    cells("received by", ["ours", "the kernel's"])
    for mtu in mtus:
        cells(f"TCP, mtu {mtu}", list(map(mbit, each(run, f"tcp_bps_{mtu}"))))
        cells(f"TCP back, 2 streams, {mtu}", list(map(mbit, each(run, f"reverse_bps_{mtu}"))))
        cells(f"UDP, mtu {mtu}", list(map(mbit, each(run, f"udp_bps_{mtu}"))))
        cells("  datagrams", list(map(str, each(run, f"udp_packets_{mtu}"))))
        cells("  of these lost", list(map(str, each(run, f"udp_lost_{mtu}"))))


def show_readers(run: Run) -> None:
    print()
    cells("what slow readers cost", ["ours", "the kernel's"])
    kept, payload, charged, taken = (each(run, f"readers_{name}")
                                     for name in ("kept", "payload", "charged", "taken"))
    cells("datagrams kept", [f"{nr:,}" for nr in kept])
    cells("  times the kernel's", [ratio(nr, kept[1]) for nr in kept])
    cells("their bytes", list(map(amount, payload)))
    cells("charged to the sockets", list(map(amount, charged)))
    cells("  bytes for each datagram", quotients(charged, kept))
    cells("taken from the machine", list(map(amount, taken)))
    cells("  of what was charged", [ratio(t, c) for t, c in zip(taken, charged)])
    cells("  bytes for each datagram", quotients(taken, kept))


def judge_count(run: Run, counted: list[str]) -> None:
    """Require that all was counted, and that receiving has cost something."""
    for mode in MODES:
        for what in counted:
            run.require(0 < run.value(mode, f"send_{what}") < run.value(mode, f"all_{what}"),
                        f"{mode}: not counted: {what}")
    for what in counted:
        for name in ("send", "interrupts"):
            ours, kernels = each(run, f"{name}_{what}")
            run.require(abs(ours - kernels) * 100 <= kernels * ALIKE_PERCENT,
                        f"not alike for both drivers: {ours} and {kernels}, {name} {what}")


def show_count(run: Run, counted: list[str]) -> None:
    """Print what receiving costs: all that there was less what sending takes."""
    cells("received by", ["ours", "the kernel's", "ours/kernel's", "sending"])
    for what in counted:
        mtu, size, batch = what.split(":")
        whole, send = (each(run, f"{name}_{what}") for name in ("all", "send"))
        ours, kernels = (part - sent for part, sent in zip(whole, send))
        cells(f"{size} bytes, mtu {mtu}, {batch} at once",
              [f"{ours:,}", f"{kernels:,}", ratio(ours, kernels), f"{send[0]:,}"])


def show_ours(run: Run) -> None:
    """Print what our card has counted before it was removed."""
    print()
    for label, name in (("packets in place", "card_in_place"), ("packets copied", "card_copied"),
                        ("frames that the card missed", "card_hw_missed"),
                        ("checksums left to the card", "card_tx_csum"),
                        ("removal amid traffic, ms", "remove_ms"),
                        ("unloading amid traffic, ms", "unloaded_ms"),
                        ("unread datagrams after that", "held_kept")):
        cells(label, [str(run.value("ours", name))])


def main(folder: str, what: str, *parts: str) -> int:
    run = Run(Path(folder))
    run.complaints("dualtree|dualtree_netbuf|dualtree_e1000", NO_COMPLAINT)
    check_console(run)
    if "traffic" in parts:
        judge_traffic(run, what.split())
        show_traffic(run, what.split())
    if "xdp" in parts:
        for name in ("xdp_passed", "xdp_sent", "xdp_redirected"):
            run.require(run.value("ours", name) > 0, f"{name} is {run.value('ours', name)}")
    if "changes" in parts:
        for name in CHANGES:
            run.require(run.value("ours", name) == 1, f"{name} was not run")
    if "readers" in parts:
        judge_readers(run)
        show_readers(run)
    if "remove" in parts:
        judge_remove(run)
        show_ours(run)
    if "count" in parts:
        judge_count(run, what.split())
        show_count(run, what.split())
    if "readers" in parts:
        leave_readers(run)
    return run.finish()
