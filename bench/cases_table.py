# SPDX-License-Identifier: BSD-2-Clause
"""Tables that go in and come out.

    load namespace                          side's namespace
    bench/speaker 10.0.0.2 (feeder) ──┐
                  10.0.1.1 (drain)  ──┼── veth ── 10.0.0.1/16 the side under test
                  10.0.1.2 ...      ──┘

The feeder sends a table that was encoded before the clock starts; the time runs from its first byte
until every drain has counted every prefix (and, where it is asked for, until the kernel has them)."""
import json
import os
import time

from lib.build import program
from lib.speaker import Speaker
from lib.topology import link

from case import COST, MEMORY, CPU, Case, Figure, Growth, Ratio
from measure import KernelWatch, Meter
from sides import SIDES, Plan

SIDE = "10.0.0.1"
FEEDER = "10.0.0.2"
WARM_UP = "198.18.0.0/24"  # not in any generated table
TIMEOUT = 300
PREFIX_FILE = "prefixes/pyasn_ipasn6_20151101.dat.gz"
SIZES = ({"size": 10000}, {"size": 100000}, {"size": 1000000})


def drain_address(i):
    return f"10.0.{1 + i // 250}.{1 + i % 250}"


def prefix_file():
    """Real prefixes, where they are; the generator has the same mix elsewhere."""
    path = os.path.join(os.environ.get("WGBGP_TESTDATA", "/nonexistent"), PREFIX_FILE)
    return path if os.path.exists(path) else None


def generate(table, size):
    """The speaker's command for a table."""
    path = prefix_file()
    return f"generate {table} count={size}" + (f" file={path} fill" if path else "")


def kernel_watch(router, size):
    """The routes of the table "full", which has the speaker's first seed."""
    path = prefix_file()
    return KernelWatch(router, [program("bench/routewatch"), *(("-f", path) if path else ()),
                                str(size), "1"], size)


class TableCase(Case):
    """Feeder and drains on one link with the side; subclasses say what happens then."""
    kernel = False
    internal = False  # all of them are iBGP clients of a reflector

    def neighbors(self):
        if self.internal:
            return [(FEEDER, 65000, True)] + [(drain_address(i), 65000, True)
                                              for i in range(self.clients)]
        return [(FEEDER, 65001, False)] + [(drain_address(i), 65002 + i, False)
                                           for i in range(self.clients)]

    def connect(self, topo):
        """The two namespaces, the speaker with its sessions and its table; no side yet."""
        self.plan = Plan(65000, SIDE, self.neighbors(), self.kernel)
        load, self.router = topo.router("load"), topo.router("side")
        link(self.router, "v0", load, "v0", f"{SIDE}/16",
             " ".join(f"{address}/16" for address, _, _ in self.plan.neighbors))
        self.speaker = Speaker(topo, load)
        names = ["feeder"] + [f"drain{i}" for i in range(1, self.clients + 1)]
        self.drains = " ".join(names[1:])
        self.speaker.do(*map(self.session, names, self.plan.neighbors), *self.tables())

    def session(self, name, neighbor):
        """The speaker's command that makes it."""
        address, as_number, _ = neighbor
        return (f"session {name} local={address} remote={SIDE} as={as_number} "
                f"remote-as={self.plan.as_number} retry=50")

    def tables(self):
        """The speaker's commands that load the feeder."""
        return generate("full", self.size), "load feeder full"

    def fed(self):
        """So many prefixes."""
        return self.size

    def settle(self, topo, side):
        """Everything up, and a first prefix through every session: what a side does only at a
        session's start (FRR collects neighbours for seconds) is over."""
        self.connect(topo)
        self.daemon = SIDES[side](topo, self.router, self.plan)
        self.speaker.do(f"wait established timeout={TIMEOUT}", f"expect 1 {self.drains}",
                        f"announce feeder {WARM_UP}",
                        f"wait prefixes {self.drains} timeout={TIMEOUT}",
                        f"wait quiet {self.drains} for={self.quiet}")
        self.goal = {name: counts["announced"] + self.fed()
                     for name, counts in self.speaker.show(self.drains).items()}
        self.expect_all()

    def expect_all(self):
        self.speaker.do(*(f"expect {goal} {name}" for name, goal in self.goal.items()))

    def feed(self):
        """Until everything is there: (begin, end)."""
        begin = self.speaker.do("send feeder")["at"]
        return begin, self.speaker.do(f"wait prefixes {self.drains} timeout={TIMEOUT}")["at"]

    def check(self, drains):
        """Nothing was sent twice, nothing withdrawn, no session was lost."""
        self.speaker.do(f"wait quiet {drains} for=0.5 timeout={TIMEOUT}")
        for name, counts in self.speaker.show().items():
            assert counts["downs"] == 0, f"{name}: {counts}"
            if name in self.goal:
                assert counts["announced"] == self.goal[name], f"{name}: {counts}"
                assert counts["withdrawn"] == 0, f"{name}: {counts}"


class Table(TableCase):
    name = "table"
    title = "{size} prefixes in and out, no kernel"
    rivals = ("bird", "frr", "openbgpd", "gobgp")
    bars = (Ratio("seconds", "bird", 0.8), Ratio("mib", "bird", 0.8))
    slope = SIZES

    def measure(self, topo, side):
        self.settle(topo, side)
        watch = kernel_watch(self.router, self.size) if self.kernel else None
        with Meter(self.router) as meter:
            begin, end = self.feed()
            out = end - begin
            if watch:
                end = max(end, watch.wait(TIMEOUT))
            time.sleep(0.3)  # for the peak of memory, not a condition
        self.check(self.drains)
        return {"seconds": end - begin, "out": out, **meter.figures()}


class TableFib(Table):
    name = "table-fib"
    title = "{size} prefixes in and out, all routes in the kernel"
    notes = ("loop only writes the same routes, in batches, with a gateway.",)
    kernel = True
    rivals = ("bird", "frr")
    references = ("loop",)
    figures = (*COST, Figure("out", "time until all are sent", "s"))
    bars = (Ratio("seconds", "bird", 0.65), Ratio("seconds", "loop", 1.11))

    def measure(self, topo, side):
        return self._loop(topo) if side == "loop" else super().measure(topo, side)

    def _loop(self, topo):
        """The kernel's own limit: the same routes from a program that does nothing else."""
        load, alone = topo.router("load"), topo.router("side")
        link(alone, "v0", load, "v0", f"{SIDE}/16", f"{FEEDER}/16")
        path = prefix_file()
        out = alone.out([program("bench/fibloop"), *(("-f", path) if path else ()),
                         str(self.size), "1", "v0", FEEDER], timeout=TIMEOUT)
        return {"seconds": json.loads(out)["seconds"]}


class Reflect(TableCase):
    name = "reflect"
    title = "route reflector, {size} prefixes × {clients} clients"
    internal = True
    size, clients = 50000, 200
    sides = ("wgbgp", "frr")
    rivals = ("bird", "frr", "openbgpd", "gobgp")
    bars = (Ratio("seconds", "frr", 0.2), Ratio("mib", "frr", 0.5))
    slope = ({"clients": 200}, {"clients": 1000})
    growth = (Growth("seconds", 6),)
    smoke = {"size": 500, "clients": 5}

    def measure(self, topo, side):
        self.settle(topo, side)
        with Meter(self.router) as meter:
            begin, end = self.feed()
            time.sleep(0.3)  # for the peak of memory, not a condition
        self.check(self.drains)
        return {"seconds": end - begin, **meter.figures()}


class SlowReader(Reflect):
    """One client reads nothing: the others must not notice."""
    name = "slow-reader"
    title = "route reflector, {size} prefixes × {clients} clients, one of which reads nothing"
    notes = ("The time is that of the other clients; wgbgp-calm is the run in which all read.",)
    sides = ("wgbgp",)
    references = ("wgbgp-calm",)
    bars = (Ratio("seconds", "wgbgp-calm", 1.2), Ratio("mib", "wgbgp-calm", 1.5))
    slope = ()
    growth = ()

    def measure(self, topo, side):
        if side == "wgbgp-calm":
            return super().measure(topo, "wgbgp")
        self.settle(topo, side)
        every = self.drains
        stalled, self.drains = every.split(" ", maxsplit=1)
        self.speaker.do(f"stall {stalled}")
        with Meter(self.router) as meter:
            begin, end = self.feed()
            time.sleep(0.3)  # for the peak of memory, not a condition
        self.speaker.do("resume", f"wait prefixes {every} timeout={TIMEOUT}")
        self.check(every)
        return {"seconds": end - begin, **meter.figures()}


class Reconnect(TableCase):
    name = "reconnect"
    title = "a neighbour with {size} prefixes drops and returns"
    notes = ("The connection ends without a word and without graceful restart: everything is "
             "withdrawn. The time back runs from the first byte of the returned table.",)
    rivals = ("bird", "frr", "openbgpd", "gobgp")
    figures = (Figure("down", "time to withdraw", "s", True),
               Figure("back", "time to announce again", "s", True), CPU, MEMORY)
    slope = SIZES

    def measure(self, topo, side):
        self.settle(topo, side)
        self.feed()
        self.check(self.drains)
        with Meter(self.router) as meter:
            self.speaker.do(*(f"expect 0 at-most {name}" for name in self.goal))
            begin = self.speaker.do("drop feeder")["at"]
            down = self.speaker.do(f"wait prefixes {self.drains} timeout={TIMEOUT}")["at"] - begin
            self.speaker.do(f"wait established feeder timeout={TIMEOUT}",
                            *(f"expect {self.size} {name}" for name in self.goal))
            begin, end = self.feed()
            time.sleep(0.3)  # for the peak of memory, not a condition
        for name, counts in self.speaker.show(self.drains).items():
            assert counts["downs"] == 0 and counts["prefixes"] == self.size, f"{name}: {counts}"
        return {"down": down, "back": end - begin, **meter.figures()}


class Start(TableCase):
    name = "start"
    title = "from the program's start to {size} prefixes sent on and in the kernel"
    notes = ("The neighbours knock every 50 ms from before the start.",)
    kernel = True
    rivals = ("bird", "frr")
    figures = (*COST, Figure("established", "time to the first session", "s"))
    size = 100000
    slope = SIZES

    def measure(self, topo, side):
        self.connect(topo)
        self.speaker.do(f"expect {self.size} {self.drains}")
        watch = kernel_watch(self.router, self.size)
        self.plan.wait = False
        begin = time.monotonic()
        SIDES[side](topo, self.router, self.plan)
        with Meter(self.router, fresh=True) as meter:
            up = self.speaker.do(f"wait established feeder timeout={TIMEOUT}")["at"]
            self.speaker.do("send feeder")
            end = self.speaker.do(f"wait prefixes {self.drains} timeout={TIMEOUT}")["at"]
            end = max(end, watch.wait(TIMEOUT))
        return {"seconds": end - begin, "established": up - begin, **meter.figures()}
