# SPDX-License-Identifier: BSD-2-Clause
"""The harness itself, on real peers and without wgbgp.

    a ─ lan     a.u0 ── Internet ── b.u0     lan ─ b
          └──── wg0 10.9.0.1 ═════ 10.9.0.2 wg0 ────┘
"""
from lib.chaos import NOTICED_S, outage
from lib.peers import Bird, Exabgp, Frr, Gobgp, Openbgpd
from lib.probe import Ping, reachable, reaches
from lib.topology import link
from lib.wait import wait_until
from lib.wg import PlainWg, allowed_ips
from lib.keys import public_key
from test_frr_peer import FRR
from test_other_peers import EXABGP, GOBGP, OPENBGPD

BIRD = """
router id 10.9.0.{me};
protocol device {{ scan time 1; }}
protocol direct {{ ipv4; interface "lan0"; }}
protocol kernel {{ ipv4 {{ export all; }}; }}
protocol bgp far {{
    local 10.9.0.{me} as {as_}; neighbor 10.9.0.{far} external; connect delay time 1;
    ipv4 {{ import all; export all; }};
}}
"""


def two_birds(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    hosts = topo.lan(a, "192.168.1.0/24"), topo.lan(b, "192.168.2.0/24")
    PlainWg(a, "wg0", addresses="10.9.0.1/24", peers=[{
        "key": "b.wg0", "endpoint": f"{net.address(b)}:51820", "allowed_ips": "0.0.0.0/0"}])
    PlainWg(b, "wg0", addresses="10.9.0.2/24", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address(a)}:51820", "allowed_ips": "0.0.0.0/0"}])
    birds = (Bird(topo, a, BIRD.format(me=1, far=2, as_=65001)),
             Bird(topo, b, BIRD.format(me=2, far=1, as_=65002)))
    return net, (a, b), hosts, birds


def test_tunnel_bgp_and_a_cut(topo):
    net, (a, b), hosts, birds = two_birds(topo)
    wait_until(lambda: birds[0].established("far"), what="the session")
    wait_until(lambda: birds[0].has("192.168.2.0/24"), what="the route")
    assert allowed_ips(a, "wg0") == {public_key("b.wg0"): {"0.0.0.0/0"}}
    with Ping(hosts[0], hosts[1].address) as ping:
        net.cut(a, b)
        wait_until(lambda: not ping.now()["up"], what="the ping to be dark")
        assert reachable(a, net.address(a))
        net.restore(a, b)
        ping.flows()
    assert ping.lost > 0 and ping.blackout_ms >= 100
    with Ping(hosts[0], hosts[1].address) as ping:
        ping.flows(100)
    ping.nothing_lost()
    assert ping.blackout_ms == 0


def row(first, last):
    """Losses at 200 Hz."""
    return [first + n / 200 for n in range(int((last - first) * 200) + 1)]


def test_what_a_cut_excuses():
    """The cut is made between 10 and 10.05 s."""
    long = outage(row(10, 30), 10, 10.05)
    assert long[0] == 10 and 10.05 + NOTICED_S - 0.01 < long[-1] <= 10.05 + NOTICED_S
    assert outage(row(9, 12), 10, 10.05)[0] >= 9.95  # it was dark before
    assert outage(row(10.1, 11) + row(11.5, 12), 10, 10.05) == row(10.1, 11)  # again: another one
    assert outage([2.0] + row(10.3, 12), 10, 10.05) == []  # that was not its way
    assert outage([], 10, 10.05) == []


def test_loss(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    reaches(a, net.address(b))
    net.lose(30)
    with Ping(a, net.address(b)) as ping:
        ping.flows(100)
    assert ping.lost > 10


def test_nat_lets_nothing_in(topo):
    net = topo.internet()
    outside, inside = topo.router("outside", net), topo.router("inside")
    box = topo.nat("box", net, inside)
    reaches(inside, net.address(outside))
    outside.ip(f"route add 100.64.0.0/24 via {net.address(box)} onlink dev u0")
    assert not reachable(outside, "100.64.0.2")


def test_other_peers(topo):
    """GoBGP, OpenBGPD, ExaBGP and FRR, each with a session to BIRD."""
    bird = topo.router("bird")
    kinds = {"gobgp": (Gobgp, GOBGP), "openbgpd": (Openbgpd, OPENBGPD),
             "exabgp": (Exabgp, EXABGP), "frr": (Frr, FRR)}
    far, neighbors = {}, ""
    for n, (kind, (make, text)) in enumerate(kinds.items()):
        router = topo.router(kind)
        link(bird, f"l{n}", router, "eth0", f"10.9.{n}.1/24", f"10.9.{n}.2/24")
        neighbors += f"""
            protocol bgp {kind} {{
                local 10.9.{n}.1 as 65001; neighbor 10.9.{n}.2 as 65002;
                connect delay time 1; error wait time 1, 2;
                ipv4 {{ import all; export all; }}; ipv6 {{ import all; export all; }};
            }}"""
        far[kind] = make(topo, router, text.replace("10.9.0.", f"10.9.{n}."))
    b = Bird(topo, bird, "router id 10.9.0.1;\nprotocol device { }\n"
             "protocol static { ipv4; route 192.168.1.0/24 blackhole; }" + neighbors)
    far["exabgp"].say("announce route 192.168.2.0/24 next-hop 10.9.2.2")
    far["gobgp"].cli("global rib add 192.168.2.0/24 nexthop 10.9.0.2")
    for kind in far:
        wait_until(lambda kind=kind: b.established(kind), 40, f"the session with {kind}")
        wait_until(lambda kind=kind: b.has("192.168.2.0/24", kind), what=f"the route of {kind}")
    for kind in ("gobgp", "openbgpd", "frr"):
        wait_until(lambda kind=kind: far[kind].has("192.168.1.0/24"), what=f"it at {kind}")
    wait_until(lambda: "192.168.1.0/24" in str(far["exabgp"].messages), what="it at ExaBGP")
