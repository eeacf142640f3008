/* SPDX-License-Identifier: BSD-2-Clause */
#include "explained.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "asker.h"
#include "clock.h"
#include "conf.h"
#include "document.h"
#include "explain_gather.h"
#include "explain_judge.h"
#include "loop.h"
#include "query.h"
#include "shared.h"

struct question {
	struct shared shared;	    /* first: it is found by this */
	TAILQ_ENTRY(question) link; /* in the line, while the answer is not begun */
};

static struct question places[EXPLAINED_MAX];
static TAILQ_HEAD(, question) line = TAILQ_HEAD_INITIALIZER(line);
static struct question *now; /* is being answered; NULL: none */
static struct explain facts; /* of that */
static uint64_t began_ms;
static struct timer rest;
static bool begun; /* the timer is there */

static void explained_serve(void);
static void explained_ask_next(void);

/* ---- an answer */

static void explained_finish(int status, json_t *doc)
{
	uint64_t took = now_ms() - began_ms;
	struct question *q = now;

	explain_end(&facts);
	now = NULL;
	timer_start(&rest, EXPLAINED_REST_TIMES * took + 1);
	shared_made(&q->shared, status, text_of_doc(doc, JSON_INDENT(1)));
}

static void explained_judge(void)
{
	if (explain_wants_rules(&facts))
		json_object_set_new(facts.facts, "firewall",
				    json_pack("{s:s}", "unknown", "wgbgp-web may not read them"));
	explained_finish(HTTP_OK, explain_judge(facts.facts));
}

static void explained_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_t *head = conf_read(text, len);

	explain_head(&facts, list, head);
	json_decref(head);
}

static void explained_on_row(void *arg, const char *text, size_t len)
{
	explain_row(&facts, text, len);
}

static void explained_on_end(void *arg, enum ask_end how, const char *error)
{
	if (how != ASK_ANSWERED && !explain_lacks(&facts)) {
		explained_finish(document_status(how), reply_error_doc(error));
		return;
	}
	explain_answered(&facts);
	explained_ask_next();
}

static void explained_ask_next(void)
{
	static const struct ask_sink sink = {explained_on_head, explained_on_row, explained_on_end};
	json_t *request = explain_next(&facts);

	if (request)
		ask_start(CLASS_OWN, request, &sink, NULL);
	else
		explained_judge();
}

/* ---- one behind the other */

static void explained_serve(void)
{
	struct question *q = TAILQ_FIRST(&line);
	json_t *request;

	if (!q || now || timer_running(&rest))
		return;
	TAILQ_REMOVE(&line, q, link);
	now = q;
	began_ms = now_ms();
	request = conf_read(q->shared.key, strlen(q->shared.key));
	ensure(!explain_begin(&facts, request)); /* it was tried */
	json_decref(request);
	explained_ask_next();
}

static void on_rested(void *arg)
{
	explained_serve();
}

static void explained_make(struct shared *s)
{
	struct question *q = (struct question *)s;

	TAILQ_INSERT_TAIL(&line, q, link);
	explained_serve();
}

static void reply(struct evhttp_request *req, const char *key)
{
	static const struct shared like = {.make = explained_make, .type = REPLY_JSON};
	struct shared *s = shared_place(places, EXPLAINED_MAX, sizeof(*places), key, &like);

	if (s)
		shared_reply(s, req);
	else
		reply_error(req, HTTP_SERVUNAVAIL, "too many ask for something else");
}

/* REQUEST is taken over. */
static void try(struct evhttp_request *req, json_t *request)
{
	struct explain trial;
	const char *wrong = explain_begin(&trial, request);
	char *key = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);

	ensure(key);
	explain_end(&trial);
	if (wrong)
		reply_error(req, HTTP_BADREQUEST, "%s", wrong);
	else
		reply(req, key);
	free(key);
	json_decref(request);
}

void explained(struct evhttp_request *req)
{
	json_t *request;

	if (!begun)
		timer_init(&rest, on_rested, NULL);
	begun = true;
	request = query_take(req, EXPLAINED);
	if (request)
		try(req, request);
}

void explained_free(void)
{
	while (!TAILQ_EMPTY(&line))
		TAILQ_REMOVE(&line, TAILQ_FIRST(&line), link);
	if (now)
		explain_end(&facts);
	now = NULL;
	if (begun)
		timer_stop(&rest);
	begun = false;
	for (struct question *q = places; q < places + EXPLAINED_MAX; q++)
		shared_free(&q->shared);
}
