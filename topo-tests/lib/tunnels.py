# SPDX-License-Identifier: BSD-2-Clause
"""A router `a` (AS 65001) with a tunnel interface for each of some groups of others, eBGP with each.

    192.168.1.0/24 ─ a ═╦═ wg0 NET.1 ══ NET.HOST b, ... (AS of its own)
                        ╚═ wg1 NET.1 ══ NET.HOST c, ...
"""
import collections

from .snippets import FAST, TIMERS
from .wgbgp import Wgbgp

LAN = "192.168.1.0/24"

# The routers behind one interface of a; MORE: what else a's interface has.
Tunnel = collections.namedtuple("Tunnel", "net ends more", defaults=("",))
# HOST in the tunnel's net; NETWORKS that it announces; PERMIT and the name PEER that a has for it.
End = collections.namedtuple("End", "router host asn networks permit peer")

IF = """
    interface wg{i} {{
        private-key-file KEY(wg{i});
        listen-port 5182{i};
        address [ {net}.{host}/24 ];
        {more}
        {fast}{peers}
    }}"""
PEER = """
        peer {peer} {{
            public-key PUB({router}.wg{i});
            endpoint INET({router}):5182{i};
            tunnel-address [ {net}.{host} ];
            permit [ {permit} ];
        }}"""
NEIGHBOR = """
    neighbor {net}.{host} {{ remote-as {asn}; import all; export all; }}"""
CONF = """
system {{ hostname {name}; }}
wireguard {{{interfaces}
}}
bgp {{
    as {asn};
    router-id {id};
    {timers}
    network [ {networks} ];{neighbors}
}}
"""


def interface(i, tunnel, host, ends, more=""):
    peers = "".join(PEER.format(i=i, net=tunnel.net, **end._asdict()) for end in ends)
    return IF.format(i=i, net=tunnel.net, host=host, more=more, fast=FAST, peers=peers)


def neighbors(tunnel, ends):
    return "".join(NEIGHBOR.format(net=tunnel.net, **end._asdict()) for end in ends)


def near_conf(tunnels):
    return CONF.format(
        name="a", asn=65001, id=f"{tunnels[0].net}.1", timers=TIMERS, networks=LAN,
        interfaces="".join(interface(i, t, 1, t.ends, t.more) for i, t in enumerate(tunnels)),
        neighbors="".join(neighbors(t, t.ends) for t in tunnels))


def far_conf(i, tunnel, end):
    a = End("a", 1, 65001, LAN, LAN, "a")
    return CONF.format(name=end.router, asn=end.asn, id=f"{tunnel.net}.{end.host}", timers=TIMERS,
                       networks=end.networks, interfaces=interface(i, tunnel, end.host, [a]),
                       neighbors=neighbors(tunnel, [a]))


class Tunnels:
    """The routers, and a's LAN; start() has them run, when what they announce is there."""

    def __init__(self, topo, tunnels):
        self.topo, self.tunnels = topo, tunnels
        net = topo.internet()
        self.a = topo.router("a", net)
        self.router = {end.router: topo.router(end.router, net)
                       for t in tunnels for end in t.ends}
        self.office = topo.lan(self.a, LAN)
        self.w, self.far, self.text = None, [], None

    def start(self, more=""):
        """MORE: sections of a's configuration."""
        self.w = Wgbgp(self.topo, self.a, near_conf(self.tunnels) + more)
        self.far = [Wgbgp(self.topo, self.router[end.router], far_conf(i, t, end))
                    for i, t in enumerate(self.tunnels) for end in t.ends]
        self.text = self.read()

    def read(self):
        with open(self.w.conf_file, encoding="ascii") as f:
            return f.read()
