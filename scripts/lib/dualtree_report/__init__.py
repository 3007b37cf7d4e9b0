# SPDX-License-Identifier: GPL-2.0
"""What the scripts make of the numbers that guests report: tables, plots, comparisons, results."""
