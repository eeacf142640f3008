# SPDX-License-Identifier: BSD-2-Clause
"""Four planes on every node. The same network exists in two of them, at different places: in the
management plane behind b, in the storage plane behind c. What is learned in one plane is in no
other: not in bgpd, not in a kernel table, not announced.

    manager 10.78.1.10 ─ lan1 ┐    wg0 enrolment  10.77.0.0/24 :51820   ┌ lan1 ─ 172.20.0.10 managed
                              ├─ a ═ wg1 management 10.78.0.0/24 :51821 ═ b
                              │    wg2 metrics    10.79.0.0/24 :51822
    client  10.80.1.10 ─ lan3 ┘ ╚══ wg3 storage   10.80.0.0/24 :51823 ═══ c
                                                                        └ lan3 ─ 172.20.0.10 store
"""
import pytest

from lib.fourplanes import SHARED, four_planes, plane_prefixes, received, table
from lib.probe import Ping
from lib.wait import wait_until


@pytest.fixture(name="planes")
def _planes(topo):
    return four_planes(topo)


def test_nothing_leaks(planes):
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    assert {n["address"]: n["plane"] for n in a.show("bgp summary")["neighbors"]} == {
        "10.77.0.2": "enrolment", "10.78.0.2": "management", "10.79.0.2": "metrics",
        "10.80.0.3": "storage"}
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1", 30, "the shared prefix in management")
    wait_until(lambda: table(a, 103).get(SHARED) == "wg3", 30, "the shared prefix in storage")
    # Each table has its own plane's networks and nothing else.
    assert table(a, 101) == {SHARED: "wg1", "10.78.0.2": "wg1", "10.78.0.0/24": "wg1",
                             "10.78.1.0/24": "lan1"}
    assert table(a, 103) == {SHARED: "wg3", "10.80.0.3": "wg3", "10.80.0.0/24": "wg3",
                             "10.80.1.0/24": "lan3", "default": None}
    assert table(a, 100) == {"10.77.0.2": "wg0", "10.77.0.0/24": "wg0"}
    assert not a.kernel_routes()
    assert a.leaves_by("172.20.0.10") != "wg1" and a.leaves_by("172.20.0.10") != "wg3"
    # bgpd: the shared prefix twice, once a plane; nothing in others, nothing announced there.
    assert set(plane_prefixes(a, "management")) == {SHARED, "10.78.1.0/24"}
    assert set(plane_prefixes(a, "storage")) == {SHARED, "10.80.1.0/24"}
    assert not plane_prefixes(a, "enrolment") and not plane_prefixes(a, "main")
    wait_until(lambda: table(b, 101).get("10.78.1.0/24") == "wg1", 30, "the manager's network")
    assert set(plane_prefixes(b, "management")) == {SHARED, "10.78.1.0/24"}
    assert not plane_prefixes(b, "metrics")
    assert a.allowed("wg1", SHARED) == "b.wg1" and a.allowed("wg3", SHARED) == "c.wg3"
    # The same address, two hosts.
    with Ping(hosts["manager"], "172.20.0.10"), Ping(hosts["client"], "172.20.0.10"):
        seen = {w: received(hosts[w]) for w in ("managed", "store")}
        wait_until(lambda: all(received(hosts[w]) > seen[w] + 20 for w in seen), 20,
                   "both hosts of this address to be asked")
    # What storage does not know is unreachable there, although others know it.
    for source, iif, status in (("10.80.1.10", "lan3", 2), ("10.78.1.10", "lan1", 0)):
        r = a.router.run(["ip", "route", "get", "10.78.0.2", "from", source, "iif", iif],
                         check=False)
        assert r.returncode == status, r.stdout + r.stderr
    # What is elsewhere is named.
    assert "plane management has 172.20.0.0/16" in a.cli_run("explain 172.20.0.10").stdout
    assert "reachable through tunnel peer c on wg3" in a.cli("explain plane storage 172.20.0.10")


def test_leak(planes):
    """A leaked prefix is in the other plane's table by its own plane's tunnel; when the leak ends
    the entry in AllowedIPs stays with the plane that it came from."""
    a = planes[0]["a"]
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1", 30, "the shared prefix in management")
    assert SHARED not in table(a, 102)
    leak = "leak x { from management; to metrics; policy all; }"
    a.replace("router-id 1.1.1.1;", f"router-id 1.1.1.1; {leak}")
    wait_until(lambda: table(a, 102).get(SHARED) == "wg1", 30, "the leaked prefix in metrics")
    assert table(a, 101).get(SHARED) == "wg1" and table(a, 103).get(SHARED) != "wg1"
    assert set(plane_prefixes(a, "metrics")) == {SHARED}
    assert a.allowed("wg1", SHARED) == "b.wg1"
    a.replace("policy all; }", "policy none; }")
    wait_until(lambda: SHARED not in table(a, 102), 30, "the policy to take it back")
    assert plane_prefixes(a, "metrics")[SHARED]["paths"][0]["reason"] == "leak-policy"
    a.replace(leak.replace("all", "none"), "")
    wait_until(lambda: not plane_prefixes(a, "metrics"), 30, "the leak to end")
    assert table(a, 101).get(SHARED) == "wg1" and a.allowed("wg1", SHARED) == "b.wg1"


def test_one_plane_fails_alone(planes):
    """Two tunnels between the same two sites, one purpose each: what happens to the one, a cut or a
    wrong configuration, is nothing to the other."""
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    wait_until(lambda: table(b, 101).get("10.78.1.0/24") == "wg1", 30, "the manager's network")
    with Ping(hosts["manager"], "172.20.0.10") as ping:
        for node in (a, b):
            node.router.run(["nft", "add table inet cut; add chain inet cut in { type filter hook "
                             "input priority -300; }; add rule inet cut in udp dport 51822 drop"])
        wait_until(lambda: [t["state"] for t in a.show("tunnels")["tunnels"]
                            if t["interface"] == "wg2"] == ["down"], 30, "metrics to be down")
        a.replace("10.79.0.0/16", "10.99.0.0/16")
        assert a.established("10.77.0.2", "10.78.0.2")
        assert table(a, 101).get(SHARED) == "wg1"
        ping.flows()
    assert ping.lost == 0
