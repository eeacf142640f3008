# SPDX-License-Identifier: BSD-2-Clause
"""Reload adds and removes peers, neighbours and networks; the rest is not touched.

                     ╔══ 10.9.0.11 site1 ─ 192.168.1.0/24 ─ host
    hub wg0 10.9.0.1 ╬══ 10.9.0.12 site2 ─ 192.168.2.0/24 ─ host
                     ╚══ 10.9.0.13 site3 (comes and goes)
"""
import signal

import pytest

from lib.hubspoke import HubSpoke, hub_conf
from lib.keys import public_key
from lib.probe import MOVES_MS, Ping, reaches
from lib.twonodes import conf
from lib.wait import wait_until


@pytest.fixture
def star(topo):
    s = HubSpoke(topo, sites=2)
    s.wait()
    return s


def uptime(w, neighbor):
    return w.neighbor(neighbor)["up-seconds"]


def test_site_comes_and_goes(star):
    with Ping(star.host[1], star.host[2].address, interval_ms=MOVES_MS) as ping:
        star.add_site(3)
        star.whub.reload(hub_conf((1, 2, 3)))
        star.start_site(3)
        star.numbers.append(3)
        star.wait()
        reaches(star.host[3], star.host[1].address)
        star.whub.reload(hub_conf((1, 2)))
        wait_until(lambda: star.whub.tunnel("site3") == {}, what="the peer to be gone")
        star.whub.wait_gone("192.168.3.0/24")
        star.wsite[1].wait_gone("192.168.3.0/24")
        line = star.whub.show("logging event reload last 1")["lines"][0]["text"]
        assert line.endswith('resets=10.9.0.13') or line.endswith('resets="10.9.0.13"'), line
        wait_until(lambda: star.hub.out("wg show wg0 peers").count("=") == 2,
                   what="WireGuard to have two peers")
        ping.flows()
    ping.nothing_lost()


def test_key_changes(star):
    """Another key for site 1, at the hub first: what was learned goes to the new peer at once, and
    traffic flows as soon as the site has the key too."""
    star.whub.replace(f'"{public_key("site1.wg0")}"', "PUB(site1.wg1)")
    wait_until(lambda: star.whub.allowed("wg0", "192.168.1.0/24") in ("site1.wg1", None), 10,
               "the entry to leave the old key")
    star.wsite[1].replace(f"{star.site[1].dir}/wg0.key", "KEY(wg1)")
    star.whub.wait_installed("192.168.1.0/24", "wg0", "site1.wg1")
    reaches(star.host[1], star.host[2].address)
    wait_until(lambda: star.hub.out("wg show wg0 peers").count("=") == 2,
               what="WireGuard to have two peers")


def test_networks(star):
    """By SIGHUP, as by the CLI."""
    before = star.wsite[1].neighbor("10.9.0.1")["up-seconds"]
    star.site[1].ip("addr add 192.168.1.129/25 dev lan0")
    star.wsite[1].write(open(star.wsite[1].conf_file, encoding="ascii").read().replace(
        "network [ ", "network [ 192.168.1.128/25 "))
    star.wsite[1].process.kill(signal.SIGHUP)
    star.whub.wait_installed("192.168.1.128/25", "wg0", "site1.wg0")
    star.wsite[1].replace("network [ 192.168.1.128/25 ", "network [ ")
    star.whub.wait_gone("192.168.1.128/25")
    assert star.wsite[1].neighbor("10.9.0.1")["up-seconds"] >= before


def test_description_resets_nothing(star):
    before = star.wsite[1].neighbor("10.9.0.1")
    star.wsite[1].replace("remote-as internal;", 'remote-as internal; description "the hub";')
    wait_until(lambda: star.wsite[1].neighbor("10.9.0.1")["description"] == "the hub",
               what="the description")
    after = star.wsite[1].neighbor("10.9.0.1")
    assert after["state"] == before["state"] and after["up-seconds"] >= before["up-seconds"]


def test_permit_shrinks(star):
    """A tighter ceiling takes learned prefixes out, a wider one brings them back."""
    with Ping(star.host[2], "10.9.0.1", interval_ms=MOVES_MS) as ping:
        star.whub.replace("permit [ 192.168.1.0/24", "permit [ 192.168.1.0/30")
        star.whub.wait_gone("192.168.1.0/24")
        wait_until(lambda: star.whub.allowed("wg0", "192.168.1.0/24") is None, what="no entry")
        assert star.whub.reasons("192.168.1.0/24") == ["outside-permit"]
        star.whub.replace("permit [ 192.168.1.0/30", "permit [ 192.168.1.0/24")
        star.whub.wait_installed("192.168.1.0/24", "wg0", "site1.wg0")
    ping.nothing_lost()


def test_wrong_file_changes_nothing(star):
    before = star.whub.cli("show configuration")
    with Ping(star.host[1], star.host[2].address) as ping:
        good = open(star.whub.conf_file, encoding="ascii").read()
        star.whub.write(good.replace("listen-port 51820;", "listen-prot 51820;"))
        result = star.whub.cli_run("reload")
        assert result.returncode != 0 and "listen-prot" in result.stdout + result.stderr
        assert star.whub.cli("show configuration") == before
        ping.flows()
        star.whub.write(good)
        star.whub.cli("reload")
    ping.nothing_lost()


def test_empty_file(star):
    """A file without any interface takes nothing down, neither by a reload nor by a start."""
    whub = star.whub
    with Ping(star.host[1], star.host[2].address) as ping:
        whub.write("# nothing\n")
        result = whub.cli_run("reload")
        assert result.returncode != 0 and "reload empty" in result.stdout + result.stderr
        whub.process.kill(signal.SIGHUP)
        wait_until(lambda: whub.log().count("no WireGuard interface") > 1, what="SIGHUP's refusal")
        whub.stop()
        whub.start()
        assert "no WireGuard interface" in whub.cli("show version")
        star.wait()
        ping.flows()
        whub.reload(hub_conf((1, 2)))
        star.wait()
        ping.flows()
    ping.nothing_lost()
    whub.write("# nothing\n")
    whub.cli("reload empty")
    wait_until(lambda: "wg0" not in star.hub.out("ip -br link"), what="wg0 to be gone")
    whub.restart()


def test_peer_gets_another_name(star):
    """Nothing is refused between the daemons' words, in which it has the one name or the other."""
    names = ["site1", "a", "b", "c", "d", "e"]
    for old, new in zip(names, names[1:]):
        star.whub.replace(f"peer {old} {{", f"peer {new} {{")
        wait_until(lambda n=new: star.whub.tunnel_state(n) == "up", what="the new name")
        star.whub.wait_installed("192.168.1.0/24", "wg0", "site1.wg0")
    assert "verdict=refused" not in star.whub.log()


def test_neighbor_gets_another_address(two):
    """The neighbor at the old address is told that its session ends: the entry goes after that."""
    new = conf("a", 1, "b", 2)
    for old in ("tunnel-address [ 10.9.0.2", "neighbor 10.9.0.2"):
        new = new.replace(f"{old} ", f"{old}2 ")
    two.wa.reload(new)
    # "De-configured", or, where wgd was quicker to say it, that the tunnel to the address is gone.
    wait_until(lambda: (two.wb.neighbor("10.9.0.1").get("last-error") or "") in (
        "received Cease/Peer De-configured", "received Cease/BFD Down"), 10, "the goodbye")
    wait_until(lambda: two.wa.allowed("wg0", "10.9.0.2/32") is None, what="the entry to go")
