/* SPDX-License-Identifier: BSD-2-Clause */
#include "wplan.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "util.h"

/* Names of statements that differ, and whether packets may be lost by one of them. */
struct differences {
	json_t *names;
	bool disruptive;
};

static void differ(struct differences *d, const char *name, bool yes, bool disruptive)
{
	if (!yes)
		return;
	json_array_append_new(d->names, json_string(name));
	d->disruptive |= disruptive;
}

static bool is_in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (str_eq(*list, name))
			return true;
	return false;
}

/* Leaves of one number or word each; CUTTING: those that packets may be lost by, up to NULL. */
static void compare_leaves(struct differences *d, const struct conf_leaf *leaves, const void *a,
			   const void *b, const char *const *cutting)
{
	json_t *old = conf_leaves_json(leaves, a, NULL), *new = conf_leaves_json(leaves, b, NULL);
	json_t *value;
	const char *name;

	json_object_foreach (new, name, value)
		differ(d, name, !json_equal(value, json_object_get(old, name)),
		       is_in(cutting, name));
	json_object_foreach (old, name, value)
		differ(d, name, !json_object_get(new, name), is_in(cutting, name));
	json_decref(old);
	json_decref(new);
}

static bool text_eq(const char *a, const char *b)
{
	return str_eq(a ? a : "", b ? b : "");
}

/* Every one of A is in B. */
static bool addrs_within(const struct addr *a, size_t n, const struct addr *b, size_t n_b)
{
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < n_b; k++)
			found |= addr_eq(&a[i], &b[k]);
		if (!found)
			return false;
	}
	return true;
}

static bool prefixes_within(const struct prefix *a, size_t n, const struct prefix *b, size_t n_b)
{
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < n_b; k++)
			found |= prefix_eq(&a[i], &b[k]);
		if (!found)
			return false;
	}
	return true;
}

static bool if_addrs_within(const struct if_conf *a, const struct if_conf *b)
{
	for (size_t i = 0; i < a->n_addrs; i++) {
		bool found = false;

		for (size_t k = 0; k < b->n_addrs; k++)
			found |= a->addrs[i].len == b->addrs[k].len &&
				 addr_eq(&a->addrs[i].addr, &b->addrs[k].addr);
		if (!found)
			return false;
	}
	return true;
}

static bool same_endpoints(const struct peer_conf *a, const struct peer_conf *b)
{
	if (a->n_endpoints != b->n_endpoints)
		return false;
	for (unsigned i = 0; i < a->n_endpoints; i++)
		if (!str_eq(a->endpoints[i], b->endpoints[i]))
			return false;
	return true;
}

static json_t *tunnel_addresses(const struct peer_conf *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_tunnel_addrs; i++)
		json_array_append_new(list, json_string(ADDR_STR(&p->tunnel_addrs[i])));
	return list;
}

static json_t *wplan_row(const char *kind, const char *change, const struct if_conf *f,
			 struct differences *d)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "kind", kind, "change", change, "interface",
			 f->name, "disruptive", d->disruptive, "statements",
			 d->names ? d->names : json_array());
}

static json_t *say_peer(json_t *rows, const char *change, const struct if_conf *f,
			const struct peer_conf *p, struct differences d)
{
	json_t *row = wplan_row("peer", change, f, &d);

	json_object_set_new(row, "peer", json_string(p->name));
	json_object_set_new(row, "tunnel-addresses", tunnel_addresses(p));
	json_array_append_new(rows, row);
	return row;
}

static void compare_peers(json_t *rows, const struct if_conf *f, const struct peer_conf *a,
			  const struct peer_conf *b)
{
	static const char *const cutting[] = {NULL};
	struct differences d = {.names = json_array()};
	bool lost = !addrs_within(a->tunnel_addrs, a->n_tunnel_addrs, b->tunnel_addrs,
				  b->n_tunnel_addrs);
	bool won = !addrs_within(b->tunnel_addrs, b->n_tunnel_addrs, a->tunnel_addrs,
				 a->n_tunnel_addrs);
	bool less = !prefixes_within(a->statics, a->n_statics, b->statics, b->n_statics);
	bool more = !prefixes_within(b->statics, b->n_statics, a->statics, a->n_statics);

	json_t *row;

	compare_leaves(&d, conf_peer_leaves, a, b, cutting);
	differ(&d, "description", !text_eq(a->description, b->description), false);
	differ(&d, "name", !str_eq(a->name, b->name), false);
	differ(&d, "preshared-key-file", !text_eq(a->psk_file, b->psk_file), true);
	differ(&d, "endpoint", !same_endpoints(a, b), true);
	differ(&d, "tunnel-address", lost || won, lost);
	differ(&d, "allowed-ips", less || more, less);
	differ(&d, "imported",
	       !prefixes_within(a->imported, a->n_imported, b->imported, b->n_imported) ||
		       !prefixes_within(b->imported, b->n_imported, a->imported, a->n_imported),
	       false);
	differ(&d, "permit",
	       !prefixes_within(a->permit, a->n_permit, b->permit, b->n_permit) ||
		       !prefixes_within(b->permit, b->n_permit, a->permit, a->n_permit),
	       false);
	if (!json_array_size(d.names)) {
		json_decref(d.names);
		return;
	}
	row = say_peer(rows, "changed", f, b, d);
	if (b->cost != a->cost)
		json_object_set_new(row, "cost-change",
				    json_integer((json_int_t)b->cost - a->cost));
}

static bool has_name(const struct if_conf *f, const char *name)
{
	for (size_t i = 0; i < f->n_peers; i++)
		if (str_eq(f->peers[i].name, name))
			return true;
	return false;
}

static void compare_all_peers(json_t *rows, const struct if_conf *a, const struct if_conf *b)
{
	static const struct differences none, lost = {.disruptive = true};

	for (size_t i = 0; i < a->n_peers; i++) {
		const struct peer_conf *p = &a->peers[i], *now = wgconf_find_peer(b, p->key);

		if (now)
			compare_peers(rows, b, p, now);
		else
			say_peer(rows, has_name(b, p->name) ? "replaced" : "removed", a, p, lost);
	}
	for (size_t i = 0; i < b->n_peers; i++) {
		const struct peer_conf *p = &b->peers[i];

		if (!wgconf_find_peer(a, p->key) && !has_name(a, p->name))
			say_peer(rows, "made", b, p, none);
	}
}

static void compare_interfaces(json_t *rows, const struct if_conf *a, const struct if_conf *b,
			       wplan_key_fn rekeyed)
{
	static const char *const cutting[] = {"listen-port", "fwmark", "uplink", "admin", NULL};
	struct differences d = {.names = json_array()};
	bool lost = !if_addrs_within(a, b);
	json_t *row;

	compare_leaves(&d, conf_interface_leaves, a, b, cutting);
	differ(&d, "description", !text_eq(a->description, b->description), false);
	differ(&d, "private-key-file", rekeyed(b), true);
	differ(&d, "plane", !str_eq(a->plane, b->plane), true);
	differ(&d, "address", lost || !if_addrs_within(b, a), lost);
	if (json_array_size(d.names)) {
		row = wplan_row("interface", "changed", b, &d);
		json_array_append_new(rows, row);
		if (b->admin == INTERFACE_ADMIN_DOWN && a->admin != b->admin)
			json_object_set_new(row, "goes-down", json_true());
	} else {
		json_decref(d.names);
	}
	compare_all_peers(rows, a, b);
}

/* With its peers. */
static void say_whole(json_t *rows, const char *change, const struct if_conf *f, bool disruptive)
{
	struct differences d = {.disruptive = disruptive};

	json_array_append_new(rows, wplan_row("interface", change, f, &d));
	for (size_t i = 0; i < f->n_peers; i++)
		say_peer(rows, change, f, &f->peers[i], d);
}

void wplan_rows(json_t *rows, const struct wgconf *before, const struct wgconf *after,
		wplan_key_fn rekeyed)
{
	for (size_t i = 0; before && i < before->n_ifs; i++)
		if (!wgconf_find(after, before->ifs[i].name))
			say_whole(rows, "removed", &before->ifs[i], true);
	for (size_t i = 0; i < after->n_ifs; i++) {
		const struct if_conf *f = &after->ifs[i], *old = wgconf_find(before, f->name);

		if (old)
			compare_interfaces(rows, old, f, rekeyed);
		else
			say_whole(rows, "made", f, false);
	}
}
