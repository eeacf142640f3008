/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "roster.h"
#include "testing.h"
#include "util.h"
#include "wceiling.h"

static struct device wg0 = {.name = "wg0"}, wg1 = {.name = "wg1"};
static struct peer b = {.dev = &wg0, .name = "b"}, c = {.dev = &wg0, .name = "c"};
static struct peer stranger = {.dev = &wg0, .name = "stranger"}, red = {.dev = &wg1, .name = "red"};

static json_t *config(const char *permit)
{
	json_error_t error;
	json_t *json = json_pack_ex(
		&error, 0,
		"{s:[{s:s,s:i,s:[s],s:[{s:s,s:s}]}],"
		" s:{s:[{s:s,s:s},{s:s,s:s},{s:s,s:b}]},"
		" s:{s:[{s:s,s:[s],s:[{s:s,s:[s],s:[s]},{s:s,s:[s],s:[s],s:[s]}]},"
		"       {s:s,s:[{s:s,s:[s],s:[s]}]}]}}",
		"plane", "name", "red", "number", 1, "interface", "wg1", "static", "prefix",
		"10.77.0.0/16", "next-hop", "10.9.0.2", /* red's, by its address in that plane */
		"rib", "static", "prefix", "172.16.0.0/16", "next-hop", "10.9.0.2", "prefix",
		"172.17.0.0/16", "next-hop", "192.168.2.7", "prefix", "172.18.0.0/16", "blackhole",
		1, "wireguard", "interface", "name", "wg0", "address", "10.9.0.1/24", "peer",
		"name", "b", "tunnel-address", "10.9.0.2", "permit", permit, "name", "c",
		"tunnel-address", "10.9.0.3", "permit", "0.0.0.0/0", "allowed-ips",
		"192.168.3.0/24", "name", "wg1", "peer", "name", "red", "tunnel-address",
		"10.9.0.2", "permit", "10.9.0.0/16");

	if (!json)
		fail_msg("%s", error.text);
	return json;
}

static void apply(const char *permit, uint32_t generation)
{
	json_t *json = config(permit);

	wceiling_apply(json, generation);
	json_decref(json);
}

static enum reason judge(struct peer *peer, const char *text, uint32_t generation)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return wceiling_judge(peer, &p, generation);
}

static int setup(void **state)
{
	wg0.beyond = wg1.beyond = 0;
	return 0;
}

static int teardown(void **state)
{
	wceiling_reset();
	return 0;
}

static void test_entries(void **state)
{
	static const struct {
		struct peer *peer;
		const char *prefix;
		enum reason reason;
	} rows[] = {
		{&b, "192.168.2.0/24", REASON_NONE},
		{&b, "192.168.2.128/25", REASON_NONE},
		{&b, "8.8.8.0/24", REASON_OUTSIDE_PERMIT},
		{&b, "128.0.0.0/1", REASON_OUTSIDE_PERMIT},
		{&b, "10.9.0.3/32", REASON_OWN_ADDRESS},
		{&b, "192.168.3.64/26", REASON_STATIC_ENTRY},
		{&c, "192.168.3.64/26", REASON_NONE},
		{&c, "10.9.0.1/32", REASON_OWN_ADDRESS},
		{&c, "10.9.0.0/24", REASON_OWN_ADDRESS},
		{&stranger, "192.168.2.0/24", REASON_NO_PERMIT},
		/* static routes */
		{&b, "172.16.0.0/16", REASON_NONE},
		{&b, "172.16.9.0/24", REASON_NONE}, /* handed over to whom the covering one goes */
		{&b, "172.17.0.0/16", REASON_NONE}, /* whose peer is not known here */
		{&b, "172.17.9.0/24", REASON_OUTSIDE_PERMIT},
		{&b, "172.18.0.0/16", REASON_OUTSIDE_PERMIT},
		{&stranger, "172.16.0.0/16", REASON_NO_PERMIT},
		/* another plane: its own addresses, and its own static routes */
		{&red, "10.9.0.3/32", REASON_NONE},
		{&red, "10.9.0.2/32", REASON_OWN_ADDRESS},
		{&red, "10.77.0.0/16", REASON_NONE},
		{&red, "172.16.0.0/16", REASON_OUTSIDE_PERMIT},
		{&b, "10.77.0.0/16", REASON_OUTSIDE_PERMIT},
	};
	uint64_t refused = 0;

	assert_int_equal(judge(&b, "8.8.8.0/24", 0), REASON_NONE); /* no configuration yet */
	apply("192.168.2.0/24", 7);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		enum reason r = judge(rows[i].peer, rows[i].prefix, 7);

		if (r != rows[i].reason)
			fail_msg("row %u: %s", i, reason_name(r));
		refused += r != REASON_NONE;
	}
	assert_int_equal(wg0.beyond + wg1.beyond, refused);
}

/* Both from APPLY to PRUNE; who went by the one before raises no alarm. */
static void test_change(void **state)
{
	apply("192.168.2.0/24", 7);
	apply("10.50.0.0/16", 8);
	assert_int_equal(judge(&b, "192.168.2.0/24", 7), REASON_NONE);
	assert_int_equal(judge(&b, "10.50.7.0/24", 8), REASON_NONE);
	assert_int_equal(judge(&b, "8.8.8.0/24", 8), REASON_OUTSIDE_PERMIT);
	wceiling_prune();
	assert_int_equal(judge(&b, "192.168.2.0/24", 7), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge(&b, "10.50.7.0/24", 8), REASON_NONE);
	assert_int_equal(wg0.beyond, 0);
}

static void test_alarm(void **state)
{
	apply("192.168.2.0/24", 7);
	apply("192.168.2.0/24", 8); /* nothing changed but the generation */
	assert_int_equal(judge(&b, "8.8.8.0/24", 7), REASON_OUTSIDE_PERMIT);
	assert_int_equal(wg0.beyond, 0);
	assert_int_equal(judge(&b, "8.8.8.0/24", 8), REASON_OUTSIDE_PERMIT);
	assert_int_equal(judge(&b, "8.8.8.0/24", 9), REASON_OUTSIDE_PERMIT);
	assert_int_equal(wg0.beyond, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alarm, setup, teardown),
	};

	log_init("wceiling_test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
