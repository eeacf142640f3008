# SPDX-License-Identifier: BSD-2-Clause
"""What is measured.

    load namespace                          side's namespace
    bench/speaker 10.0.0.2 (feeder) ──┐
                  10.0.1.1 (drain)  ──┼── veth ── 10.0.0.1/16 wgbgp, BIRD or FRR
                  10.0.1.2 ...      ──┘

The feeder sends a table that was encoded before the clock starts; the time runs from its first byte
until every drain has counted every prefix (and, where it is asked for, until the kernel has them)."""
import json
import time

from lib.build import program
from lib.speaker import Speaker
from lib.topology import Topology, link

from measure import Meter, kernel_prefixes, wait_kernel
from sides import SIDES, Plan

SIDE = "10.0.0.1"
FEEDER = "10.0.0.2"
WARM_UP = "198.18.0.0/24"  # not in any generated table
TIMEOUT = 300


def drain_address(i):
    return f"10.0.{1 + i // 250}.{1 + i % 250}"


class Case:
    name, title = "", ""
    prefixes, clients = 1000000, 1
    kernel = False
    stalled = 0  # drains that do not read while it is measured
    sides = ()
    bars = {}  # of the ratios, by (side, other side)

    def __init__(self, prefixes=None, clients=None):
        self.prefixes = prefixes or self.prefixes
        self.clients = clients or self.clients

    def about(self):
        return self.title.format(prefixes=self.prefixes, clients=self.clients)

    def plan(self):
        raise NotImplementedError

    def run(self, name, directory):
        topo = Topology(directory)
        try:
            return self._run(topo, SIDES[name]) if name in SIDES else self._loop(topo)
        except AssertionError:
            for title, text in topo.report():
                print(f"──── {title}\n{text[-3000:]}")
            raise
        finally:
            topo.stop()
            topo.destroy()

    def _loop(self, topo):
        """The kernel's own limit: the same routes from a program that does nothing else."""
        load, alone = topo.router("load"), topo.router("side")
        link(alone, "v0", load, "v0", f"{SIDE}/16", f"{FEEDER}/16")
        out = alone.out([program("bench/fibloop"), str(self.prefixes), "1", "v0", FEEDER],
                        timeout=TIMEOUT)
        return {"seconds": json.loads(out)["seconds"]}

    def _run(self, topo, side):
        plan = self.plan()
        load, under_test = topo.router("load"), topo.router("side")
        link(under_test, "v0", load, "v0", f"{SIDE}/16",
             " ".join(f"{address}/16" for address, _, _ in plan.neighbors))
        side(topo, under_test, plan)
        speaker = Speaker(topo, load)
        speaker.do(*(f"session {'feeder' if i == 0 else f'drain{i}'} local={address} "
                     f"remote={SIDE} as={as_number} remote-as={plan.as_number}"
                     for i, (address, as_number, _) in enumerate(plan.neighbors)),
                   f"generate full count={self.prefixes}", "load feeder full",
                   f"wait established timeout={TIMEOUT}")
        drains = " ".join(f"drain{i}" for i in range(1, len(plan.neighbors)))
        # A first prefix through every session: what a side does only at a session's start is over.
        speaker.do(f"expect 1 {drains}", f"announce feeder {WARM_UP}",
                   f"wait prefixes {drains} timeout={TIMEOUT}", f"wait quiet {drains} for=3")
        self.goal = {name: counts["announced"] + self.prefixes
                     for name, counts in speaker.show(drains).items()}
        speaker.do(*(f"expect {goal} {name}" for name, goal in self.goal.items()))
        return self._measure(speaker, drains, under_test)

    def _measure(self, speaker, drains, under_test):
        before = kernel_prefixes(under_test)
        every, names = drains, drains.split()
        if self.stalled:
            speaker.do("stall " + " ".join(names[:self.stalled]))
            drains = " ".join(names[self.stalled:])
        with Meter(under_test) as meter:
            begin = speaker.do("send feeder")["at"]
            end = speaker.do(f"wait prefixes {drains} timeout={TIMEOUT}")["at"]
            out = end - begin
            if self.kernel:
                end = max(end, wait_kernel(under_test, before + self.prefixes, TIMEOUT))
            time.sleep(0.3)  # for the peak of memory, not a condition
        if self.stalled:
            speaker.do("resume", f"wait prefixes {every} timeout={TIMEOUT}")
        self._check(speaker, every)
        return {"seconds": end - begin, "out": out, **meter.figures()}

    def _check(self, speaker, drains):
        """Nothing was sent twice, nothing withdrawn, no session was lost."""
        speaker.do(f"wait quiet {drains} for=0.5 timeout={TIMEOUT}")
        for name, counts in speaker.show().items():
            assert counts["downs"] == 0, f"{name}: {counts}"
            if name in self.goal:
                assert counts["announced"] == self.goal[name], f"{name}: {counts}"
                assert counts["withdrawn"] == 0, f"{name}: {counts}"


class Table(Case):
    name = "table"
    title = "{prefixes} prefixes in and out, no kernel"
    sides = ("wgbgp", "bird")
    bars = {("wgbgp", "bird"): {"seconds": 0.8, "mib": 0.8}}

    def plan(self):
        return Plan(65000, SIDE, [(FEEDER, 65001, False)] + [
            (drain_address(i), 65002 + i, False) for i in range(self.clients)], self.kernel)


class TableFib(Table):
    name = "table-fib"
    title = "{prefixes} prefixes in and out, all routes in the kernel"
    kernel = True
    sides = ("wgbgp", "bird", "loop")
    bars = {("wgbgp", "bird"): {"seconds": 0.65}, ("wgbgp", "loop"): {"seconds": 1.11}}


class Reflect(Case):
    name = "reflect"
    title = "route reflector, {prefixes} prefixes x {clients} clients"
    prefixes, clients = 50000, 200
    sides = ("wgbgp", "frr")
    bars = {("wgbgp", "frr"): {"seconds": 0.2, "mib": 0.5}}

    def plan(self):
        return Plan(65000, SIDE, [(FEEDER, 65000, True)] + [
            (drain_address(i), 65000, True) for i in range(self.clients)])


class ReflectStalled(Reflect):
    """One client reads nothing: the others must not notice."""
    name = "reflect-stalled"
    title = "route reflector, {prefixes} prefixes x {clients} clients, one of them stalled"
    stalled = 1


CASES = {case.name: case for case in (Table, TableFib, Reflect, ReflectStalled)}
