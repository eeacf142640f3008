# SPDX-License-Identifier: BSD-2-Clause
"""Evidence, weak and hard, where there is no other path, and a neighbour that restarts behind a
tunnel that dies.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                         AS 65001                            AS 65002
"""
from lib.probe import Ping
from lib.wait import wait_until

NET = "192.168.2.0/24"


def last_error(w, neighbor):
    return w.neighbor(neighbor).get("last-error") or ""


def test_kept_by_a_guess(two):
    """last-path keep: silence alone takes nothing away, at both layers; the interface does."""
    two.wa.replace("bgp {", "bgp { last-path keep;")
    writes = two.wa.show("rib summary")["route-writes"]
    with Ping(two.host_a, two.host_b.address) as ping:
        two.net.cut("a", "b")
        two.wa.wait_tunnel("b", "down")
        wait_until(lambda: two.wa.best(NET)["reason"] == "last-path", 10, "the reason")
        path = two.wa.best(NET)
        assert path["eligible"] and path["demotion"] == "last" and path["next-hop-state"] == "down"
        assert two.wa.installed(NET, "wg0", "b.wg0")
        assert "last resort, best" in two.wa.cli(f"show bgp ipv4 {NET}")
        two.net.restore("a", "b")
        two.wa.wait_tunnel("b", "up")
        wait_until(lambda: two.wa.best(NET)["reason"] == "none", 10, "no reason left")
        ping.flows()
    assert two.wa.show("rib summary")["route-writes"] == writes
    assert two.wa.established("10.9.0.2")
    two.a.ip("link set wg0 down")
    wait_until(lambda: not two.wa.best(NET), 10, "no path")
    two.a.ip("link set wg0 up")
    two.wa.wait_installed(NET, "wg0", "b.wg0")


def test_hard_evidence_ends_the_session(two):
    """A link that is down ends the session at once, and it is there again with the link."""
    two.a.ip("link set wg0 down")
    wait_until(lambda: not two.wa.established("10.9.0.2"), 5, "the session's end")
    assert "BFD Down: the interface is down" in last_error(two.wa, "10.9.0.2")
    assert not two.wa.paths(NET)
    two.a.ip("link set wg0 up")
    two.wait()


def test_fast_failover_off(two):
    two.wa.replace("remote-as 65002;", "remote-as 65002; fast-failover false;")
    two.a.ip("link set wg0 down")
    wait_until(lambda: two.wa.reasons(NET) == ["tunnel-down"], 10, "the path to be out")
    assert two.wa.established("10.9.0.2")
    two.a.ip("link set wg0 up")
    two.wait()


def test_restarting_behind_a_dead_tunnel(two):
    """b's bgpd dies: its paths stay, stale, while the tunnel lives. When that dies, too, they go,
    long before the restart time."""
    two.wb.stop()
    wait_until(lambda: two.wa.best(NET).get("stale"), 10, "stale paths")
    with Ping(two.host_a, two.host_b.address) as ping:
        ping.flows()
    assert two.wa.best(NET)["stale"] and two.wa.installed(NET, "wg0", "b.wg0")
    two.net.cut("a", "b")
    two.wa.wait_tunnel("b", "down")
    wait_until(lambda: not two.wa.paths(NET), 10, "no paths")
    two.net.restore("a", "b")
    two.wb.start()
    two.wait()
