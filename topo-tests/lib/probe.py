# SPDX-License-Identifier: BSD-2-Clause
"""Traffic that runs while something happens: numbered echo requests, 100 a second or as many as a
test needs.

What "nothing was lost" proves depends on when requests were sent: an outage that fits between two
of them is seen by chance only. nothing_lost() is the one assertion for it: it fails where a request
was lost, and where the probe itself paused for longer than the outage that the test looks for."""
import json
import os
import signal
import time

from .build import program
from .wait import SLOW, wait_until

MOVES_MS = 2  # between two requests of traffic that changes its path while it flows
MISSED = 10  # an outage as long as that many requests may not be missed,
PAUSE_MS = 50  # or, where that is longer, as a busy machine's pauses


class Ping:
    """Starts at once; returns from the constructor when the first answers are there.

        with Ping(host_a, host_b.address) as ping:
            ...
        ping.nothing_lost()

    INTERVAL_MS: what lasts shorter than that may fall between two requests, so where traffic moves
    from one path to another without a pause it is MOVES_MS. LOSSES: stop() has `losses`, too: when
    each lost request was sent, which lost_at() reads.
    """
    _number = 0

    def __init__(self, router, destination, source=None, interval_ms=10, wait=True, losses=False):
        Ping._number += 1
        self.path = os.path.join(router.dir, f"ping-{Ping._number}.json")
        argv = [program("topo-tests/probe"), "-i", str(interval_ms)]
        argv += (["-s", source] if source else []) + (["-l"] if losses else [])
        self.what = f"{router.name} -> {destination}"
        self.interval_ms = interval_ms
        self.process = router.spawn(f"ping-{Ping._number}", argv + [destination, self.path])
        self.result = None
        wait_until(lambda: os.path.exists(self.path) or not self.process.alive(), 10,
                   "the probe to start", 0.01)
        if wait:
            wait_until(lambda: self.now()["received"] > 10, 20, f"an answer to ping {self.what}")

    def _forget(self):
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass

    def now(self):
        """The counts so far."""
        assert self.process.alive(), self.process.text()
        self._forget()
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
            self._forget()  # what now() left is no result
            status = self.process.stop()
            assert status == 0, f"probe {self.what}: status {status}: {self.process.text()}"
            with open(self.path, encoding="ascii") as f:
                result = json.load(f)
            assert result["final"], f"probe {self.what} did not end by itself: {result}"
            self.result = result
        return self.result

    def proof(self):
        """What this ping has seen, in a sentence."""
        r = self.stop()
        share = min(100, 100 / self.interval_ms)
        return (f"ping {self.what}: {r['lost']} of {r['sent']} requests lost "
                f"(numbers {r['first_lost']} to {r['last_lost']}, dark for {r['blackout_ms']} ms) "
                f"at one each {self.interval_ms} ms; no outage of {r['gap_ms']} ms was missed, one "
                f"of 1 ms was seen with {share:.0f} %; slowest answer {r['delay_ms']} ms")

    def nothing_lost(self):
        """Asserts that every request was answered, and that no outage of MISSED intervals
        (or PAUSE_MS) could have been missed. Says (pytest -rP) what that proves."""
        r, text = self.stop(), self.proof()
        assert r["sent"] > 0 and r["lost"] == 0, text
        assert r["gap_ms"] <= max(MISSED * self.interval_ms, PAUSE_MS) * SLOW, (
            f"no proof: the probe itself paused, {r['skipped']} requests were never sent; {text}")
        print(text)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error == (None, None, None):
            self.stop()

    def lost_at(self):
        """With LOSSES: when each lost request was sent, in seconds as time.monotonic()."""
        now = time.monotonic()
        turn = 2**32 / 1000  # the probe's clock has 32 bits
        return [now - (now - ms / 1000) % turn for ms in self.stop()["losses"]]

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
