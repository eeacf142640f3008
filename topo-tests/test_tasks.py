# SPDX-License-Identifier: BSD-2-Clause
"""Usual tasks of somebody who knows vtysh, birdc and wg, and has not read the manual: what they type
first, what second, and what they look for. A task comes off where one of the two shows it.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import json
import os
import re
import shutil

from lib.build import program

TASKS = [  # task, first and second try, a pattern of what is looked for
    ("are my sessions up", "show ip bgp summary", "show bgp sum", r"10\.9\.0\.2 .*established"),
    ("of one family", "show bgp ipv4 unicast summary", "sh bgp ipv4 sum", r"10\.9\.0\.2 .*established"),
    ("which sessions are not", "show bgp summary failed", "show bgp summary down", r"None of 1"),
    ("which tunnel has the session", "show bgp summary", "show bgp neighbors", r"established.* b +up"),
    ("all about a neighbor", "show ip bgp neighbors 10.9.0.2", "show bgp neighbor 10.9.0.2",
     r"BGP state = established"),
    ("what it sent", "show ip bgp neighbors 10.9.0.2 received-routes",
     "show bgp neighbors 10.9.0.2 rec", r"192\.168\.2\.0/24"),
    ("what it gets", "show ip bgp neighbors 10.9.0.2 advertised-routes",
     "show bgp neighbors 10.9.0.2 adv", r"192\.168\.1\.0/24"),
    ("what we took of it", "show ip bgp neighbors 10.9.0.2 routes",
     "show bgp neighbors 10.9.0.2 routes", r"\*> +192\.168\.2\.0/24"),
    ("the BGP table", "show ip bgp", "show bgp", r"\*> +192\.168\.2\.0/24"),
    ("of IPv6", "show bgp ipv6 unicast", "show bgp ipv6", r"fd00:2::/64"),
    ("one prefix", "show ip bgp 192.168.2.0/24", "show bgp 192.168.2.0/24", r"best is number 1"),
    ("who has this address", "show ip bgp 192.168.2.7", "show bgp 192.168.2.7", r"192\.168\.2\.0/24"),
    ("the routes", "show ip route", "show route", r"B>\* +192\.168\.2\.0/24"),
    ("of BGP alone", "show ip route bgp", "show route protocol bgp", r"192\.168\.2\.0/24"),
    ("the route of an address", "show ip route 192.168.2.7", "show route for 192.168.2.7",
     r"wg0 peer b"),
    ("how many routes", "show ip route summary", "show route summary", r"prefixes: \d"),
    ("the peers", "wg show", "show wg", r"latest handshake"),
    ("one interface's", "wg show wg0", "show wireguard wg0", r"peer: b"),
    ("who owns a prefix", "show allowed-ips", "show wireguard allowed-ips", r"192\.168\.2\.0/24 +b"),
    ("are my tunnels up", "show tunnels", "show tunnel", r"wg0 +b +up"),
    ("which are down", "show tunnels down", "show tunnels | include down", r"None of 1"),
    ("one tunnel", "show tunnels b", "show tunnels | include b ", r"wg0 +b +up"),
    ("interfaces", "show interface brief", "show interfaces", r"wg0 +up .*10\.9\.0\.1/24"),
    ("an interface", "show interface wg0", "show int wg0", r"1 of 1"),
    ("the configuration", "show run", "show configuration", r"interface wg0 \{"),
    ("a part of it", "show run | begin bgp", "show run | begin ^bgp", r"\Abgp \{"),
    ("lines with a word", "show ip route | include 192.168.2", "show ip route | grep 192.168.2",
     r"\AB>\* +192\.168\.2\.0/24.*\n\Z"),
    ("how many of them", "show ip route bgp | count", "show ip route bgp | wc -l", r"\A\d+\n\Z"),
    ("for a program", "show ip bgp summary json", "show bgp summary | json", r'"neighbors":\['),
    ("the version", "show ver", "show version", r"wgbgp \d"),
    ("can I reach it", "ping 10.9.0.2", "ping 10.9.0.2 count 1", r"bytes from 10\.9\.0\.2"),
    ("can I reach the peer", "ping b", "ping peer b", r"bytes from 10\.9\.0\.2"),
    ("why can I not reach it", "explain 192.168.2.7", "traceroute 192.168.2.7", r"peer b"),
    ("what is wrong", "doctor", "show doctor", r"warning|error|nothing|note"),
    ("save it", "write memory", "copy running-config startup-config", r"reload"),
    ("apply the file", "reload", "configure", r"Nothing changed"),
    ("ask for routes again", "clear ip bgp 10.9.0.2 soft in", "clear bgp 10.9.0.2 soft in",
     r"Asked 10\.9\.0\.2"),
    ("reset all sessions", "clear ip bgp *", "clear bgp all", r"sessions are reset"),
    ("the log", "show logging", "show log", r"wgbgpd info: ready version="),
    ("the processes", "show daemons", "show status", r"zebra-lite +running"),
    ("BFD", "show bfd peers", "show bfd", r"BFD"),
    ("no pager", "terminal length 0", "show bgp | no-more", r"No pager"),
    ("a typing error", "show tunels", "show tunnels", r"did you mean tunnels|wg0 +b +up"),
]

OTHERS = [  # lines after each other are one try
    ("sessions for a program", "show bgp ipv4 unicast summary json", "show ip bgp summary json",
     r'"address":"10\.9\.0\.2"'),
    ("routes of IPv6", "show ipv6 route", "show ipv6 route bgp", r"B>\* +fd00:2::/64"),
    ("what is inside of a prefix", "show bgp ipv4 unicast 192.168.0.0/16 longer-prefixes",
     "show ip bgp 192.168.0.0/16 longer-prefixes", r"\*> +192\.168\.2\.0/24"),
    ("a route, abbreviated", "sh ip ro 192.168.2.7", "sh ip route 192.168.2.7", r"wg0 peer b"),
    ("my addresses", "show ip interface brief", "sh ip int br", r"wg0 +up .*10\.9\.0\.1/24"),
    ("networks of interfaces", "show ip route connected", "show route connected",
     r"10\.9\.0\.0/24"),
    ("both families", "show bgp all", "show bgp", r"fd00:2::/64"),
    ("next hops", "show ip nht", "show bgp nexthop", r"10\.9\.0\.2 .*wg0 +b"),
    ("policies were changed", "clear ip bgp * soft", "clear bgp * soft", r"Asked all neighbors"),
    ("send it again", "clear bgp ipv4 unicast 10.9.0.2 soft out", "clear bgp 10.9.0.2 soft out",
     r"Sending routes to 10\.9\.0\.2"),
    ("what runs", "write terminal", "show running-config", r"interface wg0 \{"),
    ("a part of it", "sh run | section ^bgp", "show running-config bgp",
     r"\Abgp \{\n(    .*\n)+\}\n\Z"),
    ("of an interface", "show running-config interface wg0", "sh run int wg0",
     r"\A    interface wg0 \{\n(     .*\n)+    \}\n\Z"),
    ("what it starts with", "show startup-config", "show configuration", r"bgp \{"),
    ("save it", "wr", "copy run start", r"reload"),
    ("what happened", "show history", "show logging", r"10\.9\.0\.2"),
    ("follow a session", "debug bgp neighbor-events 10.9.0.2", "debug neighbor 10.9.0.2",
     r"Events of .* are log lines"),
    ("what is followed", "show debugging", "show debug", r"bgpd +00:"),
    ("nothing any more", "undebug all", "no debug all", r"No"),
    ("three pings", "ping 10.9.0.2 repeat 3", "ping 10.9.0.2 count 3", r"bytes from 10\.9\.0\.2"),
    ("look from inside", ("conf t", "do show ip bgp summary", "end"),
     ("conf t", "show ip bgp summary", "exit"), r"10\.9\.0\.2 .*established"),
    ("describe a neighbor", ("conf t", "router bgp 65001", "neighbor 10.9.0.2 description far",
                             "end", "write memory"),
     ("conf t", "router bgp 65001", "neighbor 10.9.0.2 description far", "commit"), r"Commit \d"),
    ("take that away", ("conf t", "router bgp 65001", "no neighbor 10.9.0.2 description", "wr"),
     ("conf t", "no bgp neighbor 10.9.0.2 description", "commit"), r"Commit \d"),
    ("announce a network", ("conf t", "router bgp 65001", "address-family ipv4 unicast",
                            "network 192.168.1.128/25", "exit-address-family", "wr mem"),
     ("conf t", "router bgp", "network 192.168.1.128/25", "commit"), r"Commit \d"),
    ("another name", ("conf t", "hostname a7", "write"), ("conf t", "system hostname a7", "commit"),
     r"Commit \d"),
    ("what an interface is for", ("conf t", "interface wg0", "description lab", "exit", "write"),
     ("conf t", "wireguard interface wg0", "description lab", "commit"), r"Commit \d"),
    ("leave", "quit", "exit", r"\A\Z"),
]


def one_try(w, line, wanted):
    result = w.cli_run(*([line] if isinstance(line, str) else line))
    return re.search(wanted, result.stdout + result.stderr, re.M if "\\A" not in wanted else 0)


def ping_of(two):
    """The machine's ping, or another one of this name; the environment to find it."""
    if shutil.which("ping"):
        return
    os.symlink(shutil.which("busybox"), os.path.join(two.a.dir, "ping"))
    old = two.wa.env
    two.wa.env = lambda: {**old(), "PATH": f"{two.a.dir}:{os.environ['PATH']}"}


def second_tries(w, tasks):
    """The tasks that did not come off at the first try; all of them did at the second."""
    failed, second = [], []
    for task, *tries, wanted in tasks:
        if one_try(w, tries[0], wanted):
            continue
        second.append(task)
        if not one_try(w, tries[1], wanted):
            failed.append(task)
    assert not failed, (failed, second)
    return second


def test_tasks(two):
    two.wa.wait_tunnel("b", "up")
    ping_of(two)
    second = second_tries(two.wa, TASKS)
    assert len(TASKS) >= 40
    assert len(second) <= 1, second      # another line with the word comes before: a path
    two.wait()                           # the sessions were reset


def test_other_tasks(two):
    """Thought of later, when the program was done."""
    two.wa.wait_tunnel("b", "up")
    ping_of(two)
    second = second_tries(two.wa, OTHERS)
    assert second == ["follow a session", "describe a neighbor"], second


def test_watch(two):
    """`watch` goes on until it is interrupted; a pipe sees each answer whole."""
    r = two.wa.router.run(["timeout", "-s", "INT", "3", program("cli/wgbgp-cli"), "-r",
                           two.wa.rundir, "-c", "watch 1 show version | json"],
                          check=False, env=two.wa.env())
    answers = [json.loads(line) for line in r.stdout.splitlines()]
    assert len(answers) >= 2 and all(a["version"] for a in answers), r
    r = two.wa.cli_run("watch 1 clear bgp all")
    assert r.returncode == 1 and "only looks" in r.stderr
