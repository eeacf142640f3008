/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill: takes a tunnel down for some seconds and measures what comes of it.
 *
 * The parent runs it, since a CLI may die and no daemon sees everything. In order:
 *   zebra-lite is asked whether each prefix that uses the tunnel has a healthy alternative (else
 *   it is refused); the echo stream starts, if an address was given, and has to be answered; wgd
 *   cuts the tunnel (cut.h there) and says when; events of wgd (state of the tunnel) and bgpd (its
 *   next hop), and the kernel's notifications of routes (drill_routes.h) give the times; wgd ends
 *   the cut, or the kernel does; and when tunnel and routes are back and quiet it is over.
 *
 * All times are read from the monotonic clock, which all processes share. The record stands in
 * STATEDIR/drills, an object a line, from the beginning on: one that says "running" when the
 * parent starts was interrupted.
 */
#ifndef WGBGP_DRILL_H
#define WGBGP_DRILL_H

#include "messages.h"
#include "request.h"

void drill_free(void); /* ends what runs, without a word */

/* Requests: `drill` (`peer`, `interface`?, `seconds`?, `to`?), `drill-stop`, `drills`. */
void drill_request(struct request *r, const json_t *args);
void drill_stop_request(struct request *r, const json_t *args);
void drill_history_request(struct request *r, const json_t *args);
void drill_forget(struct request *r); /* the client is gone: it goes on all the same */

void drill_event(enum daemon_id id, const json_t *event);
void drill_daemon_gone(enum daemon_id id);

#endif
