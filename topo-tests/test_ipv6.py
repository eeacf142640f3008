# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 everywhere: underlay, tunnel, session and networks; no IPv4 address inside.

    host ─ fd00:1::/64 ─ a ══ wg0 fd09::1 ── (2001:db8::/32) ── fd09::2 wg0 ══ b ─ fd00:2::/64 ─ host
"""
from lib.probe import Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

CONF = """
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ fd09::{n}/64 ];
        {fast}
        peer {far} {{
            public-key PUB({far}.wg0);
            endpoint INET6({far}):51820;
            tunnel-address [ fd09::{m} ];
            permit [ fd00:{m}::/32 ];
        }}
    }}
}}
bgp {{
    as 6500{n};
    router-id 10.9.0.{n};
    {timers}
    network [ fd00:{n}::/64 ];
    neighbor fd09::{m} {{ remote-as 6500{m}; import all; export all; }}
}}
"""


def test_ipv6_only(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    hosts = [topo.lan(r, f"192.168.{n}.0/24", subnet6=f"fd00:{n}::/64")
             for r, n in ((a, 1), (b, 2))]
    wa = Wgbgp(topo, a, CONF.format(n=1, m=2, far="b", fast=FAST, timers=TIMERS))
    wb = Wgbgp(topo, b, CONF.format(n=2, m=1, far="a", fast=FAST, timers=TIMERS))
    wa.wait_established("fd09::2")
    wa.wait_installed("fd00:2::/64", "wg0", "b.wg0")
    wb.wait_installed("fd00:1::/64", "wg0", "a.wg0")
    assert wa.tunnel("b")["endpoint"].startswith("[2001:db8:")
    with Ping(hosts[0], hosts[1].address6) as ping:
        ping.flows(50)
    ping.nothing_lost()
    net.cut("a", "b")
    wa.wait_gone("fd00:2::/64")
    wait_until(lambda: wa.allowed("wg0", "fd00:2::/64") is None, what="no entry")
    net.restore("a", "b")
    wa.wait_installed("fd00:2::/64", "wg0", "b.wg0")
    reaches(hosts[0], hosts[1].address6)
