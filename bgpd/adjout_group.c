/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_group: which neighbours share what they are sent, and the rules of what may be sent to
 * them: RFC 4271 section 5 and 9.1.3, RFC 4456 (reflection), RFC 1997 (well-known communities), RFC
 * 8212.
 */
#include "adjout_group.h"

#include <stdlib.h>

#include "bgp.h"
#include "community.h"
#include "nexthop.h"
#include "originate.h"
#include "policy.h"
#include "rib_peer.h"
#include "util.h"

struct group_list groups = TAILQ_HEAD_INITIALIZER(groups);

const enum reason adjout_withheld[ADJOUT_WITHHELD] = {REASON_TOO_LONG, REASON_NO_OWN_ADDRESS,
						      REASON_NEXTHOP_FAMILY, REASON_NOT_A_CLIENT};

static struct log_bucket bucket; /* for lines about what is not sent */

/* Bytes beyond wire_len that an encoded set has at most: NEXT_HOP, MED, LOCAL_PREF, two headers and
 * AS4_AGGREGATOR. */
#define FIELDS_MAX 64

/* The set and one prefix of LEN bits are not longer than a message. */
static bool fits(const struct group *g, const struct attr *a, uint8_t af, uint8_t len)
{
	static struct wr w;
	size_t room = BGP_MESSAGE_MAX - pack_overhead(af, a) - 1 - (len + 7) / 8;

	if (a->wire_len * (g->key.four_octet ? 1u : 2u) + FIELDS_MAX <= room)
		return true;
	wr_reset(&w);
	attr_put(&w, a, !pack_by_mp(af, a), g->key.four_octet);
	return w.len <= room;
}

/* The interface's own addresses first: a session's may be link-local. */
static struct addr own_address(const struct peer *p, uint8_t af)
{
	if (p->local4.family == af)
		return p->local4;
	if (p->local6.family == af)
		return p->local6;
	if (p->local.family == af)
		return p->local;
	return (struct addr){0};
}

struct group_key group_key_of(const struct peer *p)
{
	struct addr at = peer_hop(p);
	const struct nexthop *nh = nexthop_find(&at);
	bool is_hop = (nh && nh->others) || policy_chain_names(p->conf.export, &p->conf.address);

	return (struct group_key){
		.ebgp = p->ebgp,
		.client = peer_is_client(p),
		.four_octet = p->four_octet,
		.next_hop_self = p->conf.next_hop_self,
		.aigp = p->conf.aigp,
		.extended_hop = p->extended_hop,
		.draining = nexthop_is_draining(nh),
		.plane = p->conf.plane,
		.family = {p->family[BGP_IPV4], p->family[BGP_IPV6]},
		.export = p->conf.export,
		.own4 = own_address(p, AF_INET),
		.own6 = own_address(p, AF_INET6),
		.own_ll = p->local6.family ? p->local_ll : (struct addr){0},
		.hop = is_hop ? at : (struct addr){0},
		.cluster_id = bgp.cluster_id,
		.default_local_pref = bgp.default_local_pref,
		.reflection = bgp.reflection,
	};
}

bool group_key_eq(const struct group_key *a, const struct group_key *b)
{
	return a->ebgp == b->ebgp && a->aigp == b->aigp && a->client == b->client &&
	       a->extended_hop == b->extended_hop &&
	       a->four_octet == b->four_octet && a->next_hop_self == b->next_hop_self &&
	       a->draining == b->draining && a->plane == b->plane &&
	       a->family[BGP_IPV4] == b->family[BGP_IPV4] &&
	       a->family[BGP_IPV6] == b->family[BGP_IPV6] &&
	       policy_chain_eq(a->export, b->export) && addr_eq(&a->own4, &b->own4) &&
	       addr_eq(&a->own6, &b->own6) && addr_eq(&a->own_ll, &b->own_ll) &&
	       addr_eq(&a->hop, &b->hop) && a->cluster_id == b->cluster_id &&
	       a->default_local_pref == b->default_local_pref && a->reflection == b->reflection;
}

struct group *group_get(const struct group_key *key)
{
	static uint32_t ids;
	struct group *g;

	TAILQ_FOREACH (g, &groups, link) {
		if (group_key_eq(&g->key, key))
			return g;
	}
	g = xcalloc(1, sizeof(*g));
	g->key = *key;
	policy_chain_ref(g->key.export);
	g->id = ++ids;
	adjout_log_init(&g->log);
	TAILQ_INIT(&g->list);
	TAILQ_INSERT_TAIL(&groups, g, link);
	return g;
}

void group_free(struct group *g)
{
	ensure(!g->members);
	TAILQ_REMOVE(&groups, g, link);
	group_forget_cache(g);
	pack_free(&g->pack);
	adjout_log_free(&g->log);
	for (int f = 0; f < BGP_FAMILIES; f++) {
		bits_free(&g->announced[f]);
		for (unsigned i = 0; i < ADJOUT_WITHHELD; i++)
			bits_free(&g->withheld[f][i].nets);
	}
	policy_chain_free(g->key.export);
	free(g);
}

void group_forget_cache(struct group *g)
{
	attr_unref(g->in);
	attr_unref(g->out);
	g->in = g->out = NULL;
	g->cached = false;
}

struct adjout_member *group_member_of(const struct group *g, uint16_t peer_id)
{
	const struct peer_rib *pr = peer_id ? peer_rib_by_id(peer_id) : NULL;
	struct adjout_member *m = pr && pr->peer ? pr->peer->out : NULL;

	return m && m->group == g ? m : NULL;
}

static bool communities_allow(const struct group *g, const struct attr *a)
{
	if (attr_community_has(a, COMMUNITY_NO_ADVERTISE))
		return false;
	return !g->key.ebgp || (!attr_community_has(a, COMMUNITY_NO_EXPORT) &&
				!attr_community_has(a, COMMUNITY_NO_EXPORT_SUBCONFED));
}

/* RFC 4456 section 6: from a client to all, from others to clients. */
static bool reflection_allows(const struct group *g, const struct peer_rib *from)
{
	return !from || from->ebgp || g->key.ebgp || g->key.client ||
	       (from->peer && peer_is_client(from->peer));
}

/* The members take it as a next hop of T's prefixes. */
static bool hop_is_taken(const struct group *g, const struct rib_table *t, const struct addr *hop)
{
	return hop->family == t->af || (g->key.extended_hop && hop->family == AF_INET6);
}

static struct addr own_hop(const struct group *g, const struct rib_table *t)
{
	return t->family == BGP_IPV4 && (g->key.own4.family || !g->key.extended_hop) ? g->key.own4
										     : g->key.own6;
}

/* The next hop that is sent; family 0: there is none to be sent. *OWN: it is us. */
static struct addr nexthop_of(const struct group *g, const struct rib_table *t,
			      const struct peer_rib *from, const struct policy_output *policy,
			      bool *own)
{
	bool leaked = policy->attr->nexthop.plane != t->plane; /* nobody in this plane reaches it */
	bool self = g->key.ebgp || g->key.next_hop_self || !from || leaked ||
		    !policy->attr->nexthop.family || addr_is_link_local(&policy->attr->nexthop);

	*own = false;
	if (policy->nexthop_set && policy->attr->nexthop.family == t->af)
		return policy->attr->nexthop;
	*own = self || policy->nexthop_self;
	if (*own)
		return own_hop(g, t);
	return addr_off_link(&policy->attr->nexthop);
}

/* RFC 4271 section 5.1.3: nobody is sent himself as a next hop, and to whom our own packets go
 * they are not to come from. */
static bool leads_to_member(const struct group *g, const struct path *p, const struct addr *nexthop,
			    bool own)
{
	struct addr to = own ? p->attr->nexthop : *nexthop;

	if (to.family == AF_INET)
		to = addr_off_link(&to);
	return g->key.hop.family && addr_eq(&to, &g->key.hop);
}

static enum demotion group_state_of(const struct path *p)
{
	enum reason why;

	return nexthop_demotion(nexthop_by_id(p->nexthop), &why);
}

bool group_tells_state(const struct group *g)
{
	return !g->key.ebgp && (g->key.next_hop_self || g->key.export);
}

bool group_tells_cost(const struct group *g)
{
	return g->key.aigp || policy_chain_by_cost(g->key.export);
}

static uint32_t cost_of(const struct path *p)
{
	const struct nexthop *nh = nexthop_by_id(p->nexthop);

	return nh ? nh->state.cost : 0;
}

/* The metric so far, and our way when we are the next hop (RFC 7311 section 3.4.3). */
static void tell_metric(struct attr_edit *e, const struct group *g, const struct attr *a,
			const uint32_t *cost)
{
	if (a->has_aigp && !g->key.aigp)
		attr_edit_aigp(e, false, 0);
	else if (a->has_aigp && cost)
		attr_edit_aigp(e, true,
			       attr_aigp(a) < UINT64_MAX - *cost ? attr_aigp(a) + *cost
								 : UINT64_MAX);
}

/* Within the AS our way to the next hop is everybody's: decide.h. */
static void tell_state(struct attr_edit *e, enum demotion d)
{
	if (d != DEMOTED_NOT)
		attr_edit_local_pref(e, true, 0);
	if (d == DEMOTED_LAST)
		attr_edit_community(e, true, COMMUNITY_LLGR_STALE);
}

/* What the policy left, as this kind of neighbour is to see it. */
static struct attr *rewrite(const struct group *g, const struct peer_rib *from,
			    const struct policy_output *policy, const struct addr *nexthop,
			    enum demotion demotion, const uint32_t *cost)
{
	const struct attr *a = policy->attr;
	struct attr_edit *e = attr_edit_begin(a);

	if (g->key.draining)
		attr_edit_community(e, true, COMMUNITY_GRACEFUL_SHUTDOWN);
	tell_metric(e, g, a, cost);
	attr_edit_nexthop(e, nexthop); /* alone: a link-local one is not ours to pass on */
	if (addr_eq(nexthop, &g->key.own6))
		attr_edit_nexthop_ll(e, &g->key.own_ll);
	if (g->key.ebgp) {
		attr_edit_drop_internal(e);
		attr_edit_drop_nontransitive(e, policy->bandwidth_set);
		/* A MED is for one neighbouring AS: what came from another stays here. */
		if (from && !policy->med_set)
			attr_edit_med(e, false, 0);
		attr_edit_prepend(e, bgp.as, 1);
		return attr_edit_finish(e);
	}
	if (!a->has_local_pref)
		attr_edit_local_pref(e, true, g->key.default_local_pref);
	tell_state(e, g->key.draining && demotion == DEMOTED_NOT ? DEMOTED : demotion);
	if (from && !from->ebgp) {
		if (!a->has_originator)
			attr_edit_originator(e, from->router_id);
		attr_edit_cluster_prepend(e, g->key.cluster_id);
	}
	return attr_edit_finish(e);
}

static enum policy_protocol protocol_of(const struct path *p, const struct prefix *prefix)
{
	static const struct {
		const char *name;
		enum policy_protocol protocol;
	} rows[] = {
		{"connected", POLICY_CONNECTED},
		{"static", POLICY_STATIC},
		{"kernel", POLICY_KERNEL},
	};
	const char *source;

	if (p->peer != PEER_LOCAL)
		return POLICY_BGP;
	source = originate_source(prefix);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].name, source))
			return rows[i].protocol;
	return POLICY_NETWORK;
}

static struct attr *export(const struct group *g, const struct rib_table *t, const struct net *net,
			   const struct path *p, enum reason *why)
{
	const struct peer_rib *from = peer_rib_by_id(p->peer);
	struct prefix prefix = net_prefix(t, net);
	struct policy_input in = {
		.prefix = &prefix,
		.attr = p->attr,
		.neighbor = from ? &from->address : NULL,
		.protocol = protocol_of(p, &prefix),
		.own_as = bgp.as,
		.default_local_pref = g->key.default_local_pref,
		.has_cost = true,
		.cost = cost_of(p),
	};
	struct policy_output out = {0};
	struct attr *result = NULL;
	struct addr nexthop;
	bool own;

	*why = REASON_NONE;
	if (!g->key.family[t->family] || !communities_allow(g, p->attr) ||
	    (!g->key.export && g->key.ebgp))
		return NULL;
	if (!reflection_allows(g, from)) {
		*why = REASON_NOT_A_CLIENT;
		return NULL;
	}
	if (!g->key.export)
		out.attr = attr_ref(p->attr);
	else if (!policy_run(g->key.export, &in, &out))
		return NULL;
	nexthop = nexthop_of(g, t, from, &out, &own);
	if (leads_to_member(g, p, &nexthop, own))
		result = NULL;
	else if (hop_is_taken(g, t, &nexthop))
		result = rewrite(g, from, &out, &nexthop, own ? group_state_of(p) : DEMOTED_NOT,
				 own && from ? &in.cost : NULL);
	else
		*why = nexthop.family ? REASON_NEXTHOP_FAMILY : REASON_NO_OWN_ADDRESS;
	attr_unref(out.attr);
	return result;
}

/* RFC 4271 section 9.2: what does not fit is not announced; it may be longer than it came. */
static struct attr *unless_too_long(const struct group *g, const struct rib_table *t,
				    const struct net *net, struct attr *a, enum reason *why)
{
	if (!a || fits(g, a, t->af, net_prefix(t, net).len))
		return a;
	*why = REASON_TOO_LONG;
	attr_unref(a);
	return NULL;
}

static struct attr *export_cached(struct group *g, const struct rib_table *t, const struct net *net,
				  const struct path *p, enum reason *why)
{
	enum demotion demotion = group_state_of(p);

	if (!g->cached || g->in_demotion != demotion || g->in_cost != cost_of(p) ||
	    g->in != p->attr || g->in_peer != p->peer || g->in_af != t->af) {
		group_forget_cache(g);
		if (p->peer == PEER_LOCAL || policy_chain_by_prefix(g->key.export))
			return export(g, t, net, p, why);
		g->in = attr_ref(p->attr);
		g->in_peer = p->peer;
		g->in_af = t->af;
		g->in_demotion = demotion;
		g->in_cost = cost_of(p);
		g->out = export(g, t, net, p, &g->out_why);
		g->cached = true;
	}
	*why = g->out_why;
	return g->out ? attr_ref(g->out) : NULL;
}

struct attr *group_export(struct group *g, const struct rib_table *t, const struct net *net,
			  uint32_t path, enum reason *why)
{
	enum reason unsaid;
	struct attr *a;

	if (!why)
		why = &unsaid;
	a = export_cached(g, t, net, path_at(path), why);
	return unless_too_long(g, t, net, a, why);
}

/* The member that counts the network, whose best path is PEER's, as its own; NULL: none. */
static struct adjout_member *owner_of(const struct group *g, enum bgp_family f, uint32_t net,
				      uint16_t peer)
{
	struct adjout_member *m = group_member_of(g, peer);

	return m && member_counts(m, f, net) ? m : NULL;
}

void group_announce(struct group *g, const struct rib_table *t, uint32_t net, bool on,
		    uint16_t old_peer, uint16_t new_peer)
{
	bool was = bits_has(&g->announced[t->family], net);
	struct adjout_member *old_owner = owner_of(g, t->family, net, old_peer);
	struct adjout_member *new_owner = owner_of(g, t->family, net, new_peer);

	if (was && old_owner)
		old_owner->own_paths[t->family]--;
	if (on && new_owner)
		new_owner->own_paths[t->family]++;
	if (on && !was) {
		bits_set(&g->announced[t->family], net);
		g->n_announced[t->family]++;
	} else if (was && !on) {
		bits_clear(&g->announced[t->family], net);
		g->n_announced[t->family]--;
	}
}

static void say_withheld(const struct group *g, const struct rib_table *t, uint32_t net,
			 enum reason why, uint16_t from)
{
	const struct adjout_member *m = TAILQ_FIRST(&g->list);
	struct prefix p = net_prefix(t, net_at(t, net));

	if (m && m->id == from)
		m = TAILQ_NEXT(m, link);
	log_limited(&bucket, why == REASON_NOT_A_CLIENT ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		    "routes-not-sent", "neighbor=%s update-group=%u reason=%s first=%s",
		    m ? ADDR_STR(&m->peer->conf.address) : "", g->id, reason_name(why),
		    PREFIX_STR(&p));
}

/* How many are withheld from some member: nobody is to be sent his own. */
static uint32_t withheld_from_any(const struct group *g, enum bgp_family f, unsigned i)
{
	const struct adjout_member *m = TAILQ_FIRST(&g->list);
	uint32_t n = g->withheld[f][i].n;

	return m && !TAILQ_NEXT(m, link) ? n - m->own_withheld[f][i] : n;
}

void group_withhold(struct group *g, const struct rib_table *t, uint32_t net, enum reason why,
		    uint16_t old_peer, uint16_t new_peer)
{
	struct adjout_member *old_owner, *new_owner;

	if (why == REASON_NONE && !g->n_withheld)
		return;
	old_owner = owner_of(g, t->family, net, old_peer);
	new_owner = owner_of(g, t->family, net, new_peer);
	for (unsigned i = 0; i < ADJOUT_WITHHELD; i++) {
		struct withheld *w = &g->withheld[t->family][i];
		uint32_t before = withheld_from_any(g, t->family, i);

		if (bits_has(&w->nets, net)) {
			if (old_owner)
				old_owner->own_withheld[t->family][i]--;
			bits_clear(&w->nets, net);
			w->n--;
			g->n_withheld--;
		}
		if (adjout_withheld[i] != why)
			continue;
		if (new_owner)
			new_owner->own_withheld[t->family][i]++;
		bits_set(&w->nets, net);
		g->n_withheld++;
		w->n++;
		if (!before && withheld_from_any(g, t->family, i))
			say_withheld(g, t, net, why, new_peer);
	}
}

void group_close_pack(struct group *g)
{
	if (pack_empty(&g->pack))
		return;
	pack_write(&g->pack,
		   adjout_log_room(&g->log, pack_bytes(&g->pack), g->pack.except, g->pack.only));
	g->news = true;
}
