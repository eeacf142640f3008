# SPDX-License-Identifier: BSD-2-Clause
"""Topologies by seed: of what kind, with what addresses, over which underlay.

A world has nodes (routers with wgbgp, each with a LAN and a host on it), tunnels between them, and
one node that looks at it: `world.view`, always "a". Its kinds are the functions in KINDS, each with
a drawing. A node's configuration is made from what it has; Node.reload() makes it again with some
of that changed, and so a world is broken (lib/broken.py).
"""
import concurrent.futures
import dataclasses
import random

from .snippets import FAST, TIMERS
from .wait import SLOW, wait_until
from .wgbgp import Wgbgp

OUTSIDE = {4: "203.0.113.9", 6: "2001:db8:ffff::9"}
ALL = "import all; export all;"


@dataclasses.dataclass
class Peer:
    """A tunnel, as one end has it configured."""
    name: str  # the node at the other end
    ifname: str
    far_if: str
    tunnel: list  # addresses of the other end in it
    permit: list = ()
    entries: list = ()  # allowed-ips
    neighbor: str = None  # address of the session; None: no BGP by this tunnel
    options: str = ALL
    cost: int = 0
    six: bool = False  # the endpoint is an IPv6 address

    @property
    def key(self):
        return f"{self.name}.{self.far_if}"


@dataclasses.dataclass
class Interface:
    name: str
    port: int
    addresses: list
    plane: str = ""


def listed(words):
    return f"[ {' '.join(words)} ]"


class Node:
    """CHANGES of conf(): name of a peer to what it has instead: permit, entries, key, options; or
    network (a list), down (names of interfaces), more (statements at the end)."""

    def __init__(self, name, n, as_, lan):
        self.name, self.n, self.as_, self.lan = name, n, as_, lan  # lan: {family: prefix}
        self.interfaces, self.peers, self.statics = {}, [], []
        self.more = ""
        self.router = self.host = self.w = None

    def add(self, ifname, peer, addresses=(), plane=""):
        port = 51820 + len(self.interfaces)
        self.interfaces.setdefault(ifname, Interface(ifname, port, list(addresses), plane))
        self.peers.append(peer)

    def _peer(self, world, peer, changes):
        now = dict({"permit": peer.permit, "entries": peer.entries, "key": peer.key},
                   **changes.get(peer.name, {}))
        far = world.nodes[peer.name]
        text = f"peer {peer.name} {{ public-key PUB({now['key']});\n"
        text += (f"endpoint INET{'6' if peer.six else ''}({peer.name}):"
                 f"{far.interfaces[peer.far_if].port};\n")
        text += f"tunnel-address {listed(peer.tunnel)};\n"
        for word, values in (("permit", now["permit"]), ("allowed-ips", now["entries"])):
            text += f"{word} {listed(values)};\n" if values else ""
        return text + (f"cost {peer.cost};\n" if peer.cost else "") + "}\n"

    def _interface(self, world, interface, changes):
        down = "admin down;" if interface.name in changes.get("down", ()) else ""
        plane = f"plane {interface.plane};" if interface.plane else ""
        return (f"interface {interface.name} {{ {plane} {down} {FAST}\n"
                f"private-key-file KEY({interface.name}); listen-port {interface.port};\n"
                f"address {listed(interface.addresses)};\n"
                + "".join(self._peer(world, p, changes) for p in self.peers
                          if p.ifname == interface.name)
                + changes.get("peers", {}).get(interface.name, "") + "}\n")

    def _neighbor(self, world, peer, changes):
        options = changes.get(peer.name, {}).get("options", peer.options)
        return (f"neighbor {peer.neighbor} {{ remote-as {world.nodes[peer.name].as_}; "
                f"{options} }}\n")

    def conf(self, world, **changes):
        network = changes.get("network", [self.lan[f] for f in world.families])
        text = "".join(self._interface(world, i, changes) for i in self.interfaces.values())
        text = f"system {{ hostname {self.name}; }}\nwireguard {{\n{text}}}\n{self.more}"
        statics = changes.get("statics", self.statics)
        text += f"rib {{ {' '.join(statics)} }}\n" if statics else ""
        sessions = [p for p in self.peers if p.neighbor]
        if sessions:
            own = f"network {listed(network)};" if network else ""
            own = f"plane {world.plane} {{ {own} }}" if world.plane and own else own
            text += (f"bgp {{ as {self.as_}; router-id 10.255.0.{self.n}; {TIMERS}\n{own}\n"
                     + "".join(self._neighbor(world, p, changes) for p in sessions) + "}\n")
        return text

    def reload(self, world, **changes):
        self.w.reload(self.conf(world, **changes))


@dataclasses.dataclass(frozen=True)
class Place:
    """Where packets come from, or go to. VIA: the view's peer that leads there; HOPS: tunnels. Of a
    source in a tunnel VIA is its interface."""
    kind: str
    node: str
    address: str
    family: int
    via: str = ""
    hops: int = 0

    def __str__(self):
        return f"{self.kind} of {self.node}" if self.node else self.kind


SOURCES = ("lan", "tunnel", "wrong", "host")
BEHIND = ("far-host", "far-lan", "nobody")


class World:
    def __init__(self, topo, kind, seed):
        self.topo, self.kind, self.chance = topo, kind, random.Random(f"{seed} {kind}")
        self.plane = ""  # that the view asks about
        self.families = self.chance.choice(((4,), (4, 6), (4, 6), (6,)))
        self.default = self.chance.random() < 0.6  # the view has a default route
        self.plan = self.chance.randrange(200)
        self.nodes = {}
        self.routes = {}  # name of a node: (the view's peer that leads there, tunnels on the way)
        KINDS[kind](self)
        self.view = self.nodes["a"]
        self._start()

    def __str__(self):
        families = " and ".join(map(str, self.families))
        return (f"{self.kind}: {len(self.nodes)} routers, IPv{families}"
                f"{'' if self.default else ', no default route'}")

    # ---- what a kind is made with

    def node(self, name, as_):
        n = len(self.nodes) + 1
        lan = {4: f"10.{20 + self.plan}.{n}.0/{self.chance.choice((24, 26, 28))}",
               6: f"fd{self.plan:02x}:{n}::/64"}
        self.nodes[name] = Node(name, n, as_, lan)
        return self.nodes[name]

    def lans(self, *names):
        return [self.nodes[n].lan[f] for n in names for f in self.families]

    def inner(self, k, n, length=True):
        """Addresses of the node numbered N in the tunnel network K."""
        both = {4: f"10.9.{k}.{n}" + ("/24" if length else ""),
                6: f"fd09:{k + 1}::{n}" + ("/64" if length else "")}
        return [both[f] for f in self.families]

    def tunnel(self, k, one, other, permits, options=(ALL, ALL), ifnames=None, entries=((), ()),
               session=True, cost=0, plane=""):
        """A tunnel in network K; PERMITS: what one may get from the other, and the reverse."""
        ifnames = ifnames or (f"wg{k}", f"wg{k}")
        six = self.chance.random() < 0.3
        for i, (here, there) in enumerate(((one, other), (other, one))):
            tunnel = self.inner(k, there.n, length=False)
            here.add(ifnames[i], Peer(there.name, ifnames[i], ifnames[1 - i], tunnel, permits[i],
                                      entries[i], tunnel[0] if session else None, options[i],
                                      cost, six), self.inner(k, here.n), plane)

    # ---- it comes up

    def _start(self):
        self.net = self.topo.internet()
        for node in self.nodes.values():
            node.router = self.topo.router(node.name, self.net)
            node.host = self.topo.lan(node.router, node.lan[4], subnet6=node.lan[6])
            for router in (node.router, node.host):
                router.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
        self.net.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")
        if not self.default:
            self._without_default()
        for node in self.nodes.values():
            node.w = Wgbgp(self.topo, node.router, node.conf(self))

    def _without_default(self):
        gw, (net6, _) = self.net.gateway("a"), self.net.address("a", 6).rsplit("2", 1)
        self.view.router.ip(f"route add 198.51.0.0/16 via {gw} dev u0\nroute del default dev u0\n"
                            f"route add 2001:db8::/48 via {net6}1 dev u0\n"
                            "route del ::/0 dev u0")

    def wait(self, answered):
        """Until every host is reached: ANSWERED(source, destination) is asked."""
        def wait_one(source, destination):
            wait_until(lambda: answered(source, destination), 60,
                       f"{self.kind}: {source} to {destination}, IPv{source.family}")
        with concurrent.futures.ThreadPoolExecutor(1 if SLOW > 1 else 6) as pool:
            for done in [pool.submit(wait_one, *p) for p in self.base()]:
                done.result()

    # ---- who is there

    def sources(self, family):
        view, lan = self.view, self.view.lan[family].split("/")[0]
        yield Place("host", "a", lan[:-1] + "10" if family == 4 else lan + "10", family)
        yield Place("lan", "a", lan[:-1] + "1" if family == 4 else lan + "1", family)
        if not self.plane:
            yield Place("wrong", "a", self.net.address("a", family), family)
        for interface in view.interfaces.values():
            for text in interface.addresses:
                address = text.split("/")[0]
                if (":" in address) == (family == 6) and not address.startswith("fe80"):
                    yield Place("tunnel", "a", address, family, interface.name)

    def sites(self, family):
        """Hosts of others, whose packets to each other pass through the view."""
        for peer in self.view.peers if self.kind == "hub" else ():
            lan = self.nodes[peer.name].lan[family].split("/")[0]
            yield Place("site-host", peer.name, (lan[:-1] if family == 4 else lan) + "10", family,
                        peer.ifname)

    def destinations(self, family):
        for name, (via, hops) in self.routes.items():
            lan = self.nodes[name].lan[family].split("/")[0]
            lan = lan[:-1] if family == 4 else lan
            for kind, last in (("far-host", "10"), ("far-lan", "1"), ("nobody", "5")):
                yield Place(kind, name, lan + last, family, via, hops)
        for peer in self.view.peers:
            for address in peer.tunnel:
                if (":" in address) == (family == 6) and not address.startswith("fe80"):
                    yield Place("far-tunnel", peer.name, address, family, peer.name, 1)
        yield Place("outside", "", OUTSIDE[family], family)

    def pairs(self):
        through = [(s, d) for f in self.families for s in self.sites(f)
                   for d in self.destinations(f) if d.kind in BEHIND and d.node != s.node]
        return through + [(s, d) for f in self.families for s in self.sources(f)
                          for d in self.destinations(f)]

    def base(self):
        """What is answered where all is well."""
        return [(s, d) for s, d in self.pairs() if s.kind in ("host", "site-host")
                and d.kind == "far-host"]

    def peer(self, name):
        return next(p for p in self.view.peers if p.name == name)

    def _of_another_tunnel(self, source, destination):
        return source.kind == "tunnel" and self.peer(destination.via).ifname != source.via

    def healthy(self, source, destination):
        """The stages at which it may be said to be lost where nothing is broken; none: answered."""
        if destination.kind == "outside":
            return {self.nowhere} if self.nowhere else {"far-route", "answer"}
        # With sessions between link-local addresses everything is let in, and the answer to an
        # address of the underlay comes by that.
        wrong = source.kind == "wrong" and self.kind != "unnumbered"
        if wrong or self._of_another_tunnel(source, destination):
            return {"announced", "far-end"}
        if destination.kind == "nobody":
            return {"answer", "host"} if self.mute(destination) else {"host"}
        return {"answer"} if source.kind == "tunnel" and destination.hops > 1 else set()

    def mute(self, destination):
        """A router there may be unable to say that it drops something: the tunnel does not let its
        address in, or, in a plane, the kernel has no way for what it says by itself."""
        return destination.hops > 1 or self.plane

    @property
    def nowhere(self):
        """The stage at which a packet is lost that nothing has a way for; "": the default route."""
        return "next-hop" if self.plane else "" if self.default else "bgp"


# ---- kinds

def pair(world):
    """a ══ b, each in an AS of its own."""
    a, b = world.node("a", 65001), world.node("b", 65002)
    world.tunnel(0, a, b, (world.lans("b"), world.lans("a")))
    world.routes = {"b": ("b", 1)}


def star(world):
    """b ══ a ══ c, and perhaps d: tunnels of a with an interface each."""
    a = world.node("a", 65001)
    for k, name in enumerate("bcd"[:world.chance.choice((2, 3))]):
        far = world.node(name, 65002 + k)
        world.tunnel(k, a, far, (world.lans(name), world.lans("a")))
        world.routes[name] = (name, 1)


def chain(world):
    """a ══ b ══ c: b sends on, from one of its interfaces to the other."""
    a, b, c = (world.node(name, 65001 + i) for i, name in enumerate("abc"))
    world.tunnel(0, a, b, (world.lans("b", "c"), world.lans("a")))
    world.tunnel(1, b, c, (world.lans("c"), world.lans("a", "b")))
    world.routes = {"b": ("b", 1), "c": ("b", 2)}


HUB = "route-reflector-client true; next-hop-self true;"


def _sites(world, hub, sites):
    """A shared interface of the hub, wg0; the sites reach each other through it."""
    for name in sites:
        permits = (world.lans(name), world.lans(*(n for n in world.nodes if n != name)))
        world.tunnel(0, hub, world.nodes[name], permits, (HUB, ""))


def site(world):
    """A site of a hub, which is b: a ══ b ══ c, and perhaps d, iBGP, the hub reflects."""
    names = "abcd"[:world.chance.choice((3, 4))]
    for name in names:
        world.node(name, 65000)
    _sites(world, world.nodes["b"], names.replace("b", ""))
    world.routes = {name: ("b", 1 if name == "b" else 2) for name in names[1:]}


def hub(world):
    """A hub looks at its sites: b ══ a ══ c, and perhaps d, one interface, iBGP."""
    names = "abcd"[:world.chance.choice((3, 4))]
    for name in names:
        world.node(name, 65000)
    _sites(world, world.nodes["a"], names[1:])
    world.routes = {name: (name, 1) for name in names[1:]}


def hubs(world):
    """a and d are sites of two hubs, b and c, which have a tunnel of their own; b is the better
    way. What must pass through has interfaces with one peer and everything allowed.

        a ═ wg0 ═ b ═ wg0 ═ d
        ╚══ wg1 ═ c ═ wg1 ══╝     b wg2 ══ wg2 c
    """
    a, b, c, d = (world.node(name, 65000) for name in "abcd")
    wide = world.lans(*"abcd")
    for k, one in enumerate((b, c)):
        for far in (a, d):
            world.tunnel(k, one, far, (world.lans(far.name), wide), (HUB, ""),
                         entries=((), ("any",)), cost=100 * k)
    world.tunnel(2, b, c, (wide, wide), ("next-hop-self true;",) * 2, entries=(("any",),) * 2)
    world.routes = {"b": ("b", 1), "c": ("b", 2), "d": ("b", 2)}


def unnumbered(world):
    """b ══ a ══ c, as in dn42: sessions between link-local addresses, the same ones on each tunnel,
    addresses of hosts for IPv4, everything allowed; a tunnel has no address of IPv6 otherwise."""
    a = world.node("a", 4242420001)
    for k, name in enumerate("bc"):
        far = world.node(name, 4242420002 + k)
        wg, ends = f"wg{k}", ((a, far, "fe80::1", "fe80::2"), (far, a, "fe80::2", "fe80::1"))
        for here, there, own, other in ends:
            addresses, tunnel = [f"{own}/64"], [other]
            if 4 in world.families:
                addresses.append(f"10.10.{here.n}.{k}/32")
                tunnel.append(f"10.10.{there.n}.{k}")
            here.add(wg, Peer(there.name, wg, wg, tunnel, ["10.0.0.0/8", "fc00::/7"], ["any"],
                              f"{other}%{wg}"), addresses)
        world.routes[name] = (name, 1)


def static(world):
    """a ══ b without BGP: entries and routes of the configuration; c beside it has a session."""
    a, b, c = (world.node(name, 65001 + i) for i, name in enumerate("abc"))
    world.tunnel(0, a, b, entries=(world.lans("b"), world.lans("a")), permits=((), ()),
                 session=False)
    world.tunnel(1, a, c, (world.lans("c"), world.lans("a")))
    for here, there in ((a, b), (b, a)):
        for family, address in zip(world.families, world.inner(0, there.n, length=False)):
            way = world.chance.choice((f"next-hop {address};", "interface wg0;"))
            here.statics.append(f"static {there.lan[family]} {{ {way} }}")
    world.routes = {"b": ("b", 1), "c": ("c", 1)}


def plane(world):
    """a ══ b in a plane of both, with the LANs."""
    world.plane = "blue"
    a, b = world.node("a", 65001), world.node("b", 65002)
    world.tunnel(0, a, b, (world.lans("b"), world.lans("a")), plane="blue")
    for here in (a, b):
        sources = [*world.lans(here.name), *world.inner(0, here.n)]
        here.more = (f"plane blue {{ table 100; interface lan0; isolate on;\n"
                     f"rule {{ source {listed(sources)}; }} }}\n")
    world.routes = {"b": ("b", 1)}


KINDS = {made.__name__: made for made in (pair, unnumbered, site, chain, static, hubs, plane, hub,
                                          star)}
