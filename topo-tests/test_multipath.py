# SPDX-License-Identifier: BSD-2-Clause
"""Equally good tunnels share the traffic (lib/dualhub.py has the whole drawing).

     host1 ─ site1 ══ wg1 ══ hub1 ══ wg0 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══ wg0 ══════╝
"""
import json

import pytest

from lib.dualhub import DualHub
from lib.probe import MOVES_MS, Ping, reaches
from lib.wait import holds, wait_until
from lib.wgbgp import PROTOCOL

NET2 = "192.168.2.0/24"
FLOWS = [f"192.168.2.{n}" for n in range(1, 121)]
FEW = FLOWS[:30]


@pytest.fixture
def dual(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    return d


def share(w, weights="none", cost=True):
    """Site 1 uses both hubs; where COST they cost the same."""
    if cost:
        w.replace("cost 100;", "")
    w.replace("bgp {", f"bgp {{ multipath {{ ibgp 2; weights {weights}; }}")


def spread(w, flows=None):
    """{interface: flows}, as the kernel would send each."""
    count = {}
    for address in flows or FLOWS:
        ifname = w.leaves_by(address)
        count[ifname] = count.get(ifname, 0) + 1
    return count


def active(w, net=NET2):
    route = w.route(net)
    return {h["interface"]: h["weight"] for h in route["next-hops"] if h["active"]}


def test_both_tunnels(dual):
    """Flows go by both; a tunnel that dies leaves its group by one write for all prefixes, and joins
    it again when it is back, without a loss."""
    w = dual.wsite[1]
    share(w)
    wait_until(lambda: active(w) == {"wg1": 1, "wg2": 1}, 20, "both hubs")
    wait_until(lambda: set(spread(w)) == {"wg1", "wg2"}, 10, "flows by both")
    assert min(spread(w).values()) > len(FLOWS) / 4
    assert [p["reason"] for p in w.paths(NET2) if not p["best"]] == ["multipath"]
    assert w.cli(f"show route {NET2}").count("share 1") == 2
    for n in (1, 2):
        reaches(dual.host[n], dual.host[3 - n].address)
    before = w.show("rib summary")
    with Ping(dual.host[1], dual.host[2].address) as ping:
        dual.net.cut("site1", "hub1")
        wait_until(lambda: set(spread(w)) == {"wg2"}, 30, "all flows by hub 2")
        ping.flows()
    wait_until(lambda: active(w) == {"wg2": 0} or active(w) == {"wg2": 1}, 10, "one is left")
    wait_until(lambda: w.show("rib summary")["nexthop-moves"] >= before["nexthop-moves"] + 2, 10,
               "a move a family")
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        dual.net.restore("site1", "hub1")
        wait_until(lambda: set(spread(w)) == {"wg1", "wg2"}, 60, "flows by both again")
        ping.flows()
    ping.nothing_lost()


def test_restart_changes_nothing(dual):
    """Groups outlive zebra-lite, which finds and keeps them."""
    w = dual.wsite[1]
    share(w)
    wait_until(lambda: active(w) == {"wg1": 1, "wg2": 1}, 20, "both hubs")

    def objects():
        out = w.router.out(["ip", "-N", "-j", "nexthop", "show", "proto", str(PROTOCOL)])
        return {o["id"] for o in json.loads(out or "[]") if "group" in o}
    groups = wait_until(lambda: len(g := objects()) == 2 and g, 10, "a group a family")
    w.kill_daemon("zebra-lite")
    wait_until(lambda: w.show("rib summary")["swept"], 30, "the sweep")
    wait_until(lambda: active(w) == {"wg1": 1, "wg2": 1}, 20, "both hubs again")
    assert objects() == groups and w.show("rib summary")["route-writes"] < 5
    w.teardown()
    assert not objects() and not w.kernel_routes()


def test_no_loop_between_hubs(dual):
    """Both hubs share: each has a direct path and, as good but for the reflection, the one by the
    other hub. A flow that both gave to the other would go round until it has died."""
    for hub in dual.whub.values():
        hub.replace("bgp {", "bgp { multipath { ibgp 4; }")
    for h, hub in dual.whub.items():
        def others(hub=hub):
            return [p["reason"] for p in hub.paths(NET2) if not p["best"] and p["eligible"]]
        wait_until(lambda: others() and hub.paths(NET2)[0]["next-hop"] == f"10.0.{h}.12", 20,
                   "a path by the other hub")
        holds(lambda: "multipath" not in others() and active(hub) == {"wg0": 0}, 1)
        assert {hub.leaves_by(a) for a in FLOWS} == {"wg0"}


def kinds(w):
    """The types of our groups in the kernel, and how many buckets they have."""
    out = json.loads(w.router.out(["ip", "-N", "-d", "-j", "nexthop", "show", "proto",
                                   str(PROTOCOL)]) or "[]")
    return [(g.get("type", "mpath"), g.get("resilient_args", {}).get("buckets"))
            for g in out if "group" in g]


def test_resilient(dual):
    """Flows stay where they are when a tunnel dies that they do not use, and when it is back; the
    statement comes and goes without a loss, and with it the groups."""
    w = dual.wsite[1]
    share(w)
    wait_until(lambda: active(w) == {"wg1": 1, "wg2": 1}, 20, "both hubs")
    wait_until(lambda: kinds(w) == [("mpath", None)] * 2, 10, "groups")
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        w.replace("multipath {", "multipath { resilient true;")
        wait_until(lambda: kinds(w) == [("resilient", 512)] * 2, 20, "resilient groups only")
        ping.flows()
    ping.nothing_lost()
    assert active(w) == {"wg1": 1, "wg2": 1}
    wait_until(lambda: set(spread(w, FEW)) == {"wg1", "wg2"}, 10, "flows by both")
    before = {a: w.leaves_by(a) for a in FEW}
    dual.net.cut("site1", "hub1")
    wait_until(lambda: set(spread(w, FEW)) == {"wg2"}, 30, "all flows by hub 2")
    dual.net.restore("site1", "hub1")
    wait_until(lambda: active(w) == {"wg1": 1, "wg2": 1}, 60, "both again")
    assert all(w.leaves_by(a) == "wg2" for a in FEW if before[a] == "wg2")
    w.kill_daemon("zebra-lite")
    wait_until(lambda: w.show("rib summary")["swept"], 30, "the sweep")
    assert kinds(w) == [("resilient", 512)] * 2 and w.show("rib summary")["route-writes"] < 5
    w.replace("resilient true;", "")
    wait_until(lambda: kinds(w) == [("mpath", None)] * 2, 20, "the others again")
    wait_until(lambda: set(spread(w, FEW)) == {"wg1", "wg2"}, 10, "flows by both")


def test_shares_by_cost(dual):
    """Costs of 10 and 100: about one flow in ten goes by the dearer one."""
    w = dual.wsite[1]
    share(w, "cost", cost=False)
    wait_until(lambda: set(active(w)) == {"wg1", "wg2"}, 20, "both hubs")
    weights = active(w)
    assert weights["wg1"] > 3 * weights["wg2"] > 0
    wait_until(lambda: set(spread(w)) == {"wg1", "wg2"}, 10, "flows by both")
    assert spread(w)["wg1"] > 2 * spread(w)["wg2"]


def test_one_peer_an_interface(dual):
    """Two sites behind one interface announce the same: on it the prefix belongs to one of them, and
    what shares with it is said, or why not."""
    anycast = "10.55.0.0/24"
    hub = dual.whub[1]
    for n in (1, 2):
        dual.site[n].out(["ip", "route", "add", "blackhole", anycast])
        for h in (1, 2):
            dual.whub[h].replace(f"permit [ 192.168.{n}.0/24", f"permit [ {anycast} 192.168.{n}.0/24")
        dual.wsite[n].replace("network [", f"network [ {anycast}")
    hub.replace("bgp {", "bgp { multipath { ibgp 4; }")
    wait_until(lambda: "same-interface" in [p["reason"] for p in hub.paths(anycast)], 20, "reason")
    wait_until(lambda: hub.allowed("wg0", anycast) in ("site1.wg1", "site2.wg1"), 10, "its owner")
    hops = [h for h in hub.route(anycast)["next-hops"] if h["active"]]
    assert len([h for h in hops if h["interface"] == "wg0"]) == 1
    assert "behind the interface of another one" in hub.cli(f"explain {anycast.split('/')[0]}")
