# SPDX-License-Identifier: BSD-2-Clause
"""`explain` never calls reachable what is meant for a tunnel and leaves by none: one topology, every
way to break it, each undone before the next.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            ╚ u0: a default route, which takes whatever has no other
"""
import json

from lib.keys import public_key
from lib.wait import wait_until

BEHIND = ("192.168.2.1", "fd00:2::1")


def explain(w, destination):
    """(stage of the first step that fails or None, verdict); the exit status says the same."""
    result = w.cli_run(f"explain {destination} json")
    doc = json.loads(result.stdout)
    failed = [s["stage"] for s in doc["steps"] if s["ok"] is False]
    assert doc["reachable"] == (result.returncode == 0) == (not failed), doc
    return (failed or [None])[0], doc["verdict"]


class Situation:
    """Something that breaks: NAME, how, how it is undone, and what explain says: the stages that
    may be the first to fail, for each destination."""

    def __init__(self, name, stages, do, undo, destinations=BEHIND):
        self.name, self.stages, self.do, self.undo = name, stages.split(), do, undo
        self.destinations = destinations

    def look(self, w):
        for d in self.destinations:
            wait_until(lambda d=d: explain(w, d)[0] in self.stages, 30,
                       f"{self.name}: explain {d} to fail at {self.stages}")


def conf_change(w, old, new):
    return (lambda: w.replace(old, new)), (lambda: w.replace(new, old))


def situations(two):
    a, wa, wb = two.a, two.wa, two.wb
    front = "192.168.2.0/26 via 198.51.100.1 dev u0"
    key, other = public_key("b.wg0"), public_key("stranger")
    yield Situation("tunnel down", "tunnel bgp", lambda: two.net.cut("a", "b"),
                    lambda: two.net.restore("a", "b"))
    yield Situation("interface down", "tunnel bgp next-hop",
                    *conf_change(wa, "listen-port 51820;", "listen-port 51820; admin down;"),
                    BEHIND + ("10.9.0.2", "10.9.0.77"))
    yield Situation("wrong key", "tunnel bgp", *conf_change(wa, key, other))
    yield Situation("nothing announced", "bgp",
                    *conf_change(wb, "network [ 192.168.2.0/24 fd00:2::/64 ];", "network [ ];"))
    yield Situation("no session", "bgp", *conf_change(wa, "remote-as 65002", "remote-as 65009"))
    yield Situation("foreign more-specific", "kernel", lambda: a.ip(f"route add {front}"),
                    lambda: a.ip(f"route del {front}"), ("192.168.2.1",))
    yield Situation("foreign rule", "kernel",
                    lambda: a.ip("rule add to 192.168.2.0/24 lookup 100 priority 100\n"
                                 "route add 192.168.2.0/24 via 198.51.100.1 dev u0 table 100"),
                    lambda: a.ip("rule del to 192.168.2.0/24 lookup 100 priority 100\n"
                                 "route del 192.168.2.0/24 table 100"), ("192.168.2.1",))
    yield Situation("forwarding off", "forwarding",
                    lambda: a.run(["sysctl", "-qw", "net.ipv4.ip_forward=0"]),
                    lambda: a.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]), ("192.168.2.1",))
    yield Situation("static entry without a route", "rib",
                    *conf_change(wa, "tunnel-address [ 10.9.0.2 ",
                                 "allowed-ips [ 172.16.9.0/24 ]; tunnel-address [ 10.9.0.2 "),
                    ("172.16.9.1",))
    yield Situation("a blackhole of somebody", "kernel next-hop",
                    lambda: a.ip("route add blackhole 192.168.2.0/26"),
                    lambda: a.ip("route del blackhole 192.168.2.0/26"), ("192.168.2.1",))


def test_each_situation(two):
    two.wa.wait_tunnel("b", "up")
    for s in situations(two):
        for d in BEHIND:
            wait_until(lambda d=d: explain(two.wa, d)[0] is None, 60,
                       f"{d} to be reachable before {s.name}")
        s.do()
        s.look(two.wa)
        s.undo()
    for d in BEHIND + ("10.9.0.2", "192.168.1.77"):
        wait_until(lambda d=d: explain(two.wa, d)[0] is None, 60, f"{d} to be reachable at the end")


def test_without_a_default_route(two):
    """What nothing leads to is still known to be meant for the tunnel."""
    wa = two.wa
    wa.wait_tunnel("b", "up")
    wa.replace("tunnel-address [ 10.9.0.2 ",
               "allowed-ips [ 172.16.9.0/24 ]; tunnel-address [ 10.9.0.2 ")
    two.a.ip(f"route add {two.net.address('b')} via {two.net.gateway('a')} dev u0\n"
             "route del default dev u0")
    for destination, stage in (("172.16.9.1", "rib"), ("203.0.113.9", "bgp")):
        wait_until(lambda d=destination, s=stage: explain(wa, d)[0] == s, 30,
                   f"{destination} to fail at {stage}")
    two.net.cut("a", "b")
    for destination, stages in (("172.16.9.1", ("tunnel",)), ("192.168.2.1", ("tunnel", "bgp"))):
        wait_until(lambda d=destination, s=stages: explain(wa, d)[0] in s, 60,
                   f"{destination} to fail at {stages} without the tunnel")
