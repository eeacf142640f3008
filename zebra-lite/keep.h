/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep: a few things of ours in the kernel, desired against installed.
 *
 * What is kept has a struct kept as its first member, comes from the heap, and is found, compared
 * and written by its owner (rule.c, side.c). All of it carries our protocol number, by which it is
 * found again after a restart: what nobody wants then is stale and goes at the end of the first
 * reading, before which nothing is written. What somebody took away is put back, and said. What the
 * kernel refuses is tried again when its time comes (lib/retry.h), whatever calls for it.
 */
#ifndef WGBGP_ZEBRA_KEEP_H
#define WGBGP_ZEBRA_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "retry.h"

struct kept {
	TAILQ_ENTRY(kept) link;
	unsigned wanted; /* how often; 0: stale, found with our number */
	bool installed;
	struct retry retry; /* of what was refused; error 0: nothing was */
	uint32_t epoch; /* reading that saw it last */
};
TAILQ_HEAD(kept_list, kept);

struct keep {
	const char *what, *refused, *swept; /* in the log: a noun, and the names of two events */
	/* Brings it in as it is wanted, or takes it out; 0 or -errno at once. */
	int (*write)(struct kept *e, bool add);
	bool (*differs)(const struct kept *e); /* from what is wanted, while installed; or NULL */
	/* E would do harm without OTHER, which comes before it: E is in the kernel only while OTHER
	 * is, if that is wanted. NULL: nothing does. */
	bool (*rests_on)(const struct kept *e, const struct kept *other);
	void (*describe)(const struct kept *e, char *text, size_t size);
	struct kept_list list; /* what rests on something comes after that */
	struct timer retry;
	uint32_t epoch; /* of the present or last reading */
	bool reading;	/* between begin and end */
	bool ready;	/* the first reading is over */
	bool torn_down;
	uint64_t drift; /* how many were put back */
};

bool keep_in_place(const struct kept *e); /* the kernel has it, be it by somebody else */
/* Brings the kernel to what is wanted of E, which is freed when nothing is left of it. */
void keep_sync(struct keep *k, struct kept *e);
void keep_sync_all(struct keep *k);
void keep_kick(struct keep *k); /* something changed that may help what was refused */
void keep_unwant(struct keep *k, struct kept *e);   /* once; it may be freed */
bool keep_take_out(struct keep *k, struct kept *e); /* true: it is not in the kernel any more */
void keep_repair(struct keep *k, struct kept *e);   /* somebody touched it; it may be freed */

void keep_read_begin(struct keep *k);
void keep_seen(struct keep *k, struct kept *e);
/* The kernel says that it is gone. False while reading: the end deals with it; else it is to be
 * repaired. */
bool keep_gone(struct keep *k, struct kept *e);
void keep_read_end(struct keep *k);

void keep_teardown(struct keep *k);
void keep_reset(struct keep *k);

#endif
