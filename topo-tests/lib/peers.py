# SPDX-License-Identifier: BSD-2-Clause
"""The far ends: other people's BGP daemons, each in a router, configured by a text as its own
manual has it, with private sockets, so that any number run side by side."""
import json
import os
import pwd
import shutil

from .wait import wait_until


class Peer:
    """Common part: a directory of its own, a configuration file, one or more processes."""
    kind = None

    def __init__(self, topo, router):
        self.router = router
        self.dir = os.path.join(router.dir, self.kind)
        os.makedirs(self.dir, exist_ok=True)
        topo.add(self)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def finish(self):
        return []


class Bird(Peer):
    kind = "bird"

    def __init__(self, topo, router, conf):
        super().__init__(topo, router)
        self.write("bird.conf", f"log stderr all;\n{conf}")
        self.start()

    def start(self, recover=False):
        """`recover`: as after a crash, with the kernel's routes as they are (graceful restart)."""
        if os.path.exists(self.path("ctl")):
            os.unlink(self.path("ctl"))
        self.process = self.router.spawn("bird", [
            "bird", "-f", *(["-R"] if recover else []), "-c", self.path("bird.conf"),
            "-s", self.path("ctl"), "-P", self.path("pid")])
        wait_until(self._ready, 10, "BIRD's control socket")

    def _ready(self):
        assert self.process.alive(), self.process.text()
        return os.path.exists(self.path("ctl"))

    def cli(self, command):
        return self.router.out(["birdc", "-s", self.path("ctl"), *command.split()])

    def configure(self, conf):
        self.write("bird.conf", f"log stderr all;\n{conf}")
        self.cli("configure")

    def established(self, protocol):
        return "Established" in self.cli(f"show protocols {protocol}")

    def has(self, prefix, protocol=None):
        """The text of the prefix's routes, empty if there is none."""
        r = self.router.run(["birdc", "-s", self.path("ctl"), "show", "route", prefix, "all",
                             *(["protocol", protocol] if protocol else [])], check=False)
        return r.stdout if f"{prefix} " in r.stdout else ""


class Frr(Peer):
    kind = "frr"
    daemons = ("zebra", "staticd", "bgpd")

    def __init__(self, topo, router, conf, bfd=False):
        super().__init__(topo, router)
        if bfd:
            self.daemons = ("zebra", "staticd", "bfdd", "bgpd")
        self.processes = {}
        frr = pwd.getpwnam("frr")
        os.chown(self.dir, frr.pw_uid, frr.pw_gid)
        self.write("frr.conf", conf)
        for daemon in self.daemons:
            self._start(daemon)
        router.run(["vtysh", "--vty_socket", self.dir, "--config_dir", self.dir, "-b"])

    def _start(self, daemon):
        p = self.router.spawn(f"frr-{daemon}", [
            f"/usr/lib/frr/{daemon}", "-f", "/dev/null", "-z", self.path("zserv.api"),
            "--vty_socket", self.dir, "-i", self.path(f"{daemon}.pid"), "-P", "0", "--log",
            f"file:{self.path(daemon)}.log",
            *(["--bfdctl", self.path("bfdd.sock")] if daemon == "bfdd" else [])])
        self.processes[daemon] = p
        self.wait_vty(p, daemon)

    def wait_vty(self, process, daemon):
        def ready():
            assert process.alive(), process.text()
            return os.path.exists(self.path(f"{daemon}.vty"))
        wait_until(ready, 15, f"FRR's {daemon}")

    def cli(self, command):
        return self.router.out(["vtysh", "--vty_socket", self.dir, "--config_dir", self.dir,
                                "-c", command])

    def json(self, command):
        return json.loads(self.cli(f"{command} json"))

    def established(self, neighbor):
        peers = self.json("show bgp summary").get("ipv4Unicast", {}).get("peers", {})
        peers.update(self.json("show bgp summary").get("ipv6Unicast", {}).get("peers", {}))
        return peers[neighbor]["state"] == "Established"

    def has(self, prefix):
        family = "ipv6" if ":" in prefix else "ipv4"
        return self.json(f"show bgp {family} unicast {prefix}").get("paths", [])


class Gobgp(Peer):
    kind = "gobgp"

    def __init__(self, topo, router, conf):
        super().__init__(topo, router)
        self.write("gobgpd.toml", conf)
        self.process = router.spawn("gobgpd", [
            "gobgpd", "-f", self.path("gobgpd.toml"), "--api-hosts",
            f"unix://{self.path('api.sock')}", "--pprof-disable", "-p"])
        wait_until(self._ready, 15, "gobgpd")

    def _ready(self):
        assert self.process.alive(), self.process.text()
        return os.path.exists(self.path("api.sock"))

    def cli(self, command):
        return self.router.out(["gobgp", "--target", f"unix://{self.path('api.sock')}",
                                *command.split()])

    def json(self, command):
        return json.loads(self.cli(f"-j {command}"))

    def established(self, neighbor):
        return "ESTABLISHED" in self.cli(f"neighbor {neighbor}").upper().split("BGP STATE =")[1][:30]

    def has(self, prefix):
        family = "ipv6" if ":" in prefix else "ipv4"
        return self.json(f"global rib -a {family}").get(prefix, [])


class Openbgpd(Peer):
    kind = "openbgpd"

    def __init__(self, topo, router, conf):
        super().__init__(topo, router)
        os.makedirs("/run/openbgpd", exist_ok=True)
        self.write("bgpd.conf", f'socket "{self.path("sock")}"\n{conf}', 0o600)
        self.process = router.spawn("openbgpd", ["/usr/sbin/bgpd", "-d", "-f",
                                                 self.path("bgpd.conf")])
        wait_until(self._ready, 15, "OpenBGPD")

    def _ready(self):
        assert self.process.alive(), self.process.text()
        return os.path.exists(self.path("sock"))

    def cli(self, command):
        return self.router.out(["bgpctl", "-s", self.path("sock"), *command.split()])

    def json(self, command):
        return json.loads(self.cli(f"-j {command}"))

    def connect_soon(self, *neighbors):
        """In five seconds; each end of a session makes it wait twice as long by itself."""
        for neighbor in neighbors:
            self.cli(f"neighbor {neighbor} clear")

    def established(self, neighbor):
        return any(n["remote_addr"] == neighbor and n["state"] == "Established"
                   for n in self.json("show neighbor")["neighbors"])

    def has(self, prefix):
        return [r for r in self.json("show rib").get("rib", []) if r["prefix"] == prefix]


class Exabgp(Peer):
    """Connects only. What it hears is in `messages`, one JSON object each; `say()` announces.
    The configuration names its helper process as `helper`."""
    kind = "exabgp"

    def __init__(self, topo, router, conf):
        super().__init__(topo, router)
        os.mkfifo(self.path("commands"))
        # Opened for reading and writing: neither end waits for the other, nor sees an end of file.
        helper = self.write("helper", "#!/bin/sh\ncat <>" + self.path("commands") + " &\n"
                            "exec cat >>" + self.path("messages") + "\n", 0o755)
        self.write("messages", "", 0o666)
        os.chmod(self.path("commands"), 0o666)
        self.write("exabgp.conf", f"process helper {{\n run {helper};\n encoder json;\n}}\n{conf}")
        self.process = router.spawn("exabgp", [
            "env", "exabgp.daemon.drop=false", "exabgp.api.cli=false",
            "exabgp.log.destination=stderr", shutil.which("exabgp"), self.path("exabgp.conf")])
        self.commands = os.open(self.path("commands"), os.O_RDWR)

    def say(self, command):
        os.write(self.commands, command.encode() + b"\n")

    @property
    def messages(self):
        found = []
        with open(self.path("messages"), encoding="utf-8") as f:
            for line in f:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    pass  # not written to its end yet
        return found

    def finish(self):
        os.close(self.commands)
        return []
