# SPDX-License-Identifier: BSD-2-Clause
"""Two routers, eBGP across one tunnel: what many tests start from (fixture `two`).

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                         AS 65001                            AS 65002
"""
from .snippets import FAST, TIMERS
from .wg import PlainWg
from .wgbgp import Wgbgp

CONF = """
system {{ hostname {me}; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.{n}/24 fd09::{n}/64 ];
        {fast}
        peer {far} {{
            public-key PUB({far}.wg0);
            endpoint INET({far}):51820;
            tunnel-address [ 10.9.0.{m} fd09::{m} ];
            permit [ 192.168.{m}.0/24 fd00:{m}::/48 ];
        }}
    }}
}}
bgp {{
    as 6500{n};
    router-id 10.9.0.{n};
    {timers}
    network [ 192.168.{n}.0/24 fd00:{n}::/64 ];
    neighbor 10.9.0.{m} {{ remote-as 6500{m}; import all; export all; }}
}}
"""


def conf(me, n, far, m, fast=FAST):
    return CONF.format(me=me, n=n, far=far, m=m, fast=fast, timers=TIMERS)


class Two:
    """STRANGERS: a's wg0 is made by hand, with these peers (lib/wg.py) of somebody else; adopted."""

    def __init__(self, topo, fast=FAST, strangers=()):
        self.net = topo.internet()
        self.a, self.b = topo.router("a", self.net), topo.router("b", self.net)
        self.host_a = topo.lan(self.a, "192.168.1.0/24", subnet6="fd00:1::/64")
        self.host_b = topo.lan(self.b, "192.168.2.0/24", subnet6="fd00:2::/64")
        of_a = conf("a", 1, "b", 2, fast)
        if strangers:
            PlainWg(self.a, "wg0", addresses="10.9.0.1/24 fd09::1/64", peers=strangers)
            of_a = of_a.replace("listen-port", "adopt true; listen-port")
        self.wa = Wgbgp(topo, self.a, of_a)
        self.wb = Wgbgp(topo, self.b, conf("b", 2, "a", 1, fast))

    def wait(self):
        self.wa.wait_established("10.9.0.2")
        self.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        self.wb.wait_installed("192.168.1.0/24", "wg0", "a.wg0")
        # IPv6 has UPDATEs of its own, behind those of IPv4.
        self.wa.wait_installed("fd00:2::/64", "wg0", "b.wg0")
        self.wb.wait_installed("fd00:1::/64", "wg0", "a.wg0")
