# SPDX-License-Identifier: BSD-2-Clause
"""`doctor` names what is wrong and nothing else, and `show metrics` is what Prometheus reads.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import json
import os
import re
import shutil

import pytest

from lib.build import SOURCE, daemon
from lib.dualhub import DualHub
from lib.fourplanes import SHARED, four_planes
from lib.hubspoke import HubSpoke
from lib.keys import public_key
from lib.wait import wait_until


@pytest.fixture(name="two")
def two_up(two):
    two.wa.wait_tunnel("b", "up")
    two.wb.wait_tunnel("a", "up")
    return two


def doctor(w):
    """The document; text, JSON and exit status must agree."""
    text, answer = w.cli_run("doctor"), w.cli_run("doctor json")
    doc = json.loads(answer.stdout)
    assert doc["healthy"] == (answer.returncode == 0)
    assert ("=> healthy" in text.stdout) == (text.returncode == 0)
    assert doc["errors"] == sum(f["severity"] == "error" for f in doc["findings"]) or \
        doc["errors"] > 5
    return doc


def found(w, check, text, **where):
    """Waits for a finding."""
    def look():
        return [f for f in doctor(w)["findings"] if f["check"] == check and text in f["text"]
                and all(f[k] == v for k, v in where.items())]
    return wait_until(look, 30, f"doctor to find {check}: {text}")[0]


def healthy(w):
    wait_until(lambda: doctor(w)["healthy"], 30, "doctor to find nothing")


def test_healthy(two):
    for w in (two.wa, two.wb):
        healthy(w)
        assert not [f for f in doctor(w)["findings"] if f["severity"] != "note"]


def test_healthy_dual_hub(topo):
    """Five machines with two interfaces each: nothing to say."""
    d = DualHub(topo, sites=2)
    d.wait()
    for w in d.all:
        wait_until(lambda w=w: {t["state"] for t in w.show("tunnels")["tunnels"]} <=
                   {"up", "idle"}, 30, "tunnels up")
        healthy(w)


def test_tunnels_and_what_leaks(two):
    """The tunnel is down: the tunnel, the session, and that packets for the far LAN now leave by
    the default route."""
    two.wa.replace("bgp {", "rib { keep-in off; }\nbgp {")
    found(two.wa, "keep-in", "leave by u0 in the clear", prefix="0.0.0.0/0")
    two.net.cut("a", "b")
    found(two.wa, "tunnel", "the tunnel is down", peer="b", interface="wg0")
    leaks = [found(two.wa, "swallowed", "leave by u0 in the clear", prefix=p)
             for p in ("192.168.2.0/24", "fd00:2::/64")]
    # Its advice, to the letter: nothing leaks, and nothing is cut when the tunnel is back.
    advice, = {re.search("`(.*)`", leak["advice"])[1] for leak in leaks}
    two.wa.replace("rib { keep-in off; }", advice)
    wait_until(lambda: not [f for f in doctor(two.wa)["findings"] if f["check"] == "swallowed"],
               10, "nothing to leak")
    found(two.wa, "keep-in", "packets are refused", prefix="192.168.2.0/24")
    two.net.restore("a", "b")
    two.wait()
    healthy(two.wa)
    # A route to nowhere without the distance beats the path that works.
    two.wa.replace(advice, "rib { static 192.168.2.0/24 { blackhole true; } }")
    assert "distance 250" in found(two.wa, "blackhole", "beats a path that works",
                                   prefix="192.168.2.0/24")["advice"]
    two.wa.replace("blackhole true;", "blackhole true; distance 250;")
    two.wait()
    two.a.ip("route add blackhole 192.168.2.0/24 metric 4000")
    found(two.wa, "blackhole", "beats a path that works", prefix="192.168.2.0/24")
    two.a.ip("route del blackhole 192.168.2.0/24 metric 4000")
    two.wait()
    two.a.ip("route add blackhole 192.168.2.0/28")
    found(two.wa, "route", "a blackhole or an unreachable route is in front",
          prefix="192.168.2.0/24")


def test_planes(topo):
    """An isolated plane has its end in itself: what it does not know leaks nowhere. Without that it
    falls through to the main plane's default route."""
    nodes, _, net = four_planes(topo)
    a = nodes["a"]
    a.replace("rib {", "rib { keep-in off;")

    def leaks(plane):
        return {f["interface"] or f["prefix"] for f in doctor(a)["findings"]
                if "in the clear" in f["text"] and
                f["prefix"] in (SHARED, {"storage": "10.80.0.0/16",
                                         "management": "10.78.0.0/16"}[plane])}
    net.cut("a", "c")
    wait_until(lambda: {t["state"] for t in a.show("tunnels")["tunnels"]
                        if t["interface"] == "wg3"} == {"down"}, 30, "wg3 to be down")
    found(a, "tunnel", "is down", interface="wg3")
    assert "wg3" not in leaks("storage") and SHARED not in leaks("storage")
    net.cut("a", "b")
    wait_until(lambda: SHARED in leaks("management"), 30, "management to leak")
    advice = found(a, "swallowed", "in the clear", prefix=SHARED)["advice"]
    a.replace("keep-in off;", re.search("keep-in permit;", advice)[0])
    wait_until(lambda: SHARED not in leaks("management"), 30, "management to leak no more")


def test_configuration(two):
    """No policy, no permit, a wrong key, an MTU that does not fit."""
    two.wa.replace("import all; export all;", "")
    found(two.wa, "policy", "nothing is accepted, nothing is sent", neighbor="10.9.0.2")
    two.wa.replace("permit [ 192.168.2.0/24 fd00:2::/48 ];", "")
    found(two.wa, "permit", "although BGP runs over it", peer="b")
    two.wa.replace("remote-as 65002;", "remote-as 65002; import all; export all;")
    found(two.wa, "refused-paths", "no-permit", neighbor="10.9.0.2")
    two.wa.replace("tunnel-address [ 10.9.0.2", "permit [ 192.168.2.0/24 fd00:2::/48 ];\n"
                   "tunnel-address [ 10.9.0.2")
    two.wait()
    two.wa.replace("address [ 10.9.0.1", "mtu 1450; address [ 10.9.0.1")
    assert found(two.wa, "mtu", "underlay's 1500 by u0", peer="b")["advice"] == "mtu 1440;"
    two.wa.replace("mtu 1450;", "mtu 1440;")
    healthy(two.wa)
    two.wa.replace("listen-port 51820;",
                   "listen-port 51820; peer gone { public-key "
                   '"GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="; '
                   "tunnel-address 10.9.0.77; permit 192.168.77.0/24; }")
    found(two.wa, "tunnel", "there never was a handshake", peer="gone")
    found(two.wa, "permit", "packets leave by u0 in the clear", prefix="192.168.77.0/24")


def test_machine(two):
    """Key files, forwarding, somebody's rule in front of our route."""
    healthy(two.wa)
    key = os.path.join(two.a.dir, "wg0.key")
    os.chmod(key, 0o644)
    found(two.wa, "key-file", "is open to others (mode 0644)", interface="wg0")
    os.chmod(key, 0o600)
    two.a.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"])
    found(two.wa, "forwarding", "does not forward IPv4")
    two.a.ip("rule add to 192.168.2.0/24 lookup 100 priority 100\n"
             "route add 192.168.2.0/24 via 198.51.100.1 dev u0 table 100")
    found(two.wa, "route", "leaves by u0", prefix="192.168.2.0/24", interface="wg0")


def test_two_ways_back(topo):
    """Two sites of one shared interface announce the same prefix: it belongs to one of them, and
    what comes from it by the other would be dropped."""
    spokes = HubSpoke(topo, sites=2)
    spokes.wait()
    spokes.whub.replace("permit [ 192.168.2.0/24", "permit [ 192.168.1.0/24 192.168.2.0/24")
    spokes.site[2].ip("route add blackhole 192.168.1.0/24 metric 4000")
    spokes.wsite[2].replace("network [ ", "network [ 192.168.1.0/24 ")
    finding = found(spokes.whub, "shared-interface", "on the same interface",
                    prefix="192.168.1.0/24", interface="wg0")
    assert finding["peer"] in ("site1", "site2")
    spokes.wsite[2].replace("network [ 192.168.1.0/24 ", "network [ ")
    wait_until(lambda: not [f for f in doctor(spokes.whub)["findings"]
                            if f["check"] == "shared-interface"], 20, "one way back")


def test_drift(two):
    """What somebody removed and wgbgp put back is worth a note."""
    two.a.ip("route del 192.168.2.0/24 dev wg0")
    two.wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    found(two.wa, "routes", "put back")
    healthy(two.wa)


SAMPLE = re.compile(r'^([a-z_:]+)(\{([a-z_]+="(\\.|[^"\\])*",?)*\})? (-?[0-9.e+]+|\+Inf)$')
PART_OF_HISTOGRAM = re.compile("_(bucket|sum|count)$")


def test_link_flap(two):
    """With a link its routes go: that is nobody's drift, and no error that stays."""
    for _ in range(3):
        two.a.ip("link set wg0 down")
        two.wa.wait_tunnel("b", "down")
        two.a.ip("link set wg0 up")
        two.wa.wait_tunnel("b", "up")
        two.wait()
    two.a.ip("link set wg0 down\nlink set wg0 up")  # before anybody has looked
    two.wait()
    summary = two.wa.show("rib summary")
    assert summary["drift-repaired"] == 0 and summary["route-errors"] == 0, summary
    assert summary["routes-flushed"] > 0
    healthy(two.wa)


def parse(text):
    """{metric: [(labels, value)]}; what the format demands is asserted."""
    metrics, kind, seen = {}, {}, set()
    for line in text.splitlines():
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            assert (what, name) not in seen and rest
            seen.add((what, name))
            kind[name] = rest if what == "TYPE" else kind.get(name)
            continue
        match = SAMPLE.match(line)
        assert match, line
        name = match[1]
        of = PART_OF_HISTOGRAM.sub("", name) if name not in kind else name
        assert ("HELP", of) in seen and kind[of] in ("gauge", "counter", "histogram"), name
        assert (of == name) == (kind[of] != "histogram"), name
        assert name.endswith("_total") == (kind[of] == "counter"), name
        assert of == list(kind)[-1], f"samples of {name} do not stand together"
        samples = metrics.setdefault(of, [])
        labels = dict(re.findall(r'([a-z_]+)="([^"]*)"', match[2] or ""))
        if of != name:
            labels["sample"] = name.rpartition("_")[2]  # as JSON has it
        assert labels not in [s[0] for s in samples], line
        samples.append((labels, float(match[5])))
    return metrics


def test_metrics(two):
    text = two.wa.cli("show metrics")
    metrics = parse(text)
    assert {"interface": "wg0", "peer": "b", "plane": "main", "state": "up"} in \
        [labels for labels, value in metrics["wgbgp_tunnel_state"] if value == 1]
    assert metrics["wgbgp_bgp_session_up"] == [
        ({"neighbor": "10.9.0.2", "plane": "main", "remote_as": "65002"}, 1)]
    [(_, age)] = metrics["wgbgp_tunnel_handshake_age_seconds"]
    [(_, then)] = metrics["wgbgp_tunnel_handshake_time_seconds"]
    now = two.a.out(["date", "+%s"])
    assert abs(then + age - float(now)) < 10
    accepted = {labels["family"]: value for labels, value in metrics["wgbgp_bgp_prefixes_accepted"]}
    assert accepted == {"ipv4-unicast": 1, "ipv6-unicast": 1}
    before = metrics["wgbgp_tunnel_receive_bytes_total"][0][1]
    wait_until(lambda: parse(two.wa.cli("show metrics"))
               ["wgbgp_tunnel_receive_bytes_total"][0][1] > before, 30, "a counter to grow")
    wait_until(lambda: {m["name"] for m in two.wa.show("metrics")["metrics"] if m["samples"]} ==
               set(parse(two.wa.cli("show metrics"))), 10, "text and JSON to name the same")


def test_metrics_with_promtool(two):
    tool = shutil.which("promtool")
    if not tool:
        pytest.skip("no promtool here")
    two.a.run([tool, "check", "metrics"], input=two.wa.cli("show metrics"))


def gone(w, check):
    wait_until(lambda: check not in {f["check"] for f in doctor(w)["findings"]}, 40,
               f"no more finding of {check}")


def test_misfits(two):
    """What is fine by itself and does not fit together; each is undone, and doctor is silent again."""
    w = two.wa
    # hosts of our LAN that b says it has
    two.b.ip("route add blackhole 192.168.1.128/25")
    w.replace("permit [ 192.168.2.0/24", "permit [ 192.168.1.128/25 192.168.2.0/24")
    two.wb.replace("network [ ", "network [ 192.168.1.128/25 ")
    found(w, "own-network", "lies inside of our own network 192.168.1.0/24 on lan0",
          prefix="192.168.1.128/25", interface="wg0")
    two.wb.replace("network [ 192.168.1.128/25 ", "network [ ")
    gone(w, "own-network")
    w.replace("permit [ 192.168.1.128/25 ", "permit [ ")
    # an entry that nothing leads to
    w.replace("tunnel-address [ 10.9.0.2", "allowed-ips [ 172.16.9.0/24 ]; tunnel-address [ 10.9.0.2")
    found(w, "static-entry", "packets leave by u0 in the clear", prefix="172.16.9.0/24", peer="b")
    w.replace("bgp {", "rib { static 172.16.9.0/24 { next-hop 10.9.0.2; } }\nbgp {")
    gone(w, "static-entry")
    w.replace("allowed-ips [ 172.16.9.0/24 ]; ", "")
    w.replace("rib { static 172.16.9.0/24 { next-hop 10.9.0.2; } }\nbgp {", "bgp {")
    healthy(w)
    # the peer is away, its neighbor is not
    w.replace("peer b {", "peer b { disabled true;")
    assert "remove the neighbor" in found(w, "orphan", "no peer there has its address",
                                          neighbor="10.9.0.2", interface="wg0")["advice"]
    w.replace("peer b { disabled true;", "peer b {")
    two.wait()
    gone(w, "orphan")


def test_causes(two):
    """Why a tunnel or a session is not there: a name, a firewall that rejects, a key, an AS."""
    w, net = two.wa, two.net
    endpoint = re.search(r"endpoint (\S+:51820);", open(w.conf_file, encoding="ascii").read())[1]
    key, other = public_key("b.wg0"), public_key("stranger")
    w.replace(key, other)
    found(w, "tunnel", "never was a handshake: nothing comes back, no ICMP error", peer="b")
    net.harm("a", "b", "udp dport 51820 reject with icmpx admin-prohibited", both=False)
    found(w, "tunnel", "a firewall on the way rejects its packets", peer="b")
    net.mend()
    net.harm("a", "b", "udp dport 51820 reject with icmpx port-unreachable", both=False)
    found(w, "tunnel", "nothing listens on that port", peer="b")
    net.mend()
    w.replace(other, key)
    two.wait()
    w.replace("remote-as 65002;", "remote-as 65009;")
    found(w, "session", "Bad Peer AS", neighbor="10.9.0.2")
    wait_until(lambda: "`remote-as`" in found(w, "session", "")["advice"], 20, "the hint")
    w.replace("remote-as 65009;", "remote-as 65002;")
    w.replace(endpoint, "no-such-host.invalid:51820")
    found(w, "name", "no-such-host.invalid:51820 is not resolved", peer="b")


def test_own_firewall(two):
    """Rules of this very machine drop the packets of the tunnel: it is not the far end's fault."""
    two.a.nft("table inet broken { chain c { type filter hook input priority 0; "
              "udp dport 51820 drop; }; }\n")
    found(two.wa, "tunnel", "the tunnel is down: sent, and nothing received", peer="b")
    found(two.wa, "tunnel", "ago: chain inet broken c of this machine drops what comes to UDP port "
          "51820", peer="b")
    two.a.nft("delete table inet broken\n")
    two.wait()


def test_own_firewall_and_bgp(two):
    """The same of a session that cannot come back, whichever end begins."""
    two.a.nft("table inet broken { chain c { type filter hook output priority 0; "
              "tcp dport 179 drop; }; chain d { type filter hook input priority 0; "
              "tcp dport 179 drop; }; }\n")
    two.wa.cli_run("clear bgp 10.9.0.2")
    found(two.wa, "session", ": chain inet broken d of this machine drops what comes to TCP port "
          "179", neighbor="10.9.0.2")
    two.a.nft("delete table inet broken\n")
    two.wait()


def plugin(w, *options):
    """The check for Nagios: its status, its first line, what stands behind the |."""
    run = w.router.run([os.path.join(SOURCE, "contrib/check_wgbgp"), "-r", w.rundir, "--wgbgp-cli",
                        daemon("cli/wgbgp-cli"), *options], check=False, env=w.env())
    said, _, counts = run.stdout.partition("|")
    return run.returncode, said, dict(c.split("=") for c in counts.split("\n")[0].split())


def test_plugin(two):
    """OK, CRITICAL with the reason, a check left out, nobody there, a wrong option."""
    w = two.wa
    healthy(w)
    status, said, counts = plugin(w)
    assert (status, said.strip()) == (0, "WGBGP OK - 1 of 1 tunnels up")
    assert counts == {"errors": "0;;;0", "warnings": "0;;;0", "tunnels": "1;;;0;1",
                      "sessions": "1;;;0;1"}
    two.wb.stop()
    status, said, counts = wait_until(
        lambda: (seen := plugin(w))[0] and seen, 60, "the plugin to see the session down")
    assert status in (1, 2) and "neighbor 10.9.0.2" in said and counts["sessions"] == "0;;;0;1"
    names = {f["check"] for f in doctor(w)["findings"] if f["severity"] != "note"}
    left_out = plugin(w, *(word for name in names for word in ("-i", name)))
    assert left_out[0] == 0 and left_out[2]["errors"] == "0;;;0"
    assert plugin(w, "-t", "soon")[0] == 3
    assert plugin(w, "--wgbgp-cli", "/nonexistent") == (
        3, "WGBGP UNKNOWN - /nonexistent: No such file or directory\n", {})
    w.stop()
    status, said, _ = plugin(w)
    assert status == 2 and said.startswith("WGBGP CRITICAL - doctor: ")
