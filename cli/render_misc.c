/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what the parent answers, and of plain objects. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "render.h"
#include "table.h"
#include "util.h"

#define WHEN_MAX 64
#define BY_MAX 256

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

/* Configuration text comes from our own printer: as it is. */
static void text_head(struct view *v, const json_t *head)
{
	const char *text = json_string_value(json_object_get(head, "text"));

	if (text)
		fputs(text, v->out);
}

static void version_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "wgbgp %s%s%s\n", TEXT(head, "version"),
		is_set(head, "hostname") ? " on " : "",
		is_set(head, "hostname") ? TEXT(head, "hostname") : "");
	render_warnings(v, head);
}

void render_warnings(struct view *v, const json_t *head)
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

static const struct column commit_columns[] = {
	{"Back", "back", 4, COL_NUMBER, 0},
	{"Commit", "commit", 6, COL_NUMBER, 2},
	{"When", "when", 19, COL_TEXT, 1},
	{"State", "state", 9, COL_STATE, 0},
	{"How", "how", 8, COL_TEXT, 3},
	{"Changed", "changed", 7, COL_NUMBER, 5},
	{"Left", "left-seconds", 5, COL_NUMBER, 4},
	{"By", "by", 0, COL_TEXT, 1},
};

static void commits_cells(json_t *row)
{
	time_t at = int_of(row, "time");
	char when[WHEN_MAX], by[BY_MAX];
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&at, &tm));
	snprintf(by, sizeof(by), "%s%s%s%s", is_set(row, "login") ? "" : "uid ",
		 TEXT(row, is_set(row, "login") ? "login" : "uid"),
		 is_set(row, "from") ? " from " : "", str_of(row, "from"));
	json_object_set_new(row, "when", json_string(when));
	if (is_set(row, "uid"))
		json_object_set_new(row, "by", json_string(by));
}

static void commits_row(struct view *v, const json_t *row)
{
	if (is_set(row, "comment"))
		fprintf(v->out, "     # %s\n", TEXT(row, "comment"));
	if (is_set(row, "statements"))
		fprintf(v->out, "     %s\n", TEXT(row, "statements"));
	if (is_set(row, "why"))
		fprintf(v->out, "     %s\n", TEXT(row, "why"));
	if (str_eq(str_of(row, "guard"), "overridden"))
		fprintf(v->out, "     its guard was not asked\n");
	if (str_eq(str_of(row, "guard"), "asked") && str_eq(str_of(row, "state"), "failed"))
		fprintf(v->out, "     its guard had not answered when wgbgpd ended\n");
}

static const struct column daemon_columns[] = {
	{"Daemon", "name", 12, COL_TEXT, 0},	    {"State", "state", 10, COL_STATE, 0},
	{"PID", "pid", 8, COL_NUMBER, 3},	    {"Up", "uptime-seconds", 10, COL_AGE, 1},
	{"Restarts", "restarts", 8, COL_NUMBER, 2}, {"Last exit", "last-exit", 0, COL_TEXT, 1},
};

static void logging_row(struct view *v, const json_t *row)
{
	fprintf(v->out, "%s %s %s: %s %s\n", TEXT(row, "time"), TEXT(row, "daemon"),
		TEXT(row, "level"), TEXT(row, "event"), TEXT(row, "text"));
}

static void events_row(struct view *v, const json_t *row)
{
	char *text = json_dumps(row, JSON_COMPACT);

	fprintf(v->out, "%s\n", text ? text : "");
	fflush(v->out);
	free(text);
}

const struct render renders_misc[] = {
	{"rib-summary", .head = object_head, .row = object_head},
	{"configuration", .head = text_head},
	{"commits", .cells = commits_cells, .row = commits_row, RENDER_TABLE(commit_columns)},
	{"version", .head = version_head},
	{"daemons", RENDER_TABLE(daemon_columns)},
	{"logging", .row = logging_row},
	{"monitor", .row = events_row},
	{0},
};
