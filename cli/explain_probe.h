/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_probe: echo requests that show how far a packet comes. All at once, of a few kinds:
 *
 *	answer	to the destination
 *	peer	to the tunnel peer's own address
 *	tunnel	the same with our address of the tunnel as their source
 *	hop	to the destination, but the first router behind this one ends their way
 *	whole	to the destination, as large as the way's MTU and never fragmented
 *	fits	the same as large as was said to fit, else of 1280 bytes; behind the others
 *
 * Where the source is behind this machine they are not packets of this machine: rules for these do
 * not meet their answers, nor, where the way is a tunnel, the requests, which have the very source.
 *
 * They are facts then: "probe" has a member for each: sent, answered, said, by, mtu, refused, size,
 * and in: the interface that the answer to such a packet came in by.
 */
#ifndef WGBGP_CLI_EXPLAIN_PROBE_H
#define WGBGP_CLI_EXPLAIN_PROBE_H

#include <stdbool.h>

struct cli_session;
struct explain;

#define PROBE_WHY_MAX 256

/* Takes up to five seconds. False with WHY: interrupted, or no right to do so. */
bool explain_probe(struct cli_session *s, struct explain *e, char why[PROBE_WHY_MAX]);

#endif
