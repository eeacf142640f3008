/* SPDX-License-Identifier: BSD-2-Clause */
#include "zplan_tables.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "daemon.h"
#include "fib.h"
#include "nexthop.h"
#include "nhobj.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "rehearse.h"
#include "rib.h"
#include "tunnel.h"
#include "util.h"
#include "zplan.h"
#include "zplan_mute.h"

#define LIST_MOST 1000 /* rows; all are counted */
#define TICK 4096      /* prefixes */

static void (*apply_config)(const json_t *config, uint32_t generation);
static void (*prune_config)(uint32_t generation);

void zplan_open(void (*apply)(const json_t *config, uint32_t generation),
		void (*prune)(uint32_t generation))
{
	apply_config = apply;
	prune_config = prune;
}

/* ---- what stood before */

/* A route as packets find it: objects move by themselves. */
struct way_out {
	uint8_t type, n; /* type 0: no route */
	struct addr gateway;
	bool noted;
	uint32_t oif[ROUTE_HOPS_MAX];
};
static struct way_out *ways_before; /* by the number of a struct fib; noted: a reference */
static uint32_t n_before;

struct changed {
	struct prefix prefix;
	uint32_t fib; /* number of what it had before, 0 nothing */
	size_t order;
};
static struct changed *changes;
static size_t n_changes, changes_cap;
static bool noting;

static struct way_out way_of(const struct fib *f)
{
	struct way_out w = {0};

	if (!f || !f->type)
		return w;
	w.type = f->type;
	w.gateway = f->gateway;
	w.n = (uint8_t)fib_oifs(f, w.oif);
	return w;
}

static void note_fibs(void)
{
	struct rib_node *n;
	uint32_t at = 0;

	n_before = fib_numbers.high;
	ways_before = xcalloc(n_before + 1, sizeof(*ways_before));
	while ((n = rib_walk(&at))) {
		struct fib *f = rib_installed(n);

		if (!f || ways_before[f->id].noted)
			continue;
		ways_before[f->id] = way_of(f);
		ways_before[f->id].noted = fib_ref(f);
	}
	noting = true;
}

static void forget_fibs(void)
{
	noting = false;
	for (uint32_t id = 1; id < n_before; id++)
		if (ways_before[id].noted)
			fib_unref(fib_at(id));
	free(ways_before);
	free(changes);
	ways_before = NULL;
	changes = NULL;
	n_changes = changes_cap = 0;
}

static void note_change(const struct rib_node *n)
{
	changes = xgrow(changes, n_changes, &changes_cap, sizeof(*changes));
	changes[n_changes] = (struct changed){rib_prefix(n), n->installed, n_changes};
	n_changes++;
}

/* ---- what comes of it */

/* N has what it should have. False: a pin has to come before. */
static bool book(struct rib_node *n)
{
	struct fib_plan plan;
	struct fib *target;

	n->flags |= NODE_LINGER_DUE; /* what lingers goes in the end */
	switch (fib_target(n, &plan, &target)) {
	case FIB_PIN_AWAITED:
		return false;
	case FIB_FOUND_STAYS:
		return true;
	case FIB_TARGET:
		break;
	}
	if (target == rib_installed(n)) {
		fib_unref(target);
		return true;
	}
	if (noting)
		note_change(n);
	fib_set_installed(n, target);
	if (plan.linger == LINGER_ANEW)
		fib_dirty(n, false);
	return true;
}

/* Books what is queued, and what that touches. */
static void book_all(void)
{
	struct rib_node **waiting = NULL, *n;
	size_t n_waiting = 0, cap = 0;
	unsigned booked;
	bool urgent;

	do {
		while (n_waiting)
			fib_dirty(waiting[--n_waiting], false);
		for (booked = 0;; booked++) {
			if (booked % TICK == 0)
				rehearse_tick();
			nexthop_run();
			if (!(n = fib_queue_take(&urgent)))
				break;
			if (book(n))
				continue;
			waiting = xgrow(waiting, n_waiting, &cap, sizeof(struct rib_node *));
			waiting[n_waiting++] = n;
		}
	} while (n_waiting && booked > n_waiting); /* else no pin comes any more */
	free(waiting);
}

/* ---- what wgd would say */

static bool is_gone(const json_t *gone, const struct tunnel_peer *p)
{
	json_t *entry;
	size_t i;

	json_array_foreach (gone, i, entry)
		if (str_eq(conf_str(entry, "interface", ""), p->iface->name) &&
		    str_eq(conf_str(entry, "peer", ""), p->name))
			return true;
	return false;
}

static void peers_go(const json_t *gone)
{
	struct tunnel_peer *p = LIST_FIRST(tunnel_all_peers()), *next;

	for (; p; p = next) {
		next = LIST_NEXT(p, link);
		if (is_gone(gone, p))
			tunnel_peer_gone(p->id);
	}
}

/* Those that go down without a word of their peers. */
static void interfaces_go_down(const json_t *gone)
{
	const struct tunnel_if *f;
	json_t *entry;
	size_t i;

	json_array_foreach (gone, i, entry)
		LIST_FOREACH (f, tunnel_all_ifs(), link) {
			struct msg_tunnel_if m = {.ifindex = f->ifindex,
						  .adopted = f->adopted,
						  .any = f->any,
						  .fwmark = f->fwmark};

			if (json_object_get(entry, "peer") ||
			    !str_eq(conf_str(entry, "interface", ""), f->name))
				continue;
			str_copy(m.name, f->name, sizeof(m.name));
			tunnel_if_told(&m);
		}
}

static const struct tunnel_peer *find_tunnel(const struct tunnel_if *f, const char *name)
{
	const struct tunnel_peer *p;

	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (p->iface == f && str_eq(p->name, name))
			return p;
	return NULL;
}

static uint32_t unused_id(void)
{
	uint32_t id = UINT32_MAX;

	while (tunnel_peer_by_id(id))
		id--;
	return id;
}

static void as_it_is(struct msg_tunnel_peer *m, const struct tunnel_peer *p)
{
	m->id = p->id;
	m->state = p->state;
	m->reason = p->reason;
	m->weak = p->weak;
	m->cost = p->cost;
	m->endpoint = p->endpoint;
	m->n_fixed = p->n_fixed;
	m->fixed = xmalloc((p->n_fixed + 1) * sizeof(*m->fixed));
	for (uint32_t i = 0; i < p->n_fixed; i++)
		m->fixed[i] = p->fixed[i];
}

static void never_heard_of(struct msg_tunnel_peer *m, const json_t *conf)
{
	size_t n;

	m->id = unused_id();
	m->state = TUNNEL_NEVER;
	m->cost = conf_u32(conf, "cost", 0);
	m->fixed = conf_prefixes(conf, "allowed-ips", &n);
	m->n_fixed = (uint32_t)n;
}

/* One that is new, or may have other addresses. */
static void peer_comes(const struct tunnel_if *f, const json_t *conf)
{
	const char *name = conf_str(conf, "name", "");
	const struct tunnel_peer *p = find_tunnel(f, name);
	struct msg_tunnel_peer m = {.ifindex = f->ifindex};
	size_t n;

	if (conf_bool(conf, "disabled", false))
		return;
	m.addrs = conf_addrs(conf, "tunnel-address", &n);
	m.n_addrs = (uint32_t)n;
	str_copy(m.name, name, sizeof(m.name));
	if (p)
		as_it_is(&m, p);
	else
		never_heard_of(&m, conf);
	tunnel_peer_told(&m);
	msg_free_tunnel_peer(&m);
}

static void peers_come(const json_t *candidate)
{
	const struct tunnel_if *f;
	json_t *interface, *peer;
	size_t i, k;

	json_array_foreach (conf_list(conf_get(candidate, "wireguard"), "interface"), i, interface)
		LIST_FOREACH (f, tunnel_all_ifs(), link)
			if (str_eq(f->name, conf_str(interface, "name", "")))
				json_array_foreach (conf_list(interface, "peer"), k, peer)
					peer_comes(f, peer);
}

/* ---- what bgpd would say */

static void hear_routes(const char *text, uint32_t generation)
{
	size_t size = strlen(text), len;
	uint8_t *body = xmalloc(size + 1);
	struct msg_routes m;

	if (sodium_base642bin(body, size, text, size, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    msg_get_routes(body, len, &m) == 0) {
		rib_bgp_routes(&m, generation);
		msg_free_routes(&m);
	}
	free(body);
}

/* ---- rows */

static struct {
	unsigned routes, entries;
} tally;

static json_t *zplan_side(const char *interface, const struct addr *gateway, const char *peer)
{
	return json_pack("{s:n, s:o, s:s?, s:s?}", "neighbor", "next-hop", json_addr(gateway),
			 "interface", interface[0] ? interface : NULL, "peer", peer);
}

static const char *name_of(uint32_t oif)
{
	return out.link_name ? out.link_name(oif) : "";
}

static json_t *route_side(const struct way_out *w, const struct fib *f)
{
	const struct tunnel_peer *p = w->n ? fib_owner_on(f, w->oif[0]) : NULL;
	char names[ROUTE_HOPS_MAX * 17] = "";
	size_t len = 0;

	if (!w->type)
		return json_null();
	for (unsigned i = 0; i < w->n; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? " " : "",
					name_of(w->oif[i]));
	return zplan_side(names, &w->gateway, p ? p->name : NULL);
}

/* FROM, TO: taken over; a null is none. */
static void say(json_t *rows, const char *kind, const struct prefix *p, const char *interface,
		json_t *from, json_t *to)
{
	const char *change = json_is_null(from) ? "made" : json_is_null(to) ? "removed" : "moved";
	json_t *row = json_pack("{s:s, s:s, s:o, s:s, s:b, s:o, s:o}", "kind", kind, "change",
				change, "prefix", json_prefix(p), "plane", plane_name(p->plane),
				"disruptive", !json_is_null(from), "from", from, "to", to);

	if (interface)
		json_object_set_new(row, "interface", json_string(interface));
	if (tally.routes + tally.entries <= LIST_MOST)
		json_array_append(rows, row);
	json_decref(row);
}

static bool same_way(const struct way_out *a, const struct way_out *b)
{
	return a->type == b->type && a->n == b->n && addr_eq(&a->gateway, &b->gateway) &&
	       memcmp(a->oif, b->oif, a->n * sizeof(a->oif[0])) == 0;
}

static json_t *owner_side(const struct tunnel_peer *p, uint32_t oif)
{
	static const struct addr none;

	return p ? zplan_side(name_of(oif), &none, p->name) : json_null();
}

static void say_entry(json_t *rows, const struct prefix *p, uint32_t oif,
		      const struct tunnel_peer *was, const struct tunnel_peer *is)
{
	if (was == is || (was && is && str_eq(was->name, is->name)))
		return;
	tally.entries++;
	say(rows, "entry", p, name_of(oif), owner_side(was, oif), owner_side(is, oif));
}

static void say_change(json_t *rows, const struct changed *c)
{
	const struct rib_node *n = rib_find(&c->prefix);
	const struct fib *was = fib_at(c->fib), *is = n ? rib_installed(n) : NULL;
	struct way_out after = way_of(is), none = {0};
	const struct way_out *before = was && c->fib < n_before ? &ways_before[c->fib] : &none;

	if (!same_way(before, &after)) {
		tally.routes++;
		say(rows, "route", &c->prefix, NULL, route_side(before, was),
		    route_side(&after, is));
	}
	for (unsigned i = 0; was && i < was->n; i++)
		say_entry(rows, &c->prefix, was->owner[i].ifindex, was->owner[i].peer,
			  fib_owner_on(is, was->owner[i].ifindex));
	for (unsigned i = 0; is && i < is->n; i++)
		if (!fib_owner_on(was, is->owner[i].ifindex))
			say_entry(rows, &c->prefix, is->owner[i].ifindex, NULL, is->owner[i].peer);
}

static int cmp_changes(const void *a, const void *b)
{
	const struct changed *x = a, *y = b;
	int by_prefix = prefix_cmp(&x->prefix, &y->prefix);

	return by_prefix ? by_prefix : x->order < y->order ? -1 : x->order > y->order;
}

/* Of a prefix that was booked several times the first one says what it had. */
static void say_changes(json_t *rows)
{
	if (n_changes)
		qsort(changes, n_changes, sizeof(*changes), cmp_changes);
	for (size_t i = 0; i < n_changes; i++)
		if (!i || !prefix_eq(&changes[i].prefix, &changes[i - 1].prefix))
			say_change(rows, &changes[i]);
}

/* ---- endpoints that are not believed by then */

/* Those that are now: nothing is new about them. */
static void note_doubts(json_t *doubts)
{
	const struct tunnel_peer *p;

	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (pin_doubts(p))
			json_array_append_new(doubts, json_addr(&p->pinned));
}

static bool is_noted(const json_t *doubts, const struct addr *a)
{
	json_t *text;
	size_t i;

	json_array_foreach (doubts, i, text)
		if (str_eq(json_string_value(text), ADDR_STR(a)))
			return true;
	return false;
}

static json_t *new_doubts(const json_t *before)
{
	const struct tunnel_peer *p;
	json_t *list = json_array();

	LIST_FOREACH (p, tunnel_all_peers(), link)
		if (pin_doubts(p) && !is_noted(before, &p->pinned))
			json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "interface",
							      p->iface->name, "peer", p->name,
							      "endpoint", json_addr(&p->pinned)));
	return list;
}

/* ---- the request */

json_t *zplan_tables(const json_t *args, json_t *rows)
{
	const json_t *candidate = json_object_get(args, "candidate"),
		     *gone = json_object_get(args, "gone"), *routes;
	uint32_t generation = daemon_generation() + 1;
	json_t *text, *doubts, *disbelieved;
	size_t i;

	routes = json_object_get(args, "routes");
	if (!fib_begun())
		return json_pack("{s:n, s:[]}", "tables", "disbelieved");
	doubts = json_array();
	note_doubts(doubts);
	zplan_mute();
	fib_wgd_away(); /* batches under way are queued again */
	book_all();
	note_fibs();
	apply_config(candidate, generation);
	peers_go(gone);
	interfaces_go_down(gone);
	peers_come(candidate);
	json_array_foreach (routes, i, text)
		hear_routes(json_string_value(text), generation);
	prune_config(generation);
	disbelieved = new_doubts(doubts);
	json_decref(doubts);
	if (!json_is_array(routes)) {
		forget_fibs();
		return json_pack("{s:n, s:o}", "tables", "disbelieved", disbelieved);
	}
	book_all();
	say_changes(rows);
	forget_fibs();
	return json_pack("{s:{s:i, s:i}, s:o}", "tables", "routes", (int)tally.routes, "entries",
			 (int)tally.entries, "disbelieved", disbelieved);
}

/* In the copy. */
static json_t *rehearsal(const json_t *args, json_t *rows)
{
	char error[MSG_ERROR_MAX];
	struct zconfig c;

	if (zconfig_read(json_object_get(args, "candidate"), &c, error, sizeof(error)) == 0) {
		zplan_rows(rows, &zconfig, &c);
		zconfig_free(&c);
	}
	return zplan_tables(args, rows);
}

void zplan_request(struct show *s)
{
	char error[MSG_ERROR_MAX];
	struct zconfig c;
	int err = zconfig_read(json_object_get(s->args, "candidate"), &c, error, sizeof(error));

	if (err < 0) {
		show_end(s, error);
		return;
	}
	zconfig_free(&c);
	rehearse(s, rehearsal, "changes");
}
