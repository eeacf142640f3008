# SPDX-License-Identifier: BSD-2-Clause
"""What others are told of a router's own addresses: of those that are alone in their network, on
the loopback or a dummy, and which one is the IPv6 next hop of a session over IPv4.

    lo 172.20.1.33/32, fd42:1::33/128 ┐
                                      a ── e0 10.0.0.1/24, fd10::1/64 ─── fd10::2, 10.0.0.2 e0 ── b
    d0 172.20.1.34/32, fd42:1::34/128 ┘       and some that it made itself       BIRD, AS 65002
"""
from lib.peers import Bird
from lib.snippets import TIMERS
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

CONF = f"""
bgp {{
    as 65001;
    router-id 10.0.0.1;
    {TIMERS}
    network [ 172.20.1.33/32 fd42:1::33/128 ];
    redistribute connected {{ policy hosts; }}
    neighbor 10.0.0.2 {{ remote-as 65002; import all; export all; }}
}}
policy hosts {{ term 1 {{ match {{ prefix [ 172.20.1.34/32 fd42:1::34/128 ]; }} then accept; }} }}
"""

BIRD = """
router id 10.0.0.2;
protocol device { scan time 1; }
protocol kernel k4 { ipv4 { export where source = RTS_BGP; }; }
protocol kernel k6 { ipv6 { export where source = RTS_BGP; }; }
protocol bgp far {
    local 10.0.0.2 as 65002;
    neighbor 10.0.0.1 as 65001;
    connect delay time 1; error wait time 1, 2;
    ipv4 { import all; export none; };
    ipv6 { import all; export none; };
}
"""

AUTOCONFIGURED = "valid_lft 3600 preferred_lft 3600 noprefixroute nodad"


def test_own_addresses(topo):
    a, b = topo.router("a"), topo.router("b")
    link(a, "e0", b, "e0", "10.0.0.1/24", "10.0.0.2/24 fd10::2/64")
    a.ip(f"addr add fd10::1234/64 dev e0 {AUTOCONFIGURED}\n"
         "addr add fd10::1/64 dev e0 nodad\n"
         f"addr add fd10::4321/64 dev e0 {AUTOCONFIGURED}\n"
         "link add name d0 type veth peer name d1\nlink set d1 up\nlink set d0 up\n"
         "addr add 172.20.1.33/32 dev lo\naddr add fd42:1::33/128 dev lo\n"
         "addr add 172.20.1.34/32 dev d0\naddr add fd42:1::34/128 dev d0 nodad")
    w = Wgbgp(topo, a, CONF)
    bird = Bird(topo, b, BIRD)
    w.wait_established("10.0.0.2")
    for host in ("172.20.1.33/32", "172.20.1.34/32"):
        wait_until(lambda: bird.has(host), 20, f"{host} at BIRD")
        assert "via 10.0.0.1 on e0" in bird.has(host)
    for host in ("fd42:1::33/128", "fd42:1::34/128"):
        wait_until(lambda: bird.has(host), 20, f"{host} at BIRD")
        assert "via fd10::1 on e0" in bird.has(host), bird.has(host)
    # They go and come with the address.
    for address in ("172.20.1.34/32", "fd42:1::34/128"):
        a.ip(f"addr del {address} dev d0")
        wait_until(lambda: not bird.has(address), 20, f"{address} to go")
        a.ip(f"addr add {address} dev d0")
        wait_until(lambda: bird.has(address), 20, f"{address} to be back")
    assert bird.has("172.20.1.33/32") and bird.has("fd42:1::33/128")
