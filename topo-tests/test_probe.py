# SPDX-License-Identifier: BSD-2-Clause
"""The probe itself: every "nothing was lost" of the other tests rests on it.

    a ── Internet ── b
"""
import json
import os
import re
import signal
import time

import pytest

from lib.build import program
from lib.probe import Ping, reaches
from lib.topology import link
from lib.wait import holds, wait_until


@pytest.fixture
def ab(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    reaches(a, net.address(b))
    return net, a, b


def drop(router, which):
    """Echo replies that come to a router are dropped where the nft expression holds."""
    router.nft("table inet few { chain in { type filter hook input priority 0; "
               f"icmp type echo-reply {which} drop; "
               f"icmpv6 type echo-reply {which} drop; }}; }}")


def lets_through(router):
    router.nft("delete table inet few")


@pytest.mark.parametrize("family", (4, 6))
@pytest.mark.parametrize("interval_ms", (10, 2))
def test_each_lost_request_is_counted(ab, family, interval_ms):
    """Exactly as many as the firewall dropped, at both rates and in both families."""
    net, a, b = ab
    with Ping(a, net.address(b, family), interval_ms=interval_ms) as ping:
        drop(a, "numgen inc mod 20 == 7 counter")
        ping.flows(200)
        lets = json.loads(a.out("nft -j list table inet few"))
        dropped = sum(e["counter"]["packets"] for item in lets["nftables"] if "rule" in item
                      for e in item["rule"]["expr"] if "counter" in e)
        lets_through(a)
        ping.flows()
    assert 0 < dropped <= ping.lost <= dropped + 2  # some may be dropped after we asked
    with pytest.raises(AssertionError, match=f"{ping.lost} of"):
        ping.nothing_lost()


def test_one_lost_request_is_enough(ab):
    net, a, b = ab
    with Ping(a, net.address(b), losses=True) as ping:
        before = time.monotonic()
        drop(a, "limit rate 1/hour burst 1 packets")
        wait_until(lambda: ping.now()["lost"] > 0 and ping.now()["up"], 10, "the loss")
        ping.flows()
    assert ping.lost == 1 and ping.stop()["first_lost"] == ping.stop()["last_lost"]
    assert len(ping.lost_at()) == 1 and before - 0.1 < ping.lost_at()[0] < time.monotonic()
    with pytest.raises(AssertionError, match="1 of"):
        ping.nothing_lost()


def test_two_on_one_host_end(ab):
    """Each sees the other's echoes; with losses of its own it still ends while the other goes on."""
    net, a, b = ab
    with Ping(a, net.address(b), interval_ms=2) as other:
        with Ping(a, net.address(b)) as ping:
            drop(a, "limit rate 1/hour burst 3 packets")
            wait_until(lambda: ping.now()["lost"] + other.now()["lost"] >= 3, 10, "the losses")
            net.cut(a, b)
            wait_until(lambda: not ping.now()["up"], 10, "the dark")
            with Ping(a, "127.0.0.1", interval_ms=2) as third:
                assert ping.stop()["lost"] > 0
                third.flows()
            third.nothing_lost()
    assert other.lost > 0


def test_a_pause_is_no_proof(ab):
    """A probe that did not run has lost nothing: it says that it proves nothing."""
    net, a, b = ab
    with Ping(a, net.address(b)) as ping:
        ping.process.kill(signal.SIGSTOP)
        net.cut(a, b)
        holds(lambda: True, 1)  # the length of the pause is what is tested
        net.restore(a, b)
        ping.process.kill(signal.SIGCONT)
        ping.flows()
    assert ping.stop()["skipped"] >= 50 and ping.stop()["gap_ms"] >= 900
    with pytest.raises(AssertionError, match="no proof"):
        ping.nothing_lost()


def test_a_killed_probe_has_no_result(ab):
    """What it said before it was killed is not what it would have said."""
    net, a, b = ab
    ping = Ping(a, net.address(b))
    assert ping.now()["lost"] == 0
    ping.process.kill(signal.SIGKILL)
    wait_until(lambda: not ping.process.alive(), 5, "its end")
    for ask in (lambda: ping.lost, lambda: ping.blackout_ms, ping.nothing_lost):
        with pytest.raises(AssertionError):
            ask()
    assert ping.result is None


def test_unsent_requests_are_lost(ab):
    """No route, link down: the request never leaves, and counts."""
    net, a, b = ab
    with Ping(a, net.address(b)) as ping:
        a.ip("link set u0 down")
        wait_until(lambda: not ping.now()["up"], 10, "the dark")
        a.ip(f"link set u0 up; route add default via {net.gateway(a)} dev u0 metric 1000")
        ping.flows()
    assert ping.lost >= 10 and ping.blackout_ms >= 100


def test_an_answer_of_somebody_else_is_none(topo):
    """The far end answers by an address of its own: whoever was asked has not answered."""
    a, b = topo.router("a"), topo.router("b")
    link(a, "eth0", b, "eth0", "10.9.0.1/24", "10.9.0.2/24 10.9.0.3/24")
    b.nft("table ip turn { chain out { type filter hook output priority 0; "
          "icmp type echo-reply ip saddr 10.9.0.2 ip saddr set 10.9.0.3; }; }")
    out = a.out([program("topo-tests/probe"), "-i", "5", "-c", "5", "10.9.0.2"])
    assert json.loads(out)["received"] == 0
    out = a.out([program("topo-tests/probe"), "-i", "5", "-c", "5", "10.9.0.3"])
    assert json.loads(out)["received"] == 5


def test_last_answers_are_awaited(ab):
    """What is under way when the probe is told to end is not lost."""
    net, a, b = ab
    for _ in range(20):
        with Ping(a, net.address(b), interval_ms=1) as ping:
            pass
        ping.nothing_lost()
        assert os.path.exists(ping.path) and ping.stop()["final"]


def test_one_assertion_for_all():
    """Who asserts that nothing was lost says how much that proves."""
    directory = os.path.dirname(os.path.abspath(__file__))
    for name in os.listdir(directory):
        if name.startswith("test_") and name.endswith(".py"):
            with open(os.path.join(directory, name), encoding="utf-8") as f:
                found = re.findall(r"assert.*\.lost\b.* == \(?0\b.*", f.read())
            assert not found, f"{name}: nothing_lost() instead of {found}"
