/* SPDX-License-Identifier: BSD-2-Clause */
#include "asked.h"

#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "clock.h"
#include "conf.h"
#include "document.h"
#include "shared.h"

struct question {
	struct shared shared; /* first: it is found by this */
	asked_alone_fn *alone;
	struct ask *ask;     /* while it is answered */
	struct document doc; /* so far */
	uint64_t large_ms;   /* it is taken to be large until then */
};

static struct question places[ASKED_MAX];

/* ---- an answer */

static void asked_on_head(void *arg, const char *list, const char *json, size_t len)
{
	struct question *q = arg;

	document_head(&q->doc, list, json, len);
}

static void asked_pass_on(struct evhttp_request *req, void *arg)
{
	const struct question *q = arg;

	q->alone(req, conf_read(q->shared.key, strlen(q->shared.key)), true);
}

/* Of what is made, and of what was made and waits for its readers. */
static size_t asked_total(void)
{
	size_t total = texts_bytes();

	for (struct question *q = places; q < places + ASKED_MAX; q++)
		total += q->doc.out ? evbuffer_get_length(q->doc.out) : 0;
	return total;
}

static bool is_large(size_t len)
{
	return len > ASKED_BYTES_MAX || (len > ASKED_SMALL_MAX && asked_total() > ASKED_TOTAL_MAX);
}

/* It is not made here: the daemon stops, and each of those who wait asks for himself. */
static void too_large(struct question *q)
{
	ask_stop(q->ask);
	q->ask = NULL;
	document_free(&q->doc);
	q->large_ms = now_ms() + ASKED_LARGE_MS;
	shared_give_up(&q->shared, asked_pass_on, q);
}

static void asked_on_row(void *arg, const char *json, size_t len)
{
	struct question *q = arg;

	document_row(&q->doc, json, len);
	if (is_large(evbuffer_get_length(q->doc.out)))
		too_large(q);
}

static void asked_on_end(void *arg, enum ask_end how, const char *error)
{
	struct question *q = arg;
	size_t len;
	char *bytes;

	q->ask = NULL;
	document_end(&q->doc, error);
	len = evbuffer_get_length(q->doc.out);
	bytes = xmalloc(len);
	evbuffer_remove(q->doc.out, bytes, len);
	document_free(&q->doc);
	shared_made(&q->shared, document_status(how), text_new(bytes, len));
}

static void asked_make(struct shared *s)
{
	static const struct ask_sink sink = {asked_on_head, asked_on_row, asked_on_end};
	struct question *q = (struct question *)s;

	document_begin(&q->doc);
	q->ask =
		ask_start(CLASS_CLIENTS, conf_read(q->shared.key, strlen(q->shared.key)), &sink, q);
	if (!q->ask)
		asked_on_end(q, ASK_FAILED, "too many requests at a time");
}

void asked(struct evhttp_request *req, json_t *request, asked_alone_fn *alone)
{
	static const struct shared like = {.make = asked_make, .type = REPLY_JSON, .anew = true};
	char *key = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	struct question *q;

	ensure(key);
	q = (struct question *)shared_place(places, ASKED_MAX, sizeof(*places), key, &like);
	free(key);
	if (q)
		q->alone = alone;
	if (q && now_ms() >= q->large_ms) {
		json_decref(request);
		shared_reply(&q->shared, req);
	} else {
		alone(req, request, q != NULL);
	}
}

void asked_free(void)
{
	for (struct question *q = places; q < places + ASKED_MAX; q++) {
		if (q->ask)
			ask_stop(q->ask);
		document_free(&q->doc);
		shared_free(&q->shared);
		*q = (struct question){0};
	}
}
