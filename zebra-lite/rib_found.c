/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_found: a route of ours that was found in the kernel at the start (ADOPTED), before bgpd has
 * spoken of its prefix. All of it are questions.
 */
#include "rib.h"

#include <linux/rtnetlink.h>

#include "configured.h"
#include "tunnel.h"
#include "zceiling.h"
#include "zconfig.h"

struct tunnel_peer *rib_found_peer(const struct fib *f, uint32_t oif)
{
	struct tunnel_peer *p = fib_owner_on(f, oif);
	const struct tunnel_if *iface = tunnel_if_by_index(oif);

	if (p || !iface || !iface->any)
		return p;
	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (p->iface->ifindex == oif && p->iface->any)
			return p;
	return NULL;
}

/* As a next hop's level is, see hop_level(). */
static bool found_peer_leads(const struct tunnel_peer *p)
{
	return tunnel_usable(p) || (zconfig.last_path_keep && p->weak && p->iface->up && !p->gone);
}

/* On a tunnel's interface without an entry nobody gets the packets. */
static bool found_way_lives(const struct rib_node *n, const struct fib *f, uint32_t oif)
{
	struct tunnel_peer *p = rib_found_peer(f, oif);

	if (p)
		return found_peer_leads(p) && zceiling_judge_peer(RIB_PREFIX(n), p) == REASON_NONE;
	return !tunnel_if_by_index(oif) && !configured_refused_if(oif) &&
	       (!out.link_up || out.link_up(oif)) &&
	       zceiling_judge_link(RIB_PREFIX(n)) == REASON_NONE;
}

/* Each of its ways does: nothing is known by which those that do not could be left out. */
static bool found_route_lives(const struct rib_node *n, const struct fib *f)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned count;

	if (!f || f->type != RTN_UNICAST)
		return false;
	count = fib_oifs(f, oifs);
	for (unsigned i = 0; i < count; i++)
		if (!found_way_lives(n, f, oifs[i]))
			return false;
	return count;
}

/* Of what kind its path would be is unknown: the better one. */
bool rib_found_beats_others(const struct rib_node *n)
{
	const struct rib_cand *other = rib_best_other(n);
	uint8_t ebgp = rib_bgp_distance(ROUTE_EBGP), ibgp = rib_bgp_distance(ROUTE_IBGP);

	return !other || (ebgp < ibgp ? ebgp : ibgp) < rib_cand_distance(n, other);
}

bool rib_found_stays(const struct rib_node *n, const struct fib *target)
{
	const struct fib *f = rib_installed(n);

	if (!(n->flags & NODE_ADOPTED) || fib_is_swept() || !zconfig.kernel)
		return false;
	if (!target)
		return true;
	return target != f && zconfig.bgp && !n->hops && rib_found_beats_others(n) &&
	       found_route_lives(n, f);
}
