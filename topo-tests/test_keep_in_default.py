# SPDX-License-Identifier: BSD-2-Clause
"""A full tunnel that never leaks: `permit [ 0.0.0.0/0 ::/0 ]` and `rib { keep-in permit; }`. What the
LAN sends to the Internet leaves by the tunnel or not at all; a counter at the Internet's router sees
nothing that has an address of the LAN.

    host ─ 192.168.1.0/24 ─ a ─ u0 ─ Internet (counts what is from the LAN) ─ server
              fd00:1::/64   ╚══════════ wg0 ══════════╝ u0 ─ b: masquerades
"""
import json
import os
import signal

import pytest

from lib.build import daemon
from lib.probe import Ping, reaches
from lib.twonodes import conf
from lib.wait import SLOW, holds, wait_until
from lib.wgbgp import DAEMONS, Wgbgp

SEEN = """table inet leak {
    counter clear { }
    chain seen {
        type filter hook prerouting priority -300;
        ip saddr 192.168.1.0/24 counter name clear
        ip6 saddr fd00:1::/64 counter name clear
    }
}"""
MASQUERADE = """table inet full {
    chain out {
        type nat hook postrouting priority 100;
        oifname "u0" ip saddr 192.168.1.0/24 masquerade
        oifname "u0" ip6 saddr fd00:1::/64 masquerade
    }
}"""
FULL = "rib { keep-in permit; distance { kernel 250; } }\n"
QUIET_S = 2
PING_MS = int(5 * max(SLOW, 1))


class Full:
    """METRIC: of another default route to the Internet beside the one of metric 1000; 0: none."""

    def __init__(self, topo, metric=100, rib=FULL, cut=False):
        self.net = topo.internet()
        self.a, self.b = topo.router("a", self.net), topo.router("b", self.net)
        self.server = topo.router("server", self.net)
        self.host = topo.lan(self.a, "192.168.1.0/24", subnet6="fd00:1::/64")
        self.net.nft(SEEN)
        self.b.nft(MASQUERADE)
        self.far = [self.net.address("server", family) for family in (4, 6)]
        self.hub = self.net.address("b")
        self.defaults = (
            f"route replace default via {self.net.gateway('a')} dev u0 metric {metric}\n"
            f"route replace ::/0 via {self.net.address('a', 6)[:-1]}1 dev u0 metric {metric or 1}")
        self.a.ip(self.defaults)
        if cut:
            self.net.cut("a", "b")
        self.wb = Wgbgp(topo, self.b, conf("b", 2, "a", 1).replace(
            "network [", "network [ 0.0.0.0/0 ::/0"))
        self.w = Wgbgp(topo, self.a, conf("a", 1, "b", 2).replace(
            "permit [ 192.168.2.0/24 fd00:2::/48", "permit [ 0.0.0.0/0 ::/0") + rib)
        if not cut:
            self.wait()
            self.start_pings()

    def start_pings(self, wait=True):
        self.pings = [Ping(self.host, far, interval_ms=PING_MS, wait=wait) for far in self.far]

    def wait(self):
        wait_until(lambda: [self.w.leaves_by(far) for far in self.far] == ["wg0", "wg0"], 60,
                   "the way by the tunnel")
        assert self.w.leaves_by(self.hub) == "u0"

    def clear(self):
        out = json.loads(self.net.out("nft -j list counter inet leak clear"))
        return sum(o["counter"]["packets"] for o in out["nftables"] if "counter" in o)

    def never(self):
        before = [p.now()["sent"] for p in self.pings]
        holds(lambda: self.clear() == 0, QUIET_S, "nothing in the clear", 0.2)
        assert all(p.now()["sent"] > n for p, n in zip(self.pings, before))

    def nowhere(self, what="no way but by the tunnel"):
        wait_until(lambda: not any(map(self.w.leaves_by, self.far)), 20, what)
        assert self.w.leaves_by(self.hub) == "u0"

    def back(self):
        self.wait()
        for ping in self.pings:
            ping.flows(timeout=60)
        assert self.clear() == 0

    def rows(self):
        return {r["prefix"]: r["state"] for r in self.w.show("keep-in")["prefixes"]}

    def rules(self):
        return [line for family in ("-4", "-6")
                for line in self.a.out(["ip", "-N", family, "rule", "show"]).splitlines()
                if "proto 222" in line or "22200" in line]

    def table(self):
        return [line for family in ("-4", "-6") for line in self.a.out(
            ["ip", family, "route", "show", "table", "22200"]).splitlines()]


def cut(t):
    t.net.cut("a", "b")
    t.nowhere()
    t.never()
    t.net.restore("a", "b")


def link_down(t):
    t.a.ip("link set wg0 down")
    t.never()
    t.nowhere()
    t.a.ip("link set wg0 up")


def last_address(t):
    t.a.ip("addr del 10.9.0.1/24 dev wg0\naddr del fd09::1/64 dev wg0")
    t.never()


def end_tunnel(t):
    t.a.run(["ip", "link", "del", "wg0"], check=False)
    wait_until(lambda: "wg0" not in t.a.out("ip -br link"), 10, "wg0 to be gone")


def killed(t):
    os.kill(t.w.process.pid, signal.SIGSTOP)  # it shall start none again
    for name in DAEMONS:
        os.kill(t.w.daemon_pid(name), signal.SIGKILL)
    t.w.process.stop(signal.SIGKILL)
    t.net.cut("a", "b")
    t.never()
    end_tunnel(t)
    t.never()
    t.net.restore("a", "b")
    t.w.start()


def stopped(t):
    t.w.stop()
    t.never()
    end_tunnel(t)
    t.never()
    t.w.start()


def rebooted(t):
    """As far as a namespace can: nothing of ours is left, the network comes behind `wgbgpd -k`."""
    file = os.path.join(t.w.statedir, "keep-in")

    def written():
        with open(file, encoding="ascii") as f:
            return sum("table 22200 proto 222 metric 4294967294 priority 32763" in line
                       for line in f) == 2
    wait_until(written, 20, "it to be written down")
    t.w.stop()
    t.a.ip("link set u0 down")
    end_tunnel(t)
    for family in ("-4", "-6"):
        t.a.run(["ip", family, "route", "flush", "table", "all", "proto", "222"], check=False)
        t.a.run(["ip", family, "rule", "flush", "protocol", "222"], check=False)
    assert not t.rules() and not t.table()
    t.a.run([daemon("wgbgpd/wgbgpd"), "-k"], env={"WGBGP_STATEDIR": t.w.statedir})
    t.a.ip("link set u0 up\n" + t.defaults)
    assert not any(map(t.w.leaves_by, t.far))
    t.never()
    t.w.start()


WAYS = (cut, link_down, last_address, killed, stopped, rebooted)


@pytest.mark.timeout(600 * max(SLOW, 1))
@pytest.mark.parametrize("metric", (0, 100))
def test_never_in_the_clear(topo, metric):
    """Whatever breaks; the endpoint is reached all the time, and the tunnel comes back."""
    t = Full(topo, metric)
    for way in WAYS:
        way(t)
        t.back()
    t.w.kill_daemon("zebra-lite")
    t.back()
    t.w.teardown()
    assert not t.rules() and not t.table()
    assert t.w.leaves_by(t.far[0]) == "u0"
    assert not os.path.exists(os.path.join(t.w.statedir, "keep-in"))


def test_before_the_first_tunnel(topo):
    """And what is said of it then."""
    t = Full(topo, cut=True)
    t.nowhere("the default route to be kept in")
    t.start_pings(wait=False)
    t.never()
    assert t.rows() == {"0.0.0.0/0": "installed", "::/0": "installed"}
    assert t.w.route("0.0.0.0/0")["protocol"] == "keep-in"
    assert len(t.rules()) == 4
    assert "0.0.0.0/0 is kept in" in t.w.cli_run(f"explain {t.far[0]}").stdout
    assert "is kept in" in t.w.cli_run("doctor").stdout
    t.net.restore("a", "b")
    t.back()


def test_counter_counts(topo):
    """Without it the packets are seen, or the other tests would show nothing."""
    t = Full(topo, 900, "rib { distance { kernel 250; } }\n")
    assert not t.rules()
    t.net.cut("a", "b")
    wait_until(lambda: t.clear() > 0, 20, "packets in the clear")


def test_switched_on_and_off(topo):
    """While the tunnel is at work: no packet is lost."""
    t = Full(topo, 900, "rib { keep-in learned; distance { kernel 250; } }\n")
    t.w.replace("interface wg0 {", "interface wg0 { fwmark 77;")
    t.wait()
    with Ping(t.host, t.far[0]) as ping:
        for mode, rules in (("permit", 6), ("learned", 0), ("permit", 6)):
            t.w.replace("keep-in learned" if mode == "permit" else "keep-in permit",
                        f"keep-in {mode}")
            wait_until(lambda n=rules: len(t.rules()) == n, 10, f"{rules} rules")
            ping.flows(50)
        t.w.replace("rib {", "rib { keep-in-table 333; keep-in-priority 30000;")
        wait_until(lambda: not t.table() and "30002" in t.a.out("ip rule"), 10, "another table")
        ping.flows(50)
    ping.nothing_lost()
    t.net.cut("a", "b")
    t.nowhere()
    assert t.clear() == 0


def test_taken_away(topo):
    """Rules and routes that somebody removes are put back."""
    t = Full(topo)
    t.a.ip("rule del priority 32765\nroute flush table 22200")
    wait_until(lambda: len(t.rules()) == 4 and len(t.table()) == 4, 10, "them to be back")
    t.net.cut("a", "b")
    t.nowhere()


def test_who_else_is_reached(topo):
    """Networks of the machine, longer routes of somebody else, and what has a rule of its own."""
    t = Full(topo)
    t.net.cut("a", "b")
    t.nowhere()
    gateway = t.net.gateway("a")
    reaches(t.a, gateway)
    reaches(t.a, t.host.address)
    assert t.w.leaves_by("203.0.113.7") is None
    t.a.ip(f"route add 203.0.113.0/24 via {gateway} dev u0")
    assert t.w.leaves_by("203.0.113.7") == "u0"
    t.a.ip("rule add to 198.18.0.0/15 lookup main priority 100")
    assert t.w.leaves_by("198.18.0.1") == "u0"
