/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_link.h"

#include <stdlib.h>
#include <string.h>

#include "device_write.h"
#include "roster.h"

static bool has_addr(const struct tunnel_addr *list, size_t n, const struct tunnel_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == a->len && addr_eq(&list[i].addr, &a->addr))
			return true;
	return false;
}

static void remove_extra_addrs(struct device *dev, const struct tunnel_addr *have, size_t n)
{
	const struct if_conf *conf = dev->want.conf;

	for (size_t i = 0; i < n; i++) {
		if (has_addr(conf->addrs, conf->n_addrs, &have[i]))
			continue;
		if (dev->adopted && !ledger_has_addr(dev->ledger, &have[i].addr, have[i].len))
			continue;
		log_info("address-removed", "interface=%s address=%s/%u", dev->name,
			 ADDR_STR(&have[i].addr), have[i].len);
		link_delete_addr(dev->ifindex, &have[i]);
		if (dev->ledger)
			ledger_remove_addr(dev->ledger, &have[i].addr, have[i].len);
	}
}

/* In the ledger before it is done: an address that is not in there is not ours. */
static int add_addr(struct device *dev, const struct tunnel_addr *a)
{
	bool added = dev->ledger && ledger_add_addr(dev->ledger, &a->addr, a->len);
	int err = device_ledger(dev);

	if (err == 0)
		err = link_add_addr(dev->ifindex, a);
	if (err == 0)
		return 0;
	if (added)
		ledger_remove_addr(dev->ledger, &a->addr, a->len);
	if (err != dev->addrs_retry.error)
		log_limited(&dev->bucket, LOG_LEVEL_ERROR, "address-refused",
			    "interface=%s address=%s/%u error=\"%s\"", dev->name,
			    ADDR_STR(&a->addr), a->len, strerror(-err));
	return err;
}

static void sync_addrs(struct device *dev)
{
	const struct if_conf *conf = dev->want.conf;
	struct tunnel_addr *have;
	size_t n;
	int err = 0, one;

	dev->addrs_dirty = false;
	if (link_addrs(dev->ifindex, &have, &n) < 0)
		return;
	for (size_t i = 0; i < conf->n_addrs; i++) {
		one = has_addr(have, n, &conf->addrs[i]) ? 0 : add_addr(dev, &conf->addrs[i]);
		err = one < 0 ? one : err;
	}
	if (!dev->want.old_stays)
		remove_extra_addrs(dev, have, n);
	free(have);
	if (err < 0)
		retry_failed(&dev->addrs_retry, err);
	else
		retry_done(&dev->addrs_retry);
}

void device_link_check_addrs(struct device *dev)
{
	if (dev->addrs_dirty)
		retry_kick(&dev->addrs_retry);
	if ((dev->addrs_dirty || dev->addrs_retry.error) && !retry_waits(&dev->addrs_retry))
		sync_addrs(dev);
}

bool device_link_mtu_due(const struct device *dev, uint32_t mtu)
{
	return dev->want.conf && !dev->adopted && mtu != dev->want.conf->mtu &&
	       !retry_waits(&dev->mtu_retry);
}

static void sync_mtu(struct device *dev, uint32_t mtu)
{
	uint32_t want = dev->want.conf->mtu;
	int err;

	if (mtu != want && !device_link_mtu_due(dev, mtu))
		return;
	err = mtu != want ? link_set_mtu(dev->ifindex, want) : 0;
	if (err == 0)
		retry_done(&dev->mtu_retry);
	else if (retry_failed(&dev->mtu_retry, err))
		log_limited(&dev->bucket, LOG_LEVEL_ERROR, "link-refused",
			    "interface=%s mtu=%u error=\"%s\"", dev->name, want, strerror(-err));
}

void device_link_sync(struct device *dev, const struct link_info *info)
{
	sync_mtu(dev, info->mtu);
	sync_addrs(dev);
}

void device_link_admin(struct device *dev, const struct link_info *info)
{
	bool want = dev->want.conf->admin == INTERFACE_ADMIN_UP;
	int err;

	if (dev->want.conf->admin == INTERFACE_ADMIN_EXTERNAL || want == info->admin_up)
		return;
	err = link_set_up(dev->ifindex, want);
	if (err < 0)
		log_error("link-refused", "interface=%s error=\"%s\"", dev->name, strerror(-err));
}

void device_link_take(struct device *dev, const struct link_info *info)
{
	dev->ifindex = info->ifindex;
	dev->read.mtu = info->mtu;
	dev->read.up = info->admin_up;
	dev->read.source_drops = info->frame_errors;
}

void device_link_drop_addrs(struct device *dev)
{
	struct tunnel_addr *have;
	size_t n;

	if (dev->life.state != DEVICE_READY || link_addrs(dev->ifindex, &have, &n) < 0)
		return;
	remove_extra_addrs(dev, have, n);
	free(have);
}
