/* SPDX-License-Identifier: BSD-2-Clause */
#include "turnover.h"

#include <sys/param.h>

#define STEP_MS 100 /* in shorter steps nothing would be left of it by rounding */

bool turnover_look(struct turnover *t, uint32_t prefixes, uint64_t ms)
{
	uint64_t passed = MIN(ms - t->at_ms, TURNOVER_TABLES * TURNOVER_FORGET_MS), table;

	t->most = MAX(t->most, prefixes);
	table = MAX(t->most, TURNOVER_LEAST);
	if (passed >= STEP_MS) {
		t->sum -= MIN(t->sum, table * passed / TURNOVER_FORGET_MS);
		t->at_ms = ms;
	}
	t->sum = MIN(t->sum + t->news, table * TURNOVER_TABLES);
	t->news = 0;
	t->much = t->sum > (t->much ? table : table * TURNOVER_TABLES - 1);
	return t->much;
}
