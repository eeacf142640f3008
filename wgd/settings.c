/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

static json_t *liveness(const struct peer_conf *c)
{
	const struct liveness_config *l = &c->liveness;

	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "probe", l->probe,
			 "poll-interval", (json_int_t)l->poll_interval, "probe-interval",
			 (json_int_t)l->probe_interval, "probe-timeout",
			 (json_int_t)l->probe_timeout, "degraded-after",
			 (json_int_t)l->degraded_after, "stale-after", (json_int_t)l->stale_after,
			 "up-hold", (json_int_t)l->up_hold, "up-hold-max",
			 (json_int_t)l->up_hold_max, "icmp-errors", c->icmp_errors,
			 "degraded-loss", (json_int_t)c->quality.lossy_at);
}

static json_t *echo(const struct echo_config *e)
{
	return json_pack("{s:b, s:I, s:I, s:I}", "enabled", e->on, "interval",
			 (json_int_t)e->interval, "multiplier", (json_int_t)e->multiplier, "size",
			 (json_int_t)e->size);
}

static json_t *bfd(const struct bfd_conf *b)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:b}", "enabled", b->enabled, "interval",
			 (json_int_t)b->interval, "receive-interval", (json_int_t)b->receive,
			 "multiplier", (json_int_t)b->multiplier, "passive", b->passive);
}

static json_t *quality(const struct quality_config *q)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "latency-weight",
			 (json_int_t)q->latency_weight, "jitter-weight",
			 (json_int_t)q->jitter_weight, "loss-weight", (json_int_t)q->loss_weight,
			 "step", (json_int_t)q->step, "minimum-improvement",
			 (json_int_t)q->min_improvement, "hold", (json_int_t)q->hold);
}

json_t *settings_json(const struct peer_conf *c)
{
	if (!c)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "liveness", liveness(c), "echo",
			 echo(&c->echo), "bfd", bfd(&c->bfd), "quality", quality(&c->quality),
			 "endpoint-timeout", (json_int_t)c->endpoint_timeout, "endpoint-return",
			 (json_int_t)c->endpoint_return);
}
