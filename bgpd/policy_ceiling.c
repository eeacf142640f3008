/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_ceiling.h"

#include <stdlib.h>

#include "conf.h"
#include "hash.h"
#include "planes.h"
#include "trie.h"
#include "util.h"

struct permit { /* the permit list of the tunnel peer with this address */
	struct hash_node node;
	struct addr addr;
	size_t n;
	struct prefix *prefixes;
};

struct taken { /* a prefix that nobody may announce */
	struct trie_node node;
	enum reason reason;
	bool inside; /* nor anything inside */
};

static struct hash_table permits;
static struct trie taken;
static char *applied; /* the text of the section that the tables were made from */
static struct addr *own;
static size_t n_own;

static void add_taken(const struct prefix *p, enum reason reason, bool inside)
{
	struct taken *t = xcalloc(1, sizeof(*t));
	struct trie_node *there = trie_insert(&taken, &t->node, p);

	t->reason = reason;
	t->inside = inside;
	if (there) {
		container_of(there, struct taken, node)->inside |= inside;
		free(t);
	}
}

static void add_permit(const struct addr *addr, const json_t *peer)
{
	struct permit *p = xcalloc(1, sizeof(*p));

	p->addr = *addr;
	p->prefixes = conf_prefixes(peer, "permit", &p->n);
	for (size_t i = 0; i < p->n; i++)
		p->prefixes[i].plane = addr->plane;
	hash_insert(&permits, &p->node, hash_bytes(addr, sizeof(*addr)));
}

static void read_peer(const json_t *peer, uint8_t plane)
{
	size_t n, i;
	struct addr *addrs = conf_addrs(peer, "tunnel-address", &n);
	json_t *item;

	for (i = 0; i < n; i++) {
		struct prefix host;

		addrs[i].plane = plane;
		host = prefix_of_addr(&addrs[i]);
		add_taken(&host, REASON_OWN_ADDRESS, true);
		add_permit(&addrs[i], peer);
	}
	free(addrs);
	json_array_foreach (conf_list(peer, "allowed-ips"), i, item) {
		struct prefix p;

		/* `any` takes nothing from anybody: it stands on an interface of its own. */
		if (prefix_parse(json_string_value(item), &p) < 0)
			continue;
		p.plane = plane;
		add_taken(&p, REASON_STATIC_ENTRY, true);
	}
}

static void read_interface(const json_t *interface)
{
	uint8_t plane = plane_of_interface(conf_str(interface, "name", ""));
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(interface, "address"), i, item) {
		struct addr a;
		uint8_t len;
		struct prefix host, subnet;

		if (addr_parse_with_len(json_string_value(item), &a, &len) < 0)
			continue;
		a.plane = plane;
		host = prefix_of_addr(&a);
		subnet = prefix_make(a.family, a.b, len);
		subnet.plane = plane;
		add_taken(&host, REASON_OWN_ADDRESS, true);
		add_taken(&subnet, REASON_OWN_ADDRESS, false);
		own = xrealloc(own, (n_own + 1) * sizeof(*own));
		own[n_own++] = a;
	}
	json_array_foreach (conf_list(interface, "peer"), i, item) {
		if (!conf_bool(item, "disabled", false))
			read_peer(item, plane);
	}
}

static void clear(void)
{
	for (struct hash_node *n = hash_first(&permits), *next; n; n = next) {
		struct permit *p = container_of(n, struct permit, node);

		next = hash_next(&permits, n);
		hash_remove(&permits, n);
		free(p->prefixes);
		free(p);
	}
	hash_clear(&permits);
	for (struct trie_node *n = trie_first(&taken), *next; n; n = next) {
		next = trie_next(&taken, n);
		trie_remove(&taken, n);
		free(container_of(n, struct taken, node));
	}
	free(own);
	own = NULL;
	n_own = 0;
}

bool ceiling_apply(const json_t *config)
{
	json_t *interfaces = conf_list(conf_get(config, "wireguard"), "interface"), *item;
	const json_t *both[] = {interfaces, conf_list(config, "plane")};
	json_t *key = interfaces ? json_array() : NULL;
	char *text;
	size_t i;

	for (i = 0; key && i < 2; i++)
		json_array_append_new(key, json_deep_copy(both[i]));
	text = key ? json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(key);
	if (applied && text && str_eq(applied, text)) {
		free(text);
		return false;
	}
	if (!applied && !text)
		return false;
	clear();
	free(applied);
	applied = text;
	json_array_foreach (interfaces, i, item)
		read_interface(item);
	return true;
}

void ceiling_free(void)
{
	clear();
	free(applied);
	applied = NULL;
}

static enum reason judge_permit(const struct permit *permit, const struct prefix *p)
{
	if (!permit->n)
		return REASON_NO_PERMIT;
	for (size_t i = 0; i < permit->n; i++)
		if (prefix_covers(&permit->prefixes[i], p))
			return REASON_NONE;
	return REASON_OUTSIDE_PERMIT;
}

static enum reason judge_taken(const struct prefix *p)
{
	for (struct trie_node *n = trie_match(&taken, p); n; n = trie_cover(n)) {
		const struct taken *t = container_of(n, struct taken, node);

		if (t->inside || n->p.len == p->len)
			return t->reason;
	}
	return REASON_NONE;
}

static const struct permit *find_permit(const struct addr *addr)
{
	struct hash_node *n;

	for (n = hash_find(&permits, hash_bytes(addr, sizeof(*addr))); n; n = hash_find_next(n)) {
		const struct permit *permit = container_of(n, struct permit, node);

		if (addr_eq(&permit->addr, addr))
			return permit;
	}
	return NULL;
}

/* A leaked prefix is in another plane than its next hop, on whose interfaces it gets its entries:
 * it must not be taken in either. */
enum reason ceiling_judge(const struct prefix *prefix, const struct addr *nexthop,
			  const struct addr *external)
{
	struct prefix there = prefix_in_plane(prefix, nexthop->plane), *p = &there;
	enum reason r = taken.count ? judge_taken(prefix) : REASON_NONE;
	const struct permit *permit;

	if (r == REASON_NONE && p->plane != prefix->plane && taken.count)
		r = judge_taken(p);

	if (r != REASON_NONE || !permits.count)
		return r;
	permit = find_permit(nexthop);
	if (!permit && external)
		permit = find_permit(external);
	return permit ? judge_permit(permit, p) : REASON_NONE;
}

bool ceiling_tunnel_address(const struct addr *a)
{
	return find_permit(a) != NULL;
}

bool ceiling_own_address(const struct addr *a)
{
	for (size_t i = 0; i < n_own; i++)
		if (addr_eq(&own[i], a))
			return true;
	return false;
}
