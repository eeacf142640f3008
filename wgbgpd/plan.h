/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: what a configuration would do, asked of the daemons that would do it; nothing changes.
 *
 *     read, checked by all (change_check()) ─► wgd: interfaces, peers
 *     ─► bgpd: sessions, prefixes, ranked lists ─► zebra-lite: rules, routes, AllowedIPs
 *
 * One at a time. The answer says for which configuration in force it holds (generation); where
 * that is another one by the end, it is an error.
 */
#ifndef WGBGP_PLAN_H
#define WGBGP_PLAN_H

#include "change.h"
#include "request.h"

/* What the request asks for is kept, with the files that it brings, which ASK gets; false: R was
 * ended. */
bool plan_begin(struct request *r, const json_t *args, struct change_ask *ask);
/* The candidate was checked; ERROR: it is refused. Takes WARNINGS over. */
void plan_checked(const char *error, json_t *warnings);
void plan_forget(struct request *r); /* its client is gone */

#endif
