# SPDX-License-Identifier: BSD-2-Clause
"""A real table, offered by those who offered it, to wgbgp and in the same way to BIRD.

    36 sessions, each from its own address with its own AS
    193.203.0.1 AS 1853 ─┐
    193.203.0.3 AS 2686 ─┼─ 193.203.0.0/24 ── 193.203.0.200 AS 64999: wgbgp, with its kernel
              ...       ─┘
    and the same again in two other namespaces with BIRD instead of wgbgp

Every best path of both must be the same, and wgbgp's kernel must hold them all. The table is of
July 2002: 115,521 entries, 112,988 prefixes. WGBGP_TESTDATA says where it is; without it the test is
skipped. WGBGP_TABLE_PEERS offers fewer of the 36, the fullest tables first (at least 8)."""
import collections
import json
import os
import re

import pytest

from lib.peers import Bird
from lib.speaker import Speaker
from lib.topology import link
from lib.wait import Timeout, wait_until
from lib.wgbgp import Wgbgp

TESTDATA = os.environ.get("WGBGP_TESTDATA", "")
DUMP = os.path.join(TESTDATA, "mrt", "bview.20020722.2337.gz")
PEERS = max(8, int(os.environ.get("WGBGP_TABLE_PEERS", "36")))
OURS, OUR_AS, LAN = "193.203.0.200", 64999, "193.203.0.0/24"

pytestmark = [
    pytest.mark.skipif(not os.path.exists(DUMP), reason="WGBGP_TESTDATA names no folder with the table"),
    pytest.mark.timeout(600),
]

Path = collections.namedtuple("Path", "source next_hop as_path")


class Exchange:
    """The LAN with the neighbours on it, for one router under test."""

    def __init__(self, topo, name, next_hop):
        self.router = topo.router(name)
        self.neighbors = topo.router(f"{name}-ix")
        self.speaker = Speaker(topo, self.neighbors)
        self.next_hop = next_hop
        peers = self.speaker.do(f"mrt {DUMP} prefix=t")["peers"]
        self.peers = sorted(peers, key=lambda p: -p["prefixes"])[:PEERS]
        self.entries = sum(p["prefixes"] for p in self.peers)
        link(self.router, "lan0", self.neighbors, "lan0", f"{OURS}/24",
             " ".join(f"{p['address']}/24" for p in self.peers))

    def offer(self):
        """Opens the sessions, then announces everything."""
        self.speaker.do(*(f"session {p['address']} local={p['address']} remote={OURS} "
                          f"as={p['as']} remote-as={OUR_AS} hold=240" for p in self.peers))
        option = " next-hop=recorded" if self.next_hop == "recorded" else ""
        self.speaker.do(*(f"load {p['address']} {p['table']}{option}" for p in self.peers))
        self.speaker.do("wait established timeout=120", "send", "wait sent timeout=120")


def bird_conf(peers):
    # deterministic med: what wins must not depend on what came first
    sessions = "".join(f"protocol bgp p{i} from far {{ neighbor {p['address']} as {p['as']}; }}\n"
                       for i, p in enumerate(peers))
    return f"""
router id {OURS};
protocol device {{ }}
protocol direct lan {{ ipv4; }}
template bgp far {{
    local {OURS} as {OUR_AS}; passive on; deterministic med on;
    error wait time 1, 2; hold time 240;
    ipv4 {{ import all; export none; }};
}}
{sessions}"""


def wgbgp_conf(peers):
    sessions = "".join(f"    neighbor {p['address']} {{ group far; remote-as {p['as']}; }}\n"
                       for p in peers)
    return f"""
bgp {{
    as {OUR_AS};
    router-id {OURS};
    neighbor-group far {{
        passive true; hold-time 240; ipv6-unicast false; import all; export none;
    }}
{sessions}}}
"""


def bird_best(bird, peers):
    """{prefix: Path} of BIRD's best paths."""
    names = {f"p{i}": p["address"] for i, p in enumerate(peers)}
    best, prefix, source, as_path = {}, None, None, ""
    head = re.compile(r"(\S+/\d+)\s+unicast \[(p\d+) ")
    for line in bird.cli("show route primary all").splitlines():
        found = head.match(line)
        if found:
            prefix, source, as_path = found[1], names[found[2]], ""
        elif line.startswith("\tBGP.as_path: "):
            as_path = line.split(": ", 1)[1]
        elif line.startswith("\tBGP.next_hop: "):
            best[prefix] = Path(source, line.split(": ", 1)[1], path_key(as_path))
    return best


def wgbgp_best(wgbgp):
    best = {}
    for route in wgbgp.show("bgp ipv4")["routes"]:
        for path in route["paths"]:
            if path["best"]:
                best[route["prefix"]] = Path(path["from"], path["next-hop"],
                                             path_key(path["as-path"]))
    return best


def path_key(as_path):
    """AS sets are written in several ways and have no order."""
    text = as_path if isinstance(as_path, str) else " ".join(map(str, as_path))
    sequence = re.sub(r"\{[^}]*\}", lambda m: "{" + ",".join(
        sorted(re.findall(r"\d+", m[0]), key=int)) + "}", text)
    return " ".join(sequence.split())


def differences(ours, theirs, limit=10):
    wrong = [p for p in sorted(ours.keys() | theirs.keys()) if ours.get(p) != theirs.get(p)]
    return f"{len(wrong)} prefixes differ: " + "".join(
        f"\n  {p}: wgbgp {ours.get(p)}, BIRD {theirs.get(p)}" for p in wrong[:limit]) \
        if wrong else ""


def settled(read, expected, timeout=30):
    """What read() returns once it is as expected, or at the end of the time."""
    last = []

    def same():
        last[:] = [read()]
        return last[0] == expected
    try:
        wait_until(same, timeout, "the table", 1)
    except Timeout:
        pass  # the caller says what is wrong
    return last[0]


def bird_has_all(bird, entries):
    found = re.search(r"(\d+) of \d+ routes for (\d+) networks in table master4",
                      bird.cli("show route count"))
    return found and int(found[1]) == entries + 1  # the LAN's own route


def received(wgbgp):
    return sum(n["received-prefixes"] for n in wgbgp.show("bgp summary")["neighbors"])


def kernel_routes(router):
    """{prefix: gateway} of wgbgp's routes in the kernel."""
    routes = {}
    for route in json.loads(router.out("ip -4 -N -j route show proto 222")):
        dst = route["dst"] if "/" in route["dst"] else route["dst"] + "/32"
        assert dst not in routes, f"two routes for {dst}"
        routes[dst] = route["gateway"]
    return routes


def wait_kernel(router, expected):
    def count():
        with open(f"/proc/{router.pid}/net/fib_triestat", encoding="ascii") as f:
            main = f.read().split("Main:", 1)[1]
        return int(re.search(r"Prefixes:\s+(\d+)", main)[1])
    wait_until(lambda: count() >= len(expected), 60, "the routes in the kernel", 0.2)
    installed = settled(lambda: kernel_routes(router), expected)
    wrong = {p: (installed.get(p), expected.get(p)) for p in installed.keys() | expected.keys()
             if installed.get(p) != expected.get(p)}
    assert not wrong, f"{len(wrong)} (is, should be): {dict(list(wrong.items())[:10])}"


@pytest.fixture(params=["own", "recorded"])
def next_hop(request):
    """Next hops: each neighbour's own address, or what it really said: others on the LAN, too."""
    return request.param


def bird_table(topo, next_hop):
    exchange = Exchange(topo, "bird", next_hop)
    bird = Bird(topo, exchange.router, bird_conf(exchange.peers))
    exchange.offer()
    wait_until(lambda: bird_has_all(bird, exchange.entries), 60, "BIRD to have the table", 0.3)
    return bird_best(bird, exchange.peers)


def test_2002_table_as_bird_has_it(topo, next_hop):
    theirs = bird_table(topo, next_hop)
    exchange = Exchange(topo, "hub", next_hop)
    wgbgp = Wgbgp(topo, exchange.router, wgbgp_conf(exchange.peers))
    exchange.offer()
    wait_until(lambda: received(wgbgp) == exchange.entries, 120, "wgbgp to have the table", 0.5)
    ours = settled(lambda: wgbgp_best(wgbgp), theirs)
    assert not differences(ours, theirs)
    # One of them offers the LAN itself, which is connected: of both.
    assert LAN not in ours and wgbgp.reasons(LAN) == ["lost-to-protocol"]
    wait_kernel(exchange.router, {prefix: path.next_hop for prefix, path in ours.items()})
    assert not re.findall(r"^.* error: .*$", wgbgp.log(), re.M)
