/* SPDX-License-Identifier: BSD-2-Clause */
/* steady: what the daemons say before and behind a change, and when the change is to blame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "conf.h"
#include "loop_fake.h"
#include "quoted.h"
#include "steady.h"
#include "util.h"

/* ---- daemons */

static struct question {
	char command[32];
	ask_fn fn;
	void *arg;
} questions[16];
static unsigned n_questions;

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	struct question *q = &questions[n_questions++];

	snprintf(q->command, sizeof(q->command), "%s", conf_str(request, "command", ""));
	q->fn = fn;
	q->arg = arg;
	json_decref(request);
}

static const char *sessions, *tunnels, *summary; /* with ' for "; NULL: no answer */

static void answer(const struct question *q)
{
	const char *text = str_eq(q->command, "bgp-summary") ? sessions
			   : str_eq(q->command, "tunnels")   ? tunnels
							     : summary;
	json_t *json = text ? quoted(text) : NULL;

	q->fn(q->arg, json, json ? NULL : "silent");
	json_decref(json);
}

static void answer_all(void)
{
	unsigned n = n_questions;

	n_questions = 0;
	for (unsigned i = 0; i < n; i++) {
		struct question q = questions[i];

		answer(&q);
	}
}

static void pass(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 100) {
		loop_fake_pass(100000);
		loop_fake_turn();
		answer_all();
	}
}

static void event(enum daemon_id id, const char *name, const char *key, const char *value,
		  const char *to)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "event", name, key, value,
				 "interface", "wg0", "to", to, "state", to);

	steady_event(id, json);
	json_decref(json);
}

/* ---- a change of the interface wg1, and of the neighbor 10.0.1.2 there */

static bool removed; /* the neighbor and the peer that are there before are not there after */

static json_t *conf(int mtu)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"w:wireguard\": {\"interface\": [{\"name\": \"wg0\", \"peer\": ["
		 "{\"name\": \"a\", \"endpoint\": [\"x:1\"]%s}, {\"name\": \"road\"},"
		 "{\"name\": \"b\", \"endpoint\": [\"y:1\"]}]},"
		 "{\"name\": \"wg1\", \"mtu\": %d, \"address\": [\"10.0.1.1/24\"],"
		 " \"peer\": [{\"name\": \"c\", \"endpoint\": [\"z:1\"]}]}]},"
		 "\"w:bgp\": {\"neighbor\": [%s{\"address\": \"10.0.0.3\"},"
		 " {\"address\": \"10.0.0.4\"}, {\"address\": \"10.0.1.2\"}]}}",
		 removed && mtu == 2 ? ", \"disabled\": true" : "", mtu,
		 removed && mtu == 2 ? "" : "{\"address\": \"10.0.0.2\"},");
	return json_loads(text, 0, NULL);
}

static unsigned passed, failed;
static char said[256];

static void on_passed(const char *error)
{
	assert_null(error);
	passed++;
}

static void on_failed(const char *why)
{
	failed++;
	snprintf(said, sizeof(said), "%s", why);
	steady_end();
}

static void on_failed_busy(const char *why)
{
	failed++;
	snprintf(said, sizeof(said), "%s", why);
}

static void prepare(void)
{
	json_t *before = conf(1), *after = conf(2);

	steady_mind(before, after);
	steady_pass(on_passed);
	json_decref(before);
	json_decref(after);
	assert_int_equal(passed, 0);
	answer_all();
	assert_int_equal(passed, 1);
}

static int setup(void **state)
{
	sessions =
		"{'neighbors': [{'address': '10.0.0.2', 'state': 'established', 'up-seconds': 100},"
		"{'address': '10.0.0.3', 'state': 'established', 'up-seconds': 3},"
		"{'address': '10.0.0.77', 'state': 'established', 'up-seconds': 100}," /* dynamic */
		"{'address': '10.0.0.4', 'state': 'active', 'up-seconds': 0},"
		"{'address': '10.0.1.2', 'state': 'established', 'up-seconds': 100}]}";
	tunnels = "{'tunnels': [{'interface': 'wg0', 'peer': 'a', 'state': 'up', 'since-seconds': "
		  "100,"
		  "'loss-percent': 1.5},"
		  "{'interface': 'wg0', 'peer': 'road', 'state': 'up', 'since-seconds': 100, "
		  "'loss-percent': 0.0},"
		  "{'interface': 'wg0', 'peer': 'b', 'state': 'up', 'since-seconds': 3, "
		  "'loss-percent': 0.0},"
		  "{'interface': 'wg1', 'peer': 'c', 'state': 'up', 'since-seconds': 100, "
		  "'loss-percent': 0.0}]}";
	summary = "{'refused': 1, 'routes-refused': 2}";
	n_questions = passed = failed = 0;
	said[0] = '\0';
	removed = false;
	return 0;
}

static int teardown(void **state)
{
	steady_end();
	return 0;
}

static void test_sessions(void **state)
{
	prepare();
	steady_begin(on_failed);
	pass(15000);
	/* One of the change, one that had just come up, and one that was not there. */
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.1.2", "down");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.3", "down");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.4", "down");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "established");
	event(DAEMON_WGD, "bgp-session", "neighbor", "10.0.0.2", "down");
	assert_int_equal(failed, 0);
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	assert_int_equal(failed, 1);
	assert_string_equal(said, "the session with 10.0.0.2 ended");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	pass(10000);
	assert_int_equal(failed, 1);
}

static void session_ends(const char *address, bool asked, int silent_s)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:b, s:i}", "event", "bgp-session", "neighbor", address,
			  "state", "down", "asked", asked, "silent-seconds", silent_s);

	steady_event(DAEMON_BGPD, json);
	json_decref(json);
}

/* Whom the change is not to blame for (blame_test.c has the rule). */
static void test_later(void **state)
{
	static const char both[] =
		"{'neighbors': [{'address': '10.0.0.2', 'state': 'established', 'up-seconds': 100,"
		" 'tunnel': {'interface': 'wg0', 'peer': 'a'}},"
		"{'address': '10.0.0.3', 'state': 'established', 'up-seconds': 100}]}";

	sessions = both;
	prepare();
	steady_begin(on_failed);
	session_ends("10.0.0.3", true, 0);
	pass(60000);
	/* A far end alone, with all that it has. */
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	session_ends("10.0.0.2", false, 0);
	assert_int_equal(failed, 0);
	/* Another one at the same time. */
	session_ends("10.0.0.3", false, 0);
	assert_string_equal(said, "the session with 10.0.0.3 ended");
	/* It was silent since the change. */
	passed = 0;
	prepare();
	steady_begin(on_failed);
	pass(90000);
	session_ends("10.0.0.3", false, 90);
	assert_int_equal(failed, 2);
}

/* What flapped before is not watched; one end is no flapping. */
static void test_flaps(void **state)
{
	steady_end();
	session_ends("10.0.0.2", false, 0);
	session_ends("10.0.0.2", true, 0);
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	pass(1000);
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	prepare();
	steady_begin(on_failed);
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	assert_int_equal(failed, 0);
	session_ends("10.0.0.2", false, 0);
	assert_string_equal(said, "the session with 10.0.0.2 ended");
}

/* Dynamic neighbors and peers without an endpoint come and go. */
static void test_roaming(void **state)
{
	prepare();
	steady_begin(on_failed);
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.77", "down");
	event(DAEMON_WGD, "tunnel-state", "peer", "road", "down");
	pass(10000);
	assert_int_equal(failed, 0);
}

/* What the change removes is not lost, nor what goes with it. */
static void test_revocation(void **state)
{
	removed = true;
	prepare();
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	steady_begin(on_failed);
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	pass(10000);
	assert_int_equal(failed, 0);
}

/* The first loss is being said, and nobody has ended it yet. */
static void test_two_at_once(void **state)
{
	prepare();
	steady_begin(on_failed_busy);
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	pass(10000);
	assert_int_equal(failed, 1);
	assert_string_equal(said, "tunnel a is down");
}

static void test_tunnels(void **state)
{
	prepare();
	steady_begin(on_failed);
	event(DAEMON_WGD, "tunnel-state", "peer", "b", "down");
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "degraded");
	assert_int_equal(failed, 0);
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	assert_string_equal(said, "tunnel a is down");
}

/* What goes while the change is being made. */
static void test_meanwhile(void **state)
{
	prepare();
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	assert_int_equal(failed, 0);
	steady_begin(on_failed);
	assert_int_equal(failed, 0);
	pass(100);
	assert_string_equal(said, "tunnel a is down");
	/* Not one that was not made. */
	passed = 0;
	prepare();
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	steady_end();
	event(DAEMON_WGD, "tunnel-state", "peer", "a", "down");
	passed = 0;
	prepare();
	steady_begin(on_failed);
	pass(10000);
	assert_int_equal(failed, 1);
}

static void test_loss(void **state)
{
	prepare();
	steady_begin(on_failed);
	tunnels = "{'tunnels': [{'interface': 'wg0', 'peer': 'b', 'loss-percent': 99.0},"
		  "{'interface': 'wg1', 'peer': 'c', 'loss-percent': 99.0},"
		  "{'interface': 'wg0', 'peer': 'a', 'loss-percent': 21.0}]}";
	pass(10000);
	assert_int_equal(failed, 0);
	tunnels = "{'tunnels': [{'interface': 'wg0', 'peer': 'a', 'loss-percent': 22.0}]}";
	pass(2100);
	tunnels = "{'tunnels': [{'interface': 'wg0', 'peer': 'a', 'loss-percent': 2.0}]}";
	pass(2000);
	assert_int_equal(failed, 0);
	tunnels = "{'tunnels': [{'interface': 'wg0', 'peer': 'a', 'loss-percent': 40.0}]}";
	pass(4000);
	assert_string_equal(said, "tunnel a loses 40 % of the echo requests");
}

static void test_refusals(void **state)
{
	prepare();
	steady_begin(on_failed);
	summary = "{'refused': 300, 'routes-refused': 2}"; /* the first one only counts */
	pass(10000);
	assert_int_equal(failed, 0);
	summary = "{'refused': 3, 'routes-refused': 4}";
	pass(4100);
	assert_string_equal(said, "routes are refused: 2 more than before");
	/* Where it is not known what was refused before. */
	passed = 0;
	summary = NULL;
	prepare();
	steady_begin(on_failed);
	summary = "{'refused': 3, 'routes-refused': 2}";
	pass(10000);
	assert_int_equal(failed, 1);
}

/* The change does not wait for a daemon that says nothing. */
static void test_silence(void **state)
{
	json_t *before = conf(1), *after = conf(2);

	steady_mind(before, after);
	steady_pass(on_passed);
	loop_fake_pass(1900000);
	loop_fake_turn();
	assert_int_equal(passed, 0);
	loop_fake_pass(200000);
	loop_fake_turn();
	assert_int_equal(passed, 1);
	json_decref(before);
	json_decref(after);
}

static void test_nothing(void **state)
{
	steady_pass(on_passed); /* for good */
	assert_int_equal(passed, 1);
	steady_begin(on_failed);
	event(DAEMON_BGPD, "bgp-session", "neighbor", "10.0.0.2", "down");
	pass(5000);
	assert_int_equal(failed, 0);
	/* A late answer about an earlier change. */
	passed = 0;
	steady_mind(NULL, NULL);
	steady_pass(on_passed);
	steady_end();
	answer_all();
	assert_int_equal(passed, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sessions), TEST(test_roaming),   TEST(test_revocation),
		TEST(test_later),    TEST(test_flaps),	   TEST(test_two_at_once),
		TEST(test_tunnels),  TEST(test_meanwhile), TEST(test_loss),
		TEST(test_refusals), TEST(test_nothing),   TEST(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
