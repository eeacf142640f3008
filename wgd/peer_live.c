/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_live.h"

#include <time.h>

#include "daemon.h"
#include "history.h"
#include "lives.h"
#include "log_crowd.h"
#include "peer_state.h"
#include "report.h"
#include "roster.h"

#define LAPSE_MS 30000 /* errors of the underlay are past without a further one for so long */

static int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void peer_live_forget_errors(struct peer *p)
{
	timer_stop(&p->errors.again);
	p->errors.silence = (struct silence){0};
	p->evidence.refused = p->errors.renew = false;
}

static void errors_tick(struct peer *p, uint64_t now)
{
	if (p->errors.silence.begun && now - p->errors.last > LAPSE_MS)
		peer_live_forget_errors(p);
}

/* Hundreds may come or go at once, with an uplink. */
static void log_state(const struct peer *p, enum tunnel_state before)
{
	static struct log_crowd others = {.what = "tunnel-state"};
	static struct log_crowd downs = {.what = "tunnel-state to=down", .grave = true};
	static struct log_crowd ups = {.what = "tunnel-state to=up"};
	bool down = p->live.state == TUNNEL_DOWN;

	if (!log_crowd_take(down ? &downs : p->live.state == TUNNEL_UP ? &ups : &others, p->name))
		return;
	log_event(down ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "tunnel-state",
		  "peer=%s interface=%s from=%s to=%s reason=%s%s", p->name, p->dev->name,
		  tunnel_state_name(before), tunnel_state_name(p->live.state),
		  reason_name(p->live.reason), p->live.weak ? " weak=yes" : "");
}

static void say_state(const struct peer *p, enum tunnel_state before)
{
	json_t *event;

	if (p->live.state == before)
		return;
	log_state(p, before);
	history_note((struct history_fact){.kind = HISTORY_TUNNEL,
					   .what = p->live.state,
					   .name = p->told_as,
					   .reason = p->live.reason});
	event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "tunnel-state", "interface",
			  p->dev->name, "peer", p->name, "from", tunnel_state_name(before), "to",
			  tunnel_state_name(p->live.state), "reason", reason_name(p->live.reason));
	if (event)
		daemon_event(event);
}

/* What a judgement starts from: what was read last. */
static struct liveness_input input_of(const struct peer *p, uint64_t now)
{
	struct liveness_input in = {.now = now,
				    .wall = wall_ms(),
				    .link_up = p->dev->read.up,
				    .present = p->present,
				    .handshake = p->live.handshake,
				    .rx = p->rx_bytes,
				    .tx = p->tx_bytes,
				    .evidence = p->evidence};

	in.evidence.refused_silent = p->errors.silence.since;
	in.evidence.bfd_silent = p->bfd.silence.since;
	in.evidence.echo_silent = p->echo ? p->echo->silence.since : 0;
	in.evidence.probe_silent = p->watch.silence.since;
	return in;
}

/* Judges, and tells everybody; CHANGED: there is something else to tell. */
static void peer_live_judge(struct peer *p, const struct liveness_input *in, bool changed)
{
	enum tunnel_state before = p->live.state;

	changed |= liveness_update(&p->live, &p->conf->liveness, in);
	lives_note(p->life, &p->live);
	say_state(p, before);
	if (p->announced && (changed || peer_cost(p) != p->cost_told))
		report_peer(p);
}

void peer_judge(struct peer *p)
{
	struct liveness_input in = input_of(p, now_ms());

	if (p->conf && p->dev->life.state == DEVICE_READY)
		peer_live_judge(p, &in, false);
}

void peer_bfd(struct peer *p, enum bfd_evidence says)
{
	p->evidence.bfd = says;
	peer_judge(p);
}

/* What the wgd before knew may be of another device, or peer, that had the same name. */
static void peer_live_take_over(struct peer *p, const struct liveness_input *in)
{
	const struct liveness *l = &p->live;

	if (!p->inherited)
		return;
	p->inherited = false;
	if (in->handshake < l->handshake || in->rx < l->rx || in->tx < l->tx)
		liveness_init(&p->live, in->now);
	else
		liveness_take_over(&p->live, &p->conf->liveness, in->now);
}

void peer_read(struct peer *p, const struct wg_peer *found)
{
	uint64_t now = now_ms();
	struct silence_reading reading = {.begun_at = p->dev->read.begun_at,
					  .taken_at = now,
					  .grown = found && found->rx_bytes != p->rx_bytes};
	struct liveness_input in;
	bool changed = false;

	p->present = found != NULL;
	if (found) {
		changed = peer_endpoint_note(p, found);
		p->rx_bytes = found->rx_bytes;
		p->tx_bytes = found->tx_bytes;
	}
	if (changed)
		peer_live_forget_errors(p);
	if (found && p->errors.renew)
		peer_endpoint_renew(p);
	p->errors.renew = p->errors.renew && !found;
	errors_tick(p, now);
	silence_read(&p->errors.silence, &reading);
	silence_read(&p->bfd.silence, &reading);
	if (p->echo)
		silence_read(&p->echo->silence, &reading);
	silence_read(&p->watch.silence, &reading);
	in = input_of(p, now);
	in.read = true;
	in.read_at = p->dev->read.begun_at;
	if (found)
		in.handshake = found->handshake_sec * 1000 + found->handshake_nsec / 1000000;
	p->handshakes += in.handshake > p->live.handshake && in.handshake != p->live.void_handshake;
	if (!p->conf)
		return;
	if (found)
		peer_live_take_over(p, &in);
	peer_live_judge(p, &in, changed);
	if (found && p->dev->wg)
		peer_endpoint_tick(p, now);
}

void peer_probe(struct peer *p, uint64_t now)
{
	if (!p->conf || !p->conf->n_tunnel_addrs || !p->present || !p->dev->read.up)
		return;
	if (!p->endpoint.addr.family || !liveness_probe_due(&p->live, &p->conf->liveness, now))
		return;
	if (probe_send(&p->dev->probe, p->dev->name, &p->conf->tunnel_addrs[0]) < 0)
		return;
	liveness_probed(&p->live, now);
	lives_note(p->life, &p->live);
}

void peer_probe_now(struct peer *p)
{
	if (!p->conf)
		return;
	p->live.probe_at = 0;
	peer_probe(p, now_ms());
	if (p->echo)
		timer_start(&p->echo->tick, 0);
}
