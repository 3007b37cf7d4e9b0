# SPDX-License-Identifier: GPL-2.0
"""Write each code block of a page that has a caption into a directory, as a file of that name."""
import argparse
import re
from collections.abc import Iterator
from pathlib import Path


def blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield caption and text of each code block with a caption."""
    caption, text = "", None
    for line in [*lines, "end"]:
        if text is not None and line and not line.startswith(" "):
            if caption:
                yield caption, "\n".join(text).strip("\n") + "\n"
            caption, text = "", None
        option = re.match(r"   :caption: (\S+)$", line)
        if line.startswith(".. code-block::"):
            text = []
        elif text is not None and option:
            caption = option[1]
        elif text is not None:
            # What a page is indented by is no part of a line.
            text.append(line[3:])


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("page", type=Path)
parser.add_argument("folder", type=Path)
args = parser.parse_args()
for name, content in blocks(args.page.read_text(encoding="utf-8").splitlines()):
    (args.folder / name).write_text(content, encoding="utf-8")
