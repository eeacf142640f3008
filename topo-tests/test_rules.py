# SPDX-License-Identifier: BSD-2-Clause
"""Policy routing: our rules in the kernel, next to somebody else's.

    one router, no neighbours: rib { rule ... }
    LAN 10.1.0.0/24 ─ r ── u0, u1 ── Internet ── far        (test_what_goes_where)
"""
import json
import os
import signal

from lib.wait import wait_until
from lib.wgbgp import PROTOCOL, Wgbgp

CONF = """
system { hostname r; }
rib {
    rule 1000 { fwmark 0x101; table 5000; }
    rule 1001 { source 10.1.0.0/16; destination 10.2.0.0/16; interface lan0; table 5001; }
    rule 1002 { source fd00:1::/64; table 5002; }
    rule 1003 { fwmark 0x200; fwmask 0xff00; tos 16; table 5003; }
}
"""
FOREIGN = "rule add priority 900 fwmark 0x9 lookup 90 protocol static"


def rules(router, protocol=PROTOCOL):
    """{(family, priority): rule} as the kernel has them."""
    found = {}
    for family in ("4", "6"):
        out = router.out(["ip", f"-{family}", "-N", "-j", "rule", "show"])
        for rule in json.loads(out):
            if rule.get("protocol") == str(protocol):
                found[int(family), rule["priority"]] = rule
    return found


EXPECTED = {(4, 1000), (6, 1000), (4, 1001), (6, 1002), (4, 1003), (6, 1003)}


def build(topo):
    router = topo.router("r")
    router.ip(FOREIGN)
    w = Wgbgp(topo, router, CONF)
    wait_until(lambda: set(rules(router)) == EXPECTED, what="our rules")
    return router, w


def foreign_is_there(router):
    return "fwmark 0x9 lookup 90" in router.out("ip rule show")


def test_installed(topo):
    """Each rule as it was written, in the families that it can have; a change touches the rest
    not at all."""
    router, w = build(topo)
    kernel = rules(router)
    assert kernel[4, 1000]["fwmark"] == "0x101" and kernel[4, 1000]["table"] == "5000"
    rule = kernel[4, 1001]
    assert (rule["src"], rule["srclen"], rule["dst"], rule["dstlen"], rule["iif"]) == \
        ("10.1.0.0", 16, "10.2.0.0", 16, "lan0")
    assert kernel[6, 1002]["src"] == "fd00:1::"
    assert (kernel[4, 1003]["fwmark"], kernel[4, 1003]["fwmask"]) == ("0x200", "0xff00")
    assert kernel[4, 1003]["tos"] in ("0x10", "16")
    wait_until(lambda: [r["state"] for r in w.show("rules")["rules"]] == ["installed"] * 6,
               what="the kernel's answers")
    assert "1000: ipv4 from any fwmark 0x101 lookup 5000 (installed)" in w.cli("show rules")
    w.replace("table 5002", "table 5102")
    wait_until(lambda: rules(router)[6, 1002]["table"] == "5102", what="the new table")
    assert set(rules(router)) == EXPECTED
    w.replace("    rule 1000 { fwmark 0x101; table 5000; }\n", "")
    wait_until(lambda: set(rules(router)) == EXPECTED - {(4, 1000), (6, 1000)}, what="its end")
    assert foreign_is_there(router)


def test_what_goes_where(topo):
    """Two providers: the kernel's own lookup by mark, by the source of what is forwarded, and by
    DSCP; the rest goes where it went."""
    net = topo.internet()
    router, far = topo.router("r", net), topo.router("far", net)
    topo.lan(router, "10.1.0.0/24")
    net.attach(router, "u1", default=False)
    gateway = net.gateway("r.u1")
    router.ip("".join(f"route add default via {gateway} dev u1 table {t}\n"
                      for t in (5000, 5001, 5003)))
    w = Wgbgp(topo, router, CONF.replace("destination 10.2.0.0/16; ", ""))
    wait_until(lambda: set(rules(router)) == EXPECTED, what="our rules")

    def by(packet):
        found = json.loads(router.out(f"ip -j route get {net.address(far)} {packet}"))[0]
        return found["dev"]
    assert [by(p) for p in ("mark 0x101", "from 10.1.0.10 iif lan0", "mark 0x201 tos 0x10")] == \
        ["u1"] * 3
    assert [by(p) for p in ("", "mark 0x102", "mark 0x201", "tos 0x10")] == ["u0"] * 4
    w.replace("fwmark 0x101;", "fwmark 0x102;")
    wait_until(lambda: (by("mark 0x101"), by("mark 0x102")) == ("u0", "u1"), what="the other mark")


def test_somebody_deletes(topo):
    """What is deleted under us is put back, and said; what is not ours stays deleted."""
    router, w = build(topo)
    router.ip("rule del priority 1000\nrule del priority 900")
    wait_until(lambda: set(rules(router)) == EXPECTED, what="the rule again")
    wait_until(lambda: "drift-repaired what=rule" in w.log(), what="it to be said")
    assert w.show("rib summary")["rules-repaired"] == 1
    assert not foreign_is_there(router)
    router.ip("rule flush\nrule add priority 32766 lookup main")  # everything but `local`
    wait_until(lambda: set(rules(router)) == EXPECTED, what="all rules again")


def test_restart(topo):
    """Rules stay while nobody is there; at the next start those no longer wanted go."""
    router, w = build(topo)
    w.stop()
    assert set(rules(router)) == EXPECTED
    w.write(CONF.replace("rule 1003", "rule 1004"))
    w.start()
    wanted = EXPECTED - {(4, 1003), (6, 1003)} | {(4, 1004), (6, 1004)}
    wait_until(lambda: set(rules(router)) == wanted, what="the new set")
    wait_until(lambda: "rule-swept" in w.log(), what="it to be said")
    old = w.daemon_pid("zebra-lite")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: w.daemon_pid("zebra-lite") not in (None, old), 60, "a new zebra-lite")
    wait_until(lambda: len(w.show("rules")["rules"]) == 6, what="its rules")
    assert set(rules(router)) == wanted
    assert "what=rule" not in w.log()
    assert foreign_is_there(router)


def test_teardown(topo):
    router, w = build(topo)
    w.teardown()
    assert not rules(router)
    assert foreign_is_there(router)
