# SPDX-License-Identifier: BSD-2-Clause
"""Strangers, garbage, and hands in our tables: noticed, said, repaired.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            └── stranger on the LAN, port 179
"""
import os
import signal

import pytest

from lib.keys import public_key
from lib.probe import Ping, reaches
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wg import allowed_ips, backend, peer_set
from lib.wgbgp import check_file

STRANGERS = int(os.environ.get("WGBGP_STRANGERS", "5000"))

CONNECT = """
import socket
tried = 0
for i in range({n}):
    s = socket.socket()
    s.settimeout(5)
    try:
        tried += 1
        s.connect(("192.168.1.1", 179))
        if i % 3 == 0:
            s.send(b"\\xff" * 16 + b"\\x00\\x13\\x04")
            s.recv(100)
    except OSError as e:
        last = e
    s.close()
print(tried)
"""

GARBAGE = """
import os, random, socket
random.seed(1)
marker = b"\\xff" * 16
bodies = [
    b"GET / HTTP/1.1\\r\\n\\r\\n", b"\\x00" * 4096, marker, marker + b"\\x00\\x00\\x01",
    marker + b"\\xff\\xff\\x01", marker + b"\\x00\\x12\\x01", marker + b"\\x10\\x01\\x02",
    marker + b"\\x00\\x13\\x09",
    marker + b"\\x00\\x1d\\x01\\x03\\xfd\\xea\\x00\\x5a\\x0a\\x09\\x00\\x02\\x00",
    marker + b"\\x00\\x1d\\x01\\x04\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\xff",
] + [random.randbytes(random.randrange(1, 5000)) for _ in range(50)]
for body in bodies:
    s = socket.create_connection((DESTINATION, 179), 5, source_address=(SOURCE, 0))
    try:
        s.send(body)
        s.settimeout(0.05)
        s.recv(4096)
    except OSError:
        pass
    s.close()
"""


def python(router, script, **kwargs):
    return router.run(["/usr/bin/python3", "-c", script], timeout=600, **kwargs)


def test_strangers_connect(two):
    """Thousands of connections from who is no neighbour: the session stays, nothing grows."""
    up = two.wa.neighbor("10.9.0.2")["up-seconds"]
    pid = two.wa.daemon_pid("bgpd")
    with Ping(two.host_b, two.host_a.address) as ping:
        assert int(python(two.host_a, CONNECT.format(n=STRANGERS)).stdout) == STRANGERS
        ping.flows()
    ping.nothing_lost()
    assert two.wa.daemon_pid("bgpd") == pid
    assert two.wa.neighbor("10.9.0.2")["up-seconds"] >= up
    wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) < 64, what="its descriptors to be few")
    assert len(two.wa.show("bgp summary")["neighbors"]) == 1
    assert os.path.getsize(two.wa.process.log) < 200_000  # such lines are rate-limited


def test_garbage_from_the_neighbours_address(two):
    """The same from the neighbour's own address, inside the tunnel."""
    pid = two.wa.daemon_pid("bgpd")
    script = GARBAGE.replace("DESTINATION", '"10.9.0.1"').replace("SOURCE", '"10.9.0.2"')
    python(two.b, script, check=False)
    two.wa.wait_established("10.9.0.2", timeout=60)
    two.wait()
    assert two.wa.daemon_pid("bgpd") == pid
    reaches(two.host_a, two.host_b.address)


def test_interface_deleted(two):
    two.a.ip("link del wg0")
    wait_until(lambda: "wg0" in two.a.out("ip -br link"), what="wg0 to be back")
    two.wait()
    two.wa.wait_established("10.9.0.2", timeout=60)
    reaches(two.host_a, two.host_b.address)
    assert "wg0" in two.wa.log()


def test_peer_removed_by_hand(two):
    peer_set(two.a, "wg0", "b.wg0", "remove")
    wait_until(lambda: public_key("b.wg0") in allowed_ips(two.a, "wg0"), what="the peer")
    two.wait()
    reaches(two.host_a, two.host_b.address)


def test_entry_stolen(two):
    """wg set gives our entry to another peer: repaired, and both are said."""
    peer_set(two.a, "wg0", "thief", "allowed-ips", "192.168.2.0/24")
    two.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    reaches(two.host_a, two.host_b.address)
    assert "192.168.2.0/24" in two.wa.log()


def test_entry_removed(two):
    peer_set(two.a, "wg0", "b.wg0", "allowed-ips", "10.9.0.2/32,fd09::2/128")
    two.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    reaches(two.host_a, two.host_b.address)


def test_route_deleted(two):
    two.a.ip("route del 192.168.2.0/24 proto 222")
    two.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    reaches(two.host_a, two.host_b.address)


def test_netlink_overflow(two):
    """More news than the socket holds while zebra-lite is not running (ENOBUFS): what was lost in
    it is found by reading the tables again."""
    resyncs = two.wa.show("rib summary")["resyncs"]
    pid = two.wa.daemon_pid("zebra-lite")
    os.kill(pid, signal.SIGSTOP)
    foreign = [f"10.{i >> 8}.{i & 255}.0/24" for i in range(0x1000, 0xf000)]
    two.a.ip("\n".join(f"route add {p} dev lan0" for p in foreign))
    two.a.ip("route del 192.168.2.0/24 proto 222")
    os.kill(pid, signal.SIGCONT)
    two.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    wait_until(lambda: two.wa.show("rib summary")["resyncs"] > resyncs, what="a resync")
    assert two.wa.daemon_pid("zebra-lite") == pid
    assert len(two.a.out("ip route show dev lan0").splitlines()) >= len(foreign)


@pytest.mark.parametrize("admin", ["up", "external"])
def test_link_set_down(two, admin):
    """Somebody sets the link down, and later up: followed, both ways. The kernel drops the IPv4
    routes of such a link without telling anybody."""
    two.wa.replace("listen-port", f"admin {admin}; listen-port")
    two.a.ip("link set wg0 down")
    wait_until(lambda: two.wa.leaves_by("192.168.2.10") != "wg0", what="no route")
    two.wa.wait_tunnel("b", "down")
    assert two.wa.tunnel("b")["reason"] == "interface-down"
    two.a.ip("link set wg0 up")
    two.wait()
    reaches(two.host_a, two.host_b.address)


@pytest.mark.skipif(backend() == "kernel", reason="no userspace program")
def test_wireguard_go_killed(two):
    for pid in two.a.pids():
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if b"wireguard-go" in f.read():
                os.kill(pid, signal.SIGKILL)
    two.wait()
    reaches(two.host_a, two.host_b.address)
    assert "wireguard-go" in two.wa.log() or "wg0" in two.wa.log()


def bad_files():
    good = conf("a", 1, "b", 2)
    second = """peer c { public-key %s; tunnel-address [ %s ]; permit [ 192.168.9.0/24 ]; }
        peer b {"""
    return {
        "unknown statement": (good.replace("listen-port", "listen-prot"), "listen-prot"),
        "wrong type": (good.replace("listen-port 51820", "listen-port many"), "many"),
        "wrong address": (good.replace("10.9.0.1/24", "10.9.0.1"), "10.9.0.1"),
        "missing semicolon": (good.replace("listen-port 51820;", "listen-port 51820"), ""),
        "unclosed brace": (good + "bgp {", ""),
        "same tunnel address": (good.replace("peer b {", second % (
            'PUB(c.wg0)', "10.9.0.2")), "10.9.0.2"),
        "same key": (good.replace("peer b {", second % ('PUB(b.wg0)', "10.9.0.3")), "key"),
        "any with two peers": (good.replace("peer b {", second % (
            'PUB(c.wg0)', "10.9.0.3") + " allowed-ips any;"), "any"),
        "no such policy": (good.replace("import all", "import nothere"), "nothere"),
        "no key file": (good.replace("KEY(wg0)", "/nonexistent/key"), "/nonexistent/key"),
    }


@pytest.mark.parametrize("name", bad_files())
def test_bad_configuration(topo, name):
    """Refused by wgbgpd -n with status != 0, and a text that names file, line and culprit."""
    text, culprit = bad_files()[name]
    topo.internet()
    a = topo.router("a", topo.net)
    topo.router("b", topo.net)
    status, output = check_file(topo, a, text)
    assert status != 0 and culprit in output, output
    assert "wgbgp.conf:" in output, output


def test_loose_key_file(topo):
    topo.internet()
    a = topo.router("a", topo.net)
    topo.router("b", topo.net)
    status, output = check_file(topo, a, conf("a", 1, "b", 2))
    assert status == 0, output
    os.chmod(os.path.join(a.dir, "wg0.key"), 0o644)
    status, output = a.wgbgp.check()
    assert status != 0 and "wg0.key" in output
