# SPDX-License-Identifier: BSD-2-Clause
"""What protects a session, with BIRD, FRR and OpenBGPD at the far end, over IPv4 and IPv6.

    a ══ wg0 10.9.0.1 fd09::1 ─── 10.9.0.2 fd09::2 wg0 ══ b
    wgbgp, AS 65001               wg + one of them, AS 65002

A session to each of b's addresses, with a password (TCP MD5) and TTL security: to neighbours with a
name, and to those of a listen range."""
import os

import pytest

from lib.peers import Bird, Frr, Openbgpd
from lib.snippets import FAST
from lib.wait import holds, wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

A = f"""
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 fd09::1/64 ];
        {FAST}
        peer b {{
            public-key PUB(b.wg0);
            endpoint INET(b):51820;
            tunnel-address [ 10.9.0.2 fd09::2 ];
            permit [ 192.168.2.0/24 ];
        }}
    }}
}}
bgp {{
    as 65001;
    router-id 10.9.0.1;
    hold-time 9;
    keepalive 1;
    connect-retry 2;
    neighbor-group g {{
        remote-as 65002;
        import all;
        export all;
        password-file PASSWORD;
        ttl-security 1;
        RANGE
    }}
    NEIGHBORS
}}
"""
RANGE = "listen-range [ 10.9.0.0/24 fd09::/64 ];"
NAMED = "neighbor 10.9.0.2 { group g; }\n    neighbor fd09::2 { group g; }"
ADDRESSES = ("10.9.0.2", "fd09::2")
WORDS = {"right": "a-long-one,with-a-comma", "wrong": "a-long-one,with-a-comm"}

BIRD = """
router id 10.9.0.2;
protocol device { }
protocol static { ipv4; route 192.168.2.0/24 blackhole; }
template bgp far {
    local as 65002; direct; hold time 9; keepalive time 1;
    connect retry time 1; connect delay time 1; error wait time 1, 2;
    password "%s"; ttl security on;
    ipv4 { import all; export all; };
    ipv6 { import all; export all; };
}
protocol bgp a4 from far { neighbor 10.9.0.1 as 65001; }
protocol bgp a6 from far { neighbor fd09::1 as 65001; ipv4 { next hop address 10.9.0.2; import all; export all; }; }
"""

FRR = """
router bgp 65002
 bgp router-id 10.9.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 timers bgp 1 9
 neighbor far peer-group
 neighbor far remote-as 65001
 neighbor far password %s
 neighbor far ttl-security hops 1
 neighbor far timers connect 1
 neighbor 10.9.0.1 peer-group far
 neighbor fd09::1 peer-group far
 address-family ipv4 unicast
  network 192.168.2.0/24
 exit-address-family
 address-family ipv6 unicast
  neighbor far activate
 exit-address-family
"""

OPENBGPD = """
AS 65002
router-id 10.9.0.2
listen on 10.9.0.2
listen on fd09::2
holdtime 9
connect-retry 1
network 192.168.2.0/24
group far {
    remote-as 65001
    tcp md5sig password "%s"
    ttl-security yes
    announce IPv4 unicast
    announce IPv6 unicast
    neighbor 10.9.0.1
    neighbor fd09::1
}
allow from any
allow to any
"""

FAR = {"bird": (Bird, BIRD), "frr": (Frr, FRR), "openbgpd": (Openbgpd, OPENBGPD)}

# What of a's comes in at b, by its class; and what b says, as if it were two hops away.
COUNT = """
table inet seen {
    counter cs6 { }
    counter other { }
    chain in {
        type filter hook input priority 0;
        iifname "wg0" tcp dport 179 ip dscp cs6 counter name cs6
        iifname "wg0" tcp sport 179 ip dscp cs6 counter name cs6
        iifname "wg0" tcp dport 179 ip6 dscp cs6 counter name cs6
        iifname "wg0" tcp sport 179 ip6 dscp cs6 counter name cs6
        iifname "wg0" tcp dport 179 ip dscp != cs6 counter name other
        iifname "wg0" tcp sport 179 ip dscp != cs6 counter name other
        iifname "wg0" tcp dport 179 ip6 dscp != cs6 counter name other
        iifname "wg0" tcp sport 179 ip6 dscp != cs6 counter name other
    }
}
"""
FURTHER = """
table inet further {
    chain out {
        type filter hook output priority 0;
        oifname "wg0" meta l4proto tcp ip ttl set 254
        oifname "wg0" meta l4proto tcp ip6 hoplimit set 254
    }
}
"""


def write_password(router, word):
    path = os.path.join(router.dir, "password")
    with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(WORDS[word] + "\n")
    return path


def nft(router, text):
    path = os.path.join(router.dir, "rules.nft")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    router.run(["nft", "-f", path])


def counted(router, name):
    text = router.out(["nft", "list", "counter", "inet", "seen", name])
    return int(text.split("packets ")[1].split()[0])


def down(wa, named):
    neighbors = {n["address"]: n for n in wa.show("bgp summary")["neighbors"]}
    if not named:
        return not any(n["state"] == "established" for n in neighbors.values())
    return all(neighbors[a]["state"] != "established" for a in ADDRESSES)


def wait_up(wa, far, what):
    if far.kind == "openbgpd" and not up(wa):  # it refuses, too, while it waits
        far.connect_soon("10.9.0.1", "fd09::1")
    wait_until(lambda: up(wa), 90, what)


def up(wa):
    return all(wa.neighbor(a).get("state") == "established" for a in ADDRESSES)


@pytest.mark.parametrize("kind", FAR)
@pytest.mark.parametrize("who", ["named", "range"])
def test_far_ends(topo, kind, who):
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    nft(b, COUNT)
    PlainWg(b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address('a')}:51820", "allowed_ips": "0.0.0.0/0 ::/0",
        "keepalive": 1}])
    conf = A.replace("PASSWORD", write_password(a, "right"))
    named = who == "named"
    wa = Wgbgp(topo, a, conf.replace("RANGE", "" if named else RANGE)
               .replace("NEIGHBORS", NAMED if named else ""))
    program, text = FAR[kind]
    far = program(topo, b, text % WORDS["right"])
    wait_until(lambda: up(wa), 60, "both sessions")
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    for address in ADDRESSES:
        settings = wa.show(f"bgp neighbors {address}")["neighbors"][0]["settings"]
        assert (settings["authentication"], settings["ttl-security"]) == ("tcp-md5", 1)
    assert counted(b, "cs6") > 0 and counted(b, "other") == 0

    # Another password is in force at once, and does not fit; the file's former one does again.
    write_password(a, "wrong")
    wa.cli("reload")
    wait_until(lambda: down(wa, named), 30, "the sessions to end")
    if named:
        wait_until(lambda: all("has it the same password?" in wa.neighbor(address)["last-error"]
                               for address in ADDRESSES), 60, "why they do not come up")
    holds(lambda: down(wa, named), 3)
    write_password(a, "right")
    wa.cli("reload")
    wait_up(wa, far, "both sessions with the right password")

    # From further away: nothing is heard of it.
    nft(b, FURTHER)
    wait_until(lambda: down(wa, named), 60, "the sessions to end")
    b.run(["nft", "delete table inet further"])
    wait_up(wa, far, "both sessions from one hop away")

    # Without a password at our end: the far end's segments are signed, and we take none of them.
    wa.replace("password-file", "#password-file")
    wait_until(lambda: down(wa, named), 30, "the sessions to end")
    wa.replace("#password-file", "password-file")
    wait_up(wa, far, "both sessions with a password again")
    assert all(word not in text for word in WORDS.values()
               for text in (wa.log(), wa.cli("show configuration"), wa.cli("show bgp neighbors json")))
    wait_until(lambda: far.established("10.9.0.1" if kind != "bird" else "a4"), what="the far end")


def listening(router):
    return {line.split()[3] for line in router.out("ss -Hltn").splitlines()}


def test_listens(topo):
    """TCP 179 is there at tunnel addresses alone, also those that come later, as long as every
    neighbour comes by one."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    PlainWg(b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[{
        "key": "a.wg0", "endpoint": f"{net.address('a')}:51820", "allowed_ips": "0.0.0.0/0 ::/0",
        "keepalive": 1}])
    conf = A.replace("        password-file PASSWORD;\n", "").replace("        ttl-security 1;\n", "")
    wa = Wgbgp(topo, a, conf.replace("RANGE", RANGE).replace("NEIGHBORS", ""))
    tunnel = {"10.9.0.1:179", "[fd09::1]:179"}
    assert listening(a) == tunnel
    Bird(topo, b, BIRD.replace('password "%s"; ttl security on;', ""))
    wait_until(lambda: up(wa), 60, "both sessions")
    wa.replace("neighbor-group g {",
               "neighbor 192.0.2.7 { remote-as 1; import all; export all; }\n    neighbor-group g {")
    assert listening(a) == {"0.0.0.0:179", "[::]:179"}
    wa.replace("neighbor 192.0.2.7 {", f"neighbor 192.0.2.7 {{ local-address {net.address('a')};")
    assert listening(a) == tunnel | {f"{net.address('a')}:179"}
    assert up(wa) and all(wa.show(f"bgp neighbors {x}")["neighbors"][0]["counters"]["dropped"] == 0
                          for x in ADDRESSES)
    wa.kill_daemon("bgpd")
    wait_until(lambda: up(wa), 90, "both sessions with the next bgpd")
    assert listening(a) == tunnel | {f"{net.address('a')}:179"}
