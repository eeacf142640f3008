/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what the parent answers, and of plain objects. */
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "table.h"
#include "util.h"

static bool listed(const char *const *list, const char *key)
{
	for (; list && *list; list++)
		if (str_eq(*list, key))
			return true;
	return false;
}

/* An array of scalars fits on a line. */
static bool is_flat(const json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (value, i, item)
		if (json_is_object(item) || json_is_array(item))
			return false;
	return !json_is_object(value);
}

static void put_member(FILE *out, int indent, const json_t *obj, const char *key,
		       const json_t *value)
{
	size_t len = strlen(key);
	bool seconds = len > 8 && str_eq(key + len - 8, "-seconds");
	size_t i;
	json_t *item;

	if (json_is_number(value) && seconds && json_number_value(value) < 3600) {
		fprintf(out, "%*s%.*s: %s s\n", indent, "", (int)len - 8, key, TEXT(obj, key));
	} else if (json_is_number(value) && seconds) {
		fprintf(out, "%*s%.*s: %s\n", indent, "", (int)len - 8, key, AGE(obj, key));
	} else if (is_flat(value)) {
		fprintf(out, "%*s%s: %s\n", indent, "", key, TEXT(obj, key));
	} else {
		fprintf(out, "%*s%s:\n", indent, "", key);
		if (json_is_object(value))
			render_members(out, indent + 2, value, NULL);
		json_array_foreach (value, i, item)
			render_members(out, indent + 2, item, NULL);
	}
}

void render_members(FILE *out, int indent, const json_t *obj, const char *const *skip)
{
	const char *key;
	json_t *value;

	if (indent > 40)
		return;
	json_object_foreach ((json_t *)obj, key, value)
		if (!listed(skip, key) && is_set(obj, key) && !json_is_null(value))
			put_member(out, indent, obj, key, value);
}

static void object_head(struct view *v, const json_t *head)
{
	render_members(v->out, 0, head, NULL);
}

const struct render render_object = {object_head, object_head, NULL, NULL};

/* Configuration text comes from our own printer: as it is. */
static void text_head(struct view *v, const json_t *head)
{
	const char *text = json_string_value(json_object_get(head, "text"));

	if (text)
		fputs(text, v->out);
}

const struct render render_text = {text_head, NULL, NULL, NULL};

static void version_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "wgbgp %s%s%s\n", TEXT(head, "version"),
		is_set(head, "hostname") ? " on " : "",
		is_set(head, "hostname") ? TEXT(head, "hostname") : "");
}

const struct render render_version = {version_head, NULL, NULL, NULL};

static const struct column daemon_columns[] = {
	{"Daemon", "name", 12, COL_TEXT},	 {"State", "state", 10, COL_TEXT},
	{"PID", "pid", 8, COL_NUMBER},		 {"Up", "uptime-seconds", 10, COL_AGE},
	{"Restarts", "restarts", 8, COL_NUMBER}, {"Last exit", "last-exit", 0, COL_TEXT},
};

static void daemons_head(struct view *v, const json_t *head)
{
	table_titles(v->out, daemon_columns, ARRAY_SIZE(daemon_columns));
}

static void daemons_row(struct view *v, const json_t *row)
{
	table_row(v->out, daemon_columns, ARRAY_SIZE(daemon_columns), row);
}

const struct render render_daemons = {daemons_head, daemons_row, NULL, NULL};

/* An action: silent when there is nothing to say, but warnings are. */
static void done_head(struct view *v, const json_t *head)
{
	const json_t *warnings = json_object_get(head, "warnings");
	json_t *item;
	size_t i;

	json_array_foreach (warnings, i, item)
		if (json_is_string(item))
			fprintf(v->out, "%s%s\n",
				strstr(json_string_value(item), "warning: ") ? "" : "warning: ",
				json_string_value(item));
}

const struct render render_done = {done_head, NULL, NULL, NULL};

static void events_row(struct view *v, const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT);

	fprintf(v->out, "%s\n", text ? text : "");
	fflush(v->out);
	free(text);
}

const struct render render_events = {NULL, events_row, NULL, NULL};
