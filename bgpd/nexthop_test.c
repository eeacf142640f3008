/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Next hops: their numbers up to the last one, what is watched, what a path's reason and place
 * become by what zebra-lite says (at random, against rules written down once more), and what a
 * session hears of the way to its neighbour. The clock stands.
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

#include "log.h"
#include "nexthop.h"
#include "rib.h"
#include "rig.h"
#include "rig_clock.h"
#include "session.h"
#include "testing.h"
#include "util.h"

#define A 21
#define B 22
#define NET "10.1.1.0/24"
#define HOP "10.9.0.99"
#define HOP2 "10.9.0.98"

/* Peers a may have all, peers b what PERMIT says. */
static void configure(const char *permit, const char *more)
{
	char *config = xasprintf(
		"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'a', "
		"'tunnel-address': ['10.99.0.2', '10.9.0.21'], 'permit': ['0.0.0.0/0']}, {'name': "
		"'b', "
		"'tunnel-address': ['10.99.0.3'], 'permit': ['%s']}]}, {'name': 'wg1', 'peer': "
		"[{'name': 'a', 'tunnel-address': ['10.98.0.2'], 'permit': ['0.0.0.0/0']}, "
		"{'name': 'b', 'tunnel-address': ['10.98.0.3'], 'permit': ['%s']}]}]}, 'bgp': "
		"{'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': false}%s, "
		"'neighbor': [{'address': '10.9.0.21', 'remote-as': 65000, 'passive': true}, "
		"{'address': '10.9.0.22', 'remote-as': 65000, 'passive': true}]}}",
		permit, permit, more);

	rig_config(config);
	rig_settle();
	free(config);
}

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	configure("10.0.0.0/8", "");
	rig_zebra_again();
	rig_redist_sync(0);
	rig_pass(1000);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
}

static struct far *inside(unsigned last)
{
	return far_up(last, &(struct far_open){.as = 65000});
}

static void announce(struct far *f, const char *hop, uint32_t local_pref)
{
	far_announce(f,
		     &(struct news){
			     .prefix = NET, .nexthop = hop, .path = {7}, .local_pref = local_pref});
}

/* ---- numbers */

static struct addr addr_number(uint32_t n)
{
	return (struct addr){.family = AF_INET, .b = {172, n >> 16, n >> 8, n}};
}

/* Each has a number of its own as long as there are some; one that was let go of is used again. */
static void test_numbers(void **state)
{
	static bool seen[NEXTHOPS_MAX + 1];
	struct addr a;
	unsigned had = 0;

	while (nexthop_by_id(had + 1)) /* the neighbours' */
		seen[++had] = true;
	assert_int_equal(had, 2);
	for (uint32_t n = had; n < NEXTHOPS_MAX; n++) {
		const struct nexthop *nh;

		a = addr_number(n);
		nh = nexthop_watch_neighbor(&a);
		assert_non_null(nh);
		assert_true(nh->id && !seen[nh->id]);
		seen[nh->id] = true;
		assert_ptr_equal(nexthop_by_id(nh->id), nh);
		assert_ptr_equal(nexthop_find(&a), nh);
	}
	assert_null(nexthop_by_id(0));
	a = addr_number(NEXTHOPS_MAX);
	assert_null(nexthop_watch_neighbor(&a));
	nexthop_unwatch_neighbor(&a); /* for want of a number it was not */
	for (uint32_t n = had; n < NEXTHOPS_MAX; n += 997) {
		struct addr old = addr_number(n), other = addr_number(NEXTHOPS_MAX + n);
		uint16_t id = nexthop_find(&old)->id;

		nexthop_unwatch_neighbor(&old);
		assert_null(nexthop_find(&old));
		assert_null(nexthop_by_id(id));
		assert_int_equal(nexthop_watch_neighbor(&other)->id, id);
		assert_null(nexthop_watch_neighbor(&a));
	}
}

/* How many neighbours' addresses are behind the tunnel of this one; LAST is one of them. */
static unsigned beside(const char *address, unsigned last)
{
	const struct nexthop *nh;
	unsigned n = 0, found = 0;
	struct addr a;

	assert_int_equal(addr_parse(address, &a), 0);
	nh = nexthop_find(&a);
	for (const struct nexthop *near = NULL; (near = nexthop_beside(nh, near)); n++)
		found += near->state.addr.b[3] == last;
	assert_int_equal(found, n > 0);
	return n;
}

/* Who is behind the same tunnel is found without a look at all the others, wherever it moves. */
static void test_beside(void **state)
{
	struct far *f = inside(A);
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, A}};

	announce(f, HOP, 100);
	rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
	assert_int_equal(beside(HOP, 0), 0);
	rig_tunnel("10.9.0.21", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.22", "wg0", "b", REACH_UP, REASON_NONE);
	assert_int_equal(beside(HOP, A), 1);
	rig_tunnel("10.9.0.22", "wg0", "a", REACH_DEGRADED, REASON_TUNNEL_DEGRADED);
	assert_int_equal(beside(HOP, A), 2);
	assert_int_equal(beside(HOP, B), 2);
	assert_int_equal(beside("10.9.0.22", A), 2);
	rig_tunnel("10.9.0.22", "wg1", "a", REACH_UP, REASON_NONE);
	assert_int_equal(beside(HOP, A), 1);
	assert_int_equal(beside("10.9.0.22", B), 1);
	rig_nexthop("10.9.0.22", REACH_UP, REASON_NONE);
	assert_int_equal(beside(HOP, A), 1);
	nexthop_watch_neighbor(&a);
	nexthop_unwatch_neighbor(&a);
	assert_int_equal(beside(HOP, A), 1);
	nexthop_unwatch_neighbor(&a);
	assert_int_equal(beside(HOP, 0), 0);
	nexthop_watch_neighbor(&a);
	rig_tunnel("10.9.0.21", "wg0", "a", REACH_UP, REASON_NONE);
	assert_int_equal(beside(HOP, A), 1);
}

/* A path whose next hop has no number waits; a neighbour that came then has no place there. */
static void test_too_many(void **state)
{
	struct addr a;
	struct far *f = inside(A);

	for (uint32_t n = 2; n < NEXTHOPS_MAX; n++) {
		a = addr_number(n);
		nexthop_watch_neighbor(&a);
	}
	announce(f, HOP, 100);
	assert_string_equal(rig_reason(NET, A), "nexthop-unknown");
	assert_string_equal(rig_hops(NET), "never said");
	far_withdraw(f, NET);
	assert_string_equal(rig_reason(NET, A), "no path");
	addr_parse(HOP, &a);
	assert_null(nexthop_watch_neighbor(&a));
	a = addr_number(2);
	nexthop_unwatch_neighbor(&a);
	announce(f, HOP, 100);
	rig_tunnel(HOP, "wg1", "a", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "none");
	addr_parse(HOP, &a);
	nexthop_unwatch_neighbor(&a);
	assert_int_equal(nexthop_find(&a)->n_paths, 1);
	assert_int_equal(nexthop_find(&a)->neighbors, 0);
	far_withdraw(f, NET);
	assert_null(nexthop_find(&a));
}

/* Watched is what some path or neighbour has, and nothing else; also on a new channel. */
static void test_watches(void **state)
{
	struct far *a = inside(A), *b = inside(B);

	assert_true(rig_watched("10.9.0.21") && rig_watched("10.9.0.22"));
	announce(a, HOP, 100);
	announce(b, HOP, 100);
	assert_true(rig_watched(HOP));
	announce(a, HOP2, 100);
	assert_true(rig_watched(HOP) && rig_watched(HOP2));
	announce(b, "10.9.0.22", 100);
	assert_false(rig_watched(HOP));
	rig_zebra_again();
	rig_redist_sync(0);
	assert_true(rig_watched("10.9.0.21") && rig_watched("10.9.0.22") && rig_watched(HOP2));
	assert_false(rig_watched(HOP));
	far_withdraw(b, NET);
	assert_true(rig_watched("10.9.0.22"));
	far_withdraw(a, NET);
	assert_false(rig_watched(HOP2));
	rig_config("{'bgp': {'as': 65000, 'router-id': '10.0.0.5'}}");
	rig_settle();
	assert_false(rig_watched("10.9.0.21") || rig_watched("10.9.0.22"));
	assert_int_equal(nexthop_unknown(), 0);
}

/* ---- what a path is worth */

static unsigned below(unsigned n)
{
	return rand() % n;
}

static struct msg_nexthop random_state(void)
{
	static const enum reason down[] = {REASON_HANDSHAKE_STALE, REASON_OTHER_PLANE,
					   REASON_NO_PEER, REASON_NOT_A_TUNNEL,
					   REASON_NEXTHOP_UNREACHABLE};
	static const enum reason slow[] = {REASON_LOSSY, REASON_DRAINING};
	static const uint32_t costs[] = {10, 50, 90};
	struct msg_nexthop m = {.cost = costs[below(3)], .tunnel = below(3)};

	addr_parse(HOP, &m.addr);
	m.reach = below(3) ? REACH_DOWN + below(3) : REACH_UP;
	if (m.reach == REACH_DOWN)
		m.reason = down[below(ARRAY_SIZE(down))];
	else if (m.reach == REACH_DEGRADED)
		m.reason = slow[below(ARRAY_SIZE(slow))];
	m.weak = m.reach == REACH_DOWN && below(2);
	str_copy(m.ifname, !m.tunnel ? "eth0" : below(2) ? "wg0" : "wg1", sizeof(m.ifname));
	str_copy(m.peer, !m.tunnel ? "" : below(2) ? "a" : "b", sizeof(m.peer));
	return m;
}

/* Why A's path by M may not be used; NONE: it may. */
static enum reason objection(const struct msg_nexthop *m, bool keep, bool permitted)
{
	if (m->tunnel && m->peer[0] == 'b' && !permitted)
		return REASON_OUTSIDE_PERMIT;
	if (!m->tunnel && m->reach != REACH_DOWN && permitted)
		return REASON_NOT_A_TUNNEL; /* it belongs to a tunnel */
	if (m->reach != REACH_DOWN)
		return REASON_NONE;
	if (m->reason == REASON_OTHER_PLANE || m->reason == REASON_NO_PEER ||
	    m->reason == REASON_NOT_A_TUNNEL)
		return m->reason;
	if (keep && m->weak && m->tunnel)
		return REASON_NONE;
	return m->tunnel ? REASON_TUNNEL_DOWN : REASON_NEXTHOP_UNREACHABLE;
}

/* B's path, with cost 50 and local preference 100, is always there. */
static void expect(unsigned step, const struct msg_nexthop *m, bool keep, bool permitted,
		   uint32_t local_pref)
{
	enum reason why = objection(m, keep, permitted);
	const char *reason = reason_name(why), *hops = HOP2;
	bool a_first = false;

	if (why == REASON_TUNNEL_DOWN) {
		hops = HOP2 " " HOP; /* what waits for its tunnel is named behind */
	} else if (why == REASON_NONE && m->reach == REACH_UP) {
		a_first = local_pref > 100 || m->cost <= 50;
		hops = a_first ? HOP " " HOP2 : HOP2 " " HOP;
		reason = a_first ? "none" : "higher-nexthop-cost";
	} else if (why == REASON_NONE) {
		hops = HOP2 " " HOP;
		reason = m->reach == REACH_DOWN		? "last-path"
			 : m->reason == REASON_DRAINING ? "draining"
							: "tunnel-degraded";
	}
	if (!str_eq(rig_reason(NET, A), reason) || !str_eq(rig_hops(NET), hops))
		fail_msg("step %u: reach %u reason %s tunnel %u weak %u cost %u %s/%s lp %u keep "
			 "%u permitted %u: %s, %s and not %s, %s",
			 step, m->reach, reason_name(m->reason), m->tunnel, m->weak, m->cost,
			 m->ifname, m->peer, local_pref, keep, permitted, rig_reason(NET, A),
			 rig_hops(NET), reason, hops);
	if (!a_first)
		assert_string_equal(rig_reason(NET, B), "none");
	assert_string_equal(rig_str(rig_path(NET, A), "next-hop-state"), reach_name(m->reach));
	assert_int_equal(rig_int(rig_path(NET, A), "next-hop-cost"), m->cost);
}

static void test_random_states(void **state)
{
	struct far *a = inside(A), *b = inside(B);
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, 98}},
				.reach = REACH_UP,
				.cost = 50,
				.tunnel = true,
				.ifname = "wg1",
				.peer = "a"};
	bool keep = false, permitted = true;
	uint32_t local_pref = 100;

	srand(test_seed());
	announce(a, HOP, local_pref);
	announce(b, HOP2, 100);
	rig_nexthop_is(&m);
	for (unsigned step = 0; step < 2000; step++) {
		m = random_state();
		rig_nexthop_is(&m);
		expect(step, &m, keep, permitted, local_pref);
		if (below(4) == 0) {
			keep = below(2);
			permitted = below(2);
			configure(permitted ? "10.0.0.0/8" : "10.64.0.0/10",
				  keep ? ", 'last-path': 'keep'" : "");
		} else if (below(10) == 0) {
			local_pref = 300 - local_pref;
			announce(a, HOP, local_pref);
		} else {
			continue;
		}
		expect(step, &m, keep, permitted, local_pref);
	}
}

/* ---- what a neighbour's session hears */

struct way {
	enum reach reach;
	enum reason why;
	bool tunnel, weak;
};

static void way_is(const struct way *w)
{
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, A}},
				.reach = w->reach,
				.reason = w->why,
				.tunnel = w->tunnel,
				.weak = w->weak,
				.cost = 10};

	str_copy(m.ifname, w->tunnel ? "wg0" : "eth0", sizeof(m.ifname));
	str_copy(m.peer, w->tunnel ? "a" : "", sizeof(m.peer));
	rig_nexthop_is(&m);
}

/* A session ends with what makes it certain that the tunnel is of no use any more, and by nothing
 * less; nobody else's does. */
static void test_neighbor(void **state)
{
	static const struct way up = {REACH_UP, REASON_NONE, true, false},
				link = {REACH_UP, REASON_NONE, false, false},
				slow = {REACH_DEGRADED, REASON_LOSSY, true, false},
				guess = {REACH_DOWN, REASON_HANDSHAKE_STALE, true, true},
				guess2 = {REACH_DOWN, REASON_BFD_EXPIRED, true, true},
				dead = {REACH_DOWN, REASON_HANDSHAKE_STALE, true, false},
				dead2 = {REACH_DOWN, REASON_BFD_EXPIRED, true, false},
				away = {REACH_DOWN, REASON_NEXTHOP_UNREACHABLE, false, false};
	static const struct {
		const struct way *before, *after;
		const char *error; /* NULL: the session stays */
	} rows[] = {
		{&up, &up, NULL},
		{&up, &slow, NULL},
		{&slow, &up, NULL},
		{&up, &guess, NULL},
		{&slow, &guess, NULL},
		{&guess, &up, NULL},
		{&link, &away, NULL},
		{&link, &up, NULL},
		{&away, &link, NULL},
		{&away, &up, NULL},
		{&link, &slow, NULL},
		{&guess, &guess2, NULL},
		{&up, &dead, "sent Cease/BFD Down: the handshake expired although we sent"},
		{&slow, &dead, "sent Cease/BFD Down: the handshake expired although we sent"},
		{&guess, &dead, "sent Cease/BFD Down: the handshake expired although we sent"},
		{&guess, &dead2, "sent Cease/BFD Down"},
		{&up, &link, "sent Cease/BFD Down"},
		{&slow, &link, "sent Cease/BFD Down"},
		{&up, &away, "sent Cease/BFD Down"},
		{&guess, &away, "sent Cease/BFD Down"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ends = rows[i].error;
		struct far *a, *b;

		way_is(rows[i].before);
		a = inside(A);
		b = inside(B);
		rig_nexthop("10.9.0.22", REACH_UP, REASON_NONE);
		assert_false(a->ended || b->ended);
		way_is(rows[i].after);
		far_hear(a);
		if (a->ended != ends || b->ended)
			fail_msg("row %u: %d %d", i, a->ended, b->ended);
		if (ends) {
			assert_int_equal(a->error.code, 6);
			assert_int_equal(a->error.subcode, 10);
		}
		if (rows[i].error && !strstr(far_peer(a)->last_error, rows[i].error))
			fail_msg("row %u: %s", i, far_peer(a)->last_error);
		teardown(NULL);
		setup(NULL);
	}
}

/* What is said twice is no news: nobody who waits calls at once. */
static void test_no_news(void **state)
{
	int listener = far_listen(A);
	struct far *f;

	rig_config("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [{'address': "
		   "'10.9.0.21', 'remote-as': 65000}]}}");
	rig_pass(4000);
	f = far_accept(A, listener);
	far_close(f);
	rig_settle();
	assert_null(far_try_accept(A, listener));
	way_is(&(struct way){REACH_UP, REASON_NONE, false, false});
	f = far_try_accept(A, listener); /* the first word is news */
	assert_non_null(f);
	far_close(f);
	rig_settle();
	way_is(&(struct way){REACH_UP, REASON_NONE, false, false});
	way_is(&(struct way){REACH_DEGRADED, REASON_LOSSY, false, false});
	way_is(&(struct way){REACH_UP, REASON_NONE, true, false});
	assert_null(far_try_accept(A, listener));
	way_is(&(struct way){REACH_DOWN, REASON_HANDSHAKE_STALE, true, true});
	assert_null(far_try_accept(A, listener));
	way_is(&(struct way){REACH_DEGRADED, REASON_LOSSY, true, false});
	assert_non_null(far_try_accept(A, listener));
	close(listener);
}

/* A session has to prove itself where it was there before the tunnel went down; it counts when that
 * was, not when it was said once more. */
static void test_since(void **state)
{
	static const struct {
		unsigned comes; /* seconds before the tunnel goes down, then once more */
		bool waits;
	} rows[] = {{0, true}, {1, false}, {2, false}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *b = inside(B), *a;

		rig_tunnel("10.9.0.21", "wg0", "a", REACH_UP, REASON_NONE);
		announce(b, HOP, 100);
		rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
		a = rows[i].comes == 0 ? inside(A) : NULL;
		rig_pass(2000);
		rig_tunnel(HOP, "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
		rig_pass(2000);
		if (rows[i].comes == 1)
			a = inside(A);
		rig_pass(2000);
		rig_tunnel(HOP, "wg0", "a", REACH_DOWN, REASON_BFD_EXPIRED);
		rig_pass(2000);
		if (rows[i].comes == 2)
			a = inside(A);
		assert_false(a->ended);
		rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
		if (str_eq(rig_reason(NET, B), "tunnel-down") != rows[i].waits)
			fail_msg("row %u: %s", i, rig_reason(NET, B));
		teardown(NULL);
		setup(NULL);
	}
}

/* zebra-lite does not know yet: its last word holds. */
static void test_unknown(void **state)
{
	struct far *a = inside(A);

	announce(a, HOP, 100);
	assert_int_equal(nexthop_unknown(), 3); /* the neighbours', too */
	assert_string_equal(rig_reason(NET, A), "nexthop-unknown");
	rig_nexthop(HOP, REACH_UNKNOWN, REASON_NONE);
	assert_int_equal(nexthop_unknown(), 3);
	rig_tunnel(HOP, "wg1", "a", REACH_UP, REASON_NONE);
	assert_int_equal(nexthop_unknown(), 2);
	assert_string_equal(rig_reason(NET, A), "none");
	rig_nexthop(HOP, REACH_UNKNOWN, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_int_equal(nexthop_unknown(), 2);
	announce(a, HOP2, 100);
	assert_int_equal(nexthop_unknown(), 3);
	far_withdraw(a, NET);
	assert_int_equal(nexthop_unknown(), 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_numbers),       T(test_too_many), T(test_watches),
		T(test_random_states), T(test_neighbor), T(test_no_news),
		T(test_since),	       T(test_unknown),	 T(test_beside),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
