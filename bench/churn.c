/* SPDX-License-Identifier: BSD-2-Clause */
#include "churn.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

enum { MIX = 4, PREFIXES_A_MIX = 3, SHARE = 3, GIVE_UP_MS = 10000 };

/* What is sent at once, and which prefixes it is about. */
struct slot {
	struct encoded encoded;
	size_t first, count; /* in updates */
};

struct churn {
	struct session *from, *to;
	const struct routes *routes;
	uint32_t *current; /* by route: its attribute set now */
	uint64_t *pending; /* by route: since when an update is under way; 0: none */
	uint32_t *index;   /* route + 1 by hashed prefix; 0: free */
	size_t index_mask;
	uint64_t state; /* of the random numbers */
	size_t step;	/* the order of prefixes: multiples of it */
	uint64_t mix;	/* of MIX updates, over all runs */
	struct slot *slots;
	size_t nslots, next_slot;
	uint32_t *updates; /* routes, in order */
	size_t nupdates;
	uint32_t *delays; /* microseconds */
	size_t delivered, merged;
	uint64_t begin_us, end_us, last_us;
	struct timer tick;
};

static uint32_t random_below(struct churn *c, uint32_t n)
{
	c->state = c->state * 6364136223846793005 + 1442695040888963407;
	return (c->state >> 33) % n;
}

/* ---- prefixes to routes */

static size_t prefix_home(const struct churn *c, const struct prefix *p)
{
	uint64_t key = (uint64_t)p->b[0] << 32 | (uint32_t)p->b[1] << 24 | p->b[2] << 16 |
		       p->b[3] << 8 | p->len;

	return (key * 0x9e3779b97f4a7c15 >> 20) & c->index_mask;
}

/* The slot of the prefix, or a free one. */
static uint32_t *prefix_slot(struct churn *c, const struct prefix *p)
{
	size_t i = prefix_home(c, p);

	while (c->index[i] && !prefix_eq(&c->routes->list[c->index[i] - 1].prefix, p))
		i = (i + 1) & c->index_mask;
	return &c->index[i];
}

static size_t common_divisor(size_t a, size_t b)
{
	return b ? common_divisor(b, a % b) : a;
}

static void heard(void *arg, const struct prefix *p)
{
	struct churn *c = arg;
	uint32_t route = *prefix_slot(c, p);
	uint64_t now = c->to->counts.last_update_us;

	if (route == 0 || !c->pending[route - 1])
		return;
	c->delays[c->delivered++] = now - c->pending[route - 1];
	c->pending[route - 1] = 0;
	c->last_us = now;
}

/* ---- sending */

static void slot_send(struct churn *c, struct slot *slot)
{
	struct wr *bytes = &slot->encoded.bytes;
	uint64_t now = now_us();

	for (size_t i = 0; i < slot->count; i++) {
		uint64_t *since = &c->pending[c->updates[slot->first + i]];

		if (*since)
			c->merged++;
		else
			*since = now;
	}
	if (bytes->len > 0)
		session_send(c->from, bytes->data, bytes->len, bytes->data);
	*bytes = (struct wr){0};
}

static void tick_due(void *arg)
{
	struct churn *c = arg;
	uint64_t now = now_us();

	while (c->next_slot < c->nslots && c->begin_us + c->next_slot * 1000 <= now)
		slot_send(c, &c->slots[c->next_slot++]);
	if (c->next_slot < c->nslots)
		timer_start(&c->tick, 1);
	else
		c->end_us = c->last_us = now;
}

/* ---- what is sent */

struct making {
	struct routes announce;
	struct prefix *withdraw;
	size_t nwithdraw, delay_mixes; /* between a withdrawal and the return */
	uint32_t attrs;
	unsigned left; /* announcements that still get them */
};

static uint32_t route_at(const struct churn *c, uint64_t position)
{
	return position % c->routes->count * c->step % c->routes->count;
}

/* An attribute set that the route does not have now. */
static void announce_other(struct churn *c, struct making *m, uint32_t route)
{
	if (m->left == 0 || m->attrs == c->current[route]) {
		do
			m->attrs = c->routes->list[random_below(c, c->routes->count)].attrs;
		while (m->attrs == c->current[route]);
		m->left = SHARE;
	}
	m->left--;
	c->current[route] = m->attrs;
	routes_add(&m->announce, &c->routes->list[route].prefix, m->attrs);
}

static uint32_t make_update(struct churn *c, struct making *m, size_t number)
{
	uint64_t at = c->mix * PREFIXES_A_MIX;
	uint32_t route;

	switch (number % MIX) {
	case 0:
		route = route_at(c, at);
		m->withdraw[m->nwithdraw++] = c->routes->list[route].prefix;
		return route;
	case 2: /* in the first half second there is nothing to return */
		route = c->mix < m->delay_mixes ? route_at(c, c->routes->count - 1 - c->mix)
						: route_at(c, at - m->delay_mixes * PREFIXES_A_MIX);
		break;
	default:
		route = route_at(c, at + 1 + number % MIX / 2);
	}
	announce_other(c, m, route);
	if (number % MIX == MIX - 1)
		c->mix++;
	return route;
}

static void make_slot(struct churn *c, struct making *m, size_t number, size_t end,
		      const struct attrs_target *to)
{
	struct slot *slot = &c->slots[number];

	*slot = (struct slot){.first = c->nupdates};
	m->announce.count = m->nwithdraw = 0;
	for (; c->nupdates < end; c->nupdates++)
		c->updates[c->nupdates] = make_update(c, m, c->nupdates);
	slot->count = c->nupdates - slot->first;
	if (m->nwithdraw > 0)
		routes_encode_withdraw(m->withdraw, m->nwithdraw, &slot->encoded);
	routes_encode(&m->announce, to, &slot->encoded);
}

int churn_start(struct churn *c, unsigned rate, double seconds, const struct attrs_target *to)
{
	size_t total = (size_t)(rate * seconds) / MIX * MIX, nslots = seconds * 1000;
	struct making m = {.announce.pool = c->routes->pool, .delay_mixes = rate / MIX / 2 + 1};

	if (c->routes->count < m.delay_mixes * PREFIXES_A_MIX * 4 || nslots == 0)
		return -ERANGE;
	c->slots = xrealloc(c->slots, nslots * sizeof(*c->slots));
	c->updates = xrealloc(c->updates, (total + 1) * sizeof(*c->updates));
	c->delays = xrealloc(c->delays, (total + 1) * sizeof(*c->delays));
	m.withdraw = xcalloc(total + 1, sizeof(*m.withdraw));
	c->nslots = nslots;
	c->nupdates = c->next_slot = c->delivered = c->merged = 0;
	c->end_us = 0;
	for (size_t i = 0; i < nslots; i++)
		make_slot(c, &m, i, total * (i + 1) / nslots, to);
	free(m.withdraw);
	free(m.announce.list);
	c->begin_us = now_us();
	timer_start(&c->tick, 1);
	return 0;
}

/* ---- the result */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double percentile(const struct churn *c, double part)
{
	size_t at = c->delivered * part;

	if (c->delivered == 0)
		return 0;
	return c->delays[at < c->delivered ? at : c->delivered - 1] / 1e6;
}

bool churn_done(struct churn *c, json_t *reply)
{
	size_t missing = c->nupdates - c->merged - c->delivered;

	if (!c->end_us || (missing > 0 && now_us() < c->last_us + GIVE_UP_MS * 1000 &&
			   c->from->state == SESSION_ESTABLISHED))
		return false;
	qsort(c->delays, c->delivered, sizeof(*c->delays), by_value);
	json_object_update_new(
		reply,
		json_pack("{s:I s:I s:I s:I s:f s:f s:f s:f s:f s:f}", "updates",
			  (json_int_t)c->nupdates, "delivered", (json_int_t)c->delivered, "merged",
			  (json_int_t)c->merged, "missing", (json_int_t)missing, "rate",
			  c->delivered * 1e6 / (c->last_us - c->begin_us), "p50",
			  percentile(c, 0.5), "p90", percentile(c, 0.9), "p99", percentile(c, 0.99),
			  "p999", percentile(c, 0.999), "max", percentile(c, 1)));
	return true;
}

/* ---- */

struct churn *churn_new(struct session *from, struct session *to, const struct routes *routes)
{
	struct churn *c = xcalloc(1, sizeof(*c));
	size_t size = 1024, n = routes->count;

	*c = (struct churn){
		.from = from, .to = to, .routes = routes, .state = 1, .step = n / 2 + 1};
	while (common_divisor(c->step, n) != 1)
		c->step++;
	c->current = xcalloc(n, sizeof(*c->current));
	c->pending = xcalloc(n, sizeof(*c->pending));
	while (size < n * 2)
		size *= 2;
	c->index = xcalloc(size, sizeof(*c->index));
	c->index_mask = size - 1;
	for (size_t i = 0; i < n; i++) {
		*prefix_slot(c, &routes->list[i].prefix) = i + 1;
		c->current[i] = routes->list[i].attrs;
	}
	timer_init(&c->tick, tick_due, c);
	to->heard = heard;
	to->heard_arg = c;
	return c;
}

void churn_free(struct churn *c)
{
	if (!c)
		return;
	timer_stop(&c->tick);
	c->to->heard = NULL;
	for (size_t i = c->next_slot; i < c->nslots; i++)
		wr_free(&c->slots[i].encoded.bytes);
	free(c->slots);
	free(c->updates);
	free(c->delays);
	free(c->current);
	free(c->pending);
	free(c->index);
	free(c);
}
