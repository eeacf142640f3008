# SPDX-License-Identifier: BSD-2-Clause
"""Where a peer is reached: by name, by one of several endpoints, by where it turns up.

    site ── u0 ── Internet (DNS server) ── hub u0 198.51.100.2, and more addresses of the hub"""
import os

import pytest

from lib.build import program
from lib.dns import Dns
from lib.snippets import ECHO, FAST, TIMERS
from lib.wait import holds, wait_until
from lib.wgbgp import Wgbgp

HUB = """
system {{ hostname hub; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        {fast}
        peer site {{
            public-key PUB(site.wg0);
            tunnel-address 10.9.0.2;
            permit [ 192.168.1.0/24 ];
        }}
    }}
}}
"""

SITE = """
system {{ hostname site; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.2/24 ];
        {fast}
        peer hub {{
            public-key PUB(hub.wg0);
            endpoint {endpoint};
            endpoint-timeout {timeout};
            {more}
            tunnel-address 10.9.0.1;
            persistent-keepalive 1;
            permit [ 192.168.0.0/16 ];
        }}
    }}
}}
"""


class Net:
    def __init__(self, topo, endpoint, timeout=6000, more=""):
        self.topo, self.net = topo, topo.internet()
        self.hub, self.site = topo.router("hub", self.net), topo.router("site", self.net)
        self.address = self.net.address("hub")
        self.dns = Dns(self.net, self.net.gateway("site"))
        self.dns.client(self.site)
        self.whub = Wgbgp(topo, self.hub, HUB.format(fast=FAST, timers=TIMERS))
        self.endpoint, self.timeout, self.more, self.fast = endpoint, timeout, more, FAST

    def start(self):
        self.w = Wgbgp(self.topo, self.site, SITE.format(
            fast=self.fast, endpoint=self.endpoint, timeout=self.timeout, more=self.more))

    def second_link(self, ifname="u1"):
        """Another provider of the hub; returns its address there. WireGuard in the kernel asks the
        routes for the way back, so what is from that address must leave there."""
        address = self.net.attach(self.hub, ifname, default=False)
        way = f"default via {self.net.gateway(f'hub.{ifname}')} dev {ifname}"
        self.hub.ip(f"route add {way} metric 3000\nroute add {way} table 78\n"
                    f"rule add from {address} lookup 78")
        return address

    def peer(self, w=None):
        return (w or self.w).show("wireguard")["interfaces"][0]["peers"][0]

    def target(self, i):
        return self.peer()["configured-endpoints"][i]

    def wait_at(self, address, timeout=60):
        """The tunnel is up, and by this address."""
        wait_until(lambda: self.w.tunnel_state("hub") == "up"
                   and self.peer()["endpoint"] == f"{address}:51820", timeout,
                   f"the tunnel by {address}")


def test_name_moves(topo):
    """The far end gets another address and its name follows: so do we, when the tunnel is down and
    the answer has run out."""
    d = Net(topo, "hub.example.net:51820")
    d.dns.set("hub.example.net", A=[d.address])
    d.start()
    d.wait_at(d.address)
    assert d.target(0)["addresses"] == [d.address] and d.target(0)["current"]
    # The name alone changes nothing while the tunnel works.
    d.net.ip("addr add 198.51.200.1/30 dev i0")
    d.dns.set("hub.example.net", A=["198.51.200.2"])
    wait_until(lambda: d.target(0)["addresses"] == ["198.51.200.2"], 40, "the new answer")
    assert d.peer()["endpoint"] == f"{d.address}:51820" and d.w.tunnel_state("hub") == "up"
    # The hub moves, and cannot speak first: it does not know the site any more.
    d.whub.stop()
    d.hub.run("ip link del wg0")
    d.hub.ip(f"addr flush dev u0\naddr add 198.51.200.2/30 dev u0\n"
             "route add default via 198.51.200.1 dev u0")
    os.unlink(os.path.join(d.whub.statedir, "endpoints"))
    d.whub.start()
    d.wait_at("198.51.200.2")
    assert "endpoint-changed" not in d.w.log()


def test_name_comes_late(topo):
    """No answer at the start, and no name server for a while: asked again until there is one."""
    d = Net(topo, "hub.example.net:51820")
    d.dns.process.stop()
    d.start()
    wait_until(lambda: d.target(0)["error"], 60, "an error to be shown")
    assert "endpoint-unresolved" in d.w.log()
    d.dns = Dns(d.net, d.dns.address)
    wait_until(d.dns.asked, 60, "a question")
    d.dns.set("hub.example.net", A=[d.address])
    d.wait_at(d.address, 90)


def test_hosts_file_and_two_families(topo):
    """/etc/hosts is looked into first; of two addresses the one that answers is found."""
    if not os.path.exists("/etc/hosts"):
        pytest.skip("no /etc/hosts that another one could be mounted over")
    d = Net(topo, "vpn:51820")
    path = os.path.join(d.site.dir, "hosts")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"203.0.113.77 vpn\n{d.address} vpn\n")
    d.site.run(["mount", "--bind", path, "/etc/hosts"])
    d.start()
    d.wait_at(d.address)
    assert d.dns.asked() == 0
    assert d.peer()["endpoint-changes"] == 0


def test_first_is_dead(topo):
    """Of two endpoints the first one does not answer; then the second one dies and the first one
    lives: always the one that works, and a new daemon stays with it."""
    d = Net(topo, "[ INET(hub):51820 UNKNOWN:51820 ]")
    other = d.second_link()
    d.endpoint = d.endpoint.replace("UNKNOWN", other)
    d.net.cut("hub.u0", "site")
    d.start()
    d.wait_at(other)
    assert d.target(0)["failures"] >= 1
    assert d.target(1)["current"] and d.target(1)["failures"] == 0
    assert "endpoint-next" in d.w.log()
    d.w.restart()
    d.w.kill_daemon("wgd")
    d.wait_at(other)
    holds(lambda: d.peer()["endpoint"] == f"{other}:51820", 1)
    d.net.cut("hub.u1", "site")
    d.net.restore("hub.u0", "site")
    d.wait_at(d.net.address("hub.u0"), 90)


def test_echo_knows(topo):
    """Echo finds the endpoint that works dead: the other one is tried at once, not after its time."""
    d = Net(topo, "[ INET(hub):51820 UNKNOWN:51820 ]", timeout=600000)
    other = d.second_link()
    d.endpoint = d.endpoint.replace("UNKNOWN", other)
    d.fast = ECHO
    d.start()
    d.wait_at(d.address)
    wait_until(lambda: d.w.tunnel("hub")["echo-received"] > 5, what="answers to echo")
    d.net.cut("hub.u0", "site")
    d.wait_at(other)


def test_endpoint_inside_the_tunnel(topo):
    """Packets of the tunnel that came through the tunnel (a default route, no mark) would turn the
    endpoint into the peer's own tunnel address, and the tunnel into a loop."""
    d = Net(topo, "INET(hub):51820")
    d.start()
    d.wait_at(d.address)
    where = f"{d.net.address('site')}:"
    wait_until(lambda: (d.peer(d.whub)["endpoint"] or "").startswith(where), what="the site at the hub")
    there = d.peer(d.whub)["endpoint"]
    d.net.cut("hub.u0", "site")  # it must not be the site that puts it right
    d.hub.run(["wg", "set", "wg0", "peer", d.peer(d.whub)["public-key"],
               "endpoint", "10.9.0.2:" + there.rsplit(":", 1)[1]])
    wait_until(lambda: "endpoint-inside" in d.whub.log(), what="the hub to see it")
    wait_until(lambda: there in d.hub.out(["wg", "show", "wg0", "endpoints"]), what="the old one")
    d.net.restore("hub.u0", "site")
    wait_until(lambda: d.whub.tunnel_state("site") == "up", 60, "the tunnel again")
    assert d.peer(d.whub)["endpoint-changes"] == 0


def test_return_to_the_first(topo):
    """endpoint-return: the first one is tried again; in vain, and then with success."""
    d = Net(topo, "[ INET(hub):51820 UNKNOWN:51820 ]", timeout=5000, more="endpoint-return 3;")
    other, first = d.second_link(), d.net.address("hub.u0")
    d.endpoint = d.endpoint.replace("UNKNOWN", other)
    d.net.cut("hub.u0", "site")
    d.start()
    d.wait_at(other)
    wait_until(lambda: f"={other}:51820" in "".join(d.w.log().split("endpoint-return")[1:]), 60,
               "an attempt in vain")
    d.wait_at(other)
    d.net.restore("hub.u0", "site")
    wait_until(lambda: d.target(0)["current"], 60, "the first one to work")  # not only tried
    d.wait_at(first)
    holds(lambda: d.peer()["endpoint"] == f"{first}:51820", 6)


def test_one_more_endpoint(topo):
    """A second endpoint is added to a tunnel that works: nothing is disturbed."""
    d = Net(topo, "INET(hub):51820")
    other = d.second_link()
    d.start()
    d.wait_at(d.address)
    changes = d.w.tunnel("hub")["changes"]
    d.w.replace(f"endpoint {d.address}:51820;",
                f"endpoint [ {other}:51820 {d.address}:51820 ];")
    wait_until(lambda: len(d.peer()["configured-endpoints"]) == 2, what="the list")
    holds(lambda: d.peer()["endpoint"] == f"{d.address}:51820", 1)
    assert d.target(1)["current"]
    assert d.w.tunnel("hub")["changes"] == changes


def test_roaming(topo):
    """The site's address changes: an event at the hub, in the log, to `monitor`, and counted."""
    d = Net(topo, "INET(hub):51820")
    d.start()
    d.wait_at(d.address)
    old = d.net.address("site")
    wait_until(lambda: d.peer(d.whub)["endpoint"] == f"{old}:51820", what="the site at the hub")
    assert d.peer(d.whub)["endpoint-changes"] == 0
    monitor = d.hub.spawn("monitor", [program("cli/wgbgp-cli"), "-r", d.whub.rundir, "-c",
                                      "monitor"], env=d.whub.env())
    d.net.ip("addr add 198.51.200.1/30 dev i1")
    wait_until(monitor.alive, what="the monitor")
    d.site.ip(f"addr flush dev u0\naddr add 198.51.200.2/30 dev u0\n"
              "route add default via 198.51.200.1 dev u0")
    wait_until(lambda: d.peer(d.whub)["endpoint"] == "198.51.200.2:51820", 40, "the new place")
    assert d.peer(d.whub)["endpoint-changes"] == 1
    assert (f"endpoint-changed peer=site interface=wg0 from={old}:51820 to=198.51.200.2:51820 "
            "configured=no") in d.whub.log()
    line = wait_until(lambda: [line for line in monitor.text().splitlines()
                               if "endpoint-changed" in line], what="the event")[0]
    assert f"{old}:51820" in line and "198.51.200.2:51820" in line
    monitor.kill()


@pytest.mark.parametrize("text, says", [
    ("[ 192.0.2.1:1 192.0.2.1:1 ]", "is there twice"), ("192.0.2.1", "expected HOST:PORT")])
def test_refused(topo, text, says):
    router = topo.router("r")
    status, out = Wgbgp(topo, router, SITE.format(fast="", endpoint=text, timeout=5000, more="")
                        .replace("PUB(hub.wg0)", "PUB(r.wg9)"), start=False).check()
    assert status != 0 and says in out
