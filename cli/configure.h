/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure: the mode in which an operator edits a candidate of the configuration: lines are
 * commands of configure_verbs.h until `exit`. The candidate is this process's own.
 */
#ifndef WGBGP_CLI_CONFIGURE_H
#define WGBGP_CLI_CONFIGURE_H

#include "session.h"

/* The commands `configure`, `configure exclusive`, `configure terminal`. */
int configure_run(struct cli_session *s, const struct cli_line *line);

#endif
