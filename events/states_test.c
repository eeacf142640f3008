/* SPDX-License-Identifier: BSD-2-Clause */
/* What changed in a gap is told once, also after a restart; what is known is not told again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "states.h"

#include "asker.h"
#include "log.h"
#include "loop.h"
#include "util.h"

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink,
			     void *arg);
void __wrap_ask_stop(struct ask *ask);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_stop(struct timer *t);
bool __wrap_timer_running(const struct timer *t);

#define SETTLE_MS 120000

static char said[2048], command[32], dir[] = "/tmp/states-test-XXXXXX";
static const struct ask_sink *sink; /* NULL: nothing is asked */
static void *sink_arg;
static bool full; /* nothing can be asked */
static struct {
	struct timer *timer;
	uint64_t due;
} timers[8]; /* that run */
static uint64_t now;

void __wrap_timer_stop(struct timer *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i].timer == t)
			timers[i].timer = NULL;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	size_t i = 0;

	__wrap_timer_stop(t);
	while (timers[i].timer)
		i++;
	timers[i].timer = t;
	timers[i].due = now + ms;
}

bool __wrap_timer_running(const struct timer *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i].timer == t)
			return true;
	return false;
}

static void pass(uint64_t ms)
{
	now += ms;
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		struct timer *t = timers[i].timer;

		if (!t || timers[i].due > now)
			continue;
		timers[i].timer = NULL;
		t->fn(t->arg);
	}
}

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg)
{
	snprintf(command, sizeof(command), "%s",
		 json_string_value(json_object_get(request, "command")));
	json_decref(request);
	if (full)
		return NULL;
	sink = s;
	sink_arg = arg;
	return (struct ask *)command;
}

void __wrap_ask_stop(struct ask *ask)
{
	sink = NULL;
}

static void on_event(json_t *event)
{
	size_t at = strlen(said);
	char *text;

	assert_true(json_is_true(json_object_get(event, "meanwhile")));
	json_object_del(event, "meanwhile");
	text = json_dumps(event, JSON_COMPACT);
	snprintf(said + at, sizeof(said) - at, "%s\n", text);
	free(text);
	json_decref(event);
}

static void expect(const char *lines)
{
	assert_string_equal(said, lines);
	said[0] = '\0';
}

static void row(const char *json)
{
	sink->row(sink_arg, json, strlen(json));
}

static void end(enum ask_end how)
{
	const struct ask_sink *s = sink;

	sink = NULL;
	s->end(sink_arg, how, how == ASK_ANSWERED ? NULL : "gone");
}

#define TUNNEL(peer, state)                                                     \
	"{\"interface\":\"wg0\",\"peer\":\"" peer "\",\"state\":\"" state "\"," \
	"\"reason\":\"r\"}"
#define SESSION(state) \
	"{\"address\":\"10.9.0.2\",\"state\":\"" state "\",\"last-error\":\"hold timer\"}"
#define CHANGED(peer, from, to)                                                                    \
	"{\"event\":\"tunnel-state\",\"interface\":\"wg0\",\"peer\":\"" peer "\",\"from\":\"" from \
	"\",\"to\":\"" to "\",\"reason\":\"r\"}\n"

#define UP TUNNEL("a", "up"), TUNNEL("b", "up")

#define LOST(why)                                                                                \
	"{\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.2\",\"state\":\"down\",\"why\":\"" why \
	"\",\"asked\":false,\"silent-seconds\":0}\n"
#define HEAR_SESSION(state) \
	hear("{\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.2\",\"state\":\"" state "\"}")

/* The answers to what was asked: these two tunnels, and a session where it is not NULL. */
static void answer(const char *a, const char *b, const char *session)
{
	assert_non_null(sink);
	assert_string_equal(command, "tunnels");
	row(a);
	row(b);
	end(ASK_ANSWERED);
	assert_string_equal(command, "bgp-summary");
	if (session)
		row(session);
	end(ASK_ANSWERED);
}

static void compare(const char *a, const char *b, const char *session)
{
	states_compare();
	answer(a, b, session);
}

static bool hear(const char *json)
{
	json_t *event = json_loads(json, 0, NULL);
	bool news;

	assert_non_null(event);
	news = states_hear(event);
	json_decref(event);
	return news;
}

#define HEAR(peer, to)                                                            \
	hear("{\"event\":\"tunnel-state\",\"interface\":\"wg0\",\"peer\":\"" peer \
	     "\",\"to\":\"" to "\"}")

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(dir, "/tmp/states-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	states_open(dir, on_event);
	said[0] = '\0';
	full = false;
	return 0;
}

static int teardown(void **state)
{
	char *file = xasprintf("%s/states", dir);

	states_close();
	unlink(file);
	free(file);
	return rmdir(dir);
}

static void test_gap(void **state)
{
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), SESSION("established"));
	expect(""); /* nothing is known to compare with */
	assert_true(HEAR("b", "down"));
	compare(TUNNEL("a", "down"), TUNNEL("b", "down"), SESSION("active"));
	expect(CHANGED("a", "up", "down"));
	pass(SETTLE_MS - 1);
	assert_null(sink);
	pass(1);
	answer(TUNNEL("a", "down"), TUNNEL("b", "down"), SESSION("active"));
	expect(LOST("hold timer"));
	assert_false(HEAR("a", "down")); /* it was on its way */
	compare(TUNNEL("a", "down"), TUNNEL("b", "down"), SESSION("idle"));
	expect("");
	assert_true(HEAR("a", "up"));
	assert_true(HEAR("a", "down"));
	assert_true(hear("{\"event\":\"commit\"}"));
	assert_true(hear("{\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.2\","
			 "\"state\":\"established\"}"));
	assert_false(hear("{\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.2\","
			  "\"state\":\"established\"}"));
}

/* wgd was started again: that it has not judged yet is no state. */
static void test_never(void **state)
{
	compare(TUNNEL("a", "up"), TUNNEL("b", "never"), NULL);
	compare(TUNNEL("a", "never"), TUNNEL("b", "never"), NULL);
	expect("");
	assert_false(HEAR("a", "up"));
	assert_true(HEAR("b", "up"));
	compare(TUNNEL("a", "up"), TUNNEL("b", "down"), NULL);
	expect(CHANGED("b", "up", "down"));
}

static void test_restart(void **state)
{
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), SESSION("established"));
	states_close();
	states_open(dir, on_event);
	compare(TUNNEL("a", "down"), TUNNEL("b", "up"), SESSION("established"));
	expect(CHANGED("a", "up", "down"));
	states_close();
	states_open(NULL, on_event); /* nothing is kept */
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), NULL);
	expect("");
}

/* A site that comes and goes all the time does not keep the others from being written. */
static void test_kept_in_time(void **state)
{
	char *file = xasprintf("%s/states", dir);

	compare(UP, NULL);
	for (int i = 0; i < 4; i++) {
		assert_true(HEAR("a", "down"));
		pass(300);
		assert_true(HEAR("a", "up"));
		pass(300);
	}
	assert_int_equal(access(file, R_OK), 0);
	free(file);
}

/* One that was removed, and is made again later, is a new one; an answer that is not whole says
 * nothing of what is not in it. */
static void test_gone(void **state)
{
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), NULL);
	states_compare();
	states_compare(); /* one is enough */
	end(ASK_FAILED);
	assert_null(sink);
	assert_string_equal(command, "tunnels");
	compare(TUNNEL("a", "up"), TUNNEL("c", "up"), NULL);
	compare(TUNNEL("a", "up"), TUNNEL("b", "down"), NULL);
	expect("");
	compare(TUNNEL("a", "down"), TUNNEL("b", "down"), NULL);
	expect(CHANGED("a", "up", "down"));
}

/* wgbgpd was started again: a neighbor that comes back in time is no news, nor is it when wgbgpd
 * goes once more before the second look. */
static void test_settle(void **state)
{
	compare(UP, SESSION("established"));
	compare(UP, SESSION("active"));
	pass(SETTLE_MS);
	answer(UP, SESSION("established"));
	pass(SETTLE_MS);
	assert_null(sink);
	compare(UP, SESSION("active"));
	assert_false(HEAR_SESSION("established"));
	states_away();
	pass(SETTLE_MS);
	assert_null(sink);
	compare(UP, SESSION("active"));
	expect("");
	assert_true(HEAR_SESSION("down"));
	pass(SETTLE_MS);
	answer(UP, SESSION("active"));
	expect("");
}

/* A neighbor of a range is in no answer while it has no session. */
static void test_session_gone(void **state)
{
	compare(UP, SESSION("established"));
	compare(UP, NULL);
	expect("");
	pass(SETTLE_MS);
	answer(UP, NULL);
	expect(LOST("the neighbor is not there any more"));
	compare(UP, NULL);
	pass(SETTLE_MS);
	assert_null(sink);
	expect("");
}

/* Neighbors of a range that come and go are not kept: there may be very many of them. */
static void test_range(void **state)
{
	char event[160], *file = xasprintf("%s/states", dir);
	json_t *kept;

	assert_true(HEAR("a", "up"));
	assert_true(HEAR_SESSION("down"));
	for (int i = 0; i < 200; i++) {
		snprintf(event, sizeof(event),
			 "{\"event\":\"bgp-session\",\"neighbor\":\"10.8.0.%d\",\"dynamic\":true,"
			 "\"state\":\"%s\"}",
			 i / 2, i % 2 ? "down" : "established");
		assert_true(hear(event));
	}
	pass(1000);
	kept = json_load_file(file, 0, NULL);
	assert_int_equal(json_object_size(kept), 2); /* the tunnel, and who is configured */
	json_decref(kept);
	free(file);
}

/* An answer that failed, or could not be asked for, is asked for again, later and later. */
static void test_again(void **state)
{
	compare(UP, SESSION("established"));
	states_compare();
	end(ASK_FAILED);
	pass(1999);
	assert_null(sink);
	full = true;
	pass(1);
	full = false;
	pass(3999);
	assert_null(sink);
	pass(1);
	row(TUNNEL("a", "up"));
	end(ASK_ANSWERED);
	end(ASK_FAILED); /* the sessions */
	pass(8000);
	answer(TUNNEL("a", "down"), TUNNEL("b", "up"), SESSION("idle"));
	expect(CHANGED("a", "up", "down"));
	pass(SETTLE_MS);
	end(ASK_FAILED);
	pass(2000);
	answer(TUNNEL("a", "down"), TUNNEL("b", "up"), SESSION("idle"));
	expect(""); /* wgbgpd may have been away: a first look again */
	pass(SETTLE_MS);
	states_compare(); /* there was another gap since this question */
	answer(TUNNEL("a", "down"), TUNNEL("b", "up"), SESSION("idle"));
	expect("");
	pass(2000);
	answer(TUNNEL("a", "down"), TUNNEL("b", "up"), SESSION("established"));
	expect("");
}

/* What was heard since the question is newer than the answer. */
static void test_race(void **state)
{
	compare(UP, SESSION("established"));
	states_compare();
	assert_true(HEAR("a", "down"));
	assert_true(HEAR_SESSION("down"));
	answer(UP, SESSION("established"));
	expect("");
	assert_false(HEAR("a", "down"));
	assert_true(HEAR_SESSION("established"));
}

static void test_damaged(void **state)
{
	char *path = xasprintf("%s/states", dir);
	FILE *out = fopen(path, "w");

	fputs("{\"tunnel wg0 a\": 7, ", out);
	fclose(out);
	free(path);
	states_close();
	states_open(dir, on_event);
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), NULL);
	expect("");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_gap),		 TEST(test_never),   TEST(test_restart),
		TEST(test_gone),	 TEST(test_damaged), TEST(test_settle),
		TEST(test_session_gone), TEST(test_again),   TEST(test_race),
		TEST(test_kept_in_time), TEST(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
