# SPDX-License-Identifier: BSD-2-Clause
"""The first configuration of README.md, as a reader would copy it: only addresses on the Internet
and keys differ.

    host ─ 192.168.1.0/24 ─ hub1 ══ wg0 10.99.0.1 ── 10.99.0.2 wg0 ══ sitea ─ 192.168.2.0/24 ─ host
                          AS 65000                                AS 65001
"""
import os
import re

from lib.build import SOURCE
from lib.probe import Ping
from lib.wait import wait_until
from lib.wgbgp import Wgbgp


def configurations():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        blocks = re.findall(r"^```\n(system .*?)^```$", f.read(), re.M | re.S)
    assert len(blocks) == 3  # the third is a site with two hubs
    for block in blocks[:2]:
        for old, new in (("/etc/wgbgp/keys/wg0", "KEY(wg0)"),
                         ('"THE-PUBLIC-KEY-OF-SITE-A"', "PUB(sitea.wg0)"),
                         ('"THE-PUBLIC-KEY-OF-HUB1"', "PUB(hub1.wg0)"),
                         ("198.51.100.2:", "INET(sitea):"), ("203.0.113.1:", "INET(hub1):")):
            block = block.replace(old, new)
        yield block


def test_first_configuration(topo):
    net = topo.internet()
    hub, site = topo.router("hub1", net), topo.router("sitea", net)
    hosts = topo.lan(hub, "192.168.1.0/24"), topo.lan(site, "192.168.2.0/24")
    for_hub, for_site = configurations()
    whub, wsite = Wgbgp(topo, hub, for_hub), Wgbgp(topo, site, for_site)
    whub.wait_installed("192.168.2.0/24", "wg0", "sitea.wg0", timeout=60)
    wsite.wait_installed("192.168.1.0/24", "wg0", "hub1.wg0", timeout=60)
    with Ping(hosts[0], hosts[1].address) as ping:
        ping.flows(20)
    wait_until(lambda: whub.cli_run("explain 192.168.2.7").returncode == 0, 20, "explain agrees")
