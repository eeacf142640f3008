# SPDX-License-Identifier: BSD-2-Clause
"""A login over a network, typed into by a test: a shell on the far end whose input and output are
the connection, and which knows SSH_CONNECTION. A word goes to and fro ten times a second. Login is
a plain TCP connection that says what sshd would; Ssh is OpenSSH at both ends, with keys made for
the test.

Run as a program it is one of the ends:
    login.py serve ADDRESS PORT     one connection, one shell
    login.py dial ADDRESS PORT      types what comes in on standard input, and `echo pulse`;
                                    prints each line that comes back behind the time (monotonic)
    login.py run PROGRAM...         the same with a program in place of a connection
"""
import os
import select
import shutil
import socket
import subprocess
import sys
import time

INTERVAL = 0.1  # seconds
SSHD = "/usr/sbin/sshd"

SSHD_CONFIG = """
Port {port}
ListenAddress {address}
HostKey {host_key}
AuthorizedKeysFile {key}.pub
StrictModes no
UsePAM no
UseDNS no
PidFile none
PermitRootLogin prohibit-password
"""


def has_ssh():
    return os.path.exists(SSHD) and shutil.which("ssh") and shutil.which("ssh-keygen")


class Login:
    """Somebody at HOST who is logged in to a router at this address; returns when it answers."""

    def __init__(self, host, router, address, env, port=2222):
        from .wait import wait_until
        self.wait_until = wait_until
        self.host, self.router, self.address, self.port = host, router, address, str(port)
        self.far = self._serve(env)
        wait_until(lambda: "listening" in self.far.text(), 20, "the far end to listen", 0.05)
        self.log = os.path.join(host.dir, "login.log")
        with open(self.log, "wb") as log:
            self.near = host.popen(self._program(*self._dial(env)), stdin=subprocess.PIPE,
                                   stdout=log)
        self.wait_until(self._pulses, 20, "the login to answer")

    @staticmethod
    def _program(*args):
        return [sys.executable, "-B", os.path.abspath(__file__), *args]

    def _serve(self, env):
        return self.router.spawn("login-serve", self._program("serve", self.address, self.port),
                                 env=env)

    def _dial(self, env):
        return ["dial", self.address, self.port]

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

    def _served(self):
        """The far end sees the end by itself."""
        self.wait_until(lambda: not self.far.alive(), 20, "the far end to see the end")

    def close(self):
        self.near.stdin.close()
        self.near.wait(timeout=30)
        self._served()


class Ssh(Login):
    """The environment is handed over on the command line: sshd makes a new one, SSH_CONNECTION
    in it."""

    def _key(self, who):
        path = os.path.join(self.router.dir, f"ssh-{who}")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True,
                       timeout=60)
        return path

    def _serve(self, env):
        self.key = self._key("user")
        config = os.path.join(self.router.dir, "sshd_config")
        with open(config, "w", encoding="ascii") as f:
            f.write(SSHD_CONFIG.format(address=self.address, port=self.port, key=self.key,
                                       host_key=self._key("host")))
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # the service makes it, on a machine
        return self.router.spawn("sshd", [SSHD, "-D", "-e", "-f", config])

    def _dial(self, env):
        options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
                   "LogLevel=ERROR"]
        return ["run", "ssh", "-T", "-F", "none", "-i", self.key, "-p", self.port,
                *(word for option in options for word in ("-o", option)), f"root@{self.address}",
                "exec env", *(f"'{name}={value}'" for name, value in env.items()), "sh 2>&1"]

    def _served(self):
        self.far.stop()


def serve(address, port):
    with socket.create_server((address, int(port))) as listener:
        print("listening", flush=True)
        connection, (host, from_port) = listener.accept()
    os.environ["SSH_CONNECTION"] = f"{host} {from_port} {address} {port}"
    with connection:
        subprocess.run(["sh"], stdin=connection, stdout=connection, stderr=connection, check=False)


def pump(out, back):
    """Types into the descriptor OUT until standard input ends; BACK has what comes back."""
    os.set_blocking(out, False)
    waiting, come, due, typing = b"", b"", time.monotonic(), True
    while typing or waiting:
        readable, writable, _ = select.select([back] + [0] * typing, [out] if waiting else [], [],
                                              INTERVAL / 4)
        if writable:
            waiting = waiting[os.write(out, waiting):]
        if 0 in readable:
            typed = os.read(0, 65536)
            waiting, typing = waiting + typed, bool(typed)
        if back in readable:
            come += os.read(back, 65536) or sys.exit("the far end closed")
        *lines, come = come.split(b"\n")
        for line in lines:
            print(time.monotonic(), line.decode(errors="replace"), flush=True)
        if time.monotonic() > due:
            due = time.monotonic() + INTERVAL
            waiting += b"echo pulse\n"


def dial(address, port):
    with socket.create_connection((address, int(port)), timeout=30) as connection:
        connection.setblocking(False)
        pump(connection.fileno(), connection.fileno())


def run(*program):
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        try:
            pump(p.stdin.fileno(), p.stdout.fileno())
        finally:
            p.terminate()


if __name__ == "__main__":
    {"serve": serve, "dial": dial, "run": run}[sys.argv[1]](*sys.argv[2:])
