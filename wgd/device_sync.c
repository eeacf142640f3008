/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_sync.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "device_write.h"
#include "peer_sync.h"
#include "roster.h"
#include "secrets.h"
#include "util.h"
#include "withhold.h"

static const struct wg_peer *find_in(const struct wg_dump *dump, const uint8_t *key)
{
	for (size_t i = 0; i < dump->n_peers; i++)
		if (memcmp(dump->peers[i].key, key, WG_KEY_BYTES) == 0)
			return &dump->peers[i];
	return NULL;
}

void device_sync_seen(struct device *dev, struct owner **owners, const struct wg_dump *dump)
{
	dev->read.round++;
	for (size_t i = 0; i < dump->n_peers; i++) {
		if (!owners[i])
			continue;
		((struct peer *)owners[i])->seen = dev->read.round;
		((struct peer *)owners[i])->found = &dump->peers[i];
	}
}

int device_sync_key(struct device *dev, const struct wg_dump *dump)
{
	const struct if_conf *conf = dev->want.conf;
	const uint8_t *key = secrets_get(conf->key_file);
	struct wg_device_set set = {.listen_port = conf->listen_port, .fwmark = conf->fwmark};
	uint8_t public_key[WG_KEY_BYTES];
	struct peer *p;
	int err;

	memcpy(dev->read.public_key, dump->public_key, WG_KEY_BYTES);
	if (key && crypto_scalarmult_base(public_key, key) == 0 &&
	    memcmp(public_key, dump->public_key, WG_KEY_BYTES) != 0)
		set.private_key = key;
	if (!key && conf->key_file && !dev->want.key_missing)
		log_error("no-private-key", "interface=%s file=%s", dev->name, conf->key_file);
	dev->want.key_missing = !key && conf->key_file;
	set.set_port = conf->listen_port && conf->listen_port != dump->listen_port;
	set.set_fwmark = conf->fwmark != dump->fwmark &&
			 (conf->fwmark || (!dev->adopted && !dev->want.old_stays));
	dev->read.listen_port = dump->listen_port;
	dev->read.fwmark = dump->fwmark;
	if (!set.private_key && !set.set_port && !set.set_fwmark)
		return 0;
	if (dev->life.state == DEVICE_READY)
		log_info("device-set", "interface=%s private-key=%s listen-port=%s fwmark=%s",
			 dev->name, set.private_key ? "yes" : "no", set.set_port ? "yes" : "no",
			 set.set_fwmark ? "yes" : "no");
	err = wg_set_device(dev->wg, &set);
	if (err < 0)
		return err;
	dev->read.listen_port = set.set_port ? set.listen_port : dev->read.listen_port;
	dev->read.fwmark = set.set_fwmark ? set.fwmark : dev->read.fwmark;
	if (!set.private_key)
		return 0;
	memcpy(dev->read.public_key, public_key, WG_KEY_BYTES);
	TAILQ_FOREACH (p, &dev->peers, link)
		liveness_void_handshake(&p->live);
	return 0;
}

/* The one that has this name so far, with another key. */
static const struct peer *find_named(const struct device *dev, const char *name)
{
	const struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link)
		if (str_eq(p->name, name))
			return p;
	return NULL;
}

static struct peer *make_peer(struct device *dev, const struct peer_conf *conf)
{
	const struct peer *before = find_named(dev, conf->name);
	struct peer *p = peer_new(dev, conf->key);

	if (before && (before->live.handshake || before->live.rekeyed))
		liveness_rekey(&p->live);
	return p;
}

static struct peer *device_sync_named(struct device *dev, const struct peer_conf *conf)
{
	struct peer *p = peer_find(dev, conf->key);

	if (!p)
		p = make_peer(dev, conf);
	peer_configure(p, conf);
	return p;
}

static void sync_names(struct device *dev)
{
	for (size_t i = 0; i < dev->want.conf->n_peers; i++)
		device_sync_named(dev, &dev->want.conf->peers[i]);
}

void device_sync_names(struct device *dev, const struct if_conf *old)
{
	struct peer *p;

	sync_names(dev);
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf && old)
			peer_unfix_entries(p, wgconf_find_peer(old, p->owner.key));
}

/* The configured peers: made, or given what differs. */
static int sync_peers(struct device *dev)
{
	int err = 0;

	for (size_t i = 0; i < dev->want.conf->n_peers && err != -ENODEV; i++) {
		const struct peer_conf *conf = &dev->want.conf->peers[i];
		struct peer *p = device_sync_named(dev, conf);
		bool there = p->seen == dev->read.round;

		if (p->foreign || !withhold_peer(p, there))
			err = peer_install(p, !there, there ? p->found : NULL);
	}
	return err == -ENODEV ? err : 0;
}

void device_sync_entries(struct device *dev, const struct if_conf *old)
{
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		const struct peer_conf *before = old ? wgconf_find_peer(old, p->owner.key) : NULL;

		if (!p->conf)
			continue;
		peer_unfix_entries(p, before);
		peer_fix_entries(p, before);
	}
}

/* What a killed wgd left of a removal. */
static void bury(struct device *dev, const struct wg_dump *dump)
{
	if (find_in(dump, dev->wg->graveyard))
		wg_remove_peer(dev->wg, dev->wg->graveyard);
}

static void load_entries(struct device *dev, const struct wg_dump *dump, struct owner **owners)
{
	bool fresh = dev->ledger && !dev->life.known;

	for (size_t i = 0; i < dump->n_entries; i++) {
		struct owner *owner = owners[dump->entries[i].peer];
		const struct prefix *p = &dump->entries[i].prefix;
		bool mine = dev->ledger && ledger_has_entry(dev->ledger, p);

		if (!owner)
			continue;
		allowedips_found(&dev->allowed, owner, p, mine);
		if (fresh && !mine)
			ledger_note_foreign(dev->ledger, p, owner->key);
	}
}

void device_sync_say_drift(struct device *dev, const struct allowed_drift *drift)
{
	if (drift->missing || drift->moved || drift->extra)
		log_limited(
			&dev->bucket, LOG_LEVEL_WARN, "drift-repaired",
			"interface=%s what=allowed-ips missing=%zu moved=%zu extra=%zu first=%s",
			dev->name, drift->missing, drift->moved, drift->extra,
			PREFIX_STR(&drift->first));
	if (drift->foreign)
		log_warn("foreign-allowed-ips", "interface=%s new=%zu", dev->name, drift->foreign);
}

/* First contact, or contact again after it was lost. */
int device_sync_open(struct device *dev)
{
	struct wg_dump dump;
	struct owner **owners;
	struct allowed_drift drift;
	int err = wg_get(dev->wg, true, &dump);

	if (err < 0)
		return err;
	bury(dev, &dump);
	owners = device_owners(dev, &dump, true);
	device_sync_seen(dev, owners, &dump);
	if (!dev->life.known)
		load_entries(dev, &dump, owners);
	err = device_sync_key(dev, &dump);
	if (err == 0)
		err = sync_peers(dev);
	if (err == 0 && dev->life.known) {
		allowedips_compare(&dev->allowed, &dump, owners, &drift);
		device_sync_say_drift(dev, &drift);
	}
	if (err == 0) {
		withhold_sync(dev);
		if (dev->ledger)
			ledger_forget_imported(dev->ledger);
		device_sync_entries(dev, NULL);
		err = device_flush_all(dev, &dump);
	}
	dev->read.full_at = now_ms();
	free(owners);
	wg_dump_free(&dump);
	return err;
}

/* The device and its peers. A setting that is refused (the next look tries again) stops no peer. */
static int write_config(struct device *dev, const struct wg_dump *dump)
{
	struct owner **owners = device_owners(dev, dump, true);
	int refused, err;

	device_sync_seen(dev, owners, dump);
	refused = device_sync_key(dev, dump);
	err = refused == -ENODEV || refused == -ETIMEDOUT ? refused : sync_peers(dev);
	if (err == 0)
		withhold_sync(dev);
	dev->want.config_due = err < 0;
	free(owners);
	return err < 0 ? err : refused;
}

int device_sync_config(struct device *dev, const struct if_conf *old)
{
	struct wg_dump dump;
	int err = wg_get(dev->wg, false, &dump), flushed;

	dev->want.config_due = err < 0;
	dev->life.unknown |= err == -ETIMEDOUT;
	if (err == 0) {
		err = write_config(dev, &dump);
		wg_dump_free(&dump);
	}
	if (dev->want.config_due)
		sync_names(dev); /* nothing may go by the old one any more */
	device_sync_entries(dev, old);
	if (dev->want.config_due)
		return err;
	flushed = device_flush(dev);
	return flushed < 0 ? flushed : err;
}
