# SPDX-License-Identifier: GPL-2.0
"""Tests of how the demos are judged and shown: a good run passes, and each fault is found."""
import contextlib
import io
from types import ModuleType

from dualtree_guest import demo, hostile, loopback, nic, relay, stats, vnic

from .case import CommandCase

DEMO = {"seen_packets": 80000, "outgoing_packets": 40000, "seen_bytes": 200 << 20, "ipv4_packets": 1,
        "ipv6_packets": 2, "tcp_packets": 3, "udp_packets": 4, "remote_frees": 5, "frees": 9,
        "dropped_unreadable": 0, "refused_frees": 0, "end_live": 0, "end_held": 0,
        "end_bad_frees": 0, "end_corrupt": 0, "end_kept": 7, "end_checked": 7, "live_bytes": 1 << 20,
        "held_bytes": 3 << 19, "dropped_memory": 0}
RELAY = {"streams": 1, "bad_streams": 2, "refused_publishers": 1, "live_bytes": 0, "held_bytes": 0,
         "inflight_bytes": 0, "pool_used_bytes": 0, "bad_frees": 0, "completed": 3,
         "zerocopy_bytes": 9 << 20, "copied_bytes": 1, "sockets_left": 0}
BAD = "garbage|not FLV\nreset|(the connection was reset|ended in a tag)"
ENDS = {"rx_bytes": 1 << 20, "copied_bytes": 0, "zerocopy_bytes": 1 << 20, "tx_packets": 10,
        "rx_packets": 9, "rx_discarded": 1, "rx_dropped": 0, "over_cap_packets": 1,
        "peak_pinned_bytes": 65536, "zerocopy_packets": 9}
MODE = {"flaps": 1, "idle_pinned_ranges": 0, "closed_pinned_ranges": 0, "closed_kib": 2048,
        "unread_kib": 4096, "unread_back_kib": 2048,
        **{f"{how}_{what}": 0 for how in vnic.UNLOADED
           for what in ("bad_frees", "live", "held", "ms")},
        **{f"{kind}_{mtu}": 5000000 for kind in ("tcp_bps", "reverse_bps", "udp_packets", "udp_bps",
                                                 "captured")
           for mtu in vnic.MTUS},
        **{f"end{end}_{name}": value for end in (0, 1) for name, value in ENDS.items()}}

STREAM = {"stream_mapped": 8 << 20, "stream_copied": 5000, "stream_kept": 1 << 20,
          "stream_wrong": 0, "mapped_pinned": 1 << 20,
          **{f"mapped_{what}": 0 for what in ("bad_frees", "live", "held", "ms")}}

PARTS = ("traffic", "xdp", "changes", "readers", "remove")
CARDS = {"kept": 800, "payload": 600000, "charged": 1 << 20, "taken": 1 << 20, "wrong": 0,
         "unfilled": 0}
CARD = {**{f"{name}_1500": 5000000 for name in ("tcp_bps", "reverse_bps", "udp_bps", "udp_packets",
                                                "wget_kib")},
        **{f"readers_{name}": value for name, value in CARDS.items()}}
OURS = {**CARD, **dict.fromkeys(nic.CHANGES, 1), "xdp_passed": 9, "xdp_sent": 9,
        "xdp_redirected": 9, "remove_ms": 80, "unloaded_ms": 90, "held_kept": 7, "held_wrong": 0,
        **{f"{when}_{what}": 0 for when in ("removed", "unloaded") for what in ("bad_frees", "live")},
        "removed_in_place": 5, "unloaded_in_place": 5}


def numbers(values: dict[str, int], prefix: str = "") -> str:
    """Lines as a guest reports them."""
    return "".join(f"stat {prefix}{name} {value}\n" for name, value in values.items())


class Demos(CommandCase):
    def failures(self, module: ModuleType, *words: str) -> list[str]:
        """Judge a run; return what has failed. The status has to agree."""
        for name in ("host-failures", "verdict.txt", "console.log"):
            if not (self.out / "run" / name).exists():
                self.write(f"run/{name}", "")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = module.main(str(self.out / "run"), *words)
        self.printed = [line.rstrip() for line in printed.getvalue().splitlines()]
        failed = self.read("run/failures.txt")
        self.assertEqual(status, 1 if failed else 0)
        return failed

    def demo(self, console: str = "", verdict: str = "", **changed: int) -> list[str]:
        self.write("run/report.txt", numbers({**DEMO, **changed}) + "map cpu 1  ff  64 KiB |#+..|\n"
                   "map cpu 0  fe  128 KiB |....|\nmap shared  fe  64 KiB |#...|\n")
        self.write("run/console.log", console)
        self.write("run/verdict.txt", verdict)
        return self.failures(demo, "30000", "64")

    def test_demo_passes_and_shows_the_fullest_heap(self) -> None:
        self.assertEqual(self.demo(), [])
        self.assertIn("  heap of CPU 1, 1 regions (# live, + partly live, . free)", self.printed)
        self.assertIn("     64 KiB |#+..|", self.printed)
        self.assertIn("  ring full  live 1,024 KiB   held 1,536 KiB   held/live 1.50", self.printed)

    def test_demo_finds_each_fault(self) -> None:
        for changed, said in (
                ({"end_live": 3}, "not given back: 3 bytes are live after unloading"),
                ({"end_checked": 6}, "payloads were lost: kept 7, checked 6"),
                ({"seen_packets": 40001}, "too few packets: 1, 30000 are due"),
                ({"udp_packets": 0}, "no TCP, or no UDP"),
                ({"end_bad_frees": 1}, "bad frees: 1"), ({"remote_frees": 0}, "no free crossed CPUs")):
            with self.subTest(said):
                self.assertEqual(self.demo(**changed), [said])
        self.assertEqual(self.demo(verdict="hung: it hung\n"), ["hung: it hung"])

    def test_a_number_that_is_not_reported_fails(self) -> None:
        self.write("run/report.txt", numbers({**DEMO}).replace("stat end_corrupt 0\n", ""))
        self.assertEqual(self.failures(demo, "1", "1"),
                         ["payloads that were not what they had been: -1"])
        self.write("run/report.txt", "")
        self.assertGreater(len(self.failures(demo, "1", "1")), 9)

    def test_complaints_of_our_modules_fail(self) -> None:
        self.assertEqual(self.demo("[ 1.0] dualtree: loading out-of-tree module taints kernel.\r\n"
                                   "[ 1.1] packet_ring: unloaded: all\r\n[ 1.2] other: bad\r\n"), [])
        self.assertEqual(self.demo("[ 1.2] dualtree: double-free\r\n"),
                         ["console: dualtree: double-free"])

    def test_amounts(self) -> None:
        self.assertEqual([stats.amount(n) for n in (-1, 10239, 10240, 10485759, 1 << 30)],
                         ["-", "10,239 B", "10 KiB", "10,239 KiB", "1,024.0 MiB"])
        self.assertEqual([stats.ratio(*pair) for pair in ((3, 2), (1, 0), (-1, 2), (107, 100))],
                         ["1.50", "-", "-", "1.07"])

    def streamed(self, held: int, late: int = 5, first: int = 20) -> str:
        """Write what was published and what viewers got; return the samples of the time."""
        lines = [f"{i % 2}, {i}, {i * i:x}" for i in range(20)]
        for kind in ("packets", "frames"):
            for name, part in (("../in", lines), ("first", lines[:first]), ("second", lines),
                               ("late", lines[late:])):
                self.write(f"run/{name}.{kind}", "# of it\n" + "\n".join(part) + "\n")
        return "".join(f"sample uptime={100 + s} tags={s} live_bytes=100 held_bytes={held} "
                       f"kept_bytes=1 inflight_bytes=1 footprint_bytes=9 received_bytes={20 + s // 9} "
                       f"compacted_bytes=7\n" for s in range(30))

    def relay(self, late: int = 5, first: int = 20, held: int = 120, **changed: int) -> list[str]:
        samples = self.streamed(held, late, first)
        said = ["publisher 1: not FLV, after 0 tags", "publisher 2: refused, there is one",
                "publisher 3: ended in a tag, after 1 tags"]
        self.write("run/report.txt", samples + numbers({**RELAY, **changed}) +
                   "".join(f"line {line}\n" for line in said))
        self.write("run/console.log", "[1] flvrelay: publisher 1: not FLV, after 0 tags\r\n")
        return self.failures(relay, "30", BAD, "yes" if "card_in_place" in changed else "")

    def test_relay(self) -> None:
        self.assertEqual(self.relay(), [])
        self.assertIn("  steady     held/live 1.20 on average, 1.20 at most, of 14 samples",
                      self.printed)
        self.assertIn("relay.svg", self.plots)
        self.assertEqual(self.relay(completed=2), ["subscribers that got the end: 2, 3 are due"])
        self.assertEqual(self.relay(held=140),
                         ["held/live is up to 140 hundredths, at most 135 are due"])
        self.assertEqual(self.relay(first=19), [
            f"the first subscriber got other {kind} than were published: 19 of 20"
            for kind in ("packets", "frames")])
        self.assertEqual(self.relay(late=0), ["the late subscriber was not late"])
        self.assertEqual(self.relay(late=20)[0], "the late subscriber's packets of stream 0 are not "
                                                 "the end of what was published: 0 of 10")

    def test_relay_in_place(self) -> None:
        card = {"card_in_place": 9, "card_copied": 3, "received_bytes": 0, "compacted_bytes": 0}
        self.assertEqual(self.relay(**card), [])
        self.assertEqual(self.relay(**{**card, "compacted_bytes": 5}),
                         ["received and copied: 5 bytes, none may be"])
        self.assertEqual(self.relay(**{**card, "card_in_place": 0}),
                         ["the card received nothing in place"])

    def test_loopback(self) -> None:
        report = numbers({**RELAY, "bad_streams": 4, "completed": 2, "slow_dropped": 1})
        good = "unloaded streams 1 tags 3 bad_frees 0\n"
        for lines, failures in (
                (good * 3, []), (good * 2, ["unloaded amid traffic 2 times, 3 are due"]),
                (good * 2 + good.replace("tags 3", "tags 0"),
                 ["unloaded without traffic: streams 1 tags 0 bad_frees 0"])):
            self.write("run/report.txt", report + lines)
            self.assertEqual(self.failures(loopback, "3"), failures)

    def hostile(self, host: str = "", held: int = 120, first: int = 20, window: str = "100 130",
                **changed: int) -> list[str]:
        samples = self.streamed(held, first=first)
        self.write("run/report.txt", samples + numbers({**RELAY, **changed}))
        self.write("run/host-failures", host)
        self.write("run/window", window + "\n")
        return self.failures(hostile, "yes" if "card_in_place" in changed else "")

    def test_hostile(self) -> None:
        self.assertEqual(self.hostile(), [])
        self.assertEqual(self.hostile(sockets_left=3),
                         ["sockets that are left after rmmod: 3"])
        self.assertEqual(self.hostile(live_bytes=64), ["after the streams live_bytes is 64"])
        self.assertEqual(self.hostile(host="the first viewer: lost\n"), ["the first viewer: lost"])
        self.assertEqual(self.hostile(held=136),
                         ["held/live is up to 136 hundredths, at most 135 are due"])
        self.assertEqual(self.hostile(first=19)[0], "the first subscriber got other packets than "
                                                    "were published: 19 of 20")
        self.assertEqual(self.hostile(window="100 110"),
                         ["only 0 samples of a stream with full rings"])
        self.assertEqual(self.hostile(card_in_place=1),
                         ["received and copied: 3 bytes, none may be"])

    def vnic(self, mode: str, **changed: int) -> list[str]:
        self.write("run/report.txt", numbers({**MODE, **changed}, f"{mode} "))
        return self.failures(vnic, "1024", "64", mode)

    def test_vnic(self) -> None:
        self.assertEqual(self.vnic("zerocopy"), [])
        self.assertIn("  TCP, mtu 1500                      5 Mbit/s", self.printed)
        self.assertIn("    of zerocopy                          1.00", self.printed)
        self.assertEqual(self.vnic("capped"), [])
        self.assertEqual(self.vnic("copy"), ["copy: packets were not copied: 18"])
        self.assertEqual(self.vnic("zerocopy", end1_copied_bytes=1), [
            "zerocopy: 2097152 bytes arrived, 1 were copied and 2097152 were not"])
        self.assertEqual(self.vnic("capped", end1_peak_pinned_bytes=65537),
                         ["capped: packets held 65537 bytes, 64 KiB were allowed"])
        for changed, said in (
                ({"gro_bad_frees": 1}, "bad frees: 1, unloaded gro"),
                ({"idle_live": 9}, "not given back: 9 bytes are live, unloaded idle"),
                ({"unread_held": 4096}, "not given back: the pools hold 4096 bytes, unloaded unread"),
                ({"idle_pinned_ranges": 2}, "packets still held 2 ranges when all was quiet"),
                ({"unread_back_kib": 2047}, "an unread socket held 4096 KiB, 2047 came back when it "
                                            "was read"),
                ({"closed_pinned_ranges": 3},
                 "packets still held 3 ranges when the ends were closed and all was read"),
                ({"closed_kib": 0}, "packets held nothing when the ends were closed"),
                ({"captured_1500": 0}, "nothing came through: captured_1500"),
                ({"flaps": 0}, "the ends were not closed and opened")):
            with self.subTest(said):
                self.assertEqual(self.vnic("zerocopy", **changed), ["zerocopy: " + said])

    def test_vnic_split(self) -> None:
        self.assertEqual(self.vnic("split", **STREAM), [])
        self.assertIn("  a stream: mapped                  8,192 KiB", self.printed)
        for changed, said in (
                ({"stream_copied": 8 << 20},
                 "of a stream 8388608 bytes were mapped, 8388608 were read"),
                ({"stream_wrong": 1}, "what was mapped is not what was sent"),
                ({"mapped_pinned": 4096}, "1048576 bytes stayed mapped, packets held 4096"),
                ({"mapped_live": 9}, "not given back: 9 bytes are live, unloaded mapped")):
            with self.subTest(said):
                self.assertEqual(self.vnic("split", **{**STREAM, **changed}), ["split: " + said])

    def nic(self, console: str = "", kernels: dict[str, int] | None = None,
            **changed: int) -> list[str]:
        self.write("run/report.txt", numbers({**OURS, **changed}, "ours ") +
                   numbers({**CARD, **(kernels or {})}, "kernels "))
        self.write("run/console.log", console)
        return self.failures(nic, "1500", *PARTS)

    def test_nic(self) -> None:
        up = "dualtree_e1000 0000:00:05.0 eth1: link up, 1000 Mbit/s, full duplex"
        fault = "DMAR: [DMA Write NO_PASID] Request device [00:05.0] fault addr 0xfeed000"
        arms = "arm-smmu-v3 9050000.smmuv3: event 0x10 received:"
        hung = "dualtree_e1000 0000:00:05.0 eth1: the device does not send: resetting it"
        new = "dualtree_e1000 0000:00:05.0: Adding to iommu group 2"
        self.assertEqual(self.nic(f"[ 0.9] {new}\r\n[ 1.0] {up}\r\n",
                                  kernels={"readers_kept": 200}), [])
        self.assertIn("    times the kernel's                         4.00             1.00",
                      self.printed)
        self.assertTrue(self.read("run/figure-readers.csv")[2].startswith("kernels,200,600000,"))
        self.assertEqual(self.nic(f"[ 1.0] {fault}\r\n[ 1.1] {hung}\r\n"), [fault, hung])
        self.assertFalse((self.out / "run/figure-readers.csv").exists())
        self.assertEqual(self.nic(f"[ 1.0] {arms}\r\n"), [arms])
        for changed, said in (
                ({"tcp_bps_1500": 0}, "ours: nothing came through: tcp_bps_1500"),
                ({"sleep_and_wake": 0}, "sleep_and_wake was not run"),
                ({"xdp_redirected": 0}, "xdp_redirected is 0"),
                ({"readers_unfilled": 1}, "ours: buffers did not become full"),
                ({"removed_live": 64}, "not given back: 64 bytes are live"),
                ({"unloaded_bad_frees": 1}, "bad frees: 1"),
                ({"remove_ms": 10001}, "remove_ms is 10001, 10000 are allowed"),
                ({"held_wrong": 1}, "datagrams that were damaged: 1")):
            with self.subTest(said):
                self.assertEqual(self.nic(**changed), [said])

    def test_nic_count(self) -> None:
        counted = "1500:64:1"
        ours, kernels = ({f"all_{counted}": whole, f"send_{counted}": 5000,
                          f"interrupts_{counted}": 200} for whole in (8000, 9000))
        for changed, failures in (
                ({}, []), ({f"all_{counted}": 5000}, [f"ours: not counted: {counted}"]),
                ({f"send_{counted}": 5151},
                 [f"not alike for both drivers: 5151 and 5000, send {counted}"]),
                ({f"interrupts_{counted}": 100},
                 [f"not alike for both drivers: 100 and 200, interrupts {counted}"])):
            self.write("run/report.txt", numbers({**ours, **changed}, "ours ") +
                       numbers(kernels, "kernels "))
            self.assertEqual(self.failures(nic, counted, "count"), failures)
            if not failures:
                self.assertIn("  64 bytes, mtu 1500, 1 at once               3,000            4,000"
                              "             0.75            5,000", self.printed)
