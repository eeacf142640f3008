# SPDX-License-Identifier: BSD-2-Clause
"""The log where systemd's journal reads it: a real systemd-journald, in a router of its own.

    wgbgpd, bgpd, zebra-lite, wgd ─ /run/systemd/journal/socket ─ systemd-journald   all in `a`
"""
import json
import os
import shutil

import pytest

from lib.wait import wait_until
from lib.wgbgp import Wgbgp

JOURNALD = "/lib/systemd/systemd-journald"
FOLDER = "/run/log/journal"

CONF = """
system { hostname hub1; log-format FORMAT; }
wireguard {
    interface wg0 {
        private-key-file KEY(wg0);
        address [ 10.9.0.1/24 ];
        peer site-a { public-key PUB(b.wg0); tunnel-address [ 10.9.0.2 ]; }
    }
}
bgp { as 65001; router-id 10.9.0.1; neighbor 10.9.0.2 { remote-as 65002; } }
"""


class Journalled(Wgbgp):
    """Standard error is a file that systemd would have said is the journal's: what is in there did
    not go to the journal's own socket."""

    def program(self):
        return ["sh", "-c", 'JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/2) exec "$@"', "sh",
                *super().program()]


class Journal:
    def __init__(self, router):
        self.router = router
        router.run(["mount", "-t", "tmpfs", "none", "/run/systemd"])
        router.run(["mount", "-t", "tmpfs", "none", "/run/log"])
        router.run(["mkdir", FOLDER])
        self.start()

    def start(self):
        self.process = self.router.spawn("journald", [JOURNALD])
        wait_until(lambda: self.router.run(["test", "-S", "/run/systemd/journal/socket"],
                                           check=False).returncode == 0, 20, "journald to listen")

    def entries(self, *matches):
        r = self.router.run(["journalctl", "-D", FOLDER, "-o", "json", "--no-pager", "-q", *matches],
                            check=False)
        return [json.loads(line) for line in r.stdout.splitlines()]

    def wait(self, *matches):
        return wait_until(lambda: self.entries(*matches), 20, f"an entry with {matches}")[-1]


@pytest.fixture(name="journal")
def a_journal(topo):
    if not os.path.exists(JOURNALD) or not shutil.which("journalctl"):
        pytest.skip("no systemd-journald here")
    for folder in ("/run/systemd", "/run/log"):
        os.makedirs(folder, exist_ok=True)
    return Journal(topo.router("a"))


def test_fields(topo, journal):
    """All daemons' lines have fields of their own, also of those in a sandbox."""
    w = Journalled(topo, journal.router, CONF.replace("FORMAT", "logfmt"))
    w.cli("drain peer site-a")
    entry = journal.wait("WGBGP_EVENT=drain", "WGBGP_PEER=site-a", "WGBGP_INTERFACE=wg0")
    assert entry["MESSAGE"] == "drain peer=site-a interface=wg0"
    assert entry["SYSLOG_IDENTIFIER"] == "wgd" and entry["PRIORITY"] == "6"
    assert entry["WGBGP_HOST"] == "hub1" and entry["_PID"] == str(w.daemon_pid("wgd"))
    w.cli("clear bgp 10.9.0.2")
    entry = journal.wait("WGBGP_EVENT=neighbor-clear")
    assert entry["WGBGP_NEIGHBOR"] == "10.9.0.2" and entry["SYSLOG_IDENTIFIER"] == "bgpd"
    assert {e["SYSLOG_IDENTIFIER"] for e in journal.entries("WGBGP_EVENT=sandbox")} == \
        {"bgpd", "bfdd", "zebra-lite"}
    assert journal.wait("WGBGP_EVENT=ready")["SYSLOG_IDENTIFIER"] == "wgbgpd"
    w.reload(CONF.replace("FORMAT", "json"))
    entry = journal.wait("WGBGP_EVENT=reload")
    w.cli("undrain peer site-a")
    message = json.loads(journal.wait("WGBGP_EVENT=undrain")["MESSAGE"])
    assert message["peer"] == "site-a" and message["logger"] == "wgd"
    assert "<6>hub1 wgd: drain" not in w.process.text()


def test_without_and_again(topo, journal):
    """What the journal does not take goes to standard error; when it is there again, it takes."""
    w = Journalled(topo, journal.router, CONF.replace("FORMAT", "logfmt"))
    journal.wait("WGBGP_EVENT=ready")
    assert journal.process.stop() == 0
    w.cli("clear bgp 10.9.0.2")
    wait_until(lambda: "<6>hub1 bgpd: neighbor-clear neighbor=10.9.0.2" in w.process.text(), 20,
               "the line on standard error")
    journal.start()
    w.cli("clear bgp 10.9.0.2")
    journal.wait("WGBGP_EVENT=neighbor-clear")


def test_start_fails(topo, journal):
    """A process that ends at once is not found in /proc any more when the journal asks whose unit
    an entry is of: such lines go where systemd knows it."""
    w = Journalled(topo, journal.router, "nonsense;", start=False)
    w.start(wait=False)
    wait_until(lambda: not w.process.alive(), 20, "wgbgpd to end")
    w.process.stopped = True
    assert "nonsense" in w.process.text()
    assert journal.entries("SYSLOG_IDENTIFIER=wgbgpd") == []


def test_show_logging(topo):
    """Without a journal: what the daemons say is in the parent, too, also of one that died."""
    w = Wgbgp(topo, topo.router("a"), CONF.replace("FORMAT", "json"))

    def lines(what):
        return w.show(f"logging {what}")["lines"]

    w.cli("drain peer site-a")
    line = wait_until(lambda: lines("event drain peer site-a"), 20, "the line")[-1]
    assert line["daemon"] == "wgd" and line["level"] == "info"
    assert line["text"] == "peer=site-a interface=wg0"
    assert lines("peer wg0") and not lines("event drain peer site-b")
    assert {e["daemon"] for e in lines("event sandbox")} == {"bgpd", "bfdd", "zebra-lite"}
    bgpd = w.daemon_pid("bgpd")
    w.cli("clear bgp 10.9.0.2")
    wait_until(lambda: lines("event neighbor-clear"), 20, "bgpd's line")
    os.kill(bgpd, 9)
    wait_until(lambda: lines("level error event died"), 20, "what became of it")
    assert lines("event neighbor-clear peer 10.9.0.2")
    wait_until(lambda: len([e for e in lines("event sandbox") if e["daemon"] == "bgpd"]) == 2, 20,
               "lines of the next one")
    assert [e["event"] for e in lines("event sandbox last 1")] == ["sandbox"]
    times = [e["time"] for e in lines("")]
    assert times and all(len(t) == len("2026-11-29T20:04:22.123Z") for t in times)
    text = w.cli("show logging event died")
    assert "wgbgpd error: died daemon=bgpd why=" in text
    assert w.cli_run("show logging event nothing").returncode != 0


def peers(numbers):
    return "\n".join(
        f"peer site-{i} {{ public-key PUB(site{i}.wg0); endpoint localhost:{20000 + i}; "
        f"persistent-keepalive 25; tunnel-address 10.9.{i // 200}.{i % 200 + 2}; "
        f"permit 10.{20 + i // 200}.{i % 200}.0/24; }}" for i in numbers)


def test_lines_at_start(topo):
    """500 tunnels and sessions on two interfaces: what a start says does not grow with them, until
    each comes up. `show` knows all of them all the same."""
    interface = """interface wg{n} {{ private-key-file KEY(wg{n}); address [ 10.9.{net}.1/32 ];
        liveness {{ bfd {{ }} }} {peers} }}"""
    conf = "wireguard {" + "\n".join(
        interface.format(n=n, net=100 + n, peers=peers(range(250 * n, 250 * n + 250)))
        for n in (0, 1)) + "} bgp { as 65001; router-id 10.9.0.1; " + " ".join(
            f"neighbor 10.9.{i // 200}.{i % 200 + 2} {{ remote-as 65002; import all; export all; }}"
            for i in range(500)) + "}"
    w = Wgbgp(topo, topo.router("a"), conf)

    def all_there():
        endpoints = [t["endpoint"] for t in w.show("tunnels")["tunnels"]]
        sessions = w.show("bgp summary")["neighbors"]
        return len(sessions) == len(endpoints) == 500 and all(endpoints)
    wait_until(all_there, 60, "all tunnels, with the address of their endpoint")
    log = w.process.text().splitlines()
    print(f"{len(log)} lines")
    assert len(log) < 100, "\n".join(log[:200])
    assert sum("interface-ready" in line and "peers=250" in line for line in log) == 2
