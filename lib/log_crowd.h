/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_crowd: lines that hundreds may cause at once, each of somebody else: tunnels that come up
 * together. The first 20 of a second are written; of the others there is one line at its end:
 *
 *   log-gathered what="tunnel-state to=up" lines=392 first="site-020 site-021 ..."
 *
 * Events for those who monitor, and what `show history` has, are each one's all the same. With the
 * level debug each line is written.
 */
#ifndef WGBGP_LOG_CROWD_H
#define WGBGP_LOG_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

#define LOG_CROWD_LINES 20
#define LOG_CROWD_MS 1000

/* Of one kind of line; static. */
struct log_crowd {
	const char *what;   /* the event, with the keys that all have */
	bool grave;	    /* they are warnings; else they are information */
	uint64_t begun_ms;  /* the second that is counted, monotonic */
	unsigned lines;	    /* written in it */
	unsigned more;	    /* left out */
	char names[300];    /* of those, as many as there is room for */
	struct timer timer; /* runs while some are left out */
};

/* True: a line about NAME may be written now. */
bool log_crowd_take(struct log_crowd *crowd, const char *name);
/* What was left out is said. */
void log_crowd_flush(struct log_crowd *crowd);

#endif
