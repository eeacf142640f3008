/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule: the kernel's rules of policy routing, desired against installed.
 *
 * Whoever needs a rule wants it; the same rule may be wanted several times and is installed once.
 * Ours carry our protocol number (FRA_PROTOCOL), by which they are found again after a restart:
 * those that nobody wants are stale and go at the end of the first reading. Somebody else's are
 * neither changed nor removed. A rule of ours that somebody deleted is put back, and said.
 *
 * Nothing is written before the kernel was read once.
 */
#ifndef WGBGP_ZEBRA_RULE_H
#define WGBGP_ZEBRA_RULE_H

#include <sys/queue.h>

#include "out.h"

struct rule {
	LIST_ENTRY(rule) link; /* by priority, then family */
	struct krule k;
	unsigned wanted; /* how often; 0: stale, found with our number */
	bool installed;
	int error;	/* negative errno of the last attempt, 0 none */
	uint32_t epoch; /* reading that saw it last */
};

/* K's protocol is not looked at: that of the configuration is used. */
void rule_want(const struct krule *k);
void rule_unwant(const struct krule *k);
bool rule_in_place(const struct krule *k); /* the kernel has it */

/* From the kernel: notifications, and full readings between begin and end. */
void rule_read_begin(void);
void rule_told(const struct krule *k, bool present);
void rule_read_end(void);

void rule_config_changed(void);	      /* installing was switched on or off */
void rule_renumber(uint8_t protocol); /* PROTOCOL was ours until now */
void rule_teardown(void);	      /* removes all; none is installed any more */
struct rule *rule_first(void);
struct rule *rule_next(const struct rule *r);
uint64_t rule_drift(void); /* how many were put back */
void rule_reset(void);

#endif
