#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Puts dualtree into the source tree of a kernel, or takes it out:

    intree.py put|remove PROJECT KERNEL_TREE

Prints how many files it has changed. A file of the tree is replaced by renaming, and only if it
differs: a tree of hard links leaves alone what it is linked to, and make sees no change where
there is none. What is in the way is said on stderr, with status 2; then nothing was changed.
"""
import os
import shutil
import sys
from pathlib import Path

from kernel_tree import HOOKS, Refusal, check_tree, hooked, replace, sources_below, unhooked

HERE = "lib/dualtree"
HEADERS = "include/dualtree"
TOP = ("Kbuild", "Kconfig", ".kunitconfig")
DIRECTORIES = ("buddy", "dualtree", "netbuf", "compat", "kunit", "samples", "bench",
               "torture")


def wanted_files(project):
    """Where each file goes in the tree, and where it is in the project."""
    files = {os.path.join(HERE, name): name for name in TOP}
    for directory in DIRECTORIES:
        files.update((os.path.join(HERE, path), path) for path in sources_below(project, directory))
    files.update((path, path) for path in sources_below(project, HEADERS))
    return files


def change_hooks(tree, change):
    # All are read before one is written: a refusal changes nothing.
    new = {path: change(name, path.read_text(encoding="utf-8").splitlines())
           for name in HOOKS for path in [Path(tree, name)]}
    return sum(replace(path, ("\n".join(lines) + "\n").encode()) for path, lines in new.items())


def check_ours(tree):
    kconfig = Path(tree, HERE, "Kconfig")
    if kconfig.exists():
        if b"\nconfig DUALTREE\n" not in kconfig.read_bytes():
            raise Refusal(f"{tree}/{HERE} is not ours")
        return
    for place in HERE, HEADERS:
        if Path(tree, place).exists():
            raise Refusal(f"{tree}/{place} is there, and not ours")


def put(project, tree):
    files = wanted_files(project)
    changed = change_hooks(tree, hooked)
    for there, here in files.items():
        changed += replace(Path(tree, there), Path(project, here).read_bytes())
    # What an older version of ours had. What a build in the tree has left stays.
    for place in HERE, HEADERS:
        for path in sources_below(tree, place):
            if path not in files:
                os.remove(os.path.join(tree, path))
                changed += 1
    return changed


def remove(_project, tree):
    changed = change_hooks(tree, unhooked)
    for place in HERE, HEADERS:
        if Path(tree, place).exists():
            shutil.rmtree(Path(tree, place))
            changed += 1
    return changed


def main():
    action, project, tree = sys.argv[1:]
    try:
        check_tree(tree)
        check_ours(tree)
        print({"put": put, "remove": remove}[action](project, tree))
    except (Refusal, OSError) as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
