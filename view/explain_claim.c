/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_claim.h"

#include <stdio.h>

#include "members.h"
#include "util.h"

struct search {
	const struct prefix *dst;
	bool default_too;
	struct claim at; /* where it looks */
	struct claim best;
	bool found;
};

/* Is what TEXT names a better claim than the best one so far? */
static void claim_look(struct search *s, enum claim_kind kind, const char *text)
{
	struct prefix p;
	bool longer, better;

	if (!text || prefix_parse(text, &p) < 0 || !prefix_covers(&p, s->dst) ||
	    (p.len == 0 && !s->default_too))
		return;
	longer = !s->found || p.len > s->best.prefix.len;
	better = longer || (p.len == s->best.prefix.len && kind > s->best.kind);
	if (!better)
		return;
	s->best = s->at;
	s->best.kind = kind;
	s->best.prefix = p;
	s->found = true;
}

static void look_all(struct search *s, enum claim_kind kind, const json_t *row, const char *key)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(row, key), i, item)
		claim_look(s, kind, json_string_value(item));
}

static void look_at_interface(struct search *s, const json_t *interface)
{
	json_t *peer;
	size_t i;

	s->at = (struct claim){.interface = interface};
	look_all(s, CLAIM_NETWORK, interface, "addresses");
	json_array_foreach (json_object_get(interface, "peers"), i, peer) {
		s->at.peer = peer;
		look_all(s, CLAIM_PERMIT, peer, "permit");
		look_all(s, CLAIM_STATIC, peer, "allowed-ips");
		look_all(s, CLAIM_ADDRESS, peer, "tunnel-addresses");
	}
}

static bool in_plane(const json_t *interface, const char *plane)
{
	const char *own = json_string_value(json_object_get(interface, "plane"));

	return str_eq(own ? own : "main", plane);
}

bool claim_find(const json_t *interfaces, const char *plane, const struct prefix *dst,
		bool default_too, struct claim *out)
{
	struct search s = {.dst = dst, .default_too = default_too};
	json_t *interface;
	size_t i;

	json_array_foreach (interfaces, i, interface)
		if (in_plane(interface, plane))
			look_at_interface(&s, interface);
	*out = s.best;
	return s.found;
}

const char *claim_text(const struct claim *c, char *out, size_t size)
{
	static const char *const words[] = {
		[CLAIM_PERMIT] = "is in the permit list of",
		[CLAIM_STATIC] = "is a static AllowedIPs entry of",
		[CLAIM_ADDRESS] = "is a tunnel address of",
	};

	if (c->kind == CLAIM_NETWORK)
		snprintf(out, size, "%s is the network of %s", PREFIX_STR(&c->prefix),
			 TEXT(c->interface, "name"));
	else
		snprintf(out, size, "%s %s peer %s on %s", PREFIX_STR(&c->prefix), words[c->kind],
			 TEXT(c->peer, "name"), TEXT(c->interface, "name"));
	return out;
}
