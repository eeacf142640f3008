# SPDX-License-Identifier: BSD-2-Clause
"""Daemons die, stop and start while traffic passes: nothing is lost.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2        (lib/dualhub.py)
                ╚════ wg2 ══ hub2 ══════╝
"""
import os
import signal
from contextlib import suppress

import pytest

from lib.dualhub import DualHub
from lib.probe import MOVES_MS, Ping
from lib.wait import wait_until
from lib.wgbgp import DAEMONS, Wgbgp

KILLS = int(os.environ.get("WGBGP_KILLS", "2"))
# What BGP's routes are better than, and what would lose all packets.
WORSE = """
rib {
    static 192.168.1.0/24 { blackhole true; distance 250; }
    static 192.168.2.0/24 { interface wg0; distance 250; }
}
"""


@pytest.fixture
def dual(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    return d


def settled(dual, *who):
    """All is as it was, and nothing is stale any more."""
    dual.wait()
    for w in who:
        wait_until(lambda w=w: not any(r["stale"] for r in w.show("route")["routes"]), 60,
                   "no stale route")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("daemon", DAEMONS)
def test_sigkill(dual, daemon):
    """Each daemon of a hub and of a site, at the same time, WGBGP_KILLS times, under a running
    ping."""
    hub, site = dual.whub[1], dual.wsite[1]
    wg = dual.hub[1].out("wg show wg0 latest-handshakes")
    with Ping(dual.host[1], dual.host[2].address) as ping:
        for turn in range(KILLS):
            again = [w.kill_daemon(daemon, wait=False) for w in (hub, site)]
            wait_until(lambda again=again: all(a() for a in again), 60,
                       f"a new {daemon}, turn {turn}")
            settled(dual, hub, site)
            ping.flows()
            assert ping.now()["lost"] <= 5, f"lost in turn {turn}"  # some may be under way
    ping.nothing_lost()
    # The tunnels were not even set up anew (the keys are there, the handshakes no older ones).
    after = dual.hub[1].out("wg show wg0 latest-handshakes")
    assert sorted(wg.split()[0::2]) == sorted(after.split()[0::2])


def test_restart_of_everything(dual):
    """Stop, start: on the hub, then on a site. Forwarding goes on while nobody is there."""
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        for w in (dual.whub[1], dual.wsite[1]):
            w.stop()
            before = ping.now()["received"]
            wait_until(lambda before=before: ping.now()["received"] > before + 50,
                       what="traffic without a daemon")
            w.start()
            settled(dual, w)
    ping.nothing_lost()


def test_parent_killed(dual):
    """SIGKILL of wgbgpd: the daemons end without touching anything; the next start takes over."""
    w = dual.whub[1]
    with Ping(dual.host[1], dual.host[2].address, interval_ms=MOVES_MS) as ping:
        children = [w.daemon_pid(d) for d in DAEMONS]
        w.process.stopped = True
        w.process.kill()
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}/exe") and
                                   os.access(f"/proc/{pid}/fd", os.R_OK) and
                                   os.listdir(f"/proc/{pid}/fd") for pid in children),
                   what="the daemons to end")
        ping.flows(50)
        w.start()
        settled(dual, w)
    ping.nothing_lost()


def zebra_lite_killed(w):
    w.kill_daemon("zebra-lite")


def all_killed(w):
    children = [w.daemon_pid(d) for d in DAEMONS]
    w.process.stopped = True
    w.process.kill()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    w.start()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("again", [zebra_lite_killed, all_killed, Wgbgp.restart])
def test_worse_static_route(dual, again):
    """Static routes beside BGP's, and worse: what was found at the start stays until BGP has
    spoken, in both tables."""
    hub = dual.whub[1]
    hub.replace("bgp {", WORSE + "bgp {")
    dual.wait()
    with Ping(dual.host[1], dual.host[2].address, interval_ms=5) as ping:
        for _ in range(KILLS):
            again(hub)
            settled(dual, hub)
            ping.flows(50)
    ping.nothing_lost()
    assert [r["protocol"] for r in hub.show("route 192.168.1.0/24")["routes"] if r["installed"]] \
        == ["bgp"]


def test_worse_static_route_takes_over(dual):
    """Where BGP has nothing any more the static route comes, as soon as BGP has said so."""
    hub = dual.whub[1]
    hub.replace("bgp {", WORSE + "bgp {")
    dual.wait()
    hub.stop()
    dual.wsite[1].replace("network [ 192.168.1.0/24 fd01:1::/64 ];", "network [ fd01:1::/64 ];")
    hub.start()
    wait_until(lambda: any(r.get("type") in ("blackhole", "6")
                           for r in hub.kernel_routes("192.168.1.0/24")), 60,
               "the static route")
    wait_until(lambda: hub.allowed("wg0", "192.168.1.0/24") is None, 60, "the entry to be gone")
    assert hub.installed("192.168.2.0/24", "wg0", "site2.wg1")


def test_what_vanished_meanwhile_is_swept(dual):
    """While hub 1 has no bgpd, site 2 takes back a network: after the restart it is gone."""
    hub, site = dual.whub[1], dual.wsite[2]
    hub.stop()
    site.replace("network [ 192.168.2.0/24 fd01:2::/64 ];", "network [ fd01:2::/64 ];")
    hub.start()
    hub.wait_gone("192.168.2.0/24", timeout=60)
    wait_until(lambda: hub.allowed("wg0", "192.168.2.0/24") is None, 60, "the entry to be gone")
    assert hub.kernel_routes("192.168.1.0/24")
