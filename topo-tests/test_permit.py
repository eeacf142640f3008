# SPDX-License-Identifier: BSD-2-Clause
"""The ceiling: what a peer announces outside its `permit` list gets into neither table.

                     ╔══ 10.9.0.11 site1 ─ announces also what is site 2's, and the hub's
    hub wg0 10.9.0.1 ╣
                     ╚══ 10.9.0.12 site2 ─ 192.168.2.0/24 ─ host
"""
import pytest

from lib.hubspoke import HubSpoke
from lib.probe import Ping
from lib.wait import wait_until


@pytest.fixture
def star(topo):
    s = HubSpoke(topo, sites=2)
    s.wait()
    return s


def announce(star, prefix, address):
    star.site[1].ip(f"addr add {address} dev lan0")
    star.wsite[1].replace("network [ ", f"network [ {prefix} ")


def test_cannot_take_what_is_anothers(star):
    """A more specific of site 2's network from site 1: refused, said; no packet is stolen."""
    with Ping(star.hub, star.host[2].address) as ping:
        announce(star, "192.168.2.0/25", "192.168.2.1/25")
        wait_until(lambda: star.whub.reasons("192.168.2.0/25") == ["outside-permit"],
                   what="the reason")
        assert not star.whub.kernel_routes("192.168.2.0/25")
        assert star.whub.allowed("wg0", "192.168.2.0/25") is None
        assert star.whub.longest("wg0", star.host[2].address) == "site2.wg0"
        ping.flows()
    ping.nothing_lost()
    # And nobody else hears of it.
    assert star.wsite[2].paths("192.168.2.0/25") == []


def test_another_path_wins_instead(star):
    """The same prefix from both: better from site 1, but site 1 may not."""
    announce(star, "192.168.2.0/24", "192.168.2.1/24")
    wait_until(lambda: "outside-permit" in star.whub.reasons("192.168.2.0/24"), what="the reason")
    assert star.whub.installed("192.168.2.0/24", "wg0", "site2.wg0")
    assert star.whub.best("192.168.2.0/24")["next-hop"] == "10.9.0.12"


def test_tunnel_addresses_are_safe(star):
    """Not even with a permit: somebody's tunnel address is never learned."""
    star.whub.replace("permit [ 192.168.1.0/24", "permit [ 10.9.0.0/24 192.168.1.0/24")
    star.wsite[1].replace("network [ ", "network [ 10.9.0.12/32 ")
    star.wsite[1].replace("bgp {", "rib { static 10.9.0.12/32 { blackhole true; } } bgp {")
    wait_until(lambda: star.whub.reasons("10.9.0.12/32") == ["own-address"], what="the reason")
    assert star.whub.allowed("wg0", "10.9.0.12/32") == "site2.wg0"


def test_no_permit_means_nothing(star):
    star.whub.replace("permit [ 192.168.1.0/24 fd01:1::/48 ];", "")
    wait_until(lambda: star.whub.reasons("192.168.1.0/24") == ["no-permit"], what="the reason")
    star.whub.wait_gone("192.168.1.0/24")
    assert star.whub.established("10.9.0.11")
