/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_start: starts that are refused, and starts behind everything's end in the middle of a
 * change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "change_keep.h"
#include "change_trial.h"
#include "conf.h"
#include "config.h"
#include "life.h"
#include "scratch.h"
#include "util.h"

static void test_edited_while_stopped(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_string_equal(life_history(), "committed start, committed start");
}

/* ---- a start that is refused */

/* The check alone is answered. */
static void refuse_check(const char *here)
{
	life_refuses = here;
	for (int i = 0; i < DAEMON_COUNT; i++)
		life_answer();
	life_refuses = NULL;
}

/* The files stay as they are; a reload says what is wrong with them, or takes them when mended. */
static void instead_of(const char *why)
{
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_non_null(change_refusal());
	assert_non_null(strstr(change_refusal(), why));
	assert_string_equal(life_history(), "refused start, committed start");
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_int_equal(life_configs, 1);
}

static void test_broken_while_stopped(void **state)
{
	life_crash();
	scratch_put("more", LIFE_BROKEN);
	life_configs = 0;
	assert_true(life_start());
	instead_of("more:1:10: ");
	assert_string_equal(scratch_text("more"), LIFE_BROKEN);
	assert_non_null(strstr(life_reload(0), "more:1:10: "));
	assert_non_null(change_refusal());
	life_start_again();
	assert_string_equal(life_runs(), "one");
	assert_non_null(change_refusal());
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
	assert_string_equal(life_history(), "committed reload, committed start");
	/* Or they are put back. */
	life_crash();
	scratch_put("more", LIFE_BROKEN);
	assert_true(life_start());
	life_settle();
	assert_string_equal(life_rollback(0, 0), "applied");
	assert_true(life_files_say("two"));
	assert_null(change_refusal());
	life_start_again();
	assert_null(change_refusal());
}

/* Whatever it is that keeps the files from being read. */
static void test_unreadable_while_stopped(void **state)
{
	static const struct {
		const char *lost, *text, *why; /* TEXT: what LOST says instead; NULL: nothing */
	} rows[] = {
		{"conf", NULL, "conf: "},
		{"conf", "", "it has no WireGuard interface"},
		{"conf", "# all gone\n", "it has no WireGuard interface"},
		{"more", NULL, "more"},
		{"key", NULL, "key: "},
		{"key", "short\n", "key: "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		life_crash();
		if (rows[i].text)
			scratch_put(rows[i].lost, rows[i].text);
		else
			unlink(scratch_at(rows[i].lost));
		life_configs = 0;
		assert_true(life_start());
		instead_of(rows[i].why);
		scratch_put("key", LIFE_KEY);
		life_edit("one");
		assert_string_equal(life_reload(0), "applied");
		assert_null(change_refusal());
	}
}

/* A daemon that says no, to an edit, or only now to what was committed. */
static void test_refused_while_stopped(void **state)
{
	for (int edited = 0; edited < 2; edited++) {
		life_crash();
		life_edit(edited ? "two" : "one");
		life_configs = 0;
		life_looked_for[0] = '\0';
		assert_true(life_start());
		refuse_check("wgd config-check");
		instead_of("wgd: no");
		assert_string_equal(life_looked_for, "one");
		assert_true(life_files_say(edited ? "two" : "one"));
	}
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
}

/* A daemon that cannot apply it: behind a reload the old one would be in force again. */
static void test_failed_while_stopped(void **state)
{
	static const struct {
		const char *step, *word;
	} rows[] = {{"wgd config-apply", "two"},
		    {"bgpd config-apply", "three"},
		    {"wgd config-prune", "four"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		life_crash();
		life_edit(rows[i].word);
		life_configs = 0;
		assert_true(life_start());
		life_refuses = rows[i].step;
		assert_string_equal(life_settle(), "applied");
		assert_string_equal(life_runs(), "one");
		assert_true(life_files_say(rows[i].word));
		assert_int_equal(life_configs, 1);
		assert_non_null(strstr(change_refusal(), ": no"));
		assert_true(life_history_begins("refused start, failed start, "));
	}
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
	/* What was committed is applied, whatever is said to it. */
	life_crash();
	assert_true(life_start());
	life_refuses = "wgd config-apply";
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
}

/* What was committed runs, and no daemon was told anything else; which files do not, and why. */
static void not_tried(const char *word, unsigned number)
{
	char *want = xasprintf("commit %u, which failed", number);

	life_crash();
	assert_true(life_start());
	played_settle();
	assert_null(strstr(played_text, word));
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say(word));
	assert_non_null(strstr(change_refusal(), want));
	assert_non_null(strstr(change_refusal(), ": no (not in force: "));
	assert_non_null(strstr(change_refusal(), "/conf, "));
	assert_non_null(strstr(change_refusal(), "/more)"));
	free(want);
}

/* It is not tried again by the next starts, of which there may be many; another edit is, and what
 * has failed is known behind that, too. */
static void test_failed_is_not_tried_again(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	life_refuses = "bgpd config-apply";
	assert_string_equal(life_settle(), "applied");
	assert_non_null(strstr(change_refusal(), ": no (not in force: "));
	for (int i = 0; i < 6; i++) {
		not_tried("two", 2);
		assert_string_equal(life_history(), "refused start, failed start, committed start");
	}
	life_crash();
	life_edit("three");
	assert_true(life_start());
	life_refuses = "wgd config-prune";
	assert_string_equal(life_settle(), "applied");
	not_tried("three", 3);
	life_edit("two");
	not_tried("two", 2);
	life_edit("one");
	life_start_again();
	assert_string_equal(life_runs(), "one");
	assert_null(change_refusal());
	life_edit("four");
	life_start_again();
	assert_string_equal(life_runs(), "four");
	assert_null(change_refusal());
}

/* Everything ends, and what the journal says is what another version has left. */
static void upgrade(void)
{
	const char *path = scratch_at("state/commits/index");
	json_t *index, *record;
	size_t i;

	life_crash();
	index = json_load_file(path, 0, NULL);
	assert_string_equal(conf_str(index, CHANGE_VERSION, ""), WGBGP_VERSION);
	json_object_set_new(index, CHANGE_VERSION, json_string("0"));
	json_array_foreach (json_object_get(index, "commits"), i, record)
		if (json_object_get(record, CHANGE_VERSION))
			json_object_set_new(record, CHANGE_VERSION, json_string("0"));
	assert_int_equal(json_dump_file(index, path, 0), 0);
	json_decref(index);
}

/* Another version tries it once more, and not again where it fails, too. */
static void test_failed_with_another_version(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	life_refuses = "bgpd config-apply";
	assert_string_equal(life_settle(), "applied");
	not_tried("two", 2);
	upgrade();
	assert_true(life_start());
	life_refuses = "wgd config-apply";
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_non_null(strstr(change_refusal(), "wgd: no"));
	not_tried("two", 3);
	upgrade();
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
}

/* A reload tries it. Where that goes well starts run it, too; where not, they do not. */
static void test_failed_is_reloaded(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	life_refuses = "bgpd config-apply";
	assert_string_equal(life_settle(), "applied");
	life_start_again();
	life_refuses = "wgd config-apply";
	assert_non_null(strstr(life_reload(0), "wgd: no"));
	assert_string_equal(life_runs(), "one");
	not_tried("two", 3);
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
	life_start_again();
	assert_string_equal(life_runs(), "two");
	life_edit("three");
	assert_string_equal(life_reload(0), "applied");
	life_crash();
	life_edit("two");
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
}

/* Where there is nothing else to run it is tried. */
static void test_failed_is_all_there_is(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	life_refuses = "bgpd config-apply";
	assert_string_equal(life_settle(), "applied");
	scratch_put("state/commits/1", "damaged");
	life_start_again();
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
	life_start_again();
	assert_string_equal(life_runs(), "two");
}

/* A trial, and what a crash broke off, are taken back then. */
static void test_unfinished_fails_at_the_start(void **state)
{
	for (unsigned seconds = 0; seconds <= 60; seconds += 60) {
		life_edit("two");
		change_reload(life_by("reload", seconds), life_done, NULL);
		for (int i = 0; i < 6; i++)
			life_answer();
		life_crash();
		assert_true(life_start());
		life_refuses = "bgpd config-apply";
		assert_string_equal(life_settle(), "applied");
		assert_string_equal(life_runs(), "one");
		assert_true(life_files_say("one"));
		assert_true(life_history_begins("returned reload, "));
		assert_false(change_on_trial());
	}
}

/* Where what was committed is refused as well there is no start, and both are said. */
static void test_both_are_refused(void **state)
{
	life_crash();
	life_edit("two");
	assert_true(life_start());
	life_refuses = "wgd config-check";
	assert_string_equal(life_settle(), "wgd: no; commit 1, which would run instead: wgd: no");
	assert_true(life_files_say("two"));
	life_crash();
	scratch_put("more", LIFE_BROKEN);
	scratch_put("state/commits/1", "damaged");
	assert_false(life_start());
	assert_non_null(strstr(life_refused, "more:1:10: "));
	assert_non_null(strstr(life_refused,
			       "commit 1, which would run instead: commit 1 cannot be "
			       "read: Bad message\n"));
	life_crash();
	life_edit("two");
	assert_true(life_start());
	refuse_check("wgd config-check");
	assert_string_equal(life_said,
			    "wgd: no; commit 1, which would run instead: commit 1 cannot be "
			    "read: Bad message");
}

/* What was committed before that runs, where the last one cannot be read. */
static void test_refused_and_damaged(void **state)
{
	life_edit("two");
	assert_string_equal(life_reload(0), "applied");
	life_crash();
	scratch_put("more", LIFE_BROKEN);
	scratch_put("state/commits/2", "damaged");
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_non_null(strstr(change_refusal(), "more:1:10: "));
}

static void test_broken_at_the_first_start(void **state)
{
	life_crash();
	unlink(scratch_at("state/commits/index"));
	scratch_put("more", LIFE_BROKEN);
	assert_false(life_start());
	assert_non_null(strstr(life_refused, "more:1:10: "));
	assert_null(strstr(life_refused, "instead"));
	assert_null(change_refusal());
}

/* ---- everything ends meanwhile */

static void test_trial_goes_on(void **state)
{
	life_edit("two");
	life_reload(60);
	life_pass(10);
	life_edit("three"); /* no way around the trial */
	life_start_again();
	assert_string_equal(life_runs(), "two");
	assert_true(change_on_trial());
	assert_non_null(strstr(life_reload(0), "(50 s are left)"));
	life_pass(50);
	LIFE_AWAIT_RETURN();
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
}

static void test_trial_over_at_the_start(void **state)
{
	life_edit("two");
	life_reload(60);
	life_crash();
	life_pass(60);
	assert_true(life_start());
	assert_true(life_files_say("one"));
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_string_equal(life_history(), "returned reload, committed start");
	/* The machine was started again, and its clock is wrong. */
	life_edit("two");
	life_reload(60);
	life_crash();
	strcpy(life_clock.boot_id, "next");
	life_clock.wall -= 900000;
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	life_clock.wall += 900000;
}

/* What was broken off and is refused now is taken back. */
static void test_broken_off_and_refused(void **state)
{
	life_edit("two");
	change_reload(life_by("reload", 0), life_done, NULL);
	for (int i = 0; i < 6; i++)
		life_answer();
	life_crash();
	assert_true(life_start());
	life_refuses = "bgpd config-check";
	for (int i = 0; i < DAEMON_COUNT; i++)
		life_answer();
	life_refuses = NULL;
	assert_string_equal(life_settle(), "applied");
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("one"));
}

enum { RELOAD, TRIAL, ROLLBACK, TRIAL_ROLLBACK, RETURN, COMMIT, TRIAL_COMMIT, KINDS };

/* After STEPS answers of the daemons nothing goes on. */
static void begin(int kind)
{
	if (kind == COMMIT || kind == TRIAL_COMMIT) {
		life_offer_commit("two", kind == COMMIT ? 0 : 60);
		return;
	}
	life_edit("two");
	if (kind == RETURN) {
		life_reload(60);
		life_pass(60);
		PLAYED_AWAIT(commit_busy());
		return;
	}
	if (kind == ROLLBACK || kind == TRIAL_ROLLBACK)
		life_reload(0);
	if (kind == ROLLBACK || kind == TRIAL_ROLLBACK)
		change_rollback(life_by("rollback", kind == ROLLBACK ? 0 : 60), 1, life_done, NULL);
	else
		change_reload(life_by("reload", kind == RELOAD ? 0 : 60), life_done, NULL);
}

/* Each kind of change, ended behind each answer of a daemon: a start makes the old or the new one
 * of it, whole, and the files say the same. A trial ends as it would have. */
static void test_ended_at_each_step(void **state)
{
	static const char *const becomes[KINDS] = {"two", "two", "one", "one", "one", "two", "two"};
	static const char *const ends[KINDS] = {"two", "one", "one", "two", "one", "two", "one"};

	for (int kind = 0; kind < KINDS; kind++)
		for (int steps = 0; steps <= 10; steps++) {
			begin(kind);
			for (int i = 0; i < steps; i++)
				life_answer();
			life_start_again();
			assert_string_equal(life_runs(), becomes[kind]);
			assert_true(life_files_say(becomes[kind]));
			life_pass(60);
			if (change_on_trial())
				LIFE_AWAIT_RETURN();
			assert_string_equal(life_runs(), ends[kind]);
			assert_true(life_files_say(ends[kind]));
			life_start_again();
			assert_string_equal(life_runs(), ends[kind]);
			assert_null(strstr(life_history(), "applying"));
			life_teardown(state);
			assert_int_equal(life_setup(state), 0);
		}
}

static void break_off_three(void)
{
	for (int i = 0; i < 3; i++) {
		life_crash();
		assert_true(life_start());
		for (int steps = 0; steps < 3 * i; steps++)
			life_answer();
		assert_true(commit_busy());
	}
}

static void start_in_vain(void)
{
	break_off_three();
	life_crash();
	assert_true(life_start());
	assert_string_equal(life_settle(), "applied");
}

/* An edit, or a trial, of which wgbgpd itself dies, or for which it is ended each time, is not
 * tried for ever. */
static void test_starts_in_vain(void **state)
{
	start_in_vain(); /* nothing was edited */
	assert_string_equal(life_runs(), "one");
	assert_null(change_refusal());
	life_edit("two");
	start_in_vain();
	assert_string_equal(life_runs(), "one");
	assert_true(life_files_say("two"));
	assert_non_null(strstr(change_refusal(), "did not come to their end"));
	assert_string_equal(life_history(), "refused start, committed start");
	assert_string_equal(life_reload(0), "applied");
	assert_string_equal(life_runs(), "two");
	life_edit("three");
	assert_string_equal(life_reload(60), "applied");
	life_start_again();
	assert_true(change_on_trial());
	start_in_vain();
	assert_false(change_on_trial());
	assert_string_equal(life_runs(), "two");
	assert_true(life_files_say("two"));
	assert_null(change_refusal());
	assert_true(life_history_begins("returned reload, committed reload, "));
	change_rollback(life_by("rollback", 0), 1, life_done, NULL);
	start_in_vain();
	assert_string_equal(life_runs(), "two");
}

/* So many starts of another version are no reason not to look at the files. */
static void test_starts_of_another_version(void **state)
{
	life_edit("two");
	break_off_three();
	upgrade();
	life_start_again();
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
}

/* A start that is refused has come to its end: the files that are edited then are read. */
static void test_starts_refused(void **state)
{
	for (int i = 0; i < 5; i++) {
		life_crash();
		assert_true(life_start());
		life_refuses = "wgd config-check";
		assert_non_null(strstr(life_settle(), "wgd: no"));
	}
	life_edit("two");
	life_start_again();
	assert_string_equal(life_runs(), "two");
	assert_null(change_refusal());
}

/* What it left beside the files does not stay there. */
static void test_swept(void **state)
{
	static const char *const names[] = {"conf.wgbgp-new", "more.wgbgp-new", "more.wgbgp-edit",
					    "conf.rejected.new"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		scratch_put(names[i], "half of it");
	scratch_put("conf.rejected", "whole");
	life_start_again();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(scratch_text(names[i]), "(none)");
	assert_string_equal(scratch_text("conf.rejected"), "whole");
	assert_true(life_files_say("one"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_edited_while_stopped),
		TEST(test_broken_while_stopped),
		TEST(test_unreadable_while_stopped),
		TEST(test_refused_while_stopped),
		TEST(test_failed_while_stopped),
		TEST(test_failed_is_not_tried_again),
		TEST(test_failed_with_another_version),
		TEST(test_failed_is_reloaded),
		TEST(test_failed_is_all_there_is),
		TEST(test_unfinished_fails_at_the_start),
		TEST(test_both_are_refused),
		TEST(test_refused_and_damaged),
		TEST(test_broken_at_the_first_start),
		TEST(test_trial_goes_on),
		TEST(test_trial_over_at_the_start),
		TEST(test_broken_off_and_refused),
		TEST(test_ended_at_each_step),
		TEST(test_starts_in_vain),
		TEST(test_starts_of_another_version),
		TEST(test_starts_refused),
		TEST(test_swept),
	};
	int failed;

	if (!life_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + life_close();
}
