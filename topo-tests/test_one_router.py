# SPDX-License-Identifier: BSD-2-Clause
"""Two tunnels to one router, by the same addresses (unnumbered): each is the other's backup.

                           ╔═ wg1 ═ 51821 ═ wg1 ═╗
    host ─ 192.168.1.0/24 ─ a                     b ─ 192.168.2.0/24 ─ host
             fd00:1::/64   ╚═ wg2 ═ 51822 ═ wg2 ═╝      fd00:2::/64
                       10.9.0.1           10.9.0.2
                       fd09::1            fd09::2
"""
import pytest

from lib.probe import Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

INTERFACE = """
    interface wg{i} {{
        private-key-file KEY(wg{i});
        listen-port 5182{i};
        address [ 10.9.0.{n}/32 fd09::{n}/128 ];
        {fast}
        peer {far}{i} {{
            public-key PUB({far}.wg{i});
            endpoint INET({far}):5182{i};
            tunnel-address [ 10.9.0.{m} fd09::{m} ];
            allowed-ips any;
            permit [ 192.168.{m}.0/24 fd00:{m}::/48 ];
        }}
    }}
"""

CONF = """
wireguard {{ {interfaces} }}
bgp {{
    as 6500{n};
    router-id 10.9.0.{n};
    {timers}
    network [ 192.168.{n}.0/24 fd00:{n}::/64 ];
    neighbor 10.9.0.{m} {{ remote-as 6500{m}; import all; export all; }}
}}
"""

# A session over each tunnel instead of one by either.
OVER_LINKS = """
    neighbor fe80::{m}%wg1 {{ remote-as 6500{m}; import {first}; export all; }}
    neighbor fe80::{m}%wg2 {{ remote-as 6500{m}; import {second}; export all; }}
}}
policy better {{ term 1 {{ then accept; set {{ local-preference 200; }} }} }}
"""

CUT = """table inet cut {{
    chain in {{ type filter hook input priority -300; udp dport 5182{i} drop; }}
    chain out {{ type filter hook output priority -300; udp dport 5182{i} drop; }}
}}"""


def conf(n, m, far):
    interfaces = "".join(INTERFACE.format(i=i, n=n, m=m, far=far, fast=FAST) for i in (1, 2))
    return CONF.format(interfaces=interfaces, n=n, m=m, timers=TIMERS)


def over_links(n, m, far, first="all", second="all"):
    text = conf(n, m, far).replace(f"fd09::{n}/128", f"fd09::{n}/128 fe80::{n}/64")
    text = text.replace(f"fd09::{m} ]", f"fd09::{m} fe80::{m} ]")
    return text[:text.index("    neighbor")] + OVER_LINKS.format(m=m, first=first, second=second)


class Pair:
    def __init__(self, topo, conf=conf):
        net = topo.internet()
        self.a, self.b = topo.router("a", net), topo.router("b", net)
        self.host_a = topo.lan(self.a, "192.168.1.0/24", subnet6="fd00:1::/64")
        self.host_b = topo.lan(self.b, "192.168.2.0/24", subnet6="fd00:2::/64")
        self.wa = Wgbgp(topo, self.a, conf(1, 2, "b"))
        self.wb = Wgbgp(topo, self.b, conf(2, 1, "a"))
        self.wa.wait_established()

    def goes_by(self, i):
        for w, far, n in ((self.wa, "b", 2), (self.wb, "a", 1)):
            for prefix in (f"192.168.{n}.0/24", f"fd00:{n}::/64"):
                w.wait_installed(prefix, f"wg{i}", f"{far}.wg{i}")

    def reached_by(self, i):
        for w, n in ((self.wa, 2), (self.wb, 1)):
            for address in (f"10.9.0.{n}", f"fd09::{n}"):
                wait_until(lambda: w.leaves_by(address) == f"wg{i}", 20, f"{address} by wg{i}")

    def cut(self, i):
        self.a.nft(CUT.format(i=i))

    def restore(self):
        self.a.nft("delete table inet cut")

    def sessions(self):
        """How often there was one."""
        return self.wa.log().count("session-up")


@pytest.fixture
def pair(topo):
    return Pair(topo)


def test_backup(pair):
    """What one of the tunnels carried goes by the other when it dies, the session itself, too, and
    comes back."""
    p = pair
    p.goes_by(1)
    before = p.sessions()
    with Ping(p.host_a, p.host_b.address) as ping:
        ping.flows()
        for cut, left in ((2, 1), (1, 2)):
            p.cut(cut)
            p.wa.wait_tunnel(f"b{cut}", "down")
            p.wb.wait_tunnel(f"a{cut}", "down")
            p.goes_by(left)
            p.reached_by(left)
            ping.flows()
            reaches(p.host_a, p.host_b.address6)
            p.restore()
            p.goes_by(1)
    assert p.sessions() == before and p.wa.established("10.9.0.2")


@pytest.mark.parametrize("daemon", ("zebra-lite", "wgd"))
def test_restart(pair, daemon):
    """A daemon's successor finds all as it was, and the way by the tunnel that lives."""
    p = pair
    p.goes_by(1)
    p.cut(1)
    p.wa.wait_tunnel("b1", "down")
    p.goes_by(2)
    p.wa.kill_daemon(daemon)
    p.goes_by(2)
    p.restore()
    p.goes_by(1)
    reaches(p.host_a, p.host_b.address)


def test_session_over_each(topo):
    """Two sessions over link-local addresses: the better path's tunnel carries IPv4, too, though
    both say the same next hop, and the other one's takes over. That of IPv4 is the link-local
    address: the tunnels' IPv4 addresses stand alone in their networks (RFC 8950)."""
    p = Pair(topo, over_links)
    for w, n, m, far in ((p.wa, 1, 2, "b"), (p.wb, 2, 1, "a")):
        w.reload(over_links(n, m, far, second="better"))
    p.goes_by(2)
    assert p.wa.best("192.168.2.0/24")["next-hop"] == "fe80::2%wg2"
    p.cut(2)
    p.goes_by(1)
    assert p.wa.best("192.168.2.0/24")["next-hop"] == "fe80::2%wg1"
    reaches(p.host_a, p.host_b.address)
    p.restore()
    p.goes_by(2)
    for w, n, m, far in ((p.wa, 1, 2, "b"), (p.wb, 2, 1, "a")):
        w.reload(over_links(n, m, far, first="better"))
    p.goes_by(1)
    p.wa.kill_daemon("zebra-lite")
    p.goes_by(1)
    reaches(p.host_a, p.host_b.address)
