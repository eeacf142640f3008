/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_start.h"

#include "change_files.h"
#include "change_journal.h"
#include "change_keep.h"
#include "change_now.h"
#include "change_trial.h"
#include "log.h"

static uint32_t version_of_files(const struct datastore_version *v)
{
	const struct conf_texts *texts = &v->loaded.written->texts;
	uint32_t applying = change_index_in(&change_journal, "applying");

	return change_journal_has(change_journal.committed, texts) ? change_journal.committed
	       : change_journal_has(applying, texts)		   ? applying
								   : 0;
}

static void record_start(const struct datastore_version *v)
{
	static const struct change_ask ask = {.how = "start", .uid = -1};
	struct datastore_version *before = NULL;
	char why[256];

	if (change_journal.committed)
		before = change_journal_read(change_journal.committed, why, sizeof(why));
	change_now_note(before, v);
	datastore_version_free(before);
	change_keep(&ask, &v->loaded.written->texts, why, sizeof(why));
}

/* What the journal says of the trial and of the files is done before anything runs. */
static void settle(const struct change_begin *b)
{
	if (b->returned) {
		log_warn("returned", "commit=%u to=%u why=\"its time was over at the start\"",
			 change_journal.pending.number, change_journal.committed);
		change_journal.pending.over = true;
	}
	if (b->write)
		change_journal.writing = b->run;
	if (b->returned || b->write)
		change_journal_save();
	if (b->write)
		change_journal_files();
	if (b->returned) {
		change_trial_end("returned");
		change_journal_save();
	}
	change_now.number = b->resume ? b->resume : b->run ? b->run : change_journal.committed;
	change_now.trial = change_journal.pending.number != 0;
}

static void drop_unfinished(void)
{
	uint32_t number = change_index_in(&change_journal, "applying");

	if (number && number != change_now.number && number != change_journal.pending.number)
		change_index_drop(&change_journal, number);
}

struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs)
{
	struct datastore_version *v;
	struct change_clock clock;
	struct change_begin b;

	change_journal_open(main);
	change_now_open(changed);
	change_trial_open();
	change_clock_read(&clock);
	change_now_begin("start", NULL, NULL);
	v = change_journal_wants(&b, &clock);
	if (!v && (v = datastore_read(errs)))
		b = change_begin(&change_journal, version_of_files(v), &clock);
	if (!v)
		return NULL;
	settle(&b);
	drop_unfinished();
	change_now.returns = b.run && b.run == change_journal.committed;
	if (b.record)
		record_start(v);
	conf_texts_free(&v->loaded.written->texts);
	return v;
}

/* A start that is refused: where it would have gone on with what a crash broke off, that is taken
 * back instead. */
static void change_on_first(void *arg, const char *error)
{
	uint32_t broken = change_now.fresh ? 0 : change_now.number;
	bool edited = change_now.fresh && change_journal.committed;
	commit_fn done = change_now.done;

	if (!error) {
		change_keep_applied();
		if (edited)
			log_info("changed-while-stopped", "commit=%u changed=%u statements=\"%s\"",
				 change_now.number, change_now.changed, change_now.what);
		change_now_changed();
		done(change_now.arg, NULL);
	} else if (broken && broken != change_journal.committed && change_journal.committed) {
		log_error("reload-refused", "commit=%u why=\"%s\"", broken, error);
		change_journal.pending.number = broken;
		change_trial_take_back(done, change_now.arg);
	} else {
		change_keep_failed();
		done(change_now.arg, error);
	}
}

void change_begin_first(struct datastore_version *first, commit_fn done, void *arg)
{
	change_now.done = done;
	change_now.arg = arg;
	if (change_now.returns)
		commit_return(first, change_on_first, NULL);
	else
		commit_start(first, change_on_first, NULL);
}

void change_close(void)
{
	change_trial_close();
	change_files_abort(&change_now.files);
	change_journal_close();
}
