/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of what bgpd answers: sessions and paths, with the reason wherever a path is not used. */
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "table.h"
#include "util.h"

static const struct column summary_columns[] = {
	{"Neighbor", "address", 24, COL_TEXT, 0},
	{"AS", "remote-as", 10, COL_NUMBER, 2},
	{"State", "state", 11, COL_STATE, 0},
	{"Up/Down", "since-seconds", 10, COL_AGE, 1},
	{"Received", "received-prefixes", 8, COL_NUMBER, 3},
	{"Accepted", "accepted-prefixes", 8, COL_NUMBER, 5},
	{"Sent", "sent-prefixes", 8, COL_NUMBER, 4},
	{"MsgRcvd", "messages-received", 8, COL_NUMBER, 8},
	{"MsgSent", "messages-sent", 8, COL_NUMBER, 8},
	{"Tunnel", "tunnel-peer", 12, COL_TEXT, 2},
	{"Reach", "tunnel-reach", 8, COL_STATE, 2},
	{"Description", "description", 0, COL_NOTE, 6},
};

static void summary_head(struct view *v, const json_t *head)
{
	fprintf(v->out, "BGP router identifier %s, local AS number %s%s%s\n\n",
		TEXT(head, "router-id"), TEXT(head, "as"),
		is_set(head, "hostname") ? ", host name " : "",
		is_set(head, "hostname") ? TEXT(head, "hostname") : "");
}

static bool is_established(const json_t *row)
{
	return strcasecmp(TEXT(row, "state"), "established") == 0;
}

/* Not where it is the last error anyway. */
static void say_notification(FILE *out, const json_t *row)
{
	if (!is_established(row) && is_set(row, "last-notification") &&
	    !str_eq(TEXT(row, "last-notification"), TEXT(row, "last-error")))
		fprintf(out, "    last notification: %s, %s\n", TEXT(row, "last-notification"),
			AGO(row, "last-notification-seconds"));
}

static void render_claim(FILE *out, const json_t *row)
{
	if (is_set(row, "claimed-as") && is_set(row, "remote-as") &&
	    int_of(row, "claimed-as") != int_of(row, "remote-as"))
		fprintf(out, "    it claims to be AS %s\n", TEXT(row, "claimed-as"));
}

/* Since when it is what it is, and the tunnel that it goes through. */
static void summary_cells(json_t *row)
{
	const json_t *tunnel = json_object_get(row, "tunnel");

	json_object_set(row, "since-seconds",
			json_object_get(row, is_established(row) ? "up-seconds" : "down-seconds"));
	if (!is_set(tunnel, "peer"))
		return;
	json_object_set(row, "tunnel-peer", json_object_get(tunnel, "peer"));
	json_object_set(row, "tunnel-reach", json_object_get(tunnel, "reach"));
}

static void summary_row(struct view *v, const json_t *row)
{
	if (is_established(row))
		v->count[0]++;
	else if (is_set(row, "last-error"))
		fprintf(v->out, "    last error: %s\n", TEXT(row, "last-error"));
	say_notification(v->out, row);
	render_claim(v->out, row);
	if (is_set(row, "warning"))
		fprintf(v->out, "    warning: %s\n", TEXT(row, "warning"));
}

static void summary_end(struct view *v)
{
	if (v->hidden)
		fprintf(v->out, "\nDisplayed neighbors %zu of %zu\n", v->rows, v->rows + v->hidden);
	else
		fprintf(v->out, "\nTotal number of neighbors %zu, established %zu\n", v->rows,
			v->count[0]);
}

static void neighbor_row(struct view *v, const json_t *row)
{
	static const char *const shown[] = {"address",	  "remote-as",	  "description", "state",
					    "up-seconds", "down-seconds", "last-error",	 NULL};

	if (v->rows > 1)
		putc('\n', v->out);
	fprintf(v->out, "BGP neighbor is %s, remote AS %s%s%s\n", TEXT(row, "address"),
		TEXT(row, "remote-as"), is_set(row, "description") ? ", " : "",
		is_set(row, "description") ? TEXT(row, "description") : "");
	fprintf(v->out, "  BGP state = %s", TEXT(row, "state"));
	if (is_established(row))
		fprintf(v->out, ", up for %s", AGE(row, "up-seconds"));
	else if (is_set(row, "down-seconds"))
		fprintf(v->out, ", down for %s", AGE(row, "down-seconds"));
	putc('\n', v->out);
	if (is_set(row, "last-error"))
		fprintf(v->out, "  last error: %s\n", TEXT(row, "last-error"));
	render_members(v->out, 2, row, shown);
}

/* One prefix was asked for: every path with all its attributes. */
static bool in_detail(const struct view *v)
{
	return (is_set(v->request, "prefix") || is_set(v->request, "address")) &&
	       !is_true(v->request, "longer");
}

#define NARROW 100 /* columns of a terminal */

static const struct widths {
	int prefix, next_hop, med, local_pref;
} wide = {24, 24, 10, 6}, narrow = {18, 15, 6, 6};

static const struct widths *widths_of(const struct view *v)
{
	return v->screen && v->screen < NARROW ? &narrow : &wide;
}

static void routes_head(struct view *v, const json_t *head)
{
	const struct widths *w = widths_of(v);

	if (in_detail(v))
		return;
	fprintf(v->out,
		"BGP table, local router ID is %s, local AS %s\n"
		"Status codes:  * eligible, > best, = multipath, S stale;%sat the end of a line "
		"why a path is not used\n"
		"Origin codes:  i - IGP, e - EGP, ? - incomplete\n\n"
		"    %-*s %-*s %*s %*s %s\n",
		TEXT(head, "router-id"), TEXT(head, "as"), w == &wide ? " " : "\n    ", w->prefix,
		"Network", w->next_hop, "Next Hop", w->med, "Metric", w->local_pref, "LocPrf",
		"Path");
}

static char origin_code(const json_t *path)
{
	const char *origin = TEXT(path, "origin");

	return strcasecmp(origin, "igp") == 0 ? 'i' : strcasecmp(origin, "egp") == 0 ? 'e' : '?';
}

static bool has_reason(const json_t *path)
{
	return is_set(path, "reason") && !str_eq(TEXT(path, "reason"), "none");
}

static void put_reason(FILE *out, const json_t *path)
{
	bool text = is_set(path, "reason-text");

	if (!has_reason(path))
		return;
	fprintf(out, "%s%s%s", TEXT(path, "reason"), text ? ": " : "",
		text ? TEXT(path, "reason-text") : "");
}

static void put_path(FILE *out, const struct widths *w, const json_t *row, const json_t *path,
		     bool first)
{
	bool has_path = is_set(path, "as-path");

	fprintf(out, "%c%c%c %-*s %-*s %*s %*s %s%s%c", is_true(path, "eligible") ? '*' : ' ',
		is_true(path, "best")	     ? '>'
		: is_true(path, "multipath") ? '='
					     : ' ',
		is_true(path, "stale") ? 'S' : ' ', w->prefix, first ? TEXT(row, "prefix") : "",
		w->next_hop, TEXT(path, "next-hop"), w->med,
		is_set(path, "med") ? TEXT(path, "med") : "", w->local_pref,
		is_set(path, "local-preference") ? TEXT(path, "local-preference") : "",
		has_path ? TEXT(path, "as-path") : "", has_path ? " " : "", origin_code(path));
	if (first && is_set(row, "plane") && !str_eq(TEXT(row, "plane"), "main"))
		fprintf(out, "  [plane %s]", TEXT(row, "plane"));
	if (has_reason(path)) {
		fputs("  (", out);
		put_reason(out, path);
		putc(')', out);
	}
}

static void path_line(struct view *v, const json_t *row, const json_t *path, bool first)
{
	char *line = NULL;
	size_t len;
	FILE *out;

	if (!v->screen) {
		put_path(v->out, &wide, row, path, first);
		putc('\n', v->out);
		return;
	}
	out = open_memstream(&line, &len);
	ensure(out);
	put_path(out, widths_of(v), row, path, first);
	fclose(out);
	text_line(v->out, line, v->screen);
	free(line);
}

static const char *demotion(const json_t *path)
{
	const char *level = TEXT(path, "demotion");

	return str_eq(level, "demoted") ? ", demoted"
	       : str_eq(level, "last")	? ", last resort"
					: "";
}

static void path_detail(struct view *v, const json_t *path)
{
	static const char *const shown[] = {
		"best",	    "eligible",		"reason",	 "reason-text",
		"next-hop", "next-hop-state",	"next-hop-cost", "from",
		"as-path",  "local-preference", "med",		 "origin",
		"stale",    "age-seconds",	"source",	 "peer-as",
		"weight",   "demotion",		"multipath",	 "atomic-aggregate",
		NULL};
	bool best = is_true(path, "best"), eligible = is_true(path, "eligible");

	fprintf(v->out, "  %s\n", is_set(path, "as-path") ? TEXT(path, "as-path") : "Local");
	if (is_set(path, "from"))
		fprintf(v->out, "    next hop %s (%s, cost %s) from %s AS %s\n",
			TEXT(path, "next-hop"), TEXT(path, "next-hop-state"),
			TEXT(path, "next-hop-cost"), TEXT(path, "from"), TEXT(path, "peer-as"));
	else
		fputs("    originated here\n", v->out);
	fprintf(v->out, "      origin %s", TEXT(path, "origin"));
	if (is_set(path, "med"))
		fprintf(v->out, ", MED %s", TEXT(path, "med"));
	if (is_set(path, "local-preference"))
		fprintf(v->out, ", local preference %s", TEXT(path, "local-preference"));
	fprintf(v->out, ", %s%s%s%s\n", TEXT(path, "source"),
		is_true(path, "stale") ? ", stale" : "", demotion(path), best ? ", best" : "");
	if (!best || has_reason(path)) {
		fprintf(v->out, "      %s: ",
			best			     ? "kept"
			: is_true(path, "multipath") ? "used"
			: eligible		     ? "not best"
						     : "not eligible");
		put_reason(v->out, path);
		putc('\n', v->out);
	}
	if (int_of(path, "weight"))
		fprintf(v->out, "      weight: %s\n", TEXT(path, "weight"));
	if (is_true(path, "atomic-aggregate"))
		fputs("      atomic aggregate\n", v->out);
	render_members(v->out, 6, path, shown);
	fprintf(v->out, "      last update %s\n", AGO(path, "age-seconds"));
}

static void entry_detail(struct view *v, const json_t *row, const json_t *paths)
{
	size_t i, best = 0;
	json_t *path;

	json_array_foreach (paths, i, path)
		if (is_true(path, "best"))
			best = i + 1;
	fprintf(v->out, "BGP routing table entry for %s", TEXT(row, "prefix"));
	if (is_set(row, "plane") && !str_eq(TEXT(row, "plane"), "main"))
		fprintf(v->out, " in plane %s", TEXT(row, "plane"));
	putc('\n', v->out);
	fprintf(v->out, "Paths: %zu available, ", json_array_size(paths));
	fprintf(v->out, best ? "best is number %zu\n" : "no best path\n", best);
	json_array_foreach (paths, i, path)
		path_detail(v, path);
}

static void routes_row(struct view *v, const json_t *row)
{
	const json_t *paths = json_object_get(row, "paths");
	json_t *path;
	size_t i;

	if (in_detail(v)) {
		entry_detail(v, row, paths);
		return;
	}
	json_array_foreach (paths, i, path)
		path_line(v, row, path, i == 0);
	v->count[0] += json_array_size(paths);
}

static void routes_end(struct view *v)
{
	if (!in_detail(v))
		fprintf(v->out, "\nDisplayed %zu prefixes and %zu paths\n", v->rows, v->count[0]);
}

void render_refused_paths(FILE *out, const json_t *row)
{
	const json_t *paths = json_object_get(row, "paths");
	json_t *path;
	size_t i;

	json_array_foreach (paths, i, path)
		if (!is_true(path, "eligible")) {
			fprintf(out, "BGP path %s from %s, next hop %s is not eligible: ",
				TEXT(row, "prefix"), TEXT(path, "from"), TEXT(path, "next-hop"));
			put_reason(out, path);
			putc('\n', out);
		}
}

const struct render renders_bgp[] = {
	{"bgp-summary", .head = summary_head, .row = summary_row, .end = summary_end,
	 .cells = summary_cells, .empty = "No BGP neighbors are configured",
	 RENDER_TABLE(summary_columns)},
	{"bgp-neighbors", .row = neighbor_row, .empty = "No such BGP neighbor"},
	{"bgp-routes", .head = routes_head, .row = routes_row, .end = routes_end,
	 .empty = "No such prefix in the BGP table"},
	{0},
};
