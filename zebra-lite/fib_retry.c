/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_retry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "fib.h"
#include "loop.h"
#include "nhobj.h"
#include "out.h"
#include "pin.h"
#include "rib.h"
#include "slab.h"
#include "util.h"

#define LOOK_MS 1000
#define LOOK_MIN_MS 20 /* between two looks */
#define LASTING 3      /* refusals in a row */

/*
 * They stand in a list for each delay; those that an event brought forward in one for each delay
 * and number of such attempts: so each list is in the order of its times. Those that were tried
 * stand in the last one, until it is clear how that ended.
 */
enum { KICKED = RETRY_LEVELS, TRIED = KICKED + RETRY_LEVELS * (RETRY_KICKS + 1), LISTS };

struct rib_retry {
	TAILQ_ENTRY(rib_retry) link;
	struct rib_node *node;
	struct retry retry;
	uint64_t freed_ms; /* TRIED: when it is forgotten */
	uint32_t write;	   /* hash of what was refused last */
	uint32_t way;	   /* hash of where the first one led that was refused since it was TRIED */
	uint32_t oif;	   /* and by which interface; 0: none */
	uint8_t list;
};

TAILQ_HEAD(rib_retry_list, rib_retry);

static struct slab slab = SLAB_INIT("fib-retry", struct rib_retry);
static struct rib_retry_list lists[LISTS];
static struct timer timer;

static void look(void *arg);

static void retry_start(void)
{
	if (!timer.ready) {
		timer_init(&timer, look, NULL);
		for (unsigned i = 0; i < LISTS; i++)
			TAILQ_INIT(&lists[i]);
	}
	if (!timer_running(&timer))
		timer_start(&timer, LOOK_MS);
}

static unsigned kicked_list(const struct retry *r)
{
	return KICKED + retry_level(r) * (RETRY_KICKS + 1) + r->kicks;
}

/* 0: a removal. */
static uint32_t write_of(const struct fib *f)
{
	struct {
		uint32_t type, oif, object;
		struct addr gateway;
		uintptr_t ways;
	} key;

	if (!f || !f->type)
		return 0;
	memset(&key, 0, sizeof(key));
	key.type = f->type;
	key.oif = f->oif;
	key.object = f->nh ? f->nh->id : 0;
	key.gateway = f->gateway;
	key.ways = (uintptr_t)f->ways;
	return hash_bytes(&key, sizeof(key)) | 1;
}

/* Where it leads, but for the numbers of interfaces and objects. 0: a removal. */
static uint32_t way_of(const struct fib *f, const struct addr *hop)
{
	struct {
		struct addr hop, gateway;
		uint32_t type, gateways;
	} key;

	if (!f || !f->type)
		return 0;
	memset(&key, 0, sizeof(key));
	key.type = f->type;
	key.hop = *hop;
	key.gateway = f->gateway;
	for (unsigned i = 0; f->ways && i < f->ways->n; i++)
		key.gateways = 31 * key.gateways +
			       hash_bytes(&f->ways->way[i].gateway, sizeof(struct addr));
	return hash_bytes(&key, sizeof(key)) | 1;
}

/* The same interface, or the one before it is gone. */
static bool may_be_it(uint32_t was, uint32_t oif)
{
	return was == oif || (was && oif && out.link_name && !out.link_name(was)[0]);
}

static bool leads_there(const struct rib_retry *r, const struct fib *f, const struct addr *hop)
{
	return r->way == way_of(f, hop) && (!r->way || may_be_it(r->oif, fib_oif(f)));
}

static void retry_put(struct rib_retry *r, unsigned list)
{
	r->list = (uint8_t)list;
	TAILQ_INSERT_TAIL(&lists[list], r, link);
}

static void move(struct rib_retry *r, unsigned list)
{
	TAILQ_REMOVE(&lists[r->list], r, link);
	retry_put(r, list);
}

static void forget(struct rib_retry *r)
{
	rib_extra_of(r->node)->retry = NULL;
	rib_extra_trim(r->node);
	TAILQ_REMOVE(&lists[r->list], r, link);
	slab_free(&slab, r);
}

/* Its time is up. */
static void again(struct rib_retry *r)
{
	struct rib_node *n = r->node;
	struct refusal *f;

	move(r, TRIED);
	r->freed_ms = now_ms() + 2 * RETRY_MAX_MS;
	while ((f = rib_refused_for(n, REASON_KERNEL_ERROR))) {
		struct addr hop = f->hop;

		rib_clear(n, hop.family ? &hop : NULL, REASON_KERNEL_ERROR);
	}
	fib_dirty(n, false);
	pin_try_again(RIB_PREFIX(n));
}

/* The next look is when the first one's time is up. */
static void look_in(void)
{
	uint64_t least = LOOK_MS;
	bool any = false;

	for (unsigned i = 0; i < LISTS; i++) {
		const struct rib_retry *first = TAILQ_FIRST(&lists[i]);

		any = any || first;
		if (first && i < TRIED && retry_left_ms(&first->retry) < least)
			least = retry_left_ms(&first->retry);
	}
	if (any)
		timer_start(&timer, least > LOOK_MIN_MS ? least : LOOK_MIN_MS);
}

static void look(void *arg)
{
	for (unsigned i = 0; i < TRIED; i++)
		while (!TAILQ_EMPTY(&lists[i]) && !retry_waits(&TAILQ_FIRST(&lists[i])->retry))
			again(TAILQ_FIRST(&lists[i]));
	while (!TAILQ_EMPTY(&lists[TRIED]) && TAILQ_FIRST(&lists[TRIED])->freed_ms <= now_ms()) {
		struct rib_node *n = TAILQ_FIRST(&lists[TRIED])->node;

		forget(TAILQ_FIRST(&lists[TRIED]));
		rib_release(n);
	}
	look_in();
}

bool fib_retry_failed(struct rib_node *n, const struct fib *target, const struct addr *hop, int err)
{
	struct rib_retry *r = rib_retry(n);
	bool news;

	retry_start();
	if (!r) {
		r = slab_alloc(&slab);
		r->node = n;
		rib_extra_get(n)->retry = r;
		retry_put(r, TRIED);
	}
	if (r->list == TRIED) {
		r->way = way_of(target, hop);
		r->oif = r->way ? fib_oif(target) : 0;
	}
	r->write = write_of(target);
	news = retry_failed(&r->retry, err);
	move(r, retry_level(&r->retry));
	return news;
}

bool fib_retry_waits(const struct rib_node *n, const struct fib *target)
{
	const struct rib_retry *r = rib_retry(n);

	return r && r->list != TRIED && r->write == write_of(target);
}

void fib_retry_done(struct rib_node *n, const struct fib *target, const struct addr *hop)
{
	struct rib_retry *r = rib_retry(n);

	if (r && !rib_refused_for(n, REASON_KERNEL_ERROR) &&
	    (r->write == write_of(target) || leads_there(r, target, hop)))
		forget(r);
}

void fib_retry_cleared(struct rib_node *n)
{
	struct rib_retry *r = rib_retry(n);

	if (r && r->list != TRIED)
		again(r);
}

void fib_retry_kick(void)
{
	struct rib_retry *r, *next;

	for (unsigned i = 0; i < KICKED && timer.ready; i++) {
		for (r = TAILQ_FIRST(&lists[i]); r; r = next) {
			next = TAILQ_NEXT(r, link);
			if (retry_kick(&r->retry))
				again(r);
			else if (r->retry.kicked)
				move(r, kicked_list(&r->retry));
		}
	}
	if (timer.ready)
		look(NULL);
}

size_t fib_retry_lasting(void)
{
	const struct rib_retry *r;
	size_t n = 0;

	for (unsigned i = 0; i < LISTS && timer.ready; i++)
		TAILQ_FOREACH (r, &lists[i], link)
			n += r->retry.count >= LASTING &&
			     now_ms() - r->retry.tried_ms <= RETRY_MAX_MS + LOOK_MS;
	return n;
}

const struct retry *fib_retry_of(const struct rib_node *n)
{
	const struct rib_retry *r = rib_retry(n);

	return r ? &r->retry : NULL;
}

void fib_retry_reset(void)
{
	for (unsigned i = 0; i < LISTS && timer.ready; i++)
		while (!TAILQ_EMPTY(&lists[i]))
			forget(TAILQ_FIRST(&lists[i]));
	timer_stop(&timer);
	timer.ready = false;
	slab_destroy(&slab);
}
