# SPDX-License-Identifier: BSD-2-Clause
"""The cost of a tunnel travels: as MED, and in the accumulated metric (lib/dualhub.py has the whole
drawing; the tunnel between a hub and site 2 has a cost that site 1 does not see).

     host1 ─ site1 ══ wg1 (0)   ══ hub1 ══ wg0 ══ site2 ─ host2
                ╚════ wg2 (100) ══ hub2 ══ wg0 ══════╝
"""
import pytest

from lib.dualhub import DualHub
from lib.probe import reaches
from lib.wait import wait_until

NET2 = "192.168.2.0/24"


@pytest.fixture
def dual(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    return d


def by(w, nexthop):
    return next((p for p in w.paths(NET2) if p["next-hop"] == nexthop), {})


def cost(hub, old, new):
    hub.replace(f"peer site2 {{{old}", f"peer site2 {{ cost {new};")


def test_med(dual):
    """MED is the hub's cost to the site, and is sent again when that changes."""
    w, hub1 = dual.wsite[1], dual.whub[1]
    policy = "policy cost { term 1 { set { med tunnel-cost; } then accept; } }\n"
    for hub in dual.whub.values():
        hub.replace("bgp {", policy + "bgp {")
        hub.replace("route-reflector-client true;", "route-reflector-client true; export cost;")
    for h, hub in dual.whub.items():  # else the hubs would go by each other
        hub.replace(f"peer hub{3 - h} {{", f"peer hub{3 - h} {{ cost 1000;")
    wait_until(lambda: by(w, "10.0.1.1").get("med") == by(w, "10.0.2.1").get("med") == 0, 20,
               "the cost as MED")
    cost(hub1, "", 50)
    wait_until(lambda: by(w, "10.0.1.1").get("med") == 50, 20, "another cost, another MED")
    wait_until(lambda: by(w, "10.0.1.1")["reason"] == "higher-med", 10, "the decision")
    w.wait_installed(NET2, "wg2", "hub2.wg0")
    reaches(dual.host[1], dual.host[2].address)
    cost(hub1, " cost 50;", 0)
    wait_until(lambda: by(w, "10.0.1.1").get("med") == 0, 20, "the old MED")
    w.wait_installed(NET2, "wg1", "hub1.wg0")


def test_aigp(dual):
    """The metrics of both tunnels on the way add up."""
    w, hub1 = dual.wsite[1], dual.whub[1]
    for hub in dual.whub.values():
        hub.replace("route-reflector-client true;", "route-reflector-client true; aigp true;")
    policy = "policy metric { term 1 { set { aigp 5; } then accept; } }\n"
    dual.wsite[2].replace("bgp {", policy + "bgp {")
    for n, site in dual.wsite.items():
        for h in (1, 2):
            site.replace(f"neighbor 10.0.{h}.1 {{", f"neighbor 10.0.{h}.1 {{ aigp true;"
                         + (" export metric;" if n == 2 else ""))
    plain = hub1.tunnel("site2")["cost"]
    wait_until(lambda: by(w, "10.0.1.1").get("aigp") == by(w, "10.0.2.1").get("aigp") == 5 + plain,
               30, "the metric of the hubs")
    wait_until(lambda: by(w, "10.0.2.1").get("reason") == "higher-aigp", 10, "the sum decides")
    cost(hub1, "", 200)
    wait_until(lambda: by(w, "10.0.1.1").get("reason") == "higher-aigp", 20, "the other sum")
    assert by(w, "10.0.1.1")["aigp"] == 205
    w.wait_installed(NET2, "wg2", "hub2.wg0")
    reaches(dual.host[1], dual.host[2].address)
