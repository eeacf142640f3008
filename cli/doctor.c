/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "doctor_checks.h"
#include "doctor_facts.h"
#include "doctor_flows.h"
#include "messages.h"
#include "session.h"
#include "table.h"

/* What is asked for each source. */
static const struct {
	const char *command, *list; /* list NULL: the head is the one row */
} sources[SOURCE_MACHINE] = {
	[SOURCE_DAEMONS] = {"daemons", "daemons"},
	[SOURCE_PRIVILEGES] = {"privileges", "missing"},
	[SOURCE_COMMITS] = {"commits", "commits"},
	[SOURCE_CONFIGURATION] = {"configuration", NULL},
	[SOURCE_INTERFACES] = {"wireguard", "interfaces"},
	[SOURCE_TUNNELS] = {"tunnels", "tunnels"},
	[SOURCE_NEIGHBORS] = {"bgp-neighbors", "neighbors"},
	[SOURCE_NEXTHOPS] = {"nexthops", "nexthops"},
	[SOURCE_PINS] = {"pins", "pins"},
	[SOURCE_RIB] = {"rib-summary", NULL},
	[SOURCE_BGP] = {"bgp-routes", "routes"},
	[SOURCE_ROUTES] = {"route", "routes"},
	[SOURCE_ENTRIES] = {"allowed-ips", "entries"},
};

/* ---- the walk */

static void doctor_look(struct doctor *d, enum doctor_source source, const json_t *row)
{
	for (size_t i = 0; i < doctor_n_checks; i++)
		if (doctor_checks[i].source == source) {
			d->check = doctor_checks[i].name;
			d->count = &d->counts[i];
			doctor_checks[i].look(d, row);
		}
}

struct passing {
	struct doctor *d;
	enum doctor_source source;
};

static void pass_head(void *arg, const char *list, const json_t *head)
{
}

static void pass_row(void *arg, const char *text, size_t len)
{
	struct passing *p = arg;
	json_t *row = conf_read(text, len);

	if (json_is_object(row))
		doctor_look(p->d, p->source, row);
	json_decref(row);
}

static bool pass(struct doctor *d, enum doctor_source source, const json_t *ask, char *error,
		 size_t size)
{
	static const struct client_sink sink = {pass_head, pass_row};
	struct passing state = {d, source};

	return client_request(d->s->client, ask, &sink, &state, error, size) == 0;
}

static bool keep(struct doctor *d, enum doctor_source source, const json_t *ask, char *error,
		 size_t size)
{
	json_t *answer = client_ask(d->s->client, ask, error, size);
	const char *list = sources[source].list;
	json_t *rows = list ? json_object_get(answer, list) : NULL;

	if (!answer)
		return false;
	if (rows)
		d->kept[source] = json_incref(rows);
	else if (!list)
		d->kept[source] = json_pack("[O]", answer);
	json_decref(answer);
	return true;
}

/* A source that does not answer is a finding, too; the others may still have something to say. */
static void doctor_ask(struct doctor *d, enum doctor_source source, bool kept)
{
	json_t *request = json_pack("{s:s, s:s*}", "command", sources[source].command, "format",
				    source == SOURCE_CONFIGURATION ? "json" : NULL);
	char error[MSG_ERROR_MAX];
	bool answered = kept ? keep(d, source, request, error, sizeof(error))
			     : pass(d, source, request, error, sizeof(error));

	json_decref(request);
	if (answered)
		return;
	d->severities[SEVERITY_ERROR]++;
	doctor_add(d, "answers", SEVERITY_ERROR, &(struct where){0}, error,
		   "look at `show daemons` and at the log");
}

/* Also by the interface alone, where another tunnel leads to the same router. */
static void index_tunnel(struct doctor *d, json_t *row, const json_t *text)
{
	const char *shown = TUNNEL_ADDRESS(row, text);
	struct addr a;

	json_object_set(d->tunnel_of, shown, row);
	if (addr_parse(shown, &a) < 0)
		return;
	a = addr_by_link(&a, str_of(row, "interface"));
	json_object_set(d->tunnel_of, ADDR_STR(&a), row);
}

/* Which tunnel an address is the far end of. */
static void index_tunnels(struct doctor *d)
{
	json_t *row, *addr;
	size_t i, k;

	json_array_foreach (d->kept[SOURCE_TUNNELS], i, row)
		json_array_foreach (json_object_get(row, "tunnel-addresses"), k, addr)
			if (json_is_string(addr))
				index_tunnel(d, row, addr);
}

/* The machine that CLI and daemons share is there, but does wgbgpd answer? */
static bool answers(struct doctor *d, char *error, size_t size)
{
	json_t *request = json_pack("{s:s}", "command", "version");
	json_t *answer = client_ask(d->s->client, request, error, size);

	json_decref(request);
	json_decref(answer);
	return answer != NULL;
}

static void walk(struct doctor *d)
{
	const char *key;
	json_t *row;
	size_t i;

	for (int source = 0; source < DOCTOR_KEPT; source++)
		doctor_ask(d, source, true);
	index_tunnels(d);
	for (int source = 0; source < DOCTOR_KEPT; source++)
		json_array_foreach (d->kept[source], i, row)
			doctor_look(d, source, row);
	for (int source = DOCTOR_KEPT; source < SOURCE_REFUSED; source++)
		doctor_ask(d, source, false);
	json_object_foreach (d->refused, key, row)
		doctor_look(d, SOURCE_REFUSED, row);
	doctor_look(d, SOURCE_MACHINE, NULL);
}

/* ---- the answer */

static void count_others(struct doctor *d)
{
	for (size_t i = 0; i < doctor_n_checks; i++)
		if (d->counts[i] > DOCTOR_SHOWN_MAX) {
			char text[DOCTOR_TEXT_MAX];

			snprintf(text, sizeof(text), "and %u more like these",
				 d->counts[i] - DOCTOR_SHOWN_MAX);
			doctor_add(d, doctor_checks[i].name, SEVERITY_NOTE, &(struct where){0},
				   text, "");
		}
}

/* Errors first; findings of one severity stay in the order of the checks. */
static json_t *in_order(json_t *findings)
{
	json_t *out = json_array(), *row;

	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_NOTE; severity--) {
		size_t i;

		json_array_foreach (findings, i, row)
			if (str_eq(str_of(row, "severity"), doctor_severities[severity]))
				json_array_append(out, row);
	}
	return out;
}

static json_t *doctor_conclude(struct doctor *d)
{
	count_others(d);
	return json_pack("{s:b, s:i, s:i, s:i, s:i, s:o}", "healthy",
			 !d->severities[SEVERITY_ERROR] && !d->severities[SEVERITY_WARNING],
			 "errors", d->severities[SEVERITY_ERROR], "warnings",
			 d->severities[SEVERITY_WARNING], "notes", d->severities[SEVERITY_NOTE],
			 "checks", (int)doctor_n_checks, "findings", in_order(d->findings));
}

static void put_place(FILE *out, const json_t *row)
{
	static const char *const keys[] = {"interface", "peer", "neighbor", "prefix"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (is_set(row, keys[i]))
			fprintf(out, "%s %s: ", keys[i], TEXT(row, keys[i]));
}

static void doctor_write(FILE *out, const json_t *doc)
{
	static const char *const counted[] = {"errors", "warnings", "notes"};
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(doc, "findings"), i, row) {
		fprintf(out, "%-8s %-16s ", str_of(row, "severity"), str_of(row, "check"));
		put_place(out, row);
		fprintf(out, "%s\n", TEXT(row, "text"));
		if (is_set(row, "advice"))
			fprintf(out, "%25s -> %s\n", "", TEXT(row, "advice"));
	}
	fprintf(out, "=> %s: ", is_true(doc, "healthy") ? "healthy" : "not healthy");
	for (size_t k = 0; k < ARRAY_SIZE(counted); k++)
		fprintf(out, "%lld %.*s%s", (long long)int_of(doc, counted[k]),
			(int)strlen(counted[k]) - (int_of(doc, counted[k]) == 1), counted[k],
			k + 1 < ARRAY_SIZE(counted) ? ", " : "");
	fprintf(out, " of %lld checks\n", (long long)int_of(doc, "checks"));
}

static void doctor_free(struct doctor *d)
{
	for (int source = 0; source < DOCTOR_KEPT; source++)
		json_decref(d->kept[source]);
	json_decref(d->refused);
	json_decref(d->tunnel_of);
	doctor_flows_free(d);
	for (struct network *n = d->networks, *next; n; n = next) {
		next = n->next;
		json_decref(n->row);
		free(n);
	}
	json_decref(d->findings);
	free(d->counts);
}

int doctor_run(struct cli_session *s, const struct cli_line *line)
{
	struct doctor d = {.s = s,
			   .refused = json_object(),
			   .tunnel_of = json_object(),
			   .findings = json_array(),
			   .counts = xcalloc(doctor_n_checks, sizeof(unsigned))};
	char error[MSG_ERROR_MAX];
	int err = -1;

	if (answers(&d, error, sizeof(error))) {
		json_t *doc;

		walk(&d);
		doc = doctor_conclude(&d);
		if (line->json)
			json_dumpf(doc, s->out, JSON_INDENT(1));
		else
			doctor_write(s->out, doc);
		if (line->json)
			putc('\n', s->out);
		err = is_true(doc, "healthy") ? 0 : -1;
		json_decref(doc);
	} else {
		if (line->json)
			json_doc_end(&(struct json_doc){.out = s->out}, error);
		session_fail(s, error);
	}
	doctor_free(&d);
	return err;
}
