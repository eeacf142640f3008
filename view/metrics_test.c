/* SPDX-License-Identifier: BSD-2-Clause */
/* What the table says of itself, and how rows become samples; cli/testdata/metrics.golden has it
 * all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "metrics_table.h"
#include "util.h"

#define NOW 1800000000

static struct metrics *m;

static void take(const char *command, const char *answer)
{
	json_t *doc = json_loads(answer, 0, NULL);
	size_t n = 0;

	assert_non_null(doc);
	while (!str_eq(metrics_command(n), command))
		n++;
	metrics_take(m, n, doc);
	json_decref(doc);
}

static char *text(void)
{
	char *out;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	metrics_write(m, f);
	fclose(f);
	return out;
}

static void says(const char *line)
{
	char *all = text();

	if (!strstr(all, line))
		fail_msg("no %s in %s", line, all);
	free(all);
}

static bool ends(const char *text_, const char *end)
{
	size_t len = strlen(text_), n = strlen(end);

	return len >= n && str_eq(text_ + len - n, end);
}

/* Names and units as the ecosystem has them. */
static void test_table(void **state)
{
	static const char *const units[] = {"milliseconds", "percent", "_ms", "minutes", "kib"};

	for (size_t i = 0; i < metrics_table_length; i++) {
		const struct metric *row = &metrics_table[i];

		assert_memory_equal(row->name, "wgbgp_", 6);
		assert_true(str_eq(row->type, "counter") == ends(row->name, "_total"));
		assert_true(str_eq(row->type, "counter") || str_eq(row->type, "gauge") ||
			    str_eq(row->type, "histogram"));
		assert_int_equal(row->kind == TIMES, str_eq(row->type, "histogram"));
		assert_true(row->source < SOURCES && ends(row->help, "."));
		for (size_t k = 0; k < ARRAY_SIZE(units); k++)
			assert_null(strstr(row->name, units[k]));
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(row->name, metrics_table[k].name));
		assert_int_equal(row->kind == INFO, ends(row->name, "_info"));
		assert_int_equal(row->kind == AGE, ends(row->name, "_age_seconds"));
	}
	assert_null(metrics_command(MADE));
}

/* A key is a label of the one metric that is there for it. */
static void test_keys(void **state)
{
	for (size_t i = 0; i < metrics_table_length; i++)
		assert_int_equal(strstr(metrics_table[i].key, "key") != NULL,
				 str_eq(metrics_table[i].name, "wgbgp_tunnel_info"));
	for (size_t i = 0; i < SOURCES; i++)
		for (size_t k = 0; metrics_sources[i].labels[k].name; k++)
			assert_null(strstr(metrics_sources[i].labels[k].member, "key"));
	take("wireguard",
	     "{\"interfaces\":[{\"name\":\"wg0\",\"plane\":\"blue\",\"peers\":[{\"name\":\"a\","
	     "\"public-key\":\"K=\",\"foreign\":false},{\"name\":\"x\",\"public-key\":\"F=\","
	     "\"foreign\":true}]}]}");
	says("wgbgp_tunnel_info{interface=\"wg0\",peer=\"a\",plane=\"blue\",public_key=\"K=\"} "
	     "1\n");
	take("tunnels",
	     "{\"tunnels\":[{\"interface\":\"wg0\",\"peer\":\"a\",\"state\":\"idle\"}]}");
	says("wgbgp_tunnel_up{interface=\"wg0\",peer=\"a\",plane=\"blue\"} 0\n");
	says("peer=\"a\",plane=\"blue\",state=\"idle\"} 1\n");
}

/* What a row has no value for: 0, and no moment ago. */
static void test_nothing(void **state)
{
	take("tunnels", "{\"tunnels\":[{\"interface\":\"wg0\",\"peer\":\"a\",\"state\":\"never\","
			"\"handshake-seconds\":null,\"latency-ms\":null,\"rx-bytes\":null}]}");
	says("wgbgp_tunnel_receive_bytes_total{interface=\"wg0\",peer=\"a\",plane=\"\"} 0\n");
	says("wgbgp_tunnel_latency_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 0\n");
	says("wgbgp_tunnel_handshake_time_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 0\n");
	says("wgbgp_tunnel_handshake_age_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} +Inf\n");
}

static void test_values(void **state)
{
	take("tunnels", "{\"tunnels\":[{\"interface\":\"wg0\",\"peer\":\"a\",\"state\":\"up\","
			"\"handshake-seconds\":12.25,\"latency-ms\":12.5,\"loss-percent\":2.5,"
			"\"rx-bytes\":123456789012345,\"since-seconds\":0.125}]}");
	says("handshake_age_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 12.25\n");
	says("handshake_time_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 1799999988\n");
	says("latency_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 0.0125\n");
	says("loss_ratio{interface=\"wg0\",peer=\"a\",plane=\"\"} 0.025\n");
	says("receive_bytes_total{interface=\"wg0\",peer=\"a\",plane=\"\"} 123456789012345\n");
	says("state_seconds{interface=\"wg0\",peer=\"a\",plane=\"\"} 0.125\n");
}

/* A counter for each reason from the start: Prometheus sees the first one, too. */
static void test_reasons(void **state)
{
	take("tunnels", "{\"tunnels\":[{\"interface\":\"wg0\",\"peer\":\"a\",\"downs\":"
			"{\"handshake-stale\":3}},{\"interface\":\"wg0\",\"peer\":\"b\"}]}");
	says("downs_total{interface=\"wg0\",peer=\"a\",plane=\"\",reason=\"handshake-stale\"} 3\n");
	says("downs_total{interface=\"wg0\",peer=\"a\",plane=\"\",reason=\"bfd-expired\"} 0\n");
	says("downs_total{interface=\"wg0\",peer=\"b\",plane=\"\",reason=\"handshake-stale\"} 0\n");
	take("bgp-neighbors", "{\"neighbors\":[{\"address\":\"10.0.0.2\",\"refusals\":"
			      "{\"outside-permit\":2}}]}");
	says("refused_total{neighbor=\"10.0.0.2\",plane=\"\",remote_as=\"\",reason=\"outside-"
	     "permit\"} 2\n");
	says("reason=\"as-loop\"} 0\n");
}

/* Interfaces of others are none of ours. */
static void test_links(void **state)
{
	char *all;

	take("wireguard", "{\"interfaces\":[{\"name\":\"wg0\",\"plane\":\"blue\"}]}");
	take("host-links", "{\"links\":[{\"name\":\"eth0\",\"rx-errors\":7},"
			   "{\"name\":\"wg0\",\"rx-errors\":2,\"tx-dropped\":3}]}");
	says("interface_receive_errors_total{interface=\"wg0\",plane=\"blue\"} 2\n");
	says("interface_transmit_drops_total{interface=\"wg0\",plane=\"blue\"} 3\n");
	says("interface_receive_drops_total{interface=\"wg0\",plane=\"blue\"} 0\n");
	all = text();
	assert_null(strstr(all, "eth0"));
	free(all);
}

static void test_text(void **state)
{
	take("tunnels",
	     "{\"tunnels\":[{\"interface\":\"wg0\",\"peer\":\"a\\\\b\\\"c\\nd\\u001b\"}]}");
	says("{interface=\"wg0\",peer=\"a\\\\b\\\"c\\nd?\",");
}

/* Rubbish of a daemon is no sample, and no crash. */
static void test_odd_answers(void **state)
{
	static const char *const answers[] = {
		"{}",
		"[]",
		"{\"tunnels\":7}",
		"{\"tunnels\":[7,null,[],{}]}",
		"{\"interfaces\":[{\"peers\":{}},{\"peers\":[1]},{\"name\":[]}]}",
		"{\"neighbors\":[{\"families\":[1]},{\"families\":{\"a\":1}}]}",
		"{\"uplinks\":[{\"ipv4\":{\"state\":\"up\"}},{\"ipv4\":{}}]}",
		"{\"commits\":[{\"state\":\"committed\"}]}",
		"{\"drills\":[{},1,{}]}"};
	char *all;

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		for (size_t n = 0; metrics_command(n); n++)
			take(metrics_command(n), answers[i]);
	all = text();
	assert_non_null(strstr(all, "wgbgp_tunnel_state"));
	free(all);
	json_decref(metrics_json(m));
}

static int set_up(void **state)
{
	m = metrics_new(NOW);
	return 0;
}

static int tear_down(void **state)
{
	metrics_free(m);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

/* Cumulative, with the whole count at the end, as Prometheus wants it. */
static void test_times(void **state)
{
	take("rib-summary", "{\"repair-times\":{\"count\":3,\"sum-microseconds\":250000,\"within-1-ms\":1,"
			    "\"within-5000-ms\":2}}");
	says("wgbgp_rib_repair_seconds_bucket{le=\"0.001\"} 1\n");
	says("wgbgp_rib_repair_seconds_bucket{le=\"0.002\"} 0\n");
	says("wgbgp_rib_repair_seconds_bucket{le=\"5\"} 2\n"
	     "wgbgp_rib_repair_seconds_bucket{le=\"+Inf\"} 3\n"
	     "wgbgp_rib_repair_seconds_sum 0.25\n"
	     "wgbgp_rib_repair_seconds_count 3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),  TEST(test_keys),    TEST(test_nothing),
		TEST(test_values), TEST(test_reasons), TEST(test_times),
		TEST(test_links),  TEST(test_text),    TEST(test_odd_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
