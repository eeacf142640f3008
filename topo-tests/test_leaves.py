# SPDX-License-Identifier: BSD-2-Clause
"""Every leaf of the schema: changed by reload is the same as started with it, and changed back is
the same as never changed.

    near 1 ═══ far 1      reloaded: has the row's `old`, is given `new`, goes back to the base
    near 2 ═══ far 2      is started with `new`

lib/leaves.py has the drawing of a world and says what is compared: all shows, the kernel's tables,
the WireGuard devices, and what BIRD at the far end agreed and learned. A row whose change shows
nowhere proves nothing, so it fails; leaves that do not show are in UNSEEN with the test that covers
them.

All rows take a quarter of an hour: WGBGP_LEAVES=1 runs them, WGBGP_LEAF=NAME those whose name has
that in it. Else a sixteenth of them runs, another one each day (WGBGP_SHARE says which one it was),
and always those that have failed before."""
import os
import re
import time

import pytest

from lib.build import SOURCE
from lib.leaves import World, at, difference, instead, schema_leaves, together, wait_equal

SHORT = {"bgp": "bgp/bgp", "timers": "bgp/timers", "options": "bgp/neighbor-options",
         "redistribute": "bgp/redistribution/redistribute", "plane": "plane/plane",
         "policy": "policy/policy", "match": "policy/policy/term/match",
         "set": "policy/policy/term/set", "rib": "rib/rib", "static": "rib/static-routes/static",
         "system": "system/system", "wireguard": "wireguard/wireguard",
         "interface": "wireguard/wireguard/interface", "peer": "wireguard/peer-options",
         "liveness": "wireguard/liveness/liveness", "quality": "wireguard/quality/quality"}

# These say when something happens, and show nowhere until it does: the test that sees it.
UNSEEN = {
    "system/system/log-level": "lib/daemon_test.c::test_log",
    "system/system/log-format": "lib/daemon_test.c::test_log",
    "bgp/bgp/neighbor-group/max-peers": "bgpd/session_test.c::test_ranges",
    "wireguard/wireguard/interface/admin": "topo-tests/test_bad_input.py::test_link_set_down",
    "wireguard/wireguard/interface/consumer": "topo-tests/test_plan.py::test_who_feels_it",
    "wireguard/wireguard/interface/guard": "topo-tests/test_guard.py::test_guard_down",
    "system/system/on-event/name": "topo-tests/test_events.py::test_takes_too_long",
    "system/system/on-event/program": "topo-tests/test_events.py::test_program",
    "system/system/on-event/url": "topo-tests/test_events.py::test_url",
    "system/system/on-event/event": "topo-tests/test_events.py::test_program",
    "system/system/on-event/time-limit": "topo-tests/test_events.py::test_takes_too_long",
    "system/system/on-event/rate": "events/hook_test.c::test_rate",
    "system/system/web/listen": "topo-tests/test_web.py::test_configured",
    "system/system/web/token": "topo-tests/test_web.py::test_configured",
    "system/system/warn/disk": "wgbgpd/shortage_test.c::test_disk_and_memory",
    "system/system/warn/memory": "wgbgpd/shortage_test.c::test_disk_and_memory",
    "system/system/warn/key-age": "wgbgpd/shortage_test.c::test_key",
    "system/system/unusual/interval": "topo-tests/test_events.py::test_handshake_missing",
    "system/system/unusual/traffic-factor": "events/habit_test.c::test_spike",
    "system/system/unusual/traffic-floor": "events/habit_test.c::test_spike",
    "system/system/unusual/silent": "events/habit_test.c::test_silence",
    "system/system/unusual/handshakes": "events/habit_test.c::test_handshakes",
    "system/system/cli-read-group": "wgbgpd/parent_test.c::test_groups",
    "system/system/cli-write-group": "wgbgpd/parent_test.c::test_groups",
    # An interface that is there keeps its back-end: another one is another interface.
    "wireguard/wireguard/backend": "wgd/device_test.c::test_backends",
    "wireguard/wireguard/interface/backend": "wgd/device_test.c::test_backends",
    "wireguard/wireguard/userspace-program": "wgd/device_test.c::test_backends",
    "wireguard/wireguard/interface/adopt": "topo-tests/test_foreign.py::test_adopted_interface",
    "wireguard/wireguard/interface/peer/imported": "topo-tests/test_import.py::test_take_over",
}


class Row:
    """LEAVES (behind a word of SHORT) change from `old`, edits of the base, to `new`. HIDDEN: a
    pattern for what is not compared."""

    def __init__(self, leaves, new, old=(), hidden=None):
        self.name, self.hidden = leaves, hidden
        self.new, self.old = as_list(new), as_list(old)

    def compared(self, seen):
        return {key: value for key, value in seen.items()
                if not self.hidden or not re.search(self.hidden, key)}

    def leaves(self):
        for leaf in self.name.split():
            head, _, tail = leaf.partition("/")
            yield f"{SHORT[head]}/{tail}"


def as_list(edits):
    return [edits] if callable(edits) else list(edits)


# ---- policies: p is what is imported from the external neighbour, exported to it, or to a

IN = instead("remote-as 65001; import all;", "remote-as 65001; import p;")
OUT = instead("import all; export all;", "import all; export p;")


def policy(*terms, default="accept"):
    return at("top", f"policy p {{ default {default}; "
              + " ".join(f"term {i + 1} {{ {term} }}" for i, term in enumerate(terms)) + " }")


def match(leaf, condition, use=IN):
    """What the condition finds is rejected; before, nothing was."""
    return Row(f"match/{leaf}", [policy(f"match {{ {condition} }} then reject;"), use],
               [policy("match { prefix [ 11.0.0.0/8 ]; } then reject;"), use])


def action(leaf, statement, use=IN):
    return Row(f"set/{leaf}", [policy(f"set {{ {statement} }} then accept;"), use],
               [policy("then accept;"), use])


POLICY = [
    Row("policy/name", [at("top", "policy other { default reject; }"), at("group", ""),
                        instead("remote-as 65001; import all;", "remote-as 65001; import other;")]),
    Row("policy/default", [policy(default="reject"), IN], [policy(), IN]),
    Row("policy/term/name", [policy("then reject;"), IN], [policy(), IN]),
    Row("policy/term/then", [policy("match { prefix [ 20.0.1.0/24 ]; } then reject;"), IN],
        [policy("match { prefix [ 20.0.1.0/24 ]; } then accept;"), IN]),
    match("prefix", "prefix [ 20.0.0.0/16{24,24} ];"),
    match("prefix-exact", "prefix-exact [ 20.0.1.0/24 ];"),
    match("family", "family ipv6;"),
    match("community", "community [ 65001:1 ];"),
    match("large-community", "large-community [ 65001:1:1 ];"),
    match("as-path-contains", "as-path-contains [ 65100 ];"),
    match("origin-as", "origin-as [ 65100 ];"),
    match("neighbor", "neighbor [ 10.9.0.2 ];"),
    match("protocol", "protocol [ network ];", OUT),
    match("next-hop", "next-hop [ 10.9.0.0/24 ];"),
    match("med", "med 7;"),
    match("local-preference", "local-preference 100;", OUT),
    action("local-preference", "local-preference 7;"),
    action("med", "med 99;"),
    action("aigp", "aigp 9;"),
    action("weight", "weight 9;"),
    action("link-bandwidth", "link-bandwidth 1000000;"),
    action("prepend", "prepend 2;", OUT),
    Row("set/prepend-as", [policy("set { prepend 2; prepend-as 65222; } then accept;"), OUT],
        [policy("set { prepend 2; } then accept;"), OUT]),
    action("community-add", "community-add [ 65000:9 ];"),
    action("community-delete", "community-delete [ 65001:1 ];"),
    action("community-set", "community-set [ 65000:8 ];"),
    action("large-community-add", "large-community-add [ 65000:9:9 ];"),
    action("large-community-delete", "large-community-delete [ 65001:1:1 ];"),
    action("large-community-set", "large-community-set [ 65000:8:8 ];"),
    action("next-hop", "next-hop 10.9.0.9;", OUT),
]

# ---- bgp and its neighbours

CLIENT = [at("neighbor-a", "route-reflector-client true;"), at("neighbor-b", "next-hop-self true;")]
CONNECTED = at("bgp", "redistribute connected { }")
EXTERNAL = "neighbor 10.9.0.2 { group g; remote-as 65001; import all; export all; #neighbor\n    }"
GROUP = ("neighbor-group h { remote-as 65001; import all; export all; passive true; "
         "listen-range [ 10.9.0.0/24 ]; }")

BGP = [
    Row("bgp/as", instead("    as 65000;", "    as 65009;")),
    Row("bgp/router-id", instead("router-id 10.9.0.1", "router-id 10.9.0.77")),
    Row("bgp/cluster-id", [at("bgp", "cluster-id 1.2.3.4;"), *CLIENT], CLIENT),
    Row("bgp/network", instead("network [ 192.168.1.0/24 ]", "network [ 10.9.0.0/24 ]")),
    Row("bgp/listen-port", at("bgp", "listen-port 1179;")),
    Row("bgp/listen-address", at("bgp", "listen-address [ 10.9.0.1 10.9.1.1 ];")),
    Row("bgp/default-local-pref", at("bgp", "default-local-pref 77;")),
    Row("bgp/honor-graceful-shutdown", at("bgp", "honor-graceful-shutdown false;")),
    Row("timers/hold-time", at("bgp", "hold-time 30;")),
    Row("timers/keepalive", at("bgp", "keepalive 7;")),
    Row("bgp/graceful-restart/enabled", at("graceful-restart", "enabled false;")),
    Row("bgp/graceful-restart/stale-time", at("graceful-restart", "stale-time 44;")),
    Row("bgp/graceful-restart/restart-time", at("graceful-restart", "restart-time 33;")),
    Row("redistribute/protocol", CONNECTED),
    Row("redistribute/policy", [
        policy("match { prefix [ 198.51.100.0/24 ]; } then reject;"),
        at("bgp", "redistribute connected { policy p; }")], CONNECTED),
    Row("redistribute/metric", at("bgp", "redistribute connected { metric 5; }"), CONNECTED),
    Row("bgp/neighbor-group/name bgp/neighbor-group/listen-range", instead(EXTERNAL, GROUP)),
    Row("bgp/neighbor/address", at("bgp", "neighbor 10.9.0.7 { remote-as 65007; passive true; }")),
    Row("bgp/neighbor/group", [at("bgp", "neighbor-group k { description k; }"),
                               at("neighbor-b", "group k;")]),
]


def option(leaf, new, old="", place="neighbor"):
    return Row(f"options/{leaf}", at(place, new), at(place, old) if old else ())


NEIGHBOR = [
    option("description", 'description "far end";'),
    option("local-address", "local-address 10.9.0.1;"),
    option("port", "port 1790;"),
    option("passive", "passive true;"),
    option("multihop", "multihop 3;"),
    option("ttl-security", "ttl-security 1;"),
    option("password-file", "password-file KEY(wg2);"),
    option("next-hop-self", "next-hop-self true;", place="neighbor-a"),
    option("route-reflector-client", "route-reflector-client true;", place="neighbor-a"),
    option("aigp", "aigp true;"),
    option("fast-failover", "fast-failover false;"),
    option("ipv4-unicast", "ipv4-unicast false;"),
    option("ipv6-unicast", "ipv6-unicast false;"),
    option("max-prefix", "max-prefix 2;"),
    option("max-prefix", "max-prefix 50;", "max-prefix 2;"),
    option("allowas-in", "allowas-in 1;"),
    option("enforce-first-as", "enforce-first-as false;"),
    option("disabled", "disabled true;"),
    # What a group says is the parent's business, which resolves it: not each leaf again.
    option("max-prefix", "max-prefix 2;", place="group"),
    option("disabled", "disabled true;", place="group"),
    Row("timers/hold-time", at("neighbor", "hold-time 9;")),
    Row("timers/hold-time", at("group", "hold-time 9;")),
    Row("timers/keepalive", at("neighbor", "keepalive 2;")),
    Row("timers/connect-retry", at("neighbor", "connect-retry 5;")),
    Row("timers/send-hold-time", at("neighbor", "send-hold-time 500;")),
    Row("timers/send-hold-time", at("bgp", "send-hold-time 500;")),
    Row("options/remote-as", instead("remote-as 65001;", "remote-as 65002;")),
    Row("options/import", instead("import all;", "import none;")),
    Row("options/export", instead("export all;", "export none;")),
    Row("options/route-reflector-client", CLIENT[1], CLIENT),
]

# ---- rib, static routes, rules, planes

FAR_OFF = "static 30.0.0.0/24 { next-hop 203.0.113.9; }"
STATIC = "static 30.0.0.0/24 { next-hop 10.9.0.2; }"
TO_NH = "static 30.0.0.0/24 { next-hop 10.9.0.2; interface wg0; }"
RULE = "rule 500 { table 77; source 10.1.0.0/16; }"


DEFAULT = instead("permit [ 20.0.0.0/8", "keep-in permit; permit [ 0.0.0.0/0 20.0.0.0/8")


def rib(leaf, new, old=""):
    return Row(f"rib/{leaf}", at("rib", new), at("rib", old) if old else ())


RIB = [
    rib("kernel", "kernel off;"), rib("table", "table 77;"), rib("metric", "metric 500;"),
    rib("protocol-number", "protocol-number 223;"),
    rib("resolve-via-default", f"{FAR_OFF} resolve-via-default on;", FAR_OFF),
    rib("nftables-sets", "nftables-sets all;"),
    rib("keep-in", "keep-in permit;"), rib("keep-in-time", "keep-in-time 77;"),
    *(Row(f"rib/{leaf}", [DEFAULT, at("rib", f"{leaf} 777;")], DEFAULT)
      for leaf in ("keep-in-table", "keep-in-priority")),
    *(Row(f"rib/distance/{name}", [at("distance", f"{name} {number};"), at("rib", STATIC)],
          at("rib", STATIC))
      for name, number in (("connected", 9), ("ebgp", 99), ("ibgp", 98), ("static", 97),
                           ("kernel", 96))),
    Row("static/prefix", at("rib", STATIC)),
    Row("static/next-hop", at("rib", "static 30.0.0.0/24 { next-hop 10.9.1.2; }"),
        at("rib", STATIC)),
    Row("static/interface", at("rib", "static 30.0.0.0/24 { interface wg0; }")),
    Row("static/blackhole", at("rib", "static 30.0.0.0/24 { blackhole true; }")),
    Row("static/metric", [at("bgp", "redistribute static { }"),
                          at("rib", STATIC.replace("}", "metric 77; }"))],
        [at("bgp", "redistribute static { }"), at("rib", STATIC)]),
    Row("static/distance", at("rib", STATIC.replace("}", "distance 77; }")), at("rib", STATIC)),
    Row("rib/rule/priority rib/rule/table rib/rule/source", at("rib", RULE)),
    *(Row(f"rib/rule/{leaf}", at("rib", RULE.replace("}", f"{statement} }}")), at("rib", RULE))
      for leaf, statement in (("destination", "destination 10.2.0.0/16;"),
                              ("interface", "interface wg0;"),
                              ("fwmark", "fwmark 5;"), ("fwmask", "fwmark 5; fwmask 255;"),
                              ("tos", "tos 16;"))),
]

RED = "plane red { table 300; interface [ lan0 ]; rule { priority 700; } }"
IN_RED = at("wg1", "plane red;")
LEAK = (at("top", RED), IN_RED, policy())


def plane(leaf, new, old=RED):
    return Row(f"plane/{leaf}", [at("top", new), IN_RED], [at("top", old), IN_RED] if old else ())


PLANE = [
    plane("name", RED, None), plane("table", RED.replace("300", "301")),
    plane("interface", RED.replace("[ lan0 ]", "[ u0 ]")),
    plane("isolate", RED.replace("table", "isolate on; table")),
    plane("own-addresses", RED.replace("table", "own-addresses shared; table")),
    plane("rule/priority", RED.replace("700", "701")),
    plane("rule/source", RED.replace("priority", "source [ 10.3.0.0/16 ]; priority")),
    plane("rule/input-interface", RED.replace("priority", "input-interface [ lan0 ]; priority")),
    plane("rule/fwmark", RED.replace("priority", "fwmark [ 8 ]; priority")),
    plane("rule/dscp", RED.replace("priority", "dscp [ 5 ]; priority")),
    Row("interface/plane", [at("top", RED), IN_RED], at("top", RED)),
    Row("options/plane", [at("top", RED), at("neighbor-b", "plane red;")], at("top", RED)),
    Row("bgp/plane/name bgp/plane/network",
        [at("top", RED), IN_RED, at("bgp", "plane red { network [ 10.9.1.0/24 ]; }")],
        [at("top", RED), IN_RED]),
    Row("bgp/leak/name bgp/leak/from bgp/leak/to bgp/leak/policy",
        [*LEAK, at("bgp", "leak l { from red; to main; policy [ p ]; }")], LEAK),
    # The last one: wgbgpd keeps a plane's number as long as it runs.
    plane("number", RED.replace("table", "number 5; table")),
]

# ---- system and wireguard

PEER = "peer c {{ public-key PUB(c.wg0); tunnel-address 10.9.1.4; {} }}"


def interface(leaf, new, old="", place="wg0"):
    return Row(f"interface/{leaf}", at(place, new), at(place, old) if old else ())


UPLINK = "uplink { interface u0; gateway [ 198.51.100.2 ]; }"


def uplink(leaf, statement):
    return interface(f"uplink/{leaf}", UPLINK.replace("interface", f"{statement} interface"),
                     UPLINK)


def peer(leaf, new, old=""):
    """At the peer and in its template."""
    for place in ("far", "template"):
        yield Row(f"peer/{leaf}", at(place, new), at(place, old) if old else ())


WIREGUARD = [
    Row("system/hostname", at("system", "hostname router7;")),
    Row("system/forwarding", at("system", "forwarding on;")),
    Row("wireguard/interface/name interface/address interface/private-key-file",
        at("wireguard", "interface wg7 { private-key-file KEY(wg2); listen-port 51827; "
                        "address 10.97.0.1/24; }")),
    Row("interface/address", instead("10.9.0.1/24 fd09::1/64",
                                     "10.9.0.1/24 10.9.0.9/24 fd09::1/64")),
    Row("interface/listen-port", instead("listen-port 51820", "listen-port 51999")),
    interface("description", 'description "to the far end";'),
    interface("fwmark", "fwmark 33;"), interface("mtu", "mtu 1300;"),
    interface("uplink/interface", UPLINK),
    uplink("source", "source [ 198.51.100.5 ];"), uplink("table", "table 4444;"),
    uplink("rule-priority", "rule-priority 4321;"),
    interface("uplink/gateway", UPLINK.replace("100.2", "100.3"), UPLINK),
    Row("wireguard/peer-template/name interface/peer/template",
        [at("wireguard", "peer-template u { cost 7; }"), at("a", "template u;")]),
    Row("interface/peer/name interface/peer/public-key interface/peer/tunnel-address", at(
        "wg1", "peer c { public-key PUB(c.wg0); tunnel-address 10.9.1.4; "
               "permit [ 31.0.0.0/8 ]; }")),
    Row("interface/peer/preshared-key-file", at("wg1", PEER.format(
        "preshared-key-file KEY(wg2);")), at("wg1", PEER.format(""))),
    # Its neighbour loses the way at once, and knows by its hold time.
    Row("interface/peer/tunnel-address", instead("tunnel-address 10.9.1.3",
                                                 "tunnel-address 10.9.1.5"), hidden="^far .*b"),
    *peer("description", 'description "the far one";'),
    *peer("persistent-keepalive", "persistent-keepalive 7;"),
    *peer("cost", "cost 30;"), *peer("disabled", "disabled true;"),
    Row("peer/keep-in", at("far-peer", "keep-in permit;")),
    Row("peer/permit", instead("permit [ 20.0.0.0/8 2a00::/12 ]", "permit [ 20.0.1.0/24 ]")),
    *peer("allowed-ips", "allowed-ips [ 40.0.0.0/24 ];"), *peer("allowed-ips", "allowed-ips any;"),
    Row("peer/endpoint", instead("198.51.100.2:51820", "[2001:db8::2]:51820")),
]

LIVENESS = {"icmp-errors": "off", "probe": "off", "probe-interval": 3000, "probe-timeout": 9000,
            "degraded-after": 150, "stale-after": 170, "up-hold": 100, "degraded-loss": 9,
            "echo": "on", "echo-interval": 400, "echo-multiplier": 6, "echo-size": 100,
            "up-hold-max": 9000}
QUALITY = {"latency-weight": 3, "jitter-weight": 3, "loss-weight": 3, "step": 9,
           "minimum-improvement": 7, "hold": 777}
BFD = "bfd {{ enabled on; passive true; {} }}"


def statements(leaves):
    return " ".join(f"{leaf} {value};" for leaf, value in leaves.items())


def side_by_side(head, leaves, place):
    """Leaves that stand side by side in what is shown need no row each."""
    return Row(" ".join(f"{head}/{leaf}" for leaf in leaves), at(place, statements(leaves)))


SETTINGS = [
    *(side_by_side("liveness", LIVENESS, f"{place}-liveness")
      for place in ("wg0", "far", "template")),
    *(side_by_side("quality", QUALITY, f"{place}-quality") for place in ("wg0", "far", "template")),
    Row("liveness/poll-interval", instead("300; #wg0-liveness", "250; #wg0-liveness")),
    Row("liveness/poll-interval", at("far-liveness", "poll-interval 250;")),
    Row("liveness/bfd/enabled liveness/bfd/passive", at("far-liveness", BFD.format(""))),
    Row("liveness/bfd/interval liveness/bfd/receive-interval liveness/bfd/multiplier", at(
        "far-liveness", BFD.format("interval 300; receive-interval 400; multiplier 9;")),
        at("far-liveness", BFD.format(""))),
    *(side_by_side("peer", {"endpoint-timeout": 5000, "endpoint-return": 5000,
                             "endpoint-inside-permit": "true"}, place)
      for place in ("far", "template")),
    side_by_side("bgp", {"honor-graceful-shutdown": "false", "last-path": "keep"}, "bgp"),
    Row("bgp/multipath/ebgp bgp/multipath/ibgp bgp/multipath/as-path-relax bgp/multipath/weights "
        "bgp/multipath/resilient", at(
            "multipath", "ebgp 3; ibgp 3; as-path-relax true; weights cost; resilient true;")),
    side_by_side("rib", {"sweep-timeout": 77, "pin-endpoints": "off"}, "rib"),
]

PARTS = {"policy": POLICY, "bgp": BGP, "neighbor": NEIGHBOR, "rib": RIB, "plane": PLANE,
         "wireguard": WIREGUARD, "settings": SETTINGS}


SHARES = 16
# Seen failing: always among those that run.
DIFFERED = {
    "options/route-reflector-client", "options/max-prefix", "bgp/default-local-pref",
    "bgp/cluster-id", "bgp/leak/name bgp/leak/from bgp/leak/to bgp/leak/policy", "peer/permit",
    "peer/allowed-ips", "peer/disabled", "plane/number", "plane/interface", "static/metric",
    "interface/peer/name interface/peer/public-key interface/peer/tunnel-address",
}


def run(row, reloaded, fresh, base):
    """What is wrong with a row, as text."""
    def by_reload():
        return row.compared(reloaded.seen())

    def by_start():
        return row.compared(fresh.seen())

    before = row.compared(base)
    if row.old:
        together(lambda: fresh.start(*row.old), lambda: reloaded.reload(*row.old))
        before = wait_equal(by_reload, by_start, "old by reload = started with old")
    together(lambda: fresh.start(*row.new), lambda: reloaded.reload(*row.new))
    after = wait_equal(by_reload, by_start, "new by reload = started with new")
    reloaded.reload()
    wait_equal(by_reload, lambda: row.compared(base), "back = never changed")
    shown = sum(line.startswith("+") for line in difference(before, after))
    gone = sum(line.startswith("-") for line in difference(before, after))
    if max(shown, gone) < len(list(row.leaves())):
        raise AssertionError(f"{max(shown, gone)} lines show the change")


def bring_up(topo):
    reloaded, fresh = World(topo, 1), World(topo, 2)
    reloaded.start()
    fresh.start()
    for world in (reloaded, fresh):
        world.wgbgp.wait_established()
        world.wgbgp.wait_installed("20.129.0.0/24", "wg1", f"{world.far.name}.wg2")
    return reloaded, fresh, wait_equal(reloaded.seen, fresh.seen, "two worlds are the same")


def share():
    """The rows that differed once, and a sixteenth of all."""
    number = int(os.environ.get("WGBGP_SHARE", time.time() // 86400)) % SHARES
    print(f"WGBGP_SHARE={number}")
    rows = [row for part in PARTS.values() for row in part]
    return [row for i, row in enumerate(rows) if row.name in DIFFERED or i % SHARES == number]


WANTED = os.environ.get("WGBGP_LEAF", "")
WHOLE = "WGBGP_LEAVES" in os.environ or WANTED


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", PARTS if WHOLE else ["share"])
def test_reload_is_start(topo, part):
    rows = [row for row in PARTS.get(part) or share() if WANTED in row.name]
    if not rows:
        pytest.skip(f"no row of it has {WANTED!r} in its name")
    reloaded, fresh, base = bring_up(topo)
    wrong = []
    for row in rows:
        try:
            run(row, reloaded, fresh, base)
        except AssertionError as e:
            wrong.append(f"{row.name}: {e}")
            print(wrong[-1], reloaded.wgbgp.log()[-8000:], sep="\n", flush=True)
            reloaded.start()
            wait_equal(reloaded.seen, lambda: base, "the base again")
    print(f"{len(rows)} rows, {len(wrong)} differ")
    assert not wrong, f"{len(wrong)} of {len(rows)} rows:\n" + "\n".join(wrong)


def test_every_leaf_has_a_row():
    named = {leaf for rows in PARTS.values() for row in rows for leaf in row.leaves()}
    leaves = schema_leaves()
    assert named <= leaves, f"no such leaves: {sorted(named - leaves)}"
    assert DIFFERED <= {row.name for rows in PARTS.values() for row in rows}
    missing = leaves - named - set(UNSEEN)
    assert not missing, f"leaves without a row: {sorted(missing)}"


def is_test(place):
    """FILE::NAME is a test that runs: in C it also stands in a list."""
    file, _, name = place.partition("::")
    with open(f"{SOURCE}/{file}", encoding="utf-8") as f:
        found = re.findall(rf"\b{name}\b", f.read())
    return len(found) >= (2 if file.endswith(".c") else 1)


def test_unseen_leaves_have_tests():
    missing = [f"{leaf}: {place}" for leaf, place in UNSEEN.items() if not is_test(place)]
    assert not missing, f"no such tests: {missing}"
    assert set(UNSEEN) <= schema_leaves(), "no such leaves"
