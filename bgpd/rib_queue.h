/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_queue: the networks that wait to be decided.
 *
 * Each source of news, a neighbour by its number or ourselves (PEER_LOCAL), has a queue of its own,
 * in order of arrival: neighbours in it share attributes and pack into one UPDATE without a search.
 * Sources take turns of at most RIB_QUEUE_TURN networks, so that one that changes a hundred
 * thousand networks delays nobody else's single one by more than that.
 *
 * A network waits once, in the queue of whoever changed it first, and what it has when its turn
 * comes is decided: the newest wins.
 */
#ifndef WGBGP_BGPD_RIB_QUEUE_H
#define WGBGP_BGPD_RIB_QUEUE_H

#include "rib_table.h"

#define RIB_QUEUE_TURN 96

struct queued {
	struct rib_table *table;
	uint32_t net;
	uint16_t source;
};

/* Nothing where it waits already. */
void net_mark(struct rib_table *t, uint32_t id, uint16_t source);
bool net_take(struct queued *q); /* the next one; false: none waits */
/* The next one of a source that needs no more than one turn for all that waits of it. */
bool net_take_of_few(struct queued *q);
/* What waits now is owed, until it was taken: news that never ends puts that off by no more than
 * its turns. A network that is marked again afterwards is news. */
void rib_queue_owe(void);
bool rib_queue_owes(void); /* some of it still waits */
unsigned rib_queue_length(void);
unsigned rib_queue_sources(void);	   /* whose queue is not empty */
unsigned rib_queue_share(uint16_t source); /* how many of them wait in its queue */
void rib_queue_free(void);

#endif
