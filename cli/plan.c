/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "messages.h"
#include "render.h"
#include "table.h"
#include "util.h"

#define SUMMARY_SESSIONS 5

enum plan_status plan_status(const json_t *plan)
{
	const char *verdict = str_of(plan, "verdict");

	return str_eq(verdict, "nothing")    ? PLAN_NOTHING
	       : str_eq(verdict, "harmless") ? PLAN_HARMLESS
	       : str_eq(verdict, "refused")  ? PLAN_REFUSED
					     : PLAN_DISRUPTIVE;
}

/* ---- text */

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_counts(FILE *out, const json_t *n)
{
	fprintf(out,
		"%lld session%s end, prefixes: %lld lost, %lld moved, %lld gained, %lld with other "
		"attributes\n",
		(long long)int_of(n, "sessions-end"), plural(int_of(n, "sessions-end")),
		(long long)int_of(n, "lost"), (long long)int_of(n, "moved"),
		(long long)int_of(n, "gained"), (long long)int_of(n, "changed"));
	if (int_of(n, "open"))
		fprintf(out,
			"%lld of them are open: a neighbor whose session begins anew may announce "
			"them again\n",
			(long long)int_of(n, "open"));
}

static void put_tables(FILE *out, const json_t *tables)
{
	if (json_is_object(tables))
		fprintf(out, "%lld kernel route%s and %lld AllowedIPs entries change\n",
			(long long)int_of(tables, "routes"), plural(int_of(tables, "routes")),
			(long long)int_of(tables, "entries"));
}

static void put_own(FILE *out, const json_t *own)
{
	if (!json_is_object(own))
		return;
	if (is_true(own, "affected"))
		fprintf(out, "YOUR OWN SESSION from %s comes in by what changes: %s\n",
			TEXT(own, "from"), TEXT(own, "why"));
	else
		fprintf(out, "Your own session from %s is not touched\n", TEXT(own, "from"));
}

static void put_consumers(FILE *out, const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		fprintf(out, "%s feels it: %s: %s\n", TEXT(one, "consumer"), TEXT(one, "interface"),
			TEXT(one, "why"));
}

static void put_warnings(FILE *out, const json_t *plan)
{
	struct view v = {.out = out};

	render_warnings(&v, plan);
}

static void put_statements(FILE *out, const json_t *row)
{
	if (is_set(row, "statements"))
		fprintf(out, " (%s)", TEXT(row, "statements"));
}

static void put_link(FILE *out, const json_t *row)
{
	fprintf(out, "%s %s", str_of(row, "kind"), TEXT(row, "interface"));
	if (is_set(row, "peer"))
		fprintf(out, " %s", TEXT(row, "peer"));
	fprintf(out, ": %s", TEXT(row, "change"));
	put_statements(out, row);
}

static void put_session(FILE *out, const json_t *row)
{
	fprintf(out, "session %s: %s", TEXT(row, "neighbor"), TEXT(row, "change"));
	put_statements(out, row);
	if (is_set(row, "why"))
		fprintf(out, ": %s", TEXT(row, "why"));
	if (is_true(row, "open"))
		fprintf(out, "; open: what it announces then");
	else if (int_of(row, "accepted") != int_of(row, "accepted-after"))
		fprintf(out, "; %s prefixes accepted, %s then", TEXT(row, "accepted"),
			TEXT(row, "accepted-after"));
}

static void put_side(FILE *out, const json_t *side)
{
	if (!json_is_object(side)) {
		fputs("none", out);
		return;
	}
	fputs(is_set(side, "next-hop") ? TEXT(side, "next-hop") : "ours", out);
	if (is_set(side, "interface"))
		fprintf(out, " %s", TEXT(side, "interface"));
	if (is_set(side, "peer"))
		fprintf(out, "/%s", TEXT(side, "peer"));
}

static void put_prefix(FILE *out, const json_t *row)
{
	fprintf(out, "prefix %s: %s: ", TEXT(row, "prefix"), TEXT(row, "change"));
	put_side(out, json_object_get(row, "from"));
	fputs(" -> ", out);
	put_side(out, json_object_get(row, "to"));
	if (is_set(row, "reason"))
		fprintf(out, " (%s)", TEXT(row, "reason"));
	if (is_true(row, "open"))
		fputs(", open", out);
}

static void put_rule(FILE *out, const json_t *row)
{
	fprintf(out, "rule %s: %s", TEXT(row, "change"), TEXT(row, "rule"));
}

static void put_static(FILE *out, const json_t *row)
{
	fprintf(out, "static %s %s: %s", TEXT(row, "prefix"),
		is_set(row, "next-hop") ? TEXT(row, "next-hop") : TEXT(row, "interface"),
		TEXT(row, "change"));
}

static void put_prefixes(FILE *out, const json_t *row)
{
	fprintf(out, "prefixes of %s: %s lost, %s moved, %s gained, %s with other attributes",
		TEXT(row, "interface"), TEXT(row, "lost"), TEXT(row, "moved"), TEXT(row, "gained"),
		TEXT(row, "changed"));
}

static const struct {
	const char *kind;
	void (*put)(FILE *out, const json_t *row);
} kinds[] = {
	{"rule", put_rule},	    {"static", put_static},   {"interface", put_link},
	{"peer", put_link},	    {"session", put_session}, {"prefix", put_prefix},
	{"prefixes", put_prefixes},
};

static void put_row(FILE *out, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!str_eq(kinds[i].kind, str_of(row, "kind")))
			continue;
		fprintf(out, "  %c ", is_true(row, "disruptive") ? '!' : ' ');
		kinds[i].put(out, row);
		fputc('\n', out);
	}
}

void plan_put(FILE *out, const json_t *plan)
{
	const json_t *n = json_object_get(plan, "prefixes"), *row;
	int64_t all =
		int_of(n, "lost") + int_of(n, "moved") + int_of(n, "gained") + int_of(n, "changed");
	size_t i;

	put_warnings(out, plan);
	if (plan_status(plan) == PLAN_REFUSED) {
		fprintf(out, "Would be refused: %s\n", TEXT(plan, "refused"));
		return;
	}
	if (plan_status(plan) == PLAN_NOTHING) {
		fprintf(out, "Nothing would change\n");
		return;
	}
	if (int_of(plan, "changed"))
		fprintf(out, "Would change: %s\n", TEXT(plan, "statements"));
	put_counts(out, n);
	put_tables(out, json_object_get(plan, "tables"));
	put_own(out, json_object_get(plan, "own-session"));
	put_consumers(out, json_object_get(plan, "consumers"));
	json_array_foreach (json_object_get(plan, "changes"), i, row)
		put_row(out, row);
	if (all > int_of(n, "listed"))
		fprintf(out, "    and %lld prefixes more\n",
			(long long)(all - int_of(n, "listed")));
	fprintf(out, "%s\n",
		plan_status(plan) == PLAN_DISRUPTIVE
			? "Disruptive: packets or sessions may be lost (marked !)"
			: "Harmless");
}

/* Sessions that end, up to a few. */
static void put_ends(FILE *out, const json_t *plan)
{
	unsigned n = 0;
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(plan, "changes"), i, row)
		if (str_eq(str_of(row, "kind"), "session") && is_true(row, "disruptive") &&
		    n++ < SUMMARY_SESSIONS)
			put_row(out, row);
	if (n > SUMMARY_SESSIONS)
		fprintf(out, "    and %u sessions more\n", n - SUMMARY_SESSIONS);
}

void plan_put_summary(FILE *out, const json_t *plan)
{
	if (plan_status(plan) == PLAN_HARMLESS)
		fprintf(out, "Plan: harmless\n");
	if (plan_status(plan) != PLAN_DISRUPTIVE)
		return;
	fprintf(out, "Plan: ");
	put_counts(out, json_object_get(plan, "prefixes"));
	put_ends(out, plan);
	put_own(out, json_object_get(plan, "own-session"));
	put_consumers(out, json_object_get(plan, "consumers"));
}

/* ---- the command */

static void put_json(FILE *out, const json_t *plan)
{
	struct json_doc doc = {.out = out};
	json_t *head = json_copy((json_t *)plan), *row;
	size_t i;

	json_object_del(head, "changes");
	json_doc_head(&doc, "changes", head);
	json_array_foreach (json_object_get(plan, "changes"), i, row) {
		char *text = json_dumps(row, CONF_JSON_LINE);

		json_doc_row(&doc, text, strlen(text));
		free(text);
	}
	json_doc_end(&doc, NULL);
	json_decref(head);
}

int plan_ask(struct cli_session *s, json_t *request, bool json)
{
	char error[MSG_ERROR_MAX];
	json_t *plan;

	session_sign(request);
	plan = client_ask(s->client, request, error, sizeof(error));
	if (!plan) {
		if (json)
			json_doc_end(&(struct json_doc){.out = s->out}, error);
		session_fail(s, error);
		return -1;
	}
	if (json)
		put_json(s->out, plan);
	else
		plan_put(s->out, plan);
	s->status = plan_status(plan);
	json_decref(plan);
	return 0;
}

int plan_run(struct cli_session *s, const struct cli_line *line)
{
	return plan_ask(s, line->request, line->json);
}
