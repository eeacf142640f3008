# SPDX-License-Identifier: BSD-2-Clause
"""A login over TCP, typed into by a test, in place of SSH: a shell on the far end whose input and output
are the connection, and which knows SSH_CONNECTION. A word goes to and fro ten times a second.

Run as a program it is one of the two ends:
    login.py serve ADDRESS PORT     one connection, one shell
    login.py dial ADDRESS PORT      types what comes in on standard input, and `echo pulse`;
                                    prints each line that comes back behind the time (monotonic)
"""
import os
import select
import socket
import subprocess
import sys
import time

INTERVAL = 0.1  # seconds


class Login:
    """Somebody at HOST who is logged in to a router at this address; returns when it answers."""

    def __init__(self, host, router, address, env, port=2222):
        from .wait import wait_until
        self.wait_until = wait_until
        where = [address, str(port)]
        program = [sys.executable, "-B", os.path.abspath(__file__)]
        self.far = router.spawn("login-serve", [*program, "serve", *where], env=env)
        wait_until(lambda: "listening" in self.far.text(), 20, "the far end to listen", 0.05)
        self.log = os.path.join(host.dir, "login.log")
        with open(self.log, "wb") as log:
            self.near = host.popen([*program, "dial", *where], stdin=subprocess.PIPE, stdout=log)
        self.wait_until(self._pulses, 20, "the login to answer")

    def type(self, line):
        """A shell's command, in the background; returns the time."""
        self.near.stdin.write(f"{line} &\n".encode())
        self.near.stdin.flush()
        return time.monotonic()

    def _lines(self):
        assert self.near.poll() is None, "the connection is gone"
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return [line.rstrip("\n").split(" ", 1) for line in f if line.endswith("\n")]

    def said(self):
        return "\n".join(text for _, text in self._lines() if text != "pulse")

    def _pulses(self):
        return [float(when) for when, text in self._lines() if text == "pulse"]

    def answers(self, since, timeout=90):
        """Waits until it answers for a second without a pause; the longest pause since then."""
        def steady():
            last = [t for t in self._pulses() if t > time.monotonic() - 1.5]
            return len(last) > 8
        self.wait_until(steady, timeout, "the login to answer again")
        times = [since] + [t for t in self._pulses() if t > since]
        return max(after - before for before, after in zip(times, times[1:]))

    def close(self):
        self.near.stdin.close()
        self.near.wait(timeout=30)
        self.wait_until(lambda: not self.far.alive(), 20, "the far end to see the end")


def serve(address, port):
    with socket.create_server((address, port)) as listener:
        print("listening", flush=True)
        connection, (host, from_port) = listener.accept()
    os.environ["SSH_CONNECTION"] = f"{host} {from_port} {address} {port}"
    with connection:
        subprocess.run(["sh"], stdin=connection, stdout=connection, stderr=connection, check=False)


def dial(address, port):
    connection = socket.create_connection((address, port), timeout=30)
    connection.setblocking(False)
    waiting, come, due, typing = b"", b"", time.monotonic(), True
    while typing or waiting:
        readable, writable, _ = select.select([connection] + [0] * typing,
                                              [connection] if waiting else [], [], INTERVAL / 4)
        if writable:
            waiting = waiting[connection.send(waiting):]
        if 0 in readable:
            typed = os.read(0, 65536)
            waiting, typing = waiting + typed, bool(typed)
        if connection in readable:
            come += connection.recv(65536) or sys.exit("the far end closed")
        *lines, come = come.split(b"\n")
        for line in lines:
            print(time.monotonic(), line.decode(errors="replace"), flush=True)
        if time.monotonic() > due:
            due = time.monotonic() + INTERVAL
            waiting += b"echo pulse\n"
    connection.close()


if __name__ == "__main__":
    {"serve": serve, "dial": dial}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
