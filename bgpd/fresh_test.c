/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a fresh session has to wait where bgpd or its neighbour has just restarted: what carried
 * traffic all the time goes on, what came (back) meanwhile waits behind a path that works. The
 * clock stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "restart.h"
#include "rib_peer.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

#define A 21
#define B 22
#define HOP_A "10.9.0.21"
#define HOP_B "10.9.0.22"
#define HOP_C "10.9.0.23"
#define NET "10.1.1.0/24"
#define OF_C "10.3.1.0/24"
#define NEIGHBOR(last) "{'address': '10.9.0." last "', 'remote-as': 65000, 'passive': true}"
#define RANGE                                                        \
	"'neighbor-group': [{'name': 'g', 'remote-as': 'internal', " \
	"'listen-range': ['10.9.0.16/29']}]"
#define PEER(name, address) \
	"{'name': '" name "', 'tunnel-address': ['" address "'], 'permit': ['0.0.0.0/0']}"
#define CONFIG(neighbors)                                                                    \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [" PEER("a", HOP_A) ", " PEER( \
		"b", HOP_B) ", " PEER("c", HOP_C) "]}]}, 'bgp': {'as': 65000, 'router-id': " \
						  "'10.0.0.5', " neighbors "}}"

/* NET by A, and by B, which is the better way. */
struct situation {
	const char *kept; /* next hops of NET, of the bgpd before; NULL: it has none of those */
	/* What happens:
	 *   t  zebra-lite says that the tunnels are up; T: but B's is down
	 *   k  ... what it kept of the bgpd before: keeping goes on, as C never comes
	 *   K  ... but that of C
	 *   a  A's session comes up and announces NET; b: B's; B: B's, which keeps nothing
	 *   d  B's tunnel falls silent; D: it is down for certain, which ends its session; u: up
	 *   x  B's session ends
	 *   .  a second passes */
	const char *events;
	const char *now, *later; /* who is used then, and a second later */
};

static struct far *b;
static bool told; /* how the tunnels are */
static enum reach b_reach;
static bool b_is_dead;
static bool was_fresh; /* B's session, in the end */

static void tell_tunnel(const char *address, const char *name, enum reach reach, bool weak)
{
	struct msg_nexthop m = {.reach = reach,
				.reason = reach == REACH_UP ? REASON_NONE : REASON_HANDSHAKE_STALE,
				.connected = true,
				.tunnel = true,
				.weak = weak,
				.cost = 10,
				.ifname = "wg0"};

	assert_int_equal(addr_parse(address, &m.addr), 0);
	str_copy(m.peer, name, sizeof(m.peer));
	rig_nexthop_is(&m);
}

/* Again and again: zebra-lite answers whatever was watched meanwhile. */
static void tell_tunnels(void)
{
	if (!told)
		return;
	tell_tunnel(HOP_A, "a", REACH_UP, false);
	tell_tunnel(HOP_B, "b", b_reach, b_reach == REACH_UP || !b_is_dead);
	tell_tunnel(HOP_C, "c", REACH_UP, false);
}

static void b_is(enum reach reach, bool dead)
{
	b_reach = reach;
	b_is_dead = dead;
}

static void tell_kept(const char *kept, bool of_c)
{
	if (kept)
		rig_kept(NET, kept);
	if (of_c)
		rig_kept(OF_C, HOP_C);
	rig_redist_sync((kept != NULL) + of_c);
}

static struct far *comes(unsigned last, bool gr)
{
	struct far *f = far_up(last, &(struct far_open){.as = 65000, .gr = gr});

	far_announce(f, &(struct news){.prefix = NET,
				       .nexthop = last == A ? HOP_A : HOP_B,
				       .path = {7},
				       .local_pref = last == A ? 100 : 200});
	return f;
}

static void b_ends(void)
{
	if (b)
		far_close(b);
	b = NULL;
}

static void happens(const struct situation *s, char event)
{
	switch (event) {
	case 't':
	case 'T':
		told = true;
		b_is(event == 't' ? REACH_UP : REACH_DOWN, false);
		break;
	case 'k':
	case 'K':
		tell_kept(s->kept, event == 'k');
		break;
	case 'a':
		comes(A, true);
		break;
	case 'b':
	case 'B':
		b = comes(B, event == 'b');
		break;
	case 'd':
	case 'D':
		b_is(REACH_DOWN, event == 'D');
		break;
	case 'u':
		b_is(REACH_UP, false);
		break;
	case 'x':
		b_ends();
		break;
	case '.':
		rig_pass(1000);
		break;
	}
	rig_settle();
	tell_tunnels();
	if (event == 'D')
		b_ends();
	if (event == 'u' && b)
		far_keepalive(b); /* a session that was there before proves that it lives */
	rig_settle();
	rig_pass(event == 'u' ? 25 : 1);
	rig_settle();
}

static const char *used(void)
{
	const char *hops = rig_hops(NET);
	static char first[20];

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(hops, " "), hops);
	return str_eq(first, HOP_A) ? "A" : str_eq(first, HOP_B) ? "B" : hops;
}

static void run(const char *config, const struct situation *s, unsigned row)
{
	char now[20];

	rig_stop();
	rig_clock_reset();
	rig_config(config);
	rig_zebra_again();
	told = false;
	b = NULL;
	for (const char *event = s->events; *event; event++)
		happens(s, *event);
	str_copy(now, used(), sizeof(now));
	was_fresh = b && far_peer(b)->rib->fresh;
	rig_pass(1000);
	rig_settle();
	if (!str_eq(now, s->now) || !str_eq(used(), s->later))
		fail_msg("row %u, %s, kept %s: %s, then %s", row, s->events,
			 s->kept ? s->kept : "-", now, used());
}

static void run_all(const struct situation *rows, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		run(CONFIG("'neighbor': [" NEIGHBOR("21") ", " NEIGHBOR("22") "]"), &rows[i], i);
		run(CONFIG(RANGE), &rows[i], i); /* neighbours that no list names */
	}
}

/* Whatever was in use before bgpd restarted, with a tunnel that was not down since, goes on at
 * once: all neighbours come back at the same time. */
static void test_goes_on(void **state)
{
	static const struct situation rows[] = {
		{HOP_B "* " HOP_A, "tkab", "B", "B"},
		{HOP_B "* " HOP_A, "tkba", "B", "B"},
		{HOP_B " " HOP_A, "tkab", "B", "B"}, /* zebra-lite is a new one, too */
		{HOP_B, "tkab", "B", "B"},
		{HOP_B "* " HOP_A, "abtk", "B", "B"}, /* it answers late */
		{HOP_B "* " HOP_A, "abkt", "B", "B"},
		{HOP_B "* " HOP_A, "tabk", "B", "B"},
		{HOP_B "* " HOP_A, "tk....ab", "B", "B"},
		{HOP_B "* " HOP_A, "tKab", "B", "B"},
	};

	run_all(rows, ARRAY_SIZE(rows));
}

/* What was no more than a way to fall back on, or comes anew: its far end may have dropped us. */
static void test_comes_anew(void **state)
{
	static const struct situation rows[] = {
		{HOP_A "* " HOP_B, "tkab", "A", "B"}, /* its tunnel was down until just now */
		{HOP_A "* " HOP_B, "tkba", "A", "B"},
		{HOP_A "* " HOP_B, "abtk", "A", "B"},
		{HOP_A "* " HOP_B, "abkt", "A", "B"},
		{HOP_A, "tkab", "A", "B"},
		{HOP_A, "tkba", "A", "B"},
		{NULL, "tka.b", "A", "B"},
		{NULL, "tkab", "B", "B"},   /* both are fresh */
		{NULL, "tKa.b", "A", "B"},  /* a first start */
		{HOP_A, "tkb.a", "B", "B"}, /* it was there for long enough */
	};

	run_all(rows, ARRAY_SIZE(rows));
}

/* A tunnel that comes up behind a restarted bgpd, with its session before or after. */
static void test_tunnel_comes(void **state)
{
	static const struct situation rows[] = {
		{HOP_A "* " HOP_B, "Tkabu", "A", "B"},
		{HOP_A "* " HOP_B, "Tkbau", "A", "B"},
		{HOP_A "* " HOP_B, "Tkbua", "A", "B"},
		{HOP_A "* " HOP_B, "Tkuab", "A", "B"},
		{HOP_A "* " HOP_B, "Tkuba", "A", "B"},
		{HOP_A "* " HOP_B, "Tkab.u", "A", "B"},
		{HOP_A, "Tabku", "A", "B"},
		{HOP_B " " HOP_A, "Tkabu", "A", "B"}, /* the tunnel of what was kept is down */
		{HOP_B " " HOP_A, "Tkuab", "A", "B"},
		{HOP_B "* " HOP_A, "tkab.du", "A", "B"},
		{HOP_B "* " HOP_A, "tkab.d.u", "A", "B"},
		{HOP_B "* " HOP_A, "tkab.Dub", "A", "B"},
		{HOP_B "* " HOP_A, "tka.dub", "A", "B"},
		{HOP_B "* " HOP_A, "tkaB.xB", "A", "B"}, /* it was up, and dropped us */
	};

	run_all(rows, ARRAY_SIZE(rows));
}

/* Where there is nothing else it is used at once. */
static void test_alone(void **state)
{
	static const struct situation rows[] = {
		{HOP_A "* " HOP_B, "Tkbu", "A", "A"}, /* A may come again */
		{HOP_B, "tkb", "B", "B"},
		{NULL, "tkb", "B", "B"},
		{NULL, "Tkbu", "B", "B"},
		{NULL, "tkbdu", "B", "B"},
	};

	run_all(rows, ARRAY_SIZE(rows));
}

/* The neighbour restarts. What is kept of it goes on, unless its tunnel was down meanwhile. */
static void test_neighbor_restarts(void **state)
{
	static const struct situation rows[] = {
		{NULL, "tKab.xb", "B", "B"},	  {NULL, "tKab.x.b", "B", "B"},
		{NULL, "tKab.du.xb", "B", "B"},	  {NULL, "tKab.xdub", "A", "B"},
		{NULL, "tKab.x.d.u.b", "A", "B"}, {NULL, "tKab.dx.ub", "A", "B"},
		{NULL, "tKaB.xB", "A", "B"},
	};

	run_all(rows, ARRAY_SIZE(rows));
}

/* What its tunnel did before the last session ended does not count: only what is new can wait. */
static void test_long_ago(void **state)
{
	static const struct {
		const char *events;
		bool fresh;
	} rows[] = {{"tKb.xb", false}, {"tKb.du.xb", false}, {"tKb.xdub", true}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		run(CONFIG("'neighbor': [" NEIGHBOR("22") "]"),
		    &(struct situation){NULL, rows[i].events, "B", "B"}, i);
		if (was_fresh != rows[i].fresh)
			fail_msg("row %u: %d", i, was_fresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),		  cmocka_unit_test(test_comes_anew),
		cmocka_unit_test(test_tunnel_comes),	  cmocka_unit_test(test_alone),
		cmocka_unit_test(test_neighbor_restarts), cmocka_unit_test(test_long_ago),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return rig_run(tests, ARRAY_SIZE(tests));
}
