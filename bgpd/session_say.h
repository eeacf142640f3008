/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_say: whom a session tells what: the neighbour by a Cease, people by events and errors,
 * the tables by struct session_hooks.
 */
#ifndef WGBGP_BGPD_SESSION_SAY_H
#define WGBGP_BGPD_SESSION_SAY_H

#include "fsm.h"

struct session_hooks {
	void (*up)(struct peer *p); /* ESTABLISHED */
	/* RETAIN: keep its paths as stale for the neighbour's restart time (RFC 4724). */
	void (*down)(struct peer *p, bool retain, enum reason why);
	void (*update_heard)(struct peer *p, const struct update *u);
	void (*end_of_rib)(struct peer *p, enum bgp_family family);
	void (*refresh)(struct peer *p, enum bgp_family family); /* it asked by ROUTE-REFRESH */
	void (*gone)(struct peer *p); /* a dynamic one that is not expected back: frees it */
	void (*proved)(const struct peer *p); /* session_proof.h */
	const struct conn_source *out;	      /* the routes to it */
};
extern const struct session_hooks *session_hooks;
void session_hooks_open(const struct session_hooks *hooks); /* before the first session */

#define HOLD_EXPIRED 4 /* RFC 4271 section 4.5 */
#define CEASE 6	       /* and its subcodes (RFC 4486) */
#define CEASE_MAX_PREFIX 1
#define CEASE_SHUTDOWN 2
#define CEASE_DECONFIGURED 3
#define CEASE_RESET 4
#define CEASE_REJECTED 5
#define CEASE_CONFIGURATION 6
#define CEASE_COLLISION 7
#define CEASE_BFD_DOWN 10 /* RFC 9384 */

struct log_bucket *session_bucket(struct peer *p); /* for lines that a stranger can cause */
/* P's session is ESTABLISHED; it is no more, as P->last_error says: log, event and history. */
void session_say_up(struct peer *p);
void session_say_down(struct peer *p, bool retain, enum reason reason);
/* For show: how a connection ended. E: the NOTIFICATION of either side; NULL: there was none. */
void session_note_error(struct peer *p, enum fsm_end end, const struct bgp_error *e,
			const char *why);
struct bgp_error session_cease(uint8_t subcode, const char *why);
/* A connection of a neighbour that we know, FD, is not let in: it hears so (RFC 4486 section 4),
 * and people once each time. Takes FD. */
void session_refuse(struct session *s, int fd, const char *why);
bool session_is_cease(const struct bgp_error *e, uint8_t subcode); /* E may be NULL */

#endif
