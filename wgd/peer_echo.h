/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_echo: echo requests to a peer, one each interval, and what follows from the answers: its
 * evidence (liveness.h), its quality and what that costs.
 *
 * A peer has one of these while its configuration says `echo on`. While the tunnel is down a
 * request a second has to do.
 */
#ifndef WGBGP_PEER_ECHO_H
#define WGBGP_PEER_ECHO_H

#include <jansson.h>

#include "echo.h"
#include "icmp.h"
#include "loop.h"
#include "quality.h"
#include "silence.h"

struct peer;

struct peer_echo {
	struct echo echo;
	struct quality quality;
	struct timer tick;
	struct timer check;	/* of the answer that would be the last one of a row */
	struct addr to;		/* the peer's first tunnel address */
	struct silence silence; /* since the present row of unanswered ones is suspicious */
	bool too_large;		/* said that the large ones do not fit the interface */
};

void peer_echo_configure(struct peer *p); /* its configuration is another one, or none */
void peer_echo_stop(struct peer *p);
void peer_echo_show(const struct peer *p, json_t *row); /* null where nothing is measured */
void peer_echo_answer(struct peer *p, const struct icmp_answer *a); /* of one that has it */

#endif
