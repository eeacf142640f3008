/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_calls: whether a neighbour that calls is let in, if not, why and for how long, and when
 * it hears our OPEN.
 *
 * Whoever restarts, or is told to end a session, is let in again at once, and a few times more.
 * When connections go on to end within seconds, by whatever ended them (a Cease, another
 * NOTIFICATION of either side, no word at all, a newer call of the same neighbour), a call waits
 * for our OPEN: 0.1 s behind the last end, twice as long each time, up to 5 s behind sessions that
 * were ESTABLISHED, 15 s behind others (DelayOpen of RFC 4271). It is not turned away, for then the
 * neighbour would leave us alone in its turn, and two ends could miss each other. What we end
 * ourselves, by an order of the operator or because the tunnel died, does not count.
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

/* A connection that the neighbour made has ended, which was ESTABLISHED for UP_MS. */
void session_calls_ended(struct session *s, uint64_t up_ms);
void session_calls_forget(struct session *s);		 /* the operator wants another session */
uint64_t session_calls_wait_ms(const struct session *s); /* until our next OPEN; 0: none */
/* The call FD waits so long, in the place of one that waited; its timer is the caller's. */
void session_calls_hold(struct session *s, int fd);
int session_calls_release(struct session *s); /* it, -1: it has hung up */
void session_calls_refuse(struct session *s, const struct bgp_error *e); /* it, if there is one */
void session_calls_drop(struct session *s);				 /* hangs up on it */

#endif
