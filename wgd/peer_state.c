/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_state.h"

#include "roster.h"

#define DEGRADED_COST 1000 /* what a degraded tunnel costs more */

enum tunnel_state peer_state(const struct peer *p)
{
	return p->drained && p->live.state != TUNNEL_DOWN ? TUNNEL_DEGRADED : p->live.state;
}

enum reason peer_reason(const struct peer *p)
{
	return p->drained && p->live.state != TUNNEL_DOWN ? REASON_DRAINING : p->live.reason;
}

uint32_t peer_cost(const struct peer *p)
{
	uint64_t cost = p->conf->cost;

	if (peer_state(p) == TUNNEL_DEGRADED)
		cost += DEGRADED_COST;
	cost += peer_state_echo_cost(p);
	return cost < UINT32_MAX ? cost : UINT32_MAX;
}

uint32_t peer_state_echo_cost(const struct peer *p)
{
	return p->echo ? p->echo->quality.cost : 0;
}
