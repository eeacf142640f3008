/* SPDX-License-Identifier: BSD-2-Clause */
#include "prove.h"

#include <stdio.h>
#include <stdlib.h>

#include "device_glance.h"
#include "peer_live.h"
#include "roster.h"
#include "util.h"

#define TICK_MS 250
#define TIME_MS 12000	  /* a packet is answered within 10 s */
#define GLANCE_MS 1000	  /* between two readings */
#define PEERS_PER_TICK 50 /* that are asked */
#define OURS 0x80000000u  /* in the number of an echo request: it is one of these */

struct prove {
	LIST_ENTRY(prove) link;
	struct show *show;
	struct timer tick;
	char name[16];
	uint64_t begun; /* ms */
	uint64_t since; /* ms: what is received later was sent later; 0: that is not known */
	unsigned next;	/* peer to ask, by its place in the list */
	char peer[MSG_NAME_MAX]; /* that lives; "": none yet */
	const char *by;
	char why[128];
};

static LIST_HEAD(, prove) proves = LIST_HEAD_INITIALIZER(proves);

static bool is_fit(const struct peer *p)
{
	return p->conf && p->conf->n_tunnel_addrs && p->present;
}

static bool is_down(const struct peer *p)
{
	return p->live.state == TUNNEL_DOWN || p->live.state == TUNNEL_NEVER;
}

static void prove_ask(struct prove *pr, struct device *dev)
{
	unsigned at = 0, sent = 0;
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		if (at++ < pr->next || !is_fit(p))
			continue;
		icmp_send(&dev->icmp, dev->name, &p->conf->tunnel_addrs[0], p->owner.id | OURS, 0,
			  0);
		if (++sent == PEERS_PER_TICK)
			break;
	}
	pr->next = p ? at : 0;
}

static void prove_read(const struct prove *pr, struct device *dev, uint64_t now)
{
	if (!pr->since || now - dev->read.at < GLANCE_MS || device_glance_due(dev) > now)
		return;
	dev->read.glanced_at = now;
	device_glance(dev);
}

/* One that is fit, lives and is not down. It is looked for in what all have: cheap. */
static void prove_look(struct prove *pr, const struct device *dev)
{
	const struct peer *p, *lives = NULL;
	bool echo = false;

	TAILQ_FOREACH (p, &dev->peers, link) {
		echo = p->evidence.echo_reply > pr->begun;
		if (!is_fit(p) || (!echo && !(pr->since && p->live.alive_at > pr->since)))
			continue;
		lives = p;
		if (!is_down(p))
			break;
	}
	if (p) {
		str_copy(pr->peer, p->name, sizeof(pr->peer));
		pr->by = echo ? "echo" : "received";
	} else if (lives) {
		snprintf(pr->why, sizeof(pr->why), "%s answers, but its tunnel is down: %s",
			 lives->name, reason_text(lives->live.reason));
	}
}

static const char *prove_objection(const struct device *dev)
{
	const struct peer *p;

	if (!dev)
		return "there is no such interface";
	if (dev->life.state != DEVICE_READY)
		return dev->life.error ? dev->life.error : "it is not ready";
	if (!dev->read.up)
		return "its link is down";
	TAILQ_FOREACH (p, &dev->peers, link)
		if (is_fit(p))
			return NULL;
	return "it has no peer with a tunnel address";
}

static void prove_end(struct prove *pr)
{
	timer_stop(&pr->tick);
	show_go_on(pr->show);
}

static void prove_tick(void *arg)
{
	struct prove *pr = arg;
	struct device *dev = device_find(pr->name);
	const char *why = prove_objection(dev);
	uint64_t now = now_ms();

	if (why) {
		str_copy(pr->why, why, sizeof(pr->why));
		prove_end(pr);
		return;
	}
	prove_read(pr, dev, now);
	prove_look(pr, dev);
	if (pr->peer[0] || now - pr->begun >= TIME_MS) {
		prove_end(pr);
		return;
	}
	prove_ask(pr, dev);
	timer_start(&pr->tick, TICK_MS);
}

bool prove_answer(const struct device *dev, const struct icmp_answer *a)
{
	struct peer *p = peer_by_id(a->id & ~OURS);
	struct prove *pr;

	if (!(a->id & OURS))
		return false;
	if (!p || p->dev != dev || !is_fit(p) || !addr_eq(&p->conf->tunnel_addrs[0], &a->from))
		return true;
	p->evidence.echo_reply = a->at / 1000;
	peer_judge(p);
	LIST_FOREACH (pr, &proves, link)
		if (str_eq(pr->name, dev->name))
			timer_start(&pr->tick, 0);
	return true;
}

void prove_request(struct show *s)
{
	const char *name = json_string_value(json_object_get(s->args, "interface"));
	struct device *dev = name ? device_find(name) : NULL;
	struct prove *pr;

	if (!name) {
		show_end(s, "expected an interface");
		return;
	}
	pr = xcalloc(1, sizeof(*pr));
	pr->show = s;
	pr->begun = now_ms();
	snprintf(pr->why, sizeof(pr->why), "nothing came back in %u s", TIME_MS / 1000);
	str_copy(pr->name, name, sizeof(pr->name));
	if (dev && dev->life.state == DEVICE_READY && device_glance(dev))
		pr->since = now_ms();
	LIST_INSERT_HEAD(&proves, pr, link);
	timer_init(&pr->tick, prove_tick, pr);
	timer_start(&pr->tick, 0);
	s->state = pr;
	s->waits = true;
}

void prove_step(struct show *s)
{
	const struct prove *pr = s->state;
	bool lives = pr->peer[0];

	show_object(s, json_pack("{s:s?, s:s?, s:s?}", "peer", lives ? pr->peer : NULL, "by",
				 pr->by, "why", lives ? NULL : pr->why));
}

void prove_finish(struct show *s)
{
	struct prove *pr = s->state;

	if (!pr)
		return;
	LIST_REMOVE(pr, link);
	timer_stop(&pr->tick);
	free(pr);
}
