/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_trial.h"

#include <stdio.h>

#include "change_journal.h"
#include "change_now.h"
#include "log.h"
#include "loop.h"
#include "retry.h"
#include "spared.h"

#define BUSY_MS 1000 /* another change is under way when a trial ends */
#define LOOK_S 10    /* at a trial's time: the loop's clock stands still in a suspend */
#define RETURN_FIRST_MS 1000
#define RETURN_MAX_MS 30000

static struct timer trial_end; /* or the next attempt to take it back */
static unsigned returns_refused;

void change_trial_await(uint32_t left_s)
{
	timer_start(&trial_end, (left_s < LOOK_S ? left_s : LOOK_S) * 1000ULL);
}

void change_trial_end(const char *state)
{
	change_index_end_trial(&change_journal, state);
	timer_stop(&trial_end);
	returns_refused = 0;
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
		change_now_tell(number, "returned", NULL);
		change_now_changed();
	}
	if (change_now.done)
		change_now.done(change_now.arg, error);
}

/* The way in first, then the files. */
void change_trial_take_back(commit_fn done, void *arg)
{
	struct datastore_version *version;
	char why[MSG_ERROR_MAX];

	change_now_begin("return", done, arg);
	change_now.number = change_journal.committed;
	change_journal.pending.over = true;
	change_journal.writing = change_journal.committed;
	change_journal_save();
	version = change_journal_read(change_journal.committed, why, sizeof(why));
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
	else if (commit_busy())
		timer_start(&trial_end, BUSY_MS);
	else
		change_trial_take_back(NULL, NULL);
}

const char *change_confirm(void)
{
	struct change_index before = change_journal;
	uint32_t number = change_journal.pending.number;

	if (!number)
		return "nothing waits for it";
	if (commit_busy())
		return "another change is being applied";
	change_journal.committed = number;
	if (change_journal.writing != number) /* else a rollback's, which are not all written yet */
		change_journal.writing = 0;
	change_trial_end("committed");
	if (change_journal_save() < 0) {
		change_journal = before;
		change_index_set(&change_journal, number, "pending");
		on_trial_end(NULL);
		return "it cannot be written down, so it is taken back at its time";
	}
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
	timer_stop(&trial_end);
}
