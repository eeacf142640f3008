/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd_session.h"

#include <sys/param.h>

#include "util.h"

#define LATE_US 1000	   /* a tick that comes later stood still */
#define PUT_OFF_MAX 3	   /* detection times */
#define EXCUSED_US 2000000 /* after we slept, the far end may still say that it lost us */

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* xorshift: jitter need not be more random than that. */
static uint32_t draw_below(struct bfd_session *s, uint32_t limit)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	return s->random % limit;
}

uint32_t bfd_session_tx_interval(const struct bfd_session *s)
{
	return larger(s->used_tx, s->remote_min_rx);
}

/* The far end's interval as it concerns us. */
static uint32_t rx_interval(const struct bfd_session *s)
{
	return larger(s->used_rx, s->remote_desired_tx);
}

uint32_t bfd_session_detection(const struct bfd_session *s)
{
	uint64_t us = (uint64_t)s->remote_multiplier * rx_interval(s);

	return (uint32_t)MIN(us, UINT32_MAX);
}

static uint32_t suspect_after(const struct bfd_session *s)
{
	uint32_t two_thirds = (uint32_t)((uint64_t)bfd_session_detection(s) * 2 / 3);
	uint32_t interval = rx_interval(s);

	return larger(two_thirds, interval - interval / 20);
}

static bool is_silent(const struct bfd_session *s)
{
	if (s->remote_min_rx == 0 || (s->conf.passive && !s->remote_discr))
		return true;
	return s->remote_demand && s->state == BFD_UP && s->remote_state == BFD_UP && !s->polling;
}

/* The next periodic packet: 75 to 100 % of the interval from now, at most 90 % with a multiplier
 * of 1 (6.8.7). */
static void schedule(struct bfd_session *s, uint64_t now)
{
	uint32_t interval = bfd_session_tx_interval(s);
	uint32_t least = interval / 4 * 3;
	uint32_t most = s->conf.multiplier == 1 ? MAX(least, interval / 10 * 9) : interval;

	s->tx_at = is_silent(s) ? BFD_NEVER : now + least + draw_below(s, most - least + 1);
}

/* We were silent for so long that the far end had to take us for dead. */
static bool was_asleep(const struct bfd_session *s, uint64_t now)
{
	uint64_t patience = (uint64_t)s->conf.multiplier * bfd_session_tx_interval(s);

	return s->sent_at && s->tx_at != BFD_NEVER && now - s->sent_at >= patience;
}

static void fill(struct bfd_session *s, struct bfd_out *out, bool final, uint64_t now)
{
	if (was_asleep(s, now))
		s->slept_at = now;
	s->sent_at = now;
	out->send = true;
	out->packet = (struct bfd_packet){
		.state = s->state,
		.diag = s->diag,
		.poll = s->polling && !final,
		.final = final,
		.independent = !s->ending, /* the rest of us may end with it */
		.multiplier = s->conf.multiplier,
		.my_discr = s->local_discr,
		.your_discr = s->remote_discr,
		.desired_tx = s->desired_tx,
		.required_rx = s->required_rx,
	};
	s->tx_packets++;
}

static void start_poll(struct bfd_session *s)
{
	if (s->polling)
		s->poll_again = true;
	s->polling = true;
}

/* What we say follows the state (6.8.3). A slower pace while Up waits for the end of the poll, and
 * so does a faster one that we ask of the far end. */
static void choose_intervals(struct bfd_session *s)
{
	uint32_t tx = s->conf.tx_us, rx = s->conf.rx_us;
	bool changed;

	if (s->state != BFD_UP)
		tx = larger(tx, BFD_SLOW_US);
	changed = tx != s->desired_tx || rx != s->required_rx;
	s->desired_tx = tx;
	s->required_rx = rx;
	if (s->state != BFD_UP) {
		s->polling = s->poll_again = false;
	} else if (changed) {
		start_poll(s);
	}
	if (s->state != BFD_UP || tx < s->used_tx)
		s->used_tx = tx;
	if (s->state != BFD_UP || rx > s->used_rx)
		s->used_rx = rx;
}

static void rearm(struct bfd_session *s)
{
	uint32_t detection = bfd_session_detection(s);

	s->expire_at =
		s->heard_at && detection ? s->heard_at + detection + s->put_off_us : BFD_NEVER;
}

static void enter(struct bfd_session *s, enum bfd_state state, enum bfd_diag diag, uint64_t now)
{
	s->state = state;
	s->diag = diag;
	s->up_since = state == BFD_UP ? now : 0;
	s->transitions++;
	choose_intervals(s);
	s->tx_at = is_silent(s) ? BFD_NEVER : now; /* at once: it differs from what was said */
}

void bfd_session_init(struct bfd_session *s, const struct bfd_params *conf, uint32_t local_discr,
		      uint32_t seed, uint64_t now)
{
	*s = (struct bfd_session){
		.conf = *conf,
		.state = BFD_ADMIN_DOWN,
		.remote_state = BFD_DOWN,
		.local_discr = local_discr,
		.remote_min_rx = 1,
		.hello_until = now + BFD_HELLO_US,
		.expire_at = BFD_NEVER,
		.random = seed ? seed : 1,
	};
	choose_intervals(s);
	s->tx_at = is_silent(s) ? BFD_NEVER : now;
}

void bfd_session_configure(struct bfd_session *s, const struct bfd_params *conf, uint64_t now)
{
	bool multiplier = conf->multiplier != s->conf.multiplier;

	s->conf = *conf;
	choose_intervals(s);
	if (multiplier && s->state == BFD_UP)
		start_poll(s);
	rearm(s);
	if (s->tx_at == BFD_NEVER || s->tx_at > now + bfd_session_tx_interval(s))
		schedule(s, now);
}

void bfd_session_disable(struct bfd_session *s, uint64_t now)
{
	if (s->ending)
		return;
	s->ending = true;
	s->hello_until = now + BFD_HELLO_US;
	s->expire_at = BFD_NEVER;
	enter(s, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN, now);
}

bool bfd_session_ended(const struct bfd_session *s)
{
	return s->ending && !s->hello_until;
}

static void end_poll(struct bfd_session *s)
{
	if (s->poll_again) {
		s->poll_again = false;
		return;
	}
	s->polling = false;
	s->used_tx = s->desired_tx;
	s->used_rx = s->required_rx;
}

/* The far end says Down although it was Up. */
static enum bfd_news lost_us(const struct bfd_session *s, uint64_t now)
{
	bool excused = was_asleep(s, now) || (s->slept_at && now - s->slept_at < EXCUSED_US);

	return excused && s->remote_diag == BFD_DIAG_EXPIRED ? BFD_NEWS_STARTING
							     : BFD_NEWS_SIGNALLED;
}

/* The table of 6.8.6: what the far end's state makes of ours. Returns how the session stands. */
static enum bfd_news follow(struct bfd_session *s, uint64_t now)
{
	bool was_up = s->state == BFD_UP;
	enum bfd_news news = s->standing;

	switch (s->remote_state) {
	case BFD_ADMIN_DOWN:
		if (s->state != BFD_DOWN)
			enter(s, BFD_DOWN, BFD_DIAG_SIGNALLED, now);
		return BFD_NEWS_ADMIN_DOWN;
	case BFD_DOWN:
		if (was_up)
			news = lost_us(s, now);
		if (s->state == BFD_DOWN)
			enter(s, BFD_INIT, s->diag, now);
		else if (was_up)
			enter(s, BFD_DOWN, BFD_DIAG_SIGNALLED, now);
		return news;
	case BFD_INIT:
		if (!was_up)
			enter(s, BFD_UP, BFD_DIAG_NONE, now);
		return BFD_NEWS_UP;
	default:
		if (s->state != BFD_INIT)
			return news;
		enter(s, BFD_UP, BFD_DIAG_NONE, now);
		return BFD_NEWS_UP;
	}
}

static void tell(struct bfd_session *s, enum bfd_news news, struct bfd_out *out)
{
	if (news == s->standing)
		return;
	out->tell = true;
	out->news = news;
	if (news != BFD_NEWS_SUSPECT)
		s->standing = news;
}

bool bfd_session_receive(struct bfd_session *s, const struct bfd_packet *p, uint64_t now,
			 struct bfd_out *out)
{
	*out = (struct bfd_out){0};
	if (p->auth)
		return false;
	s->rx_packets++;
	s->remote_discr = p->my_discr;
	s->remote_state = p->state;
	s->remote_diag = p->diag;
	s->remote_demand = p->demand;
	s->remote_multiplier = p->multiplier;
	s->remote_min_rx = p->required_rx;
	s->remote_desired_tx = p->desired_tx;
	if (s->polling && p->final)
		end_poll(s);
	s->heard_at = now;
	s->suspected = false;
	s->put_off_us = 0;
	if (s->state == BFD_ADMIN_DOWN) {
		s->expire_at = BFD_NEVER;
		return true;
	}
	tell(s, follow(s, now), out);
	rearm(s);
	if (p->poll) {
		fill(s, out, true, now);
		if (s->tx_at <= now) /* that said it */
			schedule(s, now);
	} else if (s->tx_at == BFD_NEVER || s->tx_at > now + bfd_session_tx_interval(s)) {
		schedule(s, now);
	}
	return true;
}

/* A tick that comes late shows that this process did not run, and the process that carries the
 * packets perhaps neither. That time is not counted as the far end's silence; after a long stop
 * there is an interval in which packets may still arrive. The sum is limited, or a process that is
 * late all the time would never find a session silent. */
static void put_off(struct bfd_session *s, uint64_t now)
{
	uint64_t interval = rx_interval(s), most = PUT_OFF_MAX * (uint64_t)bfd_session_detection(s);
	uint64_t since = bfd_session_next(s), until;

	since = MAX(since, s->heard_at);
	if (s->expire_at == BFD_NEVER || s->put_off_us >= most || now <= since + LATE_US)
		return;
	until = s->expire_at + (now - since);
	if (now - since > interval / 2 && until < now + interval)
		until = now + interval;
	s->put_off_us += until - s->expire_at;
	s->expire_at = until;
}

static void expire(struct bfd_session *s, uint64_t now, struct bfd_out *out)
{
	bool was_up = s->state == BFD_UP;

	s->remote_discr = 0;
	s->heard_at = 0;
	s->expire_at = BFD_NEVER;
	s->remote_demand = false;
	s->remote_min_rx = larger(s->remote_min_rx, 1);
	s->remote_state = BFD_DOWN;
	if (s->state == BFD_UP || s->state == BFD_INIT)
		enter(s, BFD_DOWN, BFD_DIAG_EXPIRED, now);
	if (was_up)
		tell(s, BFD_NEWS_EXPIRED, out);
}

/* When SUSPECT is to be said; BFD_NEVER: not, or it was. */
static uint64_t suspect_at(const struct bfd_session *s)
{
	if (s->state != BFD_UP || s->suspected || s->expire_at == BFD_NEVER)
		return BFD_NEVER;
	return s->heard_at + suspect_after(s);
}

bool bfd_session_overdue(const struct bfd_session *s, uint64_t now)
{
	return now >= s->expire_at || now >= suspect_at(s);
}

/* AdminDown is over: the session begins, or it has ended. */
static void end_hello(struct bfd_session *s, uint64_t now)
{
	s->hello_until = 0;
	if (s->ending)
		s->tx_at = BFD_NEVER;
	else
		enter(s, BFD_DOWN, BFD_DIAG_NONE, now);
}

void bfd_session_tick(struct bfd_session *s, uint64_t now, struct bfd_out *out)
{
	*out = (struct bfd_out){0};
	if (s->hello_until && now >= s->hello_until)
		end_hello(s, now);
	put_off(s, now);
	if (now >= s->expire_at) {
		expire(s, now, out);
	} else if (now >= suspect_at(s)) {
		s->suspected = true;
		tell(s, BFD_NEWS_SUSPECT, out);
	}
	if (now < s->tx_at)
		return;
	fill(s, out, false, now);
	schedule(s, now);
	if (s->hello_until) /* twice, as one may get lost */
		s->tx_at = now + BFD_HELLO_US / 2 < s->hello_until ? now + BFD_HELLO_US / 2
								   : BFD_NEVER;
}

uint64_t bfd_session_next(const struct bfd_session *s)
{
	uint64_t next = MIN(s->tx_at, s->expire_at);

	if (s->hello_until)
		next = MIN(next, s->hello_until);
	return MIN(next, suspect_at(s));
}
