/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_journal: a line of the log as an entry of systemd's journal, with fields of its own:
 *
 *   MESSAGE PRIORITY SYSLOG_IDENTIFIER   as everywhere in the journal
 *   WGBGP_EVENT                          the event
 *   WGBGP_HOST                           `system hostname`, if there is one
 *   WGBGP_PEER, WGBGP_INTERFACE, ...     each key of the line
 *
 * By the journal's datagram protocol and not by libsystemd, which opens its socket with the first
 * entry (in its sandbox a daemon cannot), waits where the journal is busy, and does not say where
 * nobody listens: then the caller writes to standard error.
 */
#ifndef WGBGP_LOG_JOURNAL_H
#define WGBGP_LOG_JOURNAL_H

#include <stdbool.h>

#include "log_line.h"

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Standard error is the journal's, as systemd says in the environment. */
bool log_journal_reads(void);
/* The socket, from then on. Before a sandbox, which lets through what is sent by it. */
bool log_journal_open(const char *path);
void log_journal_close(void);
/* MESSAGE, and what L has. False: it did not get there. Does not wait. */
bool log_journal_send(int priority, const char *identifier, const char *host,
		      const struct log_line *l, const char *message);

#endif
