# SPDX-License-Identifier: BSD-2-Clause
"""What leaves in the clear (I10): a counter at the Internet's router of all packets to private
networks, and what the tests that have one do to the daemons."""
import json
import os
import signal

from .wait import holds
from .wgbgp import DAEMONS

COUNTER = """table inet clear {{
    counter private {{ }}
    chain prerouting {{
        type filter hook prerouting priority -300;
        ip daddr 192.168.0.0/16 counter name private
        ip6 daddr {ours6} counter name private
    }}
}}"""


def count(net, ours6="fd00::/8"):
    net.nft(COUNTER.format(ours6=ours6))


def leaked(net):
    out = json.loads(net.out(["nft", "-j", "list", "counters", "table", "inet", "clear"]))
    return sum(o["counter"]["packets"] for o in out["nftables"] if "counter" in o)


def never(net, seconds=2):
    holds(lambda: leaked(net) == 0, seconds, "nothing in the clear", 0.2)


def written(w):
    """The prefixes that are remembered as kept in."""
    with open(os.path.join(w.statedir, "keep-in"), encoding="ascii") as f:
        return [line.split()[0] for line in f if not line.startswith("#")]


def kill_all(w):
    """Nobody is left to say anything."""
    pids = [w.daemon_pid(name) for name in DAEMONS]
    os.kill(w.process.pid, signal.SIGSTOP)  # it shall start none again
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    w.process.stop(signal.SIGKILL)
