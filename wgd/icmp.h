/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp: ICMP echo requests through one interface, and the answers to them.
 *
 * Raw sockets, bound to the interface: nothing else sees or sends by them. What we send carries a
 * number of the receiver's and a secret of this process, so that nobody who does not see the
 * requests can answer them. Packets are never fragmented.
 */
#ifndef WGBGP_ICMP_H
#define WGBGP_ICMP_H

#include <stdbool.h>

#include "loop.h"
#include "prefix.h"

#define ICMP_COOKIE_BYTES 8

struct icmp_answer {
	struct addr from;
	uint32_t id; /* as given to icmp_send() */
	uint16_t seq;
	uint64_t at; /* us, monotonic: when the kernel got it */
};

typedef void (*icmp_fn)(void *arg, const struct icmp_answer *a);

struct icmp {
	int fd4, fd6; /* -1 while not open */
	struct watch watch4, watch6;
	uint16_t ident;
	uint8_t cookie[ICMP_COOKIE_BYTES];
	icmp_fn fn;
	void *arg;
};

/* A raw socket that hears messages of TYPES only, N of them, by every interface; -errno. The other
 * one stops the watch, too, and leaves -1. */
int icmp_socket(int family, const uint8_t *types, size_t n);
void icmp_socket_close(int *fd, struct watch *w);

void icmp_init(struct icmp *i, icmp_fn fn, void *arg);
void icmp_close(struct icmp *i); /* also when the interface changed */
/* SIZE: of the packet with its IP header; less than it takes: as small as it gets. 0 or -errno;
 * -EMSGSIZE: more than the interface takes. */
int icmp_send(struct icmp *i, const char *ifname, const struct addr *to, uint32_t id, uint16_t seq,
	      unsigned size);
/* Takes the answers that wait in the sockets now. */
void icmp_drain(struct icmp *i);

/* Decodes what the kernel gives: an IPv4 packet, or an ICMPv6 message. False: not an answer to us.
 * FROM and AT are left alone. */
bool icmp_parse(const struct icmp *i, int family, const uint8_t *data, size_t len,
		struct icmp_answer *a);

#endif
