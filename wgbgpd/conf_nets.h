/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_nets: the networks that this machine is in: those of the tunnel interfaces that a
 * configuration describes, and those that the machine's interfaces have now.
 */
#ifndef WGBGP_CONF_NETS_H
#define WGBGP_CONF_NETS_H

#include "conf_tree.h"
#include "prefix.h"

struct net {
	struct prefix prefix;
	struct addr addr;		  /* ours there */
	const struct lyd_node *leaf;	  /* the address; NULL: one of the machine */
	const struct lyd_node *interface; /* NULL with it */
};

struct nets {
	struct net *v;
	size_t n, cap;
};

/* The tunnel interfaces' of CONF. V is the caller's, who frees it. */
struct nets conf_nets_configured(const struct conf *conf);
/* Adds the machine's: without LEAF and INTERFACE. */
void conf_nets_add_machines(struct nets *nets);

/* What A is, where it is the first or last address of an IPv4 network, which no host has: "the
 * network address of"; else NULL. */
const char *conf_net_edge(const struct net *net, const struct addr *a);
/* The plane of a tunnel interface. */
const char *conf_net_plane(const struct lyd_node *interface);

#endif
