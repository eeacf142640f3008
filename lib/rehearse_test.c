/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rehearse: a copy answers a request: what it changes stays in it, it reaches nothing outside, and
 * its end, however it comes, ends the answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asked.h"
#include "conf.h"
#include "loop.h"
#include "rehearse.h"
#include "testing.h"
#include "util.h"

#define ROWS 5000

static int changed; /* by a copy, in itself */
static int outside[2];

static struct {
	unsigned rows, ends;
	char list[MSG_NAME_MAX], error[MSG_ERROR_MAX];
	json_t *head, *last; /* owned */
} got;

static void answer_free(void)
{
	json_decref(got.head);
	json_decref(got.last);
	memset(&got, 0, sizeof(got));
}

/* Changes what it can reach, and says what it could not. */
static json_t *tries(const json_t *args, json_t *rows)
{
	bool wrote = write(outside[0], "x", 1) == 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	changed = 1;
	for (int i = 0; i < ROWS; i++)
		json_array_append_new(
			rows, json_pack("{s:i, s:s}", "n", i, "asked", conf_str(args, "word", "")));
	return json_pack("{s:b, s:b, s:i}", "wrote", wrote, "socket", fd >= 0, "changed", changed);
}

static json_t *dies(const json_t *args, json_t *rows)
{
	_exit(0);
}

/* Until nobody hears it. */
static json_t *lasts(const json_t *args, json_t *rows)
{
	while (!json_array_size(rows))
		rehearse_tick();
	return NULL;
}

static void start_tries(struct show *s)
{
	rehearse(s, tries, "numbers");
}

static void start_dies(struct show *s)
{
	rehearse(s, dies, "numbers");
}

static void start_lasts(struct show *s)
{
	rehearse(s, lasts, "numbers");
}

static const struct show_command commands[] = {
	{"tries", start_tries, rehearse_step, rehearse_finish},
	{"dies", start_dies, rehearse_step, rehearse_finish},
	{"lasts", start_lasts, rehearse_step, rehearse_finish},
	{0},
};

static void heard(enum msg_type type, const struct msg_reply *m)
{
	if (type == MSG_REPLY_HEAD) {
		str_copy(got.list, m->list, sizeof(got.list));
		got.head = conf_read(m->json, m->json_len);
	} else if (type == MSG_REPLY_ROW) {
		json_decref(got.last);
		got.last = conf_read(m->json, m->json_len);
		assert_int_equal(conf_u32(got.last, "n", ROWS), got.rows++);
	} else {
		got.ends++;
		str_copy(got.error, m->error, sizeof(got.error));
	}
}

static int setup(void **state)
{
	changed = 0;
	ipc_pair(outside);
	asked_start(commands, NULL, heard);
	return 0;
}

static int teardown(void **state)
{
	asked_stop();
	close(outside[0]);
	close(outside[1]);
	loop_free();
	answer_free();
	return 0;
}

static void await_ends(unsigned n)
{
	struct timeval tv = {.tv_usec = 10000};

	for (uint64_t end = now_ms() + test_patience_ms(); got.ends < n;
	     assert_true(now_ms() < end)) {
		event_base_loopexit(loop_base(), &tv);
		event_base_loop(loop_base(), EVLOOP_ONCE);
	}
}

static void test_stays_inside(void **state)
{
	char byte;

	asked_request(1, "{\"command\":\"tries\",\"word\":\"w\"}");
	await_ends(1);
	assert_string_equal(got.error, "");
	assert_string_equal(got.list, "numbers");
	assert_int_equal(got.rows, ROWS);
	assert_string_equal(conf_str(got.last, "asked", ""), "w");
	assert_int_equal(conf_u32(got.head, "changed", 0), 1);
	assert_false(json_is_true(conf_get(got.head, "wrote")));
	assert_false(json_is_true(conf_get(got.head, "socket")));
	assert_int_equal(changed, 0);
	assert_int_equal(recv(outside[1], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* What the daemon polls stays polled: the copy has no part in its epoll. */
static void test_again(void **state)
{
	for (unsigned i = 1; i <= 3; i++) {
		asked_request(i, "{\"command\":\"tries\"}");
		await_ends(i);
		got.rows = 0;
		json_decref(got.head);
		got.head = NULL;
	}
}

static void test_death(void **state)
{
	asked_request(1, "{\"command\":\"dies\"}");
	await_ends(1);
	assert_string_equal(got.error, "what would happen could not be found out");
	assert_null(got.head);
}

static void test_one_at_a_time(void **state)
{
	asked_request(1, "{\"command\":\"lasts\"}");
	asked_request(2, "{\"command\":\"tries\"}");
	await_ends(1);
	assert_string_equal(got.error, "this is being found out for somebody else");
	asked_cancel(1);
	await_ends(2);
	assert_string_equal(got.error, "cancelled");
	asked_request(3, "{\"command\":\"tries\"}");
	await_ends(3);
	assert_string_equal(got.error, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stays_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_death, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
