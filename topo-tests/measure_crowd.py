# SPDX-License-Identifier: BSD-2-Clause
"""What a hostile crowd of wgbgp-web's clients costs the daemons: `topo-tests/run measure_crowd.py -s`.

    crowd: 10,000 connections ── wgbgp-web ── a router with a tunnel and 50,000 prefixes

Processor time of each process over 30 seconds: without a crowd, with one that sends rubbish, bytes
one at a time and heads without end, and with one that also asks for tables hundreds of times ahead
and reads nothing."""
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
from measure_scrape import CONF, worked

pytestmark = pytest.mark.timeout(1800)

CONNECTIONS = int(os.environ.get("WGBGP_CONNECTIONS", "10000"))
PREFIXES = int(os.environ.get("WGBGP_PREFIXES", "50000"))
PROCESSES, SECONDS = 4, 30

CROWD = r"""
import os, socket, sys, time
count, asks = int(sys.argv[1]), sys.argv[2] == "asks"
kinds = [b"G", os.urandom(20000), b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n",
         b"GET /api/tunnels HTTP/1.1\r\nX: " + b"x" * 4000]
if asks:
    kinds += [b"GET /api/route HTTP/1.1\r\n\r\n" * 400, b"GET /metrics HTTP/1.1\r\n\r\n" * 400]
def fresh(i):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 8179))
    return s, kinds[i % len(kinds)]
socks, made = [fresh(i) for i in range(count)], count
print("there", flush=True)
while True:
    for i, (s, kind) in enumerate(socks):
        try:
            s.send(kind)
        except BlockingIOError:
            pass
        except OSError:
            s.close()
            socks[i] = fresh(i)
            made += 1
    print(made, flush=True)
    time.sleep(0.2)
"""


def over(pids):
    """ms of processor time by name, in SECONDS."""
    before = worked(pids)
    time.sleep(SECONDS)
    return {name: at - before[name] for name, at in worked(pids).items()}


def crowd(router, kind):
    limit = CONNECTIONS // PROCESSES + 64
    some = [router.spawn(f"crowd{n}", ["prlimit", f"--nofile={limit}:{limit}", "/usr/bin/python3",
                                       "-c", CROWD, str(CONNECTIONS // PROCESSES), kind])
            for n in range(PROCESSES)]
    wait_until(lambda: all("there" in one.text() for one in some), 60, "the crowd")
    return some


def test_measure(request):
    with built(request.node) as topo:
        router = topo.router("many", topo.internet())
        load = topo.router("load")
        link(router, "v0", load, "v0", "10.0.0.1/24", "10.0.0.2/24")
        w = Wgbgp(topo, router, CONF.format(peers=PEER.format(n=0, a=0, b=1, c=100)))
        speaker = Speaker(topo, load)
        speaker.do("session feeder local=10.0.0.2 remote=10.0.0.1 as=65001 remote-as=65000 table",
                   f"generate full count={PREFIXES}", "load feeder full",
                   "wait established timeout=60", "send feeder", "wait sent feeder timeout=60")
        wait_until(lambda: w.neighbor("10.0.0.2")["received-prefixes"] == PREFIXES, 120, "all prefixes")
        web = Web(w, "-w", os.path.join(SOURCE, "web", "page"))
        pids = {"wgbgpd": w.process.pid, "wgbgp-web": web.process.pid}
        for name in ("bgpd", "zebra-lite", "wgd", "bfdd"):
            pids[name] = w.daemon_pid(name)
        print()
        for kind in ("nobody", "rubbish", "asks"):
            some = [] if kind == "nobody" else crowd(router, kind)
            spent = over(pids)
            assert web.get("/healthz")["healthy"]
            made = sum(int(one.text().split()[-1]) for one in some)
            for one in some:
                one.stop()
            print(f"{kind}: {made} connections in {SECONDS} s; ms of processor time: "
                  + ", ".join(f"{name} {ms:.0f}" for name, ms in spent.items()))
        web.stop()
