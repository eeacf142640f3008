# SPDX-License-Identifier: BSD-2-Clause
"""WireGuard set up by hand, without wgbgp: the plain far ends."""
import functools
import os
import shutil
import subprocess

from .keys import private_key, public_key
from .ns import CLONE_NEWNET, _call, _libc
from .topology import _addresses
from .wait import wait_until


@functools.lru_cache(None)
def backend():
    """"kernel" where the kernel makes interfaces of type wireguard, else "userspace"."""
    probe = subprocess.run(["ip", "link", "add", "wgprobe0", "type", "wireguard"],
                           preexec_fn=lambda: _call(_libc.unshare, CLONE_NEWNET),
                           capture_output=True, check=False)
    return "kernel" if probe.returncode == 0 else "userspace"


def userspace_program():
    return shutil.which("wireguard-go")


class PlainWg:
    """An interface with its peers, by wg(8). Peers are dicts: key (a name), endpoint,
    allowed_ips, keepalive."""

    def __init__(self, router, ifname, key=None, port=51820, addresses="", peers=()):
        self.router, self.ifname, self.process = router, ifname, None
        self.key = key or f"{router.name}.{ifname}"
        if backend() == "kernel":
            router.ip(f"link add {ifname} type wireguard")
        else:
            self._start_userspace()
        conf = f"[Interface]\nPrivateKey = {private_key(self.key)}\nListenPort = {port}\n"
        for peer in peers:
            conf += self._peer(**peer)
        self._load("setconf", conf)
        router.ip(f"link set {ifname} mtu 1420\n" + _addresses(ifname, addresses)
                  + f"link set {ifname} up")

    def _start_userspace(self):
        self.process = self.router.spawn(f"wireguard-go-{self.ifname}",
                                         [userspace_program(), "-f", self.ifname],
                                         env={"LOG_LEVEL": "error"})

        def ready():
            assert self.process.alive(), self.process.text()
            path = f"/proc/{self.router.pid}/root/run/wireguard/{self.ifname}.sock"
            return os.path.exists(path)
        wait_until(ready, 10, f"wireguard-go {self.ifname}", 0.01)

    @staticmethod
    def _peer(key, endpoint=None, allowed_ips="", keepalive=0):
        text = f"\n[Peer]\nPublicKey = {public_key(key)}\n"
        text += f"AllowedIPs = {', '.join(allowed_ips.split())}\n" if allowed_ips else ""
        text += f"Endpoint = {endpoint}\n" if endpoint else ""
        return text + (f"PersistentKeepalive = {keepalive}\n" if keepalive else "")

    def _load(self, verb, conf):
        path = os.path.join(self.router.dir, f"{self.ifname}.wg")
        with open(path, "w", encoding="ascii") as f:
            f.write(conf)
        self.router.run(["wg", verb, self.ifname, path])

    def add_peer(self, **peer):
        self._load("addconf", self._peer(**peer))


def allowed_ips(router, ifname):
    """What the interface really has: {public key: set of prefixes}."""
    table = {}
    for line in router.out(f"wg show {ifname} allowed-ips").splitlines():
        key, _, prefixes = line.partition("\t")
        table[key] = set(prefixes.split()) - {"(none)"}
    return table


def owner(router, ifname, prefix):
    """Which key has exactly this entry; None if nobody."""
    for key, prefixes in allowed_ips(router, ifname).items():
        if prefix in prefixes:
            return key
    return None


def peer_set(router, ifname, key, *args):
    """wg set IF peer KEY ...: what somebody's hands do."""
    router.run(["wg", "set", ifname, "peer", public_key(key), *args])


def many_entries():
    """So many AllowedIPs that reading a device with them takes long (userspace only)."""
    return " ".join(f"100.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}/32" for i in range(100000))
