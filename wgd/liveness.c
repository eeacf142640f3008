/* SPDX-License-Identifier: BSD-2-Clause */
#include "liveness.h"

#include <string.h>

#include "reason_counts.h"

#define INITIATION_BYTES 148
#define RESPONSE_BYTES 92
#define KEEPALIVE_BYTES 32
#define STALE_GRACE_MS 5500 /* one retry of a handshake */
#define OVERDUE_MS 15000    /* data unanswered for so long: no handshake was answered either */
#define SENDS_MS 60000	    /* sent within that: somebody uses the tunnel */
#define FLAPS_MAX 16
#define ANSWER_MS 300 /* to the first probe of a new wgd: one that dies each second finds out */
#define EARLY_MS 2000 /* what is seen may have happened so much before, at most */
#define PROBE_SHARE 5 /* of the interval: a probe follows a sign of life within that */

const char *bfd_evidence_name(enum bfd_evidence e)
{
	static const char *const names[] = {"none", "up", "expired", "signalled", "admin-down"};

	return (unsigned)e < sizeof(names) / sizeof(names[0]) ? names[e] : "unknown";
}

const enum reason liveness_deaths[LIVENESS_DEATHS] = {
	REASON_BFD_EXPIRED,	 REASON_BFD_SIGNALLED,	   REASON_ECHO_UNANSWERED,
	REASON_HANDSHAKE_NEVER,	 REASON_HANDSHAKE_STALE,   REASON_INTERFACE_DOWN,
	REASON_INTERFACE_GONE,	 REASON_INTERFACE_REFUSED, REASON_PEER_GONE,
	REASON_PROBE_UNANSWERED,
};

static void count_down(struct liveness *l)
{
	reason_count(l->downs, liveness_deaths, LIVENESS_DEATHS, l->reason);
}

void liveness_init(struct liveness *l, uint64_t now)
{
	*l = (struct liveness){
		.state = TUNNEL_NEVER, .reason = REASON_HANDSHAKE_NEVER, .since = now};
}

void liveness_end(struct liveness *l, enum reason reason, uint64_t now)
{
	struct liveness before = *l;

	liveness_init(l, now);
	l->state = TUNNEL_DOWN;
	l->reason = reason;
	l->changes = before.changes;
	memcpy(l->downs, before.downs, sizeof(before.downs));
	if (before.state == TUNNEL_DOWN)
		return;
	l->changes++;
	count_down(l);
}

void liveness_rekey(struct liveness *l)
{
	l->state = TUNNEL_DOWN;
	l->rekeyed = true;
}

void liveness_void_handshake(struct liveness *l)
{
	if (!l->handshake)
		return;
	l->void_handshake = l->handshake;
	l->handshake = 0;
	l->alive_at = l->waiting_since = l->stale_since = 0;
	l->rekeyed = true;
}

int64_t liveness_handshake_age(const struct liveness *l, uint64_t now)
{
	return l->handshake ? (int64_t)(l->age_at_sight + (now - l->first_seen)) : -1;
}

static void note_handshake(struct liveness *l, const struct liveness_input *in)
{
	int64_t age;

	if (in->handshake == l->handshake ||
	    (l->void_handshake && in->handshake == l->void_handshake))
		return;
	age = in->handshake ? in->wall - in->handshake : 0;
	l->handshake = in->handshake;
	l->first_seen = in->now;
	l->age_at_sight = age > 0 ? age : 0;
	if (l->started && in->handshake)
		l->alive_at = in->now;
	/* At a start only a recent one says something. */
	if (!l->started && in->handshake)
		l->alive_at = in->now > l->age_at_sight ? in->now - l->age_at_sight : 1;
}

static bool is_handshake_traffic(uint64_t grown)
{
	return grown == INITIATION_BYTES || grown == RESPONSE_BYTES ||
	       grown == 2 * INITIATION_BYTES;
}

/* Handshakes and keepalives: nothing that the far end answers with data. */
static bool is_data(uint64_t grown)
{
	for (unsigned i = 0; i < 27; i++)
		if (grown == (i % 3) * INITIATION_BYTES + (i / 3 % 3) * RESPONSE_BYTES +
				     (i / 9) * KEEPALIVE_BYTES)
			return false;
	return true;
}

static uint64_t early_most(const struct conf_liveness *c)
{
	return c->probe_timeout / 5 < EARLY_MS ? c->probe_timeout / 5 : EARLY_MS;
}

/* How soon a probe follows a sign of life, ms. */
static uint64_t probe_lag(const struct conf_liveness *c)
{
	uint64_t lag = c->probe_interval / PROBE_SHARE;

	return lag > c->poll_interval ? lag : c->poll_interval;
}

uint64_t liveness_lag(const struct conf_liveness *c)
{
	uint64_t lag = probe_lag(c), most = early_most(c);

	return lag < most ? lag : most;
}

/* The silence is older than what is waited for, by as much as that may have gone out late. */
uint64_t liveness_patience(const struct conf_liveness *c)
{
	return c->probe_timeout - liveness_lag(c);
}

void liveness_take_over(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	uint64_t judged = l->waiting_since + liveness_patience(c);
	uint64_t answer = early_most(c) < ANSWER_MS ? early_most(c) : ANSWER_MS;

	l->probe_at = 0;
	if (l->waiting_since && l->state != TUNNEL_DOWN && judged < now + answer)
		l->waiting_since += now + answer - judged;
}

/* Data went out since the last reading, and nothing came in: an answer is waited for from then on,
 * but from not much earlier than now. */
static void note_data(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	uint64_t early = early_most(c);

	if (l->waiting_since || !l->handshake)
		return;
	l->waiting_since = now - l->read_at < early ? l->read_at + 1 : now - early;
}

static void note_counters(struct liveness *l, const struct conf_liveness *c,
			  const struct liveness_input *in)
{
	/* Counters that fell belong to a new device or peer. */
	uint64_t rx = in->rx >= l->rx ? in->rx - l->rx : in->rx;
	uint64_t tx = in->tx >= l->tx ? in->tx - l->tx : in->tx;

	if (l->started && rx && !is_handshake_traffic(rx))
		l->alive_at = in->now;
	else if (l->started && is_data(tx))
		note_data(l, c, in->now);
	if (l->started && tx)
		l->sent_at = in->now;
	l->read_at = in->read_at ? in->read_at : in->now;
	l->rx = in->rx;
	l->tx = in->tx;
}

/* Something was sent after the session expired, and that long ago that an answer is overdue; or
 * data before, for so long that nothing is waited for any more. */
static bool is_stale(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	int64_t age = liveness_handshake_age(l, now);
	uint64_t limit = (uint64_t)c->stale_after * 1000;
	uint64_t grace = limit / 10 < STALE_GRACE_MS ? limit / 10 : STALE_GRACE_MS;
	uint64_t expired_at;

	if (age < 0 || (uint64_t)age <= limit) {
		l->stale_since = 0;
		return false;
	}
	expired_at = now - (age - limit) < now ? now - (age - limit) : 0;
	if (l->alive_at > expired_at && l->alive_at > l->stale_since)
		l->stale_since = 0;
	if (!l->stale_since && l->sent_at > expired_at && l->sent_at > l->alive_at)
		l->stale_since = l->sent_at;
	if (l->waiting_since && now - l->waiting_since >= OVERDUE_MS)
		return true;
	return l->stale_since && now - l->stale_since >= grace;
}

static bool is_unanswered(const struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	return c->probe && l->waiting_since && now >= l->waiting_since + liveness_patience(c);
}

/* Answers that come in inside the tunnel are signs of life like bytes received. */
static void note_evidence(struct liveness *l, const struct liveness_input *in)
{
	const struct evidence *e = &in->evidence;

	if (e->echo_reply > l->alive_at)
		l->alive_at = e->echo_reply;
	/* It took packets to and fro to come up; the counters were read before them. */
	if (e->bfd == BFD_SAYS_UP && (l->bfd == BFD_SAYS_EXPIRED || l->bfd == BFD_SAYS_SIGNALLED))
		l->alive_at = in->now;
	l->bfd = e->bfd;
}

/* The handshake's age alone: what a tunnel is when it is not shown to be down. */
static enum tunnel_state judge_handshake(const struct liveness *l, const struct conf_liveness *c,
					 uint64_t now, enum reason *reason)
{
	int64_t age = liveness_handshake_age(l, now);
	uint64_t limit = (uint64_t)c->stale_after * 1000;
	uint64_t old = (uint64_t)c->degraded_after * 1000;
	bool quiet = (uint64_t)age > limit && now - l->alive_at > limit;
	bool sends = l->sent_at && now - l->sent_at < SENDS_MS;

	/* An answer is waited for, or somebody sends now and then (keepalives): no verdict yet. */
	if (quiet && (l->stale_since || sends) && l->state != TUNNEL_DOWN &&
	    l->state != TUNNEL_NEVER) {
		*reason = l->reason;
		return l->state;
	}
	if (quiet) {
		*reason = REASON_NO_TRAFFIC;
		return TUNNEL_IDLE;
	}
	if ((uint64_t)age > old && (uint64_t)age <= limit && l->sent_at &&
	    l->sent_at > now - (age - old)) {
		*reason = REASON_HANDSHAKE_OLD;
		return TUNNEL_DEGRADED;
	}
	*reason = REASON_HANDSHAKE_FRESH;
	return TUNNEL_UP;
}

/* What a tunnel is when it is not shown to be down. */
static enum tunnel_state judge_alive(const struct liveness *l, const struct conf_liveness *c,
				     const struct liveness_input *in, enum reason *reason)
{
	const struct evidence *e = &in->evidence;

	if (e->bfd == BFD_SAYS_EXPIRED)
		*reason = REASON_BFD_EXPIRED;
	else if (e->echo_unanswered)
		*reason = REASON_ECHO_UNANSWERED;
	else if (e->underlay_down)
		*reason = REASON_UNDERLAY_DOWN;
	else if (e->refused && l->alive_at <= e->refused_silent)
		*reason = REASON_UNDERLAY_ERROR;
	else if (e->black_hole)
		*reason = REASON_MTU_BLACK_HOLE;
	else if (e->lossy)
		*reason = REASON_LOSSY;
	else
		return judge_handshake(l, c, in->now, reason);
	return TUNNEL_DEGRADED;
}

/* Why it is down; NONE: it is not shown to be. */
static enum reason find_death(struct liveness *l, const struct conf_liveness *c,
			      const struct liveness_input *in)
{
	const struct evidence *e = &in->evidence;
	bool stale, unanswered;

	if (l->waiting_since && l->alive_at >= l->waiting_since)
		l->waiting_since = 0;
	/* What came in since the last reading is not known. */
	stale = is_stale(l, c, l->read_at);
	unanswered = is_unanswered(l, c, l->read_at);
	if (e->bfd == BFD_SAYS_SIGNALLED)
		return REASON_BFD_SIGNALLED;
	if (e->bfd == BFD_SAYS_EXPIRED && l->alive_at <= e->bfd_silent)
		return REASON_BFD_EXPIRED;
	if (stale)
		return REASON_HANDSHAKE_STALE;
	if (unanswered || (e->probe_dead && l->alive_at <= e->probe_silent))
		return REASON_PROBE_UNANSWERED;
	if (e->echo_dead && l->alive_at <= e->echo_silent)
		return REASON_ECHO_UNANSWERED;
	return REASON_NONE;
}

uint64_t liveness_hold(const struct liveness *l, const struct conf_liveness *c)
{
	uint64_t hold = (uint64_t)c->up_hold << (l->flaps ? l->flaps - 1 : 0);
	uint64_t max = c->up_hold_max > c->up_hold ? c->up_hold_max : c->up_hold;

	return hold < max ? hold : max;
}

/* A second time only when the hold after the first is over, so that alarm after alarm does not move
 * routes each time. */
static bool may_return(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	if (l->returned_at && now - l->returned_at < c->up_hold)
		return false;
	l->returned_at = now;
	return true;
}

/* It was down by BFD's word, and BFD is up again: packets pass both ways. What is left of it is a
 * false alarm at best, so who has no other path may use it now. */
static bool returns_now(struct liveness *l, const struct conf_liveness *c,
			const struct liveness_input *in)
{
	if (l->state != TUNNEL_DOWN || !l->bfd_death || in->evidence.bfd != BFD_SAYS_UP)
		return false;
	if (!l->good_since)
		l->good_since = in->now;
	return may_return(l, c, in->now);
}

/* The way to the endpoint is there again, and something came in since. */
static bool way_is_back(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	return l->underlay_death && l->alive_at > l->no_way_at && may_return(l, c, now);
}

/* Not up, with hysteresis: what shows life starts the clock, each bad sign stops it. */
static enum tunnel_state liveness_judge_return(struct liveness *l, const struct conf_liveness *c,
					       const struct liveness_input *in, enum reason *reason)
{
	enum tunnel_state state = judge_alive(l, c, in, reason);
	bool down = l->state == TUNNEL_DOWN, at_once = returns_now(l, c, in);
	uint64_t good;

	if (state != TUNNEL_DEGRADED && way_is_back(l, c, in->now))
		return state;
	if (!down && state == TUNNEL_DEGRADED)
		l->good_since = 0;
	else if (!l->good_since && (!down || (l->alive_at >= l->since && l->alive_at > l->bad_at)))
		l->good_since = down ? l->alive_at : in->now;
	if (!l->good_since && down)
		*reason = l->reason;
	if (!l->good_since)
		return l->state;
	good = in->now - l->good_since;
	if (state != TUNNEL_DEGRADED && good >= liveness_hold(l, c))
		return state;
	if (down && good < c->up_hold && !at_once) {
		*reason = REASON_UP_HOLD;
		return TUNNEL_DOWN;
	}
	if (state != TUNNEL_DEGRADED)
		*reason = REASON_UP_HOLD;
	return TUNNEL_DEGRADED;
}

static bool is_weak(enum reason reason)
{
	return reason == REASON_HANDSHAKE_STALE || reason == REASON_PROBE_UNANSWERED ||
	       reason == REASON_ECHO_UNANSWERED;
}

/* When the link, the interface or the peer is back, or the right key is there: nothing says that
 * the far end was ever away. */
static bool was_dead(enum reason down_for)
{
	return down_for != REASON_INTERFACE_DOWN && down_for != REASON_INTERFACE_GONE &&
	       down_for != REASON_INTERFACE_REFUSED && down_for != REASON_PEER_GONE &&
	       down_for != REASON_HANDSHAKE_NEVER;
}

static enum tunnel_state judge(struct liveness *l, const struct conf_liveness *c,
			       const struct liveness_input *in, enum reason *reason)
{
	enum reason death = find_death(l, c, in);

	*reason = !in->link_up	  ? REASON_INTERFACE_DOWN
		  : !in->present  ? REASON_PEER_GONE
		  : !l->handshake ? REASON_HANDSHAKE_NEVER
				  : death;
	if (*reason == REASON_HANDSHAKE_NEVER)
		return l->rekeyed ? TUNNEL_DOWN : TUNNEL_NEVER;
	if (!in->link_up || !in->present)
		l->waiting_since = 0; /* no answer could come in */
	if (*reason != REASON_NONE) {
		l->good_since = 0;
		l->bad_at = in->now;
		l->bfd_death = death == REASON_BFD_EXPIRED || death == REASON_BFD_SIGNALLED;
		return TUNNEL_DOWN;
	}
	if (l->state == TUNNEL_DEGRADED || (l->state == TUNNEL_DOWN && was_dead(l->reason)))
		return liveness_judge_return(l, c, in, reason);
	return judge_alive(l, c, in, reason);
}

static bool is_good(enum tunnel_state s)
{
	return s == TUNNEL_UP || s == TUNNEL_IDLE;
}

/* From good to bad. What was good for long has been forgiven. */
static void count_flap(struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	uint64_t forgiven = (now - l->since) / (c->up_hold_max ? c->up_hold_max : 1);

	l->flaps = forgiven < l->flaps ? l->flaps - forgiven : 0;
	if (l->flaps < FLAPS_MAX)
		l->flaps++;
}

/* What the far end has nothing to do with. */
static bool is_ours(enum reason reason)
{
	return reason == REASON_INTERFACE_DOWN || reason == REASON_PEER_GONE ||
	       reason == REASON_UNDERLAY_DOWN;
}

static void enter(struct liveness *l, const struct conf_liveness *c, enum tunnel_state state,
		  enum reason reason, uint64_t now)
{
	if (is_good(l->state) && !is_good(state) && !is_ours(reason))
		count_flap(l, c, now);
	if (is_good(state) || is_good(l->state))
		l->underlay_death = reason == REASON_UNDERLAY_DOWN;
	if (is_good(state) || is_good(l->state))
		l->good_since = 0;
	l->state = state;
	l->since = now;
	l->changes++;
}

bool liveness_update(struct liveness *l, const struct conf_liveness *c,
		     const struct liveness_input *in)
{
	enum tunnel_state state;
	enum reason reason;
	bool changed, died;

	if (in->present && in->read) {
		note_counters(l, c, in);
		note_handshake(l, in);
		l->started = true;
	}
	if (in->present)
		note_evidence(l, in);
	if (in->evidence.underlay_down)
		l->no_way_at = in->now;
	state = judge(l, c, in, &reason);
	changed = state != l->state || reason != l->reason;
	died = state == TUNNEL_DOWN && l->state != TUNNEL_DOWN;
	if (state != l->state)
		enter(l, c, state, reason, in->now);
	l->reason = reason;
	if (died)
		count_down(l);
	if (state != TUNNEL_DOWN || reason != REASON_UP_HOLD)
		l->weak = state == TUNNEL_DOWN && is_weak(reason);
	return changed;
}

bool liveness_probe_due(const struct liveness *l, const struct conf_liveness *c, uint64_t now)
{
	if (!c->probe)
		return false;
	if (!l->probe_at || now - l->probe_at >= c->probe_interval)
		return true;
	/* It was alive, and nothing that went out since then could tell when it ceases to be. Polls
	 * come some ms early or late: the one that is nearest to the time is meant. */
	return !l->waiting_since && l->alive_at > l->probe_at &&
	       now - l->probe_at + c->poll_interval / 2 >= probe_lag(c);
}

uint64_t liveness_deadline(const struct liveness *l, const struct conf_liveness *c)
{
	if (!c->probe || !l->waiting_since || l->state == TUNNEL_DOWN || l->state == TUNNEL_NEVER)
		return 0;
	return l->waiting_since + liveness_patience(c);
}

void liveness_probed(struct liveness *l, uint64_t now)
{
	l->probe_at = now;
	/* Only where there was a handshake does silence say something. */
	if (!l->waiting_since && l->handshake)
		l->waiting_since = now > l->alive_at ? now : l->alive_at + 1;
}
