# SPDX-License-Identifier: BSD-2-Clause
"""Links between routers, and the Internet under the tunnels.

The Internet is one router with a link of its own to each router that is attached to it:

    hub1 u0 198.51.100.2/30 ── 198.51.100.1  ┐
    site u0 198.51.100.6/30 ── 198.51.100.5  ┤ Internet    2001:db8:0:N::2/64 ── ::1
                                             ┘
so an endpoint lies behind a gateway as it does in the world. cut(a, b) drops everything between
two of them, both ways, and nothing else: what a broken path somewhere out there looks like."""
import contextlib
import itertools
import os
import shutil
import tempfile

from .ns import Router

CUT_TABLE = """
table inet wild {
    set cut4 { type ipv4_addr . ipv4_addr; }
    set cut6 { type ipv6_addr . ipv6_addr; }
    chain forward {
        type filter hook forward priority 0;
        ip saddr . ip daddr @cut4 drop
        ip6 saddr . ip6 daddr @cut6 drop
    }
    chain loss { type filter hook forward priority 1; }
    chain harm { type filter hook forward priority 2; }
}
"""

NAT_TABLE = """
table ip nat {
    chain out {
        type nat hook postrouting priority 100;
        oifname "u0" masquerade
    }
    chain forward {
        type filter hook forward priority 0;
        iifname "u0" ct state != { established, related } drop
    }
}
"""


class Internet(Router):
    def __init__(self, name, directory, keep=False):
        super().__init__(name, directory, keep)
        self.attached = {}
        self.nft(CUT_TABLE)

    def attach(self, router, ifname="u0", default=True, via=None):
        """Gives a router a link to the Internet; returns its IPv4 address there. VIA: a router in
        the middle of the cable, with interfaces left and right, for a Relay."""
        n = self.links
        self.links += 1
        net, base = f"198.51.{100 + n // 64}.", n % 64 * 4
        v4, gw4 = f"{net}{base + 2}", f"{net}{base + 1}"
        v6, gw6 = f"2001:db8:0:{n:x}::2", f"2001:db8:0:{n:x}::1"
        if via:
            link(self, f"i{n}", via, "left", f"{gw4}/30 {gw6}/64")
            link(via, "right", router, ifname, "", f"{v4}/30 {v6}/64")
        else:
            link(self, f"i{n}", router, ifname, f"{gw4}/30 {gw6}/64", f"{v4}/30 {v6}/64")
        if default:
            router.ip(f"route add default via {gw4} dev {ifname} metric 1000\n"
                      f"route add ::/0 via {gw6} dev {ifname} metric 2000")
        self.attached.setdefault(router.name, []).append((v4, v6))
        self.attached[f"{router.name}.{ifname}"] = [(v4, v6)]
        return v4

    def address(self, who, family=4):
        """Of a router (by object or name), or of one of its links: "site.u1"."""
        name = who if isinstance(who, str) else who.name
        return self.attached[name][0][0 if family == 4 else 1]

    def gateway(self, who):
        """The Internet's end of that link."""
        net, host = self.address(who).rsplit(".", 1)
        return f"{net}.{int(host) - 1}"

    def _pairs(self, a, b):
        for x, y in itertools.product(self._all(a), self._all(b)):
            for one, two in ((x, y), (y, x)):
                yield "cut4", f"{one[0]} . {two[0]}"
                yield "cut6", f"{one[1]} . {two[1]}"

    def _all(self, who):
        return self.attached[who if isinstance(who, str) else who.name]

    def cut(self, a, b):
        self.nft("".join(f"add element inet wild {s} {{ {pair} }}\n" for s, pair
                         in self._pairs(a, b)))

    def restore(self, a, b):
        self.nft("".join(f"{verb} element inet wild {s} {{ {pair} }}\n"
                         for verb in ("add", "delete") for s, pair in self._pairs(a, b)))

    def cut_one_way(self, a, b):
        """Only what A sends to B; restore() ends it, too."""
        self.nft("".join(f"add element inet wild {s} {{ {x[f]} . {y[f]} }}\n"
                         for x in self._all(a) for y in self._all(b)
                         for s, f in (("cut4", 0), ("cut6", 1))))

    def harm(self, a, b, what, both=True):
        """What happens to packets from A to B (BOTH: and back), in words of nft: "meta length >
        1300 drop", "numgen random mod 100 < 30 drop". mend() ends it."""
        ways = [(a, b), (b, a)] if both else [(a, b)]
        self.nft("".join(
            f"add rule inet wild harm {l3} saddr {x[f]} {l3} daddr {y[f]} {what}\n"
            for one, two in ways for x in self._all(one) for y in self._all(two)
            for l3, f in (("ip", 0), ("ip6", 1))))

    def mend(self):
        self.nft("flush chain inet wild harm\n")

    def lose(self, percent):
        """Random loss of everything; 0 ends it."""
        rule = f"add rule inet wild loss numgen random mod 100 < {percent} drop\n"
        self.nft("flush chain inet wild loss\n" + (rule if percent else ""))


def _addresses(ifname, addresses):
    return "".join(f"addr add {a} dev {ifname}{' nodad' if ':' in a else ''}\n"
                   for a in addresses.split())


def link(a, a_if, b, b_if, a_addresses="", b_addresses=""):
    """A cable: addresses are given as "10.0.0.1/24 fd00::1/64"."""
    a.ip(f"link add name {a_if} type veth peer name {b_if} netns {b.pid}\n"
         + _addresses(a_if, a_addresses) + f"link set {a_if} up")
    b.ip(_addresses(b_if, b_addresses) + f"link set {b_if} up")


class Topology:
    """Everything that one test builds; the `topo` fixture destroys it."""

    def __init__(self, directory, keep=False):
        self.dir, self.keep = directory, keep
        self.routers = {}
        self.net = None
        self.daemons = []  # those with a stop() of their own
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)

    def router(self, name, net=None, via=None):
        router = Router(name, self.dir, self.keep)
        self.routers[name] = router
        if net:
            net.attach(router, via=via)
        return router

    def internet(self, name="inet"):
        self.net = self.routers[name] = Internet(name, self.dir, self.keep)
        return self.net

    def lan(self, router, subnet, ifname="lan0", subnet6=None):
        """A LAN behind a router with one host on it: .1 (::1) is the router, .10 (::10) the host,
        which is returned; `.address` and `.address6` are set."""
        host = self.router(f"{router.name}-host")
        net = subnet.split("/")[0].rsplit(".", 1)[0]
        bits = subnet.split("/")[1]
        host.address, host.address6 = f"{net}.10", None
        ours, theirs, routes = f"{net}.1/{bits}", f"{net}.10/{bits}", f"default via {net}.1"
        routes = f"route add {routes}"
        if subnet6:
            net6, bits6 = subnet6.split("/")
            host.address6 = f"{net6}10"
            ours += f" {net6}1/{bits6}"
            theirs += f" {net6}10/{bits6}"
            routes += f"\nroute add ::/0 via {net6}1"
        link(router, ifname, host, "eth0", ours, theirs)
        host.ip(routes)
        return host

    def nat(self, name, net, inside_router, subnet="100.64.0.0/24"):
        """A NAT box between a router and the Internet, as a home has one. Nothing gets in that was
        not asked for."""
        box = self.router(name, net)
        prefix = subnet.rsplit(".", 1)[0]
        link(box, "in0", inside_router, "u0", f"{prefix}.1/24", f"{prefix}.2/24")
        inside_router.ip(f"route add default via {prefix}.1 dev u0 metric 1000")
        box.nft(NAT_TABLE)
        return box

    def add(self, daemon):
        self.daemons.append(daemon)
        return daemon

    def stop(self):
        """Ends the daemons in order, so that their own complaints at the end are seen; returns
        these complaints."""
        complaints = []
        for daemon in reversed(self.daemons):
            try:
                complaints += daemon.finish() or []
            except AssertionError as e:
                complaints.append(str(e))
        return complaints

    def destroy(self):
        for router in self.routers.values():
            router.destroy()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def report(self):
        """What one wants to see of a failure, as (title, text)."""
        for router in self.routers.values():
            for process in {p.log: p for p in router.processes}.values():
                yield f"{router.name}: {process.name}.log", process.text()[-12000:]
            if not router.processes:
                continue
            state = ""
            for command in ("ip -br address", "ip -N route show table all type unicast",
                            "ip -6 -N route show table all type unicast", "wg show"):
                r = router.run(command, check=False, timeout=20)
                text = r.stdout + r.stderr
                state += f"# {command}\n{text[:12000]}{'...' if len(text) > 12000 else ''}\n"
            yield f"{router.name}: state", state


@contextlib.contextmanager
def built(node):
    """An empty topology, destroyed at the end. When NODE (pytest's, of the test) has failed by then,
    all that was seen of it is printed."""
    os.makedirs("/run/wgbgp-topo", exist_ok=True)
    topology = Topology(tempfile.mkdtemp(prefix="t", dir="/run/wgbgp-topo"))
    yield topology
    complaints = topology.stop()
    if complaints or getattr(node, "failed", False):
        for title, text in topology.report():
            print(f"──── {title}\n{text}")
    topology.destroy()
    assert not complaints, "\n".join(complaints)
