/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_thread: the thread that writes routes.
 *
 * Buffers stand in a ring, and are numbered as they are handed over: the loop fills the one with
 * the number `given`, the thread owns those from `written` up to it. A buffer's errors are told
 * with their cookies, which nobody looks at before the buffer counts as written.
 *
 * What the kernel needs for a route decides how long a table takes, so the thread comes before
 * those who make work for it: the parent starts zebra-lite with a nice value below its own
 * (privs.c), the thread keeps that, and the loop goes back to the parent's.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "nl_batch.h"
#include "thread.h"
#include "util.h"

enum { BUFFERS = 8 };

static struct nl_batch *buffers[BUFFERS]; /* all with the socket of the first */
static bool is_last[BUFFERS];		  /* of what was flushed: the loop waits for it */
static pthread_t thread;
static bool running;
static struct bell done_bell;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static uint32_t given, written; /* only the loop moves `given`, only the thread `written` */
static int failed;		/* errors were lost: -errno, for the loop to say */
static bool stopping;
static void (*when_failed)(void *cookie, int err);
static void (*when_written)(void);

void kernel_thread_open(void (*failed_route)(void *cookie, int err), void (*written_some)(void))
{
	when_failed = failed_route;
	when_written = written_some;
}

static void on_route_error(void *arg, void *cookie, int err)
{
	when_failed(cookie, err);
}

/* --- the thread --- */

static void *write_given(void *arg)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		bool tell;
		int err;

		while (written == given && !stopping)
			pthread_cond_wait(&moved, &lock);
		if (written == given)
			break;
		pthread_mutex_unlock(&lock);
		err = nl_batch_flush(buffers[written % BUFFERS]);
		pthread_mutex_lock(&lock);
		tell = is_last[written % BUFFERS];
		written++;
		if (err < 0)
			failed = err;
		pthread_cond_signal(&moved);
		if (tell)
			bell_ring(&done_bell);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* --- the loop --- */

static void on_written(void)
{
	int err;

	pthread_mutex_lock(&lock);
	err = failed;
	failed = 0;
	pthread_mutex_unlock(&lock);
	if (err < 0) {
		log_error("kernel-write", "error=\"%s\"", strerror(-err));
		out.resync("errors of route changes were lost");
	}
	when_written();
}

int kernel_thread_start(void)
{
	int err = bell_open(&done_bell, on_written);

	if (err < 0)
		return err;
	buffers[0] = nl_batch_new(NETLINK_ROUTE, on_route_error, NULL);
	if (!buffers[0])
		return -errno;
	for (unsigned i = 1; i < BUFFERS; i++)
		buffers[i] = nl_batch_new_beside(buffers[0], on_route_error, NULL);
	thread = thread_start(write_given, NULL);
	running = true;
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, getppid()));
	return 0;
}

void kernel_thread_stop(void)
{
	if (!done_bell.open)
		return;
	if (running) {
		pthread_mutex_lock(&lock);
		stopping = true;
		pthread_cond_signal(&moved);
		pthread_mutex_unlock(&lock);
		pthread_join(thread, NULL);
	}
	running = stopping = false;
	bell_close(&done_bell);
	for (unsigned i = BUFFERS; i-- > 0;) {
		nl_batch_free(buffers[i]);
		buffers[i] = NULL;
	}
}

uint32_t kernel_thread_portid(void)
{
	return nl_batch_portid(buffers[0]);
}

static void hand_over(bool last)
{
	pthread_mutex_lock(&lock);
	is_last[given % BUFFERS] = last;
	given++;
	pthread_cond_signal(&moved);
	while (given - written == BUFFERS) /* the next one is not free */
		pthread_cond_wait(&moved, &lock);
	pthread_mutex_unlock(&lock);
}

struct nl_batch *kernel_thread_batch(void)
{
	if (nl_batch_full(buffers[given % BUFFERS]))
		hand_over(false);
	return buffers[given % BUFFERS];
}

uint32_t kernel_thread_flush(void)
{
	hand_over(true);
	return given;
}

bool kernel_thread_done(uint32_t flush, bool wait)
{
	bool done;

	pthread_mutex_lock(&lock);
	while (wait && (int32_t)(written - flush) < 0)
		pthread_cond_wait(&moved, &lock);
	done = (int32_t)(written - flush) >= 0;
	pthread_mutex_unlock(&lock);
	return done;
}
