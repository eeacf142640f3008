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
#include "util.h"

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink,
			     void *arg);
void __wrap_ask_stop(struct ask *ask);

static char said[2048], command[32], dir[] = "/tmp/states-test-XXXXXX";
static const struct ask_sink *sink; /* NULL: nothing is asked */
static void *sink_arg;

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg)
{
	snprintf(command, sizeof(command), "%s",
		 json_string_value(json_object_get(request, "command")));
	json_decref(request);
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
	assert_int_equal(json_string_length(json_object_get(event, "time")), 24);
	json_object_del(event, "meanwhile");
	json_object_del(event, "time");
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

/* A comparison with these two tunnels, and a session where it is not NULL. */
static void compare(const char *a, const char *b, const char *session)
{
	states_compare();
	assert_string_equal(command, "tunnels");
	sink->head(sink_arg, "tunnels", "{}", 2);
	row(a);
	row(b);
	end(ASK_ANSWERED);
	assert_string_equal(command, "bgp-summary");
	sink->head(sink_arg, "neighbors", "{}", 2);
	if (session)
		row(session);
	end(ASK_ANSWERED);
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
	expect(CHANGED("a", "up", "down") "{\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.2\","
					  "\"state\":\"down\",\"why\":"
					  "\"hold timer\",\"asked\":false,\"silent-seconds\":0}\n");
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

/* One that was removed, and is made again later, is a new one; an answer that is not whole says
 * nothing of what is not in it. */
static void test_gone(void **state)
{
	compare(TUNNEL("a", "up"), TUNNEL("b", "up"), NULL);
	states_compare();
	states_compare(); /* one is enough */
	end(ASK_FAILED);
	assert_null(sink);
	compare(TUNNEL("a", "up"), TUNNEL("c", "up"), NULL);
	compare(TUNNEL("a", "up"), TUNNEL("b", "down"), NULL);
	expect("");
	compare(TUNNEL("a", "down"), TUNNEL("b", "down"), NULL);
	expect(CHANGED("a", "up", "down"));
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
		TEST(test_gap),	 TEST(test_never),   TEST(test_restart),
		TEST(test_gone), TEST(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
