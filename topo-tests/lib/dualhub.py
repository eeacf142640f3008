# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs and three sites, the topology that wgbgp is for: also of ./demo.

          hub1 wg0 10.0.1.1 ══ wgt 10.0.9.1 ── 10.0.9.2 wgt ══ hub2 wg0 10.0.2.1
            ║  ║  ║                                              ║  ║  ║
            ║  ║  ╚═══════════ site3 (wg1, wg2) ═════════════════╝  ║  ║
            ║  ╚══════════════ site2 (wg1, wg2) ════════════════════╝  ║
            ╚═════════════════ site1 (wg1, wg2) ═══════════════════════╝
                       site N: wg1 10.0.1.1N, wg2 10.0.2.1N, LAN 192.168.N.0/24

iBGP in AS 65000, the hubs reflect to the sites. wg0 of a hub is shared by all sites, so the
AllowedIPs there say who is who; what must pass through unseen has an interface of its own with a
single peer: wgt between the hubs, wg1 and wg2 at the sites. Hub 1 is the better way (cost)."""
from .snippets import FAST, TIMERS
from .wait import wait_until
from .wgbgp import Wgbgp

HUB = """
system {{ hostname hub{h}; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.0.{h}.1/24 fd00:{h}::1/64 ];
        {fast}
{sites}
    }}
    interface wgt {{
        private-key-file KEY(wgt);
        listen-port 51821;
        address [ 10.0.9.{h}/24 fd00:9::{h}/64 ];
        {fast}
        peer hub{o} {{
            public-key PUB(hub{o}.wgt);
            endpoint INET(hub{o}):51821;
            tunnel-address [ 10.0.9.{o} fd00:9::{o} ];
            allowed-ips any;
            permit [ 0.0.0.0/0 ::/0 ];
        }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.0.{h}.1;
    {timers}
    neighbor-group sites {{
        listen-range [ 10.0.{h}.0/24 ];
        remote-as internal;
        route-reflector-client true;
        next-hop-self true;
    }}
    neighbor 10.0.9.{o} {{ remote-as internal; next-hop-self true; }}
}}
"""

HUB_SITE = """
        peer site{n} {{
            public-key PUB(site{n}.wg{h});
            tunnel-address [ 10.0.{h}.1{n} fd00:{h}::1{n} ];
            permit [ 192.168.{n}.0/24 fd01:{n}::/48 ];
        }}"""

SITE = """
system {{ hostname site{n}; }}
wireguard {{
    interface wg1 {{
        private-key-file KEY(wg1);
        address [ 10.0.1.1{n}/24 fd00:1::1{n}/64 ];
        {fast}
        peer hub1 {{
            public-key PUB(hub1.wg0);
            endpoint INET(hub1):51820;
            tunnel-address [ 10.0.1.1 fd00:1::1 ];
            persistent-keepalive 25;
            allowed-ips any;
            permit [ 192.168.0.0/16 fd01::/16 ];
        }}
    }}
    interface wg2 {{
        private-key-file KEY(wg2);
        address [ 10.0.2.1{n}/24 fd00:2::1{n}/64 ];
        {fast}
        peer hub2 {{
            public-key PUB(hub2.wg0);
            endpoint INET(hub2):51820;
            tunnel-address [ 10.0.2.1 fd00:2::1 ];
            persistent-keepalive 25;
            cost 100;
            allowed-ips any;
            permit [ 192.168.0.0/16 fd01::/16 ];
        }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.0.1.1{n};
    {timers}
    network [ 192.168.{n}.0/24 fd01:{n}::/64 ];
    neighbor 10.0.1.1 {{ remote-as internal; }}
    neighbor 10.0.2.1 {{ remote-as internal; }}
}}
"""


class DualHub:
    def __init__(self, topo, sites=3, fast=FAST, site1_fast=None, timers=TIMERS, relay=False):
        self.net = topo.internet()
        self.numbers = range(1, sites + 1)
        middle = topo.router("middle") if relay else None  # of hub 1's cable, for a Relay
        self.hub = {h: topo.router(f"hub{h}", self.net, middle if h == 1 else None)
                    for h in (1, 2)}
        self.site = {n: topo.router(f"site{n}", self.net) for n in self.numbers}
        self.host = {n: topo.lan(self.site[n], f"192.168.{n}.0/24", subnet6=f"fd01:{n}::/64")
                     for n in self.numbers}
        self.whub, self.wsite = {}, {}
        for h in (1, 2):
            peers = "".join(HUB_SITE.format(h=h, n=n) for n in self.numbers)
            self.whub[h] = Wgbgp(topo, self.hub[h], HUB.format(
                h=h, o=3 - h, fast=fast, timers=timers, sites=peers))
        for n in self.numbers:
            self.wsite[n] = Wgbgp(topo, self.site[n], SITE.format(
                n=n, timers=timers, fast=(site1_fast or fast) if n == 1 else fast))
        self.all = [*self.whub.values(), *self.wsite.values()]

    def sessions(self):
        """(expected, established): each site with both hubs, and the hubs with each other,
        each session counted at one end."""
        up = sum(w.established("10.0.1.1") + w.established("10.0.2.1")
                 for w in self.wsite.values())
        return 2 * len(self.numbers) + 1, up + self.whub[1].established("10.0.9.2")

    def wait(self, timeout=60):
        """Until every session is up, and every site reaches the others by hub 1."""
        wait_until(lambda: len(set(self.sessions())) == 1, timeout, "all sessions")
        for n, w in self.wsite.items():
            for m in self.numbers:
                if m != n:
                    w.wait_installed(f"192.168.{m}.0/24", "wg1", "hub1.wg0")
        for h, w in self.whub.items():
            for n in self.numbers:
                w.wait_installed(f"192.168.{n}.0/24", "wg0", f"site{n}.wg{h}")
