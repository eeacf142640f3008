/* SPDX-License-Identifier: BSD-2-Clause */
#include "reach.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "messages.h"
#include "prefix.h"
#include "table.h"
#include "util.h"

#define PINGS "5"
#define WORDS_MAX 12

struct goal {
	struct cli_session *s;
	const json_t *request;
	char to[MSG_NAME_MAX + ADDR_STRLEN];
	char interface[IFNAMSIZ]; /* "": any */
	char error[MSG_ERROR_MAX];
};

static json_t *reach_ask(struct goal *r, json_t *request, const char *list)
{
	json_t *answer = client_ask(r->s->client, request, r->error, sizeof(r->error));
	json_t *rows = json_incref(json_object_get(answer, list));

	json_decref(answer);
	json_decref(request);
	return rows;
}

static bool reach_is_address(const char *text)
{
	struct addr a;
	char *address = xasprintf("%.*s", (int)strcspn(text, "%"), text);
	bool ok = addr_parse(address, &a) == 0;

	free(address);
	return ok;
}

/* A name that no tunnel peer has is for the program to look up. */
static void find_peer(struct goal *r)
{
	json_t *rows = reach_ask(r, json_pack("{s:s}", "command", "tunnels"), "tunnels"), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *list = json_object_get(row, "tunnel-addresses");
		const char *address = json_string_value(json_array_get(list, 0));

		if (!str_eq(str_of(row, "peer"), r->to) || !address)
			continue;
		str_copy(r->to, address, sizeof(r->to));
		str_copy(r->interface, str_of(row, "interface"), sizeof(r->interface));
		break;
	}
	json_decref(rows);
	r->error[0] = '\0'; /* it may be a host's name all the same */
}

/* By which interface the plane's route leads there. False with r->error. */
static bool find_way(struct goal *r, const char *plane)
{
	json_t *rows, *row;
	size_t i;

	if (!reach_is_address(r->to)) {
		str_copy(r->error, "in a plane an address is wanted", sizeof(r->error));
		return false;
	}
	rows = reach_ask(
		r,
		json_pack("{s:s, s:s, s:s}", "command", "route", "plane", plane, "address", r->to),
		"routes");
	json_array_foreach (rows, i, row) {
		const json_t *hop = json_array_get(json_object_get(row, "next-hops"), 0);

		if (is_true(row, "selected") && !r->interface[0])
			str_copy(r->interface, str_of(hop, "interface"), sizeof(r->interface));
	}
	json_decref(rows);
	if (!r->interface[0] && !r->error[0])
		snprintf(r->error, sizeof(r->error), "plane %s has no route to %s", plane, r->to);
	return !r->error[0];
}

static bool reach_find(struct goal *r, struct cli_session *s, const struct cli_line *line)
{
	const char *plane = str_of(line->request, "plane");

	*r = (struct goal){.s = s, .request = line->request};
	str_copy(r->to, str_of(line->request, "host"), sizeof(r->to));
	if (!reach_is_address(r->to))
		find_peer(r);
	if (*plane && !str_eq(plane, "main") && !r->interface[0] && !find_way(r, plane)) {
		session_fail(s, r->error);
		return false;
	}
	return true;
}

static int reach_run(struct cli_session *s, const char *const *words)
{
	int status = machine_run(words, s->out);
	char error[MSG_ERROR_MAX];

	if (status == -ENOENT)
		snprintf(error, sizeof(error), "there is no program %s on this machine", words[0]);
	else if (status < 0)
		snprintf(error, sizeof(error), "%s: %s", words[0], strerror(-status));
	if (status < 0)
		session_fail(s, error);
	return status ? -1 : 0;
}

/* Adds OPTION with VALUE where there is one. */
static void option(const char **words, size_t *n, const char *name, const char *value)
{
	if (!*value)
		return;
	words[(*n)++] = name;
	words[(*n)++] = value;
}

int reach_ping(struct cli_session *s, const struct cli_line *line)
{
	const char *words[WORDS_MAX] = {"ping"}, *count = str_of(line->request, "count");
	struct goal r;
	size_t n = 1;

	if (!reach_find(&r, s, line))
		return -1;
	option(words, &n, "-c", *count ? count : PINGS);
	option(words, &n, "-I", r.interface);
	option(words, &n, "-I", str_of(line->request, "source"));
	words[n] = r.to;
	return reach_run(s, words);
}

int reach_trace(struct cli_session *s, const struct cli_line *line)
{
	const char *words[WORDS_MAX] = {"traceroute", "-n"};
	struct goal r;
	size_t n = 2;

	if (!reach_find(&r, s, line))
		return -1;
	option(words, &n, "-i", r.interface);
	option(words, &n, "-s", str_of(line->request, "source"));
	words[n] = r.to;
	return reach_run(s, words);
}
