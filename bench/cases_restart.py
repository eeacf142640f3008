# SPDX-License-Identifier: BSD-2-Clause
"""Restarts: a hub with many sites, of which one does not come back.

    bench/speaker: site 1 ─┐
                   site 2 ─┼── the side under test, a reflector; as in cases_table.py
                   ...    ─┘"""
import os
import time

from case import Figure, Ratio
from cases_table import TIMEOUT, TableCase

GOES_ON_S = 0.3  # until the hub has noticed


class HubRestart(TableCase):
    name = "hub-restart"
    title = ("bgpd of a hub is killed; {clients} sites with {size} prefixes each and one that does "
             "not come back: until all have what all others announce again")
    notes = ("Sites speak graceful restart; the one that is missing went shortly before. wgbgp-all "
             "is the run in which it returns, too.",)
    internal = True
    kernel = True
    size, clients = 10, 99
    sides = ("wgbgp",)
    references = ("wgbgp-all",)
    figures = (Figure("seconds", "time", "s", True),)
    bars = (Ratio("seconds", "wgbgp-all", 1.1),)
    slope = ()
    smoke = {"size": 3, "clients": 5}

    def connect(self, topo):
        super().connect(topo)
        self.names = ["feeder", *self.drains.split()]  # the feeder is the one that goes

    def session(self, name, neighbor):
        return super().session(name, neighbor) + " gr"

    def tables(self):
        commands = []
        for site in range(self.clients + 1):
            name = f"drain{site}" if site else "feeder"
            path = os.path.join(self.speaker.router.dir, f"site{site}")
            with open(path, "w", encoding="ascii") as f:
                f.writelines(f"100.{64 + n // 256}.{n % 256}.0/24\n"
                             for n in range(site * self.size, (site + 1) * self.size))
            commands += [f"generate t{site} count={self.size} file={path}",
                         f"load {name} t{site}"]
        return commands

    def say_all(self, names):
        """All that the others have reaches each of them; when."""
        counts = self.speaker.show()
        self.speaker.do(*(f"expect {counts[n]['announced'] + self.size * (len(names) - 1)} {n}"
                          for n in names), f"send {' '.join(names)}")
        return self.speaker.do(f"wait prefixes {' '.join(names)} timeout={TIMEOUT}")["at"]

    def measure(self, topo, side):
        self.settle(topo, "wgbgp")
        self.say_all(self.names)
        returning = self.names if side == "wgbgp-all" else self.names[1:]
        if side != "wgbgp-all":
            self.speaker.do("close feeder")
        time.sleep(GOES_ON_S)
        begin = time.monotonic()
        self.daemon.kill_daemon("bgpd", wait=False)
        names = " ".join(returning)
        self.speaker.do(f"wait down {names} timeout={TIMEOUT}",
                        f"wait established {names} timeout={TIMEOUT}")
        return {"seconds": self.say_all(returning) - begin}
