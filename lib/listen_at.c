/* SPDX-License-Identifier: BSD-2-Clause */
#include "listen_at.h"

#include <stdlib.h>
#include <string.h>

#include "conf_leaves.h"
#include "util.h"

static bool has(const struct listen_at *at, const struct addr *a)
{
	for (size_t i = 0; i < at->n; i++)
		if (addr_eq(&at->addrs[i], a))
			return true;
	return false;
}

static void add(struct listen_at *at, const struct addr *a)
{
	if (has(at, a))
		return;
	at->addrs = xrealloc(at->addrs, (at->n + 1) * sizeof(*at->addrs));
	at->addrs[at->n++] = *a;
}

/* The own address in ADDRESS ("10.9.0.1/24"), if a socket can be bound to it as it stands. */
static bool own_address(const json_t *address, struct addr *a, uint8_t *len)
{
	const char *text = json_string_value(address);

	return text && addr_parse_with_len(text, a, len) == 0 && !addr_is_link_local(a);
}

/* Own addresses on INTERFACE: one of them is in the same network as all of P. */
static bool is_in_network(const json_t *interface, const struct prefix *p)
{
	const json_t *address;
	size_t i;

	json_array_foreach (conf_list(interface, "address"), i, address) {
		struct prefix net;
		struct addr a;
		uint8_t len;

		if (!own_address(address, &a, &len))
			continue;
		net = prefix_make(a.family, a.b, len);
		if (prefix_covers(&net, p))
			return true;
	}
	return false;
}

static bool has_family(const json_t *interface, uint8_t family)
{
	const json_t *address;
	struct addr a;
	uint8_t len;
	size_t i;

	json_array_foreach (conf_list(interface, "address"), i, address)
		if (own_address(address, &a, &len) && a.family == family)
			return true;
	return false;
}

/* A tunnel address of one of its peers. */
static bool is_tunnel_address(const json_t *interface, const struct prefix *p)
{
	const json_t *peer;
	bool found = false;
	size_t i;

	if (p->len != family_bits(p->family) || !has_family(interface, p->family))
		return false;
	json_array_foreach (conf_list(interface, "peer"), i, peer) {
		size_t n;
		struct addr *addrs = conf_addrs(peer, "tunnel-address", &n);

		for (size_t k = 0; k < n; k++)
			found = found || prefix_has_addr(p, &addrs[k]);
		free(addrs);
	}
	return found;
}

/* Neighbours with an address in P connect to an address of a tunnel interface. */
static bool by_tunnel(const json_t *config, const struct prefix *p)
{
	const json_t *interface;
	size_t i;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		if (is_in_network(interface, p) || is_tunnel_address(interface, p))
			return true;
	return false;
}

/* ENTRY is a neighbour or a group; its own local-address goes into AT. False: it may come to any
 * address of ours. */
static bool allows(const json_t *config, const json_t *entry, struct listen_at *at)
{
	struct prefix *ranges, whole;
	struct addr local, a;
	bool all = true;
	size_t n;

	if (conf_bool(entry, "disabled", false))
		return true;
	if (conf_has(entry, "local-address")) {
		if (conf_addr(entry, "local-address", &local) < 0 || addr_is_link_local(&local))
			return false;
		add(at, &local);
		return true;
	}
	if (conf_has(entry, "address")) {
		if (conf_addr(entry, "address", &a) < 0) /* with an interface: link-local */
			return false;
		whole = prefix_make(a.family, a.b, (uint8_t)family_bits(a.family));
		return by_tunnel(config, &whole);
	}
	ranges = conf_prefixes(entry, "listen-range", &n);
	for (size_t i = 0; i < n; i++)
		all = all && by_tunnel(config, &ranges[i]);
	free(ranges);
	return all;
}

static bool is_neighbor(const json_t *entry)
{
	return conf_has(entry, "address") || json_array_size(conf_list(entry, "listen-range")) > 0;
}

/* False: some neighbour may connect to any address. */
static bool add_all(const json_t *config, struct listen_at *at)
{
	static const char *const lists[] = {"neighbor", "neighbor-group"};
	const json_t *bgp = conf_get(config, "bgp"), *entry, *interface, *address;
	struct addr a;
	uint8_t len;
	size_t i, j;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		json_array_foreach (conf_list(interface, "address"), j, address)
			if (own_address(address, &a, &len))
				add(at, &a);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		json_array_foreach (conf_list(bgp, lists[l]), i, entry)
			if (is_neighbor(entry) && !allows(config, entry, at))
				return false;
	return at->n <= LISTEN_AT_MAX;
}

struct listen_at listen_at(const json_t *config)
{
	const json_t *bgp = conf_get(config, "bgp");
	struct listen_at at = {0};
	struct conf_bgp leaves;

	conf_leaves_read(conf_bgp_leaves, bgp, &leaves);
	at.port = leaves.listen_port;
	at.addrs = conf_addrs(bgp, "listen-address", &at.n);
	at.written = at.n > 0;
	if (!at.written && !add_all(config, &at))
		at.n = 0;
	return at;
}
