/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop: the event loop (libevent) with the few shapes that the daemons use.
 *
 * One loop per process. Timers run on the monotonic clock. A job is work that is done in bounded
 * pieces: its function does one quantum and says whether there is more; between two pieces the loop
 * serves descriptors and timers, so no table walk starves a keepalive.
 */
#ifndef WGBGP_LOOP_H
#define WGBGP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "clock.h"

/* Creates the loop at the first call. */
struct event_base *loop_base(void);
void loop_run(void);  /* until loop_stop() */
void loop_stop(void); /* after the running event */
void loop_free(void); /* for leak-free ends in tests and daemons */

/* now_us() as the callback that runs read it first: one reading for all that it does, and never
 * before what it was told of happened. */
extern uint64_t loop_moment; /* 0: not read yet */
static inline uint64_t loop_now_us(void)
{
	if (!loop_moment)
		loop_moment = now_us();
	return loop_moment;
}

typedef void (*timer_fn)(void *arg);
struct timer {
	struct event ev; /* libevent's, embedded */
	timer_fn fn;
	void *arg;
	bool ready; /* timer_init() was called */
};
void timer_init(struct timer *t, timer_fn fn, void *arg);
void timer_start(struct timer *t, uint64_t ms); /* once, from now; restarts a running one */
void timer_stop(struct timer *t); /* also fine when never initialised (all zero), or for
				   * a loop that was freed */
bool timer_running(const struct timer *t);
uint64_t timer_left_ms(const struct timer *t); /* 0 when not running */

/* One quantum of work; true: call again soon. */
typedef bool (*job_fn)(void *arg);
struct job {
	struct event ev;
	job_fn fn;
	void *arg;
	bool ready;
	bool queued;
};
void job_init(struct job *j, job_fn fn, void *arg);
void job_start(struct job *j); /* no effect when already queued */
void job_stop(struct job *j);

typedef void (*fd_fn)(int fd, short what, void *arg);
struct watch {
	struct event ev;
	fd_fn fn;
	void *arg;
	bool ready;
	bool on;
	bool polled; /* the kernel is asked; else FN is called once, soon */
};
/* WHAT is EV_READ or EV_WRITE; persistent, level-triggered; off until it is switched on. */
void watch_init(struct watch *w, int fd, short what, fd_fn fn, void *arg);
void watch_on(struct watch *w);
/* Takes FD for writable: FN is called once when the events at hand are served, without asking the
 * kernel. If FN cannot finish, it calls watch_on(); if it can, watch_off(). */
void watch_try(struct watch *w);
void watch_off(struct watch *w);

#endif
