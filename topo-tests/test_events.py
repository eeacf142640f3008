# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-events runs programs and posts to URLs when something happens.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │
                       wgbgp-events
"""
import json
import os

import pytest

from lib.build import program
from lib.wait import wait_until

RECORD = """#!/bin/sh
read -r event
echo "$WGBGP_EVENT $(id -un) $event" >> {out}
"""
# Something that it started, in another session of its shell, ends with it.
HANGS = """#!/bin/sh
sleep 600 &
echo $! >> {out}
wait
"""
COLLECT = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(self.headers["Content-Type"], body, flush=True)
        self.send_response(500 if self.path == "/broken" else 204)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


class Events:
    """The program beside router a, and hooks that write down what they get."""

    def __init__(self, two):
        self.two, self.w = two, two.wa
        self.dir = os.path.join(two.a.dir, "hooks")
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o777)
        self.w.replace("system {", "system { cli-read-group nogroup; #hooks\n")
        self.start()

    def start(self):
        self.process = self.two.a.spawn(
            "wgbgp-events", [program("events/wgbgp-events"), "-r", self.w.rundir, "-u", "nobody",
                             "-s", self.dir],
            env={"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1"})
        wait_until(lambda: "hooks count=" in self.process.text(), what="the configuration")

    def script(self, name, text):
        """The path of an executable script, and of what it writes."""
        path, out = os.path.join(self.dir, name), os.path.join(self.dir, name + ".out")
        with open(path, "w", encoding="ascii") as f:
            f.write(text.format(out=out))
        os.chmod(path, 0o755)
        return path, out

    def hook(self, statements):
        """Adds to `system`, and waits until wgbgp-events knows."""
        before = self.process.text().count("hooks count=")
        self.w.replace("#hooks", f"#hooks\n{statements}")
        wait_until(lambda: self.process.text().count("hooks count=") > before, what="the hooks")

    @staticmethod
    def lines(out):
        if not os.path.exists(out):
            return []
        with open(out, encoding="utf-8") as f:
            return f.read().splitlines()

    def wait_line(self, out, *parts):
        """The first line with all of these."""
        def look():
            return next((x for x in self.lines(out) if all(p in x for p in parts)), None)
        return wait_until(look, 30, f"a line with {parts}")

    def stop(self):
        status = self.process.stop()
        assert status == 0, f"wgbgp-events: exit status {status}: {self.process.text()}"


@pytest.fixture
def events(two):
    events = Events(two)
    yield events
    events.stop()


def test_program(two, events):
    """A cut and its end, as a user who owns nothing, in order; what was asked for alone."""
    record, out = events.script("record", RECORD)
    few, few_out = events.script("few", RECORD)
    events.hook(f"on-event all {{ program {record}; }} "
                f"on-event few {{ program {few}; event [ tunnel-up ]; }}")
    two.net.cut("a", "b")
    word, user, text = events.wait_line(out, "tunnel-down").split(" ", 2)
    event = json.loads(text)
    assert (word, user) == ("tunnel-down", "nobody")
    assert (event["event"], event["name"], event["interface"], event["peer"], event["to"],
            event["left-out"]) == ("tunnel-state", "tunnel-down", "wg0", "b", "down", 0)
    events.wait_line(out, "session-down", '"neighbor":"10.9.0.2"')
    lost = json.loads(events.wait_line(out, "last-path-lost").split(" ", 2)[2])
    assert (lost["interface"], lost["peer"], lost["prefixes"]) == ("wg0", "b", 2)
    assert lost["first"] in ("192.168.2.0/24", "fd00:2::/64")
    two.net.restore("a", "b")
    events.wait_line(out, "tunnel-up", '"peer":"b"')
    events.wait_line(out, "session-up")
    back = json.loads(events.wait_line(out, "last-path-back").split(" ", 2)[2])
    assert (back["interface"], back["peer"], back["prefixes"], back["lost"]) == ("wg0", "b", 2, 0)
    assert back["first"] in ("192.168.2.0/24", "fd00:2::/64")
    words = [line.split()[0] for line in events.lines(out)]
    assert words.index("tunnel-down") < words.index("tunnel-up")
    assert words.count("last-path-lost") == words.count("last-path-back") == 1
    events.wait_line(few_out, "tunnel-up")
    assert {line.split()[0] for line in events.lines(few_out)} == {"tunnel-up"}


def test_what_the_log_says(two, events):
    """Drift, a ceiling and a refused reload, with a log that has none of it; each once."""
    record, out = events.script("record", RECORD)
    events.hook(f"on-event all {{ program {record}; "
                "event [ drift-repaired permit-refused reload-refused ]; } #level")
    two.wa.replace("#level", "log-level error;")
    two.a.run(["ip", "route", "del", "192.168.2.0/24"])
    drift = json.loads(events.wait_line(out, "drift-repaired").split(" ", 2)[2])
    assert (drift["prefix"], drift["daemon"], drift["more"]) == ("192.168.2.0/24", "zebra-lite", 0)
    two.wb.replace("bgp {", "rib { static 172.20.0.0/16 { blackhole true; } "
                            "static 172.21.0.0/16 { blackhole true; } }\nbgp {")
    two.wb.replace("network [ ", "network [ 172.20.0.0/16 172.21.0.0/16 ")
    refused = json.loads(events.wait_line(out, "permit-refused").split(" ", 2)[2])
    assert (refused["neighbor"], refused["prefixes"]) == ("10.9.0.2", 2)
    with open(two.wa.conf_file, "a", encoding="ascii") as f:
        f.write("nonsense;")
    assert two.wa.cli_run("reload").returncode != 0
    assert "nonsense" in events.wait_line(out, "reload-refused", '"daemon":"wgbgpd"')
    assert sorted(line.split()[0] for line in events.lines(out)) == \
        ["drift-repaired", "permit-refused", "reload-refused"]
    assert not two.wa.show("logging event drift-repaired")["lines"]


NOBODY = """
        peer nobody {
            public-key PUB(nobody.wg0);
            endpoint 198.51.100.2:9;
            persistent-keepalive 1;
            tunnel-address 10.9.0.77;
        }
        peer b {"""


def test_handshake_missing(two, events):
    """To a peer that was never there packets are sent: that is told once, while it stays so, be
    wgbgp-events restarted meanwhile."""
    record, out = events.script("record", RECORD)
    two.wa.replace("peer b {", NOBODY)
    events.hook("unusual { interval 6; } "
                f"on-event all {{ program {record}; event [ handshake-missing commit ]; }} #level")
    text = events.wait_line(out, "handshake-missing").split(" ", 2)[2]
    event = json.loads(text)
    assert (event["peer"], event["handshake-seconds"]) == ("nobody", None)
    events.stop()
    with open(os.path.join(events.dir, "habits"), encoding="utf-8") as f:
        habits = {row["peer"]: row["missing"] for row in map(json.loads, f) if "peer" in row}
    assert habits == {"nobody": True, "b": False}
    events.start()
    sent = two.wa.tunnel("nobody")["tx-bytes"]
    wait_until(lambda: two.wa.tunnel("nobody")["tx-bytes"] > sent + 1000, 90, "more initiations")
    two.wa.replace("#level", "log-level error;")
    events.wait_line(out, '"name":"commit"')
    assert [line.split()[0] for line in events.lines(out)].count("handshake-missing") == 1
    assert "states-not-kept" not in events.process.text()


def test_url(two, events):
    """Posted as JSON; an answer that is an error is said, without the URL."""
    server = two.a.spawn("collect", ["/usr/bin/python3", "-c", COLLECT])
    events.hook("on-event post { url http://127.0.0.1:8080/secret; event commit; } "
                "on-event broken { url http://127.0.0.1:8080/broken; event commit; }")
    two.wa.replace("#hooks", "#hooks again")
    two.wa.replace("as 65001;", "as 65001; network [ 192.168.77.0/24 ];")
    wait_until(lambda: '"event":"commit"' in server.text(), 30, "the commit to be posted")
    assert server.text().startswith("application/json {")
    wait_until(lambda: "hook-failed hook=broken name=commit" in events.process.text(), 30,
               "the failure to be said")
    assert "secret" not in events.process.text()


def test_takes_too_long(two, events):
    """It ends with what it started, the log says so, and other hooks do not wait."""
    hangs, out = events.script("hangs", HANGS)
    record, other = events.script("record", RECORD)
    events.hook(f"on-event slow {{ program {hangs}; time-limit 1; event commit; }} "
                f"on-event all {{ program {record}; event commit; }}")
    two.wa.replace("as 65001;", "as 65001; network [ 192.168.77.0/24 ];")
    events.wait_line(other, "commit")
    wait_until(lambda: 'hook=slow name=commit why="not done after 1 s"' in events.process.text(),
               30, "the end of what takes too long")
    for pid in events.lines(out):
        wait_until(lambda p=pid: not os.path.exists(f"/proc/{p}"), what="its child to be gone")


SLOW = """#!/bin/sh
sleep 3
cat >> {out}
echo >> {out}
"""


def test_changed_while_it_runs(two, events):
    """The commit that changes a hook is told to the one before, which ends in its time."""
    slow, out = events.script("slow", SLOW)
    events.hook(f"on-event slow {{ program {slow}; event commit; }} #end")
    events.w.replace("event commit; } #end", "event commit; rate 7; } #end")
    events.wait_line(out, '"event":"commit"')


def test_configuration_is_followed(two, events):
    """A hook that is taken away is told no more; wgbgpd's restart is told, and survived."""
    record, out = events.script("record", RECORD)
    events.hook(f"on-event all {{ program {record}; }} #end")
    two.wa.restart()
    events.wait_line(out, "wgbgpd-away")
    events.wait_line(out, "wgbgpd-back")
    before = events.process.text().count("hooks count=0")
    two.wa.replace(f"on-event all {{ program {record}; }}", "")
    wait_until(lambda: events.process.text().count("hooks count=0") > before, 30, "no hook")
    events.wait_line(out, '"name":"commit"')  # of its own removal
    told = len(events.lines(out))
    two.wa.replace("as 65001;", "as 65001; network [ 192.168.77.0/24 ];")
    wait_until(lambda: two.wa.show("commits")["commits"][0]["state"] == "committed",
               what="the commit")
    assert len(events.lines(out)) == told


def test_meanwhile(two, events):
    """A tunnel that goes down while nobody listens is told once, by who listens again."""
    record, out = events.script("record", RECORD)
    events.hook(f"on-event all {{ program {record}; event [ tunnel-down session-down tunnel-up ]; }}")
    wait_until(lambda: os.path.exists(os.path.join(events.dir, "states")), what="the states")
    events.stop()
    two.net.cut("a", "b")
    wait_until(lambda: two.wa.tunnel("b")["state"] == "down", 30, "the tunnel to be down")
    events.start()
    event = json.loads(events.wait_line(out, "tunnel-down").split(" ", 2)[2])
    assert (event["peer"], event["from"], event["to"], event["meanwhile"]) == \
        ("b", "up", "down", True)
    two.net.restore("a", "b")
    events.wait_line(out, "tunnel-up")
    words = [line.split()[0] for line in events.lines(out)]
    assert words.count("tunnel-down") == 1 and words.count("tunnel-up") == 1
