/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: follows one destination through every table, in the order in which a packet depends on
 * them: BGP path, RIB, next hop, kernel route, AllowedIPs, tunnel, the tunnel's endpoint. Each step
 * is a sentence with ok or fail; the first that fails is the reason in the verdict. The facts come
 * from the daemons' show requests and from the kernel's own route lookup.
 */
#ifndef WGBGP_CLI_EXPLAIN_H
#define WGBGP_CLI_EXPLAIN_H

struct cli_line;
struct cli_session;

/* 0 when the destination is reachable as far as wgbgp knows, else -1. */
int explain_run(struct cli_session *s, const struct cli_line *line);

#endif
