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

from lib.fourplanes import SHARED, four_planes, ipv6_config, plane_prefixes, received, table
from lib.probe import MOVES_MS, Ping, reachable
from lib.wait import wait_until
from lib.wgbgp import Wgbgp


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
    ping.nothing_lost()


def test_static_routes(planes):
    """Routes of the configuration in a plane: by a tunnel, by a router of a network of the plane, and
    to nowhere. They are in its table alone, and a restart finds and keeps them."""
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    wait_until(lambda: table(b, 101).get("10.78.1.0/24") == "wg1", 30, "the manager's network")
    b.router.ip("addr add 172.21.0.1/24 dev lan1")
    b.router.ip("rule add from 172.21.0.0/24 lookup 101")
    statics = ("static 172.21.0.0/24 { next-hop 10.78.0.2; } static 172.22.0.0/24 { next-hop "
               "10.78.1.10; } static 172.23.0.0/24 { blackhole true; } "
               "static 172.24.0.0/24 { interface lan1; }")
    a.replace("plane management { table 101;", f"plane management {{ table 101; {statics}")
    wanted = {"172.21.0.0/24": "wg1", "172.22.0.0/24": "lan1", "172.23.0.0/24": None,
              "172.24.0.0/24": "lan1"}

    def there():
        return {p: d for p, d in table(a, 101).items() if p in wanted}
    wait_until(lambda: there() == wanted, 20, "the static routes")
    assert a.allowed("wg1", "172.21.0.0/24") == "b.wg1"
    assert not a.kernel_routes() and not set(wanted) & set(table(a, 103))
    with Ping(hosts["manager"], "172.21.0.1") as ping:
        a.kill_daemon("zebra-lite")
        ping.flows()
        a.restart()
        ping.flows()
        assert there() == wanted
    ping.nothing_lost()
    assert a.show("rib summary")["drift-repaired"] == 0
    a.replace(statics, "")
    wait_until(lambda: not there(), 20, "the static routes to go")
    assert a.allowed("wg1", "172.21.0.0/24") is None


def test_restart(planes):
    """SIGKILL of zebra-lite, and a stop and start, while two planes carry traffic: no packet is lost,
    and what an earlier life left in a plane's table goes."""
    nodes, hosts, _ = planes
    a = nodes["a"]
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1" and table(a, 103).get(SHARED) == "wg3",
               30, "the shared prefix in both planes")
    before = table(a, 101), table(a, 103)
    with Ping(hosts["manager"], "172.20.0.10", interval_ms=MOVES_MS) as one, \
            Ping(hosts["client"], "172.20.0.10", interval_ms=MOVES_MS) as two:
        a.kill_daemon("zebra-lite")
        one.flows()
        two.flows()
        a.stop()
        for plane in (101, 103):
            a.router.ip(f"route add 203.0.113.0/24 dev lan1 table {plane} proto 222 metric 179")
        a.router.ip("rule add iif lan1 lookup 105 priority 77 proto 222")
        a.start()
        wait_until(lambda: (table(a, 101), table(a, 103)) == before, 60, "the stale ones to go")
        wait_until(lambda: "77:" not in a.router.out(["ip", "rule"]), 20, "the stale rule to go")
        a.wait_established()
        one.flows()
        two.flows()
    one.nothing_lost()
    two.nothing_lost()


def test_change_of_planes(planes):
    """On reload a plane gets another table, and an interface another plane: the packets of the other
    planes do not notice."""
    nodes, hosts, _ = planes
    a = nodes["a"]
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1" and table(a, 103).get(SHARED) == "wg3",
               30, "the shared prefix in both planes")
    management = table(a, 101)
    with Ping(hosts["client"], "172.20.0.10", interval_ms=MOVES_MS) as other, \
            Ping(hosts["manager"], "172.20.0.10", interval_ms=MOVES_MS) as ping:
        a.replace("plane management { table 101;", "plane management { table 111;")
        wait_until(lambda: table(a, 111) == management and not table(a, 101), 30, "the other table")
        ping.flows()
        a.replace("plane metrics;", "plane  enrolment;")
        wait_until(lambda: table(a, 100).get("10.79.0.2") == "wg2" and not table(a, 102), 30,
                   "metrics' interface in the plane of enrolment")
        a.wait_established("10.79.0.2")
        a.replace("plane  enrolment;", "plane metrics;")
        wait_until(lambda: table(a, 102).get("10.79.0.2") == "wg2", 30, "it to be back")
        ping.flows()
        other.flows()
    other.nothing_lost()


def test_ipv6(topo):
    """A plane with IPv6 inside, and nothing else: tables, rules, sets, and a restart.

        host ─ fd00:1::/64 ─ a ══ wg3 fd80::1 ══ fd80::2 wg3 ══ b ─ fd00:2::/64 ─ host
    """
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    hosts = [topo.lan(r, f"192.168.{n}.0/24", subnet6=f"fd00:{n}::/64")
             for r, n in ((a, 1), (b, 2))]
    wa = Wgbgp(topo, a, ipv6_config(1, 2, "b"))
    wb = Wgbgp(topo, b, ipv6_config(2, 1, "a"))
    wa.wait_established("fd80::2")

    def tables():
        return table(wa, 103, 6).get("fd00:2::/64") == "wg3" \
            and table(wb, 103, 6).get("fd00:1::/64") == "wg3"
    wait_until(tables, 30, "the networks")
    assert not wa.kernel_routes() and wa.allowed("wg3", "fd00:2::/64") == "b.wg3"
    with Ping(hosts[0], hosts[1].address6) as ping:
        wa.kill_daemon("zebra-lite")
        ping.flows()
        wa.restart()
        wa.wait_established()
        ping.flows()
    ping.nothing_lost()
    wait_until(lambda: "fd00:2::/64" in a.out(["nft", "list", "set", "inet", "wgbgp",
                                               "learned6-storage"]), 20, "the set")
    wa.teardown()
    assert not table(wa, 103, 6)


OWN = {0: "10.77.0.1", 1: "10.78.0.1", 2: "10.79.0.1", 3: "10.80.0.1"}  # a's, by plane
LANS = {1: "10.78.1.1", 3: "10.80.1.1"}


def lead_astray(node, plane, addresses):
    """Packets to these addresses of a's leave by the plane's tunnel, and answers come in by it."""
    own = f"tunnel-address {OWN[plane]};"
    node.replace(own, f"{own} allowed-ips [ {' '.join(f'{a}/32' for a in addresses)} ];")
    ifname = f"wg{plane}"
    wait_until(lambda: all(node.allowed(ifname, f"{a}/32") == f"a.{ifname}" for a in addresses),
               20, "the entries")


def answered(router, address, ifname):
    """A request that leaves by this tunnel, whatever the far end's own routes say, has an answer."""
    router.ip(f"route replace {address}/32 dev {ifname}")
    return reachable(router, address)


def test_own_addresses(planes):
    """What came in by a tunnel of a plane reaches no own address of another one, of a tunnel, a LAN or
    the main plane: each pair of the four planes. Its own plane's it does reach, and a LAN all."""
    nodes, hosts, _ = planes
    a = nodes["a"]
    a.router.ip("addr add 10.99.0.1/32 dev lo")
    wait_until(lambda: a.show("rib summary")["own-addresses"] == "installed", 20, "the table")
    everything = sorted({*OWN.values(), *LANS.values(), "10.99.0.1"})
    for plane, far in ((0, "b"), (1, "b"), (2, "b"), (3, "c")):
        ifname = f"wg{plane}"
        own = {OWN[plane], *({LANS[plane]} if plane in LANS else ())}
        lead_astray(nodes[far], plane, [x for x in everything if x != OWN[plane]])
        reached = {x for x in everything if answered(nodes[far].router, x, ifname)}
        assert reached == own, f"by {ifname}"
    for address in everything:
        assert reachable(hosts["manager"], address), f"from the LAN to {address}"
    b = nodes["b"].router
    # Let through by configuration, and kept apart again.
    a.replace("plane metrics { table 102; }", "plane metrics { table 102; own-addresses shared; }")
    wait_until(lambda: answered(b, OWN[3], "wg2"), 20, "the storage address by wg2")
    a.replace("own-addresses shared; ", "")
    wait_until(lambda: not answered(b, OWN[3], "wg2"), 20, "that to end")
    # Somebody's firewall comes anew, with all rules.
    a.router.run(["nft", "flush ruleset"])
    wait_until(lambda: not answered(b, OWN[3], "wg2"), 20, "the table to be back")
    assert "inet wgbgp-planes" in a.router.out(["nft", "list", "tables"])
    a.stop()
    assert not answered(b, OWN[3], "wg2")
    a.start()
    a.wait_established()
    assert not answered(b, OWN[3], "wg2")
    a.teardown()
    assert "wgbgp-planes" not in a.router.out(["nft", "list", "tables"])
