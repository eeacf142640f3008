/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_judge: what the rows of a plan mean: whether anything is disrupted, which consumers feel it,
 * and whether the operator's own session comes in by something that changes. Pure.
 *
 * A row is disruptive where packets or a session may be lost by it.
 */
#ifndef WGBGP_PLAN_JUDGE_H
#define WGBGP_PLAN_JUDGE_H

#include <jansson.h>

/* "nothing", "harmless" or "disruptive"; CHANGED: statements that differ. */
const char *plan_verdict(const json_t *rows, unsigned changed);
/* Consumers of both configurations whose interface has a disruptive row: {"interface", "consumer",
 * "why"} each; new references, here and below. */
json_t *plan_consumers(const json_t *rows, const json_t *before, const json_t *after);
/* FROM: the far end of the session; INTERFACE: by which packets go there. {"from", "interface",
 * "peer", "affected", "why": [...]}; the peer is that of BEFORE which has the address. */
json_t *plan_own_session(const json_t *rows, const json_t *before, const char *from,
			 const char *interface);
/* Tunnel peers that are removed, get another key ("replaced"), or whose interface goes down:
 * {"interface", "peer", "replaced"} each; without a peer all of the interface. */
json_t *plan_gone_peers(const json_t *rows);
/* Tunnel addresses of peers that are made. */
json_t *plan_new_addresses(const json_t *rows);
/* Those whose cost is another one: {"interface", "peer", "by"} each. */
json_t *plan_costs(const json_t *rows);

#endif
