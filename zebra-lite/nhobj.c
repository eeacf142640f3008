/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects that there are, and how they are written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "nhobj_internal.h"
#include "out.h"
#include "retry.h"
#include "rib_node.h"
#include "util.h"
#include "zconfig.h"

#define CREATE_TRIES 8 /* numbers that somebody else has */

struct nhobj_counters nhobj_counters;
struct nhobj_list nhobj_all = LIST_HEAD_INITIALIZER(nhobj_all);
static struct hash_table by_id; /* numbers follow each other: they are their own hashes */
static uint32_t last_id;
static bool no_resilient; /* by the kernel (before Linux 5.13): groups of the other kind */

/* Objects of IPv4, of IPv6, and groups. */
enum { KIND_IPV4, KIND_IPV6, KIND_GROUP, KINDS };

static struct lane {
	bool unsupported;   /* by the kernel: plain routes from then on, or one next hop */
	bool taken;	    /* the kernel took one: it refuses others for now only */
	bool missed;	    /* one was wanted and there was none */
	struct retry retry; /* creations that failed */
} lanes[KINDS];

static bool is_ours(uint32_t id)
{
	return id >= NHOBJ_FIRST && id <= NHOBJ_LAST;
}

struct nhobj *nhobj_find_id(uint32_t id)
{
	for (struct hash_node *h = hash_find(&by_id, id); h; h = hash_find_next(h)) {
		struct nhobj *o = container_of(h, struct nhobj, hash);

		if (o->id == id)
			return o;
	}
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

static struct nhobj *object_new(uint32_t id, uint32_t oif, uint8_t family)
{
	struct nhobj *o = xcalloc(1, sizeof(*o));

	o->id = id;
	o->oif = oif;
	o->family = family;
	o->epoch = rib_kernel_epoch;
	LIST_INSERT_HEAD(&nhobj_all, o, link);
	hash_insert(&by_id, &o->hash, id);
	nhobj_counters.objects++;
	return o;
}

static void object_free(struct nhobj *o)
{
	LIST_REMOVE(o, link);
	hash_remove(&by_id, &o->hash);
	nhobj_counters.objects--;
	free(o);
}

static uint32_t next_id(void)
{
	do {
		last_id =
			last_id >= NHOBJ_FIRST && last_id < NHOBJ_LAST ? last_id + 1 : NHOBJ_FIRST;
	} while (nhobj_find_id(last_id));
	return last_id;
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

bool nhobj_names(const struct nhobj *o, uint32_t leaf)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->member[i].leaf == leaf)
			return true;
	return false;
}

bool nhobj_unused(const struct nhobj *o)
{
	const struct nhobj *g;

	if (o->refs)
		return false;
	LIST_FOREACH (g, &nhobj_all, link)
		if (!g->gone && nhobj_names(g, o->id))
			return false;
	return true;
}

/* --- into the kernel --- */

int nhobj_write(struct nhobj *o, const struct nhobj_member *m, bool create)
{
	struct nhleg legs[ROUTE_HOPS_MAX];
	unsigned n = 0;

	o->moved = rib_kernel_epoch;
	if (!o->n)
		return out.nexthop_set(o->id, o->oif, o->family, zconfig.protocol, create);
	for (unsigned i = 0; i < o->n; i++)
		if (m[i].leaf)
			legs[n++] = (struct nhleg){m[i].leaf, m[i].weight};
	return out.nexthop_group(o->id, legs, n, o->resilient, zconfig.protocol, create);
}

bool nhobj_has_fallen(const struct nhobj *o)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n = nhobj_oifs(o, oifs);

	for (unsigned i = 0; i < n && out.link_fell; i++)
		if (out.link_fell(oifs[i], now_ms()))
			return true;
	return false;
}

/* What it is that cannot be done now only. All else is for good where none was ever taken: of an
 * interface or a leaf that has just gone the kernel says what it says of what it does not know. */
static bool is_passing(const struct nhobj *o, int err)
{
	return err == -EEXIST || err == -ENETDOWN || err == -ENODEV || err == -EACCES ||
	       err == -ENOMEM || err == -ENOBUFS || err == -EIO || nhobj_has_fallen(o);
}

static unsigned kind_of(const struct nhobj *o)
{
	return o->n ? KIND_GROUP : o->family == AF_INET6 ? KIND_IPV6 : KIND_IPV4;
}

bool nhobj_resilient(void)
{
	return zconfig.resilient && !no_resilient;
}

static void renumber(struct nhobj *o, uint32_t id)
{
	hash_remove(&by_id, &o->hash);
	o->id = id;
	hash_insert(&by_id, &o->hash, id);
}

/* A number that is there already is somebody else's: another one is taken. Groups are resilient
 * never again where one of the other kind is taken instead. */
static int write_new(struct nhobj *o, int tries)
{
	int err, plain;

	while ((err = nhobj_write(o, o->member, true)) == -EEXIST && --tries)
		renumber(o, next_id());
	if (err == 0 || !o->n || !o->resilient || is_passing(o, err))
		return err;
	o->resilient = false;
	plain = nhobj_write(o, o->member, true);
	no_resilient = plain == 0;
	if (no_resilient)
		log_warn("nexthop-group", "operation=create error=\"%s\" resilient=never",
			 strerror(-err));
	return plain;
}

static void say_refused(const struct nhobj *o, bool never, int err)
{
	if (o->n)
		log_warn("nexthop-group", "operation=create error=\"%s\" multipath=%s",
			 strerror(-err), never ? "never" : "later");
	else
		log_warn("nexthop-object",
			 "operation=create family=%s error=\"%s\" plain-routes=%s",
			 o->family == AF_INET6 ? "ipv6" : "ipv4", strerror(-err),
			 never ? "always" : "now");
}

struct nhobj *nhobj_begin(uint8_t family, unsigned n)
{
	struct nhobj probe = {.family = family, .n = (uint8_t)n}, *o;
	struct lane *lane = &lanes[kind_of(&probe)];

	lane->missed = lane->missed || retry_waits(&lane->retry);
	if (lane->unsupported || retry_waits(&lane->retry))
		return NULL;
	o = object_new(next_id(), 0, family);
	o->n = (uint8_t)n;
	return o;
}

struct nhobj *nhobj_create(struct nhobj *o)
{
	struct lane *lane = &lanes[kind_of(o)];
	uint32_t oifs[ROUTE_HOPS_MAX];
	int err;

	if (!nhobj_oifs(o, oifs)) { /* none of its leaves could be made */
		object_free(o);
		return NULL;
	}
	err = write_new(o, lane->retry.error ? 1 : CREATE_TRIES);
	if (err == 0) {
		lane->taken = true;
		retry_done(&lane->retry);
		return o;
	}
	lane->unsupported = !lane->taken && !is_passing(o, err);
	lane->missed = true;
	if (retry_failed(&lane->retry, err))
		say_refused(o, lane->unsupported, err);
	object_free(o);
	return NULL;
}

struct nhobj *nhobj_create_one(uint32_t oif, uint8_t family)
{
	struct nhobj *o = nhobj_begin(family, 0);

	if (!o)
		return NULL;
	o->oif = oif;
	return nhobj_create(o);
}

struct nhobj *nhobj_leaf(uint32_t oif, uint8_t family)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link)
		if (o->leaf && !o->gone && o->oif == oif && o->family == family)
			return o;
	o = nhobj_create_one(oif, family);
	if (o)
		o->leaf = true;
	return o;
}

bool nhobj_missed(uint64_t *ms)
{
	bool now = false;

	*ms = 0;
	for (struct lane *lane = lanes; lane < lanes + KINDS; lane++) {
		uint64_t left = retry_left_ms(&lane->retry);

		if (!lane->missed || lane->unsupported)
			continue;
		if (left && (!*ms || left < *ms))
			*ms = left;
		now = now || !left;
		lane->missed = left;
	}
	return now;
}

void nhobj_kick(void)
{
	for (unsigned i = 0; i < KINDS; i++)
		retry_kick(&lanes[i].retry);
}

void nhobj_give_up(uint8_t family)
{
	lanes[family == AF_INET6 ? KIND_IPV6 : KIND_IPV4].unsupported = true;
}

/* --- reading --- */

void nhobj_found(uint32_t id, uint32_t oif, uint8_t family)
{
	struct nhobj *o = is_ours(id) ? nhobj_find_id(id) : NULL;

	if (!is_ours(id))
		return;
	if (!o)
		o = object_new(id, oif, family);
	o->epoch = rib_kernel_epoch;
	if (o->oif == oif || o->gone)
		return;
	o->moved = rib_kernel_epoch;
	if (o->active.family || o->leaf)
		nhobj_write(o, o->member, false);
	else
		o->oif = oif;
}

void nhgroup_found(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient_one)
{
	struct nhobj *o = nhobj_find_id(id);
	unsigned known = 0, in = 0;

	if (!is_ours(id) || !n || n > ROUTE_HOPS_MAX)
		return;
	if (!o) {
		o = object_new(id, 0, 0);
		o->n = n;
		o->resilient = resilient_one;
		for (unsigned i = 0; i < n; i++)
			o->member[i] = (struct nhobj_member){{0}, 0, legs[i].id, legs[i].weight};
	}
	o->epoch = rib_kernel_epoch;
	if (o->gone || !o->member[0].addr.family)
		return;
	for (unsigned i = 0; i < o->n; i++)
		in += o->member[i].leaf != 0;
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < o->n; k++)
			known += legs[i].id == o->member[k].leaf &&
				 legs[i].weight == o->member[k].weight;
	if (known != n || known != in)
		nhobj_write(o, o->member, false); /* somebody changed it */
}

/* --- all of them --- */

void nhobj_collect(void)
{
	struct nhobj *o, *next;

	for (int leaves = 0; leaves < 2; leaves++) /* behind the groups that have them */
		for (o = LIST_FIRST(&nhobj_all); o; o = next) {
			next = LIST_NEXT(o, link);
			if ((o->n == 0) != (leaves == 1) || !nhobj_unused(o))
				continue;
			out.nexthop_del(o->id);
			object_free(o);
		}
}

void nhobj_renumber(void)
{
	struct nhobj *o;

	for (int groups = 0; groups < 2; groups++) /* behind what they lead to */
		LIST_FOREACH (o, &nhobj_all, link)
			if (!o->gone && (o->n != 0) == groups)
				nhobj_write(o, o->member, false);
}

void nhobj_teardown(void)
{
	struct nhobj *o;

	LIST_FOREACH (o, &nhobj_all, link) {
		out.nexthop_del(o->id);
		o->gone = true;
	}
}

void nhobj_table_reset(void)
{
	struct nhobj *o;

	while ((o = LIST_FIRST(&nhobj_all))) {
		ensure(!o->refs);
		object_free(o);
	}
	hash_clear(&by_id);
	last_id = 0;
	no_resilient = false;
	memset(lanes, 0, sizeof(lanes));
	nhobj_counters = (struct nhobj_counters){0};
}
