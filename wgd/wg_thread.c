/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wg_thread: the thread that changes AllowedIPs, so that WireGuard is never idle while wgd looks
 * at the next batch, and wgd answers others while WireGuard works.
 *
 * Requests of all devices stand in one queue, are done in the order in which they were given, and
 * come back in that order: `given` counts what the loop handed over, `done` what the thread has
 * done. A back-end belongs to the thread as long as something of its device is under way: every
 * other verb waits for that (wg.c), but encode(), which looks at nothing that changes. The thread
 * starts with the first request, so with the privileges that are left then.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"
#include "wg.h"

TAILQ_HEAD(wg_later_list, wg_later);

static struct wg_later_list todo = TAILQ_HEAD_INITIALIZER(todo);
static struct wg_later_list ready = TAILQ_HEAD_INITIALIZER(ready); /* done, not yet taken */
static pthread_t thread;
static bool running;
static int ready_fd = -1;
static struct watch ready_watch;
static void (*ready_fn)(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of the lists */
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static uint64_t given, done;
static bool stopping;

/* --- the thread --- */

static void *work(void *arg)
{
	struct wg_later *l;

	pthread_mutex_lock(&lock);
	for (;;) {
		while (!(l = TAILQ_FIRST(&todo)) && !stopping)
			pthread_cond_wait(&moved, &lock);
		if (!l)
			break;
		TAILQ_REMOVE(&todo, l, link);
		pthread_mutex_unlock(&lock);
		l->err = l->wg->backend->change(l->wg, l->changes, l->n, &l->request);
		pthread_mutex_lock(&lock);
		TAILQ_INSERT_TAIL(&ready, l, link);
		done++;
		pthread_cond_broadcast(&moved);
		eventfd_write(ready_fd, 1);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* --- the loop --- */

static void on_ready(int fd, short what, void *arg)
{
	eventfd_t count;

	eventfd_read(fd, &count);
	ready_fn();
}

/* Signals are the loop's. */
static void start(void)
{
	sigset_t all, before;
	int err;

	ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ready_fd < 0)
		fatal("eventfd: %s", strerror(errno));
	watch_init(&ready_watch, ready_fd, EV_READ, on_ready, NULL);
	watch_on(&ready_watch);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, work, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		fatal("thread: %s", strerror(err));
	running = true;
}

void wg_thread_open(void (*fn)(void))
{
	ready_fn = fn;
}

void wg_thread_close(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	running = stopping = false;
	watch_off(&ready_watch);
	close(ready_fd);
	ready_fd = -1;
}

void wg_change_later(struct wg *wg, struct wg_later *l)
{
	if (!running)
		start();
	l->wg = wg;
	wg_encode(wg, l->changes, l->n, &l->request);
	pthread_mutex_lock(&lock);
	TAILQ_INSERT_TAIL(&todo, l, link);
	wg->under_way = ++given;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&lock);
}

void wg_wait(struct wg *wg)
{
	if (!wg->under_way)
		return;
	pthread_mutex_lock(&lock);
	while (done < wg->under_way)
		pthread_cond_wait(&moved, &lock);
	pthread_mutex_unlock(&lock);
	wg->under_way = 0;
}

struct wg_later *wg_take_done(void)
{
	struct wg_later *l;

	if (!running)
		return NULL;
	pthread_mutex_lock(&lock);
	l = TAILQ_FIRST(&ready);
	if (l)
		TAILQ_REMOVE(&ready, l, link);
	pthread_mutex_unlock(&lock);
	return l;
}
