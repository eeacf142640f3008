# SPDX-License-Identifier: BSD-2-Clause
"""Nobody locks themselves out by what is kept in: the far end of an SSH session that lies inside a
`permit`, behind the default route, stays reachable while the tunnel has no route there; its
neighbours do not, and with a route through the tunnel it goes there as all do.

    operator 192.168.77.10 ─ Internet (counts what goes to 192.168.0.0/16) ─ u0 ─ a ══ wg0 ══ b
                                                      permit 192.168.0.0/16           192.168.0.0/16
"""
import json
import socket

from lib.probe import reachable, reaches
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

SERVER = """
import socket
server, kept = socket.create_server(("", 22)), []
while True:
    kept.append(server.accept()[0])
"""
CLIENT = """
import socket, sys, time
session = socket.create_connection((sys.argv[1], 22), source_address=(sys.argv[2], 0))
while True:
    time.sleep(0.1)
    session.send(b"x")
"""
OPERATOR, NEIGHBOR = "192.168.77.10", "192.168.77.11"

COUNT = """table inet leak {{
    counter clear {{ }}
    chain seen {{
        type filter hook prerouting priority -300;
        ip daddr 192.168.0.0/16 ip daddr != {operator} counter name clear
    }}
}}"""


class Operator:
    def __init__(self, topo):
        self.net = topo.internet()
        self.a, self.b = topo.router("a", self.net), topo.router("b", self.net)
        self.host = topo.lan(self.net, "192.168.77.0/24")
        assert self.host.address == OPERATOR
        self.net.nft(COUNT.format(operator=OPERATOR))
        self.a.ip(f"route add default via {self.net.gateway('a')} dev u0")
        self.sshd = self.a.spawn("sshd", ["/usr/bin/python3", "-c", SERVER])
        self.log_in()
        self.w = Wgbgp(topo, self.a, conf("a", 1, "b", 2).replace(
            "permit [ 192.168.2.0/24", "permit [ 192.168.0.0/16") + "rib { keep-in permit; }")
        self.far = Wgbgp(topo, self.b, conf("b", 2, "a", 1).replace(
            "network [ 192.168.2.0/24", "network [ 192.168.0.0/16")
            + "rib { static 192.168.0.0/16 { blackhole true; } }", start=False)

    def sessions(self, state="01"):
        """Far ends of port 22 in that state; 0A: it is listened at."""
        rows = [line.split() for line in self.a.out(["cat", "/proc/net/tcp"]).splitlines()[1:]]
        return {socket.inet_ntoa(bytes.fromhex(r[2][:8])[::-1])
                for r in rows if r[1].endswith(":0016") and r[3] == state}

    def log_in(self):
        here = self.net.address("a")
        wait_until(lambda: self.sessions("0A"), 10, "the server to listen")
        self.client = self.host.spawn("ssh", ["/usr/bin/python3", "-c", CLIENT, here, OPERATOR])
        wait_until(lambda: OPERATOR in self.sessions(), 10, "the session")

    def kept_in(self):
        return "192.168.0.0/16" in self.w.kept_in()

    def only_the_operator(self):
        """Its packets leave by the underlay, and nobody else's."""
        wait_until(lambda: self.kept_in() and self.w.leaves_by(OPERATOR) == "u0", 20,
                   "the operator to be reached")
        assert self.w.leaves_by(NEIGHBOR) is None
        reaches(self.a, OPERATOR)
        assert not reachable(self.a, NEIGHBOR)
        out = json.loads(self.net.out("nft -j list counter inet leak clear"))
        assert [o["counter"]["packets"] for o in out["nftables"] if "counter" in o] == [0]


def test_operator(topo):
    t = Operator(topo)
    t.only_the_operator()
    assert t.w.show("keep-in")["spared"] == [OPERATOR]
    status, said = t.w.check()
    assert status == 0 and f"covers {OPERATOR}, who has an SSH session here by u0" in said
    assert f"covers {OPERATOR}" in t.w.cli("reload")
    # Whoever may come again is remembered, and one who comes new is seen.
    t.client.stop()
    t.w.restart()
    t.only_the_operator()
    t.log_in()
    t.w.kill_daemon("zebra-lite")
    t.only_the_operator()


def test_by_the_tunnel(topo):
    t = Operator(topo)
    t.only_the_operator()
    t.far.start()
    wait_until(lambda: t.w.leaves_by(OPERATOR) == t.w.leaves_by(NEIGHBOR) == "wg0", 30,
               "all to go by the tunnel")
    assert t.w.show("keep-in")["spared"] == [OPERATOR]
    t.net.cut("a", "b")
    t.only_the_operator()


def test_who_came_by_the_tunnel(topo):
    """A session that came by the tunnel does not go on in the clear when that is gone."""
    t = Operator(topo)
    t.far.start()
    t.b.ip("addr add 192.168.2.1/32 dev lo")
    wait_until(lambda: t.w.leaves_by("192.168.2.1") == "wg0", 30, "the way by the tunnel")
    t.b.spawn("ssh", ["/usr/bin/python3", "-c", CLIENT, "10.9.0.1", "192.168.2.1"])
    wait_until(lambda: "192.168.2.1" in t.sessions(), 10, "the session")
    t.w.cli("reload")
    t.net.cut("a", "b")
    t.only_the_operator()
    t.w.cli("reload")
    assert t.w.show("keep-in")["spared"] == [OPERATOR]
    assert t.w.leaves_by("192.168.2.1") is None
