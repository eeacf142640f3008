/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flap: a session announces a whole table and withdraws it, again and again, as fast as the far end
 * takes it. Both halves of a round are encoded before the start.
 */
#ifndef WGBGP_BENCH_FLAP_H
#define WGBGP_BENCH_FLAP_H

#include <jansson.h>

#include "routes.h"
#include "session.h"

struct flap;

/* S is borrowed, ROUTES only looked at. Starts at once. */
struct flap *flap_new(struct session *s, const struct routes *routes, const struct attrs_target *to,
		      double seconds);
void flap_free(struct flap *f); /* when flap_done(), or the session is closed */

/* Call every few milliseconds. True when the time is over and the last round was written; fills
 * REPLY: rounds a second. */
bool flap_done(struct flap *f, json_t *reply);

#endif
