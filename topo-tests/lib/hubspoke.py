# SPDX-License-Identifier: BSD-2-Clause
"""One hub, N sites on one shared interface of it; sites reach each other through the hub.

                     ╔══ 10.9.0.11 wg0 site1 ─ 192.168.1.0/24 ─ host
    hub wg0 10.9.0.1 ╬══ 10.9.0.12 wg0 site2 ─ 192.168.2.0/24 ─ host
                     ╚══ ...
iBGP in AS 65000, the hub reflects."""
from .snippets import FAST, TIMERS
from .wgbgp import Wgbgp

HUB = """
system {{ hostname hub; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 fd09::1/64 ];
        {fast}
{sites}
    }}
}}
bgp {{
    as 65000;
    router-id 10.9.0.1;
    {timers}
    neighbor-group sites {{
        listen-range [ 10.9.0.0/24 ];
        remote-as internal;
        route-reflector-client true;
        next-hop-self true;
    }}
}}
"""

HUB_SITE = """
        peer site{n} {{
            public-key PUB(site{n}.wg0);
            tunnel-address [ 10.9.0.1{n} fd09::1{n} ];
            permit [ 192.168.{n}.0/24 fd01:{n}::/48 ];
        }}"""

SITE = """
system {{ hostname site{n}; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        address [ 10.9.0.1{n}/24 fd09::1{n}/64 ];
        {fast}
        peer hub {{
            public-key PUB(hub.wg0);
            endpoint INET(hub):51820;
            tunnel-address [ 10.9.0.1 fd09::1 ];
            persistent-keepalive 5;
            permit [ 192.168.0.0/16 fd01::/16 ];
        }}
    }}
}}
bgp {{
    as 65000;
    router-id 10.9.0.1{n};
    {timers}
    network [ 192.168.{n}.0/24 fd01:{n}::/64 ];
    neighbor 10.9.0.1 {{ remote-as internal; }}
}}
"""


def hub_conf(numbers, fast=FAST, timers=TIMERS):
    return HUB.format(fast=fast, timers=timers,
                      sites="".join(HUB_SITE.format(n=n) for n in numbers))


def site_conf(n, fast=FAST, timers=TIMERS):
    return SITE.format(n=n, fast=fast, timers=timers)


class HubSpoke:
    def __init__(self, topo, sites=2, nat=(), start=True):
        self.topo, self.numbers = topo, list(range(1, sites + 1))
        self.net = topo.internet()
        self.hub = topo.router("hub", self.net)
        self.site, self.host, self.box, self.wsite = {}, {}, {}, {}
        for n in self.numbers:
            self.add_site(n, nat=n in nat)
        self.whub = Wgbgp(topo, self.hub, hub_conf(self.numbers), start=start)
        for n in self.numbers:
            self.start_site(n)

    def add_site(self, n, nat=False):
        self.site[n] = self.topo.router(f"site{n}", None if nat else self.net)
        if nat:
            self.box[n] = self.topo.nat(f"box{n}", self.net, self.site[n])
        self.host[n] = self.topo.lan(self.site[n], f"192.168.{n}.0/24", subnet6=f"fd01:{n}::/64")

    def start_site(self, n):
        self.wsite[n] = Wgbgp(self.topo, self.site[n], site_conf(n))

    def wait(self, timeout=60):
        for n, w in self.wsite.items():
            w.wait_established("10.9.0.1", timeout=timeout)
            self.whub.wait_installed(f"192.168.{n}.0/24", "wg0", f"site{n}.wg0", timeout=timeout)
            for m in self.wsite:
                if m != n:
                    w.wait_installed(f"192.168.{m}.0/24", "wg0", "hub.wg0", timeout=timeout)
