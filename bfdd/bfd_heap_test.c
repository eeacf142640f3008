/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of those that are due beside an array that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "bfd_heap.h"
#include "testing.h"
#include "util.h"

#define MOST 200

static struct bfd_due due[MOST];
static bool in[MOST];

static uint64_t earliest(void)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < MOST; i++)
		if (in[i] && due[i].at < at)
			at = due[i].at;
	return at;
}

static void check(const struct bfd_heap *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MOST; i++)
		n += in[i];
	assert_int_equal(h->n, n);
	if (!n)
		assert_null(bfd_heap_first(h));
	else
		assert_true(bfd_heap_first(h)->at == earliest());
}

/* Emptied from the front all come in order, each once. */
static void drain(struct bfd_heap *h)
{
	uint64_t before = 0;
	struct bfd_due *d;

	while ((d = bfd_heap_first(h))) {
		assert_true(in[d - due]);
		assert_true(d->at >= before);
		before = d->at;
		bfd_heap_remove(h, d);
		in[d - due] = false;
		check(h);
	}
}

static void random_order(void **state)
{
	struct bfd_heap h = {0};

	srand(test_seed());
	check(&h);
	for (int round = 0; round < 40; round++) {
		for (int step = 0; step < 500; step++) {
			unsigned i = rand() % (round % 2 ? MOST : 7);
			uint64_t at = rand() % 1000;

			if (!in[i]) {
				bfd_heap_insert(&h, &due[i], at);
				in[i] = true;
			} else if (rand() % 3) {
				bfd_heap_move(&h, &due[i], at);
			} else {
				bfd_heap_remove(&h, &due[i]);
				in[i] = false;
			}
			if (in[i])
				assert_true(due[i].at == at);
			check(&h);
		}
		drain(&h);
	}
	bfd_heap_free(&h);
	assert_int_equal(h.n, 0);
	assert_null(h.v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
