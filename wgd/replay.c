/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay.h"

#include <stdlib.h>

#include "allowedips_refused.h"
#include "loop.h"
#include "report.h"
#include "roster.h"
#include "util.h"

#define PEERS_A_TURN 64
#define RETRIES_A_TURN 1024
#define HELD_MAX 4096		     /* entries a message, of which each turn sends one */
#define LOOKED_AT_MAX (2 * HELD_MAX) /* to find them */

static struct job job;
static bool under_way;	 /* until the end mark is sent */
static uint32_t told_to; /* number of the last peer that had its turn; 0: none */

/* P and those behind it. True when that is all. */
static bool tell_peers(struct peer *p, unsigned *told)
{
	for (; p; p = TAILQ_NEXT(p, link)) {
		if (!p->announced) {
			if (*told == PEERS_A_TURN || report_full())
				return false;
			report_peer(p);
			*told += p->announced;
		}
		told_to = p->owner.id;
	}
	return true;
}

/* Interfaces, and peers that can be told of, from where it was; from the start where that peer is
 * gone. True when that is all. */
static bool tell_tunnels(void)
{
	struct peer *last = peer_by_id(told_to);
	struct device *dev = last ? last->dev : TAILQ_FIRST(&devices);
	unsigned told = 0;

	for (; dev; dev = TAILQ_NEXT(dev, link), last = NULL) {
		if (!dev->life.announced)
			report_if(dev);
		if (!tell_peers(last ? TAILQ_NEXT(last, link) : TAILQ_FIRST(&dev->peers), &told))
			return false;
	}
	return true;
}

/* Learned entries of DEV into M. True when it has no more. */
static bool collect_of(struct device *dev, struct msg_allowed *m, unsigned *left)
{
	const struct trie *t = &dev->allowed.ours;
	struct trie_node *node = dev->held_said ? NULL : allowedips_behind(t, &dev->held_at);

	for (; node && m->n < HELD_MAX && *left; node = trie_next(t, node), --*left) {
		const struct allowed_entry *e = allowed_entry_of(node);

		dev->held_at = node->p;
		if (e->origin == ORIGIN_LEARNED && ((const struct peer *)e->want)->announced)
			m->changes[m->n++] =
				(struct allowed_change){ALLOWED_SET, e->want->id, node->p};
	}
	dev->held_said = !node;
	return dev->held_said;
}

static bool collect(struct msg_allowed *m)
{
	unsigned left = LOOKED_AT_MAX;
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (!collect_of(dev, m, &left))
			return false;
	return true;
}

/* True when that is all. */
static bool tell_held(void)
{
	struct msg_allowed m = {.changes = xcalloc(HELD_MAX, sizeof(*m.changes))};
	bool all = collect(&m);

	if (m.n)
		report_held(&m);
	free(m.changes);
	return all;
}

static bool tell_retries(void)
{
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (allowedips_retry_some(&dev->allowed, RETRIES_A_TURN))
			return true;
	return false;
}

static bool tell_all(void)
{
	if (!tell_tunnels())
		return true;
	if (!devices_settled())
		return false;
	if (!tell_held())
		return true;
	under_way = false;
	report_synced();
	return false;
}

/* What keeps it from going on now is waited for: replay_go_on(). */
static bool replay_some(void *arg)
{
	bool more;

	if (report_full())
		return false;
	more = under_way && tell_all();
	return tell_retries() || more;
}

void replay_go_on(void)
{
	if (!job.ready)
		job_init(&job, replay_some, NULL);
	if (replay_some(NULL))
		job_start(&job);
}

void replay_start(void)
{
	struct device *dev;
	struct peer *p;

	TAILQ_FOREACH (dev, &devices, link) {
		dev->life.announced = dev->held_said = false;
		dev->held_at.family = 0;
		TAILQ_FOREACH (p, &dev->peers, link)
			p->announced = false;
	}
	told_to = 0;
	under_way = true;
	replay_go_on();
}

void replay_cancel(void)
{
	job_stop(&job);
	under_way = false;
}
