/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow: for tests: the rig with a wgd and a kernel that answer when the check says so. There are
 * the peers p1 and p3 on wg0, p2 on wg1 and p4 on wg2, and no nexthop objects.
 */
#ifndef WGBGP_ZEBRA_SLOW_H
#define WGBGP_ZEBRA_SLOW_H

#include "reason.h"
#include "rig.h"

extern bool slow_wgd;	 /* what it is asked it answers by slow_answer() only */
extern bool slow_kernel; /* routes are on their way into it */

int slow_setup(void **state);
void slow_hold(void); /* wgd is slow from now on; what was told so far does not matter */
/* To message I, from 1 on. REFUSED: "10.1.0.0/16 p1 10.2.0.0/16 p3". */
void slow_answer(unsigned i, const char *refused);
unsigned slow_messages(void);
void slow_entry(const char *prefix, uint32_t peer, enum reason reason); /* outside of any answer */
void slow_peers(void);							/* are told */
/* And those of the next wgd. PREFIX: it has that entry, of PEER; or NULL. */
void slow_next_wgd(const char *prefix, uint32_t peer);
void slow_objects(void); /* there are some */

/* RUN for each of N rows, in a life of its own. Differences are said, and the test fails then. */
void slow_rows(size_t n, void (*run)(size_t i), void **state);
void slow_check(const char *where, const char *name, const char *got, const char *want);

#endif
