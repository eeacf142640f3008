/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_calls: whether a neighbour that calls is let in, and if not, why and for how long.
 *
 * Whoever restarts, or is told to end a session, is let in again at once, and a few times more.
 * When connections go on to end before they were up for long, by whatever ended them (a Cease,
 * another NOTIFICATION of either side, no word at all, a newer call of the same neighbour), it is
 * let in after 0.1 s, 0.3 s, 1 s ... 15 s; a quarter of a minute without one forgives one
 * (retry.h). The time runs from the last end, and a call that is refused does not begin it anew:
 * two ends that keep each other waiting meet. What we end ourselves, by an order of the operator
 * or because the tunnel died, does not count.
 */
#ifndef WGBGP_BGPD_SESSION_CALLS_H
#define WGBGP_BGPD_SESSION_CALLS_H

#include "session.h"

bool session_rests(const struct session *s); /* after max-prefix */
/* So many errors that it is left alone, whatever it does meanwhile. */
bool session_shuns(const struct session *s);
/* Why it is not let in now; NULL: it is. */
const char *session_refusal(const struct session *s);
/* How long that is so; 0: it is let in, or until something else changes. */
unsigned session_refusal_seconds(const struct session *s);

/* A connection has ended that was not up for long. */
void session_calls_ended(struct session *s);
/* A session was up for long, or the operator wants another one. */
void session_calls_forget(struct session *s);
/* It calls, or can be reached again. False: not now. */
bool session_calls_allowed(struct session *s);
uint64_t session_calls_left_ms(const struct session *s); /* until that is allowed; 0: now */

#endif
