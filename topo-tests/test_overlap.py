# SPDX-License-Identifier: BSD-2-Clause
"""Two sites announce overlapping prefixes to one shared interface of a hub.

                        ╔═ 10.9.0.11 site1 ─ 10.1.0.0/16, host 10.1.5.10
     hub wg0 10.9.0.1 ══╣
                        ╚═ 10.9.0.12 site2 ─ 10.1.2.0/24, host 10.1.2.10

AllowedIPs are one table per interface, like the routes: longest match on both sides. When the
more specific one goes, its addresses belong to site 1, and back."""
import pytest

from lib.probe import MOVES_MS, Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

HUB = f"""
wireguard {{
    peer-template site {{ permit [ 10.1.0.0/16 ]; }}
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        {FAST}
        peer site1 {{ template site; public-key PUB(site1.wg0); tunnel-address [ 10.9.0.11 ]; }}
        peer site2 {{ template site; public-key PUB(site2.wg0); tunnel-address [ 10.9.0.12 ]; }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.9.0.1;
    {TIMERS}
    neighbor-group sites {{
        listen-range [ 10.9.0.0/24 ];
        remote-as internal;
        route-reflector-client true;
        next-hop-self true;
    }}
}}
"""

SITE = """
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        address [ 10.9.0.1{n}/24 ];
        {fast}
        peer hub {{
            public-key PUB(hub.wg0);
            endpoint INET(hub):51820;
            tunnel-address [ 10.9.0.1 ];
            allowed-ips any;
            permit [ 10.1.0.0/16 ];
            persistent-keepalive 5;
        }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.9.0.1{n};
    {timers}
    network [ {network} ];
    neighbor 10.9.0.1 {{ remote-as internal; }}
}}
"""

WIDE, NARROW = "10.1.0.0/16", "10.1.2.0/24"


@pytest.fixture
def overlap(topo):
    class O:
        pass
    o = O()
    o.net = topo.internet()
    o.hub = topo.router("hub", o.net)
    o.site1, o.site2 = topo.router("site1", o.net), topo.router("site2", o.net)
    o.lan = topo.lan(o.hub, "192.168.9.0/24")
    o.far = topo.router("far")
    # 10.1.0.0/16 behind site 1: two hosts there, one of them in the range of site 2's LAN.
    link(o.site1, "lan0", o.far, "eth0", "10.1.0.1/16", "10.1.5.10/16 10.1.2.99/16")
    o.far.ip("route add default via 10.1.0.1")
    o.host2 = topo.lan(o.site2, NARROW)
    o.whub = Wgbgp(topo, o.hub, HUB.replace("router-id", "network [ 192.168.9.0/24 ]; router-id"))
    o.w1 = Wgbgp(topo, o.site1, SITE.format(n=1, fast=FAST, timers=TIMERS, network=WIDE).replace(
        "permit [", "permit [ 192.168.9.0/24"))
    o.w2 = Wgbgp(topo, o.site2, SITE.format(n=2, fast=FAST, timers=TIMERS, network=NARROW).replace(
        "permit [", "permit [ 192.168.9.0/24"))
    o.whub.wait_installed(WIDE, "wg0", "site1.wg0")
    o.whub.wait_installed(NARROW, "wg0", "site2.wg0")
    for w in (o.w1, o.w2):
        w.wait_installed("192.168.9.0/24", "wg0", "hub.wg0")
    return o


def test_longest_match_wins(overlap):
    reaches(overlap.lan, "10.1.5.10")
    reaches(overlap.lan, "10.1.2.10")


def test_more_specific_goes_and_comes(overlap):
    """No packet for the wide prefix is lost meanwhile, and the addresses change hands."""
    o = overlap
    with Ping(o.lan, "10.1.5.10", interval_ms=MOVES_MS) as ping:
        o.w2.replace(f"network [ {NARROW} ];", "")
        o.whub.wait_gone(NARROW)
        wait_until(lambda: o.whub.longest("wg0", "10.1.2.99") == "site1.wg0",
                   what="the covering peer to have it")
        wait_until(lambda: o.whub.allowed("wg0", NARROW) is None, what="no entry of its own")
        reaches(o.lan, "10.1.2.99")
        o.w2.replace("router-id", f"network [ {NARROW} ]; router-id")
        o.whub.wait_installed(NARROW, "wg0", "site2.wg0")
        reaches(o.lan, "10.1.2.10")
        ping.flows()
    ping.nothing_lost()


def test_move_between_peers(overlap):
    """Both announce the same prefix: the one that is best has it, and hands it over in one step
    when it takes it back."""
    o = overlap
    o.site1.ip(f"route add {NARROW} dev lan0")    # there must be a route to what is announced
    o.w1.replace(f"network [ {WIDE} ];", f"network [ {WIDE} {NARROW} ];")
    wait_until(lambda: len(o.whub.paths(NARROW)) == 2, what="two paths")
    before = o.hub.out("wg show wg0 allowed-ips")
    assert before.count(NARROW) == 1
    o.w2.replace(f"network [ {NARROW} ];", "")
    o.whub.wait_installed(NARROW, "wg0", "site1.wg0")
    assert o.whub.kernel_routes(NARROW)


def test_tunnel_of_the_more_specific_dies(overlap):
    """Site 2 is cut off: its prefix goes to whom the covering one belongs."""
    o = overlap
    o.net.cut("site2", "hub")
    o.whub.wait_tunnel("site2", "down", timeout=60)
    o.whub.wait_gone(NARROW)
    wait_until(lambda: o.whub.longest("wg0", "10.1.2.99") == "site1.wg0", what="site 1")
    reaches(o.lan, "10.1.2.99")
    o.net.restore("site2", "hub")
    o.whub.wait_installed(NARROW, "wg0", "site2.wg0")
