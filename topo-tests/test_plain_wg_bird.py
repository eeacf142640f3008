# SPDX-License-Identifier: BSD-2-Clause
"""Far ends without wgbgp: wg(8) and BIRD, as many machines have them. The near end is a hub with
a shared interface; each far end's prefixes must get into the AllowedIPs of the right peer.

                                 ╔═ 10.9.0.11 far1: wg + BIRD ─ 192.168.1.0/24 ─ host
    hub wg0 10.9.0.1 (wgbgp) ════╬═ 10.9.0.12 far2: wg + BIRD ─ 192.168.2.0/24 ─ host
                                 ╚═ 10.9.0.13 far3: wg, no BGP: a static route
"""
import pytest

from lib.hubspoke import hub_conf
from lib.peers import Bird
from lib.probe import reaches
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

BIRD = """
router id 10.9.0.1{n};
protocol device {{ scan time 1; }}
protocol direct {{ ipv4; interface "lan0"; }}
protocol kernel {{ ipv4 {{ export where source = RTS_BGP; }}; }}
protocol bgp hub {{
    local 10.9.0.1{n} as 65000;
    neighbor 10.9.0.1 as 65000; direct;
    connect delay time 1; error wait time 1, 2;
    ipv4 {{ import all; export all; next hop self; gateway direct; }};
}}
"""


@pytest.fixture
def plain(topo):
    class P:
        pass
    p = P()
    p.net = topo.internet()
    p.hub = topo.router("hub", p.net)
    p.far, p.host, p.bird = {}, {}, {}
    for n in (1, 2, 3):
        p.far[n] = topo.router(f"site{n}", p.net)
        p.host[n] = topo.lan(p.far[n], f"192.168.{n}.0/24")
        PlainWg(p.far[n], "wg0", addresses=f"10.9.0.1{n}/24", peers=[{
            "key": "hub.wg0", "endpoint": f"{p.net.address('hub')}:51820",
            "allowed_ips": "10.9.0.0/24 192.168.0.0/16", "keepalive": 5}])
        if n < 3:
            p.bird[n] = Bird(topo, p.far[n], BIRD.format(n=n))
        else:
            p.far[n].ip("route add 192.168.0.0/16 dev wg0")
    p.w = Wgbgp(topo, p.hub, hub_conf((1, 2, 3)) + """
        rib { static 192.168.3.0/24 { next-hop 10.9.0.13; } }
        bgp { redistribute static { } }""")
    for n in (1, 2, 3):
        p.w.wait_installed(f"192.168.{n}.0/24", "wg0", f"site{n}.wg0")
        p.w.wait_tunnel(f"site{n}", "up")
    return p


def test_everybody_reaches_everybody(plain):
    for n in (1, 2, 3):
        for m in (1, 2, 3):
            if n != m:
                reaches(plain.host[n], plain.host[m].address)
    # Nobody of them configured anything for us: BIRD's own next hop was enough.
    assert "10.9.0.1" in plain.bird[1].has("192.168.3.0/24")


def test_bird_ends(plain):
    """BIRD stops: its prefix leaves both tables; its neighbours' traffic is not touched."""
    plain.bird[2].process.stop()
    plain.w.wait_gone("192.168.2.0/24")
    wait_until(lambda: plain.w.allowed("wg0", "192.168.2.0/24") is None, what="no entry")
    reaches(plain.host[1], plain.host[3].address)


def test_liveness_needs_no_cooperation(plain):
    """A plain peer is found dead, and alive again, by its WireGuard alone."""
    plain.net.cut("site3", "hub")
    plain.w.wait_tunnel("site3", "down", timeout=60)
    plain.w.wait_gone("192.168.3.0/24")
    plain.net.restore("site3", "hub")
    plain.w.wait_installed("192.168.3.0/24", "wg0", "site3.wg0", timeout=60)
