# SPDX-License-Identifier: GPL-2.0
"""Tests of results, plot and conditions."""
import subprocess
from unittest import mock

from dualtree_report import conditions, plot, results

from .case import CommandCase


class Results(CommandCase):
    def test_quantile_is_a_value_that_was_measured(self) -> None:
        self.assertEqual(results.quantile([3, 1, 2], 0.5), 2)
        self.assertEqual(results.quantile([4, 1, 3, 2], 0.5), 3)
        self.assertEqual(results.quartiles(range(41)), (20, 10, 30))
        self.assertEqual(results.quartiles([7]), (7, 7, 7))

    def test_only_lines_of_that_kind_are_results(self) -> None:
        path = self.write("report", "a results b|c\na curve 1 2\nready\na results d e\n")
        self.assertEqual(list(results.reported(self.out / "report")), [("a", "b|c"), ("a", "d e")])
        self.assertTrue(path.endswith("report"))

    def test_bars_are_found_by_all_keys(self) -> None:
        bars = results.read_bars("cost", 2)
        self.assertEqual(len(bars["dualtree", "pair 1500 B"]), 2)
        self.assertEqual(len(results.read_bars("footprint", 1)["M",]), 3)
        self.assertNotIn("# SPDX-License-Identifier: GPL-2.0", [key[0] for key in bars])

    def test_a_name_with_commas_comes_back_from_csv(self) -> None:
        results.write_csv(self.out / "a.csv", "name,value", [("1500 B, 64 live", 2.5)])
        self.assertEqual(self.read("a.csv"), ["name,value", '"1500 B, 64 live",2.5'])
        self.assertEqual(results.read_csv(self.out / "a.csv"),
                         [{"name": "1500 B, 64 live", "value": "2.5"}])

    def test_columns(self) -> None:
        self.assertEqual(results.columns("<3 >5 >3", "a", 12, ""), "a      12    ")
        self.assertEqual(results.spread(".1f", (2, 1, 3)), "2.0 (1.0..3.0)")

    def test_a_block_quotes_names_with_blanks(self) -> None:
        self.assertEqual(plot.block("d", [("pair 64 B", 1.5, "NaN")]),
                         '$d << EOD\n"pair 64 B" 1.5 NaN\nEOD\n')

    def test_a_plot_that_cannot_be_drawn_ends_the_run(self) -> None:
        mock.patch.stopall()
        for status in (0, 1):
            done = subprocess.CompletedProcess([], status)
            with mock.patch("subprocess.run", return_value=done), self.assertRaises(SystemExit):
                plot.draw(self.out / "a.svg", "a", "plot 1")

    def test_a_configuration(self) -> None:
        self.write("config", "CONFIG_HZ=250\n# CONFIG_SLUB is not set\nCONFIG_HZ_250=y\n")
        self.assertEqual(conditions.config_words(self.out / "config", "HZ SLUB"), "HZ=250 SLUB=n")
        self.assertEqual(conditions.wrap("aa bb cc", 5, 2), "aa bb\n  cc")
