/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_kernel.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fib.h"
#include "fib_retry.h"
#include "keepin.h"
#include "log.h"
#include "loop.h"
#include "nhobj.h"
#include "planes.h"
#include "rib.h"
#include "zconfig.h"

#define SWEEP_NODES 4096 /* a turn */

static struct job sweep_job;
static uint32_t sweep_at; /* place of the walk */
static void (*sweep_done)(void);
static bool strays, reading;
static bool unsure;	 /* whether routes are there, by objects that moved during the reading */
static uint32_t *scope;	 /* interfaces whose routes this reading has */
static unsigned n_scope; /* 0: all */
static struct log_bucket drift_bucket;

static bool of_interest(const struct prefix *p)
{
	struct addr a = addr_of_prefix(p);

	if (p->family == AF_INET)
		return p->len < 4 || (p->b[0] & 0xf0) != 0xe0;
	return !(p->len >= 8 && p->b[0] == 0xff) && !(p->len >= 10 && addr_is_link_local(&a));
}

static bool same_cand(const struct rib_cand *c, const struct kroute *r)
{
	return (c->proto == RIB_KERNEL || c->proto == RIB_CONNECTED) && c->metric == r->metric &&
	       c->kprotocol == r->protocol && c->oif == r->oif && c->type == r->type &&
	       addr_eq(&c->gateway, &r->gateway) && ways_are(c->ways, r->way, r->n_ways);
}

static struct rib_cand *find_foreign(const struct rib_node *n, const struct kroute *r)
{
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if (same_cand(c, r))
			return c;
	return NULL;
}

static bool metric_taken(const struct rib_node *n)
{
	for (struct rib_cand *c = rib_others(n); c; c = c->next)
		if ((c->proto == RIB_KERNEL || c->proto == RIB_CONNECTED) &&
		    c->metric == zconfig.metric)
			return true;
	return false;
}

/* No route of somebody else is in N's place any more. */
static void place_free(struct rib_node *n)
{
	if (!rib_refused_for(n, REASON_FOREIGN_ROUTE))
		return;
	fib_retry_cleared(n);
	rib_clear(n, NULL, REASON_FOREIGN_ROUTE);
}

static void foreign_changed(struct rib_node *n)
{
	if (rib_refusals(n) && !metric_taken(n))
		place_free(n);
	rib_others_changed(n);
}

static void note_drift(const struct rib_node *n)
{
	fib_counters.drift++;
	fib_counters.drift_ms = now_ms();
	log_limited(&drift_bucket, LOG_LEVEL_WARN, "drift-repaired", "prefix=%s table=%u",
		    PREFIX_STR(RIB_PREFIX(n)), zconfig.plane_table[n->plane]);
}

/* The kernel was found without our route, or with something else in its place. */
static void route_lost(struct rib_node *n)
{
	if (fib_fell(rib_installed(n), n->since * 1000ull))
		fib_counters.flushed++;
	else
		note_drift(n);
	fib_drop_route(n);
	fib_dirty(n, true);
}

/* A route of ours is there that differs from what we know of: of an earlier life, or somebody
 * changed it. */
static void route_found(struct rib_node *n, const struct kroute *r)
{
	const struct fib *f = rib_installed(n); /* until fib_set_installed() */
	bool changed = f && f->type;
	struct ways *ways = ways_get(r->way, r->n_ways);
	struct fib_plan plan = {.type = r->type, .gateway = r->gateway, .ways = ways};

	if (changed)
		note_drift(n);
	else if (!f || !fib_begun())
		n->flags |= NODE_ADOPTED;
	plan.nh = nhobj_by_id(r->nhid);
	plan.oif = plan.nh ? 0 : r->oif;
	for (unsigned i = 0; f && i < f->n; i++)
		fib_plan_owner(&plan, f->owner[i].ifindex, f->owner[i].peer);
	fib_set_installed(n, fib_get(&plan));
	ways_unref(ways);
	fib_dirty(n, changed);
}

/* The notification says that the route took the place of the one with the same metric. That is
 * none of rib_kernel_addr(), which the kernel does not have in this table. */
static void replaced(struct rib_node *n, const struct kroute *r)
{
	struct rib_cand *c, *next;

	for (c = rib_others(n); c; c = next) {
		next = c->next;
		if ((c->proto == RIB_KERNEL || c->proto == RIB_CONNECTED) &&
		    c->metric == r->metric && c->type != RTN_LOCAL && !same_cand(c, r))
			rib_cand_free(n, c);
	}
	if (r->metric == zconfig.metric && rib_installed(n) && rib_installed(n)->type)
		route_lost(n);
}

/* IPv6 tells of a multipath route as a whole when it has one way more, and of each way that goes.
 */
static void grown(struct rib_node *n, const struct kroute *r)
{
	struct rib_cand *c, *next;

	for (c = rib_others(n); c; c = next) {
		next = c->next;
		if (c->proto == RIB_KERNEL && c->metric == r->metric && c->gateway.family &&
		    c->kprotocol == r->protocol && !same_cand(c, r))
			rib_cand_free(n, c);
	}
}

static bool is_one_of(const struct rib_node *n, const struct kroute *r)
{
	for (const struct rib_cand *c = rib_others(n); c; c = c->next)
		if (c->ways && c->metric == r->metric && c->kprotocol == r->protocol)
			return true;
	return false;
}

/* Where C belongs, so that the first one of a metric is the one in use, as it is for the kernel: by
 * a listing, behind those that it gave before, or where it is one by interfaces, behind all; by a
 * notification, behind all where it says so, or for IPv6; else in front. */
static void put_in_order(struct rib_node *n, struct rib_cand *c, const struct kroute *r)
{
	struct rib_cand **head = &rib_extra_of(n)->others, **to = head, **at = head;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (at = head; *at; at = &(*at)->next)
		if (r->listed ? n_scope || (*at)->epoch == rib_kernel_epoch
			      : r->appended || r->prefix.family == AF_INET6)
			to = &(*at)->next;
	c->next = *to;
	*to = c;
}

/* A reading found the candidate C again. One by interfaces does not tell the order among all. */
static void foreign_seen(struct rib_node *n, struct rib_cand *c, const struct kroute *r)
{
	const struct rib_cand *in_use = rib_foreign(n);

	if (!r->listed || n_scope || c->epoch == rib_kernel_epoch)
		return;
	put_in_order(n, c, r);
	if (rib_foreign(n) != in_use)
		foreign_changed(n);
}

static void foreign_told(const struct kroute *r, bool present)
{
	struct rib_node *n = present ? rib_get(&r->prefix) : rib_find(&r->prefix);
	struct rib_cand *c = n ? find_foreign(n, r) : NULL;

	if (!n)
		return;
	if (!present) {
		if (!c && is_one_of(n, r))
			out.resync("a way of a multipath route went");
		if (!c)
			return;
		rib_cand_free(n, c);
		foreign_changed(n);
		return;
	}
	if (r->replaced)
		replaced(n, r);
	else if (r->n_ways && r->prefix.family == AF_INET6)
		grown(n, r);
	if (c) {
		foreign_seen(n, c, r);
	} else {
		bool own = r->protocol == RTPROT_KERNEL && !r->gateway.family;

		c = rib_cand_new(n, own ? RIB_CONNECTED : RIB_KERNEL);
		c->kprotocol = r->protocol;
		c->type = r->type;
		c->oif = r->oif;
		c->metric = r->metric;
		c->gateway = r->gateway;
		c->ways = ways_get(r->way, r->n_ways);
		put_in_order(n, c, r);
		c->epoch = rib_kernel_epoch;
		foreign_changed(n);
	}
	c->epoch = rib_kernel_epoch;
}

static bool as_installed(const struct rib_node *n, const struct kroute *r)
{
	const struct fib *f = rib_installed(n);

	if (!f || f->type != r->type)
		return false;
	if (f->nh)
		return f->nh->id == r->nhid;
	if (r->type != RTN_UNICAST) /* for IPv6 the kernel names the loopback */
		return true;
	return !r->nhid && f->oif == r->oif && addr_eq(&f->gateway, &r->gateway) &&
	       ways_are(f->ways, r->way, r->n_ways);
}

static void ours_told(const struct kroute *r, bool present)
{
	struct rib_node *n = present ? rib_get(&r->prefix) : rib_find(&r->prefix);

	if (!n)
		return;
	if (!present) {
		if (as_installed(n, r))
			route_lost(n);
		return;
	}
	/* What we wrote since the reading began is newer than what the reading says. */
	if (!as_installed(n, r) && !(reading && n->epoch == (uint16_t)rib_kernel_epoch))
		route_found(n, r);
	n->epoch = (uint16_t)rib_kernel_epoch;
	place_free(n);
}

/* The plane that the route belongs to, or -1. What the kernel makes for an interface's address is
 * in its main table, whatever plane the interface is in. */
static int plane_of(const struct kroute *r)
{
	if (r->table == RT_TABLE_MAIN && r->protocol == RTPROT_KERNEL && !r->gateway.family &&
	    planes_several() && out.link_name) {
		int plane = plane_of_interface(out.link_name(r->oif));

		if (plane)
			return plane;
	}
	return zplane_by_table(r->table);
}

/* The host route of a link-local address is of its link: other links have others. */
static void put_on_link(struct kroute *r)
{
	struct addr a = addr_of_prefix(&r->prefix);

	if (!addr_is_link_local(&a) || r->prefix.len != family_bits(a.family))
		return;
	a = addr_on_link(&a, out.link_name ? out.link_name(r->oif) : "");
	r->prefix = prefix_of_addr(&a);
}

void rib_kernel_route(const struct kroute *told, bool present)
{
	struct kroute here = *told, *r = &here;
	int plane = plane_of(r);

	if (plane < 0 || (r->protocol != zconfig.protocol && !of_interest(&r->prefix)))
		return;
	put_on_link(r);
	r->prefix.plane = (uint8_t)plane;
	fib_settle();
	if (present && r->protocol == zconfig.protocol && !keepin_looks_ours(r))
		fib_found();
	if (keepin_is_ours(r)) {
		keepin_told(r, present);
	} else if (keepin_looks_ours(r)) {
		return; /* below every route, so nobody's rival */
	} else if (r->protocol != zconfig.protocol) {
		foreign_told(r, present);
	} else if (r->metric == zconfig.metric) {
		ours_told(r, present);
	} else if (present) {
		strays = true;
		if (fib_is_swept())
			out.route(ROUTE_DEL, r, NULL);
	}
}

/* For 10.0.0.1/32, on lo say, the kernel has no route in its main table; connected it is all the
 * same: `network` and `redistribute connected` may mean it. For IPv6 there is a route. */
void rib_kernel_addr(const struct kaddr *a, bool present)
{
	struct prefix host = prefix_of_addr(&a->local);
	struct kroute r = {
		.prefix = host,
		.table = RT_TABLE_MAIN,
		.oif = a->ifindex,
		.protocol = RTPROT_KERNEL,
		.type = RTN_LOCAL, /* no next hop is reached by it */
	};

	if (host.family == AF_INET && prefix_eq(&host, &a->subnet))
		rib_kernel_route(&r, present);
}

void rib_kernel_begin(void)
{
	rib_kernel_begin_by(NULL, 0);
}

void rib_kernel_begin_by(const uint32_t *oifs, unsigned n)
{
	scope = xrealloc(scope, (n + 1) * sizeof(*scope));
	for (n_scope = 0; n_scope < n; n_scope++)
		scope[n_scope] = oifs[n_scope];
	if (sweep_job.ready)
		job_stop(&sweep_job);
	rib_kernel_epoch++;
	strays = unsure = false;
	reading = true;
}

static bool is_read(uint32_t oif)
{
	bool found = !n_scope;

	for (unsigned i = 0; i < n_scope; i++)
		found = found || scope[i] == oif;
	return found;
}

/* The reading would have had a route like this one. */
static bool is_read_route(const struct fib *f)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n = fib_oifs(f, oifs);
	bool found = !n_scope || (f->nh && f->nh->gone);

	for (unsigned i = 0; i < n; i++)
		found = found || is_read(oifs[i]);
	return found;
}

/* Its object was led elsewhere during a reading by interfaces: which of them the kernel listed the
 * route by, if by any, is unknown. */
static bool has_moved(const struct fib *f)
{
	return n_scope && f->nh && !f->nh->gone && f->nh->moved == rib_kernel_epoch;
}

/* The reading did not have our route of N. */
static void ours_missed(struct rib_node *n)
{
	const struct fib *f = rib_installed(n);

	if (has_moved(f))
		unsure = true;
	else if (is_read_route(f))
		route_lost(n);
}

static bool is_read_cand(const struct rib_cand *c)
{
	bool found = is_read(c->oif);

	for (unsigned i = 0; i < n_scope; i++)
		found = found || ways_have(c->ways, scope[i]);
	return found;
}

/* C was not found. What is left of a multipath route by other interfaces was not looked for. */
static void foreign_missed(struct rib_node *n, struct rib_cand *c)
{
	if (n_scope && c->ways)
		out.resync("a multipath route went");
	rib_cand_free(n, c);
}

/* The kernel said that N's place was taken, and a reading of everything found nobody there: it was
 * a route of ours that went meanwhile, say. Ours is written when the time of what was refused
 * comes. */
static void check_place(struct rib_node *n)
{
	if (!n_scope && rib_refused_for(n, REASON_FOREIGN_ROUTE) && !metric_taken(n))
		rib_clear(n, NULL, REASON_FOREIGN_ROUTE);
}

static void rib_kernel_check(struct rib_node *n)
{
	const struct fib *f = rib_installed(n);
	struct rib_cand *c, *next;
	bool changed = false;

	if (f && f->type && n->epoch != (uint16_t)rib_kernel_epoch)
		ours_missed(n);
	for (c = rib_others(n); c; c = next) {
		next = c->next;
		if ((c->proto != RIB_KERNEL && c->proto != RIB_CONNECTED) ||
		    c->epoch == rib_kernel_epoch || !is_read_cand(c))
			continue;
		foreign_missed(n, c);
		changed = true;
	}
	if (changed)
		foreign_changed(n);
	check_place(n);
}

static bool rib_kernel_sweep(void *arg)
{
	struct rib_node *n;

	fib_settle();
	for (int i = 0; i < SWEEP_NODES; i++) {
		n = rib_walk(&sweep_at);
		if (!n)
			break;
		rib_kernel_check(n);
	}
	if (n)
		return true;
	if (unsure)
		out.resync("nexthop objects moved");
	unsure = false;
	if (sweep_done)
		sweep_done();
	return false;
}

void rib_kernel_end(void (*done)(void))
{
	if (strays)
		out.route_flush();
	if (!n_scope)
		keepin_read_end(); /* those lead nowhere */
	sweep_done = done;
	reading = false;
	sweep_at = 0;
	if (!sweep_job.ready)
		job_init(&sweep_job, rib_kernel_sweep, NULL);
	job_start(&sweep_job);
}

void rib_kernel_link_changed(uint32_t ifindex)
{
	uint32_t at = 0;
	struct rib_node *n;

	while ((n = rib_walk(&at))) {
		bool hit = false;

		for (struct rib_cand *c = rib_others(n); c && !hit; c = c->next)
			hit = c->oif == ifindex || ways_have(c->ways, ifindex);
		if (hit)
			rib_others_changed(n);
	}
}

void rib_kernel_take_strays(void)
{
	if (strays)
		out.resync("routes of ours with another metric");
}

void rib_kernel_reset(void)
{
	if (sweep_job.ready)
		job_stop(&sweep_job);
	sweep_job.ready = strays = reading = unsure = false;
	free(scope);
	scope = NULL;
	n_scope = 0;
}
