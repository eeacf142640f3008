# SPDX-License-Identifier: BSD-2-Clause
"""A TCP connection that lasts while something happens: numbered blocks go one way, and come back.

Run as a program it is one of the two ends:
    stream.py serve ADDRESS PORT     sends back what comes in, on one connection
    stream.py send ADDRESS PORT      100 blocks a second until SIGTERM; prints how many came back
"""
import os
import select
import signal
import socket
import struct
import sys
import time

BLOCK, INTERVAL = 2048, 0.01  # bytes, seconds


class Stream:
    """One connection from a host to another; returns from the constructor when it flows."""
    _number = 0

    def __init__(self, host, far, port=5001):
        from .wait import wait_until
        self.wait_until = wait_until
        Stream._number += 1
        where = [far.address, str(port)]
        program = [sys.executable, "-B", os.path.abspath(__file__)]
        self.far = far.spawn(f"stream-{Stream._number}-serve", [*program, "serve", *where])
        wait_until(lambda: "listening" in self.far.text(), 20, "the far end to listen", 0.05)
        self.near = host.spawn(f"stream-{Stream._number}-send", [*program, "send", *where])
        self.flows(20)

    def back(self):
        """Blocks that came back so far, each one complete and in its place."""
        assert self.near.alive(), f"the connection is gone: {self.near.text()}"
        lines = self.near.text().splitlines(keepends=True)
        return max((int(line) for line in lines if line.endswith("\n")), default=0)

    def flows(self, blocks=100, timeout=30):
        before = self.back()
        self.wait_until(lambda: self.back() >= before + blocks, timeout,
                        "the TCP connection to flow")

    def stop(self):
        """No block may be missing, and both ends must have closed in peace."""
        assert self.near.stop(timeout=30) == 0, self.near.text()
        self.wait_until(lambda: not self.far.alive(), 20, "the far end to see the end")
        assert self.far.popen.returncode == 0, self.far.text()


def serve(address, port):
    with socket.create_server((address, port)) as listener:
        print("listening", flush=True)
        connection, _ = listener.accept()
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def block(number):
    return struct.pack("!Q", number) * (BLOCK // 8)


def send(address, port):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    connection = socket.create_connection((address, port), timeout=30)
    connection.setblocking(False)
    waiting, come, sent, back = b"", b"", 0, 0
    while not ended or back < sent:
        begin = time.monotonic()
        if not ended and not waiting:
            waiting = block(sent)
            sent += 1
        readable, writable, _ = select.select([connection], [connection] if waiting else [], [],
                                              INTERVAL)
        if writable:
            waiting = waiting[connection.send(waiting):]
        if readable:
            come += connection.recv(65536) or sys.exit("the far end closed")
        while len(come) >= BLOCK:
            assert come[:BLOCK] == block(back), f"block {back} is not what was sent"
            come, back = come[BLOCK:], back + 1
            print(back, flush=True)
        time.sleep(max(0, INTERVAL - (time.monotonic() - begin)))
    connection.close()


if __name__ == "__main__":
    {"serve": serve, "send": send}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
