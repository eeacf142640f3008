/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * books: what each prefix has in both tables, as far as the kernel and wgd said so.
 *
 * That is one route, and on each tunnel interface one owner: an interned struct fib, shared by all
 * prefixes that have the same. Whatever follows from a change is told by what books_open() was
 * given.
 */
#ifndef WGBGP_ZEBRA_BOOKS_H
#define WGBGP_ZEBRA_BOOKS_H

#include "hash.h"
#include "islab.h"
#include "messages.h"
#include "rib_node.h"
#include "tunnel.h"
#include "ways.h"

struct nexthop;
struct nhobj;

#define FIB_OWNERS_MAX 16

struct fib_owner {
	uint32_t ifindex;
	struct tunnel_peer *peer;
};

struct fib {
	struct hash_node hash;
	uint32_t refs;
	uint32_t id;	   /* number, for struct rib_node */
	uint32_t oif;	   /* 0 when the route names an object, which moves: see fib_oif() */
	struct nhobj *nh;  /* nexthop object that the route names, or NULL; a reference */
	struct ways *ways; /* of a multipath route, or NULL; a reference */
	struct addr gateway;
	uint8_t type; /* RTN_…, 0: no route */
	uint8_t n;
	struct fib_owner owner[]; /* by ifindex */
};

/* What a prefix should have, before it is interned. */
struct fib_plan {
	uint32_t oif;
	struct nhobj *nh;
	struct ways *ways; /* not owned */
	struct addr gateway;
	uint8_t type, n;
	struct fib_owner owner[FIB_OWNERS_MAX]; /* sorted by fib_get() */
	struct addr hop; /* not kept: the next hop that gives the route, family 0 when none does */
	uint8_t proto;	 /* not kept: enum rib_proto that was selected */
	uint8_t linger;	 /* not kept: enum fib_linger */
	const struct nexthop *first; /* not kept: the hop, where there is a list */
};

/* What is to be done about the clock of entries whose path was withdrawn. */
enum fib_linger {
	LINGER_AS_IT_IS,
	LINGER_OVER, /* there are none any more */
	LINGER_ON,   /* there are some: it runs, or starts */
	LINGER_ANEW, /* it was due, and has to start again */
};

/* Interned; the caller owns one reference. NULL when the plan is empty. */
struct fib *fib_get(struct fib_plan *plan);
void fib_plan_route(struct fib_plan *plan, const struct fib *f);
/* All that F has but the interface's entry; F may be NULL. */
void fib_plan_but(struct fib_plan *plan, const struct fib *f, uint32_t ifindex);
/* False: there is no room for it. */
bool fib_plan_owner(struct fib_plan *plan, uint32_t ifindex, struct tunnel_peer *peer);
/* The plan has an entry on the interface. */
static inline bool fib_plan_has(const struct fib_plan *p, uint32_t ifindex)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->owner[i].ifindex == ifindex)
			return true;
	return false;
}

extern struct islab fib_numbers;	      /* struct fib * */
static inline struct fib *fib_at(uint32_t id) /* 0: NULL */
{
	return id ? *(struct fib **)islab_at(&fib_numbers, id) : NULL;
}
static inline struct fib *rib_installed(const struct rib_node *n) /* NULL: nothing */
{
	return fib_at(n->installed);
}
struct fib *fib_ref(struct fib *f);
void fib_unref(struct fib *f); /* NULL is fine */
struct tunnel_peer *fib_owner_on(const struct fib *f, uint32_t ifindex);
bool fib_same_route(const struct fib *a, const struct fib *b); /* NULL: no route */
/* Interfaces that packets leave by now; fib_oif(): of a route with one, else the first. */
unsigned fib_oifs(const struct fib *f, uint32_t oifs[ROUTE_HOPS_MAX]);
uint32_t fib_oif(const struct fib *f);
bool fib_leaves_by(const struct fib *f, uint32_t ifindex);
/* A link that it leaves by is down or was since: what happens to the route is the link's doing. */
bool fib_fell(const struct fib *f, uint64_t since_ms);
/* Wherever NH is named PEER has the entry on the interface. */
bool fib_all_own(const struct nhobj *nh, uint32_t ifindex, const struct tunnel_peer *peer);

/* BOOKED: N has something else; MOVED: its route, too. */
void books_open(void (*booked)(const struct rib_node *n, bool moved));
void books_reset(void); /* nothing is installed any more */
void fib_booked(const struct rib_node *n, bool moved); /* tells it: what follows may not be so */
/* N has F, whose reference they take; or its entries without a route. */
void fib_set_installed(struct rib_node *n, struct fib *f);
void fib_drop_route(struct rib_node *n);

#endif
