/* SPDX-License-Identifier: BSD-2-Clause */
#include "change.h"

#include <stdio.h>
#include <string.h>

#include "change_files.h"
#include "change_journal.h"
#include "change_keep.h"
#include "change_now.h"
#include "change_offer.h"
#include "change_store.h"
#include "change_trial.h"
#include "conf_check.h"
#include "guard.h"
#include "health.h"
#include "log.h"
#include "planned.h"
#include "spared.h"

static void begin(const struct change_ask *ask, commit_fn done, void *arg)
{
	change_trial_settle(); /* its answer is about itself */
	change_now_begin(ask->how, done, arg);
}

static json_t *candidate; /* that was checked last */

static void on_done(void *arg, const char *error)
{
	bool back = str_eq(change_now.how, "rollback");
	char resets[600];

	guard_close(); /* who was asked may still answer */
	if (error)
		change_keep_failed(error);
	else
		change_keep_applied();
	if (error && !change_on_trial()) /* else it was refused because of that trial */
		health_end();
	planned_end();
	if (error)
		log_error(back ? "rollback-refused" : "reload-refused", "why=\"%s\"", error);
	else
		log_info(back ? "rollback" : "reload",
			 "generation=%u commit=%u changed=%u statements=\"%s\" how=%s state=%s "
			 "resets=\"%s\"",
			 datastore_running()->generation, change_now.number, change_now.changed,
			 change_now.what, change_now.how,
			 change_now.trial ? "pending" : "committed",
			 change_now_resets(resets, sizeof(resets)));
	if (!error && change_now.number)
		change_now_tell(change_now.number, change_now.trial ? "pending" : "committed",
				NULL);
	if (!error)
		change_now_changed();
	if (!error && change_now.trial)
		change_trial_watch(change_now.done, change_now.arg);
	else
		change_now.done(change_now.arg, error);
}

static void on_health(const char *error)
{
	change_keep_watched(health_watched());
	planned_pass(commit_gate_passed);
}

static void on_guards(const char *error)
{
	if (error) {
		commit_gate_passed(error);
		return;
	}
	change_keep_guarded();
	health_pass(on_health);
}

static void on_gate(void)
{
	guard_pass(on_guards);
}

static void on_gate_of_check(void)
{
	guard_pass(commit_gate_passed);
}

static const json_t *running_json(void)
{
	const struct datastore_version *running = datastore_running();

	return running ? running->json : NULL;
}

/* The way back never waits for a guard. */
static bool mind_guards(struct change_ask *ask, const struct datastore_version *version, char *why,
			size_t size)
{
	guard_close();
	return str_eq(ask->how, "rollback") ||
	       guard_mind(ask, running_json(), version->json, why, size);
}

static void start(const struct change_ask *asked, struct datastore_version *version)
{
	struct change_ask ask = *asked;
	char why[MSG_ERROR_MAX];

	change_now.warnings = ask.warnings;
	change_now_note(datastore_running(), version);
	planned_mind(&ask);
	if (!mind_guards(&ask, version, why, sizeof(why)) ||
	    !health_mind(&ask, running_json(), version->json, why, sizeof(why)) ||
	    !change_keep(&ask, &version->loaded.written->texts, why, sizeof(why))) {
		change_now.trial = false;
		datastore_version_free(version);
		on_done(NULL, why);
		return;
	}
	conf_texts_free(&version->loaded.written->texts);
	spared_look(version->json);
	commit_gate(on_gate);
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
			change_now_warn(warnings, e->text);
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
	if (version && !ask->may_be_empty &&
	    datastore_would_empty(datastore_running(), version, errs)) {
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

	begin(ask, done, arg);
	if (change_trial_refuses(why, sizeof(why)))
		on_done(NULL, why);
	else
		start_or_refuse(ask, datastore_read(&errs), &errs);
}

static void on_checked(void *arg, const char *error)
{
	guard_close();
	change_now.done(change_now.arg, error);
}

void change_check(const struct change_ask *ask, commit_fn done, void *arg)
{
	struct conf_errors errs = {0};
	struct datastore_version *version;
	struct change_ask copy = *ask;
	char error[MSG_ERROR_MAX];

	begin(ask, done, arg);
	json_decref(candidate);
	candidate = NULL;
	version = ask->offer   ? change_offer_read(ask->offer, &change_now.files, &errs)
		  : ask->texts ? datastore_read_texts(ask->texts, CONF_CHECK_FILES, &errs)
			       : datastore_read(&errs);
	change_files_abort(&change_now.files);
	version = judge(ask, version, &errs, error);
	if (!version) {
		done(arg, error);
		return;
	}
	change_now_note(datastore_running(), version);
	candidate = json_incref(version->json);
	if (!str_eq(ask->how, "plan")) { /* which is told whatever guards say */
		mind_guards(&copy, version, error, sizeof(error));
		commit_gate(on_gate_of_check);
	}
	commit_check(version, on_checked, NULL);
}

json_t *change_candidate(void)
{
	return candidate ? json_incref(candidate) : json_null();
}

void change_commit(const struct change_ask *ask, commit_fn done, void *arg)
{
	struct conf_errors errs = {0};
	struct datastore_version *version;
	char why[256];

	begin(ask, done, arg);
	if (change_trial_refuses(why, sizeof(why))) {
		on_done(NULL, why);
		return;
	}
	version = change_offer_read(ask->offer, &change_now.files, &errs);
	change_now.writes = version != NULL;
	start_or_refuse(ask, version, &errs);
}

/* Its texts are written beside the files before anything happens. Frees it and returns NULL where
 * that cannot be. */
static struct datastore_version *change_prepare(struct datastore_version *version,
						struct conf_errors *errs)
{
	char why[512];

	if (change_files_prepare(&version->loaded.written->texts, &change_now.files, why,
				 sizeof(why)) == 0) {
		change_now.writes = true;
		return version;
	}
	conf_error(errs, NULL, "%s", why);
	datastore_version_free(version);
	return NULL;
}

/* Checked like any change. */
static void roll_back(const struct change_ask *ask, uint32_t number)
{
	struct conf_errors errs = {0};
	struct datastore_version *version = NULL;
	struct conf_texts texts = {0};
	int err = change_store_get(number, &texts);

	if (err)
		conf_error(&errs, NULL, "commit %u cannot be read: %s", number, strerror(-err));
	else
		version = datastore_read_texts(&texts, CONF_CHECK_FILES, &errs);
	if (version)
		version = change_prepare(version, &errs);
	conf_texts_free(&texts);
	start_or_refuse(ask, version, &errs);
}

void change_rollback(const struct change_ask *ask, unsigned back, commit_fn done, void *arg)
{
	uint32_t number = change_index_back(&change_journal, back);
	char why[256];

	if (change_journal.pending.number && !back) {
		change_trial_take_back(done, arg);
		return;
	}
	begin(ask, done, arg);
	if (change_trial_refuses(why, sizeof(why))) {
		on_done(NULL, why);
	} else if (!number) {
		snprintf(why, sizeof(why), "there is no commit %u back", back);
		on_done(NULL, why);
	} else {
		roll_back(ask, number);
	}
}

static void on_others(void *arg, const char *error)
{
	change_now.done(change_now.arg, error);
}

void change_log_level(const char *level, commit_fn done, void *arg)
{
	change_now_begin("log-level", done, arg);
	commit_start(datastore_with_log_level(level), on_others, NULL);
}

void change_teardown(commit_fn done, void *arg)
{
	change_now_begin("teardown", done, arg);
	commit_teardown(on_others, NULL);
}

/* ---- what is asked */

json_t *change_answer(void)
{
	struct change_clock clock;

	change_clock_read(&clock);
	return json_pack("{s:o, s:i, s:o, s:o, s:o}", "commit",
			 change_now.number ? json_integer(change_now.number) : json_null(),
			 "changed", (int)change_now.changed, "statements",
			 change_now_string(change_now.what), "confirm-seconds",
			 change_now.trial ? json_integer(change_left_s(&change_journal, &clock))
					  : json_null(),
			 "resets",
			 change_now.resets ? json_incref(change_now.resets) : json_array());
}

json_t *change_list(void)
{
	json_t *rows, *refusal = change_keep_refusal_row();
	struct change_clock clock;

	change_clock_read(&clock);
	rows = change_index_rows(&change_journal, &clock);
	if (refusal)
		json_array_insert_new(rows, 0, refusal);
	return rows;
}

struct datastore_version *change_version(unsigned back, char *why, size_t size)
{
	uint32_t number = change_index_back(&change_journal, back);

	if (number)
		return change_journal_read(number, why, size);
	snprintf(why, size, "there is no commit %u back", back);
	return NULL;
}
