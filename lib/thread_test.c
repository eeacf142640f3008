/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread: signals stay with the loop, and a bell that is rung more than once is heard at least
 * once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "thread.h"

#define RINGS 1000

static struct bell bell;
static unsigned heard;
static bool blocked;

static void on_ring(void)
{
	heard++;
	loop_stop();
}

static void *ring(void *arg)
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	blocked = sigismember(&now, SIGTERM) && sigismember(&now, SIGCHLD);
	for (unsigned i = 0; i < RINGS; i++)
		bell_ring(arg);
	return NULL;
}

static void test_ring(void **state)
{
	sigset_t before = {{0}}, after = {{0}};
	pthread_t thread;

	assert_int_equal(bell_open(&bell, on_ring), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	thread = thread_start(ring, &bell);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	loop_run();
	pthread_join(thread, NULL);
	assert_true(blocked);
	assert_in_range(heard, 1, RINGS);
	bell_close(&bell);
	bell_close(&bell);
	assert_false(bell.open);
	loop_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ring)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
