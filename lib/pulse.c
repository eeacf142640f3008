/* SPDX-License-Identifier: BSD-2-Clause */
#include "pulse.h"

#define LATE_MS (2 * PULSE_TICK_MS)

void pulse_start(struct pulse *p, uint64_t now_ms)
{
	*p = (struct pulse){.last_ms = now_ms};
}

bool pulse_tick(struct pulse *p, uint64_t now_ms)
{
	uint64_t passed = now_ms - p->last_ms;

	p->last_ms = now_ms;
	if (p->asked) {
		p->silent_ms += passed < LATE_MS ? passed : PULSE_TICK_MS;
		return false;
	}
	p->asked = true;
	return true;
}

void pulse_heard(struct pulse *p)
{
	p->asked = false;
	p->silent_ms = 0;
}
