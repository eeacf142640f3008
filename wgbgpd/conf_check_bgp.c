/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of BGP: what a session cannot do without, and what RFC 8212 makes silent unless somebody
 * says so.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_key.h"
#include "conf_schema.h"
#include "prefix.h"

enum session { SESSION_UNKNOWN, SESSION_INTERNAL, SESSION_EXTERNAL };

static enum session session_kind(const struct lyd_node *neighbor, const char *as)
{
	const char *remote = conf_value(neighbor, "remote-as");

	if (!remote)
		return SESSION_UNKNOWN;
	if (str_eq(remote, "internal"))
		return SESSION_INTERNAL;
	if (str_eq(remote, "external") || !as)
		return SESSION_EXTERNAL;
	return str_eq(remote, as) ? SESSION_INTERNAL : SESSION_EXTERNAL;
}

/* A neighbor, or a group with a listen-range. */
static void check_session(const struct lyd_node *neighbor, const char *as, struct conf_errors *errs)
{
	enum session kind = session_kind(neighbor, as);

	if (kind == SESSION_UNKNOWN)
		conf_check_error(errs, neighbor,
				 "remote-as is missing; expected a number, internal or external");
	if (conf_is(neighbor, "ipv4-unicast", "false") &&
	    conf_is(neighbor, "ipv6-unicast", "false"))
		conf_check_error(errs, neighbor, "neither ipv4-unicast nor ipv6-unicast is left");
	if (kind != SESSION_EXTERNAL)
		return;
	if (!conf_child(neighbor, "import"))
		conf_check_warning(errs, neighbor,
				   "eBGP without 'import' accepts nothing (RFC 8212); 'import all' "
				   "accepts all");
	if (!conf_child(neighbor, "export"))
		conf_check_warning(
			errs, neighbor,
			"eBGP without 'export' sends nothing (RFC 8212); 'export all' sends all");
	if (conf_is(neighbor, "route-reflector-client", "true"))
		conf_check_error(errs, conf_child(neighbor, "route-reflector-client"),
				 "only an internal neighbor can be a client");
}

/* Those of a listen-range have a limit by default. One line for all others: what one of them may
 * take is the memory that every session lives in. */
static void check_limits(const struct lyd_node *bgp, struct conf_errors *errs)
{
	const struct lyd_node *first = NULL;
	unsigned more = 0;

	for (struct lyd_node *n = conf_child(bgp, "neighbor"); n; n = conf_next(n)) {
		if (conf_child(n, "max-prefix") || conf_is(n, "disabled", "true"))
			continue;
		more += first != NULL;
		first = first ? first : n;
	}
	if (first && more)
		conf_check_warning(errs, first,
				   "max-prefix is missing (and for %u more): a neighbor without a "
				   "limit may take all memory, and every session ends",
				   more);
	else if (first)
		conf_check_warning(errs, first,
				   "max-prefix is missing: a neighbor without a limit may take all "
				   "memory, and every session ends");
}

static void check_own_address(const struct conf *conf, const struct lyd_node *neighbor,
			      struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct addr theirs, ours;
	uint8_t len;

	if (addr_parse(lyd_get_value(lyd_child(neighbor)), &theirs) < 0)
		return;
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *a = conf_child(i, "address"); a; a = conf_next(a))
			if (!addr_parse_with_len(lyd_get_value(a), &ours, &len) &&
			    addr_eq(&ours, &theirs))
				conf_check_error(errs, neighbor, "this is our own address (%s)",
						 lyd_get_value(lyd_child(i)));
}

static void check_password_file(const struct lyd_node *neighbor, unsigned flags,
				struct conf_errors *errs)
{
	const struct lyd_node *leaf = conf_child(neighbor, "password-file");
	char text[CONF_PASSWORD_MAX + 1] = "", why[256];

	if (!leaf || !(flags & CONF_CHECK_FILES))
		return;
	if (conf_password_read(lyd_get_value(leaf), text, why, sizeof(why)) < 0)
		conf_check_error(errs, leaf, "%s: %s", lyd_get_value(leaf), why);
	explicit_bzero(text, sizeof(text));
}

static void check_ttl(const struct lyd_node *neighbor, struct conf_errors *errs)
{
	const struct lyd_node *leaf = conf_child(neighbor, "ttl-security");

	if (leaf && conf_child(neighbor, "multihop"))
		conf_check_error(errs, leaf,
				 "'multihop' says that the neighbor may be further away; give one "
				 "of them (ttl-security counts hops, too)");
}

/* The kernel takes the password of the range for all addresses in it that have none. */
static void check_range_password(const struct lyd_node *bgp, const struct lyd_node *neighbor,
				 struct conf_errors *errs)
{
	struct addr a;

	if (conf_child(neighbor, "password-file") ||
	    addr_parse(lyd_get_value(lyd_child(neighbor)), &a) < 0)
		return;
	for (struct lyd_node *g = conf_child(bgp, "neighbor-group"); g; g = conf_next(g))
		for (struct lyd_node *r = conf_child(g, "listen-range"); r; r = conf_next(r)) {
			struct prefix p;

			if (!conf_child(g, "password-file") ||
			    prefix_parse(lyd_get_value(r), &p) < 0 || !prefix_has_addr(&p, &a))
				continue;
			conf_check_error(errs, neighbor,
					 "password-file is missing: the address is in listen-range "
					 "'%s' of neighbor-group %s, which has one",
					 lyd_get_value(r), lyd_get_value(lyd_child(g)));
		}
}

/* "fe80::1" of "fe80::1%wg0". */
static size_t address_len(const struct lyd_node *neighbor)
{
	return strcspn(lyd_get_value(lyd_child(neighbor)), "%");
}

/* The kernel knows a password by the address alone. */
static void check_zones(const struct lyd_node *neighbor, struct conf_errors *errs)
{
	const char *own = lyd_get_value(lyd_child(neighbor));
	const char *file = conf_value(neighbor, "password-file");
	size_t len = address_len(neighbor);

	if (!strchr(own, '%'))
		return;
	for (struct lyd_node *n = conf_next(neighbor); n; n = conf_next(n)) {
		const char *other = conf_value(n, "password-file");

		if (address_len(n) == len && strncmp(own, lyd_get_value(lyd_child(n)), len) == 0 &&
		    (file || other) && !(file && other && str_eq(file, other)))
			conf_check_error(
				errs, n,
				"has another password-file than '%s', whose address is the "
				"same",
				own);
	}
}

struct range {
	struct prefix prefix;
	const struct lyd_node *leaf;
};

static int range_cmp(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return prefix_cmp(&x->prefix, &y->prefix);
}

static void check_ranges(const struct lyd_node *bgp, struct conf_errors *errs)
{
	struct range *v = NULL;
	size_t n = 0, cover = 0;

	for (struct lyd_node *g = conf_child(bgp, "neighbor-group"); g; g = conf_next(g))
		for (struct lyd_node *r = conf_child(g, "listen-range"); r; r = conf_next(r)) {
			v = xrealloc(v, (n + 1) * sizeof(*v));
			v[n].leaf = r;
			if (!prefix_parse(lyd_get_value(r), &v[n].prefix))
				n++;
		}
	if (n)
		qsort(v, n, sizeof(*v), range_cmp);
	for (size_t i = 1; i < n; i++) {
		if (prefix_covers(&v[cover].prefix, &v[i].prefix))
			conf_check_error(errs, v[i].leaf, "'%s' overlaps '%s' of neighbor-group %s",
					 lyd_get_value(v[i].leaf), lyd_get_value(v[cover].leaf),
					 lyd_get_value(lyd_child(lyd_parent(v[cover].leaf))));
		else
			cover = i;
	}
	free(v);
}

/* Without a router-id bgpd takes the lowest IPv4 address of a tunnel interface: there must be one.
 */
static void check_router_id(const struct conf *conf, const struct lyd_node *bgp,
			    struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	const struct lyd_node *id = conf_child(bgp, "router-id");

	if (id)
		return;
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *a = conf_child(i, "address"); a; a = conf_next(a))
			if (!strchr(lyd_get_value(a), ':'))
				return;
	conf_check_error(
		errs, bgp,
		"router-id is missing, and no interface has an IPv4 address to take it from");
}

void conf_check_bgp(const struct conf *effective, unsigned flags, struct conf_errors *errs)
{
	const struct lyd_node *bgp = conf_top(effective, "bgp");
	const char *as = conf_value(bgp, "as");

	if (!conf_child(bgp, "neighbor") && !conf_child(bgp, "neighbor-group") &&
	    !conf_child(bgp, "network"))
		return;
	if (!as)
		conf_check_error(errs, bgp, "as is missing");
	check_router_id(effective, bgp, errs);
	for (struct lyd_node *n = conf_child(bgp, "neighbor"); n; n = conf_next(n)) {
		if (conf_is(n, "disabled", "true"))
			continue;
		check_session(n, as, errs);
		check_own_address(effective, n, errs);
		check_password_file(n, flags, errs);
		check_range_password(bgp, n, errs);
		check_zones(n, errs);
		check_ttl(n, errs);
	}
	for (struct lyd_node *g = conf_child(bgp, "neighbor-group"); g; g = conf_next(g))
		if (conf_child(g, "listen-range")) {
			check_session(g, as, errs);
			check_password_file(g, flags, errs);
			check_ttl(g, errs);
		}
	check_ranges(bgp, errs);
	check_limits(bgp, errs);
}
