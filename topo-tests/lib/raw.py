# SPDX-License-Identifier: BSD-2-Clause
"""A BGP neighbour that says the bytes it is told to: for what no real program would say.

Run by itself it is that program: local address, remote address, AS, hex of each UPDATE's body;
REPEAT=1 connects again whenever the session ends; DEAF=1 never reads behind the first KEEPALIVE. One
line of JSON for each session: how it ended."""
import json
import os
import socket
import struct
import sys
import time

from_file = os.path.abspath(__file__)


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def attribute(flags, kind, value):
    return bytes((flags, kind, len(value))) + value


def update(attributes, *prefixes):
    """The body of an UPDATE: [(flags, type, value)], IPv4 prefixes."""
    attrs = b"".join(attribute(*a) for a in attributes)
    nlri = b""
    for prefix in prefixes:
        net, length = prefix.split("/")
        nlri += bytes((int(length),)) + socket.inet_aton(net)[:(int(length) + 7) // 8]
    return b"\0\0" + struct.pack("!H", len(attrs)) + attrs + nlri


class Raw:
    """The program in a router. `ends`: [(code, subcode) of the NOTIFICATION or None] by session."""

    def __init__(self, topo, router, local, remote, asn, *updates, **env):
        self.router = router
        self.process = router.spawn("raw", [
            "env", *(f"{k}={v}" for k, v in env.items()), "/usr/bin/python3", from_file, local,
            remote, str(asn), *(u.hex() for u in updates)])

    @property
    def ends(self):
        lines = [json.loads(line) for line in self.process.text().splitlines()
                 if line.startswith("[") or line == "null"]
        return [tuple(line) if line else None for line in lines]


def read_message(s):
    data = b""
    while len(data) < 19 or len(data) < struct.unpack("!H", data[16:18])[0]:
        need = 19 - len(data) if len(data) < 19 else struct.unpack("!H", data[16:18])[0] - len(data)
        part = s.recv(need)
        if not part:
            raise OSError("closed")
        data += part
    return data[18], data[19:]


def session(local, remote, asn, bodies, deaf):
    s = socket.create_connection((remote, 179), 10, source_address=(local, 0))
    if deaf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(1)
    caps = b"\x01\x04\0\x01\0\x01" + b"\x41\x04" + struct.pack("!I", asn)
    s.sendall(message(1, struct.pack("!BHH", 4, asn, 90) + socket.inet_aton(local) +
                      bytes((len(caps) + 2, 2, len(caps))) + caps))
    heard = 0
    while True:
        try:
            if deaf and heard == 4:
                time.sleep(1)
            else:
                kind, body = read_message(s)
                if kind == 3:
                    return [body[0], body[1]]
                if kind == 1:
                    s.sendall(message(4))
                if kind == 4 and heard != 4:
                    heard = 4
                    for body in bodies:
                        s.sendall(message(2, body))
        except socket.timeout:
            pass
        if heard == 4:
            s.sendall(message(4))


def main(local, remote, asn, *updates):
    bodies = [bytes.fromhex(u) for u in updates]
    while True:
        try:
            end = session(local, remote, int(asn), bodies, os.environ.get("DEAF"))
        except OSError:
            end = None
        print(json.dumps(end), flush=True)
        if not os.environ.get("REPEAT"):
            time.sleep(3600)
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
