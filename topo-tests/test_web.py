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
