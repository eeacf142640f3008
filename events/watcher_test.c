/* SPDX-License-Identifier: BSD-2-Clause */
/* When the tunnels are asked for: where there is a hook, each interval, whatever configurations
 * come in between; what their rows lead to; and what outlives a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watcher.h"

#include "asker.h"
#include "hooks.h"
#include "loop.h"
#include "log.h"
#include "util.h"

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink,
			     void *arg);
void __wrap_ask_stop(struct ask *ask);
size_t __wrap_hooks_count(void);
void __wrap_hooks_tell_now(json_t *event);
uint64_t __wrap_now_ms(void);

static uint64_t now = 1000; /* of the readings: a slow machine changes nothing */
static unsigned asked, wanted;
static size_t n_hooks;
static const struct ask_sink *sink;
static char told[200];

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg)
{
	json_decref(request);
	sink = s;
	if (++asked == wanted)
		loop_stop();
	return (struct ask *)told;
}

void __wrap_ask_stop(struct ask *ask)
{
	sink = NULL;
}

uint64_t __wrap_now_ms(void)
{
	return now;
}

size_t __wrap_hooks_count(void)
{
	return n_hooks;
}

void __wrap_hooks_tell_now(json_t *event)
{
	snprintf(told, sizeof(told), "%s %s", json_string_value(json_object_get(event, "event")),
		 json_string_value(json_object_get(event, "peer")));
	json_decref(event);
}

static void configure_for(int interval)
{
	json_t *config = json_pack("{s:{s:{s:i}}}", "system", "unusual", "interval", interval);

	assert_non_null(config);
	watcher_set(config);
	json_decref(config);
}

static void configure(void)
{
	configure_for(1);
}

static void answer_end(void)
{
	now += 1000;
	sink->end(NULL, ASK_ANSWERED, NULL);
}

/* The answer: B has sent TX bytes, and has no handshake. */
static void answer(unsigned tx)
{
	char *row = xasprintf("{\"interface\":\"wg0\",\"peer\":\"b\",\"state\":\"never\","
			      "\"handshake-seconds\":null,\"handshakes\":0,\"rx-bytes\":0,"
			      "\"tx-bytes\":%u}",
			      tx);

	sink->row(NULL, row, strlen(row));
	answer_end();
	free(row);
}

static void until_asked(unsigned times)
{
	wanted = times;
	if (asked < times)
		loop_run();
	assert_int_equal(asked, times);
}

static void test_interval(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	configure(); /* there is no hook */
	assert_int_equal(asked, 0);
	n_hooks = 1;
	configure();
	until_asked(1);
	answer(100);
	configure();
	configure();
	assert_int_equal(asked, 1);
	until_asked(2);
	answer(200);
	assert_string_equal(told, "");
	until_asked(3);
	answer(300);
	assert_string_equal(told, "handshake-missing b");
	watcher_free();
	loop_free();
}

static char dir[32], *file;

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(dir, "/tmp/watcher-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	file = xasprintf("%s/habits", dir);
	n_hooks = 1;
	return 0;
}

static int teardown(void **state)
{
	watcher_free();
	loop_free();
	unlink(file);
	free(file);
	return rmdir(dir);
}

/* The next question and its answer, or an answer in which B is missing. */
static void round_of(unsigned tx, bool there)
{
	until_asked(asked + 1);
	if (there)
		answer(tx);
	else
		answer_end();
}

/* What was said is not said again after a restart, though B comes late; nor are the counters of
 * then compared with those of now. */
static void test_restart(void **state)
{
	watcher_open(dir);
	configure();
	answer(100);
	round_of(200, true);
	round_of(300, true);
	assert_string_equal(told, "handshake-missing b");
	told[0] = '\0';
	assert_int_equal(access(file, F_OK), -1);
	watcher_free();
	assert_int_equal(access(file, F_OK), 0);
	watcher_open(dir);
	configure();
	answer_end();
	watcher_free(); /* B was not seen, and is not forgotten */
	watcher_open(dir);
	configure();
	answer_end();
	for (unsigned i = 1; i < 5; i++)
		round_of(i * 100, true);
	assert_string_equal(told, "");
}

/* Who is killed has what was there ten minutes before. */
static void test_kept_in_between(void **state)
{
	watcher_open(dir);
	configure();
	answer(100);
	now += 597000;
	round_of(200, true);
	assert_int_equal(access(file, F_OK), -1);
	now += 1000;
	round_of(200, true);
	assert_int_equal(access(file, F_OK), 0);
	unlink(file);
	round_of(200, true);
	assert_int_equal(access(file, F_OK), -1);
}

/* Without a round there is nothing new to keep. */
static void test_not_asked(void **state)
{
	n_hooks = 0;
	watcher_open(dir);
	configure();
	watcher_free();
	assert_int_equal(access(file, F_OK), -1);
}

/* B is missing in ROUNDS answers: a change of the interval asks at once. */
static void gone_for(int rounds, const char *expect)
{
	watcher_open(NULL);
	configure();
	answer(100);
	round_of(200, true);
	round_of(300, true);
	assert_string_equal(told, "handshake-missing b");
	told[0] = '\0';
	for (int i = 0; i < rounds; i++) {
		configure_for(2 - i % 2);
		answer_end();
	}
	configure_for(3);
	configure();
	for (unsigned i = 4; i < 8; i++) {
		answer(i * 100);
		until_asked(asked + 1);
	}
	assert_string_equal(told, expect);
}

static void test_gone(void **state)
{
	gone_for(287, "");
}

/* Who was away for a day is somebody else. */
static void test_gone_for_good(void **state)
{
	gone_for(288, "handshake-missing b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(test_interval),
		TEST(test_restart),
		TEST(test_kept_in_between),
		TEST(test_not_asked),
		TEST(test_gone),
		TEST(test_gone_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
