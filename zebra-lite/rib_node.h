/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_node: the memory of the RIB: one node a prefix.
 *
 * There may be millions, so a node is half a cache line (IPv4) and names what it belongs to by
 * number: the ranked list, what is installed. What only few prefixes have (candidates of others,
 * refusals) stands in a side table, found by the node. A node is found by a keyed hash (prefixes
 * come from the wire); the longest match and the covering prefix try each length that is there. A
 * walk goes by number, which is no order that people want: zroutes sorts for itself.
 */
#ifndef WGBGP_ZEBRA_RIB_NODE_H
#define WGBGP_ZEBRA_RIB_NODE_H

#include <stdbool.h>

#include "hash.h"
#include "messages.h"
#include "prefix.h"

enum rib_flags {
	NODE_USED = 1,
	NODE_IPV6 = 2,
	NODE_EXTRA = 4,	       /* has a struct rib_extra */
	NODE_QUEUED = 8,       /* in a queue of dirty.c */
	NODE_URGENT = 16,      /* in the urgent one */
	NODE_IN_BATCH = 32,    /* `slot` is valid */
	NODE_ADOPTED = 64,     /* of an earlier life: kept until somebody wants it, or swept */
	NODE_LINGER = 128,     /* has entries whose path was withdrawn */
	NODE_LINGER_DUE = 256, /* they may go */
	NODE_TOLD = 512,       /* bgpd's list is new, and not judged by the ceiling yet */
	NODE_CLOCK = 1024,     /* the bits from here on count the clocks of such entries */
	NODE_CLOCKS = 63 * NODE_CLOCK
};

struct rib_node {
	uint32_t chain;	    /* hash chain, or the free list */
	uint32_t hops;	    /* ranked list from bgpd, 0 none: rib_hops() */
	uint32_t installed; /* 0 nothing: rib_installed() */
	uint32_t since;	    /* seconds, monotonic: of the installed route's last change */
	uint16_t slot;	    /* fib_batch.c's: index in the batch */
	uint16_t epoch;	    /* reading of the kernel's table that saw the installed route */
	uint16_t bgp_epoch; /* bgpd that sent the list */
	uint16_t flags;	    /* enum rib_flags */
	uint8_t ghosts[2];  /* dirty.c's: void entries of it in the queues */
	uint8_t plane;	    /* of the prefix */
	uint8_t len;	    /* of the prefix */
	uint8_t addr[];	    /* 4 or 16 bytes */
};

struct rib_cand;
struct refusal;
struct rib_retry;

struct rib_extra {
	struct hash_node hash;
	struct rib_node *node;
	struct rib_cand *others;  /* candidates that are not bgpd's */
	struct refusal *refusals; /* that bgpd is told of */
	struct refusal *cleared;  /* that it has not heard to be over */
	struct rib_retry *retry;  /* fib_retry.c's */
	uint8_t redist;		  /* bits of enum redist_source told to bgpd */
	uint32_t metric[REDIST_COUNT]; /* of those, as told */
};

static inline uint8_t rib_family(const struct rib_node *n)
{
	return n->flags & NODE_IPV6 ? AF_INET6 : AF_INET;
}

extern uint64_t rib_version;	  /* counts changes of ranked lists and of what is installed */
extern uint32_t rib_kernel_epoch; /* of the present or last full reading of the kernel's table */

struct prefix rib_prefix(const struct rib_node *n);
/* The same by pointer, good in the block around the statement. */
#define RIB_PREFIX(n) ((struct prefix[]){rib_prefix(n)})

struct rib_node *rib_get(const struct prefix *p);  /* makes it when missing */
struct rib_node *rib_find(const struct prefix *p); /* or NULL */
/* N of them, at most RIB_SOME, so that the memory is waited for once: as rib_get() or rib_find().
 */
#define RIB_SOME 16
void rib_get_some(const struct prefix *p, unsigned n, bool make, struct rib_node *out[]);
struct rib_node *rib_cover(const struct rib_node *n);
struct rib_node *rib_cover_of(const struct prefix *p); /* which needs no node */
struct rib_node *rib_match(const struct addr *a);
/* All nodes, by number: *AT is the place, 0 at first. NULL at the end. The node just given may be
 * freed; one made meanwhile may be left out. */
struct rib_node *rib_walk(uint32_t *at);
size_t rib_count(void);
size_t rib_count_in(uint8_t plane);
/* Something is known in a plane besides the main one, be that plane still configured or not. */
bool rib_several_planes(void);
void rib_node_free(struct rib_node *n); /* nothing is known of it any more */
void rib_nodes_free(void);		/* all of them */

struct rib_extra *rib_extra_of(const struct rib_node *n); /* NODE_EXTRA is set */
struct rib_extra *rib_extra_get(struct rib_node *n);	  /* makes it when missing */
void rib_extra_trim(struct rib_node *n);		  /* drops it when it says nothing */

static inline struct rib_cand *rib_others(const struct rib_node *n)
{
	return n->flags & NODE_EXTRA ? rib_extra_of(n)->others : NULL;
}

static inline struct refusal *rib_refusals(const struct rib_node *n)
{
	return n->flags & NODE_EXTRA ? rib_extra_of(n)->refusals : NULL;
}

static inline struct rib_retry *rib_retry(const struct rib_node *n)
{
	return n->flags & NODE_EXTRA ? rib_extra_of(n)->retry : NULL;
}

#endif
