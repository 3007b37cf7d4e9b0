# SPDX-License-Identifier: GPL-2.0
"""A fuzzer's corpus as text: inputs in hexadecimal, with an empty line between two.

Usage: host_corpus.py unpack FILE DIR    writes a file for each input
       host_corpus.py pack FILE DIR      makes FILE of the files of DIR
"""
import sys
import textwrap
from pathlib import Path


def unpack(file, folder):
    for number, text in enumerate(file.read_text(encoding="ascii").split("\n\n")):
        (folder / f"kept-{number}").write_bytes(bytes.fromhex(text))


def pack(file, folder):
    inputs = [path.read_bytes() for path in sorted(folder.iterdir())]
    file.write_text("\n\n".join("\n".join(textwrap.wrap(data.hex(), 100))
                                for data in sorted(inputs, key=len) if data) + "\n",
                    encoding="ascii")


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](*map(Path, sys.argv[2:]))
