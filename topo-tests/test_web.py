# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-web, beside a router with one tunnel.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │
                        wgbgp-web 127.0.0.1:8179
"""
import json

import pytest

from lib.wait import wait_until
from lib.web import Web

READERS = "system { cli-read-group nogroup; }\nbgp {"


@pytest.fixture
def web(two):
    two.wa.replace("bgp {", READERS)
    web = Web(two.wa)
    yield web
    web.stop()


def without_times(value):
    """What does not change from one question to the next."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items()
                if not any(w in k for w in ("seconds", "bytes", "packets", "messages", "echo-",
                                            "-ms", "percent", "writes", "restarts"))}
    return [without_times(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path, what", [
    ("tunnels", "tunnels"), ("bgp-summary", "bgp summary"), ("bgp-neighbors", "bgp neighbors"),
    ("route", "route"), ("wireguard", "wireguard"), ("daemons", "daemons"),
    ("allowed-ips?interface=wg0", "allowed-ips wg0"), ("route?prefix=192.168.2.0/24",
                                                       "route 192.168.2.0/24")])
def test_as_show(two, web, path, what):
    """The same keys and values as `show … json`."""
    wait_until(lambda: without_times(web.get(f"/api/{path}"))
               == without_times(two.wa.show(what)), what="the same answer by HTTP")


def test_healthz(two, web):
    assert web.get("/healthz") == {"healthy": True, "error": None, "daemons": {
        d: "running" for d in ("wgd", "zebra-lite", "bgpd", "bfdd")}}
    two.wa.stop()
    wait_until(lambda: web.curl("/healthz")[0] == 503, what="wgbgpd's end")
    said = json.loads(web.curl("/healthz")[1])
    assert not said["healthy"] and "wgbgpd" in said["error"]
    status, body = web.curl("/api/tunnels")
    assert status == 503 and "wgbgpd" in json.loads(body)["error"]
    two.wa.start()
    wait_until(lambda: web.get("/healthz")["healthy"], 20, "wgbgpd is asked again")


def test_what_is_refused(two, web):
    def error(path, status, *options):
        got, body = web.curl(path, *options)
        assert got == status, (path, got, body)
        return json.loads(body)["error"]
    assert "tunnels" in error("/api/nonsense", 404)
    assert "no such request" in error("/api/teardown", 404)  # it changes something
    assert "no such request" in error("/api/monitor", 404)  # it never ends
    assert "family" in error("/api/route?plain=1", 400)
    assert "ipv4 ipv6" in error("/api/route?family=ipv5", 400)
    assert "true or false" in error("/api/route?longer=yes", 400)
    assert error("/api/route?prefix=rubbish", 502)
    assert error("/nowhere", 404)
    assert "Host" in error("/api/tunnels", 421, "-H", "Host: evil.example")
    assert web.curl("/api/tunnels", "-H", "Host: localhost:8179")[0] == 200
    assert web.curl("/api/tunnels", "-X", "DELETE")[0] in (405, 501)
    assert web.curl("/api/tunnels", "-d", "x")[0] == 413


def test_only_here(two):
    """Addresses that others reach are refused, with a sentence."""
    from lib.build import program
    r = two.a.run([program("web/wgbgp-web"), "-r", two.wa.rundir, "-l", "0.0.0.0:8179"],
                  check=False)
    assert r.returncode == 1 and "loopback" in r.stderr


def samples(text):
    """{metric with its labels: value}"""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in text.splitlines() if not line.startswith("#")}


def test_metrics(two, web):
    """promtool finds nothing, and the values are those of `show ... json`."""
    status, text = web.curl("/metrics")
    assert status == 200
    two.a.run(["promtool", "check", "metrics"], input=text)
    said = samples(text)
    assert said['wgbgp_scrape_complete'] == 1
    at = '{interface="wg0",peer="b",plane="main"'
    assert said[f'wgbgp_tunnel_state{at},state="up"}}'] == 1
    key = two.wa.show("wireguard wg0")["interfaces"][0]["peers"][0]["public-key"]
    assert said[f'wgbgp_tunnel_info{at},public_key="{key}"}}'] == 1
    assert text.count(key) == 1  # in no other metric
    session = '{neighbor="10.9.0.2",plane="main",remote_as="65002"}'
    assert said[f"wgbgp_bgp_session_up{session}"] == 1

    def equal():
        said = samples(web.curl("/metrics")[1])
        [tunnel] = two.wa.show("tunnels")["tunnels"]
        rib = two.wa.show("rib summary")
        [neighbor] = two.wa.show("bgp neighbors")["neighbors"]
        pairs = [(said[f"wgbgp_tunnel_receive_bytes_total{at}}}"], tunnel["rx-bytes"]),
                 (said[f"wgbgp_tunnel_transmit_bytes_total{at}}}"], tunnel["tx-bytes"]),
                 (said[f"wgbgp_tunnel_changes_total{at}}}"], tunnel["changes"]),
                 (said["wgbgp_rib_prefixes"], rib["prefixes"]),
                 (said["wgbgp_rib_route_writes_total"], rib["route-writes"]),
                 (said[f"wgbgp_bgp_messages_received_total{session}"],
                  neighbor["messages-received"])]
        return all(a == b for a, b in pairs)
    wait_until(equal, 20, "the same values by both ways")
    assert said["wgbgp_configuration_age_seconds"] < 100


def test_metrics_of_what_is_there(two, web):
    """A daemon that does not answer leaves the others' metrics as they are."""
    two.wa.stop()
    wait_until(lambda: 'wgbgp_scrape_complete 0' in web.curl("/metrics")[1], what="no samples")
    assert "wgbgp_tunnel_state" not in web.curl("/metrics")[1]
    two.wa.start()
    wait_until(lambda: 'wgbgp_scrape_complete 1' in web.curl("/metrics")[1], 20, "all again")


def test_history(two, web):
    """What a tunnel did is kept, over a restart of wgbgp-web too."""
    asked = "/api/series?interface=wg0&peer=b"

    def kept(w, n):
        series = w.get(asked)
        return series if len(series["time"]) >= n else None
    wait_until(lambda: web.curl(asked)[0] == 200, 30, "a first sample")
    first = wait_until(lambda: kept(web, 3), 60, "samples")
    assert first["step-seconds"] == 10 and first["state"][-1] == "up"
    assert first["rx-bytes-per-second"][0] is None  # there was no reading before
    assert first["rx-bytes-per-second"][-1] >= 0
    assert {len(column) for name, column in first.items() if name != "step-seconds"} \
        == {len(first["time"])}
    web.stop()
    again = Web(two.wa)
    series = wait_until(lambda: kept(again, len(first["time"]) + 1), 60, "what was kept, and more")
    whole = len(first["time"]) - 1  # the last ten seconds may have been told of again
    assert series["time"][:whole] == first["time"][:whole]
    for wrong, status in (("interface=wg0&peer=nobody", 404), ("peer=b", 400),
                          ("interface=wg0&peer=b&span=1", 400),
                          ("interface=wg0&peer=b&span=9x", 400)):
        assert again.curl(f"/api/series?{wrong}")[0] == status
    again.stop()
