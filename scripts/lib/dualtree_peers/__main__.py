# SPDX-License-Identifier: GPL-2.0
"""Run a set of peers against a relay in a guest; the scripts call it."""
import importlib
import sys

sys.exit(importlib.import_module(f".{sys.argv[1]}", __package__).main(*sys.argv[2:]))
