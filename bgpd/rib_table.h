/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_table: the memory of the tables: networks and paths.
 *
 * Each plane has a table of each family; what is in one never meets what is in another, except
 * that a path may be leaked: then it stands in two of them.
 *
 * There may be millions of both, so they are small, live in slabs of fixed size and name each other
 * by 32-bit numbers (0: none) instead of pointers. A network is found by an exact match in a keyed
 * hash (its prefix comes from the wire); a longest match tries each length. Numbers follow the
 * order of arrival, so a walk by number meets neighbours that share attributes; it needs no more
 * than the last number as its point to resume. Show sorts for itself.
 *
 * A network lists its paths, the best one first when it has NET_BEST. What was received stays: a
 * path keeps the attributes after the import policy, and in a side table those before it where the
 * two differ.
 */
#ifndef WGBGP_BGPD_RIB_TABLE_H
#define WGBGP_BGPD_RIB_TABLE_H

#include <assert.h>

#include "islab.h"
#include "message.h"
#include "reason.h"

#define PEER_LOCAL 0 /* number of "ourselves" where neighbours are numbered */

enum net_flag {
	NET_USED = 1,	  /* this number is taken */
	NET_DIRTY = 2,	  /* in a queue: rib_queue.h */
	NET_BEST = 4,	  /* the first path is the best one */
	NET_CHANGED = 8,  /* that path's attributes changed since it was sent */
	NET_RENEW = 32,	  /* that path's next hop changed in a way that some neighbours see */
	NET_RECOST = 64,  /* ... that path's next hop has another cost */
	NET_VERDICT = 16, /* zebra-lite refused one of its next hops: rib_verdict.c knows which */
	NET_LOST = 128,	  /* the best path was freed since it was decided */
};

struct net {
	uint32_t chain;	    /* hash chain, or the free list */
	uint32_t paths;	    /* first path */
	uint32_t hops;	    /* ranked next hops that zebra-lite was told, 0 none */
	uint16_t sent_peer; /* whose path the Adj-RIB-Outs got last; see adjout_net() */
	uint8_t len;	    /* of the prefix */
	uint8_t flags;	    /* enum net_flag */
	uint8_t addr[];	    /* 4 or 16 bytes */
};

enum path_flag {
	PATH_ELIGIBLE = 1,
	PATH_ACCEPTED = 2, /* by the import policy and the static checks: counted */
	PATH_IPV6 = 4,	   /* its network is in the IPv6 table */
	PATH_EDITED = 8,   /* the attributes before policy differ: path_received() */
};

typedef struct attr *attr_packed __attribute__((aligned(4))); /* leaves no gap in a path */

struct path {
	uint32_t next;	    /* of the same network */
	uint32_t net : 27;  /* its network */
	uint32_t plane : 5; /* of that network */
	uint16_t peer;	    /* number of the neighbour, PEER_LOCAL: originated here */
	uint16_t nexthop;   /* number of the next hop, 0 none */
	uint8_t refused;    /* enum reason: ineligible whatever the next hop's state */
	uint8_t reason;	    /* enum reason: ineligible or lost by; NONE for the best */
	uint8_t flags;	    /* enum path_flag */
	uint8_t epoch;	    /* session that it came with */
	uint32_t since;	    /* monotonic seconds */
	attr_packed attr;   /* owned reference */
};
static_assert(sizeof(struct path) <= 28, "a path is small");

struct rib_table {
	enum bgp_family family;
	uint8_t af; /* AF_INET, AF_INET6 */
	uint8_t plane;
	struct islab nets;
	uint32_t *slots; /* hash: a power of two; NULL before the first network */
	uint32_t nslots;
};

#define NETS_MAX (1u << 27) /* of a table: struct path.net */

extern struct rib_table rib_tables[PLANES_MAX][BGP_FAMILIES];
extern struct islab rib_paths;
extern unsigned
	rib_planes; /* planes from here on have no networks: 1 where there is the main one */

#define RIB_TABLES_FOREACH(t) \
	for (struct rib_table *t = rib_tables[0]; t < rib_tables[rib_planes]; t++)

static inline struct rib_table *rib_table_for(const struct prefix *p)
{
	return &rib_tables[p->plane][p->family == AF_INET ? BGP_IPV4 : BGP_IPV6];
}

void rib_table_init(void);
void rib_table_free(void);

static inline struct net *net_at(const struct rib_table *t, uint32_t id)
{
	return islab_at(&t->nets, id);
}

static inline struct path *path_at(uint32_t id)
{
	return islab_at(&rib_paths, id);
}

uint32_t net_hash(const struct prefix *p); /* by which it is found; the same in every plane */
/* For speed: what net_find_hashed() and net_get_hashed() of these N will read is fetched into the
 * cache at once, where one after the other waits for memory each time. HASH is filled. */
#define NETS_FETCH 32 /* N at most */
void nets_fetch(const struct rib_table *t, const struct prefix *p, uint32_t *hash, size_t n);
uint32_t net_find_hashed(const struct rib_table *t, const struct prefix *p, uint32_t hash);
uint32_t net_get_hashed(struct rib_table *t, const struct prefix *p, uint32_t hash);
uint32_t net_find(const struct rib_table *t, const struct prefix *p);  /* 0: none */
uint32_t net_get(struct rib_table *t, const struct prefix *p);	       /* makes it when missing */
uint32_t net_match(const struct rib_table *t, const struct prefix *p); /* longest with a path */
void net_free(struct rib_table *t, uint32_t id); /* without paths, not dirty */
struct prefix net_prefix(const struct rib_table *t, const struct net *n);

/* Appends a path behind the others of NET. The caller fills it. */
uint32_t path_new(struct rib_table *t, uint32_t net);
/* Takes it out of its network and releases its attributes; the next hop's links are gone before. */
void path_free(struct rib_table *t, uint32_t id);
uint32_t path_of_peer(const struct net *n, uint16_t peer); /* 0: none */
static inline struct rib_table *path_table(const struct path *p)
{
	return &rib_tables[p->plane][p->flags & PATH_IPV6 ? BGP_IPV6 : BGP_IPV4];
}

/* The attributes as received, before policy; borrowed. */
struct attr *path_received(uint32_t id);
/* Both references are taken over; the same set twice counts as one reference each. */
void path_set_attr(uint32_t id, struct attr *received, struct attr *attr);

#endif
