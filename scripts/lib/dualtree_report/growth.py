# SPDX-License-Identifier: GPL-2.0
"""What growth a line of a curve is.

Three fits, each with the least squares of what it is off by in proportion to the cost:

    cost = a + b log2 x        cost = a + b x        log cost = c + e log x

The rule, with "off" the most that a fit is off by at any point:

    constant       the largest cost is at most 1.1 times the least, or nothing costs anything
    logarithmic    else if the first fit is off by no more than the second, and at most 20 %
    linear         else if the second is off by at most 20 %
    power          else if the third is off by at most 20 %
    irregular      else

A line that falls is said to fall, whichever fits. With less than four points nothing is said.

Where a cost may have a bound, for it is a share of what there is at most, there is another fit:

    cost = a - b / x

    bounded        else if it is off by less than the first and the second, and at most 20 %
"""
from collections.abc import Callable
from math import exp, log, log2

Points = list[tuple[float, float]]
# The largest cost of a constant line for each unit of the least: what caches and rounding move.
CONSTANT_MAX = 1.1
# A fit that is off by a larger part at any point is none.
OFF_MAX = 0.2
# Two parameters fit any two points, and nearly any three.
POINTS_MIN = 4


def fit(points: Points, of_x: Callable, power: bool = False) -> tuple[float, float, float]:
    """Fit a + b of_x(x) to the costs, or to their logarithms for a power: (a, b, off)."""
    s = su = sv = suu = suv = 0.0
    for x, cost in points:
        u, v = of_x(x), log(cost) if power else cost
        w = 1 if power else 1 / (v * v)
        s, su, sv, suu, suv = s + w, su + w * u, sv + w * v, suu + w * u * u, suv + w * u * v
    b = (s * suv - su * sv) / (s * suu - su * su)
    a = (sv - b * su) / s
    values = ((exp if power else float)(a + b * of_x(x)) for x, _ in points)
    return a, b, max(abs(value / cost - 1) for value, (_, cost) in zip(values, points))


def percent(part: float) -> str:
    return f"{part * 100:.0f} %"


def number(value: float) -> str:
    """Format a cost: small ones with a fraction."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def growth(points: Points, bounded: bool = False) -> str:
    """Describe the growth, with the name of the rule last; say whether it may be bounded."""
    low, high = min(cost for _, cost in points), max(cost for _, cost in points)
    if len(points) >= POINTS_MIN and not low and not high:
        return "0: constant"
    if len(points) < POINTS_MIN or low <= 0:
        return f"{len(points)} points: too few to say"
    if high <= low * CONSTANT_MAX:
        return f"{number(low)} to {number(high)}: constant"
    log_a, log_b, log_off = fit(points, log2)
    a, b, off = fit(points, float)
    bound, share, bound_off = fit(points, lambda x: 1 / x)
    if bounded and share < 0 and bound_off < min(log_off, off, OFF_MAX):
        return (f"{number(bound)} - {number(-share)} / n, off by {percent(bound_off)} at most: "
                "bounded")
    _, e, power_off = fit(points, log, power=True)
    power = f"n^{e:.2f} is off by {percent(power_off)}"
    if log_off <= off and log_off <= OFF_MAX:
        return (f"{number(log_a)} {'-+'[log_b >= 0]} {abs(log_b):.1f} log2(n), off by "
                f"{percent(log_off)} at most; {power}: {'falls' if log_b < 0 else 'logarithmic'}")
    if off <= OFF_MAX:
        return (f"{number(a)} {'-+'[b >= 0]} {abs(b):.3g} n, off by {percent(off)} at most; {power}: "
                f"{'falls' if b < 0 else 'linear'}")
    best = f"log2(n) is off by {percent(log_off)}, n by {percent(off)}, {power}"
    if power_off <= OFF_MAX:
        return f"{best}: {'falls' if e < 0 else f'a power, n^{e:.2f}'}"
    return f"{number(low)} to {number(high)}; {best}: irregular"
