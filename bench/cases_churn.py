# SPDX-License-Identifier: BSD-2-Clause
"""Updates that never end, over a table that stands.

    bench/speaker: feeder ── the side under test ── drain, as in cases_table.py"""
import subprocess
import threading
import time

from lib.build import daemon

from case import CPU, MEMORY, Figure, Ratio
from cases_table import TIMEOUT, TableCase
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
