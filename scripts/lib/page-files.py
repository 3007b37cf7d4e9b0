# SPDX-License-Identifier: GPL-2.0
"""
Usage: page-files.py PAGE.rst DIR

Writes each code block of PAGE that has a caption into DIR, as a file of that name.
"""
import os
import re
import sys


def blocks(lines):
    """Yields (caption, text) for each code block with a caption."""
    caption, text = None, None
    for line in lines + ["end"]:
        if text is not None and line and not line.startswith(" "):
            if caption:
                yield caption, "\n".join(text).strip("\n") + "\n"
            caption, text = None, None
        option = re.match(r"   :caption: (\S+)$", line)
        if line.startswith(".. code-block::"):
            text = []
        elif text is not None and option:
            caption = option[1]
        elif text is not None:
            # What a page is indented by is no part of a line.
            text.append(line[3:])


def main():
    """All of it."""
    page, folder = sys.argv[1:]
    with open(page, encoding="utf-8") as lines:
        for name, text in blocks(lines.read().splitlines()):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)


main()
