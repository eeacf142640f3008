#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Small and large echo requests from one address to another: what becomes of them, really.

usage: echo.py SOURCE DESTINATION SIZE     SIZE: of the large packets with their IP header, unfragmented

Prints "small N large M": answers to three of each, within a second after the last one."""
import os
import socket
import struct
import sys
import time

IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IPV6_DONTFRAG, PROBE = 10, 23, 62, 3


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) // 2 * 2]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def request(four, nonce, number, size):
    body = nonce + struct.pack("!I", number)
    body += bytes(max(0, size - (20 if four else 40) - 8 - len(body)))
    # Each has an identifier of its own: conntrack takes it for a flow.
    head = struct.pack("!BBH2sH", 8 if four else 128, 0, 0, nonce[number:number + 2], number)
    total = checksum(head + body) if four else 0
    return head[:2] + struct.pack("!H", total) + head[4:] + body


def main(source, destination, size):
    four = ":" not in source
    s = socket.socket(socket.AF_INET if four else socket.AF_INET6, socket.SOCK_RAW,
                      socket.IPPROTO_ICMP if four else socket.IPPROTO_ICMPV6)
    if four:
        s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PROBE)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PROBE)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
    nonce, got, end = os.urandom(8), set(), 0
    try:
        s.bind((source, 0))
    except OSError:
        print("small 0 large 0")  # the address has gone with its interface
        return
    for number in range(6):
        try:
            s.sendto(request(four, nonce, number, size if number % 2 else 0), (destination, 0))
        except OSError:
            pass  # lost
        end = time.monotonic() + (1 if number == 5 else 0.05)
        while len(got) < 6 and time.monotonic() < end:
            s.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data = s.recv(4096)
            except OSError:
                continue
            at = (data[0] & 15) * 4 if four else 0
            if data[at] == (0 if four else 129) and data[at + 8:at + 16] == nonce:
                got.add(struct.unpack("!I", data[at + 16:at + 20])[0])
    print("small", len([n for n in got if n % 2 == 0]), "large", len([n for n in got if n % 2]))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
