# SPDX-License-Identifier: BSD-2-Clause
"""Ways to break a world of lib/worlds.py, and where packets of a pair are lost then.

A Break is done and undone. Its rows (condition of source and destination, stages) say at which
stages a packet may be said to be lost; the first that holds. What no row holds for is as in the
healthy world.
"""
import ipaddress

from .worlds import BEHIND

GONE = "tunnel bgp rib next-hop"
ICMP = "meta l4proto { 1, 58 }"  # the names would need /etc/protocols
FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
ANSWERS = "icmp type echo-reply drop; icmpv6 type echo-reply drop;"
ASKS = ("icmp type echo-request drop;", "icmpv6 type echo-request drop;")


class Break:
    def __init__(self, name, change, *rows):
        self.name, (self.do, self.undo), self.node = name, change, None
        self.rows = [(condition, set(stages.split())) for condition, stages in rows]

    def expected(self, world, source, destination):
        for condition, stages in self.rows:
            if condition(source, destination):
                return stages | self._guessed(source, stages)
        return world.healthy(source, destination)

    @staticmethod
    def _guessed(source, stages):
        """Nothing announces the source, and nobody says a word: that it is let in all the same
        (lib/worlds.py, unnumbered) cannot be known here, and is not what is most likely."""
        silent = stages & {"answer", "far-end", "far-forwarding"}
        return {"announced"} if source.kind == "wrong" and silent else set()

    def is_seen(self, source):
        """Not where packets of others are lost before they come to the view."""
        return source.kind != "site-host" or source.node != self.node

    def breaks(self, source, destination):
        return any(condition(source, destination) and stages for condition, stages in self.rows)


def rules(router, text, hook, family="inet"):
    table = (f"table {family} broken {{ chain c {{ type filter hook {hook} priority 0; "
             f"{text} }}; }}\n")
    return (lambda: router.nft(table)), (lambda: router.nft(f"delete table {family} broken\n"))


def conf(world, node, **changes):
    """Another configuration of a node."""
    return (lambda: node.reload(world, **changes)), (lambda: node.reload(world))


def sysctls(router, *names):
    """These are off instead of on."""
    def put(value):
        router.run(["sysctl", "-qw", *(f"{name}={value}" for name in names)])
    return (lambda: put(0)), (lambda: put(1))


def commands(router, lines):
    """Words for ip, and the same with "del"."""
    def run(text):
        for line in text:
            router.run(["ip", *line.split()])
    return (lambda: run(lines)), (lambda: run([x.replace(" add ", " del ", 1)
                                               for x in reversed(lines)]))


# ---- conditions

def is_behind(via):
    return lambda s, d: d.via == via and d.kind in BEHIND


def is_at(node, *kinds):
    """Behind that node's LAN interface, or, of some KINDS, there."""
    return lambda s, d: d.node == node and d.kind in (kinds or BEHIND)


def is_through(via):
    return lambda s, d: d.via == via


def in_tunnel(s, d):
    return d.via != ""


def from_lan(condition):
    return lambda s, d: s.kind in ("lan", "host") and condition(s, d)


def of_kinds(kinds, condition):
    return lambda s, d: s.kind in kinds and condition(s, d)


def where_well(world, condition):
    """... and it would be answered, or come to the LAN there, if all were well."""
    return lambda s, d: condition(s, d) and world.healthy(s, d) <= (
        {"host", "answer"} if d.kind == "nobody" else set())


LOCAL = ("lan", "tunnel", "wrong")


# ---- of one tunnel

def cut(world, peer):
    if world.kind == "hubs":
        return None  # there is another way
    return Break("tunnel cut", (lambda: world.net.cut("a", peer.name),
                                lambda: world.net.restore("a", peer.name)),
                 (is_through(peer.name), GONE))


def wrong_key(world, peer):
    if world.kind == "hubs":
        return None
    return Break("wrong key", conf(world, world.view, **{peer.name: {"key": "stranger.wg0"}}),
                 (is_through(peer.name), GONE))


def narrow_permit(world, peer):
    if not peer.permit or world.kind == "hubs":
        return None
    return Break("permit too narrow", conf(world, world.view, **{
        peer.name: {"permit": ["10.77.0.0/16"]}}), (is_behind(peer.name), "bgp"))


def no_import(world, peer):
    if not peer.neighbor or world.kind == "hubs":
        return None
    options = peer.options.replace("import all;", "") + " import none;"
    return Break("no import", conf(world, world.view, **{peer.name: {"options": options}}),
                 (is_behind(peer.name), "bgp"))


def no_session(world, peer):
    if not peer.neighbor or world.kind == "hubs":
        return None
    end, begin = conf(world, world.view, **{
        peer.name: {"options": peer.options + " disabled true;"}})

    def again():
        begin()  # the far end waits longer and longer between its attempts
        world.nodes[peer.name].w.cli("clear bgp all")
        world.view.w.cli("clear bgp all")
    return Break("no session", (end, again), (is_behind(peer.name), "bgp"),
                 (lambda s, d: d.via == peer.name and s.kind != "tunnel", "far-end"))


def not_permitted_there(world, peer):
    here = ["10.77.0.0/16"]
    change = {"permit": here} if peer.permit else {"entries": here}
    blind = "answer" if world.kind == "unnumbered" else ""  # no address of it can be asked
    return Break("the far end does not permit our LAN", conf(
        world, world.nodes[peer.name], a=change), (from_lan(is_through(peer.name)),
                                                   f"far-end {blind}"))


def large_lost(world, peer):
    def well(s, d):
        return d.via == peer.name and not world.healthy(s, d)
    return Break("large packets are lost", (
        lambda: world.net.harm("a", peer.name, "meta length > 1300 drop"), world.net.mend),
                 (well, "mtu"))


def output_dropped(world, peer):
    text = "".join(f'oifname "{peer.ifname}" {rule}' for rule in ASKS)
    return Break("output dropped", rules(world.view.router, text, "output"),
                 (of_kinds(LOCAL, lambda s, d: in_tunnel(s, d) and
                           world.peer(d.via).ifname == peer.ifname), "firewall"))


def interface_down(world, peer):
    def through(s, d):
        return in_tunnel(s, d) and world.peer(d.via).ifname == peer.ifname
    if world.kind == "hubs":
        return None
    gone = f"{GONE} kernel"
    return Break("interface down", conf(world, world.view, down=[peer.ifname]),
                 (from_lan(through), gone), (through, f"{gone} source rule"),
                 (lambda s, d: s.via == peer.ifname, f"{gone} source far-route answer announced"))


def entry_of_another(world, peer):
    """A static entry of another peer takes one host."""
    if "any" in peer.entries:
        return None
    hosts = [d for f in world.families for d in world.destinations(f)
             if d.kind == "far-host" and d.via == peer.name]
    entries = " ".join(f"{d.address}/{32 if d.family == 4 else 128}" for d in hosts)
    more = (f"peer stranger {{ public-key PUB(stranger.wg0); allowed-ips [ {entries} ]; "
            "permit [ 10.78.0.0/16 ]; }\n")
    return Break("entry of another peer", conf(world, world.view, peers={peer.ifname: more}),
                 (lambda s, d: d in hosts, "allowed-ips"))


# ---- of this router

def not_announced(world):
    sessions = [p.name for p in world.view.peers if p.neighbor]
    return Break("our LAN is not announced", conf(world, world.view, network=[]),
                 (from_lan(lambda s, d: d.via in sessions), "announced"))


def forwarding_off(world):
    return Break("forwarding off", sysctls(world.view.router, *FORWARDING),
                 (lambda s, d: s.kind in ("host", "site-host"), f"forwarding {world.nowhere}"))


def input_dropped(world):
    return Break("input dropped", rules(world.view.router, ANSWERS, "input"),
                 (of_kinds(LOCAL, in_tunnel), "firewall"),
                 (lambda s, d: s.kind in LOCAL, f"firewall {world.nowhere}"))


def forward_dropped(world):
    return Break("forward dropped", rules(world.view.router, f'iifname "lan0" {ICMP} drop;',
                                          "forward"),
                 (lambda s, d: s.kind == "host", f"firewall {world.nowhere}"))


def answers_not_forwarded(world):
    text = f'iifname "wg*" oifname "lan0" {ICMP} drop;'
    return Break("answers not forwarded", rules(world.view.router, text, "forward"),
                 (lambda s, d: s.kind == "host" and in_tunnel(s, d), "firewall"))


def source_refused(world):
    lines = [f"-{f} rule add from {world.view.lan[f]} prohibit priority 100"
             for f in world.families]
    return Break("source refused", commands(world.view.router, lines),
                 (from_lan(lambda s, d: True),
                  ("kernel" if world.plane else "rule") + f" {world.nowhere}"))


# ---- of what is behind one node

def _way(world, family):
    gateway = world.net.gateway("a") if family == 4 else \
        world.net.address("a", 6).rsplit("::", 1)[0] + "::1"
    return f"via {gateway} dev u0"


def _front(world, node, family):
    """A part of its LAN."""
    net = ipaddress.ip_network(world.nodes[node].lan[family])
    return str(next(net.subnets(new_prefix=net.prefixlen + 1 if family == 4 else 123)))


def _is_in_front(world, node):
    nets = [ipaddress.ip_network(_front(world, node, f)) for f in world.families]
    return lambda s, d: d.node == node and d.kind in BEHIND and \
        any(ipaddress.ip_address(d.address) in net for net in nets)


def foreign_route(world, node):
    table = " table 100" if world.plane else ""
    return Break("foreign more specific", commands(world.view.router, [
        f"-{f} route add {_front(world, node, f)} {_way(world, f)}{table}"
        for f in world.families]), (_is_in_front(world, node), "kernel"))


def blackhole(world, node):
    table = " table 100" if world.plane else ""
    return Break("blackhole", commands(world.view.router, [
        f"-{f} route add blackhole {_front(world, node, f)}{table}" for f in world.families]),
                 (_is_in_front(world, node), "kernel next-hop"))


def foreign_rule(world, node):
    lines = [line for f in world.families for line in (
        f"-{f} route add {world.nodes[node].lan[f]} {_way(world, f)} table 200",
        f"-{f} rule add to {world.nodes[node].lan[f]} lookup 200 priority 100")]
    return Break("foreign rule", commands(world.view.router, lines), (is_at(node), "kernel"))


def rule_by_source(world, node):
    lines = [line for f in world.families for line in (
        f"-{f} route add default {_way(world, f)} table 200",
        f"-{f} rule add from {world.view.lan[f]} to {world.nodes[node].lan[f]} lookup 200 "
        "priority 100")]
    return Break("rule by source", commands(world.view.router, lines),
                 (from_lan(is_at(node)), "kernel" if world.plane else "rule"))


def _beyond(world, node):
    """Through that node's tunnels, not to itself."""
    return lambda s, d: d.via == node and d.node != node


def nothing_announced(world, node):
    if not any(p.neighbor for p in world.nodes[node].peers):
        return None
    return Break("nothing announced there", conf(world, world.nodes[node], network=[]),
                 (is_at(node), "bgp"))


def _mute(world, node):
    """What is said where that node may be unable to tell why."""
    return "answer" if world.plane or world.routes[node][1] > 1 else ""


def forwarding_off_there(world, node):
    there = "answer" if world.routes[node][1] > 1 else f"far-forwarding {_mute(world, node)}"
    if world.kind == "hubs" and node == "b":
        return None
    return Break("forwarding off there", sysctls(world.nodes[node].router, *FORWARDING),
                 (where_well(world, is_at(node, "far-host", "nobody")), there),
                 (lambda s, d: _beyond(world, node)(s, d) and s.kind != "wrong",
                  "far-forwarding"))


def forward_dropped_there(world, node):
    return Break("forward dropped there", rules(world.nodes[node].router, f"{ICMP} drop;",
                                                "forward"),
                 (where_well(world, is_at(node, "far-host", "nobody")), "answer"),
                 (lambda s, d: _beyond(world, node)(s, d) and s.kind != "wrong", "answer"))


def forward_refused_there(world, node):
    text = f"{ICMP} reject with icmpx type admin-prohibited;"
    return Break("forward refused there", rules(world.nodes[node].router, text, "forward"),
                 (where_well(world, is_at(node, "far-host", "nobody")),
                  f"far-firewall {_mute(world, node)}"),
                 (lambda s, d: _beyond(world, node)(s, d) and s.kind != "wrong",
                  "far-firewall answer"))


def input_dropped_there(world, node):
    return Break("input dropped there", rules(world.nodes[node].router, "".join(ASKS), "input"),
                 (where_well(world, is_at(node, "far-lan", "far-tunnel")), "answer far-end"))


def dead_host(world, node):
    far = world.nodes[node]
    do, undo = rules(far.host, "drop;", 'ingress device "eth0"', "netdev")
    return Break("the far host is down",
                 (lambda: (do(), far.router.ip("neigh flush dev lan0")), undo),
                 (where_well(world, is_at(node, "far-host")), f"host {_mute(world, node)}"))


def no_way_back(world, node):
    host, lines = world.nodes[node].host, []
    for f in (4, 6):
        lan = world.nodes[node].lan[f].split("/")[0]
        lines.append(f"-{f} route add default via {lan[:-1] if f == 4 else lan}1")
    put, drop = commands(host, lines)
    return Break("the far host knows no way back", (drop, put),
                 (where_well(world, is_at(node, "far-host")), "answer"))


def cut_behind(world, node):
    """The tunnel behind the first one."""
    via, hops = world.routes[node]
    if hops == 1 or world.kind == "hubs":
        return None
    return Break("tunnel behind cut", (lambda: world.net.cut(via, node),
                                       lambda: world.net.restore(via, node)),
                 (is_at(node), "bgp"))


OF_PEERS = (cut, wrong_key, narrow_permit, no_import, no_session, not_permitted_there, large_lost,
            output_dropped, interface_down, entry_of_another)
OF_VIEW = (not_announced, forwarding_off, input_dropped, forward_dropped, answers_not_forwarded,
           source_refused)
OF_NODES = (foreign_route, blackhole, foreign_rule, rule_by_source, nothing_announced,
            forwarding_off_there, forward_dropped_there, forward_refused_there, input_dropped_there,
            dead_host, no_way_back, cut_behind)


def _at(node, how):
    if how:
        how.node = node
    return how


def some_of(world, chance, number):
    """So many ways, each of its own kind."""
    used = sorted({via for via, _ in world.routes.values()})
    kinds = [[make(world)] for make in OF_VIEW]
    kinds += [[_at(peer.name, make(world, peer)) for peer in world.view.peers if peer.name in used]
              for make in OF_PEERS]
    kinds += [[_at(node, make(world, node)) for node in world.routes] for make in OF_NODES]
    kinds = [[how for how in kind if how] for kind in kinds]
    kinds = [kind for kind in kinds if kind]
    return [chance.choice(kind) for kind in chance.sample(kinds, min(number, len(kinds)))]
