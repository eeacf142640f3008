/* SPDX-License-Identifier: BSD-2-Clause */
#include "health.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "change_now.h"
#include "log.h"
#include "loop.h"
#include "pinger.h"
#include "steady.h"
#include "util.h"

#define TICK_MS 200
#define LATE_MS 1000	/* an answer that takes longer is none */
#define QUICK_MS 300	/* the same where the change may just have cut it, and it is near */
#define NEAR_FACTOR 4	/* so many times the longest way there and back seen */
#define FRESH_MS 5000	/* so long a change is likely to be what cut it */
#define ROW 5		/* requests without one: it is lost */
#define RING 64		/* requests that are remembered: more than go out in LATE_MS, and ROW */
#define RESUME_MS 30000 /* tunnels may have to come up */
#define KNOW_MS 1000	/* to find out who answers */

struct expected {
	struct addr to, from; /* from: family 0: the route's */
	bool own;	      /* who asked came from there */
	bool good;	      /* it has answered */
	struct pinger pinger;
	uint64_t sent_at[RING]; /* ms, by number */
	bool answered[RING];
	uint32_t sent;
	uint32_t since;	     /* number of the first one that counts */
	uint64_t slowest_ms; /* there and back */
	uint64_t
		good_by; /* ms: it is lost when it has not answered then; 0: it may take its time */
};

static struct {
	struct expected v[HEALTH_ADDRESSES_MAX];
	size_t n;
	json_t *warnings;		 /* borrowed, until DONE */
	uint64_t known_by;		 /* ms */
	uint64_t fresh_until;		 /* ms; 0: the change is not made yet, or long ago */
	bool returns;			 /* the change is being taken back */
	void (*done)(const char *error); /* NULL: it was called */
	void (*failed)(const char *why); /* NULL: what is lost is not said yet, or was */
	struct timer tick;
} health;

/* ---- one address */

static void on_expected_answer(void *arg, uint32_t number)
{
	struct expected *e = arg;
	uint64_t took;

	if (number >= e->sent || e->sent - number > RING)
		return;
	took = now_ms() - e->sent_at[number % RING];
	if (took > e->slowest_ms)
		e->slowest_ms = took;
	if (!e->good && number > e->since)
		e->since = number;
	e->good = true;
	e->answered[number % RING] = true;
}

static void ask_once(struct expected *e)
{
	e->sent_at[e->sent % RING] = now_ms();
	e->answered[e->sent % RING] = false;
	e->sent++;
	pinger_send(&e->pinger, e->sent - 1);
}

/* After what time a request counts as not answered. TCP sends again after 1.4 s and after 3: a way
 * back that is there before that is one without a pause of 6 s. */
static uint64_t late_ms(const struct expected *e, uint64_t sent_at)
{
	uint64_t late = e->slowest_ms * NEAR_FACTOR;

	if (sent_at >= health.fresh_until || late > LATE_MS)
		return LATE_MS;
	return late > QUICK_MS ? late : QUICK_MS;
}

static bool is_expected_lost(const struct expected *e, uint64_t now)
{
	unsigned row = 0;

	if (!e->good && e->good_by && now >= e->good_by)
		return true;
	for (uint32_t i = e->sent; e->good && i-- > e->since && e->sent - i <= RING;) {
		if (e->answered[i % RING])
			return false;
		if (now - e->sent_at[i % RING] >= late_ms(e, e->sent_at[i % RING]) && ++row == ROW)
			return true;
	}
	return false;
}

/* ---- all of them */

static void health_know(void)
{
	void (*done)(const char *error) = health.done;
	char text[160];

	for (size_t i = 0; i < health.n; i++) {
		struct expected *e = &health.v[i];

		e->since = e->sent;
		if (e->good)
			continue;
		snprintf(text, sizeof(text),
			 "%s%s does not answer before the change: it counts from its first answer "
			 "on",
			 ADDR_STR(&e->to), e->own ? ", where you come from," : "");
		change_now_warn(health.warnings, text);
	}
	health.warnings = NULL;
	health.done = NULL;
	health.fresh_until = now_ms() + FRESH_MS;
	steady_pass(done);
}

static bool all_good(void)
{
	for (size_t i = 0; i < health.n; i++)
		if (!health.v[i].good)
			return false;
	return true;
}

static void health_fail(const struct expected *e)
{
	void (*failed)(const char *why) = health.failed;
	char text[160];

	snprintf(text, sizeof(text), "%s%s does not answer any more: %u echo requests in a row",
		 e->own ? "your own path is cut, " : "", ADDR_STR(&e->to), ROW);
	health.failed = NULL;
	failed(text);
}

static void health_tick(void *arg)
{
	uint64_t now = now_ms();

	timer_start(&health.tick, TICK_MS);
	for (size_t i = 0; i < health.n && health.failed; i++)
		if (is_expected_lost(&health.v[i], now))
			health_fail(&health.v[i]);
	for (size_t i = 0; i < health.n; i++)
		ask_once(&health.v[i]);
	if (health.done && (all_good() || now >= health.known_by))
		health_know();
}

static bool health_add(const char *text, const char *from, bool own, char *why, size_t size)
{
	struct expected *e = &health.v[health.n];
	int err;

	if (health.n == HEALTH_ADDRESSES_MAX) {
		snprintf(why, size, "more than %d addresses are expected", HEALTH_ADDRESSES_MAX);
		return false;
	}
	*e = (struct expected){.own = own};
	if (addr_parse(text, &e->to) < 0) {
		snprintf(why, size, "expect: '%.64s' is no address", text);
		return own;
	}
	if (from && (addr_parse(from, &e->from) < 0 || e->from.family != e->to.family))
		e->from = (struct addr){0};
	err = pinger_open(&e->pinger, &e->to, &e->from, on_expected_answer, e);
	if (err == -EADDRNOTAVAIL) /* an address translation in front of us */
		err = pinger_open(&e->pinger, &e->to, NULL, on_expected_answer, e);
	if (err < 0)
		snprintf(why, size, "%.64s cannot be watched: %s", text, strerror(-err));
	if (err == 0)
		health.n++;
	else if (own)
		log_warn("health", "address=%s error=\"%s\"", text, strerror(-err));
	return err == 0 || own;
}

static bool add_all(const char *list, char *why, size_t size)
{
	char text[64];

	for (const char *at = list ? list : ""; *at;) {
		size_t len = strcspn(at, ",");

		snprintf(text, sizeof(text), "%.*s", (int)len, at);
		if (!health_add(text, NULL, false, why, size))
			return false;
		at += len + (at[len] == ',');
	}
	return true;
}

bool health_mind(const struct change_ask *ask, const json_t *before, const json_t *after, char *why,
		 size_t size)
{
	health_end();
	health.warnings = ask->warnings;
	if (!ask->seconds)
		return true;
	steady_mind(before, after);
	return add_all(ask->expect, why, size) &&
	       (!ask->from || health_add(ask->from, ask->at, true, why, size));
}

void health_pass(void (*done)(const char *error))
{
	health.done = done;
	health.known_by = now_ms() + KNOW_MS;
	timer_init(&health.tick, health_tick, NULL);
	if (health.n)
		health_tick(NULL);
	else
		health_know();
}

bool health_begin(void (*failed)(const char *why))
{
	if (health.n)
		health.failed = failed;
	health.fresh_until = now_ms() + FRESH_MS;
	steady_begin(failed);
	return health.n > 0;
}

void health_return(void)
{
	steady_end();
	health.done = NULL;
	health.failed = NULL;
	health.returns = true;
}

const char *health_watched(void)
{
	static char text[HEALTH_ADDRESSES_MAX * ADDR_STRLEN];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < health.n; i++)
		if (health.v[i].good)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
						len ? "," : "", ADDR_STR(&health.v[i].to));
	return text;
}

void health_resume(const char *watched, const char *own, void (*failed)(const char *why))
{
	char why[256];

	health_end();
	add_all(watched, why, sizeof(why));
	for (size_t i = 0; i < health.n; i++) {
		health.v[i].own = own && str_eq(own, ADDR_STR(&health.v[i].to));
		health.v[i].good_by = now_ms() + RESUME_MS;
	}
	health.failed = failed;
	timer_init(&health.tick, health_tick, NULL);
	if (health.n)
		health_tick(NULL);
}

void health_end(void)
{
	steady_end();
	timer_stop(&health.tick);
	for (size_t i = 0; i < health.n; i++) {
		if (health.returns)
			ask_once(&health.v[i]);
		pinger_close(&health.v[i].pinger);
	}
	health.n = 0;
	health.fresh_until = 0;
	health.returns = false;
	health.done = NULL;
	health.failed = NULL;
	health.warnings = NULL;
}
