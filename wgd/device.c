/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batches.h"
#include "condition.h"
#include "cut.h"
#include "daemon.h"
#include "device_release.h"
#include "device_sync.h"
#include "device_write.h"
#include "drains.h"
#include "endpoints.h"
#include "orphans.h"
#include "peer_live.h"
#include "peer_sync.h"
#include "report.h"
#include "resolve.h"
#include "secrets.h"
#include "underlay.h"
#include "userspace.h"
#include "util.h"
#include "way.h"
#include "withhold.h"

#define STARTING_MS 5000 /* a userspace program answers within that */
#define STARTING_POLL_MS 20
#define OPEN_MIN_MS 100
#define OPEN_MAX_MS 5000
#define RELEASE_MS 2000 /* how long entries may keep what is no longer configured */
#define SWEEP_QUANTUM 5000
#define DROPS_WINDOW_MS 10000 /* the rate of refused packets is taken over this time */

static char *rundir;

static void try_open(void *arg);

/* RUNDIR/IF.new stands from before an interface is created until it carries our alias. */
static char *marker_path(const char *ifname)
{
	return xasprintf("%s/%s.new", rundir, ifname);
}

/* 0 or -errno: then it must not be created, a wgd that dies would take it for somebody else's. */
static int marker_put(const char *ifname)
{
	char *path = marker_path(ifname);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static bool marker_exists(const char *ifname)
{
	char *path = marker_path(ifname);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void marker_remove(const char *ifname)
{
	char *path = marker_path(ifname);

	unlink(path);
	free(path);
}

static bool is_ours(const char *ifname, const struct link_info *info)
{
	return str_eq(info->alias, LINK_ALIAS) || marker_exists(ifname);
}

static void on_forget(void *arg, const struct prefix *p)
{
	struct device *dev = arg;

	if (dev->ledger)
		ledger_remove_entry(dev->ledger, p);
}

static bool is_mine(void *arg, const struct prefix *p)
{
	struct device *dev = arg;

	return dev->ledger && ledger_has_entry(dev->ledger, p);
}

static void on_retry(void *arg, uint32_t owner_id, const struct prefix *p)
{
	report_refused(owner_id, p, REASON_NONE);
}

static void on_poll(void *arg)
{
	device_poll(arg);
}

static bool on_sweep(void *arg)
{
	struct device *dev = arg;
	bool more = allowedips_sweep(&dev->allowed, SWEEP_QUANTUM);

	device_flush(dev);
	device_release(dev);
	if (!more)
		report_swept();
	return more;
}

static struct device *device_new(const char *name)
{
	struct device *dev = xcalloc(1, sizeof(*dev));

	str_copy(dev->name, name, sizeof(dev->name));
	TAILQ_INIT(&dev->peers);
	allowedips_init(&dev->allowed, false);
	dev->allowed.on_forget = on_forget;
	dev->allowed.on_retry = on_retry;
	dev->allowed.is_mine = is_mine;
	dev->allowed.arg = dev;
	probe_init(&dev->probe);
	icmp_init(&dev->icmp, peer_echo_answer, dev);
	timer_init(&dev->poll, on_poll, dev);
	timer_init(&dev->retry, try_open, dev);
	job_init(&dev->sweep, on_sweep, dev);
	TAILQ_INSERT_TAIL(&devices, dev, link);
	return dev;
}

static void device_free(struct device *dev)
{
	struct peer *p;

	timer_stop(&dev->poll);
	timer_stop(&dev->retry);
	job_stop(&dev->sweep);
	while ((p = TAILQ_FIRST(&dev->peers)))
		peer_free(p);
	hash_clear(&dev->by_key);
	batches_end(dev); /* gives back what was taken from the table's queue */
	batches_known(dev, 0);
	allowedips_free(&dev->allowed);
	probe_close(&dev->probe);
	icmp_close(&dev->icmp);
	wg_close(dev->wg);
	ledger_close(dev->ledger);
	TAILQ_REMOVE(&devices, dev, link);
	free(dev->error);
	free(dev);
	report_swept();
}

static void retry_in(struct device *dev, uint64_t ms)
{
	timer_start(&dev->retry, ms);
}

static void settled(struct device *dev)
{
	dev->settled = true;
	report_settled();
	bfd_settled();
}

/* Tries again later, ever less often. */
static void give_up(struct device *dev, enum device_state state, const char *what, const char *why)
{
	uint64_t ms = OPEN_MIN_MS << (dev->failures < 8 ? dev->failures : 8);

	wg_close(dev->wg);
	dev->wg = NULL;
	condition_set(dev, state, why);
	condition_peers_down(dev, REASON_INTERFACE_REFUSED);
	if (dev->failures++ < 3 || dev->failures % 64 == 0)
		log_error(what, "interface=%s why=\"%s\"", dev->name, why);
	retry_in(dev, ms < OPEN_MAX_MS ? ms : OPEN_MAX_MS);
	settled(dev);
}

static void wait_for_program(struct device *dev)
{
	condition_set(dev, DEVICE_STARTING, NULL);
	retry_in(dev, STARTING_POLL_MS);
}

/* Starts a userspace program; the interface appears when it is ready. */
static void start_program(struct device *dev)
{
	int err;

	err = marker_put(dev->name);
	if (err == 0)
		err = userspace_start(devices_conf()->program, rundir, dev->name);
	if (err < 0) {
		marker_remove(dev->name);
		give_up(dev, DEVICE_WAITING, "userspace-not-started", strerror(-err));
		return;
	}
	log_info("userspace-start", "interface=%s program=%s", dev->name,
		 devices_conf()->program);
	dev->start_by = now_ms() + STARTING_MS;
	wait_for_program(dev);
}

/* True when the interface is there now. */
static bool create(struct device *dev)
{
	enum wgconf_backend backend = dev->conf->backend;
	int err = -EOPNOTSUPP;

	if (dev->state == DEVICE_STARTING && now_ms() < dev->start_by) {
		wait_for_program(dev);
		return false;
	}
	if (dev->state == DEVICE_STARTING) {
		give_up(dev, DEVICE_WAITING, "userspace-not-started",
			"it made no interface in time: see the log file in the run directory");
		return false;
	}
	if (backend != BACKEND_USERSPACE) {
		err = marker_put(dev->name);
		if (err == 0)
			err = link_create(dev->name);
		if (err == 0)
			log_info("interface-created", "interface=%s backend=kernel", dev->name);
	}
	if (err == -EOPNOTSUPP && backend != BACKEND_KERNEL)
		start_program(dev);
	else if (err < 0)
		give_up(dev, DEVICE_WAITING, "interface-not-created", strerror(-err));
	return err == 0;
}

static int open_backend(struct device *dev, const struct link_info *info)
{
	if (str_eq(info->kind, "wireguard"))
		return wg_kernel_open(dev->name, &dev->wg);
	return wg_userspace_open(dev->name, &dev->wg);
}

static bool has_addr(const struct tunnel_addr *list, size_t n, const struct tunnel_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == a->len && addr_eq(&list[i].addr, &a->addr))
			return true;
	return false;
}

static void remove_extra_addrs(struct device *dev, const struct tunnel_addr *have, size_t n)
{
	const struct if_conf *conf = dev->conf;

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
	const struct if_conf *conf = dev->conf;
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
	if (!dev->old_stays)
		remove_extra_addrs(dev, have, n);
	free(have);
	if (err < 0)
		retry_failed(&dev->addrs_retry, err);
	else
		retry_done(&dev->addrs_retry);
}

/* Addresses may have changed (an event), or it is time to try again what was refused. */
static void check_addrs(struct device *dev)
{
	if (dev->addrs_dirty)
		retry_kick(&dev->addrs_retry);
	if ((dev->addrs_dirty || dev->addrs_retry.error) && !retry_waits(&dev->addrs_retry))
		sync_addrs(dev);
}

/* It is otherwise than configured, and that may be changed now. */
static bool mtu_due(const struct device *dev, uint32_t mtu)
{
	return dev->conf && !dev->adopted && mtu != dev->conf->mtu && !retry_waits(&dev->mtu_retry);
}

/* The link as configured: MTU, addresses, up or down. */
static void sync_link(struct device *dev, const struct link_info *info)
{
	const struct if_conf *conf = dev->conf;
	int err = 0;

	if (mtu_due(dev, info->mtu))
		err = link_set_mtu(dev->ifindex, conf->mtu);
	if (err == 0)
		retry_done(&dev->mtu_retry);
	else if (retry_failed(&dev->mtu_retry, err))
		log_limited(&dev->bucket, LOG_LEVEL_ERROR, "link-refused",
			    "interface=%s mtu=%u error=\"%s\"", dev->name, conf->mtu,
			    strerror(-err));
	sync_addrs(dev);
}

/* At a start and when the configuration is applied. In between somebody who sets a link down by
 * hand means it. */
static void sync_admin(struct device *dev, const struct link_info *info)
{
	bool want = dev->conf->admin == ADMIN_UP;
	int err;

	if (dev->conf->admin == ADMIN_EXTERNAL || want == info->admin_up)
		return;
	err = link_set_up(dev->ifindex, want);
	if (err < 0)
		log_error("link-refused", "interface=%s error=\"%s\"", dev->name, strerror(-err));
}

static void report_all(struct device *dev)
{
	struct peer *p;

	report_if(dev);
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf)
			report_peer(p);
}

static void take_link(struct device *dev, const struct link_info *info)
{
	dev->ifindex = info->ifindex;
	dev->mtu = info->mtu;
	dev->up = info->admin_up;
	dev->source_drops = info->frame_errors;
}

/* Whose the interface is. False: not ours to use. */
static bool claim(struct device *dev, const struct link_info *info)
{
	char why[512];
	bool fresh;

	if (is_ours(dev->name, info)) {
		if (!str_eq(info->alias, LINK_ALIAS))
			link_set_alias(info->ifindex, LINK_ALIAS);
		marker_remove(dev->name);
		dev->adopted = dev->allowed.adopted = false;
		return true;
	}
	if (!dev->conf->adopt) {
		give_up(dev, DEVICE_REFUSED, "interface-refused",
			"it exists and is not ours; 'adopt true' uses it as it is");
		return false;
	}
	dev->adopted = dev->allowed.adopted = true;
	ledger_close(dev->ledger);
	dev->ledger = ledger_open(rundir, dev->name, info->ifindex, &fresh);
	if (!dev->ledger) {
		snprintf(why, sizeof(why), "its ledger in %s cannot be written: %s", rundir,
			 strerror(errno));
		give_up(dev, DEVICE_REFUSED, "interface-refused", why);
		return false;
	}
	log_info("interface-adopted", "interface=%s ledger=%s", dev->name, fresh ? "new" : "read");
	return true;
}

static void opened(struct device *dev, struct link_info *info)
{
	int err;

	take_link(dev, info);
	err = device_sync_open(dev);
	if (err < 0) {
		give_up(dev, DEVICE_WAITING, "device-unread", strerror(-err));
		return;
	}
	sync_link(dev, info);
	sync_admin(dev, info);
	if (link_get(dev->name, info) == 0)
		take_link(dev, info);
	withhold_sync(dev);
	condition_set(dev, DEVICE_READY, dev->ledger_error ? LEDGER_TEXT : NULL);
	dev->failures = 0;
	log_info(dev->known ? "interface-restored" : "interface-ready",
		 "interface=%s backend=%s peers=%zu", dev->name, dev->wg->backend->name,
		 dev->conf->n_peers);
	dev->known = true;
	device_poll(dev); /* what state the tunnels are in, before anybody is told of them */
	if (dev->state != DEVICE_READY)
		return;
	report_all(dev);
	bfd_device(dev);
	settled(dev);
	allowedips_retry(&dev->allowed);
}

static void try_open(void *arg)
{
	struct device *dev = arg;
	struct link_info info;
	int err;

	if (!dev->conf || dev->state == DEVICE_READY)
		return;
	err = link_get(dev->name, &info);
	if (err == -ENODEV) {
		if (!create(dev))
			return;
		err = link_get(dev->name, &info);
	}
	if (err < 0) {
		give_up(dev, DEVICE_WAITING, "interface-unread", strerror(-err));
		return;
	}
	err = open_backend(dev, &info);
	if (err == -ENODEV && dev->state != DEVICE_STARTING)
		dev->start_by = now_ms() + STARTING_MS;
	if (err == -ENODEV && now_ms() < dev->start_by) {
		wait_for_program(dev);
	} else if (err < 0) {
		give_up(dev, DEVICE_WAITING, "wireguard-unreachable", strerror(-err));
	} else if (claim(dev, &info)) {
		opened(dev, &info);
	}
}

/* READY no more. Everything that we want is kept, to be put back. */
void device_lost(struct device *dev, const char *why)
{
	if (dev->state != DEVICE_READY)
		return;
	log_warn("interface-lost", "interface=%s why=\"%s\"", dev->name, why);
	timer_stop(&dev->poll);
	batches_end(dev);
	wg_close(dev->wg);
	dev->wg = NULL;
	probe_close(&dev->probe);
	icmp_close(&dev->icmp);
	condition_set(dev, DEVICE_WAITING, why);
	dev->up = false;
	allowedips_applied(&dev->allowed);
	allowedips_forget(&dev->allowed);
	batches_known(dev, -ENODEV);
	dev->unknown = dev->config_due = false;
	dev->silent_since = 0; /* it answers when it is opened; silence after that is a new one */
	condition_peers_down(dev, REASON_INTERFACE_GONE);
	report_if_gone(dev);
	bfd_device(dev);
	dev->ifindex = 0;
	if (dev->conf)
		retry_in(dev, 0);
}

static void link_changed(struct device *dev, const struct link_info *info)
{
	bool was_up = dev->up;

	take_link(dev, info);
	if (dev->conf)
		sync_link(dev, info);
	if (dev->up != was_up) {
		log_event(dev->up ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "link-state",
			  "interface=%s up=%s", dev->name, dev->up ? "yes" : "no");
		if (dev->up) /* what is told of is there */
			withhold_sync(dev);
		report_if(dev);
		withhold_sync(dev);
	}
}

/* Packets that WireGuard refused for their source: somebody's way back is not our way there. */
static void note_drops(struct device *dev, uint64_t count)
{
	uint64_t now = now_ms(), window = now - dev->drops_since;

	if (count > dev->source_drops) {
		log_limited(&dev->bucket, LOG_LEVEL_WARN, "source-check-drops",
			    "interface=%s packets=%llu", dev->name,
			    (unsigned long long)(count - dev->source_drops));
		if (!dev->drops_at)
			daemon_event(json_pack("{s:s, s:s, s:I}", "event", "source-check-drops",
					       "interface", dev->name, "packets",
					       (json_int_t)(count - dev->source_drops)));
		dev->drops_at = now;
	}
	dev->source_drops = count;
	if (dev->drops_since && window < DROPS_WINDOW_MS)
		return;
	dev->drops_rate = dev->drops_since && count > dev->drops_before
				  ? (count - dev->drops_before) * 1000.0 / window
				  : 0;
	dev->drops_before = count;
	dev->drops_since = now;
}

bool device_check_link(struct device *dev)
{
	struct link_info info;
	int err = link_get(dev->name, &info);

	if (err == -ENODEV || (err == 0 && info.ifindex != dev->ifindex)) {
		device_lost(dev, "the link was deleted");
		return false;
	}
	if (err < 0)
		return true;
	note_drops(dev, info.frame_errors);
	dev->mtu = info.mtu;
	if (info.admin_up != dev->up || mtu_due(dev, info.mtu))
		link_changed(dev, &info);
	else if (dev->conf)
		check_addrs(dev);
	return true;
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
		if (dev->state == DEVICE_READY) {
			dev->addrs_dirty |= !ifname;
			timer_start(&dev->poll, 0);
		} else if (dev->state == DEVICE_REFUSED && dev->conf) {
			retry_in(dev, OPEN_MIN_MS);
		}
	}
}

/* No longer configured: zebra-lite lets go first, then the interface goes. */
static void leave(struct device *dev)
{
	struct peer *p;

	dev->conf = NULL;
	TAILQ_FOREACH (p, &dev->peers, link)
		peer_configure(p, NULL);
	bfd_device(dev);
}

static void delete_own(struct device *dev)
{
	const struct wgconf *conf = devices_conf();

	if (dev->ifindex)
		link_delete(dev->ifindex);
	userspace_stop(conf ? conf->program : "wireguard-go", rundir, dev->name);
	marker_remove(dev->name);
}

static void delete_ours_of_adopted(struct device *dev)
{
	struct tunnel_addr *have;
	struct peer *p;
	size_t n;

	allowedips_clear(&dev->allowed);
	device_flush(dev);
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
	else if (!dev->adopted && (dev->known || marker_exists(dev->name)))
		delete_own(dev);
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

	if (devices_conf() || conf->n_ifs || !orphans_find(rundir, name))
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
		if (!devices_conf() || (dev && dev->known) || f->adopt ||
		    link_get(f->name, &info) < 0 || is_ours(f->name, &info))
			continue;
		snprintf(error, size,
			 "interface %s exists and is not ours; 'adopt true' uses it as it is",
			 f->name);
		return -EINVAL;
	}
	return 0;
}

static void apply_one(struct device *dev, const struct if_conf *conf, const struct if_conf *old)
{
	struct link_info info;
	struct peer *p;
	int err;

	if (!dev->conf) { /* it may have been about to leave */
		timer_stop(&dev->retry);
		timer_init(&dev->retry, try_open, dev);
	}
	dev->conf = conf;
	retry_done(&dev->mtu_retry);
	retry_done(&dev->set_retry);
	dev->old_stays = true;
	TAILQ_FOREACH (p, &dev->peers, link)
		if (p->conf && !wgconf_find_peer(conf, p->owner.key))
			peer_configure(p, NULL);
	if (dev->state != DEVICE_READY) {
		device_sync_names(dev, old);
		try_open(dev);
		return;
	}
	err = device_sync_config(dev, old);
	if (err == -ENODEV) {
		device_lost(dev, "its WireGuard does not answer");
		return;
	}
	if (err < 0 && err != -ETIMEDOUT)
		log_error("device-not-set", "interface=%s error=\"%s\"", dev->name, strerror(-err));
	if (link_get(dev->name, &info) == 0) {
		sync_admin(dev, &info);
		if (link_get(dev->name, &info) == 0)
			link_changed(dev, &info);
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
	/* Retries may have been due to the old configuration: none of it is referred to any more.
	 */
	wgconf_free(old);
	report_settled();
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
	struct wg_dump dump;
	int err;

	if (dev->state != DEVICE_READY || !dev->fwmark || dev->conf->fwmark)
		return;
	err = wg_get(dev->wg, false, &dump);
	if (err == 0) {
		err = device_sync_key(dev, &dump);
		wg_dump_free(&dump);
	}
	if (err < 0)
		log_error("device-not-set", "interface=%s error=\"%s\"", dev->name, strerror(-err));
	report_all(dev);
}

static void drop_addrs(struct device *dev)
{
	struct tunnel_addr *have;
	size_t n;

	if (dev->state != DEVICE_READY || link_addrs(dev->ifindex, &have, &n) < 0)
		return;
	remove_extra_addrs(dev, have, n);
	free(have);
}

/* What the configuration has no more: by now nobody uses it. */
static void drop_old(struct device *dev)
{
	dev->old_stays = false;
	drop_mark(dev);
	allowedips_prune(&dev->allowed);
	device_flush(dev);
	drop_addrs(dev);
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
		if (dev->conf) {
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
	if (devices_conf())
		orphans_remove(rundir, devices_conf()->program, looked_after);
}

void devices_teardown(void)
{
	struct device *dev;

	while ((dev = TAILQ_FIRST(&devices)))
		device_delete(dev);
	if (devices_conf())
		orphans_remove(rundir, devices_conf()->program, looked_after);
}

static void on_link_event(void *arg, const char *ifname, int ifindex)
{
	devices_link_event(ifname, ifindex);
	underlay_changed();
}

/* What peers that leave have held may be gone. */
static void on_answered(void)
{
	struct device *dev;

	TAILQ_FOREACH (dev, &devices, link)
		device_release(dev);
}

void devices_open(const char *dir)
{
	rundir = xstrdup(dir);
	batches_open(on_answered);
	drains_open(dir);
	cut_open(dir);
	link_open();
	link_watch(on_link_event, NULL);
	way_open();
	underlay_open();
	icmp_errors_open(peer_errors_heard);
	endpoints_open();
	resolve_open(peer_endpoint_resolved);
}

void devices_close(void)
{
	struct device *dev;

	cut_close();
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
	free(rundir);
	rundir = NULL;
}
