# SPDX-License-Identifier: BSD-2-Clause
"""Restarts that overlap: a site's daemons are away while its hub restarts, or both its hubs do. What
the site announced is neither swept nor withdrawn while its tunnel lives.

     host1 ─ site1 ══ wg0 ══ hub ══ wg0 ══ site2 ─ host2      (lib/hubspoke.py)
     host1 ─ site1 ══ wg1, wg2 ══ hub1, hub2 ══ site2 ─ host2 (lib/dualhub.py)
"""
import pytest

from lib.dualhub import DualHub
from lib.hubspoke import HubSpoke
from lib.probe import MOVES_MS, Ping
from lib.wait import holds, wait_until

AWAY_S = 25


def nothing_stale(*who):
    for w in who:
        wait_until(lambda w=w: not any(r["stale"] for r in w.show("route")["routes"]), 60,
                   f"{w.router.name}: no stale route")


def restarted(w, how):
    if how == "bgpd":
        w.kill_daemon("bgpd")
    else:
        w.restart()


@pytest.mark.parametrize("how", ("all", "bgpd"))
def test_site_away_while_its_hub_restarts(topo, how):
    star = HubSpoke(topo)
    star.wait()
    hub, site = star.whub, star.wsite[2]
    with Ping(star.host[1], star.host[2].address, interval_ms=MOVES_MS) as ping, \
            Ping(star.host[1], star.host[2].address6, interval_ms=MOVES_MS) as ping6:
        site.stop()
        restarted(hub, how)
        hub.wait_established("10.9.0.11")
        holds(lambda: hub.installed("192.168.2.0/24", "wg0", "site2.wg0"), AWAY_S,
              "site 2's prefix at the hub", 1)
        assert star.wsite[1].installed("192.168.2.0/24", "wg0", "hub.wg0")
        site.start()
        star.wait()
        nothing_stale(hub, *star.wsite.values())
    ping.nothing_lost()
    ping6.nothing_lost()


def test_site_away_while_both_hubs_restart(topo):
    dual = DualHub(topo, sites=2)
    dual.wait()
    site = dual.wsite[2]
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        site.stop()
        for w in dual.whub.values():
            w.restart()
        holds(lambda: dual.wsite[1].installed("192.168.2.0/24", "wg1", "hub1.wg0"), AWAY_S,
              "the way by hub 1", 1)
        site.start()
        dual.wait()
        nothing_stale(*dual.all)
    ping.nothing_lost()


def test_wgd_dies_while_a_tunnel_does(topo):
    """A new wgd goes on where the one before was: with the time for an answer, and with a tunnel
    that was found dead."""
    dual = DualHub(topo, sites=2)
    dual.wait()
    site, hub = dual.wsite[1], dual.whub[1]
    dual.net.cut(dual.site[1], dual.hub[1])

    def dead():
        if site.tunnel_state("hub1") != "down":
            site.kill_daemon("wgd")
            return False
        return True
    wait_until(dead, 20, "the tunnel to be found dead by a wgd that dies again and again", 1)
    wait_until(lambda: site.installed("192.168.2.0/24", "wg2", "hub2.wg0"), 5, "the other way")
    wait_until(lambda: hub.installed("192.168.1.0/24", "wgt", "hub2.wgt"), 10, "there, too")
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        for _ in range(3):
            site.kill_daemon("wgd")
            site.wait_tunnel("hub1", "down")
    ping.nothing_lost()
    dual.net.restore(dual.site[1], dual.hub[1])
    dual.wait()


def test_others_do_not_wait(topo):
    """The hub restarts and site 2 does not come back: what site 1 announces anew is there at once."""
    star = HubSpoke(topo, sites=3)
    star.wait()
    hub = star.whub
    star.wsite[2].stop()
    hub.kill_daemon("bgpd")
    hub.wait_established("10.9.0.11", "10.9.0.13")
    star.site[1].out("ip route add blackhole 192.168.101.0/24")
    star.wsite[1].replace("network [", "network [ 192.168.101.0/24")
    hub.replace("permit [ 192.168.1.0/24", "permit [ 192.168.101.0/24 192.168.1.0/24")
    hub.wait_installed("192.168.101.0/24", "wg0", "site1.wg0", timeout=8)
    star.wsite[3].wait_installed("192.168.101.0/24", "wg0", "hub.wg0", timeout=8)
    assert hub.installed("192.168.2.0/24", "wg0", "site2.wg0")
    star.wsite[2].start()
    star.wait()
