/* SPDX-License-Identifier: BSD-2-Clause */
#include "diagnosed.h"

#include <jansson.h>

#include "asker.h"
#include "conf.h"
#include "doctor_walk.h"
#include "query.h"
#include "shared.h"

static void diagnosed_make(struct shared *s);
static struct shared shared = {.make = diagnosed_make,
			       .type = REPLY_JSON,
			       .least_ms = DIAGNOSED_FRESH_MS,
			       .times = DIAGNOSED_FRESH_TIMES};
static struct doctor *doctor; /* that looks now; NULL: none */

static void diagnosed_ask_next(void);

static void diagnosed_finish(int status, json_t *doc)
{
	doctor_end(doctor);
	doctor = NULL;
	shared_made(&shared, status, text_of_doc(doc, JSON_INDENT(1)));
}

static void diagnosed_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_t *head = conf_read(text, len);

	doctor_take_head(doctor, head);
	json_decref(head);
}

static void diagnosed_on_row(void *arg, const char *text, size_t len)
{
	doctor_take_row(doctor, text, len);
}

/* A daemon that does not answer is a finding; without wgbgpd there are none. */
static void diagnosed_on_end(void *arg, enum ask_end how, const char *error)
{
	if (how == ASK_FAILED) {
		diagnosed_finish(HTTP_SERVUNAVAIL, reply_error_doc(error));
		return;
	}
	doctor_answered(doctor, how == ASK_ANSWERED ? NULL : error ? error : "no answer");
	diagnosed_ask_next();
}

static void diagnosed_ask_next(void)
{
	static const struct ask_sink sink = {diagnosed_on_head, diagnosed_on_row, diagnosed_on_end};
	json_t *request = doctor_next(doctor);

	if (request)
		ask_start(CLASS_OWN, request, &sink, NULL);
	else
		diagnosed_finish(HTTP_OK, doctor_conclude(doctor));
}

static void diagnosed_make(struct shared *s)
{
	doctor = doctor_begin();
	diagnosed_ask_next();
}

void diagnosed(struct evhttp_request *req)
{
	json_t *request = query_take(req, DIAGNOSED);

	if (request)
		shared_reply(&shared, req);
	json_decref(request);
}

void diagnosed_free(void)
{
	doctor_end(doctor);
	doctor = NULL;
	shared_free(&shared);
}
