# SPDX-License-Identifier: BSD-2-Clause
"""No test, a measurement: topo-tests/run measure_link_up.py -s
A link with a userspace WireGuard is down for a minute, then up, with 100,000 entries: packets on the
wire meanwhile, and the time from up to the first and the last entry and route.

    a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b (wg by hand, BIRD with 100,000 routes)
"""
import json
import time

from lib.peers import Bird
from lib.probe import Ping
from lib.snippets import FAST
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import PlainWg, many_entries
from lib.wgbgp import Wgbgp
from test_bird_peer import BIRD, STATIC
from test_link_down import Silence

N = 100000


def count(out):
    return len(out.splitlines())


def measure(topo, learned):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    topo.lan(a, "192.168.1.0/24", subnet6="fd00:1::/64")
    host = topo.lan(b, "192.168.2.0/24", subnet6="fd00:2::/64")
    text = conf("a", 1, "b", 2, FAST)
    more = "" if learned else f"allowed-ips [ {many_entries()} ]; "
    text = text.replace("permit [", f"{more}permit [ 100.64.0.0/10 ")
    w = Wgbgp(topo, a, text)
    PlainWg(b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address('a')}:51820",
        "allowed_ips": "0.0.0.0/0 ::/0", "keepalive": 5}])
    routes = "".join(f"route {p} unreachable;\n" for p in many_entries().split()) if learned else ""
    Bird(topo, b, BIRD.format(static4=STATIC + routes))
    w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")

    def entries():
        return w.show("wireguard wg0")["interfaces"][0]["peers"][0]["allowed-ips-count"]

    def kernel():
        return count(a.out("ip route show dev wg0 proto 222"))

    want = N if learned else 1
    wait_until(lambda: entries() > N and kernel() >= want, 120, "100,000 entries", 1)
    silence = Silence(a)
    ping = Ping(host, "192.168.1.1", wait=False)
    a.ip("link set wg0 down")
    w.wait_tunnel("b", "down")
    silence.packets("out")
    silence.packets("in")
    time.sleep(60)
    print(f"\n{'learned' if learned else 'static'}: in 60 s with the link down "
          f"{silence.packets('out')} packets out, {silence.packets('in')} in")
    a.ip("link set wg0 up")
    up = time.monotonic()
    times = {}
    while len(times) < 3:
        if "first route" not in times and w.leaves_by("192.168.2.1") == "wg0":
            times["first route"] = time.monotonic() - up
        if "back in WireGuard" not in times and \
                count(a.out("wg show wg0 allowed-ips").replace(" ", "\n")) > N:
            times["back in WireGuard"] = time.monotonic() - up
        if "last route" not in times and kernel() >= want and "first route" in times:
            times["last route"] = time.monotonic() - up
        assert time.monotonic() - up < 120, times
    ping.stop()
    print(json.dumps({k: round(v, 3) for k, v in times.items()}))
    log = w.log().splitlines()
    since = max(i for i, line in enumerate(log) if " wgd " in line and "link-state" in line)
    print("\n".join(line[:160] for line in log[since:since + 25]))


def test_learned(topo):
    measure(topo, True)


def test_static(topo):
    measure(topo, False)
