/* SPDX-License-Identifier: BSD-2-Clause */
#include "healthz.h"

#include <jansson.h>

#include "asker.h"
#include "conf.h"
#include "shared.h"

static json_t *states; /* of the daemons, while they are asked for */

static void health_on_row(void *arg, const char *text, size_t len)
{
	json_t *row = conf_read(text, len);

	json_object_set(states, conf_str(row, "name", "?"), conf_get(row, "state"));
	json_decref(row);
}

static bool all_run(void)
{
	const char *name;
	json_t *state;

	json_object_foreach (states, name, state)
		if (!json_is_string(state) || !str_eq(json_string_value(state), "running"))
			return false;
	return json_object_size(states) > 0;
}

static void health_on_end(void *arg, enum ask_end how, const char *error)
{
	bool healthy = how == ASK_ANSWERED && all_run();
	json_t *doc = json_pack("{s:b, s:o, s:o}", "healthy", healthy, "daemons", states, "error",
				error ? reply_words(error) : json_null());

	states = NULL;
	shared_made(arg, healthy ? HTTP_OK : HTTP_SERVUNAVAIL, text_of_doc(doc, JSON_COMPACT));
}

static void health_make(struct shared *s);
static struct shared shared = {.make = health_make, .type = REPLY_JSON};

static void health_make(struct shared *s)
{
	static const struct ask_sink sink = {NULL, health_on_row, health_on_end};

	states = json_object();
	ask_start(CLASS_OWN, json_pack("{s:s}", "command", "daemons"), &sink, &shared);
}

void healthz(struct evhttp_request *req)
{
	shared_reply(&shared, req);
}

void healthz_free(void)
{
	json_decref(states);
	states = NULL;
	shared_free(&shared);
}
