/* SPDX-License-Identifier: BSD-2-Clause */
#include "pin.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "configured.h"
#include "fib.h"
#include "keepin.h"
#include "keepin_default.h"
#include "log.h"
#include "loop.h"
#include "retry.h"
#include "uplink.h"
#include "zconfig.h"

#define TURN_MS 6000 /* WireGuard begins a handshake anew every 5 s */
#define TURN_MAX_MS 60000
#define TURN_LOOK_MS 500

static struct trie pins;
static struct timer turn_timer;
static struct log_bucket turn_bucket, refused_bucket;
static uint64_t kept_version; /* keepin_version() that those spared were looked at by */
static bool moved;	      /* a route around one of those was written since */
static bool endpoints_too;    /* one is inside a prefix that is kept in, or is so no more */

static void try_ways(void *arg);

static struct pin *pin_of(struct trie_node *t)
{
	return t ? container_of(t, struct pin, node) : NULL;
}

struct pin *pin_first(void)
{
	return pin_of(trie_first(&pins));
}

struct pin *pin_next(const struct pin *p)
{
	return pin_of(trie_next(&pins, &p->node));
}

/* A route to a prefix of LEN around it would take an endpoint's packets. */
static bool reaches(uint8_t len, const struct pin *pin)
{
	return !pin->n_ways || len >= pin->via_len;
}

static bool captures_by(uint8_t len, const struct pin *pin)
{
	return pin->peers && !pin->doubted && reaches(len, pin);
}

static bool captures(const struct rib_node *n, const struct pin *pin)
{
	return captures_by(n->len, pin);
}

/* No host route can help where P takes the endpoint's packets. */
static bool cannot_help(const struct pin *pin, const struct prefix *p)
{
	const struct rib_node *host = rib_find(&pin->node.p);

	return !zconfig.pin || prefix_eq(p, &pin->node.p) ||
	       (host && rib_refused_for(host, REASON_KERNEL_ERROR));
}

/* True when nothing can be done about N capturing an endpoint. */
static bool hopeless(const struct rib_node *n)
{
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n))) {
		struct pin *pin = pin_of(t);

		if (captures(n, pin) && (!pin->n_ways || cannot_help(pin, RIB_PREFIX(n))))
			return true;
	}
	return false;
}

/* Prefixes that cover the pin are looked at again. */
static void covers_again(const struct pin *pin)
{
	struct rib_node *n = rib_match(&pin->addr), *next;

	for (; n; n = next) {
		next = rib_cover(n);
		if (rib_refused_for(n, REASON_COVERS_ENDPOINT) && !hopeless(n))
			rib_clear(n, NULL, REASON_COVERS_ENDPOINT);
		if (pin_tunnelled(n))
			fib_dirty(n, false);
	}
}

static bool is_wanted(const struct pin *pin)
{
	for (struct rib_node *n = rib_match(&pin->addr); n; n = rib_cover(n))
		if (n->len < pin->node.p.len && pin_tunnelled(n) && reaches(n->len, pin))
			return true;
	return false;
}

/* True: they are others than before. */
static bool take_ways(struct pin *pin, const struct pin *from)
{
	bool same = from->n_ways == pin->n_ways && from->via_len == pin->via_len;

	for (unsigned i = 0; same && i < pin->n_ways; i++)
		same = from->way[i].oif == pin->way[i].oif &&
		       from->way[i].weight == pin->way[i].weight &&
		       addr_eq(&from->way[i].gateway, &pin->way[i].gateway);
	if (same)
		return false;
	pin->via_len = from->via_len;
	pin->n_ways = from->n_ways;
	memcpy(pin->way, from->way, sizeof(pin->way));
	pin->turns = 0;
	pin->turned_ms = 0;
	return true;
}

/* Those that its route is to have: all, or the one that is tried. */
static const struct way *ways_now(const struct pin *pin, unsigned *n)
{
	*n = pin->turns ? 1 : pin->n_ways;
	return pin->turns ? &pin->way[(pin->turns - 1) % pin->n_ways] : pin->way;
}

/* Its host route is in the kernel as it should be. */
static bool in_place(const struct pin *pin)
{
	const struct rib_node *host = rib_find(&pin->node.p);
	const struct fib *f = host ? rib_installed(host) : NULL;
	const struct way *w;
	unsigned n;

	w = ways_now(pin, &n);
	return f && n && f->oif == w->oif && addr_eq(&f->gateway, &w->gateway) &&
	       ways_are(f->ways, w, n);
}

/* N has a route, or a learned one that waits behind a pin. */
static bool has_way(const struct rib_node *n)
{
	struct rib_cand *c;
	enum rib_proto by = rib_select(n, &c);

	return by == RIB_PIN ? rib_hops(n) && rib_active_hop(n, rib_hops(n)) : by != RIB_NONE;
}

/* By a prefix of LEN or a longer one. */
static bool has_other_way(const struct pin *pin, uint8_t len)
{
	for (struct rib_node *n = rib_match(&pin->addr); n && n->len >= len; n = rib_cover(n))
		if (has_way(n))
			return true;
	return false;
}

/* Nothing but a default route that is kept in takes its packets: an endpoint's must leave by the
 * underlay even where that leads into a tunnel. */
static bool is_behind_default(const struct pin *pin)
{
	return keepin_default_on(pin->addr.family) && !has_other_way(pin, 1) &&
	       (pin->peers || !keepin_default_leads(pin->addr.family));
}

/* Its packets would meet what is kept in, and no route first. */
static bool is_held_back(const struct pin *pin)
{
	const struct keepin *e = keepin_match(&pin->addr);

	while (e && e->state != KEEPIN_WANTED && e->state != KEEPIN_PIN_AWAITED)
		e = keepin_cover(e);
	return e ? !has_other_way(pin, e->node.p.len) : is_behind_default(pin);
}

/* It is the endpoint of a tunnel that has none by which its packets may leave. */
static void note_refused(struct pin *pin)
{
	bool refused = pin->doubted && pin->wanted && !pin->placed;
	const struct tunnel_peer *p;

	if (refused && !pin->refused)
		LIST_FOREACH (p, tunnel_all_peers(), link)
			if (addr_eq(&p->pinned, &pin->addr))
				log_limited(&refused_bucket, LOG_LEVEL_WARN, "pin-refused",
					    "peer=%s interface=%s endpoint=%s reason=%s", p->name,
					    p->iface->name, ADDR_STR(&pin->addr),
					    reason_name(REASON_ENDPOINT_INSIDE));
	pin->refused = refused;
}

static void pin_place(struct pin *pin)
{
	bool captured = pin->peers && (pin->turns || is_wanted(pin));
	bool back = (pin->spared || (pin->peers && zconfig.pin)) && is_held_back(pin);
	const struct way *w;
	unsigned n;

	w = ways_now(pin, &n);
	pin->held = back && (pin->spared || !pin->doubted);
	pin->wanted = captured || back;
	pin->placed = pin->n_ways && ((captured && zconfig.pin && !pin->doubted) || pin->held);
	note_refused(pin);
	rib_own_route(&pin->node.p, RIB_PIN, w, pin->placed ? n : 0);
}

static void try_ways_soon(const struct pin *pin)
{
	if (pin->n_ways < 2)
		return;
	if (!turn_timer.ready)
		timer_init(&turn_timer, try_ways, NULL);
	timer_start(&turn_timer, 0);
}

static void pin_eval(struct pin *pin)
{
	struct pin to = {.addr = pin->addr};
	bool other, doubted;

	pin_find_underlay(&to);
	other = take_ways(pin, &to);
	doubted = pin_is_doubtful(pin);
	if (!other && doubted == pin->doubted) {
		pin_place(pin);
		return;
	}
	pin->doubted = doubted;
	if (doubted)
		pin->turns = 0;
	pin_place(pin);
	try_ways_soon(pin); /* its tunnel may be down already */
	covers_again(pin);
	keepin_look_over(&pin->addr);
}

static struct pin *pin_find(const struct addr *a)
{
	struct prefix host = prefix_of_addr(a);

	return pin_of(trie_exact(&pins, &host));
}

bool pin_doubts(const struct tunnel_peer *p)
{
	const struct pin *pin = p->pinned.family ? pin_find(&p->pinned) : NULL;

	return pin && pin->doubted;
}

static struct pin *pin_get(const struct addr *a)
{
	struct pin *pin = pin_find(a);
	struct prefix host = prefix_of_addr(a);

	if (pin)
		return pin;
	pin = xcalloc(1, sizeof(*pin));
	pin->addr = *a;
	trie_insert(&pins, &pin->node, &host);
	return pin;
}

/* It is an endpoint's now, or is none any more. */
static void peers_changed(struct pin *pin)
{
	pin_eval(pin);
	covers_again(pin);
	keepin_look_over(&pin->addr);
}

/* PIN was evaluated: it has no route where nobody needs it. */
static void trim(struct pin *pin)
{
	if (pin->peers || pin->spared)
		return;
	trie_remove(&pins, &pin->node);
	free(pin);
}

static void release(const struct addr *a, bool vouched)
{
	struct pin *pin = pin_find(a);

	if (!pin)
		return;
	pin->peers--;
	pin->vouched -= vouched;
	if (!pin->peers)
		pin->turns = 0;
	peers_changed(pin);
	trim(pin);
}

static void hold(const struct addr *a, bool vouched)
{
	struct pin *pin = pin_get(a);

	pin->peers++;
	pin->vouched += vouched;
	peers_changed(pin);
}

void pin_spare(const struct addr *list, size_t n)
{
	struct pin *pin, *next;

	for (pin = pin_first(); pin; pin = pin_next(pin))
		pin->spared = false;
	for (size_t i = 0; i < n; i++)
		pin_get(&list[i])->spared = true;
	for (pin = pin_first(); pin; pin = next) {
		next = pin_next(pin);
		pin_eval(pin);
		trim(pin);
	}
}

bool pin_moved(const struct prefix *p)
{
	for (struct trie_node *t = pins.count ? trie_first_in(&pins, p) : NULL; t && !moved;
	     t = trie_next_in(&pins, t, p))
		moved = pin_of(t)->spared || pin_of(t)->held;
	return moved;
}

void pin_kept_changed(const struct prefix *p)
{
	endpoints_too = endpoints_too || (pins.count && trie_first_in(&pins, p));
}

/* What waits for its host route, or goes with it, is judged again. */
static void look(struct pin *pin)
{
	bool there;

	pin_eval(pin);
	there = pin->held && in_place(pin);
	if (there != pin->there)
		keepin_look_over(&pin->addr);
	pin->there = there;
}

void pin_look_held(void)
{
	bool all = endpoints_too;

	if (!moved && !all && kept_version == keepin_version())
		return;
	moved = endpoints_too = false;
	kept_version = keepin_version();
	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin))
		if (all || pin->spared || pin->held)
			look(pin);
}

void pin_endpoint(struct tunnel_peer *p)
{
	struct addr old = p->pinned, now = p->endpoint.addr;
	bool was = p->vouched, is = configured_vouched(p->iface->name, p->name);

	if (addr_is_link_local(&now) || uplink_bypasses(p->iface))
		now = (struct addr){0};
	if (addr_eq(&old, &now) && was == is)
		return;
	p->pinned = now;
	p->vouched = is;
	if (now.family)
		hold(&now, is);
	if (old.family)
		release(&old, was);
}

static void pin_endpoints(const struct tunnel_peers *peers)
{
	struct tunnel_peer *p;

	LIST_FOREACH (p, peers, link)
		pin_endpoint(p);
}

void pin_uplinks_changed(void)
{
	pin_endpoints(tunnel_all_peers());
	pin_endpoints(tunnel_away_peers());
}

void pin_configured(void)
{
	pin_uplinks_changed();
	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin))
		pin_eval(pin);
}

/* --- a way that is dark --- */

static void ask_tunnels(void)
{
	struct tunnel_peer *p;

	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin))
		pin->down = pin->alive = false;
	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (p->pinned.family && p->iface->up) {
			struct pin *pin = pin_find(&p->pinned);

			pin->down |= p->state == TUNNEL_DOWN;
			pin->alive |= p->state > TUNNEL_DOWN || p->reason == REASON_UP_HOLD;
		}
}

static void turn(struct pin *pin)
{
	const struct way *w;
	unsigned n;

	pin->turns++;
	pin->turned_ms = now_ms();
	w = ways_now(pin, &n);
	log_limited(&turn_bucket, LOG_LEVEL_INFO, "pin-way", "endpoint=%s interface=%s gateway=%s",
		    ADDR_STR(&pin->addr), out.link_name ? out.link_name(w->oif) : "",
		    w->gateway.family ? ADDR_STR(&w->gateway) : "none");
	pin_place(pin);
}

/* Each has its time to bring the tunnel up. */
static bool turn_is_over(const struct pin *pin)
{
	unsigned rounds = pin->turns ? (pin->turns - 1) / pin->n_ways : 0;

	return now_ms() - pin->turned_ms >= retry_delay_ms(TURN_MS, rounds, TURN_MAX_MS);
}

static void try_ways(void *arg)
{
	bool any = false;

	ask_tunnels();
	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin)) {
		bool ask = pin->down && pin->n_ways > 1 && zconfig.pin && !pin->doubted;

		any = any || ask;
		if (!ask || pin->alive)
			pin->turned_ms = 0;
		else if (!pin->turned_ms || turn_is_over(pin))
			turn(pin);
	}
	if (any)
		timer_start(&turn_timer, TURN_LOOK_MS);
}

void pin_tunnel_changed(const struct tunnel_peer *p)
{
	const struct pin *pin = p->pinned.family ? pin_find(&p->pinned) : NULL;

	if (pin && p->state == TUNNEL_DOWN)
		try_ways_soon(pin);
}

/* --- what may change them --- */

/* True: there are some. */
static bool eval_inside(const struct prefix *p)
{
	struct trie_node *t = trie_first_in(&pins, p), *next;
	bool any = t != NULL;

	for (; t; t = next) {
		next = trie_next_in(&pins, t, p);
		pin_eval(pin_of(t));
	}
	return any;
}

void pin_route_changed(const struct prefix *p)
{
	if (pins.count)
		eval_inside(p);
}

bool pin_prefix_changed(struct rib_node *n)
{
	return pins.count && eval_inside(RIB_PREFIX(n));
}

void pin_try_again(const struct prefix *p)
{
	struct pin *pin = pins.count ? pin_of(trie_exact(&pins, p)) : NULL;

	if (pin)
		covers_again(pin);
}

bool pin_all_there(bool (*given_up)(const struct rib_node *host))
{
	ask_tunnels();
	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin)) {
		const struct rib_node *host = pin->placed ? rib_find(&pin->node.p) : NULL;

		if (host && !in_place(pin) && (pin->spared || pin->alive || !given_up(host)))
			return false;
	}
	return true;
}

enum pin_answer pin_ask(const struct rib_node *n)
{
	if (!pin_tunnelled(n))
		return PIN_CLEAR;
	if (hopeless(n))
		return PIN_REFUSED;
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n)))
		if (captures(n, pin_of(t)) && !in_place(pin_of(t)))
			return PIN_WAIT;
	return PIN_CLEAR;
}

/* Where nothing of the underlay leads to the endpoint there is nothing to take from it. */
enum pin_answer pin_ask_kept(const struct prefix *p)
{
	enum pin_answer answer = PIN_CLEAR;

	for (struct trie_node *t = pins.count ? trie_first_in(&pins, p) : NULL; t;
	     t = trie_next_in(&pins, t, p)) {
		const struct pin *pin = pin_of(t);

		if (!captures_by(p->len, pin))
			continue;
		if (cannot_help(pin, p))
			return PIN_REFUSED;
		if (pin->n_ways && !in_place(pin))
			answer = PIN_WAIT;
	}
	return answer;
}

void pin_hurry(const struct rib_node *n)
{
	for (struct trie_node *t = trie_first_in(&pins, RIB_PREFIX(n)); t;
	     t = trie_next_in(&pins, t, RIB_PREFIX(n))) {
		struct rib_node *host = rib_find(&pin_of(t)->node.p);

		if (host && captures(n, pin_of(t)) && !in_place(pin_of(t)))
			fib_dirty(host, true);
	}
}

void pin_config_changed(void)
{
	for (struct pin *pin = pin_first(); pin; pin = pin_next(pin)) {
		pin_eval(pin);
		covers_again(pin);
	}
}

void pin_reset(void)
{
	struct pin *pin;

	timer_stop(&turn_timer);
	turn_timer.ready = false;
	while ((pin = pin_first())) {
		trie_remove(&pins, &pin->node);
		free(pin);
	}
	kept_version = 0;
	moved = endpoints_too = false;
}
