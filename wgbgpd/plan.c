/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "change_now.h"
#include "conf.h"
#include "conf_texts.h"
#include "datastore.h"
#include "ipc.h"
#include "plan_judge.h"
#include "secrets.h"
#include "show.h"
#include "supervise.h"
#include "util.h"
#include "way.h"

#define CANDIDATE_MAX (IPC_FRAME_MAX - 1024 * 1024) /* bytes; the rest of a request is smaller */

static struct {
	bool busy;
	struct request *r;	 /* NULL: its client is gone */
	struct conf_texts texts; /* that came with it; none: the files are read */
	struct addr from;	 /* far end of the operator's session; family 0: none */
	uint32_t generation;	 /* in force when it began */
	json_t *candidate, *rows, *head, *warnings; /* owned */
} now;

static void plan_release(void)
{
	conf_texts_free(&now.texts);
	json_decref(now.candidate);
	json_decref(now.rows);
	json_decref(now.head);
	json_decref(now.warnings);
	memset(&now, 0, sizeof(now));
}

static void plan_fail(const char *why)
{
	if (now.r)
		request_end(now.r, why);
	plan_release();
}

/* ---- the answer */

/* The interface by which packets go to A; "": not known. */
static void interface_to(const struct addr *a, char name[IF_NAMESIZE])
{
	uint32_t oif = 0;

	name[0] = '\0';
	if (way_open() < 0)
		return;
	way_leads(a, 0, &oif);
	way_close();
	if (oif && !if_indextoname(oif, name))
		name[0] = '\0';
}

static json_t *own_session(const json_t *before)
{
	char interface[IF_NAMESIZE];

	if (!now.from.family)
		return json_null();
	interface_to(&now.from, interface);
	return plan_own_session(now.rows, before, ADDR_STR(&now.from), interface);
}

static void answer(const char *verdict, const char *refused)
{
	const struct datastore_version *v = datastore_running();
	const json_t *before = v ? v->json : NULL;
	json_t *row;
	size_t i;

	json_object_update_new(
		now.head, json_pack("{s:i, s:s, s:s?, s:o, s:o, s:O}", "generation",
				    (int)now.generation, "verdict", verdict, "refused", refused,
				    "consumers", plan_consumers(now.rows, before, now.candidate),
				    "own-session", own_session(before), "warnings", now.warnings));
	if (!json_object_get(now.head, "prefixes"))
		json_object_set_new(now.head, "prefixes", json_null());
	if (!json_object_get(now.head, "tables"))
		json_object_set_new(now.head, "tables", json_null());
	if (!json_object_get(now.head, "table-epoch"))
		json_object_set_new(now.head, "table-epoch", json_null());
	if (now.r) {
		request_head(now.r, json_incref(now.head), "changes");
		json_array_foreach (now.rows, i, row)
			request_row(now.r, json_incref(row));
		request_end(now.r, NULL);
	}
	plan_release();
}

/* ---- the daemons */

static void plan_take_rows(const json_t *from)
{
	json_array_extend(now.rows, json_object_get(from, "changes"));
}

static void ask_with(enum daemon_id id, json_t *request, ask_fn fn)
{
	json_object_set(request, "candidate", now.candidate);
	ask_daemon(id, request, fn, NULL);
}

/* Endpoints that are in use, which no text of the configuration tells. */
static void warn_disbelieved(const json_t *list)
{
	json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		char *text = xasprintf(
			"peer %s of %s is at %s now, which is inside what is private then: it is "
			"not believed, the tunnel fails. endpoint-inside-permit believes it",
			conf_str(row, "peer", ""), conf_str(row, "interface", ""),
			conf_str(row, "endpoint", ""));

		change_now_warn(now.warnings, text);
		free(text);
	}
}

static void on_routes(void *arg, const json_t *said, const char *error)
{
	const struct datastore_version *v = datastore_running();

	if (error) {
		plan_fail(error);
		return;
	}
	if (!v || v->generation != now.generation) {
		plan_fail("the configuration changed meanwhile: ask again");
		return;
	}
	plan_take_rows(said);
	warn_disbelieved(json_object_get(said, "disbelieved"));
	json_object_set(now.head, "tables", json_object_get(said, "tables"));
	answer(plan_verdict(now.rows, conf_u32(now.head, "changed", 0)), NULL);
}

static void on_bgp(void *arg, const json_t *said, const char *error)
{
	json_t *counts;

	if (error) {
		plan_fail(error);
		return;
	}
	plan_take_rows(said);
	json_object_set(now.head, "table-epoch", json_object_get(said, "table-epoch"));
	counts = json_copy((json_t *)said);
	json_object_del(counts, "changes");
	json_object_del(counts, "routes");
	json_object_del(counts, "table-epoch");
	json_object_set_new(now.head, "prefixes", counts);
	ask_with(DAEMON_ZEBRA,
		 json_pack("{s:s, s:o, s:O}", "command", "plan-routes", "gone",
			   plan_gone_peers(now.rows), "routes", json_object_get(said, "routes")),
		 on_routes);
}

static void on_wireguard(void *arg, const json_t *said, const char *error)
{
	struct ipc *control = supervise_control(DAEMON_BGPD);
	json_t *watch;

	if (error) {
		plan_fail(error);
		return;
	}
	plan_take_rows(said);
	watch = json_array();
	if (now.from.family)
		json_array_append_new(watch, json_addr(&now.from));
	if (control) /* as at APPLY; none takes effect by itself */
		secrets_send_passwords(control, now.candidate, now.generation);
	ask_with(DAEMON_BGPD,
		 json_pack("{s:s, s:o, s:o, s:o, s:o}", "command", "plan-bgp", "gone",
			   plan_gone_peers(now.rows), "come", plan_new_addresses(now.rows), "costs",
			   plan_costs(now.rows), "watch", watch),
		 on_bgp);
}

void plan_checked(const char *error, json_t *warnings)
{
	const struct datastore_version *v = datastore_running();

	now.warnings = warnings;
	now.head = change_answer();
	now.rows = json_array();
	now.candidate = change_candidate();
	now.generation = v ? v->generation : 0;
	json_object_del(now.head, "commit");
	json_object_del(now.head, "confirm-seconds");
	json_object_del(now.head, "resets"); /* it ends none */
	if (error)
		answer("refused", error);
	else if (json_dumpb(now.candidate, NULL, 0, JSON_COMPACT) > CANDIDATE_MAX)
		plan_fail("the configuration is too large for a plan");
	else
		ask_with(DAEMON_WGD, json_pack("{s:s}", "command", "plan-wireguard"), on_wireguard);
}

/* ---- the request */

/* False: they are none. */
static bool read_files(const json_t *args)
{
	const json_t *list = json_object_get(args, "files");
	json_t *file;
	size_t i;

	if (list && !json_array_size(list))
		return false;
	json_array_foreach (list, i, file) {
		const char *path = conf_str(file, "path", NULL),
			   *text = conf_str(file, "text", NULL);

		if (!path || !text)
			return false;
		conf_texts_add(&now.texts, path, xstrdup(text), strlen(text));
	}
	return true;
}

bool plan_begin(struct request *r, const json_t *args, struct change_ask *ask)
{
	if (now.busy) {
		request_end(r, "another plan is being made");
		return false;
	}
	if (!read_files(args)) {
		conf_texts_free(&now.texts);
		request_end(r, "files: a path and a text each are expected");
		return false;
	}
	now.busy = true;
	now.r = r;
	if (!ask->from || addr_parse(ask->from, &now.from) < 0)
		now.from = (struct addr){0};
	ask->texts = now.texts.n ? &now.texts : NULL;
	return true;
}

void plan_forget(struct request *r)
{
	if (now.r == r)
		now.r = NULL;
}
