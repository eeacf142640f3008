# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs, two sites (lib/dualhub.py has the whole drawing): the better hub stops in every way that
a machine can stop. Nobody says goodbye.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2       hub 1: frozen as a whole, frozen but for
                ╚════ wg2 ══ hub2 ══════╝                 what carries packets, without power
"""
import contextlib
import os
import signal

import pytest

from lib.dualhub import DualHub
from lib.ns import wait_gone
from lib.probe import MOVES_MS, Ping
from lib.snippets import FAST, bfd
from lib.wait import holds, wait_until

NETS = {1: "192.168.2.0/24", 2: "192.168.1.0/24"}  # what site 1 and site 2 want to reach


def all_by(d, h):
    """Both sites send to each other by hub H, and it sends to both."""
    for n, w in d.wsite.items():
        w.wait_installed(NETS[n], f"wg{h}", f"hub{h}.wg0")
        d.whub[h].wait_installed(f"192.168.{n}.0/24", "wg0", f"site{n}.wg{h}")


def start(topo, fast):
    d = DualHub(topo, sites=2, fast=fast)
    d.wait()
    if "bfd" in fast:
        for w in d.wsite.values():
            w.wait_bfd("hub1")
            w.wait_bfd("hub2")
    return d


@contextlib.contextmanager
def frozen(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def moves(w, peer):
    return w.tunnel(peer)["changes"]


@pytest.mark.parametrize("fast", [FAST, bfd()], ids=["probe", "bfd"])
def test_frozen_hub(topo, fast):
    """All that runs on hub 1 stops, the userspace WireGuard too; later it goes on as if nothing had
    been, and finds its sessions gone."""
    d = start(topo, fast)
    with Ping(d.host[1], d.host[2].address) as ping:
        with frozen(d.hub[1].pids()):
            all_by(d, 2)
            ping.flows(50)
    with Ping(d.host[1], d.host[2].address, interval_ms=MOVES_MS) as ping:
        d.wait()
        ping.flows(50)
    ping.nothing_lost()


def test_frozen_daemons(topo):
    """Only wgbgp stops: packets and BFD pass, and nobody may move anything before BGP's hold time has
    run out."""
    d = start(topo, bfd())
    before = {n: moves(w, "hub1") for n, w in d.wsite.items()}
    w = d.whub[1]
    pids = [w.process.pid, *(w.daemon_pid(name) for name in ("bgpd", "zebra-lite", "wgd"))]
    with Ping(d.host[1], d.host[2].address) as ping:
        with frozen(pids):
            holds(lambda: all(s.installed(NETS[n], "wg1", "hub1.wg0")
                              for n, s in d.wsite.items()), 6, "the way by hub 1")
            ping.flows(50)
        assert {n: moves(s, "hub1") for n, s in d.wsite.items()} == before
        wait_until(lambda: w.show("version"), 20, "the hub to answer")
    ping.nothing_lost()


def test_frozen_daemons_and_bfd(topo):
    """bfdd stops with them: the tunnel is degraded, since bytes arrive, and traffic leaves it
    without a loss; the sessions stay."""
    d = start(topo, bfd())
    w = d.whub[1]
    pids = [w.process.pid, *(w.daemon_pid(name) for name in ("bgpd", "zebra-lite", "wgd", "bfdd"))]
    with Ping(d.host[1], d.host[2].address, interval_ms=MOVES_MS) as ping:
        with frozen(pids):
            for n, s in d.wsite.items():
                s.wait_installed(NETS[n], "wg2", "hub2.wg0")
                assert s.tunnel_state("hub1") == "degraded"
                assert s.established("10.0.1.1")
            ping.flows(50)
        d.wait()
        ping.flows(50)
    ping.nothing_lost()


@pytest.mark.parametrize("fast", [FAST, bfd()], ids=["probe", "bfd"])
def test_power_cut(topo, fast):
    """Hub 1's link goes dark and all its processes are gone in the same moment. Its power returns
    later: an empty machine, which starts anew."""
    d = start(topo, fast)
    w, pids = d.whub[1], d.hub[1].pids()
    with Ping(d.host[1], d.host[2].address) as ping:
        d.net.ip("link set i0 down")  # hub 1 was attached first
        w.process.stopped = True
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        all_by(d, 2)
        ping.flows(50)
    for s in d.wsite.values():
        s.wait_tunnel("hub1", "down")
    d.whub[2].wait_tunnel("hub1", "down")
    for pid in pids:
        wait_gone(pid)
    for ifname in ("wg0", "wgt"):  # where the kernel carries them
        d.hub[1].run(["ip", "link", "del", ifname], check=False)
    d.net.ip("link set i0 up")
    with Ping(d.host[1], d.host[2].address, interval_ms=MOVES_MS) as ping:
        w.start()
        d.wait(90)
        ping.flows(50)
    ping.nothing_lost()
