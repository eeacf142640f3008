/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zebra-lite: the RIB between bgpd and wgd, and the one who writes kernel routes.
 *
 * FLOORS lists the files from top to bottom. rib*.c have what is known of a prefix, nexthop.c what
 * leads to an address, dirty.c what may have changed, fib.c what a prefix should have, fib_*.c the
 * ordered way of changes into both tables (fib_internal.h has the list), books.c what is there,
 * rule.c policy routing, uplink.c and side.c the way of encrypted packets, pin.c the endpoints,
 * tunnel.c what wgd told, configured.c what it may refuse, kernel_*.c rtnetlink, link_*.c the
 * channels, nftset.c, disjoint.c, nftown.c and nft.c nftables; zapply.c brings a new configuration
 * into force, news.c says what follows from what others said. This file ties them to the process.
 */
#include <errno.h>
#include <string.h>

#include "configured.h"
#include "daemon.h"
#include "errorway.h"
#include "fib.h"
#include "kernel.h"
#include "links.h"
#include "log.h"
#include "news.h"
#include "nftown.h"
#include "nftset.h"
#include "nhobj.h"
#include "not_applied.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "ifaddr.h"
#include "uplink.h"
#include "zapply.h"
#include "zceiling.h"
#include "zconfig.h"
#include "zplan_tables.h"
#include "zshow.h"

static bool reading; /* the kernel: from the first configuration on, which says what is ours */

static void tell_kept_in(uint64_t version)
{
	daemon_event(json_pack("{s:s, s:I}", "event", "keep-in", "version", (json_int_t)version));
}

static void start(const char *rundir)
{
	int err = kernel_write_start();

	if (err < 0)
		fatal("netlink: %s", strerror(-err));
	nftset_open(rundir);
	nftown_open(rundir);
	out = (struct out){
		.route = kernel_write_route,
		.route_flush = kernel_thread_flush,
		.route_done = kernel_thread_done,
		.nexthop_set = kernel_write_nexthop,
		.nexthop_group = kernel_write_group,
		.nexthop_del = kernel_delete_nexthop,
		.route_now = kernel_write_route_now,
		.rule = kernel_write_rule,
		.allowed = link_wgd_allowed,
		.allowed_sync = link_wgd_allowed_sync,
		.wgd_full = link_wgd_full,
		.bgpd_full = link_bgpd_full,
		.verdict = link_bgpd_verdict,
		.nexthop = link_bgpd_nexthop,
		.redist = link_bgpd_redist,
		.kept = link_bgpd_kept,
		.kept_in = tell_kept_in,
		.resync = kernel_resync,
		.link_up = kernel_link_up,
		.link_name = kernel_link_name,
		.link_fell = kernel_link_fell,
	};
	news_open(link_bgpd_busy);
}

static int check(const json_t *config, char *error, size_t size)
{
	struct zconfig c;
	int err = zconfig_read(config, &c, error, size);

	if (err == 0)
		zconfig_free(&c);
	return err;
}

static void apply(const json_t *config, uint32_t generation)
{
	char error[MSG_ERROR_MAX];
	struct zconfig c;
	bool moved;
	int err;

	if (zconfig_read(config, &c, error, sizeof(error)) < 0) {
		log_error("configuration-refused", "why=\"%s\"", error);
		not_applied("%s", error);
		return;
	}
	moved = planes_read(config);
	zapply(&c);
	tunnel_planes_changed();
	configured_read(config);
	tunnel_configured();
	zapply_ceilings(config, generation);
	pin_configured();
	nftset_config_changed();
	nftown_changed();
	if (moved && reading)
		kernel_resync("interfaces moved to other planes");
	if (reading)
		return;
	reading = true;
	err = kernel_read_start();
	if (err < 0)
		fatal("netlink: %s", strerror(-err));
}

static void prune(uint32_t generation)
{
	uplinks_prune();
	zapply_ceilings_prune();
}

static void channel(enum daemon_id peer, int fd)
{
	if (peer == DAEMON_BGPD)
		link_bgpd_open(fd);
	else
		link_wgd_open(fd);
}

static void teardown(void)
{
	fib_teardown();
	keep_teardown(&rules);
	keep_teardown(&side_routes);
	nftset_teardown();
	nftown_teardown();
	log_info("teardown", "prefixes=%zu", rib_count());
}

static void stop(void)
{
	nftset_close();
	nftown_close();
	link_bgpd_close();
	link_wgd_close();
	kernel_read_stop();
	fib_reset();
	kernel_write_stop();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	uplinks_reset();
	errorway_reset();
	keep_reset(&rules);
	keep_reset(&side_routes);
	ifaddr_reset();
	nexthop_reset();
	zceiling_reset();
	configured_reset();
	tunnel_reset();
	fib_linger_reset();
	nhobj_reset();
	zconfig_free(&zconfig);
}

int main(int argc, char **argv)
{
	static const struct daemon_ops ops = {
		.id = DAEMON_ZEBRA,
		.sandbox = SANDBOX_ZEBRA,
		.commands = zebra_commands,
		.start = start,
		.check = check,
		.apply = apply,
		.prune = prune,
		.channel = channel,
		.teardown = teardown,
		.stop = stop,
	};

	zplan_open(apply, prune);
	return daemon_run(&ops, argc, argv);
}
