# SPDX-License-Identifier: GPL-2.0
"""
Which patches there are, in their order, and what each has. A patch has sources of ours; the headers
that they include come with the first patch that needs them. The message of a patch is in
packaging/series/NAME.txt: a subject, an empty line, and why.
"""
import os
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path

from kernel_tree import HOOKS, Refusal, hooked, sources_below

from . import build
from .page import page
from .rewrite import HEADERS, LIB, PAGE, SAMPLE, place_of

MESSAGES = "packaging/series"
INDEX = "Documentation/core-api/index.rst"
# The page of another allocator, after which ours is listed.
INDEX_AFTER = "   genalloc"
# Files of the kernel's tree that the series changes.
CHANGED = (*HOOKS, INDEX, "MAINTAINERS", "samples/Kconfig", "samples/Makefile")


@dataclass
class Patch:
    name: str
    sources: list[str] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    # Files that are not made of one of ours each: methods of Series.
    extras: list[str] = field(default_factory=list)


PATCHES = (
    Patch("owner-table", ["up to buddy/table.c", "!buddy/fault.c"],
          ["DUALTREE"], ["add_hooks"]),
    Patch("page-pool", ["buddy/*.c", "!buddy/fault.c", "!buddy/check.c"]),
    Patch("heaps", ["up to dualtree/remote.c"]),
    Patch("instances", ["dualtree/*.c", "!dualtree/check_*.c"]),
    Patch("checks", ["buddy/fault.c", "buddy/check.c", "dualtree/check_*.c"], ["DUALTREE_DEBUG"]),
    Patch("netbuf", ["netbuf/*.c"], ["DUALTREE_NETBUF"]),
    Patch("kunit-fixtures", ["kunit/fixtures/*.c", "!kunit/fixtures/netbuf*", "kunit/alloc_test.c",
                             "kunit/free_test.c", "!kunit/fixtures/sockets.c",
                             "!kunit/fixtures/[tr]x.c", "!kunit/fixtures/ring.c",
                             "!kunit/fixtures/packets.c", "!kunit/fixtures/null_device.c"],
          ["DUALTREE_KUNIT_TEST"], ["add_kunitconfig"]),
    Patch("kunit-pool", ["kunit/pool_*.c"]),
    Patch("kunit-core", ["kunit/*_test.c", "!kunit/netbuf_*.c"]),
    Patch("kunit-netbuf", ["kunit/*.c", "kunit/fixtures/*.c"], ["DUALTREE_NETBUF_KUNIT_TEST"]),
    Patch("documentation", extras=["add_page"]),
    Patch("maintainers", extras=["add_maintainers"]),
    Patch("sample", ["samples/e1000/*.c"], extras=["add_sample"]),
)


def up_to(project, last):
    """The sources of a directory as Kbuild has them, bottom up, up to one of them."""
    directory = os.path.dirname(last)
    text = Path(project, "Kbuild").read_text(encoding="utf-8")
    sources = [f"{directory}/{name}.c" for name in
               re.findall(rf"^dualtree-\S+ (?:\+=|:=) {directory}/(\w+)\.o$", text, re.MULTILINE)]
    if last not in sources:
        raise Refusal(f"Kbuild does not build {last}")
    return sources[:sources.index(last) + 1]


def matches(path, patterns, project):
    """Whether a path fits one of the patterns, and none that begins with "!"."""
    def fits(pattern):
        if pattern.startswith("up to "):
            return path in up_to(project, pattern[6:])
        return fnmatch(path, pattern) and path.count("/") == pattern.count("/")
    return any(fits(p) for p in patterns if p[0] != "!") and \
        not any(fits(p[1:]) for p in patterns if p[0] == "!")


def entry_of(text, title):
    match = re.search(rf"^{re.escape(title)}\n((?:\w:\t.*\n)*)", text, re.MULTILINE)
    if not match:
        raise Refusal(f"MAINTAINERS has no entry {title}")
    return match[1]


def with_entry(text, title, lines):
    """MAINTAINERS with one more entry. Not all of the others are in order: ours has the place where
    the fewest stand on the wrong side of it."""
    start = text.index("Maintainers List")
    heads = list(re.finditer(r"^(?![A-Z]:)(\S.*)\n(?=[A-Z]:\t)", text[start:], re.MULTILINE))
    if not heads:
        raise Refusal("MAINTAINERS has no entries")
    wrong = list(accumulate((1 if head[1] > title else -1 for head in heads[:-1]), initial=0))
    place = start + heads[wrong.index(min(wrong))].start()
    return f"{text[:place]}{title}\n{lines}\n{text[place:]}"


class Series:
    """The tree's files of ours and those that we change, as they are after each patch."""

    def __init__(self, project, tree, rewriter, author):
        self.project = project
        self.tree = tree
        self.rewriter = rewriter
        self.author = author
        self.files = {}
        self.symbols = []
        self.done = set()
        self.ours = {place_of(path): path for d in ("buddy", "dualtree", "netbuf", "kunit",
                                                    "samples/e1000", "include/dualtree")
                     for path in sources_below(project, d)
                     if os.path.basename(path) != "version.h"}

    def base(self):
        """The files that the series changes, as the kernel has them."""
        return {name: Path(self.tree, name).read_text(encoding="utf-8") for name in CHANGED}

    def message(self, patch):
        return Path(self.project, MESSAGES, patch.name + ".txt").read_text(encoding="utf-8")

    def patches(self):
        """Each patch, and all files after it. What is left of the sources at the end is a fault."""
        self.files = self.base()
        for patch in PATCHES:
            self.apply(patch)
            yield patch, dict(self.files)
        left = sorted(path for path in self.ours.values()
                      if path.endswith(".c") and path not in self.done)
        missing = sorted(h for h in HEADERS.values() if "include/" + h not in self.files)
        if left or missing:
            raise Refusal(f"in no patch: {' '.join(left + missing)}")

    def apply(self, patch):
        self.symbols += patch.symbols
        for place, path in sorted(self.ours.items()):
            if path.endswith(".c") and path not in self.done and matches(path, patch.sources, self.project):
                self.add(place)
        for extra in patch.extras:
            getattr(self, extra)()
        self.add_build_files()

    def add(self, place):
        """A file of ours, and what it includes that is not there yet."""
        if place in self.files:
            return
        if place in self.ours:
            path = self.ours[place]
            self.files[place] = self.rewriter.source(path)[1]
            self.done.add(path)
        else:
            rest = self.rewriter.rest(os.path.relpath(place, LIB))
            if not rest:
                raise Refusal(f"nothing of ours is {place}")
            self.files[place] = rest[1]
        for name in re.findall(r'^#include "([^"]*)"', self.files[place], re.MULTILINE):
            self.add(os.path.normpath(os.path.join(os.path.dirname(place), name)))
        for name in re.findall(r"^#include <([^>]*)>", self.files[place], re.MULTILINE):
            if name in HEADERS.values():
                self.add("include/" + name)

    def add_build_files(self):
        self.files[f"{LIB}/Kconfig"] = build.kconfig(
            self.project, self.symbols, f"{LIB}/core/module.c" in self.files,
            self.rewriter.compat.answers)
        for directory in ("kunit", "kunit/fixtures"):
            place = f"{LIB}/{directory}"
            if any(p.startswith(place + "/") and p.endswith(".c") for p in self.files):
                text = Path(self.project, directory, "Kbuild").read_text(encoding="utf-8")
                self.files[place + "/Makefile"] = build.kunit_makefile(text, place, self.files)
        self.files[f"{LIB}/Makefile"] = build.makefile(self.project, self.tree, self.files,
                                                       self.symbols)

    def change(self, name, lines):
        self.files[name] = "\n".join(lines) + "\n"

    def add_hooks(self):
        for name in HOOKS:
            self.change(name, hooked(name, self.files[name].splitlines()))
        self.files["lib/Kconfig"] = re.sub(r'^(source "lib/dualtree/Kconfig"\n)(?=endmenu)', r"\1\n",
                                           self.files["lib/Kconfig"], flags=re.MULTILINE)

    def add_kunitconfig(self):
        text = Path(self.project, ".kunitconfig").read_text(encoding="utf-8")
        self.files[f"{LIB}/.kunitconfig"] = "\n".join(
            line for line in text.splitlines() if not re.match(r"#( SPDX|$| {3}| What kunit.py)",
                                                               line)) + "\n"

    def add_page(self):
        self.files[PAGE] = page(self.project, self.rewriter)
        lines = self.files[INDEX].splitlines()
        if INDEX_AFTER not in lines:
            raise Refusal(f"{INDEX} does not list{INDEX_AFTER}")
        at = lines.index(INDEX_AFTER) + 1
        self.change(INDEX, lines[:at] + ["   dualtree"] + lines[at:])

    def add_maintainers(self):
        text = self.files["MAINTAINERS"]
        lists = [line for title in ("MEMORY MANAGEMENT", "NETWORKING [GENERAL]")
                 for line in entry_of(text, title).splitlines() if line.startswith("L:")]
        places = sorted([PAGE, "include/linux/buddy_pool.h", "include/linux/dualtree*.h",
                         "include/net/dualtree/", f"{LIB}/", f"{SAMPLE}/"])
        lines = [f"M:\t{self.author}", *lists, "S:\tMaintained", *(f"F:\t{p}" for p in places)]
        self.files["MAINTAINERS"] = with_entry(text, "DUALTREE MEMORY ALLOCATOR",
                                               "\n".join(lines) + "\n")

    def add_sample(self):
        text = Path(self.project, "samples/e1000/Kbuild").read_text(encoding="utf-8")
        self.files[f"{SAMPLE}/Makefile"] = build.sample_makefile(text)
        text = self.files["samples/Kconfig"]
        at = text.index("\nconfig ") + 1
        end = text.index("\nendif # SAMPLES")
        first = text.find('\nsource "', at)
        at = first if -1 < first < end else end
        self.files["samples/Kconfig"] = text[:at] + "\n" + build.SAMPLE_ENTRY + text[at:]
        lines = self.files["samples/Makefile"].splitlines()
        self.change("samples/Makefile", lines + [build.SAMPLE_HOOK])
