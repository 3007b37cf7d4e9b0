# SPDX-License-Identifier: GPL-2.0
"""Judge what guests said. The scripts call it through guest_says() of lib/common.sh."""
import importlib
import sys

# What a program prints into a log need not be UTF-8.
for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(errors="surrogateescape")
sys.exit(importlib.import_module(f".{sys.argv[1]}", __package__).main(*sys.argv[2:]))
