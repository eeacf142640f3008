/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop_fake.h"

#include <string.h>

#include "util.h"

enum { SLOTS = 64 };

/* What runs at a time: one of the two. Those of one time run in the order of their starts. */
static struct slot {
	struct timer *timer;
	struct job *job;
	uint64_t due_us, number;
} slots[SLOTS];

uint64_t loop_moment;

static uint64_t clock_us = 1000000000, started;

unsigned long loop_fake_looks;

uint64_t now_us(void)
{
	loop_fake_looks++;
	return clock_us;
}

uint64_t now_ms(void)
{
	return now_us() / 1000;
}

void loop_fake_pass(uint64_t us)
{
	clock_us += us;
	loop_moment = 0;
}

static struct slot *slot_of(const struct timer *t, const struct job *j)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i].timer == t && slots[i].job == j)
			return &slots[i];
	return NULL;
}

static void put(struct timer *t, struct job *j, uint64_t due_us)
{
	struct slot *s = slot_of(t, j);

	if (!s)
		s = slot_of(NULL, NULL);
	ensure(s);
	*s = (struct slot){t, j, due_us, ++started};
}

static void take_out(const struct timer *t, const struct job *j)
{
	struct slot *s = slot_of(t, j);

	if (s)
		*s = (struct slot){0};
}

static bool before(const struct slot *a, const struct slot *b)
{
	if (!a->job != !b->job)
		return !a->job;
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void fire(struct slot *s)
{
	struct timer *t = s->timer;
	struct job *j = s->job;

	*s = (struct slot){0};
	if (t) {
		t->fn(t->arg);
		return;
	}
	j->queued = false;
	if (j->fn(j->arg))
		job_start(j);
}

/* What is started meanwhile has its turn at the next one. */
void loop_fake_turn(void)
{
	uint64_t last = started;
	struct slot *next;

	do {
		next = NULL;
		for (unsigned i = 0; i < SLOTS; i++) {
			struct slot *s = &slots[i];

			if ((s->timer || s->job) && s->due_us <= clock_us && s->number <= last &&
			    (!next || before(s, next)))
				next = s;
		}
		if (next)
			fire(next);
	} while (next);
}

bool loop_fake_rests(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if ((slots[i].timer || slots[i].job) && slots[i].due_us <= clock_us)
			return false;
	return true;
}

void loop_free(void)
{
	memset(slots, 0, sizeof(slots));
}

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg, .ready = true};
}

void timer_start(struct timer *t, uint64_t ms)
{
	ensure(t->ready);
	put(t, NULL, clock_us + ms * 1000);
}

void timer_stop(struct timer *t)
{
	take_out(t, NULL);
}

bool timer_running(const struct timer *t)
{
	return t->ready && slot_of(t, NULL);
}

uint64_t timer_left_ms(const struct timer *t)
{
	const struct slot *s = timer_running(t) ? slot_of(t, NULL) : NULL;

	return s && s->due_us > clock_us ? (s->due_us - clock_us) / 1000 : 0;
}

void job_init(struct job *j, job_fn fn, void *arg)
{
	*j = (struct job){.fn = fn, .arg = arg, .ready = true};
}

void job_start(struct job *j)
{
	ensure(j->ready);
	if (!j->queued)
		put(NULL, j, clock_us);
	j->queued = true;
}

void job_stop(struct job *j)
{
	take_out(NULL, j);
	j->queued = false;
}

/* --- what needs a real loop --- */

struct event_base *loop_base(void)
{
	fatal("there is no libevent here");
}

void loop_run(void)
{
	fatal("the clock stands: loop_fake_turn()");
}

void loop_stop(void)
{
}

void watch_init(struct watch *w, int fd, short what, fd_fn fn, void *arg)
{
	*w = (struct watch){.fn = fn, .arg = arg, .ready = true};
}

void watch_on(struct watch *w)
{
	fatal("no descriptor is watched here");
}

void watch_try(struct watch *w)
{
	watch_on(w);
}

void watch_off(struct watch *w)
{
	w->on = false;
}
