/* SPDX-License-Identifier: BSD-2-Clause */
/* ask: what is asked of played daemons, and how their answers are gathered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "played.h"

static void on_answer(void *arg, const json_t *answer, const char *error)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS) : xstrdup("none");

	played_say("%s: %s, %s\n", (const char *)arg, text, error ? error : "fine");
	free(text);
}

/* Asks once more, from inside of an answer. */
static void on_answer_again(void *arg, const json_t *answer, const char *error)
{
	on_answer(arg, answer, error);
	ask_daemon(DAEMON_WGD, json_pack("{s:i}", "again", 1), on_answer, arg);
}

static void question(enum daemon_id id, const char *name)
{
	ask_daemon(id, json_pack("{s:s}", "command", name), on_answer, (void *)name);
}

static void head(enum daemon_id id, uint32_t number, const char *list, const char *json)
{
	struct wr w = {0};

	msg_put_reply_head(&w, number, list, json, strlen(json));
	played_send(id, MSG_REPLY_HEAD, 0, &w);
}

static void row(enum daemon_id id, uint32_t number, const char *json)
{
	struct wr w = {0};

	msg_put_request(&w, number, json, strlen(json));
	played_send(id, MSG_REPLY_ROW, 0, &w);
}

static void end(enum daemon_id id, uint32_t number, const char *error)
{
	struct wr w = {0};

	msg_put_reply_end(&w, number, error);
	played_send(id, MSG_REPLY_END, 0, &w);
}

static void test_answers(void **state)
{
	question(DAEMON_WGD, "tunnels");
	PLAYED_EXPECT("wgd request 1 {\"command\":\"tunnels\"}\n");
	head(DAEMON_WGD, 1, "tunnels", "{\"a\":1}");
	row(DAEMON_WGD, 1, "{\"b\":2}");
	row(DAEMON_WGD, 1, "{\"c\":3}");
	PLAYED_EXPECT("");
	end(DAEMON_WGD, 1, "");
	PLAYED_EXPECT("tunnels: {\"a\":1,\"tunnels\":[{\"b\":2},{\"c\":3}]}, fine\n");
	end(DAEMON_WGD, 1, ""); /* it is over */
	PLAYED_EXPECT("");
	question(DAEMON_WGD, "plain");
	head(DAEMON_WGD, 2, "", "{\"a\":1}");
	row(DAEMON_WGD, 2, "{\"b\":2}"); /* of no list */
	end(DAEMON_WGD, 2, "");
	PLAYED_EXPECT("wgd request 2 {\"command\":\"plain\"}\nplain: {\"a\":1}, fine\n");
	question(DAEMON_WGD, "odd");
	head(DAEMON_WGD, 3, "rows", "[7]");
	head(DAEMON_WGD, 3, "rows", "[7]"); /* and once more */
	row(DAEMON_WGD, 3, "{\"b\":2}");
	end(DAEMON_WGD, 3, "");
	PLAYED_EXPECT("wgd request 3 {\"command\":\"odd\"}\nodd: {\"rows\":[{\"b\":2}]}, fine\n");
	question(DAEMON_WGD, "bad");
	head(DAEMON_WGD, 4, "rows", "{}");
	end(DAEMON_WGD, 4, "not so");
	PLAYED_EXPECT("wgd request 4 {\"command\":\"bad\"}\nbad: none, not so\n");
	question(DAEMON_WGD, "empty");
	end(DAEMON_WGD, 5, "");
	PLAYED_EXPECT("wgd request 5 {\"command\":\"empty\"}\nempty: none, fine\n");
	question(DAEMON_WGD, "headless");
	row(DAEMON_WGD, 6, "{\"b\":2}");
	end(DAEMON_WGD, 6, "x");
	PLAYED_EXPECT("wgd request 6 {\"command\":\"headless\"}\nheadless: none, x\n");
}

static int heard_of(enum msg_type type, const char *body, size_t len)
{
	struct ipc_frame frame = {.type = type, .body = (const uint8_t *)body, .len = len};

	return ask_frame(DAEMON_WGD, &frame);
}

/* What is no answer is told from one that is whole, whether somebody waits for it or not. */
static void test_what_is_no_answer(void **state)
{
	assert_int_equal(heard_of(MSG_REPLY_END, "\0\0\0\1\0", 6), 0);
	assert_int_equal(heard_of(MSG_REPLY_END, "\0\0\0\1\0", 5), -EBADMSG);
	assert_int_equal(heard_of(MSG_REPLY_HEAD, "\0\0\0\1\0\0{}", 8), 0);
	assert_int_equal(heard_of(MSG_REPLY_ROW, "\0\0\0\1{}", 6), 0);
	assert_int_equal(heard_of(MSG_REPLY_ROW, "\0\0\0", 3), -EBADMSG);
	assert_int_equal(heard_of(MSG_REQUEST, "\0\0\0\1{}", 6), -EBADMSG);
	assert_int_equal(heard_of(MSG_PONG, "\0\0\0\1", 4), -EBADMSG);
}

/* Answers are told apart by daemon and number. */
static void test_several(void **state)
{
	struct wr w = {0};

	question(DAEMON_WGD, "one");
	question(DAEMON_BGPD, "two");
	question(DAEMON_WGD, "three");
	PLAYED_EXPECT("wgd request 1 {\"command\":\"one\"}\nwgd request 3 {\"command\":\"three\"}\n"
		      "bgpd request 2 {\"command\":\"two\"}\n");
	end(DAEMON_WGD, 2, "");
	end(DAEMON_BGPD, 1, "");
	wr_u8(&w, 0);
	played_send(DAEMON_BGPD, MSG_REPLY_END, 0, &w); /* malformed */
	PLAYED_EXPECT("");
	end(DAEMON_WGD, 3, "");
	PLAYED_EXPECT("three: none, fine\n");
	end(DAEMON_BGPD, 2, "");
	end(DAEMON_WGD, 1, "");
	played_settle();
	assert_non_null(strstr(played_text, "two: none, fine\n"));
	assert_non_null(strstr(played_text, "one: none, fine\n"));
}

static void test_daemons_that_do_not_answer(void **state)
{
	played_end(DAEMON_BFDD);
	question(DAEMON_BFDD, "absent");
	assert_string_equal(played_text, "absent: none, a daemon is not running\n");
	played_text[0] = '\0';
	played_silence(DAEMON_ZEBRA, true);
	question(DAEMON_ZEBRA, "mute");
	assert_string_equal(played_text, "mute: none, zebra-lite says nothing\n");
	PLAYED_EXPECT("mute: none, zebra-lite says nothing\n");
	played_silence(DAEMON_ZEBRA, false);
	question(DAEMON_ZEBRA, "one");
	question(DAEMON_BGPD, "two");
	question(DAEMON_ZEBRA, "three");
	played_settle();
	played_text[0] = '\0';
	ask_daemon_gone(DAEMON_ZEBRA);
	PLAYED_EXPECT("one: none, the daemon went away\nthree: none, the daemon went away\n");
	question(DAEMON_ZEBRA, "four");
	played_settle();
	played_text[0] = '\0';
	played_silence(DAEMON_ZEBRA, true);
	ask_daemon_gone(DAEMON_ZEBRA);
	PLAYED_EXPECT("four: none, zebra-lite says nothing\n");
	ask_daemon_gone(DAEMON_ZEBRA);
	PLAYED_EXPECT("");
	end(DAEMON_BGPD, 2, "");
	PLAYED_EXPECT("two: none, fine\n");
}

static void test_again_from_inside(void **state)
{
	ask_daemon(DAEMON_WGD, json_pack("{s:i}", "first", 1), on_answer_again, "chain");
	end(DAEMON_WGD, 1, "");
	PLAYED_EXPECT("wgd request 1 {\"first\":1}\nwgd request 2 {\"again\":1}\n"
		      "chain: none, fine\n");
	end(DAEMON_WGD, 2, "");
	PLAYED_EXPECT("chain: none, fine\n");
}

/* Nobody is called any more. */
static void test_end(void **state)
{
	question(DAEMON_WGD, "one");
	question(DAEMON_BGPD, "two");
	played_settle();
	played_text[0] = '\0';
	ask_free();
	end(DAEMON_WGD, 1, "");
	PLAYED_EXPECT("");
}

static void hear(enum daemon_id id, const struct ipc_frame *frame)
{
	assert_int_equal(ask_frame(id, frame), frame->len < 5 ? -EBADMSG : 0);
}

static int setup(void **state)
{
	played_from_daemon = hear;
	for (int id = 0; id < DAEMON_COUNT; id++)
		played_start(id);
	return 0;
}

static int teardown(void **state)
{
	ask_free();
	played_free();
	loop_free();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_several),
		TEST(test_what_is_no_answer),
		TEST(test_daemons_that_do_not_answer),
		TEST(test_again_from_inside),
		TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
