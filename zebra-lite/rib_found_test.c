/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A route of ours that is found at the start, and a static one that is worse than what bgpd may
 * say: the found one stays until bgpd has spoken, and gives way at once where it leads nowhere, or
 * cannot be bgpd's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "log.h"
#include "loop_fake.h"
#include "quoted.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "tunnel.h"
#include "zplan_tables.h"

#define P "10.1.0.0/16"
#define PEER(name, address, permit) \
	"{'name': '" name "', 'tunnel-address': ['" address "'], 'permit': [" permit "]}"
#define CONF_OF(more, peer1, peer2, statics)                                   \
	"{" more "'wireguard': {'interface': [{'name': 'wg0', 'peer': [" peer1 \
	"]}, {'name': 'wg1', 'peer': [" peer2                                  \
	"]}]}, 'rib': {'sweep-timeout': 7, 'static': [" statics "]}}"
#define PEER1(permit) PEER("p1", "10.9.0.1", permit)
#define PEER2(permit) PEER("p2", "10.9.1.2", permit)
#define CONF(more, permit, statics) CONF_OF(more, PEER1(permit), PEER2("'10.0.0.0/8'"), statics)
#define BGP "'bgp': {'as': 65000}, "
#define STATIC(way) "{'prefix': '" P "', " way "}"
#define WORSE(way) CONF(BGP, "'10.0.0.0/8'", STATIC(way ", 'distance': 250"))
#define BY_GATEWAY "'next-hop': '198.51.100.8'"

static void say_kept(const struct route_hops *hops, const struct prefix *p)
{
	for (unsigned i = 0; i < hops->n; i++)
		rig_say("kept %s by %s\n", PREFIX_STR(p), ADDR_STR(&hops->hop[i].addr));
}

static int setup(void **state)
{
	rig_begin();
	out.kept = say_kept;
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_told();
	fib_reset();
	return 0;
}

static void find(struct kroute r)
{
	rib_kernel_route(&r, true);
}

static void find_usual(void)
{
	rig_kernel(true, "198.51.100.0/24", RTPROT_KERNEL, 0, RIG_U0, NULL);
	rig_kernel(true, "0.0.0.0/0", RTPROT_DHCP, 100, RIG_U0, "198.51.100.254");
	find(rig_ours("10.9.0.1/32", RIG_WG0));
	find(rig_ours("10.9.1.2/32", RIG_WG1));
}

/* With the entry of the peer OWNER at wgd; 0: there is none. */
static void meet(uint32_t owner)
{
	struct allowed_change entry = {ALLOWED_SET, owner, rig_prefix(P)};
	struct msg_allowed m = {.n = owner != 0, .changes = &entry};

	rib_kernel_end(NULL);
	fib_held(&m);
	fib_kernel_ready();
	fib_wgd_synced();
}

static void start(const char *config, struct kroute found, uint32_t owner)
{
	rig_configure(config);
	rib_bgp_begin();
	rib_kernel_begin();
	find_usual();
	find(found);
	meet(owner);
}

/* --- it stays --- */

static void bgpd_has_it(void)
{
	rig_bgp(P, "10.9.0.1");
	rib_bgp_synced();
}

static void bgpd_has_another(void)
{
	rig_bgp(P, "10.9.1.2");
}

static void bgpd_has_nothing(void)
{
	rig_bgp(P, "");
}

static void bgpd_has_what_leads_nowhere(void)
{
	rig_bgp(P, "10.77.0.1");
}

static void nowhere_and_then_nothing(void)
{
	rig_bgp(P, "10.77.0.1");
	rig_bgp(P, "");
}

static void bgpd_dies(void)
{
	rib_bgp_begin();
	rig_settle();
}

static void time_passes(void)
{
	rig_pass(6900);
}

static void time_is_over(void)
{
	rig_pass(7100);
}

/* The time of what was found does not begin anew with each bgpd. */
static void bgpds_die_meanwhile(void)
{
	rig_pass(3000);
	rib_bgp_begin();
	rig_pass(3000);
	rib_bgp_begin();
	rig_pass(900);
}

static void bgpds_die_until_it_is_over(void)
{
	bgpds_die_meanwhile();
	rig_pass(200);
}

static void tunnel_dies(void)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_DOWN);
}

static void other_tunnel_dies(void)
{
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DOWN);
}

static void interface_goes_down(void)
{
	rig_if(RIG_WG0, false);
}

static void interface_is_gone(void)
{
	tunnel_if_gone(RIG_WG0);
}

static void peer_is_gone(void)
{
	tunnel_peer_gone(1);
}

static void gets_better(void)
{
	rig_configure(CONF(BGP, "'10.0.0.0/8'", STATIC(BY_GATEWAY ", 'distance': 19")));
}

static void permit_shrinks(void)
{
	rig_configure(CONF(BGP, "'10.2.0.0/16'", STATIC(BY_GATEWAY ", 'distance': 250")));
}

static void no_bgp_any_more(void)
{
	rig_configure(CONF("", "'10.0.0.0/8'", STATIC(BY_GATEWAY ", 'distance': 250")));
}

#define GIVES_WAY "change " P " via 198.51.100.8 dev u0\n"

static const struct row {
	const char *name, *config;
	void (*event)(void);
	const char *told;
} rows[] = {
	{"bgpd has it, beside a blackhole", WORSE("'blackhole': true"), bgpd_has_it, "sync\n"},
	{"bgpd has it, beside a gateway", WORSE(BY_GATEWAY), bgpd_has_it, "sync\n"},
	{"bgpd has it, beside a peer", WORSE("'next-hop': '10.9.1.2'"), bgpd_has_it, "sync\n"},
	{"bgpd has another", WORSE(BY_GATEWAY), bgpd_has_another,
	 "set " P " p2\nchange " P " dev wg1\n"},
	{"bgpd has nothing", WORSE(BY_GATEWAY), bgpd_has_nothing, GIVES_WAY},
	{"bgpd has what leads nowhere", WORSE(BY_GATEWAY), bgpd_has_what_leads_nowhere, GIVES_WAY},
	{"nowhere, and then nothing", WORSE(BY_GATEWAY), nowhere_and_then_nothing, GIVES_WAY},
	{"bgpd has nothing at all", WORSE(BY_GATEWAY), rib_bgp_synced, GIVES_WAY "sync\n"},
	{"bgpd dies", WORSE(BY_GATEWAY), bgpd_dies, ""},
	{"time passes", WORSE(BY_GATEWAY), time_passes, ""},
	{"time is over", WORSE(BY_GATEWAY), time_is_over, GIVES_WAY "sync\n"},
	{"bgpds die", WORSE(BY_GATEWAY), bgpds_die_meanwhile, ""},
	{"bgpds die, time is over", WORSE(BY_GATEWAY), bgpds_die_until_it_is_over,
	 GIVES_WAY "sync\n"},
	{"its tunnel dies", WORSE(BY_GATEWAY), tunnel_dies, GIVES_WAY},
	{"another tunnel dies", WORSE(BY_GATEWAY), other_tunnel_dies, ""},
	{"its interface goes down", WORSE(BY_GATEWAY), interface_goes_down, GIVES_WAY},
	{"its interface is gone", WORSE(BY_GATEWAY), interface_is_gone,
	 GIVES_WAY "del 10.9.0.1/32 dev wg0\nunset " P " p1\n"},
	{"its peer is gone", WORSE(BY_GATEWAY), peer_is_gone,
	 GIVES_WAY "del 10.9.0.1/32 dev wg0\nunset " P " p1\n"},
	{"the static one gets better", WORSE(BY_GATEWAY), gets_better,
	 "redist -static " P " metric 0\nredist +static " P " metric 0\n" GIVES_WAY},
	{"its peer's permit shrinks", WORSE(BY_GATEWAY), permit_shrinks, GIVES_WAY},
	{"no bgp any more", WORSE(BY_GATEWAY), no_bgp_any_more, GIVES_WAY},
};

static void test_row(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *told;

		if (i) {
			rig_end(state);
			setup(state);
		}
		start(rows[i].config, rig_ours(P, RIG_WG0), 1);
		told = rig_told();
		if (!str_eq(told, "redist +static " P " metric 0\nset " P " p1\n"))
			fail_msg("%s: %s", rows[i].name, told);
		rows[i].event();
		told = rig_told();
		if (!str_eq(told, rows[i].told))
			fail_msg("%s: %s instead of\n%s", rows[i].name, told, rows[i].told);
	}
}

/* --- it does not --- */

static const struct {
	const char *name, *config;
	uint32_t oif, owner;
	enum tunnel_state state;
} at_once[] = {
	{"better", CONF(BGP, "'10.0.0.0/8'", STATIC(BY_GATEWAY ", 'distance': 20")), RIG_WG0, 1,
	 TUNNEL_UP},
	{"no bgp", CONF("", "'10.0.0.0/8'", STATIC(BY_GATEWAY ", 'distance': 250")), RIG_WG0, 1,
	 TUNNEL_UP},
	{"not permitted", CONF(BGP, "'10.2.0.0/16'", STATIC(BY_GATEWAY ", 'distance': 250")),
	 RIG_WG0, 1, TUNNEL_UP},
	{"no entry", WORSE(BY_GATEWAY), RIG_WG0, 0, TUNNEL_UP},
	{"dead", WORSE(BY_GATEWAY), RIG_WG0, 1, TUNNEL_DOWN},
	{"interface away", WORSE(BY_GATEWAY), 77, 0, TUNNEL_UP},
	{"by a cable, a tunnel is for it", WORSE(BY_GATEWAY), RIG_U0, 0, TUNNEL_UP},
};

static void test_at_once(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(at_once); i++) {
		const char *told;

		if (i) {
			rig_end(state);
			setup(state);
		}
		rig_peer(1, RIG_WG0, "10.9.0.1", NULL, at_once[i].state);
		start(at_once[i].config, rig_ours(P, at_once[i].oif), at_once[i].owner);
		told = rig_told();
		if (!strstr(told, "change " P " via 198.51.100.8 dev u0\n"))
			fail_msg("%s: %s", at_once[i].name, told);
		rib_redist_all(NULL);
		told = rig_told();
		if (strstr(told, "kept"))
			fail_msg("%s: %s", at_once[i].name, told);
	}
}

/* The static one itself was found: nobody waits for bgpd, and bgpd for nobody. */
static void test_itself(void **state)
{
	struct kroute r = rig_ours(P, RIG_U0);

	r.gateway = rig_addr("198.51.100.7");
	start(WORSE("'next-hop': '198.51.100.7'"), r, 0);
	rib_redist_all(NULL);
	assert_null(strstr(rig_told(), "kept " P));
	rig_configure(WORSE("'next-hop': '198.51.100.8'"));
	assert_non_null(strstr(rig_told(), "change " P " via 198.51.100.8 dev u0\n"));
}

/* bgpd hears by whom it is, as of every other route that may be its. */
static void test_kept(void **state)
{
	start(WORSE(BY_GATEWAY), rig_ours(P, RIG_WG0), 1);
	rib_redist_all(NULL);
	assert_non_null(strstr(rig_told(), "kept " P " by 10.9.0.1\n"));
}

static void apply(const json_t *config, uint32_t generation)
{
	char *text = json_dumps(config, 0);

	rig_configure(text);
	free(text);
}

static void prune(uint32_t generation)
{
}

/* A plan knows it, too: of routes and entries that would change there are so many. */
static size_t planned(const char *config)
{
	json_t *args =
		json_pack("{s:o, s:[], s:[]}", "candidate", quoted(config), "gone", "routes");
	json_t *said = json_array();
	size_t n;

	json_decref(zplan_tables(args, said));
	n = json_array_size(said);
	json_decref(said);
	json_decref(args);
	return n;
}

static void test_planned(void **state)
{
	zplan_open(apply, prune);
	start(WORSE(BY_GATEWAY), rig_ours(P, RIG_WG0), 1);
	rig_told();
	assert_int_equal(planned(WORSE("'blackhole': true")), 0);
	rig_end(state);
	setup(state);
	start(WORSE(BY_GATEWAY), rig_ours(P, RIG_WG0), 1);
	rig_told();
	assert_int_equal(planned(CONF(BGP, "'10.0.0.0/8'", STATIC(BY_GATEWAY))), 2);
	RIG_TOLD("");
}

#define PERMITTED(what)                                   \
	CONF_OF(BGP, PEER1("'10.2.0.0/16'"), PEER2(what), \
		STATIC("'next-hop': '10.9.1.2', 'distance': 250"))

/* By a cable: as long as that is up, and no tunnel is for it. */
static void test_cable(void **state)
{
	static const struct {
		const char *config;
		bool up, stays;
	} cables[] = {
		{PERMITTED("'10.2.0.0/16'"), true, true},
		{PERMITTED("'10.2.0.0/16'"), false, false},
		{PERMITTED("'10.0.0.0/8'"), true, false},
		{PERMITTED("'0.0.0.0/0'"), true, true},
	};
	struct kroute r = rig_ours(P, RIG_U0);

	r.gateway = rig_addr("198.51.100.9");
	for (size_t i = 0; i < ARRAY_SIZE(cables); i++) {
		rig_link_down[RIG_U0] = !cables[i].up;
		start(cables[i].config, r, 0);
		assert_int_equal(!strstr(rig_told(), "change " P " dev wg1\n"), cables[i].stays);
		rig_end(state);
		setup(state);
	}
}

/* The one that leads nowhere is nobody's path: what it refuses is not kept for bgpd. */
static void test_blackhole(void **state)
{
	struct kroute r = rig_ours(P, 0);

	r.type = RTN_BLACKHOLE;
	start(WORSE(BY_GATEWAY), r, 0);
	assert_non_null(strstr(rig_told(), "change " P " via 198.51.100.8 dev u0\n"));
}

/* In another plane the entry is the one of the interface's plane. */
static void test_leaked(void **state)
{
	struct kroute r = rig_ours(P, RIG_WG0);

	rig_configure("{" BGP RIG_PERMIT ", 'plane': [{'name': 'blue', 'number': 1, 'table': 101, "
		      "'static': [" STATIC("'blackhole': true, 'distance': 250") "]}]}");
	r.table = 101;
	rib_bgp_begin();
	rib_kernel_begin();
	find_usual();
	find(r);
	meet(1);
	assert_null(strstr(rig_told(), P " table 101"));
	rib_bgp_synced();
	assert_non_null(strstr(rig_told(), "change " P " table 101 blackhole\n"));
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_row),   T(test_at_once),	  T(test_itself), T(test_kept),
		T(test_cable), T(test_blackhole), T(test_leaked), T(test_planned),
	};

	log_init("rib_found_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
