/* SPDX-License-Identifier: BSD-2-Clause */
/* loop: order of timers, restart and stop, jobs in pieces between which descriptors get a turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

/* Until loop_stop(), and no longer than five seconds. */
static void run(void)
{
	struct timeval tv = {.tv_sec = 5};

	event_base_loopexit(loop_base(), &tv);
	loop_run();
	assert_true(event_base_got_break(loop_base()));
}

static void test_clock(void **state)
{
	struct timespec before, after;
	uint64_t us, ms;

	clock_gettime(CLOCK_MONOTONIC, &before);
	us = now_us();
	ms = now_ms();
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(us, before.tv_sec * 1000000 + before.tv_nsec / 1000,
			after.tv_sec * 1000000 + after.tv_nsec / 1000);
	assert_in_range(ms, us / 1000, after.tv_sec * 1000 + after.tv_nsec / 1000000);
}

static void test_time_left(void **state)
{
	static const uint64_t rows[] = {100, 1000, 1900, 100999, 86400000};
	struct timer t;

	timer_init(&t, on_timer, "a");
	assert_int_equal(timer_left_ms(&t), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t left, start = now_ms(), passed;

		timer_start(&t, rows[i]);
		assert_true(timer_running(&t));
		left = timer_left_ms(&t);
		passed = now_ms() - start;
		assert_in_range(left + passed + 3, rows[i], rows[i] + passed + 6);
	}
	timer_start(&t, 1); /* it is due, and nobody looks */
	usleep(5000);
	assert_int_equal(timer_left_ms(&t), 0);
	assert_true(timer_running(&t));
	timer_stop(&t);
	assert_false(timer_running(&t));
	assert_int_equal(timer_left_ms(&t), 0);
}

static void on_writable(int fd, short what, void *arg)
{
	assert_int_equal(what, EV_WRITE);
	assert_ptr_equal(arg, order);
	strcat(order, "w");
	if (strlen(order) == 3)
		loop_stop();
}

/* Again and again while it is ready and on, not while it is off. */
static void test_watch(void **state)
{
	struct watch w, never = {0};

	order[0] = '\0';
	assert_int_equal(pipe(fds), 0);
	watch_init(&w, fds[1], EV_WRITE, on_writable, order);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	assert_string_equal(order, "");
	watch_on(&w);
	watch_on(&w);
	run();
	assert_string_equal(order, "www");
	watch_off(&w);
	watch_off(&w);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	assert_string_equal(order, "www");
	watch_on(&w);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	assert_string_equal(order, "wwww");
	watch_off(&w);
	watch_off(&never);
	close(fds[0]);
	close(fds[1]);
}

static void turn(void)
{
	event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

/* Once and soon, though the pipe is full; asked of the kernel from watch_on() on. */
static void test_try(void **state)
{
	char bytes[4096] = {0};
	struct watch w;

	order[0] = '\0';
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	while (write(fds[1], bytes, sizeof(bytes)) > 0)
		;
	watch_init(&w, fds[1], EV_WRITE, on_writable, order);
	watch_try(&w);
	watch_try(&w);
	assert_true(w.on);
	assert_string_equal(order, "");
	turn();
	assert_string_equal(order, "w");
	turn();
	assert_string_equal(order, "w");
	watch_on(&w);
	turn();
	assert_string_equal(order, "w");
	while (read(fds[0], bytes, sizeof(bytes)) > 0)
		;
	turn();
	turn();
	assert_string_equal(order, "www");
	watch_try(&w);
	watch_off(&w);
	watch_try(&w);
	watch_off(&w);
	turn();
	assert_string_equal(order, "www");
	watch_try(&w);
	turn();
	assert_string_equal(order, "wwww");
	watch_off(&w);
	close(fds[0]);
	close(fds[1]);
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
	run();
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
	run();
	assert_int_equal(steps, 1000);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	assert_int_equal(steps, 1000);
	assert_int_equal(reads_before_end, 1);
	watch_off(&watch);
	close(fds[0]);
	close(fds[1]);
}

static struct job ping, pong;

static bool on_ping(void *arg)
{
	job_start(arg);
	return false;
}

/* Nor do jobs that start one another. */
static void test_jobs_take_turns(void **state)
{
	order[0] = '\0';
	assert_int_equal(pipe(fds), 0);
	watch_init(&watch, fds[1], EV_WRITE, on_writable, order);
	watch_on(&watch);
	job_init(&ping, on_ping, &pong);
	job_init(&pong, on_ping, &ping);
	job_start(&ping);
	run();
	assert_string_equal(order, "www");
	job_stop(&ping);
	job_stop(&pong);
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
	steps = 998;
	job_start(&job);
	run();
	assert_int_equal(steps, 1000);
	job_stop(&job);
	job_stop(&(struct job){0});
}

static int end(void **state)
{
	loop_free();
	return 0;
}

/* Nothing of it is left in the memory. */
static void free_all(void *p)
{
	volatile uint8_t *at = p;

	for (size_t n = malloc_usable_size(p); n; n--)
		*at++ = 0x5a;
	free(p);
}

/* What was made for a loop that has been freed can be stopped, and is not running. */
static void test_freed(void **state)
{
	static struct timer again;

	event_set_mem_functions(malloc, realloc, free_all);
	timer_init(&timers[0], on_timer, "a");
	timer_start(&timers[0], 1);
	job_init(&job, NULL, NULL);
	job_start(&job);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	watch_init(&watch, fds[0], EV_READ, NULL, NULL);
	watch_on(&watch);
	for (int loops = 0; loops < 2; loops++) {
		loop_free();
		if (loops) {
			timer_init(&again, on_timer, "c");
			timer_start(&again, 10);
		}
		assert_false(timer_running(&timers[0]));
		assert_int_equal(timer_left_ms(&timers[0]), 0);
		timer_stop(&timers[0]);
		job_stop(&job);
		watch_off(&watch);
	}
	order[0] = '\0';
	run();
	assert_string_equal(order, "c");
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),	    cmocka_unit_test(test_time_left),
		cmocka_unit_test(test_watch),	    cmocka_unit_test(test_try),
		cmocka_unit_test(test_timers),	    cmocka_unit_test(test_job_in_pieces),
		cmocka_unit_test(test_job_stopped), cmocka_unit_test(test_jobs_take_turns),
		cmocka_unit_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
