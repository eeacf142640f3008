# SPDX-License-Identifier: BSD-2-Clause
"""AllowedIPs: what wgd costs above a bare loop over the same seam, and what it costs when nothing
happens. On wireguard-go, or the kernel's WireGuard where there is one (topo-tests/vm/run).

    one namespace: wg0 with peers a and b (allowedips), with 1,000 peers (idle); nobody answers"""
import json
import os
import time

from lib.build import daemon_dir, program
from lib.keys import public_key
from lib.wait import wait_until
from lib.wg import PlainWg, allowed_ips
from lib.wgbgp import Wgbgp

from case import CPU, MEMORY, Case, Figure, Limit, Ratio, Within
from measure import Meter

SINGLES = (100, 1000, 10000, 100000)
TIMEOUT = 120


def conf(peers, more=""):
    """wg0 with peers by name: (name, statements)."""
    text = ("wireguard { interface wg0 { private-key-file KEY(wg0); listen-port 51820; "
            f"address [ 10.255.0.1/16 ]; {more}\n")
    for name, statements in peers:
        text += f" peer {name} {{ public-key PUB({name}.wg0); {statements} }}\n"
    return text + "} }\n"


class AllowedIps(Case):
    name = "allowedips"
    title = "{size} AllowedIPs"
    notes = ("wgd gets batches as zebra-lite sends them, from a program that does nothing else; "
             "loop writes the same entries to WireGuard itself. A move gives a tenth of them to "
             "another peer; single: one entry moves while so many are loaded, median of 1,001.",)
    size = 100000
    sides = ("wgbgp",)
    rivals = ()
    references = ("loop",)
    figures = (Figure("bulk", "all loaded", "s", True), Figure("move", "a tenth moved", "s", True),
               Figure("unload", "all removed", "s"),
               *(Figure(f"single-{n}", f"one of {n:,} moved", "s") for n in SINGLES), CPU, MEMORY)
    bars = (Ratio("bulk", "loop", 1.11), Ratio("move", "loop", 1.3),
            Within("single-100000", "single-100", 1.2))
    slope = ({"size": 1000}, {"size": 10000}, {"size": 100000})
    smoke = {"size": 100000}  # takes a second

    def measure(self, topo, side):
        router = topo.router("side")
        return self._loop(router) if side == "loop" else self._wgd(topo, router)

    def _loop(self, router):
        PlainWg(router, "wg0", peers=[{"key": name} for name in ("a.wg0", "b.wg0")])
        return json.loads(router.out([program("bench/wgloop"), "wg0", str(self.size),
                                      public_key("a.wg0"), public_key("b.wg0")], timeout=TIMEOUT))

    def _wgd(self, topo, router):
        """The real parent and the real wgd; zebra-lite is a driver of that name."""
        programs = os.path.join(router.dir, "programs")
        os.mkdir(programs)
        for name in os.listdir(daemon_dir()):
            if os.path.isfile(os.path.join(daemon_dir(), name, name)):
                os.symlink(os.path.join(daemon_dir(), "bench/wgdrive" if name == "zebra-lite"
                                        else f"{name}/{name}"), os.path.join(programs, name))
        result = os.path.join(router.dir, "result")
        os.chmod(router.dir, 0o777)
        peers = [(name, "permit [ 0.0.0.0/0 ::/0 ];") for name in "ab"]
        daemon = Wgbgp(topo, router, conf(peers), start=False)
        daemon.env = lambda: {**Wgbgp.env(daemon), "WGBGP_LIBEXECDIR": programs,
                              "WGDRIVE_COUNT": str(self.size), "WGDRIVE_RESULT": result}
        daemon.start(wait=False)
        wait_until(lambda: daemon.daemon_pid("wgd"), 20, "wgd", 0.01)
        with Meter(router, fresh=True, without=("wireguard-go",)) as meter:
            wait_until(lambda: os.path.exists(result), TIMEOUT, "the driver's result", 0.05)
        with open(result, encoding="ascii") as f:
            found = json.load(f)
        return {**found, "cpu": meter.cpus.get("wgd", 0),
                "mib": meter.peak.get("wgd", 0) / 1024}


class Idle(Case):
    name = "idle"
    title = "{size} tunnels with 50 AllowedIPs each, nothing happens, read every second"
    notes = ("Share of one core over the time that is watched, all processes of wgbgp. Poll "
             "interval 1000 ms, probes off, BFD off; nobody answers the tunnels. loop reads the "
             "whole device each second and throws it away: in a guest only the ratio to it counts.",)
    size = 1000
    seconds = 30
    sides = ("wgbgp",)
    rivals = ()
    references = ("loop",)
    figures = (Figure("share", "of a core", "%", True),
               Figure("wireguard", "of a core by wireguard-go", "%"), MEMORY)
    bars = (Limit("share", 2),)
    slope = ({"size": 10}, {"size": 100}, {"size": 1000})
    smoke = {"size": 10}
    each = 50

    def measure(self, topo, side):
        router = topo.router("side")
        seconds = self.seconds if self.size >= 100 else 2
        if side == "loop":
            PlainWg(router, "wg0", peers=[
                {"key": f"p{i}.wg0", "allowed_ips": f"{self.address(i)}/32 {self.prefixes(i)}"}
                for i in range(self.size)])
            return json.loads(router.out([program("bench/wgloop"), "wg0", "read", str(seconds)],
                                         timeout=TIMEOUT))
        peers = [(f"p{i}", f"tunnel-address {self.address(i)}; allowed-ips [ {self.prefixes(i)} ];")
                 for i in range(self.size)]
        daemon = Wgbgp(topo, router, conf(peers, "liveness { poll-interval 1000; probe off; }"))
        entries = self.size * (self.each + 1)
        wait_until(lambda: self.installed(router) == entries, TIMEOUT,
                   f"{entries} entries on wg0", 1)
        with Meter(router) as meter:
            begin = time.monotonic()
            time.sleep(seconds)
            taken = time.monotonic() - begin
        assert daemon.process.alive()
        others = sum(cpu for name, cpu in meter.cpus.items() if name.startswith("wireguard"))
        mib = sum(kib for name, kib in meter.peak.items() if not name.startswith("wireguard"))
        return {"share": (meter.cpu - others) / taken * 100, "wireguard": others / taken * 100,
                "mib": mib / 1024,
                **{f"share-{name}": cpu / taken * 100 for name, cpu in meter.cpus.items()}}

    @staticmethod
    def address(i):
        return f"10.255.{1 + i // 250}.{1 + i % 250}"

    def prefixes(self, i):
        return " ".join(f"10.{128 + i // 250}.{i % 250}.{4 * k}/30" for k in range(self.each))

    @staticmethod
    def installed(router):
        return sum(len(prefixes) for prefixes in allowed_ips(router, "wg0").values())
