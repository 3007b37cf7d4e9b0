# SPDX-License-Identifier: GPL-2.0
"""A fuzzer's corpus as text: inputs in hexadecimal, with an empty line between two.

Usage: host_corpus.py unpack FILE DIR    writes a file for each input
       host_corpus.py pack FILE DIR      makes FILE of the files of DIR
"""
import os
import sys
import textwrap


def unpack(name, folder):
    with open(name, encoding="ascii") as file:
        inputs = file.read().split("\n\n")
    for number, text in enumerate(inputs):
        with open(os.path.join(folder, f"kept-{number}"), "wb") as file:
            file.write(bytes.fromhex(text.replace("\n", "")))


def pack(name, folder):
    inputs = []
    for entry in sorted(os.listdir(folder)):
        with open(os.path.join(folder, entry), "rb") as file:
            inputs.append(file.read())
    with open(name, "w", encoding="ascii") as file:
        file.write("\n\n".join("\n".join(textwrap.wrap(data.hex(), 100))
                               for data in sorted(inputs, key=len) if data) + "\n")


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](sys.argv[2], sys.argv[3])
