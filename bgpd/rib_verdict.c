/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_verdict: refusals of zebra-lite and wgd, by prefix and next hop. They are few; a network that
 * has any carries NET_VERDICT, so that the others never look here.
 */
#include <stdlib.h>
#include <sys/queue.h>

#include "hash.h"
#include "rib_verdict.h"
#include "log.h"
#include "rib_queue.h"
#include "rib_work.h"
#include "util.h"

struct refusal {
	struct hash_node node;
	TAILQ_ENTRY(refusal) link;
	struct prefix prefix;
	struct addr nexthop; /* family 0: any */
	uint8_t reason;	     /* enum reason */
	uint32_t channel;    /* number of the one that said it */
};

static struct hash_table verdicts; /* by prefix */
static TAILQ_HEAD(, refusal) all = TAILQ_HEAD_INITIALIZER(all); /* oldest first */
static uint32_t channel; /* the present one: what others said holds no more */

static uint32_t hash_of(const struct prefix *p)
{
	return hash_bytes(p, sizeof(*p));
}

static struct refusal *next_of(struct hash_node *n, const struct prefix *p)
{
	for (; n; n = hash_find_next(n)) {
		struct refusal *v = container_of(n, struct refusal, node);

		if (v->channel == channel && prefix_eq(&v->prefix, p))
			return v;
	}
	return NULL;
}

static void drop(struct refusal *v)
{
	hash_remove(&verdicts, &v->node);
	TAILQ_REMOVE(&all, v, link);
	free(v);
}

/* Removes those of P that NEXTHOP (family 0: all) covers. */
static void clear(const struct prefix *p, const struct addr *nexthop)
{
	struct refusal *v = next_of(hash_find(&verdicts, hash_of(p)), p), *next;

	for (; v; v = next) {
		next = next_of(hash_find_next(&v->node), p);
		if (!nexthop->family || addr_eq(&v->nexthop, nexthop))
			drop(v);
	}
}

enum reason rib_verdict(const struct rib_table *t, const struct net *n, const struct addr *nexthop)
{
	struct prefix p;
	struct refusal *v;

	if (!(n->flags & NET_VERDICT))
		return REASON_NONE;
	p = net_prefix(t, n);
	for (v = next_of(hash_find(&verdicts, hash_of(&p)), &p); v;
	     v = next_of(hash_find_next(&v->node), &p))
		if (!v->nexthop.family || addr_eq(&v->nexthop, nexthop))
			return v->reason;
	return REASON_NONE;
}

static void heard(const struct prefix *p, const struct msg_verdicts *m)
{
	struct rib_table *t = rib_table_for(p);
	uint32_t id = net_find(t, p);
	struct net *net;

	if (!id)
		return; /* nobody announces it any more */
	net = net_at(t, id);
	clear(p, &m->nexthop);
	if (m->verdict == VERDICT_REFUSED) {
		struct refusal *v = xcalloc(1, sizeof(*v));

		v->prefix = *p;
		v->nexthop = m->nexthop;
		v->reason = m->reason;
		v->channel = channel;
		TAILQ_INSERT_TAIL(&all, v, link);
		hash_insert(&verdicts, &v->node, hash_of(p));
		net->flags |= NET_VERDICT;
	} else if (!next_of(hash_find(&verdicts, hash_of(p)), p)) {
		net->flags &= ~NET_VERDICT;
	}
	net_mark(t, id, PEER_LOCAL);
}

void rib_verdicts_heard(const struct msg_verdicts *m)
{
	for (uint32_t i = 0; i < m->n_prefixes; i++)
		heard(&m->prefixes[i], m);
	if (m->n_prefixes)
		log_info("verdict", "verdict=%s next-hop=%s reason=%s prefixes=%u first=%s",
			 m->verdict == VERDICT_REFUSED ? "refused" : "cleared",
			 m->nexthop.family ? ADDR_STR(&m->nexthop) : "any", reason_name(m->reason),
			 m->n_prefixes, PREFIX_STR(&m->prefixes[0]));
	rib_work();
}

void rib_verdicts_restart(void)
{
	channel++;
}

bool rib_verdicts_are_old(void)
{
	return !TAILQ_EMPTY(&all) && TAILQ_FIRST(&all)->channel != channel;
}

bool rib_verdicts_forget_some(unsigned n)
{
	for (; n > 0 && rib_verdicts_are_old(); n--) {
		struct prefix p = TAILQ_FIRST(&all)->prefix;
		struct rib_table *t = rib_table_for(&p);
		uint32_t id = net_find(t, &p);

		drop(TAILQ_FIRST(&all));
		if (!id)
			continue;
		if (!next_of(hash_find(&verdicts, hash_of(&p)), &p))
			net_at(t, id)->flags &= ~NET_VERDICT;
		net_mark(t, id, PEER_LOCAL);
	}
	return rib_verdicts_are_old();
}

void rib_verdicts_forget(const struct prefix *p)
{
	clear(p, &(struct addr){0});
}

void rib_verdicts_free(void)
{
	while (!TAILQ_EMPTY(&all))
		drop(TAILQ_FIRST(&all));
	hash_clear(&verdicts);
}
