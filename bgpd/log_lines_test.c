/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator reads in the log of sessions, routes and next hops: whole lines, one after the
 * other, for one thing after the other that happens; and what events say of it. The clock stands.
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
#include "rig.h"
#include "rig_clock.h"
#include "rib.h"
#include "session.h"
#include "util.h"

#define S 1000ull
#define NEIGHBORS                                                                            \
	"{'address': '10.9.0.11', 'remote-as': 65011, 'passive': true, 'import': ['all'], "  \
	"'export': ['all'], 'max-prefix': 3}, {'address': '10.9.0.13', 'remote-as': 65000, " \
	"'passive': true}"
#define GROUP                                                                                   \
	"'neighbor-group': [{'name': 'sites', 'listen-range': ['10.9.0.128/25'], 'remote-as': " \
	"65000}]"

static FILE *log_file;
static int saved = -1;

static void configure(const char *neighbors)
{
	char *config = xasprintf("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', " GROUP
				 ", 'neighbor': [%s]}}",
				 neighbors);

	rig_config(config);
	rig_settle();
	free(config);
}

static char events[4096]; /* told to who listens, since the last look */

void __wrap_daemon_event(json_t *event);
void __wrap_daemon_event(json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS);
	size_t at = strlen(events);

	snprintf(events + at, sizeof(events) - at, "%s\n", text);
	free(text);
	json_decref(event);
}

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	configure(NEIGHBORS);
	rig_pass(200 * S);
	rig_nexthop("10.9.0.11", REACH_UP, REASON_NONE);
	rig_nexthop("10.9.0.13", REACH_UP, REASON_NONE);
	log_file = tmpfile();
	saved = dup(2);
	dup2(fileno(log_file), 2);
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void end_capture(void)
{
	if (saved < 0)
		return;
	log_set_level(LOG_LEVEL_ERROR);
	dup2(saved, 2);
	close(saved);
	saved = -1;
	fclose(log_file);
}

static int teardown(void **state)
{
	end_capture();
	rig_stop();
	rig_clock_reset();
	return 0;
}

/* Lines since the last call, without what stands in front of the event. */
static const char *lines(void)
{
	static char out[16384];
	char text[16384], *save = NULL;
	size_t at = 0;
	ssize_t n = pread(fileno(log_file), text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	assert_int_equal(ftruncate(fileno(log_file), 0), 0);
	lseek(2, 0, SEEK_SET);
	out[0] = '\0';
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		const char *event = strstr(l, "wgbgp ");
		const char *port = strstr(l, "remote=10.9.0.99:");

		assert_non_null(event);
		if (port) /* whatever it was */
			l[port + strlen("remote=10.9.0.99") - l] = '\0';
		at += snprintf(out + at, sizeof(out) - at, "%s\n", event + strlen("wgbgp "));
	}
	return out;
}

#define expect(text) expect_at(__LINE__, text)
static void expect_at(int line, const char *text)
{
	const char *got = lines();

	if (str_eq(got, text))
		return;
	end_capture();
	fail_msg("line %d:\n%sexpected:\n%s", line, got, text);
}

static void say(struct far *f, const void *bytes, size_t len)
{
	far_say(f, &(struct wr){.data = (uint8_t *)bytes, .len = len}, 0);
	rig_settle();
}

#define MARKER "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

static void announce(struct far *f, const char *prefixes, uint32_t as)
{
	far_announce(f, &(struct news){.prefix = prefixes,
				       .nexthop = "10.9.0.99",
				       .path = {as},
				       .local_pref = as == 7 ? 100 : 0});
}

static void test_session(void **state)
{
	struct far *f;

	f = far_up(11, &(struct far_open){.as = 65011, .router_id = 0x01820304, .hold_time = 30});
	expect("info: session-up neighbor=10.9.0.11 as=65011 router-id=1.130.3.4 hold-time=30 "
	       "restarting=no peer= interface=\n");
	say(f, MARKER "\0\x1f\2\0\0\0\4\x40\1\1\3\x18\xc0\xa8\1", 31);
	expect("warning: update-malformed neighbor=10.9.0.11 action=treat-as-withdraw "
	       "error=\"ORIGIN: invalid value\"\n");
	say(f, MARKER "\0\x15\3\6\2", 21);
	expect("info: session-down neighbor=10.9.0.11 why=\"received Cease/Administrative "
	       "Shutdown\" retain=no reason=session-down peer= interface=\n");
	far_close(f);
	rig_pass(2 * S);
	f = far_up(11, &(struct far_open){.as = 65011, .gr = true, .restarting = true});
	expect("info: session-up neighbor=10.9.0.11 as=65011 router-id=10.0.0.11 hold-time=90 "
	       "restarting=yes peer= interface=\n");
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11', 'soft': 'in'}");
	expect("info: neighbor-clear neighbor=10.9.0.11 soft=in\n");
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}");
	rig_settle();
	expect("info: neighbor-clear neighbor=10.9.0.11 soft=no\n"
	       "info: session-down neighbor=10.9.0.11 why=\"sent Cease/Administrative Reset: "
	       "cleared by the operator\" retain=no reason=session-down peer= interface=\n");
	far_close(f);
	f = far_connect(11);
	far_open(f, &(struct far_open){.as = 65012});
	rig_settle();
	expect("warning: session-error neighbor=10.9.0.11 state=opensent error=\"sent OPEN Message "
	       "Error/Bad Peer AS: AS 65012 is not the configured one\"\n");
	far_close(f);
	rig_pass(2 * S);
	f = far_connect(11);
	rig_settle();
	far_close(f);
	rig_settle();
	expect(""); /* who hangs up on the way is no news */
	f = far_connect(200);
	rig_settle();
	expect("info: neighbor-accepted neighbor=10.9.0.200 group=sites\n");
	far_close(f);
	f = far_connect(99);
	rig_settle();
	expect("warning: connection-refused remote=10.9.0.99\n");
	far_close(f);
	configure("");
	expect("info: neighbor-deleted neighbor=10.9.0.11\n"
	       "info: neighbor-deleted neighbor=10.9.0.13\n");
}

/* By its tunnel address it calls before zebra-lite has said a word of it, and after. */
static void test_call_comes_first(void **state)
{
	struct far *f;

	rig_config("{'wireguard': {'interface': [{'name': 'wg7', 'peer': [{'name': 'g', "
		   "'tunnel-address': ['10.9.0.15']}]}]}, 'bgp': {'as': 65000, 'router-id': "
		   "'10.0.0.5', 'neighbor': [{'address': '10.9.0.15', 'remote-as': 65000, "
		   "'passive': true}]}}");
	rig_settle();
	lines();
	f = far_up(15, &(struct far_open){.as = 65000});
	expect("info: session-up neighbor=10.9.0.15 as=65000 router-id=10.0.0.15 hold-time=90 "
	       "restarting=no peer=g interface=wg7\n");
	far_close(f);
	rig_settle();
	expect("warning: session-down neighbor=10.9.0.15 why=\"connection lost: closed by the "
	       "neighbour\" retain=no reason=session-down peer=g interface=wg7\n");
	rig_nexthop("10.9.0.15", REACH_UP, REASON_NONE); /* by eth0 */
	lines();
	rig_pass(2 * S);
	f = far_up(15, &(struct far_open){.as = 65000});
	expect("info: session-up neighbor=10.9.0.15 as=65000 router-id=10.0.0.15 hold-time=90 "
	       "restarting=no peer= interface=\n");
	far_close(f);
	rig_settle();
}

/* Next hops that move at once: twenty lines, and one for the others a second later. */
static void test_crowd(void **state)
{
	struct far *f = far_up(13, &(struct far_open){.as = 65000, .gr = true});
	unsigned n = 0;

	announce(f, "10.1.0.0/16", 7);
	rig_pass(2 * S);
	lines();
	for (unsigned i = 0; i < 23; i++)
		rig_tunnel("10.9.0.99", "wg0", i % 2 ? "a" : "b", REACH_DOWN,
			   REASON_HANDSHAKE_STALE);
	for (const char *at = lines(); (at = strstr(at, "info: nexthop next-hop=10.9.0.99")); at++)
		n++;
	assert_int_equal(n, 20);
	rig_pass(1 * S);
	assert_non_null(strstr(lines(), "info: log-gathered what=\"nexthop\" lines=3 "
					"first=\"10.9.0.99 10.9.0.99 10.9.0.99\"\n"));
}

static void test_routes(void **state)
{
	struct far *f = far_up(13, &(struct far_open){.as = 65000, .gr = true});
	const json_t *row;

	rig_tunnel("10.9.0.13", "wg1", "b", REACH_UP, REASON_NONE); /* no path uses it: not said */
	lines();
	announce(f, "10.1.0.0/16 10.2.0.0/16", 7);
	expect("");
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	expect("info: nexthop next-hop=10.9.0.99 state=up reason=none interface=eth0 peer= cost=10 "
	       "paths=2\n");
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	expect(""); /* no news */
	rig_tunnel("10.9.0.99", "wg0", "a", REACH_DOWN, REASON_HANDSHAKE_STALE);
	expect("info: nexthop next-hop=10.9.0.99 state=down reason=tunnel-down interface=wg0 "
	       "peer=a "
	       "cost=10 paths=2\n");
	rig_tunnel("10.9.0.99", "wg0", "b", REACH_DOWN, REASON_HANDSHAKE_STALE);
	expect("info: nexthop next-hop=10.9.0.99 state=down reason=tunnel-down interface=wg0 "
	       "peer=b "
	       "cost=10 paths=2\n");
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	lines();
	rig_verdict("10.1.0.0/16", "10.9.0.99", REASON_FOREIGN_ROUTE);
	expect("info: verdict verdict=refused next-hop=10.9.0.99 reason=foreign-route prefixes=1 "
	       "first=10.1.0.0/16\n");
	rig_verdict("10.1.0.0/16", NULL, REASON_NONE);
	expect("info: verdict verdict=cleared next-hop=any reason=none prefixes=1 "
	       "first=10.1.0.0/16\n");
	far_close(f);
	rig_settle();
	expect("warning: session-down neighbor=10.9.0.13 why=\"connection lost: closed by the "
	       "neighbour\" retain=yes reason=session-down peer=b interface=wg1\n"
	       "info: stale neighbor=10.9.0.13 paths=2 reason=session-down\n");
	rig_pass(120 * S);
	expect("warning: permit-refused neighbor=10.9.0.13 prefixes=2 first=10.1.0.0/16 "
	       "reason=no-permit\n"
	       "info: stale neighbor=10.9.0.13 reason=stale-expired\n");
	row = json_array_get(
		json_object_get(rig_ask("{'command': 'bgp-neighbors', 'neighbor': '10.9.0.13'}"),
				"neighbors"),
		0);
	assert_int_equal(rig_int(json_object_get(row, "refusals"), "no-permit"), 2);
	f = far_up(11, &(struct far_open){.as = 65011});
	announce(f, "10.1.0.0/16 10.2.0.0/16", 65011);
	lines();
	log_set_level(LOG_LEVEL_DEBUG);
	far_withdraw(f, "10.1.0.0/16");
	expect("debug: withdraw neighbor=10.9.0.11 prefix=10.1.0.0/16 reason=withdrawn\n");
	log_set_level(LOG_LEVEL_INFO);
	announce(f, "10.1.0.0/16 10.3.0.0/16 10.4.0.0/16", 65011);
	expect("warning: max-prefix neighbor=10.9.0.11 limit=3\n"
	       "warning: session-down neighbor=10.9.0.11 why=\"sent Cease/Maximum Number of "
	       "Prefixes Reached: maximum number of prefixes reached\" retain=no "
	       "reason=session-down peer= interface=\n"
	       "info: withdraw neighbor=10.9.0.11 paths=4 reason=session-down\n");
}

#define SESSION(state, why, configured)                                            \
	"{\"asked\":false,\"configured\":" configured                              \
	",\"dynamic\":false,\"event\":\"bgp-session\",\"neighbor\":\"10.9.0.13\"," \
	"\"silent-seconds\":0,\"state\":\"" state "\",\"why\":\"" why "\"}\n"
#define NEXTHOP(interface, peer, state, reason)                                              \
	"{\"event\":\"nexthop\",\"interface\":\"" interface "\",\"next-hop\":\"10.9.0.99\"," \
	"\"paths\":1,\"peer\":\"" peer "\",\"reason\":\"" reason "\",\"state\":\"" state "\"}\n"

static void test_events(void **state)
{
	struct far *f;

	events[0] = '\0';
	f = far_up(13, &(struct far_open){.as = 65000, .gr = true});
	assert_string_equal(events, SESSION("established", "", "false"));
	announce(f, "10.1.0.0/16", 7);
	events[0] = '\0';
	rig_tunnel("10.9.0.99", "wg0", "a", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.99", "wg0", "a", REACH_UP, REASON_NONE); /* no news */
	assert_string_equal(events, NEXTHOP("wg0", "a", "up", "none"));
	events[0] = '\0';
	rig_tunnel("10.9.0.99", "wg0", "b", REACH_DOWN, REASON_HANDSHAKE_STALE);
	assert_string_equal(events, NEXTHOP("wg0", "b", "down", "handshake-stale"));
	events[0] = '\0';
	far_close(f);
	rig_settle();
	assert_string_equal(events,
			    SESSION("down", "connection lost: closed by the neighbour", "false"));
	far_up(13, &(struct far_open){.as = 65000});
	events[0] = '\0';
	configure("{'address': '10.9.0.13', 'remote-as': 65001, 'passive': true}");
	assert_non_null(strstr(events, SESSION("down",
					       "sent Cease/Other Configuration Change: "
					       "configuration changed",
					       "true")));
}

/* Whoever comes by a range shares one allowance of lines; who is configured has one of his own. */
static void test_allowance(void **state)
{
	unsigned n = 0;

	lines();
	for (unsigned i = 0; i < 30; i++) {
		struct far *f = far_connect(130 + i);

		far_open(f, &(struct far_open){.as = 65099});
		rig_settle();
		far_close(f);
	}
	for (const char *at = lines(); (at = strstr(at, "session-error")); at++)
		n++;
	assert_in_range(n, 1, 10);
	n = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct far *f = far_connect(11 + 2 * i);

		far_open(f, &(struct far_open){.as = 65099});
		rig_settle();
		far_close(f);
	}
	for (const char *at = lines(); (at = strstr(at, "session-error")); at++)
		n++;
	assert_int_equal(n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_session), T(test_call_comes_first),
					   T(test_routes),  T(test_crowd),
					   T(test_events),  T(test_allowance)};

	return rig_run(tests, ARRAY_SIZE(tests));
}
