/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: asks each ten seconds how the tunnels are, and keeps it (history_store.h) for those who
 * ask (history_answers.h).
 *
 * When wgbgpd does not answer, nothing is kept of that time: a gap. When the file cannot be opened
 * or written, that is in the log and in the answers, and the rest of wgbgp-web goes on.
 */
#ifndef WGBGP_WEB_HISTORY_H
#define WGBGP_WEB_HISTORY_H

/* Opens DIR/history.db, before the process gives up its right to open files. NULL: no history. */
void history_open(const char *dir);
/* Begins to ask; behind asker_open(). */
void history_begin(void);
void history_close(void);

#endif
