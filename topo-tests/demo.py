# SPDX-License-Identifier: BSD-2-Clause
"""What ./demo shows, on the topology of lib/dualhub.py, with nothing that tests do not use."""
import argparse
import json
import os
import shutil
import signal
import sys

from lib.build import program
from lib.dualhub import DualHub
from lib.ns import process_state, wait_gone
from lib.probe import Ping
from lib.snippets import bfd
from lib.topology import Internet, Topology
from lib.wait import wait_until
from lib.wg import backend

DIR = "/run/wgbgp-demo"
STATE = os.path.join(DIR, "state.json")
BFD_MS = 100

PICTURE = """
      LAN 192.168.1.0/24          LAN 192.168.2.0/24          LAN 192.168.3.0/24
            host1                       host2                       host3
              │                           │                           │
            site1                       site2                       site3
           ║     ║                     ║     ║                     ║     ║
         wg1     wg2                 wg1     wg2                 wg1     wg2
           ║     ╚═══════════════════║═══╦═╝ ╚═════════════════════║══╦══╝
           ╚═════════════╦═══════════╝   ║ ╔═══════════════════════╝  ║
                       hub1 ═══ wgt ═══ hub2 ═════════════════════════╝

   ═ WireGuard tunnels across an Internet that can be cut.  hub1 is the better way (cost 0
   against 100). Each site has one interface per hub. A hub has one interface, wg0, for all
   sites: its AllowedIPs say which prefix is behind which site, and wgbgp writes them from BGP.
"""


class Demo:
    def __init__(self, batch):
        self.batch = batch
        self.failover = []
        self.topo = self.d = None
        self.sessions = (7, 0)

    def say(self, text):
        print(text, flush=True)

    def show(self, router, command):
        self.say(f"\n{router.name}# {command}")
        for line in router.wgbgp.cli(command).rstrip().splitlines():
            self.say(f"    {line}")

    def build(self):
        self.say(f"── 2. Two hubs, three sites ({'the kernel' if backend() == 'kernel' else 'wireguard-go'}"
                 f" does WireGuard)\n{PICTURE}")
        self.topo = Topology(DIR, keep=not self.batch)
        self.d = DualHub(self.topo, fast=bfd(BFD_MS))
        self.say("   All wgbgpd run. Waiting for tunnels, BGP sessions and routes ...")
        self.d.wait(120)
        self.sessions = self.d.sessions()
        self.say(f"   {self.sessions[1]} of {self.sessions[0]} BGP sessions are established.")

    def tables(self):
        d = self.d
        self.say("\n── 3. What was learned\n   Hub 1 has a session with each site and with hub 2:")
        self.show(d.hub[1], "show bgp summary")
        self.say("\n   The sites' networks, in AllowedIPs of the one interface that they share:")
        self.show(d.hub[1], "show allowed-ips wg0")
        self.say("\n   Site 1 knows two ways to the LAN of site 2, and why one is not taken:")
        self.show(d.site[1], "show bgp ipv4 192.168.2.0/24")
        self.show(d.site[1], "show tunnels")

    def cut(self):
        d = self.d
        self.say("\n── 4. The way between site 1 and hub 1 breaks\n"
                 "   host1 pings host2 100 times a second. Now everything between site 1 and hub 1\n"
                 "   is dropped, somewhere out there: no interface goes down, nobody is told.")
        d.wsite[1].wait_bfd("hub1")
        d.whub[1].wait_bfd("site1")
        with Ping(d.host[1], d.host[2].address) as ping:
            ping.flows(100)
            d.net.cut("site1", "hub1")
            d.wsite[1].wait_installed("192.168.2.0/24", "wg2", "hub2.wg0", timeout=60)
            ping.flows(100)
        result = ping.stop()
        self.failover.append({"event": "cut-underlay", "blackout_ms": result["blackout_ms"]})
        self.show(d.site[1], "show tunnels")
        self.show(d.site[1], "show route 192.168.2.0/24")
        self.say(f"\n   Dark for {result['blackout_ms']} ms ({result['lost']} of {result['sent']} lost):"
                 f" BFD speaks every {BFD_MS} ms in each tunnel\n   and gives it up when three are"
                 " missing. BGP's hold time, 30 s, had not even begun to matter.")

    def restore(self):
        d = self.d
        self.say("\n── 5. The way is back")
        with Ping(d.host[1], d.host[2].address) as ping:
            d.net.restore("site1", "hub1")
            d.wait(120)
            ping.flows(100)
        result = ping.stop()
        self.failover.append({"event": "restore", "blackout_ms": result["blackout_ms"]})
        self.show(d.site[1], "show route 192.168.2.0/24")
        self.say(f"\n   Back on the better hub; {result['lost']} of {result['sent']} pings lost,"
                 f" dark for {result['blackout_ms']} ms.")

    def save(self):
        with open(STATE, "w", encoding="ascii") as f:
            json.dump({"routers": {r.name: {"pid": r.pid, "inode": r.inode}
                                   for r in self.topo.routers.values()},
                       "attached": self.d.net.attached}, f)

    def leave(self):
        self.say("""
── 6. It stays, for play
   sudo ./demo --cli hub1                      the CLI of hub1 (? and TAB help)
   sudo ./demo --cli site1 -c 'show bgp ipv4' -c 'explain 192.168.3.10'
   sudo ./demo --cut site1 hub1                break it again; --restore site1 hub1
   sudo ./demo --shell host1                   a shell there: ping 192.168.2.10
   sudo ./demo --stop                          end it and remove everything""")
        self.say(f"   Configurations and logs: {DIR}/ROUTER/wgbgp.conf, wgbgpd.log")

    def result(self, ok):
        return {"ok": ok, "sessions": {"expected": self.sessions[0],
                                       "established": self.sessions[1]},
                "failover": self.failover, "wireguard": backend()}


def state():
    try:
        with open(STATE, encoding="ascii") as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def holder(router):
    """The holder's pid, if it is still that one."""
    try:
        if os.stat(f"/proc/{router['pid']}/ns/net").st_ino == router["inode"]:
            return router["pid"]
    except OSError:
        pass
    return None


def namespace_pids(inode):
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino == inode:
                yield int(entry)
        except OSError:
            pass


def stop():
    """Ends what an earlier run left: all that lives in its namespaces, and its directory."""
    before = state()
    if before:
        pids = [p for r in before["routers"].values() if holder(r)
                for p in namespace_pids(r["inode"])]
        for pid in pids:
            if process_state(pid):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_gone(pid)
    shutil.rmtree(DIR, ignore_errors=True)
    return before is not None


def running(name):
    before = state()
    router = before and before["routers"].get(name)
    if not router or not holder(router):
        names = f" (there are {', '.join(sorted(before['routers']))})" if before else ""
        sys.exit(f"demo: {name} is not running{names}; start it with sudo ./demo")
    return before, str(router["pid"])


def alias(name):
    """host1 is short for the host behind site1."""
    return f"site{name[4:]}-host" if name.startswith("host") else name


def cut_or_restore(verb, a, b):
    before, pid = running("inet")
    for name in (a, b):
        if name not in before["attached"]:
            sys.exit(f"demo: {name} is not on the Internet")
    net = Internet.__new__(Internet)
    net.attached = before["attached"]
    net.nft = lambda rules: os.system(  # noqa: the rules are ours
        f"printf '%s' '{rules}' | nsenter -t {pid} -n nft -f -") == 0 or sys.exit(1)
    getattr(net, verb)(a, b)
    print(f"the way between {a} and {b} is {'cut' if verb == 'cut' else 'back'}")


def play(demo):
    demo.build()
    demo.save()
    demo.tables()
    demo.cut()
    demo.restore()
    demo.sessions = demo.d.sessions()
    wait_until(lambda: demo.sessions[0] == demo.sessions[1], 1, "all sessions")


def run(args):
    if stop():
        print("   (an earlier demo was still there and has been ended)")
    demo = Demo(args.batch)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ok = False
    try:
        play(demo)
        ok = True
    except AssertionError as e:
        print(f"\ndemo: FAILED: {e}", file=sys.stderr)
    finally:
        if args.json:
            with open(args.json, "w", encoding="ascii") as f:
                json.dump(demo.result(ok), f)
                f.write("\n")
        if not ok and demo.topo:
            for title, text in demo.topo.report():
                print(f"──── {title}\n{text[-3000:]}", file=sys.stderr)
        if args.batch and demo.topo:
            demo.topo.stop()
            demo.topo.destroy()
    if ok and args.batch:
        print("\n   Ended, everything is removed.")
    elif ok:
        demo.leave()
    return 0 if ok else 1


def main():
    p = argparse.ArgumentParser(prog="demo", add_help=False)
    p.add_argument("--batch", action="store_true")
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--stop", action="store_true")
    p.add_argument("--cut", nargs=2)
    p.add_argument("--restore", nargs=2)
    p.add_argument("--shell")
    p.add_argument("--cli")
    args, rest = p.parse_known_args()
    if args.stop:
        print("ended" if stop() else "nothing was running")
    elif args.cut or args.restore:
        cut_or_restore("cut" if args.cut else "restore", *(args.cut or args.restore))
    elif args.cli:
        _, pid = running(args.cli)
        os.environ["WGBGP_YANGDIR"] = os.path.join(os.path.dirname(os.path.dirname(
            os.path.abspath(__file__))), "yang")
        # In the router's namespace: `explain` also asks the kernel there.
        os.execvp("nsenter", ["nsenter", "-t", pid, "-n", "-u", program("cli/wgbgp-cli"),
                              "-r", f"{DIR}/{args.cli}/run", *rest])
    elif args.shell:
        _, pid = running(alias(args.shell))
        os.execvp("nsenter", ["nsenter", "-t", pid, "-n", "-m", "-u", *(rest or ["bash"])])
    elif rest:
        sys.exit(f"demo: unknown argument {rest[0]} (see ./demo --help)")
    else:
        return run(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
