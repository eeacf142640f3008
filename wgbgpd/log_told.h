/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_told: lines of the log that are events for those who monitor, too: what a daemon says in its
 * log need not be said once more (LOG_EVENTS_TOLD in lib/log_events.h).
 *
 *   log_ring ── a line ──► an object with the line's keys ──► request_tell()
 *
 * Some come in crowds (a hundred routes put back). One of these is told at once; those of the same
 * name that follow within a while become one event at its end: the last one, with `more`: how many
 * others there were.
 */
#ifndef WGBGP_LOG_TOLD_H
#define WGBGP_LOG_TOLD_H

void log_told_open(void);
void log_told_close(void);

#endif
