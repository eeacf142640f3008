/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_trial.h"

#include <stdio.h>

#include "change_journal.h"
#include "change_now.h"
#include "conf.h"
#include "health.h"
#include "log.h"
#include "loop.h"
#include "retry.h"
#include "spared.h"
#include "util.h"

#define BUSY_MS 1000   /* another change is under way when a trial ends */
#define LOOK_S 10      /* at a trial's time: the loop's clock stands still in a suspend */
#define SETTLE_MS 3000 /* what a change breaks at once is seen within that */
#define RETURN_FIRST_MS 1000
#define RETURN_MAX_MS 30000

static struct timer trial_end; /* or the next attempt to take it back */
static unsigned returns_refused;

/* Who asked for the trial, and waits for the first judgement on it. */
static struct {
	commit_fn done; /* NULL: nobody */
	void *arg;
	struct timer timer;
	char lost[256]; /* what was seen; "": nothing */
} first;

void change_trial_await(uint32_t left_s)
{
	timer_start(&trial_end, (left_s < LOOK_S ? left_s : LOOK_S) * 1000ULL);
}

static void first_end(const char *error)
{
	commit_fn done = first.done;

	timer_stop(&first.timer);
	first.done = NULL;
	if (done)
		done(first.arg, error);
}

/* Where something is lost the way back has the word. */
void change_trial_settle(void)
{
	if (!first.lost[0])
		first_end(NULL);
}

bool change_trial_first(const char *why)
{
	if (!commit_busy())
		return true;
	return !(change_now.how && str_eq(change_now.how, "return")) && commit_give_up(why);
}

static void trial_unwatch(void)
{
	health_end();
	timer_stop(&trial_end);
	returns_refused = 0;
}

void change_trial_end(const char *state)
{
	trial_unwatch();
	change_index_end_trial(&change_journal, state);
}

bool change_trial_refuses(char *why, size_t size)
{
	struct change_clock clock;

	change_clock_read(&clock);
	if (!change_journal.pending.number)
		return false;
	if (change_journal.pending.over)
		snprintf(why, size, "commit %u is being taken back (`confirm` keeps it)",
			 change_journal.pending.number);
	else
		snprintf(why, size,
			 "commit %u waits for `confirm` (%u s are left): nothing else is changed "
			 "before it is confirmed or taken back (rollback 0)",
			 change_journal.pending.number, change_left_s(&change_journal, &clock));
	return true;
}

static void say_taken_back(uint32_t number, const char *error)
{
	char text[MSG_ERROR_MAX];

	if (error)
		snprintf(text, sizeof(text), "commit %u is being taken back, which fails: %.*s",
			 number, MSG_ERROR_MAX - 64, error);
	else
		snprintf(text, sizeof(text), "commit %u was taken back: %s", number,
			 first.lost[0] ? first.lost : "its time is over");
	first_end(text);
}

static void on_taken_back(void *arg, const char *error)
{
	uint32_t number = change_journal.pending.number;

	if (error) {
		log_error("return-refused", "commit=%u why=\"%s\"", number, error);
		timer_start(&trial_end,
			    retry_delay_ms(RETURN_FIRST_MS, returns_refused++, RETURN_MAX_MS));
	} else {
		log_warn("returned", "commit=%u to=%u generation=%u", number,
			 change_journal.committed, datastore_running()->generation);
		change_trial_end("returned");
		change_journal_save();
		change_journal_files();
		change_now_tell(number, "returned", first.lost[0] ? first.lost : NULL);
		change_now_changed();
	}
	say_taken_back(number, error);
	if (change_now.done)
		change_now.done(change_now.arg, error);
}

/* The way in first, then the files. */
void change_trial_take_back(commit_fn done, void *arg)
{
	char why[MSG_ERROR_MAX];
	struct datastore_version *version = change_journal_way_back(why, sizeof(why));

	health_return();
	change_now_begin("return", done, arg);
	change_now.number = change_journal.committed;
	change_journal.pending.over = true;
	change_journal.writing = change_journal.committed;
	change_journal_save();
	if (version) {
		change_now_note(datastore_running(), version);
		conf_texts_free(&version->loaded.written->texts);
		spared_look(version->json);
		commit_return(version, on_taken_back, NULL);
	} else {
		on_taken_back(NULL, why);
	}
}

static void on_trial_end(void *arg)
{
	struct change_clock clock;
	uint32_t left;

	change_clock_read(&clock);
	left = change_left_s(&change_journal, &clock);
	if (left)
		change_trial_await(left);
	else if (!change_trial_first("a trial ends"))
		timer_start(&trial_end, BUSY_MS);
	else
		change_trial_take_back(NULL, NULL);
}

static void on_settled(void *arg)
{
	change_trial_settle();
}

static json_t *record_of_trial(void)
{
	return change_index_find(&change_journal, change_journal.pending.number);
}

/* No matter how much time it has left. */
static void on_lost(const char *why)
{
	json_t *record = record_of_trial();

	if (change_journal.pending.over)
		return;
	log_error("health", "commit=%u why=\"%s\"", change_journal.pending.number, why);
	str_copy(first.lost, why, sizeof(first.lost));
	json_object_set_new(record, "why", change_now_string(why));
	change_journal.pending.over = true;
	change_journal_save();
	on_trial_end(NULL);
}

void change_trial_resume(void)
{
	const json_t *record = record_of_trial();

	first.lost[0] = '\0';
	health_resume(conf_str(record, "watched", NULL), conf_str(record, "from", NULL), on_lost);
}

void change_trial_watch(commit_fn done, void *arg)
{
	const char *watched = health_watched();

	/* Who has begun to answer meanwhile counts in another life, too. */
	if (!str_eq(watched, conf_str(record_of_trial(), "watched", ""))) {
		json_object_set_new(record_of_trial(), "watched", json_string(watched));
		change_journal_save();
	}
	first.lost[0] = '\0';
	first.done = done;
	first.arg = arg;
	timer_init(&first.timer, on_settled, NULL);
	if (health_begin(on_lost))
		timer_start(&first.timer, SETTLE_MS);
	else
		change_trial_settle();
}

/* The trial itself: nobody can have seen yet what it does. */
static bool is_being_applied(void)
{
	return commit_busy() && change_now.trial &&
	       change_now.number == change_journal.pending.number;
}

const char *change_confirm(void)
{
	struct change_index before = change_journal;
	uint32_t number = change_journal.pending.number;

	if (!number)
		return "nothing waits for it";
	if (is_being_applied())
		return "what would wait for it is still being applied";
	if (!change_trial_first("the trial is confirmed"))
		return "another change is being applied";
	change_journal.committed = number;
	if (change_journal.writing != number) /* else a rollback's, which are not all written yet */
		change_journal.writing = 0;
	change_index_end_trial(&change_journal, "committed");
	if (change_journal_save() < 0) {
		change_journal = before;
		change_index_set(&change_journal, number, "pending");
		return "it cannot be written down, so it is taken back at its time";
	}
	trial_unwatch();
	change_now_begin("confirm", NULL, NULL);
	change_now.number = number;
	log_info("confirmed", "commit=%u", number);
	change_now_tell(number, "committed", NULL);
	return NULL;
}

bool change_on_trial(void)
{
	return change_journal.pending.number != 0;
}

void change_trial_open(void)
{
	timer_init(&trial_end, on_trial_end, NULL);
}

void change_trial_close(void)
{
	health_end();
	timer_stop(&first.timer);
	timer_stop(&trial_end);
}
