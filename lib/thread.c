/* SPDX-License-Identifier: BSD-2-Clause */
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

pthread_t thread_start(void *(*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		fatal("thread: %s", strerror(err));
	return thread;
}

uint64_t thread_work_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_ring(int fd, short what, void *arg)
{
	struct bell *b = arg;
	eventfd_t count;

	eventfd_read(fd, &count);
	b->rung();
}

int bell_open(struct bell *b, void (*rung)(void))
{
	b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->fd < 0)
		return -errno;
	b->rung = rung;
	b->open = true;
	watch_init(&b->watch, b->fd, EV_READ, on_ring, b);
	watch_on(&b->watch);
	return 0;
}

void bell_ring(const struct bell *b)
{
	eventfd_write(b->fd, 1);
}

void bell_close(struct bell *b)
{
	if (!b->open)
		return;
	watch_off(&b->watch);
	close(b->fd);
	b->open = false;
}
