# SPDX-License-Identifier: BSD-2-Clause
"""Four planes on every node. The same network exists in two of them, at different places: in the
management plane behind b, in the storage plane behind c. What is learned in one plane is in no
other: not in bgpd, not in a kernel table, not announced.

    manager 10.78.1.10 ─ lan1 ┐    wg0 enrolment  10.77.0.0/24 :51820   ┌ lan1 ─ 172.20.0.10 managed
                              ├─ a ═ wg1 management 10.78.0.0/24 :51821 ═ b
                              │    wg2 metrics    10.79.0.0/24 :51822
    client  10.80.1.10 ─ lan3 ┘ ╚══ wg3 storage   10.80.0.0/24 :51823 ═══ c
                                                                        └ lan3 ─ 172.20.0.10 store
"""
import json
import os

import pytest

from lib.build import SOURCE
from lib.probe import Ping
from lib.snippets import FAST, TIMERS
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

PLANES = ("enrolment", "management", "metrics", "storage")
SHARED = "172.20.0.0/16"  # in two planes

PLANE = """
plane enrolment {{ table 100; }}
plane management {{ table 101; {management} rule {{ source [ 10.78.0.0/16 ]; }} }}
plane metrics {{ table 102; }}
plane storage {{ table 103; {storage} isolate on; }}
"""

INTERFACE = """
    interface wg{i} {{
        plane {plane};
        private-key-file KEY(wg{i});
        listen-port 5182{i};
        address 10.7{j}.0.{n}/24;
        {fast}
        {peers}
    }}
"""

PEER = """
        peer {name} {{
            public-key PUB({name}.wg{i});
            endpoint INET({name}):5182{i};
            tunnel-address 10.{p}.0.{m};
            permit [ 10.{p}.0.0/16 {shared} ];
        }}
"""

NODES = {"a": 1, "b": 2, "c": 3}


def interfaces(name, peers):
    """PEERS: {number of the plane: [names]}."""
    text = ""
    for i, far in peers.items():
        p = 77 + i
        body = "".join(PEER.format(name=f, i=i, p=p, m=NODES[f], shared=SHARED) for f in far)
        text += INTERFACE.format(i=i, j=7 + i, plane=PLANES[i], n=NODES[name], fast=FAST,
                                 peers=body).replace(f"address 10.7{7 + i}.", f"address 10.{p}.")
    return f"wireguard {{ {text} }}\n"


def config(name, peers, own, neighbors, management="", storage=""):
    sessions = "".join(f"neighbor {n} {{ remote-as {as_}; import all; export all; }}\n"
                       for n, as_ in neighbors)
    return (PLANE.format(management=management, storage=storage) + interfaces(name, peers)
            + f"bgp {{ as 6500{NODES[name]}; router-id 1.1.1.{NODES[name]}; {TIMERS}\n"
            + "".join(f"plane {plane} {{ network [ {net} ]; }}\n" for plane, net in own)
            + sessions + "}\n")


def table(node, number):
    """{prefix: interface} of our routes in a kernel table."""
    out = node.router.out(["ip", "-4", "-N", "-j", "route", "show", "table", str(number), "proto",
                           "222"])
    return {r["dst"]: r.get("dev") for r in json.loads(out or "[]")}


def received(router):
    out = router.out(["ip", "-s", "-j", "link", "show", "eth0"])
    return json.loads(out)[0]["stats64"]["rx"]["packets"]


def host(topo, router, ifname, name, gateway, address):
    h = topo.router(name)
    length = gateway.split("/")[1]
    link(router, ifname, h, "eth0", gateway, f"{address}/{length}")
    h.ip(f"route add default via {gateway.split('/')[0]}")
    return h


@pytest.fixture(name="planes")
def _planes(topo):
    net = topo.internet()
    a, b, c = (topo.router(n, net) for n in "abc")
    hosts = {
        "manager": host(topo, a, "lan1", "manager", "10.78.1.1/24", "10.78.1.10"),
        "client": host(topo, a, "lan3", "client", "10.80.1.1/24", "10.80.1.10"),
        "managed": host(topo, b, "lan1", "managed", "172.20.0.1/16", "172.20.0.10"),
        "store": host(topo, c, "lan3", "store", "172.20.0.1/16", "172.20.0.10"),
    }
    for r in (a, b, c):
        r.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    nodes = {
        "a": Wgbgp(topo, a, config(
            "a", {0: "b", 1: "b", 2: "b", 3: "c"},
            [("management", "10.78.1.0/24"), ("storage", "10.80.1.0/24")],
            [("10.77.0.2", 65002), ("10.78.0.2", 65002), ("10.79.0.2", 65002),
             ("10.80.0.3", 65003)],
            "interface lan1;", "interface lan3;")),
        "b": Wgbgp(topo, b, config(
            "b", {0: "a", 1: "a", 2: "a"}, [("management", SHARED)],
            [("10.77.0.1", 65001), ("10.78.0.1", 65001), ("10.79.0.1", 65001)],
            "interface lan1;")),
        "c": Wgbgp(topo, c, config("c", {3: "a"}, [("storage", SHARED)], [("10.80.0.1", 65001)],
                                   "", "interface lan3;")),
    }
    for node in nodes.values():
        node.wait_established()
    return nodes, hosts, net


def plane_prefixes(node, plane):
    return {r["prefix"]: r for r in node.show(f"bgp plane {plane} ipv4")["routes"]}


def test_nothing_leaks(planes):
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    assert {n["address"]: n["plane"] for n in a.show("bgp summary")["neighbors"]} == {
        "10.77.0.2": "enrolment", "10.78.0.2": "management", "10.79.0.2": "metrics",
        "10.80.0.3": "storage"}
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1", 30, "the shared prefix in management")
    wait_until(lambda: table(a, 103).get(SHARED) == "wg3", 30, "the shared prefix in storage")
    # Each table has its own plane's networks and nothing else.
    assert table(a, 101) == {SHARED: "wg1", "10.78.0.2": "wg1", "10.78.0.0/24": "wg1",
                             "10.78.1.0/24": "lan1"}
    assert table(a, 103) == {SHARED: "wg3", "10.80.0.3": "wg3", "10.80.0.0/24": "wg3",
                             "10.80.1.0/24": "lan3", "default": None}
    assert table(a, 100) == {"10.77.0.2": "wg0", "10.77.0.0/24": "wg0"}
    assert not a.kernel_routes()
    assert a.leaves_by("172.20.0.10") != "wg1" and a.leaves_by("172.20.0.10") != "wg3"
    # bgpd: the shared prefix twice, once a plane; nothing in others, nothing announced there.
    assert set(plane_prefixes(a, "management")) == {SHARED, "10.78.1.0/24"}
    assert set(plane_prefixes(a, "storage")) == {SHARED, "10.80.1.0/24"}
    assert not plane_prefixes(a, "enrolment") and not plane_prefixes(a, "main")
    wait_until(lambda: table(b, 101).get("10.78.1.0/24") == "wg1", 30, "the manager's network")
    assert set(plane_prefixes(b, "management")) == {SHARED, "10.78.1.0/24"}
    assert not plane_prefixes(b, "metrics")
    assert a.allowed("wg1", SHARED) == "b.wg1" and a.allowed("wg3", SHARED) == "c.wg3"
    # The same address, two hosts.
    with Ping(hosts["manager"], "172.20.0.10"), Ping(hosts["client"], "172.20.0.10"):
        seen = {w: received(hosts[w]) for w in ("managed", "store")}
        wait_until(lambda: all(received(hosts[w]) > seen[w] + 20 for w in seen), 20,
                   "both hosts of this address to be asked")
    # What storage does not know is unreachable there, although others know it.
    for source, iif, status in (("10.80.1.10", "lan3", 2), ("10.78.1.10", "lan1", 0)):
        r = a.router.run(["ip", "route", "get", "10.78.0.2", "from", source, "iif", iif],
                         check=False)
        assert r.returncode == status, r.stdout + r.stderr
    # What is elsewhere is named.
    assert "plane management has 172.20.0.0/16" in a.cli_run("explain 172.20.0.10").stdout
    assert "reachable through tunnel peer c on wg3" in a.cli("explain plane storage 172.20.0.10")


def test_leak(planes):
    """A leaked prefix is in the other plane's table by its own plane's tunnel; when the leak ends
    the entry in AllowedIPs stays with the plane that it came from."""
    a = planes[0]["a"]
    wait_until(lambda: table(a, 101).get(SHARED) == "wg1", 30, "the shared prefix in management")
    assert SHARED not in table(a, 102)
    leak = "leak x { from management; to metrics; policy all; }"
    a.replace("router-id 1.1.1.1;", f"router-id 1.1.1.1; {leak}")
    wait_until(lambda: table(a, 102).get(SHARED) == "wg1", 30, "the leaked prefix in metrics")
    assert table(a, 101).get(SHARED) == "wg1" and table(a, 103).get(SHARED) != "wg1"
    assert set(plane_prefixes(a, "metrics")) == {SHARED}
    assert a.allowed("wg1", SHARED) == "b.wg1"
    a.replace("policy all; }", "policy none; }")
    wait_until(lambda: SHARED not in table(a, 102), 30, "the policy to take it back")
    assert plane_prefixes(a, "metrics")[SHARED]["paths"][0]["reason"] == "leak-policy"
    a.replace(leak.replace("all", "none"), "")
    wait_until(lambda: not plane_prefixes(a, "metrics"), 30, "the leak to end")
    assert table(a, 101).get(SHARED) == "wg1" and a.allowed("wg1", SHARED) == "b.wg1"


LISTEN = """
import socket
sockets = [socket.create_server(("", port)) for port in (22, 9100)]
print("ready", flush=True)
while True:
    for s in sockets:
        s.settimeout(0.1)
        try:
            s.accept()[0].close()
        except TimeoutError:
            pass
"""

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
except OSError:
    sys.exit(1)
"""


def test_services_of_planes(planes):
    """SSH answers in the management plane only, scrapes in the metrics plane only: the example of
    an input policy."""
    nodes, hosts, _ = planes
    a, b = nodes["a"].router, nodes["b"].router
    a.run(["nft", "-f", os.path.join(SOURCE, "contrib/nftables-planes.nft")])
    listener = a.spawn("listener", ["/usr/bin/python3", "-c", LISTEN])
    wait_until(lambda: "ready" in listener.text(), 10, "the listener")
    for plane, address in enumerate(("10.77.0.1", "10.78.0.1", "10.79.0.1")):
        for port, only in ((22, 1), (9100, 2)):
            r = b.run(["/usr/bin/python3", "-c", CONNECT, address, str(port)], check=False)
            assert (r.returncode == 0) == (plane == only), f"{address} port {port}"
    with Ping(hosts["manager"], "172.20.0.10") as ping:
        ping.flows()
    listener.stop()


def test_one_plane_fails_alone(planes):
    """Two tunnels between the same two sites, one purpose each: what happens to the one, a cut or a
    wrong configuration, is nothing to the other."""
    nodes, hosts, _ = planes
    a, b = nodes["a"], nodes["b"]
    wait_until(lambda: table(b, 101).get("10.78.1.0/24") == "wg1", 30, "the manager's network")
    with Ping(hosts["manager"], "172.20.0.10") as ping:
        for node in (a, b):
            node.router.run(["nft", "add table inet cut; add chain inet cut in { type filter hook "
                             "input priority -300; }; add rule inet cut in udp dport 51822 drop"])
        wait_until(lambda: [t["state"] for t in a.show("tunnels")["tunnels"]
                            if t["interface"] == "wg2"] == ["down"], 30, "metrics to be down")
        a.replace("10.79.0.0/16", "10.99.0.0/16")
        assert a.established("10.77.0.2", "10.78.0.2")
        assert table(a, 101).get(SHARED) == "wg1"
        ping.flows()
    assert ping.lost == 0
