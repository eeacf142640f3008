/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_echo.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "device_glance.h"
#include "peer_live.h"
#include "roster.h"
#include "util.h"

#define SLOW_MS 1000	   /* between requests into a tunnel that is down */
#define GRACE_MIN_US 50000 /* an answer may always take so long */
#define GRACE_TRIPS 4	   /* or so many round trips */

/* How long to wait for one answer, us. */
static uint64_t grace(const struct peer_echo *pe)
{
	uint64_t us = (uint64_t)pe->quality.latency * GRACE_TRIPS;

	return us > GRACE_MIN_US ? us : GRACE_MIN_US;
}

/* Time for a closer look: what WireGuard receives from now on is told from what came before. */
static void look_closer(struct peer *p)
{
	struct peer_echo *pe = p->echo;
	unsigned loss = quality_loss(&pe->quality);

	if (!echo_suspicious(&pe->echo, &p->conf->liveness, loss)) {
		pe->silence = (struct silence){0};
	} else if (!pe->silence.begun) {
		peer_silent(p, &pe->silence);
	}
}

static void say_cost(const struct peer *p, uint32_t before)
{
	const struct quality *q = &p->echo->quality;
	unsigned loss = quality_loss(q);
	json_t *event;

	log_info("tunnel-quality",
		 "peer=%s interface=%s from=%u to=%u latency-us=%u jitter-us=%u loss-percent=%u.%u",
		 p->name, p->dev->name, before, q->cost, q->latency, q->jitter, loss / 10,
		 loss % 10);
	event = json_pack("{s:s, s:s, s:s, s:I, s:I}", "event", "tunnel-quality", "interface",
			  p->dev->name, "peer", p->name, "from", (json_int_t)before, "to",
			  (json_int_t)q->cost);
	if (event)
		daemon_event(event);
}

/* Brings the evidence up to date, and judges where that may change anything. */
static void peer_echo_look(struct peer *p, uint64_t now)
{
	struct peer_echo *pe = p->echo;
	unsigned loss = quality_loss(&pe->quality);
	uint32_t cost = pe->quality.cost;
	struct evidence *e = &p->evidence;
	bool changed = quality_update(&pe->quality, &p->conf->quality,
				      p->conf->liveness.degraded_loss, now / 1000);
	bool unanswered = echo_unanswered(&pe->echo, &p->conf->liveness, loss, grace(pe), now);
	bool dead = echo_dead(&pe->echo, &p->conf->liveness, loss);
	bool black_hole = echo_black_hole(&pe->echo, &p->conf->liveness, loss);

	if (pe->quality.cost != cost)
		say_cost(p, cost);
	if (unanswered && !e->echo_unanswered)
		quality_outage(&pe->quality);
	if (dead && !e->echo_dead)
		device_glance(p->dev); /* reads what came in meanwhile */
	changed |= unanswered != e->echo_unanswered || dead != e->echo_dead ||
		   black_hole != e->black_hole;
	e->echo_dead = dead;
	e->echo_unanswered = unanswered;
	e->black_hole = black_hole;
	e->lossy = pe->quality.lossy;
	/* There also the time that passes changes something. */
	if (changed || p->live.state == TUNNEL_DOWN || p->live.state == TUNNEL_DEGRADED)
		peer_judge(p);
}

static void send_one(struct peer *p, bool large)
{
	struct peer_echo *pe = p->echo;
	uint64_t now = now_us();
	uint16_t seq = pe->echo.next_seq;
	int err = icmp_send(&p->dev->icmp, p->dev->name, &pe->to, p->owner.id, seq,
			    large ? p->conf->liveness.echo_size : 0);

	if (err == 0) {
		echo_sent(&pe->echo, now, large);
		liveness_probed(&p->live, now / 1000); /* it is a data packet, too */
	} else if (err == -EMSGSIZE && large && !pe->too_large) {
		pe->too_large = true;
		log_warn("echo-too-large", "peer=%s interface=%s size=%u mtu=%u", p->name,
			 p->dev->name, p->conf->liveness.echo_size, p->dev->read.mtu);
	}
}

static uint32_t interval_now(const struct peer *p)
{
	bool dead = p->live.state == TUNNEL_DOWN || p->live.state == TUNNEL_NEVER;
	uint32_t interval = p->conf->liveness.echo_interval;

	if (dead && p->echo->echo.row > p->conf->liveness.echo_multiplier && interval < SLOW_MS)
		return SLOW_MS;
	return interval;
}

static bool usable(const struct peer *p)
{
	return p->present && p->dev->read.up && p->dev->life.state == DEVICE_READY;
}

static void on_check(void *arg)
{
	struct peer *p = arg;

	if (!usable(p))
		return;
	icmp_drain(&p->dev->icmp); /* what waits in the socket was not late */
	look_closer(p);
	peer_echo_look(p, now_us());
}

static void on_tick(void *arg)
{
	struct peer *p = arg;
	struct peer_echo *pe = p->echo;

	timer_start(&pe->tick, interval_now(p));
	on_check(p);
	if (!usable(p) || !p->endpoint.addr.family)
		return;
	send_one(p, false);
	if (echo_last_sent(&pe->echo, &p->conf->liveness, quality_loss(&pe->quality)))
		timer_start(&pe->check, grace(pe) / 1000 + 1);
	if (echo_large_due(&pe->echo, &p->conf->liveness, now_us()))
		send_one(p, true);
}

static bool target(const struct peer *p, struct addr *to)
{
	if (!p->conf || !p->conf->liveness.echo || !p->conf->n_tunnel_addrs)
		return false;
	*to = p->conf->tunnel_addrs[0];
	return true;
}

void peer_echo_configure(struct peer *p)
{
	struct addr to;

	if (!target(p, &to)) {
		peer_echo_stop(p);
		return;
	}
	if (p->echo && addr_eq(&p->echo->to, &to)) {
		p->echo->too_large = false;
		return;
	}
	peer_echo_stop(p);
	p->echo = xcalloc(1, sizeof(*p->echo));
	p->echo->to = to;
	echo_init(&p->echo->echo, randombytes_random());
	quality_init(&p->echo->quality);
	timer_init(&p->echo->tick, on_tick, p);
	timer_init(&p->echo->check, on_check, p);
	/* Not all peers in the same moment. */
	timer_start(&p->echo->tick, randombytes_uniform(p->conf->liveness.echo_interval));
}

void peer_echo_stop(struct peer *p)
{
	if (!p->echo)
		return;
	timer_stop(&p->echo->tick);
	timer_stop(&p->echo->check);
	free(p->echo);
	p->echo = NULL;
	p->evidence.echo_unanswered = p->evidence.echo_dead = p->evidence.lossy =
		p->evidence.black_hole = false;
}

void peer_echo_answer(struct peer *p, const struct icmp_answer *a)
{
	struct peer_echo *pe = p->echo;
	struct echo_answer answer;

	if (!addr_eq(&pe->to, &a->from))
		return;
	answer = echo_received(&pe->echo, a->seq, a->at);
	if (!answer.known)
		return;
	p->evidence.echo_reply = a->at / 1000;
	if (!answer.large && !answer.first) {
		quality_lost(&pe->quality, answer.lost);
		quality_answer(&pe->quality, answer.rtt);
	}
	peer_echo_look(p, now_us());
}

/* Microseconds as milliseconds with one digit. */
static json_t *json_ms(uint32_t us)
{
	return json_real((us + 50) / 100 / 10.0);
}

void peer_echo_show(const struct peer *p, json_t *row)
{
	const struct quality *q = p->echo && p->echo->quality.samples ? &p->echo->quality : NULL;
	const struct echo *e = p->echo ? &p->echo->echo : NULL;

	json_object_set_new(row, "latency-ms", q ? json_ms(q->latency) : json_null());
	json_object_set_new(row, "jitter-ms", q ? json_ms(q->jitter) : json_null());
	json_object_set_new(row, "loss-percent",
			    q ? json_real(quality_loss(q) / 10.0) : json_null());
	json_object_set_new(row, "echo-sent", json_integer(e ? (json_int_t)e->sent : 0));
	json_object_set_new(row, "echo-received", json_integer(e ? (json_int_t)e->received : 0));
	json_object_set_new(row, "echo-lost", json_integer(e ? (json_int_t)e->lost : 0));
}
