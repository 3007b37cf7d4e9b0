# SPDX-License-Identifier: GPL-2.0
"""Tests of the relay's peers: a viewer finds each fault of a stream, and segments are right."""
import io
import struct
import unittest

from dualtree_peers import flv, raw


class Viewers(unittest.TestCase):
    def fault(self, *tags: bytes, head: bytes = flv.FILE_HEADER) -> str:
        viewer = flv.Viewer()
        viewer.read(io.BytesIO(head + b"".join(tags)))
        return viewer.fault

    def test_good(self) -> None:
        frames = [flv.video(number, 50) + flv.audio(number) for number in range(25, 60)]
        self.assertEqual(self.fault(flv.configuration(), *frames), "")
        self.assertEqual(self.fault(), "")

    def test_faults(self) -> None:
        start = flv.configuration(), flv.video(0, 50)
        lost = flv.video(2, 50)
        self.assertEqual(self.fault(*start, lost), "tag 2 of kind 9 comes after 0")
        self.assertEqual(self.fault(start[1]), "video begins with tag 0, configured False")
        self.assertEqual(self.fault(start[0], lost), "video begins with tag 2, configured True")
        self.assertEqual(self.fault(*start, flv.video(1, 50)[:-1]), "ended in a tag")
        self.assertEqual(self.fault(*start, lost[:5]), "ended in a header")
        self.assertEqual(self.fault(*start, lost[:-1] + b"x"), "a tag is not as long as it says")
        self.assertEqual(self.fault(*start, lost[:40] + b"x" + lost[41:]),
                         "tag 2 of kind 9 has other bytes than were sent")
        self.assertEqual(self.fault(head=b"no"), "the file header is 6e6f")


class Wire(raw.Network):
    """A network whose frames stay here."""

    def __init__(self) -> None:
        self.guest_mac, self.connections, self.opened = b"guest.", {}, 0
        self.frames: list[bytes] = []

    def send_frame(self, to: bytes, kind: int, data: bytes) -> None:
        self.frames.append(to + struct.pack(">H", kind) + data)


class Segments(unittest.TestCase):
    """What a host of its own puts on the wire."""

    def test_checksums_and_handshake(self) -> None:
        wire = Wire()
        connection = raw.Connection(wire, bytes([192, 0, 2, 9]), 20001, 9100)
        connection.send(raw.SYN)
        connection.receive(raw.SYN | raw.ACK, 5000, 0)
        connection.send(raw.PSH | raw.ACK, b"abc")
        connection.silent = True
        connection.receive(raw.ACK, 5001, 10)
        self.assertEqual(len(wire.frames), 3)
        for frame in wire.frames:
            head, tcp = frame[8:28], frame[28:]
            self.assertEqual(raw.checksum(head), 0)
            self.assertEqual(raw.checksum(head[12:] + struct.pack(">HH", 6, len(tcp)) + tcp), 0)
        numbers = [struct.unpack_from(">II", frame, 32) for frame in wire.frames]
        self.assertEqual(numbers, [(1000, 0), (1001, 5001), (1001, 5001)])
        self.assertEqual(connection.sent, 1004)

    def test_arp(self) -> None:
        wire = Wire()
        ask = b"\0\1\x08\0\x06\x04\0\1" + b"askers" + raw.GUEST + bytes(6)
        wire.take_arp(ask + bytes([192, 0, 2, 77]))
        self.assertEqual(wire.frames, [b"askers\x08\x06\0\1\x08\0\x06\x04\0\2" + raw.MAC +
                                       bytes([192, 0, 2, 77]) + b"askers" + raw.GUEST])
        wire.take_arp(ask + raw.GUEST)
        self.assertEqual(len(wire.frames), 1)
