/* SPDX-License-Identifier: BSD-2-Clause */
#include "devices.h"

#include "batches.h"
#include "cut.h"
#include "device.h"
#include "device_glance.h"
#include "device_release.h"
#include "drains.h"
#include "endpoints.h"
#include "icmp_error.h"
#include "link.h"
#include "lives.h"
#include "peer_endpoint.h"
#include "peer_errors.h"
#include "resolve.h"
#include "roster.h"
#include "underlay.h"
#include "util.h"
#include "way.h"
#include "wg_reader.h"

/* What peers that leave have held may be gone. */
static void on_answered(void)
{
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		device_release(dev);
}

void devices_link_event(const char *ifname, int ifindex)
{
	struct device *dev, *next;

	for (dev = TAILQ_FIRST(&devices); dev; dev = next) {
		bool ours = ifindex == 0 || (ifname && str_eq(ifname, dev->name)) ||
			    (dev->ifindex && dev->ifindex == ifindex);

		next = TAILQ_NEXT(dev, link);
		if (!ours)
			continue;
		if (dev->life.state == DEVICE_READY) {
			dev->addrs_dirty |= !ifname;
			timer_start(&dev->poll, 0);
		} else if (dev->life.state == DEVICE_REFUSED && dev->want.conf) {
			timer_start(&dev->retry, DEVICE_OPEN_MIN_MS);
		}
	}
}

void devices_link_deleted(int ifindex)
{
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		if (dev->life.state == DEVICE_READY && dev->ifindex == ifindex)
			dev->link_deleted = true;
}

static void on_link_event(void *arg, const char *ifname, int ifindex, bool deleted)
{
	if (deleted)
		devices_link_deleted(ifindex);
	devices_link_event(ifname, ifindex);
	underlay_changed();
}

void devices_open(const char *dir)
{
	device_set_rundir(dir);
	batches_open(on_answered);
	wg_reader_open(device_looked);
	drains_open(dir);
	lives_open(dir);
	cut_open(dir);
	link_open();
	link_watch(on_link_event, NULL);
	if (way_open() < 0)
		fatal("no rtnetlink socket");
	underlay_open();
	icmp_errors_open(peer_errors_heard);
	endpoints_open();
	resolve_open(peer_endpoint_resolved);
}

void devices_close(void)
{
	struct device *dev;

	cut_close();
	lives_close();
	while ((dev = TAILQ_FIRST(&devices)))
		device_free(dev);
	wgconf_free(devices_conf_replace(NULL));
	endpoints_close();
	resolve_close();
	icmp_errors_close();
	underlay_close();
	way_close();
	link_close();
	drains_close();
	batches_close();
	wg_reader_close();
	device_set_rundir(NULL);
}
