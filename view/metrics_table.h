/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_table: which metrics there are: a row each, in the order in which they are written, with
 * the rows of an answer that are its samples, and the member that is the value.
 */
#ifndef WGBGP_VIEW_METRICS_TABLE_H
#define WGBGP_VIEW_METRICS_TABLE_H

#include <stddef.h>

/* Rows of answers. Those behind MADE are made of other ones. */
enum metrics_source {
	TUNNELS,
	INTERFACES,
	NEIGHBORS,
	BGP,
	RIB,
	KEPT,
	PLANES,
	UPLINKS,
	LINKS, /* of INTERFACES alone, which are in front */
	DAEMONS,
	DRILLS,
	COMMITS,
	FILES,
	EVENTS,
	KEYS,
	VERSION,
	MADE,
	PEERS = MADE, /* of INTERFACES */
	FAMILIES,     /* of NEIGHBORS: one for each family */
	UNDERLAYS,    /* of UPLINKS: one for each family */
	SOURCES
};

#define METRICS_LABELS_MAX 5 /* with the one without a name at the end */

struct metrics_rows {
	const char *command; /* NULL: made of other rows */
	const char *list;    /* of the answer; NULL: the head is the one row */
	struct {
		const char *name, *member;
	} labels[METRICS_LABELS_MAX]; /* by which rows differ */
};

enum metrics_kind {
	NUMBER,	 /* none: 0; with `arg` it is inside the member of that name */
	MILLI,	 /* milliseconds, as seconds; none: 0 */
	PERCENT, /* as a ratio */
	BOOLEAN,
	IS,	 /* 1 where the member has the text of `arg` */
	STATES,	 /* a sample for each word of `arg`, with one more label: state */
	REASONS, /* what the member has for each word of `arg`, with one more label: reason */
	AGE,	 /* seconds since; none: infinite */
	SINCE,	 /* the same as the time of then; none: 0 */
	INFO,	 /* 1, with the member as one more label, named by `arg` */
	TIMES,	 /* a histogram: within-N-ms, count and sum-microseconds; `arg` has the Ns, in order
		  */
};

struct metric {
	const char *name, *type, *help;
	enum metrics_source source;
	const char *key;
	enum metrics_kind kind;
	const char *arg;
};

extern const struct metrics_rows metrics_sources[SOURCES];
extern const struct metric metrics_table[];
extern const size_t metrics_table_length;

#endif
