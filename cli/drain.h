/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: asks wgd to move traffic away from tunnel peers, then watches their counters until they
 * are quiet. Keepalives, probes and BGP go on, so quiet means a low rate, not zero. Traffic that
 * has no other way stays; then the command names the prefixes.
 */
#ifndef WGBGP_CLI_DRAIN_H
#define WGBGP_CLI_DRAIN_H

struct cli_line;
struct cli_session;

/* 0 when all of them are quiet, -1 when not within the time, or after an error. They stay drained
 * in any case. */
int drain_run(struct cli_session *s, const struct cli_line *line);

#endif
