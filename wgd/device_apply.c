/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_apply.h"

#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bfd.h"
#include "condition.h"
#include "device.h"
#include "device_link.h"
#include "device_poll.h"
#include "device_release.h"
#include "device_sync.h"
#include "device_write.h"
#include "not_applied.h"
#include "orphans.h"
#include "peer_sync.h"
#include "replay.h"
#include "report.h"
#include "roster.h"
#include "secrets.h"
#include "userspace.h"

#define RELEASE_MS 2000 /* how long entries may keep what is no longer configured */

/* No longer configured: zebra-lite lets go first, then the interface goes. */
static void leave(struct device *dev)
{
	struct peer *p;

	dev->want.conf = NULL;
	TAILQ_FOREACH (p, &dev->peers, link)
		peer_configure(p, NULL);
	bfd_device(dev);
}

static void delete_ours_of_adopted(struct device *dev)
{
	struct tunnel_addr *have;
	struct peer *p;
	size_t n;

	allowedips_clear(&dev->allowed);
	device_flush_all(dev, NULL); /* the ledger goes, so nothing may wait */
	TAILQ_FOREACH (p, &dev->peers, link)
		if (!p->foreign && p->present && dev->wg)
			wg_remove_peer(dev->wg, p->owner.key);
	if (link_addrs(dev->ifindex, &have, &n) == 0) {
		for (size_t i = 0; i < n; i++)
			if (ledger_has_addr(dev->ledger, &have[i].addr, have[i].len))
				link_delete_addr(dev->ifindex, &have[i]);
		free(have);
	}
	ledger_delete(dev->ledger);
	dev->ledger = NULL;
}

static void device_delete(struct device *dev)
{
	struct peer *p;

	TAILQ_FOREACH (p, &dev->peers, link)
		report_peer_gone(p);
	report_if_gone(dev);
	if (dev->adopted && dev->ledger)
		delete_ours_of_adopted(dev);
	else if (!dev->adopted)
		device_delete_own(dev);
	log_info("interface-removed", "interface=%s", dev->name);
	condition_removed(dev);
	device_free(dev);
}

/* A peer with the interface's own key: WireGuard passes over it in silence. */
static const struct peer_conf *own_key_peer(const struct if_conf *conf)
{
	const uint8_t *key = secrets_get(conf->key_file);
	uint8_t public_key[WG_KEY_BYTES];

	if (!key || crypto_scalarmult_base(public_key, key) < 0)
		return NULL;
	return wgconf_find_peer(conf, public_key);
}

/* A start with an empty file, or comments alone, would take down what an earlier life left running.
 */
static int check_empty(const struct wgconf *conf, char *error, size_t size)
{
	char name[IF_NAMESIZE];

	if (devices_conf() || conf->n_ifs || !orphans_find(device_rundir(), name))
		return 0;
	snprintf(error, size,
		 "the configuration has no WireGuard interface, and %s runs: all tunnels would go; "
		 "if that is meant delete it first",
		 name);
	return -EINVAL;
}

int devices_check(const struct wgconf *conf, char *error, size_t size)
{
	bool kernel = wg_kernel_present(), program = userspace_present(conf->program);

	if (check_empty(conf, error, size) < 0)
		return -EINVAL;

	for (size_t i = 0; i < conf->n_ifs; i++) {
		const struct if_conf *f = &conf->ifs[i];
		const struct device *dev = device_find(f->name);
		const struct peer_conf *self = own_key_peer(f);
		struct link_info info;

		if (self) {
			snprintf(error, size,
				 "interface %s: peer %s has the interface's own public key",
				 f->name, self->name);
			return -EINVAL;
		}
		if (f->backend == BACKEND_KERNEL && !kernel) {
			snprintf(error, size,
				 "interface %s: backend kernel: this kernel has no WireGuard",
				 f->name);
			return -EINVAL;
		}
		if (f->backend != BACKEND_KERNEL && !program &&
		    (f->backend == BACKEND_USERSPACE || !kernel)) {
			snprintf(error, size,
				 "interface %s: userspace-program %s is not installed%s", f->name,
				 conf->program, kernel ? "" : ", and this kernel has no WireGuard");
			return -EINVAL;
		}
		/* At a start such an interface is refused alone, and tried again: the rest works.
		 */
		if (!devices_conf() || (dev && dev->life.known) || f->adopt ||
		    link_get(f->name, &info) < 0 || device_is_ours(f->name, &info))
			continue;
		snprintf(error, size,
			 "interface %s exists and is not ours; 'adopt true' uses it as it is",
			 f->name);
		return -EINVAL;
	}
	return 0;
}

static void not_set(const struct device *dev, int err)
{
	log_error("device-not-set", "interface=%s error=\"%s\"", dev->name, strerror(-err));
	not_applied("interface %s: its WireGuard refuses the configuration: %s", dev->name,
		    strerror(-err));
}

static int sync_key(struct device *dev)
{
	struct wg_dump dump;
	int err = wg_get(dev->wg, false, &dump);

	if (err < 0)
		return err;
	err = device_sync_key(dev, &dump);
	wg_dump_free(&dump);
	return err;
}

/* --- ports that go from one device to another --- */

static bool gives_port(const struct device *dev, uint16_t port)
{
	uint16_t to = dev->want.conf ? dev->want.conf->listen_port : 0;

	return dev->life.state == DEVICE_READY && dev->read.listen_port == port && to != port &&
	       (to || !dev->adopted);
}

/* The one that has the port which DEV is to have, and is not to keep it; NULL: none. */
static struct device *port_giver(const struct device *dev)
{
	uint16_t port = dev->want.conf->listen_port;
	struct device *d;

	TAILQ_FOREACH (d, &devices, link)
		if (d != dev && port && gives_port(d, port))
			return d;
	return NULL;
}

/* It has ERR of its settings. True: that is all right for now. */
static bool port_is_due(struct device *dev, int err)
{
	dev->want.port_due = err == -EADDRINUSE && port_giver(dev);
	return dev->want.port_due;
}

/* Two may want each other's: both take any other one first. */
static void port_give(struct device *dev)
{
	struct wg_device_set any = {.set_port = true};

	if (wg_set_device(dev->wg, &any) == 0)
		dev->read.listen_port = 0;
}

static void port_take(struct device *dev)
{
	int err = sync_key(dev);

	if (!port_is_due(dev, err) && err < 0 && err != -ETIMEDOUT)
		not_set(dev, err);
	report_all(dev);
}

/* Those that stay have given up theirs by now. One that leaves has its port until PRUNE. */
static void ports_move(void)
{
	struct device *dev, *giver;

	TAILQ_FOREACH (dev, &devices, link) {
		dev->want.port_due &= dev->life.state == DEVICE_READY && dev->want.conf;
		giver = dev->want.port_due ? port_giver(dev) : NULL;
		if (giver && giver->want.conf)
			port_give(giver);
	}
	TAILQ_FOREACH (dev, &devices, link)
		if (dev->want.port_due)
			port_take(dev);
}

static void apply_one(struct device *dev, const struct if_conf *conf, const struct if_conf *old)
{
	struct link_info info;
	struct peer *p;
	int err;

	if (!dev->want.conf) { /* it may have been about to leave */
		timer_stop(&dev->retry);
		timer_init(&dev->retry, device_open, dev);
	}
	dev->want.conf = conf;
	retry_done(&dev->mtu_retry);
	retry_done(&dev->set_retry);
	dev->want.old_stays = true;
	dev->want.port_due = false;
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf && !wgconf_find_peer(conf, p->owner.key))
			peer_configure(p, NULL);
	if (dev->life.state != DEVICE_READY) {
		device_sync_names(dev, old);
		device_open(dev);
		return;
	}
	err = device_sync_config(dev, old);
	if (err == -ENODEV) {
		device_lost(dev, "its WireGuard does not answer");
		return;
	}
	dev->want.port_due = err == -EADDRINUSE; /* until all have heard of theirs */
	if (err < 0 && err != -ETIMEDOUT && !dev->want.port_due)
		not_set(dev, err);
	if (link_get(dev->name, &info) == 0) {
		device_link_admin(dev, &info);
		if (link_get(dev->name, &info) == 0)
			device_poll_link(dev, &info);
	}
	report_all(dev);
	bfd_device(dev);
	timer_start(&dev->poll, 0);
}

void devices_apply(struct wgconf *conf)
{
	struct wgconf *old = devices_conf_replace(conf);
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (!wgconf_find(conf, dev->name))
			leave(dev);
	for (size_t i = 0; i < conf->n_ifs; i++) {
		const struct if_conf *f = &conf->ifs[i];

		dev = device_find(f->name);
		if (!dev)
			dev = device_new(f->name);
		apply_one(dev, f, old ? wgconf_find(old, f->name) : NULL);
	}
	ports_move();
	/* Retries may have been due to the old configuration: none of it is referred to any more.
	 */
	wgconf_free(old);
	replay_go_on();
	bfd_settled();
}

static void on_leave_timeout(void *arg)
{
	device_delete(arg);
}

static bool looked_after(const char *ifname)
{
	return device_find(ifname) != NULL;
}

/* Encrypted packets without a mark take the main table: zebra-lite has pinned the endpoints there
 * by now. Before that a default route through the tunnel would lead them into itself. */
static void drop_mark(struct device *dev)
{
	int err;

	if (dev->life.state != DEVICE_READY || dev->adopted || !dev->read.fwmark ||
	    dev->want.conf->fwmark)
		return;
	err = sync_key(dev);
	if (!port_is_due(dev, err) && err < 0)
		not_set(dev, err);
	report_all(dev);
}

/* What the configuration has no more: by now nobody uses it. */
static void drop_old(struct device *dev)
{
	dev->want.old_stays = false;
	drop_mark(dev);
	allowedips_prune(&dev->allowed);
	device_flush(dev);
	device_link_drop_addrs(dev);
}

void devices_prune(void)
{
	uint64_t now = now_ms();
	struct device *dev, *next;
	struct peer *p;

	for (dev = TAILQ_FIRST(&devices); dev; dev = next) {
		bool held = false;

		next = TAILQ_NEXT(dev, link);
		TAILQ_FOREACH (p, &dev->peers, link) {
			held |= p->owner.learned > 0;
			if (p->conf || p->foreign)
				continue;
			report_peer_gone(p);
			if (!p->drop_at)
				peer_leave_at(p, now + RELEASE_MS);
		}
		if (dev->want.conf) {
			drop_old(dev);
			device_release(dev);
		} else if (!held) {
			device_delete(dev);
		} else {
			report_if_gone(dev);
			timer_init(&dev->retry, on_leave_timeout, dev);
			timer_start(&dev->retry, RELEASE_MS);
		}
	}
	ports_move();
	if (devices_conf())
		orphans_remove(device_rundir(), devices_conf()->program, looked_after);
}

void devices_teardown(void)
{
	struct device *dev;

	while ((dev = TAILQ_FIRST(&devices)))
		device_delete(dev);
	if (devices_conf())
		orphans_remove(device_rundir(), devices_conf()->program, looked_after);
}
