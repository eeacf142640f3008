/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rehearse: what a daemon would do, done by a copy of it.
 *
 * The copy is made by fork(): it has all that the daemon knows at that moment, and of its
 * descriptors none; nor can it open any. So the very functions that change the daemon may run in
 * it: what they send, write or connect goes nowhere, and the copy tells what came of them. The
 * daemon goes on meanwhile. The copy has the lowest priority and a time limit, and ends when nobody
 * hears it any more.
 *
 * Only for a daemon that never waits for children of its own. In the copy other threads are not
 * there: what they hold must not be touched.
 */
#ifndef WGBGP_REHEARSE_H
#define WGBGP_REHEARSE_H

#include <jansson.h>

#include "show.h"

/* In the copy: the head of the answer, a new reference; objects that it adds to ROWS are the rows.
 */
typedef json_t *(*rehearse_fn)(const json_t *args, json_t *rows);

/* For start() of a command: what FN says answers it, its rows under the name LIST. One at a time.
 */
void rehearse(struct show *s, rehearse_fn fn, const char *list);
void rehearse_step(struct show *s); /* the other two functions of such a command */
void rehearse_finish(struct show *s);

/* In the copy, now and then: ends it when it takes too long, or nobody hears it. */
void rehearse_tick(void);

#endif
