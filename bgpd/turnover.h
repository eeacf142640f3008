/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turnover: whether a neighbour changes over and over again what it has said before.
 *
 * Changes that undo or replace what its session said are counted: withdrawals, and announcements
 * with other attributes. What it says for the first time, again, or after a restart is none. The
 * sum falls with time, by one table in TURNOVER_FORGET_MS; a table is as many prefixes as it had at
 * most at a time. It changes too much from when the sum is TURNOVER_TABLES tables, which it does
 * not exceed, until it has fallen to one. So nobody does who withdraws all that he has at once, or
 * has a policy that changes everything now and then; nor does a full table with the news of the
 * Internet.
 */
#ifndef WGBGP_BGPD_TURNOVER_H
#define WGBGP_BGPD_TURNOVER_H

#include <stdbool.h>
#include <stdint.h>

#define TURNOVER_TABLES 2
#define TURNOVER_FORGET_MS 10000
#define TURNOVER_LEAST 10000 /* prefixes of a table: whoever has few may change them often */

struct turnover {
	uint32_t news; /* changes that are not yet in the sum */
	uint32_t most; /* prefixes at a time */
	uint64_t sum;
	uint64_t at_ms; /* until when it has fallen */
	bool much;
};

/* Adds the news, of a neighbour that has so many prefixes now: T->much. */
bool turnover_look(struct turnover *t, uint32_t prefixes, uint64_t ms);

#endif
