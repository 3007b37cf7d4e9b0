# SPDX-License-Identifier: GPL-2.0
"""
A source of ours as it is in the kernel's tree: another path, the includes that go with that, calls
of the kernel by their own names, no version of a module, and comments that name files as they are
called there.
"""
import os
import re
from pathlib import Path

from kernel_tree import Refusal

from .compat import COMMENT, HEADS, NEEDED_FOR
from .faults import without_faults

LIB = "lib/dualtree"
SAMPLE = "samples/dualtree_e1000"
PAGE = "Documentation/core-api/dualtree.rst"

# Our directories, and where they go: the longest that fits is taken.
PLACES = {
    "buddy": f"{LIB}/buddy",
    "dualtree": f"{LIB}/core",
    "netbuf": f"{LIB}/netbuf",
    "kunit": f"{LIB}/kunit",
    "samples/e1000": SAMPLE,
}
# The public headers: packet buffers are the network stack's, the rest is of the library.
HEADERS = {
    "buddy_pool.h": "linux/buddy_pool.h",
    "dualtree.h": "linux/dualtree.h",
    "fault.h": "linux/dualtree_fault.h",
    "netbuf.h": "net/dualtree/netbuf.h",
    "netbuf_pages.h": "net/dualtree/netbuf_pages.h",
    "netbuf_read.h": "net/dualtree/netbuf_read.h",
    "netbuf_rx.h": "net/dualtree/netbuf_rx.h",
    "netbuf_tx.h": "net/dualtree/netbuf_tx.h",
}
# The kernel has one version.
GONE = ("version.h",)

# References to tests of memory order, which stay here: "litmus/NAME, NAME", over two lines perhaps.
# One that is a sentence goes with its full stop, another one with the sign before it.
LITMUS = r"\s+(?:\*\s+)?litmus/[\w*-]+(?:,\s+(?:\*\s+)?(?:litmus/[\w*-]+|[a-z]+-[\w*-]+))*"
# What comments say of this project and is not in the tree.
WORDS = (
    (rf"(?<=\.){LITMUS}\.", ""),
    (rf"[:;,]{LITMUS}(?=[.;])", ""),
    (r"(?<=simulation)(?:, see|:) (?:Documentation/)?design\.rst\b", ""),
    (r"(?<=\.) design\.rst has what 32 of them cost\.", ""),
    (r"\bDocumentation/design\.rst\b", PAGE),
    (r"\bdesign\.rst\b", PAGE.rsplit("/", 1)[1]),
    (r"\. tools/dualtree-top\s+\*\s+reads it\b", ""),
    (r" \(from 6\.5(\s+)on\)\. ", r".\1"),
    (r"\btrace E10k\b", "a trace of mixed sizes"),
    (r"the local APIC: by its driver up to 6\.5, by a static call from 6\.6 on\.\n \* Other",
     "the local APIC. Other"),
    (r", as it is for the suites and the torture module;", ", as it is for the suites;"),
)
# None of these is left in a file of the series.
FOREIGN = re.compile(r"compat/|<dualtree/|DT_HAVE_|DUALTREE_VERSION|scripts/(nic|bench|test)\b|"
                     r"\btorture\b|DUALTREE_COMPAT_(?!H\b)|litmus|design\.rst|dualtree-top|"
                     r"\bbenchmark")
# Nor one of these where our code is for one kernel.
OTHERS = re.compile(r"\b([Uu]p to|[Ff]rom|[Ss]ince|[Bb]efore) [67]\.\d+\b")


def place_of(path):
    if path.startswith("include/dualtree/"):
        return "include/" + HEADERS[path.rsplit("/", 1)[1]]
    for ours in sorted(PLACES, key=len, reverse=True):
        if path.startswith(ours + "/"):
            path = PLACES[ours] + path[len(ours):]
            return re.sub(r"/Kbuild$", "/Makefile", path)
    raise Refusal(f"{path} has no place in the kernel's tree")


def sorted_runs(text):
    """The text with each run of <includes> in order, if we have changed it."""
    return re.sub(r"(?m)(?:^#include <[^\n]*\n){2,}",
                  lambda run: "".join(sorted(set(run[0].splitlines(keepends=True)))), text)


def with_headers(text, headers):
    """The text with <headers> included that it does not include yet: in the first run of such
    lines, or before the first include of ours, or after the guard."""
    missing = [h for h in sorted(set(headers)) if f"#include <{h}>\n" not in text]
    if not missing:
        return text
    lines = "".join(f"#include <{h}>\n" for h in missing)
    first = re.search(r"^#include ", text, re.MULTILINE)
    if not first:
        text, found = re.subn(r"(?<=\n)#define \w+\n", lambda guard: guard[0] + "\n" + lines, text,
                              count=1)
        if not found:
            raise Refusal(f"{', '.join(missing)}: a text with no include and no guard")
        return text
    return text[:first.start()] + lines + text[first.start():]


class Rewriter:
    def __init__(self, project, compat):
        self.project = project
        self.compat = compat
        self.homes = {f"compat/{name}": f"{LIB}/{rest.home}"
                      for name, rest in compat.rests.items()}

    def includes(self, text, path, place):
        """The text with includes as they are there."""
        wanted = []

        def include(target):
            return f'#include "{os.path.relpath(target, os.path.dirname(place))}"\n'

        def local(match):
            target = os.path.normpath(os.path.join(os.path.dirname(path), match[1]))
            if target.startswith("compat/"):
                name = target.split("/")[1]
                system, needed = self.compat.headers_for(name, body)
                wanted.extend(system)
                return include(self.homes[target]) if needed else ""
            return include(place_of(target))

        def public(match):
            return "" if match[1] in GONE else f"#include <{HEADERS[match[1]]}>\n"

        body = re.sub(r"^#include .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r'^#include "([^"]*)"\n', local, text, flags=re.MULTILINE)
        text = re.sub(r"^#include <dualtree/([^>]*)>\n", public, text, flags=re.MULTILINE)
        if "EXPORT_SYMBOL_IF_KUNIT(" in text:
            wanted.append("kunit/visibility.h")
        if place.endswith(".c") and re.search(NEEDED_FOR["linux/export.h"], text):
            wanted.append("linux/export.h")
        # Includes of ours may have come to be the same.
        text = re.sub(r'(?m)(?:^#include "[^\n]*\n){2,}',
                      lambda run: "".join(dict.fromkeys(run[0].splitlines(keepends=True))),
                      with_headers(text, wanted))
        return sorted_runs(re.sub(r"\n{3,}", "\n\n", text))

    def names_of_files(self, text):
        """The text with files named as they are there."""
        text = re.sub(r"\binclude/dualtree/(\w+\.h)\b",
                      lambda m: f"include/{HEADERS.get(m[1], 'dualtree/' + m[1])}", text)
        text = re.sub(r"\bcompat/(\w+\.h)\b",
                      lambda m: self.compat.rests[m[1]].home if m[1] in self.compat.rests
                      else m[0], text)
        text = re.sub(r"(?<![\w/<])dualtree/(\w+\.[ch])\b", r"core/\1", text)
        for pattern, words in WORDS:
            text = re.sub(pattern, words, text)
        return text

    def rewrite(self, text, path, place):
        """The text of our file path, as it is at place."""
        text = re.sub(r"^MODULE_VERSION\(.*\n", "", text, flags=re.MULTILINE)
        if "#define param_value_of(" in text and "param_value_of" in self.compat.rules:
            text = re.sub(r"/\*[^\n]*\*/\n#define param_value_of\(.*\n\n?", "", text)
        if path.startswith("samples/"):
            text = without_faults(text)
        text = self.compat.apply(text)
        text = self.includes(text, path, place)
        text = text.replace("TRACE_INCLUDE_PATH dualtree\n", "TRACE_INCLUDE_PATH core\n")
        return self.checked(self.names_of_files(text), place)

    def checked(self, text, place):
        """Nothing may be left of what the kernel's tree does not have."""
        foreign = FOREIGN.search(text) or not place.endswith("/compat.h") and OTHERS.search(text)
        left = next((n for n in self.compat.rules if re.search(rf"\b{n}\b", text)
                     and self.compat.rules[n].body != n), None)
        if foreign or left:
            raise Refusal(f"{place}: {foreign.group(0) if foreign else left} is left")
        return text

    def source(self, path):
        """(place, text) of our file."""
        place = place_of(path)
        return place, self.rewrite(Path(self.project, path).read_text(encoding="utf-8"), path,
                                   place)

    def rest(self, home):
        """What is left of compat/ at one place of lib/dualtree, or None."""
        place = f"{LIB}/{home}"
        parts = [rest for _, rest in sorted(self.compat.rests.items())
                 if rest.home == home and rest.names]
        if not parts:
            return None
        guard = "DUALTREE_" + re.sub(r"\W", "_", home).upper()
        if len(parts) == 1 and home != "compat.h":
            text = re.sub(r"DUALTREE_COMPAT_\w+", guard, parts[0].text)
            if home in HEADS:
                text = COMMENT.sub(lambda _: HEADS[home], text.split("\n", 1)[1], count=1)
                text = "/* SPDX-License-Identifier: GPL-2.0 */\n" + text
        else:
            text = self.joined(parts, guard)
        text = self.compat.apply(text)
        used = COMMENT.sub("", text)
        for header in re.findall(r"^#include <(.*)>$", text, re.MULTILINE):
            if header in NEEDED_FOR and not re.search(NEEDED_FOR[header], used):
                text = text.replace(f"#include <{header}>\n", "")
        return place, self.checked(self.names_of_files(re.sub(r"\n{3,}", "\n\n", text)), place)

    @staticmethod
    def joined(parts, guard):
        """One header of what is left of several."""
        text = ("/* SPDX-License-Identifier: GPL-2.0 */\n"
                "/* Calls of newer kernels that this one lacks. */\n"
                f"#ifndef {guard}\n#define {guard}\n\n")
        headers = sorted({h for part in parts for h in part.includes})
        text += "".join(f"#include <{h}>\n" for h in headers)
        for part in parts:
            body = re.sub(r"(?ms)\A.*?^#define DUALTREE_COMPAT_\w+\n", "", part.text)
            body = re.sub(r"(?m)^#include .*\n|^#endif /\* DUALTREE_COMPAT.*\n", "", body)
            text += "\n" + body.strip("\n") + "\n"
        return text + f"\n#endif /* {guard} */\n"
