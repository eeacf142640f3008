/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_ring: what writers say is found again, in order and by what it speaks of; a ring has bounds,
 * and takes nothing from another one; nobody can say what breaks the answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "log_ring.h"
#include "testing.h"
#include "util.h"

static int fds[LOG_RING_SOURCES];

static int setup(void **state)
{
	for (unsigned i = 0; i < LOG_RING_SOURCES; i++)
		fds[i] = log_ring_open(i);
	return fds[0] < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < LOG_RING_SOURCES; i++)
		close(fds[i]);
	log_ring_free();
	return 0;
}

static bool put(unsigned source, const char *text)
{
	return send(fds[source], text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static char said[LOG_RING_LINES * 64];
static unsigned n_said;

static void on_row(void *arg, json_t *row)
{
	size_t at = strlen(said);

	n_said++;
	assert_non_null(row);
	if (at + 200 < sizeof(said))
		snprintf(said + at, sizeof(said) - at, "%s %s %s %s %s\n",
			 json_string_value(json_object_get(row, "time")),
			 json_string_value(json_object_get(row, "level")),
			 json_string_value(json_object_get(row, "daemon")),
			 json_string_value(json_object_get(row, "event")),
			 json_string_value(json_object_get(row, "text")));
	json_decref(row);
}

static const char *lines(struct log_filter f)
{
	said[0] = '\0';
	n_said = 0;
	log_ring_each(&f, on_row, NULL);
	return said;
}

#define ALL .level = LOG_LEVEL_DEBUG, .count = 100000

static void test_order_and_filter(void **state)
{
	assert_string_equal(lines((struct log_filter){ALL}), "");
	put(DAEMON_WGD, "1 T1 tunnel-state peer=site-a interface=wg0 to=down");
	lines((struct log_filter){ALL}); /* is read */
	put(DAEMON_BGPD, "2 T2 session-down neighbor=10.9.0.2 why=\"peer=site-a\"");
	lines((struct log_filter){ALL});
	put(LOG_RING_PARENT, "0 T3 died daemon=bgpd");
	put(LOG_RING_PARENT, "3 T4 debug x peer=\"site b\"");
	assert_string_equal(lines((struct log_filter){ALL}),
			    "T1 warning wgd tunnel-state peer=site-a interface=wg0 to=down\n"
			    "T2 info bgpd session-down neighbor=10.9.0.2 why=\"peer=site-a\"\n"
			    "T3 error wgbgpd died daemon=bgpd\n"
			    "T4 debug wgbgpd debug x peer=\"site b\"\n");
	assert_string_equal(lines((struct log_filter){ALL, .peer = "site-a"}),
			    "T1 warning wgd tunnel-state peer=site-a interface=wg0 to=down\n");
	assert_string_equal(lines((struct log_filter){ALL, .peer = "site b"}),
			    "T4 debug wgbgpd debug x peer=\"site b\"\n");
	assert_string_equal(lines((struct log_filter){ALL, .peer = "10.9.0.2"}),
			    "T2 info bgpd session-down neighbor=10.9.0.2 why=\"peer=site-a\"\n");
	assert_string_equal(lines((struct log_filter){ALL, .event = "died"}),
			    "T3 error wgbgpd died daemon=bgpd\n");
	assert_string_equal(lines((struct log_filter){ALL, .event = "die"}), "");
	lines((struct log_filter){.level = LOG_LEVEL_WARN, .count = 9});
	assert_int_equal(n_said, 2);
	assert_string_equal(lines((struct log_filter){.level = LOG_LEVEL_WARN, .count = 1}),
			    "T3 error wgbgpd died daemon=bgpd\n");
	lines((struct log_filter){.level = LOG_LEVEL_DEBUG});
	assert_int_equal(n_said, 0);
}

/* One that says much keeps its last lines, and the others theirs. */
static void test_bounds(void **state)
{
	char text[256], pad[2001];

	put(DAEMON_WGD, "1 T1 tunnel-state peer=a");
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "2 T x n=%u", i);
		while (!put(DAEMON_BGPD, text)) /* the socket is full */
			lines((struct log_filter){ALL});
	}
	lines((struct log_filter){ALL});
	assert_int_equal(n_said, LOG_RING_LINES + 1);
	assert_string_equal(lines((struct log_filter){.level = LOG_LEVEL_DEBUG, .count = 1}),
			    "T info bgpd x n=4999\n");
	assert_non_null(strstr(lines((struct log_filter){ALL, .event = "tunnel-state"}), "peer=a"));
	memset(pad, 'x', sizeof(pad) - 1);
	memcpy(pad, "2 T y ", 6);
	pad[sizeof(pad) - 1] = '\0';
	for (unsigned i = 0; i < 200; i++)
		while (!put(DAEMON_BGPD, pad))
			lines((struct log_filter){ALL});
	lines((struct log_filter){ALL, .event = "y"});
	assert_in_range(n_said, LOG_RING_BYTES / 2100, LOG_RING_BYTES / 2000);
}

/* What a daemon said before it died is there, and the next one's is its as well. */
static void test_next_life(void **state)
{
	put(DAEMON_BGPD, "0 T1 fatal why=\"x\"");
	close(fds[DAEMON_BGPD]);
	fds[DAEMON_BGPD] = log_ring_open(DAEMON_BGPD);
	put(DAEMON_BGPD, "2 T2 sandbox n=1");
	assert_string_equal(lines((struct log_filter){ALL}),
			    "T1 error bgpd fatal why=\"x\"\nT2 info bgpd sandbox n=1\n");
}

static void test_any_bytes(void **state)
{
	static const char *const bad[] = {"2", "2 ", "9 T e", "x T e", "2T e"};
	unsigned seed = test_seed();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		put(DAEMON_BGPD, bad[i]);
	assert_string_equal(lines((struct log_filter){ALL}), "");
	put(DAEMON_BGPD, "2 T e a=\x1b[\xff\xc2\x9b\n");
	assert_string_equal(lines((struct log_filter){ALL}), "T info bgpd e a=?[????\n");
	srandom(seed);
	for (unsigned round = 0; round < 2000; round++) {
		char text[40];
		size_t n = 1 + random() % (sizeof(text) - 1);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)random();
		text[0] = (char)('0' + random() % 5);
		text[1] = ' ';
		send(fds[DAEMON_BGPD], text, n, MSG_DONTWAIT);
		lines((struct log_filter){.level = LOG_LEVEL_DEBUG, .peer = "x", .count = 3});
	}
	lines((struct log_filter){ALL});
	assert_in_range(n_said, 100, LOG_RING_LINES);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order_and_filter),
		TEST(test_bounds),
		TEST(test_next_life),
		TEST(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
