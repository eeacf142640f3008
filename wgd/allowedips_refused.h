/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowedips_refused: what is wanted and could not be set: because of a foreign entry, or as the
 * device did not take it. Whoever asked for it is told when it may be tried again (on_retry).
 */
#ifndef WGBGP_ALLOWEDIPS_REFUSED_H
#define WGBGP_ALLOWEDIPS_REFUSED_H

#include "allowedips.h"

/* A SET that was refused. Several owners may have asked for the prefix. */
struct refusal {
	struct trie_node node; /* first; of the first one for this prefix */
	struct refusal *next;  /* for the same prefix */
	const struct owner *owner;
};

/* The device could not take P for OWNER: to be told when it may be tried again. */
void allowedips_refuse(struct allowedips *a, struct owner *owner, const struct prefix *p);
/* The device works again: whatever was refused by now may be tried. That is told by
 * allowedips_retry_some(), of so many at a time; true when there are more. */
void allowedips_retry(struct allowedips *a);
bool allowedips_retry_some(struct allowedips *a, size_t quantum);

/* Called by allowedips.c: P is no longer asked for by OWNER; owners that are GONE; a foreign entry
 * at P is gone, so what it was in the way of may be tried again. */
void allowedips_refused_forget(struct allowedips *a, const struct owner *owner,
			       const struct prefix *p);
void allowedips_refused_gone(struct allowedips *a);
void allowedips_refused_retry(struct allowedips *a, const struct prefix *p);

#endif
