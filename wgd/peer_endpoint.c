/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ceiling.h"
#include "daemon.h"
#include "endpoints.h"
#include "roster.h"
#include "show.h"
#include "util.h"
#include "way.h"
#include "wceiling.h"

#define BLANK_MS 1000	  /* a device that did not take an endpoint gets it again */
#define SETTLED_MS 300000 /* without being sent back: the next time it is at once again */

static bool peer_endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool works(const struct peer *p)
{
	return p->live.state == TUNNEL_UP || p->live.state == TUNNEL_DEGRADED;
}

static bool has_way(void *arg, const struct addr *a)
{
	const struct peer *p = arg;

	return way_leads(a, p->dev->read.fwmark, NULL);
}

/* --- whether to believe where it is --- */

static bool is_number_in(const struct targets *ts, const struct addr *a)
{
	for (unsigned i = 0; i < ts->n; i++)
		if (!ts->t[i].host && ts->t[i].n && addr_eq(&ts->t[i].at[0].addr, a))
			return true;
	return false;
}

/* As a number, in `endpoint` of whichever peer. */
static bool is_written(const struct addr *a)
{
	const struct device *dev;
	const struct peer *p;

	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link)
			if (is_number_in(&p->where.targets, a))
				return true;
	return false;
}

static bool is_tunnel(uint32_t oif)
{
	const struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (dev->ifindex && (uint32_t)dev->ifindex == oif)
			return true;
	return false;
}

/* The length of the route of somebody else that leads to A, into no tunnel; -1: there is none. A
 * host route of zebra-lite is one: it has judged. */
static int way_around(const struct peer *p, const struct addr *a)
{
	uint32_t mark = p->dev->read.fwmark, oif;

	return way_leads(a, mark, &oif) && !is_tunnel(oif) ? way_len(a, mark) : -1;
}

/* Somebody else says that the peer is at A, which is inside what is private. Packets of an
 * interface with an uplink need no way around the tunnels. */
static bool is_doubtful(const struct peer *p, const struct addr *a)
{
	int private = p->conf && a->family ? wceiling_private_len(a) : -1;

	if (private < 0 || addr_is_link_local(a) || p->conf->endpoint_inside_permit ||
	    (p->dev->want.conf && p->dev->want.conf->has_uplink) || is_written(a))
		return false;
	return ceiling_doubts_endpoint(private, way_around(p, a));
}

static bool endpoint_is_in(const struct prefix *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len > 1 && prefix_has_addr(&list[i], a))
			return true;
	return false;
}

/* Behind itself; where nothing is configured it may be behind another peer. */
static bool cannot_be_there(const struct peer *p, const struct addr *a)
{
	return is_doubtful(p, a) &&
	       (p->where.targets.n || endpoint_is_in(p->conf->permit, p->conf->n_permit, a) ||
		endpoint_is_in(p->conf->statics, p->conf->n_statics, a));
}

static void say_doubtful(struct peer *p, const struct addr *a, const char *by)
{
	log_limited(&p->bucket, LOG_LEVEL_WARN, "endpoint-inside",
		    "peer=%s interface=%s endpoint=%s by=%s what=\"%s\"", p->name, p->dev->name,
		    ADDR_STR(a), by, reason_text(REASON_ENDPOINT_INSIDE));
}

/* Where it was last heard before the machine stopped, and was believed then: before the network is
 * up nothing leads anywhere, which says nothing against it. */
static bool is_remembered(struct peer *p, struct endpoint *out)
{
	struct endpoint e;

	if (!endpoints_find(p->dev->name, p->owner.key, &e))
		return false;
	if (has_way(p, &e.addr) && cannot_be_there(p, &e.addr)) {
		say_doubtful(p, &e.addr, "memory");
		return false;
	}
	*out = e;
	return true;
}

/* R without the addresses that are not believed. */
static struct resolved believed(struct peer *p, const struct resolved *r, const char *host)
{
	struct resolved out = *r;

	out.n = 0;
	for (unsigned i = 0; i < r->n; i++)
		if (!is_doubtful(p, &r->addr[i]))
			out.addr[out.n++] = r->addr[i];
		else
			say_doubtful(p, &r->addr[i], host);
	if (r->n && !out.n)
		out.error = reason_text(REASON_ENDPOINT_INSIDE);
	return out;
}

static void look_up(struct peer *p, uint64_t now)
{
	struct targets *ts = &p->where.targets;
	int i;

	while ((i = targets_due(ts, now, works(p))) >= 0)
		resolve_start(p->owner.id, (unsigned)i, ts->t[i].host);
}

bool peer_endpoint_choose(struct peer *p, bool create, const struct wg_peer *found,
			  struct endpoint *out)
{
	struct peer_endpoint *w = &p->where;
	bool restart = !w->known && !create && found && found->endpoint.addr.family, changed;

	w->targets.usable = has_way;
	w->targets.arg = p;
	changed = targets_set(&w->targets, p->conf->endpoints, p->conf->n_endpoints);
	w->known = true;
	look_up(p, now_ms());
	if (create && p->endpoint.addr.family && (!changed || !w->targets.n)) {
		*out = p->endpoint; /* it was there before: where it was last heard */
		return true;
	}
	if (restart || (!create && !changed))
		return false; /* it may have roamed */
	if (!create && found && targets_find(&w->targets, &found->endpoint) >= 0)
		return false;
	if (create && is_remembered(p, out) &&
	    (!w->targets.n || targets_find(&w->targets, out) >= 0))
		return true;
	if (targets_pick(&w->targets, out))
		return true;
	return create && is_remembered(p, out);
}

void peer_endpoint_given(struct peer *p, const struct endpoint *e)
{
	struct peer_endpoint *w = &p->where;

	if (!e)
		return;
	w->given = *e;
	w->given_at = now_ms();
	w->awaited = !peer_endpoint_same(e, &p->endpoint);
	w->targets.current = targets_find(&w->targets, e);
}

/* The one that it has, too: WireGuard then forgets the source address that it took for it, which
 * may lead nowhere by now. The first one of a peer is no news: 500 of them have one at the start.
 */
static void give(struct peer *p, const struct endpoint *e, const char *event)
{
	struct wg_peer_set set = {.key = p->owner.key, .endpoint = *e};
	const struct targets *ts = &p->where.targets;

	peer_endpoint_given(p, e);
	if (!peer_endpoint_same(e, &p->endpoint))
		log_event(p->endpoint.addr.family ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, event,
			  "peer=%s interface=%s endpoint=%s configured=%s", p->name, p->dev->name,
			  ENDPOINT_STR(e), ts->current >= 0 ? ts->t[ts->current].text : "no");
	wg_set_peer(p->dev->wg, &set);
}

/* --- changes that we did not make --- */

static void say_changed(struct peer *p, const struct endpoint *from)
{
	bool configured = targets_find(&p->where.targets, &p->endpoint) >= 0;
	char was[ENDPOINT_STRLEN], is[ENDPOINT_STRLEN];
	json_t *event;

	endpoint_str(from, was);
	endpoint_str(&p->endpoint, is);
	p->where.changes++;
	log_limited(&p->bucket, LOG_LEVEL_WARN, "endpoint-changed",
		    "peer=%s interface=%s from=%s to=%s configured=%s", p->name, p->dev->name, was,
		    is, configured ? "yes" : "no");
	event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "event", "endpoint-changed",
			  "interface", p->dev->name, "peer", p->name, "from", was, "to", is,
			  "configured", configured);
	if (event)
		daemon_event(event);
}

static bool has_inner(const struct peer *p, const struct addr *a)
{
	for (size_t i = 0; p->conf && i < p->conf->n_tunnel_addrs; i++)
		if (addr_eq(a, &p->conf->tunnel_addrs[i]))
			return true;
	return false;
}

/* The peer's own tunnel address: its encrypted packets came through the tunnel itself. Or one of
 * another tunnel, where something else is configured: they came through that one, by a default
 * route, say, that was there before the endpoint was pinned. Where nothing is, a peer may well be
 * behind another one, and is where it speaks from. The same link-local address may be in use on any
 * link. */
static bool is_inside(const struct peer *p, const struct endpoint *e)
{
	const struct device *dev;
	const struct peer *other;

	if (has_inner(p, &e->addr))
		return true;
	if (!p->where.targets.n || addr_is_link_local(&e->addr) ||
	    targets_find(&p->where.targets, e) >= 0)
		return false;
	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (other, &dev->peers, link)
			if (has_inner(other, &e->addr))
				return true;
	return false;
}

/* WireGuard goes wherever a packet came from, and would send its own packets into itself for ever.
 * Whoever sends each packet from there would make a write of each reading. */
static void leave_inside(struct peer *p)
{
	struct peer_endpoint *w = &p->where;
	struct wg_peer_set set = {.key = p->owner.key,
				  .endpoint = w->awaited ? w->given : p->endpoint};

	if (!p->dev->wg || !set.endpoint.addr.family || retry_waits(&w->set_back_again))
		return;
	if (now_ms() - w->set_back_again.tried_ms >= SETTLED_MS)
		retry_done(&w->set_back_again);
	retry_failed(&w->set_back_again, -ELOOP);
	w->set_back++;
	wg_set_peer(p->dev->wg, &set);
}

bool peer_endpoint_note(struct peer *p, const struct wg_peer *found)
{
	struct endpoint before = p->endpoint;
	struct peer_endpoint *w = &p->where;
	bool doubtful;

	if (peer_endpoint_same(&found->endpoint, &before))
		return false;
	if (is_inside(p, &found->endpoint)) {
		log_limited(&p->bucket, LOG_LEVEL_WARN, "endpoint-inside",
			    "peer=%s interface=%s endpoint=%s what=\"its packets came through a "
			    "tunnel\"",
			    p->name, p->dev->name, ENDPOINT_STR(&found->endpoint));
		leave_inside(p);
		return false;
	}
	doubtful = cannot_be_there(p, &found->endpoint.addr);
	if (doubtful)
		say_doubtful(p, &found->endpoint.addr, "roaming");
	if (doubtful && before.addr.family && !cannot_be_there(p, &before.addr)) {
		leave_inside(p);
		return false;
	}
	p->endpoint = found->endpoint;
	if (p->conf && p->endpoint.addr.family && found->handshake_sec && !doubtful)
		endpoints_note(p->dev->name, p->owner.key, &p->endpoint);
	if (w->awaited && peer_endpoint_same(&p->endpoint, &w->given))
		w->awaited = false;
	else if (p->conf && before.addr.family && p->endpoint.addr.family)
		say_changed(p, &before);
	return true;
}

/* --- what is tried --- */

/* The first one again, after long on another one. */
static void try_first(struct peer *p, uint64_t now)
{
	struct peer_endpoint *w = &p->where;
	struct target *first = &w->targets.t[0];

	if (!p->conf->endpoint_return || w->targets.current == 0 || !first->n ||
	    now - w->used_since < p->conf->endpoint_return * 1000ull)
		return;
	w->returning = true;
	w->back = p->endpoint;
	w->rx_at_return = p->rx_bytes;
	give(p, &first->at[first->next % first->n], "endpoint-return");
}

/* WireGuard itself goes back to the other one as soon as that one speaks. */
static void peer_endpoint_judge_return(struct peer *p, uint64_t now)
{
	struct peer_endpoint *w = &p->where;

	if (now - w->given_at < p->conf->endpoint_timeout)
		return;
	w->returning = false;
	w->used_since = now;
	if (works(p) && p->rx_bytes > w->rx_at_return)
		return;
	if (w->targets.n)
		w->targets.t[0].failures++;
	give(p, &w->back, "endpoint-back");
}

static void note_working(struct peer *p, uint64_t now)
{
	struct peer_endpoint *w = &p->where;
	int before = w->targets.current;

	targets_worked(&w->targets, &p->endpoint);
	if (w->targets.current != before || !w->used_since)
		w->used_since = now;
	try_first(p, now);
}

/* It worked by this one, who asks all the time says that it does not any more, and there is another
 * one. */
static bool is_dead(const struct peer *p)
{
	const struct targets *ts = &p->where.targets;
	enum reason r = p->live.reason;

	return p->where.used_since && p->live.state == TUNNEL_DOWN &&
	       (ts->n > 1 || ts->t[0].n > 1) &&
	       (r == REASON_BFD_EXPIRED || r == REASON_BFD_SIGNALLED ||
		r == REASON_ECHO_UNANSWERED);
}

static void try_next(struct peer *p, uint64_t now)
{
	struct peer_endpoint *w = &p->where;
	uint64_t since = p->live.since > w->given_at ? p->live.since : w->given_at;
	bool blank = !p->endpoint.addr.family, dead = is_dead(p);
	struct endpoint e;

	w->used_since = 0;
	if (blank && w->awaited && now - w->given_at < BLANK_MS)
		return;
	if (!blank && !dead && now - since < p->conf->endpoint_timeout)
		return;
	if (!blank && targets_find(&w->targets, &p->endpoint) == w->targets.current)
		targets_failed(&w->targets);
	if (targets_pick(&w->targets, &e))
		give(p, &e, "endpoint-next");
}

void peer_endpoint_renew(struct peer *p)
{
	struct wg_peer_set set = {.key = p->owner.key, .endpoint = p->endpoint};

	if (p->present && p->dev->wg && p->endpoint.addr.family)
		wg_set_peer(p->dev->wg, &set);
}

void peer_endpoint_tick(struct peer *p, uint64_t now)
{
	struct peer_endpoint *w = &p->where;

	if (!w->targets.n || !p->dev->read.up)
		return;
	look_up(p, now);
	if (w->returning)
		peer_endpoint_judge_return(p, now);
	else if (works(p))
		note_working(p, now);
	else if (p->live.state != TUNNEL_IDLE) /* nobody sends: nothing is known */
		try_next(p, now);
}

void peer_endpoint_resolved(uint32_t id, unsigned slot, const char *host,
			    const struct resolved *answer)
{
	struct peer *p = peer_by_id(id);
	struct targets *ts = p ? &p->where.targets : NULL;
	unsigned failed = p && slot < ts->n ? ts->t[slot].unanswered : 0;
	struct resolved some, *r = &some;
	struct endpoint e;

	if (!p || !p->conf)
		return;
	some = believed(p, answer, host);
	if (!targets_resolved(ts, slot, host, r, now_ms()))
		return;
	if (r->error && !failed)
		log_warn("endpoint-unresolved", "peer=%s interface=%s name=%s error=\"%s\"",
			 p->name, p->dev->name, host, r->error);
	if (r->error || works(p) || p->where.returning || !p->dev->wg)
		return;
	if (ts->current >= 0 && ts->current != (int)slot)
		return; /* another one is being tried */
	if (targets_find(ts, &p->endpoint) == (int)slot)
		return;
	if (targets_pick(ts, &e))
		give(p, &e, "endpoint-resolved");
}

json_t *peer_endpoint_json(const struct peer *p)
{
	const struct targets *ts = &p->where.targets;
	json_t *list = json_array();
	uint64_t now = now_ms();

	for (unsigned i = 0; i < ts->n; i++) {
		const struct target *t = &ts->t[i];
		json_t *addrs = json_array(), *left = json_null();

		for (unsigned j = 0; j < t->n; j++)
			json_array_append_new(addrs, json_addr(&t->at[j].addr));
		if (t->host && t->expires)
			left = json_integer(t->expires > now ? (t->expires - now) / 1000 : 0);
		json_array_append_new(list, json_pack("{s:s, s:o, s:b, s:I, s:o, s:s?}", "endpoint",
						      t->text, "addresses", addrs, "current",
						      ts->current == (int)i, "failures",
						      (json_int_t)t->failures, "ttl-seconds", left,
						      "error", t->error));
	}
	return list;
}

void peer_endpoint_free(struct peer *p)
{
	resolve_cancel(p->owner.id);
	targets_free(&p->where.targets);
}
