/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_release.h"

#include "bfd.h"
#include "cut.h"
#include "device_write.h"
#include "peer_endpoint.h"
#include "peer_live.h"
#include "peer_sync.h"
#include "roster.h"
#include "underlay.h"

void peer_free(struct peer *p)
{
	if (p->dev->wg)
		wg_wait(p->dev->wg); /* which may have the key in its hands */
	peer_leave_at(p, 0);
	cut_peer_gone(p);
	peer_endpoint_free(p);
	bfd_forget(p);
	peer_echo_stop(p);
	peer_live_forget_errors(p);
	underlay_peer_gone(p);
	peer_remove(p);
}

void peers_free_gone(struct device *dev)
{
	struct peer *p, *next;

	allowedips_take_leave(&dev->allowed);
	for (p = TAILQ_FIRST(&dev->peers); p; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->owner.fate == OWNER_GONE)
			peer_free(p);
	}
}

static void release_peer(struct device *dev, struct peer *p)
{
	log_info("peer-removed", "peer=%s interface=%s", p->name, dev->name);
	if (dev->wg && p->present)
		wg_remove_peer(dev->wg, p->owner.key);
	if (dev->ledger)
		ledger_remove_peer(dev->ledger, p->owner.key);
	p->owner.fate = OWNER_GONE;
}

void device_release(struct device *dev)
{
	uint64_t now = now_ms();
	bool any = false;
	struct peer *p;

	for (p = dev->want.leaving ? TAILQ_FIRST(&dev->peers) : NULL; p; p = TAILQ_NEXT(p, link)) {
		if (!p->drop_at || (p->owner.learned && now < p->drop_at))
			continue;
		release_peer(dev, p);
		any = true;
	}
	if (any)
		peers_free_gone(dev);
	device_ledger(dev); /* also one that could not be written at the last try */
}
