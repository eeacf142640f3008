/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_term.h"

#include <stdlib.h>
#include <string.h>

#include "community.h"
#include "conf.h"
#include "util.h"

bool policy_parse_large_community(const char *text, uint32_t out[3])
{
	for (int i = 0; i < 3; i++) {
		char *end;
		unsigned long v = strtoul(text, &end, 10);

		if (end == text || v > UINT32_MAX || *end != (i < 2 ? ':' : '\0'))
			return false;
		out[i] = (uint32_t)v;
		text = end + 1;
	}
	return true;
}

static void read_communities(const json_t *obj, const char *name, struct u32_list *out)
{
	json_t *list = conf_list(obj, name), *item;
	size_t i;

	if (!json_array_size(list))
		return;
	out->v = xcalloc(json_array_size(list), sizeof(*out->v));
	json_array_foreach (list, i, item)
		if (community_parse(json_string_value(item), &out->v[out->n]))
			out->n++;
}

static void read_large(const json_t *obj, const char *name, struct large_list *out)
{
	json_t *list = conf_list(obj, name), *item;
	size_t i;

	if (!json_array_size(list))
		return;
	out->v = xcalloc(json_array_size(list), sizeof(*out->v));
	json_array_foreach (list, i, item)
		if (policy_parse_large_community(json_string_value(item), out->v[out->n]))
			out->n++;
}

static void read_numbers(const json_t *obj, const char *name, struct u32_list *out)
{
	json_t *list = conf_list(obj, name), *item;
	size_t i;

	if (!json_array_size(list))
		return;
	out->v = xcalloc(json_array_size(list), sizeof(*out->v));
	json_array_foreach (list, i, item)
		out->v[out->n++] = (uint32_t)json_integer_value(item);
}

/* P/len, P/len+, P/len{MIN,MAX}. */
static bool parse_range(const char *text, struct prefix_range *out)
{
	char plain[80];
	unsigned min, max;
	const char *tail = strpbrk(text, "+{");
	size_t n = tail ? (size_t)(tail - text) : strlen(text);

	if (n >= sizeof(plain))
		return false;
	memcpy(plain, text, n);
	plain[n] = 0;
	if (prefix_parse(plain, &out->prefix) < 0)
		return false;
	out->min = out->prefix.len;
	out->max = family_bits(out->prefix.family);
	if (tail && *tail == '{') {
		char *end;

		min = strtoul(tail + 1, &end, 10);
		max = *end == ',' ? strtoul(end + 1, NULL, 10) : min;
		out->min = min > out->min ? min : out->min;
		out->max = max < out->max ? max : out->max;
	}
	return true;
}

static void read_ranges(const json_t *match, struct policy_term *t)
{
	json_t *list = conf_list(match, "prefix"), *item;
	size_t i;

	if (!json_array_size(list))
		return;
	t->ranges = xcalloc(json_array_size(list), sizeof(*t->ranges));
	json_array_foreach (list, i, item)
		if (parse_range(json_string_value(item), &t->ranges[t->n_ranges]))
			t->n_ranges++;
}

static void read_protocols(const json_t *match, struct policy_term *t)
{
	static const char *const names[] = {"bgp", "network", "connected", "static", "kernel"};
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(match, "protocol"), i, item)
		for (unsigned p = 0; p < ARRAY_SIZE(names); p++)
			if (str_eq(names[p], json_string_value(item)))
				t->protocols |= 1u << p;
}

static void compile_match(const json_t *match, struct policy_term *t)
{
	const char *family = conf_str(match, "family", "");

	read_ranges(match, t);
	t->exact = conf_prefixes(match, "prefix-exact", &t->n_exact);
	t->family = str_eq(family, "ipv4") ? AF_INET : str_eq(family, "ipv6") ? AF_INET6 : 0;
	read_communities(match, "community", &t->community);
	read_large(match, "large-community", &t->large);
	read_numbers(match, "as-path-contains", &t->as_path);
	read_numbers(match, "origin-as", &t->origin_as);
	t->neighbors = conf_addrs(match, "neighbor", &t->n_neighbors);
	read_protocols(match, t);
	t->nexthops = conf_prefixes(match, "next-hop", &t->n_nexthops);
	t->match_local_pref = conf_has(match, "local-preference");
	t->local_pref = conf_u32(match, "local-preference", 0);
	t->match_med = conf_has(match, "med");
	t->med = conf_u32(match, "med", 0);
}

static void compile_set(const json_t *set, struct policy_term *t)
{
	t->set_local_pref = conf_has(set, "local-preference");
	t->new_local_pref = conf_u32(set, "local-preference", 0);
	t->set_med = conf_has(set, "med");
	t->new_med = conf_u32(set, "med", 0);
	t->med_cost = str_eq(conf_str(set, "med", ""), "tunnel-cost");
	t->set_aigp = conf_has(set, "aigp");
	t->new_aigp = conf_u32(set, "aigp", 0);
	t->set_weight = conf_has(set, "weight");
	t->new_weight = conf_u32(set, "weight", 0);
	t->link_bandwidth = conf_u32(set, "link-bandwidth", 0);
	t->prepend = (uint8_t)conf_u32(set, "prepend", 0);
	t->prepend_as = conf_u32(set, "prepend-as", 0);
	read_communities(set, "community-add", &t->community_add);
	read_communities(set, "community-delete", &t->community_delete);
	if (json_array_size(conf_list(set, "community-set"))) {
		t->clear_communities = true;
		free(t->community_add.v);
		t->community_add = (struct u32_list){0};
		read_communities(set, "community-set", &t->community_add);
	}
	read_large(set, "large-community-add", &t->large_add);
	read_large(set, "large-community-delete", &t->large_delete);
	if (json_array_size(conf_list(set, "large-community-set"))) {
		t->clear_large = true;
		free(t->large_add.v);
		t->large_add = (struct large_list){0};
		read_large(set, "large-community-set", &t->large_add);
	}
	t->nexthop_self = str_eq(conf_str(set, "next-hop", ""), "self");
	if (!t->nexthop_self)
		conf_addr(set, "next-hop", &t->nexthop);
	t->changes = t->set_aigp || t->link_bandwidth || t->set_local_pref || t->set_med ||
		     t->set_weight || t->prepend || t->clear_communities || t->clear_large ||
		     t->community_add.n || t->community_delete.n || t->large_add.n ||
		     t->large_delete.n || t->nexthop.family;
}

void policy_compile(const json_t *config, struct policy *p)
{
	json_t *list = conf_list(config, "term"), *item;
	size_t i;

	p->accept = str_eq(conf_str(config, "default", "reject"), "accept");
	if (json_array_size(list))
		p->terms = xcalloc(json_array_size(list), sizeof(*p->terms));
	json_array_foreach (list, i, item) {
		struct policy_term *t = &p->terms[p->n++];
		const char *then = conf_str(item, "then", "next");

		compile_match(conf_get(item, "match"), t);
		compile_set(conf_get(item, "set"), t);
		t->then = str_eq(then, "accept")   ? THEN_ACCEPT
			  : str_eq(then, "reject") ? THEN_REJECT
						   : THEN_NEXT;
	}
}

void policy_release(struct policy *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct policy_term *t = &p->terms[i];

		free(t->ranges);
		free(t->exact);
		free(t->community.v);
		free(t->large.v);
		free(t->as_path.v);
		free(t->origin_as.v);
		free(t->neighbors);
		free(t->nexthops);
		free(t->community_add.v);
		free(t->community_delete.v);
		free(t->large_add.v);
		free(t->large_delete.v);
	}
	free(p->terms);
	*p = (struct policy){0};
}
