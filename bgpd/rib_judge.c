/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_judge: the checks of a received path that do not depend on the state of its next hop: loops,
 * the import policy, martians, our own addresses and the ceiling. Those that look at the attributes
 * alone are done once for neighbours in an UPDATE.
 */
#include "bgp.h"
#include "community.h"
#include "leak.h"
#include "nexthop.h"
#include "policy.h"
#include "policy_ceiling.h"
#include "rib_judge.h"

/* RFC 4271 section 9.1.2 (AS loop), RFC 4456 section 8. */
static enum reason judge_loops(const struct peer_rib *pr, const struct attr *a)
{
	if (attr_as_path_has(a, bgp.as, pr->peer->conf.allowas_in + 1u))
		return REASON_AS_LOOP;
	if (pr->ebgp)
		return REASON_NONE;
	if (a->has_originator && attr_originator_id(a) == bgp.router_id)
		return REASON_ORIGINATOR_LOOP;
	if (a->cluster_len && attr_cluster_has(a, bgp.cluster_id))
		return REASON_CLUSTER_LOOP;
	return REASON_NONE;
}

static enum reason judge_nexthop(const struct peer_rib *pr, const struct addr *nexthop)
{
	struct addr plain = addr_in_plane(nexthop, 0),
		    local = addr_on_link(&pr->peer->local, pr->peer->ifname);

	if (!nexthop->family || addr_is_zero(nexthop))
		return REASON_NEXTHOP_UNREACHABLE;
	if (addr_eq(&plain, &local) || addr_eq(&plain, &pr->peer->local4) ||
	    addr_eq(&plain, &pr->peer->local6) || policy_ceiling_own_address(nexthop))
		return REASON_OWN_NEXTHOP;
	return REASON_NONE;
}

/* RFC 8326 section 4.1: the neighbour is about to go, so its paths are the last choice. */
static void honor_shutdown(struct policy_output *out, const struct attr *received)
{
	struct attr_edit *e;

	if (!bgp.honor_graceful_shutdown ||
	    (!attr_community_has(received, COMMUNITY_GRACEFUL_SHUTDOWN) &&
	     !attr_community_has(out->attr, COMMUNITY_GRACEFUL_SHUTDOWN)))
		return;
	e = attr_edit_begin(out->attr);
	attr_edit_local_pref(e, true, 0);
	attr_unref(out->attr);
	out->attr = attr_edit_finish(e);
}

static struct policy_input input_of(const struct peer_rib *pr, struct attr *a,
				    const struct prefix *p)
{
	return (struct policy_input){
		.prefix = p,
		.attr = a,
		.neighbor = &pr->address,
		.protocol = POLICY_BGP,
		.own_as = bgp.as,
		.default_local_pref = bgp.default_local_pref,
	};
}

/* A session over link-local addresses is on its link, and so is the next hop that it says where
 * another link leads to the same host. ATTR's reference is taken over. */
static struct attr *by_own_link(const struct peer_rib *pr, struct attr *attr)
{
	struct attr_edit *e;
	struct addr hop;

	if (!pr->peer->local_ll.family)
		return attr;
	hop = policy_ceiling_hop_by(&attr->nexthop, pr->peer->ifname);
	if (addr_eq(&hop, &attr->nexthop))
		return attr;
	e = attr_edit_begin(attr);
	attr_edit_nexthop(e, &hop);
	attr_unref(attr);
	return attr_edit_finish(e);
}

/* Fills judged_as and judged_reason for the set A. */
static void judge_attr(struct peer_rib *pr, struct attr *a, const struct prefix *p)
{
	const struct policy_chain *chain = pr->peer->conf.import;
	struct policy_input in = input_of(pr, a, p);
	struct policy_output out = {0};
	enum reason r = judge_loops(pr, a);

	if (r == REASON_NONE && !chain && pr->ebgp)
		r = REASON_NO_IMPORT_POLICY; /* RFC 8212 */
	if (r == REASON_NONE && chain) {
		if (!policy_run(chain, &in, &out)) {
			r = REASON_IMPORT_POLICY;
		} else if (out.nexthop_self) {
			/* "self" on import: the neighbour itself. */
			struct attr_edit *e = attr_edit_begin(out.attr);

			attr_edit_nexthop(e, &pr->nexthop);
			attr_unref(out.attr);
			out.attr = attr_edit_finish(e);
		}
	}
	if (!out.attr)
		out.attr = attr_ref(a);
	honor_shutdown(&out, a);
	if (r == REASON_NONE)
		r = judge_nexthop(pr, &out.attr->nexthop);
	pr->judged = attr_ref(a);
	pr->judged_as = by_own_link(pr, out.attr);
	pr->judged_reason = r;
}

void rib_judge_forget(struct peer_rib *pr)
{
	attr_unref(pr->judged);
	attr_unref(pr->judged_as);
	pr->judged = pr->judged_as = NULL;
}

/* Unicast, and not the loopback or "this network" (RFC 6890); the default route is fine. */
static bool is_martian(const struct prefix *p)
{
	if (p->family == AF_INET)
		return p->len &&
		       (p->b[0] == 127 || p->b[0] >= 224 || (p->b[0] == 0 && p->len >= 8));
	if (p->len >= 8 && p->b[0] == 0xff)
		return true;
	if (p->len >= 10 && p->b[0] == 0xfe && (p->b[1] & 0xc0) == 0x80)
		return true;
	return p->len >= 127 && p->b[15] <= 1 && memcmp(p->b, (uint8_t[15]){0}, 15) == 0;
}

static void count(struct peer_rib *pr, struct path *path, bool accepted)
{
	enum bgp_family f = path->flags & PATH_IPV6 ? BGP_IPV6 : BGP_IPV4;
	bool was = path->flags & PATH_ACCEPTED;

	if (was == accepted || path->plane != pr->plane)
		return;
	path->flags ^= PATH_ACCEPTED;
	pr->accepted[f] += accepted ? 1 : -1;
}

/* What the leak's policy makes of ATTR, whose reference is taken over; NULL: not let through. */
static struct attr *judge_leak(const struct peer_rib *pr, struct attr *attr, const struct prefix *p)
{
	const struct leak *leak = leak_find(pr->plane, p->plane);
	struct policy_input in = input_of(pr, attr, p);
	struct policy_output out;

	if (!leak->policy || !policy_run(leak->policy, &in, &out))
		out.attr = NULL;
	attr_unref(attr);
	return out.attr;
}

void rib_judge(uint32_t id, struct attr *received)
{
	struct path *path = path_at(id);
	struct peer_rib *pr = peer_rib_by_id(path->peer);
	const struct rib_table *t = path_table(path);
	struct prefix p = net_prefix(t, net_at(t, path->net));
	struct attr *attr;
	enum reason r;

	if (pr->judged != received || pr->judged_af != p.family ||
	    policy_chain_by_prefix(pr->peer->conf.import)) {
		rib_judge_forget(pr);
		judge_attr(pr, received, &p);
		pr->judged_af = p.family;
	}
	r = is_martian(&p) ? REASON_MARTIAN : pr->judged_reason;
	if (r == REASON_NONE)
		r = policy_ceiling_judge(&p, &pr->judged_as->nexthop,
					 pr->ebgp ? &pr->nexthop : NULL);
	attr = attr_ref(pr->judged_as);
	if (r == REASON_NONE && p.plane != pr->plane) {
		attr = judge_leak(pr, attr, &p);
		r = attr ? REASON_NONE : REASON_LEAK_POLICY;
		attr = attr ? attr : attr_ref(pr->judged_as);
	}
	path_set_attr(id, received, attr);
	path->refused = r;
	count(pr, path, r == REASON_NONE);
	nexthop_attach(id);
}
