# SPDX-License-Identifier: BSD-2-Clause
"""Traffic that runs while something happens: 100 numbered echo requests a second."""
import json
import os
import signal

from .build import program
from .wait import wait_until


class Ping:
    """Starts at once; returns from the constructor when the first answers are there.

        with Ping(host_a, host_b.address) as ping:
            ...
        assert ping.lost == 0
    """
    _number = 0

    def __init__(self, router, destination, source=None, interval_ms=10, wait=True):
        Ping._number += 1
        self.path = os.path.join(router.dir, f"ping-{Ping._number}.json")
        argv = [program("topo-tests/probe"), "-i", str(interval_ms)]
        argv += ["-s", source] if source else []
        self.what = f"{router.name} -> {destination}"
        self.process = router.spawn(f"ping-{Ping._number}", argv + [destination, self.path])
        self.result = None
        wait_until(lambda: os.path.exists(self.path) or not self.process.alive(), 10,
                   "the probe to start", 0.01)
        if wait:
            wait_until(lambda: self.now()["received"] > 10, 20, f"an answer to ping {self.what}")

    def now(self):
        """The counts so far."""
        assert self.process.alive(), self.process.text()
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass
        self.process.kill(signal.SIGUSR1)

        def report():
            with open(self.path, encoding="ascii") as f:
                return json.load(f)
        return wait_until(report, 5, "the probe's report", 0.01)

    def flows(self, answers=20, timeout=20):
        """Waits for that many further answers."""
        before = self.now()["received"]
        return wait_until(lambda: self.now()["received"] >= before + answers, timeout,
                          f"ping {self.what} to flow")

    def stop(self):
        if self.result is None:
            assert self.process.alive(), self.process.text()
            self.process.stop()
            with open(self.path, encoding="ascii") as f:
                self.result = json.load(f)
        return self.result

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error == (None, None, None):
            self.stop()

    @property
    def lost(self):
        return self.stop()["lost"]

    @property
    def blackout_ms(self):
        return self.stop()["blackout_ms"]


def reachable(router, destination, source=None):
    """Whether one of three echo requests is answered within a second."""
    argv = [program("topo-tests/probe"), "-i", "50", "-c", "3"] + (["-s", source] if source else [])
    return json.loads(router.out([*argv, destination]))["received"] > 0


def reaches(router, destination, source=None, timeout=20):
    wait_until(lambda: reachable(router, destination, source), timeout,
               f"{router.name} to reach {destination}")
