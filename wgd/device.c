/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allowedips_refused.h"
#include "batches.h"
#include "bfd.h"
#include "condition.h"
#include "device_glance.h"
#include "device_link.h"
#include "device_poll.h"
#include "device_release.h"
#include "device_sync.h"
#include "device_write.h"
#include "prove.h"
#include "replay.h"
#include "report.h"
#include "roster.h"
#include "userspace.h"
#include "util.h"
#include "withhold.h"

#define STARTING_MS 5000 /* a userspace program answers within that */
#define STARTING_POLL_MS 20
#define ENDING_MS 5000 /* so does one whose interface is gone end */
#define OPEN_MAX_MS 5000
#define SWEEP_QUANTUM 5000

static char *rundir;

void device_set_rundir(const char *dir)
{
	free(rundir);
	rundir = dir ? xstrdup(dir) : NULL;
}

const char *device_rundir(void)
{
	return rundir;
}

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

bool device_is_ours(const char *ifname, const struct link_info *info)
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

static bool take(void *arg, const struct owner *owner, const struct prefix *p)
{
	const struct peer_conf *conf = ((const struct peer *)owner)->conf;
	struct device *dev = arg;

	if (!dev->ledger || !ledger_has_imported(dev->ledger, p) || !peer_conf_imports(conf, p))
		return false;
	ledger_remove_imported(dev->ledger, p);
	ledger_add_entry(dev->ledger, p);
	if (device_ledger(dev) == 0)
		return true;
	ledger_remove_entry(dev->ledger, p);
	ledger_add_imported(dev->ledger, p);
	return false;
}

static void on_retry(void *arg, uint32_t owner_id, const struct prefix *p)
{
	batches_free(owner_id, p);
}

static void on_poll(void *arg)
{
	const char *lost = device_poll(arg, true);

	if (lost)
		device_lost(arg, lost);
}

static void device_answer(void *arg, const struct icmp_answer *a)
{
	struct peer *p = peer_by_id(a->id);

	if (prove_answer(arg, a) || !p || p->dev != arg || !p->conf)
		return;
	if (p->echo)
		peer_echo_answer(p, a);
	else
		peer_watch_answer(p, a);
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

static void device_close(struct device *dev)
{
	device_look_forget(dev);
	dev->read.pending = false;
	wg_reader_end(&dev->reader);
	dev->read.looking = false;
	wg_close(dev->wg);
	dev->wg = NULL;
}

struct device *device_new(const char *name)
{
	static const struct allowedips_hooks hooks = {is_mine, on_forget, take, on_retry};
	struct device *dev = xcalloc(1, sizeof(*dev));

	str_copy(dev->name, name, sizeof(dev->name));
	TAILQ_INIT(&dev->peers);
	allowedips_init(&dev->allowed, false, &hooks, dev);
	probe_init(&dev->probe);
	icmp_init(&dev->icmp, device_answer, dev);
	timer_init(&dev->poll, on_poll, dev);
	timer_init(&dev->retry, device_open, dev);
	job_init(&dev->sweep, on_sweep, dev);
	TAILQ_INSERT_TAIL(&devices, dev, link);
	return dev;
}

void device_free(struct device *dev)
{
	struct peer *p;

	timer_stop(&dev->poll);
	timer_stop(&dev->retry);
	timer_stop(&dev->watch);
	job_stop(&dev->sweep);
	batches_end(dev); /* what fails of it changes the books of the peers */
	batches_known(dev, 0);
	while ((p = TAILQ_FIRST(&dev->peers)))
		peer_free(p);
	hash_clear(&dev->by_key);
	allowedips_free(&dev->allowed);
	probe_close(&dev->probe);
	icmp_close(&dev->icmp);
	device_close(dev);
	wg_close(dev->opening);
	ledger_close(dev->ledger);
	TAILQ_REMOVE(&devices, dev, link);
	free(dev->life.error);
	free(dev);
	report_swept();
}

static void settled(struct device *dev)
{
	dev->life.settled = true;
	replay_go_on();
	bfd_settled();
}

/* Tries again later, ever less often. */
static void give_up(struct device *dev, enum device_state state, const char *what, const char *why)
{
	uint64_t ms = retry_delay_ms(DEVICE_OPEN_MIN_MS, dev->life.failures, OPEN_MAX_MS);

	device_close(dev);
	condition_set(dev, state, why);
	condition_peers_down(dev, REASON_INTERFACE_REFUSED);
	if (dev->life.failures++ < 3 || dev->life.failures % 64 == 0)
		log_error(what, "interface=%s why=\"%s\"", dev->name, why);
	timer_start(&dev->retry, ms);
	settled(dev);
}

static void wait_for_program(struct device *dev)
{
	condition_set(dev, DEVICE_STARTING, NULL);
	timer_start(&dev->retry, STARTING_POLL_MS);
}

/* True: not before the program that had the interface has ended. Its end takes the socket of a new
 * one along, and it may bring the interface back. */
static bool wait_for_end(struct device *dev)
{
	if (now_ms() >= dev->life.end_by ||
	    !userspace_runs(devices_conf()->program, rundir, dev->name))
		return false;
	condition_set(dev, DEVICE_WAITING, "the program that had it has not ended yet");
	timer_start(&dev->retry, STARTING_POLL_MS);
	return true;
}

/* Starts a userspace program; the interface appears when it is ready. */
static void start_program(struct device *dev)
{
	int err = marker_put(dev->name);

	if (err == 0)
		err = userspace_start(devices_conf()->program, rundir, dev->name);
	if (err < 0) {
		marker_remove(dev->name);
		give_up(dev, DEVICE_WAITING, "userspace-not-started", strerror(-err));
		return;
	}
	log_info("userspace-start", "interface=%s program=%s", dev->name, devices_conf()->program);
	dev->life.start_by = now_ms() + STARTING_MS;
	wait_for_program(dev);
}

/* True when the interface is there now. */
static bool device_create(struct device *dev)
{
	enum conf_backend backend = dev->want.conf->backend;
	bool starting = dev->life.state == DEVICE_STARTING;
	bool ended = starting && userspace_ended(rundir, dev->name);
	int err = -EOPNOTSUPP;

	if (starting && !ended && now_ms() < dev->life.start_by) {
		wait_for_program(dev);
		return false;
	}
	if (starting) {
		give_up(dev, DEVICE_WAITING, "userspace-not-started",
			ended ? "it ended: see the log file in the run directory"
			      : "it made no interface in time: see the log file in the run "
				"directory");
		return false;
	}
	if (wait_for_end(dev))
		return false;
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

/* Not answered yet, which may take long: it goes on with the same request, no other one. */
static void keep_asking(struct device *dev)
{
	dev->opening = dev->wg;
	dev->wg = NULL;
}

static int open_backend(struct device *dev, const struct link_info *info)
{
	bool kernel = str_eq(info->kind, "wireguard");

	if (dev->opening && !kernel) {
		dev->wg = dev->opening;
		dev->opening = NULL;
		return 0;
	}
	if (kernel)
		return wg_kernel_open(dev->name, &dev->wg);
	return wg_userspace_open(dev->name, &dev->wg);
}

/* Whose the interface is. False: not ours to use. */
static bool claim(struct device *dev, const struct link_info *info)
{
	char why[512];
	bool fresh;

	if (device_is_ours(dev->name, info)) {
		if (!str_eq(info->alias, LINK_ALIAS))
			link_set_alias(info->ifindex, LINK_ALIAS);
		marker_remove(dev->name);
		dev->adopted = dev->allowed.adopted = false;
		return true;
	}
	if (!dev->want.conf->adopt) {
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
	const char *lost;
	int err;

	device_link_take(dev, info);
	err = device_sync_open(dev);
	if (err == -ETIMEDOUT)
		keep_asking(dev);
	if (err < 0) {
		give_up(dev, DEVICE_WAITING, "device-unread", strerror(-err));
		return;
	}
	device_link_sync(dev, info);
	device_link_admin(dev, info);
	if (link_get(dev->name, info) == 0)
		device_link_take(dev, info);
	withhold_sync(dev);
	condition_set(dev, DEVICE_READY, dev->life.ledger_error ? LEDGER_TEXT : NULL);
	dev->life.failures = 0;
	log_info(dev->life.known ? "interface-restored" : "interface-ready",
		 "interface=%s backend=%s peers=%zu", dev->name, dev->wg->backend->name,
		 dev->want.conf->n_peers);
	dev->life.known = true;
	lost = device_poll(dev, false); /* the tunnels' state, before anybody is told of them */
	if (lost) {
		device_lost(dev, lost);
		return;
	}
	report_all(dev);
	bfd_device(dev);
	settled(dev);
	allowedips_retry(&dev->allowed);
	replay_go_on();
}

void device_open(void *arg)
{
	struct device *dev = arg;
	struct link_info info;
	int err;

	if (!dev->want.conf || dev->life.state == DEVICE_READY)
		return;
	err = link_get(dev->name, &info);
	if (err == -ENODEV) {
		if (!device_create(dev))
			return;
		err = link_get(dev->name, &info);
	}
	if (err < 0) {
		give_up(dev, DEVICE_WAITING, "interface-unread", strerror(-err));
		return;
	}
	err = open_backend(dev, &info);
	if (err == -ENODEV && dev->life.state != DEVICE_STARTING)
		dev->life.start_by = now_ms() + STARTING_MS;
	if (err == -ENODEV && now_ms() < dev->life.start_by) {
		wait_for_program(dev);
	} else if (err < 0) {
		give_up(dev, DEVICE_WAITING, "wireguard-unreachable", strerror(-err));
	} else if (claim(dev, &info)) {
		opened(dev, &info);
	}
}

void device_lost(struct device *dev, const char *why)
{
	if (dev->life.state != DEVICE_READY)
		return;
	log_warn("interface-lost", "interface=%s why=\"%s\"", dev->name, why);
	timer_stop(&dev->poll);
	device_watch_stop(dev);
	batches_end(dev);
	device_close(dev);
	probe_close(&dev->probe);
	icmp_close(&dev->icmp);
	condition_set(dev, DEVICE_WAITING, why);
	dev->read.up = false;
	allowedips_applied(&dev->allowed);
	allowedips_forget(&dev->allowed);
	batches_known(dev, -ENODEV);
	dev->life.unknown = dev->want.config_due = false;
	dev->life.end_by = now_ms() + ENDING_MS;
	dev->life.silent_since = 0;    /* when it is opened it answers; silence after that is new */
	retry_done(&dev->addrs_retry); /* the next one has refused nothing */
	retry_done(&dev->mtu_retry);
	retry_done(&dev->set_retry);
	retry_done(&dev->repair_retry);
	condition_peers_down(dev, REASON_INTERFACE_GONE);
	report_if_gone(dev);
	bfd_device(dev);
	dev->ifindex = 0;
	dev->link_deleted = false;
	if (dev->want.conf)
		timer_start(&dev->retry, 0);
}

void device_delete_own(struct device *dev)
{
	const struct wgconf *conf = devices_conf();

	if (!dev->life.known && !marker_exists(dev->name))
		return;
	if (dev->ifindex)
		link_delete(dev->ifindex);
	userspace_stop(conf ? conf->program : "wireguard-go", rundir, dev->name);
	marker_remove(dev->name);
}
