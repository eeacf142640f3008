/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_redist: which routes of others bgpd is told of, to redistribute them.
 */
#include "rib.h"

#include <linux/rtnetlink.h>
#include <string.h>

static bool late; /* bgpd has not heard of some change */

static bool redistributable(const struct prefix *p)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	struct addr a = addr_of_prefix(p);

	if (addr_is_link_local(&a))
		return false;
	if (p->family == AF_INET)
		return p->b[0] != 127 && p->b[0] < 224;
	return p->b[0] != 0xff && !(p->len == 128 && !memcmp(p->b, loopback6, 16));
}

static int redist_source(const struct rib_cand *c)
{
	switch (c->proto) {
	case RIB_CONNECTED:
		return REDIST_CONNECTED;
	case RIB_KERNEL:
		return REDIST_KERNEL;
	case RIB_STATIC: /* what isolates a plane is nobody's to announce */
		return c->type == RTN_UNREACHABLE ? -1 : REDIST_STATIC;
	default:
		return -1;
	}
}

/* The best of each source that is active; gives their bits. */
static uint8_t redist_metrics(const struct rib_node *n, uint32_t metric[REDIST_COUNT])
{
	const struct rib_cand *best[REDIST_COUNT] = {NULL};
	uint8_t now = 0;

	if (!redistributable(RIB_PREFIX(n)))
		return 0;
	for (const struct rib_cand *c = rib_others(n); c; c = c->next) {
		int source = redist_source(c);

		if (source < 0 || !rib_cand_active(n, c) ||
		    (best[source] && !rib_cand_better(n, c, best[source])))
			continue;
		best[source] = c;
		metric[source] = c->metric;
		now |= 1 << source;
	}
	return now;
}

bool rib_tell_later(void)
{
	bool is_behind = out_bgpd_full();

	late = late || is_behind;
	return is_behind;
}

void rib_redist_update(struct rib_node *n, bool again)
{
	const struct rib_extra *x = n->flags & NODE_EXTRA ? rib_extra_of(n) : NULL;
	uint32_t metric[REDIST_COUNT] = {0};
	uint8_t now = redist_metrics(n, metric), before = x ? x->redist : 0;
	struct rib_extra *told;

	if (rib_tell_later())
		return;
	for (unsigned i = 0; i < REDIST_COUNT; i++) {
		struct msg_redist m = {.prefix = rib_prefix(n), .source = i, .metric = metric[i]};
		bool had = !again && before >> i & 1;

		m.present = now >> i & 1;
		if ((m.present != had || (had && metric[i] != x->metric[i])) && out.redist)
			out.redist(&m);
	}
	if (now == before && (!now || !memcmp(x->metric, metric, sizeof(metric))))
		return;
	told = rib_extra_get(n);
	told->redist = now;
	memcpy(told->metric, metric, sizeof(metric));
	rib_extra_trim(n);
}

bool rib_is_late(void)
{
	bool was = late;

	late = false;
	return was;
}
