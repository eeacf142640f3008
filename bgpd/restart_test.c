/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own restart: who is waited for, how long, and when what zebra-lite kept may be swept. The
 * neighbours, the RIB and the clock are stand-ins; kept_test.c has what becomes of networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bgp.h"
#include "link_zebra.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "peer_conf.h"
#include "restart.h"
#include "rib_peer.h"
#include "rib_queue.h"
#include "rib_work.h"
#include "util.h"

struct peer_list peers = TAILQ_HEAD_INITIALIZER(peers);
struct bgp bgp;
struct rib_table rib_tables[PLANES_MAX][BGP_FAMILIES];
struct islab rib_paths;
unsigned rib_planes = 1;
struct peer_rib *peer_ribs[UINT16_MAX + 1];
static bool listening;
static uint32_t unknown;

bool peer_groups_listen(void)
{
	return listening;
}

uint32_t nexthop_unknown(void)
{
	return unknown;
}

/* Of neighbour 1 and 2. */
static struct nexthop ways[3];

static unsigned asked;

struct nexthop *nexthop_find(const struct addr *a)
{
	asked++;
	return &ways[a->b[3]];
}

struct nexthop *nexthop_by_id(uint16_t id)
{
	return NULL;
}

enum reason nexthop_objection(const struct nexthop *nh)
{
	return nh->state.reach == REACH_DOWN ? REASON_TUNNEL_DOWN : REASON_NONE;
}

struct nexthop *nexthop_beside(const struct nexthop *nh, const struct nexthop *after)
{
	return NULL;
}

struct nexthop *nexthop_watch_neighbor(const struct addr *a)
{
	return NULL;
}

void nexthop_unwatch_neighbor(const struct addr *a)
{
}

struct peer *peer_first_at(const struct addr *way)
{
	return NULL;
}

struct peer *peer_next_at(const struct peer *p, const struct addr *way)
{
	return NULL;
}

struct zebra_hops *link_zebra_kept(const struct net *net)
{
	return NULL;
}

struct zebra_hops *link_zebra_next_kept(const struct zebra_hops *h)
{
	return NULL;
}

uint32_t net_get(struct rib_table *t, const struct prefix *p)
{
	return 0;
}

void net_mark(struct rib_table *t, uint32_t id, uint16_t source)
{
}

void link_zebra_keep(struct rib_table *t, uint32_t net, const struct route_hops *hops)
{
}

void rib_work(void)
{
}

/* --- the clock --- */

static uint64_t now;
static struct timer *timers[3];
static uint64_t due[3]; /* 0: not running */

static unsigned timer_number(const struct timer *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] == t || !timers[i])
			return i;
	fail_msg("more timers than there are");
	return 0;
}

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	timers[timer_number(t)] = t;
	t->fn = fn;
	t->arg = arg;
}

void timer_start(struct timer *t, uint64_t ms)
{
	due[timer_number(t)] = now + ms;
}

void timer_stop(struct timer *t)
{
	due[timer_number(t)] = 0;
}

bool timer_running(const struct timer *t)
{
	return due[timer_number(t)];
}

uint64_t now_ms(void)
{
	return now;
}

static void pass(uint64_t seconds)
{
	restart_look();
	for (uint64_t end = now + seconds * 1000; now < end;) {
		now += 1000;
		for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
			if (due[i] && due[i] <= now) {
				due[i] = 0;
				timers[i]->fn(timers[i]->arg);
				restart_look();
			}
	}
}

static bool waits(void)
{
	restart_look();
	assert_true(restart_keeping() == (restart_over() != OVER_FOR_ALL));
	return restart_keeping();
}

/* --- the neighbours --- */

static struct peer a, b;
static struct peer_rib rib_a, rib_b;

static void neighbor(struct peer *p, struct peer_rib *pr)
{
	*p = (struct peer){.rib = pr, .family = {true, true}};
	*pr = (struct peer_rib){.peer = p, .nexthop.b[3] = p == &a ? 1 : 2};
	TAILQ_INSERT_TAIL(&peers, p, link);
}

/* Up, with graceful restart in both roles. */
static void comes_up(struct peer *p)
{
	p->state = PEER_ESTABLISHED;
	p->gr_aware = p->gr = true;
	p->rib->up = true;
	restart_check();
}

static void sends_all(struct peer *p)
{
	for (int f = 0; f < BGP_FAMILIES; f++)
		p->rib->eor[f] = true;
	restart_check();
}

/* Two configured neighbours; zebra-lite has told our routes and kept KEPT of the last time. */
static void begin(uint32_t kept)
{
	restart_free();
	now = 1000;
	TAILQ_INIT(&peers);
	memset(timers, 0, sizeof(timers));
	memset(due, 0, sizeof(due));
	bgp.graceful_restart.enabled = true;
	bgp.graceful_restart.restart_time = 120;
	listening = false;
	unknown = 0;
	memset(ways, 0, sizeof(ways));
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
		ways[i].state.reach = REACH_UP;
	neighbor(&a, &rib_a);
	neighbor(&b, &rib_b);
	restart_begin();
	assert_true(restart_deferring() && restart_keeping());
	restart_told(kept);
	restart_look();
	assert_false(restart_deferring()); /* the rest is decided at once */
}

/* All neighbours are asked about: with many, that is for a turn, not for each that comes. */
static void test_looked_at_once_a_turn(void **state)
{
	begin(5);
	asked = 0;
	for (unsigned i = 0; i < 100; i++) {
		comes_up(&a);
		sends_all(&a);
	}
	assert_int_equal(asked, 0);
	assert_true(waits());
	assert_in_range(asked, 1, 4);
	asked = 0;
	assert_true(waits()); /* nothing new */
	assert_int_equal(asked, 0);
}

static void test_all_have_sent(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	b.rib->eor[BGP_IPV4] = true;
	restart_check();
	assert_true(waits()); /* IPv6 is missing */
	sends_all(&b);
	assert_false(waits());
}

static void test_away(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	pass(9);
	assert_true(waits());
	pass(1); /* b, to whom nothing that was kept leads, is not waited for any longer */
	assert_false(waits());

	begin(5);
	b.conf.disabled = true;
	comes_up(&a);
	sends_all(&a);
	assert_false(waits());

	begin(5);
	ways[2].state = (struct msg_nexthop){.tunnel = true, .reach = REACH_DOWN};
	comes_up(&a);
	sends_all(&a);
	assert_false(waits()); /* its tunnel is dead */
}

static void test_silent(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	pass(119);
	assert_true(waits());
	pass(1); /* the restart time is over */
	assert_false(waits());
}

/* Two that restart do not wait for each other for ever, nor are they believed to have sent all
 * before they say so. */
static void test_both_restart(void **state)
{
	begin(5);
	comes_up(&a);
	b.gr_restarting = true;
	comes_up(&b);
	pass(3);
	assert_int_equal(restart_over(), OVER_FOR_NOBODY);
	sends_all(&a);
	pass(1);
	assert_int_equal(restart_over(), OVER_FOR_NOBODY); /* there may be more to come */
	pass(1);
	assert_int_equal(restart_over(), OVER_FOR_RESTARTING);
	assert_true(waits());
	sends_all(&b);
	assert_false(waits());

	begin(5); /* it never says that it has sent all */
	a.gr_restarting = b.gr_restarting = true;
	comes_up(&a);
	comes_up(&b);
	pass(2);
	assert_int_equal(restart_over(), OVER_FOR_RESTARTING);
	pass(117);
	assert_true(waits());
	pass(1);
	assert_false(waits());
}

/* Who was up and fell again is waited for as if it had never come. */
static void test_goes_again(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	pass(5);
	b.state = PEER_ACTIVE;
	b.rib->up = false;
	restart_check();
	assert_true(waits());
	comes_up(&b);
	pass(30);
	assert_true(waits());
	sends_all(&b);
	assert_false(waits());
}

/* Who knows nothing of graceful restart sends no End-of-RIB: when it has been quiet for a while. */
static void test_no_end_of_rib(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	b.state = PEER_ESTABLISHED;
	b.gr_aware = b.gr = false;
	b.up_since_ms = now;
	restart_check();
	pass(1);
	assert_true(waits());
	pass(1);
	assert_false(waits());
}

/* A helper (it does not restart gracefully itself) matters where something was kept. */
static void test_helper(void **state)
{
	for (unsigned kept = 0; kept < 2; kept++) {
		begin(kept);
		comes_up(&a);
		sends_all(&a);
		comes_up(&b);
		b.gr = false;
		restart_check();
		assert_true(waits() == (kept > 0));
	}
}

static void test_first_start(void **state)
{
	begin(0);
	assert_false(waits());

	begin(1);
	listening = true; /* nothing leads to anybody of its range */
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	sends_all(&b);
	assert_false(waits());
}

static void test_next_hops(void **state)
{
	begin(5);
	unknown = 2;
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	sends_all(&b);
	assert_true(waits()); /* zebra-lite has not judged them */
	unknown = 0;
	restart_check();
	assert_false(waits());
}

/* Another zebra-lite in the middle of it: it has to tell first. */
static void test_channel(void **state)
{
	begin(5);
	restart_channel();
	assert_true(restart_deferring());
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	sends_all(&b);
	assert_true(restart_deferring() && waits());
	restart_told(5);
	assert_false(waits() || restart_deferring());
	restart_channel(); /* behind it */
	assert_false(restart_deferring() || waits());
}

static void test_off(void **state)
{
	begin(5);
	restart_free();
	bgp.graceful_restart.enabled = false;
	restart_begin();
	assert_false(restart_deferring() || waits());
}

/* At the end nothing runs any more, and nothing of it is left for the next beginning. */
static void test_freed(void **state)
{
	begin(1);
	comes_up(&a);
	restart_free();
	for (unsigned i = 0; i < ARRAY_SIZE(due); i++)
		assert_int_equal(due[i], 0);
	assert_true(restart_deferring());
	assert_true(restart_keeping());
	restart_begin();
	assert_true(restart_deferring()); /* what zebra-lite told was forgotten, too */
	sends_all(&a);
	pass(11);
	assert_true(restart_deferring());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looked_at_once_a_turn),
		cmocka_unit_test(test_all_have_sent), cmocka_unit_test(test_away),
		cmocka_unit_test(test_silent),	      cmocka_unit_test(test_both_restart),
		cmocka_unit_test(test_goes_again),    cmocka_unit_test(test_no_end_of_rib),
		cmocka_unit_test(test_helper),	      cmocka_unit_test(test_first_start),
		cmocka_unit_test(test_next_hops),     cmocka_unit_test(test_channel),
		cmocka_unit_test(test_off),	      cmocka_unit_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
