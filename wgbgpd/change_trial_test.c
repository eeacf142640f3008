/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_trial: its end, and the way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "change_trial.h"
#include "conf.h"
#include "life.h"
#include "listen.h"
#include "ports.h"
#include "scratch.h"

/* What a trial broke is said to whoever waits, however long the way back takes. */
static void test_lost(void **state)
{
	life_watched = true;
	life_lost = "it is gone";
	life_edit("two");
	assert_string_equal(life_reload(60), "commit 2 was taken back: it is gone");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_string_equal(life_history(), "returned reload, committed start");
	/* One that stands for a while is said as ever. */
	life_lost = NULL;
	life_edit("two");
	life_reload(60);
	PLAYED_AWAIT(life_said[0]);
	assert_string_equal(life_said, "applied");
	assert_true(change_on_trial());
}

static void test_trial_ends(void **state)
{
	json_t *answer;

	life_edit("two");
	assert_string_equal(life_reload(60), "applied");
	answer = change_answer();
	assert_int_equal(conf_u32(answer, "confirm-seconds", 0), 60);
	json_decref(answer);
	assert_string_equal(life_runs(), "two");
	assert_string_equal(life_looked_for, "two");
	life_pass(59);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(life_runs(), "two");
	life_pass(1);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	assert_string_equal(life_looked_for, "one"); /* whom it would lock out is spared again */
	assert_true(life_files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "two"));
	assert_non_null(strstr(scratch_text("more.rejected"), "two"));
	assert_string_equal(life_history(), "returned reload, committed start");
	assert_int_equal(life_configs, 2);
	assert_string_equal(life_reload(0), "applied");
	life_start_again();
	assert_string_equal(life_runs(), "one");
}

/* The loop's clock stands still while the machine is suspended, the trial's does not. */
static void test_trial_ends_in_a_suspend(void **state)
{
	life_edit("two");
	assert_string_equal(life_reload(86400), "applied");
	assert_in_range(life_waits_ms, 1, 10000);
	life_waits_ms = 0;
	PLAYED_AWAIT(life_waits_ms);
	assert_in_range(life_waits_ms, 1, 10000);
	life_pass(86400);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
}

/* Nobody's mere check holds up the way back, nor `confirm`. */
static void test_trial_before_a_check(void **state)
{
	life_edit("two");
	life_reload(60);
	change_check(life_by("check", 0), life_done, NULL);
	assert_true(commit_busy());
	assert_null(change_confirm());
	assert_string_equal(life_said, "the trial is confirmed");
	assert_false(commit_busy());
	life_edit("three");
	life_reload(60);
	change_check(life_by("check", 0), life_done, NULL);
	assert_true(commit_busy());
	life_pass(60);
	PLAYED_AWAIT(*life_said);
	assert_string_equal(life_said, "a trial ends");
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "two");
	/* Its own return is no such check. */
	life_edit("three");
	life_reload(60);
	change_rollback(life_by("rollback", 0), 0, life_done, NULL);
	assert_true(commit_busy());
	life_pass(60);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(life_said, "");
	assert_string_equal(life_settle(), "applied");
	assert_false(change_on_trial());
}

static void test_confirmed(void **state)
{
	assert_string_equal(change_confirm(), "nothing waits for it");
	life_edit("two");
	life_reload(60);
	assert_null(change_confirm());
	assert_false(change_on_trial());
	life_pass(1000);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(life_runs(), "two");
	assert_string_equal(life_history(), "committed reload, committed start");
	life_start_again();
	assert_string_equal(life_runs(), "two");
}

/* Nobody can confirm what does not run yet. */
static void test_confirmed_too_early(void **state)
{
	for (int steps = 0; steps < 10; steps++) {
		life_edit("two");
		change_reload(life_by("reload", 60), life_done, NULL);
		for (int i = 0; i < steps; i++)
			life_answer();
		assert_true(commit_busy());
		assert_non_null(strstr(change_confirm(), "still being applied"));
		assert_string_equal(life_settle(), "applied");
		assert_true(change_on_trial());
		assert_null(change_confirm());
		life_start_again();
		assert_string_equal(life_runs(), "two");
		life_edit("one");
		assert_string_equal(life_reload(0), "applied");
	}
}

/* Somebody's log-level, which a daemon is slow to take, holds up neither the confirm, nor the end
 * of a trial, whatever change was before it. */
static void test_trial_before_a_log_level(void **state)
{
	for (int returned = 0; returned < 2; returned++)
		for (int confirmed = 0; confirmed < 2; confirmed++) {
			life_edit("two");
			if (returned) {
				life_reload(60);
				assert_string_equal(life_rollback(0, 0), "applied");
				life_edit("two");
			}
			assert_string_equal(life_reload(60), "applied");
			if (returned)
				life_start_again();
			life_by("log-level", 0);
			change_log_level("debug", life_done, NULL);
			assert_true(commit_busy());
			if (confirmed) {
				assert_null(change_confirm());
				assert_string_equal(life_said, "the trial is confirmed");
			} else {
				life_pass(60);
				LIFE_AWAIT_RETURN();
			}
			assert_false(change_on_trial());
			assert_string_equal(life_runs(), confirmed ? "two" : "one");
			life_edit("one");
			assert_string_equal(life_reload(0), "applied");
		}
}

static void test_nothing_else_meanwhile(void **state)
{
	const char *said_left;

	life_edit("two");
	life_reload(60);
	life_pass(20);
	life_edit("three");
	said_left = strstr(life_reload(0), "commit 2 waits for `confirm` (");
	assert_non_null(said_left);
	assert_in_range(strtoul(strchr(said_left, '(') + 1, NULL, 10), 30, 40);
	assert_non_null(strstr(life_reload(60), "waits for"));
	assert_non_null(strstr(life_rollback(1, 0), "waits for"));
	assert_string_equal(life_runs(), "two");
	assert_true(change_on_trial());
	assert_string_equal(life_rollback(0, 0), "applied");
	assert_false(change_on_trial());
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
}

static void test_rollback_on_trial(void **state)
{
	life_edit("two");
	life_reload(0);
	assert_string_equal(life_rollback(1, 60), "applied");
	assert_true(life_files_say("one"));
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "two");
	assert_true(life_files_say("two"));
	assert_string_equal(life_history(), "returned rollback, committed reload, committed start");
}

/* It is tried until it goes well; who is there may keep what is on trial. */
static void test_return_is_refused(void **state)
{
	life_edit("two");
	life_reload(60);
	life_pass(60);
	for (int i = 0; i < 3; i++) {
		life_refuses = "bgpd config-check";
		PLAYED_AWAIT(commit_busy());
		life_settle();
		assert_string_equal(life_runs(), "two");
		change_reload(life_by("reload", 0), life_done, NULL);
		assert_non_null(strstr(life_said, "being taken back (`confirm` keeps it)"));
	}
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	life_edit("two");
	life_reload(60);
	life_pass(60);
	PLAYED_AWAIT(commit_busy());
	do { /* the next attempt may be under way */
		life_refuses = "bgpd config-check";
		life_settle();
	} while (change_confirm());
	for (int i = 0; i < 5; i++)
		played_turn();
	assert_string_equal(life_runs(), "two");
	assert_true(life_files_say("two"));
	life_start_again();
	assert_string_equal(life_runs(), "two");
}

/* A key file that is gone does not keep anybody from going back. */
static void test_return_without_the_key(void **state)
{
	life_edit("two");
	life_reload(60);
	unlink(scratch_at("key"));
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	scratch_put("key", LIFE_KEY);
}

static unsigned port;

/* BGP at this port of the loopback, with a neighbour whose password is in a file. */
static void say_bgp(unsigned at_port)
{
	snprintf(life_more, sizeof(life_more),
		 "bgp { as 65001; router-id 10.9.0.1; listen-address 127.0.0.1; listen-port %u;\n"
		 "neighbor 10.9.0.2 { remote-as 65001; password-file %s/password; } }\n",
		 at_port, scratch_dir());
}

/* "one" with BGP is committed, "two" is on trial. */
static void try_with_bgp(unsigned trial_port)
{
	scratch_put("password", "secret\n");
	say_bgp(port);
	life_edit("one");
	assert_string_equal(life_reload(0), "applied");
	assert_true(port_answers("127.0.0.1", port));
	say_bgp(trial_port);
	life_edit("two");
	assert_string_equal(life_reload(60), "applied");
	say_bgp(port);
}

/* Neither does a password that is gone; the neighbours' way in stays open. */
static void test_return_without_the_password(void **state)
{
	try_with_bgp(port);
	unlink(scratch_at("password"));
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_true(port_answers("127.0.0.1", port));
}

static void test_start_without_the_password(void **state)
{
	try_with_bgp(port);
	unlink(scratch_at("password"));
	life_crash();
	listen_free();
	life_pass(60);
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_false(change_on_trial());
}

/* Nor a port that somebody else has taken meanwhile. */
static void test_return_without_the_port(void **state)
{
	int fd;

	try_with_bgp(port + 1);
	fd = port_take("127.0.0.1", port);
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	close(fd);
	assert_string_equal(life_reload(0), "applied");
	assert_true(port_answers("127.0.0.1", port));
}

/* The way back first; the files when they can be written. */
static void test_return_without_the_files(void **state)
{
	life_edit("two");
	life_reload(60);
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	life_start_again();
	assert_string_equal(life_runs(), "one");
	assert_int_equal(rmdir(scratch_at("more")), 0);
	PLAYED_AWAIT(life_files_say("one"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lost),
		TEST(test_trial_ends),
		TEST(test_trial_ends_in_a_suspend),
		TEST(test_confirmed),
		TEST(test_confirmed_too_early),
		TEST(test_trial_before_a_log_level),
		TEST(test_nothing_else_meanwhile),
		TEST(test_trial_before_a_check),
		TEST(test_rollback_on_trial),
		TEST(test_return_is_refused),
		TEST(test_return_without_the_key),
		TEST(test_return_without_the_password),
		TEST(test_start_without_the_password),
		TEST(test_return_without_the_port),
		TEST(test_return_without_the_files),
	};
	int failed;

	if (!life_open())
		return 1;
	port = 20000 + (unsigned)getpid() % 10000;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + life_close();
}
