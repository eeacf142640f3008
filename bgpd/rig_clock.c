/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loop.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

static uint64_t clock_ms = 1000000;
static struct running {
	struct timer *timer;
	uint64_t due_ms;
} slots[256];

uint64_t __wrap_now_ms(void);
uint64_t __wrap_now_us(void);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_stop(struct timer *t);
bool __wrap_timer_running(const struct timer *t);
uint64_t __wrap_timer_left_ms(const struct timer *t);

uint64_t __wrap_now_ms(void)
{
	return clock_ms;
}

uint64_t __wrap_now_us(void)
{
	return clock_ms * 1000;
}

static struct running *slot_of(const struct timer *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++)
		if (slots[i].timer == t)
			return &slots[i];
	return NULL;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	struct running *r = slot_of(t);

	assert_true(t->ready);
	if (!r)
		r = slot_of(NULL);
	assert_non_null(r);
	*r = (struct running){t, clock_ms + ms};
}

void __wrap_timer_stop(struct timer *t)
{
	struct running *r = slot_of(t);

	if (r)
		r->timer = NULL;
}

bool __wrap_timer_running(const struct timer *t)
{
	return slot_of(t) != NULL;
}

uint64_t __wrap_timer_left_ms(const struct timer *t)
{
	const struct running *r = slot_of(t);

	return r && r->due_ms > clock_ms ? r->due_ms - clock_ms : 0;
}

static struct running *first_due(uint64_t by)
{
	struct running *first = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++)
		if (slots[i].timer && slots[i].due_ms <= by &&
		    (!first || slots[i].due_ms < first->due_ms))
			first = &slots[i];
	return first;
}

void rig_pass(uint64_t ms)
{
	uint64_t end = clock_ms + ms;
	struct running *r;

	while ((r = first_due(end))) {
		struct timer *t = r->timer;

		clock_ms = r->due_ms > clock_ms ? r->due_ms : clock_ms;
		r->timer = NULL;
		t->fn(t->arg);
		for (int i = 0; i < 5; i++)
			rig_turn();
	}
	clock_ms = end;
	for (int i = 0; i < 5; i++)
		rig_turn();
}

void rig_clock_reset(void)
{
	memset(slots, 0, sizeof(slots));
}
