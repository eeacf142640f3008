# SPDX-License-Identifier: BSD-2-Clause
"""A plain WireGuard client by the file that a hub wrote for it: wg-quick takes it, and reaches what
the hub does; a camera reads the same from the QR code.

    laptop ══ wg0 10.9.0.3 ── 10.9.0.1 wg0 ══ hub ─ 192.168.1.0/24 ─ host
    (wg-quick, behind a NAT)                   ║
                                   10.9.0.2 wg0 ══ site ─ 192.168.2.0/24 ─ host
"""
import os
import stat
import subprocess

from lib.build import program
from lib.keys import private_key, public_key
from lib.probe import reaches
from lib.wait import wait_until
from lib.wg import PlainWg, allowed_ips, userspace_program
from lib.wgbgp import Wgbgp

HUB = """
system { hostname hub; forwarding on; }
wireguard {
    interface wg0 {
        private-key-file KEY(wg0);
        listen-port 51820;
        address [ 10.9.0.1/24 ];
        peer site {
            public-key PUB(site.wg0);
            endpoint INET(site):51820;
            tunnel-address [ 10.9.0.2 ];
            allowed-ips [ 192.168.2.0/24 ];
        }
        LAPTOP
    }
}
bgp { as 65000; router-id 10.9.0.1; network [ 192.168.1.0/24 ]; }
rib { static 192.168.2.0/24 { interface wg0; } }
"""
LAPTOP = """peer laptop {
            public-key "%s";
            preshared-key-file %s;
            tunnel-address [ 10.9.0.3 ];
        }"""


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write_bitmap(path, blocks):
    """The half blocks as a picture (PBM), eight points a module."""
    rows = []
    for line in blocks.splitlines():
        rows.append("".join("1" if c in " ▄" else "0" for c in line))
        rows.append("".join("1" if c in " ▀" else "0" for c in line))
    scaled = ["".join(c * 8 for c in row) for row in rows for _ in range(8)]
    with open(path, "w", encoding="ascii") as f:
        f.write(f"P1\n{len(scaled[0])} {len(scaled)}\n" + "\n".join(" ".join(r) for r in scaled))


def scanned(path):
    return subprocess.run(["zbarimg", "-q", "--raw", path], capture_output=True, text=True,
                          check=True, timeout=60).stdout


def build(topo):
    net = topo.internet()
    hub, site = topo.router("hub", net), topo.router("site", net)
    laptop = topo.router("laptop")
    topo.nat("nat", net, laptop)
    hosts = topo.lan(hub, "192.168.1.0/24"), topo.lan(site, "192.168.2.0/24")
    PlainWg(site, "wg0", addresses="10.9.0.2/24", peers=[
        {"key": "hub.wg0", "endpoint": f"{net.address('hub')}:51820", "keepalive": 25,
         "allowed_ips": "10.9.0.0/24 192.168.1.0/24"}])
    site.ip("route add 192.168.1.0/24 dev wg0")
    return net, hub, laptop, hosts


def keys(w, laptop):
    """The laptop makes its own, the hub the one they share; what is said is the public key."""
    key, psk = os.path.join(laptop.dir, "wg0.key"), os.path.join(w.router.dir, "laptop.psk")
    said = laptop.out([program("cli/wgbgp-cli"), "genkey", key])
    assert said == laptop.run(["wg", "pubkey"], input=read(key)).stdout
    assert said == laptop.run([program("cli/wgbgp-cli"), "pubkey", key]).stdout
    assert w.router.out([program("cli/wgbgp-cli"), "genpsk", psk]) == ""
    assert mode(key) == mode(psk) == 0o600
    return key, psk, said.strip()


def test_client(topo):
    net, hub, laptop, (host_1, host_2) = build(topo)
    w = Wgbgp(topo, hub, HUB.replace("LAPTOP", ""))
    key, psk, public = keys(w, laptop)
    w.reload(HUB.replace("LAPTOP", LAPTOP % (public, psk)))
    path, svg = os.path.join(laptop.dir, "wg0.conf"), os.path.join(laptop.dir, "wg0.svg")
    code = w.cli(f"export wg-quick wg0 laptop endpoint {net.address('hub')} private-key {key} "
                 f"output {path} qr svg {svg}")
    text = read(path)
    assert mode(path) == mode(svg) == 0o600
    assert "AllowedIPs = 10.9.0.0/24, 192.168.1.0/24, 192.168.2.0/24\n" in text
    assert f"PublicKey = {public_key('hub.wg0')}\n" in text
    # A camera sees the file; neither key is in what was logged.
    picture = os.path.join(laptop.dir, "wg0.pbm")
    write_bitmap(picture, code)
    assert scanned(picture).rstrip("\n") == text.rstrip("\n")
    for secret in (read(key).strip(), read(psk).strip(), private_key("hub.wg0")):
        assert secret not in w.log() and secret not in code
    # wg-quick takes it as it is, and the laptop reaches both networks, by their routes.
    quick = laptop.spawn("wg-quick", ["wg-quick", "up", path],
                         env={"WG_QUICK_USERSPACE_IMPLEMENTATION": userspace_program()})
    assert quick.popen.wait(60) == 0, quick.text()
    for address in (host_1.address, host_2.address, "10.9.0.1", "10.9.0.2"):
        reaches(laptop, address)
    reaches(host_2, "10.9.0.3")
    assert allowed_ips(hub, "wg0")[public] == {"10.9.0.3/32"}
    wait_until(lambda: w.tunnel_state("laptop") == "up", what="the tunnel")
