/* SPDX-License-Identifier: BSD-2-Clause */
#include "touch.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "touch_side.h"
#include "util.h"

struct touched {
	struct touch_side old, new;
	json_t *homes;	/* tunnel address of the old one: {INTERFACE: true} */
	json_t *found;	/* INTERFACE: what touches it */
	json_t *around; /* {ADDRESS: true}: neighbors that are touched themselves */
};

/* ---- who is touched */

static void touch(struct touched *c, const char *interface, const char *what)
{
	if (json_object_get(c->old.interfaces, interface) && !json_object_get(c->found, interface))
		json_object_set_new(c->found, interface, json_string(what));
}

static void touch_all(struct touched *c, const char *what)
{
	const char *name;
	json_t *entry;

	json_object_foreach (c->old.interfaces, name, entry)
		touch(c, name, what);
}

static void note_homes(struct touched *c)
{
	const char *name;
	json_t *interface, *peer, *address;
	size_t i, k;

	c->homes = json_object();
	json_object_foreach (c->old.interfaces, name, interface)
		json_array_foreach (conf_list(interface, "peer"), i, peer)
			json_array_foreach (conf_list(peer, "tunnel-address"), k, address) {
				const char *text = json_string_value(address);
				json_t *home = json_object_get(c->homes, text);

				if (!home) {
					home = json_object();
					json_object_set_new(c->homes, text, home);
				}
				json_object_set_new(home, name, json_true());
			}
}

static bool is_network(const json_t *interface, const struct prefix *p)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(interface, "address"), i, item) {
		struct prefix net;

		if (prefix_parse(json_string_value(item), &net) == 0 && prefix_covers(&net, p))
			return true;
	}
	return false;
}

/* The host ADDRESS, which may name its link behind a '%', is reached by this interface. */
static bool rides(const struct touched *c, const char *address, const char *name,
		  const json_t *interface)
{
	const char *link = strchr(address, '%');
	const json_t *home = json_object_get(c->homes, address);
	struct prefix host;

	if (link)
		return str_eq(link + 1, name);
	if (home)
		return json_object_get(home, name) != NULL;
	return prefix_parse(address, &host) == 0 && is_network(interface, &host);
}

static void touch_by_address(struct touched *c, const char *address, const char *what)
{
	const char *name;
	json_t *interface;

	json_object_foreach (c->old.interfaces, name, interface)
		if (rides(c, address, name, interface))
			touch(c, name, what);
}

/* ---- interfaces and their peers */

/* Also where it is only switched off. */
static bool is_gone(const json_t *peer)
{
	return !peer || conf_bool(peer, "disabled", false);
}

static bool has_way_to(const json_t *peer)
{
	return !is_gone(peer) && json_array_size(conf_list(peer, "endpoint"));
}

static void compare_peers(struct touched *c, const char *name, const json_t *old, const json_t *new)
{
	static const char *const skip[] = {"description", "template", NULL};
	json_t *olds = touch_keyed(conf_list(old, "peer"), "name");
	json_t *news = touch_keyed(conf_list(new, "peer"), "name"), *peer;
	const char *key;

	json_object_foreach (news, key, peer) {
		const json_t *before = json_object_get(olds, key);
		char *what = xasprintf("wireguard interface %s peer %s", name, key);

		if (!is_gone(peer) && !touch_is_same(before, peer, skip))
			touch(c, name, what);
		free(what);
	}
	json_decref(olds);
	json_decref(news);
}

static bool guard_stays(const json_t *old, const json_t *new)
{
	const char *guard = conf_str(old, "guard", NULL);

	return !guard || str_eq(guard, conf_str(new, "guard", ""));
}

static void compare_interfaces(struct touched *c)
{
	static const char *const skip[] = {"peer", "description", "guard", NULL};
	const char *name;
	json_t *old;

	json_object_foreach (c->old.interfaces, name, old) {
		const json_t *new = json_object_get(c->new.interfaces, name);
		char *what = xasprintf("wireguard interface %s", name);

		if (!new || !touch_is_same(old, new, skip) || !guard_stays(old, new))
			touch(c, name, what);
		else
			compare_peers(c, name, old, new);
		free(what);
	}
}

/* ---- neighbors */

/* The policies that a leaf-list NAME of OBJ names, whole. */
static void add_policies(json_t *to, const struct touch_side *s, const json_t *obj,
			 const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(obj, name), i, item)
		json_array_append(to,
				  json_object_get(s->policies, json_string_value(item))
					  ? json_object_get(s->policies, json_string_value(item))
					  : item);
}

/* A neighbor or group with all that it names. */
static json_t *whole_neighbor(const struct touch_side *s, const json_t *neighbor)
{
	static const char *const skip[] = {"description", "group", NULL};
	json_t *policies = json_array();

	if (!neighbor) {
		json_decref(policies);
		return json_null();
	}
	add_policies(policies, s, neighbor, "import");
	add_policies(policies, s, neighbor, "export");
	return json_pack("[o, o]", touch_without(neighbor, skip), policies);
}

static bool is_neighbor_same(const struct touched *c, const json_t *old, const json_t *new)
{
	json_t *before = whole_neighbor(&c->old, old), *after = whole_neighbor(&c->new, new);
	bool same = json_equal(before, after);

	json_decref(before);
	json_decref(after);
	return same;
}

/* A peer at this address was there and is no more: the neighbor goes with it. */
static bool is_revoked(const struct touched *c, const char *address)
{
	const json_t *home = json_object_get(c->homes, address), *there;
	const char *name;
	json_t *value, *item;
	size_t i;

	json_object_foreach ((json_t *)home, name, value) {
		const json_t *new = json_object_get(c->new.interfaces, name);
		json_t *peer;

		json_array_foreach (conf_list(new, "peer"), i, peer) {
			size_t k;

			there = is_gone(peer) ? NULL : conf_list(peer, "tunnel-address");
			json_array_foreach (there, k, item)
				if (str_eq(json_string_value(item), address))
					return false;
		}
	}
	return home != NULL;
}

static void compare_neighbors(struct touched *c)
{
	json_t *all = touch_keys(c->old.neighbors, c->new.neighbors), *entry;
	const char *address;

	json_object_foreach (all, address, entry) {
		const json_t *old = json_object_get(c->old.neighbors, address);
		const json_t *new = json_object_get(c->new.neighbors, address);
		char *what;

		if (is_neighbor_same(c, old, new) || (!new &&is_revoked(c, address)))
			continue;
		what = xasprintf("bgp neighbor %s", address);
		json_object_set_new(c->around, address, json_true());
		touch_by_address(c, address, what);
		free(what);
	}
	json_decref(all);
}

static bool has_range_at(const json_t *group, const json_t *interface)
{
	json_t *item, *peer, *address;
	size_t i, k, m;

	json_array_foreach (conf_list(group, "listen-range"), i, item) {
		struct prefix range, host;

		if (prefix_parse(json_string_value(item), &range) < 0)
			continue;
		if (is_network(interface, &range))
			return true;
		json_array_foreach (conf_list(interface, "peer"), k, peer)
			json_array_foreach (conf_list(peer, "tunnel-address"), m, address)
				if (prefix_parse(json_string_value(address), &host) == 0 &&
				    prefix_covers(&range, &host))
					return true;
	}
	return false;
}

static void compare_groups(struct touched *c)
{
	json_t *all = touch_keys(c->old.groups, c->new.groups), *entry, *interface;
	const char *name, *at;

	json_object_foreach (all, name, entry) {
		const json_t *old = json_object_get(c->old.groups, name);
		const json_t *new = json_object_get(c->new.groups, name);
		char *what;

		if (is_neighbor_same(c, old, new))
			continue;
		what = xasprintf("bgp neighbor-group %s", name);
		json_object_foreach (c->old.interfaces, at, interface)
			if (has_range_at(old, interface) || has_range_at(new, interface))
				touch(c, at, what);
		free(what);
	}
	json_decref(all);
}

/* What concerns all neighbors, with the policies that it names. */
static json_t *rest_of_bgp(const struct touch_side *s)
{
	static const char *const skip[] = {"neighbor", "neighbor-group", NULL};
	json_t *policies = json_array(), *entry, *inner;
	size_t i, k;

	json_array_foreach (conf_list(s->bgp, "redistribute"), i, entry)
		add_policies(policies, s, entry, "policy");
	json_array_foreach (conf_list(s->bgp, "leak"), i, entry)
		add_policies(policies, s, entry, "policy");
	json_array_foreach (conf_list(s->bgp, "plane"), i, entry)
		json_array_foreach (conf_list(entry, "redistribute"), k, inner)
			add_policies(policies, s, inner, "policy");
	return json_pack("[o, o]", touch_without(s->bgp, skip), policies);
}

static void compare_bgp(struct touched *c)
{
	json_t *old = rest_of_bgp(&c->old), *new = rest_of_bgp(&c->new), *entry;
	const char *address;

	if (!json_equal(old, new)) {
		json_object_foreach (c->old.neighbors, address, entry) {
			json_object_set_new(c->around, address, json_true());
			touch_by_address(c, address, "bgp");
		}
		json_object_foreach (c->old.interfaces, address, entry) {
			const char *name;
			json_t *group;

			json_object_foreach (c->old.groups, name, group)
				if (has_range_at(group, entry))
					touch(c, address, "bgp");
		}
	}
	json_decref(old);
	json_decref(new);
}

/* ---- routes */

/* A list of prefixes of a peer has some that overlaps P; 0.0.0.0/0 overlaps all, which says
 * nothing. */
static bool has_overlap(const json_t *list, const struct prefix *p)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		struct prefix q;

		if (prefix_parse(json_string_value(item), &q) == 0 && q.len &&
		    prefix_overlaps(p, &q))
			return true;
	}
	return false;
}

static bool is_static_of(const struct touched *c, const json_t *route, const char *name,
			 const json_t *interface)
{
	const char *hop = conf_str(route, "next-hop", NULL);
	struct prefix p;
	json_t *peer;
	size_t i;

	if (str_eq(conf_str(route, "interface", ""), name) ||
	    (hop && rides(c, hop, name, interface)))
		return true;
	if (prefix_parse(conf_str(route, "prefix", ""), &p) < 0)
		return false;
	json_array_foreach (conf_list(interface, "peer"), i, peer)
		if (has_overlap(conf_list(peer, "permit"), &p) ||
		    has_overlap(conf_list(peer, "allowed-ips"), &p) ||
		    has_overlap(conf_list(peer, "imported"), &p) ||
		    has_overlap(conf_list(peer, "tunnel-address"), &p))
			return true;
	return false;
}

static void compare_statics(struct touched *c)
{
	json_t *all = touch_keys(c->old.statics, c->new.statics), *entry, *interface;
	const char *key, *name;

	json_object_foreach (all, key, entry) {
		const json_t *old = json_object_get(c->old.statics, key);
		const json_t *new = json_object_get(c->new.statics, key);
		char *what;

		if (old && new &&json_equal((json_t *)old, (json_t *)new))
			continue;
		what = xasprintf("static %s", key);
		json_object_foreach (c->old.interfaces, name, interface)
			if ((old && is_static_of(c, old, name, interface)) ||
			    (new &&is_static_of(c, new, name, interface)))
				touch(c, name, what);
		free(what);
	}
	json_decref(all);
}

static void compare_planes(struct touched *c)
{
	static const char *const skip[] = {"static", "number", NULL};
	const char *name, *at;
	json_t *old, *interface;

	json_object_foreach (c->old.planes, name, old) {
		const json_t *new = json_object_get(c->new.planes, name);
		char *what = xasprintf("plane %s", name);

		json_object_foreach (c->old.interfaces, at, interface)
			if ((!new || !touch_is_same(old, new, skip)) &&
			    str_eq(conf_str(interface, "plane", "main"), name))
				touch(c, at, what);
		free(what);
	}
}

/* ---- what is left */

/* The statement is looked at by its parts, or says nothing of tunnels. */
static bool is_known(const char *member)
{
	static const char *const names[] = {"wireguard", "bgp", "rib", "policy", "plane", "system"};
	const char *colon = strrchr(member, ':'), *name = colon ? colon + 1 : member;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static void compare_others(struct touched *c)
{
	static const char *const skip[] = {"static", NULL};
	json_t *all = touch_keys((json_t *)c->old.top, (json_t *)c->new.top), *value;
	const char *name;

	if (!touch_is_same(c->old.rib, c->new.rib, skip))
		touch_all(c, "rib");
	json_object_foreach (all, name, value)
		if (!is_known(name) && !json_equal(json_object_get(c->old.top, name),
						   json_object_get(c->new.top, name)))
			touch_all(c, name);
	json_decref(all);
}

static void touch_open(struct touched *c, const json_t *before, const json_t *after)
{
	touch_side_open(&c->old, before);
	touch_side_open(&c->new, after);
	note_homes(c);
	c->found = json_object();
	c->around = json_object();
	compare_interfaces(c);
	compare_neighbors(c);
	compare_groups(c);
	compare_bgp(c);
	compare_statics(c);
	compare_planes(c);
	compare_others(c);
}

static void touch_close(struct touched *c)
{
	touch_side_close(&c->old);
	touch_side_close(&c->new);
	json_decref(c->homes);
	json_decref(c->around);
}

json_t *touch_interfaces(const json_t *before, const json_t *after)
{
	struct touched c;

	touch_open(&c, before, after);
	touch_close(&c);
	return c.found;
}

static bool neighbor_stays(const struct touched *c, const char *address)
{
	const char *name;
	json_t *what;

	if (!json_object_get(c->new.neighbors, address) || json_object_get(c->around, address) ||
	    is_revoked(c, address))
		return false;
	json_object_foreach (c->found, name, what)
		if (rides(c, address, name, json_object_get(c->old.interfaces, name)))
			return false;
	return true;
}

static void add_peers_that_stay(json_t *found, const char *name, const json_t *old,
				const json_t *new)
{
	json_t *news = touch_keyed(conf_list(new, "peer"), "name"), *peer;
	size_t i;

	json_array_foreach (conf_list(old, "peer"), i, peer) {
		const char *of = conf_str(peer, "name", "");
		char *key = xasprintf("%s %s", name, of);

		if (has_way_to(peer) && has_way_to(json_object_get(news, of)))
			json_object_set_new(found, key, json_true());
		free(key);
	}
	json_decref(news);
}

json_t *touch_stays(const json_t *before, const json_t *after)
{
	json_t *neighbors = json_object(), *peers = json_object(), *entry;
	struct touched c;
	const char *key;

	touch_open(&c, before, after);
	json_object_foreach (c.old.neighbors, key, entry)
		if (neighbor_stays(&c, key))
			json_object_set_new(neighbors, key, json_true());
	json_object_foreach (c.old.interfaces, key, entry)
		if (!json_object_get(c.found, key))
			add_peers_that_stay(peers, key, entry,
					    json_object_get(c.new.interfaces, key));
	touch_close(&c);
	json_decref(c.found);
	return json_pack("{s:o, s:o}", "neighbors", neighbors, "peers", peers);
}
