# SPDX-License-Identifier: GPL-2.0
"""Unit tests of lib/dualtree_report; ./scripts/check python runs them."""
