/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens when in bgpd: each timer at its end, and a moment before, by a clock that the test
 * turns. Where times vary (RFC 4271 section 10: 75 to 100 %) both ends are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "rig.h"
#include "rig_clock.h"
#include "rib.h"
#include "session.h"
#include "session_calls.h"
#include "util.h"

#define EXT 11
#define INT 13
#define CALLED 16 /* we connect */
#define S 1000ull

#define WIREGUARD                                                                              \
	"'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': ["   \
	"{'name': 'a', 'tunnel-address': ['10.9.0.11'], 'permit': ['10.1.0.0/16']}, {'name': " \
	"'b', 'tunnel-address': ['10.9.0.13'], 'permit': ['10.1.0.0/16']}]}, {'name': 'wg1', " \
	"'peer': [{'name': 'x', 'tunnel-address': ['10.98.0.2'], 'permit': ['10.1.0.0/16']}, " \
	"{'name': 'b', 'tunnel-address': ['10.98.0.3'], 'permit': ['10.1.0.0/16']}]}]}, "
#define BGP                                                                               \
	"'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'restart-time': 77, " \
	"'stale-time': 66}"
#define NEIGHBORS                                                                           \
	"{'address': '10.9.0.11', 'remote-as': 65011, 'passive': true, 'import': ['all'], " \
	"'export': ['all'], 'hold-time': 60, 'keepalive': 7, 'max-prefix': 3},"             \
	"{'address': '10.9.0.13', 'remote-as': 65000, 'passive': true}"
#define GROUP                                                                                   \
	"'neighbor-group': [{'name': 'sites', 'listen-range': ['10.9.0.128/25'], 'remote-as': " \
	"65000}]"

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	/* Nothing is kept: there is no restart to wait for. */
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	rig_config("{" WIREGUARD "'bgp': {" BGP ", " GROUP ", 'neighbor': [" NEIGHBORS "]}}");
	rig_pass(200 * S);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
}

static bool is_up(const struct far *f)
{
	return !f->ended && far_peer(f) && far_peer(f)->state == PEER_ESTABLISHED;
}

/* Sends KEEPALIVEs for MS. */
static void live(struct far *f, uint64_t ms)
{
	for (uint64_t at = 0; at < ms; at += S) {
		far_keepalive(f);
		rig_turn();
		rig_pass(ms - at < S ? ms - at : S);
	}
}

#define expect_error(f, code, subcode) expect_error_at(__LINE__, f, code, subcode)
static void expect_error_at(int line, const struct far *f, uint8_t code, uint8_t subcode)
{
	if (!f->ended || f->error.code != code || f->error.subcode != subcode)
		fail_msg("line %d: %s %u/%u", line, f->ended ? "ended" : "still there",
			 f->error.code, f->error.subcode);
}

/* RFC 4271 section 6.5: counted from the last message, not from the first one. */
static void test_hold_time(void **state)
{
	struct far *f = far_up(EXT, &(struct far_open){.as = 65011, .hold_time = 30});

	rig_pass(30 * S - 1);
	assert_true(is_up(f));
	far_keepalive(f);
	rig_turn();
	rig_pass(30 * S - 1);
	assert_true(is_up(f));
	rig_pass(1);
	expect_error(f, 4, 0);
	assert_string_equal(far_peer(f)->last_error,
			    "sent Hold Timer Expired: nothing heard within the hold time");
	far_close(f);
	f = far_up(INT, &(struct far_open){.as = 65000, .hold_time = 90});
	live(f, 300 * S);
	assert_true(is_up(f));
	rig_pass(89 * S - 1);
	assert_true(is_up(f));
	rig_pass(S);
	expect_error(f, 4, 0);
}

static unsigned keepalives_in(struct far *f, unsigned seconds)
{
	unsigned before = f->keepalives;

	live(f, seconds * S);
	return f->keepalives - before;
}

/* A third of the hold time or what is configured, 75 to 100 % of it. */
static void test_keepalives(void **state)
{
	struct far *f = far_up(EXT, &(struct far_open){.as = 65011, .hold_time = 9});
	unsigned n;

	n = keepalives_in(f, 300); /* each 3 s */
	assert_in_range(n, 100, 134);
	far_close(f);
	f = far_up(INT, &(struct far_open){.as = 65000, .hold_time = 60}); /* each 20 s */
	n = keepalives_in(f, 1000);
	assert_in_range(n, 50, 67);
	rig_config("{" WIREGUARD "'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.13', "
		   "'remote-as': 65000, 'passive': true, 'keepalive': 5}]}}");
	n = keepalives_in(f, 1000);
	assert_in_range(n, 199, 268);
	assert_true(is_up(f));
}

/* On the way to ESTABLISHED four minutes are enough, whatever trickles in. */
static void test_open_hold(void **state)
{
	struct far *f = far_connect(EXT);

	rig_pass(240 * S - 1);
	assert_false(f->ended);
	rig_pass(1);
	expect_error(f, 4, 0);
	far_close(f);
	f = far_connect(INT);
	far_open(f, &(struct far_open){.as = 65000, .hold_time = 30});
	rig_turn();
	assert_int_equal(far_peer(f)->state, PEER_OPENCONFIRM);
	rig_pass(30 * S - 1);
	assert_false(f->ended);
	rig_pass(2);
	expect_error(f, 4, 0);
}

/* Turns the clock until we connect to CALLED, whose connection F becomes; how long it took. */
static unsigned called_after(int listener, struct far **f)
{
	unsigned ms = 0;

	while (!(*f = far_try_accept(CALLED, listener))) {
		rig_pass(10);
		ms += 10;
		assert_true(ms < 1000 * S);
	}
	return ms;
}

static void expect_wait(const char *what, unsigned ms, unsigned seconds)
{
	if (ms < seconds * 750 || ms > seconds * 1000 + 20)
		fail_msg("%s: %u ms, expected 75 to 100 %% of %u s", what, ms, seconds);
}

static void configure_called(void)
{
	rig_config("{'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.16', 'remote-as': 65016, "
		   "'connect-retry': 11, 'import': ['all'], 'export': ['all']}]}}");
}

/* After errors in a row: 1 s, twice as long each time, two minutes at most; forgotten when a
 * session was up for a minute. */
static void test_errors(void **state)
{
	static const unsigned idle[] = {1, 2, 4, 8, 16, 32, 64, 120, 120, 120};
	int listener = far_listen(CALLED);
	struct far *f;

	configure_called();
	f = far_accept(CALLED, listener);
	for (unsigned i = 0; i < ARRAY_SIZE(idle); i++) {
		far_open(f, &(struct far_open){.as = 65017});
		rig_settle();
		expect_error(f, 2, 2);
		far_close(f);
		expect_wait("an error", called_after(listener, &f), idle[i]);
	}
	for (unsigned long_enough = 0; long_enough < 2; long_enough++) {
		far_open(f, &(struct far_open){.as = 65016});
		rig_turn();
		far_keepalive(f);
		RIG_AWAIT(is_up(f));
		live(f, 60 * S + long_enough);
		far_say(f, &(struct wr){.data = (uint8_t *)"garbage, 19 bytes..", .len = 19}, 0);
		rig_settle();
		expect_error(f, 1, 1);
		far_close(f);
		expect_wait("an error while up", called_after(listener, &f), long_enough ? 1 : 120);
	}
	close(listener);
}

/* Who makes four errors in a row is not let in for as long as we do not connect. */
static void test_patience(void **state)
{
	struct far *f;

	for (unsigned i = 0; i < 4; i++) {
		f = far_connect(EXT);
		far_open(f, &(struct far_open){.as = 65017});
		rig_settle();
		expect_error(f, 2, 2);
		far_close(f);
	}
	f = far_connect(EXT);
	rig_settle();
	expect_error(f, 6, 5);
	far_close(f);
	rig_pass(5999); /* of 8 s */
	f = far_connect(EXT);
	rig_settle();
	expect_error(f, 6, 5);
	far_close(f);
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}"); /* all is forgotten */
	for (unsigned i = 0; i < 4; i++) {
		f = far_connect(EXT);
		far_open(f, &(struct far_open){.as = 65017});
		rig_settle();
		expect_error(f, 2, 2);
		far_close(f);
	}
	rig_pass(8000);
	f = far_up(EXT, &(struct far_open){.as = 65011});
	assert_true(is_up(f));
}

/* The way to it is there again: we connect at once, and the next attempts are as soon as the first
 * ones; but not while one is on its way. */
static void test_path_up(void **state)
{
	int listener = far_listen(CALLED);
	struct far *f;

	configure_called();
	f = far_accept(CALLED, listener);
	for (int i = 0; i < 6; i++) {
		far_close(f);
		rig_settle();
		called_after(listener, &f);
	}
	far_close(f);
	rig_settle();
	rig_nexthop("10.9.0.16", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	rig_pass(2 * S);
	assert_null(far_try_accept(CALLED, listener));
	rig_nexthop("10.9.0.16", REACH_UP, REASON_NONE);
	f = far_accept(CALLED, listener);
	rig_nexthop("10.9.0.16", REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	rig_nexthop("10.9.0.16", REACH_UP, REASON_NONE);
	assert_null(far_try_accept(CALLED, listener));
	assert_false(f->ended);
	far_close(f);
	rig_settle();
	expect_wait("a retry", called_after(listener, &f), 1);
	close(listener);
}

/* A session whose tunnel died is over, and we connect again as after a lost connection. */
static void test_tunnel_dead(void **state)
{
	int listener = far_listen(CALLED);
	struct far *f;

	rig_config("{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'a', "
		   "'tunnel-address': ['10.9.0.16']}]}]}, 'bgp': {" BGP ", 'neighbor': "
		   "[{'address': '10.9.0.16', 'remote-as': 65016, 'connect-retry': 11, 'import': "
		   "['all'], 'export': ['all']}]}}");
	rig_tunnel("10.9.0.16", "wg0", "a", REACH_UP, REASON_NONE);
	f = far_accept(CALLED, listener);
	for (int i = 0; i < 3; i++) {
		rig_tunnel("10.9.0.16", "wg0", "a", REACH_UP, REASON_NONE);
		far_open(f, &(struct far_open){.as = 65016, .gr = true});
		rig_turn();
		far_keepalive(f);
		RIG_AWAIT(is_up(f));
		rig_tunnel("10.9.0.16", "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
		rig_settle();
		expect_error(f, 6, 10);
		assert_string_equal(far_peer(f)->last_error,
				    "sent Cease/BFD Down: the handshake expired although we sent");
		far_close(f);
		expect_wait("a dead tunnel", called_after(listener, &f), 1);
	}
	close(listener);
}

/* Attempts that find nobody, or somebody who hangs up: 1, 2, 4 ... s, up to connect-retry; after a
 * session from the beginning. */
static void test_connect_retry(void **state)
{
	static const unsigned retry[] = {1, 2, 4, 8, 11, 11, 11};
	int listener = far_listen(CALLED);
	struct far *f;

	configure_called();
	f = far_accept(CALLED, listener);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(retry); i++) {
			far_close(f);
			rig_settle();
			expect_wait("a retry", called_after(listener, &f), retry[i]);
		}
		far_open(f, &(struct far_open){.as = 65016});
		rig_turn();
		far_keepalive(f);
		RIG_AWAIT(is_up(f));
	}
	close(listener);
}

static const char *standing(const char *prefix, unsigned last)
{
	const json_t *p = rig_path(prefix, last);

	return !p ? "gone" : rig_bool(p, "stale") ? "stale" : "fresh";
}

#define NET1 "10.1.1.0/24"
#define NET2 "10.1.2.0/24"
#define HOP "10.9.0.99"

static void announce(struct far *f, const char *prefixes)
{
	far_announce(
		f,
		&(struct news){.prefix = prefixes, .nexthop = HOP, .path = {7}, .local_pref = 100});
	rig_tunnel(HOP, "wg0", "a", REACH_UP, REASON_NONE);
}

/* RFC 4724: its restart time until it is back, then the stale time until it has said all. */
static void test_stale(void **state)
{
	struct far_open graceful = {.as = 65000, .gr = true};
	struct far *f = far_up(INT, &graceful);

	rig_nexthop("10.9.0.13", REACH_UP, REASON_NONE);
	announce(f, NET1 " " NET2);
	far_end_of_rib(f, false);
	far_close(f);
	rig_settle();
	assert_string_equal(standing(NET1, INT), "stale");
	rig_pass(120 * S - 1);
	assert_string_equal(standing(NET1, INT), "stale");
	rig_pass(1);
	rig_settle();
	assert_string_equal(standing(NET1, INT), "gone");
	assert_string_equal(rig_hops(NET1), "");
	/* It is back in time, and does not say all. */
	f = far_up(INT, &graceful);
	announce(f, NET1 " " NET2);
	far_close(f);
	rig_settle();
	rig_pass(100 * S);
	graceful.restarting = true;
	f = far_up(INT, &graceful);
	announce(f, NET1);
	live(f, 66 * S - 1);
	assert_string_equal(standing(NET1, INT), "fresh");
	assert_string_equal(standing(NET2, INT), "stale");
	rig_pass(1);
	rig_settle();
	assert_string_equal(standing(NET1, INT), "fresh");
	assert_string_equal(standing(NET2, INT), "gone");
	assert_string_equal(rig_hops(NET1), HOP);
}

/* End-of-RIB of one family: the other one's paths go when the stale time ends. */
static void test_stale_families(void **state)
{
	struct far_open graceful = {.as = 65000, .gr = true};
	struct far *f;

	for (int six = 0; six < 2; six++) {
		f = far_up(INT, &graceful);
		announce(f, NET1);
		far_announce(f, &(struct news){.prefix = "2001:db8::/48",
					       .nexthop = "fd09::99",
					       .path = {7},
					       .local_pref = 100});
		far_close(f);
		rig_settle();
		f = far_up(INT, &graceful);
		far_end_of_rib(f, six);
		assert_string_equal(standing(NET1, INT), six ? "stale" : "gone");
		assert_string_equal(standing("2001:db8::/48", INT), six ? "gone" : "stale");
		live(f, 66 * S - 1);
		assert_string_equal(standing(six ? NET1 : "2001:db8::/48", INT), "stale");
		rig_pass(1);
		rig_settle();
		assert_string_equal(standing(NET1, INT), "gone");
		assert_string_equal(standing("2001:db8::/48", INT), "gone");
		far_close(f);
		rig_settle();
		rig_pass(200 * S);
	}
}

/* A session that is lost again before it said anything keeps what was kept, no longer than that. */
static void test_stale_again(void **state)
{
	struct far_open graceful = {.as = 65000, .gr = true};
	struct far *f = far_up(INT, &graceful);

	announce(f, NET1);
	far_close(f);
	rig_settle();
	rig_pass(60 * S);
	f = far_up(INT, &graceful);
	far_close(f);
	rig_settle();
	assert_string_equal(standing(NET1, INT), "stale");
	rig_pass(66 * S - 1); /* the stale time runs */
	assert_string_equal(standing(NET1, INT), "stale");
	rig_pass(1);
	rig_settle();
	assert_string_equal(standing(NET1, INT), "gone");
}

/* Through a tunnel: a session that has just come up takes nothing off a path in use for 600 ms;
 * one of somebody who comes to us for 300 ms. */
static void test_fresh(void **state)
{
	static const struct {
		unsigned last;
		const char *address;
		unsigned ms;
	} rows[] = {{INT, "10.9.0.13", 600}, {150, "10.9.0.150", 300}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *old, *new;

		rig_tunnel("10.9.0.13", "wg0", "b", REACH_UP, REASON_NONE);
		old = far_up(140, &(struct far_open){.as = 65000});
		rig_tunnel("10.9.0.140", "wg0", "a", REACH_UP, REASON_NONE);
		rig_pass(5 * S);
		far_announce(old, &(struct news){.prefix = NET1,
						 .nexthop = "10.9.0.98",
						 .path = {7},
						 .local_pref = 100});
		rig_tunnel("10.9.0.98", "wg0", "a", REACH_UP, REASON_NONE);
		new = far_connect(rows[i].last);
		rig_tunnel(rows[i].address, "wg0", "b", REACH_UP, REASON_NONE);
		far_open(new, &(struct far_open){.as = 65000});
		rig_turn();
		far_keepalive(new);
		RIG_AWAIT(is_up(new));
		far_announce(new, &(struct news){.prefix = NET1,
						 .nexthop = HOP,
						 .path = {7},
						 .local_pref = 200});
		rig_tunnel(HOP, "wg0", "b", REACH_UP, REASON_NONE);
		assert_string_equal(rig_reason(NET1, rows[i].last), "session-fresh");
		rig_pass(rows[i].ms - 1);
		assert_string_equal(rig_reason(NET1, rows[i].last), "session-fresh");
		rig_pass(1);
		rig_settle();
		assert_string_equal(rig_reason(NET1, rows[i].last), "none");
		assert_string_equal(rig_hops(NET1), HOP " 10.9.0.98");
		far_close(old);
		far_close(new);
		rig_settle();
		rig_pass(10 * S);
	}
}

/* The tunnel to INT, by which its paths lead. */
static void way_is(enum reach reach)
{
	struct msg_nexthop m = {.reach = reach,
				.reason =
					reach == REACH_DOWN ? REASON_HANDSHAKE_STALE : REASON_NONE,
				.weak = reach == REACH_DOWN, /* the session outlives it */
				.connected = true,
				.tunnel = true,
				.cost = 10,
				.ifname = "wg0",
				.peer = "b"};

	assert_int_equal(addr_parse("10.9.0.13", &m.addr), 0);
	rig_nexthop_is(&m);
}

static struct far *say_path(unsigned last, const char *hop, unsigned local_pref)
{
	struct far *f = far_up(last, &(struct far_open){.as = 65000});

	far_announce(
		f, &(struct news){
			   .prefix = NET1, .nexthop = hop, .path = {7}, .local_pref = local_pref});
	return f;
}

/* Whatever came last, the session or its tunnel: the time runs from then on. */
static void test_fresh_way(void **state)
{
	static const struct {
		const char *what;
		enum reach first; /* the tunnel, when the session comes up */
		uint64_t ms;	  /* later ... */
		enum reach then;  /* ... it is this, and UP 10 ms after that */
		bool waits;
	} rows[] = {
		{"the tunnel soon after the session", REACH_DOWN, 10, REACH_DOWN, true},
		{"as its time ends", REACH_DOWN, 580, REACH_DOWN, true},
		{"long after the session", REACH_DOWN, 10 * S, REACH_DOWN, true},
		{"a session that outlived its tunnel", REACH_UP, 10 * S, REACH_DOWN, true},
		{"usable all the time", REACH_UP, 10 * S, REACH_DEGRADED, false},
		{"never fully up before", REACH_DEGRADED, 10 * S, REACH_DEGRADED, false},
		{"nothing happened", REACH_UP, 10 * S, REACH_UP, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *old = say_path(140, "10.9.0.98", 100), *new;

		rig_tunnel("10.9.0.98", "wg0", "a", REACH_UP, REASON_NONE);
		way_is(rows[i].first);
		rig_pass(1);
		new = say_path(INT, "10.9.0.13", 200);
		rig_pass(rows[i].ms);
		way_is(rows[i].then);
		rig_pass(10);
		way_is(REACH_UP);
		for (int n = 0; n < 2000 && str_eq(rig_reason(NET1, INT), "tunnel-down"); n++)
			rig_pass(1); /* who outlived it proves itself */
		for (uint64_t ms = 0; ms <= 600; ms += ms ? 1 : 599) {
			bool waits = rows[i].waits && ms < 600;
			const char *reason = rig_reason(NET1, INT);

			if (!str_eq(reason, waits ? "session-fresh" : "none"))
				fail_msg("%s, %u ms: %s", rows[i].what, (unsigned)ms, reason);
			rig_pass(ms ? 1 : 599);
			rig_settle();
		}
		far_close(old);
		far_close(new);
		rig_settle();
		rig_pass(10 * S);
	}
}

/* A path by it is used at once where there is no other one, and stays in use. */
static void test_fresh_alone(void **state)
{
	struct far *old = say_path(140, "10.9.0.98", 100), *new;

	rig_tunnel("10.9.0.98", "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
	way_is(REACH_DOWN);
	rig_pass(1);
	new = say_path(INT, "10.9.0.13", 200);
	rig_pass(10 * S);
	way_is(REACH_UP);
	rig_tunnel("10.9.0.98", "wg0", "a", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET1, INT), "none");
	far_close(old);
	far_close(new);
}

/* Neither does it share the traffic of a path in use before that. */
static void test_fresh_shares(void **state)
{
	struct far *old, *new;

	rig_config("{" WIREGUARD "'bgp': {" BGP ", 'multipath': {'ibgp': 2}, " GROUP
		   ", 'neighbor': [" NEIGHBORS "]}}");
	rig_tunnel("10.9.0.13", "wg0", "b", REACH_UP, REASON_NONE);
	old = far_up(140, &(struct far_open){.as = 65000});
	rig_pass(5 * S);
	far_announce(old,
		     &(struct news){
			     .prefix = NET1, .nexthop = "10.9.0.98", .path = {7}, .local_pref = 1});
	rig_tunnel("10.9.0.98", "wg0", "a", REACH_UP, REASON_NONE);
	new = far_up(INT, &(struct far_open){.as = 65000});
	far_announce(new,
		     &(struct news){.prefix = NET1, .nexthop = HOP, .path = {7}, .local_pref = 1});
	rig_tunnel(HOP, "wg1", "x", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET1, INT), "session-fresh");
	assert_int_equal(rig_route(NET1)->hops.hop[1].weight, 0);
	rig_pass(599);
	assert_string_equal(rig_reason(NET1, INT), "session-fresh");
	rig_pass(1);
	rig_settle();
	assert_true(rig_route(NET1)->hops.hop[0].weight > 0);
	assert_true(rig_route(NET1)->hops.hop[1].weight > 0);
}

/* After max-prefix five minutes of rest, which `clear` and a higher limit end. */
static void test_rest(void **state)
{
	static const char raised[] =
		"{" WIREGUARD "'bgp': {" BGP
		", 'neighbor': [{'address': '10.9.0.11', 'remote-as': 65011, 'passive': "
		"true, 'import': ['all'], 'export': ['all'], 'hold-time': 60, 'keepalive': 7, "
		"'max-prefix': 4}]}}";
	struct far *f;

	for (int how = 0; how < 3; how++) {
		f = far_up(EXT, &(struct far_open){.as = 65011});
		far_announce(f, &(struct news){.prefix = "10.1.1.0/24 10.1.2.0/24 10.1.3.0/24 "
							 "10.1.4.0/24",
					       .nexthop = HOP,
					       .path = {65011}});
		expect_error(f, 6, 1);
		assert_int_equal(session_refusal_seconds(far_peer(f)->session), 300);
		rig_pass(S / 2);
		assert_int_equal(session_refusal_seconds(far_peer(f)->session), 300);
		rig_pass(S / 2);
		assert_int_equal(session_refusal_seconds(far_peer(f)->session), 299);
		far_close(f);
		rig_pass(299 * S - 1);
		f = far_connect(EXT);
		rig_turn();
		expect_error(f, 6, 5);
		assert_int_equal(session_refusal_seconds(far_peer(f)->session), 1);
		if (how == 0)
			rig_pass(1);
		else if (how == 1)
			rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}");
		else
			rig_config(raised);
		assert_int_equal(session_refusal_seconds(far_peer(f)->session), 0);
		far_close(f);
	}
	f = far_up(EXT, &(struct far_open){.as = 65011});
	assert_true(is_up(f));
}

/* Whom a listen range let in is forgotten a second after it went, or when it is not back in time.
 */
static void test_gone(void **state)
{
	struct far *f = far_up(150, &(struct far_open){.as = 65000});
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, 150}};

	far_close(f);
	rig_settle();
	rig_pass(999);
	assert_non_null(peer_find(&a));
	rig_pass(1);
	assert_null(peer_find(&a));
	f = far_up(150, &(struct far_open){.as = 65000, .gr = true});
	announce(f, NET1);
	far_close(f);
	rig_settle();
	rig_pass(121 * S - 1);
	assert_non_null(peer_find(&a));
	rig_pass(1);
	assert_null(peer_find(&a));
	/* It is back before that. */
	f = far_up(150, &(struct far_open){.as = 65000});
	far_close(f);
	rig_settle();
	rig_pass(999);
	f = far_up(150, &(struct far_open){.as = 65000});
	rig_pass(10 * S);
	assert_true(is_up(f));
}

static unsigned lines_with(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* What a log line says of it: nothing at once, a line a second later, then one in ten seconds. */
static const char *said(int fd)
{
	static char text[16384];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	lseek(2, 0, SEEK_SET);
	return text;
}

static void test_refused_prefixes(void **state)
{
	FILE *log = tmpfile();
	int saved = dup(2), fd = fileno(log);
	struct far *f;

	log_set_level(LOG_LEVEL_WARN);
	f = far_up(EXT, &(struct far_open){.as = 65011});
	rig_config("{" WIREGUARD "'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.11', "
		   "'remote-as': 65011, 'passive': true, 'import': ['all'], 'export': ['all'], "
		   "'hold-time': 60, 'keepalive': 7}]}}");
	dup2(fd, 2);
	far_announce(f, &(struct news){.prefix = "10.2.1.0/24 10.1.1.0/24 10.2.2.0/24",
				       .nexthop = "10.9.0.11",
				       .path = {65011}});
	rig_pass(999);
	assert_string_equal(said(fd), "");
	rig_pass(1);
	assert_non_null(strstr(said(fd), "permit-refused neighbor=10.9.0.11 prefixes=2 "
					 "first=10.2.1.0/24 reason=outside-permit\n"));
	far_announce(f, &(struct news){
				.prefix = "10.2.3.0/24", .nexthop = "10.9.0.11", .path = {65011}});
	live(f, 60 * S - 1);
	assert_string_equal(said(fd), "");
	rig_pass(1);
	assert_non_null(strstr(said(fd), "permit-refused neighbor=10.9.0.11 prefixes=1 "
					 "first=10.2.3.0/24 reason=outside-permit\n"));
	live(f, 90 * S);
	assert_string_equal(said(fd), "");
	far_announce(f, &(struct news){
				.prefix = "10.2.4.0/24", .nexthop = "10.9.0.11", .path = {65011}});
	rig_pass(1000);
	assert_non_null(strstr(said(fd), "prefixes=1 first=10.2.4.0/24"));
	dup2(saved, 2);
	close(saved);
	fclose(log);
	log_set_level(LOG_LEVEL_ERROR);
}

/* Who is not let in is in the log once, until something changes. */
static void test_refusals_said(void **state)
{
	FILE *log = tmpfile();
	int saved = dup(2), fd = fileno(log);
	struct far *f;

	log_set_level(LOG_LEVEL_WARN);
	dup2(fd, 2);
	for (int round = 0; round < 2; round++) {
		f = far_up(EXT, &(struct far_open){.as = 65011});
		far_announce(f, &(struct news){.prefix = "10.1.1.0/24 10.1.2.0/24 10.1.3.0/24 "
							 "10.1.4.0/24",
					       .nexthop = HOP,
					       .path = {65011}});
		expect_error(f, 6, 1);
		far_close(f);
		said(fd);
		for (int i = 0; i < 3; i++) {
			f = far_connect(EXT);
			rig_settle();
			expect_error(f, 6, 5);
			far_close(f);
		}
		assert_int_equal(lines_with(said(fd), "session-refused neighbor=10.9.0.11 "
						      "why=\"it sent more prefixes than "
						      "max-prefix\""),
				 1);
		rig_pass(300 * S);
	}
	dup2(saved, 2);
	close(saved);
	fclose(log);
	log_set_level(LOG_LEVEL_ERROR);
}

/* We say that we have restarted for as long as we promise, and until the first session. */
static void test_restarting(void **state)
{
	struct far *f;

	teardown(NULL);
	rig_config("{'bgp': {" BGP ", 'neighbor': [" NEIGHBORS "]}}");
	f = far_connect(EXT);
	rig_turn();
	rig_turn();
	assert_true(f->open.gr && f->open.gr_restarting);
	assert_int_equal(f->open.gr_time, 77);
	assert_int_equal(f->open.hold_time, 60);
	assert_true(f->open.gr_forwarding[0] && f->open.gr_forwarding[1]);
	far_close(f);
	f = far_up(INT, &(struct far_open){.as = 65000});
	assert_true(f->open.gr_restarting);
	far_close(f);
	rig_settle();
	f = far_connect(INT); /* that one has been up */
	rig_turn();
	rig_turn();
	assert_false(f->open.gr_restarting);
	far_close(f);
	rig_pass(77 * S - 1);
	f = far_connect(EXT);
	rig_turn();
	rig_turn();
	assert_true(f->open.gr_restarting);
	far_close(f);
	rig_pass(1);
	f = far_connect(EXT);
	rig_turn();
	rig_turn();
	assert_false(f->open.gr_restarting);
}

static const char *hop_state(void)
{
	return rig_str(rig_path(NET1, INT), "next-hop-state");
}

/* The tunnel of a neighbour whose session was there before it went down is up again, as it seems:
 * what leads through it waits until the neighbour has proved that it knows us, and takes
 * zebra-lite's last word then. */
static void test_proof(void **state)
{
	static const struct {
		const char *ifname, *peer;
		enum reach reach;
		enum reason why;
		bool waits;
		const char *state;
	} rows[] = {
		{"wg0", "b", REACH_UP, REASON_NONE, true, "up"},
		{"wg0", "b", REACH_DEGRADED, REASON_LOSSY, true, "degraded"},
		{"wg0", "b", REACH_DEGRADED, REASON_DRAINING, true, "degraded"},
		{"wg0", "a", REACH_UP, REASON_NONE, false, "up"}, /* nobody is behind it */
		{"wg1", "b", REACH_UP, REASON_NONE, false, "up"},
		{"wg0", "b", REACH_DOWN, REASON_HANDSHAKE_STALE, false, "down"},
	};
	struct far *f = far_up(INT, &(struct far_open){.as = 65000});

	rig_tunnel("10.9.0.13", "wg0", "b", REACH_UP, REASON_NONE);
	far_announce(f,
		     &(struct news){.prefix = NET1, .nexthop = HOP, .path = {7}, .local_pref = 1});
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_tunnel(HOP, rows[i].ifname, rows[i].peer, REACH_UP, REASON_NONE);
		live(f, 2 * S);
		rig_settle();
		rig_tunnel(HOP, rows[i].ifname, rows[i].peer, REACH_DOWN, REASON_HANDSHAKE_STALE);
		assert_string_equal(hop_state(), "down");
		live(f, 2 * S);
		rig_tunnel(HOP, rows[i].ifname, rows[i].peer, REACH_UP, REASON_NONE);
		rig_tunnel(HOP, rows[i].ifname, rows[i].peer, rows[i].reach, rows[i].why);
		if (!str_eq(hop_state(), rows[i].waits ? "down" : rows[i].state))
			fail_msg("row %u: %s", i, hop_state());
		rig_pass(19);
		if (!str_eq(hop_state(), rows[i].waits ? "down" : rows[i].state))
			fail_msg("row %u: %s", i, hop_state());
		for (int n = 0; n < 2000 && !str_eq(hop_state(), rows[i].state); n++)
			rig_pass(1);
		if (!str_eq(hop_state(), rows[i].state))
			fail_msg("row %u: %s in the end", i, hop_state());
	}
}

/* What comes back by a link that is no tunnel has nothing to prove. */
static void test_no_tunnel(void **state)
{
	struct far *f = far_up(INT, &(struct far_open){.as = 65000});

	rig_tunnel("10.9.0.13", "wg0", "b", REACH_UP, REASON_NONE);
	far_announce(f,
		     &(struct news){.prefix = NET1, .nexthop = HOP, .path = {7}, .local_pref = 1});
	rig_tunnel(HOP, "wg0", "b", REACH_UP, REASON_NONE);
	rig_pass(S);
	rig_tunnel(HOP, "wg0", "b", REACH_DOWN, REASON_HANDSHAKE_STALE);
	rig_nexthop(HOP, REACH_UP, REASON_NONE);
	assert_string_equal(hop_state(), "up");
	rig_nexthop(HOP, REACH_DOWN, REASON_NEXTHOP_UNREACHABLE);
	rig_tunnel(HOP, "wg0", "b", REACH_UP, REASON_NONE);
	assert_string_equal(hop_state(), "up");
}

/* A session that came up after the tunnel went down has proved it by that. */
static void test_no_proof(void **state)
{
	struct far *f = far_up(INT, &(struct far_open){.as = 65000}),
		   *other = far_up(140, &(struct far_open){.as = 65000});

	rig_tunnel("10.9.0.13", "wg0", "b", REACH_UP, REASON_NONE);
	announce(other, NET1);
	rig_tunnel(HOP, "wg0", "b", REACH_UP, REASON_NONE);
	rig_tunnel(HOP, "wg0", "b", REACH_DOWN, REASON_HANDSHAKE_STALE);
	rig_pass(S);
	far_close(f);
	rig_settle();
	f = far_up(INT, &(struct far_open){.as = 65000});
	assert_true(is_up(f));
	assert_string_equal(rig_reason(NET1, 140), "tunnel-down");
	rig_tunnel(HOP, "wg0", "b", REACH_UP, REASON_NONE);
	assert_string_equal(rig_reason(NET1, 140), "none");
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A connection that was ended waits two seconds for the far end to close it, too. */
static void test_finish(void **state)
{
	unsigned before = descriptors();
	struct far *f = far_up(EXT, &(struct far_open){.as = 65011});

	assert_int_equal(descriptors(), before + 2);
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}");
	rig_settle();
	expect_error(f, 6, 4);
	rig_pass(1999);
	assert_int_equal(descriptors(), before + 2);
	rig_pass(1);
	assert_int_equal(descriptors(), before + 1);
	far_close(f);
	/* It closes at once. */
	f = far_up(EXT, &(struct far_open){.as = 65011});
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}");
	rig_settle();
	far_close(f);
	rig_settle();
	assert_int_equal(descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_hold_time),   T(test_keepalives),     T(test_open_hold),
		T(test_errors),	     T(test_connect_retry),  T(test_tunnel_dead),
		T(test_path_up),     T(test_patience),	     T(test_stale),
		T(test_stale_again), T(test_stale_families), T(test_fresh),
		T(test_rest),	     T(test_gone),	     T(test_refused_prefixes),
		T(test_restarting),  T(test_finish),	     T(test_proof),
		T(test_no_proof),    T(test_no_tunnel),	     T(test_fresh_way),
		T(test_fresh_alone), T(test_fresh_shares),   T(test_refusals_said),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
