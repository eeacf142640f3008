# SPDX-License-Identifier: BSD-2-Clause
"""A router of dn42: a tunnel of its own to each neighbour, sessions over link-local addresses for both
families, host addresses on the tunnels. The far ends are wg(8) with BIRD.

                                     ╔═ wg1 ══ fe80::2  172.20.2.1  b: AS 4242420002, 172.20.2.0/27, fd42:2::/48
    a: AS 4242420001, 172.20.1.0/27 ═╣
       fd42:1::/48                   ╚═ wg2 ══ fe80::12 172.20.3.1  c: AS 4242420003, 172.20.3.0/27, fd42:3::/48
"""
import json

import pytest

from lib.peers import Bird
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

INTERFACE = """
    interface wg{i} {{
        private-key-file KEY(wg{i});
        listen-port 5182{i};
        address [ {own4}/32 {own6}/128 {own_ll}/64 ];
        {fast}
        peer {far} {{
            public-key PUB({far}.wg0);
            endpoint INET({far}):51820;
            tunnel-address [ {far_ll} {far4} ];
            allowed-ips any;
            permit [ 172.20.0.0/14 fd00::/8 ];
        }}
    }}
"""

CONF = """
wireguard {{ {interfaces} }}
rib {{
    static 172.20.1.0/27 {{ blackhole true; }}
    static fd42:1::/48 {{ blackhole true; }}
}}
bgp {{
    as 4242420001;
    router-id 172.20.1.1;
    {timers}
    network [ 172.20.1.0/27 fd42:1::/48 ];
    {neighbors}
}}
policy dn42 {{
    term v4 {{ match {{ prefix [ 172.20.0.0/14{{21,29}} 10.0.0.0/8{{15,24}} ]; }} then accept; }}
    term v6 {{ match {{ prefix [ fd00::/8{{44,64}} ]; }} then accept; }}
}}
"""

NEIGHBOR = "neighbor {far_ll}%wg{i} {{ remote-as 424242000{n}; import dn42; export dn42; }}\n"

BIRD = """
router id 172.20.{n}.1;
protocol device {{ scan time 1; }}
protocol static four {{ ipv4; route 172.20.{n}.0/27 blackhole; }}
protocol static six {{ ipv6; route fd42:{n}::/48 blackhole; }}
protocol kernel k4 {{ ipv4 {{ export where source = RTS_BGP; }}; }}
protocol kernel k6 {{ ipv6 {{ export where source = RTS_BGP; }}; }}
protocol bgp far {{
    local {far_ll} as 424242000{n};
    neighbor {own_ll}%wg0 as 4242420001;
    connect delay time 1; error wait time 1, 2;
    ipv4 {{ import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; }};
    ipv6 {{ import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; }};
}}
"""

# What a has on each tunnel, and the far end.
DN42 = [
    {"i": 1, "n": 2, "far": "b", "own4": "172.20.1.1", "own6": "fd42:1::1", "own_ll": "fe80::1",
     "far4": "172.20.2.1", "far_ll": "fe80::2"},
    {"i": 2, "n": 3, "far": "c", "own4": "172.20.1.2", "own6": "fd42:1::2", "own_ll": "fe80::11",
     "far4": "172.20.3.1", "far_ll": "fe80::12"},
]

# The same addresses on each tunnel, here and there: an interface tells them apart.
SAME = [dict(t, own4="172.20.1.1", own6="fd42:1::1", own_ll="fe80::1", far_ll="fe80::2")
        for t in DN42]


class Dn42:
    """FAR6: the far ends have a global address on the tunnel, too."""

    def __init__(self, topo, tunnels, far6):
        self.net = topo.internet()
        self.a = topo.router("a", self.net)
        self.far, self.bird = {}, {}
        for t in tunnels:
            far = self.far[t["far"]] = topo.router(t["far"], self.net)
            PlainWg(far, "wg0", addresses=f"{t['far_ll']}/64", peers=[{
                "key": f"a.wg{t['i']}", "endpoint": f"{self.net.address('a')}:5182{t['i']}",
                "allowed_ips": "0.0.0.0/0 ::/0"}])
            far.ip(f"addr add {t['far4']}/32 peer {t['own4']} dev wg0")
            if far6:
                far.ip(f"addr add fd42:{t['n']}::1/128 dev wg0 nodad")
            self.bird[t["far"]] = Bird(topo, far, BIRD.format(**t))
        self.w = Wgbgp(topo, self.a, CONF.format(
            interfaces="".join(INTERFACE.format(fast=FAST, **t) for t in tunnels), timers=TIMERS,
            neighbors="".join(NEIGHBOR.format(**t) for t in tunnels)))
        for t in tunnels:
            self.w.wait_established(f"{t['far_ll']}%wg{t['i']}")
        for t in tunnels:
            for prefix in (f"172.20.{t['n']}.0/27", f"fd42:{t['n']}::/48"):
                self.w.wait_installed(prefix, f"wg{t['i']}", f"{t['far']}.wg0")

    def way_at(self, far, prefix, address):
        """What the far end's BIRD made of the prefix, in its table and in the kernel."""
        wait_until(lambda: self.bird[far].has(prefix), 30, f"{prefix} at {far}")
        wait_until(lambda: " dev wg0 " in self.far[far].run(
            ["ip", "route", "get", address], check=False).stdout, 30, f"{prefix} in {far}'s kernel")
        return self.bird[far].has(prefix)


@pytest.mark.parametrize("tunnels", [DN42, SAME], ids=["other addresses", "the same addresses"])
@pytest.mark.parametrize("far6", [False, True], ids=["link-local", "and global"])
def test_dn42(topo, tunnels, far6):
    d = Dn42(topo, tunnels, far6)
    for t in tunnels:
        far = t["far"]
        assert f"via {t['own4']} on wg0" in d.way_at(far, "172.20.1.0/27", "172.20.1.9")
        way = d.way_at(far, "fd42:1::/48", "fd42:1::9")
        assert f"via {t['own_ll']} on wg0" in way
        assert f"BGP.next_hop: :: {t['own_ll']}" in way  # its global one is in no network of the link
        other = 5 - t["n"]
        d.way_at(far, f"172.20.{other}.0/27", f"172.20.{other}.9")
        d.way_at(far, f"fd42:{other}::/48", f"fd42:{other}::9")
    assert "4242420003" in d.bird["b"].has("fd42:3::/48")
    told = d.w.show("bgp neighbors fe80::2%wg1 advertised-routes")["routes"]
    assert {r["prefix"] for r in told} >= {"172.20.1.0/27", "fd42:1::/48"}
    doc = json.loads(d.w.cli_run("explain from 172.20.1.1 172.20.2.1 json").stdout)
    assert doc["reachable"], doc


def test_each_link_is_its_own(topo):
    """The same neighbour's address on two links: a tunnel that dies takes its own paths along, and
    nothing of the other one's; a restart finds all as it was."""
    d = Dn42(topo, SAME, False)
    hops = {p: d.w.best(p)["next-hop"] for p in ("fd42:2::/48", "fd42:3::/48")}
    assert hops == {"fd42:2::/48": "fe80::2%wg1", "fd42:3::/48": "fe80::2%wg2"}
    for daemon in ("zebra-lite", "bgpd"):
        d.w.kill_daemon(daemon)
        for t in SAME:
            d.w.wait_established(f"fe80::2%wg{t['i']}")
            d.w.wait_installed(f"fd42:{t['n']}::/48", f"wg{t['i']}", f"{t['far']}.wg0")
    d.a.run(["nft", "add table inet cut; add chain inet cut in { type filter hook input priority "
             "-300; }; add rule inet cut in udp dport 51821 drop"])
    d.w.wait_tunnel("b", "down")
    d.w.wait_gone("fd42:2::/48")
    assert d.w.installed("fd42:3::/48", "wg2", "c.wg0") and d.w.established("fe80::2%wg2")
    d.a.run(["nft", "delete table inet cut"])
    d.w.wait_installed("fd42:2::/48", "wg1", "b.wg0")
