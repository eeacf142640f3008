# SPDX-License-Identifier: BSD-2-Clause
"""A tunnel dies: how long until the prefixes go by the other one.

                ╔═ wg1 10.0.1.2 ══ Internet ══ 10.0.1.1 wg0 hub1 (preferred)
    the side    ╣                                               BIRD, plain WireGuard
                ╚═ wg2 10.0.2.2 ══ Internet ══ 10.0.2.1 wg0 hub2

The hubs speak iBGP (and BFD) through the tunnels and announce the same prefixes 20.x.y.0/24; each
delivers packets to any of these to itself, which is where the stream is received."""
import calendar
import json
import subprocess
import time

from lib.build import program
from lib.keys import public_key
from lib.peers import Bird
from lib.speaker import Speaker
from lib.topology import link
from lib.wait import wait_until
from lib.wg import PlainWg
from lib.wgbgp import Wgbgp

from case import Case, Figure, Limit, Ratio

AS = 65000
TIMEOUT = 120
BFD = 'protocol bfd {{ interface "wg*" {{ interval {interval} ms; multiplier {multiplier}; }}; {more}}}\n'
LOCAL = "rule add iif wg0 lookup 100\nroute add local 0.0.0.0/0 dev lo table 100"

SEPARATE = """
wireguard {{
    interface wg1 {{
        private-key-file KEY(wg1); address [ 10.0.1.2/24 ]; {liveness}
        peer hub1 {{
            public-key PUB(hub1.wg0); endpoint INET(hub1):51820; tunnel-address 10.0.1.1;
            persistent-keepalive 5; allowed-ips any; permit [ 0.0.0.0/0 ];
        }}
    }}
    interface wg2 {{
        private-key-file KEY(wg2); address [ 10.0.2.2/24 ]; {liveness}
        peer hub2 {{
            public-key PUB(hub2.wg0); endpoint INET(hub2):51820; tunnel-address 10.0.2.1;
            persistent-keepalive 5; allowed-ips any; permit [ 0.0.0.0/0 ];
        }}
    }}
}}
"""

SHARED = """
wireguard {{
    interface wg1 {{
        private-key-file KEY(wg1); address [ 10.0.1.2/16 ]; {liveness}
        peer hub1 {{
            public-key PUB(hub1.wg0); endpoint INET(hub1):51820; tunnel-address 10.0.1.1;
            persistent-keepalive 5; permit [ 0.0.0.0/0 ];
        }}
        peer hub2 {{
            public-key PUB(hub2.wg0); endpoint INET(hub2):51820; tunnel-address 10.0.2.1;
            persistent-keepalive 5; permit [ 0.0.0.0/0 ];
        }}
    }}
}}
"""


def prefix(i):
    return f"20.{i >> 8}.{i & 255}.0/24"


def address(i):
    return f"20.{i >> 8}.{i & 255}.1"


class TwoHubs(Case):
    """The underlay and the hubs. `shared`: both tunnels are on the side's wg1, in 10.0.0.0/16."""
    interval, multiplier = 50, 3

    def bfd(self):
        """In `liveness`."""
        return (f"liveness {{ bfd {{ enabled on; interval {self.interval}; "
                f"multiplier {self.multiplier}; }} }}")

    def bird_bfd(self, more=""):
        return BFD.format(interval=self.interval, multiplier=self.multiplier, more=more)

    def build(self, topo, shared=False):
        self.net = topo.internet()
        self.router = topo.router("side", self.net)
        self.hubs = {}
        for h in (1, 2):
            self.hubs[h] = topo.router(f"hub{h}", self.net)
            PlainWg(self.hubs[h], "wg0", addresses=f"10.0.{h}.1/{16 if shared else 24}", peers=[
                {"key": "side.wg1" if shared else f"side.wg{h}",
                 "allowed_ips": "10.0.1.2/32 10.0.2.2/32"}])
            self.hubs[h].ip(LOCAL)

    def hub_peer(self, h, allowed_ips):
        return {"key": f"hub{h}.wg0", "endpoint": f"{self.net.address(f'hub{h}')}:51820",
                "allowed_ips": allowed_ips, "keepalive": 5}

    def plain_tunnels(self):
        """The side's tunnels without wgbgp, one interface each."""
        for h in (1, 2):
            PlainWg(self.router, f"wg{h}", port=51820 + h, addresses=f"10.0.{h}.2/24",
                    peers=[self.hub_peer(h, "0.0.0.0/0")])

    def stream(self, numbers, per_second=1000, wait=True):
        """A stream to these prefixes, flowing if it is waited for."""
        process = subprocess.Popen(
            [program("bench/stream"), "-n", str(per_second), str(self.router.pid),
             ",".join(str(self.hubs[h].pid) for h in (1, 2)), *map(address, numbers)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert not wait or process.stdout.readline() == "flowing\n", "the stream does not flow"
        return process

    @staticmethod
    def wait_moved(process):
        """Until the last hub has heard from every prefix, and a little longer."""
        assert process.stdout.readline() == "moved\n", "not all came by the other hub"
        time.sleep(0.2)

    @staticmethod
    def end_stream(process):
        process.stdin.close()
        found = json.loads(process.stdout.read().splitlines()[-1])
        assert process.wait(10) == 0
        return found


class Failover(TwoHubs):
    name = "failover"
    title = "blackout when a tunnel dies silently, {size} prefixes, BFD 3 × 50 ms at both ends"
    notes = ("A stream of 1,000 packets a second to the first and to the last prefix; the path to "
             "the preferred hub is cut in the middle of the Internet. The BIRD side has one "
             "interface for each tunnel, BFD through the tunnel, and its routes in the kernel.",)
    size = 10000
    figures = (Figure("first", "blackout of the first prefix", "s", True),
               Figure("last", "blackout of the last prefix", "s", True),
               Figure("lost", "packets lost of both", ""))
    bars = (Ratio("last", "bird", 1), Limit("last", 0.19))
    slope = ({"size": 100}, {"size": 1000}, {"size": 10000})
    smoke = {"size": 100}

    def hub_bird(self, topo, h):
        with open(f"{self.hubs[h].dir}/prefixes.conf", "w", encoding="ascii") as f:
            f.write("".join(f"route {prefix(i)} blackhole;\n" for i in range(self.size)))
        return Bird(topo, self.hubs[h], f"""
router id 10.0.{h}.1;
protocol device {{ scan time 3600; }}
{self.bird_bfd()}
protocol static {{
    ipv4;
include "{self.hubs[h].dir}/prefixes.conf";
}}
protocol bgp side {{
    local 10.0.{h}.1 as {AS}; neighbor 10.0.{h}.2 as {AS}; direct; connect delay time 1;
    error wait time 1, 2; bfd on; hold time 30;
    ipv4 {{ import none; next hop self;
           export filter {{ bgp_local_pref = {300 - 100 * h}; accept; }}; }};
}}
""")

    def start_bird(self, topo):
        self.plain_tunnels()
        text = "router id 10.0.1.2;\nprotocol device { scan time 3600; }\n"
        text += self.bird_bfd()
        text += "protocol kernel { ipv4 { import none; export all; }; }\n"
        for h in (1, 2):
            text += (f"protocol bgp hub{h} {{ local 10.0.{h}.2 as {AS}; neighbor 10.0.{h}.1 as "
                     f"{AS}; direct; connect delay time 1; error wait time 1, 2; bfd on; "
                     "hold time 30; "
                     "ipv4 { import all; export none; }; }\n")
        daemon = Bird(topo, self.router, text)

        def ready():
            sessions = daemon.cli("show bfd sessions")
            return all(f"10.0.{h}.1" in sessions for h in (1, 2)) and sessions.count(" Up ") == 2
        wait_until(ready, TIMEOUT, "BFD of the side")

    def start_wgbgp(self, topo):
        self.daemon = Wgbgp(topo, self.router, SEPARATE.format(liveness=self.bfd()) + f"""
bgp {{
    as {AS}; router-id 10.0.1.2; hold-time 30; connect-retry 1;
    neighbor 10.0.1.1 {{ remote-as internal; ipv6-unicast false; }}
    neighbor 10.0.2.1 {{ remote-as internal; ipv6-unicast false; }}
}}
""")
        self.daemon.wait_established("10.0.1.1", "10.0.2.1", timeout=TIMEOUT)

    def cut(self):
        self.net.cut("side", "hub1")

    def all_routes(self):
        found = self.router.run(["ip", "-N", "-o", "-4", "route", "show"], check=False).stdout
        return found.count("20.") >= self.size

    def measure(self, topo, side):
        self.build(topo)
        hubs = {h: self.hub_bird(topo, h) for h in (1, 2)}
        getattr(self, f"start_{side}")(topo)
        wait_until(self.all_routes, TIMEOUT, "all routes", 0.2)
        for h, bird in hubs.items():
            wait_until(lambda b=bird: " Up " in b.cli("show bfd sessions"), TIMEOUT,
                       f"BFD of hub {h}")
            wait_until(lambda b=bird, n=h: b.established("side"), TIMEOUT, f"BGP of hub {h}")
        wait_until(lambda: self.leaves("wg1"), TIMEOUT, "hub 1 to be preferred")
        time.sleep(2)  # both sides have settled: a condition that only time shows
        with self.stream([0, self.size - 1]) as stream:
            self.cut()
            self.wait_moved(stream)
            found = self.end_stream(stream)
        return {"first": found[0]["blackout"], "last": found[1]["blackout"],
                "lost": found[0]["lost"] + found[1]["lost"]}

    def leaves(self, ifname):
        return all(f"dev {ifname}" in self.router.out(["ip", "route", "get", address(i)])
                   for i in (0, self.size // 2, self.size - 1))


class FailoverFast(Failover):
    name = "failover-fast"
    title = "blackout when a tunnel dies silently, {size} prefixes, BFD 3 × 10 ms at both ends"
    interval = 10
    bars = (Ratio("last", "bird", 1), Limit("last", 0.06))
    slope = ()


class FailoverOneWay(Failover):
    name = "failover-one-way"
    title = "blackout when only what the side sends is lost, {size} prefixes, BFD 3 × 50 ms"
    notes = ("As failover, but packets from the preferred hub still arrive: the hub's BFD finds "
             "it, and tells the side.",)
    bars = (Ratio("last", "bird", 1),)
    slope = ()

    def cut(self):
        self.net.cut_one_way("side", "hub1")


class FailoverOneWayFast(FailoverOneWay):
    name = "failover-one-way-fast"
    title = "blackout when only what the side sends is lost, {size} prefixes, BFD 3 × 10 ms"
    interval = 10


class Repair(TwoHubs):
    name = "repair"
    title = "from the event to the other path, {size} prefixes, one interface for each tunnel"
    notes = ("wgbgp: from wgd's log line that says the tunnel is down (its clock has milliseconds) "
             "until the kernel sends the first and the last of 256 prefixes by the other "
             "interface. BIRD: from the loss of the preferred neighbour's session.",)
    size = 10000
    sides = ("wgbgp", "bird")
    figures = (Figure("first", "first prefix", "s", True), Figure("last", "last prefix", "s", True))
    bars = (Ratio("last", "bird", 0.1), Limit("first", 0.005))
    slope = ({"size": 1}, {"size": 100}, {"size": 10000}, {"size": 100000})
    smoke = {"size": 100}
    shared = False

    def write_prefixes(self, router):
        self.file = f"{router.dir}/prefixes"
        with open(self.file, "w", encoding="ascii") as f:
            f.write("".join(f"{prefix(i)}\n" for i in range(self.size)))

    def feed(self, topo):
        """Two iBGP neighbours on a cable, whose next hops are the hubs."""
        load = topo.router("load")
        link(self.router, "v0", load, "v0", "10.9.0.1/24", "10.9.0.2/24 10.9.0.3/24")
        self.write_prefixes(load)
        self.speaker = Speaker(topo, load)
        self.speaker.do(*(f"session feeder{h} local=10.9.0.{h + 1} remote=10.9.0.1 as={AS} "
                          f"remote-as={AS} hold=240" for h in (1, 2)),
                        f"generate full count={self.size} file={self.file} fill",
                        *(f"load feeder{h} full next-hop=10.0.{h}.1 local-pref={300 - 100 * h}"
                          for h in (1, 2)))

    def hub_bfd(self, topo, h):
        """BFD alone, from the hub to the side."""
        there = "10.0.1.2" if self.shared else f"10.0.{h}.2"
        return Bird(topo, self.hubs[h], f"router id 10.0.{h}.1;\nprotocol device {{ }}\n"
                    + self.bird_bfd(f'neighbor {there} dev "wg0" local 10.0.{h}.1; '))

    def start_wgbgp(self, topo):
        hubs = {h: self.hub_bfd(topo, h) for h in (1, 2)}
        conf = (SHARED if self.shared else SEPARATE).format(liveness=self.bfd())
        self.daemon = Wgbgp(topo, self.router, conf + f"""
bgp {{
    as {AS}; router-id 10.9.0.1;
    neighbor 10.9.0.2 {{ remote-as internal; passive true; ipv6-unicast false; hold-time 240; }}
    neighbor 10.9.0.3 {{ remote-as internal; passive true; ipv6-unicast false; hold-time 240; }}
}}
""")
        for h, bird in hubs.items():
            self.daemon.wait_tunnel(f"hub{h}", "up", timeout=TIMEOUT)
            wait_until(lambda b=bird: " Up " in b.cli("show bfd sessions"), TIMEOUT,
                       f"BFD of hub {h}")

    def start_bird(self, topo):
        self.plain_tunnels()
        text = "router id 10.9.0.1;\nprotocol device { scan time 3600; }\n"
        text += "protocol kernel { ipv4 { import none; export all; }; }\n"
        text += "protocol direct { ipv4; }\n"
        for n in (2, 3):
            text += (f"protocol bgp n{n} {{ local 10.9.0.1 as {AS}; neighbor 10.9.0.{n} as {AS}; "
                     "passive on; multihop; hold time 240; error wait time 1, 2; "
                     "ipv4 { import all; export none; }; }\n")
        self.daemon = Bird(topo, self.router, text)

    def announce(self):
        self.speaker.do(f"wait established timeout={TIMEOUT}", "send")

    def measure(self, topo, side):
        self.build(topo, self.shared)
        self.feed(topo)
        getattr(self, f"start_{side}")(topo)
        self.announce()
        watch = self.router.popen([program("bench/routewatch"), "-f", self.file, str(self.size),
                                   "1", "wg1", "wg2"], stdout=subprocess.PIPE, text=True)
        with watch:
            assert watch.stdout.readline() == "ready\n", "not all prefixes leave by hub 1"
            self.settled()
            event = self.break_wgbgp() if side == "wgbgp" else self.break_bird()
            found = json.loads(watch.stdout.readline())
        if side == "wgbgp":
            event = event()
        return {"first": max(found["first"] - event, 0), "last": found["last"] - event}

    def settled(self):
        """All routes are in and nothing moves any more."""
        wait_until(lambda: self.router.out(["ip", "-N", "-o", "-4", "route", "show"])
                   .count("\n20.") >= self.size - 1, TIMEOUT, "all routes", 0.5)
        time.sleep(1)

    def break_wgbgp(self):
        """Cuts the tunnel; the event is read from the log afterwards."""
        self.net.cut("side", "hub1")

        def event():
            for line in self.daemon.log().splitlines():
                if "tunnel-state peer=hub1" in line and "to=down" in line:
                    return wall_clock(line.split()[0])
            raise AssertionError("wgd never said that the tunnel is down")
        return event

    def break_bird(self):
        offset = time.time() - time.monotonic()
        return self.speaker.do("close feeder1")["at"] + offset


class RepairShared(Repair):
    name = "repair-shared"
    title = "from the event to the other path, {size} prefixes, one shared interface"
    notes = ("The route stays, the AllowedIPs move to the other peer. From wgd's log line until a "
             "packet to one of 16 prefixes reaches the other hub, first and last (500 packets a "
             "second to each: 2 ms at most too late). loop only writes the same entries, under "
             "the same stream.",)
    sides = ("wgbgp",)
    rivals = ()
    references = ("loop",)
    bars = (Ratio("last", "loop", 1.3), Limit("first", 0.005))
    shared = True

    def measure(self, topo, side):
        return self._loop(topo) if side == "loop" else self._wgbgp(topo)

    def sample(self):
        return sorted({i * (self.size - 1) // 15 for i in range(16)})

    def _loop(self, topo):
        self.build(topo, True)
        self.write_prefixes(self.router)
        PlainWg(self.router, "wg1", addresses="10.0.1.2/16", peers=[
            self.hub_peer(h, f"10.0.{h}.1/32") for h in (1, 2)])
        self.router.ip("route add 20.0.0.0/8 dev wg1")
        with self.stream(self.sample(), 500, wait=False) as stream:
            found = json.loads(self.router.out(
                [program("bench/wgloop"), "wg1", str(self.size), public_key("hub1.wg0"),
                 public_key("hub2.wg0"), self.file], timeout=TIMEOUT))
            self.end_stream(stream)
        return {"last": found["move"]}

    def _wgbgp(self, topo):
        self.build(topo, True)
        self.feed(topo)
        self.start_wgbgp(topo)
        self.announce()
        self.settled()
        with self.stream(self.sample(), 500) as stream:
            event = self.break_wgbgp()
            self.daemon.wait_tunnel("hub1", "down", timeout=30)
            self.wait_moved(stream)
            found = self.end_stream(stream)
        moved = [t["moved_at"] - event() for t in found]
        return {"first": max(min(moved), 0), "last": max(moved)}


def wall_clock(stamp):
    """2026-01-01T00:00:00.123Z as seconds; half a millisecond is added to what was cut off."""
    whole, part = stamp.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + int(part) / 1000 + 0.0005
