# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs, three sites (lib/dualhub.py has the whole drawing): what a site does when the tunnel
to its better hub dies.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══════╝
"""
import json

import pytest

from lib.dualhub import DualHub
from lib.keys import public_key
from lib.probe import MOVES_MS, Ping, reaches
from lib.snippets import PROBE_TIMEOUT_MS, TIMERS
from lib.wait import wait_until
from lib.wgbgp import PROTOCOL


@pytest.fixture
def dual(topo):
    d = DualHub(topo)
    d.wait()
    return d


def test_sites_reach_each_other(dual):
    for n in (1, 2, 3):
        for m in (1, 2, 3):
            if n != m:
                reaches(dual.host[n], dual.host[m].address)
    reaches(dual.host[1], dual.host[2].address6)
    # A path by each hub is there, the one that is not best says why.
    paths = dual.wsite[1].paths("192.168.2.0/24")
    assert {p["next-hop"] for p in paths} == {"10.0.1.1", "10.0.2.1"}
    assert [p["reason"] for p in paths if not p["best"]] == ["higher-nexthop-cost"]
    # A shared interface: at hub 1 each site has its own prefix and nothing else.
    for n in (1, 2, 3):
        assert dual.whub[1].allowed("wg0", f"192.168.{n}.0/24") == f"site{n}.wg1"


def test_cut_underlay(dual):
    """Traffic between two LANs goes over to hub 2 in about the probe's timeout, long before BGP's
    hold time, and comes back without a loss, although the two ends see the tunnel's return up to a
    poll apart: each keeps accepting what the other may send."""
    with Ping(dual.host[1], dual.host[2].address) as ping:
        dual.net.cut("site1", "hub1")
        dual.wsite[1].wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
        ping.flows()
        assert dual.wsite[1].tunnel_state("hub1") == "down"
        assert dual.whub[1].tunnel_state("site1") == "down"
        wait_until(lambda: not dual.whub[1].installed("192.168.1.0/24", "wg0", "site1.wg1"),
                   what="hub 1 not to send to site 1 directly")
    assert 0 < ping.blackout_ms < 15000
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        dual.net.restore("site1", "hub1")
        dual.wsite[1].wait_tunnel("hub1", "up")
        dual.wsite[1].wait_installed("192.168.2.0/24", "wg1", "hub1.wg0")
        dual.whub[1].wait_installed("192.168.1.0/24", "wg0", "site1.wg1")
        ping.flows()
    # Not longer: after a cut both ends of WireGuard start handshakes, and where two of them cross
    # the keys change again five seconds later, with what is on its way under the old ones.
    ping.nothing_lost()
    dual.wait()


def test_other_key(dual):
    """A key that the hub does not have: nothing passes by that tunnel, so nothing waits for it, and
    its session ends. With the right key all is as before."""
    w = dual.wsite[1]
    with open(w.conf_file, encoding="ascii") as f:
        conf = f.read()
    right = public_key("hub1.wg0")
    wrong = conf.replace(right, public_key("nobody"))
    with Ping(dual.host[1], dual.host[2].address) as ping:
        w.reload(wrong)
        w.wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
        wait_until(lambda: not w.established("10.0.1.1"), what="the session by the dead tunnel to end")
        tunnel = w.tunnel("hub1")
        assert (tunnel["state"], tunnel["reason"]) == ("down", "handshake-never")
        ping.flows()
        w.reload(conf)
        w.wait_installed("192.168.2.0/24", "wg1", "hub1.wg0")
        ping.flows()


def test_stale_handshake(topo):
    """Without probes the age of the handshake decides. WireGuard renews it each two minutes;
    so that the test need not wait for 180 s, site 1's limit is short."""
    stale = "liveness { poll-interval 200; probe off; degraded-after 10; stale-after 15; " \
            "up-hold 500; }"
    d = DualHub(topo, sites=2)
    d.wait()
    w = d.wsite[1]
    d.net.cut("site1", "hub1")
    # Only now the short limit: a healthy handshake older than that would be called stale too.
    with open(w.conf_file, encoding="ascii") as f:
        conf = f.read()
    start = conf.index("liveness {")
    conf = conf[:start] + stale + conf[conf.index("}", start) + 1:]
    with Ping(d.host[1], d.host[2].address, wait=False) as ping:
        w.reload(conf)
        wait_until(lambda: w.tunnel("hub1").get("reason") == "handshake-stale", 60, "stale")
        w.wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
        ping.flows()
    assert [p["reason"] for p in w.paths("192.168.2.0/24")
            if p["next-hop"] == "10.0.1.1"] in (["tunnel-down"], [])
    d.net.restore("site1", "hub1")
    w.wait_tunnel("hub1", "up", "degraded")


def test_hub_dies(dual):
    """The whole hub falls silent (SIGSTOP would leave its tunnels alive: the cut is all around)."""
    with Ping(dual.host[1], dual.host[3].address) as ping:
        for n in (1, 2, 3):
            dual.net.cut(f"site{n}", "hub1")
        dual.net.cut("hub2", "hub1")
        for n in (1, 3):
            dual.wsite[n].wait_installed(f"192.168.{4 - n}.0/24", "wg2", "hub2.wg0")
        ping.flows()
    assert ping.blackout_ms < PROBE_TIMEOUT_MS * 5
    for n in (1, 2, 3):
        dual.net.restore(f"site{n}", "hub1")
    dual.net.restore("hub2", "hub1")
    dual.wait()


def test_sessions_ignore_bgp_timers(topo):
    """hold-time 0 is legal: no keepalives at all. The tunnel alone tells that the way is dead."""
    d = DualHub(topo, sites=2, timers=TIMERS.replace("hold-time 30", "hold-time 0"))
    d.wait()
    d.net.cut("site1", "hub1")
    d.wsite[1].wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
    reaches(d.host[1], d.host[2].address)


def objects(w):
    """{number: interface} of our nexthop objects in the kernel."""
    out = w.router.out(["ip", "-N", "-j", "nexthop", "show", "proto", str(PROTOCOL)])
    return {o["id"]: o["dev"] for o in json.loads(out or "[]")}


def test_one_write_moves_all(topo):
    """Prefixes with the same pair of tunnels name one nexthop object a family; a cut moves it, and
    no route is written. It outlives zebra-lite, moves back, and goes with a teardown."""
    d = DualHub(topo, sites=2)
    d.wait()
    w, nets = d.wsite[1], [f"192.168.2.{n}/32" for n in range(100, 150)]
    for n in nets:  # BGP names only networks that there is a route for
        d.site[2].out(["ip", "route", "add", "blackhole", n])
    d.wsite[2].replace("network [", "network [ " + " ".join(nets))

    def all_by(ifname):
        routes = w.kernel_routes()
        return all({(r["dev"], "nhid" in r) for r in routes.get(n, [])} == {(ifname, True)}
                   for n in nets)
    wait_until(lambda: all_by("wg1"), 30, "all by wg1 and an object")
    wait_until(lambda: sorted(objects(w).values()) == ["wg1", "wg1"], 10, "an object a family")
    before, ids = w.show("rib summary"), set(objects(w))
    d.net.cut("site1", "hub1")
    wait_until(lambda: all_by("wg2"), 30, "all by wg2")
    wait_until(lambda: objects(w) == dict.fromkeys(ids, "wg2"), 10, "both objects moved")
    after = w.show("rib summary")
    assert after["route-writes"] - before["route-writes"] < 5
    assert after["nexthop-moves"] - before["nexthop-moves"] == 2
    w.kill_daemon("zebra-lite")
    wait_until(lambda: w.show("rib summary")["swept"], 30, "the sweep")
    assert set(objects(w)) == ids and all_by("wg2")
    assert w.show("rib summary")["route-writes"] < 5
    d.net.restore("site1", "hub1")
    wait_until(lambda: all_by("wg1"), 60, "all back")
    wait_until(lambda: set(objects(w).values()) == {"wg1"}, 10, "objects back")
    w.teardown()
    assert not objects(w) and not w.kernel_routes()
