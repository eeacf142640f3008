# SPDX-License-Identifier: BSD-2-Clause
"""A cable that delays: what comes in at one of two interfaces goes out at the other one, later.

Kernels without netem have nothing like it. Started as a program in a router of its own that stands
in the middle of a cable; the delay each way, in milliseconds, is in a file that SIGHUP makes it
read again. Frames keep their order."""
import os
import select
import signal
import socket
import struct
import sys
import time
from collections import deque

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23
ETH_P_ALL = 3
FRAME_MAX = 65536 + 64


class Relay:
    """In a test: the router in the middle, with interfaces left and right (DualHub(relay=True))."""

    def __init__(self, router, delay_ms=0):
        self.router = router
        self.path = os.path.join(router.dir, "delay")
        self._write(delay_ms)
        router.ip("link set left up promisc on\nlink set right up promisc on")
        self.process = router.spawn("relay", ["/usr/bin/python3", os.path.abspath(__file__),
                                              self.path, "left", "right"])

    def _write(self, delay_ms):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(f"{delay_ms}\n")
        os.rename(self.path + ".new", self.path)

    def delay(self, ms):
        """Each way: a round trip takes twice as much longer."""
        self._write(ms)
        self.process.kill(signal.SIGHUP)


def _open(ifname):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, struct.pack("i", 1))  # keeps checksum offload right
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, struct.pack("i", 1))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((ifname, ETH_P_ALL))
    return s


def _read_delay(path):
    with open(path, encoding="ascii") as f:
        return float(f.read()) / 1000


def _send(out, frame):
    try:
        out.send(frame)
    except (BlockingIOError, OSError):
        pass  # a full queue drops, like any other


def main(path, *ifnames):
    a, b = (_open(i) for i in ifnames)
    other, delay, again = {a: b, b: a}, _read_delay(path), []
    signal.signal(signal.SIGHUP, lambda *_: again.append(1))
    waiting = {a: deque(), b: deque()}  # by where they came in: (time to send, frame)
    while True:
        if again:
            again.clear()
            delay = _read_delay(path)
        due = [q[0][0] for q in waiting.values() if q]
        wait = max(min(due) - time.monotonic(), 0) if due else 0.5
        readable, _, _ = select.select([a, b], [], [], wait)
        now = time.monotonic()
        for s in readable:
            for _ in range(64):
                try:
                    frame = s.recv(FRAME_MAX)
                except (BlockingIOError, OSError):
                    break
                waiting[s].append((now + delay, frame))
        now = time.monotonic()
        for s, queue in waiting.items():
            while queue and queue[0][0] <= now:
                _send(other[s], queue.popleft()[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
