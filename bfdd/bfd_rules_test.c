/* SPDX-License-Identifier: BSD-2-Clause */
/* One session by the letter: what each state of the far end makes of each of ours, what is sent,
 * and when: every time to the microsecond where it does not vary, both ends where it does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bfd_session.h"
#include "util.h"

#define MS 1000ull
#define S 1000000ull
#define START (1000 * S)

static const struct bfd_params usual = {50000, 60000, 3, false};
static struct bfd_session s;
static struct bfd_out out;
static uint64_t now;

static struct bfd_packet packet(enum bfd_state state)
{
	return (struct bfd_packet){.state = state,
				   .multiplier = 4,
				   .my_discr = 0xb0,
				   .your_discr = 0xa0,
				   .desired_tx = 40000,
				   .required_rx = 30000};
}

static void hear(const struct bfd_packet *p)
{
	assert_true(bfd_session_receive(&s, p, now, &out));
}

static void hear_state(enum bfd_state state)
{
	struct bfd_packet p = packet(state);

	hear(&p);
}

static void begin_with(const struct bfd_params *conf)
{
	now = START;
	bfd_session_init(&s, conf, 0xa0, 7, now);
}

/* As AdminDown is over: Down. */
static void begin_down(const struct bfd_params *conf)
{
	begin_with(conf);
	while (s.state == BFD_ADMIN_DOWN) {
		now = bfd_session_next(&s);
		bfd_session_tick(&s, now, &out);
	}
	assert_int_equal(s.state, BFD_DOWN);
}

static void begin_up(const struct bfd_params *conf)
{
	begin_down(conf);
	hear_state(BFD_INIT);
	assert_int_equal(s.state, BFD_UP);
	assert_true(out.tell && out.news == BFD_NEWS_UP);
}

static void begin_in(enum bfd_state state)
{
	if (state == BFD_ADMIN_DOWN)
		begin_with(&usual);
	else if (state == BFD_UP)
		begin_up(&usual);
	else
		begin_down(&usual);
	if (state == BFD_INIT)
		hear_state(BFD_DOWN);
	assert_int_equal(s.state, state);
}

/* RFC 5880 section 6.8.6. NEWS: what is told, -1 nothing. */
static void state_table(void **state)
{
	static const struct {
		enum bfd_state ours, theirs, then;
		enum bfd_diag diag;
		int news;
	} rows[] = {
		{BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_NONE, -1},
		{BFD_ADMIN_DOWN, BFD_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_NONE, -1},
		{BFD_ADMIN_DOWN, BFD_INIT, BFD_ADMIN_DOWN, BFD_DIAG_NONE, -1},
		{BFD_ADMIN_DOWN, BFD_UP, BFD_ADMIN_DOWN, BFD_DIAG_NONE, -1},
		{BFD_DOWN, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NONE, BFD_NEWS_ADMIN_DOWN},
		{BFD_DOWN, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE, -1},
		{BFD_DOWN, BFD_INIT, BFD_UP, BFD_DIAG_NONE, BFD_NEWS_UP},
		{BFD_DOWN, BFD_UP, BFD_DOWN, BFD_DIAG_NONE, -1},
		{BFD_INIT, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_SIGNALLED, BFD_NEWS_ADMIN_DOWN},
		{BFD_INIT, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE, -1},
		{BFD_INIT, BFD_INIT, BFD_UP, BFD_DIAG_NONE, BFD_NEWS_UP},
		{BFD_INIT, BFD_UP, BFD_UP, BFD_DIAG_NONE, BFD_NEWS_UP},
		{BFD_UP, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_SIGNALLED, BFD_NEWS_ADMIN_DOWN},
		{BFD_UP, BFD_DOWN, BFD_DOWN, BFD_DIAG_SIGNALLED, BFD_NEWS_SIGNALLED},
		{BFD_UP, BFD_INIT, BFD_UP, BFD_DIAG_NONE, -1},
		{BFD_UP, BFD_UP, BFD_UP, BFD_DIAG_NONE, -1},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t before;
		bool changes = rows[i].ours != rows[i].then;

		begin_in(rows[i].ours);
		before = s.transitions;
		now += 3 * MS;
		hear_state(rows[i].theirs);
		if (s.state != rows[i].then || s.diag != rows[i].diag ||
		    (out.tell ? out.news : -1) != rows[i].news || out.send)
			fail_msg("row %u: state %u, diag %u, news %d", i, s.state, s.diag,
				 out.tell ? out.news : -1);
		assert_int_equal(s.transitions, before + changes);
		assert_int_equal(s.remote_state, rows[i].theirs);
		assert_int_equal(s.up_since, s.state != BFD_UP ? 0 : changes ? now : s.up_since);
		assert_int_equal(s.up_since != 0, s.state == BFD_UP);
		/* It is said at once. */
		if (changes)
			assert_true(s.tx_at == now);
		/* The same again changes nothing more, but where a Down follows a Down. */
		if (rows[i].theirs == BFD_UP) {
			hear_state(rows[i].theirs);
			assert_false(out.tell);
		}
	}
}

static void expect_sent(const struct bfd_packet *want)
{
	assert_true(out.send);
	if (memcmp(&out.packet, want, sizeof(*want)) != 0)
		fail_msg("state %u diag %u poll %d final %d independent %d: tx %u rx %u",
			 out.packet.state, out.packet.diag, out.packet.poll, out.packet.final,
			 out.packet.independent, out.packet.desired_tx, out.packet.required_rx);
}

static void tick(uint64_t at)
{
	now = at;
	bfd_session_tick(&s, now, &out);
}

static void what_is_sent(void **state)
{
	struct bfd_packet want = {.state = BFD_ADMIN_DOWN,
				  .independent = true,
				  .multiplier = 3,
				  .my_discr = 0xa0,
				  .desired_tx = 1000000,
				  .required_rx = 60000};
	struct bfd_packet p = packet(BFD_UP);

	/* AdminDown twice within a tenth of a second, then Down. */
	begin_with(&usual);
	assert_true(bfd_session_next(&s) == START);
	tick(START);
	expect_sent(&want);
	assert_true(bfd_session_next(&s) == START + 50 * MS);
	tick(START + 50 * MS - 1);
	assert_false(out.send);
	tick(START + 50 * MS);
	expect_sent(&want);
	assert_true(bfd_session_next(&s) == START + 100 * MS);
	tick(START + 100 * MS - 1);
	assert_false(out.send);
	tick(START + 100 * MS);
	want.state = BFD_DOWN;
	expect_sent(&want);
	assert_false(out.tell);
	hear_state(BFD_DOWN);
	tick(now);
	want.state = BFD_INIT;
	want.your_discr = 0xb0;
	expect_sent(&want);
	hear_state(BFD_UP);
	tick(now);
	want.state = BFD_UP; /* with the pace that is configured, which is polled */
	want.desired_tx = 50000;
	want.poll = true;
	expect_sent(&want);
	assert_int_equal(s.tx_packets, 5);
	assert_int_equal(s.rx_packets, 2);
	/* The answer to a poll of his; ours goes on. */
	p.poll = true;
	hear(&p);
	want.poll = false;
	want.final = true;
	expect_sent(&want);
	tick(bfd_session_next(&s));
	want.poll = true;
	want.final = false;
	expect_sent(&want);
	p.poll = false;
	p.final = true;
	hear(&p);
	assert_false(out.send);
	tick(bfd_session_next(&s));
	want.poll = false;
	expect_sent(&want);
	/* The end: AdminDown, twice, and then nothing. */
	bfd_session_disable(&s, now);
	assert_false(bfd_session_ended(&s));
	tick(now);
	want.state = BFD_ADMIN_DOWN;
	want.diag = BFD_DIAG_ADMIN_DOWN;
	want.independent = false;
	want.desired_tx = 1000000;
	expect_sent(&want);
	tick(now + 50 * MS);
	expect_sent(&want);
	bfd_session_disable(&s, now); /* again: nothing */
	tick(now + 50 * MS - 1);
	assert_false(out.send || bfd_session_ended(&s));
	tick(now + 1);
	assert_false(out.send);
	assert_true(bfd_session_ended(&s));
	assert_true(bfd_session_next(&s) == BFD_NEVER);
}

/* The times between two packets: 75 to 100 % of the slower of both, 90 with a multiplier of 1. */
static void jitter(void **state)
{
	static const struct {
		struct bfd_params conf;
		uint32_t their_rx;
		uint64_t least, most;
	} rows[] = {
		{{50000, 60000, 3, false}, 30000, 37500, 50000},
		{{50000, 60000, 1, false}, 30000, 37500, 45000},
		{{20000, 60000, 2, false}, 300000, 225000, 300000},
		{{20000, 60000, 1, false}, 300000, 225000, 270000},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t least = BFD_NEVER, most = 0, before = 0;
		struct bfd_packet p = packet(BFD_UP);

		p.required_rx = rows[i].their_rx;
		begin_up(&rows[i].conf);
		p.final = true;
		hear(&p);
		for (int n = 0; n < 4000; n++) {
			hear(&p);
			now = s.tx_at;
			bfd_session_tick(&s, now, &out);
			assert_true(out.send);
			if (n > 2) {
				least = now - before < least ? now - before : least;
				most = now - before > most ? now - before : most;
			}
			before = now;
		}
		assert_true(least >= rows[i].least && least < rows[i].least + rows[i].least / 100);
		assert_true(most <= rows[i].most && most > rows[i].most - rows[i].most / 100);
		assert_int_equal(bfd_session_tx_interval(&s), rows[i].their_rx > rows[i].conf.tx_us
								      ? rows[i].their_rx
								      : rows[i].conf.tx_us);
	}
}

/* Silence: suspicion at two thirds of the detection time, or shortly before a packet is missed
 * where there is no more time; then the end. */
static void silence(void **state)
{
	static const struct {
		uint32_t our_rx, their_tx;
		uint8_t multiplier;
		uint64_t suspect, expire;
	} rows[] = {
		{50000, 50000, 3, 100000, 150000},	 {50000, 20000, 3, 100000, 150000},
		{20000, 50000, 3, 100000, 150000},	 {50000, 50000, 1, 47500, 50000},
		{100000, 1, 2, 133333, 200000},		 {60000, 40000, 255, 10200000, 15300000},
		{1000000, 1000000, 5, 3333333, 5000000},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bfd_params conf = {50000, rows[i].our_rx, 3, false};
		struct bfd_packet p = packet(BFD_UP);
		uint64_t heard;

		begin_up(&conf);
		p.final = true;
		p.multiplier = rows[i].multiplier;
		p.desired_tx = rows[i].their_tx;
		hear(&p);
		heard = now;
		assert_int_equal(bfd_session_detection(&s), rows[i].expire);
		while (bfd_session_next(&s) < heard + rows[i].suspect) {
			tick(bfd_session_next(&s));
			assert_false(out.tell);
		}
		assert_false(bfd_session_overdue(&s, heard + rows[i].suspect - 1));
		assert_true(bfd_session_overdue(&s, heard + rows[i].suspect));
		if (bfd_session_next(&s) != heard + rows[i].suspect)
			fail_msg("row %u: suspect after %d", i,
				 (int)(bfd_session_next(&s) - heard));
		tick(heard + rows[i].suspect);
		assert_true(out.tell && out.news == BFD_NEWS_SUSPECT);
		assert_int_equal(s.standing, BFD_NEWS_UP);
		assert_false(bfd_session_overdue(&s, heard + rows[i].expire - 1));
		while (bfd_session_next(&s) < heard + rows[i].expire) {
			tick(bfd_session_next(&s));
			assert_false(out.tell);
		}
		assert_true(bfd_session_next(&s) == heard + rows[i].expire);
		assert_true(bfd_session_overdue(&s, heard + rows[i].expire));
		tick(heard + rows[i].expire);
		assert_true(out.tell && out.news == BFD_NEWS_EXPIRED);
		assert_int_equal(s.state, BFD_DOWN);
		assert_int_equal(s.diag, BFD_DIAG_EXPIRED);
		assert_int_equal(s.remote_discr, 0);
		assert_int_equal(s.remote_state, BFD_DOWN);
		assert_true(s.expire_at == BFD_NEVER && s.heard_at == 0 && s.up_since == 0);
		assert_true(out.send && out.packet.state == BFD_DOWN && !out.packet.your_discr);
		assert_false(bfd_session_overdue(&s, heard + 100 * rows[i].expire));
	}
}

/* A suspicion is said once in a silence, and again in the next one. */
static void suspicion_again(void **state)
{
	struct bfd_packet p = packet(BFD_UP);

	begin_up(&usual);
	p.final = true;
	hear(&p); /* 60 ms, 4 times: 240, suspicion at 160 */
	for (int i = 0; i < 3; i++) {
		uint64_t heard = now;

		while (now < heard + 200 * MS) {
			tick(bfd_session_next(&s));
			assert_int_equal(out.tell, now == heard + 160 * MS);
		}
		hear(&p);
		assert_false(out.tell);
		assert_true(s.expire_at == now + 240 * MS);
	}
}

/* Who looks late stood still: that time is nobody's silence. LATE after the time that was due. */
static void late(void **state)
{
	static const struct {
		uint64_t late, expires_later, at_least; /* ... and so long after the look */
	} rows[] = {
		{0, 0, 0},
		{1000, 0, 0},
		{1001, 1001, 0},
		{5000, 5000, 0},
		{30000, 30000, 0},
		{30001, 30001, 60000},
		{170000, 170000, 60000},
		{400000, 400000, 60000},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bfd_packet p = packet(BFD_UP);
		uint64_t due, expire, want;

		begin_up(&usual);
		p.final = true;
		hear(&p);
		due = bfd_session_next(&s);
		expire = s.expire_at;
		tick(due + rows[i].late);
		want = expire + rows[i].expires_later;
		if (rows[i].at_least && want < now + rows[i].at_least)
			want = now + rows[i].at_least;
		if (s.expire_at != want)
			fail_msg("row %u: put off by %d", i, (int)(s.expire_at - expire));
		assert_int_equal(s.state, BFD_UP);
		hear(&p); /* a word ends it */
		assert_true(s.expire_at == now + 240 * MS);
	}
}

/* It is put off by three times the detection time at most, and by the last look a bit more. */
static void always_late(void **state)
{
	struct bfd_packet p = packet(BFD_UP);
	uint64_t heard, put_off = 0;

	begin_up(&usual);
	p.final = true;
	hear(&p);
	heard = now;
	while (s.state == BFD_UP) {
		uint64_t before = s.expire_at;

		tick(bfd_session_next(&s) + 300 * MS);
		if (s.state == BFD_UP)
			put_off += s.expire_at - before;
		assert_true(now < heard + 240 * MS * 4 + 1000 * MS);
	}
	assert_in_range(put_off, 3 * 240 * MS, 3 * 240 * MS + 360 * MS);
}

/* The far end says Down because it had lost us: that says something of the path, unless we slept.
 */
static void excused(void **state)
{
	static const struct {
		uint64_t asleep, later; /* from our last packet to the next; after that */
		enum bfd_diag diag;
		enum bfd_news news;
	} rows[] = {
		{149999, 0, BFD_DIAG_EXPIRED, BFD_NEWS_SIGNALLED},
		{150000, 0, BFD_DIAG_EXPIRED, BFD_NEWS_STARTING},
		{150000, 1999999, BFD_DIAG_EXPIRED, BFD_NEWS_STARTING},
		{150000, 2000000, BFD_DIAG_EXPIRED, BFD_NEWS_SIGNALLED},
		{150000, 0, BFD_DIAG_NONE, BFD_NEWS_SIGNALLED},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bfd_packet p = packet(BFD_UP), down = packet(BFD_DOWN);

		begin_up(&usual); /* 50 ms, 3 times */
		p.final = true;
		hear(&p);
		tick(s.tx_at);
		assert_true(out.send);
		now += rows[i].asleep;
		hear(&p); /* it still hears of him */
		tick(now);
		assert_true(out.send);
		for (uint64_t end = now + rows[i].later; now < end;) {
			now = s.tx_at < end ? s.tx_at : end;
			hear(&p);
			if (now < end)
				tick(now);
		}
		down.diag = rows[i].diag;
		hear(&down);
		if (!out.tell || out.news != rows[i].news)
			fail_msg("row %u: news %d", i, out.tell ? out.news : -1);
	}
}

/* Other timers while Up: polled; a slower pace and a faster one of the far end's wait for the end
 * of the poll; what changes meanwhile is polled again. */
static void configure(void **state)
{
	static const struct {
		struct bfd_params to;
		bool polls;
		uint32_t tx, rx; /* in force until the poll has ended */
	} rows[] = {
		{{50000, 60000, 3, false}, false, 50000, 60000},
		{{40000, 60000, 3, false}, true, 40000, 60000},
		{{70000, 60000, 3, false}, true, 50000, 60000},
		{{50000, 40000, 3, false}, true, 50000, 60000},
		{{50000, 90000, 3, false}, true, 50000, 90000},
		{{50000, 60000, 5, false}, true, 50000, 60000},
		{{70000, 90000, 9, false}, true, 50000, 90000},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bfd_packet p = packet(BFD_UP);

		begin_up(&usual);
		p.final = true;
		hear(&p);
		assert_false(s.polling);
		bfd_session_configure(&s, &rows[i].to, now);
		if (s.polling != rows[i].polls || s.used_tx != rows[i].tx ||
		    s.used_rx != rows[i].rx)
			fail_msg("row %u: polling %d, %u, %u", i, s.polling, s.used_tx, s.used_rx);
		assert_int_equal(s.desired_tx, rows[i].to.tx_us);
		assert_int_equal(s.required_rx, rows[i].to.rx_us);
		assert_true(s.expire_at == now + bfd_session_detection(&s));
		hear(&p);
		hear(&p); /* times and multiplier: two things */
		assert_false(s.polling);
		assert_int_equal(s.used_tx, rows[i].to.tx_us);
		assert_int_equal(s.used_rx, rows[i].to.rx_us);
		/* Twice in a row: the first answer is not yet the second one's. */
		bfd_session_configure(&s, &usual, now);
		bfd_session_configure(&s, &(struct bfd_params){80000, 60000, 3, false}, now);
		if (!rows[i].polls)
			continue;
		hear(&p);
		assert_true(s.polling);
		assert_int_equal(s.desired_tx, 80000);
		hear(&p);
		assert_false(s.polling);
		assert_int_equal(s.used_tx, 80000);
	}
}

/* A faster pace begins at once; while not Up nothing is polled. */
static void configure_pace(void **state)
{
	struct bfd_params slow = {900000, 60000, 3, false}, quick = {50000, 60000, 3, false};
	struct bfd_packet p = packet(BFD_UP);

	begin_up(&slow);
	p.final = true;
	hear(&p);
	tick(s.tx_at);
	assert_true(s.tx_at >= now + 675 * MS);
	bfd_session_configure(&s, &quick, now);
	assert_true(s.tx_at <= now + 50 * MS);
	begin_down(&usual);
	tick(s.tx_at);
	bfd_session_configure(&s, &slow, now);
	assert_false(s.polling);
	assert_int_equal(s.desired_tx, 1000000);
	assert_int_equal(s.used_tx, 1000000);
}

/* Who is told to be silent is: by 0, by demand, by being passive. */
static void silent(void **state)
{
	struct bfd_params passive = usual;
	struct bfd_packet p = packet(BFD_UP);

	passive.passive = true;
	begin_with(&passive);
	assert_true(s.tx_at == BFD_NEVER);
	tick(START + 100 * MS);
	assert_false(out.send);
	assert_true(s.tx_at == BFD_NEVER);
	hear_state(BFD_DOWN);
	assert_true(s.tx_at == now);
	begin_up(&usual);
	p.required_rx = 0;
	hear(&p);
	tick(s.tx_at);
	assert_true(s.tx_at == BFD_NEVER);
	p.required_rx = 1;
	hear(&p);
	assert_true(s.tx_at > now && s.tx_at <= now + 50 * MS);
	p.demand = true;
	hear(&p); /* a poll of ours is under way: it is answered */
	tick(s.tx_at);
	assert_true(s.tx_at != BFD_NEVER);
	p.final = true;
	hear(&p);
	tick(s.tx_at);
	assert_true(s.tx_at == BFD_NEVER);
	/* Its polls are answered all the same, and nothing else begins by that. */
	p.final = false;
	p.poll = true;
	hear(&p);
	assert_true(out.send && out.packet.final);
}

/* A poll ends with Up: what is said then asks for no answer, nor does what follows by itself. */
static void poll_ends(void **state)
{
	for (int again = 0; again < 2; again++) {
		begin_up(&usual);
		assert_true(s.polling);
		if (again)
			bfd_session_configure(&s, &(struct bfd_params){80000, 60000, 3, false},
					      now);
		assert_int_equal(s.poll_again, again);
		hear_state(BFD_ADMIN_DOWN);
		assert_false(s.polling || s.poll_again);
		tick(s.tx_at);
		assert_true(out.send && out.packet.state == BFD_DOWN && !out.packet.poll);
	}
}

/* RFC 5880 section 6.8.1. */
static void initial(void **state)
{
	begin_with(&usual);
	assert_int_equal(s.state, BFD_ADMIN_DOWN);
	assert_int_equal(s.remote_state, BFD_DOWN);
	assert_int_equal(s.local_discr, 0xa0);
	assert_int_equal(s.remote_discr, 0);
	assert_int_equal(s.diag, BFD_DIAG_NONE);
	assert_int_equal(s.desired_tx, 1000000);
	assert_int_equal(s.required_rx, 60000);
	assert_int_equal(s.remote_min_rx, 1);
	assert_false(s.remote_demand || s.polling || s.poll_again || s.ending || s.suspected);
	assert_int_equal(s.standing, BFD_NEWS_STARTING);
	assert_int_equal(bfd_session_detection(&s), 0);
	assert_true(s.expire_at == BFD_NEVER && s.tx_at == START);
}

static void largest(void **state)
{
	struct bfd_packet p = packet(BFD_UP);

	begin_up(&usual);
	p.desired_tx = UINT32_MAX;
	p.multiplier = 255;
	hear(&p);
	assert_int_equal(bfd_session_detection(&s), UINT32_MAX);
	assert_true(s.expire_at == now + UINT32_MAX);
	p.desired_tx = UINT32_MAX / 255;
	hear(&p);
	assert_int_equal(bfd_session_detection(&s), UINT32_MAX / 255 * 255);
	bfd_session_init(&s, &usual, 1, 0, now); /* a seed of 0 is one, too */
	assert_int_not_equal(s.random, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_table),	   cmocka_unit_test(what_is_sent),
		cmocka_unit_test(jitter),	   cmocka_unit_test(silence),
		cmocka_unit_test(suspicion_again), cmocka_unit_test(late),
		cmocka_unit_test(always_late),	   cmocka_unit_test(excused),
		cmocka_unit_test(configure),	   cmocka_unit_test(configure_pace),
		cmocka_unit_test(silent),	   cmocka_unit_test(largest),
		cmocka_unit_test(poll_ends),	   cmocka_unit_test(initial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
