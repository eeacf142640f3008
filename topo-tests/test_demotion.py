# SPDX-License-Identifier: BSD-2-Clause
"""Demotion before withdrawal: a tunnel that is degraded but alive (lib/dualhub.py has the whole
drawing).

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══════╝
                      hub1 ══ wgt ══ hub2
"""
import pytest

from lib.dualhub import DualHub
from lib.probe import MOVES_MS, Ping, reaches
from lib.wait import wait_until

# A handshake is renewed each two minutes: almost any is older than a second.
DEGRADED = "liveness { degraded-after 1; }"
NET1, NET2 = "192.168.1.0/24", "192.168.2.0/24"


@pytest.fixture
def dual(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    return d


def degrade(w, peer, on=True):
    plain, marked = f"peer {peer} {{", f"peer {peer} {{ {DEGRADED}"
    w.replace(*((plain, marked) if on else (marked, plain)))
    w.wait_tunnel(peer, "degraded" if on else "up")


def counters(w, neighbor):
    return w.show(f"bgp neighbors {neighbor}")["neighbors"][0]["counters"]


def by(w, prefix, nexthop):
    return next((p for p in w.paths(prefix) if p["next-hop"] == nexthop), {})


def test_degraded(dual):
    """Site 1 leaves the degraded tunnel at once, without a loss, and the session over it stays; what
    hub 1 sees degraded it says to hub 2. All comes back."""
    w, hub1, hub2 = dual.wsite[1], dual.whub[1], dual.whub[2]
    dropped = counters(hub1, "10.0.1.11")["dropped"]
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        degrade(w, "hub1")
        w.wait_installed(NET2, "wg2", "hub2.wg0")
        wait_until(lambda: by(w, NET2, "10.0.1.1").get("reason") == "tunnel-degraded", 20, "reason")
        degrade(hub1, "site1")
        hub1.wait_installed(NET1, "wgt", "hub2.wgt")
        wait_until(lambda: by(hub1, NET1, "10.0.1.11").get("reason") == "tunnel-degraded", 20,
                   "hub 1 to prefer hub 2")
        assert by(hub1, NET1, "10.0.1.11")["demotion"] == "demoted"
        ping.flows()
        degrade(hub1, "site1", False)
        hub1.wait_installed(NET1, "wg0", "site1.wg1")
        degrade(w, "hub1", False)
        dual.wait()
        ping.flows()
    ping.nothing_lost()
    assert counters(hub1, "10.0.1.11")["dropped"] == dropped
    assert hub2.established("10.0.9.1")


@pytest.mark.parametrize("how", ["degraded", "dead"])
def test_repair_writes_nothing_twice(dual, how):
    """zebra-lite moves what used the tunnel by its nexthop objects, before bgpd has decided. What bgpd
    then says reads the same: no route is written, no entry is set, neither then nor in between."""
    w, hub1 = dual.wsite[1], dual.whub[1]
    keys = ("route-writes", "entries-set", "entries-unset")
    before = {x: x.show("rib summary") for x in (w, hub1)}
    if how == "dead":
        dual.net.cut("site1", "hub1")
    else:
        degrade(w, "hub1")
        degrade(hub1, "site1")
    w.wait_installed(NET2, "wg2", "hub2.wg0")
    hub1.wait_installed(NET1, "wgt", "hub2.wgt")
    wait_until(lambda: w.best(NET2)["next-hop"] == "10.0.2.1"
               and w.route(NET2)["next-hops"][0]["address"] == "10.0.2.1", 20, "bgpd at site 1")
    wait_until(lambda: hub1.best(NET1)["next-hop"] == "10.0.9.2"
               and hub1.route(NET1)["next-hops"][0]["address"] == "10.0.9.2", 20, "bgpd at hub 1")
    for x in (w, hub1):
        wait_until(lambda x=x: x.show("rib summary")["nexthop-moves"]
                   - before[x]["nexthop-moves"] == 2, 10, "a move a family")
        after = x.show("rib summary")
        assert {k: after[k] - before[x][k] for k in keys} == dict.fromkeys(keys, 0)
        assert after["nexthop-moves"] - before[x]["nexthop-moves"] == 2, "one a family"
        assert after["local-repairs"] > before[x]["local-repairs"]
        timed = after["repair-times"]["count"] > before[x]["repair-times"]["count"]
        assert timed == (how == "dead")


def test_two_degraded_hubs(dual):
    """Both hubs' tunnels to site 1 are degraded: each keeps its own path, and nothing moves."""
    hub1, hub2 = dual.whub[1], dual.whub[2]
    degrade(hub1, "site1")
    degrade(hub2, "site1")

    def own(w, h):
        path = w.best(NET1)
        return path and path["next-hop"] == f"10.0.{h}.11" and path["demotion"] == "demoted"
    wait_until(lambda: own(hub1, 1) and own(hub2, 2), 20, "both on their own path")
    # Each sees the other's, with LOCAL_PREF 0.
    wait_until(lambda: by(hub1, NET1, "10.0.9.2").get("local-preference") == 0, 20, "hub 2's path")
    wait_until(lambda: by(hub2, NET1, "10.0.9.1").get("local-preference") == 0, 20, "hub 1's path")
    reaches(dual.host[2], dual.host[1].address)

    def updates():
        return [(counters(w, a)["updates-received"], counters(w, a)["updates-sent"])
                for w, a in ((hub1, "10.0.9.2"), (hub2, "10.0.9.1"))]
    before = updates()
    with Ping(dual.host[2], dual.host[1].address) as ping:
        ping.flows(answers=300)
    assert updates() == before and own(hub1, 1) and own(hub2, 2)
    ping.nothing_lost()


def test_single_path_stays(topo):
    """Where there is no other path a degraded tunnel is used."""
    d = DualHub(topo, sites=2)
    d.wait()
    w = d.wsite[1]
    d.net.cut("site1", "hub2")
    w.wait_tunnel("hub2", "down")
    with Ping(d.host[1], d.host[2].address) as ping:
        degrade(w, "hub1")
        wait_until(lambda: by(w, NET2, "10.0.1.1").get("demotion") == "demoted", 20, "demoted")
        assert w.best(NET2)["next-hop"] == "10.0.1.1"
        ping.flows()
    ping.nothing_lost()
    assert "demoted, best" in w.cli(f"show bgp ipv4 {NET2}")
