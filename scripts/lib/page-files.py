# SPDX-License-Identifier: GPL-2.0
"""Write each code block of a page that has a caption into a directory, as a file of that name."""
import argparse
import re
from pathlib import Path

BLOCK = re.compile(r"^\.\. code-block::.*\n {3}:caption: (\S+)\n((?: {3}.*\n|\n)*)", re.MULTILINE)

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("page", type=Path)
parser.add_argument("folder", type=Path)
args = parser.parse_args()
for name, lines in BLOCK.findall(args.page.read_text(encoding="utf-8")):
    # What a page is indented by is no part of a line.
    content = re.sub(r"^ {3}", "", lines, flags=re.MULTILINE).strip("\n") + "\n"
    (args.folder / name).write_text(content, encoding="utf-8")
