/* SPDX-License-Identifier: BSD-2-Clause */
#include "adjout_lag.h"

#include <string.h>

#include "rib_verdict.h"
#include "util.h"

#define OWN_BYTES (32 * 1024) /* encoded at a time for a lagging member */

unsigned lag_quantum = 4096;
enum restart_over lag_over;

static void attach(struct adjout_member *m)
{
	struct group *g = m->group;

	group_close_pack(g);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		bits_free(&m->pending[f]);
		bits_free(&m->had[f]);
	}
	wr_free(&m->own); /* all of it was sent */
	m->lagging = m->counting = false;
	g->attached++;
	adjout_log_enter(&g->log, &m->at);
}

/*
 * True when the member was told of the network's path. `had` began as a copy of what the group had
 * announced, and that includes paths that the member itself had sent us, of which it is not told.
 * Such bits are put right one by one, so that nobody has to go through the table: lag_want() clears
 * the bit when the network becomes pending, which is before the group announces another path of it.
 * Until then sent_peer still says from whom the announced path is. In the same way the member's own
 * paths are counted when their network becomes pending, or when the member comes to it (`ahead`).
 */
static bool had_net(const struct adjout_member *m, const struct rib_table *t, uint32_t id)
{
	return bits_has(&m->had[t->family], id) &&
	       (bits_has(&m->pending[t->family], id) || net_at(t, id)->sent_peer != m->id);
}

/* Counts the network if it is the member's own. */
static void count_own(struct adjout_member *m, const struct rib_table *t, uint32_t id)
{
	const struct group *g = m->group;
	enum bgp_family f = t->family;

	if (net_at(t, id)->sent_peer != m->id)
		return;
	m->own_paths[f] += bits_has(&g->announced[f], id);
	for (unsigned i = 0; i < ADJOUT_WITHHELD; i++)
		m->own_withheld[f][i] += bits_has(&g->withheld[f][i].nets, id);
}

void lag_want(struct adjout_member *m, const struct rib_table *t, uint32_t id)
{
	if (!had_net(m, t, id))
		bits_clear(&m->had[t->family], id);
	if (!member_counts(m, t->family, id))
		count_own(m, t, id);
	bits_set(&m->pending[t->family], id);
}

static void unread_prefix(void *arg, const struct prefix *p)
{
	struct adjout_member *m = arg;
	struct rib_table *t = group_table(m->group, p->family == AF_INET ? BGP_IPV4 : BGP_IPV6);
	uint32_t id = net_get(t, p); /* it may be gone: then made again, until this one knows */

	bits_set(&m->pending[t->family], id);
	bits_set(&m->had[t->family], id);
}

static size_t message_len(const uint8_t *message)
{
	size_t len = (size_t)message[16] << 8 | message[17];

	ensure(len >= BGP_HEADER_BYTES);
	return len;
}

/* The rest of a message that was begun goes to the member's own bytes. */
static void finish_message(struct adjout_member *m)
{
	const struct chunk *c = m->at.chunk;
	uint32_t start = 0;

	while (start < m->at.off)
		start += (uint32_t)message_len(c->data + start);
	if (start == m->at.off)
		return;
	wr_bytes(&m->own, c->data + m->at.off, start - m->at.off);
	adjout_log_advance(&m->group->log, &m->at, m->id, start - m->at.off);
}

void lag_begin(struct adjout_member *m)
{
	struct group *g = m->group;
	struct iovec iov[16];
	int n;

	if (m->lagging)
		return;
	group_close_pack(g);
	finish_message(m);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		bits_copy(&m->had[f], &g->announced[f]);
		m->cursor[f] = 0;
	}
	while ((n = adjout_log_peek(&m->at, m->id, iov, 16)) > 0)
		for (int i = 0; i < n; i++) {
			const uint8_t *at = iov[i].iov_base, *end = at + iov[i].iov_len;

			for (; at < end; at += message_len(at))
				pack_read(at, message_len(at), unread_prefix, m);
			adjout_log_advance(&g->log, &m->at, m->id, iov[i].iov_len);
		}
	adjout_log_leave(&g->log, &m->at);
	m->lagging = true;
	g->attached--;
}

void lag_want_all(struct adjout_member *m, enum bgp_family f)
{
	m->ahead[f] = (struct stretch){1, group_table(m->group, f)->nets.high};
	m->cursor[f] = 0;
}

void lag_count_anew(struct adjout_member *m)
{
	m->counting = true;
	memset(m->own_paths, 0, sizeof(m->own_paths));
	memset(m->own_withheld, 0, sizeof(m->own_withheld));
	for (int f = 0; f < BGP_FAMILIES; f++) { /* what has its bit already */
		const struct rib_table *t = group_table(m->group, f);
		const struct bits *pending = &m->pending[f];

		for (uint32_t id = bits_next(pending, 0); id; id = bits_next(pending, id + 1))
			if (id < t->nets.high && (net_at(t, id)->flags & NET_USED))
				count_own(m, t, id);
	}
}

void lag_refresh(struct adjout_member *m, enum bgp_family f)
{
	m->refresh[f] = false;
	lag_begin(m);
	lag_want_all(m, f);
}

/* Some member was sent it and has still to be told that it has no paths. */
static bool is_needed(const struct rib_table *t, uint32_t id)
{
	struct group *g;
	struct adjout_member *m;

	TAILQ_FOREACH (g, &groups, link) {
		if (g->attached == g->members || !group_sends(g, t))
			continue;
		TAILQ_FOREACH (m, &g->list, link) {
			if (had_net(m, t, id) && (bits_has(&m->pending[t->family], id) ||
						  member_is_before(m, t->family, id)))
				return true;
		}
	}
	return false;
}

void adjout_release_net(struct rib_table *t, uint32_t id)
{
	struct net *net = net_at(t, id);
	struct prefix p;

	if (net->paths || net->hops || (net->flags & NET_DIRTY) || is_needed(t, id))
		return; /* with next hops: of an earlier bgpd, decided when restart.h lets it */
	if (net->flags & NET_VERDICT) {
		p = net_prefix(t, net);
		rib_verdicts_forget(&p);
	}
	net_free(t, id);
}

void lag_release_nets(struct adjout_member *m)
{
	for (int f = 0; f < BGP_FAMILIES; f++) {
		struct rib_table *t = group_table(m->group, f);
		struct bits pending = m->pending[f]; /* what has no paths any more has its bit */

		m->pending[f] = (struct bits){0};
		m->ahead[f] = (struct stretch){0};
		for (uint32_t id = bits_next(&pending, 0); id; id = bits_next(&pending, id + 1))
			if (id < t->nets.high && bits_has(&m->had[f], id) &&
			    (net_at(t, id)->flags & NET_USED))
				adjout_release_net(t, id);
		bits_free(&pending);
		bits_free(&m->had[f]);
	}
}

/* One network for a lagging member. */
static void encode_one(struct adjout_member *m, struct pack *k, struct rib_table *t, uint32_t id)
{
	struct group *g = m->group;
	struct net *net = net_at(t, id);
	uint32_t path = net->flags & NET_BEST ? net->paths : 0;
	enum reason why = REASON_NONE;
	struct attr *attr = path ? group_export(g, t, net, path, &why) : NULL;
	bool had = had_net(m, t, id);
	struct prefix p = net_prefix(t, net);

	group_withhold(g, t, id, why, net->sent_peer, net->sent_peer);
	bits_clear(&m->pending[t->family], id);
	if (attr && !bits_has(&g->announced[t->family], id))
		group_announce(g, t, id, true, PEER_LOCAL, net->sent_peer);
	if (attr && path_at(path)->peer == m->id) {
		attr_unref(attr);
		attr = NULL;
	}
	if (attr || had) {
		if (!pack_fits(k, attr, t->af, p.len, 0, 0)) {
			if (!pack_empty(k))
				pack_write(k, wr_room(&m->own, pack_bytes(k)));
			pack_begin(k, attr, t->af, 0, 0, g->key.four_octet);
		}
		pack_put(k, &p);
	}
	if (attr)
		bits_set(&m->had[t->family], id);
	else
		bits_clear(&m->had[t->family], id);
	attr_unref(attr);
	if (!net->paths)
		adjout_release_net(t, id);
}

/* The next network to look at: from the last one on, and then from the start; 0: none is left. */
static uint32_t next_net(struct adjout_member *m, const struct rib_table *t)
{
	struct stretch *ahead = &m->ahead[t->family];
	uint32_t id = bits_next(&m->pending[t->family], m->cursor[t->family]);

	if (ahead->from < ahead->end && (!id || ahead->from <= id)) {
		id = ahead->from;
		if ((net_at(t, id)->flags & NET_USED) && !member_counts(m, t->family, id))
			count_own(m, t, id);
		ahead->from++;
	} else if (!id) {
		id = bits_next(&m->pending[t->family], 0);
	}
	return m->cursor[t->family] = id; /* which is done with */
}

void lag_encode(struct adjout_member *m)
{
	struct pack k = {0};
	unsigned n = lag_quantum;
	uint32_t id;

	for (int f = 0; f < BGP_FAMILIES; f++) {
		struct rib_table *t = group_table(m->group, f);

		for (; n > 0 && m->own.len < OWN_BYTES && (id = next_net(m, t)); n--) {
			if (id < t->nets.high && (net_at(t, id)->flags & NET_USED))
				encode_one(m, &k, t, id);
			else
				bits_clear(&m->pending[f], id);
		}
	}
	if (!pack_empty(&k))
		pack_write(&k, wr_room(&m->own, pack_bytes(&k)));
	pack_free(&k);
}

static bool may_have_eor(const struct adjout_member *m)
{
	return lag_over == OVER_FOR_ALL ||
	       (lag_over == OVER_FOR_RESTARTING && m->peer->gr_restarting);
}

void lag_end_of_rib(struct adjout_member *m)
{
	if (m->owes_eor && may_have_eor(m))
		lag_begin(m); /* behind all that it was told */
}

void lag_caught_up(struct adjout_member *m)
{
	if (m->owes_eor && may_have_eor(m)) {
		m->owes_eor = false;
		for (int f = 0; f < BGP_FAMILIES; f++)
			if (m->group->key.family[f])
				pack_end_of_rib(&m->own, f);
		return;
	}
	attach(m);
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (m->refresh[f])
			lag_refresh(m, f);
}
