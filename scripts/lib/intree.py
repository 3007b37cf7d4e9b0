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
import re
import shutil
import sys

HERE = "lib/dualtree"
HEADERS = "include/dualtree"
# Where a line of ours goes: before the line that ends lib/Kconfig's menu, and last.
HOOKS = {
    "lib/Kconfig": ('source "lib/dualtree/Kconfig"', "endmenu"),
    "lib/Makefile": ("obj-$(CONFIG_DUALTREE) += dualtree/", None),
}
TOP = ("Kbuild", "Kconfig", ".kunitconfig")
DIRECTORIES = ("buddy", "dualtree", "netbuf", "compat", "kunit", "samples", "bench",
               "torture")
# Programs of the machine that builds, not of the kernel.
LEFT_OUT = ("bench/host",)
SUFFIXES = (".c", ".h", ".mk", ".sh")
OLDEST = (6, 1)


class Refusal(Exception):
    pass


def is_source(name):
    return (name == "Kbuild" or name.endswith(SUFFIXES)) and not name.endswith(".mod.c")


def sources_below(root, directory):
    """Paths of sources, relative to root."""
    for place, directories, names in os.walk(os.path.join(root, directory)):
        relative = os.path.relpath(place, root)
        directories[:] = [d for d in directories if os.path.join(relative, d) not in LEFT_OUT]
        yield from (os.path.join(relative, name) for name in names if is_source(name))


def wanted_files(project):
    """Where each file goes in the tree, and where it is in the project."""
    files = {os.path.join(HERE, name): name for name in TOP}
    for directory in DIRECTORIES:
        files.update((os.path.join(HERE, path), path) for path in sources_below(project, directory))
    files.update((path, path) for path in sources_below(project, HEADERS))
    return files


def read(path):
    with open(path, "rb") as file:
        return file.read()


def replace(path, content):
    """Return: was it changed?"""
    if os.path.exists(path) and read(path) == content:
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = path + ".dualtree-new"
    with open(new, "wb") as file:
        file.write(content)
    os.chmod(new, 0o644)
    os.replace(new, path)
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


def change_hooks(tree, change):
    new = {}
    for name in HOOKS:
        lines = read(os.path.join(tree, name)).decode().splitlines()
        new[name] = ("\n".join(change(name, lines)) + "\n").encode()
    return sum(replace(os.path.join(tree, name), content) for name, content in new.items())


def check_tree(tree):
    for name in ("Makefile", "init/main.c", *HOOKS):
        if not os.path.isfile(os.path.join(tree, name)):
            raise Refusal(f"{tree} is not the source of a kernel: it has no {name}")
    makefile = read(os.path.join(tree, "Makefile")).decode()
    version = re.search(r"^VERSION = (\d+)\nPATCHLEVEL = (\d+)$", makefile, re.MULTILINE)
    if not version:
        raise Refusal(f"{tree}/Makefile does not say which version it is")
    if tuple(map(int, version.groups())) < OLDEST:
        raise Refusal(f"{tree} is Linux {'.'.join(version.groups())}: dualtree needs 6.1 or newer")


def check_ours(tree):
    kconfig = os.path.join(tree, HERE, "Kconfig")
    if os.path.exists(kconfig):
        if b"\nconfig DUALTREE\n" not in read(kconfig):
            raise Refusal(f"{tree}/{HERE} is not ours")
        return
    for place in HERE, HEADERS:
        if os.path.exists(os.path.join(tree, place)):
            raise Refusal(f"{tree}/{place} is there, and not ours")


def put(project, tree):
    files = wanted_files(project)
    changed = change_hooks(tree, hooked)
    for there, here in files.items():
        changed += replace(os.path.join(tree, there), read(os.path.join(project, here)))
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
        if os.path.exists(os.path.join(tree, place)):
            shutil.rmtree(os.path.join(tree, place))
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
