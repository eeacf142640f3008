# SPDX-License-Identifier: BSD-2-Clause
"""What a scrape costs, with 1,000 tunnels and 50,000 prefixes: `topo-tests/run measure_scrape.py -s`.

    many wg0 ══ site-0000 … site-0999
       └── veth ── load: a neighbour that announces a table

Processor time of wgbgp-web and of each daemon a scrape, over 20 of them, less what the same time
costs without any."""
import os
import time

import pytest

from lib.build import SOURCE
from lib.speaker import Speaker
from lib.topology import built, link
from lib.wait import wait_until
from lib.web import Web
from lib.wgbgp import Wgbgp
from measure_page import PEER

pytestmark = pytest.mark.timeout(1800)

TUNNELS = int(os.environ.get("WGBGP_TUNNELS", "1000"))
PREFIXES = int(os.environ.get("WGBGP_PREFIXES", "50000"))
SCRAPES, PERIOD = 20, 1.0
TICK = os.sysconf("SC_CLK_TCK")
CONF = """
system {{ hostname many; cli-read-group nogroup; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0); listen-port 51820; address 10.20.255.1/16;
{peers}
    }}
}}
bgp {{
    as 65000; router-id 10.20.255.1;
    neighbor 10.0.0.2 {{ remote-as 65001; passive true; ipv6-unicast false; import all; export all; }}
}}
"""


def worked(pids):
    """ms of processor time so far, by name."""
    times = {}
    for name, pid in pids.items():
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        times[name] = (int(fields[11]) + int(fields[12])) * 1000 / TICK
    return times


def cost(pids, scrape):
    """(ms a period by name, the slowest scrape in ms)"""
    before, slowest = worked(pids), 0.0
    for _ in range(SCRAPES):
        begun = time.monotonic()
        if scrape:
            scrape()
        took = time.monotonic() - begun
        slowest = max(slowest, took * 1000)
        time.sleep(max(0, PERIOD - took))
    return {name: (at - before[name]) / SCRAPES for name, at in worked(pids).items()}, slowest


def test_measure(request):
    with built(request.node) as topo:
        router = topo.router("many", topo.internet())
        load = topo.router("load")
        link(router, "v0", load, "v0", "10.0.0.1/24", "10.0.0.2/24")
        peers = "\n".join(PEER.format(n=n, a=n // 250, b=n % 250 + 1, c=100 + n // 250)
                          for n in range(TUNNELS))
        w = Wgbgp(topo, router, CONF.format(peers=peers))
        wait_until(lambda: len(w.show("tunnels")["tunnels"]) == TUNNELS, 60, "all tunnels")
        speaker = Speaker(topo, load)
        speaker.do("session feeder local=10.0.0.2 remote=10.0.0.1 as=65001 remote-as=65000 table",
                   f"generate full count={PREFIXES}", "load feeder full",
                   "wait established timeout=60", "send feeder", "wait sent feeder timeout=60")
        wait_until(lambda: w.neighbor("10.0.0.2")["received-prefixes"] == PREFIXES, 120, "all prefixes")
        web = Web(w, "-w", os.path.join(SOURCE, "web", "page"))
        pids = {"wgbgp-web": web.process.pid, "wgbgpd": w.process.pid}
        for name in ("bgpd", "zebra-lite", "wgd"):
            pids[name] = w.daemon_pid(name)
        body = web.curl("/metrics")[1]
        assert body.count("wgbgp_tunnel_up{") == TUNNELS
        idle, _ = cost(pids, None)
        busy, slowest = cost(pids, lambda: web.curl("/metrics", "-o", "/dev/null"))
        each = {name: busy[name] - idle[name] for name in pids}
        print(f"\na scrape of {len(body)} bytes: {sum(each.values()):.0f} ms of processor time ("
              + ", ".join(f"{name} {ms:.0f}" for name, ms in each.items())
              + f"); the slowest took {slowest:.0f} ms")
        speaker.finish()
        web.stop()
