# SPDX-License-Identifier: BSD-2-Clause
"""Two hubs, two sites (lib/dualhub.py has the whole drawing): afterwards every machine can tell
what happened, and debug says it while it happens.

     host1 ─ site1 ══ wg1 ══ hub1 ══ site2 ─ host2
                ╚════ wg2 ══ hub2 ══════╝
"""
import re

from lib.dualhub import DualHub
from lib.wait import wait_until

SITE1, SITE2 = "192.168.1.0/24", "192.168.2.0/24"


def events(w, what):
    return w.show(f"history {what}")["events"]


def is_like(event, wanted):
    return all(event.get(key) == value for key, value in wanted.items())


def in_order(told, *wanted):
    """Each of WANTED is there, behind the one before it."""
    at = 0
    for one in wanted:
        while at < len(told) and not is_like(told[at], one):
            at += 1
        assert at < len(told), (one, told)
        at += 1


def said(daemon, event, what, **others):
    return {"daemon": daemon, "event": event, "what": what, **others}


def cut(d):
    d.net.cut("site1", "hub1")
    d.wsite[1].wait_installed(SITE2, "wg2", "hub2.wg0")
    d.whub[1].wait_tunnel("site1", "down")
    wait_until(lambda: not d.whub[1].installed(SITE1, "wg0", "site1.wg1"),
               what="hub 1 not to send to site 1 directly")


def test_failover_is_told(topo):
    """Of one prefix, in order, across the daemons: how it came, and how it moved."""
    d = DualHub(topo, sites=2)
    d.wait()
    w = d.whub[1]
    told = events(w, f"prefix {SITE1}")  # either hub may have told of it first
    in_order(told, said("bgpd", "decision", "best", neighbor="10.0.1.11"))
    in_order(told, said("zebra-lite", "entry", "set", peer="site1"),
             said("wgd", "entry", "set", peer="site1", interface="wg0"))
    in_order(told, {"daemon": "zebra-lite", "event": "route"})
    cut(d)
    wait_until(lambda: d.whub[1].best(SITE1)["next-hop"] == "10.0.9.2",
               what="hub 1 to have decided, too")
    told = events(w, f"prefix {SITE1}")
    down = [said("wgd", "tunnel", "down", peer="site1"),
            said("zebra-lite", "tunnel", "down", peer="site1")]
    in_order(told, *down, {"daemon": "zebra-lite", "event": "route", "interface": "wgt"})
    in_order(told, *down, said("bgpd", "nexthop", "down", peer="site1"),
             said("bgpd", "decision", "best", neighbor="10.0.9.2"))
    assert not [e for e in told if e.get("peer") == "site2"], "site 2 has nothing to do with it"
    # At the site one write moves the object that all prefixes use.
    in_order(events(d.wsite[1], f"prefix {SITE2}"),
             said("wgd", "tunnel", "down", peer="hub1"),
             said("zebra-lite", "tunnel", "down", peer="hub1"),
             said("zebra-lite", "route", "move", peer="hub2"),
             said("bgpd", "decision", "best", neighbor="10.0.2.1"))
    # By its name and by its address it is the same peer.
    by_name, by_address = events(w, "peer site1"), events(w, "peer 10.0.1.11")
    assert by_name == by_address
    in_order(by_name, said("bgpd", "received", "UPDATE", neighbor="10.0.1.11"), *down)
    times = [e["monotonic-us"] for e in by_name]
    assert times == sorted(times)
    # Who is gone keeps its name.
    with open(w.conf_file, encoding="ascii") as f:
        w.reload(re.sub(r"peer site1 \{.*?\n        \}", "", f.read(), flags=re.S))
    wait_until(lambda: not w.tunnel("site1"), what="hub 1 not to know site 1 any more")
    in_order(events(w, "peer site1"), *down)


def test_debug(topo):
    """What is followed is in the log as it happens, though only `info` is written else; a daemon
    that starts again has forgotten it."""
    d = DualHub(topo, sites=2)
    d.wait()
    w = d.whub[1]
    w.cli(f"debug prefix {SITE1} for 5", "debug tunnel site2")
    assert len(w.show("debug")["debugs"]) == 8
    cut(d)
    wait_until(lambda: "debug event=decision what=best prefix=192.168.1.0/24" in w.log(),
               what="the log to have the decision")
    assert "peer=site1" not in "".join(re.findall("debug event=tunnel.*", w.log()))
    w.kill_daemon("wgd")
    wait_until(lambda: {r["daemon"] for r in w.show("debug")["debugs"]} ==
               {"bgpd", "zebra-lite", "bfdd"}, what="a new wgd to answer")
    w.cli("no debug")
    assert w.show("debug")["debugs"] == []
    assert w.log().count('debug-off what="peer site2" why="switched off"') == 3
