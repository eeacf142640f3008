# SPDX-License-Identifier: BSD-2-Clause
"""What others installed is left alone: routes, peers and AllowedIPs.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            ║ by hand: peer "stranger", routes
"""
import contextlib
import os
import subprocess

from lib.keys import public_key
from lib.probe import Ping, reaches
from lib.twonodes import Two, conf
from lib.wait import holds, wait_until
from lib.wg import PlainWg, allowed_ips, peer_set
from lib.wgbgp import Wgbgp


def test_foreign_routes_stay(two):
    """A route that somebody else has for a prefix of ours: same prefix, other metric or protocol.
    Ours gives way, says so, and nothing of theirs changes; when theirs goes, ours comes."""
    gateway = "198.51.100.1"
    two.a.ip(f"route add 192.168.2.128/25 via {gateway} dev u0 proto static\n"
             f"route add 192.168.2.64/26 via {gateway} dev u0 proto static metric 179")
    before = two.a.out("ip -N route show proto 4")
    two.b.ip("addr add 192.168.2.129/25 dev lan0\naddr add 192.168.2.65/26 dev lan0")
    two.wb.replace("network [ ", "network [ 192.168.2.128/25 192.168.2.64/26 ")
    for prefix in ("192.168.2.128/25", "192.168.2.64/26"):
        wait_until(lambda prefix=prefix: two.wa.paths(prefix), what="the path")
        wait_until(lambda prefix=prefix: "foreign-route" in two.wa.reasons(prefix) or
                   "lost-to-protocol" in two.wa.reasons(prefix) or
                   not two.wa.route(prefix)["installed"], what=f"a reason for {prefix}")
    assert two.a.out("ip -N route show proto 4") == before
    two.wa.restart()
    two.wait()
    assert two.a.out("ip -N route show proto 4") == before
    two.a.ip(f"route del 192.168.2.128/25 via {gateway} dev u0 proto static")
    two.wa.wait_installed("192.168.2.128/25", "wg0", "b.wg0")
    # A clean teardown takes ours only.
    two.wa.teardown()
    assert "192.168.2.64/26" in two.a.out("ip -N route show proto 4")


def adopted(topo):
    """a's wg0 was made by hand, with a peer of somebody else."""
    t = Two(topo, strangers=[{"key": "stranger", "allowed_ips": "172.16.0.0/12 192.168.2.200/32"}])
    t.wa.wait_established("10.9.0.2")
    t.wb.wait_installed("192.168.1.0/24", "wg0", "a.wg0")
    return t


def test_adopted_interface(topo):
    """Peers and AllowedIPs of others stay through learning, restart and teardown."""
    t = adopted(topo)
    wa, a = t.wa, t.a
    stranger = public_key("stranger")
    theirs = {"172.16.0.0/12", "192.168.2.200/32"}
    # Their more specific entry lies inside what b announces: those packets would go to a wrong
    # peer. Refused, and said.
    wait_until(lambda: "foreign-allowed-ip" in wa.reasons("192.168.2.0/24"), what="the reason")
    assert not wa.kernel_routes("192.168.2.0/24")
    assert allowed_ips(a, "wg0")[stranger] == theirs
    origins = {e["prefix"]: e["origin"] for e in wa.show("allowed-ips wg0")["entries"]}
    assert origins["172.16.0.0/12"] == "foreign"
    # They take it away: now it is installed.
    theirs.remove("192.168.2.200/32")
    peer_set(a, "wg0", "stranger", "allowed-ips", "172.16.0.0/12")
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    reaches(t.host_a, t.host_b.address)
    wa.restart()
    wa.wait_established("10.9.0.2")
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    assert allowed_ips(a, "wg0")[stranger] == theirs
    wa.teardown()
    wait_until(lambda: set(allowed_ips(a, "wg0")) == {stranger}, what="only theirs to be left")
    assert allowed_ips(a, "wg0")[stranger] == theirs
    assert "10.9.0.1/24" in a.out("ip addr show wg0")


def test_not_adopted_is_refused(topo):
    """An interface of that name is there already and `adopt` is not given: hands off, and said."""
    topo.internet()
    a = topo.router("a", topo.net)
    topo.router("b", topo.net)
    PlainWg(a, "wg0", peers=[{"key": "stranger", "allowed_ips": "172.16.0.0/12"}])
    before = a.out("wg show wg0 dump")
    w = Wgbgp(topo, a, conf("a", 1, "b", 2))
    wait_until(lambda: "interface-refused" in w.log() and "adopt" in w.log(), what="it to be said")
    holds(lambda: a.out("wg show wg0 dump") == before, 2, "the interface is untouched")
    w.stop()
    assert a.out("wg show wg0 dump") == before


def test_foreign_entry_arrives_later(topo):
    """Somebody gives an address of ours to a peer of theirs: the rest goes on, it is said."""
    t = adopted(topo)
    wa, a = t.wa, t.a
    peer_set(a, "wg0", "stranger", "allowed-ips", "172.16.0.0/12")
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    with Ping(t.host_a, t.host_b.address) as ping:
        peer_set(a, "wg0", "other", "allowed-ips", "172.31.0.0/16")
        wa.kill_daemon("wgd")
        wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        ping.flows()
    ping.nothing_lost()
    assert public_key("other") in allowed_ips(a, "wg0")


@contextlib.contextmanager
def small_disk(path):
    """A file system of its own with little room."""
    os.makedirs(path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as f:
        while f.write(b"x" * 4096):
            pass


def by_hand(topo, rundir):
    """Everything is there by hand, wg0's peer b too: BGP could run by it. b is ours, RUNDIR a's."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    topo.lan(a, "192.168.1.0/24", subnet6="fd00:1::/64")
    topo.lan(b, "192.168.2.0/24", subnet6="fd00:2::/64")
    PlainWg(a, "wg0", addresses="10.9.0.1/24 fd09::1/64",
            peers=[{"key": "b.wg0", "endpoint": f"{net.address('b')}:51820",
                    "allowed_ips": "10.9.0.2/32 fd09::2/128"}])
    wa = Wgbgp(topo, a, conf("a", 1, "b", 2).replace("listen-port", "adopt true; listen-port"),
               start=False)
    wa.rundir = rundir or wa.rundir
    return wa, Wgbgp(topo, b, conf("b", 2, "a", 1))


def said(w, word):
    """Everybody who is asked names the cause."""
    interface, = w.show("wireguard")["interfaces"]
    doctor = w.cli_run("doctor").stdout
    return word in (interface["error"] or "") and word in doctor


def test_refused_interface_is_no_link(topo):
    """wgd refuses an adopted interface, whose ledger it cannot write: it is there, and its routes,
    but nothing may be routed into it: it would go to whatever peer others have there."""
    wa, _ = by_hand(topo, None)
    os.makedirs(os.path.join(wa.rundir, "ledger-wg0.new"))
    wa.start()
    wait_until(lambda: said(wa, "ledger"), what="the cause to be told")
    tunnel = wa.tunnel("b")
    assert (tunnel["state"], tunnel["reason"]) == ("down", "interface-refused")
    assert "ledger" in tunnel["reason-text"]
    holds(lambda: not wa.kernel_routes() and wa.leaves_by("192.168.2.1") != "wg0", 5,
          "nothing is routed into it")
    # A reload and a new wgd know no more, and no less.
    wa.replace("permit [", "permit [ 192.168.77.0/24 ")
    wa.kill_daemon("wgd")
    wait_until(lambda: wa.tunnel("b").get("reason") == "interface-refused", what="the same again")
    assert not wa.kernel_routes()
    os.rmdir(os.path.join(wa.rundir, "ledger-wg0.new"))
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0", timeout=60)
    assert not said(wa, "ledger")


def test_ledger_without_room(topo):
    """The ledger cannot be written any more: nothing is done that it does not say, that is said,
    and what was there stays. With room again all is put in place."""
    with small_disk(os.path.join(topo.dir, "small")) as rundir:
        wa, wb = by_hand(topo, rundir)
        wa.start()
        wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
        wa.replace("permit [", "permit [ 192.168.64.0/18 172.20.0.0/16 ")
        fill(os.path.join(rundir, "filler"))
        ours = [f"192.168.{n}.0/24" for n in range(64, 128)] + \
            [f"172.20.{n}.0/24" for n in range(256)]
        wb.router.ip("\n".join(f"route add blackhole {p}" for p in ours))
        wb.replace("network [ ", "network [ " + " ".join(ours) + " ")
        wait_until(lambda: said(wa, "ledger"), what="the cause to be told")
        with open(os.path.join(rundir, "ledger-wg0"), encoding="ascii") as f:
            known = f.read()
        there = {p for prefixes in allowed_ips(wa.router, "wg0").values() for p in prefixes}
        assert not [p for p in ours if p in there and f"+ entry {p}\n" not in known]
        assert not [p for p in ours if p in wa.kernel_routes() and p not in there]
        assert wa.installed("192.168.2.0/24", "wg0", "b.wg0")
        os.unlink(os.path.join(rundir, "filler"))
        for p in (ours[0], ours[-1]):
            wa.wait_installed(p, "wg0", "b.wg0", timeout=90)
        wait_until(lambda: not said(wa, "ledger"), what="the end of it to be said")
        wa.restart()
        for p in (ours[0], ours[-1]):
            wa.wait_installed(p, "wg0", "b.wg0")
        wa.teardown()
        wait_until(lambda: allowed_ips(wa.router, "wg0") ==
                   {public_key("b.wg0"): {"10.9.0.2/32", "fd09::2/128"}}, what="only theirs")
