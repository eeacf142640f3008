/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: asks each ten seconds how the tunnels are, keeps it (history_store.h), and answers
 * /api/series: one tunnel's values over time, and /api/curves: the last 20 minutes of many tunnels.
 *
 * When wgbgpd does not answer, nothing is kept of that time: a gap. When the file cannot be opened
 * or written, that is in the log and in the answers, and the rest of wgbgp-web goes on.
 */
#ifndef WGBGP_WEB_HISTORY_H
#define WGBGP_WEB_HISTORY_H

#include <event2/http.h>

#define HISTORY_SERIES "series" /* their names under /api/ */
#define HISTORY_CURVES "curves"
#define HISTORY_CURVES_MAX 50 /* tunnels of one question */

/* Opens DIR/history.db, before the process gives up its right to open files. NULL: no history. */
void history_open(const char *dir);
/* Begins to ask; behind asker_open(). */
void history_begin(void);
void history_close(void);

/* Members: interface, peer, span (seconds; an hour without it). */
void history_series(struct evhttp_request *req);
/* Members: tunnel, "INTERFACE PEER", as often as wanted. One that is not known is left out. */
void history_curves(struct evhttp_request *req);

#endif
