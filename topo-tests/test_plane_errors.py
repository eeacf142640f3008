# SPDX-License-Identifier: BSD-2-Clause
"""What the hub itself says of a packet of a plane (too big, time exceeded, unreachable), and what it
answers from an address of the plane, goes back by the plane, to hosts that the main table does not
know, and never in the clear. Hosts that the main table knows are answered by it.

    host s ─ 192.168.2.0/24 ─ s ══ wg1 10.9.1.0/24 ═ hub ═ wg2 10.9.2.0/24, MTU 1300 ══ t ─ 192.168.3.0/24 ─ host t
             fd00:2::/64           fd09:1::/64        │    fd09:2::/64                      fd00:3::/64
                                                     lan0 192.168.1.0/24 ─ host l, 192.168.9.10 behind it
                          main plane: lan5 192.168.5.0/24 ─ host m
"""
import re

import pytest

from lib.clear import count, leaked
from lib.fourplanes import connects, services
from lib.probe import reachable
from lib.snippets import FAST, TIMERS
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

SMALL = 1300  # the tunnel from the hub to t

INTERFACE = """
    interface wg{i} {{
        {plane}
        private-key-file KEY(wg{i});
        listen-port 5182{i};
        mtu {mtu};
        address [ 10.9.{i}.{n}/24 fd09:{i}::{n}/64 ];
        {fast}
        peer {far} {{
            public-key PUB({far}.wg{i});
            endpoint INET({far}):5182{i};
            tunnel-address [ 10.9.{i}.{m} fd09:{i}::{m} ];
            permit [ 192.168.0.0/16 fd00::/16 ];
        }}
    }}
"""

SITE = """
wireguard {{ {interface} }}
bgp {{
    as 6500{k};
    router-id 10.9.{i}.2;
    {timers}
    network [ 192.168.{k}.0/24 fd00:{k}::/64 ];
    neighbor 10.9.{i}.1 {{ remote-as 65001; import all; export all; }}
}}
"""

HUB = """
plane storage {{
    table 103;
    isolate on;
    interface lan0;
    static 192.168.9.0/24 {{ next-hop 192.168.1.10; }}
    static fd00:9::/64 {{ next-hop fd00:1::10; }}
}}
wireguard {{ {interfaces} }}
bgp {{
    as 65001;
    router-id 10.9.1.1;
    {timers}
    plane storage {{ network [ 192.168.1.0/24 192.168.9.0/24 fd00:1::/64 fd00:9::/64 ]; }}
    neighbor 10.9.1.2 {{ remote-as 65002; import all; export all; }}
    neighbor 10.9.2.2 {{ remote-as 65003; import all; export all; }}
}}
"""


def interface(i, n, m, far, plane=""):
    return INTERFACE.format(i=i, n=n, m=m, far=far, plane=plane, fast=FAST,
                            mtu=SMALL if i == 2 else 1420)


class Net:
    def __init__(self, topo):
        self.net = topo.internet()
        count(self.net)
        self.hub = topo.router("hub", self.net)
        sites = {n: topo.router(n, self.net) for n in "st"}
        self.hosts = {n: topo.lan(r, f"192.168.{k}.0/24", subnet6=f"fd00:{k}::/64")
                      for k, (n, r) in enumerate((("l", self.hub), *sites.items()), 1)}
        self.hosts["l"].ip("addr add 192.168.9.10/32 dev lo\n"
                           "addr add fd00:9::10/128 dev lo nodad")
        self.hosts["m"] = m = topo.router("m")
        link(self.hub, "lan5", m, "eth0", "192.168.5.1/24 fd00:5::1/64",
             "192.168.5.10/24 fd00:5::10/64")
        m.ip("route add default via 192.168.5.1\nroute add ::/0 via fd00:5::1")
        plane = "plane storage;"
        self.w = Wgbgp(topo, self.hub, HUB.format(timers=TIMERS, interfaces=interface(
            1, 1, 2, "s", plane) + interface(2, 1, 2, "t", plane)))
        self.sites = [Wgbgp(topo, r, SITE.format(
            k=i + 1, i=i, timers=TIMERS, interface=interface(i, 2, 1, "hub")))
            for i, r in enumerate(sites.values(), 1)]
        for i, w in enumerate(self.sites, 1):
            for prefix in (f"192.168.{4 - i}.0/24", f"fd00:{4 - i}::/64", "192.168.9.0/24",
                           "fd00:9::/64"):
                w.wait_installed(prefix, f"wg{i}", f"hub.wg{i}", timeout=60)

    def says(self, host, family, to, *more):
        """What the first router that is not content says to the host."""
        host.run(["ip", f"-{family}", "route", "flush", "cache"])
        out = host.run(["ping", f"-{family}", "-n", "-c", "1", "-W", "2", *more, to], check=False)
        text = out.stdout + out.stderr
        found = re.search(r"[Ff]rom ([0-9a-f.:]+?):? icmp_seq=\d+ (.*)", text)
        return found.groups() if found else ("", text)


@pytest.fixture(name="d")
def _d(topo):
    return Net(topo)


SAID = {4: {"big": f"Frag needed and DF set (mtu = {SMALL})", "hops": "Time to live exceeded",
            "none": "Destination Host Unreachable"},
        6: {"big": f"Packet too big: mtu={SMALL}", "hops": "Time exceeded: Hop limit",
            "none": "Destination unreachable: "}}


def address(host, family):
    return host.address if family == 4 else host.address6


def wrong(d, family, name, source, by, hops):
    """What the hub does not say, or says from elsewhere: BY is its address towards the host, HOPS
    from there."""
    host, more = d.hosts[name], ("-I", source) if source else ()
    t = address(d.hosts["t"], family)
    nowhere = "192.168.77.1" if family == 4 else "fd00:77::1"
    asked = {"big": (t, "-M", "do", "-s", "1350"), "hops": (t, "-t", str(hops)),
             "none": (nowhere,)}
    said = {what: d.says(host, family, *a, *more) for what, a in asked.items()}
    print(name, by, said)
    return {what: s for what, s in said.items()
            if s[0] != by or not s[1].startswith(SAID[family][what])}


@pytest.mark.parametrize("family", [4, 6])
def test_from_tunnel(d, family):
    """The host is behind a tunnel of the plane. Its own router knows nothing of a network that
    nobody has, unless it is given a way to the hub."""
    d.sites[0].replace("permit [ 192.168.0.0/16 fd00::/16 ];",
                       "permit [ 192.168.0.0/16 fd00::/16 ]; "
                       "allowed-ips [ 192.168.77.0/24 fd00:77::/64 ];")
    d.sites[0].router.ip("route add 192.168.77.0/24 dev wg1\nroute add fd00:77::/64 dev wg1")
    by = "10.9.1.1" if family == 4 else "fd09:1::1"
    wait_until(lambda: not wrong(d, family, "s", None, by, 2), 30, "the hub's words")
    assert leaked(d.net) == 0
    far = address(d.hosts["t"], family)
    # A transfer finds out: the host's kernel remembers what the way takes.
    d.says(d.hosts["s"], family, far, "-M", "do", "-s", "1350")
    route = d.hosts["s"].out(["ip", f"-{family}", "route", "get", far])
    assert f"mtu {SMALL}" in route


@pytest.mark.parametrize("family", [4, 6])
def test_from_lan(d, family):
    """The host is behind a router of a LAN of the plane."""
    source, by = (("192.168.9.10", "192.168.1.1") if family == 4 else ("fd00:9::10", "fd00:1::1"))
    wait_until(lambda: not wrong(d, family, "l", source, by, 1), 30, "the hub's words")
    assert leaked(d.net) == 0


def test_rule_of_same_source(d):
    """A rule of the configuration from the same address comes and goes: the kernel deletes the first
    rule that has what it is asked for, and that of errors has it."""
    def rules():
        return [r.strip() for r in d.hub.out(["ip", "rule"]).splitlines() if "10.9.1.1 " in r]

    before = rules()
    assert len([r for r in before if "ipproto" in r]) == 3
    plain, with_it = "lan0;", "lan0;\n    rule { source 10.9.1.1/32; }"
    d.w.replace(plain, with_it)
    wait_until(lambda: len(rules()) == len(before) + 1, 15, "the rule of the configuration")
    d.w.replace(with_it, plain)
    wait_until(lambda: sorted(rules()) == sorted(before), 15, "only the others")


OWN = {4: ("10.9.1.1", "192.168.1.1"), 6: ("fd09:1::1", "fd00:1::1")}

REFUSED = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect((sys.argv[1], 9))
s.send(b"x")
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
except TimeoutError:
    pass
sys.exit(1)
"""


def refused(host, address):
    """The host is told that nobody listens at a port of UDP."""
    return host.run(["/usr/bin/python3", "-c", REFUSED, address], check=False).returncode == 0


def answers(host, address):
    """What the host gets from an address of the hub: of ICMP, TCP, and a refusal."""
    return {"echo": reachable(host, address), "connection": connects(host, address, 9100),
            "refusal": refused(host, address)}


def all_answered(d, name, family):
    said = {a: answers(d.hosts[name], a) for a in OWN[family]}
    print(name, said)
    return all(all(s.values()) for s in said.values())


@pytest.mark.parametrize("family", [4, 6])
def test_own_answers(d, family):
    """Who is behind a tunnel or a LAN of the plane and asks an address of it is answered there; a
    host of the main plane beside the hub, by the main table."""
    services(d.hub)
    for name in "slm":
        wait_until(lambda: all_answered(d, name, family), 30, f"the answers to {name}")
    assert leaked(d.net) == 0
    # No tunnel, no answer: not in the clear either.
    d.hosts["s"].spawn("asks", ["ping", "-n", "-i", "0.2", OWN[family][0]])
    d.sites[0].stop()
    d.hub.ip("link set wg1 down")
    assert not reachable(d.hosts["s"], OWN[family][0])
    assert leaked(d.net) == 0
