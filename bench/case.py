# SPDX-License-Identifier: BSD-2-Clause
"""What a case is: a name, sides that take turns, figures, and bars that say what is good enough.

A case is made for one point (a size, a number of clients) and run once for each side and round;
what comes back is a dict of numbers. `slope` lists the points of --slope."""
from dataclasses import dataclass

from lib.build import daemons_from
from lib.topology import Topology

from pairs import is_build


@dataclass(frozen=True)
class Figure:
    key: str
    label: str
    unit: str
    plot: bool = False  # in the plots of the slope


TIME = Figure("seconds", "time", "s", True)
CPU = Figure("cpu", "CPU", "s")
MEMORY = Figure("mib", "peak memory", "MiB", True)
COST = (TIME, CPU, MEMORY)


@dataclass(frozen=True)
class Ratio:
    """Ours / theirs of one figure; at least the limit instead of at most where `more` is better."""
    key: str
    other: str
    limit: float
    more: bool = False

    def value(self, medians):
        ours, theirs = medians.get("wgbgp", {}), medians.get(self.other, {})
        return ours[self.key] / theirs[self.key] if self.key in ours and theirs.get(self.key) \
            else None

    def text(self, label):
        return f"{label} / {self.other}"


@dataclass(frozen=True)
class Limit:
    """Our own figure."""
    key: str
    limit: float
    more: bool = False

    def value(self, medians):
        return medians.get("wgbgp", {}).get(self.key)

    def text(self, label):
        return label


@dataclass(frozen=True)
class Within:
    """One figure of ours / another of ours."""
    key: str
    base: str
    limit: float
    more: bool = False

    def value(self, medians):
        ours = medians.get("wgbgp", {})
        return ours[self.key] / ours[self.base] if self.key in ours and ours.get(self.base) \
            else None

    def text(self, label):
        return label


@dataclass(frozen=True)
class Growth:
    """Our figure at the last point of the slope / at the first one."""
    key: str
    limit: float


class Case:
    name, title = "", ""
    size, clients = 1000000, 1  # what they count is the title's business
    sides = ("wgbgp", "bird")  # by default; wgbgp comes first
    rivals = ("bird",)  # what --against may name
    references = ()  # run whatever --against says, but where it names builds alone
    figures = COST
    bars = ()
    growth = ()
    slope = ()  # of {"size": N} or {"clients": N}
    smoke = {"size": 500}  # a point that only shows that it works
    quiet = 3  # seconds without a message, after which a session has started

    def __init__(self, size=None, clients=None):
        self.size = size or self.size
        self.clients = clients or self.clients

    def about(self):
        return self.title.format(size=f"{self.size:,}", clients=f"{self.clients:,}")

    @classmethod
    def choose(cls, against):
        """The sides of one run: those asked for that this case knows."""
        if against is None:
            return (*cls.sides, *cls.references)
        others = [side for side in against if side in cls.rivals or is_build(side)]
        if others and all(map(is_build, others)):
            return ("wgbgp", *others)
        return ("wgbgp", *others, *cls.references)

    def run(self, side, directory):
        """One measurement in a topology of its own; what went wrong shows its logs."""
        topo = Topology(directory)
        try:
            name, _, directory = side.partition("=")
            with daemons_from(directory):
                return self.measure(topo, name)
        except AssertionError:
            for title, text in topo.report():
                print(f"──── {title}\n{text[-3000:]}")
            raise
        finally:
            topo.stop()
            topo.destroy()

    def measure(self, topo, side):
        raise NotImplementedError
