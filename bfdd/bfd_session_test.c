/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_session: two machines against each other over a simulated wire (delay, loss, reordering),
 * and single packets against one machine. Time is simulated; random runs print their seed,
 * WGBGP_SEED repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bfd_session.h"
#include "testing.h"
#include "util.h"

#define MS 1000ull
#define S (1000 * MS)
#define FLYING 64
#define NEWS_MAX 64

struct flight {
	uint64_t at; /* arrives; 0: free */
	unsigned to;
	struct bfd_packet p;
};

struct sim {
	uint64_t now;
	struct bfd_session s[2];
	bool there[2];	  /* the machine runs */
	unsigned loss[2]; /* percent, of what goes to it */
	uint64_t delay, jitter;
	struct flight flights[FLYING];
	enum bfd_news news[2][NEWS_MAX];
	unsigned n_news[2];
	uint64_t news_at[2];
	unsigned sent[2];
	uint64_t shortest[2], longest[2], last_sent[2]; /* between packets */
};

static unsigned seed;

static const struct bfd_params fast = {50000, 50000, 3, false};

static void begin(struct sim *sim, const struct bfd_params *a, const struct bfd_params *b)
{
	memset(sim, 0, sizeof(*sim));
	sim->now = 10 * S;
	sim->delay = 5 * MS;
	sim->there[0] = sim->there[1] = true;
	bfd_session_init(&sim->s[0], a, 0xa0, 7, sim->now);
	bfd_session_init(&sim->s[1], b, 0xb0, 9, sim->now);
}

static void post(struct sim *sim, unsigned from, const struct bfd_packet *p)
{
	uint64_t gap = sim->now - sim->last_sent[from];

	sim->sent[from]++;
	if (sim->last_sent[from] && !p->final) {
		sim->shortest[from] = gap < sim->shortest[from] ? gap : sim->shortest[from];
		sim->longest[from] = gap > sim->longest[from] ? gap : sim->longest[from];
	}
	if (!p->final)
		sim->last_sent[from] = sim->now;
	if ((unsigned)(rand_r(&seed) % 100) < sim->loss[!from])
		return;
	for (int i = 0; i < FLYING; i++) {
		if (sim->flights[i].at)
			continue;
		sim->flights[i] =
			(struct flight){.at = sim->now + sim->delay, .to = !from, .p = *p};
		if (sim->jitter)
			sim->flights[i].at += rand_r(&seed) % sim->jitter;
		return;
	}
	fail_msg("the wire is full");
}

static void take(struct sim *sim, unsigned who, const struct bfd_out *out)
{
	if (out->tell) {
		assert_true(sim->n_news[who] < NEWS_MAX);
		sim->news[who][sim->n_news[who]++] = out->news;
		sim->news_at[who] = sim->now;
	}
	if (out->send)
		post(sim, who, &out->packet);
}

static void deliver(struct sim *sim, struct flight *f)
{
	struct bfd_session *s = &sim->s[f->to];
	struct bfd_packet p = f->p;
	struct bfd_out out;

	f->at = 0;
	if (!sim->there[f->to] || (p.your_discr && p.your_discr != s->local_discr))
		return;
	if (!p.your_discr && p.state != BFD_DOWN && p.state != BFD_ADMIN_DOWN)
		return;
	assert_true(bfd_session_receive(s, &p, sim->now, &out));
	take(sim, f->to, &out);
}

static uint64_t next(const struct sim *sim)
{
	uint64_t at = BFD_NEVER;

	for (unsigned i = 0; i < 2; i++)
		if (sim->there[i] && bfd_session_next(&sim->s[i]) < at)
			at = bfd_session_next(&sim->s[i]);
	for (int i = 0; i < FLYING; i++)
		if (sim->flights[i].at && sim->flights[i].at < at)
			at = sim->flights[i].at;
	return at;
}

static void run(struct sim *sim, uint64_t us)
{
	uint64_t end = sim->now + us, at;

	while ((at = next(sim)) <= end) {
		sim->now = at > sim->now ? at : sim->now;
		for (int i = 0; i < FLYING; i++)
			if (sim->flights[i].at && sim->flights[i].at <= sim->now)
				deliver(sim, &sim->flights[i]);
		for (unsigned i = 0; i < 2; i++) {
			struct bfd_out out;

			if (!sim->there[i] || bfd_session_next(&sim->s[i]) > sim->now)
				continue;
			bfd_session_tick(&sim->s[i], sim->now, &out);
			assert_true(bfd_session_next(&sim->s[i]) > sim->now);
			take(sim, i, &out);
		}
	}
	sim->now = end;
}

static void both_up(struct sim *sim)
{
	run(sim, 5 * S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sim->s[i].state, BFD_UP);
		assert_int_equal(sim->s[i].remote_state, BFD_UP);
		assert_int_equal(sim->n_news[i], 1);
		assert_int_equal(sim->news[i][0], BFD_NEWS_UP);
		assert_false(sim->s[i].polling);
		sim->n_news[i] = 0;
	}
}

static void forget_gaps(struct sim *sim)
{
	for (unsigned i = 0; i < 2; i++) {
		sim->shortest[i] = BFD_NEVER;
		sim->longest[i] = sim->last_sent[i] = 0;
	}
}

static void comes_up(void **state)
{
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	assert_int_equal(sim.s[0].remote_discr, 0xb0);
	assert_int_equal(bfd_session_tx_interval(&sim.s[0]), 50000);
	assert_int_equal(bfd_session_detection(&sim.s[0]), 150000);
	assert_int_equal(sim.s[0].diag, BFD_DIAG_NONE);
	/* AdminDown, Down, Init or Up: at once where the state changes, no second is waited out. */
	begin(&sim, &fast, &fast);
	run(&sim, 200 * MS);
	assert_int_equal(sim.s[0].state, BFD_UP);
	assert_int_equal(sim.s[1].state, BFD_UP);
}

static void slow_while_not_up(void **state)
{
	struct sim sim;

	begin(&sim, &fast, &fast);
	sim.there[1] = false;
	run(&sim, 1 * S);
	forget_gaps(&sim);
	run(&sim, 60 * S);
	assert_true(sim.shortest[0] >= 750 * MS && sim.longest[0] <= 1000 * MS);
	assert_int_equal(sim.s[0].desired_tx, BFD_SLOW_US);
	assert_int_equal(sim.s[0].state, BFD_DOWN);
	assert_int_equal(sim.n_news[0], 0);
}

static void jitter(void **state)
{
	struct bfd_params one = {50000, 50000, 1, false};
	struct sim sim;

	begin(&sim, &fast, &one);
	sim.delay = 1 * MS;
	both_up(&sim);
	forget_gaps(&sim);
	run(&sim, 60 * S);
	assert_true(sim.shortest[0] >= 37500 && sim.shortest[0] < 39 * MS);
	assert_true(sim.longest[0] <= 50 * MS && sim.longest[0] > 49 * MS);
	assert_true(sim.shortest[1] >= 37500 && sim.longest[1] <= 45 * MS);
	assert_int_equal(sim.n_news[0] + sim.n_news[1], 0);
}

/* Each end's own multiplier, and the slower of what one sends and the other takes. */
static void detection_times(void **state)
{
	struct bfd_params a = {20000, 100000, 5, false}, b = {60000, 40000, 2, false};
	struct sim sim;

	begin(&sim, &a, &b);
	both_up(&sim);
	assert_int_equal(bfd_session_tx_interval(&sim.s[0]), 40000);
	assert_int_equal(bfd_session_detection(&sim.s[1]), 5 * 40000);
	assert_int_equal(bfd_session_tx_interval(&sim.s[1]), 100000);
	assert_int_equal(bfd_session_detection(&sim.s[0]), 2 * 100000);
}

static void silence(void **state)
{
	struct sim sim;
	uint64_t heard;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	sim.loss[0] = sim.loss[1] = 100;
	heard = sim.s[0].heard_at;
	run(&sim, 1 * S);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sim.n_news[i], 2);
		assert_int_equal(sim.news[i][0], BFD_NEWS_SUSPECT);
		assert_int_equal(sim.news[i][1], BFD_NEWS_EXPIRED);
		assert_int_equal(sim.s[i].state, BFD_DOWN);
		assert_int_equal(sim.s[i].diag, BFD_DIAG_EXPIRED);
		assert_int_equal(sim.s[i].remote_discr, 0);
		assert_int_equal(sim.s[i].standing, BFD_NEWS_EXPIRED);
	}
	assert_true(sim.news_at[0] <= heard + 155 * MS + 5 * MS);
	sim.loss[0] = sim.loss[1] = 0;
	sim.n_news[0] = sim.n_news[1] = 0;
	both_up(&sim);
}

/* One way only: who hears nothing says Down, and the other believes it. */
static void one_way(void **state)
{
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	sim.loss[0] = 100;
	run(&sim, 300 * MS);
	assert_int_equal(sim.news[0][sim.n_news[0] - 1], BFD_NEWS_EXPIRED);
	assert_int_equal(sim.n_news[1], 1);
	assert_int_equal(sim.news[1][0], BFD_NEWS_SIGNALLED);
	assert_int_equal(sim.s[1].diag, BFD_DIAG_SIGNALLED);
	assert_int_equal(sim.s[1].remote_diag, BFD_DIAG_EXPIRED);
	run(&sim, 60 * S);
	assert_int_not_equal(sim.s[0].state, BFD_UP);
	assert_int_not_equal(sim.s[1].state, BFD_UP);
	assert_int_equal(sim.n_news[1], 1);
}

/* A machine that begins anew tells the other that nothing is wrong with the path. */
static void restart(void **state)
{
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	bfd_session_init(&sim.s[0], &fast, 0xa1, 3, sim.now);
	run(&sim, 5 * S);
	assert_int_equal(sim.n_news[1], 2);
	assert_int_equal(sim.news[1][0], BFD_NEWS_ADMIN_DOWN);
	assert_int_equal(sim.news[1][1], BFD_NEWS_UP);
	assert_int_equal(sim.n_news[0], 1);
	assert_int_equal(sim.news[0][0], BFD_NEWS_UP);
	assert_int_equal(sim.s[1].remote_discr, 0xa1);
}

static void ends(void **state)
{
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	bfd_session_disable(&sim.s[0], sim.now);
	assert_false(bfd_session_ended(&sim.s[0]));
	sim.sent[0] = 0;
	run(&sim, 1 * S);
	assert_true(bfd_session_ended(&sim.s[0]));
	assert_int_equal(bfd_session_next(&sim.s[0]), BFD_NEVER);
	assert_int_equal(sim.sent[0], 2);
	run(&sim, 60 * S); /* silence afterwards is no news */
	assert_int_equal(sim.n_news[1], 1);
	assert_int_equal(sim.news[1][0], BFD_NEWS_ADMIN_DOWN);
	assert_int_equal(sim.s[1].standing, BFD_NEWS_ADMIN_DOWN);
	assert_int_equal(sim.s[1].state, BFD_DOWN);
}

static void passive(void **state)
{
	struct bfd_params quiet = fast;
	struct sim sim;

	quiet.passive = true;
	begin(&sim, &quiet, &quiet);
	run(&sim, 60 * S);
	assert_int_equal(sim.sent[0] + sim.sent[1], 0);
	begin(&sim, &quiet, &fast);
	run(&sim, 50 * MS);
	assert_int_equal(sim.sent[0], 0);
	both_up(&sim);
}

/* Other timers while Up: the slower pace begins when the far end has agreed, nothing is lost. */
static void reconfigure(void **state)
{
	struct bfd_params slower = {200000, 200000, 3, false};
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	bfd_session_configure(&sim.s[0], &slower, sim.now);
	assert_true(sim.s[0].polling);
	assert_int_equal(bfd_session_tx_interval(&sim.s[0]), 50000);
	assert_int_equal(sim.s[0].used_rx, 200000);
	run(&sim, 2 * S);
	assert_false(sim.s[0].polling);
	assert_int_equal(bfd_session_tx_interval(&sim.s[0]), 200000);
	assert_int_equal(bfd_session_detection(&sim.s[1]), 600000);
	assert_int_equal(bfd_session_detection(&sim.s[0]), 600000);
	bfd_session_configure(&sim.s[0], &fast, sim.now);
	assert_int_equal(bfd_session_tx_interval(&sim.s[0]), 50000); /* faster: at once */
	assert_int_equal(sim.s[0].used_rx, 200000); /* what we ask: when he has agreed */
	run(&sim, 2 * S);
	assert_int_equal(bfd_session_detection(&sim.s[0]), 150000);
	assert_int_equal(sim.n_news[0] + sim.n_news[1], 0);
	assert_int_equal(sim.s[0].transitions + sim.s[1].transitions, 6);
}

/* Slept through the end of the detection time: it goes on where it was, for an interval at least,
 * and only once. */
static void slept(void **state)
{
	struct sim sim;
	struct bfd_out out;
	uint64_t woke, left;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	left = sim.s[0].expire_at - bfd_session_next(&sim.s[0]);
	woke = sim.s[0].expire_at + 400 * MS;
	bfd_session_tick(&sim.s[0], woke, &out);
	assert_int_equal(sim.s[0].state, BFD_UP);
	assert_true(out.tell && out.news == BFD_NEWS_SUSPECT);
	assert_int_equal(sim.s[0].expire_at, woke + (left > 50 * MS ? left : 50 * MS));
	bfd_session_tick(&sim.s[0], woke + 49 * MS, &out);
	assert_int_equal(sim.s[0].state, BFD_UP);
	bfd_session_tick(&sim.s[0], woke + 200 * MS, &out);
	assert_int_equal(sim.s[0].state, BFD_DOWN);
	assert_true(out.tell && out.news == BFD_NEWS_EXPIRED);
}

/* Stood still for a while long before the end of the detection time: that while does not count. */
static void stood_still(void **state)
{
	struct sim sim;
	struct bfd_out out;
	uint64_t end, due;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	end = sim.s[0].expire_at;
	due = bfd_session_next(&sim.s[0]);
	bfd_session_tick(&sim.s[0], due + MS, &out); /* as late as a timer may be */
	assert_int_equal(sim.s[0].expire_at, end);
	due = bfd_session_next(&sim.s[0]);
	bfd_session_tick(&sim.s[0], due + 20 * MS, &out);
	end += 20 * MS;
	assert_int_equal(sim.s[0].expire_at, end);
	bfd_session_configure(&sim.s[0], &fast, due + 20 * MS); /* a new wgd names it again */
	assert_int_equal(sim.s[0].expire_at, end);
	while ((due = bfd_session_next(&sim.s[0])) < end) /* on time */
		bfd_session_tick(&sim.s[0], due, &out);
	assert_int_equal(sim.s[0].state, BFD_UP);
	bfd_session_tick(&sim.s[0], end, &out);
	assert_int_equal(sim.s[0].state, BFD_DOWN);
}

/* Late at each tick: the far end's silence is found all the same. */
static void always_late(void **state)
{
	struct sim sim;
	struct bfd_out out;
	uint64_t end;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	end = sim.s[0].expire_at + 550 * MS;
	while (sim.s[0].state == BFD_UP) {
		uint64_t now = bfd_session_next(&sim.s[0]) + 20 * MS;

		assert_true(now < end);
		bfd_session_tick(&sim.s[0], now, &out);
	}
}

/* We slept, the far end took us for dead: it says nothing about the path. */
static void excused(void **state)
{
	struct bfd_out out;
	struct sim sim;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	sim.there[0] = false; /* it sleeps */
	run(&sim, 500 * MS);
	assert_int_equal(sim.news[1][sim.n_news[1] - 1], BFD_NEWS_EXPIRED);
	sim.there[0] = true;
	bfd_session_tick(&sim.s[0], sim.now, &out); /* awake: not expired at once */
	take(&sim, 0, &out);
	run(&sim, 3 * S);
	for (unsigned i = 0; i < sim.n_news[0]; i++)
		assert_int_not_equal(sim.news[0][i], BFD_NEWS_SIGNALLED);
	assert_int_equal(sim.s[0].state, BFD_UP);
	assert_int_equal(sim.s[0].standing, BFD_NEWS_UP);
	assert_int_equal(sim.s[1].state, BFD_UP);
}

static struct bfd_packet packet(const struct sim *sim, enum bfd_state state)
{
	return (struct bfd_packet){.state = state,
				   .multiplier = 3,
				   .my_discr = 0xb0,
				   .your_discr = 0xa0,
				   .desired_tx = 50000,
				   .required_rx = 50000};
}

static void answers_polls(void **state)
{
	struct sim sim;
	struct bfd_packet p;
	struct bfd_out out;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	p = packet(&sim, BFD_UP);
	p.poll = true;
	assert_true(bfd_session_receive(&sim.s[0], &p, sim.now, &out));
	assert_true(out.send && out.packet.final && !out.packet.poll && out.packet.independent);
	p.poll = false;
	assert_true(bfd_session_receive(&sim.s[0], &p, sim.now, &out));
	assert_false(out.send);
}

static void refuses_authentication(void **state)
{
	struct sim sim;
	struct bfd_packet p;
	struct bfd_out out;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	p = packet(&sim, BFD_DOWN);
	p.auth = true;
	assert_false(bfd_session_receive(&sim.s[0], &p, sim.now, &out));
	assert_int_equal(sim.s[0].state, BFD_UP);
}

/* 0: "do not send"; demand mode: "do not send while we are both Up". */
static void told_to_be_silent(void **state)
{
	struct sim sim;
	struct bfd_packet p;
	struct bfd_out out;

	begin(&sim, &fast, &fast);
	both_up(&sim);
	p = packet(&sim, BFD_UP);
	p.required_rx = 0;
	sim.there[1] = false;
	for (int i = 0; i < 20; i++) {
		bfd_session_receive(&sim.s[0], &p, sim.now, &out);
		sim.sent[0] = i < 2 ? 0 : sim.sent[0];
		run(&sim, 50 * MS);
	}
	assert_int_equal(sim.sent[0], 0);
	p.required_rx = 50000;
	p.demand = true;
	for (int i = 0; i < 20; i++) {
		bfd_session_receive(&sim.s[0], &p, sim.now, &out);
		sim.sent[0] = i < 2 ? 0 : sim.sent[0];
		run(&sim, 50 * MS);
	}
	assert_int_equal(sim.sent[0], 0);
	run(&sim, 3 * S); /* he fell silent: speak again */
	assert_int_equal(sim.s[0].state, BFD_DOWN);
	assert_true(sim.sent[0] > 1);
}

/* Loss, delay beyond the interval and reordering: it comes up, whatever happens; what it says of
 * itself stays consistent; when the wire is good again it is Up and stays Up. */
static void bad_wire(void **state)
{
	for (int round = 0; round < 200; round++) {
		struct bfd_params a = {10000u * (1 + rand_r(&seed) % 30),
				       10000u * (1 + rand_r(&seed) % 30),
				       (uint8_t)(1 + rand_r(&seed) % 5), false};
		struct bfd_params b = {10000u * (1 + rand_r(&seed) % 30),
				       10000u * (1 + rand_r(&seed) % 30),
				       (uint8_t)(1 + rand_r(&seed) % 5), rand_r(&seed) % 4 == 0};
		struct sim sim;

		begin(&sim, &a, &b);
		sim.delay = rand_r(&seed) % (20 * MS);
		sim.jitter = rand_r(&seed) % (60 * MS);
		for (int i = 0; i < 20; i++) {
			sim.loss[0] = rand_r(&seed) % 60;
			sim.loss[1] = rand_r(&seed) % 60;
			run(&sim, 500 * MS);
			sim.n_news[0] = sim.n_news[1] = 0;
		}
		sim.loss[0] = sim.loss[1] = 0;
		sim.jitter = 0;
		run(&sim, 10 * S);
		sim.n_news[0] = sim.n_news[1] = 0;
		run(&sim, 10 * S);
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(sim.s[i].state, BFD_UP);
			assert_int_equal(sim.n_news[i], 0);
			assert_false(sim.s[i].polling);
			assert_int_equal(sim.s[i].used_tx, sim.s[i].conf.tx_us);
			assert_int_equal(sim.s[i].used_rx, sim.s[i].conf.rx_us);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_up),
		cmocka_unit_test(slow_while_not_up),
		cmocka_unit_test(jitter),
		cmocka_unit_test(detection_times),
		cmocka_unit_test(silence),
		cmocka_unit_test(one_way),
		cmocka_unit_test(restart),
		cmocka_unit_test(ends),
		cmocka_unit_test(passive),
		cmocka_unit_test(reconfigure),
		cmocka_unit_test(slept),
		cmocka_unit_test(stood_still),
		cmocka_unit_test(always_late),
		cmocka_unit_test(answers_polls),
		cmocka_unit_test(told_to_be_silent),
		cmocka_unit_test(refuses_authentication),
		cmocka_unit_test(excused),
		cmocka_unit_test(bad_wire),
	};

	seed = test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
