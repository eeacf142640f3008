# SPDX-License-Identifier: BSD-2-Clause
"""Four planes on every node, and two planes with the same network.

    manager 10.78.1.10 ─ lan1 ┐    wg0 enrolment  10.77.0.0/24 :51820   ┌ lan1 ─ 172.20.0.10 managed
                              ├─ a ═ wg1 management 10.78.0.0/24 :51821 ═ b
                              │    wg2 metrics    10.79.0.0/24 :51822
    client  10.80.1.10 ─ lan3 ┘ ╚══ wg3 storage   10.80.0.0/24 :51823 ═══ c
                                                                        └ lan3 ─ 172.20.0.10 store
"""
import json

from .snippets import FAST, TIMERS
from .topology import link
from .wait import wait_until
from .wgbgp import KEEP_IN, Wgbgp

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


def config(name, peers, own, neighbors, management="", storage="", rib=""):
    sessions = "".join(f"neighbor {n} {{ remote-as {as_}; import all; export all; }}\n"
                       for n, as_ in neighbors)
    return (PLANE.format(management=management, storage=storage) + interfaces(name, peers)
            + f"bgp {{ as 6500{NODES[name]}; router-id 1.1.1.{NODES[name]}; {TIMERS}\n"
            + "".join(f"plane {plane} {{ network [ {net} ]; }}\n" for plane, net in own)
            + sessions + "}\n" + f"rib {{ {rib} }}\n")


def table(node, number, family=4):
    """{prefix: interface} of our routes in a kernel table, beside what is refused (keep-in)."""
    out = node.router.out(["ip", f"-{family}", "-N", "-j", "route", "show", "table", str(number), "proto",
                           "222"])
    return {r["dst"]: r.get("dev") for r in json.loads(out or "[]") if r.get("metric") != KEEP_IN}


def received(router):
    out = router.out(["ip", "-s", "-j", "link", "show", "eth0"])
    return json.loads(out)[0]["stats64"]["rx"]["packets"]


def host(topo, router, ifname, name, gateway, address):
    h = topo.router(name)
    length = gateway.split("/")[1]
    link(router, ifname, h, "eth0", gateway, f"{address}/{length}")
    h.ip(f"route add default via {gateway.split('/')[0]}")
    return h


def four_planes(topo, rib=""):
    """(nodes by name, hosts by name, the Internet); RIB is in a's configuration."""
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
            "interface lan1;", "interface lan3;", rib)),
        "b": Wgbgp(topo, b, config(
            "b", {0: "a", 1: "a", 2: "a"}, [("management", SHARED)],
            [("10.77.0.1", 65001), ("10.78.0.1", 65001), ("10.79.0.1", 65001)],
            "interface lan1;")),
        "c": Wgbgp(topo, c, config("c", {3: "a"}, [("storage", SHARED)], [("10.80.0.1", 65001)],
                                   "", "interface lan3;")),
    }
    for node in nodes.values():
        node.wait_established()
    # A ping needs the way back as well, which the far end has at another moment.
    for name, number, prefix, ifname in (
            ("a", 101, SHARED, "wg1"), ("b", 101, "10.78.1.0/24", "wg1"),
            ("a", 103, SHARED, "wg3"), ("c", 103, "10.80.1.0/24", "wg3")):
        wait_until(lambda n=name, t=number, p=prefix, i=ifname: table(nodes[n], t).get(p) == i, 30,
                   f"{name}: {prefix} in table {number}")
    return nodes, hosts, net


def plane_prefixes(node, plane):
    return {r["prefix"]: r for r in node.show(f"bgp plane {plane} ipv4")["routes"]}


LISTEN = """
import socket
sockets = [socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
           for port in (22, 9100)]
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


def services(node):
    """Somebody listens on ports 22 and 9100."""
    listener = node.spawn("listener", ["/usr/bin/python3", "-c", LISTEN])
    wait_until(lambda: "ready" in listener.text(), 10, "the listener")
    return listener


def connects(node, address, port):
    return node.run(["/usr/bin/python3", "-c", CONNECT, address, str(port)],
                    check=False).returncode == 0


IPV6 = """
plane storage {{ table 103; interface lan0; isolate on; }}
wireguard {{
    interface wg3 {{
        plane storage;
        private-key-file KEY(wg3);
        listen-port 51823;
        address fd80::{n}/64;
        {fast}
        peer {far} {{
            public-key PUB({far}.wg3);
            endpoint INET({far}):51823;
            tunnel-address fd80::{m};
            permit fd00:{m}::/32;
        }}
    }}
}}
bgp {{
    as 6500{n};
    router-id 1.1.1.{n};
    {timers}
    plane storage {{ network [ fd00:{n}::/64 ]; }}
    neighbor fd80::{m} {{ remote-as 6500{m}; import all; export all; }}
}}
rib {{ nftables-sets all; }}
"""


def ipv6_config(n, m, far):
    return IPV6.format(n=n, m=m, far=far, fast=FAST, timers=TIMERS)
