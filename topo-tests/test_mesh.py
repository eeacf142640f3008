# SPDX-License-Identifier: BSD-2-Clause
"""A full mesh from a list, by contrib/wgbgp-mesh.

       n1 ─ 192.168.1.0/24           n1 198.51.100.2 10.9.0.1/24,fd09::1/64 192.168.1.0/24 ...
      ╱  ╲                           n2 ...
     n2 ══ n3 ─ 192.168.3.0/24       n3 ...
     └ 192.168.2.0/24
"""
import os
import subprocess

import pytest

from lib.build import SOURCE
from lib.keys import public_key
from lib.probe import reaches
from lib.snippets import TIMERS
from lib.wgbgp import Wgbgp

NODES = (1, 2, 3)


def mesh(directory, lines, *options):
    path = os.path.join(directory, "list")
    with open(path, "w", encoding="ascii") as f:
        f.write("# name public-address tunnel-address networks\n" + "\n".join(lines) + "\n")
    return subprocess.run([os.path.join(SOURCE, "contrib", "wgbgp-mesh"), "-k", directory,
                           "-o", directory, *options, path],
                          capture_output=True, text=True, check=False)


def write_key(directory, name):
    with open(os.path.join(directory, f"{name}.pub"), "w", encoding="ascii") as f:
        f.write(public_key(f"{name}.wg0") + "\n")


def test_three_nodes(topo):
    net = topo.internet()
    node = {n: topo.router(f"n{n}", net) for n in NODES}
    host = {n: topo.lan(node[n], f"192.168.{n}.0/24", subnet6=f"fd00:{n}::/64") for n in NODES}
    # One is called by IPv4, one by IPv6, one at another port.
    public = {1: net.address("n1"), 2: net.address("n2", 6), 3: f"{net.address('n3')}:51999"}
    lines = [f"n{n} {public[n]} 10.9.0.{n}/24,fd09::{n}/64 192.168.{n}.0/24 fd00:{n}::/64"
             for n in NODES]
    r = mesh(topo.dir, lines)
    assert r.returncode == 1 and all(f"n{n}.pub" in r.stderr for n in NODES)
    assert not os.path.exists(os.path.join(topo.dir, "n1.conf"))

    for n in NODES:
        write_key(topo.dir, f"n{n}")
    r = mesh(topo.dir, lines, "-p", "KEY(wg0)")
    assert (r.returncode, r.stderr) == (0, "")
    w = {}
    for n in NODES:
        with open(os.path.join(topo.dir, f"n{n}.conf"), encoding="ascii") as f:
            w[n] = Wgbgp(topo, node[n], f.read() + f"bgp {{ {TIMERS} }}\n", start=False)
        status, output = w[n].check()
        assert status == 0, output
        w[n].start()
    for n in NODES:
        w[n].wait_established(*(f"10.9.0.{m}" for m in NODES if m != n))
        for m in NODES:
            if n != m:
                w[n].wait_installed(f"192.168.{m}.0/24", "wg0", f"n{m}.wg0")
                w[n].wait_installed(f"fd00:{m}::/64", "wg0", f"n{m}.wg0")
    for n in NODES:
        for m in NODES:
            if n != m:
                reaches(host[n], host[m].address)
                reaches(host[n], host[m].address6)


def test_three_columns(topo):
    """A list with names and addresses and nothing else: the nodes reach each other."""
    net = topo.internet()
    node = {n: topo.router(f"n{n}", net) for n in NODES}
    for n in NODES:
        write_key(topo.dir, f"n{n}")
    r = mesh(topo.dir, [f"n{n} {net.address(node[n])} 10.9.0.{n},fd09::{n}" for n in NODES],
             "-p", "KEY(wg0)")
    assert (r.returncode, r.stderr) == (0, "")
    w = {}
    for n in NODES:
        with open(os.path.join(topo.dir, f"n{n}.conf"), encoding="ascii") as f:
            w[n] = Wgbgp(topo, node[n], f.read() + f"bgp {{ {TIMERS} }}\n")
    for n in NODES:
        w[n].wait_established(*(f"10.9.0.{m}" for m in NODES if m != n))
        for m in NODES:
            if n != m:
                reaches(node[n], f"10.9.0.{m}")
                reaches(node[n], f"fd09::{m}")


def test_behind_nat(topo):
    """Nodes that nobody can call: the others wait for them, and no tunnel joins two of them."""
    for name in "abc":
        write_key(topo.dir, name)
    r = mesh(topo.dir, ["a 192.0.2.1 10.9.0.1/24", "b - 10.9.0.2/24", "c - 10.9.0.3/24"])
    assert r.returncode == 0 and "no tunnels among b c" in r.stderr
    conf = {}
    for name in "abc":
        with open(os.path.join(topo.dir, f"{name}.conf"), encoding="ascii") as f:
            conf[name] = f.read()
    assert "endpoint" not in conf["a"] and "peer c" in conf["a"]
    assert "endpoint 192.0.2.1:51820;" in conf["b"] and "persistent-keepalive" in conf["b"]
    assert "peer c" not in conf["b"] and "10.9.0.3" not in conf["b"]


@pytest.mark.parametrize("line, says", [
    ("b 192.0.2.2", "list:3: name, public-address and tunnel-address"),
    ("a 192.0.2.2 10.9.0.2/24", "list:3: a is there already, in line 2"),
    ("b 192.0.2.2 10.9.0.1/24", "list:3: 10.9.0.1 is there already"),
    ("b 192.0.2.2 10.8.0.2/24", "not in the networks of a"),
    ("b 192.0.2.2 10.9.0.2/24 192.168.1.1/24", "has host bits set"),
    ("b 192.0.2.2 10.9.0.2/16", "not in the networks of a"),
    ("b 192.0.2.2 10.9.0.", "list:3:"),
    ("b 192.0.2.2:0 10.9.0.2/24", "no such port"),
    ("b 192.0.2.2; 10.9.0.2/24", "list:3:"),
])
def test_refused(topo, line, says):
    r = mesh(topo.dir, ["a 192.0.2.1 10.9.0.1/24", line])
    assert r.returncode == 1 and says in r.stderr
