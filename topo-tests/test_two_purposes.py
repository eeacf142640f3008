# SPDX-License-Identifier: BSD-2-Clause
"""Two tunnels of different purpose between the same two routers: breaking one leaves the traffic
of the other without a lost packet.

    office 192.168.1.0/24 ─┐   ╔═ wg0 10.9.0.1 ═══════ 10.9.0.2 wg0 ═╗   ┌─ 192.168.2.0/24 office
                            a ─╣       (both by their own uplinks)       ╠─ b
    plant  172.16.1.0/24 ──┘   ╚═ wg1 10.8.0.1 ═══════ 10.8.0.2 wg1 ═╝   └─ 172.16.2.0/24 plant
"""
import pytest

from lib.probe import Ping
from lib.snippets import FAST, TIMERS
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

CONF = """
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.{n}/24 ];
        {fast}
        peer office {{
            public-key PUB({far}.wg0);
            endpoint INET({far}):51820;
            tunnel-address [ 10.9.0.{m} ];
            permit [ 192.168.0.0/16 ];
        }}
    }}
    interface wg1 {{
        private-key-file KEY(wg1);
        listen-port 51821;
        address [ 10.8.0.{n}/24 ];
        {fast}
        peer plant {{
            public-key PUB({far}.wg1);
            endpoint INET({far}.u1):51821;
            tunnel-address [ 10.8.0.{m} ];
            permit [ 172.16.0.0/12 ];
        }}
    }}
}}
policy office {{ term 1 {{ match {{ prefix [ 192.168.0.0/16 ]; }} then accept; }} }}
policy plant {{ term 1 {{ match {{ prefix [ 172.16.0.0/12 ]; }} then accept; }} }}
bgp {{
    as 6500{n};
    router-id 10.9.0.{n};
    {timers}
    network [ 192.168.{n}.0/24 172.16.{n}.0/24 ];
    neighbor 10.9.0.{m} {{ remote-as 6500{m}; import office; export office; }}
    neighbor 10.8.0.{m} {{ remote-as 6500{m}; import plant; export plant; }}
}}
"""


class Offices:
    def __init__(self, topo):
        self.net = net = topo.internet()
        a, b = topo.router("a", net), topo.router("b", net)
        for router in (a, b):
            net.attach(router, "u1", default=False)
        # Each uplink has its way: what is for the far u1 leaves by the own u1.
        for router, far in ((a, b), (b, a)):
            router.ip(f"route add {net.address(f'{far.name}.u1')}/32 "
                      f"via {net.gateway(f'{router.name}.u1')} dev u1")
        self.hosts = hosts = {}
        for router, n in ((a, 1), (b, 2)):
            hosts[n] = topo.lan(router, f"192.168.{n}.0/24")
            plant = topo.router(f"{router.name}-plant")
            link(router, "lan1", plant, "eth0", f"172.16.{n}.1/24", f"172.16.{n}.10/24")
            plant.ip(f"route add default via 172.16.{n}.1")
            hosts[f"plant{n}"] = plant
        self.wa = Wgbgp(topo, a, CONF.format(n=1, m=2, far="b", fast=FAST, timers=TIMERS))
        self.wb = Wgbgp(topo, b, CONF.format(n=2, m=1, far="a", fast=FAST, timers=TIMERS))
        for w, far, m in ((self.wa, "b", 2), (self.wb, "a", 1)):
            w.wait_installed(f"192.168.{m}.0/24", "wg0", f"{far}.wg0")
            w.wait_installed(f"172.16.{m}.0/24", "wg1", f"{far}.wg1")


@pytest.fixture
def two_purposes(topo):
    return Offices(topo)


def test_one_breaks_the_other_does_not(two_purposes):
    net, hosts, wa, wb = (two_purposes.net, two_purposes.hosts, two_purposes.wa, two_purposes.wb)
    with Ping(hosts["plant1"], "172.16.2.10") as plant, Ping(hosts[1], "192.168.2.10") as office:
        net.cut("a.u0", "b.u0")
        for w, m in ((wa, 2), (wb, 1)):
            w.wait_gone(f"192.168.{m}.0/24")
            assert w.kernel_routes(f"172.16.{m}.0/24")
        net.restore("a.u0", "b.u0")
        for w, far, m in ((wa, "b", 2), (wb, "a", 1)):
            w.wait_installed(f"192.168.{m}.0/24", "wg0", f"{far}.wg0")
        office.flows()
        plant.flows()
    plant.nothing_lost()
    assert office.lost > 0


def test_wrong_entry_on_the_other_interface(two_purposes):
    """What is configured on wg1 for the office takes nothing from wg0; and an entry of the peer's
    own takes nothing from its own path."""
    wa, hosts = two_purposes.wa, two_purposes.hosts
    with Ping(hosts[1], "192.168.2.10") as office, Ping(hosts["plant1"], "172.16.2.10") as plant:
        wa.replace("permit [ 172.16.0.0/12 ];",
                   "permit [ 172.16.0.0/12 ]; allowed-ips [ 192.168.2.0/24 172.16.0.0/16 ];")
        wait_until(lambda: wa.allowed("wg1", "192.168.2.0/24") == "b.wg1", what="the entry")
        assert wa.reasons("192.168.2.0/24") == ["none"]
        assert wa.reasons("172.16.2.0/24") == ["none"]
        assert wa.installed("192.168.2.0/24", "wg0", "b.wg0")
        assert wa.installed("172.16.2.0/24", "wg1", "b.wg1")
        office.flows()
        plant.flows()
    office.nothing_lost()
    plant.nothing_lost()
