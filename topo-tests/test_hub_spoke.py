# SPDX-License-Identifier: BSD-2-Clause
"""A hub with three sites on one shared interface (lib/hubspoke.py).

                     ╔══ 10.9.0.11 site1 ─ 192.168.1.0/24 ─ host
    hub wg0 10.9.0.1 ╬══ 10.9.0.12 site2 ─ 192.168.2.0/24 ─ host
                     ╚══ 10.9.0.13 site3 ─ 192.168.3.0/24 ─ host
"""
import pytest

from lib.hubspoke import HubSpoke
from lib.probe import Ping, reaches
from lib.wait import wait_until


@pytest.fixture
def star(topo):
    s = HubSpoke(topo, sites=3)
    s.wait()
    return s


def test_sites_reach_each_other(star):
    for n in (1, 2, 3):
        for m in (1, 2, 3):
            if n != m:
                reaches(star.host[n], star.host[m].address)
                reaches(star.host[n], star.host[m].address6)
    # What a site learned from the hub came from another site, and the hub is the next hop.
    path = star.wsite[1].best("192.168.2.0/24")
    assert path["next-hop"] == "10.9.0.1" and path["originator-id"] == "10.9.0.12"


def test_one_site_dies_the_others_do_not_notice(star):
    with Ping(star.host[1], star.host[2].address) as ping:
        star.net.cut("site3", "hub")
        star.whub.wait_tunnel("site3", "down")
        star.whub.wait_gone("192.168.3.0/24")
        star.wsite[1].wait_gone("192.168.3.0/24")
        assert star.whub.allowed("wg0", "192.168.3.0/24") in (None, "site3.wg0")
        wait_until(lambda: star.whub.allowed("wg0", "192.168.3.0/24") is None, what="no entry")
        star.net.restore("site3", "hub")
        star.wait()
        ping.flows()
    ping.nothing_lost()
    reaches(star.host[1], star.host[3].address)


def test_site_changes_its_address(star):
    """Roaming: from one uplink to another, and nobody configured the new address at the hub."""
    star.net.attach(star.site[1], "u1", default=False)
    star.site[1].ip(f"route add default via {star.net.gateway('site1.u1')} dev u1\n"
                    "link set u0 down")
    address = star.net.address("site1.u1")
    wait_until(lambda: address in str(star.whub.tunnel("site1")["endpoint"]), 60,
               "the new endpoint")
    reaches(star.host[2], star.host[1].address)
