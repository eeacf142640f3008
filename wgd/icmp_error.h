/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp_error: ICMP errors that this machine gets about UDP datagrams which did not arrive.
 */
#ifndef WGBGP_ICMP_ERROR_H
#define WGBGP_ICMP_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefix.h"

struct icmp_error {
	uint8_t type, code;
	struct endpoint from, to; /* of the datagram */
};

typedef void (*icmp_error_fn)(const struct icmp_error *m);

void icmp_errors_open(icmp_error_fn fn);
void icmp_errors_close(void);

/* Decodes what a raw socket gives: an IPv4 packet, or an ICMPv6 message. False: no error, or not
 * about a UDP datagram, or one that says nothing about the way (too large). */
bool icmp_error_parse(int family, const uint8_t *data, size_t len, struct icmp_error *out);

/* What it says of the way: "port-unreachable", "prohibited", "no-route", "host-unreachable", or
 * "other". */
const char *icmp_error_name(const struct icmp_error *m);

#endif
