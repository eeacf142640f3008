/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection whose other end is a socket of the test: what is cut off the stream and what is
 * refused, in which order is written what the session and the tables have, and how it ends. The
 * neighbour's Adj-RIB-Out is a list of messages here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attr_wire.h"
#include "conn.h"
#include "loop.h"
#include "testing.h"
#include "util.h"

static struct conn *conn;
static int far;
static struct peer peer;
static char said[4000]; /* what the handlers were told, one line each */
static bool frees;	/* the handler frees the connection */

/* ---- routes: messages of the lengths below, one after the other */

static struct wr routes;
static size_t routes_at;

static size_t message_len(const uint8_t *at)
{
	return get_u16(at + 16);
}

/* Segments of two messages each, but that the first one begins where writing ended. */
static int next_routes(struct peer *p, struct iovec *iov, int max)
{
	size_t start = routes_at, at = 0;
	int n = 0;

	assert_ptr_equal(p, &peer);
	while (n < max && start < routes.len) {
		size_t end = at;

		for (int k = 0; (k < 2 || end <= start) && end < routes.len; k++)
			end += message_len(routes.data + end);
		at = end;
		if (end <= start)
			continue;
		iov[n++] = (struct iovec){routes.data + start, end - start};
		start = end;
	}
	return n;
}

static void sent_routes(struct peer *p, size_t n)
{
	assert_ptr_equal(p, &peer);
	assert_true(n > 0);
	routes_at += n;
}

static const struct conn_source source = {next_routes, sent_routes};

static void put_message(struct wr *w, uint8_t type, size_t len, uint8_t fill)
{
	uint8_t *m = wr_room(w, len);

	memset(m, 0xff, 16);
	m[16] = (uint8_t)(len >> 8);
	m[17] = (uint8_t)len;
	m[18] = type;
	memset(m + 19, fill, len - 19);
}

/* ---- handlers */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
	if (frees) {
		conn_free(conn);
		conn = NULL;
	}
}

static void on_connected(void *arg)
{
	say("connected\n");
}

static void on_message(void *arg, enum bgp_message type, const uint8_t *body, size_t len)
{
	assert_ptr_equal(arg, said);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(body[i], body[0]);
	say("%d %zu %02x\n", type, len, len ? body[0] : 0);
}

static void on_malformed(void *arg, const struct bgp_error *e)
{
	char data[8] = "";

	for (unsigned i = 0; i < e->len; i++)
		sprintf(data + 2 * i, "%02x", e->data[i]);
	say("malformed %u.%u %s\n", e->code, e->subcode, data);
}

static void on_closed(void *arg, int err)
{
	say("closed %d\n", err);
}

static const struct conn_handlers handlers = {on_connected, on_message, on_malformed, on_closed};

static void spin(void)
{
	for (int i = 0; i < 64; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

static int setup(void **state)
{
	int fds[2], small = 4608;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	far = fds[1];
	said[0] = '\0';
	frees = false;
	peer = (struct peer){0};
	wr_reset(&routes);
	routes_at = 0;
	conn = conn_new(fds[0], false, &handlers, said);
	return 0;
}

static int teardown(void **state)
{
	conn_free(conn);
	conn_finish_all();
	close(far);
	wr_free(&routes);
	loop_free();
	return 0;
}

static void tell(const void *data, size_t n)
{
	assert_int_equal(write(far, data, n), n);
	spin();
}

/* RFC 4271 section 6.1: each row is a header, and what it leads to. */
static void test_headers(void **state)
{
	static const struct {
		uint8_t marker;
		uint16_t len;
		uint8_t type;
		const char *then;
	} rows[] = {
		{0xff, 19, 4, "4 0 00\n"},
		{0xff, 20, 4, "malformed 1.2 0014\n"},
		{0xff, 18, 4, "malformed 1.2 0012\n"},
		{0xfe, 19, 4, "malformed 1.1 \n"},
		{0x00, 18, 9, "malformed 1.1 \n"},
		{0xff, 19, 0, "malformed 1.3 00\n"},
		{0xff, 18, 6, "malformed 1.3 06\n"},
		{0xff, 29, 1, "1 10 07\n"},
		{0xff, 28, 1, "malformed 1.2 001c\n"},
		{0xff, 23, 2, "2 4 07\n"},
		{0xff, 22, 2, "malformed 1.2 0016\n"},
		{0xff, 21, 3, "3 2 07\n"},
		{0xff, 20, 3, "malformed 1.2 0014\n"},
		{0xff, 23, 5, "5 4 07\n"},
		{0xff, 22, 5, "malformed 1.2 0016\n"},
		{0xff, 4096, 2, "2 4077 07\n"},
		{0xff, 4097, 2, "malformed 1.2 1001\n"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t m[5000];

		setup(NULL);
		memset(m, 0xff, 16);
		m[i % 16] = rows[i].marker;
		m[16] = (uint8_t)(rows[i].len >> 8);
		m[17] = (uint8_t)rows[i].len;
		m[18] = rows[i].type;
		memset(m + 19, 7, sizeof(m) - 19);
		tell(m, rows[i].len > 19 ? rows[i].len : 19);
		if (!str_eq(said, rows[i].then))
			fail_msg("row %u: %s", i, said);
		teardown(NULL);
	}
}

/* Messages of all lengths, however the stream is cut. */
static void test_cut(void **state)
{
	struct wr all = {0};
	size_t at = 0;
	char want[4000] = "";
	int n = 0;

	srand(test_seed());
	for (int i = 0; i < 200; i++) {
		size_t len = i % 10 ? 23 + rand() % 60 : 4096 - rand() % 3;

		put_message(&all, BGP_UPDATE, len, (uint8_t)i);
		n += sprintf(want + n, "2 %zu %02x\n", len - 19, i);
	}
	while (at < all.len) {
		size_t part = 1 + rand() % (rand() % 4 ? 30 : 6000);

		if (part > all.len - at)
			part = all.len - at;
		tell(all.data + at, part);
		at += part;
	}
	assert_string_equal(said, want);
	assert_true(now_ms() - conn_heard_ms(conn) < 10000);
	assert_false(conn_unread(conn));
	wr_free(&all);
	/* Its end is told, and of how much was lost nothing. */
	said[0] = '\0';
	tell("\xff\xff", 2);
	shutdown(far, SHUT_WR);
	frees = true;
	spin();
	assert_string_equal(said, "closed 0\n");
}

/* A handler frees the connection: nothing more is handed out, whatever came with it. */
static void test_freed(void **state)
{
	struct wr w = {0};

	put_message(&w, BGP_KEEPALIVE, 19, 0);
	put_message(&w, BGP_KEEPALIVE, 19, 0);
	frees = true;
	tell(w.data, w.len);
	assert_string_equal(said, "4 0 00\n");
	assert_int_equal(read(far, w.data, 1), 0); /* it is closed */
	wr_free(&w);
}

/* While reading is held those alone go on that have no routes yet. */
static void test_held(void **state)
{
	struct wr w = {0};
	int watched;

	put_message(&w, BGP_KEEPALIVE, 19, 0);
	conn_hold_reading(&peer, true);
	tell(w.data, w.len);
	assert_string_equal(said, "4 0 00\n");
	conn_pull(conn, &source, &peer);
	spin();
	watched = event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED);
	tell(w.data, w.len);
	assert_string_equal(said, "4 0 00\n");
	assert_true(conn_unread(conn));
	/* Nor is it looked at again and again. */
	assert_int_equal(event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED),
			 watched - 1);
	conn_hold_reading(&peer, false);
	spin();
	assert_string_equal(said, "4 0 00\n4 0 00\n");
	assert_false(conn_unread(conn));
	/* One that is parked can be freed. */
	conn_hold_reading(&peer, true);
	tell(w.data, w.len);
	conn_free(conn);
	conn = NULL;
	conn_hold_reading(&peer, false);
	spin();
	assert_string_equal(said, "4 0 00\n4 0 00\n");
	wr_free(&w);
}

/* Takes up to N bytes of what was written to it. */
static size_t take(struct wr *w, size_t n)
{
	ssize_t got = read(far, wr_room(w, n), n);

	w->len -= n - (got > 0 ? (size_t)got : 0);
	spin();
	return got > 0 ? (size_t)got : 0;
}

/* Whole messages, whatever the far end takes at a time; routes in order, the session's own as soon
 * as none is cut off. */
static void test_written(void **state)
{
	struct wr in = {0}, own = {0};
	unsigned n_own = 0, updates = 0, keepalives = 0;
	size_t taken;

	srand(test_seed());
	for (int i = 0; i < 300; i++)
		put_message(&routes, BGP_UPDATE, i % 7 ? 23 + rand() % 400 : 4096, (uint8_t)i);
	put_message(&own, BGP_KEEPALIVE, 19, 0);
	assert_true(conn_idle(conn));
	conn_pull(conn, &source, &peer);
	spin();
	do {
		taken = take(&in, 1 + rand() % 3000);
		if (rand() % 8 == 0 && routes_at < routes.len) {
			conn_send(conn, &own);
			n_own++;
			spin();
		}
	} while (taken);
	assert_true(conn_idle(conn));
	for (size_t at = 0; at < in.len; at += message_len(in.data + at)) {
		const uint8_t *m = in.data + at;

		if (m[18] == BGP_KEEPALIVE) {
			keepalives++;
			continue;
		}
		assert_int_equal(m[18], BGP_UPDATE);
		assert_int_equal(m[19], (uint8_t)updates++);
	}
	assert_int_equal(in.len, routes.len + 19 * n_own);
	assert_int_equal(updates, 300);
	assert_int_equal(keepalives, n_own);
	assert_int_equal(peer.count.updates_out, 300);
	assert_int_equal(peer.count.messages_out, 300);
	assert_int_equal(conn_stuck_since_ms(conn), 0);
	wr_free(&in);
	wr_free(&own);
}

/* What the session says arrives byte by byte as it said it, however little the far end takes at a
 * time, and whatever comes after it. */
static void test_own(void **state)
{
	struct wr in = {0}, all = {0}, one = {0};

	srand(test_seed());
	for (int i = 0; i < 200; i++) {
		wr_reset(&one);
		put_message(&one, BGP_NOTIFICATION, 21 + rand() % 4000, (uint8_t)i);
		wr_bytes(&all, one.data, one.len);
		conn_send(conn, &one);
		spin();
		while (i % 50 == 49 && take(&in, 1 + rand() % 3000))
			;
	}
	assert_true(conn_idle(conn));
	assert_int_equal(in.len, all.len);
	assert_memory_equal(in.data, all.data, all.len);
	wr_free(&in);
	wr_free(&all);
	wr_free(&one);
}

/* What waits, and since when. */
static void test_stuck(void **state)
{
	uint64_t before = now_ms();
	struct wr in = {0};

	assert_int_equal(conn_stuck_since_ms(conn), 0);
	for (int i = 0; i < 100; i++)
		put_message(&routes, BGP_UPDATE, 4096, 1);
	conn_pull(conn, &source, &peer);
	spin();
	assert_in_range(conn_stuck_since_ms(conn), before, now_ms());
	assert_true(routes_at < routes.len);
	while (take(&in, 4096))
		;
	assert_int_equal(conn_stuck_since_ms(conn), 0);
	wr_free(&in);
}

/* What waits goes with the connection, where nobody takes it: the system sends a reset. */
static void test_reset_at_end(void **state)
{
	struct linger l = {.l_onoff = 7, .l_linger = 7};
	socklen_t len = sizeof(l);

	assert_int_equal(getsockopt(conn_fd(conn), SOL_SOCKET, SO_LINGER, &l, &len), 0);
	assert_int_equal(l.l_onoff, 0);
	conn_reset_at_end(conn);
	assert_int_equal(getsockopt(conn_fd(conn), SOL_SOCKET, SO_LINGER, &l, &len), 0);
	assert_int_equal(l.l_onoff, 1);
	assert_int_equal(l.l_linger, 0);
}

/* The last word is written, then nothing; what comes yet is read and told nobody. */
static void test_finish(void **state)
{
	struct wr w = {0}, in = {0};

	put_message(&w, BGP_NOTIFICATION, 21, 6);
	for (int i = 0; i < 3; i++)
		put_message(&routes, BGP_UPDATE, 100, 1);
	conn_pull(conn, &source, &peer);
	spin();
	assert_int_equal(routes_at, routes.len);
	put_message(&routes, BGP_UPDATE, 100, 1);
	conn_send(conn, &w);
	conn_finish(conn);
	conn = NULL;
	tell(w.data, w.len);
	while (take(&in, 4096))
		;
	assert_int_equal(in.len, 300 + 21); /* not the route that came behind */
	assert_int_equal(in.data[300 + 18], BGP_NOTIFICATION);
	assert_int_equal(read(far, in.data, 1), 0);
	assert_string_equal(said, "");
	shutdown(far, SHUT_WR);
	spin();
	assert_int_equal(write(far, "x", 1), -1); /* it is closed */
	wr_free(&w);
	wr_free(&in);
}

/* Behind half a message of routes nothing can be said. */
static void test_finish_within(void **state)
{
	struct wr w = {0}, in = {0};

	for (int i = 0; i < 100; i++)
		put_message(&routes, BGP_UPDATE, 4095, 1);
	conn_pull(conn, &source, &peer);
	spin();
	while (routes_at % 4095 == 0)
		take(&in, 1000);
	put_message(&w, BGP_NOTIFICATION, 21, 6);
	conn_send(conn, &w);
	conn_finish(conn);
	conn = NULL;
	while (take(&in, 4096))
		;
	assert_int_equal(in.len, routes_at);
	assert_int_equal(read(far, in.data, 1), 0);
	wr_free(&w);
	wr_free(&in);
}

/* A connection that is nobody's: the word, and the end. */
static void test_refuse(void **state)
{
	struct bgp_error e = {.code = 6, .subcode = 5};
	static const uint8_t want[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0,	 21,   3,    6,	   5};
	uint8_t got[64];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	conn_refuse(fds[0], &e);
	spin();
	assert_int_equal(read(fds[1], got, sizeof(got)), sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(read(fds[1], got, 1), 0);
	assert_int_equal(write(fds[1], "x", 1), 1); /* it is read on */
	conn_finish_all();
	assert_int_equal(write(fds[1], "x", 1), -1);
	close(fds[1]);
}

/* So many wait for the far end's end at most; further ones end without a word. */
static void test_refuse_many(void **state)
{
	struct bgp_error e = {.code = 6, .subcode = 5};
	uint8_t got[64];
	int fds[258][2];

	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
		conn_refuse(fds[i][0], &e);
	}
	spin();
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
		assert_int_equal(read(fds[i][1], got, sizeof(got)), i < 256 ? 21 : 0);
	/* Where one is gone there is room again. */
	close(fds[7][1]);
	spin();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[7]), 0);
	conn_refuse(fds[7][0], &e);
	spin();
	assert_int_equal(read(fds[7][1], got, sizeof(got)), 21);
	conn_finish_all();
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stuck, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_at_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finish_within, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuse_many, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
