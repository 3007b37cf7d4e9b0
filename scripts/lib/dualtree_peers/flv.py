# SPDX-License-Identifier: GPL-2.0
"""FLV with numbered tags: made by a publisher, and checked by a viewer."""
import struct
from typing import BinaryIO

AUDIO, VIDEO = 8, 9
FILE_HEADER = b"FLV\x01\x05\x00\x00\x00\x09" + bytes(4)
# The first byte of enhanced video: a flag, the type of the frame, and the kind of the packet.
SEQUENCE, KEY, FRAME = 0x90, 0x93, 0xa3
CODEC = b"hvc1"
# Video tags from one key frame to the next.
GROUP = 25


def tag(kind: int, milliseconds: int, payload: bytes) -> bytes:
    size = len(payload)
    head = struct.pack(">B3sI3s", kind, size.to_bytes(3, "big"),
                       (milliseconds & 0xffffff) << 8 | milliseconds >> 24, bytes(3))
    return head + payload + struct.pack(">I", len(head) + size)


def configuration() -> bytes:
    return tag(VIDEO, 0, bytes([SEQUENCE]) + CODEC + b"configuration")


def filler(number: int, size: int) -> bytes:
    return bytes([number * 7 & 255]) * size


def video(number: int, size: int) -> bytes:
    first = FRAME if number % GROUP else KEY
    return tag(VIDEO, number * 40, bytes([first]) + CODEC + struct.pack(">Q", number) +
               filler(number, size))


def audio(number: int) -> bytes:
    return tag(AUDIO, number * 40, b"\xaf\x01" + struct.pack(">Q", number) + filler(number, 200))


class Viewer:
    """Checks a stream as it comes: each tag follows the one before it, from a key frame on."""

    def __init__(self) -> None:
        self.configured = False
        self.last: dict[int, int] = {}
        self.fault = ""

    def check_tag(self, kind: int, payload: bytes) -> str:
        """Return what is wrong with a tag, or nothing."""
        if kind == VIDEO and payload[0] == SEQUENCE:
            self.configured = True
            return ""
        skip = 5 if kind == VIDEO else 2
        number, = struct.unpack_from(">Q", payload, skip)
        rest = payload[skip + 8:]
        if rest != filler(number, len(rest)):
            return f"tag {number} of kind {kind} has other bytes than were sent"
        before = self.last.get(kind)
        self.last[kind] = number
        if before is not None and number != before + 1:
            return f"tag {number} of kind {kind} comes after {before}"
        if kind == VIDEO and before is None and (not self.configured or number % GROUP):
            return f"video begins with tag {number}, configured {self.configured}"
        return ""

    def read(self, stream: BinaryIO) -> None:
        """Read to the end, or to the first fault."""
        head = stream.read(len(FILE_HEADER))
        if head != FILE_HEADER:
            self.fault = f"the file header is {head.hex()}"
        while not self.fault:
            head = stream.read(11)
            if len(head) < 11:
                self.fault = "ended in a header" if head else ""
                return
            size = int.from_bytes(head[1:4], "big")
            payload = stream.read(size + 4)
            if len(payload) < size + 4:
                self.fault = "ended in a tag"
            elif payload[size:] != struct.pack(">I", size + 11):
                self.fault = "a tag is not as long as it says"
            else:
                self.fault = self.check_tag(head[0], payload[:size])
