# SPDX-License-Identifier: BSD-2-Clause
"""GoBGP, OpenBGPD and ExaBGP as far ends, across a plain WireGuard.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ─── 10.9.0.2 wg0 ══ b: 192.168.2.0/24
                 wgbgp, AS 65001                    wg + one of them, AS 65002
"""
import pytest

from lib.peers import Exabgp, Gobgp, Openbgpd
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

GOBGP = """
[global.config]
  as = 65002
  router-id = "10.9.0.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.9.0.1"
    peer-as = 65001
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
"""

OPENBGPD = """
AS 65002
router-id 10.9.0.2
listen on 10.9.0.2
network 192.168.2.0/24
network 192.168.77.0/24
neighbor 10.9.0.1 {
    remote-as 65001
    announce IPv4 unicast
    announce IPv6 unicast
}
allow from any
allow to any
"""

EXABGP = """
neighbor 10.9.0.1 {
    router-id 10.9.0.2;
    local-address 10.9.0.2;
    local-as 65002;
    peer-as 65001;
    family { ipv4 unicast; ipv6 unicast; }
    api { processes [ helper ]; receive { parsed; update; } }
}
"""


@pytest.fixture
def near(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    topo.lan(a, "192.168.1.0/24", subnet6="fd00:1::/64")
    PlainWg(b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address('a')}:51820", "allowed_ips": "0.0.0.0/0 ::/0"}])
    return Wgbgp(topo, a, conf("a", 1, "b", 2)), b


def expect(w, has_ours):
    w.wait_established("10.9.0.2", timeout=60)
    w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    wait_until(lambda: w.reasons("192.168.77.0/24") == ["outside-permit"], what="the reason")
    assert not w.kernel_routes("192.168.77.0/24")
    wait_until(has_ours, what="our network there")


def test_gobgp(topo, near):
    w, b = near
    far = Gobgp(topo, b, GOBGP)
    for prefix in ("192.168.2.0/24", "192.168.77.0/24"):
        far.cli(f"global rib add {prefix} nexthop 10.9.0.2")
    expect(w, lambda: far.established("10.9.0.1") and far.has("192.168.1.0/24"))
    far.cli("global rib del 192.168.2.0/24")
    w.wait_gone("192.168.2.0/24")
    wait_until(lambda: far.has("fd00:1::/64"), what="our IPv6 network")


def test_openbgpd(topo, near):
    w, b = near
    far = Openbgpd(topo, b, OPENBGPD)
    expect(w, lambda: far.established("10.9.0.1") and far.has("192.168.1.0/24"))
    far.cli("network delete 192.168.2.0/24")
    w.wait_gone("192.168.2.0/24")


def test_exabgp(topo, near):
    w, b = near
    far = Exabgp(topo, b, EXABGP)
    for prefix in ("192.168.2.0/24", "192.168.77.0/24"):
        far.say(f"announce route {prefix} next-hop 10.9.0.2 as-path [ 65002 65010 ]")
    expect(w, lambda: "192.168.1.0/24" in str(far.messages))
    assert w.best("192.168.2.0/24")["as-path"].split() == ["65002", "65010"]
    # An attribute that nobody here knows does not matter; one that is broken costs its own route
    # alone, also one that was there, and no session.
    far.say("announce route 192.168.2.128/25 next-hop 10.9.0.2 community [ 65002:7 ] "
            "large-community [ 65002:1:2 ] med 30 attribute [ 0x63 0xc0 0x01020304 ]")
    w.wait_installed("192.168.2.128/25", "wg0", "b.wg0")
    best = w.best("192.168.2.128/25")
    assert "65002:7" in best["communities"] and "65002:1:2" in best["large-communities"]
    assert best["med"] == 30
    far.say("announce route 192.168.2.128/25 next-hop 10.9.0.2 attribute [ 0x08 0xc0 0x0102 ]")
    w.wait_gone("192.168.2.128/25")
    assert w.best("192.168.2.0/24")["as-path"].split() == ["65002", "65010"]
    neighbor = w.show("bgp neighbors 10.9.0.2")["neighbors"][0]
    assert neighbor["state"] == "established" and neighbor["counters"]["established"] == 1
    far.say("announce route 192.168.2.128/25 next-hop 10.9.0.2")
    w.wait_installed("192.168.2.128/25", "wg0", "b.wg0")
    far.say("withdraw route 192.168.2.128/25 next-hop 10.9.0.2")
    w.wait_gone("192.168.2.128/25")
