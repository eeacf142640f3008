/* SPDX-License-Identifier: BSD-2-Clause */
/* One hook after the other: order, rate, line, time limit, which events it is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"

#include "hook_run.h"
#include "hooks.h"
#include "loop.h"
#include "util.h"

uint64_t __wrap_now_ms(void);
pid_t __wrap_hook_run(const struct hook_call *call);
void __wrap_hook_run_kill(pid_t pid);

static uint64_t now = 1000;
static char said[4096]; /* what was carried out, a line each */
static pid_t last_pid = 100;
static pid_t killed;

uint64_t __wrap_now_ms(void)
{
	return now;
}

pid_t __wrap_hook_run(const struct hook_call *call)
{
	size_t at = strlen(said);

	snprintf(said + at, sizeof(said) - at, "%s %s\n", call->word, call->text);
	return ++last_pid;
}

void __wrap_hook_run_kill(pid_t pid)
{
	killed = pid;
}

static struct hook *hook(const char *settings)
{
	char text[256];
	json_t *conf;
	struct hook *h;

	snprintf(text, sizeof(text), "{\"name\": \"h\", \"program\": \"/bin/x\"%s}", settings);
	conf = json_loads(text, 0, NULL);
	assert_non_null(conf);
	h = hook_new(conf);
	json_decref(conf);
	said[0] = '\0';
	return h;
}

static void tell(struct hook *h, const char *word, int number)
{
	json_t *event = json_pack("{s:i}", "n", number);

	hook_tell(h, word, event);
	assert_int_equal(json_object_size(event), 1); /* it is the teller's */
	json_decref(event);
}

static void expect(const char *lines)
{
	assert_string_equal(said, lines);
	said[0] = '\0';
}

static void test_one_after_the_other(void **state)
{
	struct hook *h = hook("");

	tell(h, "tunnel-down", 1);
	tell(h, "tunnel-up", 2);
	expect("tunnel-down {\"n\":1,\"name\":\"tunnel-down\",\"left-out\":0}\n");
	assert_false(hook_ended(h, last_pid + 1, 0)); /* another one's */
	expect("");
	assert_true(hook_ended(h, last_pid, 0x100)); /* that it failed stops nothing */
	expect("tunnel-up {\"n\":2,\"name\":\"tunnel-up\",\"left-out\":0}\n");
	assert_true(hook_ended(h, last_pid, 0));
	assert_false(hook_ended(h, last_pid, 0));
	hook_free(h);
}

static void test_which_events(void **state)
{
	struct hook *usual = hook(""), *few = hook(", \"event\": [\"drain\", \"session-down\"]");

	tell(usual, "drain", 1);
	tell(few, "tunnel-down", 2);
	expect("");
	tell(few, "drain", 3);
	expect("drain {\"n\":3,\"name\":\"drain\",\"left-out\":0}\n");
	hook_free(usual);
	hook_free(few);
}

/* After as many at once as in a minute there is one for each part of a minute. */
static void test_rate(void **state)
{
	struct hook *h = hook(", \"rate\": 2");

	for (int i = 1; i <= 5; i++) {
		tell(h, "tunnel-down", i);
		hook_ended(h, last_pid, 0);
	}
	expect("tunnel-down {\"n\":1,\"name\":\"tunnel-down\",\"left-out\":0}\n"
	       "tunnel-down {\"n\":2,\"name\":\"tunnel-down\",\"left-out\":0}\n");
	now += 29999;
	tell(h, "tunnel-down", 6);
	expect("");
	now += 1;
	tell(h, "tunnel-down", 7);
	hook_ended(h, last_pid, 0);
	expect("tunnel-down {\"n\":7,\"name\":\"tunnel-down\",\"left-out\":4}\n");
	now += 3600000;
	for (int i = 8; i <= 10; i++) {
		tell(h, "tunnel-down", i);
		hook_ended(h, last_pid, 0);
	}
	expect("tunnel-down {\"n\":8,\"name\":\"tunnel-down\",\"left-out\":0}\n"
	       "tunnel-down {\"n\":9,\"name\":\"tunnel-down\",\"left-out\":0}\n");
	hook_free(h);
}

static void test_line_is_bounded(void **state)
{
	struct hook *h = hook(", \"rate\": 1000");
	unsigned carried = 1;

	for (int i = 0; i < HOOK_LINE_MAX + 11; i++)
		tell(h, "tunnel-down", i);
	for (said[0] = '\0'; hook_ended(h, last_pid, 0); said[0] = '\0')
		carried += said[0] != '\0';
	assert_int_equal(carried, HOOK_LINE_MAX + 1);
	tell(h, "tunnel-down", 0);
	expect("tunnel-down {\"n\":0,\"name\":\"tunnel-down\",\"left-out\":0}\n");
	hook_free(h);
}

static void stop(void *arg)
{
	loop_stop();
}

/* The one that takes too long is killed, and the next one has its turn. */
static void test_time_limit(void **state)
{
	struct hook *h = hook(", \"time-limit\": 1");
	struct timer later;

	tell(h, "tunnel-down", 1);
	tell(h, "tunnel-up", 2);
	said[0] = '\0';
	timer_init(&later, stop, NULL);
	timer_start(&later, 1100);
	loop_run();
	assert_int_equal(killed, last_pid);
	expect("");
	assert_true(hook_ended(h, last_pid, 9));
	expect("tunnel-up {\"n\":2,\"name\":\"tunnel-up\",\"left-out\":0}\n");
	timer_stop(&later);
	assert_true(hook_ended(h, last_pid, 0));
	hook_free(h);
	loop_free();
}

/* A hook that is taken away: its program goes on, and nothing follows. */
static void test_retired(void **state)
{
	struct hook *h = hook("");

	assert_false(hook_retire(h));
	tell(h, "tunnel-down", 1);
	tell(h, "tunnel-up", 2);
	said[0] = '\0';
	killed = 0;
	assert_true(hook_retire(h));
	assert_int_equal(killed, 0);
	assert_true(hook_ended(h, last_pid, 0));
	expect("");
	hook_free(h);
}

/* All hooks: what came with its time keeps it, what happened now gets one. */
static void test_all(void **state)
{
	json_t *config = json_loads("{\"system\": {\"on-event\": [{\"name\": \"h\", "
				    "\"program\": \"/bin/x\"}]}}",
				    0, NULL);
	json_t *event = json_pack("{s:s, s:i, s:s}", "event", "last-path-lost", "prefixes", 2,
				  "time", "then");

	said[0] = '\0';
	hooks_set(config);
	json_decref(config);
	assert_int_equal(hooks_count(), 1);
	hooks_tell(event);
	json_decref(event);
	assert_ptr_equal(strstr(said, "last-path-lost {"), said);
	assert_non_null(strstr(said, "\"prefixes\":2,\"time\":\"then\""));
	hooks_ended(last_pid, 0);
	said[0] = '\0';
	hooks_tell_now(json_pack("{s:s}", "event", "wgbgpd-back"));
	assert_ptr_equal(strstr(said, "wgbgpd-back {"), said);
	assert_non_null(strstr(said, "\"time\":\"20"));
	hooks_ended(last_pid, 0);
	hooks_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_which_events),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_line_is_bounded),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_retired),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
