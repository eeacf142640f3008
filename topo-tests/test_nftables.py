# SPDX-License-Identifier: BSD-2-Clause
"""The nftables sets of planes, with rules of a user that refer to them (contrib/nftables-planes.nft)
in the same table, on node a of the four planes.

    manager 10.78.1.10 ─ lan1 ┐    wg0 enrolment  10.77.0.0/24 :51820   ┌ lan1 ─ 172.20.0.10 managed
                              ├─ a ═ wg1 management 10.78.0.0/24 :51821 ═ b
                              │    wg2 metrics    10.79.0.0/24 :51822
    client  10.80.1.10 ─ lan3 ┘ ╚══ wg3 storage   10.80.0.0/24 :51823 ═══ c
                                                                        └ lan3 ─ 172.20.0.10 store
"""
import json
import os

import pytest

from lib.build import SOURCE
from lib.fourplanes import SHARED, connects, four_planes, services
from lib.probe import MOVES_MS, Ping
from lib.wait import wait_until

POLICY = os.path.join(SOURCE, "contrib/nftables-planes.nft")
KNOWN = ("table inet wgbgp { set learned4-management { type ipv4_addr; flags interval; }\n"
         "chain known { type filter hook forward priority filter + 1; policy accept; "
         "iifname wg1 ip saddr != @learned4-management drop;\n}\n}\n")


@pytest.fixture(name="planes")
def _planes(topo):
    return four_planes(topo, "nftables-sets all;")


def elements(node, name):
    """Of a set, in text; None when there is none."""
    r = node.router.run(["nft", "-j", "list", "set", "inet", "wgbgp", name], check=False)
    if r.returncode:
        return None
    found = json.loads(r.stdout)["nftables"][-1]["set"].get("elem", [])
    return {f"{e['prefix']['addr']}/{e['prefix']['len']}" if isinstance(e, dict) else e
            for e in found}


def filled(node):
    return elements(node, "learned4-management") == {SHARED} \
        and elements(node, "interfaces-storage") == {"wg3", "lan3"} \
        and elements(node, "far4-storage") == {"10.80.0.3"} \
        and node.show("nftables")["state"] == "installed"


def wait_filled(node):
    wait_until(lambda: filled(node), 30, "the sets to have what belongs to them")


def half(node):
    """b announces the half of its network that the host is in."""
    node.router.ip("route add 172.20.0.0/17 dev lan1 table 101")
    node.replace(f"network [ {SHARED} ]", "network [ 172.20.0.0/17 ]")


def load(node, text):
    node.router.run(["nft", text])


def test_rules_filter(planes):
    """A user's rules with these sets: services answer in one plane each, a wrong rule and a wrong
    route lead nothing from plane to plane, and what was not learned does not get through."""
    nodes, hosts, _ = planes
    a = nodes["a"]
    wait_filled(a)
    assert elements(a, "interfaces-management") == {"wg1", "lan1"}
    assert elements(a, "interfaces-main") == set()
    assert elements(a, "own4-management") == {"10.78.0.1"}
    assert elements(a, "far4-enrolment") == {"10.77.0.2"}
    assert elements(a, "learned4-storage") == {SHARED}
    assert "learned4-storage" in a.cli("show nftables")
    # The tables of storage and management led into each other, by mistake.
    for rule in ("iif lan1 to 10.80.1.0/24 lookup 103", "iif lan3 to 10.78.1.0/24 lookup 101"):
        a.router.ip(f"rule add {rule} priority 50")
    listener = services(a.router)
    assert connects(nodes["b"].router, "10.77.0.1", 22)
    with Ping(hosts["manager"], "10.80.1.10") as wrong, \
            Ping(hosts["manager"], "172.20.0.10") as ping:
        a.router.run(["nft", "-f", POLICY])
        a.router.run(["nft", "-f", POLICY])
        for plane, address in enumerate(("10.77.0.1", "10.78.0.1", "10.79.0.1")):
            for port, only in ((22, 1), (9100, 2)):
                assert connects(nodes["b"].router, address, port) == (plane == only), \
                    f"{address} port {port}"
        before = wrong.now()["received"]
        ping.flows()
        assert wrong.now()["received"] == before
        load(a, KNOWN)
        ping.flows()
        # Another prefix leads to the same host.
        half(nodes["b"])
        wait_until(lambda: elements(a, "learned4-management") == {"172.20.0.0/17"}, 30,
                   "the other prefix")
        ping.flows()
    ping.nothing_lost()
    listener.stop()


def test_restart_and_reload(planes):
    """The sets stay as they are while nobody keeps them, and a packet finds them so; what changed
    meanwhile is put right. A plane that goes takes its sets along."""
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    wait_filled(a)
    a.router.run(["nft", "-f", POLICY])
    load(a, KNOWN)
    with Ping(hosts["manager"], "172.20.0.10", interval_ms=MOVES_MS) as ping:
        a.kill_daemon("zebra-lite")
        wait_filled(a)
        ping.flows()
        a.stop()
        assert elements(a, "learned4-management") == {SHARED}
        assert elements(a, "interfaces-storage") == {"wg3", "lan3"}
        load(a, "add element inet wgbgp learned4-management { 203.0.113.0/24 }")
        a.start()
        wait_filled(a)  # the foreign element is gone
        ping.flows()
        a.replace("plane storage { table 103; interface lan3;", "plane storage { table 103; ")
        wait_until(lambda: elements(a, "interfaces-storage") == {"wg3"}, 20, "lan3 to leave")
    ping.nothing_lost()
    # Somebody empties the whole ruleset, ours with it.
    load(a, "flush ruleset")
    wait_until(lambda: elements(a, "learned4-management") == {SHARED}, 20, "the sets to be back")
    assert elements(a, "interfaces-storage") == {"wg3"}
    a.replace("nftables-sets all;", "nftables-sets addresses;")
    for plane in ("management", "metrics", "storage"):
        wait_until(lambda p=plane: elements(a, f"learned4-{p}") is None, 20, "learned ones to go")
    assert elements(a, "far4-storage") == {"10.80.0.3"}
    # One that is in the way is said, and routes do not wait for it. A rule keeps it from being
    # taken away before the name is wanted.
    load(a, "add table inet wgbgp; add set inet wgbgp learned4-metrics { type ipv6_addr; }; "
         "add chain inet wgbgp own; add rule inet wgbgp own ip6 saddr @learned4-metrics accept")
    a.replace("nftables-sets addresses;", "nftables-sets all;")
    wait_until(lambda: a.show("nftables")["state"] == "refused", 20, "the refusal")
    assert "the sets for the firewall are not kept" in a.cli_run("doctor").stdout
    half(b)
    wait_until(lambda: "172.20.0.0/17" in a.cli("show route plane management"), 20, "its route")
    load(a, "flush chain inet wgbgp own; delete chain inet wgbgp own; "
         "delete set inet wgbgp learned4-metrics")
    wait_until(lambda: elements(a, "learned4-management") == {"172.20.0.0/17"}, 30,
               "the sets to be taken")


def tables(node):
    return node.router.out(["nft", "list", "tables"])


def test_teardown(planes):
    """Our sets go. What refers to them, and what else is in the table, stays."""
    a, b = planes[0]["a"], planes[0]["b"]
    wait_filled(a)
    a.router.run(["nft", "-f", POLICY])
    assert "inet wgbgp\n" not in tables(b)
    a.teardown()
    assert elements(a, "interfaces-management") == set()
    assert elements(a, "far4-storage") is None and elements(a, "learned4-storage") is None
    rules = a.router.out(["nft", "list", "chain", "inet", "wgbgp", "input"])
    assert "tcp dport 22 iifname != @interfaces-management drop" in rules
    load(a, "delete table inet wgbgp")
    a.torn_down = False
    a.start()
    wait_filled(a)
    a.teardown()
    assert tables(a) == ""
