# SPDX-License-Identifier: BSD-2-Clause
"""A hub with nine tunnels, overlapping prefixes, and a model of both its tables.

              ╔═ s1 s2 s3 ═╗
    hub wg0 ══╣            ║ s4 has a tunnel on both      overlapping prefixes of both families
              ╚═ s4 ═╗     ║ shared interfaces            from everywhere, also with another
    hub wg1 ══╦══════╝                                    site's tunnel address as next hop
              ╚═ s5 s6
    hub wgt1 ═══ t1        transit: single-peer interfaces with `allowed-ips any`
    hub wgt2 ═══ t2

The sites are bench/speaker behind plain WireGuard. What is announced, and what somebody else has a
route for, is told to the model; from it follow the routes and the AllowedIPs of the hub (I1).
WGBGP_SEED repeats a run."""
import collections
import ipaddress
import os
import random
import re

from .keys import public_key
from .snippets import FAST
from .speaker import Speaker, SpeakerError
from .wait import Timeout, wait_until
from .wg import PlainWg, allowed_ips
from .wgbgp import Wgbgp

SEED = int(os.environ.get("WGBGP_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
RANKED = 8       # next hops a prefix that bgpd hands down

POOLS = ("10.128.0.0/12", "fd80::/32")
INTERFACES = {"wg0": 0, "wg1": 1, "wgt1": 2, "wgt2": 3}
SHARED = ("wg0", "wg1")


class Member:
    """One tunnel and the session through it."""

    def __init__(self, number, site, ifname, cost=0, permit=POOLS):
        self.site, self.ifname, self.cost = site, ifname, cost
        self.name = f"{site}-{ifname}"
        self.as_number = 65001 + number
        net = INTERFACES[ifname]
        self.address = f"10.99.{net}.{11 + number}"
        self.address6 = str(ipaddress.ip_address(f"fd99:{net}::{11 + number}"))
        self.key = f"{site}.{ifname}"
        self.permit = [ipaddress.ip_network(p) for p in permit]

    def tunnel_address(self, version):
        return self.address if version == 4 else self.address6

    def permits(self, network):
        return any(network.version == p.version and network.subnet_of(p) for p in self.permit)


MEMBERS = [Member(i, *row) for i, row in enumerate((
    ("s1", "wg0"), ("s2", "wg0"), ("s3", "wg0", 0, ("10.128.0.0/14", "fd80::/34")),
    ("s4", "wg0"), ("s4", "wg1"), ("s5", "wg1", 5), ("s6", "wg1"), ("t1", "wgt1"),
    ("t2", "wgt2", 10)))]
BY_ADDRESS = {a: m for m in MEMBERS for a in (m.address, m.address6)}
SITES = sorted({m.site for m in MEMBERS})

INTERFACE = """
    interface {name} {{
        private-key-file KEY({name});
        listen-port {port};
        address [ 10.99.{net}.1/24 fd99:{net}::1/64 ];
        {fast}
{peers}    }}
"""
PEER = """        peer {m.name} {{
            public-key PUB({m.key});
            tunnel-address [ {m.address} {m.address6} ];
            cost {m.cost};
            permit [ {permit} ];
            {any}
        }}
"""


def hub_conf():
    text = "wireguard {\n"
    for name, net in INTERFACES.items():
        peers = "".join(PEER.format(
            m=m, permit=" ".join(map(str, m.permit)),
            any="" if name in SHARED else "allowed-ips any;")
            for m in MEMBERS if m.ifname == name)
        text += INTERFACE.format(name=name, port=51820 + net, net=net, fast=FAST, peers=peers)
    text += ("}\nbgp {\n    as 65000;\n    router-id 10.99.0.1;\n"
             "    neighbor-group sites { passive true; import all; export none; }\n")
    for m in MEMBERS:
        text += f"    neighbor {m.address} {{ group sites; remote-as {m.as_number}; }}\n"
    return text + "}\n"


# ---- the model

Path = collections.namedtuple("Path", "length next_hop")


class Model:
    """What each session announced; from it follow both tables."""

    def __init__(self, prefixes):
        self.networks = {p: ipaddress.ip_network(p) for p in prefixes}
        self.announced = {m.name: {} for m in MEMBERS}
        self.foreign = set()  # prefixes that somebody else has a route for

    def eligible(self, prefix, member, path, sessions_up, tunnels_down):
        owner = BY_ADDRESS[path.next_hop]
        return member.name in sessions_up and owner.name not in tunnels_down \
            and owner.permits(self.networks[prefix]) and prefix not in FORBIDDEN \
            and prefix not in self.foreign

    def ranked(self, prefix, sessions_up, tunnels_down):
        """Tunnels of the distinct next hops, best path first."""
        paths = []
        for m in MEMBERS:
            path = self.announced[m.name].get(prefix)
            if path and self.eligible(prefix, m, path, sessions_up, tunnels_down):
                owner = BY_ADDRESS[path.next_hop]
                router_id = ipaddress.ip_address(m.address)
                paths.append((path.length, owner.cost, router_id, owner))
        found = []
        for *_, owner in sorted(paths, key=lambda p: p[:3]):
            if owner not in found:
                found.append(owner)
        return found[:RANKED]

    def want(self, prefix, sessions_up, tunnels_down):
        """(The route's interface or None, {shared interface: key of the tunnel with the entry})."""
        ranked = self.ranked(prefix, sessions_up, tunnels_down)
        owners = {name: next((m.key for m in ranked if m.ifname == name), None) for name in SHARED}
        return (ranked[0].ifname if ranked else None,
                {name: key for name, key in owners.items() if key})

    def tables(self, sessions_up, tunnels_down):
        """({prefix: interface}, {interface: {prefix: tunnel's key}}), of what was learned."""
        routes, entries = {}, {name: {} for name in SHARED}
        for prefix in self.networks:
            ifname, owners = self.want(prefix, sessions_up, tunnels_down)
            if ifname:
                routes[prefix] = ifname
            for name, key in owners.items():
                entries[name][prefix] = key
        return routes, entries

    def waiting(self, prefix, ifname, sessions_up, tunnels_down):
        """Tunnels on the interface that lack nothing but being up: one of them may keep its entry
        as long as the prefix has a route and no other peer there needs it."""
        paths = [(m, self.announced[m.name].get(prefix)) for m in MEMBERS]
        owners = [BY_ADDRESS[path.next_hop] for m, path in paths
                  if path and self.eligible(prefix, m, path, sessions_up, ())]
        return {o.key for o in owners if o.ifname == ifname and o.name in tunnels_down}


# Tunnel addresses are nobody's to announce.
FORBIDDEN = {f"{MEMBERS[0].address}/32", f"{MEMBERS[7].address6}/128"}


def nested_prefixes(rng, pool, count):
    """Prefixes inside one another: each new one extends one that is there already."""
    network = ipaddress.ip_network(pool)
    found = [network]
    while len(found) < count:
        parent = rng.choice(found)
        length = parent.prefixlen + rng.randint(1, 4)
        if length > (30 if network.version == 4 else 64):
            continue
        step = 1 << (network.max_prefixlen - length)
        child = ipaddress.ip_network(
            (int(parent.network_address) + rng.randrange(1 << (length - parent.prefixlen)) * step,
             length))
        if child not in found:
            found.append(child)
    return [str(n) for n in found]


# ---- the network

class Net:
    def __init__(self, topo):
        self.inet = topo.internet()
        self.hub = topo.router("hub", self.inet)
        self.site = {name: topo.router(name, self.inet) for name in SITES}
        self.wgbgp = Wgbgp(topo, self.hub, hub_conf())
        for m in MEMBERS:
            net = INTERFACES[m.ifname]
            PlainWg(self.site[m.site], m.ifname, port=51820 + net,
                    addresses=f"{m.address}/24 {m.address6}/64", peers=[{
                        "key": f"hub.{m.ifname}", "keepalive": 5, "allowed_ips": "0.0.0.0/0 ::/0",
                        "endpoint": f"{self.inet.address(self.hub)}:{51820 + net}"}])
        self.speaker = {name: Speaker(topo, self.site[name]) for name in SITES}
        for m in MEMBERS:
            self.speaker[m.site].do(
                f"session {m.name} local={m.address} remote=10.99.{INTERFACES[m.ifname]}.1 "
                f"as={m.as_number} remote-as=65000 hold=90 ipv6")
        self.ups = {m.name: 1 for m in MEMBERS}
        self.down = set()
        for name in SITES:
            self.speaker[name].do("wait established timeout=60")

    def sessions_up(self):
        state = {n["address"]: n["state"].lower()
                 for n in self.wgbgp.show("bgp summary")["neighbors"]}
        return {m.name for m in MEMBERS if state[m.address] == "established"}

    def wait_tunnels(self, site, state):
        for m in MEMBERS:
            if m.site == site:
                self.wgbgp.wait_tunnel(m.name, state)

    def cut(self, site):
        self.inet.cut(self.hub, self.site[site])
        self.wait_tunnels(site, "down")
        self.down = {m.name for m in MEMBERS if m.site == site}

    def restore(self, site):
        self.inet.restore(self.hub, self.site[site])
        self.wait_tunnels(site, "up")
        self.down = set()

    def new_sessions(self, cause):
        """The far ends here have no graceful restart: what they announced goes, and comes back."""
        cause()
        wait_until(lambda: all(self.speaker[m.site].show(m.name)[m.name]["ups"] > self.ups[m.name]
                               for m in MEMBERS), 60, "new sessions", 0.2)

    def catch_up(self, model):
        """New sessions are told everything again. False while one that should be up is not."""
        complete = True
        for m in MEMBERS:
            counts = self.speaker[m.site].show(m.name)[m.name]
            if m.name in self.down:
                continue
            if counts["state"] != "established":
                complete = False
            elif counts["ups"] != self.ups[m.name]:
                self.ups[m.name] = counts["ups"]
                for prefix, path in model.announced[m.name].items():
                    self.announce(m, prefix, path)
        return complete

    def say(self, member, line):
        try:
            self.speaker[member.site].do(line)
        except SpeakerError as e:  # where the session is lost, catch_up() tells the new one
            if "an established session" not in str(e):
                raise

    def announce(self, member, prefix, path):
        hops = ",".join(str(64600 + i) for i in range(path.length - 1))
        self.say(member, f"announce {member.name} {prefix} next-hop={path.next_hop}"
                 + (f" path={hops}" if hops else ""))

    def withdraw(self, member, prefix):
        self.say(member, f"withdraw {member.name} {prefix}")

    def said(self, daemon, meddle, loot):
        """Somebody meddles with something of ours: drift, which the log tells."""
        before = len(self.wgbgp.log())
        meddle()
        wait_until(lambda: not loot or re.search(f" {daemon} warning: drift-repaired",
                                                 self.wgbgp.log()[before:]), 20,
                   f"{daemon} to say that it repaired {loot}")

    def live(self):
        """Both tables as they are, in the model's terms; and the routes to tunnel addresses."""
        keys = {public_key(m.key): m.key for m in MEMBERS}
        tunnel = {m.address + "/32" for m in MEMBERS} | {m.address6 + "/128" for m in MEMBERS}
        routes, host = {}, {}
        for prefix, found in self.wgbgp.kernel_routes().items():
            assert len(found) == 1, f"two routes: {found}"
            (host if prefix in tunnel else routes)[prefix] = found[0]["dev"]
        entries = {}
        for name in SHARED:
            entries[name] = {prefix: keys.get(key, key)
                             for key, prefixes in allowed_ips(self.hub, name).items()
                             for prefix in prefixes if prefix not in tunnel}
        return routes, entries, host


# ---- comparison

def difference(what, live, model):
    lines = [f"{what} {p}: is {live.get(p)}, should be {model.get(p)}"
             for p in sorted(live.keys() | model.keys()) if live.get(p) != model.get(p)]
    return lines[:10]


def differences(net, model):
    """What is not as it should be; empty when all is well."""
    routes, entries, host = net.live()
    sessions_up = net.sessions_up()
    want_routes, want_entries = model.tables(sessions_up, net.down)
    wrong = difference("route", routes, want_routes)
    for name in SHARED:
        for prefix in entries[name].keys() & want_routes.keys() - want_entries[name].keys():
            if entries[name][prefix] in model.waiting(prefix, name, sessions_up, net.down):
                want_entries[name][prefix] = entries[name][prefix]
        wrong += difference(f"{name} entry", entries[name], want_entries[name])
    for m in MEMBERS:
        if m.name not in net.down and host.get(f"{m.address}/32", m.ifname) != m.ifname:
            wrong.append(f"tunnel address {m.address} leaves by {host[m.address + '/32']}")
    return wrong


def span(prefix):
    network = ipaddress.ip_network(prefix)
    return (network.version, int(network.network_address), int(network.broadcast_address),
            network.prefixlen)


def longest(table, version, address):
    """(prefix length, value) of the longest match in [(span, value)]."""
    best = (-1, None)
    for (v, first, last, length), value in table:
        if v == version and first <= address <= last and length > best[0]:
            best = (length, value)
    return best


def disagreements(routes, entries):
    """I1 itself, address by address, on the tables as they are: where the longest route match
    leaves by a shared interface, the longest AllowedIPs match there is the same prefix's owner."""
    spans = {p: span(p) for p in set(routes).union(*entries.values())}
    by_route = [(spans[p], p) for p in routes]
    by_entry = {name: [(spans[p], p) for p in entries[name]] for name in SHARED}
    starts = {(v, a) for v, first, last, _ in spans.values() for a in (first, last + 1)}
    wrong = []
    for version, address in starts:
        prefix = longest(by_route, version, address)[1]
        ifname = routes.get(prefix)
        if ifname not in SHARED:
            continue
        entry = longest(by_entry[ifname], version, address)[1]
        if entries[ifname].get(entry) != entries[ifname].get(prefix):
            wrong.append(f"{ifname}: {ipaddress.ip_address(address)} is routed by {prefix} "
                         f"({entries[ifname].get(prefix)}), AllowedIPs say {entry}")
    return wrong


def check(net, model, when):
    """Waits until both tables are what the model says."""
    try:
        wait_until(lambda: net.catch_up(model) and not differences(net, model), 45,
                   "the model's tables", 0.2)
    except Timeout:
        raise AssertionError(f"seed {SEED}, {when}:\n"
                             + "\n".join(differences(net, model))) from None
    routes, entries, _ = net.live()
    wrong = disagreements(routes, entries)
    assert not wrong, f"seed {SEED}, {when}:\n" + "\n".join(wrong[:10])


def random_operation(rng, net, model):
    """One site announces or withdraws something; returns the prefix and what was said."""
    member = rng.choice([m for m in MEMBERS if m.name not in net.down])
    mine = model.announced[member.name]
    if mine and rng.random() < 0.4:
        prefix = rng.choice(sorted(mine))
        del mine[prefix]
        net.withdraw(member, prefix)
        return prefix, f"{member.name} withdraws {prefix}"
    prefix = rng.choice(sorted(model.networks))
    version = model.networks[prefix].version
    neighbors = [m for m in MEMBERS if m.ifname == member.ifname]
    owner = rng.choice(neighbors) if rng.random() < 0.2 else member
    mine[prefix] = Path(rng.randint(1, 4), owner.tunnel_address(version))
    net.announce(member, prefix, mine[prefix])
    return prefix, f"{member.name} announces {prefix} {mine[prefix]}"
