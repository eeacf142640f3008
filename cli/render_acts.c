/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what only acts: what was done, with the warnings. */
#include "render.h"
#include "table.h"
#include "util.h"

static void clear_head(struct view *v, const json_t *head)
{
	const char *neighbor = str_of(v->request, "neighbor"), *soft = str_of(v->request, "soft");
	bool all = str_eq(neighbor, "all"), in = !str_eq(soft, "out"), out = !str_eq(soft, "in");
	const char *who = all ? "all neighbors" : neighbor;

	if (!*soft)
		fprintf(v->out, all ? "All sessions are reset\n" : "The session with %s is reset\n",
			neighbor);
	if (*soft && in)
		fprintf(v->out, "Asked %s for routes again\n", who);
	if (*soft && out)
		fprintf(v->out, "Sending routes to %s again\n", who);
	render_warnings(v, head);
}

static void clear_keep_in_head(struct view *v, const json_t *head)
{
	if (is_set(head, "cleared"))
		fprintf(v->out, "%s prefixes are no longer kept in\n", TEXT(head, "cleared"));
}

static void clear_lock_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "%s had the configuration for itself for %s s, and has it no more\n",
		TEXT(head, "login"), TEXT(head, "seconds"));
}

static void undrain_row(struct view *v, const json_t *row)
{
	fprintf(v->out, "Traffic may come back to %s on %s\n", TEXT(row, "peer"),
		TEXT(row, "interface"));
}

static void drill_stop_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "The tunnel comes back now\n");
}

static void log_level_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "Lines up to %s are logged until the next reload\n",
		TEXT(v->request, "level"));
	render_warnings(v, head);
}

static void teardown_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "Routes, AllowedIPs and interfaces of wgbgp are gone, and it stops\n");
	render_warnings(v, head);
}

/* What a change did to who is not the one that asked for it. */
static void say_resets(struct view *v, const json_t *head)
{
	const json_t *resets = json_object_get(head, "resets");
	json_t *row;
	size_t i;

	json_array_foreach (resets, i, row)
		fprintf(v->out, "Session %s was reset: %s\n", TEXT(row, "neighbor"),
			TEXT(row, "why"));
}

static void change_head(struct view *v, const json_t *head)
{
	render_warnings(v, head);
	say_resets(v, head);
	if (is_set(head, "confirm-seconds"))
		fprintf(v->out,
			"Commit %s is on trial: it is taken back in %s s unless `confirm`\n",
			TEXT(head, "commit"), TEXT(head, "confirm-seconds"));
	else if (int_of(head, "changed"))
		fprintf(v->out, "Commit %s: %s\n", TEXT(head, "commit"), TEXT(head, "statements"));
	else if (is_set(head, "changed"))
		fprintf(v->out, "Nothing changed\n");
}

static void check_head(struct view *v, const json_t *head)
{
	render_warnings(v, head);
	if (int_of(head, "changed"))
		fprintf(v->out, "Would change: %s\n", TEXT(head, "statements"));
	else
		fprintf(v->out, "Nothing would change\n");
}

static void confirm_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "Commit %s stays\n", TEXT(head, "commit"));
}

const struct render renders_acts[] = {
	{"check", .head = check_head},
	{"clear", .head = clear_head},
	{"clear-keep-in", .head = clear_keep_in_head},
	{"clear-lock", .head = clear_lock_head},
	{"confirm", .head = confirm_head},
	{"drill-stop", .head = drill_stop_head},
	{"log-level", .head = log_level_head},
	{"reload", .head = change_head},
	{"commit", .head = change_head},
	{"rollback", .head = change_head},
	{"teardown", .head = teardown_head},
	{"undrain", .row = undrain_row},
	{0},
};
