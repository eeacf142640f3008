# SPDX-License-Identifier: BSD-2-Clause
"""`explain from SOURCE DESTINATION probe` against what really becomes of such a packet, in
topologies by seed (lib/worlds.py) that are broken one way after the other (lib/broken.py).

Two things are known of each pair without asking explain: whether small and large echo requests are
answered (lib/echo.py), and whether any came to a router behind the tunnel, which counts them. The
first says what the fate has to be. The stage has to be one of those that the way of breaking
leaves, and may be none on this side of the tunnel where requests came through it, none behind it
otherwise.

WGBGP_PAIRS=1000 asks for that many pairs, 50 in each world; WGBGP_WORLD=N is that one alone.
"""
import concurrent.futures
import contextlib
import ipaddress
import json
import os
import random

import pytest

from lib.broken import Break, some_of
from lib.wait import SLOW, Timeout, wait_until
from lib.worlds import KINDS, World

PAIRS = int(os.environ.get("WGBGP_PAIRS", "20"))
SEED = int(os.environ.get("WGBGP_SEED", "1"))
IN_EACH = 50 if PAIRS > 100 else 10
WORLDS = range(-(-PAIRS // IN_EACH))
if "WGBGP_WORLD" in os.environ:
    WORLDS = [int(os.environ["WGBGP_WORLD"])]
BREAKS = int(os.environ.get("WGBGP_BREAKS", "6" if PAIRS > 100 else "2"))
ECHO = os.path.join(os.path.dirname(__file__), "lib", "echo.py")
SIZE = 1420  # the MTU of the tunnels
THREADS = 1 if SLOW > 2 else 6

HERE = {"source", "bgp", "rib", "next-hop", "forwarding", "rule", "kernel", "allowed-ips", "tunnel",
        "endpoint"}
THERE = {"far-forwarding", "far-route", "far-firewall", "host", "answer", "mtu"}

SEEN = """
table inet seen {
    set four { type ipv4_addr . ipv4_addr; flags dynamic; size 65535; }
    set six { type ipv6_addr . ipv6_addr; flags dynamic; size 65535; }
    chain in {
        type filter hook prerouting priority -300;
        icmp type echo-request add @four { ip saddr . ip daddr }
        icmpv6 type echo-request add @six { ip6 saddr . ip6 daddr }
    }
}
"""


class Compared:
    """What explain said of pairs, beside what became of them."""

    def __init__(self, world):
        self.world, self.seen, self.unknown, self.again, self.undecided = world, 0, 0, 0, 0
        self.wrong_fate, self.wrong_stage = [], []
        self.far = [n.router for n in world.nodes.values() if n is not world.view]
        for router in self.far:
            router.nft(SEEN)

    def explain(self, source, destination):
        plane = f"plane {self.world.plane} " if self.world.plane else ""
        result = self.world.view.w.cli_run(
            f"explain {plane}from {source.address} {destination.address} probe json")
        doc = json.loads(result.stdout)
        if "steps" not in doc:
            return {"stage": "none", "reachable": None, "answered": None, "verdict": str(doc)}
        failed = [s["stage"] for s in doc["steps"] if s["ok"] is False] or [None]
        assert doc["stage"] == failed[0] and doc["reachable"] == (failed[0] is None), doc
        assert (result.returncode == 0) == doc["reachable"], doc
        return doc

    def answered(self, source, destination):
        """Whether small and large packets really are."""
        node = self.world.nodes[source.node]
        router = node.host if source.kind in ("host", "site-host") else node.router
        out = router.out(["/usr/bin/python3", ECHO, source.address, destination.address,
                          str(SIZE)]).split()
        return int(out[1]) > 0 and int(out[3]) > 0

    def forget(self):
        for router in self.far:
            router.nft("flush set inet seen four\nflush set inet seen six\n")

    def came_through(self):
        """(router, source, destination) of all requests that a router behind the tunnels saw."""
        found = set()
        for router in self.far:
            for name in ("four", "six"):
                doc = json.loads(router.out(f"nft -j list set inet seen {name}"))
                for entry in doc["nftables"][1]["set"].get("elem", ()):
                    found.add((router.name, *map(ipaddress.ip_address, entry["concat"])))
        return found

    def ask(self, how, source, destination):
        """(what is wrong of the fate, of the stage; or None), the answer."""
        doc, answered = self.explain(source, destination), self.answered(source, destination)
        expected = how.expected(self.world, source, destination)
        if doc["reachable"] and doc["answered"] is None:
            return None, None, doc  # nothing was sent, and explain says so
        if answered != doc["reachable"]:
            return f"answered: {answered}", None, doc
        if not answered and doc["stage"] not in expected:
            return None, f"{doc['stage']}, not {expected or 'answered'}", doc
        return None, None, doc

    def compare(self, how, source, destination):
        """The world may still be changing: what seems to be wrong is asked again."""
        fate, stage, doc = self.ask(how, source, destination)
        for _ in range(2):
            if not fate and not stage:
                break
            self.again += 1
            fate, stage, doc = self.ask(how, source, destination)
        self.seen += 1
        self.unknown += doc["answered"] is None and doc["reachable"] is True
        what = f"{self.world}; {how.name}: {source} to {destination}, IPv{source.family}"
        if fate:
            self.wrong_fate.append(f"{what}: {fate}; {json.dumps(doc, indent=1)}")
        elif stage:
            self.wrong_stage.append(f"{what}: {stage}; {doc['verdict']}")
        return what, source, destination, doc

    def check_sides(self, done):
        came = self.came_through()
        for what, source, destination, doc in done:
            both = (ipaddress.ip_address(source.address), ipaddress.ip_address(destination.address))
            through = any((router.name, *both) in came for router in self.far
                          if router.name != source.node)
            if through and doc["stage"] in HERE:
                self.wrong_stage.append(f"{what}: {doc['stage']}, but requests came through")
            if not through and destination.via and doc["stage"] in THERE:
                self.wrong_stage.append(f"{what}: {doc['stage']}, but no request came through")


def heard(compared, how, source, destination):
    """If explain never does, compare() will say so."""
    with contextlib.suppress(Timeout):
        wait_until(lambda: compared.explain(source, destination)["stage"]
                   in how.expected(compared.world, source, destination), 20)


def settle(compared, how, pairs):
    """Until those that it breaks are broken, and explain has heard of it. False: they are not."""
    shows = {}
    for source, destination in pairs:
        if how.breaks(source, destination):
            shows.setdefault((source.family, destination.via), (source, destination))
    if not shows:
        return False
    try:
        for source, destination in shows.values():
            wait_until(lambda s=source, d=destination: not compared.answered(s, d), 30)
    except Timeout:
        return False
    for source, destination in shows.values():
        heard(compared, how, source, destination)
    return True


def well_again(compared):
    def well(source, destination):
        return compared.answered(source, destination) and \
            compared.explain(source, destination)["reachable"]
    compared.world.wait(well)


def go_through(compared, how, pairs):
    compared.forget()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        done = [d.result() for d in [pool.submit(compared.compare, how, *p) for p in pairs]]
    compared.check_sides(done)


@pytest.mark.timeout(900 * max(SLOW, 1))
@pytest.mark.parametrize("number", WORLDS)
def test_world(topo, number):
    kind = os.environ.get("WGBGP_KIND") or list(KINDS)[number % len(KINDS)]
    world = World(topo, kind, f"{SEED} {number}")
    chance, compared = random.Random(f"{SEED} {number} pairs"), Compared(world)
    print(f"seed {SEED}, {world}")
    compared.world.wait(compared.answered)
    every = world.pairs()
    ways = [Break("healthy", (lambda: None, lambda: None)), *some_of(world, chance, BREAKS)]
    share = -(-IN_EACH // len(ways))
    for how in ways:
        how.do()
        seen = [(s, d) for s, d in every if how.is_seen(s)]
        pairs = chance.sample(seen, min(share, len(seen)))
        if how.rows and not settle(compared, how, seen):
            compared.undecided += len(pairs)
            print(f"{how.name}: cannot be decided in this world")
        else:
            before = compared.seen
            go_through(compared, how, pairs)
            print(f"{how.name}: {compared.seen - before} pairs")
        how.undo()
        well_again(compared)
    print(f"{compared.seen} pairs, {compared.undecided} undecided, {compared.unknown} unknown, "
          f"asked again {compared.again}, wrong: fate {len(compared.wrong_fate)}, "
          f"stage {len(compared.wrong_stage)}")
    print("\n".join(compared.wrong_stage))
    assert not compared.wrong_fate, "\n".join(compared.wrong_fate)
    assert len(compared.wrong_stage) <= max(1, compared.seen // 50), \
        "\n".join(compared.wrong_stage)
