# SPDX-License-Identifier: GPL-2.0
"""Tests of what scripts/bench makes of its guests' reports."""
from pathlib import Path

from dualtree_report import compare, cost, curve, footprint, native, remote, scale, summary

from .case import CommandCase

COST = """\
cost results baseline|irqsave|10|120
cost results dualtree|pair 1500 B|10|1640
cost results dualtree EXACT_FIT|pair 1500 B|10|6400
cost results kmalloc|pair 1500 B|10|2642
cost results page_frag|pair 64 B|10|650
"""


class Cost(CommandCase):
    """cost and compare."""

    def test_kernels_stand_side_by_side(self) -> None:
        old, new = self.write("old", COST), self.write("new", COST.replace("1640", "1804"))
        _, printed = self.command(cost, str(self.out), f"6.1={old}", f"7.3={new}")
        self.assertEqual(printed[0].split(), "contender operation 6.1 7.3 must goal".split())
        self.assertEqual(printed[3].split()[:6], "dualtree pair 1500 B 164.0 180.4".split())
        self.assertEqual(printed[2], "")
        self.assertEqual(self.read("cost.csv")[1], "6.1,baseline,irqsave,12.0,,")
        self.assertEqual(self.read("cost.against"), [
            "counted, 6.1|pair 1500 B|kmalloc|164.0|264.2|instructions",
            "counted, 7.3|pair 1500 B|kmalloc|180.4|264.2|instructions",
            "counted, 6.1|pair 1500 B EXACT_FIT|kmalloc|640.0|264.2|instructions",
            "counted, 7.3|pair 1500 B EXACT_FIT|kmalloc|640.0|264.2|instructions"])
        self.assertRegex(self.read("cost.bars")[0],
                         r"^counted, 6\.1\|dualtree, pair 1500 B\|164\.0\|\d+\|\d+\|instructions$")

    def test_a_plot_has_what_several_contenders_have(self) -> None:
        self.command(cost, str(self.out), f"6.1={self.write('old', COST)}")
        picture = "\n".join(self.read("cost-6.1.svg"))
        self.assertIn(">pair 1500 B</text>", picture)
        self.assertNotIn("pair 64 B", picture)
        # Names, and a row of three dots.
        self.assertEqual(picture.count("<circle"), 3 + 3)

    def test_compare(self) -> None:
        for name, text in (("a", COST), ("b", COST.replace("1640", "1804").replace(
                "page_frag|pair 64 B", "page_frag|pair 2048 B"))):
            (self.out / name).mkdir()
            self.command(cost, str(self.out / name), f"6.1={self.write(f'{name}.txt', text)}")
        _, printed = self.command(compare, str(self.out), str(self.out / "a"), str(self.out / "b"))
        self.assertTrue(printed[1].endswith("164.0      180.4    +10 %"), printed[1])
        self.assertEqual(printed[-1],
                         "0 take less, 1 more, 3 the same within 1 %, 2 are in one alone")
        self.assertIn("6.1,page_frag,pair 2048 B,,65.0", self.read("compare.csv"))


class Timed(CommandCase):
    """remote and native."""

    def test_remote(self) -> None:
        runs = [("dualtree", 100, 300, 200), ("kmalloc", 200, 400, 300)]
        report = "".join(f"pipe results 1 -> 1|{who}|1|{ns}\n" for who, *times in runs
                         for ns in times)
        report += "remote results dualtree|whole cycle|10|1000\n"
        report += "remote results kmalloc|whole cycle|10|500\n"
        _, printed = self.command(remote, str(self.out), self.write("report", report),
                                  "--where", "TCG")
        self.assertEqual(printed[1].split(), "whole cycle 100.0 ns 50.0 ns 2.00".split())
        self.assertEqual(self.read("remote-pipe.csv")[1].split(",")[:11],
                         "1 -> 1,3,200,200,300,300,300,400,0.67,0.67,0.75".split(","))
        self.assertEqual(self.read("remote.against"),
                         ["TCG|whole cycle|kmalloc|100.0|50.0|ns",
                          "TCG|packets 1 -> 1|kmalloc|200|300|ns"])
        self.assertTrue(self.read("remote.bars")[0].startswith("TCG|packets 1 -> 1, of kmalloc|0.67|"))

    def test_native(self) -> None:
        rows = {("baseline", "irqsave"): 60, ("dualtree", "pair 1500 B"): 200,
                ("kmalloc", "pair 1500 B"): 400}
        report = "".join(f"native results {who}|{what}|{turn}|10|{ns + turn}\n" for turn in range(3)
                         for (who, what), ns in rows.items()) + "native time 500|1000\n"
        _, printed = self.command(
            native, str(self.out), self.write("report", report), "--config",
            self.write("config", "CONFIG_SMP=y\n"), "--conditions", "UML", "--load", "1", "--cpu", "1")
        self.assertIn("Pinned to CPU 1, of which it had 50 % (0.0 s of 0.0 s); times are of what it "
                      "had", printed)
        self.assertEqual(printed[-1].split(), "pair 1500 B kmalloc less 2 x irqsave 27.9 0.72".split())
        self.assertEqual(self.read("native.against"), ["native|pair 1500 B|kmalloc|20.10|40.10|ns"])
        self.assertIn(">pair 1500 B</text>", "\n".join(self.read("native-ns.svg")))
        self.assertEqual(self.read("native.csv")[3].split(",")[:9],
                         "pair 1500 B,kmalloc,3,40.10,40.10,40.20,0.501,0.501,0.502".split(","))


class Curve(CommandCase):
    def test_counted_and_cpus(self) -> None:
        report = "".join(f"size results {who}|pair|{size}|10|{ns}\n" for size in (64, 256, 1024, 4096)
                         for who, ns in (("dualtree", 1000), ("kmalloc", size * 10)))
        report += "size results dualtree|slab bytes, used|64|1|5\n"
        report += "".join(f"cpus results {who}|pair 1500 B|{cpus}|10|{ns}\n" for cpus in (1, 2)
                          for who, ns in (("dualtree", 1000 // cpus), ("kmalloc", 2000 // cpus)))
        _, printed = self.command(curve, str(self.out), self.write("report", report), "--curves",
                                  "size,cpus", "--version", "6.1", "--counted", "C", "--timed", "T")
        self.assertIn("64                                    100.0               64.0", printed)
        self.assertIn("  dualtree, pair                           n = 64..4096     "
                      "100 to 100: constant", printed)
        self.assertTrue(any(line.startswith("  kmalloc, pair") and line.endswith(": linear")
                            for line in printed))
        self.assertIn("2           20.00 (20.00..20.00)     2.00       10.00 (10.00..10.00)     "
                      "2.00      2.00 (2.00..2.00)", printed)
        self.assertEqual(self.read("curve.against"), [
            "counted, 6.1|pair, 4096 bytes|kmalloc|100.0|4096.0|instructions",
            "TCG, 6.1, 4 CPUs|pair 1500 B, on 1 at once|kmalloc|100|200|ns",
            "TCG, 6.1, 4 CPUs|pair 1500 B, on 2 at once|kmalloc|50|100|ns"])
        self.assertEqual(sorted(self.plots), ["curve-cpus.svg", "curve-size.svg"])
        self.assertNotIn("slab bytes", self.plots["curve-size.svg"])
        self.assertIn("linetype 3 dashtype 1", self.plots["curve-size.svg"])


class Footprint(CommandCase):
    REPORT = {"peak_live": 10240, "peak_held": 20480, "mean_live": 100, "mean_held": 133,
              "cycled_live": 10, "cycled_held": 15, "stopped_live": 1, "stopped_held": 15,
              "steady_allocs": 1000, "steady_gets": 2, "steady_puts": 1, "stopped_allocs": 7000,
              "arenas": 3, "arenas_in_order": 2}

    def report(self, *names: str) -> str:
        """A file with the same of each."""
        return self.write("report", "".join(
            f"{name} results {key} {value}\n" for name in names
            for key, value in self.REPORT.items()) + "".join(
                f"{name} curve 1000 1048576 2097152\n" for name in names))

    def test_table(self) -> None:
        _, printed = self.command(footprint, str(self.out), "footprint",
                                  self.report("M/default", "M/exact", "C1/default"), "--bars")
        line = self.read("footprint.csv")[1].split(",")
        self.assertEqual(line[:5] + line[6:9:2] + line[10:],
                         "M default 10 20 2.00 1.33 1.50 15.00 2.00 1.00".split())
        self.assertEqual(printed[1].split(), line)
        self.assertEqual(self.read("footprint.csv")[3].split(",")[8:11:2], ["", ""])
        self.assertIn("M/exact: took more memory than had been put in order; another boot may differ",
                      printed)
        self.assertEqual(len(self.read("footprint.bars")), 5)
        self.assertEqual(self.read("footprint-curve.csv")[1], "M,default,1000,1048576,2097152")

    def test_plot(self) -> None:
        self.command(footprint, str(self.out), "replay", self.report("M/default"))
        self.assertIn("1.000 1.0000 2.0000", self.plots["replay-M.svg"])
        self.assertIn("set arrow from first 7.000", self.plots["replay-M.svg"])
        self.assertNotIn("EXACT_FIT", self.plots["replay-M.svg"])

    def test_what_was_not_reported_is_no_zero(self) -> None:
        for missing in "mean_held", "steady_gets":
            path = Path(self.report("M/default"))
            path.write_text("".join(line for line in path.read_text().splitlines(keepends=True)
                                    if missing not in line))
            with self.subTest(missing), self.assertRaisesRegex(KeyError, missing):
                self.command(footprint, str(self.out), "footprint", str(path))


class Scale(CommandCase):
    REPORT = "".join(f"cpus results own|{cpus}|dualtree|10|610|200|0|0|0|0\n"
                     f"cpus results all|{cpus}|dualtree|10|950|230|{remote}|40|480|3\n"
                     f"cpus results all|{cpus}|kmalloc|10|260|70|{cpus}|10|480|1\n"
                     for cpus, remote in ((1, 0), (2, 30), (4, 50), (8, 51), (16, 52), (64, 53)))
    REPORT += ("instances results own heap|10|100|6100|1200|0|75600\n"
               "times results own heap|10|100|0|0|1840|75600\n"
               "memory results arena|4194304\nmemory results of an arena|131072\n"
               "memory results records of regions|114816\nmemory results array block|4112\n"
               "memory results spans of a block|512\nscale: passed\n")

    def printed(self, report: str) -> list[str]:
        return self.command(scale, str(self.out), self.write("report", report))[1]

    def test_cpus(self) -> None:
        printed = self.printed(self.REPORT)
        self.assertIn("own                                  dualtree    0.00   0.00   0.00   0.00   "
                      "0.00  0: constant", printed)
        self.assertIn("all                                  dualtree    0.00   3.00   5.00   5.20   "
                      "5.30  5.00 to 5.30: constant", printed)
        self.assertTrue(any(line.lstrip().startswith("kmalloc") and line.endswith(": linear")
                            for line in printed))
        self.assertIn("all                                  dualtree       95.0   23.0    5.30     "
                      "4.00    48.00     0.30", printed)
        self.assertIn('all,8,kmalloc,10,26.0000,7.0000,0.8000,1.0000,48.0000,0.1000,',
                      self.read("growth.csv")[12])
        self.assertIn("64 5.300", self.plots["growth.svg"])
        self.assertNotIn("own", self.plots["growth.svg"])

    def test_instances_and_memory(self) -> None:
        printed = self.printed(self.REPORT)
        self.assertIn("own heap            10        61     12       18         7560", printed)
        self.assertEqual(self.read("growth-instances.csv")[1], "own heap,10,61,12,18,7560")
        # 2 arrays of 512 blocks; 262,144 arenas.
        self.assertEqual(self.read("growth-memory.csv")[-1],
                         f"{1 << 40},{2 * 512 * 4112},262144,{262144 * 131072},3.13")
        self.assertIn("1 TiB               4.0 MiB      262,144           32 GiB       3.13", printed)


class Summary(CommandCase):
    def test_report(self) -> None:
        self.command(cost, str(self.out), f"6.1={self.write('old', COST)}")
        self.write("cost.txt", "a < b\n")
        self.write("cost-6.1.svg", "")
        self.write("left-out.txt", "cost: much\n")
        self.write("cost.bars", "x|a|10|20|5|ns\nx|b|10|20||ns\nx|c|30|20|5|ns\nx|d|4||5|ns\n")
        self.write("remote.txt", "nothing\n")
        self.command(summary, str(self.out), "cost=What it costs", "remote=Not there",
                     "--kernel", f"6.1.0={self.write('config', 'CONFIG_HZ=250')}", "--tree", "t",
                     "--made", "now", "--load", "1", "--guests", "g", "--timed", "TCG", "--boot", "b")
        report = self.read("report.txt")
        self.assertIn("Baselines  6.1: irqsave 12.0", report)
        self.assertIn("Made       now", report)
        self.assertIn("           cost: much", report)
        self.assertIn("Of 2 comparisons dualtree takes more in 1, and as much or less in 1.", report)
        self.assertEqual(report[report.index("It loses:") + 2].split()[0], "2.42")
        self.assertIn("Of 4 bars 1 reach their goal, 2 their must alone (some have no goal), 1 "
                      "neither.", report)
        self.assertTrue(any(line.endswith("must missed by 50 %") for line in report))
        page = "\n".join(self.read("index.html"))
        self.assertIn("a &lt; b", page)
        self.assertIn('<img src="cost-6.1.svg"', page)
        self.assertIn('<a href="cost.csv">', page)
