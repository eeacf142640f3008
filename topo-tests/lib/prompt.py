# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-cli on a terminal of its own."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from .build import program
from .wait import SLOW


class Prompt:
    def __init__(self, wgbgp, size=(0, 0), **env):
        """SIZE: lines and columns of the terminal; 0: it does not know."""
        argv = [program("cli/wgbgp-cli"), "-r", wgbgp.rundir]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whatever a job in the background has
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.environ.update(wgbgp.env(), HOME=wgbgp.rundir, TERM="xterm", **env)
            os.execv(argv[0], argv)

    def type(self, text, expect):
        """Types TEXT, reads until EXPECT is there."""
        return self._read(text, lambda seen: expect in seen, expect)

    def run(self, text, expect):
        """The same with a whole line: until the next prompt behind EXPECT."""
        return self._read(text + "\n", lambda seen: "# " in seen.partition(expect)[2], expect)

    def _read(self, text, done, expect):
        os.write(self.fd, text.encode())
        seen, end = "", time.monotonic() + 10 * max(SLOW, 1)
        while not done(seen):
            assert time.monotonic() < end, f"no {expect!r} after {text!r} in {seen!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                seen += os.read(self.fd, 65536).decode(errors="replace")
        return seen

    def end(self):
        os.write(self.fd, b"exit\n")
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        return os.waitpid(self.pid, 0)[1]
