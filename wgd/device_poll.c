/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_poll.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips_refused.h"
#include "batches.h"
#include "condition.h"
#include "daemon.h"
#include "device_glance.h"
#include "device_link.h"
#include "device_release.h"
#include "device_sync.h"
#include "device_write.h"
#include "peer_live.h"
#include "peer_sync.h"
#include "peer_watch.h"
#include "replay.h"
#include "report.h"
#include "roster.h"
#include "underlay.h"
#include "util.h"
#include "withhold.h"

#define FULL_READ_SHARE 50 /* at most one part in so many of the time goes into reading entries */
#define REMOVALS_SHARE 8   /* the same while removals wait for that */
#define FULL_READ_BUSY_MS 10000 /* at least so long after the last one while entries change */
#define POLL_SHARE 20		/* the same for polls as a whole */
#define URGENT_SHARE 8		/* and for those at which silence becomes a verdict */
#define DEADLINE_MIN_MS 10
#define SILENT_MS 5000	   /* of a program, until that is said */
#define SILENT_POLL_MS 100 /* at least, to see whether it answers */
#define SILENT_TEXT "its WireGuard program does not answer"
#define ASIDE_MS 2000	       /* for a reading beside the loop, and ... */
#define ASIDE_COSTS 4	       /* ... so many times what one costs */
#define ASIDE_AGAIN_MS 50      /* until there may be another one */
#define SPOILED_MAX 3	       /* of them, until one is waited for */
#define PUT_OFF_TIMES 3	       /* the pause between two of these where a verdict is waited for */
#define FULL_READ_MAX_MS 60000 /* but never longer: somebody else may have moved an entry */
#define DROPS_WINDOW_MS 10000  /* the rate of refused packets is taken over this time */

void device_poll_link(struct device *dev, const struct link_info *info)
{
	bool was_up = dev->read.up;

	device_link_take(dev, info);
	if (dev->want.conf)
		device_link_sync(dev, info);
	if (dev->read.up != was_up) {
		log_event(dev->read.up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "link-state",
			  "interface=%s state=%s", dev->name, dev->read.up ? "up" : "down");
		if (dev->read.up) /* what is told of is there */
			withhold_sync(dev);
		report_if(dev);
		withhold_sync(dev);
	}
}

/* Packets that WireGuard refused for their source: somebody's way back is not our way there. */
static void note_drops(struct device *dev, uint64_t count)
{
	uint64_t now = now_ms(), window = now - dev->read.drops_since;

	if (count > dev->read.source_drops) {
		log_limited(&dev->bucket, LOG_LEVEL_WARN, "source-check-drops",
			    "interface=%s packets=%llu", dev->name,
			    (unsigned long long)(count - dev->read.source_drops));
		if (!dev->read.drops_at)
			daemon_event(json_pack("{s:s, s:s, s:I}", "event", "source-check-drops",
					       "interface", dev->name, "packets",
					       (json_int_t)(count - dev->read.source_drops)));
		dev->read.drops_at = now;
	}
	dev->read.source_drops = count;
	if (dev->read.drops_since && window < DROPS_WINDOW_MS)
		return;
	dev->read.drops_rate = dev->read.drops_since && count > dev->read.drops_before
				       ? (count - dev->read.drops_before) * 1000.0 / window
				       : 0;
	dev->read.drops_before = count;
	dev->read.drops_since = now;
}

/* State, MTU and addresses of the link. Returns why the device is lost; NULL: it is not. */
static const char *check_link(struct device *dev)
{
	struct link_info info;
	int err = link_get(dev->name, &info);

	if (err == -ENODEV || dev->link_deleted || (err == 0 && info.ifindex != dev->ifindex))
		return "the link was deleted";
	if (err < 0)
		return NULL;
	note_drops(dev, info.frame_errors);
	dev->read.mtu = info.mtu;
	if (info.admin_up != dev->read.up || device_link_mtu_due(dev, info.mtu))
		device_poll_link(dev, &info);
	else if (dev->want.conf)
		device_link_check_addrs(dev);
	return NULL;
}

/* A configured peer that the device does not have any more. True: now it has. */
static bool restore_peer(struct device *dev, struct peer *p)
{
	int err = retry_waits(&dev->repair_retry) ? -EAGAIN : peer_install(p, true, NULL);

	if (err < 0 && err != -EAGAIN)
		retry_failed(&dev->repair_retry, err);
	if (err < 0)
		return false;
	log_limited(&p->bucket, LOG_LEVEL_WARN, "drift-repaired", "peer=%s interface=%s what=peer",
		    p->name, dev->name);
	return true;
}

/* Those that peer_missed() found: the configured ones are put back, foreign ones forgotten. */
static void restore_peers(struct device *dev)
{
	bool any = false;
	struct peer *p;

	peers_free_gone(dev);
	TAILQ_FOREACH (p, &dev->peers, link) {
		if (p->owner.fate == OWNER_STAYS)
			continue;
		p->owner.fate = OWNER_STAYS;
		any |= restore_peer(dev, p);
	}
	if (any)
		allowedips_reconcile(&dev->allowed);
}

/* The device has it no more. True: something is to be done about that. */
static bool peer_missed(struct peer *p)
{
	bool restored = p->conf && !p->owner.away;

	if (p->conf || p->owner.away)
		peer_read(p, NULL);
	else
		p->present = false;
	if (restored || p->foreign)
		p->owner.fate = restored ? OWNER_LOST : OWNER_GONE;
	return p->owner.fate != OWNER_STAYS;
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
			p->seen = dev->read.round;
			owners[i] = &p->owner;
		} else if (!retry_waits(&dev->repair_retry)) {
			log_limited(&dev->bucket, LOG_LEVEL_WARN, "drift-repaired",
				    "interface=%s what=unknown-peer public-key=%s", dev->name,
				    WG_KEY_STR(key));
			remove_stranger(dev, key);
		}
	}
}

static void read_peers(struct device *dev, const struct wg_dump *dump, struct owner **owners)
{
	bool missed = false;
	struct peer *p;

	for (size_t i = 0; i < dump->n_peers; i++)
		if (owners[i])
			peer_read((struct peer *)owners[i], &dump->peers[i]);
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->seen != dev->read.round)
			missed |= peer_missed(p);
	if (missed)
		restore_peers(dev);
}

static void probe_peers(struct device *dev)
{
	uint64_t now = now_ms();
	struct peer *p;

	if (!dev->read.up)
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

/* BUSY: batches of zebra-lite are under way, and would wait for the reading. So would a verdict;
 * but where somebody falls silent all the time entries are read all the same. */
static bool full_read_due(const struct device *dev, uint64_t now, bool busy)
{
	unsigned share = dev->allowed.going.count ? REMOVALS_SHARE : FULL_READ_SHARE;
	uint64_t pause = dev->read.full_cost * share / 1000;

	if (busy && pause < FULL_READ_BUSY_MS)
		pause = FULL_READ_BUSY_MS;
	if (device_is_watched(dev))
		pause *= PUT_OFF_TIMES;
	if (pause > FULL_READ_MAX_MS)
		pause = FULL_READ_MAX_MS;
	return now - dev->read.full_at >= pause;
}

static void repair_key(struct device *dev, const struct wg_dump *dump)
{
	uint32_t mark = dev->read.fwmark;
	int err = device_sync_key(dev, dump);

	if (dev->read.fwmark != mark)
		report_if(dev);
	if (err == 0)
		retry_done(&dev->set_retry);
	else if (retry_failed(&dev->set_retry, err))
		log_error("device-not-set", "interface=%s error=\"%s\"", dev->name, strerror(-err));
}

/* What was refused of entries may be tried again. */
static void retry_entries(struct device *dev, int err)
{
	bool held = err < 0 || dev->life.ledger_error || retry_waits(&dev->repair_retry);

	if (dev->life.failing && !held) {
		dev->life.failing = false; /* until it fails again */
		allowedips_retry(&dev->allowed);
		replay_go_on();
	}
	if (!dev->life.failing && now_ms() - dev->repair_retry.tried_ms > 2 * RETRY_MAX_MS)
		retry_done(&dev->repair_retry);
	dev->life.failing =
		dev->life.failing || (err < 0 && err != -ETIMEDOUT) || dev->life.ledger_error;
}

/* What it took. Work is at most that: a program may have done other things meanwhile. */
static uint64_t took_us(const struct device *dev, const struct stopwatch *begun)
{
	uint64_t us = now_us() - begun->us, work = wg_work_us(dev->wg) - begun->work_us;

	return work < us ? work : us;
}

/* Something was written since its reading began: what differs need be no drift. */
static bool is_spoiled(const struct device *dev)
{
	return dev->read.fresh && dev->wg->writes != dev->read.writes;
}

/* What was read beside the loop for this poll, and us of work there. False: nothing was. */
static bool read_aside(struct device *dev, bool full, struct wg_dump *dump, uint64_t *work_us)
{
	struct wg_look *fresh = dev->read.fresh;
	bool good = fresh && !is_spoiled(dev) && (fresh->dump.with_entries || !full);

	dev->read.spoiled = 0;
	if (good) {
		*dump = fresh->dump;
		*work_us = fresh->work_us;
		fresh->dump = (struct wg_dump){0};
	}
	device_look_forget(dev);
	return good;
}

static int read_now(struct device *dev, bool full, struct wg_dump *dump)
{
	int err = wg_get(dev->wg, full, dump);

	if (err == 0)
		device_note_read(dev, dump->begun_us);
	dev->read.pending = err == -ETIMEDOUT;
	return err;
}

/* With entries. */
static bool is_full(const struct device *dev, uint64_t now, bool busy)
{
	return dev->life.unknown || (full_read_due(dev, now, busy) &&
				     (dev->read.fresh ? dev->read.fresh->dump.with_entries
						      : !retry_waits(&dev->repair_retry)));
}

/* One reading. 0 or -errno. */
static int poll_once(struct device *dev, uint64_t now, bool busy, const struct stopwatch *begun)
{
	bool unknown = dev->life.unknown, full = is_full(dev, now, busy);
	struct allowed_drift drift;
	struct owner **owners;
	struct wg_dump dump;
	uint64_t aside_us = 0;
	int err = read_aside(dev, full, &dump, &aside_us) ? 0 : read_now(dev, full, &dump);

	if (err < 0)
		return err;
	owners = device_owners(dev, &dump, false);
	device_sync_seen(dev, owners, &dump);
	handle_strangers(dev, &dump, owners);
	if (dev->want.conf && !retry_waits(&dev->set_retry))
		repair_key(dev, &dump);
	if (full) {
		allowedips_compare(&dev->allowed, &dump, owners, &drift);
		dev->read.full_at = now;
		dev->read.full_cost = took_us(dev, begun) + aside_us;
	}
	read_peers(dev, &dump, owners);
	if (full && !unknown)
		device_sync_say_drift(dev, &drift);
	if (full && drift.foreign_gone && dev->want.conf)
		device_sync_entries(dev, NULL); /* what was refused because of them */
	dev->life.unknown = false;
	withhold_sync(dev);
	err = full ? device_flush_all(dev, &dump) : device_flush(dev);
	if (unknown && !dev->life.unknown)
		batches_known(dev, err);
	free(owners);
	wg_dump_free(&dump);
	return 0;
}

/* Whether it answers. A silent program lives: nothing is concluded from its silence. */
static void note_answer(struct device *dev, bool silent)
{
	uint64_t now = now_ms();

	if (silent && !dev->life.silent_since)
		dev->life.silent_since = now;
	if (silent && now - dev->life.silent_since >= SILENT_MS)
		condition_set(dev, DEVICE_READY, SILENT_TEXT);
	else if (!silent && dev->life.silent_since && dev->life.error &&
		 str_eq(dev->life.error, SILENT_TEXT))
		condition_set(dev, DEVICE_READY, dev->life.ledger_error ? LEDGER_TEXT : NULL);
	if (!silent)
		dev->life.silent_since = 0;
}

/* ms from now. Where nothing was read it is not known what that costs. */
static uint64_t next_poll(struct device *dev, int err)
{
	uint64_t pause = dev->read.poll_cost * POLL_SHARE / 1000;
	uint64_t urgent = dev->read.poll_cost * URGENT_SHARE / 1000;
	uint64_t next = dev->want.conf ? dev->want.conf->poll_interval : 1000;

	dev->read.interval = pause > next ? pause : next;
	next = until_deadline(dev, dev->read.interval);
	if (err == -ETIMEDOUT && next < SILENT_POLL_MS)
		next = SILENT_POLL_MS;
	return urgent > next ? urgent : next;
}

/* ms that a reading beside the loop may take. */
static uint64_t aside_most(const struct device *dev)
{
	return ASIDE_MS + dev->read.poll_cost * ASIDE_COSTS / 1000;
}

/* Another one would be no faster. */
static bool is_late(const struct device *dev, uint64_t now)
{
	return dev->read.looking && now - dev->read.looked_at >= aside_most(dev);
}

/* ms until a poll goes on that waits for its reading; 0: it does not wait. */
static uint64_t wait_aside(struct device *dev, uint64_t now, bool busy,
			   const struct stopwatch *begun)
{
	uint64_t most = aside_most(dev), since = now - dev->read.looked_at;

	if (is_spoiled(dev)) {
		dev->read.spoiled++;
		device_look_use(dev);
	}
	if (dev->life.unknown || dev->read.fresh || !device_is_slow(dev) ||
	    dev->read.spoiled >= SPOILED_MAX || dev->read.pending || is_late(dev, now))
		return 0;
	if (dev->read.looking) /* of another's asking: who knows what was written since it began */
		return dev->read.awaited ? most - since : ASIDE_AGAIN_MS;
	if (!device_look(dev, is_full(dev, now, busy)))
		return 0;
	dev->read.awaited = true;
	dev->read.begun = *begun;
	dev->read.writes = dev->wg->writes;
	return most;
}

const char *device_poll(struct device *dev, bool may_wait)
{
	uint64_t now = now_ms(), wait = 0;
	bool busy = batches_under_way(), late = is_late(dev, now), idle;
	const char *lost = check_link(dev);
	struct stopwatch begun = {now_us(), 0};
	int err;

	if (lost)
		return lost;
	idle = batches_settle(dev);
	if (idle)
		begun = (struct stopwatch){now_us(), wg_work_us(dev->wg)};
	if (may_wait && idle)
		wait = wait_aside(dev, now, busy, &begun);
	if (wait) {
		timer_start(&dev->poll, wait);
		return NULL;
	}
	if (idle && dev->read.fresh)
		begun = dev->read.begun;
	else if (!idle)
		device_look_forget(dev);
	err = idle && !late ? poll_once(dev, now, busy, &begun) : -ETIMEDOUT;
	if (err == -ENODEV)
		return "its WireGuard does not answer";
	note_answer(dev, err == -ETIMEDOUT);
	if (err == 0 && dev->want.config_due)
		device_sync_config(dev, NULL);
	if (err < 0 && err != -ETIMEDOUT)
		log_limited(&dev->bucket, LOG_LEVEL_ERROR, "device-unread",
			    "interface=%s error=\"%s\"", dev->name, strerror(-err));
	if (err != -ETIMEDOUT)
		device_release(dev);
	retry_entries(dev, err);
	underlay_poll(dev);
	probe_peers(dev);
	dev->read.poll_cost = device_cost_of_late(
		dev->read.poll_cost, err == 0 ? took_us(dev, &begun) : now_us() - begun.us);
	timer_start(&dev->poll, next_poll(dev, err));
	device_watch(dev);
	return NULL;
}
