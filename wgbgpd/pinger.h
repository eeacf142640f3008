/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pinger: numbered ICMP echo requests to one address, along whatever route the kernel takes, and
 * the answers to them. When they are sent and what their loss means is the caller's.
 */
#ifndef WGBGP_PINGER_H
#define WGBGP_PINGER_H

#include <stdint.h>
#include <sys/socket.h>

#include "loop.h"
#include "prefix.h"

struct pinger {
	int fd;			    /* -1: it is closed */
	struct sockaddr_storage to; /* not connected: the source is to follow the route */
	socklen_t to_len;
	uint8_t family;
	uint64_t nonce;
	struct watch watch;
	void (*answered)(void *arg, uint32_t number); /* perhaps more than once */
	void *arg;
};

/* FROM: the source; NULL, or family 0: the route's. 0 or -errno. */
int pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		void (*answered)(void *arg, uint32_t number), void *arg);
void pinger_send(struct pinger *p, uint32_t number); /* what cannot be sent is not answered */
void pinger_close(struct pinger *p);

#endif
