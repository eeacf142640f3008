# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel refuses is tried again now and then, and never holds up the rest.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import time

from lib.probe import reaches
from lib.snippets import FAST, TIMERS
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

WRITES = 60  # in the time below, of all that is refused together; a spin makes a million
WATCH_S = 10

LINK_LOCAL = """
wireguard {{
    interface wg1 {{
        private-key-file KEY(wg1);
        listen-port 51821;
        address [ 172.20.{n}.1/32 fd42:{n}::1/128 fe80::{n}/64 ];
        {fast}
        peer {far} {{
            public-key PUB({far}.wg1);
            endpoint INET({far}):51821;
            tunnel-address [ fe80::{m} 172.20.{m}.1 ];
            permit [ 192.168.0.0/16 ];
        }}
    }}
}}
bgp {{
    as 6500{n};
    router-id 172.20.{n}.1;
    {timers}
    network [ 192.168.{n}.0/24 ];
    neighbor 172.20.{m}.1 {{ remote-as 6500{m}; local-address 172.20.{n}.1; import all; export all; }}
}}
"""


def ipv6(router, on):
    for where in ("all", "default"):
        router.out(["sysctl", "-qw", f"net.ipv6.conf.{where}.disable_ipv6={int(not on)}"])


def rests(wgbgp):
    """No writes but those of retries, and no resyncs."""
    before = wgbgp.show("rib summary")
    time.sleep(WATCH_S)  # what is counted is what happens in a time
    after = wgbgp.show("rib summary")
    assert after["route-writes"] - before["route-writes"] <= WRITES
    assert after["resyncs"] - before["resyncs"] <= WRITES
    return after


def test_ipv6_off(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    host_a = topo.lan(a, "192.168.1.0/24")
    host_b = topo.lan(b, "192.168.2.0/24", subnet6="fd00:2::/64")
    ipv6(a, False)
    wa = Wgbgp(topo, a, conf("a", 1, "b", 2))
    wb = Wgbgp(topo, b, conf("b", 2, "a", 1))
    wa.wait_established("10.9.0.2")
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    wb.wait_installed("192.168.1.0/24", "wg0", "a.wg0")
    reaches(host_a, host_b.address)
    rests(wa)
    row = wa.route("fd09::2/128")
    assert row["reason"] == "kernel-error" and row["error"] and row["retry-seconds"] is not None
    assert wa.log().count("route-refused") <= 20
    ipv6(a, True)
    wa.wait_installed("fd00:2::/64", "wg0", "b.wg0", timeout=10)
    wait_until(lambda: wa.kernel_routes("fd09::2/128"), what="the tunnel's host route")


def test_link_local_tunnel_address(topo):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    host_a, host_b = (topo.lan(r, f"192.168.{n}.0/24") for r, n in ((a, 1), (b, 2)))
    wa = Wgbgp(topo, a, LINK_LOCAL.format(n=1, m=2, far="b", fast=FAST, timers=TIMERS))
    wb = Wgbgp(topo, b, LINK_LOCAL.format(n=2, m=1, far="a", fast=FAST, timers=TIMERS))
    wa.wait_installed("192.168.2.0/24", "wg1", "b.wg1")
    wb.wait_installed("192.168.1.0/24", "wg1", "a.wg1")
    reaches(host_a, host_b.address)
    a.out("ip link add x0 type veth peer name x1")
    a.out("ip link set x1 up")
    a.out("ip link set x0 up")  # the kernel's table is read again
    a.out("ip link del x0")
    assert rests(wa)["drift-repaired"] == 0
    assert wa.kernel_routes("fe80::2/128")
