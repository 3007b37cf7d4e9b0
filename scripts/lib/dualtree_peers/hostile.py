# SPDX-License-Identifier: GPL-2.0
"""Hostile peers of a relay in a guest.

    hostile DIR PUBLISH SUBSCRIBE STOP RAW QEMU SECONDS PEERS

DIR has port.log, what the guest says. PUBLISH, SUBSCRIBE and STOP are ports of this machine that
lead to the relay's ports and to one that ends the guest's script. RAW and QEMU are the UDP ports of
the guest's second network (raw.py). The stream that the good peers share with a crowd of PEERS
(crowd.py) is DIR/../in.flv, of SECONDS; what ffmpeg's viewers get of it is judged afterwards
(lib/dualtree_guest/hostile.py). What does not hold is appended to DIR/host-failures.
"""
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

from . import flv
from .crowd import KINDS, Crowd, start_reset
from .raw import ACK, FIN, PSH, Network

RELAY_PUBLISH, RELAY_SUBSCRIBE = 9100, 9101
# Connections of one kind, and of those that fall silent.
COMERS, SILENT = 200, 500
# Viewers at a time, as the relay has it.
PLACES = 64
# A translated guest on a busy machine takes so many times as long.
STARVED = 10
# Bytes of a video tag: 25 a second make 1.5 Mbit/s. And the seconds of such a stream.
VIDEO_SIZE, NUMBERED_SECONDS = 7500, 20
# Bytes a second that a slow viewer reads: less than a tenth of any stream.
SLOW_RATE = 10000
FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-v", "warning")
# Seconds after which nothing may be left of connections that fell silent.
LINGER = 60


class Guest:
    """What the guest says, and the ways to it."""

    def __init__(self, folder: Path, publish: int, subscribe: int):
        self.folder, self.publish_port, self.subscribe_port = folder, publish, subscribe
        self.ok = True

    def fail(self, text: str) -> None:
        self.ok = False
        with open(self.folder / "host-failures", "a", encoding="utf-8") as out:
            out.write(text + "\n")

    def value(self, name: str) -> int:
        """Return a number of the last sample, or -1."""
        said = (self.folder / "port.log").read_text(errors="replace")
        found = re.findall(rf"^report: sample .*\b{name}=(\d+)\b", said, re.M)
        return int(found[-1]) if found else -1

    def wait(self, seconds: float, text: str, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; it fails if it does not in that time."""
        end = time.monotonic() + seconds * STARVED
        while not condition():
            if time.monotonic() > end:
                self.fail(f"waited in vain until {text}")
                return
            time.sleep(0.2)

    def publisher(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.publish_port))

    def viewer(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.subscribe_port))


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


class Numbered:
    """A stream of numbered frames in real time, and the viewers that must get all of it."""

    def __init__(self, guest: Guest):
        self.guest, self.frames = guest, NUMBERED_SECONDS * 25
        self.viewers: list[tuple[str, flv.Viewer, threading.Thread]] = []
        self.thread = threading.Thread(target=self.publish)

    def view(self, name: str, end_own_side: bool = False) -> None:
        sock = self.guest.viewer()
        if end_own_side:
            sock.shutdown(socket.SHUT_WR)
        viewer = flv.Viewer()
        thread = threading.Thread(target=self.read, args=(sock, viewer))
        thread.start()
        self.viewers.append((name, viewer, thread))

    @staticmethod
    def read(sock: socket.socket, viewer: flv.Viewer) -> None:
        """Read a stream to its end."""
        try:
            with sock, sock.makefile("rb") as stream:
                viewer.read(stream)
        except OSError as error:
            viewer.fault = f"{error}"

    def publish(self) -> None:
        start = time.monotonic()
        try:
            with self.guest.publisher() as sock:
                sock.sendall(flv.FILE_HEADER + flv.configuration())
                for number in range(self.frames):
                    sock.sendall(flv.video(number, VIDEO_SIZE) + flv.audio(number))
                    time.sleep(max(0.0, start + number / 25 - time.monotonic()))
        except OSError as error:
            self.guest.fail(f"the publisher was disturbed: {error}")

    def finish(self) -> None:
        """Wait for the end, and require that each viewer got it, with all frames before it."""
        self.thread.join()
        for name, viewer, thread in self.viewers:
            thread.join(60 * STARVED)
            last = viewer.last.get(flv.VIDEO)
            if viewer.fault or thread.is_alive() or last != self.frames - 1:
                self.guest.fail(f"the {name} viewer: {viewer.fault or 'no fault'}, frame {last} "
                                f"of {self.frames - 1} was its last")


def await_joined(guest: Guest, more: int, start: Callable[[], object]) -> None:
    """Have a stream start when so many viewers are there, and wait until they have joined it."""
    before = guest.value("joined")
    guest.wait(10, f"{more} viewers were there", lambda: guest.value("subscribers") >= more)
    start()
    guest.wait(10, "they had joined", lambda: guest.value("joined") >= before + more)


@contextlib.contextmanager
def numbered(guest: Guest) -> Iterator[None]:
    """Publish a stream of HEVC to two viewers, and to one that ends its own side, meanwhile."""
    say(f"a stream of {NUMBERED_SECONDS} seconds of HEVC, and three viewers")
    stream = Numbered(guest)
    stream.view("first")
    stream.view("second")
    await_joined(guest, 2, stream.thread.start)
    stream.view("half-closed", end_own_side=True)
    yield
    stream.finish()


class Encoded:
    """ffmpeg's stream in real time, two ffmpegs that view it, and two viewers that are too slow."""

    def __init__(self, guest: Guest, seconds: int):
        self.guest, self.patience = guest, (seconds + 90) * STARVED
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self.over = threading.Event()
        self.start = self.end = -1

    def run(self, name: str, *options: str) -> None:
        with open(self.guest.folder / f"{name}.log", "wb") as log:
            self.programs[name] = subprocess.Popen([*FFMPEG, *options], stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=log)

    def view(self, name: str) -> None:
        """Add a viewer: it leaves checksums of the packets, and of the frames that they become."""
        out = self.guest.folder / name
        self.run(name, "-flags", "bitexact", "-f", "flv", "-i",
                 f"tcp://127.0.0.1:{self.guest.subscribe_port}",
                 "-map", "0", "-c", "copy", "-copyts", "-f", "framemd5", "-y", f"{out}.packets",
                 "-map", "0", "-fps_mode", "passthrough", "-copyts", "-f", "framemd5", "-y",
                 f"{out}.frames")

    def publish(self) -> None:
        self.start = self.guest.value("uptime")
        self.run("publisher", "-re", "-f", "flv", "-i", f"{self.guest.folder.parent}/in.flv",
                 "-map", "0", "-c", "copy", "-copyts", "-f", "flv", "-flvflags",
                 "no_duration_filesize", f"tcp://127.0.0.1:{self.guest.publish_port}")

    def view_slowly(self) -> None:
        """Read a little now and then, until the relay resets the connection; and come again."""
        while not self.over.is_set():
            with contextlib.suppress(OSError), self.guest.viewer() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RATE)
                while sock.recv(SLOW_RATE) and not self.over.wait(1):
                    pass

    def wait(self, name: str) -> None:
        """Wait for a program, and require that it ends well."""
        try:
            status = self.programs[name].wait(self.patience)
        except subprocess.TimeoutExpired:
            self.guest.fail(f"{name} did not end")
            return
        if status:
            self.guest.fail(f"{name} ended with status {status}")

    def join(self) -> None:
        """Wait until all is published, and note when that was."""
        self.wait("publisher")
        self.end = self.guest.value("uptime")
        self.over.set()
        (self.guest.folder / "window").write_text(f"{self.start} {self.end}\n")

    def kill(self) -> None:
        self.over.set()
        for program in self.programs.values():
            if program.poll() is None:
                program.kill()
                program.wait()


@contextlib.contextmanager
def encoded(guest: Guest, seconds: int) -> Iterator[Encoded]:
    """Publish ffmpeg's stream meanwhile."""
    say(f"ffmpeg publishes {seconds} seconds to two others, while two viewers read too slowly")
    stream = Encoded(guest, seconds)
    slow = guest.value("slow_dropped")
    try:
        stream.view("first")
        stream.view("second")
        for _ in range(2):
            threading.Thread(target=stream.view_slowly, daemon=True).start()
        await_joined(guest, 4, stream.publish)
        yield stream
        stream.wait("first")
        stream.wait("second")
    finally:
        stream.kill()
    slow = guest.value("slow_dropped") - slow
    say(f"viewers were {slow} times too slow")
    if slow < 2:
        guest.fail(f"slow viewers that were dropped: {slow}, 2 are due")


def fall_silent(guest: Guest, net: Network) -> None:
    """Publish 13 bytes that are garbage, or a whole stream of no tags, and answer no more."""
    say(f"{SILENT} publishers send 13 bytes and fall silent")
    for number in range(SILENT):
        connection = net.connect(RELAY_PUBLISH)
        connection.silent = True
        if number % 2:
            connection.send(PSH | ACK, b"no such thing")
        else:
            connection.send(PSH | ACK | FIN, flv.FILE_HEADER)
    due = time.monotonic() + LINGER
    guest.wait(60, "all of them had been closed", lambda: guest.value("streaming") == 0)
    time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(2)
    left = guest.value("sockets")
    say(f"{LINGER} seconds later {left} sockets are left")
    if left:
        guest.fail(f"{left} sockets are left {LINGER} seconds after their peers fell silent")


def talk_and_leave(guest: Guest) -> None:
    """Take all places, send a lot, and close."""
    say(f"{PLACES} viewers send 100,000 bytes and close")
    socks = [guest.viewer() for _ in range(PLACES)]
    for sock in socks:
        sock.sendall(bytes(100000))
        sock.close()
    start = time.monotonic()
    guest.wait(3, "those who had talked were gone", lambda: guest.value("left") >= PLACES and
               guest.value("subscribers") == 0)
    say(f"they were gone after {time.monotonic() - start:.1f} s")


def wait_in_vain(guest: Guest, net: Network) -> None:
    """Take all places and wait for a stream that does not come; some are dead."""
    say(f"{PLACES} viewers wait for nothing, of which 8 are dead")
    before = guest.value("turned_away")
    socks = [guest.viewer() for _ in range(PLACES - 8)]
    for _ in range(8):
        net.connect(RELAY_SUBSCRIBE).silent = True
    # In a slow guest the first ones have been turned away when the last ones come.
    guest.wait(10, "they had all places", lambda: guest.value("subscribers") +
               guest.value("turned_away") - before >= PLACES)
    guest.wait(30, "they had been turned away", lambda: guest.value("subscribers") == 0)
    for sock in socks:
        sock.close()


def come_and_go(guest: Guest) -> None:
    """Connect to both ports with garbage, half headers, nothing, a reset or an end."""
    say(f"{COMERS} connections come and go")
    for number in range(COMERS):
        with contextlib.suppress(OSError):
            sock = guest.publisher() if number % 2 else guest.viewer()
            if number % 3:
                sock.sendall(os.urandom(1000) if number % 3 == 1 else flv.FILE_HEADER[:7])
            if number % 4 < 2:
                start_reset(sock)
            sock.close()


def hold_on(guest: Guest, net: Network, stream: Encoded, peers: int) -> None:
    """Until all is published: a crowd at both ports, and viewers that are dead."""
    say(f"8 viewers are dead, {peers} others are a crowd: {', '.join(KINDS)}")
    for _ in range(8):
        net.connect(RELAY_SUBSCRIBE).silent = True
    with Crowd((guest.publish_port, guest.subscribe_port), peers) as crowd:
        stream.join()
    made = crowd.made
    say(f"{sum(made.values())} connections of the crowd, {crowd.most} of them at a time: " +
        ", ".join(f"{kind} {made[kind]}" for kind in KINDS))
    for kind in KINDS:
        if peers >= 2 * len(KINDS) and not made[kind]:
            guest.fail(f"no connection of the kind '{kind}' was made")


def publish_slowly(guest: Guest) -> None:
    """Keep the publisher's place with a byte a second."""
    say("a publisher sends a byte a second")
    before = guest.value("bad_streams")
    sock = guest.publisher()
    end = time.monotonic() + 30 * STARVED
    data = flv.FILE_HEADER + flv.video(0, VIDEO_SIZE)
    for byte in data:
        if guest.value("bad_streams") > before or time.monotonic() > end:
            break
        with contextlib.suppress(OSError):
            sock.sendall(bytes([byte]))
        time.sleep(1)
    if guest.value("bad_streams") <= before:
        guest.fail("a publisher of a byte a second kept its place")
    sock.close()


def fill_memory(guest: Guest) -> None:
    """Publish more than the rings may take, while a viewer reads nothing."""
    say("a publisher sends tags of 200,000 bytes, a viewer reads none")
    before = guest.value("streams")
    lazy = guest.viewer()
    guest.wait(10, "the viewer was there", lambda: guest.value("subscribers") >= 1)
    try:
        with guest.publisher() as sock:
            sock.sendall(flv.FILE_HEADER + flv.configuration())
            for number in range(150):
                sock.sendall(flv.video(number, 200000))
    except OSError as error:
        guest.fail(f"a publisher of large tags was closed: {error}")
    guest.wait(30, "the large stream was over", lambda: guest.value("streams") > before)
    if guest.value("dropped_tags") <= 0:
        guest.fail("no tag had to go for memory")
    lazy.close()


def main(folder: str, *numbers: str) -> int:
    publish, subscribe, stop, raw, qemu, seconds, peers = map(int, numbers)
    guest = Guest(Path(folder), publish, subscribe)
    net = Network(raw, qemu)
    try:
        net.find_guest()
        talk_and_leave(guest)
        wait_in_vain(guest, net)
        with numbered(guest):
            come_and_go(guest)
        with encoded(guest, seconds) as stream:
            hold_on(guest, net, stream, peers)
        publish_slowly(guest)
        fill_memory(guest)
        fall_silent(guest, net)
    except (OSError, TimeoutError) as error:
        guest.fail(f"it did not come to its end: {error}")
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", stop)).close()
    return 0 if guest.ok else 1
