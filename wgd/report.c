/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon.h"
#include "device_sync.h"
#include "ipc.h"
#include "util.h"

static struct ipc *zebra;   /* NULL while there is no channel */
static bool synced;	    /* the end mark was sent on it */
static uint32_t sync_batch; /* ALLOWED_SYNC that is not answered yet, 0 none */

static void send_up(enum msg_type type, struct wr *w)
{
	if (zebra)
		ipc_send(zebra, type, daemon_generation(), w->data, w->len);
	wr_free(w);
}

void report_if(struct device *dev)
{
	struct msg_tunnel_if m = {.ifindex = dev->ifindex,
				  .up = dev->up,
				  .adopted = dev->adopted,
				  .fwmark = dev->fwmark};
	struct wr w = {0};

	if (!dev->conf || dev->state != DEVICE_READY)
		return;
	str_copy(m.name, dev->name, sizeof(m.name));
	m.any = dev->conf->n_peers == 1 && dev->conf->peers[0].any;
	m.addrs = dev->conf->addrs;
	m.n_addrs = dev->conf->n_addrs;
	msg_put_tunnel_if(&w, &m);
	send_up(MSG_TUNNEL_IF, &w);
	dev->announced = true;
}

void report_if_gone(struct device *dev)
{
	struct wr w = {0};

	if (!dev->announced)
		return;
	dev->announced = false;
	wr_u32(&w, dev->ifindex);
	send_up(MSG_TUNNEL_IF_GONE, &w);
}

/* Configured entries, and foreign ones at this peer. */
static void collect_fixed(const struct peer *p, struct msg_tunnel_peer *m)
{
	const struct peer_conf *conf = p->conf;

	m->fixed = xcalloc(conf->n_tunnel_addrs + conf->n_statics + p->dev->allowed.foreign.count,
			   sizeof(*m->fixed));
	for (size_t i = 0; i < conf->n_tunnel_addrs; i++)
		m->fixed[m->n_fixed++] = prefix_of_addr(&conf->tunnel_addrs[i]);
	for (size_t i = 0; i < conf->n_statics; i++)
		m->fixed[m->n_fixed++] = conf->statics[i];
	TRIE_FOREACH (&p->dev->allowed.foreign, node)
		if (allowed_entry_of(node)->want == &p->owner)
			m->fixed[m->n_fixed++] = node->p;
}

void report_peer(struct peer *p)
{
	struct msg_tunnel_peer m = {.id = p->owner.id,
				    .ifindex = p->dev->ifindex,
				    .state = peer_state(p),
				    .reason = peer_reason(p),
				    .weak = p->live.weak,
				    .endpoint = p->endpoint};
	struct wr w = {0};

	if (!p->conf || !p->dev->announced)
		return;
	str_copy(m.name, p->name, sizeof(m.name));
	m.cost = p->cost_told = peer_cost(p);
	m.addrs = p->conf->tunnel_addrs;
	m.n_addrs = p->conf->n_tunnel_addrs;
	collect_fixed(p, &m);
	msg_put_tunnel_peer(&w, &m);
	free(m.fixed);
	send_up(MSG_TUNNEL_PEER, &w);
	p->announced = true;
}

void report_peer_gone(struct peer *p)
{
	struct wr w = {0};

	if (!p->announced)
		return;
	p->announced = false;
	wr_u32(&w, p->owner.id);
	send_up(MSG_TUNNEL_PEER_GONE, &w);
}

void report_settled(void)
{
	struct wr w = {0};

	if (!zebra || synced || !devices_settled())
		return;
	synced = true;
	send_up(MSG_TUNNEL_SYNC, &w);
}

void report_refused(uint32_t peer_id, const struct prefix *p, enum reason reason)
{
	struct msg_allowed_refused m = {peer_id, *p, reason};
	struct wr w = {0};

	msg_put_allowed_refused(&w, &m);
	send_up(MSG_ALLOWED_REFUSED, &w);
}

/* One batch while it is worked on. */
struct batch {
	struct msg_allowed m;
	struct msg_allowed_ack ack;
};

static void refuse(struct batch *b, const struct allowed_change *c, enum reason reason)
{
	b->ack.refused[b->ack.n++] = (struct msg_allowed_refused){c->peer_id, c->prefix, reason};
}

static void apply_change(struct batch *b, const struct allowed_change *c)
{
	struct peer *p = peer_by_id(c->peer_id);
	enum reason reason = REASON_NONE;

	if (c->op == ALLOWED_UNSET) {
		if (p)
			allowedips_unset(&p->dev->allowed, &p->owner, &c->prefix);
		return;
	}
	if (!p || !p->conf)
		reason = REASON_PEER_GONE;
	else if (p->dev->state != DEVICE_READY) {
		reason = REASON_INTERFACE_GONE;
		allowedips_refuse(&p->dev->allowed, &p->owner, &c->prefix);
	} else
		reason = allowedips_set(&p->dev->allowed, &p->owner, &c->prefix);
	if (reason != REASON_NONE)
		refuse(b, c, reason);
}

static bool was_refused(const struct batch *b, const struct allowed_change *c, uint32_t before)
{
	for (uint32_t i = 0; i < before; i++)
		if (b->ack.refused[i].peer_id == c->peer_id &&
		    prefix_eq(&b->ack.refused[i].prefix, &c->prefix))
			return true;
	return false;
}

/* The device failed: whatever the batch set there and is not in place is refused. */
static void refuse_failed(struct batch *b, struct device *dev, int err)
{
	enum reason reason = err == -ENODEV ? REASON_INTERFACE_GONE : REASON_WG_ERROR;
	uint32_t before = b->ack.n;

	for (uint32_t i = 0; i < b->m.n; i++) {
		const struct allowed_change *c = &b->m.changes[i];
		struct peer *p = peer_by_id(c->peer_id);

		if (c->op != ALLOWED_SET || !p || p->dev != dev ||
		    allowedips_installed(&dev->allowed, &p->owner, &c->prefix) ||
		    was_refused(b, c, before))
			continue;
		allowedips_drop(&dev->allowed, &p->owner, &c->prefix);
		allowedips_refuse(&dev->allowed, &p->owner, &c->prefix);
		refuse(b, c, reason);
	}
}

static void acknowledge(struct batch *b)
{
	struct wr w = {0};

	b->ack.batch = b->m.batch;
	msg_put_allowed_ack(&w, &b->ack);
	send_up(MSG_ALLOWED_ACK, &w);
}

static void on_allowed(const struct ipc_frame *frame)
{
	struct batch b = {0};
	struct device *dev, *next;

	if (msg_get_allowed(frame->body, frame->len, &b.m) < 0)
		fatal("malformed message from zebra-lite");
	b.ack.refused = xcalloc(b.m.n, sizeof(*b.ack.refused));
	for (uint32_t i = 0; i < b.m.n; i++)
		apply_change(&b, &b.m.changes[i]);
	for (dev = TAILQ_FIRST(&devices); dev; dev = next) {
		int err = device_flush(dev);

		next = TAILQ_NEXT(dev, link);
		if (err < 0) {
			refuse_failed(&b, dev, err);
			device_flush(dev);
		}
	}
	acknowledge(&b);
	msg_free_allowed(&b.m);
	free(b.ack.refused);
	TAILQ_FOREACH (dev, &devices, link)
		device_release(dev);
}

static void on_allowed_sync(const struct ipc_frame *frame)
{
	struct device *dev;

	if (msg_get_u32(frame->body, frame->len, &sync_batch) < 0)
		fatal("malformed message from zebra-lite");
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->allowed.n_stale)
			job_start(&dev->sweep);
	report_swept();
}

void report_swept(void)
{
	struct batch b = {.m.batch = sync_batch};
	struct device *dev;

	if (!zebra || !sync_batch)
		return;
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->sweep.queued)
			return;
	sync_batch = 0;
	acknowledge(&b);
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	if (frame->type == MSG_ALLOWED)
		on_allowed(frame);
	else if (frame->type == MSG_ALLOWED_SYNC)
		on_allowed_sync(frame);
	else
		fatal("unexpected message %s from zebra-lite", msg_name(frame->type));
}

/* zebra-lite died: everything stays; the parent will hand us a new channel. */
static void on_closed(void *arg, const char *why)
{
	log_warn("zebra-lite-gone", "why=\"%s\"", why);
	report_close();
}

void report_close(void)
{
	ipc_free(zebra);
	zebra = NULL;
}

void report_channel(int fd)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, NULL};
	struct device *dev;
	struct peer *p;

	report_close();
	zebra = ipc_new(fd, &handlers, NULL);
	synced = false;
	sync_batch = 0;
	TAILQ_FOREACH (dev, &devices, link) {
		job_stop(&dev->sweep);
		allowedips_mark_stale(&dev->allowed);
		report_if(dev);
		TAILQ_FOREACH (p, &dev->peers, link) {
			p->announced = false;
			report_peer(p);
		}
	}
	report_settled();
}
