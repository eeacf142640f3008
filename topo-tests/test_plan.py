# SPDX-License-Identifier: BSD-2-Clause
"""A plan against what a reload then does, seen by the kernel, `wg` and the neighbours' counters.

                 ╔══ wg0 10.9.0.0/24 ══ b (AS 65002) ─ 192.168.2.0/24, 192.168.9.0/24
    a (AS 65001) ╣
                 ╚══ wg1 10.9.1.0/24 ══ c (AS 65003) ─ 192.168.3.0/24, 192.168.9.0/24

What both announce goes by b, whose router-id is lower."""
import json
import re

import pytest

from lib import answers
from lib.build import daemon
from lib.keys import public_key
from lib.tunnels import End, Tunnel, Tunnels
from lib.wait import wait_until

pytestmark = pytest.mark.timeout(600)

PREFIXES = ("192.168.2.0/24", "192.168.3.0/24", "192.168.9.0/24")

TUNNELS = (
    Tunnel("10.9.0", [End("b", 2, 65002, "192.168.2.0/24 192.168.9.0/24", "192.168.0.0/16", "b")],
           'consumer [ "DNS sync" ];'),
    Tunnel("10.9.1", [End("c", 2, 65003, "192.168.3.0/24 192.168.9.0/24", "192.168.0.0/16", "c")],
           "consumer [ backup ];"))

POLICY = """
policy no-nine {
    default accept;
    term 1 { match { prefix [ 192.168.9.0/24 ]; } then reject; }
}
"""


class World(Tunnels):
    def __init__(self, topo):
        super().__init__(topo, TUNNELS)
        for name, n in (("b", 2), ("c", 3)):
            topo.lan(self.router[name], f"192.168.{n}.0/24")
            topo.lan(self.router[name], "192.168.9.0/24", ifname="lan1")
        self.start(POLICY)
        self.base = None

    def settled(self):
        """No tunnel is degraded either, as one is where a busy machine loses an answer, and what is
        behind both is said by both."""
        states = [t["state"] for t in self.w.show("tunnels")["tunnels"]]
        return states == ["up", "up"] and len(self.w.paths("192.168.9.0/24")) == 2 and \
            self.w.established() and self.base in (None, self.devices()) and self.ways() == {
            "192.168.2.0/24": "wg0", "192.168.3.0/24": "wg1", "192.168.9.0/24": "wg0"}

    def wait(self):
        wait_until(self.settled, 60, "both sessions and all routes")

    def ways(self):
        """The tunnel by which the kernel forwards each prefix; none where it refuses it."""
        found = {}
        for prefix in PREFIXES:
            by = self.w.leaves_by(prefix.replace("0/24", "7"))
            if by and by.startswith("wg"):
                found[prefix] = by
        return found

    def devices(self):
        """{interface: {public key}} as the kernel and `wg` say."""
        names = [link["ifname"] for link in json.loads(self.a.out(["ip", "-j", "link"]))]
        return {name: set(self.a.out(["wg", "show", name, "peers"]).split())
                for name in names if re.fullmatch(r"wg\d", name)}

    def sessions(self):
        """{neighbour: how often its session has ended}; without those that are gone."""
        return {n["address"]: n["counters"]["dropped"]
                for n in self.w.show("bgp neighbors")["neighbors"]}

    def plan(self, **env):
        """(exit status, document)."""
        argv = [daemon("cli/wgbgp-cli"), "-r", self.w.rundir, "-c", "plan json"]
        r = self.a.run(argv, check=False, env={**self.w.env(), **env})
        assert r.stdout, r.stderr
        document = json.loads(r.stdout)
        answers.check("plan", document)
        return r.returncode, document


@pytest.fixture
def world(topo):
    w = World(topo)
    w.wait()
    w.base = w.devices()
    return w


def rows(plan, kind):
    return [r for r in plan["changes"] if r["kind"] == kind]


NEW_PEER = """peer d {
            public-key PUB(d.wg0);
            tunnel-address [ 10.9.0.9 ];
        }
        peer b {"""
NEW_INTERFACE = """interface wg2 { private-key-file KEY(wg2); address [ 10.9.2.1/24 ]; }
    interface wg1 {"""
NO_B = re.compile(r"\n *neighbor 10\.9\.0\.2 {[^}]*}")

# What is edited, the plan's verdict, sessions that end.
CHANGES = {
    "nothing": (lambda t: t, "nothing", set()),
    "description": (lambda t: t.replace("remote-as 65002;", "remote-as 65002; description x;"),
                    "harmless", set()),
    "consumer": (lambda t: t.replace('"DNS sync"', '"DNS sync" mail'), "harmless", set()),
    "hold-time": (lambda t: t.replace("remote-as 65002;", "remote-as 65002; hold-time 33;"),
                  "disruptive", {"10.9.0.2"}),
    "router-id": (lambda t: t.replace("router-id 10.9.0.1", "router-id 10.9.0.77"), "disruptive",
                  {"10.9.0.2", "10.9.1.2"}),
    "disabled": (lambda t: t.replace("remote-as 65002;", "remote-as 65002; disabled true;"),
                 "disruptive", {"10.9.0.2"}),
    "neighbor": (lambda t: NO_B.sub("", t), "disruptive", {"10.9.0.2"}),
    "policy": (lambda t: t.replace("65002; import all", "65002; import no-nine"), "disruptive",
               set()),
    "import": (lambda t: t.replace("65002; import all", "65002; import none"), "disruptive",
               set()),
    "permit": (lambda t: t.replace("permit [ 192.168.0.0/16 ]", "permit [ 192.168.2.0/24 ]", 1),
               "disruptive", set()),
    "new peer": (lambda t: t.replace("peer b {", NEW_PEER), "harmless", set()),
    "new interface": (lambda t: t.replace("interface wg1 {", NEW_INTERFACE), "harmless", set()),
    "mtu": (lambda t: t.replace("listen-port 51820;", "listen-port 51820; mtu 1400;"), "harmless",
            set()),
    "key": (lambda t: t.replace(public_key("b.wg0"), public_key("nobody.wg9")), "disruptive",
            {"10.9.0.2"}),
    "static": (lambda t: t + "rib { static 192.168.77.0/24 { next-hop 10.9.0.2; } }\n",
               "disruptive", set()),
    "cost": (lambda t: t.replace("peer b {", "peer b { cost 50;"), "disruptive", set()),
    "interface": (lambda t: NO_B.sub("", re.sub(r"interface wg0 {.*?\n    }\n", "", t,
                                                flags=re.S)), "disruptive", {"10.9.0.2"}),
}


def planned_devices(plan, devices):
    """DEVICES as the plan says that they will be."""
    keys = {"b": public_key("b.wg0"), "c": public_key("c.wg1"), "d": public_key("d.wg0")}
    new = {"b": public_key("nobody.wg9")}
    after = {name: set(peers) for name, peers in devices.items()}
    for row in rows(plan, "interface"):
        if row["change"] == "made":
            after[row["interface"]] = set()
    for row in rows(plan, "peer"):
        if row["change"] == "made":
            after[row["interface"]].add(keys[row["peer"]])
        elif row["change"] in ("removed", "replaced"):
            after[row["interface"]].discard(keys[row["peer"]])
        if row["change"] == "replaced":
            after[row["interface"]].add(new[row["peer"]])
    for row in rows(plan, "interface"):
        if row["change"] == "removed":
            del after[row["interface"]]
    return after


def planned_ways(plan, ways):
    """WAYS as the plan says, without those that are open."""
    after, open_ones = dict(ways), set()
    for row in rows(plan, "prefix"):
        if row["open"]:
            open_ones.add(row["prefix"])
        if row["change"] == "lost":
            after.pop(row["prefix"], None)
        elif row["change"] in ("moved", "gained") and row["to"]["interface"]:
            after[row["prefix"]] = row["to"]["interface"]
    return {p: by for p, by in after.items() if p not in open_ones}, open_ones


def ended(before, after):
    return {a for a, n in before.items() if a not in after or after[a] > n}


def without(ways, prefixes):
    return {p: by for p, by in ways.items() if p not in prefixes}


def test_against_reality(world):
    """Each change is planned, made and taken back; an observer says what it did."""
    for name, (edit, verdict, sessions) in CHANGES.items():
        new = edit(world.text)
        assert name == "nothing" or new != world.text, name
        before = world.devices(), world.ways(), world.sessions()
        world.w.write(new)
        status, plan = world.plan()
        assert plan["verdict"] == verdict, (name, plan)
        assert status == {"nothing": 0, "harmless": 3, "disruptive": 4}[verdict], name
        assert (world.devices(), world.ways(), world.sessions()) == before, name
        ends = {r["neighbor"] for r in rows(plan, "session") if r["disruptive"]}
        assert ends == sessions and plan["prefixes"]["sessions-end"] == len(ends), (name, plan)
        devices = planned_devices(plan, before[0])
        ways, open_ones = planned_ways(plan, before[1])
        world.w.cli("reload")
        wait_until(lambda: ended(before[2], world.sessions()) == sessions, 20,
                   f"{name}: sessions that end: {sessions}")
        wait_until(lambda: world.devices() == devices, 20, f"{name}: devices {devices}")
        wait_until(lambda: without(world.ways(), open_ones) == ways, 30, f"{name}: ways {ways}")
        assert ended(before[2], world.sessions()) == sessions, name
        world.w.write(world.text)
        world.w.cli("reload")
        world.wait()


def test_who_feels_it(world):
    """Consumers, the operator's own session, and what is refused."""
    ssh = {"SSH_CONNECTION": "192.168.2.7 40000 10.9.0.1 22"}
    world.w.write(CHANGES["permit"][0](world.text).replace("[ 192.168.2.0/24 ]", "[ 10.0.0.0/8 ]"))
    status, plan = world.plan(**ssh)
    own = plan["own-session"]
    assert status == 4 and own["affected"] and own["interface"] == "wg0" and own["peer"] == "b"
    assert [c["consumer"] for c in plan["consumers"]] == ["DNS sync"]
    world.w.write(CHANGES["mtu"][0](world.text))
    status, plan = world.plan(**ssh)
    assert status == 3 and not plan["own-session"]["affected"] and plan["consumers"] == []
    world.w.write(world.text.replace("remote-as 65002", "remote-as banana"))
    status, plan = world.plan()
    assert status == 5 and plan["verdict"] == "refused" and "banana" in plan["refused"]
    text = world.w.cli_run("plan")
    assert text.returncode == 5 and "Would be refused" in text.stdout
    assert world.settled()
