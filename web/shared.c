/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared.h"

#include <stdlib.h>

#include "clock.h"

#define WAITERS_MAX 512 /* some connections may be gone; more of them get what there is */

void shared_reply(struct shared *s, struct evhttp_request *req)
{
	if (s->text && !s->making && now_ms() - s->made_ms < SHARED_FRESH_MS) {
		reply_text(req, s->status, s->type, s->text);
		return;
	}
	if (s->n == WAITERS_MAX) {
		reply_error(req, HTTP_SERVUNAVAIL, "too many wait for this");
		return;
	}
	if (!s->who)
		s->who = xcalloc(WAITERS_MAX, sizeof(struct evhttp_request *));
	s->who[s->n++] = req;
	if (!s->making) {
		s->making = true;
		s->make();
	}
}

void shared_made(struct shared *s, int status, struct text *text)
{
	text_unref(s->text);
	s->text = text;
	s->status = status;
	s->made_ms = now_ms();
	s->making = false;
	while (s->n)
		reply_text(s->who[--s->n], status, s->type, text);
}

void shared_free(struct shared *s)
{
	text_unref(s->text);
	free(s->who);
	s->text = NULL;
	s->who = NULL;
	s->n = 0;
	s->making = false;
}
