# SPDX-License-Identifier: BSD-2-Clause
"""Routes, nexthop objects and addresses vanish in many ways, and the kernel tells of few of them.
Whatever happened, when it is undone all is as it was.

    host ─ 192.168.1.0/24 ─ a ══ wg1 (IPv4 outside) ══ b ─ 192.168.2.0/24 ─ host
                            ╚═══ wg2 (IPv6 outside) ══╝    0.0.0.0/0 and ::/0

b announces all by both tunnels: a's routes name objects, each tunnel address has a route of its own,
the default routes make b's endpoints be pinned, and a static route leads into a's LAN. The rows
share the topology; after one that failed the next has a new one. How long it took is printed."""
import contextlib
import ipaddress
import json
import types

import pytest

from lib.ns import now
from lib.probe import reaches
from lib.snippets import FAST, TIMERS
from lib.topology import built, link
from lib.wait import wait_until
from lib.wg import allowed_ips
from lib.wgbgp import PROTOCOL, Wgbgp

DEFAULT = {4: 1000, 6: 2000}  # metrics of the default routes

IF = """
    interface wg{n} {{
        private-key-file KEY(wg{n});
        listen-port 5182{n};
        address [ 10.9.{n}.{me}/24 fd09:{n}::{me}/64 fe80::{n}:{me}/64 ];
        {fast}
        peer {far}{n} {{
            public-key PUB({far}.wg{n});
            endpoint {inet}({far}):5182{n};
            tunnel-address [ 10.9.{n}.{you} fd09:{n}::{you} 10.9.{n}.1{you} fd09:{n}::1{you} ];
            persistent-keepalive 1;
            cost {n}0;
            permit [ 0.0.0.0/0 ::/0 ];
        }}
    }}
"""
CONF = """
system {{ hostname {name}; }}
wireguard {{ {interfaces} }}
bgp {{
    as 6500{me};
    router-id 10.9.1.{me};
    {timers}
    network [ 192.168.{me}.0/24 fd00:{me}::/64 {more} ];
    neighbor 10.9.1.{you} {{ remote-as 6500{you}; import all; export all; }}
    neighbor 10.9.2.{you} {{ remote-as 6500{you}; import all; export all; }}
}}
"""
OF_A = """
rib {
    distance { kernel 250; }
    static 172.31.0.0/24 { next-hop 192.168.1.10; }
    static fd31::/64 { next-hop fd00:1::10; }
}
"""
OF_B = """
rib { static 0.0.0.0/0 { blackhole true; distance 250; }
      static ::/0 { blackhole true; distance 250; } }
"""


def conf(name, me, far, you, more=""):
    interfaces = "".join(IF.format(n=n, me=me, far=far, you=you, fast=FAST, inet=inet)
                         for n, inet in ((1, "INET"), (2, "INET6")))
    return CONF.format(name=name, me=me, you=you, interfaces=interfaces, timers=TIMERS, more=more)


def sysctl(router, name, value):
    router.run(["sysctl", "-qw", f"net.{name}={value}"])


class Site:
    """`a` with what is around it; its networks are kept by a manager of the machine, not by us."""

    def __init__(self, topo):
        self.topo, self.net = topo, topo.internet()
        self.a, self.b = topo.router("a", self.net), topo.router("b", self.net)
        self.elsewhere = topo.router("elsewhere")
        self.host = topo.lan(self.a, "192.168.1.0/24", subnet6="fd00:1::/64")
        self.far = topo.lan(self.b, "192.168.2.0/24", subnet6="fd00:2::/64")
        self.w = Wgbgp(topo, self.a, conf("a", 1, "b", 2) + OF_A)
        self.wb = Wgbgp(topo, self.b, conf("b", 2, "a", 1, "0.0.0.0/0 ::/0") + OF_B)
        v6 = ipaddress.ip_interface(f"{self.net.address('a', 6)}/64")
        self.address = {("u0", 4): f"{self.net.address('a')}/30", ("u0", 6): str(v6),
                        ("lan0", 4): "192.168.1.1/24", ("lan0", 6): "fd00:1::1/64"}
        for n in (1, 2):
            self.address[f"wg{n}", 4] = f"10.9.{n}.1/24"
            self.address[f"wg{n}", 6] = f"fd09:{n}::1/64"
            self.address[f"wg{n}", "link"] = f"fe80::{n}:1/64"
        self.gateway = {4: self.net.gateway("a"),
                        6: self.net.address("a", 6).replace("::2", "::1")}
        wait_until(self.settled, 60, "all to be there")
        self.whole = self.state()

    def manage(self, ifname="u0"):
        """The manager of the machine's networks sees to the interface."""
        lines = f"link set {ifname} up\n"
        for family in (4, 6):
            nodad = "nodad" if family == 6 else ""
            lines += f"addr replace {self.address[ifname, family]} dev {ifname} {nodad}\n"
        if ifname == "u0":
            lines += (f"route replace default via {self.gateway[4]} dev u0 metric {DEFAULT[4]}\n"
                      f"route replace ::/0 via {self.gateway[6]} dev u0 metric {DEFAULT[6]}\n")
        self.a.ip(lines)

    # ---- what is there

    def json(self, what):
        return json.loads(self.a.out(["ip", "-N", "-j", *what.split()]) or "[]")

    def objects(self):
        return {o["id"]: o.get("dev") for o in self.json(f"nexthop show proto {PROTOCOL}")}

    def routes(self):
        """Ours, each with its way and whether it names an object that is there."""
        objects, found = self.objects(), []
        for family in (4, 6):
            for r in self.json(f"-{family} route show table all proto {PROTOCOL}"):
                by = r.get("nhid")
                found.append((family, r["dst"], r["table"] if "table" in r else "main",
                              r.get("metric"), r.get("dev"), r.get("gateway"),
                              by and objects[by], tuple(r["flags"])))
        return sorted(found, key=str)

    def pins(self):
        return sorted((p["endpoint"], p["via"], p["interface"], p["state"])
                      for p in self.w.show("pins")["pins"])

    def addresses(self):
        there = {(i["ifname"], f"{a['local']}/{a['prefixlen']}")
                 for i in self.json("addr show") for a in i["addr_info"] if "local" in a}
        return {(i, a) for (i, _), a in self.address.items() if (i, a) in there}

    def books(self):
        """What zebra-lite says that it has installed."""
        return sorted((r["prefix"], r["protocol"]) for r in self.w.show("route")["routes"]
                      if r["installed"])

    def state(self):
        return {"routes": self.routes(), "pins": self.pins(), "addresses": self.addresses(),
                "books": self.books(),
                "allowed": [allowed_ips(self.a, f"wg{n}") for n in (1, 2)]}

    def pinned(self, family):
        return any(state == "installed" and (":" in via) == (family == 6)
                   for _, via, _, state in self.pins())

    def settled(self):
        pins, ways = self.pins(), {r[1]: r[4] for r in self.routes() if r[6]}
        for w in (self.w, self.wb):
            assert w.established()
        assert len(pins) == 2 and all(p[3] == "installed" for p in pins), pins
        assert {"192.168.2.0/24", "fd00:2::/64", "default"} <= set(ways), ways
        assert set(ways.values()) == {"wg1"}, ways  # the better one, also after errors of the start
        assert {r[1] for r in self.routes()} >= {"172.31.0.0/24", "fd31::/64"}
        assert len(self.addresses()) == len(self.address), self.addresses()
        assert all(len(allowed_ips(self.a, f"wg{n}")) == 1 for n in (1, 2))
        return True

    def different(self):
        """What is not as it was."""
        is_now = self.state()
        return {k: (f"missing {[x for x in v if x not in is_now[k]]}",
                    f"more {[x for x in is_now[k] if x not in v]}")
                for k, v in self.whole.items() if v != is_now[k]}

    def right_again(self):
        different = self.different()
        assert not different, different
        return True


# ---- the ways. Each does something to A, and undoes what nobody else does.

def drop_address(ifname):
    def way(t, family):
        t.a.ip(f"addr del {t.address[ifname, family]} dev {ifname}")
        if not ifname.startswith("wg"):  # those are wgd's
            t.manage(ifname)
    return way


def lease_lost(t, family):
    """For so long that it is noticed."""
    t.a.ip(f"addr del {t.address['u0', family]} dev u0")
    # IPv4's went with the address. Without its metric the kernel takes one by a nexthop object.
    t.a.run(f"ip -{family} route del default dev u0 metric {DEFAULT[family]}", check=False)
    wait_until(lambda: not t.pinned(family), what="the pin to be missed")
    t.manage()


def flush_addresses(ifname):
    def way(t, family):
        t.a.ip(f"addr flush dev {ifname} scope global")
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def reload_address(t, family):
    """Another one of the same subnet, and back: the new one is a secondary one at first."""
    one = "10.9.1.1/24" if family == 4 else "fd09:1::1/64"
    other = one.replace(".1/", ".11/").replace("::1/", "::11/")
    t.w.replace(one, other)
    t.w.replace(other, one)


def secondary_address(t, family):
    """With the first one of a subnet go the others."""
    sysctl(t.a, "ipv4.conf.all.promote_secondaries", 0)
    sysctl(t.a, "ipv4.conf.u0.promote_secondaries", 0)
    first = t.address["u0", 4]
    second = first.replace(".2/", ".3/") if ".2/" in first else first.replace(".6/", ".7/")
    t.a.ip(f"addr add {second} dev u0\naddr del {first} dev u0")
    t.manage()


def link_down(ifname):
    def way(t, family):
        t.a.ip(f"link set {ifname} down\nlink set {ifname} up")
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def carrier_lost(t, family):
    t.net.ip("link set i0 down\nlink set i0 up")
    t.manage()


def objects_flushed(t, family):
    t.a.run(f"ip nexthop flush proto {PROTOCOL}")


def object_deleted(t, family):
    number = next(r["nhid"] for r in t.json(f"-{family} route show proto {PROTOCOL}")
                  if "nhid" in r)
    t.a.ip(f"nexthop del id {number}")


def table_flushed(t, family):
    t.a.run(f"ip -{family} route flush table main proto {PROTOCOL}", check=False)


def route_deleted(t, family):
    dst = "172.31.0.0/24" if family == 4 else "fd31::/64"
    t.a.run(f"ip -{family} route del {dst} proto {PROTOCOL}")


def pin_deleted(t, family):
    t.a.run(f"ip -{family} route del {t.net.address('b', family)} proto {PROTOCOL}")


def family_off(ifname):
    def way(t, family):
        sysctl(t.a, f"ipv6.conf.{ifname}.disable_ipv6", 1)
        sysctl(t.a, f"ipv6.conf.{ifname}.disable_ipv6", 0)
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def small_mtu(ifname):
    """Too small for IPv6 only."""
    def way(t, family):
        mtu = t.json(f"link show {ifname}")[0]["mtu"]
        t.a.ip(f"link set {ifname} mtu 1279\nlink set {ifname} mtu {mtu}")
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def in_silence(way):
    """The kernel can be told not to tell of IPv6 routes, either."""
    def silent(t, family):
        sysctl(t.a, "ipv6.route.skip_notify_on_dev_down", 1)
        way(t, family)
    return silent


def other_namespace(ifname):
    def way(t, family):
        t.a.ip(f"link set {ifname} netns {t.elsewhere.pid}")
        t.elsewhere.run(f"ip link set {ifname} netns {t.a.pid}", check=False)
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def made_anew(ifname):
    def way(t, family):
        t.a.ip(f"link del {ifname}")
        if not ifname.startswith("wg"):
            link(t.net, "i0", t.a, "u0", f"{t.gateway[4]}/30 {t.gateway[6]}/64")
            t.manage()
    return way


def in_a_vrf(ifname):
    def way(t, family):
        if t.a.run("ip link add vrf0 type vrf table 99", check=False).returncode != 0:
            pytest.skip("this kernel has no VRF")
        t.a.ip(f"link set vrf0 up\nlink set {ifname} master vrf0\nlink set {ifname} nomaster\n"
               "link del vrf0")
        if not ifname.startswith("wg"):
            t.manage(ifname)
    return way


def renamed(t, family):
    t.a.ip("link set u0 down\nlink set u0 name x0\nlink set x0 up\n"
           "link set x0 down\nlink set x0 name u0")
    t.manage()


def own_link_local(t, family):
    t.a.ip(f"addr del {t.address['wg1', 'link']} dev wg1")


BOTH = (4, 6)
WAYS = {
    "address-tunnel": (BOTH, drop_address("wg1")),
    "address-underlay": (BOTH, drop_address("u0")),
    "address-lan": (BOTH, drop_address("lan0")),
    "lease-lost": (BOTH, lease_lost),
    "addresses-tunnel": ((4,), flush_addresses("wg1")),
    "addresses-underlay": ((4,), flush_addresses("u0")),
    "address-reloaded": (BOTH, reload_address),
    "address-secondary": ((4,), secondary_address),
    "link-local": ((6,), own_link_local),
    "link-tunnel": (BOTH, link_down("wg1")),
    "link-underlay": (BOTH, link_down("u0")),
    "carrier-underlay": ((4,), carrier_lost),
    "renamed-underlay": ((4,), renamed),
    "objects-flushed": ((4,), objects_flushed),
    "object-deleted": (BOTH, object_deleted),
    "table-flushed": (BOTH, table_flushed),
    "route-deleted": (BOTH, route_deleted),
    "pin-deleted": (BOTH, pin_deleted),
    "family-tunnel": ((6,), family_off("wg1")),
    "family-underlay": ((6,), family_off("u0")),
    "family-lan": ((6,), family_off("lan0")),
    "mtu-tunnel": ((6,), small_mtu("wg2")),
    "mtu-underlay": ((6,), small_mtu("u0")),
    "silent-tunnel": ((6,), in_silence(family_off("wg2"))),
    "silent-underlay": ((6,), in_silence(link_down("u0"))),
    "namespace-tunnel": ((4,), other_namespace("wg1")),
    "namespace-underlay": ((4,), other_namespace("u0")),
    "anew-tunnel": ((4,), made_anew("wg1")),
    "anew-underlay": ((4,), made_anew("u0")),
    "vrf-tunnel": ((4,), in_a_vrf("wg1")),
    "vrf-underlay": ((4,), in_a_vrf("u0")),
}


class Shared:
    """The topology that the rows share."""

    def __init__(self):
        self.stack, self.node, self.site = contextlib.ExitStack(), None, None

    def get(self):
        if not self.site:
            self.node = types.SimpleNamespace(failed=False)
            self.site = Site(self.stack.enter_context(built(self.node)))
        return self.site

    def drop(self, failed):
        if self.node:
            self.node.failed = failed
        self.site = None
        self.stack.close()


@pytest.fixture(scope="module")
def shared():
    s = Shared()
    yield s
    s.drop(False)


@pytest.fixture
def site(request, shared):
    request.addfinalizer(lambda: (getattr(request.node, "failed", False) or not shared.site)
                         and shared.drop(True))
    return shared.get()


@pytest.mark.parametrize("name,family", [pytest.param(n, f, id=f"{n}-{f}")
                                         for n, (families, _) in WAYS.items() for f in families])
def test_right_again(site, name, family):
    WAYS[name][1](site, family)
    undone = now()
    wait_until(site.right_again, 40, "all to be as it was", 0.02)
    print(f"{name} IPv{family}: right again after {1000 * (now() - undone):.0f} ms")
    reaches(site.host, site.far.address if family == 4 else site.far.address6)
