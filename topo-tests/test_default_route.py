# SPDX-License-Identifier: BSD-2-Clause
"""A hub announces 0.0.0.0/0, which covers the endpoint of the very tunnel it comes through.

    host ─ 192.168.1.0/24 ─ site1 ══ wg0 ══ Internet ══ wg0 hub ─ 0.0.0.0/0, LAN 192.168.9.0/24
                              └── 198.51.100.x: the way to the hub must stay outside

Without a host route to the endpoint WireGuard would send its own packets into itself (-ELOOP):
the tunnel dies, comes back, dies."""
from lib.hubspoke import hub_conf, site_conf
from lib.probe import Ping, reaches
from lib.wait import wait_until
from lib.wgbgp import Wgbgp


def build(topo, pin):
    class D:
        pass
    d = D()
    d.net = topo.internet()
    d.hub, d.site = topo.router("hub", d.net), topo.router("site1", d.net)
    d.host = topo.lan(d.site, "192.168.1.0/24")
    d.lan = topo.lan(d.hub, "192.168.9.0/24")
    d.whub = Wgbgp(topo, d.hub, hub_conf((1,)) + """
        rib { static 0.0.0.0/0 { blackhole true; distance 250; } }
        bgp { network [ 0.0.0.0/0 192.168.9.0/24 ]; }""")
    d.w = Wgbgp(topo, d.site, site_conf(1).replace("permit [", "permit [ 0.0.0.0/0")
                # Their distance is 0 otherwise: the default route that is there would win.
                + f"rib {{ pin-endpoints {pin}; distance {{ kernel 250; }} }}")
    d.w.wait_established("10.9.0.1")
    wait_until(lambda: d.w.paths("0.0.0.0/0"), what="the default route's path")
    return d


def test_pinned(topo):
    """The endpoint gets a host route through the underlay; the tunnel survives new handshakes."""
    d = build(topo, "on")
    hub = d.net.address("hub")
    d.w.wait_installed("0.0.0.0/0", "wg0", "hub.wg0")
    assert d.w.leaves_by("203.0.113.1") == "wg0"
    assert d.w.leaves_by(hub) == "u0"
    pins = d.w.show("pins")["pins"]
    assert [p["endpoint"].split(":")[0] for p in pins] == [hub]
    reaches(d.host, d.lan.address)
    # A new handshake: the hub forgets the session, the site must start another one.
    wait_until(lambda: d.w.tunnel("hub")["handshake-seconds"] is not None, what="a handshake")
    d.hub.run(["wg", "set", "wg0", "peer",
               d.site.out("wg show wg0 public-key").strip(), "remove"])
    wait_until(lambda: d.whub.tunnel("site1").get("state") == "up", 60, "the tunnel again")
    reaches(d.host, d.lan.address, timeout=60)
    assert d.w.leaves_by(hub) == "u0"
    with Ping(d.host, d.lan.address) as ping:
        ping.flows(50)
    ping.nothing_lost()


def test_underlay_changes(topo):
    """The way to the Internet moves to another link: the pin follows."""
    d = build(topo, "on")
    d.w.wait_installed("0.0.0.0/0", "wg0", "hub.wg0")
    d.net.attach(d.site, "u1", default=False)
    d.site.ip(f"route add default via {d.net.gateway('site1.u1')} dev u1 metric 900")
    d.site.ip("link set u0 down")
    wait_until(lambda: d.w.leaves_by(d.net.address("hub")) == "u1", what="the pin on u1")
    reaches(d.host, d.lan.address, timeout=40)


def test_multipath_underlay(topo):
    """The machine's own default route has two ways: so has the pin. One that dies leaves one."""
    d = build(topo, "on")
    d.w.wait_installed("0.0.0.0/0", "wg0", "hub.wg0")
    d.net.attach(d.site, "u1", default=False)

    def manage():
        d.site.ip("route replace default metric 1000 proto static"
                  f" nexthop via {d.net.gateway('site1.u0')} dev u0"
                  f" nexthop via {d.net.gateway('site1.u1')} dev u1")

    def pinned(*links):
        pins = d.w.show("pins")["pins"]
        assert {p["state"] for p in pins} == {"installed"}
        assert sorted(p["interface"] for p in pins) == list(links), pins
        route, = d.w.kernel_routes(f"{d.net.address('hub')}/32")
        ways = {n["dev"] for n in route.get("nexthops", [route])}
        assert ways == set(links), route
        return True
    manage()
    wait_until(lambda: pinned("u0", "u1"), what="a pin by both")
    for dead, left in (("u1", "u0"), ("u0", "u1")):
        d.site.ip(f"link set {dead} down")
        wait_until(lambda left=left: pinned(left), what=f"a pin by {left}")
        reaches(d.host, d.lan.address, timeout=40)
        d.site.ip(f"link set {dead} up")
        manage()
        wait_until(lambda: pinned("u0", "u1"), what="both again")
    assert "covers-endpoint" not in d.w.log()
    reaches(d.host, d.lan.address, timeout=40)


def test_dark_way(topo):
    """The way that the kernel took for the hub is dark somewhere behind the provider, no link says
    so: the other one is tried."""
    d = build(topo, "on")
    d.w.wait_installed("0.0.0.0/0", "wg0", "hub.wg0")
    d.net.attach(d.site, "u1", default=False)
    d.site.ip("route replace default metric 1000 proto static"
              f" nexthop via {d.net.gateway('site1.u0')} dev u0"
              f" nexthop via {d.net.gateway('site1.u1')} dev u1")
    wait_until(lambda: len(d.w.show("pins")["pins"]) == 2, what="a pin by both")
    reaches(d.host, d.lan.address, timeout=40)
    for dark in ("u0", "u1"):  # the kernel takes one of them, by a hash
        d.net.cut(f"site1.{dark}", "hub")
        reaches(d.host, d.lan.address, timeout=60)
        d.net.restore(f"site1.{dark}", "hub")


def test_not_pinned_is_ineligible(topo):
    """pin-endpoints off: the path is refused with the reason, everything else goes on."""
    d = build(topo, "off")
    wait_until(lambda: d.w.reasons("0.0.0.0/0") == ["covers-endpoint"], what="the reason")
    assert not d.w.kernel_routes("0.0.0.0/0")
    assert d.w.established("10.9.0.1")
