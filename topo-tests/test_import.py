# SPDX-License-Identifier: BSD-2-Clause
"""What wg-quick set up becomes a configuration of ours, and an interface that runs is taken over.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            ║ by hand: its peers, entries and routes; one of somebody else
"""
import os
import re
import stat

import pytest

from lib.build import program, yang_dir
from lib.keys import private_key, public_key
from lib.probe import Ping, reaches
from lib.snippets import TIMERS
from lib.twonodes import conf
from lib.wait import holds, wait_until
from lib.wg import PlainWg, allowed_ips, peer_set, userspace_program
from lib.wgbgp import Wgbgp

MOVES_MS = 5  # 200 Hz

HUB = """# What somebody wrote years ago
[Interface]
Address = 10.9.0.1/24, fd09::1/64
ListenPort = 51820
PrivateKey = {private}
FwMark = 0x1234
MTU = 1380
DNS = 10.9.0.53
PostUp = iptables -A FORWARD -i %i -j ACCEPT; sysctl -w net.ipv4.ip_forward=1
postdown = iptables -D FORWARD -i %i -j ACCEPT
SaveConfig = false

# site b
[Peer]
PublicKey = {b}
PresharedKey = {psk}
AllowedIPs = 10.9.0.2/32, 192.168.2.0/24
AllowedIPs = fd09::2/128, fd00:2::/64
Endpoint = 198.51.100.77:51820
PersistentKeepalive = 25

[peer]
# laptop
publickey={laptop}
allowedips=10.9.0.3/32

[Peer]
PublicKey = {far}
AllowedIPs = 172.16.0.0/12
Endpoint = [2001:db8::77]:51821
"""


def cli(router, *words):
    return router.run([program("cli/wgbgp-cli"), *words], check=False,
                      env={"WGBGP_YANGDIR": yang_dir()})


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def has_none(text, *keys):
    assert not [k for k in keys if k in text], text


def showconf(router):
    """wg showconf as {key or "": {name: value}}, lists sorted."""
    found, section = {}, {}
    for line in router.out("wg showconf wg0").splitlines():
        name, _, value = line.partition(" = ")
        if line == "[Interface]":
            section = found[""] = {}
        elif line == "[Peer]":
            section = {}
        elif name == "PublicKey":
            found[value] = section
        elif name == "AllowedIPs":
            section[name] = sorted(value.split(", "))
        elif line:
            section[name] = value
    return found


def test_round_trip(topo):
    """The import of a file, run by wgbgp, is what the file said."""
    topo.internet()
    a = topo.router("a", topo.net)
    path, out = os.path.join(a.dir, "wg0.conf"), os.path.join(a.dir, "wgbgp.conf")
    private, psk = private_key("a.wg0"), private_key("psk")
    with open(path, "w", encoding="ascii") as f:
        f.write(HUB.format(private=private, psk=psk, b=public_key("b.wg0"),
                           laptop=public_key("laptop"), far=public_key("far")))
    r = cli(a, "import", "wg-quick", path, "--output", out)
    assert r.returncode == 0 and not r.stdout, r.stdout + r.stderr
    has_none(r.stderr + read(out), private, psk)
    for line, key in ((8, "DNS = "), (9, "PostUp = "), (10, "PostDown = "), (11, "SaveConfig = ")):
        assert f"{path}:{line}: {key}" in r.stderr, r.stderr
    assert mode(os.path.join(a.dir, "wg0.key")) == mode(os.path.join(a.dir, "wg0-site-b.psk")) \
        == 0o600
    # Nothing is written over what is there.
    r = cli(a, "import", "wg-quick", path, "--output", out)
    assert r.returncode == 1 and "is there" in r.stderr

    w = Wgbgp(topo, a, read(out), start=False)
    status, said = w.check()
    assert status == 0, said
    w.start()
    want = {
        "": {"ListenPort": "51820", "FwMark": "0x1234", "PrivateKey": private},
        public_key("b.wg0"): {
            "PresharedKey": psk, "Endpoint": "198.51.100.77:51820", "PersistentKeepalive": "25",
            "AllowedIPs": ["10.9.0.2/32", "192.168.2.0/24", "fd00:2::/64", "fd09::2/128"]},
        public_key("laptop"): {"AllowedIPs": ["10.9.0.3/32"]},
        public_key("far"): {"Endpoint": "[2001:db8::77]:51821", "AllowedIPs": ["172.16.0.0/12"]},
    }
    wait_until(lambda: showconf(a) == want, what="what the file said")
    for prefix in ("192.168.2.0/24", "fd00:2::/64", "172.16.0.0/12"):
        wait_until(lambda prefix=prefix: w.kernel_routes(prefix), what=f"a route for {prefix}")
    assert "mtu 1380" in a.out("ip link show wg0")
    assert "10.9.0.1/24" in a.out("ip addr show wg0")
    # Another file, as a change of what runs.
    second, merged = os.path.join(a.dir, "wg1.conf"), os.path.join(a.dir, "merged.conf")
    with open(second, "w", encoding="ascii") as f:
        f.write(f"[Interface]\nPrivateKey = {private_key('a.wg1')}\nAddress = 10.8.0.1/24\n"
                f"[Peer]\nPublicKey = {public_key('c')}\nAllowedIPs = 10.8.0.2, 10.70.0.0/16\n")
    w.cli(f"import wg-quick {second} output {merged}")
    w.cli("configure", f"load merge {merged}", "commit", "exit")
    wait_until(lambda: allowed_ips(a, "wg1").get(public_key("c")) ==
               {"10.8.0.2/32", "10.70.0.0/16"}, what="the other interface")
    wait_until(lambda: w.kernel_routes("10.70.0.0/16"), what="its route")
    # What runs by now says the same.
    r = cli(a, "import", "running", "--keys", os.path.join(a.dir, "keys"))
    assert r.returncode == 0, r.stderr
    has_none(r.stdout + r.stderr, private, psk)
    for part in ("listen-port 51820;", "fwmark 4660;", "mtu 1380;", "192.168.2.0/24",
                 "static 172.16.0.0/12 { interface wg0; distance 240; }"):
        assert part in r.stdout, r.stdout
    assert read(os.path.join(a.dir, "keys", "wg0.key")) == private + "\n"


def test_bad_file(topo):
    """File, line and what was expected; and nothing is written."""
    topo.internet()
    a = topo.router("a", topo.net)
    path = os.path.join(a.dir, "wg0.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write(HUB.format(private="short", psk=private_key("psk"), b=public_key("b.wg0"),
                           laptop=public_key("laptop"), far="x").replace("51820", "x", 1))
    r = cli(a, "import", "wg-quick", path)
    assert r.returncode == 1 and not r.stdout
    for text in (":4: ListenPort = x; expected a number from 0 to 65535",
                 ":5: PrivateKey is no key; expected 44 characters of base64",
                 ":28: PublicKey is no key; expected"):
        assert path + text in r.stderr, r.stderr
    assert not [f for f in os.listdir(a.dir) if f.endswith((".key", ".psk"))]
    assert cli(a, "import").returncode == cli(a, "import", "wg-quick").returncode == 2
    r = cli(a, "import", "running")
    assert r.returncode == 1 and "no WireGuard interface runs here" in r.stderr


BGP = f"""
bgp {{
    as 65001;
    router-id 10.9.0.1;
    {TIMERS}
    network [ 192.168.1.0/24 ];
    neighbor 10.9.0.2 {{ remote-as 65002; import all; export all; }}
}}
"""


def by_hand(topo):
    """a as wg-quick leaves it, b with wgbgp and a static entry for a's network."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    hosts = topo.lan(a, "192.168.1.0/24"), topo.lan(b, "192.168.2.0/24")
    PlainWg(a, "wg0", addresses="10.9.0.1/24", peers=[
        {"key": "b.wg0", "endpoint": f"{net.address('b')}:51820", "keepalive": 25,
         "allowed_ips": "10.9.0.2/32 192.168.2.0/24 192.168.22.0/24"},
        {"key": "stranger", "allowed_ips": "172.16.0.0/12"}])
    a.ip("route add 192.168.2.0/24 dev wg0\nroute add 192.168.22.0/24 dev wg0\n"
         "route add 172.16.0.0/12 dev wg0")
    far = conf("b", 2, "a", 1).replace(
        "permit [", "allowed-ips [ 192.168.1.0/24 ]; permit [", 1)
    wb = Wgbgp(topo, b, far + "rib { static 192.168.1.0/24 { interface wg0; distance 250; } }")
    return a, wb, hosts


def ledger(w):
    return read(os.path.join(w.rundir, "ledger-wg0")).splitlines()


def origins(w):
    return {e["prefix"]: e["origin"] for e in w.show("allowed-ips wg0")["entries"]}


def name_of(text, key):
    """wireguard-go tells of its peers in any order, and an import numbers them by it."""
    return re.search(rf'peer (\S+) {{\n\s+public-key "{re.escape(public_key(key))}"', text).group(1)


def without_others(text):
    """The peer of somebody else, and an entry of b's peer, are left out of what was imported."""
    head, _, rest = text.partition(f"        peer {name_of(text, 'stranger')} {{")
    _, _, tail = rest.partition("        }\n")
    lines = [x for x in (head + tail).splitlines() if "static 172." not in x and "static 192.168.22"
             not in x]
    return "\n".join(lines).replace(" 192.168.22.0/24", "")


def test_take_over(topo):
    """A live interface is taken over, its entries are handed over to BGP: no packet is lost, and
    nothing is touched that the configuration does not name."""
    a, wb, (host_a, host_b) = by_hand(topo)
    before = allowed_ips(a, "wg0")
    out = os.path.join(a.dir, "imported.conf")
    reaches(host_a, host_b.address)
    with Ping(host_a, host_b.address, interval_ms=MOVES_MS) as ping:
        r = cli(a, "import", "running", "--output", out)
        assert r.returncode == 0, r.stderr
        has_none(r.stdout + r.stderr + read(out), private_key("a.wg0"))
        assert "imported [ 192.168.2.0/24 192.168.22.0/24 ];" in read(out)
        text = without_others(read(out))
        w = Wgbgp(topo, a, text)
        wait_until(lambda: w.tunnel_state(name_of(text, "b.wg0")) == "up", what="the tunnel")
        assert allowed_ips(a, "wg0") == before
        assert "+ imported 192.168.2.0/24" in ledger(w)
        assert origins(w) == {"10.9.0.2/32": "foreign", "192.168.2.0/24": "imported",
                              "192.168.22.0/24": "foreign", "172.16.0.0/12": "foreign"}
        ping.flows()
        # BGP learns the prefix through the same peer: it is BGP's, without a change.
        w.reload(text + BGP)
        w.wait_established("10.9.0.2")
        wait_until(lambda: origins(w)["192.168.2.0/24"] == "learned", what="BGP to have it")
        assert allowed_ips(a, "wg0") == before
        assert ledger(w)[-2:] == ["- imported 192.168.2.0/24", "+ entry 192.168.2.0/24"]
        ping.flows()
        # A new wgd knows whose it is; so does a new wgbgp.
        w.kill_daemon("wgd")
        wait_until(lambda: origins(w).get("192.168.2.0/24") == "learned", what="the same again")
        w.restart()
        w.wait_established("10.9.0.2")
        wait_until(lambda: origins(w).get("192.168.2.0/24") == "learned", what="the same again")
        assert allowed_ips(a, "wg0") == before
        # What wg-quick routed goes, and ours is behind it.
        wait_until(lambda: w.kernel_routes("192.168.2.0/24"), what="our route")
        a.ip("route del 192.168.2.0/24 dev wg0 metric 0")
        ping.flows()
    ping.nothing_lost()
    # It goes with what BGP says.
    wb.replace("network [ 192.168.2.0/24", "network [")
    wait_until(lambda: "192.168.2.0/24" not in origins(w), what="the entry to go")
    before[public_key("b.wg0")].remove("192.168.2.0/24")
    wait_until(lambda: allowed_ips(a, "wg0") == before, what="it to be gone")
    w.cli("reload")
    holds(lambda: allowed_ips(a, "wg0") == before, 1, "it does not come back")
    w.teardown()
    assert allowed_ips(a, "wg0") == before


QUICK = """[Interface]
PrivateKey = {private}
ListenPort = 51820
Address = 10.9.0.1/24, fd09::1/64
MTU = 1420

[Peer]
PublicKey = {b}
Endpoint = {endpoint}:51820
PersistentKeepalive = 25
AllowedIPs = 10.9.0.2/32, 192.168.2.0/24, fd09::2/128, fd00:2::/64
"""


def by_wg_quick(topo):
    """a by wg-quick itself, b by hand; hosts behind both."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    hosts = (topo.lan(a, "192.168.1.0/24", subnet6="fd00:1::/64"),
             topo.lan(b, "192.168.2.0/24", subnet6="fd00:2::/64"))
    PlainWg(b, "wg0", addresses="10.9.0.2/24 fd09::2/64", peers=[
        {"key": "a.wg0", "endpoint": f"{net.address('a')}:51820", "keepalive": 25,
         "allowed_ips": "10.9.0.1/32 192.168.1.0/24 fd09::1/128 fd00:1::/64"}])
    b.ip("route add 192.168.1.0/24 dev wg0\nroute add fd00:1::/64 dev wg0")
    path = os.path.join(a.dir, "wg0.conf")
    with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(QUICK.format(private=private_key("a.wg0"), b=public_key("b.wg0"),
                             endpoint=net.address("b")))
    # What it starts keeps its output open: that goes into a file, which nobody waits to end.
    quick = a.spawn("wg-quick", ["wg-quick", "up", path],
                    env={"WG_QUICK_USERSPACE_IMPLEMENTATION": userspace_program()})
    assert quick.popen.wait(60) == 0, quick.text()
    return a, path, hosts


@pytest.mark.parametrize("source", ["wg-quick", "running"])
def test_take_over_wg_quick(topo, source):
    """What `wg-quick up` itself set up is taken over, and then its own routes are taken away:
    our static routes are in the kernel before that, and no packet is lost."""
    a, path, (host_a, host_b) = by_wg_quick(topo)
    before = allowed_ips(a, "wg0")
    out = os.path.join(a.dir, "imported.conf")
    prefixes = ("192.168.2.0/24", "fd00:2::/64")
    reaches(host_a, host_b.address)
    reaches(host_a, host_b.address6)
    with Ping(host_a, host_b.address, interval_ms=MOVES_MS) as ping, \
            Ping(host_a, host_b.address6, interval_ms=MOVES_MS) as ping6:
        r = cli(a, "import", *(["wg-quick", path] if source == "wg-quick" else ["running"]),
                "--output", out)
        assert r.returncode == 0, r.stderr
        w = Wgbgp(topo, a, read(out))
        for prefix in prefixes:
            wait_until(lambda prefix=prefix: w.kernel_routes(prefix), what=f"ours for {prefix}")
            assert w.route(prefix)["protocol"] == "static"
        for prefix in prefixes:
            a.ip(f"route del {prefix} dev wg0 metric {1024 if ':' in prefix else 0}")
            ping.flows()
            ping6.flows()
        # A new wgbgp without them.
        w.restart()
        ping.flows()
        ping6.flows()
        for prefix in prefixes:
            wait_until(lambda prefix=prefix: w.kernel_routes(prefix), what=f"ours for {prefix}")
    ping.nothing_lost()
    ping6.nothing_lost()
    assert allowed_ips(a, "wg0") == before


def test_named_elsewhere(topo):
    """What is named at a peer that does not have it is not touched; nor is what somebody takes
    away before BGP has it put back."""
    a, _, _ = by_hand(topo)
    out = os.path.join(a.dir, "imported.conf")
    assert cli(a, "import", "running", "--output", out).returncode == 0
    text = read(out).replace("imported [ 192.168.2.0/24 192.168.22.0/24 ]",
                             "imported [ 192.168.2.0/24 172.16.0.0/12 ]", 1)
    text = text.replace("imported [ 172.16.0.0/12 ];", "", 1).replace(
        "permit [ 192.168.2.0/24 192.168.22.0/24 ]", "permit [ 192.168.2.0/24 ]", 1)
    w = Wgbgp(topo, a, text)
    wait_until(lambda: w.tunnel_state(name_of(text, "b.wg0")) == "up", what="the tunnel")
    assert [x for x in ledger(w) if "imported" in x] == ["+ imported 192.168.2.0/24"]
    assert origins(w)["172.16.0.0/12"] == "foreign"
    peer_set(a, "wg0", "b.wg0", "allowed-ips", "10.9.0.2/32")
    wait_until(lambda: "192.168.2.0/24" not in origins(w), what="it to be seen")
    holds(lambda: allowed_ips(a, "wg0")[public_key("b.wg0")] == {"10.9.0.2/32"}, 3,
          "it stays away")
