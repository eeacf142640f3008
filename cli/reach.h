/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reach: `ping` and `traceroute`: the system's programs, by the way that wgbgp's packets take.
 *
 * A tunnel peer's name is its first tunnel address, by its interface. In a plane besides the main
 * one the route of that plane says by which interface, which its rules look at.
 */
#ifndef WGBGP_CLI_REACH_H
#define WGBGP_CLI_REACH_H

#include "session.h"

int reach_ping(struct cli_session *s, const struct cli_line *line);
int reach_trace(struct cli_session *s, const struct cli_line *line);

#endif
