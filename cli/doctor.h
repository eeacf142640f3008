/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: looks for what is wrong, or would hurt one day, and says what to do about it.
 *
 * Checks are rows of a table (doctor_checks.c): a check gets each row of one source, which is a
 * show request of a daemon, or is called once for the machine itself. Small sources are read first
 * and kept, so that a check may look there; the tables of prefixes pass by row after row. A check
 * that finds the same thing a thousand times names the first few and counts the others.
 *
 * Errors: something does not work. Warnings: it works now, but may stop to. Notes: worth knowing,
 * nothing to do at once; they do not make the command fail.
 */
#ifndef WGBGP_CLI_DOCTOR_H
#define WGBGP_CLI_DOCTOR_H

struct cli_line;
struct cli_session;

/* 0 when nothing was found but notes, else -1. */
int doctor_run(struct cli_session *s, const struct cli_line *line);

#endif
