/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "community.h"
#include "policy.h"
#include "policy_ceiling.h"
#include "util.h"

static json_t *parse(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, 0, &e);

	if (!j)
		fail_msg("%s at %d", e.text, e.position);
	return j;
}

static struct attr *set_of(uint32_t as, uint32_t community)
{
	struct attr_edit *e = attr_edit_begin(NULL);

	attr_edit_nexthop(e, &(struct addr){.family = AF_INET, .b = {10, 99, 0, 2}});
	attr_edit_prepend(e, as, 1);
	if (community)
		attr_edit_community(e, true, community);
	return attr_edit_finish(e);
}

static bool run(struct policy_chain *c, const char *prefix, struct attr *a,
		struct policy_output *out)
{
	struct prefix p;
	struct addr from = {.family = AF_INET, .b = {10, 99, 0, 2}};
	struct policy_input in = {
		.prefix = &p,
		.attr = a,
		.neighbor = &from,
		.protocol = POLICY_BGP,
		.own_as = 65000,
		.default_local_pref = 100,
	};

	assert_int_equal(prefix_parse(prefix, &p), 0);
	return policy_run(c, &in, out);
}

static bool accepts(struct policy_chain *c, const char *prefix, struct attr *a)
{
	struct policy_output out;
	bool yes = run(c, prefix, a, &out);

	if (yes)
		attr_unref(out.attr);
	return yes;
}

static const char config_text[] =
	"{\"wgbgp-policy:policy\": ["
	" {\"name\": \"lans\", \"default\": \"reject\", \"term\": ["
	"  {\"name\": \"1\", \"match\": {\"prefix\": [\"192.168.0.0/16\"]}, \"then\": \"accept\"},"
	"  {\"name\": \"2\", \"match\": {\"prefix\": [\"10.0.0.0/8{16,24}\"]},"
	"   \"set\": {\"local-preference\": 200, \"community-add\": [\"65000:1\", \"no-export\"]},"
	"   \"then\": \"accept\"},"
	"  {\"name\": \"3\", \"match\": {\"prefix-exact\": [\"0.0.0.0/0\"]}, \"then\": "
	"\"accept\"}]},"
	" {\"name\": \"marked\", \"default\": \"accept\", \"term\": ["
	"  {\"name\": \"a\", \"match\": {\"community\": [\"65000:666\"]}, \"then\": \"reject\"},"
	"  {\"name\": \"b\", \"set\": {\"med\": 7, \"weight\": 5}, \"then\": \"next\"},"
	"  {\"name\": \"c\", \"match\": {\"med\": 7, \"as-path-contains\": [65001]},"
	"   \"set\": {\"prepend\": 2, \"next-hop\": \"self\"}, \"then\": \"accept\"}]}]}";

static void terms(void **state)
{
	json_t *config = parse(config_text);
	struct policy_chain *lans = policy_chain_named(config, "lans");
	struct attr *a = set_of(65001, 0);
	struct policy_output out;

	assert_true(accepts(lans, "192.168.7.0/24", a));
	assert_true(accepts(lans, "192.168.0.0/16", a));
	assert_false(accepts(lans, "192.0.0.0/8", a));
	assert_false(accepts(lans, "10.0.0.0/8", a));
	assert_false(accepts(lans, "10.1.1.0/25", a));
	assert_false(accepts(lans, "fd00::/48", a));
	assert_true(accepts(lans, "0.0.0.0/0", a));
	assert_false(accepts(lans, "0.0.0.0/1", a));
	assert_true(run(lans, "10.1.0.0/16", a, &out));
	assert_true(out.attr->has_local_pref);
	assert_int_equal(out.attr->local_pref, 200);
	assert_true(attr_community_has(out.attr, 65000u << 16 | 1));
	assert_true(attr_community_has(out.attr, COMMUNITY_NO_EXPORT));
	attr_unref(out.attr);
	attr_unref(a);
	policy_chain_free(lans);
	json_decref(config);
	assert_int_equal(attr_count(), 0);
}

static void changes_are_seen(void **state)
{
	json_t *config = parse(config_text);
	struct policy_chain *marked = policy_chain_named(config, "marked");
	struct attr *a = set_of(65001, 0), *b = set_of(65002, 0),
		    *bad = set_of(65001, 65000u << 16 | 666);
	struct policy_output out;

	assert_false(accepts(marked, "10.0.0.0/8", bad));
	assert_true(run(marked, "10.0.0.0/8", a, &out));
	assert_int_equal(out.attr->as_path_len, 3);
	assert_int_equal(out.attr->neighbor_as, 65000);
	assert_int_equal(out.attr->med, 7);
	assert_int_equal(out.attr->weight, 5);
	assert_true(out.nexthop_self);
	assert_true(out.med_set);
	attr_unref(out.attr);
	assert_true(run(marked, "10.0.0.0/8", b, &out)); /* by default, with what b changed */
	assert_int_equal(out.attr->as_path_len, 1);
	assert_int_equal(out.attr->med, 7);
	assert_false(out.nexthop_self);
	attr_unref(out.attr);
	attr_unref(a);
	attr_unref(b);
	attr_unref(bad);
	policy_chain_free(marked);
	json_decref(config);
	assert_int_equal(attr_count(), 0);
}

static struct policy_chain *chain(const json_t *config, const char *names)
{
	json_t *list = parse(names);
	struct policy_chain *c = policy_chain_new(config, list);

	json_decref(list);
	return c;
}

static void chains(void **state)
{
	json_t *config = parse(config_text);
	struct policy_chain *all = chain(config, "[\"all\"]"), *none = chain(config, "[\"none\"]");
	struct policy_chain *both = chain(config, "[\"lans\", \"marked\"]");
	struct policy_chain *again = chain(config, "[\"lans\", \"marked\"]");
	struct attr *a = set_of(65001, 0);
	struct policy_output out;

	assert_null(policy_chain_new(config, NULL));
	assert_ptr_equal(both, again);
	assert_true(policy_chain_eq(both, again));
	assert_false(policy_chain_eq(both, all));
	assert_false(policy_chain_eq(NULL, all));
	assert_true(policy_chain_by_prefix(both));
	assert_false(policy_chain_by_prefix(all));
	assert_true(accepts(all, "10.0.0.0/8", a));
	assert_false(accepts(none, "10.0.0.0/8", a));
	assert_false(accepts(both, "172.16.0.0/12", a)); /* the first one rejects */
	assert_true(run(both, "10.5.0.0/16", a, &out));	 /* both change */
	assert_int_equal(out.attr->local_pref, 200);
	assert_int_equal(out.attr->med, 7);
	attr_unref(out.attr);
	attr_unref(a);
	policy_chain_free(all);
	policy_chain_free(none);
	policy_chain_free(both);
	policy_chain_free(again);
	json_decref(config);
}

static const char tunnels_text[] =
	"{\"wgbgp-wireguard:wireguard\": {\"interface\": [{\"name\": \"wg0\","
	" \"address\": [\"10.99.0.1/24\", \"fd99::1/64\"], \"peer\": ["
	"  {\"name\": \"a\", \"tunnel-address\": [\"10.99.0.2\"], \"permit\": [\"192.168.2.0/24\","
	"   \"0.0.0.0/0\"], \"allowed-ips\": [\"172.16.9.0/24\"]},"
	"  {\"name\": \"b\", \"tunnel-address\": [\"10.99.0.3\"], \"permit\": "
	"[\"192.168.3.0/24\"]},"
	"  {\"name\": \"c\", \"tunnel-address\": [\"10.99.0.4\"]}]}]}}";

static enum reason judge(const char *prefix, const char *nexthop)
{
	struct prefix p;
	struct addr a;

	assert_int_equal(prefix_parse(prefix, &p), 0);
	assert_int_equal(addr_parse(nexthop, &a), 0);
	return policy_ceiling_judge(&p, &a, NULL);
}

static enum reason judge_external(const char *prefix, const char *nexthop, const char *neighbor)
{
	struct prefix p;
	struct addr a, from;

	assert_int_equal(prefix_parse(prefix, &p), 0);
	assert_int_equal(addr_parse(nexthop, &a), 0);
	assert_int_equal(addr_parse(neighbor, &from), 0);
	return policy_ceiling_judge(&p, &a, &from);
}

/* What a next hop that is no tunnel address resolves to has the last word. */
static enum reason judge_behind(const char *prefix, const char *nexthop, const char *peer)
{
	struct msg_nexthop m = {.reach = peer && !*peer ? REACH_DOWN : REACH_UP,
				.tunnel = peer && *peer};
	const struct ceiling_peer *to;
	enum ceiling_hop hop;
	struct prefix p;

	assert_int_equal(prefix_parse(prefix, &p), 0);
	assert_int_equal(addr_parse(nexthop, &m.addr), 0);
	str_copy(m.ifname, "wg0", sizeof(m.ifname));
	str_copy(m.peer, peer ? peer : "", sizeof(m.peer));
	hop = policy_ceiling_hop(&m, &to);
	return policy_ceiling_judge_hop(&p, hop, to);
}

static void hops_behind(void)
{
	static const struct {
		const char *prefix, *nexthop, *peer; /* NULL: a link; "": nothing leads there */
		enum reason reason;
	} rows[] = {
		{"8.8.8.0/24", "192.168.3.7", "b", REASON_OUTSIDE_PERMIT},
		{"192.168.3.0/25", "192.168.3.7", "b", REASON_NONE},
		{"8.8.8.0/24", "192.168.3.7", "a", REASON_NONE},
		{"8.8.8.0/24", "192.168.3.7", "c", REASON_NO_PERMIT},
		{"8.8.8.0/24", "192.168.3.7", "unheard-of", REASON_NO_PERMIT},
		{"8.8.8.0/24", "192.168.3.7", "", REASON_NONE},
		{"8.8.8.0/24", "10.99.0.3", "b", REASON_NONE}, /* was judged by its address */
		{"172.16.9.0/25", "192.168.3.7", "b", REASON_STATIC_ENTRY},
		{"10.99.0.4/32", "198.51.100.1", NULL, REASON_OWN_ADDRESS},
		{"192.168.3.0/24", "198.51.100.1", NULL, REASON_NOT_A_TUNNEL},
		{"172.16.9.0/25", "198.51.100.1", NULL, REASON_NOT_A_TUNNEL},
		{"8.8.8.0/24", "198.51.100.1", NULL, REASON_NONE},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		enum reason r = judge_behind(rows[i].prefix, rows[i].nexthop, rows[i].peer);

		if (r != rows[i].reason)
			fail_msg("row %u: %s", i, reason_name(r));
	}
}

static void ceilings(void **state)
{
	json_t *config = parse(tunnels_text);

	assert_true(policy_ceiling_apply(config));
	assert_false(policy_ceiling_apply(config));
	assert_int_equal(judge("192.168.3.0/24", "10.99.0.3"), REASON_NONE);
	assert_int_equal(judge("192.168.3.128/25", "10.99.0.3"), REASON_NONE);
	assert_int_equal(judge("192.168.2.0/23", "10.99.0.3"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge("192.168.4.0/24", "10.99.0.3"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge("fd00::/48", "10.99.0.3"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge("192.168.3.0/24", "10.99.0.4"), REASON_NO_PERMIT);
	assert_int_equal(judge("192.168.4.0/24", "198.51.100.1"), REASON_NONE);
	assert_int_equal(judge("8.8.8.0/24", "10.99.0.2"), REASON_NONE);
	assert_int_equal(judge("10.99.0.0/24", "10.99.0.2"), REASON_OWN_ADDRESS);
	assert_int_equal(judge("10.99.0.64/26", "10.99.0.2"), REASON_NONE);
	assert_int_equal(judge("10.99.0.1/32", "10.99.0.2"), REASON_OWN_ADDRESS);
	assert_int_equal(judge("10.99.0.3/32", "10.99.0.2"), REASON_OWN_ADDRESS);
	assert_int_equal(judge("172.16.9.0/24", "10.99.0.2"), REASON_NONE); /* its own */
	assert_int_equal(judge("172.16.9.7/32", "10.99.0.3"), REASON_STATIC_ENTRY);
	assert_int_equal(judge("172.16.0.0/16", "10.99.0.2"), REASON_NONE);
	/* An external neighbour behind a tunnel does not get round its list by another next hop. */
	assert_int_equal(judge_external("8.8.8.0/24", "198.51.100.1", "10.99.0.3"),
			 REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge_external("8.8.8.0/24", "10.99.0.77", "10.99.0.3"),
			 REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge_external("8.8.8.0/24", "198.51.100.1", "10.99.0.4"),
			 REASON_NO_PERMIT);
	assert_int_equal(judge_external("192.168.3.0/25", "198.51.100.1", "10.99.0.3"),
			 REASON_NONE);
	assert_int_equal(judge_external("192.168.2.0/24", "10.99.0.2", "10.99.0.3"), REASON_NONE);
	assert_int_equal(judge_external("8.8.8.0/24", "198.51.100.1", "198.51.100.9"), REASON_NONE);
	hops_behind();
	json_decref(config);
	config = parse("{}");
	assert_true(policy_ceiling_apply(config));
	assert_int_equal(judge("10.99.0.3/32", "10.99.0.4"), REASON_NONE);
	json_decref(config);
	policy_ceiling_free();
}

static void communities(void **state)
{
	uint32_t v, large[3];

	assert_true(community_parse("65000:100", &v));
	assert_int_equal(v, 65000u << 16 | 100);
	assert_true(community_parse("no-advertise", &v));
	assert_int_equal(v, COMMUNITY_NO_ADVERTISE);
	assert_false(community_parse("65536:1", &v));
	assert_false(community_parse("1:", &v));
	assert_true(policy_parse_large_community("4294967295:0:7", large));
	assert_int_equal(large[0], UINT32_MAX);
	assert_int_equal(large[2], 7);
	assert_false(policy_parse_large_community("1:2", large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terms),       cmocka_unit_test(changes_are_seen),
		cmocka_unit_test(chains),      cmocka_unit_test(ceilings),
		cmocka_unit_test(communities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
