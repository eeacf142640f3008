# SPDX-License-Identifier: BSD-2-Clause
"""A userspace WireGuard that does not answer for a while lives: nothing is concluded from it, for its
own interface or another one.

    b (feeds) ══ wg0 10.99.0.0/24 ══ hub ══ wg1 10.99.1.0/24 ══ c (is told)
"""
import os
import re
import signal
import time

import pytest

from lib.keys import public_key
from lib.ns import process_state
from lib.snippets import FAST
from lib.speaker import Speaker
from lib.wait import SLOW, wait_until
from lib.wg import PlainWg, backend
from lib.wgbgp import Wgbgp

PREFIXES = 100000 if SLOW < 4 else 20000
STOPPED_S = 3

pytestmark = [pytest.mark.timeout(300),
              pytest.mark.skipif(backend() == "kernel", reason="no userspace program")]

INTERFACE = """
    interface wg{n} {{
        private-key-file KEY(wg{n});
        listen-port 5182{n};
        address [ 10.99.{n}.1/24 ];
        {liveness}
        peer {peer} {{
            public-key {key};
            tunnel-address [ 10.99.{n}.2 ];
            permit [ 0.0.0.0/0 ];
        }}
    }}
"""

BGP = """
bgp {
    as 65000;
    router-id 10.99.0.1;
    neighbor-group all { hold-time 30; passive true; ipv6-unicast false; import all; export all; }
    neighbor 10.99.0.2 { group all; remote-as 65001; }
    neighbor 10.99.1.2 { group all; remote-as 65002; }
}
"""


class Net:
    def __init__(self, topo):
        inet = topo.internet()
        self.hub = topo.router("hub", inet)
        # A tunnel is judged by its traffic, which stands while its program does.
        slow = re.sub(r"probe-timeout \d+", "probe-timeout 20000", FAST)
        conf = "wireguard {" + "".join(
            INTERFACE.format(n=n, peer=peer, key=f'"{public_key(f"{peer}.wg{n}")}"', liveness=live)
            for n, peer, live in ((0, "b", slow), (1, "c", FAST))) + "}" + BGP
        self.wgbgp = Wgbgp(topo, self.hub, conf)
        self.speaker = {}
        for n, name in enumerate("bc"):
            site = topo.router(name, inet)
            PlainWg(site, f"wg{n}", port=51820 + n, addresses=f"10.99.{n}.2/24", peers=[{
                "key": f"hub.wg{n}", "keepalive": 1, "allowed_ips": "0.0.0.0/0",
                "endpoint": f"{inet.address(self.hub)}:{51820 + n}"}])
            self.speaker[name] = Speaker(topo, site)
            self.speaker[name].do(f"session {name} local=10.99.{n}.2 remote=10.99.{n}.1 "
                                  f"as={65001 + n} remote-as=65000 hold=30 table")
        for name in "bc":
            self.speaker[name].do("wait established timeout=60")
            self.wgbgp.wait_tunnel(name, "up")

    def program(self, ifname):
        """The process id of the interface's wireguard-go."""
        for pid in self.hub.pids():
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[:3] == [b"wireguard-go", b"-f", ifname.encode()]:
                    return pid
        raise AssertionError(f"no wireguard-go for {ifname}")

    def told(self):
        return self.speaker["c"].show("c")["c"]


@pytest.fixture
def net(topo):
    return Net(topo)


def test_stopped_under_load(net):
    pid = net.program("wg0")
    changes = net.wgbgp.tunnel_changes("c")
    net.speaker["b"].do(f"generate full count={PREFIXES}", "load b full")
    net.speaker["b"].tell("send b")
    wait_until(lambda: net.wgbgp.show("rib summary")["entries-set"] > PREFIXES // 20,
               what="the load to be under way")
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: process_state(pid) == "T", what="wireguard-go to be stopped")
    time.sleep(STOPPED_S)
    os.kill(pid, signal.SIGCONT)
    net.speaker["b"].answers(1)
    net.speaker["c"].do(f"expect {PREFIXES} c", "wait prefixes c timeout=120")
    wait_until(lambda: net.wgbgp.show("rib summary")["queued"] == 0, what="all to be installed")
    assert net.told()["withdrawn"] == 0
    summary = net.wgbgp.show("rib summary")
    assert summary["refused"] == 0 and summary["route-errors"] == 0
    assert net.program("wg0") == pid
    assert "allowed-ips-refused" not in net.wgbgp.log()
    assert net.wgbgp.tunnel_changes("c") == changes  # the other one was looked after all the time


def test_stopped_between_single_changes(net):
    """Each is a request of its own: what became of them is known when the program answers."""
    pid = net.program("wg0")
    prefixes = [f"20.0.{i}.0/24" for i in range(5)]
    net.speaker["b"].do("announce b 20.1.0.0/16", "send b")
    wait_until(lambda: net.wgbgp.allowed("wg0", "20.1.0.0/16") == "b.wg0", what="the first entry")
    os.kill(pid, signal.SIGSTOP)
    for prefix in prefixes:
        net.speaker["b"].do(f"announce b {prefix}", "send b")
        time.sleep(0.3)
    os.kill(pid, signal.SIGCONT)
    for prefix in prefixes:
        wait_until(lambda: net.wgbgp.allowed("wg0", prefix) == "b.wg0", what=prefix)
    net.speaker["c"].do(f"expect {1 + len(prefixes)} c", "wait prefixes c timeout=60")
    assert net.told()["withdrawn"] == 0
    assert "allowed-ips-refused" not in net.wgbgp.log()


def test_stopped_at_a_reload(net):
    """What a reload could not give to a silent program it gets when it answers."""
    pid = net.program("wg0")
    os.kill(pid, signal.SIGSTOP)
    net.wgbgp.replace("permit [ 0.0.0.0/0 ];\n        }\n    }\n\n    interface wg1",
                      "permit [ 0.0.0.0/0 ]; allowed-ips [ 10.77.0.0/16 ];\n"
                      "        }\n    }\n\n    interface wg1")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: net.wgbgp.allowed("wg0", "10.77.0.0/16") == "b.wg0",
               what="the entry")
    assert net.wgbgp.tunnel_state("b") == "up" and net.wgbgp.tunnel_state("c") == "up"
