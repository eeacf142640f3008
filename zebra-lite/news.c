/* SPDX-License-Identifier: BSD-2-Clause */
#include "news.h"

#include <linux/rtnetlink.h>

#include "configured.h"
#include "errorway.h"
#include "fib.h"
#include "fib_retry.h"
#include "ifaddr.h"
#include "keepin_default.h"
#include "keepin_run.h"
#include "kernel.h"
#include "links.h"
#include "log.h"
#include "nexthop.h"
#include "nftown.h"
#include "nhobj.h"
#include "pin.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "uplink.h"
#include "zapply.h"
#include "zconfig.h"

/* --- the kernel --- */

/* What was refused may be taken now. */
static void try_again(void)
{
	fib_retry_kick();
	nhobj_kick();
	fib_look();
	keep_kick(&rules);
	keep_kick(&side_routes);
	keepin_kick();
}

static void on_begin(const uint32_t *oifs, unsigned n)
{
	rib_kernel_begin_by(oifs, n);
	keep_read_begin(&rules);
	ifaddr_read_begin();
	keep_read_begin(&side_routes);
}

static void on_link(unsigned changed)
{
	if (changed & KLINK_NAMED) {
		zapply_links_changed();
		nftown_changed();
		errorway_changed();
	}
	keepin_default_look_all();
	uplink_links_changed();
}

/* One that goes down helps nothing. */
static void on_turned(uint32_t ifindex)
{
	bool up = kernel_link_up(ifindex);

	if (!up)
		nhobj_link_down(ifindex);
	rib_kernel_link_changed(ifindex);
	nexthop_link_changed(ifindex);
	keepin_look_all();
	if (up) {
		try_again();
	} else {
		nexthop_found_mark();
		fib_look();
	}
}

static void on_addr(const struct kaddr *a, bool present)
{
	if (ifaddr_told(a, present))
		try_again();
	if (!kernel_link_pointopoint(a->ifindex))
		rib_kernel_addr(a, present);
}

static void on_addrs(uint32_t ifindex)
{
	uplink_addrs_changed(ifindex);
	nftown_changed();
	errorway_changed();
}

static void on_nexthop(const struct knexthop *k, bool present)
{
	if (!present)
		nhobj_lost(k->id);
	else if (k->protocol == zconfig.protocol && k->n)
		nhgroup_found(k->id, k->legs, k->n, k->resilient);
	else if (k->protocol == zconfig.protocol)
		nhobj_found(k->id, k->oif, k->family);
}

static void on_route(const struct kroute *r, bool present)
{
	if (zplane_by_table(r->table) >= 0 || r->table == RT_TABLE_MAIN)
		rib_kernel_route(r, present);
	else
		side_told(r, present);
}

/* A route in a table beside the RIB's was taken away. */
static void on_missed(void)
{
	uplink_links_changed();
	keepin_default_look_all();
}

static void on_end(void (*done)(void))
{
	ifaddr_read_end();
	keepin_default_read_end();
	uplinks_read_end();
	errorway_read_end();
	keep_read_end(&rules);
	rib_kernel_end(done);
}

static void on_ready(void)
{
	fib_kernel_ready();
	nftown_kernel_ready();
	link_bgpd_kernel_ready();
	log_info("kernel-read", "routes=%zu links=%zu", rib_count(), kernel_link_count());
}

static const struct kernel_news from_kernel = {
	.begin = on_begin,
	.link = on_link,
	.turned = on_turned,
	.addr = on_addr,
	.nexthop = on_nexthop,
	.nexthops_read = nhobj_read,
	.rule = rule_told,
	.route = on_route,
	.side_tables = uplink_tables,
	.end = on_end,
	.ready = on_ready,
	.eased = try_again,
};

/* --- wgd --- */

static void on_host(const struct addr *a, uint32_t ifindex)
{
	struct prefix host = prefix_of_addr(a);

	rib_own_route(&host, RIB_TUNNEL, &(struct way){.oif = ifindex, .weight = 1}, ifindex != 0);
}

static void on_tunnel(const struct tunnel_peer *p)
{
	nexthop_tunnel_changed(p);
	pin_tunnel_changed(p);
	if (!tunnel_usable(p))
		nexthop_found_mark();
}

static void on_interface(const struct tunnel_if *i)
{
	nexthop_tunnel_if_changed(i);
	if (!i->up)
		nexthop_found_mark();
}

static bool is_configured(const struct tunnel_peer *p)
{
	return configured_peer(p->iface->name, p->name);
}

static const struct tunnel_news from_tunnels = {
	.host = on_host,
	.peer = on_tunnel,
	.endpoint = pin_endpoint,
	.configured = is_configured,
	.interface = on_interface,
	.owners = nexthop_owners_changed,
	.marked = pin_uplinks_changed,
	.gone = nexthop_all_changed,
};

void news_open(void (*busy)(bool busy))
{
	kernel_read_open(&from_kernel);
	kernel_thread_open(fib_route_failed, fib_look);
	tunnel_open(&from_tunnels);
	ifaddr_open(on_addrs);
	side_open(on_missed);
	uplink_open(pin_uplinks_changed);
	nexthop_open();
	fib_open(busy);
}
