/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: reloads, failures and rollbacks, and what becomes of them where STATEDIR cannot be
 * written or read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "change_now.h"
#include "change_trial.h"
#include "conf.h"
#include "life.h"
#include "scratch.h"

/* ---- changes for good */

static void test_reload(void **state)
{
	json_t *list, *row;

	assert_string_equal(life_history(), "committed start");
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	assert_int_equal(life_configs, 1);
	assert_string_equal(life_history(), "committed reload, committed start");
	list = change_list();
	row = json_array_get(list, 0);
	assert_int_equal(conf_u32(row, "commit", 0), 2);
	assert_int_equal(conf_u32(row, "back", 9), 0);
	assert_int_equal(conf_u32(row, "uid", 0), 7);
	assert_string_equal(conf_str(row, "login", ""), "anna");
	assert_string_equal(conf_str(row, "comment", ""), "why not");
	assert_string_equal(conf_str(row, "statements", ""),
			    "~system hostname, ~wireguard interface wg0 description");
	assert_int_equal(conf_u32(json_array_get(list, 1), "back", 9), 1);
	json_decref(list);
	assert_string_equal(life_reload(0), "applied"); /* what is there already */
	assert_string_equal(life_history(), "committed reload, committed start");
	life_start_again();
	assert_string_equal(life_history(), "committed reload, committed start");
	scratch_put("more", "system { hostname two; } # a comment counts\n");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_history(), "committed reload, committed reload, committed start");
}

/* Sessions that ended while the change was applied are named; others are not, nor are they later.
 */
static void test_resets(void **state)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:b}", "event", "bgp-session", "neighbor",
				  "10.9.0.9", "why", "x", "configured", true);
	json_t *answer;
	char text[64];

	life_edit("two");
	life_resets = "10.9.0.2 10.9.0.3! fd00::1";
	assert_string_equal(life_reload(0), "applied");
	change_now_session(event); /* nothing is under way */
	json_decref(event);
	answer = change_answer();
	assert_int_equal(json_array_size(json_object_get(answer, "resets")), 2);
	assert_string_equal(
		conf_str(json_array_get(json_object_get(answer, "resets"), 0), "neighbor", ""),
		"10.9.0.2");
	assert_string_equal(
		conf_str(json_array_get(json_object_get(answer, "resets"), 1), "why", ""),
		"sent Cease");
	json_decref(answer);
	assert_string_equal(change_now_resets(text, sizeof(text)), "10.9.0.2 fd00::1");
	assert_string_equal(change_now_resets(text, 32), "10.9.0.2 and 1 more");
	life_edit("three");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(change_now_resets(text, sizeof(text)), "");
}

static void test_refusals(void **state)
{
	life_edit("two");
	life_refuses = "bgpd config-check";
	assert_string_equal(life_reload(0), "bgpd: no");
	life_refuses = "bgpd config-check";
	assert_string_equal(life_reload(60), "bgpd: no");
	assert_false(change_on_trial());
	assert_string_equal(life_history(), "committed start");
	scratch_put("more", LIFE_BROKEN);
	assert_non_null(strstr(life_reload(0), "more:1:"));
	assert_non_null(strstr(life_reload(60), "more:1:"));
	life_edit("one");
	assert_non_null(strstr(life_reload(60),
			       "nothing differs from commit 1, key files are not on trial"));
	assert_false(change_on_trial());
	assert_string_equal(life_runs(), "one");
	assert_string_equal(life_history(), "committed start");
}

/* What would be, and who would say no; on trial, too. */
static void test_check(void **state)
{
	json_t *answer;

	life_edit("two");
	change_check(life_by("check", 0), life_done, NULL);
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	answer = change_answer();
	assert_int_equal(conf_u32(answer, "changed", 0), 2);
	assert_true(json_is_null(json_object_get(answer, "commit")));
	json_decref(answer);
	assert_int_equal(life_configs, 0);
	life_refuses = "bgpd config-check";
	change_check(life_by("check", 0), life_done, NULL);
	assert_string_equal(life_settle(), "bgpd: no");
	life_reload(60);
	scratch_put("more", LIFE_BROKEN);
	change_check(life_by("check", 0), life_done, NULL);
	assert_non_null(strstr(life_said, "more:1:"));
	assert_true(change_on_trial());
	life_edit("three");
	change_check(life_by("check", 0), life_done, NULL);
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_string_equal(life_history(), "pending reload, committed start");
}

/* An error behind the check: the old one runs, the file stays as it was edited. */
static void test_failure(void **state)
{
	static const char *const steps[] = {"wgd config-apply", "bfdd config-apply",
					    "bgpd config-apply", "zebra-lite config-prune",
					    "wgd config-prune"};

	life_edit("two");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		for (unsigned seconds = 0; seconds <= 60; seconds += 60) {
			life_refuses = steps[i];
			assert_non_null(
				strstr(life_reload(seconds), "the old configuration is in force"));
			assert_string_equal(life_runs(), "one");
			assert_true(life_files_say("two"));
			assert_false(change_on_trial());
		}
	assert_non_null(strstr(life_history(), "failed reload, committed start"));
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
}

/* ---- back */

static void test_rollback(void **state)
{
	assert_non_null(strstr(life_rollback(1, 0), "there is no commit 1 back"));
	life_edit("two");
	life_reload(0);
	life_edit("three");
	life_reload(0);
	assert_string_equal(life_rollback(2, 0), "applied");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
	assert_string_equal(life_history(),
			    "committed rollback, committed reload, committed reload, "
			    "committed start");
	assert_string_equal(life_rollback(1, 0), "applied");
	assert_true(life_files_say("three"));
	/* 0 takes what nobody has applied out of the files. */
	life_edit("four");
	assert_string_equal(life_rollback(0, 0), "applied");
	assert_true(life_files_say("three"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "four"));
	life_start_again();
	assert_string_equal(life_runs(), "three");
}

static void test_rollback_that_is_refused(void **state)
{
	life_edit("two");
	life_reload(0);
	life_refuses = "zebra-lite config-check";
	assert_string_equal(life_rollback(1, 0), "zebra-lite: no");
	assert_true(life_files_say("two"));
	life_refuses = "zebra-lite config-apply";
	assert_non_null(strstr(life_rollback(1, 0), "in force again"));
	assert_true(life_files_say("two"));
	/* A file that cannot be written. */
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	assert_non_null(strstr(life_rollback(1, 0), "more: "));
	assert_string_equal(life_runs(), "two");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_int_equal(rmdir(scratch_at("more")), 0);
	life_edit("two");
	life_start_again();
	assert_string_equal(life_runs(), "two");
}

/* Files that cannot take their places behind the change are said, and written later: `confirm` does
 * not forget them. */
static void test_files_later(void **state)
{
	life_edit("two");
	life_reload(0);
	life_warnings = json_array();
	change_rollback(life_by("rollback", 60), 1, life_done, NULL);
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	assert_string_equal(life_settle(), "applied");
	assert_true(life_warned("more: "));
	assert_string_equal(life_runs(), "one");
	assert_null(change_confirm());
	assert_int_equal(rmdir(scratch_at("more")), 0);
	PLAYED_AWAIT(life_files_say("one"));
	life_start_again();
	assert_string_equal(life_runs(), "one");
}

/* A file that is included by two spellings is one file: what it said lies beside it. */
static void test_two_spellings(void **state)
{
	str_copy(life_more, "include extra;\ninclude ./extra;\n", sizeof(life_more));
	scratch_put("extra", "# old\n");
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	scratch_put("extra", "# edited\n");
	assert_string_equal(life_rollback(0, 0), "applied");
	assert_string_equal(scratch_text("extra"), "# old\n");
	assert_string_equal(scratch_text("extra.rejected"), "# edited\n");
}

static void test_kept_versions(void **state)
{
	struct datastore_version *v;
	char why[128];

	life_edit("two");
	life_reload(0);
	v = change_version(1, why, sizeof(why));
	assert_non_null(v);
	assert_non_null(strstr(v->text, "\"one\""));
	datastore_version_free(v);
	assert_null(change_version(2, why, sizeof(why)));
	assert_string_equal(why, "there is no commit 2 back");
}

/* ---- where nothing can be kept */

static void test_no_store(void **state)
{
	life_crash();
	setenv("WGBGP_STATEDIR", "/proc/none", 1);
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	life_edit("two");
	assert_non_null(strstr(life_reload(60), "what to go back to cannot be kept"));
	assert_string_equal(life_runs(), "one");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	assert_string_equal(life_history(), "");
}

/* What runs could not be kept: a trial would go back to something older, so there is none. */
static void test_not_kept(void **state)
{
	life_warnings = json_array();
	life_edit("two");
	life_disk_full = true;
	assert_string_equal(life_reload(0), "applied");
	life_disk_full = false;
	assert_true(life_warned("the change is not kept"));
	assert_string_equal(life_runs(), "two");
	life_edit("three");
	assert_non_null(strstr(life_reload(60), "what runs could not be kept"));
	assert_false(life_warned("not kept"));
	assert_string_equal(life_runs(), "two");
	life_edit("two");
	life_start_again(); /* and then it is */
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "two");
}

/* Without a way back there is no trial. */
static void test_damaged_way_back(void **state)
{
	scratch_put("state/commits/1", "damaged");
	life_edit("two");
	assert_non_null(
		strstr(life_reload(60), "commit 1, which a trial goes back to, cannot be read"));
	assert_false(change_on_trial());
	assert_string_equal(life_runs(), "one");
	assert_string_equal(life_history(), "committed start");
	assert_string_equal(life_reload(0), "applied");
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
}

/* A trial that cannot be read is over; without anything to go back to the files count. */
static void test_damaged_versions(void **state)
{
	life_edit("two");
	life_reload(60);
	scratch_put("state/commits/2", "damaged");
	life_start_again();
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_false(change_on_trial());
	life_edit("two");
	life_reload(60);
	scratch_put("state/commits/1", "damaged");
	scratch_put("state/commits/3", "damaged");
	life_start_again();
	assert_string_equal(life_runs(), "two");
	assert_false(change_on_trial());
}

/* Nor does it stay until somebody confirms it. */
static void test_way_back_is_damaged_meanwhile(void **state)
{
	life_edit("two");
	life_reload(0);
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	scratch_put("state/commits/2", "damaged");
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_true(life_history_begins("returned reload, committed reload, "));
	life_start_again();
	assert_string_equal(life_runs(), "one");
}

/* A trial does not become what runs for good because its way back cannot be read: what was
 * committed before that is. */
static void test_damaged_way_back_at_the_start(void **state)
{
	life_edit("two");
	life_reload(0);
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	scratch_put("state/commits/2", "damaged");
	life_crash();
	life_pass(60);
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
	assert_false(change_on_trial());
	life_start_again();
	assert_string_equal(life_runs(), "one");
}

/* It is only asked whether there is a way back: what cannot be read then is read later. */
static void test_way_back_is_back_again(void **state)
{
	const char *kept = "state/commits/2";
	char away[64];

	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	str_copy(away, scratch_at("away"), sizeof(away));
	life_crash();
	assert_int_equal(rename(scratch_at(kept), away), 0);
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_int_equal(rename(away, scratch_at(kept)), 0);
	assert_true(change_on_trial());
	life_pass(60);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "two");
	assert_true(life_files_say("two"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_reload),
		TEST(test_resets),
		TEST(test_refusals),
		TEST(test_check),
		TEST(test_failure),
		TEST(test_rollback),
		TEST(test_rollback_that_is_refused),
		TEST(test_files_later),
		TEST(test_two_spellings),
		TEST(test_kept_versions),
		TEST(test_no_store),
		TEST(test_not_kept),
		TEST(test_damaged_way_back),
		TEST(test_damaged_versions),
		TEST(test_way_back_is_damaged_meanwhile),
		TEST(test_damaged_way_back_at_the_start),
		TEST(test_way_back_is_back_again),
	};
	int failed;

	if (!life_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + life_close();
}
