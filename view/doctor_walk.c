/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "doctor_checks.h"
#include "doctor_facts.h"
#include "doctor_flows.h"
#include "members.h"

/* What is asked for each source. */
static const struct {
	const char *command, *list; /* list NULL: the head is the one row */
} sources[SOURCE_REFUSED] = {
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
	[SOURCE_KEYS] = {"key-ages", "keys"},
	[SOURCE_HOST] = {"host-state", NULL},
	[SOURCE_BGP] = {"bgp-routes", "routes"},
	[SOURCE_ROUTES] = {"route", "routes"},
	[SOURCE_ENTRIES] = {"allowed-ips", "entries"},
};

/* ---- looking */

/* What a check found that has to look again is forgotten meanwhile. */
static void look_by(struct doctor *d, size_t check, const json_t *row)
{
	size_t found = json_array_size(d->findings);
	unsigned count = d->counts[check], severities[3];

	memcpy(severities, d->severities, sizeof(severities));
	d->check = doctor_checks[check].name;
	d->count = &d->counts[check];
	d->later = false;
	doctor_checks[check].look(d, row);
	if (!d->later)
		return;
	while (json_array_size(d->findings) > found)
		json_array_remove(d->findings, found);
	d->counts[check] = count;
	memcpy(d->severities, severities, sizeof(severities));
	json_array_append_new(d->put_off,
			      json_pack("{s:i, s:O?}", "check", (int)check, "row", row));
}

static void doctor_look(struct doctor *d, enum doctor_source source, const json_t *row)
{
	for (size_t i = 0; i < doctor_n_checks; i++)
		if (doctor_checks[i].source == source)
			look_by(d, i, row);
}

/* All that was asked for is answered. */
static void look_again(struct doctor *d)
{
	json_t *looks = d->put_off, *look;
	size_t i;

	d->put_off = json_array();
	json_array_foreach (looks, i, look)
		look_by(d, (size_t)int_of(look, "check"), json_object_get(look, "row"));
	json_decref(looks);
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

static void look_at_kept(struct doctor *d)
{
	json_t *row;
	size_t i;

	index_tunnels(d);
	for (int source = 0; source < DOCTOR_KEPT; source++)
		json_array_foreach (d->kept[source], i, row)
			doctor_look(d, source, row);
}

/* What is made of what passed by, and the machine. */
static void look_at_rest(struct doctor *d)
{
	const char *key;
	json_t *row;

	json_object_foreach (d->refused, key, row)
		doctor_look(d, SOURCE_REFUSED, row);
	doctor_look(d, SOURCE_MACHINE, NULL);
}

/* ---- asking */

static json_t *source_request(enum doctor_source source)
{
	return json_pack("{s:s, s:s*}", "command", sources[source].command, "format",
			 source == SOURCE_CONFIGURATION ? "json" : NULL);
}

json_t *doctor_next(struct doctor *d)
{
	if (d->source < SOURCE_REFUSED)
		return source_request(d->source);
	while (d->question == json_array_size(d->questions)) {
		if (json_array_size(d->put_off) == 0)
			return NULL;
		look_again(d);
	}
	return json_incref(json_array_get(d->questions, d->question));
}

void doctor_take_head(struct doctor *d, const json_t *head)
{
	if (d->source >= SOURCE_REFUSED)
		doctor_said(d, head);
	else if (d->source < DOCTOR_KEPT && !d->kept[d->source])
		d->kept[d->source] =
			sources[d->source].list ? json_array() : json_pack("[O]", head);
}

void doctor_take_row(struct doctor *d, const char *text, size_t len)
{
	json_t *row = conf_read(text, len);

	if (!json_is_object(row))
		;
	else if (d->source >= SOURCE_REFUSED)
		doctor_said_route(d, row);
	else if (d->source >= DOCTOR_KEPT)
		doctor_look(d, d->source, row);
	else if (sources[d->source].list)
		json_array_append(d->kept[d->source], row);
	json_decref(row);
}

/* A source that does not answer is a finding, too; the others may still have something to say. */
static void source_failed(struct doctor *d, const char *error)
{
	if (d->source < DOCTOR_KEPT) {
		json_decref(d->kept[d->source]);
		d->kept[d->source] = NULL;
	}
	d->severities[SEVERITY_ERROR]++;
	doctor_add(d, "answers", SEVERITY_ERROR, &(struct where){0}, error,
		   "look at `show daemons` and at the log");
}

void doctor_answered(struct doctor *d, const char *error)
{
	if (d->source >= SOURCE_REFUSED) {
		doctor_said(d, error ? json_false() : NULL);
		d->question++;
		return;
	}
	if (error)
		source_failed(d, error);
	d->source++;
	if (d->source == DOCTOR_KEPT)
		look_at_kept(d);
	if (d->source == SOURCE_REFUSED)
		look_at_rest(d);
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

/* Errors first; those of one severity stay in the order in which they were found. */
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

json_t *doctor_conclude(struct doctor *d)
{
	count_others(d);
	return json_pack("{s:b, s:i, s:i, s:i, s:i, s:o}", "healthy",
			 !d->severities[SEVERITY_ERROR] && !d->severities[SEVERITY_WARNING],
			 "errors", d->severities[SEVERITY_ERROR], "warnings",
			 d->severities[SEVERITY_WARNING], "notes", d->severities[SEVERITY_NOTE],
			 "checks", (int)doctor_n_checks, "findings", in_order(d->findings));
}

/* ---- beginning and end */

struct doctor *doctor_begin(void)
{
	struct doctor *d = xcalloc(1, sizeof(*d));

	d->refused = json_object();
	d->tunnel_of = json_object();
	d->findings = json_array();
	d->questions = json_array();
	d->answers = json_object();
	d->put_off = json_array();
	d->counts = xcalloc(doctor_n_checks, sizeof(unsigned));
	return d;
}

void doctor_end(struct doctor *d)
{
	if (!d)
		return;
	for (int source = 0; source < DOCTOR_KEPT; source++)
		json_decref(d->kept[source]);
	json_decref(d->refused);
	json_decref(d->tunnel_of);
	json_decref(d->questions);
	json_decref(d->answers);
	json_decref(d->put_off);
	doctor_flows_free(d);
	for (struct network *n = d->networks, *next; n; n = next) {
		next = n->next;
		json_decref(n->row);
		free(n);
	}
	json_decref(d->findings);
	free(d->counts);
	free(d);
}
