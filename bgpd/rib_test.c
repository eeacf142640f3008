/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables by small scenes: which paths a session's end takes along, what is kept over a restart
 * and judged again by other settings, limits and counts of both families, refusals of a network
 * that was gone meanwhile, what of a fresh session has to wait. The clock stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "leak.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "originate.h"
#include "peer_conf.h"
#include "policy_ceiling.h"
#include "reason.h"
#include "restart.h"
#include "rib.h"
#include "rib_lap.h"
#include "rib_peer.h"
#include "rib_queue.h"
#include "rib_session.h"
#include "rib_verdict.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

#define EXT 11
#define A 21
#define B 22
#define S 1000ull
#define NET "10.1.1.0/24"
#define NET6 "2001:db8:1::/48"
#define HOP "10.9.0.99"
#define HOP2 "10.9.0.98"
#define HOP6 "fd09::99"
#define BGP "'as': 65000, 'router-id': '10.0.0.5'"

#define WIREGUARD                                                                               \
	"'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'a', 'tunnel-address': " \
	"['10.99.0.2'], 'permit': ['10.0.0.0/8']}]}, {'name': 'wg1', 'peer': [{'name': 'a', "   \
	"'tunnel-address': ['10.98.0.2'], 'permit': ['10.0.0.0/8']}]}]}, "

static const char *wireguard = "";

static void configure(const char *bgp_part, const char *options)
{
	char *config = xasprintf(
		"{%s'bgp': {%s, 'neighbor': [{'address': '10.9.0.11', 'remote-as': 65011, "
		"'passive': "
		"true, 'import': ['all'], 'export': ['all']%s}, {'address': '10.9.0.21', "
		"'remote-as': 65000, 'passive': true}, {'address': '10.9.0.22', 'remote-as': "
		"65000, 'passive': true}]}}",
		wireguard, bgp_part, options);

	rig_config(config);
	rig_settle();
	free(config);
}

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	configure(BGP, "");
	rig_pass(200 * S);
	return 0;
}

static int teardown(void **state)
{
	wireguard = "";
	rig_stop();
	rig_clock_reset();
	return 0;
}

static void again(void)
{
	teardown(NULL);
	setup(NULL);
}

static struct far *up(unsigned last, bool gr)
{
	return far_up(last, &(struct far_open){.as = last == EXT ? 65011 : 65000, .gr = gr});
}

static void reach(void)
{
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	rig_nexthop(HOP2, REACH_UP, REASON_NONE);
	rig_nexthop(HOP6, REACH_UP, REASON_NONE);
}

static void announce(struct far *f, const char *prefixes, const char *hop, uint32_t local_pref)
{
	far_announce(f, &(struct news){.prefix = prefixes,
				       .nexthop = hop,
				       .path = {f->last == EXT ? 65011 : 7},
				       .local_pref = local_pref});
	reach();
}

/* The counts of a neighbour's families, received and accepted. */
#define expect_counts(f, r4, r6, a4, a6) expect_counts_at(__LINE__, f, r4, r6, a4, a6)
static void expect_counts_at(int line, const struct far *f, unsigned r4, unsigned r6, unsigned a4,
			     unsigned a6)
{
	struct rib_session_counts c = rib_session_counts(far_peer(f));

	if (c.received[0] != r4 || c.received[1] != r6 || c.accepted[0] != a4 ||
	    c.accepted[1] != a6)
		fail_msg("line %d: %u %u, accepted %u %u", line, c.received[0], c.received[1],
			 c.accepted[0], c.accepted[1]);
}

/* Each path counts once, in its family, where it was accepted in both ways. */
static void test_counts(void **state)
{
	struct far *f = up(EXT, false);

	announce(f, NET " 10.1.2.0/24", HOP, 0);
	expect_counts(f, 2, 0, 2, 0);
	announce(f, NET6, HOP6, 0);
	expect_counts(f, 2, 1, 2, 1);
	announce(f, "127.1.0.0/16", HOP, 0); /* martian */
	expect_counts(f, 3, 1, 2, 1);
	announce(f, NET, HOP2, 0);
	expect_counts(f, 3, 1, 2, 1);
	configure(BGP, ", 'import': ['none']");
	expect_counts(f, 3, 1, 0, 0);
	configure(BGP, "");
	expect_counts(f, 3, 1, 2, 1);
	far_withdraw(f, NET);
	expect_counts(f, 2, 1, 1, 1);
	far_withdraw(f, NET6);
	expect_counts(f, 2, 0, 1, 0);
	far_withdraw(f, "127.1.0.0/16 10.1.2.0/24 10.7.0.0/16");
	expect_counts(f, 0, 0, 0, 0);
}

/* All paths of a session go with it, as many of one family as of the other. */
static void test_session_ends(void **state)
{
	for (unsigned four = 0; four < 3; four++)
		for (unsigned six = 0; six < 3; six++) {
			static const char *const nets[] = {NET, NET " 10.1.2.0/24"},
						 *const nets6[] = {NET6, NET6 " 2001:db8:2::/48"};
			struct far *f = up(A, false);

			if (four)
				announce(f, nets[four - 1], HOP, 100);
			if (six)
				announce(f, nets6[six - 1], HOP6, 100);
			assert_string_equal(rig_reason(NET, A), four ? "none" : "no path");
			assert_string_equal(rig_reason(NET6, A), six ? "none" : "no path");
			far_close(f);
			rig_settle();
			assert_string_equal(rig_reason(NET, A), "no path");
			assert_string_equal(rig_reason(NET6, A), "no path");
			assert_string_equal(rig_hops(NET), four ? "" : "never said");
			assert_string_equal(rig_hops(NET6), six ? "" : "never said");
			again();
		}
}

/* What a neighbour said in this session, and withdraws or says otherwise. */
static void test_turnover(void **state)
{
	static const struct {
		const char *prefixes;
		uint32_t local_pref; /* 0: withdrawn */
		bool restarts;	     /* before */
		unsigned counted;
	} rows[] = {
		{NET " 10.1.2.0/24", 100, false, 0}, /* for the first time */
		{NET " 10.1.2.0/24", 100, false, 0}, /* the same again */
		{NET " 10.1.3.0/24", 200, false, 1},
		{NET " 10.1.2.0/24 10.1.3.0/24", 0, false, 3},
		{NET, 0, false, 0}, /* withdrawn already */
		{NET " 10.1.2.0/24 10.1.3.0/24", 100, false, 0},
		{NET, 200, true, 0},	      /* what it had */
		{NET, 100, false, 1},	      /* ... and has */
		{"10.1.2.0/24", 0, false, 0}, /* not said again */
		{NET6, 100, false, 0},
		{NET6, 0, false, 1},
	};
	struct far *f = up(A, true);
	const struct turnover *t = &far_peer(f)->rib->turnover;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t before;

		if (rows[i].restarts) {
			far_close(f);
			rig_settle();
			f = up(A, true);
		}
		before = t->sum;
		if (rows[i].local_pref)
			announce(f, rows[i].prefixes, i < 9 ? HOP : HOP6, rows[i].local_pref);
		else
			far_withdraw(f, rows[i].prefixes);
		if (t->sum - before != rows[i].counted)
			fail_msg("row %zu: %u", i, (unsigned)(t->sum - before));
	}
}

/* What it said is decided, and it is read again: at once, since that took no time. One may go
 * while it is slowed. */
static void test_slowed(void **state)
{
	struct far *a = up(A, false), *b = up(B, false);

	announce(b, "10.1.2.0/24", HOP, 100);
	far_peer(a)->rib->turnover.news = TURNOVER_TABLES * TURNOVER_LEAST;
	for (unsigned i = 0; i < 3; i++) {
		announce(a, NET, HOP, 100 + i);
		assert_true(far_peer(a)->slowed_ms);
		assert_false(far_peer(a)->held);
		assert_string_equal(rig_reason(NET, A), "none");
	}
	assert_false(far_peer(b)->slowed_ms);
	rig_config("{'bgp': {" BGP "}}");
	rig_settle();
	assert_string_equal(rig_reason(NET, A), "no path");
	rig_pass(10 * S);
}

/* RFC 4724: one that names no time has two minutes. */
static void test_no_restart_time(void **state)
{
	struct far *f = far_up(A, &(struct far_open){.as = 65000, .gr = true, .gr_no_time = true});

	announce(f, NET, HOP, 100);
	far_close(f);
	rig_settle();
	rig_pass(120 * S - 1);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_true(rig_bool(rig_path(NET, A), "stale"));
	rig_pass(1);
	rig_settle();
	assert_string_equal(rig_reason(NET, A), "no path");
}

/* RFC 4724 section 4.2: what it does not keep over its restart we do not keep for it, from the
 * moment that it is back. */
static void test_not_kept(void **state)
{
	static const struct {
		bool gr, only4;
		const char *four, *six; /* reasons */
	} rows[] = {{true, false, "none", "none"},
		    {false, false, "no path", "no path"},
		    {true, true, "none", "no path"}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f = up(A, true);

		announce(f, NET, HOP, 100);
		announce(f, NET6, HOP6, 100);
		far_close(f);
		rig_settle();
		assert_true(rig_bool(rig_path(NET, A), "stale"));
		assert_true(rig_bool(rig_path(NET6, A), "stale"));
		far_up(A,
		       &(struct far_open){.as = 65000, .gr = rows[i].gr, .only4 = rows[i].only4});
		rig_settle();
		if (!str_eq(rig_reason(NET, A), rows[i].four) ||
		    !str_eq(rig_reason(NET6, A), rows[i].six))
			fail_msg("row %u: %s", i, rig_reason(NET6, A));
		again();
	}
}

/* RFC 4486: each family has the limit for itself. */
static void test_limit(void **state)
{
	static const struct {
		const char *four, *six;
		bool over;
	} rows[] = {
		{NET " 10.1.2.0/24", NET6 " 2001:db8:2::/48", false},
		{NET " 10.1.2.0/24 10.1.3.0/24", NULL, true},
		{NULL, NET6 " 2001:db8:2::/48 2001:db8:3::/48", true},
	};

	for (unsigned later = 0; later < 2; later++)
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			struct far *f;

			configure(BGP, later ? "" : ", 'max-prefix': 2");
			f = up(EXT, false);
			if (rows[i].four)
				announce(f, rows[i].four, HOP, 0);
			if (rows[i].six && !f->ended)
				announce(f, rows[i].six, HOP6, 0);
			if (later) {
				assert_false(f->ended);
				configure(BGP, ", 'max-prefix': 2");
			}
			if (f->ended != rows[i].over)
				fail_msg("row %u: %d", i, f->ended);
			assert_int_equal(f->error.code, rows[i].over ? 6 : 0);
			assert_int_equal(f->error.subcode, rows[i].over ? 1 : 0);
			again();
		}
}

/* What is kept for a neighbour that restarts is judged by the settings of now; nobody asks it. */
static void test_kept_and_settings(void **state)
{
	static const struct {
		const char *bgp_part, *reason;
	} rows[] = {
		{BGP, "none"},
		{"'as': 65007, 'router-id': '10.0.0.5'", "as-loop"},
		{"'as': 65000, 'router-id': '10.0.0.6'", "originator-loop"},
		{BGP ", 'cluster-id': '1.2.3.4'", "cluster-loop"},
		{BGP ", 'cluster-id': '1.2.3.5'", "none"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f = up(A, true);

		far_announce(f, &(struct news){.prefix = NET,
					       .nexthop = HOP,
					       .path = {7, 65007},
					       .local_pref = 100,
					       .originator = 0x0a000006,
					       .cluster = {0x01020304}});
		reach();
		assert_string_equal(rig_reason(NET, A), "none");
		far_close(f);
		rig_settle();
		assert_true(rig_bool(rig_path(NET, A), "stale"));
		configure(rows[i].bgp_part, "");
		if (!str_eq(rig_reason(NET, A), rows[i].reason))
			fail_msg("row %u: %s", i, rig_reason(NET, A));
		again();
	}
}

/* What is kept for a neighbour that restarts goes with the neighbour. */
static void test_kept_and_deleted(void **state)
{
	struct far *f = up(A, true);

	announce(f, NET, HOP, 100);
	far_close(f);
	rig_settle();
	assert_true(rig_bool(rig_path(NET, A), "stale"));
	assert_string_equal(rig_hops(NET), HOP);
	rig_config("{'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.22', 'remote-as': 65000, "
		   "'passive': true}]}}");
	rig_settle();
	assert_string_equal(rig_hops(NET), "");
	assert_string_equal(rig_text(rig_ask("{'command': 'bgp-routes'}"), "routes"), "[]");
}

/* RFC 4724 section 4.2: what is stale for the second time goes, and after a NOTIFICATION nothing is
 * kept: also where the session was lost before all of the last one's was sent again. */
static void test_lost_again(void **state)
{
	for (unsigned said = 0; said < 2; said++)
		for (unsigned polite = 0; polite < 2; polite++) {
			struct far *f = up(A, true);

			announce(f, NET, HOP, 100);
			announce(f, NET6, HOP6, 100);
			far_close(f);
			rig_settle();
			f = up(A, true);
			if (said)
				announce(f, NET, HOP, 100);
			assert_true(rig_bool(rig_path(NET6, A), "stale"));
			if (polite) {
				struct wr w = {0};

				notification_put(&w, &(struct bgp_error){.code = 6, .subcode = 4});
				far_say(f, &w, 1);
				wr_free(&w);
			}
			far_close(f);
			rig_settle();
			if (!str_eq(rig_reason(NET, A), polite ? "no path" : "none") ||
			    !str_eq(rig_reason(NET6, A), polite || said ? "no path" : "none"))
				fail_msg("%u %u: %s, %s", said, polite, rig_reason(NET, A),
					 rig_reason(NET6, A));
			again();
		}
}

/* Only of a family of which there was a path something is kept. */
static void test_kept_families(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct far *f = up(A, true);
		struct peer *p = far_peer(f);

		if (i & 1)
			announce(f, NET, HOP, 100);
		if (i & 2)
			announce(f, NET6, HOP6, 100);
		far_close(f);
		rig_settle();
		assert_int_equal(p->rib->kept[BGP_IPV4], !!(i & 1));
		assert_int_equal(p->rib->kept[BGP_IPV6], !!(i & 2));
		assert_int_equal(rib_session_keeps_stale(p), i > 0);
		again();
	}
}

#define WITH(more) "{'bgp': {" BGP ", 'neighbor': [" ONE("21", "") more "}}"
#define ONE(last, more) \
	"{'address': '10.9.0." last "', 'remote-as': 65000, 'passive': true" more "}"
#define RANGE "], 'neighbor-group': [{'name': 'g', 'listen-range': ['10.9.0.128/25']}]"

/* Nobody waits after a restart for who cannot come any more by configuration. */
static void test_deleted_before_it_came(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {{WITH(", " ONE("22", "") "]"), WITH("]")},
		    {WITH(", " ONE("22", "") "]"), WITH(", " ONE("22", ", 'disabled': true") "]")},
		    {WITH(RANGE), WITH("]")}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *a;

		rig_stop();
		rig_clock_reset();
		rig_config(rows[i].before);
		rig_zebra_again();
		rig_nexthop("10.9.0.21", REACH_UP, REASON_NONE);
		rig_kept("10.1.7.0/24", i == 2 ? "10.9.0.200" : "10.9.0.22");
		rig_tunnel("10.9.0.22", "wg0", "b", REACH_UP, REASON_NONE);
		rig_tunnel("10.9.0.200", "wg0", "c", REACH_UP, REASON_NONE);
		rig_redist_sync(3);
		a = up(A, true);
		announce(a, NET, HOP, 100);
		far_end_of_rib(a, false);
		far_end_of_rib(a, true);
		assert_string_equal(rig_hops(NET), HOP); /* nothing was kept for it */
		if (!restart_keeping() || rig_routes_syncs())
			fail_msg("row %u: nobody waits", i);
		assert_string_equal(rig_hops("10.1.7.0/24"), "never said");
		rig_config(rows[i].after);
		rig_settle();
		if (restart_keeping() || !str_eq(rig_hops("10.1.7.0/24"), "") ||
		    rig_routes_syncs() != 1)
			fail_msg("row %u: %d %s", i, restart_keeping(), rig_hops(NET));
	}
}

/* RFC 4724 section 3: we say that we restart as long as a restart may take, and to who was not up
 * since. */
static void test_restart_bit(void **state)
{
	static const char config[] = WITH("]");
	uint64_t limit;

	rig_stop();
	rig_clock_reset();
	rig_config(config);
	limit = bgp.graceful_restart.restart_time * 1000ull;
	for (unsigned i = 0; i < 4; i++) {
		struct far *f;

		if (i == 1 || i == 3) { /* another beginning */
			rig_stop();
			rig_clock_reset();
			rig_config(config);
			rig_pass(i == 1 ? limit - 1 : limit);
		}
		f = up(A, true);
		rig_settle();
		far_hear(f);
		if (f->open.gr_restarting != (i < 2))
			fail_msg("row %u: %d", i, f->open.gr_restarting);
		assert_true(f->open.gr_forwarding[BGP_IPV4] && f->open.gr_forwarding[BGP_IPV6]);
		assert_int_equal(f->open.gr_time, bgp.graceful_restart.restart_time);
		far_close(f);
		rig_settle();
	}
}

/* RFC 4724 section 3: forwarding was preserved, but not where zebra-lite found nothing of ours: the
 * machine was off. In a session that comes later it was. */
static void test_forwarding_bit(void **state)
{
	for (unsigned kept = 0; kept < 2; kept++) {
		rig_stop();
		rig_clock_reset();
		rig_config(WITH("]"));
		rig_zebra_again();
		rig_redist_sync(kept);
		for (unsigned again = 0; again < 2; again++) {
			struct far *f = up(A, true);

			rig_settle();
			far_hear(f);
			assert_true(f->open.gr_restarting == !again);
			for (int i = 0; i < BGP_FAMILIES; i++)
				assert_true(f->open.gr_forwarding[i] == (kept || again));
			far_close(f);
			rig_settle();
		}
	}
}

/* Settings that choose between paths are in force at once. */
static void test_chosen_otherwise(void **state)
{
	static const struct {
		const char *bgp_part, *ext, *a;
	} rows[] = {
		{BGP ", 'default-local-pref': 200", "none", "lower-local-preference"},
		{BGP ", 'default-local-pref': 50", "lower-local-preference", "none"},
		{BGP, "none", NULL}, /* eBGP is better */
		{BGP ", 'default-local-pref': 50", "lower-local-preference", "none"},
		{BGP ", 'honor-graceful-shutdown': false", "none", NULL},
		{BGP, "none", NULL},
	};
	struct far *ext = up(EXT, false), *a = up(A, false);

	announce(ext, NET, HOP, 0);
	announce(a, NET, HOP2, 100);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		configure(rows[i].bgp_part, "");
		if (!str_eq(rig_reason(NET, EXT), rows[i].ext) ||
		    (rows[i].a && !str_eq(rig_reason(NET, A), rows[i].a)))
			fail_msg("row %u: %s, %s", i, rig_reason(NET, EXT), rig_reason(NET, A));
		assert_string_equal(rig_hops(NET),
				    str_eq(rows[i].ext, "none") ? HOP " " HOP2 : HOP2 " " HOP);
	}
}

/* An address that nobody has leads nowhere, though a policy says so. */
static void test_no_nexthop(void **state)
{
	struct far *a;

	rig_config("{'policy': [{'name': 'zero', 'default': 'accept', 'term': [{'name': '1', "
		   "'set': {'next-hop': '0.0.0.0'}}]}], 'bgp': {" BGP ", 'neighbor': [{'address': "
		   "'10.9.0.21', 'remote-as': 65000, 'passive': true, 'import': ['zero']}]}}");
	a = up(A, false);
	announce(a, NET, HOP, 100);
	assert_string_equal(rig_reason(NET, A), "nexthop-unreachable");
	rig_nexthop("0.0.0.0", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "nexthop-unreachable");
}

/* RFC 8326: a local preference of 0 is the last choice, by what it is. */
static void test_last_choice(void **state)
{
	static const uint8_t none[] = {0x40, 5, 4, 0, 0, 0, 0};
	struct far *a = up(A, false), *b = up(B, false);

	far_announce(a, &(struct news){.prefix = NET,
				       .nexthop = HOP,
				       .path = {7},
				       .extra = none,
				       .extra_len = sizeof(none)});
	reach();
	assert_string_equal(rig_reason(NET, A), "none");
	announce(b, NET, HOP2, 1);
	assert_string_equal(rig_reason(NET, A), "lower-local-preference");
	assert_string_equal(rig_reason(NET, B), "none");
	assert_string_equal(rig_str(rig_path(NET, A), "demotion"), "demoted");
	assert_string_equal(rig_str(rig_path(NET, B), "demotion"), "none");
}

/* The decisions that were noted since FROM, each as what it says. */
static const char *decisions(uint64_t from)
{
	static char text[256];

	text[0] = '\0';
	for (; from < history_ring.n; from++) {
		const struct history_event *e = history_event(from);

		if (e->kind == HISTORY_DECISION)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s, ",
				 e->what ? "best" : "none", reason_name(e->reason));
	}
	return text;
}

/* A decision is told once: not again where none was best before and none is now. */
static void test_decisions(void **state)
{
	struct far *a = up(A, false);
	uint64_t from = history_ring.n;

	announce(a, NET, HOP, 100);
	assert_string_equal(decisions(from), "none nexthop-unknown, best none, ");
	from = history_ring.n;
	rig_nexthop(HOP, REACH_DOWN, REASON_NONE);
	assert_string_equal(decisions(from), "none nexthop-unreachable, ");
	from = history_ring.n;
	far_announce(a, &(struct news){
				.prefix = NET, .nexthop = HOP, .path = {7, 8}, .local_pref = 100});
	assert_string_equal(decisions(from), "");
	rig_nexthop(HOP, REACH_DOWN, REASON_OTHER_PLANE);
	assert_string_equal(decisions(from), "none other-plane, ");
	from = history_ring.n;
	far_withdraw(a, NET);
	assert_string_equal(decisions(from), "");
	announce(a, NET, HOP, 100);
	from = history_ring.n;
	far_withdraw(a, NET);
	assert_string_equal(decisions(from), "none none, ");
}

/* What was refused of a network is forgotten with it. */
static void test_refused_before(void **state)
{
	struct far *a = up(A, false), *b = up(B, false);

	announce(a, NET, HOP, 200);
	announce(b, NET, HOP2, 100);
	rig_verdict(NET, HOP, REASON_FOREIGN_ROUTE);
	assert_string_equal(rig_reason(NET, A), "foreign-route");
	far_withdraw(a, NET);
	far_withdraw(b, NET);
	announce(a, NET, HOP, 200);
	assert_string_equal(rig_reason(NET, A), "none");
	announce(b, NET, HOP2, 100);
	rig_verdict(NET, HOP2, REASON_KERNEL_ERROR);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_string_equal(rig_reason(NET, B), "kernel-error");
	/* One that is taken back leaves the other one. */
	rig_verdict(NET, HOP, REASON_FOREIGN_ROUTE);
	assert_string_equal(rig_hops(NET), "");
	rig_verdict(NET, HOP, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_string_equal(rig_reason(NET, B), "kernel-error");
	rig_verdict(NET, HOP2, REASON_NONE);
	assert_string_equal(rig_hops(NET), HOP " " HOP2);
}

/* A new channel takes the refusals of the one before, some at a time; what it says itself stays. */
static void test_refused_on_channel(void **state)
{
	static const char *const nets[] = {"10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24"};
	struct far *a = up(A, false);

	for (int i = 0; i < 3; i++)
		announce(a, nets[i], HOP, 200);
	for (int i = 0; i < 3; i++)
		rig_verdict(nets[i], HOP, REASON_FOREIGN_ROUTE);
	assert_false(rib_verdicts_are_old());
	rib_verdicts_restart();
	assert_int_equal(rib_queue_length(), 0);
	assert_false(rib_settled());
	assert_true(rib_verdicts_forget_some(1));
	assert_int_equal(rib_queue_length(), 1);
	rig_verdict(nets[2], HOP, REASON_KERNEL_ERROR);
	assert_true(rib_settled());
	assert_string_equal(rig_reason(nets[0], A), "none");
	assert_string_equal(rig_reason(nets[1], A), "none");
	assert_string_equal(rig_reason(nets[2], A), "kernel-error");
	rig_verdict(nets[2], HOP, REASON_NONE);
	assert_string_equal(rig_reason(nets[2], A), "none");
}

/* The neighbour is reached through this tunnel interface. */
static void behind(unsigned last, const char *ifname)
{
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, last}},
				.reach = REACH_UP,
				.tunnel = true,
				.cost = 10,
				.peer = "a"};

	str_copy(m.ifname, ifname, sizeof(m.ifname));
	rig_nexthop_is(&m);
}

/* A fresh session waits where it would take or share traffic, and is not blamed elsewhere. */
static void test_fresh(void **state)
{
	static const struct {
		const char *bgp_part;
		uint32_t local_pref;
		const char *reason;
	} rows[] = {
		{BGP, 200, "session-fresh"},
		{BGP, 50, "lower-local-preference"},
		{BGP ", 'multipath': {'ebgp': 1, 'ibgp': 1}", 50, "lower-local-preference"},
		{BGP ", 'multipath': {'ebgp': 2}", 100, "session-fresh"},
		{BGP ", 'multipath': {'ibgp': 2}", 100, "session-fresh"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *a, *b;

		wireguard = WIREGUARD;
		configure(rows[i].bgp_part, "");
		behind(A, "wg0");
		behind(B, "wg1");
		a = up(A, false);
		rig_pass(5 * S);
		far_announce(
			a, &(struct news){
				   .prefix = NET, .nexthop = HOP, .path = {7}, .local_pref = 100});
		rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
		b = up(B, false);
		far_announce(b, &(struct news){.prefix = NET,
					       .nexthop = HOP2,
					       .path = {7},
					       .local_pref = rows[i].local_pref});
		rig_tunnel(HOP2, "wg1", "a", REACH_UP, REASON_NONE);
		if (!str_eq(rig_reason(NET, B), rows[i].reason))
			fail_msg("row %u: %s", i, rig_reason(NET, B));
		assert_string_equal(rig_reason(NET, A), "none");
		rig_pass(1 * S);
		rig_settle();
		assert_string_not_equal(rig_reason(NET, B), "session-fresh");
		again();
	}
}

/* Who was fresh long ago is not any more, though somebody else is now. */
static void test_fresh_once(void **state)
{
	struct far *ext, *a;

	wireguard = WIREGUARD;
	configure(BGP, "");
	behind(A, "wg0");
	behind(B, "wg1");
	ext = up(EXT, false);
	a = up(A, false);
	rig_pass(5 * S);
	far_announce(ext, &(struct news){.prefix = NET, .nexthop = HOP, .path = {65011}});
	rig_tunnel(HOP, "wg1", "a", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, EXT), "none");
	up(B, false);
	far_announce(
		a, &(struct news){.prefix = NET, .nexthop = HOP2, .path = {7}, .local_pref = 200});
	rig_tunnel(HOP2, "wg0", "a", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, A), "none");
	assert_string_equal(rig_reason(NET, EXT), "lower-local-preference");
}

/* No set of attributes outlives the last path that has it: not as the one that was judged last. */
static void test_attributes_go(void **state)
{
	struct far *a = up(A, true);

	announce(a, NET, HOP, 100);
	assert_int_equal(attr_count(), 1);
	far_close(a);
	rig_settle();
	configure(BGP ", 'cluster-id': '1.2.3.4'", ""); /* what is kept is judged again */
	assert_true(rig_bool(rig_path(NET, A), "stale"));
	a = up(A, false); /* keeps nothing */
	rig_settle();
	assert_string_equal(rig_reason(NET, A), "no path");
	assert_int_equal(attr_count(), 0);
	announce(a, NET, HOP, 100);
	far_close(a);
	rig_settle();
	assert_string_equal(rig_reason(NET, A), "no path");
	assert_int_equal(attr_count(), 0);
}

/* Sets before policy that were given room. */
static unsigned rooms;

void *__real_xcalloc(size_t n, size_t size);
void *__wrap_xcalloc(size_t n, size_t size);

void *__wrap_xcalloc(size_t n, size_t size)
{
	rooms += n == 1 && size == (ISLAB_CHUNK + 1) * sizeof(void *);
	return __real_xcalloc(n, size);
}

static void announce_leaving(struct far *f, const char *prefixes)
{
	far_announce(f, &(struct news){.prefix = prefixes,
				       .nexthop = HOP,
				       .path = {7},
				       .local_pref = 100,
				       .communities = {0xffff0000}}); /* graceful-shutdown */
}

/* Room for what was received is there as long as some path needs it: one that was changed. */
static void test_room_for_received(void **state)
{
	struct far *a = up(A, false);

	rooms = 0;
	announce(a, "10.1.3.0/24", HOP, 100);
	assert_int_equal(rooms, 0);
	announce_leaving(a, NET " 10.1.2.0/24");
	assert_int_equal(rooms, 1);
	far_withdraw(a, NET);
	announce_leaving(a, NET);
	assert_int_equal(rooms, 1);
	far_withdraw(a, NET " 10.1.2.0/24");
	announce_leaving(a, NET);
	assert_int_equal(rooms, 2);
	announce(a, NET, HOP, 100);
	announce_leaving(a, NET);
	assert_int_equal(rooms, 3);
}

/* ---- UPDATEs of many prefixes */

#define SIX true
#define FOUR false

static struct prefix one_of(bool six, unsigned set, unsigned k)
{
	uint8_t four[16] = {10, (uint8_t)set, (uint8_t)k},
		bytes[16] = {0x20, 1, 0xd, 0xb8, (uint8_t)set, (uint8_t)k};

	return prefix_make(six ? AF_INET6 : AF_INET, six ? bytes : four, six ? 48 : 24);
}

static void put_many(struct wr *w, bool six, unsigned set, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct prefix p = one_of(six, set, k);

		wr_u8(w, p.len);
		wr_bytes(w, p.b, p.len / 8);
	}
}

static void put_attribute(struct wr *w, uint8_t flags, uint8_t type, const struct wr *value)
{
	wr_u8(w, flags | ATTR_EXTENDED);
	wr_u8(w, type);
	wr_u16(w, value->len);
	wr_bytes(w, value->data, value->len);
}

/* Takes N prefixes of the set GONE back in each family and announces as many of the set NEWS. */
static void say_many(struct far *f, unsigned n, unsigned gone, unsigned news, uint8_t origin)
{
	struct wr w = {0}, attrs = {0}, nlri = {0}, unreach = {0}, reach6 = {0};
	size_t mark = message_begin(&w, BGP_UPDATE);
	struct addr hop6;

	assert_int_equal(addr_parse(HOP6, &hop6), 0);
	put_many(&nlri, FOUR, gone, n);
	wr_u16(&w, nlri.len);
	wr_bytes(&w, nlri.data, nlri.len);
	wr_bytes(&attrs, (uint8_t[]){0x40, ATTR_ORIGIN, 1, origin}, 4);
	wr_bytes(&attrs, "\x40\2\6\2\1\0\0\0\7", 9);
	wr_bytes(&attrs, "\x40\3\4\12\11\0\143", 7); /* HOP */
	wr_bytes(&attrs, "\x40\5\4\0\0\0\144", 7);
	wr_bytes(&unreach, "\0\2\1", 3);
	put_many(&unreach, SIX, gone, n);
	put_attribute(&attrs, ATTR_OPTIONAL, ATTR_MP_UNREACH, &unreach);
	wr_bytes(&reach6, "\0\2\1\20", 4);
	wr_bytes(&reach6, hop6.b, 16);
	wr_u8(&reach6, 0);
	put_many(&reach6, SIX, news, n);
	put_attribute(&attrs, ATTR_OPTIONAL, ATTR_MP_REACH, &reach6);
	wr_u16(&w, attrs.len);
	wr_bytes(&w, attrs.data, attrs.len);
	put_many(&w, FOUR, news, n);
	message_end(&w, mark);
	far_say(f, &w, 1);
	wr_free(&w);
	wr_free(&attrs);
	wr_free(&nlri);
	wr_free(&unreach);
	wr_free(&reach6);
	rig_settle();
	reach();
}

static void check_many(unsigned n, unsigned set, const char *hop, const char *hop6)
{
	for (unsigned k = 0; k < n; k++) {
		struct prefix four = one_of(FOUR, set, k), six = one_of(SIX, set, k);

		assert_string_equal(rig_hops(PREFIX_STR(&four)), hop);
		assert_string_equal(rig_hops(PREFIX_STR(&six)), hop6);
	}
}

/* Each prefix of an UPDATE is heard, however many there are, and whatever is wrong with it. */
static void test_many_in_update(void **state)
{
	static const unsigned counts[] = {1, 2, 31, 32, 33, 64, 65, 100};
	struct far *f = up(A, false);

	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		unsigned n = counts[i], first = 3 * i, second = first + 1;

		say_many(f, n, 250, first, ORIGIN_IGP);
		expect_counts(f, n, n, n, n);
		check_many(n, first, HOP, HOP6);
		say_many(f, n, first, second, ORIGIN_IGP);
		expect_counts(f, n, n, n, n);
		check_many(n, first, "", "");
		check_many(n, second, HOP, HOP6);
		say_many(f, n, 250, second, 7); /* malformed: RFC 7606 */
		expect_counts(f, 0, 0, 0, 0);
		check_many(n, second, "", "");
	}
	assert_false(f->ended);
}

/* At rest nobody waits for the walk. */
static void test_rest(void **state)
{
	struct far *a = up(A, true);
	struct peer *p;

	announce(a, NET, HOP, 100);
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.21', 'soft': 'in'}");
	configure(BGP ", 'cluster-id': '1.2.3.4'", "");
	far_close(a);
	rig_settle();
	TAILQ_FOREACH (p, &peers, link)
		assert_false(p->rib->rejudge || p->rib->mark ||
			     rib_lap_pending(p->rib->walk_until));
}

static const char *rows_of(const char *request)
{
	static char out[400];
	json_t *all = rig_show(request), *row;
	size_t i, at = 0;

	out[0] = '\0';
	json_array_foreach (json_object_get(all, "routes"), i, row) {
		at += snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
			       rig_str(row, "prefix"));
	}
	json_decref(all);
	return out;
}

/* What covers an address, the longest first, down to the default route. */
static void test_covering(void **state)
{
	struct far *a = up(A, false);

	announce(a, "0.0.0.0/0 10.0.0.0/8 10.1.0.0/16 10.1.1.0/24 10.2.0.0/16", HOP, 100);
	announce(a, "::/0 2001:db8::/32 " NET6, HOP6, 100);
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'address': '10.1.1.7'}"),
			    "10.1.1.0/24 10.1.0.0/16 10.0.0.0/8 0.0.0.0/0");
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'address': '0.0.0.0'}"),
			    "0.0.0.0/0");
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'address': '2001:db8:1::7'}"),
			    NET6 " 2001:db8::/32 ::/0");
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'prefix': '10.1.1.128/25'}"),
			    "10.1.1.0/24");
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'prefix': '10.1.0.0/16', "
				    "'longer': true}"),
			    "10.1.0.0/16 10.1.1.0/24");
	far_withdraw(a, "0.0.0.0/0");
	assert_string_equal(rows_of("{'command': 'bgp-routes', 'address': '11.0.0.1'}"), "");
}

/* What a neighbour does not get, by reason: an UPDATE that was full and grows, paths of others of
 * our AS. */
static void test_not_sent(void **state)
{
	static uint8_t extra[4049] = {0xd0, 99, 4045 >> 8, 4045 & 255};
	struct far *ext = up(EXT, false), *a = up(A, false), *b = up(B, false);
	const json_t *all, *list;

	far_announce(ext, &(struct news){.prefix = NET,
					 .nexthop = HOP,
					 .path = {65011},
					 .extra = extra,
					 .extra_len = sizeof(extra)});
	announce(b, "10.2.1.0/24 10.2.2.0/24", HOP2, 100);
	rig_settle();
	assert_null(json_object_get(a->rib, NET));
	all = rig_ask("{'command': 'bgp-neighbors', 'neighbor': '10.9.0.21'}");
	list = json_object_get(json_array_get(json_object_get(all, "neighbors"), 0), "not-sent");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(rig_str(json_array_get(list, 0), "reason"),
			    reason_name(REASON_TOO_LONG));
	assert_int_equal(rig_int(json_array_get(list, 0), "prefixes"), 1);
	assert_string_equal(rig_str(json_array_get(list, 1), "reason"), "not-a-client");
	assert_string_equal(rig_str(json_array_get(list, 1), "reason-text"),
			    reason_text(REASON_NOT_A_CLIENT));
	assert_int_equal(rig_int(json_array_get(list, 1), "prefixes"), 2);
}

/* At the end nothing is left that a new beginning would find. */
static void test_stopped(void **state)
{
	struct addr tunnel, hop;
	struct prefix own, own_blue;

	rig_config("{'plane': [{'name': 'blue', 'number': 3, 'table': 100}], " WIREGUARD
		   "'bgp': {" BGP ", 'network': ['172.16.1.0/24'], 'redistribute': [{'protocol': "
		   "'static'}], 'plane': [{'name': 'blue', 'network': ['172.16.2.0/24']}], "
		   "'leak': [{'name': '1', 'from': 'blue', 'to': 'main'}], 'neighbor-group': "
		   "[{'name': 'g', 'listen-range': ['10.9.0.128/25']}], 'neighbor': [{'address': "
		   "'10.9.0.21', 'remote-as': 65000, 'passive': true}]}}");
	assert_int_equal(addr_parse("10.99.0.2", &tunnel), 0);
	assert_int_equal(addr_parse(HOP, &hop), 0);
	assert_int_equal(prefix_parse("172.16.1.0/24", &own), 0);
	assert_int_equal(prefix_parse("172.16.2.0/24", &own_blue), 0);
	own_blue.plane = 3;
	announce(up(A, false), NET, HOP, 100);
	rig_verdict(NET, HOP, REASON_FOREIGN_ROUTE);
	assert_true(policy_ceiling_tunnel_address(&tunnel));
	assert_non_null(nexthop_find(&hop));
	assert_non_null(leak_find(3, 0));
	assert_string_equal(originate_source(&own), "network");
	assert_string_equal(originate_source(&own_blue), "network");
	assert_int_equal(rib_planes, 4);
	assert_true(peer_groups_listen());
	rig_stop();
	assert_false(policy_ceiling_tunnel_address(&tunnel));
	assert_null(nexthop_find(&hop));
	assert_int_equal(nexthop_unknown(), 0);
	assert_null(leak_find(3, 0));
	assert_null(leak_next(3, NULL));
	assert_string_equal(originate_source(&own), "none");
	assert_string_equal(originate_source(&own_blue), "none");
	assert_int_equal(rib_planes, 1);
	assert_int_equal(rib_paths.high, 0);
	assert_int_equal(rib_tables[0][BGP_IPV4].nets.high, 0);
	assert_false(peer_groups_listen());
	assert_null(peer_group_named("g"));
	assert_null(peer_group_for(&(struct addr){.family = AF_INET, .b = {10, 9, 0, 200}}));
	assert_null(peer_find(&(struct addr){.family = AF_INET, .b = {10, 9, 0, A}}));
	assert_true(TAILQ_EMPTY(&peers));
	assert_true(restart_deferring() && restart_keeping());
	assert_int_equal(attr_count(), 0);
	/* What was refused is no more. */
	setup(NULL);
	announce(up(A, false), NET, HOP, 100);
	assert_string_equal(rig_reason(NET, A), "none");
	rig_verdict(NET, HOP2, REASON_FOREIGN_ROUTE);
	assert_string_equal(rig_reason(NET, A), "none");
}

/* Nor is anything under way: not the mark of paths that a fresh session held back, either. */
static void test_stopped_fresh(void **state)
{
	struct far *a, *b;

	wireguard = WIREGUARD;
	configure(BGP, "");
	behind(A, "wg0");
	behind(B, "wg1");
	a = up(A, false);
	rig_pass(5 * S);
	far_announce(a,
		     &(struct news){.prefix = NET, .nexthop = HOP, .path = {7}, .local_pref = 100});
	rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
	b = up(B, false);
	far_announce(
		b, &(struct news){.prefix = NET, .nexthop = HOP2, .path = {7}, .local_pref = 200});
	rig_tunnel(HOP2, "wg1", "a", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET, B), "session-fresh");
	rig_stop();
	assert_int_equal(event_base_get_num_events(loop_base(), EVENT_BASE_COUNT_ADDED |
									EVENT_BASE_COUNT_ACTIVE),
			 0);
	setup(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_counts),
		T(test_session_ends),
		T(test_no_restart_time),
		T(test_limit),
		T(test_turnover),
		T(test_slowed),
		T(test_kept_and_settings),
		T(test_kept_and_deleted),
		T(test_restart_bit),
		T(test_forwarding_bit),
		T(test_deleted_before_it_came),
		T(test_chosen_otherwise),
		T(test_last_choice),
		T(test_decisions),
		T(test_refused_before),
		T(test_refused_on_channel),
		T(test_fresh),
		T(test_fresh_once),
		T(test_attributes_go),
		T(test_room_for_received),
		T(test_many_in_update),
		T(test_not_kept),
		T(test_lost_again),
		T(test_kept_families),
		T(test_rest),

		T(test_no_nexthop),
		T(test_not_sent),
		T(test_covering),
		T(test_stopped),
		T(test_stopped_fresh),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
