# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs (lib/dualhub.py): the tunnel to the better one is taken down on purpose, and everything
that follows is measured. It comes back whatever dies meanwhile.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══════╝
"""
import json
import os
import signal

import pytest

from lib.build import program
from lib.dualhub import DualHub
from lib.probe import Ping, reaches
from lib.snippets import PROBE_TIMEOUT_MS
from lib.stream import Stream
from lib.wait import wait_until

# Seconds of a cut: long enough to be noticed, however slow this machine makes detection.
CUT = 8 + PROBE_TIMEOUT_MS // 1000


@pytest.fixture(name="dual")
def dual_up(topo):
    d = DualHub(topo, sites=2)
    d.wait()
    for w in d.wsite.values():
        w.wait_tunnel("hub1", "up")
        w.wait_tunnel("hub2", "up")
    return d


def table(router):
    return router.run("nft list table inet wgbgp_drill", check=False).returncode == 0


def wait_cut(w):
    wait_until(lambda: "cut peer=hub1" in w.log(), 20, "the cut", 0.05)
    assert table(w.router)


def restored(d):
    """The tunnel is in use again, and nothing of the drill is left."""
    d.wsite[1].wait_installed("192.168.2.0/24", "wg1", "hub1.wg0", timeout=60)
    wait_until(lambda: not table(d.site[1]), 20, "the table to be gone")
    reaches(d.host[1], d.host[2].address)


def background(w, line):
    """The command in a process of its own."""
    return w.router.spawn("drill", [program("cli/wgbgp-cli"), "-r", w.rundir, "-c", line],
                          env=w.env())


def test_drill_measures(dual):
    """The times are in order, an address behind the tunnel is dark for about as long as a ping of
    our own says, and nothing is lost on the way back."""
    w = dual.wsite[1]
    with Ping(dual.host[1], dual.host[2].address) as ping:
        doc = json.loads(w.cli(f"drill tunnel hub1 for {CUT} to 192.168.2.10 json"))
        ping.flows()
    r = doc["steps"][-1]["result"]
    assert r["result"] == "complete" and r["prefixes"] >= 2
    assert 0 < r["detection-ms"] <= r["down-ms"] < CUT * 1000
    assert r["detection-ms"] <= r["first-move-ms"] <= r["last-move-ms"] < CUT * 1000
    assert r["detection-ms"] <= r["withdrawal-ms"] < CUT * 1000
    assert r["writes"] > 0 and r["return-writes"] > 0
    assert 0 < r["up-ms"] <= r["first-return-ms"] <= r["last-return-ms"]
    assert r["echo-lost"] > 0 and r["return-echo-sent"] > 50 and r["return-echo-lost"] == 0
    assert abs(r["echo-blackout-ms"] - ping.blackout_ms) < 1500
    assert r["echo-blackout-ms"] >= r["first-move-ms"] - 50
    restored(dual)
    [kept] = w.show("drills")["drills"]
    assert kept == r
    assert "complete" in w.cli("show drills")
    w.restart()
    assert w.show("drills")["drills"] == [r]
    metrics = {m["name"]: m["samples"] for m in w.show("metrics")["metrics"]}
    assert metrics["wgbgp_drill_time_seconds"][0]["value"] == r["time"]


def test_refused(dual):
    """No drill where it would hurt, or would prove nothing."""
    w = dual.wsite[1]
    for line, words in (("drill tunnel nobody", "no such tunnel peer"),
                        ("drill tunnel hub1 for 5 to 192.168.77.1", "does not answer"),
                        ("drill tunnel hub1 for 601", "600 seconds"),
                        ("drill stop", "no tunnel is cut")):
        answer = w.cli_run(line)
        assert answer.returncode == 1 and words in answer.stderr, line
    dual.net.cut("site1", "hub2")
    w.wait_tunnel("hub2", "down")
    answer = w.cli_run("drill tunnel hub1 for 5")
    assert answer.returncode == 1
    assert "have no other healthy path: " in answer.stderr and "192.168.2.0/24" in answer.stderr
    answer = w.cli_run("drill tunnel hub2 for 5")
    assert answer.returncode == 1 and "the tunnel is not up" in answer.stderr
    assert not table(dual.site[1]) and w.show("drills")["drills"] == []


def test_shared_interface(dual):
    """At the hub only the one site is cut, not its neighbor on the same port."""
    hub = dual.whub[1]
    with Ping(dual.hub[1], "10.0.1.12") as other:
        process = background(hub, f"drill tunnel site1 for {CUT}")
        hub.wait_tunnel("site1", "down")
        other.flows(100)
        wait_until(lambda: not process.alive(), 90, "the end of the drill")
        assert process.popen.returncode == 0, process.text()
    other.nothing_lost()
    assert hub.show("drills")["drills"][0]["result"] == "complete"


def test_stop(dual):
    w = dual.wsite[1]
    process = background(w, "drill tunnel hub1 for 500")
    wait_cut(w)
    assert "a drill is running" in w.cli_run("drill tunnel hub1").stderr
    w.wait_tunnel("hub1", "down")
    w.cli("drill stop")
    wait_until(lambda: not process.alive(), 60, "the end of the drill")
    assert process.popen.returncode == 0
    restored(dual)


def test_tcp_survives(dual):
    """A TCP connection across the tunnel goes on by the other one while this one is cut, and
    loses nothing when it comes back."""
    w = dual.wsite[1]
    stream = Stream(dual.host[1], dual.host[2])
    process = background(w, "drill tunnel hub1 for 500")
    w.wait_tunnel("hub1", "down")
    stream.flows(200, timeout=60)
    assert w.tunnel_state("hub1") == "down"  # so it was the other one that carried them
    w.cli("drill stop")
    restored(dual)
    stream.flows(200)
    stream.stop()
    wait_until(lambda: not process.alive(), 60, "the end of the drill")
    assert process.popen.returncode == 0, process.text()


def test_cli_dies(dual):
    """The drill goes on without its client, to the end."""
    w = dual.wsite[1]
    process = background(w, f"drill tunnel hub1 for {CUT}")
    wait_cut(w)
    process.kill(signal.SIGKILL)
    w.wait_tunnel("hub1", "down")
    restored(dual)
    wait_until(lambda: [r["result"] for r in w.show("drills")["drills"]] == ["complete"], 60,
               "the record")


def test_wgd_dies(dual):
    """The next wgd restores at once; the kernel would have in time."""
    w = dual.wsite[1]
    background(w, "drill tunnel hub1 for 500")
    wait_cut(w)
    w.kill_daemon("wgd")
    restored(dual)
    assert [r["result"] for r in w.show("drills")["drills"]] == ["interrupted: wgd ended"]


def test_all_die(dual):
    """Nobody of us is left: the kernel restores alone, and the next start says what happened."""
    w = dual.wsite[1]
    background(w, f"drill tunnel hub1 for {CUT}")
    wait_cut(w)
    pids = [w.daemon_pid(name) for name in ("bfdd", "bgpd", "zebra-lite", "wgd")]
    w.process.kill(signal.SIGSTOP)  # or it would start new ones
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    w.process.kill(signal.SIGKILL)
    wait_until(lambda: not w.process.alive(), 10, "wgbgpd to be gone")
    assert table(dual.site[1])
    reaches(dual.site[1], "10.0.1.1", timeout=40)
    assert table(dual.site[1])
    w.start()
    restored(dual)
    assert [r["result"] for r in w.show("drills")["drills"]] == ["interrupted: wgbgpd ended"]
