/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of a device: what they should be, what they are, and whether they live. Where they are
 * reached is in peer_endpoint.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cut.h"
#include "daemon.h"
#include "device.h"
#include "device_sync.h"
#include "drain.h"
#include "peer_state.h"
#include "report.h"
#include "secrets.h"
#include "underlay.h"
#include "util.h"

int64_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void peer_free(struct peer *p)
{
	if (p->dev->wg)
		wg_wait(p->dev->wg); /* which may have the key in its hands */
	cut_peer_gone(p);
	peer_endpoint_free(p);
	bfd_forget(p);
	peer_echo_stop(p);
	peer_errors_forget(p);
	underlay_peer_gone(p);
	peer_remove(p);
}

void peer_configure(struct peer *p, const struct peer_conf *conf)
{
	p->conf = conf;
	p->drop_at = 0;
	if (conf)
		str_copy(p->name, conf->name, sizeof(p->name));
	p->drained = conf && drain_has(p->dev->name, p->name);
	if (!conf || !conf->icmp_errors)
		peer_errors_forget(p);
	peer_echo_configure(p);
}

static const uint8_t *choose_psk(const struct peer *p, const struct wg_peer *found)
{
	static const uint8_t none[WG_KEY_BYTES];
	const uint8_t *psk = secrets_get(p->conf->psk_file);

	if (p->conf->psk_file && !psk)
		log_error("no-preshared-key", "interface=%s peer=%s file=%s", p->dev->name, p->name,
			  p->conf->psk_file);
	if (!p->conf->psk_file && found && found->has_psk)
		return none;
	return psk;
}

int peer_install(struct peer *p, bool create, const struct wg_peer *found)
{
	struct wg_peer_set set = {.key = p->owner.key, .create = create};
	bool with_endpoint = peer_endpoint_choose(p, create, found, &set.endpoint), added = false;
	int err;

	set.psk = choose_psk(p, found);
	set.keepalive = p->conf->keepalive;
	set.set_keepalive = !found || found->keepalive != p->conf->keepalive;
	peer_endpoint_given(p, with_endpoint ? &set.endpoint : NULL);
	if (!create && !with_endpoint && !set.psk && !set.set_keepalive)
		return 0;
	if (create && p->dev->ledger)
		added = ledger_add_peer(p->dev->ledger, p->owner.key);
	err = create ? device_ledger(p->dev) : 0;
	if (err < 0 && added)
		ledger_remove_peer(p->dev->ledger, p->owner.key);
	if (err == 0)
		err = wg_set_peer(p->dev->wg, &set);
	if (err < 0) {
		log_limited(&p->bucket, LOG_LEVEL_ERROR, "peer-refused",
			    "interface=%s peer=%s error=\"%s\"", p->dev->name, p->name,
			    strerror(-err));
		return err;
	}
	p->present = true;
	return 0;
}

static void fix(struct peer *p, const struct prefix *prefix, enum allowed_origin origin)
{
	enum reason reason = allowedips_fix(&p->dev->allowed, &p->owner, prefix, origin);

	if (reason != REASON_NONE)
		log_limited(&p->bucket, LOG_LEVEL_WARN, "allowed-ip-refused",
			    "interface=%s peer=%s prefix=%s reason=%s", p->dev->name, p->name,
			    PREFIX_STR(prefix), reason_name(reason));
}

void peer_unfix_entries(struct peer *p, const struct peer_conf *old)
{
	struct allowedips *a = &p->dev->allowed;

	for (size_t i = 0; old && i < old->n_tunnel_addrs; i++) {
		struct prefix host = prefix_of_addr(&old->tunnel_addrs[i]);

		if (!peer_conf_fixed(p->conf, &host))
			allowedips_unfix(a, &p->owner, &host);
	}
	for (size_t i = 0; old && i < old->n_statics; i++)
		if (!peer_conf_fixed(p->conf, &old->statics[i]))
			allowedips_unfix(a, &p->owner, &old->statics[i]);
}

void peer_fix_entries(struct peer *p)
{
	for (size_t i = 0; i < p->conf->n_statics; i++)
		fix(p, &p->conf->statics[i], ORIGIN_STATIC);
	for (size_t i = 0; i < p->conf->n_tunnel_addrs; i++) {
		struct prefix host = prefix_of_addr(&p->conf->tunnel_addrs[i]);

		fix(p, &host, ORIGIN_TUNNEL_ADDRESS);
	}
}

static void say_state(const struct peer *p, enum tunnel_state before)
{
	json_t *event;

	if (p->live.state == before)
		return;
	log_event(p->live.state == TUNNEL_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "tunnel-state",
		  "peer=%s interface=%s from=%s to=%s reason=%s%s", p->name, p->dev->name,
		  tunnel_state_name(before), tunnel_state_name(p->live.state),
		  reason_name(p->live.reason), p->live.weak ? " weak=yes" : "");
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
				    .link_up = p->dev->up,
				    .present = p->present,
				    .handshake = p->live.handshake,
				    .rx = p->rx_bytes,
				    .tx = p->tx_bytes,
				    .evidence = p->evidence};

	in.evidence.refused_silent = p->errors.silence.since;
	in.evidence.bfd_silent = p->bfd.silence.since;
	in.evidence.echo_silent = p->echo ? p->echo->silence.since : 0;
	return in;
}

/* Judges, and tells everybody; CHANGED: there is something else to tell. */
static void judge(struct peer *p, const struct liveness_input *in, bool changed)
{
	enum tunnel_state before = p->live.state;

	changed |= liveness_update(&p->live, &p->conf->liveness, in);
	say_state(p, before);
	if (p->announced && (changed || peer_cost(p) != p->cost_told))
		report_peer(p);
}

void peer_judge(struct peer *p)
{
	struct liveness_input in = input_of(p, now_ms());

	if (p->conf && p->dev->state == DEVICE_READY)
		judge(p, &in, false);
}

void peer_silent(struct peer *p, struct silence *s)
{
	silence_begin(s);
	if (device_glance(p->dev))
		silence_was_read(s, now_ms());
}

void peer_bfd(struct peer *p, enum bfd_evidence says)
{
	p->evidence.bfd = says;
	peer_judge(p);
}

void peer_read(struct peer *p, const struct wg_peer *found)
{
	uint64_t now = now_ms();
	struct liveness_input in;
	bool changed = false;

	p->present = found != NULL;
	if (found) {
		changed = peer_endpoint_note(p, found);
		p->rx_bytes = found->rx_bytes;
		p->tx_bytes = found->tx_bytes;
	}
	if (changed)
		peer_errors_forget(p);
	peer_errors_tick(p, now);
	silence_read(&p->errors.silence, now);
	silence_read(&p->bfd.silence, now);
	if (p->echo)
		silence_read(&p->echo->silence, now);
	in = input_of(p, now);
	in.read = true;
	if (found)
		in.handshake = found->handshake_sec * 1000 + found->handshake_nsec / 1000000;
	if (!p->conf)
		return;
	judge(p, &in, changed);
	if (found && p->dev->wg)
		peer_endpoint_tick(p, now);
}

void peer_probe(struct peer *p, uint64_t now)
{
	if (!p->conf || !p->conf->n_tunnel_addrs || !p->present || !p->dev->up)
		return;
	if (!p->endpoint.addr.family || !liveness_probe_due(&p->live, &p->conf->liveness, now))
		return;
	if (probe_send(&p->dev->probe, p->dev->name, &p->conf->tunnel_addrs[0]) == 0)
		liveness_probed(&p->live, now);
}

void peer_probe_now(struct peer *p)
{
	if (!p->conf)
		return;
	p->live.probe_at = 0;
	peer_probe(p, now_ms());
	peer_echo_now(p);
}
