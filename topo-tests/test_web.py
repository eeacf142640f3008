# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp-web, beside a router with one tunnel.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                            │
                        wgbgp-web 127.0.0.1:8179
"""
import json
import os
import re

import pytest

from lib.build import program
from lib.wait import wait_until
from lib.web import Web
from lib.wgbgp import Wgbgp

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


def without_ages(answer):
    """explain's, without how long ago something was; rules of nftables are the CLI's alone."""
    steps = [(s["stage"], s["ok"], re.sub(r"handshake .* ago", "", s["text"]))
             for s in answer["steps"] if s["stage"] != "firewall"]
    return {**answer, "steps": steps, "verdict": re.sub(r"handshake .* ago", "", answer["verdict"])}


@pytest.mark.parametrize("asked, command", [
    ("destination=192.168.2.7", "explain 192.168.2.7"),                # by the tunnel
    ("destination=10.9.0.1", "explain 10.9.0.1"),                      # this machine
    ("destination=203.0.113.9", "explain 203.0.113.9"),                # not in BGP
    ("destination=192.168.2.7&plane=none", "explain plane none 192.168.2.7"),
    ("destination=192.168.2.7&from=192.168.1.1", "explain from 192.168.1.1 192.168.2.7"),
    ("destination=192.168.2.7&from=192.168.1.77", "explain from 192.168.1.77 192.168.2.7"),
    ("destination=192.168.2.7&from=192.168.2.9", "explain from 192.168.2.9 192.168.2.7")])
def test_explain(two, web, asked, command):
    """The same keys and values as `explain … json`, though the kernel is asked by wgbgpd."""
    def same():
        said = json.loads(two.wa.cli_run(f"{command} json").stdout)
        return without_ages(web.get(f"/api/explain?{asked}")) == without_ages(said)
    wait_until(same, what="the same answer by HTTP")


def test_explain_of_a_cut(two, web):
    two.net.cut("a", "b")
    two.wa.wait_tunnel("b", "down")
    wait_until(lambda: not web.get("/api/explain?destination=192.168.2.7")["reachable"],
               what="what the cut makes of it")


def findings(doc):
    """Without how long ago something was, and how often it was counted."""
    assert doc["checks"] > 40
    return [{**f, "text": re.sub(r"\d+", "N", re.sub(r"[\d:a-z, ]+ ago", "", f["text"]))}
            for f in doc["findings"]]


def same_doctor(two, web, check=None):
    """Both say the same, and find that; wgbgp-web says it some seconds later."""
    def same():
        said = json.loads(two.wa.cli_run("doctor json").stdout)
        there = {f["check"] for f in said["findings"]}
        return (not check or check in there) and \
            findings(web.get("/api/doctor")) == findings(said) and said
    return wait_until(same, 60, what=f"the same findings by HTTP, {check} among them")


def checks(doc):
    return {f["check"] for f in doc["findings"] if f["severity"] != "note"}


def test_doctor(two, web):
    """The same findings as `doctor json`, where all is well and where it is not."""
    two.wa.wait_tunnel("b", "up")
    wait_until(lambda: json.loads(two.wa.cli_run("doctor json").stdout)["healthy"], 30, "health")
    assert same_doctor(two, web)["healthy"]
    key = web.get("/api/key-ages")["keys"][0]["file"]                  # nobody but root sees it
    os.chmod(key, 0o644)
    two.a.ip("route add blackhole 192.168.2.0/28")
    assert checks(same_doctor(two, web, "route")) >= {"key-file", "route"}
    os.chmod(key, 0o600)
    two.a.ip("route del blackhole 192.168.2.0/28")
    two.a.run("sysctl -qw net.ipv6.conf.all.forwarding=0")
    same_doctor(two, web, "forwarding")
    two.a.run("sysctl -qw net.ipv6.conf.all.forwarding=1")
    two.net.cut("a", "b")
    two.wa.wait_tunnel("b", "down")
    same_doctor(two, web, "tunnel")


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
    assert "destination" in error("/api/explain", 400)
    assert "address" in error("/api/explain?destination=b", 400)
    assert "probe" in error("/api/explain?destination=192.168.2.7&probe=true", 400)
    assert "families" in error("/api/explain?destination=192.168.2.7&from=fd00::1", 400)
    assert "interface" in error("/api/host-interface?interface=../wg0", 502)
    assert "knobs" in error("/api/host-state?knobs=kernel/hostname", 400)
    assert "interface" in error("/api/host-way?destination=10.9.0.2&source=10.9.0.1&in=../wg0", 502)
    assert "Host" in error("/api/tunnels", 421, "-H", "Host: evil.example")
    assert "path" in error("/", 400, "--path-as-is", "--request-target", "//127.0.0.1/healthz",
                           "-H", "Host: evil.example")
    assert web.curl("/api/tunnels", "-H", "Host: localhost:8179")[0] == 200
    assert web.curl("/api/tunnels", "-X", "DELETE")[0] in (405, 501)
    assert web.curl("/api/tunnels", "-d", "x")[0] == 413


def refused_at(router, rundir, *options):
    """What it says where it does not start."""
    r = router.run([program("web/wgbgp-web"), "-r", rundir, "-u", "nobody", *options], check=False)
    assert r.returncode == 1, r
    return r.stderr


def test_only_here(two):
    """Addresses that others reach are refused, with a sentence that says what they take."""
    said = refused_at(two.a, two.wa.rundir, "-l", "0.0.0.0:8179")
    assert "takes a token (-t)" in said and "loopback" in said
    assert "no user to become" in refused_at(two.a, two.wa.rundir, "-u", "root")


def test_token(two, tmp_path):
    """With a token it listens anywhere, and answers nothing without it."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123\n")
    token.chmod(0o644)
    assert "everybody may use it" in refused_at(two.a, two.wa.rundir, "-t", str(token))
    token.chmod(0o600)
    two.wa.replace("bgp {", READERS)
    web = Web(two.wa, "-t", str(token), at="0.0.0.0:8179")
    for path in ("/", "/metrics", "/api/tunnels", "/healthz"):
        assert web.curl(path)[0] == 401, path
        assert web.curl(path, "-H", "Authorization: Bearer 0123456789abcdef0124")[0] == 401, path
    bearer = ("-H", "Authorization: Bearer 0123456789abcdef0123")
    assert web.get("/api/tunnels", *bearer)["tunnels"]
    assert web.get("/healthz", "-u", "me:0123456789abcdef0123")["healthy"]
    far = two.b.run(["curl", "-sS", "--max-time", "20", *bearer,
                     "http://10.9.0.1:8179/api/tunnels"]).stdout
    assert json.loads(far)["tunnels"][0]["peer"] == "b"
    assert "0123456789abcdef" not in web.process.text()
    with open(f"/proc/{web.process.pid}/cmdline", encoding="ascii") as f:
        assert "0123456789abcdef" not in f.read()
    web.stop()


def says_at(web, at, *options):
    """The status there; None: nobody listens."""
    r = web.router.run(["curl", "-sS", "--noproxy", "*", "--max-time", "10", "-o", "/dev/null",
                        "-w", "%{http_code}", *options, f"http://{at}/healthz"], check=False)
    return int(r.stdout) if r.returncode == 0 else None


def test_configured(two, tmp_path):
    """It listens where the configuration says, follows a change, and keeps who is there."""
    named = READERS.replace("nogroup;", "nogroup; web { %s }")
    two.wa.replace("bgp {", READERS)
    web = Web(two.wa, configured=True)
    assert says_at(web, "127.0.0.1:8179") == 200
    stream = two.a.spawn("stream", ["curl", "-sSN", "--noproxy", "*",
                                    "http://127.0.0.1:8179/api/monitor"])
    wait_until(lambda: stream.text(), 20, "the beginning of a stream")
    some = named % "listen [ 127.0.0.1:8180 [::1]:8181 ];"
    two.wa.replace(READERS, some)
    wait_until(lambda: says_at(web, "127.0.0.1:8179") is None, 20, "the usual address to go")
    assert says_at(web, "127.0.0.1:8180") == says_at(web, "[::1]:8181") == 200
    assert web.router.out(["curl", "-sS", "--noproxy", "*", "http://127.0.0.1:8180/api/web"]) \
        .startswith('{"listen":["127.0.0.1:8180","[::1]:8181"],"token":false')
    anywhere = named % "token true; listen 0.0.0.0:8182;"              # it has none
    two.wa.replace(some, anywhere)
    wait_until(lambda: "it listens nowhere" in web.process.text(), 20, "what it lacks")
    assert says_at(web, "127.0.0.1:8180") is None and says_at(web, "127.0.0.1:8182") is None
    two.wa.replace(anywhere, READERS)
    wait_until(lambda: says_at(web, "127.0.0.1:8179") == 200, 20, "the usual address")
    two.net.cut("a", "b")
    wait_until(lambda: "tunnel" in stream.text(), 30, "an event by the old connection")
    two.net.restore("a", "b")
    web.stop()


def test_usual_address_is_busy(two):
    """A warning says whose the usual address is not; it is ours as soon as it is free."""
    two.wa.replace("bgp {", READERS)
    other = two.a.spawn("other", ["python3", "-m", "http.server", "-b", "127.0.0.1", "8179"])
    at = "http://127.0.0.1:8179/"
    wait_until(lambda: two.a.run(["curl", "-sS", "--noproxy", "*", "-o", "/dev/null", at],
                                 check=False).returncode == 0, 20, "the other server")
    web = Web(two.wa, configured=True)
    assert re.search(r'listen local=127\.0\.0\.1:8179 error=".* in use', web.process.text())
    assert says_at(web, "127.0.0.1:8179") == 404                       # the other one's
    other.stop()
    wait_until(lambda: says_at(web, "127.0.0.1:8179") == 200, 20, "the usual address")
    web.stop()


def test_configured_with_a_token(two, tmp_path):
    """The port is the one that it has; the command line has the last word."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123\n")
    token.chmod(0o600)
    two.wa.replace("bgp {", READERS.replace("nogroup;",
                                            "nogroup; web { token true; listen 0.0.0.0:8179; }"))
    web = Web(two.wa, "-t", str(token), configured=True)
    wait_until(lambda: says_at(web, "10.9.0.1:8179") == 401, 20, "all addresses")
    assert says_at(web, "10.9.0.1:8179", "-H", "Authorization: Bearer 0123456789abcdef0123") == 200
    assert "0123456789abcdef" not in two.wa.cli_run("show configuration").stdout
    web.stop()
    web = Web(two.wa, "-t", str(token), at="127.0.0.1:8183")
    web.get("/api/web", "-H", "Authorization: Bearer 0123456789abcdef0123")
    assert says_at(web, "127.0.0.1:8179") is None
    web.stop()


def test_unix_socket(two):
    two.wa.replace("bgp {", READERS)
    path = f"{two.wa.rundir}/web.sock"
    web = Web(two.wa, at=path)
    r = two.a.out(["curl", "-sS", "--unix-socket", path, "http://localhost/api/tunnels"])
    assert json.loads(r)["tunnels"][0]["peer"] == "b"
    web.stop()


PLANE = """
system {{ cli-read-group nogroup; }}
plane blue {{ table 101; }}
wireguard {{
    interface wg0 {{
        private-key-file KEY(wg0); listen-port 51820; address [ 10.9.0.{n}/24 ]; plane {plane};
        peer {far} {{ public-key PUB({far}.wg0); endpoint INET({far}):51820;
                      tunnel-address [ 10.9.0.{m} ]; persistent-keepalive 5; }}
    }}
}}
"""


def test_tunnel_of_a_plane(topo):
    """Without a token: who comes in by the tunnel of a plane is answered, and nobody else."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    wa = Wgbgp(topo, a, PLANE.format(n=1, m=2, far="b", plane="blue"))
    Wgbgp(topo, b, PLANE.format(n=2, m=1, far="a", plane="blue").replace("plane blue;", ""))
    web = Web(wa, at="0.0.0.0:8179@wg0")
    get = ["curl", "-sS", "--max-time", "5", "http://10.9.0.1:8179/healthz"]
    wait_until(lambda: json.loads(b.run(get).stdout)["healthy"], 30, "an answer by the tunnel")
    r = b.run(["curl", "-sS", "--max-time", "5", f"http://{net.address('a')}:8179/healthz"],
              check=False)
    assert r.returncode == 7, r  # refused
    stream = b.spawn("events", ["curl", "-sSN", "http://10.9.0.1:8179/api/monitor"])
    wait_until(lambda: ":" in stream.text(), 10, "the stream")
    wa.replace(" plane blue;", "")
    wait_until(lambda: "main plane" in web.process.text(), 20, "the address to be closed")
    wait_until(lambda: not stream.alive(), 10, "the end of who came in by it")
    assert b.run(get, check=False).returncode == 7
    wa.replace("peer b", "plane blue; peer b")
    wait_until(lambda: b.run(get, check=False).returncode == 0, 30, "an answer as before")
    a.run(["ip", "link", "del", "wg0"])  # wgd makes another one of that name
    wait_until(lambda: "another one" in web.process.text() or "not yet" in web.process.text(), 30,
               "the address to be closed with its interface")
    wait_until(lambda: b.run(get, check=False).returncode == 0, 30, "an answer by the new one")
    web.stop()
    wa.replace(" plane blue;", "")
    web = a.spawn("wgbgp-web", [program("web/wgbgp-web"), "-r", wa.rundir, "-u", "nobody",
                                "-l", "0.0.0.0:8179@wg0"])
    wait_until(lambda: "main plane" in web.text(), 20, "the reason why it does not listen")
    web.stop()


def test_tunnel_of_a_plane_as_configured(topo):
    """All addresses of a tunnel at the usual port, instead of the usual address and beside it."""
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    wa = Wgbgp(topo, a, PLANE.format(n=1, m=2, far="b", plane="blue"))
    Wgbgp(topo, b, PLANE.format(n=2, m=1, far="a", plane="blue").replace("plane blue;", ""))
    web = Web(wa, configured=True)
    by_tunnel = ["curl", "-sS", "--max-time", "5", "-o", "/dev/null",
                 "http://10.9.0.1:8179/healthz"]
    some = " web { listen 0.0.0.0:8179@wg0; }"
    wa.replace("nogroup;", "nogroup;" + some)
    wait_until(lambda: b.run(by_tunnel, check=False).returncode == 0, 30, "an answer by the tunnel")
    wait_until(lambda: says_at(web, "127.0.0.1:8179") is None, 20, "the usual address to go")
    wa.replace(some, " web { listen [ 127.0.0.1:8179 [::1]:8179 0.0.0.0:8179@wg0 [::]:8179@wg0 ]; }")
    wait_until(lambda: says_at(web, "127.0.0.1:8179") == says_at(web, "[::1]:8179") == 200, 20,
               "the addresses of the machine itself")
    wait_until(lambda: "listen local=[::]:8179@wg0" in web.process.text(), 20, "IPv6 of the tunnel")
    assert b.run(by_tunnel, check=False).returncode == 0
    assert "in use" not in web.process.text()
    web.stop()


HOSTILE = r"""
import os, selectors, socket, sys, time
kinds = [b"G", b"GET /api/route HTTP/1.1\r\n\r\n" * 400, os.urandom(20000),
         b"GET /metrics HTTP/1.1\r\n\r\n" * 400, b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"]
socks, n = [], int(sys.argv[1])
def fresh(i):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 8179))
    return [s, i % len(kinds)]
socks = [fresh(i) for i in range(n)]
print("there", flush=True)
while True:
    for i, (s, kind) in enumerate(socks):
        try:
            s.send(kinds[kind])
        except BlockingIOError:
            pass
        except OSError:
            s.close()
            socks[i] = fresh(i)
    time.sleep(0.2)
"""


def test_hostile_clients(two):
    """As many as take nearly every place (100, so that a slow machine does it) that send heads byte by
    byte, rubbish, or requests ahead, and never read: who asks is answered, by HTTP and by the CLI,
    and nobody's session feels it."""
    two.wa.replace("bgp {", READERS)
    web = Web(two.wa, files=200)
    resets = two.wa.neighbor("10.9.0.2")["up-seconds"]
    crowd = two.a.spawn("crowd", ["/usr/bin/python3", "-c", HOSTILE, "90"])
    wait_until(lambda: "there" in crowd.text(), 20, "the crowd")
    for _ in range(4):
        assert web.get("/healthz")["healthy"]
        wait_until(lambda: web.get("/api/tunnels")["tunnels"], 20, "a turn among the crowd")
        assert two.wa.show("tunnels")["tunnels"][0]["state"] == "up"
    assert "wgbgp_tunnel_state" in web.curl("/metrics")[1]
    assert crowd.alive()
    crowd.stop()
    assert two.wa.neighbor("10.9.0.2")["up-seconds"] > resets
    web.stop()


def test_events(two, web):
    """What `monitor` says, as server-sent events."""
    stream = two.a.spawn("events", ["curl", "-sSN", "http://127.0.0.1:8179/api/monitor"])
    wait_until(lambda: ":" in stream.text(), 10, "the stream")
    two.net.cut("a", "b")
    wait_until(lambda: '"to":"down"' in stream.text(), 30, "the tunnel's end as an event")
    line = next(t for t in stream.text().splitlines() if '"to":"down"' in t)
    assert json.loads(line.partition("data: ")[2])["peer"] == "b"
    stream.stop()


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

    def shown():
        [tunnel] = two.wa.show("tunnels")["tunnels"]
        rib = two.wa.show("rib summary")
        [neighbor] = two.wa.show("bgp neighbors")["neighbors"]
        return {f"wgbgp_tunnel_receive_bytes_total{at}}}": tunnel["rx-bytes"],
                f"wgbgp_tunnel_transmit_bytes_total{at}}}": tunnel["tx-bytes"],
                f"wgbgp_tunnel_changes_total{at}}}": tunnel["changes"],
                "wgbgp_rib_prefixes": rib["prefixes"],
                "wgbgp_rib_route_writes_total": rib["route-writes"],
                f"wgbgp_bgp_messages_received_total{session}": neighbor["messages-received"]}
    before = shown()  # an answer of an earlier moment is given to several who ask

    def reached():
        said = samples(web.curl("/metrics")[1])
        return all(said[name] >= value for name, value in before.items()) and said
    said = wait_until(reached, 20, "what was shown, or more")
    after = shown()
    for name, value in before.items():
        assert value <= said[name] <= after[name], name
    assert said["wgbgp_configuration_age_seconds"] < 100


def test_metrics_of_a_cut(two, web):
    """A counter of each reason is there from the start; the one of the reason that is shown rises."""
    def counts():
        return {k: n for k, n in samples(web.curl("/metrics")[1]).items()
                if k.startswith('wgbgp_tunnel_downs_total{interface="wg0",peer="b",')}
    before = counts()
    two.net.cut("a", "b")
    two.wa.wait_tunnel("b", "down")
    name = ('wgbgp_tunnel_downs_total{interface="wg0",peer="b",plane="main",'
            f'reason="{two.wa.tunnel("b")["reason"]}"}}')
    wait_until(lambda: counts() == {**before, name: before[name] + 1}, what=f"{name} to rise alone")


def test_metrics_of_what_is_refused(two, web):
    """What b announces and no permit covers; and what the kernel counts of the interface."""
    def count(reason):
        return samples(web.curl("/metrics")[1])[
            'wgbgp_bgp_paths_refused_total{neighbor="10.9.0.2",plane="main",remote_as="65002",'
            f'reason="{reason}"}}']
    assert count("outside-permit") == 0
    two.wa.replace("permit [ 192.168.2.0/24", "permit [ 192.168.9.0/24")
    wait_until(lambda: count("outside-permit") == 1, what="the prefix of b to be counted")
    assert count("as-loop") == 0
    said = samples(web.curl("/metrics")[1])
    [link] = json.loads(two.a.out(["ip", "-j", "-s", "link", "show", "wg0"]))
    for way, short in (("receive", "rx"), ("transmit", "tx")):
        for what, key in (("errors", "errors"), ("drops", "dropped")):
            name = f'wgbgp_interface_{way}_{what}_total{{interface="wg0",plane="main"}}'
            assert said[name] <= link["stats64"][short][key]


def test_metrics_of_the_key(two, web):
    """As old as its file; the key itself is nowhere."""
    key = re.search(r"private-key-file ([^; ]+);", open(two.wa.conf_file, encoding="utf-8").read())[1]
    name = 'wgbgp_key_age_seconds{interface="wg0",peer="",kind="private"}'
    assert samples(web.curl("/metrics")[1])[name] < 3600
    os.utime(key, (0, 0))
    wait_until(lambda: samples(web.curl("/metrics")[1])[name] > 1e9, what="an old key")
    assert open(key, encoding="ascii").read().strip() not in web.curl("/metrics")[1]


def test_metrics_of_the_file(two, web):
    """It says something else than what runs until it is read, or as it was."""
    def differs():
        return samples(web.curl("/metrics")[1])["wgbgp_configuration_differs"]
    was = open(two.wa.conf_file, encoding="utf-8").read()
    assert differs() == 0
    for text in (was + "# a comment\n", was.replace("import all", "import none")):
        with open(two.wa.conf_file, "w", encoding="utf-8") as f:
            f.write(text)
        wait_until(differs, what="the change of the file")
    with open(two.wa.conf_file, "w", encoding="utf-8") as f:
        f.write(was)
    wait_until(lambda: not differs(), what="the file as it was")
    with open(two.wa.conf_file, "w", encoding="utf-8") as f:
        f.write(was + "# a comment\n")
    wait_until(differs, what="the change of the file")
    two.wa.cli("reload")
    wait_until(lambda: not differs(), what="the reload")


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
    known = again.get("/api/curves?tunnel=wg0+b&tunnel=wg0+%ff&tunnel=wg1+b")
    assert known["step-seconds"] == 10
    curve, = known["curves"]
    assert (curve["interface"], curve["peer"]) == ("wg0", "b")
    assert len(curve["latency-ms"]) == len(curve["loss-percent"]) == 120
    before = [ms for ms in first["latency-ms"][:whole] if ms is not None]
    assert [ms for ms in curve["latency-ms"] if ms is not None][:len(before)] == before
    for wrong in ("tunnel=wg0", "peer=b", "tunnel=wg0+b&tunnel=wg0+b",
                  "&".join(f"tunnel=wg0+{n}" for n in range(51))):
        assert again.curl(f"/api/curves?{wrong}")[0] == 400
    again.stop()
