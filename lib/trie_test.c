/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trie: random operations against a plain array. The seed is printed; WGBGP_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "testing.h"
#include "trie.h"
#include "util.h"

#define MAX_ITEMS 400
#define ROUNDS 6000
#define BALLAST 5000 /* nodes: more than a trie without an index has */
#define BALLAST_PLANE (PLANES_MAX - 1)

struct item {
	struct trie_node node;
	struct prefix p; /* the trie must not change what it was given */
};

static struct {
	struct trie trie;
	struct item *items[MAX_ITEMS];
	size_t n;
	struct trie_node *ballast; /* behind all others; NULL: none */
} model;

static unsigned seed;

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* Few distinct bits, so that prefixes nest, share branches and collide. */
static struct prefix random_prefix(void)
{
	static const uint8_t values[] = {0x00, 0x80, 0xc0, 0x01, 0xff, 0x0a};
	static const uint8_t planes[] = {0, 0, 1, 7, BALLAST_PLANE - 1};
	bool v4 = rnd(2), alike = !v4 && rnd(2);
	struct prefix p;
	uint8_t b[16];
	unsigned bits = v4 ? 32 : 128;

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (i < 3 && !alike) || rnd(8) == 0 ? values[rnd(ARRAY_SIZE(values))] : 0;
	if (alike) /* they part in the lower half */
		memset(b, 0x20, 8);
	p = prefix_make(v4 ? AF_INET : AF_INET6, b,
			alike	 ? 60 + rnd(40)
			: rnd(4) ? rnd(26)
				 : rnd(bits + 1));
	p.plane = planes[rnd(ARRAY_SIZE(planes))];
	return p;
}

static struct item *model_exact(const struct prefix *p)
{
	for (size_t i = 0; i < model.n; i++)
		if (prefix_eq(&model.items[i]->p, p))
			return model.items[i];
	return NULL;
}

/* The longest item that covers P; strictly shorter than P when STRICT. */
static struct item *model_match(const struct prefix *p, bool strict)
{
	struct item *best = NULL;

	for (size_t i = 0; i < model.n; i++) {
		struct item *it = model.items[i];

		if (prefix_covers(&it->p, p) && !(strict && it->p.len == p->len) &&
		    (!best || it->p.len > best->p.len))
			best = it;
	}
	return best;
}

/* The least item that is not less than P. */
static struct item *model_from(const struct prefix *p)
{
	struct item *best = NULL;

	for (size_t i = 0; i < model.n; i++) {
		struct item *it = model.items[i];

		if (prefix_cmp(&it->p, p) >= 0 && (!best || prefix_cmp(&it->p, &best->p) < 0))
			best = it;
	}
	return best;
}

static struct trie_node *node_of(struct item *it)
{
	return it ? &it->node : NULL;
}

static void check_lookups(const struct prefix *p)
{
	struct addr a = addr_of_prefix(p);
	struct prefix host = prefix_of_addr(&a);
	struct item *here = model_exact(p), *from = model_from(p);

	assert_ptr_equal(trie_exact(&model.trie, p), node_of(here));
	assert_ptr_equal(trie_match(&model.trie, p), node_of(model_match(p, false)));
	assert_ptr_equal(trie_match_addr(&model.trie, &a), node_of(model_match(&host, false)));
	assert_ptr_equal(trie_first_from(&model.trie, p), from ? node_of(from) : model.ballast);
	if (here)
		assert_ptr_equal(trie_cover(&here->node), node_of(model_match(p, true)));
	if (from && !prefix_covers(p, &from->p))
		from = NULL;
	assert_ptr_equal(trie_first_in(&model.trie, p), node_of(from));
}

/* The index names the last node of no more than 16 bits on each way. */
static void check_index(const struct prefix *p)
{
	struct prefix begin = prefix_make(AF_INET, p->b, 16);
	struct trie_node *at = model.trie.root[0], *best = NULL;

	if (!model.trie.index)
		return;
	while (at && prefix_covers(&at->p, &begin)) {
		unsigned len = at->p.len;

		best = at;
		at = len < 16 ? at->child[(begin.b[len / 8] >> (7 - len % 8)) & 1] : NULL;
	}
	assert_ptr_equal(model.trie.index[p->b[0] << 8 | p->b[1]], best);
}

static void check_walks(const struct prefix *within)
{
	const struct prefix *last = NULL;
	size_t n = 0, inside = 0, expect = 0;

	TRIE_FOREACH (&model.trie, node) {
		struct item *it = container_of(node, struct item, node);

		if (node->p.plane == BALLAST_PLANE)
			break;
		assert_true(prefix_eq(&it->p, &node->p));
		assert_ptr_equal(model_exact(&node->p), it);
		if (last)
			assert_true(prefix_cmp(last, &node->p) < 0);
		last = &node->p;
		assert_true(++n <= model.n);
	}
	assert_int_equal(n, model.n);
	assert_int_equal(model.trie.count, model.n + (model.ballast ? BALLAST : 0));
	for (size_t i = 0; i < model.n; i++)
		expect += prefix_covers(within, &model.items[i]->p);
	for (struct trie_node *node = trie_first_in(&model.trie, within); node;
	     node = trie_next_in(&model.trie, node, within)) {
		assert_true(prefix_covers(within, &node->p));
		assert_true(++inside <= model.n);
	}
	assert_int_equal(inside, expect);
}

static void add(const struct prefix *p)
{
	struct item *it = xcalloc(1, sizeof(*it)), *there = model_exact(p);

	it->p = *p;
	assert_ptr_equal(trie_insert(&model.trie, &it->node, p), node_of(there));
	if (there)
		free(it);
	else
		model.items[model.n++] = it;
}

static void take(size_t i)
{
	struct item *it = model.items[i];

	trie_remove(&model.trie, &it->node);
	free(it);
	model.items[i] = model.items[--model.n];
}

static void load_ballast(void)
{
	model.ballast = xcalloc(BALLAST, sizeof(*model.ballast));
	for (unsigned i = 0; i < BALLAST; i++) {
		uint8_t b[16] = {0x20, 0x01, i >> 8, i};
		struct prefix p = prefix_make(AF_INET6, b, 128);

		p.plane = BALLAST_PLANE;
		assert_null(trie_insert(&model.trie, &model.ballast[i], &p));
	}
}

static void unload_ballast(void)
{
	for (unsigned i = 0; i < BALLAST; i++)
		trie_remove(&model.trie, &model.ballast[i]);
	free(model.ballast);
	model.ballast = NULL;
}

static void random_rounds(bool large)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct prefix p = random_prefix();
		/* grows for a while, then shrinks: both the full and the empty trie are met */
		bool growing = (round / 1500) % 2 == 0;

		if (large && round == 500)
			load_ballast();
		if (model.n < MAX_ITEMS && rnd(10) < (growing ? 8u : 3u))
			add(&p);
		else if (model.n)
			take(rnd(model.n));
		p = random_prefix();
		check_lookups(&p);
		check_index(&p);
		if (model.n)
			check_lookups(&model.items[rnd(model.n)]->p);
		if (round % 50 == 0)
			check_walks(&p);
	}
	assert_true(large == (model.trie.index != NULL));
	while (model.n)
		take(rnd(model.n));
	if (large)
		unload_ballast();
	assert_null(model.trie.root[0]); /* no glue left behind */
	assert_null(model.trie.root[1]);
	assert_null(model.trie.more);
	assert_null(model.trie.index);
	assert_null(trie_first(&model.trie));
}

static void test_random(void **state)
{
	random_rounds(false);
}

static void test_random_large(void **state)
{
	random_rounds(true);
}

/* A walk that fetched its successor survives the removal of the node it left. */
static void test_remove_while_walking(void **state)
{
	struct trie_node *node, *next;
	size_t n = 0;

	for (unsigned i = 0; i < 300; i++) {
		struct prefix p = random_prefix();

		add(&p);
	}
	for (node = trie_first(&model.trie); node; node = next) {
		struct item *it = container_of(node, struct item, node);

		next = trie_next(&model.trie, node);
		trie_remove(&model.trie, node);
		free(it);
		assert_true(++n <= model.n);
	}
	assert_int_equal(n, model.n);
	assert_int_equal(model.trie.count, 0);
	model.n = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_large),
		cmocka_unit_test(test_remove_while_walking),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
