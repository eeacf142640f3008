# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-cli against the running program: every `show` as text and JSON, the prompt, and `explain`,
which must name the reason when a destination is not reachable.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import grp
import json
import os
import re

import pytest

from lib.build import program
from lib.prompt import Prompt
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

EXAMPLES = {"NEIGHBOR": "10.9.0.2", "PREFIX": "192.168.2.0/24", "ADDRESS": "192.168.2.1",
            "INTERFACE": "wg0", "DESTINATION": "192.168.2.1", "PLANE": "main", "COUNT": "9",
            "PEER": "b", "BACK": "0", "TUNNEL": "b", "PROTOCOL": "bgp",
            "FROM": "192.168.1.1", "EVENT": "start"}


@pytest.fixture(name="two")
def two_up(two):
    """And wgd has seen the handshake, which the session proves already."""
    two.wa.wait_tunnel("b", "up")
    return two


def lines_of(row):
    """Command lines of a row of `help`: the shortest and the longest, each with one alternative."""
    def words(text):
        return " ".join(EXAMPLES.get(w.split("|")[0], w.split("|")[0]) for w in text.split())
    row = row.removesuffix(" [json]")
    row = re.sub(r"\{([^,}]*)[^}]*\}", r"[\1]", row)  # one of several conditions
    return {words(row.split("[")[0]), words(re.sub(r"[\[\]]", "", row))}


def test_every_show(two):
    """All of `help` that shows something works, says something, and is one JSON document."""
    rows = [r for r in two.wa.cli("help").splitlines() if r.startswith(("show", "explain"))]
    assert len(rows) > 20
    for line in sorted(set().union(*map(lines_of, rows))):
        assert two.wa.cli(line).strip(), line
        assert isinstance(json.loads(two.wa.cli(line + " json")), dict), line


def test_reading_neighbors_tables(two):
    """What a neighbor sent, and what it gets."""
    received = two.wa.show("bgp neighbors 10.9.0.2 received-routes")["routes"]
    assert {r["prefix"] for r in received} == {"192.168.2.0/24", "fd00:2::/64"}
    advertised = two.wa.show("bgp neighbors 10.9.0.2 advertised-routes")["routes"]
    assert {r["prefix"] for r in advertised} == {"192.168.1.0/24", "fd00:1::/64"}
    assert {r["prefix"] for r in two.wa.show("bgp 192.168.0.0/16 longer-prefixes")["routes"]} == \
        {"192.168.1.0/24", "192.168.2.0/24"}
    assert "192.168.1.0/24" in {r["prefix"] for r in
                                two.wa.show("route 192.168.0.0/16 longer-prefixes")["routes"]}


def test_errors(two):
    result = two.wa.cli_run("show bgp sumary", "show version")
    assert result.returncode == 1
    assert "wgbgp" in result.stdout          # the second one ran
    assert "expected one of: summary" in result.stderr
    assert two.wa.cli_run("clear bgp 10.9.0.99").returncode == 1
    for what in ("route 10.1.2.0/24", "bgp 10.1.2.0/24"):
        assert two.wa.cli_run(f"show {what}").returncode == 1
        assert two.wa.cli_run(f"show {what} json").returncode == 1
    error = json.loads(two.wa.cli_run("show bgp sumary json").stdout)
    assert error["column"] == 10 and "expected one of: summary" in error["error"]
    assert "no such" in two.wa.cli_run("show wireguard wg9").stderr


def explain(router, destination):
    """(reachable, text); the exit status and the JSON must say the same."""
    result = router.cli_run(f"explain {destination}")
    doc = json.loads(router.cli_run(f"explain {destination} json").stdout)
    assert doc["reachable"] == (result.returncode == 0)
    assert doc["verdict"] in result.stdout
    assert doc["reachable"] == all(s["ok"] for s in doc["steps"])
    return doc["reachable"], result.stdout


def explained(router, destination, *texts):
    """The verdict's sentence has one of TEXTS, soon."""
    def says():
        reachable, text = explain(router, destination)
        verdict = text.splitlines()[-1]
        return not reachable and any(t in verdict for t in texts)
    wait_until(says, 20, f"explain {destination} to say {texts}")


def test_explain_says_that_it_works(two):
    for destination in ("192.168.2.1", "fd00:2::1", "10.9.0.2"):
        reachable, text = explain(two.wa, destination)
        assert reachable, text
        assert "reachable through tunnel peer b on wg0" in text
    assert explain(two.wa, "192.168.1.77")[0]            # our own LAN
    assert "this machine" in explain(two.wa, "10.9.0.1")[1]


def test_explain_dead_tunnel(two):
    two.net.cut("a", "b")
    explained(two.wa, "192.168.2.1", "the tunnel to the next hop is down")
    assert "tunnel-down" in two.wa.cli_run("show route 192.168.2.0/24").stdout
    assert "tunnel-down" in two.wa.cli("show bgp 192.168.2.0/24")
    two.net.restore("a", "b")
    wait_until(lambda: explain(two.wa, "192.168.2.1")[0], 30, "reachable again")


def test_explain_outside_permit(two):
    two.b.ip("addr add 192.168.3.1/24 dev lan0")
    two.wb.replace("network [ ", "network [ 192.168.3.0/24 ")
    explained(two.wa, "192.168.3.1", "permit list")


def test_explain_no_policy(two):
    two.wa.replace("import all; export all;", "export all;")
    explained(two.wa, "192.168.2.1", "without import policy")
    assert "without import policy" in two.wa.cli("show bgp summary")


def test_explain_foreign_route(two):
    """Somebody's own route for the prefix, and one for a part of it."""
    two.a.ip("route add 192.168.2.64/26 via 198.51.100.1 dev u0")
    explained(two.wa, "192.168.2.65", "192.168.2.64/26 of protocol kernel is in front of")
    two.a.ip("rule add to 192.168.2.0/24 lookup 100 priority 100\n"
             "route add 192.168.2.0/24 via 198.51.100.1 dev u0 table 100")
    explained(two.wa, "192.168.2.1", "would send it by u0 instead of wg0")


def test_explain_nobody(two):
    two.a.out("ip -4 route del default")
    two.a.out("ip -6 route del default")
    explained(two.wa, "203.0.113.1", "no prefix in the BGP table covers 203.0.113.1")
    explained(two.wa, "2001:db8:ffff::1", "no prefix in the BGP table covers")


def test_prompt(two):
    """Help, completion of words and of names that only the daemons know, abbreviations, history."""
    p = Prompt(two.wa)
    p.type("", "# ")
    assert "version" in p.type("show ?", "\n  wireguard ")  # the last one of the list
    p.run("bg\tsum\t", "Total number of neighbors 1")
    p.type("sh bgp nei \t", "10.9.0.2")
    p.run("", "BGP neighbor is 10.9.0.2")
    p.type("show wireguard \t", "wg0")
    p.type("\x03", "# ")
    p.run("sh tun", "a recent handshake")
    p.run("show bogus", "expected one of")
    p.run("\x10\x10", "a recent handshake")     # two lines up in the history
    p.type("teardown\n", "[y/N]")
    p.run("n", "n")
    assert p.end() == 0
    assert two.wa.kernel_routes("192.168.2.0/24")
    with open(os.path.join(two.wa.rundir, ".wgbgp_history"), encoding="ascii") as f:
        assert "tun" in f.read()


def test_monitor(two):
    """Events come as they happen, until the terminal's interrupt, which is no failure."""
    p = Prompt(two.wa)
    p.type("", "# ")
    p.type("monitor\n", "monitor")
    two.net.cut("a", "b")
    p.type("", "tunnel")
    p.type("\x03", "# ")
    assert p.end() == 0


# What each answer promises (doc/requests.md): members of the document, name of the list,
# members of each of its rows.
def test_terminal(two):
    """What is long goes through a pager, which Ctrl-C ends, and not the CLI; tables fit; states are
    coloured."""
    p = Prompt(two.wa, size=(10, 80), WGBGP_PAGER="sed 's/^/> /' - /dev/tty")
    p.run("show version", "wgbgp")
    seen = p.type("show wireguard\n", ">   peer: b")
    assert "> interface: wg0" in seen
    p.type("\x03", "# ")
    seen = p.run("show tunnels", "State")
    assert "\x1b[32mup" in seen
    table = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in seen.splitlines()]
    assert all(len(line) <= 80 for line in table) and any(re.match(r"wg0 +b +up", t) for t in table)
    assert "Endpoint" not in seen                   # of the least important ones
    seen = p.run("show tunnels | include b", "up")
    assert "\x1b[32m" not in seen
    p.type("watch 1 show tunnels\n", "every 1 s")
    p.type("", "every 1 s")                         # again, by itself
    p.type("\x03", "# ")
    p.run("show version | no-more", "wgbgp")
    assert p.end() == 0


KEYS = {
    "bgp summary": ("router-id as", "neighbors", "address description remote-as state up-seconds "
                    "received-prefixes accepted-prefixes sent-prefixes messages-received "
                    "messages-sent group last-error warning"),
    "bgp neighbors": ("router-id as", "neighbors", "address capabilities timers counters families "
                      "update-group graceful-restart tunnel import export"),
    "bgp": ("router-id as family", "routes", "prefix paths"),
    "route": ("", "routes", "prefix protocol distance selected installed stale reason reason-text "
              "age-seconds next-hops verdict"),
    "nexthops": ("", "nexthops", "address state reason interface peer tunnel cost"),
    "pins": ("", "pins", "endpoint via interface state"),
    "rules": ("", "rules", "priority family source destination interface ip-protocol icmp-types fwmark fwmask tos table "
              "no-default state"),
    "rib summary": ("prefixes", None, ""),
    "wireguard": ("", "interfaces", "name state error ifindex source-check-drops backend up adopted public-key listen-port fwmark "
                  "mtu plane addresses rx-bytes tx-bytes peers"),
    "tunnels": ("", "tunnels", "interface peer state reason reason-text cost since-seconds "
                "handshake-seconds handshakes endpoint rx-bytes tx-bytes counters-seconds changes "
                "tunnel-addresses"),
    "allowed-ips": ("", "entries", "interface peer prefix origin installed"),
    "commits": ("", "commits", "commit back time state how uid login from comment changed statements"),
    "daemons": ("", "daemons", "name pid state restarts"),
    "logging": ("", "lines", "time level daemon event text"),
    "version": ("version", None, ""),
    "uplinks": ("", "uplinks", "interface uplink fwmark table rule-priority bypass rp-filter ipv4 "
                "ipv6"),
}
PATH_KEYS = ("best eligible reason reason-text next-hop next-hop-state next-hop-cost from peer-as "
             "origin as-path local-preference med communities large-communities "
             "extended-communities originator-id cluster-list stale source age-seconds")
HOP_KEYS = "address interface peer state cost active"
PEER_KEYS = ("name public-key endpoint configured-endpoint configured-endpoints endpoint-changes endpoint-set-back "
             "tunnel-addresses permit allowed-ips "
             "allowed-ips-count persistent-keepalive handshake-seconds rx-bytes tx-bytes state "
             "reason")


def has(row, keys, where):
    missing = set(keys.split()) - set(row)
    assert not missing, f"{where}: no {missing} in {row}"


def test_stable_keys(two):
    two.wa.replace("bgp {", "rib { rule 1000 { fwmark 0x101; table 5000; } }\nbgp {")
    for what, (head, rows, keys) in KEYS.items():
        if what == "uplinks":  # the last one: endpoints behind one have no pin
            two.wa.replace("listen-port 51820;", "listen-port 51820; uplink { interface u0; }")
        doc = wait_until(lambda what=what, rows=rows: (d := two.wa.show(what))
                         and (rows is None or d[rows]) and d, what=f"rows of {what}")
        has(doc, head, what)
        if rows:
            for row in doc[rows]:
                has(row, keys, what)
    for route in two.wa.show("bgp")["routes"]:
        for path in route["paths"]:
            has(path, PATH_KEYS, "path")
    for route in two.wa.show("route")["routes"]:
        for hop in route["next-hops"]:
            has(hop, HOP_KEYS, "next hop")
    for interface in two.wa.show("wireguard")["interfaces"]:
        for peer in interface["peers"]:
            has(peer, PEER_KEYS, "peer")


def test_nothing_configured(topo):
    """Every show is a valid document with its list, and says something as text."""
    topo.internet()
    w = Wgbgp(topo, topo.router("a", topo.net), "system { hostname a; }\n")
    for what, (_, rows, _) in KEYS.items():
        doc = w.show(what)
        assert rows is None or isinstance(doc[rows], list), what
        assert w.cli(f"show {what}").strip(), what
    assert explain(w, "10.1.2.3")[0]               # by the kernel's default route
    w.cli("reload")
    w.cli("clear bgp all")


def test_groups(two):
    """Every kind of command, as nobody, as one of the group that may look, of the one that may change,
    and as root."""
    w = two.wa
    os.chmod(w.router.dir, 0o755)
    os.chmod(os.path.dirname(w.router.dir), 0o755)
    gid = {"nobody": 65534, "reader": grp.getgrnam("games").gr_gid,
           "writer": grp.getgrnam("audio").gr_gid}
    w.reload("system { cli-read-group games; cli-write-group audio; }\n" + open(w.conf_file).read())
    looks = [line.split("\n")[0].split(" [")[0] for line in w.cli("help").split("\n")
             if line.startswith("show ") and not re.search("[A-Z|]", line.split(" [")[0])]
    assert len(looks) > 15
    looks += ["explain 192.168.2.7", "doctor", "show bgp neighbors json", "show bgp 192.168.2.0/24"]
    changes = ["clear bgp all soft", "drain peer b", "undrain peer b", "drill stop",
               "log level info", "reload"]

    def ask(who, line):
        argv = [program("cli/wgbgp-cli"), "-r", w.rundir, "-c", line]
        if who != "root":
            argv = ["setpriv", "--reuid", "65533", "--regid", "65534", "--groups", str(gid[who]),
                    *argv]
        r = w.router.run(argv, check=False, env=w.env())
        return "no permission" not in r.stdout + r.stderr, r

    for who in (*gid, "root"):
        for line in looks + changes:
            may, r = ask(who, line)
            expected = who in ("writer", "root") or (who == "reader" and line in looks)
            assert may == expected, (who, line, r)
            assert r.returncode != 0 or expected, (who, line, r)
