# SPDX-License-Identifier: BSD-2-Clause
"""Regional hubs, each with branches of its own, and a headquarters' LAN at the first. The hosts
have no WireGuard, only a default route to their gateway.

    192.168.100.0/24 (headquarters)
           │
          hub1 wg0 10.0.1.1 ══ wgt 10.0.9.1 ── 10.0.9.2 wgt ══ hub2 wg0 10.0.2.1
           ║  ║                                                    ║
         site1 site2                                             site3
           │     └ 192.168.2.0/24                                  └ 192.168.3.0/24
           └ 192.168.1.0/24
"""
from lib.dualhub import HUB, HUB_SITE
from lib.probe import MOVES_MS, Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.wgbgp import Wgbgp

REGION = {1: (1, 2), 2: (3,)}  # the branches of each hub

BRANCH = """
system {{ hostname site{n}; }}
wireguard {{
    interface wg{h} {{
        private-key-file KEY(wg{h});
        address [ 10.0.{h}.1{n}/24 fd00:{h}::1{n}/64 ];
        {fast}
        peer hub{h} {{
            public-key PUB(hub{h}.wg0);
            endpoint INET(hub{h}):51820;
            tunnel-address [ 10.0.{h}.1 fd00:{h}::1 ];
            persistent-keepalive 25;
            permit [ 192.168.0.0/16 fd01::/16 ];
        }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.0.{h}.1{n};
    {timers}
    network [ 192.168.{n}.0/24 fd01:{n}::/64 ];
    neighbor 10.0.{h}.1 {{ remote-as internal; }}
}}
"""


class Regions:
    def __init__(self, topo):
        self.net = topo.internet()
        self.whub, self.wsite, self.host = {}, {}, {}
        hub = {h: topo.router(f"hub{h}", self.net) for h in REGION}
        self.host[0] = topo.lan(hub[1], "192.168.100.0/24", subnet6="fd01:100::/64")
        for h, branches in REGION.items():
            peers = "".join(HUB_SITE.format(h=h, n=n) for n in branches)
            conf = HUB.format(h=h, o=3 - h, fast=FAST, timers=TIMERS, sites=peers)
            if h == 1:
                conf += "bgp { network [ 192.168.100.0/24 fd01:100::/64 ]; }"
            self.whub[h] = Wgbgp(topo, hub[h], conf)
        for h, branches in REGION.items():
            for n in branches:
                site = topo.router(f"site{n}", self.net)
                self.host[n] = topo.lan(site, f"192.168.{n}.0/24", subnet6=f"fd01:{n}::/64")
                self.wsite[n] = Wgbgp(topo, site, BRANCH.format(h=h, n=n, fast=FAST,
                                                                timers=TIMERS))

    def wait(self):
        for h, branches in REGION.items():
            for n in branches:
                for lan in {1, 2, 3, 100} - {n}:
                    self.wsite[n].wait_installed(f"192.168.{lan}.0/24", f"wg{h}", f"hub{h}.wg0")
                self.whub[h].wait_installed(f"192.168.{n}.0/24", "wg0", f"site{n}.wg{h}")
            for n in {1, 2, 3} - set(branches):
                self.whub[h].wait_installed(f"192.168.{n}.0/24", "wgt", f"hub{3 - h}.wgt")


def test_all_lans(topo):
    """Headquarters, branches of the same region, and across the regions."""
    r = Regions(topo)
    r.wait()
    for n, host in r.host.items():
        for m, other in r.host.items():
            if n != m:
                reaches(host, other.address)
                reaches(host, other.address6)
    # Site 3 is behind two reflectors.
    path = r.wsite[1].best("192.168.3.0/24")
    assert path["originator-id"] == "10.0.2.13" and path["next-hop"] == "10.0.1.1"


def test_regions_part(topo):
    """The hubs lose each other: each region goes on alone, and comes back together."""
    r = Regions(topo)
    r.wait()
    with Ping(r.host[1], r.host[2].address, interval_ms=MOVES_MS) as ping, \
            Ping(r.host[2], r.host[0].address, interval_ms=MOVES_MS) as hq:
        r.net.cut("hub1", "hub2")
        for w in (r.whub[1], r.wsite[1], r.wsite[2]):
            w.wait_gone("192.168.3.0/24")
        for lan in (1, 2, 100):
            r.wsite[3].wait_gone(f"192.168.{lan}.0/24")
        ping.flows(50)
    ping.nothing_lost()
    hq.nothing_lost()
    r.net.restore("hub1", "hub2")
    r.wait()
    reaches(r.host[3], r.host[1].address)
