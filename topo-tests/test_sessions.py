# SPDX-License-Identifier: BSD-2-Clause
"""What one BGP neighbour says or does, and what becomes of the others' sessions.

    a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b: says what it is told to (lib/raw.py)
    ├── c: FRR   across the underlay
    └── d: OpenBGPD
"""
import ipaddress

import pytest

from lib.peers import Frr, Openbgpd
from lib.raw import Raw, update
from lib.snippets import FAST, TIMERS
from lib.wait import holds, wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

A = f"""
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        {FAST}
        peer b {{
            public-key PUB(b.wg0);
            endpoint INET(b):51820;
            tunnel-address [ 10.9.0.2 ];
            permit [ 192.168.2.0/24 ];
        }}
    }}
}}
bgp {{
    as 65001;
    router-id 10.9.0.1;
    {TIMERS}
    NEIGHBORS
}}
"""

FRR = """
router bgp {asn}
 bgp router-id 10.9.0.3
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor {a} remote-as 65001
 neighbor {a} timers connect 1
 {multihop}
"""

OPENBGPD = """
AS {asn}
router-id 10.9.0.4
listen on {local}
neighbor {a} {{
    remote-as 65001
    {multihop}
    announce IPv4 unicast
}}
allow from any
allow to any
"""

LAN = "192.168.2.0/24"
HOP = b"\x0a\x09\0\x02"
SAY = {
    "external": (65002, [(0x60, 1, b"\0"), (0x40, 2, b"\x02\x01\0\0\xfd\xea"), (0x40, 3, HOP),
                         (0x60, 6, b""), (0xe0, 8, b"\xfd\xea\0\x07")]),
    "internal": (65001, [(0x60, 1, b"\0"), (0x60, 2, b""), (0x40, 3, HOP),
                         (0x60, 5, b"\0\0\0\x64"), (0x60, 6, b""), (0xa0, 9, HOP),
                         (0xa0, 10, HOP)]),
}


def start(topo, neighbors, *others):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    rest = [topo.router(name, net) for name in others]
    PlainWg(b, "wg0", addresses="10.9.0.2/24", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address('a')}:51820", "allowed_ips": "10.9.0.0/24"}])
    for name in others:
        neighbors = neighbors.replace(f"ADDRESS({name})", net.address(name))
    return (net, Wgbgp(topo, a, A.replace("NEIGHBORS", neighbors)), b, *rest)


def details(w, address):
    return w.show(f"bgp neighbors {address}")["neighbors"][0]


@pytest.mark.parametrize("kind", ["external", "internal"])
def test_odd_flags(topo, kind):
    """Partial on attributes for which it says nothing: FRR and OpenBGPD behind us never see it."""
    asn, attributes = SAY[kind]
    options = "remote-as internal; route-reflector-client true;" if kind == "internal" else \
        "remote-as external; multihop 3; import all; export all;"
    net, wa, b, c, d = start(topo, "".join(
        f"neighbor {n} {{ {options} }}\n" for n in ("10.9.0.2", "ADDRESS(c)", "ADDRESS(d)")),
        "c", "d")
    far = {"a": net.address("a"), "asn": 65001 if kind == "internal" else 65003}
    hops = ("", "") if kind == "internal" else (f"neighbor {far['a']} ebgp-multihop 3",
                                                "multihop 3")
    frr = Frr(topo, c, FRR.format(multihop=hops[0], **far))
    openbgpd = Openbgpd(topo, d, OPENBGPD.format(local=net.address("d"), multihop=hops[1], **far))
    for name in ("c", "d"):
        wa.wait_established(net.address(name), timeout=60)
    Raw(topo, b, "10.9.0.2", "10.9.0.1", asn, update(attributes, LAN))
    wa.wait_installed(LAN, "wg0", "b.wg0")
    wait_until(lambda: frr.has(LAN), what="the route at FRR")
    wait_until(lambda: openbgpd.has(LAN), what="the route at OpenBGPD")
    for name in ("c", "d"):
        assert details(wa, net.address(name))["counters"]["dropped"] == 0


@pytest.mark.parametrize("who", ["neighbor 10.9.0.2", "neighbor-group g"])
def test_max_prefix_keeps_out(topo, who):
    """A neighbour with too many prefixes stays out, however often it connects: one with a name, one
    from a range. A higher limit in the file lets it in."""
    conf = who + " { remote-as 65002; import all; export all; max-prefix 2;" + \
        (" listen-range [ 10.9.0.0/24 ]; }" if "group" in who else " passive true; }")
    _, wa, b = start(topo, conf)
    attributes = SAY["external"][1]
    raw = Raw(topo, b, "10.9.0.2", "10.9.0.1", 65002,
              update(attributes, LAN, "192.168.2.0/26", "192.168.2.64/26"), REPEAT=1)
    wait_until(lambda: raw.ends.count((6, 5)) >= 20, 60, "twenty connections to be refused")
    assert raw.ends.count((6, 1)) == 1 and set(raw.ends) == {(6, 1), (6, 5)}
    neighbor = details(wa, "10.9.0.2")
    assert neighbor["counters"]["established"] == 1 and neighbor["refused-for-seconds"] > 0
    assert wa.log().count("session-refused") == 1
    wa.replace("max-prefix 2", "max-prefix 3")
    wa.wait_established("10.9.0.2")
    wa.wait_installed("192.168.2.64/26", "wg0", "b.wg0")
    holds(lambda: wa.neighbor("10.9.0.2")["state"] == "established", 1, "the session stays")


def test_deaf(topo):
    """A neighbour that speaks and takes nothing loses its session after the send hold time, and only
    it: what hears and what it was to hear stay."""
    net, wa, b, c = start(topo, """
        neighbor 10.9.0.2 { remote-as 65002; import all; export all; passive true; send-hold-time 5; }
        neighbor ADDRESS(c) { remote-as 65003; import all; export all; passive true; multihop 3; }
        }
        rib { resolve-via-default on;""", "c")
    asn, attributes = SAY["external"]
    path = [(0x40, 1, b"\0"), (0x40, 2, b"\x02\x01\0\0\xfd\xeb"),
            (0x40, 3, ipaddress.ip_address(net.address("c")).packed)]
    many = [update([*path, (0x80, 4, bytes((0, 0, i, 0)))],
                   *(f"20.{i}.{j}.0/24" for j in range(256))) for i in range(200)]
    deaf = Raw(topo, b, "10.9.0.2", "10.9.0.1", asn, DEAF=1)
    wa.wait_established("10.9.0.2")
    Raw(topo, c, net.address("c"), net.address("a"), 65003, *many)
    wait_until(lambda: "Send Hold Timer Expired" in wa.neighbor("10.9.0.2")["last-error"], 60,
               "the session with the deaf one to end")
    assert "session-down neighbor=10.9.0.2 why=\"sent Send Hold Timer Expired: " \
        "nothing could be sent for 5 s\"" in wa.log()
    wait_until(lambda: deaf.ends == [None], what="its connection to be reset")
    Raw(topo, b, "10.9.0.2", "10.9.0.1", asn, update(attributes, LAN))
    wa.wait_installed(LAN, "wg0", "b.wg0")
    wait_until(lambda: wa.neighbor("10.9.0.2")["sent-prefixes"] == 200 * 256,
               what="one that listens to hear it all")
    assert details(wa, net.address("c"))["counters"]["dropped"] == 0
