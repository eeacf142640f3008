/* SPDX-License-Identifier: BSD-2-Clause */
/* keep_in: a played zebra-lite is asked, what it says stands in the file, the next one is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "keep_in.h"
#include "log.h"
#include "loop_fake.h"
#include "util.h"

static char dir[] = "/tmp/wgbgp-keep-XXXXXX";
static char *path;
static char asked[64]; /* the last request's command; "": none since */
static char said[512]; /* the table and the prefixes that it names */
static ask_fn waiting;
static unsigned warnings;

void ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	const json_t *prefix;
	size_t i;

	assert_int_equal(id, DAEMON_ZEBRA);
	snprintf(said, sizeof(said),
		 "%lld:", (long long)json_integer_value(json_object_get(request, "table")));
	json_array_foreach (json_object_get(request, "prefixes"), i, prefix)
		strcat(strcat(said, " "), json_string_value(prefix));
	str_copy(asked, json_string_value(json_object_get(request, "command")), sizeof(asked));
	waiting = fn;
	json_decref(request);
}

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	assert_true(str_eq(event, "keep-in-not-kept") || str_eq(event, "keep-in-not-read"));
	warnings++;
}

static void answer(json_t *json, const char *error)
{
	asked[0] = '\0';
	waiting(NULL, json, error);
	json_decref(json);
}

/* The parent starts, and zebra-lite has the configuration. */
static void begin(void)
{
	keep_in_open();
	keep_in_daemon_configured(DAEMON_ZEBRA);
}

static void pass(unsigned ms)
{
	loop_fake_pass((uint64_t)ms * 1000);
	loop_fake_turn();
}

/* Time goes by; zebra-lite says its version. True: all rows are asked for. */
static bool version(unsigned number)
{
	pass(3000);
	assert_string_equal(asked, "keep-in-summary");
	answer(json_pack("{s:i}", "version", (int)number), NULL);
	return str_eq(asked, "keep-in");
}

/* A new zebra-lite hears at once of what was kept in. */
static void is_told(const char *what)
{
	pass(1);
	assert_string_equal(asked, "remember-keep-in");
	assert_string_equal(said, what);
	answer(json_pack("{s:i}", "remembered", 1), NULL);
}

static void says(enum daemon_id id, const char *what)
{
	json_t *event = json_pack("{s:s, s:i}", "event", what, "version", 9);

	keep_in_event(id, event);
	json_decref(event);
}

static json_t *row_in(const char *prefix, const char *state, int table)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:I}", "prefix", prefix, "state", state, "table",
			 table, "protocol", 222, "metric", (json_int_t)4294967294);
}

static json_t *row(const char *prefix, const char *state)
{
	return row_in(prefix, state, 254);
}

/* "none", or the prefixes that are in the file. */
static const char *file(void)
{
	static char text[512];
	char line[128];
	FILE *f = fopen(path, "re");

	strcpy(text, f ? "" : "none");
	while (f && fgets(line, sizeof(line), f))
		if (line[0] != '#')
			strncat(strncat(text, line, strcspn(line, " ")), " ", 2);
	if (f)
		fclose(f);
	return text;
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	path = xasprintf("%s/keep-in", dir);
	return setenv("WGBGP_STATEDIR", dir, 1);
}

static int teardown(void **state)
{
	free(path);
	return rmdir(dir);
}

static void test_written_when_it_changes(void **state)
{
	begin();
	assert_true(version(7));
	answer(json_pack("{s:[o, o, o, o, o]}", "prefixes", row("192.168.2.0/24", "installed"),
			 row("10.0.0.0/8", "covered"), row("172.16.0.0/12", "covers-endpoint"),
			 row("192.168.9.0/24", "connected"), row("fd00:2::/48", "pending")),
	       NULL);
	assert_string_equal(file(), "192.168.2.0/24 10.0.0.0/8 fd00:2::/48 ");
	assert_false(version(7));
	assert_true(version(8));
	answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	assert_string_equal(file(), "10.0.0.0/8 ");
	assert_true(version(9));
	answer(json_pack("{s:[]}", "prefixes"), NULL);
	assert_string_equal(file(), "none");
	keep_in_close();
}

/* Without an answer the file is as it was, and the question is asked again. */
static void test_no_answer(void **state)
{
	begin();
	assert_true(version(7));
	answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	pass(3000);
	answer(NULL, "a daemon is not running");
	assert_true(version(8));
	answer(NULL, "the daemon went away");
	assert_string_equal(file(), "10.0.0.0/8 ");
	assert_true(version(8));
	answer(json_pack("{s:[o]}", "prefixes", row("10.1.0.0/16", "installed")), NULL);
	keep_in_daemon_gone(DAEMON_BGPD);
	assert_false(version(8));
	keep_in_daemon_gone(DAEMON_ZEBRA);
	keep_in_daemon_configured(DAEMON_ZEBRA);
	is_told("254: 10.1.0.0/16");
	assert_true(version(8)); /* another one's eighth */
	answer(json_pack("{s:[o]}", "prefixes", row("10.2.0.0/16", "installed")), NULL);
	assert_string_equal(file(), "10.2.0.0/16 ");
	keep_in_forget();
	assert_string_equal(file(), "none");
	assert_true(loop_fake_rests());
}

/* Of one that dies the next one is told all, when it has its configuration, and not asked before:
 * what it says then is written down. So it is when the parent starts, by the file. */
static void test_next_one_is_told(void **state)
{
	begin();
	assert_true(version(1));
	answer(json_pack("{s:[o, o, o]}", "prefixes", row("10.1.0.0/16", "covered"),
			 row("192.168.9.0/24", "connected"), row_in("10.1.0.0/16", "covered", 101)),
	       NULL);
	keep_in_daemon_gone(DAEMON_ZEBRA);
	pass(10000);
	assert_string_equal(asked, "");
	keep_in_daemon_configured(DAEMON_BGPD);
	pass(1);
	assert_string_equal(asked, "");
	keep_in_daemon_configured(DAEMON_ZEBRA);
	pass(1);
	assert_string_equal(said, "254: 10.1.0.0/16 192.168.9.0/24");
	answer(NULL, "the daemon went away");
	pass(3000);
	assert_string_equal(said, "254: 10.1.0.0/16 192.168.9.0/24");
	answer(json_object(), NULL);
	assert_string_equal(said, "101: 10.1.0.0/16");
	answer(json_object(), NULL);
	keep_in_daemon_configured(DAEMON_ZEBRA); /* a reload */
	assert_true(version(1));
	keep_in_close();
	assert_string_equal(file(), "10.1.0.0/16 10.1.0.0/16 ");
	begin();
	is_told("254: 10.1.0.0/16");
	assert_string_equal(said, "101: 10.1.0.0/16");
	keep_in_forget();
	asked[0] = '\0';
}

/* It is asked as soon as it says that something changed: with the moment that its death would take
 * from what is remembered. Its changes never make a stream of questions. */
static void test_said(void **state)
{
	begin();
	assert_true(version(1));
	answer(json_pack("{s:[]}", "prefixes"), NULL);
	pass(1000);
	says(DAEMON_WGD, "keep-in");
	says(DAEMON_ZEBRA, "tunnel-state");
	pass(1);
	assert_string_equal(asked, "");
	says(DAEMON_ZEBRA, "keep-in");
	pass(1);
	assert_string_equal(asked, "keep-in-summary");
	says(DAEMON_ZEBRA, "keep-in");
	answer(json_pack("{s:i}", "version", 2), NULL);
	assert_string_equal(asked, "keep-in");
	loop_fake_pass(100 * 1000);
	answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	assert_string_equal(file(), "10.0.0.0/8 ");
	pass(499); /* five times what that took */
	assert_string_equal(asked, "");
	pass(1);
	assert_string_equal(asked, "keep-in-summary");
	answer(json_pack("{s:i}", "version", 2), NULL);
	says(DAEMON_ZEBRA, "keep-in");
	pass(99);
	assert_string_equal(asked, "");
	pass(1);
	answer(json_pack("{s:i}", "version", 2), NULL);
	pass(2999);
	assert_string_equal(asked, "");
	assert_false(version(2));
	keep_in_forget();
	says(DAEMON_ZEBRA, "keep-in");
	assert_true(loop_fake_rests());
	asked[0] = '\0';
}

/* An answer that comes behind the end. */
static void test_late(void **state)
{
	begin();
	assert_true(version(1));
	keep_in_close();
	answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	assert_string_equal(file(), "none");
	assert_true(loop_fake_rests());
}

static void test_cannot_be_written(void **state)
{
	char *tmp = xasprintf("%s.new", path);

	assert_int_equal(mkdir(tmp, 0700), 0);
	begin();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(version(1));
		answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	}
	assert_int_equal(warnings, 1);
	assert_int_equal(rmdir(tmp), 0);
	assert_true(version(1));
	answer(json_pack("{s:[o]}", "prefixes", row("10.0.0.0/8", "installed")), NULL);
	assert_string_equal(file(), "10.0.0.0/8 ");
	keep_in_forget();
	free(tmp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_when_it_changes),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_next_one_is_told),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
