# SPDX-License-Identifier: GPL-2.0
"""A host on the guest's second network, by frames: TCP that falls silent where it is told to.

QEMU carries each frame in a UDP datagram. The host answers ARP for all of the network but the
guest, so that each connection can have an address of its own.
"""
import socket
import struct
import threading

GUEST = bytes([192, 0, 2, 1])
MAC = bytes.fromhex("020000000002")
BROADCAST = b"\xff" * 6
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def checksum(data: bytes) -> int:
    """Return the Internet checksum."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Connection:
    """A TCP connection to the guest. It acknowledges what comes until it is silent."""

    def __init__(self, net: "Network", address: bytes, port: int, to: int):
        self.net, self.address, self.port, self.to = net, address, port, to
        self.sent, self.got = 1000, 0
        self.silent = False
        self.established = threading.Event()

    def send(self, flags: int, data: bytes = b"") -> None:
        tcp = struct.pack(">HHIIBBHHH", self.port, self.to, self.sent & 0xffffffff, self.got,
                          5 << 4, flags, 65535, 0, 0) + data
        pseudo = self.address + GUEST + struct.pack(">HH", 6, len(tcp))
        tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
        self.net.send_ip(self.address, tcp)
        self.sent += len(data) + (1 if flags & (SYN | FIN) else 0)

    def receive(self, flags: int, sequence: int, length: int) -> None:
        if self.silent:
            return
        if flags & SYN:
            self.got = sequence + 1 & 0xffffffff
            self.send(ACK)
            self.established.set()
        elif sequence == self.got and length:
            self.got = sequence + length & 0xffffffff
            self.send(ACK)


class Network:
    """The network, with a thread that reads its frames."""

    def __init__(self, own_port: int, qemu_port: int):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", own_port))
        self.qemu = ("127.0.0.1", qemu_port)
        self.guest_mac = BROADCAST
        self.connections: dict[tuple[bytes, int], Connection] = {}
        self.opened = 0
        threading.Thread(target=self.read, daemon=True).start()

    def send_frame(self, to: bytes, kind: int, data: bytes) -> None:
        self.socket.sendto((to + MAC + struct.pack(">H", kind) + data).ljust(60, b"\0"), self.qemu)

    def send_ip(self, address: bytes, tcp: bytes) -> None:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + address + GUEST
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        self.send_frame(self.guest_mac, 0x0800, head + tcp)

    def take_arp(self, data: bytes) -> None:
        """Answer a request for any address but the guest's."""
        operation, target = data[6:8], data[24:28]
        self.guest_mac = data[8:14]
        if operation == b"\0\1" and target != GUEST:
            self.send_frame(self.guest_mac, 0x0806, data[:6] + b"\0\2" + MAC + target +
                            data[8:14] + data[14:18])

    def take_ip(self, data: bytes) -> None:
        """Hand a segment to its connection."""
        head = (data[0] & 15) * 4
        total, = struct.unpack_from(">H", data, 2)
        if data[9] != 6:
            return
        tcp = data[head:total]
        source, port, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", tcp)
        connection = self.connections.get((data[16:20], port))
        if connection and connection.to == source:
            connection.receive(flags, sequence, len(tcp) - (offset >> 4) * 4)

    def read(self) -> None:
        """Read frames for ever."""
        while True:
            frame = self.socket.recv(65536)
            kind, = struct.unpack_from(">H", frame, 12)
            if kind == 0x0806:
                self.take_arp(frame[14:])
            elif kind == 0x0800:
                self.take_ip(frame[14:])

    def find_guest(self) -> None:
        """Ask for the guest's address until it answers."""
        self.socket.settimeout(None)
        request = b"\0\1\x08\0\x06\x04\0\1" + MAC + bytes([192, 0, 2, 2]) + bytes(6) + GUEST
        for _ in range(100):
            self.send_frame(BROADCAST, 0x0806, request)
            if self.guest_mac != BROADCAST:
                return
            threading.Event().wait(0.2)
        raise TimeoutError("the guest does not answer on its second network")

    def connect(self, to: int) -> Connection:
        """Open a connection from an address and a port of its own."""
        address = bytes([192, 0, 2, 2 + self.opened % 250])
        connection = Connection(self, address, 20000 + self.opened, to)
        self.opened += 1
        self.connections[address, connection.port] = connection
        for _ in range(10):
            connection.sent = 1000
            connection.send(SYN)
            if connection.established.wait(3):
                return connection
        raise TimeoutError(f"connection {self.opened} was not accepted")
