# SPDX-License-Identifier: GPL-2.0
"""Tests of the report's three figures, and of pictures."""
import re
from unittest import mock

from dualtree_report import cost, day, figures, svg

from .case import CommandCase

COST = "".join(f"cost results {who}|received {size} B|10|{total}\n" for who, size, total in (
    ("page_pool", 1514, 8000), ("page_pool", 9014, 8000), ("plain copy", 1514, 20000),
    ("plain copy", 9014, 100000), ("dualtree", 1514, 7000), ("dualtree", 9014, 20000)))
DAY = "".join(f"day results {who}|{hour}|{streams}|{streams * 1000}|{all_in}|{held}\n"
              for who, held in (("dualtree", 12000), ("kmalloc", 0))
              for hour, streams, all_in in ((0, 10, 20000), (6, 100, 120000), (24, 5, 15000)))


class Pictures(CommandCase):
    def sizes(self, picture: str) -> list[int]:
        return [int(size) for size in re.findall(r'font-size="(\d+)"', picture)]

    def test_all_text_can_be_read_on_a_telephone(self) -> None:
        # A page of 400 pixels shows 368 of a picture.
        for picture in (svg.bars("t", [("g", [svg.Bar("a", 1, "1", 1), svg.Bar("b", 0, "0", 2)])]),
                        svg.dots("t", "ns", [("row", {"a": (1, 0.5, 2), "b": (1000,)})], ["a", "b"])):
            self.assertGreaterEqual(min(self.sizes(picture)) * 368 / svg.WIDTH, 12)

    def test_bars_are_as_long_as_their_values(self) -> None:
        picture = svg.bars("t", [("g", [svg.Bar("a < b", 50, "fifty", 1), svg.Bar("c", 100, "", 2)])])
        widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="12"', picture)]
        self.assertEqual(widths[0] * 2, widths[1])
        self.assertIn("a &lt; b", picture)

    def test_a_title_is_broken_between_words(self) -> None:
        self.assertEqual(svg.wrapped("one two three", 10, 10 * svg.CHARACTER * 7), ["one two", "three"])
        self.assertEqual(svg.wrapped("longerthanthat", 10, 20), ["longerthanthat"])

    def test_ticks_are_round_and_reach_the_end(self) -> None:
        self.assertEqual(svg.nice_ticks(3.2), [0, 1, 2, 3, 4])
        self.assertEqual(svg.nice_ticks(2000, 2), [0, 1000, 2000])
        self.assertEqual(svg.nice_ticks(0), [0, 1])
        self.assertEqual(svg.log_ticks(14), [1, 2, 5, 10, 20])
        self.assertEqual(svg.log_ticks(0.5), [1, 2, 5])

    def test_a_chart_is_linear_from_0_and_else_logarithmic(self) -> None:
        linear, logarithmic = svg.Chart(0, 100, [0, 1], [0, 100]), svg.Chart(0, 100, [0, 1], [1, 100])
        self.assertEqual([chart.place(0, 10)[1] for chart in (linear, logarithmic)], [90, 50])
        self.assertEqual(logarithmic.place(0, 0.5)[1], 100)

    def test_dots_lie_on_a_logarithmic_axis(self) -> None:
        scale = svg.LogScale([1, 10, 100])
        places = [scale.place(value) for value in (1, 10, 100)]
        self.assertAlmostEqual(places[1] - places[0], places[2] - places[1])
        self.assertEqual(scale.ticks(), [1, 3, 10, 30, 100])


class Figures(CommandCase):
    """Who leaves the data, and what the report shows of it."""

    def setUp(self) -> None:
        super().setUp()
        for name, value in (("now", "2026-01-02 03:04"), ("tree", "abc")):
            mock.patch.object(figures, name, lambda value=value: value).start()

    def test_a_packet(self) -> None:
        self.command(cost, str(self.out), f"6.1={self.write('report', COST)}")
        self.assertEqual(self.read("figure-packet.csv")[1],
                         "1514,dualtree,700.0,2026-01-02 03:04,abc")
        page = figures.page(self.out, [])
        self.assertIn("0.88 at 1514 and 2.50 at 9014 bytes of what page_pool takes", page)
        self.assertIn("<code>./scripts/bench cost</code> made it on 2026-01-02 03:04, of the tree abc",
                      page)
        self.assertIn(">10,000</text>", "\n".join(self.read("figure-packet.svg")))

    def test_what_is_missing_leaves_no_figure(self) -> None:
        self.command(cost, str(self.out), f"6.1={self.write('report', COST)}")
        self.command(cost, str(self.out), f"6.1={self.write('report', COST.replace('9014', '1'))}")
        self.assertFalse(list(self.out.glob("figure-packet.*")))
        page = figures.page(self.out, [])
        self.assertEqual(page.count("Not measured yet"), 3)
        for command in ("./scripts/bench cost", "./scripts/nic", "./scripts/bench footprint day"):
            self.assertIn(f"<code>{command}</code> makes this figure", page)

    def test_a_day(self) -> None:
        _, printed = self.command(day, str(self.out), self.write("report", DAY))
        self.assertEqual(printed[1].split(), "dualtree 5:00 10 9 19 11 2.00 1.20".split())
        self.assertEqual(self.read("footprint-day.csv")[4], "kmalloc,5,10,10000,20000,,2.00,")
        page = figures.page(self.out, [])
        self.assertIn("dualtree: 1.20 with most streams, 3.00 at most; kmalloc: 1.20 with most", page)
        self.assertIn("dualtree, without its pool&#x27;s free memory: 0.12 with most streams, 2.40 at "
                      "most", page)
        picture = "\n".join(self.read("figure-day.svg"))
        for name in ("5:00", "11:00", "dualtree", "kmalloc", "streams", "100"):
            self.assertIn(f">{name}</text>", picture)

    def test_the_report_takes_its_own_data_first(self) -> None:
        rows = [("ours", 200, 1, 1, 400), ("kernels", 100, 1, 1, 800)]
        other = self.out / "other"
        other.mkdir()
        figures.leave(other, "readers", rows)
        self.assertIn("keep 2.00 times as many datagrams as those of the kernel&#x27;s, and each takes "
                      "0.25 of the memory", figures.page(self.out, [other]))
        self.assertTrue((self.out / "figure-readers.svg").exists())
        figures.leave(self.out, "readers", [("ours", 300, 1, 1, 400), rows[1]])
        self.assertIn("keep 3.00 times", figures.page(self.out, [other]))
