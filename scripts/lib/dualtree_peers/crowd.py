# SPDX-License-Identifier: GPL-2.0
"""A crowd of hostile peers: so many connections at the same time, each of which does one thing.

A peer whose connection is over comes again after some seconds. All of them are in one thread, on
non-blocking sockets.
"""
import contextlib
import errno
import os
import random
import socket
import struct
import threading
import time
from collections import Counter

from . import flv

# Seconds after which a peer comes again, and that a connection lasts at most.
PAUSE_MIN, PAUSE_MAX, LIFE = 5.0, 15.0, 40.0
# Seconds between two looks at all peers.
TICK = 0.1

ABSURD = flv.FILE_HEADER + b"\x09\xff\xff\xff" + bytes(7)


def start_reset(sock: socket.socket) -> None:
    """Have the close of a connection reset it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Peer:
    """One place of the crowd."""

    def __init__(self, kind: str, port: int, dice: random.Random):
        self.kind, self.port, self.dice = kind, port, dice
        self.sock: socket.socket | None = None
        self.due = time.monotonic() + dice.uniform(0, PAUSE_MAX)
        self.end = 0.0
        self.drips = 0

    def connect(self, now: float) -> None:
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        status = self.sock.connect_ex(("127.0.0.1", self.port))
        if status not in (0, errno.EINPROGRESS):
            raise OSError(status, os.strerror(status))
        self.end, self.due, self.drips = now + LIFE, now + 1, 0

    def leave(self, now: float) -> None:
        """Close the connection, and come again later."""
        if self.sock:
            self.sock.close()
        self.sock = None
        self.due = now + self.dice.uniform(PAUSE_MIN, PAUSE_MAX)

    def is_closed(self) -> bool:
        """Look whether the other side has closed. A hostile peer reads nothing."""
        assert self.sock
        with contextlib.suppress(BlockingIOError):
            return not self.sock.recv(1, socket.MSG_PEEK)
        return False

    def act(self, now: float) -> None:
        """Do what a peer of this kind does, a second after it has connected."""
        assert self.sock
        self.due = self.end
        if self.kind == "garbage":
            self.sock.send(os.urandom(4096))
        elif self.kind == "absurd size":
            self.sock.send(ABSURD)
        elif self.kind == "half header":
            self.sock.send(flv.FILE_HEADER[:6])
            self.leave(now)
        elif self.kind == "reset":
            self.sock.send(flv.FILE_HEADER + flv.video(0, 500)[:300])
            start_reset(self.sock)
            self.leave(now)
        elif self.kind == "byte a second":
            self.sock.send(flv.FILE_HEADER[self.drips % 13:][:1])
            self.drips += 1
            self.due = now + 1

    def step(self, now: float) -> None:
        """Go on, if it is time to."""
        try:
            if not self.sock:
                if now >= self.due:
                    self.connect(now)
            elif self.is_closed() or now >= self.end:
                self.leave(now)
            elif now >= self.due:
                self.act(now)
        except OSError:
            self.leave(now)


KINDS = ("garbage", "absurd size", "half header", "reset", "silence", "byte a second")


class Crowd:
    """So many peers, half of them at each port, until they are told to go."""

    def __init__(self, ports: tuple[int, int], nr: int):
        # Always the same: when a peer comes depends on the others' time in any case.
        dice = random.Random(nr)
        self.peers = [Peer(KINDS[number // 2 % len(KINDS)], ports[number % 2], dice)
                      for number in range(nr)]
        self.made: Counter[str] = Counter()
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.over.wait(TICK):
            now = time.monotonic()
            for peer in self.peers:
                was = peer.sock
                peer.step(now)
                if peer.sock and not was:
                    self.made[peer.kind] += 1
            self.most = max(self.most, sum(1 for peer in self.peers if peer.sock))
        for peer in self.peers:
            peer.leave(0)

    def __enter__(self) -> "Crowd":
        self.thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.over.set()
        self.thread.join()
