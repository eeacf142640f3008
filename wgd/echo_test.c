/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo and quality over simulated time: a link with a round trip, loss and outages, on which
 * requests go out each interval and answers come back in order. The seed is printed; WGBGP_SEED
 * repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "icmp.h"
#include "icmp_error.h"
#include "quality.h"
#include "testing.h"
#include "util.h"

#define MS 1000ULL

static unsigned seed;

static const struct conf_quality weights = {
	.latency_weight = 1, .step = 5, .minimum_improvement = 20, .hold = 10000};

struct answer {
	uint64_t at;
	uint16_t seq;
};

struct sim {
	struct echo e;
	struct conf_liveness c;
	struct quality q;
	struct conf_quality qc;
	uint64_t now;	     /* us */
	unsigned rtt, loss;  /* ms; percent, of the round trip */
	unsigned rtt_spread; /* ms */
	unsigned passes;     /* bytes that get through; more are lost */
	bool cut;
	struct answer way[512]; /* under way, a ring */
	unsigned first, end;
	/* what was seen */
	unsigned cost_moves, lossy_changes, verdicts;
	uint64_t verdict_at, lossy_since; /* us; 0: not */
};

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static void begin(struct sim *s, unsigned interval, unsigned rtt)
{
	memset(s, 0, sizeof(*s));
	s->now = 1000000 * MS;
	s->c = (struct conf_liveness){
		.echo = true, .echo_interval = interval, .echo_multiplier = 4, .degraded_loss = 3};
	s->qc = weights;
	s->rtt = rtt;
	s->passes = 65535;
	echo_init(&s->e, rnd(65536));
	quality_init(&s->q);
}

static void look(struct sim *s)
{
	unsigned loss = quality_loss(&s->q);
	uint32_t cost = s->q.cost;
	bool lossy = s->q.lossy;

	quality_update(&s->q, &s->qc, s->c.degraded_loss, s->now / MS);
	s->cost_moves += s->q.cost != cost;
	s->lossy_changes += s->q.lossy != lossy;
	if (!s->q.lossy)
		s->lossy_since = 0;
	else if (!lossy)
		s->lossy_since = s->now;
	if (!echo_unanswered(&s->e, &s->c, loss, 4000 * (s->rtt + s->rtt_spread + 10), s->now)) {
		s->verdict_at = 0;
	} else if (!s->verdict_at) {
		s->verdict_at = s->now;
		s->verdicts++;
		quality_outage(&s->q);
	}
}

static void take_answers(struct sim *s, uint64_t until)
{
	for (; s->first != s->end && s->way[s->first % 512].at <= until; s->first++) {
		const struct answer *w = &s->way[s->first % 512];
		struct echo_answer a;

		s->now = w->at;
		a = echo_received(&s->e, w->seq, w->at);
		if (!a.known)
			continue;
		if (!a.large && !a.first) {
			quality_lost(&s->q, a.lost);
			quality_answer(&s->q, a.rtt);
		}
		look(s);
	}
}

static void send_one(struct sim *s, bool large)
{
	uint16_t seq = echo_sent(&s->e, s->now, large);
	unsigned spread = s->rtt_spread ? rnd(2 * s->rtt_spread + 1) : 0;
	uint64_t at = s->now + (s->rtt + spread - (spread ? s->rtt_spread : 0)) * MS;

	if (s->cut || rnd(100) < s->loss || (large && s->c.echo_size > s->passes))
		return;
	if (s->end != s->first && s->way[(s->end - 1) % 512].at > at)
		at = s->way[(s->end - 1) % 512].at; /* in order */
	s->way[s->end++ % 512] = (struct answer){at, seq};
	assert_true(s->end - s->first < 512);
}

static void run(struct sim *s, unsigned seconds)
{
	uint64_t until = s->now + seconds * 1000 * MS;

	while (s->now < until) {
		uint64_t next = s->now + s->c.echo_interval * MS;

		look(s);
		send_one(s, false);
		if (echo_large_due(&s->e, &s->c, s->now))
			send_one(s, true);
		take_answers(s, next);
		s->now = next;
	}
}

static void a_good_link_is_good(void **state)
{
	static const unsigned rtts[] = {0, 1, 20, 150, 700, 3000};
	struct sim s;

	for (size_t i = 0; i < ARRAY_SIZE(rtts); i++) {
		begin(&s, 200, rtts[i]);
		run(&s, 600);
		assert_int_equal(s.verdicts, 0);
		assert_int_equal(s.lossy_changes, 0);
		assert_int_equal(s.e.lost, 0);
		assert_true(s.cost_moves <= 1);
		assert_in_range(s.q.latency / 1000, rtts[i] ? rtts[i] - 1 : 0, rtts[i]);
		assert_true(s.q.jitter < 1000);
	}
}

/* Within a second of the cut, at any moment and round trip; back with the first answer, and what
 * was lost in the outage is not loss. */
static void cut_is_found(void **state)
{
	struct sim s;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t cut_at;

		begin(&s, 200, rnd(180));
		run(&s, 10 + rnd(10));
		cut_at = s.now;
		s.cut = true;
		run(&s, 10);
		assert_int_equal(s.verdicts, 1);
		assert_true(s.verdict_at - cut_at <= 1000 * MS);
		s.cut = false;
		run(&s, 60);
		assert_int_equal(s.verdict_at, 0);
		assert_int_equal(s.lossy_changes, 0);
		assert_int_equal(quality_loss(&s.q), 0);
	}
}

static void who_never_answered_is_not_judged(void **state)
{
	struct sim s;

	begin(&s, 50, 20);
	s.cut = true;
	run(&s, 600);
	assert_int_equal(s.verdicts, 0);
	assert_false(echo_suspicious(&s.e, &s.c, 0));
}

/* Loss is loss, not death: once it is known, longer rows are needed. */
static void loss_is_no_outage(void **state)
{
	static const unsigned losses[] = {8, 10, 20, 30};
	struct sim s;

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		begin(&s, 200, 20);
		run(&s, 60);
		s.loss = losses[i];
		run(&s, 30);
		s.verdicts = 0;
		run(&s, 600);
		assert_true(s.verdicts <= 1);
		assert_true(s.q.lossy);
		assert_in_range(quality_loss(&s.q), losses[i] * 4, losses[i] * 20);
	}
}

/* How soon loss is seen: the mean of many runs, and how often it is seen where there is none. */
static void loss_is_seen(void **state)
{
	uint64_t sum30 = 0, sum5 = 0;
	unsigned false_alarms = 0, late = 0;
	struct sim s;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t from;

		begin(&s, 200, 20);
		run(&s, 60 + rnd(10));
		s.loss = 30;
		from = s.now;
		while (!s.lossy_since)
			run(&s, 1);
		sum30 += s.lossy_since - from;
		begin(&s, 200, 20);
		run(&s, 60 + rnd(10));
		s.loss = 51; /* three in ten each way */
		from = s.now;
		while (!s.lossy_since && !s.verdicts)
			run(&s, 1);
		late += s.now - from > 3000 * MS;
		begin(&s, 200, 20);
		run(&s, 60);
		s.loss = 5;
		from = s.now;
		while (!s.lossy_since)
			run(&s, 1);
		sum5 += s.lossy_since - from;
		begin(&s, 200, 20);
		if (rnd(4) == 0)
			s.loss = 1;
		run(&s, 300);
		false_alarms += s.loss == 0 && s.lossy_changes;
	}
	assert_true(late < 10);
	assert_true(sum30 / 200 < 3000 * MS);
	assert_true(sum5 / 200 < 60000 * MS);
	assert_int_equal(false_alarms, 0);
}

/* Loss that stays keeps it lossy: not away and back again. */
static void lossy_is_steady(void **state)
{
	struct sim s;

	begin(&s, 200, 20);
	run(&s, 60);
	s.loss = 6;
	run(&s, 120);
	s.lossy_changes = 0;
	run(&s, 1800);
	assert_true(s.lossy_changes <= 4);
	s.loss = 0;
	run(&s, 120);
	assert_false(s.q.lossy);
}

static void black_hole(void **state)
{
	struct sim s;

	begin(&s, 200, 20);
	s.c.echo_size = 1400;
	run(&s, 60);
	assert_false(echo_black_hole(&s.e, &s.c, quality_loss(&s.q)));
	s.passes = 1300;
	run(&s, 8);
	assert_true(echo_black_hole(&s.e, &s.c, quality_loss(&s.q)));
	assert_int_equal(s.lossy_changes, 0);
	assert_int_equal(s.verdicts, 0);
	s.passes = 1500;
	run(&s, 3);
	assert_false(echo_black_hole(&s.e, &s.c, quality_loss(&s.q)));
	/* A cut is none: the small ones are lost as well. */
	s.cut = true;
	run(&s, 60);
	assert_false(echo_black_hole(&s.e, &s.c, quality_loss(&s.q)));
	s.cut = false;
	run(&s, 60);
	s.loss = 20;
	run(&s, 120);
	assert_false(echo_black_hole(&s.e, &s.c, quality_loss(&s.q)));
}

/* 20 → 80 ms and back: one move each, to where it should be. */
static void latency_steps(void **state)
{
	struct sim s;

	begin(&s, 200, 20);
	run(&s, 60);
	assert_int_equal(s.q.cost, 20);
	s.cost_moves = 0;
	s.rtt = 80;
	run(&s, 5);
	assert_int_equal(s.q.cost, 80);
	run(&s, 60);
	assert_int_equal(s.cost_moves, 1);
	s.rtt = 20;
	run(&s, 9);
	assert_int_equal(s.q.cost, 80);
	run(&s, 60);
	assert_int_equal(s.q.cost, 20);
	assert_int_equal(s.cost_moves, 2);
}

/* A latency that trembles within the minimum improvement moves nothing. */
static void trembling(void **state)
{
	struct sim s;

	begin(&s, 200, 50);
	s.rtt_spread = 10;
	run(&s, 60);
	s.cost_moves = 0;
	run(&s, 1800);
	assert_int_equal(s.cost_moves, 0);
	assert_true(s.q.jitter > 2000);
}

/* Better whenever nothing goes there, worse when it does: the hold time grows. */
static void load_oscillation(void **state)
{
	struct sim s;

	begin(&s, 200, 20);
	run(&s, 60);
	s.cost_moves = 0;
	for (unsigned t = 0; t < 1800; t++) {
		s.rtt = s.q.cost < 50 ? 80 : 20;
		run(&s, 1);
	}
	assert_true(s.cost_moves <= 2 * 12);
	s.rtt = 20;
	run(&s, 600);
	assert_int_equal(s.q.cost, 20);
}

static void weights_of_loss_and_jitter(void **state)
{
	struct sim s;

	begin(&s, 200, 40);
	s.c.degraded_loss = 0;
	s.qc = (struct conf_quality){.loss_weight = 10, .step = 1, .hold = 1000};
	s.loss = 10;
	run(&s, 300);
	assert_in_range(s.q.cost, 40, 170);
	s.qc = (struct conf_quality){.jitter_weight = 10, .step = 1, .hold = 1000};
	s.loss = 0;
	s.rtt_spread = 20;
	run(&s, 60);
	assert_in_range(s.q.cost, 20, 250);
	/* No weights: no cost. */
	s.qc = (struct conf_quality){.hold = 1000};
	run(&s, 2);
	assert_int_equal(s.q.cost, 0);
}

/* WireGuard keeps what is sent until there is a session: that is no latency. */
static void waiting_for_a_handshake(void **state)
{
	struct sim s;
	uint16_t seq[20];

	begin(&s, 200, 20);
	for (unsigned i = 0; i < ARRAY_SIZE(seq); i++, s.now += 200 * MS)
		seq[i] = echo_sent(&s.e, s.now, false);
	for (unsigned i = 0; i < ARRAY_SIZE(seq); i++) {
		struct echo_answer a = echo_received(&s.e, seq[i], s.now);

		assert_true(a.known);
		assert_true(a.first);
		assert_int_equal(a.lost, 0);
	}
	run(&s, 10);
	assert_int_equal(s.q.latency / 1000, 20);
}

static void duplicates_and_strangers(void **state)
{
	struct sim s;
	struct echo_answer a;
	uint16_t seq;

	begin(&s, 200, 20);
	seq = echo_sent(&s.e, s.now, false);
	a = echo_received(&s.e, seq + 1, s.now + 1);
	assert_false(a.known);
	a = echo_received(&s.e, seq + ECHO_SLOTS, s.now + 1);
	assert_false(a.known);
	a = echo_received(&s.e, seq, s.now + 1);
	assert_true(a.known);
	a = echo_received(&s.e, seq, s.now + 1);
	assert_false(a.known);
	assert_int_equal(s.e.received, 1);
}

/* Of a datagram from 192.0.2.1 port 51820 to 198.51.100.2 port 443. */
static void parse_errors(void **state)
{
	static const uint8_t v4[] = {
		0x45, [20] = 3, 1, 0,	 0,   0,  0,	0, 0, /* host unreachable, behind 20 of IPv4
							       */
		0x46, 0,	0, 60,	 0,   0,  0x40, 0, 64, 17, 0, 0,
		192,  0,	2, 1,	 198, 51, 100,	2, 0,  0,  0, 0, /* options */
		0xca, 0x6c,	1, 0xbb, 0,   40, 0,	0};
	static const uint8_t v6[] = {1,
				     4,
				     0,
				     0,
				     0,
				     0,
				     0,
				     0, /* no such port */
				     0x60,
				     0,
				     0,
				     0,
				     0,
				     40,
				     17,
				     64,
				     0x20,
				     1,
				     0xd,
				     0xb8,
				     [16 + 15] = 1,
				     0x20,
				     1,
				     0xd,
				     0xb8,
				     [32 + 15] = 2,
				     0xca,
				     0x6c,
				     1,
				     0xbb,
				     0,
				     40,
				     0,
				     0};
	uint8_t data[sizeof(v4)];
	struct icmp_error e;

	assert_true(icmp_error_parse(AF_INET, v4, sizeof(v4), &e));
	assert_string_equal(ENDPOINT_STR(&e.from), "192.0.2.1:51820");
	assert_string_equal(ENDPOINT_STR(&e.to), "198.51.100.2:443");
	assert_true(icmp_error_parse(AF_INET6, v6, sizeof(v6), &e));
	assert_string_equal(ENDPOINT_STR(&e.from), "[2001:db8::1]:51820");
	assert_string_equal(ENDPOINT_STR(&e.to), "[2001:db8::2]:443");
	/* The ports are all that is needed of the datagram. */
	for (size_t n = 0; n < sizeof(v4) - 4; n++)
		assert_false(icmp_error_parse(AF_INET, v4, n, &e));
	for (size_t n = 0; n < sizeof(v6) - 4; n++)
		assert_false(icmp_error_parse(AF_INET6, v6, n, &e));
	assert_true(icmp_error_parse(AF_INET, v4, sizeof(v4) - 4, &e));
	/* Too large is for path MTU discovery; TCP, other fragments and other types for others. */
	for (size_t i = 0; i < 5; i++) {
		static const struct {
			size_t at;
			uint8_t value;
		} other[] = {{21, 4}, {37, 6}, {35, 1}, {20, 5}, {28, 0x44}};

		memcpy(data, v4, sizeof(v4));
		data[other[i].at] = other[i].value;
		assert_false(icmp_error_parse(AF_INET, data, sizeof(data), &e));
	}
}

static void parse_answers(void **state)
{
	struct icmp i = {.ident = 0x1234, .cookie = {1, 2, 3, 4, 5, 6, 7, 8}};
	uint8_t v4[20 + 20] = {0x45, [20] = 0, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd, 1, 2,
			       3,    4,	       5, 6, 7, 8,    0,    0,	  1,	2};
	struct icmp_answer a;

	assert_true(icmp_parse(&i, AF_INET, v4, sizeof(v4), &a));
	assert_int_equal(a.seq, 0xabcd);
	assert_int_equal(a.id, 0x102);
	for (size_t n = 0; n < sizeof(v4); n++)
		assert_false(icmp_parse(&i, AF_INET, v4, n, &a));
	for (size_t n = 20; n < 36; n++) {
		bool matters = n != 22 && n != 23 && n != 26 && n != 27;

		v4[n] ^= 1;
		assert_int_equal(icmp_parse(&i, AF_INET, v4, sizeof(v4), &a), !matters);
		v4[n] ^= 1;
	}
	v4[20] = 129;
	assert_true(icmp_parse(&i, AF_INET6, v4 + 20, 20, &a));
	assert_false(icmp_parse(&i, AF_INET6, v4 + 20, 19, &a));
	v4[0] = 0x4f; /* longer header than there is */
	assert_false(icmp_parse(&i, AF_INET, v4, sizeof(v4), &a));
	v4[0] = 0x44;
	assert_false(icmp_parse(&i, AF_INET, v4, sizeof(v4), &a));
}

/* Which answers there were to requests as large as a packet, and which of those small ones
 * passed. */
static void large(void **state)
{
	struct echo_answer a;
	struct echo e;

	echo_init(&e, 7);
	echo_received(&e, echo_sent(&e, 1 * MS, false), 2 * MS);
	assert_int_equal(echo_sent(&e, 10 * MS, false), 8);
	assert_int_equal(echo_sent(&e, 10 * MS, true), 9);
	/* A small one of the same time did not pass it, one sent later did. */
	a = echo_received(&e, 8, 20 * MS);
	assert_true(a.known && !a.large);
	assert_true(e.large_waiting && !e.large_passed);
	echo_received(&e, echo_sent(&e, 30 * MS, false), 31 * MS);
	assert_true(e.large_waiting && e.large_passed);
	/* The next one: an answer to the one before says nothing about it. */
	assert_int_equal(echo_sent(&e, 40 * MS, true), 11);
	assert_int_equal(e.large_row, 1);
	a = echo_received(&e, 9, 41 * MS);
	assert_true(a.known && a.large);
	assert_true(e.large_waiting && !e.large_passed);
	assert_int_equal(e.large_row, 0);
	echo_received(&e, 11, 42 * MS);
	assert_false(e.large_waiting);
	assert_int_equal(e.lost, 0);
}

/* Four requests that are 200 ms apart, and what the answer to the last one may take: to the
 * microsecond, at most an interval; not before the last is sent. */
static void verdict_is_exact(void **state)
{
	static const struct conf_liveness c = {
		.echo = true, .echo_interval = 200, .echo_multiplier = 4};
	static const uint64_t graces[][2] = {{0, 0}, {50 * MS, 50 * MS}, {900 * MS, 200 * MS}};

	for (unsigned i = 0; i < ARRAY_SIZE(graces); i++) {
		uint64_t begun = 5000 * MS, due = begun + 600 * MS + graces[i][1];
		struct echo e;

		echo_init(&e, 7);
		echo_received(&e, echo_sent(&e, 4000 * MS, false), 4010 * MS);
		for (unsigned n = 0; n < 4; n++) {
			assert_false(echo_unanswered(&e, &c, 0, graces[i][0], begun + 5000 * MS));
			assert_false(echo_last_sent(&e, &c, 0));
			echo_sent(&e, begun + n * 200 * MS, false);
		}
		assert_true(echo_last_sent(&e, &c, 0));
		assert_false(echo_unanswered(&e, &c, 0, graces[i][0], due - 1));
		assert_true(echo_unanswered(&e, &c, 0, graces[i][0], due));
		assert_false(echo_dead(&e, &c, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_is_exact),
		cmocka_unit_test(a_good_link_is_good),
		cmocka_unit_test(cut_is_found),
		cmocka_unit_test(who_never_answered_is_not_judged),
		cmocka_unit_test(loss_is_no_outage),
		cmocka_unit_test(loss_is_seen),
		cmocka_unit_test(lossy_is_steady),
		cmocka_unit_test(black_hole),
		cmocka_unit_test(latency_steps),
		cmocka_unit_test(trembling),
		cmocka_unit_test(load_oscillation),
		cmocka_unit_test(weights_of_loss_and_jitter),
		cmocka_unit_test(waiting_for_a_handshake),
		cmocka_unit_test(duplicates_and_strangers),
		cmocka_unit_test(parse_answers),
		cmocka_unit_test(parse_errors),
		cmocka_unit_test(large),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
