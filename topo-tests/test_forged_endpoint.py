# SPDX-License-Identifier: BSD-2-Clause
"""Where a peer is, is partly in other hands: who answers the DNS, or sends a genuine packet again
from another address, says it. No packet of a LAN leaves in the clear for it (I10).

    host ─ 192.168.2.0/24 ─ site u0 ── Internet (DNS; counts 192.168.0.0/16) ── u0 hub ─ 192.168.1.0/24 ─ host
           fd00:2::/64       permit 192.168.0.0/16  (and fd00::/8)                      fd00:1::/64
                             fd00::/16                              the one who forges: "it is at 192.168.1.10",
                                                                    or fd00:1::10, all of it by IPv6
"""
import pytest

from lib.clear import count, leaked, never
from lib.dns import Dns
from lib.probe import Ping
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

PRIVATE = {4: "192.168.1.10", 6: "fd00:1::10"}  # the host behind the hub
LANS = {4: "192.168.{n}.0/24", 6: "fd00:{n}::/64"}
RECORD = {4: "A", 6: "AAAA"}
FAMILIES = pytest.mark.parametrize("family", [4, 6])

CONF = """
system {{ hostname {name}; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.{n}/24 fd09::{n}/64 ];
        {fast}
        peer {peer} {{
            public-key PUB({peer}.wg0);
            {endpoint}
            endpoint-timeout 2000;
            tunnel-address [ 10.9.0.{m} fd09::{m} ];
            persistent-keepalive 1;
            permit [ 192.168.0.0/16 fd00::/16 {permit} ];
        }}
    }}
}}
bgp {{
    as 6500{n};
    router-id 10.9.0.{n};
    {timers}
    network [ 192.168.{n}.0/24 fd00:{n}::/64 ];
    neighbor 10.9.0.{m} {{ remote-as 6500{m}; import all; export all; }}
}}
"""


FORGE = """table inet forge {{
    chain on_the_way {{
        type filter hook forward priority 3;
        {ip} saddr {hub} {ip} daddr {site} udp sport 51820 {ip} saddr set {private}
    }}
}}"""


class Net:
    """ENDPOINT of the hub, as the site has it, by FAMILY, which is that of the hosts' packets, too;
    PERMIT: more of it."""

    def __init__(self, topo, endpoint, permit="", more="", family=4):
        self.family, self.private = family, PRIVATE[family]
        self.net = topo.internet()
        self.hub, self.site = topo.router("hub", self.net), topo.router("site", self.net)
        self.address = self.net.address("hub", family)
        count(self.net)
        self.dns = Dns(self.net, self.net.gateway("site"))
        self.dns.client(self.site)
        self.resolve(self.address)
        hosts = [topo.lan(r, f"192.168.{n}.0/24", subnet6=f"fd00:{n}::/64") for n, r in ((1, self.hub), (2, self.site))]
        self.whub = Wgbgp(topo, self.hub, CONF.format(
            name="hub", peer="site", n=1, m=2, endpoint="", permit="", fast=FAST, timers=TIMERS))
        self.w = Wgbgp(topo, self.site, CONF.format(
            name="site", peer="hub", n=2, m=1, endpoint=f"endpoint {endpoint}; {more}",
            permit=permit, fast=FAST, timers=TIMERS) + "rib { keep-in permit; }\n")
        self.hosts = hosts

    def resolve(self, address, ttl=5):
        self.dns.set("hub.example.net", ttl=ttl, **{RECORD[self.family]: [address]})

    def begin(self):
        self.wait()
        self.ping = Ping(self.hosts[1], self.private, interval_ms=20)

    def wait(self):
        lan = LANS[self.family]
        self.w.wait_installed(lan.format(n=1), "wg0", "hub.wg0", timeout=60)
        self.whub.wait_installed(lan.format(n=2), "wg0", "site.wg0", timeout=60)

    def forge(self):
        self.net.nft(FORGE.format(hub=self.address, site=self.net.address("site", self.family),
                                  private=self.private, ip="ip" if self.family == 4 else "ip6"))

    def pin(self, address):
        return {p["endpoint"]: (p["state"], p["reason"])
                for p in self.w.show("pins")["pins"]}.get(address)

    def wait_refused(self):
        wait_until(lambda: leaked(self.net) or "endpoint-inside" in self.w.log(), 40,
                   "it to be refused")

    def quiet(self, seconds=2):
        before = self.ping.now()["sent"]
        never(self.net, seconds)
        assert self.ping.now()["sent"] > before
        assert self.w.leaves_by(self.private) in ("wg0", None)

    def flows(self):
        self.wait()
        self.ping.flows()
        assert leaked(self.net) == 0


def number(family):
    return "INET(hub):51820" if family == 4 else "INET6(hub):51820"


@FAMILIES
def test_roamed(topo, family):
    """Each packet of the hub comes from the private host's address, as somebody on the way sends it
    again. WireGuard is not sent back from there at each of them."""
    d = Net(topo, number(family), family=family)
    d.begin()
    d.forge()
    d.wait_refused()
    d.quiet(8)
    back = d.w.show("wireguard")["interfaces"][0]["peers"][0]["endpoint-set-back"]
    assert 1 <= back < 10, back
    d.net.nft("delete table inet forge")
    d.flows()


@FAMILIES
def test_name(topo, family):
    """The answer of the DNS is the private host's address, when the tunnel is down."""
    d = Net(topo, "hub.example.net:51820", family=family)
    d.begin()
    d.resolve(d.private, 1)
    d.net.cut("hub", "site")
    d.wait_refused()
    d.quiet(4)
    d.resolve(d.address, 1)
    d.net.restore("hub", "site")
    d.flows()


@pytest.mark.parametrize("endpoint, more", [
    ("INET(hub):51820", ""), ("hub.example.net:51820", "endpoint-inside-permit true;")])
def test_far_end_inside(topo, endpoint, more):
    """The hub's own address is inside a `permit`, and the operator says so: by a number, or by
    another word for what a name leads to."""
    d = Net(topo, endpoint, "198.51.0.0/16", more)
    d.begin()
    wait_until(lambda: d.pin(d.address) == ("installed", None), 10, "the pin")
    d.flows()


def test_nobody_says_so(topo):
    """The same with a name alone is refused, loudly; a word of the operator ends it."""
    d = Net(topo, "hub.example.net:51820", "198.51.0.0/16")
    d.wait_refused()
    assert d.w.leaves_by(d.address) is None
    assert "endpoint-inside-permit" in d.w.cli_run("doctor").stdout
    d.w.replace("endpoint-timeout 2000;", "endpoint-timeout 2000; endpoint-inside-permit true;")
    d.begin()
    d.flows()


def test_plan(topo):
    """A change that makes a hub found by its name disbelieved: the plan names the tunnel."""
    d = Net(topo, "hub.example.net:51820")
    d.begin()
    with open(d.w.conf_file, encoding="ascii") as f:
        text = f.read()
    wider = text.replace("permit [ 192.168.0.0/16", "permit [ 198.51.0.0/16 192.168.0.0/16")
    assert wider != text
    d.w.write(wider)
    plan = d.w.cli_run("plan").stdout
    assert f"peer hub of wg0 is at {d.address} now" in plan, plan
    d.w.write(wider.replace("endpoint-timeout", "endpoint-inside-permit true; endpoint-timeout"))
    plan = d.w.cli_run("plan").stdout
    assert "permit" in plan and "is at" not in plan, plan
