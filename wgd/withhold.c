/* SPDX-License-Identifier: BSD-2-Clause */
#include "withhold.h"

#include "device_write.h"
#include "peer_live.h"
#include "peer_sync.h"
#include "roster.h"

bool withhold_wanted(const struct device *dev)
{
	return dev->wg && dev->wg->backend->answers_when_down && !dev->read.up;
}

bool withhold_peer(struct peer *p, bool there)
{
	p->owner.away = withhold_wanted(p->dev) && !p->foreign;
	if (p->owner.away)
		p->present = there;
	return p->owner.away;
}

static size_t take_out(struct device *dev)
{
	struct peer *p;
	size_t n = 0;

	TAILQ_FOREACH (p, &dev->peers, link) {
		if (!withhold_peer(p, p->present) || !p->present)
			continue;
		if (wg_remove_peer(dev->wg, p->owner.key) < 0)
			continue; /* the next poll tries again */
		if (dev->ledger)
			ledger_remove_peer(dev->ledger, p->owner.key);
		peer_read(p, NULL);
		n++;
	}
	return n;
}

static size_t put_back(struct device *dev)
{
	struct peer *p;
	size_t n = 0;

	TAILQ_FOREACH (p, &dev->peers, link) {
		if (!p->owner.away)
			continue;
		p->owner.away = false;
		n += p->conf && peer_install(p, true, NULL) == 0;
	}
	return n;
}

void withhold_sync(struct device *dev)
{
	size_t n;

	if (!dev->wg)
		return;
	n = withhold_wanted(dev) ? take_out(dev) : put_back(dev);
	if (!n)
		return;
	log_info(dev->read.up ? "peers-back" : "peers-withheld", "interface=%s peers=%zu",
		 dev->name, n);
	if (dev->read.up)
		allowedips_reconcile(&dev->allowed);
	else
		allowedips_forget_away(&dev->allowed);
	device_ledger(dev);
	device_flush(dev);
}
