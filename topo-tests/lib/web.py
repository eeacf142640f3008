# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-web beside a wgbgpd, and what it says to curl."""
import json
import os
import shutil

from .build import program
from .wait import wait_until

AT = "127.0.0.1:8179"


class Web:
    def __init__(self, wgbgp, *options, at=AT, files=None, configured=False):
        """files: as many descriptors it may have, and that many fewer clients; configured: it
        listens where the configuration says."""
        limit = ["prlimit", f"--nofile={files}:{files}"] if files else []
        self.wgbgp, self.router, self.at = wgbgp, wgbgp.router, at
        self.statedir = os.path.join(wgbgp.router.dir, "web")
        os.makedirs(self.statedir, exist_ok=True)
        shutil.chown(self.statedir, "nobody")
        self.process = self.router.spawn(
            "wgbgp-web", [*limit, program("web/wgbgp-web"), "-r", wgbgp.rundir, "-u", "nobody",
                          "-s", self.statedir, *([] if configured else ["-l", at]), *options],
            env={"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"})
        wait_until(self._listens, 20, "wgbgp-web to listen", 0.05)

    def _listens(self):
        assert self.process.alive(), self.process.text()
        return f"listen local={self.at}" in self.process.text()

    def curl(self, path, *options):
        """(status, body)"""
        out = self.router.out(["curl", "-sS", "--noproxy", "*", "--max-time", "30",
                               "-w", "\n%{http_code}", *options,
                               f"http://{self.at.partition('@')[0]}{path}"])
        body, _, status = out.rpartition("\n")
        return int(status), body

    def get(self, path, *options):
        """A document, which must be there."""
        status, body = self.curl(path, *options)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def stop(self):
        status = self.process.stop()
        assert status == 0, f"wgbgp-web: exit status {status}: {self.process.text()}"
