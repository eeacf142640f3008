/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of interfaces and peers. Two peers cannot share what WireGuard gives to one: a key within
 * an interface, a prefix of AllowedIPs within an interface; and a tunnel address is a next hop, so
 * it is unique in its plane. What one has and another may get is refused where nothing would come
 * of it, else said.
 */
#include <linux/rtnetlink.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_key.h"
#include "conf_leaves.h"
#include "conf_schema.h"
#include "prefix.h"

static void check_key_file(const struct lyd_node *leaf, unsigned flags, struct conf_errors *errs)
{
	uint8_t key[CONF_KEY_BYTES];
	char why[256];

	if (!leaf || !(flags & CONF_CHECK_FILES))
		return;
	if (conf_key_read(lyd_get_value(leaf), key, why, sizeof(why)) < 0)
		conf_check_error(errs, leaf, "%s: %s", lyd_get_value(leaf), why);
	explicit_bzero(key, sizeof(key));
}

/* The private key of the interface is looked at here: WireGuard drops a peer with the interface's
 * own key without a word. */
static void check_keys(const struct lyd_node *interface, unsigned flags, struct conf_errors *errs)
{
	const struct lyd_node *file = conf_child(interface, "private-key-file"), *leaf;
	uint8_t key[CONF_KEY_BYTES], public[CONF_KEY_BYTES];
	char text[sodium_base64_ENCODED_LEN(CONF_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)],
		why[256];

	check_key_file(file, flags, errs);
	if (!file || !(flags & CONF_CHECK_FILES) ||
	    conf_key_read(lyd_get_value(file), key, why, sizeof(why)) < 0)
		return;
	crypto_scalarmult_base(public, key);
	sodium_memzero(key, sizeof(key));
	sodium_bin2base64(text, sizeof(text), public, sizeof(public),
			  sodium_base64_VARIANT_ORIGINAL);
	for (struct lyd_node *p = conf_child(interface, "peer"); p; p = conf_next(p)) {
		leaf = conf_child(p, "public-key");
		if (leaf && str_eq(lyd_get_value(leaf), text))
			conf_check_error(errs, leaf,
					 "'%s' belongs to our own private key; expected the far "
					 "end's",
					 text);
	}
}

/* What a peer has or may get. Of two equal prefixes the first of these is the stronger claim. */
enum claim_kind { CLAIM_ADDRESS, CLAIM_STATIC, CLAIM_PERMIT, CLAIM_OWN_HOST };

struct claim {
	struct prefix prefix;
	const struct lyd_node *leaf;
	uint8_t kind; /* enum claim_kind */
};

struct claims {
	struct claim *v;
	size_t n, cap;
};

static void claim_push(struct claims *claims, struct claim claim)
{
	claims->v = xgrow(claims->v, claims->n, &claims->cap, sizeof(*claims->v));
	claims->v[claims->n++] = claim;
}

/* A link-local host is another one on each interface. */
static void claim_place(struct claim *c, const struct lyd_node *interface, uint8_t plane)
{
	struct addr a = addr_of_prefix(&c->prefix), on;

	if (c->prefix.len == family_bits(c->prefix.family)) {
		on = addr_on_link(&a, lyd_get_value(lyd_child(interface)));
		c->prefix = prefix_of_addr(&on);
	}
	c->prefix.plane = plane;
}

static const char *const claim_leaves[] = {"tunnel-address", "allowed-ips", "permit"};

static void claims_add(struct claims *claims, const struct lyd_node *peer, enum claim_kind kind,
		       uint8_t plane)
{
	for (struct lyd_node *n = conf_child(peer, claim_leaves[kind]); n; n = conf_next(n)) {
		struct claim claim = {.leaf = n, .kind = kind};

		if (prefix_parse(lyd_get_value(n), &claim.prefix) < 0)
			continue;
		claim_place(&claim, lyd_parent(peer), plane);
		claim_push(claims, claim);
	}
}

static int claim_cmp(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : (int)x->kind - (int)y->kind;
}

static const char *peer_name(const struct lyd_node *leaf)
{
	return lyd_get_value(lyd_child(lyd_parent(leaf)));
}

static const struct lyd_node *interface_of(const struct claim *c)
{
	return lyd_parent(lyd_parent(c->leaf));
}

enum overlap { FINE, ODD, ODD_ELSEWHERE, CLASH };

/*
 * INNER equals OUTER or lies inside it, at another peer. WireGuard goes by the longest entry; what
 * is learned must not equal or lie inside what is configured at another peer of the interface. That
 * a permit covers tunnel addresses of others is usual, and no harm. Entries are per interface: what
 * another one has is only odd, and where both are only permitted not even that (two hubs).
 */
static enum overlap overlap_of(const struct claim *outer, const struct claim *inner)
{
	static const uint8_t here[3][3] = {
		[CLAIM_ADDRESS] = {FINE, CLASH, CLASH},
		[CLAIM_STATIC] = {ODD, ODD, CLASH},
		[CLAIM_PERMIT] = {FINE, ODD, ODD},
	};
	static const uint8_t elsewhere[3][3] = {
		[CLAIM_ADDRESS] = {FINE, ODD_ELSEWHERE, FINE},
		[CLAIM_STATIC] = {FINE, FINE, ODD_ELSEWHERE},
		[CLAIM_PERMIT] = {FINE, ODD_ELSEWHERE, FINE},
	};

	if (lyd_parent(outer->leaf) == lyd_parent(inner->leaf))
		return FINE;
	if (interface_of(outer) != interface_of(inner))
		return elsewhere[outer->kind][inner->kind];
	if (outer->kind == CLAIM_STATIC && inner->kind == CLAIM_STATIC &&
	    prefix_eq(&outer->prefix, &inner->prefix))
		return FINE; /* said by conf_uses_report() */
	return here[outer->kind][inner->kind];
}

static void say_overlap(const struct claim *outer, const struct claim *inner, enum overlap o,
			struct conf_errors *errs)
{
	const char *value = lyd_get_value(inner->leaf), *other = lyd_get_value(outer->leaf);
	char *path = conf_schema_path(outer->leaf);
	unsigned line = conf_line(outer->leaf);

	if (o == CLASH && inner->kind == CLAIM_PERMIT)
		conf_check_error(errs, inner->leaf,
				 "'%s' lies inside '%s', the %s (line %u): nothing of it could be "
				 "learned",
				 value, other, path, line);
	else if (o == CLASH)
		conf_check_error(errs, inner->leaf, "'%s' is the %s too (line %u)", value, path,
				 line);
	else if (o == ODD_ELSEWHERE)
		conf_check_warning(errs, inner->leaf,
				   "'%s' overlaps '%s', the %s (line %u): AllowedIPs are per "
				   "interface, packets follow the route",
				   value, other, path, line);
	else if (inner->kind == CLAIM_PERMIT)
		conf_check_warning(errs, inner->leaf,
				   "'%s' overlaps '%s' of peer %s (line %u): whoever announces the "
				   "best path gets it",
				   value, other, peer_name(outer->leaf), line);
	else
		conf_check_warning(errs, inner->leaf,
				   "'%s' lies inside '%s', the %s (line %u), and is taken from it",
				   value, other, path, line);
	free(path);
}

/* Says the worst about INNER and the prefixes that cover it, by the next one of its kind. */
static void report_overlap(const struct claims *claims, const size_t *open, size_t depth,
			   const struct claim *inner, struct conf_errors *errs)
{
	const struct claim *other = NULL;
	enum overlap worst = FINE;

	for (size_t d = depth; d--;) {
		enum overlap o = overlap_of(&claims->v[open[d]], inner);

		if (o > worst) {
			worst = o;
			other = &claims->v[open[d]];
		}
	}
	if (other)
		say_overlap(other, inner, worst, errs);
}

/* Sorted, a covering prefix stands before what it covers: a stack of the open ones is enough. */
static void report_overlaps(struct claims *claims, struct conf_errors *errs)
{
	size_t *open = xcalloc(claims->n, sizeof(*open));
	size_t depth = 0;

	if (claims->n)
		qsort(claims->v, claims->n, sizeof(*claims->v), claim_cmp);
	for (size_t i = 0; i < claims->n; i++) {
		const struct claim *c = &claims->v[i];

		while (depth && !prefix_covers(&claims->v[open[depth - 1]].prefix, &c->prefix))
			depth--;
		report_overlap(claims, open, depth, c, errs);
		open[depth++] = i;
	}
	free(open);
	free(claims->v);
}

static void check_any(const struct lyd_node *interface, struct conf_errors *errs)
{
	const struct lyd_node *any = NULL;
	unsigned peers = 0;

	for (struct lyd_node *p = conf_child(interface, "peer"); p; p = conf_next(p)) {
		if (conf_is(p, "disabled", "true"))
			continue;
		peers++;
		for (struct lyd_node *a = conf_child(p, "allowed-ips"); a; a = conf_next(a))
			if (str_eq(lyd_get_value(a), "any"))
				any = a;
	}
	if (any && peers > 1)
		conf_check_error(errs, any,
				 "'any' is only possible on an interface with a single peer; this "
				 "one has %u",
				 peers);
}

/* `quality` has weights, but `echo` is off, so nothing is measured. */
static void check_quality(const struct lyd_node *peer, struct conf_errors *errs)
{
	static const char *const weights[] = {"latency-weight", "jitter-weight", "loss-weight"};
	const struct lyd_node *quality = conf_child(peer, "quality");

	if (conf_is(conf_child(peer, "liveness"), "echo", "on"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++) {
		const struct lyd_node *weight = conf_child(quality, weights[i]);

		if (!weight || str_eq(lyd_get_value(weight), "0"))
			continue;
		conf_check_warning(errs, weight,
				   "without 'liveness { echo on; }' nothing is measured: it costs "
				   "nothing");
		return;
	}
}

static unsigned long conf_number(const struct lyd_node *of, const char *name, unsigned long other)
{
	const char *text = conf_value(of, name);

	return text ? strtoul(text, NULL, 10) : other;
}

/* The table that keeps a default route in has routes of a plane or an uplink. */
static bool is_table_taken(const struct conf *conf, unsigned long table)
{
	for (struct lyd_node *p = conf_top(conf, "plane"); p; p = conf_next(p))
		if (conf_number(p, "table", 0) == table)
			return true;
	for (struct lyd_node *i = conf_child(conf_top(conf, "wireguard"), "interface"); i;
	     i = conf_next(i))
		if (conf_number(conf_child(i, "uplink"), "table", 0) == table)
			return true;
	return false;
}

/* P is the default route of an entry of `permit` in the main table, which is to be kept in. */
static void check_default(const struct conf *conf, const struct lyd_node *p,
			  struct conf_errors *errs)
{
	const struct lyd_node *rib = conf_top(conf, "rib"), *distance = conf_child(rib, "distance");
	unsigned long table = conf_number(rib, "keep-in-table", CONF_RIB_KEEP_IN_TABLE);
	const char *text = lyd_get_value(p);

	if (is_table_taken(conf, table))
		conf_check_error(errs, p,
				 "'%s' is kept in by table %lu, which has other routes: choose "
				 "another 'rib keep-in-table'",
				 text, table);
	if (conf_is(rib, "pin-endpoints", "off"))
		conf_check_warning(errs, p,
				   "'%s' is not kept in: with 'pin-endpoints off' the encrypted "
				   "packets would have no way",
				   text);
	else if (conf_number(distance, "kernel", CONF_DISTANCE_KERNEL) <
		 conf_number(distance, "ebgp", CONF_DISTANCE_EBGP))
		conf_check_warning(errs, p,
				   "'%s' is kept in, but a default route of somebody else is "
				   "preferred to the tunnel's: where there is one, nothing leaves "
				   "by either; see 'rib distance kernel'",
				   text);
}

/* What is kept in from the start and needs more than a route. */
static void check_keep_in(const struct conf *conf, const struct lyd_node *interface,
			  const struct lyd_node *peer, struct conf_errors *errs)
{
	const struct lyd_node *rib = conf_top(conf, "rib");
	const char *own = conf_value(peer, "keep-in"), *plane = conf_value(interface, "plane"),
		   *mode = own ? own : conf_value(rib, "keep-in");

	if (!mode || !str_eq(mode, "permit") || (plane && !str_eq(plane, "main")) ||
	    conf_number(rib, "table", RT_TABLE_MAIN) != RT_TABLE_MAIN)
		return;
	for (struct lyd_node *p = conf_child(peer, "permit"); p; p = conf_next(p))
		if (str_eq(lyd_get_value(p), "0.0.0.0/0") || str_eq(lyd_get_value(p), "::/0"))
			check_default(conf, p, errs);
}

static void check_peer(const struct lyd_node *peer, unsigned flags, struct conf_errors *errs)
{
	if (!conf_child(peer, "public-key"))
		conf_check_error(errs, peer, "public-key is missing");
	if (conf_is(peer, "disabled", "true"))
		return;
	check_quality(peer, errs);
	check_key_file(conf_child(peer, "preshared-key-file"), flags, errs);
}

static void check_mtu(const struct lyd_node *interface, struct conf_errors *errs)
{
	const struct lyd_node *mtu = conf_child(interface, "mtu");

	if (!mtu || strtoul(lyd_get_value(mtu), NULL, 10) >= 1280)
		return;
	for (struct lyd_node *a = conf_child(interface, "address"); a; a = conf_next(a))
		if (strchr(lyd_get_value(a), ':')) {
			conf_check_error(errs, mtu,
					 "'%s' is too small for IPv6; expected 1280 or more",
					 lyd_get_value(mtu));
			return;
		}
}

static void check_one_a_family(const struct lyd_node *uplink, const char *name,
			       struct conf_errors *errs)
{
	const struct lyd_node *seen[2] = {NULL, NULL};

	for (struct lyd_node *a = conf_child(uplink, name); a; a = conf_next(a)) {
		bool v6 = strchr(lyd_get_value(a), ':') != NULL;

		if (seen[v6])
			conf_check_error(errs, a, "'%s' is the second one of its family after '%s'",
					 lyd_get_value(a), lyd_get_value(seen[v6]));
		seen[v6] = a;
	}
}

static void check_uplink(const struct conf *conf, const struct lyd_node *interface,
			 struct conf_errors *errs)
{
	const struct lyd_node *uplink = conf_child(interface, "uplink");
	const struct lyd_node *by = conf_child(uplink, "interface");
	const struct lyd_node *table = conf_child(uplink, "table");
	const char *main = conf_value(conf_top(conf, "rib"), "table");

	if (!by) {
		for (struct lyd_node *n = lyd_child(uplink); n; n = n->next)
			if (!(n->flags & LYD_DEFAULT)) {
				conf_check_error(errs, uplink, "interface is missing");
				return;
			}
		return;
	}
	if (conf_entry(conf_child(conf_top(conf, "wireguard"), "interface"), lyd_get_value(by)))
		conf_check_error(errs, by,
				 "'%s' is a tunnel itself; expected an interface of the underlay",
				 lyd_get_value(by));
	if (conf_is(interface, "fwmark", "0"))
		conf_check_error(errs, conf_child(interface, "fwmark"),
				 "an uplink needs a mark; leave it out and one is chosen");
	if (table && (str_eq(lyd_get_value(table), main ? main : "254") ||
		      strtoul(lyd_get_value(table), NULL, 10) == 254))
		conf_check_error(errs, table, "'%s' is a table of other routes",
				 lyd_get_value(table));
	check_one_a_family(uplink, "gateway", errs);
	check_one_a_family(uplink, "source", errs);
}

static void check_uplinks(const struct conf *conf, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct conf_uses marks = {0}, tables = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		const struct lyd_node *uplink = conf_child(i, "uplink");

		check_uplink(conf, i, errs);
		if (!conf_child(uplink, "interface"))
			continue;
		conf_uses_add(&marks, conf_child(i, "fwmark"));
		conf_uses_add(&tables, conf_child(uplink, "table"));
	}
	conf_uses_report(&marks, "the fwmark", errs);
	conf_uses_report(&tables, "the table", errs);
}

static void check_interface(const struct lyd_node *interface, unsigned flags,
			    struct conf_errors *errs)
{
	struct conf_uses keys = {0}, fixed = {0}, imported = {0};

	if (!conf_child(interface, "private-key-file") && !conf_is(interface, "adopt", "true"))
		conf_check_error(errs, interface, "private-key-file is missing");
	check_keys(interface, flags, errs);
	check_any(interface, errs);
	check_mtu(interface, errs);
	for (struct lyd_node *p = conf_child(interface, "peer"); p; p = conf_next(p)) {
		check_peer(p, flags, errs);
		conf_uses_add(&keys, conf_child(p, "public-key"));
		for (struct lyd_node *a = conf_child(p, "allowed-ips"); a; a = conf_next(a))
			if (!str_eq(lyd_get_value(a), "any"))
				conf_uses_add(&fixed, a);
		for (struct lyd_node *a = conf_child(p, "imported"); a; a = conf_next(a))
			conf_uses_add(&imported, a);
	}
	conf_uses_report(&keys, "the public-key", errs);
	conf_uses_report(&fixed, "in allowed-ips", errs);
	conf_uses_report(&imported, "in imported", errs);
}

/* Planes may use the same addresses. */
static uint8_t plane_of(const struct conf *conf, const struct lyd_node *interface)
{
	const char *name = conf_value(interface, "plane");

	return name ? (uint8_t)conf_number(conf_entry(conf_top(conf, "plane"), name), "number", 0)
		    : 0;
}

/* The same host address on two interfaces, neither of which has a network. */
static bool is_unnumbered(const struct claim *a, const struct claim *b)
{
	return a->kind == CLAIM_OWN_HOST && b->kind == CLAIM_OWN_HOST &&
	       lyd_parent(a->leaf) != lyd_parent(b->leaf);
}

static bool has_all(const struct lyd_node *in, const struct lyd_node *of, const char *list)
{
	for (struct lyd_node *n = conf_child(of, list); n; n = conf_next(n)) {
		const struct lyd_node *m = conf_child(in, list);

		while (m && !str_eq(lyd_get_value(m), lyd_get_value(n)))
			m = conf_next(m);
		if (!m)
			return false;
	}
	return true;
}

static bool has_any(const struct lyd_node *peer)
{
	for (struct lyd_node *a = conf_child(peer, "allowed-ips"); a; a = conf_next(a))
		if (str_eq(lyd_get_value(a), "any"))
			return true;
	return false;
}

/* Two tunnels to one router: packets come by either, whichever we send by, and the ceiling is asked
 * by the address. What keeps the two addresses from being so; NULL: nothing. */
static const char *why_not_one_router(const struct claim *a, const struct claim *b)
{
	const struct lyd_node *one = lyd_parent(a->leaf), *other = lyd_parent(b->leaf);

	if (!has_any(one) || !has_any(other))
		return "; for two tunnels to one router both need 'allowed-ips any'";
	if (!has_all(one, other, "permit") || !has_all(other, one, "permit"))
		return "; two tunnels to one router need the same permit";
	return NULL;
}

/* Two equal addresses that must not be; what is to be said besides, NULL: they may. */
static const char *why_clash(const struct claim *a, const struct claim *b)
{
	if (is_unnumbered(a, b))
		return NULL;
	if (str_eq(a->leaf->schema->name, "tunnel-address") &&
	    str_eq(b->leaf->schema->name, "tunnel-address") && interface_of(a) != interface_of(b))
		return why_not_one_router(a, b);
	return "";
}

/* An interface address and a tunnel address are compared without their lengths. */
static void check_own_addresses(const struct conf *conf, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct claims own = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		uint8_t plane = plane_of(conf, i);

		for (struct lyd_node *a = conf_child(i, "address"); a; a = conf_next(a)) {
			struct claim claim = {.leaf = a};
			struct addr addr;
			uint8_t len;

			if (addr_parse_with_len(lyd_get_value(a), &addr, &len) < 0)
				continue;
			claim.prefix = prefix_of_addr(&addr);
			claim.kind =
				len == family_bits(addr.family) ? CLAIM_OWN_HOST : CLAIM_ADDRESS;
			claim_place(&claim, i, plane);
			claim_push(&own, claim);
		}
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			claims_add(&own, p, CLAIM_ADDRESS, plane);
	}
	if (own.n)
		qsort(own.v, own.n, sizeof(*own.v), claim_cmp);
	for (size_t k = 1; k < own.n; k++) {
		const struct lyd_node *a = own.v[k - 1].leaf, *b = own.v[k].leaf;
		const char *why;
		char *path;

		if (!prefix_eq(&own.v[k - 1].prefix, &own.v[k].prefix) ||
		    !(why = why_clash(&own.v[k - 1], &own.v[k])))
			continue;
		if (conf_line(a) > conf_line(b)) {
			a = own.v[k].leaf;
			b = own.v[k - 1].leaf;
		}
		path = conf_schema_path(a);
		conf_check_error(errs, b, "'%s' is the %s too (line %u)%s", lyd_get_value(b), path,
				 conf_line(a), why);
		free(path);
	}
	free(own.v);
}

/* Of peers with what others have or may get. */
static void check_overlaps(const struct conf *conf, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	struct claims claims = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			for (unsigned k = 0; k < ARRAY_SIZE(claim_leaves); k++)
				if (!conf_is(p, "disabled", "true"))
					claims_add(&claims, p, k, plane_of(conf, i));
	report_overlaps(&claims, errs);
}

void conf_check_wireguard(const struct conf *effective, unsigned flags, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(effective, "wireguard");
	struct conf_uses ports = {0};

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		check_interface(i, flags, errs);
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			check_keep_in(effective, i, p, errs);
		conf_uses_add(&ports, conf_child(i, "listen-port"));
	}
	conf_uses_report(&ports, "the listen-port", errs);
	check_own_addresses(effective, errs);
	check_overlaps(effective, errs);
	check_uplinks(effective, errs);
}
