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

/* From the last attempt until an event may bring the next one forward. Nothing is longer than
 * RETRY_EARN_MS: whatever is earned back meanwhile, the time is the same. */
static uint64_t kick_delay_ms(unsigned kicks)
{
	static const uint16_t delays[RETRY_KICKS + 1] = {0,	RETRY_KICK_MIN_MS, 300, 1000, 3000,
							 10000, RETRY_EARN_MS};

	return delays[kicks];
}

static uint16_t kicks_of_late(const struct retry *r)
{
	uint64_t earned = (now_ms() - r->tried_ms) / RETRY_EARN_MS;

	return earned < r->kicks ? (uint16_t)(r->kicks - earned) : 0;
}

bool retry_failed(struct retry *r, int err)
{
	bool news = r->error != err;

	r->error = err;
	r->kicks = kicks_of_late(r);
	r->tried_ms = now_ms();
	if (r->kicked && r->kicks < RETRY_KICKS)
		r->kicks++;
	else if (!r->kicked && r->count < RETRY_LEVELS)
		r->count++;
	r->kicked = false;
	return news;
}

unsigned retry_level(const struct retry *r)
{
	return r->count ? r->count - 1u : 0;
}

uint64_t retry_left_ms(const struct retry *r)
{
	uint64_t passed = now_ms() - r->tried_ms,
		 delay = r->kicked ? kick_delay_ms(r->kicks) : delay_ms(retry_level(r));

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
	if (kick_delay_ms(r->kicks) < delay_ms(retry_level(r))) /* else it would be no earlier */
		r->kicked = true;
	return !retry_waits(r);
}
