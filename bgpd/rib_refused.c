/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_refused: a line of the log for what a neighbour announces and the ceiling of a tunnel peer
 * does not let in: it works as meant, or somebody forgot to permit it; both want to be known. A
 * thousand prefixes are one line, and a neighbour has one in a minute at most, with all since the
 * last one.
 */
#include "log.h"
#include "loop.h"
#include "peer.h"
#include "reason_counts.h"
#include "rib_refused.h"
#include "util.h"

#define GATHER_MS 1000
#define QUIET_MS 60000

static struct timer timer;
static uint64_t said_ms; /* the last time that lines were written */
static bool ready, waiting;

static void say(struct peer_rib *pr)
{
	struct refused_prefixes *r = &pr->refused;

	if (!r->n)
		return;
	log_warn("permit-refused", "neighbor=%s prefixes=%u first=%s reason=%s",
		 ADDR_STR(&pr->address), r->n, PREFIX_STR(&r->first), reason_name(r->reason));
	r->n = 0;
}

static void on_time(void *arg)
{
	waiting = false;
	said_ms = now_ms();
	rib_each_neighbor(say);
}

const enum reason rib_refusals[RIB_REFUSALS] = {
	REASON_OUTSIDE_PERMIT,	 REASON_NO_PERMIT,    REASON_COVERS_ENDPOINT,
	REASON_OWN_ADDRESS,	 REASON_STATIC_ENTRY, REASON_FOREIGN_ALLOWED_IP,
	REASON_OTHER_PLANE,	 REASON_LEAK_POLICY,  REASON_AS_LOOP,
	REASON_ORIGINATOR_LOOP,	 REASON_CLUSTER_LOOP, REASON_IMPORT_POLICY,
	REASON_NO_IMPORT_POLICY, REASON_OWN_NEXTHOP,
};

void rib_refused_count(struct peer_rib *pr, enum reason reason)
{
	reason_count(pr->refusals, rib_refusals, RIB_REFUSALS, reason);
}

void rib_refused(struct peer_rib *pr, const struct prefix *p, enum reason reason)
{
	struct refused_prefixes *r = &pr->refused;
	uint64_t now = now_ms(), wait = GATHER_MS;

	if (!r->n++) {
		r->first = *p;
		r->reason = reason;
	}
	if (waiting)
		return;
	if (now < said_ms + QUIET_MS - GATHER_MS)
		wait = said_ms + QUIET_MS - now;
	if (!ready)
		timer_init(&timer, on_time, NULL);
	ready = waiting = true;
	timer_start(&timer, wait);
}

void rib_refused_free(void)
{
	if (ready)
		timer_stop(&timer);
	waiting = false;
}
