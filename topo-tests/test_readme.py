# SPDX-License-Identifier: BSD-2-Clause
"""README.md, as a reader would copy it: only addresses on the Internet and keys differ.

    host ─ 192.168.1.0/24 ─ hub1 ══ wg0 10.99.0.1 ── 10.99.0.2 wg0 ══ sitea ─ 192.168.2.0/24 ─ host
                          AS 65000                                AS 65001

and with two hubs (doc/examples), hub1 ══ wgt ══ hub2, where the site has a tunnel to each.
"""
import os
import re

from lib.build import SOURCE, daemon
from lib.probe import Ping, reaches
from lib.wait import wait_until
from lib.wgbgp import Wgbgp
FILES = {"hub1": "hub1", "hub2": "hub2", "sitea": "site-a"}


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as f:
        return f.read()


def blocks():
    return re.findall(r"^```\n(.*?)^```$", read("README.md"), re.M | re.S)


def configurations():
    return [b for b in blocks() if b.startswith("system ")]


def commands(first):
    """The lines of the block that starts so, without what is said about them."""
    block = next(b for b in blocks() if b.startswith(first))
    return [line.split("  # ")[0].strip() for line in block.splitlines()]


def in_test(text):
    """With the keys and the Internet of the test."""
    def key(match):
        name = match[1].lower().replace("-", "")
        return f"PUB({name}.{(match[2] or '-wg0')[1:].lower()})"
    text = re.sub(r'"THE-PUBLIC-KEY-OF-(SITE-A|HUB\d)(-WG\w)?"', key, text)
    text = re.sub(r"/etc/wgbgp/keys/(\w+)", r"KEY(\1)", text)
    for old, new in (("198.51.100.2:", "INET(sitea):"), ("203.0.113.1:", "INET(hub1):"),
                     ("203.0.113.65:", "INET(hub2):")):
        text = text.replace(old, new)
    return text


def run_commands(w, lines):
    """On that router; the service is our process, so it is not started."""
    for line in lines:
        if line.startswith("systemctl"):
            continue
        name, rest = line.split(" ", 1)
        if name == "wgbgpd":
            assert rest == "-n" and w.check() == (0, ""), w.check()
        else:
            assert name == "wgbgp-cli"
            for command in re.findall(r"-c '(.*?)'", rest):
                r = w.cli_run(command)
                assert r.returncode == 0, f"{command}: {r.stdout}{r.stderr}"


def test_first_configuration(topo):
    net = topo.internet()
    hub, site = topo.router("hub1", net), topo.router("sitea", net)
    hosts = topo.lan(hub, "192.168.1.0/24"), topo.lan(site, "192.168.2.0/24")
    for_hub, for_site = map(in_test, configurations()[:2])
    whub, wsite = Wgbgp(topo, hub, for_hub), Wgbgp(topo, site, for_site)
    whub.wait_installed("192.168.2.0/24", "wg0", "sitea.wg0", timeout=60)
    wsite.wait_installed("192.168.1.0/24", "wg0", "hub1.wg0", timeout=60)
    with Ping(hosts[0], hosts[1].address) as ping:
        ping.flows(20)
    wait_until(lambda: whub.cli_run("explain 192.168.2.7").returncode == 0, 20, "explain agrees")
    for w in (whub, wsite):
        run_commands(w, commands("wgbgpd -n"))
        assert w.cli_run("reload").returncode == 0
    for command in re.findall(r"\| `((?:doctor|show|explain)[^`]*)` \|", read("README.md")):
        r = whub.cli_run(command)
        assert r.stdout and (r.returncode == 0 or command == "doctor"), (command, r)


def test_two_hubs(topo):
    """All three files: the site goes by hub 1, and by hub 2 where that way is cut; also the LAN
    behind hub 1 is reached by hub 2 then, over the tunnel of the hubs."""
    net = topo.internet()
    routers = {n: topo.router(n, net) for n in ("hub1", "hub2", "sitea")}
    hosts = [topo.lan(routers[n], lan) for n, lan in (("hub1", "192.168.1.0/24"),
                                                      ("sitea", "192.168.2.0/24"))]
    w = {n: Wgbgp(topo, r, in_test(read("doc", "examples", f"{FILES[n]}.conf")))
         for n, r in routers.items()}
    w["sitea"].wait_installed("192.168.1.0/24", "wg1", "hub1.wg0", timeout=60)
    w["hub1"].wait_installed("192.168.2.0/24", "wg0", "sitea.wg1", timeout=60)
    w["hub2"].wait_installed("192.168.2.0/24", "wg0", "sitea.wg2", timeout=60)
    reaches(hosts[0], hosts[1].address)
    net.cut("hub1", "sitea")
    w["sitea"].wait_installed("192.168.1.0/24", "wg2", "hub2.wg0", timeout=60)
    w["hub1"].wait_installed("192.168.2.0/24", "wgt", "hub2.wgt", timeout=60)
    reaches(hosts[0], hosts[1].address)


def test_files_are_the_text():
    """What is installed as an example is what README shows."""
    site, hub = configurations()[2:]
    for name, block in (("site-a", site), ("hub1", hub)):
        assert read("doc", "examples", f"{name}.conf").split("\n", 1)[1] == block, name


def test_keys(topo):
    """The lines that make the keys leave a file that wgbgpd takes."""
    router = topo.router("hub1")
    keys = os.path.join(router.dir, "keys")
    script = "\n".join(commands("umask")).replace("/etc/wgbgp/keys", keys)
    public = router.run(["sh", "-ec", script]).stdout.strip()
    conf = os.path.join(router.dir, "x.conf")
    text = re.sub(r'"THE[^"]*"', f'"{public}"', configurations()[0])
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text.replace("/etc/wgbgp/keys", keys))
    r = router.run([daemon("wgbgpd/wgbgpd"), "-n", "-c", conf], check=False,
                   env={"WGBGP_YANGDIR": os.path.join(SOURCE, "yang")})
    # Our own key as the other one's is what is wrong with it, if anything.
    assert "private-key-file" not in r.stderr or "public-key" in r.stderr, r.stderr


def test_no_block_is_without_test():
    """Whoever adds a block to README says here what tests it."""
    known = {"neighbor ─BGP": "a drawing", "192.168.1.0/24 ──": "a drawing",
             "hub1 wg0 10.99.1.1": "a drawing", "sudo ./demo": "check, demo.py",
             "sudo apt update": "scripts/package-test",
             "sudo scripts/deps build run ": "test_build.py", "umask 077": "test_keys",
             "system {": "here", "wgbgpd -n": "test_first_configuration",
             "site1# explain": "test_explain.py",
             "wgbgp-cli import wg-quick": "test_import.py",
             "sudo scripts/deps build run test": "test_build.py, test_bench.py"}
    for block in blocks():
        assert any(block.strip().startswith(k) for k in known), block
    for line in ("sudo ./demo", "sudo ./check", "sudo bench/run", "sudo scripts/deps"):
        path = os.path.join(SOURCE, line.split()[1])
        assert os.access(path, os.X_OK), path
