/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoint_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"
#include "conf_print.h"
#include "config.h"
#include "datastore.h"
#include "drill.h"
#include "keep_in.h"
#include "privs.h"
#include "supervise.h"

static const struct endpoint_ops *parent;

/* One change at a time; NULL: the client that asked for it is gone. */
static struct request *changing;

static void run_version(struct request *r, const json_t *args)
{
	request_object(r, json_pack("{s:s, s:s, s:s}", "version", PACKAGE_VERSION, "name", "wgbgp",
				    "hostname", datastore_hostname()));
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
	json_t *missing = privs_missing(), *row;
	size_t i;

	request_head(r, json_pack("{s:b}", "user-kept", privs_keep_user()), "missing");
	json_array_foreach (missing, i, row)
		request_row(r, json_incref(row));
	request_end(r, NULL);
	json_decref(missing);
}

static void run_configuration(struct request *r, const json_t *args)
{
	const struct datastore_version *v = datastore_running();
	const char *source = json_string_value(json_object_get(args, "source"));
	const char *format = json_string_value(json_object_get(args, "format"));
	bool json = format && str_eq(format, "json");
	char *text;

	if (source && !str_eq(source, "running")) {
		request_end(r, "no such configuration; expected running");
		return;
	}
	if (!v) {
		request_end(r, "no configuration is running yet");
		return;
	}
	text = json ? conf_print_json(v->loaded.written, false)
		    : conf_print_text(v->loaded.written);
	request_object(r, json ? conf_read(text, strlen(text)) : json_pack("{s:s}", "text", text));
	free(text);
}

static void run_monitor(struct request *r, const json_t *args)
{
	request_monitor(r);
	request_head(r, json_object(), "events");
}

static void on_changed(void *arg, const char *error)
{
	struct request *r = changing;
	json_t *warnings = arg;

	changing = NULL;
	if (r && !error) {
		const struct datastore_version *v = datastore_running();

		request_object(r, json_pack("{s:i, s:O}", "generation", v ? (int)v->generation : 0,
					    "warnings", warnings));
	} else if (r) {
		request_end(r, error);
	}
	json_decref(warnings);
}

/* A change needs all daemons. True: it was refused. */
static bool refuse_change(struct request *r)
{
	if (commit_busy()) {
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

static void run_reload(struct request *r, const json_t *args)
{
	json_t *warnings;

	if (refuse_change(r))
		return;
	changing = r;
	warnings = json_array();
	parent->reload(on_changed, warnings, warnings, json_object_get(args, "empty") != NULL);
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
	changing = r;
	commit_start(datastore_with_log_level(level), on_changed, json_array());
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
	changing = r;
	commit_teardown(on_torn_down, NULL);
}

static const struct {
	const char *name;
	void (*run)(struct request *r, const json_t *args);
} rows[] = {
	{"version", run_version},
	{"daemons", run_daemons},
	{"privileges", run_privileges},
	{"configuration", run_configuration},
	{"monitor", run_monitor},
	{"reload", run_reload},
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
	if (changing == r)
		changing = NULL;
	drill_forget(r);
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
