# SPDX-License-Identifier: BSD-2-Clause
"""Whatever is done to wg1, right or wrong, in the file or by hand: wg0 beside it loses nothing.

    host ─ 192.168.1.0/24 ─┐   ╔═ wg0 10.9.0.1 ══ 10.9.0.2 wg0 ═╗   ┌─ 192.168.2.0/24 ─ host
                            a ─╣                                ╠─ b
           172.16.1.0/24 ──┘   ╚═ wg1 10.8.0.1 ══ 10.8.0.2 wg1 ═╝   └─ 172.16.2.0/24
                 wgbgp, AS 65001                      wg by hand + BIRD or FRR, AS 65002
"""
import pytest

from lib.peers import Bird, Frr
from lib.probe import Ping, reaches
from lib.snippets import FAST, TIMERS
from lib.wait import wait_until
from lib.wg import PlainWg, allowed_ips, peer_set
from lib.wgbgp import CliError, Wgbgp

CONF = """
wireguard {
    interface wg0 {
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        %(fast)s
        peer office {
            public-key PUB(b.wg0);
            endpoint INET(b):51820;
            tunnel-address [ 10.9.0.2 ];
            permit [ 192.168.0.0/16 ];
        }
    }
    interface wg1 {
        private-key-file KEY(wg1);
        listen-port 51821;
        address [ 10.8.0.1/24 ];
        %(fast)s
        peer plant {
            public-key PUB(b.wg1);
            endpoint INET(b):51821;
            tunnel-address [ 10.8.0.2 ];
            permit [ 172.16.0.0/12 ];
        }
    }
}
policy office { term 1 { match { prefix [ 192.168.0.0/16+ ]; } then accept; } }
policy plant { term 1 { match { prefix [ 172.16.0.0/12+ ]; } then accept; } }
bgp {
    as 65001; router-id 10.9.0.1;
    %(timers)s
    network [ 192.168.1.0/24 172.16.1.0/24 ];
    neighbor 10.9.0.2 { remote-as 65002; import office; export office; }
    neighbor 10.8.0.2 { remote-as 65002; import plant; export plant; }
}
""" % {"fast": FAST, "timers": TIMERS}
WG1 = CONF[CONF.index("    interface wg1"):CONF.index("}\npolicy office")]
NEIGHBOR1 = "    neighbor 10.8.0.2 { remote-as 65002; import plant; export plant; }\n"

BIRD = """
router id 10.9.0.2;
protocol device { scan time 1; }
protocol static { ipv4; route 192.168.2.0/24 via "lan0"; route 172.16.2.0/24 unreachable; }
protocol kernel { ipv4 { export where source = RTS_BGP; }; }
template bgp far { local as 65002; connect delay time 1; error wait time 1, 2; graceful restart yes; }
protocol bgp office from far {
    neighbor 10.9.0.1 as 65001;
    ipv4 { next hop self; import all; export where net ~ 192.168.0.0/16; };
}
protocol bgp plant from far {
    neighbor 10.8.0.1 as 65001;
    ipv4 { next hop self; import all; export where net ~ 172.16.0.0/12; };
}
"""
FRR = """
ip prefix-list office permit 192.168.0.0/16 le 32
ip prefix-list plant permit 172.16.0.0/12 le 32
router bgp 65002
 bgp router-id 10.9.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.9.0.1 remote-as 65001
 neighbor 10.9.0.1 timers 10 30
 neighbor 10.9.0.1 timers connect 1
 neighbor 10.8.0.1 remote-as 65001
 neighbor 10.8.0.1 timers 10 30
 neighbor 10.8.0.1 timers connect 1
 address-family ipv4 unicast
  network 192.168.2.0/24
  network 172.16.2.0/24
  neighbor 10.9.0.1 prefix-list office out
  neighbor 10.8.0.1 prefix-list plant out
 exit-address-family
"""


class Pair:
    def __init__(self, topo, far):
        net = topo.internet()
        self.a, self.b = a, b = topo.router("a", net), topo.router("b", net)
        self.host_a = topo.lan(a, "192.168.1.0/24")
        self.host_b = topo.lan(b, "192.168.2.0/24")
        a.ip("addr add 172.16.1.1/24 dev lan0\naddr add 172.16.66.1/24 dev lan0")
        for n, inner in ((0, "10.9.0"), (1, "10.8.0")):
            PlainWg(b, f"wg{n}", port=51820 + n, addresses=f"{inner}.2/24", peers=[{
                "key": f"a.wg{n}", "endpoint": f"{net.address('a')}:{51820 + n}",
                "allowed_ips": "0.0.0.0/0"}])
        self.w = Wgbgp(topo, a, CONF)
        self.far = Bird(topo, b, BIRD) if far == "bird" else Frr(topo, b, FRR)
        self.wait()

    def change(self, old, new):
        assert old in CONF
        self.w.reload(CONF.replace(old, new, 1))

    def refused(self, old, new):
        """The change is refused and nothing happens."""
        with pytest.raises(CliError):
            self.change(old, new)
        assert self.there()

    def path(self):
        return self.w.reasons("172.16.2.0/24")

    def there(self):
        return self.w.installed("172.16.2.0/24", "wg1", "b.wg1")

    def reason(self, *reasons):
        wait_until(lambda: self.path() == list(reasons), what=f"{reasons or 'no path'}")
        assert not self.w.kernel_routes("172.16.2.0/24")

    def wait(self):
        self.w.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        self.w.wait_installed("172.16.2.0/24", "wg1", "b.wg1", timeout=60)
        reaches(self.host_a, self.host_b.address)


def permit_typo(p):
    p.change("permit [ 172.16.0.0/12 ]", "permit [ 172.61.0.0/16 ]")
    p.reason("outside-permit")


def permit_removed(p):
    p.change("permit [ 172.16.0.0/12 ];", "")
    p.reason("no-permit")


def permit_of_the_other(p):
    p.change("permit [ 172.16.0.0/12 ]", "permit [ 172.16.0.0/12 192.168.0.0/16 0.0.0.0/0 ]")


def syntax_error(p):
    p.refused("tunnel-address [ 10.8.0.2 ];", "tunnel-address [ 10.8.0.2 ;")


def tunnel_address(p):
    p.change("tunnel-address [ 10.8.0.2 ]", "tunnel-address [ 10.8.0.22 ]")
    p.reason()


def tunnel_address_of_the_other(p):
    p.refused("tunnel-address [ 10.8.0.2 ]", "tunnel-address [ 10.9.0.2 ]")


def port(p):
    p.change("listen-port 51821", "listen-port 51831")
    wait_until(lambda: p.w.show("wireguard wg1")["interfaces"][0]["listen-port"] == 51831,
               what="the port")


def port_of_the_other(p):
    p.refused("listen-port 51821", "listen-port 51820")


def address(p):
    p.change("address [ 10.8.0.1/24 ]", "address [ 10.8.0.77/24 ]")
    wait_until(lambda: "10.8.0.77" in p.a.out("ip -4 addr show wg1"), what="the address")


def address_in_the_subnet_of_the_other(p):
    p.change("address [ 10.8.0.1/24 ]", "address [ 10.8.0.1/24 10.9.0.99/24 ]")
    wait_until(lambda: "10.9.0.99" in p.a.out("ip -4 addr show wg1"), what="the address")


def subnet_added(p):
    p.w.reload(CONF.replace("172.16.0.0/12 ]", "172.16.0.0/12 10.77.0.0/16 ]")
               .replace("172.16.1.0/24 ]", "172.16.1.0/24 172.16.66.0/24 ]"))
    wait_until(lambda: p.far.has("172.16.66.0/24"), what="the new network at the far end")
    assert p.there()


def allowed_ips_by_hand(p):
    peer_set(p.a, "wg1", "b.wg1", "allowed-ips", "192.168.2.0/24,192.168.0.0/16")
    wait_until(lambda: p.w.allowed("wg1", "192.168.2.0/24") is None and p.there(),
               what="it to be put right")


def allowed_ips_by_hand_over_there(p):
    peer_set(p.b, "wg1", "a.wg1", "allowed-ips", "192.168.1.0/24")
    p.w.wait_tunnel("plant", "down")
    peer_set(p.b, "wg1", "a.wg1", "allowed-ips", "0.0.0.0/0")


def peer_removed_by_hand(p):
    peer_set(p.a, "wg1", "b.wg1", "remove")
    wait_until(lambda: p.there() and p.w.tunnel_state("plant") == "up", what="it to be put right")


def interface_removed(p):
    p.w.reload(CONF.replace(WG1, "").replace(NEIGHBOR1, ""))
    wait_until(lambda: "wg1" not in p.a.out("ip -br link"), what="wg1 to be gone")


def interface_removed_and_its_neighbor_left(p):
    p.w.reload(CONF.replace(WG1, ""))
    wait_until(lambda: "wg1" not in p.a.out("ip -br link"), what="wg1 to be gone")


def interface_deleted_by_hand(p):
    p.a.ip("link del wg1")
    wait_until(lambda: "wg1" in p.a.out("ip -br link"), what="wg1 to be back")


def wrong_entry(p):
    p.change("permit [ 172.16.0.0/12 ];",
             "permit [ 172.16.0.0/12 ]; allowed-ips [ 192.168.2.0/24 192.168.0.0/16 10.9.0.2/32 ];")
    wait_until(lambda: p.w.allowed("wg1", "192.168.2.0/24") == "b.wg1", what="the entry")
    assert "192.168.0.0/16" in p.w.cli("reload")  # a warning


def wrong_key(p):
    p.change("PUB(b.wg1)", "PUB(b.wg2)")
    p.reason()


def key_of_the_other(p):
    p.change("PUB(b.wg1)", "PUB(b.wg0)")
    p.reason()


def policy(p):
    p.change("import plant", "import none")
    p.reason("import-policy")


def policy_of_the_other(p):
    p.change("import plant", "import office")
    p.reason("import-policy")


CHANGES = (permit_typo, permit_removed, permit_of_the_other, syntax_error, tunnel_address,
           tunnel_address_of_the_other, port, port_of_the_other, address,
           address_in_the_subnet_of_the_other, subnet_added, allowed_ips_by_hand,
           allowed_ips_by_hand_over_there, peer_removed_by_hand, interface_removed,
           interface_removed_and_its_neighbor_left, interface_deleted_by_hand, wrong_entry,
           wrong_key, key_of_the_other, policy, policy_of_the_other)

# The kernel drops the routes of wg1 with its last address, and tells nobody.
ADDRESS_GOES = (address,)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("far", ("bird", "frr"))
def test_other_interface(topo, far):
    p = Pair(topo, far)
    lost = {}
    for change in CHANGES:
        with Ping(p.host_a, p.host_b.address, interval_ms=5) as ping:
            change(p)
            ping.flows(50)
            p.w.reload(CONF)
            if change in ADDRESS_GOES:
                p.w.cli("clear bgp 10.8.0.2")
            p.wait()
            ping.flows(50)
        print(f"{change.__name__}: {ping.result}")
        if ping.lost:
            lost[change.__name__] = ping.lost
    assert not lost
    assert allowed_ips(p.a, "wg0") and p.w.installed("192.168.2.0/24", "wg0", "b.wg0")
