/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * side: routes in tables beside the RIB's (those of uplinks), desired against installed.
 *
 * There is one route of ours for each prefix, table and metric; whoever wants it says what it is,
 * the newest word counts. They are kept as keep.h says, foreign ones left alone.
 *
 * A table is read while it is an uplink's (uplink_tables()) or a route in it is wanted, and where a
 * rule of ours that nobody wants any more leads to it: that is how the table of an uplink that went
 * while we were away is found.
 */
#ifndef WGBGP_ZEBRA_SIDE_H
#define WGBGP_ZEBRA_SIDE_H

#include "keep.h"
#include "out.h"

extern struct keep side_routes;

void side_want(const struct kroute *k);
void side_unwant(const struct kroute *k);
bool side_in_place(const struct kroute *k); /* the kernel has it as it was last wanted */
void side_rewrite(uint32_t table); /* the kernel may have dropped some in silence: write again */

/* MISSED: a route that is wanted was taken away or changed; it is put back by side_want(). */
void side_open(void (*missed)(void));
/* Adds the tables to read to the N that are in the list, or one that is nobody else's; how many
 * there are then. */
unsigned side_tables(uint32_t *tables, unsigned n, unsigned max);
unsigned side_put_table(uint32_t table, uint32_t *tables, unsigned n, unsigned max);
void side_told(const struct kroute *k, bool present);

#endif
