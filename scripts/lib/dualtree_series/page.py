# SPDX-License-Identifier: GPL-2.0
"""
Documentation/core-api/dualtree.rst: one page that stands for itself, put together from ours.

packaging/series/page.rst is its frame. A line "@ PAGE" there stands for one of our pages, and
"@ PAGE - SECTION" for the page without a section. Sentences that lead to what the kernel's tree
does not have are left out.
"""
import re
import textwrap
from pathlib import Path

from kernel_tree import Refusal

from .rewrite import PAGE

FRAME = "packaging/series/page.rst"
# What only this project has.
ELSEWHERE = re.compile(r":doc:`|``\./|``(?:scripts|tools|torture|bench|host|samples)/|"
                       r"\btorture\b|``torture")
SECTION = re.compile(r"^(\S.*)\n(-{3,})\n", re.MULTILINE)


def without_section(text, title):
    """A page without one of its sections."""
    heads = list(SECTION.finditer(text))
    for head, after in zip(heads, heads[1:] + [None]):
        if head[1] == title:
            return text[:head.start()] + (text[after.start():] if after else "")
    raise Refusal(f"no section {title} in the page")


def here(text):
    """A paragraph whose references are to this page. The term of a definition has its own line."""
    term = re.match(r"(?![-*] )\S.*\n(?= {4}|\t)", text)
    if term:
        body = here(text[term.end():])
        return term[0] + body if body else ""
    text = re.sub(r"\s+\(:doc:`\w+`\)", "", text)
    text = re.sub(r"(?:: )?see\s+:doc:`(?:design|using|netbuf)`,\s+(\w+(?:\s\w+)?)(?=[.,)])",
                  r"; see \1", text)
    sentences = re.split(r"(?<=[.:])\s+(?=\S)", text)
    if not any(ELSEWHERE.search(s) for s in sentences):
        return text
    kept = [s for s in sentences if not ELSEWHERE.search(s)]
    # A sentence that announced what came next announces nothing now.
    while kept and kept[-1].endswith(":") and not text.rstrip().endswith(":"):
        kept.pop()
    return fold(kept, text) if kept else ""


def fold(sentences, text):
    """Sentences as a paragraph, indented as the text was."""
    lines = text.splitlines()
    first = re.match(r"\s*(?:[-*] |[A-Z0-9]\. )?", lines[0])[0]
    rest = re.match(r"\s*", lines[1])[0] if len(lines) > 1 else " " * len(first)
    words = " ".join(" ".join(sentences).split()).removeprefix(first.strip()).strip()
    return textwrap.fill(words, 79, initial_indent=first, subsequent_indent=rest,
                         break_long_words=False, break_on_hyphens=False)


def paragraphs_here(text):
    """All paragraphs of prose of a page, as they are here; literal blocks stay."""
    out, literal = [], False
    for part in re.split(r"\n{2,}", text):
        if literal and part[:1] in " \t":
            out.append(part)
            continue
        literal = False
        if ELSEWHERE.search(part) and "\n===" not in part:
            items = re.split(r"\n(?=- |\S.*\n {4})", part)
            part = "\n".join(filter(None, (here(item) for item in items)))
        literal = part.rstrip().endswith("::")
        if part:
            out.append(part)
    return "\n\n".join(out)


def taken(project, line):
    """What a line of the frame stands for."""
    name, *without = [word.strip() for word in line[2:].split(" - ")]
    text = Path(project, "Documentation", name).read_text(encoding="utf-8")
    text = re.sub(r"^\.\. SPDX.*\n+", "", text)
    for title in without:
        text = without_section(text, title)
    return paragraphs_here(text.strip("\n"))


def page(project, rewriter):
    frame = Path(project, FRAME).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^@ .*$", lambda match: taken(project, match[0]), frame)
    text = rewriter.names_of_files(text)
    left = ELSEWHERE.search(text)
    if left:
        raise Refusal(f"the page leads elsewhere: {text[left.start() - 60:left.end() + 40]!r}")
    return rewriter.checked(re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n", PAGE)
