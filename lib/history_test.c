/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: the ring keeps the last ones, filters find what a prefix and a peer have to do with, who
 * is gone keeps its name, and what is followed is a log line until its time is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "history.h"
#include "log.h"
#include "loop_fake.h"
#include "reason.h"

static char lines[4096]; /* what was logged */
static unsigned n_lines;

static void keep_line(const char *event, const char *fmt, va_list ap)
{
	size_t len = strlen(lines);
	int n = snprintf(lines + len, sizeof(lines) - len, "%s ", event);

	len += (size_t)n;
	vsnprintf(lines + len, sizeof(lines) - len, fmt, ap);
	strcat(lines, "\n");
	n_lines++;
}

void __wrap_log_always(enum log_level level, const char *event, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void __wrap_log_always(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	assert_int_equal(level, LOG_LEVEL_DEBUG);
	va_start(ap, fmt);
	keep_line(event, fmt, ap);
	va_end(ap);
}

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_line(event, fmt, ap);
	va_end(ap);
}

/* The wall clock, a microsecond later each time that it is read. */
static int64_t wall_us = 1764000000000000;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_REALTIME)
		return __real_clock_gettime(id, ts);
	wall_us++;
	*ts = (struct timespec){wall_us / 1000000, wall_us % 1000000 * 1000};
	return 0;
}

static void logged(const char *text)
{
	assert_string_equal(lines, text);
	lines[0] = '\0';
	n_lines = 0;
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

#define PREFIX(text) (&(struct prefix[]){prefix(text)}[0])
#define ADDR(text) (&(struct addr[]){addr(text)}[0])

static struct history_filter filter(const char *json)
{
	json_t *args = json_loads(json, 0, NULL);
	struct history_filter f;

	assert_non_null(args);
	assert_int_equal(history_filter_read(args, &f), 0);
	json_decref(args);
	return f;
}

/* The events that match, as "event what, event what". */
static void finds(const char *json, const char *text)
{
	struct history_filter f = filter(json);
	char found[1024] = "";

	for (uint64_t i = 0; i < history_ring.n; i++) {
		const struct history_event *e = history_event(i);
		json_t *row;

		if (!e || !history_matches(&f, e))
			continue;
		row = history_row(e);
		if (*found)
			strcat(found, ", ");
		strcat(found, json_string_value(json_object_get(row, "event")));
		strcat(found, " ");
		strcat(found, json_string_value(json_object_get(row, "what")));
		json_decref(row);
	}
	assert_string_equal(found, text);
}

static void note_route(const char *p, unsigned what)
{
	history_note((struct history_fact){
		.kind = HISTORY_ROUTE, .what = (uint8_t)what, .prefix = PREFIX(p)});
}

static int setup(void **state)
{
	lines[0] = '\0';
	n_lines = 0;
	return 0;
}

static int teardown(void **state)
{
	history_free();
	loop_free();
	return 0;
}

static void test_ring(void **state)
{
	assert_null(history_event(0));
	for (unsigned i = 0; i < HISTORY_EVENTS + 10; i++)
		history_note((struct history_fact){.kind = HISTORY_BATCH, .count = i});
	assert_null(history_event(9));
	assert_int_equal(history_event(10)->count, 10);
	assert_int_equal(history_event(HISTORY_EVENTS + 9)->count, HISTORY_EVENTS + 9);
	assert_null(history_event(HISTORY_EVENTS + 10));
}

static void test_time(void **state)
{
	uint64_t began = now_us();

	note_route("10.0.0.0/8", HISTORY_ADD);
	loop_fake_pass(5000000);
	note_route("10.0.0.0/8", HISTORY_DELETE);
	assert_int_equal(history_event(0)->at_us, began);
	assert_int_equal(history_event(1)->at_us, began + 5000000);
}

/* An event has one time, whenever it is asked for, until somebody sets the clock. */
static void test_wall_clock(void **state)
{
	json_t *row, *again;

	note_route("10.0.0.0/8", HISTORY_ADD);
	row = history_row(history_event(0));
	again = history_row(history_event(0));
	assert_true(json_equal(row, again));
	json_decref(again);
	wall_us += 3600000000;
	again = history_row(history_event(0));
	assert_false(json_equal(row, again));
	json_decref(row);
	json_decref(again);
}

static void test_row(void **state)
{
	json_t *row;

	history_note((struct history_fact){.kind = HISTORY_ENTRY,
					   .what = HISTORY_ENTRY_REFUSED,
					   .prefix = PREFIX("10.1.0.0/16"),
					   .name = history_name("wg0", "site-a"),
					   .reason = REASON_OUTSIDE_PERMIT,
					   .number = 7});
	row = history_row(history_event(0));
	assert_non_null(json_object_get(row, "time"));
	json_object_del(row, "time");
	json_object_del(row, "monotonic-us");
	{
		char *text = json_dumps(row, JSON_COMPACT);

		assert_string_equal(text, "{\"event\":\"entry\",\"what\":\"refused\","
					  "\"prefix\":\"10.1.0.0/16\",\"interface\":\"wg0\","
					  "\"peer\":\"site-a\",\"reason\":\"outside-permit\","
					  "\"batch\":7}");
		free(text);
	}
	json_decref(row);
}

/* What a number of `what` says that no name is for. */
static void test_unknown_what(void **state)
{
	for (uint8_t kind = 0; kind < HISTORY_KINDS; kind++) {
		json_t *row;

		history_note((struct history_fact){.kind = kind, .what = 200});
		row = history_row(history_event(kind));
		assert_non_null(json_object_get(row, "what"));
		json_decref(row);
	}
}

static void test_names(void **state)
{
	uint16_t a = history_name("wg0", "site-a"), b = history_name("wg1", "site-a");

	assert_int_not_equal(a, 0);
	assert_int_not_equal(a, b);
	assert_int_equal(history_name("wg0", "site-a"), a);
	assert_int_equal(history_name("wg1", "site-a"), b);
}

/* As long as the schema lets a name be: it is not cut, and not kept again each time. */
static void test_long_names(void **state)
{
	char one[65], other[65];
	uint16_t number;
	json_t *row;

	memset(one, 'x', sizeof(one) - 1);
	one[sizeof(one) - 1] = '\0';
	strcpy(other, one);
	other[sizeof(other) - 2] = 'y';
	number = history_name("wg0", one);
	assert_int_equal(history_name("wg0", one), number);
	assert_int_not_equal(history_name("wg0", other), number);
	history_note((struct history_fact){.kind = HISTORY_TUNNEL, .name = number});
	row = history_row(history_event(0));
	assert_string_equal(json_string_value(json_object_get(row, "peer")), one);
	json_decref(row);
	finds("{\"peer\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
	      "tunnel never");
}

static void test_too_many_names(void **state)
{
	char name[16];

	for (unsigned i = 0; i < UINT16_MAX; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		assert_int_equal(history_name("wg0", name), i + 1);
	}
	assert_int_equal(history_name("wg0", "one more"), 0);
	assert_int_equal(history_name("wg0", "p7"), 8);
}

static void note_story(void)
{
	uint16_t a = history_name("wg0", "site-a"), b = history_name("wg0", "site-b");

	history_note((struct history_fact){
		.kind = HISTORY_RECEIVED, .what = 2, .addr = ADDR("10.99.0.2")});
	history_note((struct history_fact){.kind = HISTORY_TUNNEL, .what = 1, .name = a});
	history_note((struct history_fact){.kind = HISTORY_SESSION, .addr = ADDR("10.99.0.3")});
	history_note((struct history_fact){.kind = HISTORY_DECISION,
					   .what = 1,
					   .prefix = PREFIX("10.1.0.0/16"),
					   .addr = ADDR("10.99.0.2")});
	history_note((struct history_fact){
		.kind = HISTORY_ENTRY, .prefix = PREFIX("10.1.0.0/16"), .name = b});
	history_note((struct history_fact){
		.kind = HISTORY_ENTRY, .prefix = PREFIX("10.1.0.0/24"), .name = b});
	history_note((struct history_fact){.kind = HISTORY_BATCH});
	history_note((struct history_fact){.kind = HISTORY_ROUTE,
					   .prefix = &(struct prefix){AF_INET, 16, 3, {10, 1}}});
}

static void test_filters(void **state)
{
	note_story();
	finds("{}", "received UPDATE, tunnel down, session down, decision best, entry set, "
		    "entry set, batch planned, route add");
	finds("{\"prefix\":\"10.1.0.0/16\"}", "decision best, entry set, route add");
	finds("{\"prefix\":\"10.1.0.0/16\",\"around\":true}",
	      "tunnel down, session down, decision best, entry set, batch planned, route add");
	finds("{\"peer\":\"site-a\"}", "tunnel down");
	finds("{\"peer\":\"site-a\",\"addresses\":[\"10.99.0.2\", 1]}",
	      "received UPDATE, tunnel down, decision best");
	finds("{\"peer\":\"10.99.0.3%wg0\"}", "session down");
	finds("{\"peer\":\"site-b\",\"prefix\":\"10.1.0.0/24\"}", "entry set");
	finds("{\"peer\":\"wg0\"}", "");
}

/* A link-local address with its link is that host, without one it is any of them. */
static void test_links(void **state)
{
	struct addr plain = *ADDR("fe80::2"), wg1 = addr_on_link(&plain, "wg1"),
		    wg2 = addr_on_link(&plain, "wg2");

	history_note((struct history_fact){.kind = HISTORY_RECEIVED, .what = 2, .addr = &wg1});
	history_note((struct history_fact){.kind = HISTORY_SESSION, .addr = &plain});
	history_note((struct history_fact){.kind = HISTORY_DECISION, .what = 1, .addr = &wg2});
	finds("{\"peer\":\"fe80::2\"}", "received UPDATE, session down, decision best");
	finds("{\"peer\":\"fe80::2%wg1\"}", "received UPDATE, session down");
	finds("{\"peer\":\"fe80::2%wg2\"}", "session down, decision best");
}

static void test_no_prefix(void **state)
{
	static const char *const texts[] = {"10.1.0.0/33", "10.1.0.0/", "site-a"};
	struct history_filter f;

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *args = json_pack("{s:s}", "prefix", texts[i]);

		assert_int_equal(history_filter_read(args, &f), -EINVAL);
		json_decref(args);
	}
}

static void test_debug(void **state)
{
	struct history_filter p = filter("{\"prefix\":\"10.1.0.0/16\"}");
	struct history_filter a = filter("{\"peer\":\"site-a\"}");

	assert_int_equal(history_debug(&p, 2), 0);
	assert_int_equal(history_debug(&a, 1), 0);
	logged("debug-on what=\"prefix 10.1.0.0/16\" minutes=2\n"
	       "debug-on what=\"peer site-a\" minutes=1\n");
	note_story();
	logged("debug event=tunnel what=down interface=wg0 peer=site-a\n"
	       "debug event=decision what=best prefix=10.1.0.0/16 neighbor=10.99.0.2\n"
	       "debug event=entry what=set prefix=10.1.0.0/16 interface=wg0 peer=site-b\n"
	       "debug event=route what=add prefix=10.1.0.0/16\n");
	loop_fake_pass(60000000);
	loop_fake_turn();
	logged("debug-off what=\"peer site-a\" why=\"its time is over\"\n");
	assert_true(history_ring.followed);
	loop_fake_pass(59000000);
	loop_fake_turn();
	assert_true(history_ring.followed);
	loop_fake_pass(1000000);
	loop_fake_turn();
	logged("debug-off what=\"prefix 10.1.0.0/16\" why=\"its time is over\"\n");
	assert_false(history_ring.followed);
	note_story();
	logged("");
}

static void test_debug_again_and_off(void **state)
{
	struct history_filter p = filter("{\"prefix\":\"10.1.0.0/16\"}");
	json_t *row;

	assert_int_equal(history_debug(&p, 1), 0);
	loop_fake_pass(30000000);
	assert_int_equal(history_debug(&p, 1), 0);
	row = history_debug_row(0);
	assert_int_equal(json_integer_value(json_object_get(row, "seconds-left")), 60);
	assert_string_equal(json_string_value(json_object_get(row, "what")), "prefix 10.1.0.0/16");
	json_decref(row);
	assert_null(history_debug_row(1));
	lines[0] = '\0';
	history_debug_off();
	logged("debug-off what=\"prefix 10.1.0.0/16\" why=\"switched off\"\n");
	note_route("10.1.0.0/16", HISTORY_ADD);
	logged("");
	assert_false(history_ring.followed);
	assert_null(history_debug_row(0));
}

static void test_debug_bounds(void **state)
{
	char json[64];
	struct history_filter f;

	for (unsigned i = 0; i < 8; i++) {
		snprintf(json, sizeof(json), "{\"prefix\":\"10.%u.0.0/16\"}", i);
		f = filter(json);
		assert_int_equal(history_debug(&f, 1), 0);
	}
	f = filter("{\"peer\":\"one more\"}");
	assert_int_equal(history_debug(&f, 1), -ENOSPC);
	lines[0] = '\0';
	n_lines = 0;
	for (unsigned i = 0; i < 1000; i++)
		note_route("10.7.0.0/16", HISTORY_ADD);
	assert_int_equal(n_lines, LOG_BUCKET_BURST);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ring),	 TEST(test_time),	    TEST(test_wall_clock),
		TEST(test_row),		 TEST(test_unknown_what),   TEST(test_names),
		TEST(test_long_names),	 TEST(test_too_many_names), TEST(test_filters),
		TEST(test_links),	 TEST(test_debug),	    TEST(test_debug_again_and_off),
		TEST(test_debug_bounds), TEST(test_no_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
