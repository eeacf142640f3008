/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_watch.h"

#include "device_glance.h"
#include "peer_live.h"
#include "roster.h"

#define TICK_MIN_MS 50
#define TICK_MAX_MS 250
#define TICK_PART 8 /* ticks in the time between two requests */
#define INTERVAL_MIN_MS 100
#define SLOW_INTERVAL_MS 1000 /* between requests that no answer is expected to */
#define SUSPECT_PART 4	      /* of the time that an answer may take: then it is looked closer */
#define ROW_MIN 3	      /* requests without an answer: fewer may be bad luck */
#define ALARMS_MAX 3	      /* false ones in a row: it does not answer any more */
#define LOOK_SHARE 8	      /* one part in so many of the time goes into suspicions */

static bool is_watched(const struct peer *p)
{
	return p->conf && p->conf->liveness.probe && !p->echo && p->conf->n_tunnel_addrs &&
	       p->present && p->dev->read.up && p->endpoint.addr.family && p->live.handshake;
}

static void watch_forget(struct peer *p)
{
	p->watch = (struct peer_watch){.seq = p->watch.seq};
	p->evidence.probe_dead = false;
}

/* Its answers stay out and bytes come in. A few requests may have been lost, so the next silence is
 * found as soon as this one. */
static void watch_false_alarm(struct peer *p)
{
	unsigned alarms = p->watch.alarms + 1;
	bool answers = p->watch.answers && alarms < ALARMS_MAX;

	watch_forget(p);
	p->watch.answers = answers;
	p->watch.alarms = alarms;
}

static uint64_t watch_interval(const struct peer *p)
{
	uint64_t ms = liveness_lag(&p->conf->liveness);

	if ((!p->watch.answers || p->live.state == TUNNEL_DOWN) && ms < SLOW_INTERVAL_MS)
		return SLOW_INTERVAL_MS;
	return ms > INTERVAL_MIN_MS ? ms : INTERVAL_MIN_MS;
}

/* Only of who answers the silence says something; to others ordinary probes are sent. */
static void watch_ask(struct peer *p, uint64_t now)
{
	struct peer_watch *w = &p->watch;

	w->sent = now;
	if (icmp_send(&p->dev->icmp, p->dev->name, &p->conf->tunnel_addrs[0], p->owner.id, w->seq++,
		      0) < 0 ||
	    !w->answers)
		return;
	if (!w->row++)
		w->row_since = now;
	liveness_probed(&p->live, now);
}

static bool is_overdue(const struct peer *p, uint64_t now)
{
	const struct peer_watch *w = &p->watch;

	return w->row >= ROW_MIN && now - w->sent >= watch_interval(p) / SUSPECT_PART &&
	       now - w->row_since >= liveness_patience(&p->conf->liveness);
}

static void watch_judge(struct peer *p, uint64_t now)
{
	struct peer_watch *w = &p->watch;
	struct evidence *e = &p->evidence;
	bool dead = e->probe_dead || is_overdue(p, now), changed = dead != e->probe_dead;

	if (w->row && !w->silence.begun &&
	    now - w->row_since >= liveness_patience(&p->conf->liveness) / SUSPECT_PART)
		silence_begin(&w->silence, now);
	e->probe_dead = dead;
	/* Where it is not up also the time that passes changes something. */
	if (w->answers &&
	    (changed || p->live.state == TUNNEL_DOWN || p->live.state == TUNNEL_DEGRADED))
		peer_judge(p);
}

static void watch_peer(struct peer *p, uint64_t now)
{
	struct peer_watch *w = &p->watch;

	if (!is_watched(p)) {
		watch_forget(p);
		return;
	}
	if (w->silence.since && p->live.alive_at > w->silence.since)
		watch_false_alarm(p);
	watch_judge(p, now);
	if (!w->sent || now - w->sent >= watch_interval(p))
		watch_ask(p, now);
}

void peer_watch_answer(struct peer *p, const struct icmp_answer *a)
{
	if (!is_watched(p) || !addr_eq(&p->conf->tunnel_addrs[0], &a->from))
		return;
	watch_forget(p);
	p->watch.answers = true;
	p->watch.sent = now_ms();
	p->evidence.echo_reply = a->at / 1000;
	peer_judge(p);
}

/* A reading is wanted: FIRST, or the one that decides. When the time is over they follow each
 * other, whatever they cost. */
enum look { LOOK_NOT, LOOK_FIRST, LOOK_DECIDES };

static enum look watch_wants(const struct silence *s, bool dead)
{
	if (!silence_is_open(s))
		return LOOK_NOT;
	return dead ? LOOK_DECIDES : s->first && !s->early ? LOOK_NOT : LOOK_FIRST;
}

static enum look watch_wants_most(const struct device *dev)
{
	enum look most = LOOK_NOT;
	const struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		const struct evidence *e = &p->evidence;
		const enum look looks[] = {
			watch_wants(&p->watch.silence, e->probe_dead),
			watch_wants(&p->bfd.silence, e->bfd == BFD_SAYS_EXPIRED),
			watch_wants(&p->errors.silence, e->refused),
			p->echo ? watch_wants(&p->echo->silence, e->echo_dead) : LOOK_NOT,
		};

		for (unsigned i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
			most = looks[i] > most ? looks[i] : most;
	}
	return most;
}

bool device_is_watched(const struct device *dev)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link)
		if (silence_is_open(&p->watch.silence) || silence_is_open(&p->bfd.silence) ||
		    silence_is_open(&p->errors.silence) ||
		    (p->echo && silence_is_open(&p->echo->silence)))
			return true;
	return false;
}

static void watch_look(struct device *dev, uint64_t now)
{
	enum look want = watch_wants_most(dev);
	uint64_t pause = dev->read.poll_cost * LOOK_SHARE / 1000;

	if (want == LOOK_NOT || (want == LOOK_FIRST && now - dev->read.suspected_at < pause))
		return;
	if (device_look(dev, false) && want == LOOK_FIRST)
		dev->read.suspected_at = now;
}

/* How soon its silence is to be seen: at 1,000 peers the ticks are most of what they cost. */
static uint64_t watch_tick(const struct peer *p)
{
	uint64_t tick;

	if (p->echo || p->bfd.sent.id || silence_is_open(&p->errors.silence))
		return TICK_MIN_MS; /* their silences begin at their own pace */
	if (!is_watched(p))
		return TICK_MAX_MS;
	tick = watch_interval(p) / TICK_PART;
	return tick < TICK_MIN_MS ? TICK_MIN_MS : tick > TICK_MAX_MS ? TICK_MAX_MS : tick;
}

static void on_watch(void *arg)
{
	struct device *dev = arg;
	uint64_t now = now_ms(), tick = TICK_MAX_MS;
	struct peer *p;

	if (!device_is_slow(dev)) {
		device_watch_stop(dev);
		return;
	}
	icmp_drain(&dev->icmp); /* what waits in the socket was not late */
	TAILQ_FOREACH (p, &dev->peers, link) {
		watch_peer(p, now);
		if (tick > TICK_MIN_MS && watch_tick(p) < tick)
			tick = watch_tick(p);
	}
	timer_start(&dev->watch, tick);
	watch_look(dev, now);
}

void device_watch(struct device *dev)
{
	if (!device_is_slow(dev) || timer_running(&dev->watch))
		return;
	timer_init(&dev->watch, on_watch, dev);
	timer_start(&dev->watch, TICK_MIN_MS);
}

void device_watch_stop(struct device *dev)
{
	struct peer *p;

	timer_stop(&dev->watch);
	TAILQ_FOREACH (p, &dev->peers, link)
		watch_forget(p);
}
