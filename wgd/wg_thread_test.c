/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads of devices: in which order, for how long the loop waits for one that is busy, and
 * with what it waits no longer. The back-end and the clock are the test's; a wait with a deadline
 * ends when the test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "said.h"
#include "util.h"
#include "wg.h"

static const struct timespec *played; /* the clock; NULL: the real one */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (!played || id != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = *played;
	return 0;
}

/* --- the back-end: each change waits for the gate --- */

static sem_t gate;
static atomic_bool interrupted, patient, masked;
static int error; /* of changes */
static struct wg wg;
static struct wg_change changes[3];
static struct wg_later later[3];

static void on_encode(const struct wg *w, const struct wg_change *c, size_t n, struct wr *request)
{
	say("encode %zu, ", n);
	wr_u8(request, (uint8_t)n);
}

/* Not for ever, lest a fault hangs. */
static bool pass_gate(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	return sem_timedwait(&gate, &until) == 0;
}

static int on_change(struct wg *w, const struct wg_change *c, size_t n, struct wr *request)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	masked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD);
	patient = wg_patient;
	if (!pass_gate() || request->len != 1 || request->data[0] != n)
		return -EBADMSG;
	return interrupted ? -ENODEV : error;
}

static void on_interrupt(struct wg *w)
{
	interrupted = true;
	for (unsigned i = 0; i < ARRAY_SIZE(later); i++)
		sem_post(&gate);
}

static void on_close(struct wg *w)
{
	say("close");
}

static const struct wg_backend hasty = {.name = "hasty",
					.encode = on_encode,
					.change = on_change,
					.interrupt = on_interrupt,
					.close = on_close},
			       steady = {.name = "steady",
					 .encode = on_encode,
					 .change = on_change,
					 .close = on_close};

/* --- the loop's waits: what happens in each of them, "-" nothing until the deadline, "+" a request
 * is done, "?" a waking without a reason; the clock goes on to the next of TIMES after each --- */

static const char *waits;
static const struct timespec *times;

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   const struct timespec *until)
{
	char what = *waits;

	say("until %lld.%09ld, ", (long long)until->tv_sec, until->tv_nsec);
	if (!what)
		return ETIMEDOUT;
	waits++;
	if (what == '+') {
		sem_post(&gate);
		pthread_cond_wait(cond, mutex);
	}
	played = ++times;
	return what == '-' ? ETIMEDOUT : 0;
}

static void wait_once(const char *what, const struct timespec *when)
{
	bool all;

	waits = what;
	times = played = when;
	all = wg_wait(&wg);
	played = NULL;
	say(all ? "all" : "not all");
}

static void change(unsigned i)
{
	wr_free(&later[i].request);
	later[i] = (struct wg_later){.changes = changes, .n = i + 1};
	wg_change_later(&wg, &later[i]);
}

static struct wg_later *taken(void)
{
	struct wg_later *l;

	while (!(l = wg_take_done()))
		usleep(100);
	return l;
}

static void on_done(void)
{
}

static int begin(void **state)
{
	interrupted = patient = masked = false;
	error = 0;
	sem_init(&gate, 0, 0);
	wg_thread_open(on_done);
	wg_init(&wg, &hasty, "wgt");
	return 0;
}

static int end(void **state)
{
	played = NULL;
	wg_close(&wg);
	while (wg_take_done())
		;
	for (unsigned i = 0; i < ARRAY_SIZE(later); i++)
		wr_free(&later[i].request);
	wg_thread_close();
	loop_free();
	return 0;
}

/* A fifth of a second, on which second soever. */
static void test_deadline(void **state)
{
	static const struct {
		struct timespec now[2];
		const char *said;
	} rows[] = {
		{{{100, 0}}, "until 100.200000000, not all"},
		{{{100, 799999999}}, "until 100.999999999, not all"},
		{{{100, 800000000}}, "until 101.000000000, not all"},
		{{{7, 999999999}}, "until 8.199999999, not all"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		change(0);
		expect("encode 1, ");
		wait_once("-", rows[i].now);
		expect_at(rows[i].said, (int)i);
		/* In vain once: not again before it did something. */
		wait_once("-", rows[i].now);
		expect("not all");
		sem_post(&gate);
		assert_ptr_equal(taken(), &later[0]);
		wait_once("-", rows[i].now);
		expect("all");
	}
}

/* Whoever gets on with his work is waited for, from each piece of it on. */
static void test_goes_on(void **state)
{
	static const struct timespec clock[] = {{100, 0}, {105, 0}, {107, 0}, {109, 0}, {111, 0}};

	for (unsigned i = 0; i < 3; i++)
		change(i);
	expect("encode 1, encode 2, encode 3, ");
	wait_once("?+?-", clock);
	expect("until 100.200000000, until 100.200000000, until 107.200000000, "
	       "until 107.200000000, not all");
	assert_ptr_equal(taken(), &later[0]);
	/* It did something since it was waited for in vain. */
	sem_post(&gate);
	assert_ptr_equal(taken(), &later[1]);
	wait_once("+", clock);
	expect("until 100.200000000, all");
	assert_ptr_equal(taken(), &later[2]);
	assert_null(wg_take_done());
}

static void test_results(void **state)
{
	sigset_t mask;

	assert_true(wg_wait(&wg)); /* there is nothing */
	assert_true(wg_is_idle(&wg));
	error = -ENOMEM;
	change(0);
	change(1);
	assert_false(wg_is_idle(&wg));
	sem_post(&gate);
	assert_ptr_equal(taken(), &later[0]);
	assert_int_equal(later[0].err, -ENOMEM);
	assert_ptr_equal(later[0].wg, &wg);
	assert_null(wg_take_done());
	wg_interrupt(&wg);
	assert_ptr_equal(taken(), &later[1]);
	assert_int_equal(later[1].err, -ENODEV);
	assert_true(wg_is_idle(&wg));
	/* It waits as long as it takes, and signals are not its own. */
	assert_true(patient);
	assert_true(masked);
	assert_false(wg_patient);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM));
}

/* Who is never busy for long is waited for to the end; closing ends what is under way. */
static void test_steady(void **state)
{
	wg_init(&wg, &steady, "wgt");
	for (unsigned i = 0; i < 3; i++) {
		change(i);
		sem_post(&gate);
	}
	said[0] = '\0';
	wait_once("-", &(struct timespec){100, 0});
	expect("all");
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(wg_take_done(), &later[i]);
	wg_init(&wg, &hasty, "wgt");
	change(0);
	expect("encode 1, ");
	wg_close(&wg);
	expect("close");
	assert_ptr_equal(wg_take_done(), &later[0]);
	assert_int_equal(later[0].err, -ENODEV);
	assert_null(wg.worker);
	wg_interrupt(&wg); /* nothing is there to wait for */
	assert_true(wg_wait(&wg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deadline, begin, end),
		cmocka_unit_test_setup_teardown(test_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(test_results, begin, end),
		cmocka_unit_test_setup_teardown(test_steady, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
