/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <stdlib.h>

#include "daemon.h"
#include "ipc.h"
#include "peer_state.h"
#include "roster.h"
#include "util.h"

static struct ipc *zebra;   /* NULL while there is no channel */
static uint32_t sync_batch; /* ALLOWED_SYNC that is not answered yet, 0 none */

void report_to(struct ipc *channel)
{
	zebra = channel;
	sync_batch = 0;
}

bool report_full(void)
{
	return zebra && ipc_full(zebra);
}

static void send_up(enum msg_type type, struct wr *w)
{
	if (zebra)
		ipc_send(zebra, type, daemon_generation(), w->data, w->len);
	wr_free(w);
}

void report_if(struct device *dev)
{
	struct msg_tunnel_if m = {.ifindex = dev->ifindex,
				  .up = dev->read.up,
				  .adopted = dev->adopted,
				  .fwmark = dev->read.fwmark};
	struct wr w = {0};

	if (!dev->want.conf || dev->life.state != DEVICE_READY)
		return;
	str_copy(m.name, dev->name, sizeof(m.name));
	m.any = dev->want.conf->n_peers == 1 && dev->want.conf->peers[0].any;
	m.addrs = dev->want.conf->addrs;
	m.n_addrs = dev->want.conf->n_addrs;
	msg_put_tunnel_if(&w, &m);
	send_up(MSG_TUNNEL_IF, &w);
	dev->life.announced = true;
}

void report_if_gone(struct device *dev)
{
	struct wr w = {0};

	if (!dev->life.announced)
		return;
	dev->life.announced = false;
	wr_u32(&w, dev->ifindex);
	send_up(MSG_TUNNEL_IF_GONE, &w);
}

/* Configured entries, and foreign ones at this peer. */
static void collect_fixed(const struct peer *p, struct msg_tunnel_peer *m)
{
	const struct peer_conf *conf = p->conf;

	m->fixed = xcalloc(conf->n_tunnel_addrs + conf->n_statics + conf->n_imported +
				   p->owner.foreign,
			   sizeof(*m->fixed));
	for (size_t i = 0; i < conf->n_tunnel_addrs; i++)
		m->fixed[m->n_fixed++] = prefix_of_addr(&conf->tunnel_addrs[i]);
	for (size_t i = 0; i < conf->n_statics; i++)
		m->fixed[m->n_fixed++] = conf->statics[i];
	for (size_t i = 0; i < conf->n_imported; i++)
		if (allowedips_is(&p->dev->allowed, &p->owner, &conf->imported[i], ORIGIN_IMPORTED))
			m->fixed[m->n_fixed++] = conf->imported[i];
	if (!p->owner.foreign)
		return; /* most have none: somebody else's table is not walked for each of them */
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

	if (!p->conf || !p->dev->life.announced)
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

void report_held(const struct msg_allowed *m)
{
	struct wr w = {0};

	msg_put_allowed(&w, m);
	send_up(MSG_ALLOWED_HELD, &w);
}

void report_synced(void)
{
	struct wr w = {0};

	send_up(MSG_TUNNEL_SYNC, &w);
}

void report_refused(uint32_t peer_id, const struct prefix *p, enum reason reason)
{
	struct msg_allowed_refused m = {peer_id, *p, reason};
	struct wr w = {0};

	msg_put_allowed_refused(&w, &m);
	send_up(MSG_ALLOWED_REFUSED, &w);
}

void report_acked(const struct msg_allowed_ack *ack)
{
	struct wr w = {0};

	msg_put_allowed_ack(&w, ack);
	send_up(MSG_ALLOWED_ACK, &w);
}

void report_swept_for(uint32_t batch)
{
	sync_batch = batch;
	report_swept();
}

void report_swept(void)
{
	struct msg_allowed_ack ack = {.batch = sync_batch};
	struct device *dev;

	if (!zebra || !sync_batch)
		return;
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->sweep.queued)
			return;
	sync_batch = 0;
	report_acked(&ack);
}

void report_all(struct device *dev)
{
	struct peer *p;

	report_if(dev);
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf)
			report_peer(p);
}
