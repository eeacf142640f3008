/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips_going.h"
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

/* Where a prefix of the queue is, for confirm_by(). */
struct place {
	struct trie_node node; /* first */
	const uint8_t *key;    /* NULL: nowhere */
};

static void find_places(struct trie *t, struct slab *slab, const struct allowedips *a,
			const struct wg_dump *dump)
{
	for (size_t i = 0; i < a->n_queue; i++) {
		struct place *place = slab_alloc(slab);

		if (trie_insert(t, &place->node, &a->queue[i].prefix))
			slab_free(slab, place);
	}
	for (size_t i = 0; i < dump->n_entries; i++) {
		struct place *place = (struct place *)trie_exact(t, &dump->entries[i].prefix);

		if (place)
			place->key = dump->peers[dump->entries[i].peer].key;
	}
}

/*
 * The way by the graveyard takes an entry from whomever has it. On an adopted interface it must not
 * take one that somebody has just moved to a peer of his: such removals are left out.
 */
static void confirm_by(struct device *dev, const struct wg_dump *dump)
{
	struct allowedips *a = &dev->allowed;
	struct slab slab = SLAB_INIT("places", struct place);
	struct trie places = {0};
	struct trie_node *node;
	size_t kept = 0;

	find_places(&places, &slab, a, dump);
	for (size_t i = 0; i < a->n_queue; i++) {
		const struct wg_change *c = &a->queue[i];
		struct place *at = (struct place *)trie_exact(&places, &c->prefix);

		if (c->remove && (!at->key || memcmp(at->key, c->key, WG_KEY_BYTES) != 0)) {
			if (!trie_exact(&a->ours, &c->prefix))
				ledger_remove_entry(dev->ledger, &c->prefix);
			continue;
		}
		if (!c->remove)
			at->key = c->key;
		a->queue[kept++] = *c;
	}
	a->n_queue = kept;
	while ((node = trie_first(&places)))
		trie_remove(&places, node);
	slab_destroy(&slab);
}

static int confirm_removals(struct device *dev, const struct wg_dump *given)
{
	struct wg_dump dump;
	int err;

	if (given) {
		confirm_by(dev, given);
		return 0;
	}
	err = wg_get(dev->wg, true, &dump);
	if (err < 0)
		return err;
	confirm_by(dev, &dump);
	wg_dump_free(&dump);
	return 0;
}

static bool is_to_confirm(const struct device *dev)
{
	return dev->wg && dev->adopted && !dev->wg->single_removal && removes_any(&dev->allowed);
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
	if (dev->allowed.going.count || (is_to_confirm(dev) && device_is_slow(dev)))
		allowedips_hold_removals(&dev->allowed);
	return device_flush_all(dev, NULL);
}

int device_flush_all(struct device *dev, const struct wg_dump *dump)
{
	struct allowedips *a = &dev->allowed;
	int err = 0;

	if (!a->n_queue)
		return 0;
	if (!dev->wg) {
		allowedips_applied(a);
		return -ENODEV;
	}
	if (a->going.count && dump) /* device_flush() holds removals instead */
		allowedips_give_going(a);
	if (is_to_confirm(dev))
		err = confirm_removals(dev, dump);
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
