/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uplink: the encrypted packets of a WireGuard interface leave by one underlay interface.
 *
 * wgd gives the device a mark; we keep a rule that sends packets with that mark into a table of the
 * uplink's own, and in that table a default route by the uplink's gateway with the uplink's
 * address as source, the uplink's own subnets, and behind them an unreachable default: while the
 * uplink cannot be used the packets stay at home instead of leaving by another one. Everything
 * follows the interface: its link, its addresses, and, where no gateway is configured, that of the
 * default route which somebody (DHCP) keeps through the interface in the RIB's table.
 *
 * An endpoint behind such an interface is looked up in that table, so no learned route in the RIB's
 * can capture it: pin.c asks uplink_bypasses().
 */
#ifndef WGBGP_ZEBRA_UPLINK_H
#define WGBGP_ZEBRA_UPLINK_H

#include <sys/queue.h>

#include "out.h"
#include "tunnel.h"

struct uplink_conf {
	char wg[16];			   /* WireGuard interface */
	char ifname[16];		   /* underlay interface */
	struct addr gateway[2], source[2]; /* IPv4, IPv6; family 0: follow the interface */
	uint32_t fwmark, table, priority;
};

enum uplink_state {
	UPLINK_OFF,	/* nothing is installed by configuration */
	UPLINK_NO_LINK, /* there is no such interface */
	UPLINK_LINK_DOWN,
	UPLINK_NO_ADDRESS, /* to send from */
	UPLINK_NO_GATEWAY, /* neither configured nor found */
	UPLINK_REFUSED,	   /* the kernel refused the route */
	UPLINK_UP,
};
const char *uplink_state_name(enum uplink_state s);

#define UPLINK_ROUTES_MAX 16 /* a family: default, unreachable, subnets */

struct uplink_family {
	enum uplink_state state;
	struct addr gateway, source; /* in use; family 0: none */
	unsigned n;
	struct kroute route[UPLINK_ROUTES_MAX]; /* wanted now */
};

struct uplink {
	LIST_ENTRY(uplink) link;
	struct uplink_conf conf;
	uint32_t oif; /* 0: no such interface */
	bool leaving; /* no longer configured; goes with the next prune */
	bool bypass;  /* as was told */
	bool rewrite; /* the kernel may have dropped routes in silence */
	struct uplink_family family[2];
};

/* The configuration's; those no longer in it stay until uplinks_prune(). */
void uplinks_apply(const struct uplink_conf *conf, size_t n);
void uplinks_prune(void);
void uplinks_take_out(void); /* other numbers come into force: before they do */

/* BYPASS_CHANGED: uplink_bypasses() may have another answer. */
void uplink_open(void (*bypass_changed)(void));

/* Something may have changed; looked at in the next turn. */
void uplink_addrs_changed(uint32_t ifindex);
void uplink_links_changed(void);
void uplink_route_changed(const struct prefix *p);
void uplinks_read_end(void); /* of routes and addresses; the rules come after it */

/* Packets of this WireGuard interface are kept out of the RIB's table. */
bool uplink_bypasses(const struct tunnel_if *i);
unsigned uplink_tables(uint32_t *tables, unsigned max); /* theirs, and those of side_tables() */
struct uplink *uplink_first(void);
struct uplink *uplink_next(const struct uplink *u);
void uplinks_reset(void);

#endif
