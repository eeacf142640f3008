/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wg_thread: the threads that change AllowedIPs, one a device, so that WireGuard is never idle
 * while wgd looks at the next batch, and wgd answers others while WireGuard works.
 *
 * Requests of a device stand in its queue and are done in the order in which they were given:
 * `given` counts what the loop handed over, `done` what the thread has done. A program that does
 * not answer keeps its thread, and nobody else. A back-end belongs to the thread as long as
 * something of its device is under way: every other verb waits for that, for a short time, and
 * gives up as long as it lasts (wg.c); but for encode(), which looks at nothing that changes. A
 * thread starts with the first request, so with the privileges that are left then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"
#include "util.h"
#include "wg.h"

#define WAIT_MS 200 /* for a thread that is busy; they rarely are for so long */

_Thread_local bool wg_patient;

TAILQ_HEAD(wg_later_list, wg_later);

struct wg_worker {
	struct wg *wg;
	pthread_t thread;
	pthread_cond_t moved;
	struct wg_later_list todo;
	uint64_t given, done;
	bool stopping;
	bool waited; /* in vain, since it last did something */
};

static struct wg_later_list ready = TAILQ_HEAD_INITIALIZER(ready); /* done, not yet taken */
static struct bell ready_bell;
static void (*ready_fn)(void);

static pthread_mutex_t lock = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP; /* of workers and `ready` */

static void workers_lock(void)
{
	ensure(pthread_mutex_lock(&lock) == 0);
}

static void workers_unlock(void)
{
	ensure(pthread_mutex_unlock(&lock) == 0);
}

/* --- the thread --- */

static void *work(void *arg)
{
	struct wg_worker *w = arg;
	struct wg_later *l;

	wg_patient = true;
	workers_lock();
	for (;;) {
		while (!(l = TAILQ_FIRST(&w->todo)) && !w->stopping)
			pthread_cond_wait(&w->moved, &lock);
		if (!l)
			break;
		TAILQ_REMOVE(&w->todo, l, link);
		workers_unlock();
		l->err = w->wg->backend->change(w->wg, l->changes, l->n, &l->request);
		workers_lock();
		TAILQ_INSERT_TAIL(&ready, l, link);
		w->done++;
		w->waited = false;
		pthread_cond_broadcast(&w->moved);
		bell_ring(&ready_bell);
	}
	workers_unlock();
	return NULL;
}

/* --- the loop --- */

static void wg_thread_start(struct wg *wg)
{
	struct wg_worker *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int err = ready_bell.open ? 0 : bell_open(&ready_bell, ready_fn);

	if (err < 0)
		fatal("eventfd: %s", strerror(-err));
	w->wg = wg;
	TAILQ_INIT(&w->todo);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->moved, &attr);
	pthread_condattr_destroy(&attr);
	wg->worker = w;
	w->thread = thread_start(work, w);
}

void wg_thread_open(void (*fn)(void))
{
	ready_fn = fn;
}

void wg_thread_close(void)
{
	bell_close(&ready_bell);
}

void wg_thread_end(struct wg *wg)
{
	struct wg_worker *w = wg->worker;

	if (!w)
		return;
	wg_interrupt(wg);
	workers_lock();
	w->stopping = true;
	pthread_cond_broadcast(&w->moved);
	workers_unlock();
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->moved);
	free(w);
	wg->worker = NULL;
}

void wg_change_later(struct wg *wg, struct wg_later *l)
{
	struct wg_worker *w;

	if (!wg->worker)
		wg_thread_start(wg);
	w = wg->worker;
	l->wg = wg;
	wg->writes++;
	wg_encode(wg, l->changes, l->n, &l->request);
	workers_lock();
	TAILQ_INSERT_TAIL(&w->todo, l, link);
	w->given++;
	pthread_cond_broadcast(&w->moved);
	workers_unlock();
}

static void deadline(struct timespec *at)
{
	clock_gettime(CLOCK_MONOTONIC, at);
	at->tv_nsec += WAIT_MS * 1000000;
	at->tv_sec += at->tv_nsec / 1000000000;
	at->tv_nsec %= 1000000000;
}

/* As long as it gets on with its work. */
static void wait_a_moment(struct wg_worker *w)
{
	struct timespec until;
	uint64_t done = w->done;

	deadline(&until);
	while (w->done < w->given) {
		if (pthread_cond_timedwait(&w->moved, &lock, &until) == ETIMEDOUT)
			break;
		if (w->done != done)
			deadline(&until);
		done = w->done;
	}
}

static void wait_for_all(struct wg_worker *w)
{
	while (w->done < w->given)
		pthread_cond_wait(&w->moved, &lock);
}

bool wg_is_idle(struct wg *wg)
{
	struct wg_worker *w = wg->worker;
	bool idle;

	if (!w)
		return true;
	workers_lock();
	idle = w->done == w->given;
	workers_unlock();
	return idle;
}

bool wg_wait(struct wg *wg)
{
	struct wg_worker *w = wg->worker;
	bool all;

	if (!w)
		return true;
	workers_lock();
	if (!wg->backend->interrupt)
		wait_for_all(w);
	else if (!w->waited)
		wait_a_moment(w);
	all = w->done == w->given;
	w->waited = !all;
	workers_unlock();
	return all;
}

void wg_interrupt(struct wg *wg)
{
	if (wg->backend->interrupt)
		wg->backend->interrupt(wg);
	if (!wg->worker)
		return;
	workers_lock();
	wait_for_all(wg->worker);
	workers_unlock();
}

struct wg_later *wg_take_done(void)
{
	struct wg_later *l;

	workers_lock();
	l = TAILQ_FIRST(&ready);
	if (l)
		TAILQ_REMOVE(&ready, l, link);
	workers_unlock();
	return l;
}
