# SPDX-License-Identifier: BSD-2-Clause
"""No packet of one LAN to another leaves in the clear (I10). README's first configuration, in both
families, between two sites whose default route leads to the Internet, which counts such packets:

    host ─ 192.168.1.0/24 ─ hub1 ══ wg0 10.99.0.1 ── 10.99.0.2 wg0 ══ sitea ─ 192.168.2.0/24 ─ host
              fd00:1::/64     └─ u0 ─────── Internet: counter ─────── u0 ─┘      fd00:2::/64

and a site behind a hub (lib/hubspoke.py).
"""
import os

import pytest

from lib.build import daemon
from lib.clear import count, kill_all, leaked, never, written
from lib.hubspoke import HubSpoke, hub_conf, site_conf
from lib.probe import Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wgbgp import Wgbgp
from test_readme import configurations, in_test

LANS6 = "fd00::/14"  # and no tunnel's addresses


def pings(*hosts):
    """Between each two of these, both ways, in both families."""
    return [Ping(a, address, interval_ms=5, wait=False) for a in hosts for b in hosts if a is not b
            for address in (b.address, b.address6)]


def first_configurations(keep_in):
    """Both of README, with IPv6 and the times of a test."""
    for n, conf in enumerate(map(in_test, configurations()[:2]), 1):
        for old, new in (
                (f"address 10.99.0.{n}/24;", f"address [ 10.99.0.{n}/24 fd99::{n}/64 ]; {FAST}"),
                (f"tunnel-address 10.99.0.{3 - n};",
                 f"tunnel-address [ 10.99.0.{3 - n} fd99::{3 - n} ];"),
                (f"permit [ 192.168.{3 - n}.0/24 ]",
                 f"permit [ 192.168.{3 - n}.0/24 fd00:{3 - n}::/48 ]"),
                (f"network [ 192.168.{n}.0/24 ];",
                 f"network [ 192.168.{n}.0/24 fd00:{n}::/64 ]; {TIMERS}")):
            assert old in conf, old
            conf = conf.replace(old, new)
        yield conf.replace("rib { keep-in permit; }", "") + f"rib {{ keep-in {keep_in}; }}\n"


class Sites:
    """METRIC: of a second default route to the Internet, 0: none. In mode `permit` the first tunnel
    is not up before something was sent."""

    def __init__(self, topo, keep_in, metric=0):
        self.net = topo.internet()
        self.hub, self.site = topo.router("hub1", self.net), topo.router("sitea", self.net)
        count(self.net, LANS6)
        for n, router in enumerate((self.hub, self.site)):
            router.ip(f"route add default via {self.net.gateway(router)} dev u0 metric {metric}\n"
                      f"route add ::/0 via 2001:db8:0:{n}::1 dev u0 metric {max(metric, 1)}")
        self.hosts = [topo.lan(r, f"192.168.{n}.0/24", subnet6=f"fd00:{n}::/64")
                      for n, r in enumerate((self.hub, self.site), 1)]
        confs = list(first_configurations(keep_in))
        if keep_in == "permit":
            self.net.cut("hub1", "sitea")
        self.whub, self.wsite = (Wgbgp(topo, r, c) for r, c in zip((self.hub, self.site), confs))
        if keep_in == "permit":
            for w, n in ((self.whub, 2), (self.wsite, 1)):
                wait_until(lambda w=w, n=n: w.kept_in() >= {f"192.168.{n}.0/24", f"fd00:{n}::/48"},
                           what="it to be kept in before a tunnel is up")
            self.pings = pings(*self.hosts)
            self.quiet()
            self.net.restore("hub1", "sitea")
        self.wait()
        if keep_in != "permit":
            self.pings = pings(*self.hosts)

    def quiet(self):
        before = [p.now()["sent"] for p in self.pings]
        never(self.net)
        assert all(p.now()["sent"] > n for p, n in zip(self.pings, before))

    def wait(self):
        self.whub.wait_installed("192.168.2.0/24", "wg0", "sitea.wg0", timeout=60)
        self.wsite.wait_installed("192.168.1.0/24", "wg0", "hub1.wg0", timeout=60)
        self.whub.wait_installed("fd00:2::/64", "wg0", "sitea.wg0", timeout=60)
        self.wsite.wait_installed("fd00:1::/64", "wg0", "hub1.wg0", timeout=60)

    def flows(self):
        """As before."""
        self.wait()
        for ping in self.pings:
            ping.flows()

    def gone(self, w):
        """Nothing leads into the tunnel any more."""
        lans = ("192.168.", "fd00:")
        wait_until(lambda: not [p for p in w.kernel_routes() if p.startswith(lans)], 20,
                   f"{w.router.name}: no route into a tunnel")


def last_path(s):
    s.net.cut("hub1", "sitea")
    s.gone(s.whub)
    s.gone(s.wsite)
    s.quiet()
    s.net.restore("hub1", "sitea")


def link_down(s):
    s.site.ip("link set wg0 down")
    s.gone(s.wsite)
    s.gone(s.whub)
    s.quiet()
    s.site.ip("link set wg0 up")


def last_address(s):
    s.site.ip("addr del 10.99.0.2/24 dev wg0\naddr del fd99::2/64 dev wg0")
    s.quiet()


def end_tunnel(router):
    router.run(["ip", "link", "del", "wg0"], check=False)
    wait_until(lambda: "wg0" not in router.out("ip -br link"), 10, "wg0 to be gone")


def killed(s):
    kill_all(s.wsite)
    s.net.cut("hub1", "sitea")
    s.quiet()
    end_tunnel(s.site)
    s.quiet()
    s.net.restore("hub1", "sitea")
    s.wsite.start()


def stopped(s):
    s.wsite.stop()
    s.quiet()
    end_tunnel(s.site)
    s.quiet()
    s.wsite.start()


def rebooted(s):
    """As far as a namespace can: no route is left, the network comes behind `wgbgpd -k`."""
    kept = s.wsite.kept_in()
    wait_until(lambda: kept == set(written(s.wsite)), 20, f"{kept} to be written down")
    s.wsite.stop()
    s.site.ip("link set u0 down")
    end_tunnel(s.site)
    for family in ("-4", "-6"):
        s.site.run(["ip", family, "route", "flush", "proto", "222"], check=False)
    assert not s.wsite.kept_in()
    env = {"WGBGP_STATEDIR": s.wsite.statedir}
    s.site.run([daemon("wgbgpd/wgbgpd"), "-k"], env=env)
    assert s.wsite.kept_in() == kept
    s.site.ip(f"link set u0 up\nroute replace default via {s.net.gateway('sitea')} dev u0\n"
              "route replace ::/0 via 2001:db8:0:1::1 dev u0")
    s.quiet()
    s.wsite.start()


WAYS = (last_path, link_down, last_address, killed, stopped, rebooted)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("metric", (0, 100))
@pytest.mark.parametrize("keep_in", ("permit", "learned"))
def test_two_sites(topo, keep_in, metric):
    """Whatever breaks, nothing leaves in the clear, and the LANs reach each other afterwards."""
    s = Sites(topo, keep_in, metric)
    s.flows()
    for way in WAYS:
        way(s)
        s.flows()
        assert leaked(s.net) == 0, way.__name__
    s.wsite.teardown()
    assert not s.wsite.kept_in() and not os.path.exists(os.path.join(s.wsite.statedir, "keep-in"))


def test_off(topo):
    """Without it they do leave, and are counted."""
    s = Sites(topo, "off")
    s.flows()
    s.net.cut("hub1", "sitea")
    wait_until(lambda: leaked(s.net) > 0, 20, "packets in the clear")
    assert not s.wsite.kept_in() and not s.whub.kept_in()


@pytest.mark.parametrize("keep_in", ("permit", "learned"))
def test_far_site(topo, keep_in):
    """A site dies behind a hub that lives: what the hub withdraws stays kept in at the other one.
    """
    star = HubSpoke(topo, sites=2, start=False)
    count(star.net, LANS6)
    more = f"rib {{ keep-in {keep_in}; }}\n"
    star.whub.write(hub_conf(star.numbers) + more)
    star.whub.start()
    for n in star.numbers:
        star.wsite[n].reload(site_conf(n) + more)
    star.wait()
    for n in star.numbers:
        reaches(star.host[n], star.host[3 - n].address)
        reaches(star.host[n], star.host[3 - n].address6)
    running = pings(*star.host.values())
    star.net.cut("hub", "site2")
    wait_until(lambda: not star.wsite[1].paths("192.168.2.0/24"), 20, "the withdrawal")
    wait_until(lambda: not star.wsite[1].kernel_routes("192.168.2.0/24"), 20, "no route")
    never(star.net)
    star.net.restore("hub", "site2")
    star.wait()
    for ping in running:
        ping.flows()
    assert leaked(star.net) == 0
