# SPDX-License-Identifier: BSD-2-Clause
"""What a side costs: memory and processor time of all its processes."""
import json
import os
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except (OSError, ProcessLookupError):
        pass  # it has just ended
    return 0


def cpu_seconds(pid):
    """Of all threads that live, to the nanosecond where the kernel counts so; else of the process,
    to ten milliseconds."""
    try:
        total = 0
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        if total:
            return total / 1e9
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except (OSError, ProcessLookupError, IndexError):
        return 0
    return (int(fields[11]) + int(fields[12])) / TICKS


def command(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except (OSError, ProcessLookupError):
        return ""


class Meter:
    """Samples the processes of a router ten times a second while it is entered, but gives no more
    than a twentieth of the time to it: a guest has few processors. `peak` is by program, at the
    moment when the sum was highest. With `fresh` the processes have just been
    started, may start others, and their whole processor time counts. `without` names programs that
    are nobody's merit (wireguard-go)."""
    OURS = ("routewatch",)
    SHARE = 20

    def __init__(self, router, interval=0.1, fresh=False, without=()):
        self.router, self.interval, self.fresh = router, interval, fresh
        self.without = (*self.OURS, *without)
        self.peak_kib, self.peak = 0, {}
        self.cpu, self.cpus = 0.0, {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _sample(self):
        if self.fresh:
            self._look()
        now = self._by_program(pss_kib)
        if sum(now.values()) > self.peak_kib:
            self.peak_kib, self.peak = sum(now.values()), now

    def _run(self):
        pause = self.interval
        while not self.stopping.wait(pause):
            begin = time.monotonic()
            self._sample()
            pause = max(self.interval, (time.monotonic() - begin) * self.SHARE)

    def _look(self):
        self.pids.update({pid: name for pid, name in
                          ((pid, command(pid)) for pid in self.router.pids())
                          if not name.startswith(self.without)})

    def _by_program(self, figure):
        found = {}
        for pid, name in self.pids.items():
            found[name] = found.get(name, 0) + figure(pid)
        return found

    def __enter__(self):
        self.pids = {}
        self._look()
        self.before = {} if self.fresh else self._by_program(cpu_seconds)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopping.set()
        self.thread.join()
        self._sample()
        after = self._by_program(cpu_seconds)
        self.cpus = {name: after[name] - self.before.get(name, 0) for name in after}
        self.cpu = sum(self.cpus.values())

    def figures(self):
        """The sums, and for several programs each one's part."""
        found = {"cpu": self.cpu, "mib": self.peak_kib / 1024}
        if len(self.peak) > 1:
            found.update({f"cpu-{name}": value for name, value in self.cpus.items()})
            found.update({f"mib-{name}": kib / 1024 for name, kib in self.peak.items()})
        return found


def kernel_prefixes(router):
    """Number of prefixes in the main IPv4 table, without reading it."""
    with open(f"/proc/{router.pid}/net/fib_triestat", encoding="ascii") as f:
        table = ""
        for line in f:
            if not line.startswith("\t"):
                table = line.strip()
            elif table == "Main:" and "Prefixes:" in line:
                return int(line.split()[1])
    return 0


class KernelWatch:
    """When the kernel has a generated table. A small program asks for some hundred of its prefixes
    in their order, and only then the table is counted: counting walks all of it, 0.16 s for a
    million, and holds up who writes to it meanwhile."""

    def __init__(self, router, argv, size):
        self.router = router
        self.goal = kernel_prefixes(router) + size
        self.process = router.popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def wait(self, timeout):
        """The monotonic time when all were there."""
        limit = time.monotonic() + timeout
        try:
            text, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            text = '{"last": 0}'
        end = json.loads(text)["last"]
        while kernel_prefixes(self.router) < self.goal:
            if time.monotonic() > limit:
                raise AssertionError(f"{kernel_prefixes(self.router)} of {self.goal} prefixes in "
                                     f"the kernel after {timeout} s")
            time.sleep(0.5)
            end = time.monotonic()
        return end
