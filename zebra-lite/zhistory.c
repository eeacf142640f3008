/* SPDX-License-Identifier: BSD-2-Clause */
#include "zhistory.h"

#include "history.h"
#include "nhobj.h"

static void note_entry(const struct msg_allowed *m, const struct allowed_change *c,
		       const struct tunnel_peer *peer)
{
	history_note(
		(struct history_fact){.kind = HISTORY_ENTRY,
				      .what = c->op == ALLOWED_SET ? HISTORY_SET : HISTORY_UNSET,
				      .prefix = &c->prefix,
				      .name = peer ? peer->told_as : 0,
				      .number = m->batch});
}

void zhistory_entries(const struct msg_allowed *m)
{
	const struct tunnel_peer *peer = NULL; /* mostly that of many in a row */

	history_note((struct history_fact){
		.kind = HISTORY_BATCH, .what = HISTORY_PLANNED, .count = m->n, .number = m->batch});
	for (uint32_t i = 0; i < m->n; i++) {
		if (!peer || peer->id != m->changes[i].peer_id)
			peer = tunnel_peer_by_id(m->changes[i].peer_id);
		note_entry(m, &m->changes[i], peer);
	}
}

void zhistory_refused(const struct msg_allowed_refused *m)
{
	const struct tunnel_peer *peer = tunnel_peer_by_id(m->peer_id);

	history_note((struct history_fact){.kind = HISTORY_ENTRY,
					   .what = HISTORY_ENTRY_REFUSED,
					   .prefix = &m->prefix,
					   .name = peer ? peer->told_as : 0,
					   .reason = (uint8_t)m->reason});
}

/* Of the tunnel that it leaves by: the peer, or where that needs no entry the interface. */
static uint16_t name_of(const struct fib *f)
{
	uint32_t oif = f ? fib_oif(f) : 0;
	const struct tunnel_peer *peer = fib_owner_on(f, oif);
	const struct tunnel_if *iface = peer || !oif ? NULL : tunnel_if_by_index(oif);

	return peer ? peer->told_as : iface ? iface->told_as : 0;
}

void zhistory_route(enum route_op op, const struct rib_node *n, const struct fib *f,
		    const struct addr *hop, int err)
{
	static const uint8_t whats[] = {[ROUTE_ADD] = HISTORY_ADD,
					[ROUTE_CHANGE] = HISTORY_CHANGE,
					[ROUTE_DEL] = HISTORY_DELETE};
	struct prefix prefix = rib_prefix(n);

	history_note((struct history_fact){.kind = HISTORY_ROUTE,
					   .what = err ? HISTORY_ROUTE_REFUSED : whats[op],
					   .prefix = &prefix,
					   .addr = hop,
					   .name = name_of(f),
					   .count = (uint32_t)-err,
					   .number = f && f->nh ? f->nh->id : 0});
}

void zhistory_moved(uint32_t object, const struct tunnel_peer *peer, const struct addr *hop)
{
	history_note((struct history_fact){.kind = HISTORY_ROUTE,
					   .what = HISTORY_MOVE,
					   .addr = hop,
					   .name = peer ? peer->told_as : 0,
					   .number = object});
}
