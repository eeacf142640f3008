/* SPDX-License-Identifier: BSD-2-Clause */
/* The pasts of tunnels over a restart: what is read is what was written; what is damaged is ignored
 * as a whole, and said; a restart is neither unusual itself nor forgets what is usual. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "habit_file.h"

#include "conf_leaves.h"
#include "habit.h"
#include "log.h"
#include "testing.h"
#include "util.h"

#define STEP_S 300

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

static const struct conf_unusual limits = {.interval = STEP_S,
					   .traffic_factor = 10,
					   .traffic_floor = 1000,
					   .silent = 600,
					   .handshakes = 8};
static char dir[] = "/tmp/habit_file_test.XXXXXX", *path, *beside;
static char said[256]; /* why it was not read */
static char told[256]; /* names of events */
static struct habit *h;
static struct habit_reading now;

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (!str_eq(event, "states-not-kept"))
		return;
	va_start(ap, fmt);
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

static void on_event(json_t *event)
{
	size_t at = strlen(told);

	snprintf(told + at, sizeof(told) - at, "%s ",
		 json_string_value(json_object_get(event, "event")));
	json_decref(event);
}

static int group_setup(void **state)
{
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/habits", dir);
	beside = xasprintf("%s/habits.new", dir);
	return 0;
}

static int group_teardown(void **state)
{
	unlink(path);
	rmdir(dir);
	free(path);
	free(beside);
	return 0;
}

static int setup(void **state)
{
	h = habit_new("wg0", "a");
	now = (struct habit_reading){.at_ms = 500000000, .handshake_s = 60};
	habit_read(h, &now, &limits, on_event);
	said[0] = told[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	habit_free(h);
	return 0;
}

/* N intervals, with RX bytes a second and HANDSHAKES in each. */
static void pass(unsigned n, uint64_t rx, unsigned handshakes)
{
	while (n--) {
		now.at_ms += STEP_S * 1000;
		now.rx += rx * STEP_S;
		now.tx += STEP_S;
		now.handshakes += handshakes;
		habit_read(h, &now, &limits, on_event);
	}
}

static void expect(const char *events)
{
	assert_string_equal(told, events);
	told[0] = '\0';
}

static void keep(void)
{
	assert_int_equal(habit_file_write(path, &h, 1), 0);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(access(path, R_OK), 0);
}

static void load(void)
{
	size_t n;
	struct habit **habits = habit_file_read(path, &n);

	assert_string_equal(said, "");
	assert_int_equal(n, 1);
	habit_free(h);
	h = habits[0];
	free(habits);
}

/* wgbgp-events alone: counters and clock go on, by SECONDS. */
static void restart(unsigned seconds)
{
	keep();
	load();
	now.at_ms += seconds * 1000;
	habit_read(h, &now, &limits, on_event);
}

/* All of the machine: its clock and the counters begin anew. */
static void reboot(void)
{
	keep();
	load();
	now = (struct habit_reading){.at_ms = 20000, .handshake_s = 1};
	habit_read(h, &now, &limits, on_event);
}

/* The usual rates are N, of which the last one is LAST. */
static void expect_rates(size_t n, json_int_t last)
{
	json_t *o = habit_json(h), *rates = json_object_get(o, "rates");

	assert_int_equal(json_array_size(rates), n);
	if (n)
		assert_int_equal(json_integer_value(json_array_get(rates, n - 1)), last);
	json_decref(o);
}

static json_int_t unheard_ms(void)
{
	json_t *o = habit_json(h);
	json_int_t ms = json_integer_value(json_object_get(o, "unheard-ms"));

	json_decref(o);
	return ms;
}

static void test_equal(void **state)
{
	const unsigned pasts[] = {0, 1, 100, 288, 300, 700};
	json_t *before, *after;

	for (size_t i = 0; i < ARRAY_SIZE(pasts); i++) {
		teardown(state);
		setup(state);
		for (unsigned n = 0; n < pasts[i]; n++)
			pass(1, n * n + 1, n % 3);
		keep();
		before = habit_json(h);
		load();
		after = habit_json(h);
		assert_true(json_equal(before, after));
		json_decref(before);
		json_decref(after);
		expect_rates(MIN(pasts[i], 288), (pasts[i] - 1) * (pasts[i] - 1) + 2);
		pass(2, 40, 0); /* the first reading is not judged */
		expect_rates(MIN(pasts[i] + 1, 288), 41);
	}
}

static void test_several(void **state)
{
	struct habit *habits[] = {h, habit_new("wg0", "b"), habit_new("wg1", "a \"b\"\n")}, **got;
	size_t n;

	assert_int_equal(habit_file_write(path, habits, ARRAY_SIZE(habits)), 0);
	got = habit_file_read(path, &n);
	assert_int_equal(n, ARRAY_SIZE(habits));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(habit_interface(got[i]), habit_interface(habits[i]));
		assert_string_equal(habit_peer(got[i]), habit_peer(habits[i]));
		habit_free(got[i]);
	}
	free(got);
	habit_free(habits[1]);
	habit_free(habits[2]);
}

static void test_not_there(void **state)
{
	size_t n = 1;

	assert_null(habit_file_read("/nonexistent/habits", &n));
	assert_int_equal(n, 0);
	assert_string_equal(said, "");
	assert_int_equal(habit_file_write("/nonexistent/habits", &h, 1), -ENOENT);
}

#define BEGIN "{\"version\":1}\n"
#define END "{\"tunnels\":1}\n"
#define TUNNEL(heard, unheard, rates, spike)                                                \
	"{\"interface\":\"wg0\",\"peer\":\"a\",\"heard\":" heard ",\"unheard-ms\":" unheard \
	",\"rates\":" rates ",\"spike\":" spike                                             \
	",\"silent\":false,\"many\":false,\"missing\":false}\n"
#define GOOD TUNNEL("3", "0", "[1,2,3]", "false")

static const struct {
	const char *text, *why;
} damaged[] = {
	{"", "line 0: no end"},
	{"{\"wg0 a\":\"up\"}\n", "line 1: not of this version"},
	{"{\"version\":0}\n" GOOD END, "line 1: not of this version"},
	{"{\"version\":2}\n" GOOD END, "line 1: not of this version"},
	{"{\"version\":\"1\"}\n" GOOD END, "line 1: not of this version"},
	{"[1]\n", "line 1: not JSON"},
	{BEGIN GOOD, "line 2: no end"},
	{BEGIN END, "line 2: tunnels are missing"},
	{BEGIN GOOD GOOD END, "line 4: tunnels are missing"},
	{BEGIN GOOD END GOOD, "line 4: more after its end"},
	{BEGIN "{\"interface\":\"wg0\",\"peer\":\"a\",\"heard\":7", "line 2: not JSON"},
	{BEGIN "\x01\x80\xff\n" END, "line 2: not JSON"},
	{BEGIN "{}\n" END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("-1", "0", "[]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("4294967296", "0", "[]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("99999999999999999999", "0", "[]", "false") END, "line 2: not JSON"},
	{BEGIN TUNNEL("1.5", "0", "[]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("1", "-1", "[]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("1", "0", "{}", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("1", "0", "[1,null]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("1", "0", "[-1]", "false") END, "line 2: not a tunnel"},
	{BEGIN TUNNEL("1", "0", "[]", "1") END, "line 2: not a tunnel"},
	{BEGIN GOOD TUNNEL("1", "0", "[]", "null") END, "line 3: not a tunnel"},
};

static void file_put(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void not_read(const char *text, const char *why)
{
	size_t n;
	char *line = xasprintf("file=%s error=\"%s\"", path, why);

	file_put(text);
	said[0] = '\0';
	assert_null(habit_file_read(path, &n));
	assert_int_equal(n, 0);
	assert_string_equal(said, line);
	free(line);
}

static void test_damaged(void **state)
{
	char *rates, *text;

	file_put(BEGIN GOOD END);
	load();
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++)
		not_read(damaged[i].text, damaged[i].why);
	rates = xcalloc(1, 289 * 2 + 1);
	for (size_t i = 0; i < 289; i++)
		memcpy(rates + 2 * i, "1,", 2);
	rates[289 * 2 - 1] = '\0';
	text = xasprintf(BEGIN TUNNEL("1", "0", "[%s]", "false") END, rates);
	not_read(text, "line 2: not a tunnel");
	free(text);
	rates = xrealloc(rates, 20001);
	memset(rates, ' ', 20000);
	rates[20000] = '\0';
	text = xasprintf(BEGIN "%s" GOOD END, rates);
	not_read(text, "line 2: not JSON");
	free(text);
	free(rates);
}

/* The bytes of the file, into TEXT. */
static size_t file_get(char *text, size_t size)
{
	FILE *in = fopen(path, "r");
	size_t len;

	assert_non_null(in);
	len = fread(text, 1, size, in);
	fclose(in);
	return len;
}

/* It is read whole, or not at all and said. */
static bool is_read(const char *text, size_t len)
{
	FILE *out = fopen(path, "w");
	struct habit **habits;
	size_t n;

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
	said[0] = '\0';
	habits = habit_file_read(path, &n);
	assert_int_equal(n, habits ? 1 : 0);
	assert_true(!habits == (said[0] != '\0'));
	if (habits)
		habit_free(habits[0]);
	free(habits);
	return habits;
}

static void test_cut_off(void **state)
{
	char text[1024];
	size_t len;

	pass(20, 7, 2);
	keep();
	len = file_get(text, sizeof(text));
	assert_true(is_read(text, len) && is_read(text, len - 1)); /* the last end of a line */
	for (size_t n = 0; n < len - 1; n++)
		assert_false(is_read(text, n));
}

static void test_other_bytes(void **state)
{
	unsigned seed = test_seed();
	char text[1024], other[1024];
	size_t len;

	pass(20, 7, 2);
	keep();
	len = file_get(text, sizeof(text));
	for (int i = 0; i < 3000; i++) {
		memcpy(other, text, len);
		for (int k = 0; k <= i % 3; k++)
			other[(size_t)rand_r(&seed) % len] = (char)rand_r(&seed);
		is_read(other, len);
	}
}

static void test_never_silent(void **state)
{
	pass(72, 1, 2);
	reboot();
	pass(1, 0, 0);
	expect("");
	pass(2, 0, 0);
	expect("tunnel-silent ");
	restart(2);
	assert_int_equal(unheard_ms(), 3 * STEP_S * 1000);
	pass(3, 0, 0);
	expect("");
	pass(1, 1, 1);
	expect("tunnel-heard ");
}

/* A silence that began before is a hole, whose time begins anew. */
static void test_hole(void **state)
{
	pass(72, 1, 2);
	pass(1, 0, 2);
	restart(2);
	pass(1, 0, 2);
	expect("");
	pass(1, 0, 2);
	expect("tunnel-silent ");
	pass(1, 1, 2);
	expect("tunnel-heard ");
	pass(71, 1, 2);
	pass(1, 0, 2);
	reboot();
	pass(71, 1, 2);
	pass(5, 0, 2);
	expect("");
}

/* What went on meanwhile is nothing of one interval; who is down is not silent. */
static void test_no_false_event(void **state)
{
	pass(100, 100, 2);
	reboot();
	now.rx += 1000000000;
	now.handshakes += 1000;
	restart(3600);
	now.rx += 1000000000;
	now.handshakes += 1000;
	restart(10);
	pass(3, 100, 2);
	now.down = true;
	reboot();
	now.down = true;
	pass(5, 0, 0);
	expect("");
}

/* What was said and lasts is not said again, and its end is. */
static void test_lasts(void **state)
{
	pass(100, 200, 2);
	pass(2, 20000, 20);
	expect("handshakes-many traffic-spike ");
	restart(2);
	pass(3, 20000, 20);
	expect("");
	reboot();
	pass(3, 20000, 20);
	expect("");
	pass(1, 200, 2);
	expect("traffic-normal handshakes-normal ");
	now.handshake_s = -1;
	pass(3, 200, 0);
	expect("handshake-missing ");
	restart(2);
	pass(3, 200, 0);
	expect("");
	now.handshake_s = 3;
	pass(1, 200, 1);
	expect("handshake-back ");
}

/* In a row is in one life. */
static void test_in_a_row(void **state)
{
	pass(100, 200, 2);
	now.handshake_s = -1;
	pass(1, 20000, 0);
	restart(2);
	pass(1, 20000, 0);
	expect("");
	pass(1, 20000, 0);
	expect("traffic-spike handshake-missing ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_equal),	   TEST(test_several),	   TEST(test_not_there),
		TEST(test_damaged),	   TEST(test_hole),	   TEST(test_never_silent),
		TEST(test_no_false_event), TEST(test_lasts),	   TEST(test_in_a_row),
		TEST(test_cut_off),	   TEST(test_other_bytes),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
