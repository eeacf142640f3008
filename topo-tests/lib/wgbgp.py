# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp in a router, started from the build tree.

A configuration is written as an operator would write it, but for three words that stand for what
differs from run to run:
    KEY(wg0)         the file with this router's private key for wg0
    PUB(hub1.wg0)    the public key that belongs to KEY(wg0) on hub1
    INET(hub1)       hub1's address on the Internet; INET6(hub1) the IPv6 one, in brackets
"""
import ipaddress
import json
import os
import re
import signal
import subprocess

from . import answers
from .build import daemon, daemon_dir, yang_dir
from .keys import private_key, public_key
from .wait import wait_until
from .wg import allowed_ips, owner

DAEMONS = ("bgpd", "zebra-lite", "wgd", "bfdd")
PROTOCOL = 222  # of our routes in the kernel
KEEP_IN = 4294967294  # the metric of what is refused where no tunnel has a route
BAD_WORDS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehavior",
             "Assertion")


class CliError(AssertionError):
    pass


class Wgbgp:
    def __init__(self, topo, router, conf, start=True):
        self.topo, self.router = topo, router
        self.rundir = os.path.join(router.dir, "run")
        self.statedir = os.path.join(router.dir, "state")
        self.conf_file = os.path.join(router.dir, "wgbgp.conf")
        self.process = None
        self.torn_down = False
        os.makedirs(self.rundir, exist_ok=True)
        os.makedirs(self.statedir, exist_ok=True)
        self.write(conf)
        topo.add(self)
        router.wgbgp = self
        if start:
            self.start()

    # ---- configuration

    def _key_file(self, match):
        path = os.path.join(self.router.dir, f"{match[1]}.key")
        with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(private_key(f"{self.router.name}.{match[1]}") + "\n")
        return path

    def write(self, conf):
        net = self.topo.net
        conf = re.sub(r"\bKEY\(([^)]+)\)", self._key_file, conf)
        conf = re.sub(r"\bPUB\(([^)]+)\)", lambda m: f'"{public_key(m[1])}"', conf)
        conf = re.sub(r"\bINET\(([^)]+)\)", lambda m: net.address(m[1]), conf)
        conf = re.sub(r"\bINET6\(([^)]+)\)", lambda m: f"[{net.address(m[1], 6)}]", conf)
        with open(self.conf_file, "w", encoding="ascii") as f:
            f.write(conf)

    def reload(self, conf):
        """A new file, taken over as one commit."""
        self.write(conf)
        self.cli("reload")

    def replace(self, old, new):
        """Reload with one place of the file changed."""
        with open(self.conf_file, encoding="ascii") as f:
            conf = f.read()
        assert old in conf, f"no {old!r} in {self.conf_file}"
        self.reload(conf.replace(old, new))

    # ---- processes

    def env(self):
        return {"WGBGP_YANGDIR": yang_dir(), "WGBGP_LIBEXECDIR": daemon_dir(),
                "WGBGP_STATEDIR": self.statedir,
                "ASAN_OPTIONS": "abort_on_error=0:exitcode=99", "LSAN_OPTIONS": "exitcode=99",
                "UBSAN_OPTIONS": "print_stacktrace=1"}

    def program(self):
        return [daemon("wgbgpd/wgbgpd"), "-c", self.conf_file, "-r", self.rundir]

    def start(self, wait=True):
        self.process = self.router.spawn("wgbgpd", self.program(), env=self.env())
        if wait:
            wait_until(self._answers, 20, f"wgbgpd of {self.router.name} to answer", 0.05)

    def check(self):
        r = self.router.run([daemon("wgbgpd/wgbgpd"), "-n", "-c", self.conf_file], check=False,
                            env=self.env())
        return r.returncode, r.stdout + r.stderr

    def _answers(self):
        if not self.process.alive():
            raise AssertionError(f"wgbgpd ended with {self.process.popen.returncode}: "
                                 f"{self.process.text()[-3000:]}")
        return os.path.exists(os.path.join(self.rundir, "cli.sock")) and self.show("version")

    def stop(self):
        """Clean stop: what was installed stays."""
        status = self.process.stop()
        assert status == 0, f"wgbgpd of {self.router.name}: exit status {status}"

    def restart(self):
        self.stop()
        self.start()

    def daemon_pid(self, name):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children",
                  encoding="ascii") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/cmdline", "rb") as c:
                    if os.path.basename(c.read().split(b"\0")[0].decode()).startswith(name):
                        return int(pid)
        return None

    def kill_daemon(self, name, wait=True):
        """SIGKILL for one daemon; returns once a new one runs. The parent waits longer, up to half a
        minute, from the 21st in a minute on."""
        old = self.daemon_pid(name)
        assert old, f"{name} is not running"
        os.kill(old, signal.SIGKILL)

        def again():
            return self.daemon_pid(name) not in (None, old)
        if wait:
            wait_until(again, 60, f"a new {name}", 0.05)
        return again

    def teardown(self):
        """Removes all that was installed, and ends it; behind a change that is under way, as the
        first one is for a while after a start."""
        self.torn_down = True
        wait_until(self._tears_down, 20, f"{self.router.name} to take a teardown")
        wait_until(lambda: not self.process.alive(), 10, f"wgbgpd of {self.router.name} to end")

    def _tears_down(self):
        try:
            self.cli("teardown")
        except CliError as e:
            if "another change is being applied" not in str(e):
                raise
            return False
        return True

    def finish(self):
        """At the end of a test: stops it and returns what is wrong with its last words."""
        complaints = []
        if self.process is None:
            return complaints
        if self.process.stopped:
            pass
        elif not self.process.alive() and self.process.popen.returncode == 0 and self.torn_down:
            pass  # `teardown` ends it
        elif not self.process.alive():
            complaints.append(f"{self.router.name}: wgbgpd is gone, status "
                              f"{self.process.popen.returncode}")
        else:
            try:
                self.stop()
            except AssertionError as e:
                complaints.append(str(e))
        for line in self.process.text().splitlines():
            if any(word in line for word in BAD_WORDS):
                complaints.append(f"{self.router.name}: {line}")
        return complaints

    def log(self):
        return self.process.text()

    # ---- questions

    def cli_run(self, *commands):
        argv = [daemon("cli/wgbgp-cli"), "-r", self.rundir]
        for command in commands:
            argv += ["-c", command]
        return self.router.run(argv, check=False, env=self.env())

    def cli_start(self, *commands):
        """Nobody waits for them, and they may fail; the process."""
        argv = [daemon("cli/wgbgp-cli"), "-r", self.rundir]
        for command in commands:
            argv += ["-c", command]
        return self.router.popen(argv, env=self.env(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cli(self, *commands):
        """Text of commands that must succeed."""
        result = self.cli_run(*commands)
        if result.returncode != 0:
            raise CliError(f"{self.router.name}: {commands}: status {result.returncode}: "
                           f"{result.stdout}{result.stderr}")
        return result.stdout

    def show(self, what):
        """A document; one without the prefix that was asked for has status 1."""
        result = self.cli_run(f"show {what} json")
        if result.returncode > 1 or (result.returncode == 1 and result.stderr):
            raise CliError(f"{self.router.name}: {what}: status {result.returncode}: "
                           f"{result.stdout}{result.stderr}")
        document = json.loads(result.stdout)
        answers.check(what, document)
        return document

    def neighbor(self, address):
        for n in self.show("bgp summary")["neighbors"]:
            if n["address"] == address:
                return n
        return {}

    def established(self, *addresses):
        """Whether the sessions with these neighbours are up; without any: with all."""
        neighbors = {n["address"]: n["state"] for n in self.show("bgp summary")["neighbors"]}
        return all(neighbors.get(a, "").lower() == "established" for a in addresses or neighbors)

    def wait_established(self, *addresses, timeout=30):
        wait_until(lambda: self.established(*addresses), timeout,
                   f"sessions of {self.router.name} with {addresses or 'all'}")

    def paths(self, prefix):
        """BGP paths of a prefix, as `show bgp ipv4 PREFIX json` has them."""
        family = "ipv6" if ":" in prefix else "ipv4"
        for route in self.show(f"bgp {family} {prefix}")["routes"]:
            if route["prefix"] == prefix:
                return route["paths"]
        return []

    def best(self, prefix):
        return next((p for p in self.paths(prefix) if p["best"]), None)

    def reasons(self, prefix):
        return [p["reason"] for p in self.paths(prefix)]

    def route(self, prefix):
        """The selected route of the RIB."""
        for route in self.show(f"route {prefix}")["routes"]:
            if route["prefix"] == prefix and route["selected"]:
                return route
        return None

    def tunnel(self, peer):
        for tunnel in self.show("tunnels")["tunnels"]:
            if tunnel["peer"] == peer:
                return tunnel
        return {}

    def tunnel_state(self, peer):
        return self.tunnel(peer).get("state")

    def bfd(self, peer):
        for session in self.show("bfd")["sessions"]:
            if session["peer"] == peer:
                return session
        return {}

    def wait_bfd(self, peer, state="up", timeout=20):
        wait_until(lambda: self.bfd(peer).get("state") == state, timeout,
                   f"{self.router.name}: BFD to {peer} to be {state}", 0.05)

    def wait_tunnel(self, peer, *states, timeout=30):
        wait_until(lambda: self.tunnel_state(peer) in states, timeout,
                   f"{self.router.name}: tunnel to {peer} to be {' or '.join(states)}")

    def tunnel_changes(self, peer):
        """(from, to, reason) of each change of a tunnel's state, oldest first."""
        return re.findall(rf"tunnel-state peer={peer} \S+ from=(\S+) to=(\S+) reason=(\S+)",
                          self.log())

    # ---- the two tables as they really are

    def kernel_routes(self, prefix=None):
        """{prefix: [route]} of our routes in the kernel's main table, beside those of kept_in()."""
        found = self._routes(lambda route: route.get("metric") != KEEP_IN)
        return found if prefix is None else found.get(prefix, [])

    def kept_in(self):
        """The prefixes that the kernel's main table refuses where no tunnel has a route."""
        return set(self._routes(lambda route: route.get("metric") == KEEP_IN
                                and route["type"] in ("unreachable", "7")))

    def _routes(self, wanted):
        found = {}
        for family in ("-4", "-6"):
            out = self.router.out(["ip", family, "-N", "-j", "route", "show", "proto",
                                   str(PROTOCOL)])
            for route in filter(wanted, json.loads(out or "[]")):
                dst = route["dst"]
                if dst == "default":
                    dst = "0.0.0.0/0" if family == "-4" else "::/0"
                elif "/" not in dst:
                    dst += "/32" if family == "-4" else "/128"
                found.setdefault(dst, []).append(route)
        return found

    def leaves_by(self, address):
        """The interface that a packet to this address leaves by; None if there is no way."""
        r = self.router.run(["ip", "-j", "route", "get", address], check=False)
        return json.loads(r.stdout)[0].get("dev") if r.returncode == 0 and r.stdout else None

    def allowed(self, ifname, prefix):
        """Whose entry it is on the interface: a key's name as in PUB(), None if nobody's."""
        return key_name(self.topo, owner(self.router, ifname, prefix))

    def longest(self, ifname, address):
        """Longest AllowedIPs match, as WireGuard does it: a key's name, None if nobody's."""
        address, best = ipaddress.ip_address(address), (-1, None)
        for key, prefixes in allowed_ips(self.router, ifname).items():
            for prefix in map(ipaddress.ip_network, prefixes):
                if prefix.version == address.version and address in prefix:
                    best = max(best, (prefix.prefixlen, key))
        return key_name(self.topo, best[1])

    def installed(self, prefix, ifname, peer):
        """Both tables agree on this prefix: the route leaves by the interface, and there the
        longest match is the peer (named as in PUB())."""
        address = str(ipaddress.ip_network(prefix).network_address + 1)
        return bool(self.kernel_routes(prefix)) and self.leaves_by(address) == ifname \
            and self.longest(ifname, address) == peer

    def wait_installed(self, prefix, ifname, peer, timeout=30):
        wait_until(lambda: self.installed(prefix, ifname, peer), timeout,
                   f"{self.router.name}: {prefix} by {ifname} to {peer}")

    def wait_gone(self, prefix, timeout=30):
        wait_until(lambda: not self.kernel_routes(prefix), timeout,
                   f"{self.router.name}: no route {prefix}")


def key_name(topo, key):
    """The ROUTER.IF whose public key this is; the key itself if no router of ours has it."""
    if key is None:
        return None
    for router in topo.routers.values():
        for ifname in ("wg0", "wg1", "wg2", "wg3", "wgt"):
            if public_key(f"{router.name}.{ifname}") == key:
                return f"{router.name}.{ifname}"
    return key


def check_file(topo, router, conf):
    """wgbgpd -n: (status, output)."""
    return Wgbgp(topo, router, conf, start=False).check()
