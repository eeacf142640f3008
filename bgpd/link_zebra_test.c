/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What zebra-lite is told of networks whose next hops change at random, by lists that come and go,
 * in messages that are filled meanwhile, over channels that end: in the end the last list of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_zebra.h"
#include "log.h"
#include "rib_internal.h"
#include "rig.h"
#include "testing.h"
#include "util.h"

#define NETS 30

static struct route_hops model[NETS];
static uint32_t ids[NETS];

static unsigned below(unsigned n)
{
	return rand() % n;
}

static struct prefix prefix_of(unsigned i)
{
	uint8_t b4[4] = {10, 1, (uint8_t)i, 0}, b6[16] = {0xfd, 1, (uint8_t)i};

	return i % 3 ? prefix_make(AF_INET, b4, 24) : prefix_make(AF_INET6, b6, 48);
}

/* Few different ones, so that lists are shared and numbers used again. */
static struct route_hops random_hops(void)
{
	struct route_hops h = {.n = below(4)};

	for (unsigned i = 0; i < h.n; i++) {
		h.hop[i].addr = (struct addr){.family = AF_INET, .b = {10, 9, 0, 50 + below(2)}};
		h.hop[i].source = below(2) ? ROUTE_EBGP : ROUTE_IBGP;
		h.hop[i].demotion = below(8) ? DEMOTED_NOT : DEMOTED;
		h.hop[i].weight = below(8) ? 0 : 1 + below(2);
	}
	return h;
}

static void check(unsigned step)
{
	for (unsigned i = 0; i < NETS; i++) {
		struct prefix p = prefix_of(i);
		const struct msg_routes *m = rig_route(PREFIX_STR(&p));
		unsigned n = m ? m->hops.n : 0;

		if (n != model[i].n)
			fail_msg("step %u: %s has %u next hops, not %u", step, PREFIX_STR(&p), n,
				 model[i].n);
		for (unsigned k = 0; k < n; k++)
			if (!addr_eq(&m->hops.hop[k].addr, &model[i].hop[k].addr) ||
			    m->hops.hop[k].source != model[i].hop[k].source ||
			    m->hops.hop[k].demotion != model[i].hop[k].demotion ||
			    m->hops.hop[k].weight != model[i].hop[k].weight)
				fail_msg("step %u: %s has another next hop %u", step,
					 PREFIX_STR(&p), k);
	}
}

static void change(unsigned i, const struct route_hops *h)
{
	struct prefix p = prefix_of(i);

	model[i] = *h;
	link_zebra_route(rib_table_for(&p), ids[i], h);
}

static void random_lists(void **state)
{
	srand(test_seed());
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	rig_settle();
	for (unsigned i = 0; i < NETS; i++) {
		struct prefix p = prefix_of(i);

		ids[i] = net_get(rib_table_for(&p), &p);
	}
	for (unsigned step = 0; step < 4000; step++) {
		struct route_hops h = random_hops();

		change(below(step % 100 < 50 ? 3 : NETS), &h);
		if (below(50) == 0) {
			rig_zebra_again();
			change(below(NETS), &h); /* while it hears all again */
			for (int n = below(3); n--;)
				link_zebra_replay_some(1 + below(20));
			change(below(NETS), &h);
			rig_settle();
			check(step);
		} else if (below(20) == 0) {
			link_zebra_flush();
			rig_settle();
			check(step);
		}
	}
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lists),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
