/* SPDX-License-Identifier: BSD-2-Clause */
/* rib_queue: who is served when, by example and against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rib_queue.h"
#include "testing.h"
#include "util.h"

#define FLAPPER 7
#define OTHER 8
#define SOURCES 5
#define NETS 5000

static struct prefix number(unsigned i, uint8_t plane)
{
	uint8_t bytes[16] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	struct prefix p = prefix_make(i % 2 ? AF_INET6 : AF_INET, bytes, 32);

	p.plane = plane;
	return p;
}

static void mark(unsigned i, uint16_t source)
{
	struct prefix p = number(i, i % 3 ? 0 : PLANES_MAX - 1);
	struct rib_table *t = rib_table_for(&p);

	net_mark(t, net_get(t, &p), source);
}

/* The network's, or what was marked by mark(). */
static unsigned taken(const struct queued *q)
{
	struct prefix p = net_prefix(q->table, net_at(q->table, q->net));
	unsigned i = (unsigned)p.b[1] << 16 | p.b[2] << 8 | p.b[3];
	struct prefix same = number(i, i % 3 ? 0 : PLANES_MAX - 1);

	assert_true(prefix_eq(&p, &same));
	return i;
}

static int setup(void **state)
{
	rib_table_init();
	return 0;
}

static int teardown(void **state)
{
	rib_queue_free();
	assert_int_equal(rib_queue_length(), 0);
	assert_int_equal(rib_queue_sources(), 0);
	rib_table_free();
	return 0;
}

/* A neighbour's single network waits for one turn of him who flaps a hundred thousand, whatever
 * tables they stand in, and however far that turn has come. */
static void test_single(void **state)
{
	struct queued q;

	for (unsigned i = 0; i < 100000; i++)
		mark(i, FLAPPER);
	for (unsigned round = 0; round < 200; round++) {
		unsigned before = 0, at = 100000 + round;

		mark(at, OTHER);
		assert_int_equal(rib_queue_share(OTHER), 1);
		while (net_take(&q) && q.source == FLAPPER)
			before++;
		assert_int_equal(q.source, OTHER);
		assert_int_equal(taken(&q), at);
		assert_in_range(before, 1, RIB_QUEUE_TURN);
		for (unsigned i = 0; i < round; i++) /* now it stands elsewhere in its turn */
			assert_true(net_take(&q));
	}
}

/* It waits once: with whoever was first. */
static void test_once(void **state)
{
	struct queued q;

	mark(1, FLAPPER);
	mark(1, OTHER);
	mark(1, FLAPPER);
	assert_int_equal(rib_queue_length(), 1);
	assert_int_equal(rib_queue_share(OTHER), 0);
	assert_true(net_take(&q));
	assert_int_equal(q.source, FLAPPER);
	assert_false(net_take(&q));
	mark(1, OTHER);
	assert_true(net_take(&q));
	assert_int_equal(q.source, OTHER);
	assert_false(net_take(&q));
}

/* What waited is taken some time, although a source marks it all again as soon as it is taken. */
static void test_owed(void **state)
{
	struct queued q;
	unsigned taken_ = 0;

	for (unsigned i = 0; i < 1000; i++)
		mark(i, FLAPPER);
	mark(1000, OTHER);
	assert_false(rib_queue_owes());
	rib_queue_owe();
	for (; rib_queue_owes(); taken_++) {
		assert_true(net_take(&q));
		net_mark(q.table, q.net, q.source);
		assert_int_equal(rib_queue_length(), 1001);
		assert_in_range(taken_, 0, 1100);
	}
	assert_in_range(taken_, 1001, 1100);
}

/* Each source's come in the order in which they were marked. While a source waits, nobody else has
 * more than one turn. */
static void test_random(void **state)
{
	static unsigned list[SOURCES][NETS * 4];
	unsigned from[SOURCES] = {0}, end[SOURCES] = {0}, since[SOURCES][SOURCES] = {{0}}, all = 0;
	unsigned busy, until[SOURCES] = {0}; /* what is owed ends there */
	bool owes, waits[NETS] = {false};
	struct queued q;

	srand(test_seed());
	for (unsigned step = 0; step < NETS * 3; step++) {
		unsigned s = (unsigned)rand() % SOURCES, i = (unsigned)rand() % NETS;

		s = rand() % 3 ? s : 0;
		if (!waits[i]) {
			list[s][end[s]++] = i;
			if (end[s] == from[s] + 1)
				memset(since[s], 0, sizeof(since[s]));
			all++;
		}
		waits[i] = true;
		mark(i, (uint16_t)s);
		for (unsigned n = step % 700 < 350 ? 0 : (unsigned)rand() % 4; n && all; n--) {
			assert_true(net_take(&q));
			assert_int_equal(taken(&q), list[q.source][from[q.source]++]);
			waits[taken(&q)] = false;
			all--;
			for (unsigned k = 0; k < SOURCES; k++)
				if (end[k] > from[k] && k != q.source)
					assert_true(++since[k][q.source] <= RIB_QUEUE_TURN);
			memset(since[q.source], 0, sizeof(since[q.source]));
		}
		assert_int_equal(rib_queue_length(), all);
		for (unsigned k = busy = owes = 0; k < SOURCES; k++) {
			busy += end[k] > from[k];
			owes |= until[k] > from[k];
		}
		assert_int_equal(rib_queue_owes(), owes);
		if (rand() % 500 == 0) {
			rib_queue_owe();
			memcpy(until, end, sizeof(until));
		}
		assert_int_equal(rib_queue_sources(), busy);
		for (unsigned k = 0; k < SOURCES; k++)
			assert_int_equal(rib_queue_share((uint16_t)k), end[k] - from[k]);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_single), T(test_once), T(test_owed),
					   T(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
