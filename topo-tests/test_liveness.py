# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs, two sites (lib/dualhub.py has the whole drawing): tunnels that are neither dead nor
well. Traffic leaves them for the other hub as long as that is better, and they are given up only
when nothing comes through any more.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2       between site 1 and hub 1: loss,
                ╚════ wg2 ══ hub2 ══════╝                latency, black holes, one-way cuts
"""
import re

import pytest

from lib.dualhub import DualHub
from lib.probe import Ping
from lib.relay import Relay
from lib.snippets import ECHO, FAST
from lib.twonodes import Two
from lib.wait import SLOW, holds, wait_until
from lib.wg import backend, many_entries

NET2 = "192.168.2.0/24"
QUALITY = "quality { latency-weight 1; minimum-improvement 60; step 20; hold 3000; }"


def by(w, ifname):
    """Whether site 1 sends to site 2's LAN by this interface."""
    return [r["dev"] for r in w.kernel_routes(NET2)] == [ifname]


def start(topo, **kwargs):
    d = DualHub(topo, sites=2, **kwargs)
    d.wait()
    wait_until(lambda: d.wsite[1].tunnel("hub1")["echo-received"] > 3, 30, "answers to echo")
    return d, d.wsite[1]


def quality_moves(w, peer):
    """(from, to) of each change of a tunnel's cost, oldest first."""
    return [(int(old), int(new)) for old, new in re.findall(
        rf"tunnel-quality peer={peer} \S+ from=(\d+) to=(\d+)", w.log())]


def test_data_probe_alone(topo):
    """The defaults, and nobody sends anything: a cut is found by the probe's timeout and not by its
    interval, too. (How soon: liveness_test.c has the bound, 16 s.)"""
    t = Two(topo, "")
    t.wait()
    t.net.cut("a", "b")
    for w, far in ((t.wa, "b"), (t.wb, "a")):
        w.wait_tunnel(far, "down", timeout=25)
        assert w.tunnel(far)["reason"] == "probe-unanswered"


@pytest.mark.timeout(500)  # 5 % takes its time to be seen, and to be gone
def test_loss(topo):
    """30 % is degraded and not down: the traffic goes to hub 2, the tunnel keeps its session and
    its paths. 5 % costs the way, never the tunnel. Without loss everything comes back."""
    d, w = start(topo, fast=ECHO)
    d.net.harm("site1", "hub1", "numgen random mod 100 < 30 drop", both=False)
    w.wait_tunnel("hub1", "degraded")
    wait_until(lambda: by(w, "wg2"), 30, "the other hub")
    assert w.tunnel("hub1")["cost"] >= 1000
    assert w.established("10.0.1.1")
    d.net.mend()
    wait_until(lambda: by(w, "wg1"), 120, "the better hub")
    before = len(w.tunnel_changes("hub1"))
    d.net.harm("site1", "hub1", "numgen random mod 100 < 6 drop", both=False)
    w.wait_tunnel("hub1", "degraded", timeout=120)
    assert w.tunnel("hub1")["reason"] in ("lossy", "up-hold")
    wait_until(lambda: by(w, "wg2"), 30, "the other hub")
    assert "10.0.1.1" in {p["next-hop"] for p in w.paths(NET2)}
    assert "down" not in {to for _, to, _ in w.tunnel_changes("hub1")[before:]}
    t = w.tunnel("hub1")
    assert t["loss-percent"] > 1 and t["latency-ms"] > 0


def test_latency(topo):
    """20 → 300 → 20 ms: the path moves once, and back once. Hub 2 costs 100 more, and both ways lie
    far from that: a cost that a busy machine's first answers made moves if it is off by 60, and
    what it may keep is not worth leaving hub 1."""
    d = DualHub(topo, sites=2, fast=f"{ECHO} {QUALITY}", relay=True)
    relay = Relay(topo.routers["middle"], 10)
    d.wait()
    w = d.wsite[1]
    wait_until(lambda: 15 <= (w.tunnel("hub1")["latency-ms"] or 0) < 80, 30, "20 ms")
    wait_until(lambda: 20 <= w.tunnel("hub1")["quality-cost"] <= 80, 30, "a cost for them")
    wait_until(lambda: by(w, "wg1"), 30, "the better hub")
    before = len(quality_moves(w, "hub1"))
    with Ping(d.host[1], d.host[2].address) as ping:
        relay.delay(150)
        wait_until(lambda: by(w, "wg2"), 30, "the faster hub")
        # The first cost may be from answers of both times.
        wait_until(lambda: w.tunnel("hub1")["quality-cost"] >= 200, 30, "all of the cost")
        assert w.tunnel("hub1")["state"] == "up"
        relay.delay(10)
        wait_until(lambda: by(w, "wg1"), 30, "the better hub")
        holds(lambda: by(w, "wg1"), 5, "the better hub")
        ping.flows()
    ping.nothing_lost()
    moves = quality_moves(w, "hub1")[before:]
    assert len([1 for old, new in moves if new >= 200 > old]) == 1


def test_one_way(topo):
    """Only what hub 1 sends to site 1 is lost: each end leaves the tunnel."""
    d, w = start(topo, fast=ECHO)
    d.net.cut_one_way("hub1", "site1")
    wait_until(lambda: by(w, "wg2"), 30, "the other hub")
    w.wait_tunnel("hub1", "down")
    # Hub 1 hears site 1, and gets no answers.
    wait_until(lambda: d.whub[1].tunnel("site1")["state"] in ("degraded", "down"), 30, "the hub")
    with Ping(d.host[1], d.host[2].address) as ping:
        ping.flows(50)
    d.net.restore("hub1", "site1")


def test_black_hole(topo):
    """Large packets vanish, small ones pass: sessions and probes see nothing, a probe with a size
    does."""
    d, w = start(topo, fast=FAST,
                 site1_fast=ECHO.replace("echo on;", "echo on; echo-size 1300;"))
    d.net.harm("site1", "hub1", "meta length > 1300 drop")
    wait_until(lambda: w.tunnel("hub1")["reason"] == "mtu-black-hole", 60, "the black hole")
    wait_until(lambda: by(w, "wg2"), 30, "the other hub")
    assert w.tunnel("hub1")["state"] == "degraded"
    assert "down" not in {to for _, to, _ in w.tunnel_changes("hub1")}
    d.net.mend()
    wait_until(lambda: by(w, "wg1"), 60, "the better hub")


def test_echo_sees_a_cut(topo):
    """Echo requests alone, to a far end that does nothing but answer them; the data probe, off here,
    would have taken 15 s."""
    only = f"liveness {{ probe off; echo on; echo-interval {int(200 * min(SLOW, 3))}; up-hold 500; }}"
    d, w = start(topo, fast=FAST, site1_fast=only)
    with Ping(d.host[1], d.host[2].address) as ping:
        d.net.cut("site1", "hub1")
        wait_until(lambda: by(w, "wg2"), 30, "the other hub")
        ping.flows()
    # At first it was only degraded: a row of lost requests may be bad luck.
    w.wait_tunnel("hub1", "down")
    t = w.tunnel("hub1")
    assert (t["reason"], t["weak"]) == ("echo-unanswered", True)
    assert [to for _, to, _ in w.tunnel_changes("hub1")][-2:] == ["degraded", "down"]
    d.net.restore("site1", "hub1")
    wait_until(lambda: by(w, "wg1"), 60, "the better hub")


@pytest.mark.skipif(backend() == "kernel", reason="reads without entries: no dump takes long")
def test_echo_and_slow_readings(topo):
    """A device with so many entries that reading it takes long is left to its polls. What came in
    before the cut, and is seen by a poll after it, is no sign of life."""
    only = (f"liveness {{ probe off; echo on; echo-interval {int(100 * min(SLOW, 3))}; "
            f"poll-interval 2000; up-hold 500; }}")
    t = Two(topo, only, strangers=[{"key": "stranger", "allowed_ips": many_entries()}])
    t.wait()
    with Ping(t.host_a, t.host_b.address) as ping:
        wait_until(lambda: t.wa.tunnel("b")["echo-received"] > 20, 60, "answers to echo")
        ping.flows(50)
        t.net.cut("a", "b")
        t.wa.wait_tunnel("b", "down", timeout=60)
    assert [to for _, to, _ in t.wa.tunnel_changes("b")][-2:] == ["degraded", "down"]
    assert t.wa.tunnel("b")["reason"] == "echo-unanswered"


def test_underlay(topo):
    """Site 1 reaches hub 1 by a link of its own. When that loses its carrier, or nothing leads to
    the hub any more, the tunnel is degraded at once, long before a probe could say anything; it is
    not given up, and back as soon as the link is."""
    slow = FAST.replace("poll-interval 200", "poll-interval 300")
    d = DualHub(topo, sites=2, fast=slow)
    hub, site = d.net.address("hub1"), d.site[1]
    d.net.attach(site, "u1", default=False)
    site.ip(f"route add {hub} via {d.net.gateway('site1.u1')} dev u1")
    d.wait()
    w, port = d.wsite[1], f"i{d.net.links - 1}"

    def hint():
        t = w.tunnel("hub1")
        return (t["state"], t["reason"]) == ("degraded", "underlay-down")
    d.net.ip(f"link set {port} down")
    wait_until(hint, 10, "the hint")
    wait_until(lambda: by(w, "wg2"), 10, "the other hub")
    d.net.ip(f"link set {port} up")
    wait_until(lambda: by(w, "wg1"), 60, "the better hub")
    # No link changes: found with a poll.
    site.ip(f"route add unreachable {hub}/32 metric 1\nroute del {hub} via "
            f"{d.net.gateway('site1.u1')} dev u1")
    wait_until(hint, 10, "the hint")
    wait_until(lambda: by(w, "wg2"), 10, "the other hub")


def test_icmp_errors(topo):
    """A router on the way answers that it cannot deliver, with nothing else that would tell for a
    long time: the hub's tunnel is degraded, until it carries again. Errors about some packets while
    others pass both ways say nothing."""
    slow = "liveness { poll-interval 300; probe-interval 2000; probe-timeout 60000; up-hold 500; }"
    d = DualHub(topo, sites=2, fast=slow)
    d.wait()
    w = d.wsite[1]

    def errors():
        return w.tunnel("hub1")["underlay-errors"]
    with Ping(d.host[1], d.host[2].address) as ping:
        d.net.harm("site1", "hub1", "numgen inc mod 3 == 0 reject with icmpx type host-unreachable")
        wait_until(lambda: errors() > 5, 30, "errors")
        holds(lambda: w.tunnel_state("hub1") == "up", 1)
        d.net.mend()
        d.net.harm("site1", "hub1", "reject with icmpx type host-unreachable")
        w.wait_tunnel("hub1", "degraded")
        assert w.tunnel("hub1")["reason"] == "underlay-error"
        wait_until(lambda: by(w, "wg2"), 10, "the other hub")
        ping.flows()
        d.net.mend()
        wait_until(lambda: by(w, "wg1"), 60, "the better hub")
    assert "down" not in {to for _, to, _ in w.tunnel_changes("hub1")}


def test_flapping(topo):
    """Cut and restored again and again: after a few times the path stays where it works."""
    d, w = start(topo, fast=FAST, site1_fast=ECHO)
    with Ping(d.host[1], d.host[2].address, wait=False):
        for _ in range(8):
            d.net.cut("site1", "hub1")
            w.wait_tunnel("hub1", "down")
            d.net.restore("site1", "hub1")
            w.wait_tunnel("hub1", "up", "degraded", timeout=60)
    states = [to for _, to, _ in w.tunnel_changes("hub1")]
    assert states.count("down") >= 8
    # Up again after the first ones, degraded after the others: those moved no path.
    assert states.count("up") <= 5
    assert w.tunnel("hub1")["hold-seconds"] >= 2
    wait_until(lambda: by(w, "wg1"), 90, "the better hub in the end")
