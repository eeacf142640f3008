/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: answers over a real channel: whole ones, streamed ones against a slow reader, cancelled
 * ones, unknown commands and malformed requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "json_text.h"
#include "loop.h"
#include "testing.h"
#include "util.h"

#define ROWS 100000

static unsigned rows_emitted, finished;
static size_t queued_max;

static struct {
	unsigned heads, rows, ends;
	uint32_t last_id, first_ended;
	char list[MSG_NAME_MAX], error[MSG_ERROR_MAX];
	bool in_order;
	bool pause;
	char text[4096]; /* all of it */
} got;

static void start_object(struct show *s)
{
	show_object(s, json_pack("{s:s}", "hello", "world"));
}

static void start_rows(struct show *s)
{
	s->state = xcalloc(1, sizeof(unsigned));
	show_head(s, json_object(), "numbers");
}

static void step_rows(struct show *s)
{
	unsigned *at = s->state;

	for (; *at < ROWS && !show_full(s); (*at)++) {
		show_row(s, json_pack("{s:i}", "n", *at));
		rows_emitted++;
	}
	if (ipc_queued(asked_server) > queued_max)
		queued_max = ipc_queued(asked_server);
	if (*at == ROWS)
		show_end(s, NULL);
}

static void finish_rows(struct show *s)
{
	free(s->state);
	finished++;
}

static void start_texts(struct show *s)
{
	struct prefix p = {0};
	struct addr a = {0};

	show_head(s, json_pack("{s:o}", "none", json_addr(&a)), "texts");
	prefix_parse("10.0.0.0/8", &p);
	addr_parse("fd00::1", &a);
	show_row(s, json_pack("{s:o, s:o}", "prefix", json_prefix(&p), "addr", json_addr(&a)));
}

/* A row of text at a time, two rows. */
static void step_texts(struct show *s)
{
	struct json_text row = {0};

	json_text_object(&row, NULL);
	json_text_integer(&row, "n", s->state ? 2 : 1);
	json_text_end_object(&row);
	show_row_text(s, &row);
	json_text_free(&row);
	if (s->state)
		show_end(s, "that is all");
	s->state = s;
}

static struct show *waiting;

static void start_waiting(struct show *s)
{
	waiting = s;
	s->waits = true;
}

static void step_waiting(struct show *s)
{
}

static void finish_waiting(struct show *s)
{
	waiting = NULL;
	finished++;
}

static const struct show_command commands[] = {
	{"object", start_object, NULL, NULL},
	{"rows", start_rows, step_rows, finish_rows},
	{"texts", start_texts, step_texts, NULL},
	{"waiting", start_waiting, step_waiting, finish_waiting},
	{0},
};

static void start_common(struct show *s)
{
	show_object(s, json_pack("{s:s}", "in", "common"));
}

/* What both tables have is the daemon's own. */
static const struct show_command common[] = {
	{"every", start_common, NULL, NULL},
	{"object", start_common, NULL, NULL},
	{0},
};

static void heard(enum msg_type type, const struct msg_reply *m)
{
	got.last_id = m->id;
	snprintf(got.text + strlen(got.text), sizeof(got.text) - strlen(got.text),
		 "%s %u '%s%s' %.*s\n", msg_name(type), m->id, m->list, m->error, (int)m->json_len,
		 m->json ? m->json : "");
	if (type == MSG_REPLY_HEAD) {
		got.heads++;
		str_copy(got.list, m->list, sizeof(got.list));
	} else if (type == MSG_REPLY_ROW) {
		char expect[32];

		snprintf(expect, sizeof(expect), "{\"n\":%u}", got.rows++);
		got.in_order = got.in_order && m->json_len == strlen(expect) &&
			       memcmp(m->json, expect, m->json_len) == 0;
	} else {
		if (got.ends++ == 0)
			got.first_ended = m->id;
		str_copy(got.error, m->error, sizeof(got.error));
	}
	if (got.pause)
		ipc_pause(asked_client);
}

static int setup(void **state)
{
	memset(&got, 0, sizeof(got));
	got.in_order = true;
	rows_emitted = finished = 0;
	queued_max = 0;
	asked_start(commands, common, heard);
	return 0;
}

static int teardown(void **state)
{
	asked_stop();
	loop_free();
	return 0;
}

static void turns(int n)
{
	while (n-- > 0)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
}

/* At most 10 ms, whether something happens or not. */
static void short_turn(void)
{
	struct timeval tv = {.tv_usec = 10000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

#define RUN_UNTIL(cond)                                                                    \
	do {                                                                               \
		for (uint64_t end_ = now_ms() + test_patience_ms(); !(cond); short_turn()) \
			assert_true(now_ms() < end_);                                      \
	} while (0)

/* So many events are waited for: what waits for a reader takes no turns. */
static void waits_for(int events)
{
	uint64_t end = now_ms() + test_patience_ms();

	while (event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED) != events) {
		turns(1);
		assert_true(now_ms() < end);
	}
}

static void test_object(void **state)
{
	asked_request(5, "{\"command\":\"object\"}");
	RUN_UNTIL(got.ends == 1);
	assert_string_equal(got.text, "reply-head 5 '' {\"hello\":\"world\"}\nreply-end 5 '' \n");
}

static void test_common(void **state)
{
	asked_request(7, "{\"command\":\"every\"}");
	RUN_UNTIL(got.ends == 1);
	assert_string_equal(got.text, "reply-head 7 '' {\"in\":\"common\"}\nreply-end 7 '' \n");
}

static void test_texts(void **state)
{
	asked_request(6, "{\"command\":\"texts\"}");
	RUN_UNTIL(got.ends == 1);
	assert_string_equal(got.text,
			    "reply-head 6 'texts' {\"none\":null}\n"
			    "reply-row 6 '' {\"prefix\":\"10.0.0.0/8\",\"addr\":\"fd00::1\"}\n"
			    "reply-row 6 '' {\"n\":1}\n"
			    "reply-row 6 '' {\"n\":2}\n"
			    "reply-end 6 'that is all' \n");
	turns(100);
	assert_int_equal(got.ends, 1);
}

static void test_stream(void **state)
{
	asked_request(1, "{\"command\":\"rows\"}");
	RUN_UNTIL(got.ends == 1);
	assert_int_equal(got.rows, ROWS);
	assert_true(got.in_order);
	assert_string_equal(got.list, "numbers");
	assert_int_equal(finished, 1);
	assert_true(queued_max < 512 * 1024); /* streamed, not piled up */
	assert_int_equal(rows_emitted, ROWS);
}

static void test_slow_reader_stops_it(void **state)
{
	got.pause = true;
	asked_request(1, "{\"command\":\"rows\"}");
	RUN_UNTIL(got.heads == 1);
	turns(500);
	assert_true(rows_emitted < ROWS);
	waits_for(2); /* the server reads and writes */
	got.pause = false;
	ipc_resume(asked_client);
	RUN_UNTIL(got.ends == 1);
	assert_int_equal(got.rows, ROWS);
	assert_true(got.in_order);
	waits_for(2); /* both read */
}

static void test_cancel(void **state)
{
	got.pause = true;
	asked_request(1, "{\"command\":\"rows\"}");
	RUN_UNTIL(got.heads == 1);
	asked_cancel(1);
	turns(500);
	got.pause = false;
	ipc_resume(asked_client);
	RUN_UNTIL(got.ends == 1);
	assert_string_equal(got.error, "cancelled");
	assert_true(got.rows < ROWS);
	assert_int_equal(finished, 1);
}

/* Each of several running answers can be the one that is cancelled, and only that one is. */
static void test_cancel_one_of(void **state)
{
	for (uint32_t which = 1; which <= 3; which++) {
		got.pause = true;
		for (uint32_t id = 1; id <= 3; id++)
			asked_request(id, "{\"command\":\"rows\"}");
		RUN_UNTIL(got.heads >= 1);
		asked_cancel(9); /* nobody */
		asked_cancel(which);
		turns(500);
		got.pause = false;
		ipc_resume(asked_client);
		RUN_UNTIL(got.ends == 1);
		assert_int_equal(got.first_ended, which);
		assert_string_equal(got.error, "cancelled");
		RUN_UNTIL(got.ends == 3);
		assert_string_equal(got.error, "");
		assert_int_equal(finished, 3);
		assert_true(got.rows >= 2 * ROWS && got.rows < 3 * ROWS);
		teardown(NULL);
		setup(NULL);
	}
}

/* What it waited for ends it in the turn in which it is cancelled, and has the last word. */
static void test_cancel_ended(void **state)
{
	struct wr w = {0};

	asked_request(1, "{\"command\":\"waiting\"}");
	RUN_UNTIL(waiting);
	show_end(waiting, "done");
	show_go_on(waiting);
	wr_u32(&w, 1);
	show_server_frame(asked_answers,
			  &(struct ipc_frame){.type = MSG_CANCEL, .body = w.data, .len = w.len});
	wr_free(&w);
	RUN_UNTIL(finished == 1);
	turns(100);
	assert_string_equal(got.text, "reply-end 1 'done' \n");
}

/* What ends in one turn leaves the others as they are. */
static void test_ends_beside_others(void **state)
{
	asked_request(1, "{\"command\":\"texts\"}");
	asked_request(2, "{\"command\":\"rows\"}");
	asked_request(3, "{\"command\":\"texts\"}");
	asked_request(4, "{\"command\":\"rows\"}");
	RUN_UNTIL(got.ends == 4);
	assert_int_equal(got.heads, 4);
	assert_int_equal(got.rows, 2 * ROWS + 2 * 3);
	assert_int_equal(finished, 2);
}

/* A frame that is neither is nothing. */
static void test_broken_frames(void **state)
{
	ipc_send(asked_client, MSG_CANCEL, 0, "\0\0", 2);
	ipc_send(asked_client, MSG_REQUEST, 0, "\0\0", 2);
	asked_request(5, "{\"command\":\"object\"}");
	RUN_UNTIL(got.ends == 1);
	assert_int_equal(got.last_id, 5);
	assert_int_equal(got.heads, 1);
}

static void test_two_at_once_and_free(void **state)
{
	asked_request(1, "{\"command\":\"rows\"}");
	asked_request(2, "{\"command\":\"rows\"}");
	asked_request(3, "{\"command\":\"object\"}");
	RUN_UNTIL(got.ends >= 1); /* the object overtakes the tables */
	assert_int_equal(got.first_ended, 3);
	/* teardown frees the server with two running answers: a sanitizer sees a leak */
}

static void test_refused(void **state)
{
	static const struct {
		const char *json, *error;
	} bad[] = {
		{"{\"command\":\"nonsense\"}", "unknown command"},
		{"{}", "unknown command"},
		{"{\"command\":7}", "unknown command"},
		{"[1]", "malformed request"},
		{"{", "malformed request"},
		{"", "malformed request"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		asked_request(i, bad[i].json);
		RUN_UNTIL(got.ends == i + 1);
		assert_int_equal(got.last_id, i);
		assert_string_equal(got.error, bad[i].error);
	}
	assert_int_equal(got.heads, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_object),
		TEST(test_common),
		TEST(test_texts),
		TEST(test_stream),
		TEST(test_slow_reader_stops_it),
		TEST(test_cancel),
		TEST(test_cancel_one_of),
		TEST(test_cancel_ended),
		TEST(test_ends_beside_others),
		TEST(test_broken_frames),
		TEST(test_two_at_once_and_free),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
