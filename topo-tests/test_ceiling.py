# SPDX-License-Identifier: BSD-2-Clause
"""A next hop inside the peer's own prefix does not get round its `permit` list.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                                   (iBGP, AS 65000)
    a permits b 192.168.2.0/24; b also announces what is not its own, by 192.168.2.7.
"""
import os

import pytest

from lib.build import daemon, program
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import allowed_ips
from lib.wgbgp import Wgbgp

STOLEN = ("8.8.8.0/24", "10.100.0.0/16", "160.0.0.0/4")
LIE = """
policy lie {
    term 1 { match { prefix [ 192.168.2.0/24 fd00:2::/64 192.168.2.128/25 ]; } then accept; }
    term 2 { set { next-hop 192.168.2.7; } then accept; }
}
"""
ALONE = """
wireguard {
    interface wg0 {
        private-key-file KEY(wg0); listen-port 51820; address [ 10.255.0.1/16 ];
        peer b { public-key PUB(b.wg0); permit [ fd00:b::/32 ]; }
        peer c { public-key PUB(c.wg0); permit [ fd00:c::/32 ]; }
    }
}
"""


class Liar:
    def __init__(self, topo):
        self.net = topo.internet()
        self.a, self.b = topo.router("a", self.net), topo.router("b", self.net)
        self.host = topo.lan(self.a, "192.168.1.0/24", subnet6="fd00:1::/64")
        topo.lan(self.b, "192.168.2.0/24", subnet6="fd00:2::/64")
        statics = " ".join(f"static {p} {{ blackhole true; }}" for p in STOLEN)
        self.wa = Wgbgp(topo, self.a, self.internal(conf("a", 1, "b", 2)))
        self.wb = Wgbgp(topo, self.b, self.internal(conf("b", 2, "a", 1))
                        .replace("export all", "export lie")
                        .replace("network [ ", f"network [ {' '.join(STOLEN)} ")
                        + LIE + f"rib {{ {statics} }}")

    @staticmethod
    def internal(text):
        return text.replace("as 65001;", "as 65000;").replace("as 65002;", "as 65000;") \
            .replace("remote-as 65001;", "remote-as internal;") \
            .replace("remote-as 65002;", "remote-as internal;")


@pytest.fixture
def liar(topo):
    return Liar(topo)


def test_next_hop_inside_own_prefix(liar):
    """The last word is the peer's that packets are given to."""
    wa = liar.wa
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    for prefix in STOLEN:
        wait_until(lambda p=prefix: wa.reasons(p) == ["outside-permit"], 20,
                   f"refusal of {prefix}")
        assert not wa.kernel_routes(prefix)
        assert wa.allowed("wg0", prefix) is None
    text = wa.cli_run("explain 8.8.8.8").stdout
    assert "not inside the tunnel peer's permit list" in text
    assert "outside-permit" in wa.cli("show bgp 8.8.8.0/24")
    # What the list has room for is taken by such a next hop, too.
    wa.replace("permit [ 192.168.2.0/24", "permit [ 8.8.0.0/16 192.168.2.0/24")
    wa.wait_installed("8.8.8.0/24", "wg0", "b.wg0")
    assert wa.reasons("10.100.0.0/16") == ["outside-permit"]
    wa.replace("permit [ 8.8.0.0/16 192.168.2.0/24", "permit [ 192.168.2.0/24")
    wa.wait_gone("8.8.8.0/24")
    wait_until(lambda: wa.allowed("wg0", "8.8.8.0/24") is None, what="the entry to go")
    # bgpd knows all that by itself: nothing was refused behind it.
    assert "beyond-ceiling" not in wa.log()


def test_zebra_lite_is_not_believed_either(topo):
    """Something else under the name of zebra-lite gives each of two peers all it has."""
    router = topo.router("a")
    programs = os.path.join(router.dir, "programs")
    os.mkdir(programs)
    os.chmod(router.dir, 0o777)
    for name in ("bgpd", "wgd", "bfdd"):
        os.symlink(daemon(f"{name}/{name}"), os.path.join(programs, name))
    os.symlink(program("bench/wgdrive"), os.path.join(programs, "zebra-lite"))
    w = Wgbgp(topo, router, ALONE, start=False)
    w.env = lambda: {**Wgbgp.env(w), "WGBGP_LIBEXECDIR": programs, "WGDRIVE_COUNT": "300",
                     "WGDRIVE_RESULT": os.path.join(router.dir, "result")}
    w.start(wait=False)
    wait_until(lambda: "wgd refused 256 entries" in w.log(), 20, "the refusal of the first batch")
    assert "beyond-ceiling peer=" in w.log() and "reason=outside-permit" in w.log()
    assert w.show("wireguard")["interfaces"][0]["beyond-ceiling"] >= 256
    assert not [p for entries in allowed_ips(router, "wg0").values() for p in entries]
