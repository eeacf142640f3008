/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that takes long to read: its far ends' answers to echo requests, and the readings that
 * are made when they stay out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "rig.h"

#define LIVENESS(more)                                                        \
	", 'endpoint': ['192.0.2.1:5'], 'liveness': {'probe-timeout': 2000, " \
	"'up-hold': 500" more "}"
#define SLOW(more) RIG_WG0("", RIG_PEER_A(LIVENESS(more)) ", " RIG_PEER_B(RIG_QUIET))

static struct peer *peer_a(void)
{
	return TAILQ_FIRST(&TAILQ_FIRST(&devices)->peers);
}

static bool answers; /* the far end does, and sends something each second */

static void pass(unsigned ms)
{
	for (unsigned i = 1; i <= ms / 10; i++) {
		uint16_t before = rig.echo_seq;

		rig_pass(10);
		if (!answers)
			continue;
		if (rig.echo_seq != before)
			rig_echo("wg0", "10.9.0.2", peer_a()->owner.id, rig.echo_seq);
		if (i % 100 == 0)
			rig_alive("wg0", 'a');
	}
}

/* MS: what a reading takes. */
static void begin(const char *config, unsigned ms, bool answering)
{
	rig.read_us = ms * 1000;
	rig_zebra();
	rig_apply(config);
	rig_handshake("wg0", 'a');
	answers = answering;
	rig_mute(NULL);
	rig_mute("echo");
	rig_mute("probe");
	rig_mute("event");
	pass(30000);
	rig_forget();
}

static void count(const char *what, unsigned before)
{
	rig_note("%s: %u readings", what, rig.reads - before);
}

/* Down within the timeout and a reading, wherever between two polls the cut is. */
static void test_cut(void **state)
{
	for (unsigned at = 0; at < 10; at++) {
		unsigned reads;

		begin(SLOW(""), 400, true);
		pass(at * 900);
		rig_forget();
		answers = false;
		reads = rig.reads;
		rig_pass(2800);
		assert_int_equal(peer_a()->live.state, TUNNEL_DOWN);
		assert_true(rig.reads - reads <= 4);
		rig_close(state);
		rig_open(state);
	}
}

/* A reading is under way at the cut, or begins right after, and tells of the time before: what came
 * in until the cut is seen by the next one, and is no answer. */
static void test_cut_in_reading(void **state)
{
	for (unsigned at = 0; at <= 1000; at += 100) {
		unsigned reads;

		begin(SLOW(""), 800, true);
		reads = rig.reads;
		while (rig.reads == reads)
			pass(10);
		pass(at);
		rig_alive("wg0", 'a');
		rig_forget();
		answers = false;
		rig_pass(3400);
		assert_int_equal(peer_a()->live.state, TUNNEL_DOWN);
		rig_close(state);
		rig_open(state);
	}
}

/* Soon after another silence, which cost a reading: the time over, it is read whatever that costs.
 */
static void test_cut_after_alarm(void **state)
{
	begin(SLOW(""), 800, true);
	answers = false;
	rig_pass(1000);
	answers = true;
	pass(1000);
	rig_forget();
	answers = false;
	rig_pass(3700);
	assert_int_equal(peer_a()->live.state, TUNNEL_DOWN);
	rig_forget();
}

/* Right after requests were lost while bytes came in: it need not answer again to be watched. */
static void test_cut_after_false_alarm(void **state)
{
	begin(SLOW(""), 800, true);
	answers = false;
	while (peer_a()->watch.alarms == 0) {
		rig_alive("wg0", 'a');
		rig_pass(50);
	}
	rig_forget();
	rig_pass(3700);
	assert_int_equal(peer_a()->live.state, TUNNEL_DOWN);
	rig_forget();
}

/* Entries are not compared while a verdict is waited for, but for silences without an end. */
static void test_entries_put_off(void **state)
{
	struct device *dev;
	uint64_t before, ms;

	begin(SLOW(""), 800, true);
	dev = TAILQ_FIRST(&devices);
	before = dev->read.full_at;
	assert_true(before > 0);
	while (dev->read.full_at == before || dev->read.awaited)
		pass(10);
	before = dev->read.full_at;
	while (now_ms() - before < dev->read.full_cost / 20 || !dev->read.awaited)
		pass(10);
	answers = false;
	pass(4000);
	assert_int_equal(peer_a()->live.state, TUNNEL_DOWN);
	assert_int_equal(dev->read.full_at, before);
	for (ms = 0; dev->read.full_at == before && ms < 300000; ms += 10) {
		silence_begin(&peer_a()->errors.silence, now_ms());
		pass(10);
	}
	assert_in_range(dev->read.full_at - before, 60000, 80000);
	rig_forget();
}

/* ms between two readings with entries, each of which takes MS. */
static uint64_t entries_pause(unsigned ms, bool aside, bool silent)
{
	const struct device *dev;
	uint64_t first;

	rig.reads_aside = aside;
	begin(SLOW(""), ms, true);
	dev = TAILQ_FIRST(&devices);
	for (first = dev->read.full_at; dev->read.full_at == first;)
		pass(10);
	for (first = dev->read.full_at; dev->read.full_at == first;) {
		if (silent)
			silence_begin(&peer_a()->errors.silence, now_ms());
		pass(10);
	}
	rig_forget();
	return dev->read.full_at - first;
}

/* One part in 50 of the time, whoever works meanwhile; but drift is seen within a minute, and that
 * somebody is always silent does not change that. */
static void test_entries_pause(void **state)
{
	static const struct {
		unsigned ms;
		bool aside, silent;
		uint64_t min, max;
	} rows[] = {
		{400, false, false, 20000, 30000},  {400, true, false, 20000, 30000},
		{400, true, true, 60000, 70000},    {3000, false, false, 60000, 125000},
		{3000, true, false, 60000, 125000}, {3000, true, true, 60000, 125000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t pause = entries_pause(rows[i].ms, rows[i].aside, rows[i].silent);

		if (pause < rows[i].min || pause > rows[i].max)
			fail_msg("row %zu: %llu ms", i, (unsigned long long)pause);
		rig_close(state);
		rig_open(state);
	}
}

/* Bytes that come in while no answers do: it lives, and answers no more. */
static void test_bytes_without_answers(void **state)
{
	unsigned reads;

	begin(SLOW(""), 100, true);
	answers = false;
	reads = rig.reads;
	for (unsigned i = 0; i < 300; i++) {
		rig_alive("wg0", 'a');
		rig_pass(100);
	}
	count("no answers", reads);
	rig_expect("@30000\n"
		   "no answers: 22 readings\n");
	/* It does again: then the silence says something again. */
	answers = true;
	pass(10000);
	answers = false;
	rig_pass(2500);
	rig_expect("@11950\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* A thousand tunnels would be looked at 20 times a second for nothing. */
static void test_ticks(void **state)
{
	static const struct {
		const char *config;
		unsigned ticks; /* in 10 s */
	} rows[] = {
		{SLOW(""), 200},
		{RIG_WG0("", RIG_PEER_A("") ", " RIG_PEER_B(RIG_QUIET)), 40}, /* 15 s */
		{RIG_WG0("", RIG_PEER_A(", 'liveness': {'probe': false}")), 40},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned drains;

		begin(rows[i].config, 100, true);
		drains = rig.drains;
		pass(10000);
		assert_in_range(rig.drains - drains, rows[i].ticks * 9 / 10, rows[i].ticks);
		rig_close(state);
		rig_open(state);
	}
}

/* It is about where the far end was, who has been elsewhere since the last reading. */
static void test_error_after_roaming(void **state)
{
	struct endpoint elsewhere;

	begin(RIG_WG0(", 'listen-port': 51820", RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], "
							   "'liveness': {'probe': false}")),
	      100, true);
	assert_int_equal(endpoint_parse("192.0.2.9:7", &elsewhere), 0);
	rig_peer("wg0", 'a')->info.endpoint = elsewhere;
	rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
	pass(3000);
	assert_memory_equal(&rig_peer("wg0", 'a')->info.endpoint, &elsewhere, sizeof(elsewhere));
	assert_memory_equal(&peer_a()->endpoint, &elsewhere, sizeof(elsewhere));
}

/* The second error counts after one more reading, wherever between two ticks it comes. */
static void test_errors(void **state)
{
	for (unsigned at = 0; at < 10; at++) {
		unsigned ms = 0;

		begin(RIG_WG0(", 'listen-port': 51820", RIG_PEER_A(", 'endpoint': ['192.0.2.1:5'], "
								   "'liveness': {'probe': false}")),
		      100, true);
		answers = false;
		pass(at * 30);
		rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
		pass(450);
		assert_int_equal(peer_a()->live.state, TUNNEL_UP);
		rig_unreachable("10.0.0.1:51820", "192.0.2.1:5");
		for (; peer_a()->live.state == TUNNEL_UP && ms < 1000; ms += 10)
			pass(10);
		assert_int_equal(peer_a()->live.state, TUNNEL_DEGRADED);
		assert_in_range(ms, 0, 170);
		rig_close(state);
		rig_open(state);
	}
}

/* Who never answered is left to the polls. */
static void test_never_answered(void **state)
{
	unsigned reads;

	begin(SLOW(""), 100, false);
	reads = rig.reads;
	for (unsigned i = 0; i < 60; i++) {
		rig_alive("wg0", 'a');
		rig_pass(1000);
	}
	count("a minute", reads);
	rig_pass(10000);
	rig_expect("@620\n"
		   "zebra: a is 1 on 7 down up-hold weak at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "@2900\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "@60000\n"
		   "a minute: 35 readings\n"
		   "@61380\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Once read fast it is as any other: probes are no echo requests. */
static void test_fast_again(void **state)
{
	unsigned reads;

	begin(SLOW(""), 100, true);
	rig.read_us = 10;
	pass(5000);
	rig_forget();
	rig_mute(NULL);
	reads = rig.reads;
	pass(5000);
	count("fast", reads);
	rig_expect("@530\n"
		   "probe wg0 10.9.0.2\n"
		   "@1530\n"
		   "probe wg0 10.9.0.2\n"
		   "@2530\n"
		   "probe wg0 10.9.0.2\n"
		   "@3530\n"
		   "probe wg0 10.9.0.2\n"
		   "@4530\n"
		   "probe wg0 10.9.0.2\n"
		   "@5000\n"
		   "fast: 5 readings\n");
}

/* The next poll has begun a reading of everything, with what is there now. */
static void await_reading(void)
{
	struct device *dev = TAILQ_FIRST(&devices);

	dev->read.full_cost = dev->read.full_at = 0;
	while (!dev->read.awaited)
		rig_pass(10);
	rig_forget();
}

/* A poll that did not wait to the end, as a batch was under way: the next one takes what was read
 * then for no reading of its own. */
static void test_reading_left(void **state)
{
	char text[2048], *at = text;

	begin(SLOW(""), 400, false);
	await_reading();
	rig.threaded = rig.busy = true;
	for (int i = 0; i < 64; i++) /* so many that the thread writes them */
		at += sprintf(at, "+1 192.168.%d.0/24 ", i);
	rig_allowed(1, text);
	devices_link_event("wg0", 0);
	rig_turn();
	rig.threaded = rig.busy = false;
	rig_thread(0);
	rig_forget();
	devices_link_event("wg0", 0);
	rig_pass(5000);
	rig_expect("");
}

/* The same where it takes longer than polls wait, and comes while a later one does. */
static void test_reading_late(void **state)
{
	for (unsigned ms = 6000; ms < 20000; ms += 1000) {
		char change[32];
		unsigned reads;

		begin(SLOW(""), 400, false);
		rig.read_us = ms * 1000;
		await_reading();
		rig.read_us = 400 * 1000;
		reads = rig.reads;
		while (rig.reads == reads)
			rig_pass(10);
		rig_forget();
		sprintf(change, "+%u 192.168.1.0/24", peer_a()->owner.id);
		rig_allowed(1, change);
		rig_expect("wg0 + a 192.168.1.0/24\n"
			   "zebra: ack 1\n");
		rig_mute("wg0 update");	 /* endpoints are tried */
		rig_mute("zebra: a is"); /* the pauses are long by now */
		rig_pass(20000);
		rig_expect("");
		rig_close(state);
		rig_open(state);
	}
}

/* An answer that the loop did not wait for is taken before anything newer: handshakes and counters
 * never go back. */
static void test_late_answers(void **state)
{
	unsigned reads;

	begin(SLOW(""), 100, true);
	rig.read_us = 20000000;
	reads = rig.reads;
	pass(15000);
	count("late", reads);
	rig_expect("@15000\n"
		   "late: 1 readings\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_cut),
		RIG_CHECK(test_cut_in_reading),
		RIG_CHECK(test_cut_after_alarm),
		RIG_CHECK(test_cut_after_false_alarm),
		RIG_CHECK(test_entries_put_off),
		RIG_CHECK(test_entries_pause),
		RIG_CHECK(test_ticks),
		RIG_CHECK(test_errors),
		RIG_CHECK(test_error_after_roaming),
		RIG_CHECK(test_bytes_without_answers),
		RIG_CHECK(test_never_answered),
		RIG_CHECK(test_fast_again),
		RIG_CHECK(test_reading_left),
		RIG_CHECK(test_reading_late),
		RIG_CHECK(test_late_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
