/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * await: `wait tunnel PEER up`: looks at a tunnel peer again and again until it is in a state, for
 * scripts and units that need the tunnel. `up` is also a degraded one: it carries. A wgbgpd that
 * is not there, or does not know the peer, may come up or be told of it meanwhile: only the time
 * limit ends that. Where several interfaces have a peer of that name, all of them count.
 */
#ifndef WGBGP_CLI_AWAIT_H
#define WGBGP_CLI_AWAIT_H

struct cli_line;
struct cli_session;

/* 0 when it is in that state, -1 when not within the time, or when a person interrupted. */
int await_run(struct cli_session *s, const struct cli_line *line);

#endif
