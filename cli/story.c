/* SPDX-License-Identifier: BSD-2-Clause */
#include "story.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

struct story {
	struct cli_session *s;
	json_t *rows;		   /* of all daemons, each with its `daemon` */
	char error[MSG_ERROR_MAX]; /* the last one, "" none; it was said */
};

static void take_rows(struct story *st, const char *daemon, const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		json_object_set_new(row, "daemon", json_string(daemon));
		json_array_append(st->rows, row);
	}
}

/* One daemon that does not answer leaves what the others say. */
static void ask_daemons(struct story *st, const json_t *request, const char *list)
{
	static const char *const ours[] = {"count", "level", "neighbor"}; /* of the words alone */
	json_t *ask = json_copy((json_t *)request);
	char error[MSG_ERROR_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		json_object_del(ask, ours[i]);
	st->rows = json_array();
	for (int id = 0; id < DAEMON_COUNT; id++) {
		json_t *answer;

		json_object_set_new(ask, "daemon", json_string(daemon_name(id)));
		answer = client_ask(st->s->client, ask, error, sizeof(error));
		if (answer && list)
			take_rows(st, daemon_name(id), json_object_get(answer, list));
		if (!answer && !str_eq(error, st->error)) {
			str_copy(st->error, error, sizeof(st->error));
			session_fail(st->s, error);
		}
		json_decref(answer);
	}
	json_decref(ask);
}

/* Writes the rows, which it takes: as WRITE does, or as JSON. */
static int conclude(struct story *st, bool json, const char *list,
		    void (*write)(FILE *out, const json_t *rows))
{
	json_t *doc = json_pack("{s:o}", list, st->rows);

	if (json && st->error[0])
		json_object_set_new(doc, "error", json_string(st->error));
	if (json)
		json_dumpf(doc, st->s->out, JSON_INDENT(1));
	if (json)
		putc('\n', st->s->out);
	else
		write(st->s->out, st->rows);
	json_decref(doc);
	return st->error[0] ? -1 : 0;
}

/* ---- whom it is about */

/* Whose addresses are which: a row for each tunnel peer, the caller's. */
static json_t *ask_tunnels(struct story *st)
{
	json_t *ask = json_pack("{s:s}", "command", "tunnels");
	char error[MSG_ERROR_MAX];
	json_t *answer = client_ask(st->s->client, ask, error, sizeof(error));
	json_t *rows = json_incref(json_object_get(answer, "tunnels"));

	json_decref(answer);
	json_decref(ask);
	return rows;
}

/* An address and the tunnel peer that has it are one: both are asked for. */
static void add_other_names(struct story *st, json_t *request)
{
	json_t *asked = json_incref(json_object_get(request, "peer"));
	const char *peer = json_string_value(asked);
	json_t *tunnels = ask_tunnels(st), *addresses = json_array(), *row, *address;
	size_t i, k;

	/* First, as the daemons keep some only. A name is none, which they see. */
	json_array_append_new(addresses, asked);
	json_array_foreach (tunnels, i, row) {
		bool is_it = str_eq(str_of(row, "peer"), peer);

		json_array_foreach (json_object_get(row, "tunnel-addresses"), k, address)
			is_it = is_it || str_eq(json_string_value(address), peer) ||
				str_eq(TUNNEL_ADDRESS(row, address), peer);
		if (!is_it)
			continue;
		json_array_foreach (json_object_get(row, "tunnel-addresses"), k, address)
			json_array_append_new(addresses, json_string(TUNNEL_ADDRESS(row, address)));
		json_object_set(request, "peer", json_object_get(row, "peer"));
	}
	json_object_set_new(request, "addresses", addresses);
	json_decref(tunnels);
}

/* ---- the story of a prefix */

#define NAMES_MAX 4

/* Whom a row names: neighbors and next hops, its tunnel, its batch. */
struct named {
	char text[NAMES_MAX][2 * MSG_NAME_MAX];
	unsigned n;
};

static void names_of(const json_t *row, struct named *out)
{
	static const char *const keys[] = {"neighbor", "next-hop"};

	out->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (is_set(row, keys[i]))
			str_copy(out->text[out->n++], str_of(row, keys[i]), sizeof(out->text[0]));
	if (is_set(row, "peer"))
		snprintf(out->text[out->n++], sizeof(out->text[0]), "%s/%s",
			 str_of(row, "interface"), str_of(row, "peer"));
	if (is_set(row, "batch"))
		snprintf(out->text[out->n++], sizeof(out->text[0]), "batch %lld",
			 (long long)int_of(row, "batch"));
}

static void note_names(json_t *names, const json_t *row)
{
	struct named of;

	names_of(row, &of);
	for (unsigned i = 0; i < of.n; i++)
		json_object_set_new(names, of.text[i], json_true());
}

static bool names_one(const json_t *names, const json_t *row)
{
	struct named of;

	names_of(row, &of);
	for (unsigned i = 0; i < of.n; i++)
		if (json_object_get(names, of.text[i]))
			return true;
	return false;
}

/* Whoever is named by an address is named by its tunnel, too. */
static void note_tunnels(struct story *st, json_t *names)
{
	json_t *tunnels = ask_tunnels(st), *row, *address;
	size_t i, k;

	json_array_foreach (tunnels, i, row)
		json_array_foreach (json_object_get(row, "tunnel-addresses"), k, address)
			if (json_object_get(names, TUNNEL_ADDRESS(row, address)))
				note_names(names, row);
	json_decref(tunnels);
}

/* Of the events without a prefix only those about whom the others name. */
static void keep_story(struct story *st)
{
	json_t *names = json_object(), *kept = json_array(), *row;
	size_t i;

	json_array_foreach (st->rows, i, row)
		if (is_set(row, "prefix"))
			note_names(names, row);
	note_tunnels(st, names);
	json_array_foreach (st->rows, i, row)
		if (is_set(row, "prefix") || names_one(names, row))
			json_array_append(kept, row);
	json_decref(names);
	json_decref(st->rows);
	st->rows = kept;
}

/* ---- order */

struct moment {
	json_t *row; /* borrowed */
	int64_t us;
	size_t place; /* in the answers: of one moment, what a daemon said first comes first */
};

static int moment_cmp(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

/* By time; the last COUNT, 0: all. */
static void put_in_order(struct story *st, size_t count)
{
	size_t n = json_array_size(st->rows), i;
	struct moment *moments = xcalloc(n + 1, sizeof(*moments));
	json_t *sorted = json_array(), *row;

	json_array_foreach (st->rows, i, row)
		moments[i] = (struct moment){row, int_of(row, "monotonic-us"), i};
	qsort(moments, n, sizeof(*moments), moment_cmp);
	for (i = count && n > count ? n - count : 0; i < n; i++)
		json_array_append(sorted, moments[i].row);
	free(moments);
	json_decref(st->rows);
	st->rows = sorted;
}

/* ---- text */

#define DATE_LEN 10 /* of 2026-11-29T06:25:00.123456Z */
#define TIME_LEN 15

static bool is_column(const char *key)
{
	static const char *const columns[] = {"time", "monotonic-us", "daemon", "event", "what"};

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (str_eq(key, columns[i]))
			return true;
	return false;
}

static void write_event(FILE *out, const json_t *row)
{
	const char *time = str_of(row, "time"), *key;
	json_t *value;

	fprintf(out, "%.*s %-10s %-8s %-9s", TIME_LEN,
		strlen(time) > DATE_LEN ? time + DATE_LEN + 1 : time, str_of(row, "daemon"),
		str_of(row, "event"), str_of(row, "what"));
	json_object_foreach ((json_t *)row, key, value)
		if (!is_column(key))
			fprintf(out, " %s %s", key, TEXT(row, key));
	putc('\n', out);
}

/* In UTC; the date where it is another one. */
static void write_events(FILE *out, const json_t *rows)
{
	const char *date = "";
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		if (strncmp(date, str_of(row, "time"), DATE_LEN) != 0)
			fprintf(out, "%.*s\n", DATE_LEN, str_of(row, "time"));
		date = str_of(row, "time");
		write_event(out, row);
	}
	if (!json_array_size(rows))
		fputs("nothing\n", out);
}

int story_run(struct cli_session *s, const struct cli_line *line)
{
	struct story st = {.s = s};
	bool prefix = is_set(line->request, "prefix");

	if (is_set(line->request, "peer"))
		add_other_names(&st, line->request);
	if (prefix)
		json_object_set_new(line->request, "around", json_true());
	ask_daemons(&st, line->request, "events");
	if (prefix)
		keep_story(&st);
	put_in_order(&st, (size_t)atol(str_of(line->request, "count")));
	return conclude(&st, line->json, "events", write_events);
}

/* ---- debug */

#define DEBUG_MINUTES "10" /* where none are said */

static void say_debug(struct cli_session *s, const json_t *request)
{
	const char *what = str_of(request, is_set(request, "prefix") ? "prefix" : "peer");

	if (*what)
		fprintf(s->out, "Events of %s are log lines for %s minutes\n", what,
			is_set(request, "minutes") ? TEXT(request, "minutes") : DEBUG_MINUTES);
	else
		fputs("No events are log lines any more\n", s->out);
}

int story_debug(struct cli_session *s, const struct cli_line *line)
{
	struct story st = {.s = s};

	if (is_set(line->request, "neighbor"))
		json_object_set(line->request, "peer", json_object_get(line->request, "neighbor"));
	if (is_set(line->request, "peer"))
		add_other_names(&st, line->request);
	ask_daemons(&st, line->request, NULL);
	json_decref(st.rows);
	if (!st.error[0])
		say_debug(s, line->request);
	return st.error[0] ? -1 : 0;
}

int story_debug_off(struct cli_session *s, const struct cli_line *line)
{
	json_object_del(line->request, "neighbor"); /* all */
	return story_debug(s, line);
}

static void write_debugs(FILE *out, const json_t *rows)
{
	static const struct column columns[] = {
		{"Daemon", "daemon", 10, COL_TEXT, 0},
		{"Ends in", "seconds-left", 8, COL_AGE, 0},
		{"What is logged", "what", 0, COL_TEXT, 0},
	};
	static const struct table table = TABLE(columns);
	json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		fputs("nothing\n", out);
		return;
	}
	table_titles(out, &table);
	json_array_foreach ((json_t *)rows, i, row)
		table_row(out, &table, row);
}

int story_debugs(struct cli_session *s, const struct cli_line *line)
{
	struct story st = {.s = s};

	ask_daemons(&st, line->request, "debugs");
	return conclude(&st, line->json, "debugs", write_debugs);
}
