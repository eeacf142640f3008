/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "log.h"
#include "messages.h"

static LIST_HEAD(, request) monitors = LIST_HEAD_INITIALIZER(monitors);
static uint64_t events_lost; /* by all of them, since the start */

struct request *request_new(struct request_to *to, uint32_t id, int daemon)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->to = to;
	r->id = id;
	r->daemon = daemon;
	LIST_INSERT_HEAD(&to->requests, r, link);
	to->n++;
	return r;
}

static void say_lost(struct request *r)
{
	if (r->lost)
		log_warn("events-lost", "uid=%" PRId64 " count=%u", r->to->uid, r->lost);
	r->lost = 0;
}

void request_free(struct request *r)
{
	say_lost(r);
	LIST_REMOVE(r, link);
	if (r->events)
		LIST_REMOVE(r, monitor);
	r->to->n--;
	free(r);
}

struct request *request_find(struct request_to *to, uint32_t id)
{
	struct request *r;

	LIST_FOREACH (r, &to->requests, link)
		if (r->id == id)
			return r;
	return NULL;
}

static void send_json(struct request *r, enum msg_type type, const char *list, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct wr w = {0};

	if (!text)
		fatal("JSON that cannot be printed");
	json_decref(json);
	if (type == MSG_REPLY_HEAD)
		msg_put_reply_head(&w, r->id, list ? list : "", text, strlen(text));
	else
		msg_put_request(&w, r->id, text, strlen(text));
	ipc_send(r->to->ipc, type, 0, w.data, w.len);
	wr_free(&w);
	free(text);
}

void request_head(struct request *r, json_t *head, const char *list)
{
	send_json(r, MSG_REPLY_HEAD, list, head);
}

void request_row(struct request *r, json_t *row)
{
	send_json(r, MSG_REPLY_ROW, NULL, row);
}

void request_refuse(struct request_to *to, uint32_t id, const char *error)
{
	struct wr w = {0};

	msg_put_reply_end(&w, id, error ? error : "");
	ipc_send(to->ipc, MSG_REPLY_END, 0, w.data, w.len);
	wr_free(&w);
}

void request_end(struct request *r, const char *error_or_null)
{
	request_refuse(r->to, r->id, error_or_null);
	request_free(r);
}

void request_list(struct request *r, json_t *head, const char *list, json_t *rows)
{
	json_t *row;
	size_t i;

	request_head(r, head, list);
	json_array_foreach (rows, i, row)
		request_row(r, json_incref(row));
	request_end(r, NULL);
	json_decref(rows);
}

void request_object(struct request *r, json_t *object)
{
	request_head(r, object, NULL);
	request_end(r, NULL);
}

void request_monitor(struct request *r)
{
	r->events = true;
	LIST_INSERT_HEAD(&monitors, r, monitor);
}

void request_tell(json_t *event)
{
	struct request *r;
	char now[LOG_TIME_LEN];

	json_object_set_new(event, "time", json_string(log_time(now)));
	LIST_FOREACH (r, &monitors, monitor) {
		if (ipc_full(r->to->ipc)) {
			r->lost++;
			events_lost++;
			continue;
		}
		if (!ipc_queued(r->to->ipc))
			say_lost(r);
		request_row(r, json_incref(event));
	}
	json_decref(event);
}

unsigned request_monitors(void)
{
	const struct request *r;
	unsigned n = 0;

	LIST_FOREACH (r, &monitors, monitor)
		n++;
	return n;
}

uint64_t request_events_lost(void)
{
	return events_lost;
}
