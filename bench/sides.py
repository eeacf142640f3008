# SPDX-License-Identifier: BSD-2-Clause
"""The programs that are compared, each started from the same description of what it is to do.

A plan has: as_number, address, neighbors [(address, AS, reflector client?)], kernel (routes are
installed), wait (until the program answers). Each function returns the daemon's object."""
from dataclasses import dataclass, field

from lib.peers import Bird, Frr, Gobgp, Openbgpd
from lib.wgbgp import Wgbgp


@dataclass
class Plan:
    as_number: int
    address: str
    neighbors: list = field(default_factory=list)
    kernel: bool = False
    wait: bool = True


def bird(topo, router, plan):
    conf = f"router id {plan.address};\nprotocol device {{ }}\n"
    if plan.kernel:
        conf += "protocol kernel { ipv4 { import none; export all; }; }\n"
    conf += (f"template bgp far {{ local {plan.address} as {plan.as_number}; passive on; direct; "
             "error wait time 1, 2; startup hold time 1; ipv4 { import all; export all; }; }\n")
    for i, (address, as_number, client) in enumerate(plan.neighbors):
        conf += (f"protocol bgp n{i} from far {{ neighbor {address} as {as_number}; "
                 f"{'rr client; ' if client else ''}}}\n")
    return Bird(topo, router, conf)


class BgpdFrr(Frr):
    """bgpd; zebra only where routes are installed."""

    def __init__(self, topo, router, conf, kernel):
        self.daemons = ("zebra", "bgpd") if kernel else ("bgpd",)
        self.options = () if kernel else ("-Z",)
        super().__init__(topo, router, conf)

    def _start(self, daemon):
        argv = [f"/usr/lib/frr/{daemon}", "-f", "/dev/null", "-z", self.path("zserv.api"),
                "--vty_socket", self.dir, "-i", self.path(f"{daemon}.pid"), "-P", "0", "--log",
                f"file:{self.path(daemon)}.log", *(self.options if daemon == "bgpd" else ())]
        self.wait_vty(self.router.spawn(f"frr-{daemon}", argv), daemon)


def frr(topo, router, plan):
    conf = (f"hostname bench\nrouter bgp {plan.as_number}\n bgp router-id {plan.address}\n"
            " no bgp ebgp-requires-policy\n no bgp network import-check\n"
            " neighbor far peer-group\n neighbor far passive\n neighbor client peer-group\n"
            f" neighbor client remote-as {plan.as_number}\n neighbor client passive\n")
    for address, as_number, client in plan.neighbors:
        if client:
            conf += f" neighbor {address} peer-group client\n"
        else:
            conf += (f" neighbor {address} remote-as {as_number}\n"
                     f" neighbor {address} peer-group far\n")
    conf += (" address-family ipv4 unicast\n  neighbor client route-reflector-client\n"
             " exit-address-family\n")
    return BgpdFrr(topo, router, conf, plan.kernel)


def wgbgp(topo, router, plan):
    conf = f"rib {{ kernel {'on' if plan.kernel else 'off'}; }}\n"
    conf += f"bgp {{\n as {plan.as_number};\n router-id {plan.address};\n"
    conf += (" neighbor-group far { passive true; ipv6-unicast false; import all; export all; }\n"
             " neighbor-group client { remote-as internal; route-reflector-client true;\n"
             "  passive true; ipv6-unicast false; import all; export all; }\n")
    for address, as_number, client in plan.neighbors:
        what = "group client;" if client else f"group far; remote-as {as_number};"
        conf += f" neighbor {address} {{ {what} }}\n"
    daemon = Wgbgp(topo, router, conf + "}\n", start=False)
    daemon.start(plan.wait)
    return daemon


def openbgpd(topo, router, plan):
    if plan.kernel:
        raise AssertionError("OpenBGPD installs no routes here")
    conf = (f"AS {plan.as_number}\nrouter-id {plan.address}\nlisten on {plan.address}\n"
            "fib-update no\nallow from any\nallow to any\n")
    for address, as_number, client in plan.neighbors:
        conf += (f"neighbor {address} {{\n remote-as {as_number}\n passive\n"
                 " announce IPv4 unicast\n announce IPv6 none\n"
                 f"{' route-reflector' + chr(10) if client else ''}}}\n")
    return Openbgpd(topo, router, conf)


def gobgp(topo, router, plan):
    conf = (f'[global.config]\n as = {plan.as_number}\n router-id = "{plan.address}"\n'
            f' local-address-list = ["{plan.address}"]\n port = 179\n')
    for address, as_number, client in plan.neighbors:
        conf += (f'[[neighbors]]\n[neighbors.config]\n neighbor-address = "{address}"\n'
                 f" peer-as = {as_number}\n[neighbors.transport.config]\n passive-mode = true\n"
                 '[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\n'
                 ' afi-safi-name = "ipv4-unicast"\n')
        if client:
            conf += ("[neighbors.route-reflector.config]\n route-reflector-client = true\n"
                     f' route-reflector-cluster-id = "{plan.address}"\n')
    return Gobgp(topo, router, conf)


SIDES = {"wgbgp": wgbgp, "bird": bird, "frr": frr, "openbgpd": openbgpd, "gobgp": gobgp}
