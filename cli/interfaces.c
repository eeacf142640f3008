/* SPDX-License-Identifier: BSD-2-Clause */
#include "interfaces.h"

#include "machine.h"
#include "messages.h"
#include "table.h"
#include "util.h"

static const struct column columns[] = {
	{"Interface", "name", 15, COL_TEXT, 0}, {"State", "state", 10, COL_STATE, 0},
	{"MTU", "mtu", 5, COL_NUMBER, 3},	{"Kind", "kind", 9, COL_TEXT, 2},
	{"Peers up", "peers", 8, COL_NOTE, 1},	{"Addresses", "addresses", 0, COL_NOTE, 1},
};

/* What wgd knows of it. */
static void add_peers(json_t *row, const json_t *wireguard)
{
	const json_t *peers = json_object_get(wireguard, "peers");
	size_t i, up = 0;
	json_t *peer;

	json_array_foreach ((json_t *)peers, i, peer)
		up += !str_eq(str_of(peer, "state"), "down") &&
		      !str_eq(str_of(peer, "state"), "never");
	json_object_set_new(row, "kind", json_string("wireguard"));
	json_object_set_new(row, "peers-up", json_integer((json_int_t)up));
	json_object_set_new(row, "peers-total", json_integer((json_int_t)json_array_size(peers)));
}

/* Rows of the interface that is asked for, or of all; without wgd just the machine's. */
static json_t *gather(struct cli_session *s, const char *name, char *error, size_t size)
{
	json_t *request = json_pack("{s:s}", "command", "wireguard");
	json_t *answer = client_ask(s->client, request, error, size);
	json_t *all = machine_interfaces(), *rows = json_array(), *row, *of;
	size_t i, k;

	json_array_foreach (all, i, row) {
		if (*name && !str_eq(name, str_of(row, "name")))
			continue;
		json_object_set_new(row, "kind", json_null());
		json_object_set_new(row, "peers-up", json_null());
		json_object_set_new(row, "peers-total", json_null());
		json_array_foreach (json_object_get(answer, "interfaces"), k, of)
			if (str_eq(str_of(of, "name"), str_of(row, "name")))
				add_peers(row, of);
		json_array_append(rows, row);
	}
	json_decref(all);
	json_decref(answer);
	json_decref(request);
	return rows;
}

static void write_table(struct cli_session *s, json_t *rows)
{
	struct table table = TABLE(columns);
	json_t *row;
	size_t i;

	table.screen = s->columns;
	table.colour = s->colour;
	json_array_foreach (rows, i, row)
		if (is_set(row, "peers-total"))
			json_object_set_new(row, "peers",
					    json_sprintf("%s of %s", TEXT(row, "peers-up"),
							 TEXT(row, "peers-total")));
	if (table.screen)
		table_fit(&table, rows);
	table_titles(s->out, &table);
	json_array_foreach (rows, i, row)
		table_row(s->out, &table, row);
}

int interfaces_run(struct cli_session *s, const struct cli_line *line)
{
	const char *name = str_of(line->request, "interface");
	char error[MSG_ERROR_MAX] = "";
	json_t *rows = gather(s, name, error, sizeof(error));
	bool none = *name && !json_array_size(rows);
	json_t *doc = json_pack("{s:O}", "interfaces", rows);

	if (line->json && error[0])
		json_object_set_new(doc, "error", json_string(error));
	if (line->json) {
		json_dumpf(doc, s->out, JSON_INDENT(1));
		putc('\n', s->out);
	} else if (none) {
		fputs("No such interface\n", s->out);
	} else {
		write_table(s, rows);
	}
	if (error[0])
		session_fail(s, error);
	json_decref(doc);
	json_decref(rows);
	return none || error[0] ? -1 : 0;
}
