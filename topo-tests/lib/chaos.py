# SPDX-License-Identifier: BSD-2-Clause
"""Kills, reloads and cuts at random, and what they cost.

A loss counts unless it lies within EXCUSE_S of a loss of the control (the machine's doing), or is
part of what a cut itself costs: on a way that begins or ends at the site that was cut off, the one
outage that begins with the cut, and of it no more than an undisturbed detection takes. Who is
killed within that time has no more of it; nothing is excused after the cut's end, nor on other
ways. What carries packets, wireguard-go, is never killed."""
import collections
import datetime
import os
import re
import signal
import time

from .snippets import PROBE_TIMEOUT_MS
from .wait import wait_until
from .wg import allowed_ips
from .wgbgp import DAEMONS, PROTOCOL

EXCUSE_S = 0.05
NOTICED_S = PROBE_TIMEOUT_MS / 1000 + 1.5  # from a cut until both ends use another way, at any load
BEGINS_S = 0.1  # of the cut: so soon the first request is lost where that was its way
PAUSE_S = 0.2  # so long without a loss: the outage was over
CUT_S = (6, 12)

Event = collections.namedtuple("Event", "at what")


def objects(router):
    """Our nexthop objects: what each of them says, by which others it leads, how many there are."""
    lines = router.out(f"ip -N nexthop show proto {PROTOCOL}").splitlines()
    says = {}
    for line in sorted(lines, key=lambda text: " group " in text):  # groups behind their members
        number, rest = re.match(r"id (\d+) (.*\S)", line).groups()
        says[number] = re.sub(r"(?<=group )\S+", lambda m: " | ".join(
            says.get(part.split(",")[0], "?") for part in m.group().split("/")), rest)
    return set(collections.Counter(says.values()).items())


def files(w):
    """But for the history of changes, in which each reload has its place, and where peers were
    heard last, which is there from the first answer that came from elsewhere."""
    return {os.path.join(folder, name) for top in (w.rundir, w.statedir)
            for folder, _, names in os.walk(top) for name in names
            if os.path.basename(folder) != "commits" and name != "endpoints"}


def snapshot(w):
    """Both tables of a router, what else is ours in the kernel, and which files there are."""
    routes = {(family, re.sub(r" nhid \d+", "", line).strip())
              for family in ("-4", "-6") for line in
              w.router.out(f"ip -N {family} route show table all proto {PROTOCOL}").splitlines()}
    rules = w.router.out("ip rule").splitlines() + w.router.out("ip -6 rule").splitlines()
    interfaces = w.router.out("wg show interfaces").split()
    entries = {(i, key, prefix) for i in interfaces
               for key, prefixes in allowed_ips(w.router, i).items() for prefix in prefixes}
    return {"routes": routes, "rules": set(rules), "entries": entries,
            "objects": objects(w.router), "files": files(w)}


def differences(before, after):
    return {kind: {"missing": sorted(before[kind] - after[kind]),
                   "extra": sorted(after[kind] - before[kind])}
            for kind in before if before[kind] != after[kind]}


def outage(losses, before, after):
    """Those of LOSSES, times in order, that are one outage which a cut began, made between BEFORE
    and AFTER."""
    found = []
    for at in losses:
        if at < before - EXCUSE_S:  # later ones may have been on their way: sent, not answered
            continue
        if at > (found[-1] + PAUSE_S if found else after + BEGINS_S) or at > after + NOTICED_S:
            break
        found.append(at)
    return found


class Chaos:
    """NODES: Wgbgp's; PAIRS: names of two routers whose way may be cut while another is there."""

    def __init__(self, random, net, nodes, pairs, mean_s=1.0):
        self.random, self.net, self.nodes, self.pairs = random, net, nodes, pairs
        self.mean_s = mean_s
        self.events, self.cuts = [], []  # cuts: (before, after it was made, pair)
        self.kills = collections.Counter()
        self.cut = None  # (pair, its end)
        self.reloads = []

    def note(self, what):
        self.events.append(Event(time.monotonic(), what))

    # ---- what may happen

    def kill_daemon(self, w):
        name = self.random.choice(DAEMONS)
        try:
            pid = w.daemon_pid(name)
            if not pid:
                return False  # it is on its way back
            os.kill(pid, signal.SIGKILL)
        except (OSError, ProcessLookupError):
            return False
        self.kills[name] += 1
        self.note(f"{w.router.name}: killed {name}")
        return True

    def kill_parent(self, w):
        w.process.stopped = True
        w.process.kill()
        w.process.popen.wait()
        self.kills["wgbgpd"] += 1
        self.note(f"{w.router.name}: killed wgbgpd")
        w.start(wait=False)
        return True

    def kill(self):
        while True:
            w = self.random.choice(self.nodes)
            if self.random.random() < 0.1:
                return self.kill_parent(w)
            if self.kill_daemon(w):
                return True
            time.sleep(0.05)

    def reload(self):
        """Its file changed in a way that costs nothing; nobody waits for it."""
        w = self.random.choice(self.nodes)
        with open(w.conf_file, encoding="ascii") as f:
            conf = f.read()
        a, b = "connect-retry 1;", "connect-retry 2;"
        with open(w.conf_file, "w", encoding="ascii") as f:
            f.write(conf.replace(a, b) if a in conf else conf.replace(b, a))
        self.note(f"{w.router.name}: reload")
        self.reloads.append(w.cli_start("reload"))

    def cut_or_restore(self):
        now = time.monotonic()
        if self.cut and now > self.cut[1]:
            self.net.restore(*self.cut[0])
            self.note(f"restored {self.cut[0]}")
            self.cut = None
        elif not self.cut and self.random.random() < 1 / 40:
            pair = self.random.choice(self.pairs)
            self.cut = (pair, now + self.random.uniform(*CUT_S))
            self.net.cut(*pair)
            self.cuts.append((now, time.monotonic(), pair))
            self.note(f"cut {pair}")

    def run(self, kills):
        while sum(self.kills.values()) < kills:
            until = time.monotonic() + self.random.expovariate(1 / self.mean_s)
            self.cut_or_restore()
            if self.random.random() < 0.1:
                self.reload()
            time.sleep(max(0, until - time.monotonic()))
            self.kill()
        if self.cut:
            self.net.restore(*self.cut[0])
            self.cut = None
        for process in self.reloads:
            wait_until(lambda process=process: process.poll() is not None, 60, "a reload to end")

    # ---- what it cost

    def by_cut(self, ends, losses):
        """Which of LOSSES, times in order on the way between the two ENDS, a cut itself costs."""
        return {at for before, after, pair in self.cuts if set(pair) & set(ends)
                for at in outage(losses, before, after)}

    def log_lines(self, first, last):
        """What the nodes logged shortly before and within that time."""
        epoch = time.time() - time.monotonic()
        begin, end = (datetime.datetime.fromtimestamp(epoch + at, datetime.timezone.utc)
                      .strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] for at in (first - 1, last + 0.2))
        return sorted(line[11:] for w in self.nodes for line in w.log().splitlines()
                      if begin <= line[:23] <= end)

    def around(self, at, seconds=7):
        return ", ".join(f"{e.at - at:+.2f} s {e.what}" for e in self.events
                         if at - seconds <= e.at <= at + 0.5)


class Verdict:
    """What PINGS lost beside CONTROL, both lists of Ping with losses; those of PINGS know the two
    sites at their `ends`."""

    def __init__(self, chaos, pings, control):
        for ping in (*pings, *control):
            ping.stop()
        controls = sorted(at for ping in control for at in ping.lost_at())
        self.sent = sum(ping.stop()["sent"] for ping in pings)
        self.lost = self.excused = self.cut = 0
        self.bursts = []  # [ping, first, last, count]
        for ping in pings:
            losses = sorted(ping.lost_at())
            by_cut = chaos.by_cut(ping.ends, losses)
            for at in losses:
                self.lost += 1
                if at in by_cut:
                    self.cut += 1
                elif any(abs(at - c) <= EXCUSE_S for c in controls):
                    self.excused += 1
                else:
                    self._burst(ping, at)
        self.counted = self.lost - self.excused - self.cut
        # Each direction's share of time that lies so near to a loss of the control.
        span = max(len(pings) and pings[0].stop()["sent"] * pings[0].interval_ms / 1000, 1)
        self.excused_share = self._covered(controls) / span
        self.chaos, self.control_lost = chaos, len(controls)

    def _burst(self, ping, at):
        last = self.bursts[-1] if self.bursts else None
        if last and last[0] is ping and at - last[2] < 1:
            last[2], last[3] = at, last[3] + 1
        else:
            self.bursts.append([ping, at, at, 1])

    @staticmethod
    def _covered(times):
        covered, end = 0.0, 0.0
        for at in times:
            covered += at + EXCUSE_S - max(end, at - EXCUSE_S)
            end = at + EXCUSE_S
        return covered

    @property
    def per_million(self):
        return self.counted * 1e6 / self.sent

    def text(self):
        kills = " ".join(f"{name}={n}" for name, n in sorted(self.chaos.kills.items()))
        lines = [f"kills {sum(self.chaos.kills.values())} ({kills}), sent {self.sent}, lost "
                 f"{self.lost}: {self.cut} by cuts, {self.excused} beside {self.control_lost} "
                 f"losses of the control ({self.excused_share:.1%} of the time), "
                 f"{self.counted} count: {self.per_million:.1f} per million"]
        for ping, first, last, n in sorted(self.bursts, key=lambda b: -b[3])[:20]:
            lines.append(f"  {ping.what}: {n} lost in {1000 * (last - first):.0f} ms after "
                         f"{self.chaos.around(first)}")
        if self.bursts:
            _, first, last, _ = max(self.bursts, key=lambda b: b[3])
            lines += ["the log of all around the largest of them:",
                      *self.chaos.log_lines(first, last)[:200]]
        return "\n".join(lines)
