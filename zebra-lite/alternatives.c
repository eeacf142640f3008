/* SPDX-License-Identifier: BSD-2-Clause */
#include "alternatives.h"

#include <stdlib.h>

#include "conf.h"
#include "rib.h"
#include "rib_kernel.h"
#include "util.h"
#include "zconfig.h"

#define QUANTUM 4096
#define NAMED_MAX 10 /* prefixes that are named */

struct walk {
	uint32_t peer_id, at;
	uint64_t uses, without;
	json_t *prefixes;
};

static bool named(const struct tunnel_peer *p, const char *peer, const char *interface)
{
	return str_eq(p->name, peer) && (!interface || str_eq(p->iface->name, interface));
}

/* The one tunnel that is meant; NULL with the reason. */
static struct tunnel_peer *find_tunnel(const struct show *s, const char **why)
{
	const char *name = conf_str(s->args, "peer", "");
	const char *interface = conf_str(s->args, "interface", NULL);
	struct tunnel_peer *p, *found = NULL;

	*why = "no such tunnel peer";
	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (named(p, name, interface)) {
			if (found) {
				*why = "several interfaces have a peer of this name: name one";
				return NULL;
			}
			found = p;
		}
	return found;
}

/* Not just not known to be dead. */
static bool healthy(const struct hop_ref *r)
{
	const struct nexthop *nh = r->nh;

	return hop_level(r) == DEMOTED_NOT && nh->reach == REACH_UP &&
	       (nh->kind != HOP_TUNNEL || nh->peer->state == TUNNEL_UP);
}

static bool has_alternative(const struct hopset *s, const struct tunnel_peer *p)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->ref[i].nh->peer != p && healthy(&s->ref[i]))
			return true;
	return false;
}

static void judge(struct walk *w, const struct rib_node *n, const struct tunnel_peer *p)
{
	struct hopset *hops = rib_hops(n);
	const struct hop_ref *active = hops ? rib_active_hop(n, hops) : NULL;
	struct rib_cand *best;

	if (!active || active->nh->peer != p || rib_select(n, &best) != RIB_BGP)
		return;
	w->uses++;
	if (has_alternative(hops, p))
		return;
	if (w->without++ < NAMED_MAX)
		json_array_append_new(w->prefixes, json_prefix(RIB_PREFIX(n)));
}

void alternatives_start(struct show *s)
{
	const char *why;
	const struct tunnel_peer *p = find_tunnel(s, &why);
	struct walk *w;

	if (!p) {
		show_end(s, why);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->peer_id = p->id;
	w->prefixes = json_array();
	s->state = w;
}

void alternatives_step(struct show *s)
{
	struct walk *w = s->state;
	const struct tunnel_peer *p = tunnel_peer_by_id(w->peer_id);
	struct rib_node *n = NULL;

	if (!p) {
		show_end(s, "the tunnel went away");
		return;
	}
	for (int i = 0; i < QUANTUM && (n = rib_walk(&w->at)); i++)
		judge(w, n, p);
	if (n)
		return;
	show_object(s, json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:I, s:O}", "interface",
				 p->iface->name, "ifindex", (json_int_t)p->iface->ifindex, "peer",
				 p->name, "state", tunnel_state_name(p->state), "protocol-number",
				 (int)zconfig.protocol, "prefixes", (json_int_t)w->uses,
				 "without-alternative", (json_int_t)w->without, "without",
				 w->prefixes));
}

void alternatives_finish(struct show *s)
{
	struct walk *w = s->state;

	if (!w)
		return;
	json_decref(w->prefixes);
	free(w);
}
