# SPDX-License-Identifier: BSD-2-Clause
"""BIRD as the far end of the session; the tunnel's far end is set up by hand beside it.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ─── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                 wgbgp, AS 65001                    wg + BIRD, AS 65002
"""
import pytest

from lib.peers import Bird
from lib.probe import MOVES_MS, Ping, reaches
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

BIRD = """
router id 10.9.0.2;
protocol device {{ scan time 1; }}
protocol static four {{ ipv4; {static4} }}
protocol static six {{ ipv6; route fd00:2::/64 via "lan0"; }}
protocol kernel k4 {{ graceful restart on; ipv4 {{ export where source = RTS_BGP; }}; }}
protocol kernel k6 {{ graceful restart on; ipv6 {{ export where source = RTS_BGP; }}; }}
protocol bgp far {{
    local 10.9.0.2 as 65002;
    neighbor 10.9.0.1 as 65001;
    connect delay time 1; error wait time 1, 2;
    ipv4 {{ import all; export all; next hop self; }};
    ipv6 {{ import all; export all; next hop address fd09::2; }};
    graceful restart yes;
}}
"""
STATIC = """route 192.168.2.0/24 via "lan0"; """


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
    f.bird = Bird(topo, f.b, BIRD.format(static4=STATIC))
    f.w.wait_established("10.9.0.2")
    f.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    reaches(f.host_a, f.host_b.address)  # BIRD has written the way back
    return f


def test_routes_both_ways(far):
    far.w.wait_installed("fd00:2::/64", "wg0", "b.wg0")
    wait_until(lambda: far.bird.has("192.168.1.0/24"), what="our network at BIRD")
    wait_until(lambda: far.bird.has("fd00:1::/64"), what="our IPv6 network at BIRD")
    assert "65001" in far.bird.has("192.168.1.0/24")
    reaches(far.host_a, far.host_b.address)
    reaches(far.host_a, far.host_b.address6)


def test_outside_permit_is_refused(far):
    """A prefix that BIRD was never meant to announce gets into neither table, and says why."""
    more = STATIC + 'route 192.168.77.0/24 via "lan0"; route 192.168.2.128/25 via "lan0";'
    far.bird.configure(BIRD.format(static4=more))
    far.w.wait_installed("192.168.2.128/25", "wg0", "b.wg0")
    wait_until(lambda: far.w.reasons("192.168.77.0/24") == ["outside-permit"], what="the reason")
    assert not far.w.kernel_routes("192.168.77.0/24")
    assert far.w.allowed("wg0", "192.168.77.0/24") is None
    far.bird.configure(BIRD.format(static4=STATIC))
    far.w.wait_gone("192.168.2.128/25")
    wait_until(lambda: far.w.allowed("wg0", "192.168.2.128/25") is None, what="no entry")
    assert far.w.installed("192.168.2.0/24", "wg0", "b.wg0")


def test_bird_restarts_gracefully(far):
    """BIRD dies and comes back: graceful restart keeps the paths, nothing is lost."""
    with Ping(far.host_a, far.host_b.address) as ping:
        far.bird.process.stop(9)
        wait_until(lambda: not far.w.established("10.9.0.2"), what="the session to end")
        assert far.w.installed("192.168.2.0/24", "wg0", "b.wg0")
        far.bird.start(recover=True)
        far.w.wait_established("10.9.0.2")
        wait_until(lambda: [p["stale"] for p in far.w.paths("192.168.2.0/24")] == [False],
                   what="a fresh path")
        ping.flows(50)
    ping.nothing_lost()


def test_we_restart_gracefully(far):
    """bgpd dies: BIRD keeps what it had from us, and gets it again."""
    wait_until(lambda: far.bird.has("192.168.1.0/24"), what="our network at BIRD")
    with Ping(far.host_b, far.host_a.address, interval_ms=MOVES_MS) as ping:
        far.w.kill_daemon("bgpd")
        far.w.wait_established("10.9.0.2")
        wait_until(lambda: "stale" not in far.bird.cli("show route all").lower(),
                   what="nothing stale at BIRD")
        ping.flows(50)
    ping.nothing_lost()


def test_route_server(far):
    """A route server leaves its own AS out of the path, and is believed where that is configured."""
    server = BIRD.format(static4=STATIC).replace(
        "ipv4 { import all; export all; next hop self; };",
        "rs client; ipv4 { import all; next hop self; "
        "export filter { bgp_path.prepend(65077); accept; }; };")
    assert "rs client" in server
    far.bird.configure(server)
    far.w.wait_gone("192.168.2.0/24")
    far.w.replace("remote-as 65002;", "remote-as 65002; enforce-first-as false;")
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    assert far.w.best("192.168.2.0/24")["as-path"] == "65077"
    far.w.replace("enforce-first-as false; ", "")
    far.w.wait_gone("192.168.2.0/24")
    far.bird.configure(BIRD.format(static4=STATIC))
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
