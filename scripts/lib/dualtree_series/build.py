# SPDX-License-Identifier: GPL-2.0
"""
Kconfig and Makefiles for what the patches up to one have: made of ours, with the lines of what is
there. Files that are not there yet, and symbols that are not, have no lines.
"""
import re
from pathlib import Path

from .rewrite import LIB, SAMPLE

SPDX = "# SPDX-License-Identifier: GPL-2.0\n"


def paragraphs(text):
    """The parts of a Makefile between empty lines."""
    return [part for part in re.split(r"\n{2,}", text.strip("\n")) if part]


def kconfig(project, symbols, whole, answers):
    """lib/dualtree/Kconfig with the entries of symbols. Until all of the core is there, which whole
    says, the core cannot be a module: it has nothing to set it up."""
    text = Path(project, "Kconfig").read_text(encoding="utf-8")
    entries = re.findall(r"^config (\w+)\n((?:(?!^config ).*\n)*)", text, re.MULTILINE)
    out = SPDX
    for name, body in entries:
        if name not in symbols:
            continue
        body = body.rstrip("\n") + "\n"
        if name == "DUALTREE" and not whole:
            body = body.replace("\ttristate ", "\tbool ")
            body = re.sub(r"\n\n\t  The module is called.*\n", "\n", body)
        if "-DDT_HAVE_RISCV_CMPXCHG_8=0" in answers:
            body = body.replace("depends on 64BIT && MMU && !S390",
                                "depends on 64BIT && MMU && !S390 && !RISCV")
        out += ("" if out == SPDX else "\n") + f"config {name}\n{body}"
    return out


def source_flag(tree):
    """What $(src) has to be in a flag: up to 6.9 it is relative to the kernel's source."""
    text = Path(tree, "scripts/Makefile.build").read_text(encoding="utf-8")
    return "$(srctree)/$(src)" if re.search(r"^src := \$\(obj\)$", text, re.MULTILINE) else "$(src)"


def kept_lines(part, keep):
    """The lines of a paragraph that are kept, with := for the first of a variable."""
    lines, seen = [], set()
    for line in part.splitlines():
        match = re.match(r"([\w$()-]+) (?::=|\+=) ", line)
        if not match:
            lines.append(line)
            continue
        line = keep(line)
        if not line:
            continue
        if not match[1].startswith("obj-"):
            variable = re.sub(r"-\$\(\w+\)$", "-y", match[1])
            sign = "+=" if variable in seen or match[1] != variable else ":="
            line = re.sub(r" (:=|\+=) ", f" {sign} ", line, count=1)
            seen.add(variable)
        lines.append(line)
    return lines


def makefile(project, tree, places, symbols):
    """lib/dualtree/Makefile for files at places."""
    text = Path(project, "Kbuild").read_text(encoding="utf-8")
    text = text[text.index("obj-$(CONFIG_DUALTREE) += dualtree.o"):]

    def keep(line):
        symbol = re.match(r"obj-\$\(CONFIG_(\w+)\) \+= (\S+)", line)
        if symbol:
            return line if symbol[1] in symbols and (
                symbol[2] != "kunit/" or f"{LIB}/kunit/Makefile" in places) else None
        line = re.sub(r"(:=|\+=) dualtree/", r"\1 core/", line)
        return line if f"{LIB}/{line.split()[-1][:-2]}.c" in places else None

    flags = [f"CFLAGS_{d}/trace.o := -I {source_flag(tree)}" for d in ("buddy", "core")
             if f"{LIB}/{d}/trace.c" in places]
    out = SPDX + "# Where <trace/define_trace.h> finds the headers of our trace events.\n" + \
        "\n".join(flags) + "\n"
    for part in paragraphs(text):
        lines = kept_lines(part, keep)
        if any(not line.startswith("#") for line in lines):
            out += "\n" + "\n".join(lines) + "\n"
    # One variable is spread over paragraphs.
    out = re.sub(r"(?m)^dualtree-y :=", "dualtree-y +=", out)
    return re.sub(r"(?m)^dualtree-y \+=", "dualtree-y :=", out, count=1)


def kunit_makefile(text, directory, places):
    """The Makefile of the suites, or of what they share, for what is there."""
    def keep(line):
        name, sign, *words = line.split()
        if name.startswith("obj-"):
            netbuf = any(p.startswith(f"{LIB}/kunit/netbuf_") for p in places)
            return line if netbuf or "NETBUF" not in name else None
        if "$(" in line:
            return line
        if words[0].endswith(".o"):
            words = [w for w in words if f"{directory}/{w[:-2]}.c" in places]
        else:
            words = [w for w in words if f"{directory}/{w}_test.c" in places]
        return f"{name} {sign} {' '.join(words)}" if words else None

    out = ""
    for part in paragraphs(text):
        lines = kept_lines(part, keep)
        if any(not line.startswith("#") for line in lines) or not out:
            out += ("\n" if out else "") + "\n".join(lines) + "\n"
    if "NETBUF" not in out:
        out = out.replace("$(suites) $(netbuf-suites)", "$(suites)")
        out = out.replace("What the suites share: one module for those of dualtree and of its pool, "
                          "one for those of netbuf.", "What the suites share.")
    return out


def sample_makefile(text):
    """The Makefile of the sample: its entry in Kconfig says what it needs."""
    objects = [part for part in paragraphs(text) if "dualtree_e1000-y" in part][0]
    return f"{SPDX}obj-$(CONFIG_SAMPLE_DUALTREE_E1000) += dualtree_e1000.o\n\n{objects}\n"


SAMPLE_ENTRY = """config SAMPLE_DUALTREE_E1000
	tristate "Network driver that receives into dualtree memory"
	depends on DUALTREE_NETBUF && INET && PCI && m
	help
	  A driver for the Intel 82540EM that receives packets in place, into
	  memory of <linux/dualtree.h> that is mapped for the card once. It
	  takes no card by itself: the kernel's own driver for this one is
	  e1000. Give it a card through driver_override in sysfs.

	  The module is called dualtree_e1000.
"""
SAMPLE_HOOK = f"obj-$(CONFIG_SAMPLE_DUALTREE_E1000)\t+= {SAMPLE.split('/')[1]}/"
