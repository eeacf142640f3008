/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <string.h>

#include "explain_gather.h"
#include "explain_judge.h"
#include "explain_probe.h"
#include "explain_rules.h"
#include "host.h"
#include "members.h"
#include "messages.h"
#include "session.h"
#include "util.h"

static void explain_on_head(void *arg, const char *list, const json_t *head)
{
	explain_head(arg, list, head);
}

static void explain_on_row(void *arg, const char *text, size_t len)
{
	explain_row(arg, text, len);
}

/* False with WHY: somebody does not answer. */
static bool ask_daemon(struct cli_session *s, struct explain *e, const json_t *request, char *why,
		       size_t size)
{
	static const struct client_sink sink = {explain_on_head, explain_on_row};

	return client_request(s->client, request, &sink, e, why, size) == 0;
}

/* What the kernel says is asked here. */
static bool ask_one(struct cli_session *s, struct explain *e, const json_t *request, char *why,
		    size_t size)
{
	const char *error;
	json_t *answer = host_answer(request, &error);

	if (error)
		str_copy(why, error, size);
	else if (answer)
		explain_head(e, "", answer);
	json_decref(answer);
	return answer || (!error && ask_daemon(s, e, request, why, size));
}

static bool explain_gather(struct cli_session *s, struct explain *e, char *why, size_t size)
{
	json_t *request;
	bool ok = true;

	while (ok && (request = explain_next(e))) {
		ok = ask_one(s, e, request, why, size) || explain_lacks(e);
		json_decref(request);
		if (ok)
			explain_answered(e);
	}
	if (ok)
		explain_ask_rules(e);
	return ok;
}

/* What is not known for certain is neither. */
static const char *mark_of(const json_t *step)
{
	const json_t *ok = json_object_get(step, "ok");

	return json_is_true(ok) ? "  ok" : json_is_null(ok) ? "   ?" : "FAIL";
}

static void explain_write(FILE *out, const json_t *doc)
{
	json_t *steps = json_object_get(doc, "steps"), *row;
	size_t i;

	json_array_foreach (steps, i, row)
		fprintf(out, "%s  %-11s %s\n", mark_of(row), str_of(row, "stage"),
			TEXT(row, "text"));
	fprintf(out, "=> %s\n", TEXT(doc, "verdict"));
}

static void write_doc(struct cli_session *s, const json_t *doc, bool json)
{
	if (!json) {
		explain_write(s->out, doc);
		return;
	}
	json_dumpf(doc, s->out, JSON_INDENT(1));
	putc('\n', s->out);
}

/* An answer came in elsewhere than the packet left by: the way back begins there. */
static void explain_elsewhere(struct explain *e)
{
	const json_t *answer = json_object_get(json_object_get(e->facts, "probe"), "answer");
	const char *in = str_of(answer, "in"), *error;
	json_t *request, *way;

	if (!*in || str_eq(in, str_of(json_object_get(e->facts, "kernel"), "interface")))
		return;
	request = explain_back_request(e, in);
	way = host_answer(request, &error);
	if (way)
		explain_put_back(e, in, way);
	json_decref(request);
}

/* Judged again with what echo requests showed, where it is not sure without them. */
static bool explain_again(struct cli_session *s, struct explain *e, json_t **doc, char *why)
{
	if (is_true(json_object_get(e->facts, "kernel"), "local") ||
	    explain_is_sure(str_of(*doc, "stage")))
		return true;
	if (!explain_probe(s, e, why))
		return false;
	explain_elsewhere(e);
	json_decref(*doc);
	*doc = explain_judge(e->facts);
	return true;
}

/* NULL with WHY, of MSG_ERROR_MAX bytes. */
static json_t *explain_doc(struct cli_session *s, struct explain *e, const json_t *request,
			   char *why)
{
	const char *wrong = explain_begin(e, request);
	json_t *doc;

	if (wrong)
		str_copy(why, wrong, MSG_ERROR_MAX);
	if (wrong || !explain_gather(s, e, why, MSG_ERROR_MAX))
		return NULL;
	doc = explain_judge(e->facts);
	if (is_set(request, "probe") && !explain_again(s, e, &doc, why)) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

int explain_run(struct cli_session *s, const struct cli_line *line)
{
	char why[MSG_ERROR_MAX] = "";
	struct explain e;
	json_t *doc = explain_doc(s, &e, line->request, why);
	int err = -1;

	if (doc) {
		write_doc(s, doc, line->json);
		err = is_true(doc, "reachable") ? 0 : -1;
	} else {
		if (line->json)
			json_doc_end(&(struct json_doc){.out = s->out}, why);
		session_fail(s, why);
	}
	if (doc && e.src.family) {
		s->status = explain_status(str_of(doc, "stage"));
		err = 0; /* the status says it */
	}
	json_decref(doc);
	explain_end(&e);
	return err;
}
