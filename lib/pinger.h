/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pinger: numbered ICMP echo requests to one address, along whatever route the kernel takes, the
 * answers to them, and for who wants them the errors. When they are sent and what their loss means
 * is the caller's.
 *
 * What a host behind this machine would see is asked by pinger_open_passed(): the rules for packets
 * of this machine itself do not meet such requests and answers.
 */
#ifndef WGBGP_PINGER_H
#define WGBGP_PINGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "loop.h"
#include "prefix.h"

/* An ICMP error about a request of ours. */
struct pinger_error {
	uint32_t number;    /* of the request, its low 16 bits */
	struct addr from;   /* who says so */
	uint8_t type, code; /* of ICMP, or ICMPv6 */
	uint32_t mtu;	    /* what fits, where the request was too large; else 0 */
};

typedef void (*pinger_error_fn)(void *arg, const struct pinger_error *e);

struct pinger {
	int fd;			    /* what is read; -1: it is closed */
	int out;		    /* what is sent by: the same, or one of its own */
	struct sockaddr_storage to; /* not connected: the source is to follow the route */
	socklen_t to_len;
	uint8_t family;
	bool packets;	      /* fd sees whole packets of all interfaces */
	unsigned tunnel;      /* index of the interface that they are written to; 0: as usual */
	struct addr from;     /* of these */
	unsigned hops;	      /* of these; 0: as the system has it */
	unsigned answered_by; /* index of the interface that the last answer came in by, or 0 */
	uint64_t nonce;
	unsigned size; /* bytes of a request with its IP header; less than it takes: as few */
	struct watch watch;
	void (*answered)(void *arg, uint32_t number); /* perhaps more than once */
	pinger_error_fn failed;			      /* or NULL */
	void *arg;
};

/* FROM: the source; NULL, or family 0: the route's. 0 or -errno. */
int pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		void (*answered)(void *arg, uint32_t number), void *arg);
/* The same of packets that this machine passes on for somebody else: answers and errors are seen as
 * they come in, whoever they are for. TUNNEL: index of an interface without link-layer addresses;
 * requests are written to it as it would get them from FROM, whoever that is. 0: they are sent as
 * usual, and FROM is an address of this machine. */
int pinger_open_passed(struct pinger *p, unsigned tunnel, const struct addr *to,
		       const struct addr *from, void (*answered)(void *arg, uint32_t number),
		       void *arg);
/* How requests are from now on: of SIZE bytes with their IP header, or as many as a packet may have
 * (p->size says it), never fragmented (0: as small as they get); lost after HOPS routers (0: as the
 * system has it). Errors are told. 0 or -errno. */
int pinger_tune(struct pinger *p, unsigned size, unsigned hops, pinger_error_fn failed);
/* 0, or -errno; what cannot be sent is not answered. */
int pinger_send(struct pinger *p, uint32_t number);
void pinger_close(struct pinger *p);

#endif
