/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_ceiling.h"

static struct ceiling *ceiling; /* NULL before the first configuration */

bool policy_ceiling_apply(const json_t *config)
{
	struct ceiling *c = ceiling_new(config);

	if (ceiling_same(ceiling, c)) {
		ceiling_free(c);
		return false;
	}
	ceiling_free(ceiling);
	ceiling = c;
	return true;
}

void policy_ceiling_free(void)
{
	ceiling_free(ceiling);
	ceiling = NULL;
}

enum reason policy_ceiling_judge(const struct prefix *p, const struct addr *nexthop,
				 const struct addr *external)
{
	const struct ceiling_peer *to;

	if (!ceiling)
		return REASON_NONE;
	to = ceiling_peer_at(ceiling, nexthop);
	if (!to && external)
		to = ceiling_peer_at(ceiling, external);
	return ceiling_judge(ceiling, p, to);
}

enum ceiling_hop policy_ceiling_hop(const struct msg_nexthop *m, const struct ceiling_peer **to)
{
	if (!ceiling || m->reach == REACH_UNKNOWN || ceiling_peer_at(ceiling, &m->addr))
		return CEILING_SAID;
	if (!m->tunnel)
		return m->reach == REACH_DOWN || !ceiling_judges_links(ceiling) ? CEILING_SAID
										: CEILING_LINK;
	*to = ceiling_peer_named(ceiling, m->ifname, m->peer);
	return CEILING_TUNNEL;
}

enum reason policy_ceiling_judge_hop(const struct prefix *p, enum ceiling_hop hop,
				     const struct ceiling_peer *to)
{
	if (!ceiling || hop == CEILING_SAID)
		return REASON_NONE;
	if (hop == CEILING_LINK)
		return ceiling_judge_link(ceiling, p);
	return to ? ceiling_judge(ceiling, p, to) : REASON_NO_PERMIT;
}

struct addr policy_ceiling_hop_by(const struct addr *hop, const char *link)
{
	return ceiling ? ceiling_hop_by(ceiling, hop, link) : *hop;
}

const struct ceiling_peer *policy_ceiling_peer_at(const struct addr *a)
{
	return ceiling ? ceiling_peer_at(ceiling, a) : NULL;
}

bool policy_ceiling_tunnel_address(const struct addr *a)
{
	return policy_ceiling_peer_at(a);
}

bool policy_ceiling_own_address(const struct addr *a)
{
	return ceiling && ceiling_own_address(ceiling, a);
}
