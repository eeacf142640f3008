/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_say: the words of a session: Cease to the neighbour, events and errors to people.
 */
#ifndef WGBGP_BGPD_SESSION_SAY_H
#define WGBGP_BGPD_SESSION_SAY_H

#include "fsm.h"

#define CEASE 6 /* and its subcodes (RFC 4486) */
#define CEASE_MAX_PREFIX 1
#define CEASE_RESET 4
#define CEASE_REJECTED 5
#define CEASE_COLLISION 7
#define CEASE_BFD_DOWN 10 /* RFC 9384 */

struct log_bucket *session_bucket(struct peer *p); /* for lines that a stranger can cause */
/* The event that P's session is in STATE; WHY may be NULL. */
void session_say(const struct peer *p, const char *state, const char *why);
/* For show: how a connection ended. E: the NOTIFICATION of either side; NULL: there was none. */
void session_note_error(struct peer *p, enum fsm_end end, const struct bgp_error *e,
			const char *why);
struct bgp_error session_cease(uint8_t subcode, const char *why);
bool session_is_cease(const struct bgp_error *e, uint8_t subcode); /* E may be NULL */

#endif
