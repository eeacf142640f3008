/* SPDX-License-Identifier: BSD-2-Clause */
#include "adjout.h"

#include <stdlib.h>
#include <string.h>

#include "adjout_lag.h"
#include "rib_peer.h"
#include "rib_work.h"
#include "session.h"
#include "nexthop.h"
#include "util.h"

#define STALLED_MS 50	      /* ... unless nobody of the group read for so long */

uint64_t adjout_lag_max = 1024 * 1024;

static bool opened;
static struct job kick_job;	/* members whose quantum found nothing to send */
static struct timer wait_timer; /* the queue waits: look again */

static void wake(struct adjout_member *m)
{
	if (m->idle) {
		m->idle = false;
		session_kick(m->peer);
	}
}

static void enter_group(struct adjout_member *m)
{
	struct group_key key = group_key_of(m->peer);

	m->group = group_get(&key);
	m->group->members++;
	TAILQ_INSERT_TAIL(&m->group->list, m, link);
	m->lagging = true;
	lag_count_anew(m);
	for (int f = 0; f < BGP_FAMILIES; f++)
		if (key.family[f])
			lag_want_all(m, f);
}

static void leave_group(struct adjout_member *m)
{
	struct group *g = m->group;

	if (!m->lagging) {
		g->attached--;
		adjout_log_leave(&g->log, &m->at);
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

void adjout_leave(struct peer *p)
{
	struct adjout_member *m = p->out;

	if (!m)
		return;
	lag_release_nets(m);
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
	lag_begin(m); /* what it had stays in the bits */
	leave_group(m);
	enter_group(m);
	m->lagging = true;
	wake(m);
}

void adjout_refresh(struct peer *p, enum bgp_family family)
{
	struct adjout_member *m = p->out;

	if (!m || !m->group->key.family[family])
		return;
	if (m->lagging)
		m->refresh[family] = true; /* when it has caught up: then it is known what it has */
	else
		lag_refresh(m, family);
	wake(m);
}

static void adjout_put(struct group *g, struct attr *attr, const struct prefix *p, uint16_t except,
		       uint16_t only)
{
	struct pack *k = &g->pack;

	if (!pack_fits(k, attr, p->family, p->len, except, only)) {
		group_close_pack(g);
		pack_begin(k, attr, p->family, except, only, g->key.four_octet);
	}
	pack_put(k, p);
}

/* Before the network has another path. NEWS: the group announces or withdraws it. */
static void tell_lagging(struct group *g, const struct rib_table *t, uint32_t id, bool news)
{
	struct adjout_member *m;

	if (g->attached == g->members)
		return;
	TAILQ_FOREACH (m, &g->list, link) {
		if (!m->lagging || !(news || member_is_before(m, t->family, id)))
			continue;
		lag_want(m, t, id);
		g->news |= news;
	}
}

static void tell_group(struct group *g, struct rib_table *t, uint32_t id, uint32_t path)
{
	const struct net *net = net_at(t, id);
	uint16_t from = path ? path_at(path)->peer : PEER_LOCAL, before = net->sent_peer;
	bool was = bits_has(&g->announced[t->family], id);
	bool back = g->members == 1 && TAILQ_FIRST(&g->list)->id == from; /* to its sender alone */
	enum reason why = REASON_NONE;
	struct attr *attr = path && !back ? group_export(g, t, net, path, &why) : NULL;
	struct prefix p = net_prefix(t, net);

	tell_lagging(g, t, id, attr || was);
	group_withhold(g, t, id, why, before, from);
	if (!attr && !was)
		return;
	group_announce(g, t, id, attr != NULL, before, from);
	if (g->attached) {
		struct adjout_member *source = group_member_of(g, from);

		if (!attr) {
			adjout_put(g, NULL, &p, group_member_of(g, before) ? before : 0, 0);
		} else {
			if (was && source && before != from)
				adjout_put(g, NULL, &p, 0, from);
			adjout_put(g, attr, &p, source ? from : 0, 0);
		}
	}
	attr_unref(attr);
}

/* A best path that came from elsewhere leads to neighbours that were in a group with others so
 * far. Paths that are not best part nobody: behind a second reflector each site has such. */
static void part_next_hop(uint32_t path)
{
	struct nexthop *nh = path ? nexthop_by_id(path_at(path)->nexthop) : NULL;
	const struct peer_rib *from = path ? peer_rib_by_id(path_at(path)->peer) : NULL;
	const struct addr *way = nh ? &nh->state.addr : NULL;

	if (nh && (!from || !addr_eq(&from->nexthop, way)))
		nh->others = true;
	if (!nh || !nh->others || !nh->neighbors)
		return;
	for (struct peer *p = peer_first_at(way); p; p = peer_next_at(p, way))
		if (p->out && !p->out->group->key.hop.family)
			adjout_regroup(p);
}

void adjout_net(struct rib_table *t, uint32_t id, uint32_t path)
{
	struct group *g;

	part_next_hop(path);
	TAILQ_FOREACH (g, &groups, link) {
		if (group_sends(g, t))
			tell_group(g, t, id, path);
	}
	net_at(t, id)->sent_peer = path ? path_at(path)->peer : PEER_LOCAL;
}

void adjout_renew(struct rib_table *t, uint32_t id, uint32_t path, bool state, bool cost)
{
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		if (group_sends(g, t) &&
		    ((state && group_tells_state(g)) || (cost && group_tells_cost(g))))
			tell_group(g, t, id, path);
	}
}

int adjout_next(struct peer *p, struct iovec *iov, int max)
{
	struct adjout_member *m = p->out;
	int n = 0;

	if (!m || !opened || max < 1)
		return 0;
	m->idle = false;
	if (m->lagging && !lag_own_left(m)) {
		wr_reset(&m->own);
		m->own_sent = 0;
		if (lag_has_pending(m))
			lag_encode(m);
		if (!m->own.len && lag_has_pending(m)) {
			job_start(&kick_job); /* a quantum without anything to say */
			m->idle = true;
			return 0;
		}
		while (m->lagging && !lag_own_left(m) && !lag_has_pending(m))
			lag_caught_up(m);
	}
	if (lag_own_left(m))
		iov[n++] = (struct iovec){m->own.data + m->own_sent, lag_own_left(m)};
	if (!m->lagging) {
		adjout_log_advance(&m->group->log, &m->at, m->id, 0);
		n += adjout_log_peek(&m->at, m->id, iov + n, max - n);
	}
	m->idle = n == 0;
	return n;
}

static bool is_behind(const struct adjout_member *m)
{
	return adjout_log_lag(&m->group->log, &m->at) > adjout_lag_max / 2;
}

void adjout_sent(struct peer *p, size_t n)
{
	struct adjout_member *m = p->out;
	size_t own;

	if (!m)
		return;
	own = n < lag_own_left(m) ? n : lag_own_left(m);
	m->own_sent += own;
	if (n > 0)
		m->group->progress_ms = now_ms();
	if (n > own)
		adjout_log_advance(&m->group->log, &m->at, m->id, n - own);
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
			if (!m->lagging && adjout_log_lag(&g->log, &m->at) > adjout_lag_max)
				lag_begin(m);
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
			if (lag_has_pending(m))
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

void adjout_end_of_rib(enum restart_over over)
{
	struct group *g;
	struct adjout_member *m;

	if (lag_over == over)
		return;
	lag_over = over;
	TAILQ_FOREACH (g, &groups, link) {
		TAILQ_FOREACH (m, &g->list, link) {
			lag_end_of_rib(m);
			wake(m);
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
	lag_over = OVER_FOR_NOBODY;
}
