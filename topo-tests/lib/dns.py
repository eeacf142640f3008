# SPDX-License-Identifier: BSD-2-Clause
"""A small DNS server in a router. As a program: dns.py ADDRESS ZONEFILE; the zone is JSON, read
again for each question: {name: {"A": [...], "AAAA": [...], "ttl": seconds}}."""
import ipaddress
import json
import os
import socket
import struct
import sys

A, AAAA, NXDOMAIN = 1, 28, 3


def question(packet):
    """(name, type, end of the question)."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


def answer(packet, zone):
    name, kind, end = question(packet)
    entry = zone.get(name)
    addresses = (entry or {}).get({A: "A", AAAA: "AAAA"}.get(kind), [])
    flags = 0x8180 | (0 if entry else NXDOMAIN)
    reply = packet[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + packet[12:end]
    for address in addresses:
        data = ipaddress.ip_address(address).packed
        reply += struct.pack("!HHHIH", 0xC00C, kind, 1, entry["ttl"], len(data)) + data
    return reply


def serve(address, path):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        packet, who = s.recvfrom(1500)
        with open(path, encoding="ascii") as f:
            zone = json.load(f)
        name, kind, _ = question(packet)
        print(name, kind, flush=True)
        s.sendto(answer(packet, zone), who)


class Dns:
    """Runs in `router` at `address`; clients use it after client()."""

    def __init__(self, router, address):
        self.router, self.address = router, address
        self.path = os.path.join(router.dir, "zone.json")
        self.zone = {}
        self.set()
        self.process = router.spawn("dns", ["/usr/bin/python3", __file__, address, self.path])

    def set(self, name=None, ttl=5, **addresses):
        """set("hub.example.net", A=["192.0.2.1"])."""
        if name:
            self.zone[name] = dict(addresses, ttl=ttl)
        with open(self.path + ".new", "w", encoding="ascii") as f:
            json.dump(self.zone, f)
        os.replace(self.path + ".new", self.path)

    def client(self, router):
        path = os.path.join(router.dir, "resolv.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"nameserver {self.address}\noptions timeout:2\n")
        router.run(["mount", "--bind", path, "/etc/resolv.conf"])

    def asked(self):
        """How many questions came."""
        return self.process.text().count("\n")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
