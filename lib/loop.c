/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include "util.h"

uint64_t loop_moment;

static struct event_base *base;

struct event_base *loop_base(void)
{
	struct event_config *config;

	if (base)
		return base;
	config = event_config_new();
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		fatal("event_base_new failed");
	return base;
}

void loop_run(void)
{
	event_base_loop(loop_base(), EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(void)
{
	event_base_loopbreak(loop_base());
}

void loop_free(void)
{
	if (base)
		event_base_free(base);
	base = NULL;
	libevent_global_shutdown();
}

/* The loop that it was made for may have been freed, and its memory be somebody else's. */
static bool is_of_loop(bool ready, const struct event *ev)
{
	return ready && event_get_base(ev) == base;
}

static void timer_fire(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	loop_moment = 0;
	t->fn(t->arg);
}

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	*t = (struct timer){.fn = fn, .arg = arg, .ready = true};
	event_assign(&t->ev, loop_base(), -1, 0, timer_fire, t);
}

void timer_start(struct timer *t, uint64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

	ensure(is_of_loop(t->ready, &t->ev));
	event_add(&t->ev, &tv);
}

void timer_stop(struct timer *t)
{
	if (is_of_loop(t->ready, &t->ev))
		event_del(&t->ev);
}

bool timer_running(const struct timer *t)
{
	return is_of_loop(t->ready, &t->ev) && event_pending(&t->ev, EV_TIMEOUT, NULL);
}

uint64_t timer_left_ms(const struct timer *t)
{
	struct timeval due, now;

	if (!is_of_loop(t->ready, &t->ev) || !event_pending(&t->ev, EV_TIMEOUT, &due))
		return 0;
	evutil_gettimeofday(&now, NULL);
	if (evutil_timercmp(&due, &now, <))
		return 0;
	evutil_timersub(&due, &now, &due);
	return (uint64_t)due.tv_sec * 1000 + due.tv_usec / 1000;
}

static void job_fire(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;

	j->queued = false;
	loop_moment = 0;
	if (j->fn(j->arg))
		job_start(j);
}

void job_init(struct job *j, job_fn fn, void *arg)
{
	*j = (struct job){.fn = fn, .arg = arg, .ready = true};
	event_assign(&j->ev, loop_base(), -1, 0, job_fire, j);
}

void job_start(struct job *j)
{
	static const struct timeval zero;

	ensure(is_of_loop(j->ready, &j->ev));
	if (j->queued)
		return;
	j->queued = true;
	/* A zero timeout, not event_active(): descriptors that are ready get their turn in between.
	 */
	event_add(&j->ev, &zero);
}

void job_stop(struct job *j)
{
	if (is_of_loop(j->ready, &j->ev))
		event_del(&j->ev);
	j->queued = false;
}

static void watch_fire(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	loop_moment = 0;
	w->fn(fd, what, w->arg);
}

void watch_init(struct watch *w, int fd, short what, fd_fn fn, void *arg)
{
	*w = (struct watch){.fn = fn, .arg = arg, .ready = true};
	event_assign(&w->ev, loop_base(), fd, what | EV_PERSIST, watch_fire, w);
}

void watch_on(struct watch *w)
{
	ensure(is_of_loop(w->ready, &w->ev));
	if (!w->polled)
		event_add(&w->ev, NULL);
	w->on = w->polled = true;
}

void watch_try(struct watch *w)
{
	ensure(is_of_loop(w->ready, &w->ev));
	if (!w->on)
		event_active(&w->ev, EV_WRITE, 0);
	w->on = true;
}

void watch_off(struct watch *w)
{
	if (is_of_loop(w->ready, &w->ev) && w->on)
		event_del(&w->ev);
	w->on = w->polled = false;
}
