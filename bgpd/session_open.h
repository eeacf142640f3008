/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_open: the OPEN messages of both sides: what ours says, whether theirs is accepted, which
 * of two connections it decides for, and what a neighbour that is up has negotiated by it.
 */
#ifndef WGBGP_BGPD_SESSION_OPEN_H
#define WGBGP_BGPD_SESSION_OPEN_H

#include "fsm.h"

void session_put_open(const struct peer *p, struct open *o); /* fills ours */
/* RFC 4271 section 6.2, RFC 6286 section 2.2: what depends on the configuration. False: E is the
 * NOTIFICATION to send. */
bool session_judge_open(const struct peer *p, const struct open *o, struct bgp_error *e);
/* True when the connection that we made stays: the higher identifier's one does (section 6.8). */
bool session_ours_stays(const struct open *theirs);
/* P becomes what was negotiated on F, which is ESTABLISHED now. */
void session_take_over(struct peer *p, const struct fsm *f);
/* The neighbour's configuration has another keepalive or send hold time: in force at once. */
void session_times_changed(struct peer *p);

#endif
