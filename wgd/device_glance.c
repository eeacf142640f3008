/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_glance.h"

#include <stdlib.h>

#include "peer_live.h"
#include "roster.h"
#include "util.h"

#define GLANCE_SHARE 4	   /* one part in so many of the time goes into suspicions */
#define GLANCE_AGAIN_MS 5  /* many peers may fall silent at once */

uint64_t device_cost_of_late(uint64_t known, uint64_t us)
{
	return us > known && known ? known + (us - known) / 8 : us;
}

void device_note_read(struct device *dev, uint64_t begun_us)
{
	dev->read.cost = device_cost_of_late(dev->read.cost, now_us() - begun_us);
	dev->read.at = now_ms();
	dev->read.begun_at = begun_us / 1000;
}

static void glance_take(struct device *dev, const struct wg_dump *dump)
{
	for (size_t i = 0; i < dump->n_peers && dev->wg; i++) {
		struct peer *p = peer_find(dev, dump->peers[i].key);

		if (p)
			peer_read(p, &dump->peers[i]);
	}
}

bool device_glance(struct device *dev)
{
	uint64_t asked_us = now_us();
	struct wg_dump dump;
	bool fresh;

	if (now_ms() - dev->read.begun_at < GLANCE_AGAIN_MS)
		return true;
	if (!dev->wg || device_is_slow(dev) || wg_get(dev->wg, false, &dump) < 0)
		return false;
	device_note_read(dev, dump.begun_us);
	glance_take(dev, &dump);
	fresh = dump.begun_us >= asked_us; /* and no late answer to an earlier request */
	wg_dump_free(&dump);
	return fresh;
}

bool device_look(struct device *dev, bool with_entries)
{
	if (!dev->wg || dev->read.looking || dev->read.pending ||
	    wg_reader_ask(&dev->reader, dev->wg, with_entries) < 0)
		return false;
	dev->read.looking = true;
	dev->read.looked_at = now_ms();
	return true;
}

void device_look_forget(struct device *dev)
{
	dev->read.awaited = false; /* one that is under way goes on, for nobody */
	if (!dev->read.fresh)
		return;
	wg_dump_free(&dev->read.fresh->dump);
	free(dev->read.fresh);
	dev->read.fresh = NULL;
}

void device_look_use(struct device *dev)
{
	glance_take(dev, &dev->read.fresh->dump);
	device_look_forget(dev);
}

/* The poll that waits for it goes on with it. */
static void hand_to_poll(struct device *dev, const struct wg_look *look)
{
	device_look_forget(dev);
	dev->read.fresh = xmalloc(sizeof(*look));
	*dev->read.fresh = *look;
	timer_start(&dev->poll, 0);
}

static void take_look(struct device *dev, struct wg_look *look)
{
	dev->read.looking = false;
	if (look->err < 0)
		return;
	device_note_read(dev, look->dump.begun_us);
	if (dev->read.awaited) {
		hand_to_poll(dev, look);
		return;
	}
	glance_take(dev, &look->dump);
	wg_dump_free(&look->dump);
}

void device_looked(void)
{
	struct wg_look look;
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (wg_reader_take(dev->reader, &look))
			take_look(dev, &look);
}

uint64_t device_glance_due(const struct device *dev)
{
	return dev->read.glanced_at + dev->read.cost * GLANCE_SHARE / 1000 + 1;
}

void peer_silent(struct peer *p, struct silence *s)
{
	silence_begin(s, now_ms());
	if (device_glance(p->dev))
		silence_was_read(s, now_ms());
}
