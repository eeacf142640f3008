/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "policy_term.h"
#include "util.h"

struct policy_chain {
	struct policy_chain *next; /* all chains */
	unsigned refs;
	char *text;  /* names and terms: chains with equal text are the same */
	bool reject; /* "none" is in it */
	bool by_prefix, by_cost;
	size_t n;
	struct policy policies[];
};

static struct policy_chain *chains;

static json_t *find_policy(const json_t *config, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(config, "policy"), i, item)
		if (str_eq(conf_str(item, "name", ""), name))
			return item;
	return NULL;
}

static char *chain_text(const json_t *config, const json_t *names)
{
	json_t *all = json_array(), *name;
	size_t i;
	char *text;

	json_array_foreach (names, i, name) {
		json_t *policy = find_policy(config, json_string_value(name));

		json_array_append(all, policy ? policy : name);
	}
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(all);
	return text;
}

static bool looks_at_prefix(const struct policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->terms[i].n_ranges || p->terms[i].n_exact)
			return true;
	return false;
}

static bool looks_at_cost(const struct policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->terms[i].med_cost)
			return true;
	return false;
}

static void compile(struct policy_chain *c, const json_t *config, const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		json_t *policy = find_policy(config, json_string_value(name));

		if (policy) {
			policy_compile(policy, &c->policies[c->n]);
			c->by_cost |= looks_at_cost(&c->policies[c->n]);
			c->by_prefix |= looks_at_prefix(&c->policies[c->n]);
			c->n++;
		} else if (!str_eq(json_string_value(name), "all")) {
			c->reject = true; /* none, or a name that the parent should have refused */
		}
	}
}

struct policy_chain *policy_chain_new(const json_t *config, const json_t *names)
{
	struct policy_chain *c;
	char *text;

	if (!json_array_size(names))
		return NULL;
	text = chain_text(config, names);
	for (c = chains; c; c = c->next)
		if (str_eq(c->text, text)) {
			free(text);
			c->refs++;
			return c;
		}
	c = xcalloc(1, sizeof(*c) + json_array_size(names) * sizeof(c->policies[0]));
	c->refs = 1;
	c->text = text;
	compile(c, config, names);
	c->next = chains;
	chains = c;
	return c;
}

struct policy_chain *policy_chain_named(const json_t *config, const char *name)
{
	json_t *names = json_pack("[s]", name);
	struct policy_chain *c = policy_chain_new(config, names);

	json_decref(names);
	return c;
}

struct policy_chain *policy_chain_ref(struct policy_chain *c)
{
	if (c)
		c->refs++;
	return c;
}

void policy_chain_free(struct policy_chain *c)
{
	struct policy_chain **at = &chains;

	if (!c || --c->refs > 0)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (size_t i = 0; i < c->n; i++)
		policy_release(&c->policies[i]);
	free(c->text);
	free(c);
}

bool policy_chain_eq(const struct policy_chain *a, const struct policy_chain *b)
{
	return a == b;
}

bool policy_chain_by_prefix(const struct policy_chain *c)
{
	return c && c->by_prefix;
}

bool policy_chain_by_cost(const struct policy_chain *c)
{
	return c && c->by_cost;
}

bool policy_chain_names(const struct policy_chain *c, const struct addr *nexthop)
{
	for (size_t i = 0; c && i < c->n; i++)
		for (size_t k = 0; k < c->policies[i].n; k++)
			if (addr_eq(&c->policies[i].terms[k].nexthop, nexthop))
				return true;
	return false;
}

/* Policies speak of addresses; the plane is a match of its own. */
static bool in_ranges(const struct policy_term *t, const struct prefix *in_plane)
{
	struct prefix plain = prefix_in_plane(in_plane, 0), *p = &plain;

	for (size_t i = 0; i < t->n_ranges; i++) {
		const struct prefix_range *r = &t->ranges[i];

		if (p->len >= r->min && p->len <= r->max && prefix_covers(&r->prefix, p))
			return true;
	}
	return false;
}

static bool in_exact(const struct policy_term *t, const struct prefix *in_plane)
{
	struct prefix plain = prefix_in_plane(in_plane, 0), *p = &plain;

	for (size_t i = 0; i < t->n_exact; i++)
		if (prefix_eq(&t->exact[i], p))
			return true;
	return false;
}

static bool has_community(const struct policy_term *t, const struct attr *a)
{
	for (size_t i = 0; i < t->community.n; i++)
		if (attr_community_has(a, t->community.v[i]))
			return true;
	return false;
}

static bool has_large(const struct policy_term *t, const struct attr *a)
{
	for (size_t i = 0; i < t->large.n; i++)
		if (attr_large_community_has(a, t->large.v[i]))
			return true;
	return false;
}

static bool has_as(const struct policy_term *t, const struct attr *a)
{
	for (size_t i = 0; i < t->as_path.n; i++)
		if (attr_as_path_has(a, t->as_path.v[i], 1))
			return true;
	return false;
}

static bool has_origin_as(const struct policy_term *t, const struct attr *a)
{
	uint32_t as = attr_origin_as(a);

	for (size_t i = 0; i < t->origin_as.n; i++)
		if (as == t->origin_as.v[i])
			return true;
	return false;
}

static bool from_neighbor(const struct policy_term *t, const struct addr *neighbor)
{
	for (size_t i = 0; neighbor && i < t->n_neighbors; i++)
		if (addr_eq(&t->neighbors[i], neighbor))
			return true;
	return false;
}

static bool has_nexthop(const struct policy_term *t, const struct attr *a)
{
	struct addr off = addr_off_link(&a->nexthop), plain = addr_in_plane(&off, 0);

	for (size_t i = 0; i < t->n_nexthops; i++)
		if (prefix_has_addr(&t->nexthops[i], &plain))
			return true;
	return false;
}

static bool term_matches(const struct policy_term *t, const struct policy_input *in,
			 const struct attr *a)
{
	uint32_t local_pref = a->has_local_pref ? a->local_pref : in->default_local_pref;

	return (!t->n_ranges || in_ranges(t, in->prefix)) &&
	       (!t->n_exact || in_exact(t, in->prefix)) &&
	       (!t->family || t->family == in->prefix->family) &&
	       (!t->protocols || (t->protocols & in->protocol)) &&
	       (!t->n_neighbors || from_neighbor(t, in->neighbor)) &&
	       (!t->match.has_local_preference || t->match.local_preference == local_pref) &&
	       (!t->match.has_med || (a->has_med && t->match.med == a->med)) &&
	       (!t->origin_as.n || has_origin_as(t, a)) && (!t->as_path.n || has_as(t, a)) &&
	       (!t->community.n || has_community(t, a)) && (!t->large.n || has_large(t, a)) &&
	       (!t->n_nexthops || has_nexthop(t, a));
}

/* The term's changes, on a set of its own. */
static struct attr *policy_apply(const struct policy_term *t, const struct policy_input *in,
				 const struct attr *a)
{
	struct attr_edit *e = attr_edit_begin(a);

	if (t->set.has_local_preference)
		attr_edit_local_pref(e, true, t->set.local_preference);
	if (t->med_cost && in->has_cost)
		attr_edit_med(e, true, in->cost);
	else if (t->set.has_med && !t->med_cost)
		attr_edit_med(e, true, t->set.med);
	if (t->set.has_aigp)
		attr_edit_aigp(e, true, t->set.aigp);
	if (t->set.has_weight)
		attr_edit_weight(e, t->set.weight);
	if (t->set.link_bandwidth)
		attr_edit_link_bandwidth(e, in->own_as, (float)t->set.link_bandwidth * 125000.0f);
	if (t->set.prepend)
		attr_edit_prepend(e, t->set.prepend_as ? t->set.prepend_as : in->own_as,
				  t->set.prepend);
	if (t->clear_communities)
		attr_edit_clear_communities(e);
	for (size_t i = 0; i < t->community_delete.n; i++)
		attr_edit_community(e, false, t->community_delete.v[i]);
	for (size_t i = 0; i < t->community_add.n; i++)
		attr_edit_community(e, true, t->community_add.v[i]);
	if (t->clear_large)
		attr_edit_clear_large_communities(e);
	for (size_t i = 0; i < t->large_delete.n; i++)
		attr_edit_large_community(e, false, t->large_delete.v[i]);
	for (size_t i = 0; i < t->large_add.n; i++)
		attr_edit_large_community(e, true, t->large_add.v[i]);
	if (t->nexthop.family)
		attr_edit_nexthop(e, &t->nexthop);
	return attr_edit_finish(e);
}

static bool run_one(const struct policy *p, const struct policy_input *in,
		    struct policy_output *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct policy_term *t = &p->terms[i];

		if (!term_matches(t, in, out->attr))
			continue;
		if (t->then == TERM_THEN_REJECT)
			return false;
		if (t->changes) {
			struct attr *changed = policy_apply(t, in, out->attr);

			attr_unref(out->attr);
			out->attr = changed;
		}
		out->med_set |= t->set.has_med && (!t->med_cost || in->has_cost);
		out->bandwidth_set |= t->set.link_bandwidth != 0;
		if (t->nexthop.family) {
			out->nexthop_set = true;
			out->nexthop_self = false;
		} else if (t->nexthop_self) {
			out->nexthop_self = true;
			out->nexthop_set = false;
		}
		if (t->then == TERM_THEN_ACCEPT)
			return true;
	}
	return p->accept;
}

bool policy_run(const struct policy_chain *c, const struct policy_input *in,
		struct policy_output *out)
{
	*out = (struct policy_output){0};
	if (c->reject)
		return false;
	out->attr = attr_ref(in->attr);
	for (size_t i = 0; i < c->n; i++)
		if (!run_one(&c->policies[i], in, out)) {
			attr_unref(out->attr);
			out->attr = NULL;
			return false;
		}
	return true;
}
