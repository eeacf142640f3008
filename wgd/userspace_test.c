/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A userspace program that does not answer, answers a byte at a time, never ends, or goes away: the
 * back-end asks, waits a moment, and knows when it does not know. The program is a thread here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "util.h"
#include "wg.h"

enum mode { ANSWER, HANG, DRIP, FLOOD, REFUSE, HANG_UP, SLOW };

static atomic_int mode, asked, answered;
static atomic_bool stop;
static char dir[] = "/tmp/wgbgp-uapi-XXXXXX", path[64];
static int listener;
static pthread_t program;
static struct wg *wg;
static const uint8_t key[WG_KEY_BYTES] = {1, 2, 3};

static const char answer_text[] =
	"listen_port=51820\n"
	"public_key=0102030000000000000000000000000000000000000000000000000000000000\n"
	"allowed_ip=10.1.0.0/16\nerrno=0\n\n";

/* --- the program --- */

static atomic_int hung; /* ms */

static void nap(void)
{
	usleep(1000);
	if (++hung > 3000)
		mode = ANSWER; /* a test that waits for ever fails, instead */
}

static void drip(int fd)
{
	for (size_t i = 0; i < strlen(answer_text) && !stop; i++) {
		if (mode == ANSWER) { /* it is well again: the rest at once */
			send(fd, answer_text + i, strlen(answer_text) - i, MSG_NOSIGNAL);
			return;
		}
		send(fd, answer_text + i, 1, MSG_NOSIGNAL);
		for (int k = 0; k < 100 && !stop && mode == DRIP; k++)
			nap();
	}
}

static void flood(int fd)
{
	static char line[65536];

	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = "allowed_ip=10.0.0.0/8\n"[i % 22];
	while (!stop && send(fd, line, sizeof(line), MSG_NOSIGNAL) > 0)
		;
}

/* A long answer, which comes in over half a second. */
static void slow(int fd)
{
	static const char line[] = "allowed_ip=10.1.0.0/16\n";
	static char lines[2000 * (sizeof(line) - 1)];

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = line[i % (sizeof(line) - 1)];
	send(fd, answer_text, strstr(answer_text, "allowed_ip") - answer_text, MSG_NOSIGNAL);
	for (int i = 0; i < 25 && !stop; i++) {
		for (int k = 0; k < 20; k++)
			nap();
		send(fd, lines, sizeof(lines), MSG_NOSIGNAL);
	}
	send(fd, "errno=0\n\n", 9, MSG_NOSIGNAL);
}

static void answer(int fd, bool set)
{
	while (mode == HANG && !stop)
		nap();
	if (mode == HANG_UP)
		return;
	if (mode == DRIP)
		drip(fd);
	else if (mode == FLOOD)
		flood(fd);
	else if (mode == SLOW)
		slow(fd);
	else if (set)
		send(fd, mode == REFUSE ? "errno=-12\n\n" : "errno=0\n\n",
		     mode == REFUSE ? 11 : 9, MSG_NOSIGNAL);
	else
		send(fd, answer_text, strlen(answer_text), MSG_NOSIGNAL);
	answered++;
}

/* Requests end with an empty line. */
static void serve(int fd)
{
	char last = 0, buf[4096];
	bool set = false, first = true;

	while (!stop) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (mode == HANG) {
			nap();
			continue;
		}
		if (poll(&p, 1, 10) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf), 0);
		if (n <= 0 || mode == HANG_UP)
			break;
		for (ssize_t i = 0; i < n && mode != HANG_UP; i++) {
			if (first)
				set = buf[i] == 's';
			first = buf[i] == '\n' && last == '\n';
			last = first ? 0 : buf[i];
			if (first) {
				asked++;
				answer(fd, set);
			}
		}
		if (mode == HANG_UP)
			break;
	}
	close(fd);
}

static void *run(void *arg)
{
	while (!stop) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		int fd = poll(&p, 1, 10) > 0 ? accept(listener, NULL, NULL) : -1;

		if (fd >= 0)
			serve(fd);
	}
	return NULL;
}

/* --- the tests --- */

static struct wg_later later;
static struct wg_change changes[20000];
static bool told;

static void on_done(void)
{
	told = true;
}

static int setup(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	mode = ANSWER;
	stop = false;
	asked = answered = hung = 0;
	told = false;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(pthread_create(&program, NULL, run, NULL), 0);
	wg_thread_open(on_done);
	assert_int_equal(wg_userspace_open("wgt", &wg), 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		changes[i] = (struct wg_change){.key = key};
		changes[i].prefix = (struct prefix){
			.family = AF_INET, .len = 32, .b = {10, 1, i >> 8 & 255, i & 255}};
	}
	return 0;
}

static int teardown(void **state)
{
	if (wg) {
		wg_interrupt(wg);
		while (wg_take_done())
			;
		wg_close(wg);
	}
	wg = NULL;
	stop = true;
	pthread_join(program, NULL);
	close(listener);
	unlink(path);
	wg_thread_close();
	loop_free();
	return 0;
}

static int get_rows(void)
{
	struct wg_dump dump;
	int err = wg_get(wg, true, &dump);

	wg_dump_free(&dump);
	return err;
}

static int get(void)
{
	struct wg_dump dump;
	int err = wg_get(wg, true, &dump);

	if (err == 0) {
		assert_int_equal(dump.n_peers, 1);
		assert_int_equal(dump.n_entries, 1);
		wg_dump_free(&dump);
	}
	return err;
}

/* Until the program is well again. */
static int get_at_last(void)
{
	int err = get();

	for (int i = 0; i < 1000 && err == -ETIMEDOUT; i++) {
		usleep(5000);
		err = get();
	}
	return err;
}

static void begin_change(size_t n)
{
	later = (struct wg_later){.changes = changes, .n = n};
	wg_change_later(wg, &later);
}

static struct wg_later *end_change(void)
{
	struct wg_later *l = NULL;

	for (int i = 0; i < 2000 && !(l = wg_take_done()); i++)
		usleep(5000);
	return l;
}

static void test_answers(void **state)
{
	assert_int_equal(get(), 0);
	begin_change(100);
	assert_ptr_equal(end_change(), &later);
	assert_int_equal(later.err, 0);
	assert_int_equal(get(), 0);
	mode = REFUSE;
	begin_change(100);
	assert_non_null(end_change());
	assert_int_equal(later.err, -ENOMEM); /* its own word is a verdict */
}

/* The loop is told of what was done; so it is when all devices were closed once. */
static void test_told(void **state)
{
	for (int i = 0; i < 2; i++) {
		told = false;
		begin_change(10);
		for (int n = 0; n < 2000 && !told; n++) {
			event_base_loop(loop_base(), EVLOOP_NONBLOCK);
			usleep(1000);
		}
		assert_true(told);
		assert_ptr_equal(wg_take_done(), &later);
		if (i > 0)
			break;
		wg_close(wg);
		wg_thread_close();
		assert_int_equal(wg_userspace_open("wgt", &wg), 0);
	}
}

/* Silence is not. */
static void test_hangs(void **state)
{
	assert_int_equal(get(), 0);
	mode = HANG;
	for (int i = 0; i < 20; i++)
		assert_int_equal(get(), -ETIMEDOUT);
	mode = ANSWER;
	assert_int_equal(get_at_last(), 0);
	assert_int_equal(asked, 2); /* it was asked once, not each time */
}

static void test_change_waits(void **state)
{
	mode = HANG;
	begin_change(ARRAY_SIZE(changes)); /* more than the socket takes */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(get(), -ETIMEDOUT); /* the loop goes on meanwhile */
		assert_null(wg_take_done());
	}
	mode = ANSWER;
	assert_ptr_equal(end_change(), &later);
	assert_int_equal(later.err, 0);
	assert_int_equal(asked, 1);
	assert_int_equal(get_at_last(), 0);
}

/* The loop's own, which is sent in part only. */
static void test_change_of_loop(void **state)
{
	assert_int_equal(get(), 0);
	mode = HANG;
	assert_int_equal(wg_change(wg, changes, ARRAY_SIZE(changes)), -ETIMEDOUT);
	assert_int_equal(get(), -ETIMEDOUT);
	mode = ANSWER;
	assert_int_equal(get_at_last(), 0);
	assert_int_equal(asked, 3);
}

static void test_drips(void **state)
{
	mode = DRIP;
	for (int i = 0; i < 5; i++)
		assert_int_equal(get(), -ETIMEDOUT);
	mode = ANSWER;
	assert_int_equal(get_at_last(), 0);
}

/* One that goes on with its answer is given the time for it; the machine may be busy now and
 * then. */
static void test_slow(void **state)
{
	int err = -ETIMEDOUT;

	for (int i = 0; i < 10 && err; i++) {
		mode = SLOW;
		err = get_rows();
		mode = ANSWER;
		while (err && get_rows() == -ETIMEDOUT)
			usleep(5000);
	}
	assert_int_equal(err, 0);
}

static void test_floods(void **state)
{
	mode = FLOOD;
	assert_int_equal(get(), -EMSGSIZE);
	mode = ANSWER;
	assert_int_equal(get_at_last(), 0);
}

static void test_goes_away(void **state)
{
	mode = HANG;
	begin_change(10);
	assert_false(wg_wait(wg));
	unlink(path); /* there will not be another one */
	mode = HANG_UP;
	assert_ptr_equal(end_change(), &later);
	assert_int_equal(later.err, -ENODEV);
	assert_int_equal(get(), -ENODEV);
}

/* One that hangs is closed at once. */
static void test_interrupted(void **state)
{
	mode = HANG;
	begin_change(10);
	assert_false(wg_wait(wg));
	wg_interrupt(wg);
	assert_ptr_equal(wg_take_done(), &later);
	assert_int_equal(later.err, -ENODEV);
}

static void *recover(void *arg)
{
	usleep(20000);
	mode = ANSWER;
	return NULL;
}

/* One that answers in a moment is waited for; the machine may be busy now and then. */
static void test_waited_for(void **state)
{
	bool all = false;

	for (int i = 0; i < 20 && !all; i++) {
		pthread_t thread;

		mode = HANG;
		begin_change(10);
		assert_int_equal(pthread_create(&thread, NULL, recover, NULL), 0);
		all = wg_wait(wg);
		pthread_join(thread, NULL);
		assert_ptr_equal(end_change(), &later);
	}
	assert_true(all);
}

/* What was under way when it is closed has not been done, even where an answer would come. */
static void test_closed(void **state)
{
	mode = HANG;
	begin_change(10);
	assert_false(wg_wait(wg));
	wg_close(wg);
	wg = NULL;
	assert_ptr_equal(wg_take_done(), &later);
	assert_int_equal(later.err, -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_of_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drips, setup, teardown),
		cmocka_unit_test_setup_teardown(test_floods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waited_for, setup, teardown),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	wg_userspace_dir = dir;
	snprintf(path, sizeof(path), "%s/wgt.sock", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
