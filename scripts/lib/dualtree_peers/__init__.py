# SPDX-License-Identifier: GPL-2.0
"""Peers of the relay in a guest: good ones and hostile ones."""
