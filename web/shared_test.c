/* SPDX-License-Identifier: BSD-2-Clause */
/* shared: for how long an answer is fresh, by what it took to make. Time is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared.h"

static uint64_t now = 1000000;
static unsigned begun, answered;

uint64_t __wrap_now_ms(void);
uint64_t __wrap_now_ms(void)
{
	return now;
}

void __wrap_reply_text(struct evhttp_request *req, int status, const char *type, struct text *text);
void __wrap_reply_text(struct evhttp_request *req, int status, const char *type, struct text *text)
{
	answered++;
}

static void make(struct shared *s)
{
	begun++;
}

/* How long S gives an answer with STATUS, which took TOOK ms, to those who come behind it; all in
 * ms. */
static uint64_t fresh_for(struct shared *s, int status, uint64_t took)
{
	unsigned made = begun;
	uint64_t since;

	s->make = make;
	shared_reply(s, NULL);
	assert_int_equal(begun, made + 1);
	now += took;
	answered = 0;
	shared_made(s, status, text_new(xstrdup("x"), 1));
	assert_int_equal(answered, 1);
	since = now;
	now = s->fresh_ms - 1;
	shared_reply(s, NULL);
	assert_int_equal(answered, 2);
	assert_int_equal(begun, made + 1);
	now++;
	shared_reply(s, NULL);
	assert_int_equal(answered, 2); /* waits for the next one */
	assert_int_equal(begun, made + 2);
	shared_made(s, status, NULL);
	shared_free(s);
	since = now - since;
	now += 1000000;
	return since;
}

static void test_by_cost(void **state)
{
	static const struct {
		uint64_t least, took;
		unsigned times;
		uint64_t fresh;
	} rows[] = {
		{0, 0, 0, SHARED_FRESH_MS},
		{0, 10, 0, SHARED_FRESH_MS},
		{0, 1000, 0, 1000 * SHARED_FRESH_TIMES},
		{0, 11999, 0, 59995},
		{0, 12000, 0, SHARED_FRESH_MAX_MS},
		{0, 12001, 0, SHARED_FRESH_MAX_MS},
		{0, 3600000, 0, SHARED_FRESH_MAX_MS},
		{3000, 100, 20, 3000},
		{3000, 1000, 20, 20000},
		{3000, 3001, 20, SHARED_FRESH_MAX_MS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct shared s = {.least_ms = rows[i].least, .times = rows[i].times};

		assert_int_equal(fresh_for(&s, HTTP_OK, rows[i].took), rows[i].fresh);
	}
}

/* However long it took, and whatever is the least otherwise. */
static void test_failure(void **state)
{
	struct shared s = {.least_ms = 3000, .times = 20};

	assert_int_equal(fresh_for(&s, HTTP_SERVUNAVAIL, 0), SHARED_FRESH_MS);
	s = (struct shared){.least_ms = 3000, .times = 20};
	assert_int_equal(fresh_for(&s, HTTP_SERVUNAVAIL, 30000), SHARED_FRESH_MS);
}

struct place {
	struct shared shared;
	int more; /* the owner's */
};

/* Whose answer is in a place, by its number; -1: all are waited for. */
static int place_for(struct place *places, size_t n, const char *key)
{
	static const struct shared like = {.make = make, .times = 7};
	struct place *p = (struct place *)shared_place(places, n, sizeof(*places), key, &like);

	if (!p)
		return -1;
	assert_string_equal(p->shared.key, key);
	assert_true(p->shared.make == make && p->shared.times == 7);
	return (int)(p - places);
}

/* A question keeps its place; another one gets that which is the oldest, but none that is made. */
static void test_places(void **state)
{
	struct place places[3] = {0};

	for (int i = 0; i < 3; i++) {
		assert_int_equal(place_for(places, 3, i == 0 ? "a" : i == 1 ? "b" : "c"), i);
		places[i].more = 1;
		shared_reply(&places[i].shared, NULL);
	}
	assert_int_equal(place_for(places, 3, "d"), -1);
	assert_int_equal(place_for(places, 3, "b"), 1);
	for (int i = 2; i >= 0; i--) {
		shared_made(&places[i].shared, HTTP_OK, text_new(xstrdup("x"), 1));
		now += 100000;
	}
	assert_int_equal(place_for(places, 3, "a"), 0);
	assert_int_equal(places[0].more, 1);
	assert_int_equal(place_for(places, 3, "d"), 2); /* instead of c */
	assert_int_equal(places[2].more, 0);
	assert_null(places[2].shared.text);
	shared_reply(&places[2].shared, NULL);
	assert_int_equal(place_for(places, 3, "c"), 1); /* instead of b */
	shared_made(&places[2].shared, HTTP_OK, NULL);
	for (size_t i = 0; i < 3; i++)
		shared_free(&places[i].shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_cost),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
