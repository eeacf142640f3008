# SPDX-License-Identifier: BSD-2-Clause
"""WireGuard keys of tests: made from their names, so that a public key in a log of yesterday is
that of today. X25519 (RFC 7748) in the open, because two runs of wg(8) for each key cost a second
per topology on an emulated machine."""
import base64
import functools
import hashlib

P = 2**255 - 19


def _x25519_base(scalar):
    k = int.from_bytes(scalar, "little") & ~7 & ~(128 << 248) | (64 << 248)
    x1, x2, z2, x3, z3, swap = 9, 1, 0, 9, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def _private(name):
    key = bytearray(hashlib.sha256(b"wgbgp test key " + name.encode()).digest())
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)


def private_key(name):
    return base64.b64encode(_private(name)).decode()


@functools.lru_cache(None)
def public_key(name):
    return base64.b64encode(_x25519_base(_private(name))).decode()
