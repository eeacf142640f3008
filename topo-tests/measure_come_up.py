# SPDX-License-Identifier: BSD-2-Clause
"""The lines of a hub's log when many tunnels come, go and come again at once:
`topo-tests/run measure_come_up.py -s`.

    hub wg0 ══ wg0 … wg99: each a wireguard-go of its own, all in one router, whose neighbour
               of plain BGP has a session through each

WGBGP_TUNNELS: how many; 100 by itself, as each far end is a process."""
import collections
import os
import re

import pytest

from lib.snippets import FAST, TIMERS
from lib.speaker import Speaker
from lib.topology import built
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

pytestmark = pytest.mark.timeout(1800)

TUNNELS = int(os.environ.get("WGBGP_TUNNELS", "100"))
PEER = ("peer site-{n:03d} {{ public-key PUB(site{n}); tunnel-address 10.20.{a}.{b}; "
        "permit 10.{c}.{b}.0/24; }}")
NEIGHBOR = ("neighbor 10.20.{a}.{b} {{ remote-as 65001; passive true; ipv6-unicast false; "
            "import all; export all; max-prefix 100; }}")
CONF = """
system {{ hostname hub; }}
wireguard {{ interface wg0 {{ private-key-file KEY(wg0); listen-port 51820; address 10.20.255.1/16; {fast}
{peers}
}} }}
bgp {{ as 65000; router-id 10.20.255.1; {timers}
{neighbors}
}}
"""


def of(text, n):
    return text.format(n=n, a=n // 250, b=n % 250 + 1, c=100 + n // 250)


def far_ends(topo, router, hub):
    """A speaker behind all tunnels: what is sent from the address of one leaves by it."""
    for n in range(TUNNELS):
        a = of("10.20.{a}.{b}", n)
        PlainWg(router, f"wg{n}", key=f"site{n}", port=52000 + n, addresses=f"{a}/32",
                peers=[{"key": "hub.wg0", "endpoint": f"{hub}:51820",
                        "allowed_ips": "10.20.255.1/32", "keepalive": 5}])
        router.ip(f"rule add from {a} lookup {1000 + n}\n"
                  f"route add 10.20.255.1/32 dev wg{n} table {1000 + n}\n")
    return Speaker(topo, router)


def test_measure(request):
    with built(request.node) as topo:
        net = topo.internet()
        hub, sites = topo.router("hub", net), topo.router("sites", net)
        net.cut("hub", "sites")
        w = Wgbgp(topo, hub, CONF.format(fast=FAST, timers=TIMERS,
                                         peers="\n".join(of(PEER, n) for n in range(TUNNELS)),
                                         neighbors="\n".join(of(NEIGHBOR, n) for n in range(TUNNELS))))
        speaker = far_ends(topo, sites, net.address("hub"))

        def wait(tunnels, sessions):
            wait_until(lambda: all(t["state"] == tunnels for t in w.show("tunnels")["tunnels"]),
                       120, f"all tunnels {tunnels}")
            wait_until(lambda: all((n["state"] == "established") == sessions
                                   for n in w.show("bgp summary")["neighbors"]), 240, "the sessions")

        before = len(w.log())
        net.restore("hub", "sites")
        speaker.do(*[of("session s{n} local=10.20.{a}.{b} remote=10.20.255.1 as=65001 "
                        "remote-as=65000 retry=1000 gr", n) for n in range(TUNNELS)])
        speaker.do("wait established timeout=120",
                   *[of("announce s{n} 10.{c}.{b}.0/24", n) for n in range(TUNNELS)])
        for what, change, tunnels, sessions in (("up", None, "up", True),
                                                ("down", net.cut, "down", False),
                                                ("up again", net.restore, "up", True)):
            if change:
                change("hub", "sites")
            wait(tunnels, sessions)
            say(what, w.log()[before:])
            before = len(w.log())


def say(what, text):
    lines = text.splitlines()
    print(f"\n{what}: {TUNNELS} tunnels, {len(lines)} lines")
    for kind, n in collections.Counter(
            re.sub(r"^\S+ ", "", re.sub(r"=\S+", "=", line))[:70] for line in lines).most_common(12):
        print(n, kind)
    print(*[line for line in lines if "log-gathered" in line][:4], sep="\n")
