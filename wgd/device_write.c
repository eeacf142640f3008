/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "roster.h"
#include "util.h"

struct owner **device_owners(struct device *dev, const struct wg_dump *dump, bool add)
{
	struct owner **owners = xcalloc(dump->n_peers, sizeof(*owners));

	for (size_t i = 0; i < dump->n_peers; i++) {
		const uint8_t *key = dump->peers[i].key;
		struct peer *p;

		if (memcmp(key, dev->wg->graveyard, WG_KEY_BYTES) == 0)
			continue;
		p = peer_find(dev, key);
		if (!p && add)
			p = peer_new(dev, key);
		if (add && !p->present)
			p->foreign = dev->adopted && !ledger_has_peer(dev->ledger, key);
		owners[i] = p ? &p->owner : NULL;
	}
	return owners;
}

int device_ledger(struct device *dev)
{
	int err;

	if (retry_waits(&dev->ledger_retry))
		return dev->life.ledger_error;
	err = dev->ledger ? ledger_flush(dev->ledger) : 0;
	if (err < 0 && retry_failed(&dev->ledger_retry, err))
		log_error("ledger-unwritten", "interface=%s error=\"%s\"", dev->name,
			  strerror(-err));
	else if (err == 0 && dev->life.ledger_error)
		log_info("ledger-written", "interface=%s", dev->name);
	if (err == 0)
		retry_done(&dev->ledger_retry);
	dev->life.ledger_error = err;
	if (dev->life.state == DEVICE_READY)
		condition_set(dev, DEVICE_READY, err < 0 ? LEDGER_TEXT : NULL);
	return err;
}

/* The ledger's side of a queue, before it is applied and after. 0, or -errno: nothing of it may be
 * done. */
static int ledger_before(struct device *dev)
{
	const struct allowedips *a = &dev->allowed;
	bool *added = xcalloc(a->n_queue + 1, sizeof(*added));
	int err;

	for (size_t i = 0; i < a->n_queue; i++)
		added[i] =
			!a->queue[i].remove && ledger_add_entry(dev->ledger, &a->queue[i].prefix);
	err = device_ledger(dev);
	for (size_t i = 0; err < 0 && i < a->n_queue; i++)
		if (added[i])
			ledger_remove_entry(dev->ledger, &a->queue[i].prefix);
	free(added);
	return err;
}

static void ledger_after(struct device *dev)
{
	const struct allowedips *a = &dev->allowed;

	for (size_t i = 0; i < a->n_queue; i++)
		if (a->queue[i].remove && !trie_exact(&a->ours, &a->queue[i].prefix))
			ledger_remove_entry(dev->ledger, &a->queue[i].prefix);
	device_ledger(dev);
}

static bool removes_any(const struct allowedips *a)
{
	for (size_t i = 0; i < a->n_queue; i++)
		if (a->queue[i].remove)
			return true;
	return false;
}

/* Where a prefix is, for confirm_removals(). */
struct place {
	struct trie_node node; /* first */
	const uint8_t *key;
};

static void put_place(struct trie *t, struct slab *slab, const struct prefix *p, const uint8_t *key)
{
	struct place *place = (struct place *)trie_exact(t, p);

	if (!place) {
		place = slab_alloc(slab);
		trie_insert(t, &place->node, p);
	}
	place->key = key;
}

/*
 * The way by the graveyard takes an entry from whomever has it. On an adopted interface it must not
 * take one that somebody has just moved to a peer of his: look, and leave such removals out.
 */
static int confirm_removals(struct device *dev)
{
	struct allowedips *a = &dev->allowed;
	struct slab slab = SLAB_INIT("places", struct place);
	struct trie places = {0};
	struct trie_node *node;
	struct wg_dump dump;
	size_t kept = 0;
	int err = wg_get(dev->wg, true, &dump);

	if (err < 0)
		return err;
	for (size_t i = 0; i < dump.n_entries; i++)
		put_place(&places, &slab, &dump.entries[i].prefix,
			  dump.peers[dump.entries[i].peer].key);
	for (size_t i = 0; i < a->n_queue; i++) {
		const struct wg_change *c = &a->queue[i];
		const struct place *at = (struct place *)trie_exact(&places, &c->prefix);

		if (c->remove && (!at || memcmp(at->key, c->key, WG_KEY_BYTES) != 0)) {
			if (!trie_exact(&a->ours, &c->prefix))
				ledger_remove_entry(dev->ledger, &c->prefix);
			continue;
		}
		if (!c->remove)
			put_place(&places, &slab, &c->prefix, c->key);
		a->queue[kept++] = *c;
	}
	a->n_queue = kept;
	while ((node = trie_first(&places)))
		trie_remove(&places, node);
	slab_destroy(&slab);
	wg_dump_free(&dump);
	return 0;
}

void device_change_failed(struct device *dev, int err)
{
	struct wg_dump dump;
	struct owner **owners;

	log_limited(&dev->bucket, LOG_LEVEL_ERROR, "allowed-ips-refused",
		    "interface=%s error=\"%s\"", dev->name, strerror(-err));
	dev->life.failing = true;
	retry_failed(&dev->repair_retry, err);
	if (wg_get(dev->wg, true, &dump) < 0) {
		allowedips_forget(&dev->allowed);
		return;
	}
	owners = device_owners(dev, &dump, false);
	allowedips_observe(&dev->allowed, &dump, owners);
	free(owners);
	wg_dump_free(&dump);
}

int device_flush(struct device *dev)
{
	struct allowedips *a = &dev->allowed;
	int err = 0;

	if (!a->n_queue)
		return 0;
	if (!dev->wg) {
		allowedips_applied(a);
		return -ENODEV;
	}
	if (dev->adopted && !dev->wg->single_removal && removes_any(a))
		err = confirm_removals(dev);
	if (err == 0 && dev->ledger)
		err = ledger_before(dev);
	if (err == 0)
		err = wg_change(dev->wg, a->queue, a->n_queue);
	if (err == 0 && dev->ledger)
		ledger_after(dev);
	allowedips_applied(a);
	if (err == -ETIMEDOUT)
		dev->life.unknown = true;
	else if (err < 0)
		device_change_failed(dev, err);
	return err;
}
