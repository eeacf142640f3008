# SPDX-License-Identifier: BSD-2-Clause
"""A dead tunnel is found in time however many AllowedIPs its interface has, and however busy the
machine is: WireGuard says what it received from a peer only together with all of them.

                      ╔══ 10.9.0.2 b
    a  10.9.0.1  wg0  ╣                  b and c: plain WireGuard that answers echo requests
                      ╚══ 10.9.0.3 c

WGBGP_CUTS is the number of cuts in each case (2 unless given; the acceptance is 20). Where it is
given each case has its bar: the probe's timeout and 1.5 s; WGBGP_ENTRIES ("10 300000 900000") and
WGBGP_BUSY ("0 4", busy loops) are the cases. `-rP` prints the figures."""
import os
import random
import subprocess
import sys
import time

import pytest

from lib.wait import SLOW, holds, wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

CUTS = int(os.environ.get("WGBGP_CUTS", "0"))
ENTRIES = [int(n) for n in os.environ.get("WGBGP_ENTRIES", "10 100000").split()]
BUSY = [int(n) for n in os.environ.get("WGBGP_BUSY", "0").split()]
TIMEOUT_MS = int(2000 * min(SLOW, 3))
MARGIN_S = 1.5

pytestmark = pytest.mark.timeout((200 + 60 * CUTS) * max(SLOW, 1))

CONF = """
system {{ hostname a; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        adopt true;
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        liveness {{ probe-timeout {timeout}; up-hold 500; up-hold-max 500; {more} }}
        peer b {{ public-key PUB(b.wg0); endpoint INET(b):51820; tunnel-address [ 10.9.0.2 ]; }}
        peer c {{ public-key PUB(c.wg0); endpoint INET(c):51820; tunnel-address [ 10.9.0.3 ]; }}
    }}
}}
"""


TALK = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        s.sendto(b"x", ("10.9.0.1", 9))
    except OSError:
        pass
    time.sleep(0.3)
"""


def entries(n, first):
    """N prefixes, /32 inside of /8 networks."""
    return " ".join(f"{first + (i >> 24)}.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}/32"
                    for i in range(n))


class Star:
    def __init__(self, topo, n_entries, more=""):
        self.net = topo.internet()
        self.a = topo.router("a", self.net)
        self.far = {name: topo.router(name, self.net) for name in "bc"}
        half = n_entries // 2
        PlainWg(self.a, "wg0", addresses="10.9.0.1/24", peers=[
            {"key": "b.wg0", "allowed_ips": "10.9.0.2/32 " + entries(half, 20)},
            {"key": "c.wg0", "allowed_ips": "10.9.0.3/32 " + entries(n_entries - half, 40)}])
        for n, (name, router) in enumerate(self.far.items()):
            PlainWg(router, "wg0", addresses=f"10.9.0.{2 + n}/24", peers=[
                {"key": "a.wg0", "endpoint": f"{self.net.address('a')}:51820",
                 "allowed_ips": "10.9.0.1/32"}])
            # What comes in now and then must not hide the silence after it.
            router.spawn(f"talk-{name}", [sys.executable, "-c", TALK])
        self.w = Wgbgp(topo, self.a, CONF.format(timeout=TIMEOUT_MS, more=more))

    def wait_up(self):
        for peer in self.far:
            self.w.wait_tunnel(peer, "up", timeout=60)

    def cut(self, state):
        """Seconds until b is in that state."""
        seen = len(self.w.tunnel_changes("b"))
        begun = time.monotonic()
        self.net.cut("a", "b")
        wait_until(lambda: state in [to for _, to, _ in self.w.tunnel_changes("b")[seen:]], 60,
                   f"b is {state}", 0.02)
        return time.monotonic() - begun

    def restore(self):
        self.net.restore("a", "b")
        self.wait_up()
        end = time.monotonic() + random.uniform(1, 3)  # anywhere between two polls
        holds(lambda: self.w.tunnel_state("b") == "up", end - time.monotonic(), "b is up", 0.5)


@pytest.fixture
def busy():
    """Starts busy loops, and ends them."""
    loops = []
    yield lambda n: loops.extend(subprocess.Popen(["sh", "-c", "while :; do :; done"])
                                 for _ in range(n))
    for loop in loops:
        loop.kill()
        loop.wait()


def measure(star, state, what):
    took = []
    for _ in range(CUTS or 2):
        took.append(star.cut(state))
        star.restore()
    took.sort()
    print(f"{what}: {len(took)} cuts, seconds until {state}: " + " ".join(f"{s:.2f}" for s in took))
    return took


@pytest.mark.parametrize("loops", BUSY)
@pytest.mark.parametrize("n", ENTRIES)
def test_probe(topo, busy, n, loops):
    """The data probe alone: down within the timeout and 1.5 s. c, on the same interface, stays."""
    star = Star(topo, n)
    star.wait_up()
    busy(loops)
    took = measure(star, "down", f"probe, {n} entries, {loops} busy loops")
    tunnel = star.w.tunnel("b")
    print(f"readings each {tunnel['reading-interval-ms']} ms")
    assert {(to, why) for _, to, why in star.w.tunnel_changes("b") if to == "down"} == {
        ("down", "probe-unanswered")}
    assert not [to for _, to, _ in star.w.tunnel_changes("c") if to == "down"]
    assert not CUTS or took[-1] <= TIMEOUT_MS / 1000 + MARGIN_S


@pytest.mark.parametrize("loops", BUSY)
@pytest.mark.parametrize("n", ENTRIES)
def test_echo(topo, busy, n, loops):
    """Echo requests besides: degraded first, then down."""
    star = Star(topo, n, "echo on;")
    star.wait_up()
    wait_until(lambda: star.w.tunnel("b")["echo-received"] > 20, 60, "answers to echo")
    busy(loops)
    measure(star, "degraded", f"echo, {n} entries, {loops} busy loops")
    measure(star, "down", f"echo, {n} entries, {loops} busy loops")
    whys = {why for _, to, why in star.w.tunnel_changes("b") if to == "down"}
    assert "echo-unanswered" in whys
    assert whys <= {"echo-unanswered", "probe-unanswered"}  # a probe was under way in a cut
