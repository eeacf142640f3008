# SPDX-License-Identifier: BSD-2-Clause
"""What was learned through a tunnel never leaves in the clear: a counter at the Internet's router
sees nothing of the packets between the two LANs, whatever becomes of the tunnel.

    host ─ 192.168.1.0/24 ─ a ─ u0 ─ Internet (counts) ─ u0 ─ b ─ 192.168.2.0/24 ─ host
              fd00:1::/64   ╚══════════ wg0 10.9.0.0/24 ══════════╝   fd00:2::/64
"""
import re

import pytest

from lib.clear import count, kill_all, leaked, never, written
from lib.probe import Ping, reaches
from lib.snippets import FAST
from lib.twonodes import Two
from lib.wait import wait_until

FAR = ("192.168.2.0/24", "fd00:2::/64")


class Leak(Two):
    """a's default routes have this metric; the host behind it never stops to send."""

    def __init__(self, topo, metric, fast=FAST):
        super().__init__(topo, fast)
        count(self.net)
        for family, gateway in ((4, self.net.gateway("a")),
                                (6, self.net.address("a", 6).replace("::2", "::1"))):
            self.a.run(["ip", f"-{family}", "route", "add", "default", "via", gateway, "dev", "u0",
                        "metric", str(metric)])
        self.wait()
        reaches(self.host_a, self.host_b.address)
        self.pings = [Ping(self.host_a, self.host_b.address),
                      Ping(self.host_a, self.address6(self.host_b))]

    def address6(self, host):
        return re.search(r"inet6 (fd\S+)/", host.out("ip -o -6 addr show scope global"))[1]

    def never(self):
        never(self.net)

    def refused(self):
        """Both families, by what was there before the real route went."""
        return set(FAR) <= self.wa.kept_in() and not any(self.wa.kernel_routes(p) for p in FAR)

    def back(self):
        self.wait()
        for ping in self.pings:
            ping.flows(20)
        assert leaked(self.net) == 0


@pytest.fixture(params=(0, 100))
def leak(topo, request):
    return Leak(topo, request.param)


def test_counter_counts(topo):
    """Without it the packets are seen, or the other tests would show nothing."""
    t = Leak(topo, 100)
    t.wa.replace("bgp {", "rib { keep-in off; }\nbgp {")
    wait_until(lambda: not t.wa.kept_in(), 10, "the routes that refuse to go")
    t.a.ip("link set wg0 down")
    wait_until(lambda: leaked(t.net) > 0, 10, "packets in the clear")


def test_link_down(leak):
    """The kernel drops the routes at once and without a word."""
    t = leak
    assert set(FAR) <= t.wa.kept_in()
    for _ in range(3):
        t.a.ip("link set wg0 down")
        t.never()
        t.a.ip("link set wg0 up")
        t.back()


def test_cut(leak):
    t = leak
    t.net.cut("a", "b")
    wait_until(t.refused, 30, "the routes to be withdrawn")
    t.never()
    assert t.wa.route(FAR[0])["protocol"] == "keep-in"
    rows = t.wa.show("keep-in")["prefixes"]
    assert {r["state"] for r in rows if r["prefix"] in FAR} == {"installed"}
    t.net.restore("a", "b")
    t.back()


def test_withdrawn(leak):
    """The far end's word does not end it; somebody's here does."""
    t = leak
    t.wb.replace("network [ 192.168.2.0/24 fd00:2::/64 ];", "")
    wait_until(t.refused, 30, "the routes to be withdrawn")
    t.never()
    t.wa.cli("clear keep-in 192.168.2.0/24", "clear keep-in")
    wait_until(lambda: not t.wa.kept_in() and leaked(t.net) > 0, 10,
               "the packets to take another way")


def test_last_address(leak):
    """The routes through an interface whose last address goes vanish without a word."""
    t = leak
    t.a.ip("addr del 10.9.0.1/24 dev wg0")
    t.never()
    t.a.run(["ip", "addr", "replace", "10.9.0.1/24", "dev", "wg0"])
    t.never()


def test_killed(leak):
    """Nobody is there to say anything when the tunnel goes."""
    t = leak
    kill_all(t.wa)
    t.a.ip("link set wg0 down")
    t.never()
    assert t.refused()
    t.a.ip("link set wg0 up")
    t.wa.start()
    t.back()


def test_restart_and_narrower(leak):
    """Known again after a restart, and let go by a narrower permit and at the end."""
    t = leak
    t.net.cut("a", "b")
    wait_until(t.refused, 30, "the routes to be withdrawn")
    t.wa.restart()
    t.never()
    assert t.refused()
    t.wa.replace("permit [ 192.168.2.0/24", "permit [ 192.168.3.0/24")
    wait_until(lambda: t.wa.kept_in() == {FAR[1]}, 10, "IPv4 to be let go")
    t.wa.teardown()
    assert not t.wa.kept_in()


@pytest.mark.parametrize("restart", ("zebra-lite", "all"))
def test_covered_over_restart(topo, restart):
    """A prefix whose packets a shorter route carries has no route that refuses them. A restart does
    not forget it: it has one when the shorter route goes, even with the permit of that."""
    t = Leak(topo, 100)
    t.wb.replace("bgp {", "rib { static 192.168.0.0/16 { blackhole true; } }\nbgp {")
    t.wb.replace("network [ 192.168.2.0/24", "network [ 192.168.0.0/16")
    t.wa.replace("permit [", "permit [ 192.168.0.0/16")
    wait_until(lambda: t.wa.kernel_routes("192.168.0.0/16"), 20, "the shorter route")
    wait_until(lambda: not t.wa.kernel_routes(FAR[0]), 20, "the longer one to go")
    wait_until(lambda: t.wa.show(f"keep-in {FAR[0]}")["prefixes"][0]["state"] == "covered", 20,
               "it to be left out")
    wait_until(lambda: FAR[0] in written(t.wa), 10, "it to be remembered")
    if restart == "all":
        t.wa.restart()
    else:
        t.wa.kill_daemon(restart)
    t.wa.wait_established("10.9.0.2")
    wait_until(lambda: t.wa.route("192.168.0.0/16"), 20, "the shorter route")
    t.wa.replace("permit [ 192.168.0.0/16", "permit [")
    wait_until(lambda: not t.wa.kernel_routes("192.168.0.0/16"), 20, "the shorter route to go")
    t.never()
    assert FAR[0] in t.wa.kept_in()
