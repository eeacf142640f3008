/* SPDX-License-Identifier: BSD-2-Clause */
#include "bfd.h"

#include <string.h>

#include "device_glance.h"
#include "ipc.h"
#include "peer_live.h"
#include "roster.h"
#include "util.h"

#define CONFIRM_MS 1000 /* for a session found expired at a start */

static struct ipc *bfdd; /* NULL while there is none */
static bool synced;	 /* it was told that it knows all */
static struct timer work;

static void send_down(enum msg_type type, struct wr *w)
{
	if (bfdd)
		ipc_send(bfdd, type, 0, w->data, w->len);
	wr_free(w);
}

/* The session that the peer should have; false: none. */
static bool bfd_wanted(const struct peer *p, struct msg_bfd_session *out)
{
	const struct peer_conf *conf = p->conf;
	const struct device *dev = p->dev;

	memset(out, 0, sizeof(*out));
	if (!conf || !conf->liveness.bfd.enabled || !conf->n_tunnel_addrs || !dev->want.conf ||
	    dev->life.state != DEVICE_READY || !dev->ifindex)
		return false;
	for (size_t i = 0; i < dev->want.conf->n_addrs && !out->local.family; i++)
		if (dev->want.conf->addrs[i].addr.family == conf->tunnel_addrs[0].family)
			out->local = dev->want.conf->addrs[i].addr;
	out->id = p->owner.id;
	out->ifindex = (uint32_t)dev->ifindex;
	out->remote = conf->tunnel_addrs[0];
	out->interval_ms = conf->liveness.bfd.interval;
	out->receive_ms = conf->liveness.bfd.receive_interval;
	out->multiplier = conf->liveness.bfd.multiplier;
	out->passive = conf->liveness.bfd.passive;
	str_copy(out->ifname, dev->name, sizeof(out->ifname));
	str_copy(out->peer, p->name, sizeof(out->peer));
	return out->local.family != 0;
}

/* Another session altogether, not the same with other timers. */
static bool is_other(const struct msg_bfd_session *a, const struct msg_bfd_session *b)
{
	return a->ifindex != b->ifindex || !addr_eq(&a->local, &b->local) ||
	       !addr_eq(&a->remote, &b->remote);
}

static void release(struct peer *p)
{
	struct wr w = {0};

	if (!p->bfd.sent.id)
		return;
	wr_u32(&w, p->bfd.sent.id);
	send_down(MSG_BFD_SESSION_GONE, &w);
	timer_stop(&p->bfd.confirm);
	memset(&p->bfd, 0, sizeof(p->bfd));
	peer_bfd(p, BFD_SAYS_NOTHING);
}

static void update(struct peer *p)
{
	struct msg_bfd_session want;
	bool any = bfd_wanted(p, &want);
	struct wr w = {0};

	if (p->bfd.sent.id && (!any || is_other(&want, &p->bfd.sent)))
		release(p);
	if (!any || memcmp(&want, &p->bfd.sent, sizeof(want)) == 0)
		return;
	p->bfd.sent = want;
	p->bfd.asked = true;
	msg_put_bfd_session(&w, &want);
	send_down(MSG_BFD_SESSION, &w);
}

void bfd_device(struct device *dev)
{
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link)
		update(p);
}

void bfd_forget(struct peer *p)
{
	struct wr w = {0};

	timer_stop(&p->bfd.confirm);
	if (!p->bfd.sent.id)
		return;
	wr_u32(&w, p->bfd.sent.id);
	send_down(MSG_BFD_SESSION_GONE, &w);
}

/* ---- what they say */

static void before_reading(struct device *dev)
{
	uint64_t now = now_ms();
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		if (p->bfd.suspect)
			silence_begin(&p->bfd.silence, now);
		if (p->bfd.expired) /* the reading that decides must know it */
			p->evidence.bfd = BFD_SAYS_EXPIRED;
	}
}

/* READ: it was done. Where SUSPECT and EXPIRED came together, on a busy machine, that was only the
 * first one of two: another one follows, as long after as EXPIRED should have come after SUSPECT.
 */
static void after_reading(struct device *dev, bool read)
{
	uint64_t now = now_ms();
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		if (read)
			silence_was_read(&p->bfd.silence, now);
		p->bfd.suspect = false;
		if (!p->bfd.expired)
			continue;
		peer_bfd(p, BFD_SAYS_EXPIRED);
		p->bfd.expired = read && !p->bfd.silence.since && !p->bfd.again_at;
		p->bfd.again_at = p->bfd.expired ? now + p->bfd.sent.interval_ms : 0;
	}
}

/* When the device may be read; 0: nothing asks for it. */
static uint64_t reading_due(const struct device *dev)
{
	uint64_t due = 0;
	const struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		uint64_t at = p->bfd.expired   ? p->bfd.again_at + 1
			      : p->bfd.suspect ? device_glance_due(dev)
					       : 0;

		if (at && (!due || at < due))
			due = at;
	}
	return due;
}

static void bfd_read_device(struct device *dev)
{
	bool read;

	before_reading(dev);
	read = device_glance(dev);
	dev->read.glanced_at = now_ms();
	after_reading(dev, read);
}

static void on_work(void *arg)
{
	uint64_t now = now_ms(), next = UINT64_MAX;
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link) {
		uint64_t due = reading_due(dev);

		if (due && due <= now) {
			bfd_read_device(dev);
			due = reading_due(dev);
		}
		if (due && due < next)
			next = due;
	}
	if (next != UINT64_MAX)
		timer_start(&work, next > now ? next - now : 0);
}

static void found_expired(void *arg)
{
	struct peer *p = arg;

	p->bfd.expired = true;
	timer_start(&work, 0);
}

static void bfd_take(struct peer *p, const struct msg_bfd_news *m)
{
	bool found = p->bfd.asked;

	p->bfd.asked = false;
	timer_stop(&p->bfd.confirm);
	switch (m->news) {
	case BFD_NEWS_SUSPECT:
		p->bfd.suspect = true;
		timer_start(&work, 0);
		return;
	case BFD_NEWS_EXPIRED:
		p->bfd.suspect |= found || !p->bfd.silence.begun;
		p->bfd.expired = !found;
		if (found) { /* for how long, nobody knows; and the tunnel may carry all the same */
			timer_init(&p->bfd.confirm, found_expired, p);
			timer_start(&p->bfd.confirm, CONFIRM_MS);
		}
		timer_start(&work, 0);
		return;
	case BFD_NEWS_UP:
		peer_bfd(p, BFD_SAYS_UP);
		break;
	case BFD_NEWS_SIGNALLED:
		peer_bfd(p, BFD_SAYS_SIGNALLED);
		break;
	case BFD_NEWS_ADMIN_DOWN:
		peer_bfd(p, BFD_SAYS_ADMIN_DOWN);
		break;
	default:
		peer_bfd(p, BFD_SAYS_NOTHING);
	}
	p->bfd.suspect = p->bfd.expired = false;
	p->bfd.again_at = 0;
	p->bfd.silence = (struct silence){0};
}

static void bfd_frame(void *arg, const struct ipc_frame *frame)
{
	struct msg_bfd_news m;
	struct peer *p;

	if (frame->type != MSG_BFD_NEWS)
		fatal("unexpected message %s from bfdd", msg_name(frame->type));
	if (msg_get_bfd_news(frame->body, frame->len, &m) < 0)
		fatal("malformed message from bfdd");
	p = peer_by_id(m.id);
	if (p && p->bfd.sent.id)
		bfd_take(p, &m);
}

/* bfdd died: what it said last stands until its successor knows better. */
static void bfd_closed(void *arg, const char *why)
{
	ipc_free(bfdd);
	bfdd = NULL;
}

void bfd_channel(int fd)
{
	static const struct ipc_handlers handlers = {bfd_frame, bfd_closed, NULL};
	struct device *dev;
	struct peer *p;

	ipc_free(bfdd);
	bfdd = ipc_new(fd, &handlers, NULL);
	timer_init(&work, on_work, NULL);
	TAILQ_FOREACH (dev, &devices, link) {
		TAILQ_FOREACH (p, &dev->peers, link)
			p->bfd.sent.id = 0;
		bfd_device(dev);
	}
	synced = false;
	bfd_settled();
}

void bfd_settled(void)
{
	struct wr w = {0};

	if (!bfdd || synced || !devices_settled())
		return;
	synced = true;
	send_down(MSG_BFD_SYNC, &w);
}

void bfd_close(void)
{
	ipc_free(bfdd);
	bfdd = NULL;
	timer_stop(&work);
}
