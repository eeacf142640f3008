# SPDX-License-Identifier: BSD-2-Clause
"""Two routers, eBGP across one tunnel.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                         AS 65001                            AS 65002
"""
from lib.probe import MOVES_MS, Ping, reaches
from lib.wait import wait_until


def test_routes_and_traffic(two):
    """What one announces, the other has in both tables, and packets pass."""
    two.wa.wait_installed("fd00:2::/64", "wg0", "b.wg0")
    with Ping(two.host_a, two.host_b.address) as ping:
        ping.flows(50)
    ping.nothing_lost()
    reaches(two.host_a, two.host_b.address6)
    path = two.wa.best("192.168.2.0/24")
    assert path["next-hop"] == "10.9.0.2" and path["as-path"].split() == ["65002"]
    route = two.wa.route("192.168.2.0/24")
    assert route["installed"] and route["next-hops"][0]["interface"] == "wg0"
    assert route["next-hops"][0]["peer"] == "b"
    assert two.wa.tunnel_state("b") == "up"
    entries = {e["prefix"]: e for e in two.wa.show("allowed-ips wg0")["entries"]}
    assert entries["192.168.2.0/24"]["origin"] == "learned"
    assert entries["10.9.0.2/32"]["origin"] == "tunnel-address"


def test_tunnel_addresses_have_host_routes(two):
    assert two.wa.leaves_by("10.9.0.2") == "wg0"
    assert two.wa.kernel_routes("10.9.0.2/32")
    assert two.wa.allowed("wg0", "10.9.0.2/32") == "b.wg0"


def test_broken_path_and_back(two):
    """A dead tunnel takes the routes out, with the reason, before BGP's hold time; the entry and
    the route come back with the tunnel."""
    two.net.cut("a", "b")
    two.wa.wait_tunnel("b", "down")
    two.wa.wait_gone("192.168.2.0/24")
    wait_until(lambda: two.wa.allowed("wg0", "192.168.2.0/24") is None, what="no entry either")
    assert two.wa.tunnel("b")["reason"] in ("probe-unanswered", "handshake-stale")
    wait_until(lambda: two.wa.reasons("192.168.2.0/24") in (["tunnel-down"], []),
               what="the reason")
    two.net.restore("a", "b")
    two.wa.wait_tunnel("b", "up")
    two.wait()
    reaches(two.host_a, two.host_b.address)


def test_stop_leaves_everything_and_teardown_removes_it(two):
    """An upgrade over the tunnel must not lock out; teardown is the way to be rid of it all."""
    with Ping(two.host_a, two.host_b.address, interval_ms=MOVES_MS) as ping:
        two.wa.stop()
        assert two.wa.installed("192.168.2.0/24", "wg0", "b.wg0")
        ping.flows(50)
        two.wa.start()
        two.wa.wait_established()
        two.wait()
        ping.flows(50)
    ping.nothing_lost()
    two.wa.teardown()
    wait_until(lambda: "wg0" not in two.a.out("ip -br link"), what="wg0 to be gone")
    assert not two.wa.kernel_routes()
