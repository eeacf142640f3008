/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that the schema lets pass and that nobody means: addresses that no host has, keys that are
 * no keys, numbers that are reserved, neighbors that nothing leads to. What cannot work is an
 * error, what might is a warning.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_check_say.h"
#include "conf_key.h"
#include "conf_nets.h"
#include "conf_schema.h"

/* ---- addresses */

/* Blocks in which no host lives, as prefixes; those of `hosts` may have some on this machine. */
static const struct block {
	const char *prefix, *what;
	bool hosts;
} blocks[] = {
	{"0.0.0.0/8", "an address of no network", false},
	{"127.0.0.0/8", "a loopback address", true},
	{"224.0.0.0/4", "a multicast address", false},
	{"240.0.0.0/4", "a reserved address", false},
	{"::/128", "the address of no host", false},
	{"::1/128", "a loopback address", true},
	{"ff00::/8", "a multicast address", false},
};

/* The one that P lies in, or NULL. */
static const struct block *block_of(const struct prefix *p)
{
	struct prefix block;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (prefix_parse(blocks[i].prefix, &block) == 0 && prefix_covers(&block, p))
			return &blocks[i];
	return NULL;
}

/* LEAF has, or names, the host TEXT. */
static void check_host(const struct lyd_node *leaf, const char *text, struct conf_errors *errs)
{
	const struct block *block;
	struct prefix p;
	struct addr a;
	uint8_t len;

	if (!leaf || addr_parse_with_len(text, &a, &len) < 0)
		return;
	p = prefix_of_addr(&a);
	block = block_of(&p);
	if (block && block->hosts)
		conf_check_warning(errs, leaf, "'%s' is %s", text, block->what);
	else if (block)
		conf_check_error(errs, leaf, "'%s' is %s; expected that of a host", text,
				 block->what);
}

static void check_host_leaf(const struct lyd_node *node, const char *name, struct conf_errors *errs)
{
	for (struct lyd_node *n = conf_child(node, name); n; n = conf_next(n))
		check_host(n, lyd_get_value(n), errs);
}

/* Addresses that mean another host on each link. */
static bool is_link_local(const struct prefix *p)
{
	static const char *const nets[] = {"169.254.0.0/16", "fe80::/10"};
	struct prefix net;

	for (size_t i = 0; i < ARRAY_SIZE(nets); i++)
		if (prefix_parse(nets[i], &net) == 0 && prefix_covers(&net, p))
			return true;
	return false;
}

/* Prefixes that BGP takes from nobody. */
static void check_block(const struct lyd_node *node, const char *name, struct conf_errors *errs)
{
	struct prefix p;

	for (struct lyd_node *n = conf_child(node, name); n; n = conf_next(n)) {
		/* of a list the key is the prefix */
		const struct lyd_node *leaf = lyd_child(n) ? lyd_child(n) : n;
		const struct block *block;

		if (prefix_parse(lyd_get_value(leaf), &p) < 0 || p.len == 0)
			continue;
		block = block_of(&p);
		if (block)
			conf_check_warning(errs, n, "'%s' is %s: no path for it is ever accepted",
					   lyd_get_value(leaf), block->what);
		else if (is_link_local(&p))
			conf_check_warning(errs, n,
					   "'%s' is link-local: it is another one on each link",
					   lyd_get_value(leaf));
	}
}

/* ---- the networks of our interfaces */

/* LEAF names the host A of a network of ours. */
static void check_edges(const struct nets *nets, const struct lyd_node *leaf, const struct addr *a,
			struct conf_errors *errs)
{
	for (size_t i = 0; i < nets->n; i++) {
		const char *edge = nets->v[i].leaf ? conf_net_edge(&nets->v[i], a) : NULL;

		if (!edge)
			continue;
		conf_check_error(errs, leaf, "'%s' is %s %s; expected that of a host", ADDR_STR(a),
				 edge, PREFIX_STR(&nets->v[i].prefix));
		return;
	}
}

/* Each link has its own fe80::/64; and a host address is in no network (unnumbered interfaces). */
static bool may_be_both(const struct net *one, const struct net *two)
{
	return is_link_local(&one->prefix) || (one->prefix.len == family_bits(one->prefix.family) &&
					       prefix_eq(&one->prefix, &two->prefix));
}

static void check_networks(const struct nets *nets, struct conf_errors *errs)
{
	for (size_t i = 0; i < nets->n; i++) {
		const struct net *one = &nets->v[i];

		check_host(one->leaf, lyd_get_value(one->leaf), errs);
		check_edges(nets, one->leaf, &one->addr, errs);
		for (size_t k = i; k-- > 0;) {
			const struct net *two = &nets->v[k];

			if (one->interface == two->interface ||
			    !str_eq(conf_net_plane(one->interface),
				    conf_net_plane(two->interface)) ||
			    !prefix_overlaps(&one->prefix, &two->prefix) || may_be_both(one, two))
				continue;
			conf_check_warning(errs, one->leaf,
					   "%s overlaps the network %s of interface %s: the kernel "
					   "uses one of them",
					   PREFIX_STR(&one->prefix), PREFIX_STR(&two->prefix),
					   lyd_get_value(lyd_child(two->interface)));
			break;
		}
	}
}

/* ---- peers */

static void check_endpoint(const struct nets *nets, const struct lyd_node *leaf,
			   struct conf_errors *errs)
{
	struct endpoint e;

	if (endpoint_parse(lyd_get_value(leaf), &e) < 0)
		return; /* a name */
	check_host(leaf, ADDR_STR(&e.addr), errs);
	for (size_t i = 0; i < nets->n; i++) {
		const struct net *net = &nets->v[i];

		if (addr_eq(&net->addr, &e.addr))
			conf_check_error(errs, leaf, "'%s' is our own address on %s",
					 lyd_get_value(leaf),
					 lyd_get_value(lyd_child(net->interface)));
		else if (net->interface == lyd_parent(lyd_parent(leaf)) &&
			 prefix_has_addr(&net->prefix, &e.addr))
			conf_check_warning(errs, leaf,
					   "'%s' is inside the tunnel itself (%s): expected an "
					   "address of the underlay",
					   lyd_get_value(leaf), PREFIX_STR(&net->prefix));
	}
}

static void check_tunnel_address(const struct nets *nets, const struct lyd_node *leaf,
				 struct conf_errors *errs)
{
	const struct lyd_node *interface = lyd_parent(lyd_parent(leaf));
	const struct net *other = NULL;
	struct addr a;

	if (addr_parse(lyd_get_value(leaf), &a) < 0)
		return;
	check_host(leaf, lyd_get_value(leaf), errs);
	check_edges(nets, leaf, &a, errs);
	for (size_t i = 0; i < nets->n; i++) {
		const struct net *net = &nets->v[i];

		if (!prefix_has_addr(&net->prefix, &a) ||
		    !str_eq(conf_net_plane(net->interface), conf_net_plane(interface)))
			continue;
		if (net->interface == interface)
			return;
		other = net;
	}
	if (other)
		conf_check_warning(errs, leaf, "'%s' lies in the network %s of interface %s",
				   lyd_get_value(leaf), PREFIX_STR(&other->prefix),
				   lyd_get_value(lyd_child(other->interface)));
}

/* What is permitted inside of the tunnel's own network is refused when it is learned. */
static void check_permit(const struct nets *nets, const struct lyd_node *leaf,
			 struct conf_errors *errs)
{
	struct prefix p;

	if (prefix_parse(lyd_get_value(leaf), &p) < 0)
		return;
	for (size_t i = 0; i < nets->n; i++)
		if (prefix_eq(&nets->v[i].prefix, &p) &&
		    nets->v[i].interface == lyd_parent(lyd_parent(leaf)))
			conf_check_warning(errs, leaf,
					   "'%s' is the network of the interface itself; expected "
					   "what lies behind the peer",
					   lyd_get_value(leaf));
}

static void odd_check_peer(const struct nets *nets, const struct lyd_node *peer,
			   struct conf_errors *errs)
{
	static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const struct lyd_node *key = conf_child(peer, "public-key");

	if (key && str_eq(lyd_get_value(key), zero))
		conf_check_error(errs, key, "this key is all zeros; expected the far end's");
	for (struct lyd_node *e = conf_child(peer, "endpoint"); e; e = conf_next(e))
		check_endpoint(nets, e, errs);
	for (struct lyd_node *t = conf_child(peer, "tunnel-address"); t; t = conf_next(t))
		check_tunnel_address(nets, t, errs);
	for (struct lyd_node *p = conf_child(peer, "permit"); p; p = conf_next(p))
		check_permit(nets, p, errs);
	check_block(peer, "permit", errs);
}

/* ---- keys */

#define KEY_TEXT sodium_base64_ENCODED_LEN(CONF_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)

struct private
{
	char text[KEY_TEXT];
	const struct lyd_node *leaf; /* the file's name */
};

/* A private key given as a peer's public one is out in the open, and no far end has it. */
static void check_published(const struct lyd_node *wireguard, const struct private *p,
			    struct conf_errors *errs)
{
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *peer = conf_child(i, "peer"); peer; peer = conf_next(peer)) {
			const struct lyd_node *leaf = conf_child(peer, "public-key");

			if (leaf && str_eq(lyd_get_value(leaf), p->text))
				conf_check_error(errs, leaf,
						 "this is the private key of %s, no public one: "
						 "make a new pair",
						 lyd_get_value(p->leaf));
		}
}

static void check_private_keys(const struct lyd_node *wireguard, struct conf_errors *errs)
{
	struct private *v = NULL;
	size_t n = 0;

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i)) {
		const struct lyd_node *leaf = conf_child(i, "private-key-file");
		uint8_t key[CONF_KEY_BYTES];
		char why[256];

		if (!leaf || conf_key_read(lyd_get_value(leaf), key, why, sizeof(why)) < 0)
			continue;
		v = xrealloc(v, (n + 1) * sizeof(*v));
		v[n].leaf = leaf;
		sodium_bin2base64(v[n].text, KEY_TEXT, key, sizeof(key),
				  sodium_base64_VARIANT_ORIGINAL);
		if (sodium_is_zero(key, sizeof(key)))
			conf_check_error(errs, leaf, "the key in %s is all zeros",
					 lyd_get_value(leaf));
		for (size_t k = 0; k < n; k++)
			if (str_eq(v[k].text, v[n].text))
				conf_check_warning(errs, leaf,
						   "interface %s has the same private key",
						   lyd_get_value(lyd_child(lyd_parent(v[k].leaf))));
		n++;
	}
	for (size_t k = 0; k < n; k++)
		check_published(wireguard, &v[k], errs);
	sodium_memzero(v, n * sizeof(*v));
	free(v);
}

/* ---- BGP */

static void check_as(const struct lyd_node *leaf, struct conf_errors *errs)
{
	const char *text = leaf ? lyd_get_value(leaf) : "";

	if (str_eq(text, "23456"))
		conf_check_error(errs, leaf, "'%s' stands for numbers that do not fit (RFC 6793)",
				 text);
	else if (str_eq(text, "65535") || str_eq(text, "4294967295"))
		conf_check_warning(errs, leaf, "'%s' is reserved (RFC 7300)", text);
}

static void check_identifier(const struct lyd_node *leaf, struct conf_errors *errs)
{
	struct prefix p;

	if (!leaf || prefix_parse(lyd_get_value(leaf), &p) < 0)
		return;
	if (str_eq(lyd_get_value(leaf), "255.255.255.255") ||
	    str_eq(lyd_get_value(leaf), "0.0.0.0"))
		conf_check_error(errs, leaf, "'%s' is no identifier", lyd_get_value(leaf));
	else if (block_of(&p))
		conf_check_warning(errs, leaf, "'%s' is %s", lyd_get_value(leaf),
				   block_of(&p)->what);
}

static bool same_value(const struct lyd_node *a, const struct lyd_node *b, const char *leaf)
{
	const char *one = conf_value(a, leaf), *two = b ? conf_value(b, leaf) : NULL;

	return one && two && str_eq(one, two);
}

/* NODE inherits the timers that it lacks from OUTER (NULL: none); those are checked with OUTER. */
static void check_timers(const struct lyd_node *node, const struct lyd_node *outer,
			 struct conf_errors *errs)
{
	const struct lyd_node *keepalive = conf_child(node, "keepalive");
	const struct lyd_node *send = conf_child(node, "send-hold-time");
	const char *hold = conf_value(node, "hold-time");
	unsigned long h = hold ? strtoul(hold, NULL, 10) : 0;
	unsigned long s = send ? strtoul(lyd_get_value(send), NULL, 10) : 0;

	if (h && s && s <= h &&
	    !(same_value(node, outer, "send-hold-time") && same_value(node, outer, "hold-time")))
		conf_check_warning(errs, send, "'%lu' is not above the hold-time of %lu", s, h);
	if (same_value(node, outer, "keepalive") && same_value(node, outer, "hold-time"))
		return;
	if (!keepalive || !conf_pos(keepalive))
		return; /* the default: a third of the hold time where that is shorter */
	if (h && strtoul(lyd_get_value(keepalive), NULL, 10) >= h)
		conf_check_warning(errs, keepalive,
				   "'%s' is not below the hold-time of %lu; a third of it is usual",
				   lyd_get_value(keepalive), h);
}

/* How an address is reached: by the tunnel of a peer, by an interface of ours that no peer owns it
 * on, or by neither. */
enum way { WAY_TUNNEL, WAY_NOBODY, WAY_PLAIN, WAY_NONE };

/* What it has, or may get. */
static bool peer_has(const struct lyd_node *peer, const struct addr *a)
{
	static const char *const lists[] = {"tunnel-address", "allowed-ips", "imported", "permit"};
	struct prefix p;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (struct lyd_node *n = conf_child(peer, lists[i]); n; n = conf_next(n))
			if (str_eq(lyd_get_value(n), "any") ||
			    (prefix_parse(lyd_get_value(n), &p) == 0 && prefix_has_addr(&p, a)))
				return true;
	return false;
}

static enum way way_to(const struct conf *conf, const struct nets *nets, const struct addr *a)
{
	const struct lyd_node *wireguard = conf_top(conf, "wireguard");
	enum way way = WAY_NONE;

	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			if (!conf_is(p, "disabled", "true") && peer_has(p, a))
				return WAY_TUNNEL;
	for (size_t i = 0; i < nets->n; i++)
		if (prefix_has_addr(&nets->v[i].prefix, a))
			way = nets->v[i].interface ? WAY_NOBODY
			      : way == WAY_NOBODY  ? way
						   : WAY_PLAIN;
	return way;
}

static bool is_external(const struct lyd_node *neighbor, const char *as)
{
	const char *remote = conf_value(neighbor, "remote-as");

	return remote && !str_eq(remote, "internal") && !(as && str_eq(remote, as));
}

/* What a session is to come from must be ours, or it never comes. */
static void check_local(const struct nets *nets, bool all, const struct lyd_node *neighbor,
			struct conf_errors *errs)
{
	const struct lyd_node *leaf = conf_child(neighbor, "local-address");
	struct addr a;

	if (!leaf || !all || addr_parse(lyd_get_value(leaf), &a) < 0)
		return;
	for (size_t i = 0; i < nets->n; i++)
		if (addr_eq(&nets->v[i].addr, &a))
			return;
	conf_check_warning(errs, leaf,
			   "'%s' is no address of this machine, nor of a tunnel interface",
			   lyd_get_value(leaf));
}

/* ALL: the machine's networks are among NETS, so what is in none is nowhere. */
static void check_neighbor(const struct conf *conf, const struct nets *nets, bool all,
			   const struct lyd_node *neighbor, const char *as,
			   struct conf_errors *errs)
{
	const struct lyd_node *leaf = lyd_child(neighbor);
	unsigned before;
	struct addr a;
	enum way way;

	check_timers(neighbor, lyd_parent(neighbor), errs);
	check_as(conf_child(neighbor, "remote-as"), errs);
	check_local(nets, all, neighbor, errs);
	if (addr_parse(lyd_get_value(leaf), &a) < 0)
		return;
	before = errs->errors;
	check_host(neighbor, lyd_get_value(leaf), errs);
	check_edges(nets, neighbor, &a, errs);
	if (errs->errors > before)
		return;
	way = addr_is_link_local(&a) ? WAY_PLAIN : way_to(conf, nets, &a);
	if (way == WAY_NOBODY)
		conf_check_warning(errs, neighbor,
				   "no peer has '%s' as its tunnel-address: nothing leads there",
				   lyd_get_value(leaf));
	else if (way == WAY_NONE && all && is_external(neighbor, as) &&
		 !conf_child(neighbor, "multihop") &&
		 (!conf_child(neighbor, "ttl-security") || conf_is(neighbor, "ttl-security", "1")))
		conf_check_warning(
			errs, neighbor,
			"no tunnel and no network of this machine leads to '%s'; an eBGP "
			"neighbor must be directly connected, or 'multihop'",
			lyd_get_value(leaf));
}

static void odd_check_ranges(const struct lyd_node *group, struct conf_errors *errs)
{
	for (struct lyd_node *r = conf_child(group, "listen-range"); r; r = conf_next(r)) {
		struct prefix p;

		if (prefix_parse(lyd_get_value(r), &p) == 0 && p.len == 0)
			conf_check_warning(errs, r, "'%s' lets anybody in", lyd_get_value(r));
	}
}

static void odd_check_bgp(const struct conf *conf, const struct nets *nets, bool all,
			  struct conf_errors *errs)
{
	const struct lyd_node *bgp = conf_top(conf, "bgp");
	const char *as = conf_value(bgp, "as");

	check_as(conf_child(bgp, "as"), errs);
	check_identifier(conf_child(bgp, "router-id"), errs);
	check_identifier(conf_child(bgp, "cluster-id"), errs);
	check_timers(bgp, NULL, errs);
	check_block(bgp, "network", errs);
	for (struct lyd_node *n = conf_child(bgp, "neighbor"); n; n = conf_next(n))
		if (!conf_is(n, "disabled", "true"))
			check_neighbor(conf, nets, all, n, as, errs);
	for (struct lyd_node *g = conf_child(bgp, "neighbor-group"); g; g = conf_next(g)) {
		check_as(conf_child(g, "remote-as"), errs);
		odd_check_ranges(g, errs);
	}
}

/* ---- the rest */

static void check_loopback(const struct lyd_node *node, const char *name, struct conf_errors *errs)
{
	for (struct lyd_node *n = conf_child(node, name); n; n = conf_next(n)) {
		const struct lyd_node *leaf = lyd_child(n) ? lyd_child(n) : n;

		if (str_eq(lyd_get_value(leaf), "lo"))
			conf_check_error(errs, n, "'lo' is the loopback interface");
	}
}

static void odd_check_statics(const struct nets *nets, const struct lyd_node *node,
			      struct conf_errors *errs)
{
	for (struct lyd_node *s = conf_child(node, "static"); s; s = conf_next(s)) {
		const struct lyd_node *hop = conf_child(s, "next-hop");
		struct addr a;

		struct prefix p;

		check_host_leaf(s, "next-hop", errs);
		for (size_t i = 0; i < nets->n; i++)
			if (prefix_parse(lyd_get_value(lyd_child(s)), &p) == 0 &&
			    prefix_eq(&p, &nets->v[i].prefix))
				conf_check_warning(errs, s, "'%s' is the network of interface %s",
						   lyd_get_value(lyd_child(s)),
						   lyd_get_value(lyd_child(nets->v[i].interface)));
		for (size_t i = 0; hop && i < nets->n; i++)
			if (addr_parse(lyd_get_value(hop), &a) == 0 &&
			    addr_eq(&a, &nets->v[i].addr))
				conf_check_error(errs, hop, "'%s' is our own address",
						 lyd_get_value(hop));
	}
	check_block(node, "static", errs);
}

void conf_check_odd(const struct conf *effective, unsigned flags, struct conf_errors *errs)
{
	const struct lyd_node *wireguard = conf_top(effective, "wireguard");
	const struct lyd_node *rib = conf_top(effective, "rib");
	const struct lyd_node *table = conf_child(rib, "table");
	bool all = flags & CONF_CHECK_FILES;
	struct nets nets = conf_nets_configured(effective);

	check_networks(&nets, errs);
	check_loopback(wireguard, "interface", errs);
	for (struct lyd_node *i = conf_child(wireguard, "interface"); i; i = conf_next(i))
		for (struct lyd_node *p = conf_child(i, "peer"); p; p = conf_next(p))
			odd_check_peer(&nets, p, errs);
	if (all)
		check_private_keys(wireguard, errs);
	odd_check_statics(&nets, rib, errs);
	for (struct lyd_node *p = conf_top(effective, "plane"); p; p = conf_next(p)) {
		check_loopback(p, "interface", errs);
		odd_check_statics(&nets, p, errs);
	}
	if (table && str_eq(lyd_get_value(table), "255"))
		conf_check_error(errs, table, "'255' is the kernel's table of own addresses");
	if (all)
		conf_nets_add_machines(&nets);
	odd_check_bgp(effective, &nets, all, errs);
	free(nets.v);
}
