/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hasty: wgbgpd in whose process the time runs WGBGP_HASTE (8) times as fast, for tests of what it
 * waits for: daemons that hang, back-offs, a lock that somebody holds. On a machine that is too
 * slow for that, WGBGP_HASTE=1 makes it wgbgpd. The linker puts these in the place of loop.c's.
 */
#include <stdlib.h>

#include "loop.h"

uint64_t __real_now_us(void);
uint64_t __wrap_now_us(void);
uint64_t __wrap_now_ms(void);
void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

static uint64_t haste(void)
{
	const char *text = getenv("WGBGP_HASTE");

	return text && *text ? strtoul(text, NULL, 10) : 8;
}

uint64_t __wrap_now_us(void)
{
	return __real_now_us() * haste();
}

uint64_t __wrap_now_ms(void)
{
	return __wrap_now_us() / 1000;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, ms / haste());
}
