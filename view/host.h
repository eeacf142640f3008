/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: what the kernel says of this machine and of a packet's way: the answers to the requests
 * `host-way`, `host-source`, `host-state` and `host-interface`. wgbgpd gives them to whoever may
 * not ask the kernel (wgbgp-web); wgbgp-cli asks it itself. Needs no privilege, changes nothing,
 * and waits for nothing but the kernel.
 */
#ifndef WGBGP_VIEW_HOST_H
#define WGBGP_VIEW_HOST_H

#include <jansson.h>

/*
 * `host-way`: the way that the kernel has for packets to `destination`. They are any of this
 * machine, those of a socket that is bound to the interface `bound`, those with the firewall mark
 * `mark`, those with the address `source` of this machine, or with `in` those of `source` that came
 * in by that interface. With `icmp-error` they are what the kernel says to `destination` of a
 * packet too big, say, that came in by the interface of the address `source`; `inbound-address`:
 * whether it has that source.
 *
 * {error, local, interface, gateway, mtu, forwarding, forwards, rp-filter}: error is null or what
 * the kernel says in place of a way; forwarding: whether this machine forwards packets of that
 * family at all, forwards those that come in by `in`, rp-filter whether that of `in` drops them.
 *
 * `host-source`: where packets come from that have the source `address`: the interface in whose
 * network it is, else the way to it. {address, error, local, interface, gateway, mtu, forwards,
 * probe-from}: probe-from is our own address in that network, or null.
 *
 * `host-state`: numbers below /proc/sys as {name, value} in `knobs`, null where there is none, and
 * in `tcp-counters` how often TCP dropped segments for their signature. Nobody chooses which.
 *
 * `host-interface`: of the one named `interface`, {interface, rp-filter}; null: it is not there.
 *
 * Owned by the caller. NULL: REQUEST is none of these, and *ERROR NULL, or cannot be answered for
 * *ERROR.
 */
json_t *host_answer(const json_t *request, const char **error);

#endif
