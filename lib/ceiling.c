/* SPDX-License-Identifier: BSD-2-Clause */
#include "ceiling.h"

#include <sodium.h>
#include <stdlib.h>

#include "conf.h"
#include "hash.h"
#include "loop.h"
#include "planes.h"
#include "prefix_table.h"
#include "trie.h"
#include "util.h"

#define CEILINGS_SETTLE_MS 10000 /* to work off what a new configuration takes away */

enum section { /* of the configuration, that a ceiling is made from */
	       INTERFACES,
	       PLANES,
	       STATIC_ROUTES,
	       SECTIONS
};

struct digest { /* of a section's JSON */
	uint8_t b[crypto_generichash_BYTES];
};

struct ceiling_if {
	struct ceiling_if *next;
	char *name;
	uint8_t plane;
	struct prefix_table statics; /* owner: the peer of a configured AllowedIPs entry */
};

struct ceiling_peer {
	struct hash_node by_name;
	char *name;
	struct ceiling_if *iface;
	struct prefix_table permit;
};

struct tunnel_address {
	struct hash_node node;
	struct addr addr;
	const struct ceiling_peer *peer;
};

struct routed { /* a static route with a next hop */
	struct trie_node node;
	struct addr next_hop;
};

struct ceiling {
	struct digest made_from[SECTIONS];
	struct ceiling_if *ifs;
	struct hash_table peers; /* by interface and name */
	struct hash_table addrs; /* tunnel addresses */
	/* Addresses and subnets of ours, tunnel addresses, of no link.
	 * Flag: nor anything inside of it. */
	struct prefix_table taken;
	struct prefix_table tunnels; /* what some tunnel is for */
	struct trie routed;	     /* static routes that may lead to a tunnel peer */
	struct addr *own;
	size_t n_own;
	struct addr last; /* many in a row are asked for the same */
	const struct ceiling_peer *last_peer;
};

/* --- reading --- */

static uint32_t hash_of_names(const char *interface, const char *name)
{
	const uint32_t both[] = {hash_bytes(interface, strlen(interface)),
				 hash_bytes(name, strlen(name))};

	return hash_bytes(both, sizeof(both));
}

static void add_address(struct ceiling *c, const struct addr *a, const struct ceiling_peer *peer)
{
	struct addr off = addr_off_link(a);
	struct prefix host = prefix_of_addr(&off);
	struct tunnel_address *t = xcalloc(1, sizeof(*t));

	prefix_table_add(&c->taken, &host, NULL, true);
	t->addr = *a;
	t->peer = peer;
	hash_insert(&c->addrs, &t->node, hash_bytes(a, sizeof(*a)));
}

static void read_prefixes(struct ceiling *c, const json_t *peer, const char *leaf,
			  const struct ceiling_peer *owner, struct prefix_table *into)
{
	size_t n;
	struct prefix *list = conf_prefixes(peer, leaf, &n); /* without `any` */

	for (size_t i = 0; i < n; i++) {
		list[i].plane = owner->iface->plane;
		prefix_table_add(into, &list[i], owner, false);
		if (list[i].len)
			prefix_table_add(&c->tunnels, &list[i], NULL, false);
	}
	free(list);
}

static void read_peer(struct ceiling *c, struct ceiling_if *iface, const json_t *peer)
{
	struct ceiling_peer *p = xcalloc(1, sizeof(*p));
	size_t n;
	struct addr *addrs = conf_addrs(peer, "tunnel-address", &n);

	p->iface = iface;
	p->name = xstrdup(conf_str(peer, "name", ""));
	hash_insert(&c->peers, &p->by_name, hash_of_names(iface->name, p->name));
	for (size_t i = 0; i < n; i++) {
		addrs[i] = addr_on_link(&addrs[i], iface->name);
		addrs[i].plane = iface->plane;
		add_address(c, &addrs[i], p);
	}
	free(addrs);
	read_prefixes(c, peer, "permit", p, &p->permit);
	prefix_table_seal(&p->permit);
	read_prefixes(c, peer, "allowed-ips", p, &iface->statics);
}

static void read_own(struct ceiling *c, const struct ceiling_if *on, const char *text)
{
	struct addr a;
	uint8_t len;
	struct prefix host, subnet;

	if (!text || addr_parse_with_len(text, &a, &len) < 0)
		return;
	a.plane = on->plane;
	host = prefix_of_addr(&a);
	subnet = prefix_make(a.family, a.b, len);
	subnet.plane = on->plane;
	prefix_table_add(&c->taken, &host, NULL, true);
	prefix_table_add(&c->taken, &subnet, NULL, false);
	c->own = xrealloc(c->own, (c->n_own + 1) * sizeof(*c->own));
	c->own[c->n_own++] = addr_on_link(&a, on->name);
}

static void read_interface(struct ceiling *c, const json_t *interface)
{
	struct ceiling_if *i = xcalloc(1, sizeof(*i));
	json_t *item;
	size_t k;

	i->name = xstrdup(conf_str(interface, "name", ""));
	i->plane = plane_of_interface(i->name);
	i->next = c->ifs;
	c->ifs = i;
	json_array_foreach (conf_list(interface, "address"), k, item)
		read_own(c, i, json_string_value(item));
	json_array_foreach (conf_list(interface, "peer"), k, item)
		if (!conf_bool(item, "disabled", false))
			read_peer(c, i, item);
	prefix_table_seal(&i->statics);
}

static void read_static(struct ceiling *c, const json_t *item, uint8_t plane)
{
	struct routed *r = xcalloc(1, sizeof(*r));
	struct prefix p;

	if (prefix_parse(conf_str(item, "prefix", ""), &p) < 0 ||
	    conf_addr(item, "next-hop", &r->next_hop) < 0) {
		free(r);
		return;
	}
	p.plane = r->next_hop.plane = plane;
	if (trie_insert(&c->routed, &r->node, &p))
		free(r);
}

static void read_statics(struct ceiling *c, const json_t *config)
{
	json_t *item, *plane;
	size_t i, k;

	json_array_foreach (conf_list(conf_get(config, "rib"), "static"), i, item)
		read_static(c, item, PLANE_MAIN);
	json_array_foreach (conf_list(config, "plane"), k, plane) {
		uint32_t number = conf_u32(plane, "number", 0);

		json_array_foreach (conf_list(plane, "static"), i, item)
			if (number < PLANES_MAX)
				read_static(c, item, (uint8_t)number);
	}
}

static int hash_text(const char *text, size_t len, void *arg)
{
	return crypto_generichash_update(arg, (const unsigned char *)text, len);
}

/* SECTION may be NULL. */
static struct digest digest_of(const json_t *section)
{
	crypto_generichash_state state;
	struct digest d;

	crypto_generichash_init(&state, NULL, 0, sizeof(d.b));
	ensure(!section || !json_dump_callback(section, hash_text, &state, JSON_COMPACT));
	crypto_generichash_final(&state, d.b, sizeof(d.b));
	return d;
}

struct ceiling *ceiling_new(const json_t *config)
{
	json_t *interfaces = conf_list(conf_get(config, "wireguard"), "interface"), *item;
	struct ceiling *c = xcalloc(1, sizeof(*c));
	size_t i;

	c->made_from[INTERFACES] = digest_of(interfaces);
	c->made_from[PLANES] = digest_of(conf_list(config, "plane"));
	c->made_from[STATIC_ROUTES] = digest_of(conf_at(config, "rib/static"));
	json_array_foreach (interfaces, i, item)
		read_interface(c, item);
	prefix_table_seal(&c->taken);
	prefix_table_seal(&c->tunnels);
	read_statics(c, config);
	return c;
}

static bool same_section(const struct ceiling *a, const struct ceiling *b, enum section s)
{
	return memcmp(&a->made_from[s], &b->made_from[s], sizeof(a->made_from[s])) == 0;
}

bool ceiling_same(const struct ceiling *a, const struct ceiling *b)
{
	return a == b || (a && b && same_section(a, b, INTERFACES) && same_section(a, b, PLANES));
}

static void free_peers(struct ceiling *c)
{
	for (struct hash_node *n = hash_first(&c->peers), *next; n; n = next) {
		struct ceiling_peer *p = container_of(n, struct ceiling_peer, by_name);

		next = hash_next(&c->peers, n);
		prefix_table_free(&p->permit);
		free(p->name);
		free(p);
	}
	hash_clear(&c->peers);
}

void ceiling_free(struct ceiling *c)
{
	struct ceiling_if *i;
	struct trie_node *n;

	if (!c)
		return;
	free_peers(c);
	for (struct hash_node *h = hash_first(&c->addrs), *next; h; h = next) {
		next = hash_next(&c->addrs, h);
		free(container_of(h, struct tunnel_address, node));
	}
	hash_clear(&c->addrs);
	while ((i = c->ifs)) {
		c->ifs = i->next;
		prefix_table_free(&i->statics);
		free(i->name);
		free(i);
	}
	prefix_table_free(&c->taken);
	prefix_table_free(&c->tunnels);
	while ((n = trie_first(&c->routed))) {
		trie_remove(&c->routed, n);
		free(container_of(n, struct routed, node));
	}
	free(c->own);
	free(c);
}

/* --- who is asked about --- */

static struct hash_node *addresses_at(const struct ceiling *c, const struct addr *a)
{
	return hash_find(&c->addrs, hash_bytes(a, sizeof(*a)));
}

static struct addr by_own_link(const struct tunnel_address *t)
{
	return addr_by_link(&t->addr, t->peer->iface->name);
}

static const struct ceiling_peer *find_address(const struct ceiling *c, const struct addr *a)
{
	bool linked = a->family == AF_INET && addr_has_link(a);
	struct addr key = linked ? addr_off_link(a) : *a, there;

	for (struct hash_node *n = addresses_at(c, &key); n; n = hash_find_next(n)) {
		const struct tunnel_address *t = container_of(n, struct tunnel_address, node);

		there = linked ? by_own_link(t) : t->addr;
		if (addr_eq(&there, a))
			return t->peer;
	}
	return NULL;
}

struct addr ceiling_hop_by(const struct ceiling *c, const struct addr *hop, const char *link)
{
	bool here = false, elsewhere = false;

	for (struct hash_node *n = addresses_at(c, hop); n; n = hash_find_next(n)) {
		const struct tunnel_address *t = container_of(n, struct tunnel_address, node);
		bool same = str_eq(t->peer->iface->name, link);

		if (!addr_eq(&t->addr, hop))
			continue;
		here = here || same;
		elsewhere = elsewhere || !same;
	}
	return here && elsewhere ? addr_by_link(hop, link) : *hop;
}

const struct ceiling_peer *ceiling_peer_at(struct ceiling *c, const struct addr *a)
{
	if (!addr_eq(&c->last, a)) {
		c->last_peer = find_address(c, a);
		c->last = *a;
	}
	return c->last_peer;
}

const struct ceiling_peer *ceiling_peer_named(const struct ceiling *c, const char *interface,
					      const char *name)
{
	struct hash_node *n = hash_find(&c->peers, hash_of_names(interface, name));

	for (; n; n = hash_find_next(n)) {
		const struct ceiling_peer *p = container_of(n, struct ceiling_peer, by_name);

		if (str_eq(p->name, name) && str_eq(p->iface->name, interface))
			return p;
	}
	return NULL;
}

const char *ceiling_peer_name(const struct ceiling_peer *p)
{
	return p->name;
}

const char *ceiling_peer_interface(const struct ceiling_peer *p)
{
	return p->iface->name;
}

bool ceiling_own_address(const struct ceiling *c, const struct addr *a)
{
	for (size_t i = 0; i < c->n_own; i++)
		if (addr_eq(&c->own[i], a))
			return true;
	return false;
}

/* --- judging --- */

/* Of no link, as the kernel gets it. */
static struct prefix off_link(const struct prefix *p)
{
	struct addr a = addr_of_prefix(p), off = addr_off_link(&a);
	struct prefix there = prefix_make(off.family, off.b, p->len);

	there.plane = p->plane;
	return there;
}

static enum reason judge_taken(const struct ceiling *c, const struct prefix *p)
{
	struct prefix off = p->family == AF_INET6 ? off_link(p) : *p;
	const struct prefix_row *row = prefix_table_match(&c->taken, &off);

	for (; row; row = prefix_table_cover(&c->taken, row))
		if (row->flag || row->p.len == p->len)
			return REASON_OWN_ADDRESS;
	return REASON_NONE;
}

static enum reason judge_statics(const struct ceiling_peer *to, const struct prefix *p)
{
	const struct prefix_row *row = prefix_table_match(&to->iface->statics, p);

	return row && row->owner != to ? REASON_STATIC_ENTRY : REASON_NONE;
}

enum reason ceiling_judge(const struct ceiling *c, const struct prefix *p,
			  const struct ceiling_peer *to)
{
	enum reason r = judge_taken(c, p);
	struct prefix there;

	if (r != REASON_NONE || !to)
		return r;
	there = prefix_in_plane(p, to->iface->plane);
	if (there.plane != p->plane)
		r = judge_taken(c, &there);
	if (r == REASON_NONE)
		r = judge_statics(to, &there);
	if (r != REASON_NONE)
		return r;
	if (!to->permit.n)
		return REASON_NO_PERMIT;
	return prefix_table_match(&to->permit, &there) ? REASON_NONE : REASON_OUTSIDE_PERMIT;
}

bool ceiling_judges_links(const struct ceiling *c)
{
	return c->taken.n || c->tunnels.n;
}

enum reason ceiling_judge_link(const struct ceiling *c, const struct prefix *p)
{
	enum reason r = judge_taken(c, p);

	if (r == REASON_NONE && prefix_table_match(&c->tunnels, p))
		return REASON_NOT_A_TUNNEL;
	return r;
}

/* A static route of the configuration leads to TO, or to a next hop whose peer is not known here.
 */
static bool is_routed(const struct ceiling *c, const struct prefix *p,
		      const struct ceiling_peer *to)
{
	struct trie_node *n = c->routed.count ? trie_match(&c->routed, p) : NULL;

	for (; n; n = trie_cover(n)) {
		const struct addr *hop = &container_of(n, struct routed, node)->next_hop;
		const struct ceiling_peer *peer = find_address(c, hop);

		if (peer ? peer == to : n->p.len == p->len)
			return true;
	}
	return false;
}

static bool has_static(const struct ceiling_peer *to, const struct prefix *p)
{
	const struct prefix_row *row = prefix_table_match(&to->iface->statics, p);

	return row && row->owner == to;
}

static enum reason judge_entry(const struct ceiling *c, const struct prefix *p,
			       const struct ceiling_peer *to)
{
	struct prefix there = prefix_in_plane(p, to->iface->plane);
	enum reason r = ceiling_judge(c, &there, to);

	/* Most are permitted, and a full table has many: nothing more is looked up for them. */
	return r == REASON_NONE || has_static(to, &there) || is_routed(c, &there, to) ? REASON_NONE
										      : r;
}

/* --- what is in force --- */

bool ceilings_apply(struct ceilings *c, const json_t *config, uint32_t generation)
{
	struct ceiling *next = ceiling_new(config);

	c->generation = generation;
	if (c->now && ceiling_same(c->now, next) && same_section(c->now, next, STATIC_ROUTES)) {
		ceiling_free(next);
		return false;
	}
	ceiling_free(c->before);
	c->before = c->now;
	c->now = next;
	c->epoch++;
	return true;
}

bool ceilings_prune(struct ceilings *c)
{
	if (!c->before)
		return false;
	ceiling_free(c->before);
	c->before = NULL;
	c->epoch++;
	c->changed_ms = now_ms();
	return true;
}

void ceilings_free(struct ceilings *c)
{
	ceiling_free(c->now);
	ceiling_free(c->before);
	*c = (struct ceilings){.epoch = c->epoch + 1};
}

static const struct ceiling_peer *find_peer(const struct ceiling *c, const struct ceiling_who *who)
{
	const struct ceiling_peer *p = ceiling_peer_named(c, who->interface, who->name);

	for (size_t i = 0; i < who->n_addrs && !p; i++) {
		p = find_address(c, &who->addrs[i]);
		if (p && !str_eq(p->iface->name, who->interface))
			p = NULL;
	}
	return p;
}

static void look_up(const struct ceilings *c, struct ceiling_ref *ref,
		    const struct ceiling_who *who)
{
	ref->epoch = c->epoch;
	ref->now = find_peer(c->now, who);
	ref->before = c->before ? find_peer(c->before, who) : NULL;
}

/* By JUDGE: what either lets through is fine. */
static enum reason judge_either(const struct ceilings *c, struct ceiling_ref *ref,
				const struct ceiling_who *who, const struct prefix *p,
				enum reason (*judge)(const struct ceiling *, const struct prefix *,
						     const struct ceiling_peer *))
{
	enum reason r;

	if (!c->now)
		return REASON_NONE;
	if (ref->epoch != c->epoch)
		look_up(c, ref, who);
	r = ref->now ? judge(c->now, p, ref->now) : REASON_NO_PERMIT;
	return ref->before && judge(c->before, p, ref->before) == REASON_NONE ? REASON_NONE : r;
}

enum reason ceilings_judge(const struct ceilings *c, struct ceiling_ref *ref,
			   const struct ceiling_who *who, const struct prefix *p)
{
	return judge_either(c, ref, who, p, ceiling_judge);
}

enum reason ceilings_judge_entry(const struct ceilings *c, struct ceiling_ref *ref,
				 const struct ceiling_who *who, const struct prefix *p)
{
	return judge_either(c, ref, who, p, judge_entry);
}

enum reason ceilings_judge_link(const struct ceilings *c, const struct prefix *p)
{
	enum reason r = c->now ? ceiling_judge_link(c->now, p) : REASON_NONE;

	return r != REASON_NONE && c->before && !ceiling_judge_link(c->before, p) ? REASON_NONE : r;
}

int ceilings_private_len(const struct ceilings *c, const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);
	const struct prefix_row *in = c->now ? prefix_table_match(&c->now->tunnels, &host) : NULL;
	const struct prefix_row *ours = c->now ? prefix_table_match(&c->now->taken, &host) : NULL;
	int len = in && in->p.len > 1 ? in->p.len : -1;

	return ours && ours->p.len > len ? ours->p.len : len;
}

bool ceilings_known(const struct ceilings *c, uint32_t generation)
{
	return !c->before && (int32_t)(generation - c->generation) >= 0 &&
	       (!c->changed_ms || now_ms() - c->changed_ms >= CEILINGS_SETTLE_MS);
}
