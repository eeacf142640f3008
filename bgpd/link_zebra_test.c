/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What zebra-lite is told of networks whose next hops change at random, by lists that come and go,
 * in messages that are filled meanwhile, over channels that end or are not read: in the end the
 * last list of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "link_zebra.h"
#include "log.h"
#include "nexthop.h"
#include "rib.h"
#include "rib_queue.h"
#include "rib_work.h"
#include "rig.h"
#include "testing.h"
#include "util.h"
#include "zebra_news.h"

#define NETS 30
#define MANY (2 * RIB_QUEUE_TURN)

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

static void begin(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	rig_settle();
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < NETS; i++) {
		struct prefix p = prefix_of(i);

		ids[i] = net_get(rib_table_for(&p), &p);
	}
}

static void random_lists(void **state)
{
	srand(test_seed());
	begin();
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

/* What was said of a network while the replay has still to come to it: its list may go, and another
 * one get the number, before the message is closed. */
static void narrowed(void **state)
{
	struct route_hops wide = {.n = 2}, rest = {.n = 1}, other = {.n = 1};
	struct rib_table *t = &rib_tables[0][BGP_IPV4];

	begin();
	wide.hop[0].addr = rest.hop[0].addr = (struct addr){.family = AF_INET, .b = {10, 9, 0, 50}};
	wide.hop[1].addr = (struct addr){.family = AF_INET, .b = {10, 9, 0, 51}};
	other.hop[0].addr = (struct addr){.family = AF_INET, .b = {10, 9, 0, 52}};
	link_zebra_keep(t, ids[2], &wide);
	change(4, &wide);
	rig_zebra_again();
	link_zebra_narrow(t, ids[2], &rest);
	change(2, &wide);
	change(1, &other);
	rig_settle();
	check(0);
	rig_stop();
}

static void change_some(unsigned n)
{
	while (n--) {
		struct route_hops h = random_hops();

		change(below(NETS), &h);
	}
}

/* More than a turn's of one source. */
static void mark_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		struct prefix p = prefix_make(AF_INET, (uint8_t[4]){10, 77, (uint8_t)i, 0}, 24);
		struct rib_table *t = rib_table_for(&p);

		net_mark(t, net_get(t, &p), PEER_LOCAL);
	}
	rib_work();
}

/* zebra-lite does not read: who has brought much is not decided until it does, and then it has
 * heard all. */
static void deaf(void **state)
{
	srand(test_seed());
	begin();
	for (int round = 0; round < 3; round++) {
		rig_zebra_deaf();
		rig_turn(); /* what is to be said again was */
		assert_false(link_zebra_full());
		for (unsigned turns = 0; turns < 20; turns++) { /* all buffers are */
			while (!link_zebra_full()) {
				change_some(100);
				link_zebra_flush();
				turns = 0;
			}
			rig_turn();
		}
		mark_many();
		for (int i = 0; i < 20; i++)
			rig_turn();
		assert_true(link_zebra_full());
		assert_int_equal(rib_queue_length(), MANY);
		assert_false(rib_settled());
		assert_int_equal(rig_routes_syncs(), 0);
		rig_zebra_hears();
		RIG_AWAIT(rib_settled() && rib_queue_length() == 0);
		assert_false(link_zebra_full());
		rig_settle();
		check(round);
		RIG_AWAIT(rig_routes_syncs() == 1);
	}
	rig_stop();
}

static struct addr hop_of(unsigned i)
{
	return (struct addr){.family = AF_INET6, .b = {0xfd, 9, (uint8_t)(i >> 8), (uint8_t)i}};
}

/* Next hops are watched again no faster than zebra-lite reads; what comes and goes meanwhile is in
 * the end what it watches. */
static void watches(void **state)
{
	const unsigned n = 40000;
	unsigned left = 0;

	begin();
	for (unsigned i = 0; i < n; i++) {
		struct addr a = hop_of(i);

		nexthop_watch_neighbor(&a);
	}
	rig_settle();
	rig_zebra_deaf();
	assert_false(link_zebra_full()); /* nothing was said in the same event */
	for (unsigned i = 0; i < 100; i++)
		rig_turn();
	assert_true(link_zebra_full());
	assert_true(nexthop_replay_some(n)); /* there are more */
	for (unsigned i = 0; i < n; i += 7) {
		struct addr a = hop_of(i), more = hop_of(n + i / 7);

		nexthop_unwatch_neighbor(&a);
		nexthop_watch_neighbor(&more);
	}
	rig_zebra_hears();
	RIG_AWAIT(!nexthop_replay_some(0));
	rig_settle();
	for (unsigned i = 0; i < n + (n + 6) / 7; i++) {
		struct addr a = hop_of(i);
		bool gone = i < n && i % 7 == 0;

		if (rig_watched(ADDR_STR(&a)) == gone)
			fail_msg("%s is %swatched", ADDR_STR(&a), gone ? "" : "not ");
		left += !gone;
		nexthop_unwatch_neighbor(&a);
	}
	assert_in_range(left, n, n);
	rig_settle();
	rig_stop();
}

/* It is gone: the tables go on, and the next one hears what they have become, once, to the end. */
static void gone(void **state)
{
	srand(test_seed());
	begin();
	for (int round = 0; round < 3; round++) {
		change_some(100);
		link_zebra_flush();
		rig_settle();
		check(round);
		change_some(3); /* said to nobody any more */
		rig_zebra_gone();
		assert_false(link_zebra_full());
		change_some(100);
		link_zebra_flush();
		rig_settle();
		assert_false(link_zebra_replay_some(1000)); /* to whom */
		rig_zebra_again();
		rig_settle();
		check(round);
		RIG_AWAIT(rig_routes_syncs() == 1);
	}
	rig_stop();
}

/* With the tables the channel ends, and nothing is left of it. */
static void stopped(void **state)
{
	uint8_t some[4096];
	struct route_hops h = {.n = 1};
	ssize_t n;
	int fds[2];

	begin();
	assert_int_equal(ipc_pair(fds), 0);
	zebra_channel(fds[1]);
	h.hop[0].addr = (struct addr){.family = AF_INET, .b = {10, 9, 0, 50}};
	change(1, &h);
	rig_stop();
	while ((n = read(fds[0], some, sizeof(some))) > 0)
		;
	assert_int_equal(n, 0);
	close(fds[0]);
	assert_false(link_zebra_full());
	assert_false(link_zebra_replay_some(1000));
	/* A list that is the same as one of before is another one. */
	begin();
	change(1, &h);
	change(2, &h);
	link_zebra_flush();
	rig_settle();
	check(0);
	assert_int_equal(net_at(&rib_tables[0][BGP_IPV4], ids[1])->hops, 1);
	/* The number of one that nobody has any more is the next one's. */
	change(1, &(struct route_hops){0});
	assert_int_equal(net_at(&rib_tables[0][BGP_IPV4], ids[2])->hops, 1);
	change(2, &(struct route_hops){0});
	h.hop[0].addr.b[3]++;
	change(4, &h);
	assert_int_equal(net_at(&rib_tables[0][BGP_IPV4], ids[4])->hops, 1);
	rig_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lists), cmocka_unit_test(deaf),
		cmocka_unit_test(watches),	cmocka_unit_test(gone),
		cmocka_unit_test(stopped),	cmocka_unit_test(narrowed),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
