/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_watch: far ends of a device that takes long to read. WireGuard says what it received from
 * one peer only together with all AllowedIPs of all of them, so such a device is polled rarely, and
 * its polls would find a dead tunnel late.
 *
 * Probes are ICMP echo requests there. Most far ends answer them: while the answers come the tunnel
 * is alive and nothing need be read. When they stay out the device is read at once, beside the loop
 * (wg_reader.c), and again when the probe's timeout is over: if WireGuard received nothing in
 * between the tunnel is down. Who never answered is left to the polls and to ordinary probes; so is
 * who answers no more while bytes come in, until the next answer: not at the first time, as some
 * requests may have been lost, but after three in a row.
 *
 * The same readings decide for echo, BFD and ICMP errors, which have answers of their own.
 */
#ifndef WGBGP_PEER_WATCH_H
#define WGBGP_PEER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "silence.h"

struct device;
struct icmp_answer;
struct peer;

struct peer_watch {
	bool answers;	    /* it did, last */
	uint16_t seq;	    /* of the next request */
	uint64_t sent;	    /* ms: the last one; 0: none */
	unsigned row;	    /* without an answer, since: */
	uint64_t row_since; /* ms: the first of them was sent; 0: none */
	unsigned alarms;    /* false ones since the last answer: bytes came in */
	struct silence silence;
};

void device_watch(struct device *dev); /* from now on, as long as it takes long to read */
bool device_is_watched(const struct device *dev); /* a silence waits for what readings say */
void device_watch_stop(struct device *dev);	  /* it cannot be used any more */
void peer_watch_answer(struct peer *p, const struct icmp_answer *a);

#endif
