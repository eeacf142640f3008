/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "log.h"
#include "planes.h"

#define ID_SLOTS 4096

static struct tunnel_ifs ifs, dead_ifs;
static struct tunnel_peers peers, dead_peers;
static struct tunnel_peers away_peers; /* gone, and configured: their endpoints count */
static struct tunnel_peers id_table[ID_SLOTS];
static struct tunnel_ifs index_table[ID_SLOTS];
static struct hash_table by_addr; /* of struct tunnel_place */
static const struct tunnel_news *news;

void tunnel_open(const struct tunnel_news *told)
{
	news = told;
}

const struct tunnel_ifs *tunnel_all_ifs(void)
{
	return &ifs;
}

const struct tunnel_peers *tunnel_all_peers(void)
{
	return &peers;
}

const struct tunnel_peers *tunnel_away_peers(void)
{
	return &away_peers;
}

struct tunnel_if *tunnel_if_by_index(uint32_t ifindex)
{
	struct tunnel_if *i;

	LIST_FOREACH (i, &index_table[ifindex % ID_SLOTS], by_index)
		if (i->ifindex == ifindex)
			return i;
	return NULL;
}

struct tunnel_peer *tunnel_peer_by_id(uint32_t id)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, &id_table[id % ID_SLOTS], by_id)
		if (p->id == id)
			return p;
	return NULL;
}

bool tunnel_usable(const struct tunnel_peer *p)
{
	return !p->gone && p->iface->up && tunnel_state_usable(p->state);
}

/* --- whose an address is --- */

/* The lower, the better a way. */
static unsigned tunnel_rank(const struct tunnel_peer *p)
{
	if (!tunnel_usable(p))
		return p->weak && p->iface->up ? 3 : 4;
	return p->state == TUNNEL_NEVER ? 2 : p->state == TUNNEL_DEGRADED ? 1 : 0;
}

/* A is the better way to who has both. The interface's name keeps equals from taking turns. */
static bool is_better(const struct tunnel_place *a, const struct tunnel_place *b)
{
	const struct tunnel_peer *p = a->peer, *q = b->peer;

	if (p->iface == q->iface)
		return a->told > b->told;
	if (tunnel_rank(p) != tunnel_rank(q))
		return tunnel_rank(p) < tunnel_rank(q);
	if (p->cost != q->cost)
		return p->cost < q->cost;
	return strcmp(p->iface->name, q->iface->name) < 0;
}

/* The best of those with the tunnel address A, but for LESS (NULL: of all). */
static struct tunnel_peer *best_at(const struct addr *a, const struct tunnel_peer *less)
{
	struct hash_node *n = hash_find(&by_addr, hash_bytes(a, sizeof(*a)));
	const struct tunnel_place *best = NULL;

	for (; n; n = hash_find_next(n)) {
		const struct tunnel_place *place = container_of(n, struct tunnel_place, node);

		if (place->peer != less && addr_eq(place->addr, a) &&
		    (!best || is_better(place, best)))
			best = place;
	}
	return best ? best->peer : NULL;
}

/* A static route's next hop may be link-local and say no interface. */
static struct tunnel_peer *on_some_link(const struct addr *a)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, &peers, link)
		for (unsigned i = 0; i < p->n_addrs; i++) {
			struct addr off = addr_off_link(&p->addrs[i]);

			if (addr_has_link(&p->addrs[i]) && addr_eq(&off, a))
				return p;
		}
	return NULL;
}

/* Whose A is, an IPv4 address with its link. */
static struct tunnel_peer *by_link(const struct addr *a)
{
	struct addr off = addr_off_link(a);
	struct hash_node *n = hash_find(&by_addr, hash_bytes(&off, sizeof(off)));

	for (; n; n = hash_find_next(n)) {
		const struct tunnel_place *place = container_of(n, struct tunnel_place, node);
		struct addr there = addr_by_link(place->addr, place->peer->iface->name);

		if (addr_eq(&there, a))
			return place->peer;
	}
	return NULL;
}

struct tunnel_peer *tunnel_by_addr(const struct addr *a)
{
	bool linked = a->family == AF_INET && addr_has_link(a);
	struct tunnel_peer *p = linked ? by_link(a) : best_at(a, NULL);

	if (!p && a->family == AF_INET6 && addr_is_link_local(a) && !addr_has_link(a))
		p = on_some_link(a);
	return p;
}

struct tunnel_peer *tunnel_by_addr_anywhere(const struct addr *a)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, &peers, link) {
		struct addr there = addr_in_plane(a, p->iface->plane);

		for (unsigned i = 0; i < p->n_addrs; i++)
			if (addr_eq(&p->addrs[i], &there))
				return p;
	}
	return NULL;
}

struct tunnel_peer *tunnel_fixed_owner(const struct tunnel_if *iface, const struct addr *of)
{
	struct addr on = addr_on_link(of, iface->name), there = addr_in_plane(&on, iface->plane);
	struct addr off = addr_off_link(&there), *a = &there;
	struct tunnel_peer *p, *best = NULL;
	int best_len = -1;

	LIST_FOREACH (p, &peers, link) {
		if (p->iface != iface)
			continue;
		if (iface->any)
			return p;
		for (unsigned i = 0; i < p->n_addrs; i++)
			if (addr_eq(&p->addrs[i], a))
				return p;
		for (unsigned i = 0; i < p->n_fixed; i++)
			if (p->fixed[i].len > best_len && prefix_has_addr(&p->fixed[i], &off)) {
				best = p;
				best_len = p->fixed[i].len;
			}
	}
	return best;
}

/* Host routes `dev IF` for the tunnel addresses, whatever interface address wgd configures: two
 * hubs in one subnet would otherwise be two connected subnets. Of those that have an address the
 * best one has its route. */
static void host_routes(const struct tunnel_peer *p)
{
	for (unsigned i = 0; i < p->n_addrs; i++) {
		const struct tunnel_peer *of = best_at(&p->addrs[i], NULL);

		news->host(&p->addrs[i], of ? of->iface->ifindex : 0);
	}
}

/* Its addresses count. */
static void tunnel_place(struct tunnel_peer *p)
{
	static uint64_t told;

	p->places = xcalloc(p->n_addrs, sizeof(*p->places));
	for (unsigned i = 0; i < p->n_addrs; i++) {
		p->places[i].addr = &p->addrs[i];
		p->places[i].peer = p;
		p->places[i].told = ++told;
		hash_insert(&by_addr, &p->places[i].node,
			    hash_bytes(&p->addrs[i], sizeof(p->addrs[i])));
	}
	host_routes(p);
}

/* No more: before they go, or change. */
static void tunnel_unplace(struct tunnel_peer *p)
{
	for (unsigned i = 0; p->places && i < p->n_addrs; i++)
		hash_remove(&by_addr, &p->places[i].node);
	free(p->places);
	p->places = NULL;
	host_routes(p);
}

/* P is another way than it was: perhaps not the best one any more, or the best one now, to who has
 * another tunnel, too. False: nobody has. */
static bool shared_again(const struct tunnel_peer *p)
{
	bool shared = false;

	for (unsigned i = 0; i < p->n_addrs; i++)
		shared = shared || best_at(&p->addrs[i], p);
	if (shared)
		host_routes(p);
	return shared;
}

static bool same_addrs(const struct tunnel_peer *p, const struct msg_tunnel_peer *m)
{
	return p->n_addrs == m->n_addrs &&
	       (!p->n_addrs || !memcmp(p->addrs, m->addrs, p->n_addrs * sizeof(*p->addrs)));
}

static void if_turned(const struct tunnel_if *i)
{
	const struct tunnel_peer *p;

	LIST_FOREACH (p, &peers, link)
		if (p->iface == i && shared_again(p))
			news->peer(p);
	news->interface(i);
}

void tunnel_if_told(const struct msg_tunnel_if *m)
{
	struct tunnel_if *i = tunnel_if_by_index(m->ifindex);

	if (i && !str_eq(i->name, m->name)) { /* the number was used again */
		tunnel_if_gone(m->ifindex);
		i = NULL;
	}
	if (!i) {
		i = xcalloc(1, sizeof(*i));
		i->ifindex = m->ifindex;
		str_copy(i->name, m->name, sizeof(i->name));
		i->told_as = history_name(i->name, "");
		i->plane = plane_of_interface(i->name);
		LIST_INSERT_HEAD(&ifs, i, link);
		LIST_INSERT_HEAD(&index_table[i->ifindex % ID_SLOTS], i, by_index);
	}
	i->seen = true;
	i->adopted = m->adopted;
	if (i->any != m->any) { /* its prefixes need no entries, or need them again */
		i->any = m->any;
		news->owners(i);
	}
	if (i->fwmark != m->fwmark) {
		i->fwmark = m->fwmark;
		news->marked();
	}
	if (i->up != m->up) {
		i->up = m->up;
		if_turned(i);
	}
}

static void note_state(const struct tunnel_peer *p, enum tunnel_state state, enum reason reason,
		       uint32_t cost)
{
	history_note((struct history_fact){.kind = HISTORY_TUNNEL,
					   .what = state,
					   .name = p->told_as,
					   .reason = reason,
					   .count = cost});
}

/* Of one that is away. */
static void forget_endpoint(struct tunnel_peer *p)
{
	LIST_REMOVE(p, link);
	LIST_INSERT_HEAD(&dead_peers, p, link);
	p->endpoint = (struct endpoint){0};
	news->endpoint(p);
}

static void peer_die(struct tunnel_peer *p)
{
	note_state(p, TUNNEL_DOWN, REASON_PEER_GONE, 0);
	log_info("tunnel-peer-gone", "peer=%s interface=%s", p->name, p->iface->name);
	LIST_REMOVE(p, link);
	LIST_REMOVE(p, by_id);
	LIST_INSERT_HEAD(&away_peers, p, link);
	p->gone = true;
	tunnel_unplace(p);
	news->peer(p);
	if (!p->endpoint.addr.family || !news->configured(p))
		forget_endpoint(p);
}

void tunnel_if_gone(uint32_t ifindex)
{
	struct tunnel_if *i = tunnel_if_by_index(ifindex);
	struct tunnel_peer *p, *next;

	if (!i)
		return;
	i->gone = true;
	i->up = false;
	for (p = LIST_FIRST(&peers); p; p = next) {
		next = LIST_NEXT(p, link);
		if (p->iface == i)
			peer_die(p);
	}
	LIST_REMOVE(i, link);
	LIST_REMOVE(i, by_index);
	LIST_INSERT_HEAD(&dead_ifs, i, link);
	news->gone(); /* also those that went around it, by a covering route */
}

static struct tunnel_peer *find_peer(const struct tunnel_if *iface, const char *name)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, &peers, link)
		if (p->iface == iface && str_eq(p->name, name))
			return p;
	return NULL;
}

/* P may be what was away. Those of an interface come in the order in which they stand there. */
static void peer_is_back(const struct tunnel_peer *p)
{
	struct tunnel_peer *q;

	LIST_FOREACH (q, &away_peers, link)
		if (str_eq(q->iface->name, p->iface->name) && str_eq(q->name, p->name)) {
			forget_endpoint(q);
			return;
		}
}

void tunnel_configured(void)
{
	struct tunnel_peer *p, *next;

	for (p = LIST_FIRST(&away_peers); p; p = next) {
		next = LIST_NEXT(p, link);
		if (!news->configured(p))
			forget_endpoint(p);
	}
}

static void set_place(const struct tunnel_if *on, struct addr *addrs, uint32_t n_addrs,
		      struct prefix *fixed, uint32_t n_fixed)
{
	uint8_t plane = on->plane;

	for (uint32_t i = 0; i < n_addrs; i++) {
		addrs[i] = addr_on_link(&addrs[i], on->name);
		addrs[i].plane = plane;
	}
	for (uint32_t i = 0; i < n_fixed; i++)
		fixed[i].plane = plane;
}

void tunnel_planes_changed(void)
{
	struct tunnel_peer *p;
	struct tunnel_if *i;

	LIST_FOREACH (i, &ifs, link) {
		uint8_t plane = plane_of_interface(i->name);

		if (plane == i->plane)
			continue;
		i->plane = plane;
		LIST_FOREACH (p, &peers, link) {
			if (p->iface != i)
				continue;
			tunnel_unplace(p);
			set_place(i, p->addrs, p->n_addrs, p->fixed, p->n_fixed);
			tunnel_place(p);
			news->peer(p);
		}
	}
}

static void set_addrs(struct tunnel_peer *p, struct msg_tunnel_peer *m)
{
	if (same_addrs(p, m))
		return;
	tunnel_unplace(p);
	free(p->addrs);
	p->addrs = m->addrs;
	p->n_addrs = m->n_addrs;
	m->addrs = NULL;
	tunnel_place(p);
}

/* Who is told about; NULL: nobody that we know. Under a name a new number is another peer for
 * WireGuard (another key), which has none of the entries; so is a number under a new name, in that
 * whoever depends on the peer has to hear of it. The old ones end here, and what was theirs is
 * given to the new ones. */
static struct tunnel_peer *known_peer(const struct tunnel_if *iface,
				      const struct msg_tunnel_peer *m)
{
	struct tunnel_peer *p = find_peer(iface, m->name), *other;

	if (p && p->id && p->id != m->id) {
		peer_die(p);
		p = NULL;
	}
	other = m->id ? tunnel_peer_by_id(m->id) : NULL;
	if (other && other != p)
		peer_die(other);
	return p;
}

void tunnel_peer_told(struct msg_tunnel_peer *m)
{
	struct tunnel_if *iface = tunnel_if_by_index(m->ifindex);
	struct tunnel_peer *p;

	if (!iface) {
		log_warn("tunnel-peer-without-interface", "peer=%s ifindex=%u", m->name,
			 m->ifindex);
		return;
	}
	set_place(iface, m->addrs, m->n_addrs, m->fixed, m->n_fixed);
	p = known_peer(iface, m);
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->iface = iface;
		p->state = TUNNEL_NEVER;
		str_copy(p->name, m->name, sizeof(p->name));
		p->told_as = history_name(iface->name, p->name);
		LIST_INSERT_HEAD(&peers, p, link);
	} else {
		LIST_REMOVE(p, by_id);
	}
	p->id = m->id;
	LIST_INSERT_HEAD(&id_table[p->id % ID_SLOTS], p, by_id);
	p->seen = true;
	if (p->state != m->state) {
		/* wgd has said it to people */
		log_debug("tunnel-state", "peer=%s interface=%s state=%s reason=%s", p->name,
			  iface->name, tunnel_state_name(m->state), reason_name(m->reason));
		note_state(p, m->state, m->reason, m->cost);
	}
	p->state = m->state;
	p->reason = m->reason;
	p->weak = m->weak;
	p->cost = m->cost;
	free(p->fixed);
	p->fixed = m->fixed;
	p->n_fixed = m->n_fixed;
	m->fixed = NULL;
	set_addrs(p, m);
	shared_again(p);
	p->endpoint = m->endpoint;
	news->endpoint(p);
	peer_is_back(p);
	news->peer(p);
}

void tunnel_peer_gone(uint32_t id)
{
	struct tunnel_peer *p = tunnel_peer_by_id(id);

	if (p)
		peer_die(p);
}

void tunnel_begin(void)
{
	struct tunnel_if *i;
	struct tunnel_peer *p;

	LIST_FOREACH (i, &ifs, link)
		i->seen = false;
	LIST_FOREACH (p, &peers, link) {
		p->seen = false;
		/* Its number means nothing to the new wgd until it is told again. */
		LIST_REMOVE(p, by_id);
		p->id = 0;
		LIST_INSERT_HEAD(&id_table[0], p, by_id);
	}
	LIST_FOREACH (p, &dead_peers, link)
		p->id = 0;
	LIST_FOREACH (p, &away_peers, link)
		p->id = 0;
}

void tunnel_synced(void)
{
	struct tunnel_peer *p, *next_peer;
	struct tunnel_if *i, *next_if;

	for (p = LIST_FIRST(&peers); p; p = next_peer) {
		next_peer = LIST_NEXT(p, link);
		if (!p->seen)
			peer_die(p);
	}
	for (i = LIST_FIRST(&ifs); i; i = next_if) {
		next_if = LIST_NEXT(i, link);
		if (!i->seen)
			tunnel_if_gone(i->ifindex);
	}
}

static void free_peers(struct tunnel_peers *list)
{
	struct tunnel_peer *p;

	while ((p = LIST_FIRST(list))) {
		LIST_REMOVE(p, link);
		free(p->addrs);
		free(p->places);
		free(p->fixed);
		free(p);
	}
}

static void free_ifs(struct tunnel_ifs *list)
{
	struct tunnel_if *i;

	while ((i = LIST_FIRST(list))) {
		LIST_REMOVE(i, link);
		free(i);
	}
}

void tunnel_reset(void)
{
	free_peers(&peers);
	free_peers(&dead_peers);
	free_peers(&away_peers);
	free_ifs(&ifs);
	free_ifs(&dead_ifs);
	memset(id_table, 0, sizeof(id_table));
	memset(index_table, 0, sizeof(index_table));
	hash_clear(&by_addr);
}
