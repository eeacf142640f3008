# SPDX-License-Identifier: BSD-2-Clause
"""The neutral BGP speaker (bench/speaker) in a router: any number of sessions, told by lines what to
announce. bench/speaker.c has the list of commands."""
import json
import os
import select
import subprocess
import time

from .build import program
from .wait import SLOW


class SpeakerError(AssertionError):
    pass


class Speaker:
    def __init__(self, topo, router, name="speaker", argv=None):
        self.router, self.name = router, name
        self.log = open(os.path.join(router.dir, f"{name}.log"), "wb")
        self.popen = router.popen(argv or [program("bench/speaker")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=self.log, group=True)
        self.pid = self.popen.pid
        self.rest = b""
        topo.add(self)

    def tell(self, *lines):
        """Sends commands without waiting; their answers are read by answers()."""
        self.popen.stdin.write("".join(line + "\n" for line in lines).encode())
        self.popen.stdin.flush()

    def _line(self, timeout):
        end = time.monotonic() + timeout * SLOW
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.popen.stdout], [], [], left)[0]:
                raise SpeakerError(f"{self.router.name}: the {self.name} does not answer")
            data = os.read(self.popen.stdout.fileno(), 1 << 20)
            if not data:
                raise SpeakerError(f"{self.router.name}: the {self.name} ended, status "
                                   f"{self.popen.wait()}")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def answers(self, n, timeout=600):
        return [json.loads(self._line(timeout)) for _ in range(n)]

    def do(self, *lines, timeout=600):
        """Runs commands and returns the answer of the last; an error raises."""
        answer = None
        for i in range(0, len(lines), 100):
            part = lines[i:i + 100]
            self.tell(*part)
            for line, answer in zip(part, self.answers(len(part), timeout)):
                if not answer["ok"]:
                    raise SpeakerError(f"{self.router.name}: {line[:200]}: {answer['error']}")
        return answer

    def show(self, *names):
        """{session: its counts}."""
        rows = self.do(" ".join(("show", *names)))["sessions"]
        return {row["session"]: row for row in rows}

    def finish(self):
        if self.popen.poll() is None:
            self.popen.stdin.close()
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()
        self.log.close()
        return []
