/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision process against a model that follows RFC 4271 section 9.1.2.2 to the letter, by
 * elimination and in any order of arrival.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "testing.h"
#include "util.h"

#define MAX 40

static struct addr addresses[MAX];

static struct candidate random_candidate(unsigned i)
{
	struct candidate c = {
		.demotion = random() % 3 ? DEMOTED_NOT : random() % 3,
		.demoted_by = REASON_DRAINING,
		.weight = random() % 8 ? 0 : 100,
		.local_pref = random() % 4 ? 100 : 200,
		.med = random() % 4,
		.neighbor_as = 65000 + random() % 3,
		.cost = random() % 3,
		.aigp = random() % 4 ? NO_AIGP : (uint64_t)(random() % 2),
		.router_id = 1 + random() % 4,
		.as_path_len = 2 + (random() % 4 == 0),
		.origin = random() % 8 == 0,
		.cluster_len = random() % 2,
		.ebgp = random() % 2,
		.peer = &addresses[i],
		.path = i,
	};

	return c;
}

/* Keeps those with the lowest value; returns how many are left. */
#define KEEP_LOWEST(value)                               \
	do {                                             \
		uint64_t low = UINT64_MAX;               \
		size_t left = 0;                         \
		for (size_t k = 0; k < n; k++)           \
			if ((uint64_t)(value) <= low)    \
				low = (uint64_t)(value); \
		for (size_t k = 0; k < n; k++)           \
			if ((uint64_t)(value) == low)    \
				c[left++] = c[k];        \
		n = left;                                \
	} while (0)

static size_t drop_higher_med(struct candidate *c, size_t n)
{
	struct candidate kept[MAX];
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		bool beaten = false;

		for (size_t j = 0; j < n; j++)
			beaten |= c[j].neighbor_as == c[i].neighbor_as && c[j].med < c[i].med;
		if (!beaten)
			kept[left++] = c[i];
	}
	memcpy(c, kept, left * sizeof(*c));
	return left;
}

static uint32_t model(const struct candidate *all, size_t n)
{
	struct candidate c[MAX];

	memcpy(c, all, n * sizeof(*c));
	KEEP_LOWEST(c[k].demotion);
	KEEP_LOWEST(UINT32_MAX - c[k].weight);
	KEEP_LOWEST(!c[k].local);
	KEEP_LOWEST(UINT32_MAX - c[k].local_pref);
	KEEP_LOWEST(c[k].aigp);
	KEEP_LOWEST(c[k].as_path_len);
	KEEP_LOWEST(c[k].origin);
	n = drop_higher_med(c, n);
	KEEP_LOWEST(!c[k].ebgp);
	KEEP_LOWEST(c[k].cost);
	KEEP_LOWEST(c[k].router_id);
	KEEP_LOWEST(c[k].cluster_len);
	KEEP_LOWEST(c[k].peer - addresses);
	assert_int_equal(n, 1);
	return c[0].path;
}

static void shuffle(struct candidate *c, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t)random() % i;
		struct candidate t = c[i - 1];

		c[i - 1] = c[j];
		c[j] = t;
	}
}

static void any_order(void **state)
{
	unsigned seed = test_seed();

	srandom(seed);
	for (unsigned i = 0; i < MAX; i++)
		addresses[i] = (struct addr){.family = AF_INET, .b = {10, 0, 0, (uint8_t)i}};
	for (int round = 0; round < 20000; round++) {
		struct candidate c[MAX];
		size_t n = 1 + (size_t)random() % (round % 10 ? 8 : MAX);
		uint8_t reasons[MAX];
		uint32_t best;

		for (unsigned i = 0; i < n; i++)
			c[i] = random_candidate(i);
		best = model(c, n);
		assert_int_equal(c[decide(c, n)].path, best);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(c[i].reason == REASON_NONE, c[i].path == best);
			reasons[c[i].path] = c[i].reason;
		}
		for (int again = 0; again < 4; again++) {
			shuffle(c, n);
			assert_int_equal(c[decide(c, n)].path, best);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(c[i].reason, reasons[c[i].path]);
		}
	}
}

/* Each rung alone: B is worse by it, and better by all of the later ones. */
static void each_rung(void **state)
{
	static const struct {
		struct candidate a, b;
		enum reason reason;
	} rows[] = {
		{{.weight = 1},
		 {.weight = 2, .demotion = DEMOTED, .demoted_by = REASON_TUNNEL_DEGRADED},
		 REASON_TUNNEL_DEGRADED},
		{{.demotion = DEMOTED},
		 {.weight = 2, .demotion = DEMOTED_LAST, .demoted_by = REASON_LAST_PATH},
		 REASON_LAST_PATH},
		{{.weight = 1}, {.local_pref = 9}, REASON_LOWER_WEIGHT},
		{{.local = true}, {.local_pref = 9}, REASON_NOT_LOCAL},
		{{.local_pref = 9, .as_path_len = 3}, {.as_path_len = 1}, REASON_LOWER_LOCAL_PREF},
		{{.aigp = 3, .as_path_len = 3}, {.aigp = 4}, REASON_HIGHER_AIGP},
		{{.as_path_len = 1, .origin = 2}, {.as_path_len = 2}, REASON_LONGER_AS_PATH},
		{{.origin = 0, .med = 5}, {.origin = 1}, REASON_WORSE_ORIGIN},
		{{.med = 1, .cost = 9}, {.med = 2, .ebgp = true}, REASON_HIGHER_MED},
		{{.ebgp = true, .cost = 9}, {.cost = 1}, REASON_IBGP_PATH},
		{{.cost = 1, .router_id = 9},
		 {.cost = 2, .router_id = 1},
		 REASON_HIGHER_NEXTHOP_COST},
		{{.router_id = 1, .cluster_len = 2}, {.router_id = 2}, REASON_HIGHER_ROUTER_ID},
		{{.cluster_len = 1}, {.cluster_len = 2}, REASON_LONGER_CLUSTER_LIST},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct candidate c[2] = {rows[i].b, rows[i].a};

		assert_int_equal(decide(c, 2), 1);
		assert_int_equal(c[0].reason, rows[i].reason);
	}
}

/* What may share the traffic ties down to the cost, and no further. */
static void ties(void **state)
{
	const struct candidate a = {.local_pref = 1, .neighbor_as = 9, .med = 3, .cost = 5};
	struct candidate b = a;

	b.router_id = 7;
	assert_true(decide_ties(&a, &b, false, true));
	b.cost = 6;
	assert_false(decide_ties(&a, &b, false, true));
	assert_true(decide_ties(&a, &b, false, false));
	b.med = 4;
	assert_false(decide_ties(&a, &b, true, false));
	b.neighbor_as = 8; /* whose MED compares with none of the other's */
	assert_false(decide_ties(&a, &b, false, false));
	assert_true(decide_ties(&a, &b, true, false));
	b.ebgp = true;
	assert_false(decide_ties(&a, &b, true, false));
	b = a;
	b.cluster_len = a.cluster_len + 1;
	assert_false(decide_ties(&a, &b, true, false));
	assert_true(decide_ties(&b, &a, false, true));
	b = a;
	b.demotion = DEMOTED;
	assert_false(decide_ties(&a, &b, true, false));
}

/* A hub with a tunnel of its own to a site, and an iBGP session to the other hub. */
struct hub {
	struct candidate own;
	bool announces; /* its own path is the best one */
};

/* What the other hub hears of it; false: nothing. */
static bool hear(const struct hub *from, struct candidate *c)
{
	if (!from->announces)
		return false;
	*c = from->own;
	c->ebgp = false;
	c->peer = &addresses[1];
	if (c->demotion != DEMOTED_NOT)
		c->local_pref = 0;
	return true;
}

/* Both decide on what both said last, at the same time: the worst there is. */
static void two_hubs(void **state)
{
	for (unsigned i = 0; i < 3 * 3 * 4 * 4 * 2; i++) {
		struct hub hub[2];
		bool changed = true;

		for (unsigned k = 0; k < 2; k++)
			hub[k] = (struct hub){
				.own = {.demotion = (k ? i / 3 : i) % 3,
					.demoted_by = REASON_TUNNEL_DEGRADED,
					.local_pref = i / 9 >> k & 1 ? 200 : 100,
					.as_path_len = 1 + (i / 36 >> k & 1),
					.ebgp = true,
					.router_id = k,
					.peer = &addresses[0]},
				.announces = i / 144 & 1,
			};
		for (unsigned round = 0; round < 6 && changed; round++) {
			struct hub next[2] = {hub[0], hub[1]};

			for (unsigned k = 0; k < 2; k++) {
				struct candidate c[2] = {hub[k].own};
				size_t n = 1 + hear(&hub[!k], &c[1]);

				next[k].announces = decide(c, n) == 0;
			}
			changed = next[0].announces != hub[0].announces ||
				  next[1].announces != hub[1].announces;
			hub[0] = next[0];
			hub[1] = next[1];
		}
		assert_false(changed);
		assert_true(hub[0].announces || hub[1].announces);
		for (unsigned k = 0; k < 2; k++)
			if (hub[k].own.demotion < hub[!k].own.demotion)
				assert_true(hub[k].announces && !hub[!k].announces);
	}
}

/* The last rung: addresses by their order, whoever has none first. */
static void last_rung(void **state)
{
	struct addr low = {.family = AF_INET, .b = {10, 0, 0, 1}},
		    high = {.family = AF_INET, .b = {10, 0, 0, 2}};
	const struct addr *const peers[] = {NULL, &low, &high};

	for (unsigned a = 0; a < ARRAY_SIZE(peers); a++)
		for (unsigned b = 0; b < ARRAY_SIZE(peers); b++) {
			struct candidate c[2] = {{.peer = peers[a]}, {.peer = peers[b]}};
			size_t best = decide(c, 2);

			assert_int_equal(best, b < a);
			assert_int_equal(c[best].reason, REASON_NONE);
			assert_int_equal(c[!best].reason, REASON_HIGHER_PEER_ADDRESS);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rung), cmocka_unit_test(any_order),
		cmocka_unit_test(two_hubs),  cmocka_unit_test(ties),
		cmocka_unit_test(last_rung),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
