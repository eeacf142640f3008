/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The userspace back-end against a played program: its socket and the clock are the test's. What
 * goes over the socket, what is waited for and for how long is a transcript. (userspace_test has a
 * program that lives, and the device's thread.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "said.h"
#include "testing.h"
#include "uapi.h"
#include "util.h"
#include "wg.h"

enum { LINE = 24, ALL = 1 << 30 };

static bool played;	  /* the clock is */
static uint64_t clock_ms; /* it says */

/* What the program does. */
static int connect_error, send_error, recv_error; /* of the next one */
static bool hangs_up;				  /* when it has said all */
static size_t room;				  /* what the socket takes of requests */
static const char *answer;			  /* what is still to be said of one */
static size_t left, piece;			  /* bytes of it: all; at a time */
static uint64_t ready_ms;			  /* when the next piece is there */
static uint64_t pause_ms;			  /* from each to the next */
static uint64_t interrupt_ms;			  /* the device is to be closed then; 0: never */
static pid_t listener;				  /* 0: of another namespace; -1: nobody can say */
static struct wg *wg;

/* --- the clock and the socket --- */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (!played || id != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = (struct timespec){(time_t)(clock_ms / 1000), (long)(clock_ms % 1000) * 1000000};
	return 0;
}

static int fail_with(int *error)
{
	errno = *error;
	*error = 0;
	return -1;
}

int connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)sa;

	assert_int_equal(un->sun_family, AF_UNIX);
	assert_int_equal(len, sizeof(*un));
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	say("connect %s%s\n", un->sun_path, connect_error ? " refused" : "");
	return connect_error ? fail_with(&connect_error) : 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	assert_true(fd >= 0);
	assert_int_equal(level, SOL_SOCKET);
	assert_int_equal(name, SO_PEERCRED);
	assert_int_equal(*len, sizeof(struct ucred));
	*(struct ucred *)value = (struct ucred){listener, 0, 0};
	errno = EINVAL;
	return listener < 0 ? -1 : 0;
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	char text[LINE + 1] = "";

	assert_true(fd >= 0);
	assert_int_equal(flags, MSG_NOSIGNAL);
	if (send_error) {
		say("send fails\n");
		return fail_with(&send_error);
	}
	if (!room) {
		errno = EAGAIN;
		return -1;
	}
	n = n < room ? n : room;
	room -= n;
	memcpy(text, data, n < LINE ? n : LINE);
	for (char *c = text; *c; c++)
		*c = *c == '\n' ? '|' : *c;
	if (n > LINE)
		say("send %zu: %s ...\n", n, text);
	else
		say("send %s\n", text);
	return (ssize_t)n;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
	size_t n = left < piece ? left : piece;

	assert_true(fd >= 0);
	assert_int_equal(flags, 0);
	if (recv_error)
		return fail_with(&recv_error);
	if (!left && hangs_up) {
		say("end\n");
		hangs_up = false;
		return 0;
	}
	if (!left || clock_ms < ready_ms) {
		errno = EAGAIN;
		return -1;
	}
	assert_true(size >= 65536);
	n = n < size ? n : size;
	memcpy(data, answer, n);
	answer += n;
	left -= n;
	ready_ms = clock_ms + pause_ms;
	return (ssize_t)n;
}

static bool is_ready(short events, uint64_t at)
{
	return events == POLLOUT ? room > 0 : (left && ready_ms <= at) || (!left && hangs_up);
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
	assert_int_equal(n, 1);
	assert_true(fds->fd >= 0);
	say("wait %d to %s\n", ms, fds->events == POLLOUT ? "send" : "receive");
	if (interrupt_ms && clock_ms >= interrupt_ms)
		wg->backend->interrupt(wg);
	if (is_ready(fds->events, clock_ms))
		return 1;
	if (is_ready(fds->events, clock_ms + (uint64_t)ms)) {
		clock_ms = ready_ms;
		return 1;
	}
	clock_ms += (uint64_t)ms;
	return 0;
}

/* --- the calls --- */

static const uint8_t a[WG_KEY_BYTES] = {0xaa}, k[WG_KEY_BYTES] = {0x11};
static const char few[] = "listen_port=51820\nerrno=0\n\n", fine[] = "errno=0\n\n";

static void answers(const char *text, size_t n)
{
	answer = text;
	left = n;
	ready_ms = clock_ms;
}

static void result(int err, uint64_t begun)
{
	say("= %d after %llu ms\n", err, (unsigned long long)(clock_ms - begun));
}

static void get(void)
{
	uint64_t begun = clock_ms;
	struct wg_dump dump;
	int err = wg_get(wg, true, &dump);

	if (err == 0)
		say("port %u, %zu entries\n", dump.listen_port, dump.n_entries);
	if (err == 0 && dump.begun_us != begun * 1000)
		say("asked for %llu ms before\n",
		    (unsigned long long)(begun - dump.begun_us / 1000));
	result(err, begun);
	wg_dump_free(&dump);
}

static void remove_a(void)
{
	uint64_t begun = clock_ms;

	result(wg_remove_peer(wg, a), begun);
}

#define REMOVE_A "send 112: set=1|public_key=aa00000 ...\n"

static int fd_before;

static int begin(void **state)
{
	fd_before = test_lowest_fd();
	played = true;
	clock_ms = 1000000;
	room = piece = ALL;
	wg_userspace_dir = "/r";
	assert_int_equal(wg_userspace_open("wgt", &wg), 0);
	said[0] = '\0';
	return 0;
}

static int end(void **state)
{
	wg_close(wg);
	wg = NULL;
	assert_int_equal(test_lowest_fd(), fd_before);
	played = false;
	return 0;
}

static void test_open(void **state)
{
	static const int rows[][2] = {{ENOENT, -ENODEV},
				      {ECONNREFUSED, -ENODEV},
				      {EACCES, -EACCES},
				      {EAGAIN, -EAGAIN}};
	int fd = test_lowest_fd();
	struct wg *other;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		connect_error = rows[i][0];
		assert_int_equal(wg_userspace_open("other", &other), rows[i][1]);
		expect("connect /r/other.sock refused\n");
	}
	assert_int_equal(test_lowest_fd(), fd);
	assert_int_equal(wg_userspace_open("other", &other), 0);
	assert_string_equal(other->backend->name, "userspace");
	assert_string_equal(other->ifname, "other");
	wg_close(other);
	expect("connect /r/other.sock\n");
	assert_int_equal(test_lowest_fd(), fd);
}

static void test_requests(void **state)
{
	struct wg_device_set device = {.set_port = true, .listen_port = 7};
	struct wg_peer_set peer = {.key = a, .create = true};
	struct wg_change change = {.key = a};

	assert_int_equal(prefix_parse("10.0.0.0/8", &change.prefix), 0);
	answers(few, strlen(few));
	get();
	expect("send get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
	answers(fine, strlen(fine));
	assert_int_equal(wg_set_device(wg, &device), 0);
	expect("send set=1|listen_port=7||\n");
	device.private_key = k;
	answers("errno=-98\n\n", 11);
	assert_int_equal(wg_set_device(wg, &device), -EADDRINUSE);
	expect("send 98: set=1|private_key=110000 ...\n");
	answers(fine, strlen(fine));
	assert_int_equal(wg_set_peer(wg, &peer), 0);
	expect("send 83: set=1|public_key=aa00000 ...\n");
	answers(fine, strlen(fine));
	remove_a();
	expect(REMOVE_A "= 0 after 0 ms\n");
	answers(fine, strlen(fine));
	assert_int_equal(wg_change(wg, &change, 1), 0);
	expect("send 122: set=1|public_key=aa00000 ...\n");
	answers("listen_port=x\nerrno=0\n\n", 23);
	get();
	expect("send get=1||\n= -74 after 0 ms\n");
}

/* Silence is waited for a moment, once; the answer is taken when it comes. */
static void test_silent(void **state)
{
	get();
	expect("send get=1||\nwait 100 to receive\nwait 100 to receive\n= -110 after 200 ms\n");
	get();
	expect("wait 0 to receive\n= -110 after 0 ms\n");
	clock_ms += 5000;
	answers(few, 5); /* it begins: more may come in a moment */
	get();
	expect("wait 20 to receive\n= -110 after 20 ms\n");
	answers(few + 5, strlen(few) - 5);
	get();
	expect("port 51820, 0 entries\nasked for 5220 ms before\n= 0 after 0 ms\n");
	answers(few, strlen(few));
	get();
	expect("send get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
	answers(few, strlen(few));
	piece = 1;
	get();
	expect("send get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
	piece = ALL;
	/* In time. */
	answers(few, strlen(few));
	ready_ms = clock_ms + 199;
	get();
	expect("send get=1||\nwait 100 to receive\nwait 100 to receive\nport 51820, 0 entries\n"
	       "= 0 after 199 ms\n");
}

/* What was asked for before is answered first; its answer is nobody's where another thing is asked
 * now. */
static void test_asked_otherwise(void **state)
{
	get();
	said[0] = '\0';
	remove_a();
	expect("wait 0 to receive\n= -110 after 0 ms\n");
	answers("listen_port=1\nerrno=0\n\nerrno=-2\n\n", 33);
	piece = 23;
	remove_a();
	expect(REMOVE_A "= -2 after 0 ms\n");
	piece = ALL;
	remove_a();
	expect(REMOVE_A "wait 100 to receive\nwait 100 to receive\n= -110 after 200 ms\n");
	/* One that is the same is sent all the same: only what a get says is good for another. */
	answers("errno=-5\n\nerrno=0\n\n", 19);
	piece = 10;
	remove_a();
	expect(REMOVE_A "= 0 after 0 ms\n");
	piece = ALL;
	remove_a();
	said[0] = '\0';
	answers("errno=-5\n\nlisten_port=9\nerrno=0\n\n", 33);
	piece = 10;
	pause_ms = 1;
	get();
	expect("send get=1||\nwait 100 to receive\nwait 100 to receive\nwait 100 to receive\n"
	       "port 9, 0 entries\n= 0 after 3 ms\n");
}

#define ENTRY "allowed_ip=10.1.0.0/16\n"

/* A whole answer of about N bytes. Release with free(). */
static char *long_answer(size_t n, size_t *len)
{
	static const char head[] = "public_key="
				   "0102030000000000000000000000000000000000000000000000000000000000\n";
	char *text = xmalloc(n + 256);

	strcpy(text, head);
	*len = strlen(head);
	while (*len < n) {
		memcpy(text + *len, ENTRY, strlen(ENTRY));
		*len += strlen(ENTRY);
	}
	memcpy(text + *len, fine, strlen(fine));
	*len += strlen(fine);
	return text;
}

/* One that had much to say the last time is given the time to make it, whatever was asked since. */
static void test_size(void **state)
{
	size_t n;
	char *text = long_answer(1250000, &n);

	answers(text, n);
	get();
	expect("send get=1||\nport 0, 54345 entries\n= 0 after 0 ms\n");
	answers(fine, strlen(fine));
	remove_a();
	expect(REMOVE_A "= 0 after 0 ms\n");
	get();
	expect("send get=1||\nwait 100 to receive\nwait 100 to receive\nwait 25 to receive\n"
	       "= -110 after 225 ms\n");
	answers(few, strlen(few));
	get();
	expect("port 51820, 0 entries\nasked for 225 ms before\n= 0 after 0 ms\n");
	/* Requests have no such time. */
	remove_a();
	expect(REMOVE_A "wait 100 to receive\nwait 100 to receive\n= -110 after 200 ms\n");
	free(text);
}

/* One that goes on with its answer fast enough is heard out; who dawdles is not. */
static void test_slow(void **state)
{
	size_t n;
	char *text = long_answer(1000000, &n);
	uint64_t begun = clock_ms;

	answers(text, n);
	piece = 50000;
	pause_ms = 50;
	get();
	assert_int_equal(clock_ms - begun, 1000);
	assert_non_null(strstr(said, "port 0, 43475 entries\n= 0 after 1000 ms\n"));
	said[0] = '\0';
	answers(text, n);
	piece = 1000;
	get();
	expect("send get=1||\n"
	       "wait 100 to receive\nwait 100 to receive\nwait 100 to receive\n"
	       "wait 70 to receive\nwait 20 to receive\n= -110 after 220 ms\n");
	free(text);
}

/* A request that goes out bit by bit is the one that was asked for. */
static void test_sent_in_part(void **state)
{
	room = 0;
	remove_a();
	expect("wait 100 to send\nwait 100 to send\n= -110 after 200 ms\n");
	room = 10;
	remove_a();
	expect("send set=1|publ\nwait 0 to send\n= -110 after 0 ms\n");
	room = 12;
	send_error = EINTR;
	get();
	expect("send fails\nsend ic_key=aa000\nwait 0 to send\n= -110 after 0 ms\n");
	room = ALL;
	answers("errno=0\n\nlisten_port=9\nerrno=0\n\n", 32);
	piece = 9;
	get();
	piece = ALL;
	expect("send 90: 000000000000000000000000 ...\nsend get=1||\n"
	       "port 9, 0 entries\n= 0 after 0 ms\n");
}

/* The connection broke: it is made again, once. */
static void test_broken(void **state)
{
	send_error = EPIPE;
	answers(few, strlen(few));
	get();
	expect("send fails\nconnect /r/wgt.sock\nsend get=1||\nport 51820, 0 entries\n"
	       "= 0 after 0 ms\n");
	hangs_up = true;
	get();
	expect("send get=1||\nend\nconnect /r/wgt.sock\nsend get=1||\n"
	       "wait 100 to receive\nwait 100 to receive\n= -110 after 200 ms\n");
	/* While it is waited for. */
	recv_error = ECONNRESET;
	answers(few, strlen(few));
	get();
	expect("connect /r/wgt.sock\nsend get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
	/* Nobody is there any more. */
	hangs_up = true;
	connect_error = ENOENT;
	get();
	expect("send get=1||\nend\nconnect /r/wgt.sock refused\n= -19 after 0 ms\n");
	connect_error = ECONNREFUSED;
	get();
	expect("connect /r/wgt.sock refused\n= -19 after 0 ms\n");
	/* One that goes at once is not tried twice. */
	hangs_up = true;
	get();
	expect("connect /r/wgt.sock\nsend get=1||\nend\n= -19 after 0 ms\n");
	send_error = EPIPE;
	get();
	expect("connect /r/wgt.sock\nsend fails\n= -19 after 0 ms\n");
	answers(few, strlen(few));
	get();
	expect("connect /r/wgt.sock\nsend get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
	/* Half an answer is none, and no part of the next. */
	answers("listen_port=3\n", 14);
	hangs_up = true;
	get();
	answers(few, strlen(few));
	get();
	expect("send get=1||\nend\nconnect /r/wgt.sock\nsend get=1||\n"
	       "wait 100 to receive\nwait 100 to receive\n= -110 after 200 ms\n"
	       "port 51820, 0 entries\nasked for 200 ms before\n= 0 after 0 ms\n");
	/* Another error is what it is. */
	recv_error = EIO;
	get();
	expect("send get=1||\n= -5 after 0 ms\n");
	send_error = ENOBUFS;
	get();
	expect("connect /r/wgt.sock\nsend fails\n= -105 after 0 ms\n");
	recv_error = EINTR;
	answers(few, strlen(few));
	get();
	expect("connect /r/wgt.sock\nsend get=1||\nport 51820, 0 entries\n= 0 after 0 ms\n");
}

/* What a program says of a change is short. */
static void test_flood(void **state)
{
	char *text = xmalloc(65536 + 1 + sizeof(fine));

	for (unsigned more = 0; more < 2; more++) {
		memset(text, '\n', 65537);
		for (unsigned i = 0; i < 65536; i += 16)
			memcpy(text + i, "future=anything\n", 16);
		memcpy(text + 65536 + more, fine, sizeof(fine));
		text[65536 + more - 1] = '\n';
		text[65536 + more - 2] = 'g';
		answers(text, 65536 + more + strlen(fine));
		piece = more ? 32769 : 65536;
		remove_a();
		expect(more ? REMOVE_A "= -90 after 0 ms\n" : REMOVE_A "= 0 after 0 ms\n");
	}
	piece = ALL;
	answers(fine, strlen(fine));
	remove_a();
	expect("connect /r/wgt.sock\n" REMOVE_A "= 0 after 0 ms\n");
	free(text);
}

/* In the device's thread an answer is waited for as long as it takes, but for the end. */
static void test_patient(void **state)
{
	struct wg_change change = {.key = a};
	struct wr request = {0};
	unsigned waits = 0;

	assert_int_equal(prefix_parse("10.0.0.0/8", &change.prefix), 0);
	wg_patient = true;
	wg_encode(wg, &change, 1, &request);
	answers(fine, strlen(fine));
	ready_ms = clock_ms + 30000;
	assert_int_equal(wg->backend->change(wg, &change, 1, &request), 0);
	assert_null(request.data); /* it was taken over */
	for (const char *c = said; (c = strstr(c, "wait 100 to receive\n")); c++)
		waits++;
	assert_int_equal(waits, 300);
	said[0] = '\0';
	interrupt_ms = clock_ms + 200;
	get();
	wg_patient = false;
	expect("send get=1||\nwait 100 to receive\nwait 100 to receive\nwait 100 to receive\n"
	       "= -19 after 300 ms\n");
}

/* One that goes on and on with its answer is not heard out when the device is left. */
static void test_interrupted_while_it_answers(void **state)
{
	size_t n;
	char *text = long_answer(1000000, &n);

	answers(text, n);
	piece = 1000;
	pause_ms = 1;
	interrupt_ms = clock_ms + 5;
	wg_patient = true;
	get();
	wg_patient = false;
	assert_non_null(strstr(said, "= -19 after 6 ms\n"));
	said[0] = '\0';
	free(text);
}

#define NOBODY 0x0fffffff /* larger than any pid, and a clock can be made of it */

/* What it works is its processor time; where that is not known, the time that goes by. */
static void test_work(void **state)
{
	static const pid_t unknown[] = {-1, 0, NOBODY};
	uint64_t before;

	for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
		listener = unknown[i];
		before = wg_work_us(wg);
		clock_ms += 200000;
		assert_in_range(wg_work_us(wg) - before, 200000000, 399999999);
	}
	listener = getpid();
	before = wg_work_us(wg);
	clock_ms += 200000;
	assert_in_range(wg_work_us(wg) - before, 0, 199999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, begin, end),
		cmocka_unit_test_setup_teardown(test_requests, begin, end),
		cmocka_unit_test_setup_teardown(test_silent, begin, end),
		cmocka_unit_test_setup_teardown(test_asked_otherwise, begin, end),
		cmocka_unit_test_setup_teardown(test_size, begin, end),
		cmocka_unit_test_setup_teardown(test_slow, begin, end),
		cmocka_unit_test_setup_teardown(test_sent_in_part, begin, end),
		cmocka_unit_test_setup_teardown(test_broken, begin, end),
		cmocka_unit_test_setup_teardown(test_flood, begin, end),
		cmocka_unit_test_setup_teardown(test_patient, begin, end),
		cmocka_unit_test_setup_teardown(test_interrupted_while_it_answers, begin, end),
		cmocka_unit_test_setup_teardown(test_work, begin, end),
	};

	log_init("wg_userspace_test");
	log_set_level(LOG_LEVEL_ERROR);
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
