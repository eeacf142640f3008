/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liveness: scenarios as tables of readings, one a second unless said otherwise. A step says for
 * how long what happens each second, and the state and reason at its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "liveness.h"
#include "silence.h"
#include "testing.h"
#include "util.h"

#define WALL0 1700000000000LL

struct step {
	unsigned seconds;
	unsigned rx, tx;   /* bytes a second */
	bool handshake;	   /* a new one at the first second */
	bool probes;	   /* probes go out when due */
	bool down, absent; /* the link; the peer */
	enum tunnel_state state;
	enum reason reason;
};

static const struct conf_liveness defaults = {.probe = true,
					      .poll_interval = 1000,
					      .probe_interval = 5000,
					      .probe_timeout = 15000,
					      .degraded_after = 160,
					      .stale_after = 180,
					      .up_hold = 2000};

struct run {
	struct liveness l;
	struct conf_liveness c;
	struct liveness_input in;
	unsigned changes; /* as liveness_update() says */
};

static void begin(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->c = defaults;
	r->in = (struct liveness_input){
		.read = true, .now = 1000000, .wall = WALL0, .link_up = true, .present = true};
	liveness_init(&r->l, r->in.now);
}

static void second(struct run *r, const struct step *s, bool first)
{
	r->in.now += 1000;
	r->in.wall += 1000;
	r->in.link_up = !s->down;
	r->in.present = !s->absent;
	r->in.rx += s->rx;
	r->in.tx += s->tx;
	if (first && s->handshake)
		r->in.handshake = r->in.wall;
	r->changes += liveness_update(&r->l, &r->c, &r->in);
	if (s->probes && liveness_probe_due(&r->l, &r->c, r->in.now)) {
		liveness_probed(&r->l, r->in.now);
		r->in.tx += 96;
	}
}

static void play(struct run *r, const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (unsigned t = 0; t < steps[i].seconds; t++)
			second(r, &steps[i], t == 0);
		if (r->l.state != steps[i].state || r->l.reason != steps[i].reason)
			fail_msg("step %zu: %s, %s", i, tunnel_state_name(r->l.state),
				 reason_name(r->l.reason));
	}
}

#define PLAY(r, ...)                                        \
	do {                                                \
		const struct step steps_[] = {__VA_ARGS__}; \
		play(r, steps_, ARRAY_SIZE(steps_));        \
	} while (0)

static void never_until_handshake(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r,
	     {100, 0, 148, .probes = true, .state = TUNNEL_NEVER, .reason = REASON_HANDSHAKE_NEVER},
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.changes, 1);
}

/* Another key for a tunnel that worked: nothing passes, and that is no guess. */
static void rekeyed_is_down_until_handshake(void **state)
{
	struct run r;

	begin(&r);
	liveness_rekey(&r.l);
	PLAY(&r,
	     {100, 0, 148, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_NEVER});
	assert_false(r.l.weak);
	PLAY(&r, {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.flaps, 0);
}

/* Our own key changed: the handshake that readings still tell of was made with the other one. */
static void void_handshake_is_none(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r, {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	liveness_void_handshake(&r.l);
	PLAY(&r,
	     {1, 0, 148, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_NEVER});
	PLAY(&r, {9, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_NEVER});
	PLAY(&r, {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
}

static void traffic_keeps_it_up(void **state)
{
	struct run r;

	begin(&r);
	for (int i = 0; i < 5; i++)
		PLAY(&r, {120, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
			  .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.changes, 1);
}

/* No probes: only the handshake's age tells. Nothing is sure before 180 s. */
static void stale_after_sending(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {158, 0, 32, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {20, 0, 32, .state = TUNNEL_DEGRADED, .reason = REASON_HANDSHAKE_OLD},
	     {10, 0, 32, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE},
	     {1000, 0, 148, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
	assert_int_equal(r.l.changes, 3);
	for (size_t i = 0; i < LIVENESS_DEATHS; i++)
		assert_int_equal(r.l.downs[i], liveness_deaths[i] == REASON_HANDSHAKE_STALE);
}

/* An interface that goes takes all that was seen with it, but not what was counted. */
static void ends(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r,
	     {5, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, .down = true, .state = TUNNEL_DOWN, .reason = REASON_INTERFACE_DOWN});
	for (size_t again = 0; again < 2; again++) { /* the second one finds it down */
		liveness_end(&r.l, REASON_INTERFACE_GONE, ++r.in.now);
		assert_int_equal(r.l.state, TUNNEL_DOWN);
		assert_int_equal(r.l.reason, REASON_INTERFACE_GONE);
		assert_int_equal(r.l.since, r.in.now);
		assert_int_equal(r.l.changes, 2);
		assert_int_equal(liveness_handshake_age(&r.l, r.in.now), -1);
	}
	for (size_t i = 0; i < LIVENESS_DEATHS; i++)
		assert_int_equal(r.l.downs[i], liveness_deaths[i] == REASON_INTERFACE_DOWN);
	r.l.state = TUNNEL_UP;
	liveness_end(&r.l, REASON_INTERFACE_GONE, ++r.in.now);
	assert_int_equal(r.l.changes, 3);
	for (size_t i = 0; i < LIVENESS_DEATHS; i++)
		assert_int_equal(r.l.downs[i], liveness_deaths[i] == REASON_INTERFACE_DOWN ||
						       liveness_deaths[i] == REASON_INTERFACE_GONE);
}

/* Data was unanswered for long when the session expires: that is down then, not a retry later. */
static void stale_after_unanswered_data(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {160, 0, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {19, 0, 128, .state = TUNNEL_DEGRADED, .reason = REASON_HANDSHAKE_OLD},
	     {2, 0, 128, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
}

/* Where it was sent a moment before that, a handshake may still be under way. */
static void stale_after_late_data(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {175, 128, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {3, 0, 128, .state = TUNNEL_DEGRADED, .reason = REASON_HANDSHAKE_OLD},
	     {4, 0, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {6, 0, 128, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
}

static void read_in(struct silence *s, uint64_t begun, uint64_t taken, bool grown)
{
	silence_read(s, &(struct silence_reading){begun, taken, grown});
}

/* A reading parts what came in before from what came later. */
static void silence_is_dated(void **state)
{
	struct silence s = {0};

	read_in(&s, 900, 1000, false);
	assert_int_equal(s.first, 0);
	silence_begin(&s, 2000);
	silence_was_read(&s, 2000);
	silence_was_read(&s, 2001);
	assert_int_equal(s.since, 0);
	read_in(&s, 2900, 3000, true);
	assert_int_equal(s.since, 2000);
	silence_begin(&s, 3500);
	assert_int_equal(s.since, 0);
	read_in(&s, 3500, 4000, true);
	assert_int_equal(s.since, 0);
	read_in(&s, 4900, 5000, true);
	assert_int_equal(s.since, 4000);
	read_in(&s, 5900, 6000, false);
	assert_int_equal(s.since, 4000);
}

/* One that was under way when it began: what came in before is no contradiction. */
static void silence_in_a_reading(void **state)
{
	struct silence s = {0};

	silence_begin(&s, 2000);
	read_in(&s, 1000, 3000, false);
	assert_int_equal(s.first, 3000);
	read_in(&s, 3000, 4000, true);
	assert_int_equal(s.first, 4000);
	assert_int_equal(s.since, 0);
	read_in(&s, 4000, 5000, true);
	assert_int_equal(s.since, 4000);

	silence_begin(&s, 6000);
	read_in(&s, 5000, 7000, true);
	read_in(&s, 7000, 8000, false);
	assert_int_equal(s.since, 7000);
}

/* The far end repeats its initiation and does not hear our answers: no sign of life. */
static void initiations_are_no_life(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {190, 0, 32, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE},
	     {60, 148, 92, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
}

static void silence_is_idle(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {179, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {500, 0, 0, .state = TUNNEL_IDLE, .reason = REASON_NO_TRAFFIC},
	     /* Somebody sends: the handshake that this starts is answered at once. */
	     {1, 0, 148, .state = TUNNEL_IDLE, .reason = REASON_NO_TRAFFIC},
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.changes, 3);
}

/* Who sends now and then, be it keepalives, is not idle before a minute without. */
static void keepalives_are_use(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {149, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, 0, 32, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {59, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, 0, 0, .state = TUNNEL_IDLE, .reason = REASON_NO_TRAFFIC});
}

/* So many ms later, WireGuard sends a keepalive, and the device is read. */
static enum reason sent_after(struct run *r, uint64_t ms)
{
	r->in.now += ms;
	r->in.wall += (int64_t)ms;
	r->in.tx += 32;
	liveness_update(&r->l, &r->c, &r->in);
	return r->l.reason;
}

/* To the millisecond: old, then without an answer of the handshake that is due. */
static void thresholds_are_exact(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r, {1, 128, 128, .handshake = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(sent_after(&r, 160000), REASON_HANDSHAKE_FRESH);
	assert_int_equal(sent_after(&r, 1), REASON_HANDSHAKE_OLD);
	assert_int_equal(sent_after(&r, 19999), REASON_HANDSHAKE_OLD);
	assert_int_equal(sent_after(&r, 1), REASON_HANDSHAKE_OLD); /* since now */
	assert_int_equal(sent_after(&r, 5499), REASON_HANDSHAKE_OLD);
	assert_int_equal(sent_after(&r, 1), REASON_HANDSHAKE_STALE);
	assert_int_equal(r.l.state, TUNNEL_DOWN);
	assert_int_equal(liveness_handshake_age(&r.l, r.in.now), 185501);
}

static void idle_then_dead(void **state)
{
	struct run r;

	begin(&r);
	r.c.probe = false;
	PLAY(&r,
	     {1, 128, 128, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {300, 0, 0, .state = TUNNEL_IDLE, .reason = REASON_NO_TRAFFIC},
	     {10, 0, 148, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
}

static void probe_unanswered(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r,
	     {30, 128, 0, .handshake = true, .probes = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH},
	     {14, 0, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {7, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED},
	     {60, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	assert_int_equal(r.l.changes, 2);
}

/* No probe is needed where others send: whatever the far end gets, it answers. */
static void unanswered_data(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r,
	     {30, 1000, 1000, .handshake = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH},
	     {14, 0, 1000, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, 0, 1000, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	/* Keepalives and initiations are not answered. */
	begin(&r);
	PLAY(&r,
	     {30, 1000, 1000, .handshake = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH},
	     {60, 0, 32, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {60, 0, 148, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	/* One answer in ten seconds suffices. */
	for (int i = 0; i < 12; i++)
		PLAY(&r,
		     {10, 0, 1000, .handshake = true, .state = TUNNEL_UP,
		      .reason = REASON_HANDSHAKE_FRESH},
		     {1, 32, 1000, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	/* Rare readings: it may have been sent just now. */
	r.in.now += 60000;
	r.in.wall += 60000;
	PLAY(&r, {12, 0, 1000, .handshake = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
}

struct cut {
	unsigned offset; /* ms */
	unsigned rx, tx; /* bytes between two polls */
	unsigned poll;	 /* ms between them; every other one is 5 ms early */
	unsigned timeout, most;
};

/* Whatever ran through it before and after, a tunnel that is cut is down when the probe's timeout
 * is over, a little more at most; where a fifth of that is less than a poll, so much later. Polls
 * come as they do in device_poll.c, the cut at any time between them. The far end answers with
 * keepalives alone, after 10 s. */
static void cut_at(const struct cut *c)
{
	uint64_t start, cut, next, answer = 0;
	struct run r;

	begin(&r);
	r.c.probe_timeout = c->timeout;
	r.in.handshake = r.in.wall;
	start = r.in.now;
	cut = start + 40000 + c->offset;
	for (unsigned n = 0; r.l.state != TUNNEL_DOWN; n++) {
		uint64_t deadline = liveness_deadline(&r.l, &r.c);

		if (r.in.now > cut + c->most)
			fail_msg("cut %u ms after a poll, rx %u tx %u", c->offset, c->rx, c->tx);
		next = r.in.now + c->poll - n % 2 * 5;
		if (deadline && deadline < next)
			next = deadline > r.in.now + 10 ? deadline : r.in.now + 10;
		if (r.in.now < cut)
			r.in.rx += next < cut ? c->rx : c->rx * (cut - r.in.now) / c->poll;
		if (answer && answer < cut && next >= answer) {
			r.in.rx += 32;
			answer = 0;
		}
		r.in.tx += c->tx;
		r.in.now = next;
		r.in.wall = WALL0 + (int64_t)(next - start);
		liveness_update(&r.l, &r.c, &r.in);
		if (!liveness_probe_due(&r.l, &r.c, next))
			continue;
		liveness_probed(&r.l, next);
		r.in.tx += 96;
		answer = answer ? answer : next + 10000;
		liveness_update(&r.l, &r.c, &r.in); /* other evidence, in the same moment */
		assert_int_equal(r.l.state, TUNNEL_UP);
	}
	assert_true(r.in.now > cut);
}

static void cut_is_found_in_time(void **state)
{
	static const unsigned traffic[][2] = {{0, 0}, {1000, 0}, {1000, 1000}, {96, 0}, {96, 1000}};

	for (unsigned offset = 0; offset < 20000; offset += 130)
		for (unsigned i = 0; i < ARRAY_SIZE(traffic); i++)
			for (unsigned poll = 1000; poll <= 1100; poll += 50)
				cut_at(&(struct cut){.offset = offset,
						     .rx = traffic[i][0],
						     .tx = traffic[i][1],
						     .poll = poll,
						     .timeout = 15000,
						     .most = 15500});
	/* Something comes in before each poll: keepalives alone would be too late. */
	for (unsigned offset = 0; offset < 20000; offset += 130)
		for (unsigned tx = 0; tx <= 1000; tx += 1000)
			cut_at(&(struct cut){.offset = offset,
					     .rx = 1000,
					     .tx = tx,
					     .poll = 1000,
					     .timeout = 2000,
					     .most = 2600});
}

/* A far end that only answers with the keepalive after 10 s is alive. */
static void late_answers_suffice(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r, {1, 128, 0, .handshake = true, .probes = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	for (int i = 0; i < 12; i++)
		PLAY(&r,
		     {9, 0, 0, .probes = true, .state = TUNNEL_UP,
		      .reason = REASON_HANDSHAKE_FRESH},
		     {1, 32, 0, .probes = true, .state = TUNNEL_UP,
		      .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.changes, 1);
}

static void hysteresis(void **state)
{
	struct run r;

	begin(&r);
	r.c.up_hold = 5000;
	PLAY(&r,
	     {30, 128, 0, .handshake = true, .probes = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH},
	     {30, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED},
	     /* One answer, then silence again: it never was up. */
	     {1, 32, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD},
	     {4, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD},
	     {1, 32, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {30, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED},
	     {1, 128, 0, .handshake = true, .probes = true, .state = TUNNEL_DOWN,
	      .reason = REASON_UP_HOLD},
	     {5, 128, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.changes, 5);
}

static void restart_trusts_the_handshake(void **state)
{
	struct run r;

	begin(&r);
	r.in.handshake = WALL0 - 60000;
	r.in.rx = 123456;
	r.in.tx = 654321;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	begin(&r);
	r.in.handshake = WALL0 - 600000;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_IDLE, .reason = REASON_NO_TRAFFIC},
	     {10, 0, 148, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE});
}

/* The wgd that sent the probe is away for longer than its answer may take, and reads nothing
 * meanwhile: the next one judges when a probe of its own had the time for an answer. */
static void successor_asks_first(void **state)
{
	struct run r, dead;
	uint64_t deadline;

	begin(&r);
	PLAY(&r, {10, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	liveness_probed(&r.l, r.in.now);
	r.in.now += 20000;
	r.in.wall += 20000;
	liveness_take_over(&r.l, &r.c, r.in.now);
	assert_true(liveness_probe_due(&r.l, &r.c, r.in.now));
	dead = r;
	PLAY(&r, {0, 0, 96, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {20, 32, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	PLAY(&dead,
	     {0, 0, 96, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	/* What was found dead stays so, and what still has time keeps the deadline. */
	liveness_take_over(&dead.l, &dead.c, dead.in.now);
	PLAY(&dead, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	begin(&r);
	PLAY(&r, {10, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	liveness_probed(&r.l, r.in.now);
	deadline = liveness_deadline(&r.l, &r.c);
	liveness_take_over(&r.l, &r.c, r.in.now + 5000);
	assert_int_equal(liveness_deadline(&r.l, &r.c), deadline);
}

static void clock_steps(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r, {60, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
		  .reason = REASON_HANDSHAKE_FRESH});
	r.in.wall += 86400000;
	PLAY(&r,
	     {10, 128, 128, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.wall -= 2 * 86400000LL;
	PLAY(&r,
	     {10, 128, 128, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {10, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.changes, 1);
	assert_int_equal(liveness_handshake_age(&r.l, r.in.now), 9000);
}

static void link_down_and_up(void **state)
{
	struct run r;

	begin(&r);
	PLAY(&r,
	     {30, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
	      .reason = REASON_HANDSHAKE_FRESH},
	     {30, 0, 0, .down = true, .state = TUNNEL_DOWN, .reason = REASON_INTERFACE_DOWN},
	     {1, 0, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {30, 32, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {1, 0, 0, .absent = true, .state = TUNNEL_DOWN, .reason = REASON_PEER_GONE});
}

/* Small thresholds, as tests use them: a tunnel with traffic both ways stays up all the same. */
static void small_thresholds(void **state)
{
	struct run r;

	begin(&r);
	r.c.stale_after = 10;
	r.c.probe = false;
	PLAY(&r,
	     {100, 96, 96, .handshake = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {4, 0, 96, .state = TUNNEL_DOWN, .reason = REASON_HANDSHAKE_STALE},
	     {1, 96, 96, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD},
	     {3, 96, 96, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
}

/* Up and in use: bytes both ways each second. */
static void begin_up(struct run *r)
{
	begin(r);
	PLAY(r, {10, 128, 128, .handshake = true, .probes = true, .state = TUNNEL_UP,
		 .reason = REASON_HANDSHAKE_FRESH});
}

/* BFD heard nothing, and neither did WireGuard: down at once, on hard evidence. */
static void bfd_expired(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence.bfd = BFD_SAYS_UP; /* its packets are bytes received */
	PLAY(&r, {10, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.evidence = (struct evidence){.bfd = BFD_SAYS_EXPIRED, .bfd_silent = r.in.now};
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_BFD_EXPIRED});
	assert_false(r.l.weak);
	PLAY(&r, {100, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_BFD_EXPIRED});
	r.in.evidence.bfd = BFD_SAYS_UP;
	PLAY(&r, {2, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD});
	assert_false(r.l.weak);
	PLAY(&r, {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.changes, 4);
}

/* The counters as read last say nothing yet when BFD is up again: its word alone is enough. A
 * second alarm within the hold waits for the rest of it. */
static void bfd_alarms(void **state)
{
	struct run r;

	begin_up(&r);
	for (int i = 0; i < 2; i++) {
		r.in.evidence = (struct evidence){.bfd = BFD_SAYS_EXPIRED, .bfd_silent = r.in.now};
		assert_true(liveness_update(&r.l, &r.c, &r.in));
		assert_int_equal(r.l.state, TUNNEL_DOWN);
		r.in.now += 3;
		r.in.evidence.bfd = BFD_SAYS_UP;
		assert_true(liveness_update(&r.l, &r.c, &r.in));
		assert_int_equal(r.l.state, i ? TUNNEL_DOWN : TUNNEL_DEGRADED);
		assert_int_equal(r.l.reason, REASON_UP_HOLD);
		r.in.now += 30;
	}
	PLAY(&r, {1, 128, 128, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD},
	     {5, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	/* Long enough that a probe was lost too. */
	r.in.evidence = (struct evidence){.bfd = BFD_SAYS_EXPIRED, .bfd_silent = r.in.now};
	PLAY(&r, {60, 0, 96, .state = TUNNEL_DOWN, .reason = REASON_BFD_EXPIRED});
	r.in.evidence.bfd = BFD_SAYS_UP;
	assert_true(liveness_update(&r.l, &r.c, &r.in));
	assert_int_equal(r.l.state, TUNNEL_DEGRADED);
	PLAY(&r, {1, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {5, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	/* Down for another reason: BFD, which never was down, is no argument. */
	r.in.evidence = (struct evidence){.bfd = BFD_SAYS_UP, .echo_dead = true};
	r.in.evidence.echo_silent = r.in.now;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_ECHO_UNANSWERED});
	r.in.evidence.echo_dead = false;
	PLAY(&r, {2, 128, 128, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD});
}

static void bfd_alarm(struct run *r)
{
	r->in.evidence = (struct evidence){.bfd = BFD_SAYS_EXPIRED, .bfd_silent = r->in.now};
	assert_true(liveness_update(&r->l, &r->c, &r->in));
	assert_int_equal(r->l.state, TUNNEL_DOWN);
	r->in.evidence.bfd = BFD_SAYS_UP;
	assert_true(liveness_update(&r->l, &r->c, &r->in));
}

/* When the hold after the first alarm is over the next one is a first one again. */
static void bfd_alarm_after_hold(void **state)
{
	struct run r;

	for (unsigned early = 0; early < 2; early++) {
		begin_up(&r);
		bfd_alarm(&r);
		assert_int_equal(r.l.state, TUNNEL_DEGRADED);
		r.in.now += r.c.up_hold - early;
		bfd_alarm(&r);
		assert_int_equal(r.l.state, early ? TUNNEL_DOWN : TUNNEL_DEGRADED);
	}
}

/* BFD that is up is not itself a sign of life: a reading between the tunnel's last byte and the
 * end of the detection time must not hide the silence. */
static void bfd_up_is_no_byte(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence.bfd = BFD_SAYS_UP;
	r.in.evidence.bfd_silent = r.in.now;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.evidence.bfd = BFD_SAYS_EXPIRED;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_BFD_EXPIRED});
}

/* The far end's BFD died, its WireGuard did not: another path is better, this one may carry. */
static void bfd_expired_but_bytes(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence = (struct evidence){.bfd = BFD_SAYS_EXPIRED, .bfd_silent = r.in.now};
	PLAY(&r, {5, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_BFD_EXPIRED});
	/* Then everything is silent: the data probe still finds out. */
	PLAY(&r, {14, 0, 0, .probes = true, .state = TUNNEL_DEGRADED, .reason = REASON_BFD_EXPIRED},
	     {7, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	assert_true(r.l.weak);
	/* Bytes again, BFD not: usable after the hold, not up. */
	PLAY(&r, {2, 128, 128, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD},
	     {9, 128, 128, .probes = true, .state = TUNNEL_DEGRADED, .reason = REASON_BFD_EXPIRED});
	/* The far end switched BFD off: it says nothing any more. */
	r.in.evidence.bfd = BFD_SAYS_ADMIN_DOWN;
	PLAY(&r, {2, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
}

/* The neighbour does not hear us: what we receive is no argument. */
static void bfd_signalled(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence.bfd = BFD_SAYS_SIGNALLED;
	PLAY(&r, {60, 128, 128, .state = TUNNEL_DOWN, .reason = REASON_BFD_SIGNALLED});
	assert_false(r.l.weak);
	r.in.evidence.bfd = BFD_SAYS_UP;
	PLAY(&r, {1, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {2, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
}

static void echo_unanswered(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence = (struct evidence){.echo_unanswered = true, .echo_silent = r.in.now};
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DEGRADED, .reason = REASON_ECHO_UNANSWERED});
	r.in.evidence.echo_dead = true;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_ECHO_UNANSWERED});
	assert_true(r.l.weak);
	r.in.evidence = (struct evidence){.echo_reply = r.in.now + 1};
	PLAY(&r, {2, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_UP_HOLD});
	assert_true(r.l.weak);
	PLAY(&r, {1, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	/* Somebody filters ICMP from now on. */
	r.in.evidence = (struct evidence){
		.echo_unanswered = true, .echo_dead = true, .echo_silent = r.in.now};
	PLAY(&r, {60, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_ECHO_UNANSWERED});
}

/* Hints and quality: degraded at once, never down, and up again after the hold. */
static void hints_degrade(void **state)
{
	static const struct {
		struct evidence evidence;
		enum reason reason;
	} cases[] = {
		{{.refused = true, .refused_silent = UINT64_MAX}, REASON_UNDERLAY_ERROR},
		{{.lossy = true}, REASON_LOSSY},
		{{.black_hole = true}, REASON_MTU_BLACK_HOLE},
	};
	struct run r;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_up(&r);
		r.in.evidence = cases[i].evidence;
		PLAY(&r, {60, 128, 128, .state = TUNNEL_DEGRADED, .reason = cases[i].reason});
		assert_false(r.l.weak);
		r.in.evidence = (struct evidence){0};
		PLAY(&r, {2, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
		     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
		assert_int_equal(r.l.changes, 3);
	}
}

/* Without a way to the endpoint it is degraded at once, and good at once with a way and a sign of
 * life, but not again and again; it is no flap. */
static void way_back_is_held_once(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence.underlay_down = true;
	PLAY(&r, {60, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UNDERLAY_DOWN});
	assert_false(r.l.weak);
	r.in.evidence.underlay_down = false;
	PLAY(&r, {1, 0, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.evidence.underlay_down = true;
	PLAY(&r, {1, 0, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UNDERLAY_DOWN});
	r.c.up_hold = 10000;
	r.in.evidence.underlay_down = false;
	PLAY(&r, {8, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	assert_int_equal(r.l.changes, 5);
	assert_int_equal(r.l.flaps, 0);
	/* Down meanwhile, since nothing came in: the same. */
	r.in.evidence.underlay_down = true;
	PLAY(&r,
	     {60, 0, 0, .probes = true, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
	r.in.evidence.underlay_down = false;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED},
	     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
}

/* ICMP errors may be forged: what is received after them has the last word. */
static void errors_are_contradicted(void **state)
{
	struct run r;

	begin_up(&r);
	r.in.evidence = (struct evidence){.refused = true, .refused_silent = r.in.now};
	PLAY(&r, {3, 0, 0, .state = TUNNEL_DEGRADED, .reason = REASON_UNDERLAY_ERROR},
	     {2, 128, 128, .state = TUNNEL_DEGRADED, .reason = REASON_UP_HOLD},
	     {1, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH},
	     {60, 128, 128, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
}

/* Between two readings nothing is known about bytes: the answer may be there. */
static void unread_is_not_unanswered(void **state)
{
	struct run r;

	begin_up(&r);
	PLAY(&r, {1, 128, 0, .probes = true, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.read = false;
	PLAY(&r, {60, 0, 0, .state = TUNNEL_UP, .reason = REASON_HANDSHAKE_FRESH});
	r.in.evidence.lossy = true;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DEGRADED, .reason = REASON_LOSSY});
	r.in.read = true;
	PLAY(&r, {1, 0, 0, .state = TUNNEL_DOWN, .reason = REASON_PROBE_UNANSWERED});
}

/* Bad each GOOD seconds for BAD seconds, found at once; moves away from and back to the tunnel. */
static unsigned flap(struct run *r, unsigned good, unsigned bad, unsigned seconds)
{
	unsigned moves = 0;
	bool was_up = r->l.state == TUNNEL_UP;

	for (unsigned t = 0; t < seconds; t++) {
		bool is_bad = t % (good + bad) >= good;
		bool up;

		r->in.evidence = (struct evidence){.bfd = is_bad ? BFD_SAYS_EXPIRED : BFD_SAYS_UP,
						   .bfd_silent = r->in.now + 1000};
		second(r, &(struct step){.rx = is_bad ? 0 : 128, .tx = 128, .handshake = !is_bad},
		       true);
		up = r->l.state == TUNNEL_UP;
		moves += up != was_up;
		was_up = up;
	}
	return moves;
}

static void flapper(void **state)
{
	struct run r;

	for (unsigned good = 1; good <= 20; good++) {
		begin_up(&r);
		r.c.up_hold_max = 60000;
		PLAY(&r, {120, 128, 128, .handshake = true, .state = TUNNEL_UP,
			  .reason = REASON_HANDSHAKE_FRESH});
		if (good == 2)
			assert_true(flap(&r, good, 2, 300) <= 6);
		else
			assert_true(flap(&r, good, 2, 300) <= 11);
		/* It may carry in between where nothing else does. */
		if (good > 3)
			assert_int_equal(flap(&r, good, 0, 4), 0);
		if (good > 3)
			assert_int_equal(r.l.state, TUNNEL_DEGRADED);
		/* Stable: up in the longest hold at the latest, and forgiven in the end. */
		r.in.evidence.bfd = BFD_SAYS_UP;
		PLAY(&r, {60, 128, 128, .handshake = true, .state = TUNNEL_UP,
			  .reason = REASON_HANDSHAKE_FRESH});
		for (int i = 0; i < 10; i++)
			PLAY(&r, {100, 128, 128, .handshake = true, .state = TUNNEL_UP,
				  .reason = REASON_HANDSHAKE_FRESH});
		r.in.evidence.bfd = BFD_SAYS_SIGNALLED;
		PLAY(&r, {1, 128, 128, .state = TUNNEL_DOWN, .reason = REASON_BFD_SIGNALLED});
		assert_int_equal(liveness_hold(&r.l, &r.c), r.c.up_hold);
	}
}

static unsigned seed;

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static bool is_hard(enum reason r)
{
	return r == REASON_BFD_SIGNALLED || r == REASON_INTERFACE_DOWN || r == REASON_PEER_GONE;
}

/* Whatever happens: each change is told and has a reason, bytes keep a tunnel from being down
 * unless the evidence is hard, and down is weak exactly where silence or age alone said so. */
static void random_evidence(void **state)
{
	struct run r;

	begin(&r);
	r.c.up_hold_max = 30000;
	for (unsigned i = 0; i < 300000; i++) {
		struct step s = {.rx = rnd(3) ? 0 : 100,
				 .tx = rnd(3) ? 0 : 96,
				 .handshake = rnd(100) == 0,
				 .probes = true,
				 .down = rnd(200) == 0,
				 .absent = rnd(200) == 0};
		struct evidence *e = &r.in.evidence;
		struct liveness before = r.l;
		unsigned told = r.changes;
		bool changed;

		if (rnd(10) == 0)
			*e = (struct evidence){.bfd = rnd(BFD_SAYS_ADMIN_DOWN + 1),
					       .bfd_silent = r.in.now - rnd(2000),
					       .echo_unanswered = rnd(4) == 0,
					       .echo_dead = rnd(8) == 0,
					       .echo_silent = r.in.now - rnd(2000),
					       .underlay_down = rnd(4) == 0,
					       .refused = rnd(4) == 0,
					       .refused_silent = r.in.now - rnd(3000),
					       .lossy = rnd(4) == 0,
					       .black_hole = rnd(4) == 0};
		if (rnd(5) == 0)
			s.rx = s.tx = 0;
		second(&r, &s, s.handshake);
		changed = r.l.state != before.state || r.l.reason != before.reason;
		assert_int_equal(changed, r.changes != told);
		assert_int_not_equal(r.l.reason, REASON_NONE);
		if (r.l.state != before.state)
			assert_int_equal(r.l.since, r.in.now);
		if (s.rx && before.state != TUNNEL_DOWN && r.l.state == TUNNEL_DOWN &&
		    !is_hard(r.l.reason))
			fail_msg("down by %s while bytes arrive", reason_name(r.l.reason));
		if (r.l.weak)
			assert_int_equal(r.l.state, TUNNEL_DOWN);
		if (is_hard(r.l.reason) || r.l.reason == REASON_BFD_EXPIRED)
			assert_false(r.l.weak);
		assert_true(liveness_hold(&r.l, &r.c) <= r.c.up_hold_max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_until_handshake),
		cmocka_unit_test(rekeyed_is_down_until_handshake),
		cmocka_unit_test(void_handshake_is_none),
		cmocka_unit_test(traffic_keeps_it_up),
		cmocka_unit_test(stale_after_sending),
		cmocka_unit_test(ends),
		cmocka_unit_test(stale_after_unanswered_data),
		cmocka_unit_test(stale_after_late_data),
		cmocka_unit_test(silence_is_dated),
		cmocka_unit_test(silence_in_a_reading),
		cmocka_unit_test(initiations_are_no_life),
		cmocka_unit_test(silence_is_idle),
		cmocka_unit_test(keepalives_are_use),
		cmocka_unit_test(thresholds_are_exact),
		cmocka_unit_test(idle_then_dead),
		cmocka_unit_test(probe_unanswered),
		cmocka_unit_test(unanswered_data),
		cmocka_unit_test(cut_is_found_in_time),
		cmocka_unit_test(late_answers_suffice),
		cmocka_unit_test(hysteresis),
		cmocka_unit_test(restart_trusts_the_handshake),
		cmocka_unit_test(successor_asks_first),
		cmocka_unit_test(clock_steps),
		cmocka_unit_test(link_down_and_up),
		cmocka_unit_test(small_thresholds),
		cmocka_unit_test(bfd_expired),
		cmocka_unit_test(bfd_alarms),
		cmocka_unit_test(bfd_alarm_after_hold),
		cmocka_unit_test(bfd_up_is_no_byte),
		cmocka_unit_test(bfd_expired_but_bytes),
		cmocka_unit_test(bfd_signalled),
		cmocka_unit_test(echo_unanswered),
		cmocka_unit_test(hints_degrade),
		cmocka_unit_test(way_back_is_held_once),
		cmocka_unit_test(errors_are_contradicted),
		cmocka_unit_test(unread_is_not_unanswered),
		cmocka_unit_test(flapper),
		cmocka_unit_test(random_evidence),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
