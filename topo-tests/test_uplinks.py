# SPDX-License-Identifier: BSD-2-Clause
"""A site with two providers, one WireGuard interface bound to each.

    host ─ 192.168.1.0/24 ─ site ── u0 (main's default route) ── Internet ── hub1 ─ 192.168.91.0/24
                              └──── u1 ────────────────────────┘      └───── hub2 ─ 192.168.92.0/24
           wg1 by u0 to hub1, wg2 by u1 to hub2; both hubs announce 192.168.9.0/24, too

The main table knows the way by u0 only. The encrypted packets of wg2 carry a mark, a rule leads
them into a table of u1's own."""
import json

import pytest

from lib.probe import MOVES_MS, Ping, reachable, reaches
from lib.snippets import FAST, TIMERS
from lib.wait import holds, wait_until
from lib.wg import peer_set
from lib.wgbgp import Wgbgp

HUB = """
system {{ hostname hub{h}; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.0.{h}.1/24 fd00:{h}::1/64 ];
        {fast}
        peer site {{
            public-key PUB(site.wg{h});
            tunnel-address [ 10.0.{h}.2 fd00:{h}::2 ];
            permit [ 192.168.1.0/24 fd01:1::/48 ];
        }}
    }}
}}
bgp {{
    as 6501{h};
    router-id 10.0.{h}.1;
    {timers}
    network [ 192.168.9.0/24 192.168.9{h}.0/24 {more} ];
    neighbor 10.0.{h}.2 {{ remote-as 65001; import all; export all; }}
}}
rib {{ static 192.168.9.0/24 {{ blackhole true; distance 250; }}
       static 0.0.0.0/0 {{ blackhole true; distance 250; }} }}
"""

SITE_IF = """
    interface wg{h} {{
        private-key-file KEY(wg{h});
        address [ 10.0.{h}.2/24 fd00:{h}::2/64 ];
        {fast}
        uplink {{ interface u{u}; {uplink} }}
        peer hub{h} {{
            public-key PUB(hub{h}.wg0);
            endpoint {endpoint};
            tunnel-address [ 10.0.{h}.1 fd00:{h}::1 ];
            persistent-keepalive 1;
            cost {cost};
            permit [ 192.168.0.0/16 0.0.0.0/0 ];
        }}
    }}
"""

SITE = """
system {{ hostname site; }}
wireguard {{
{interfaces}
}}
bgp {{
    as 65001;
    router-id 10.0.1.2;
    {timers}
    network [ 192.168.1.0/24 ];
    neighbor 10.0.1.1 {{ remote-as 65011; import all; export all; }}
    neighbor 10.0.2.1 {{ remote-as 65012; import all; export all; }}
}}
rib {{ distance {{ kernel 250; }} }}
"""


class DualIsp:
    def __init__(self, topo, family=4, more1="", gateway=True):
        self.net, self.family = topo.internet(), family
        self.hub = {h: topo.router(f"hub{h}", self.net) for h in (1, 2)}
        self.site = topo.router("site", self.net)
        self.net.attach(self.site, "u1", default=False)
        self.host = topo.lan(self.site, "192.168.1.0/24")
        self.lan = {h: topo.lan(self.hub[h], f"192.168.9{h}.0/24") for h in (1, 2)}
        self.whub = {h: Wgbgp(topo, self.hub[h], HUB.format(
            h=h, fast=FAST, timers=TIMERS, more=more1 if h == 1 else "")) for h in (1, 2)}
        self.gateway = gateway
        self.w = Wgbgp(topo, self.site, self.conf(10, 20))

    def gateways(self, u):
        if not self.gateway:
            return ""
        v6 = self.net.address(f"site.u{u}", 6).replace("::2", "::1")
        return f"gateway [ {self.net.gateway(f'site.u{u}')} {v6} ];"

    def conf(self, cost1, cost2):
        """The site's file; the cheaper hub is the active one."""
        inet = "INET" if self.family == 4 else "INET6"
        return SITE.format(timers=TIMERS, interfaces="".join(SITE_IF.format(
            h=h, u=h - 1, fast=FAST, cost=cost, uplink=self.gateways(h - 1),
            endpoint=f"{inet}(hub{h}):51820") for h, cost in ((1, cost1), (2, cost2))))

    def comes_from(self, h):
        """Where hub H last heard the site from, without the port."""
        return (self.whub[h].tunnel("site").get("endpoint") or "").rsplit(":", 1)[0].strip("[]")

    def uplink(self, wg):
        """What is said of it; a zebra-lite that has just started knows of none."""
        return next((u for u in self.w.show("uplinks")["uplinks"] if u["interface"] == wg),
                    {"ipv4": {"state": None}, "ipv6": {"state": None}})

    def wait(self):
        self.w.wait_established("10.0.1.1", "10.0.2.1", timeout=40)
        self.active(1)
        for h in (1, 2):
            self.w.wait_installed(f"192.168.9{h}.0/24", f"wg{h}", f"hub{h}.wg0")
            self.whub[h].wait_installed("192.168.1.0/24", "wg0", f"site.wg{h}")

    def active(self, h, timeout=40):
        """The prefix of both hubs goes by hub H."""
        self.w.wait_installed("192.168.9.0/24", f"wg{h}", f"hub{h}.wg0", timeout=timeout)


def rules(router):
    return [r for r in json.loads(router.out(["ip", "-N", "-j", "rule", "show"]))
            if r.get("protocol") == "222"]


@pytest.mark.parametrize("family", (4, 6))
def test_each_by_its_own(topo, family):
    """Both tunnels run, each by its provider, with the provider's address; the site's own traffic
    uses both at once, each prefix by its hub (active/active)."""
    d = DualIsp(topo, family)
    d.wait()
    for h in (1, 2):
        wait_until(lambda h=h: d.comes_from(h) == d.net.address(f"site.u{h - 1}", family),
                   what=f"hub{h} to hear the site by u{h - 1}")
        assert d.uplink(f"wg{h}")["ipv4"]["state"] == "up"
        assert d.uplink(f"wg{h}")["ipv6"]["state"] == "up"
        reaches(d.host, d.lan[h].address)
        steps = json.loads(d.w.cli(f"explain 192.168.9{h}.10 json"))["steps"]
        told = {s["stage"]: s for s in steps}
        assert f"is reached by u{h - 1}" in told["endpoint"]["text"]
    mark = d.uplink("wg2")["fwmark"]
    assert d.site.out("wg show wg2 fwmark").strip() == hex(mark)
    got = d.site.out(["ip", "route", "get", d.net.address("hub1"), "mark", str(mark)])
    assert "dev u1" in got and f"src {d.net.address('site.u1')}" in got
    assert "uplink-rp-filter" not in d.w.log()
    assert not [p for p in d.w.show("pins")["pins"]]
    with Ping(d.host, d.lan[1].address) as a, Ping(d.host, d.lan[2].address) as b:
        a.flows(50)
        b.flows(50)
    a.nothing_lost()
    b.nothing_lost()


@pytest.mark.parametrize("family", (4, 6))
def test_one_is_cut(topo, family):
    """One provider fails: everything by the other, and back. Its packets do not leave by the
    other one meanwhile."""
    d = DualIsp(topo, family)
    d.wait()
    d.site.ip("link set u0 down")
    d.active(2)
    assert d.uplink("wg1")["ipv4"]["state"] == "link-down"
    got = d.site.run(["ip", "route", "get", d.net.address("hub1"), "mark",
                      str(d.uplink("wg1")["fwmark"])], check=False)
    assert got.returncode != 0
    d.site.ip(f"link set u0 up\nroute replace default via {d.net.gateway('site')} dev u0 "
              "metric 1000")
    d.active(1, 60)
    assert d.comes_from(1) == d.net.address("site.u0", family)
    # Somewhere behind the provider: the link stays up, the tunnel says so.
    d.net.cut("site.u0", "hub1")
    d.active(2)
    assert d.uplink("wg1")["ipv4"]["state"] == "up"
    d.net.restore("site.u0", "hub1")
    d.active(1, 60)


def test_default_by_the_tunnel(topo):
    """A default route comes from hub 1 through wg1: wg1's own packets look into the uplink's table,
    no host route is needed for them."""
    d = DualIsp(topo, more1="0.0.0.0/0")
    d.wait()
    d.w.wait_installed("0.0.0.0/0", "wg1", "hub1.wg0")
    assert not d.w.show("pins")["pins"]
    assert d.w.leaves_by(d.net.address("hub1")) == "wg1"  # what is not marked
    peer_set(d.hub[1], "wg0", "site.wg1", "remove")  # a new handshake
    wait_until(lambda: d.whub[1].tunnel_state("site") == "up", 60, "the tunnel again")
    reaches(d.host, d.lan[1].address, timeout=60)
    # Without the uplink the endpoint has to be pinned.
    d.w.replace(f"uplink {{ interface u0; {d.gateways(0)} }}", "")
    wait_until(lambda: d.w.leaves_by(d.net.address("hub1")) == "u0", what="the pin")
    reaches(d.host, d.lan[1].address, timeout=60)
    wait_until(lambda: [r["table"] for r in rules(d.site)] == [str(d.uplink("wg2")["table"])],
               what="the other rule to go")


def test_address_changes(topo):
    """The provider gives out another address and gateway, as DHCP does: both are followed."""
    d = DualIsp(topo, gateway=False)
    gateway = d.net.gateway("site.u1")
    wait_until(lambda: d.uplink("wg2")["ipv4"]["state"] == "no-gateway", what="wg2 to wait")
    d.site.ip(f"route add default via {gateway} dev u1 metric 3000")
    d.wait()
    assert d.uplink("wg2")["ipv4"]["gateway"] == gateway
    old = f"{d.net.address('site.u1')}/30"
    d.net.ip("addr add 198.51.200.1/30 dev i3")
    with Ping(d.host, d.lan[2].address, wait=True) as ping:
        d.site.ip(f"addr del {old} dev u1\naddr add 198.51.200.2/30 dev u1\n"
                  "route add default via 198.51.200.1 dev u1 metric 3000")
        wait_until(lambda: d.uplink("wg2")["ipv4"] == {
            "state": "up", "source": "198.51.200.2", "gateway": "198.51.200.1"},
            what="the new address")
        wait_until(lambda: d.comes_from(2) == "198.51.200.2", what="hub2 to hear it there")
        ping.flows(50)
    assert d.w.established("10.0.2.1")
    assert "what=route" not in d.w.log()


def test_uplink_comes_later(topo):
    """The tunnel is up by the main table when its uplink is configured, the mark being the same:
    WireGuard must not keep to the source address that it took there."""
    d = DualIsp(topo)
    d.wait()
    with_uplink = d.conf(10, 20).replace("uplink { interface u1;",
                                         "fwmark 0x101; uplink { interface u1;")
    d.w.reload(with_uplink.replace(f"uplink {{ interface u1; {d.gateways(1)} }}", ""))
    wait_until(lambda: d.comes_from(2) == d.net.address("site.u0"), what="hub2 to hear u0")
    d.w.reload(with_uplink)
    wait_until(lambda: d.comes_from(2) == d.net.address("site.u1"), what="hub2 to hear u1")


def test_promote_and_demote(topo):
    """The standby is made the active one by a reload, and back, without a packet lost."""
    d = DualIsp(topo)
    d.wait()
    d.hub[2].ip("addr add 192.168.9.1/32 dev lo")
    d.hub[1].ip("addr add 192.168.9.1/32 dev lo")
    with Ping(d.host, "192.168.9.1", interval_ms=MOVES_MS) as ping:
        d.w.reload(d.conf(20, 10))
        d.active(2)
        ping.flows(30)
        d.w.reload(d.conf(10, 20))
        d.active(1)
        ping.flows(30)
    ping.nothing_lost()
    assert d.w.tunnel("hub1")["changes"] <= 2 and d.w.tunnel("hub2")["changes"] <= 2


def test_restart_drift_teardown(topo):
    """What we keep for an uplink outlives us, is put back when somebody takes it, and goes."""
    d = DualIsp(topo)
    d.wait()
    table = d.uplink("wg2")["table"]

    def default():
        return d.site.run(["ip", "route", "show", "table", str(table), "default", "dev", "u1"],
                          check=False).stdout
    with Ping(d.host, d.lan[2].address, interval_ms=MOVES_MS) as ping:
        d.w.kill_daemon("zebra-lite")
        wait_until(lambda: d.uplink("wg2")["ipv4"]["state"] == "up", what="zebra-lite")
        d.w.restart()
        wait_until(lambda: d.uplink("wg2")["ipv4"]["state"] == "up", what="the restart")
        ping.flows(50)
    ping.nothing_lost()
    assert "drift-repaired what=r" not in d.w.log()
    d.site.ip(f"route flush table {table}")
    wait_until(default, what="the route again")
    d.site.ip("rule del priority 17900")
    wait_until(lambda: len(rules(d.site)) == 2, what="the rule again")
    assert "drift-repaired what=route" in d.w.log()
    # No longer configured while we are away: swept at the start.
    d.w.stop()
    d.w.write(d.conf(10, 20).replace(f"uplink {{ interface u1; {d.gateways(1)} }}", ""))
    d.w.start()
    wait_until(lambda: not default() and len(rules(d.site)) == 1, what="the sweep")
    d.w.teardown()
    assert not rules(d.site)
    everything = d.site.out("ip -N route show table all proto 222")
    assert not everything, everything


def test_foreign_table(topo):
    """What somebody else keeps in the table stays as it is."""
    d = DualIsp(topo)
    d.wait()
    table = d.uplink("wg1")["table"]
    d.site.ip(f"route add 203.0.113.0/24 dev u1 table {table} proto static\n"
              f"route add default via {d.net.gateway('site.u1')} dev u1 table {table} "
              "metric 9 proto static")
    d.w.restart()
    d.wait()
    holds(lambda: d.site.out(f"ip route show table {table} proto static").count("\n") == 2, 1)
    d.w.teardown()
    assert d.site.out(f"ip route show table {table}").count("\n") == 2


def test_source_of_another_uplink(topo):
    """WireGuard answers from where it last heard the hub, here from u0's address through wg2: nothing
    leads from there. (So it is, too, where a first packet left before the uplink's rule was there.)
    An ICMP error says so, and it takes the address anew."""
    d = DualIsp(topo)
    d.wait()
    u0, u1 = d.net.address("site"), d.net.address("site.u1")
    port = d.site.out(["wg", "show", "wg2", "listen-port"]).strip()

    def mislead():
        peer_set(d.hub[2], "wg0", "site.wg2", "endpoint", f"{u0}:{port}")
        reachable(d.hub[2], "10.0.2.2")
        return "underlay-error peer=hub2" in d.w.log()
    wait_until(mislead, 60, "an error", 0.5)
    wait_until(lambda: d.comes_from(2) == u1, 30, "the site to come from u1 again")
    reaches(d.host, d.lan[2].address)
