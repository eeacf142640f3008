/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule: the kernel's rules of policy routing that somebody wants, kept as keep.h says.
 *
 * The same rule may be wanted several times and is installed once. Somebody else's are neither
 * changed nor removed.
 *
 * The kernel deletes the first rule that has all that the request says, and may have more: asked
 * for 'from A' it takes 'from A iif lo', too. What went with another one is put back at once.
 */
#ifndef WGBGP_ZEBRA_RULE_H
#define WGBGP_ZEBRA_RULE_H

#include "keep.h"
#include "out.h"

struct rule {
	struct kept kept; /* in the order of priority, then family */
	struct krule k;
	uint32_t from;	 /* rule_want_behind(); 0: it rests on none */
	bool behind_own; /* rule_want_behind_own() */
};

extern struct keep rules;

bool rule_same(const struct krule *a, const struct krule *b); /* but for the protocol */
/* K's protocol is not looked at: that of the configuration is used. */
void rule_want(const struct krule *k);
/* K would do harm without the others: it is in the kernel only while all of its family are that are
 * wanted, from the priority FROM up to its own. */
void rule_want_behind(const struct krule *k, uint32_t from);
/* The same without those of the same source and protocol, of one priority before its own. */
void rule_want_behind_own(const struct krule *k);
void rule_unwant(const struct krule *k);
bool rule_in_place(const struct krule *k); /* the kernel has it */

/* From the kernel: notifications, and full readings between begin and end. */
void rule_told(const struct krule *k, bool present);

void rule_renumber(uint8_t protocol); /* PROTOCOL was ours until now */
struct rule *rule_first(void);
struct rule *rule_next(const struct rule *r);

#endif
