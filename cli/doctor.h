/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor: asks what doctor_walk.h wants to know, and writes what it found; notes do not make the
 * command fail. */
#ifndef WGBGP_CLI_DOCTOR_H
#define WGBGP_CLI_DOCTOR_H

struct cli_line;
struct cli_session;

/* 0 when nothing was found but notes, else -1. */
int doctor_run(struct cli_session *s, const struct cli_line *line);

#endif
