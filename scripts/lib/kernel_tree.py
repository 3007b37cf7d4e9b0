# SPDX-License-Identifier: GPL-2.0
"""
The source tree of a kernel, and which files of ours go there: what intree.py and dualtree_series
have in common.

A file of a tree is replaced by renaming, and only if it differs: a tree of hard links leaves alone
what it is linked to, and make sees no change where there is none.
"""
import os
import re
from pathlib import Path

# Where lib/Kconfig and lib/Makefile get a line of ours: before the line that ends the menu, and
# last.
HOOKS = {
    "lib/Kconfig": ('source "lib/dualtree/Kconfig"', "endmenu"),
    "lib/Makefile": ("obj-$(CONFIG_DUALTREE) += dualtree/", None),
}
# Programs of the machine that builds, not of the kernel.
LEFT_OUT = ("bench/host",)
SUFFIXES = (".c", ".h", ".mk", ".sh")
OLDEST = (6, 1)


class Refusal(Exception):
    """What is in the way, as a sentence."""


def is_source(name):
    return (name == "Kbuild" or name.endswith(SUFFIXES)) and not name.endswith(".mod.c")


def sources_below(root, directory):
    """Paths of sources, relative to root."""
    for place, directories, names in os.walk(os.path.join(root, directory)):
        relative = os.path.relpath(place, root)
        directories[:] = [d for d in directories if os.path.join(relative, d) not in LEFT_OUT]
        yield from (os.path.join(relative, name) for name in names if is_source(name))


def replace(path, content):
    """Return: was it changed?"""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".dualtree-new")
    new.write_bytes(content)
    new.chmod(0o644)
    new.replace(path)
    return True


def hooked(name, lines):
    """The lines of lib/Kconfig or lib/Makefile with ours among them."""
    hook, before = HOOKS[name]
    lines = [line for line in lines if line != hook]
    if not before:
        return lines + [hook]
    if before not in lines:
        raise Refusal(f"{name} has no line {before}")
    last = len(lines) - 1 - lines[::-1].index(before)
    return lines[:last] + [hook] + lines[last:]


def unhooked(name, lines):
    return [line for line in lines if line != HOOKS[name][0]]


def release(tree):
    """The version of a kernel's source, such as (6, 12, 117)."""
    makefile = Path(tree, "Makefile").read_text(encoding="utf-8")
    numbers = re.search(r"(?m)^VERSION = (\d+)\nPATCHLEVEL = (\d+)\nSUBLEVEL = (\d+)$", makefile)
    if not numbers:
        raise Refusal(f"{tree}/Makefile does not say which version it is")
    return tuple(map(int, numbers.groups()))


def check_tree(tree):
    for name in ("Makefile", "init/main.c", *HOOKS):
        if not Path(tree, name).is_file():
            raise Refusal(f"{tree} is not the source of a kernel: it has no {name}")
    version = release(tree)
    if version[:2] < OLDEST:
        raise Refusal(f"{tree} is Linux {version[0]}.{version[1]}: dualtree needs 6.1 or newer")
