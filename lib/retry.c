/* SPDX-License-Identifier: BSD-2-Clause */
#include "retry.h"

#include "loop.h"

uint64_t retry_delay_ms(uint64_t first, unsigned failures, uint64_t most)
{
	uint64_t ms = first;

	while (failures-- && ms < most)
		ms *= 2;
	return ms < most ? ms : most;
}

static uint64_t delay_ms(unsigned level)
{
	return retry_delay_ms(RETRY_FIRST_MS, level, RETRY_MAX_MS);
}

bool retry_failed(struct retry *r, int err)
{
	bool news = r->error != err;

	r->error = err;
	r->tried_ms = now_ms();
	if (r->kicked && r->kicks < RETRY_LEVELS)
		r->kicks++;
	r->kicked = false;
	if (r->count < RETRY_LEVELS)
		r->count++;
	return news;
}

unsigned retry_level(const struct retry *r)
{
	return r->count ? r->count - 1u : 0;
}

uint64_t retry_left_ms(const struct retry *r)
{
	uint64_t passed = now_ms() - r->tried_ms, delay = delay_ms(retry_level(r));

	if (r->kicked)
		delay = r->kicks ? delay_ms(r->kicks - 1u) : 0;
	return !r->error || passed >= delay ? 0 : delay - passed;
}

bool retry_waits(const struct retry *r)
{
	return retry_left_ms(r) > 0;
}

bool retry_kick(struct retry *r)
{
	if (!r->error)
		return false;
	if (!r->kicked && r->kicks <= retry_level(r)) /* else it would be later than it is */
		r->kicked = true;
	return !retry_waits(r);
}
