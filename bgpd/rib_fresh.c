/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_fresh: a session through a tunnel that has just come up takes no traffic off a path that
 * works.
 *
 * WireGuard drops what comes from an address that is not in the AllowedIPs of who sends it. So the
 * far end must have our prefixes in its AllowedIPs, and must have announced them to those behind
 * it, before we send to it; and it has them only some milliseconds after the session came up. For
 * that time its paths stand behind an older path that is in use; where there is none they are used
 * at once. Nobody is told: what we announce is what we use.
 *
 * The time runs from when both are there, the session and the tunnel: where both ends were killed
 * a session can be up 0.7 s before its tunnel is taken for usable. A tunnel that was down with its
 * session up counts as well, as AllowedIPs leave a tunnel that is down. Paths in use stay so.
 *
 * After a restart (RFC 4724) what was kept goes on: the neighbour's paths where it restarted, what
 * zebra-lite still forwards by it where we did. That holds as long as the tunnel was not down since
 * then. What zebra-lite forwards for a bgpd that has just started is what works, before any path is
 * in use.
 *
 * The shorter time is for those who come to us: a hub uses the path to a site, and so announces it,
 * before the sites use the hub; the rest of the longer one is for ends that see the tunnel come up
 * at different times.
 */
#include "bgp.h"
#include "nexthop.h"
#include "restart.h"
#include "rib_fresh.h"
#include "rib_lap.h"

#define FRESH_MS 600
#define FRESH_HUB_MS 300

static unsigned n_fresh; /* mostly 0: then no decision has to look for them */

static void rib_fresh_over(struct peer_rib *pr)
{
	if (!pr->fresh)
		return;
	pr->fresh = false;
	n_fresh--;
	if (!pr->held_back)
		return;
	pr->held_back = false;
	pr->mark = true;
	rib_lap_for(pr);
}

static void on_timer(void *arg)
{
	rib_fresh_over(arg);
}

void rib_fresh_init(struct peer_rib *pr)
{
	timer_init(&pr->fresh_timer, on_timer, pr);
}

/* The neighbour is sent traffic all the time: paths of the session before were kept, here where it
 * restarted or by zebra-lite where we did, and its tunnel was not down since. */
static bool goes_on(const struct peer_rib *pr, const struct nexthop *nh)
{
	if (nh->back_at && nh->back_at >= pr->ended_at)
		return false;
	return pr->kept[BGP_IPV4] || pr->kept[BGP_IPV6] || restart_goes_by(nh);
}

void rib_fresh_begin(struct peer_rib *pr)
{
	const struct nexthop *nh = pr && pr->up ? nexthop_find(&pr->nexthop) : NULL;

	if (!nh || !nh->state.tunnel || goes_on(pr, nh))
		return;
	n_fresh += !pr->fresh;
	pr->fresh = true;
	timer_start(&pr->fresh_timer,
		    pr->peer->dynamic || peer_is_client(pr->peer) ? FRESH_HUB_MS : FRESH_MS);
}

void rib_fresh_review(struct peer_rib *pr)
{
	const struct nexthop *nh = pr->fresh ? nexthop_find(&pr->nexthop) : NULL;

	if (nh && goes_on(pr, nh))
		rib_fresh_end(pr);
}

void rib_fresh_end(struct peer_rib *pr)
{
	timer_stop(&pr->fresh_timer);
	rib_fresh_over(pr);
}

static struct peer_rib *fresh_owner(uint32_t path)
{
	struct peer_rib *pr = peer_rib_by_id(path_at(path)->peer);

	return pr && pr->fresh ? pr : NULL;
}

/* The candidate that carries the traffic now: USED, or, where bgpd has not decided since its start,
 * the one by which zebra-lite forwards what it kept. 0: none of them does. */
static uint32_t carrier(const struct candidate *c, size_t n, const struct net *net, uint32_t used)
{
	for (size_t i = 0; i < n; i++) {
		const struct nexthop *nh = nexthop_by_id(path_at(c[i].path)->nexthop);

		if (used ? c[i].path == used : restart_net_goes_by(net, nh))
			return c[i].path;
	}
	return 0;
}

bool rib_fresh_hold_back(struct candidate *c, size_t n, const struct net *net, uint32_t used,
			 uint32_t best)
{
	bool any = false;

	if (!n_fresh || (!fresh_owner(best) && bgp.multipath.ebgp <= 1 && bgp.multipath.ibgp <= 1))
		return false;
	used = carrier(c, n, net, used);
	if (!used || fresh_owner(used))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct peer_rib *pr = fresh_owner(c[i].path);

		if (!pr || c[i].demotion != DEMOTED_NOT)
			continue;
		c[i].demotion = DEMOTED;
		c[i].demoted_by = REASON_SESSION_FRESH;
		any = pr->held_back = true;
	}
	return any;
}
