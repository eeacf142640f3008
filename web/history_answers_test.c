/* SPDX-License-Identifier: BSD-2-Clause */
/* history_answers: what is asked for, and how often the store is walked through for a crowd. */
#include "played.h"

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "history_answers.h"
#include "history_store.h"
#include "util.h"

#define B_SERIES "/api/series?interface=wg0&peer=b"

static char history_dir[] = "/tmp/history_answers_test.XXXXXX";
static struct history_store *store;
static unsigned walks;

int __real_history_walk_begin(struct history_store *s, const char *interface, const char *peer,
			      int64_t now, int64_t span, struct history_walk *walk);
int __wrap_history_walk_begin(struct history_store *s, const char *interface, const char *peer,
			      int64_t now, int64_t span, struct history_walk *walk);
int __wrap_history_walk_begin(struct history_store *s, const char *interface, const char *peer,
			      int64_t now, int64_t span, struct history_walk *walk)
{
	walks++;
	return __real_history_walk_begin(s, interface, peer, now, span, walk);
}

static void put(int64_t prefixes)
{
	const struct history_sample sample = {
		"wg0", "b", {1000, 2000, 12345, 50, prefixes, HISTORY_UP}};

	assert_int_equal(history_store_put(store, time(NULL), &sample, 1), 0);
	history_answers_renew();
}

static int set_up(void **state)
{
	char *path, error[256];

	played_set_up(state);
	assert_non_null(mkdtemp(history_dir));
	path = xasprintf("%s/history.db", history_dir);
	store = history_store_open(path, error, sizeof(error));
	free(path);
	assert_non_null(store);
	history_answers_open(store, "");
	put(77);
	walks = 0;
	return 0;
}

static int tear_down(void **state)
{
	char *line = xasprintf("rm -rf %s", history_dir);
	int status;

	played_tear_down(state);
	history_store_close(store);
	status = system(line);
	free(line);
	strcpy(history_dir + strlen(history_dir) - 6, "XXXXXX");
	return status;
}

static void crowd_gets(const char *what, const char *part)
{
	char *line = xasprintf("GET %s HTTP/1.0\r\n\r\n", what);
	int fds[20];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, part);
		close(fds[i]);
	}
	free(line);
}

static void test_answers(void **state)
{
	static const char *const wrong[] = {"/api/series?peer=b",
					    "/api/series?interface=wg0",
					    B_SERIES "&span=1",
					    B_SERIES "&span=9x",
					    "/api/curves?tunnel=wg0",
					    "/api/curves?peer=b",
					    "/api/curves?tunnel=wg0+b&tunnel=wg0+b"};

	has(get(B_SERIES), " 200 ");
	has(heard, "\"prefixes\":[77],\"latency-ms\":[12.345],\"loss-percent\":[0.5]");
	has(get("/api/series?interface=wg0&peer=c"), " 404 ");
	has(heard, "{\"error\":\"nothing is known of such a tunnel\"}");
	has(get("/api/series?interface=wg0&peer=%ff"), " 404 ");
	has(get("/api/curves?tunnel=wg0+%ff&tunnel=wg0+b&tunnel=wg1+b"), " 200 ");
	has(heard, "\"curves\":[{\"interface\":\"wg0\",\"peer\":\"b\",");
	has(heard, "12.345],");
	has(get("/api/curves"), "\"curves\":[]}");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		has(get(wrong[i]), " 400 ");
	history_answers_open(NULL, "no room");
	has(get(B_SERIES), "there is no history: no room");
	history_answers_open(store, "");
}

static void test_shared(void **state)
{
	crowd_gets(B_SERIES, "[77]");
	assert_int_equal(walks, 1);
	crowd_gets("/api/curves?tunnel=wg0+b&tunnel=wg0+c", "12.345]");
	assert_int_equal(walks, 3);
	crowd_gets(B_SERIES, "[77]");
	assert_int_equal(walks, 3);
	put(78);
	crowd_gets(B_SERIES, "[78]");
	assert_int_equal(walks, 4);
	skipped_ms += HISTORY_STEP_S * 1000; /* wgbgpd does not answer: there is no sample */
	crowd_gets(B_SERIES, "[78]");
	assert_int_equal(walks, 5);
}

/* However many different questions there are, so many answers are kept: the oldest one goes. */
static void test_bounded(void **state)
{
	char what[64];
	unsigned others = 0;

	crowd_gets(B_SERIES, "[77]");
	for (unsigned i = 0; i < HISTORY_ANSWERS_MAX - 1; i++) {
		snprintf(what, sizeof(what), B_SERIES "&span=%u", 100 + i);
		skipped_ms++;
		has(get(what), " 200 ");
	}
	assert_int_equal(walks, HISTORY_ANSWERS_MAX);
	crowd_gets(B_SERIES, "[77]");
	assert_int_equal(walks, HISTORY_ANSWERS_MAX);
	for (unsigned i = 0; i < 2 * HISTORY_ANSWERS_MAX; i++) {
		snprintf(what, sizeof(what), B_SERIES "&span=%u", 200 + i);
		has(get(what), " 200 ");
		others++;
	}
	assert_int_equal(walks, HISTORY_ANSWERS_MAX + others);
	crowd_gets(B_SERIES, "[77]");
	assert_int_equal(walks, HISTORY_ANSWERS_MAX + others + 1);
}

#define ANSWERS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ANSWERS_TEST(test_answers),
		ANSWERS_TEST(test_shared),
		ANSWERS_TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
