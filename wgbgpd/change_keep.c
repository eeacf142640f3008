/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change_files.h"
#include "change_journal.h"
#include "change_now.h"
#include "change_store.h"
#include "change_trial.h"
#include "conf.h"
#include "config.h"
#include "log.h"

static char *refused; /* why the files do not run; NULL: they do */
static char *refusal; /* the same, and which */
static time_t refused_at;

/* ---- before it */

static json_t *record_of(const struct change_ask *ask, const struct conf_texts *texts)
{
	char hex[CONF_HASH_HEX];
	json_t *record = json_pack(
		"{s:I, s:s, s:o, s:o, s:o, s:o, s:i, s:o}", "time", (json_int_t)time(NULL), "how",
		ask->how, "uid", ask->uid < 0 ? json_null() : json_integer(ask->uid), "login",
		change_now_string(ask->login), "from", change_now_string(ask->from), "comment",
		change_now_string(ask->comment), "changed", (int)change_now.changed, "statements",
		change_now_string(change_now.what));

	conf_texts_hash_all(texts, hex);
	json_object_set_new(record, CHANGE_SHA256, json_string(hex));
	if (ask->guard)
		json_object_set_new(record, "guard", json_string(ask->guard));
	return record;
}

/* Nothing was changed yet: as if it had not been tried. */
static int undo_keep(int err)
{
	if (change_now.fresh)
		change_index_drop(&change_journal, change_now.number);
	if (change_now.trial)
		memset(&change_journal.pending, 0, sizeof(change_journal.pending));
	change_journal.writing = change_now.wrote;
	change_now.fresh = false;
	change_now.number = 0;
	return err;
}

/* The texts are on the disk, and then the journal says what is about to happen to them. */
static int keep_texts(const struct change_ask *ask, const struct conf_texts *texts)
{
	int err = change_store_error();

	if (err)
		return err;
	if (change_journal_has(change_journal.committed, texts)) {
		change_now.number = change_journal.committed;
	} else {
		change_now.number =
			change_index_add(&change_journal, record_of(ask, texts), "applying");
		change_now.fresh = true;
		err = change_store_put(change_now.number, texts);
	}
	if (change_now.trial) {
		change_journal.pending.number = change_now.number;
		change_journal.pending.seconds = ask->seconds;
		change_journal.pending.over = false;
		change_clock_read(&change_journal.pending.since);
	}
	change_journal.writing = change_now.writes ? change_now.number : 0;
	if (!err && (change_now.fresh || change_now.writes))
		err = change_store_save(&change_journal);
	return err ? undo_keep(err) : 0;
}

/* The trial's end does not wait for the files, but who asks for it is told. A commit or a rollback
 * has prepared its files, which are those to put back. */
static void warn_of_files(const struct conf_texts *committed, json_t *warnings)
{
	struct change_files files;
	char why[512], text[640];

	if (change_now.writes)
		return;
	if (change_files_prepare(committed, &files, why, sizeof(why)) == 0) {
		change_files_abort(&files);
		return;
	}
	snprintf(text, sizeof(text), "the end of the trial could not put the files back: %s", why);
	change_now_warn(warnings, text);
}

/* What a trial goes back to is there; else false with WHY. */
static bool can_go_back(json_t *warnings, char *why, size_t size)
{
	struct conf_texts texts = {0};
	int err = change_store_error() ? 0 : change_store_get(change_journal.committed, &texts);

	if (!err)
		warn_of_files(&texts, warnings);
	conf_texts_free(&texts);
	if (err && !change_journal.committed)
		snprintf(
			why, size,
			"what runs could not be kept, so a trial could not go back to it: `reload` "
			"keeps it");
	else if (err)
		snprintf(why, size, "commit %u, which a trial goes back to, cannot be read: %s",
			 change_journal.committed, strerror(-err));
	return !err;
}

bool change_keep(const struct change_ask *ask, const struct conf_texts *texts, char *why,
		 size_t size)
{
	int err;

	change_now.trial = ask->seconds > 0;
	if (change_now.trial && change_journal_has(change_journal.committed, texts)) {
		snprintf(why, size,
			 "nothing differs from commit %u, key files are not on trial: there is "
			 "nothing to confirm",
			 change_journal.committed);
		return false;
	}
	if (change_now.trial && !can_go_back(ask->warnings, why, size))
		return false;
	err = keep_texts(ask, texts);
	snprintf(why, size, "what to go back to cannot be kept: %s", strerror(-err));
	if (err) {
		log_warn("commits", "error=\"%s\" why=\"the change is not kept\"", strerror(-err));
		change_now_warn(ask->warnings, "the change is not kept: no rollback leads to it");
	}
	return !err || !(change_now.trial || (change_now.writes && !change_now.files.offered));
}

void change_keep_guarded(void)
{
	json_t *record = change_index_find(&change_journal, change_now.number);

	if (!str_eq(conf_str(record, "guard", ""), CHANGE_GUARD_ASKED))
		return;
	json_object_set_new(record, "guard", json_string("up"));
	if (change_now.trial)
		change_clock_read(&change_journal.pending.since);
	change_journal_save();
}

void change_keep_watched(const char *watched)
{
	json_t *record = change_index_find(&change_journal, change_now.number);

	if (!change_now.trial || !record || !*watched)
		return;
	json_object_set_new(record, "watched", json_string(watched));
	change_journal_save();
}

/* ---- behind it */

static void write_files(void)
{
	char why[512], text[640];

	if (change_files_commit(&change_now.files, why, sizeof(why)) == 0) {
		change_journal.writing = 0;
		if (why[0]) {
			log_warn("configuration", "why=\"%s\"", why);
			change_now_warn(change_now.warnings, why);
		}
		return;
	}
	log_error("files-not-written", "why=\"%s\"", why);
	snprintf(text, sizeof(text),
		 "it runs, but is not in all files yet, which is tried again: %s", why);
	change_now_warn(change_now.warnings, text);
	change_journal_files_later();
}

void change_keep_applied(void)
{
	struct change_clock clock;

	change_clock_read(&clock);
	if (change_now.trial) {
		change_index_set(&change_journal, change_now.number, "pending");
		change_trial_await(change_left_s(&change_journal, &clock));
	} else if (change_now.number) {
		change_index_set(&change_journal, change_now.number, "committed");
		change_journal.committed = change_now.number;
	} else {
		change_journal.committed =
			0; /* what runs is not kept: no trial can go back to it */
	}
	if (change_now.writes)
		write_files();
	if (!change_now.returns)
		change_keep_refused(NULL);
	change_journal_save();
}

static void record_failure(const char *error)
{
	json_t *record = change_index_find(&change_journal, change_now.number);

	change_index_set(&change_journal, change_now.number, "failed");
	json_object_set_new(record, "why", change_now_string(error));
	json_object_set_new(record, CHANGE_VERSION, json_string(WGBGP_VERSION));
}

void change_keep_failed(const char *error)
{
	change_files_abort(&change_now.files);
	change_journal.writing = change_now.wrote;
	if (change_now.trial)
		memset(&change_journal.pending, 0, sizeof(change_journal.pending));
	if (change_now.fresh && commit_went_back())
		record_failure(error);
	else if (change_now.fresh)
		change_index_drop(&change_journal, change_now.number);
	if (change_now.fresh || change_now.writes)
		change_journal_save();
}

/* ---- files that were refused */

/* WHY, with the files that say something else than what was committed; to be freed. */
static char *with_files(const char *why)
{
	struct conf_texts texts = {0};
	char files[512] = "";

	if (change_store_get(change_journal.committed, &texts) == 0)
		change_files_differ(&texts, files, sizeof(files));
	conf_texts_free(&texts);
	return files[0] ? xasprintf("%s (not in force: %s)", why, files) : xstrdup(why);
}

void change_keep_refused(const char *why)
{
	free(refused);
	free(refusal);
	refused = why ? xstrdup(why) : NULL;
	refusal = why ? with_files(why) : NULL;
	refused_at = time(NULL);
	if (why)
		log_error("files-refused", "commit=%u why=\"%s\"", change_journal.committed,
			  refusal);
}

const char *change_keep_refused_why(void)
{
	return refused;
}

const char *change_refusal(void)
{
	return refusal;
}

json_t *change_keep_refusal_row(void)
{
	if (!refused)
		return NULL;
	return json_pack("{s:n, s:n, s:I, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:o}",
			 "commit", "back", "time", (json_int_t)refused_at, "state", "refused",
			 "how", "start", "uid", "login", "from", "comment", "changed", "statements",
			 "left-seconds", "why", change_now_string(refusal));
}
