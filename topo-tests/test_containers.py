# SPDX-License-Identifier: BSD-2-Clause
"""wgbgp with the capabilities that a container has: it starts, says once what is missing, carries
traffic, and bgpd, bfdd and zebra-lite cannot read a key file, whoever they run as.

    host ─ 192.168.1.0/24 ─ a ══ wg0 10.9.0.1 ── 10.9.0.2 wg0 ══ b ─ 192.168.2.0/24 ─ host
                    a container                a machine with all there is
"""
import collections
import json
import os
import re
import subprocess

import pytest

from lib.build import program
from lib.ns import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS, Router, _call, _libc
from lib.probe import reaches
from lib.snippets import ECHO
from lib.topology import Topology, link
from lib.twonodes import conf
from lib.wait import wait_until
from lib.wgbgp import Wgbgp

CLONE_NEWUSER = 0x10000000
USUAL = ("chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,"
         "+net_bind_service,+sys_chroot,+kill,+audit_write")  # of Docker and Podman
UID = 1000


def bounded(caps):
    return ["setpriv", f"--bounding-set=-all,+net_admin{caps and ',+' + caps}"]


# MISSING: what is said at the start. KEEPS: bgpd and bfdd are the parent's user.
Set = collections.namedtuple("Set", "prefix missing keeps uid userns", defaults=(0, False))
SETS = {
    "net_admin": Set(bounded(""), {"net_raw", "net_bind_service", "setuid"}, True),
    "net_admin net_raw net_bind_service": Set(bounded("net_raw,+net_bind_service"), {"setuid"},
                                              True),
    "usual": Set(bounded(USUAL), set(), False),
    "user namespace": Set([], set(), True, userns=True),
    "another user": Set(bounded("") + [f"--reuid={UID}", f"--regid={UID}", "--clear-groups",
                                       "--inh-caps=-all,+net_admin",
                                       "--ambient-caps=-all,+net_admin"],
                        {"net_raw", "net_bind_service", "setuid"}, True, uid=UID),
}


class UserRouter(Router):
    """As `unshare -Urnm`: root of a user namespace, to which the network belongs."""

    def __init__(self, *args):
        super().__init__(*args)
        self.fds.insert(0, os.open(f"/proc/{self.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC))

    def _unshare(self):
        self._die_with_parent()
        _call(_libc.unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS)
        for name, text in (("setgroups", "deny"), ("uid_map", "0 0 1"), ("gid_map", "0 0 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as f:
                f.write(text)
        self._prepare()


class Container(Wgbgp):
    """wgbgpd as the first program of a container with that set of capabilities."""

    def __init__(self, topo, router, text, caps):
        self.caps = caps
        super().__init__(topo, router, text, start=False)
        if caps.uid:
            router.run(["chown", "-R", f"{caps.uid}:{caps.uid}", router.dir])
            router.run(["mount", "-t", "tmpfs", "none", "/dev/net"])
            router.run(["mknod", "-m", "666", "/dev/net/tun", "c", "10", "200"])
        self.start()

    def program(self):
        return self.caps.prefix + super().program()

    def status(self, name):
        pid = self.daemon_pid(name) if name != "wgbgpd" else self.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


class UserTopology(Topology):
    def router(self, name, net=None, via=None):
        if name != "a":
            return super().router(name, net, via)
        router = self.routers[name] = UserRouter(name, self.dir, self.keep)
        net.attach(router, via=via)
        return router


@pytest.fixture(name="nodes", params=SETS)
def two_nodes(request, topo):
    caps = SETS[request.param]
    if caps.userns:
        topo.__class__ = UserTopology
    net = topo.internet()
    a, b = topo.router("a", net), topo.router("b", net)
    host_a = topo.router("a-host")
    link(host_a, "eth0", a, "lan0", "192.168.1.10/24", "192.168.1.1/24")  # as a cannot reach out
    host_a.ip("route add default via 192.168.1.1")
    host_b = topo.lan(b, "192.168.2.0/24")
    wa = Container(topo, a, conf("a", 1, "b", 2, ECHO), caps)
    wb = Wgbgp(topo, b, conf("b", 2, "a", 1))
    return caps, wa, wb, host_a, host_b


def intrude(pid, path):
    """{system call: error} of attempts to open the file, made by that process."""
    r = subprocess.run([program("topo-tests/intruder"), str(pid), path], text=True,
                       capture_output=True, check=False)
    if r.returncode == 77:
        pytest.skip("intruder knows no other processor than x86-64")
    assert r.returncode == 0, r.stderr
    return dict(line.split() for line in r.stdout.splitlines())


def is_sanitized():
    """AddressSanitizer needs system calls that the lists are against (lib/sandbox.h)."""
    with open(program("bgpd/bgpd"), "rb") as f:
        return b"__asan_init" in f.read()


def said_missing(w):
    found = re.findall(r"wgbgpd warning: privileges capability=(\S+)", w.log())
    assert len(found) == len(set(found)), "said twice"
    return set(found)


def settled(wa, wb):
    wa.wait_established()
    wa.wait_installed("192.168.2.0/24", "wg0", "b.wg0")
    wb.wait_installed("192.168.1.0/24", "wg0", "a.wg0")


def test_container(nodes):
    caps, wa, wb, host_a, host_b = nodes
    settled(wa, wb)
    reaches(host_a, host_b.address)
    assert said_missing(wa) == caps.missing
    assert ("the system refuses that" in wa.log()) == caps.userns
    found = [f["text"] for f in json.loads(wa.cli_run("doctor json").stdout)["findings"]
             if f["check"] == "privilege"]
    assert {re.search(r"capability (\S+):", text)[1] for text in found} == caps.missing
    keys_are_safe(wa, caps)
    # Each daemon comes back, with as little as before, and a change is taken over.
    for name in ("bgpd", "zebra-lite", "bfdd", "wgd"):
        wa.kill_daemon(name)
    wait_until(lambda: all(d["state"] == "running" for d in wa.show("daemons")["daemons"]),
               30, "all daemons")
    wa.replace("network [ 192.168.1.0/24 ", "network [ ")
    wb.wait_gone("192.168.1.0/24")
    wa.replace("network [ ", "network [ 192.168.1.0/24 ")
    settled(wa, wb)
    keys_are_safe(wa, caps)
    # Another parent finds everything as it was.
    wa.restart()
    settled(wa, wb)
    reaches(host_a, host_b.address)
    wa.teardown()


def keys_are_safe(w, caps):
    key = os.path.join(w.router.dir, "wg0.key")
    for name in ("bgpd", "bfdd", "zebra-lite"):
        tried = intrude(w.daemon_pid(name), key)
        assert len(tried) == 4 and set(tried.values()) <= {"EPERM", "EACCES"}, (name, tried)
        status = w.status(name)
        assert status["NoNewPrivs"] == "1", (name, status)
        assert status["Seccomp"] == "2" or is_sanitized(), (name, status)
    # The attempt itself works: wgd, which may, reads it.
    assert set(intrude(w.daemon_pid("wgd"), key).values()) == {"0"}
    for name in ("bgpd", "bfdd"):
        status = w.status(name)
        assert int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0, (name, status)
        kept = int(status["Uid"].split()[0]) == caps.uid
        assert kept == caps.keeps, (name, status)
    assert int(w.status("zebra-lite")["CapPrm"], 16) == 1 << 12  # CAP_NET_ADMIN
    assert w.status("wgbgpd")["NoNewPrivs"] == "1"


def test_the_parent_keeps_what_it_needs(two):
    """Started with everything, without systemd."""
    with open(f"/proc/{two.wa.process.pid}/status", encoding="ascii") as f:
        caps = int(re.search(r"^CapPrm:\s+(\S+)", f.read(), re.M)[1], 16)
    kept = {2, 5, 6, 7, 8, 10, 12, 13, 14, 23}  # linux/capability.h
    assert caps == sum(1 << n for n in kept), hex(caps)


# What an older kernel, or a stricter container, does not have.
NR_LANDLOCK, PR_SET_SECCOMP = 444, 22
WITHOUT = """
import ctypes, os, sys
class Cmp(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
refuse = 0x50000 | 38  # ENOSYS
ctx = ctypes.c_void_p(lib.seccomp_init(0x7fff0000))
def rule(nr, *cmp):
    assert lib.seccomp_rule_add_array(ctx, refuse, nr, len(cmp), (Cmp * 1)(*cmp)) == 0
if "landlock" in sys.argv[1]:
    rule(%d)
if "seccomp" in sys.argv[1]:
    rule(lib.seccomp_syscall_resolve_name(b"seccomp"))
    rule(lib.seccomp_syscall_resolve_name(b"prctl"), Cmp(0, 4, %d, 0))
assert lib.seccomp_load(ctx) == 0
os.execvp(sys.argv[2], sys.argv[2:])
""" % (NR_LANDLOCK, PR_SET_SECCOMP)


def without(mechanisms, caps):
    return caps._replace(prefix=["/usr/bin/python3", "-c", WITHOUT, mechanisms] + caps.prefix)


def sandboxes(w):
    """(daemon, seccomp, landlock) as said."""
    return set(re.findall(r" (\S+) \S+: sandbox seccomp=(\S+) landlock=(\S+)", w.log()))


@pytest.mark.parametrize("missing,seccomp,landlock", [("seccomp", "no", "yes"),
                                                      ("landlock", "yes", "no")])
def test_one_mechanism_is_enough(topo, missing, seccomp, landlock):
    """Where bgpd and bfdd have the user to whom the keys belong."""
    if is_sanitized() and missing == "landlock":
        pytest.skip("with AddressSanitizer there is Landlock alone")
    a = topo.router("a", topo.internet())
    topo.router("b", topo.net)
    w = Container(topo, a, conf("a", 1, "b", 2), without(missing, SETS["net_admin"]))
    wait_until(lambda: len(sandboxes(w)) == 3, what="three sandboxes")
    assert {said[1:] for said in sandboxes(w)} == {(seccomp, landlock)}
    key = os.path.join(a.dir, "wg0.key")
    for name in ("bgpd", "bfdd", "zebra-lite"):
        assert set(intrude(w.daemon_pid(name), key).values()) <= {"EPERM", "EACCES"}, name
    assert set(intrude(w.daemon_pid("wgd"), key).values()) == {"0"}


def test_never_without_any(topo):
    """Neither: nothing starts where bgpd could read keys. Where it can change its user it starts."""
    a = topo.router("a", topo.internet())
    topo.router("b", topo.net)
    w = Container(topo, a, conf("a", 1, "b", 2), without("seccomp landlock", SETS["usual"]))
    wait_until(lambda: len(sandboxes(w)) == 3, what="three words about sandboxes")
    assert {said[1:] for said in sandboxes(w)} == {("no", "no")}
    wait_until(lambda: "ready version=" in w.log(), what="the end of the start")
    w.teardown()
    w.caps = without("seccomp landlock", SETS["net_admin"])
    r = a.run(w.program(), check=False, env=w.env())
    assert r.returncode == 1 and "neither seccomp nor Landlock" in r.stderr, r
