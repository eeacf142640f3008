/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health: what a change on trial must not break: addresses that are expected to answer echo
 * requests, and the address that who asked for the change came from.
 *
 * Each gets a request every 200 ms from before the change on; five in a row without an answer mean
 * that it is lost. An answer has a second; in the first five seconds only 300 ms, or four times the
 * longest that one took. What did not answer before the change counts from its first answer on.
 * What else must not be lost is steady.h's.
 */
#ifndef WGBGP_HEALTH_H
#define WGBGP_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "change_ask.h"

#define HEALTH_ADDRESSES_MAX 16

/* What ASK, a trial that changes BEFORE into AFTER, wants to be watched; nothing of an earlier one
 * is any more. False with WHY. */
bool health_mind(const struct change_ask *ask, const json_t *before, const json_t *after, char *why,
		 size_t size);
/* Finds out who answers now. DONE(NULL) is called when all have, or a second is over. */
void health_pass(void (*done)(const char *error));
/* The change is made. FAILED is called later, with a sentence. False: nobody is asked. */
bool health_begin(void (*failed)(const char *why));
/* Those that have answered, separated by commas; valid until the next call. */
const char *health_watched(void);
/* The same trial in another life of this process: WATCHED as it was then, OWN as in the ask, may be
 * NULL. Each of them has half a minute for its first answer. */
void health_resume(const char *watched, const char *own, void (*failed)(const char *why));
/* The change is being taken back: FAILED is not called any more. Requests go on until health_end(),
 * which sends the last ones: a tunnel whose peer is made anew begins its handshake with them. */
void health_return(void);
void health_end(void); /* fine when there is nothing */

#endif
