/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_ring: the last lines of the log, of the parent and of each daemon, for `show logging`. They
 * are here also where no journal is, and those of a daemon that ended stay.
 *
 *   log_event() ─► standard error or the journal
 *        └──────► a socket ─► here
 *
 * A writer does not wait: what does not fit into its socket is lost here, not in the log. Each has
 * a ring of its own, so one that says much takes nothing from the others; and what a daemon sends
 * is taken for its own, whatever it says. The parent reads its own socket, too.
 */
#ifndef WGBGP_LOG_RING_H
#define WGBGP_LOG_RING_H

#include <jansson.h>

#include "messages.h"

#define LOG_RING_PARENT DAEMON_COUNT
#define LOG_RING_SOURCES (DAEMON_COUNT + 1)
#define LOG_RING_LINES 1000
#define LOG_RING_BYTES (192 * 1024) /* of a source's lines */

/* Called with each line that comes, also with those that the level of the log left out, which are
 * not kept: the event and its fields. One for all; NULL: none. */
typedef void (*log_ring_line_fn)(unsigned source, const char *line);
void log_ring_watch(log_ring_line_fn fn);

/* A new socket for the lines of SOURCE; the returned end is the writer's, and the caller's to
 * close. What came by the old one is taken first. Negative errno. */
int log_ring_open(unsigned source);
void log_ring_free(void);

struct log_filter {
	const char *event; /* NULL: any; so all of these */
	const char *peer;  /* or neighbor, or interface */
	int level;	   /* this one and graver ones; enum log_level */
	unsigned count;	   /* of the last lines that fit */
};

/* Calls FN for each line that fits, oldest first, with an object that becomes FN's. */
typedef void (*log_ring_fn)(void *arg, json_t *row);
void log_ring_each(const struct log_filter *filter, log_ring_fn fn, void *arg);

#endif
