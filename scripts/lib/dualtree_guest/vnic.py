# SPDX-License-Identifier: GPL-2.0
"""What scripts/vnic makes of a run: what the numbers have to be, and a table of the modes.

    vnic DIR MIN CAP MODE...

MIN KiB are to arrive at least in each mode, CAP KiB may be pinned in the mode "capped". Prints the
table and leaves in failures.txt what does not hold. No throughput and no time is judged.
"""
from pathlib import Path

from .stats import NO_COMPLAINT, Run, amount, formatted, mbit, ratio

INJECTED = "|: doing one thing wrong"
MTUS = ("1500", "9000")

# How it was unloaded.
UNLOADED = ("unread", "gro", "offline", "closed", "idle")

# Bytes that a reader keeps mapped.
KEPT = 1 << 20


class Mode:
    def __init__(self, run: Run, name: str):
        self.run = run
        self.name = name

    def value(self, name: str) -> int:
        return self.run.value(self.name, name)

    def both(self, name: str) -> int:
        ends = [self.value(f"end{end}_{name}") for end in (0, 1)]
        return -1 if -1 in ends else sum(ends)

    def require(self, condition: bool, text: str) -> None:
        self.run.require(condition, f"{self.name}: {text}")

    def judge(self, min_kib: int) -> None:
        """Require what holds in every mode."""
        for name in ("tcp_bps", "reverse_bps", "udp_packets", "captured"):
            for mtu in MTUS:
                self.require(self.value(f"{name}_{mtu}") > 0, f"nothing came through: {name}_{mtu}")
        received, copied, kept = map(self.both, ("rx_bytes", "copied_bytes", "zerocopy_bytes"))
        self.require(received >= min_kib << 10, f"too little traffic: {received} bytes")
        self.require(copied >= 0 and kept >= 0 and copied + kept == received,
                     f"{received} bytes arrived, {copied} were copied and {kept} were not")
        self.require(self.both("tx_packets") - self.both("rx_packets") == self.both("rx_discarded"),
                     "frames were lost in between")
        self.require(self.both("rx_dropped") == 0,
                     f"no memory for packets: {self.both('rx_dropped')}")
        for how in UNLOADED:
            self.judge_unloaded(how)
        left = self.value("idle_pinned_ranges")
        self.require(left == 0, f"packets still held {left} ranges when all was quiet")
        left = self.value("closed_pinned_ranges")
        self.require(left == 0, f"packets still held {left} ranges when the ends were closed and "
                                "all was read")
        self.require(self.value("flaps") > 0, "the ends were not closed and opened")

    def judge_unloaded(self, how: str) -> None:
        """Require what holds each time it is unloaded. That it is in time the guest judges."""
        bad, live, held = (self.value(f"{how}_{what}") for what in ("bad_frees", "live", "held"))
        self.require(self.value(f"{how}_ms") >= 0, f"it was not unloaded {how}")
        self.require(bad == 0, f"bad frees: {bad}, unloaded {how}")
        self.require(live == 0, f"not given back: {live} bytes are live, unloaded {how}")
        self.require(held == 0, f"not given back: the pools hold {held} bytes, unloaded {how}")

    def judge_own(self, cap_kib: int) -> None:
        """Require what holds in this mode alone."""
        if self.name == "copy":
            nr = self.both("zerocopy_packets")
            self.require(nr == 0, f"packets were not copied: {nr}")
        elif self.name == "zerocopy":
            self.require(self.value("closed_kib") > 0,
                         "packets held nothing when the ends were closed")
            self.require(self.value("end1_zerocopy_bytes") > self.value("end1_copied_bytes"),
                         "most bytes were copied")
            charged, back = self.value("unread_kib"), self.value("unread_back_kib")
            self.require(0 < charged <= 2 * back,
                         f"an unread socket held {charged} KiB, {back} came back when it was read")
        elif self.name == "split":
            mapped, copied = self.value("stream_mapped"), self.value("stream_copied")
            self.require(mapped > copied >= 0,
                         f"of a stream {mapped} bytes were mapped, {copied} were read")
            self.require(self.value("stream_wrong") == 0, "what was mapped is not what was sent")
            kept, pinned = self.value("stream_kept"), self.value("mapped_pinned")
            self.require(pinned >= kept == KEPT,
                         f"{kept} bytes stayed mapped, packets held {pinned}")
            self.judge_unloaded("mapped")
        elif self.name == "capped":
            self.require(self.both("over_cap_packets") > 0, "the cap was never reached")
            for end in (0, 1):
                peak = self.value(f"end{end}_peak_pinned_bytes")
                self.require(0 <= peak <= cap_kib << 10,
                             f"packets held {peak} bytes, {cap_kib} KiB were allowed")


number, milliseconds = formatted("{}"), formatted("{} ms")
# A line of the table: its label, how a cell is shown, of both ends or not, and the number's name.
LINES = (
    ("received", amount, Mode.both, "rx_bytes"),
    ("  copied", amount, Mode.both, "copied_bytes"),
    ("  zero-copy", amount, Mode.both, "zerocopy_bytes"),
    ("packets", number, Mode.both, "rx_packets"),
    ("  zero-copy", number, Mode.both, "zerocopy_packets"),
    ("  copied", number, Mode.both, "copied_packets"),
    ("    over the cap", number, Mode.both, "over_cap_packets"),
    ("captured, mtu 1500", number, Mode.value, "captured_1500"),
    ("captured, mtu 9000", number, Mode.value, "captured_9000"),
    ("a stream: mapped", amount, Mode.value, "stream_mapped"),
    ("  read", amount, Mode.value, "stream_copied"),
    ("dropped, ring full", number, Mode.both, "tx_dropped_full"),
    ("dropped, end closed", number, Mode.both, "tx_dropped_down"),
    ("dropped, too long", number, Mode.both, "tx_dropped_size"),
    ("receiver: peak live", amount, Mode.value, "end1_peak_live_bytes"),
    ("receiver: peak held", amount, Mode.value, "end1_peak_held_bytes"),
    ("receiver: peak pinned", amount, Mode.value, "end1_peak_pinned_bytes"),
    ("unloaded, sockets unread", milliseconds, Mode.value, "unread_ms"),
    ("  pinned by packets", amount, Mode.value, "unread_pinned"),
    ("  KiB charged to a socket", number, Mode.value, "unread_kib"),
    ("  KiB back when read", number, Mode.value, "unread_back_kib"),
    ("unloaded, packets in GRO", milliseconds, Mode.value, "gro_ms"),
    ("  pinned by packets", amount, Mode.value, "gro_pinned"),
    ("unloaded, CPU offline", milliseconds, Mode.value, "offline_ms"),
    ("  pinned by packets", amount, Mode.value, "offline_pinned"),
    ("unloaded, ends closed", milliseconds, Mode.value, "closed_ms"),
    ("  KiB pinned before", number, Mode.value, "closed_kib"),
    ("unloaded, a stream mapped", milliseconds, Mode.value, "mapped_ms"),
    ("  pinned by packets", amount, Mode.value, "mapped_pinned"),
    ("unloaded idle", milliseconds, Mode.value, "idle_ms"),
)


def show(modes: list[Mode]) -> None:
    """Print all modes side by side; of a throughput also each one's share of the first's."""
    def cells(label, values) -> None:
        print(f"  {label:26}" + "".join(f" {value:>16}" for value in values))

    cells("", [mode.name for mode in modes])
    for mtu in MTUS:
        for label, name in ((f"TCP, mtu {mtu}", "tcp_bps"),
                            (f"TCP back, 2 streams, {mtu}", "reverse_bps")):
            rates = [mode.value(f"{name}_{mtu}") for mode in modes]
            cells(label, map(mbit, rates))
            cells(f"  of {modes[0].name}", [ratio(rate, rates[0]) for rate in rates])
        cells(f"UDP, mtu {mtu}", [mbit(mode.value(f"udp_bps_{mtu}")) for mode in modes])
        cells("  datagrams", [number(mode.value(f"udp_packets_{mtu}")) for mode in modes])
        cells("  of these lost", [number(mode.value(f"udp_lost_{mtu}")) for mode in modes])
    for label, shown, read, name in LINES:
        cells(label, [shown(read(mode, name)) for mode in modes])


def main(folder: str, min_kib: str, cap_kib: str, *names: str) -> int:
    run = Run(Path(folder))
    run.complaints("dualtree|dualtree_netbuf|vnic", NO_COMPLAINT + INJECTED)
    modes = [Mode(run, name) for name in names]
    for mode in modes:
        mode.judge(int(min_kib))
        mode.judge_own(int(cap_kib))
    show(modes)
    return run.finish()
