# SPDX-License-Identifier: BSD-2-Clause
"""A link that is down is silent, a userspace WireGuard behind it too: the far end must not take the
tunnel for healthy. When it is up again, all is as before.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            ║ (adopted: with a peer of somebody else)
"""
import json
import os
import signal

import pytest

from lib.keys import public_key
from lib.probe import Ping, reaches
from lib.twonodes import Two
from lib.wait import holds, wait_until
from lib.wg import allowed_ips

COUNT = """table inet count {
    counter out { }
    counter in { }
    chain output { type filter hook output priority 0; udp sport 51820 counter name out; }
    chain input { type filter hook input priority 0; udp dport 51820 counter name in; }
}"""


class Silence:
    """What a's WireGuard sends and gets on the wire."""

    def __init__(self, router):
        self.router = router
        router.nft(COUNT)

    def packets(self, name):
        out = json.loads(self.router.out(["nft", "-j", "reset", "counter", "inet", "count", name]))
        return sum(o["counter"]["packets"] for o in out["nftables"] if "counter" in o)

    def holds(self, what):
        """Nothing goes out, although the far end tries."""
        self.packets("out")
        got = []

        def silent():
            got.append(self.packets("in"))
            return self.packets("out") == 0
        holds(silent, 12, what, 0.5)
        assert sum(got) > 0, "the far end was silent itself"


def kill_programs(router):
    for pid in router.pids():
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if b"wireguard-go" in f.read():
                os.kill(pid, signal.SIGKILL)


def ours(t, ifname="wg0"):
    return allowed_ips(t.a, ifname).get(public_key("b.wg0"))


def down_and_up(t, stranger=None):
    """Down at work, a new wgd and a new start meanwhile, then up."""
    silence = Silence(t.a)
    before = ours(t)
    with Ping(t.host_b, t.host_a.address):
        t.a.ip("link set wg0 down")
        t.wa.wait_tunnel("b", "down")
        assert t.wa.tunnel("b")["reason"] == "interface-down"
        if not stranger:
            assert not ours(t)
        silence.holds("silent with its link down")
        t.wa.kill_daemon("wgd")
        wait_until(lambda: t.wa.tunnel("b").get("reason") == "interface-down", what="the new wgd")
        silence.holds("silent with a new wgd")
        t.wa.restart()
        wait_until(lambda: t.wa.tunnel("b").get("reason") == "interface-down", what="the start")
        silence.holds("silent after a start")
        if stranger:
            assert allowed_ips(t.a, "wg0")[public_key("stranger")] == stranger
            assert not ours(t)
    t.a.ip("link set wg0 up")
    t.wait()
    assert ours(t) == before
    reaches(t.host_a, t.host_b.address)
    assert "wgd warning: drift-repaired" not in t.wa.log()
    return silence


def test_own_interface(topo):
    t = Two(topo)
    t.wait()
    t.wa.replace("listen-port", "admin external; listen-port")
    silence = down_and_up(t)
    # As after a boot: nobody has set the link up yet.
    t.wa.stop()
    kill_programs(t.a)
    t.a.run(["ip", "link", "del", "wg0"], check=False)
    wait_until(lambda: "wg0" not in t.a.out("ip -br link"), what="the interface to be gone")
    with Ping(t.host_b, t.host_a.address, wait=False):
        t.wa.start()
        wait_until(lambda: t.wa.tunnel("b").get("reason") == "interface-down", what="the start")
        silence.holds("silent before its link was ever up")
        t.wa.replace("permit [", "permit [ 172.16.0.0/12 ")
        assert not ours(t)
    t.a.ip("link set wg0 up")
    t.wait()
    reaches(t.host_a, t.host_b.address)


@pytest.mark.parametrize("admin", ("up", "external"))
def test_adopted_interface(topo, admin):
    """Peers of others are not ours to take away: they stay, with what they have."""
    theirs = {"172.16.0.0/12"}
    t = Two(topo, strangers=[{"key": "stranger", "allowed_ips": " ".join(theirs)}])
    t.wait()
    if admin == "external":
        t.wa.replace("listen-port", "admin external; listen-port")
        down_and_up(t, theirs)
    else:
        t.a.ip("link set wg0 down")
        t.wa.wait_tunnel("b", "down")
        wait_until(lambda: not ours(t), what="b to be out")
        assert allowed_ips(t.a, "wg0")[public_key("stranger")] == theirs
        t.a.ip("link set wg0 up")
        t.wait()
    t.wa.teardown()
    wait_until(lambda: allowed_ips(t.a, "wg0") == {public_key("stranger"): theirs},
               what="only theirs to be left")
