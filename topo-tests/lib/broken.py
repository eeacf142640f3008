# SPDX-License-Identifier: BSD-2-Clause
"""Ways to break a world of lib/worlds.py, and where packets of a pair are lost then.

A Break is done and undone. Its rows (condition of source and destination, stages) say at which
stages a packet may be said to be lost; the first that holds. What no row holds for is as in the
healthy world.
"""
from .worlds import BEHIND

GONE = "tunnel bgp rib next-hop"
ICMP = "meta l4proto { 1, 58 }"  # the names would need /etc/protocols
ASKS = ("icmp type echo-request drop;", "icmpv6 type echo-request drop;")


class Break:
    def __init__(self, name, change, *rows):
        self.name, (self.do, self.undo) = name, change
        self.rows = [(condition, set(stages.split())) for condition, stages in rows]

    def expected(self, world, source, destination):
        for condition, stages in self.rows:
            if condition(source, destination):
                return stages
        return world.healthy(source, destination)

    def breaks(self, source, destination):
        return any(condition(source, destination) and stages for condition, stages in self.rows)


def rules(router, text, hook, family="inet"):
    table = (f"table {family} broken {{ chain c {{ type filter hook {hook} priority 0; "
             f"{text} }}; }}\n")
    return (lambda: router.nft(table)), (lambda: router.nft(f"delete table {family} broken\n"))


def conf(world, node, **changes):
    """Another configuration of a node."""
    return (lambda: node.reload(world, **changes)), (lambda: node.reload(world))


# ---- conditions

def is_behind(via):
    return lambda s, d: d.via == via and d.kind in BEHIND


def is_through(via):
    return lambda s, d: d.via == via


def from_lan(condition):
    return lambda s, d: s.kind in ("lan", "host") and condition(s, d)


# ---- of one tunnel

def cut(world, peer):
    return Break("tunnel cut", (lambda: world.net.cut("a", peer.name),
                                lambda: world.net.restore("a", peer.name)),
                 (is_through(peer.name), GONE))


def narrow_permit(world, peer):
    return Break("permit too narrow", conf(world, world.view, **{
        peer.name: {"permit": ["10.77.0.0/16"]}}), (is_behind(peer.name), "bgp"))


def narrow_permit_there(world, peer):
    return Break("the far end does not permit our LAN", conf(
        world, world.nodes[peer.name], a={"permit": ["10.77.0.0/16"]}),
                 (from_lan(is_through(peer.name)), "far-end"))


def large_lost(world, peer):
    well = ("host", "lan", "tunnel")
    return Break("large packets are lost", (
        lambda: world.net.harm("a", peer.name, "meta length > 1300 drop"), world.net.mend),
                 (lambda s, d: d.via == peer.name and s.kind in well and d.kind != "nobody"
                  and not world.healthy(s, d), "mtu"))


def output_dropped(world, peer):
    return Break("output dropped", rules(
        world.view.router, "".join(f'oifname "{peer.ifname}" {rule}' for rule in ASKS), "output"),
                 (lambda s, d: d.via == peer.name and s.kind != "host", "firewall"))


OF_PEERS = (cut, narrow_permit, narrow_permit_there, large_lost, output_dropped)


def all_of(world):
    return [make(world, peer) for make in OF_PEERS for peer in world.view.peers]
