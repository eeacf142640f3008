/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_lap.h"

#include "rib_peer.h"
#include "rib_work.h"

uint32_t rib_lap = 1;
static uint32_t last_wanted; /* below rib_lap: at rest */
static bool begun;

uint32_t rib_lap_need(void)
{
	last_wanted = rib_lap + begun;
	rib_work();
	return last_wanted;
}

void rib_lap_for(struct peer_rib *pr)
{
	pr->walk_until = rib_lap_need();
}

bool rib_lap_wanted(void)
{
	return rib_lap_pending(last_wanted);
}

void rib_lap_begin(void)
{
	begun = true;
}

void rib_lap_end(void)
{
	begun = false;
	rib_lap++;
}
