/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoint_own.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change.h"
#include "change_differs.h"
#include "change_offer.h"
#include "change_keep.h"
#include "change_trial.h"
#include "conf.h"
#include "conf_leaves.h"
#include "conf_print.h"
#include "config.h"
#include "datastore.h"
#include "drill.h"
#include "host_ask.h"
#include "ipc.h"
#include "keep_in.h"
#include "key_ages.h"
#include "log.h"
#include "log_ring.h"
#include "plain.h"
#include "plan.h"
#include "privs.h"
#include "supervise.h"
#include "web_ask.h"

#define TEXT_MAX 256 /* of who asks for a change, and what for; bytes */

static const struct endpoint_ops *parent;

/* One change at a time; NULL: the client that asked for it is gone, or was answered. */
static struct request *changing;
static bool awaited; /* what becomes of it is still to be heard */

static void change_begins(struct request *r)
{
	changing = r;
	awaited = true;
}

static struct request *change_ended(void)
{
	struct request *r = changing;

	changing = NULL;
	awaited = false;
	return r;
}

static void run_version(struct request *r, const json_t *args)
{
	json_t *warnings = json_array();

	if (change_refusal())
		json_array_append_new(warnings,
				      json_sprintf("the files were refused at the start, what was "
						   "committed before runs: %s",
						   change_refusal()));
	request_object(r,
		       json_pack("{s:s, s:s, s:s, s:o}", "version", WGBGP_VERSION, "name", "wgbgp",
				 "hostname", datastore_hostname(), "warnings", warnings));
}

static void run_daemons(struct request *r, const json_t *args)
{
	request_head(r, json_object(), "daemons");
	for (int id = 0; id < DAEMON_COUNT; id++)
		request_row(r, supervise_status(id));
	request_end(r, NULL);
}

static void run_privileges(struct request *r, const json_t *args)
{
	request_list(r, json_pack("{s:b}", "user-kept", privs_keep_user()), "missing",
		     privs_missing());
}

/* A number, or the text of one, as the CLI says it. */
static bool number_of(const json_t *args, const char *name, unsigned *out)
{
	const char *text = conf_str(args, name, NULL);
	unsigned long n = conf_u32(args, name, UINT32_MAX);
	char *end = NULL;

	if (text)
		n = strtoul(text, &end, 10);
	*out = (unsigned)n;
	return n < 100000 && (!text || (end != text && !*end));
}

static void put_configuration(struct request *r, const struct datastore_version *v,
			      const json_t *args)
{
	bool json = str_eq(conf_str(args, "format", ""), "json");
	char *text = json ? conf_print_json(v->loaded.written, false)
			  : conf_print_text(v->loaded.written);

	request_object(r, json ? conf_read(text, strlen(text)) : json_pack("{s:s}", "text", text));
	free(text);
}

static void run_configuration(struct request *r, const json_t *args)
{
	const struct datastore_version *v = datastore_running();
	const char *source = json_string_value(json_object_get(args, "source"));
	struct datastore_version *kept;
	unsigned back;
	char why[512];

	if (!source || str_eq(source, "running")) {
		if (v)
			put_configuration(r, v, args);
		else
			request_end(r, "no configuration is running yet");
		return;
	}
	if (!str_eq(source, "rollback") || !number_of(args, "back", &back)) {
		request_end(r, "no such configuration; expected running or rollback");
		return;
	}
	kept = change_version(back, why, sizeof(why));
	if (kept)
		put_configuration(r, kept, args);
	else
		request_end(r, why);
	datastore_version_free(kept);
}

static void run_monitor(struct request *r, const json_t *args)
{
	request_monitor(r);
	request_head(r, json_object(), "events");
}

/* Takes ANSWER and WARNINGS over. */
static void end_change(const char *error, json_t *answer, json_t *warnings)
{
	const struct datastore_version *v = datastore_running();
	struct request *r = change_ended();

	json_object_set_new(answer, "generation", json_integer(v ? v->generation : 0));
	json_object_set_new(answer, "warnings", warnings);
	if (r && !error)
		request_object(r, json_incref(answer));
	else if (r)
		request_end(r, error);
	json_decref(answer);
}

static void on_changed(void *arg, const char *error)
{
	end_change(error, json_object(), arg);
}

/* A change needs all daemons. True: it was refused. */
static bool refuse_change(struct request *r)
{
	if (commit_busy() || awaited) {
		request_end(r, "another change is being applied");
		return true;
	}
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (supervise_silent(id)) {
			request_end(r, supervise_silence(id));
			return true;
		}
	return false;
}

/* What a client says of itself, or FALLBACK: others will read it on their terminals. */
static const char *text_for_others(const json_t *args, const char *name, const char *fallback)
{
	json_t *string = json_object_get(args, name);
	char *text = json_is_string(string) ? xstrdup(json_string_value(string)) : NULL;

	if (text) {
		plain_text(text);
		json_string_set(string, text);
	}
	free(text);
	return conf_str(args, name, fallback);
}

/* Who has the configuration for itself (`configure exclusive`), until its connection ends. */
static struct {
	const struct request_to *to; /* NULL: nobody */
	time_t since;
	char login[64], from[64];
} holder;

static long long held_s(void)
{
	return (long long)(time(NULL) - holder.since);
}

/* True: it was refused. */
static bool refuse_held(struct request *r)
{
	char text[320];

	if (!holder.to || holder.to == r->to)
		return false;
	snprintf(text, sizeof(text),
		 "%s%s%s has the configuration for itself (configure exclusive), for %lld s now; "
		 "root ends that by `clear lock`",
		 holder.login, holder.from[0] ? " from " : "", holder.from, held_s());
	request_end(r, text);
	return true;
}

void endpoint_own_left(const struct request_to *to)
{
	if (holder.to == to)
		holder.to = NULL;
}

/* ---- changes of the configuration (change.h) */

static void on_configured(void *arg, const char *error)
{
	end_change(error, change_answer(), arg);
}

/* "2" are minutes, "30s" seconds. */
static bool trial_of(const json_t *args, uint32_t *seconds)
{
	const char *text = conf_str(args, "confirmed", NULL);
	unsigned long n;
	char *end;

	*seconds = 0;
	if (!text)
		return !conf_has(
			args,
			"confirmed"); /* a number is no trial, but no change for good either */
	n = strtoul(text, &end, 10);
	if (end == text || strlen(text) > 6 || (*end && !str_eq(end, "s")))
		return false;
	*seconds = (uint32_t)(*end ? n : n * 60);
	return *seconds > 0 && *seconds <= CHANGE_TRIAL_MAX_S;
}

/* It is kept, sixty times. */
static bool too_long(const char *text)
{
	return text && strlen(text) > TEXT_MAX;
}

/* False: it was refused. */
static bool ask_of(struct request *r, const char *how, const json_t *args, struct change_ask *ask)
{
	*ask = (struct change_ask){.how = how,
				   .uid = r->to->uid,
				   .login = text_for_others(args, "login", NULL),
				   .from = text_for_others(args, "from", NULL),
				   .comment = text_for_others(args, "comment", NULL),
				   .at = conf_str(args, "at", NULL),
				   .expect = conf_str(args, "expect-ping", NULL),
				   .planned = json_object_get(args, "planned"),
				   .may_be_empty = json_object_get(args, "empty") != NULL,
				   .unattended = conf_has(args, "unattended"),
				   .override_guard = conf_has(args, "override-guard")};
	if (!trial_of(args, &ask->seconds))
		request_end(r, "confirmed: expected minutes, or seconds as in 30s, a day at most");
	else if (too_long(ask->comment) || too_long(ask->login) || too_long(ask->from) ||
		 too_long(ask->at) || too_long(ask->expect))
		request_end(r, "a text that is too long");
	else if (ask->expect && !ask->seconds)
		request_end(r, "expect: only of a change on trial (confirmed)");
	else
		return true;
	return false;
}

static void run_reload(struct request *r, const json_t *args)
{
	struct change_ask ask;

	if (refuse_change(r) || refuse_held(r) || !ask_of(r, "reload", args, &ask))
		return;
	change_begins(r);
	ask.warnings = json_array();
	change_reload(&ask, on_configured, ask.warnings);
}

static void run_check(struct request *r, const json_t *args)
{
	struct change_ask ask;

	if (refuse_change(r) || !ask_of(r, "check", args, &ask))
		return;
	change_begins(r);
	ask.warnings = json_array();
	change_check(&ask, on_configured, ask.warnings);
}

/* Of what a client has changed itself (change_offer.h). */
static void run_commit(struct request *r, const json_t *args)
{
	const struct change_offer offer = {conf_list(args, "base"), conf_list(args, "files"),
					   r->to->uid};
	struct change_ask ask;

	if (refuse_change(r) || refuse_held(r) || !ask_of(r, "commit", args, &ask))
		return;
	change_begins(r);
	ask.offer = &offer;
	ask.warnings = json_array();
	if (conf_has(args, "check"))
		change_check(&ask, on_configured, ask.warnings);
	else
		change_commit(&ask, on_configured, ask.warnings);
}

/* Where the files are, and what they said when they were committed last. */
static void run_files(struct request *r, const json_t *args)
{
	request_list(r, json_pack("{s:s}", "main", datastore_path()), "files", change_offer_base());
}

static void run_events_state(struct request *r, const json_t *args)
{
	request_object(r, json_pack("{s:i, s:I}", "monitors", (int)request_monitors(), "lost",
				    (json_int_t)request_events_lost()));
}

static void run_files_state(struct request *r, const json_t *args)
{
	request_object(r, json_pack("{s:b}", "differs", change_differs()));
}

static void run_exclusive(struct request *r, const json_t *args)
{
	bool on = conf_bool(args, "on", false), anew = on && holder.to != r->to;

	if (on && refuse_held(r))
		return;
	if (!on)
		endpoint_own_left(r->to);
	if (anew) {
		holder.to = r->to;
		holder.since = time(NULL);
		str_copy(holder.login, text_for_others(args, "login", "somebody"),
			 sizeof(holder.login));
		str_copy(holder.from, text_for_others(args, "from", ""), sizeof(holder.from));
	}
	request_object(r, json_pack("{s:b}", "anew", anew));
}

/* The holder hears of it at its next commit. */
static void run_clear_lock(struct request *r, const json_t *args)
{
	if (!holder.to) {
		request_end(r, "nobody has the configuration for itself");
		return;
	}
	if (holder.to != r->to && r->to->uid != 0 && r->to->uid != (int64_t)geteuid()) {
		request_end(r, "only root takes the configuration from who has it for itself");
		return;
	}
	log_warn("lock-cleared", "uid=%lld login=%s holder=%s seconds=%lld", (long long)r->to->uid,
		 text_for_others(args, "login", "?"), holder.login, held_s());
	holder.to = NULL;
	request_object(
		r, json_pack("{s:s, s:I}", "login", holder.login, "seconds", (json_int_t)held_s()));
}

static void on_plan_checked(void *arg, const char *error)
{
	change_ended();
	plan_checked(error, arg);
}

static void run_plan(struct request *r, const json_t *args)
{
	struct change_ask ask;

	if (refuse_change(r) || !ask_of(r, "plan", args, &ask) || !plan_begin(r, args, &ask))
		return;
	change_begins(r);
	ask.warnings = json_array();
	change_check(&ask, on_plan_checked, ask.warnings);
}

/* The way back from a trial waits for no daemon, and for nobody's check. */
static bool refuse_rollback(struct request *r, unsigned back)
{
	if (!change_on_trial() || back || !change_trial_first("the trial is taken back"))
		return refuse_change(r);
	return false;
}

static void run_rollback(struct request *r, const json_t *args)
{
	struct change_ask ask;
	unsigned back;

	if (!number_of(args, "back", &back)) {
		request_end(r, "expected how many commits back");
		return;
	}
	change_trial_settle(); /* who asked for a trial has heard of it then */
	if (refuse_rollback(r, back) || (back && refuse_held(r)) ||
	    !ask_of(r, "rollback", args, &ask))
		return;
	change_begins(r);
	ask.warnings = json_array();
	change_rollback(&ask, back, on_configured, ask.warnings);
}

static void run_confirm(struct request *r, const json_t *args)
{
	const char *why;

	change_trial_settle();
	why = change_confirm();
	if (why)
		request_end(r, why);
	else
		request_object(r, change_answer());
}

static void run_commits(struct request *r, const json_t *args)
{
	request_list(r, json_object(), "commits", change_list());
}

static void put_line(void *arg, json_t *row)
{
	request_row(arg, row);
}

static void run_logging(struct request *r, const json_t *args)
{
	const char *level = conf_str(args, "level", "debug");
	struct log_filter f = {.event = conf_str(args, "event", NULL),
			       .peer = conf_str(args, "peer", NULL),
			       .level = conf_word(conf_system_log_level_words, level),
			       .count = UINT_MAX};

	if (f.level < 0) {
		request_end(r, "level: expected error, warning, info or debug");
		return;
	}
	if (conf_has(args, "count") && !number_of(args, "count", &f.count)) {
		request_end(r, "count: expected how many lines");
		return;
	}
	if (f.event && !log_event_known(f.event)) {
		request_end(r, "there is no such event; wgbgp-log(7) has all of them");
		return;
	}
	request_head(r, json_object(), "lines");
	log_ring_each(&f, put_line, r);
	request_end(r, NULL);
}

static void run_log_level(struct request *r, const json_t *args)
{
	const char *level = json_string_value(json_object_get(args, "level"));

	if (conf_word(conf_system_log_level_words, level) < 0) {
		request_end(r, "expected error, warning, info or debug");
		return;
	}
	if (refuse_change(r))
		return;
	if (!datastore_running()) {
		request_end(r, "another change is being applied");
		return;
	}
	change_begins(r);
	change_log_level(level, on_changed, json_array());
}

static void on_torn_down(void *arg, const char *error)
{
	on_changed(json_array(), error);
	if (error)
		return;
	keep_in_forget();
	parent->stop("teardown");
}

static void run_teardown(struct request *r, const json_t *args)
{
	if (refuse_change(r))
		return;
	change_begins(r);
	change_teardown(on_torn_down, NULL);
}

static const struct {
	const char *name;
	void (*run)(struct request *r, const json_t *args);
} rows[] = {
	{"version", run_version},
	{"host-way", host_request},
	{"host-source", host_request},
	{"host-state", host_request},
	{"host-interface", host_request},
	{"host-links", host_links_request},
	{"daemons", run_daemons},
	{"privileges", run_privileges},
	{"configuration", run_configuration},
	{"monitor", run_monitor},
	{"reload", run_reload},
	{"check", run_check},
	{"plan", run_plan},
	{"rollback", run_rollback},
	{"confirm", run_confirm},
	{"commits", run_commits},
	{"commit", run_commit},
	{"files", run_files},
	{"files-state", run_files_state},
	{"events-state", run_events_state},
	{"key-ages", key_ages_request},
	{"web", web_request},
	{"exclusive", run_exclusive},
	{"clear-lock", run_clear_lock},
	{"logging", run_logging},
	{"log-level", run_log_level},
	{"teardown", run_teardown},
	{"drill", drill_request},
	{"drill-stop", drill_stop_request},
	{"drills", drill_history_request},
};

void endpoint_own_open(const struct endpoint_ops *ops)
{
	parent = ops;
}

bool endpoint_own_run(struct request *r, const char *command, const json_t *args)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].name, command)) {
			rows[i].run(r, args);
			return true;
		}
	return false;
}

void endpoint_own_forget(struct request *r)
{
	plan_forget(r);
	drill_forget(r);
	if (changing != r)
		return;
	changing = NULL;
	change_trial_first("who asked for it is gone: nothing was changed"); /* but no way back */
	change_trial_settle();
}

/* A change that waits for a silent daemon is given up as long as nothing was applied. Later it goes
 * on, and the client that asked for it is answered now. */
void endpoint_own_silent(enum daemon_id id)
{
	struct request *r = changing;
	char text[256];

	if (!r || !commit_waits_for(id))
		return;
	snprintf(text, sizeof(text), "%s: nothing was changed", supervise_silence(id));
	if (commit_give_up(text))
		return;
	snprintf(text, sizeof(text), "%s: the change is in force and goes on without a word here",
		 supervise_silence(id));
	changing = NULL;
	request_end(r, text);
}
