/* SPDX-License-Identifier: BSD-2-Clause */
#include "quality.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES_MIN 5 /* before there is a cost */
#define SHORT 12      /* requests that tell early */
#define SHORT_LOST 3  /* of these */
#define LONG_MIN 64   /* requests before the window tells */
#define WORSE_HOLD_MS 1000
#define BACKOFF_MAX 5

void quality_init(struct quality *q)
{
	*q = (struct quality){0};
}

void quality_outage(struct quality *q)
{
	q->samples = 0;
	q->off = false;
}

static void shift(struct quality *q, bool lost)
{
	for (size_t i = QUALITY_WINDOW / 64 - 1; i; i--)
		q->window[i] = q->window[i] << 1 | q->window[i - 1] >> 63;
	q->window[0] = q->window[0] << 1 | lost;
	if (q->determined < QUALITY_WINDOW)
		q->determined++;
}

void quality_lost(struct quality *q, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		shift(q, true);
}

static uint32_t away(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

void quality_answer(struct quality *q, uint32_t rtt)
{
	uint32_t before = q->recent[(q->samples + QUALITY_MEDIAN - 1) % QUALITY_MEDIAN];

	if (!q->samples) {
		q->latency = rtt;
		q->jitter = 0;
	} else {
		q->latency = ((uint64_t)q->latency * 7 + rtt) / 8;
		q->jitter = ((uint64_t)q->jitter * 15 + away(rtt, before)) / 16;
	}
	q->recent[q->samples++ % QUALITY_MEDIAN] = rtt;
	if (q->samples >= 1000 * QUALITY_MEDIAN) /* only its remainder matters */
		q->samples = 2 * QUALITY_MEDIAN;
	shift(q, false);
}

static unsigned count_lost(const struct quality *q)
{
	unsigned n = 0;

	for (size_t i = 0; i < QUALITY_WINDOW / 64; i++)
		n += __builtin_popcountll(q->window[i]);
	return n;
}

unsigned quality_loss(const struct quality *q)
{
	return q->determined ? count_lost(q) * 1000 / q->determined : 0;
}

/* Of the first verdict it is cured by half of what it takes. */
static bool is_lossy(const struct quality *q, uint32_t lossy_at)
{
	unsigned recent = __builtin_popcountll(q->window[0] & ((1 << SHORT) - 1));
	unsigned lost = count_lost(q) * 100, at = lossy_at * q->determined;

	if (!lossy_at)
		return false;
	if (recent >= SHORT_LOST && recent * 100 >= lossy_at * SHORT)
		return true;
	if (q->lossy)
		return recent > 1 || 2 * lost > at;
	return q->determined >= LONG_MIN && lost >= at;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t median(const struct quality *q)
{
	unsigned n = q->samples < QUALITY_MEDIAN ? q->samples : QUALITY_MEDIAN;
	uint32_t sorted[QUALITY_MEDIAN];

	memcpy(sorted, q->recent, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[n / 2];
}

static uint32_t find_cost(const struct quality *q, const struct conf_quality *c)
{
	uint64_t step = c->step ? c->step : 1;
	double cost = c->latency_weight * (median(q) / 1000.0) +
		      c->jitter_weight * (q->jitter / 1000.0) +
		      c->loss_weight * (quality_loss(q) / 10.0);
	uint64_t rounded = cost < UINT32_MAX ? ((uint64_t)cost + step / 2) / step * step : 0;

	return cost < UINT32_MAX && rounded < UINT32_MAX ? rounded : UINT32_MAX;
}

static void move(struct quality *q, const struct conf_quality *c, uint32_t to, uint64_t now)
{
	if (to < q->cost) {
		q->better_at = now;
	} else if (q->better_at) {
		bool soon = now - q->better_at < 4 * ((uint64_t)c->hold << q->backoff);

		q->backoff = !soon ? 0 : q->backoff < BACKOFF_MAX ? q->backoff + 1 : BACKOFF_MAX;
	}
	q->cost = to;
	q->off = false;
}

static bool update_cost(struct quality *q, const struct conf_quality *c, uint64_t now)
{
	bool any = c->latency_weight || c->jitter_weight || c->loss_weight, better;
	uint32_t to, before = q->cost;

	if (!any || (!q->costed && q->samples < SAMPLES_MIN)) {
		if (!any) {
			q->cost = 0;
			q->costed = false;
		}
		return q->cost != before;
	}
	if (q->samples < SAMPLES_MIN)
		return false;
	to = find_cost(q, c);
	if (!q->costed) {
		q->costed = true;
		q->cost = to;
		return to != before;
	}
	better = to < q->cost;
	if (to == q->cost || away(to, q->cost) < c->minimum_improvement) {
		q->off = false;
		return false;
	}
	if (!q->off || q->off_better != better) {
		q->off = true;
		q->off_better = better;
		q->off_since = now;
	}
	if (now - q->off_since < (better ? (uint64_t)c->hold << q->backoff : WORSE_HOLD_MS))
		return false;
	move(q, c, to, now);
	return true;
}

bool quality_update(struct quality *q, const struct conf_quality *c, uint32_t lossy_at,
		    uint64_t now)
{
	bool lossy = is_lossy(q, lossy_at), changed = lossy != q->lossy;

	q->lossy = lossy;
	return update_cost(q, c, now) || changed;
}
