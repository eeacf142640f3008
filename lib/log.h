/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: one line per event on standard error (the journal's, under systemd).
 *
 * A line is a stable event name (log_events.h), then key=value pairs; the peer's name comes first
 * and each withdrawal carries a reason. A line that a remote can trigger goes through
 * log_limited(), with a bucket that belongs to whoever is being talked about. Private keys never
 * appear.
 */
#ifndef WGBGP_LOG_H
#define WGBGP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "util.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Sets the program name in front of each line, which must stay valid, and finds out whether the
 * journal reads them. */
void log_init(const char *name);
/* Where it does, lines are entries with fields of their own from now on (log_journal.h). The
 * journal asks /proc whose unit an entry is of: not before it is clear that this process goes on.
 */
void log_to_journal(void);
/* Each line that is written is sent to FD, too, a socket of packets: the digit of its level, its
 * time and its text (wgbgpd/log_ring.h). Does not wait. -1: to none. A line that is not written, of
 * an event of LOG_EVENTS_TOLD, is sent with LOG_NOT_WRITTEN more than its level. */
#define LOG_NOT_WRITTEN 4
void log_copy_to(int fd);
/* `system hostname`, in front of the program's name; NULL or "": none. Copied. */
void log_set_host(const char *name);
/* How a line is written: as the text above, or as an object of JSON. */
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
void log_set_format(enum log_format format);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* It is one of log_events.h. */
bool log_event_known(const char *name);
/* Of LOG_EVENTS_TOLD. */
bool log_event_told(const char *name);

#define LOG_TIME_LEN 32
/* The wall clock in UTC: 2026-11-29T06:25:00.123Z. */
const char *log_time(char out[LOG_TIME_LEN]);

/* EVENT, then FMT: key=value pairs; a value that may hold anything stands in quotes (key="%s").
 * Strings cannot break out of their field: inside of quotes " and \ get a \ in front, control
 * characters become \n or \xHH; a string right behind '=' gets quotes where it needs them. A value
 * that is one %d or %u is a number in JSON. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same whatever log_set_level() said. */
void log_always(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...)                                           \
	do {                                                            \
		if (log_enabled(LOG_LEVEL_DEBUG))                       \
			log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__); \
	} while (0)

/* A token bucket: BURST lines at once, then one a second; says how many were left out. */
struct log_bucket {
	uint64_t refilled_ms; /* monotonic */
	uint16_t spent;	      /* tokens in use */
	uint32_t suppressed;  /* lines left out since the last one written */
};
#define LOG_BUCKET_BURST 10

/* True when a line may be written now; counts it. */
bool log_bucket_take(struct log_bucket *bucket);
#define log_limited(bucket, level, event, ...)                \
	do {                                                  \
		if (log_bucket_take(bucket))                  \
			log_event(level, event, __VA_ARGS__); \
	} while (0)

#endif
