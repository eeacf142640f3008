/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zplan_tables: what a configuration would do to the kernel's routes and to AllowedIPs entries. In
 * a copy of zebra-lite (rehearse.h) it is applied, what wgd and bgpd would say then is heard, and
 * each prefix that this touches is booked with what it should have by then: the order and the time
 * that it takes (fib.h) make no difference in the end.
 *
 * Left out is what follows from what the kernel would say: of interfaces that are made, and of
 * addresses that come or go.
 */
#ifndef WGBGP_ZEBRA_ZPLAN_TABLES_H
#define WGBGP_ZEBRA_ZPLAN_TABLES_H

#include <jansson.h>
#include <stdint.h>

#include "show.h"

/* APPLY brings a configuration into force, PRUNE takes away what is not in it. */
void zplan_open(void (*apply)(const json_t *config, uint32_t generation),
		void (*prune)(uint32_t generation));
/* In a copy, which is of no use afterwards. ARGS: "candidate"; "gone", tunnel peers that are there
 * no more; "routes", bgpd's messages for prefixes whose list is another one, in base64, or null:
 * too many. Appends a row for each route and entry that is another one; returns their counts,
 * "tables": null where it cannot be known, and "disbelieved": peers whose endpoint would no longer
 * have a host route, since it is inside what is private by then. */
json_t *zplan_tables(const json_t *args, json_t *rows);
/* plan-routes; its other functions are rehearse.h's. */
void zplan_request(struct show *s);

#endif
