/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history_answers: /api/series: one tunnel's values over time, and /api/curves: the last 20 minutes
 * of many tunnels.
 *
 * Who asks the same gets the same answer until there is another sample, or for ten seconds: only
 * the first one costs a walk through the store. Answers to so many different questions are kept.
 */
#ifndef WGBGP_WEB_HISTORY_ANSWERS_H
#define WGBGP_WEB_HISTORY_ANSWERS_H

#include <event2/http.h>

#define HISTORY_SERIES "series" /* their names under /api/ */
#define HISTORY_CURVES "curves"
#define HISTORY_CURVES_MAX 50  /* tunnels of one question */
#define HISTORY_ANSWERS_MAX 16 /* some 300 KiB each at most */

struct history_store;

/* STORE stays the caller's; NULL: there is none, and FAULT says why. */
void history_answers_open(struct history_store *store, const char *fault);
/* The store has another sample. */
void history_answers_renew(void);
void history_answers_free(void);

/* Members: interface, peer, span (seconds; an hour without it). */
void history_series(struct evhttp_request *req);
/* Members: tunnel, "INTERFACE PEER", as often as wanted. One that is not known is left out. */
void history_curves(struct evhttp_request *req);

#endif
