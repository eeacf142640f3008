# SPDX-License-Identifier: BSD-2-Clause
"""Random announcements, withdrawals, moves and dead tunnels, and between them daemons that are
killed and hands that meddle; after each batch AllowedIPs and kernel routes must be what a model says
that follows from what was announced (invariant I1).

              ╔═ s1 s2 s3 ═╗
    hub wg0 ══╣            ║ s4 has a tunnel on both      overlapping prefixes of both families
              ╚═ s4 ═╗     ║ shared interfaces            from everywhere, also with another
    hub wg1 ══╦══════╝                                    site's tunnel address as next hop
              ╚═ s5 s6
    hub wgt1 ═══ t1        transit: single-peer interfaces with `allowed-ips any`
    hub wgt2 ═══ t2

The sites are bench/speaker behind plain WireGuard. WGBGP_OPERATIONS is the number of operations
(1,000 unless given, 300 on a slow machine; the acceptance is 10,000), WGBGP_SEED repeats a run."""
import os
import random

import pytest

from lib.invariants import (
    FORBIDDEN, MEMBERS, POOLS, SEED, SHARED, SITES, Model, Net, check, nested_prefixes,
    random_operation)
from lib.keys import public_key
from lib.wait import SLOW, holds
from lib.wg import allowed_ips
from lib.wgbgp import PROTOCOL

OPERATIONS = int(os.environ.get("WGBGP_OPERATIONS", "1000" if SLOW < 4 else "300"))
BATCH = 120
EVENT_EVERY = 4 if OPERATIONS > 1000 else 2  # batches between two events; each second is a cut

pytestmark = pytest.mark.timeout((120 + OPERATIONS // 5) * max(SLOW, 1))


# ---- events

def cut(rng, net, model):
    """A site is cut off while the others go on."""
    site = rng.choice(SITES)
    net.cut(site)
    check(net, model, f"{site} cut off")
    for _ in range(BATCH // 2):
        random_operation(rng, net, model)
    check(net, model, f"{site} cut off, the others go on")
    net.restore(site)
    return f"{site} back"


def kill_zebra_lite(rng, net, model):
    return kill(net, "zebra-lite")


def kill_wgd(rng, net, model):
    return kill(net, "wgd")


def kill(net, daemon):
    """What is installed stays as it is, all the while."""
    before = net.live()
    net.wgbgp.kill_daemon(daemon)
    holds(lambda: net.live() == before, 3, f"both tables, {daemon} killed")
    return f"{daemon} killed"


def kill_bgpd(rng, net, model):
    net.new_sessions(lambda: net.wgbgp.kill_daemon("bgpd"))
    return "bgpd killed"


def steal_entries(rng, net, model):
    """Somebody gives some of our entries to another peer of the interface."""
    ifname = rng.choice(SHARED)
    entries = net.live()[1][ifname]
    thief = rng.choice([m for m in MEMBERS if m.ifname == ifname])
    loot = rng.sample(sorted(entries), min(3, len(entries)))
    own = allowed_ips(net.hub, ifname)[public_key(thief.key)]
    net.said("wgd", lambda: net.hub.run([
        "wg", "set", ifname, "peer", public_key(thief.key), "allowed-ips",
        ",".join(sorted(own) + [p for p in loot if p not in own])]),
        [p for p in loot if entries[p] != thief.key])
    return f"{thief.key} given {loot} by hand"


def delete_routes(rng, net, model):
    """Somebody deletes some of our routes."""
    routes = net.live()[0]
    loot = rng.sample(sorted(routes), min(3, len(routes)))
    net.said("zebra-lite", lambda: net.hub.ip(
        "\n".join(f"route del {p} proto {PROTOCOL}" for p in loot)), loot)
    return f"{loot} deleted by hand"


EVENTS = (kill_zebra_lite, kill_wgd, kill_bgpd, steal_entries, delete_routes)


# ---- the test

def test_tables_agree_with_the_model(topo):
    print(f"WGBGP_SEED={SEED} WGBGP_OPERATIONS={OPERATIONS}")
    rng = random.Random(SEED)
    prefixes = nested_prefixes(rng, POOLS[0], 150) + nested_prefixes(rng, POOLS[1], 60)
    model = Model(prefixes + sorted(FORBIDDEN))
    net = Net(topo)
    for m in MEMBERS:
        net.wgbgp.wait_tunnel(m.name, "up")
    done = batch = 0
    while done < OPERATIONS:
        batch += 1
        for _ in range(BATCH):
            random_operation(rng, net, model)
        done += BATCH
        check(net, model, f"after {done} operations")
        if batch % EVENT_EVERY == 0:
            event = cut if batch // EVENT_EVERY % 2 else rng.choice(EVENTS)
            said = event(rng, net, model)
            check(net, model, f"after {done} operations, {said}")
            done += 1 + (BATCH // 2 if event is cut else 0)
