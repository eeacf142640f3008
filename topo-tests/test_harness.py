# SPDX-License-Identifier: BSD-2-Clause
"""The harness itself, on real peers and without wgbgp.

    a ─ lan     a.u0 ── Internet ── b.u0     lan ─ b
          └──── wg0 10.9.0.1 ═════ 10.9.0.2 wg0 ────┘
"""
from lib.peers import Bird
from lib.probe import Ping, reachable, reaches
from lib.wait import wait_until
from lib.wg import PlainWg, allowed_ips
from lib.keys import public_key

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
    assert ping.lost == 0 and ping.blackout_ms == 0


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
