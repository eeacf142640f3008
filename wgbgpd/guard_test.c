/* SPDX-License-Identifier: BSD-2-Clause */
/* guard: what is asked of wgd for which change, and what becomes of the change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "change_journal.h"
#include "change_now.h"
#include "conf.h"
#include "guard.h"
#include "loop.h"
#include "util.h"

/* ---- wgd */

static char asked[256]; /* which guards, in order */
static ask_fn answer_fn;
static void *answer_arg;
static int store_error;
static char warned[512];

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);
int __wrap_change_store_error(void);
void __wrap_change_now_warn(json_t *warnings, const char *text);

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	assert_int_equal(id, DAEMON_WGD);
	assert_string_equal(conf_str(request, "command", ""), "prove");
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s ",
		 conf_str(request, "interface", "?"));
	json_decref(request);
	answer_fn = fn;
	answer_arg = arg;
}

int __wrap_change_store_error(void)
{
	return store_error;
}

void __wrap_change_now_warn(json_t *warnings, const char *text)
{
	snprintf(warned + strlen(warned), sizeof(warned) - strlen(warned), "%s\n", text);
}

static struct timer *limit; /* that was started last */
void __wrap_timer_start(struct timer *t, uint64_t ms);

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	limit = t;
}

static void answers(const char *peer, const char *why)
{
	json_t *answer = json_pack("{s:s?, s:s?, s:s?}", "peer", peer, "by", peer ? "echo" : NULL,
				   "why", why);

	answer_fn(answer_arg, answer, NULL);
	json_decref(answer);
}

/* ---- changes */

static const char *said; /* NULL: nothing was; "": it may pass */
static char text[512];

static void on_passed(const char *error)
{
	assert_null(said);
	snprintf(text, sizeof(text), "%s", error ? error : "");
	said = text;
}

/* wg1 has wg0 for its guard, wg3 has wg2. MTU and PORT change wg1 and wg3. */
static json_t *conf(int mtu, int port)
{
	return json_pack("{s:{s:[{s:s}, {s:s, s:s, s:i}, {s:s}, {s:s, s:s, s:i}]}}", "w:wireguard",
			 "interface", "name", "wg0", "name", "wg1", "guard", "wg0", "mtu", mtu,
			 "name", "wg2", "name", "wg3", "guard", "wg2", "listen-port", port);
}

/* From conf(1, 1). True: it is begun; what is asked then is in ASKED. */
static bool begin(struct change_ask *ask, int mtu, int port, char why[512])
{
	json_t *before = conf(1, 1), *after = conf(mtu, port);
	bool minds = guard_mind(ask, before, after, why, 512);

	asked[0] = '\0';
	said = NULL;
	if (minds)
		guard_pass(on_passed);
	json_decref(before);
	json_decref(after);
	return minds;
}

static int setup(void **state)
{
	store_error = 0;
	warned[0] = '\0';
	change_journal.committed = 7;
	return 0;
}

static int teardown(void **state)
{
	guard_close();
	return 0;
}

static void test_untouched(void **state)
{
	struct change_ask ask = {.how = "SIGHUP", .unattended = true};
	char why[512];

	assert_true(begin(&ask, 1, 1, why));
	assert_string_equal(said, "");
	assert_string_equal(asked, "");
	assert_int_equal(ask.seconds, 0);
	assert_null(ask.guard);
}

static void test_up(void **state)
{
	struct change_ask ask = {.how = "reload"};
	char why[512];

	assert_true(begin(&ask, 2, 2, why));
	assert_int_equal(ask.seconds, GUARD_TRIAL_S);
	assert_string_equal(ask.guard, "asked");
	assert_string_equal(warned,
			    "interface wg1 has a guard, and wireguard interface wg1 touches "
			    "it: this is on trial, for 5 minutes\n");
	assert_null(said);
	answers("hub", NULL);
	assert_null(said);
	answers("other", NULL);
	assert_string_equal(said, "");
	assert_string_equal(asked, "wg0 wg2 ");
	/* A time of the operator's. */
	warned[0] = '\0';
	ask.seconds = 60;
	assert_true(begin(&ask, 2, 1, why));
	assert_int_equal(ask.seconds, 60);
	assert_string_equal(warned, "");
}

static void test_down(void **state)
{
	struct change_ask ask = {.how = "reload"};
	char why[512];

	assert_true(begin(&ask, 2, 2, why));
	answers(NULL, "nothing came back in 12 s");
	assert_string_equal(said,
			    "interface wg1 is touched (wireguard interface wg1), and its guard "
			    "wg0 is not up: nothing came back in 12 s; `override-guard` behind "
			    "`reload` or `commit` does not ask it");
	assert_string_equal(asked, "wg0 ");
	assert_true(begin(&ask, 1, 2, why));
	answer_fn(answer_arg, NULL, "the daemon went away");
	assert_non_null(strstr(said, "guard wg2 is not up: the daemon went away"));
}

/* An answer to a question of a change that was given up. */
static void test_late(void **state)
{
	struct change_ask ask = {.how = "reload"};
	void *old;
	char why[512];

	begin(&ask, 2, 1, why);
	old = answer_arg;
	begin(&ask, 1, 2, why);
	answer_fn(old, NULL, "too late");
	assert_null(said);
	answers("hub", NULL);
	assert_string_equal(said, "");
}

/* No answer is one, too. */
static void test_forgotten(void **state)
{
	struct change_ask ask = {.how = "reload"};
	char why[512];

	limit = NULL;
	begin(&ask, 2, 1, why);
	assert_null(said);
	assert_non_null(limit);
	limit->fn(limit->arg);
	assert_non_null(strstr(said, "guard wg0 is not up: wgd does not say what became of"));
	said = NULL;
	answers("hub", NULL); /* too late */
	assert_null(said);
}

static void test_override(void **state)
{
	struct change_ask ask = {.how = "reload", .override_guard = true};
	char why[512];

	assert_true(begin(&ask, 2, 1, why));
	assert_string_equal(said, "");
	assert_string_equal(asked, "");
	assert_string_equal(ask.guard, "overridden");
	assert_int_equal(ask.seconds, GUARD_TRIAL_S);
	/* Where there is no way back whoever insists gets it for good. */
	ask.seconds = 0;
	store_error = -30;
	assert_true(begin(&ask, 2, 1, why));
	assert_int_equal(ask.seconds, 0);
}

static void test_unattended(void **state)
{
	struct change_ask ask = {.how = "reload", .unattended = true};
	char why[512];

	assert_false(begin(&ask, 2, 1, why));
	assert_non_null(strstr(why, "nobody would hear that it waits"));
}

/* The guard is changed in the same breath: said. */
static void test_both(void **state)
{
	struct change_ask ask = {.how = "reload", .seconds = 60};
	json_t *before = conf(1, 1), *after = conf(2, 1);
	char why[512];

	json_object_set_new(
		json_array_get(json_object_get(json_object_get(after, "w:wireguard"), "interface"),
			       0),
		"mtu", json_integer(3));
	assert_true(guard_mind(&ask, before, after, why, sizeof(why)));
	assert_string_equal(warned, "interface wg1 is touched together with its guard wg0\n");
	json_decref(before);
	json_decref(after);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_untouched), TEST(test_up),	     TEST(test_down), TEST(test_late),
		TEST(test_override),  TEST(test_unattended), TEST(test_both), TEST(test_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
