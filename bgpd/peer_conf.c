/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "password.h"
#include "planes.h"
#include "policy.h"
#include "util.h"

static struct peer_group *groups;
static size_t n_groups;

static uint32_t id_of(const struct addr *a)
{
	return (uint32_t)a->b[0] << 24 | a->b[1] << 16 | a->b[2] << 8 | a->b[3];
}

/* An IPv4 address of a tunnel interface: BEFORE where that still is one, else the lowest; 0 none.
 * A new interface with a lower address resets no session. */
static uint32_t derived_id(const json_t *config, uint32_t before)
{
	json_t *interface, *address;
	uint32_t lowest = 0;
	size_t i, j;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		json_array_foreach (conf_list(interface, "address"), j, address) {
			const char *text = json_string_value(address);
			struct addr a;
			uint8_t len;

			if (!text || addr_parse_with_len(text, &a, &len) < 0 || a.family != AF_INET)
				continue;
			if (id_of(&a) == before)
				return before;
			if (!lowest || id_of(&a) < lowest)
				lowest = id_of(&a);
		}
	}
	return lowest;
}

static uint32_t conf_id(const json_t *obj, const char *name, uint32_t fallback)
{
	struct addr a;

	if (conf_addr(obj, name, &a) < 0 || a.family != AF_INET || !id_of(&a))
		return fallback;
	return id_of(&a);
}

void bgp_conf_read(const json_t *config, struct bgp *out)
{
	json_t *c = conf_get(config, "bgp");
	uint32_t before = out->router_id_auto ? out->router_id : 0;

	conf_leaves_read(conf_bgp_leaves, c, out);
	out->router_id = conf_id(c, "router-id", 0);
	out->router_id_auto = !out->router_id;
	if (out->router_id_auto)
		out->router_id = derived_id(config, before);
	out->cluster_id = conf_id(c, "cluster-id", out->router_id);
}

int peer_conf_check(const json_t *config, char *error, size_t size)
{
	json_t *c = conf_get(config, "bgp");
	struct bgp b = {0};

	bgp_conf_read(config, &b);
	if (!conf_list(c, "neighbor") && !conf_list(c, "neighbor-group") && !b.as)
		return 0;
	if (!b.as) {
		snprintf(error, size, "bgp: as is missing");
		return -EINVAL;
	}
	if (!b.router_id) {
		snprintf(error, size,
			 "bgp: router-id is missing, and no tunnel interface has an IPv4 address "
			 "to take it from");
		return -EINVAL;
	}
	return 0;
}

static void read_remote_as(const json_t *obj, struct peer_conf *c)
{
	const char *text = conf_str(obj, "remote-as", "");

	if (str_eq(text, "internal"))
		c->remote_type = REMOTE_INTERNAL;
	else if (str_eq(text, "external"))
		c->remote_type = REMOTE_EXTERNAL;
	else
		c->remote_type = REMOTE_AS;
}

/* "all lans"; cut where there is no more room. */
static void join_names(const json_t *list, char *out, size_t size)
{
	const json_t *name;
	size_t i, at = 0;

	out[0] = '\0';
	json_array_foreach ((json_t *)list, i, name) {
		if (at < size)
			at += snprintf(out + at, size - at, "%s%s", i ? " " : "",
				       json_string_value(name));
	}
}

/* Tunnel addresses on interfaces of planes besides the main one. */
static struct tunnel {
	struct addr addr;
	char device[16];
	uint8_t plane;
} * tunnels;
static size_t n_tunnels;

static void free_tunnels(void)
{
	free(tunnels);
	tunnels = NULL;
	n_tunnels = 0;
}

static void read_tunnels(const json_t *config)
{
	json_t *interface, *peer;
	size_t i, j;

	free_tunnels();
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		const char *name = conf_str(interface, "name", "");
		uint8_t plane = plane_of_interface(name);

		if (!plane)
			continue;
		json_array_foreach (conf_list(interface, "peer"), j, peer) {
			size_t n;
			struct addr *addrs = conf_addrs(peer, "tunnel-address", &n);

			tunnels = xrealloc(tunnels, (n_tunnels + n + 1) * sizeof(*tunnels));
			for (size_t k = 0; k < n; k++) {
				struct tunnel *t = &tunnels[n_tunnels++];

				*t = (struct tunnel){.addr = addrs[k], .plane = plane};
				str_copy(t->device, name, sizeof(t->device));
			}
			free(addrs);
		}
	}
}

void peer_conf_find_plane(struct peer_conf *c)
{
	c->device[0] = '\0';
	if (!c->plane_given)
		c->plane = c->zone[0] ? plane_of_interface(c->zone) : PLANE_MAIN;
	for (size_t i = 0; i < n_tunnels; i++) {
		const struct tunnel *t = &tunnels[i];

		if (!addr_eq(&t->addr, &c->address) || (c->plane_given && t->plane != c->plane))
			continue;
		c->plane = t->plane;
		str_copy(c->device, t->device, sizeof(c->device));
		return;
	}
}

static void read_plane(const json_t *obj, struct peer_conf *c)
{
	int plane = plane_by_name(conf_str(obj, "plane", "main"));

	c->plane_given = conf_has(obj, "plane") && plane >= 0;
	c->plane = c->plane_given ? (uint8_t)plane : PLANE_MAIN;
}

/* What neighbours and groups have in common. */
static void read_options(const json_t *config, const json_t *obj, struct peer_conf *c)
{
	memset(c, 0, sizeof(*c));
	conf_leaves_read(conf_neighbor_leaves, obj, c);
	str_copy(c->description, conf_str(obj, "description", ""), sizeof(c->description));
	read_remote_as(obj, c);
	if (conf_addr(obj, "local-address", &c->local_address) < 0)
		c->local_address = (struct addr){0};
	c->send_hold = c->has_send_hold_time ? c->send_hold_time : SEND_HOLD_AUTO;
	c->password_wanted = conf_has(obj, "password-file");
	c->password = password_get(conf_str(obj, "password-file", ""));
	read_plane(obj, c);
	c->family[BGP_IPV4] = c->ipv4_unicast;
	c->family[BGP_IPV6] = c->ipv6_unicast;
	c->import = policy_chain_new(config, conf_list(obj, "import"));
	c->export = policy_chain_new(config, conf_list(obj, "export"));
	join_names(conf_list(obj, "import"), c->import_names, sizeof(c->import_names));
	join_names(conf_list(obj, "export"), c->export_names, sizeof(c->export_names));
}

/* The kernel makes a link-local address of its own beside the one that a tunnel interface is given,
 * and might take that for the source; the neighbour knows the other one. */
static void read_link_address(const json_t *config, struct peer_conf *c)
{
	json_t *interface, *address;
	size_t i, j;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		if (!c->zone[0] || !str_eq(conf_str(interface, "name", ""), c->zone))
			continue;
		json_array_foreach (conf_list(interface, "address"), j, address) {
			const char *text = json_string_value(address);
			struct addr a;
			uint8_t len;

			if (text && addr_parse_with_len(text, &a, &len) == 0 &&
			    a.family == AF_INET6 && addr_is_link_local(&a) &&
			    !c->link_address.family)
				c->link_address = a;
		}
	}
}

/* "fe80::1%wg0" to address and zone. */
static int read_address(const json_t *obj, struct peer_conf *c)
{
	char text[ADDR_STRLEN + sizeof(c->zone)];
	char *percent;

	if (!str_copy(text, conf_str(obj, "address", ""), sizeof(text)))
		return -EINVAL;
	percent = strchr(text, '%');
	if (percent) {
		*percent = '\0';
		if (!str_copy(c->zone, percent + 1, sizeof(c->zone)))
			return -EINVAL;
	}
	return addr_parse(text, &c->address);
}

void peer_confs_read(const json_t *config, struct peer_confs *out)
{
	json_t *c = conf_get(config, "bgp"), *list = conf_list(c, "neighbor"), *obj;
	size_t i;

	read_tunnels(config);
	out->conf = xcalloc(json_array_size(list), sizeof(*out->conf));
	out->n = 0;
	json_array_foreach (list, i, obj) {
		struct peer_conf *conf = &out->conf[out->n];

		read_options(config, obj, conf);
		str_copy(conf->group, conf_str(obj, "group", ""), sizeof(conf->group));
		if (read_address(obj, conf) == 0 && !peer_confs_find(out, conf)) {
			peer_conf_find_plane(conf);
			read_link_address(config, conf);
			out->n++;
		} else {
			peer_conf_free(conf);
		}
	}
}

const struct peer_conf *peer_confs_find(const struct peer_confs *all, const struct peer_conf *c)
{
	for (size_t i = 0; i < all->n; i++)
		if (addr_eq(&all->conf[i].address, &c->address) &&
		    str_eq(all->conf[i].zone, c->zone))
			return &all->conf[i];
	return NULL;
}

void peer_conf_free(struct peer_conf *c)
{
	policy_chain_free(c->import);
	policy_chain_free(c->export);
	password_unref(c->password);
	c->password = NULL;
	c->import = c->export = NULL;
}

void peer_conf_copy(struct peer_conf *to, const struct peer_conf *from)
{
	*to = *from;
	to->import = from->import ? policy_chain_ref(from->import) : NULL;
	to->export = from->export ? policy_chain_ref(from->export) : NULL;
	to->password = password_ref(from->password);
}

unsigned peer_conf_compare(const struct peer_conf *a, const struct peer_conf *b)
{
	unsigned changes = PEER_CHANGE_NONE;
	bool session = a->remote_as != b->remote_as || a->remote_type != b->remote_type ||
		       !addr_eq(&a->local_address, &b->local_address) ||
		       a->hold_time != b->hold_time || a->aigp != b->aigp ||
		       a->enforce_first_as != b->enforce_first_as || a->multihop != b->multihop ||
		       a->ttl_security != b->ttl_security ||
		       a->password_wanted != b->password_wanted ||
		       !password_eq(a->password, b->password) ||
		       memcmp(a->family, b->family, sizeof(a->family)) != 0;

	if (a->disabled != b->disabled)
		changes |= b->disabled ? PEER_CHANGE_DISABLE : PEER_CHANGE_ENABLE;
	else if (session)
		changes |= PEER_CHANGE_RESET;
	if (!policy_chain_eq(a->import, b->import) || a->allowas_in != b->allowas_in ||
	    a->route_reflector_client != b->route_reflector_client)
		changes |= PEER_CHANGE_IN;
	if (a->port != b->port || !addr_eq(&a->link_address, &b->link_address) ||
	    a->passive != b->passive || a->connect_retry != b->connect_retry)
		changes |= PEER_CHANGE_CALL;
	if (a->keepalive != b->keepalive || a->send_hold != b->send_hold)
		changes |= PEER_CHANGE_TIMES;
	return changes;
}

/* Groups. */

static void peer_groups_free(void)
{
	for (size_t i = 0; i < n_groups; i++) {
		peer_conf_free(&groups[i].conf);
		free(groups[i].ranges);
	}
	free(groups);
	groups = NULL;
	n_groups = 0;
}

void peer_confs_free(void)
{
	peer_groups_free();
	free_tunnels();
}

/* Whoever can reach the range can connect: what he may make us keep has a bound. */
#define RANGE_MAX_PREFIX 10000

void peer_groups_read(const json_t *config)
{
	json_t *c = conf_get(config, "bgp"), *list = conf_list(c, "neighbor-group"), *obj;
	size_t i;

	peer_groups_free();
	groups = xcalloc(json_array_size(list), sizeof(*groups));
	json_array_foreach (list, i, obj) {
		struct peer_group *g = &groups[n_groups++];
		struct conf_neighbor_group group;

		read_options(config, obj, &g->conf);
		str_copy(g->conf.group, conf_str(obj, "name", ""), sizeof(g->conf.group));
		conf_leaves_read(conf_neighbor_group_leaves, obj, &group);
		g->max_peers = group.max_peers;
		g->ranges = conf_prefixes(obj, "listen-range", &g->n_ranges);
		if (g->n_ranges && !g->conf.max_prefix)
			g->conf.max_prefix = RANGE_MAX_PREFIX;
	}
}

bool peer_groups_listen(void)
{
	for (size_t i = 0; i < n_groups; i++)
		if (groups[i].n_ranges)
			return true;
	return false;
}

const struct peer_group *peer_group_named(const char *name)
{
	for (size_t i = 0; i < n_groups; i++)
		if (str_eq(groups[i].conf.group, name))
			return &groups[i];
	return NULL;
}

const struct peer_group *peer_group_for(const struct addr *address)
{
	const struct peer_group *best = NULL;
	int best_len = -1;

	for (size_t i = 0; i < n_groups; i++)
		for (size_t j = 0; j < groups[i].n_ranges; j++) {
			const struct prefix *r = &groups[i].ranges[j];

			if (!prefix_has_addr(r, address) || r->len <= best_len)
				continue;
			best = &groups[i];
			best_len = r->len;
		}
	return best;
}
