# SPDX-License-Identifier: BSD-2-Clause
"""What is shown and logged is what is: names, AS numbers, times, changes.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
"""
import datetime
import json
import os
import re
import signal

from lib.build import program
from lib.wait import wait_until
from test_cli import Prompt


def reload_lines(w):
    return re.findall(r'reload generation=\d+ commit=\d+ changed=(\d+) statements="([^"]*)"',
                      w.log())


def test_hostname(two):
    """That of the configuration: in the log of every daemon, the version, the summary; not the
    machine's."""
    w = two.wa
    assert w.show("version")["hostname"] == "a" and w.cli("show version").rstrip().endswith(" on a")
    two.wa.replace("hostname a;", "hostname hub-7.example;")
    assert w.show("version")["hostname"] == "hub-7.example"
    assert w.show("bgp summary")["hostname"] == "hub-7.example"
    assert "host name hub-7.example" in w.cli("show bgp summary")
    p = Prompt(w)
    p.type("", "hub-7# ")
    assert p.end() == 0
    for daemon in ("bgpd", "zebra-lite", "wgd", "bfdd"):
        w.kill_daemon(daemon)
    two.net.cut("a", "b")
    wait_until(lambda: re.search(r"Z hub-7\.example wgd warning: tunnel-state peer=b", w.log()), 30,
               "a line of wgd with the name")
    assert re.search(r"Z hub-7\.example wgbgpd info: start daemon=wgd", w.log())
    wait_until(lambda: all(f" hub-7.example {d} " in w.log() for d in ("bgpd", "zebra-lite")), 30,
               "a line of each daemon with the name")


def test_reload_says_what_changed(two):
    w = two.wa
    w.cli("reload")
    assert reload_lines(w)[-1] == ("0", "")
    w.replace("connect-retry 1;", "connect-retry 2;")
    assert reload_lines(w)[-1] == ("1", "~bgp connect-retry")
    w.replace("bgp {", "policy p { term 1 { then accept; } }\nbgp {")
    w.replace("import all;", "import p;")
    assert reload_lines(w)[-1] == ("1", "~bgp neighbor 10.9.0.2 import")
    n = len(reload_lines(w))
    os.kill(w.process.pid, signal.SIGHUP)
    wait_until(lambda: len(reload_lines(w)) == n + 1, 20, "the line of a SIGHUP")


def test_monitor_has_the_time(two):
    monitor = two.a.spawn("monitor", [program("cli/wgbgp-cli"), "-r", two.wa.rundir, "-c",
                                      "monitor"], env=two.wa.env())
    wait_until(monitor.alive, what="the monitor")

    def events():
        two.wa.cli("clear bgp all")
        return [json.loads(line) for line in monitor.text().splitlines() if line.startswith("{")]
    seen = wait_until(events, 30, "an event")
    monitor.kill()
    for event in seen:
        at = datetime.datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
        assert abs((datetime.datetime.utcnow() - at).total_seconds()) < 60, event


def test_as_is_the_expected_one(two):
    """Not what the neighbor claims; that stands beside it, and so does the last NOTIFICATION when
    the connection then fails for another reason."""
    w = two.wa
    assert (w.neighbor("10.9.0.2")["remote-as"], w.neighbor("10.9.0.2")["claimed-as"]) == \
        (65002, 65002)
    w.replace("remote-as 65002;", "remote-as 65009;")

    def refused():
        n = w.neighbor("10.9.0.2")
        assert n["remote-as"] == 65009
        return n["claimed-as"] == 65002 and "Bad Peer AS" in (n["last-notification"] or "")
    wait_until(refused, 30, "the neighbor to be refused")
    assert "it claims to be AS 65002" in w.cli("show bgp summary")
    two.net.cut("a", "b")
    wait_until(lambda: "not connecting" in w.neighbor("10.9.0.2")["last-error"] or
               "Bad Peer AS" not in w.neighbor("10.9.0.2")["last-error"], 60, "another error")
    assert "Bad Peer AS" in w.neighbor("10.9.0.2")["last-notification"]
    assert "Bad Peer AS" in w.cli("show bgp summary")


def test_refused_prefixes_are_logged(two):
    """What the far end announces beyond `permit` leaves a line: one for many, not one for each."""
    w = two.wa
    nets = " ".join(f"192.168.{n}.0/24" for n in range(100, 150))
    two.b.ip("\n".join(f"route add blackhole {n}" for n in nets.split()))
    two.wb.replace("network [ ", f"network [ {nets} ")

    def refused():
        return re.findall(r"permit-refused neighbor=10\.9\.0\.2 prefixes=(\d+) first=(\S+) "
                          r"reason=outside-permit", w.log())
    wait_until(lambda: sum(int(n) for n, _ in refused()) == 50, 90, "50 prefixes in the log")
    assert len(refused()) <= 3 and refused()[0][1].startswith("192.168.1")
    w.cli("clear bgp all soft in")
    two.wait()
    assert sum(int(n) for n, _ in refused()) == 50    # the same again is no news
