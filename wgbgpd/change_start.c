/* SPDX-License-Identifier: BSD-2-Clause */
#include "change_start.h"

#include <stdio.h>
#include <string.h>

#include "change_files.h"
#include "change_journal.h"
#include "change_keep.h"
#include "change_now.h"
#include "change_trial.h"
#include "conf.h"
#include "config.h"
#include "guard.h"
#include "log.h"
#include "spared.h"
#include "util.h"

#define STARTS_MAX 3

#define INSTEAD "commit %u, which would run instead: %s"

static uint32_t version_of_files(const struct datastore_version *v)
{
	const struct conf_texts *texts = &v->loaded.written->texts;
	const uint32_t known[] = {change_journal.committed,
				  change_index_in(&change_journal, "applying")};
	char hex[CONF_HASH_HEX];

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (change_journal_has(known[i], texts))
			return known[i];
	conf_texts_hash_all(texts, hex);
	return change_index_failed(&change_journal, hex, WGBGP_VERSION);
}

/* False: a reload would be refused, too, with ERRS. */
static bool note_edit(const struct datastore_version *v, struct conf_errors *errs)
{
	struct datastore_version *before = NULL;
	char why[256];

	if (change_journal.committed)
		before = change_journal_read(change_journal.committed, why, sizeof(why));
	if (before && datastore_would_empty(before, v, errs)) {
		datastore_version_free(before);
		return false;
	}
	change_now_note(before, v);
	datastore_version_free(before);
	return true;
}

static void record_start(const struct datastore_version *v)
{
	static const struct change_ask ask = {.how = "start", .uid = -1};
	char why[256];

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

/* A crash while guards were asked about a change leaves nothing to be finished. */
static void end_unbegun(void)
{
	uint32_t number = change_index_unbegun(&change_journal);

	if (!number)
		return;
	log_warn("reload-refused", "commit=%u why=\"its guards had not answered\"", number);
	change_index_end_unbegun(&change_journal, number);
	change_journal_save();
}

/* ---- of the files, or what was committed in their place */

static void say_failed(uint32_t number, struct conf_errors *errs)
{
	const json_t *record = change_index_find(&change_journal, number);

	if (str_eq(conf_str(record, "guard", ""), CHANGE_GUARD_ASKED))
		conf_error(errs, NULL,
			   "the files are commit %u, whose guards had not answered when everything "
			   "ended: `reload` asks them",
			   number);
	else
		conf_error(errs, NULL,
			   "the files are commit %u, which failed and is not tried again before a "
			   "`reload`: %s",
			   number, conf_str(record, "why", "it was not said why"));
}

/* False: it has not failed, or there is nothing else that could run. */
static bool refuse_failed(const struct change_begin *b, struct conf_errors *errs)
{
	struct datastore_version *instead;
	uint32_t number;
	char why[256];

	if (!b->failed)
		return false;
	instead = change_journal_readable(&number, why, sizeof(why));
	datastore_version_free(instead);
	if (instead)
		say_failed(b->failed, errs);
	return instead != NULL;
}

/* What the files say, with B; NULL: they are refused, as ERRS says. */
static struct datastore_version *of_files(struct change_begin *b, const struct change_clock *clock,
					  struct conf_errors *errs)
{
	struct datastore_version *v = datastore_read(errs);

	if (!v)
		return NULL;
	*b = change_begin(&change_journal, version_of_files(v), clock);
	if (!refuse_failed(b, errs) && (!b->record || note_edit(v, errs)))
		return v;
	datastore_version_free(v);
	return NULL;
}

static void refusal_text(const struct conf_errors *errs, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = errs->n; i-- > 0;)
		if (!errs->v[i].warning)
			str_copy(out, errs->v[i].text, size);
	if (errs->errors > 1)
		snprintf(out + strlen(out), size - strlen(out), " (and %u more)", errs->errors - 1);
}

/* The same with what was committed, when ERRS refuse the files. NULL: there is none, or it is
 * refused as well, which ERRS say, too. */
static struct datastore_version *committed_instead(struct change_begin *b, struct conf_errors *errs)
{
	struct datastore_version *v;
	char why[MSG_ERROR_MAX];

	if (!change_journal.committed)
		return NULL;
	v = change_journal_way_back(why, sizeof(why));
	*b = (struct change_begin){.run = change_journal.committed};
	if (!v) {
		conf_error(errs, NULL, INSTEAD, change_journal.committed, why);
		return NULL;
	}
	refusal_text(errs, why, sizeof(why));
	change_keep_refused(why);
	return v;
}

/* ---- starts that end in the middle, perhaps for what they run */

_Static_assert(sizeof(WGBGP_VERSION) <= CHANGE_VERSION_MAX, "it would never be the same one");

/* Noted before anything is read. */
static bool too_many_starts(void)
{
	uint32_t starts = change_index_start(&change_journal, WGBGP_VERSION);

	change_journal_save();
	return starts > STARTS_MAX && change_journal.committed;
}

/* A refused one as well: the next one reads the files again. */
static void start_ended(void)
{
	change_journal.starts = 0;
	change_journal_save();
}

static void refuse_unread(const struct conf_texts *committed)
{
	char why[128];

	if (!change_files_differ(committed, NULL, 0))
		return;
	snprintf(why, sizeof(why),
		 "the last %u starts did not come to their end: the files are not looked at before "
		 "a reload",
		 STARTS_MAX);
	change_keep_refused(why);
}

/* What was committed, and nothing else is looked at: a trial is over, what was broken off is not
 * finished, and the files stay as they are. NULL: it cannot be read. */
static struct datastore_version *committed_alone(struct change_begin *b)
{
	char why[256];
	struct datastore_version *v = change_journal_way_back(why, sizeof(why));
	bool trial = change_journal.pending.number != 0;

	if (!v)
		return NULL;
	if (change_journal.writing != change_journal.committed)
		change_journal.writing = 0;
	*b = (struct change_begin){.run = change_journal.committed,
				   .write = trial || change_journal.writing,
				   .returned = trial};
	if (!b->write)
		refuse_unread(&v->loaded.written->texts);
	return v;
}

struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs)
{
	struct datastore_version *v = NULL;
	struct change_clock clock;
	struct change_begin b;

	change_journal_open(main);
	change_now_open(changed);
	change_trial_open();
	change_clock_read(&clock);
	change_now_begin("start", NULL, NULL);
	end_unbegun();
	if (too_many_starts())
		v = committed_alone(&b);
	if (!v)
		v = change_journal_wants(&b, &clock);
	if (!v)
		v = of_files(&b, &clock, errs);
	if (!v)
		v = committed_instead(&b, errs);
	if (!v) {
		start_ended();
		return NULL;
	}
	settle(&b);
	drop_unfinished();
	change_now.returns = b.run && b.run == change_journal.committed;
	if (b.record)
		record_start(v);
	change_files_sweep(&v->loaded.written->texts);
	conf_texts_free(&v->loaded.written->texts);
	return v;
}

/* ---- it is applied */

/* What way_back() has found, and why it is not what was committed last. */
static struct {
	uint32_t number;
	char why[256];
} spare;

static void change_on_first(void *arg, const char *error);

/* Somebody refuses what the files say; nothing runs yet. */
static void start_committed(const char *error)
{
	commit_fn done = change_now.done;
	void *arg = change_now.arg;
	struct datastore_version *v;
	char why[MSG_ERROR_MAX], both[2 * MSG_ERROR_MAX + 64];

	v = change_journal_way_back(why, sizeof(why));
	if (!v) {
		snprintf(both, sizeof(both), "%s; " INSTEAD, error, change_journal.committed, why);
		done(arg, both);
		return;
	}
	change_keep_refused(error);
	change_now_begin("start", done, arg);
	change_now.number = change_journal.committed;
	change_now.returns = true;
	conf_texts_free(&v->loaded.written->texts);
	spared_look(v->json);
	change_begin_first(v, done, arg);
}

/* So is what was committed. */
static void start_refused(const char *error)
{
	const char *why = change_keep_refused_why();
	char both[2 * MSG_ERROR_MAX + 64];

	if (why)
		snprintf(both, sizeof(both), "%s; " INSTEAD, why, change_journal.committed, error);
	change_now.done(change_now.arg, why ? both : error);
}

/* The files say what a daemon cannot apply, or dies of; what was committed runs. */
static void start_went_back(const char *error)
{
	change_journal_goes_back(spare.number, spare.why);
	change_journal_save();
	change_keep_refused(error);
	change_now_changed();
	change_now.done(change_now.arg, NULL);
}

/* A start that is refused: where it would have gone on with what a crash broke off, that is taken
 * back instead. */
static void change_on_first(void *arg, const char *error)
{
	uint32_t broken = change_now.fresh ? 0 : change_now.number;
	bool edited = change_now.fresh && change_journal.committed;

	start_ended();
	if (!error) {
		change_keep_applied();
		if (edited)
			log_info("changed-while-stopped", "commit=%u changed=%u statements=\"%s\"",
				 change_now.number, change_now.changed, change_now.what);
		change_now_changed();
		if (change_now.trial)
			change_trial_resume();
		change_now.done(change_now.arg, NULL);
		return;
	}
	if (broken && broken != change_journal.committed && change_journal.committed) {
		log_error("reload-refused", "commit=%u why=\"%s\"", broken, error);
		change_journal.pending.number = broken;
		change_trial_take_back(change_now.done, change_now.arg);
		return;
	}
	change_keep_failed(error);
	if (commit_went_back())
		start_went_back(error);
	else if (change_journal.committed && !change_now.returns)
		start_committed(error);
	else
		start_refused(error);
}

/* What runs where the first one fails behind the check: what was committed. NULL: it is that, or
 * there is none. */
static struct datastore_version *way_back(void)
{
	if (change_now.number == change_journal.committed)
		return NULL;
	return change_journal_readable(&spare.number, spare.why, sizeof(spare.why));
}

void change_begin_first(struct datastore_version *first, commit_fn done, void *arg)
{
	change_now.done = done;
	change_now.arg = arg;
	if (change_now.returns)
		commit_return(first, change_on_first, NULL);
	else
		commit_first(first, way_back(), change_on_first, NULL);
}

void change_close(void)
{
	guard_close();
	change_trial_close();
	change_files_abort(&change_now.files);
	change_keep_refused(NULL);
	change_now_close();
	change_journal_close();
}
