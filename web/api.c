/* SPDX-License-Identifier: BSD-2-Clause */
#include "api.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "asked.h"
#include "asker.h"
#include "conns.h"
#include "document.h"
#include "loop.h"
#include "query.h"
#include "reply.h"

#define PART_BYTES 65536  /* a longer answer goes out in parts, one at a time */
#define BEAT_MS 15000	  /* of events: by this a client that is gone is noticed */
#define HIGH_BYTES 262144 /* as much waits for the part that is under way; then the daemon does */

struct answer {
	LIST_ENTRY(answer) link;
	struct evhttp_request *req;
	struct ask *ask;	  /* NULL: it has ended */
	struct document doc;	  /* what was not sent */
	bool in_parts, under_way; /* a part was sent; the last one is not yet taken */
	bool over;		  /* the document is complete */
	bool events;		  /* each row goes out at once, as an event; there is no end */
	struct timer beat;	  /* of events */
	struct job leaving;	  /* the connection is gone */
};

static LIST_HEAD(, answer) answers = LIST_HEAD_INITIALIZER(answers);

static void add(struct answer *a, const char *text)
{
	evbuffer_add(a->doc.out, text, strlen(text));
}

/* ---- the way to the client */

static void answer_free(struct answer *a)
{
	LIST_REMOVE(a, link);
	if (a->ask)
		ask_stop(a->ask);
	job_stop(&a->leaving);
	timer_stop(&a->beat);
	document_free(&a->doc);
	free(a);
}

static void let_go(struct answer *a)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(a->req);

	if (evcon)
		evhttp_connection_set_closecb(evcon, NULL, NULL);
}

static void send_end(struct answer *a)
{
	let_go(a);
	evhttp_send_reply_end(a->req);
	answer_free(a);
}

/* Bytes that are worth a part of their own. */
static size_t least(const struct answer *a)
{
	return a->events ? 1 : PART_BYTES;
}

static void on_taken(struct evhttp_connection *evcon, void *arg);

/* Before HTTP/1.1 there are no chunks: the end of the connection is that of the answer. evhttp
 * would keep it, for a client that asks for that, with a Content-Length of 0. */
static void close_behind(struct evhttp_request *req)
{
	struct evkeyvalq *asked = evhttp_request_get_input_headers(req);

	if (req->major > 1 || (req->major == 1 && req->minor >= 1))
		return;
	while (evhttp_remove_header(asked, "Connection") == 0)
		;
	evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
}

static void send_part(struct answer *a)
{
	if (!a->in_parts) {
		close_behind(a->req);
		reply_heads(a->req, a->events ? "text/event-stream" : REPLY_JSON);
		evhttp_send_reply_start(a->req, HTTP_OK, NULL);
		a->in_parts = true;
	}
	conns_taking(a->req, evbuffer_get_length(a->doc.out));
	a->under_way = true;
	evhttp_send_reply_chunk_with_cb(a->req, a->doc.out, on_taken, a);
}

static void on_taken(struct evhttp_connection *evcon, void *arg)
{
	struct answer *a = arg;
	size_t left = evbuffer_get_length(a->doc.out);

	a->under_way = false;
	conns_busy(a->req);
	if (a->over && !left) {
		send_end(a);
		return;
	}
	if (a->over || left >= least(a))
		send_part(a);
	if (a->ask)
		ask_resume(a->ask);
}

/* More of the document is there. */
static void push(struct answer *a)
{
	size_t left = evbuffer_get_length(a->doc.out);

	if (!a->under_way && left >= least(a))
		send_part(a);
	else if (left >= HIGH_BYTES)
		ask_pause(a->ask);
}

static void send_whole(struct answer *a, int status)
{
	let_go(a);
	conns_taking(a->req, evbuffer_get_length(a->doc.out));
	reply_heads(a->req, REPLY_JSON);
	evhttp_send_reply(a->req, status, NULL, a->doc.out);
	answer_free(a);
}

/* evhttp has let the request go, too: it ends as one that was answered. */
static bool leave(void *arg)
{
	struct answer *a = arg;

	evhttp_send_reply_end(a->req);
	answer_free(a);
	return false;
}

static void on_gone(struct evhttp_connection *evcon, void *arg)
{
	struct answer *a = arg;

	if (a->ask)
		ask_stop(a->ask);
	a->ask = NULL;
	timer_stop(&a->beat);
	job_start(&a->leaving);
}

/* ---- events */

static void on_beat(void *arg)
{
	struct answer *a = arg;

	add(a, ":\n\n");
	push(a);
	timer_start(&a->beat, BEAT_MS);
}

static void event_on_head(void *arg, const char *list, const char *json, size_t len)
{
	on_beat(arg);
}

static void event_on_row(void *arg, const char *json, size_t len)
{
	struct answer *a = arg;

	add(a, "data: ");
	evbuffer_add(a->doc.out, json, len);
	add(a, "\n\n");
	push(a);
}

static void event_on_end(void *arg, enum ask_end how, const char *error)
{
	struct answer *a = arg;

	a->ask = NULL;
	timer_stop(&a->beat);
	if (a->in_parts) {
		conns_cut(a->req); /* a browser comes again by itself */
		return;
	}
	let_go(a);
	reply_error(a->req, HTTP_SERVUNAVAIL, "%s", error ? error : "wgbgpd ended it");
	answer_free(a);
}

/* ---- the document */

static void api_on_head(void *arg, const char *list, const char *json, size_t len)
{
	struct answer *a = arg;

	document_head(&a->doc, list, json, len);
}

static void api_on_row(void *arg, const char *json, size_t len)
{
	struct answer *a = arg;

	document_row(&a->doc, json, len);
	push(a);
}

static void api_on_end(void *arg, enum ask_end how, const char *error)
{
	struct answer *a = arg;

	a->ask = NULL;
	a->over = true;
	document_end(&a->doc, error);
	if (!a->in_parts)
		send_whole(a, document_status(how));
	else if (!a->under_way)
		send_part(a);
	else if (how == ASK_FAILED)
		conns_cut(a->req); /* what waits for it is not kept, either */
}

static void begin(struct evhttp_request *req, json_t *request, enum ask_class whose)
{
	static const struct ask_sink document = {api_on_head, api_on_row, api_on_end};
	static const struct ask_sink stream = {event_on_head, event_on_row, event_on_end};
	struct answer *a = xcalloc(1, sizeof(*a));

	a->req = req;
	document_begin(&a->doc);
	a->events = whose == CLASS_EVENTS;
	timer_init(&a->beat, on_beat, a);
	a->ask = ask_start(whose, request, a->events ? &stream : &document, a);
	LIST_INSERT_HEAD(&answers, a, link);
	job_init(&a->leaving, leave, a);
	if (!a->ask) {
		answer_free(a);
		reply_error(req, HTTP_SERVUNAVAIL, "too many requests at a time");
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(req), on_gone, a);
}

static void begin_alone(struct evhttp_request *req, json_t *request, bool table)
{
	if (evhttp_request_get_connection(req)) {
		begin(req, request, table ? CLASS_TABLES : CLASS_CLIENTS);
		return;
	}
	json_decref(request);
	evhttp_send_reply_end(req); /* its client has gone */
}

void api(struct evhttp_request *req, const char *name)
{
	json_t *request = query_take(req, name);

	if (!request)
		return;
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD) {
		json_decref(request);
		conns_taking(req, 0);
		reply_heads(req, REPLY_JSON);
		evhttp_send_reply(req, HTTP_OK, NULL, NULL);
	} else if (str_eq(name, "monitor")) {
		begin(req, request, CLASS_EVENTS);
	} else {
		asked(req, request, begin_alone);
	}
}

void api_free(void)
{
	struct answer *a;

	while ((a = LIST_FIRST(&answers))) {
		conns_cut(a->req);
		let_go(a);
		if (!evhttp_request_get_connection(a->req))
			evhttp_send_reply_end(a->req);
		answer_free(a);
	}
}
