/* SPDX-License-Identifier: BSD-2-Clause */
#include "books.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "nhobj.h"
#include "out.h"
#include "rib_node.h"
#include "util.h"

struct islab fib_numbers = {.stride = sizeof(struct fib *)};

static struct hash_table fibs;
static struct fib
	*newest; /* the last one that was given: often the next one is the same; or NULL */
static void (*when_booked)(const struct rib_node *n, bool moved);

void books_open(void (*booked)(const struct rib_node *n, bool moved))
{
	when_booked = booked;
}

void books_reset(void)
{
	hash_clear(&fibs);
	newest = NULL;
	islab_destroy(&fib_numbers);
}

/* --- interning --- */

static uint32_t plan_hash(const struct fib_plan *p)
{
	struct key {
		struct addr gateway;
		uint64_t word[3 + 2 * FIB_OWNERS_MAX]; /* as many as are filled count */
	} key;
	size_t n = 0;

	memset(&key, 0, offsetof(struct key, word));
	key.gateway = p->gateway;
	key.word[n++] = (uint64_t)p->oif << 8 | p->type;
	key.word[n++] = (uintptr_t)p->nh;
	key.word[n++] = (uintptr_t)p->ways;
	for (unsigned i = 0; i < p->n; i++) {
		key.word[n++] = p->owner[i].ifindex;
		key.word[n++] = (uintptr_t)p->owner[i].peer;
	}
	return hash_bytes(&key, offsetof(struct key, word) + n * sizeof(key.word[0]));
}

static bool plan_equal(const struct fib *f, const struct fib_plan *p)
{
	if (f->type != p->type || f->oif != p->oif || f->nh != p->nh || f->n != p->n ||
	    f->ways != p->ways || !addr_eq(&f->gateway, &p->gateway))
		return false;
	for (unsigned i = 0; i < f->n; i++)
		if (f->owner[i].ifindex != p->owner[i].ifindex ||
		    f->owner[i].peer != p->owner[i].peer)
			return false;
	return true;
}

void fib_plan_route(struct fib_plan *p, const struct fib *f)
{
	p->type = f->type;
	p->oif = f->oif;
	p->nh = f->nh;
	p->ways = f->ways;
	p->gateway = f->gateway;
}

void fib_plan_but(struct fib_plan *p, const struct fib *f, uint32_t ifindex)
{
	if (!f)
		return;
	fib_plan_route(p, f);
	for (unsigned i = 0; i < f->n; i++)
		if (f->owner[i].ifindex != ifindex)
			fib_plan_owner(p, f->owner[i].ifindex, f->owner[i].peer);
}

bool fib_plan_owner(struct fib_plan *p, uint32_t ifindex, struct tunnel_peer *peer)
{
	unsigned i = p->n;

	if (p->n == FIB_OWNERS_MAX)
		return false;
	for (; i && p->owner[i - 1].ifindex > ifindex; i--)
		p->owner[i] = p->owner[i - 1];
	p->owner[i] = (struct fib_owner){ifindex, peer};
	p->n++;
	return true;
}

struct fib *fib_get(struct fib_plan *p)
{
	uint32_t hash;
	struct fib *f;

	if (!p->type && !p->n)
		return NULL;
	if (newest && plan_equal(newest, p))
		return fib_ref(newest);
	hash = plan_hash(p);
	for (struct hash_node *h = hash_find(&fibs, hash); h; h = hash_find_next(h)) {
		f = container_of(h, struct fib, hash);
		if (plan_equal(f, p)) {
			newest = f;
			return fib_ref(f);
		}
	}
	f = newest = xcalloc(1, sizeof(*f) + p->n * sizeof(f->owner[0]));
	f->refs = 1;
	f->id = islab_alloc(&fib_numbers);
	*(struct fib **)islab_at(&fib_numbers, f->id) = f;
	f->oif = p->oif;
	f->nh = nhobj_ref(p->nh);
	f->ways = ways_ref(p->ways);
	f->gateway = p->gateway;
	f->type = p->type;
	f->n = p->n;
	for (unsigned i = 0; i < p->n; i++)
		f->owner[i] = p->owner[i];
	hash_insert(&fibs, &f->hash, hash);
	fib_counters.fibs = fibs.count;
	return f;
}

struct fib *fib_ref(struct fib *f)
{
	if (f)
		f->refs++;
	return f;
}

void fib_unref(struct fib *f)
{
	if (!f)
		return;
	ensure(f->refs);
	if (--f->refs)
		return;
	if (f == newest)
		newest = NULL;
	hash_remove(&fibs, &f->hash);
	fib_counters.fibs = fibs.count;
	nhobj_unref(f->nh);
	ways_unref(f->ways);
	islab_release(&fib_numbers, f->id);
	free(f);
}

struct tunnel_peer *fib_owner_on(const struct fib *f, uint32_t ifindex)
{
	for (unsigned i = 0; f && i < f->n; i++)
		if (f->owner[i].ifindex == ifindex)
			return f->owner[i].peer;
	return NULL;
}

bool fib_same_route(const struct fib *a, const struct fib *b)
{
	if (!a || !b || !a->type || !b->type)
		return (a && a->type) == (b && b->type);
	return a->type == b->type && a->oif == b->oif && a->nh == b->nh && a->ways == b->ways &&
	       addr_eq(&a->gateway, &b->gateway);
}

unsigned fib_oifs(const struct fib *f, uint32_t oifs[ROUTE_HOPS_MAX])
{
	if (f->nh)
		return nhobj_oifs(f->nh, oifs);
	for (unsigned i = 0; f->ways && i < f->ways->n; i++)
		oifs[i] = f->ways->way[i].oif;
	if (f->ways)
		return f->ways->n;
	oifs[0] = f->oif;
	return f->oif != 0;
}

uint32_t fib_oif(const struct fib *f)
{
	uint32_t oifs[ROUTE_HOPS_MAX];

	return fib_oifs(f, oifs) ? oifs[0] : 0;
}

bool fib_leaves_by(const struct fib *f, uint32_t ifindex)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n = fib_oifs(f, oifs);

	for (unsigned i = 0; i < n; i++)
		if (oifs[i] == ifindex)
			return true;
	return false;
}

/* With a link the kernel drops its routes, those of IPv4 without a word: nobody's drift. */
bool fib_fell(const struct fib *f, uint64_t since_ms)
{
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	if (!f || !out.link_fell)
		return false;
	if (f->nh && f->nh->gone)
		return true;
	n = fib_oifs(f, oifs);
	for (unsigned i = 0; i < n; i++)
		if (out.link_fell(oifs[i], since_ms))
			return true;
	return false;
}

bool fib_all_own(const struct nhobj *nh, uint32_t ifindex, const struct tunnel_peer *peer)
{
	for (struct hash_node *h = hash_first(&fibs); h; h = hash_next(&fibs, h)) {
		const struct fib *f = container_of(h, struct fib, hash);

		if (f->nh == nh && fib_owner_on(f, ifindex) != peer)
			return false;
	}
	return true;
}

/* --- what a prefix has --- */

void fib_booked(const struct rib_node *n, bool moved)
{
	if (when_booked)
		when_booked(n, moved);
}

void fib_set_installed(struct rib_node *n, struct fib *f)
{
	bool moved = !fib_same_route(rib_installed(n), f);

	fib_unref(rib_installed(n));
	n->installed = f ? f->id : 0;
	rib_version++;
	if (moved) {
		n->since = now_ms() / 1000;
		n->epoch = (uint16_t)rib_kernel_epoch;
	}
	fib_booked(n, moved);
}

void fib_drop_route(struct rib_node *n)
{
	struct fib_plan plan = {0};
	const struct fib *f = rib_installed(n);

	for (unsigned i = 0; f && i < f->n; i++)
		fib_plan_owner(&plan, f->owner[i].ifindex, f->owner[i].peer);
	fib_set_installed(n, fib_get(&plan));
	if (!rib_installed(n))
		n->flags &= ~NODE_ADOPTED;
}
