/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: one question to the daemons for all clients who ask the same at a time.
 *
 * An answer goes to all who asked while it was made. Who asks in the time after, for as long as
 * shared.h calls it fresh, waits for the next one: what is answered is never older than its
 * question, and however many ask without end, the daemons work on it for a sixth of their time.
 *
 * A large answer is not collected here. Who asked for one gets it for himself, row by row, few
 * clients at a time (CLASS_TABLES); what was large once is taken to be so for a minute. So it is
 * with one of more than ASKED_SMALL_MAX while as much as ASKED_TOTAL_MAX waits to be read, or is
 * kept for who asks next.
 */
#ifndef WGBGP_WEB_ASKED_H
#define WGBGP_WEB_ASKED_H

#include <jansson.h>
#include <stdbool.h>

#include <event2/http.h>

#define ASKED_MAX 64		/* different questions */
#define ASKED_BYTES_MAX 4194304 /* of an answer; else it is large */
#define ASKED_SMALL_MAX 262144
#define ASKED_TOTAL_MAX 16777216
#define ASKED_LARGE_MS 60000

/* REQ, whose client may have gone, wants REQUEST (taken over) for itself; TABLE: a large one. */
typedef void asked_alone_fn(struct evhttp_request *req, json_t *request, bool table);

/* REQUEST is taken over. */
void asked(struct evhttp_request *req, json_t *request, asked_alone_fn *alone);
void asked_free(void);

#endif
