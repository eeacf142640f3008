/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_refused: what the kernel or wgd refused becomes a fact: a reason at the prefix (rib.h), a
 * write that is tried again later (fib_retry.h), an item that drops out of its batch.
 */
#include <errno.h>
#include <string.h>

#include "fib_internal.h"
#include "fib_retry.h"
#include "log.h"
#include "loop.h"
#include "nhobj.h"
#include "planes.h"
#include "rib.h"
#include "zhistory.h"

static struct log_bucket error_bucket;

/* --- routes, by the kernel --- */

/* True: it is the route's own fault and not a link's that fell. */
static bool count_refusal(const struct item *it)
{
	if (it->err == -ENETDOWN || fib_fell(it->target, now_ms())) {
		fib_counters.races++;
		return false;
	}
	fib_counters.route_errors++;
	fib_counters.route_errors_ms = now_ms();
	return true;
}

/* The hop is out for this prefix until the retry, or until the foreign route that is in the way is
 * gone. */
void fib_route_refused(struct item *it)
{
	struct rib_node *n = it->node;
	const struct addr *hop = it->hop.family ? &it->hop : NULL;
	bool news = fib_retry_failed(n, it->target, &it->hop, it->err);

	zhistory_route(it->write, n, it->target, &it->hop, it->err);
	if (count_refusal(it) && news)
		log_limited(&error_bucket, LOG_LEVEL_WARN, "route-refused",
			    "prefix=%s operation=%s error=\"%s\"", PREFIX_STR(RIB_PREFIX(n)),
			    it->removed ? "delete" : "set", strerror(-it->err));
	if (it->err == -EINVAL && it->target && it->target->nh) {
		nhobj_refused(it->target->nh);
	} else if (it->err == -EEXIST) {
		rib_refuse(n, NULL, REASON_FOREIGN_ROUTE);
		out.resync("a route of somebody else is in the way");
	} else {
		rib_refuse(n, hop, REASON_KERNEL_ERROR);
	}
}

/* --- entries, by wgd --- */

static void refuse_hops(struct rib_node *n, const struct hopset *s, const struct tunnel_peer *peer,
			enum reason reason)
{
	for (unsigned i = 0; s && i < s->n; i++)
		if (s->ref[i].nh->peer == peer)
			rib_refuse_entry(n, &s->ref[i].nh->addr, peer, reason);
}

/* By bgpd's list and by static routes. */
static void refuse_peer(struct rib_node *n, const struct tunnel_peer *peer, enum reason reason)
{
	fib_counters.refused++;
	refuse_hops(n, rib_hops(n), peer, reason);
	for (const struct rib_cand *c = rib_others(n); c; c = c->next)
		refuse_hops(n, c->hops, peer, reason);
}

/* It is none of those under way, either, and was not handed over. */
static void lose_under_way(struct rib_node *n, const struct tunnel_peer *peer,
			   struct fib_entries *to)
{
	struct item *it = n->flags & NODE_IN_BATCH ? fib_item(n) : NULL;

	for (unsigned i = 0; it && it->target && i < it->target->n; i++)
		if (it->target->owner[i].peer == peer)
			it->bad |= 1u << i;
	if (it)
		fib_give_refused(it, peer, to);
}

static void lose_booked(struct rib_node *n, const struct tunnel_peer *peer)
{
	struct fib_plan plan = {0};
	const struct fib *f = rib_installed(n);

	if (fib_owner_on(f, peer->iface->ifindex) != peer)
		return;
	fib_plan_but(&plan, f, peer->iface->ifindex);
	fib_set_installed(n, fib_get(&plan));
	fib_dirty(n, true);
}

/* wgd names no plane: all that have the prefix. */
void fib_entry_refused(const struct msg_allowed_refused *m, struct fib_entries *to)
{
	struct tunnel_peer *peer = tunnel_peer_by_id(m->peer_id);

	zhistory_refused(m);
	for (unsigned i = 0; peer && i < PLANES_MAX; i++) {
		struct rib_node *n = fib_node_in(&m->prefix, i);

		if (!n)
			continue;
		lose_under_way(n, peer, to);
		lose_booked(n, peer);
		refuse_peer(n, peer, m->reason ? m->reason : REASON_WG_ERROR);
	}
}

void fib_entry_free(const struct msg_allowed_refused *m)
{
	const struct tunnel_peer *peer = tunnel_peer_by_id(m->peer_id);

	for (unsigned i = 0; peer && i < PLANES_MAX; i++) {
		struct rib_node *n = fib_node_in(&m->prefix, i);

		if (n)
			rib_clear_entries(n, peer);
	}
}
