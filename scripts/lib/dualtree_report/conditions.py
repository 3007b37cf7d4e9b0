# SPDX-License-Identifier: GPL-2.0
"""Under what something was measured: the host, and a kernel's configuration."""
import os
import platform
import re
import textwrap
from pathlib import Path


def host(load: str) -> str:
    """The machine, and how busy it was."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name[^:]*: (.*)", cpuinfo, re.M)
    return (f"{model[1] if model else ''}, {len(os.sched_getaffinity(0))} CPUs, "
            f"Linux {platform.release()}; load {load} at the start")


def config_words(config: Path, names: str) -> str:
    """NAME=VALUE of each name in a kernel's configuration; what is not set is n."""
    values = dict(re.findall(r"^CONFIG_(\w+)=(.*)$", config.read_text(encoding="utf-8"), re.M))
    return " ".join(f"{name}={values.get(name, 'n')}" for name in names.split())


def wrap(words: str, width: int, indent: int) -> str:
    """Break a line between words, and indent those after the first."""
    return textwrap.fill(words, width + indent, subsequent_indent=" " * indent)
