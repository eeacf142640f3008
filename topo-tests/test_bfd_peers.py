# SPDX-License-Identifier: BSD-2-Clause
"""BFD with other implementations at the far end: BIRD, and FRR's bfdd.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── BFD ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                 wgbgp, AS 65001                    wg + BIRD or FRR, AS 65002
"""
import pytest

from lib.peers import Bird, Frr
from lib.probe import Ping, reaches
from lib.snippets import bfd
from lib.twonodes import conf
from lib.wait import holds, wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

MS = 50
BIRD = f"""
router id 10.9.0.2;
protocol device {{ scan time 1; }}
protocol static four {{ ipv4; route 192.168.2.0/24 via "lan0"; }}
protocol kernel k4 {{ ipv4 {{ export where source = RTS_BGP; }}; }}
protocol bfd beat {{
    interface "wg0" {{ interval {MS} ms; multiplier 3; }};
}}
protocol bgp far {{
    local 10.9.0.2 as 65002;
    neighbor 10.9.0.1 as 65001;
    connect delay time 1; error wait time 1, 2;
    bfd graceful;
    graceful restart yes;
    ipv4 {{ import all; export all; next hop self; }};
}}
"""
FRR = f"""
bfd
 peer 10.9.0.1 interface wg0
  detect-multiplier 3
  receive-interval {MS}
  transmit-interval {MS}
 exit
exit
router bgp 65002
 bgp router-id 10.9.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.9.0.1 remote-as 65001
 neighbor 10.9.0.1 bfd
 neighbor 10.9.0.1 bfd check-control-plane-failure
 neighbor 10.9.0.1 timers 10 30
 neighbor 10.9.0.1 timers connect 1
 address-family ipv4 unicast
  network 192.168.2.0/24
 exit-address-family
"""


class BirdFar(Bird):
    def __init__(self, topo, router):
        super().__init__(topo, router, BIRD)

    def session(self):
        line = [x for x in self.cli("show bfd sessions").splitlines() if "10.9.0.1" in x]
        return line[0].split()[2].lower() if line else ""

    def kill_bfd(self):
        self.process.stop(9)


class FrrFar(Frr):
    def __init__(self, topo, router):
        super().__init__(topo, router, FRR, bfd=True)

    def session(self):
        return self.json("show bfd peers")[0]["status"].lower()

    def configure(self, *lines):
        argv = ["vtysh", "--vty_socket", self.dir, "--config_dir", self.dir, "-c", "configure"]
        for line in ("bfd", "peer 10.9.0.1 interface wg0", *lines):
            argv += ["-c", line]
        self.router.run(argv)

    def disable(self):
        self.configure("shutdown")

    def enable(self):
        self.configure("no shutdown")

    def kill_bfd(self):
        self.processes["bfdd"].stop(9)


@pytest.fixture(params=[BirdFar, FrrFar], ids=["bird", "frr"])
def far(request, topo):
    class Far:
        pass
    f = Far()
    f.net = topo.internet()
    f.a, f.b = topo.router("a", f.net), topo.router("b", f.net)
    f.host_a = topo.lan(f.a, "192.168.1.0/24")
    f.host_b = topo.lan(f.b, "192.168.2.0/24")
    f.w = Wgbgp(topo, f.a, conf("a", 1, "b", 2, bfd(MS)))
    PlainWg(f.b, "wg0", addresses="10.9.0.2/24", peers=[{
        "key": "a.wg0", "endpoint": f"{f.net.address('a')}:51820",
        "allowed_ips": "0.0.0.0/0"}])
    f.peer = request.param(topo, f.b)
    f.w.wait_established("10.9.0.2")
    f.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    f.w.wait_bfd("b")
    wait_until(lambda: f.peer.session() == "up", 10, "the far end to be up")
    reaches(f.host_a, f.host_b.address)  # it has written the way back
    return f


def test_up_and_cut(far):
    wait_until(lambda: far.w.bfd("b")["detection-ms"] == 3 * max(
        MS, far.w.bfd("b")["receive-interval-ms"]), 5, "the detection time")
    far.net.cut("a", "b")
    wait_until(lambda: far.w.tunnel("b")["reason"] == "bfd-expired", 3, "expired")
    assert far.w.tunnel_state("b") == "down"
    wait_until(lambda: far.peer.session() == "down", 5, "the far end to be down")
    far.net.restore("a", "b")
    far.w.wait_bfd("b")
    far.w.wait_tunnel("b", "up")
    wait_until(lambda: far.peer.session() == "up", 10, "the far end to be up")


def test_far_daemon_killed(far):
    """Nobody answers BFD over there; traffic arrives all the same: degraded, not down."""
    with Ping(far.host_a, far.host_b.address) as ping:
        far.peer.kill_bfd()
        far.w.wait_tunnel("b", "degraded", timeout=5)
        assert far.w.tunnel("b")["reason"] == "bfd-expired"
        holds(lambda: far.w.tunnel_state("b") == "degraded", 1)
        ping.flows(50)


def test_far_admin_down(far):
    """The neighbour switches BFD off and on: no path is touched."""
    if not hasattr(far.peer, "disable"):
        pytest.skip("it has no way to say AdminDown")
    before = far.w.tunnel("b")["changes"]
    far.peer.disable()
    wait_until(lambda: far.w.bfd("b")["evidence"] == "admin-down", 5, "AdminDown")
    holds(lambda: far.w.tunnel_state("b") == "up", 1)
    far.peer.enable()
    far.w.wait_bfd("b")
    assert far.w.tunnel("b")["changes"] == before


def test_wgd_killed(far):
    """The far end notices nothing: its BFD session stays up, and with it the BGP session."""
    before = far.w.bfd("b")["transitions"]
    with Ping(far.host_a, far.host_b.address) as ping:
        far.w.kill_daemon("wgd")
        wait_until(lambda: far.w.tunnel("b")["bfd"] == "up", 20, "a new wgd to know")
        ping.flows(50)
    ping.nothing_lost()
    assert far.w.bfd("b")["transitions"] == before and far.peer.session() == "up"


def test_stop(far):
    """A stop of ours says AdminDown and that we share our control plane's fate. BIRD with `bfd
    graceful`, and FRR with `check-control-plane-failure`, keep what they have as long as BGP's
    graceful restart allows."""
    with Ping(far.host_a, far.host_b.address) as ping:
        far.w.stop()
        ping.flows(200)
    ping.nothing_lost()
    far.w.start()
    far.w.wait_bfd("b")
    far.w.wait_established("10.9.0.2")
    far.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
