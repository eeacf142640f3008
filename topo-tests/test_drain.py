# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs (lib/dualhub.py): a tunnel is emptied before somebody works on it. Nothing is lost, both
ends send elsewhere, and the tunnel stays up.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══════╝
"""
import json

import pytest

from lib.dualhub import DualHub
from lib.probe import MOVES_MS, Ping
from lib.wait import wait_until


@pytest.fixture(name="dual")
def dual_up(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    for w in d.wsite.values():
        w.wait_tunnel("hub1", "up")
        w.wait_tunnel("hub2", "up")
    return d


def draining(w):
    return {(t["interface"], t["peer"]) for t in w.show("tunnels")["tunnels"] if t["draining"]}


def best(w, prefix):
    return [p["next-hop"] for p in w.paths(prefix) if p["best"]]


def test_drain_at_the_site(dual):
    """Site 1 leaves hub 1: its own packets go by hub 2, and hub 1 is asked to send by hub 2, too."""
    w, hub = dual.wsite[1], dual.whub[1]
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as out, \
            Ping(dual.host[2], dual.host[1].address, interval_ms=MOVES_MS) as back:
        answer = w.cli_run("drain peer hub1 within 60")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "quiet after" in answer.stdout
        assert draining(w) == {("wg1", "hub1")}
        # Both directions are elsewhere; the tunnel lives, and so does the session in it.
        w.wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
        wait_until(lambda: hub.leaves_by("192.168.1.10") == "wgt", 20, "hub 1 to use hub 2")
        assert hub.tunnel_state("site1") == "up"
        assert w.established("10.0.1.1")
        assert best(hub, "192.168.1.0/24") == ["10.0.9.2"]
        [path] = [p for p in hub.paths("192.168.1.0/24") if p["next-hop"] == "10.0.1.11"]
        assert "graceful-shutdown" in path["communities"] and path["local-preference"] == 0
        assert w.tunnel("hub1")["reason"] == "draining"
        assert "draining" in [p["reason"] for p in w.paths("192.168.2.0/24")]
        out.flows()
        back.flows()
        w.cli("undrain peer hub1")
        assert draining(w) == set()
        w.wait_installed("192.168.2.0/24", "wg1", "hub1.wg0")
        wait_until(lambda: hub.leaves_by("192.168.1.10") == "wg0", 20, "hub 1 to use its tunnel")
        out.flows()
        back.flows()
    out.nothing_lost()
    back.nothing_lost()


def test_drain_at_the_hub(dual):
    """Hub 1 is about to be rebooted: its whole interface is drained, and the sites go."""
    hub = dual.whub[1]
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        doc = json.loads(hub.cli("drain interface wg0 json"))
        assert doc["quiet"] and {p["peer"] for p in doc["peers"]} == {"site1", "site2"}
        for n in (1, 2):
            dual.wsite[n].wait_installed(f"192.168.{3 - n}.0/24", "wg2", "hub2.wg0")
            assert dual.wsite[n].tunnel_state("hub1") == "up"
        ping.flows()
        hub.cli("undrain interface wg0")
        dual.wait()
        ping.flows()
    ping.nothing_lost()


def test_drain_outlives_wgd(dual):
    """What a person asked for is not forgotten by a restart; who clears it is not told twice."""
    w = dual.wsite[1]
    w.cli("drain peer hub1")
    w.wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        w.kill_daemon("wgd")
        wait_until(lambda: draining(w) == {("wg1", "hub1")}, 20, "wgd to remember")
        w.restart()
        wait_until(lambda: draining(w) == {("wg1", "hub1")}, 20, "wgd to remember")
        ping.flows(200)
        assert w.leaves_by("192.168.2.10") == "wg2"
        w.cli("undrain peer hub1", "undrain peer hub1")
        w.wait_installed("192.168.2.0/24", "wg1", "hub1.wg0")
        ping.flows()
    ping.nothing_lost()


def test_counters_are_read_rarely(two):
    """What wgd has not read anew since the traffic was moved is no quiet."""
    two.wa.replace("poll-interval 200", "poll-interval 60000")
    with Ping(two.host_a, two.host_b.address, interval_ms=5):
        answer = two.wa.cli_run("drain peer b within 5 below 1000")
        assert "not quiet after" in answer.stdout
    tunnel = two.wa.tunnel("b")
    assert 0 <= tunnel["counters-seconds"] < 60


def test_nothing_else_there(two):
    """The only tunnel cannot be emptied: nothing is lost, and the command says what stays."""
    with Ping(two.host_a, two.host_b.address, interval_ms=5) as ping:
        answer = two.wa.cli_run("drain peer b within 6 below 1000")
        assert answer.returncode == 1
        assert "not quiet after" in answer.stdout
        assert "have no other path and stay: 192.168.2.0/24" in answer.stdout
        ping.flows()
    ping.nothing_lost()
    two.wa.cli("undrain peer b")
    for line, words in (("drain peer nobody", "no such tunnel peer"),
                        ("undrain interface wg9", "no such tunnel peer")):
        answer = two.wa.cli_run(line)
        assert answer.returncode == 1 and words in answer.stderr
