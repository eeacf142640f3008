# SPDX-License-Identifier: BSD-2-Clause
"""A slow kernel, a slow client, a processor that is too small: sessions with a short hold time stay
up, queues stay bounded, and the newest state wins.

    load namespace                       hub's namespace
    feeder 10.0.0.2 ─┐
    slow   10.0.0.3 ─┼── veth ── 10.0.0.1/24 wgbgp, on one processor, hold time 3 s
    quick  10.0.0.4 ─┘
"""
import os
import re
import signal

import pytest

from lib.speaker import Speaker
from lib.topology import link
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

pytestmark = pytest.mark.timeout(400)

PREFIXES = 100000
SETS = 30000
CLIENTS = {"feeder": "10.0.0.2", "slow": "10.0.0.3", "quick": "10.0.0.4"}
BOUND_KIB = 40 * 1024  # resident; with the table and nothing queued it is a third of that

CONF = """
bgp {
    as 65000;
    router-id 10.0.0.1;
    neighbor-group all { passive true; hold-time 3; ipv6-unicast false; import all; export all; }
""" + "".join(f"    neighbor {a} {{ group all; remote-as {65001 + i}; }}\n"
              for i, a in enumerate(CLIENTS.values())) + "}\n"


def pin(pid):
    """PID and whatever it has started, and will start, to one processor."""
    cpu = {min(os.sched_getaffinity(0))}
    todo = [pid]
    while todo:
        at = todo.pop()
        for thread in os.listdir(f"/proc/{at}/task"):
            os.sched_setaffinity(int(thread), cpu)
        with open(f"/proc/{at}/task/{at}/children", encoding="ascii") as f:
            todo += map(int, f.read().split())


class Hub:
    def __init__(self, topo):
        load, self.router = topo.router("load"), topo.router("hub")
        link(self.router, "v0", load, "v0", "10.0.0.1/24",
             " ".join(f"{a}/24" for a in CLIENTS.values()))
        self.wgbgp = Wgbgp(topo, self.router, CONF)
        self.speaker = Speaker(topo, load)
        pin(self.wgbgp.process.pid)
        pin(self.speaker.pid)
        self.speaker.do(*(f"session {name} local={a} remote=10.0.0.1 as={65001 + i} "
                          "remote-as=65000 hold=3 table"
                          for i, (name, a) in enumerate(CLIENTS.items())),
                        f"generate full count={PREFIXES}", "load feeder full",
                        "wait established timeout=60")

    def stay(self):
        """No session was lost, on either side."""
        for name, counts in self.speaker.show().items():
            assert counts["downs"] == 0, (name, counts)
        assert "session-down" not in self.wgbgp.log()

    def in_kernel(self):
        with open(f"/proc/{self.router.pid}/net/fib_triestat", encoding="ascii") as f:
            return int(re.search(r"Prefixes:\s+(\d+)", f.read().split("Main:", 1)[1])[1])


@pytest.fixture
def hub(topo):
    return Hub(topo)


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


def test_one_processor(hub):
    """A full table in, on and into the kernel while everything shares one processor."""
    before = hub.in_kernel()
    hub.speaker.do("expect %d slow quick" % PREFIXES, "send feeder",
                   "wait prefixes slow quick timeout=200")
    wait_until(lambda: hub.in_kernel() >= before + PREFIXES, 60, "all routes in the kernel", 0.5)
    hub.stay()


@pytest.mark.parametrize("daemon", ["zebra-lite", "wgd"])
def test_stopped_daemon(hub, daemon):
    """A daemon that does not run while the table comes, changes and half of it goes: what bgpd
    keeps for it is bounded, no session notices, and afterwards the newest state is installed."""
    pid = hub.wgbgp.daemon_pid(daemon)
    bgpd = hub.wgbgp.daemon_pid("bgpd")
    before = hub.in_kernel()
    os.kill(pid, signal.SIGSTOP)
    try:
        hub.speaker.do("send feeder", "wait sent feeder timeout=200",
                       "announce feeder 198.18.0.0/24 198.18.1.0/24",
                       "withdraw feeder 198.18.1.0/24")
        wait_until(lambda: hub.wgbgp.neighbor(CLIENTS["feeder"])["received-prefixes"] ==
                   PREFIXES + 1, 60, "bgpd to have the table")
        hub.stay()
        assert memory_kib(bgpd) < BOUND_KIB
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: hub.in_kernel() == before + PREFIXES + 1, 60,
               "the newest state in the kernel", 0.5)
    wait_until(lambda: hub.wgbgp.kernel_routes("198.18.0.0/24"), 30, "the announced route")
    assert not hub.wgbgp.kernel_routes("198.18.1.0/24")
    hub.stay()


def test_client_reads_nothing(hub):
    """One client reads nothing: the other has everything, the memory is bounded, and when it reads
    again it is told what holds then, and only that."""
    bgpd = hub.wgbgp.daemon_pid("bgpd")
    hub.speaker.do("stall slow", "expect %d quick" % PREFIXES, "send feeder",
                   "wait prefixes quick timeout=200")
    hub.speaker.do("announce feeder 198.18.0.0/24 path=65001,64999",
                   "announce feeder 198.18.0.0/24 path=65001,64998",
                   "withdraw feeder 198.18.0.0/24", "expect %d quick" % PREFIXES,
                   "wait prefixes quick timeout=60")
    assert memory_kib(bgpd) < BOUND_KIB
    hub.speaker.do("resume slow", "expect %d slow" % PREFIXES,
                   "wait prefixes slow timeout=100", "wait quiet slow for=1 timeout=60")
    assert len(set(hub.speaker.do("digest slow quick")["digests"].values())) == 1
    for name in ("feeder", "quick"):
        assert hub.speaker.show(name)[name]["downs"] == 0


def nice_values(pid):
    """Of the first thread, and of the others."""
    values = [os.getpriority(os.PRIO_PROCESS, thread)
              for thread in sorted(map(int, os.listdir(f"/proc/{pid}/task")))]
    return values[0], values[1:]


def test_routes_come_first(hub):
    """The thread that writes routes gets the processor before those who make work for it; they have
    what the parent has."""
    ours, _ = nice_values(hub.wgbgp.process.pid)
    loop, threads = nice_values(hub.wgbgp.daemon_pid("zebra-lite"))
    assert (loop, threads) == (ours, [max(ours - 5, -20)])
    assert nice_values(hub.wgbgp.daemon_pid("bgpd"))[0] == ours


def has_sanitizer(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        return "libasan" in f.read()


def test_memory_goes_back(hub):
    """When attribute sets go, their memory does: each of these prefixes has one of its own."""
    pid = hub.wgbgp.daemon_pid("bgpd")
    if has_sanitizer(pid):
        pytest.skip("a sanitizer keeps what was freed")
    tail = ",".join(str(100000 + i) for i in range(200))
    hub.speaker.do("announce feeder 198.18.0.0/24", "expect 1 quick",
                   "wait prefixes quick timeout=60")
    before = memory_kib(pid)
    hub.speaker.do(*(f"announce feeder 10.{64 + (i >> 8)}.{i & 255}.0/24 path=65001,{i + 1},{tail}"
                     for i in range(SETS)),
                   f"expect {SETS + 1} quick", "wait prefixes quick timeout=120")
    grown = memory_kib(pid) - before
    hub.speaker.do("drop feeder", "expect 0 at-most quick", "wait prefixes quick timeout=120")
    wait_until(lambda: memory_kib(pid) - before < grown / 3, 30,
               f"bgpd to give back most of {grown} KiB", 0.5)
