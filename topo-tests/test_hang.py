# SPDX-License-Identifier: BSD-2-Clause
"""A daemon that hangs is said, and replaced; one that is only slow is not.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                         AS 65001                            AS 65002
"""
import os
import random
import signal
import threading
import time

import pytest

from lib.probe import Ping
from lib.wait import wait_until
from lib.wgbgp import DAEMONS

STOPS = int(os.environ.get("WGBGP_STOPS", "5"))  # 100 for a soak
SEED = int(os.environ.get("WGBGP_SEED", "1"))
ASKS = {"bgpd": "show bgp summary", "zebra-lite": "show route", "wgd": "show tunnels",
        "bfdd": "show bfd"}


@pytest.mark.parametrize("name", DAEMONS)
def test_hangs(two, name):
    """Whoever asks is told; a reload changes nothing; a new one takes over and nothing is lost."""
    two.wait()
    pid = two.wa.daemon_pid(name)
    with Ping(two.host_a, two.host_b.address) as ping:
        os.kill(pid, signal.SIGSTOP)
        for command in (ASKS[name], "reload", "doctor"):
            r = two.wa.cli_run(command)
            text = r.stdout + r.stderr
            assert r.returncode != 0, r
            assert f"{name} has not answered" in text or f"{name} is silent" in text, r
        wait_until(lambda: two.wa.daemon_pid(name) not in (None, pid), 30, f"another {name}")
        two.wait()
        ping.flows()
    ping.nothing_lost()
    two.wa.cli("reload", ASKS[name])


def test_the_parent_hangs(two):
    """The CLI ends with a sentence; the daemons go on."""
    two.wait()
    two.wa.process.kill(signal.SIGSTOP)
    try:
        r = two.wa.cli_run("show bgp summary")
        assert r.returncode != 0 and "does not answer" in r.stdout + r.stderr, r
    finally:
        two.wa.process.kill(signal.SIGCONT)
    wait_until(lambda: two.wa.established("10.9.0.2"), 10, "an answer again")


def test_slow_is_not_hung(two):
    """Stops of 1 to 5 s, of all daemons in turn beside each other: nobody is replaced."""
    two.wait()
    before = {name: two.wa.daemon_pid(name) for name in DAEMONS}
    rng = random.Random(SEED)

    def stop(name, seconds):
        os.kill(before[name], signal.SIGSTOP)
        time.sleep(seconds)  # the stop itself
        os.kill(before[name], signal.SIGCONT)
    for _ in range(STOPS):
        threads = [threading.Thread(target=stop, args=(name, rng.uniform(1, 5)))
                   for name in rng.sample(DAEMONS, 2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert {name: two.wa.daemon_pid(name) for name in DAEMONS} == before
    two.wait()
