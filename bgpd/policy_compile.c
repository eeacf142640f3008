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

static bool parse_community(const json_t *item, void *out)
{
	return community_parse(json_string_value(item), out);
}

static bool parse_large(const json_t *item, void *out)
{
	return policy_parse_large_community(json_string_value(item), out);
}

static bool parse_number(const json_t *item, void *out)
{
	*(uint32_t *)out = (uint32_t)json_integer_value(item);
	return true;
}

static void read_numbers(const json_t *obj, const char *name, conf_parse_fn parse,
			 struct u32_list *out)
{
	out->v = conf_values(obj, name, sizeof(*out->v), parse, &out->n);
}

static void read_large(const json_t *obj, const char *name, struct large_list *out)
{
	out->v = conf_values(obj, name, sizeof(*out->v), parse_large, &out->n);
}

/* P/len, P/len+, P/len{MIN,MAX}. */
static bool parse_range(const json_t *item, void *range)
{
	const char *text = json_string_value(item);
	struct prefix_range *out = range;
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
	t->ranges = conf_values(match, "prefix", sizeof(*t->ranges), parse_range, &t->n_ranges);
	t->exact = conf_prefixes(match, "prefix-exact", &t->n_exact);
	if (t->match.has_family)
		t->family = t->match.family == MATCH_FAMILY_IPV4 ? AF_INET : AF_INET6;
	read_numbers(match, "community", parse_community, &t->community);
	read_large(match, "large-community", &t->large);
	read_numbers(match, "as-path-contains", parse_number, &t->as_path);
	read_numbers(match, "origin-as", parse_number, &t->origin_as);
	t->neighbors = conf_addrs(match, "neighbor", &t->n_neighbors);
	read_protocols(match, t);
	t->nexthops = conf_prefixes(match, "next-hop", &t->n_nexthops);
}

static void compile_set(const json_t *set, struct policy_term *t)
{
	t->med_cost = str_eq(conf_str(set, "med", ""), "tunnel-cost");
	read_numbers(set, "community-add", parse_community, &t->community_add);
	read_numbers(set, "community-delete", parse_community, &t->community_delete);
	if (json_array_size(conf_list(set, "community-set"))) {
		t->clear_communities = true;
		free(t->community_add.v);
		t->community_add = (struct u32_list){0};
		read_numbers(set, "community-set", parse_community, &t->community_add);
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
	/* What only the caller can do is no change of the attributes. */
	t->changes = json_object_size(set) > (t->nexthop_self ? 1 : 0);
}

void policy_compile(const json_t *config, struct policy *p)
{
	json_t *list = conf_list(config, "term"), *item;
	struct conf_policy all;
	size_t i;

	conf_leaves_read(conf_policy_leaves, config, &all);
	p->accept = all.default_ == POLICY_DEFAULT_ACCEPT;
	if (json_array_size(list))
		p->terms = xcalloc(json_array_size(list), sizeof(*p->terms));
	json_array_foreach (list, i, item) {
		struct policy_term *t = &p->terms[p->n++];

		conf_leaves_read(conf_term_leaves, item, t);
		compile_match(conf_get(item, "match"), t);
		compile_set(conf_get(item, "set"), t);
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
