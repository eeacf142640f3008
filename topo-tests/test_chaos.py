# SPDX-License-Identifier: BSD-2-Clause
"""Daemons and parents are killed everywhere, one a second, also within reloads and while a tunnel is
cut; traffic in six directions beside a topology that is left alone.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2        (lib/dualhub.py), twice: chaos, control
                ╚════ wg2 ══ hub2 ══════╝  ... site3

WGBGP_KILLS is the number of kills (20 unless given; the acceptance is 1,000), WGBGP_SEED repeats a
run as far as chance is ours. At most 5 requests may be lost in each million begun, but for what a
cut itself costs (lib/chaos.py). WGBGP_CHAOS_LOG names a file that gets the verdict."""
import math
import os
import random

import pytest

from lib.chaos import Chaos, Verdict, differences, snapshot
from lib.dualhub import DualHub
from lib.probe import Ping
from lib.topology import Topology
from lib.wait import SLOW, Timeout, wait_until

KILLS = int(os.environ.get("WGBGP_KILLS", "20"))
SEED = int(os.environ.get("WGBGP_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
INTERVAL_MS = 5
PER_MILLION = 5
EXCUSED_MAX = 0.05
SETTLE_S = 150  # the restart time and something

pytestmark = pytest.mark.timeout((400 + 4 * KILLS) * max(SLOW, 1))


@pytest.fixture
def control(topo):
    """A second topology of the same kind, with two sites."""
    other = Topology(os.path.join(topo.dir, "control"))
    try:
        yield DualHub(other, sites=2)
        complaints = other.stop()
    finally:
        other.destroy()
    assert not complaints, "\n".join(complaints)


def pings(dual):
    found = []
    for n in dual.numbers:
        for m in dual.numbers:
            if n != m:
                ping = Ping(dual.host[n], dual.host[m].address, interval_ms=INTERVAL_MS,
                            losses=True)
                ping.ends = (f"site{n}", f"site{m}")
                found.append(ping)
    return found


def nothing_stale(w):
    return not any(r["stale"] for r in w.show("route")["routes"])


def as_before(w, before):
    try:
        wait_until(lambda: not differences(before, snapshot(w)), 60, "everything as before")
    except Timeout:
        pytest.fail(f"{w.router.name}: {differences(before, snapshot(w))}")


def test_kills(topo, control):
    print(f"WGBGP_SEED={SEED} WGBGP_KILLS={KILLS}")
    dual = DualHub(topo)
    dual.wait()
    control.wait()
    for w in dual.whub.values():  # which they write some seconds after they have heard the sites
        wait_until(lambda w=w: os.path.exists(os.path.join(w.statedir, "endpoints")), 30,
                   f"{w.router.name}: the endpoints on disk")
    before = {w.router.name: snapshot(w) for w in dual.all}
    chaos = Chaos(random.Random(SEED), dual.net, dual.all,
                  [(f"site{n}", f"hub{h}") for n in dual.numbers for h in (1, 2)])
    beside = pings(control)  # before the others, and ends behind them
    running = pings(dual)
    chaos.run(KILLS)
    dual.wait(60)
    for w in dual.all:
        wait_until(lambda w=w: nothing_stale(w), SETTLE_S, f"{w.router.name}: nothing stale")
    verdict = Verdict(chaos, running, beside)
    print(verdict.text())
    if os.environ.get("WGBGP_CHAOS_LOG"):
        with open(os.environ["WGBGP_CHAOS_LOG"], "a", encoding="utf-8") as f:
            f.write(f"seed {SEED}: {verdict.text()}\n")
    for w in dual.all:
        as_before(w, before[w.router.name])
    assert verdict.excused_share <= EXCUSED_MAX, f"void: {verdict.text()}"
    assert verdict.counted <= PER_MILLION * math.ceil(verdict.sent / 1e6), verdict.text()
