# SPDX-License-Identifier: BSD-2-Clause
"""Two tunnels, and a mistake in what one of them may carry. The plan says what it would hurt; made
on trial all the same, it hurts nothing in the other tunnel and takes itself back.

    office ─ 192.168.1.0/24 ─ a ═╦═ wg0 10.9.0.0/24 ════ b ─ 192.168.2.0/24 ─ office
                                 ║
                                 ╚═ wg1 10.8.0.0/24 ═╦══ c .3 "plant" ─ 172.16.3.0/24 ─ host
                                                     ║     │ 172.31.0.0/24
                                                     ╚══ d .4 "depot" ─ 172.16.4.0/24 ─ host

wg0 guards wg1. c and d announce 172.16.3.0/24 both, d's way there leads through c: what goes to the
host by d comes back by c, whose source a does not take then."""
import collections
import re

import pytest

from lib.probe import Ping, reaches
from lib.topology import link
from lib.tunnels import End, Tunnel, Tunnels
from lib.wait import wait_until
from lib.wg import allowed_ips

TUNNELS = (
    Tunnel("10.9.0", [End("b", 2, 65002, "192.168.2.0/24", "192.168.0.0/16", "office")]),
    Tunnel("10.8.0", [End("c", 3, 65003, "172.16.3.0/24", "172.16.3.0/24 172.16.5.0/24", "plant"),
                      End("d", 4, 65004, "172.16.3.0/24 172.16.4.0/24",
                          "172.16.3.0/24 172.16.4.0/24", "depot")],
           'guard wg0; consumer [ "DNS sync" ];'))

# What is meant and what is typed; what the plan says; who does not answer while it is so (None: it
# is refused).
Mistake = collections.namedtuple("Mistake", "was now says unanswered")

WRONG = {
    "a session is dropped": Mistake(
        "tunnel-address [ 10.8.0.3 ]", "tunnel-address [ 10.8.0.33 ]",
        [r"1 session ends?", r"  ! session 10\.8\.0\.3: ", r"  ! prefix 172\.16\.3\.0/24: moved: "],
        "10.8.0.3"),
    "what depends on it breaks": Mistake(
        "permit [ 172.16.3.0/24 172.16.4.0/24 ]", "permit [ 172.16.3.0/24 ]",
        [r"DNS sync feels it: wg1: ", r"  ! prefix 172\.16\.4\.0/24: lost: .*outside-permit"],
        "172.16.4.10"),
    "into the wrong tunnel": Mistake(
        "tunnel-address [ 10.8.0.4 ];", "tunnel-address [ 10.8.0.4 ]; allowed-ips 172.16.3.0/24;",
        [r"refused: .*peer plant permit: '172\.16\.3\.0/24' lies inside .*peer depot allowed-ips"],
        None),
    "out by one, back by another": Mistake(
        "permit [ 172.16.3.0/24 172.16.5.0/24 ]", "permit [ 172.16.5.0/24 ]",
        [r"  ! prefix 172\.16\.3\.0/24: moved: .*wg1/plant -> .*wg1/depot"], "172.16.3.10"),
}


class Guarded(Tunnels):
    def __init__(self, topo):
        super().__init__(topo, TUNNELS)
        for name, subnet in (("b", "192.168.2.0/24"), ("c", "172.16.3.0/24"),
                             ("d", "172.16.4.0/24")):
            topo.lan(self.router[name], subnet)
        link(self.router["c"], "lan1", self.router["d"], "lan1", "172.31.0.3/24", "172.31.0.4/24")
        self.router["d"].ip("route add 172.16.3.0/24 via 172.31.0.3")
        self.start()
        for prefix, ifname, peer in (("192.168.2.0/24", "wg0", "b.wg0"),
                                     ("172.16.3.0/24", "wg1", "c.wg1"),
                                     ("172.16.4.0/24", "wg1", "d.wg1")):
            self.w.wait_installed(prefix, ifname, peer, 60)
        wait_until(lambda: len(self.w.paths("172.16.3.0/24")) == 2, 60, "d's path as well")
        for host in ("172.16.3.10", "172.16.4.10"):
            reaches(self.a, host)
        self.w.wait_established(timeout=60)
        self.base = self.state()

    def state(self):
        """All that the change could touch, as the kernel, `wg` and the sessions have it."""
        entries = {i: {key: sorted(prefixes) for key, prefixes in
                       allowed_ips(self.w.router, i).items()} for i in ("wg0", "wg1")}
        routes = {p: [(r.get("dev"), r.get("metric")) for r in found]
                  for p, found in self.w.kernel_routes().items()}
        return entries, routes, self.w.established()

    def newest(self):
        row = self.w.show("commits")["commits"][0]
        return row["state"], row.get("why") or ""

    def as_before(self):
        wait_until(lambda: self.newest()[0] == "returned", 30, "the way back")
        assert self.read() == self.text
        wait_until(lambda: self.state() == self.base, 60, f"everything as before: {self.base}")


@pytest.fixture
def tunnels(topo):
    return Guarded(topo)


@pytest.mark.parametrize("name", WRONG)
def test_mistake(tunnels, name):
    """Shown, contained, taken back."""
    w, wrong = tunnels.w, WRONG[name]
    text = tunnels.text.replace(wrong.was, wrong.now)
    assert text != tunnels.text
    with Ping(tunnels.office, "192.168.2.10", interval_ms=5) as ping:
        w.write(text)
        plan = w.cli_run("plan")
        assert plan.returncode == (4 if wrong.unanswered else 5), plan.stdout + plan.stderr
        for line in wrong.says:
            assert re.search(line, plan.stdout), (line, plan.stdout, w.cli("show bgp neighbors"))
        assert tunnels.state() == tunnels.base
        if wrong.unanswered:
            w.cli_run(f"reload confirmed 10 expect ping {wrong.unanswered}")
            tunnels.as_before()
            assert f"{wrong.unanswered} does not answer any more" in tunnels.newest()[1]
        else:
            assert w.cli_run("reload confirmed 10").returncode == 1
            assert tunnels.state() == tunnels.base
        ping.flows()
    ping.nothing_lost()
    reaches(w.router, wrong.unanswered or "172.16.3.10")


def test_nobody_looks(tunnels):
    """Nothing is expected, nobody confirms: because of the guard it is a trial all the same."""
    w, wrong = tunnels.w, WRONG["what depends on it breaks"]
    with Ping(tunnels.office, "192.168.2.10", interval_ms=5) as ping:
        w.write(tunnels.text.replace(wrong.was, wrong.now))
        assert "interface wg1 has a guard" in w.cli("reload")
        w.wait_gone("172.16.4.0/24")
        w.cli("rollback 0")
        tunnels.as_before()
        w.write(tunnels.text.replace(wrong.was, wrong.now))
        w.cli("reload confirmed 3s")
        tunnels.as_before()
        ping.flows()
    ping.nothing_lost()
