/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hopset: next hops as they are known, and the ranked lists of them that prefixes have.
 *
 * bgpd ranks by demotion first (decide.h of bgpd), and the demotion of a next hop by its tunnel's
 * state is known here before bgpd has ranked anew. So a list is read by level: of the hops that
 * may be used those of the best level, in their order. What bgpd then sends reads the same.
 *
 * Ranked lists are interned: thousands of prefixes share one struct hopset. From a next hop lead
 * references to the lists that use it.
 *
 * What changes marks next hops here; nexthop.c, woken by that, looks where they lead.
 */
#ifndef WGBGP_ZEBRA_HOPSET_H
#define WGBGP_ZEBRA_HOPSET_H

#include <sys/queue.h>

#include "hash.h"
#include "islab.h"
#include "messages.h"
#include "trie.h"
#include "tunnel.h"

enum hop_kind { HOP_NONE, HOP_TUNNEL, HOP_GATEWAY };

struct hop_ref;
struct rib_node;

struct nexthop {
	struct trie_node node; /* the address as a host prefix */
	struct addr addr;
	LIST_HEAD(, hop_ref) users; /* ranked lists with it */
	TAILQ_ENTRY(nexthop) queue; /* when dirty */
	struct tunnel_peer *peer;   /* HOP_TUNNEL; also set while that tunnel is down */
	uint32_t oif;
	struct addr gateway; /* HOP_GATEWAY; family 0: the address itself is on the link */
	uint32_t cost;
	uint8_t kind;	     /* enum hop_kind */
	uint8_t reach;	     /* enum reach */
	uint8_t reason;	     /* enum reason when not up */
	bool weak;	     /* down by a guess */
	uint8_t depth;	     /* learned routes on the way */
	uint8_t via_len;     /* length of the route that it was resolved by */
	bool connected;	     /* tunnel address or connected subnet */
	bool stranger;	     /* HOP_GATEWAY: no way of a neighbour's: not for what bgpd says */
	bool held;	     /* it would lead elsewhere, and has to wait */
	uint8_t ways;	     /* how often it was led elsewhere by learned routes, */
	uint64_t ways_ms;    /* since then */
	uint64_t changed_ms; /* monotonic: it led elsewhere until then; 0: never */
	bool watched;	     /* by bgpd */
	bool dirty;	     /* to be looked at again */
	bool to_tell;	     /* it changed, and bgpd does not know yet */
	bool told_before;    /* bgpd knows a state of it */
};

/* One place in one ranked list. */
struct hop_ref {
	LIST_ENTRY(hop_ref) link; /* in nexthop.users */
	struct nexthop *nh;
	struct hopset *set;
	uint8_t source;	  /* enum route_source */
	uint8_t demotion; /* enum demotion, by the path's attributes */
	uint8_t weight;	  /* its share among those that have one; 0: a backup */
};


enum hopset_look { LOOK_NOT, LOOK, LOOK_URGENTLY };

struct hopset {
	struct hash_node hash;
	uint32_t refs;
	uint32_t id; /* number, for struct rib_node */
	uint8_t n;
	uint8_t look;	      /* enum hopset_look: its prefixes are to be looked at */
	struct hop_ref ref[]; /* best first */
};

/* WAKE: some next hop is marked. */
void hopset_open(void (*wake)(void));

/* --- next hops --- */

struct nexthop *nexthop_first(void);
struct nexthop *nexthop_next(const struct nexthop *nh);
struct nexthop *nexthop_find(const struct addr *a); /* NULL: nobody asks for it */
/* Made where nobody asked for it; *MADE: it is not resolved. */
struct nexthop *nexthop_get(const struct addr *a, bool *made);
void nexthop_release(struct nexthop *nh); /* frees it when nobody asks for it any more */
bool nexthop_usable(const struct nexthop *nh);
/* bgpd knows where it leads, and has had the time to go by it. */
bool nexthop_settled(const struct nexthop *nh);
/* Of HOP_GATEWAY, as the kernel has it: in no plane, on no link. */
struct addr nexthop_gateway(const struct nexthop *nh);
/* enum demotion. */
unsigned hop_level(const struct hop_ref *r);
unsigned nexthop_level(const struct nexthop *nh); /* by its tunnel's state alone */

/* Something changed; marks the next hops concerned, which are looked at in the next turn. */
void nexthop_mark(struct nexthop *nh);
struct nexthop *nexthop_take_marked(void); /* not marked any more; NULL: none is */
void nexthop_tunnel_changed(const struct tunnel_peer *p);
void nexthop_tunnel_if_changed(const struct tunnel_if *i);
void nexthop_link_changed(uint32_t ifindex);
void nexthop_route_changed(const struct prefix *p);
void nexthop_all_changed(void); /* the configuration says otherwise what a tunnel is */

/* --- ranked lists --- */

/* HASH: of HOPS as bytes. The caller owns one reference; NULL: there is no such list. */
struct hopset *hopset_find(const struct route_hops *hops, uint32_t hash);
struct hopset *hopset_new(const struct route_hops *hops, uint32_t hash, struct nexthop *const nh[]);
extern struct islab hopset_numbers;		    /* struct hopset * */
static inline struct hopset *hopset_at(uint32_t id) /* 0: NULL */
{
	return id ? *(struct hopset **)islab_at(&hopset_numbers, id) : NULL;
}
struct hopset *hopset_ref(struct hopset *s);
void hopset_unref(struct hopset *s);
bool hopset_has(const struct hopset *s, const struct nexthop *nh);
bool hopset_has_peer(const struct hopset *s, const struct tunnel_peer *p);
void hopsets_looked(void); /* at the prefixes of all of them */
void hopset_reset(void);   /* nobody has a list or watches a next hop any more */

#endif
