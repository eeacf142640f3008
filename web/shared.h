/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared: an answer that is made once for all who ask for it meanwhile, and for those who ask
 * within a quarter of a second after.
 */
#ifndef WGBGP_WEB_SHARED_H
#define WGBGP_WEB_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/http.h>

#include "reply.h"

#define SHARED_FRESH_MS 250

struct shared {
	void (*make)(void);	     /* begins; shared_made() is called later, once */
	const char *type;	     /* of its content */
	struct evhttp_request **who; /* wait for it; CONNS_MAX at most */
	unsigned n;
	bool making;
	struct text *text; /* the last one; NULL: none */
	int status;
	uint64_t made_ms;
};

void shared_reply(struct shared *s, struct evhttp_request *req);
/* Takes over TEXT. */
void shared_made(struct shared *s, int status, struct text *text);
void shared_free(struct shared *s); /* who waits is not answered */

#endif
