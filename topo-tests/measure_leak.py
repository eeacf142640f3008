# SPDX-License-Identifier: BSD-2-Clause
"""No test, a measurement: WGBGP_LEAK_SECONDS=7200 topo-tests/run measure_leak.py -s --timeout 9000
Neighbours, tunnels and the configuration come and go; what each daemon holds (PSS), every minute,
and the slope of the second half in KiB an hour.

    b (feeds) ══ wg0 10.99.0.0/24 ══ hub ══ wg1 10.99.1.0/24 ══ c (is told)
"""
import os
import statistics
import time

from lib.wait import wait_until
from lib.wgbgp import DAEMONS
from test_silent_program import Net

SECONDS = int(os.environ.get("WGBGP_LEAK_SECONDS", "7200"))
PREFIXES = 2000
TABLES = 5  # in turn, so that the state is the same again and again


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def come_and_go(net, turn):
    """A table comes and its neighbour goes; the tunnel goes and comes; the file changes."""
    b, c = net.speaker["b"], net.speaker["c"]
    b.do(f"load b table{turn % TABLES}", "send b")
    c.do(f"expect {PREFIXES} c", "wait prefixes c timeout=120")
    net.wgbgp.cli("show route", "show bgp neighbors")
    if turn % 2:
        net.hub.ip("link set wg0 down")
        net.wgbgp.wait_tunnel("b", "down")
    b.do("drop b")
    c.do("expect 0 at-most c", "wait prefixes c timeout=120")
    net.hub.ip("link set wg0 up")
    net.wgbgp.replace("hold-time 30;", "hold-time 30; keepalive 9;")
    net.wgbgp.replace("hold-time 30; keepalive 9;", "hold-time 30;")
    b.do("wait established timeout=120")


def slope(samples):
    """KiB an hour of (seconds, KiB), by the second half."""
    half = samples[len(samples) // 2:]
    return statistics.linear_regression(*zip(*half)).slope * 3600


def test_leak(topo):
    net = Net(topo)
    pids = {name: net.wgbgp.daemon_pid(name) for name in DAEMONS}
    pids["wgbgpd"] = net.wgbgp.process.pid
    samples = {name: [] for name in pids}
    for n in range(TABLES):
        net.speaker["b"].do(f"generate table{n} count={PREFIXES} seed={1 + n}")
    begin, turn, due = time.monotonic(), 0, 0
    while time.monotonic() - begin < SECONDS:
        come_and_go(net, turn)
        turn += 1
        now = time.monotonic() - begin
        if now >= due:
            due = now + 60
            for name, pid in pids.items():
                samples[name].append((now, pss_kib(pid)))
            print(f"{now:6.0f} s, {turn} turns: "
                  + ", ".join(f"{name} {of[-1][1]} KiB" for name, of in samples.items()), flush=True)
    wait_until(lambda: all(net.wgbgp.daemon_pid(n) == pids[n] for n in DAEMONS), what="the same daemons")
    for name, of in samples.items():
        print(f"{name}: {of[0][1]} KiB, then {of[-1][1]} KiB; {slope(of):+.0f} KiB/h in the second half")
