/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_errors.h"

#include "device_glance.h"
#include "peer_endpoint.h"
#include "peer_live.h"
#include "roster.h"

#define CONFIRM_MS 200 /* between two errors that count */
#define AGAIN_MS 300   /* until the peer is asked again, so that there can be another one */

static void on_again(void *arg)
{
	peer_probe_now(arg);
}

/* The first one of a row: what comes in after it contradicts it, so something is asked for. */
static void peer_errors_begin(struct peer *p, const struct icmp_error *m)
{
	struct peer_errors *e = &p->errors;

	log_limited(&p->bucket, LOG_LEVEL_INFO, "underlay-error",
		    "peer=%s interface=%s endpoint=%s icmp-type=%u icmp-code=%u", p->name,
		    p->dev->name, ENDPOINT_STR(&m->to), m->type, m->code);
	p->evidence.refused = false;
	peer_silent(p, &e->silence);
	timer_stop(&e->again);
	timer_init(&e->again, on_again, p);
	timer_start(&e->again, AGAIN_MS);
	e->renew = !e->silence.first; /* its source address may be what leads nowhere */
	if (!e->renew)
		peer_endpoint_renew(p);
	peer_probe_now(p);
}

static void confirm(struct peer *p)
{
	device_glance(p->dev); /* what came in since the first one */
	p->evidence.refused = true;
	peer_judge(p);
}

static void peer_errors_take(struct peer *p, const struct icmp_error *m)
{
	struct peer_errors *e = &p->errors;
	struct device *dev = p->dev;
	uint64_t now = now_ms();

	e->count++;
	e->latest = *m;
	if (now - e->last < CONFIRM_MS || now < device_glance_due(dev))
		return;
	e->last = now;
	dev->read.glanced_at = now;
	if (!e->silence.begun || (e->silence.since && p->live.alive_at > e->silence.since))
		peer_errors_begin(p, m);
	else if (!p->evidence.refused)
		confirm(p);
}

static bool is_about(const struct peer *p, const struct icmp_error *m)
{
	return p->conf && p->conf->liveness.icmp_errors && p->present &&
	       endpoint_eq(&p->endpoint, &m->to);
}

void peer_errors_heard(const struct icmp_error *m)
{
	struct device *dev;
	struct peer *p;

	TAILQ_FOREACH (dev, &devices, link) {
		if (dev->life.state != DEVICE_READY || dev->read.listen_port != m->from.port)
			continue;
		TAILQ_FOREACH (p, &dev->peers, link)
			if (is_about(p, m)) {
				peer_errors_take(p, m);
				return; /* a reading may have changed the list */
			}
	}
}
