/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ceiling.h"
#include "loop_fake.h"
#include "planes.h"
#include "testing.h"
#include "util.h"

static bool all_alike; /* every hash is the same */

uint32_t __real_hash_bytes(const void *data, size_t len);
uint32_t __wrap_hash_bytes(const void *data, size_t len);

uint32_t __wrap_hash_bytes(const void *data, size_t len)
{
	return all_alike ? 1 : __real_hash_bytes(data, len);
}

static int hash_all_alike(void **state)
{
	all_alike = true;
	return 0;
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		fail_msg("%s", error.text);
	return json;
}

/* A backup network by wg0, its management by wg1, where somebody gave the peer an entry too many;
 * wg2 is for all, wg3 in another plane. */
static const char tunnels[] =
	"{\"wgbgp-system:plane\": [{\"name\": \"red\", \"number\": 1, \"interface\": [\"wg3\"]}],"
	" \"wgbgp-wireguard:wireguard\": {\"interface\": ["
	"  {\"name\": \"wg0\", \"address\": [\"10.255.0.1/29\", \"fd99::1/64\"], \"peer\": ["
	"   {\"name\": \"dc\", \"tunnel-address\": [\"10.255.0.2\", \"fd99::2\"],"
	"    \"permit\": [\"10.20.20.0/24\", \"10.30.0.0/16\", \"10.10.0.0/16\", \"fd20::/32\"],"
	"    \"allowed-ips\": [\"10.30.7.0/24\"]},"
	"   {\"name\": \"lab\", \"tunnel-address\": [\"10.255.0.3\"], \"permit\": [\"10.0.0.0/8\"],"
	"    \"allowed-ips\": [\"10.30.0.0/16\", \"10.31.0.0/16\"]},"
	"   {\"name\": \"off\", \"disabled\": true, \"tunnel-address\": [\"10.255.0.4\"],"
	"    \"permit\": [\"10.77.0.0/16\"], \"allowed-ips\": [\"10.30.8.0/24\"]}]},"
	"  {\"name\": \"wg1\", \"address\": [\"10.255.1.1/30\"], \"peer\": ["
	"   {\"name\": \"dcm\", \"tunnel-address\": [\"10.255.1.2\"],"
	"    \"permit\": [\"10.20.10.0/24\"], \"allowed-ips\": [\"10.20.20.0/24\"]},"
	"   {\"name\": \"mute\", \"tunnel-address\": [\"10.255.1.3\"]}]},"
	"  {\"name\": \"wg2\", \"peer\": [{\"name\": \"dc\", \"tunnel-address\": [\"10.255.2.2\"],"
	"    \"permit\": [\"0.0.0.0/0\"], \"allowed-ips\": [\"any\"]}]},"
	"  {\"name\": \"wg3\", \"address\": [\"10.20.20.1/24\"], \"peer\": [{\"name\": \"red\","
	"    \"tunnel-address\": [\"10.20.20.2\"], \"permit\": [\"172.16.0.0/12\"]}]}]}}";

static struct prefix prefix_of(const char *text, uint8_t plane)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	p.plane = plane;
	return p;
}

static void test_rows(void **state)
{
	static const struct {
		const char *prefix, *interface, *peer; /* interface NULL: a link */
		enum reason reason;
		uint8_t plane;
	} rows[] = {
		{"10.20.20.0/24", "wg0", "dc", REASON_NONE, 0}, /* wg1's entry is wg1's */
		{"10.20.20.0/25", "wg0", "dc", REASON_NONE, 0},
		{"10.20.0.0/16", "wg0", "dc", REASON_OUTSIDE_PERMIT, 0},
		{"fd20:0:1::/48", "wg0", "dc", REASON_NONE, 0},
		{"fd21:1::/48", "wg0", "dc", REASON_OUTSIDE_PERMIT, 0},
		{"10.30.7.0/24", "wg0", "dc", REASON_NONE, 0}, /* its own entry */
		{"10.30.7.128/25", "wg0", "dc", REASON_NONE, 0},
		{"10.30.0.0/16", "wg0", "dc", REASON_STATIC_ENTRY, 0},
		{"10.30.8.0/24", "wg0", "dc", REASON_STATIC_ENTRY, 0},
		{"10.30.6.0/23", "wg0", "dc", REASON_STATIC_ENTRY, 0},
		{"10.30.0.0/16", "wg0", "lab", REASON_NONE, 0},
		{"10.30.7.64/26", "wg0", "lab", REASON_STATIC_ENTRY, 0},
		{"10.0.0.0/8", "wg0", "lab", REASON_NONE, 0},
		{"10.31.0.0/16", "wg2", "dc", REASON_NONE, 0},
		{"10.20.20.0/24", "wg1", "dcm", REASON_OUTSIDE_PERMIT, 0},
		{"10.20.20.0/24", "wg1", "mute", REASON_STATIC_ENTRY, 0},
		{"10.20.30.0/24", "wg1", "mute", REASON_NO_PERMIT, 0},
		{"10.255.0.3/32", "wg2", "dc", REASON_OWN_ADDRESS, 0},
		{"10.255.0.1/32", "wg0", "lab", REASON_OWN_ADDRESS, 0},
		{"10.255.0.0/29", "wg0", "lab", REASON_OWN_ADDRESS, 0},
		{"10.255.0.6/32", "wg0", "lab", REASON_NONE, 0},
		{"0.0.0.0/0", "wg2", "dc", REASON_NONE, 0},
		/* leaked: in neither plane may it be an address */
		{"172.16.9.0/24", "wg3", "red", REASON_NONE, 0},
		{"10.20.20.2/32", "wg3", "red", REASON_OWN_ADDRESS, 0},
		{"10.255.0.1/32", "wg3", "red", REASON_OUTSIDE_PERMIT, 1},
		/* by no tunnel */
		{"10.20.20.0/25", NULL, NULL, REASON_NOT_A_TUNNEL, 0},
		{"10.31.9.0/24", NULL, NULL, REASON_NOT_A_TUNNEL, 0},
		{"10.255.1.2/32", NULL, NULL, REASON_OWN_ADDRESS, 0},
		{"11.0.0.0/8", NULL, NULL, REASON_NONE, 0},
		{"172.16.9.0/24", NULL, NULL, REASON_NONE, 0},
		{"172.16.9.0/24", NULL, NULL, REASON_NOT_A_TUNNEL, 1},
		{"0.0.0.0/0", NULL, NULL, REASON_NONE, 0},
	};
	json_t *config = parse(tunnels);
	struct ceiling *c;

	planes_read(config);
	c = ceiling_new(config);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct prefix p = prefix_of(rows[i].prefix, rows[i].plane);
		const struct ceiling_peer *to =
			rows[i].interface ? ceiling_peer_named(c, rows[i].interface, rows[i].peer)
					  : NULL;
		enum reason r =
			rows[i].interface ? ceiling_judge(c, &p, to) : ceiling_judge_link(c, &p);

		if (r != rows[i].reason || (rows[i].interface && !to))
			fail_msg("row %u, %s at %s: %s", i, rows[i].prefix,
				 rows[i].interface ? rows[i].interface : "no tunnel",
				 reason_name(r));
	}
	ceiling_free(c);
	planes_read(NULL);
	json_decref(config);
}

static void test_peers(void **state)
{
	json_t *config = parse(tunnels), *other = parse("{}");
	struct ceiling *c, *again, *none = ceiling_new(other);
	struct addr a;

	planes_read(config);
	c = ceiling_new(config);
	again = ceiling_new(config);
	assert_true(ceiling_same(c, again));
	assert_false(ceiling_same(c, none));
	assert_false(ceiling_same(NULL, c));
	for (int i = 0; i < 2; i++) { /* the second time it is remembered */
		addr_parse("10.255.1.2", &a);
		assert_ptr_equal(ceiling_peer_at(c, &a), ceiling_peer_named(c, "wg1", "dcm"));
		addr_parse("10.255.0.4", &a); /* disabled */
		assert_null(ceiling_peer_at(c, &a));
		addr_parse("10.20.20.2", &a); /* of the other plane */
		assert_null(ceiling_peer_at(c, &a));
	}
	a.plane = 1;
	assert_non_null(ceiling_peer_at(c, &a));
	assert_ptr_not_equal(ceiling_peer_named(c, "wg0", "dc"),
			     ceiling_peer_named(c, "wg2", "dc"));
	assert_null(ceiling_peer_named(c, "wg1", "dc"));
	assert_null(ceiling_peer_named(none, "wg1", "dc"));
	addr_parse("10.255.0.1", &a);
	assert_true(ceiling_own_address(c, &a));
	a.plane = 1;
	assert_false(ceiling_own_address(c, &a));
	ceiling_free(c);
	ceiling_free(again);
	ceiling_free(none);
	ceiling_free(NULL);
	planes_read(NULL);
	json_decref(config);
	json_decref(other);
}

/* One that has its name by a configuration that is not known yet is who has the address. */
static void test_new_name(void **state)
{
	json_t *config = parse(tunnels);
	struct prefix p = prefix_of("10.20.20.0/24", 0);
	struct ceilings c = {0};
	struct addr addrs[2];
	struct ceiling_who who = {"wg0", "data-centre", addrs, 2};

	addr_parse("192.0.2.1", &addrs[0]);
	addr_parse("10.255.0.2", &addrs[1]);
	planes_read(config);
	ceilings_apply(&c, config, 1);
	assert_int_equal(ceilings_judge(&c, &(struct ceiling_ref){0}, &who, &p), REASON_NONE);
	who.n_addrs = 1;
	assert_int_equal(ceilings_judge(&c, &(struct ceiling_ref){0}, &who, &p), REASON_NO_PERMIT);
	who.n_addrs = 2;
	who.interface = "wg1"; /* there the address is nobody's */
	assert_int_equal(ceilings_judge(&c, &(struct ceiling_ref){0}, &who, &p), REASON_NO_PERMIT);
	ceilings_free(&c);
	planes_read(NULL);
	json_decref(config);
}

/* --- entries: what a static route leads to, what is configured --- */

static const char with_statics[] =
	"{\"plane\": [{\"name\": \"red\", \"number\": 1, \"interface\": [\"wg3\"], \"static\": ["
	"   {\"prefix\": \"192.168.0.0/16\", \"next-hop\": \"10.20.20.2\"}]},"
	"  {\"name\": \"x\", \"number\": 256, \"static\": ["
	"   {\"prefix\": \"172.22.0.0/16\", \"next-hop\": \"10.255.0.2\"}]}],"
	" \"rib\": {\"static\": ["
	"  {\"prefix\": \"nonsense\", \"next-hop\": \"10.255.0.2\"},"
	"  {\"prefix\": \"172.23.0.0/16\", \"interface\": \"wg0\"},"
	"  {\"prefix\": \"172.20.0.0/16\", \"next-hop\": \"10.255.0.2\"},"
	"  {\"prefix\": \"172.20.0.0/16\", \"next-hop\": \"10.255.0.2\"},"
	"  {\"prefix\": \"172.20.128.0/17\", \"next-hop\": \"10.255.1.2\"},"
	"  {\"prefix\": \"172.21.0.0/16\", \"next-hop\": \"192.0.2.9\"}]}}";

/* The tunnels with these static routes. */
static json_t *parse_with_statics(void)
{
	json_t *config = parse(tunnels), *more = parse(with_statics);

	json_object_del(config, "wgbgp-system:plane");
	json_object_update(config, more);
	json_decref(more);
	return config;
}

static void test_entries(void **state)
{
	static const struct {
		const char *prefix, *interface, *peer;
		enum reason reason;
	} rows[] = {
		{"10.20.20.0/25", "wg0", "dc", REASON_NONE}, /* permitted */
		{"172.20.0.0/16", "wg0", "dc", REASON_NONE},
		{"172.20.5.0/24", "wg0", "dc", REASON_NONE},
		{"172.20.129.0/24", "wg0", "dc", REASON_NONE}, /* by the wider route */
		{"172.20.129.0/24", "wg1", "dcm", REASON_NONE},
		{"172.20.0.0/15", "wg0", "dc", REASON_OUTSIDE_PERMIT},
		{"172.20.0.0/16", "wg1", "dcm", REASON_OUTSIDE_PERMIT},
		{"172.20.0.0/16", "wg1", "mute", REASON_NO_PERMIT},
		{"172.20.128.0/17", "wg1", "mute", REASON_NO_PERMIT},
		/* Whose next hop that is, is not known here: the route itself, no part of it. */
		{"172.21.0.0/16", "wg0", "dc", REASON_NONE},
		{"172.21.0.0/16", "wg1", "mute", REASON_NONE},
		{"172.21.3.0/24", "wg0", "dc", REASON_OUTSIDE_PERMIT},
		{"172.22.0.0/16", "wg0", "dc", REASON_OUTSIDE_PERMIT}, /* of no plane */
		{"172.23.0.0/16", "wg0", "dc", REASON_OUTSIDE_PERMIT}, /* no next hop */
		{"192.168.0.0/16", "wg3", "red", REASON_NONE},
		{"192.168.3.0/24", "wg3", "red", REASON_NONE},
		{"192.168.0.0/16", "wg0", "dc", REASON_OUTSIDE_PERMIT}, /* of another plane */
		/* Configured for the peer, or a part of that. */
		{"10.20.20.0/24", "wg1", "dcm", REASON_NONE},
		{"10.20.20.128/25", "wg1", "dcm", REASON_NONE},
		{"10.20.20.0/24", "wg1", "mute", REASON_STATIC_ENTRY},
		{"10.30.8.0/24", "wg0", "dc", REASON_STATIC_ENTRY},
		{"10.255.0.1/32", "wg0", "dc", REASON_OWN_ADDRESS},
		{"10.0.0.0/8", "wg9", "dc", REASON_NO_PERMIT}, /* nobody */
	};
	json_t *config = parse_with_statics();
	struct ceilings c = {0};

	planes_read(config);
	assert_true(ceilings_apply(&c, config, 1));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ceiling_who who = {rows[i].interface, rows[i].peer, NULL, 0};
		struct prefix p = prefix_of(rows[i].prefix, 0);
		enum reason r = ceilings_judge_entry(&c, &(struct ceiling_ref){0}, &who, &p);

		if (r != rows[i].reason)
			fail_msg("row %u, %s at %s: %s", i, rows[i].prefix, rows[i].peer,
				 reason_name(r));
	}
	ceilings_free(&c);
	planes_read(NULL);
	json_decref(config);
}

/* --- one configuration after the other --- */

static enum reason judge_now(const struct ceilings *c, struct ceiling_ref *ref, const char *prefix)
{
	struct prefix p = prefix_of(prefix, 0);
	struct ceiling_who who = {"wg0", "dc", NULL, 0};

	return ceilings_judge(c, ref, &who, &p);
}

static json_t *with_permit(const char *permit)
{
	return json_pack("{s:{s:[{s:s,s:[{s:s,s:[s]}]}]}}", "wireguard", "interface", "name", "wg0",
			 "peer", "name", "dc", "permit", permit);
}

/* An epoch never comes again: what an asker kept of an earlier one is not taken for the present. */
static void test_epochs(void **state)
{
	json_t *old = with_permit("10.1.0.0/16"), *new = with_permit("10.2.0.0/16");
	struct ceilings c = {0};
	uint32_t last = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++) {
			assert_true(ceilings_apply(&c, i % 2 ? new : old, 1));
			assert_true(c.epoch > last);
			last = c.epoch;
			assert_true(ceilings_prune(&c) == (i > 0));
			assert_true(i ? c.epoch > last : c.epoch == last);
			last = c.epoch;
		}
		ceilings_free(&c);
		assert_true(c.epoch > last);
		last = c.epoch;
	}
	json_decref(old);
	json_decref(new);
}

/* What is private: not a default route, nor its halves, nor another plane's. */
static void test_private(void **state)
{
	static const struct {
		const char *address;
		int len;
	} rows[] = {{"192.168.2.10", 24}, {"192.168.3.10", 16}, {"10.9.0.77", 24},
		    {"10.9.0.2", 32},	  {"10.9.0.1", 32},	{"172.16.0.1", 12},
		    {"172.32.0.1", -1},	  {"203.0.113.3", -1},	{"fd00:2::1", 32},
		    {"fd00:3::1", -1},	  {"10.77.0.1", -1}};
	json_t *j = json_loads(
		"{\"plane\": [{\"name\": \"blue\", \"number\": 1, \"table\": 101}], "
		"\"wireguard\": {\"interface\": [{\"name\": \"wg0\", \"address\": "
		"[\"10.9.0.1/24\"], \"peer\": [{\"name\": \"a\", \"tunnel-address\": "
		"[\"10.9.0.2\"], \"permit\": [\"0.0.0.0/0\", \"::/0\", \"0.0.0.0/1\", "
		"\"128.0.0.0/1\", \"192.168.0.0/16\", \"fd00:2::/32\"]}, {\"name\": \"b\", "
		"\"permit\": [\"192.168.2.0/24\"], \"allowed-ips\": [\"172.16.0.0/12\"]}]}, "
		"{\"name\": \"wg1\", \"plane\": \"blue\", \"peer\": [{\"name\": \"b\", "
		"\"permit\": [\"10.77.0.0/16\"]}]}]}}",
		0, NULL);
	struct ceilings c = {0};

	assert_non_null(j);
	planes_read(j);
	assert_int_equal(ceilings_private_len(&c, &(struct addr){.family = AF_INET}), -1);
	ceilings_apply(&c, j, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr a;

		assert_int_equal(addr_parse(rows[i].address, &a), 0);
		if (ceilings_private_len(&c, &a) != rows[i].len)
			fail_msg("%s: %d", rows[i].address, ceilings_private_len(&c, &a));
	}
	ceilings_free(&c);
	json_decref(j);
}

static void test_life(void **state)
{
	json_t *old = with_permit("10.1.0.0/16"), *new = with_permit("10.2.0.0/16"),
	       *none = json_object();
	struct ceilings c = {0};
	struct ceiling_ref ref = {0};
	struct prefix by_link = prefix_of("10.1.0.0/16", 0);

	loop_fake_pass(1000000);
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_NONE); /* none yet */
	assert_int_equal(ceilings_judge_link(&c, &by_link), REASON_NONE);
	assert_false(ceilings_prune(&c));
	assert_true(ceilings_apply(&c, old, 5));
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_NONE);
	assert_int_equal(judge_now(&c, &ref, "10.2.1.0/24"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(ceilings_judge_link(&c, &by_link), REASON_NOT_A_TUNNEL);
	assert_true(ceilings_known(&c, 5));
	assert_true(ceilings_known(&c, 6));
	assert_false(ceilings_known(&c, 4));
	assert_false(ceilings_prune(&c));

	assert_false(ceilings_apply(&c, old, 6)); /* the same again */
	assert_false(ceilings_known(&c, 5));
	assert_true(ceilings_known(&c, 6));
	assert_true(ceilings_apply(&c, new, 7));
	assert_false(ceilings_known(&c, 7)); /* until the others have it, too */
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_NONE);
	assert_int_equal(judge_now(&c, &ref, "10.2.1.0/24"), REASON_NONE);
	assert_int_equal(judge_now(&c, &ref, "10.3.1.0/24"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(ceilings_judge_link(&c, &by_link), REASON_NONE);
	assert_true(ceilings_prune(&c));
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge_now(&c, &ref, "10.2.1.0/24"), REASON_NONE);
	assert_false(ceilings_known(&c, 7)); /* they may have sent that before */
	loop_fake_pass(9999000);
	assert_false(ceilings_known(&c, 7));
	loop_fake_pass(1000);
	assert_true(ceilings_known(&c, 7));
	assert_false(ceilings_known(&c, 6));

	assert_true(ceilings_apply(&c, none, 8)); /* the peer goes, and is there until PRUNE */
	assert_int_equal(judge_now(&c, &ref, "10.2.1.0/24"), REASON_NONE);
	assert_true(ceilings_apply(&c, new, 9)); /* what was before counts, no older one */
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_OUTSIDE_PERMIT);
	assert_true(ceilings_apply(&c, none, 10));
	assert_true(ceilings_prune(&c));
	assert_int_equal(judge_now(&c, &ref, "10.2.1.0/24"), REASON_NO_PERMIT);
	assert_true(ceilings_apply(&c, old, 11));
	assert_int_equal(judge_now(&c, &ref, "10.1.1.0/24"), REASON_NONE);
	ceilings_free(&c);
	assert_int_equal(judge_now(&c, &ref, "10.9.1.0/24"), REASON_NONE);
	json_decref(old);
	json_decref(new);
	json_decref(none);
}

/* Addresses of any link are none for a route, whatever its prefix has in the place of a link. The
 * addresses themselves are of one link. */
static void test_links(void **state)
{
	static const char *const taken[] = {"fe80::1/128", "fe80::2/128", "fe80::/64",
					    "fe80:0:9::1/128"};
	json_t *config = parse("{\"wireguard\":{\"interface\":[{\"name\":\"wg0\","
			       "\"address\":[\"fe80::1/64\"],\"peer\":[{\"name\":\"a\","
			       "\"tunnel-address\":[\"fe80::2\"],\"permit\":[\"::/0\"]}]},"
			       "{\"name\":\"wg1\",\"address\":[\"fe80::1/64\"]}]}}");
	struct ceiling *c = ceiling_new(config);
	const struct ceiling_peer *a = ceiling_peer_named(c, "wg0", "a");
	struct addr own, peer, on;
	struct prefix host;

	assert_non_null(a);
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		struct prefix p = prefix_of(taken[i], 0);

		assert_int_equal(ceiling_judge(c, &p, a), REASON_OWN_ADDRESS);
		assert_int_equal(ceiling_judge_link(c, &p), REASON_OWN_ADDRESS);
	}
	assert_int_equal(addr_parse("fe80::1", &own), 0);
	assert_int_equal(addr_parse("fe80::2", &peer), 0);
	assert_false(ceiling_own_address(c, &own));
	assert_null(ceiling_peer_at(c, &peer));
	on = addr_on_link(&own, "wg1");
	assert_true(ceiling_own_address(c, &on));
	on = addr_on_link(&peer, "wg0");
	host = prefix_of_addr(&on);
	assert_int_equal(ceiling_judge(c, &host, a), REASON_OWN_ADDRESS);
	assert_ptr_equal(ceiling_peer_at(c, &on), a);
	on = addr_on_link(&peer, "wg1");
	assert_null(ceiling_peer_at(c, &on));
	ceiling_free(c);
	json_decref(config);
}

/* Two tunnels to one router: a session on a link means the tunnel there, and its list is asked. */
static void test_same_address_on_two_interfaces(void **state)
{
	json_t *config = parse(
		"{\"wireguard\":{\"interface\":["
		"{\"name\":\"wg1\",\"peer\":[{\"name\":\"b1\",\"tunnel-address\":[\"10.9.0.2\"],"
		"\"permit\":[\"10.1.0.0/16\"]}]},"
		"{\"name\":\"wg2\",\"peer\":[{\"name\":\"b2\",\"tunnel-address\":[\"10.9.0.2\","
		"\"10.9.0.3\",\"fd09::2\"],\"permit\":[\"10.2.0.0/16\"]}]}]}}");
	struct ceiling *c = ceiling_new(config);
	static const char *const links[] = {"wg1", "wg2", "wg3", ""};
	static const char *const want[] = {"10.9.0.2%wg1", "10.9.0.2%wg2", "10.9.0.2", "10.9.0.2"};
	struct addr hop, by;

	assert_int_equal(addr_parse("10.9.0.2", &hop), 0);
	assert_non_null(ceiling_peer_at(c, &hop));
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
		by = ceiling_hop_by(c, &hop, links[i]);
		assert_string_equal(ADDR_STR(&by), want[i]);
	}
	by = addr_by_link(&hop, "wg1");
	assert_ptr_equal(ceiling_peer_at(c, &by), ceiling_peer_named(c, "wg1", "b1"));
	by = addr_by_link(&hop, "wg2");
	assert_ptr_equal(ceiling_peer_at(c, &by), ceiling_peer_named(c, "wg2", "b2"));
	by = addr_by_link(&hop, "wg3");
	assert_null(ceiling_peer_at(c, &by));
	assert_int_equal(addr_parse("10.9.0.3", &hop), 0); /* one tunnel leads there */
	by = ceiling_hop_by(c, &hop, "wg2");
	assert_true(addr_eq(&by, &hop));
	ceiling_free(c);
	json_decref(config);
}

/* Which sections make another ceiling, and whether it is asked about links at all. */
static void test_what_is_the_same(void **state)
{
	json_t *config = parse_with_statics(), *other = json_deep_copy(config), *none = parse("{}"),
	       *link = parse("{\"wireguard\":{\"interface\":[{\"name\":\"wg0\","
			     "\"address\":[\"10.0.0.1/24\"]}]}}"),
	       *permit = with_permit("10.1.0.0/16");
	struct ceiling *a = ceiling_new(config), *b;
	struct ceilings c = {0};

	planes_read(config);
	ceilings_apply(&c, config, 1);
	json_object_del(other, "rib");
	b = ceiling_new(other);
	assert_true(ceiling_same(a, b));	   /* static routes aside, */
	assert_true(ceilings_apply(&c, other, 2)); /* of which the answers are others */
	ceiling_free(b);
	json_object_del(other, "plane");
	b = ceiling_new(other);
	assert_false(ceiling_same(a, b));
	assert_true(ceilings_apply(&c, other, 3));
	assert_true(ceiling_judges_links(b));
	ceiling_free(b);
	assert_true(ceiling_same(NULL, NULL));
	assert_false(ceiling_same(a, NULL));
	ceiling_free(a);
	a = ceiling_new(none);
	assert_false(ceiling_judges_links(a));
	ceiling_free(a);
	a = ceiling_new(link);
	assert_true(ceiling_judges_links(a));
	ceiling_free(a);
	a = ceiling_new(permit);
	assert_true(ceiling_judges_links(a));
	ceiling_free(a);
	ceilings_free(&c);
	planes_read(NULL);
	json_decref(config);
	json_decref(other);
	json_decref(none);
	json_decref(link);
	json_decref(permit);
}

/* --- random ones, against a search through all --- */

#define IFS 3
#define PEERS 4 /* an interface */
#define LIST 3

struct model_peer {
	unsigned n_permit, n_statics;
	struct prefix permit[LIST], statics[LIST];
	struct addr addr;
};
static struct model_peer models[2][IFS][PEERS];
static struct model_peer (*model)[PEERS] = models[0];

static uint64_t rng;

static unsigned rnd(unsigned n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(rng >> 33) % n;
}

static struct prefix random_prefix(void)
{
	uint8_t b[4] = {10, 0, (uint8_t)rnd(4) << 6, (uint8_t)rnd(4) << 6};

	return prefix_make(AF_INET, b, rnd(20) ? 15 + rnd(12) : 0);
}

static json_t *random_list(struct prefix *list, unsigned *n)
{
	json_t *out = json_array();

	*n = rnd(LIST + 1);
	for (unsigned i = 0; i < *n; i++) {
		list[i] = random_prefix();
		json_array_append_new(out, json_string(PREFIX_STR(&list[i])));
	}
	return out;
}

/* No two peers of an interface have the same entry: the parent refuses that. */
static bool clash(unsigned iface, unsigned peer)
{
	const struct model_peer *m = &model[iface][peer];

	for (unsigned k = 0; k < peer; k++)
		for (unsigned i = 0; i < m->n_statics; i++)
			for (unsigned j = 0; j < model[iface][k].n_statics; j++)
				if (prefix_eq(&m->statics[i], &model[iface][k].statics[j]))
					return true;
	return false;
}

static json_t *random_peer(unsigned iface, unsigned peer)
{
	struct model_peer *m = &model[iface][peer];
	uint8_t b[4] = {10, 0, (uint8_t)rnd(256), (uint8_t)(iface * PEERS + peer)};
	char name[8];
	json_t *permit = random_list(m->permit, &m->n_permit), *statics = NULL;

	do {
		json_decref(statics);
		statics = random_list(m->statics, &m->n_statics);
	} while (clash(iface, peer));
	m->addr = addr_make(AF_INET, b);
	snprintf(name, sizeof(name), "p%u", peer);
	return json_pack("{s:s,s:[s],s:o,s:o}", "name", name, "tunnel-address", ADDR_STR(&m->addr),
			 "permit", permit, "allowed-ips", statics);
}

static json_t *random_config(void)
{
	json_t *ifs = json_array();

	for (unsigned i = 0; i < IFS; i++) {
		json_t *peers = json_array();
		char name[8];

		for (unsigned k = 0; k < PEERS; k++)
			json_array_append_new(peers, random_peer(i, k));
		snprintf(name, sizeof(name), "wg%u", i);
		json_array_append_new(ifs, json_pack("{s:s,s:o}", "name", name, "peer", peers));
	}
	return json_pack("{s:{s:o}}", "wireguard", "interface", ifs);
}

static enum reason address_at(const struct prefix *p)
{
	for (unsigned i = 0; i < IFS * PEERS; i++) {
		struct prefix host = prefix_of_addr(&model[i / PEERS][i % PEERS].addr);

		if (prefix_eq(p, &host))
			return REASON_OWN_ADDRESS;
	}
	return REASON_NONE;
}

static bool in_list(const struct prefix *p, const struct prefix *list, unsigned n, unsigned least)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].len >= least && prefix_covers(&list[i], p))
			return true;
	return false;
}

static enum reason right_at(const struct prefix *p, unsigned iface, unsigned peer)
{
	const struct model_peer *m = &model[iface][peer];
	enum reason r = address_at(p);
	int best = -1, owner = -1;

	for (unsigned k = 0; k < PEERS; k++)
		for (unsigned i = 0; i < model[iface][k].n_statics; i++) {
			const struct prefix *s = &model[iface][k].statics[i];

			if (prefix_covers(s, p) && s->len > best) {
				best = s->len;
				owner = k;
			}
		}
	if (r != REASON_NONE)
		return r;
	if (owner >= 0 && owner != (int)peer)
		return REASON_STATIC_ENTRY;
	if (!m->n_permit)
		return REASON_NO_PERMIT;
	return in_list(p, m->permit, m->n_permit, 0) ? REASON_NONE : REASON_OUTSIDE_PERMIT;
}

static enum reason right_by_link(const struct prefix *p)
{
	enum reason r = address_at(p);

	for (unsigned i = 0; i < IFS * PEERS && r == REASON_NONE; i++) {
		const struct model_peer *m = &model[i / PEERS][i % PEERS];

		if (in_list(p, m->permit, m->n_permit, 1) ||
		    in_list(p, m->statics, m->n_statics, 1))
			r = REASON_NOT_A_TUNNEL;
	}
	return r;
}

static void check_one(struct ceiling *c)
{
	unsigned iface = rnd(IFS), peer = rnd(PEERS);
	struct prefix p = rnd(20) ? random_prefix() : prefix_of_addr(&model[rnd(IFS)][peer].addr);
	const struct ceiling_peer *to = ceiling_peer_at(c, &model[iface][peer].addr);

	assert_non_null(to);
	if (ceiling_judge(c, &p, to) != right_at(&p, iface, peer) ||
	    ceiling_judge_link(c, &p) != right_by_link(&p))
		fail_msg("%s at wg%u p%u: %s, by a link %s", PREFIX_STR(&p), iface, peer,
			 reason_name(ceiling_judge(c, &p, to)),
			 reason_name(ceiling_judge_link(c, &p)));
}

/* Behind APPLY what either configuration lets through is fine, behind PRUNE only the new one. */
static enum reason right_of_both(enum reason (*right)(const struct prefix *, unsigned, unsigned),
				 const struct prefix *p, unsigned iface, unsigned peer, bool both)
{
	enum reason now, before = REASON_NO_PERMIT;

	model = models[1];
	now = right(p, iface, peer);
	model = models[0];
	if (both)
		before = right(p, iface, peer);
	return before == REASON_NONE ? REASON_NONE : now;
}

static enum reason right_link(const struct prefix *p, unsigned iface, unsigned peer)
{
	return right_by_link(p);
}

static enum reason right_entry(const struct prefix *p, unsigned iface, unsigned peer)
{
	const struct model_peer *m = &model[iface][peer];
	enum reason r = right_at(p, iface, peer);

	if (r != REASON_NONE && in_list(p, m->statics, m->n_statics, 0)) {
		int best = -1, others = -1;

		for (unsigned k = 0; k < PEERS; k++)
			for (unsigned i = 0; i < model[iface][k].n_statics; i++) {
				const struct prefix *s = &model[iface][k].statics[i];
				int *longest = k == peer ? &best : &others;

				if (prefix_covers(s, p) && s->len > *longest)
					*longest = s->len;
			}
		return best > others ? REASON_NONE : r;
	}
	return r;
}

static void check_both(const struct ceilings *c, bool both)
{
	unsigned iface = rnd(IFS), peer = rnd(PEERS);
	struct prefix p =
		rnd(20) ? random_prefix() : prefix_of_addr(&models[rnd(2)][rnd(IFS)][peer].addr);
	char interface[8], name[8];
	struct ceiling_who who = {interface, name, NULL, 0};
	struct ceiling_ref ref = {0};

	snprintf(interface, sizeof(interface), "wg%u", iface);
	snprintf(name, sizeof(name), "p%u", peer);
	if (ceilings_judge(c, &ref, &who, &p) != right_of_both(right_at, &p, iface, peer, both) ||
	    ceilings_judge_entry(c, &ref, &who, &p) !=
		    right_of_both(right_entry, &p, iface, peer, both) ||
	    ceilings_judge_link(c, &p) != right_of_both(right_link, &p, iface, peer, both))
		fail_msg("%s at %s %s%s", PREFIX_STR(&p), interface, name, both ? ", of both" : "");
}

static void test_random_changes(void **state)
{
	rng = test_seed();
	for (unsigned i = 0; i < 100; i++) {
		struct ceilings c = {0};

		for (unsigned k = 0; k < 2; k++) {
			json_t *config;

			model = models[k];
			config = random_config();
			ceilings_apply(&c, config, k);
			json_decref(config);
		}
		for (unsigned k = 0; k < 200; k++)
			check_both(&c, true);
		ceilings_prune(&c);
		for (unsigned k = 0; k < 200; k++)
			check_both(&c, false);
		ceilings_free(&c);
	}
}

static void test_random(void **state)
{
	rng = test_seed();
	for (unsigned i = 0; i < 200; i++) {
		json_t *config = random_config();
		struct ceiling *c = ceiling_new(config);

		for (unsigned k = 0; k < 200; k++)
			check_one(c);
		ceiling_free(c);
		json_decref(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_new_name),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_epochs),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_same_address_on_two_interfaces),
		cmocka_unit_test(test_what_is_the_same),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test_setup(test_rows, hash_all_alike),
		cmocka_unit_test_setup(test_peers, hash_all_alike),
		cmocka_unit_test_setup(test_new_name, hash_all_alike),
		cmocka_unit_test_setup(test_random, hash_all_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
