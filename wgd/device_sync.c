/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that answers: reading it, giving it what it lacks, polling it, repairing it.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "batches.h"
#include "condition.h"
#include "device_sync.h"
#include "device.h"
#include "device_glance.h"
#include "device_release.h"
#include "device_write.h"
#include "peer_live.h"
#include "peer_sync.h"
#include "report.h"
#include "secrets.h"
#include "underlay.h"
#include "util.h"
#include "withhold.h"

#define FULL_READ_SHARE 50 /* at most one part in so many of the time goes into reading entries */
#define FULL_READ_BUSY_MS 10000 /* at least so long after the last one while entries change */
#define POLL_SHARE 20		/* the same for polls as a whole */
#define DEADLINE_MIN_MS 10
#define SILENT_MS 5000	   /* of a program, until that is said */
#define SILENT_POLL_MS 100 /* at least, to see whether it answers */
#define SILENT_TEXT "its WireGuard program does not answer"

static const struct wg_peer *find_in(const struct wg_dump *dump, const uint8_t *key)
{
	for (size_t i = 0; i < dump->n_peers; i++)
		if (memcmp(dump->peers[i].key, key, WG_KEY_BYTES) == 0)
			return &dump->peers[i];
	return NULL;
}

/* Marks which peers the dump has. */
static void mark_seen(struct device *dev, struct owner **owners, const struct wg_dump *dump)
{
	dev->round++;
	for (size_t i = 0; i < dump->n_peers; i++) {
		if (!owners[i])
			continue;
		((struct peer *)owners[i])->seen = dev->round;
		((struct peer *)owners[i])->found = &dump->peers[i];
	}
}

int device_sync_key(struct device *dev, const struct wg_dump *dump)
{
	const struct if_conf *conf = dev->conf;
	const uint8_t *key = secrets_get(conf->key_file);
	struct wg_device_set set = {.listen_port = conf->listen_port, .fwmark = conf->fwmark};
	uint8_t public_key[WG_KEY_BYTES];
	struct peer *p;
	int err;

	memcpy(dev->public_key, dump->public_key, WG_KEY_BYTES);
	if (key && crypto_scalarmult_base(public_key, key) == 0 &&
	    memcmp(public_key, dump->public_key, WG_KEY_BYTES) != 0)
		set.private_key = key;
	if (!key && conf->key_file && !dev->key_missing)
		log_error("no-private-key", "interface=%s file=%s", dev->name, conf->key_file);
	dev->key_missing = !key && conf->key_file;
	set.set_port = conf->listen_port && conf->listen_port != dump->listen_port;
	set.set_fwmark = conf->fwmark != dump->fwmark &&
			 (conf->fwmark || (!dev->adopted && !dev->old_stays));
	dev->listen_port = dump->listen_port;
	dev->fwmark = dump->fwmark;
	if (!set.private_key && !set.set_port && !set.set_fwmark)
		return 0;
	if (dev->state == DEVICE_READY)
		log_info("device-set", "interface=%s private-key=%d listen-port=%d fwmark=%d",
			 dev->name, set.private_key != NULL, set.set_port, set.set_fwmark);
	err = wg_set_device(dev->wg, &set);
	if (err < 0)
		return err;
	dev->listen_port = set.set_port ? set.listen_port : dev->listen_port;
	dev->fwmark = set.set_fwmark ? set.fwmark : dev->fwmark;
	if (!set.private_key)
		return 0;
	memcpy(dev->public_key, public_key, WG_KEY_BYTES);
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

static struct peer *named(struct device *dev, const struct peer_conf *conf)
{
	struct peer *p = peer_find(dev, conf->key);

	if (!p)
		p = make_peer(dev, conf);
	peer_configure(p, conf);
	return p;
}

static void sync_names(struct device *dev)
{
	for (size_t i = 0; i < dev->conf->n_peers; i++)
		named(dev, &dev->conf->peers[i]);
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

	for (size_t i = 0; i < dev->conf->n_peers && err != -ENODEV; i++) {
		const struct peer_conf *conf = &dev->conf->peers[i];
		struct peer *p = named(dev, conf);
		bool there = p->seen == dev->round;

		if (p->foreign || !withhold_peer(p, there))
			err = peer_install(p, !there, there ? p->found : NULL);
	}
	return err == -ENODEV ? err : 0;
}

static void sync_entries(struct device *dev, const struct if_conf *old)
{
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		const struct peer_conf *before =
			old ? wgconf_find_peer(old, p->owner.key) : NULL;

		if (!p->conf)
			continue;
		peer_unfix_entries(p, before);
		peer_fix_entries(p);
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
	bool fresh = dev->ledger && !dev->known;

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

static void say_drift(struct device *dev, const struct allowed_drift *drift)
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
	mark_seen(dev, owners, &dump);
	if (!dev->known)
		load_entries(dev, &dump, owners);
	err = device_sync_key(dev, &dump);
	if (err == 0)
		err = sync_peers(dev);
	if (err == 0 && dev->known) {
		allowedips_compare(&dev->allowed, &dump, owners, &drift);
		say_drift(dev, &drift);
	}
	if (err == 0) {
		withhold_sync(dev);
		sync_entries(dev, NULL);
		err = device_flush(dev);
	}
	dev->full_read_at = now_ms();
	free(owners);
	wg_dump_free(&dump);
	return err;
}

/* The device and its peers. A setting that is refused (the next look tries again) stops no peer. */
static int write_config(struct device *dev, const struct wg_dump *dump)
{
	struct owner **owners = device_owners(dev, dump, true);
	int refused, err;

	mark_seen(dev, owners, dump);
	refused = device_sync_key(dev, dump);
	err = refused == -ENODEV || refused == -ETIMEDOUT ? refused : sync_peers(dev);
	if (err == 0)
		withhold_sync(dev);
	dev->config_due = err < 0;
	free(owners);
	return err < 0 ? err : refused;
}

int device_sync_config(struct device *dev, const struct if_conf *old)
{
	struct wg_dump dump;
	int err = wg_get(dev->wg, false, &dump), flushed;

	dev->config_due = err < 0;
	dev->unknown |= err == -ETIMEDOUT;
	if (err == 0) {
		err = write_config(dev, &dump);
		wg_dump_free(&dump);
	}
	if (dev->config_due)
		sync_names(dev); /* nothing may go by the old one any more */
	sync_entries(dev, old);
	if (dev->config_due)
		return err;
	flushed = device_flush(dev);
	return flushed < 0 ? flushed : err;
}

/* A configured peer that the device does not have any more. */
static void restore_peer(struct device *dev, struct peer *p)
{
	int err;

	peer_read(p, NULL);
	allowedips_forget_owner(&dev->allowed, &p->owner);
	err = retry_waits(&dev->repair_retry) ? -EAGAIN : peer_install(p, true, NULL);
	if (err < 0 && err != -EAGAIN)
		retry_failed(&dev->repair_retry, err);
	if (err < 0)
		return;
	log_limited(&p->bucket, LOG_LEVEL_WARN, "drift-repaired", "interface=%s what=peer peer=%s",
		    dev->name, p->name);
	allowedips_reconcile(&dev->allowed);
}

static void remove_stranger(struct device *dev, const uint8_t *key)
{
	int err = retry_waits(&dev->repair_retry) ? -EAGAIN : wg_remove_peer(dev->wg, key);

	if (err < 0 && err != -EAGAIN)
		retry_failed(&dev->repair_retry, err);
}

/* Peers that nobody told us of. On our own interfaces they have no business. */
static void handle_strangers(struct device *dev, const struct wg_dump *dump, struct owner **owners)
{
	for (size_t i = 0; i < dump->n_peers; i++) {
		const uint8_t *key = dump->peers[i].key;

		if (memcmp(key, dev->wg->graveyard, WG_KEY_BYTES) == 0)
			remove_stranger(dev, key); /* a change failed in its middle */
		else if (owners[i])
			continue;
		else if (dev->adopted) {
			struct peer *p = peer_new(dev, key);

			p->foreign = true;
			p->present = true;
			p->seen = dev->round;
			owners[i] = &p->owner;
		} else if (!retry_waits(&dev->repair_retry)) {
			log_limited(&dev->bucket, LOG_LEVEL_WARN, "drift-repaired",
				    "interface=%s what=unknown-peer key=%s", dev->name,
				    WG_KEY_STR(key));
			remove_stranger(dev, key);
		}
	}
}

static void read_peers(struct device *dev, const struct wg_dump *dump, struct owner **owners)
{
	struct peer *p, *next;

	for (size_t i = 0; i < dump->n_peers && dev->wg; i++)
		if (owners[i])
			peer_read((struct peer *)owners[i], &dump->peers[i]);
	for (p = TAILQ_FIRST(&dev->peers); p && dev->wg; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->seen == dev->round)
			continue;
		if (p->owner.away) {
			peer_read(p, NULL);
		} else if (p->conf) {
			restore_peer(dev, p);
		} else if (p->foreign) {
			allowedips_remove_owner(&dev->allowed, &p->owner);
			peer_free(p);
		} else {
			p->present = false;
		}
	}
}

static void probe_peers(struct device *dev)
{
	uint64_t now = now_ms();
	struct peer *p;

	if (!dev->up)
		return;
	TAILQ_FOREACH (p, &dev->peers, link)
		peer_probe(p, now);
}

/* Until the next poll: earlier where silence becomes a verdict before. */
static uint64_t until_deadline(const struct device *dev, uint64_t next)
{
	uint64_t now = now_ms();
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link) {
		uint64_t at = p->conf ? liveness_deadline(&p->live, &p->conf->liveness) : 0;

		if (at && at < now + next)
			next = at > now + DEADLINE_MIN_MS ? at - now : DEADLINE_MIN_MS;
	}
	return next;
}

/* BUSY: batches of zebra-lite are under way, and would wait for the comparison. */
static bool full_read_due(const struct device *dev, uint64_t now, bool busy)
{
	uint64_t pause = dev->full_read_cost * FULL_READ_SHARE / 1000;

	if (busy && pause < FULL_READ_BUSY_MS)
		pause = FULL_READ_BUSY_MS;
	return now - dev->full_read_at >= pause;
}

static void repair_key(struct device *dev, const struct wg_dump *dump)
{
	uint32_t mark = dev->fwmark;
	int err = device_sync_key(dev, dump);

	if (dev->fwmark != mark)
		report_if(dev);
	if (err == 0)
		retry_done(&dev->set_retry);
	else if (retry_failed(&dev->set_retry, err))
		log_error("device-not-set", "interface=%s error=\"%s\"", dev->name, strerror(-err));
}

/* What was refused of entries may be tried again. */
static void retry_entries(struct device *dev, int err)
{
	bool held = err < 0 || dev->ledger_error || retry_waits(&dev->repair_retry);

	if (dev->failing && !held) {
		dev->failing = false; /* until it fails again */
		allowedips_retry(&dev->allowed);
	}
	if (!dev->failing && now_ms() - dev->repair_retry.tried_ms > 2 * RETRY_MAX_MS)
		retry_done(&dev->repair_retry);
	dev->failing = dev->failing || (err < 0 && err != -ETIMEDOUT) || dev->ledger_error;
}

/* One reading. 0 or -errno. */
static int poll_once(struct device *dev, uint64_t now, bool busy)
{
	bool unknown = dev->unknown;
	bool full = unknown ||
		    (full_read_due(dev, now, busy) && !retry_waits(&dev->repair_retry));
	uint64_t begun = now_us();
	struct allowed_drift drift;
	struct owner **owners;
	struct wg_dump dump;
	int err = wg_get(dev->wg, full, &dump);

	if (err < 0)
		return err;
	device_note_read(dev, now_us() - begun);
	owners = device_owners(dev, &dump, false);
	mark_seen(dev, owners, &dump);
	handle_strangers(dev, &dump, owners);
	if (dev->conf && !retry_waits(&dev->set_retry))
		repair_key(dev, &dump);
	if (full) {
		allowedips_compare(&dev->allowed, &dump, owners, &drift);
		dev->full_read_at = now;
		dev->full_read_cost = now_us() - begun;
	}
	read_peers(dev, &dump, owners);
	if (full && !unknown)
		say_drift(dev, &drift);
	if (full && drift.foreign_gone && dev->conf)
		sync_entries(dev, NULL); /* what was refused because of them */
	dev->unknown = false;
	withhold_sync(dev);
	err = device_flush(dev);
	if (unknown && !dev->unknown)
		batches_known(dev, err);
	free(owners);
	wg_dump_free(&dump);
	return 0;
}

/* Whether it answers. A silent program lives: nothing is concluded from its silence. */
static void note_answer(struct device *dev, bool silent)
{
	uint64_t now = now_ms();

	if (silent && !dev->silent_since)
		dev->silent_since = now;
	if (silent && now - dev->silent_since >= SILENT_MS)
		condition_set(dev, DEVICE_READY, SILENT_TEXT);
	else if (!silent && dev->silent_since && dev->error && str_eq(dev->error, SILENT_TEXT))
		condition_set(dev, DEVICE_READY, dev->ledger_error ? LEDGER_TEXT : NULL);
	if (!silent)
		dev->silent_since = 0;
}

void device_poll(struct device *dev)
{
	uint64_t now = now_ms(), begun = now_us(), cost,
		 next = dev->conf ? dev->conf->poll_interval : 1000;
	bool busy = batches_under_way();
	int err;

	err = device_check_link(dev) ? 0 : -EAGAIN;
	if (err == 0)
		err = batches_settle(dev) ? poll_once(dev, now, busy) : -ETIMEDOUT;
	if (err == -ENODEV) {
		device_lost(dev, "its WireGuard does not answer");
		return;
	}
	if (dev->state != DEVICE_READY)
		return;
	note_answer(dev, err == -ETIMEDOUT);
	if (err == 0 && dev->config_due)
		device_sync_config(dev, NULL);
	if (err < 0 && err != -ETIMEDOUT)
		log_limited(&dev->bucket, LOG_LEVEL_ERROR, "device-unread",
			    "interface=%s error=\"%s\"", dev->name, strerror(-err));
	if (err != -ETIMEDOUT)
		device_release(dev);
	retry_entries(dev, err);
	underlay_poll(dev);
	probe_peers(dev);
	dev->poll_cost = device_cost_of_late(dev->poll_cost, now_us() - begun);
	cost = dev->poll_cost * POLL_SHARE / 1000;
	next = until_deadline(dev, next);
	if (err == -ETIMEDOUT && next < SILENT_POLL_MS)
		next = SILENT_POLL_MS;
	timer_start(&dev->poll, cost > next ? cost : next);
}
