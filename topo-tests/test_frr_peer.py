# SPDX-License-Identifier: BSD-2-Clause
"""FRR as the far end of the session.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ─── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                 wgbgp, AS 65001                    wg + FRR, AS 65002
"""
import pytest

from lib.peers import Frr
from lib.probe import MOVES_MS, Ping, reaches
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

FRR = """
ip prefix-list none deny any
route-map six permit 10
 set ipv6 next-hop global fd09::2
!
router bgp 65002
 bgp router-id 10.9.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.9.0.1 remote-as 65001
 neighbor 10.9.0.1 timers 10 30
 neighbor 10.9.0.1 timers connect 1
 address-family ipv4 unicast
  network 192.168.2.0/24
  network 192.168.66.0/24
 exit-address-family
 address-family ipv6 unicast
  neighbor 10.9.0.1 activate
  neighbor 10.9.0.1 route-map six out
  network fd00:2::/64
 exit-address-family
"""


@pytest.fixture
def far(topo):
    class Far:
        pass
    f = Far()
    f.net = topo.internet()
    f.a, f.b = topo.router("a", f.net), topo.router("b", f.net)
    f.host_a = topo.lan(f.a, "192.168.1.0/24", subnet6="fd00:1::/64")
    f.host_b = topo.lan(f.b, "192.168.2.0/24", subnet6="fd00:2::/64")
    f.w = Wgbgp(topo, f.a, conf("a", 1, "b", 2))
    PlainWg(f.b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[{
        "key": "a.wg0", "endpoint": f"{f.net.address('a')}:51820",
        "allowed_ips": "0.0.0.0/0 ::/0"}])
    f.frr = Frr(topo, f.b, FRR)
    f.w.wait_established("10.9.0.2")
    return f


def test_routes_both_ways(far):
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    far.w.wait_installed("fd00:2::/64", "wg0", "b.wg0")
    wait_until(lambda: far.frr.has("192.168.1.0/24"), what="our network at FRR")
    reaches(far.host_a, far.host_b.address)
    wait_until(lambda: far.w.reasons("192.168.66.0/24") == ["outside-permit"], what="the reason")
    assert not far.w.kernel_routes("192.168.66.0/24")


def test_withdraw_and_refresh(far):
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    far.frr.cli("clear bgp 10.9.0.1 soft in")    # asks us for a refresh
    far.w.cli("clear bgp 10.9.0.2 soft in")      # asks FRR for one
    far.frr.router.run([
        "vtysh", "--vty_socket", far.frr.dir, "--config_dir", far.frr.dir, "-c", "configure",
        "-c", "router bgp 65002", "-c", "address-family ipv4 unicast",
        "-c", "no network 192.168.2.0/24"])
    far.w.wait_gone("192.168.2.0/24")
    wait_until(lambda: far.w.allowed("wg0", "192.168.2.0/24") is None, what="no entry")
    assert far.w.established("10.9.0.2") and far.frr.has("192.168.1.0/24")


def test_our_restart(far):
    """Stop, start: nobody takes a route away. (FRR, just started, calls itself restarting: nobody
    waits for its routes before he sends his own. What leads to it stays until they are there.)"""
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    wait_until(lambda: far.frr.has("192.168.1.0/24"), what="our network at FRR")
    reaches(far.host_a, far.host_b.address)  # zebra has written it
    with Ping(far.host_a, far.host_b.address, interval_ms=MOVES_MS) as ping:
        far.w.stop()
        ping.flows(50)
        far.w.start()
        far.w.wait_established("10.9.0.2")
        wait_until(lambda: far.w.installed("192.168.2.0/24", "wg0", "b.wg0") and
                   not any(r["stale"] for r in far.w.show("route")["routes"]), 60, "fresh routes")
        ping.flows(200)
    ping.nothing_lost()
