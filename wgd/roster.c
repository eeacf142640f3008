/* SPDX-License-Identifier: BSD-2-Clause */
#include "roster.h"

#include <stdlib.h>
#include <string.h>

#include "lives.h"
#include "util.h"

struct device_list devices = TAILQ_HEAD_INITIALIZER(devices);
static struct wgconf *current;
static struct hash_table by_id;
static uint32_t last_id;

struct device *device_find(const char *name)
{
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (str_eq(dev->name, name))
			return dev;
	return NULL;
}

const struct wgconf *devices_conf(void)
{
	return current;
}

struct wgconf *devices_conf_replace(struct wgconf *conf)
{
	struct wgconf *before = current;

	current = conf;
	return before;
}

bool devices_settled(void)
{
	struct device *dev;

	if (!current)
		return false;
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->want.conf && !dev->life.settled)
			return false;
	return true;
}

struct peer *peer_new(struct device *dev, const uint8_t *key)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->dev = dev;
	p->owner.id = ++last_id;
	p->where.targets.current = -1;
	memcpy(p->owner.key, key, WG_KEY_BYTES);
	wg_key_str(key, p->name);
	liveness_init(&p->live, now_ms());
	p->life = lives_take(dev->name, key, &p->live);
	p->inherited = p->live.started;
	TAILQ_INSERT_TAIL(&dev->peers, p, link);
	hash_insert(&dev->by_key, &p->by_key, hash_bytes(key, WG_KEY_BYTES));
	hash_insert(&by_id, &p->by_id, hash_bytes(&p->owner.id, sizeof(p->owner.id)));
	return p;
}

void peer_remove(struct peer *p)
{
	lives_drop(p->life);
	TAILQ_REMOVE(&p->dev->peers, p, link);
	hash_remove(&p->dev->by_key, &p->by_key);
	hash_remove(&by_id, &p->by_id);
	if (!by_id.count)
		hash_clear(&by_id);
	free(p);
}

struct peer *peer_find(const struct device *dev, const uint8_t *key)
{
	struct hash_node *n = hash_find(&dev->by_key, hash_bytes(key, WG_KEY_BYTES));

	for (; n; n = hash_find_next(n)) {
		struct peer *p = container_of(n, struct peer, by_key);

		if (memcmp(p->owner.key, key, WG_KEY_BYTES) == 0)
			return p;
	}
	return NULL;
}

struct peer *peer_by_id(uint32_t id)
{
	struct hash_node *n = hash_find(&by_id, hash_bytes(&id, sizeof(id)));

	for (; n; n = hash_find_next(n)) {
		struct peer *p = container_of(n, struct peer, by_id);

		if (p->owner.id == id)
			return p;
	}
	return NULL;
}
