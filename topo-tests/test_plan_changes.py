# SPDX-License-Identifier: BSD-2-Clause
"""Random changes of a configuration, one after the other, each planned first. An observer of its
own (the kernel's tables, `wg`, the TCP connections) says whether what came is what was planned.

        ╔══ wg0 10.9.0.0/24 ══╦══ b .2 (AS 65002) ─ 192.168.{2,7,8,9}.0/24
    a ══╣                     ╚══ d .3 (AS 65003) ─ 192.168.{3,8,9}.0/24
        ╚══ wg1 10.9.1.0/24 ═════ c .4 (AS 65004) ─ 192.168.{4,7,9}.0/24

The far ends are BIRD behind plain WireGuard. What they say next, when their session is new, nobody
can know before: what they announce is left out of the comparison then, and nothing else.

WGBGP_CHANGES is the number of changes (10 unless given), WGBGP_SEED repeats a run. 200 of them,
about 15 of each kind, take three to ten minutes:

    WGBGP_CHANGES=200 topo-tests/run test_plan_changes.py -rP"""
import collections
import copy
import difflib
import ipaddress
import json
import os
import random
import re

import pytest

from lib import answers
from lib.build import daemon
from lib.keys import public_key
from lib.peers import Bird
from lib.snippets import FAST, PROBE_TIMEOUT_MS, TIMERS
from lib.wait import SLOW, Timeout, wait_until
from lib.wg import PlainWg
from lib.wgbgp import KEEP_IN, PROTOCOL, Wgbgp

CHANGES = int(os.environ.get("WGBGP_CHANGES", "10"))
SEED = int(os.environ.get("WGBGP_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)

pytestmark = pytest.mark.timeout((180 + 15 * CHANGES) * max(SLOW, 1))

Far = collections.namedtuple("Far", "name ifname address asn prefixes")


def learned(*octets):
    return tuple(f"192.168.{o}.0/24" for o in octets)


FARS = {f.name: f for f in (
    Far("b", "wg0", "10.9.0.2", 65002, learned(2, 7, 8, 9)),
    Far("d", "wg0", "10.9.0.3", 65003, learned(3, 8, 9)),
    Far("c", "wg1", "10.9.1.4", 65004, learned(4, 7, 9)))}
BY_ADDRESS = {f.address: f for f in FARS.values()}
# Peers that nobody is behind.
STRANGERS = {f"x{i}": (f"wg{i % 2}", f"10.9.{i % 2}.{20 + i}", f"10.66.{i}.0/24")
             for i in range(4)}
LEARNED = sorted({p for f in FARS.values() for p in f.prefixes})
NETWORKS = ("172.20.1.0/24", "172.20.2.0/24")
STATICS = [f"10.77.{i}.0/24" for i in range(4)]
EVERYTHING = ("192.168.0.0/16",)
HOLD_TIMES = (30, 33, 36, 39)

BIRD = """
router id {f.address};
protocol device {{ scan time 1; }}
protocol static {{ ipv4; {routes} }}
protocol bgp far {{
    local {f.address} as {f.asn};
    neighbor 10.9.{net}.1 as 65001;
    connect retry time 1; connect delay time 1; error wait time 1, 2; error forget time 1;
    ipv4 {{ import all; export where source = RTS_STATIC; }};
}}
"""


# ---- the configuration


class State:
    """What a configuration says, as far as it differs from another one here."""

    def __init__(self):
        self.peers = set(FARS) | {"x0"}
        self.cost = dict.fromkeys(FARS, 0)
        self.permit = dict.fromkeys(FARS, EVERYTHING)
        self.neighbors = {name: {"hold-time": 30, "import": "all", "export": "all",
                                 "disabled": False, "description": 0} for name in FARS}
        self.neighbors["b"]["import"] = self.neighbors["c"]["import"] = "few"
        self.refused, self.addresses, self.networks = set(), set(), set()
        self.statics, self.rules = {}, {}
        self.mtu, self.consumers = {"wg0": 1420, "wg1": 1420}, {"wg0": 1, "wg1": 1}

    def talks(self, name):
        """Its session can be up."""
        n = self.neighbors.get(name)
        return n is not None and not n["disabled"] and name in self.peers

    def takes(self, name, prefix):
        policy = self.neighbors[name]["import"]
        return (policy == "all" or (policy == "few" and prefix not in self.refused)) and any(
            ipaddress.ip_network(prefix).subnet_of(ipaddress.ip_network(p))
            for p in self.permit[name])

    def ranked(self, prefix, ifnames=("wg0", "wg1")):
        """The far ends by which it goes, when every session that can be up is; best first."""
        return sorted((f for f in FARS.values() if prefix in f.prefixes and self.talks(f.name)
                       and self.takes(f.name, prefix) and f.ifname in ifnames),
                      key=lambda f: (self.cost[f.name], ipaddress.ip_address(f.address)))

    def ways(self):
        """{prefix: interface}"""
        return {p: self.ranked(p)[0].ifname for p in LEARNED if self.ranked(p)}

    def entries(self):
        """{(interface, prefix): peer}"""
        return {(ifname, p): self.ranked(p, (ifname,))[0].name for ifname in ("wg0", "wg1")
                for p in LEARNED if self.ranked(p, (ifname,))}

    def _peers(self, ifname):
        for f in FARS.values():
            if f.name in self.peers and f.ifname == ifname:
                yield (f"peer {f.name} {{ public-key PUB({f.name}.{ifname}); cost "
                       f"{self.cost[f.name]}; endpoint INET({f.name}):51820; tunnel-address "
                       f"{f.address}; permit [ {' '.join(self.permit[f.name])} ]; }}")
        for name, (where, address, prefix) in STRANGERS.items():
            if name in self.peers and where == ifname:
                yield (f"peer {name} {{ public-key PUB({name}.{ifname}); tunnel-address "
                       f"{address}; allowed-ips {prefix}; }}")

    def _interface(self, i):
        name = f"wg{i}"
        addresses = [f"10.9.{i}.1/24"] + sorted(a for n, a in self.addresses if n == name)
        yield (f"    interface {name} {{\n private-key-file KEY({name}); listen-port 5182{i};\n"
               f" address [ {' '.join(addresses)} ];\n mtu {self.mtu[name]};\n"
               + "".join(f" consumer c{k};\n" for k in range(self.consumers[name])) + " "
               + re.sub(r"probe-timeout \d+", f"probe-timeout {4 * PROBE_TIMEOUT_MS}", FAST))
        yield from self._peers(name)
        yield "    }"

    def text(self):
        lines = ["system { hostname a; }", "wireguard {", *self._interface(0),
                 *self._interface(1), "}", f"bgp {{ as 65001; router-id 10.9.0.1; {TIMERS}",
                 f"network [ {' '.join(['192.168.1.0/24', *sorted(self.networks)])} ];"]
        for name, n in sorted(self.neighbors.items()):
            lines.append(f"neighbor {FARS[name].address} {{ remote-as {FARS[name].asn}; "
                         + "".join(f"{key} {str(value).lower()}; " for key, value in n.items())
                         + "}")
        lines += ["}", "policy few { default accept; term 1 { match { prefix [ 10.0.0.0/8 "
                  + " ".join(sorted(self.refused)) + " ]; } then reject; } }", "rib {"]
        lines += [f"static {p} {{ next-hop {FARS[name].address}; }}"
                  for p, name in sorted(self.statics.items())]
        lines += [f"rule {n} {{ fwmark {n}; table {table}; }}"
                  for n, table in sorted(self.rules.items())]
        return "\n".join(lines + ["}", ""])


# ---- kinds of changes: each changes S, or says False where there is nothing to change


def other(r, values, than):
    return r.choice([v for v in values if v != than])


def some_peer(s, r):
    return r.choice(sorted(s.peers & set(FARS)))


def some_neighbor(s, r):
    return r.choice(sorted(s.neighbors))


def toggle(r, found, values):
    found ^= {r.choice(values)}


def cost(s, r):
    name = some_peer(s, r)
    s.cost[name] = other(r, (0, 20, 50), s.cost[name])


def policy(s, r):
    toggle(r, s.refused, LEARNED)


def permit(s, r):
    name = some_peer(s, r)
    own = FARS[name].prefixes
    few = tuple(sorted(r.sample(own, r.randint(1, len(own) - 1))))
    s.permit[name] = other(r, (EVERYTHING, few), s.permit[name])


def address(s, r):
    toggle(r, s.addresses, [(f"wg{i % 2}", f"10.88.{i}.1/24") for i in range(4)])


def peer_added(s, r):
    absent = sorted((set(FARS) | set(STRANGERS)) - s.peers)
    if not absent:
        return False
    s.peers.add(r.choice(absent))
    return True


def peer_removed(s, r):
    needed = set(FARS) if len(s.peers & set(FARS)) < 3 else set()
    present = sorted(s.peers - needed)
    if not present:
        return False
    s.peers.remove(r.choice(present))
    return True


def neighbor(s, r):
    """One comes or goes."""
    name = r.choice(sorted(FARS))
    if name not in s.neighbors:
        s.neighbors[name] = copy.copy(State().neighbors[name])
    elif len(s.neighbors) == len(FARS):
        del s.neighbors[name]
    else:
        s.neighbors[name]["disabled"] = not s.neighbors[name]["disabled"]


def reset(s, r):
    n = s.neighbors[some_neighbor(s, r)]
    n["hold-time"] = other(r, HOLD_TIMES, n["hold-time"])


def network(s, r):
    toggle(r, s.networks, NETWORKS)


def filters(s, r):
    n = s.neighbors[some_neighbor(s, r)]
    if r.random() < 0.7:
        n["import"] = other(r, ("all", "few", "none"), n["import"])
    else:
        n["export"] = other(r, ("all", "none"), n["export"])


def static(s, r):
    prefix = r.choice(STATICS)
    if not s.statics.pop(prefix, None):
        s.statics[prefix] = some_peer(s, r)


def rule(s, r):
    number = 2000 + r.randrange(3)
    s.rules[number] = other(r, (None, 5001, 5002), s.rules.get(number))
    if not s.rules[number]:
        del s.rules[number]


def harmless(s, r):
    name = r.choice(("wg0", "wg1"))
    what = r.randrange(3)
    if what == 0:
        s.consumers[name] = other(r, (0, 1, 2), s.consumers[name])
    elif what == 1:
        s.mtu[name] = other(r, (1420, 1400), s.mtu[name])
    else:
        s.neighbors[some_neighbor(s, r)]["description"] += 1


KINDS = (cost, policy, permit, address, peer_added, peer_removed, neighbor, reset, network, filters,
         static, rule, harmless)


# ---- the observer


Seen = collections.namedtuple("Seen", "routes entries rules addresses peers sessions")
NAMES = {public_key(f"{n}.{i}"): n for n, i in [(f.name, f.ifname) for f in FARS.values()]
         + [(name, row[0]) for name, row in STRANGERS.items()]}


def observe(router, state):
    """What the kernel and `wg` say. Of whoever cannot have a session connections are but tries."""
    routes, entries, rules, addresses, peers = {}, {}, set(), {}, {}
    for route in json.loads(router.out(["ip", "-N", "-j", "route", "show", "table", "all", "proto",
                                        str(PROTOCOL)]) or "[]"):
        if route.get("metric") != KEEP_IN:
            dst = route["dst"] + ("" if "/" in route["dst"] else "/32")
            routes[dst] = route.get("dev")
    for family in ("4", "6"):
        for found in json.loads(router.out(["ip", f"-{family}", "-N", "-j", "rule"])):
            if found.get("protocol") == str(PROTOCOL):
                rules.add((f"ipv{family}", found["priority"], int(found["table"])))
    for link in json.loads(router.out(["ip", "-4", "-j", "address"])):
        if re.fullmatch(r"wg\d", link["ifname"]):
            addresses[link["ifname"]] = (link["mtu"], frozenset(
                f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]))
            peers[link["ifname"]] = set()
    for line in router.out(["wg", "show", "all", "allowed-ips"]).splitlines():
        ifname, key, prefixes = line.split("\t")
        peers[ifname].add(key)
        for prefix in prefixes.split():
            if prefix in LEARNED + STATICS:
                entries[ifname, prefix] = NAMES[key]
    return Seen(routes, entries, rules, addresses, peers, {
        a: ports for a, ports in connections(router).items()
        if a in BY_ADDRESS and state.talks(BY_ADDRESS[a].name)})


def connections(router):
    """{far end's address: ports} of BGP's established connections."""
    found = {}
    for line in router.out(["ss", "-Htn", "state", "established"]).splitlines():
        here, there = (end.rsplit(":", 1) for end in line.split()[-2:])
        if "179" in (here[1], there[1]):
            found.setdefault(there[0], set()).add((here[1], there[1]))
    return found


def rows(plan, kind):
    return [r for r in plan["changes"] if r["kind"] == kind]


def is_there(row):
    return row["change"] != "removed"


def planned_ways(plan, before):
    """{prefix: interface} of what was learned, by what BGP would do."""
    after = {p: by for p, by in before.items() if p in LEARNED}
    for row in rows(plan, "prefix"):
        if row["change"] == "lost":
            after.pop(row["prefix"], None)
        elif row["to"] and row["to"].get("interface"):
            after[row["prefix"]] = row["to"]["interface"]
    return after


def planned_routes(plan, before):
    after = dict(before)
    for row in rows(plan, "route"):
        after.pop(row["prefix"], None)
        if row["to"]:
            after[row["prefix"]] = row["to"]["interface"]
    return after


def planned_entries(plan, before):
    after = dict(before)
    for row in rows(plan, "entry"):
        after.pop((row["interface"], row["prefix"]), None)
        if row["to"]:
            after[row["interface"], row["prefix"]] = row["to"]["peer"]
    return after


def planned_rules(plan, before):
    after = set(before)
    for row in sorted(rows(plan, "rule"), key=is_there):
        family, priority, table = re.fullmatch(r"(ipv\d) priority (\d+) .*table (\d+)",
                                               row["rule"]).groups()
        change = after.add if is_there(row) else after.discard
        change((family, int(priority), int(table)))
    return after


def planned_peers(plan, before):
    after = {ifname: set(keys) for ifname, keys in before.items()}
    for row in rows(plan, "peer"):
        key = public_key(f"{row['peer']}.{row['interface']}")
        if row["change"] in ("made", "removed"):
            change = after[row["interface"]].add if is_there(row) \
                else after[row["interface"]].discard
            change(key)
    return after


def open_prefixes(plan):
    """What those announce whose next words decide."""
    return {p for r in rows(plan, "session") if r["open"]
            for p in BY_ADDRESS[r["neighbor"]].prefixes}


# ---- the test


class World:
    def __init__(self, topo):
        self.random = random.Random(SEED)
        self.net = topo.internet()
        self.a = topo.router("a", self.net)
        for i, subnet in enumerate(("192.168.1.0/24", *NETWORKS)):
            topo.lan(self.a, subnet, ifname=f"lan{i}")
        routers = {name: topo.router(name, self.net) for name in FARS}
        self.state = State()
        self.w = Wgbgp(topo, self.a, self.state.text())
        for f in FARS.values():
            net = f.ifname[-1]
            PlainWg(routers[f.name], f.ifname, addresses=f"{f.address}/24", peers=[{
                "key": f"a.{f.ifname}", "keepalive": 5, "allowed_ips": "0.0.0.0/0",
                "endpoint": f"{self.net.address(self.a)}:5182{net}"}])
            Bird(topo, routers[f.name], BIRD.format(
                f=f, net=net, routes="".join(f"route {p} blackhole; " for p in f.prefixes)))
        self.count = collections.Counter()
        self.settle()

    def settled(self):
        s = self.state
        up = {n["address"] for n in self.w.show("bgp summary")["neighbors"]
              if n["state"].lower() == "established"}
        tunnels = {t["peer"]: t["state"] for t in self.w.show("tunnels")["tunnels"]}
        seen = observe(self.a, s)
        routes = {p: by for p, by in seen.routes.items() if p in LEARNED}
        entries = {key: name for key, name in seen.entries.items() if key[1] in LEARNED}
        assert up == {FARS[name].address for name in FARS if s.talks(name)}, up
        assert {tunnels[name] for name in s.peers & set(FARS)} == {"up"}, tunnels
        assert routes == s.ways(), routes
        assert entries == s.entries(), entries
        assert {NAMES.get(key) for keys in seen.peers.values() for key in keys} == s.peers
        return True

    def settle(self):
        wait_until(self.settled, 60, "what the configuration says")

    def plan(self):
        argv = [daemon("cli/wgbgp-cli"), "-r", self.w.rundir, "-c", "plan json"]
        r = self.a.run(argv, check=False, env=self.w.env())
        assert r.stdout, r.stderr
        document = json.loads(r.stdout)
        answers.check("plan", document)
        assert not document["refused"], document["refused"]
        assert r.returncode == {"nothing": 0, "harmless": 3, "disruptive": 4}[document["verdict"]]
        return document

    def next_state(self):
        """Kinds that were had the least come next."""
        for kind in sorted(KINDS, key=lambda k: (self.count[k.__name__], self.random.random())):
            s = copy.deepcopy(self.state)
            if kind(s, self.random) is not False:
                self.count[kind.__name__] += 1
                return kind.__name__, s
        raise AssertionError("nothing is left to change")

    def change(self):
        kind, new = self.next_state()
        old, self.state = self.state, new
        before = observe(self.a, old)
        self.w.write(new.text())
        plan = self.plan()
        assert observe(self.a, old) == before, "a plan changes nothing"
        self.w.cli("reload")
        self.settle()
        faults = []

        def as_planned():
            faults[:] = compare(plan, before, observe(self.a, new), old, new)
            return not faults
        try:
            wait_until(as_planned, 5, "what was planned")
        except Timeout as e:
            raise AssertionError("\n".join([f"{kind}:", *faults, "--- the configuration", *(
                difflib.unified_diff(old.text().split("\n"), new.text().split("\n"),
                                     lineterm="", n=0)),
                "--- the plan", *map(json.dumps, plan["changes"])])) from e


def compare(plan, before, after, old, new):
    """What came otherwise than planned, a line each."""
    is_open = open_prefixes(plan)

    def differs(what, planned, seen):
        if planned != seen:
            yield f"{what}: planned {planned}, but it is {seen}"

    def closed(table):
        """Without what is open. A key is a prefix, or an interface and a prefix."""
        return {key: value for key, value in table.items()
                if (key if isinstance(key, str) else key[1]) not in is_open}
    yield from differs("prefixes", closed(planned_ways(plan, before.routes)), closed(
        {p: by for p, by in after.routes.items() if p in LEARNED}))
    yield from differs("routes", closed(planned_routes(plan, before.routes)),
                       closed(after.routes))
    yield from differs("entries", closed(planned_entries(plan, before.entries)),
                       closed(after.entries))
    yield from differs("rules", planned_rules(plan, before.rules), after.rules)
    yield from differs("peers", planned_peers(plan, before.peers), after.peers)
    yield from differs("interfaces", {r["interface"] for r in rows(plan, "interface")
                                      if {"address", "mtu"} & set(r["statements"])},
                       {name for name in after.addresses
                        if after.addresses[name] != before.addresses[name]})
    ends = {r["neighbor"] for r in rows(plan, "session") if r["disruptive"]}
    yield from differs("sessions that end", ends, {
        a for a, ports in before.sessions.items() if not ports & after.sessions.get(a, set())})
    yield from differs("networks of ours", {r["prefix"] for r in rows(plan, "prefix")
                                            if r["prefix"] not in LEARNED},
                       old.networks ^ new.networks)
    for row in rows(plan, "session"):
        if row["open"] and before.sessions.get(row["neighbor"], set()) & \
                after.sessions.get(row["neighbor"], set()):
            yield f"{row['neighbor']} is open, but its session goes on"
    for row in rows(plan, "prefix"):
        if row["open"] and row["from"]["neighbor"] not in ends:
            yield f"{row['prefix']} is open, but its neighbour's session goes on"


def test_against_reality(topo):
    world = World(topo)
    print(f"WGBGP_SEED={SEED}")
    for number in range(CHANGES):
        try:
            world.change()
        except AssertionError as e:
            raise AssertionError(f"seed {SEED}, change {number}: {e}") from e
    print(f"{CHANGES} changes: " + ", ".join(f"{k} {n}" for k, n in sorted(world.count.items())))
