/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: reloads, trials and rollbacks over real files, with daemons that are played; and the same
 * with everything ending in the middle, and a start behind it. A second takes a millisecond, and
 * the clocks of the journal are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "change.h"
#include "change_index.h"
#include "change_offer.h"
#include "change_keep.h"
#include "change_start.h"
#include "change_store.h"
#include "change_trial.h"
#include "conf.h"
#include "conf_schema.h"
#include "guard.h"
#include "listen.h"
#include "played.h"
#include "ports.h"
#include "scratch.h"

#define KEY "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=\n"
#define BROKEN "system { nonsense 1; }\n"

static char said[MSG_ERROR_MAX]; /* what DONE was told last */
static const char *refuses;	 /* "DAEMON STEP": answers "no" there */
static struct change_clock clock_ = {.wall = 1000000, .boot_s = 5000, .boot_id = "this"};
static unsigned configs; /* that were told to run */
static char main_file[64];

void __wrap_change_clock_read(struct change_clock *out);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

/* The disk is full. */
static bool played_full;
int __real_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode);
int __wrap_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode);

int __wrap_new_file_put_at(int fd, const char *name, const void *text, size_t len, mode_t mode)
{
	return played_full ? -ENOSPC : __real_new_file_put_at(fd, name, text, len, mode);
}

void __wrap_change_clock_read(struct change_clock *out)
{
	*out = clock_;
}

/* The host name of the configuration for which spared_look() was called last. */
static char looked_for[16];
void __wrap_spared_look(const json_t *config);

void __wrap_spared_look(const json_t *config)
{
	assert_false(commit_busy());
	str_copy(looked_for, conf_str(conf_get(config, "system"), "hostname", ""),
		 sizeof(looked_for));
}

static uint64_t waits_ms; /* the timer that was started last */

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	waits_ms = ms;
	__real_timer_start(t, ms == GUARD_LIMIT_MS ? ms : ms / 1000);
}

static void pass(unsigned seconds)
{
	clock_.wall += seconds;
	clock_.boot_s += seconds;
}

/* ---- files */

/* Two files that say the same word, so that a mixture of two versions shows. */
static char *text_of(const char *word)
{
	return xasprintf("# %s\nwireguard { interface wg0 { private-key-file %s/key;\n"
			 "address 10.9.0.1/24; description %s; } }\ninclude more;\n",
			 word, scratch_dir(), word);
}

static char bgp[320]; /* what the second one says as well */

static char *more_of(const char *word)
{
	return xasprintf("system { hostname %s; }\n%s", word, bgp);
}

static void edit(const char *word)
{
	char *text = text_of(word), *more = more_of(word);

	scratch_put("conf", text);
	scratch_put("more", more);
	free(text);
	free(more);
}

/* The files are those of edit(WORD). */
static bool files_say(const char *word)
{
	char *text = text_of(word), *more = more_of(word);
	bool same = str_eq(scratch_text("conf"), text) && str_eq(scratch_text("more"), more);

	free(text);
	free(more);
	return same;
}

/* What runs, whole. */
static const char *runs(void)
{
	const json_t *json = datastore_running() ? datastore_running()->json : NULL;
	const json_t *wg0 = json_array_get(conf_list(conf_get(json, "wireguard"), "interface"), 0);
	const char *word = conf_str(wg0, "description", "nothing");

	return str_eq(word, conf_str(conf_get(json, "system"), "hostname", "nothing"))
		       ? word
		       : "a mixture";
}

/* ---- daemons that say yes, and are not asked how they are, but for guards */

static ask_fn guard_fn; /* who waits for a guard; NULL: nobody */
static void *guard_arg;

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	bool prove = str_eq(conf_str(request, "command", ""), "prove");

	json_decref(request);
	if (!prove) {
		fn(arg, NULL, "played");
		return;
	}
	guard_fn = fn;
	guard_arg = arg;
}

/* ERROR: instead of yes. */
static void guard_answers(const char *error)
{
	json_t *yes = json_pack("{s:s, s:s}", "peer", "hub", "by", "echo");
	ask_fn fn = guard_fn;

	assert_non_null(fn);
	guard_fn = NULL;
	fn(guard_arg, error ? NULL : yes, error);
	json_decref(yes);
}

static void from_daemon(enum daemon_id id, const struct ipc_frame *frame)
{
	commit_daemon_done(id, frame);
}

/* The last message of the change that was sent: its number and its kind. */
static uint32_t last_step(char kind[16])
{
	const char *last = NULL;
	uint32_t generation = 0;
	char name[16];

	for (const char *p = played_text; (p = strstr(p, " config-")); p++)
		last = p;
	while (last && last > played_text && last[-1] != '\n')
		last--;
	if (last)
		sscanf(last, "%15s %u %15s", name, &generation, kind);
	return generation;
}

/* One answer of a daemon that has to give one. False: nobody has. */
static bool answer_one(void)
{
	char kind[16] = "", here[48];
	uint32_t generation;

	played_settle();
	generation = last_step(kind);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		if (!commit_waits_for(id))
			continue;
		snprintf(here, sizeof(here), "%s %s", daemon_name(id), kind);
		played_done(id, generation, refuses && str_eq(refuses, here) ? "no" : "");
		played_settle();
		return true;
	}
	return false;
}

/* Whether anything is watched during a trial, and what of it is lost at once. */
static bool watched;
static const char *lost;

bool __wrap_health_begin(void (*failed)(const char *why));

bool __wrap_health_begin(void (*failed)(const char *why))
{
	if (lost)
		failed(lost);
	return watched;
}

static const char *settle(void)
{
	while (answer_one())
		;
	played_text[0] = '\0';
	refuses = NULL;
	return said;
}

/* ---- what is asked */

static void on_done(void *arg, const char *error)
{
	snprintf(said, sizeof(said), "%s", error ? error : "applied");
}

static void on_config(void)
{
	configs++;
}

static json_t *warnings; /* of the changes that are asked; NULL: nobody wants them */

static const struct change_ask *by(const char *how, unsigned seconds)
{
	static struct change_ask ask;

	ask = (struct change_ask){.how = how,
				  .uid = 7,
				  .login = "anna",
				  .comment = "why not",
				  .seconds = seconds,
				  .warnings = warnings};
	said[0] = '\0';
	return &ask;
}

static const char *reload(unsigned seconds)
{
	change_reload(by("reload", seconds), on_done, NULL);
	return settle();
}

static const char *rollback(unsigned back, unsigned seconds)
{
	change_rollback(by("rollback", seconds), back, on_done, NULL);
	return settle();
}

/* One of them says TEXT; there are none any more. */
static bool warned(const char *text)
{
	bool found = false;
	json_t *one;
	size_t i;

	json_array_foreach (warnings, i, one)
		found |= strstr(json_string_value(one), text) != NULL;
	json_array_clear(warnings);
	return found;
}

/* Records, newest first, as "STATE HOW" each. */
static const char *history(void)
{
	static char text[1024];
	json_t *list = change_list(), *row;
	size_t i;

	text[0] = '\0';
	json_array_foreach (list, i, row)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s", i ? ", " : "",
			 conf_str(row, "state", ""), conf_str(row, "how", ""));
	json_decref(list);
	return text;
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* ---- lives of the process */

static char refused[2048]; /* what is wrong with what was to run first */

static bool start(void)
{
	struct conf_errors errs = {0};
	struct datastore_version *first;

	for (int id = 0; id < DAEMON_COUNT; id++)
		played_start(id);
	first = change_first(main_file, on_config, &errs);
	refused[0] = '\0';
	for (size_t i = 0; i < errs.n; i++)
		snprintf(refused + strlen(refused), sizeof(refused) - strlen(refused), "%s\n",
			 errs.v[i].text);
	conf_errors_free(&errs);
	said[0] = '\0';
	if (first)
		change_begin_first(first, on_done, NULL);
	return first != NULL;
}

/* Everything ends, in the middle of whatever it is. */
static void crash(void)
{
	change_close();
	commit_free();
	played_free();
	datastore_set_running(NULL);
}

static void start_again(void)
{
	crash();
	assert_true(start());
	assert_string_equal(settle(), "applied");
}

static int setup(void **state)
{
	struct conf_errors errs = {0};

	if (scratch_empty() != 0)
		return -1;
	setenv("WGBGP_STATEDIR", scratch_at("state"), 1);
	scratch_put("key", KEY);
	edit("one");
	played_from_daemon = from_daemon;
	datastore_init(conf_schema_load(conf_schema_dir(), &errs), main_file);
	if (!start() || strcmp(settle(), "applied") != 0)
		return -1;
	configs = 0;
	return 0;
}

static int teardown(void **state)
{
	crash();
	listen_free();
	bgp[0] = '\0';
	watched = false;
	lost = NULL;
	json_decref(warnings);
	warnings = NULL;
	datastore_free();
	loop_free();
	return 0;
}

/* ---- changes for good */

static void test_reload(void **state)
{
	json_t *list, *row;

	assert_string_equal(history(), "committed start");
	edit("two");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	assert_int_equal(configs, 1);
	assert_string_equal(history(), "committed reload, committed start");
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
	assert_string_equal(reload(0), "applied"); /* what is there already */
	assert_string_equal(history(), "committed reload, committed start");
	start_again();
	assert_string_equal(history(), "committed reload, committed start");
	scratch_put("more", "system { hostname two; } # a comment counts\n");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(history(), "committed reload, committed reload, committed start");
}

static void test_refusals(void **state)
{
	edit("two");
	refuses = "bgpd config-check";
	assert_string_equal(reload(0), "bgpd: no");
	refuses = "bgpd config-check";
	assert_string_equal(reload(60), "bgpd: no");
	assert_false(change_on_trial());
	assert_string_equal(history(), "committed start");
	scratch_put("more", BROKEN);
	assert_non_null(strstr(reload(0), "more:1:"));
	assert_non_null(strstr(reload(60), "more:1:"));
	edit("one");
	assert_non_null(
		strstr(reload(60), "nothing differs from commit 1, key files are not on trial"));
	assert_false(change_on_trial());
	assert_string_equal(runs(), "one");
	assert_string_equal(history(), "committed start");
}

/* What would be, and who would say no; on trial, too. */
static void test_check(void **state)
{
	json_t *answer;

	edit("two");
	change_check(by("check", 0), on_done, NULL);
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	answer = change_answer();
	assert_int_equal(conf_u32(answer, "changed", 0), 2);
	assert_true(json_is_null(json_object_get(answer, "commit")));
	json_decref(answer);
	assert_int_equal(configs, 0);
	refuses = "bgpd config-check";
	change_check(by("check", 0), on_done, NULL);
	assert_string_equal(settle(), "bgpd: no");
	reload(60);
	scratch_put("more", BROKEN);
	change_check(by("check", 0), on_done, NULL);
	assert_non_null(strstr(said, "more:1:"));
	assert_true(change_on_trial());
	edit("three");
	change_check(by("check", 0), on_done, NULL);
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "two");
	assert_string_equal(history(), "pending reload, committed start");
}

/* An error behind the check: the old one runs, the file stays as it was edited. */
static void test_failure(void **state)
{
	static const char *const steps[] = {"wgd config-apply", "bfdd config-apply",
					    "bgpd config-apply", "zebra-lite config-prune",
					    "wgd config-prune"};

	edit("two");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		for (unsigned seconds = 0; seconds <= 60; seconds += 60) {
			refuses = steps[i];
			assert_non_null(
				strstr(reload(seconds), "the old configuration is in force"));
			assert_string_equal(runs(), "one");
			assert_true(files_say("two"));
			assert_false(change_on_trial());
		}
	assert_non_null(strstr(history(), "failed reload, committed start"));
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
}

static void test_edited_while_stopped(void **state)
{
	crash();
	edit("two");
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "two");
	assert_string_equal(history(), "committed start, committed start");
}

/* ---- a start that is refused */

/* The check alone is answered. */
static void refuse_check(const char *here)
{
	refuses = here;
	for (int i = 0; i < DAEMON_COUNT; i++)
		answer_one();
	refuses = NULL;
}

/* The files stay as they are; a reload says what is wrong with them, or takes them when mended. */
static void instead_of(const char *why)
{
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_non_null(change_refusal());
	assert_non_null(strstr(change_refusal(), why));
	assert_string_equal(history(), "refused start, committed start");
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_int_equal(configs, 1);
}

static void test_broken_while_stopped(void **state)
{
	crash();
	scratch_put("more", BROKEN);
	configs = 0;
	assert_true(start());
	instead_of("more:1:10: ");
	assert_string_equal(scratch_text("more"), BROKEN);
	assert_non_null(strstr(reload(0), "more:1:10: "));
	assert_non_null(change_refusal());
	start_again();
	assert_string_equal(runs(), "one");
	assert_non_null(change_refusal());
	edit("two");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
	assert_string_equal(history(), "committed reload, committed start");
	/* Or they are put back. */
	crash();
	scratch_put("more", BROKEN);
	assert_true(start());
	settle();
	assert_string_equal(rollback(0, 0), "applied");
	assert_true(files_say("two"));
	assert_null(change_refusal());
	start_again();
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
		crash();
		if (rows[i].text)
			scratch_put(rows[i].lost, rows[i].text);
		else
			unlink(scratch_at(rows[i].lost));
		configs = 0;
		assert_true(start());
		instead_of(rows[i].why);
		scratch_put("key", KEY);
		edit("one");
		assert_string_equal(reload(0), "applied");
		assert_null(change_refusal());
	}
}

/* A daemon that says no, to an edit, or only now to what was committed. */
static void test_refused_while_stopped(void **state)
{
	for (int edited = 0; edited < 2; edited++) {
		crash();
		edit(edited ? "two" : "one");
		configs = 0;
		looked_for[0] = '\0';
		assert_true(start());
		refuse_check("wgd config-check");
		instead_of("wgd: no");
		assert_string_equal(looked_for, "one");
		assert_true(files_say(edited ? "two" : "one"));
	}
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
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
		crash();
		edit(rows[i].word);
		configs = 0;
		assert_true(start());
		refuses = rows[i].step;
		assert_string_equal(settle(), "applied");
		assert_string_equal(runs(), "one");
		assert_true(files_say(rows[i].word));
		assert_int_equal(configs, 1);
		assert_non_null(strstr(change_refusal(), ": no"));
		assert_true(begins_with(history(), "refused start, failed start, "));
	}
	edit("two");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
	/* What was committed is applied, whatever is said to it. */
	crash();
	assert_true(start());
	refuses = "wgd config-apply";
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
}

/* What was committed runs, and no daemon was told anything else; which files do not, and why. */
static void not_tried(const char *word, unsigned number)
{
	char *want = xasprintf("commit %u, which failed", number);

	crash();
	assert_true(start());
	played_settle();
	assert_null(strstr(played_text, word));
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_true(files_say(word));
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
	crash();
	edit("two");
	assert_true(start());
	refuses = "bgpd config-apply";
	assert_string_equal(settle(), "applied");
	assert_non_null(strstr(change_refusal(), ": no (not in force: "));
	for (int i = 0; i < 6; i++) {
		not_tried("two", 2);
		assert_string_equal(history(), "refused start, failed start, committed start");
	}
	crash();
	edit("three");
	assert_true(start());
	refuses = "wgd config-prune";
	assert_string_equal(settle(), "applied");
	not_tried("three", 3);
	edit("two");
	not_tried("two", 2);
	edit("one");
	start_again();
	assert_string_equal(runs(), "one");
	assert_null(change_refusal());
	edit("four");
	start_again();
	assert_string_equal(runs(), "four");
	assert_null(change_refusal());
}

/* A reload tries it. Where that goes well starts run it, too; where not, they do not. */
static void test_failed_is_reloaded(void **state)
{
	crash();
	edit("two");
	assert_true(start());
	refuses = "bgpd config-apply";
	assert_string_equal(settle(), "applied");
	start_again();
	refuses = "wgd config-apply";
	assert_non_null(strstr(reload(0), "wgd: no"));
	assert_string_equal(runs(), "one");
	not_tried("two", 3);
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
	start_again();
	assert_string_equal(runs(), "two");
	edit("three");
	assert_string_equal(reload(0), "applied");
	crash();
	edit("two");
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
}

/* Where there is nothing else to run it is tried. */
static void test_failed_is_all_there_is(void **state)
{
	crash();
	edit("two");
	assert_true(start());
	refuses = "bgpd config-apply";
	assert_string_equal(settle(), "applied");
	scratch_put("state/commits/1", "damaged");
	start_again();
	assert_string_equal(runs(), "two");
	assert_null(change_refusal());
	start_again();
	assert_string_equal(runs(), "two");
}

/* A trial, and what a crash broke off, are taken back then. */
static void test_unfinished_fails_at_the_start(void **state)
{
	for (unsigned seconds = 0; seconds <= 60; seconds += 60) {
		edit("two");
		change_reload(by("reload", seconds), on_done, NULL);
		for (int i = 0; i < 6; i++)
			answer_one();
		crash();
		assert_true(start());
		refuses = "bgpd config-apply";
		assert_string_equal(settle(), "applied");
		assert_string_equal(runs(), "one");
		assert_true(files_say("one"));
		assert_true(begins_with(history(), "returned reload, "));
		assert_false(change_on_trial());
	}
}

/* Where what was committed is refused as well there is no start, and both are said. */
static void test_both_are_refused(void **state)
{
	crash();
	edit("two");
	assert_true(start());
	refuses = "wgd config-check";
	assert_string_equal(settle(), "wgd: no; commit 1, which would run instead: wgd: no");
	assert_true(files_say("two"));
	crash();
	scratch_put("more", BROKEN);
	scratch_put("state/commits/1", "damaged");
	assert_false(start());
	assert_non_null(strstr(refused, "more:1:10: "));
	assert_non_null(strstr(refused, "commit 1, which would run instead: commit 1 cannot be "
					"read: Bad message\n"));
	crash();
	edit("two");
	assert_true(start());
	refuse_check("wgd config-check");
	assert_string_equal(said, "wgd: no; commit 1, which would run instead: commit 1 cannot be "
				  "read: Bad message");
}

/* What was committed before that runs, where the last one cannot be read. */
static void test_refused_and_damaged(void **state)
{
	edit("two");
	assert_string_equal(reload(0), "applied");
	crash();
	scratch_put("more", BROKEN);
	scratch_put("state/commits/2", "damaged");
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_non_null(strstr(change_refusal(), "more:1:10: "));
}

static void test_broken_at_the_first_start(void **state)
{
	crash();
	unlink(scratch_at("state/commits/index"));
	scratch_put("more", BROKEN);
	assert_false(start());
	assert_non_null(strstr(refused, "more:1:10: "));
	assert_null(strstr(refused, "instead"));
	assert_null(change_refusal());
}

/* ---- back */

/* What a trial broke is said to whoever waits, however long the way back takes. */
static void test_lost(void **state)
{
	watched = true;
	lost = "it is gone";
	edit("two");
	assert_string_equal(reload(60), "commit 2 was taken back: it is gone");
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_string_equal(history(), "returned reload, committed start");
	/* One that stands for a while is said as ever. */
	lost = NULL;
	edit("two");
	reload(60);
	PLAYED_AWAIT(said[0]);
	assert_string_equal(said, "applied");
	assert_true(change_on_trial());
}

static void test_rollback(void **state)
{
	assert_non_null(strstr(rollback(1, 0), "there is no commit 1 back"));
	edit("two");
	reload(0);
	edit("three");
	reload(0);
	assert_string_equal(rollback(2, 0), "applied");
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
	assert_string_equal(history(), "committed rollback, committed reload, committed reload, "
				       "committed start");
	assert_string_equal(rollback(1, 0), "applied");
	assert_true(files_say("three"));
	/* 0 takes what nobody has applied out of the files. */
	edit("four");
	assert_string_equal(rollback(0, 0), "applied");
	assert_true(files_say("three"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "four"));
	start_again();
	assert_string_equal(runs(), "three");
}

static void test_rollback_that_is_refused(void **state)
{
	edit("two");
	reload(0);
	refuses = "zebra-lite config-check";
	assert_string_equal(rollback(1, 0), "zebra-lite: no");
	assert_true(files_say("two"));
	refuses = "zebra-lite config-apply";
	assert_non_null(strstr(rollback(1, 0), "in force again"));
	assert_true(files_say("two"));
	/* A file that cannot be written. */
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	assert_non_null(strstr(rollback(1, 0), "more: "));
	assert_string_equal(runs(), "two");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_int_equal(rmdir(scratch_at("more")), 0);
	edit("two");
	start_again();
	assert_string_equal(runs(), "two");
}

/* ---- what a client offers */

static json_t *hashes(char *conf, char *more)
{
	char of_conf[CONF_HASH_HEX], of_more[CONF_HASH_HEX];

	conf_texts_hash(conf, strlen(conf), of_conf);
	conf_texts_hash(more, strlen(more), of_more);
	return json_pack("[{s:s, s:s}, {s:s, s:s}]", "path", scratch_at("conf"), "sha256", of_conf,
			 "path", scratch_at("more"), "sha256", of_more);
}

/* What edit(WORD) would write lies beside the files; started from what edit(FROM) wrote. */
static struct change_offer offer_of(const char *word, const char *from)
{
	char *conf = text_of(word), *more = more_of(word);
	char *old_conf = text_of(from), *old_more = more_of(from);
	struct change_offer offer = {hashes(old_conf, old_more), hashes(conf, more), geteuid()};

	scratch_put("conf.wgbgp-edit", conf);
	scratch_put("more.wgbgp-edit", more);
	free(conf);
	free(more);
	free(old_conf);
	free(old_more);
	return offer;
}

/* Of what edit(WORD) wrote. */
static json_t *hashes_of(const char *word)
{
	char *conf = text_of(word), *more = more_of(word);
	json_t *list = hashes(conf, more);

	free(conf);
	free(more);
	return list;
}

static void offer_free(struct change_offer *offer)
{
	json_decref((json_t *)offer->base);
	json_decref((json_t *)offer->files);
}

static const struct change_ask *offered(const struct change_offer *offer, unsigned seconds)
{
	static struct change_ask ask;

	ask = *by("commit", seconds);
	ask.offer = offer;
	return &ask;
}

static void offer_commit(const char *word, unsigned seconds)
{
	struct change_offer offer = offer_of(word, "one");

	change_commit(offered(&offer, seconds), on_done, NULL);
	offer_free(&offer);
}

static void test_commit(void **state)
{
	struct change_offer offer = offer_of("two", "one");

	change_check(offered(&offer, 0), on_done, NULL);
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	offer_free(&offer);
	offer_commit("two", 0);
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "two");
	assert_true(files_say("two"));
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	assert_string_equal(history(), "committed commit, committed start");
	assert_string_equal(rollback(1, 0), "applied");
	assert_true(files_say("one"));
	refuses = "bgpd config-check";
	offer_commit("three", 0);
	assert_string_equal(settle(), "bgpd: no");
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	/* A trial of it. */
	offer_commit("two", 60);
	assert_string_equal(settle(), "applied");
	assert_true(files_say("two"));
	pass(60);
	PLAYED_AWAIT((answer_one(), !change_on_trial() && !commit_busy()));
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
}

/* The client's own file does not become the configuration's: mode and owner stay, and what the
 * client writes behind the check goes nowhere. */
static void test_commit_is_not_the_clients_file(void **state)
{
	struct change_offer offer = offer_of("two", "one");
	int hers = open(scratch_at("conf.wgbgp-edit"), O_WRONLY | O_APPEND);
	struct stat st;

	assert_true(hers >= 0);
	assert_int_equal(fchmod(hers, 0666), 0);
	assert_int_equal(chmod(scratch_at("conf"), 0604), 0);
	change_commit(offered(&offer, 0), on_done, NULL);
	assert_string_equal(settle(), "applied");
	assert_int_equal(write(hers, "evil\n", 5), 5);
	close(hers);
	assert_true(files_say("two"));
	assert_int_equal(stat(scratch_at("conf"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0604);
	assert_string_equal(scratch_text("conf.wgbgp-edit"), "(none)");
	offer_free(&offer);
}

/* What somebody else writes while the daemons are asked is not lost. */
static void test_edited_during_commit(void **state)
{
	warnings = json_array();
	offer_commit("two", 0);
	scratch_put("more", "# by hand\n");
	assert_string_equal(settle(), "applied");
	assert_true(files_say("two"));
	assert_string_equal(scratch_text("more.rejected"), "# by hand\n");
	assert_string_equal(scratch_text("conf.rejected"), "(none)");
	assert_true(warned("more was edited meanwhile: the edit is in "));
}

static void refused_offer(struct change_offer offer, const char *why)
{
	change_commit(offered(&offer, 0), on_done, NULL);
	if (!strstr(settle(), why))
		fail_msg("no \"%s\" in %s", why, said);
	assert_string_equal(runs(), "one");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_string_equal(scratch_text("more.wgbgp-new"), "(none)");
	offer_free(&offer);
}

static void test_commit_that_is_refused(void **state)
{
	struct change_offer offer;

	edit("two");
	refused_offer(offer_of("three", "one"), "conf was edited 0 s ago");
	edit("one");
	refused_offer(offer_of("three", "four"), "s ago: it is that of commit 1 (start)");
	offer = offer_of("three", "one");
	offer.uid = geteuid() + 1;
	refused_offer(offer, "conf.wgbgp-edit: it is not the client's");
	offer = offer_of("three", "one");
	scratch_put("more.wgbgp-edit", "# evil\n");
	refused_offer(offer, "more.wgbgp-edit: it is not what the client wrote");
	offer = offer_of("three", "one");
	unlink(scratch_at("more.wgbgp-edit"));
	assert_int_equal(symlink(scratch_at("more"), scratch_at("more.wgbgp-edit")), 0);
	refused_offer(offer, "more.wgbgp-edit: ");
	offer = offer_of("three", "one");
	unlink(scratch_at("more.wgbgp-edit"));
	refused_offer(offer, "more.wgbgp-edit: No such file");
	offer = offer_of("three", "one");
	json_array_remove((json_t *)offer.base, 0);
	refused_offer(offer, "the configuration is ");
	assert_true(files_say("one"));
}

static void also(const json_t *list, const char *name, const char *text)
{
	char hex[CONF_HASH_HEX];

	conf_texts_hash(text, strlen(text), hex);
	json_array_append_new((json_t *)list,
			      json_pack("{s:s, s:s}", "path", scratch_at(name), "sha256", hex));
}

static void also_base(struct change_offer *offer, const char *name, const char *text)
{
	also(offer->base, name, text);
}

static void also_file(struct change_offer *offer, const char *name, const char *text)
{
	also(offer->files, name, text);
}

/* A client may name what it likes: a version has the files that its texts include, and nothing
 * else is read, kept, or written on the way back. */
static void test_commit_of_strange_files(void **state)
{
	struct change_offer offer = offer_of("two", "one");
	json_t *files;

	scratch_put("hers", "# evil\n");
	scratch_put("victim", "secret\n");
	also_base(&offer, "hers", "# evil\n");
	also_base(&offer, "victim", "not what it says\n");
	also_base(&offer, "nowhere", "");
	change_commit(offered(&offer, 0), on_done, NULL);
	assert_string_equal(settle(), "applied");
	offer_free(&offer);
	files = change_offer_base();
	assert_int_equal(json_array_size(files), 2);
	json_decref(files);
	edit("three");
	assert_string_equal(reload(0), "applied");
	unlink(scratch_at("hers"));
	assert_int_equal(symlink(scratch_at("victim"), scratch_at("hers")), 0);
	assert_string_equal(rollback(1, 0), "applied");
	assert_true(files_say("two"));
	assert_string_equal(scratch_text("victim"), "secret\n");
}

/* Nor does it have more where one was kept with more. */
static void test_kept_strange_files(void **state)
{
	struct conf_texts texts = {0};

	edit("two");
	reload(0);
	edit("three");
	reload(0);
	assert_int_equal(change_store_get(2, &texts), 0);
	conf_texts_add(&texts, scratch_at("victim"), xstrdup("# evil\n"), strlen("# evil\n"));
	assert_int_equal(change_store_put(2, &texts), 0);
	conf_texts_free(&texts);
	scratch_put("victim", "secret\n");
	assert_string_equal(rollback(1, 60), "applied");
	assert_true(files_say("two"));
	assert_string_equal(scratch_text("victim"), "secret\n");
}

/* The second file includes one in a directory that others may write. */
static void say_open(const char *text)
{
	str_copy(bgp, "include open/extra;\n", sizeof(bgp));
	mkdir(scratch_at("open"), 0700);
	chmod(scratch_at("open"), 0777);
	unlink(scratch_at("open/extra"));
	scratch_put("open/extra", text);
}

static void plant_link(void)
{
	unlink(scratch_at("open/extra"));
	assert_int_equal(symlink("../victim", scratch_at("open/extra")), 0);
}

static void victim_is_well(void)
{
	assert_string_equal(scratch_text("victim"), "# secret\n");
	assert_string_equal(scratch_text("victim.rejected"), "(none)");
	assert_string_equal(scratch_text("victim.wgbgp-new"), "(none)");
}

/* They put a link in the file's place, after it was included as a file: nothing is written where it
 * leads to, neither for a client nor on the way back, which does not wait for it. */
static void test_planted_link(void **state)
{
	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	edit("one");
	assert_string_equal(reload(0), "applied");
	say_open("# two\n");
	edit("two");
	assert_string_equal(reload(0), "applied");
	plant_link();
	assert_non_null(
		strstr(rollback(1, 0), "open/extra: a symbolic link that others than root"));
	assert_string_equal(runs(), "two");
	victim_is_well();
	say_open("# three\n");
	edit("three");
	assert_string_equal(reload(60), "applied");
	plant_link();
	pass(60);
	PLAYED_AWAIT((answer_one(), !change_on_trial() && !commit_busy()));
	assert_string_equal(runs(), "two");
	victim_is_well();
	say_open("# three\n");
	PLAYED_AWAIT(str_eq(scratch_text("open/extra"), "# two\n"));
	assert_true(files_say("two"));
}

/* A trial says so at once where its end cannot put a file back. */
static void test_trial_by_a_planted_link(void **state)
{
	warnings = json_array();
	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	edit("one");
	assert_string_equal(reload(0), "applied");
	edit("two");
	assert_string_equal(reload(60), "applied");
	assert_false(warned("symbolic link"));
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	assert_string_equal(rollback(0, 0), "applied");
	plant_link();
	edit("two");
	assert_string_equal(reload(60), "applied");
	assert_true(warned("open/extra: a symbolic link that others than root"));
	assert_string_equal(rollback(0, 0), "applied");
	assert_string_equal(runs(), "one");
	victim_is_well();
}

/* The link was there when the client read the file. */
static void test_commit_by_a_planted_link(void **state)
{
	struct change_offer offer;

	scratch_put("victim", "# secret\n");
	say_open("# one\n");
	edit("one");
	assert_string_equal(reload(0), "applied");
	plant_link();
	offer = offer_of("two", "one");
	also_base(&offer, "open/extra", "# secret\n");
	also_file(&offer, "open/extra", "# evil\n");
	scratch_put("open/extra.wgbgp-edit", "# evil\n");
	refused_offer(offer, "open/extra.wgbgp-edit: a symbolic link that others than root");
	victim_is_well();
}

/* In a sticky directory whoever may write beside a file may not replace it. */
static void test_commit_in_a_sticky_directory(void **state)
{
	struct change_offer offer;

	if (geteuid() != 0)
		skip();
	say_open("# one\n");
	edit("one");
	assert_string_equal(reload(0), "applied");
	assert_int_equal(chmod(scratch_at("open"), 01777), 0);
	for (int own = 0; own < 2; own++) {
		offer = (struct change_offer){hashes_of("one"), json_array(), 65534};
		also_base(&offer, "open/extra", "# one\n");
		also_file(&offer, "open/extra", "# two\n");
		scratch_put("open/extra.wgbgp-edit", "# two\n");
		assert_int_equal(chown(scratch_at("open/extra.wgbgp-edit"), 65533, 65533), 0);
		change_commit(offered(&offer, 0), on_done, NULL);
		assert_non_null(strstr(settle(), "it is not the client's"));
		assert_string_equal(scratch_text("open/extra.wgbgp-edit"), "# two\n");
		assert_int_equal(chown(scratch_at("open/extra.wgbgp-edit"), 65534, 65534), 0);
		if (own)
			assert_int_equal(chown(scratch_at("open/extra"), 65534, 65534), 0);
		change_commit(offered(&offer, 0), on_done, NULL);
		settle();
		assert_true(own ? str_eq(said, "applied")
				: strstr(said, "it is not the client's") != NULL);
		offer_free(&offer);
	}
	assert_string_equal(scratch_text("open/extra"), "# two\n");
}

/* Files that cannot take their places behind the change are said, and written later: `confirm` does
 * not forget them. */
static void test_files_later(void **state)
{
	edit("two");
	reload(0);
	warnings = json_array();
	change_rollback(by("rollback", 60), 1, on_done, NULL);
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	assert_string_equal(settle(), "applied");
	assert_true(warned("more: "));
	assert_string_equal(runs(), "one");
	assert_null(change_confirm());
	assert_int_equal(rmdir(scratch_at("more")), 0);
	PLAYED_AWAIT(files_say("one"));
	start_again();
	assert_string_equal(runs(), "one");
}

/* A file that is included by two spellings is one file: what it said lies beside it. */
static void test_two_spellings(void **state)
{
	str_copy(bgp, "include extra;\ninclude ./extra;\n", sizeof(bgp));
	scratch_put("extra", "# old\n");
	edit("two");
	assert_string_equal(reload(0), "applied");
	scratch_put("extra", "# edited\n");
	assert_string_equal(rollback(0, 0), "applied");
	assert_string_equal(scratch_text("extra"), "# old\n");
	assert_string_equal(scratch_text("extra.rejected"), "# edited\n");
}

static void test_kept_versions(void **state)
{
	struct datastore_version *v;
	char why[128];

	edit("two");
	reload(0);
	v = change_version(1, why, sizeof(why));
	assert_non_null(v);
	assert_non_null(strstr(v->text, "\"one\""));
	datastore_version_free(v);
	assert_null(change_version(2, why, sizeof(why)));
	assert_string_equal(why, "there is no commit 2 back");
}

/* ---- trials */

#define AWAIT_RETURN() PLAYED_AWAIT((answer_one(), !change_on_trial() && !commit_busy()))

static void test_trial_ends(void **state)
{
	json_t *answer;

	edit("two");
	assert_string_equal(reload(60), "applied");
	answer = change_answer();
	assert_int_equal(conf_u32(answer, "confirm-seconds", 0), 60);
	json_decref(answer);
	assert_string_equal(runs(), "two");
	assert_string_equal(looked_for, "two");
	pass(59);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(runs(), "two");
	pass(1);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	assert_string_equal(looked_for, "one"); /* whom it would lock out is spared again */
	assert_true(files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "two"));
	assert_non_null(strstr(scratch_text("more.rejected"), "two"));
	assert_string_equal(history(), "returned reload, committed start");
	assert_int_equal(configs, 2);
	assert_string_equal(reload(0), "applied");
	start_again();
	assert_string_equal(runs(), "one");
}

/* The loop's clock stands still while the machine is suspended, the trial's does not. */
static void test_trial_ends_in_a_suspend(void **state)
{
	edit("two");
	assert_string_equal(reload(86400), "applied");
	assert_in_range(waits_ms, 1, 10000);
	waits_ms = 0;
	PLAYED_AWAIT(waits_ms);
	assert_in_range(waits_ms, 1, 10000);
	pass(86400);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
}

/* Nobody's mere check holds up the way back, nor `confirm`. */
static void test_trial_before_a_check(void **state)
{
	edit("two");
	reload(60);
	change_check(by("check", 0), on_done, NULL);
	assert_true(commit_busy());
	assert_null(change_confirm());
	assert_string_equal(said, "the trial is confirmed");
	assert_false(commit_busy());
	edit("three");
	reload(60);
	change_check(by("check", 0), on_done, NULL);
	assert_true(commit_busy());
	pass(60);
	PLAYED_AWAIT(*said);
	assert_string_equal(said, "a trial ends");
	AWAIT_RETURN();
	assert_string_equal(runs(), "two");
	/* Its own return is no such check. */
	edit("three");
	reload(60);
	change_rollback(by("rollback", 0), 0, on_done, NULL);
	assert_true(commit_busy());
	pass(60);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(said, "");
	assert_string_equal(settle(), "applied");
	assert_false(change_on_trial());
}

static void test_confirmed(void **state)
{
	assert_string_equal(change_confirm(), "nothing waits for it");
	edit("two");
	reload(60);
	assert_null(change_confirm());
	assert_false(change_on_trial());
	pass(1000);
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_string_equal(runs(), "two");
	assert_string_equal(history(), "committed reload, committed start");
	start_again();
	assert_string_equal(runs(), "two");
}

/* Nobody can confirm what does not run yet. */
static void test_confirmed_too_early(void **state)
{
	for (int steps = 0; steps < 10; steps++) {
		edit("two");
		change_reload(by("reload", 60), on_done, NULL);
		for (int i = 0; i < steps; i++)
			answer_one();
		assert_true(commit_busy());
		assert_non_null(strstr(change_confirm(), "still being applied"));
		assert_string_equal(settle(), "applied");
		assert_true(change_on_trial());
		assert_null(change_confirm());
		start_again();
		assert_string_equal(runs(), "two");
		edit("one");
		assert_string_equal(reload(0), "applied");
	}
}

/* Somebody's log-level, which a daemon is slow to take, holds up neither the confirm, nor the end
 * of a trial, whatever change was before it. */
static void test_trial_before_a_log_level(void **state)
{
	for (int returned = 0; returned < 2; returned++)
		for (int confirmed = 0; confirmed < 2; confirmed++) {
			edit("two");
			if (returned) {
				reload(60);
				assert_string_equal(rollback(0, 0), "applied");
				edit("two");
			}
			assert_string_equal(reload(60), "applied");
			if (returned)
				start_again();
			by("log-level", 0);
			change_log_level("debug", on_done, NULL);
			assert_true(commit_busy());
			if (confirmed) {
				assert_null(change_confirm());
				assert_string_equal(said, "the trial is confirmed");
			} else {
				pass(60);
				AWAIT_RETURN();
			}
			assert_false(change_on_trial());
			assert_string_equal(runs(), confirmed ? "two" : "one");
			edit("one");
			assert_string_equal(reload(0), "applied");
		}
}

static void test_nothing_else_meanwhile(void **state)
{
	const char *said_left;

	edit("two");
	reload(60);
	pass(20);
	edit("three");
	said_left = strstr(reload(0), "commit 2 waits for `confirm` (");
	assert_non_null(said_left);
	assert_in_range(strtoul(strchr(said_left, '(') + 1, NULL, 10), 30, 40);
	assert_non_null(strstr(reload(60), "waits for"));
	assert_non_null(strstr(rollback(1, 0), "waits for"));
	assert_string_equal(runs(), "two");
	assert_true(change_on_trial());
	assert_string_equal(rollback(0, 0), "applied");
	assert_false(change_on_trial());
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
}

static void test_rollback_on_trial(void **state)
{
	edit("two");
	reload(0);
	assert_string_equal(rollback(1, 60), "applied");
	assert_true(files_say("one"));
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "two");
	assert_true(files_say("two"));
	assert_string_equal(history(), "returned rollback, committed reload, committed start");
}

/* It is tried until it goes well; who is there may keep what is on trial. */
static void test_return_is_refused(void **state)
{
	edit("two");
	reload(60);
	pass(60);
	for (int i = 0; i < 3; i++) {
		refuses = "bgpd config-check";
		PLAYED_AWAIT(commit_busy());
		settle();
		assert_string_equal(runs(), "two");
		change_reload(by("reload", 0), on_done, NULL);
		assert_non_null(strstr(said, "being taken back (`confirm` keeps it)"));
	}
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	edit("two");
	reload(60);
	pass(60);
	PLAYED_AWAIT(commit_busy());
	do { /* the next attempt may be under way */
		refuses = "bgpd config-check";
		settle();
	} while (change_confirm());
	for (int i = 0; i < 5; i++)
		played_turn();
	assert_string_equal(runs(), "two");
	assert_true(files_say("two"));
	start_again();
	assert_string_equal(runs(), "two");
}

/* A key file that is gone does not keep anybody from going back. */
static void test_return_without_the_key(void **state)
{
	edit("two");
	reload(60);
	unlink(scratch_at("key"));
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	scratch_put("key", KEY);
}

static unsigned port;

/* BGP at this port of the loopback, with a neighbour whose password is in a file. */
static void say_bgp(unsigned at_port)
{
	snprintf(bgp, sizeof(bgp),
		 "bgp { as 65001; router-id 10.9.0.1; listen-address 127.0.0.1; listen-port %u;\n"
		 "neighbor 10.9.0.2 { remote-as 65001; password-file %s/password; } }\n",
		 at_port, scratch_dir());
}

/* "one" with BGP is committed, "two" is on trial. */
static void try_with_bgp(unsigned trial_port)
{
	scratch_put("password", "secret\n");
	say_bgp(port);
	edit("one");
	assert_string_equal(reload(0), "applied");
	assert_true(port_answers("127.0.0.1", port));
	say_bgp(trial_port);
	edit("two");
	assert_string_equal(reload(60), "applied");
	say_bgp(port);
}

/* Neither does a password that is gone; the neighbours' way in stays open. */
static void test_return_without_the_password(void **state)
{
	try_with_bgp(port);
	unlink(scratch_at("password"));
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_true(port_answers("127.0.0.1", port));
}

static void test_start_without_the_password(void **state)
{
	try_with_bgp(port);
	unlink(scratch_at("password"));
	crash();
	listen_free();
	pass(60);
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_false(change_on_trial());
}

/* Nor a port that somebody else has taken meanwhile. */
static void test_return_without_the_port(void **state)
{
	int fd;

	try_with_bgp(port + 1);
	fd = port_take("127.0.0.1", port);
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	close(fd);
	assert_string_equal(reload(0), "applied");
	assert_true(port_answers("127.0.0.1", port));
}

/* The way back first; the files when they can be written. */
static void test_return_without_the_files(void **state)
{
	edit("two");
	reload(60);
	unlink(scratch_at("more"));
	assert_int_equal(mkdir(scratch_at("more"), 0755), 0);
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	start_again();
	assert_string_equal(runs(), "one");
	assert_int_equal(rmdir(scratch_at("more")), 0);
	PLAYED_AWAIT(files_say("one"));
}

/* ---- everything ends meanwhile */

static void test_trial_goes_on(void **state)
{
	edit("two");
	reload(60);
	pass(10);
	edit("three"); /* no way around the trial */
	start_again();
	assert_string_equal(runs(), "two");
	assert_true(change_on_trial());
	assert_non_null(strstr(reload(0), "(50 s are left)"));
	pass(50);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
}

static void test_trial_over_at_the_start(void **state)
{
	edit("two");
	reload(60);
	crash();
	pass(60);
	assert_true(start());
	assert_true(files_say("one"));
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_string_equal(history(), "returned reload, committed start");
	/* The machine was started again, and its clock is wrong. */
	edit("two");
	reload(60);
	crash();
	strcpy(clock_.boot_id, "next");
	clock_.wall -= 900000;
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	clock_.wall += 900000;
}

/* What was broken off and is refused now is taken back. */
static void test_broken_off_and_refused(void **state)
{
	edit("two");
	change_reload(by("reload", 0), on_done, NULL);
	for (int i = 0; i < 6; i++)
		answer_one();
	crash();
	assert_true(start());
	refuses = "bgpd config-check";
	for (int i = 0; i < DAEMON_COUNT; i++)
		answer_one();
	refuses = NULL;
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
}

enum { RELOAD, TRIAL, ROLLBACK, TRIAL_ROLLBACK, RETURN, COMMIT, TRIAL_COMMIT, KINDS };

/* After STEPS answers of the daemons nothing goes on. */
static void begin(int kind)
{
	if (kind == COMMIT || kind == TRIAL_COMMIT) {
		offer_commit("two", kind == COMMIT ? 0 : 60);
		return;
	}
	edit("two");
	if (kind == RETURN) {
		reload(60);
		pass(60);
		PLAYED_AWAIT(commit_busy());
		return;
	}
	if (kind == ROLLBACK || kind == TRIAL_ROLLBACK)
		reload(0);
	if (kind == ROLLBACK || kind == TRIAL_ROLLBACK)
		change_rollback(by("rollback", kind == ROLLBACK ? 0 : 60), 1, on_done, NULL);
	else
		change_reload(by("reload", kind == RELOAD ? 0 : 60), on_done, NULL);
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
				answer_one();
			start_again();
			assert_string_equal(runs(), becomes[kind]);
			assert_true(files_say(becomes[kind]));
			pass(60);
			if (change_on_trial())
				AWAIT_RETURN();
			assert_string_equal(runs(), ends[kind]);
			assert_true(files_say(ends[kind]));
			start_again();
			assert_string_equal(runs(), ends[kind]);
			assert_null(strstr(history(), "applying"));
			teardown(state);
			assert_int_equal(setup(state), 0);
		}
}

/* ---- guards */

/* What the second file says as well: wg1, which has wg0 for its guard, and STATEMENT there. */
static void say_guarded(const char *statement)
{
	snprintf(bgp, sizeof(bgp),
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

	guard_fn = NULL;
	if (by_client) {
		old = offer_of("two", "one");
		say_touched(true);
		offer = offer_of("two", "one");
		json_decref((json_t *)offer.base);
		offer.base = json_incref((json_t *)old.base);
		change_commit(offered(&offer, 60), on_done, NULL);
		offer_free(&old);
		offer_free(&offer);
	} else {
		say_touched(true);
		edit("two");
		change_reload(by("reload", 60), on_done, NULL);
	}
}

static void setup_guarded(void)
{
	say_touched(false);
	edit("one");
	assert_string_equal(reload(0), "applied");
}

/* It was not begun: the old one runs, and nothing waits for anything. */
static void is_unbegun(bool by_client)
{
	assert_string_equal(runs(), "one");
	assert_false(change_on_trial());
	assert_true(begins_with(history(), by_client ? "failed commit, committed reload"
						     : "refused start, failed reload, "));
	say_touched(!by_client);
	assert_true(files_say(by_client ? "one" : "two"));
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
				answer_one();
			assert_true(!guard_fn == (steps < DAEMON_COUNT));
			start_again();
			is_unbegun(by_client);
			start_again();
			is_unbegun(by_client);
			if (!by_client) {
				change_reload(by("reload", 60), on_done, NULL);
				for (int i = 0; i < DAEMON_COUNT; i++)
					answer_one();
				guard_answers(NULL);
				assert_string_equal(settle(), "applied");
				assert_string_equal(runs(), "two");
				assert_true(change_on_trial());
			}
			teardown(state);
			assert_int_equal(setup(state), 0);
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
				answer_one();
			pass(59);
			guard_answers(NULL);
			for (int i = 0; i < steps; i++)
				answer_one();
			pass(1);
			start_again();
			assert_string_equal(runs(), "two");
			assert_true(files_say("two"));
			assert_true(change_on_trial());
			pass(59);
			AWAIT_RETURN();
			say_touched(false);
			assert_string_equal(runs(), "one");
			assert_true(files_say("one"));
			teardown(state);
			assert_int_equal(setup(state), 0);
		}
}

/* A daemon that is asked goes; the change is given up: refused, and nothing waits. */
static void test_guard_is_lost(void **state)
{
	for (int given_up = 0; given_up < 2; given_up++) {
		setup_guarded();
		begin_guarded(false);
		for (int i = 0; i < DAEMON_COUNT; i++)
			answer_one();
		if (given_up) {
			assert_true(commit_give_up("nobody waits"));
			guard_answers(NULL); /* too late */
		} else {
			guard_answers("the daemon went away");
		}
		assert_false(commit_busy());
		assert_non_null(strstr(said, given_up ? "nobody waits" : "the daemon went away"));
		assert_false(change_on_trial());
		assert_string_equal(change_confirm(), "nothing waits for it");
		assert_string_equal(runs(), "one");
		assert_true(begins_with(history(), "committed reload, "));
		teardown(state);
		assert_int_equal(setup(state), 0);
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
		edit("one");
		assert_string_equal(reload(0), "applied");
		snprintf(text, sizeof(text), both, 1300, scratch_dir(), 1300);
		say_guarded(text);
		edit("two");
		guard_fn = NULL;
		if (check)
			change_check(by("check", 0), on_done, NULL);
		else
			change_reload(by("reload", 60), on_done, NULL);
		for (int i = 0; i < DAEMON_COUNT; i++)
			answer_one();
		assert_true(commit_give_up("nobody waits"));
		guard_answers(NULL);
		assert_null(guard_fn);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void start_in_vain(void)
{
	for (int i = 0; i < 3; i++) {
		crash();
		assert_true(start());
		for (int steps = 0; steps < 3 * i; steps++)
			answer_one();
		assert_true(commit_busy());
	}
	crash();
	assert_true(start());
	assert_string_equal(settle(), "applied");
}

/* An edit, or a trial, of which wgbgpd itself dies, or for which it is ended each time, is not
 * tried for ever. */
static void test_starts_in_vain(void **state)
{
	start_in_vain(); /* nothing was edited */
	assert_string_equal(runs(), "one");
	assert_null(change_refusal());
	edit("two");
	start_in_vain();
	assert_string_equal(runs(), "one");
	assert_true(files_say("two"));
	assert_non_null(strstr(change_refusal(), "did not come to their end"));
	assert_string_equal(history(), "refused start, committed start");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	edit("three");
	assert_string_equal(reload(60), "applied");
	start_again();
	assert_true(change_on_trial());
	start_in_vain();
	assert_false(change_on_trial());
	assert_string_equal(runs(), "two");
	assert_true(files_say("two"));
	assert_null(change_refusal());
	assert_true(begins_with(history(), "returned reload, committed reload, "));
	change_rollback(by("rollback", 0), 1, on_done, NULL);
	start_in_vain();
	assert_string_equal(runs(), "two");
}

/* A start that is refused has come to its end: the files that are edited then are read. */
static void test_starts_refused(void **state)
{
	for (int i = 0; i < 5; i++) {
		crash();
		assert_true(start());
		refuses = "wgd config-check";
		assert_non_null(strstr(settle(), "wgd: no"));
	}
	edit("two");
	start_again();
	assert_string_equal(runs(), "two");
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
	start_again();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(scratch_text(names[i]), "(none)");
	assert_string_equal(scratch_text("conf.rejected"), "whole");
	assert_true(files_say("one"));
}

/* ---- where nothing can be kept */

static void test_no_store(void **state)
{
	crash();
	setenv("WGBGP_STATEDIR", "/proc/none", 1);
	assert_true(start());
	assert_string_equal(settle(), "applied");
	edit("two");
	assert_non_null(strstr(reload(60), "what to go back to cannot be kept"));
	assert_string_equal(runs(), "one");
	assert_string_equal(reload(0), "applied");
	assert_string_equal(runs(), "two");
	assert_string_equal(history(), "");
}

/* What runs could not be kept: a trial would go back to something older, so there is none. */
static void test_not_kept(void **state)
{
	warnings = json_array();
	edit("two");
	played_full = true;
	assert_string_equal(reload(0), "applied");
	played_full = false;
	assert_true(warned("the change is not kept"));
	assert_string_equal(runs(), "two");
	edit("three");
	assert_non_null(strstr(reload(60), "what runs could not be kept"));
	assert_false(warned("not kept"));
	assert_string_equal(runs(), "two");
	edit("two");
	start_again(); /* and then it is */
	edit("three");
	assert_string_equal(reload(60), "applied");
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "two");
}

/* Without a way back there is no trial. */
static void test_damaged_way_back(void **state)
{
	scratch_put("state/commits/1", "damaged");
	edit("two");
	assert_non_null(strstr(reload(60), "commit 1, which a trial goes back to, cannot be read"));
	assert_false(change_on_trial());
	assert_string_equal(runs(), "one");
	assert_string_equal(history(), "committed start");
	assert_string_equal(reload(0), "applied");
	edit("three");
	assert_string_equal(reload(60), "applied");
}

/* A trial that cannot be read is over; without anything to go back to the files count. */
static void test_damaged_versions(void **state)
{
	edit("two");
	reload(60);
	scratch_put("state/commits/2", "damaged");
	start_again();
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_false(change_on_trial());
	edit("two");
	reload(60);
	scratch_put("state/commits/1", "damaged");
	scratch_put("state/commits/3", "damaged");
	start_again();
	assert_string_equal(runs(), "two");
	assert_false(change_on_trial());
}

/* Nor does it stay until somebody confirms it. */
static void test_way_back_is_damaged_meanwhile(void **state)
{
	edit("two");
	reload(0);
	edit("three");
	assert_string_equal(reload(60), "applied");
	scratch_put("state/commits/2", "damaged");
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_true(begins_with(history(), "returned reload, committed reload, "));
	start_again();
	assert_string_equal(runs(), "one");
}

/* A trial does not become what runs for good because its way back cannot be read: what was
 * committed before that is. */
static void test_damaged_way_back_at_the_start(void **state)
{
	edit("two");
	reload(0);
	edit("three");
	assert_string_equal(reload(60), "applied");
	scratch_put("state/commits/2", "damaged");
	crash();
	pass(60);
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_string_equal(runs(), "one");
	assert_true(files_say("one"));
	assert_non_null(strstr(scratch_text("conf.rejected"), "three"));
	assert_false(change_on_trial());
	start_again();
	assert_string_equal(runs(), "one");
}

/* It is only asked whether there is a way back: what cannot be read then is read later. */
static void test_way_back_is_back_again(void **state)
{
	const char *kept = "state/commits/2";
	char away[64];

	edit("two");
	assert_string_equal(reload(0), "applied");
	edit("three");
	assert_string_equal(reload(60), "applied");
	str_copy(away, scratch_at("away"), sizeof(away));
	crash();
	assert_int_equal(rename(scratch_at(kept), away), 0);
	assert_true(start());
	assert_string_equal(settle(), "applied");
	assert_int_equal(rename(away, scratch_at(kept)), 0);
	assert_true(change_on_trial());
	pass(60);
	AWAIT_RETURN();
	assert_string_equal(runs(), "two");
	assert_true(files_say("two"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_reload),
		TEST(test_refusals),
		TEST(test_check),
		TEST(test_failure),
		TEST(test_edited_while_stopped),
		TEST(test_broken_while_stopped),
		TEST(test_unreadable_while_stopped),
		TEST(test_refused_while_stopped),
		TEST(test_failed_while_stopped),
		TEST(test_failed_is_not_tried_again),
		TEST(test_failed_is_reloaded),
		TEST(test_failed_is_all_there_is),
		TEST(test_unfinished_fails_at_the_start),
		TEST(test_both_are_refused),
		TEST(test_refused_and_damaged),
		TEST(test_broken_at_the_first_start),
		TEST(test_lost),
		TEST(test_rollback),
		TEST(test_rollback_that_is_refused),
		TEST(test_commit),
		TEST(test_commit_is_not_the_clients_file),
		TEST(test_edited_during_commit),
		TEST(test_commit_that_is_refused),
		TEST(test_commit_of_strange_files),
		TEST(test_kept_strange_files),
		TEST(test_planted_link),
		TEST(test_trial_by_a_planted_link),
		TEST(test_commit_by_a_planted_link),
		TEST(test_commit_in_a_sticky_directory),
		TEST(test_files_later),
		TEST(test_two_spellings),
		TEST(test_kept_versions),
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
		TEST(test_trial_goes_on),
		TEST(test_trial_over_at_the_start),
		TEST(test_broken_off_and_refused),
		TEST(test_ended_at_each_step),
		TEST(test_ended_before_the_guard),
		TEST(test_ended_behind_the_guard),
		TEST(test_guard_is_lost),
		TEST(test_guards_are_given_up),
		TEST(test_starts_in_vain),
		TEST(test_starts_refused),
		TEST(test_swept),
		TEST(test_no_store),
		TEST(test_not_kept),
		TEST(test_damaged_way_back),
		TEST(test_damaged_versions),
		TEST(test_way_back_is_damaged_meanwhile),
		TEST(test_damaged_way_back_at_the_start),
		TEST(test_way_back_is_back_again),
	};
	const char *srcdir = getenv("srcdir");
	char *yang = xasprintf("%s/yang", srcdir ? srcdir : ".");
	int failed;

	setenv("WGBGP_YANGDIR", yang, 1);
	free(yang);
	if (sodium_init() < 0 || !scratch_open())
		return 1;
	str_copy(main_file, scratch_at("conf"), sizeof(main_file));
	port = 20000 + (unsigned)getpid() % 10000;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (scratch_close() != 0);
}
