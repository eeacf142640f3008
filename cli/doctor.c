/* SPDX-License-Identifier: BSD-2-Clause */
#include "doctor.h"

#include <string.h>

#include "conf.h"
#include "doctor_rules.h"
#include "doctor_walk.h"
#include "host.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

/* ---- the walk */

static void doctor_on_head(void *arg, const char *list, const json_t *head)
{
	doctor_take_head(arg, head);
}

static void doctor_on_row(void *arg, const char *text, size_t len)
{
	doctor_take_row(arg, text, len);
}

/* wgbgpd is there, but does it answer? */
static bool answers(struct cli_session *s, char *error, size_t size)
{
	json_t *request = json_pack("{s:s}", "command", "version");
	json_t *answer = client_ask(s->client, request, error, size);

	json_decref(request);
	json_decref(answer);
	return answer != NULL;
}

/* What the kernel says is asked here. */
static void ask(struct cli_session *s, struct doctor *d, const json_t *request)
{
	static const struct client_sink sink = {doctor_on_head, doctor_on_row};
	char why[MSG_ERROR_MAX];
	const char *error;
	json_t *answer = host_answer(request, &error);

	if (answer)
		doctor_take_head(d, answer);
	else if (!error && client_request(s->client, request, &sink, d, why, sizeof(why)) < 0)
		error = why;
	doctor_answered(d, error);
	json_decref(answer);
}

static json_t *walk(struct cli_session *s)
{
	struct doctor *d = doctor_begin();
	json_t *request, *doc;

	while ((request = doctor_next(d))) {
		ask(s, d, request);
		json_decref(request);
	}
	doc = doctor_conclude(d);
	doctor_end(d);
	return doc;
}

/* ---- the answer */

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

int doctor_run(struct cli_session *s, const struct cli_line *line)
{
	char error[MSG_ERROR_MAX];
	json_t *doc;
	bool healthy;

	if (!answers(s, error, sizeof(error))) {
		if (line->json)
			json_doc_end(&(struct json_doc){.out = s->out}, error);
		session_fail(s, error);
		return -1;
	}
	doc = walk(s);
	doctor_ask_rules(s, doc);
	if (line->json) {
		json_dumpf(doc, s->out, JSON_INDENT(1));
		putc('\n', s->out);
	} else {
		doctor_write(s->out, doc);
	}
	healthy = is_true(doc, "healthy");
	json_decref(doc);
	return healthy ? 0 : -1;
}
