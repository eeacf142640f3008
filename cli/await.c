/* SPDX-License-Identifier: BSD-2-Clause */
#include "await.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "loop.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

#define MS_PER_S 1000
#define WITHIN_S 60 /* default time limit */
#define LOOK_MS 500 /* how often wgd is asked */

struct awaited {
	struct cli_session *s;
	const char *peer, *interface, *state; /* interface "": any */
	bool json;
	uint64_t started, limit_ms;
	json_t *tunnels; /* rows of the last look */
	char *now;	 /* what they are, or why there are none */
	char *told;	 /* of that, what was written last */
};

static uint64_t passed_ms(const struct awaited *a)
{
	return now_ms() - a->started;
}

static bool is_asked_for(const struct awaited *a, const json_t *row)
{
	return str_eq(str_of(row, "peer"), a->peer) &&
	       (!*a->interface || str_eq(str_of(row, "interface"), a->interface));
}

/* The rows as a person reads them; to be freed. */
static char *in_words(const json_t *rows)
{
	char *text = xstrdup("");
	json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		char *more = xasprintf("%s%s%s on %s is %s (%s)", text, *text ? ", " : "",
				       str_of(row, "peer"), str_of(row, "interface"),
				       str_of(row, "state"), str_of(row, "reason-text"));

		free(text);
		text = more;
	}
	return text;
}

static void await_look(struct awaited *a)
{
	json_t *request = json_pack("{s:s}", "command", "tunnels"), *answer, *row;
	char error[MSG_ERROR_MAX] = "no such tunnel peer";
	size_t i;

	json_array_clear(a->tunnels);
	answer = client_ask(a->s->client, request, error, sizeof(error));
	json_array_foreach (json_object_get(answer, "tunnels"), i, row)
		if (is_asked_for(a, row))
			json_array_append(a->tunnels, row);
	free(a->now);
	a->now = json_array_size(a->tunnels) ? in_words(a->tunnels) : xstrdup(error);
	json_decref(answer);
	json_decref(request);
}

static bool is_reached(const struct awaited *a)
{
	json_t *row;
	size_t i;

	json_array_foreach (a->tunnels, i, row) {
		const char *state = str_of(row, "state");

		if (!str_eq(state, a->state) &&
		    !(str_eq(a->state, "up") && str_eq(state, "degraded")))
			return false;
	}
	return json_array_size(a->tunnels) != 0;
}

static void say_progress(struct awaited *a)
{
	if (a->json || (a->told && str_eq(a->told, a->now)))
		return;
	fprintf(a->s->out, "%4llu s  %s\n", (unsigned long long)passed_ms(a) / MS_PER_S, a->now);
	fflush(a->s->out);
	free(a->told);
	a->told = xstrdup(a->now);
}

/* Until it is in the state, or the time is over. False: interrupted. */
static bool await_state(struct awaited *a)
{
	client_interrupted(a->s->client);
	for (;;) {
		uint64_t passed;

		await_look(a);
		if (client_interrupted(a->s->client))
			return false;
		passed = passed_ms(a);
		if (is_reached(a) || passed >= a->limit_ms)
			return true;
		say_progress(a);
		if (!client_wait(a->s->client, a->limit_ms - passed < LOOK_MS
						       ? (unsigned)(a->limit_ms - passed)
						       : LOOK_MS))
			return false;
	}
}

static void await_document(const struct awaited *a, bool reached)
{
	json_t *doc = json_pack("{s:b, s:I, s:s, s:O}", "reached", reached, "seconds",
				(json_int_t)(passed_ms(a) / MS_PER_S), "why", a->now, "tunnels",
				a->tunnels);

	json_dumpf(doc, a->s->out, JSON_INDENT(1));
	putc('\n', a->s->out);
	json_decref(doc);
}

static int await_conclude(const struct awaited *a)
{
	unsigned long long seconds = passed_ms(a) / MS_PER_S;
	bool reached = is_reached(a);

	if (a->json) {
		await_document(a, reached);
	} else if (reached) {
		fprintf(a->s->out, "%s, after %llu s\n", a->now, seconds);
	} else {
		char *text = xasprintf("%s is not %s after %llu s: %s", a->peer, a->state, seconds,
				       a->now);

		session_fail(a->s, text);
		free(text);
	}
	return reached ? 0 : -1;
}

int await_run(struct cli_session *s, const struct cli_line *line)
{
	const char *within = json_string_value(json_object_get(line->request, "within"));
	struct awaited a = {.s = s,
			    .peer = str_of(line->request, "peer"),
			    .interface = str_of(line->request, "interface"),
			    .state = line->only,
			    .json = line->json,
			    .started = now_ms(),
			    .limit_ms = (uint64_t)(within ? atoll(within) : WITHIN_S) * MS_PER_S,
			    .tunnels = json_array()};
	int err = -1;

	if (await_state(&a)) {
		err = await_conclude(&a);
	} else {
		if (a.json)
			json_doc_end(&(struct json_doc){.out = s->out}, "interrupted");
		session_fail(s, "interrupted");
	}
	json_decref(a.tunnels);
	free(a.now);
	free(a.told);
	return err;
}
