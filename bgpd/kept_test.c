/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bgpd has just restarted, and zebra-lite tells which routes it kept: what is decided at once, what
 * is left as it is, for how long, and who gets End-of-RIB when. Neighbours are behind tunnels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop.h"
#include "reason.h"
#include "restart.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

#define A 21
#define B 22
#define C 23
#define STRANGER 200
#define HOP_A "10.9.0.21"
#define HOP_B "10.9.0.22"
#define HOP_C "10.9.0.23"
#define HOP_STRANGER "10.9.0.200"
#define HOP6_B "fd09::22"
#define NEIGHBOR(last)                                                         \
	"{'address': '10.9.0." last "', 'remote-as': 65000, 'passive': true, " \
	"'route-reflector-client': true}"
#define PEER(name, addresses)                                                \
	"{'name': '" name "', 'tunnel-address': [" addresses "], 'permit': " \
	"['0.0.0.0/0', '::/0']}"
/* clang-format off */
#define CONFIG \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [" \
	PEER("a", "'10.9.0.21'") ", " \
	PEER("b", "'10.9.0.22', 'fd09::22'") ", " \
	PEER("c", "'10.9.0.23'") ", " \
	PEER("stranger", "'10.9.0.200'") \
	"]}]}, 'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'neighbor': [" \
	NEIGHBOR("21") ", " NEIGHBOR("22") ", " NEIGHBOR("23") \
	"], 'neighbor-group': [{'name': 'g', 'remote-as': 'internal', " \
	"'listen-range': ['10.9.0.128/25']}]}}"
/* clang-format on */
#define OF_B "10.2.1.0/24"

static void tunnels(void)
{
	rig_tunnel(HOP_A, "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel(HOP_B, "wg0", "b", REACH_UP, REASON_NONE);
	rig_tunnel(HOP6_B, "wg0", "b", REACH_UP, REASON_NONE);
	rig_tunnel(HOP_C, "wg0", "c", REACH_UP, REASON_NONE);
	rig_tunnel(HOP_STRANGER, "wg0", "stranger", REACH_UP, REASON_NONE);
}

/* PREFIXES were kept by HOP, and one by A. */
static void begin(const char *prefixes, const char *hop)
{
	rig_stop();
	rig_clock_reset();
	rig_config(CONFIG);
	rig_zebra_again();
	rig_kept("10.1.1.0/24", HOP_A);
	rig_kept(prefixes, hop);
	tunnels();
	rig_redist_sync(3);
}

static struct far *up_with(unsigned last, bool restarting)
{
	return far_up(last, &(struct far_open){.as = 65000, .gr = true, .restarting = restarting});
}

static struct far *up(unsigned last)
{
	return up_with(last, false);
}

static void announce(struct far *f, const char *prefixes, const char *hop)
{
	far_announce(
		f,
		&(struct news){.prefix = prefixes, .nexthop = hop, .path = {7}, .local_pref = 100});
}

static void sends_all(struct far *f)
{
	far_end_of_rib(f, false);
	far_end_of_rib(f, true);
}

/* A is back, with what was kept by it, something new, and a path for what is B's. */
static struct far *a_is_back(void)
{
	struct far *a = up(A);

	announce(a, "10.1.1.0/24 10.1.2.0/24 " OF_B, HOP_A);
	sends_all(a);
	return a;
}

static bool has(struct far *f, const char *prefix)
{
	far_hear(f);
	return json_object_get(f->rib, prefix);
}

/* B's prefix is neither installed by another path nor announced; all others are; nobody gets
 * End-of-RIB. */
static void test_one_is_missing(void **state)
{
	struct far *a, *b, *c;

	begin(OF_B, HOP_B);
	c = up(C);
	sends_all(c);
	a = a_is_back();
	assert_string_equal(rig_reason("10.1.2.0/24", A), "none");
	assert_string_equal(rig_hops("10.1.1.0/24"), HOP_A);
	assert_string_equal(rig_hops("10.1.2.0/24"), HOP_A);
	assert_string_equal(rig_hops(OF_B), "never said");
	assert_true(has(c, "10.1.1.0/24") && has(c, "10.1.2.0/24"));
	assert_false(has(c, OF_B));
	rig_pass(25000);
	assert_string_equal(rig_hops(OF_B), "never said");
	assert_false(has(c, OF_B));
	assert_int_equal(a->eors + c->eors + rig_routes_syncs(), 0);
	b = up(B);
	assert_string_equal(rig_hops(OF_B), "never said");
	announce(b, OF_B, HOP_B);
	assert_int_equal(rig_route(OF_B)->hops.n, 2);
	assert_true(addr_eq(&rig_route(OF_B)->hops.hop[0].addr,
			    &(struct addr){.family = AF_INET, .b = {10, 9, 0, A}}));
	assert_true(has(c, OF_B));
	assert_int_equal(c->eors + rig_routes_syncs(), 0);
	sends_all(b);
	far_hear(a);
	far_hear(c);
	assert_int_equal(a->eors, 2);
	assert_int_equal(c->eors, 2);
	assert_int_equal(rig_routes_syncs(), 1);
}

/* What nobody announces again is withdrawn as soon as its own neighbour has sent all, whoever else
 * is missing. */
static void test_gone_meanwhile(void **state)
{
	struct far *a;

	begin("10.2.1.0/24 10.2.2.0/24", HOP_B);
	a = up(A);
	sends_all(a);
	assert_string_equal(rig_hops("10.1.1.0/24"), "");
	assert_string_equal(rig_hops("10.2.1.0/24"), "never said");
	assert_int_equal(rig_routes_syncs(), 0);
	sends_all(up(B));
	assert_string_equal(rig_hops("10.2.1.0/24"), "");
	assert_string_equal(rig_hops("10.2.2.0/24"), "");
}

/* Its tunnel dies: nothing is held for it any more. */
static void test_tunnel_dies(void **state)
{
	struct far *a;

	begin(OF_B, HOP_B);
	a = a_is_back();
	sends_all(up(C));
	rig_pass(12000);
	assert_string_equal(rig_hops(OF_B), "never said");
	rig_tunnel(HOP_B, "wg0", "b", REACH_DOWN, REASON_TUNNEL_DOWN);
	assert_string_equal(rig_hops(OF_B), HOP_A);
	assert_int_equal(rig_routes_syncs(), 1);
	far_hear(a);
	assert_int_equal(a->eors, 2);
}

/* A tunnel that fell silent may be the last way that there is: `last-path keep` holds it. */
static void test_last_path(void **state)
{
	struct msg_nexthop m = {.reach = REACH_DOWN,
				.reason = REASON_TUNNEL_DOWN,
				.connected = true,
				.tunnel = true,
				.weak = true,
				.cost = 10};

	begin(OF_B, HOP_B);
	bgp.last_path = true;
	a_is_back();
	sends_all(up(C));
	rig_pass(12000);
	assert_int_equal(addr_parse(HOP_B, &m.addr), 0);
	str_copy(m.ifname, "wg0", sizeof(m.ifname));
	str_copy(m.peer, "b", sizeof(m.peer));
	rig_nexthop_is(&m);
	assert_string_equal(rig_hops(OF_B), "never said");
	m.weak = false;
	rig_nexthop_is(&m);
	assert_string_equal(rig_hops(OF_B), HOP_A);
}

/* It was up and fell before it had sent all. */
static void test_falls_again(void **state)
{
	struct far *b;

	begin(OF_B, HOP_B);
	a_is_back();
	sends_all(up(C));
	far_close(up(B));
	rig_settle();
	rig_pass(30000);
	assert_string_equal(rig_hops(OF_B), "never said");
	assert_int_equal(rig_routes_syncs(), 0);
	b = up(B);
	announce(b, OF_B, HOP_B);
	sends_all(b);
	assert_int_equal(rig_route(OF_B)->hops.n, 2);
	assert_int_equal(rig_routes_syncs(), 1);
}

/* One of a listen range, who is in no list, is known by what was kept of it. */
static void test_stranger(void **state)
{
	struct far *s;

	begin("10.3.1.0/24", HOP_STRANGER);
	sends_all(up(B));
	sends_all(up(C));
	a_is_back();
	rig_pass(60000);
	assert_string_equal(rig_hops("10.3.1.0/24"), "never said");
	assert_int_equal(rig_routes_syncs(), 0);
	s = up(STRANGER);
	announce(s, "10.3.1.0/24", HOP_STRANGER);
	sends_all(s);
	assert_string_equal(rig_hops("10.3.1.0/24"), HOP_STRANGER);
	assert_int_equal(rig_routes_syncs(), 1);
}

/* Its tunnel dies, and it was all that was missing: nobody needs the next hop any more. */
static void test_stranger_dies(void **state)
{
	begin("10.3.1.0/24", HOP_STRANGER);
	sends_all(up(B));
	sends_all(up(C));
	a_is_back();
	assert_true(rig_watched(HOP_STRANGER));
	rig_tunnel(HOP_STRANGER, "wg0", "stranger", REACH_DOWN, REASON_TUNNEL_DOWN);
	assert_string_equal(rig_hops("10.3.1.0/24"), "");
	assert_int_equal(rig_routes_syncs(), 1);
	assert_false(rig_watched(HOP_STRANGER));
}

/* A next hop of the other family belongs to the neighbour behind the same tunnel. */
static void test_other_family(void **state)
{
	begin("2001:db8:2::/48", HOP6_B);
	a_is_back();
	sends_all(up(C));
	rig_pass(60000);
	assert_string_equal(rig_hops("2001:db8:2::/48"), "never said");
	sends_all(up(B));
	assert_string_equal(rig_hops("2001:db8:2::/48"), "");
	assert_int_equal(rig_routes_syncs(), 1);
}

/* RFC 4724's restart time ends it. */
static void test_limit(void **state)
{
	struct far *a;

	begin(OF_B, HOP_B);
	a = a_is_back();
	sends_all(up(C));
	rig_pass(60000);
	far_keepalive(a);
	rig_settle();
	rig_pass(59000);
	assert_string_equal(rig_hops(OF_B), "never said");
	rig_pass(2000);
	assert_string_equal(rig_hops(OF_B), HOP_A);
	assert_int_equal(rig_routes_syncs(), 1);
	far_hear(a);
	assert_int_equal(a->eors, 2);
}

/* Who restarts as we do is told End-of-RIB when it is all that is missing; the others are not. */
static void test_both_restart(void **state)
{
	struct far *a, *b;

	begin(OF_B, HOP_B);
	sends_all(up(C));
	b = up_with(B, true);
	a = a_is_back();
	rig_pass(1000);
	far_hear(b);
	assert_int_equal(b->eors, 0);
	rig_pass(1500);
	far_hear(a);
	far_hear(b);
	assert_int_equal(b->eors, 2);
	assert_int_equal(a->eors, 0);
	assert_string_equal(rig_hops(OF_B), "never said");
	sends_all(b);
	far_hear(a);
	assert_int_equal(a->eors, 2);
	assert_int_equal(b->eors, 2);
	assert_string_equal(rig_hops(OF_B), HOP_A);
}

/* zebra-lite is another one meanwhile, and keeps less. */
static void test_another_zebra(void **state)
{
	begin("10.2.1.0/24 10.2.2.0/24", HOP_B);
	a_is_back();
	rig_zebra_again();
	assert_true(restart_deferring());
	rig_kept("10.2.2.0/24", HOP_B);
	tunnels();
	rig_redist_sync(1);
	assert_string_equal(rig_hops("10.1.1.0/24"), HOP_A);
	assert_string_equal(rig_hops("10.2.1.0/24"), HOP_A); /* it knows nothing of it */
	assert_string_equal(rig_hops("10.2.2.0/24"), "never said");
	sends_all(up(C));
	sends_all(up(B));
	assert_string_equal(rig_hops("10.2.2.0/24"), "");
	assert_int_equal(rig_routes_syncs(), 1);
}

/* A network of ours, and one that several next hops share. */
static void test_odd(void **state)
{
	struct far *b;

	begin("10.2.1.0/24", HOP_A " " HOP_B);
	sends_all(up(C));
	a_is_back();
	assert_string_equal(rig_hops(OF_B), "never said"); /* half of its ways are missing */
	b = up(B);
	announce(b, OF_B, HOP_B);
	assert_int_equal(rig_route(OF_B)->hops.n, 2);
	sends_all(b);
	assert_int_equal(rig_routes_syncs(), 1);
}

/* ... of which one is over: the neighbour there has sent all, without it. */
static void test_half_is_over(void **state)
{
	struct far *b;

	begin(OF_B, HOP_A " " HOP_B);
	sends_all(up(C));
	sends_all(up(A));
	assert_string_equal(rig_hops(OF_B), HOP_B);
	assert_int_equal(rig_routes_syncs(), 0);
	rig_pass(25000);
	assert_string_equal(rig_hops(OF_B), HOP_B);
	b = up(B);
	announce(b, OF_B, HOP_B);
	assert_string_equal(rig_hops(OF_B), HOP_B);
	far_withdraw(b, OF_B);
	sends_all(b);
	assert_string_equal(rig_hops(OF_B), "");
	assert_int_equal(rig_routes_syncs(), 1);
}

/* B was a way to fall back on: it holds back nobody, and is used when A's tunnel dies, although its
 * session is not up yet. */
static void test_falls_back(void **state)
{
	struct far *a, *b;

	begin(OF_B, HOP_A "* " HOP_B);
	sends_all(up(C));
	a = up(A);
	announce(a, "10.1.1.0/24 10.1.2.0/24", HOP_A);
	assert_string_equal(rig_hops(OF_B), "never said");
	rig_tunnel(HOP_A, "wg0", "a", REACH_DOWN, REASON_TUNNEL_DOWN);
	assert_string_equal(rig_hops(OF_B), HOP_B);
	rig_pass(25000);
	assert_string_equal(rig_hops(OF_B), HOP_B);
	assert_int_equal(rig_routes_syncs(), 0);
	b = up(B);
	announce(b, OF_B, HOP_B);
	sends_all(b);
	assert_string_equal(rig_hops(OF_B), HOP_B);
	assert_int_equal(rig_routes_syncs(), 1);
	begin(OF_B, HOP_A "* " HOP_B);
	sends_all(up(C));
	a = a_is_back();
	assert_string_equal(rig_hops(OF_B), HOP_A);
	rig_pass(12000);
	assert_int_equal(rig_routes_syncs(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_is_missing),
		cmocka_unit_test(test_gone_meanwhile),
		cmocka_unit_test(test_tunnel_dies),
		cmocka_unit_test(test_last_path),
		cmocka_unit_test(test_falls_again),
		cmocka_unit_test(test_stranger),
		cmocka_unit_test(test_stranger_dies),
		cmocka_unit_test(test_other_family),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_both_restart),
		cmocka_unit_test(test_another_zebra),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_half_is_over),
		cmocka_unit_test(test_falls_back),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
