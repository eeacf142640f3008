# SPDX-License-Identifier: BSD-2-Clause
"""Updates that never end, over a table that stands.

    bench/speaker: feeder ── the side under test ── drain, as in cases_table.py"""
import os
import subprocess
import threading
import time

from lib.build import daemon
from lib.speaker import Speaker

from case import CPU, MEMORY, Figure, Ratio
from cases_table import TIMEOUT, TableCase, generate
from measure import Meter, pss_kib


class Churn(TableCase):
    name = "churn"
    title = "20k updates a second over {size} prefixes"
    notes = ("One update in four withdraws, one announces a prefix that was withdrawn half a "
             "second before, two change attributes. The delay runs from when an update is due at "
             "the sender until it is read at the receiver; both are one process.",)
    size = 500000
    rate, seconds = 20000, 10
    rivals = ("bird", "frr", "openbgpd", "gobgp")
    figures = (Figure("p50", "median delay", "s", True), Figure("p99", "99 % within", "s", True),
               Figure("p999", "99.9 % within", "s"), Figure("max", "longest delay", "s"),
               Figure("rate", "updates", "1/s"), CPU, MEMORY)
    bars = (Ratio("p99", "bird", 1),)
    slope = ({"size": 50000}, {"size": 500000})
    smoke = {"size": 2000}

    def measure(self, topo, side):
        self.settle(topo, side)
        self.feed()
        self.check(self.drains)
        with Meter(self.router) as meter:
            found = self.speaker.do(self.command(self.seconds))
        return {**self.delays(found), "rate": found["rate"], **meter.figures()}

    def command(self, seconds):
        if self.size < 20000:  # a smoke test
            self.rate, seconds = 400, 1
        return f"churn feeder full to=drain1 rate={self.rate} for={seconds}"

    @staticmethod
    def delays(found):
        assert found["missing"] == 0, f"updates were lost: {found}"
        return {key: found[key] for key in ("p50", "p99", "p999", "max")}


class Fairness(Churn):
    """The flapping neighbour is a process of its own, so that what it has to do delays nobody."""
    name = "fairness"
    title = "single updates of one neighbour while another one flaps {size} prefixes in a loop"
    notes = ("Another 500 prefixes get 200 updates a second, one at a time; the other neighbour's "
             "100,000 are announced and withdrawn as fast as the side takes them: its rounds show "
             "what that costs it.",)
    size = 100000
    rate, seconds, probes = 200, 10, 500
    figures = (Figure("p50", "median delay", "s", True), Figure("p99", "99 % within", "s", True),
               Figure("max", "longest delay", "s"),
               Figure("rounds", "rounds of the flapping neighbour", "1/s"), CPU, MEMORY)
    bars = (Ratio("p50", "bird", 1), Ratio("p99", "bird", 1))
    slope = ()
    flapper = ("10.0.0.3", 65100, False)

    def neighbors(self):
        return [*super().neighbors(), self.flapper]

    def tables(self):
        """In space that no generated table has."""
        path = os.path.join(self.speaker.router.dir, "probes")
        with open(path, "w", encoding="ascii") as f:
            f.writelines(f"198.19.{i // 2}.{i % 2 * 128}/25\n" for i in range(self.probes))
        return f"generate probes count={self.probes} file={path}", "load feeder probes"

    def fed(self):
        return self.probes

    def measure(self, topo, side):
        self.settle(topo, side)
        flapping = Speaker(topo, self.speaker.router, "flapper")
        flapping.do(self.session("flapper", self.flapper), generate("full", self.size),
                    f"wait established timeout={TIMEOUT}")
        self.feed()
        self.check(self.drains)
        with Meter(self.router) as meter:
            flapping.tell(f"flap flapper full for={self.seconds + 2}")
            self.speaker.do(f"expect {self.probes + self.size // 2} {self.drains}",
                            f"wait prefixes {self.drains} timeout={TIMEOUT}")
            found = self.speaker.do(self.command(self.seconds))
            rounds = flapping.answers(1)[0]["rate"]
        return {**self.delays(found), "rounds": rounds, **meter.figures()}

    def command(self, seconds):
        if self.size < 20000:  # a smoke test
            seconds = 1
        return f"churn feeder probes to=drain1 rate={self.rate} for={seconds}"


class Show(Churn):
    """The same delays while somebody looks at the whole table."""
    name = "show"
    title = "showing {size} routes while 2,000 updates a second come in"
    notes = ("The table is shown once as text and (wgbgp) once as JSON, to a reader that throws it "
             "away. Delays of the updates: without a show, and while it runs.",)
    size = 1000000
    rate, seconds = 2000, 5
    rivals = ("bird",)
    figures = (Figure("text", "time of the text", "s", True),
               Figure("json", "time of the JSON", "s", True),
               Figure("calm-p99", "99 % within, no show", "s"),
               Figure("p99", "99 % within, showing", "s"),
               Figure("max", "longest delay, showing", "s"),
               Figure("cli-mib", "memory of the CLI", "MiB"), CPU, MEMORY)
    bars = (Ratio("p99", "bird", 1),)
    slope = ({"size": 10000}, {"size": 100000}, {"size": 1000000})

    def shows(self, side):
        if side == "bird":
            return {"text": ["birdc", "-s", self.daemon.path("ctl"), "show", "route", "all"]}
        cli = [daemon("cli/wgbgp-cli"), "-r", self.daemon.rundir, "-c"]
        return {"text": [*cli, "show bgp ipv4"], "json": [*cli, "show bgp ipv4 json"]}

    def measure(self, topo, side):
        self.settle(topo, side)
        self.feed()
        self.check(self.drains)
        calm = self.delays(self.speaker.do(self.command(self.seconds)))
        result, worst = {}, {}
        with Meter(self.router) as meter:
            for kind, argv in self.shows(side).items():
                result[kind], cli, found = self.show_once(argv, result.get("text", 0))
                result["cli-mib"] = max(result.get("cli-mib", 0), cli / 1024)
                for key, value in self.delays(found).items():
                    worst[key] = max(worst.get(key, 0), value)
        return {**result, "calm-p99": calm["p99"], "p99": worst["p99"], "max": worst["max"],
                **meter.figures()}

    def show_once(self, argv, guess):
        """(seconds, KiB of the CLI at its peak, the updates' delays); the updates run at least as
        long as the last show took, and their count is what is compared, not their time."""
        self.speaker.tell(self.command(max(self.seconds, int(guess * 1.5))))
        begin = time.monotonic()
        process = self.router.popen(argv, stdout=subprocess.DEVNULL, env=self.env())
        peak = [0]
        sampler = threading.Thread(target=self._sample, args=(process, peak), daemon=True)
        sampler.start()
        status = process.wait(TIMEOUT)
        taken = time.monotonic() - begin
        sampler.join()
        assert status == 0, f"{argv}: status {status}"
        return taken, peak[0], self.speaker.answers(1)[0]

    def env(self):
        return self.daemon.env() if hasattr(self.daemon, "env") else {}

    @staticmethod
    def _sample(process, peak):
        while process.returncode is None:
            peak[0] = max(peak[0], pss_kib(process.pid))
            time.sleep(0.05)
