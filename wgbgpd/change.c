/* SPDX-License-Identifier: BSD-2-Clause */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change_files.h"
#include "change_journal.h"
#include "change_store.h"
#include "conf.h"
#include "conf_check.h"
#include "conf_diff.h"
#include "conf_print.h"
#include "log.h"
#include "loop.h"
#include "request.h"
#include "retry.h"
#include "spared.h"

#define BUSY_MS 1000 /* another change is under way when a trial ends */
#define LOOK_S 10    /* at a trial's time: the loop's clock stands still in a suspend */
#define RETURN_FIRST_MS 1000
#define RETURN_MAX_MS 30000

static void (*on_change)(void);
static struct timer trial_end; /* or the next attempt to take it back */
static unsigned returns_refused;

/* The change under way: one at a time. */
static struct {
	const char *how;
	uint32_t number; /* of its version; 0: it is not kept */
	bool fresh;	 /* which is a new one */
	bool trial;
	bool returns;	/* to what was committed; there is nothing else to go back to */
	bool writes;	/* FILES take their places behind it */
	uint32_t wrote; /* whose texts were being written before it */
	struct change_files files;
	json_t *warnings; /* borrowed; may be NULL */
	unsigned changed; /* statements */
	char what[1024];
	commit_fn done;
	void *arg;
} now;

static void now_begin(const char *how, commit_fn done, void *arg)
{
	memset(&now, 0, sizeof(now));
	now.how = how;
	now.wrote = change_journal.writing;
	now.done = done;
	now.arg = arg;
}

static void warn(json_t *warnings, const char *text)
{
	if (warnings)
		json_array_append_new(warnings, json_string(text));
}

/* ---- the journal */

static void tell(uint32_t number, const char *state, const char *why)
{
	const json_t *record = change_index_find(&change_journal, number);

	request_tell(json_pack("{s:s, s:i, s:s, s:s, s:s?}", "event", "commit", "commit",
			       (int)number, "state", state, "how", conf_str(record, "how", ""),
			       "why", why));
}

static void await_trial_end(uint32_t left_s)
{
	timer_start(&trial_end, (left_s < LOOK_S ? left_s : LOOK_S) * 1000ULL);
}

static void end_trial(const char *state)
{
	change_index_end_trial(&change_journal, state);
	timer_stop(&trial_end);
	returns_refused = 0;
}

/* ---- what a change changes */

static json_t *written_json(const struct datastore_version *v)
{
	char *text = v ? conf_print_json(v->loaded.written, false) : NULL;
	json_t *json = text ? conf_read(text, strlen(text)) : NULL;

	free(text);
	return json;
}

static void note_changes(const struct datastore_version *before,
			 const struct datastore_version *after)
{
	json_t *olds = written_json(before), *news = written_json(after);

	now.changed = conf_diff(olds, news, now.what, sizeof(now.what));
	json_decref(olds);
	json_decref(news);
}

static json_t *string_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : NULL; /* NULL: not UTF-8 */

	return string ? string : json_null();
}

static json_t *record_of(const struct change_ask *ask)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:i, s:o}", "time", (json_int_t)time(NULL),
			 "how", ask->how, "uid",
			 ask->uid < 0 ? json_null() : json_integer(ask->uid), "login",
			 string_or_null(ask->login), "from", string_or_null(ask->from), "comment",
			 string_or_null(ask->comment), "changed", (int)now.changed, "statements",
			 string_or_null(now.what));
}

json_t *change_answer(void)
{
	struct change_clock clock;

	change_clock_read(&clock);
	return json_pack(
		"{s:o, s:i, s:o, s:o}", "commit",
		now.number ? json_integer(now.number) : json_null(), "changed", (int)now.changed,
		"statements", string_or_null(now.what), "confirm-seconds",
		now.trial ? json_integer(change_left_s(&change_journal, &clock)) : json_null());
}

/* ---- the end of a change */

static void write_files(void)
{
	char why[512], text[640];

	if (change_files_commit(&now.files, why, sizeof(why)) == 0) {
		change_journal.writing = 0;
		return;
	}
	log_error("files-not-written", "why=\"%s\"", why);
	snprintf(text, sizeof(text),
		 "it runs, but is not in all files yet, which is tried again: %s", why);
	warn(now.warnings, text);
	change_journal_files_later();
}

static void applied(void)
{
	struct change_clock clock;

	change_clock_read(&clock);
	if (now.trial) {
		change_index_set(&change_journal, now.number, "pending");
		await_trial_end(change_left_s(&change_journal, &clock));
	} else if (now.number) {
		change_index_set(&change_journal, now.number, "committed");
		change_journal.committed = now.number;
	} else {
		change_journal.committed =
			0; /* what runs is not kept: no trial can go back to it */
	}
	if (now.writes)
		write_files();
	change_journal_save();
}

static void failed(void)
{
	change_files_abort(&now.files);
	change_journal.writing = now.wrote;
	if (now.trial)
		memset(&change_journal.pending, 0, sizeof(change_journal.pending));
	if (now.fresh && commit_went_back())
		change_index_set(&change_journal, now.number, "failed");
	else if (now.fresh)
		change_index_drop(&change_journal, now.number);
	if (now.fresh || now.writes)
		change_journal_save();
}

static void on_done(void *arg, const char *error)
{
	bool back = str_eq(now.how, "rollback");

	if (error)
		failed();
	else
		applied();
	if (error)
		log_error(back ? "rollback-refused" : "reload-refused", "why=\"%s\"", error);
	else
		log_info(back ? "rollback" : "reload",
			 "generation=%u commit=%u changed=%u statements=\"%s\"",
			 datastore_running()->generation, now.number, now.changed, now.what);
	if (!error && now.number)
		tell(now.number, now.trial ? "pending" : "committed", NULL);
	if (!error)
		on_change();
	now.done(now.arg, error);
}

/* ---- its beginning */

static bool is_refused(char *why, size_t size)
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

/* Nothing was changed yet: as if it had not been tried. */
static int change_undo_keep(int err)
{
	if (now.fresh)
		change_index_drop(&change_journal, now.number);
	if (now.trial)
		memset(&change_journal.pending, 0, sizeof(change_journal.pending));
	change_journal.writing = now.wrote;
	now.fresh = false;
	now.number = 0;
	return err;
}

/* The texts are on the disk, and then the journal says what is about to happen to them. */
static int keep_texts(const struct change_ask *ask, const struct conf_texts *texts)
{
	int err = change_store_error();

	if (err)
		return err;
	if (change_journal_has(change_journal.committed, texts)) {
		now.number = change_journal.committed;
	} else {
		now.number = change_index_add(&change_journal, record_of(ask), "applying");
		now.fresh = true;
		err = change_store_put(now.number, texts);
	}
	if (now.trial) {
		change_journal.pending.number = now.number;
		change_journal.pending.seconds = ask->seconds;
		change_journal.pending.over = false;
		change_clock_read(&change_journal.pending.since);
	}
	change_journal.writing = now.writes ? now.number : 0;
	if (!err && (now.fresh || now.writes))
		err = change_store_save(&change_journal);
	return err ? change_undo_keep(err) : 0;
}

/* What a trial goes back to is there; else false with WHY. */
static bool can_go_back(char *why, size_t size)
{
	struct conf_texts texts = {0};
	int err = change_store_error() ? 0 : change_store_get(change_journal.committed, &texts);

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

/* False with WHY. */
static bool keep(const struct change_ask *ask, const struct conf_texts *texts, char *why,
		 size_t size)
{
	int err;

	now.trial = ask->seconds > 0;
	if (now.trial && change_journal_has(change_journal.committed, texts)) {
		snprintf(why, size,
			 "nothing differs from commit %u, key files are not on trial: there is "
			 "nothing to confirm",
			 change_journal.committed);
		return false;
	}
	if (now.trial && !can_go_back(why, size))
		return false;
	err = keep_texts(ask, texts);
	snprintf(why, size, "what to go back to cannot be kept: %s", strerror(-err));
	if (err) {
		log_warn("commits", "error=\"%s\" why=\"the change is not kept\"", strerror(-err));
		warn(ask->warnings, "the change is not kept: no rollback leads to it");
	}
	return !err || !(now.trial || now.writes);
}

static void start(const struct change_ask *ask, struct datastore_version *version)
{
	char why[MSG_ERROR_MAX];

	now.warnings = ask->warnings;
	note_changes(datastore_running(), version);
	if (!keep(ask, &version->loaded.written->texts, why, sizeof(why))) {
		now.trial = false;
		datastore_version_free(version);
		on_done(NULL, why);
		return;
	}
	conf_texts_free(&version->loaded.written->texts);
	spared_look(version->json);
	commit_start(version, on_done, NULL);
}

/* All errors on one text, as far as they fit; each in the log. */
static void say_errors(struct conf_errors *errs, json_t *warnings, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < errs->n; i++) {
		const struct conf_error *e = &errs->v[i];

		log_event(e->warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "configuration",
			  "why=\"%s\"", e->text);
		if (e->warning)
			warn(warnings, e->text);
		if (!e->warning && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "\n" : "",
						e->text);
	}
	conf_errors_free(errs);
}

/* VERSION as it was read, or NULL with all that is wrong as one text. Frees ERRS. */
static struct datastore_version *judge(const struct change_ask *ask,
				       struct datastore_version *version, struct conf_errors *errs,
				       char error[MSG_ERROR_MAX])
{
	if (version && !ask->may_be_empty && datastore_would_empty(version, errs)) {
		datastore_version_free(version);
		version = NULL;
	}
	if (version)
		spared_warn(version->json, errs);
	say_errors(errs, ask->warnings, error, MSG_ERROR_MAX);
	return version;
}

static void start_or_refuse(const struct change_ask *ask, struct datastore_version *version,
			    struct conf_errors *errs)
{
	char error[MSG_ERROR_MAX];

	version = judge(ask, version, errs, error);
	if (version)
		start(ask, version);
	else
		on_done(NULL, error);
}

void change_reload(const struct change_ask *ask, commit_fn done, void *arg)
{
	struct conf_errors errs = {0};
	char why[256];

	now_begin(ask->how, done, arg);
	if (is_refused(why, sizeof(why)))
		on_done(NULL, why);
	else
		start_or_refuse(ask, datastore_read(&errs), &errs);
}

static void on_checked(void *arg, const char *error)
{
	now.done(now.arg, error);
}

void change_check(const struct change_ask *ask, commit_fn done, void *arg)
{
	struct conf_errors errs = {0};
	struct datastore_version *version;
	char error[MSG_ERROR_MAX];

	now_begin(ask->how, done, arg);
	version = judge(ask, datastore_read(&errs), &errs, error);
	if (!version) {
		done(arg, error);
		return;
	}
	note_changes(datastore_running(), version);
	commit_check(version, on_checked, NULL);
}

/* ---- back */

static void take_back(commit_fn done, void *arg);

static void on_trial_end(void *arg)
{
	struct change_clock clock;
	uint32_t left;

	change_clock_read(&clock);
	left = change_left_s(&change_journal, &clock);
	if (left)
		await_trial_end(left);
	else if (commit_busy())
		timer_start(&trial_end, BUSY_MS);
	else
		take_back(NULL, NULL);
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
		end_trial("returned");
		change_journal_save();
		change_journal_files();
		tell(number, "returned", NULL);
		on_change();
	}
	if (now.done)
		now.done(now.arg, error);
}

/* The way in first, then the files. */
static void take_back(commit_fn done, void *arg)
{
	struct datastore_version *version;
	char why[MSG_ERROR_MAX];

	now_begin("return", done, arg);
	now.number = change_journal.committed;
	change_journal.pending.over = true;
	change_journal.writing = change_journal.committed;
	change_journal_save();
	version = change_journal_read(change_journal.committed, why, sizeof(why));
	if (version) {
		note_changes(datastore_running(), version);
		conf_texts_free(&version->loaded.written->texts);
		spared_look(version->json);
		commit_return(version, on_taken_back, NULL);
	} else {
		on_taken_back(NULL, why);
	}
}

/* Their texts, checked like any change, are written beside the files before anything happens. */
static void roll_back(const struct change_ask *ask, uint32_t number)
{
	struct conf_errors errs = {0};
	struct datastore_version *version = NULL;
	struct conf_texts texts = {0};
	char why[512] = "";
	int err = change_store_get(number, &texts);

	if (err)
		snprintf(why, sizeof(why), "commit %u cannot be read: %s", number, strerror(-err));
	else
		err = change_files_prepare(&texts, &now.files, why, sizeof(why));
	now.writes = !err;
	if (err)
		conf_error(&errs, NULL, "%s", why);
	else
		version = datastore_read_texts(&texts, CONF_CHECK_FILES, &errs);
	conf_texts_free(&texts);
	start_or_refuse(ask, version, &errs);
}

void change_rollback(const struct change_ask *ask, unsigned back, commit_fn done, void *arg)
{
	uint32_t number = change_index_back(&change_journal, back);
	char why[256];

	if (change_journal.pending.number && !back) {
		take_back(done, arg);
		return;
	}
	now_begin(ask->how, done, arg);
	if (is_refused(why, sizeof(why))) {
		on_done(NULL, why);
	} else if (!number) {
		snprintf(why, sizeof(why), "there is no commit %u back", back);
		on_done(NULL, why);
	} else {
		roll_back(ask, number);
	}
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
	end_trial("committed");
	if (change_journal_save() < 0) {
		change_journal = before;
		change_index_set(&change_journal, number, "pending");
		on_trial_end(NULL);
		return "it cannot be written down, so it is taken back at its time";
	}
	now_begin("confirm", NULL, NULL);
	now.number = number;
	log_info("confirmed", "commit=%u", number);
	tell(number, "committed", NULL);
	return NULL;
}

bool change_on_trial(void)
{
	return change_journal.pending.number != 0;
}

/* ---- the first one */

/* A start that is refused: where it would have gone on with what a crash broke off, that is taken
 * back instead. */
static void change_on_first(void *arg, const char *error)
{
	uint32_t broken = now.fresh ? 0 : now.number;
	bool edited = now.fresh && change_journal.committed;
	commit_fn done = now.done;

	if (!error) {
		applied();
		if (edited)
			log_info("changed-while-stopped", "commit=%u changed=%u statements=\"%s\"",
				 now.number, now.changed, now.what);
		on_change();
		done(now.arg, NULL);
	} else if (broken && broken != change_journal.committed && change_journal.committed) {
		log_error("reload-refused", "commit=%u why=\"%s\"", broken, error);
		change_journal.pending.number = broken;
		take_back(done, now.arg);
	} else {
		failed();
		done(now.arg, error);
	}
}

void change_begin_first(struct datastore_version *first, commit_fn done, void *arg)
{
	now.done = done;
	now.arg = arg;
	if (now.returns)
		commit_return(first, change_on_first, NULL);
	else
		commit_start(first, change_on_first, NULL);
}

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
	note_changes(before, v);
	datastore_version_free(before);
	keep(&ask, &v->loaded.written->texts, why, sizeof(why));
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
		end_trial("returned");
		change_journal_save();
	}
	now.number = b->resume ? b->resume : b->run ? b->run : change_journal.committed;
	now.trial = change_journal.pending.number != 0;
}

static void drop_unfinished(void)
{
	uint32_t number = change_index_in(&change_journal, "applying");

	if (number && number != now.number && number != change_journal.pending.number)
		change_index_drop(&change_journal, number);
}

struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs)
{
	struct datastore_version *v;
	struct change_clock clock;
	struct change_begin b;

	change_journal_open(main);
	on_change = changed;
	timer_init(&trial_end, on_trial_end, NULL);
	change_clock_read(&clock);
	now_begin("start", NULL, NULL);
	v = change_journal_wants(&b, &clock);
	if (!v && (v = datastore_read(errs)))
		b = change_begin(&change_journal, version_of_files(v), &clock);
	if (!v)
		return NULL;
	settle(&b);
	drop_unfinished();
	now.returns = b.run && b.run == change_journal.committed;
	if (b.record)
		record_start(v);
	conf_texts_free(&v->loaded.written->texts);
	return v;
}

void change_close(void)
{
	timer_stop(&trial_end);
	change_files_abort(&now.files);
	change_journal_close();
}

/* ---- what is asked */

json_t *change_list(void)
{
	struct change_clock clock;

	change_clock_read(&clock);
	return change_index_rows(&change_journal, &clock);
}

struct datastore_version *change_version(unsigned back, char *why, size_t size)
{
	uint32_t number = change_index_back(&change_journal, back);

	if (number)
		return change_journal_read(number, why, size);
	snprintf(why, size, "there is no commit %u back", back);
	return NULL;
}
