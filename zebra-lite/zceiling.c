/* SPDX-License-Identifier: BSD-2-Clause */
#include "zceiling.h"

#include <stdlib.h>
#include <string.h>

#include "ceiling.h"
#include "conf.h"
#include "rib.h"
#include "util.h"

/* Where BGP neighbours may be, tunnels or not: addresses and listen ranges, in no plane. */
struct neighbors {
	struct prefix *v;
	size_t n;
};

static struct ceilings ceilings;
static struct neighbors now, before;

static void neighbors_add(struct neighbors *to, const char *text)
{
	char address[ADDR_STRLEN];
	struct prefix p;

	if (!text || strcspn(text, "%") >= sizeof(address))
		return;
	str_copy(address, text, strcspn(text, "%") + 1); /* fe80::1%eth0 */
	if (prefix_parse(address, &p) < 0)
		return;
	to->v = xrealloc(to->v, (to->n + 1) * sizeof(*to->v));
	to->v[to->n++] = p;
}

static struct neighbors read_neighbors(const json_t *config)
{
	const json_t *bgp = conf_get(config, "bgp"), *item, *range;
	struct neighbors to = {0};
	size_t i, k;

	json_array_foreach (conf_list(bgp, "neighbor"), i, item)
		neighbors_add(&to, conf_str(item, "address", NULL));
	json_array_foreach (conf_list(bgp, "neighbor-group"), i, item)
		json_array_foreach (conf_list(item, "listen-range"), k, range)
			neighbors_add(&to, json_string_value(range));
	return to;
}

bool zceiling_apply(const json_t *config, uint32_t generation)
{
	struct neighbors next = read_neighbors(config);
	bool first = !ceilings.now, wider = ceilings_apply(&ceilings, config, generation);

	free(before.v);
	before = now;
	now = next;
	return wider && !first;
}

bool zceiling_prune(void)
{
	free(before.v);
	before = (struct neighbors){0};
	return ceilings_prune(&ceilings);
}

void zceiling_reset(void)
{
	ceilings_free(&ceilings);
	free(now.v);
	free(before.v);
	now = before = (struct neighbors){0};
}

enum reason zceiling_judge_peer(const struct prefix *p, struct tunnel_peer *peer)
{
	struct ceiling_who who = {peer->iface->name, peer->name, peer->addrs, peer->n_addrs};

	return ceilings_judge(&ceilings, &peer->ceiling, &who, p);
}

enum reason zceiling_judge_link(const struct prefix *p)
{
	return ceilings_judge_link(&ceilings, p);
}

enum reason zceiling_judge(const struct prefix *p, const struct nexthop *nh)
{
	switch (nh->kind) {
	case HOP_TUNNEL:
		return zceiling_judge_peer(p, nh->peer);
	case HOP_GATEWAY:
		return nh->stranger ? REASON_NOT_A_TUNNEL : zceiling_judge_link(p);
	default:
		return REASON_NONE;
	}
}

int zceiling_private_len(const struct addr *a)
{
	return ceilings_private_len(&ceilings, a);
}

bool zceiling_known(uint32_t generation)
{
	return ceilings_known(&ceilings, generation);
}

/* --- strangers --- */

/* Some neighbour is in P, or P in a listen range. */
static bool has_neighbor(const struct neighbors *in, const struct prefix *p)
{
	for (size_t i = 0; i < in->n; i++)
		if (prefix_overlaps(p, &in->v[i]))
			return true;
	return false;
}

static bool is_near_neighbor(struct prefix p)
{
	p.plane = 0;
	return has_neighbor(&now, &p) || has_neighbor(&before, &p);
}

/* N's addresses are on the link itself. */
static bool is_on_link(const struct rib_node *n, uint32_t oif)
{
	for (const struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->oif == oif && !c->gateway.family && n->len &&
		    (c->proto == RIB_CONNECTED || c->proto == RIB_KERNEL))
			return true;
	return false;
}

bool zceiling_is_stranger(const struct addr *a, const struct addr *gateway, uint32_t oif)
{
	struct addr by = addr_in_plane(gateway->family ? gateway : a, a->plane),
		    off = addr_off_link(a);

	if (!ceilings.now || is_near_neighbor(prefix_of_addr(&off)))
		return false;
	for (const struct rib_node *n = rib_match(&by); n; n = rib_cover(n))
		if (is_on_link(n, oif))
			return !is_near_neighbor(rib_prefix(n));
	return !is_near_neighbor(prefix_of_addr(&by));
}
