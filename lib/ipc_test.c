/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ipc: two ends of a socket pair in one loop: order, descriptors, back-pressure, pause, broken
 * frames, and freeing inside a callback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc.h"
#include "loop.h"
#include "testing.h"
#include "util.h"

struct end {
	struct ipc *ipc;
	unsigned frames, drained, closed;
	size_t bytes;
	uint16_t last_type;
	uint32_t last_generation;
	int fds[64];
	unsigned n_fds;
	unsigned pause_after; /* frames; 0 never */
	bool free_at_frame, free_at_close, free_at_drained, in_order;
	char why[64];	  /* it was closed */
	size_t low_water; /* what was queued at the last `drained` */
};

static struct end a, b;
static int b_fd;

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	struct end *end = arg;

	if (frame->len >= 4) {
		uint32_t number;

		memcpy(&number, frame->body, 4);
		end->in_order = end->in_order && number == end->frames;
	}
	end->frames++;
	end->bytes += frame->len;
	end->last_type = frame->type;
	end->last_generation = frame->generation;
	if (frame->fd >= 0)
		end->fds[end->n_fds++] = frame->fd;
	if (end->pause_after && end->frames == end->pause_after)
		ipc_pause(end->ipc);
	if (end->free_at_frame) {
		ipc_free(end->ipc);
		end->ipc = NULL;
	}
}

static void on_closed(void *arg, const char *why)
{
	struct end *end = arg;

	end->closed++;
	snprintf(end->why, sizeof(end->why), "%s", why);
	if (end->free_at_close) {
		ipc_free(end->ipc);
		end->ipc = NULL;
	}
}

static void on_drained(void *arg)
{
	struct end *end = arg;

	end->drained++;
	end->low_water = ipc_queued(end->ipc);
	if (end->free_at_drained) {
		ipc_free(end->ipc);
		end->ipc = NULL;
	}
}

static const struct ipc_handlers handlers = {on_frame, on_closed, on_drained};

static int setup(void **state)
{
	int fds[2];

	a = b = (struct end){.in_order = true};
	assert_int_equal(ipc_pair(fds), 0);
	a.ipc = ipc_new(fds[0], &handlers, &a);
	b_fd = fds[1];
	b.ipc = ipc_new(fds[1], &handlers, &b);
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < b.n_fds; i++)
		close(b.fds[i]);
	ipc_free(a.ipc);
	ipc_free(b.ipc);
	loop_free();
	return 0;
}

/* At most 10 ms, whether something happens or not. */
static void short_turn(void)
{
	struct timeval tv = {.tv_usec = 10000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

/* Turns of the loop until COND; a condition that never comes ends the test. */
#define RUN_UNTIL(cond)                                                                    \
	do {                                                                               \
		for (uint64_t end_ = now_ms() + test_patience_ms(); !(cond); short_turn()) \
			assert_true(now_ms() < end_);                                      \
	} while (0)
#define RUN_IDLE()                                                     \
	do {                                                           \
		for (int turn = 0; turn < 50; turn++)                  \
			event_base_loop(loop_base(), EVLOOP_NONBLOCK); \
	} while (0)

/* So many events are waited for: what is over wakes nobody. */
static void waits_for(int events)
{
	uint64_t end = now_ms() + test_patience_ms();

	while (event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED) != events) {
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
		assert_true(now_ms() < end);
	}
}

static unsigned polls;

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	polls++;
	return __real_poll(fds, n, timeout);
}

static void send_number(struct ipc *ipc, uint32_t number, size_t len)
{
	uint8_t *body = xcalloc(1, len);

	memcpy(body, &number, 4);
	ipc_send(ipc, 7, 42, body, len);
	free(body);
}

static void test_order_and_sizes(void **state)
{
	size_t total = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		size_t len = 4 + (i * 37) % 700 + (i == 1500 ? 3000000 : 0);

		send_number(a.ipc, i, len);
		total += len;
	}
	RUN_UNTIL(b.frames == 3000);
	assert_true(b.in_order);
	assert_int_equal(b.bytes, total);
	assert_int_equal(b.last_type, 7);
	assert_int_equal(b.last_generation, 42);
	ipc_send(b.ipc, 8, 0, NULL, 0); /* an empty body, the other way */
	RUN_UNTIL(a.frames == 1);
	assert_int_equal(a.last_type, 8);
	waits_for(2); /* both read, nobody writes */
}

static void test_back_pressure(void **state)
{
	uint32_t sent = 0;
	size_t before = 0;

	b.pause_after = 1;
	send_number(a.ipc, sent++, 1000);
	RUN_UNTIL(b.frames == 1); /* paused now: what follows piles up */
	while (!ipc_full(a.ipc)) {
		before = ipc_queued(a.ipc);
		send_number(a.ipc, sent++, 1000);
		RUN_IDLE();
		assert_true(sent < 100000);
	}
	assert_true(before <= 256 * 1024 && ipc_queued(a.ipc) + 1012 > 256 * 1024);
	assert_int_equal(a.drained, 0);
	RUN_IDLE();
	assert_int_equal(b.frames, 1); /* nothing is handed out while paused */
	ipc_resume(b.ipc);
	RUN_UNTIL(b.frames == sent);
	assert_int_equal(a.drained, 1);
	assert_true(a.low_water < 64 * 1024);
	assert_false(ipc_full(a.ipc));
	assert_int_equal(ipc_queued(a.ipc), 0);
	assert_true(b.in_order);
}

/* What the far end has is not counted any more, wherever the queue is in memory. */
static void test_queued(void **state)
{
	static const char big[1000000] = "\0\0\0\0";
	int there = 0;

	ipc_pause(b.ipc);
	ipc_send(a.ipc, 7, 42, big, sizeof(big));
	assert_int_equal(ipc_queued(a.ipc), sizeof(big) + 12);
	do {
		RUN_IDLE();
		assert_int_equal(ioctl(b_fd, FIONREAD, &there), 0);
	} while (!there);
	assert_int_equal(ipc_queued(a.ipc) + (size_t)there, sizeof(big) + 12);
	assert_true(ipc_queued(a.ipc) > 0);
}

/* What is queued goes out when it is kicked, together, in order. */
static void test_kick(void **state)
{
	ipc_kick(a.ipc); /* nothing is there */
	for (uint32_t i = 0; i < 3; i++)
		ipc_queue(a.ipc, 7, 42, &i, sizeof(i));
	RUN_IDLE();
	assert_int_equal(b.frames, 0);
	assert_int_equal(ipc_queued(a.ipc), 3 * (12 + 4));
	ipc_kick(a.ipc);
	RUN_UNTIL(b.frames == 3);
	assert_true(b.in_order);
	assert_int_equal(ipc_queued(a.ipc), 0);
	waits_for(2); /* both ends read, nobody writes */
}

/* A quarter of a megabyte is no queue that is full yet; one more frame makes it one. */
static void test_high_water(void **state)
{
	static const char body[256 * 1024 - 12];

	ipc_send(a.ipc, 7, 42, body, sizeof(body));
	assert_int_equal(ipc_queued(a.ipc), 256 * 1024);
	assert_false(ipc_full(a.ipc));
	ipc_send(a.ipc, 7, 42, NULL, 0);
	assert_true(ipc_full(a.ipc));
}

/* Of a flood of frames so many are handed out at a time; others have their turn in between. */
static void test_quantum(void **state)
{
	unsigned before = 0, most = 0;

	for (uint32_t i = 0; i < 3000; i++)
		send_number(a.ipc, i, 4);
	for (uint64_t end = now_ms() + test_patience_ms(); b.frames < 3000;) {
		event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
		most = b.frames - before > most ? b.frames - before : most;
		before = b.frames;
		assert_true(now_ms() < end);
	}
	assert_true(b.in_order);
	assert_in_range(most, 100, 512); /* 256, by a read and by what was left */
}

/* What cannot be written is waited for; what is wiped has been sent. */
static void test_flush(void **state)
{
	static const char big[400000] = "\0\0\0\0";

	assert_int_equal(ipc_flush_and_wipe(a.ipc), 0); /* nothing */
	send_number(a.ipc, 0, 100);
	assert_int_equal(ipc_flush_and_wipe(a.ipc), 0);
	assert_int_equal(ipc_queued(a.ipc), 0);
	RUN_UNTIL(b.frames == 1);
	send_number(a.ipc, 1, 200);
	RUN_UNTIL(b.frames == 2);
	assert_true(b.in_order);
	assert_int_equal(b.bytes, 300);
	fflush(NULL);
	if (fork() == 0) { /* the far end takes its time */
		char buf[4096];

		usleep(20000);
		fcntl(b_fd, F_SETFL, 0);
		for (size_t left = sizeof(big) + 12; left;) {
			ssize_t n = read(b_fd, buf, sizeof(buf));

			left -= n > 0 ? (size_t)n : 0;
		}
		_exit(0);
	}
	ipc_pause(b.ipc);
	ipc_send(a.ipc, 7, 42, big, sizeof(big));
	polls = 0;
	assert_int_equal(ipc_flush(a.ipc), 0);
	assert_in_range(polls, 1, 1000); /* it sleeps while it waits */
	assert_int_equal(ipc_queued(a.ipc), 0);
	ipc_free(b.ipc);
	b.ipc = NULL;
	RUN_UNTIL(a.closed == 1);
	assert_int_equal(ipc_flush_and_wipe(a.ipc), -EPIPE);
}

/* Descriptors arrive with their own frames, also when many are between plain ones. */
static void test_descriptors(void **state)
{
	struct stat want, got;
	uint32_t sent = 0;
	int pipes[40][2];

	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		for (unsigned k = 0; k < i % 5; k++)
			send_number(a.ipc, sent++, 900);
		ipc_send_fd(a.ipc, 9, 1, &sent, sizeof(sent), pipes[i][1]);
		sent++;
	}
	send_number(a.ipc, sent++, 10);
	RUN_UNTIL(b.frames == sent);
	assert_true(b.in_order);
	assert_int_equal(b.n_fds, 40);
	for (unsigned i = 0; i < 40; i++) {
		fstat(pipes[i][1], &want);
		fstat(b.fds[i], &got);
		assert_true(want.st_ino == got.st_ino);
		assert_true(fcntl(b.fds[i], F_GETFD) & FD_CLOEXEC);
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void test_descriptor_not_sent_is_closed(void **state)
{
	int fds[2];
	char byte;

	assert_int_equal(pipe(fds), 0);
	ipc_send_fd(a.ipc, 9, 1, NULL, 0, fds[1]);
	close(fds[1]);
	ipc_free(a.ipc); /* never written */
	a.ipc = NULL;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(read(fds[0], &byte, 1), 0); /* nobody holds the writing end */
	close(fds[0]);
}

static void test_end_of_file(void **state)
{
	b.free_at_close = true;
	send_number(a.ipc, 0, 100);
	assert_int_equal(ipc_flush(a.ipc), 0);
	ipc_free(a.ipc);
	a.ipc = NULL;
	for (unsigned i = 0; i < 100 && !b.closed; i++) {
		errno = EAGAIN; /* of some other call */
		short_turn();
	}
	assert_string_equal(b.why, "end of file");
	assert_int_equal(b.frames, 1); /* the last word was heard */
	assert_null(b.ipc);
}

static void test_send_to_the_dead(void **state)
{
	ipc_free(b.ipc);
	b.ipc = NULL;
	send_number(a.ipc, 0, 100);
	RUN_UNTIL(a.closed == 1);
	send_number(a.ipc, 1, 100);
	assert_int_equal(ipc_queued(a.ipc), 112); /* thrown away, not piled up */
	assert_true(ipc_flush(a.ipc) < 0);
	RUN_IDLE();
	assert_int_equal(a.closed, 1);
	waits_for(0);
}

static void test_free_inside_frame(void **state)
{
	b.free_at_frame = true;
	for (uint32_t i = 0; i < 10; i++)
		send_number(a.ipc, i, 10);
	RUN_UNTIL(!b.ipc);
	assert_int_equal(b.frames, 1);
	RUN_UNTIL(a.closed == 1);
}

static void test_free_inside_drained(void **state)
{
	a.free_at_drained = true;
	ipc_pause(b.ipc);
	for (uint32_t i = 0; !ipc_full(a.ipc); i++)
		send_number(a.ipc, i, 1000);
	ipc_resume(b.ipc);
	RUN_UNTIL(!a.ipc);
	assert_int_equal(a.drained, 1);
	RUN_UNTIL(b.closed == 1);
}

/* Frames that wait go with their channel. */
static void test_free_while_frames_wait(void **state)
{
	unsigned before;

	for (uint32_t i = 0; i < 3000; i++)
		send_number(a.ipc, i, 4);
	for (int i = 0; i < 100 && !b.frames; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
	before = b.frames;
	assert_in_range(before, 1, 2999);
	ipc_free(b.ipc);
	b.ipc = NULL;
	RUN_IDLE();
	assert_int_equal(b.frames, before);
	assert_int_equal(b.closed, 0); /* by its own wish */
}

static void raw_pair(void)
{
	int fds[2];

	ipc_free(a.ipc);
	ipc_free(b.ipc);
	a.ipc = NULL;
	a.closed = b.closed = 0;
	assert_int_equal(ipc_pair(fds), 0);
	b.ipc = ipc_new(fds[0], &handlers, &b);
	a.fds[0] = fds[1];
}

static void test_broken_frames(void **state)
{
	const uint8_t huge[12] = {0xff, 0xff, 0xff, 0xff, 0, 1};
	const uint8_t no_fd[12] = {0, 0, 0, 0, 0, 1, 0, 1};
	const uint8_t cut[12] = {0, 0, 0, 5, 0, 1};
	const uint8_t *const rows[] = {huge, no_fd, cut};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		raw_pair();
		assert_int_equal(write(a.fds[0], rows[i], 12), 12);
		if (i == 2)
			close(a.fds[0]);
		RUN_UNTIL(b.closed == 1);
		assert_int_equal(b.frames, 0);
		assert_string_equal(b.why, i == 2 ? "end of file" : "malformed frame");
		if (i != 2)
			close(a.fds[0]);
	}
}

/* Nobody reads there any more, though more may still come from there. */
static void test_write_error(void **state)
{
	assert_int_equal(shutdown(b_fd, SHUT_RD), 0);
	send_number(a.ipc, 0, 100);
	RUN_UNTIL(a.closed == 1);
	assert_string_equal(a.why, strerror(EPIPE));
	assert_int_equal(ipc_flush(a.ipc), -EPIPE);
}

/* The largest body is waited for, one of a byte more is not. */
static void test_largest(void **state)
{
	const uint8_t rows[][12] = {{1, 0, 0, 0, 0, 1}, {1, 0, 0, 1, 0, 1}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		raw_pair();
		assert_int_equal(write(a.fds[0], rows[i], 12), 12);
		close(a.fds[0]);
		RUN_UNTIL(b.closed == 1);
		assert_string_equal(b.why, i ? "malformed frame" : "end of file");
	}
}

/* A byte with descriptors that no frame will ask for. */
static void send_descriptors(int to, const uint8_t *byte, const int *fds, unsigned n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control = {.bytes = ""};
	struct msghdr msg = {.msg_iov = &(struct iovec){(void *)byte, 1},
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = CMSG_LEN(sizeof(int) * n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	assert_int_equal(sendmsg(to, &msg, 0), 1);
}

/* Descriptors that nobody asks for: 16 are kept, those behind them are closed at once, and the
 * kept ones with the channel. */
static void test_descriptors_not_asked_for(void **state)
{
	const uint8_t bytes[] = {0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 9};
	int kept[2], more[2];
	char byte;

	raw_pair();
	assert_int_equal(pipe2(kept, O_NONBLOCK), 0);
	assert_int_equal(pipe2(more, O_NONBLOCK), 0);
	for (unsigned i = 0; i < 12; i++) {
		int end = i < 8 ? kept[1] : more[1];

		send_descriptors(a.fds[0], bytes + i, (int[]){end, end}, 2);
	}
	RUN_UNTIL(b.frames == 1);
	assert_int_equal(b.n_fds, 0);
	close(kept[1]);
	close(more[1]);
	assert_int_equal(read(more[0], &byte, 1), 0);
	assert_int_equal(read(kept[0], &byte, 1), -1);
	ipc_free(b.ipc);
	b.ipc = NULL;
	assert_int_equal(read(kept[0], &byte, 1), 0);
	close(kept[0]);
	close(more[0]);
	close(a.fds[0]);
}

/* Whoever made the socket: nobody waits in it. */
static void test_never_blocks(void **state)
{
	int fds[2];

	ipc_free(a.ipc);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	a.ipc = ipc_new(fds[0], &handlers, &a);
	assert_int_equal(fcntl(fds[0], F_GETFL), O_RDWR | O_NONBLOCK);
	close(fds[1]);
}

/* A byte at a time: a frame is handed out only when it is whole. */
static void test_dribble(void **state)
{
	const uint8_t bytes[] = {0, 0, 0, 4, 0, 3, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0};

	raw_pair();
	for (unsigned i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(b.frames, 0);
		assert_int_equal(write(a.fds[0], bytes + i, 1), 1);
		RUN_IDLE();
	}
	RUN_UNTIL(b.frames == 1);
	assert_int_equal(b.last_type, 3);
	assert_int_equal(b.last_generation, 9);
	close(a.fds[0]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_quantum),
		TEST(test_flush),
		TEST(test_order_and_sizes),
		TEST(test_back_pressure),
		TEST(test_descriptors),
		TEST(test_descriptor_not_sent_is_closed),
		TEST(test_end_of_file),
		TEST(test_send_to_the_dead),
		TEST(test_free_inside_frame),
		TEST(test_free_inside_drained),
		TEST(test_broken_frames),
		TEST(test_free_while_frames_wait),
		TEST(test_dribble),
		TEST(test_queued),
		TEST(test_kick),
		TEST(test_high_water),
		TEST(test_largest),
		TEST(test_descriptors_not_asked_for),
		TEST(test_never_blocks),
		TEST(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
