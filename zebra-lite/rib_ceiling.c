/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_ceiling: bgpd's lists against the ceiling (zceiling.h): hops beyond it are refused, and
 * judged again when the ceiling or their way is another one.
 */
#include "rib.h"

#include "log.h"
#include "loop.h"
#include "retry.h"
#include "util.h"
#include "zceiling.h"

#define SOME 4096	    /* refusals or nodes a turn */
#define AGAIN_MS 100	    /* next hops lead elsewhere: what was refused is judged again, later */
#define AGAIN_MAX_MS 10000  /* each time, */
#define AGAIN_CALM_MS 60000 /* unless it was calm for so long */

static size_t beyond_left; /* to be judged again */
static struct job beyond_job, narrower_job;
static uint32_t narrower_at; /* place of the walk */
static struct log_bucket beyond_bucket;
static struct timer again_timer;
static unsigned agains; /* without a calm between them */
static uint64_t again_at;

/* bgpd knows what N's packets may not be given to, and says so nevertheless. */
static void alarm(const struct rib_node *n, const struct nexthop *nh, enum reason reason)
{
	fib_counters.beyond++;
	fib_counters.beyond_ms = now_ms();
	log_limited(&beyond_bucket, LOG_LEVEL_ERROR, "beyond-ceiling",
		    "prefix=%s next-hop=%s interface=%s peer=%s reason=%s daemon=bgpd",
		    PREFIX_STR(RIB_PREFIX(n)), ADDR_STR(&nh->addr),
		    nh->peer ? nh->peer->iface->name : "", nh->peer ? nh->peer->name : "",
		    reason_name(reason));
}

/* What is refused may be fine by now, or for another reason. */
static void judge_refusal(struct refusal *r)
{
	const struct nexthop *nh = nexthop_find(&r->hop);
	struct prefix p = rib_prefix(r->node);
	enum reason reason = nh ? zceiling_judge(&p, nh) : REASON_NONE;
	struct addr hop = r->hop;

	if (reason == (enum reason)r->reason)
		return;
	if (reason != REASON_NONE)
		rib_refuse(r->node, &hop, reason);
	rib_clear(r->node, &hop, r->reason);
}

/* As long as refusals wait to be judged again, those of a prefix that others are added to do not:
 * where its packets go over to another peer there would be neither in between. */
static void judge_own(struct rib_node *n)
{
	struct refusal *r, *next;

	for (r = beyond_left ? rib_refusals(n) : NULL; r; r = next) {
		next = r->next;
		if (rib_is_ceiling(r->reason))
			judge_refusal(r);
	}
}

void rib_judge_ceiling(struct rib_node *n)
{
	const struct hopset *s = rib_hops(n);
	bool told = n->flags & NODE_TOLD;
	struct prefix p;

	n->flags &= ~NODE_TOLD;
	if (!s)
		return;
	judge_own(n);
	p = rib_prefix(n);
	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		enum reason r = zceiling_judge(&p, nh);

		if (r == REASON_NONE)
			continue;
		if (told && nexthop_settled(nh))
			alarm(n, nh, r);
		rib_refuse(n, &nh->addr, r);
	}
}

static bool judge_some(void *arg)
{
	for (int i = 0; i < SOME && beyond_left && rib_beyond(); i++, beyond_left--)
		judge_refusal(rib_beyond_next());
	if (!rib_beyond())
		beyond_left = 0; /* others went meanwhile, for other reasons */
	return beyond_left;
}

static void again_due(void *arg)
{
	agains++;
	again_at = now_ms();
	timer_stop(&again_timer);
	rib_ceilings_wider();
}

void rib_ceilings_again(void)
{
	if (!rib_beyond())
		return;
	if (!again_timer.ready)
		timer_init(&again_timer, again_due, NULL);
	if (timer_running(&again_timer))
		return;
	if (now_ms() - again_at >= AGAIN_CALM_MS)
		agains = 0;
	timer_start(&again_timer, retry_delay_ms(AGAIN_MS, agains, AGAIN_MAX_MS));
}

void rib_ceilings_wider(void)
{
	beyond_left = rib_beyond();
	if (!rib_beyond())
		return;
	if (!beyond_job.ready)
		job_init(&beyond_job, judge_some, NULL);
	job_start(&beyond_job);
}

/* bgpd named N's next hops by a wider ceiling. */
static void judge_late(struct rib_node *n)
{
	const struct hopset *s = rib_hops(n);
	struct prefix p = rib_prefix(n);

	judge_own(n);
	for (unsigned i = 0; s && i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		enum reason r = zceiling_judge(&p, nh);

		if (r == REASON_NONE)
			continue;
		rib_refuse(n, &nh->addr, r);
		rib_find_refusal(n, &nh->addr, r)->late = true;
	}
}

static bool narrow_some(void *arg)
{
	struct rib_node *n = NULL;

	for (int i = 0; i < SOME; i++) {
		n = rib_walk(&narrower_at);
		if (!n)
			break;
		judge_late(n);
	}
	return n != NULL;
}

void rib_ceilings_narrower(void)
{
	rib_ceilings_wider();
	if (!narrower_job.ready)
		job_init(&narrower_job, narrow_some, NULL);
	narrower_at = 0;
	job_start(&narrower_job);
}

static void stop_job(struct job *j)
{
	if (j->ready)
		job_stop(j);
	j->ready = false;
}

void rib_ceiling_reset(void)
{
	timer_stop(&again_timer);
	again_timer.ready = false;
	agains = 0;
	again_at = 0;
	stop_job(&beyond_job);
	stop_job(&narrower_job);
	beyond_left = 0;
}
