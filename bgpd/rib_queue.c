/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_queue.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "util.h"

struct piece {
	struct piece *next;
	uint32_t from, end; /* entries that wait */
	uint32_t net[RIB_QUEUE_TURN];
	uint8_t table[RIB_QUEUE_TURN]; /* of rib_tables */
};
static_assert(PLANES_MAX * BGP_FAMILIES <= UINT8_MAX, "a table has a number of one byte");

/* Of one source: pieces, all but the last one filled to the end. */
struct queue {
	TAILQ_ENTRY(queue) link; /* while something waits */
	struct piece *first, *last;
	unsigned count, owed; /* owed: the first ones, which rib_queue_owe() found */
};

static struct queue queues[UINT16_MAX + 1];
static TAILQ_HEAD(, queue) turns = TAILQ_HEAD_INITIALIZER(turns);
static unsigned length, owed, sources; /* of all queues; queues that are not empty */

static struct piece *room(struct queue *q)
{
	struct piece *p = q->last;

	if (p && p->end < RIB_QUEUE_TURN)
		return p;
	p = xmalloc(sizeof(*p));
	p->next = NULL;
	p->from = p->end = 0;
	if (q->last)
		q->last->next = p;
	else
		q->first = p;
	return q->last = p;
}

static void drop_first(struct queue *q)
{
	struct piece *p = q->first;

	q->first = p->next;
	if (!q->first)
		q->last = NULL;
	free(p);
}

void net_mark(struct rib_table *t, uint32_t id, uint16_t source)
{
	struct net *net = net_at(t, id);
	struct queue *q = &queues[source];
	struct piece *p;

	if (net->flags & NET_DIRTY)
		return;
	net->flags |= NET_DIRTY;
	p = room(q);
	p->net[p->end] = id;
	p->table[p->end++] = (uint8_t)(t - rib_tables[0]);
	length++;
	if (q->count++)
		return;
	TAILQ_INSERT_TAIL(&turns, q, link);
	sources++;
}

/* The end of a piece is the end of a turn. */
static void end_turn(struct queue *q)
{
	drop_first(q);
	TAILQ_REMOVE(&turns, q, link);
	if (q->count)
		TAILQ_INSERT_TAIL(&turns, q, link);
	else
		sources--;
}

static void take_of(struct queue *q, struct queued *out)
{
	struct piece *p = q->first;
	unsigned t;

	t = p->table[p->from];
	*out = (struct queued){
		.table = &rib_tables[t / BGP_FAMILIES][t % BGP_FAMILIES],
		.net = p->net[p->from],
		.source = (uint16_t)(q - queues),
	};
	net_at(out->table, out->net)->flags &= ~NET_DIRTY;
	length--;
	q->count--;
	if (q->owed) {
		q->owed--;
		owed--;
	}
	if (++p->from == p->end)
		end_turn(q);
}

bool net_take(struct queued *out)
{
	struct queue *q = TAILQ_FIRST(&turns);

	if (q)
		take_of(q, out);
	return q;
}

bool net_take_of_few(struct queued *out)
{
	struct queue *q;

	TAILQ_FOREACH (q, &turns, link) {
		if (q->count <= RIB_QUEUE_TURN) {
			take_of(q, out);
			return true;
		}
	}
	return false;
}

void rib_queue_owe(void)
{
	struct queue *q;

	TAILQ_FOREACH (q, &turns, link) {
		q->owed = q->count;
	}
	owed = length;
}

bool rib_queue_owes(void)
{
	return owed > 0;
}

unsigned rib_queue_length(void)
{
	return length;
}

unsigned rib_queue_sources(void)
{
	return sources;
}

unsigned rib_queue_share(uint16_t source)
{
	return queues[source].count;
}

void rib_queue_free(void)
{
	struct queue *q;

	while ((q = TAILQ_FIRST(&turns))) {
		TAILQ_REMOVE(&turns, q, link);
		while (q->first)
			drop_first(q);
		q->count = q->owed = 0;
	}
	length = owed = sources = 0;
}
