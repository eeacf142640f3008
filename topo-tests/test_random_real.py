# SPDX-License-Identifier: BSD-2-Clause
"""Random operations, one after the other, on a hub with real WireGuard (lib/invariants.py has the
drawing): after each one both tables must be what a model says (I1). While they change (watch.c) no
address may be routed into an interface where nobody has an entry for it, or a peer that neither the
state before nor the one behind the change gives it to (I2).

WGBGP_OPERATIONS is the number of operations (60 unless given), WGBGP_SEED repeats a run: it does
the same operations in the same order. 10,000 take 20 minutes, some hours in the guest:

    WGBGP_OPERATIONS=10000 topo-tests/run test_random_real.py -rP
    WGBGP_OPERATIONS=10000 WGBGP_VM_TIMEOUT=40000 topo-tests/vm/run --kernel 6.12 \\
        test_random_real.py -rP

A failure names the seed, the operation's number, and what was done before."""
import collections
import contextlib
import ipaddress
import json
import os
import random
import signal

import pytest

from lib.invariants import (
    BY_ADDRESS, FORBIDDEN, INTERFACES, MEMBERS, POOLS, SEED, SHARED, SITES, Model, Net, check,
    hub_conf, nested_prefixes, random_operation)
from lib.keys import public_key
from lib.ns import now
from lib.wait import SLOW, Timeout, holds, wait_until
from lib.watch import Watch
from lib.wgbgp import KEEP_IN, PROTOCOL

OPERATIONS = int(os.environ.get("WGBGP_OPERATIONS", "60"))
SHORT = OPERATIONS < 1000  # what is rare comes often
REST_EVERY = 100
FEW = 30                   # prefixes that `watch` is asked for by name
CUT_FOR = 30               # operations
STALLED_LOOKS = 8          # at both tables, while a daemon does nothing
STALL_S = 2                # far less than what the parent takes for a hang
METRICS = (0, 179, 201)    # of others' routes: better than ours, in our place, worse
PERMITS = (POOLS, ("10.128.0.0/13", "fd80::/33"), ("10.136.0.0/13", "fd80:8000::/33"),
           ("10.128.0.0/12",), ("fd80::/32",), ("192.0.2.0/24",))
SESSIONS = {m.name for m in MEMBERS}
KEYS = {public_key(m.key): m.key for m in MEMBERS}

pytestmark = pytest.mark.timeout((120 + OPERATIONS) * max(SLOW, 1))


class Run:
    def __init__(self, topo):
        self.random = random.Random(SEED)
        prefixes = nested_prefixes(self.random, POOLS[0], 36) \
            + nested_prefixes(self.random, POOLS[1], 16)
        self.model = Model(prefixes + sorted(FORBIDDEN))
        self.prefixes = prefixes
        self.by_length = sorted(prefixes, key=lambda p: -self.model.networks[p].prefixlen)
        self.permits = {m.name: m.permit for m in MEMBERS}
        self.net = Net(topo)
        self.metric = {}         # of the routes that others have
        self.down_until = None   # the operation at which the site that is cut off is back
        self.done, self.notes = 0, collections.deque(maxlen=60)
        self.count = collections.Counter()
        self.wait_tunnels()
        # {prefix: [{interface: key}]}: owners in each state since all was settled, the last is now's.
        self.states = {p: [{}] for p in prefixes}
        self.changed = set()     # prefixes with more than one
        # The interface whose link was down: its tunnel addresses have their routes again when it is
        # up, and their entries when wgd has put the peers back, a moment later.
        self.withheld = None
        self.watch = Watch(topo, self.net.hub, *SHARED)
        self.watch_notices()

    def watch_notices(self):
        """A tunnel address without its entry, that is."""
        member = MEMBERS[0]
        with self.stalled("wgd"):
            self.net.hub.run(["wg", "set", member.ifname, "peer", public_key(member.key),
                              "allowed-ips", ""])
            self.watch.look()
            assert self.wrong_ways()
        wait_until(lambda: member.address + "/32" in self.watch.look()[1][member.ifname], 20,
                   "the entry to be put back", 0.01)
        self.watch.found.clear()

    @contextlib.contextmanager
    def stalled(self, daemon):
        pid = self.net.wgbgp.daemon_pid(daemon)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def note(self, what):
        self.notes.append(f"{self.done}: {what}")

    # ---- what an address may find while something changes

    def learn(self, *prefixes):
        """The model has changed for these, or for all."""
        for p in prefixes or self.prefixes:
            self.states[p].append(self.model.want(p, SESSIONS, self.net.down)[1])
            self.changed.add(p)

    def learn_any(self):
        """Tunnels or sessions come and go, one after the other."""
        for p in self.prefixes:
            owners = {BY_ADDRESS[path[p].next_hop] for path in self.model.announced.values()
                      if p in path}
            self.states[p] += [{}] + [{m.ifname: m.key} for m in owners]
        self.learn()

    def learn_found(self):
        """Routes go without our doing: entries that only lingered may be found then."""
        for ifname, entries in self.watch.look()[1].items():
            for p in entries.keys() & self.states.keys():
                self.states[p].append({ifname: KEYS.get(entries[p])})
        self.learn()

    def forget(self):
        """All is settled: only the last state is right."""
        for p in self.changed:
            del self.states[p][:-1]
        self.changed.clear()
        self.withheld = None

    def right_keys(self, address, ifname, route):
        """Of the longest entry in each of the states. A longer one than the ROUTE is right where it
        came first; one whose route goes first has to be handed over before."""
        address, right = ipaddress.ip_address(address), set()
        for p in self.by_length:
            network = self.model.networks[p]
            if address.version != network.version or address not in network:
                continue
            longer = network.prefixlen > ipaddress.ip_network(route).prefixlen
            keys = {owners.get(ifname) for owners in self.states[p][1 if longer else 0:]}
            right |= keys - {None}
            if not longer and None not in keys:
                break
        return right

    def is_wrong(self, found):
        if not found["key"] and found["interface"] == self.withheld \
                and found["route"] not in self.states:
            return False
        return KEYS.get(found["key"]) not in self.right_keys(
            found["address"], found["interface"], found["route"])

    def wrong_ways(self):
        return [f"{f['at']} s: {f['address']} is routed into {f['interface']} by {f['route']}, "
                f"where {KEYS.get(f['key'], f['key'])} has it by {f['entry']}"
                for f in filter(self.is_wrong, self.watch.found)]

    # ---- what there is beside what there should be

    def may_stay(self, prefix, name, key, exactly):
        """The entry on an interface where none is wanted, of a prefix that has a route: of a tunnel
        that is down, and if not EXACTLY for some seconds of any."""
        return not exactly or key in self.model.waiting(prefix, name, SESSIONS, self.net.down)

    def wrong(self, prefix, routes, entries, exactly):
        ifname, owners = self.model.want(prefix, SESSIONS, self.net.down)
        leaves = [r["dev"] for r in routes.get(prefix, ())
                  if r["protocol"] == PROTOCOL and r["metric"] != KEEP_IN]
        if leaves != ([ifname] if ifname else []):
            return f"{prefix} leaves by {leaves}, should by {ifname}"
        for name in SHARED:
            key = entries[name].get(prefix)
            key = KEYS.get(key, key)
            if key and ifname and name not in owners \
                    and self.may_stay(prefix, name, key, exactly):
                continue
            if key != owners.get(name):
                return f"{prefix} on {name} is {key}'s, should be {owners.get(name)}'s"
        return None

    def differences(self, prefixes=(), exactly=False):
        """Of these prefixes, or of all."""
        routes, entries = self.watch.look(*(prefixes if len(prefixes) < FEW else ()))
        found = (self.wrong(p, routes, entries, exactly) for p in prefixes or self.prefixes)
        return [f for f in found if f]

    def settle(self, *prefixes, exactly=False, sessions=False):
        """Until these, or all, are as they should be; SESSIONS may have ended, new ones are told
        everything again."""
        def settled():
            return (not sessions or self.net.catch_up(self.model)) \
                and not self.differences(prefixes, exactly)
        try:
            wait_until(settled, 40 if sessions else 20, "the model's tables",
                       0.1 if sessions else 0.003 * SLOW)
        except Timeout:
            raise AssertionError("\n".join(self.differences(prefixes, exactly)) or
                                 "it took too long") from None

    def rest(self):
        """Nothing lingers any more: both tables exactly, as ip(8) and wg(8) show them."""
        check(self.net, self.model, "at rest")
        self.settle(exactly=True)

    def wait_tunnels(self):
        """All that should be are up."""
        def ready():
            state = {t["peer"]: t["state"] for t in self.net.wgbgp.show("tunnels")["tunnels"]}
            return all(state[m.name] == "up" for m in MEMBERS if m.name not in self.net.down)
        wait_until(ready, 30, "all tunnels to be up")

    # ---- operations. Each returns when the tables are right again.

    def say(self):
        """One site announces or withdraws."""
        prefix, said = random_operation(self.random, self.net, self.model)
        self.note(said)
        if prefix not in FORBIDDEN:
            self.learn(prefix)
        return prefix

    def speak(self):
        self.settle(*{self.say()} - FORBIDDEN)

    def burst(self):
        """Nobody waits in between."""
        said = {self.say() for _ in range(self.random.randint(2, 20))}
        self.settle(*said - FORBIDDEN)

    def stall(self):
        """The same, and one daemon does nothing for a moment: what should have waited for it shows."""
        daemon = self.random.choice(("wgd", "zebra-lite"))
        self.note(f"{daemon} stalls")
        with self.stalled(daemon):
            end = now() + STALL_S
            said = {self.say() for _ in range(self.random.randint(2, 20))}
            for _ in range(STALLED_LOOKS):
                if now() < end:
                    self.watch.look()
        self.settle(*said - FORBIDDEN)

    def foreign(self):
        """Somebody else has a route for a prefix, or no longer."""
        prefix = self.random.choice(self.prefixes)
        metric = self.metric.pop(prefix, None)
        verb = "del" if metric is not None else "replace"
        if metric is None:
            metric = self.metric[prefix] = self.random.choice(METRICS)
            self.model.foreign.add(prefix)
        else:
            self.model.foreign.remove(prefix)
        self.learn(prefix)
        route = f"{prefix} dev u0 proto static metric {metric or (1024 if ':' in prefix else 0)}"
        self.note(f"route {verb} {route}")
        self.net.hub.ip(f"route {verb} {route}")
        self.settle(prefix)

    def by_hand(self, what, meddle, *prefixes, exactly=False):
        self.note(what)
        self.watch.mute()
        meddle()
        self.settle(*prefixes, exactly=exactly)
        self.watch.judge()

    def delete_routes(self):
        there = [p for p in self.prefixes if self.model.want(p, SESSIONS, self.net.down)[0]]
        loot = self.random.sample(there, min(3, len(there)))
        if loot:
            self.by_hand(f"routes {loot} deleted", lambda: self.net.hub.ip(
                "\n".join(f"route del {p} proto {PROTOCOL}" for p in loot)), *loot)

    def entries(self, change, what):
        """Somebody gives a peer another list of entries: CHANGE makes it of the one that it has.
        Nothing lingers before and behind it, so that what the list gives back is not too much."""
        member = self.random.choice([m for m in MEMBERS
                                     if m.ifname in SHARED and m.name not in self.net.down])
        loot = self.random.sample(self.prefixes, 5)
        key = public_key(member.key)

        def meddle():
            own = {p for p, k in self.watch.look()[1][member.ifname].items() if k == key}
            self.net.hub.run(["wg", "set", member.ifname, "peer", key, "allowed-ips",
                              ",".join(sorted(change(own, set(loot))))])
        self.settle(exactly=True)
        self.by_hand(f"entries {loot} {what} {member.name}", meddle, exactly=True)

    def steal_entries(self):
        self.entries(lambda own, loot: own | loot, "given to")

    def remove_entries(self):
        self.entries(lambda own, loot: own - loot, "taken from")

    def delete_objects(self):
        which, all_of_them = self.random.random(), self.random.random() < 0.3

        def meddle():
            out = self.net.hub.out(["ip", "-N", "-j", "nexthop", "show", "proto", str(PROTOCOL)])
            ids = [o["id"] for o in json.loads(out or "[]")]
            if all_of_them:
                self.net.hub.ip(f"nexthop flush proto {PROTOCOL}")
            elif ids:
                self.net.hub.ip(f"nexthop del id {ids[int(which * len(ids))]}")
        self.by_hand("all nexthop objects deleted" if all_of_them else "an object deleted", meddle)

    def link(self):
        """Down and up at once, or with a rest in between."""
        name, wait = self.random.choice(sorted(INTERFACES)), self.random.random() < 0.5
        before, self.withheld = set(self.net.down), name
        self.learn_found()
        self.learn_any()
        self.note(f"{name} down{', all settles, ' if wait else ' and '}up")
        self.net.hub.ip(f"link set {name} down")
        if wait:
            self.net.down |= {m.name for m in MEMBERS if m.ifname == name}
            self.settle()
        self.net.hub.ip(f"link set {name} up")
        self.net.down = before
        self.wait_tunnels()
        self.settle(sessions=True)

    def reload(self):
        """Another permit list for one of the peers."""
        member, permit = self.random.choice(MEMBERS), self.random.choice(PERMITS)
        self.note(f"permit of {member.name}: {permit}")
        member.permit = [ipaddress.ip_network(p) for p in permit]
        self.learn()
        self.net.wgbgp.reload(hub_conf())
        self.settle()

    def kill(self, daemon):
        """What is installed stays as it is, all the while."""
        self.note(f"{daemon} killed")
        again, wrong = self.net.wgbgp.kill_daemon(daemon, wait=False), []

        def replaced():
            wrong.extend(self.differences())
            return wrong or again()
        wait_until(replaced, 60, f"a new {daemon}", 0.02)
        assert not wrong, f"{daemon} is away:\n" + "\n".join(wrong)
        holds(lambda: not self.differences(), 1, f"both tables with a new {daemon}", 0.02)
        self.wait_tunnels()

    def kill_zebra_lite(self):
        self.kill("zebra-lite")

    def kill_wgd(self):
        self.kill("wgd")

    def kill_bgpd(self):
        self.note("bgpd killed")
        self.new_sessions(lambda: self.net.wgbgp.kill_daemon("bgpd"))

    def restart(self):
        self.note("stopped and started")
        self.new_sessions(self.net.wgbgp.restart)
        self.wait_tunnels()

    def new_sessions(self, cause):
        self.learn_any()
        self.net.new_sessions(cause)
        self.settle(sessions=True)

    def cut(self):
        """A site is cut off; the others go on."""
        site = self.random.choice(SITES)
        self.note(f"{site} is cut off")
        self.learn_any()
        self.down_until = self.done + CUT_FOR
        self.net.cut(site)
        self.learn()
        self.settle()

    def mend(self):
        site = next(m.site for m in MEMBERS if m.name in self.net.down)
        self.note(f"{site} is back")
        self.learn_any()
        self.down_until = None
        self.net.restore(site)
        self.learn()
        self.wait_tunnels()
        self.settle(sessions=True)

    # How often of 1,000; of those that take seconds fewer.
    TABLE = ((speak, 750), (burst, 80), (stall, 70), (foreign, 30), (delete_routes, 12),
             (steal_entries, 4), (remove_entries, 4), (delete_objects, 6), (reload, 6),
             (kill_zebra_lite, 4), (kill_wgd, 4), (link, 3), (cut, 3), (kill_bgpd, 1), (restart, 1))
    NOT_WHILE_CUT = (link, cut, kill_wgd, kill_bgpd, restart)

    def choose(self):
        operations, weights = zip(*self.TABLE)
        if SHORT:
            weights = [min(5 * w, 300) for w in weights]
        while True:
            operation, = self.random.choices(operations, weights)
            if self.down_until is None or operation not in self.NOT_WHILE_CUT:
                return operation

    def step(self):
        self.done += 1
        if self.down_until is not None and self.done >= self.down_until:
            self.mend()
        operation = self.choose()
        self.count[operation.__name__] += 1
        operation(self)
        self.watch.look()
        wrong = self.wrong_ways()
        assert not wrong, "while it changed:\n" + "\n".join(wrong)
        self.watch.found.clear()
        self.forget()
        if self.done % REST_EVERY == 0:
            self.rest()


def test_each_operation(topo):
    print(f"WGBGP_SEED={SEED} WGBGP_OPERATIONS={OPERATIONS}")
    begun = now()
    run = Run(topo)
    try:
        while run.done < OPERATIONS:
            run.step()
        if run.down_until is not None:
            run.mend()
        run.rest()
    except Exception as e:
        pytest.fail(f"WGBGP_SEED={SEED} operation {run.done}: {e}\n" + "\n".join(run.notes))
    finally:
        for m in MEMBERS:
            m.permit = run.permits[m.name]
    print(f"{run.done} operations in {now() - begun:.0f} s, {run.watch.rounds} times both tables: "
          + " ".join(f"{n}={c}" for n, c in sorted(run.count.items())))
