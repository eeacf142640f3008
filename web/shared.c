/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define WAITERS_MAX 128 /* fewer than there are connections: others find a place */

static void shared_begin(struct shared *s)
{
	s->making = true;
	s->began_ms = now_ms();
	s->make(s);
}

static void shared_on_next(void *arg)
{
	struct shared *s = arg;

	if (!s->making)
		shared_begin(s);
}

/* Who waits is answered when the last answer is no longer fresh. */
static void shared_begin_later(struct shared *s, uint64_t now)
{
	if (!s->next.ready)
		timer_init(&s->next, shared_on_next, s);
	if (!timer_running(&s->next))
		timer_start(&s->next, s->fresh_ms - now);
}

struct shared *shared_place(void *places, size_t n, size_t size, const char *key,
			    const struct shared *like)
{
	struct shared *oldest = NULL;

	for (size_t i = 0; i < n; i++) {
		struct shared *s = (struct shared *)((char *)places + i * size);

		if (s->key && str_eq(s->key, key))
			return s;
		if (!s->making && !s->n && (!oldest || s->fresh_ms < oldest->fresh_ms))
			oldest = s;
	}
	if (!oldest)
		return NULL;
	shared_free(oldest);
	memset(oldest, 0, size);
	*oldest = *like;
	oldest->key = xstrdup(key);
	return oldest;
}

void shared_reply(struct shared *s, struct evhttp_request *req)
{
	uint64_t now = now_ms();
	bool fresh = !s->making && now < s->fresh_ms;

	if (fresh && !s->anew) {
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
	if (fresh)
		shared_begin_later(s, now);
	else if (!s->making)
		shared_begin(s);
}

/* What took TOOK milliseconds is fresh for as many. What hindered an answer may be over soon. */
static uint64_t fresh_for(const struct shared *s, int status, uint64_t took)
{
	uint64_t least = s->least_ms ? s->least_ms : SHARED_FRESH_MS;
	uint64_t by_cost = took * (s->times ? s->times : SHARED_FRESH_TIMES);

	if (status != HTTP_OK)
		return SHARED_FRESH_MS;
	if (by_cost > SHARED_FRESH_MAX_MS)
		by_cost = SHARED_FRESH_MAX_MS;
	return by_cost > least ? by_cost : least;
}

void shared_made(struct shared *s, int status, struct text *text)
{
	uint64_t now = now_ms();

	text_unref(s->text);
	s->text = text;
	s->status = status;
	s->fresh_ms = now + fresh_for(s, status, now - s->began_ms);
	s->making = false;
	while (s->n)
		reply_text(s->who[--s->n], status, s->type, text);
	if (s->anew) {
		text_unref(s->text);
		s->text = NULL;
	}
}

void shared_give_up(struct shared *s, void (*take)(struct evhttp_request *req, void *arg),
		    void *arg)
{
	s->making = false;
	while (s->n)
		take(s->who[--s->n], arg);
}

void shared_free(struct shared *s)
{
	timer_stop(&s->next);
	text_unref(s->text);
	free(s->who);
	free(s->key);
	s->key = NULL;
	s->text = NULL;
	s->who = NULL;
	s->n = 0;
	s->making = false;
}
