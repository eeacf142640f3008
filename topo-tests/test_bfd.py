# SPDX-License-Identifier: BSD-2-Clause
"""BFD over the tunnel, wgbgp at both ends (lib/twonodes.py):

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── BFD ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import os
import signal

import pytest

from lib.dualhub import DualHub
from lib.probe import MOVES_MS, Ping
from lib.snippets import PROBE_TIMEOUT_MS, bfd
from lib.twonodes import Two
from lib.wait import SLOW, holds, wait_until
from lib.wg import backend, many_entries

BUSY_SECONDS = int(os.environ.get("WGBGP_BUSY_SECONDS", "5"))


@pytest.fixture
def pair(topo):
    t = Two(topo, bfd())
    t.wait()
    t.wa.wait_bfd("b")
    t.wb.wait_bfd("a")
    return t


def transitions(pair):
    return pair.wa.bfd("b")["transitions"], pair.wb.bfd("a")["transitions"]


def test_up_and_said(pair):
    # It is up by a packet that said "init"; the next one says "up".
    wait_until(lambda: pair.wa.bfd("b")["remote-state"] == "up", 5, "the far end to say it")
    a, b = pair.wa.bfd("b"), pair.wb.bfd("a")
    assert a["evidence"] == "up"
    assert a["local-discriminator"] == b["remote-discriminator"] != 0
    assert (a["local-address"], a["remote-address"]) == ("10.9.0.1", "10.9.0.2")
    wait_until(lambda: pair.wa.bfd("b")["detection-ms"] == 3 * a["interval-ms"], 5, "detection")
    wait_until(lambda: pair.wa.bfd("b")["transmit-ms"] == a["interval-ms"], 5, "the pace")
    wait_until(lambda: pair.wa.tunnel("b")["bfd"] == "up", 5, "wgd to know")
    assert "10.9.0.2" in pair.wa.cli("show bfd")
    # Other timers: no interruption.
    before = transitions(pair)
    pair.wa.replace(f"interval {int(a['interval-ms'])};", f"interval {int(2 * a['interval-ms'])};")
    wait_until(lambda: pair.wb.bfd("a")["detection-ms"] == 6 * a["interval-ms"], 5, "the new pace")
    assert transitions(pair) == before


def test_cut(pair):
    """The underlay is cut: down at both ends, no byte contradicts; back when it is whole."""
    pair.net.cut("a", "b")
    for w, far in ((pair.wa, "b"), (pair.wb, "a")):
        w.wait_tunnel(far, "down", timeout=5)
        assert w.tunnel(far)["reason"] == "bfd-expired" and not w.tunnel(far)["weak"]
    pair.net.restore("a", "b")
    for w, far in ((pair.wa, "b"), (pair.wb, "a")):
        w.wait_bfd(far)
        w.wait_tunnel(far, "up")


@pytest.mark.skipif(backend() == "kernel", reason="reads without entries: no dump takes long")
def test_cut_and_slow_readings(topo):
    """A device with so many entries that reading it takes long is left to its polls. What came in
    before the cut, and is seen by a poll after it, is no sign of life: degraded until two polls
    have shown that."""
    t = Two(topo, bfd().replace("poll-interval 200", "probe off; poll-interval 2000"),
            strangers=[{"key": "stranger", "allowed_ips": many_entries()}])
    t.wait()
    t.wa.wait_bfd("b")
    with Ping(t.host_a, t.host_b.address) as ping:
        ping.flows(50)
        t.net.cut("a", "b")
        t.wa.wait_tunnel("b", "down", timeout=60)
    assert [to for _, to, _ in t.wa.tunnel_changes("b")][-2:] == ["degraded", "down"]
    assert t.wa.tunnel("b")["reason"] == "bfd-expired"


def test_one_way(pair):
    """Only from b to a is cut: a hears nothing, b is told so by a's BFD."""
    one = f"{pair.net.address('b')} . {pair.net.address('a')}"
    pair.net.nft(f"add element inet wild cut4 {{ {one} }}")
    pair.wb.wait_tunnel("a", "down", timeout=3)
    pair.wa.wait_tunnel("b", "down", timeout=3)
    assert pair.wb.tunnel("a")["reason"] == "bfd-signalled"
    assert pair.wa.tunnel("b")["reason"] == "bfd-expired"


def test_wgd_dies(pair):
    """bfdd outlives wgd: neither end notices, no packet is lost."""
    before = transitions(pair)
    with Ping(pair.host_a, pair.host_b.address) as ping:
        pair.wa.kill_daemon("wgd")
        wait_until(lambda: pair.wa.tunnel("b")["bfd"] == "up", 20, "a new wgd to know")
        ping.flows(50)
    ping.nothing_lost()
    assert transitions(pair) == before
    assert pair.wb.tunnel_state("a") == "up"


def test_bfdd_dies(pair):
    """A new bfdd begins with AdminDown: the far end starts anew, and takes no path away. Ours keeps
    its state. (Killed, it is back within the detection time; where it were not, bytes that arrive
    make it degraded.)"""
    changes = pair.wb.tunnel("a")["changes"], pair.wa.tunnel("b")["changes"]
    old = pair.wa.bfd("b")["local-discriminator"]
    with Ping(pair.host_a, pair.host_b.address) as ping:
        pair.wa.kill_daemon("bfdd")
        wait_until(lambda: pair.wa.bfd("b").get("local-discriminator") not in (None, old), 20,
                   "another discriminator")
        pair.wa.wait_bfd("b")
        pair.wb.wait_bfd("a")
        ping.flows(50)
    ping.nothing_lost()
    assert pair.wa.tunnel("b")["changes"] == changes[1]
    assert pair.wb.tunnel_state("a") in ("up", "degraded")
    assert pair.wb.tunnel("a")["reason"] != "bfd-signalled"
    assert pair.wb.tunnel("a")["changes"] <= changes[0] + 1


def test_bfdd_hangs(pair):
    """BFD alone is dead, bytes arrive: degraded, not down, and no packet is lost."""
    with Ping(pair.host_a, pair.host_b.address) as ping:
        pid = pair.wb.daemon_pid("bfdd")
        os.kill(pid, signal.SIGSTOP)
        pair.wa.wait_tunnel("b", "degraded", timeout=5)
        assert pair.wa.tunnel("b")["reason"] == "bfd-expired"
        holds(lambda: pair.wa.tunnel_state("b") == "degraded", 1)
        ping.flows(50)
        os.kill(pid, signal.SIGCONT)
        pair.wa.wait_bfd("b")
        pair.wa.wait_tunnel("b", "up")
    ping.nothing_lost()


def test_news_come_together(pair):
    """wgd sleeps while BFD falls silent and expires, and hears of both at once. Bytes arrive all the
    time: degraded, never down."""
    wgd, far = pair.wa.daemon_pid("wgd"), pair.wb.daemon_pid("bfdd")
    with Ping(pair.host_a, pair.host_b.address) as ping:
        os.kill(wgd, signal.SIGSTOP)
        os.kill(far, signal.SIGSTOP)
        wait_until(lambda: pair.wa.bfd("b")["state"] == "down", 5, "BFD to expire")
        os.kill(wgd, signal.SIGCONT)
        pair.wa.wait_tunnel("b", "degraded")
        os.kill(far, signal.SIGCONT)
        pair.wa.wait_bfd("b")
        pair.wa.wait_tunnel("b", "up")
    ping.nothing_lost()
    assert "down" not in {to for _, to, _ in pair.wa.tunnel_changes("b")}


def test_stop_and_start(pair):
    """A stop says AdminDown: the far end keeps its paths."""
    with Ping(pair.host_a, pair.host_b.address) as ping:
        pair.wb.stop()
        wait_until(lambda: pair.wa.tunnel("b")["bfd"] == "admin-down", 5, "AdminDown")
        holds(lambda: pair.wa.tunnel_state("b") == "up", 1)
        ping.flows(50)
        pair.wb.start()
        pair.wa.wait_bfd("b")
        ping.flows(50)
    ping.nothing_lost()
    assert pair.wa.tunnel("b")["changes"] == 1


def test_switched_off_and_on(pair):
    """Taken out of the configuration: AdminDown, nothing moves; and in again."""
    pair.wb.replace("enabled on;", "enabled off;")
    wait_until(lambda: pair.wa.tunnel("b")["bfd"] == "admin-down", 5, "AdminDown")
    wait_until(lambda: pair.wb.show("bfd")["sessions"] == [], 5, "the session's end")
    wait_until(lambda: pair.wb.tunnel("a")["bfd"] == "none", 5, "wgd to know")
    pair.wb.replace("enabled off;", "enabled on;")
    pair.wa.wait_bfd("b")
    assert pair.wa.tunnel("b")["changes"] == pair.wb.tunnel("a")["changes"] == 1


@pytest.mark.timeout(240 + BUSY_SECONDS)
@pytest.mark.skipif(SLOW > 1, reason="a slow machine misses 30 ms by itself")
def test_busy_machine(topo):
    """3 × 10 ms while as many processes as there are processors do nothing but compute, for so many
    seconds as WGBGP_BUSY_SECONDS says."""
    t = Two(topo, bfd(10))
    t.wait()
    t.wa.wait_bfd("b")
    t.wb.wait_bfd("a")
    before = transitions(t)
    busy = [t.a.spawn(f"busy-{n}", ["/bin/sh", "-c", "while :; do :; done"])
            for n in range(os.cpu_count())]
    holds(lambda: transitions(t) == before, BUSY_SECONDS, "no false alarm")
    for process in busy:
        process.stop(signal.SIGKILL)
    assert t.wa.tunnel("b")["changes"] == t.wb.tunnel("a")["changes"] == 1


def test_dual_hub(topo):
    """lib/dualhub.py: the tunnel from site 1 to the better hub dies; BFD finds it long before the
    data probes would, traffic goes by hub 2, and comes back without a loss."""
    d = DualHub(topo, sites=2, fast=bfd())
    d.wait()
    d.wsite[1].wait_bfd("hub1")
    d.whub[1].wait_bfd("site1")
    with Ping(d.host[1], d.host[2].address, interval_ms=2) as ping:
        d.net.cut("site1", "hub1")
        d.wsite[1].wait_installed("192.168.2.0/24", "wg2", "hub2.wg0")
        assert d.wsite[1].tunnel("hub1")["reason"] == "bfd-expired"
        ping.flows()
    assert 0 < ping.blackout_ms < PROBE_TIMEOUT_MS
    with Ping(d.host[1], d.host[2].address, interval_ms=MOVES_MS) as ping:
        d.net.restore("site1", "hub1")
        d.wsite[1].wait_tunnel("hub1", "up")
        d.wait()
        ping.flows()
    ping.nothing_lost()


def test_interface_deleted(pair):
    """Somebody deletes the interface: the one that takes its place has a session of its own."""
    old = pair.wa.bfd("b")["local-discriminator"]
    pair.a.ip("link del wg0")
    wait_until(lambda: pair.wa.bfd("b").get("local-discriminator") not in (None, old), 20,
               "another session")
    pair.wa.wait_bfd("b")
    pair.wb.wait_bfd("a")
    pair.wa.wait_tunnel("b", "up")
    assert len(pair.wa.show("bfd")["sessions"]) == 1
