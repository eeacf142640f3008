# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 by tunnels that have no IPv4 addresses (RFC 8950): over a session between link-local addresses
its routes have IPv6 next hops. The far ends are wg(8) with BIRD and FRR.

                             ╔═ wg1 fe80::1 ─── fe80::2 wg0 ══ b: BIRD ─ 192.168.2.0/24 ─ host
    host ─ 192.168.1.0/24 ─ a
                             ╚═ wg2 fe80::11 ─ fe80::12 wg0 ══ c: FRR ── 192.168.3.0/24 ─ host
"""
from lib.peers import Bird, Frr
from lib.probe import reaches
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

CONF = f"""
wireguard {{
    interface wg1 {{
        private-key-file KEY(wg1); listen-port 51821; address fe80::1/64; {FAST}
        peer b {{ public-key PUB(b.wg0); endpoint INET(b):51820; tunnel-address fe80::2;
                 allowed-ips any; permit 192.168.0.0/16; }}
    }}
    interface wg2 {{
        private-key-file KEY(wg2); listen-port 51822; address fe80::11/64; {FAST}
        peer c {{ public-key PUB(c.wg0); endpoint INET(c):51820; tunnel-address fe80::12;
                 allowed-ips any; permit 192.168.0.0/16; }}
    }}
}}
bgp {{
    as 65001;
    router-id 10.0.0.1;
    {TIMERS}
    network 192.168.1.0/24;
    neighbor fe80::2%wg1 {{ remote-as 65002; import all; export all; }}
    neighbor fe80::12%wg2 {{ remote-as 65003; import all; export all; }}
}}
"""

BIRD = """
router id 10.0.0.2;
protocol device { scan time 1; }
protocol direct { ipv4; interface "lan0"; }
protocol kernel { ipv4 { export where source = RTS_BGP; }; }
protocol bgp far {
    local fe80::2 as 65002;
    neighbor fe80::1%wg0 as 65001;
    connect delay time 1; error wait time 1, 2;
    ipv4 { import all; export all; EXTENDED };
}
"""

FRR = """
router bgp 65003
 bgp router-id 10.0.0.3
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor fe80::11 remote-as 65001
 neighbor fe80::11 interface wg0
 neighbor fe80::11 timers 10 30
 neighbor fe80::11 timers connect 1
 neighbor fe80::11 capability extended-nexthop
 address-family ipv4 unicast
  neighbor fe80::11 activate
  network 192.168.3.0/24
 exit-address-family
"""


class Unnumbered:
    def __init__(self, topo, extended="extended next hop on;"):
        self.net = topo.internet()
        self.a, self.b, self.c = (topo.router(name, self.net) for name in "abc")
        self.hosts = [topo.lan(r, f"192.168.{n}.0/24")
                      for n, r in enumerate((self.a, self.b, self.c), 1)]
        for router, n, address in ((self.b, 1, "fe80::2/64"), (self.c, 2, "fe80::12/64")):
            PlainWg(router, "wg0", addresses=address, peers=[{
                "key": f"a.wg{n}", "endpoint": f"{self.net.address('a')}:5182{n}",
                "allowed_ips": "0.0.0.0/0 ::/0"}])
        self.bird = Bird(topo, self.b, BIRD.replace("EXTENDED", extended))
        self.frr = Frr(topo, self.c, FRR)
        self.w = Wgbgp(topo, self.a, CONF)
        for neighbor in ("fe80::2%wg1", "fe80::12%wg2"):
            self.w.wait_established(neighbor)

    def extended(self, neighbor):
        n, = self.w.show(f"bgp neighbors {neighbor}")["neighbors"]
        return n["capabilities"]["extended-next-hop"]


def test_there_and_back(topo):
    t = Unnumbered(topo)
    t.w.wait_installed("192.168.2.0/24", "wg1", "b.wg0")
    t.w.wait_installed("192.168.3.0/24", "wg2", "c.wg0")
    assert t.w.best("192.168.2.0/24")["next-hop"] == "fe80::2%wg1"
    assert t.extended("fe80::2%wg1") and t.extended("fe80::12%wg2")
    for other in ("192.168.1.0/24", "192.168.3.0/24"):
        wait_until(lambda p=other: t.bird.has(p), what=f"{other} at BIRD")
    assert "fe80::1" in t.bird.has("192.168.1.0/24")
    for other in ("192.168.1.0/24", "192.168.2.0/24"):
        wait_until(lambda p=other: t.frr.has(p), what=f"{other} at FRR")
    for at, host in enumerate(t.hosts):  # by our way and by theirs, b to c by a
        for far in t.hosts[at + 1:]:
            reaches(host, far.address)
    t.w.replace("network 192.168.1.0/24;", "")
    wait_until(lambda: not t.bird.has("192.168.1.0/24") and not t.frr.has("192.168.1.0/24"),
               what="it to be withdrawn")
    t.w.kill_daemon("bgpd")
    t.w.wait_established("fe80::2%wg1")
    t.w.wait_installed("192.168.2.0/24", "wg1", "b.wg0")
    t.b.ip("link set lan0 down")
    t.w.wait_gone("192.168.2.0/24")


def test_only_where_both_speak_of_it(topo):
    """Else there is no next hop for IPv4, and that is said."""
    t = Unnumbered(topo, "")
    t.w.wait_installed("192.168.3.0/24", "wg2", "c.wg0")
    assert not t.extended("fe80::2%wg1")
    assert not t.bird.has("192.168.1.0/24")
    assert not t.w.paths("192.168.2.0/24")
