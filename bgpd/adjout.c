/* SPDX-License-Identifier: BSD-2-Clause */
#include "adjout.h"

#include <stdlib.h>
#include <string.h>

#include "adjout_group.h"
#include "restart.h"
#include "rib_peer.h"
#include "rib_work.h"
#include "session.h"
#include "util.h"

#define STALLED_MS 50	      /* ... unless nobody of the group read for so long */
#define OWN_BYTES (32 * 1024) /* encoded at a time for a lagging member */
#define OWN_QUANTUM 4096      /* networks looked at for it at a time */

uint64_t adjout_lag_max = 1024 * 1024;

static bool opened;
static struct job kick_job;	/* members whose quantum found nothing to send */
static struct timer wait_timer; /* the queue waits: look again */

/* Bytes that were handed out are a prefix of: what is its own, then the log. */
static size_t own_left(const struct adjout_member *m)
{
	return m->own.len - m->own_sent;
}

static bool has_pending(const struct adjout_member *m)
{
	return m->lagging &&
	       (bits_next(&m->pending[BGP_IPV4], 0) || bits_next(&m->pending[BGP_IPV6], 0));
}

static void attach(struct adjout_member *m)
{
	struct group *g = m->group;

	group_close_pack(g);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		bits_free(&m->pending[f]);
		bits_free(&m->had[f]);
	}
	wr_free(&m->own); /* all of it was sent */
	m->lagging = false;
	g->attached++;
	log_enter(&g->log, &m->at);
}

/* Networks whose best path is the member's own were not sent to it. */
static void forget_own(struct adjout_member *m, enum bgp_family f)
{
	const struct rib_table *t = group_table(m->group, f);

	if (!m->own_paths[f])
		return;
	for (uint32_t id = bits_next(&m->had[f], 0); id; id = bits_next(&m->had[f], id + 1))
		if (id >= t->nets.high || net_at(t, id)->sent_peer == m->id)
			bits_clear(&m->had[f], id);
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
	log_advance(&m->group->log, &m->at, m->id, start - m->at.off);
}

/* From its position in the log to bits: of what it has not read, and (ALL) of everything. */
static void detach(struct adjout_member *m)
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
		forget_own(m, f);
		m->cursor[f] = 0;
	}
	while ((n = log_peek(&m->at, m->id, iov, 16)) > 0)
		for (int i = 0; i < n; i++) {
			const uint8_t *at = iov[i].iov_base, *end = at + iov[i].iov_len;

			for (; at < end; at += message_len(at))
				pack_read(at, message_len(at), unread_prefix, m);
			log_advance(&g->log, &m->at, m->id, iov[i].iov_len);
		}
	log_leave(&g->log, &m->at);
	m->lagging = true;
	g->attached--;
}

static void want_all(struct adjout_member *m, enum bgp_family f)
{
	const struct rib_table *t = group_table(m->group, f);

	for (uint32_t id = 1; id < t->nets.high; id++)
		if (net_at(t, id)->flags & NET_USED)
			bits_set(&m->pending[f], id);
	m->cursor[f] = 0;
}

static void wake(struct adjout_member *m)
{
	if (m->idle) {
		m->idle = false;
		session_kick(m->peer);
	}
}

static uint32_t count_own(const struct adjout_member *m, const struct rib_table *t,
			  const struct bits *nets)
{
	uint32_t n = 0;

	for (uint32_t id = bits_next(nets, 0); id; id = bits_next(nets, id + 1))
		n += net_at(t, id)->sent_peer == m->id;
	return n;
}

/* Paths of its own that the group announces to the others, or would. */
static void count_own_paths(struct adjout_member *m)
{
	const struct group *g = m->group;

	for (int f = 0; f < BGP_FAMILIES; f++) {
		const struct rib_table *t = group_table(g, f);
		bool any = m->peer->rib->received[f] > 0;

		m->own_paths[f] = any ? count_own(m, t, &g->announced[f]) : 0;
		for (unsigned i = 0; i < ADJOUT_WITHHELD; i++)
			m->own_withheld[f][i] = any ? count_own(m, t, &g->withheld[f][i].nets) : 0;
	}
}

static void enter_group(struct adjout_member *m)
{
	struct group_key key = group_key_of(m->peer);

	m->group = group_get(&key);
	m->group->members++;
	TAILQ_INSERT_TAIL(&m->group->list, m, link);
	m->lagging = true;
	count_own_paths(m);
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (key.family[f])
			want_all(m, f);
}

static void leave_group(struct adjout_member *m)
{
	struct group *g = m->group;

	if (!m->lagging) {
		g->attached--;
		log_leave(&g->log, &m->at);
	}
	TAILQ_REMOVE(&g->list, m, link);
	m->group = NULL;
	if (--g->members == 0)
		group_free(g);
}

void adjout_join(struct peer *p)
{
	struct adjout_member *m;

	if (p->out)
		adjout_leave(p);
	m = xcalloc(1, sizeof(*m));
	m->peer = p;
	m->id = p->rib->id;
	m->owes_eor = true;
	m->idle = true;
	p->out = m;
	enter_group(m);
	wake(m);
}

/* Networks that were kept for this member only may go. */
static void release_nets(struct adjout_member *m)
{
	for (int f = 0; f < BGP_FAMILIES; f++) {
		struct rib_table *t = group_table(m->group, f);
		struct bits pending = m->pending[f];

		m->pending[f] = (struct bits){0};
		for (uint32_t id = bits_next(&pending, 0); id; id = bits_next(&pending, id + 1))
			if (id < t->nets.high && bits_has(&m->had[f], id) &&
			    (net_at(t, id)->flags & NET_USED))
				rib_release_net(t, id);
		bits_free(&pending);
		bits_free(&m->had[f]);
	}
}

void adjout_leave(struct peer *p)
{
	struct adjout_member *m = p->out;

	if (!m)
		return;
	release_nets(m);
	leave_group(m);
	p->out = NULL;
	wr_free(&m->own);
	free(m);
}

void adjout_regroup(struct peer *p)
{
	struct adjout_member *m = p->out;
	struct group_key key;

	if (!m)
		return;
	key = group_key_of(p);
	if (group_key_eq(&key, &m->group->key))
		return;
	detach(m); /* what it had stays in the bits */
	leave_group(m);
	enter_group(m);
	m->lagging = true;
	wake(m);
}

static void begin_refresh(struct adjout_member *m, enum bgp_family f)
{
	m->refresh[f] = false;
	detach(m);
	want_all(m, f);
}

void adjout_refresh(struct peer *p, enum bgp_family family)
{
	struct adjout_member *m = p->out;

	if (!m || !m->group->key.family[family])
		return;
	if (m->lagging)
		m->refresh[family] = true; /* when it has caught up: then it is known what it has */
	else
		begin_refresh(m, family);
	wake(m);
}

static void put(struct group *g, struct attr *attr, const struct prefix *p, uint16_t except,
		uint16_t only)
{
	struct pack *k = &g->pack;

	if (!pack_fits(k, attr, p->family, p->len, except, only)) {
		group_close_pack(g);
		pack_begin(k, attr, p->family, except, only, g->key.four_octet);
	}
	pack_put(k, p);
}

static void tell_group(struct group *g, struct rib_table *t, uint32_t id, uint32_t path)
{
	const struct net *net = net_at(t, id);
	uint16_t from = path ? path_at(path)->peer : PEER_LOCAL, before = net->sent_peer;
	bool was = bits_has(&g->announced[t->family], id);
	enum reason why = REASON_NONE;
	struct attr *attr = path ? group_export(g, t, net, path, &why) : NULL;
	struct prefix p = net_prefix(t, net);
	struct adjout_member *m;

	group_withhold(g, t, id, why, before, from);
	if (!attr && !was)
		return;
	group_announce(g, t, id, attr != NULL, before, from);
	if (g->attached) {
		struct adjout_member *source = group_member_of(g, from);

		if (!attr) {
			put(g, NULL, &p, group_member_of(g, before) ? before : 0, 0);
		} else {
			if (was && source && before != from)
				put(g, NULL, &p, 0, from);
			put(g, attr, &p, source ? from : 0, 0);
		}
	}
	if (g->attached < g->members)
		TAILQ_FOREACH (m, &g->list, link) {
			if (m->lagging) {
				bits_set(&m->pending[t->family], id);
				g->news = true;
			}
		}
	attr_unref(attr);
}

void adjout_net(struct rib_table *t, uint32_t id, uint32_t path)
{
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		if (g->key.family[t->family] && g->key.plane == t->plane)
			tell_group(g, t, id, path);
	}
	net_at(t, id)->sent_peer = path ? path_at(path)->peer : PEER_LOCAL;
}

void adjout_renew(struct rib_table *t, uint32_t id, uint32_t path, bool state, bool cost)
{
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		if (g->key.family[t->family] &&
		    ((state && group_tells_state(g)) || (cost && group_tells_cost(g))))
			tell_group(g, t, id, path);
	}
}

bool adjout_needs_net(const struct rib_table *t, uint32_t id)
{
	struct group *g;
	struct adjout_member *m;

	TAILQ_FOREACH (g, &groups, link) {
		if (g->attached == g->members || g->key.plane != t->plane)
			continue;
		TAILQ_FOREACH (m, &g->list, link) {
			if (bits_has(&m->pending[t->family], id) &&
			    bits_has(&m->had[t->family], id))
				return true;
		}
	}
	return false;
}

/* One network for a lagging member. */
static void encode_one(struct adjout_member *m, struct pack *k, struct rib_table *t, uint32_t id)
{
	struct group *g = m->group;
	struct net *net = net_at(t, id);
	uint32_t path = net->flags & NET_BEST ? net->paths : 0;
	enum reason why = REASON_NONE;
	struct attr *attr = path ? group_export(g, t, net, path, &why) : NULL;
	bool had = bits_has(&m->had[t->family], id);
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
	else if (had)
		bits_clear(&m->had[t->family], id);
	attr_unref(attr);
	if (!net->paths)
		rib_release_net(t, id);
}

/* Fills the member's own bytes from its bits. */
static void encode_some(struct adjout_member *m)
{
	struct pack k = {0};
	unsigned n = OWN_QUANTUM;

	for (int f = 0; f < BGP_FAMILIES; f++) {
		struct rib_table *t = group_table(m->group, f);
		bool wrapped = false;

		while (n > 0 && m->own.len < OWN_BYTES) {
			uint32_t id = bits_next(&m->pending[f], m->cursor[f]);

			if (!id && (wrapped || !m->cursor[f]))
				break;
			if (!id) {
				m->cursor[f] = 0;
				wrapped = true;
				continue;
			}
			m->cursor[f] = id; /* whose bit goes */
			n--;
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

/* A lagging member that was told everything: End-of-RIB, a refresh that was asked for, or the log.
 */
static void caught_up(struct adjout_member *m)
{
	if (m->owes_eor) {
		m->owes_eor = false;
		for (int f = 0; f < BGP_FAMILIES; f++)
			if (m->group->key.family[f])
				pack_end_of_rib(&m->own, f);
		return;
	}
	attach(m);
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (m->refresh[f])
			begin_refresh(m, f);
}

int adjout_next(struct peer *p, struct iovec *iov, int max)
{
	struct adjout_member *m = p->out;
	int n = 0;

	if (!m || !opened || max < 1)
		return 0;
	m->idle = false;
	if (m->lagging && !own_left(m)) {
		wr_reset(&m->own);
		m->own_sent = 0;
		if (has_pending(m))
			encode_some(m);
		if (!m->own.len && has_pending(m)) {
			job_start(&kick_job); /* a quantum without anything to say */
			m->idle = true;
			return 0;
		}
		while (m->lagging && !own_left(m) && !has_pending(m))
			caught_up(m);
	}
	if (own_left(m))
		iov[n++] = (struct iovec){m->own.data + m->own_sent, own_left(m)};
	if (!m->lagging) {
		log_advance(&m->group->log, &m->at, m->id, 0);
		n += log_peek(&m->at, m->id, iov + n, max - n);
	}
	m->idle = n == 0;
	return n;
}

static bool is_behind(const struct adjout_member *m)
{
	return log_lag(&m->group->log, &m->at) > adjout_lag_max / 2;
}

void adjout_sent(struct peer *p, size_t n)
{
	struct adjout_member *m = p->out;
	size_t own;

	if (!m)
		return;
	own = n < own_left(m) ? n : own_left(m);
	m->own_sent += own;
	if (n > 0)
		m->group->progress_ms = now_ms();
	if (n > own)
		log_advance(&m->group->log, &m->at, m->id, n - own);
	/* All members are looked at only when this one may be what the queue waits for. */
	if (timer_running(&wait_timer) && !m->lagging && !is_behind(m) && !adjout_full())
		rib_work();
}

/* All who read the log are; false where it has no use. */
static bool all_behind(const struct group *g)
{
	struct adjout_member *m;

	if (g->attached < 2)
		return false;
	TAILQ_FOREACH (m, &g->list, link) {
		if (!m->lagging && !is_behind(m))
			return false;
	}
	return true;
}

static void on_wait(void *arg)
{
	rib_work();
}

bool adjout_full(void)
{
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		if (all_behind(g) && now_ms() - g->progress_ms < STALLED_MS) {
			if (!timer_running(&wait_timer))
				timer_start(&wait_timer, STALLED_MS);
			return true;
		}
	}
	return false;
}

void adjout_kick(void)
{
	struct group *g;
	struct adjout_member *m;

	TAILQ_FOREACH (g, &groups, link) {
		if (!g->news)
			continue;
		g->news = false;
		TAILQ_FOREACH (m, &g->list, link) {
			if (!m->lagging && log_lag(&g->log, &m->at) > adjout_lag_max)
				detach(m);
			wake(m);
		}
	}
}

void adjout_flush(void)
{
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		group_close_pack(g);
		group_forget_cache(g);
	}
}

static bool kick_lagging(void *arg)
{
	struct group *g;
	struct adjout_member *m;

	TAILQ_FOREACH (g, &groups, link) {
		TAILQ_FOREACH (m, &g->list, link) {
			if (has_pending(m))
				wake(m);
		}
	}
	return false;
}

void adjout_open(void)
{
	struct group *g;
	struct adjout_member *m;

	if (opened)
		return;
	opened = true;
	job_init(&kick_job, kick_lagging, NULL);
	timer_init(&wait_timer, on_wait, NULL);
	TAILQ_FOREACH (g, &groups, link) {
		TAILQ_FOREACH (m, &g->list, link) {
			m->idle = false;
			session_kick(m->peer);
		}
	}
}

uint32_t adjout_prefixes(const struct peer *p, enum bgp_family family)
{
	const struct adjout_member *m = p->out;

	return m ? m->group->n_announced[family] - m->own_paths[family] : 0;
}

uint32_t adjout_not_sent(const struct peer *p, enum bgp_family family, unsigned which)
{
	const struct adjout_member *m = p->out;

	return m ? m->group->withheld[family][which].n - m->own_withheld[family][which] : 0;
}

uint32_t adjout_group_id(const struct peer *p)
{
	return p->out ? p->out->group->id : 0;
}

struct attr *adjout_exported(const struct peer *p, const struct rib_table *t, uint32_t id)
{
	const struct adjout_member *m = p->out;
	const struct net *net = net_at(t, id);

	if (!m || m->group->key.plane != t->plane || !(net->flags & NET_BEST) ||
	    path_at(net->paths)->peer == m->id)
		return NULL;
	return group_export(m->group, t, net, net->paths, NULL);
}

void adjout_free_all(void)
{
	struct peer *p;

	TAILQ_FOREACH (p, &peers, link) {
		adjout_leave(p);
	}
	timer_stop(&wait_timer);
	job_stop(&kick_job);
	opened = false;
}
