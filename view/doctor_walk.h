/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor_walk: looks for what is wrong, or would hurt one day, and says what to do about it.
 *
 * Checks are rows of a table (doctor_checks.c): a check gets each row of one source, which is a
 * show request of a daemon, or is called once for the machine itself. Small sources are read first
 * and kept, so that a check may look there; the tables of prefixes pass by row after row. What a
 * check wants to know beside that (which way the kernel sends a packet) is asked for behind them
 * all, and then it looks again. A check that finds the same thing a thousand times names the first
 * few and counts the others.
 *
 * Errors: something does not work. Warnings: it works now, but may stop to. Notes: worth knowing,
 * nothing to do at once.
 *
 * Whoever wants it asks the questions, with its own way to the daemons; nothing is waited for here:
 *
 *	while ((request = doctor_next(d)))
 *		ask for it: doctor_take_head(), doctor_take_row() ... doctor_answered()
 *	doctor_conclude(d)
 *
 * Those that host_answer() knows are about the kernel. The flows of conntrack are read here, where
 * this process may.
 */
#ifndef WGBGP_VIEW_DOCTOR_WALK_H
#define WGBGP_VIEW_DOCTOR_WALK_H

#include <jansson.h>
#include <stddef.h>

struct doctor;

struct doctor *doctor_begin(void);
void doctor_end(struct doctor *d); /* NULL: nothing */

/* What to ask for; owned by the caller. NULL: nothing more. */
json_t *doctor_next(struct doctor *d);
/* Its answer, as it comes. */
void doctor_take_head(struct doctor *d, const json_t *head);
void doctor_take_row(struct doctor *d, const char *text, size_t len);
/* It is complete; or with ERROR there is none, which is a finding, too. */
void doctor_answered(struct doctor *d, const char *error);

/* {healthy, errors, warnings, notes, checks, findings}; owned by the caller. */
json_t *doctor_conclude(struct doctor *d);

#endif
