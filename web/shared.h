/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared: an answer that is made once for all who ask for it meanwhile, and for those who ask soon
 * after: within a quarter of a second, or five times as long as it took, so that whoever asks
 * without end keeps the daemons busy for a sixth of their time at most. What is dearer says how
 * long; it is a minute at most, and a quarter of a second for a failure.
 *
 * Where there are different questions to ask, answers have places, by what is asked
 * (shared_place()).
 */
#ifndef WGBGP_WEB_SHARED_H
#define WGBGP_WEB_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/http.h>

#include "loop.h"
#include "reply.h"

#define SHARED_FRESH_MS 250
#define SHARED_FRESH_TIMES 5
#define SHARED_FRESH_MAX_MS 60000

struct shared {
	char *key; /* of one that has a place: what is asked; NULL: the place is free */
	void (*make)(struct shared *s); /* begins; shared_made() is called later, once */
	const char *type;		/* of its content */
	uint64_t least_ms;		/* it is fresh for; 0: SHARED_FRESH_MS */
	unsigned times;			/* as long as it took it is fresh; 0: SHARED_FRESH_TIMES */
	struct evhttp_request **who;	/* wait for it */
	unsigned n;
	bool making;
	bool anew;	   /* who comes while it is fresh waits for the next one */
	struct timer next; /* then it is made */
	struct text *text; /* the last one; NULL: none */
	int status;
	uint64_t began_ms, fresh_ms; /* it is fresh until then */
};

/* The answer to KEY among N places of SIZE bytes, each of which begins with a struct shared. Where
 * there is none it gets the place that was fresh the longest ago and that nobody waits for: its
 * bytes are 0 then, and the answer is as LIKE. NULL: all are waited for. */
struct shared *shared_place(void *places, size_t n, size_t size, const char *key,
			    const struct shared *like);
void shared_reply(struct shared *s, struct evhttp_request *req);
/* Takes over TEXT. */
void shared_made(struct shared *s, int status, struct text *text);
/* It is not made after all: who waits is TAKE's. */
void shared_give_up(struct shared *s, void (*take)(struct evhttp_request *req, void *arg),
		    void *arg);
void shared_free(struct shared *s); /* who waits is not answered */

#endif
