/* SPDX-License-Identifier: BSD-2-Clause */
#include "nhobj.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "retry.h"
#include "rib_kernel.h"
#include "util.h"
#include "zconfig.h"

#define CREATE_TRIES 8 /* numbers that somebody else has */
#define REFUSED_MAX 8 /* routes by an object that the kernel refused: then no more objects */
#define HOME_TRIES 20 /* times nhobj_home_ms */

struct nhobj_counters nhobj_counters;
unsigned nhobj_home_ms = 100;

struct nhobj_list nhobj_all = LIST_HEAD_INITIALIZER(nhobj_all);
static uint32_t last_id;
static bool unsupported[2];	    /* by the kernel, of IPv4 and IPv6: plain routes from then on */
static struct retry create_retry[2]; /* creations that failed */
static unsigned refused;
static struct timer home_timer;

/* Which lists have prefixes with routes by which objects: sorted, good for one state of the RIB. */
static uint64_t *uses;
static size_t n_uses, uses_cap;
static uint64_t uses_version;

static bool is_ours(uint32_t id)
{
	return id >= NHOBJ_FIRST && id <= NHOBJ_LAST;
}

struct nhobj *nhobj_find_id(uint32_t id)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->id == id)
			return o;
	return NULL;
}

struct nhobj *nhobj_by_id(uint32_t id)
{
	struct nhobj *o = is_ours(id) ? nhobj_find_id(id) : NULL;

	return o && !o->gone ? o : NULL;
}

struct nhobj *nhobj_ref(struct nhobj *o)
{
	if (o)
		o->refs++;
	return o;
}

void nhobj_unref(struct nhobj *o)
{
	if (!o)
		return;
	ensure(o->refs);
	o->refs--;
}

struct nhobj *nhobj_new(uint32_t id, uint32_t oif, uint8_t family)
{
	struct nhobj *o = xcalloc(1, sizeof(*o));

	o->id = id;
	o->oif = oif;
	o->family = family;
	o->epoch = rib_kernel_epoch;
	LIST_INSERT_HEAD(&nhobj_all, o, link);
	nhobj_counters.objects++;
	return o;
}

static void object_free(struct nhobj *o)
{
	LIST_REMOVE(o, link);
	nhobj_counters.objects--;
	free(o);
}

uint32_t nhobj_next_id(void)
{
	do {
		last_id =
			last_id >= NHOBJ_FIRST && last_id < NHOBJ_LAST ? last_id + 1 : NHOBJ_FIRST;
	} while (nhobj_find_id(last_id));
	return last_id;
}

/* What it is that cannot be done now only, all else is for good. */
bool nhobj_passing(int err)
{
	return err == -EEXIST || err == -ENETDOWN || err == -ENODEV || err == -EACCES ||
	       err == -ENOMEM || err == -ENOBUFS || err == -EIO;
}

struct nhobj *nhobj_create(uint32_t oif, uint8_t family)
{
	bool six = family == AF_INET6;
	struct retry *retry = &create_retry[six];
	int err = -EEXIST, tries = retry->error ? 1 : CREATE_TRIES;
	uint32_t id = 0;

	if (unsupported[six] || retry_waits(retry))
		return NULL;
	for (int i = 0; i < tries && err == -EEXIST; i++) {
		id = nhobj_next_id();
		err = out.nexthop_set(id, oif, family, zconfig.protocol, true);
	}
	if (err == 0) {
		retry_done(retry);
		return nhobj_new(id, oif, family);
	}
	unsupported[six] = !nhobj_passing(err);
	if (retry_failed(retry, err))
		log_warn("nexthop-object", "what=create family=%d error=\"%s\" plain-routes=%s",
			 six ? 6 : 4, strerror(-err), unsupported[six] ? "always" : "now");
	return NULL;
}

/* --- which object a prefix gets --- */

bool nhobj_may_lead(const struct rib_node *n, const struct nexthop *nh, uint32_t not_oif)
{
	return nh->kind == HOP_TUNNEL && nh->oif && nh->oif != not_oif &&
	       (!rib_refusals(n) || !rib_refusal(n, &nh->addr));
}

static const struct hop_ref *in_list(const struct hopset *s, const struct addr *a)
{
	for (unsigned i = 0; i < s->n; i++)
		if (addr_eq(&s->ref[i].nh->addr, a))
			return &s->ref[i];
	return NULL;
}

/* What N's route would follow without FIRST, when that is a tunnel on another interface. Where
 * nothing else may be used one that only waits for its tunnel will do. */
static const struct nexthop *backup(const struct rib_node *n, const struct hopset *s,
				    const struct nexthop *first)
{
	const struct nexthop *best = NULL;
	unsigned best_level = HOP_OUT + 1;

	for (unsigned i = 0; i < s->n; i++) {
		const struct nexthop *nh = s->ref[i].nh;
		unsigned level = hop_level(&s->ref[i]);

		if (nh == first || level >= best_level ||
		    (rib_refusals(n) && rib_refusal(n, &nh->addr)))
			continue;
		if (level == HOP_OUT && !nhobj_may_lead(n, nh, first->oif))
			continue;
		best = nh;
		best_level = level;
	}
	return best && nhobj_may_lead(n, best, first->oif) ? best : NULL;
}

/* N may stay on the object that it has. */
static bool keeps(const struct nhobj *o, const struct rib_node *n, const struct hopset *s,
		  const struct nexthop *first, const struct nexthop *second)
{
	const struct hop_ref *other;

	if (!addr_eq(&o->active, &first->addr) || o->oif != first->oif)
		return false;
	other = in_list(s, &o->other);
	return other && nhobj_may_lead(n, other->nh, o->oif) &&
	       (other->nh == second || hop_level(other) != DEMOTED_NOT);
}

/* N wants its object home and can wait for it where it is. */
static bool waits_for_home(const struct nhobj *o, const struct rib_node *n, const struct hopset *s,
			   const struct nexthop *first)
{
	const struct hop_ref *active;

	if (!addr_eq(&o->home, &first->addr) || addr_eq(&o->active, &first->addr))
		return false;
	active = in_list(s, &o->active);
	return active && nexthop_usable(active->nh) && active->nh->oif == o->oif &&
	       nhobj_may_lead(n, active->nh, first->oif);
}

static void home_due(void *arg);

static void ask_home(struct nhobj *o)
{
	o->home_wanted = true;
	o->home_asked_ms = now_ms();
	if (!home_timer.ready)
		timer_init(&home_timer, home_due, NULL);
	if (!timer_running(&home_timer))
		timer_start(&home_timer, nhobj_home_ms);
}

static struct nhobj *find_pair(const struct nexthop *first, const struct nexthop *second,
			       uint8_t family)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (!o->gone && !o->leaf && o->family == family && o->oif == first->oif &&
		    addr_eq(&o->active, &first->addr) && addr_eq(&o->other, &second->addr))
			return o;
	return NULL;
}

static void set_pair(struct nhobj *o, const struct hopset *s, const struct nexthop *first,
		     const struct nexthop *second)
{
	o->active = first->addr;
	o->other = second->addr;
	o->home = first->addr;
	for (unsigned i = 0; i < s->n && s->ref[i].nh != first; i++)
		if (s->ref[i].nh == second)
			o->home = second->addr;
}

static struct nhobj *choose(const struct rib_node *n, const struct hopset *s,
			    const struct nexthop *first)
{
	const struct nexthop *second = backup(n, s, first);
	struct nhobj *o = rib_installed(n) ? rib_installed(n)->nh : NULL;
	uint8_t family = rib_family(n);

	if (o && !o->gone && o->active.family) {
		if (keeps(o, n, s, first, second))
			return o;
		if (waits_for_home(o, n, s, first)) {
			ask_home(o);
			return o;
		}
	}
	if (!second)
		return NULL;
	if (o && !o->gone && !o->active.family && o->oif == first->oif && o->family == family) {
		set_pair(o, s, first, second);
		return o;
	}
	o = find_pair(first, second, family);
	if (!o)
		o = nhobj_create(first->oif, family);
	if (o && !o->active.family)
		set_pair(o, s, first, second);
	return o;
}

void nhobj_choose(const struct rib_node *n, const struct hopset *s, const struct nexthop *first,
		  struct fib_plan *plan)
{
	if (!out.nexthop_set || first->kind != HOP_TUNNEL)
		return;
	plan->nh = nhgroup_choose(n, s, first);
	if (!plan->nh)
		plan->nh = choose(n, s, first);
	if (plan->nh)
		plan->oif = 0;
}

/* --- moves --- */

static int compare_uses(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t use_of(uint32_t hops, uint32_t object)
{
	return (uint64_t)hops << 32 | object;
}

/* One walk, whatever the number of questions until the RIB changes. */
static void read_uses(void)
{
	const struct rib_node *n;
	uint32_t at = 0;

	n_uses = 0;
	while ((n = rib_walk(&at))) {
		const struct nhobj *o = n->installed && n->hops ? rib_installed(n)->nh : NULL;
		uint64_t use = o ? use_of(n->hops, o->id) : 0;

		if (!o || (n_uses && uses[n_uses - 1] == use))
			continue;
		uses = xgrow(uses, n_uses, &uses_cap, sizeof(*uses));
		uses[n_uses++] = use;
	}
	qsort(uses, n_uses, sizeof(*uses), compare_uses);
	uses_version = rib_version;
}

/* A prefix with list S has a route by the object. */
static bool has_user(const struct nhobj *o, const struct hopset *s)
{
	uint64_t use = use_of(s->id, o->id);

	if (uses_version != rib_version)
		read_uses();
	return bsearch(&use, uses, n_uses, sizeof(*uses), compare_uses) != NULL;
}

/* By list S another peer is to have the entry on TO's interface, but the prefix was not yet looked
 * at. */
static bool disagrees(const struct nhobj *o, const struct hopset *s, const struct nexthop *to)
{
	bool before = false;

	for (unsigned i = 0; i < s->n && s->ref[i].nh != to && !before; i++) {
		const struct nexthop *nh = s->ref[i].nh;

		before = nh->kind == HOP_TUNNEL && nh->oif == to->oif && nexthop_usable(nh);
	}
	return before && has_user(o, s);
}

unsigned nhobj_oifs(const struct nhobj *o, uint32_t oifs[ROUTE_HOPS_MAX])
{
	unsigned n = 0;

	if (!o->n)
		oifs[n++] = o->oif;
	for (unsigned i = 0; i < o->n; i++) {
		const struct nhobj *leaf =
			o->member[i].leaf ? nhobj_find_id(o->member[i].leaf) : NULL;

		if (leaf)
			oifs[n++] = leaf->oif;
	}
	return n;
}

bool nhobj_leads_to(const struct nhobj *o, const struct addr *hop)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->member[i].leaf && addr_eq(&o->member[i].addr, hop))
			return true;
	return !o->n && addr_eq(&o->active, hop);
}

bool nhobj_all_agree(const struct nhobj *o, const struct nexthop *to)
{
	const struct hop_ref *ref;

	/* Without entries: that each prefix may go there was judged when its list was looked at,
	 * and a tunnel address leads to the same peer as then. */
	if (to->peer->iface->any)
		return !to->depth;
	LIST_FOREACH (ref, &to->users, link)
		if (disagrees(o, ref->set, to))
			return false;
	return fib_all_own(o, to->oif, to->peer);
}

static void move(struct nhobj *o, const struct nexthop *to)
{
	int err;

	if (o->gone || !o->refs || to->kind != HOP_TUNNEL || !nexthop_usable(to) ||
	    to->oif == o->oif)
		return;
	if (!nhobj_all_agree(o, to))
		return;
	err = out.nexthop_set(o->id, to->oif, o->family, zconfig.protocol, false);
	if (err < 0) {
		log_warn("nexthop-object", "what=move id=%u error=\"%s\"", o->id, strerror(-err));
		o->gone = o->gone || err == -ENOENT;
		return;
	}
	o->other = o->active;
	o->active = to->addr;
	o->oif = to->oif;
	nhobj_counters.moves++;
	log_info("nexthop-moved", "id=%u interface=%s next-hop=%s", o->id, to->peer->iface->name,
		 ADDR_STR(&to->addr));
}

static bool link_is_up(uint32_t ifindex)
{
	const struct tunnel_if *iface = tunnel_if_by_index(ifindex);

	return iface && iface->up && (!out.link_up || out.link_up(ifindex));
}

/* TO is better than the active hop, and by the list of each prefix that uses the object, too. */
static bool all_prefer(const struct nhobj *o, const struct nexthop *to)
{
	const struct hop_ref *ref;

	LIST_FOREACH (ref, &to->users, link) {
		const struct hop_ref *active = in_list(ref->set, &o->active);

		if (active && hop_level(active) <= hop_level(ref) && has_user(o, ref->set))
			return false;
	}
	return true;
}

void nhobj_hop_changed(const struct nexthop *nh)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		const struct nexthop *active, *other;

		if (o->n && nhgroup_has(o, &nh->addr))
			nhgroup_update(o);
		if (o->n || o->gone ||
		    (!addr_eq(&o->active, &nh->addr) && !addr_eq(&o->other, &nh->addr)))
			continue;
		active = nexthop_find(&o->active);
		other = nexthop_find(&o->other);
		if (active && nexthop_usable(active) && active->oif == o->oif) {
			if (active->reach == REACH_DEGRADED && other && other->reach == REACH_UP &&
			    all_prefer(o, other))
				move(o, other);
			continue;
		}
		if (!link_is_up(o->oif))
			o->gone = true; /* the kernel has flushed it, and its routes */
		else if (other)
			move(o, other);
	}
}

static void home_due(void *arg)
{
	bool again = false, queued = fib_counters.queued; /* before those that are home queue some */
	uint64_t now = now_ms();
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		struct nexthop *home;

		if (!o->home_wanted || o->n)
			continue;
		if ((now - o->home_asked_ms < nhobj_home_ms || queued) &&
		    o->home_tries++ < HOME_TRIES) {
			again = true;
			continue;
		}
		o->home_wanted = false;
		o->home_tries = 0;
		home = nexthop_find(&o->home);
		if (home)
			move(o, home);
		o->home = o->active; /* where it stays, who wants the other one finds another object */
		if (home)
			nexthop_users_dirty(home);
	}
	if (again)
		timer_start(&home_timer, nhobj_home_ms);
}

/* No route by it, and no group that has it. */
static bool unused(const struct nhobj *o)
{
	const struct nhobj *g;

	if (o->refs)
		return false;
	LIST_FOREACH (g, &nhobj_all, link)
		if (!g->gone && nhgroup_names(g, o->id))
			return false;
	return true;
}

bool nhobj_busy(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (unused(o))
			return true;
	return nhgroup_busy() || (home_timer.ready && timer_running(&home_timer));
}

/* --- the kernel --- */

void nhobj_lose(struct nhobj *o)
{
	struct nexthop *nh = nexthop_find(&o->active);

	if (o->gone)
		return;
	o->gone = true;
	nhobj_counters.lost++;
	log_warn("nexthop-object", "what=lost id=%u", o->id);
	if (nh)
		nexthop_users_dirty(nh);
	for (unsigned i = 0; i < o->n; i++) {
		nh = nexthop_find(&o->member[i].addr);
		if (nh)
			nexthop_users_dirty(nh);
	}
	if (o->leaf)
		nhgroup_leaf_lost(o->id);
	fib_look(); /* its groups get another one when the queue is worked off */
}

void nhobj_lost(uint32_t id)
{
	struct nhobj *o = nhobj_by_id(id);

	if (!o)
		return;
	nhobj_lose(o);
	out.resync("a nexthop object was deleted");
}

void nhobj_refused(struct nhobj *o)
{
	if (o->gone)
		return;
	if (++refused > REFUSED_MAX)
		unsupported[o->family == AF_INET6] = true;
	nhobj_lost(o->id);
}

void nhobj_link_down(uint32_t ifindex)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->oif == ifindex && !o->gone) {
			o->gone = true;
			nhgroup_leaf_lost(o->id);
		}
}

void nhobj_found(uint32_t id, uint32_t oif, uint8_t family)
{
	struct nhobj *o = is_ours(id) ? nhobj_find_id(id) : NULL;

	if (!is_ours(id))
		return;
	if (!o)
		o = nhobj_new(id, oif, family);
	o->epoch = rib_kernel_epoch;
	if (o->oif == oif || o->gone)
		return;
	if (o->active.family || o->leaf)
		out.nexthop_set(id, o->oif, o->family, zconfig.protocol, false);
	else
		o->oif = oif;
}

void nhobj_read(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->epoch != rib_kernel_epoch)
			nhobj_lose(o);
}

void nhobj_collect(void)
{
	struct nhobj *o, *next;

	for (int leaves = 0; leaves < 2; leaves++) /* behind the groups that have them */
		for (o = LIST_FIRST(&nhobj_all); o; o = next) {
			next = LIST_NEXT(o, link);
			if ((o->n == 0) != (leaves == 1) || !unused(o))
				continue;
			out.nexthop_del(o->id);
			object_free(o);
		}
}

void nhobj_renumber(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (!o->gone && !o->n)
			out.nexthop_set(o->id, o->oif, o->family, zconfig.protocol, false);
	LIST_FOREACH (o, &nhobj_all, link)
		if (!o->gone && o->n)
			nhgroup_write(o);
}

void nhobj_teardown(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		out.nexthop_del(o->id);
		o->gone = true;
	}
}

void nhobj_reset(void)
{
	struct nhobj *o;

	while ((o = LIST_FIRST(&nhobj_all))) {
		ensure(!o->refs);
		object_free(o);
	}
	if (home_timer.ready)
		timer_stop(&home_timer);
	home_timer.ready = false;
	free(uses);
	uses = NULL;
	n_uses = uses_cap = 0;
	uses_version = 0;
	nhgroup_reset();
	last_id = 0;
	refused = 0;
	memset(unsupported, 0, sizeof(unsupported));
	memset(create_retry, 0, sizeof(create_retry));
	nhobj_counters = (struct nhobj_counters){0};
}
