# SPDX-License-Identifier: BSD-2-Clause
"""A packet from a site through both hubs to another site: the better tunnels of the two are on
different hubs.

    host1 ─ site1 ══ wg1 ══ hub1 ══ wgt ══ hub2 ══ wg2 ══ site2 ─ host2
               ╚ wg2 (cut)                    (cut) wg1 ╝

The transit interface has a single peer and `allowed-ips any`: on a shared one hub 2 would drop
what comes from site 1 by hub 1, for site 1's prefix belongs to site 1's own peer there (I1)."""
from lib.dualhub import DualHub
from lib.probe import Ping, reaches


def test_site_hub_hub_site(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    d.net.cut("site1", "hub2")
    d.net.cut("site2", "hub1")
    d.wsite[1].wait_tunnel("hub2", "down")
    d.wsite[2].wait_tunnel("hub1", "down")
    d.wsite[1].wait_installed("192.168.2.0/24", "wg1", "hub1.wg0")
    d.whub[1].wait_installed("192.168.2.0/24", "wgt", "hub2.wgt")
    d.whub[2].wait_installed("192.168.1.0/24", "wgt", "hub1.wgt")
    d.wsite[2].wait_installed("192.168.1.0/24", "wg2", "hub2.wg0")
    reaches(d.host[1], d.host[2].address)
    with Ping(d.host[1], d.host[2].address) as ping:
        ping.flows(100)
    ping.nothing_lost()
    before = d.hub[1].out("wg show wgt transfer").split()[1:]
    reaches(d.host[1], d.host[2].address)
    assert d.hub[1].out("wg show wgt transfer").split()[1:] != before


def test_transit_breaks_too(topo):
    """The hubs lose each other as well: nothing is left, and it is withdrawn, not black-holed."""
    d = DualHub(topo, sites=2)
    d.wait()
    d.net.cut("site1", "hub2")
    d.net.cut("site2", "hub1")
    d.whub[1].wait_installed("192.168.2.0/24", "wgt", "hub2.wgt")
    d.net.cut("hub1", "hub2")
    d.whub[1].wait_gone("192.168.2.0/24")
    d.wsite[1].wait_gone("192.168.2.0/24")
    assert "192.168.2.0/24" not in str(d.wsite[1].kernel_routes())
