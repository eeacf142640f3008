# SPDX-License-Identifier: BSD-2-Clause
"""What wireguard-go does not do: runs on the kernel's WireGuard only.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import json

import pytest

from lib.keys import public_key
from lib.probe import reachable, reaches
from lib.wait import wait_until
from lib.wg import allowed_ips

pytestmark = pytest.mark.kernel


def test_link_down_is_seen_at_the_far_end(two):
    """The kernel closes its sockets with the link: b finds the tunnel dead."""
    assert two.wa.show("wireguard wg0")["interfaces"][0]["backend"] == "kernel"
    two.wa.replace("listen-port", "admin external; listen-port")
    two.a.ip("link set wg0 down")
    two.wb.wait_tunnel("a", "down")
    two.wb.wait_gone("192.168.1.0/24")
    two.a.ip("link set wg0 up")
    two.wait()
    reaches(two.host_a, two.host_b.address)


def test_removal_of_one_entry(two):
    """6.1 and 6.12 cannot remove one entry: a graveyard peer takes it and goes; nobody else's
    entries are touched and no such peer stays."""
    static = "".join(f"static 192.168.2.{i}/32 {{ blackhole true; }} " for i in range(130, 140))
    two.wb.replace("bgp {", f"rib {{ {static} }} bgp {{")
    more = " ".join(f"192.168.2.{i}/32" for i in range(130, 140))
    two.wb.replace("network [ ", f"network [ {more} ")
    two.wa.wait_installed("192.168.2.130/32", "wg0", "b.wg0")
    wait_until(lambda: len(allowed_ips(two.a, "wg0")[public_key("b.wg0")]) == 14, what="all")
    two.wb.replace(f"network [ {more} ", "network [ ")
    wait_until(lambda: len(allowed_ips(two.a, "wg0")[public_key("b.wg0")]) == 4, what="the rest")
    assert set(allowed_ips(two.a, "wg0")) == {public_key("b.wg0")}
    reaches(two.host_a, two.host_b.address)


def test_source_of_another_is_dropped(two):
    """The source check is the ceiling for what comes in, and the kernel counts it."""
    def errors():
        return int(two.a.out("cat /proc/net/dev").split("wg0:")[1].split()[2])
    before = errors()
    two.b.ip("addr add 172.16.5.5/32 dev lo")
    assert not reachable(two.b, "10.9.0.1", "172.16.5.5")
    assert errors() > before

    def dropped():
        doc = json.loads(two.wa.cli_run("doctor json").stdout)
        return [f for f in doc["findings"] if f["check"] == "source-check"
                and f["severity"] == "warning" and f["interface"] == "wg0"]
    wait_until(dropped, 20, "doctor to name it")
    drops = {m["name"]: m["samples"] for m in two.wa.show("metrics")["metrics"]}
    assert drops["wgbgp_interface_source_check_drops_total"][0]["value"] > 0
    assert drops["wgbgp_interface_source_check_drops_age_seconds"]
