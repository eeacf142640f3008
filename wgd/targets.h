/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * targets: the configured endpoints of a peer, and which of them is worth trying.
 *
 * Each is an address or a name with, in the end, several addresses. Of several the one with the
 * fewest failures in a row is tried, in the order of the configuration; one that worked has none.
 * A name is looked up when its answer has run out (its TTL, within limits), and more often while
 * the tunnel does not work. Nothing here does input or output: time, answers and what became of an
 * attempt go in.
 */
#ifndef WGBGP_TARGETS_H
#define WGBGP_TARGETS_H

#include <stdbool.h>

#include "resolve.h"

#define TARGETS_TTL_MIN_MS 5000
#define TARGETS_TTL_MAX_MS 3600000
#define TARGETS_DOWN_MS 30000 /* a tunnel that is down asks at least so often */
#define TARGETS_RETRY_MS 5000 /* after a lookup that failed, the first time */
#define TARGETS_RETRY_MAX_MS 60000

struct target {
	char *text; /* as configured */
	char *host; /* NULL: an address */
	uint16_t port;
	struct endpoint at[RESOLVE_ADDRS_MAX];
	unsigned n;	     /* addresses; 0 not known */
	unsigned next;	     /* address to try */
	unsigned failures;   /* attempts in a row that brought nothing */
	bool asking;	     /* a lookup is under way */
	unsigned unanswered; /* lookups in a row that failed */
	uint64_t asked_at;   /* ms */
	uint64_t expires;    /* ms: the answer's end, 0 none yet */
	const char *error;   /* of the last lookup, NULL none */
};

struct targets {
	struct target *t;
	unsigned n;
	int current; /* being used or tried, -1 none of them */
	/* Is there any way to the address? NULL: all are fit. */
	bool (*usable)(void *arg, const struct addr *a);
	void *arg;
};

/* Takes the list over from the configuration; what is known of those that stay is kept. True when
 * it is another list. */
bool targets_set(struct targets *ts, char *const *texts, unsigned n);
void targets_free(struct targets *ts);
int targets_find(const struct targets *ts, const struct endpoint *e); /* -1: none of them */

/* The endpoint to try now; CURRENT is set. False when none is known. */
bool targets_pick(struct targets *ts, struct endpoint *out);
void targets_failed(struct targets *ts); /* CURRENT brought nothing: another one's turn */
/* The tunnel works by E. */
void targets_worked(struct targets *ts, const struct endpoint *e);

/* The next name to look up, -1 none; it counts as asked. */
int targets_due(struct targets *ts, uint64_t now, bool works);
/* False when there is no such name any more. */
bool targets_resolved(struct targets *ts, unsigned i, const char *host, const struct resolved *r,
		      uint64_t now);

#endif
