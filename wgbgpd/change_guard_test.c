/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guards of a change: everything ends, or it is given up, before and behind their answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "change.h"
#include "change_keep.h"
#include "change_trial.h"
#include "life.h"
#include "scratch.h"

/* What the second file says as well: wg1, which has wg0 for its guard, and STATEMENT there. */
static void say_guarded(const char *statement)
{
	snprintf(life_more, sizeof(life_more),
		 "wireguard { interface wg1 { private-key-file %s/key; address 10.9.1.1/24;\n"
		 "guard wg0; %s } }\n",
		 scratch_dir(), statement);
}

static void say_touched(bool touched)
{
	say_guarded(touched ? "mtu 1300;" : "");
}

static void begin_guarded(bool by_client)
{
	struct change_offer old, offer;

	life_guard = NULL;
	if (by_client) {
		old = life_offer("two", "one");
		say_touched(true);
		offer = life_offer("two", "one");
		json_decref((json_t *)offer.base);
		offer.base = json_incref((json_t *)old.base);
		change_commit(life_offered(&offer, 60), life_done, NULL);
		life_offer_free(&old);
		life_offer_free(&offer);
	} else {
		say_touched(true);
		life_edit("two");
		change_reload(life_by("reload", 60), life_done, NULL);
	}
}

static void setup_guarded(void)
{
	say_touched(false);
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
}

/* It was not begun: the old one runs, and nothing waits for anything. */
static void is_unbegun(bool by_client)
{
	assert_string_equal(life_runs(), "one");
	assert_false(change_on_trial());
	assert_true(life_history_begins(by_client ? "failed commit, committed reload"
						  : "refused start, failed reload, "));
	say_touched(!by_client);
	assert_true(life_files_say(by_client ? "one" : "two"));
	if (!by_client)
		assert_non_null(strstr(change_refusal(), "whose guards had not answered when"));
}

/* Everything ends in each moment until the guard says yes, and the change was not begun. Only a
 * question to the guard brings it into force; a later start does not. */
static void test_ended_before_the_guard(void **state)
{
	for (int by_client = 0; by_client < 2; by_client++)
		for (int steps = 0; steps <= DAEMON_COUNT; steps++) {
			setup_guarded();
			begin_guarded(by_client);
			for (int i = 0; i < steps; i++)
				life_answer();
			assert_true(!life_guard == (steps < DAEMON_COUNT));
			life_start_again();
			is_unbegun(by_client);
			life_start_again();
			is_unbegun(by_client);
			if (!by_client) {
				change_reload(life_by("reload", 60), life_done, NULL);
				for (int i = 0; i < DAEMON_COUNT; i++)
					life_answer();
				life_guard_answers(NULL);
				assert_string_equal(life_settle(), "applied");
				assert_string_equal(life_runs(), "two");
				assert_true(change_on_trial());
			}
			life_teardown(state);
			assert_int_equal(life_setup(state), 0);
		}
}

/* Behind its yes the change is one like any other: it is finished, and its time has begun there. */
static void test_ended_behind_the_guard(void **state)
{
	for (int by_client = 0; by_client < 2; by_client++)
		for (int steps = 0; steps <= 6; steps++) {
			setup_guarded();
			begin_guarded(by_client);
			for (int i = 0; i < DAEMON_COUNT; i++)
				life_answer();
			life_pass(59);
			life_guard_answers(NULL);
			for (int i = 0; i < steps; i++)
				life_answer();
			life_pass(1);
			life_start_again();
			assert_string_equal(life_runs(), "two");
			assert_true(life_files_say("two"));
			assert_true(change_on_trial());
			life_pass(59);
			LIFE_AWAIT_RETURN();
			say_touched(false);
			assert_string_equal(life_runs(), "one");
			assert_true(life_files_say("one"));
			life_teardown(state);
			assert_int_equal(life_setup(state), 0);
		}
}

/* A daemon that is asked goes; the change is given up: refused, and nothing waits. */
static void test_guard_is_lost(void **state)
{
	for (int given_up = 0; given_up < 2; given_up++) {
		setup_guarded();
		begin_guarded(false);
		for (int i = 0; i < DAEMON_COUNT; i++)
			life_answer();
		if (given_up) {
			assert_true(commit_give_up("nobody waits"));
			life_guard_answers(NULL); /* too late */
		} else {
			life_guard_answers("the daemon went away");
		}
		assert_false(commit_busy());
		assert_non_null(
			strstr(life_said, given_up ? "nobody waits" : "the daemon went away"));
		assert_false(change_on_trial());
		assert_string_equal(change_confirm(), "nothing waits for it");
		assert_string_equal(life_runs(), "one");
		assert_true(life_history_begins("committed reload, "));
		life_teardown(state);
		assert_int_equal(life_setup(state), 0);
	}
}

/* Nor is the next guard asked when the answer of the first one comes too late. */
static void test_guards_are_given_up(void **state)
{
	static const char both[] =
		"mtu %d; } interface wg2 { private-key-file %s/key; guard wg0; mtu %d;";
	char text[160];

	for (int check = 0; check < 2; check++) {
		snprintf(text, sizeof(text), both, 1400, scratch_dir(), 1400);
		say_guarded(text);
		life_edit("one");
		assert_string_equal(life_reload(0), "applied");
		snprintf(text, sizeof(text), both, 1300, scratch_dir(), 1300);
		say_guarded(text);
		life_edit("two");
		life_guard = NULL;
		if (check)
			change_check(life_by("check", 0), life_done, NULL);
		else
			change_reload(life_by("reload", 60), life_done, NULL);
		for (int i = 0; i < DAEMON_COUNT; i++)
			life_answer();
		assert_true(commit_give_up("nobody waits"));
		life_guard_answers(NULL);
		assert_null(life_guard);
		life_teardown(state);
		assert_int_equal(life_setup(state), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ended_before_the_guard),
		TEST(test_ended_behind_the_guard),
		TEST(test_guard_is_lost),
		TEST(test_guards_are_given_up),
	};
	int failed;

	if (!life_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + life_close();
}
