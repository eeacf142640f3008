/* SPDX-License-Identifier: BSD-2-Clause */
/* loop: order of timers, restart and stop, jobs in pieces between which descriptors get a turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"

static char order[64];
static struct timer timers[3];
static struct job job;
static struct watch watch;
static int fds[2];
static unsigned steps, reads_before_end;

static void on_timer(void *arg)
{
	strcat(order, arg);
	if (str_eq(arg, "c"))
		loop_stop();
}

static void test_timers(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct timer never = {0};

	order[0] = '\0';
	for (int i = 0; i < 3; i++)
		timer_init(&timers[i], on_timer, (void *)names[i]);
	timer_start(&timers[2], 40);
	timer_start(&timers[0], 100000);
	assert_true(timer_left_ms(&timers[0]) > 50000);
	timer_start(&timers[0], 20); /* restarted: fires once, at the new time */
	timer_start(&timers[1], 1);
	timer_stop(&timers[1]);
	assert_false(timer_running(&timers[1]));
	assert_true(timer_running(&timers[2]));
	loop_run();
	assert_string_equal(order, "ac");
	assert_false(timer_running(&timers[0]));
	assert_int_equal(timer_left_ms(&timers[0]), 0);
	timer_stop(&never); /* never initialised: fine */
	assert_false(timer_running(&never));
}

static bool on_job(void *arg)
{
	if (++steps == 1)
		assert_int_equal(write(fds[1], "x", 1), 1);
	if (steps < 1000)
		return true;
	loop_stop();
	return false;
}

static void on_read(int fd, short what, void *arg)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	reads_before_end += steps < 1000;
}

/* A long job does not keep a descriptor waiting. */
static void test_job_in_pieces(void **state)
{
	assert_int_equal(pipe(fds), 0);
	watch_init(&watch, fds[0], EV_READ, on_read, NULL);
	watch_on(&watch);
	job_init(&job, on_job, NULL);
	job_start(&job);
	job_start(&job); /* queued already: no second one */
	loop_run();
	assert_int_equal(steps, 1000);
	assert_int_equal(reads_before_end, 1);
	watch_off(&watch);
	close(fds[0]);
	close(fds[1]);
}

static void test_job_stopped(void **state)
{
	steps = 0;
	job_init(&job, on_job, NULL);
	job_start(&job);
	job_stop(&job);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	assert_int_equal(steps, 0);
}

static int end(void **state)
{
	loop_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_job_in_pieces),
		cmocka_unit_test(test_job_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
