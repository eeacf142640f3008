/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history_store: what tunnels did in the last 35 days, in an SQLite file of bounded size.
 *
 * Three tiers of rings. A sample goes into the finest one; what a period of the next one saw is
 * made of it once the period is over:
 *
 *   tier   a row stands for   and is kept for
 *   0      10 seconds         an hour
 *   1      a minute           2 days
 *   2      15 minutes         35 days
 *
 * A row's place follows from its time (slot = time / step, modulo the slots of the tier), and the
 * rows of all tunnels of one slot lie together: a sample of 1,000 tunnels writes a dozen pages, and
 * a slot whose turn comes again takes the room of what was in it. A tunnel has 6,600 rows at most,
 * some 50 bytes each. A row tells its own time: one that is too old, or from a time to which the
 * clock was once set, is not seen, and overwritten in its turn.
 *
 * A sample is one transaction (write-ahead log, synchronous=NORMAL): a killed process loses none
 * that was put, a power failure the last ones. All files are opened by history_store_open(): after
 * it the process needs no right to open any. Nobody else can open the file meanwhile.
 *
 * Times are seconds since 1970.
 */
#ifndef WGBGP_WEB_HISTORY_STORE_H
#define WGBGP_WEB_HISTORY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_STEP_S 10
#define HISTORY_KEPT_S (35 * 86400)
#define HISTORY_TUNNELS_MAX 10000 /* of one sample; the rest is left out */

/* From the worst one: a period is as bad as its worst sample. */
enum history_state {
	HISTORY_DOWN,
	HISTORY_DEGRADED,
	HISTORY_NEVER,
	HISTORY_IDLE,
	HISTORY_UP,
	HISTORY_STATES,
};

/* HISTORY_STATES: none of that name. */
enum history_state history_state_of(const char *name);
const char *history_state_name(enum history_state state);

#define HISTORY_NONE (-1) /* in the place of a value that is not known */

struct history_values {
	int64_t rx, tx;	       /* bytes a second */
	int64_t latency_us;    /* mean */
	int64_t loss_permyria; /* parts in 10,000 */
	int64_t prefixes;
	enum history_state state;
};

struct history_sample {
	const char *interface, *peer;
	struct history_values values;
};

struct history_point {
	int64_t time;
	struct history_values values;
};

struct history_store;

/* NULL with the reason. A file that is damaged is put aside as PATH.damaged, which is said in
 * the log, and a new one is made. */
struct history_store *history_store_open(const char *path, char *error, size_t size);
void history_store_close(struct history_store *store); /* NULL is fine */

/* 0, or -EIO: it says in the log what is wrong, once as long as it stays so. Nothing of this
 * sample is kept then, and the next one may be. */
int history_store_put(struct history_store *store, int64_t now,
		      const struct history_sample *samples, size_t n);

/* A tunnel's points of the last SPAN seconds, of the finest tier that has so many. */
struct history_walk {
	int64_t tunnel;
	unsigned tier;
	int64_t step_s;
	int64_t time, end; /* of the row that is next; behind the last one */
};
/* -ENOENT: nothing is known of this tunnel. -EIO: the file cannot be read. */
int history_walk_begin(struct history_store *store, const char *interface, const char *peer,
		       int64_t now, int64_t span_s, struct history_walk *walk);
/* 1: a point, or 0: nothing was kept of that time, and STEP further. -ENOENT: the end; -EIO. */
int history_walk_next(struct history_store *store, struct history_walk *walk,
		      struct history_point *point);

#endif
