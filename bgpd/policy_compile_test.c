/* SPDX-License-Identifier: BSD-2-Clause */
/* Every leaf of a policy's term: which routes each condition takes, and what each change makes of a
 * route, as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "attr_wire.h"
#include "community.h"
#include "json_text.h"
#include "policy.h"
#include "quoted.h"
#include "util.h"

#define OWN_AS 65000

static struct policy_chain *chain_of_terms(const char *terms)
{
	char *text = xasprintf("{'wgbgp-policy:policy': [{'name': 'p', 'default': 'reject', "
			       "'term': [%s]}]}",
			       terms);
	json_t *config = quoted(text);
	struct policy_chain *c = policy_chain_named(config, "p");

	json_decref(config);
	free(text);
	return c;
}

/* ---- routes */

static struct attr *route_a(void)
{
	struct attr_edit *e = attr_edit_begin(NULL);

	attr_edit_nexthop(e, &(struct addr){.family = AF_INET, .b = {10, 99, 0, 2}});
	attr_edit_prepend(e, 65003, 1);
	attr_edit_prepend(e, 65002, 1);
	attr_edit_prepend(e, 65001, 1);
	attr_edit_community(e, true, 65000u << 16 | 1);
	attr_edit_community(e, true, 65000u << 16 | 2);
	attr_edit_large_community(e, true, (uint32_t[]){65000, 1, 1});
	attr_edit_large_community(e, true, (uint32_t[]){65000, 2, 2});
	attr_edit_med(e, true, 7);
	return attr_edit_finish(e);
}

static struct attr *route_b(void)
{
	struct attr_edit *e = attr_edit_begin(NULL);

	attr_edit_nexthop(e, &(struct addr){.family = AF_INET6, .b = {0xfd, 0x99, [15] = 2}});
	attr_edit_prepend(e, 65001, 1);
	attr_edit_prepend(e, 65003, 1);
	attr_edit_local_pref(e, true, 200);
	attr_edit_community(e, true, COMMUNITY_NO_EXPORT);
	return attr_edit_finish(e);
}

static struct attr *route_own(void)
{
	struct attr_edit *e = attr_edit_begin(NULL);

	attr_edit_med(e, true, 0);
	return attr_edit_finish(e);
}

static const struct addr far4 = {.family = AF_INET, .b = {10, 99, 0, 2}};
static const struct addr far6 = {.family = AF_INET6, .b = {0xfd, 0x99, [15] = 2}};
static const struct route {
	char letter;
	const char *prefix;
	struct attr *(*attr)(void);
	const struct addr *neighbor;
	enum policy_protocol protocol;
	uint8_t plane;
} routes[] = {
	{'a', "10.1.2.0/24", route_a, &far4, POLICY_BGP, 0},
	{'b', "fd01::/48", route_b, &far6, POLICY_BGP, 0},
	{'n', "10.1.0.0/16", route_own, NULL, POLICY_NETWORK, 0},
	{'c', "10.1.2.128/25", route_own, NULL, POLICY_CONNECTED, 0},
	{'s', "10.1.2.129/32", route_own, NULL, POLICY_STATIC, 0},
	{'k', "0.0.0.0/0", route_own, NULL, POLICY_KERNEL, 0},
	{'p', "10.1.2.0/24", route_a, &far4, POLICY_BGP, 3}, /* in another plane */
};

static bool run(struct policy_chain *c, const struct route *r, int64_t cost,
		struct policy_output *out)
{
	struct attr_edit *e;
	struct attr *a = r->attr();
	struct prefix p;
	struct policy_input in = {.prefix = &p,
				  .neighbor = r->neighbor,
				  .protocol = r->protocol,
				  .own_as = OWN_AS,
				  .default_local_pref = 100,
				  .has_cost = cost >= 0,
				  .cost = cost >= 0 ? (uint32_t)cost : 99};
	bool yes;

	assert_int_equal(prefix_parse(r->prefix, &p), 0);
	p.plane = r->plane;
	e = attr_edit_begin(a);
	attr_unref(a);
	in.attr = a = attr_edit_finish(e);
	yes = policy_run(c, &in, out);
	attr_unref(a);
	return yes;
}

static void check_taken(const char *match, const char *want)
{
	char *terms = xasprintf("{'name': '1', 'match': {%s}, 'then': 'accept'}", match);
	struct policy_chain *c = chain_of_terms(terms);
	char got[16] = "";

	for (unsigned i = 0; i < ARRAY_SIZE(routes); i++) {
		struct policy_output out;

		if (!run(c, &routes[i], -1, &out))
			continue;
		strncat(got, &routes[i].letter, 1);
		attr_unref(out.attr);
	}
	if (!str_eq(got, want))
		fail_msg("%s: takes \"%s\", expected \"%s\"", match, got, want);
	policy_chain_free(c);
	free(terms);
}

static void conditions(void **state)
{
	static const struct {
		const char *match, *taken;
	} rows[] = {
		{"", "abncskp"},
		{"'prefix': ['10.0.0.0/8']", "ancsp"},
		{"'prefix': ['10.1.2.0/24']", "acsp"},
		{"'prefix': ['10.1.2.0/25']", ""},
		{"'prefix': ['10.1.2.0/25', '"
		 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		 "']",
		 ""}, /* as long as there is room for, and 1 more */
		{"'prefix': ['10.1.2.0/25', '"
		 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		 "+']",
		 ""},
		{"'prefix': ['10.1.2.128/25']", "cs"},
		{"'prefix': ['0.0.0.0/0']", "ancskp"},
		{"'prefix': ['10.0.0.0/8+']", "ancsp"},
		{"'prefix': ['10.0.0.0/8{16}']", "n"},
		{"'prefix': ['10.0.0.0/8{24}']", "ap"},
		{"'prefix': ['10.0.0.0/8{16,24}']", "anp"},
		{"'prefix': ['10.0.0.0/8{17,24}']", "ap"},
		{"'prefix': ['10.0.0.0/8{16,23}']", "n"},
		{"'prefix': ['10.0.0.0/8{25,32}']", "cs"},
		{"'prefix': ['10.0.0.0/8{25,31}']", "c"},
		{"'prefix': ['10.0.0.0/8{25,99}']", "cs"},
		{"'prefix': ['10.1.2.0/24{0,24}']", "ap"},
		{"'prefix': ['0.0.0.0/0{0,0}']", "k"},
		{"'prefix': ['0.0.0.0/0{1,32}']", "ancsp"},
		{"'prefix': ['::/0']", "b"},
		{"'prefix': ['fd00::/8{48,128}']", "b"},
		{"'prefix': ['fd00::/8{49,128}']", ""},
		{"'prefix': ['172.16.0.0/12', '10.1.0.0/16{16}', 'fd01::/48']", "bn"},
		{"'prefix-exact': ['10.1.2.0/24']", "ap"},
		{"'prefix-exact': ['10.1.2.0/25', '0.0.0.0/0', '10.1.0.0/16']", "nk"},
		{"'prefix-exact': ['10.1.0.0/16'], 'prefix': ['10.1.2.0/24']", ""},
		{"'prefix-exact': ['10.1.2.0/24'], 'prefix': ['10.1.0.0/16']", "ap"},
		{"'family': 'ipv4'", "ancskp"},
		{"'family': 'ipv6'", "b"},
		{"'community': ['65000:1']", "ap"},
		{"'community': ['65000:3', '65000:2']", "ap"},
		{"'community': ['no-export']", "b"},
		{"'community': ['no-export', '65000:2']", "abp"},
		{"'community': ['65000:3']", ""},
		{"'large-community': ['65000:1:1']", "ap"},
		{"'large-community': ['65000:1:2', '65000:2:2']", "ap"},
		{"'large-community': ['65000:1:2']", ""},
		{"'as-path-contains': [65002]", "ap"},
		{"'as-path-contains': [65004, 65001]", "abp"},
		{"'as-path-contains': [65004]", ""},
		{"'origin-as': [65003]", "ap"},
		{"'origin-as': [65002, 65001]", "b"},
		{"'origin-as': [65002]", ""},
		{"'origin-as': [0]", "ncsk"},
		{"'neighbor': ['10.99.0.2']", "ap"},
		{"'neighbor': ['10.99.0.3', 'fd99::2']", "b"},
		{"'neighbor': ['10.99.0.3']", ""},
		{"'protocol': ['bgp']", "abp"},
		{"'protocol': ['network']", "n"},
		{"'protocol': ['connected']", "c"},
		{"'protocol': ['static']", "s"},
		{"'protocol': ['kernel']", "k"},
		{"'protocol': ['kernel', 'network']", "nk"},
		{"'next-hop': ['10.99.0.0/24']", "ap"},
		{"'next-hop': ['10.99.0.3/32', 'fd99::/64']", "b"},
		{"'next-hop': ['10.99.0.3/32']", ""},
		{"'local-preference': 200", "b"},
		{"'local-preference': 100", "ancskp"},
		{"'local-preference': 0", ""},
		{"'med': 7", "ap"},
		{"'med': 0", "ncsk"},
		{"'med': 8", ""},
		{"'med': 7, 'local-preference': 100, 'community': ['65000:1'], 'family': 'ipv4', "
		 "'protocol': ['bgp'], 'neighbor': ['10.99.0.2'], 'origin-as': [65003], "
		 "'as-path-contains': [65001], 'large-community': ['65000:1:1'], "
		 "'next-hop': ['10.99.0.2/32']",
		 "ap"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		check_taken(rows[i].match, rows[i].taken);
	assert_int_equal(attr_count(), 0);
}

/* ---- changes */

static json_t *json_of(const struct attr *a)
{
	struct json_text t = {0};
	json_t *obj;

	json_text_object(&t, NULL);
	attr_put_json(&t, a);
	json_text_addr(&t, "next-hop", &a->nexthop);
	json_text_end_object(&t);
	obj = json_loadb((char *)t.out.data, t.out.len, 0, NULL);
	assert_non_null(obj);
	json_text_free(&t);
	return obj;
}

static const char *flags_text(const struct policy_output *out)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%s%s%s", out->med_set ? "m" : "",
		 out->bandwidth_set ? "b" : "", out->nexthop_set ? "n" : "",
		 out->nexthop_self ? "s" : "");
	return text;
}

/* CHANGED: the members that are not as they were. */
static void check_change(const char *terms, const struct route *r, int64_t cost,
			 const char *changed, const char *flags)
{
	struct policy_chain *c = chain_of_terms(terms);
	struct attr *before = r->attr();
	json_t *want = json_of(before), *over = quoted(changed), *got;
	struct policy_output out;

	assert_true(run(c, r, cost, &out));
	got = json_of(out.attr);
	json_object_update(want, over);
	if (!json_equal(got, want))
		fail_msg("%s:\n%s\nexpected\n%s", terms, json_dumps(got, JSON_SORT_KEYS),
			 json_dumps(want, JSON_SORT_KEYS));
	if (!str_eq(flags_text(&out), flags))
		fail_msg("%s: flags %s, expected %s", terms, flags_text(&out), flags);
	if (!json_object_size(over))
		assert_ptr_equal(out.attr, before);
	json_decref(want);
	json_decref(over);
	json_decref(got);
	attr_unref(before);
	attr_unref(out.attr);
	policy_chain_free(c);
}

static void changes(void **state)
{
	static const struct {
		const char *set, *changed, *flags;
		int64_t cost;
	} rows[] = {
		{"", "{}", "", -1},
		{"'local-preference': 0", "{'local-preference': 0}", "", -1},
		{"'local-preference': 4294967295", "{'local-preference': 4294967295}", "", -1},
		{"'med': 0", "{'med': 0}", "m", -1},
		{"'med': 9", "{'med': 9}", "m", 4},
		{"'med': 'tunnel-cost'", "{'med': 4}", "m", 4},
		{"'med': 'tunnel-cost'", "{'med': 0}", "m", 0},
		{"'med': 'tunnel-cost'", "{}", "", -1},
		{"'aigp': 0", "{'aigp': 0}", "", -1},
		{"'aigp': 77", "{'aigp': 77}", "", -1},
		{"'weight': 5", "{'weight': 5}", "", -1},
		{"'link-bandwidth': 8",
		 "{'extended-communities': ['link-bandwidth:65000:1000000']}", "b", -1},
		{"'prepend': 1", "{'as-path': '65000 65001 65002 65003'}", "", -1},
		{"'prepend': 2, 'prepend-as': 7", "{'as-path': '7 7 65001 65002 65003'}", "", -1},
		{"'prepend-as': 7", "{}", "", -1},
		{"'community-add': ['65000:1', '65000:3', 'no-advertise']",
		 "{'communities': ['65000:1', '65000:2', '65000:3', 'no-advertise']}", "", -1},
		{"'community-delete': ['65000:1', '65000:3']", "{'communities': ['65000:2']}", "",
		 -1},
		{"'community-delete': ['65000:1', '65000:2']", "{'communities': []}", "", -1},
		{"'community-delete': ['65000:1'], 'community-add': ['65000:1']",
		 "{'communities': ['65000:2', '65000:1']}", "", -1},
		{"'community-set': ['65000:9', '65000:1']",
		 "{'communities': ['65000:9', '65000:1']}", "", -1},
		{"'community-set': ['65000:9'], 'community-add': ['65000:8']",
		 "{'communities': ['65000:9']}", "", -1},
		{"'large-community-add': ['1:2:3', '65000:1:1']",
		 "{'large-communities': ['65000:1:1', '65000:2:2', '1:2:3']}", "", -1},
		{"'large-community-delete': ['65000:1:1', '1:2:3']",
		 "{'large-communities': ['65000:2:2']}", "", -1},
		{"'large-community-set': ['1:2:3', '4:5:6']",
		 "{'large-communities': ['1:2:3', '4:5:6']}", "", -1},
		{"'large-community-set': ['1:2:3'], 'large-community-add': ['4:5:6']",
		 "{'large-communities': ['1:2:3']}", "", -1},
		{"'next-hop': '10.99.0.77'", "{'next-hop': '10.99.0.77'}", "n", -1},
		{"'next-hop': 'self'", "{}", "s", -1},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *terms =
			xasprintf("{'name': '1', 'set': {%s}, 'then': 'accept'}", rows[i].set);

		check_change(terms, &routes[0], rows[i].cost, rows[i].changed, rows[i].flags);
		free(terms);
	}
	assert_int_equal(attr_count(), 0);
}

/* What several terms do to a route: the later ones see what the earlier ones made. */
static void sequences(void **state)
{
	static const struct {
		const char *terms, *changed, *flags;
	} rows[] = {
		{"{'name': '1', 'set': {'med': 1}}, {'name': '2', 'match': {'med': 1}, "
		 "'then': 'accept'}",
		 "{'med': 1}", "m"},
		{"{'name': '1', 'set': {'med': 1}, 'then': 'next'}, "
		 "{'name': '2', 'set': {'local-preference': 3}, 'then': 'accept'}, "
		 "{'name': '3', 'set': {'med': 2}, 'then': 'accept'}",
		 "{'med': 1, 'local-preference': 3}", "m"},
		{"{'name': '1', 'match': {'med': 1}, 'set': {'med': 8}, 'then': 'reject'}, "
		 "{'name': '2', 'then': 'accept'}",
		 "{}", ""},
		{"{'name': '1', 'set': {'next-hop': 'self'}}, "
		 "{'name': '2', 'set': {'next-hop': '10.99.0.77'}, 'then': 'accept'}",
		 "{'next-hop': '10.99.0.77'}", "n"},
		{"{'name': '1', 'set': {'next-hop': '10.99.0.77'}}, "
		 "{'name': '2', 'set': {'next-hop': 'self'}, 'then': 'accept'}",
		 "{'next-hop': '10.99.0.77'}", "s"},
		{"{'name': '1', 'set': {'link-bandwidth': 1}}, {'name': '2', 'then': 'accept'}",
		 "{'extended-communities': ['link-bandwidth:65000:125000']}", "b"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		check_change(rows[i].terms, &routes[0], -1, rows[i].changed, rows[i].flags);
}

static void questions(void **state)
{
	static const struct {
		const char *terms;
		bool by_prefix, by_cost;
	} rows[] = {
		{"", false, false},
		{"{'name': '1', 'match': {'family': 'ipv4'}}", false, false},
		{"{'name': '1'}, {'name': '2', 'match': {'prefix': ['10.0.0.0/8']}}", true, false},
		{"{'name': '1', 'match': {'prefix-exact': ['10.0.0.0/8']}}, {'name': '2'}", true,
		 false},
		{"{'name': '1'}, {'name': '2', 'set': {'med': 'tunnel-cost'}}", false, true},
		{"{'name': '1', 'set': {'med': 3}}", false, false},
	};
	json_t *config;
	struct policy_chain *c;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		c = chain_of_terms(rows[i].terms);
		assert_int_equal(policy_chain_by_prefix(c), rows[i].by_prefix);
		assert_int_equal(policy_chain_by_cost(c), rows[i].by_cost);
		policy_chain_free(c);
	}
	assert_false(policy_chain_by_prefix(NULL));
	assert_false(policy_chain_by_cost(NULL));
	assert_null(policy_chain_ref(NULL));
	/* A name that nobody knows lets nothing through; neither does what has no term. */
	config = quoted("{'wgbgp-policy:policy': [{'name': 'p', 'default': 'accept'}]}");
	for (int i = 0; i < 3; i++) {
		struct policy_output out = {0};

		c = policy_chain_named(config, i == 0 ? "p" : i == 1 ? "q" : "none");
		assert_int_equal(run(c, &routes[0], -1, &out), i == 0);
		assert_null(i ? out.attr : NULL);
		attr_unref(out.attr);
		policy_chain_free(c);
	}
	json_decref(config);
}

/* Chains are the same where their terms are, and as long as somebody has one of them. */
static void shared(void **state)
{
	json_t *config = quoted(
		"{'wgbgp-policy:policy': [{'name': 'p', 'term': [{'name': '1', 'then': 'accept'}]},"
		"{'name': 'q', 'term': [{'name': '1', 'then': 'reject'}]}]}");
	json_t *other = quoted("{'wgbgp-policy:policy': [{'name': 'p', 'term': [{'name': '1', "
			       "'then': 'reject'}]}]}");
	struct policy_chain *p = policy_chain_named(config, "p"),
			    *q = policy_chain_named(config, "q"),
			    *p2 = policy_chain_named(other, "p"), *again = policy_chain_ref(p);

	assert_false(policy_chain_eq(p, p2));
	assert_false(policy_chain_eq(p, q));
	policy_chain_free(p);
	assert_ptr_equal(policy_chain_named(config, "p"), again);
	policy_chain_free(again);
	policy_chain_free(again);
	assert_ptr_equal(policy_chain_named(config, "q"), q); /* found behind a freed one */
	policy_chain_free(q);
	policy_chain_free(q);
	policy_chain_free(p2);
	json_decref(config);
	json_decref(other);
}

static void community_names(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} rows[] = {
		{"no-export", true, 0xffffff01},
		{"no-advertise", true, 0xffffff02},
		{"no-export-subconfed", true, 0xffffff03},
		{"no-peer", true, 0xffffff04},
		{"graceful-shutdown", true, 0xffff0000},
		{"llgr-stale", true, 0xffff0006},
		{"no-llgr", true, 0xffff0007},
		{"blackhole", true, 0xffff029a},
		{"0:0", true, 0},
		{"65535:65535", true, 0xffffffff},
		{"1:2", true, 0x10002},
		{"65536:1", false, 0},
		{"1:65536", false, 0},
		{":1", false, 0},
		{"1:", false, 0},
		{"1", false, 0},
		{"1:2x", false, 0},
		{"1-2", false, 0},
		{"", false, 0},
		{"export", false, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t v = 0;

		if (community_parse(rows[i].text, &v) != rows[i].good ||
		    (rows[i].good && v != rows[i].value))
			fail_msg("%s: %08x", rows[i].text, v);
	}
}

static void large_communities(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t v[3];
	} rows[] = {
		{"1:2:3", true, {1, 2, 3}},
		{"4294967295:4294967295:4294967295", true, {UINT32_MAX, UINT32_MAX, UINT32_MAX}},
		{"0:0:0", true, {0, 0, 0}},
		{"4294967296:0:0", false, {0}},
		{"0:0:4294967296", false, {0}},
		{"1:2", false, {0}},
		{"1:2:", false, {0}},
		{":2:3", false, {0}},
		{"1:2:3:", false, {0}},
		{"1:2:3:4", false, {0}},
		{"1:2;3", false, {0}},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t v[3] = {0};

		if (policy_parse_large_community(rows[i].text, v) != rows[i].good ||
		    (rows[i].good && memcmp(v, rows[i].v, sizeof(v)) != 0))
			fail_msg("%s: %u:%u:%u", rows[i].text, v[0], v[1], v[2]);
	}
}

/* Patterns and values that are none count as absent. */
static void malformed(void **state)
{
	check_taken("'prefix': ['10.0.0.0/33', 'x', '10.1.0.0/16{16}']", "n");
	check_taken(
		"'prefix': ['1111111111111111111111111111111111111111111111111111111111111111111"
		"11111111111111111111111111111', '10.1.0.0/16{16}']",
		"n");
	check_taken("'community': ['x', '65000:1']", "ap");
	check_taken("'large-community': ['x', '65000:1:1']", "ap");
	check_taken("'protocol': ['x', 'kernel']", "k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(changes),
		cmocka_unit_test(sequences),
		cmocka_unit_test(questions),
		cmocka_unit_test(shared),
		cmocka_unit_test(community_names),
		cmocka_unit_test(large_communities),
		cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
