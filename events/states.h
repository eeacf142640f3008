/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * states: the last known state of each tunnel and session, by the events that were heard. After a
 * time without events (wgbgpd or this program was away) they are compared with what is now, and
 * what changed meanwhile becomes an event with `meanwhile`, once; an event that only says again
 * what is known is none. A tunnel that wgd has not judged yet (`never`) has no other state than
 * before. A session that was established and is not so now, or is in no answer, may be on its way
 * back after a start of wgbgpd: it is told as down when a second look two minutes later finds it
 * so, too. An answer that was not whole is asked for again.
 *
 *   events ──────────────► known ◄── file, over a restart
 *   tunnels, sessions ──► compared with known ──► an event for each difference
 */
#ifndef WGBGP_EVENTS_STATES_H
#define WGBGP_EVENTS_STATES_H

#include <jansson.h>
#include <stdbool.h>

/* DIR/states keeps them; NULL: they are forgotten with this process. FN is told what changed
 * meanwhile; the object is its own. */
void states_open(const char *dir, void (*fn)(json_t *event));
void states_close(void);

/* Notes an event, which is borrowed. False: it says what is known; not to be told. */
bool states_hear(const json_t *event);
/* Asks for what is now: there was a gap. */
void states_compare(void);
/* Events end: no second look, as the next gap has a comparison of its own. */
void states_away(void);
/* A row of an answer: a tunnel, or a session. Borrowed. */
void states_tunnel(const json_t *row);
void states_session(const json_t *row);

#endif
