/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_glance.h"

#include "peer_live.h"
#include "roster.h"

#define GLANCE_SHARE 4	   /* one part in so many of the time goes into suspicions */
#define GLANCE_AGAIN_MS 5  /* many peers may fall silent at once */
#define GLANCE_MAX_US 8000 /* a dump that takes longer is left to the polls */

uint64_t device_cost_of_late(uint64_t known, uint64_t us)
{
	return us > known && known ? known + (us - known) / 8 : us;
}

void device_note_read(struct device *dev, uint64_t us)
{
	dev->read.cost = device_cost_of_late(dev->read.cost, us);
	dev->read.at = now_ms();
}

bool device_glance(struct device *dev)
{
	uint64_t begun = now_us();
	struct wg_dump dump;

	if (now_ms() - dev->read.at < GLANCE_AGAIN_MS)
		return true;
	if (!dev->wg || dev->read.cost > GLANCE_MAX_US || wg_get(dev->wg, false, &dump) < 0)
		return false;
	device_note_read(dev, now_us() - begun);
	for (size_t i = 0; i < dump.n_peers && dev->wg; i++) {
		struct peer *p = peer_find(dev, dump.peers[i].key);

		if (p)
			peer_read(p, &dump.peers[i]);
	}
	wg_dump_free(&dump);
	return true;
}

uint64_t device_glance_due(const struct device *dev)
{
	return dev->read.glanced_at + dev->read.cost * GLANCE_SHARE / 1000 + 1;
}

void peer_silent(struct peer *p, struct silence *s)
{
	silence_begin(s);
	if (device_glance(p->dev))
		silence_was_read(s, now_ms());
}
