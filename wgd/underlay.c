/* SPDX-License-Identifier: BSD-2-Clause */
#include "underlay.h"

#include "loop.h"
#include "peer_live.h"
#include "roster.h"
#include "way.h"

#define POLL_QUANTUM 16 /* lookups a poll */
#define JOB_QUANTUM 64

static struct job job;
static uint32_t round_now; /* of looking at every peer */

static bool walk(void *arg);

void underlay_open(void)
{
	job_init(&job, walk, NULL);
}

void underlay_close(void)
{
	job_stop(&job);
}

static void underlay_look(struct peer *p)
{
	uint32_t oif = 0;
	bool down, moved;

	p->underlay_round = round_now;
	if (!p->conf || p->dev->life.state != DEVICE_READY || !p->endpoint.addr.family ||
	    addr_is_link_local(&p->endpoint.addr))
		down = false;
	else
		down = !way_leads(&p->endpoint.addr, p->dev->read.fwmark, &oif);
	moved = !down && oif && p->underlay_oif && oif != p->underlay_oif;
	if (!down && oif)
		p->underlay_oif = oif;
	if (!moved && down == p->evidence.underlay_down)
		return;
	if (!down)
		peer_endpoint_renew(p);
	if (down != p->evidence.underlay_down) {
		p->evidence.underlay_down = down;
		peer_judge(p);
	}
	/* Also before something comes in by the old way, and would be answered that way. */
	peer_probe_now(p);
}

static bool walk(void *arg)
{
	struct device *dev;
	struct peer *p;
	int n = 0;

	TAILQ_FOREACH (dev, &devices, link)
		TAILQ_FOREACH (p, &dev->peers, link) {
			if (p->underlay_round == round_now)
				continue;
			if (n++ == JOB_QUANTUM)
				return true;
			underlay_look(p);
		}
	return false;
}

void underlay_changed(void)
{
	round_now++;
	job_start(&job);
}

void underlay_poll(struct device *dev)
{
	struct peer *p = dev->underlay_next ? dev->underlay_next : TAILQ_FIRST(&dev->peers);

	for (int n = 0; p && n < POLL_QUANTUM; n++, p = TAILQ_NEXT(p, link))
		underlay_look(p);
	dev->underlay_next = p;
}

void underlay_peer_gone(const struct peer *p)
{
	if (p->dev->underlay_next == p)
		p->dev->underlay_next = TAILQ_NEXT(p, link);
}
