# SPDX-License-Identifier: GPL-2.0
"""Growth is called by its name, of lines made up to a formula; ./scripts/check growth."""
import unittest
from collections.abc import Callable
from math import log, log2, sqrt

from dualtree_report.growth import growth

# The formula, the last n, and what it has to be called.
GROWTHS: list[tuple[Callable[[float], float], int, str]] = [
    (lambda n: 200, 100000, "constant"),
    (lambda n: 200 + n / 10000, 100000, "constant"),
    (lambda n: 400 + 40 * log2(n), 100000, "logarithmic"),
    (lambda n: 50 + 5 * log2(n), 1000, "logarithmic"),
    (lambda n: 400 + n / 700, 100000, "linear"),
    (lambda n: 300 + 1.5 * n, 100000, "linear"),
    (lambda n: 5 * n, 10000, "linear"),
    (lambda n: 10 * sqrt(n), 100000, "a power, n^0.50"),
    (lambda n: n * n, 10000, "a power, n^2.00"),
    (lambda n: 2000 - 100 * log(n), 100000, "falls"),
    (lambda n: 5000 if n > 1000 else 100, 100000, "irregular"),
    (lambda n: 400 + 40 * log2(n), 100, "3 points: too few to say"),
]


def made_up(formula: Callable[[float], float], last: int) -> list[tuple[float, float]]:
    """Points that are off by 3 % up and down in turn."""
    points, n = [], 10.0
    while n <= last:
        points.append((round(n), formula(n) * (0.97 if len(points) % 2 == 0 else 1.03)))
        n *= 3 if len(points) % 2 else 10 / 3
    return points


class Growth(unittest.TestCase):
    def test_each_is_called_by_its_name(self) -> None:
        for i, (formula, last, name) in enumerate(GROWTHS):
            with self.subTest(i, last=last, name=name):
                said = growth(made_up(formula, last))
                self.assertTrue(f" {said}".endswith(f" {name}"), said)

    def test_nothing_is_constant(self) -> None:
        self.assertEqual(growth([(n, 0) for n in (1, 2, 4, 8)]), "0: constant")

    def test_what_has_a_bound_is_bounded_where_it_may_be(self) -> None:
        share = [(n, 6.5 * (n - 1) / n) for n in (4, 8, 16, 32, 64)]
        self.assertEqual(growth(share, bounded=True),
                         "6.50 - 6.50 / n, off by 0 % at most: bounded")
        self.assertTrue(growth(share).endswith(": logarithmic"))
        logarithm = [(n, 5 + log2(n)) for n in (4, 8, 16, 32, 64)]
        self.assertTrue(growth(logarithm, bounded=True).endswith(": logarithmic"))
        falling = [(n, 5 + 6 / n) for n in (4, 8, 16, 32, 64)]
        self.assertFalse(growth(falling, bounded=True).endswith(": bounded"))
