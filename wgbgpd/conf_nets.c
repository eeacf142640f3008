/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_nets.h"

#include <ifaddrs.h>
#include <string.h>

static void net_push(struct nets *nets, struct net net)
{
	nets->v = xgrow(nets->v, nets->n, &nets->cap, sizeof(*nets->v));
	nets->v[nets->n++] = net;
}

struct nets conf_nets_configured(const struct conf *conf)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct nets nets = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *a = conf_child(i, "address"); a; a = conf_next(a)) {
			struct net net = {.leaf = a, .interface = i};
			uint8_t len;

			if (addr_parse_with_len(lyd_get_value(a), &net.addr, &len) < 0)
				continue;
			net.prefix = prefix_make(net.addr.family, net.addr.b, len);
			net_push(&nets, net);
		}
	return nets;
}

static uint8_t mask_len(const struct sockaddr *mask)
{
	const uint8_t *b = mask->sa_family == AF_INET
				   ? (const uint8_t *)&((const struct sockaddr_in *)mask)->sin_addr
				   : ((const struct sockaddr_in6 *)mask)->sin6_addr.s6_addr;
	uint8_t len = 0;

	for (unsigned i = 0; i < family_bytes(mask->sa_family); i++)
		len += __builtin_popcount(b[i]);
	return len;
}

void conf_nets_add_machines(struct nets *nets)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr *at = i->ifa_addr;
		struct net net = {.leaf = NULL};

		if (!at || !i->ifa_netmask ||
		    (at->sa_family != AF_INET && at->sa_family != AF_INET6))
			continue;
		net.addr = at->sa_family == AF_INET
				   ? addr_make(AF_INET, &((const struct sockaddr_in *)at)->sin_addr)
				   : addr_make(AF_INET6,
					       &((const struct sockaddr_in6 *)at)->sin6_addr);
		net.prefix = prefix_make(net.addr.family, net.addr.b, mask_len(i->ifa_netmask));
		net_push(nets, net);
	}
	freeifaddrs(all);
}

const char *conf_net_edge(const struct net *net, const struct addr *a)
{
	bool zeros = true, ones = true;

	if (a->family != AF_INET || net->prefix.len > 30 || !prefix_has_addr(&net->prefix, a))
		return NULL;
	for (unsigned i = net->prefix.len; i < 32; i++) {
		bool bit = a->b[i / 8] & 0x80 >> i % 8;

		zeros = zeros && !bit;
		ones = ones && bit;
	}
	return zeros ? "the network address of" : ones ? "the broadcast address of" : NULL;
}

const char *conf_net_plane(const struct lyd_node *interface)
{
	const char *name = conf_value(interface, "plane");

	return name ? name : "main";
}
