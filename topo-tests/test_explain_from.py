# SPDX-License-Identifier: BSD-2-Clause
"""`explain from SOURCE DESTINATION probe` against what really becomes of such a packet, where one
thing after the other is broken and mended.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            ╚ u0: a default route, which takes whatever has no other

Sources: addresses of a (lan, tunnel, and wrong: that of u0) and the host behind it. Destinations:
b's (far-lan, far-tunnel), the host behind it, an address there that nobody has, and two outside.
WGBGP_PAIRS=1000 asks for that many random pairs; the stage may be wrong for one of a group, or 2 %,
whether a packet comes through for none.
"""
import concurrent.futures
import json
import os
import random

import pytest

from lib.fourplanes import four_planes
from lib.keys import public_key
from lib.snippets import FAST, TIMERS
from lib.wait import SLOW, wait_until
from lib.wgbgp import Wgbgp

PAIRS = int(os.environ.get("WGBGP_PAIRS", "40"))
CASES = 29
EACH = -(-PAIRS // CASES)
SEED = int(os.environ.get("WGBGP_SEED", "1"))
ECHO = os.path.join(os.path.dirname(__file__), "lib", "echo.py")
SIZE = 1420  # the MTU of the tunnel

SOURCES = ("lan", "tunnel", "wrong", "host")
LOCAL = ("lan", "tunnel", "wrong")
OF_LAN = ("lan", "host")
BEHIND = ("far-host", "far-lan", "nobody")
IN_TUNNEL = BEHIND + ("far-tunnel",)
DESTINATIONS = IN_TUNNEL + ("outside", "stray")

ADDRESS = {
    4: {"lan": "192.168.1.1", "tunnel": "10.9.0.1", "host": "192.168.1.10",
        "far-host": "192.168.2.10", "far-lan": "192.168.2.1", "nobody": "192.168.2.77",
        "far-tunnel": "10.9.0.2", "outside": "203.0.113.9", "stray": "172.16.9.1"},
    6: {"lan": "fd00:1::1", "tunnel": "fd09::1", "host": "fd00:1::10",
        "far-host": "fd00:2::10", "far-lan": "fd00:2::1", "nobody": "fd00:2::77",
        "far-tunnel": "fd09::2", "outside": "2001:db8:ffff::9", "stray": "fd99:9::1"},
}


def healthy(source, destination, family):
    """The stages at which a packet may be said to be lost where all is well; none: answered."""
    if destination in ("outside", "stray"):
        return {"far-route", "answer"}
    if source == "wrong":
        return {"announced"}
    return {"host"} if destination == "nobody" else set()


class Case:
    """NAME, how it is broken and mended, and where packets are lost: rows (sources, destinations,
    stages), the first that fits; what no row fits is as healthy() says. FAMILIES: those that it
    breaks. The first row's first pair shows whether it is broken yet. ALONE: one pair behind
    the other, as the kernel counts what it drops of all of them."""

    def __init__(self, name, do, undo, *rows, families=(4, 6), alone=False):
        self.name, self.do, self.undo, self.families = name, do, undo, families
        self.alone = alone
        self.rows = [(s, d, set(stages.split())) for s, d, stages in rows]

    def expected(self, source, destination, family):
        if family in self.families:
            for sources, destinations, stages in self.rows:
                if source in sources and destination in destinations:
                    return stages
        return healthy(source, destination, family)

    def shows(self):
        for family in self.families:
            for sources, destinations, _ in self.rows:
                yield sources[0], destinations[0], family


class Pairs:
    def __init__(self, two):
        self.two, self.seen, self.unknown = two, 0, 0
        self.wrong_fate, self.wrong_stage = [], []
        for router in (two.a, two.b, two.net, two.host_a, two.host_b):
            router.run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0")

    def address(self, who, family):
        return self.two.net.address("a", family) if who == "wrong" else ADDRESS[family][who]

    def explain(self, source, destination, family):
        """(stage of the first step that fails or None, the whole answer)."""
        result = self.two.wa.cli_run(
            f"explain from {self.address(source, family)} {self.address(destination, family)} "
            "probe json")
        doc = json.loads(result.stdout)
        assert "steps" in doc, doc
        failed = [s["stage"] for s in doc["steps"] if s["ok"] is False] or [None]
        assert doc["stage"] == failed[0] and doc["reachable"] == (failed[0] is None), doc
        assert (result.returncode == 0) == doc["reachable"], doc
        assert result.returncode == 0 or result.returncode >= 10, doc
        return failed[0], doc

    def really(self, source, destination, family):
        """Whether small and large packets are answered."""
        router = self.two.host_a if source == "host" else self.two.a
        out = router.out(["/usr/bin/python3", ECHO, self.address(source, family),
                          self.address(destination, family), str(SIZE)]).split()
        return int(out[1]) > 0 and int(out[3]) > 0

    def is_as(self, expected, source, destination, family):
        stage = self.explain(source, destination, family)[0]
        return stage in expected if expected else stage is None

    def compare(self, case, source, destination, family):
        stage, doc = self.explain(source, destination, family)
        answered = self.really(source, destination, family)
        expected = case.expected(source, destination, family)
        what = f"{case.name}: {source} to {destination}, IPv{family}"
        self.seen += 1
        if doc["reachable"] and doc["answered"] is None:
            # Our own echo requests are dropped, those of a host behind us are not.
            self.unknown += 1
            assert source == "host" and case.name in ("output dropped", "input dropped"), doc
        elif answered != doc["reachable"]:
            self.wrong_fate.append(f"{what}: answered: {answered}; {json.dumps(doc, indent=1)}")
        elif not answered and stage not in expected:
            self.wrong_stage.append(f"{what}: {stage}, not {expected}; {doc['verdict']}")
        elif answered and expected:
            self.wrong_stage.append(f"{what}: it is answered, although {expected}")

    def settle(self, case, shows, what=None):
        for source, destination, family in shows:
            expected = case.expected(source, destination, family)
            wait_until(lambda e=expected, s=source, d=destination, f=family:
                       self.is_as(e, s, d, f) and self.really(s, d, f) == (not e), 60,
                       f"{what or case.name}: {source} to {destination}, IPv{family}: "
                       f"{expected or 'answer'}")


def sysctls(router, *settings):
    """What is set, and back to what it was."""
    def put(index):
        for name, *values in settings:
            router.run(["sysctl", "-qw", f"{name}={values[index]}"])
    return (lambda: put(0)), (lambda: put(1))


def rules(router, text, hook, family="inet"):
    table = (f"table {family} broken {{ chain c {{ type filter hook {hook} priority 0; "
             f"{text} }}; }}\n")
    return (lambda: router.nft(table)), (lambda: router.nft(f"delete table {family} broken\n"))


def routes(router, *lines):
    """Lines for ip, and the same with "del"."""
    return (lambda: router.ip("\n".join(lines)),
            lambda: router.ip("\n".join(line.replace(" add ", " del ", 1)
                                         for line in reversed(lines))))


def both(one, other):
    return (lambda: (one[0](), other[0]())), (lambda: (other[1](), one[1]()))


def conf_change(w, old, new):
    return (lambda: w.replace(old, new)), (lambda: w.replace(new, old))


GONE = "tunnel bgp rib next-hop"
ICMP = "meta l4proto { 1, 58 }"  # the names would need /etc/protocols
ASKS = ("icmp type echo-request drop;", "icmpv6 type echo-request drop;")
ANSWERS = "icmp type echo-reply drop; icmpv6 type echo-reply drop;"
WELL = Case("healthy", lambda: None, lambda: None)


def by_u0(two):
    return f"via {two.net.gateway('a')} dev u0"


def of_tables(two):
    """What the tables of this router lack."""
    wa = two.wa
    yield WELL
    yield Case("tunnel cut", lambda: two.net.cut("a", "b"), lambda: two.net.restore("a", "b"),
               (SOURCES, IN_TUNNEL, GONE))
    yield Case("interface down", *conf_change(wa, "listen-port 51820;",
                                              "listen-port 51820; admin down;"),
               (OF_LAN, IN_TUNNEL, GONE + " kernel"),
               (SOURCES, IN_TUNNEL, GONE + " kernel source rule"),
               (("tunnel",), DESTINATIONS, "source far-route answer"))
    yield Case("wrong key", *conf_change(wa, public_key("b.wg0"), public_key("stranger")),
               (SOURCES, IN_TUNNEL, GONE))
    yield Case("nothing announced there",
               *conf_change(two.wb, "network [ 192.168.2.0/24 fd00:2::/64 ];", "network [ ];"),
               (SOURCES, BEHIND, "bgp"))
    end, begin = conf_change(wa, "remote-as 65002;", "remote-as 65002; disabled true;")
    yield Case("no session", end,
               # The far end waits longer and longer between its attempts.
               lambda: (begin(), two.wb.cli("clear bgp all"), wa.cli("clear bgp all")),
               (SOURCES, BEHIND, "bgp"), (OF_LAN + ("wrong",), ("far-tunnel",), "far-end"))
    yield Case("no import", *conf_change(wa, "import all;", "import none;"),
               (SOURCES, BEHIND, "bgp"))
    yield Case("outside permit", *conf_change(wa, "permit [ 192.168.2.0/24 fd00:2::/48 ]",
                                              "permit [ 192.168.7.0/24 ]"),
               (SOURCES, BEHIND, "bgp"))


def of_routes(two):
    """Rules and routes of somebody else."""
    a, gateway = two.a, by_u0(two)
    yield Case("foreign more specific", *routes(a, f"route add 192.168.2.0/26 {gateway}"),
               (SOURCES, ("far-host", "far-lan"), "kernel"), families=(4,))
    yield Case("foreign rule", *routes(a, f"route add 192.168.2.0/24 {gateway} table 100",
                                       "rule add to 192.168.2.0/24 lookup 100 priority 100"),
               (SOURCES, BEHIND, "kernel"), families=(4,))
    yield Case("rule by source", *routes(a, f"route add default {gateway} table 100",
                                         "rule add from 192.168.1.0/24 to 192.168.2.0/24 lookup "
                                         "100 priority 100"),
               (OF_LAN, BEHIND, "rule"), families=(4,))
    yield Case("source refused", *routes(a, "rule add from 192.168.1.0/24 prohibit priority 100"),
               (OF_LAN, DESTINATIONS, "rule"), families=(4,))
    yield Case("blackhole", *routes(a, "route add blackhole 192.168.2.0/26"),
               (SOURCES, ("far-host", "far-lan"), "kernel next-hop"), families=(4,))
    yield Case("no AllowedIPs", *routes(a, "route add 172.16.9.0/24 dev wg0",
                                        "route add fd99:9::/64 dev wg0"),
               (SOURCES, ("stray",), "allowed-ips"))


def of_drops(two):
    """What this router drops."""
    a, gateway = two.a, by_u0(two)
    yield Case("forwarding off", *sysctls(a, ("net.ipv4.ip_forward", 0, 1),
                                          ("net.ipv6.conf.all.forwarding", 0, 1)),
               (("host",), DESTINATIONS, "forwarding"))
    yield Case("output dropped",
               *rules(a, "".join(f'oifname "wg0" {rule}' for rule in ASKS), "output"),
               (LOCAL, IN_TUNNEL, "firewall"))
    yield Case("input dropped", *rules(a, ANSWERS, "input"),
               (LOCAL, DESTINATIONS, "firewall"))
    yield Case("forward dropped", *rules(a, f'iifname "lan0" {ICMP} drop;', "forward"),
               (("host",), DESTINATIONS, "firewall"))
    yield Case("answers not forwarded", *rules(a, f'iifname "wg0" oifname "lan0" {ICMP} drop;',
                                               "forward"), (("host",), IN_TUNNEL, "firewall"))
    yield Case("rp_filter", *both(
        sysctls(a, ("net.ipv4.conf.lan0.rp_filter", 1, 0)),
        routes(a, f"route add 192.168.1.0/24 {gateway} table 100",
               "rule add to 192.168.1.0/24 iif wg0 lookup 100 priority 100")),
               (("host",), IN_TUNNEL, "rp-filter"), families=(4,), alone=True)


def of_far(two):
    """What is wrong on the way back, or at the far end."""
    wa, b = two.wa, two.b
    yield Case("our LAN is not announced",
               *conf_change(wa, "network [ 192.168.1.0/24 fd00:1::/64 ];", "network [ ];"),
               (OF_LAN, IN_TUNNEL, "announced"))
    yield Case("the far end does not permit our LAN",
               *conf_change(two.wb, "permit [ 192.168.1.0/24 fd00:1::/48 ]",
                            "permit [ 10.77.0.0/16 ]"),
               (OF_LAN, IN_TUNNEL, "far-end"))
    yield Case("forwarding off there", *sysctls(b, ("net.ipv4.ip_forward", 0, 1),
                                                ("net.ipv6.conf.all.forwarding", 0, 1)),
               (("lan", "tunnel", "host"), ("far-host", "nobody"), "far-forwarding"))
    yield Case("forward dropped there", *rules(b, f"{ICMP} drop;", "forward"),
               (("lan", "tunnel", "host"), ("far-host", "nobody"), "answer"))
    yield Case("forward refused there",
               *rules(b, f"{ICMP} reject with icmpx type admin-prohibited;", "forward"),
               (("lan", "tunnel", "host"), ("far-host", "nobody"), "far-firewall"))
    yield Case("input dropped there", *rules(b, "".join(ASKS), "input"),
               (("lan", "tunnel", "host"), ("far-lan", "far-tunnel"), "answer far-end"))
    dead = rules(two.host_b, "drop;", 'ingress device "eth0"', "netdev")
    yield Case("the far host is down",
               lambda: (dead[0](), b.ip("neigh flush dev lan0")), dead[1],
               (("lan", "tunnel", "host"), ("far-host",), "host"))
    put, drop = routes(two.host_b, "route add default via 192.168.2.1",
                       "route add ::/0 via fd00:2::1")
    yield Case("the far host knows no way back", drop, put,
               (("lan", "tunnel", "host"), ("far-host",), "answer"))
    yield Case("large packets are lost",
               lambda: two.net.harm("a", "b", "meta length > 1300 drop"), two.net.mend,
               (("lan", "tunnel", "host"), ("far-host", "far-lan", "far-tunnel"), "mtu"))


@pytest.mark.timeout((240 + 2 * PAIRS) * max(SLOW, 1))
@pytest.mark.parametrize("cases", (of_tables, of_routes, of_drops, of_far))
def test_each_case(two, cases):
    chance, pairs = random.Random(f"{SEED} {cases.__name__}"), Pairs(two)
    whole = [(s, d, f) for s in SOURCES for d in DESTINATIONS for f in (4, 6)]
    two.wa.wait_tunnel("b", "up")
    listed = list(cases(two))
    print(f"seed {SEED}, {len(listed)} cases")
    for case in listed:
        case.do()
        pairs.settle(case, case.shows())
        with concurrent.futures.ThreadPoolExecutor(1 if SLOW > 2 or case.alone else 4) as pool:
            for done in [pool.submit(pairs.compare, case, *chance.choice(whole))
                         for _ in range(EACH)]:
                done.result()
        case.undo()
        pairs.settle(WELL, [(s, "far-host", f) for s in ("lan", "host") for f in (4, 6)],
                     f"behind {case.name}")
    print(f"{pairs.seen} pairs, {pairs.unknown} unknown, wrong: fate {len(pairs.wrong_fate)}, "
          f"stage {len(pairs.wrong_stage)}")
    print("\n".join(pairs.wrong_stage))
    assert not pairs.wrong_fate, "\n".join(pairs.wrong_fate)
    assert len(pairs.wrong_stage) <= max(1, pairs.seen // 50), "\n".join(pairs.wrong_stage)


TWO_WAYS = """
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0); listen-port 51820; address 10.9.0.{n}/24; {fast}
        peer {far}0 {{
            public-key PUB({far}.wg0); endpoint INET({far}):51820;
            tunnel-address 10.9.0.{m}; permit 192.168.{m}.0/24;
        }}
    }}
    interface wg1 {{
        private-key-file KEY(wg1); listen-port 51821; address 10.8.0.{n}/24; {fast}
        peer {far}1 {{
            public-key PUB({far}.wg1); endpoint INET({far}):51821;
            tunnel-address 10.8.0.{m}; permit 192.168.{m}.0/24;
        }}
    }}
}}
policy better {{ term 1 {{ set {{ local-preference 200; }} then accept; }} }}
bgp {{
    as 6500{n}; router-id 10.9.0.{n}; {timers}
    network 192.168.{n}.0/24;
    neighbor 10.9.0.{m} {{ remote-as 6500{m}; import {by0}; export all; }}
    neighbor 10.8.0.{m} {{ remote-as 6500{m}; import {by1}; export all; }}
}}
"""


def test_answers_by_another_tunnel(topo):
    """a sends by wg1, b by wg0: with a strict rp_filter there the answers are dropped, and only a
    counter of the kernel shows it; of a host behind a, where its answers come in."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    behind = topo.lan(a, "192.168.1.0/24")
    host = topo.lan(b, "192.168.2.0/24")
    words = {"fast": FAST, "timers": TIMERS}
    wa = Wgbgp(topo, a, TWO_WAYS.format(n=1, m=2, far="b", by0="all", by1="better", **words))
    wb = Wgbgp(topo, b, TWO_WAYS.format(n=2, m=1, far="a", by0="better", by1="all", **words))
    wa.wait_installed("192.168.2.0/24", "wg1", "b.wg1")
    wb.wait_installed("192.168.1.0/24", "wg0", "a.wg0")

    def are(stage):
        docs = [json.loads(wa.cli_run(f"explain from {source} {host.address} probe json").stdout)
                for source in ("192.168.1.1", behind.address)]
        return [doc["stage"] for doc in docs] == [stage, stage]
    wait_until(lambda: are(None), 30, "an answer")
    a.run("sysctl -qw net.ipv4.conf.wg0.rp_filter=1")
    wait_until(lambda: are("rp-filter"), 20, "rp_filter to be found")
    a.run("sysctl -qw net.ipv4.conf.wg0.rp_filter=0")
    wait_until(lambda: are(None), 20, "an answer again")


def test_doctor_sees_one_way(two):
    """The far end drops what comes from our LAN, all else is well: conntrack knows that nothing
    ever comes back from that prefix."""
    rules(two.a, "ct state new counter;", "forward")[0]()

    def found():
        two.host_a.out(["/usr/bin/python3", ECHO, two.host_a.address, two.host_b.address, "1000"])
        doc = json.loads(two.wa.cli_run("doctor json").stdout)
        return [f["prefix"] for f in doc["findings"] if f["check"] == "one-way"]
    assert found() == []
    two.wb.replace("permit [ 192.168.1.0/24 fd00:1::/48 ]", "permit [ fd00:1::/48 ]")
    # What was answered before is forgotten half a minute later.
    wait_until(lambda: found() == ["192.168.2.0/24"], 60, "the prefix to be named")
    two.wb.replace("permit [ fd00:1::/48 ]", "permit [ 192.168.1.0/24 fd00:1::/48 ]")
    wait_until(lambda: found() == [], 30, "the prefix to be well")


def test_planes(topo):
    """Each plane has a network of that address behind its tunnel; a host is in one plane only."""
    nodes, _, net = four_planes(topo)

    def explain(words):
        return json.loads(nodes["a"].cli_run(f"explain plane {words} probe json").stdout)
    for plane, ours, by in (("management", "10.78.1", "b on wg1"),
                            ("storage", "10.80.1", "c on wg3")):
        for source in (f"{ours}.1", f"{ours}.10"):
            wait_until(lambda w=f"{plane} from {source} 172.20.0.10", b=by:
                       b in explain(w)["verdict"] and explain(w)["reachable"], 30,
                       f"{source} in {plane} by {by}")
    doc = explain("management from 10.80.1.10 172.20.0.10")
    assert doc["stage"] in ("kernel", "rule"), doc
    # Somebody's rule is in front of the plane's.
    put, drop = routes(nodes["a"].router, f"route add 172.20.0.0/16 via {net.gateway('a')} dev u0 "
                       "table 200", "rule add to 172.20.0.0/16 lookup 200 priority 100")
    put()
    for source in ("10.78.1.1", "10.78.1.10"):
        doc = explain(f"management from {source} 172.20.0.10")
        assert doc["stage"] == "kernel", doc
    drop()
    assert explain("management from 10.78.1.1 172.20.0.10")["reachable"]
