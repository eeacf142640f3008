/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes against a list: what is found, what covers, what a walk sees, at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rib.h"
#include "rib_node.h"
#include "testing.h"
#include "util.h"

enum { MODEL = 600, STEPS = 30000 };

static struct prefix model[MODEL];
static struct rib_node *nodes[MODEL];
static unsigned n_model;

static int in_model(const struct prefix *p)
{
	for (unsigned i = 0; i < n_model; i++)
		if (prefix_eq(&model[i], p))
			return (int)i;
	return -1;
}

/* Few bits, many lengths, three planes: what is drawn covers each other. */
static struct prefix any(void)
{
	uint8_t bytes[16] = {0x20, 1};
	uint8_t family = rand() % 3 ? AF_INET : AF_INET6;
	struct prefix p;

	bytes[1] = (uint8_t)(rand() & 0x81);
	bytes[2] = (uint8_t)(rand() & 3);
	bytes[3] = (uint8_t)(rand() & 0xc1);
	bytes[15] = (uint8_t)(rand() & 1);
	p = prefix_make(family, bytes, (uint8_t)(rand() % (family_bits(family) + 1)));
	p.plane = (uint8_t)(rand() % 3);
	return p;
}

/* The longest of the model that covers P, of less than LEN bits. */
static struct rib_node *longest(const struct prefix *p, int len)
{
	int best = -1;

	for (unsigned i = 0; i < n_model; i++)
		if (model[i].len < len && model[i].plane == p->plane &&
		    model[i].family == p->family && prefix_covers(&model[i], p) &&
		    (best < 0 || model[i].len > model[best].len))
			best = (int)i;
	return best < 0 ? NULL : nodes[best];
}

static void check_all(void)
{
	unsigned seen = 0, in[PLANES_MAX] = {0};
	struct rib_node *n;
	uint32_t at = 0;

	while ((n = rib_walk(&at))) {
		int i = in_model(RIB_PREFIX(n));

		assert_true(i >= 0);
		assert_ptr_equal(nodes[i], n);
		seen++;
	}
	assert_int_equal(seen, n_model);
	assert_int_equal(rib_count(), n_model);
	for (unsigned i = 0; i < n_model; i++)
		in[model[i].plane]++;
	for (uint8_t i = 0; i < PLANES_MAX; i++)
		assert_int_equal(rib_count_in(i), in[i]);
	assert_int_equal(rib_several_planes(), n_model > in[0]);
}

static void step(void)
{
	struct prefix p = any();
	struct addr a = addr_of_prefix(&p);
	int i = in_model(&p);

	assert_ptr_equal(rib_find(&p), i < 0 ? NULL : nodes[i]);
	if (i >= 0) {
		assert_ptr_equal(rib_get(&p), nodes[i]);
		assert_ptr_equal(rib_cover(nodes[i]), longest(&p, p.len));
		assert_true(prefix_eq(RIB_PREFIX(nodes[i]), &p));
		assert_int_equal(rib_family(nodes[i]), p.family);
	}
	p = prefix_of_addr(&a);
	assert_ptr_equal(rib_match(&a), longest(&p, p.len + 1));
}

static void add(void)
{
	struct prefix some[RIB_SOME];
	struct rib_node *made[RIB_SOME], *found[RIB_SOME];
	unsigned n = 1 + (unsigned)rand() % RIB_SOME;

	for (unsigned i = 0; i < n; i++)
		some[i] = any();
	rib_get_some(some, n, false, found);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(found[i], rib_find(&some[i]));
	rib_get_some(some, n, true, made);
	for (unsigned i = 0; i < n; i++) {
		int k = in_model(&some[i]);

		if (k >= 0) {
			assert_ptr_equal(made[i], nodes[k]);
			continue;
		}
		assert_true(prefix_eq(RIB_PREFIX(made[i]), &some[i]));
		assert_int_equal(made[i]->flags & ~NODE_IPV6, NODE_USED);
		assert_true(!made[i]->hops && !made[i]->installed && !rib_others(made[i]) &&
			    !rib_refusals(made[i]));
		model[n_model] = some[i];
		nodes[n_model++] = made[i];
	}
}

static void drop(void)
{
	unsigned i = (unsigned)rand() % n_model;
	struct rib_extra *x;

	if (rand() % 2) {
		x = rib_extra_get(nodes[i]);
		assert_ptr_equal(rib_extra_get(nodes[i]), x);
		assert_ptr_equal(rib_extra_of(nodes[i]), x);
		assert_ptr_equal(x->node, nodes[i]);
		x->redist = 1;
		rib_extra_trim(nodes[i]);
		assert_true(nodes[i]->flags & NODE_EXTRA);
		x->redist = 0;
		if (rand() % 2) {
			rib_extra_trim(nodes[i]);
			assert_false(nodes[i]->flags & NODE_EXTRA);
		}
	}
	rib_node_free(nodes[i]);
	model[i] = model[--n_model];
	nodes[i] = nodes[n_model];
}

static void test_random(void **state)
{
	srand(test_seed());
	for (int i = 0; i < STEPS; i++) {
		step();
		if (n_model + RIB_SOME < MODEL && rand() % 6 == 0)
			add();
		if (n_model && rand() % 2)
			drop();
		if (i % 500 == 0)
			check_all();
	}
	check_all();
	while (n_model)
		drop();
	check_all();
	rib_nodes_free();
	check_all();
}

/* Many: more than the table has slots at first; what was freed is used again. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct rib_node **all = xcalloc(MANY, sizeof(*all)), *n;
	uint32_t at = 0, highest = 0;

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < MANY; i++) {
			struct prefix p = {.family = AF_INET, .len = 32};

			memcpy(p.b, &i, 4);
			all[i] = rib_get(&p);
		}
		for (uint32_t i = 0; i < MANY; i++) {
			struct prefix p = {.family = AF_INET, .len = 32};

			memcpy(p.b, &i, 4);
			assert_ptr_equal(rib_find(&p), all[i]);
		}
		assert_int_equal(rib_count(), MANY);
		for (at = 0; (n = rib_walk(&at));)
			highest = at;
		assert_true(highest <= MANY + 1);
		for (uint32_t i = 0; i < MANY; i++)
			rib_node_free(all[i]);
		assert_int_equal(rib_count(), 0);
	}
	rib_nodes_free();
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
					   cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
