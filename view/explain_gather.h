/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_gather: which questions the facts of explain (explain_judge.h) come from, one behind the
 * other, as what is asked depends on what was answered. Whoever explains puts them, with its own
 * way to the daemons, and waits for nothing here:
 *
 *	while ((request = explain_next(e)))
 *		ask for it: explain_head(), explain_row() ... explain_answered()
 *	explain_judge(e->facts)
 *
 * Those that host_answer() knows are about the kernel. All facts come from here but "firewall" and
 * "probe": these are of who can run nft and send packets.
 */
#ifndef WGBGP_VIEW_EXPLAIN_GATHER_H
#define WGBGP_VIEW_EXPLAIN_GATHER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "prefix.h"

struct explain {
	struct prefix dst; /* as a host prefix */
	struct addr src;   /* family 0: none is named */
	const char *plane; /* member of the facts */
	json_t *facts;
	size_t next;	  /* question */
	const char *fact; /* that is asked for */
	json_t *answer;	  /* so far; NULL: nothing came yet */
};

/* REQUEST has `destination`, and `from` and `plane` or not. NULL, or what is wrong with it. Ends
 * with explain_end() in both cases. */
const char *explain_begin(struct explain *e, const json_t *request);
void explain_end(struct explain *e);

/* What to ask for; owned by the caller. NULL: nothing more. */
json_t *explain_next(struct explain *e);
/* Its answer, as it comes: LIST is "" where no rows follow. Of tables of prefixes only what covers
 * the destination is kept. */
void explain_head(struct explain *e, const char *list, const json_t *head);
void explain_row(struct explain *e, const char *text, size_t len);
void explain_answered(struct explain *e);
/* The answer failed, and what came of it is forgotten. True: it goes on without, and nothing is
 * said of what depends on it; explain_answered() follows all the same. */
bool explain_lacks(struct explain *e);

/* The question for the fact "back", where answers come in by INTERFACE; owned by the caller. */
json_t *explain_back_request(const struct explain *e, const char *interface);
/* An answer to that. */
void explain_put_back(struct explain *e, const char *interface, json_t *way);
/* Rules of a firewall matter: there is a source, and a way to the destination that is not within
 * this machine. */
bool explain_wants_rules(const struct explain *e);

#endif
